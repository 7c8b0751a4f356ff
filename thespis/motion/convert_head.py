"""Plain functions between the Space `face` and what OpenHead is made of: `flame` (coefficients and joints) and `vertices`.

What each one loses stands in its docstring; docs/openhead.md has the measurements.
"""

import numpy as np

from thespis.head.openhead import FLAME_AXES, METRES, load_openhead
from thespis.motion.convert import expect
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.motion.spaces.flame import EXPRESSIONS, FLAME, JOINT_CHANNELS, VERTICES
from thespis.types import Array, Track

LOOKS = tuple(f"gaze_{side}_{way}" for side in ("left", "right") for way in ("yaw", "pitch"))


def weights_of(face: Track) -> Array:
    """Take the 52 weights (rows, 52) out of `face`."""
    return np.stack([face[name] for name in ARKIT], axis=1)


def gaze_of(face: Track) -> Array:
    """Take the gaze (rows, 4) out of `face`: left yaw, left pitch, right yaw, right pitch in radians."""
    return np.stack([face[name] for name in LOOKS], axis=1)


def flame_of_face(face: Track) -> Track:
    """Turn `face` into `flame`: 52 weights pass through 50 numbers and the jaw's joint.

    The surface of recordings moves by less than 0.0004 eye distances on the mean; joints are exact to 1e-5 radians.
    """
    expect(face, FACE)
    expression, rotations = load_openhead().to_flame(weights_of(face), face["head_rotation"], gaze_of(face))
    turns = {joint: rotations[:, number] * FLAME_AXES for number, joint in enumerate(JOINT_CHANNELS)}
    coefficients = {f"expression_{number}": expression[:, number] for number in range(EXPRESSIONS)}
    empty = Track(FLAME, np.zeros((len(face), FLAME.size), np.float32), face.fps, face.start)
    return empty.replace(**coefficients, **turns, translation=face["head_translation"] * FLAME_AXES * METRES)


def face_of_flame(flame: Track) -> Track:
    """Turn `flame` into `face`: `flame_of_face` undone, up to 0.02 of a weight where opposite shapes were raised at once.

    Turns of the root and the neck become one turn of the head; the roll of the eyes and a roll of the jaw are lost.
    """
    expect(flame, FLAME)
    expression = np.stack([flame[f"expression_{number}"] for number in range(EXPRESSIONS)], axis=1)
    rotations = np.stack([flame[joint] * FLAME_AXES for joint in JOINT_CHANNELS], axis=1)
    weights, turned, gaze = load_openhead().from_flame(expression, rotations)
    empty = Track(FACE, np.zeros((len(flame), FACE.size), np.float32), flame.fps, flame.start)
    return empty.replace(
        **{name: weights[:, number] for number, name in enumerate(ARKIT)},
        **{name: gaze[:, number] for number, name in enumerate(LOOKS)},
        head_rotation=turned,
        head_translation=flame["translation"] * FLAME_AXES / METRES,
    )


def vertices_of_face(face: Track, shape: Array | None = None) -> Track:
    """Pose OpenHead's vertices by `face`, on the mean head or a person's (1, up to 40) in deviations."""
    expect(face, FACE)
    posed = load_openhead().pose(weights_of(face), face["head_rotation"], gaze_of(face), shape, face["head_translation"])
    return Track(VERTICES, np.ascontiguousarray(posed.reshape(len(face), VERTICES.size)), face.fps, face.start)
