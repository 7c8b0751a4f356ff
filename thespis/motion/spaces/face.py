"""The Space `face`: the 52 ARKit weights by name, head rotation and translation, and where each eye looks."""

from thespis.types import Channel, Space, linear

ARKIT = (
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight",
    "cheekPuff", "cheekSquintLeft", "cheekSquintRight",
    "eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight", "eyeLookInLeft", "eyeLookInRight",
    "eyeLookOutLeft", "eyeLookOutRight", "eyeLookUpLeft", "eyeLookUpRight", "eyeSquintLeft", "eyeSquintRight",
    "eyeWideLeft", "eyeWideRight",
    "jawForward", "jawLeft", "jawOpen", "jawRight",
    "mouthClose", "mouthDimpleLeft", "mouthDimpleRight", "mouthFrownLeft", "mouthFrownRight", "mouthFunnel",
    "mouthLeft", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthPressLeft", "mouthPressRight", "mouthPucker",
    "mouthRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthSmileLeft", "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip

EXPRESSION = linear("expression", *ARKIT)
"""The 52 ARKit weights, 0 (at rest) to 1 (full). Left and right are the person's own."""

HEAD = Space("head", (Channel("head_rotation", "rotation", 3), Channel("head_translation", "point", 3)))
"""Rotation vector in radians in camera axes (x to the picture's right, y down, z away; right-hand rule), relative to the portrait's
own pose: +x nods down, +y turns to the picture's left, +z tilts clockwise as seen. Translation in eye distances along those axes."""

GAZE = linear("gaze", "gaze_left_yaw", "gaze_left_pitch", "gaze_right_yaw", "gaze_right_pitch")
"""Radians relative to the portrait's own gaze: yaw positive towards the picture's right, pitch positive down."""

FACE = Space("face", EXPRESSION.channels + HEAD.channels + GAZE.channels)
