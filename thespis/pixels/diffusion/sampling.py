"""Noise schedule, sampler and guidance of diffusion, as plain functions of arrays: the same numbers as diffusers', without torch."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from thespis.motion.diffusion import KEPT, STEPS
from thespis.types import Array


def noised(clean: Array, noise: Array, step: int) -> Array:
    """Mix a picture with noise (any shape) as it is at a step."""
    return np.asarray(np.sqrt(KEPT[step]) * clean + np.sqrt(1 - KEPT[step]) * noise, np.float32)


def trailing(count: int) -> list[int]:
    """Choose `count` steps from the noisiest on, evenly, as the spacing "trailing" does."""
    if not 1 <= count <= STEPS:
        raise ValueError(f"a sampler takes 1 to {STEPS} steps, not {count}")
    return [int(step) - 1 for step in np.round(np.arange(STEPS, 0, -STEPS / count))]


def ddim(noisy: Array, clean: Array, step: int, after: int | None) -> Array:
    """Go from a step to the next one without fresh noise (DDIM), given what the clean picture is thought to be; None is the end."""
    if after is None:
        return clean
    noise = (noisy - np.sqrt(KEPT[step]) * clean) / np.sqrt(1 - KEPT[step])
    return noised(clean, np.asarray(noise, np.float32), after)


def sample(noise: Array, count: int, clean: Callable[[Array, int], Array]) -> Array:
    """Turn noise into a picture in `count` steps, asking `clean(noisy, step)` at each for the clean one."""
    steps = trailing(count)
    noisy = noise
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        noisy = ddim(noisy, clean(noisy, step), step, after)
    return noisy


def guided(answers: Sequence[Array], strengths: Sequence[float]) -> Array:
    """Push an answer along what each further condition changes: a_0 + sum of s_k * (a_k - a_k-1); all strengths 1 give the last."""
    made = answers[0]
    for (before, now), strength in zip(pairwise(answers), strengths, strict=True):
        made = made + np.float32(strength) * (now - before)
    return made
