"""What the studio's page asks for, and the Direction that comes of it."""

from typing import Any

import numpy as np
import pytest

from thespis.apps.studio.wishes import MOST_KEYS, Wish, changes, direction_of, fields_of, keys_of
from thespis.direction.parse import direct
from thespis.errors import DirectionError
from thespis.types import EMOTION, Direction

pytestmark = pytest.mark.unit

KEYS = [
    {"time": 2.0, "emotion": "sad", "strength": 0.6, "over": 1.0},
    {"time": 0.0, "emotion": "happy", "strength": 0.9, "over": 0.0},
]


def felt(direction: Direction, second: float, name: str) -> float:
    return float(direction.emotion.at([second])[0, EMOTION.column(name)])


def test_keyframes_are_felt_from_their_times_on_whatever_their_order() -> None:
    made = direction_of(KEYS)
    assert [felt(made, second, "happy") for second in (0.0, 1.9, 3.1)] == pytest.approx([0.9, 0.9, 0.0])
    assert [felt(made, second, "sad") for second in (1.9, 2.5, 3.1)] == pytest.approx([0.0, 0.3, 0.6])


def test_a_keyframe_may_hold_a_mixture() -> None:
    made = direction_of([{**KEYS[0], "also": "surprised", "share": 0.3}, {**KEYS[1], "also": "", "share": 0.0}])
    assert [felt(made, 3.1, name) for name in ("sad", "surprised", "happy")] == pytest.approx([0.6, 0.3, 0.0])
    assert felt(made, 1.0, "happy") == pytest.approx(0.9)
    same = direction_of([{**KEYS[0], "also": "sad", "share": 0.1}])
    assert felt(same, 3.1, "sad") == pytest.approx(0.6)
    with pytest.raises(DirectionError, match="unknown emotion 'hapy'"):
        changes([{**KEYS[0], "also": "hapy"}])


def test_no_keyframes_ask_for_nothing() -> None:
    assert direction_of([], Wish(size="512")).asked() == ("size",)


def test_the_timeline_says_the_same_as_a_file_of_a_direction() -> None:
    from thespis.direction.keys import change, weave

    written = weave(direct(), [change(0.0, "emotion", "happy 0.9", 0.0), change(2.0, "emotion", "sad 0.6", 1.0)])
    times = np.arange(0, 4, 0.1)
    np.testing.assert_array_equal(direction_of(KEYS).emotion.at(times), written.emotion.at(times))


def test_sliders_become_the_fields_of_a_direction() -> None:
    wish = Wish(
        head="set", turn=12, nod=-4, gaze="set", look=-9, lift=3, blink=0.0, lips=140, motion=50, seed=7, size="1280x720", crop="picture"
    )
    made = direction_of([], wish)
    assert made.head is not None
    assert made.gaze is not None
    assert made.head.keys[0].value == (12, -4, 0)
    assert made.gaze.keys[0].value == (-9, 3)
    assert (made.blink, made.seed, made.size, made.crop) == (0.0, 7, (1280, 720), "picture")
    assert (made.lips.keys[0].value, made.motion.keys[0].value) == ((1.4,), (0.5,))
    assert direct(**fields_of(made)) == made
    assert direction_of([], Wish(crop="original")).size is None


def test_a_curve_becomes_keyframes_only_where_it_changes() -> None:
    made = direction_of([*KEYS, {"time": 2.4, "emotion": "sad", "strength": 0.62, "over": 0.5}])
    found = keys_of(made.emotion)
    assert [(key["time"], key["emotion"], key["strength"]) for key in found] == [(0.0, "happy", 0.9), (2.0, "sad", 0.6)]
    assert keys_of(direct().emotion) == [{"time": 0.0, "emotion": "neutral", "strength": 0.0, "over": 0.0}]


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ("happy", "keyframes are a list"),
        ([3], "keyframe 1 is no keyframe"),
        ([{"time": -1, "emotion": "sad"}], "the time of keyframe 1 goes from 0 to 3600"),
        ([{"time": "soon", "emotion": "sad"}], "the time of keyframe 1 needs a number"),
        ([{"time": float("nan"), "emotion": "sad"}], "the time of keyframe 1"),
        ([{"time": 0, "emotion": "sadd"}], "Did you mean 'sad'"),
        ([{"time": 0, "emotion": "sad", "strength": 9}], "the intensity of 'sad'"),
        ([{"time": 0, "emotion": "sad", "over": 60}], "how long keyframe 1 takes"),
        ([{"time": 0, "emotion": "sad"}] * (MOST_KEYS + 1), f"at most {MOST_KEYS} keyframes"),
    ],
)  # fmt: skip
def test_what_no_page_would_send_is_refused_in_a_line(keys: Any, line: str) -> None:
    with pytest.raises(DirectionError, match=line):
        changes(keys)
