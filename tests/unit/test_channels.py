"""Sums over channels are what the arrays' library says they are, and colours spread into what is not known."""

import numpy as np
import pytest

from thespis.pixels.channels import blended, farthest, strongest, weighed
from thespis.pixels.diffuse import KNOWN, diffuse
from thespis.pixels.layers import smoothstep

pytestmark = pytest.mark.unit

SIZES = [(1, 1), (2, 9), (3, 3), (40, 61), (64, 64)]


@pytest.mark.parametrize("size", SIZES)
def test_one_pass_says_what_several_do(size: tuple[int, int]) -> None:
    dice = np.random.default_rng(3)
    one, other = (dice.uniform(-300, 300, (*size, 3)).astype(np.float32) for _ in range(2))
    picture, share = dice.integers(0, 256, (*size, 3), np.uint8), dice.uniform(0, 1, size).astype(np.float32)
    assert np.array_equal(strongest(picture), picture.max(axis=2))
    assert np.array_equal(strongest(one), one.max(axis=2))
    assert np.array_equal(farthest(picture, other), np.abs(picture - other).max(axis=2))
    assert np.array_equal(weighed(one, share), one * share[..., None])
    assert blended(one, other, share) == pytest.approx(one + (other - one) * share[..., None], abs=1e-4)


@pytest.mark.parametrize("size", SIZES)
def test_colours_that_are_known_stay_and_others_lie_between_them(size: tuple[int, int]) -> None:
    dice = np.random.default_rng(5)
    picture = dice.integers(30, 200, (*size, 3), np.uint8)
    known = dice.choice(np.array([0.0, 0.1, 0.5, 1.0], np.float32), size)
    known[0, 0] = 1.0
    found = diffuse(picture, known)
    assert np.array_equal(found[known >= KNOWN], picture[known >= KNOWN])
    least, most = (way(picture[known > 0].astype(np.float32), axis=0) for way in (np.min, np.max))
    assert ((found >= least - 1e-2) & (found <= most + 1e-2)).all()
    assert np.array_equal(found, diffuse(picture.astype(np.float32), known))


def test_colours_go_over_into_each_other_across_a_hole() -> None:
    picture, known = np.zeros((33, 97, 3), np.float32), np.zeros((33, 97), np.float32)
    picture[:, 64:], known[:, :20], known[:, 77:] = 200.0, 1.0, 1.0
    row = diffuse(picture, known)[16, :, 0]
    assert row[20] < 40 < 70 < row[48] < 130 < 160 < row[76]
    assert (np.diff(row) > -8).all()
    assert np.abs(np.diff(row)).max() < 40


def test_nothing_known_is_no_colour() -> None:
    assert not diffuse(np.full((5, 8, 3), 90, np.uint8), np.zeros((5, 8), np.float32)).any()


def test_a_smooth_step_is_the_same_for_numbers_and_for_arrays() -> None:
    values = np.linspace(-1, 2, 61).astype(np.float32)
    rising = smoothstep(0.2, 0.7, values)
    assert rising.dtype == np.float32
    assert rising == pytest.approx([float(smoothstep(0.2, 0.7, float(value))) for value in values], abs=1e-6)
    assert (rising[values <= 0.2] == 0).all()
    assert (rising[values >= 0.7] == 1).all()
    falling = smoothstep(0.7, 0.2, values)
    assert falling == pytest.approx(1 - rising, abs=1e-6)
