"""What a row of the Space `face` asks of a face, kept within what one can do: weights, lids, gaze, and the turn of the head."""

import numpy as np

from thespis.errors import MediaError
from thespis.head.shapes import SHAPES
from thespis.motion.spaces.face import FACE
from thespis.types import Array

TURN_LIMIT, MOVE_LIMIT, GAZE_LIMIT, WEIGHT_LIMIT = 0.6, 0.7, 0.7, 1.8
SMILE_LIMIT = 1.2  # a mouth drawn wider than this, at any intensity, is a clown's
EASY = 0.7  # of a limit; up to there the head goes where it is told, and beyond it slows down to stop at the limit
LID_FOLLOWS = 0.55  # of an eyeball's downward turn, in lid closing an eye opening
LOOKS_DOWN, BLINK_FOLLOWS = 1.0, 0.6  # of an eyeball's downward turn, in the weights eyeLookDown and eyeBlink
SMILES = [SHAPES.index("mouthSmileLeft"), SHAPES.index("mouthSmileRight")]
TONGUE_OUT = FACE.column("tongueOut")
ROLL_LOWER, ROLL_UPPER = FACE.column("mouthRollLower"), FACE.column("mouthRollUpper")
LIDS = {side: (FACE.column(f"gaze_{side}_pitch"), FACE.column(f"eyeBlink{side.capitalize()}")) for side in ("left", "right")}
WIDE = {side: FACE.column(f"eyeWide{side.capitalize()}") for side in ("left", "right")}
LID_COLUMNS = tuple(
    (FACE.column(f"gaze_{side.lower()}_pitch"), *(SHAPES.index(f"eye{shape}{side}") for shape in ("Blink", "Wide", "LookDown")))
    for side in ("Left", "Right")
)
"""Where an eye's pitch stands in a row of FACE, and its three lid shapes among the weights."""


def closed_lid(side: str, row: Array) -> float:
    """Say how far the skin of a lid has unrolled in a row of the Space `face`, 0 to 1."""
    pitch, blink = LIDS[side]
    lowered = float(row[blink]) + LID_FOLLOWS * min(max(float(row[pitch]), 0.0), GAZE_LIMIT) * 2
    share = min(max((lowered - 0.12) / 0.48, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def raised_lid(side: str, row: Array) -> float:
    """Say how much of a wide eye's way a lid has left the place that the photograph shows it at, upwards, in a row of `face`."""
    pitch, wide = LIDS[side][0], WIDE[side]
    return min(max(float(row[wide]) - 2 * LID_FOLLOWS * min(float(row[pitch]), 0.0), 0.0), WEIGHT_LIMIT)


def bitten(row: Array) -> float:
    """Say how firmly the upper teeth stand on the lower lip, as for f and v, in a row of the Space `face`, 0 to 1."""
    # Lips that press roll in both, and less.
    share = min(max((float(row[ROLL_LOWER]) - float(row[ROLL_UPPER]) - 0.2) / 0.3, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def eased(value: Array, limit: float) -> Array:
    """Keep numbers (n,) within a limit, smoothly: a hard stop would show as a jerk."""
    size, easy = np.minimum(np.abs(value), 1e3 * limit), EASY * limit
    over = limit - (limit - easy) * np.exp((easy - np.maximum(size, easy)) / (limit - easy))
    return np.asarray(np.sign(value) * np.where(size > easy, over, size), np.float32)


def expression_of(row: Array) -> Array:
    """Take the 51 shape weights out of a row of the Space `face`, within bounds."""
    if not np.isfinite(row).all():
        raise MediaError("the motion holds values that are not finite numbers; nothing can be drawn from it")
    weights = np.clip(row[: len(SHAPES)], -0.5, WEIGHT_LIMIT)
    weights[SMILES] = eased(weights[SMILES], SMILE_LIMIT)
    return weights


def lids_follow_gaze(weights: Array, row: Array) -> Array:
    """Lower the lids (in the weights (51,)) as the eyes look down and raise the upper ones as they look up."""
    weights = weights.copy()
    for pitch_column, blink, wide, look_down in LID_COLUMNS:
        pitch = min(max(float(row[pitch_column]), -GAZE_LIMIT), GAZE_LIMIT)
        # The lower lid gives way to an eyeball that turns down, or would cut its iris off; one that closes does not.
        weights[look_down] = max(weights[look_down], LOOKS_DOWN * pitch * (1 - min(max(weights[blink], 0.0), 1.0)))
        weights[blink] = min(weights[blink] + BLINK_FOLLOWS * max(pitch, 0.0), 1.0)
        weights[wide] += LID_FOLLOWS * max(-pitch, 0.0) * 2 * (1 - weights[blink])
    return weights


def rotation_matrix(vector: Array) -> Array:
    """Turn a rotation vector (3,) in radians into a matrix (3, 3)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-8:
        return np.eye(3, dtype=np.float32)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]], np.float64)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross, np.float32)
