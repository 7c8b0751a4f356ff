"""Look at a face as if it were turned straight to the camera: a small grey picture in the face's own axes, whatever the head does."""

from functools import cache

import cv2
import numpy as np

from thespis.head.shapes import load_shapes
from thespis.types import Array, Bytes

UNIT = 48  # pixels an eye distance
LEFT, TOP, WIDE, HIGH = -1.0, -0.8, 96, 104  # where the picture begins in eye distances, and its size in pixels


@cache
def surface() -> Array:
    """Give the canonical face under every pixel: places (3, HIGH * WIDE) in eye distances."""
    shapes = load_shapes()
    points = shapes.points
    across, down = np.meshgrid(LEFT + (np.arange(WIDE) + 0.5) / UNIT, TOP + (np.arange(HIGH) + 0.5) / UNIT)
    depth = np.zeros((HIGH, WIDE), np.float32)
    known = np.zeros((HIGH, WIDE), np.float32)
    for triangle in shapes.triangles:
        corners = np.round((points[triangle, :2] - [LEFT, TOP]) * UNIT - 0.5).astype(np.int32)
        cv2.fillConvexPoly(depth, corners, (float(points[triangle, 2].mean()),))
        cv2.fillConvexPoly(known, corners, (1.0,))
    # Blurring what is known fills eyes and mouth from around them, and the corners beyond the face from its rim.
    for size in (5, 41):
        share = cv2.GaussianBlur(known, (0, 0), size / 3) + 1e-6
        filled = cv2.GaussianBlur(depth * known, (0, 0), size / 3) / share
        depth = np.where(known > 0, depth, filled).astype(np.float32)
        known = np.maximum(known, (share > 0.2).astype(np.float32))
    return np.ascontiguousarray(np.stack([across, down, depth]).reshape(3, -1), np.float32)


def unwrap(image: Bytes, rotation: Array, scale: float, offset: Array) -> Bytes:
    """Look at the face of an image (height, width, 3) with this pose -> grey bytes (HIGH, WIDE)."""
    spots = (rotation[:2] * np.float32(scale)) @ surface() + offset[:2, None].astype(np.float32)
    low, high = np.floor(spots.min(axis=1)).astype(int) - 2, np.ceil(spots.max(axis=1)).astype(int) + 3
    height, width = image.shape[:2]
    left, top = int(np.clip(low[0], 0, width - 2)), int(np.clip(low[1], 0, height - 2))
    part = image[top : max(min(int(high[1]), height), top + 2), left : max(min(int(high[0]), width), left + 2)]
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2GRAY), np.uint8)
    shrink = round(scale / UNIT)
    # A face larger than the grid is averaged first, or its pores would flicker from frame to frame.
    soft = np.asarray(cv2.blur(grey, (shrink, shrink)), np.uint8) if shrink > 1 else grey
    across, down = (spots - np.array([[left], [top]], np.float32)).reshape(2, HIGH, WIDE)
    return np.asarray(cv2.remap(soft, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def on_view(points: Array) -> Array:
    """Find the pixels (n, 2) at which points (n, 2 or 3) in the face's own axes show."""
    return np.asarray((points[:, :2] - np.array([LEFT, TOP], np.float32)) * UNIT - 0.5, np.float32)
