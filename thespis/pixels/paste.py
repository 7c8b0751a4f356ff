"""Draw in the picture's own frame and resolution: only what moves is drawn again, every other pixel is the picture's own.

Several people of one picture may move: one performs, the others look about, blink and breathe.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face, check_usable, face_of, find_faces
from thespis.errors import DirectionError, FaceError
from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import Blink
from thespis.motion.feeling import Feeling
from thespis.motion.gaze import Gaze
from thespis.motion.head import Head
from thespis.motion.lips import Lips
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import MOVE_LIMIT
from thespis.pixels.crop import own_window, through
from thespis.pixels.framing import LARGEST_FRAME, Framing, cut_frame
from thespis.pixels.puppet import build
from thespis.pixels.warp import Canvas, draw_frame, prepare, ready
from thespis.stages import Both, Stage
from thespis.types import Array, Bytes, Direction, Frames, Portrait, Track

TRIAL = 384  # pixels of the longer side of the picture in which is looked how far a face reaches
ROOM = 4  # pixels around what moves
SAME = 2  # grey levels by which a pixel may differ from the picture by rounding alone
NEXT_SEED = 1009  # between the seeds of two people, so that they do not blink together


@dataclass(eq=False)
class Actor:
    """One person of the picture: the `canvas` that draws their window, whose top left pixel is (`left`, `top`) in the picture.

    `filled` (h, w) marks the pixels of the window in which the person hides what was filled in behind them. `life` makes the motion of
    one who does not perform, and `memory` is what it remembers.
    """

    canvas: Canvas
    filled: npt.NDArray[np.bool_]
    left: int
    top: int
    life: Stage | None = None
    memory: Any = None


@dataclass(eq=False)
class Scene:
    """A whole picture (height, width, 3) and the people in it that move; the first one performs."""

    picture: Bytes
    actors: list[Actor]

    def draw(self, chunk: Track, last: bool) -> Frames:
        """Draw one frame for each row."""
        images = np.empty((len(chunk), *self.picture.shape), np.uint8)
        images[:] = self.picture
        for actor in self.actors:
            motion = chunk if actor.life is None else living(actor, chunk, last)
            for image, row in zip(images, motion.values, strict=True):
                self._paste(actor, row, image)
        return Frames(images, chunk.fps, chunk.start)

    def _paste(self, actor: Actor, row: Array, image: Bytes) -> None:
        """Draw a person into an image (height, width, 3): only pixels that something moving covers or has left are touched."""
        canvas, framing = actor.canvas, actor.canvas.puppet.framing
        drawn = np.empty((framing.height, framing.width, 3), np.uint8)
        draw_frame(canvas, row, drawn)
        touched = actor.filled | (canvas.nearest != canvas.backdrop_depth)
        part = image[actor.top : actor.top + framing.height, actor.left : actor.left + framing.width]
        part[touched] = drawn[touched]


def living(actor: Actor, chunk: Track, last: bool) -> Track:
    """Make the motion of somebody who listens, for the rows of a chunk."""
    if actor.life is None:
        raise ValueError("only who does not perform lives by themselves")
    silence = Track(ARTICULATION, np.zeros((len(chunk), ARTICULATION.size), np.float32), chunk.fps, chunk.start)
    made = actor.life.step(actor.memory, silence, last)
    assert isinstance(made, Track)
    return made


def whole_scene(portrait: Portrait, direction: Direction) -> Scene:
    """Find who performs and, where the others are to be alive, everybody else of the picture."""
    picture = portrait.image
    if direction.size is not None:
        raise DirectionError(
            "crop=original and others=alive keep the picture's own size; leave size out, or choose crop=picture or crop=head"
        )
    if max(picture.shape[:2]) > LARGEST_FRAME:
        raise DirectionError(
            f"{portrait.name} has {picture.shape[1]}x{picture.shape[0]} pixels; crop=original draws up to {LARGEST_FRAME} a side: "
            "scale it down, or choose crop=picture"
        )
    faces = [face_of(portrait)]
    if direction.others == "alive":
        faces += others_of(portrait, faces[0])
    actors = []
    for number, face in enumerate(faces):
        framing = window_of(picture, face)
        canvas = ready(prepare(face, framing))
        left, top = (round(-shift) for shift in framing.shift)
        behind = np.abs(canvas.backdrop.astype(np.int16) - through(framing)).max(axis=2) > SAME
        actor = Actor(canvas, cv2.dilate(behind.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0, left, top)
        if number:
            wish = Direction(seed=direction.seed + NEXT_SEED * number, motion=direction.motion)
            life = Both([Lips(), Feeling(), Blink()], Head(), Gaze(), gives=FACE)
            actor = replace(actor, life=life, memory=life.start(portrait, wish))
        actors.append(actor)
    return Scene(picture, actors)


def others_of(portrait: Portrait, main: Face) -> list[Face]:
    """Find the other faces of a picture that can be animated; those that cannot stay still."""
    found = []
    for face in find_faces(portrait.image):
        middle, own = face.points[:468, :2].mean(axis=0), main.points[:468, :2].mean(axis=0)
        if float(np.hypot(*(middle - own))) < main.scale:
            continue
        try:
            check_usable(face, portrait.name)
        except FaceError:
            continue
        found.append(face)
    return found


def window_of(picture: Bytes, face: Face) -> Framing:
    """Find the window, in whole pixels of the picture (height, width, 3), that holds everything that may move with a face."""
    high, wide = picture.shape[:2]
    scale = min(1.0, TRIAL / max(high, wide))
    trial = (max(round(wide * scale), 32), max(round(high * scale), 32))
    low, top = moving_bounds(ready(build(face, cut_frame(picture, face, trial, "picture", TRIAL))))
    room = MOVE_LIMIT * face.scale
    left, upper = (max(int(edge - room) - ROOM, 0) for edge in low)
    right, lower = min(int(top[0] + room) + ROOM, wide), min(int(top[1] + room) + ROOM, high)
    return own_window(picture, left, upper, right - left, lower - upper)


def moving_bounds(canvas: Canvas) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Find the corner with the smallest and that with the largest coordinates (2,) of what moves, in pixels of the picture."""
    puppet = canvas.puppet
    framing = puppet.framing
    place = puppet.pose(np.zeros(FACE.size, np.float32)).place[np.unique(np.concatenate([canvas.moving, canvas.around]))].astype(np.float64)
    at = (place + 0.5 - framing.shift) / framing.zoom - 0.5
    return at.min(axis=0), at.max(axis=0)
