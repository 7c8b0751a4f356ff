"""What a head hides of its background goes on from what is seen of it: lines as lines, and plain walls without an edge."""

import cv2
import numpy as np
import pytest

from thespis.pixels import behind
from thespis.pixels.behind import go_on
from thespis.pixels.patches import HALF, Mask, continued, on_whole
from thespis.types import Bytes

pytestmark = pytest.mark.unit
UNIT = 60.0


def holed(picture: Bytes) -> tuple[Bytes, Mask]:
    """Hide a disc as large as a head of a picture (240, 300, 3), and say where (240, 300)."""
    hole = np.zeros(picture.shape[:2], np.uint8)
    cv2.circle(hole, (150, 130), 65, (1,), -1)
    hidden = picture.copy()
    hidden[hole > 0] = (255, 0, 255)
    return hidden, hole > 0


def filled(picture: Bytes) -> tuple[Bytes, Mask]:
    """Fill in what is hidden of a picture -> it, and where a head may lay it open."""
    hidden, hole = holed(picture)
    made = go_on(hidden, hole, np.zeros_like(hole), UNIT)
    assert np.array_equal(made[~hole], picture[~hole])
    return made, hole & (cv2.distanceTransform(hole.astype(np.uint8), cv2.DIST_L2, 5) < 0.5 * UNIT)


def shelves() -> Bytes:
    """Shelves (240, 300, 3) from side to side, each 12 pixels high."""
    picture = np.full((240, 300, 3), (120, 60, 40), np.uint8)
    for top in range(20, 240, 50):
        picture[top : top + 12] = (230, 220, 190)
    return picture


def test_shelves_go_on_behind_a_head() -> None:
    made, bared = filled(shelves())
    off = np.abs(made.astype(int) - shelves()).max(axis=2)[bared]
    assert (off < 30).mean() > 0.85


def test_a_wall_that_darkens_to_one_side_has_no_edge() -> None:
    y, x = np.mgrid[0:240, 0:300]
    wall = np.repeat((60 + 0.5 * x + 0.1 * y)[..., None], 3, axis=2).astype(np.uint8)
    made, bared = filled(wall)
    assert np.abs(made.astype(int) - wall).max(axis=2)[bared].max() < 20
    steps = np.abs(np.diff(made.astype(int), axis=1)).max(axis=2)
    assert steps[bared[:, 1:] & bared[:, :-1]].max() <= 5


def test_pieces_come_from_what_is_known_alone() -> None:
    whole = np.zeros((40, 60), bool)
    whole[5:20, 5:30] = True
    guess = np.random.default_rng(0).uniform(-30, 90, (40, 60, 2))
    at = on_whole(guess, whole)
    assert whole[at[..., 0], at[..., 1]].all()
    inside = np.mgrid[5:20, 5:30].transpose(1, 2, 0).astype(float)
    assert np.array_equal(on_whole(np.pad(inside, ((5, 20), (5, 30), (0, 0))), whole)[5:20, 5:30], inside)


def test_a_picture_in_which_no_piece_is_whole_stays() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    hole = np.ones((64, 64), bool)
    hole[::HALF] = False
    nowhere = np.zeros((64, 64), np.float32)
    assert np.array_equal(continued(picture, hole, ~hole, nowhere, nowhere), picture)


def test_where_no_piece_fits_quite_the_colours_beside_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    wall = np.full((240, 300, 3), (120, 110, 220), np.uint8)
    stripes = (np.arange(300) // 4 % 2 * 20 - 13).astype(int)
    misfit = np.asarray(wall + np.repeat(np.repeat(stripes[None, :, None], 240, axis=0), 3, axis=2), np.uint8)
    monkeypatch.setattr(behind, "continued", lambda picture, hole, *_: np.where(hole[..., None], misfit, picture))
    made, bared = filled(wall)
    apart = made.astype(int) - wall
    # Pieces of a wall of nearly the same colour keep their pattern and lose the rest of theirs.
    assert np.abs(apart[bared].mean(axis=0)).max() < 1
    assert np.abs(apart[bared]).max() < 25
    assert made[bared].std(axis=0).min() > 7


def test_where_pieces_are_of_another_place_the_edge_is_mirrored(monkeypatch: pytest.MonkeyPatch) -> None:
    sky = np.full((240, 300, 3), (200, 220, 255), np.uint8)
    monkeypatch.setattr(behind, "continued", lambda picture, hole, *_: np.where(hole[..., None], sky, picture))
    # Beside the disc what lies beyond its edge mirrors as it goes on; above it, it mirrors upside down.
    made, bared = filled(shelves())
    beside = bared.copy()
    beside[:105], beside[155:] = False, False
    off = np.abs(made.astype(int) - shelves()).max(axis=2)
    assert (off[beside] < 40).mean() > 0.8
    near = beside & (cv2.distanceTransform(holed(shelves())[1].astype(np.uint8), cv2.DIST_L2, 5) < 5)
    assert off[near].mean() < 15
