"""Find small things that stand alone on a plain wall beside a person: tips of hair and frills whose stems are lost from sight."""

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.channels import strongest, weighed
from thespis.pixels.diffuse import diffuse
from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

RIM, FARTHEST = 0.05, 0.45  # eye distances from the person's edge within which all of such a thing lies
WIDE, MEDIAN = 0.6, 7  # eye distances across, and pixels, of the surroundings whose median is the wall
UNLIKE, GRAIN = 10.0, 4.0  # grey levels that it differs by at least, and times what the wall around differs by itself
PLAIN = 2.0  # grey levels by which such a wall varies in the mean
AROUND, CELL = 1.0, 4  # eye distances to each side in which the wall is looked at, and pixels a side of the cells in which it is
BARE = 0.01  # of the wall around that is unlike it at most: before letters or leaves nothing is told
BESIDE, SURELY = 0.45, 0.95  # eye distances to each side in which the person, surely that, must have its colour
ALIKE, SHARE = 24.0, 0.02  # grey levels by which that may be off, and how much of the person there must have it
SHARP = 8.0  # grey levels a pixel that its edge has: what a shadow or a blurred lamp has not
LARGEST, SMALLEST = 0.06, 3  # square eye distances of such a thing at most, and pixels at least


def islands(picture: Bytes, alpha: Array, made_up: npt.NDArray[np.bool_], unit: float) -> Array:
    """Find what stands alone on a smooth wall close to a person's share (h, w) -> a share (h, w); pixels are `unit` to an eye distance.

    What was `made_up` (h, w) beyond the picture's edge, and what touches it, is none.
    """
    apart = np.asarray(cv2.distanceTransform((alpha <= 0.3).astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    wall = (apart > RIM * unit) & ~made_up
    found = np.zeros_like(alpha)
    if not wall.any():
        return found
    soft = np.asarray(cv2.GaussianBlur(picture, (3, 3), 0.6), np.uint8)
    size = [max(round(edge * MEDIAN / (WIDE * unit)), 1) for edge in picture.shape[1::-1]]
    marks = wall.astype(np.uint8) * np.uint8(255)
    shown, known = (
        np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.float32) for each in (cv2.copyTo(picture, marks), marks)
    )
    behind = diffuse(weighed(shown, 255 / np.maximum(known, 1)), known / 255)
    small = cv2.medianBlur(np.asarray(np.minimum(behind, 255), np.uint8), MEDIAN)
    plain = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    differs = strongest(np.asarray(cv2.absdiff(soft, plain), np.uint8)) * wall
    side = 2 * round(AROUND * unit / CELL) + 1
    share = around(wall.astype(np.float32), side) + np.float32(1e-3)
    least = UNLIKE + GRAIN * around(differs, side) / share
    unlike = (differs > least).astype(np.uint8)
    # What belongs to the wall is found farther out too.
    far = (wall & (apart > FARTHEST * unit)).astype(np.float32)
    seen = around(far, side) + np.float32(1e-3)
    busy = (around(unlike * far, side) > BARE * seen) | (around(differs * far, side) > PLAIN * seen)
    edge = cv2.dilate(np.pad(made_up, 1, constant_values=True).astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1] > 0
    _, parts, boxes, _ = cv2.connectedComponentsWithStats(unlike)
    own = (boxes[:, cv2.CC_STAT_AREA] < LARGEST * unit**2) & (boxes[:, cv2.CC_STAT_AREA] >= SMALLEST)
    own[parts[(edge | busy | (apart > FARTHEST * unit)) & (unlike > 0)]] = False
    own[0] = False
    if not own.any():
        return found
    across, down = (strongest(np.abs(cv2.Sobel(soft, cv2.CV_32F, *way, scale=1 / 8))) for way in ((1, 0), (0, 1)))
    sharp = across + down
    room = round(BESIDE * unit)
    for part in np.flatnonzero(own):
        left, top, wide, tall, _ = boxes[part]
        box = np.s_[max(top - room, 0) : top + tall + room, max(left - room, 0) : left + wide + room]
        here = parts[box] == part
        rim = cv2.dilate(here.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        most = here & (differs[box] >= np.median(differs[box][here]))
        theirs = picture[box][alpha[box] > SURELY].astype(np.float32)
        alike = (np.abs(theirs - soft[box][most].mean(axis=0)) < ALIKE).all(axis=1) if len(theirs) else np.zeros(1)
        own[part] = np.percentile(sharp[box][rim], 75) > SHARP and alike.mean() > SHARE
    if not own.any():
        return found
    near = cv2.dilate(own[parts].astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(smoothstep(0.4, 1.0, differs / least) * near, np.float32)


@numba.njit("f4[:,::1](f4[:,::1])", cache=True, nogil=True)
def in_cells(values: Array) -> Array:  # pragma: no cover - compiled
    """Take the means of values (h, w) in cells of CELL pixels each way, and of nothing beyond them -> (h / CELL, w / CELL)."""
    found = np.zeros((-(-values.shape[0] // CELL), -(-values.shape[1] // CELL)), np.float32)
    for y in range(values.shape[0]):
        for x in range(values.shape[1]):
            found[y // CELL, x // CELL] += values[y, x] * np.float32(1 / CELL**2)
    return found


def around(values: Array, side: int) -> Array:
    """Take the mean of values (h, w) around each pixel, over so many cells each way -> (h, w)."""
    mean = cv2.blur(in_cells(np.ascontiguousarray(values, np.float32)), (side, side))
    return np.asarray(cv2.resize(mean, values.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
