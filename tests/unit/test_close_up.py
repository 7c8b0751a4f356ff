"""Edges that are drawn into a photograph are as soft as its own."""

import cv2
import numpy as np
import pytest

from thespis.motion.spaces.face import FACE
from thespis.pixels import warp
from thespis.pixels.close_up import CloseUp, blur_at, blurred, lid_line, mouth_hole, soften
from thespis.pixels.shade import BINS, Lips
from thespis.pixels.warp import Warp
from thespis.types import Array, Bytes, Direction, Portrait, random_for

pytestmark = pytest.mark.unit


def test_only_what_is_enlarged_is_blurred_and_the_more_the_larger() -> None:
    assert blur_at((0.4, 0.4)) == blur_at((1.0, 1.0)) == 0.0
    assert 0.8 < blur_at((2.0, 2.0)) < 1.2
    assert blur_at((4.0, 4.0)) > 2 * blur_at((2.0, 2.0))


@pytest.mark.parametrize("blur", [0.8, 1.04, 1.4, 1.9, 2.46, 3.2])
def test_two_means_blur_as_a_bell_does(blur: float) -> None:
    spot = np.zeros((61, 61), np.uint8)
    spot[20:41, 20:41] = 250
    bell = cv2.GaussianBlur(spot, (0, 0), blur)
    assert np.abs(blurred(spot, blur).astype(int) - bell).max() < 40
    assert np.abs(blurred(spot, blur).astype(int) - bell).mean() < 0.4 * np.abs(spot.astype(int) - bell).mean()


def test_an_edge_becomes_soft_and_what_is_far_from_it_stays() -> None:
    picture = random_for(0, "skin").integers(90, 110, (60, 80, 3)).astype(np.uint8)
    picture[25:35, 20:60] = 10
    within = np.zeros((60, 80), np.uint8)
    within[25:35, 20:60] = 255
    before, half = picture.copy(), picture.copy()
    soften(picture, within, 1.5)
    step = np.abs(np.diff(picture[..., 0].astype(int), axis=0))[:, 40].max()
    assert step < 35 < np.abs(np.diff(before[..., 0].astype(int), axis=0))[:, 40].max()
    far = cv2.dilate(within, np.ones((21, 21), np.uint8)) == 0
    assert np.array_equal(picture[far], before[far])
    assert (picture[30, 40] == 10).all()
    soften(half, within // 8, 1.5)
    assert step < np.abs(np.diff(half[..., 0].astype(int), axis=0))[:, 40].max()
    nothing = before.copy()
    soften(nothing, np.zeros_like(within), 1.5)
    assert np.array_equal(nothing, before)


def test_the_line_of_a_lid_is_blurred_as_far_as_it_moved() -> None:
    near = CloseUp(np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.float32), 0, 0)
    margin = np.stack([np.linspace(20, 140, 9), np.full(9, 60.5)], axis=1).astype(np.float32)
    assert not lid_line(near, margin, 200.0, 0.0).any()
    assert lid_line(near, margin, 200.0, 0.2)[30, 40] == 102
    line = lid_line(near, margin, 200.0, 1.0)
    assert line.shape == (60, 80)
    assert line[30, 40] == 255
    assert not line[[20, 40]].any()


def test_a_line_that_is_drawn_between_lips_is_blurred_as_the_hole_between_them_is() -> None:
    near = CloseUp(np.zeros((120, 160, 3), np.uint8), np.zeros((120, 160), np.float32), 0, 0)
    near.nearest[56:66, 60:100] = 4.0
    x = np.linspace(20, 140, 11)
    upper, lower = (np.stack([x, np.full(11, y)], axis=1).astype(np.float32) for y in (58.0, 63.0))
    for seam in (0.0, 0.3):
        lips = Lips(np.zeros((3, BINS, 3), np.float32), 1.0, 1.0, np.zeros(3, np.uint8), 0.5, seam)
        hole = mouth_hole(near, upper, lower, 200.0, lips)
        assert (hole[28:33, 30:50] == 255).all()
        assert (hole[30, 60] == 255) == (seam > 0)
        assert not hole[[20, 40]].any()


def drawn(portrait: Portrait, values: Array, size: int) -> Bytes:
    canvas = Warp(size).start(portrait, Direction(blink="off"))
    image = np.zeros((size, size, 3), np.uint8)
    warp.draw_frame(canvas, values, image)
    return image


def test_an_enlarged_picture_gets_a_soft_mouth_and_another_stays_as_it_was(astronaut: Portrait, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.zeros(FACE.size, np.float32)
    values[FACE.column("jawOpen")] = 0.5
    values[[FACE.column("eyeBlinkLeft"), FACE.column("eyeBlinkRight")]] = 1.0
    monkeypatch.setattr(warp, "prepare", warp.build)
    pictures = []
    for size in (720, 96):
        soft = drawn(astronaut, values, size)
        with monkeypatch.context() as patch:
            patch.setattr(warp, "blur_at", lambda _: 0.0)
            pictures.append((soft, drawn(astronaut, values, size)))
    soft, hard = pictures[0]
    changed = np.abs(soft.astype(int) - hard).max(axis=2) > 0
    assert 0 < changed.mean() < 0.12
    edges = [np.abs(cv2.Laplacian(each.astype(np.float32), cv2.CV_32F)).max(axis=2)[changed] for each in (soft, hard)]
    assert edges[0].mean() < 0.9 * edges[1].mean()
    assert np.array_equal(*pictures[1])
