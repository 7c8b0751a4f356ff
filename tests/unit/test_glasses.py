"""Glasses are found by their bridge and rims, and what they sit on stays with the skull."""

import cv2
import numpy as np
import pytest

from thespis.head.person import Person
from thespis.head.shapes import load_shapes
from thespis.pixels.asked import rotation_matrix
from thespis.pixels.glasses import Glasses, find_glasses, held, level_glasses
from thespis.pixels.warp import Warp
from thespis.types import Bytes, Direction, Portrait

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
        assert (find_glasses(turned, MIDDLE, across, down) is not None) is wears


def test_the_bridge_is_held_and_lids_mouth_and_forehead_are_free() -> None:
    shapes = load_shapes()
    firm = held(shapes.points, Glasses())
    assert firm[[168, 6]].min() > 0.9
    assert firm[shapes.eye_left_upper[2:-2]].max() < 0.35
    assert firm[shapes.lips_outer].max() == 0.0
    assert firm[10] == 0.0
    # The upper edge of a brow, which is above the rims, plays on.
    assert 0.2 < firm[shapes.brow_left[1:5]].mean() < 0.8


@pytest.mark.parametrize(("tall", "lower"), [(30, 0.38), (44, 0.52)])
def test_the_skin_is_held_as_far_as_the_rims_reach(tall: int, lower: float) -> None:
    picture = face()
    for x in (150, 250):
        cv2.ellipse(picture, (x, 188), (46, tall), 0, 0, 360, (25, 25, 30), 5)
    cv2.line(picture, (193, 178), (207, 178), (25, 25, 30), 6)
    found = find_glasses(picture, MIDDLE, np.array([100, 0], np.float32), np.array([0, 100], np.float32))
    assert found is not None
    assert found.bottom == pytest.approx(lower, abs=0.06)
    assert found.top == pytest.approx(min(0.08 - tall / 100, -0.3), abs=0.06)
    rim = np.array([[0.5, found.bottom, 0], [-0.5, found.bottom, 0], [0.9, 0.2, 0], [0.5, found.top, 0]], np.float32)
    assert held(rim, found).min() > 0.98
    mouth = np.array([[0.4, 1.1, 0]], np.float32)
    assert held(mouth, found).max() == 0


def test_dark_lenses_are_glasses_and_deep_sockets_are_none() -> None:
    axes = np.array([100, 0], np.float32), np.array([0, 100], np.float32)
    for shade, wears in ((50, True), (120, False)):
        picture = np.full((400, 400, 3), (190, 150, 130), np.uint8)
        for x in (150, 250):
            cv2.ellipse(picture, (x, 186), (40, 34), 0, 0, 360, (shade, shade, shade), -1)
        # Light lenses have soft edges, as a socket has.
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 9), np.uint8)
        found = find_glasses(picture, MIDDLE, *axes)
        assert (found is not None and found.dark) is wears


def test_behind_dark_lenses_no_lid_moves() -> None:
    shapes = load_shapes()
    assert held(shapes.points, Glasses(dark=True))[shapes.eye_left_upper].min() > 0.9


@pytest.fixture(scope="module")
def somebody(astronaut: Portrait) -> Person:
    return Warp(128).start(astronaut, Direction()).puppet.person


@pytest.mark.parametrize("degrees", [0.0, 25.0])
def test_the_face_behind_glasses_is_level_and_looks_as_it_did(somebody: Person, degrees: float) -> None:
    turn = rotation_matrix(np.array([0.0, np.radians(degrees), 0.0], np.float32))
    level = level_glasses(somebody, Glasses(), turn)
    x, y = somebody.photo[:, 0], somebody.photo[:, 1]
    behind = (np.abs(x) < 0.9) & (y > -0.25) & (y < 0.45)

    def uneven(person: Person) -> float:
        depth = person.photo[behind] @ turn[2]
        terms = np.stack([np.ones(len(depth)), x[behind], y[behind], x[behind] ** 2], axis=1)
        return float(np.std(depth - terms @ np.linalg.lstsq(terms, depth, rcond=None)[0]))

    assert uneven(level) < 0.3 * uneven(somebody)
    assert np.abs((level.photo - somebody.photo) @ turn[:2].T).max() < 1e-5
    far = (y > 0.8) | (y < -0.6) | (np.abs(x) > 1.3)
    assert np.abs(level.photo - somebody.photo)[far].max() < 1e-6
    assert np.allclose(level.rest - level.photo, somebody.rest - somebody.photo, atol=1e-5)
