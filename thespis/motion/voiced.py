"""What the motion denoiser hears: ARTICULATION, gathered over the rows between two control rows."""

from fractions import Fraction

import numpy as np

from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.motion.spaces.acting import CONTROL_ROWS
from thespis.types import Array, Track, linear

HEARD = linear("heard", "speaking", "voiced", "loudness", "loudest", "pitch", "highest", "jaw", "closure")
"""Means of speaking, voiced, loudness and pitch, the greatest loudness and pitch, the mean jaw, and the greatest closure."""


def pooled(track: Track) -> Track:
    """Gather whole groups of CONTROL_ROWS rows of ARTICULATION (100 a second, beginning with such a group) into HEARD."""
    groups = track.values[: len(track) // CONTROL_ROWS * CONTROL_ROWS].reshape(-1, CONTROL_ROWS, ARTICULATION.size)
    part = {name: groups[:, :, ARTICULATION.column(name)] for name in ARTICULATION.names}
    rows = [
        part["speaking"].mean(axis=1), part["voiced"].mean(axis=1), part["loudness"].mean(axis=1), part["loudness"].max(axis=1),
        part["pitch"].mean(axis=1), part["pitch"].max(axis=1), part["jaw"].mean(axis=1), part["closure"].max(axis=1),
    ]  # fmt: skip
    values: Array = np.stack(rows, axis=1).astype(np.float32) if len(groups) else np.zeros((0, HEARD.size), np.float32)
    return Track(HEARD, values, Fraction(ARTICULATION_FPS, CONTROL_ROWS), track.start // CONTROL_ROWS)
