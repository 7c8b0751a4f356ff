"""The eyeball behind the lids: what a rising lid shows, and an iris that comes into the shade of a corner."""

import cv2
import numpy as np
import pytest

from thespis.pixels.eyes import PATCH, Eyeball, rebuild

pytestmark = pytest.mark.unit
WHITE, IRIS, SKIN, SHADE = 225, 60, 160, 90


def eye_of(dark_corner: bool = False, nose: bool = False, wet: bool = False, told: int = 13) -> Eyeball:
    """An eye 80 pixels wide whose lid cuts off the top of its iris and shades what is below it, and a bright nose beside it.

    Its iris has a radius of 13 pixels, whatever is `told`; the lower lid may have a `wet` edge over it.
    """
    picture = np.full((120, 160, 3), SKIN, np.uint8)
    across = np.linspace(-40, 40, 9)
    bow = 1 - (across / 40) ** 2
    upper, lower = np.stack([80 + across, 60 - 12 * bow], axis=1), np.stack([80 + across, 60 + 14 * bow], axis=1)
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(np.concatenate([upper, lower[::-1]])).astype(np.int32)], (1,))
    painted = np.full_like(picture, WHITE)
    cv2.circle(painted, (80, 58), 13, (IRIS,) * 3, -1, cv2.LINE_AA)
    if dark_corner:
        painted[:, 108:] = SHADE
    painted[:52] = (painted[:52] * 0.5).astype(np.uint8)
    if wet:
        painted[67:] = 255
    picture[inside > 0] = painted[inside > 0]
    if nose:
        picture[:, 126:] = 255
    ring = np.concatenate([upper, lower[-2:0:-1]]).astype(np.float32)
    iris = np.array([[80, 58], [80 + told, 58], [80, 58 - told], [80 - told, 58], [80, 58 + told]], np.float32)
    return rebuild(picture, ring, iris, 200.0)


def test_an_eye_at_rest_is_the_picture() -> None:
    eye = eye_of()
    assert np.array_equal(eye.look(0, 0), eye.photo)


def test_a_lid_that_rises_takes_its_shade_along_and_leaves_no_band() -> None:
    eye = eye_of()
    raised = 0.05
    opened = eye.look(0, 0, raised).astype(int)
    beside = eye.photo.shape[1] // 2 + 20
    was, now = eye.photo[:, beside, 1].astype(int), opened[:, beside, 1]
    edge = round(float(eye.lid[0, beside]))
    lift = round(raised * eye.unit * float(eye.lid[1, beside]))
    assert lift > 4
    # The shade below the lid lies where the lid is now, and the white begins where it did below that.
    assert abs(now[edge - lift + 2] - was[edge + 2]) < 25
    assert now[edge + 4] > 0.9 * now.max()
    # From the shade on it only gets lighter: nothing stands out as a band.
    assert (np.diff(now[edge - lift + 2 : edge + 8]) > -6).all()


def test_an_iris_in_the_shade_of_a_corner_is_dark_and_not_black() -> None:
    eye = eye_of(dark_corner=True)
    turned = eye.look(0.5, 0.0).astype(int)
    assert turned[eye.photo.shape[0] // 2 - 6 : eye.photo.shape[0] // 2 + 6].min() > 8


def test_an_eye_without_a_white_gets_none_that_shines() -> None:
    picture = np.full((120, 160, 3), 150, np.uint8)
    picture[0:20] = 255
    x = np.linspace(40, 120, 9)
    ring = np.concatenate([np.stack([x, np.full(9, 59.0)], axis=1), np.stack([x[-2:0:-1], np.full(7, 61.0)], axis=1)]).astype(np.float32)
    iris = np.array([[80, 60], [93, 60], [80, 47], [67, 60], [80, 73]], np.float32)
    assert rebuild(picture, ring, iris, 200.0).look(0.3, 0.0).max() <= 170


def test_a_nose_that_hides_the_inner_corner_does_not_shine_there() -> None:
    eye = eye_of(nose=True)
    # Rings run from the outer corner, here on the left, to the inner one.
    assert eye.photo[: eye.photo.shape[0] // 4, -3:].max() < 245
    assert np.array_equal(eye.photo[:, :10], eye_of().photo[:, :10])


def test_an_iris_ends_where_the_picture_says_and_not_where_the_network_does() -> None:
    wide = [int((eye_of(told=told).iris[..., 3].max(axis=0) > 0.5).sum()) for told in (13, 17)]
    scale = PATCH / (2 * 0.62 * 80)
    assert np.abs(np.array(wide) - 2 * 1.12 * 13 * scale).max() < 3


def test_an_iris_takes_no_wet_edge_of_a_lid_along_and_leaves_no_ring() -> None:
    eye = eye_of(wet=True)
    middle = eye.photo.shape[1] // 2
    rows = np.flatnonzero(eye.iris[:, middle, 3] > 0.99)
    assert len(rows) > 20
    assert eye.iris[rows[1:-1], middle, :3].max() < IRIS + 30
    aside = eye.look(0.3, 0.0).astype(int)
    row = round(float(eye.lid[0, middle])) + 22
    left = aside[row, middle - 17 : middle - 10, 1]
    assert left.min() > 0.9 * left.max()
