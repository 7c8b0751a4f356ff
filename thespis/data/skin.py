"""The skin of a made-up person: what the head's texture shows, painted from where each texel lies on the resting head."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from thespis.data.drawing import cover
from thespis.data.looks import Look, between, linear
from thespis.head.openhead import GROUPS, OpenHead, load_openhead
from thespis.head.shapes import (
    BROW_LEFT,
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_INNER_LOWER,
    LIPS_INNER_UPPER,
    LIPS_OUTER,
)  # fmt: skip
from thespis.types import Array, random_for

Real = npt.NDArray[np.float64]
SIDE = 512  # texels
BALLS = {"right": ((0.80, 0.18), 0.14), "left": ((0.62, 0.18), 0.14)}
"""The squares of the texture that belong to the eyeballs: corner and side, in shares of the texture."""
IRIS = 0.475  # the radius of an iris, in radii of the eyeball
LIPS_BETWEEN = (
    183, 42, 41, 38, 12, 268, 271, 272, 407, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 76, 292, 306, 191, 80, 81, 82, 13, 312, 311,
    310, 415, 96, 89, 179, 86, 15, 316, 403, 319, 325, 77, 90, 180, 85, 16, 315, 404, 320, 307, 78, 308, 95, 88, 178, 87, 14, 317, 402,
    318, 324,
)  # fmt: skip
"""The face points on the red of the lips, without its outer edge."""
INSIDE = {
    "lids_inner": (0.36, 0.2, 0.17), "mouth": (0.3, 0.09, 0.09), "gums_upper": (0.62, 0.3, 0.3), "gums_lower": (0.58, 0.27, 0.27),
    "tongue": (0.72, 0.36, 0.36), "teeth_upper": (0.9, 0.87, 0.79), "teeth_lower": (0.85, 0.82, 0.74),
}  # fmt: skip
"""What everybody has the same colour of, as shown on a screen."""


@dataclass(frozen=True, eq=False)
class Texels:
    """What is known of each covered texel: its `rows` and `columns`, `place` (n, 3) on the mean head, `group`, and how far it is `lip`."""

    rows: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    place: Real
    group: npt.NDArray[np.int64]
    lip: Real
    empty_from: npt.NDArray[np.int64]


def uv_corners(head: OpenHead) -> Array:
    """Find where the corners of each triangle lie in the texture (F, 3, 2), in texels; eyeballs are seen from the front."""
    corners = head.uv[head.uv_triangles].astype(np.float64)
    for side, ((left, low), size) in BALLS.items():
        inside = ball_triangles(head, side)
        centre = (head.regressor @ head.points)[3 if side == "left" else 4]
        around = head.points[head.triangles[inside]] - centre
        seen = (around / np.linalg.norm(around, axis=-1, keepdims=True))[..., :2]
        corners[inside] = np.array([left, low]) + size * (0.5 + 0.48 * seen)
    return np.asarray(np.clip(corners * SIDE, 0, SIDE - 1.01), np.float32)


def ball_triangles(head: OpenHead, side: str) -> npt.NDArray[np.int64]:
    """Find the triangles of one eyeball."""
    members = np.isin(head.group, [GROUPS.index(f"eyeball_{side}"), GROUPS.index(f"iris_{side}")])
    return np.flatnonzero(members[head.triangles].all(axis=1))


def triangle_groups(head: OpenHead) -> npt.NDArray[np.int64]:
    """Find the group of each triangle: that of its corners, or where they differ, that of the corner inside."""
    return np.asarray(head.group[head.triangles].max(axis=1), np.int64)


Distances = dict[str, tuple[Real, Real]]


@cache
def texels(every: int = 1) -> Texels:
    """Lay the head's triangles out in the texture; only `every` so manieth row and column is painted, the others repeat it."""
    head = load_openhead()
    groups = triangle_groups(head)
    painted = np.flatnonzero(~np.isin(groups, [GROUPS.index(name) for name in ("hair", "eyeball_left", "eyeball_right")]))
    corners = np.asarray(head.uv[head.uv_triangles[painted]] * SIDE, np.float32)
    places = np.concatenate([corners.reshape(-1, 2), np.zeros((3 * len(painted), 1), np.float32)], axis=1)
    triangles = np.arange(3 * len(painted), dtype=np.int32).reshape(-1, 3)
    owners, shares = np.full((SIDE, SIDE), -1, np.int32), np.zeros((SIDE, SIDE, 2), np.float32)
    cover(places, triangles, np.zeros(len(painted), np.uint8), places[:, 2], np.full((SIDE, SIDE), np.inf, np.float32), owners, shares)
    chosen = owners >= 0
    if every > 1:
        kept = np.zeros_like(chosen)
        kept[::every, ::every] = chosen[::every, ::every]
        chosen = kept
    rows, columns = np.nonzero(chosen)
    own = painted[owners[rows, columns]]
    b, c = shares[rows, columns].astype(np.float64).T
    weights = np.stack([1 - b - c, b, c], axis=1)
    lip = np.zeros(len(head.points))
    lip[list(LIPS_BETWEEN)] = 1.0
    place = np.einsum("nc,ncd->nd", weights, head.points[head.triangles[own]])
    red = np.einsum("nc,nc->n", weights, lip[head.triangles[own]])
    import cv2

    bare = (~chosen).astype(np.uint8)
    _, labels = cv2.distanceTransformWithLabels(bare, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    first = np.zeros(int(labels.max()) + 1, np.int64)
    first[labels[rows, columns]] = np.arange(len(rows))
    return Texels(rows, columns, place, groups[own], red, first[labels])


def noise(place: Real, seed: int, purpose: str, rate: float, waves: int = 14) -> Real:
    """Make smooth noise (n,) of about -1 to 1 at places (n, 3): waves of about `rate` radians an eye distance."""
    random = random_for(seed, purpose)
    directions = random.standard_normal((waves, 3))
    directions *= (rate * random.uniform(0.5, 1.5, (waves, 1))) / np.linalg.norm(directions, axis=1, keepdims=True)
    phases = random.uniform(0, 2 * np.pi, waves).astype(np.float32)
    # Single precision: numpy has a sine for it that is several times as fast.
    waved = np.sin(place.astype(np.float32) @ directions.T.astype(np.float32) + phases).sum(axis=1)
    return np.asarray(waved * (1.4 / np.sqrt(waves)), np.float64)


def distance_to(place: Real, line: Real) -> tuple[Real, Real]:
    """Find how far places (n, 2) are from a line of points (m, 2), and how far along the line (0 to 1) they are."""
    best, along = np.full(len(place), np.inf), np.zeros(len(place))
    for number in range(len(line) - 1):
        start, step = line[number], line[number + 1] - line[number]
        share = np.clip(((place - start) @ step) / (step @ step + 1e-12), 0, 1)
        away = np.linalg.norm(place - start - share[:, None] * step, axis=1)
        nearer = away < best
        best, along = np.where(nearer, away, best), np.where(nearer, (number + share) / (len(line) - 1), along)
    return best, along


@cache
def distances(every: int = 1) -> Distances:
    """Measure once how far the texels of the face are from lids and lips; other texels are far from all."""
    head, known = load_openhead(), texels(every)
    near = np.flatnonzero(known.place[:, 2] < 0.75)
    found = {}
    for name, ring, raised in (
        ("lid 0", EYE_LEFT_UPPER, 0.0), ("lid 1", EYE_RIGHT_UPPER, 0.0), ("lower 0", EYE_LEFT_LOWER, 0.0),
        ("lower 1", EYE_RIGHT_LOWER, 0.0),
        ("fold 0", EYE_LEFT_UPPER, 0.085), ("fold 1", EYE_RIGHT_UPPER, 0.085), ("lips upper", LIPS_INNER_UPPER, 0.0),
        ("lips lower", LIPS_INNER_LOWER, 0.0), ("lips", (*LIPS_OUTER, LIPS_OUTER[0]), 0.0),
    ):  # fmt: skip
        away, along = np.full(len(known.place), 9.0), np.zeros(len(known.place))
        away[near], along[near] = distance_to(known.place[near, :2], head.points[list(ring), :2].astype(np.float64) - [0, raised])
        found[name] = (away, along)
    return found


def spot(x: Real, y: Real, at: tuple[float, float], size: tuple[float, float]) -> Real:
    """Make a soft spot on both halves of the face."""
    return np.asarray(np.exp(-(((np.abs(x) - at[0]) / size[0]) ** 2) - ((y - at[1]) / size[1]) ** 2))


def step(value: Real, low: float, high: float) -> Real:
    """Rise from 0 at `low` to 1 at `high`."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def hairline(place: Real, style: str, seed: int) -> Real:
    """Tell how far inside the hair each place (n, 3) of the skin lies, in eye distances; below zero it is bare."""
    random = random_for(seed, "hairline")
    x, y, z = place.T
    high, corners = float(random.normal(0.0, 0.035)), float(random.uniform(0.02, 0.16))
    line = np.interp(z, [-0.2, 0.25, 0.6, 0.95, 1.02, 1.3, 1.55, 1.85, 2.2], [-0.98, -0.84, -0.5, -0.2, 0.3, 0.25, 0.45, 0.9, 1.15])
    line = line - high - corners * np.exp(-(((np.abs(x) - 0.62) / 0.25) ** 2)) * (z < 0.5)
    if style == "receding":
        line = np.where(z < 1.0, line - 1.6 * step(1.05 - z, 0.0, 0.7), line)
    if style in ("bald",):
        line = line - 5.0
    return np.asarray(line - y)


def texture(look: Look, every: int = 1) -> Array:
    """Paint a person's texture (SIDE, SIDE, 3), in linear light, or only `every` so manieth of its texels each way."""
    known, away = texels(every), distances(every)
    head = load_openhead()
    place, group = known.place, known.group
    x, y, z = place.T
    colour = np.zeros((len(place), 3))
    skin = linear(look.skin)
    colour[:] = skin
    front = step(0.75 - z, 0.0, 0.6)
    blood = (
        0.5 * spot(x, y, (0.62, 0.6), (0.34, 0.26)) + 0.45 * spot(x, y, (0.0, 0.52), (0.2, 0.17)) + 0.25 * spot(x, y, (0, 1.65), (0.3, 0.2))
    ) * front + 0.5 * (group == GROUPS.index("ears"))
    blood = blood * (0.6 + 0.5 * look.makeup) + 0.05 * noise(place, look.seed, "mottled", 9.0)
    pale = 0.35 + 0.65 * look.lightness
    colour *= 1 - pale * np.clip(blood, -0.2, 1)[:, None] * np.array([0.05, 0.26, 0.22])
    colour *= 1 + (0.025 * noise(place, look.seed, "fine", 46.0) + 0.015 * noise(place, look.seed, "coarse", 4.0))[:, None]
    colour *= 1 + (0.05 * spot(x, y, (0.0, -0.55), (0.6, 0.3)) * front)[:, None] * np.array([1.0, 0.95, 0.7])
    tired = spot(x, y, (0.45, 0.24), (0.26, 0.09)) * front * (0.35 + 0.65 * look.age)
    colour *= 1 - tired[:, None] * np.array([0.12, 0.2, 0.14])
    socket = spot(x, y, (0.46, -0.13), (0.32, 0.1)) * front
    colour *= 1 - socket[:, None] * (np.array([0.12, 0.2, 0.2]) + look.makeup * np.array([0.22, 0.3, 0.26]))
    if look.freckles > 0:
        dots = step(noise(place, look.seed, "freckles", 60.0, 30), 1.0, 1.5) * spot(x, y, (0.4, 0.42), (0.5, 0.3)) * front
        colour *= 1 - (min(look.freckles, 0.8) * dots)[:, None] * np.array([0.28, 0.42, 0.5])
    random = random_for(look.seed, "moles")
    for _ in range(int(random.integers(0, 4))):
        at = np.array([random.uniform(-0.9, 0.9), random.uniform(-0.5, 1.6)])
        mole = np.exp(-(((place[:, :2] - at) ** 2).sum(axis=1)) / float(random.uniform(0.011, 0.02)) ** 2) * front
        colour *= 1 - mole[:, None] * np.array([0.45, 0.6, 0.65])
    colour = aged(colour, look, x, y, front)
    colour = bearded(colour, look, place, group)
    colour = browed(colour, look, head, place, front * (group == GROUPS.index("face")))
    colour = lashed(colour, look, front, away)
    colour = lipped(colour, look, place, known.lip, group, away)
    scalp = hairline(place + 0.012 * noise(place, look.seed, "edge", 40.0)[:, None], look.style, look.seed)
    able = np.isin(group, [GROUPS.index(name) for name in ("face", "skull", "neck")]) & ((y < -0.16) | (z > 1.28) | (z > 0.86) & (y < 0.1))
    cover_ = (0.72 if look.style == "buzz" else 0.92) * step(scalp, -0.07, 0.09) * able
    thin = 1 + (0.25 if look.style == "buzz" else 0.06) * noise(place, look.seed, "stubble", 90.0)
    colour = colour + np.clip(cover_ * thin, 0, 0.95)[:, None] * (linear(look.hair) * 0.75 - colour)
    for name, shown in INSIDE.items():
        inner = group == GROUPS.index(name)
        base = linear(between(shown, look.skin, 0.5)) if name == "lids_inner" else linear(shown)
        colour[inner] = base * (1 + 0.06 * noise(place[inner], look.seed, name, 12.0)[:, None])
    flat = np.clip(colour, 0.002, 1.0)
    made: Array = flat[known.empty_from].astype(np.float32)
    for corner, size in BALLS.values():
        made = eyed(made, look, corner, size)
    return np.ascontiguousarray(made)


def aged(colour: Real, look: Look, x: Real, y: Real, front: Real) -> Real:
    """Draw the folds of age: beside the nose, on the forehead, at the corners of the eyes."""
    depth = max(look.age - 0.45, 0.0) * 0.4
    if depth <= 0:
        return colour
    fold = np.exp(-(((np.abs(x) - (0.42 + 0.22 * (y - 0.62))) / 0.035) ** 2)) * step(y, 0.45, 0.62) * step(1.15 - y, 0.0, 0.25)
    bow = 0.05 * np.cos(2.2 * x)
    rows = sum(np.exp(-(((y - at - bow) / 0.016) ** 2)) for at in (-0.5, -0.62, -0.75)) * step(0.75 - np.abs(x), 0, 0.3)
    slope = (np.abs(x) - 0.78) * 1.6
    feet = sum(np.exp(-(((y - 0.02 - turn * slope) / 0.014) ** 2)) for turn in (-0.35, 0.05, 0.45))
    feet = feet * step(np.abs(x), 0.76, 0.82) * step(0.98 - np.abs(x), 0, 0.08)
    lines = np.clip(1.0 * fold + 0.55 * rows + 0.6 * feet, 0, 1) * front
    return np.asarray(colour * (1 - depth * lines[:, None] * np.array([0.75, 0.95, 1.0])))


def beard_mask(place: Real, beard: str) -> Real:
    """Tell where a beard grows (n,), 0 to 1, on the front half of the head."""
    x, y, z = place.T
    wide = np.abs(x)
    jaw = step(y, 0.78, 1.05) + step(wide, 0.82, 1.0) * step(y, 0.3, 0.55)
    cheek = step(wide - 0.1 - 0.9 * (y - 0.85), -0.02, 0.3) * step(y, 0.2, 0.4)
    full = (
        np.clip(np.maximum(step(y, 1.3, 1.42) + (wide > 0.52) * jaw * cheek, 0), 0, 1) * step(2.05 - y, 0.0, 0.25) * step(1.25 - z, 0, 0.2)
    )
    moustache = step(0.5 - wide, 0.0, 0.14) * step(y, 0.70, 0.78) * step(1.02 + 0.12 * wide - y, 0.0, 0.06)
    side = step(0.66 - wide, 0, 0.12) * step(wide, 0.42, 0.52) * step(y, 0.8, 0.9)
    chin = step(0.46 - wide, 0, 0.14) * step(y, 1.4, 1.5) * step(2.0 - y, 0, 0.25)
    if beard == "moustache":
        return np.asarray(moustache)
    if beard == "goatee":
        return np.asarray(np.clip(moustache + chin + side * step(1.6 - y, 0, 0.2), 0, 1))
    return np.asarray(np.clip(full + moustache + side, 0, 1))


def bearded(colour: Real, look: Look, place: Real, group: npt.NDArray[np.int64]) -> Real:
    """Darken the skin where a beard grows; a man without one has a shadow."""
    if look.feminine:
        return colour
    able = np.isin(group, [GROUPS.index(name) for name in ("face", "skull", "neck")])
    strength = {"none": 0.05, "stubble": 0.34}.get(look.beard, 0.85)
    rough = 1 + 0.3 * noise(place, look.seed, "beard", 75.0)
    much = np.clip(strength * beard_mask(place, look.beard) * rough, 0, 0.9) * able
    tint = linear(look.hair) * 0.9 + 0.02 if look.beard != "none" else linear(look.skin) * np.array([0.45, 0.55, 0.62])
    return np.asarray(colour + much[:, None] * (tint - colour))


def browed(colour: Real, look: Look, head: OpenHead, place: Real, front: Real) -> Real:
    """Draw the brows as hairs about a line that thins outward."""
    line = (head.points[list(BROW_LEFT[:5])] + head.points[list(BROW_LEFT[9:4:-1])])[:, :2].astype(np.float64) / 2
    line = line[np.argsort(line[:, 0])]
    random = random_for(look.seed, "brows")
    line[:, 1] += 0.02 + float(random.normal(0, 0.025)) + float(random.normal(0, 0.03)) * np.linspace(-1, 1, 5) ** 2
    xy = np.stack([np.abs(place[:, 0]), place[:, 1]], axis=1)
    near = np.flatnonzero((front > 0) & (np.abs(xy[:, 1] - line[:, 1].mean()) < 0.4))
    away, along = np.full(len(xy), 9.0), np.ones(len(xy))
    away[near], along[near] = distance_to(xy[near], line)
    width = 0.062 * look.brows * np.clip(1.0 - 0.62 * along**1.5, 0, 1)
    hairs = 0.72 + 0.28 * np.sin(140 * xy[:, 0] * (0.6 + 0.6 * along) + 95 * xy[:, 1] + 2 * noise(place, look.seed, "brow hairs", 20.0))
    much = step(1.5 - away / np.maximum(width, 1e-3), 0.0, 0.9) * step(along, -0.02, 0.1) * step(1.0 - along, 0.0, 0.12)
    ink = linear(look.hair) * 0.7 if max(look.hair) < 0.55 else linear(look.hair) * 0.5
    return np.asarray(colour + np.clip(0.86 * look.brows * much * hairs, 0, 0.92)[:, None] * front[:, None] * (ink - colour))


def lashed(colour: Real, look: Look, front: Real, known: Distances) -> Real:
    """Draw the dark of the lashes along the margins of the lids, and the fold of the upper lid."""
    ink = np.array([0.012, 0.009, 0.008])
    for side in ("0", "1"):
        for name, width, strength in (
            ("lid", 0.028 + 0.014 * look.makeup, 0.85), ("lower", 0.016 + 0.008 * look.makeup, 0.3 + 0.4 * look.makeup),
        ):  # fmt: skip
            much = strength * step(1.3 - known[f"{name} {side}"][0] / width, 0.0, 0.8) * front
            colour = colour + much[:, None] * (ink - colour)
        away, along = known[f"fold {side}"]
        fold = 0.34 * np.exp(-((away / 0.02) ** 2)) * np.sin(np.pi * np.clip(along, 0, 1)) * front
        colour = colour * (1 - fold[:, None] * np.array([0.8, 0.95, 1.0]))
    return np.asarray(colour)


def lipped(colour: Real, look: Look, place: Real, lip: Real, group: npt.NDArray[np.int64], known: Distances) -> Real:
    """Colour the lips, darker where they meet, with their fine lines."""
    red = step(lip, 0.2, 0.75) * np.isin(group, [GROUPS.index("face"), GROUPS.index("mouth")])
    lines = 1 + 0.05 * np.sin(95 * place[:, 0] + 6 * place[:, 1])
    seam = np.minimum(known["lips upper"][0], known["lips lower"][0])
    tint = linear(look.lips) * lines[:, None] * (1 - 0.45 * np.exp(-((seam / 0.03) ** 2)))[:, None]
    edge = known["lips"][0]
    soft = (0.86 + 0.1 * look.makeup) * red
    colour = colour + soft[:, None] * (tint - colour)
    return np.asarray(colour * (1 - 0.06 * np.exp(-((edge / 0.03) ** 2))[:, None] * (red < 0.5)[:, None]))


def eyed(made: Array, look: Look, corner: tuple[float, float], size: float) -> Array:
    """Paint an eyeball as seen from the front into its square of the texture."""
    left, low = round(corner[0] * SIDE), round(corner[1] * SIDE)
    count = round(size * SIDE)
    down, across = np.mgrid[low : low + count, left : left + count].astype(np.float64)
    across = ((across / SIDE - corner[0]) / size - 0.5) / 0.48
    down = ((down / SIDE - corner[1]) / size - 0.5) / 0.48
    radius, angle = np.hypot(across, down) / IRIS, np.arctan2(down, across)
    random = random_for(look.seed, "iris")
    phases = random.uniform(0, 2 * np.pi, 6)
    fibres = sum(np.sin(rate * angle + turn + 2.5 * radius) for rate, turn in zip((17, 29, 41, 23, 53, 11), phases, strict=True)) / 6
    inner = np.clip(1 - radius, 0, 1)
    iris = linear(look.iris) * (0.75 + 0.55 * inner + 0.35 * fibres)[..., None]
    iris = iris * (1.25 - 0.5 * step(-down, 0.0, 0.35))[..., None]  # light from above gathers in the lower half
    iris = iris * (1 - 0.8 * step(radius, 0.78, 1.0))[..., None]
    iris = np.where((radius < 0.36)[..., None], 0.004, iris)
    white = linear((0.86, 0.84, 0.82)) * (1 - 0.1 * step(np.abs(across), 0.5, 1.0)[..., None] * np.array([0.4, 1.6, 1.7]))
    inside = step(1.08 - radius, 0.0, 0.16)[..., None]
    made[low : low + count, left : left + count] = white + inside * (iris - white)
    return made
