"""The mouth of a looping video painted anew, window by window, as the voice says; everything else of its frames stays to the last bit.

A window has its place on the clock and all windows begin with one noise, so that nothing depends on how the sound came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from thespis.capture.faces import face_of
from thespis.errors import DirectionError
from thespis.motion.diffusion import strengths_of
from thespis.pixels.dub.align import Aligned, aligned, pasted
from thespis.pixels.dub.lip_networks import Repainted, first_noise
from thespis.pixels.dub.lip_shape import LipShape
from thespis.stages import Rows
from thespis.types import FRAMES, Array, Bytes, Direction, Frames, Portrait, Space

FADE = 3  # frames in which painting begins and ends where the face is lost
STRONGEST = 5.0  # guidance
UPPER_LIP, LOWER_LIP, EYES = 13, 14, (33, 263)
UNSEEN = 9.0  # distances of the eyes: lips of a face that is not seen do not rest
QUIET, CLOSED, STILL = Fraction(3, 10), 0.035, 0.02
"""Seconds around a frame in which lips are no farther apart than this, in distances of the eyes, and move less than that: a mouth rests."""


class LipNetwork(Protocol):
    """What paints mouths: squares as they were, with tokens of sound -> squares in which the mouth says them."""

    shape: LipShape
    keeps: bool

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> Repainted:
        """Paint squares (F, side, side, 3), told (F, taps, told), from noise (channels, places, places)."""


class Tokens(Protocol):
    """Reads tokens of sound from rows."""

    def __call__(self, rows: Array, shape: LipShape) -> Array:
        """Turn rows (back + frames + forth, n) around a window into (frames, taps, told)."""


class Speaking(Protocol):
    """Tells from rows whether somebody speaks."""

    def __call__(self, rows: Array, shape: LipShape) -> Array:
        """Turn rows (back + frames + forth, n) around a window into how much is spoken around each frame (frames,), 0 to 1."""


@dataclass(eq=False)
class Painted:
    """One session: the frames of the loop, where the face is in each, how much of each is painted, and the rows that wait.

    `moving` (n,) is how much of each frame is painted while nobody speaks: nothing where its mouth rests.
    """

    images: Sequence[Bytes]
    places: Sequence[Array | None]
    shares: Array
    moving: Array
    rows: Rows
    noise: Array
    strength: float
    next: int = 0


def to_and_fro(frame: int, count: int) -> int:
    """Find which of `count` frames a loop shows: forward to the last, then backward to the first, no frame twice in a row."""
    if count == 1:
        return 0
    at = frame % (2 * count - 2)
    return at if at < count else 2 * count - 2 - at


def fading(seen: Sequence[bool], fade: int = FADE) -> Array:
    """Tell how much of each frame (n,) is painted: all where the face is seen, less towards frames where it is not."""
    known = np.pad(np.asarray(seen, np.float32), fade, mode="edge")
    shifted = [known[at : at + len(seen)] for at in range(2 * fade + 1)]
    return np.asarray(np.mean(shifted, axis=0) * np.asarray(seen, np.float32), np.float32)


def restless(places: Sequence[Array | None], fps: Fraction) -> Array:
    """Tell of each frame (n,) with points (478, 3) whether its mouth does anything but rest: 1, 0, or between at the ends of a rest."""
    around = int(QUIET * fps)
    apart = np.full(len(places), UNSEEN, np.float32)
    for number, place in enumerate(places):
        if place is not None:
            eyes = np.linalg.norm(place[EYES[0], :2] - place[EYES[1], :2])
            apart[number] = np.linalg.norm(place[UPPER_LIP, :2] - place[LOWER_LIP, :2]) / max(float(eyes), 1e-6)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(apart, around, mode="edge"), 2 * around + 1)
    widest = near.max(axis=1)
    rests = (widest < CLOSED) & (widest - near.min(axis=1) < STILL)
    return 1 - fading(rests.tolist())


class Inpaint:
    """Rows of sound -> the frames of a looping video (or picture) with another mouth."""

    gives = FRAMES
    on_video = True
    """Its Portrait may be a video: `thespis dub` hands it one."""

    def __init__(
        self, network: LipNetwork, takes: Space, tokens: Tokens, *, reach: tuple[int, int], fps: int = 25, speaking: Speaking | None = None
    ) -> None:
        """Paint with a network; `reach` is how many rows before and after a frame `tokens` reads.

        Told what is `speaking`, it leaves a mouth that rests alone while nobody does.
        """
        self.network, self.takes, self.tokens, self.reach, self.speaking = network, takes, tokens, reach, speaking
        self.delay = Fraction(network.shape.frames + reach[1], fps)

    def start(self, portrait: Portrait, direction: Direction) -> Painted:
        """Find the face in every frame of the loop, where that is not known yet."""
        shape = self.network.shape
        places = portrait.places
        if places is None:
            places = [face_of(Portrait((image,), portrait.face, name=portrait.name)).points for image in portrait.images]
        (strength,) = strengths_of(direction.guidance, {"audio": shape.guidance})
        if not 0 <= strength <= STRONGEST:
            raise DirectionError(
                f"guidance of audio goes from 0 to {STRONGEST:g}: {shape.guidance:g} is usual, more exaggerates and trembles"
            )
        shares = fading([place is not None for place in places])
        moving = restless(places, Fraction(direction.fps or 25)) if self.speaking else np.ones(len(places), np.float32)
        return Painted(portrait.images, places, shares, moving, Rows(self.takes), first_noise(shape, direction.seed), strength)

    def step(self, state: Painted, chunk: Any, last: bool) -> Frames:  # noqa: ANN401
        """Paint every window whose rows have come, and at the end what is left."""
        if state.rows.fps is None:
            state.next = chunk.start
        rows, fps = state.rows, state.rows.take(chunk)
        first, size, out = state.next, self.network.shape.frames, []
        before, after = self.reach
        while state.next + size + after <= rows.stop or (last and state.next < rows.stop):
            at = state.next
            count = min(size, rows.stop - at) if last else size
            out += self._window(state, rows.window(at - before, at + size + after), at, count)
            state.next = at + count
            rows.forget(state.next - before)
        if not out:
            high, wide = state.images[0].shape[:2]
            return Frames(np.zeros((0, high, wide, 3), np.uint8), fps, first)
        return Frames(np.stack(out), fps, first)

    def _window(self, state: Painted, rows: Array, at: int, count: int) -> list[Bytes]:
        """Paint the `count` first frames of the window that begins with frame `at`."""
        shape = self.network.shape
        numbers = [to_and_fro(at + each, len(state.places)) for each in range(count)]
        frames = [state.images[number].copy() for number in numbers]
        spoken = np.ones(shape.frames, np.float32) if self.speaking is None else self.speaking(rows, shape)
        shares = [float(state.shares[number] * max(state.moving[number], spoken[each])) for each, number in enumerate(numbers)]
        squares: list[Aligned | None] = []
        for number, share in zip(numbers, shares, strict=True):
            place = state.places[number] if share > 0 else None
            squares.append(None if place is None else aligned(place, shape))
        seen = [each for each, square in enumerate(squares) if square is not None]
        if not seen:
            return frames
        # A frame without a face is told as the nearest one that has it; what is painted there is thrown away.
        nearest = [min(seen, key=lambda one: (abs(one - each), one)) for each in range(shape.frames)]
        cuts = {each: squares[each].cut(frames[each]) for each in seen}  # type: ignore[union-attr]
        new = self.network.paint(np.stack([cuts[each] for each in nearest]), self.tokens(rows, shape), state.noise, state.strength)
        for each in seen:
            square = squares[each]
            assert square is not None
            flow = None if new.flow is None else new.flow[each]
            pasted(frames[each], square, new.before[each], new.made[each], shape, shares[each], keep=self.network.keeps, flow=flow)
        return frames
