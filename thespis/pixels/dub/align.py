"""Squares in which a face always stands at the same place, the part of them that is painted anew, and its way back into the frame."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from thespis.pixels.dub.lip_shape import LipShape
from thespis.types import Array, Bytes

LEFT_BROW, RIGHT_BROW = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55], [300, 293, 334, 296, 336, 276, 283, 282, 295, 285]
NOSE = [1, 4, 98, 327, 2]
FINE = 256  # pixels a side of the soft mask
EDGE = 0.06  # of the square, over which what was painted fades into the frame
SHARP, BLURRED = 10.0, 34.0  # grey levels of change below which the frame's own detail stays, and above which none of it does
SPREAD = 0.03  # of the square, over which change is looked at


@dataclass(frozen=True, eq=False)
class Aligned:
    """A square of `side` pixels of a frame; `matrix` (2, 3) carries pixels of the frame to its own."""

    side: int
    matrix: npt.NDArray[np.float64]

    def cut(self, frame: Bytes) -> Bytes:
        """Cut it (side, side, 3) out of a frame (h, w, 3); beyond the edges the frame is repeated."""
        shrunk = 1 / float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))
        fine = max(int(np.ceil(shrunk)), 1)
        matrix = self.matrix * fine + np.array([[0, 0, (fine - 1) / 2]] * 2)
        size = (self.side * fine, self.side * fine)
        large = cv2.warpAffine(frame, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(large if fine == 1 else cv2.resize(large, (self.side, self.side), interpolation=cv2.INTER_AREA), np.uint8)

    def corners(self) -> npt.NDArray[np.float64]:
        """Find the corners (4, 2) in pixels of the frame."""
        marks = np.array([[0, 0], [self.side, 0], [0, self.side], [self.side, self.side]], np.float64) - 0.5
        return np.asarray((marks - self.matrix[:, 2]) @ np.linalg.inv(self.matrix[:, :2]).T, np.float64)


def aligned(points: Array, shape: LipShape) -> Aligned:
    """Find the square of a face with points (478, 3): the similarity that brings brows and nose nearest to their places."""
    found = np.stack([points[group, :2].mean(axis=0) for group in (LEFT_BROW, RIGHT_BROW, NOSE)]).astype(np.float64)
    wanted = np.array(shape.anchors) * [shape.side, shape.side * shape.tall]
    one, two = found - found.mean(axis=0), wanted - wanted.mean(axis=0)
    # The best turn and scale of points in the plane, as a complex number.
    turn = ((two[:, 0] + 1j * two[:, 1]) * (one[:, 0] - 1j * one[:, 1])).sum() / max((one**2).sum(), 1e-9)
    matrix = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    shift = wanted.mean(axis=0) - matrix @ found.mean(axis=0)
    whole = np.concatenate([matrix, shift[:, None]], axis=1)
    whole[1] /= shape.tall
    # Places count from the edge of the square, pixels from their middles.
    whole[:, 2] += whole[:, :2].sum(axis=1) / 2 - 0.5
    return Aligned(shape.side, whole)


@lru_cache(maxsize=8)
def painted(shape: LipShape, side: int) -> Array:
    """Tell which pixels (side, side) of the square are painted anew: 1 inside the outline, 0 outside."""
    made = np.zeros((side, side), np.float32)
    corners = np.round(np.array(shape.outline) * side * 16 - 8).astype(np.int32)
    cv2.fillPoly(made, [corners], (1.0,), shift=4)
    return made


@lru_cache(maxsize=8)
def softened(shape: LipShape) -> Array:
    """Give the share (FINE, FINE) of what was painted in the frame: nothing on the outline, all a little within."""
    room = round(FINE * EDGE)
    inside = painted(shape, FINE)
    # At the lower edge of the square the outline ends because the square does.
    inside = np.pad(inside, room, mode="constant")
    inner = cv2.erode(inside, np.ones((room, room), np.uint8))
    return np.ascontiguousarray(
        cv2.GaussianBlur(inner, (0, 0), room / 3)[room:-room, room:-room] * inside[room:-room, room:-room], np.float32
    )


def pasted(
    frame: Bytes, square: Aligned, before: Bytes, made: Bytes, shape: LipShape, share: float, *, keep: bool, flow: Array | None = None
) -> None:
    """Put what was painted into a frame (h, w, 3), in place: `before` and `made` (side, side, 3) are the square as it was and as it is.

    With `keep` the frame's own detail stays where little changed: there the change alone is laid over it. Where `before` was moved by
    a `flow` (side, side, 2), the frame's own detail goes with it.
    """
    height, width = frame.shape[:2]
    corners = square.corners()
    left, top = (max(int(np.floor(edge)), 0) for edge in corners.min(axis=0))
    right, bottom = min(int(np.ceil(corners[:, 0].max())) + 1, width), min(int(np.ceil(corners[:, 1].max())) + 1, height)
    if right - left < 2 or bottom - top < 2:
        return
    back = np.linalg.inv(np.vstack([square.matrix, [0, 0, 1]]))[:2]
    back[:, 2] -= [left, top]
    size = (right - left, bottom - top)
    finer = square.side / FINE
    zoomed = np.stack([back[:, 0] * finer, back[:, 1] * finer, back[:, :2].sum(axis=1) * (finer - 1) / 2 + back[:, 2]], axis=1)

    def shown(picture: Array, matrix: npt.NDArray[np.float64]) -> Array:
        return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)

    mask = cv2.warpAffine(softened(shape), zoomed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)[..., None] * share
    own = frame[top:bottom, left:right].astype(np.float32)
    drawn = shown(made.astype(np.float32), back)
    if keep:
        own_there = own if flow is None else carried(frame, shown(flow, back) @ np.linalg.inv(square.matrix[:, :2]).T, left, top)
        change = made.astype(np.float32) - before
        much = cv2.GaussianBlur(np.abs(change).max(axis=2), (0, 0), max(SPREAD * square.side, 0.5))
        plain = np.clip((shown(much, back)[..., None] - SHARP) / (BLURRED - SHARP), 0, 1)
        drawn = plain * drawn + (1 - plain) * (own_there + shown(change, back))
    frame[top:bottom, left:right] = np.clip(np.round(own + mask * (drawn - own)), 0, 255).astype(np.uint8)


def carried(frame: Bytes, flow: npt.NDArray[np.float64], left: int, top: int) -> Array:
    """Take the part of a frame (h, w, 3) whose corner is at `left` and `top` from where a flow (rows, columns, 2) in its pixels says."""
    down, across = np.mgrid[top : top + flow.shape[0], left : left + flow.shape[1]]
    places = (np.stack([across, down], axis=-1) + flow).astype(np.float32)
    return np.asarray(cv2.remap(frame, places, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)  # type: ignore[call-overload]
