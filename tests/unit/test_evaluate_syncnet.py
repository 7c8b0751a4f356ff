"""Our SyncNet: a mouth that moves with its sound is found at no lag, one that was shifted at its shift, and nothing is found in silence."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from thespis.capture.sighting import Sighting
from thespis.capture.unwrap import HIGH, WIDE
from thespis.data.acting import acted, habits
from thespis.errors import MediaError
from thespis.evaluate.syncnet import REACH, Sync, bands_of, between, compared, sync, sync_of
from thespis.head.shapes import SHAPES, load_shapes
from thespis.speech.say import say
from thespis.types import Clip, Direction, Speech, random_for

pytestmark = pytest.mark.unit
FPS = Fraction(25)
TEXT = "Papa pulled a purple pumpkin out of the pond, and my mother bought five blue plums for a pie."


def sightings_of(speech: Speech, fps: Fraction = FPS, mute: bool = False) -> list[Sighting]:
    """Move the points of a face as a made-up person says something, and see them as a tracker would."""
    motion = acted(speech, Direction(fps=fps, seed=3), habits(0, 9))
    shapes = load_shapes()
    weights = np.stack([motion[name] for name in SHAPES], axis=1) * (0.0 if mute else 1.0)
    points = shapes.points + np.tensordot(weights, shapes.fields, axes=1)
    points = np.pad(points, ((0, 0), (0, 10), (0, 0))) * 80 + 200
    points += random_for(0, "tremble").normal(0, 0.4, points.shape)
    return [Sighting(number, each.astype(np.float32), np.zeros((HIGH, WIDE), np.uint8)) for number, each in enumerate(points)]


@pytest.fixture(scope="module")
def speech() -> Speech:
    """A sentence of some seconds."""
    return say(TEXT, "en-us+f5")


def test_lips_and_sound_meet_where_they_belong(speech: Speech) -> None:
    found = sync(sightings_of(speech), FPS, speech)
    assert abs(found.offset) <= 0.04 and found.confidence > 0.1 and found.distance < 1


@pytest.mark.parametrize("late", [-0.28, 0.2, 0.4])
def test_a_late_sound_makes_the_picture_early(speech: Speech, late: float) -> None:
    count = round(abs(late) * speech.rate)
    quiet, kept = np.zeros((1, count), np.float32), speech.samples
    shifted = replace(speech, samples=np.concatenate([quiet, kept], axis=1) if late > 0 else kept[:, count:], phones=None, words=None)
    assert sync(sightings_of(speech), FPS, shifted).offset == pytest.approx(-late, abs=0.04)


def test_other_rates_and_holes_change_little(speech: Speech) -> None:
    faster = sightings_of(speech, Fraction(30))
    assert abs(sync([each for each in faster if each.frame % 9], Fraction(30), speech).offset) <= 0.04


def test_a_still_mouth_is_never_sure(speech: Speech) -> None:
    moving, still = (sync(sightings_of(speech, mute=mute), FPS, speech) for mute in (False, True))
    assert still.confidence < 0.5 * moving.confidence and still.distance > moving.distance


def test_lags_are_told_with_their_sign_and_between_frames() -> None:
    sound = random_for(2, "embeddings").normal(size=(40 + 2 * REACH, 8)).astype(np.float32)
    late = compared(sound[REACH - 4 : REACH - 4 + 40], sound, np.ones(40, np.float32))
    assert isinstance(late, Sync) and late.offset == pytest.approx(4 / 25, abs=0.02) and late.distance == pytest.approx(0, abs=1e-6)
    assert between(np.array([3.0, 1.0, 1.0, 3.0], np.float32), 1) == pytest.approx(0.5)
    assert between(np.array([1.0, 2.0, 3.0], np.float32), 0) == 0.0


def test_sound_that_is_missing_is_silence(speech: Speech) -> None:
    rows = bands_of(speech, -20, 40)
    assert rows.shape == (40, 40) and np.ptp(rows[:20], axis=0).max() == 0 and np.isfinite(rows).all()
    assert np.isfinite(bands_of(Speech(np.zeros((1, 0), np.float32), 16000), 0, 8)).all()


def test_too_little_is_told(speech: Speech) -> None:
    with pytest.raises(MediaError, match=r"0\.6 s in a row are needed"):
        sync(sightings_of(speech)[:10], FPS, speech)
    with pytest.raises(MediaError, match="needs both frames and sound"):
        sync_of(Clip(None, None, None))
