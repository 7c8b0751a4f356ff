"""What a direction asks of LivePortrait's motion once it is made: lips, head, and how lively it is; and the way to the Space `face`."""

from fractions import Fraction

import numpy as np

from thespis.motion.convert_head import face_of_flame
from thespis.motion.liveportrait import LIPS, face_of_liveportrait, rotation_of
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import FLAME
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.stages import Edit
from thespis.types import Array, Direction, Portrait, Track

ANGLES = ("pitch", "yaw", "roll")


def controlled(direction: Direction, motion: Track) -> Track:
    """Scale the lips' keypoints and all that is not speech, and add the turn that is asked for, in rows of LIVEPORTRAIT.

    A head that is asked to be still is exactly still.
    """
    lips, alive = direction.lips.at(motion.seconds)[:, 0], direction.motion.at(motion.seconds)[:, 0]
    asked = direction.head
    degrees = np.zeros((len(motion), 3), np.float32)
    if asked is not None:
        yaw, pitch, roll = asked.at(motion.seconds).T
        # A positive yaw goes to the picture's right, which is a turn the other way about the axis that points down.
        degrees = np.stack([pitch, -yaw, roll], axis=1)
        if not any(any(key.value) for key in asked.keys):
            alive = np.zeros_like(alive)
    before = rotation_of(motion)
    turned = motion.replace(
        **{name: motion[name] * alive + degrees[:, number] for number, name in enumerate(ANGLES)},
        translation=motion["translation"] * alive[:, None],
        scale=1 + (motion["scale"] - 1) * alive,
    )
    points = motion.values[:, : 3 * KEYPOINTS].reshape(len(motion), KEYPOINTS, 3)
    # Keypoints move in the face's own axes, which turn with the head.
    own = np.einsum("nji,nkj->nki", before, points)
    own[:, LIPS] *= lips[:, None, None]
    moved = np.einsum("nij,nkj->nki", rotation_of(turned), own)
    values = turned.values.copy()
    values[:, : 3 * KEYPOINTS] = moved.reshape(len(motion), 3 * KEYPOINTS)
    return Track(LIVEPORTRAIT, values, motion.fps, motion.start)


def begin(_: Portrait, direction: Direction) -> Direction:
    """Keep the wishes, which may change while a session runs."""
    return direction


def controls() -> Edit:
    """Make the stage."""
    return Edit(LIVEPORTRAIT, begin, controlled)


class ToFace:
    """A network without memory: rows of LIVEPORTRAIT -> rows of FACE, by our own map, row by row."""

    takes, gives = LIVEPORTRAIT, FACE

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Convert."""
        return face_of_liveportrait(Track(LIVEPORTRAIT, rows, fps, first)).values


class OfFlame:
    """A network without memory: rows of FLAME -> rows of FACE, row by row."""

    takes, gives = FLAME, FACE

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Convert."""
        return face_of_flame(Track(FLAME, rows, fps, first)).values
