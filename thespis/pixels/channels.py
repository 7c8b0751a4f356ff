"""Sums over the three channels of pictures, pixel by pixel, in one pass each: the arrays' library takes several, and slow ones."""

from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes


def strongest(colours: npt.NDArray[Any]) -> Array:
    """Give the strongest channel of colours (h, w, 3) -> (h, w)."""
    red, green, blue = cv2.split(colours)
    return np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)


@numba.njit("f4[:,::1](u1[:,:,::1],f4[:,:,::1])", cache=True, nogil=True)
def farthest(picture: Bytes, other: Array) -> Array:  # pragma: no cover - compiled
    """Say by how much the channel in which a picture (h, w, 3) and another differ most does -> (h, w)."""
    found = np.empty(picture.shape[:2], np.float32)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            most = np.float32(0)
            for channel in range(3):
                most = max(most, abs(np.float32(picture[y, x, channel]) - other[y, x, channel]))
            found[y, x] = most
    return found


@numba.njit("f4[:,:,::1](f4[:,:,::1],f4[:,::1])", cache=True, nogil=True)
def weighed(colours: Array, share: Array) -> Array:  # pragma: no cover - compiled
    """Take of colours (h, w, 3) a share (h, w)."""
    found = np.empty(colours.shape, np.float32)
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            for channel in range(3):
                found[y, x, channel] = colours[y, x, channel] * share[y, x]
    return found


@numba.njit("f4[:,:,::1](f4[:,:,::1],f4[:,:,::1],f4[:,::1])", cache=True, nogil=True)
def blended(below: Array, above: Array, share: Array) -> Array:  # pragma: no cover - compiled
    """Lay colours (h, w, 3) over others, where their share (h, w) is 1 entirely."""
    found = np.empty(below.shape, np.float32)
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            for channel in range(3):
                found[y, x, channel] = below[y, x, channel] + (above[y, x, channel] - below[y, x, channel]) * share[y, x]
    return found


def mixed(below: Bytes, above: Bytes, share: Array) -> Bytes:
    """Lay colours (h, w, 3) over others as `blended` does, rounded to bytes."""
    return np.asarray(blended(below.astype(np.float32), above.astype(np.float32), share) + np.float32(0.5), np.uint8)
