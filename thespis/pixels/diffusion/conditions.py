"""What EMOdiffhead's networks are told of a frame: the voice around it, FLAME's expression with the jaw, and head, eyes and place."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.convert_head import flame_of_face
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.pixels.diffusion.flow import HELD
from thespis.pixels.diffusion.windows import REACH
from thespis.types import Array, Track

HEARD_AND_ACTED = ARTICULATION + FACE
"""The rows a Painter takes: the voice beside the performance."""
FARTHEST = np.radians([11.0, 12.0, 10.0]).astype(np.float32)
"""How far a head is nodded, turned and tilted: as far as its own pixels show it whole."""


def audio_of(articulation: Array) -> Array:
    """Put the REACH rows before and after beside each row: (REACH + n + REACH, 10) -> (n, 50)."""
    count = len(articulation) - 2 * REACH
    return np.concatenate([articulation[shift : shift + count] for shift in range(2 * REACH + 1)], axis=1)


def expression_of(flame: Array) -> Array:
    """Take expression and jaw (n, 53) out of rows of FLAME (n, 68)."""
    return np.concatenate([flame[:, FLAME.slice(name)] for name in EXPRESSION_AND_JAW.names], axis=1)


def pose_of(flame: Array) -> Array:
    """Take neck, eyes and translation (n, 12) out of rows of FLAME (n, 68)."""
    return np.concatenate([flame[:, FLAME.slice(name)] for name in HELD], axis=1)


def bounded(values: Array, most: Array) -> Array:
    """Keep values (n, k) within `most` (k,): as they are up to two thirds of it, and ever less of what is beyond."""
    free = most * 2 / 3
    beyond = np.maximum(np.abs(values) - free, 0) / (most - free)
    return np.asarray(np.sign(values) * (np.minimum(np.abs(values), free) + (most - free) * np.tanh(beyond)), np.float32)


def read_rows(rows: Array) -> Mapping[str, Array]:
    """Read the conditions of a window out of rows in HEARD_AND_ACTED (REACH + n + REACH, 72); heads turn only so far."""
    acted = rows[REACH : len(rows) - REACH, ARTICULATION.size :]
    flame = flame_of_face(Track(FACE, np.ascontiguousarray(acted), Fraction(25))).values.copy()  # the rate says nothing here
    neck = FLAME.slice("neck")
    flame[:, neck] = bounded(flame[:, neck], FARTHEST)
    return {"audio": audio_of(rows[:, : ARTICULATION.size]), "expression": expression_of(flame), "pose": pose_of(flame)}
