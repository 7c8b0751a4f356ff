"""Where every point of a face goes in its own footage, seen from one of its frames: what drives that frame more exactly than 51 weights."""

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import fit_pose
from thespis.capture.sighting import Sighting
from thespis.motion.convert import NECK
from thespis.motion.rotations import matrices
from thespis.motion.spaces.surface import DRIVEN, SURFACE
from thespis.pixels.asked import MOVE_LIMIT, TURN_LIMIT, eased
from thespis.types import Array, Track

Doubles = npt.NDArray[np.float64]


def driven_by(motion: Track, sightings: dict[int, Sighting], first: int) -> Track:
    """Put the points of a face beside its motion (told from the frame `first`), so that what is drawn lies where they were seen.

    Rows without a sighting take the points of the nearest row before that has one, else of the frame `first`.
    """
    rotation, unit, offset = fit_pose(sightings[first].points)
    axes = rotation.astype(np.float64)
    rest = (sightings[first].points[:468].astype(np.float64) - offset) / unit
    neck = axes @ NECK
    # The renderer follows a head only so far; what is left then stays with the points.
    turns = matrices(eased(motion["head_rotation"], TURN_LIMIT))
    shifts = eased(motion["head_translation"], MOVE_LIMIT).astype(np.float64)
    values = np.zeros((len(motion), SURFACE.size), np.float32)
    last = np.zeros(SURFACE.size, np.float32)
    for row in range(len(motion)):
        seen = sightings.get(motion.start + row)
        if seen is not None:
            last = moved(seen.points, rest, axes, unit, offset, neck, turns[row], shifts[row]).astype(np.float32).ravel()
        values[row] = last
    return Track(DRIVEN, np.concatenate([motion.values, values], axis=1), motion.fps, motion.start)


def moved(points: Array, rest: Doubles, axes: Doubles, unit: float, offset: Array, neck: Doubles, turn: Doubles, shift: Doubles) -> Doubles:
    """Find how points (478, 3) in pixels are displaced from `rest` (468, 3), once the head's turn and shift are undone -> own axes."""
    own_axes, own_unit, own_offset = fit_pose(points)
    straight = (points[:468].astype(np.float64) - own_offset) / own_unit @ own_axes
    placed = straight @ axes.T
    shown = (placed - neck) @ turn.T + neck + shift
    # The pose is smoothed and the points are not: what the two disagree on in the picture stays with the points.
    apart = np.zeros_like(shown)
    apart[:, :2] = (points[:468, :2] - offset[:2]) / unit - shown[:, :2]
    return np.asarray((placed + apart @ turn - rest) @ axes, np.float64)
