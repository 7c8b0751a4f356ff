"""Whether lips and sound belong together, by our own network (after SyncNet) and by the published one: offset, confidence, distance."""

from collections.abc import Callable
from functools import lru_cache

from thespis.errors import MediaError
from thespis.evaluate.metric import Metric
from thespis.evaluate.syncnet import Sync, sync
from thespis.types import Clip

SHORTEST = 2.0  # seconds below which single words decide


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


def at_rest(clip: Clip) -> list[float] | None:
    """Tell how far lips and sound are apart as they are, at no lag."""
    one = found(clip)
    return None if one is None else [float(one.curve[len(one.curve) // 2])]


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
        "sync.distance", "Lips and sound apart", "Distance of lips and sound in our own SyncNet, as they are, at no lag",
        "distance", "lower", ("pictures", "sound"), at_rest,
    ),
    Metric(
        "sync.best", "Lips and sound apart at best (as LSE-D)", "The same at the lag at which it is least",
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
