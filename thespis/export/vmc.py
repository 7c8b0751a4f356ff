"""The VMC protocol (OSC over UDP) that avatar programs listen to: the 52 weights by name, and the turn of head and eyes as bones."""

import struct
from collections.abc import Iterator

from thespis.export.live import LARGEST_DATAGRAM
from thespis.export.take import Take
from thespis.motion.convert import arkit_of_face
from thespis.motion.rotations import from_angles, quaternions
from thespis.motion.spaces.arkit import ARKIT_EYES, LIVE_LINK

BUNDLE = b"#bundle\0" + struct.pack(">Q", 1)  # the time tag 1 means: at once
NOWHERE = (0.0, 0.0, 0.0)


def text(value: str) -> bytes:
    """Write an OSC string: ended by a zero byte, filled up to four."""
    data = value.encode() + b"\0"
    return data + b"\0" * (-len(data) % 4)


def message(path: str, *values: str | int | float) -> bytes:
    """Write an OSC message with text, whole numbers and 32-bit floats."""
    kinds, data = ",", b""
    for value in values:
        if isinstance(value, str):
            kinds, data = kinds + "s", data + text(value)
        elif isinstance(value, int):
            kinds, data = kinds + "i", data + struct.pack(">i", value)
        else:
            kinds, data = kinds + "f", data + struct.pack(">f", value)
    return text(path) + text(kinds) + data


def bundles(messages: list[bytes]) -> list[bytes]:
    """Put messages into as few OSC bundles as fit one datagram each."""
    found = [BUNDLE]
    for one in messages:
        part = struct.pack(">I", len(one)) + one
        if len(found[-1]) > len(BUNDLE) and len(found[-1]) + len(part) > LARGEST_DATAGRAM:
            found.append(BUNDLE)
        found[-1] += part
    return found


def frames(take: Take) -> Iterator[list[bytes]]:
    """Give the datagrams of every row of a take.

    Bones turn in Unity's axes (x to the avatar's right, y up, z forward), which are ours with all three signs changed, so that a turn
    has the same quaternion in both.
    """
    face = take.face()
    curves = arkit_of_face(face, take.beside(ARKIT_EYES))
    weights = {name: curves[name].tolist() for name in LIVE_LINK}
    bones = {"Head": quaternions(face["head_rotation"]).tolist()}
    for side in ("left", "right"):
        yaw, pitch = face[f"gaze_{side}_yaw"], face[f"gaze_{side}_pitch"]
        bones[f"{side.capitalize()}Eye"] = quaternions(from_angles(-yaw, pitch, 0 * yaw)).tolist()
    for number, second in enumerate(face.seconds.tolist()):
        yield bundles(
            [
                message("/VMC/Ext/OK", 1),
                message("/VMC/Ext/T", second),
                *(message("/VMC/Ext/Bone/Pos", bone, *NOWHERE, *turns[number]) for bone, turns in bones.items()),
                *(message("/VMC/Ext/Blend/Val", name[0].upper() + name[1:], values[number]) for name, values in weights.items()),
                message("/VMC/Ext/Blend/Apply"),
            ]
        )
