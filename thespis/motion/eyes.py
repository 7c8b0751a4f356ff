"""What the eyes do by schedule and by wish, as rows that a network can be told: natural blinks and looks, or those asked for."""

from fractions import Fraction
from typing import Any

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import Blink
from thespis.motion.gaze import Gaze
from thespis.motion.spaces.ditto import EYES
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import Array, Direction, Portrait, Track


def eyeballs(yaw: Array, pitch: Array) -> Array:
    """Turn angles (rows,) in radians, positive to the picture's right and down, into a direction, less that of looking ahead (rows, 3)."""
    yaw, pitch = np.asarray(yaw, np.float64), np.asarray(pitch, np.float64)
    return np.asarray(np.stack([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch) - 1], axis=1), np.float32)


class Eyes:
    """Turn ARTICULATION into EYES: when they blink, and where they look."""

    takes, gives, delay = ARTICULATION, EYES, Fraction(0)

    def __init__(self) -> None:
        """Let the same stages decide that decide for every recipe."""
        self._blink, self._gaze = Blink(), Gaze()

    def start(self, portrait: Portrait, direction: Direction) -> tuple[Any, Any]:
        """Begin the schedules."""
        return self._blink.start(portrait, direction), self._gaze.start(portrait, direction)

    def step(self, state: tuple[Any, Any], chunk: Track, last: bool) -> Track:
        """Tell the eyes of every row."""
        calm = Track(EXPRESSION, np.zeros((len(chunk), EXPRESSION.size), np.float32), chunk.fps, chunk.start)
        face, looks = self._blink.step(state[0], calm, last), self._gaze.step(state[1], chunk, last)
        rows = Track(EYES, np.zeros((len(chunk), EYES.size), np.float32), chunk.fps, chunk.start)
        lids = {f"open_{side}": 1 - face[f"eyeBlink{side.capitalize()}"] for side in ("left", "right")}
        balls = {f"ball_{side}": eyeballs(looks[f"gaze_{side}_yaw"], looks[f"gaze_{side}_pitch"]) for side in ("left", "right")}
        return rows.replace(**lids, **balls)
