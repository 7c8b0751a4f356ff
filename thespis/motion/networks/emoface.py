"""EmoFace (Liu et al. 2024): controls of a MetaHuman straight from voice and feeling, and what happens to them afterwards.

The network itself is in `emoface_torch.py`; here it runs without torch. Afterwards the controls are smoothed, blinks shut the lids at
intervals drawn from a log-normal distribution, and the eyes look about.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.convert import LOOK_PER_PITCH, LOOK_PER_YAW
from thespis.motion.rig import control
from thespis.motion.spaces.rig import RIG, controls
from thespis.types import EMOTION, Array, Direction, Portrait, Space, Track, random_for

FPS = 60
FRAMES, PAST, FUTURE, FADE = 180, 30, 30, 10
"""Of a window: all frames, those before and after what is kept, and those in which windows go over into each other."""


@dataclass(frozen=True)
class EmoFaceShape:
    """Sizes of a network: numbers heard a frame, feelings and which of them is neutral, widths, layers, heads, and controls.

    `alone` lets every frame attend to itself only, as the released program does.
    """

    heard: int = 768
    emotions: int = 7
    neutral: int = 4
    embedding: int = 256
    between: int = 512
    width: int = 512
    inner: int = 2048
    layers: int = 10
    heads: int = 8
    controls: int = RIG.size
    alone: bool = True


OFFICIAL = EmoFaceShape()
SHAPES: Mapping[str, EmoFaceShape] = {
    "tiny": EmoFaceShape(ARTICULATION.size, EMOTION.size, EMOTION.column("neutral"), 32, 64, 96, 192, 3, 4, RIG.size, alone=False),
}
"""What `thespis train emoface` trains."""

SMOOTHED, ORDER = 15, 3
"""How many frames, and up to which power of time, a smoothed one agrees with."""
LIDS = tuple(control("eye_blink", side) for side in ("L", "R"))
LOOK = ("CTRL_C_eye-translateX", "CTRL_C_eye-translateY")
BLINKS = (3.518, 0.532, 15.0, 100.0)
"""Blinks a minute: mean and spread of their logarithm, and the fewest and the most."""
OPEN = (0.95, 0.75, 0.55, 0.3, 0.0, 0.05, 0.15, 0.25, 0.35, 0.45, 0.6, 0.75, 0.9)
"""How open the eye is in each frame of a blink, as a share of how open it was."""
HELD, MOVED, BACK, RADIUS = (25, 45), 5, 0.4, (0.1, 0.2)
"""Frames that a look is held, frames that the eyes take to the next one, how often that is the middle, and how far off it is else."""
MOUTH = ("mouth", "jaw", "tongue", "teeth")


class EmoFace:
    """A network over windows: ARTICULATION -> RIG; `direction.emotion` mixes the codes of its feelings."""

    takes, gives = ARTICULATION, RIG

    def __init__(self, weights: Path) -> None:
        """Load the network that ships."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 3
        self._session: Any = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])

    def start(self, portrait: Portrait, direction: Direction) -> Direction:
        """Keep the wishes."""
        return direction

    def __call__(self, context: Direction, rows: Array, first: int, fps: Fraction) -> Array:
        """Answer a window (FRAMES, 10) -> controls (FRAMES - PAST - FUTURE + FADE, 174)."""
        seconds = np.maximum(first + np.arange(len(rows)), 0) / float(fps)
        given = {"heard": rows[None], "felt": context.emotion.at(seconds)[None]}
        made: Array = self._session.run(None, given)[0][0]
        return np.asarray(made[PAST : len(made) - FUTURE + FADE], np.float32)


def windows() -> dict[str, Any]:
    """Say how a Windowed runs the network."""
    return {"hop": FRAMES - PAST - FUTURE, "past": PAST, "future": FUTURE, "fade": FADE}


class SavitzkyGolay:
    """A network over windows of 15 frames: the middle of the cubic that fits them best."""

    def __init__(self, space: Space = RIG) -> None:
        """Find how much each frame counts."""
        self.takes = self.gives = space
        at = np.arange(SMOOTHED) - SMOOTHED // 2
        self._share = np.linalg.pinv(np.vander(at, ORDER + 1, increasing=True))[0]

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Answer one row for 15."""
        return np.asarray((self._share @ rows)[None], np.float32)


def smoothing() -> dict[str, Any]:
    """Say how a Windowed runs the smoothing."""
    return {"hop": 1, "past": SMOOTHED // 2, "future": SMOOTHED // 2}


@dataclass(frozen=True)
class Blinking:
    """How long until the next blink, in frames, and how far the one under way has got; `count` blinks were drawn."""

    wait: int
    step: int = 0
    count: int = 1


@dataclass(frozen=True)
class Looking:
    """How long the look is still held, in frames, how far the eyes are on their way to `target`, and from where; `count` were drawn."""

    wait: int
    step: int = 0
    origin: tuple[float, float] = (0.0, 0.0)
    target: tuple[float, float] = (0.0, 0.0)
    count: int = 1


class RigEyes:
    """A network with memory, at 60 frames a second: lids blink and eyes look about on RIG, or as `direction` asks."""

    takes = gives = RIG

    def start(self, portrait: Portrait, direction: Direction) -> tuple[Direction, tuple[Blinking, Looking]]:
        """Draw the first blink and the first look."""
        return direction, (Blinking(interval(direction, 0)), Looking(holding(direction.seed, 0)))

    def __call__(
        self, context: Direction, memory: tuple[Blinking, Looking], row: Array, index: int, fps: Fraction
    ) -> tuple[Array, tuple[Blinking, Looking]]:
        """Change lids and eyes of one row."""
        blinking, looking = memory
        made = row.copy()
        share, blinking = blinked(blinking, context)
        for name in LIDS:
            column = RIG.column(name)
            made[column] = 1 - (1 - made[column]) * share
        place, looking = looked(looking, context.seed)
        if context.gaze is not None:
            yaw, pitch = np.radians(context.gaze.at(index / float(fps))[0])
            place = (LOOK_PER_YAW * float(yaw), -LOOK_PER_PITCH * float(pitch))
        for name, amount in zip(LOOK, place, strict=True):
            made[RIG.column(name)] = amount
        return made, (blinking, looking)


def interval(direction: Direction, number: int) -> int:
    """Draw the frames before blink `number`: as usual, or at the rate that is asked for; without blinks there is no end of them."""
    if direction.blink is not None:
        return round(60 * FPS / direction.blink) if direction.blink > 0 else 2**62
    mean, spread, fewest, most = BLINKS
    drawn = math.exp(random_for(direction.seed, f"rig blink {number}").normal(mean, spread))
    return int(60 * FPS / min(max(drawn, fewest), most))


def blinked(state: Blinking, direction: Direction) -> tuple[float, Blinking]:
    """Tell how open the eyes are in the next frame, as a share."""
    if state.wait >= 0:
        return 1.0, Blinking(state.wait - 1, 0, state.count)
    if state.step + 1 < len(OPEN):
        return OPEN[state.step], Blinking(state.wait, state.step + 1, state.count)
    return OPEN[state.step], Blinking(interval(direction, state.count), 0, state.count + 1)


def holding(seed: int, number: int) -> int:
    """Draw for how many frames look `number` is held."""
    return int(random_for(seed, f"rig look {number} held").integers(HELD[0], HELD[1] + 1))


def looked(state: Looking, seed: int) -> tuple[tuple[float, float], Looking]:
    """Tell where the eyes look in the next frame, and go on."""
    if state.wait >= 0:
        return state.origin, Looking(state.wait - 1, 0, state.origin, state.target, state.count)
    target = state.target
    if state.step == 0:
        random = random_for(seed, f"rig look {state.count}")
        away, radius, angle = random.random(), random.uniform(*RADIUS), random.uniform(0, 2 * math.pi)
        target = (0.0, 0.0) if away < BACK else (radius * math.cos(angle), radius * math.sin(angle))
    step = state.step + 1
    across, up = (before + (after - before) * step / MOVED for before, after in zip(state.origin, target, strict=True))
    if step < MOVED:
        return (across, up), Looking(state.wait, step, state.origin, target, state.count)
    return (across, up), Looking(holding(seed, state.count), 0, target, target, state.count + 1)


def spoken(direction: Direction, rig: Track) -> Track:
    """Scale what mouth, jaw and tongue do by `direction.lips`."""
    share = direction.lips.at(rig.seconds)
    values = rig.values.copy()
    values[:, controls(*MOUTH)] *= share
    return Track(RIG, values, rig.fps, rig.start)
