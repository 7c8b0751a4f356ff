"""Where OpenHead's skin goes in a face's square when an expression vector or the pose changes: what a Carrier knows before it learns."""

from fractions import Fraction

import numpy as np

from thespis.head.openhead import GROUPS, load_openhead
from thespis.motion.convert_head import face_of_flame, vertices_of_face
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.pixels.diffusion.square import square_of
from thespis.types import Array, Track

HELD = ("neck", "eye_left", "eye_right", "translation")
"""The channels of FLAME that are not expression: pose."""
SKIN = ("face", "skull", "ears", "neck", "chest", "hair")
LITTLE = 0.05  # of a unit: movements are measured near rest
SOFT = 0.05  # how far a vertex speaks for its surroundings, beside half of the square
BEHIND = 2.0  # how quickly vertices count for less that lie farther from the viewer, 1 / eye distance
NOTHING = 0.02  # the weight at which the skin ends


def usual_flow(side: int) -> Array:
    """Give the field (65, 2, side, side) by which a picture is sampled elsewhere, in halves of it, for one unit of each number.

    The numbers are those of expression and jaw, then neck, eyes and translation, as FLAME counts them.
    """
    head = load_openhead()
    columns = np.concatenate([np.arange(FLAME.size)[FLAME.slice(name)] for name in (*EXPRESSION_AND_JAW.names, *HELD)])
    flame = np.zeros((len(columns) + 1, FLAME.size), np.float32)
    flame[np.arange(len(columns)), columns] = LITTLE
    posed = vertices_of_face(face_of_flame(Track(FLAME, flame, Fraction(25)))).values.reshape(len(flame), -1, 3)
    kept = np.isin(head.group, [GROUPS.index(name) for name in SKIN if name in GROUPS])
    rest, moved = posed[-1], (posed[:-1] - posed[-1]) / LITTLE
    square = square_of(rest)
    places = (rest[kept, :2] - [square.x, square.y]) * 2 / square.side
    ends = (np.arange(side) + 0.5) * 2 / side - 1
    grid = np.stack(np.meshgrid(ends, ends, indexing="xy"), axis=-1).reshape(-1, 1, 2)
    near = np.exp(-(((grid - places) ** 2).sum(axis=2)) / (2 * SOFT**2)) * np.exp(-BEHIND * np.maximum(rest[kept, 2], 0))
    shares = near / (near.sum(axis=1, keepdims=True) + NOTHING)
    field = -np.einsum("gv,kvc->kcg", shares, moved[:, kept, :2]) * 2 / square.side
    return np.ascontiguousarray(field.reshape(len(columns), 2, side, side), np.float32)
