"""Where the eyes look: at the camera most of the time, with small shifts and glances away, while the head moves under them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.head import Head, HeadState
from thespis.motion.schedule import Current, Look, looks
from thespis.motion.smooth import Doubles, soft_step
from thespis.motion.spaces.face import GAZE, HEAD
from thespis.types import EMOTION, Array, Direction, Portrait, Track

STEADY = 0.85  # the share of the head's turn that the eyes make up for, to stay on what they look at
TALKING_SHARE = 0.55  # how far glances away go while speaking
FURTHEST = math.radians(28.0)  # eyes turn no further in the head
LATENCY, PER_DEGREE = 0.021, 0.0022  # seconds a saccade takes: the main sequence

WANDER: Mapping[str, tuple[float, float]] = {
    "neutral": (0.0, 0.0), "angry": (-0.5, 0.0), "contempt": (-0.2, 2.5), "disgusted": (0.2, 1.0),
    "fear": (0.5, 0.0), "happy": (0.0, 0.0), "sad": (0.2, 6.5), "surprised": (-0.4, 0.0),
}  # fmt: skip
"""What an emotion at intensity 1 does: the share by which glances grow, and degrees that the eyes are lowered."""


@dataclass
class GazeState:
    """What a session's eyes remember: the saccade under way goes from `origin` to `target` (2,) in degrees, from `begun` seconds on."""

    direction: Direction
    looks: Current[Look]
    head: HeadState
    origin: Doubles
    target: Doubles
    begun: float = 0.0


class Gaze:
    """Turn ARTICULATION into GAZE, the turn of each eye in the head; asked for a gaze, the eyes hold it whatever the head does."""

    takes, gives, delay = ARTICULATION, GAZE, Fraction(0)

    def __init__(self) -> None:
        """Know the head's motion, which is the same as that of the Head beside it, for it comes from the same input and seed."""
        self._head = Head()

    def start(self, portrait: Portrait, direction: Direction) -> GazeState:
        """Begin at the camera."""
        head = self._head.start(portrait, direction)
        return GazeState(direction, Current(looks(direction.seed)), head, np.zeros(2), np.zeros(2))

    def step(self, state: GazeState, chunk: Track, last: bool) -> Track:
        """Turn the eyes row by row."""
        turn = self._head.step(state.head, chunk, last).values[:, HEAD.slice("head_rotation")].astype(np.float64)
        asked = state.direction.gaze
        wanted = wandering(state, chunk) if asked is None else asked.at(chunk.seconds).astype(np.float64)
        return Track(GAZE, resting_on(wanted, turn), chunk.fps, chunk.start)


def resting_on(wanted: Doubles, turn: Doubles) -> Array:
    """Turn both eyes to where they look, degrees from the camera (rows, 2), in a head with these rotations (rows, 3) -> GAZE (rows, 4)."""
    yaw = np.clip(np.radians(wanted[:, 0]) + STEADY * turn[:, 1], -FURTHEST, FURTHEST)
    pitch = np.clip(np.radians(wanted[:, 1]) - STEADY * turn[:, 0], -FURTHEST, FURTHEST)
    return np.asarray(np.stack([yaw, pitch, yaw, pitch], axis=1), np.float32)


def wandering(state: GazeState, chunk: Track) -> Doubles:
    """Follow the schedule of looks (rows, 2): degrees of yaw and pitch from the camera."""
    felt = state.direction.emotion.at(chunk.seconds).astype(np.float64)
    alive = state.direction.motion.at(chunk.seconds)[:, 0].astype(np.float64).tolist()
    grown, lowered = np.ones(len(chunk)), np.zeros(len(chunk))
    for number, name in enumerate(EMOTION.names):
        grown = grown + felt[:, number] * WANDER[name][0]
        lowered = lowered + felt[:, number] * WANDER[name][1]
    found = np.zeros((len(chunk), 2))
    speaking = chunk["speaking"].astype(np.float64).tolist()
    for row, time in enumerate(chunk.seconds.tolist()):
        now = towards(state, time)
        if state.looks.reach(time) and state.looks.now is not None:
            look = state.looks.now
            size = max(float(grown[row]), 0.0) * (1.0 - (1.0 - TALKING_SHARE) * min(max(speaking[row], 0.0), 1.0) if look.away else 1.0)
            state.origin, state.target, state.begun = now, size * np.array([look.yaw, look.pitch]), look.at
            now = towards(state, time)
        found[row] = alive[row] * (now + np.array([0.0, lowered[row]]))
    return found


def towards(state: GazeState, time: float) -> Doubles:
    """Tell where the saccade under way has got to (2,)."""
    size = float(np.abs(state.target - state.origin).max())
    return state.origin + (state.target - state.origin) * soft_step((time - state.begun) / (LATENCY + PER_DEGREE * size))
