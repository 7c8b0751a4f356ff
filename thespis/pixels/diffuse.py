"""Carry the colours that are known in a picture into what is not, smoothly."""

from itertools import pairwise

import numba
import numpy as np

from thespis.types import Array, Bytes

KNOWN = 0.25  # of a colour that is taken as it is, where unknown ones are made up from those around


def diffuse(colours: Array | Bytes, known: Array) -> Array:
    """Carry the known colours (h, w, 3) into the unknown, smoothly: halved and halved again, and enlarged from the coarsest on."""
    known = np.ascontiguousarray(known, np.float32)
    sides, levels = known.shape, list[Array]()
    while not levels or min(sides) > 2:
        sides = (-(-sides[0] // 2), -(-sides[1] // 2))
        levels.append(np.empty((*sides, 4), np.float32))
    begin(colours, known, levels[0])
    for finer, coarser in pairwise(levels):
        halve(finer, coarser)
    last = levels.pop()
    made = np.ascontiguousarray(last[..., :3] / np.maximum(last[..., 3:], 1e-6))
    if not (last[..., 3] > 0).all():
        made[:] = last[..., :3].sum(axis=(0, 1)) / max(float(last[..., 3].sum()), 1e-6)
    for level in reversed(levels):
        finer = np.empty((*level.shape[:2], 3), np.float32)
        enlarge(level, made, finer)
        made = finer
    whole = np.empty(colours.shape, np.float32)
    complete(colours, known, made, whole)
    return whole


@numba.njit(["void(f4[:,:,::1],f4[:,::1],f4[:,:,::1])", "void(u1[:,:,::1],f4[:,::1],f4[:,:,::1])"], cache=True, nogil=True, fastmath=True)
def begin(colours: Array | Bytes, known: Array, halved: Array) -> None:  # pragma: no cover - compiled
    """Halve colours (h, w, 3) of which a share is `known` (h, w) -> the means (h / 2, w / 2, 4) of known colour and of share."""
    height, width = known.shape
    for y in range(halved.shape[0]):
        rows = min(2, height - 2 * y)
        for x in range(halved.shape[1]):
            red = green = blue = weight = np.float32(0)
            columns = min(2, width - 2 * x)
            for row in range(2 * y, 2 * y + rows):
                for column in range(2 * x, 2 * x + columns):
                    share = known[row, column]
                    if share > 0:
                        red += share * colours[row, column, 0]
                        green += share * colours[row, column, 1]
                        blue += share * colours[row, column, 2]
                        weight += share
            # Beyond the picture's edge nothing is known.
            part = np.float32(0.25)
            halved[y, x, 0], halved[y, x, 1], halved[y, x, 2], halved[y, x, 3] = red * part, green * part, blue * part, weight * part


@numba.njit("void(f4[:,:,::1],f4[:,:,::1])", cache=True, nogil=True, fastmath=True)
def halve(finer: Array, coarser: Array) -> None:  # pragma: no cover - compiled
    """Halve a level (h, w, 4) -> (h / 2, w / 2, 4)."""
    height, width = finer.shape[:2]
    coarser[:] = 0
    for y in range(height):
        for x in range(width):
            for part in range(4):
                coarser[y // 2, x // 2, part] += np.float32(0.25) * finer[y, x, part]


@numba.njit("UniTuple(i8,4)(i8,i8,i8,i8)", cache=True, nogil=True, inline="always")
def corners(y: int, x: int, high: int, wide: int) -> tuple[int, int, int, int]:  # pragma: no cover - compiled
    """Say between which rows and columns of a picture (high, wide) a pixel of one twice as fine lies, the nearer of each first."""
    row, column = y // 2, x // 2
    return row, min(max(row + 2 * (y % 2) - 1, 0), high - 1), column, min(max(column + 2 * (x % 2) - 1, 0), wide - 1)


@numba.njit("void(f4[:,:,::1],f4[:,:,::1],f4[:,:,::1])", cache=True, nogil=True, fastmath=True)
def enlarge(level: Array, coarse: Array, fine: Array) -> None:  # pragma: no cover - compiled
    """Enlarge colours that were made to twice their size, (h, w, 3), as far as those of a level (h, w, 4) are not known."""
    most, more, least = np.float32(0.5625), np.float32(0.1875), np.float32(0.0625)
    for y in range(level.shape[0]):
        for x in range(level.shape[1]):
            weight = level[y, x, 3]
            share = min(np.float32(4) * weight, np.float32(1))
            own = share / max(weight, np.float32(1e-6))
            row, other, column, beside = corners(y, x, coarse.shape[0], coarse.shape[1])
            for channel in range(3):
                made = most * coarse[row, column, channel] + more * (coarse[row, beside, channel] + coarse[other, column, channel])
                made += least * coarse[other, beside, channel]
                fine[y, x, channel] = made * (np.float32(1) - share) + own * level[y, x, channel]


@numba.njit(
    ["void(f4[:,:,::1],f4[:,::1],f4[:,:,::1],f4[:,:,::1])", "void(u1[:,:,::1],f4[:,::1],f4[:,:,::1],f4[:,:,::1])"],
    cache=True,
    nogil=True,
    fastmath=True,
)
def complete(colours: Array | Bytes, known: Array, coarse: Array, whole: Array) -> None:  # pragma: no cover - compiled
    """Take the colours (h, w, 3) that are `known` (h, w) well enough, and elsewhere those made at half the size -> (h, w, 3)."""
    most, more, least = np.float32(0.5625), np.float32(0.1875), np.float32(0.0625)
    for y in range(known.shape[0]):
        for x in range(known.shape[1]):
            if known[y, x] >= np.float32(KNOWN):
                for channel in range(3):
                    whole[y, x, channel] = colours[y, x, channel]
                continue
            row, other, column, beside = corners(y, x, coarse.shape[0], coarse.shape[1])
            for channel in range(3):
                made = most * coarse[row, column, channel] + more * (coarse[row, beside, channel] + coarse[other, column, channel])
                whole[y, x, channel] = made + least * coarse[other, beside, channel]
