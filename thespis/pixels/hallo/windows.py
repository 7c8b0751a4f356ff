"""A portrait drawn window by window: voice -> latents, each window told the last frames of the one before -> pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from thespis.capture.faces import face_of
from thespis.errors import DirectionError
from thespis.features.spaces import ARTICULATION
from thespis.motion.diffusion import strengths_of
from thespis.pixels.diffusion.square import Matrix, aligning, cut, onto, square_of
from thespis.pixels.hallo.shape import HalloShape
from thespis.stages import Stage, Windowed
from thespis.types import FRAMES, Array, Bytes, Channel, Direction, Frames, Portrait, Space, Track, random_for

REACH = 2  # frames of the voice before and after a frame that are told with it
STRONGEST, HEAVIEST = 6.0, 3.0


class Drawer(Protocol):
    """What draws latents, and what they look like."""

    shape: HalloShape

    def see(self, picture: Bytes, points: Array) -> Any:  # noqa: ANN401 - each drawer's own
        """Look at a portrait (side, side, 3) with the points of its face (478, 2) as shares of the side."""

    def begins(self, seen: Any) -> Array:  # noqa: ANN401
        """Give the latents (channels, places, places) of the frame before the first: the portrait's."""

    def draw(self, seen: Any, past: Array, voice: Array, weights: Array, noise: Array, strength: float) -> Array:  # noqa: ANN401
        """Draw frames (F, C, P, P) after earlier ones (M, C, P, P), told the voice (F, heard), regions' weights (F, 3), from noise."""

    def show(self, picture: Bytes, place: Matrix, latents: Array) -> Bytes:
        """Turn latents (C, P, P) into a picture like a portrait's (any side); a matrix (2, 3) carries drawn pixels to its own."""


def drawn_in(shape: HalloShape) -> Space:
    """Name the latents of a frame as a Space."""
    return Space("latents", (Channel("latents", size=shape.row),))


class Around:
    """A network of windows of one row: puts what is heard before and after each row beside it."""

    def __init__(self, takes: Space) -> None:
        """Gather rows of a Space."""
        self.takes = takes
        self.gives = Space(f"{takes.name} around", (Channel("around", size=(2 * REACH + 1) * takes.size),))

    def start(self, portrait: Portrait, direction: Direction) -> None:
        """Need no context."""

    def __call__(self, context: None, rows: Array, first: int, fps: Fraction) -> Array:
        """Lay rows (2 REACH + 1, size) out as one."""
        return rows.reshape(1, -1)


@dataclass(frozen=True, eq=False)
class Asked:
    """One session: what was seen, the wishes, the strength of guidance and the weights of the regions."""

    seen: Any
    direction: Direction
    strength: float
    weights: Sequence[float]


class Hallo:
    """Windows of the voice -> windows of latents, after the latents of earlier frames."""

    def __init__(self, drawer: Drawer, takes: Space) -> None:
        """Draw with a drawer, told rows of a Space."""
        self.drawer, self.takes, self.gives = drawer, takes, drawn_in(drawer.shape)

    def start(self, portrait: Portrait, direction: Direction) -> Asked:
        """Look at the portrait and settle the strengths: guidance by the voice, and how much it acts in each region."""
        usual = {"audio": self.drawer.shape.guidance, "pose": 1.0, "face": 1.0, "lips": 1.0}
        strength, *weights = strengths_of(direction.guidance, usual)
        if not 0 <= strength <= STRONGEST or not all(0 <= weight <= HEAVIEST for weight in weights):
            raise DirectionError(
                f"guidance of audio goes from 0 to {STRONGEST:g} ({usual['audio']:g} is usual), and that of pose, face and lips, which are "
                f"weights, from 0 to {HEAVIEST:g} (1 is usual)"
            )
        found = seen_by(portrait, self.drawer.shape)
        return Asked(self.drawer.see(found.picture, found.points), direction, strength, weights)

    def begins(self, context: Asked) -> Array:
        """Give the latents that stand before the first frame."""
        return self.drawer.begins(context.seen).reshape(-1)

    def __call__(self, context: Asked, rows: Array, first: int, fps: Fraction, before: Array) -> Array:
        """Draw a window (frames, row) told rows (frames, heard), after earlier frames (past, row)."""
        shape, direction = self.drawer.shape, context.direction
        seconds = (first + np.arange(len(rows))) / float(fps)
        alive, lips = direction.motion.at(seconds)[:, 0], direction.lips.at(seconds)[:, 0]
        weights = np.stack([alive, alive, lips], axis=1) * np.asarray(context.weights, np.float32)
        kind = (shape.channels, shape.places, shape.places)
        noise = random_for(direction.seed, f"noise of frames from {first}").standard_normal((len(rows), *kind)).astype(np.float32)
        made = self.drawer.draw(context.seen, before.reshape(-1, *kind), rows, weights, noise, context.strength)
        return np.asarray(made.reshape(len(rows), -1), np.float32)


class Shown:
    """Rows of latents -> pictures of the square around the face, of `side` pixels."""

    gives, delay = FRAMES, Fraction(0)

    def __init__(self, drawer: Drawer, side: int) -> None:
        """Show what a drawer drew."""
        self.drawer, self.side, self.takes = drawer, side, drawn_in(drawer.shape)

    def start(self, portrait: Portrait, direction: Direction) -> tuple[Bytes, Matrix]:
        """Cut the square out of the portrait, and find where in it lies what is drawn."""
        points = face_of(portrait).points
        found = view(portrait.image, points, squared(points, self.side), self.side)
        return found.picture, through(seen_by(portrait, self.drawer.shape).matrix, found.matrix)

    def step(self, state: tuple[Bytes, Matrix], chunk: Track, last: bool) -> Frames:
        """Show every row."""
        shape, images = self.drawer.shape, np.empty((len(chunk), self.side, self.side, 3), np.uint8)
        for image, row in zip(images, chunk.values, strict=True):
            image[:] = self.drawer.show(*state, row.reshape(shape.channels, shape.places, shape.places))
        return Frames(images, chunk.fps, chunk.start)


def drawn(drawer: Drawer, side: int, heard: Space = ARTICULATION) -> list[Stage]:
    """List the stages from what is heard, a row a frame, to pictures of `side` pixels."""
    around, shape = Around(heard), drawer.shape
    return [
        Windowed(around, hop=1, past=REACH, future=REACH),
        Windowed(Hallo(drawer, around.gives), hop=shape.frames, history=shape.past),
        Shown(drawer, side),
    ]


@dataclass(frozen=True, eq=False)
class View:
    """A picture (side, side, 3) cut out of a portrait, and the points of its face (478, 2) as shares of the side.

    The matrix (2, 3) carries the portrait's pixels to its own.
    """

    picture: Bytes
    points: Array
    matrix: Matrix


def seen_by(portrait: Portrait, shape: HalloShape) -> View:
    """Cut out of a portrait what a network sees: with eyes and lips where they always stand, or the square around the face."""
    points = face_of(portrait).points
    return view(portrait.image, points, onto(aligning(points), shape.side) if shape.aligned else squared(points, shape.side), shape.side)


def squared(points: Array, side: int) -> Matrix:
    """Find the matrix (2, 3) that carries a portrait's pixels to those of the square around a face with points (478, 3)."""
    square = square_of(points)
    zoom = side / square.side
    return np.array([[zoom, 0, side / 2 - 0.5 - square.x * zoom], [0, zoom, side / 2 - 0.5 - square.y * zoom]], np.float64)


def view(image: Bytes, points: Array, matrix: Matrix, side: int) -> View:
    """Cut a picture of so many pixels out of an image (h, w, 3) by a matrix."""
    places = (points[:, :2] @ matrix[:, :2].T + matrix[:, 2] + 0.5) / side
    return View(cut(image, matrix, side), np.asarray(places, np.float32), matrix)


def through(first: Matrix, then: Matrix) -> Matrix:
    """Find the matrix (2, 3) from the pixels that the first one leads to, back to where it comes from, and on by the other one."""
    last = [[0.0, 0.0, 1.0]]
    return np.asarray((np.concatenate([then, last]) @ np.linalg.inv(np.concatenate([first, last])))[:2])
