"""What moved in a face since it was at rest: its points by the landmark network, and its pixels by optical flow between straightened views.

The network knows what faces usually do and reports less than what happens, brows above all. The pixels have no such habit, but blur,
noise and light disturb them. So both are looked at.
"""

import contextlib
import threading
from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np

from thespis.capture.unwrap import HIGH, UNIT, WIDE, on_view
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
)
from thespis.types import Array, Bytes

RIGID = (10, 67, 109, 338, 297, 103, 332, 168, 6, 197, 195, 5, 33, 133, 362, 263, 127, 356, 234, 454, 93, 323)
"""Points that expressions hardly move: forehead, bridge of the nose, corners of the eyes, temples."""

FLOW_RIGID = (168, 6, 197, 195, 5, 33, 133, 362, 263, 193, 417, 122, 351, 245, 465)
"""Those of them that straightened views show with some texture."""

LOOKED_AT = tuple(
    sorted(
        {
            *LIPS_OUTER, *LIPS_INNER_UPPER, *LIPS_INNER_LOWER, *BROW_LEFT, *BROW_RIGHT,
            *EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER,
            9, 8, 151, 107, 336, 108, 337, 69, 299, 104, 333, 68, 298,  # forehead
            1, 2, 4, 98, 327, 64, 294, 49, 279, 198, 420, 129, 358,  # nose
            50, 280, 101, 330, 205, 425, 187, 411, 117, 346, 118, 347, 119, 348, 120, 349, 203, 423, 206, 426, 207, 427, 216, 436,  # cheeks
            18, 200, 199, 175, 152, 148, 377, 176, 400, 149, 378, 32, 262, 43, 273, 211, 431, 170, 395, 135, 364, 138, 367, 57, 287,  # chin
            # around the lids
            247, 30, 29, 27, 28, 56, 190, 467, 260, 259, 257, 258, 286, 414, 110, 24, 23, 22, 26, 339, 254, 253, 252, 256,
        }
    )
)  # fmt: skip
"""The points whose movement is told to the network that finds the weights."""


ALIKE, UNLIKE = 0.6, 0.3  # correlations of two views from which their flow is fully believed, and up to which it is not at all
MIDDLE = np.s_[8:-8, 16:-16]  # the part of a view that is face on everybody


_own = threading.local()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV to one thread for a while: for pictures as small as views, sharing out takes longer than the work."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(before)


def flow_finder() -> cv2.DISOpticalFlow:
    """Give this thread's optical flow for pictures as small as the views."""
    if not hasattr(_own, "finder"):
        _own.finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        _own.finder.setFinestScale(0)
        _own.finder.setPatchSize(8)
        _own.finder.setPatchStride(4)
        _own.finder.setVariationalRefinementIterations(0)  # two thirds of the time, and hardly better here
    finder: cv2.DISOpticalFlow = _own.finder
    return finder


def evened(view: Bytes) -> Bytes:
    """Take slow changes of light and contrast out of a view (HIGH, WIDE)."""
    grey = view.astype(np.float32)
    local = grey - cv2.GaussianBlur(grey, (0, 0), 12.0)
    spread = np.sqrt(cv2.GaussianBlur(local * local, (0, 0), 16.0)) + 4.0
    return np.asarray(np.clip(128 + 42 * local / spread, 0, 255), np.uint8)


def moved(rest: Bytes, view: Bytes, points: Array) -> tuple[Array, float]:
    """Find where the pixels at points (n, 3) of the view at rest went in another, both evened -> movements (n, 2) in eye distances, trust.

    The trust, 0 to 1, says how alike the views are once the movement is undone.
    """
    field = cv2.blur(flow_finder().calc(rest, view, np.zeros((HIGH, WIDE, 2), np.float32)), (3, 3))
    spots = on_view(points)
    inside = ((spots > 2) & (spots < np.array([WIDE - 3, HIGH - 3]))).all(axis=1)
    at = np.clip(spots, 0, [WIDE - 1, HIGH - 1]).astype(np.float32)
    found = cv2.remap(field, at[:, None, 0], at[:, None, 1], cv2.INTER_LINEAR)[:, 0] / UNIT
    places = field + grid()
    undone = np.asarray(cv2.remap(view, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    trust = float(np.clip((alike(rest[MIDDLE], undone[MIDDLE]) - UNLIKE) / (ALIKE - UNLIKE), 0.0, 1.0))
    return np.asarray(found * inside[:, None], np.float32), trust


def alike(one: Bytes, other: Bytes) -> float:
    """Correlate two views of the same size, 0 where one of them shows nothing."""
    a, b = one.ravel() - float(one.mean()), other.ravel() - float(other.mean())
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


@cache
def grid() -> Array:
    """Give the place of every pixel of a view (HIGH, WIDE, 2)."""
    return np.asarray(np.stack(np.meshgrid(np.arange(WIDE), np.arange(HIGH)), axis=-1), np.float32)


def without_pose(points: Array, movement: Array, firm: Array) -> Array:
    """Take out of movements (n, 2) at points (n, 3) the shift, turn and growth that fit the firm ones (indices) best."""
    places = points[firm, :2] - points[firm, :2].mean(axis=0)
    shift = movement[firm].mean(axis=0)
    away = movement[firm] - shift
    size = float((places * places).sum())
    grow = float((places * away).sum()) / size
    turn = float((places[:, 0] * away[:, 1] - places[:, 1] * away[:, 0]).sum()) / size
    own = points[:, :2] - points[firm, :2].mean(axis=0)
    rigid = shift + grow * own + turn * np.stack([-own[:, 1], own[:, 0]], axis=1)
    return np.asarray(movement - rigid, np.float32)
