"""Whether lips and sound belong together, by our own network (after SyncNet): offset, confidence and distance."""

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


METRICS = (
    Metric(
        "sync.distance", "Lips and sound apart", "Distance of lips and sound in our own SyncNet, as they are, at no lag",
        "distance", "lower", ("pictures", "sound"), at_rest,
    ),
    Metric(
        "sync.best", "Lips and sound apart at best (LSE-D)", "The same at the lag at which it is least",
        "distance", "lower", ("pictures", "sound"), distance,
    ),
    Metric(
        "sync.confidence", "Sync stands out (LSE-C)", "How far the least distance lies below the middle one of all lags",
        "distance", "higher", ("pictures", "sound"), confidence,
    ),
    Metric(
        "sync.offset", "Picture comes late by", "The lag at which lips and sound are nearest; negative: the picture comes first",
        "ms", "zero", ("pictures", "sound"), offset, digits=0,
    ),
)  # fmt: skip
