"""The square that LivePortrait looks at: upright along the face, with room for hair and shoulders, and the way back into a frame."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER
from thespis.types import Array, Bytes

Doubles = npt.NDArray[np.float64]

BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
"""The upper edges of the brows: the official landmarks reach no higher."""
CORNERS = (61, 291)
LARGER, UPWARDS = 2.3, 0.125  # of the face's longer side: how large the square is, and by how much of that it is moved up
EDGE = 0.12  # of a side, over which what was drawn fades into the picture


@dataclass(frozen=True, eq=False)
class Patch:
    """The matrix (3, 3) from picture pixels to those of a square of `side` pixels."""

    matrix: Doubles
    side: int

    def cut(self, picture: Bytes, side: int | None = None) -> Bytes:
        """Cut the square out of a picture (h, w, 3), at its own size or another one."""
        zoom = (side or self.side) / self.side
        matrix = np.diag([zoom, zoom, 1.0]) @ self.matrix
        # Pictures much finer than the square are made coarser first, or single pixels would stand for many.
        share = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
        if share < 0.5:
            smaller = cv2.resize(picture, None, fx=2 * share, fy=2 * share, interpolation=cv2.INTER_AREA)
            matrix = matrix @ np.diag([picture.shape[1] / smaller.shape[1], picture.shape[0] / smaller.shape[0], 1.0])
            picture = np.asarray(smaller, np.uint8)
        wide = side or self.side
        return np.asarray(
            cv2.warpAffine(picture, matrix[:2], (wide, wide), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8
        )


def patch_of(points: Array, side: int) -> Patch:
    """Find the square around a face with points (478, 3) in pixels."""
    flat = points[:468, :2].astype(np.float64)
    eyes = flat[[*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER]].mean(axis=0)
    down = flat[list(CORNERS)].mean(axis=0) - eyes
    down /= max(float(np.linalg.norm(down)), 1e-6)
    axes = np.stack([[down[1], -down[0]], down])
    upright = flat @ axes.T
    upright = upright[upright[:, 1] >= upright[list(BROWS), 1].min()]
    low, high = upright.min(axis=0), upright.max(axis=0)
    size = LARGER * float((high - low).max())
    middle = (low + high) / 2 - [0.0, UPWARDS * size]
    zoom = side / size
    matrix = np.eye(3)
    matrix[:2, :2] = zoom * axes
    matrix[:2, 2] = side / 2 - zoom * middle
    return Patch(matrix, side)


def fading(side: int) -> Array:
    """Make the mask (side, side, 1) with which a drawn square is laid on the picture: 1 inside, 0 at its edges, smooth between."""
    ends = (np.arange(side) + 0.5) / side
    inside = np.minimum(ends, 1 - ends)
    share = np.clip(inside / EDGE, 0, 1)
    ramp = share * share * (3 - 2 * share)
    return np.asarray(np.minimum.outer(ramp, ramp)[..., None], np.float32)


@dataclass(frozen=True, eq=False)
class Laying:
    """A frame (h, w, 3) on which squares are laid: the matrix (2, 3) from square to frame, and the mask (h, w, 1) of the square there."""

    frame: Bytes
    matrix: Doubles
    mask: Array

    def lay(self, square: Bytes) -> Bytes:
        """Lay a drawn square on the frame."""
        size = (self.frame.shape[1], self.frame.shape[0])
        there = cv2.warpAffine(square, self.matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(self.frame + self.mask * (there.astype(np.float32) - self.frame) + 0.5, np.uint8)


def laying(frame: Bytes, to_frame: Doubles, patch: Patch, side: int) -> Laying:
    """Prepare to lay squares of `side` pixels, of a patch, on a frame; `to_frame` (3, 3) carries picture pixels to it."""
    zoom = patch.side / side
    matrix = np.asarray((to_frame @ np.linalg.inv(patch.matrix) @ np.diag([zoom, zoom, 1.0]))[:2], np.float64)
    size = (frame.shape[1], frame.shape[0])
    mask = cv2.warpAffine(fading(side), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0,))
    return Laying(frame, matrix, np.asarray(mask, np.float32).reshape(*frame.shape[:2], 1))
