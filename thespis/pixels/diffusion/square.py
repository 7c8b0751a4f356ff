"""The square around a face that is shown, and the one that a diffusion network draws: eyes and lips stand at the same places in it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER
from thespis.types import Array, Bytes

BROW, CHIN = 10, 152  # the points at the top and the bottom of the face
TALL = 1.4  # the square's side, beside the height from the brow's top to the chin
ABOVE = 0.46  # where the eyes stand, as a share of the side from the top
LINE = (13, 14)  # the points at the middle of the lips' line
STAND = ((-0.255, -0.08), (0.255, -0.08), (0.0, 0.48))
"""Where the eyes and the middle of the lips stand in what a network draws, from -1 to 1: as OpenHead's do in its own square."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Square:
    """A square of a picture, in its pixels: the middle and the length of a side."""

    x: float
    y: float
    side: float

    def scaled(self, factor: float) -> "Square":
        """Give the same square in a picture that is `factor` times as large."""
        return Square((self.x + 0.5) * factor - 0.5, (self.y + 0.5) * factor - 0.5, self.side * factor)

    def inside(self, height: int, width: int) -> "Square":
        """Move the square, and make it smaller where it must be, so that a picture of this size has all of it."""
        side = min(self.side, float(height), float(width))
        x, y = (min(max(at, side / 2 - 0.5), most - side / 2 - 0.5) for at, most in ((self.x, width), (self.y, height)))
        return Square(x, y, side)


def square_of(points: Array) -> Square:
    """Find the square of a face with points (478, 3) in pixels."""
    eyes = points[[*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER], :2].mean(axis=0)
    side = TALL * float(np.linalg.norm(points[CHIN, :2] - points[BROW, :2]))
    return Square(float(eyes[0]), float(eyes[1]) + (0.5 - ABOVE) * side, side)


def cut_square(picture: Bytes, square: Square, side: int, *, exact: bool = False) -> Bytes:
    """Cut a square out of a picture (h, w, 3) or mask (h, w), `side` pixels a side; beyond the edges the picture is repeated."""
    zoom = side / square.side
    matrix = np.array([[zoom, 0, side / 2 - 0.5 - square.x * zoom], [0, zoom, side / 2 - 0.5 - square.y * zoom]], np.float64)
    return cut(picture, matrix, side, exact=exact)


def aligning(points: Array) -> Matrix:
    """Find the matrix (2, 3) that takes a picture's pixels to places from -1 to 1 where the eyes and lips of points (478, 3) STAND."""
    rings = ((*EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER), (*EYE_LEFT_UPPER, *EYE_LEFT_LOWER), LINE)
    found = np.stack([points[list(ring), :2].mean(axis=0) for ring in rings])
    return np.asarray(cv2.getAffineTransform(found.astype(np.float32), np.array(STAND, np.float32)), np.float64)


def onto(matrix: Matrix, side: int) -> Matrix:
    """Turn a matrix to places from -1 to 1 into one to the pixels of `side` x `side`."""
    return matrix * (side / 2) + [[0, 0, side / 2 - 0.5]] * 2


def cut(picture: Bytes, matrix: Matrix, side: int, *, exact: bool = False) -> Bytes:
    """Resample a picture (h, w, 3) or mask (h, w) by a matrix (2, 3) to `side` pixels a side, without losing pixels on the way."""
    if exact:
        return warped(picture, matrix, side, cv2.INTER_NEAREST)
    # Made smaller at once, a picture would lose every second pixel: it is drawn finer first, and then averaged.
    finer = max(int(np.ceil(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2]))))), 1) * 2
    large = warped(picture, matrix * finer + [[0, 0, (finer - 1) / 2]] * 2, side * finer, cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def warped(picture: Bytes, matrix: Matrix, side: int, how: int) -> Bytes:
    """Resample a picture by a matrix (2, 3)."""
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)
