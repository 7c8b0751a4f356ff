"""Mel, pitch, the four alignments, and encoders' windows, with networks made by hand; transformers' own are tested in tests/parity."""

import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import NOBODY, cuttings

from thespis.errors import MediaError, MissingExtraError, WeightsError
from thespis.features.alignment import After, Alignment, Around, Before, PerLatent, nearest
from thespis.features.encoders import Encoder
from thespis.features.hubert import hubert
from thespis.features.mel import Mel
from thespis.features.pitch import PITCH, Pitch
from thespis.features.whisper import whisper
from thespis.stages import Stage
from thespis.types import Array, Direction, Speech, Track, random_for

pytestmark = pytest.mark.unit

RATE, STRIDE = 16_000, 320


def sound(seconds: float, rate: int = RATE) -> Speech:
    return Speech(random_for(0, "sound").normal(0, 0.1, (1, round(seconds * rate))).astype(np.float32), rate)


def tone(hertz: float, seconds: float = 1.0, rate: int = 22_050) -> Speech:
    time = np.arange(round(seconds * rate)) / rate
    return Speech((0.3 * sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, 6)))[None].astype(np.float32), rate)


def whole(stage: Stage, speech: Speech) -> Track:
    made: Track = stage.step(stage.start(NOBODY, Direction()), speech, True)
    return made


def cut_up(stage: Stage, speech: Speech, cuts: list[int]) -> Array:
    state, made = stage.start(NOBODY, Direction()), []
    for first, stop in pairwise([0, *cuts, len(speech)]):
        made.append(stage.step(state, speech.cut(first, stop), False).values)
    made.append(stage.step(state, speech.cut(len(speech), len(speech)), True).values)
    return np.concatenate(made)


class Clock:
    """An encoder of one number a row: the mean of the samples of its stride; it counts how often it was asked."""

    width, longest = 1, 60.0

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, samples: Array, frames: int | None) -> tuple[Array, "np.ndarray[tuple[int], np.dtype[np.float64]]"]:
        self.asked.append(len(samples))
        count = len(samples) // STRIDE if frames is None else frames
        size = len(samples) // max(count, 1)
        rows = samples[: count * size].reshape(count, size).mean(axis=1, keepdims=True)
        return rows, (np.arange(count) + 0.5) * size / RATE


def clocked(align: Alignment, window: tuple[int, int, int] | None = None, fps: int = 25) -> Encoder:
    return Encoder("clock", Clock, align, fps, window)


def rising(seconds: float = 3.0) -> Speech:
    """Samples that are their own time in tenths of seconds."""
    return Speech((np.arange(round(seconds * RATE)) / RATE / 10)[None].astype(np.float32), RATE)


STAGES = (
    Mel(), Pitch(), clocked(After(), (10, 5, 5)), clocked(Around(1), (4, 4, 4)), clocked(PerLatent(4, 2), (8, 4, 4)),
    clocked(Before(), (5, 10, 5), 30),
)  # fmt: skip


@settings(max_examples=8)
@given(st.sampled_from(range(len(STAGES))), st.sampled_from((16_000, 22_050)), cuttings(20_000))
def test_streamed_equals_offline(number: int, rate: int, cuts: list[int]) -> None:
    stage, speech = STAGES[number], sound(1.3, rate)
    assert np.array_equal(cut_up(stage, speech, cuts), whole(stage, speech).values)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.gives.name)
@pytest.mark.parametrize("seconds", [0.0, 0.02, 0.5, 1.0])
def test_rows_cover_the_speech(stage: Stage, seconds: float) -> None:
    track = whole(stage, sound(seconds))
    assert len(track) == -(-round(seconds * RATE) * track.fps // RATE)
    assert track.start == 0 and np.isfinite(track.values).all()


def test_rows_never_need_more_than_the_stated_delay() -> None:
    for stage in STAGES:
        state, speech = stage.start(NOBODY, Direction()), sound(2.0)
        made = stage.step(state, speech, False)
        assert made.stop >= int((2 - stage.delay) * made.fps)


def test_mel_shows_where_the_energy_is() -> None:
    bands = whole(Mel(), tone(300.0)).values
    high = whole(Mel(), Speech(np.sin(2 * np.pi * 5000 * np.arange(16_000) / RATE)[None].astype(np.float32), RATE)).values
    assert bands.shape[1] == 80
    assert bands[40].argmax() < 20 and high[40].argmax() > 60
    assert bands.min() >= -4 and bands.max() <= 4
    assert (whole(Mel(), Speech(np.zeros((1, 8_000), np.float32), RATE)).values == -4).all()


def test_pitch_is_found_and_held() -> None:
    speech = Speech(np.concatenate([tone(220.0).samples, np.zeros((1, 11_025), np.float32)], axis=1), 22_050)
    track = whole(Pitch(), speech)
    assert track.space == PITCH
    np.testing.assert_allclose(track["octaves"][20:80], np.log2(2.2), atol=0.02)
    assert track["voiced"][20:80].min() > 0.8 and track["voiced"][120:].max() < 0.1
    np.testing.assert_allclose(track["octaves"][120:], np.log2(2.2), atol=0.05)


def test_alignments_stand_at_their_times() -> None:
    rows, times = np.arange(100, dtype=np.float32)[:, None], np.arange(100) / 50
    fps = Fraction(25)
    np.testing.assert_allclose(After()(rows, times, range(10), fps)[:, 0], np.arange(10) * 2)
    np.testing.assert_allclose(After()(rows, times + 0.01, range(1, 5), fps)[:, 0], np.arange(1, 5) * 2 - 0.5, atol=1e-5)
    np.testing.assert_allclose(After()(rows, times, [1000], fps)[:, 0], 99)
    np.testing.assert_allclose(Around(2)(rows, times, [5], fps), [[8, 9, 10, 11, 12]])
    np.testing.assert_allclose(Around(2)(rows, times, [0], fps), [[0, 0, 0, 1, 2]])
    assert PerLatent(4, 8).rate(fps) == Fraction(25, 4) and PerLatent(4, 8).size(3) == 24
    np.testing.assert_allclose(PerLatent(4, 8)(rows, times, [2], fps), [[16, 17, 18, 19, 20, 21, 22, 23]], atol=1)
    np.testing.assert_allclose(Before()(rows[::2], times[::2], range(10), fps)[:, 0], np.arange(10) * 2)
    assert nearest(np.array([0.0, 1.0, 2.0]), np.array([-5.0, 0.4, 0.6, 9.0])).tolist() == [0, 0, 1, 2]


@pytest.mark.parametrize("window", [None, (10, 5, 5), (50, 25, 10)])
@pytest.mark.parametrize("align", [After(), Around(0), Before()])
def test_an_encoder_hears_each_frame_at_its_own_time(align: Alignment, window: tuple[int, int, int] | None) -> None:
    track = whole(clocked(align, window), rising())
    assert (len(track), track.fps) == (75, 25)
    np.testing.assert_allclose(track.values[2:70, 0] * 10, track.seconds[2:70], atol=0.025)


def test_an_encoder_with_a_window_forgets() -> None:
    stage = clocked(After(), (10, 5, 5))
    state = stage.start(NOBODY, Direction())
    for second in range(30):
        stage.step(state, Speech(np.zeros((1, RATE), np.float32), RATE, start=second * RATE), False)
        assert len(state.held) < 2 * RATE
    clock = stage._network
    assert isinstance(clock, Clock) and set(clock.asked) == {20 * RATE // 25}


def test_windows_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 60 s at a time"):
        clocked(After(), (2000, 25, 0))
    with pytest.raises(ValueError, match="each a multiple of 4"):
        clocked(PerLatent(4, 2), (8, 5, 4))
    with pytest.raises(MediaError, match=r"clock hears at most 60 s at a time, not 61: give it a window"):
        whole(clocked(After()), sound(61))
    with pytest.raises(ValueError, match="expected samples from 0 on"):
        whole(clocked(After()), sound(1.0).cut(100, 200))


def test_without_weights_or_libraries_it_is_said_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("thespis.features.encoders.libraries", lambda: (None, None))
    monkeypatch.setattr("thespis.features.wav2vec2.libraries", lambda: (None, None))
    monkeypatch.setattr("thespis.features.whisper.libraries", lambda: (None, None))
    with pytest.raises(WeightsError, match=r"hubert \(Apache-2.0\) are not in .*hf download facebook/hubert-base-ls960 .*config.json"):
        hubert()
    with pytest.raises(WeightsError, match="hf download openai/whisper-tiny"):
        whisper(tmp_path / "nowhere")
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "transformers", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'thespis\[train\]'"):
        hubert(tmp_path)
