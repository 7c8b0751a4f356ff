"""Smooth movement, one row at a time: springs without overshoot, slow sways from a seed, and soft steps."""

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from thespis.types import random_for

Doubles = npt.NDArray[np.float64]


@dataclass
class Spring:
    """A critically damped spring that follows a target without overshoot; the step is exact for any frame rate."""

    value: float = 0.0
    speed: float = 0.0

    def follow(self, target: float, quickness: float, step: float) -> float:
        """Move for `step` seconds towards a target; the way is halved in about 1.7 / quickness seconds."""
        away = self.value - target
        push = (self.speed + quickness * away) * step
        left = math.exp(-quickness * step)
        self.value = target + (away + push) * left
        self.speed = (self.speed - quickness * push) * left
        return self.value


@dataclass
class GentleSpring:
    """Two springs in a row: its acceleration is continuous too, so nothing starts with a jerk."""

    first: Spring = field(default_factory=Spring)
    second: Spring = field(default_factory=Spring)

    def follow(self, target: float, quickness: float, step: float) -> float:
        """Move for `step` seconds towards a target."""
        return self.second.follow(self.first.follow(target, quickness, step), quickness, step)


class Sway:
    """Slow wandering of several axes, each with mean 0 and standard deviation 1: sines of seeded frequencies and phases."""

    def __init__(self, seed: int, purpose: str, axes: int, *, slowest: float, quickest: float, waves: int = 6) -> None:
        """Draw the waves between two frequencies in hertz; slow ones are larger."""
        random = random_for(seed, purpose)
        grid = np.linspace(math.log(slowest), math.log(quickest), waves)
        spread = (grid[1] - grid[0]) * 0.4
        frequencies = np.exp(grid + random.uniform(-spread, spread, (axes, waves)))
        amplitudes = frequencies**-0.5
        self._turns = 2 * math.pi * frequencies
        self._phases = random.uniform(0.0, 2 * math.pi, (axes, waves))
        self._amplitudes = amplitudes * np.sqrt(2.0 / (amplitudes**2).sum(axis=1, keepdims=True))

    def at(self, seconds: float) -> list[float]:
        """Give every axis at one time; always one time, so that no chunk size can change how the sines are computed."""
        values: list[float] = (np.sin(self._turns * seconds + self._phases) * self._amplitudes).sum(axis=1).tolist()
        return values


def soft_step(share: float) -> float:
    """Go from 0 to 1 at rest at both ends; outside 0 to 1 it stays at the end."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
