"""Frames from a video network, window by window: each is told the last frames of the one before, so that long films have no seams."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from thespis.capture.faces import face_of
from thespis.errors import DirectionError
from thespis.motion.diffusion import strengths_of
from thespis.pixels.diffusion.detail import finer, shown
from thespis.pixels.diffusion.lips import OwnLips
from thespis.pixels.diffusion.sampling import guided, sample
from thespis.pixels.diffusion.square import Matrix, aligning, cut, cut_square, onto, square_of
from thespis.stages import Rows
from thespis.types import FRAMES, Array, Bytes, Direction, Frames, Portrait, Space, random_for


class FaceNetwork(Protocol):
    """What draws: `side` pixels, `frames` at a time after `past` earlier ones; `noise_shape` is that of one frame's noise."""

    side: int
    frames: int
    past: int
    noise_shape: tuple[int, int, int]

    def see(self, picture: Bytes) -> Any:  # noqa: ANN401 - each network's own
        """Look at a portrait (side, side, 3) once."""

    def plan(self, seen: Any, past: Array, conditions: Mapping[str, Array]) -> Any:  # noqa: ANN401
        """Prepare a window: what was drawn before it (past, *noise_shape) and conditions by name (frames, size)."""

    def clean(self, plan: Any, noisy: Array, step: int, told: Array) -> Array:  # noqa: ANN401
        """Clean frames (frames, *noise_shape) at a step, once for each row of `told` (k, 2) -> (k, frames, *noise_shape)."""

    def finished(self, plan: Any, drawn: Array) -> Bytes:  # noqa: ANN401
        """Turn what was drawn in a window (frames, *noise_shape) into pictures (frames, side, side, 3)."""

    def laid(self, plan: Any, drawn: Array) -> tuple[Array, Array]:  # noqa: ANN401
        """Say where the places of a window's frames come from (frames, s, s, 2), and what is laid over them (frames, 3, s, s)."""


TOLD = np.array([[0, 0], [1, 0], [1, 1]], np.float32)
"""Nothing; the voice; the voice and the expression: whose answers guidance compares."""
USUAL: Mapping[str, float] = {"audio": 1.0, "expression": 1.0}
REACH = 2  # frames of the voice before and after a frame that are told with it


@dataclass(frozen=True, eq=False)
class Fine:
    """The portrait in the square that is shown, `portrait` (s, s, 3), and its lips."""

    portrait: Bytes
    lips: OwnLips


@dataclass(eq=False)
class Painting:
    """One session: what was seen, the rows that wait, the last frames, and the next row."""

    seen: Any
    rows: Rows
    past: Array
    fine: Fine | None
    place: Matrix
    strengths: tuple[float, ...]
    seed: int
    next: int = 0


class Painter:
    """Rows of conditions -> frames: `voice` and `performance` are the Spaces whose rows the network is told."""

    gives = FRAMES

    def __init__(
        self,
        network: FaceNetwork,
        takes: Space,
        conditions: "Conditions",
        *,
        steps: int = 4,
        fps: int = 25,
        detail: int = 0,
        remembers: bool = True,
    ) -> None:
        """Draw with a network in so many steps of the sampler; `conditions` reads rows of `takes` for it.

        With `detail` frames have so many pixels a side, more than the network draws: see `finer`. Unless it `remembers`, every window
        is drawn like the first one, without what was drawn before.
        """
        self.network, self.takes, self.conditions, self.steps, self.detail = network, takes, conditions, steps, detail
        self.remembers = remembers
        self.delay = Fraction(network.frames + REACH, fps)

    def start(self, portrait: Portrait, direction: Direction) -> Painting:
        """Find the face, cut its square and look at it."""
        points = face_of(portrait).points
        square = square_of(points).inside(*portrait.image.shape[:2])
        side = self.detail or self.network.side
        picture = cut(portrait.image, onto(aligning(points), self.network.side), self.network.side)
        if any(strength > 10 for strength in direction.guidance.values()):
            raise DirectionError("guidance of audio and expression goes from 0 to 10: 1 is as trained, more exaggerates")
        zoom = side / square.side
        placed = (points - np.array([square.x, square.y, 0], np.float32)) * np.float32(zoom) + np.array(
            [side / 2 - 0.5] * 2 + [0], np.float32
        )
        place, fine = aligning(placed), None
        if self.detail:
            large = cut_square(portrait.image, square, side)
            fine = Fine(large, OwnLips(large, placed, place))
        return Painting(
            self.network.see(picture),
            Rows(self.takes),
            np.zeros((self.network.past, *self.network.noise_shape), np.float32),
            fine,
            place,
            strengths_of(direction.guidance, USUAL),
            direction.seed,
        )

    def step(self, state: Painting, chunk: Any, last: bool) -> Frames:  # noqa: ANN401
        """Draw every window whose rows have come, and at the end what is left."""
        if state.rows.fps is None:
            state.next = chunk.start
        rows, fps = state.rows, state.rows.take(chunk)
        first, size, out = state.next, self.network.frames, []
        while state.next + size + REACH <= rows.stop or (last and state.next < rows.stop):
            at = state.next
            told = self.conditions(rows.window(at - REACH, at + size + REACH))
            plan = self.network.plan(state.seen, state.past, told)
            drawn = draw(self.network, plan, window_noise(self.network, state.seed, at // size), self.steps, state.strengths)
            if self.remembers:
                state.past = np.concatenate([state.past, drawn])[len(drawn) :]
            if state.fine is None:
                images = shown(self.network.finished(plan, drawn), state.place)
            else:
                carried = finer(state.fine.portrait, *self.network.laid(plan, drawn), state.place)
                images = state.fine.lips.speak(carried, told)
            out.append(images[: min(size, rows.stop - at)])
            state.next = min(at + size, rows.stop) if last else at + size
            rows.forget(state.next - REACH)
        side = self.detail or self.network.side
        return Frames(np.concatenate(out) if out else np.zeros((0, side, side, 3), np.uint8), fps, first)


def window_noise(network: FaceNetwork, seed: int, window: int) -> Array:
    """Give the noise (frames, *noise_shape) that a window begins with: its own, whatever came before."""
    shape = (network.frames, *network.noise_shape)
    return random_for(seed, f"noise of window {window}").standard_normal(shape).astype(np.float32)


def draw(network: FaceNetwork, plan: Any, noise: Array, steps: int, strengths: tuple[float, ...] = (1.0, 1.0)) -> Array:  # noqa: ANN401
    """Turn a window's noise into frames (frames, *noise_shape) in so many steps, guided by the strengths of voice and expression."""
    plain = all(strength == 1 for strength in strengths)

    def clean(noisy: Array, step: int) -> Array:
        if plain:  # then guidance would give the last answer, and the others need not be asked for
            return np.asarray(network.clean(plan, noisy, step, TOLD[-1:])[0], np.float32)
        return guided(list(network.clean(plan, noisy, step, TOLD)), strengths)

    return sample(noise, steps, clean)


class Conditions(Protocol):
    """Reads the conditions of a window from its rows."""

    def __call__(self, rows: Array) -> Mapping[str, Array]:
        """Turn rows (REACH + frames + REACH, takes.size) into conditions by name (frames, size)."""
