"""Tell a person from the people beside them: what is nearer to another's face than to their own, by the way that crosses fewest edges."""

import cv2
import numba
import numpy as np

from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

EDGES = 0.003  # face heights that a grey level of difference is worth on the way
SIDES = (-0.04, 0.04)  # face heights by which one's own face may be farther, and must be nearer, over which a place becomes one's own
OVAL = (0.36, 0.46)  # of a face's height: half the axes of what is surely face
SMOOTH = 0.02  # face heights over which hair and cloth are smoothed, whose own pattern is no edge
TIMES = 3  # that the ways are gone over, there and back


@numba.njit("void(f4[:,:,::1],f4[:,::1],f8,f8,i8)", cache=True, nogil=True, fastmath=True)
def spread_out(picture: Array, far: Array, step: float, steep: float, times: int) -> None:  # pragma: no cover - compiled
    """Let ways (h, w) grow from where they are 0 over a picture (h, w, 3): `step` a pixel, and `steep` a grey level of difference."""
    height, width = far.shape
    for turn in range(2 * times):
        back = turn % 2
        side = 1 if back else -1
        for row in range(height):
            y = height - 1 - row if back else row
            for column in range(width):
                x = width - 1 - column if back else column
                best = far[y, x]
                for way in range(4):
                    near_y = y if way == 0 else y + side
                    near_x = x + side if way == 0 else x + way - 2
                    if 0 <= near_y < height and 0 <= near_x < width:
                        apart = 0.0
                        for channel in range(3):
                            apart = max(apart, abs(picture[y, x, channel] - picture[near_y, near_x, channel]))
                        length = step * (1.4142 if near_y != y and near_x != x else 1.0)
                        best = min(best, far[near_y, near_x] + length + steep * apart)
                far[y, x] = best


def own_side(picture: Bytes, own: Array, others: Array) -> Array:
    """Say how much of each pixel of a picture (h, w, 3) may be one's own (h, w): 1, and 0 on the side of other faces.

    `own` (3,) is where one's face has its middle, across and down, and its height, in pixels; `others` (n, 3) the same of each other.
    """
    if not len(others):
        return np.ones(picture.shape[:2], np.float32)
    blur = max(SMOOTH * float(own[2]), 0.6)
    smooth = cv2.GaussianBlur(picture, (0, 0), blur).astype(np.float32)
    mine, theirs = (ways(smooth, faces) for faces in (own[None], others))
    return smoothstep(*SIDES, theirs - mine)


def ways(picture: Array, faces: Array) -> Array:
    """Say how far each pixel of a picture (h, w, 3) lies from the nearest of some faces (n, 3), in heights of that face -> (h, w)."""
    nearest = np.full(picture.shape[:2], 1e6, np.float32)
    for x, y, height in faces:
        far = np.full(picture.shape[:2], 1e6, np.float32)
        axes = (OVAL[0] * height, OVAL[1] * height)
        cv2.ellipse(far, ((float(x), float(y)), (2 * float(axes[0]), 2 * float(axes[1])), 0.0), (0.0,), -1)
        if not (far == 0).any():
            # A face outside the picture reaches in from where it is.
            rows, columns = np.mgrid[0 : far.shape[0], 0 : far.shape[1]]
            far[:] = np.maximum(np.hypot((columns - x) / axes[0], (rows - y) / axes[1]) - 1, 0) * OVAL[0]
        spread_out(picture, far, 1.0 / float(height), EDGES, TIMES)
        nearest = np.minimum(nearest, far)
    return nearest
