"""Brows that rise: the forehead gives way to them evenly, and where there is little of it they rise less."""

from dataclasses import replace

import numpy as np

from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.pixels.layers import smoothstep
from thespis.types import Array

RISES = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
BROWS = (70, 63, 105, 66, 107, 9, 336, 296, 334, 293, 300)
FOREHEAD = (71, 68, 104, 69, 108, 151, 337, 299, 333, 298, 301)
HAIRLINE = (21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251)
"""The upper edge of brows and the forehead above it, column by column, and where that ends."""
TOLD = slice(2, 9)  # the columns by which it is told how far brows may rise
NEAR = (0.05, 0.35)  # of what lies above a brow that is left as it rises all the way, from where on the forehead gives way evenly
LEFT = 0.4  # of what lies between a brow and the hairline that is left at least


def clear_forehead(person: Person, rotation: Array) -> Person:
    """Keep brows that rise from being pushed behind the forehead, whose face is seen turned by `rotation` (3, 3).

    Some lie right below a row of the skin's points that hardly rises, and a forehead that leans back is seen short.
    """
    brows, forehead, hairline = (np.asarray(row) for row in (BROWS, FOREHEAD, HAIRLINE))
    rises = [SHAPES.index(name) for name in RISES]
    # As it is seen: a fold shows there.
    down = rotation[:2, 1] @ rotation[:2] / max(float(np.linalg.norm(rotation[:2, 1])), 1e-6)
    place, way = person.photo @ down, person.fields[rises].sum(axis=0) @ down
    near, whole = place[brows] - place[forehead], place[brows] - place[hairline]
    left = near + way[brows] - way[forehead]
    squeezed = np.where(near > 1e-3, 1 - smoothstep(*NEAR, left / np.maximum(near, 1e-3)), 1.0)
    if not squeezed.any():
        return person
    fields = person.fields.copy()
    share = np.clip(near / np.maximum(whole, 1e-3), 0.0, 1.0)[:, None]
    for rise in rises:
        even = (1 - share) * fields[rise, brows] + share * fields[rise, hairline]
        fields[rise, forehead] += squeezed[:, None] * (even - fields[rise, forehead])
    room, taken = whole[TOLD], (way[hairline] - way[brows])[TOLD]
    most = float(np.min(np.where(taken > 1e-3, (1 - LEFT) * np.maximum(room, 0.0) / np.maximum(taken, 1e-3), 1.0)))
    fields[rises] *= min(most, 1.0)
    return replace(person, fields=fields)
