"""The one part of every system, a Stage, the four ways to run a network as one, and the two ways to put Stages together.

Streaming rests on one rule: what a stage answers depends on absolute row numbers only, never on how the input was cut into chunks.
Empty chunks are the normal case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import numpy as np

from thespis.errors import PairingError
from thespis.types import FRAMES, SAMPLES, Array, Direction, Frames, Portrait, Space, Speech, Track

Chunk = Speech | Track | Frames


@runtime_checkable
class Stage(Protocol):
    """Encoder, generator, edit, renderer or finisher: it makes its state once and then turns chunks into chunks."""

    @property
    def takes(self) -> Space:
        """The Space of the chunks it is given."""

    @property
    def gives(self) -> Space:
        """The Space of the chunks it answers with."""

    @property
    def delay(self) -> Fraction:
        """Seconds of input it needs beyond the time of an output row."""

    def start(self, portrait: Portrait, direction: Direction) -> Any:  # noqa: ANN401 - each stage's state is its own business
        """Make the state of one session."""

    def step(self, state: Any, chunk: Any, last: bool) -> Any:  # noqa: ANN401
        """Take the next chunk, answer with what is ready; `last` says that no more will come."""


class Network(Protocol):
    """A function from rows to rows with a context made once a session; the runners below turn it into a Stage."""

    takes: Space
    gives: Space

    def start(self, portrait: Portrait, direction: Direction) -> Any:  # noqa: ANN401
        """Make what stays the same for a whole session."""

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction) -> Array:  # noqa: ANN401
        """Turn rows (n, takes.size), the first of which has index `first` (negative before the start), into rows."""


class RecallingNetwork(Protocol):
    """A function from rows to rows that is also told the last rows it answered, with a context made once a session."""

    takes: Space
    gives: Space

    def start(self, portrait: Portrait, direction: Direction) -> Any:  # noqa: ANN401
        """Make what stays the same for a whole session."""

    def begins(self, context: Any) -> Array:  # noqa: ANN401
        """Give the row (gives.size,) that stands before the first one."""

    def __call__(self, context: Any, rows: Array, first: int, fps: Fraction, before: Array) -> Array:  # noqa: ANN401
        """Turn rows (n, takes.size), the first of which has index `first`, into rows; `before` are the answers right before `first`."""


class StepNetwork(Protocol):
    """A network with memory: one row in, one row and the next memory out."""

    takes: Space
    gives: Space

    def start(self, portrait: Portrait, direction: Direction) -> tuple[Any, Any]:
        """Make the context of a session and the first memory."""

    def __call__(self, context: Any, memory: Any, row: Array, index: int, fps: Fraction) -> tuple[Array, Any]:  # noqa: ANN401
        """Turn row (takes.size,) number `index` into row (gives.size,) and the next memory."""


@dataclass
class Rows:
    """Rows that arrived and are still needed: `values` begin at absolute index `start`; `stop` counts all that ever came."""

    space: Space
    fps: Fraction | None = None
    start: int = 0
    values: Array = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def stop(self) -> int:
        """The index after the last row that arrived."""
        return self.start + len(self.values)

    def take(self, chunk: Track) -> Fraction:
        """Append a chunk, which must follow without a gap, and give its fps."""
        if self.fps is None:
            self.fps, self.start = chunk.fps, chunk.start
            self.values = np.zeros((0, self.space.size), np.float32)
        if chunk.space != self.space or chunk.fps != self.fps or chunk.start != self.stop:
            raise ValueError(
                f"expected {self.space} at {self.fps} fps from row {self.stop}, got {chunk.space} at {chunk.fps} fps from row {chunk.start}"
            )
        self.values = np.concatenate([self.values, chunk.values])
        return self.fps

    def window(self, first: int, stop: int) -> Array:
        """Copy rows `first` to `stop`; beyond either end the nearest row that is there is repeated."""
        index = np.clip(np.arange(first, stop), self.start, max(self.stop - 1, self.start)) - self.start
        return self.values[index] if len(self.values) else np.zeros((stop - first, self.space.size), np.float32)

    def forget(self, before: int) -> None:
        """Drop the rows that nothing will ask for again."""
        drop = min(max(before - self.start, 0), len(self.values))
        self.values, self.start = self.values[drop:], self.start + drop


@dataclass
class Running:
    """The state of a runner: context (and memory) of the network, rows that wait, the next output row's index, and answers it is told."""

    context: Any
    rows: Rows
    memory: Any = None
    next: int = 0
    told: Array = field(default_factory=lambda: np.zeros((0, 0), np.float32))


class PerFrame:
    """Run a network without memory, one row at a time, so that no chunk size can change a result."""

    def __init__(self, network: Network) -> None:
        """Wrap a network whose output row depends on the same input row only."""
        self.network, self.takes, self.gives, self.delay = network, network.takes, network.gives, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> Any:  # noqa: ANN401
        """Make the network's context."""
        return self.network.start(portrait, direction)

    def step(self, state: Any, chunk: Track, last: bool) -> Track:  # noqa: ANN401
        """Turn every row of the chunk."""
        rows = [self.network(state, chunk.values[i : i + 1], chunk.start + i, chunk.fps) for i in range(len(chunk))]
        values = np.concatenate(rows) if rows else np.zeros((0, self.gives.size), np.float32)
        return Track(self.gives, values, chunk.fps, chunk.start)


class Windowed:
    """Run a network over windows of fixed length that advance by `hop` rows, with context before and after and a cross-fade.

    The network sees rows `[k * hop - past, k * hop + hop + future)`, always that many, and answers with `hop + fade` rows from
    `k * hop` on; the `fade` rows that two windows share are blended. It needs `fade <= future` and `fade <= hop`. With `history` it is
    also told so many rows that were answered right before the window.
    """

    def __init__(
        self, network: Network | RecallingNetwork, *, hop: int, past: int = 0, future: int = 0, fade: int = 0, history: int = 0,
        fps: Fraction | None = None,
    ) -> None:  # fmt: skip
        """Wrap a network; `fps` is the rate of its input where that is known, to state the delay."""
        if hop < 1 or past < 0 or history < 0 or not 0 <= fade <= min(hop, future if fade else hop):
            raise ValueError(f"Windowed needs hop >= 1, past >= 0, fade <= hop and future, not {hop=} {past=} {future=} {fade=} {history=}")
        self.network: Any = network
        self.takes, self.gives = network.takes, network.gives
        self.hop, self.past, self.future, self.fade, self.history = hop, past, future, fade, history
        self.delay = Fraction(hop + future) / (fps or Fraction(25))

    def start(self, portrait: Portrait, direction: Direction) -> Running:
        """Make the network's context and an empty buffer; the memory is the tail that will be blended."""
        state = Running(self.network.start(portrait, direction), Rows(self.takes))
        if self.history:
            state.told = np.repeat(self.network.begins(state.context)[None], self.past + self.history, axis=0)
        return state

    def step(self, state: Running, chunk: Track, last: bool) -> Track:
        """Run every window whose input is complete, and at the end the windows that reach beyond it."""
        rows, fps = state.rows, state.rows.take(chunk)
        first, out = state.next, []
        while state.next + self.hop + self.future <= rows.stop or (last and state.next < rows.stop):
            at = state.next
            before = (state.told[: self.history],) if self.history else ()
            made = self.network(state.context, rows.window(at - self.past, at + self.hop + self.future), at - self.past, fps, *before)
            if made.shape != (self.hop + self.fade, self.gives.size):
                raise ValueError(f"a window of {self.gives} must have shape {(self.hop + self.fade, self.gives.size)}, not {made.shape}")
            if self.fade and state.memory is not None:
                share = ((np.arange(self.fade, dtype=np.float32) + 1) / (self.fade + 1))[:, None]
                made = np.concatenate([made[: self.fade] * share + state.memory * (1 - share), made[self.fade :]])
            state.memory = made[self.hop :]
            if self.history:
                state.told = np.concatenate([state.told, made[: self.hop]])[-(self.past + self.history) :]
            out.append(made[: min(self.hop, rows.stop - at) if last else self.hop])
            state.next += self.hop
            rows.forget(state.next - self.past)
        values = np.concatenate(out) if out else np.zeros((0, self.gives.size), np.float32)
        return Track(self.gives, values, fps, first)


class Causal:
    """Run a network with memory, row by row: token models, recurrent models, filters."""

    def __init__(self, network: StepNetwork) -> None:
        """Wrap a network that carries its memory from row to row."""
        self.network, self.takes, self.gives, self.delay = network, network.takes, network.gives, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> Running:
        """Make the context and the first memory."""
        context, memory = self.network.start(portrait, direction)
        return Running(context, Rows(self.takes), memory)

    def step(self, state: Running, chunk: Track, last: bool) -> Track:
        """Turn every row of the chunk in order."""
        out = np.zeros((len(chunk), self.gives.size), np.float32)
        for i, row in enumerate(chunk.values):
            out[i], state.memory = self.network(state.context, state.memory, row, chunk.start + i, chunk.fps)
        return Track(self.gives, out, chunk.fps, chunk.start)


class Whole:
    """Run a network once, over everything, when the last chunk has come. It cannot be live."""

    delay = Fraction(10**9)

    def __init__(self, network: Network) -> None:
        """Wrap a network that needs the whole utterance."""
        self.network, self.takes, self.gives = network, network.takes, network.gives

    def start(self, portrait: Portrait, direction: Direction) -> Running:
        """Make the network's context and an empty buffer."""
        return Running(self.network.start(portrait, direction), Rows(self.takes))

    def step(self, state: Running, chunk: Track, last: bool) -> Track:
        """Keep everything until the last chunk, then answer once."""
        fps = state.rows.take(chunk)
        if not last or not len(state.rows.values):
            return Track.empty(self.gives, fps, state.rows.start)
        made = self.network(state.context, state.rows.values, state.rows.start, fps)
        return Track(self.gives, made, fps, state.rows.start)


def check_pairs(stages: Sequence[Stage]) -> None:
    """Refuse a chain in which a stage is given what it does not take."""
    if not stages:
        raise PairingError("a chain needs at least one stage")
    for before, after in pairwise(stages):
        if before.gives != after.takes:
            raise PairingError(
                f"{type(before).__name__} gives {before.gives}, but {type(after).__name__}, which follows it, takes {after.takes}; "
                "put a conversion between them or choose stages that meet"
            )


class Chain:
    """A list of stages as one stage: each is given what the one before it answered."""

    def __init__(self, *stages: Stage | list[Stage]) -> None:
        """Check every seam."""
        self.stages = tuple(as_stage(stage) for stage in stages)
        check_pairs(self.stages)
        self.takes, self.gives = self.stages[0].takes, self.stages[-1].gives
        self.delay = sum((stage.delay for stage in self.stages), Fraction(0))

    def start(self, portrait: Portrait, direction: Direction) -> list[Any]:
        """Make every stage's state."""
        return [stage.start(portrait, direction) for stage in self.stages]

    def step(self, state: list[Any], chunk: Chunk, last: bool) -> Chunk:
        """Pass the chunk down the chain."""
        for stage, own in zip(self.stages, state, strict=True):
            chunk = stage.step(own, chunk, last)
        return chunk


class Keep:
    """Pass a Space through unchanged, so that `Both(Keep(space), stage)` hands features past a generator."""

    delay = Fraction(0)

    def __init__(self, space: Space) -> None:
        """Keep chunks of one Space."""
        self.takes = self.gives = space

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no state."""

    def step(self, state: None, chunk: Chunk, last: bool) -> Chunk:
        """Answer with the chunk."""
        return chunk


@dataclass
class BothState:
    """The states of the parts, and what each has answered that the slowest one has not reached yet."""

    parts: list[Any]
    waiting: list[Track | None]


class Both:
    """Give every part the same input and put their Tracks beside each other; the quicker ones wait for the slowest."""

    def __init__(self, *parts: Stage | list[Stage], gives: Space | None = None) -> None:
        """Check that all parts take the same; `gives` names the joined Space where it has a name of its own."""
        self.parts = tuple(as_stage(part) for part in parts)
        for part in self.parts[1:]:
            if part.takes != self.parts[0].takes:
                raise PairingError(
                    f"Both needs parts that take the same, but {type(self.parts[0]).__name__} takes {self.parts[0].takes} "
                    f"and {type(part).__name__} takes {part.takes}"
                )
        for part in self.parts:
            if part.gives in (SAMPLES, FRAMES):
                raise PairingError(f"Both joins Tracks, but {type(part).__name__} gives {part.gives}")
        joined = self.parts[0].gives
        for part in self.parts[1:]:
            twice = sorted(set(joined.names) & set(part.gives.names))
            if twice:
                raise PairingError(f"Both joins {joined} and {part.gives} of {type(part).__name__}, but both name {', '.join(twice)}")
            joined = joined + part.gives
        if gives is not None and gives.channels != joined.channels:
            raise PairingError(f"Both is to give {gives}, but its parts give {joined} with other channels")
        self.takes, self.gives = self.parts[0].takes, gives or joined
        self.delay = max(part.delay for part in self.parts)

    def start(self, portrait: Portrait, direction: Direction) -> BothState:
        """Make every part's state."""
        return BothState([part.start(portrait, direction) for part in self.parts], [None] * len(self.parts))

    def step(self, state: BothState, chunk: Chunk, last: bool) -> Track:
        """Run every part and answer with the rows that all of them have reached."""
        ready: list[Track] = []
        for number, part in enumerate(self.parts):
            made = part.step(state.parts[number], chunk, last)
            before = state.waiting[number]
            ready.append(made if before is None or not len(before) else before.join(made))
        stop = min(track.stop for track in ready)
        state.waiting = [track.cut(stop, track.stop) for track in ready]
        joined = ready[0].cut(ready[0].start, stop)
        for track in ready[1:]:
            joined = joined.beside(track.cut(track.start, stop))
        return Track(self.gives, joined.values, joined.fps, joined.start)


def as_stage(stage: Stage | list[Stage]) -> Stage:
    """Read a list as a chain."""
    return Chain(*stage) if isinstance(stage, list) else stage


@dataclass(frozen=True)
class Edit:
    """A stage that changes each row of one Space by a plain function of (context, track), without memory."""

    takes: Space
    prepare: Callable[[Portrait, Direction], Any]
    change: Callable[[Any, Track], Track]
    delay: Fraction = Fraction(0)

    @property
    def gives(self) -> Space:
        """The same Space as it takes."""
        return self.takes

    def start(self, portrait: Portrait, direction: Direction) -> Any:  # noqa: ANN401
        """Make the context."""
        return self.prepare(portrait, direction)

    def step(self, state: Any, chunk: Track, last: bool) -> Track:  # noqa: ANN401
        """Change the chunk."""
        return self.change(state, chunk)
