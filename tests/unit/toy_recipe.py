"""A recipe as a user might write one: the picture gets brighter with the voice. It needs no face and no weights."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from thespis.card import Card
from thespis.talker import Talker
from thespis.types import AMOUNT, FRAMES, SAMPLES, Direction, Frames, Portrait, Speech, Track, frame_count, frame_sample

card = Card(
    title="Toy",
    summary="brightness follows the voice",
    accepts=frozenset({"emotion", "fps", "size", "seed", "gaze"}),
    fps=25,
    status="own",
    licence="Apache-2.0",
    commercial=True,
)


@dataclass
class Heard:
    """The samples that wait, and the next row."""

    fps: Fraction
    samples: list[np.ndarray] = field(default_factory=list)
    first: int = 0
    next: int = 0


class Loudness:
    """Samples to how loud each frame is."""

    takes, gives, delay = SAMPLES, AMOUNT, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> Heard:
        """Remember the frame rate."""
        return Heard(direction.fps or Fraction(card.fps))

    def step(self, state: Heard, chunk: Speech, last: bool) -> Track:
        """Answer with the frames whose sound is complete."""
        state.samples.append(chunk.mono())
        heard = np.concatenate(state.samples)
        stop = frame_count(chunk.stop, chunk.rate, state.fps) if last else int(chunk.stop * state.fps / chunk.rate)
        edges = [frame_sample(k, chunk.rate, state.fps) - state.first for k in range(state.next, stop + 1)]
        rows = [np.abs(heard[low:high]).mean() if high > low else 0.0 for low, high in pairwise(edges)]
        values = np.array(rows, np.float32).reshape(-1, 1)
        made = Track(AMOUNT, values, state.fps, state.next)
        if rows:
            state.samples, state.first, state.next = [heard[edges[-1] :]], state.first + edges[-1], stop
        return made


class Glow:
    """Loudness to a picture of one colour."""

    takes, gives, delay = AMOUNT, FRAMES, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> tuple[int, int]:
        """Choose the size."""
        return direction.size or (64, 48)

    def step(self, state: tuple[int, int], chunk: Track, last: bool) -> Frames:
        """Draw."""
        images = np.empty((len(chunk), state[1], state[0], 3), np.uint8)
        images[:] = np.clip(40 + 400 * chunk.values, 0, 255).astype(np.uint8)[:, None, None]
        return Frames(images, chunk.fps, chunk.start)


def build(weights: Mapping[str, Path], size: str = "full") -> Talker:
    """Put the two stages together."""
    return Talker(Loudness(), Glow())
