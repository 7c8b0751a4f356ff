"""MetaHuman facial control curves as CSV: each ARKit weight drives the controls that do the same, and so it is approximate.

Epic's own mapping corrects combinations of weights (a smile on an open jaw, say); of these, only closed lips on an open jaw are
here. docs/exports.md tells more.
"""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from thespis.export.arkit import curves_of, written_whole
from thespis.export.take import Take
from thespis.types import Array, Space, Track, linear

PREFIX = "CTRL_expressions_"
FOUR = ("UL", "UR", "DL", "DR")
BOTH = ("L", "R")


def sides(weight: str, *controls: str) -> dict[str, tuple[str, ...]]:
    """Map a weight of two sides to controls of two sides."""
    return {f"{weight}{long}": tuple(f"{control}{short}" for control in controls) for long, short in (("Left", "L"), ("Right", "R"))}


CONTROLS: Mapping[str, tuple[str, ...]] = {
    **sides("eyeBlink", "eyeBlink"),
    **sides("eyeLookDown", "eyeLookDown"),
    **sides("eyeLookUp", "eyeLookUp"),
    "eyeLookInLeft": ("eyeLookRightL",),
    "eyeLookOutLeft": ("eyeLookLeftL",),
    "eyeLookInRight": ("eyeLookLeftR",),
    "eyeLookOutRight": ("eyeLookRightR",),
    **sides("eyeSquint", "eyeSquintInner"),
    **sides("eyeWide", "eyeWiden"),
    "jawForward": ("jawFwd",),
    "jawLeft": ("jawLeft",),
    "jawRight": ("jawRight",),
    "jawOpen": ("jawOpen",),
    "mouthClose": tuple(f"mouthLipsTogether{corner}" for corner in FOUR),
    "mouthFunnel": tuple(f"mouthFunnel{corner}" for corner in FOUR),
    "mouthPucker": tuple(f"mouthLipsPurse{corner}" for corner in FOUR),
    "mouthLeft": ("mouthLeft",),
    "mouthRight": ("mouthRight",),
    **sides("mouthSmile", "mouthCornerPull"),
    **sides("mouthFrown", "mouthCornerDepress"),
    **sides("mouthDimple", "mouthDimple"),
    **sides("mouthStretch", "mouthStretch"),
    "mouthRollLower": tuple(f"mouthLowerLipRollIn{side}" for side in BOTH),
    "mouthRollUpper": tuple(f"mouthUpperLipRollIn{side}" for side in BOTH),
    "mouthShrugLower": tuple(f"jawChinRaiseD{side}" for side in BOTH),
    "mouthShrugUpper": tuple(f"jawChinRaiseU{side}" for side in BOTH),
    **sides("mouthPress", "mouthPressU", "mouthPressD"),
    **sides("mouthLowerDown", "mouthLowerLipDepress"),
    **sides("mouthUpperUp", "mouthUpperLipRaise"),
    **sides("browDown", "browDown", "browLateral"),
    "browInnerUp": tuple(f"browRaiseIn{side}" for side in BOTH),
    **sides("browOuterUp", "browRaiseOuter"),
    "cheekPuff": tuple(f"mouthCheekBlow{side}" for side in BOTH),
    **sides("cheekSquint", "eyeCheekRaise"),
    **sides("noseSneer", "noseWrinkle"),
    "tongueOut": ("tongueOut",),
}
"""The controls that each ARKit weight drives, fully; for mouthClose see `closed_share`."""
LEAST_JAW = 0.05

METAHUMAN: Space = linear(
    "metahuman", *(PREFIX + control for controls in CONTROLS.values() for control in controls), "HeadYaw", "HeadPitch", "HeadRoll"
)
"""Controls 0 to 1; the head in degrees, with the signs of the Space `arkit`."""


def closed_share(curves: Track) -> Array:
    """Tell how closed the lips are (rows,): mouthClose undoes as much jawOpen, whereas a MetaHuman's lips close by a share."""
    return np.asarray(np.clip(curves["mouthClose"] / np.maximum(curves["jawOpen"], LEAST_JAW), 0.0, 1.0), np.float32)


def metahuman_of(curves: Track) -> Track:
    """Turn the 61 curves into MetaHuman controls."""
    values: Array = np.zeros((len(curves), METAHUMAN.size), np.float32)
    for weight, controls in CONTROLS.items():
        amount = closed_share(curves) if weight == "mouthClose" else np.clip(curves[weight], 0.0, 1.0)
        for control in controls:
            values[:, METAHUMAN.column(PREFIX + control)] = amount
    for angle in ("Yaw", "Pitch", "Roll"):
        values[:, METAHUMAN.column(f"Head{angle}")] = np.degrees(curves[f"head{angle}"])
    return Track(METAHUMAN, values, curves.fps, curves.start)


def write_metahuman(take: Take, path: Path) -> int:
    """Write the controls over time in seconds as CSV, and count the rows."""
    controls = metahuman_of(curves_of(take))

    def write(file: Any) -> None:  # noqa: ANN401
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("Time", *METAHUMAN.names))
        for time, row in zip(controls.seconds.tolist(), controls.values.astype(np.float64).tolist(), strict=True):
            writer.writerow((f"{time:.6f}", *(f"{value:.6g}" for value in row)))

    written_whole(path, write)
    return len(controls)
