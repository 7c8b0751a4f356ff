"""The sampler, its noise and its guidance, on cases whose answer is known."""

import numpy as np
import pytest

from thespis.errors import DirectionError
from thespis.motion.diffusion import KEPT, strengths_of
from thespis.pixels.diffusion.sampling import ddim, guided, noised, sample, trailing
from thespis.pixels.diffusion.windows import USUAL

pytestmark = pytest.mark.unit
CLEAN = np.linspace(-1, 1, 48, dtype=np.float32).reshape(3, 4, 4)
NOISE = np.random.default_rng(0).standard_normal(CLEAN.shape).astype(np.float32)


def test_the_schedule_goes_from_the_picture_to_noise() -> None:
    assert KEPT[0] > 0.999
    assert KEPT[-1] < 1e-6
    assert (np.diff(KEPT) < 0).all()
    np.testing.assert_allclose(noised(CLEAN, NOISE, 999), NOISE, atol=1e-3)
    np.testing.assert_allclose(noised(CLEAN, NOISE, 0), CLEAN, atol=0.05)


@pytest.mark.parametrize("count", [1, 3, 4, 25])
def test_who_knows_the_picture_gets_it_back_from_any_number_of_steps(count: int) -> None:
    steps = []

    def known(noisy: np.ndarray, step: int) -> np.ndarray:
        steps.append(step)
        # Every noisy picture on the way is this one with the noise that was begun with.
        np.testing.assert_allclose(noisy, noised(CLEAN, NOISE, step), atol=2e-3)
        return CLEAN

    np.testing.assert_array_equal(sample(noised(CLEAN, NOISE, 999), count, known), CLEAN)
    assert steps == trailing(count)
    assert steps[0] == 999


def test_steps_are_spread_evenly_and_bounded() -> None:
    assert trailing(4) == [999, 749, 499, 249]
    for count in (0, 1001):
        with pytest.raises(ValueError, match="a sampler takes 1 to 1000 steps"):
            trailing(count)
    np.testing.assert_array_equal(ddim(NOISE, CLEAN, 10, None), CLEAN)


def test_guidance_is_linear_and_at_one_changes_nothing() -> None:
    answers = [CLEAN * 0, CLEAN, CLEAN * 3]
    np.testing.assert_allclose(guided(answers, (1, 1)), answers[-1], atol=1e-6)
    np.testing.assert_allclose(guided(answers, (0, 0)), answers[0])
    np.testing.assert_allclose(guided(answers, (2, 0.5)), 2 * CLEAN + 0.5 * 2 * CLEAN, atol=1e-6)
    with pytest.raises(ValueError, match="zip"):
        guided(answers, (1,))


def test_strengths_are_taken_by_name() -> None:
    assert strengths_of({}, USUAL) == (1.0, 1.0)
    assert strengths_of({"expression": 2.5}, USUAL) == (1.0, 2.5)
    with pytest.raises(DirectionError, match=r"unknown guidance 'expresion'. Did you mean 'expression'\?"):
        strengths_of({"expresion": 2}, USUAL)
