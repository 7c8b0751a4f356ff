"""Retiming: exact times at any rate, short peaks kept, every kind of channel treated as it should be."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import articulation, noise, offline

from thespis.features.spaces import ARTICULATION
from thespis.motion.retime import Retime
from thespis.types import Channel, Direction, Space, Track, linear

pytestmark = pytest.mark.unit

RAMP = linear("ramp", "value")
RATES = [Fraction(25), Fraction(30000, 1001), Fraction(25, 2), Fraction(30), Fraction(60), Fraction(100), Fraction(120), Fraction(7)]


@pytest.mark.parametrize("fps", RATES)
@pytest.mark.parametrize("source", [Fraction(100), Fraction(50), Fraction(62500, 1001)])
def test_row_k_tells_the_time_k_over_fps(fps: Fraction, source: Fraction) -> None:
    rows = 400
    track = Track(RAMP, (np.arange(rows, dtype=np.float32) / np.float32(source))[:, None], source)
    made = offline(Retime(RAMP, fps=fps), track)
    assert len(made) == -(-rows * fps // source)
    inside = made.seconds <= track.seconds[-1]
    assert made["value"][inside] == pytest.approx(made.seconds[inside], abs=2e-6)
    assert made["value"][~inside] == pytest.approx(np.full((~inside).sum(), track["value"][-1]))


@given(at=st.integers(0, 199), fps=st.sampled_from([Fraction(25), Fraction(30000, 1001), Fraction(25, 2)]))
def test_the_shortest_closure_survives(at: int, fps: Fraction) -> None:
    track = articulation(2.0)
    quiet = track.replace(closure=np.zeros(200), dental=np.zeros(200), jaw=np.zeros(200))
    values = np.zeros(200)
    values[at] = 1.0
    made = offline(Retime(ARTICULATION, fps=fps), quiet.replace(closure=values, dental=values, jaw=values))
    nearest = int(Fraction(at, 100) * fps + Fraction(1, 2))
    for name in ("closure", "dental"):
        if nearest < len(made):
            assert made[name][nearest] == 1.0
        assert (made[name] == 1.0).sum() <= 1
    assert made["jaw"].max() <= 1.0


def test_frames_at_the_same_rate_pass_through() -> None:
    track = articulation(1.0)
    assert np.array_equal(offline(Retime(ARTICULATION, fps=100), track).values, track.values)


def test_the_direction_sets_the_rate() -> None:
    made = offline(Retime(ARTICULATION, fps=25), articulation(2.0), Direction(fps=Fraction(50)))
    assert (made.fps, len(made)) == (50, 100)


def test_tokens_are_never_mixed() -> None:
    space = Space("tokens", (Channel("token", "token"), Channel("value")))
    track = Track(space, np.array([[0, 0], [7, 1], [3, 0]], np.float32), Fraction(10))
    made = offline(Retime(space, fps=30), track)
    assert made["token"].tolist() == [0, 0, 7, 7, 7, 3, 3, 3, 3]
    assert made["value"][:4] == pytest.approx([0, 1 / 3, 2 / 3, 1])


def test_memory_stays_flat() -> None:
    stage = Retime(ARTICULATION, fps=Fraction(30000, 1001))
    state = stage.start(None, Direction())
    for at in range(0, 20000, 25):
        stage.step(state, Track(ARTICULATION, noise(ARTICULATION, 25).values, Fraction(100), at), False)
        assert len(state.rows.values) < 15
