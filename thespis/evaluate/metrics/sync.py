"""Whether lips and sound belong together, by our own network (after SyncNet) and by the published one: offset, confidence, distance."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from thespis.errors import MediaError
from thespis.evaluate.metric import Metric
from thespis.evaluate.syncnet import Sync, sync
from thespis.types import Clip

SHORTEST = 2.0  # seconds below which single words decide
LAG_COSTS = 0.01
"""What a frame of lag adds to a distance. Late lips move against their sound and so are farther from it, as they are, than lips of somebody
else, who move by chance; at the best lag they are as near as right ones. Counted so, they lie between the two (docs/evaluation.md)."""


@lru_cache(maxsize=1)
def found(clip: Clip) -> Sync | None:
    """Compare lips and sound at every lag, None where there is too little of them."""
    sightings, motion = clip.labels.get("sightings"), clip.motion
    if not sightings or motion is None or clip.speech is None or len(motion) < SHORTEST * motion.fps:
        return None
    try:
        return sync(sightings, motion.fps, clip.speech)
    except MediaError:
        return None


def offset(clip: Clip) -> list[float] | None:
    """Find by how many milliseconds the picture is late."""
    one = found(clip)
    return None if one is None else [1000 * one.offset]


def confidence(clip: Clip) -> list[float] | None:
    """Tell how much the best lag stands out."""
    one = found(clip)
    return None if one is None else [one.confidence]


def distance(clip: Clip) -> list[float] | None:
    """Tell how far lips and sound are apart at the best lag."""
    one = found(clip)
    return None if one is None else [one.distance]


def apart(clip: Clip) -> list[float] | None:
    """Tell how far lips and sound are apart, where being late or early counts too."""
    one = found(clip)
    if one is None:
        return None
    lags = np.abs(np.arange(len(one.curve)) - len(one.curve) // 2)
    return [float((one.curve + LAG_COSTS * lags).min())]


@lru_cache(maxsize=1)
def told(clip: Clip) -> Sync | None:
    """Ask the published network, None where there is too little of lips or sound."""
    from thespis.evaluate.syncnet_official import published_sync

    try:
        return published_sync(clip)
    except MediaError:
        return None


def published(of: Callable[[Sync], float]) -> Callable[[Clip], list[float] | None]:
    """Give the function that reads one number of what the published network says."""

    def measure(clip: Clip) -> list[float] | None:
        one = told(clip)
        return None if one is None else [of(one)]

    return measure


METRICS = (
    Metric(
        "sync.distance", "Lips and sound apart", "Distance of lips and sound in our SyncNet at the best lag, a frame of lag counting 0.01",
        "distance", "lower", ("pictures", "sound"), apart,
    ),
    Metric(
        "sync.best", "Lips and sound apart at best (as LSE-D)", "The same where lags cost nothing",
        "distance", "lower", ("pictures", "sound"), distance,
    ),
    Metric(
        "sync.confidence", "Sync stands out (as LSE-C)", "How far the least distance lies below the middle one of all lags",
        "distance", "higher", ("pictures", "sound"), confidence,
    ),
    Metric(
        "sync.offset", "Picture comes late by", "The lag at which lips and sound are nearest; negative: the picture comes first",
        "ms", "zero", ("pictures", "sound"), offset, digits=0,
    ),
    Metric(
        "sync.published_distance", "LSE-D", "Distance at the best lag in the published SyncNet, with your copy of its weights",
        "distance", "lower", ("pictures", "sound", "weights"), published(lambda one: one.distance),
    ),
    Metric(
        "sync.published_confidence", "LSE-C", "How far it lies below the middle one of all lags there",
        "distance", "higher", ("pictures", "sound", "weights"), published(lambda one: one.confidence),
    ),
    Metric(
        "sync.published_offset", "Picture comes late by, published SyncNet", "The lag at which lips and sound are nearest there",
        "ms", "zero", ("pictures", "sound", "weights"), published(lambda one: 1000 * one.offset), digits=0,
    ),
)  # fmt: skip
