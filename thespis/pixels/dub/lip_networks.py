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


Clean = Callable[[Array, int, Array], Array]
"""What says what is clean: latents (k, F, 3 C + 1, P, P), a step and tokens (k, F, taps, told) -> (k, F, C, P, P)."""


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
        self._denoiser = onnxruntime.InferenceSession(str(weights["denoiser"]), options, providers=["CPUExecutionProvider"])

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> tuple[Bytes, Bytes]:
        """Paint squares (F, side, side, 3), told (F, taps, told), from noise (channels, places, places) -> as they were, as they are."""
        return paint(self._patches, self._clean, self.shape, squares, squares, tokens, noise, strength)

    def _clean(self, latents: Array, step: int, tokens: Array) -> Array:
        """Say what is clean of latents (k, F, 3 C + 1, P, P), told (k, F, taps, told) -> (k, F, C, P, P)."""
        given = {"latents": np.ascontiguousarray(latents, np.float32), "step": np.full(len(tokens), step, np.int64), "tokens": tokens}
        (found,) = self._denoiser.run(None, given)
        return np.asarray(found)


def paint(
    patches: Patches, clean: Clean, shape: LipShape, squares: Bytes, others: Bytes, tokens: Array, noise: Array, strength: float
) -> tuple[Bytes, Bytes]:
    """Paint the mouths of squares (F, S, S, 3), referring to others -> the references and what is made, both as latents show them."""
    frames = len(squares)
    pictures = np.concatenate([hidden(as_numbers(squares), shape), as_numbers(others)])
    latents = patches.encode(pictures, shape.factor)
    mask = np.broadcast_to(small_mask(shape), (frames, 1, shape.places, shape.places))
    beside = np.concatenate([mask, latents[:frames], latents[frames:]], axis=1)
    told = np.ascontiguousarray(tokens[None] if strength == 1 else np.stack([np.zeros_like(tokens), tokens]), np.float32)

    def answer(noisy: Array, step: int) -> Array:
        found = clean(np.concatenate([noisy, beside], axis=1)[None].repeat(len(told), axis=0), step, told)
        return found[0] if len(told) == 1 else guided(list(found), (strength,))

    made = sample(np.repeat(noise[None], frames, axis=0), shape.steps, answer)
    both = as_pictures(patches.decode(np.concatenate([latents[frames:], made]), shape.factor))
    return both[:frames], both[frames:]
