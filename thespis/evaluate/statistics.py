"""Figures with their uncertainty: intervals by drawing the clips again, paired differences, and distances of distributions."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thespis.evaluate.metric import Doubles, mean
from thespis.types import random_for

DRAWS = 1000
LEVEL = 95.0  # per cent of the draws that lie within an interval


@dataclass(frozen=True)
class Estimate:
    """A figure over `count` clips, and the interval `low` to `high` that holds 95 % of the figures of clips drawn again."""

    figure: float
    low: float
    high: float
    count: int


def drawn_again(count: int, draws: int = DRAWS) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Draw `count` clips with putting back, many times (draws, count): always the same draws for the same count."""
    return random_for(count, "bootstrap").integers(0, count, (draws, count))


def estimate(rows: Doubles, combine: Callable[[Doubles], float], interval: bool = True) -> Estimate:
    """Combine the numbers of clips (clips, k) to one figure with its interval, which is left out below three clips."""
    figure = combine(rows)
    if not interval or len(rows) < 3 or not np.isfinite(figure):
        return Estimate(figure, float("nan"), float("nan"), len(rows))
    draws = drawn_again(len(rows))
    found = rows[draws, 0].mean(axis=1) if combine is mean else np.array([combine(rows[chosen]) for chosen in draws])
    low, high = np.nanpercentile(found, [50 - LEVEL / 2, 50 + LEVEL / 2])
    return Estimate(figure, float(low), float(high), len(rows))


def difference(one: Doubles, other: Doubles, combine: Callable[[Doubles], float], interval: bool = True) -> Estimate:
    """Subtract the figure of the first clips (clips, k) from that of their partners, with the interval of drawing pairs again."""
    if combine is mean:
        return estimate(other - one, mean, interval)
    count = one.shape[1]
    return estimate(np.concatenate([one, other], axis=1), lambda rows: combine(rows[:, count:]) - combine(rows[:, :count]), interval)


def frechet(one: Doubles, other: Doubles) -> float:
    """Measure how far two clouds of features (n, d) are apart, each taken for a normal distribution (Fréchet)."""
    means = one.mean(axis=0), other.mean(axis=0)
    # The trace of the root of a product of covariances is the sum of the singular values of the product of the centred clouds,
    # and of each of these only the triangular factor counts.
    centred = [
        np.linalg.qr(cloud - middle, mode="r") / np.sqrt(max(len(cloud) - 1, 1)) for cloud, middle in zip((one, other), means, strict=True)
    ]
    common = float(np.linalg.svd(centred[0] @ centred[1].T, compute_uv=False).sum())
    spreads = sum(float(np.square(cloud).sum()) for cloud in centred)
    return max(float(np.square(means[0] - means[1]).sum()) + spreads - 2 * common, 0.0)
