"""Windows of a video network: streamed equals offline, and each window is told the last frames of the one before."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import cuttings, noise

from thespis.errors import DirectionError
from thespis.head.openhead import load_openhead
from thespis.pixels.diffusion.windows import REACH, TOLD, Painter
from thespis.types import Array, Bytes, Direction, Frames, Portrait, linear

pytestmark = pytest.mark.streaming
TOLD_BY = linear("two numbers", "first", "second")
POINTS = np.concatenate([load_openhead().points[:468], np.zeros((10, 3), np.float32)]) * 30 + 64
FACE = Portrait((np.full((128, 128, 3), 100, np.uint8),), points=POINTS.astype(np.float32))


class Toy:
    """A network that adds up what it is told, what came before and a little of its noise."""

    side, frames, past, noise_shape = 8, 3, 2, (1, 2, 2)

    def __init__(self) -> None:
        self.asked: list[int] = []

    def see(self, picture: Bytes) -> float:
        return float(picture.mean()) / 1000

    def plan(self, seen: float, past: Array, conditions: Mapping[str, Array]) -> Array:
        assert past.shape == (2, 1, 2, 2)
        told = conditions["sum"].mean(axis=1).reshape(3, 1, 1, 1) + conditions["around"].mean() * 0.1
        return np.asarray(seen + 0.3 * past.mean() + told, np.float32)

    def clean(self, plan: Array, noisy: Array, step: int, told: Array) -> Array:
        self.asked.append(len(told))
        heard = 0.5 + 0.25 * told.sum(axis=1).reshape(-1, 1, 1, 1, 1)
        return np.asarray(heard * (plan + 0.05 * np.tanh(noisy))[None], np.float32)

    def laid(self, plan: Array, drawn: Array) -> tuple[Array, Array]:
        raise AssertionError("nothing is drawn finer here")

    def finished(self, plan: Array, drawn: Array) -> Bytes:
        level = np.clip(128 + 40 * drawn.mean(axis=(1, 2, 3)), 0, 255).astype(np.uint8)
        return np.repeat(level, 8 * 8 * 3).reshape(-1, 8, 8, 3)


def read(rows: Array) -> Mapping[str, Array]:
    """Tell the rows of the window, and something of those around them."""
    assert len(rows) == 3 + 2 * REACH
    return {"sum": rows[REACH:-REACH], "around": rows}


def painted(rows: int, cuts: list[int], direction: Direction | None = None, network: Toy | None = None) -> Frames:
    """Draw random rows piece by piece."""
    stage, track = Painter(network or Toy(), TOLD_BY, read, steps=2), noise(TOLD_BY, rows)
    state = stage.start(FACE, direction or Direction())
    edges = [0, *cuts, rows]
    pieces = [track.cut(a, b) for a, b in pairwise(edges)]
    made = [stage.step(state, piece, number == len(pieces) - 1) for number, piece in enumerate(pieces)]
    joined = made[0]
    for part in made[1:]:
        joined = joined.join(part)
    return joined


@given(st.integers(0, 20).flatmap(lambda rows: st.tuples(st.just(rows), cuttings(rows))))
def test_streamed_equals_offline(case: tuple[int, list[int]]) -> None:
    rows, cuts = case
    whole, streamed = painted(rows, []), painted(rows, cuts)
    assert len(whole) == rows
    np.testing.assert_array_equal(whole.images, streamed.images)


def test_a_window_waits_for_its_rows_and_those_after_it() -> None:
    stage, track = Painter(Toy(), TOLD_BY, read, steps=2), noise(TOLD_BY, 9)
    state = stage.start(FACE, Direction())
    assert len(stage.step(state, track.cut(0, 3 + REACH - 1), False)) == 0
    assert len(stage.step(state, track.cut(3 + REACH - 1, 3 + REACH), False)) == 3
    assert float(stage.delay) == (3 + REACH) / 25


def test_later_windows_know_the_earlier_ones() -> None:
    class Forgetful(Toy):
        def plan(self, seen: float, past: Array, conditions: Mapping[str, Array]) -> Array:
            return super().plan(seen, past * 0, conditions)

    whole, without = painted(6, []), painted(6, [], network=Forgetful())
    assert (whole.images[3:] != without.images[3:]).any()


def test_seed_and_guidance_count_and_plain_guidance_costs_one_answer() -> None:
    network = Toy()
    usual = painted(9, [], network=network)
    assert set(network.asked) == {1}
    assert (usual.images != painted(9, [], Direction(seed=1)).images).any()
    pushed = painted(9, [], Direction(guidance={"expression": 3.0}), network)
    assert max(network.asked) == len(TOLD)
    assert (usual.images != pushed.images).any()
    with pytest.raises(DirectionError, match="guidance of audio and expression goes from 0 to 10"):
        painted(3, [], Direction(guidance={"audio": 40.0}))
