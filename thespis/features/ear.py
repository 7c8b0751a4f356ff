"""16,000 samples a second -> what an ear hears, 100 times a second: bands, level, periodicity and pitch. Causal but for 20 ms."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.features.resample import RATE
from thespis.types import Array

STEP = RATE // 100  # samples a row
HOP = 8  # rows that are computed together, if nothing else is said, always from the same absolute places
BANDS = 40
LOWEST, HIGHEST = 60.0, 7600.0  # hertz
FRAME, PITCH_FRAME = 512, 640  # samples, centred on the row
FLOOR = 1e-9  # power; far below the noise of any microphone
SHORTEST, LONGEST = RATE // 420, RATE // 65  # samples; the periods of a speaking voice
PITCH_SIZE = 1024
PITCH_EVERY = 2  # rows; a pitch moves little in 20 ms

Doubles = npt.NDArray[np.float64]


def mel_filters() -> Array:
    """Make triangular filters (FRAME / 2 + 1, BANDS), equally wide on the mel scale."""
    low, high = (2595 * np.log10(1 + hertz / 700) for hertz in (LOWEST, HIGHEST))
    corners = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    bins = np.fft.rfftfreq(FRAME, 1 / RATE)[:, None]
    rising = (bins - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bins) / (corners[2:] - corners[1:-1])
    filters: Array = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    return filters


@dataclass(frozen=True)
class Heard:
    """Some rows of what is heard: `bands` (rows, BANDS) natural log of power, `level` (rows,) in dB of full scale.

    `periodicity` (rows,) goes from 0 to 1, `pitch` (rows,) is in octaves above 1 hertz.
    """

    bands: Array
    level: Array
    periodicity: Array
    pitch: Array


class Ear:
    """One stream of samples; the first row is centred on the first sample."""

    margin = PITCH_FRAME // 2

    def __init__(self, *, pitch: bool = True, hop: int = HOP) -> None:
        """Begin with silence before the first sample; without `pitch`, periodicity and pitch stay 0. `hop` rows come together."""
        self._held = np.zeros(self.margin, np.float32)
        self._pitch, self._hop = pitch, hop
        self._filters = mel_filters()
        self._window = np.hanning(FRAME).astype(np.float32)
        self._scale = np.float32(1 / (self._window**2).sum())
        self._pitch_window = np.hanning(PITCH_FRAME).astype(np.float32)
        # Only the bins that carry the pitch are kept, and only the lags of a voice are computed.
        bins = np.arange(round(60 * PITCH_SIZE / RATE), round(1400 * PITCH_SIZE / RATE))
        self._bins = slice(int(bins[0]), int(bins[-1]) + 1)
        lags = np.arange(SHORTEST - 1, LONGEST + 2)
        self._cosines = np.cos(2 * np.pi * bins[:, None] * lags[None] / PITCH_SIZE).astype(np.float32)
        spread = np.correlate(self._pitch_window, self._pitch_window, "full")[PITCH_FRAME - 1 :]
        self._fading = (spread[lags] / spread[0]).astype(np.float32)

    def __call__(self, samples: Array) -> list[Heard]:
        """Take the next samples (n,) and answer with the groups of rows that are complete."""
        self._held = np.concatenate([self._held, samples])
        made, at, size = [], 0, (self._hop - 1) * STEP + PITCH_FRAME
        while at + size <= len(self._held):
            made.append(self._group(self._held[at : at + size]))
            at += self._hop * STEP
        self._held = self._held[at:]
        return made

    def _group(self, samples: Array) -> Heard:
        """Analyse the rows of a group."""
        shape, strides = (self._hop, PITCH_FRAME), (STEP * samples.itemsize, samples.itemsize)
        frames = np.lib.stride_tricks.as_strided(samples, shape, strides, writeable=False)
        edge = (PITCH_FRAME - FRAME) // 2
        spectrum = np.fft.rfft(frames[:, edge : edge + FRAME] * self._window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) * self._scale
        energy = power @ self._filters
        bands = np.log(energy + np.float32(FLOOR))
        level = 10 * np.log10(energy.sum(axis=1) / (FRAME / 2) + np.float32(FLOOR))
        nothing = np.zeros(self._hop, np.float32)
        periodicity, pitch = self._pitches(frames[::PITCH_EVERY]) if self._pitch else (nothing, nothing)
        return Heard(bands, level.astype(np.float32), periodicity, pitch)

    def _pitches(self, frames: Array) -> tuple[Array, Array]:
        """Find how periodic each second frame is, and its pitch, by the autocorrelation of its compressed spectrum."""
        spectrum = np.fft.rfft(frames * self._pitch_window, PITCH_SIZE, axis=1)[:, self._bins]
        # The root weakens the formants, which otherwise win over the pitch.
        power = np.sqrt(spectrum.real**2 + spectrum.imag**2).astype(np.float32) + np.float32(1e-9)
        within = power @ self._cosines / (power.sum(axis=1, keepdims=True) * self._fading)
        peak = (within[:, 1:-1] >= within[:, :-2]) & (within[:, 1:-1] >= within[:, 2:])
        heights = np.where(peak, within[:, 1:-1], -1.0)
        best = heights.max(axis=1)
        # The first peak that is nearly as high as the highest: later ones are multiples of the period.
        first = np.argmax(heights >= np.maximum(best * 0.85, 1e-6)[:, None], axis=1)
        rows = np.arange(len(frames))
        left, middle, right = (within[rows, first + shift] for shift in (0, 1, 2))
        bend = np.minimum(left - 2 * middle + right, -1e-9)
        lag = first + SHORTEST + np.clip((left - right) / (2 * bend), -0.5, 0.5)
        found = np.clip(best, 0, 1), np.log2(RATE / lag)
        return found[0].repeat(PITCH_EVERY).astype(np.float32), found[1].repeat(PITCH_EVERY).astype(np.float32)


class Adaptation:
    """The running mean of each band over recent speech, subtracted: microphone, room and level fall out, without a look ahead.

    How loud a recording is shows in a few rows, the colour of its sound takes longer: the two are followed apart.
    """

    memory = 400.0  # rows of sound over which the means are taken
    trust = 20.0  # rows that the usual colour counts for
    trust_level = 2.0  # rows that the usual level counts for

    def __init__(self) -> None:
        """Begin with the spectrum of average speech at an average level."""
        self._level, self._heard_level = -8.5, self.trust_level
        self._colour, self._heard_colour = np.linspace(2.5, -2.5, BANDS), self.trust
        self._peak = -60.0

    def __call__(self, heard: Heard) -> Array:
        """Normalise the bands (rows, BANDS) of the next rows."""
        usual, means = np.empty(heard.bands.shape), heard.bands.mean(axis=1).tolist()
        for number, (bands, level, mean) in enumerate(zip(heard.bands, heard.level.tolist(), means, strict=True)):
            self._peak = max(level, self._peak - 0.04)
            if level > max(self._peak - 28.0, -70.0):
                self._heard_level = min(self._heard_level + 1.0, self.memory)
                self._level += (mean - self._level) / self._heard_level
                self._heard_colour = min(self._heard_colour + 1.0, self.memory)
                self._colour += (bands - mean - self._colour) / self._heard_colour
            usual[number] = self._colour + self._level
        made = ((heard.bands - usual) * (1 / 3)).astype(np.float32)
        return np.clip(made, -4, 4)
