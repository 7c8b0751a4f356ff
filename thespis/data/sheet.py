"""A page of made-up people, each in a setting and a feeling of their own."""

from fractions import Fraction

import numpy as np

from thespis.data.acting import habits, habitual
from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.motion.feeling import dial
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import EMOTION, Bytes, Track, random_for


def people_sheet(seed: int, count: int, side: int, columns: int = 6) -> Bytes:
    """Draw people 0 to `count` -> a picture of rows of (side, side, 3)."""
    cells = []
    for person in range(count):
        random = random_for(seed, f"pose of person {person}")
        row = np.zeros((1, FACE.size), np.float32)
        weights = np.zeros((1, EMOTION.size), np.float32)
        weights[0, int(random.integers(EMOTION.size))] = random.uniform(0.1, 0.7)
        row[:, : len(ARKIT)] = np.clip(dial(weights), 0, 1)
        row[0, FACE.slice("head_rotation")] = random.normal(0, (0.06, 0.16, 0.05))
        turn = row[0, FACE.slice("head_rotation")]
        for side_ in ("left", "right"):
            row[0, FACE.column(f"gaze_{side_}_yaw")], row[0, FACE.column(f"gaze_{side_}_pitch")] = 0.85 * turn[1], -0.85 * turn[0]
        motion = habitual(Track(FACE, row, Fraction(25)), habits(seed, person))
        cells.append(Actor(look(seed, person)).film(motion, setting(seed, person), side).frames.images[0])
    cells += [np.full((side, side, 3), 24, np.uint8)] * (-len(cells) % columns)
    rows = [np.concatenate(cells[first : first + columns], axis=1) for first in range(0, len(cells), columns)]
    return np.ascontiguousarray(np.concatenate(rows))
