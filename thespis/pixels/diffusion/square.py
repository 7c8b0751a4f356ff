"""The square around a face that a diffusion network draws: the eyes and the mouth always stand at the same places in it."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER
from thespis.types import Array, Bytes

BROW, CHIN = 10, 152  # the points at the top and the bottom of the face
TALL = 1.4  # the square's side, beside the height from the brow's top to the chin
ABOVE = 0.46  # where the eyes stand, as a share of the side from the top


@dataclass(frozen=True)
class Square:
    """A square of a picture, in its pixels: the middle and the length of a side."""

    x: float
    y: float
    side: float

    def scaled(self, factor: float) -> "Square":
        """Give the same square in a picture that is `factor` times as large."""
        return Square((self.x + 0.5) * factor - 0.5, (self.y + 0.5) * factor - 0.5, self.side * factor)


def square_of(points: Array) -> Square:
    """Find the square of a face with points (478, 3) in pixels."""
    eyes = points[[*EYE_LEFT_UPPER, *EYE_LEFT_LOWER, *EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER], :2].mean(axis=0)
    side = TALL * float(np.linalg.norm(points[CHIN, :2] - points[BROW, :2]))
    return Square(float(eyes[0]), float(eyes[1]) + (0.5 - ABOVE) * side, side)


def cut_square(picture: Bytes, square: Square, side: int, *, exact: bool = False) -> Bytes:
    """Cut a square out of a picture (h, w, 3) or mask (h, w), `side` pixels a side; beyond the edges the picture is repeated."""
    zoom = side / square.side
    matrix = np.array([[zoom, 0, side / 2 - 0.5 - square.x * zoom], [0, zoom, side / 2 - 0.5 - square.y * zoom]], np.float64)
    if exact:
        return warped(picture, matrix, side, cv2.INTER_NEAREST)
    # Made smaller at once, a picture would lose every second pixel: it is drawn finer first, and then averaged.
    finer = max(int(np.ceil(1 / zoom)), 1) * 2
    large = warped(picture, matrix * finer + [[0, 0, (finer - 1) / 2]] * 2, side * finer, cv2.INTER_CUBIC)
    return np.asarray(cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def warped(picture: Bytes, matrix: npt.NDArray[np.float64], side: int, how: int) -> Bytes:
    """Resample a picture by a matrix (2, 3)."""
    return np.asarray(cv2.warpAffine(picture, matrix, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)
