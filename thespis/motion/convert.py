"""Plain functions between motion Spaces: `arkit` (as Live Link Face records it) and `face`, and `face` to the 468 landmarks.

What each one loses stands in its docstring; `docs/exports.md` tells how the signs were found and what was measured.
"""

import numpy as np

from thespis.head.shapes import POINTS, Shapes, load_shapes
from thespis.motion.rotations import from_angles, matrices, to_angles
from thespis.motion.spaces.arkit import ARKIT_CURVES, ARKIT_EYES, LOOKS
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.landmarks import LANDMARKS
from thespis.types import Array, Space, Track

# How far a recording's eyeLook weights go for a turn of the eye: least squares over 13 recordings, 1.3 to 1.7 and 1.8 to 2.2.
LOOK_PER_YAW, LOOK_PER_PITCH = 1.6, 2.05
NECK = (0.0, 1.15, 1.2)
"""Where the head turns, in eye distances below and behind the point between the eyes; the renderer turns it at the same place."""
CAMERA = 10.0
"""Eye distances from the camera to a face, where nothing is known of the lens."""
LIDS_FOLLOW = 1.1
"""Of a lid's whole way, how far the renderer moves the lids for each radian that the eyes turn down or up."""

FROM_YAW = {"Left": ("eyeLookInLeft", "eyeLookOutLeft"), "Right": ("eyeLookOutRight", "eyeLookInRight")}
"""The weights of each eye for looking towards the picture's left and towards its right."""


def expect(track: Track, space: Space) -> None:
    """Refuse a Track of another Space."""
    if track.space != space:
        raise ValueError(f"expected {space}, got {track.space}")


def face_of_arkit(curves: Track) -> Track:
    """Turn the 61 curves into the Space `face`; a recording has no head translation, which becomes zero.

    Where the recording has no eye angles, they are read from its eyeLook weights. These weights are zero in the result, because in
    `face` the lids follow the gaze; `eyes_of_arkit` keeps them.
    """
    expect(curves, ARKIT_CURVES)
    values = np.zeros((len(curves), FACE.size), np.float32)
    for name in ARKIT_CURVES.names:
        if name in FACE.names and name not in LOOKS:
            values[:, FACE.column(name)] = curves[name]
    values[:, FACE.slice("head_rotation")] = from_angles(-curves["headYaw"], -curves["headPitch"], curves["headRoll"])
    for side in ("Left", "Right"):
        eye = f"{side.lower()}Eye"
        yaw, pitch = -curves[f"{eye}Yaw"], curves[f"{eye}Pitch"]
        if not yaw.any() and not pitch.any():
            towards_left, towards_right = FROM_YAW[side]
            yaw = (curves[towards_right] - curves[towards_left]) / LOOK_PER_YAW
            pitch = (curves[f"eyeLookDown{side}"] - curves[f"eyeLookUp{side}"]) / LOOK_PER_PITCH
        values[:, FACE.column(f"gaze_{side.lower()}_yaw")] = yaw
        values[:, FACE.column(f"gaze_{side.lower()}_pitch")] = pitch
    return Track(FACE, values, curves.fps, curves.start)


def eyes_of_arkit(curves: Track) -> Track:
    """Keep what `face` does not: the eyeLook weights as recorded and the roll of the eyes."""
    expect(curves, ARKIT_CURVES)
    return Track(ARKIT_EYES, np.stack([curves[name] for name in ARKIT_EYES.names], axis=1), curves.fps, curves.start)


def arkit_of_face(face: Track, eyes: Track | None = None) -> Track:
    """Turn `face` into the 61 curves; head translation is lost, which the layout has no place for.

    The eyeLook weights are those of `eyes` (a Track of the same rows from `eyes_of_arkit`), else those of `face`, else the gaze times
    what recordings show for it (1.6 a radian of yaw, 2.05 of pitch; r = 0.94 to 1.0 within a recording).
    """
    expect(face, FACE)
    values = np.zeros((len(face), ARKIT_CURVES.size), np.float32)

    def put(name: str, column: Array) -> None:
        values[:, ARKIT_CURVES.column(name)] = column

    for name in ARKIT_CURVES.names:
        if name in FACE.names:
            put(name, face[name])
    yaw, pitch, roll = to_angles(face["head_rotation"])
    for name, angle in (("headYaw", -yaw), ("headPitch", -pitch), ("headRoll", roll)):
        put(name, angle.astype(np.float32))
    for side in ("Left", "Right"):
        put(f"{side.lower()}EyeYaw", -face[f"gaze_{side.lower()}_yaw"])
        put(f"{side.lower()}EyePitch", face[f"gaze_{side.lower()}_pitch"])
    if eyes is not None:
        expect(eyes, ARKIT_EYES)
        if (len(eyes), eyes.start, eyes.fps) != (len(face), face.start, face.fps):
            raise ValueError("the eyes and the face are not of the same rows")
        for name in ARKIT_EYES.names:
            put(name, eyes[name])
    elif not any(face[name].any() for name in LOOKS):
        for name, column in looks_of_gaze(face).items():
            put(name, column)
    return Track(ARKIT_CURVES, values, face.fps, face.start)


def looks_of_gaze(face: Track) -> dict[str, Array]:
    """Find the eyeLook weights by name (rows,), 0 to 1, that a recording would have for this gaze."""
    found: dict[str, Array] = {}
    for side in ("Left", "Right"):
        yaw, pitch = LOOK_PER_YAW * face[f"gaze_{side.lower()}_yaw"], LOOK_PER_PITCH * face[f"gaze_{side.lower()}_pitch"]
        towards_left, towards_right = FROM_YAW[side]
        pairs = ((towards_left, -yaw), (towards_right, yaw), (f"eyeLookUp{side}", -pitch), (f"eyeLookDown{side}", pitch))
        found |= {name: np.clip(amount, 0.0, 1.0) for name, amount in pairs}
    return found


def landmarks_of_face(face: Track, shapes: Shapes | None = None) -> Track:
    """Pose the 468 face points by `face`, on our mean face or the given one; the gaze and the tongue move none of them."""
    expect(face, FACE)
    known = shapes or load_shapes()
    weights = np.stack([face[name] for name in known.names], axis=1)
    points = known.points + np.tensordot(weights, known.fields, axes=1)
    neck = np.array(NECK)
    turned = np.einsum("nij,npj->npi", matrices(face["head_rotation"]), points - neck) + neck + face["head_translation"][:, None, :]
    return Track(LANDMARKS, np.ascontiguousarray(turned.reshape(len(face), POINTS * 3), np.float32), face.fps, face.start)
