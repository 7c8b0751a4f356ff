"""Walls of upright or level bands, panels, blinds, corrugated iron: what is behind a person there is what lies above and below them."""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.channels import strongest, weighed
from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
APART, AROUND, LONG = 0.11, 0.35, 1.3
"""Eye distances between two pixels that are compared, and twice to each side across and along bands where a wall is asked for them."""
LIGHT, MOST = 0.45, 25.0
"""Eye distances each way over which a wall's light is evened, and grey levels that count of a pair: a strand must not outweigh a wall."""
CLEAR = (0.08, 0.1), (0.1, 0.5)  # eye distances beside a person over which a wall comes to be asked: all of it, and where no hair is
TIMES, LEAST = (1.6, 2.3), (5.0, 9.0)  # how much more a wall varies across its bands than along them, and grey levels that it does at least
DIPS = (1.6, 0.5)  # eye distances along bands and across over which they may be lost from sight
WIDER, OFF = 0.12, 0.03  # eye distances beyond them in which the wall is theirs, and by which they may lead aside
SOME = 0.04  # of a wall that must be banded
FAR = (1.0, 1.4)  # eye distances from what is seen of a band to which it is believed, and believed half
SOFT = 0.08  # eye distances beside one that is not known over which that ends
ALONG, FEW = 0.8, 10  # eye distances each way along a band whose median is its colour, and pixels known there that it takes


@dataclass(frozen=True, eq=False)
class Banded:
    """The colours `along` (h, w, 3) the bands of a wall, behind a person too, and how far (h, w), from 0 to 1, it has any there.

    Around each pixel, where an edge may lead a little aside, these colours differ by `steps` (h, w) of grey levels.
    """

    along: Bytes
    share: Array
    steps: Array


# The compiled function takes what its signature says, which its types do not tell.
@numba.njit("void(u1[:,:,::1],b1[:,::1],i8,u1[:,:,::1],b1[:,::1])", cache=True, nogil=True)
def lead(picture: Bytes, known: Mask, reach: int, along: Bytes, told: Mask) -> None:  # pragma: no cover - compiled
    """Give each pixel of a picture (h, w, 3) the median of what is `known` (h, w) up to `reach` rows off in its column -> `along`.

    Where there is none, it lies between the last above and the first below; `told` (h, w) says which columns have any.
    """
    height, width = known.shape
    for x in range(width):
        count = 0
        counts = np.zeros((3, 256), np.int32)
        for y in range(-reach, height):
            if y + reach < height and known[y + reach, x]:
                count += 1
                for channel in range(3):
                    counts[channel, picture[y + reach, x, channel]] += 1
            if y < 0:
                continue
            if y > reach and known[y - reach - 1, x]:
                count -= 1
                for channel in range(3):
                    counts[channel, picture[y - reach - 1, x, channel]] -= 1
            told[y, x] = count >= FEW
            if not told[y, x]:
                continue
            for channel in range(3):
                level, passed = 0, counts[channel, 0]
                while 2 * passed < count:
                    level += 1
                    passed += counts[channel, level]
                along[y, x, channel] = level
        last = -1
        for y in range(height):
            if not told[y, x]:
                continue
            if last < y - 1:
                for between in range(last + 1, y):
                    for channel in range(3):
                        first = np.float32(along[y, x, channel])
                        above = np.float32(along[last, x, channel]) if last >= 0 else first
                        along[between, x, channel] = np.uint8(above + (first - above) * (between - last) / (y - last) + np.float32(0.5))
            last = y
        if last >= 0:
            for below in range(last + 1, height):
                for channel in range(3):
                    along[below, x, channel] = along[last, x, channel]
        told[:, x] = last >= 0


def banded(picture: Bytes, known: Mask, unit: float) -> Banded | None:
    """Look for bands in what is `known` (h, w) as a picture's (h, w, 3) wall, `unit` pixels to an eye distance; None if it has none."""
    size, fine = (-(-picture.shape[1] // 2), -(-picture.shape[0] // 2)), unit / 2
    small = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    seen = cv2.resize(known.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA) > 253
    if not seen.any() or min(size) <= step_of(fine):
        return None
    along, share = upright(small, seen, fine)
    turned, other = upright(np.ascontiguousarray(small.swapaxes(0, 1)), np.ascontiguousarray(seen.T), fine)
    level, more = turned.swapaxes(0, 1), other.T
    along, share = np.where((more > share)[..., None], level, along), np.maximum(share, more)
    if not share.any():
        return None
    colours, much = (cv2.resize(each, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR) for each in (along, share))
    aside = np.ones((2 * round(OFF * unit) + 1,) * 2, np.uint8)
    steps = strongest(cv2.dilate(colours, aside) - cv2.erode(colours, aside))
    return Banded(np.asarray(colours, np.uint8), np.asarray(much, np.float32), steps)


def step_of(unit: float) -> int:
    """Say how many pixels apart those are that are compared, `unit` to an eye distance."""
    return max(round(APART * unit), 1)


def upright(picture: Bytes, seen: Mask, unit: float) -> tuple[Bytes, Array]:
    """Look for upright bands in what is `seen` (h, w) of a wall -> its colours along them (h, w, 3), and how far (h, w) it has any."""
    smooth, step = cv2.blur(picture, (3, 3)) - light_of(picture, seen, unit), step_of(unit)
    # Where nobody is in the picture nothing is any distance from them.
    apart = np.minimum(cv2.distanceTransform(seen.astype(np.uint8), cv2.DIST_L2, 3), np.float32(1e4)) / np.float32(unit)
    window = 2 * round(AROUND * unit) + 1, 2 * round(LONG * unit) + 1
    bound, share = seen.shape[::-1], np.zeros(seen.shape, np.float32)
    for clear in CLEAR:
        asked = np.asarray(smoothstep(*clear, apart), np.float32)
        beside = differing(smooth[:, :-step], smooth[:, step:], asked[:, :-step], asked[:, step:], window)
        below = differing(smooth[:-step], smooth[step:], asked[:-step], asked[step:], window)
        across, lengthwise = cv2.resize(beside, bound), cv2.resize(below, bound)
        told_by = smoothstep(*TIMES, across / (lengthwise + 0.5)) * smoothstep(*LEAST, across)
        share = np.maximum(share, np.asarray(told_by, np.float32))
    # Strands before a wall hide its bands from this, not from the eye.
    dips = np.ones([2 * round(reach * unit / 2) + 1 for reach in DIPS], np.uint8)
    beyond = np.ones((1, 2 * round(WIDER * unit) + 1), np.uint8)
    share = np.asarray(cv2.dilate(cv2.morphologyEx(share, cv2.MORPH_CLOSE, dips), beyond), np.float32)
    along, told = picture.copy(), np.zeros_like(seen)
    if float(share[seen].sum()) < SOME * float(seen.sum()):
        return along, np.zeros_like(share)
    lead(picture, seen, round(ALONG * unit), along, told)
    # Farther off, other things may stand there.
    ends = cv2.dilate(seen.astype(np.uint8), np.ones((2 * round(FAR[0] * unit) + 1, 1), np.uint8)) * told
    fades = 2 * round(SOFT * unit) + 1, 2 * round((FAR[1] - FAR[0]) * unit) + 1
    return along, share * np.asarray(cv2.blur(ends.astype(np.float32), fades), np.float32) * told


def light_of(picture: Bytes, seen: Mask, unit: float) -> Array:
    """Tell the light that falls off over what is `seen` (h, w) of a picture (h, w, 3): the mean of what lies around -> (h, w, 3)."""
    known, wide = seen.astype(np.float32), (2 * round(LIGHT * unit) + 1,) * 2
    total = np.asarray(cv2.blur(weighed(picture.astype(np.float32), known), wide), np.float32)
    return weighed(total, np.asarray(1 / np.maximum(cv2.blur(known, wide), 0.01), np.float32))


def differing(here: Array, there: Array, asked: Array, asked_there: Array, window: tuple[int, int]) -> Array:
    """Say by how much two pictures (h, w, 3) differ where both are `asked` (h, w): the mean (h, w) in a soft window of a size (w, h)."""
    both = np.minimum(asked, asked_there)
    differs = np.minimum(strongest(np.abs(here - there)), MOST) * both
    all_of_it = float(differs.sum()) / max(float(both.sum()), 1.0)
    # Where little is known around, all of the wall tells.
    total, count = (cv2.blur(cv2.blur(each, window), window) for each in (differs, both))
    return np.asarray((total + 0.02 * all_of_it) / (count + 0.02), np.float32)
