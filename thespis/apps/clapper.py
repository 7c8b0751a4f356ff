"""A recipe like a clapperboard: the picture is white while there is sound, so that `thespis bench live` sees how far the two are apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from thespis.card import Card
from thespis.talker import Talker
from thespis.types import FRAMES, SAMPLES, Array, Direction, Frames, Portrait, Speech, frame_count, frame_sample

card = Card(
    title="Clapper",
    summary="white while there is sound, dark while there is none",
    accepts=frozenset({"fps", "size"}),
    fps=25,
    status="own",
    licence="Apache-2.0",
    commercial=True,
)
DARK, WHITE, LOUD = 16, 235, 0.05
SIDE = 256


@dataclass
class Board:
    """The size, the frame rate, the samples that wait (they begin at sample `first`), and the next frame."""

    size: tuple[int, int]
    fps: Fraction
    held: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    first: int = 0
    next: int = 0


class Clapper:
    """Samples to frames of one brightness each."""

    takes, gives, delay = SAMPLES, FRAMES, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> Board:
        """Choose size and frame rate."""
        return Board(direction.size or (SIDE, SIDE), direction.fps or Fraction(card.fps))

    def step(self, state: Board, chunk: Speech, last: bool) -> Frames:
        """Answer with the frames whose sound is complete."""
        state.held = np.concatenate([state.held, chunk.mono()])
        stop = frame_count(chunk.stop, chunk.rate, state.fps) if last else int(chunk.stop * state.fps / chunk.rate)
        edges = [frame_sample(number, chunk.rate, state.fps) - state.first for number in range(state.next, stop + 1)]
        loud = [bool(np.abs(state.held[low:high]).max(initial=0) > LOUD) for low, high in pairwise(edges)]
        width, height = state.size
        images = np.empty((len(loud), height, width, 3), np.uint8)
        images[:] = np.where(loud, WHITE, DARK).astype(np.uint8)[:, None, None, None]
        made = Frames(images, state.fps, state.next)
        if loud:
            state.held, state.first, state.next = state.held[edges[-1] :], state.first + edges[-1], stop
        return made


def build(weights: Mapping[str, Path], size: str = "full") -> Talker:  # noqa: ARG001 - every build has the same signature
    """Make it of one stage."""
    return Talker(Clapper())
