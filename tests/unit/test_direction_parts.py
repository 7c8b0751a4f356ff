"""Feelings of a part of the face alone, and the dial of valence and arousal."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import thespis
from thespis.direction.fields import AXES, emotion_weights
from thespis.direction.script import place, read_script, read_toml
from thespis.errors import DirectionError
from thespis.motion.feeling import Feeling
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import EMOTION, Direction, Portrait, Track

pytestmark = pytest.mark.unit

NOBODY = Portrait((np.zeros((8, 8, 3), np.uint8),))


def face(direction: Direction) -> Track:
    """A silent face that feels what is asked, for two seconds."""
    stage = Feeling()
    return stage.step(stage.start(NOBODY, direction), Track(EXPRESSION, np.zeros((50, 52), np.float32), Fraction(25)), True)


def test_sad_eyes_over_a_smiling_mouth() -> None:
    made = face(thespis.direct(eyes="sad", mouth="happy=0.8"))
    sad, happy = face(thespis.direct("sad")), face(thespis.direct("happy=0.8"))
    for name in ("browInnerUp", "eyeBlinkLeft", "browDownRight"):
        assert made[name] == pytest.approx(sad[name])
    for name in ("mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "jawOpen"):
        assert made[name] == pytest.approx(happy[name])
    assert made["browInnerUp"].min() > 0.5
    assert made["mouthSmileLeft"].min() > 0.4


def test_a_part_follows_the_whole_until_it_is_asked() -> None:
    wish = read_toml(
        "emotion = 'happy'\n[[at]]\ntime = 1.0\nmouth = 'sad'\nover = 0.1\n[[at]]\ntime = 1.5\nemotion = 'angry'\nover = 0.1\n"
    )
    made, happy, angry, sad = face(wish), face(thespis.direct("happy")), face(thespis.direct("angry")), face(thespis.direct("sad"))
    assert made["mouthSmileLeft"][:25] == pytest.approx(happy["mouthSmileLeft"][:25])
    assert made["mouthFrownLeft"][-5:] == pytest.approx(sad["mouthFrownLeft"][-5:])
    assert made["browDownLeft"][-5:] == pytest.approx(angry["browDownLeft"][-5:])


def test_nobody_asked_means_nothing_changes() -> None:
    assert thespis.direct("happy", eyes="natural", mouth=None) == thespis.direct("happy")


def test_tags_for_eyes_mouth_and_valence() -> None:
    script = read_script("[eyes sad 0.6] Well, [mouth happy 0.5 over 1] yes. [valence 0.9 arousal 0.4] Indeed.")
    made = place(script, [0.0, 0.5, 1.2])
    assert made.eyes is not None and made.mouth is not None
    assert made.eyes.at([0.0])[0, EMOTION.column("sad")] == pytest.approx(0.6)
    assert made.mouth.at([9.0])[0, EMOTION.column("happy")] == pytest.approx(0.5)
    assert made.emotion.at([9.0])[0, EMOTION.column("happy")] > 0.8


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ("valence=0.9, arousal=0.4", "happy"),
        ("valence=-0.7, arousal=-0.4", "sad"),
        ("arousal=1, valence=0.2", "surprised"),
        ("valence=-0.7 arousal=0.55", "angry"),
    ],
)
def test_the_corners_of_the_circle(axes: str, name: str) -> None:
    weights = emotion_weights(axes)
    assert max(weights, key=weights.__getitem__) == name
    assert weights[name] > 0.7


@given(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_the_circle_is_continuous_and_bounded(valence: float, arousal: float, right: float, up: float) -> None:
    def at(x: float, y: float) -> np.ndarray:
        weights = emotion_weights({"valence": float(np.clip(x, -1.5, 1.5)), "arousal": float(np.clip(y, -1.5, 1.5))})
        return np.array([weights.get(name, 0.0) for name in EMOTION.names])

    here, there = at(valence, arousal), at(valence + right, arousal + up)
    assert here.min() >= 0 and here.max() <= 1.5
    assert np.abs(here - there).max() < 0.06


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("valence=0.5, happy=0.3", "cannot stand beside"),
        ("valence=2", "valence"),
        ("valence=0.1, valence=0.2", "twice"),
        ({"arousal": "much"}, "arousal"),
    ],
)
def test_what_is_wrong_with_the_circle_is_told(wish: object, said: str) -> None:
    with pytest.raises(DirectionError, match=said):
        emotion_weights(wish)  # type: ignore[arg-type]
    assert AXES == ("valence", "arousal")


def test_an_empty_part_is_told() -> None:
    with pytest.raises(DirectionError, match="what do they feel"):
        read_script("[eyes] Well.")
