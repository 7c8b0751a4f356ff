"""The Space `rig`: the controls of a MetaHuman's face board, 174 numbers a row, in the order in which EmoFace's files list them."""

from thespis.types import linear

EMOTIONS = ("angry", "disgusted", "fear", "happy", "neutral", "sad", "surprised")
"""The feelings of the official program, in its order."""

_MIDDLE = (
    "eye-translateX", "eye-translateY", "eye_parallelLook-translateY", "jaw-translateX", "jaw-translateY", "jaw_fwdBack-translateY",
    "jaw_openExtreme-translateY", "mouth-translateX", "mouth-translateY", "mouth_lipShiftD-translateY", "mouth_lipShiftU-translateY",
    "mouth_stickyD-translateY", "mouth_stickyU-translateY", "neck_swallow-translateY", "teethD-translateX", "teethD-translateY",
    "teethU-translateX", "teethU-translateY", "teeth_fwdBackD-translateY", "teeth_fwdBackU-translateY", "tongue-translateX",
    "tongue-translateY", "tongue_inOut-translateY", "tongue_narrowWide-translateY", "tongue_press-translateY",
    # The published list names the tip of the tongue twice; by the order of the alphabet the first pair is the roll.
    "tongue_roll-translateX", "tongue_roll-translateY", "tongue_tip-translateX", "tongue_tip-translateY",
)  # fmt: skip
_SIDE = (
    "brow_down", "brow_lateral", "brow_raiseIn", "brow_raiseOut", "ear_up", "eye-translateX", "eye", "eye_blink", "eye_cheekRaise",
    "eye_eyelidD", "eye_eyelidU", "eye_faceScrunch", "eye_lidPress", "eye_pupil", "eye_squintInner", "eyelashes_tweakerIn",
    "eyelashes_tweakerOut", "jaw_ChinRaiseD", "jaw_ChinRaiseU", "jaw_chinCompress", "jaw_clench", "mouth_corner-translateX", "mouth_corner",
    "mouth_cornerDepress", "mouth_cornerPull", "mouth_cornerSharpnessD", "mouth_cornerSharpnessU", "mouth_dimple", "mouth_funnelD",
    "mouth_funnelU", "mouth_lipBiteD", "mouth_lipBiteU", "mouth_lipSticky", "mouth_lipsBlow", "mouth_lipsPressU", "mouth_lipsRollD",
    "mouth_lipsRollU", "mouth_lipsTogetherD", "mouth_lipsTogetherU", "mouth_lipsTowardsTeethD", "mouth_lipsTowardsTeethU",
    "mouth_lowerLipDepress", "mouth_pressD", "mouth_pressU", "mouth_purseD", "mouth_purseU", "mouth_pushPullD", "mouth_pushPullU",
    "mouth_sharpCornerPull", "mouth_stickyInnerD", "mouth_stickyInnerU", "mouth_stickyOuterD", "mouth_stickyOuterU", "mouth_stretch",
    "mouth_stretchLipsClose", "mouth_suckBlow", "mouth_thicknessD", "mouth_thicknessU", "mouth_tightenD", "mouth_tightenU",
    "mouth_towardsD", "mouth_towardsU", "mouth_upperLipRaise", "neck_mastoidContract", "neck_stretch", "nose-translateX", "nose",
    "nose_nasolabialDeepen", "nose_wrinkleUpper",
)  # fmt: skip
"""Controls of each side; where no axis is named it is translateY."""
_LAST = (
    "CTRL_lookAtSwitch", "CTRL_neckCorrectivesMultiplyerD", "CTRL_neckCorrectivesMultiplyerM", "CTRL_neckCorrectivesMultiplyerU",
    "CTRL_neck_digastricUpDown", "CTRL_neck_throatExhaleInhale", "CTRL_neck_throatUpDown",
)  # fmt: skip

RIG = linear(
    "rig",
    *(f"CTRL_C_{name}" for name in _MIDDLE),
    *(f"CTRL_{side}_{name}" + ("" if "-" in name else "-translateY") for side in ("L", "R") for name in _SIDE),
    *(f"{name}-translateY" for name in _LAST),
)
"""Most go from 0 to 1, those of two ways from -1 to 1. Sideways is positive towards the person's own left, of eyes also upwards; a
blink below 0 widens the eye. Left and right are the person's own."""


def controls(*begins: str) -> list[int]:
    """Find the columns of the controls whose names, without CTRL and the side, begin so."""
    plain = [name.removeprefix("CTRL_") for name in RIG.names]
    return [number for number, name in enumerate(plain) if (name[2:] if name[1] == "_" else name).startswith(begins)]
