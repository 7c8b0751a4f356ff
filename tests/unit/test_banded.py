"""Walls of bands go on behind a head as they are; light that falls off is no band, and what lies across bands is told from them."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from thespis.pixels.along import along_bands, of_bands
from thespis.pixels.banded import banded
from thespis.pixels.behind import go_on
from thespis.pixels.strands import Mask, look_at, put_strands
from thespis.pixels.tangled import strips
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit
UNIT = 60.0
SIDES = (300, 320)
MIDDLE, REACH = (160, 150), 62


def corrugated(grain: float = 0.0, level: bool = False) -> Bytes:
    """A wall of sharp-edged upright or level bands with so much `grain` (300, 320, 3)."""
    rng, along = np.random.default_rng(5), SIDES[0] if level else SIDES[1]
    shades = np.where(np.arange(along) // 14 % 2 > 0, 190.0, 130.0)
    wall = np.broadcast_to(shades[:, None] if level else shades, SIDES) + grain * rng.standard_normal(SIDES)
    return np.ascontiguousarray(np.broadcast_to(np.clip(wall, 0, 255)[..., None], (*SIDES, 3)), np.uint8)


def head() -> Array:
    """The share (300, 320) of a head in the middle."""
    return np.asarray(cv2.circle(np.zeros(SIDES, np.float32), MIDDLE, REACH, [1.0], -1), np.float32)


def before(wall: Bytes, share: Array) -> Bytes:
    """A dark head before a wall (300, 320, 3)."""
    return np.asarray(wall + (np.array([40.0, 30, 25]) - wall) * share[..., None] + 0.5, np.uint8)


def outside(share: Array, pixels: int) -> Mask:
    """What lies at least so many pixels beside a head (300, 320)."""
    return cv2.dilate(share, np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)) <= 0


@pytest.mark.parametrize("level", [False, True])
def test_bands_are_known_behind_a_head(level: bool) -> None:
    wall, share = corrugated(4.0, level), head()
    found = banded(before(wall, share), outside(share, 3), UNIT)
    assert found is not None and found.share[share > 0].min() > 0.7
    clean = corrugated(0.0, level)
    inner = np.median(clean.astype(int), axis=1 if level else 0)
    edges = np.abs(np.gradient(inner[:, 0])) > 0
    flat = np.broadcast_to(~edges[:, None] if level else ~edges, SIDES)
    assert np.abs(found.along.astype(int) - clean)[flat & (share > 0)].max() <= 8


def test_what_has_no_bands_has_none() -> None:
    share, rng = head(), np.random.default_rng(2)
    across = np.linspace(60, 220, SIDES[1])[None, :, None] + np.zeros((*SIDES, 3))
    rough = 140 + 25 * rng.standard_normal((*SIDES, 1)) + np.zeros((*SIDES, 3))
    checks = np.indices(SIDES).sum(axis=0)[..., None] // 20 % 2 * 60.0 + 100 + np.zeros((*SIDES, 3))
    for wall in (np.full((*SIDES, 3), 150.0), across, rough, checks):
        assert banded(before(np.asarray(np.clip(wall, 0, 255), np.uint8), share), outside(share, 3), UNIT) is None


def test_a_wall_all_of_which_is_hidden_has_none() -> None:
    assert banded(corrugated(), np.zeros(SIDES, bool), UNIT) is None


def test_a_frame_behind_a_head_goes_on_straight() -> None:
    wall = np.full((*SIDES, 3), 200, np.uint8)
    wall[:, 100:112] = 60
    share = head()
    picture, nothing = before(wall, share), np.zeros(SIDES, bool)
    first = look_at(picture, share, nothing, UNIT)
    seen = along_bands(first, picture, nothing, UNIT)
    assert first.behind[150, 103:109].min() > 120 and np.abs(seen.behind[150, 103:109].astype(int) - 60).max() <= 12
    plate = go_on(picture, ~outside(share, 3), nothing, UNIT, seen.bands)
    assert np.abs(plate[:, 103:109].astype(int) - 60).max() <= 22 and plate[:, 90:97].min() >= 185
    # Dark as hair as it is, it is none of the head's.
    assert of_bands(seen)[5:80, 98:114].all() and not of_bands(first).any()


def test_strands_before_rough_bands_go_along_and_the_bands_between_them_stay() -> None:
    grain = cv2.GaussianBlur(np.random.default_rng(3).standard_normal(SIDES).astype(np.float32), (0, 0), 1.0)
    share, nothing = head(), np.zeros(SIDES, bool)
    bare = before(np.asarray(np.clip(corrugated() + 20 * grain[..., None], 0, 255), np.uint8), share)
    picture = bare.copy()
    for row in range(118, 180, 6):
        cv2.ellipse(picture, (226, row), (16, 9), 30, 180, 300, [40, 30, 25], 1)
    hair = (np.abs(picture.astype(int) - bare).max(axis=2) > 20) & outside(share, 4)
    for shown, most in ((bare, 0.0), (picture, 1.0)):
        first = look_at(shown, share, nothing, UNIT)
        again = along_bands(first, shown, nothing, UNIT)
        whole, strands = strips((first, again), nothing, np.ones_like(share), UNIT)
        assert whole.max() == 0.0 and strands.max() == most
    assert strands[hair].min() > 0.9 and strands[:, 275:].max() == 0.0
    alpha, colours = share.copy(), picture.copy()
    put_strands(picture, corrugated(), replace(again, plain=np.ones_like(again.plain)), strands, alpha, colours)
    between = (strands > 0.9) & ~cv2.dilate(hair.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & outside(share, 6)
    assert alpha[hair].mean() > 0.35 and alpha[between].mean() < 0.03
