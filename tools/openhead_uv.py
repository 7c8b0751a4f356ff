"""Lay OpenHead's surfaces out flat: skin and hair unrolled like a can's label, the other parts as seen from where they show."""

import numpy as np
from mesh_binding import Numbers, Real

from thespis.head.openhead import GROUPS, SKIN

UNROLLED = ("skin", "hair")
TILES = {  # left, bottom, width and height in the texture, in hundredths
    "skin": (0, 34, 100, 66),
    "hair": (0, 18, 60, 15),
    "eyeball_left": (62, 18, 15, 15),
    "eyeball_right": (80, 18, 15, 15),
    "mouth": (0, 0, 16, 16),
    "gums_upper": (17, 0, 16, 8),
    "gums_lower": (17, 8, 16, 8),
    "tongue": (34, 0, 16, 16),
    "teeth_upper": (51, 0, 16, 8),
    "teeth_lower": (51, 8, 16, 8),
    "lids_inner": (68, 0, 16, 16),
}


def tile_of(name: str) -> str:
    """Name the tile that a group lies in."""
    return "skin" if name in SKIN else name.replace("iris", "eyeball")


def uv_of(points: Real, triangles: Numbers, group: Numbers) -> tuple[Real, Numbers]:
    """Find texture places (T, 2), v up, and the triangles (F, 3) between them.

    Skin and hair are unrolled around a line through their crown, and cut at the back; each triangle has a crown of its own.
    """
    names = list(TILES)
    tiles = np.array([names.index(tile_of(name)) for name in GROUPS])[group]
    corner_tile = tiles[triangles].max(axis=1)  # a lining begins on the skin, and belongs to what it leads to
    crown = {}
    for tile in UNROLLED:
        middle = np.flatnonzero((tiles == names.index(tile)) & (points[:, 0] == 0))
        crown[tile] = int(middle[points[middle, 1].argmin()])
    places: list[Real] = []
    numbers: dict[tuple[int, int, int], int] = {}
    result = np.empty_like(triangles)
    for number, triangle in enumerate(triangles.tolist()):
        tile = names[corner_tile[number]]
        flat = laid_flat(points[triangle], tile, points[crown[tile], 2] if tile in crown else 0.9)
        tops = [vertex == crown.get(tile) for vertex in triangle]
        if any(tops):
            flat[tops.index(True), 0] = flat[[not top for top in tops], 0].mean()
        for corner, vertex in enumerate(triangle):
            side = number + 2 if tops[corner] else int(flat[corner, 0] < 0)
            key = (vertex, int(corner_tile[number]), side if tile in crown else 0)
            if key not in numbers:
                numbers[key] = len(places)
                places.append(flat[corner])
            result[number, corner] = numbers[key]
    uv, owners = np.array(places), np.array([key[1] for key in numbers])
    for number, (left, bottom, width, height) in enumerate(TILES.values()):
        mine = owners == number
        low, high = uv[mine].min(axis=0), uv[mine].max(axis=0)
        uv[mine] = (np.array([left, bottom]) + 0.5 + (uv[mine] - low) / (high - low) * (np.array([width, height]) - 1)) / 100
    return uv, result


def laid_flat(corners: Real, tile: str, axis: float) -> Real:
    """Place a triangle's corners (3, 3) in its tile (3, 2), in any unit; `axis` is how far behind the eyes it is unrolled around."""
    x, y, z = corners.T
    if tile in UNROLLED:
        around = np.arctan2(x, axis - z)
        cut = (x == 0) & (z > axis)
        return np.stack([np.where(cut, np.copysign(np.pi, x.mean()), around), -y], axis=1)
    if tile in ("mouth", "tongue", "gums_upper", "gums_lower", "teeth_upper", "teeth_lower"):
        return np.stack([np.arctan2(x, axis - z), -y + (0.3 * z if tile in ("mouth", "tongue") else 0)], axis=1)
    return np.stack([x, -y], axis=1)
