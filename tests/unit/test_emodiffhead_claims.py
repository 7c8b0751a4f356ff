"""What the claims of `emodiffhead` are measured with."""

import numpy as np
import pytest

from thespis.evaluate.claim import claim_of
from thespis.evaluate.claims import emodiffhead
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.types import EMOTION

pytestmark = pytest.mark.unit


def test_every_claim_of_the_card_has_its_function() -> None:
    assert claim_of("emodiffhead")[2] is emodiffhead.claim
    assert claim_of("emodiffhead", "vectors")[2] is emodiffhead.vectors
    assert claim_of("emodiffhead", "regimes")[2] is emodiffhead.regimes


def test_a_class_stands_in_the_place_of_expressions_and_leaves_the_pose() -> None:
    flame = np.random.default_rng(0).standard_normal((3, FLAME.size)).astype(np.float32)
    emotion = np.zeros((3, EMOTION.size), np.float32)
    emotion[0, EMOTION.column("sad")], emotion[1, EMOTION.column("happy")] = 0.3, 0.9
    emotion[0, EMOTION.column("fear")] = 0.2
    named = emodiffhead.with_class({"flame": flame, "emotion": emotion})["flame"]
    assert np.argwhere(named[:, : EMOTION.size]).tolist() == [[0, EMOTION.column("sad")], [1, EMOTION.column("happy")]]
    assert named[:, : EMOTION.size].max() == 1
    assert not named[:, FLAME.slice("jaw")].any() and not named[:, EMOTION.size : EXPRESSION_AND_JAW.size - 3].any()
    np.testing.assert_array_equal(named[:, FLAME.slice("neck")], flame[:, FLAME.slice("neck")])


def test_a_line_is_told_from_a_step_and_from_nothing() -> None:
    levels = np.linspace(0, 1, 5)
    assert emodiffhead.line(levels, 3 * levels + 1) == pytest.approx(1)
    assert emodiffhead.line(levels, (levels > 0).astype(float)) == pytest.approx(0.5)
    assert emodiffhead.line(levels, -levels, squared=False) == pytest.approx(-1)
    assert emodiffhead.line(levels, levels * 0) == 0
