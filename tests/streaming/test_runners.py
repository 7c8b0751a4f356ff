"""The four runners and the ways to join stages: streamed equals offline bit by bit, and later input never changes earlier output."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import NOBODY, cuttings, noise, offline, same, streamed

from thespis.stages import Both, Causal, Chain, Edit, Keep, PerFrame, Whole, Windowed
from thespis.types import Array, Direction, Portrait, Space, Track, linear

pytestmark = pytest.mark.streaming

ROWS = 53
THING = linear("thing", "a", "b", "c")
LEFT, RIGHT = linear("left", "l"), linear("right", "r", "s")


class Turned:
    """A network without memory."""

    def __init__(self, takes: Space = THING, gives: Space = THING) -> None:
        self.takes, self.gives = takes, gives
        self.matrix = np.random.default_rng(1).normal(size=(takes.size, gives.size)).astype(np.float32)

    def start(self, portrait: Portrait, direction: Direction) -> Any:
        return float(direction.seed)

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:
        return np.tanh(rows @ self.matrix + context + 0.01 * first).astype(np.float32)


class Blurred:
    """A network that looks around."""

    takes = gives = THING

    def __init__(self, hop: int, past: int, future: int, fade: int) -> None:
        self.shape = (hop, past, future, fade)

    def start(self, portrait: Portrait, direction: Direction) -> None:
        return None

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:
        hop, past, future, fade = self.shape
        assert len(rows) == past + hop + future
        return rows[past : past + hop + fade] + rows.mean(axis=0) + np.float32(0.1 * first)


class Recalling:
    """A network that goes on from what it answered right before its window."""

    takes = gives = THING

    def __init__(self, past: int = 0, fade: int = 0) -> None:
        self.past, self.fade = past, fade
        self.asked: list[tuple[int, Array]] = []

    def start(self, portrait: Portrait, direction: Direction) -> None:
        self.asked.clear()

    def begins(self, context: Any) -> Array:
        return np.full(THING.size, 7, np.float32)

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction, before: Array) -> Array:
        self.asked.append((first, before))
        return rows[self.past :] + 0.5 * before.mean(axis=0)


class Leaky:
    """A network with memory."""

    takes = gives = THING

    def start(self, portrait: Portrait, direction: Direction) -> Any:
        return None, np.zeros(THING.size, np.float32)

    def __call__(self, context: Any, memory: Any, row: Array, index: int, fps: Fraction) -> tuple[Array, Array]:
        memory = memory * np.float32(0.9) + row
        return memory + np.float32(index), memory


class Centred:
    """A network that needs everything."""

    takes = gives = THING

    def start(self, portrait: Portrait, direction: Direction) -> None:
        return None

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:
        return rows - rows.mean(axis=0)


def halved(context: Any, track: Track) -> Track:
    """Change each row by itself."""
    return track.replace(b=track["b"] * np.float32(0.5))


STAGES = {
    "per frame": PerFrame(Turned()),
    "windowed": Windowed(Blurred(4, 3, 2, 0), hop=4, past=3, future=2),
    "windowed, faded": Windowed(Blurred(5, 2, 4, 3), hop=5, past=2, future=4, fade=3),
    "windowed, alone": Windowed(Blurred(1, 0, 0, 0), hop=1),
    "windowed, told what was answered": Windowed(Recalling(), hop=4, history=2),
    "windowed, told, made again and faded": Windowed(Recalling(past=3, fade=2), hop=4, past=3, future=2, fade=2, history=1),
    "causal": Causal(Leaky()),
    "whole": Whole(Centred()),
    "edit": Edit(THING, lambda portrait, direction: None, halved),
    "keep": Keep(THING),
    "chain": Chain(PerFrame(Turned()), Windowed(Blurred(4, 3, 2, 0), hop=4, past=3, future=2), Causal(Leaky())),
    "both": Both(
        PerFrame(Turned(THING, LEFT)), [Windowed(Blurred(6, 1, 5, 2), hop=6, past=1, future=5, fade=2), PerFrame(Turned(THING, RIGHT))]
    ),
    "both, one waits for the end": Both(PerFrame(Turned(THING, LEFT)), [Whole(Centred()), PerFrame(Turned(THING, RIGHT))]),
    "past a generator": Both(Keep(THING), [Causal(Leaky()), PerFrame(Turned(THING, RIGHT))]),
}


@pytest.mark.parametrize("name", STAGES)
@given(cuts=cuttings(ROWS), late_end=st.booleans())
def test_streamed_equals_offline(name: str, cuts: list[int], late_end: bool) -> None:
    track = noise(THING, ROWS)
    assert same(streamed(STAGES[name], track, cuts, late_end=late_end), offline(STAGES[name], track))


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("rows", [0, 1, 2, 7])
def test_short_input_gives_as_many_rows(name: str, rows: int) -> None:
    made = offline(STAGES[name], noise(THING, rows))
    assert (len(made), made.start, made.fps) == (rows, 0, Fraction(25))


@pytest.mark.parametrize("name", STAGES)
@given(known=st.integers(0, ROWS))
def test_later_input_never_changes_earlier_output(name: str, known: int) -> None:
    stage, track = STAGES[name], noise(THING, ROWS)
    other = Track(THING, np.concatenate([track.values[:known], noise(THING, ROWS - known, seed=9).values]), track.fps)
    early = stage.step(stage.start(NOBODY, Direction()), track.cut(0, known), False)
    for future in (track, other):
        assert same(offline(stage, future).cut(0, early.stop), early)


def test_a_session_is_told_the_direction() -> None:
    stage = PerFrame(Turned())
    assert not same(offline(stage, noise(THING, 5), Direction(seed=1)), offline(stage, noise(THING, 5), Direction(seed=2)))


def test_the_fade_blends_neighbouring_windows() -> None:
    class Steps(Blurred):
        def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:
            return np.full((5 + 3, THING.size), first + 2, np.float32)

    made = offline(Windowed(Steps(5, 2, 4, 3), hop=5, past=2, future=4, fade=3), noise(THING, 15))["a"]
    assert made[:5].tolist() == [0] * 5
    assert made[5:10].tolist() == pytest.approx([1.25, 2.5, 3.75, 5, 5])


@pytest.mark.parametrize(("past", "fade"), [(0, 0), (0, 2), (3, 2), (9, 0)])
def test_a_window_is_told_the_answers_right_before_it(past: int, fade: int) -> None:
    network = Recalling(past, fade)
    made = offline(Windowed(network, hop=4, past=past, future=fade, fade=fade, history=2), noise(THING, ROWS)).values
    before_all = np.full((past + 2, THING.size), 7, np.float32)
    answered = np.concatenate([before_all, made])
    assert [first for first, _ in network.asked] == [at - past for at in range(0, ROWS, 4)]
    for first, before in network.asked:
        assert np.array_equal(before, answered[first + past : first + past + 2])


def test_windows_forget_what_they_no_longer_need() -> None:
    stage = Windowed(Blurred(4, 3, 2, 0), hop=4, past=3, future=2)
    state = stage.start(NOBODY, Direction())
    for at in range(0, 5000, 10):
        stage.step(state, Track(THING, noise(THING, 10).values, Fraction(25), at), False)
        assert len(state.rows.values) <= 20
