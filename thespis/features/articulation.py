"""Speech -> what mouth and voice do, 100 times a second: from timed phones where the text is known, else from the sound by a small network.

The network (ours, trained on made-up speech by tools/train_articulation.py) hears 160 ms of what comes, because mouths lead the voice.
"""

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from thespis.features.ear import HOP, Adaptation, Ear
from thespis.features.gestures import MOUTH, REACH, Gestures
from thespis.features.resample import Resampler
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.features.voice import Voice
from thespis.types import SAMPLES, Array, Direction, Portrait, Speech, Track

SPEAKING = len(MOUTH)  # the network's column after those of MOUTH
LOOK_AHEAD = Fraction(1, 4)  # seconds of speech that a row waits for


@dataclass
class Listening:
    """The state of one stream: what was heard, what the network remembers, and rows that wait for each other."""

    resampler: Resampler | None = None
    rate: int = 0
    ear: Ear = field(default_factory=Ear)
    adaptation: Adaptation = field(default_factory=Adaptation)
    voice: Voice = field(default_factory=Voice)
    gestures: Gestures = field(default_factory=Gestures)
    past: list[Array] = field(default_factory=list)
    heard: int = 0  # samples that came
    known: list[tuple[int, int]] = field(default_factory=list)  # samples whose phones are known, from and to
    behind: int = 0  # rows that the network still has to answer before its first real one
    rows: deque[Array] = field(default_factory=deque)  # rows from the sound, in the order of ARTICULATION
    next: int = 0  # the next row to give


class Articulation:
    """Samples -> ARTICULATION at 100 rows a second; the rows cover all of the speech."""

    takes, gives, delay = SAMPLES, ARTICULATION, LOOK_AHEAD

    def __init__(self, weights: Path, *, threads: int = 1) -> None:
        """Load the network, to run on so many threads."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._network: Any = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._rows_late = int(self._network.get_modelmeta().custom_metadata_map["delay"])
        self._inputs = [(value.name, tuple(value.shape)) for value in self._network.get_inputs()]

    def start(self, portrait: Portrait, direction: Direction) -> Listening:
        """Begin a stream."""
        return Listening(past=[np.zeros(shape, np.float32) for _, shape in self._inputs[1:]], behind=self._rows_late)

    def step(self, state: Listening, chunk: Speech, last: bool) -> Track:
        """Listen to the next samples and answer with the rows that are sure by now."""
        if state.resampler is None:
            state.resampler, state.rate = Resampler(chunk.rate), chunk.rate
        if chunk.rate != state.rate or chunk.start != state.heard:
            raise ValueError(
                f"expected samples from {state.heard} on at {state.rate} a second, got them from {chunk.start} on at {chunk.rate} a second"
            )
        state.heard += len(chunk)
        if chunk.phones is not None:
            state.gestures.add(chunk.phones)
            if state.known and state.known[-1][1] == chunk.start:
                state.known[-1] = (state.known[-1][0], chunk.stop)
            elif len(chunk):
                state.known.append((chunk.start, chunk.stop))
        self._listen(state, state.resampler(chunk.mono(), last))
        total = -(-state.heard * 100 // state.rate)  # ceil: the last row begins within the speech
        if last:
            while state.next + len(state.rows) < total:
                self._listen(state, np.zeros(HOP * 160, np.float32))
            sure = total
        else:
            sure = max(int((Fraction(state.heard, state.rate) - LOOK_AHEAD) * 100), 0)
        stop = max(min(sure, state.next + len(state.rows)), state.next)
        return self._answer(state, stop)

    def _listen(self, state: Listening, samples: Array) -> None:
        """Run ear and network over 16,000 samples a second (n,), and queue the rows."""
        for heard in state.ear(samples):
            bands = np.ascontiguousarray(state.adaptation(heard).T[None])
            feed = dict(zip((name for name, _ in self._inputs), [bands, *state.past], strict=True))
            channels, *state.past = self._network.run(None, feed)
            state.voice.hear(heard)
            for row in channels[0].T:
                if state.behind:
                    state.behind -= 1
                    continue
                state.rows.append(np.concatenate([row[:SPEAKING], state.voice(float(row[SPEAKING]))]))

    def _answer(self, state: Listening, stop: int) -> Track:
        """Give the rows up to `stop`, with the mouth from the phones where they are known."""
        first, state.next = state.next, stop
        values = np.zeros((stop - first, ARTICULATION.size), np.float32)
        for number in range(stop - first):
            values[number] = state.rows.popleft()
        mouths = state.gestures.rows(first, stop)
        for begin, end in state.known:
            low, high = (-(-sample * 100 // state.rate) for sample in (begin, end))
            rows = slice(max(low - first, 0), max(min(high, stop) - first, 0))
            values[rows, : len(MOUTH)] = mouths[rows]
        state.known = [(begin, end) for begin, end in state.known if end * 100 > stop * state.rate or end == state.heard]
        return Track(ARTICULATION, values, ARTICULATION_FPS, first)


assert REACH < LOOK_AHEAD
