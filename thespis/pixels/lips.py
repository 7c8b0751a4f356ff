"""Lips and lids that meet stop each other, and lips that part are round again."""

import numba
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import Shapes
from thespis.types import Array

LOOSE, EVENED = (0.03, 0.16), 3  # eye distances between lips over which the lower one becomes round, and how often its line is evened
UPPER_LOOSE = 0.6  # of that, for the upper lip
BARED = 0.06  # eye distances that lips are apart at least where upper teeth stand on the lower one
UPPER_ROWS = ((183, 42, 41, 38, 12, 268, 271, 272, 407), (184, 74, 73, 72, 11, 302, 303, 304, 408))
LOWER_ROWS = ((96, 89, 179, 86, 15, 316, 403, 319, 325), (77, 90, 180, 85, 16, 315, 404, 320, 307))
"""The skin's points within each lip, between its corners: a row near its inner edge, and one half-way to the outer one."""
MIDDLE = slice(3, 8)  # of the inner edge of a lip, where its opening is told
ALONG = (1.0, 1.0, 0.75, 0.3)  # how far the upper lip's inner edge, its rows and its outer edge go when it bares teeth
BELOW = (43, 106, 182, 83, 18, 313, 406, 335, 273)  # the skin's points under the lower lip's outer edge, between its corners
SQUEEZED = 0.5  # of its height, what lies between that edge and those points keeps at least, and what lies between nose and upper lip
NOSE, UNDER_NOSE, BOW = (97, 2, 326), (167, 164, 393), (37, 0, 267)
"""Points of the nose's lower edge, between it and the upper lip, and of that lip's outer edge."""
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


def clear_nose(shapes: Shapes, rest: Array, skin: Array, down: Array) -> None:
    """Keep an upper lip that is drawn up from the nose, in the skin's way (468, 3) from `rest`, in place.

    Where little lies between the two a smile that suits others would press one against the other.
    """
    lip, nose, seen = np.asarray(BOW), np.asarray(NOSE), down[:2] / (down[:2] @ down[:2])
    before = (rest[lip, :2] - rest[nose, :2]) @ seen
    short = float((SQUEEZED * before - before - (skin[lip, :2] - skin[nose, :2]) @ seen).mean())
    if short <= 0.0 or float(before.min()) <= 0.0:
        return
    upper, _, above, _ = shapes.lip_edges
    share = (1 - np.linspace(-1, 1, 11, dtype=np.float32) ** 2)[1:-1, None]
    for row in (upper[1:-1], *UPPER_ROWS, above[1:-1]):
        skin[np.asarray(row)] += short * share * down
    skin[np.asarray(UNDER_NOSE)] += 0.5 * short * down


def bare(shapes: Shapes, rest: Array, skin: Array, bite: float, down: Array) -> None:
    """Draw the upper lip up from teeth that stand on the lower one by `bite`, 0 to 1, in the skin's way (468, 3) from `rest`, in place.

    Lips that are no farther apart than the shapes of f and v say hide those teeth, and look like those of p.
    """
    if bite <= 0.0:
        return
    upper, lower, above, _ = shapes.lip_edges
    upper_middle, lower_middle = upper[MIDDLE], lower[MIDDLE]
    apart = (rest[lower_middle] + skin[lower_middle] - rest[upper_middle] - skin[upper_middle]).mean(axis=0)
    # As it is seen: a lip that rolls in hides behind the upper one when looked at from above.
    raised = BARED * bite - float(apart[:2] @ down[:2] / (down[:2] @ down[:2]))
    if raised <= 0.0:
        return
    share = (1 - np.linspace(-1, 1, 11, dtype=np.float32) ** 2)[1:-1, None]
    for row, along in zip((upper[1:-1], *UPPER_ROWS, above[1:-1]), ALONG, strict=True):
        skin[np.asarray(row)] -= raised * along * share * down


def give_way(shapes: Shapes, rest: Array, skin: Array, down: Array) -> None:
    """Let the skin under the lower lip give way to a lip that comes down on it, in the skin's way (468, 3) from `rest`, in place.

    Else the lip would fold over it, and end in a hard line.
    """
    lip, under = shapes.lip_edges[3][1:-1], np.asarray(BELOW)
    # As it is seen, for that is where a fold shows.
    seen = down[:2] / (down[:2] @ down[:2])
    before = (rest[under, :2] - rest[lip, :2]) @ seen
    after = before + (skin[under, :2] - skin[lip, :2]) @ seen
    short = np.where(before > 0, SQUEEZED, 1.0) * before - after
    skin[under] += np.maximum(short, 0.0)[:, None] * down
