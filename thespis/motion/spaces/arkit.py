"""The Spaces of Apple's face tracking as Live Link Face writes them: 52 weights, the head's turn and the turn of each eye."""

from thespis.motion.spaces.face import ARKIT
from thespis.types import linear

LIVE_LINK = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft", "eyeWideLeft",
    "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight", "eyeSquintRight", "eyeWideRight",
    "jawForward", "jawRight", "jawLeft", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRight", "mouthLeft",
    "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft", "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight",
    "mouthStretchLeft", "mouthStretchRight", "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper",
    "mouthPressLeft", "mouthPressRight", "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight",
    "browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""The 52 weights in Apple's own order."""

ANGLES = (
    "headYaw", "headPitch", "headRoll", "leftEyeYaw", "leftEyePitch", "leftEyeRoll", "rightEyeYaw", "rightEyePitch", "rightEyeRoll",
)  # fmt: skip

ARKIT_CURVES = linear("arkit", *LIVE_LINK, *ANGLES)
"""The 61 curves of a Live Link Face recording; angles in radians. Head: yaw positive towards the person's own left, pitch positive
up, roll positive clockwise as seen. Eyes: yaw positive towards the person's own right, pitch positive down."""

LOOKS = tuple(name for name in ARKIT if name.startswith("eyeLook"))

ARKIT_EYES = linear("arkit eyes", *LOOKS, "leftEyeRoll", "rightEyeRoll")
"""What a recording says about the eyes and the Space `face` says in another way: kept beside it, so that an export gives it back."""
