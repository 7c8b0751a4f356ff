"""EMOdiffhead's dial: exactly linear in every intensity, mixtures are sums, and speech stays what it is."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from made_up import NOBODY, articulation
from safetensors.numpy import save_file

from thespis.evaluate.lips import drawn
from thespis.features.spaces import ARTICULATION
from thespis.motion.feeling import LIFTING
from thespis.motion.networks.dial import Dial, mouth_part, parting_part
from thespis.motion.spaces.face import ARKIT, EXPRESSION, FACE
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW
from thespis.types import AMOUNT, EMOTION, Array, Curve, Direction, Key, Track
from thespis.weights import card_of, find

pytestmark = pytest.mark.unit
VOICE = Track(ARTICULATION, articulation(2.0).values[::4].copy(), Fraction(25))
WIDTH = 8


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generator with random weights."""
    random, path = np.random.default_rng(3), tmp_path_factory.mktemp("dial") / "expression.safetensors"
    given = ARTICULATION.size + EMOTION.size
    shapes = {
        "lstm.weight_ih_l0": (4 * WIDTH, given), "lstm.weight_hh_l0": (4 * WIDTH, WIDTH), "lstm.bias_ih_l0": (4 * WIDTH,),
        "lstm.bias_hh_l0": (4 * WIDTH,), "out.weight": (EXPRESSION_AND_JAW.size, WIDTH), "out.bias": (EXPRESSION_AND_JAW.size,),
        "direct.weight": (EXPRESSION_AND_JAW.size, given),
    }  # fmt: skip
    tensors = {name: (0.3 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
    save_file({**tensors, "scale": np.ones(EXPRESSION_AND_JAW.size, np.float32)}, path)
    return path


def dialled(weights: Path, **wishes: float) -> Array:
    """The vectors for emotions at constant intensities."""
    stage = Dial(weights)
    return stage.vectors(stage.start(NOBODY, Direction(emotion=Curve.constant(EMOTION, **wishes))), VOICE)


def test_the_dial_is_linear_and_mixtures_are_sums(weights: Path) -> None:
    rest, full = dialled(weights), dialled(weights, happy=1.0)
    assert np.abs(full - rest).max() > 0.1
    for intensity in (0.25, 0.5, 1.25):
        np.testing.assert_allclose(dialled(weights, happy=intensity), rest + intensity * (full - rest), atol=1e-5)
    mixed = dialled(weights, happy=0.4, surprised=0.7)
    np.testing.assert_allclose(mixed, rest + 0.4 * (full - rest) + 0.7 * (dialled(weights, surprised=1.0) - rest), atol=1e-5)
    np.testing.assert_array_equal(dialled(weights, neutral=1.0), rest)


def test_the_dial_follows_a_curve(weights: Path) -> None:
    row = np.eye(EMOTION.size)[EMOTION.column("sad")]
    curve = Curve(EMOTION, (Key(0.0, tuple(row * 0), 0.0), Key(1.0, tuple(row), 0.0)))
    stage = Dial(weights)
    made = stage.vectors(stage.start(NOBODY, Direction(emotion=curve)), VOICE)
    np.testing.assert_array_equal(made[:25], dialled(weights)[:25])
    np.testing.assert_array_equal(made[26:], dialled(weights, sad=1.0)[26:])


def test_lips_scale_the_mouth_and_nothing_else(weights: Path) -> None:
    stage = Dial(weights)
    silent = stage.vectors(stage.start(NOBODY, Direction(lips=Curve.constant(AMOUNT, amount=0.0))), VOICE)
    rest = dialled(weights)
    np.testing.assert_allclose(silent, rest @ mouth_part().T, atol=1e-5)
    assert np.abs(silent - rest).max() > 0.1


def test_the_mouth_part_leaves_brows_and_takes_smiles() -> None:
    from thespis.head.openhead import load_openhead

    head, rows = load_openhead(), np.zeros((2, len(ARKIT)), np.float32)
    rows[0, ARKIT.index("browInnerUp")], rows[1, ARKIT.index("mouthSmileLeft")] = 1, 1
    vectors = np.concatenate([head.coefficients(rows), np.zeros((2, 3), np.float32)], axis=1)
    left = vectors @ mouth_part().T
    kept = np.linalg.norm(left, axis=1) / np.linalg.norm(vectors, axis=1)
    assert kept[0] > 0.95
    assert kept[1] < 0.2


def test_what_lifts_the_upper_lip_takes_the_lower_one_along() -> None:
    from thespis.head.openhead import load_openhead

    head, rows = load_openhead(), np.zeros((2, len(ARKIT)), np.float32)
    rows[0, [ARKIT.index("mouthUpperUpLeft"), ARKIT.index("mouthUpperUpRight")]] = 0.6
    rows[1, [ARKIT.index("noseSneerLeft"), ARKIT.index("noseSneerRight")]] = 0.8
    vectors = np.concatenate([head.coefficients(rows), np.zeros((2, 3), np.float32)], axis=1)
    bared, sneering = head.arkit((vectors - vectors @ parting_part().T)[:, :50])
    assert np.abs(bared).max() < 0.05
    assert sneering[ARKIT.index("noseSneerLeft")] == pytest.approx(0.8, abs=0.1)
    assert sneering[ARKIT.index("mouthClose")] == pytest.approx(2 * 0.8 * LIFTING["noseSneer"], abs=0.05)


@pytest.mark.parametrize("emotion", ["disgusted", "surprised", "happy"])
def test_lips_that_speech_shuts_stay_shut_under_a_feeling(emotion: str) -> None:
    stage = Dial(find(card_of("emodiffhead_expression")))

    def opening(wish: Direction) -> Array:
        made = stage.step(stage.start(NOBODY, wish), VOICE, True)
        face = np.pad(made.values, ((0, 0), (0, FACE.size - EXPRESSION.size)))
        return drawn(Track(FACE, face, made.fps)).opening

    plain, felt = opening(Direction()), opening(Direction(emotion=Curve.constant(EMOTION, **{emotion: 1.0})))
    shut, open_ = plain < 0.02, plain > 0.15
    assert shut.sum() >= 5 <= open_.sum()
    assert np.median(felt[shut]) < 0.03
    assert np.median(felt[open_]) > 0.15


def test_the_stage_gives_weights_within_bounds_and_keeps_its_memory(weights: Path) -> None:
    stage = Dial(weights)
    direction = Direction(emotion=Curve.constant(EMOTION, angry=1.5))
    whole = stage.step(stage.start(NOBODY, direction), VOICE, True)
    assert whole.space == EXPRESSION
    assert (whole.values.min(), whole.values.max() <= 1.8) == (0.0, True)
    state = stage.start(NOBODY, direction)
    parts = [stage.step(state, VOICE.cut(a, b), b == 50) for a, b in ((0, 0), (0, 7), (7, 8), (8, 50))]
    np.testing.assert_array_equal(np.concatenate([part.values for part in parts]), whole.values)
