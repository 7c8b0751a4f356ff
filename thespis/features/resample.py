"""Any sampling rate -> 16,000 a second by a windowed-sinc filter, whose answer is the same to the last bit for every chunking."""

from fractions import Fraction
from functools import lru_cache
from math import gcd

import numpy as np

from thespis.types import Array, Speech

RATE = 16_000
BLOCK = 160  # output samples that are computed together, always from the same absolute places
ZERO_CROSSINGS = 10


@lru_cache(maxsize=64)
def block_filter(rate: int, phase: int) -> tuple[Array, "np.ndarray[tuple[int, int], np.dtype[np.int64]]"]:
    """Make the filter of one block that begins `phase` parts after an input sample: taps (BLOCK, n), and offsets (BLOCK, n)."""
    up, down = RATE // gcd(RATE, rate), rate // gcd(RATE, rate)
    cutoff = min(1.0, RATE / rate) * 0.95  # as a share of the input's half rate
    half = int(np.ceil(ZERO_CROSSINGS / cutoff))
    positions = phase + np.arange(BLOCK) * down
    whole, part = positions // up, (positions % up) / up
    offsets = whole[:, None] + np.arange(1 - half, half + 1)[None]
    distance = offsets - whole[:, None] - part[:, None]
    shape = np.i0(8.0 * np.sqrt(np.clip(1 - (distance / half) ** 2, 0, 1))) / np.i0(8.0)
    taps = np.sinc(distance * cutoff) * cutoff * shape
    taps /= taps.sum(axis=1, keepdims=True)
    return taps.astype(np.float32), offsets


class Resampler:
    """One stream of samples on its way to 16,000 a second."""

    def __init__(self, rate: int) -> None:
        """State the rate of the input in samples a second."""
        self.rate = rate
        self.up, self.down = RATE // gcd(RATE, rate), rate // gcd(RATE, rate)
        self._reach = int(np.ceil(ZERO_CROSSINGS / (min(1.0, RATE / rate) * 0.95))) + 1
        self._held = np.zeros(self._reach, np.float32)  # input from index `_first` on; silence before the beginning
        self._first = -self._reach
        self._heard = 0
        self._made = 0

    def __call__(self, samples: Array, last: bool) -> Array:
        """Take the next samples (n,) and answer with whole blocks that are ready; at the end silence fills up the last block."""
        self._heard += len(samples)
        self._held = np.concatenate([self._held, samples])
        if self.rate == RATE:
            total = self._heard if not last else -(-self._heard // BLOCK) * BLOCK
            count = (total - self._made) // BLOCK * BLOCK
            self._held = np.concatenate([self._held, np.zeros(BLOCK if last else 0, np.float32)])
            made = self._held[self._made - self._first : self._made - self._first + count].copy()
            self._made += count
            self._forget(self._made)
            return made
        wanted = -(-self._heard * self.up // self.down)  # ceil
        out = []
        while True:
            start, phase = divmod(self._made * self.down, self.up)
            taps, offsets = block_filter(self.rate, phase)
            end = start + int(offsets[-1, -1]) + 1
            if end > self._heard:
                if not last or self._made >= wanted:
                    break
                missing = end - self._first - len(self._held)
                if missing > 0:
                    self._held = np.concatenate([self._held, np.zeros(missing, np.float32)])
            out.append(np.einsum("bt,bt->b", self._held[offsets + (start - self._first)], taps))
            self._made += BLOCK
        self._forget(self._made * self.down // self.up - self._reach)
        return np.concatenate(out) if out else np.zeros(0, np.float32)

    def _forget(self, before: int) -> None:
        """Drop input that no block will ask for again."""
        drop = min(max(before - self._first, 0), len(self._held))
        self._held, self._first = self._held[drop:], self._first + drop


class Intake:
    """The samples of one stream as a stage takes them in: each chunk follows the one before, and comes out mono at 16,000 a second."""

    def __init__(self) -> None:
        """Begin before the first sample; the first chunk states the rate."""
        self.heard, self.rate = 0, RATE  # samples that came, and how many make a second
        self._resampler: Resampler | None = None

    def __call__(self, chunk: Speech, last: bool) -> Array:
        """Take the next samples and answer with those at 16,000 a second (n,) that are ready; silence fills up the last block."""
        if self._resampler is None:
            self._resampler, self.rate = Resampler(chunk.rate), chunk.rate
        if chunk.rate != self.rate or chunk.start != self.heard:
            raise ValueError(
                f"expected samples from {self.heard} on at {self.rate} a second, got them from {chunk.start} on at {chunk.rate} a second"
            )
        self.heard += len(chunk)
        return self._resampler(chunk.mono(), last)

    def begun(self, fps: Fraction | int) -> int:
        """Count the rows, of so many a second, that begin within what came."""
        return int(-(-self.heard * fps // self.rate))

    def sure(self, fps: Fraction | int, delay: Fraction) -> int:
        """Count the rows, of so many a second, that are complete when answers wait for `delay` seconds of later sound."""
        return max(int((Fraction(self.heard, self.rate) - delay) * fps), 0)
