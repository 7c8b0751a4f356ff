"""Stages that do not fit are refused when they are put together, with a sentence that names both sides."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from made_up import CLOCK, NOBODY, Clock, Dots, noise

from thespis.errors import PairingError
from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import Blink
from thespis.motion.gaze import Gaze
from thespis.motion.head import Head
from thespis.motion.lips import Lips
from thespis.motion.retime import Retime
from thespis.motion.spaces.face import EXPRESSION, FACE, HEAD
from thespis.stages import Both, Causal, Chain, Keep, PerFrame, Rows, Stage, Whole, Windowed
from thespis.talker import Talker
from thespis.types import Array, Direction, Portrait, Track

pytestmark = pytest.mark.unit


def test_a_chain_names_both_sides_of_a_wrong_seam() -> None:
    with pytest.raises(
        PairingError, match=r"Lips gives expression \(52 numbers\), but Head, which follows it, takes articulation \(10 numb"
    ):
        Chain(Lips(), Head())


def test_a_chain_inside_a_list_is_checked_too() -> None:
    with pytest.raises(PairingError, match=r"Head gives head .* but Blink, which follows it, takes expression"):
        Both([Head(), Blink()], Gaze())


def test_a_talker_names_both_sides_of_a_wrong_seam() -> None:
    with pytest.raises(PairingError, match=r"Clock gives clock .* but Lips, which follows it, takes articulation"):
        Talker(Clock(), Lips())


def test_a_talker_begins_with_samples() -> None:
    with pytest.raises(PairingError, match="a Talker begins with samples, but Lips takes articulation"):
        Talker(Lips())


def test_a_talker_needs_a_stage() -> None:
    with pytest.raises(PairingError, match="needs at least one stage"):
        Talker()


def test_both_needs_parts_that_take_the_same() -> None:
    with pytest.raises(PairingError, match=r"Lips takes articulation .* and Blink takes expression"):
        Both(Lips(), Blink())


def test_both_joins_tracks_only() -> None:
    with pytest.raises(PairingError, match="Both joins Tracks, but Dots gives frames"):
        Both(Keep(CLOCK), Dots())


def test_both_refuses_two_channels_of_one_name() -> None:
    with pytest.raises(PairingError, match=r"Both joins clock .* of Keep, but both name seconds"):
        Both(Keep(CLOCK), Keep(CLOCK))


def test_both_checks_the_name_it_is_given() -> None:
    with pytest.raises(PairingError, match=r"Both is to give face .* but its parts give expression"):
        Both(Lips(), Head(), gives=FACE)
    assert Both(Lips(), Head(), Gaze(), gives=FACE).gives == FACE


def test_both_joins_in_the_order_of_its_parts() -> None:
    both = Both(Lips(), Head())
    assert both.gives.channels == EXPRESSION.channels + HEAD.channels
    assert both.delay == 0


def test_delays_add_up_in_a_chain_and_the_longest_counts_side_by_side() -> None:
    slow, slower = Retime(ARTICULATION, fps=25), Retime(ARTICULATION, fps=5)
    assert Chain(slow, slower).delay == Fraction(1, 50) + Fraction(1, 10)
    assert Both([slow, Head()], [slower, Lips()]).delay == Fraction(1, 10)


def test_windows_of_impossible_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="fade <= hop and future"):
        Windowed(object(), hop=4, future=1, fade=3)


def test_a_window_of_the_wrong_length_is_refused() -> None:
    class Short:
        takes = gives = ARTICULATION

        def start(self, portrait: Portrait, direction: Direction) -> None:
            return None

        def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:
            return rows[:1]

    stage = Windowed(Short(), hop=4)
    with pytest.raises(ValueError, match=r"must have shape \(4, 10\), not \(1, 10\)"):
        stage.step(stage.start(NOBODY, Direction()), noise(ARTICULATION, 8), False)


def test_rows_refuse_a_gap_another_space_and_another_rate() -> None:
    rows = Rows(ARTICULATION)
    rows.take(noise(ARTICULATION, 4))
    for wrong in (
        Track.empty(ARTICULATION, Fraction(25), 5),
        Track.empty(EXPRESSION, Fraction(25), 4),
        Track.empty(ARTICULATION, Fraction(30), 4),
    ):
        with pytest.raises(ValueError, match=r"expected articulation .* at 25 fps from row 4"):
            rows.take(wrong)


def test_rows_repeat_the_nearest_row_beyond_both_ends() -> None:
    rows = Rows(CLOCK)
    rows.take(Track(CLOCK, np.array([[1.0], [2.0], [3.0]], np.float32), Fraction(25)))
    assert rows.window(-2, 5)[:, 0].tolist() == [1, 1, 1, 2, 3, 3, 3]
    rows.forget(2)
    assert (rows.start, rows.stop, rows.window(2, 3)[:, 0].tolist()) == (2, 3, [3])


@pytest.mark.parametrize("stage", [Keep(CLOCK), Lips(), Retime(CLOCK), Chain(Lips()), Both(Lips(), Head()), Clock()])
def test_stages_have_the_shape_of_a_stage(stage: Stage) -> None:
    assert isinstance(stage, Stage)


@pytest.mark.parametrize("runner", [PerFrame, Causal, Whole])
def test_runners_take_their_spaces_from_the_network(runner: Any) -> None:
    class Network:
        takes, gives = ARTICULATION, EXPRESSION

    stage = runner(Network())
    assert (stage.takes, stage.gives) == (ARTICULATION, EXPRESSION)
