"""How like two pictures of a face are, by region: signal to noise, structure, landmarks, and stillness from frame to frame."""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import (
    BROW_LEFT,
    BROW_RIGHT,
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_INNER_LOWER,
    LIPS_INNER_UPPER,
    LIPS_OUTER,
    OVAL,
    POINTS,
)
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]

GROUPS: Mapping[str, tuple[int, ...]] = {
    "all": tuple(range(POINTS)),
    "lips": tuple(sorted({*LIPS_OUTER, *LIPS_INNER_UPPER, *LIPS_INNER_LOWER})),
    "eyes": tuple(sorted({*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER})),
    "brows": tuple(sorted({*BROW_LEFT, *BROW_RIGHT})),
    "contour": OVAL,
}
"""The points that landmark errors are told for."""

ROOM = {"mouth": 0.15, "eyes": 0.12}
"""Eye distances around the lips, and around lids and brows, that count as mouth and eyes."""

BEST = 60.0  # decibels; two equal pictures would be infinitely alike
STILL = 0.35  # of the pixels outside the face, those that change least, are background


def regions(points: Array, unit: float, shape: tuple[int, ...]) -> dict[str, Mask]:
    """Mark mouth, eyes and face (height, width) in a picture of this shape, from points (n, 2 or 3) and pixels an eye distance."""
    found = {}
    for name, rings in (
        ("mouth", (GROUPS["lips"],)),
        ("eyes", ((*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *BROW_LEFT), (*EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER, *BROW_RIGHT))),
    ):
        mask = np.zeros(shape[:2], np.bool_)
        for ring in rings:
            spots = points[list(ring), :2]
            left, top = np.maximum(np.floor(spots.min(axis=0) - ROOM[name] * unit).astype(int), 0)
            right, bottom = np.maximum(np.ceil(spots.max(axis=0) + ROOM[name] * unit).astype(int), 0)
            mask[top:bottom, left:right] = True
        found[name] = mask
    face = np.zeros(shape[:2], np.uint8)
    cv2.fillConvexPoly(face, cv2.convexHull(np.round(points[list(OVAL), :2]).astype(np.int32)), (1,))
    found["face"] = face > 0
    return found


def signal_to_noise(one: Bytes, other: Bytes, mask: Mask) -> float:
    """Give the peak signal to noise ratio of two pictures (height, width, 3) where the mask is, in decibels."""
    apart = one[mask].astype(np.float32) - other[mask].astype(np.float32)
    error = float(np.square(apart).mean()) if apart.size else 0.0
    return float(min(10 * np.log10(255.0**2 / error), BEST)) if error > 0 else BEST


def structure(one: Bytes, other: Bytes) -> Array:
    """Map the structural similarity (height, width) of two pictures (height, width, 3), by brightness, in windows of 1.5 pixels' spread."""
    a, b = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (one, other))

    def blurred(picture: Array) -> Array:
        return np.asarray(cv2.GaussianBlur(picture, (11, 11), 1.5), np.float32)

    mean_a, mean_b = blurred(a), blurred(b)
    spread_a, spread_b = blurred(a * a) - mean_a**2, blurred(b * b) - mean_b**2
    common = blurred(a * b) - mean_a * mean_b
    little, less = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * mean_a * mean_b + little) * (2 * common + less)
    return np.asarray(top / ((mean_a**2 + mean_b**2 + little) * (spread_a + spread_b + less)), np.float32)


def points_apart(one: Array, other: Array, unit: float) -> dict[str, float]:
    """Measure how far points (n, 2 or 3) are apart in the picture, by group, in per cent of `unit`, the eye distance."""
    apart = np.linalg.norm(one[:POINTS, :2] - other[:POINTS, :2], axis=1)
    return {name: 100 * float(apart[list(members)].mean()) / unit for name, members in GROUPS.items()}


def background(pictures: Sequence[Bytes], faces: Sequence[Mask]) -> Mask:
    """Mark the pixels (height, width) that change least over pictures of one scene and that no face ever covers, with some room."""
    grey = np.stack([cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in pictures]).astype(np.float32)
    covered = np.any(faces, axis=0).astype(np.uint8)
    free = cv2.dilate(covered, np.ones((9, 9), np.uint8)) == 0
    change = grey.std(axis=0)
    bound = float(np.quantile(change[free], STILL)) if free.any() else 0.0
    return np.asarray(free & (change <= bound), np.bool_)


def trembling(three: Sequence[Bytes], mask: Mask) -> float:
    """Measure the second difference of three pictures in a row where the mask is: the mean change of change, in grey levels."""
    before, now, after = (picture[mask].astype(np.float32) for picture in three)
    return float(np.abs(before - 2 * now + after).mean()) if mask.any() else 0.0
