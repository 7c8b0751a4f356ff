"""Ditto (Li et al. 2025): diffusion in LivePortrait's motion, window by window, told the frame before and what eyes and feeling do.

The network itself is in `ditto_torch.py`; here it runs without torch.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from thespis.errors import DirectionError
from thespis.motion.diffusion import sample, strengths_of
from thespis.motion.liveportrait import resting
from thespis.motion.spaces.ditto import VOICE_AND_EYES
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT
from thespis.types import EMOTION, Array, Channel, Direction, Portrait, Space, random_for


@dataclass(frozen=True)
class DittoShape:
    """Sizes of a denoiser; `spread` is how much wider the layers are that read the step."""

    motion: int = 265
    condition: int = 1103
    frames: int = 80
    width: int = 512
    inner: int = 1024
    layers: int = 8
    readers: int = 2
    heads: int = 8
    spread: int = 4


TOLD = Space("told", (*VOICE_AND_EYES.channels, Channel("emotion", size=EMOTION.size)))
"""What our own denoiser is told of each frame."""
OFFICIAL = DittoShape()
SHAPES: Mapping[str, DittoShape] = {
    "tiny": DittoShape(LIVEPORTRAIT.size, TOLD.size, 80, width=80, inner=160, layers=3, readers=1, heads=4, spread=1),
}
"""What `thespis train ditto` trains: motion and conditions are rows of our Spaces."""
USUAL: Mapping[str, float] = {"audio": 1.5}
STRONGEST = 6.0


class Denoiser(Protocol):
    """A network of windows of motion in its own numbers, with the frames that a window has."""

    frames: int

    def enter(self, motion: Array) -> Array:
        """Turn rows of LIVEPORTRAIT (n, 70) into the network's numbers (n, M)."""

    def leave(self, numbers: Array) -> Array:
        """Turn the network's numbers (n, M) into rows of LIVEPORTRAIT (n, 70)."""

    def clean(self, noisy: Array, before: Array, conditions: Array, step: int) -> Array:
        """Clean motion (T, M) after a frame (M,) at a step, untold and told by conditions (T, C) -> (2, T, M)."""


class OnnxDenoiser:
    """The denoiser that ships, run by ONNX Runtime."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        """Load it, with the middle and the spread of each number."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        facts = json.loads(self._session.get_modelmeta().custom_metadata_map["motion"])
        self._middle, self._spread = (np.asarray(facts[name], np.float32) for name in ("middle", "spread"))
        self.frames = int(self._session.get_inputs()[0].shape[1])

    def enter(self, motion: Array) -> Array:
        """Scale rows of LIVEPORTRAIT (n, 70)."""
        return np.asarray((motion - self._middle) / self._spread, np.float32)

    def leave(self, numbers: Array) -> Array:
        """Scale them back."""
        return np.asarray(numbers * self._spread + self._middle, np.float32)

    def clean(self, noisy: Array, before: Array, conditions: Array, step: int) -> Array:
        """Ask once without conditions and once with them."""
        given = {name: np.stack([value] * 2) for name, value in (("noisy", noisy), ("before", before), ("conditions", conditions))}
        asked = {**given, "step": np.full(2, step, np.int64), "told": np.array([0, 1], np.float32)}
        return np.asarray(self._session.run(None, asked)[0], np.float32)


@dataclass
class Wished:
    """What stays the same for a session: the wishes, the strength of guidance, and the frame that a film begins with."""

    direction: Direction
    strength: float
    begins: Array


class Ditto:
    """Windows of voice and eyes -> windows of motion; the frame before a window is given to it, so that windows go on from each other.

    `past` frames of a window were answered before and are made once more, `fade` of the next window's are made too.
    """

    takes, gives = VOICE_AND_EYES, LIVEPORTRAIT

    def __init__(self, denoiser: Denoiser, *, past: int = 0, steps: int = 8, slot: bool = True) -> None:
        """Sample with a denoiser in so many steps; without `slot` it is told of no frame before, as the claim wants it."""
        self.denoiser, self.past, self.steps, self.slot = denoiser, past, steps, slot

    def start(self, portrait: Portrait, direction: Direction) -> Wished:
        """Begin with the portrait at rest."""
        (strength,) = strengths_of(direction.guidance, USUAL)
        if not 0 <= strength <= STRONGEST:
            raise DirectionError(f"guidance of audio goes from 0 to {STRONGEST:g}: {USUAL['audio']:g} is usual, more exaggerates")
        return Wished(direction, strength, resting().values)

    def begins(self, context: Wished) -> Array:
        """Give the row (70,) before the first."""
        row: Array = context.begins[0]
        return row

    def __call__(self, context: Wished, rows: Array, first: int, fps: Fraction, before: Array) -> Array:
        """Answer rows (frames, takes.size) after a frame (1, 70) -> motion (frames - past, 70)."""
        denoiser, numbers = self.denoiser, first + np.arange(len(rows))
        felt = context.direction.emotion.at(np.maximum(numbers, 0) / float(fps))
        conditions = np.concatenate([rows, felt], axis=1).astype(np.float32)
        frame = denoiser.enter(before)[0]
        # The noise of a frame is its own, so that windows that overlap begin with the same.
        noise = np.stack([frame_noise(context.direction.seed, number, len(frame)) for number in numbers.tolist()])

        def clean(noisy: Array, step: int) -> Array:
            untold, told = denoiser.clean(noisy, frame * self.slot, conditions, step)
            return np.asarray(untold + np.float32(context.strength) * (told - untold), np.float32)

        return denoiser.leave(sample(noise, None, self.steps, clean)[self.past :])


def frame_noise(seed: int, number: int, size: int) -> Array:
    """Draw the noise (size,) of one frame."""
    return random_for(seed, f"motion of frame {number}").standard_normal(size).astype(np.float32)


def windows_of(denoiser: Denoiser, *, live: bool) -> dict[str, Any]:
    """Say how a Windowed runs a denoiser: whole windows with ten frames in common, or ten frames at a time after those before them."""
    return {"hop": 10, "past": denoiser.frames - 20, "future": 10} if live else {"hop": denoiser.frames - 10, "past": 0, "future": 10}
