"""Hair of made-up people: locks that grow from the scalp, follow a style, fall, and lie on the head, drawn as narrow ribbons."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from thespis.data.looks import Look, linear
from thespis.data.skin import beard_mask, hairline
from thespis.head.openhead import OpenHead
from thespis.types import Array, random_for

Real = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Style:
    """How locks grow: `count`, `length` in eye distances at the front and back, `width`, `volume` over the skin, and which way.

    `flow` names the direction, `fall` is the pull of gravity, `curl` the radius and `turns` the turns an eye distance of curls, `stiff`
    how little a lock bends, `lift` how far it starts away from the skin.
    """

    count: int
    front: float
    back: float
    width: float
    volume: float
    flow: str
    fall: float = 0.25
    curl: float = 0.0
    turns: float = 1.2
    stiff: float = 0.6
    lift: float = 0.2
    steps: int = 8


STYLES: dict[str, Style] = {
    "buzz": Style(2600, 0.09, 0.09, 0.034, 0.03, "crown", 0.1, lift=0.5, steps=3),
    "crop": Style(1300, 0.5, 0.42, 0.05, 0.12, "crown", 0.12, 0.02, 1.5, steps=5),
    "side": Style(1200, 0.95, 0.5, 0.055, 0.17, "part", 0.16, steps=7),
    "back": Style(1200, 1.2, 0.6, 0.055, 0.15, "back", 0.12, steps=8),
    "quiff": Style(1300, 0.75, 0.36, 0.055, 0.2, "up", 0.1, 0.03, 1.2, lift=0.8, steps=7),
    "curls": Style(1500, 0.6, 0.45, 0.06, 0.2, "crown", 0.12, 0.09, 1.6, lift=0.6, steps=10),
    "receding": Style(1000, 0.4, 0.4, 0.05, 0.09, "crown", 0.2, steps=5),
    "bald": Style(0, 0.1, 0.1, 0.05, 0.02, "crown"),
    "bob": Style(1700, 2.0, 1.75, 0.08, 0.18, "middle", 0.42, 0.015, 0.5, steps=12),
    "long": Style(1700, 3.3, 3.0, 0.075, 0.15, "middle", 0.45, 0.02, 0.4, steps=15),
    "waves": Style(1500, 2.5, 2.4, 0.075, 0.22, "part", 0.4, 0.09, 0.55, steps=15),
    "parted": Style(1400, 2.6, 2.4, 0.07, 0.16, "part", 0.42, 0.03, 0.5, steps=14),
    "bun": Style(1300, 2.0, 1.3, 0.055, 0.09, "back", 0.0, steps=11),
    "tail": Style(1300, 2.0, 1.3, 0.055, 0.08, "back", 0.02, steps=11),
    "afro": Style(2600, 0.62, 0.6, 0.075, 0.5, "out", 0.0, 0.1, 2.2, stiff=0.95, lift=1.0, steps=6),
    "fringe": Style(1500, 2.2, 2.2, 0.07, 0.16, "fringe", 0.42, steps=13),
    "locks": Style(800, 1.7, 1.7, 0.095, 0.24, "crown", 0.4, 0.03, 0.8, lift=0.5, steps=12),
}  # fmt: skip
CROWN = np.array([0.0, -1.55, 1.75])
KNOT = np.array([0.0, -0.75, 2.75])


@dataclass(frozen=True, eq=False)
class Ribbons:
    """Ribbons as a mesh: `points`, outward `normals` and `tangents` (n, 3), `colour` (n, 3), `triangles`.

    `bind` (n,) are the vertices they move with.

    `hang` (n,) tells how far each has left the head, 0 to 1: long hair follows the neck and not the head.
    """

    points: Array
    normals: Array
    tangents: Array
    colour: Array
    bind: npt.NDArray[np.int32]
    hang: Array
    triangles: npt.NDArray[np.int32]
    gloss: float = 0.012


def scatter(
    points: Real, triangles: npt.NDArray[np.int64], density: Real, count: int, random: np.random.Generator
) -> tuple[Real, npt.NDArray[np.int64]]:
    """Choose `count` places on triangles (m, 3), as dense as `density` (n,) at their corners -> places and nearest vertices."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) * density[triangles].mean(axis=1)
    chosen = random.choice(len(triangles), count, p=area / area.sum())
    u, v = random.uniform(size=(2, count))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    weights = np.stack([1 - u - v, u, v], axis=1)
    return np.einsum("nc,ncd->nd", weights, points[triangles[chosen]]), triangles[chosen, weights.argmax(axis=1)]


def flow_at(places: Real, flow: str, side: float) -> Real:
    """Tell which way hair lies at places (n, 3)."""
    x, _y, z = places.T
    one = np.ones_like(x)
    if flow in ("back", "up"):
        aim = KNOT - places if flow == "back" else np.stack([0.35 * x, -0.55 * one + 0.5 * step01(z, 0.3, 1.2), 0.8 * one], axis=1)
        if flow == "up":
            aim = np.where((np.abs(x) > 0.95)[:, None], np.stack([0.1 * x, 0.8 * one, 0.5 * one], axis=1), aim)
        return np.asarray(aim)
    if flow == "out":
        return np.asarray(places - np.array([0.0, -0.35, 1.2]))
    crown = places - CROWN
    if flow == "crown":
        return np.asarray(crown * [0.8, 1, 1])
    part = 0.0 if flow in ("middle", "fringe") else 0.5 * side
    away = np.sign(x - part + 1e-6)
    aside = np.stack([away * 1.3, 0.25 * one, 0.45 * one], axis=1)
    if flow == "fringe":
        before = (np.abs(x) < 0.75) & (z < 0.95)
        return np.asarray(np.where(before[:, None], np.stack([0.15 * x, 0.7 * one, -1.0 * one], axis=1), aside))
    return np.asarray(aside)


def step01(value: Real, low: float, high: float) -> Real:
    """Rise from 0 at `low` to 1 at `high`."""
    return np.asarray(np.clip((value - low) / (high - low), 0, 1))


def nearest_of(places: Real, points: Real) -> npt.NDArray[np.int64]:
    """Find the nearest of points (m, 3) to each place (n, 3)."""
    some = points.astype(np.float32)
    return np.asarray((0.5 * (some**2).sum(axis=1)[None] - places.astype(np.float32) @ some.T).argmin(axis=1), np.int64)


def unit(vectors: Real) -> Real:
    """Make vectors (..., 3) of length one."""
    return np.asarray(vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9))


def grow(roots: Real, normals: Real, style: Style, look: Look, solid: tuple[Real, Real], random: np.random.Generator) -> Real:
    """Grow locks from roots (n, 3) with the skin's normals, outside the `solid` (points and normals) -> (n, steps, 3)."""
    count, side = len(roots), 1.0 if look.seed % 2 else -1.0
    back = step01(roots[:, 2], 0.5, 1.6)
    length = (style.front + back * (style.back - style.front)) * random.uniform(0.82, 1.08, count)
    if style.flow == "fringe":
        before = (np.abs(roots[:, 0]) < 0.75) & (roots[:, 2] < 0.95)
        length = np.where(before, 0.62 + 0.75 * step01(roots[:, 2], 0.1, 0.9), length)
    layer = style.volume * random.uniform(0.25, 1.0, count) ** 0.7
    pace = length / (style.steps - 1)
    flow = unit(flow_at(roots, style.flow, side) + 0.12 * random.standard_normal((count, 3)))
    flow = unit(flow - (flow * normals).sum(axis=1, keepdims=True) * normals * (0.0 if style.flow == "out" else 0.9))
    going = unit(flow + style.lift * normals)
    at, path = roots + 0.01 * normals, []
    phase, spin = random.uniform(0, 2 * np.pi, count), random.choice((-1.0, 1.0), count)
    points, outward = solid
    for number in range(style.steps):
        if style.curl:
            angle = phase + spin * 2 * np.pi * style.turns * pace * number
            one = unit(np.cross(going, np.array([0.31, 0.2, 0.93])))
            other = np.cross(going, one)
            grown = min(number / 3, 1.0) * style.curl
            path.append(at + grown * (np.cos(angle)[:, None] * one + np.sin(angle)[:, None] * other))
        else:
            path.append(at)
        at = at + pace[:, None] * going
        if style.fall > 0.3 and style.flow != "fringe":
            # Long hair is brushed out of the face; beards, which grow lower, are not.
            before = (roots[:, 1] < 0.6) & (at[:, 2] < 0.55) & (at[:, 1] > -0.5) & (np.abs(at[:, 0]) < 1.02)
            at[:, 0] += np.where(before, 0.45 * (np.where(at[:, 0] < 0, -1.05, 1.05) - at[:, 0]), 0.0)
        nearest = nearest_of(at, points)
        over = ((at - points[nearest]) * outward[nearest]).sum(axis=1)
        wanted = layer * min(1.0, 0.35 + 0.65 * number / 2)
        at = at + np.clip(wanted - over, 0, 0.35)[:, None] * outward[nearest]
        if style.flow not in ("out",):
            # What is off the skin is drawn back to it, so that hair lies in a shape; what hangs free does not.
            near = np.clip(1 - over / 0.6, 0, 1)
            at = at - (0.4 * near * np.clip(over - wanted, 0, 0.3))[:, None] * outward[nearest]
        kept = max(1 - number / (0.3 * style.steps), 0.0) if style.fall > 0.3 else 1.0
        pull = flow_at(at, style.flow, side) if style.flow in ("back", "up") else kept * flow + (1 - kept) * np.array([0.0, 1.0, 0.0])
        free = step01(over, -0.1, 0.3)
        along = (going * outward[nearest]).sum(axis=1)
        held = np.where(along < 0, 0.9, 0.8 * np.clip(1 - over / 0.5, 0, 1)) if style.flow != "out" else np.zeros(count)
        slope = going - (held * np.clip(1 - over / 0.8, 0, 1) * along)[:, None] * outward[nearest]
        bend = (1 - style.stiff) * unit(pull) + style.stiff * unit(slope)
        going = unit(bend + style.fall * (0.6 + 0.8 * free)[:, None] * np.array([0.0, 1.0, 0.0]))
    return np.stack(path, axis=1)


def ribbons(
    paths: Real, centre: Real, width: float, shades: Real, bind: npt.NDArray[np.int64], random: np.random.Generator, gloss: float
) -> Ribbons:
    """Make ribbons along paths (n, s, 3), lying flat around a `centre`, with colours (n, 3)."""
    count, steps = paths.shape[:2]
    tangent = unit(np.gradient(paths, axis=1))
    outward = unit(paths - centre)
    across = unit(np.cross(tangent, outward) + 0.25 * random.standard_normal((count, 1, 3)))
    taper = np.interp(np.linspace(0, 1, steps), [0, 0.12, 0.6, 1.0], [0.75, 1.0, 0.85, 0.12])[None, :, None]
    wide = (width * random.uniform(0.6, 1.3, (count, 1, 1))) * taper / 2
    points = np.stack([paths - wide * across, paths + wide * across], axis=2)
    normal = unit(outward + 0.35 * unit(np.cross(across, tangent)))
    both = np.repeat(normal[:, :, None], 2, axis=2)
    along = np.linspace(0, 1, steps)[None, :, None, None]
    tint = np.repeat(shades[:, None, None, :] * (0.72 + 0.38 * along), 2, axis=2)
    first = (np.arange(count)[:, None] * steps + np.arange(steps - 1)[None]) * 2
    a, b, c, d = first, first + 1, first + 2, first + 3
    triangles = np.stack([np.stack([a, b, c], -1), np.stack([b, d, c], -1)], axis=2).reshape(-1, 3)
    hang = step01(points[..., 1], 1.1, 2.5)
    return Ribbons(
        points=points.reshape(-1, 3).astype(np.float32), normals=both.reshape(-1, 3).astype(np.float32),
        tangents=np.repeat(tangent[:, :, None], 2, axis=2).reshape(-1, 3).astype(np.float32),
        colour=np.broadcast_to(tint, (count, steps, 2, 3)).reshape(-1, 3).astype(np.float32),
        bind=np.repeat(bind, steps * 2).astype(np.int32), hang=hang.reshape(-1).astype(np.float32), triangles=triangles.astype(np.int32),
        gloss=gloss,
    )  # fmt: skip


def shades_of(look: Look, count: int, random: np.random.Generator) -> Real:
    """Give every lock its own shade of the hair's colour (n, 3), in linear light."""
    base = linear(look.hair)
    shade = base * random.uniform(0.62, 1.4, (count, 1)) * (1 + 0.08 * random.standard_normal((count, 3)) * [1.0, 0.6, 0.8])
    if look.age > 0.6:
        grey = random.uniform(size=(count, 1)) < 0.25 * look.age
        shade = np.where(grey, shade + 0.12, shade)
    if look.style == "buzz":
        shade = 0.7 * shade + 0.2 * linear(look.skin)  # so short that the skin shows through
    return np.asarray(np.clip(shade, 0.004, 0.9))


def thinned(style: Style, fine: bool) -> Style:
    """Give a style as it is, or with about half of the locks, wider and of fewer steps."""
    if fine:
        return style
    return replace(style, count=round(0.55 * style.count), width=1.5 * style.width, steps=max(round(0.75 * style.steps), 3))


def sheen(look: Look) -> float:
    """Tell how much hair shines: fair hair more, tight curls hardly."""
    return (0.03 + 0.12 * min(max(look.hair), 0.5)) * (0.3 if look.style in ("afro", "locks", "curls", "buzz") else 1.0)


def hair_of(
    look: Look, head: OpenHead, rest: Real, normals: Real, triangles: npt.NDArray[np.int64], body: tuple[Real, Real], fine: bool = True
) -> list[Ribbons]:
    """Grow the hair and the beard of a person whose skin rests at `rest` (V, 3), above the clothes' points and normals."""
    made: list[Ribbons] = []
    style, random = thinned(STYLES[look.style], fine), random_for(look.seed, "hair")
    skull = np.isin(head.group, [0, 3]) | (head.group == 5) & (head.points[:, 1] < 1.9)
    solid_at = np.flatnonzero((np.isin(head.group, [0, 3, 4, 5])) & (head.points[:, 2] > -0.3))
    solid = (np.concatenate([rest[solid_at], body[0]]), np.concatenate([normals[solid_at], body[1]]))
    centre = np.array([0.0, -0.1, 1.3])
    if style.count:
        inside = hairline(head.points.astype(np.float64), look.style, look.seed)
        density = step01(inside, -0.02, 0.12) * skull * ((head.points[:, 1] < -0.12) | (head.points[:, 2] > 1.25))
        roots, bind = scatter(rest, triangles, density, style.count, random)
        paths = grow(roots, normals[bind], style, look, solid, random)
        made.append(ribbons(paths, centre, style.width, shades_of(look, style.count, random), bind, random, sheen(look)))
    if look.style in ("bun", "tail"):
        made.append(knot(look, random, int(np.abs(rest - KNOT).sum(axis=1).argmin())))
    if look.beard in ("goatee", "full", "moustache"):
        density = beard_mask(head.points.astype(np.float64), look.beard) * np.isin(head.group, [0, 3])
        count = {"full": 1500, "goatee": 700, "moustache": 380}[look.beard]
        roots, bind = scatter(rest, triangles, np.where(density > 0.5, density, 0), count, random)
        long = float(random.uniform(0.08, 0.3)) if look.beard == "full" else 0.1
        beard = Style(count, long, long, 0.024, 0.05, "crown", 0.7, 0.012, 3.0, lift=0.35, steps=4)
        paths = grow(roots, normals[bind], beard, look, (rest[solid_at], normals[solid_at]), random)
        shades = 0.75 * shades_of(look, count, random) + 0.12 * linear(look.skin)
        made.append(ribbons(paths, np.array([0.0, 0.9, 0.9]), beard.width, shades, bind, random, 0.01))
    return made


def knot(look: Look, random: np.random.Generator, bind: int) -> Ribbons:
    """Wind a bun, or hang a tail from the back of the head."""
    count, steps = 260, 14
    along = np.linspace(0, 1, steps)
    start = random.uniform(0, 2 * np.pi, (count, 1))
    if look.style == "bun":
        top = KNOT + np.array([0.0, -0.55, -0.15])
        angle, radius = start + 2.4 * along, 0.42 * random.uniform(0.75, 1.0, (count, 1))
        height = random.uniform(-1, 1, (count, 1)) + 0.15 * np.sin(angle)
        ring = np.sqrt(np.clip(1 - height**2, 0.05, 1)) * radius
        paths = np.stack([ring * np.cos(angle), 0.8 * radius * height, ring * np.sin(angle)], axis=2) + top
        centre = top
    else:
        spread_ = 0.14 * np.sqrt(random.uniform(size=(count, 1))) * (1 + 0.9 * np.sin(np.pi * along))
        side = 0.9 if look.seed % 2 else -0.9
        x = spread_ * np.cos(start) + side * 1.05 * np.clip(along * 2.2, 0, 1) ** 0.8
        y = 3.0 * along**1.25 - 0.1 + 0.02 * random.standard_normal((count, 1))
        z = spread_ * np.sin(start) - 1.5 * np.clip(along * 1.5, 0, 1)
        paths = np.stack([x, y, z], axis=2) + KNOT
        centre = np.array([0.0, 0.5, 1.6])
    return ribbons(paths, centre, 0.07, shades_of(look, count, random), np.full(count, bind), random, sheen(look))
