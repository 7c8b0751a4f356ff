"""Lids of drawn eyes that are larger than the face network believes: moved to the edge of the white, and nobody else's."""

import cv2
import numpy as np
import pytest

from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER, OVAL, load_shapes
from thespis.pixels.eyes import rebuild
from thespis.pixels.laid import CHEEK
from thespis.pixels.large_eyes import refine_lids
from thespis.pixels.parts import LID_ROWS
from thespis.types import Array, Bytes, random_for

pytestmark = pytest.mark.unit
SHAPES, UNIT = load_shapes(), 110.0
SKIN, WHITE, IRIS = (222, 172, 148), (236, 234, 230), (60, 110, 160)
RINGS = {"left": (EYE_LEFT_UPPER, EYE_LEFT_LOWER), "right": (EYE_RIGHT_UPPER, EYE_RIGHT_LOWER)}


def face(tall: float, right: float | None = None) -> Array:
    """The canonical face's points (478, 2) in a picture of 400 x 400, with eyes `tall` eye distances high, or the right one as told."""
    points = np.zeros((478, 2), np.float32)
    points[:468] = SHAPES.points[:, :2] * UNIT + 200
    for side, (upper, lower) in RINGS.items():
        middle = points[[upper[0], upper[-1]]].mean(axis=0)
        half = float(np.linalg.norm(points[upper[-1]] - points[upper[0]])) / 2
        high = tall if right is None or side == "left" else right
        for ring, way in ((upper, -1), (lower, 1)):
            share = (points[list(ring), 0] - middle[0]) / half
            points[list(ring), 1] = middle[1] + way * high / 2 * UNIT * np.sqrt(np.clip(1 - share**2, 0, 1))
        points[LID_ROWS[side]] = points[list(upper[1:-1])] - (0, 0.06 * UNIT)
        iris = getattr(SHAPES, f"iris_{side}")
        points[iris] = middle
        points[iris[1:]] += 0.11 * UNIT * np.array([(1, 0), (0, -1), (-1, 0), (0, 1)], np.float32)
    return points


def drawn(points: Array, larger: float, white: tuple[int, int, int] = WHITE) -> Bytes:
    """Skin with eyes whose white is an ellipse, `larger` than what lies between the lids of face points (478, 2)."""
    picture = np.full((400, 400, 3), SKIN, np.uint8)
    for upper, lower in RINGS.values():
        ring = points[[*upper, *lower]]
        middle, half = (ring.max(axis=0) + ring.min(axis=0)) / 2, np.ptp(ring, axis=0) / 2 * larger
        cv2.ellipse(picture, (middle.astype(float).tolist(), (2 * half).tolist(), 0.0), white, -1, cv2.LINE_AA)
        cv2.circle(picture, np.round(middle).astype(int).tolist(), round(0.11 * UNIT), IRIS, -1, cv2.LINE_AA)
    return np.clip(picture + random_for(0, "skin").normal(0, 2, picture.shape), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("larger", [1.25, 1.5])
def test_lids_of_a_large_drawn_eye_come_to_lie_at_the_edge_of_its_white(larger: float) -> None:
    points = face(0.24)
    moved = points[:468] + refine_lids(drawn(points, larger), points, SHAPES, UNIT, CHEEK)
    for side, (upper, lower) in RINGS.items():
        middle = points[[upper[0], upper[-1]]].mean(axis=0)
        for number in (upper[4], lower[4]):
            was, now = abs(points[number, 1] - middle[1]), abs(moved[number, 1] - middle[1])
            assert larger * was - 0.02 * UNIT < now < larger * was + 0.07 * UNIT and now > was + 0.01 * UNIT
        # Skin above a lid goes along and is not overtaken by it.
        assert (moved[LID_ROWS[side], 1] < moved[list(upper[1:-1]), 1] - 0.01 * UNIT).all()
    far = np.linalg.norm(points[:468] - points[[*EYE_LEFT_UPPER, *EYE_RIGHT_UPPER]].mean(axis=0), axis=1) > 1.1 * UNIT
    assert np.abs(moved - points[:468])[far].max() < 0.01 * UNIT
    assert np.array_equal(moved[list(OVAL)], points[list(OVAL)])


@pytest.mark.parametrize(("tall", "larger", "white"), [(0.24, 1.0, WHITE), (0.1, 1.5, WHITE), (0.24, 1.5, (230, 182, 160))])
def test_lids_that_fit_are_narrow_or_have_no_white_stay(tall: float, larger: float, white: tuple[int, int, int]) -> None:
    points = face(tall)
    assert not refine_lids(drawn(points, larger, white), points, SHAPES, UNIT, CHEEK).any()


def test_an_eye_that_the_network_takes_for_half_open_is_as_large_as_the_other() -> None:
    points = face(0.24, right=0.17)
    moved = refine_lids(drawn(points, 1.5), points, SHAPES, UNIT, CHEEK)
    assert all(moved[upper[4], 1] < -0.02 * UNIT and moved[lower[4], 1] > 0.02 * UNIT for upper, lower in RINGS.values())
    points = face(0.17)
    assert not refine_lids(drawn(points, 1.5), points, SHAPES, UNIT, CHEEK).any()


def test_what_is_pale_without_an_end_is_no_eye() -> None:
    points = face(0.24)
    picture = drawn(points, 1.0)
    # White fur around the eyes goes on and on.
    ring = points[[*EYE_LEFT_UPPER, *EYE_RIGHT_UPPER]]
    top, bottom = int(ring[:, 1].min() - 0.6 * UNIT), int(ring[:, 1].max() + 0.12 * UNIT)
    near = np.abs(picture[top:bottom].astype(int) - SKIN).max(axis=2) < 30
    picture[top:bottom][near] = WHITE
    assert not refine_lids(picture, points, SHAPES, UNIT, CHEEK).any()


def test_an_eye_as_tall_as_it_is_wide_is_rebuilt_whole() -> None:
    angles = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    ring = (200 + 40 * np.stack([np.cos(angles), np.sin(angles)], axis=1)).astype(np.float32)
    iris = np.array([(200, 200), (215, 200), (200, 185), (185, 200), (200, 215)], np.float32)
    picture = np.full((400, 400, 3), 230, np.uint8)
    cv2.circle(picture, (200, 200), 15, IRIS, -1)
    corners = rebuild(picture, ring, iris, UNIT).corners
    assert (corners.min(axis=0) < ring.min(axis=0)).all() and (corners.max(axis=0) > ring.max(axis=0)).all()
