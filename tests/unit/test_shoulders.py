"""Where a head ends and shoulders begin: what lies below the wall beside a neck stays, and hair that hides the neck says nothing."""

from collections.abc import Callable

import numpy as np
import pytest

from thespis.pixels.shoulders import parted, still_below
from thespis.types import Array

pytestmark = pytest.mark.unit
TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
OUTLINE = np.stack([0.8 * np.sin(TURN), -1.1 * np.cos(TURN), 0 * TURN], axis=1).astype(np.float32)
CHIN = 1.1


def body(*, hair: float = 0.0, tall: float = 0.4) -> Callable[[Array], Array]:
    """Make a head with a neck and shoulders that begin `tall` below its chin; `hair` hangs so far beside it down to the shoulders."""

    def covers(spots: Array) -> Array:
        x, y = np.abs(spots[:, 0]), spots[:, 1]
        head = np.hypot(x / 0.9, y / 1.2) < 1
        found = head | ((x < 0.5) & (y > 0)) | (y > CHIN + tall + 0.3 * (x - 0.5))
        return np.asarray(found | ((x < hair) & (y > -0.5)), np.float32)

    return covers


def test_shoulders_stay_and_the_head_above_them_goes_along() -> None:
    follows = still_below(OUTLINE, body())
    shoulders = follows(np.array([[0.9, 1.7], [-0.9, 1.7], [1.5, 2.2]], np.float32))
    head = follows(np.array([[0.9, 0.9], [-0.9, 0.3], [0.0, 1.1], [0.0, -1.3]], np.float32))
    assert shoulders.max() < 0.02 < 0.98 < head.min()


def test_a_neck_bends_between_head_and_shoulders_and_ends_lower_in_the_middle() -> None:
    follows = still_below(OUTLINE, body())
    down = np.linspace(0.8, 2.6, 40, dtype=np.float32)
    side, middle = (follows(np.stack([np.full(40, x, np.float32), down], axis=1)) for x in (0.48, 0.0))
    assert (np.diff(side) <= 0).all() and (np.diff(middle) <= 0).all()
    assert np.abs(np.diff(side)).max() < 0.2
    assert down[np.argmax(side < 0.5)] + 0.6 < down[np.argmax(middle < 0.5)]


def test_hair_down_to_the_shoulders_hides_where_they_begin() -> None:
    spots = np.array([[0.9, 1.7], [0.3, 1.4], [1.5, 2.2]], np.float32)
    assert (still_below(OUTLINE, body(hair=2.5))(spots) == 1).all()


def test_hair_that_ends_above_a_shoulder_goes_with_the_head_down_to_its_end() -> None:
    plain = body()

    def covers(spots: Array) -> Array:
        x, y = np.abs(spots[:, 0]), spots[:, 1]
        return np.maximum(plain(spots), ((x < 1.2) & (y < 1.25)).astype(np.float32))

    follows = still_below(OUTLINE, covers)
    assert follows(np.array([[1.0, 1.2]], np.float32))[0] > 0.7
    assert follows(np.array([[1.0, 1.7]], np.float32))[0] < 0.05


def test_what_is_parted_from_a_head_begins_below_the_last_wall() -> None:
    person = np.zeros((20, 4), bool)
    person[:5, 0] = person[9:, 0] = True
    person[:, 1] = True
    person[:9, 2] = person[10:, 2] = True
    person[12:, 3] = True
    ends, begins = parted(person)
    assert list(ends) == [5, 0, 0, 0] and list(begins) == [9, 0, 0, 12]


def test_a_scarf_that_hangs_beside_the_wall_behind_a_neck_is_no_shoulder() -> None:
    plain = body()

    def covers(spots: Array) -> Array:
        return np.maximum(plain(spots), ((np.abs(spots[:, 0] - 1.6) < 0.3) & (spots[:, 1] > -0.9)).astype(np.float32))

    follows = still_below(OUTLINE, covers)
    assert follows(np.array([[1.6, 1.6], [1.6, 0.5]], np.float32)).min() > 0.95
    assert follows(np.array([[0.9, 1.75], [-0.9, 1.75]], np.float32)).max() < 0.05


def test_hair_that_widens_downwards_is_no_shoulder() -> None:
    def covers(spots: Array) -> Array:
        x, y = np.abs(spots[:, 0]), spots[:, 1]
        return np.asarray((np.hypot(x / 0.9, y / 1.2) < 1) | ((x < 1.0 + 0.3 * y) & (y > -0.5)), np.float32)

    assert (still_below(OUTLINE, covers)(np.array([[1.3, 1.4], [0.5, 1.6], [-1.3, 2.0]], np.float32)) == 1).all()
