"""The noise of diffusion in motion, as plain functions of arrays: Ditto's schedule and sampler, without torch."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from thespis.errors import DirectionError, unknown
from thespis.types import Array

STEPS = 1000
LARGEST_BETA = 0.999


def kept_signal() -> npt.NDArray[np.float64]:
    """Give the share of the signal's variance that is left at each step (STEPS,): the squared cosine."""
    at = np.arange(STEPS + 1) / STEPS
    bar = np.cos((at + 0.008) / 1.008 * np.pi / 2) ** 2
    return np.cumprod(1 - np.minimum(1 - bar[1:] / bar[:-1], LARGEST_BETA))


KEPT = kept_signal()


def even(count: int) -> list[int]:
    """Choose `count` steps from the noisiest on, evenly between the noisiest and one below the cleanest, which is the end."""
    if not 1 <= count <= STEPS:
        raise ValueError(f"a sampler takes 1 to {STEPS} steps, not {count}")
    return [int(step) for step in np.linspace(-1, STEPS - 1, count + 1)[:0:-1]]


def sample(noise: Array, fresh: Callable[[int], Array] | None, count: int, clean: Callable[[Array, int], Array]) -> Array:
    """Turn noise (any shape) into motion in `count` steps, asking `clean(noisy, step)` at each for the clean one.

    `fresh(step)` is noise that is added after each step but the last, as much as was taken out (eta 1); without it none is (eta 0).
    """
    steps, noisy = even(count), noise
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        found = clean(noisy, step)
        if after is None:
            return found
        kept, later = KEPT[step], KEPT[after]
        own = (noisy - np.sqrt(kept) * found) / np.sqrt(1 - kept)
        added = np.sqrt((1 - kept / later) * (1 - later) / (1 - kept)) if fresh is not None else 0.0
        noisy = np.sqrt(later) * found + np.sqrt(1 - later - added**2) * own
        if fresh is not None:
            noisy = noisy + added * fresh(step)
        noisy = np.asarray(noisy, np.float32)
    raise AssertionError("a sampler takes at least one step")


def strengths_of(wish: Mapping[str, float], usual: Mapping[str, float]) -> tuple[float, ...]:
    """Settle the strength of each condition, in the order of `usual`, from what a direction asks for."""
    for name in wish:
        if name not in usual:
            raise DirectionError(unknown("guidance", name, usual))
    return tuple(float(wish.get(name, strength)) for name, strength in usual.items())
