"""What hangs out of a person before a wall: locks and earrings go with the head, what the wall has elsewhere too stays on it."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from thespis.pixels.locks import between, lines, locks, strokes
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit


def hanging_out(wall: Bytes) -> tuple[Bytes, Array]:
    """A dark head before a wall (160, 160, 3), with a lock of hair that its share (160, 160) misses."""
    picture, share = wall.copy(), np.zeros((160, 160), np.float32)
    cv2.circle(picture, (80, 80), 40, (40, 30, 20), -1)
    cv2.circle(share, (80, 80), 40, (1.0,), -1)
    cv2.line(picture, (110, 108), (122, 118), (40, 30, 20), 3)
    return picture, share


def test_a_lock_before_a_plain_wall_goes_with_the_head() -> None:
    picture, share = hanging_out(np.full((160, 160, 3), 200, np.uint8))
    found = locks(picture, share, np.zeros(share.shape, bool), 60.0)
    assert found[114, 117] > 0.9
    assert found[20, 20] == 0.0 and found[60, 128] < 0.05


def test_what_goes_on_behind_the_head_is_no_lock() -> None:
    wall = np.full((160, 160, 3), 200, np.uint8)
    wall[:, 118:126] = 90  # the edge of a door
    picture, share = hanging_out(wall)
    assert locks(picture, share, np.zeros(share.shape, bool), 60.0)[20:95, 122:126].max() < 0.2
    leaves = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    picture, share = hanging_out(leaves)
    cv2.line(share, (110, 108), (122, 118), (1.0,), 3)
    near = cv2.dilate(share, np.ones((7, 7), np.uint8)) > 0
    picture, share = hanging_out(leaves)
    assert locks(picture, share, np.zeros(share.shape, bool), 60.0)[~near].max() < 0.1


def test_a_shadow_on_the_wall_is_no_lock() -> None:
    wall = np.full((160, 160, 3), 200, np.uint8)
    cv2.circle(wall, (112, 60), 14, (150, 150, 150), -1)
    nothing = np.zeros(wall.shape[:2], bool)
    sharp, soft = (hanging_out(each) for each in (wall, cv2.GaussianBlur(wall, (0, 0), 5)))
    assert locks(*sharp, nothing, 60.0)[60, 122] > 0.9
    assert locks(*soft, nothing, 60.0)[60, 118:].max() < 0.15
    # What hangs before a shadow still hangs.
    assert locks(*soft, nothing, 60.0)[114, 117] > 0.9


def striped() -> Bytes:
    """A wall (160, 160, 3) of boards in two colours, with a line between any two."""
    across = np.arange(160) // 12 % 2
    wall = np.where(across[None, :, None] == 0, np.array([120, 150, 170]), np.array([200, 190, 150])).repeat(160, axis=0).astype(np.uint8)
    wall[:, ::12] = 90
    return np.ascontiguousarray(cv2.GaussianBlur(wall, (3, 3), 0))


def test_an_earring_before_a_wall_that_varies_goes_with_the_head_and_the_wall_does_not() -> None:
    picture, share = hanging_out(striped())
    cv2.circle(picture, (124, 84), 6, (30, 190, 60), 2)
    found = locks(picture, share, np.zeros(share.shape, bool), 60.0)
    earring = np.zeros(share.shape, np.uint8)
    cv2.circle(earring, (124, 84), 6, (1,), 2)
    assert found[earring > 0].mean() > 0.75
    assert found[114, 117] > 0.8
    beside = cv2.dilate(np.maximum(earring, (share > 0).astype(np.uint8)), np.ones((9, 9), np.uint8)) == 0
    beside[100:125, 105:130] = False
    assert found[beside].max() < 0.3


def test_a_lamp_out_of_focus_beside_the_head_stays_where_it_is() -> None:
    leaves = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 150, (160, 160, 3), np.uint8), (0, 0), 1.0)
    picture, share = hanging_out(leaves)
    lamp = np.zeros(picture.shape, np.uint8)
    cv2.circle(lamp, (134, 66), 12, (255, 240, 200), -1)
    picture = cv2.add(picture, cv2.GaussianBlur(lamp, (0, 0), 3))
    assert locks(picture, share, np.zeros(share.shape, bool), 60.0)[50:84, 124:].max() < 0.2


def test_the_straight_edge_of_a_frame_is_no_hair() -> None:
    found = np.zeros((160, 160), bool)
    found[30:32, 20:100] = True
    curl = np.zeros((160, 160), np.uint8)
    cv2.ellipse(curl, (80, 110), (40, 25), 0.0, 0.0, 200.0, (1,), 2)
    marked = lines(found | (curl > 0), 60.0)
    assert marked[found].all() and not marked[curl > 0].any()


def test_a_strand_that_bows_is_hair_and_a_broken_board_is_a_line() -> None:
    strand, board = (np.zeros((160, 160), np.uint8) for _ in range(2))
    cv2.ellipse(strand, (60, 60), (5, 26), 0.0, -70.0, 70.0, (1,), 1)
    cv2.line(board, (20, 120), (90, 120), (1,), 2)
    cv2.line(board, (30, 116), (70, 116), (1,), 1)
    board[116:120, 40:44] = 1
    marked = lines((strand | board) > 0, 60.0)
    assert marked[board > 0].all() and not marked[strand > 0].any()


def faint_strand(wall: Bytes) -> tuple[Bytes, Array, npt.NDArray[np.bool_]]:
    """A dark head before a wall (160, 160, 3), its share (160, 160), and where a strand hangs out of it that the wall shows through."""
    strand = np.zeros((160, 160), np.uint8)
    cv2.ellipse(strand, (104, 92), (26, 30), 0.0, -50.0, 60.0, (255,), 1, cv2.LINE_AA)
    soft = cv2.GaussianBlur(strand, (3, 3), 0.6).astype(np.float32)[..., None] / 255
    picture, share = hanging_out(np.asarray(wall * (1 - 0.3 * soft) + 0.5, np.uint8))
    away = cv2.dilate((share > 0).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    return picture, share, (strand > 150) & away


def test_thin_strands_before_a_plain_wall_go_with_the_head() -> None:
    wall = np.full((160, 160, 3), 170, np.uint8)
    # A wall darkens to one side, and has a grain.
    wall -= np.linspace(0, 40, 160).astype(np.uint8)[None, :, None]
    wall += np.random.default_rng(0).integers(0, 4, wall.shape, np.uint8)
    picture, share, strand = faint_strand(wall)
    nothing = np.zeros(share.shape, bool)
    found = locks(picture, share, nothing, 60.0)
    assert strand.sum() > 30
    assert (found[strand] > 0.2).mean() > 0.8
    around = cv2.dilate(strand.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    beside = cv2.dilate((share > 0).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    beside[100:125, 105:130] = True
    assert found[~around & ~beside].max() < 0.1


def test_letters_and_what_hangs_from_nothing_are_no_strands() -> None:
    inside, letter, strand, loose = (np.zeros((160, 160), np.uint8) for _ in range(4))
    cv2.circle(inside, (80, 80), 40, (1,), -1)
    cv2.circle(letter, (26, 66), 12, (1,), 8)
    cv2.ellipse(strand, (104, 92), (26, 30), 0.0, -50.0, 60.0, (1,), 1)
    cv2.line(loose, (20, 20), (30, 40), (1,), 1)
    beside = cv2.dilate(inside, np.ones((7, 7), np.uint8)) == 0
    found = strokes((letter | strand | loose) > 0, inside > 0, beside, 60.0)
    apart = (strand > 0) & beside
    assert found[apart].all() and not found[loose > 0].any()
    assert found[letter > 0].mean() < 0.1


def test_where_two_colours_of_a_wall_meet_there_is_nothing_but_wall() -> None:
    picture = np.full((20, 30, 3), 40, np.uint8)
    picture[:, 15:] = 200
    soft, wall = np.asarray(cv2.GaussianBlur(picture, (3, 3), 0), np.uint8), np.ones((20, 30), bool)
    wall[:, 13:17] = False
    assert between(soft, wall)[:, 13:17].all()
    wall[:, 17:] = False
    assert not between(soft, wall)[:, 15:17].any()
