"""The nouns: clocks without drift, tracks that know their channels, curves that start and end at rest, errors that name both sides."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.errors import DirectionError, unknown
from thespis.types import (
    AMOUNT,
    EMOTION,
    GAZE_TURN,
    Channel,
    Curve,
    Direction,
    Frames,
    Key,
    Phone,
    Portrait,
    Space,
    Speech,
    Track,
    Word,
    frame_count,
    frame_sample,
    linear,
    random_for,
)

pytestmark = pytest.mark.unit

FPS = Fraction(25)
PAIR = linear("pair", "a", "b")
MIXED = Space("mixed", (Channel("x"), Channel("turn", "rotation", 3), Channel("y")))

times = st.floats(-10, 100, allow_nan=False)
numbers = st.floats(-100, 100, allow_nan=False, width=32)


def track(rows: int, start: int = 0, space: Space = PAIR) -> Track:
    values = np.arange(rows * space.size, dtype=np.float32).reshape(rows, space.size) + 100 * start
    return Track(space, values, FPS, start)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(25, 2)])
def test_frames_are_counted_without_drift(rate: int, fps: Fraction) -> None:
    for seconds in (0, 1, 59, 600, 3600):
        assert frame_count(seconds * rate, rate, fps) == int(seconds * fps + Fraction(1, 2))
    assert all(abs(Fraction(frame_sample(frame, rate, fps), rate) - frame / fps) <= Fraction(1, 2 * rate) for frame in range(0, 20000, 997))


@given(samples=st.integers(0, 10**9), more=st.integers(0, 10**6), rate=st.integers(1, 200000))
def test_more_samples_never_have_fewer_frames(samples: int, more: int, rate: int) -> None:
    assert frame_count(samples, rate, FPS) <= frame_count(samples + more, rate, FPS)


def test_halves_are_rounded_up() -> None:
    assert [frame_count(samples, 1000, FPS) for samples in (19, 20, 59, 60)] == [0, 1, 1, 2]


def test_spaces_are_equal_by_value_and_find_their_columns() -> None:
    assert linear("pair", "a", "b") == PAIR != linear("pair", "b", "a")
    assert (MIXED.size, MIXED.names) == (5, ("x", "turn", "y"))
    assert (MIXED.slice("turn"), MIXED.column("y")) == (slice(1, 4), 4)
    assert str(MIXED) == "mixed (5 numbers)"
    assert (PAIR + MIXED).names == ("a", "b", "x", "turn", "y")


def test_spaces_refuse_what_is_not_theirs() -> None:
    with pytest.raises(KeyError, match="space 'pair' has no channel 'c'; it has a, b"):
        PAIR.slice("c")
    with pytest.raises(KeyError, match="'turn' of space 'mixed' has 3 columns, not one"):
        MIXED.column("turn")
    with pytest.raises(ValueError, match="names a channel twice: a"):
        PAIR + PAIR
    with pytest.raises(ValueError, match="unknown kind 'vector'"):
        Channel("x", "vector")  # type: ignore[arg-type]


def test_tracks_give_and_change_channels_by_name() -> None:
    found = track(4, space=MIXED)
    assert found["x"].tolist() == [0, 5, 10, 15]
    assert found["turn"].shape == (4, 3)
    changed = found.replace(y=[1, 2, 3, 4], turn=np.zeros((4, 3)))
    assert changed["y"].tolist() == [1, 2, 3, 4]
    assert not changed["turn"].any()
    assert found["y"].tolist() == [4, 9, 14, 19]


def test_tracks_know_their_times() -> None:
    assert track(3, start=50).seconds == pytest.approx([2.0, 2.04, 2.08])
    assert (track(3, start=50).stop, len(Track.empty(PAIR, FPS, 7)), Track.empty(PAIR, FPS, 7).stop) == (53, 0, 7)


@given(rows=st.integers(0, 20), cut=st.integers(0, 20), start=st.integers(0, 5))
def test_what_is_cut_can_be_joined(rows: int, cut: int, start: int) -> None:
    whole = track(rows, start)
    at = min(start + cut, whole.stop)
    joined = whole.cut(start, at).join(whole.cut(at, whole.stop))
    assert (joined.start, joined.stop) == (whole.start, whole.stop)
    assert np.array_equal(joined.values, whole.values)


@given(low=st.integers(-5, 30), high=st.integers(-5, 30))
def test_cuts_beyond_the_ends_give_what_is_there(low: int, high: int) -> None:
    kept = track(10, start=10).cut(low, high)
    assert len(kept) == max(min(high, 20) - max(low, 10), 0)
    assert len(Frames(np.zeros((10, 1, 1, 3), np.uint8), FPS, 10).cut(low, high)) == len(kept)


def test_tracks_that_do_not_follow_are_not_joined() -> None:
    for wrong in (track(2, start=3), track(2, start=2, space=linear("pair", "b", "a")), replace(track(2, start=2), fps=Fraction(30))):
        with pytest.raises(ValueError, match=r"cannot join .* to pair \(2 numbers\) at 25 fps that ends at row 2"):
            track(2).join(wrong)
    with pytest.raises(ValueError, match="cannot join frames from 3"):
        Frames(np.zeros((2, 1, 1, 3), np.uint8), FPS).join(Frames(np.zeros((2, 1, 1, 3), np.uint8), FPS, 3))


def test_tracks_of_other_rows_are_not_put_beside() -> None:
    assert track(2).beside(track(2, space=MIXED)).space.names == ("a", "b", "x", "turn", "y")
    with pytest.raises(ValueError, match="their rows are not at the same times"):
        track(2).beside(track(3, space=MIXED))


@pytest.mark.parametrize("values", [np.zeros((3, 3), np.float32), np.zeros(3, np.float32)])
def test_tracks_refuse_other_shapes(values: Any) -> None:
    with pytest.raises(ValueError, match=r"needs values of shape \(rows, 2\)"):
        Track(PAIR, values, FPS)
    with pytest.raises(ValueError, match="positive fps"):
        Track(PAIR, np.zeros((1, 2), np.float32), Fraction(0))


def test_pictures_are_rgb_bytes() -> None:
    for wrong in (np.zeros((1, 2, 2), np.uint8), np.zeros((1, 2, 2, 5), np.uint8), np.zeros((1, 2, 2, 3), np.float32)):
        with pytest.raises(ValueError, match="uint8 images of shape"):
            Frames(wrong, FPS)
        with pytest.raises(ValueError, match="uint8 images of shape"):
            Portrait((wrong[0],))
    with pytest.raises(ValueError, match="at least one image"):
        Portrait(())


def test_speech_is_cut_with_its_phones_and_words() -> None:
    phones = (Phone("a", 0.0, 0.5), Phone("b", 0.5, 1.0), Phone("c", 1.0, 1.5))
    speech = Speech(np.arange(300, dtype=np.float32).reshape(2, 150), 100, phones=phones, words=(Word("ab", 0.0, 1.0),))
    assert (len(speech), speech.seconds, speech.mono()[0]) == (150, 1.5, 75.0)
    part = speech.cut(50, 100)
    assert (part.start, part.stop, part.samples[1, 0]) == (50, 100, 200.0)
    assert [phone.symbol for phone in part.phones] == ["b"]
    assert part.words == ()
    again = [phone for at in range(0, 150, 7) for phone in speech.cut(at, at + 7).phones]
    assert tuple(again) == phones
    assert speech.cut(50, 100).cut(0, 60).stop == 60
    assert len(speech.cut(200, 300)) == len(speech.cut(80, 20)) == 0


def test_speech_refuses_samples_without_channels() -> None:
    with pytest.raises(ValueError, match="samples of shape"):
        Speech(np.zeros(10, np.float32), 100)
    with pytest.raises(ValueError, match="positive rate"):
        Speech(np.zeros((1, 10), np.float32), 0)


def test_a_constant_holds_for_ever() -> None:
    curve = Curve.constant(EMOTION, happy=0.8)
    assert curve.at([-5, 0, 1e6])[:, EMOTION.column("happy")] == pytest.approx([0.8] * 3)
    assert curve == Curve.constant(EMOTION, happy=0.8) != Curve.constant(EMOTION, happy=0.7)


def test_a_key_is_reached_after_its_time_and_starts_and_ends_at_rest() -> None:
    curve = Curve(AMOUNT, (Key(0, (0.0,)), Key(2, (1.0,), 1.0)))
    fine = np.arange(0, 5, 0.01)
    values = curve.at(fine)[:, 0]
    assert curve.at([1.9, 2.0, 2.5, 3.0, 9.0])[:, 0] == pytest.approx([0, 0, 0.5, 1, 1])
    assert (np.diff(values) >= 0).all()
    assert np.abs(np.diff(values, 2)).max() < 0.001


def test_a_key_that_interrupts_another_starts_from_where_it_was() -> None:
    curve = Curve(AMOUNT, (Key(0, (0.0,)), Key(1, (1.0,), 2.0), Key(2, (0.0,), 1.0)))
    assert curve.at([1.999, 2.0, 2.001])[:, 0] == pytest.approx([0.5, 0.5, 0.5], abs=0.002)
    assert curve.at([3.0, 4.0])[:, 0] == pytest.approx([0, 0])


def test_a_key_of_no_time_jumps() -> None:
    assert Curve(AMOUNT, (Key(0, (0.0,)), Key(1, (1.0,), 0.0))).at([0.999, 1.001])[:, 0].tolist() == [0, 1]


keyed = st.lists(st.tuples(st.floats(0, 20), numbers, st.floats(0, 5)), min_size=1, max_size=6).map(
    lambda keys: Curve(AMOUNT, tuple(Key(at, (value,), over) for at, value, over in sorted(keys)))
)


@given(curve=keyed, seconds=st.lists(times, min_size=1, max_size=20))
def test_a_curve_stays_between_its_keys_and_does_not_depend_on_what_else_is_asked(curve: Curve, seconds: list[float]) -> None:
    values = curve.at(seconds)[:, 0]
    ends = [key.value[0] for key in curve.keys]
    assert values.min() >= min(ends) - 1e-4
    assert values.max() <= max(ends) + 1e-4
    assert [curve.at(second)[0, 0] for second in seconds] == values.tolist()


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ((), "at least one key"),
        ((Key(0, (1.0, 2.0)),), "needs 1 finite numbers"),
        ((Key(0, (float("nan"),)),), "finite"),
        ((Key(2, (0.0,)), Key(1, (0.0,))), "in order of time"),
    ],
)
def test_impossible_curves_are_refused(keys: tuple[Key, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Curve(AMOUNT, keys)


def test_a_direction_knows_what_was_asked() -> None:
    assert Direction().asked() == ()
    wish = Direction(gaze=Curve.constant(GAZE_TURN), seed=1)
    assert wish.asked() == ("gaze", "seed")
    wish.check("toy", frozenset({"gaze", "seed"}))
    with pytest.raises(DirectionError, match=r"the recipe 'toy' cannot follow seed; it accepts gaze\. Leave it out or choose another"):
        wish.check("toy", frozenset({"gaze"}))
    with pytest.raises(DirectionError, match="it accepts no direction"):
        wish.check("toy", frozenset())


def test_randomness_is_told_apart_by_seed_and_purpose() -> None:
    draws = {(seed, purpose): random_for(seed, purpose).random() for seed in range(3) for purpose in ("a", "b", "ab")}
    assert len(set(draws.values())) == len(draws)
    assert draws == {(seed, purpose): random_for(seed, purpose).random() for seed, purpose in draws}


def test_unknown_names_get_the_near_ones_first() -> None:
    assert unknown("fruit", "appel", ["pear", "apple"]) == "unknown fruit 'appel'. Did you mean 'apple'? Known: pear, apple."
    assert unknown("fruit", "xyz", ["pear", "apple"]) == "unknown fruit 'xyz'. Known: pear, apple."
