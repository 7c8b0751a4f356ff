"""What is drawn finer than the network draws, and the faces of the stage that it learns from."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.data.faces import SWAYS, page, read_faces, swaying, write_faces
from thespis.data.stage import StageSettings
from thespis.errors import MediaError
from thespis.motion.spaces.face import FACE
from thespis.pixels.diffusion.detail import finer, shown
from thespis.types import Track

pytestmark = pytest.mark.unit
WHOLE = np.array([[2 / 32, 0, 1 / 32 - 1], [0, 2 / 32, 1 / 32 - 1]])
"""The matrix of a picture of 32 pixels that is the whole square of a network."""


def home(side: int) -> np.ndarray:
    """Where the pixels of a picture are that does not move (1, side, side, 2)."""
    ends = (np.arange(side) + 0.5) * 2 / side - 1
    return np.stack(np.meshgrid(ends, ends, indexing="xy"), axis=-1)[None].astype(np.float32)


def test_finer_keeps_what_does_not_move_and_tells_the_change_apart() -> None:
    portrait = np.random.default_rng(0).integers(60, 200, (32, 32, 3)).astype(np.uint8)
    small = np.zeros((1, 3, 8, 8), np.float32)
    inside = (slice(4, 28), slice(4, 28))
    (still,) = finer(portrait, home(8), small, WHOLE)
    np.testing.assert_allclose(still.frame[inside], portrait[inside], atol=1)
    assert np.abs(still.over).max() == 0
    (brighter,) = finer(portrait, home(8), small + 10 / 127.5, WHOLE)
    np.testing.assert_array_equal(brighter.frame, still.frame)
    np.testing.assert_allclose(brighter.over[6:26, 6:26], 10, atol=1e-3)


def test_finer_carries_pixels() -> None:
    portrait = np.zeros((32, 32, 3), np.uint8)
    portrait[:, 16:18] = 255
    small = np.zeros((1, 3, 8, 8), np.float32)
    moved = next(finer(portrait, home(8) + np.array([4 / 16, 0], np.float32), small, WHOLE)).frame[16, :, 0]
    assert moved[12:14].min() == 255  # what is seen at a place was four pixels to its right
    assert moved[16:18].max() == 0


def test_finer_moves_pixels_of_a_tilted_face_along_the_face() -> None:
    portrait = np.zeros((32, 32, 3), np.uint8)
    portrait[16:18] = 255
    small, quarter = np.zeros((1, 3, 8, 8), np.float32), np.array([[0, 1, 0], [-1, 0, 0]], np.float64) @ np.vstack([WHOLE, [0, 0, 1]])
    moved = next(finer(portrait, home(8) + np.array([4 / 16, 0], np.float32), small, quarter)).frame[:, 16, 0]
    assert moved[12:14].min() == 255  # to the right in the network's square is downwards in this picture
    assert moved[16:18].max() == 0


def test_small_pictures_are_put_back_where_the_face_stood() -> None:
    picture = np.random.default_rng(0).integers(60, 200, (16, 16, 3)).astype(np.uint8)
    own = np.array([[2 / 16, 0, 1 / 16 - 1], [0, 2 / 16, 1 / 16 - 1]])
    np.testing.assert_array_equal(shown(picture[None], own)[0], picture)
    half = shown(picture[None], own + [[0, 0, 8 / 16]] * 2)[0]
    np.testing.assert_array_equal(half[:11, :11], picture[4:15, 4:15])


def test_heads_sway_only_where_they_are_to() -> None:
    still = Track(FACE, np.zeros((30, FACE.size), np.float32), Fraction(25))
    turned = swaying(still, 0, 3)
    assert 0.05 < np.abs(turned["head_rotation"]).max() <= SWAYS.max()
    assert np.abs(turned.values).sum() == pytest.approx(np.abs(turned["head_rotation"]).sum())
    np.testing.assert_array_equal(turned.values, swaying(still, 0, 3).values)
    assert (turned.values != swaying(still, 0, 4).values).any()


def test_faces_are_written_once_and_read_by_split(tmp_path: Path) -> None:
    settings = StageSettings(seed=0, clips=1, seconds=0.5, split="test", regime="emotional")
    assert list(write_faces(settings, tmp_path, 64)) == [1]
    (path,) = tmp_path.glob("*.safetensors")
    before = path.stat().st_mtime_ns
    assert list(write_faces(settings, tmp_path, 64)) == [1]
    assert path.stat().st_mtime_ns == before
    (clip,) = read_faces(tmp_path, "test", "emotional")
    rows = len(clip["flame"])
    assert clip["frames"].shape == (rows + 1, 64, 64, 3)
    assert clip["masks"].shape == (rows + 1, 64, 64)
    assert {clip[name].shape for name in ("articulation", "face", "emotion")} == {(rows, 10), (rows, 62), (rows, 8)}
    skin = clip["masks"][0] == 1
    assert skin[24:56, 20:44].mean() > 0.5  # the face fills the middle of the square
    with pytest.raises(MediaError, match="has no faces of the split 'train' and the regime 'plain'; make them with write_faces"):
        read_faces(tmp_path, "train", "plain")


def test_a_page_is_filled_row_by_row() -> None:
    pictures = [np.full((2, 2, 3), level, np.uint8) for level in (10, 20, 30)]
    made = page(pictures, 2)
    assert made.shape == (4, 4, 3)
    assert made[[0, 0, 3, 3], [0, 3, 0, 3], 0].tolist() == [10, 20, 30, 0]
