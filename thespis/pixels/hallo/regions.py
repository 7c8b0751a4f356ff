"""Where a voice may act on a portrait, and where its face is: rectangles about landmarks with soft edges, as published."""

from collections.abc import Sequence

import cv2
import numpy as np

from thespis.head.shapes import LIPS_OUTER, OVAL
from thespis.types import Array

WIDER = {"face": 1.2, "lips": 2.0}
"""How much larger than what it surrounds a rectangle is."""
SOFT = {"face": 8 / 64, "lips": 5 / 64}
"""How soft its edges are: the deviation of the blur, as a share of the square's side."""
FINE = 64  # places a side at which edges are softened


def rectangle(points: Array, ring: Sequence[int], wider: float) -> tuple[Array, Array]:
    """Find the corners (2,) of what surrounds a ring of points (478, 2 or 3), in their own unit."""
    around = points[list(ring), :2]
    low, high = around.min(axis=0), around.max(axis=0)
    middle, half = (low + high) / 2, (high - low) / 2 * wider
    return middle - half, middle + half


def filled(points: Array, name: str, side: int) -> Array:
    """Fill the rectangle about the face or the lips (side, side) with 1; the points are shares of the square's side."""
    low, high = rectangle(points, OVAL if name == "face" else LIPS_OUTER, WIDER[name])
    ends = (np.arange(side) + 0.5) / side
    inside = [((ends >= low[axis]) & (ends <= high[axis])).astype(np.float32) for axis in (0, 1)]
    return np.asarray(inside[1][:, None] * inside[0])


def regions_of(points: Array, places: int) -> Array:
    """Give the three regions (3, places, places), 0 to 1: around the face, the face without the lips, the lips."""
    soft = {}
    for name in ("face", "lips"):
        blurred = cv2.GaussianBlur(filled(points, name, FINE), (0, 0), SOFT[name] * FINE)
        soft[name] = blurred / max(float(blurred.max()), 1e-6)
    found = np.stack([1 - soft["face"], np.maximum(soft["face"] - soft["lips"], 0), soft["lips"]])
    smaller = [cv2.resize(each, (places, places), interpolation=cv2.INTER_AREA) for each in found]
    return np.asarray(np.stack(smaller), np.float32)
