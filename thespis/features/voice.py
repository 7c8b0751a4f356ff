"""How somebody speaks, row by row: loudness and pitch relative to the speaker's own recent level and middle."""

from collections import deque

import numpy as np

from thespis.features.ear import Heard
from thespis.types import Array

AROUND = 2  # rows on either side over which level and pitch are smoothed
LOUD_RANGE = 36.0  # dB from inaudible to as loud as it gets
USUAL = 0.65  # the loudness of a speaker's mean level


def smooth_step(value: float, low: float, high: float) -> float:
    """Rise from 0 at `low` to 1 at `high`, at rest at both ends."""
    share = min(max((value - low) / (high - low), 0.0), 1.0)
    return share * share * (3 - 2 * share)


class Voice:
    """Running level and pitch of one speaker; call it once a row, later than `hear` by however many rows."""

    def __init__(self) -> None:
        """Begin with an average speaker, who is believed for 0.3 s."""
        self._ahead: deque[tuple[float, float, float]] = deque()
        self._behind: deque[tuple[float, float, float]] = deque(maxlen=AROUND)
        self._level, self._level_rows = -26.0, 30.0
        self._middle, self._voiced_rows = float(np.log2(150.0)), 0

    def hear(self, heard: Heard) -> None:
        """Keep what the ear heard until its row is asked for."""
        self._ahead.extend(zip(heard.level.tolist(), heard.periodicity.tolist(), heard.pitch.tolist(), strict=True))

    def __call__(self, speaking: float) -> Array:
        """Describe the next row, in which somebody speaks with this probability -> (voiced, loudness, pitch, speaking)."""
        near = [*self._behind, *(self._ahead[number] for number in range(min(AROUND + 1, len(self._ahead))))]
        level, periodicity, _ = now = self._ahead.popleft()
        self._behind.append(now)
        # Anything below -70 dB is the noise of the recorder; nobody speaks in it.
        speaking = smooth_step(speaking, 0.25, 0.75) * smooth_step(level, -72.0, -62.0)
        mean = sum(each[0] for each in near) / len(near)
        if speaking > 0.5:
            self._level_rows = min(self._level_rows + 1, 500.0)
            self._level += (level - self._level) / self._level_rows
        loudness = min(max(USUAL + (mean - self._level) / LOUD_RANGE, 0.0), 1.0) * speaking
        voiced = smooth_step(periodicity, 0.28, 0.5) * smooth_step(mean - self._level, -26.0, -16.0) * speaking
        pitch = 0.0
        if voiced > 0.5:
            octave = sorted(each[2] for each in near)[len(near) // 2]
            self._voiced_rows += 1
            # Steps of a fixed size find the median, whatever outliers there are; they begin large to find a new speaker quickly.
            step = max(0.004, 0.3 / self._voiced_rows)
            self._middle += step if octave > self._middle else -step
            pitch = octave - self._middle
            # Voices seldom leave this range within a sentence; what does is nearly always half or twice the period.
            pitch += (pitch < -0.65) - (pitch > 0.95)
            pitch = min(max(pitch, -1.0), 1.0)
        return np.array([voiced, loudness, pitch, speaking], np.float32)
