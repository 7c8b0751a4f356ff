"""The head follows the voice: it settles in new poses, nods at accents, sinks at the end of a phrase, sways and breathes.

Each emotion has its posture and its pace. What the direction asks for comes on top of natural motion that makes room for it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.schedule import Current, Pose, poses
from thespis.motion.smooth import Doubles, GentleSpring, Spring, Sway
from thespis.motion.spaces.face import HEAD
from thespis.types import EMOTION, Array, Direction, Portrait, Track

SPREAD = (3.3, 2.1, 2.0)  # degrees of yaw, pitch and roll that settling poses spread
SWAYING = (0.6, 0.45, 0.45)  # degrees of the slow sway
LEAN = (0.018, 0.022)  # eye distances the body sways sideways and to and fro
NOD = 8.0  # degrees a strong accent lowers the head
SINK = 1.4  # degrees the head sinks where speech ends
BREATHS, BREATH = 0.24, 0.012  # a second; eye distances the head rises
QUIET_SHARE = 0.45  # how much of the settling is left in silence
SETTLE, ACCENT, SPEAK, LEVEL = 9.5, 12.0, 2.5, 1.5  # quickness, 1/s
MAKING_ROOM, ROOM = 0.6, 8.0  # the share of natural motion that an asked turn of so many degrees takes away


Triple = tuple[float, float, float]


@dataclass(frozen=True)
class Posture:
    """What an emotion at intensity 1 does to the head: degrees, shift in eye distances (right, down, away), liveliness and pace."""

    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    right: float = 0.0
    down: float = 0.0
    away: float = 0.0
    lively: float = 0.0
    pace: float = 0.0


POSTURES: Mapping[str, Posture] = {
    "neutral": Posture(),
    "angry": Posture(pitch=3.5, down=0.02, away=-0.1, lively=0.3, pace=0.35),
    "contempt": Posture(yaw=2.0, pitch=-4.5, roll=3.0, away=0.05, lively=-0.3, pace=-0.2),
    "disgusted": Posture(yaw=3.0, pitch=-1.0, roll=-1.5, away=0.09, lively=-0.1),
    "fear": Posture(pitch=-0.5, down=0.04, away=0.12, lively=0.15, pace=0.45),
    "happy": Posture(pitch=-1.5, roll=2.5, lively=0.35, pace=0.2),
    "sad": Posture(pitch=5.0, roll=-2.5, down=0.05, lively=-0.45, pace=-0.4),
    "surprised": Posture(pitch=-3.0, down=-0.02, away=0.08, lively=0.05, pace=0.2),
}


@dataclass
class HeadState:
    """What a session's head remembers."""

    direction: Direction
    sway: Sway
    poses: Current[Pose]
    still: bool
    clock: float = 0.0  # seconds of swaying: it runs faster or slower with the emotion's pace
    settled: tuple[GentleSpring, ...] = field(default_factory=lambda: (GentleSpring(), GentleSpring(), GentleSpring()))
    accent: GentleSpring = field(default_factory=GentleSpring)
    speaking: GentleSpring = field(default_factory=GentleSpring)
    level: Spring = field(default_factory=Spring)


class Head:
    """Turn ARTICULATION into HEAD; asked to be still it is exactly still."""

    takes, gives, delay = ARTICULATION, HEAD, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> HeadState:
        """Draw the poses of the session; it begins at rest in the portrait's own."""
        sway = Sway(direction.seed, "head", 5, slowest=0.07, quickest=0.8)
        return HeadState(direction, sway, Current(poses(direction.seed)), asked_still(direction))

    def step(self, state: HeadState, chunk: Track, last: bool) -> Track:
        """Move the head row by row."""
        if state.still:
            return Track(HEAD, np.zeros((len(chunk), HEAD.size), np.float32), chunk.fps, chunk.start)
        times, wish = chunk.seconds, state.direction
        felt = postures(wish.emotion.at(times).astype(np.float64))
        heard = [chunk[name].astype(np.float64).tolist() for name in ("speaking", "voiced", "loudness", "pitch")]
        moved = [
            natural(state, time, float(1 / chunk.fps), voice, posture)
            for time, posture, *voice in zip(times.tolist(), felt.tolist(), *heard, strict=True)
        ]
        degrees = np.array([turn for turn, _ in moved]).reshape(-1, 3)
        shift = np.array([shift for _, shift in moved]).reshape(-1, 3)
        return Track(HEAD, held(wish, times, degrees, shift), chunk.fps, chunk.start)


def held(wish: Direction, times: Doubles, degrees: Doubles, shift: Doubles) -> Array:
    """Put natural motion, `degrees` of yaw, pitch and roll and `shift` (rows, 3) each, on what is asked -> rows of HEAD (rows, 6)."""
    alive = wish.motion.at(times)[:, 0].astype(np.float64)
    if wish.head is not None:
        asked = wish.head.at(times).astype(np.float64)
        room = np.minimum(np.abs(asked).max(axis=1, initial=0.0) / ROOM, 1.0)
        alive = alive * (1.0 - MAKING_ROOM * room)
        degrees = asked + alive[:, None] * degrees
    else:
        degrees = alive[:, None] * degrees
    yaw, pitch, roll = np.radians(degrees).T
    # Positive yaw goes to the picture's right, which is a turn by the right-hand rule about the axis that points up.
    return np.asarray(np.concatenate([np.stack([pitch, -yaw, roll], axis=1), alive[:, None] * shift], axis=1), np.float32)


def asked_still(wish: Direction) -> bool:
    """Tell whether the head is not to move at all."""
    return wish.head is not None and all(not any(key.value) for key in wish.head.keys)


def postures(emotion: Doubles) -> Doubles:
    """Mix the emotions' postures (rows, 8 numbers in the order of Posture) from emotion weights (rows, emotions)."""
    found = np.zeros((len(emotion), len(Posture.__dataclass_fields__)))
    for number, name in enumerate(EMOTION.names):
        posture = POSTURES[name]
        found = found + emotion[:, number, None] * np.array([getattr(posture, part) for part in Posture.__dataclass_fields__])
    return found


def natural(state: HeadState, time: float, step: float, voice: list[float], felt: list[float]) -> tuple[Triple, Triple]:
    """Move for one row: degrees of yaw, pitch and roll, and the shift right, down and away in eye distances."""
    speaking, voiced, loudness, pitch = voice
    posture = Posture(*felt)
    lively, pace = max(1.0 + posture.lively, 0.2), min(max(1.0 + posture.pace, 0.4), 1.8)
    # Poses and sways come by a clock that the emotion slows or hurries, so a sad head settles anew less often.
    state.clock += step * pace
    state.poses.reach(state.clock)
    talk = state.speaking.follow(min(max(speaking, 0.0), 1.0), SPEAK, step)
    level = state.level.follow(loudness, LEVEL, step)
    peak = min(voiced * (0.8 * max(pitch, 0.0) + 0.9 * max(loudness - level, 0.0)), 1.0)
    nod = NOD * lively * state.accent.follow(peak, ACCENT, step)
    pose = state.poses.now or Pose(0.0, 0.0, 0.0, 0.0)
    share = lively * (QUIET_SHARE + (1.0 - QUIET_SHARE) * talk)
    aims = (
        SPREAD[0] * pose.yaw * share + posture.yaw,
        SPREAD[1] * pose.pitch * share + posture.pitch + SINK * (1.0 - talk),
        SPREAD[2] * pose.roll * share + posture.roll,
    )
    yaw, pitch, roll = (axis.follow(aim, SETTLE * pace, step) for axis, aim in zip(state.settled, aims, strict=True))
    sway = state.sway.at(state.clock)
    breath = math.sin(2.0 * math.pi * BREATHS * time)
    # Accents nod; some of them turn or tilt the head a little, whichever way it sways just then.
    degrees = (
        yaw + SWAYING[0] * sway[0] * lively + 0.5 * nod * sway[0],
        pitch + SWAYING[1] * sway[1] * lively + (0.7 + 0.4 * sway[1]) * nod - 0.15 * breath,
        roll + SWAYING[2] * sway[2] * lively + 0.4 * nod * sway[2],
    )
    # A head turns about the neck, so it also shifts with its turns.
    shift = (
        posture.right + 0.008 * (yaw + roll) + LEAN[0] * sway[3] * lively,
        posture.down + 0.008 * pitch - BREATH * breath,
        posture.away - 0.008 * pitch + LEAN[1] * sway[4] * lively,
    )
    return degrees, shift
