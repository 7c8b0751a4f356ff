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
PRODUCTS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
"""The products of the neck's three numbers that bend the field of turned heads."""
SKIN = ("face", "skull", "ears", "neck", "chest", "hair")
LITTLE = 0.05  # of a unit: movements are measured near rest
TURNED = 0.22  # radians: how far heads are turned to see how the field bends
SOFT = 0.05  # how far a vertex speaks for its surroundings, beside half of the square
BEHIND = 2.0  # how quickly vertices count for less that lie farther from the viewer, 1 / eye distance
NOTHING = 0.02  # the weight at which the skin ends


def usual_flow(side: int) -> Array:
    """Give the field (71, 2, side, side) by which a picture is sampled elsewhere, in halves of it, for one unit of each number.

    The numbers are those of expression and jaw, then neck, eyes and translation, as FLAME counts them, and the PRODUCTS of the neck's.
    """
    head = load_openhead()
    columns = np.concatenate([np.arange(FLAME.size)[FLAME.slice(name)] for name in (*EXPRESSION_AND_JAW.names, *HELD)])
    flame = np.zeros((len(columns) + 1, FLAME.size), np.float32)
    flame[np.arange(len(columns)), columns] = LITTLE
    posed = posed_as(flame)
    kept = np.isin(head.group, [GROUPS.index(name) for name in SKIN if name in GROUPS])
    rest, moved = posed[-1], (posed[:-1] - posed[-1]) / LITTLE
    square = square_of(rest)
    middle, unit = np.array([square.x, square.y]), 2 / square.side
    ends = (np.arange(side) + 0.5) * 2 / side - 1
    grid = np.stack(np.meshgrid(ends, ends, indexing="xy"), axis=-1).reshape(-1, 1, 2)

    def carried(seen: Array, back: Array) -> Array:
        """Spread how far back vertices seen at (v, 3) are taken from (k, v, 2) over the square -> (k, 2, side, side)."""
        places = (seen[:, :2] - middle) * unit
        near = np.exp(-(((grid - places) ** 2).sum(axis=2)) / (2 * SOFT**2)) * np.exp(-BEHIND * np.maximum(seen[:, 2], 0))
        shares = near / (near.sum(axis=1, keepdims=True) + NOTHING)
        return np.asarray((np.einsum("gv,kvc->kcg", shares, back) * unit).reshape(-1, 2, side, side), np.float32)

    straight = carried(rest[kept], -moved[:, kept, :2])
    # How turning bends: the field of a head turned one way and the other, where it is seen then, less what is linear.
    neck = np.arange(FLAME.size)[FLAME.slice("neck")]
    signs = [(one, other) for one in (1, -1) for other in (1, -1)]
    flame = np.zeros((len(PRODUCTS), len(signs), FLAME.size), np.float32)
    for number, (first, second) in enumerate(PRODUCTS):
        for way, (one, other) in enumerate(signs):
            flame[number, way, neck[first]] = TURNED * one
            flame[number, way, neck[second]] = TURNED * (one if first == second else other)
    turned = posed_as(flame.reshape(-1, FLAME.size))[:, kept]
    fields = np.concatenate([carried(each, (rest[kept] - each)[None, :, :2]) for each in turned]).reshape(*flame.shape[:2], 2, side, side)
    shared = np.array([one * other for one, other in signs], np.float32)
    bent = [
        (each.mean(axis=0) if first == second else (each * shared[:, None, None, None]).mean(axis=0)) / TURNED**2
        for each, (first, second) in zip(fields, PRODUCTS, strict=True)
    ]
    return np.ascontiguousarray(np.concatenate([straight, np.stack(bent)]), np.float32)


def posed_as(flame: Array) -> Array:
    """Pose OpenHead by rows of FLAME (k, 68) -> its vertices (k, v, 3)."""
    return vertices_of_face(face_of_flame(Track(FLAME, flame, Fraction(25)))).values.reshape(len(flame), -1, 3)
