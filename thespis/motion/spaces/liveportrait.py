"""The Space `liveportrait`: how LivePortrait and the systems built on it move a face, 70 numbers a row."""

from thespis.types import Channel, Space

KEYPOINTS = 21

LIVEPORTRAIT = Space(
    "liveportrait",
    (
        *(Channel(f"expression_{number}", "point", 3) for number in range(KEYPOINTS)),
        Channel("scale", "log_scale"),
        Channel("translation", "point", 3),
        *(Channel(angle) for angle in ("pitch", "yaw", "roll")),
    ),
)
"""Keypoints are `x = scale * (R(pitch, yaw, roll) canonical + expression) + translation` with `R = Rz(roll) Ry(yaw) Rx(pitch)`, angles
in degrees, in a picture that reaches from -1 to 1, x to the right, y down. The third number of the translation is not used."""
