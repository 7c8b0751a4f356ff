"""Samples -> mel spectrogram: the 80 bands of dubbing networks, and others by their numbers."""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache

import numpy as np

from thespis.features.resample import RATE, Intake
from thespis.types import SAMPLES, Array, Channel, Direction, Portrait, Space, Speech, Track


@lru_cache(maxsize=16)
def slaney_filters(size: int, bands: int, low: float, high: float) -> Array:
    """Make triangular filters (size / 2 + 1, bands) of equal area on Slaney's mel scale: even to 1 kHz, then logarithmic."""

    def mel(hertz: float) -> float:
        return hertz * 3 / 200 if hertz < 1000 else 15 + np.log(hertz / 1000) * 27 / np.log(6.4)

    marks = np.linspace(mel(low), mel(high), bands + 2)
    corners = np.where(marks < 15, marks * 200 / 3, 1000 * np.exp((marks - 15) * np.log(6.4) / 27))
    bins = np.fft.rfftfreq(size, 1 / RATE)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters: Array = (np.maximum(0, np.minimum(rising, falling)) * 2 / (corners[2:] - corners[:-2])).astype(np.float32)
    return filters


@dataclass
class MelState:
    """One stream: samples at RATE that are still needed, the first of which has the index `first`."""

    intake: Intake = field(default_factory=Intake)
    held: Array = field(default_factory=lambda: np.zeros(0, np.float32))
    first: int = 0
    made: int = 0


class Mel:
    """Samples -> `bands` mel bands in dB, scaled to -`reach` to `reach`, 80 rows a second; row k is centred on k / 80 s.

    The numbers are those of the Wav2Lip line of networks: 800-point windows every 200 samples of 16,000, 55 to 7,600 Hz, a
    pre-emphasis of 0.97, 20 dB taken as the loudest, -100 dB as silence.
    """

    takes, delay = SAMPLES, Fraction(1, 20)
    hop, size, emphasis = 200, 800, 0.97

    def __init__(self, bands: int = 80, *, low: float = 55.0, high: float = 7600.0, loudest: float = 20.0, reach: float = 4.0) -> None:
        """Choose how many bands, between which frequencies in hertz, and what stands for the loudest sound in dB."""
        self.gives = Space("mel", (Channel("mel", size=bands),))
        self._filters = slaney_filters(self.size, bands, low, high)
        self._window = np.hanning(self.size + 1)[:-1].astype(np.float32)
        self._loudest, self._reach = loudest, reach

    @property
    def fps(self) -> Fraction:
        """Rows a second."""
        return Fraction(RATE, self.hop)

    def start(self, portrait: Portrait, direction: Direction) -> MelState:
        """Begin a stream with silence before the first sample."""
        return MelState(held=np.zeros(self.size // 2 + 1, np.float32), first=-self.size // 2 - 1)

    def step(self, state: MelState, chunk: Speech, last: bool) -> Track:
        """Take the next samples and answer with the rows whose windows are complete; at the end silence follows."""
        state.held = np.concatenate([state.held, state.intake(chunk, last)])
        if last:
            state.held = np.concatenate([state.held, np.zeros(self.size, np.float32)])
        total = state.intake.begun(self.fps) if last else None
        rows: list[Array] = []
        first = state.made
        while state.made != total and (at := state.made * self.hop - self.size // 2 - state.first) + self.size <= len(state.held):
            # Row by row, so that no chunk size changes the order of a sum.
            rows.append(self._row(state.held[at - 1 : at + self.size]))
            state.made += 1
        drop = max(state.made * self.hop - self.size // 2 - 1 - state.first, 0)
        state.held, state.first = state.held[drop:], state.first + drop
        values = np.stack(rows) if rows else np.zeros((0, self.gives.size), np.float32)
        return Track(self.gives, values, self.fps, first)

    def _row(self, samples: Array) -> Array:
        """Analyse size + 1 samples, the first of which is only for the pre-emphasis -> (bands,)."""
        sharp = (samples[1:] - np.float32(self.emphasis) * samples[:-1]) * self._window
        level = 20 * np.log10(np.maximum(np.abs(np.fft.rfft(sharp)).astype(np.float32) @ self._filters, 1e-5)) - self._loudest
        scaled = 2 * self._reach * (level + 100) / 100 - self._reach
        row: Array = np.clip(scaled, -self._reach, self._reach).astype(np.float32)
        return row
