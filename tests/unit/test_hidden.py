"""What a nose hides of a cheek stays hidden at a smile, and a face seen from the front smiles as it did."""

import numpy as np
import pytest

from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.pixels.asked import rotation_matrix
from thespis.pixels.hidden import CORNERS, depth_behind, still_behind_nose
from thespis.pixels.warp import Warp
from thespis.types import Array, Direction, Portrait

pytestmark = pytest.mark.unit
SMILE = [SHAPES.index("mouthSmileLeft"), SHAPES.index("mouthSmileRight")]


@pytest.fixture(scope="module")
def somebody(astronaut: Portrait) -> Person:
    return Warp(128).start(astronaut, Direction()).puppet.person


def rotation(degrees: float) -> Array:
    return rotation_matrix(np.array([0.0, np.radians(degrees), 0.0], np.float32))


@pytest.mark.parametrize("degrees", [-42.0, 42.0])
def test_what_a_nose_hides_holds_still_and_the_mouth_smiles(somebody: Person, degrees: float) -> None:
    turn = rotation(degrees)
    held = still_behind_nose(somebody, turn)
    inner = np.flatnonzero((np.abs(somebody.photo[:, 0]) < 0.6) & (somebody.photo[:, 1] > 0) & (somebody.photo[:, 1] < 0.5))
    deep = inner[depth_behind(somebody.photo @ turn.T, somebody.shapes.triangles, inner) > 0.15]
    assert len(deep)
    assert np.abs(held.fields[SMILE][:, deep]).max() < 0.1 * np.abs(somebody.fields[SMILE]).max()
    corners = list(CORNERS)
    assert np.allclose(held.fields[SMILE][:, corners], somebody.fields[SMILE][:, corners], atol=1e-6)


def test_a_face_seen_from_the_front_is_left_alone(somebody: Person) -> None:
    assert still_behind_nose(somebody, rotation(5.0)) is somebody


def test_depth_behind_is_that_of_the_nearest_before() -> None:
    points = np.array([[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 1], [2, 0, 1], [0, 2, 1], [0.5, 0.5, 3], [5, 5, 3]], np.float32)
    triangles = np.array([[0, 1, 2], [3, 4, 5]], np.int32)
    assert np.allclose(depth_behind(points, triangles, np.array([6, 7])), [3, 0])
