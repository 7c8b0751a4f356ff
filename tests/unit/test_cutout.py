"""What belongs to the person: hands beside the head do not, guesses are not believed, and a plain rim stays the picture's own."""

import numpy as np
import pytest

from thespis.pixels.cutout import DOUBTFUL, connected, plain_rim, unsure
from thespis.types import Array

pytestmark = pytest.mark.unit


def disc(x: float, y: float, radius: float, soft: float = 1.0) -> Array:
    """A share (100, 160) that is 1 within a circle and falls to 0 over `soft` pixels."""
    rows, columns = np.mgrid[0:100, 0:160].astype(np.float32)
    return np.asarray(np.clip((radius - np.hypot(columns - x, rows - y)) / soft + 0.5, 0, 1), np.float32)


def test_what_does_not_hang_together_with_the_face_stays_where_it_is() -> None:
    head, hand = disc(50, 50, 30), disc(130, 60, 15)
    face = (disc(50, 55, 15) > 0.5).astype(np.uint8)
    kept = connected(np.maximum(head, hand), face)
    assert np.abs(kept - head).max() < 1e-6


def test_a_wide_soft_edge_is_a_guess() -> None:
    assert unsure(disc(60, 50, 30, 2.0), 40.0) < DOUBTFUL < unsure(disc(60, 50, 25, 30.0), 40.0)


def test_a_rim_in_the_colour_of_the_wall_is_the_picture() -> None:
    head = disc(60, 50, 25)
    picture = np.full((100, 160, 3), 180, np.uint8)
    picture[head > 0.5] = 40
    picture[45:50, 85:89] = 60  # a lock beyond the edge
    hole = disc(60, 50, 30)
    left = plain_rim(picture, head, hole)
    assert left[50, 60] == 1.0
    assert left[22, 60] < 0.2 < 0.8 < left[47, 87]
