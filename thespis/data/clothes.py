"""What made-up people wear: clothes around the shoulders, collars, hoods, and glasses, as coloured meshes."""

import numpy as np
import numpy.typing as npt

from thespis.data.hair import Ribbons, nearest_of, unit
from thespis.data.looks import Look, linear
from thespis.types import random_for

Real = npt.NDArray[np.float64]
AROUND = 72
PROFILE = ((0.78, 0.7, 2.3), (0.95, 0.85, 2.42), (1.3, 1.02, 2.58), (1.75, 1.15, 2.78), (2.2, 1.25, 3.02), (2.52, 1.3, 3.36),
           (2.68, 1.32, 3.9), (2.75, 1.35, 4.8), (2.75, 1.35, 6.4))  # fmt: skip
"""Half widths, half depths and heights of the rings of a shirt from the neck down, in eye distances."""
DEPTH = 1.4
NECKLINES = {
    "tee": (0.42, 1.6, 0.05),
    "vee": (1.0, 5.0, 0.05),
    "shirt": (0.5, 3.0, 0.06),
    "jumper": (0.16, 1.2, 0.09),
    "jacket": (1.9, 5.0, 0.14),
    "hood": (0.35, 1.5, 0.1),
}
"""How far a neckline drops in front, how narrowly, and how thick the cloth is."""


def shell(look: Look, kind: str, colour: Real, solid: tuple[Real, Real], random: np.random.Generator) -> Ribbons:
    """Lay a cloth around the shoulders, outside the skin's points and normals."""
    drop, narrow, thick = NECKLINES[kind]
    table = np.array(PROFILE)
    rings = np.linspace(0, len(table) - 1, 26)
    wide, deep, low = (np.interp(rings, np.arange(len(table)), table[:, column])[:, None] for column in range(3))
    angle = np.linspace(0, 2 * np.pi, AROUND, endpoint=False)[None]
    front = np.maximum(np.cos(angle), 0)
    fade = np.clip(1 - (low - 2.3) / (drop * 1.1 + 0.35), 0, 1)
    build = 0.93 if look.feminine else 1.04
    x = build * wide * np.sin(angle)
    z = DEPTH - deep * np.cos(angle)
    y = low + drop * front**narrow * fade - 0.12 * np.maximum(-np.cos(angle), 0) * fade
    folds = 0.02 * np.sin(5 * angle + 2.0 * low + random.uniform(0, 6)) * np.clip(low - 2.7, 0, 1)
    points = np.stack([x * (1 + folds), y, z * np.ones_like(x)], axis=2)
    outward = unit(
        np.stack([np.sin(angle) / wide, -0.35 * np.ones_like(x) * np.clip(1.3 - (low - 2.3), 0.05, 1), -np.cos(angle) / deep], axis=2)
    )
    flat = points.reshape(-1, 3)
    if len(solid[0]):
        for _ in range(2):
            nearest = nearest_of(flat, solid[0])
            over = ((flat - solid[0][nearest]) * solid[1][nearest]).sum(axis=1)
            close = np.linalg.norm(flat - solid[0][nearest], axis=1) < 0.9
            flat = flat + (np.clip(thick - over, 0, 0.5) * close)[:, None] * solid[1][nearest]
    count = len(rings)
    here = np.arange(count * AROUND).reshape(count, AROUND)
    a, b, c, d = here[:-1], np.roll(here, -1, axis=1)[:-1], here[1:], np.roll(here, -1, axis=1)[1:]
    triangles = np.concatenate([np.stack([a, b, c], -1).reshape(-1, 3), np.stack([b, d, c], -1).reshape(-1, 3)])
    grid = flat.reshape(count, AROUND, 3)
    down, along = np.gradient(grid, axis=0), np.roll(grid, -1, axis=1) - np.roll(grid, 1, axis=1)
    normal = unit(np.cross(along, down))
    normal = np.where(((normal * outward).sum(axis=2) < 0)[..., None], -normal, normal)
    shade = np.ones((count, AROUND, 1))
    shade[: 2 if kind != "jacket" else 1] = 0.8
    if kind == "jumper":
        shade = shade * (1 + 0.1 * np.sin(22 * angle)[..., None])
    if look.seed % 5 == 0 and kind in ("tee", "jumper"):
        stripes = (np.sin(9.0 * grid[..., 1:2] + 1.0) > 0.2)[..., 0]
        tint = np.where(stripes[..., None], linear(look.under), colour)
    else:
        tint = np.broadcast_to(colour, (count, AROUND, 3))
    return Ribbons(
        points=flat.astype(np.float32), normals=normal.reshape(-1, 3).astype(np.float32),
        tangents=np.zeros((count * AROUND, 3), np.float32), colour=(tint * shade).reshape(-1, 3).astype(np.float32),
        bind=np.full(count * AROUND, -1, np.int32), hang=np.ones(count * AROUND, np.float32), triangles=triangles.astype(np.int32),
    )  # fmt: skip


def band(path: Real, across: Real, colour: Real, hang: float) -> Ribbons:
    """Make a band of cloth or metal along a path (s, 3), `across` (s, 3) from edge to edge."""
    points = np.stack([path - across / 2, path + across / 2], axis=1)
    along = np.gradient(path, axis=0)
    normal = unit(np.cross(along, across))
    centre = np.array([0.0, path[:, 1].mean(), 1.3])
    normal = np.where(((normal * (path - centre)).sum(axis=1) < 0)[:, None], -normal, normal)
    first = np.arange(len(path) - 1) * 2
    triangles = np.concatenate([np.stack([first, first + 1, first + 2], 1), np.stack([first + 1, first + 3, first + 2], 1)])
    count = 2 * len(path)
    return Ribbons(
        points=points.reshape(-1, 3).astype(np.float32), normals=np.repeat(normal, 2, axis=0).astype(np.float32),
        tangents=np.zeros((count, 3), np.float32), colour=np.broadcast_to(colour, (count, 3)).astype(np.float32),
        bind=np.full(count, -1, np.int32), hang=np.full(count, hang, np.float32), triangles=triangles.astype(np.int32),
    )  # fmt: skip


def collar(colour: Real) -> list[Ribbons]:
    """Fold a collar around the neck, open in front."""
    angle = np.linspace(0.16, 2 * np.pi - 0.16, 60)
    front = np.maximum(np.cos(angle), 0) ** 3
    inner = np.stack([0.9 * np.sin(angle), 2.12 + 0.42 * front, DEPTH - 0.85 * np.cos(angle)], axis=1)
    outer = np.stack([1.16 * np.sin(angle), 2.42 + 0.62 * front, DEPTH - 1.08 * np.cos(angle) - 0.12 * front], axis=1)
    return [band((inner + outer) / 2, outer - inner, colour * 1.06, 1.0)]


def hood(colour: Real) -> list[Ribbons]:
    """Lay a hood around the neck: a thick roll, low in front."""
    made = []
    angle = np.linspace(0, 2 * np.pi, 60)
    front = np.maximum(np.cos(angle), 0)
    for turn in np.linspace(-1.6, 1.6, 5):
        radius = 0.24 * np.cos(turn * 0.6)
        path = np.stack([
            (1.16 + radius * np.cos(turn)) * np.sin(angle), 2.32 + 0.42 * front**2 + 0.28 * np.sin(turn),
            DEPTH - (1.0 + radius * np.cos(turn)) * np.cos(angle),
        ], axis=1)  # fmt: skip
        across = np.stack(
            [-0.22 * np.sin(turn) * np.sin(angle), 0.26 * np.cos(turn) * np.ones(60), 0.22 * np.sin(turn) * np.cos(angle)], axis=1
        )
        made.append(band(path, across, colour * (0.85 + 0.1 * np.cos(turn)), 1.0))
    return made


def glasses(eyes: Real, front: float, random: np.random.Generator) -> list[Ribbons]:
    """Put glasses before the eyes (2, 3), at the depth `front`."""
    ink = linear([(0.05, 0.05, 0.06), (0.25, 0.14, 0.08), (0.5, 0.42, 0.3), (0.3, 0.3, 0.32)][int(random.integers(4))])
    thick = float(random.uniform(0.03, 0.075))
    wide, high, square = float(random.uniform(0.37, 0.43)), float(random.uniform(0.27, 0.36)), float(random.uniform(2.0, 3.6))
    made = []
    angle = np.linspace(0, 2 * np.pi, 40)
    for eye in eyes:
        cosine, sine = np.cos(angle), np.sin(angle)
        x = np.sign(cosine) * np.abs(cosine) ** (2 / square)
        y = np.sign(sine) * np.abs(sine) ** (2 / square)
        bent = 0.28 * np.clip(np.abs(eye[0] + wide * x) - 0.35, 0, None)
        path = np.stack([eye[0] + wide * x, eye[1] + 0.05 + high * y, front + bent], axis=1)
        across = thick * np.stack([cosine, sine, 0 * sine], axis=1)
        made.append(band(path, across, ink, 0.0))
        side = np.sign(eye[0])
        temple = np.linspace(0, 1, 10)[:, None]
        start, end = np.array([eye[0] + side * wide, eye[1] - 0.04, front + 0.13]), np.array([side * 1.42, eye[1] + 0.02, 1.25])
        made.append(band(start + temple * (end - start), np.tile([0, thick, 0], (10, 1)), ink, 0.0))
    bridge = np.linspace(-1, 1, 10)[:, None]
    gap = abs(eyes[0, 0]) - wide
    arch = np.concatenate([gap * bridge, eyes[:, 1].mean() - 0.02 - 0.04 * (1 - bridge**2), np.full((10, 1), front)], axis=1)
    return [*made, band(arch, np.tile([0, thick, 0], (10, 1)), ink, 0.0)]


def clothes_of(look: Look, solid: tuple[Real, Real]) -> list[Ribbons]:
    """Dress a person over the skin's points and normals."""
    random = random_for(look.seed, "clothes")
    cloth, under = linear(look.cloth), linear(look.under)
    if look.clothes == "jacket":
        return [shell(look, "shirt", under, solid, random), *collar(under), shell(look, "jacket", cloth, solid, random)]
    made = [shell(look, look.clothes, cloth, solid, random)]
    if look.clothes == "shirt":
        made += collar(cloth)
    if look.clothes == "hood":
        made += hood(cloth)
    return made
