"""Glasses are found by their bridge and rims, and what they sit on stays with the skull."""

import cv2
import numpy as np
import pytest

from thespis.head.shapes import load_shapes
from thespis.pixels.glasses import held, wears_glasses
from thespis.types import Bytes

pytestmark = pytest.mark.unit
MIDDLE = np.array([200, 180], np.float32)


def face(*, glasses: bool = False, brow: bool = False) -> Bytes:
    """Skin with two eyes, an eye distance of 100 pixels, and what else is asked for."""
    picture = np.full((400, 400, 3), (190, 150, 130), np.uint8)
    for x in (150, 250):
        cv2.ellipse(picture, (x, 180), (22, 9), 0, 0, 360, (40, 30, 30), -1)
        if glasses:
            cv2.ellipse(picture, (x, 188), (44, 34), 0, 0, 360, (25, 25, 30), 5)
    if glasses:
        cv2.line(picture, (193, 178), (207, 178), (25, 25, 30), 6)
    if brow:
        cv2.line(picture, (120, 145), (280, 145), (60, 40, 30), 12)
    return picture


@pytest.mark.parametrize("angle", [0.0, 15.0])
def test_glasses_are_told_from_bare_faces_and_joined_brows(angle: float) -> None:
    turn = np.radians(angle)
    across = 100 * np.array([np.cos(turn), np.sin(turn)], np.float32)
    down = 100 * np.array([-np.sin(turn), np.cos(turn)], np.float32)
    matrix = cv2.getRotationMatrix2D((200.0, 180.0), -angle, 1.0)
    for picture, wears in ((face(glasses=True), True), (face(), False), (face(brow=True), False)):
        turned = np.asarray(cv2.warpAffine(picture, matrix, (400, 400), borderMode=cv2.BORDER_REPLICATE), np.uint8)
        assert wears_glasses(turned, MIDDLE, across, down) is wears


def test_the_bridge_is_held_and_lids_mouth_and_forehead_are_free() -> None:
    shapes = load_shapes()
    firm = held(shapes.points)
    assert firm[[168, 6]].min() > 0.9
    assert firm[shapes.eye_left_upper[2:-2]].max() < 0.35
    assert firm[shapes.lips_outer].max() == 0.0
    assert firm[10] == 0.0
    assert 0.2 < firm[shapes.brow_left].mean() < 0.8
