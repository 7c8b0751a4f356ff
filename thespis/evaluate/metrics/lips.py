"""Lips against the sound that is heard, and against the lips of the real clip.

Landmark distance and vertex error follow ATVGnet and MeshTalk; both are told of the motion, not of whose face it is.
"""

from functools import lru_cache

import numpy as np

from thespis.evaluate import lips
from thespis.evaluate.likeness import GROUPS
from thespis.evaluate.lips import Curves, Hits
from thespis.evaluate.metric import Doubles, Metric, ratio, truth_of
from thespis.evaluate.mouths import ACROSS, CORNERS, Mouth
from thespis.evaluate.paired import LEAST, beside
from thespis.evaluate.watched import face_points, rate_of, times
from thespis.head.shapes import load_shapes
from thespis.types import Clip, Speech

FARTHEST, STEP = 0.4, 0.01  # seconds of lag that are looked at, and how finely
EVEN = 1e-4  # eye distances of spread below which lips say nothing


def gaps(points: Doubles) -> Doubles:
    """Measure the gap of the inner lips (rows,) of faces (rows, 468, 3)."""
    return np.asarray(np.mean([np.linalg.norm(points[:, a] - points[:, b], axis=1) for a, b in ACROSS], axis=0))


def opening(clip: Clip) -> Doubles:
    """Measure how far the lips are open (rows,) in eye distances; not-a-number where no face is seen."""
    points = face_points(clip)
    assert points is not None
    if "straight" in clip.labels:
        return gaps(points)
    # The face of the shapes rests with its lips a little apart; those of a drawn portrait touch at rest.
    return np.maximum(gaps(points) - gaps(load_shapes().points[None].astype(np.float64)), 0.0)


def mouth_of(clip: Clip) -> Mouth:
    """Give the mouth of a Clip as those who judge lips want it."""
    points = face_points(clip)
    assert points is not None
    return Mouth(opening(clip), np.linalg.norm(points[:, CORNERS[0]] - points[:, CORNERS[1]], axis=1), rate_of(clip))


@lru_cache(maxsize=4)
def heard(speech: Speech) -> Curves:
    """Make the lips that the built-in recipe hears in a recording."""
    from thespis import recipes
    from thespis.evaluate.performing import curves_of

    return curves_of(recipes.load("thespis", "tiny"), speech)


def correlations(lips_seen: Doubles, seconds: Doubles, curve: Doubles, at: Doubles) -> tuple[Doubles, Doubles]:
    """Correlate lips (rows,) with a curve (m,) at lags -> lags in seconds, positive where the lips come later, and r at each."""
    lags = np.arange(-round(FARTHEST / STEP), round(FARTHEST / STEP) + 1) * STEP
    known = np.isfinite(lips_seen)
    found = np.zeros(len(lags))
    for number, lag in enumerate(lags):
        good = known & (seconds - lag >= at[0]) & (seconds - lag <= at[-1])
        values = np.interp(seconds[good] - lag, at, curve)
        if good.sum() >= LEAST and values.std() > EVEN and lips_seen[good].std() > EVEN:
            found[number] = np.corrcoef(lips_seen[good], values)[0, 1]
    return lags, found


def at_best(lags: Doubles, found: Doubles) -> tuple[float, float]:
    """Find the lag with the largest correlation -> that lag in seconds, and r there."""
    best = int(np.argmax(found))
    return float(lags[best]), float(found[best])


def follows(clip: Clip) -> list[float] | None:
    """Correlate the opening with the one that is heard, at no lag."""
    assert clip.speech is not None
    curves = heard(clip.speech)
    lags, found = correlations(opening(clip), times(clip), curves.opening, curves.seconds)
    return [float(found[len(lags) // 2])] if found.any() else None


def lag(clip: Clip) -> list[float] | None:
    """Find by how many milliseconds the lips come later than the ones that are heard."""
    assert clip.speech is not None
    curves = heard(clip.speech)
    lags, found = correlations(opening(clip), times(clip), curves.opening, curves.seconds)
    return [1000 * at_best(lags, found)[0]] if found.any() else None


def counted(hits: Hits) -> list[float] | None:
    """Give closures as numbers that can be added up: twice those that meet, and both kinds together."""
    return [2.0 * hits.hit, float(hits.real + hits.made)] if hits.real + hits.made else None


def closures(clip: Clip) -> list[float] | None:
    """Count the closures that are seen where they are heard."""
    assert clip.speech is not None
    return counted(lips.closure_hits(heard(clip.speech), mouth_of(clip)))


def silence(clip: Clip) -> list[float] | None:
    """Compare how fast the lips move in pauses with how fast they move in speech, in per cent."""
    assert clip.speech is not None
    found = lips.motion_in_silence(opening(clip), times(clip), lips.silent(clip.speech))
    return None if found is None else [100 * found]


def span(clip: Clip) -> list[float]:
    """Measure how far the lips open, from nearly closed to usually open, in per cent of the eye distance."""
    low, high = np.nanpercentile(opening(clip), [lips.LOW, lips.HIGH])
    return [100 * float(high - low)]


def distance(clip: Clip) -> list[float] | None:
    """Average how far the lips' landmarks are from the real ones."""
    both = beside(clip)
    if both is None:
        return None
    away = np.linalg.norm((both[0] - both[1])[:, list(GROUPS["lips"]), :2], axis=2)
    return [100 * float(away.mean())]


def vertex_error(clip: Clip) -> list[float] | None:
    """Average over the frames how far the farthest vertex of the lips is from the real one."""
    both = beside(clip)
    if both is None:
        return None
    away = np.linalg.norm((both[0] - both[1])[:, list(GROUPS["lips"])], axis=2)
    return [100 * float(away.max(axis=1).mean())]


def against_truth(clip: Clip) -> tuple[Doubles, Doubles] | None:
    """Correlate the opening with the real one at lags."""
    truth = truth_of(clip)
    if truth is None:
        return None
    real, at = opening(truth), times(truth)
    known = np.isfinite(real)
    if known.sum() < LEAST:
        return None
    lags, found = correlations(opening(clip), times(clip), real[known], at[known])
    return (lags, found) if found.any() else None


def true_follows(clip: Clip) -> list[float] | None:
    """Correlate the opening with the real one, at no lag."""
    both = against_truth(clip)
    return None if both is None else [float(both[1][len(both[0]) // 2])]


def true_lag(clip: Clip) -> list[float] | None:
    """Find by how many milliseconds the lips come later than the real ones."""
    both = against_truth(clip)
    return None if both is None else [1000 * at_best(*both)[0]]


def true_closures(clip: Clip) -> list[float] | None:
    """Count the closures that meet real ones."""
    truth = truth_of(clip)
    assert truth is not None
    return counted(lips.closure_hits(Curves(np.nan_to_num(opening(clip), nan=0.0), times(clip)), mouth_of(truth)))


METRICS = (
    Metric(
        "lips.follow", "Lips follow the sound", "Correlation of the gap of the lips with the one that our network hears, at no lag",
        "r", "higher", ("face", "sound"), follows,
    ),
    Metric(
        "lips.lag", "Lips come late by", "The lag at which that correlation is largest; negative: the lips come first",
        "ms", "zero", ("face", "sound"), lag, digits=0,
    ),
    Metric(
        "lips.closures", "Closures where they are heard", "p, b and m: harmonic mean of precision and recall of closed lips within 60 ms",
        "F1", "higher", ("face", "sound"), closures, ratio,
    ),
    Metric(
        "lips.silence", "Lips move in silence", "Speed of the lips in pauses of the sound beside their speed in speech",
        "%", "lower", ("face", "sound"), silence, digits=0,
    ),
    Metric(
        "lips.open", "Lips open", "How far the lips open, from nearly closed to usually open (3rd to 90th percentile)",
        "% eye distance", "real", ("face",), span, digits=1,
    ),
    Metric(
        "lips.true_follow", "Lips follow the real lips", "Correlation of the gap of the lips with that of the real clip, at no lag",
        "r", "higher", ("face", "truth"), true_follows,
    ),
    Metric(
        "lips.true_lag", "Lips later than the real lips", "The lag at which that correlation is largest",
        "ms", "zero", ("face", "truth"), true_lag, digits=0,
    ),
    Metric(
        "lips.true_closures", "Closures where the real lips close", "Harmonic mean of precision and recall of closed lips within 60 ms",
        "F1", "higher", ("face", "truth"), true_closures, ratio,
    ),
    Metric(
        "lips.distance", "Landmark distance (LMD)", "Mean distance of the lips' landmarks to the real ones, each less its own usual face",
        "% eye distance", "lower", ("face", "truth"), distance,
    ),
    Metric(
        "lips.vertex", "Lip vertex error (LVE)", "Distance of the farthest vertex of the lips in each frame, averaged over frames",
        "% eye distance", "lower", ("face", "truth"), vertex_error,
    ),
)  # fmt: skip
