"""Speech -> what mouth and voice do, 100 times a second: from timed phones where the text is known, else from the sound by a small network.

The network (ours, tools/train_articulation.py) hears 120 ms of what comes, because mouths lead the voice. For recordings its second
thoughts, which hear 420 ms, are a little better, and longer stretches at once are faster.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from thespis.features.ear import HOP, STEP, Adaptation, Ear
from thespis.features.gestures import MOUTH, REACH, REST_CLOSURE, Gestures
from thespis.features.phone_classes import PHONE_CLASSES, SILENCE
from thespis.features.presence import Presence, Present
from thespis.features.resample import Intake
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.features.voice import Voice
from thespis.types import SAMPLES, Array, Direction, Portrait, Speech, Track
from thespis.weights import ASSETS

CLOSURE, SILENT = MOUTH.index("closure"), PHONE_CLASSES.column(SILENCE)
SOUNDS = np.delete(np.arange(PHONE_CLASSES.size), SILENT)
ROWS = float(ARTICULATION_FPS)  # a second
SPEAKING = len(MOUTH)  # the network's column after those of MOUTH
LOOK_AHEAD = Fraction(1, 4)  # seconds of speech that a row waits for: phones that are known reach back nearly as far
WHOLE_LOOK_AHEAD = Fraction(75, 100)  # the same for second thoughts
WHOLE_HOP = 32  # rows of second thoughts that are computed together: nobody waits for these, and four times as many take twice as long
AHEAD = 1  # rows by which mouths are ahead of what is heard or known: real lips are seen to meet that much sooner


@dataclass
class Listening:
    """The state of one stream: what was heard, what the network remembers, and rows that wait for each other."""

    ear: Ear
    past: list[Array]
    behind: int  # rows that the network still has to answer before its first real one
    intake: Intake = field(default_factory=Intake)
    adaptation: Adaptation = field(default_factory=Adaptation)
    voice: Voice = field(default_factory=Voice)
    gestures: Gestures = field(default_factory=Gestures)
    known: list[tuple[int, int]] = field(default_factory=list)  # samples whose phones are known, from and to
    soon: Array = field(default_factory=lambda: np.zeros((0, SPEAKING + 1), np.float32))  # first thoughts that wait for second ones
    rows: deque[Array] = field(default_factory=deque)  # rows from the sound, in the order of ARTICULATION
    phones: list[Array] | None = None  # rows of PHONE_CLASSES, where somebody wants them
    next: int = 0  # the next row to give
    present: Present | None = None
    sure: deque[float] = field(default_factory=deque)  # of each of `rows`, how sure the network is of what it heard until then


class Articulation:
    """Samples -> ARTICULATION at 100 rows a second; the rows cover all of the speech."""

    takes, gives = SAMPLES, ARTICULATION

    def __init__(self, weights: Path, *, threads: int = 1, whole: bool = False, presence: Presence | None = None) -> None:
        """Load the network, to run on so many threads; with `whole` it answers .75 s late, on second thoughts.

        With `presence` the mouth rests while nobody speaks, whatever else is heard.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._network: Any = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self.delay, self._hop = (WHOLE_LOOK_AHEAD, WHOLE_HOP) if whole else (LOOK_AHEAD, HOP)
        self._presence = presence
        prefix = "whole_" if whole else ""
        facts = self._network.get_modelmeta().custom_metadata_map
        self._rows_late = int(facts[f"{prefix}delay"])
        self._rows_between = self._rows_late - int(facts["delay"])
        self._inputs = [(value.name, tuple(value.shape)) for value in self._network.get_inputs()]
        following = (name.replace("past", "next") for name, _ in self._inputs[1:])
        self._outputs = [f"{prefix}channels", f"{prefix}phones", "channels", *following]

    def start(self, portrait: Portrait, direction: Direction) -> Listening:
        """Begin a stream."""
        state = self.listening()
        state.present = None if self._presence is None else self._presence.start(portrait, direction)
        return state

    def listening(self) -> Listening:
        """Begin to listen."""
        past = [np.zeros(shape, np.float32) for _, shape in self._inputs[1:]]
        return Listening(Ear(hop=self._hop), past, self._rows_late + AHEAD)

    def step(self, state: Listening, chunk: Speech, last: bool) -> Track:
        """Listen to the next samples and answer with the rows that are sure by now."""
        samples = state.intake(chunk, last)
        if chunk.phones is not None:
            state.gestures.add(chunk.phones)
            if state.known and state.known[-1][1] == chunk.start:
                state.known[-1] = (state.known[-1][0], chunk.stop)
            elif len(chunk):
                state.known.append((chunk.start, chunk.stop))
        self._listen(state, samples)
        total = state.intake.begun(100)
        if last:
            while state.next + len(state.rows) < total:
                self._listen(state, np.zeros(self._hop * STEP, np.float32))
            sure = total
        else:
            sure = state.intake.sure(100, self.delay)
        stop = max(min(sure, state.next + len(state.rows)), state.next)
        return self._answer(state, stop)

    def _listen(self, state: Listening, samples: Array) -> None:
        """Run ear and network over 16,000 samples a second (n,), and queue the rows."""
        if self._presence is not None and state.present is not None:
            self._presence.hear(state.present, samples)
        for heard in state.ear(samples):
            feed = dict(zip((name for name, _ in self._inputs), [state.adaptation(heard), *state.past], strict=True))
            channels, phones, first, *state.past = self._network.run(self._outputs, feed)
            state.voice.hear(heard)
            # Second thoughts do not replace the first ones: the mean of both errs less than either.
            soon = np.concatenate([state.soon, first])
            alone = min(max(self._rows_between - len(state.soon), 0), self._hop)
            state.soon = soon[self._hop - alone :]
            channels[alone:] = (channels[alone:] + soon[: self._hop - alone]) * np.float32(0.5)
            if state.phones is not None:
                state.phones.extend(phones[max(state.behind - AHEAD, 0) :])
            made, state.behind = channels[state.behind :], max(state.behind - self._hop, 0)
            if not len(made):
                continue
            speaking = made[:, SPEAKING].tolist()
            state.rows.extend(np.concatenate([made[:, :SPEAKING], [state.voice(each) for each in speaking]], axis=1, dtype=np.float32))
            if self._presence is not None and state.present is not None:
                sounds = phones[-len(made) :, SOUNDS].max(axis=1).tolist()
                for each, sure in zip(speaking, sounds, strict=True):
                    state.sure.append(self._presence.sure_of(state.present, each, sure))

    def _answer(self, state: Listening, stop: int) -> Track:
        """Give the rows up to `stop`, with the mouth from the phones where they are known."""
        first, state.next = state.next, stop
        values = np.zeros((stop - first, ARTICULATION.size), np.float32)
        for number in range(stop - first):
            values[number] = state.rows.popleft()
        if self._presence is not None and state.present is not None:
            at = self._presence.at
            shares = [at(state.present, state.sure.popleft(), row / ROWS) for row in range(first, stop)]
            here = np.array(shares, np.float32)
            values *= here[:, None]
            values[:, CLOSURE] += (1 - here) * np.float32(REST_CLOSURE)
        mouths = state.gestures.rows(first + AHEAD, stop + AHEAD)
        for begin, end in state.known:
            low, high = (-(-sample * 100 // state.intake.rate) for sample in (begin, end))
            rows = slice(max(low - first, 0), max(min(high, stop) - first, 0))
            values[rows, : len(MOUTH)] = mouths[rows]
        state.known = [(begin, end) for begin, end in state.known if end * 100 > stop * state.intake.rate or end == state.intake.heard]
        return Track(ARTICULATION, values, ARTICULATION_FPS, first)


@dataclass(frozen=True)
class Hearing:
    """What the network hears in a recording: `articulation` in ARTICULATION, `phones` in PHONE_CLASSES, both 100 rows a second.

    The articulation stands at the time of the mouth, the phones at the time of the sound.
    """

    articulation: Track
    phones: Track


@lru_cache(maxsize=4)
def network(weights: Path, whole: bool) -> Articulation:
    """Load a network once."""
    return Articulation(weights, whole=whole)


def hear(speech: Speech, *, whole: bool = True, weights: Path | None = None) -> Hearing:
    """Listen to all of a recording, whatever is known of its text; by default on second thoughts."""
    stage = network(weights or ASSETS / "articulation.onnx", whole)
    state = stage.listening()
    state.phones = []
    articulation = stage.step(state, replace(speech, phones=None), True)
    chances = state.phones[: len(articulation)]
    values = np.stack(chances) if chances else np.zeros((0, PHONE_CLASSES.size), np.float32)
    return Hearing(articulation, Track(PHONE_CLASSES, values, ARTICULATION_FPS))


assert REACH + AHEAD / ARTICULATION_FPS <= LOOK_AHEAD
