"""Plain functions between the Spaces `face` and `rig`, the controls of a MetaHuman's face board.

Each weight drives the controls that do the same, so it is approximate on a real MetaHuman; back from there nothing of `face` is lost
but the head, the eyeLook weights and what lids do beyond blinking. docs/recipes/emoface.md tells what was not checked.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from thespis.motion.convert import LOOK_PER_PITCH, LOOK_PER_YAW, expect
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.rig import RIG
from thespis.types import Array, Direction, Portrait, Track

LEAST_JAW = 0.05
TOGETHER = ("mouth_lipsTogetherD", "mouth_lipsTogetherU")


def control(name: str, side: str) -> str:
    """Name a control of a side, "C", "L" or "R"."""
    return f"CTRL_{side}_{name}-translateY"


def on_sides(weight: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Map a weight of two sides to controls of two sides."""
    return {f"{weight}{long}": tuple(control(name, long[0]) for name in names) for long in ("Left", "Right")}


def on_both(weight: str, *names: str) -> dict[str, tuple[str, ...]]:
    """Map one weight to controls of both sides."""
    return {weight: tuple(control(name, side) for name in names for side in ("L", "R"))}


CONTROLS: Mapping[str, tuple[str, ...]] = {
    **on_sides("eyeSquint", "eye_squintInner"),
    **on_sides("cheekSquint", "eye_cheekRaise"),
    **on_sides("browDown", "brow_down", "brow_lateral"),
    **on_both("browInnerUp", "brow_raiseIn"),
    **on_sides("browOuterUp", "brow_raiseOut"),
    **on_sides("noseSneer", "nose"),
    **on_both("cheekPuff", "mouth_suckBlow"),
    "jawOpen": (control("jaw", "C"),),
    "jawForward": (control("jaw_fwdBack", "C"),),
    **on_both("mouthFunnel", "mouth_funnelD", "mouth_funnelU"),
    **on_both("mouthPucker", "mouth_purseD", "mouth_purseU"),
    **on_sides("mouthSmile", "mouth_cornerPull"),
    **on_sides("mouthFrown", "mouth_cornerDepress"),
    **on_sides("mouthDimple", "mouth_dimple"),
    **on_sides("mouthStretch", "mouth_stretch"),
    **on_both("mouthRollLower", "mouth_lipsRollD"),
    **on_both("mouthRollUpper", "mouth_lipsRollU"),
    **on_both("mouthShrugLower", "jaw_ChinRaiseD"),
    **on_both("mouthShrugUpper", "jaw_ChinRaiseU"),
    **on_sides("mouthPress", "mouth_pressD", "mouth_pressU"),
    **on_sides("mouthLowerDown", "mouth_lowerLipDepress"),
    **on_sides("mouthUpperUp", "mouth_upperLipRaise"),
    "tongueOut": (control("tongue_inOut", "C"),),
}
"""The controls that each weight drives fully; back, a weight is their mean."""
TWO_WAYS: Mapping[str, tuple[str, str]] = {
    "CTRL_C_jaw-translateX": ("jawLeft", "jawRight"),
    "CTRL_C_mouth-translateX": ("mouthLeft", "mouthRight"),
    control("eye_blink", "L"): ("eyeBlinkLeft", "eyeWideLeft"),
    control("eye_blink", "R"): ("eyeBlinkRight", "eyeWideRight"),
}
"""Controls that one weight raises and another lowers."""
LOOKS: Mapping[str, tuple[str, float]] = {
    "CTRL_C_eye-translateX": ("yaw", LOOK_PER_YAW),
    "CTRL_C_eye-translateY": ("pitch", -LOOK_PER_PITCH),
}
"""Where both eyes look: the angle, and by how much the control moves for each radian of it."""


def rig_of_face(face: Track) -> Track:
    """Turn `face` into `rig`; the head has no controls here, and eyes look the same way."""
    expect(face, FACE)
    found: dict[str, Array] = {name: face[weight] for weight, names in CONTROLS.items() for name in names}
    found |= {name: face[up] - face[down] for name, (up, down) in TWO_WAYS.items()}
    for name, (angle, factor) in LOOKS.items():
        found[name] = factor * (face[f"gaze_left_{angle}"] + face[f"gaze_right_{angle}"]) / 2
    # Lips close by a share on this rig, whereas mouthClose undoes as much jawOpen.
    shut = np.clip(face["mouthClose"] / np.maximum(face["jawOpen"], LEAST_JAW), 0.0, 1.0)
    found |= {control(name, side): shut for name in TOGETHER for side in ("L", "R")}
    return Track(RIG, np.zeros((len(face), RIG.size), np.float32), face.fps, face.start).replace(**found)


def face_of_rig(rig: Track) -> Track:
    """Turn `rig` into `face`; controls that no weight of `face` knows are left out, and the head stays."""
    expect(rig, RIG)
    found: dict[str, Array] = {weight: np.mean([rig[name] for name in names], axis=0) for weight, names in CONTROLS.items()}
    for name, (up, down) in TWO_WAYS.items():
        found |= {up: np.maximum(rig[name], 0), down: np.maximum(-rig[name], 0)}
    for name, (angle, factor) in LOOKS.items():
        found |= {f"gaze_{side}_{angle}": rig[name] / factor for side in ("left", "right")}
    shut = np.mean([rig[control(name, side)] for name in TOGETHER for side in ("L", "R")], axis=0)
    found["mouthClose"] = shut * np.maximum(found["jawOpen"], LEAST_JAW)
    weights = {name: value if name.startswith("gaze") else np.clip(value, 0.0, 1.5) for name, value in found.items()}
    return Track(FACE, np.zeros((len(rig), FACE.size), np.float32), rig.fps, rig.start).replace(**weights)


class OfRig:
    """A network without memory: rows of RIG -> rows of FACE, row by row."""

    takes, gives = RIG, FACE

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Convert."""
        return face_of_rig(Track(RIG, rows, fps, first)).values
