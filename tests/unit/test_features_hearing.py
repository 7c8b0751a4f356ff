"""Resampler, ear, adaptation and gestures: the same numbers for any chunking, and right ones."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.features.ear import Adaptation, Ear
from thespis.features.gestures import MOUTH, REACH, Gestures, gestures
from thespis.features.resample import Resampler
from thespis.types import Phone

pytestmark = pytest.mark.unit


def resampled(samples: np.ndarray, rate: int, cuts: list[int]) -> np.ndarray:
    resampler = Resampler(rate)
    edges = [0, *sorted(min(cut, len(samples)) for cut in cuts), len(samples)]
    parts = [resampler(samples[a:b], False) for a, b in pairwise(edges)]
    return np.concatenate([*parts, resampler(samples[:0], True)])


@given(rate=st.sampled_from([4000, 8000, 11025, 12345, 16000, 22050, 44100, 48000, 96000]), cuts=st.lists(st.integers(0, 9000), max_size=8))
def test_resampling_is_the_same_for_any_chunking(rate: int, cuts: list[int]) -> None:
    samples = np.random.default_rng(1).standard_normal(8123).astype(np.float32)
    whole = resampled(samples, rate, [])
    assert np.array_equal(resampled(samples, rate, cuts), whole)
    assert 0 <= len(whole) - len(samples) * 16000 / rate < 160


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_resampling_keeps_a_tone_in_time_and_drops_what_is_too_high(rate: int) -> None:
    seconds = np.arange(rate) / rate
    made = resampled(np.sin(2 * np.pi * 440 * seconds).astype(np.float32), rate, [777])
    truth = np.sin(2 * np.pi * 440 * np.arange(len(made)) / 16000)
    assert np.abs(made - truth)[200:-400].max() < 1e-3
    if rate > 20_000:
        high = resampled(np.sin(2 * np.pi * 9500 * seconds).astype(np.float32), rate, [])
        assert np.abs(high)[200:-400].max() < 1e-3


@pytest.mark.parametrize("hertz", [80, 120, 180, 260, 380])
def test_the_pitch_of_a_voice_is_found(hertz: int) -> None:
    phase = np.arange(16000) / 16000 * hertz
    voice = sum(np.sin(2 * np.pi * k * phase) / k for k in range(1, 12)).astype(np.float32) * 0.1
    heard = Ear()(voice)
    assert np.median(np.concatenate([each.pitch for each in heard])[10:]) == pytest.approx(np.log2(hertz), abs=0.02)
    assert np.concatenate([each.periodicity for each in heard])[10:].min() > 0.5
    noise = Ear()(np.random.default_rng(0).standard_normal(16000).astype(np.float32) * 0.1)
    assert np.percentile(np.concatenate([each.periodicity for each in noise]), 95) < 0.3


def test_the_level_is_in_decibels_of_full_scale() -> None:
    noise = np.random.default_rng(0).standard_normal(32000).astype(np.float32) * 0.1
    levels = [np.concatenate([each.level for each in Ear()(noise * gain)])[10:].mean() for gain in (np.float32(1), np.float32(0.1))]
    assert levels[0] - levels[1] == pytest.approx(20, abs=0.1)
    assert levels[0] == pytest.approx(-20, abs=4)


def test_adaptation_takes_the_microphone_away() -> None:
    noise = np.random.default_rng(0).standard_normal(16000 * 8).astype(np.float32)
    bands = []
    for gain in (0.2, 0.01):
        adaptation = Adaptation()
        bands.append(np.concatenate([adaptation(each) for each in Ear(pitch=False)(noise * np.float32(gain))]))
    assert np.abs(bands[0][-100:] - bands[1][-100:]).mean() < 0.2
    assert np.abs(bands[0][-400:].mean(axis=0)).max() < 0.3


PHONES = st.lists(
    st.tuples(
        st.sampled_from(["p", "b", "m", "a", "iː", "aɪ", "s", "tʃ", "w", "f", "l", "ə", "uː"]), st.floats(0.01, 0.3), st.floats(0, 0.5)
    ),
    max_size=15,
)


def timed(parts: list[tuple[str, float, float]]) -> tuple[Phone, ...]:
    phones, at = [], 0.0
    for symbol, length, pause in parts:
        at += pause if pause > 0.3 else 0.0
        phones.append(Phone(symbol, at, at + length))
        at += length
    return tuple(phones)


@given(parts=PHONES, cuts=st.lists(st.integers(0, 300), max_size=8))
def test_gestures_are_the_same_for_any_chunking_and_stay_in_range(parts: list[tuple[str, float, float]], cuts: list[int]) -> None:
    phones = timed(parts)
    whole = Gestures()
    whole.add(phones)
    expected = whole.rows(0, 300)
    assert expected.min() >= 0
    assert expected.max() <= 1
    pieces, told, made = Gestures(), 0, []
    for begin, end in pairwise([0, *sorted(cuts), 300]):
        # Only what begins within the look-ahead is told, as in a live stream.
        known = [phone for phone in phones[told:] if phone.start < end / 100 + REACH]
        pieces.add(tuple(known))
        told += len(known)
        made.append(pieces.rows(begin, end))
    assert np.array_equal(np.concatenate(made), expected)


@given(parts=PHONES)
def test_every_labial_closes(parts: list[tuple[str, float, float]]) -> None:
    phones = timed(parts)
    mouth = Gestures()
    mouth.add(phones)
    closure = mouth.rows(0, 800)[:, MOUTH.index("closure")]
    for phone in phones:
        if phone.symbol in ("p", "b", "m") and phone.start > 0.1:
            assert closure[max(int((phone.start - 0.02) * 100), 0) : int((phone.end + 0.02) * 100) + 2].max() >= 0.9


def test_no_gesture_reaches_further_back_than_promised() -> None:
    for symbol in ("p", "tʃ", "uː", "w", "aɪ", "f", "l"):
        assert all(gesture.rise >= 1.0 - REACH - 1e-9 for gesture in gestures(Phone(symbol, 1.0, 1.1)))
