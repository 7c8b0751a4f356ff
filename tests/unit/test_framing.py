"""What a frame shows of a picture: its own bars are no part of a close view, and a plain wall is no bar."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from thespis.capture.faces import face_at
from thespis.head.shapes import load_shapes
from thespis.pixels.framing import content_of, cut_frame
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit


def leaves(height: int, width: int) -> Bytes:
    """A picture (height, width, 3) that is nowhere of one colour."""
    noise = np.random.default_rng(0).integers(60, 255, (height // 8 + 1, width // 8 + 1, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(noise, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def face_points(x: float, y: float, unit: float) -> Array:
    """The points (478, 3) of the usual face, between whose eyes is (x, y), in pixels."""
    points = np.zeros((478, 3), np.float32)
    points[:468] = load_shapes().points * unit + np.array([x, y, 0])
    points[468:] = points[:10]
    return points


def test_bars_and_frames_are_no_part_of_a_picture() -> None:
    picture = leaves(200, 240)
    assert content_of(picture) == (0, 0, 240, 200)
    picture[:30], picture[195:], picture[:, :12] = 0, 0, 0
    left, top, right, bottom = content_of(picture)
    assert 12 <= left <= 14 and 30 <= top <= 32 and right == 240 and 193 <= bottom <= 195


def test_a_plain_wall_is_no_bar() -> None:
    picture = np.full((200, 240, 3), 230, np.uint8)
    cv2.circle(picture, (120, 120), 60, (40, 60, 90), -1)
    assert content_of(picture) == (0, 0, 240, 200)
    assert content_of(np.full((60, 80, 3), 7, np.uint8)) == (0, 0, 80, 60)


def test_a_close_view_leaves_bars_out_and_the_whole_picture_keeps_them() -> None:
    picture = leaves(400, 500)
    picture[:40] = 0
    face = face_at(face_points(250, 200, 70))
    close, whole = cut_frame(picture, face, (160, 160), "head", 160), cut_frame(picture, face, None, "picture", 160)
    assert not (close.texture.max(axis=2) < 30).any()
    assert (whole.texture[: whole.texture.shape[0] // 16].max(axis=2) < 30).any()
    # What is asked of it in the picture's own pixels means the picture with its bars.
    below = np.array([0, content_of(picture)[1], 0], np.float32)
    bare = cut_frame(picture[int(below[1]) :], replace(face, points=face.points - below), (160, 160), "head", 160)
    assert np.allclose(close.to_frame(face.points), bare.to_frame(face.points - below), atol=1e-2)
    assert np.array_equal(close.texture, bare.texture)
