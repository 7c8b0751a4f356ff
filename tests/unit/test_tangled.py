"""Dense strands before a rough wall go along with the strip of wall between them; plain walls, busy ones and edges are left alone."""

import cv2
import numpy as np
import pytest

from thespis.pixels.strands import look_at
from thespis.pixels.tangled import put_strip, tangled
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit
UNIT = 60.0
BESIDE = np.s_[105:150, 178:196]  # where the strands are


def head_before(
    grain: float, boards: float = 0.0, dark: float = 40.0, strands: bool = True, everywhere: bool = False
) -> tuple[Bytes, Array]:
    """A dark head before a wall of so much `grain` (240, 300, 3), with `boards` that are so much brighter, and its share."""
    rng = np.random.default_rng(3)
    wall = 150 + grain * cv2.GaussianBlur(rng.standard_normal((240, 300)).astype(np.float32), (0, 0), 1.0)
    wall[:, 196:212] += boards
    wall[:, 228:244] += boards
    if strands:
        for row in range(100, 156, 5):
            for begin in range(170, 290, 30) if everywhere else (170,):
                cv2.line(wall, (begin, row), (begin + 24, row + 6), [dark], 1)
    cv2.circle(wall, (120, 130), 55, [35.0], -1)
    share = cv2.circle(np.zeros((240, 300), np.float32), (120, 130), 55, [1.0], -1)
    return np.ascontiguousarray(np.broadcast_to(np.clip(wall, 0, 255)[..., None], (240, 300, 3)), np.uint8), np.asarray(share, np.float32)


def strip_of(picture: Bytes, share: Array) -> Array:
    """How much of each pixel beside the head goes along as a strip (240, 300)."""
    nothing = np.zeros(share.shape, bool)
    return tangled(look_at(picture, share, nothing, UNIT), nothing, np.ones_like(share), UNIT)


def test_strands_before_a_rough_wall_take_the_strip_between_them_along() -> None:
    found = strip_of(*head_before(grain=25.0))
    assert found[BESIDE].min() == 1.0
    # It fades, and ends before the wall farther out.
    assert found[128, 205] > 0 and np.abs(np.diff(found[128, 190:])).max() < 0.25 and found[:, 220:].max() == 0.0


def test_no_strip_without_strands_before_a_plain_wall_or_one_as_busy_itself() -> None:
    for picture, share in (head_before(25.0, strands=False), head_before(0.0), head_before(25.0, everywhere=True)):
        assert strip_of(picture, share).max() == 0.0


def test_a_strip_whose_end_would_tear_an_edge_of_the_wall_is_left() -> None:
    for boards, most in ((0.0, 1.0), (90.0, 0.0)):
        assert strip_of(*head_before(25.0, boards, dark=105.0)).max() == most


def test_a_strip_leaves_the_picture_as_it_was() -> None:
    picture, share = head_before(25.0)
    plate = np.full_like(picture, 150)
    alpha, colours, strip = share.copy(), picture.copy(), strip_of(picture, share)
    put_strip(picture, plate, strip, alpha, colours)
    assert np.abs(alpha - np.maximum(strip, share)).max() <= 0.01
    drawn = plate + (colours.astype(np.float32) - plate) * alpha[..., None]
    soft = (strip > 0.5) & (share == 0)
    assert soft.any() and np.abs(drawn - picture)[soft].mean() < 1.0
