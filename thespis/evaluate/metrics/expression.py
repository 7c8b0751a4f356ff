"""How the face moves beside its lips: its dynamics (FDD after CodeTalker) and action units."""

from functools import lru_cache

import numpy as np

from thespis.evaluate.metric import Doubles, Metric, truth_of
from thespis.evaluate.paired import LEAST, beside, between, real_rows
from thespis.evaluate.watched import face_points
from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER, load_shapes
from thespis.types import Clip, Track, linear

UPPER_END = 0.45  # eye distances below the eyes: forehead, brows and lids, and the upper part of cheeks and nose
ACTIVE = 0.02  # spread from which an action unit moves

UNITS: dict[str, tuple[str, ...]] = {
    "AU1 inner brow raiser": ("browInnerUp",),
    "AU2 outer brow raiser": ("browOuterUpLeft", "browOuterUpRight"),
    "AU4 brow lowerer": ("browDownLeft", "browDownRight"),
    "AU5 upper lid raiser": ("eyeWideLeft", "eyeWideRight"),
    "AU6 cheek raiser": ("cheekSquintLeft", "cheekSquintRight"),
    "AU7 lid tightener": ("eyeSquintLeft", "eyeSquintRight"),
    "AU9 nose wrinkler": ("noseSneerLeft", "noseSneerRight"),
    "AU10 upper lip raiser": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "AU12 lip corner puller": ("mouthSmileLeft", "mouthSmileRight"),
    "AU14 dimpler": ("mouthDimpleLeft", "mouthDimpleRight"),
    "AU15 lip corner depressor": ("mouthFrownLeft", "mouthFrownRight"),
    "AU16 lower lip depressor": ("mouthLowerDownLeft", "mouthLowerDownRight"),
    "AU17 chin raiser": ("mouthShrugLower",),
    "AU18 lip pucker": ("mouthPucker",),
    "AU20 lip stretcher": ("mouthStretchLeft", "mouthStretchRight"),
    "AU22 lip funneler": ("mouthFunnel",),
    "AU24 lip pressor": ("mouthPressLeft", "mouthPressRight"),
    "AU26 jaw drop": ("jawOpen",),
    "AU28 lip suck": ("mouthRollLower", "mouthRollUpper"),
    "AU45 blink": ("eyeBlinkLeft", "eyeBlinkRight"),
}
"""Action units of the Facial Action Coding System, and the ARKit weights whose mean stands for each."""

ACTION_UNITS = linear("action units", *UNITS)


def action_units(clip: Clip) -> Track:
    """Read the action units of a clip's motion, 0 to 1."""
    assert clip.motion is not None
    values = np.stack([np.mean([clip.motion[name] for name in names], axis=0) for names in UNITS.values()], axis=1)
    return Track(ACTION_UNITS, values.astype(np.float32), clip.motion.fps, clip.motion.start)


@lru_cache(maxsize=1)
def upper() -> Doubles:
    """List the points of the upper face that are skin; those of the lids would make it a count of blinks."""
    lids = {*EYE_LEFT_LOWER, *EYE_LEFT_UPPER, *EYE_RIGHT_LOWER, *EYE_RIGHT_UPPER}
    return np.array([k for k, point in enumerate(load_shapes().points) if point[1] < UPPER_END and k not in lids])


def moving(points: Doubles) -> Doubles:
    """Measure how much each point of faces (rows, points, 3) moves: the spread of its distance from its usual place (points,)."""
    return np.asarray(np.linalg.norm(points - points.mean(axis=0), axis=2).std(axis=0))


def dynamics(clip: Clip) -> list[float] | None:
    """Measure how much the whole face moves in itself."""
    return spread_of(clip, None)


def upper_dynamics(clip: Clip) -> list[float] | None:
    """Measure how much the upper face moves in itself."""
    return spread_of(clip, upper())


def spread_of(clip: Clip, chosen: Doubles | None) -> list[float] | None:
    """Average over points how far they spread over time, in per cent of the eye distance."""
    points = face_points(clip)
    assert points is not None
    points = points[np.isfinite(points[:, 0, 0])]
    if len(points) < LEAST:
        return None
    points = points if chosen is None else points[:, chosen]
    return [100 * float(np.sqrt(points.var(axis=0).sum(axis=1)).mean())]


def upper_deviation(clip: Clip) -> list[float] | None:
    """Subtract the dynamics of the upper face from those of the real one."""
    both = beside(clip)
    if both is None:
        return None
    return [100 * float((moving(both[1][:, upper()]) - moving(both[0][:, upper()])).mean())]


def both_units(clip: Clip) -> tuple[Doubles, Doubles] | None:
    """Give the action units of a clip and of the real one at the same times, both (rows, units)."""
    truth = truth_of(clip)
    if truth is None or truth.motion is None or clip.motion is None:
        return None
    rows, _ = real_rows(clip)
    own = action_units(clip).values[: len(rows)].astype(np.float64)
    real = between(action_units(truth).values.astype(np.float64), rows)
    return (own, real) if len(rows) >= LEAST else None


def units_apart(clip: Clip) -> list[float] | None:
    """Average the difference of action units from the real ones."""
    both = both_units(clip)
    return None if both is None else [float(np.abs(both[0] - both[1]).mean())]


def units_follow(clip: Clip) -> list[float] | None:
    """Average the correlation of the action units that move in the real clip."""
    both = both_units(clip)
    if both is None:
        return None
    own, real = both
    live = np.flatnonzero(real.std(axis=0) > ACTIVE)
    found = [float(np.corrcoef(own[:, k], real[:, k])[0, 1]) if own[:, k].std() > 1e-6 else 0.0 for k in live]
    return [float(np.mean(found))] if found else None


METRICS = (
    Metric(
        "expression.dynamics", "Face moves", "How far the points of the face spread over time, the head held still",
        "% eye distance", "real", ("face",), dynamics,
    ),
    Metric(
        "expression.upper", "Upper face moves", "The same for forehead, brows and cheeks, without the lids",
        "% eye distance", "real", ("face",), upper_dynamics,
    ),
    Metric(
        "expression.fdd", "Upper-face dynamics deviation (FDD)",
        "Dynamics of the upper face of the real clip less those of this one; positive: this face is too calm",
        "% eye distance", "zero", ("face", "truth"), upper_deviation,
    ),
    Metric(
        "expression.units", "Action units apart", "Mean difference of twenty action units from those of the real clip",
        "0 to 1", "lower", ("face", "truth"), units_apart, digits=3,
    ),
    Metric(
        "expression.units_follow", "Action units follow", "Mean correlation of the action units that move in the real clip",
        "r", "higher", ("face", "truth"), units_follow,
    ),
)  # fmt: skip
