"""Samples -> the pitch of the voice, 100 times a second: hertz on a log scale, and how sure it is."""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from thespis.features.ear import HOP, PITCH_FRAME, Ear
from thespis.features.resample import RATE, Intake
from thespis.types import SAMPLES, Array, Direction, Portrait, Speech, Track, linear

PITCH = linear("pitch", "octaves", "voiced")
"""`octaves` above 100 Hz, held through what is unvoiced; `voiced` from 0 to 1, how periodic the sound is."""

PITCH_FPS = Fraction(100)
VOICED, FAINT = 0.42, -68.0  # periodicity of a voice, and dB under which there is only the recorder
ZERO = float(np.log2(100.0))


@dataclass
class PitchState:
    """One stream."""

    ear: Ear = field(default_factory=Ear)
    intake: Intake = field(default_factory=Intake)
    octaves: float = 0.0
    rows: list[Array] = field(default_factory=list)
    given: int = 0


class Pitch:
    """Samples -> PITCH at 100 rows a second; row k is centred on k / 100 s."""

    takes, gives = SAMPLES, PITCH
    delay = Fraction(PITCH_FRAME // 2, RATE) + Fraction(HOP + 1, 100)

    def start(self, portrait: Portrait, direction: Direction) -> PitchState:
        """Begin a stream."""
        return PitchState()

    def step(self, state: PitchState, chunk: Speech, last: bool) -> Track:
        """Take the next samples and answer with the rows that are complete."""
        self._hear(state, state.intake(chunk, last))
        total = state.intake.begun(100)
        while last and state.given + len(state.rows) < total:
            self._hear(state, np.zeros(HOP * RATE // 100, np.float32))
        count = min(len(state.rows), total - state.given)
        made, state.rows = state.rows[:count], state.rows[count:]
        first, state.given = state.given, state.given + count
        return Track(PITCH, np.stack(made) if made else np.zeros((0, PITCH.size), np.float32), PITCH_FPS, first)

    def _hear(self, state: PitchState, samples: Array) -> None:
        """Run the ear over samples at RATE (n,)."""
        for heard in state.ear(samples):
            for level, periodicity, pitch in zip(heard.level.tolist(), heard.periodicity.tolist(), heard.pitch.tolist(), strict=True):
                sounding = periodicity if level > FAINT else 0.0
                if sounding > VOICED:
                    state.octaves = pitch - ZERO
                state.rows.append(np.array([state.octaves, sounding], np.float32))
