"""Cut a head out of the frames of a piece: one level square for all of them, framed like the portraits that Thespis draws."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import angles, fit_pose
from thespis.capture.sighting import Sighting
from thespis.types import Array, Bytes

Doubles = npt.NDArray[np.float64]
AROUND, LEAST = 2.25, 1.5  # heights of the face in a square, and at least, where the picture ends nearby
ROOMY = 1.12  # of what the face needs while it moves
HIGH = 0.47, 0.42  # the line so far down the square stands on the one so far down from brow to chin
BROW, CHIN = 10, 152
LEVEL = 0.03  # radians of tilt up to which the square is kept within the picture
STEPS = 6  # widths that are tried
BEYOND, MARKS = 0.01, 33  # share of a square that may show what is beyond the picture, and on how many marks a side that is told


@dataclass(frozen=True, eq=False)
class Square:
    """Where a square of `side` pixels is cut: `matrix` (2, 3) carries picture pixels to its own; `shrunk` is how many become one."""

    side: int
    matrix: Array
    shrunk: float

    def place(self, points: Array) -> Array:
        """Carry points (n, 3) in picture pixels to pixels of the square; depth is scaled along."""
        moved = points[:, :2] @ self.matrix[:, :2].T + self.matrix[:, 2]
        return np.asarray(np.concatenate([moved, points[:, 2:] / self.shrunk], axis=1), np.float32)

    def cut(self, picture: Bytes) -> Bytes:
        """Cut the square (side, side, 3) out of a picture; what lies beyond its edge repeats the edge."""
        if self.shrunk < 2:
            return self._warped(picture, self.matrix)
        # A larger face is averaged on the way, or single pixels of it would be picked out.
        fine = int(np.ceil(self.shrunk))
        large = self._warped(picture, (self.matrix * fine) + np.array([[0, 0, (fine - 1) / 2]] * 2, np.float32), fine)
        return np.asarray(cv2.resize(large, (self.side, self.side), interpolation=cv2.INTER_AREA), np.uint8)

    def _warped(self, picture: Bytes, matrix: Array, fine: int = 1) -> Bytes:
        size = (self.side * fine, self.side * fine)
        return np.asarray(cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def square_around(sightings: Sequence[Sighting], picture: tuple[int, int], side: int) -> Square:
    """Choose the square for a piece whose face is at `sightings`, in a picture of (width, height) pixels.

    The widest level one that shows next to nothing beyond the picture's edge, else an upright one, else what shows least of it.
    """
    points = np.stack([each.points[:468, :2] for each in sightings]).astype(np.float64)
    roll = np.radians(np.median([angles(fit_pose(each.points)[0])[2] for each in sightings]))
    best: tuple[float, Square] | None = None
    for angle in dict.fromkeys((float(roll), 0.0)):
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        for width, corner in windows(points @ turn.T, picture, fixed=abs(angle) > LEVEL):
            scale = side / width
            matrix = np.concatenate([turn * scale, (-corner * scale)[:, None]], axis=1)
            # Pixels are counted at their middles.
            matrix[:, 2] += (matrix[:, :2].sum(axis=1) - 1) / 2
            outside = beyond(matrix, side, picture)
            if best is None or outside < best[0]:
                best = outside, Square(side, matrix.astype(np.float32), 1 / scale)
            if outside <= BEYOND:
                return best[1]
    assert best is not None
    return best[1]


def windows(points: Doubles, picture: tuple[int, int], *, fixed: bool) -> Iterator[tuple[float, Doubles]]:
    """Give widths, from the best one downwards, and the left upper corner (2,) of squares around level points (frames, 468, 2).

    Unless they are `fixed`, as tilted ones are, they are moved into the picture.
    """
    tall = float(np.median(np.ptp(points[:, :, 1], axis=1)))
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    needed = max(LEAST * tall, ROOMY * float((high - low).max()))
    brow, chin = (float(np.median(points[:, point, 1])) for point in (BROW, CHIN))
    for width in np.linspace(max(AROUND * tall, needed), needed, STEPS).tolist():
        corner = np.array([(low[0] + high[0] - width) / 2, brow + HIGH[1] * (chin - brow) - HIGH[0] * width])
        # Nothing of the face is cut off, even where it moved far.
        edge = (ROOMY - 1) / 2 * width
        corner[1] = min(max(corner[1], high[1] + edge - width), low[1] - edge)
        room = np.array(picture) - width
        yield width, corner if fixed else np.where(room >= 0, np.clip(corner, 0, np.maximum(room, 0)), room / 2)


def beyond(matrix: Doubles, side: int, picture: tuple[int, int]) -> float:
    """Tell what share of a square lies beyond the edge of a picture of (width, height) pixels."""
    marks = np.linspace(0, side - 1, MARKS)
    grid = np.stack(np.meshgrid(marks, marks), axis=-1).reshape(-1, 2)
    there = (grid - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return float(((there < -1) | (there > picture)).any(axis=1).mean())
