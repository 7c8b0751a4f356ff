"""Fill in what a person hides of the background: its pieces go on as far as they fit, and where none does its edge is mirrored."""

import cv2
import numpy as np
import numpy.typing as npt

from thespis.pixels.banded import Banded
from thespis.pixels.channels import blended, mixed, strongest, weighed
from thespis.pixels.diffuse import diffuse
from thespis.pixels.layers import smoothstep
from thespis.pixels.patches import continued
from thespis.types import Array, Bytes

MIRRORED = 0.3  # eye distances into the hole that the background's own pattern is mirrored; beyond, only its colour goes on
BARED = 0.9  # eye distances into the hole that a head may lay open
SEAM = 0.05  # eye distances inside the edge of what was made in which it must have the colours beside it
MISFITS = (0.25, 0.6)  # of what the picture varies by that what was made may be off at its edge; from there on it is another place
STRETCH, AROUND_EDGE, EVEN = 0.15, 0.4, 16.0  # eye distances to each side over which both are told; grey levels that any wall varies by
SIDEWAYS = 5  # times nearer than it is counts what lies beside such a place: heads turn, and shelves and horizons are level
ASIDE, OTHER = 0.06, (12.0, 30.0)  # eye distances by which bands may lead aside, and grey levels off from which they are others
GRAIN = (0.04, 20.0)  # eye distances, and grey levels, of what is a wall's grain at most
MIRRORED_FAR = 0.7  # eye distances into the hole that is mirrored there


def fill_in(picture: Bytes, hole: npt.NDArray[np.bool_], unit: float) -> Bytes:
    """Fill in what is behind a person, where `hole` (h, w) is true: the surroundings mirrored near the edge, their colours farther in."""
    known = (~hole).astype(np.float32)
    if not known.any():
        return picture
    spread = diffuse(picture, known)
    filled = mirrored(picture, known, spread, *to_edge(hole, 0.12 * unit), unit, MIRRORED)
    return np.asarray(cv2.copyTo(np.asarray(filled + 0.5, np.uint8), hole.view(np.uint8), picture.copy()), np.uint8)


def mirrored(picture: Bytes, known: Array, spread: Array, to_x: Array, to_y: Array, distance: Array, unit: float, reach: float) -> Array:
    """Mirror what is `known` (h, w) of a picture (h, w, 3) at its edge, up to `reach` eye distances in; farther in, `spread` (h, w, 3).

    `to_x` and `to_y` (h, w) lead to the edge, in pixels, and `distance` (h, w) is how far it is.
    """
    high, wide = known.shape
    from_x, from_y = 2 * to_x + np.arange(wide, dtype=np.float32), 2 * to_y + np.arange(high, dtype=np.float32)[:, None]
    there = cv2.remap(picture, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101).astype(np.float32)
    believed = cv2.remap(known, from_x, from_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=[0.0])
    believed = cv2.GaussianBlur(cv2.erode(believed, np.ones((3, 3), np.uint8)), (0, 0), max(0.04 * unit, 0.6)) * (believed > 0.5)
    share = believed * (1 - smoothstep(0.35 * reach * unit, reach * unit, distance))
    return blended(spread, there, share)


def go_on(picture: Bytes, hole: npt.NDArray[np.bool_], made_up: npt.NDArray[np.bool_], unit: float, bands: Banded | None = None) -> Bytes:
    """Let what surrounds a `hole` (h, w) in a picture (h, w, 3) go on into it, as far as a head may lay it open; beyond, only its colours.

    What was `made_up` (h, w) beyond the picture's edge is never seen. The wall's `bands` lead on.
    """
    spread = np.asarray(diffuse(picture, (~hole).astype(np.float32)) + 0.5, np.uint8)
    to_x, to_y, distance = to_edge(hole, 0.12 * unit)
    rim = hole & (distance < max(SEAM * unit, 2.5))
    led, share = spread, np.zeros(hole.shape, np.float32)
    if bands is not None:
        share = fitting(bands, spread, rim, unit) * hole
        led = mixed(spread, bands.along, share)
    near = hole & ~made_up & (distance < BARED * unit)
    if not near.any() or hole.all():
        return led
    made = continued(led, near, ~hole, to_x, to_y).astype(np.float32)
    # Where no piece fits, what was made takes the colours that lie beside it: a wrong pattern is seen less than an edge.
    ring = (near & rim).astype(np.float32)
    side = 2 * max(round(SEAM * unit), 1) + 1
    beside = np.asarray(cv2.blur(weighed(spread - made, ring), (side, side)), np.float32)
    off = weighed(beside, 1 / (np.asarray(cv2.blur(ring, (side, side)), np.float32) + np.float32(1e-6)))
    # Along a longer stretch of the edge lines that are a little off even out.
    side = 2 * max(round(STRETCH * unit), 1) + 1
    apart = strongest(np.abs(cv2.blur(weighed(off, ring), (side, side)))) / (cv2.blur(ring, (side, side)) + 1e-6)
    wrong = smoothstep(*MISFITS, apart / (EVEN + varied(picture, ~hole, unit)))
    made += weighed(diffuse(off, ring), near.astype(np.float32))
    if (wrong * ring).any():
        # Where hardly a piece is whole what was made may be another place's: trees that turn to sky. There the edge is mirrored.
        known = (~hole).astype(np.float32)
        other = mirrored(picture, known, spread.astype(np.float32), *to_edge(hole, 0.12 * unit, SIDEWAYS), unit, MIRRORED_FAR)
        wrong = diffuse(np.dstack([wrong] * 3), ring)[..., 0] * near
        made = blended(made, other, wrong)
    if bands is not None:
        # They are sharp, and have grain, as the pieces are.
        fine = np.clip(made - cv2.GaussianBlur(made, (0, 0), max(GRAIN[0] * unit, 0.6)), -GRAIN[1], GRAIN[1])
        made = blended(made, np.asarray(bands.along + fine, np.float32), share)
    return np.asarray(np.clip(made + 0.5, 0, 255), np.uint8)


def fitting(bands: Banded, spread: Bytes, ring: npt.NDArray[np.bool_], unit: float) -> Array:
    """Say how far a wall's `bands` are believed behind a person (h, w): as far as they have the colours beside it, `spread` (h, w, 3).

    `ring` (h, w) is the edge that shows.
    """
    kernel, side = np.ones((2 * round(ASIDE * unit) + 1,) * 2, np.uint8), 2 * round(STRETCH * unit) + 1
    nearest = np.clip(spread, cv2.erode(bands.along, kernel), cv2.dilate(bands.along, kernel))
    edge = ring.astype(np.float32)
    off = cv2.blur(strongest(cv2.absdiff(nearest, spread)) * edge, (side, side)) / (cv2.blur(edge, (side, side)) + 1e-6)
    wrong = np.asarray(smoothstep(*OTHER, off), np.float32)
    return np.asarray(bands.share * (1 - diffuse(np.dstack([wrong] * 3), edge)[..., 0]), np.float32)


def varied(picture: Bytes, known: npt.NDArray[np.bool_], unit: float) -> Array:
    """Say how much what is `known` (h, w) of a picture (h, w, 3) varies around each pixel, in grey levels (h, w)."""
    side, seen = 2 * max(round(AROUND_EDGE * unit), 1) + 1, known.astype(np.float32)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    share = cv2.blur(seen, (side, side)) + 1e-6
    mean, square = (cv2.blur(each * seen, (side, side)) / share for each in (grey, grey * grey))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def to_edge(hole: npt.NDArray[np.bool_], soft: float, sideways: int = 1) -> tuple[Array, Array, Array]:
    """Say how far it is across (h, w) and down to the nearest edge of a hole (h, w), smoothed over `soft` pixels, and how far in all.

    What lies `sideways` counts as so many times nearer than it is.
    """
    coarse = np.ascontiguousarray(hole[::2, :: 2 * sideways])
    if coarse.all():
        coarse = hole
    distance, labels = cv2.distanceTransformWithLabels(coarse.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    rows, columns = np.nonzero(~coarse)
    at = np.zeros((2, int(labels.max()) + 1), np.float32)
    at[:, labels[rows, columns]] = columns, rows
    across, down = (np.arange(size, dtype=np.float32) for size in coarse.shape[::-1])
    times, wide = hole.shape[0] / coarse.shape[0], hole.shape[1] / coarse.shape[1]
    # Smoothed, since the nearest edge jumps from side to side and would draw streaks.
    ways = [
        cv2.GaussianBlur(way, (0, 0), max(soft / wide, 1.0), sigmaY=max(soft / times, 1.0))
        for way in (at[0][labels] - across, at[1][labels] - down[:, None])
    ]
    to_x, to_y, distance = (
        np.asarray(cv2.resize(each, hole.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32) * np.float32(size)
        for each, size in zip((*ways, distance), (wide, times, times), strict=True)
    )
    return to_x, to_y, distance
