"""The four ways in which published systems bring the rows of a speech encoder to the frames of a video.

Every one is a plain function of absolute times, so that the answer for a frame does not depend on where a recording was cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import numpy as np
import numpy.typing as npt

from thespis.types import Array

Seconds = npt.NDArray[np.float64]


class Alignment(Protocol):
    """How encoder rows become video rows; `first` is true where the network's own rows already stand at the frames."""

    @property
    def first(self) -> bool:
        """Whether the convolutions' rows are interpolated before the transformer sees them."""

    def size(self, width: int) -> int:
        """How many numbers a row has when the encoder gives `width`."""

    def rate(self, fps: Fraction) -> Fraction:
        """Rows a second for a video of `fps`."""

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Bring rows (n, width) at `times` (n,) in seconds to rows number `frames` at `rate(fps)` -> (frames, size)."""


def moments(frames: Sequence[int], rate: Fraction) -> Seconds:
    """Find the times of rows in seconds (frames,)."""
    return np.array([float(frame / rate) for frame in frames])


@dataclass(frozen=True)
class Before:
    """Interpolate the convolutions' rows to the frames, and run the transformer on those (Hallo, EmoFace and their like)."""

    first = True

    def size(self, width: int) -> int:
        """As many as the encoder gives."""
        return width

    def rate(self, fps: Fraction) -> Fraction:
        """One row a frame."""
        return fps

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Pick the rows, which stand at the frames already."""
        return rows[nearest(times, moments(frames, fps))]


@dataclass(frozen=True)
class After:
    """Interpolate the transformer's rows to the frames (DAWN, JoyVASA, UniTalker)."""

    first = False

    def size(self, width: int) -> int:
        """As many as the encoder gives."""
        return width

    def rate(self, fps: Fraction) -> Fraction:
        """One row a frame."""
        return fps

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Mix the two rows around each frame."""
        at = moments(frames, fps)
        after = np.clip(np.searchsorted(times, at), 1, max(len(times) - 1, 1))
        before = after - 1
        after = np.minimum(after, len(times) - 1)
        span = np.maximum(times[after] - times[before], 1e-9)
        share = np.clip((at - times[before]) / span, 0.0, 1.0)[:, None].astype(np.float32)
        mixed: Array = rows[before] * (1 - share) + rows[after] * share
        return mixed


@dataclass(frozen=True)
class Around:
    """Put the rows from `reach` before to `reach` after each frame beside each other (Hallo 3, Sonic, EDTalk)."""

    reach: int = 2
    first = False

    def size(self, width: int) -> int:
        """A window's worth."""
        return width * (2 * self.reach + 1)

    def rate(self, fps: Fraction) -> Fraction:
        """One row a frame."""
        return fps

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Gather a window for each frame; beyond either end the last row is repeated."""
        middle = nearest(times, moments(frames, fps))[:, None]
        index = np.clip(middle + np.arange(-self.reach, self.reach + 1)[None], 0, len(rows) - 1)
        gathered: Array = rows[index].reshape(len(frames), -1)
        return gathered


@dataclass(frozen=True)
class PerLatent:
    """Give each latent frame, which stands for `frames` frames of video, `tokens` rows from its own time (FantasyTalking, HuMo)."""

    frames: int = 4
    tokens: int = 8
    first = False

    def size(self, width: int) -> int:
        """All tokens."""
        return width * self.tokens

    def rate(self, fps: Fraction) -> Fraction:
        """One row a latent frame."""
        return fps / self.frames

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Slice the time of each latent frame evenly."""
        length = float(1 / self.rate(fps))
        starts = moments(frames, self.rate(fps))[:, None]
        at = starts + (np.arange(self.tokens) + 0.5)[None] * length / self.tokens
        return rows[nearest(times, at.reshape(-1))].reshape(len(frames), -1)


def nearest(times: Seconds, at: Seconds) -> npt.NDArray[np.int64]:
    """Find the row whose time is nearest to each moment; of two equally near ones the earlier."""
    after = np.clip(np.searchsorted(times, at), 0, len(times) - 1)
    before = np.maximum(after - 1, 0)
    return np.where(at - times[before] <= times[after] - at, before, after)
