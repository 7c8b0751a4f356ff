"""Talker and Session: exact frame counts without drift, and what happens when speech is interrupted, closed, late or absent."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import CLOCK, NOBODY, Clock, Dots, dot_numbers

from thespis.card import Card
from thespis.direction.parse import direct
from thespis.errors import DirectionError, MediaError
from thespis.motion.retime import Retime
from thespis.stages import Keep
from thespis.talker import Talker
from thespis.types import SAMPLES, Direction, Phone, Portrait, Speech, Track, Word, frame_count

pytestmark = pytest.mark.unit


def talker(fps: Fraction = Fraction(25), ahead: Fraction = Fraction(1, 5), card: Card | None = None) -> Talker:
    return Talker(Clock(ahead), Retime(CLOCK, fps=fps), Dots(), name="toy", card=card)


def silence(seconds: float, rate: int) -> Speech:
    return Speech(np.zeros((1, round(seconds * rate)), np.float32), rate)


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(30), Fraction(25, 2)])
def test_ten_minutes_have_every_frame_and_do_not_drift(fps: Fraction) -> None:
    rate, seconds = 44100, 600
    session = talker(fps).start(NOBODY, rate=rate)
    frames, behind = 0, 0
    for second in range(seconds):
        session.push(np.zeros(rate, np.float32))
        if second == seconds - 1:
            session.close()
        for clip in session:
            assert clip.frames.start == clip.motion.start == frames
            assert dot_numbers(clip.frames) == list(range(frames, frames + len(clip.frames)))
            exact = np.arange(clip.motion.start, clip.motion.stop) / float(fps)
            assert np.abs(clip.motion["seconds"] - exact).max(initial=0) < 1e-4  # float32 tells 600 s to 6e-5
            frames += len(clip.frames)
        limit = frame_count((second + 1) * rate, rate, fps)
        assert frames <= limit
        behind = max(behind, limit - frames)
    assert frames == frame_count(seconds * rate, rate, fps) == round(seconds * fps)
    assert behind <= float(fps) * 0.5  # never more than the look-ahead behind


@given(
    samples=st.integers(0, 3000),
    rate=st.sampled_from([7, 1000, 1001]),
    fps=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(7)]),
)
def test_any_length_has_its_frames(samples: int, rate: int, fps: Fraction) -> None:
    clip = talker(fps)(Speech(np.zeros((2, samples), np.float32), rate), NOBODY)
    count = frame_count(samples, rate, fps)
    assert (0 if clip.frames is None else len(clip.frames)) == count
    assert (0 if clip.motion is None else len(clip.motion)) == count


def test_the_direction_sets_the_rate() -> None:
    clip = talker()(silence(2, 8000), NOBODY, Direction(fps=Fraction(50)))
    assert (len(clip.frames), clip.frames.fps, clip.motion.fps) == (100, 50, 50)


@given(sizes=st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_pushes_of_any_size_give_the_same_frames(sizes: list[int]) -> None:
    session, made = talker().start(NOBODY, rate=1000), []
    for size in sizes:
        session.push(np.zeros(size, np.float32))
        made += [clip.frames for clip in session]
    session.close()
    made += [clip.frames for clip in session]
    assert [number for part in made for number in dot_numbers(part)] == list(range(frame_count(sum(sizes), 1000, Fraction(25))))


def test_a_talker_without_a_renderer_gives_motion() -> None:
    clip = Talker(Clock(), Retime(CLOCK))(silence(1, 8000), NOBODY)
    assert clip.frames is None
    assert len(clip.motion) == 25


def test_an_empty_speech_gives_an_empty_clip() -> None:
    clip = talker()(silence(0, 8000), NOBODY)
    assert clip.frames is None
    assert clip.motion is None


def test_closing_without_a_push_ends_at_once() -> None:
    session = talker().start(NOBODY, rate=8000)
    session.close()
    assert session.closed
    assert list(session) == []
    assert list(session) == []


def test_iterating_before_a_push_gives_nothing() -> None:
    assert list(talker().start(NOBODY, rate=8000)) == []


def test_pushing_after_the_end_is_refused() -> None:
    session = talker().start(NOBODY, rate=8000)
    session.close()
    with pytest.raises(MediaError, match="closed; start another one"):
        session.push(np.zeros(10, np.float32))


def test_another_rate_is_refused() -> None:
    with pytest.raises(MediaError, match="runs at 8000 samples a second, but was given 16000"):
        talker().start(NOBODY, rate=8000).push(silence(1, 16000))


def test_samples_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(MediaError, match="not finite"):
        talker().start(NOBODY, rate=8000).push(np.array([0.0, np.nan], np.float32))


def test_an_interruption_drops_what_was_not_used_and_speech_goes_on() -> None:
    session = talker(ahead=Fraction(0)).start(NOBODY, rate=1000)
    session.push(np.zeros(5000, np.float32))
    first = next(iter(session))
    assert len(first.frames) > 0
    assert session.interrupt() == 4800  # one block of 200 ms was used
    session.push(np.zeros(1000, np.float32))
    session.close()
    rest = [number for clip in session for number in dot_numbers(clip.frames)]
    assert dot_numbers(first.frames) + rest == list(range(30))


def test_an_interruption_after_the_end_still_lets_it_end() -> None:
    session = talker().start(NOBODY, rate=1000)
    session.push(np.zeros(5000, np.float32))
    next(iter(session))
    session.close()
    session.interrupt()
    assert sum(len(clip.frames) for clip in session) <= 5


class Heard:
    """Remember the phones and words of every chunk."""

    takes = gives = SAMPLES
    delay = Fraction(0)

    def __init__(self) -> None:
        self.phones, self.words = [], []

    def start(self, portrait: Portrait, direction: Direction) -> None:
        return None

    def step(self, state: Any, chunk: Any, last: bool) -> Any:
        self.phones += chunk.phones or ()
        self.words += chunk.words or ()
        return chunk


def test_phones_and_words_move_to_the_clock_of_the_session() -> None:
    heard = Heard()
    session = Talker(heard, Clock(), Retime(CLOCK), Dots()).start(NOBODY, rate=1000)
    said = Speech(
        np.zeros((1, 1000), np.float32), 1000, phones=(Phone("m", 0.25, 0.5), Phone("a", 0.5, 0.75)), words=(Word("ma", 0.25, 0.75),)
    )
    session.push(said)
    session.push(said)
    session.close()
    list(session)
    assert [(phone.symbol, phone.start, phone.end) for phone in heard.phones] == [
        ("m", 0.25, 0.5), ("a", 0.5, 0.75), ("m", 1.25, 1.5), ("a", 1.5, 1.75)
    ]  # fmt: skip
    assert [word.start for word in heard.words] == [0.25, 1.25]


def test_a_direction_the_card_does_not_accept_is_refused() -> None:
    card = Card("Toy", "a toy", frozenset({"seed", "lips"}), 25, "own", "Apache-2.0", True)
    toy = talker(card=card)
    toy.start(NOBODY, Direction(seed=3), rate=1000)
    with pytest.raises(DirectionError, match=r"the recipe 'toy' cannot follow emotion, gaze; it accepts lips, seed"):
        toy.start(NOBODY, direct("happy", gaze="left"), rate=1000)


def test_memory_stays_flat() -> None:
    session = talker().start(NOBODY, rate=1000)
    for _ in range(200):
        session.push(np.zeros(1000, np.float32))
        list(session)
        held = [len(state.rows.values) for state in session._states if hasattr(state, "rows") and hasattr(state.rows, "values")]
        assert max(held) < 60
        assert len(session._motion) < 60


def test_keep_passes_a_chunk_through() -> None:
    track = Track(CLOCK, np.zeros((3, 1), np.float32), Fraction(25))
    assert Keep(CLOCK).step(None, track, False) is track


def test_whole_numbers_are_read_as_microphones_give_them() -> None:
    from thespis.talker import sound

    assert sound(np.array([0, 16384, -32768], np.int16)).tolist() == [[0.0, 0.5, -1.0]]
    assert sound(np.array([128, 255], np.uint8))[0, 1] == pytest.approx(127 / 128)
    for wrong in (np.zeros((16000, 2)), np.array(["abc"]), np.zeros((1, 2, 3))):
        with pytest.raises(MediaError, match="at most 64 channels"):
            sound(wrong)
