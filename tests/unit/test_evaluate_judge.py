"""The emotion judge: how frames vote, what its descriptors see, and that a stronger emotion is judged stronger."""

import numpy as np
import pytest

from thespis.errors import FaceError
from thespis.evaluate.judge import Weights, descriptor, judge, shown, shown_emotion
from thespis.types import EMOTION, Clip, random_for

pytestmark = pytest.mark.unit
HAPPY, SAD = EMOTION.column("happy"), EMOTION.column("sad")


def learned() -> Weights:
    """Weights that take two numbers for how happy and how sad somebody is."""
    hidden = np.array([[1, 0], [0, 1], [0, 0]], np.float32)
    answer = np.zeros((3, 2 * EMOTION.size), np.float32)
    answer[0, [HAPPY, EMOTION.size + HAPPY]] = answer[1, [SAD, EMOTION.size + SAD]] = 1
    answer[2, EMOTION.column("neutral")] = 0.4
    return Weights(np.zeros(2, np.float32), np.ones(2, np.float32), hidden, answer)


def test_frames_vote_and_neutral_has_no_intensity() -> None:
    found = shown(np.array([[0.9, 0.0], [0.5, 0.0], [0.0, 0.6]], np.float32), learned())
    assert found.feeling == "happy" and found.intensity == pytest.approx(1.4 / 3, abs=1e-6)
    assert found.rows.argmax(axis=1).tolist() == [HAPPY, HAPPY, SAD] and found.chances.sum() == pytest.approx(1, abs=1e-6)
    assert found.strength == pytest.approx(2.0 / 3, abs=1e-6)
    calm = shown(np.array([[0.1, 0.1]], np.float32), learned())
    assert calm.feeling == "neutral" and calm.intensity == 0.0 and calm.strength == pytest.approx(0.2)


def test_a_face_at_rest_is_taken_out() -> None:
    sad_at_rest = np.array([[0.0, 0.8]], np.float32)
    assert shown(sad_at_rest, learned()).feeling == "sad" and shown(sad_at_rest, learned(), sad_at_rest).feeling == "neutral"
    assert shown(np.array([[0.5, 0.8]], np.float32), learned(), sad_at_rest).feeling == "happy"


def test_descriptors_see_edges_and_not_the_light() -> None:
    view = (random_for(1, "a view").normal(size=(13, 12)).repeat(8, 0).repeat(8, 1) * 20 + 100).astype(np.uint8)
    darker = (view * 0.6 + 10).astype(np.uint8)
    own, mirrored = descriptor(view), descriptor(np.ascontiguousarray(view[:, ::-1]))
    assert np.abs(own - descriptor(darker)).mean() < 0.1 * np.abs(own - mirrored).mean()
    assert np.isfinite(descriptor(np.zeros_like(view))).all()


def test_nothing_to_judge_is_told() -> None:
    with pytest.raises(FaceError, match="no face to read an emotion from; give a video in which one is seen"):
        judge([])
    with pytest.raises(FaceError, match="a clip without frames shows no face; render it first"):
        shown_emotion(Clip(None, None, None))
