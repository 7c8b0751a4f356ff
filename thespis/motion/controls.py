"""What a direction asks of LivePortrait's motion once it is made: lips, head, and how lively it is; and the way to the Space `face`."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thespis.motion.convert_head import face_of_flame
from thespis.motion.liveportrait import LIPS, face_of_liveportrait, resting, rotation_of
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import FLAME
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.stages import Edit
from thespis.types import Array, Direction, Portrait, Track

ANGLES = ("pitch", "yaw", "roll")


@dataclass(frozen=True, eq=False)
class Asked:
    """One session: its wishes, which may change while it runs, and the row (70,) of its portrait at rest, from which all is measured."""

    direction: Direction
    rest: Array


def controlled(asked: Asked, motion: Track) -> Track:
    """Scale the lips' keypoints and all that is not speech, and add the turn that is asked for, in rows of LIVEPORTRAIT.

    A head that is asked to be still is exactly still.
    """
    direction, rest = asked.direction, Track(LIVEPORTRAIT, asked.rest[None], motion.fps)
    lips, alive = direction.lips.at(motion.seconds)[:, 0], direction.motion.at(motion.seconds)[:, 0]
    degrees = np.zeros((len(motion), 3), np.float32)
    if direction.head is not None:
        yaw, pitch, roll = direction.head.at(motion.seconds).T
        # A positive yaw goes to the picture's right, which is a turn the other way about the axis that points down.
        degrees = np.stack([pitch, -yaw, roll], axis=1)
        if not any(any(key.value) for key in direction.head.keys):
            alive = np.zeros_like(alive)
    turned = motion.replace(
        **{name: rest[name] + (motion[name] - rest[name]) * alive + degrees[:, number] for number, name in enumerate(ANGLES)},
        translation=rest["translation"] + (motion["translation"] - rest["translation"]) * alive[:, None],
        scale=rest["scale"] + (motion["scale"] - rest["scale"]) * alive,
    )
    own, still = in_face(motion), in_face(rest)
    own[:, LIPS] = still[:, LIPS] + (own[:, LIPS] - still[:, LIPS]) * lips[:, None, None]
    # Keypoints move in the face's own axes, which turn with the head.
    moved = np.einsum("nij,nkj->nki", rotation_of(turned), own)
    values = turned.values.copy()
    values[:, : 3 * KEYPOINTS] = moved.reshape(len(motion), 3 * KEYPOINTS)
    return Track(LIVEPORTRAIT, values, motion.fps, motion.start)


def in_face(motion: Track) -> Array:
    """Give the expression of the keypoints in the face's own axes (rows, 21, 3)."""
    points = motion.values[:, : 3 * KEYPOINTS].reshape(len(motion), KEYPOINTS, 3)
    return np.asarray(np.einsum("nji,nkj->nki", rotation_of(motion), points), np.float32)


def at_rest(_: Portrait) -> Array:
    """Give the row (70,) of a portrait at rest under our own map: the same for everybody."""
    row: Array = resting().values[0]
    return row


def controls(rest: Callable[[Portrait], Array] = at_rest) -> Edit:
    """Make the stage; `rest` gives a portrait's row (70,) at rest."""
    return Edit(LIVEPORTRAIT, lambda portrait, direction: Asked(direction, rest(portrait)), controlled)


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
