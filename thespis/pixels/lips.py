"""Lips and lids that meet stop each other, and lips that part are round again."""

import numba
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import Shapes
from thespis.types import Array

LOOSE, EVENED = (0.03, 0.16), 3  # eye distances between lips over which the lower one becomes round, and how often its line is evened
UPPER_LOOSE = 0.6  # of that, for the upper lip
Ring = npt.NDArray[np.int32]


def meet(shapes: Shapes, rest: Array, skin: Array, down: Array) -> Array:
    """Keep lips and lids from crossing: where the lower one would rise above the upper one, both stop half-way."""
    for upper, lower in (
        (shapes.lips_inner_upper, shapes.lips_inner_lower),
        (shapes.eye_left_upper, shapes.eye_left_lower),
        (shapes.eye_right_upper, shapes.eye_right_lower),
    ):
        stop(rest, skin, upper, lower, down)
    return skin


@numba.njit("void(f4[:,:],f4[:,:],i4[:],i4[:],f4[:])", cache=True, nogil=True)
def stop(rest: Array, skin: Array, upper: Ring, lower: Ring, down: Array) -> None:  # pragma: no cover - compiled
    """Let the edges `upper` and `lower` (n,) stop half-way where they would cross, in the skin's way (468, 3) from `rest` (468, 3)."""
    for k in range(len(upper)):
        above, below = upper[k], lower[k]
        gap = 0.0
        for axis in range(3):
            gap += ((rest[below, axis] + skin[below, axis]) - (rest[above, axis] + skin[above, axis])) * down[axis]
        if gap < 0:
            for axis in range(3):
                skin[above, axis] += 0.5 * gap * down[axis]
                skin[below, axis] -= 0.5 * gap * down[axis]


def loosen(shapes: Shapes, rest: Array, skin: Array, down: Array) -> None:
    """Let lips that part be round again, in the skin's way (468, 3) from `rest` (468, 3), in place.

    At rest each presses its own line into the other: kept, that line would be a corner in the middle of an open mouth.
    """
    upper, lower, above, below = shapes.lip_edges
    round_again(rest, skin, upper, lower, above, below, down)


@numba.njit("void(f4[:,:],f4[:,:],i4[:],i4[:],i4[:],i4[:],f4[:])", cache=True, nogil=True)
def round_again(
    rest: Array, skin: Array, upper: Ring, lower: Ring, above: Ring, below: Ring, down: Array
) -> None:  # pragma: no cover - compiled
    """Even the lines of lips, inner edges `upper` and `lower` (11,), outer ones `above` and `below` (11,), by how far they are apart."""
    count = len(upper)
    lines = np.zeros((2, count), np.float32)
    for k in range(count):
        for axis in range(3):
            lines[0, k] += (rest[upper[k], axis] + skin[upper[k], axis]) * down[axis]
            lines[1, k] += (rest[lower[k], axis] + skin[lower[k], axis]) * down[axis]
    share = min(max(((lines[1] - lines[0])[3:8].mean() - LOOSE[0]) / (LOOSE[1] - LOOSE[0]), 0.0), 1.0)
    share *= share * (3 - 2 * share)
    if share <= 0.0:
        return
    for lip in range(2):
        inner, outer = (lower, below) if lip else (upper, above)
        line = lines[lip]
        even = line.copy()
        for _ in range(EVENED):
            even[1:-1] = 0.25 * even[:-2] + 0.5 * even[1:-1] + 0.25 * even[2:]
        # Lips are as far apart as before over the five points by which it is told.
        even[1:-1] += (line - even)[3:8].mean()
        for k in range(count):
            # The upper lip keeps some of its bow.
            change = (1.0 if lip else UPPER_LOOSE) * share * (even[k] - line[k])
            for axis in range(3):
                skin[inner[k], axis] += change * down[axis]
                skin[outer[k], axis] += 0.5 * change * down[axis]
