"""Thin strands beside a head go along with it, whole; frames, letters and rough walls stay what they are."""

import cv2
import numpy as np
import pytest

from thespis.pixels.strands import Mask, left_over, look_at, put_strands
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit
UNIT = 60.0


def wall_that_darkens() -> Bytes:
    """A wall (240, 240, 3) that is darker to the right."""
    across = np.linspace(220, 150, 240)[None, :, None]
    return np.ascontiguousarray(np.broadcast_to(across, (240, 240, 3)) - np.array([0, 10, 30]), np.uint8)


def head_before(wall: Bytes, *lines: tuple[tuple[int, int], tuple[int, int]]) -> tuple[Bytes, Array, Array]:
    """A dark head before a wall (240, 240, 3), its share (240, 240), and the soft share of thin strands along `lines` beside it."""
    share, hair = np.zeros((240, 240), np.float32), np.zeros((240, 240), np.float32)
    cv2.circle(share, (120, 130), 55, [1.0], -1, cv2.LINE_AA)
    for begin, end in lines:
        cv2.line(hair, begin, end, [1.0])
    hair = np.asarray(cv2.GaussianBlur(hair, (0, 0), 0.7), np.float32)
    both = np.maximum(share, hair)[..., None]
    return np.asarray(wall + (np.array([40.0, 30, 25]) - wall) * both + 0.5, np.uint8), share, hair


def found_beside(picture: Bytes, share: Array, made_up: Mask | None = None) -> Array:
    """Where more than the head and a rim around it is to be filled in (240, 240)."""
    nothing = np.zeros(share.shape, bool) if made_up is None else made_up
    hole = cv2.dilate((share > 0.04).astype(np.float32), np.ones((7, 7), np.uint8))
    return left_over(look_at(picture, share, nothing, UNIT), np.asarray(hole, np.float32), ~nothing, nothing, UNIT)


def test_a_thin_strand_is_found_and_a_frame_that_goes_on_is_not() -> None:
    picture, share, hair = head_before(wall_that_darkens(), ((150, 80), (163, 62)), ((75, 92), (66, 78)))
    outside = cv2.dilate((share > 0).astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert found_beside(picture, share)[(hair > 0.3) & outside].mean() > 0.9
    framed = picture.copy()
    framed[68:71] = 60
    found = found_beside(framed, share)
    assert found[68:71, :58].max() == 0.0 and found[68:71, 175:].max() == 0.0
    # The strand on the other side is found all the same.
    assert found[(hair > 0.3) & outside].mean() > 0.3


def test_letters_and_what_the_pictures_edge_cuts_off_are_no_strands() -> None:
    picture, share, _ = head_before(wall_that_darkens())
    for wide, most in ((6, 0.0), (2, 1.0)):
        written = picture.copy()
        cv2.line(written, (183, 118), (183, 136), (40, 30, 25), wide)
        assert found_beside(written, share)[:, 182:].max() == most
    for colour, most in (((120, 110, 90), 0.0), ((40, 30, 25), 1.0)):
        cut, made_up = picture.copy(), np.zeros(share.shape, bool)
        made_up[:58] = True
        cv2.line(cut, (121, 40), (124, 68), colour, 2)
        found = found_beside(cut, share, made_up)
        assert found[60:66, 121:125].max() == most


def test_a_faint_speck_beside_the_head_is_filled_over_and_a_bold_mark_or_one_farther_away_is_not() -> None:
    picture, share, _ = head_before(wall_that_darkens())
    for colour, across, most in ((20, 185, 1.0), (90, 185, 0.0), (20, 205, 0.0)):
        marked = picture.copy()
        marked[128:131, across : across + 3] += np.uint8(colour)
        assert found_beside(marked, share)[129, across + 1] == most


def test_strands_take_their_share_and_leave_the_picture_as_it_was() -> None:
    wall = wall_that_darkens()
    picture, share, hair = head_before(wall, ((150, 80), (163, 62)))
    colours, alpha, nothing = picture.copy(), share.copy(), np.zeros(share.shape, bool)
    put_strands(picture, wall, look_at(picture, share, nothing, UNIT), np.ones_like(share), alpha, colours)
    beside = cv2.dilate((share > 0).astype(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert np.abs(alpha - hair)[beside].max() < 0.12
    assert alpha[beside & (hair < 0.01)].max() < 0.02
    drawn = wall + (colours.astype(np.float32) - wall) * alpha[..., None]
    assert np.abs(drawn - picture)[beside & (alpha > 0.05)].max() < 6
    # Before another wall it is as dark.
    strand = beside & (hair > 0.35)
    assert np.abs(colours[strand].mean(axis=0) - [40, 30, 25]).max() < 15


def test_before_a_rough_wall_nothing_is_told() -> None:
    rough = np.clip(wall_that_darkens() + np.random.default_rng(0).normal(0, 12, (240, 240, 1)), 0, 255).astype(np.uint8)
    picture, share, _ = head_before(rough, ((150, 80), (163, 62)))
    alpha, colours, nothing = share.copy(), picture.copy(), np.zeros(share.shape, bool)
    wall = look_at(picture, share, nothing, UNIT)
    assert wall.plain.max() == 0.0
    put_strands(picture, rough, wall, np.ones_like(share), alpha, colours)
    assert (alpha == share).all() and (colours == picture).all()
