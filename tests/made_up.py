"""Made-up voices, toy stages and ways to feed them, for every test that streams."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.stages import Stage
from thespis.types import FRAMES, SAMPLES, Direction, Frames, Portrait, Space, Speech, Track, linear

NOBODY = Portrait((np.zeros((8, 8, 3), np.uint8),))


def articulation(seconds: float, seed: int = 0) -> Track:
    """A voice that speaks phrases of about three seconds with syllables, closures, accents and pauses, at 100 rows a second."""
    t = np.arange(round(seconds * 100)) / 100
    random = np.random.default_rng(seed)
    a, b, c, d = random.uniform(0, 6, 4)
    speaking = ((t + a) % 4.2 < 3.4).astype(float)
    syllable = np.clip(np.sin(2 * np.pi * 4.3 * t + 2 * np.sin(0.9 * t + b)), 0, 1) * speaking
    channels = {
        "jaw": syllable * (0.5 + 0.4 * np.sin(1.7 * t + c) ** 2),
        "closure": np.clip(np.sin(2 * np.pi * 1.3 * t + d) * 8 - 7, 0, 1) * speaking + 0.3 * (1 - speaking),
        "rounding": np.clip(np.sin(2 * np.pi * 0.7 * t + b), 0, 1) * speaking,
        "spreading": np.clip(np.sin(2 * np.pi * 0.9 * t + a), 0, 1) * speaking,
        "dental": np.clip(np.sin(2 * np.pi * 0.5 * t + c) * 8 - 7, 0, 1) * speaking,
        "tongue": np.clip(np.sin(2 * np.pi * 1.1 * t + c), 0, 1) * speaking,
        "voiced": (syllable > 0.1).astype(float),
        "loudness": syllable * (0.6 + 0.4 * np.sin(2 * np.pi * 0.8 * t) ** 2),
        "pitch": 0.35 * np.sin(2 * np.pi * 0.6 * t + d) * (syllable > 0.1),
        "speaking": speaking,
    }
    values = np.stack([channels[name] for name in ARTICULATION.names], axis=1)
    return Track(ARTICULATION, values.astype(np.float32), ARTICULATION_FPS)


def noise(space: Space, rows: int, fps: Fraction = Fraction(25), seed: int = 0) -> Track:
    """Random rows."""
    return Track(space, np.random.default_rng(seed).uniform(0, 1, (rows, space.size)).astype(np.float32), fps)


def cuttings(rows: int) -> st.SearchStrategy[list[int]]:
    """Ways to cut `rows` rows into pieces, empty ones among them: the positions of the cuts."""
    return st.lists(st.integers(0, rows), max_size=8).map(sorted)


def offline(stage: Stage, track: Track, direction: Direction | None = None) -> Track:
    """Run a stage over everything at once."""
    return stage.step(stage.start(NOBODY, direction or Direction()), track, True)


def streamed(stage: Stage, track: Track, cuts: list[int], direction: Direction | None = None, *, late_end: bool = False) -> Track:
    """Run a stage piece by piece; with `late_end` the end is told by an empty piece."""
    state = stage.start(NOBODY, direction or Direction())
    edges = [track.start, *(track.start + cut for cut in cuts), track.stop]
    pieces = [track.cut(a, b) for a, b in pairwise(edges)]
    if late_end:
        pieces.append(Track.empty(track.space, track.fps, track.stop))
    made = [stage.step(state, piece, number == len(pieces) - 1) for number, piece in enumerate(pieces)]
    joined = made[0]
    for part in made[1:]:
        joined = joined.join(part)
    return joined


def same(one: Track, other: Track) -> bool:
    """Whether two Tracks are equal bit by bit."""
    return (one.space, one.fps, one.start) == (other.space, other.fps, other.start) and np.array_equal(one.values, other.values)


CLOCK = linear("clock", "seconds")


@dataclass
class Counted:
    """How many samples came and how many rows were answered."""

    samples: int = 0
    rows: int = 0


class Clock:
    """SAMPLES to a Track at 100 rows a second that tells the time; it needs `ahead` seconds beyond each row."""

    takes, gives = SAMPLES, CLOCK

    def __init__(self, ahead: Fraction = Fraction(0), fps: Fraction = Fraction(100)) -> None:
        """Choose how far it looks ahead."""
        self.delay, self.fps = ahead, fps

    def start(self, portrait: Portrait, direction: Direction) -> Counted:
        """Begin at nothing."""
        return Counted()

    def step(self, state: Counted, chunk: Speech, last: bool) -> Track:
        """Answer with the rows whose time has come."""
        assert chunk.start == state.samples
        state.samples += len(chunk)
        seconds = Fraction(state.samples, chunk.rate)
        stop = -int(-seconds * self.fps // 1) if last else max(int((seconds - self.delay) * self.fps), 0)
        first, state.rows = state.rows, max(stop, state.rows)
        rows = np.arange(first, state.rows)[:, None] * float(1 / self.fps)
        return Track(CLOCK, rows.astype(np.float32), self.fps, first)


class Dots:
    """CLOCK to frames of one pixel that hold the frame number in its three bytes."""

    takes, gives, delay = CLOCK, FRAMES, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need nothing."""

    def step(self, state: None, chunk: Track, last: bool) -> Frames:
        """Write the numbers."""
        numbers = np.arange(chunk.start, chunk.stop)
        images = np.stack([numbers >> 16, (numbers >> 8) & 255, numbers & 255], axis=-1).astype(np.uint8)
        return Frames(images.reshape(-1, 1, 1, 3), chunk.fps, chunk.start)


def dot_numbers(frames: Frames) -> list[int]:
    """Read the frame numbers that Dots wrote."""
    red, green, blue = frames.images.reshape(-1, 3).astype(int).T
    return [int(number) for number in (red << 16) + (green << 8) + blue]
