"""What the portrait hears of the person before it: when they speak, when they pause, and when they have finished."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from thespis.speech.activity import ACTIVITY_FPS, Activity
from thespis.types import NO_EMOTION, Array, Direction, Portrait, Speech

Heard = Literal["begins", "pauses", "ends"]
LIKELY, UNLIKELY = 0.6, 0.35  # chances of speech
BEGIN, PAUSE, END = 0.2, 0.3, 0.75  # seconds of speech that begin a turn; of silence in which one may nod; after which it is over
KEPT = 30.0  # seconds of a turn that are kept
BEFORE = 0.4  # seconds kept from before it began
ROW = float(1 / ACTIVITY_FPS)
NOBODY = Portrait((np.zeros((1, 1, 3), np.uint8),))


@dataclass
class Turn:
    """What was said in one turn: samples (n,) at `rate`."""

    samples: Array
    rate: int

    @property
    def seconds(self) -> float:
        """How long it was."""
        return len(self.samples) / self.rate


@dataclass
class Hearing:
    """One stream from a microphone; memory does not grow with its length."""

    rate: int
    network: Activity
    turn: Turn | None = None
    _heard: int = 0
    _spoken: float = 0.0
    _silent: float = 0.0
    _inside: bool = False
    _paused: bool = False
    _kept: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin to listen."""
        self._state = self.network.start(NOBODY, Direction(emotion=NO_EMOTION))

    def hear(self, samples: Array) -> list[Heard]:
        """Hear the next samples (n,), and say what happened in them; at the end of a turn it is in `turn`."""
        self._kept.append(samples)
        most = KEPT if self._inside else BEFORE
        while len(self._kept) > 1 and sum(map(len, self._kept[1:])) > most * self.rate:
            self._kept.pop(0)
        chances = self.network.step(self._state, Speech(samples[None], self.rate, start=self._heard), False)["speech"]
        self._heard += len(samples)
        found: list[Heard] = []
        for chance in chances.tolist():
            found += self._row(chance)
        return found

    def _row(self, chance: float) -> list[Heard]:
        """Follow the chance of speech by one row."""
        if chance > LIKELY:
            self._spoken, self._silent, self._paused = self._spoken + ROW, 0.0, False
        elif chance < UNLIKELY:
            self._silent += ROW
            self._spoken = self._spoken if self._inside else 0.0
        if not self._inside and self._spoken >= BEGIN:
            self._inside = True
            return ["begins"]
        if self._inside and self._silent >= END:
            self.turn = Turn(np.concatenate(self._kept), self.rate)
            self._inside, self._paused, self._spoken, self._kept = False, False, 0.0, []
            return ["ends"]
        if self._inside and self._silent >= PAUSE and not self._paused:
            self._paused = True
            return ["pauses"]
        return []
