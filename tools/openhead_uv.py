"""Lay OpenHead's surfaces out flat: skin and hair unrolled like a can's label, the other parts as seen from where they show."""

import numpy as np
from mesh_binding import Numbers, Real

from thespis.head.openhead import GROUPS, SKIN

AXIS = 1.0  # eye distances behind the eyes: what skin and hair are unrolled around
TILES = {  # left, bottom, width and height in the texture, in hundredths
    "skin": (0, 34, 100, 66),
    "hair": (0, 18, 60, 15), "eyeball_left": (62, 18, 15, 15), "eyeball_right": (80, 18, 15, 15), "mouth": (0, 0, 16, 16),
    "gums_upper": (17, 0, 16, 8), "gums_lower": (17, 8, 16, 8), "tongue": (34, 0, 16, 16), "teeth_upper": (51, 0, 16, 8),
    "teeth_lower": (51, 8, 16, 8), "lids_inner": (68, 0, 16, 16),
}  # fmt: skip


def tile_of(name: str) -> str:
    """Name the tile that a group lies in."""
    if name in SKIN:
        return "skin"
    return name.replace("iris", "eyeball")


def uv_of(points: Real, triangles: Numbers, group: Numbers) -> tuple[Real, Numbers]:
    """Find texture places (T, 2), v up, and the triangles (F, 3) between them; the unrolled surfaces are cut at the back."""
    tiles = np.array([list(TILES).index(tile_of(name)) for name in GROUPS])[group]
    corner_tile = tiles[triangles].max(axis=1)  # a lining begins on the skin, and belongs to what it leads to
    places: list[Real] = []
    numbers: dict[tuple[int, int, bool], int] = {}
    result = np.empty_like(triangles)
    for number, triangle in enumerate(triangles):
        tile = int(corner_tile[number])
        back = float(points[triangle, 0].mean()) < 0
        for corner, vertex in enumerate(triangle.tolist()):
            x, _, z = points[vertex]
            cut = abs(x) < 1e-9 and z > AXIS and list(TILES)[tile] in ("skin", "hair")
            key = (vertex, tile, back if cut else False)
            if key not in numbers:
                numbers[key] = len(places)
                places.append(flat(points[vertex], list(TILES)[tile], bool(cut and back)))
            result[number, corner] = numbers[key]
    uv, owners = np.array(places), np.array([key[1] for key in numbers])
    for tile, (left, bottom, width, height) in enumerate(TILES.values()):
        mine = owners == tile
        low, high = uv[mine].min(axis=0), uv[mine].max(axis=0)
        uv[mine] = (np.array([left, bottom]) + 0.5 + (uv[mine] - low) / (high - low + 1e-9) * (np.array([width, height]) - 1)) / 100
    return uv, result


def flat(point: Real, tile: str, before_cut: bool) -> Real:
    """Place a point (3,) in its tile, in any unit."""
    x, y, z = point
    if tile in ("skin", "hair"):
        around = np.pi if abs(x) < 1e-9 and z > AXIS else np.arctan2(x, AXIS - z)
        return np.array([-np.pi if before_cut else around, -y])
    if tile in ("mouth", "tongue", "gums_upper", "gums_lower", "teeth_upper", "teeth_lower"):
        return np.array([np.arctan2(x, 0.9 - z), -y + (0.3 * z if tile in ("mouth", "tongue") else 0)])
    return np.array([x, -y])
