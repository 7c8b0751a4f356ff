"""How something is said, whatever is said: melody, voice quality, loudness and pace, as running means and spreads of what the ear hears."""

from collections import deque

import numpy as np
import numpy.typing as npt

from thespis.features.ear import BANDS, Heard
from thespis.types import Array, Space, linear

SHAPES = 6  # cosine terms of the spectrum without its mean: 1 is its tilt, the others are coarse formants and breath
MEASURES = ("pitch", "melody", "periodicity", "wavering", "level", "attack", *(f"shape {k}" for k in range(1, SHAPES + 1)))
"""What is measured of each row of voiced speech; all but melody and wavering also of its spread."""

PROSODY: Space = linear(
    "prosody",
    *(f"{name} mean" for name in MEASURES if name != "level"),
    *(f"{name} spread" for name in MEASURES),
    *("voiced share", "hiss share", "syllables", "pauses", "evidence"),
)
"""Means and spreads over recent speech. `pitch` is octaves above 100 Hz, `level` and `attack` are dB (and dB in 30 ms), the shares go
from 0 to 1, `syllables` are counted a second of speech, `evidence` is seconds of voiced speech on which all of it rests."""

QUIETER = 32.0  # dB below the loudest recent row that still count as speech
PERIODIC = 0.42  # periodicity from which a row counts as voiced
BACK = 3  # rows over which attacks are measured
RISE = 2.5  # dB by which a syllable stands out of what is around it
SILENT = -68.0  # dB; below it there is nothing but the recorder
FORGET_PEAK = 0.03  # dB a row by which the loudest recent row is forgotten
LONGEST_PAUSE = 100  # rows of one pause that count; whoever has finished does not pause


class Prosody:
    """One stream of heard rows; `memory` is how many rows of speech count before they fade, None for all there ever were."""

    def __init__(self, memory: float | None = 300.0) -> None:
        """Begin knowing nothing."""
        self._keep = 1.0 if memory is None else 1.0 - 1.0 / memory
        angles = np.pi * (np.arange(BANDS)[:, None] + 0.5) * np.arange(1, SHAPES + 1)[None] / BANDS
        self._cosines = (np.cos(angles) * 2 / BANDS).astype(np.float64)
        self._sums = np.zeros(len(MEASURES))
        self._squares = np.zeros(len(MEASURES))
        self._voiced = self._spoken = self._hissing = self._onsets = self._paused = 0.0
        self._peak = -60.0
        self._levels: deque[float] = deque([SILENT] * BACK, maxlen=BACK)
        self._smooth = self._around = SILENT
        self._raised = False
        self._pitch: float | None = None
        self._slope = 0.0
        self._quiet = LONGEST_PAUSE

    def hear(self, heard: Heard) -> None:
        """Take the next rows in."""
        shapes = (heard.bands.astype(np.float64) - heard.bands.mean(axis=1, keepdims=True)) @ self._cosines
        rows = zip(heard.level.tolist(), heard.periodicity.tolist(), heard.pitch.tolist(), shapes, strict=True)
        for level, periodicity, pitch, shape in rows:
            self._row(level, periodicity, pitch - PITCH_ZERO, shape)

    def _row(self, level: float, periodicity: float, pitch: float, shape: npt.NDArray[np.float64]) -> None:
        """Take one row in."""
        self._peak = max(level, self._peak - FORGET_PEAK, -60.0)
        attack = abs(level - self._levels[0])
        self._levels.append(level)
        onset = self._syllable(level)
        if level < max(self._peak - QUIETER, SILENT):
            self._pitch = None
            self._quiet += 1
            if self._quiet <= LONGEST_PAUSE:
                self._paused += 1
            return
        self._quiet = 0
        self._fade()
        self._spoken += 1
        self._onsets += onset
        if periodicity < PERIODIC:
            self._pitch = None
            self._hissing += shape[0] < 0
            return
        melody = wavering = 0.0
        if self._pitch is not None:
            slope = min(max(pitch - self._pitch, -0.08), 0.08)
            melody, wavering = abs(slope), abs(slope - self._slope)
            self._slope = slope
        else:
            self._slope = 0.0
        self._pitch = pitch
        values = np.array([pitch, melody, periodicity, wavering, level, attack, *shape])
        self._voiced += 1
        self._sums += values
        self._squares += values * values

    def _syllable(self, level: float) -> bool:
        """Tell whether a syllable begins: the smoothed level rises out of what was around it."""
        level = max(level, SILENT)
        self._smooth += (level - self._smooth) * 0.25
        self._around += (self._smooth - self._around) * 0.06
        if self._raised:
            self._raised = self._smooth > self._around - 0.5
            return False
        self._raised = self._smooth > self._around + RISE
        return self._raised

    def _fade(self) -> None:
        """Let what was heard before count a little less."""
        keep = self._keep
        self._sums *= keep
        self._squares *= keep
        self._voiced, self._spoken, self._hissing = self._voiced * keep, self._spoken * keep, self._hissing * keep
        self._onsets, self._paused = self._onsets * keep, self._paused * keep

    def now(self) -> Array:
        """Describe what was heard of late -> (PROSODY.size,); all zero before the first voiced rows."""
        if self._voiced < 1:
            return np.zeros(PROSODY.size, np.float32)
        means = self._sums / self._voiced
        spreads = np.sqrt(np.maximum(self._squares / self._voiced - means * means, 0.0))
        kept = [number for number, name in enumerate(MEASURES) if name != "level"]
        shares = [
            self._voiced / self._spoken,
            self._hissing / self._spoken,
            100.0 * self._onsets / self._spoken,
            self._paused / (self._spoken + self._paused),
            self._voiced / 100.0,
        ]
        now: Array = np.concatenate([means[kept], spreads, shares]).astype(np.float32)
        return now


PITCH_ZERO = float(np.log2(100.0))
