"""Lips and lids that meet stop each other, and lips that part are round again."""

import numpy as np

from thespis.head.shapes import Shapes
from thespis.pixels.layers import smoothstep
from thespis.types import Array

LOOSE, EVENED = (0.03, 0.16), 3  # eye distances between lips over which the lower one becomes round, and how often its line is evened
UPPER_LOOSE = 0.6  # of that, for the upper lip


def meet(shapes: Shapes, rest: Array, skin: Array, down: Array) -> Array:
    """Keep lips and lids from crossing: where the lower one would rise above the upper one, both stop half-way."""
    for upper, lower in (
        (shapes.lips_inner_upper, shapes.lips_inner_lower),
        (shapes.eye_left_upper, shapes.eye_left_lower),
        (shapes.eye_right_upper, shapes.eye_right_lower),
    ):
        gap = ((rest[lower] + skin[lower]) - (rest[upper] + skin[upper])) @ down
        cross = np.minimum(gap, 0.0)[:, None] * down * 0.5
        skin[upper] += cross
        skin[lower] -= cross
    return skin


def loosen(shapes: Shapes, rest: Array, skin: Array, down: Array) -> None:
    """Let lips that part be round again, in the skin's way (468, 3) from `rest` (468, 3), in place.

    At rest each presses its own line into the other: kept, that line would be a corner in the middle of an open mouth.
    """
    upper, lower, above, below = shapes.lip_edges
    lines = [(rest[ring] + skin[ring]) @ down for ring in (upper, lower)]
    share = float(smoothstep(*LOOSE, float((lines[1] - lines[0])[3:8].mean())))
    if share <= 0.0:
        return
    # The upper lip keeps some of its bow.
    for inner, outer, line, part in ((upper, above, lines[0], UPPER_LOOSE), (lower, below, lines[1], 1.0)):
        even = line.copy()
        for _ in range(EVENED):
            even[1:-1] = 0.25 * even[:-2] + 0.5 * even[1:-1] + 0.25 * even[2:]
        # Lips are as far apart as before over the five points by which it is told.
        even[1:-1] += (line - even)[3:8].mean()
        change = part * share * (even - line)[:, None] * down
        skin[inner] += change
        skin[outer] += 0.5 * change
