"""What a metric is: a function of Clips with a name, a meaning, a unit, which way is better, and what it needs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from thespis.types import Clip

Doubles = npt.NDArray[np.float64]
Better = Literal["higher", "lower", "zero", "real"]
"""Which way is better; "real": the nearer to what is measured on real footage."""

Need = Literal["face", "pictures", "sound", "truth", "feeling", "run", "weights"]
NEEDS: dict[Need, str] = {
    "face": "a face that is seen, or motion that is known",
    "pictures": "pictures",
    "sound": "sound",
    "truth": "the real clip beside the made one (--reference)",
    "feeling": "what feeling was asked for (--labels)",
    "run": "a run that was timed",
    "weights": "a network whose weights are yours (docs/evaluation.md)",
}


def mean(rows: Doubles) -> float:
    """Average the first number of each clip, rows (clips, numbers)."""
    return float(rows[:, 0].mean())


@dataclass(frozen=True)
class Metric:
    """One thing that is measured.

    `measure` gives the numbers (k,) of one Clip, or None where it cannot be told; `combine` makes one figure of those of many (clips, k).
    With `alone` the figure of a single Clip means something, with `interval` it may be drawn again and again from the clips.
    """

    name: str
    title: str
    meaning: str
    unit: str
    better: Better
    needs: tuple[Need, ...]
    measure: Callable[[Clip], Sequence[float] | Doubles | None]
    combine: Callable[[Doubles], float] = mean
    digits: int = 2
    alone: bool = True
    interval: bool = True

    @property
    def subject(self) -> str:
        """What it is about: the first part of its name."""
        return self.name.partition(".")[0]


def truth_of(clip: Clip) -> Clip | None:
    """Give the real Clip that a made one stands beside, where there is one."""
    found = clip.labels.get("truth")
    return found if isinstance(found, Clip) else None


def numbers(metric: Metric, clip: Clip) -> Doubles | None:
    """Measure a Clip -> the metric's numbers (k,), None where they cannot be told."""
    if not has(metric, clip):
        return None
    found = metric.measure(clip)
    if found is None:
        return None
    values = np.asarray(found, np.float64)
    return values if np.isfinite(values).all() else None


def has(metric: Metric, clip: Clip) -> bool:
    """Tell whether a Clip holds what a metric needs, weights aside."""
    present = {
        "face": clip.motion is not None or "straight" in clip.labels,
        "pictures": clip.frames is not None and "points" in clip.labels,
        "sound": clip.speech is not None,
        "truth": truth_of(clip) is not None,
        "feeling": "feeling" in clip.labels,
        "run": "run" in clip.labels,
        "weights": True,
    }
    return all(present[need] for need in metric.needs)


def value(metric: Metric, clip: Clip) -> float | None:
    """Measure one Clip -> its figure, None where it cannot be told."""
    found = numbers(metric, clip)
    return None if found is None else metric.combine(found[None])


def ratio(rows: Doubles) -> float:
    """Divide the sum of the first numbers of all clips by the sum of the second; 0 where that is nothing."""
    below = float(rows[:, 1].sum())
    return float(rows[:, 0].sum()) / below if below else 0.0
