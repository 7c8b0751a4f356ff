"""Whether anybody speaks at all, row by row: lips rest while only music or noise is heard.

A network for voices (speech/activity) says so, and is deaf to whispering; so sounds that the articulation network is sure of count too.
"""

from collections import deque
from dataclasses import dataclass, field
from heapq import nlargest
from itertools import islice

from thespis.features.resample import RATE
from thespis.speech.activity import ACTIVITY_FPS, Activity, Hearing
from thespis.types import Array, Direction, Portrait, Speech

BEFORE, AFTER = 0.3, 0.19  # seconds around a row in which a voice counts: mouths open before it and close after
BLOCKS = 3  # of 32 ms that must sound like a voice: music does for a moment
SILENT, SPOKEN = 0.15, 0.5  # probabilities of a voice up to which nobody speaks, and from which on somebody does
UNSURE, SURE = 0.27, 0.36  # the same for how sure the articulation network is of its sounds
MEMORY = 25.0  # rows over which that is averaged
RISE, FALL = 1 / 6, 1 / 20  # the most that presence changes in a row: a mouth wakes in 60 ms and goes to rest in 200
BLOCK_SECONDS = float(1 / ACTIVITY_FPS)


@dataclass
class Present:
    """The state of one stream: `chances` of a voice from block `first` on, and how present somebody is now.

    `near` says around which blocks was looked last, `voice` what they said.
    """

    hearing: Hearing
    heard: int = 0
    chances: deque[float] = field(default_factory=deque)
    first: int = 0
    near: tuple[int, int] = (0, -1)
    voice: float = 0.0
    sureness: float = 0.0
    now: float = 0.0


class Presence:
    """Give for every row, in order, how present a speaker is: 0 nobody, 1 somebody."""

    def __init__(self, network: Activity) -> None:
        """Take the network that tells voices from everything else."""
        self._network = network

    def start(self, portrait: Portrait, direction: Direction) -> Present:
        """Begin a stream."""
        return Present(self._network.start(portrait, direction))

    def hear(self, state: Present, samples: Array) -> None:
        """Hear the next samples (n,) at 16,000 a second."""
        chunk = Speech(samples[None], RATE, start=state.heard)
        state.heard += len(samples)
        state.chances.extend(self._network.step(state.hearing, chunk, False)["speech"].tolist())

    def sure_of(self, state: Present, speaking: float, sureness: float) -> float:
        """Follow how sure the articulation network is of its sounds where it hears speech; it answers with what `at` wants of that row."""
        if speaking > 0.5:
            state.sureness += (sureness - state.sureness) / MEMORY
        else:
            state.sureness -= state.sureness / MEMORY
        return state.sureness

    def at(self, state: Present, sureness: float, seconds: float) -> float:
        """Give the presence of the next row, which lies at `seconds`; what lies AFTER it must have been heard."""
        while state.chances and (state.first + 1) * BLOCK_SECONDS <= seconds - BEFORE:
            state.chances.popleft()
            state.first += 1
        near = max(int((seconds + AFTER) / BLOCK_SECONDS) + 1 - state.first, 0)
        around = state.first, min(near, len(state.chances))
        if state.near != around:  # the same for the three rows of a block
            highest = nlargest(BLOCKS, islice(state.chances, near))
            state.near, state.voice = around, highest[-1] if len(highest) == BLOCKS else 0.0
        wanted = max(share(state.voice, SILENT, SPOKEN), share(sureness, UNSURE, SURE))
        state.now += min(max(wanted - state.now, -FALL), RISE)
        return state.now


def share(value: float, low: float, high: float) -> float:
    """Tell where a value lies between two others, from 0 to 1."""
    return min(max((value - low) / (high - low), 0.0), 1.0)
