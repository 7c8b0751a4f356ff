"""The 174 controls of a MetaHuman's face board as CSV, a column each by name: EmoFace's own, or made from any other performance."""

import csv
from pathlib import Path
from typing import Any

import numpy as np

from thespis.export.arkit import written_whole
from thespis.export.take import Take
from thespis.motion.rig import rig_of_face
from thespis.motion.spaces.rig import RIG
from thespis.types import Track


def controls_of(take: Take) -> Track:
    """Read a take's performance as controls."""
    return take.track() if take.heading.tracks[take.names[0]].space == RIG else rig_of_face(take.face())


def write_rig(take: Take, path: Path) -> int:
    """Write the controls over time in seconds, and count the rows."""
    controls = controls_of(take)

    def write(file: Any) -> None:  # noqa: ANN401
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("Time", *RIG.names))
        table = np.concatenate([controls.seconds[:, None], controls.values], axis=1)
        rows.writerows([f"{value:.6g}" for value in row] for row in table.tolist())

    written_whole(path, write)
    return len(controls)
