"""Run what paints mouths: the shipped network by ONNX, without torch; see `lip_torch` for networks that torch runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.pixels.diffusion.networks import as_numbers, as_pictures
from thespis.pixels.diffusion.sampling import guided, sample
from thespis.pixels.dub.align import painted
from thespis.pixels.dub.lip_shape import SHAPES, LipShape
from thespis.types import Array, Bytes, random_for


def voice_tokens(rows: Array, shape: LipShape) -> Array:
    """Put the rows of the voice around each frame of a window (back + frames + forth, 10) beside it -> (frames, taps, 10 + taps).

    Each token also tells its place: attention knows none, and without it the sound of a third of a second is one heap.
    """
    places = np.eye(shape.taps, dtype=np.float32)
    heard = [rows[at : at + shape.taps, : ARTICULATION.size] for at in range(shape.frames)]
    return np.stack([np.concatenate([each, places], axis=1, dtype=np.float32) for each in heard])


SPOKEN, AWAKE = 0.3, 3
"""From where on a row counts as spoken, and how many such rows around a frame wake its mouth."""


def voice_speaking(rows: Array, shape: LipShape) -> Array:
    """Tell how much is spoken around each frame of a window, of rows (back + frames + forth, 10) -> (frames,), 0 to 1."""
    spoken = rows[:, ARTICULATION.column("speaking")] > SPOKEN
    around = np.lib.stride_tricks.sliding_window_view(spoken, shape.taps)[: shape.frames]
    return np.asarray(np.minimum(around.sum(axis=1) / AWAKE, 1), np.float32)


def hidden(pictures: Array, shape: LipShape) -> Array:
    """Grey out what is painted anew in pictures (n, 3, side, side) from -1 to 1."""
    return np.asarray(pictures * (1 - painted(shape, shape.side)), np.float32)


def first_noise(shape: LipShape, seed: int) -> Array:
    """Give the noise (C, P, P) that every frame of every window begins with."""
    return np.asarray(random_for(seed, "noise of lips").standard_normal((shape.channels, shape.places, shape.places)), np.float32)


def small_mask(shape: LipShape) -> Array:
    """Give the part that is painted anew as the latents see it (places, places): 1 where it lies."""
    step = shape.factor
    # As the published mask is made smaller: the nearest pixel of each place.
    return np.ascontiguousarray(painted(shape, shape.side)[::step, ::step])


SKIN = (0.40, 0.62), (0.20, 0.80)
"""The part of a square, down and across, whose middle colour is taken for the skin's: cheeks and nose, which lips hardly move."""
EVEN, HUE, LUMINANCE = 0.45, (0.299, 0.587, 0.114), 0.7
"""How light the skin is in even light, what its lightness is, and how much of the difference is taken away."""
DARKEST = 0.06  # of white, below which skin is taken for no darker


def gains_of(squares: Bytes) -> Array:
    """Find by what colours (3,) squares (n, S, S, 3) of one face are multiplied, so that its skin has no hue and an even light."""
    side = squares.shape[1]
    (top, bottom), (left, right) = ((round(one * side), round(two * side)) for one, two in SKIN)
    skin = np.maximum(np.median(squares[:, top:bottom, left:right].reshape(-1, 3), axis=0) / 255, DARKEST)
    light = float(skin @ np.array(HUE))
    return np.asarray(light / skin * (EVEN / light) ** LUMINANCE, np.float32)


def evened(numbers: Array, gains: Array) -> Array:
    """Multiply the colours of pictures (n, 3, h, w) from -1 to 1 by gains (3,)."""
    return np.asarray((numbers + 1) * gains[:, None, None] - 1, np.float32)


@dataclass(frozen=True, eq=False)
class Repainted:
    """What was painted: squares as they were (F, S, S, 3), those of the frame itself or moved by `flow`, and as they are.

    `flow` (F, S, S, 2) says from how many pixels to the right and below each pixel came; None where none was moved.
    """

    before: Bytes
    made: Bytes
    flow: Array | None = None


Clean = Callable[[Array, int, Array], Array]
"""What says what is clean: latents (k, F, 3 C + 1, P, P), a step and tokens (k, F, taps, told) -> (k, F, C, P, P)."""
Guess = Callable[[Array, Array], tuple[Array, Array, Array]]
"""The first guess: squares (n, 3, S, S), told tokens (n, taps, told) -> the same moved, with more laid over, and the flow (n, 2, S, S)."""


@dataclass(frozen=True, eq=False)
class Patches:
    """Latents that are principal components of small squares: `patterns` (C, 3 * f * f) around `middle` (3 * f * f,), divided by `spread`.

    They are solved for, not learned; what they leave out is put back from the frame (see `pasted`).
    """

    patterns: Array
    middle: Array
    spread: float

    def encode(self, numbers: Array, factor: int) -> Array:
        """Turn pictures (n, 3, S, S) from -1 to 1 into latents (n, C, S / f, S / f)."""
        count, _, side, _ = numbers.shape
        places = side // factor
        cut = numbers.reshape(count, 3, places, factor, places, factor).transpose(0, 2, 4, 1, 3, 5).reshape(count, places, places, -1)
        found = (cut - self.middle) @ self.patterns.T / np.float32(self.spread)
        return np.ascontiguousarray(found.transpose(0, 3, 1, 2), np.float32)

    def decode(self, latents: Array, factor: int) -> Array:
        """Turn latents (n, C, P, P) into pictures (n, 3, P * f, P * f)."""
        count, _, places, _ = latents.shape
        found = latents.transpose(0, 2, 3, 1) @ (self.patterns * np.float32(self.spread)) + self.middle
        whole = found.reshape(count, places, places, 3, factor, factor).transpose(0, 3, 1, 4, 2, 5)
        return np.ascontiguousarray(whole.reshape(count, 3, places * factor, places * factor), np.float32)


def read_patches(path: Path) -> Patches:
    """Read the latents that were solved for."""
    from safetensors.numpy import load_file

    held = load_file(path)
    return Patches(held["patterns"], held["middle"], float(held["spread"]))


class OnnxLips:
    """The network that ships, run by ONNX Runtime on one thread, so that no number of cores changes a bit."""

    keeps = True

    def __init__(self, weights: Mapping[str, Path], shape: LipShape = SHAPES["tiny"]) -> None:
        """Load both files."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.shape = shape
        self._patches = read_patches(weights["patches"])
        self._denoiser, self._guesser = (
            onnxruntime.InferenceSession(str(weights[name]), options, providers=["CPUExecutionProvider"]) for name in ("denoiser", "guess")
        )

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> Repainted:
        """Paint squares (F, side, side, 3), told (F, taps, told), from noise (channels, places, places)."""
        return paint(self._patches, self._guess, self._clean, self.shape, squares, squares, tokens, noise, strength)

    def _guess(self, squares: Array, tokens: Array) -> tuple[Array, Array, Array]:
        """Move squares (n, 3, S, S), told (n, taps, told) -> moved, with more laid over, and the flow (n, 2, S, S)."""
        moved, laid, flow = self._guesser.run(None, {"squares": squares, "tokens": np.ascontiguousarray(tokens, np.float32)})
        return np.asarray(moved), np.asarray(laid), np.asarray(flow)

    def _clean(self, latents: Array, step: int, tokens: Array) -> Array:
        """Say what is clean of latents (k, F, 3 C + 1, P, P), told (k, F, taps, told) -> (k, F, C, P, P)."""
        given = {"latents": np.ascontiguousarray(latents, np.float32), "step": np.full(len(tokens), step, np.int64), "tokens": tokens}
        (found,) = self._denoiser.run(None, given)
        return np.asarray(found)


def paint(
    patches: Patches,
    guess: Guess,
    clean: Clean,
    shape: LipShape,
    squares: Bytes,
    others: Bytes,
    tokens: Array,
    noise: Array,
    strength: float,
) -> Repainted:
    """Paint the mouths of squares (F, S, S, 3), referring to others of the same frames."""
    frames, gains = len(squares), gains_of(others)
    whole = evened(as_numbers(others), gains)
    moved, laid, flow = guess(whole, tokens)
    masked, reference, plain = (
        patches.encode(each, shape.factor) for each in (hidden(evened(as_numbers(squares), gains), shape), laid, whole)
    )
    mask = np.broadcast_to(small_mask(shape), (frames, 1, shape.places, shape.places))
    ways = [(tokens, reference)] if strength == 1 else [(np.zeros_like(tokens), plain), (tokens, reference)]
    told = np.ascontiguousarray(np.stack([each for each, _ in ways]), np.float32)
    beside = np.stack([np.concatenate([mask, masked, each], axis=1) for _, each in ways])

    def answer(noisy: Array, step: int) -> Array:
        found = clean(np.concatenate([noisy[None].repeat(len(told), axis=0), beside], axis=2), step, told)
        return found[0] if len(told) == 1 else guided(list(found), (strength,))

    made = sample(np.repeat(noise[None], frames, axis=0), shape.steps, answer)
    # What latents cannot tell is the guess's: only their change is laid over it.
    change = patches.decode(made, shape.factor) - patches.decode(reference, shape.factor)
    before, after = (as_pictures(evened(each, 1 / gains)) for each in (moved, laid + change))
    return Repainted(before, after, np.ascontiguousarray(flow.transpose(0, 2, 3, 1), np.float32))
