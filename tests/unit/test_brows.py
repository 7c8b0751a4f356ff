"""Brows that rise squeeze the forehead, and are not pushed behind it."""

from dataclasses import replace

import numpy as np
import pytest

from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.pixels.brows import BROWS, FOREHEAD, HAIRLINE, LEFT, RISES, TOLD, clear_forehead
from thespis.pixels.warp import Warp
from thespis.types import Array, Direction, Portrait

pytestmark = pytest.mark.unit
RAISED = [SHAPES.index(name) for name in RISES]


@pytest.fixture(scope="module")
def somebody(astronaut: Portrait) -> Person:
    return Warp(128).start(astronaut, Direction()).puppet.person


def gaps(person: Person, rise: float) -> tuple[Array, Array]:
    """Heights between brow and forehead, and forehead and hairline, by columns, with brows raised so far."""
    placed = person.photo[:, 1] + rise * person.fields[RAISED].sum(axis=0)[:, 1]
    brows, forehead, hairline = (placed[list(row)][TOLD] for row in (BROWS, FOREHEAD, HAIRLINE))
    return brows - forehead, forehead - hairline


def test_a_brow_right_below_a_still_row_of_the_forehead_takes_it_along(somebody: Person) -> None:
    photo = somebody.photo.copy()
    photo[list(FOREHEAD)] += 0.8 * (photo[list(BROWS)] - photo[list(FOREHEAD)])
    low = replace(somebody, photo=photo)
    assert gaps(low, 1.0)[0].min() < 0
    cleared = clear_forehead(low, np.eye(3, dtype=np.float32))
    (near, far), (before, beyond) = gaps(cleared, 1.0), gaps(low, 0.0)
    assert (near > 0.8 * LEFT * before).all()
    assert (far > 0.8 * LEFT * beyond).all()


def test_a_high_forehead_is_left_alone(somebody: Person) -> None:
    photo = somebody.photo.copy()
    photo[list(HAIRLINE), 1] -= 0.4
    photo[list(FOREHEAD), 1] -= 0.2
    high = replace(somebody, photo=photo)
    assert np.array_equal(clear_forehead(high, np.eye(3, dtype=np.float32)).fields, high.fields)


def test_brows_of_a_forehead_that_is_hardly_seen_stay(somebody: Person) -> None:
    back = np.radians(75)
    rotation = np.array([[1, 0, 0], [0, np.cos(back), np.sin(back)], [0, -np.sin(back), np.cos(back)]], np.float32)
    photo = somebody.photo.copy()
    photo[list(HAIRLINE)] = photo[list(BROWS)]
    cleared = clear_forehead(replace(somebody, photo=photo), rotation)
    assert np.abs(cleared.fields[RAISED]).max() < 1e-6
