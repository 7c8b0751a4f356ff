"""Ditto at its full size: the official denoiser's own numbers, what it is told of a portrait, and the way into the Space `liveportrait`.

The 265 numbers of a frame: scale less 1, 66 bins for pitch, yaw and roll as logits, translation, and 21 keypoints' expression.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from thespis.errors import DirectionError
from thespis.motion.diffusion import sample, strengths_of
from thespis.motion.liveportrait import EYES, LIPS
from thespis.motion.networks.ditto import STRONGEST, frame_noise
from thespis.motion.spaces.ditto import EYES as EYES_TOLD
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.types import EMOTION, Array, Channel, Direction, Portrait, Space

BINS, STEP, LOWEST = 66, 3.0, -97.5  # bins of an angle, the degrees of one, and those of the first
ANGLES = ("pitch", "yaw", "roll")
DITTO_MOTION = Space(
    "ditto motion",
    (
        Channel("scale"), *(Channel(angle, size=BINS) for angle in ANGLES), Channel("translation", size=3),
        Channel("expression", size=3 * KEYPOINTS),
    ),
)  # fmt: skip
FEELINGS = ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised", "contempt")
"""The order of the emotions in the official weights."""
SURE = float(np.exp(8) / (np.exp(8) + 7))  # how sure of one feeling the labels were that it learned from
USUAL = {"audio": 2.0}
KEEP_LOOKING = (0.26, 0.28)  # how far the eyes make up for a turn to the side and a nod
FARTHER, NEARER, UP = 0.001, 0.0007, 0.001  # by which an eyeball's keypoint moves for each degree
HEARD = Space("hubert", (Channel("hubert", size=1024),))
HEARD_AND_EYES = HEARD + EYES_TOLD


@dataclass(frozen=True, eq=False)
class Facts:
    """What is read of a portrait: its `row` (265,), canonical keypoints (63,), how open its eyes are (2,), where the eyeballs are (6,).

    `reach` (2,) is how far a look of one radian moves each eyeball, in the unit of the latter.
    """

    row: Array
    canonical: Array
    opened: Array
    balls: Array
    reach: Array


class OfficialDenoiser(Protocol):
    """The denoiser: `clean` answers untold and told."""

    frames: int

    def clean(self, noisy: Array, before: Array, conditions: Array, step: int) -> Array:
        """Clean motion (T, 265) after a frame (265,) at a step, untold and told by conditions (T, 1103) -> (2, T, 265)."""


def labels(emotion: Array) -> Array:
    """Turn amounts of EMOTION (n, 8) into soft labels in the official order (n, 8): what is missing to 1 is neutral."""
    amounts = np.stack([emotion[:, EMOTION.column(name)] for name in FEELINGS], axis=1).astype(np.float64)
    neutral = FEELINGS.index("neutral")
    others = np.delete(amounts, neutral, axis=1).sum(axis=1)
    amounts[:, neutral] = np.maximum(amounts[:, neutral], 1 - others)
    shares = np.maximum(amounts, 0) / np.maximum(amounts, 0).sum(axis=1, keepdims=True)
    rest = (1 - SURE) / (len(FEELINGS) - 1)
    return np.asarray(rest + (SURE - rest) * shares, np.float32)


def conditions_of(heard: Array, eyes: Array, emotion: Array, facts: Facts) -> Array:
    """Put what is heard (n, 1024), the eyes (n, 8), feelings (n, 8) and a portrait into rows (n, 1103) of the official order.

    Its left eye is the one on the picture's left, which is the person's right.
    """
    rows = len(heard)
    opened = facts.opened * eyes[:, [EYES_TOLD.column("open_right"), EYES_TOLD.column("open_left")]]
    looks = np.stack([eyes[:, EYES_TOLD.slice(f"ball_{side}")] for side in ("right", "left")], axis=2)
    balls = facts.balls + (looks * [[1], [1], [0]] * facts.reach).reshape(rows, 6)
    canonical = np.repeat(facts.canonical[None], rows, axis=0)
    made: Array = np.concatenate([heard, labels(emotion), opened, balls, canonical], axis=1).astype(np.float32)
    return made


@dataclass
class Told:
    """What stays the same for a session."""

    direction: Direction
    strength: float
    facts: Facts


class FullDitto:
    """Windows of what is heard and of eyes -> windows of the denoiser's 265 numbers."""

    takes, gives = HEARD_AND_EYES, DITTO_MOTION

    def __init__(self, denoiser: OfficialDenoiser, read: Callable[[Portrait], Facts], *, steps: int = 50, past: int = 0) -> None:
        """Sample with a denoiser in so many steps; `read` looks at portraits."""
        self.denoiser, self.read, self.steps, self.past = denoiser, read, steps, past

    def start(self, portrait: Portrait, direction: Direction) -> Told:
        """Look at the portrait."""
        (strength,) = strengths_of(direction.guidance, USUAL)
        if not 0 <= strength <= STRONGEST:
            raise DirectionError(f"guidance of audio goes from 0 to {STRONGEST:g}: {USUAL['audio']:g} is usual, more exaggerates")
        return Told(direction, strength, self.read(portrait))

    def begins(self, context: Told) -> Array:
        """Give the portrait's own row (265,)."""
        return context.facts.row

    def __call__(self, context: Told, rows: Array, first: int, fps: Fraction, before: Array) -> Array:
        """Answer rows (T, takes.size) after a frame (1, 265) -> motion (T - past, 265)."""
        numbers = first + np.arange(len(rows))
        felt = context.direction.emotion.at(np.maximum(numbers, 0) / float(fps))
        conditions = conditions_of(rows[:, : HEARD.size], rows[:, HEARD.size :], felt, context.facts)
        size, seed = self.gives.size, context.direction.seed
        noise = np.stack([frame_noise(seed, number, size * (self.steps + 1)) for number in numbers.tolist()])
        noises = noise.reshape(len(rows), self.steps + 1, size).transpose(1, 0, 2)
        taken = iter(noises[1:])

        def clean(noisy: Array, step: int) -> Array:
            untold, told = self.denoiser.clean(noisy, before[0], conditions, step)
            return np.asarray(untold + np.float32(context.strength) * (told - untold), np.float32)

        return sample(noises[0], lambda _: next(taken), self.steps, clean)[self.past :]


class Smooth:
    """The mean of three frames of all but the expression, as the official system smooths."""

    takes = gives = DITTO_MOTION

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Answer rows (1 + n + 1, 265) with the n in between."""
        made = rows[1:-1].copy()
        calm = slice(0, DITTO_MOTION.slice("expression").start)
        made[:, calm] = (rows[:-2, calm] + rows[1:-1, calm] + rows[2:, calm]) / 3
        return made


def degrees(logits: Array) -> npt.NDArray[np.float64]:
    """Turn logits (..., 66) of bins into mean angles (...)."""
    shares = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return np.asarray(STEP * (shares * np.arange(BINS)).sum(axis=-1) + LOWEST)


class Onto:
    """Put the denoiser's motion onto a portrait, row by row: lips and eyes by how they differ from the first frame, the head likewise."""

    takes, gives = DITTO_MOTION, LIVEPORTRAIT

    def __init__(self, read: Callable[[Portrait], Facts]) -> None:
        """`read` looks at portraits."""
        self.read = read
        moving = np.zeros((KEYPOINTS, 3), np.bool_)
        moving[[*LIPS, *EYES]] = True
        self._moving = moving.reshape(-1)

    def start(self, portrait: Portrait, direction: Direction) -> tuple[Facts, Any]:
        """Look at the portrait; no frame is the first yet."""
        return self.read(portrait), None

    def __call__(self, context: Facts, memory: Any, row: Array, index: int, fps: Fraction) -> tuple[Array, Any]:  # noqa: ANN401
        """Turn row (265,) into row (70,); the first row stays in the memory."""
        first, own = row if memory is None else memory, context.row
        moved = own + (row - first)
        points = DITTO_MOTION.slice("expression")
        expression = np.where(self._moving, moved[points], own[points]).reshape(KEYPOINTS, 3).astype(np.float64)
        angles = {name: float(degrees(moved[DITTO_MOTION.slice(name)])) for name in ANGLES}
        turned, nodded = (angles[name] - float(degrees(own[DITTO_MOTION.slice(name)])) for name in ("yaw", "pitch"))
        across, down = KEEP_LOOKING[0] * turned, KEEP_LOOKING[1] * nodded
        one, other = (NEARER, FARTHER) if across > 0 else (FARTHER, NEARER)
        expression[11] += [one * across, -UP * down, 0]
        expression[15] += [other * across, -UP * down, 0]
        made = np.zeros(LIVEPORTRAIT.size, np.float32)
        made[: 3 * KEYPOINTS] = expression.reshape(-1)
        made[LIVEPORTRAIT.slice("scale")] = own[DITTO_MOTION.slice("scale")] + 1
        made[LIVEPORTRAIT.slice("translation")] = moved[DITTO_MOTION.slice("translation")]
        for name, angle in angles.items():
            made[LIVEPORTRAIT.slice(name)] = angle
        return made, first
