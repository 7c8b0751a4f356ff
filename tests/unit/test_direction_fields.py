"""Every field of a direction is read from words and numbers, and what cannot be meant gets one line that helps."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import thespis
from thespis.direction.fields import FIELDS, READERS, SYNONYMS, emotion_curve, emotion_weights, frame_rate
from thespis.direction.parse import direct, settings
from thespis.errors import DirectionError
from thespis.types import AMOUNT, EMOTION, GAZE_TURN, HEAD_TURN, NATURAL, Curve, Direction, Key

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("happy", {"happy": 1.0}),
        ("happy=0.8", {"happy": 0.8}),
        ("happy 0.8", {"happy": 0.8}),
        ("Happy: .8", {"happy": 0.8}),
        ("happy=0.8,surprised=0.3", {"happy": 0.8, "surprised": 0.3}),
        ("happy 0.8 surprised", {"happy": 0.8, "surprised": 1.0}),
        ("sad=50%", {"sad": 0.5}),
        ("angry = 1.5 , neutral", {"angry": 1.5, "neutral": 1.0}),
        ({"fear": 0.25}, {"fear": 0.25}),
    ],
)
def test_emotions_are_read(wish: Any, expected: dict[str, float]) -> None:
    assert emotion_weights(wish) == expected
    assert emotion_curve(wish) == Curve.constant(EMOTION, **expected)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ("happi", "unknown emotion 'happi'. Did you mean 'happy'?"),
        ("anger=0.5", "unknown emotion 'anger'. Did you mean 'angry'?"),
        ("disgust", "Did you mean 'disgusted'?"),
        ("scared", "Did you mean 'fear'?"),
        ("xyz", "Known: neutral, angry, contempt, disgusted, fear, happy, sad, surprised."),
        ("happy=1.6", "the intensity of 'happy' goes from 0 to 1.5, not 1.6"),
        ("happy=-0.1", "goes from 0 to 1.5"),
        ("happy=nan", "goes from 0 to 1.5"),
        ("happy,happy 0.2", "the emotion 'happy' is asked twice"),
        ("0.8", "has the number 0.8 without a name before it; write for instance happy=0.8"),
        ("  ", "no emotion is named"),
        ({}, "no emotion is named"),
        ({"happy": "much"}, "the intensity of 'happy' needs a number from 0 to 1.5, not 'much'"),
        ({"happy": True}, "needs a number"),
        (3, "emotion needs names and amounts"),
    ],
)
def test_wrong_emotions_are_explained(wish: Any, message: str) -> None:
    with pytest.raises(DirectionError) as error:
        emotion_curve(wish)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("word", SYNONYMS)
def test_every_synonym_points_to_an_emotion(word: str) -> None:
    with pytest.raises(DirectionError, match=f"Did you mean '{SYNONYMS[word]}'"):
        emotion_curve(word)
    assert SYNONYMS[word] in EMOTION.names


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("gaze=camera", Curve.constant(GAZE_TURN)),
        ("gaze=left", Curve.constant(GAZE_TURN, yaw=-20.0)),
        ("gaze=10,-5", Curve.constant(GAZE_TURN, yaw=10.0, pitch=-5.0)),
        ("gaze=natural", None),
        ("head=still", Curve.constant(HEAD_TURN)),
        ("head=10,0,0", Curve.constant(HEAD_TURN, yaw=10.0)),
        ("head=0 -5 3.5", Curve.constant(HEAD_TURN, pitch=-5.0, roll=3.5)),
        ("head=auto", None),
        ("blink=20", 20.0),
        ("blink=0", 0.0),
        ("blink=off", 0.0),
        ("blink=auto", None),
        ("lips=1.5", Curve.constant(AMOUNT, amount=1.5)),
        ("lips=1", NATURAL),
        ("motion=150%", Curve.constant(AMOUNT, amount=1.5)),
        ("motion=0", Curve.constant(AMOUNT)),
        ("seed=3", 3),
        ("fps=25", Fraction(25)),
        ("fps=29.97", Fraction(30000, 1001)),
        ("fps=23.976", Fraction(24000, 1001)),
        ("fps=59.94", Fraction(60000, 1001)),
        ("fps=24000/1001", Fraction(24000, 1001)),
        ("fps=12.5", Fraction(25, 2)),
        ("size=512", (512, 512)),
        ("size=1920x1080", (1920, 1080)),
        ("crop=picture", "picture"),
        ("style=warm", "warm"),
        ("prompt=a rainy day", "a rainy day"),
        ("guidance=audio=2, text=4.5", {"audio": 2.0, "text": 4.5}),
        ("emotion=sad 0.4", Curve.constant(EMOTION, sad=0.4)),
    ],
)
def test_settings_are_read(setting: str, value: Any) -> None:
    name = setting.split("=")[0]
    assert getattr(direct(**settings([setting])), name) == value


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("gaze=lefft", "unknown gaze 'lefft'. Did you mean 'left'? Known: camera, left, right, up, down. Or give 2 numbers"),
        ("gaze=1,2,3", "gaze is camera, left, right, up, down or 2 numbers of degrees (yaw,pitch), not '1,2,3'"),
        ("head=stil", "Did you mean 'still'?"),
        ("head=10,0", "or 3 numbers of degrees (yaw,pitch,roll)"),
        ("head=99,0,0", "the yaw of head goes from -60 to 60, not 99"),
        ("head=0,0,x", "the roll of head needs a number from -40 to 40, not 'x'"),
        ("blink=61", "blink (blinks a minute, or off, or auto) goes from 0 to 60, not 61"),
        ("lips=2.1", "lips goes from 0 to 2, not 2.1"),
        ("motion=300%", "motion goes from 0 to 2, not 300%"),
        ("seed=1.5", "seed needs a whole number"),
        ("seed=-1", "seed goes from 0"),
        ("fps=0", "fps goes from 1 to 240, not 0"),
        ("fps=fast", "fps is a number of frames a second such as 25, 29.97 or 24000/1001, not 'fast'"),
        ("fps=1/0", "fps is a number of frames a second"),
        ("size=8", "the width of size goes from 32 to 4096, not 8"),
        ("size=100x9000", "the height of size goes from 32 to 4096"),
        ("size=1x2x3", "size is one number or WIDTHxHEIGHT"),
        ("crop=face", "unknown crop 'face'. Known: head, picture, original."),
        ("guidance=2", "guidance is names with strengths such as audio=2,text=4"),
        ("emotion=happi", "Did you mean 'happy'?"),
        ("gase=camera", "unknown direction 'gase'. Did you mean 'gaze'"),
        ("gaze", "the setting 'gaze' has no value; write it as gaze=VALUE"),
        ("gaze= ", "the setting 'gaze= ' has no value"),
    ],
)
def test_wrong_settings_are_explained(setting: str, message: str) -> None:
    with pytest.raises(DirectionError) as error:
        direct(**settings([setting]))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_every_field_has_a_reader() -> None:
    assert set(READERS) == set(FIELDS)


def test_a_direction_is_made_from_words_mappings_and_directions() -> None:
    assert direct() == Direction()
    assert direct("happy=0.8", seed=3) == Direction(emotion=Curve.constant(EMOTION, happy=0.8), seed=3)
    assert direct({"emotion": {"happy": 0.8}, "seed": 3}) == direct("happy=0.8", seed=3)
    assert direct(direct("sad"), lips=0.5) == direct("sad", lips="50%")
    assert direct("sad", emotion="happy") == direct("happy")
    assert thespis.direct is direct


def test_finished_values_pass_and_foreign_curves_do_not() -> None:
    curve = Curve(EMOTION, (Key(0.0, (0.0,) * 8), Key(2.0, (1.0, *(0.0,) * 7))))
    assert direct(emotion=curve).emotion is curve
    with pytest.raises(DirectionError, match=r"a Curve in gaze turn \(2 numbers\) is needed, not one in emotion"):
        direct(gaze=curve)


@pytest.mark.parametrize("wish", [3, ["happy"], b"happy"])
def test_a_wish_of_another_kind_is_refused(wish: Any) -> None:
    with pytest.raises(DirectionError, match=r"a direction is an emotion such as 'happy=0.8', fields by name or a TOML file"):
        direct(wish)


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DirectionError, match=r"there is no direction file .*nothing\.toml"):
        direct(tmp_path / "nothing.toml")
    with pytest.raises(DirectionError, match="there is no direction file"):
        direct("nothing.toml")


@given(st.fractions(min_value=1, max_value=240, max_denominator=1001))
def test_fractions_of_frames_come_back(fps: Fraction) -> None:
    assert frame_rate(f"{fps.numerator}/{fps.denominator}") == fps
    assert frame_rate(fps) == fps


@given(st.dictionaries(st.sampled_from(EMOTION.names), st.floats(0.0, 1.5), min_size=1))
def test_any_mixture_comes_back(weights: dict[str, float]) -> None:
    assert emotion_weights(",".join(f"{name}={amount!r}" for name, amount in weights.items())) == weights


@given(st.text(max_size=20))
def test_any_text_is_read_or_explained(text: str) -> None:
    for read in (emotion_curve, lambda given: direct(gaze=given), lambda given: direct(size=given), lambda given: direct(fps=given)):
        try:
            read(text)
        except DirectionError as error:
            assert str(error)
