"""Run the networks that ship, without torch: they draw what changes in a portrait, in latents that were solved for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from thespis.motion.diffusion import KEPT
from thespis.pixels.diffusion.networks import as_numbers
from thespis.pixels.diffusion.sampling import guided, sample
from thespis.pixels.diffusion.square import Matrix
from thespis.pixels.dub.lip_networks import Patches
from thespis.pixels.hallo.regions import filled, regions_of
from thespis.pixels.hallo.shape import SHAPES, HalloShape
from thespis.types import Array, Bytes

NAMES = ("reference", "denoiser")
"""The two files of a network that was exported, beside its latents."""


@dataclass(frozen=True, eq=False)
class Changes:
    """Latents of pictures, and how much each of their numbers usually changes (C,): changes are told in that unit."""

    patches: Patches
    spread: Array

    def of(self, latents: Array, rest: Array) -> Array:
        """Tell how latents (n, C, P, P) differ from those at rest (1, C, P, P)."""
        return np.asarray((latents - rest) / self.spread[:, None, None], np.float32)

    def onto(self, changes: Array, rest: Array) -> Array:
        """Change latents at rest (1, C, P, P) by what was told (n, C, P, P)."""
        return np.asarray(rest + changes * self.spread[:, None, None], np.float32)

    def pixels(self, changes: Array, factor: int) -> Array:
        """Tell by how much the pixels (n, 3, S, S) change, of -1 to 1."""
        patches = self.patches
        bare = Patches(patches.patterns, np.zeros_like(patches.middle), patches.spread)
        return bare.decode(np.asarray(changes * self.spread[:, None, None], np.float32), factor)


def read_changes(path: Path) -> Changes:
    """Read the latents that were solved for."""
    from safetensors.numpy import load_file

    held = load_file(path)
    return Changes(Patches(held["patterns"], held["middle"], float(held["scale"])), held["spread"])


def face_numbers(latents: Array, regions: Array) -> Array:
    """Tell who it is by colours: mean and spread of each latent (1, 2 C) where the face is, of latents (1, C, P, P)."""
    share = regions[1] + regions[2]
    share = share / share.sum()
    mean = (latents[0] * share).sum(axis=(1, 2))
    spread = np.sqrt((((latents[0] - mean[:, None, None]) ** 2) * share).sum(axis=(1, 2)))
    return np.asarray(np.concatenate([mean, spread])[None], np.float32)


@dataclass(eq=False)
class Seen:
    """A portrait as the networks see it: its latents (1, C, P, P), and what stays the same for all its windows, as arrays or tensors."""

    latents: Array
    told: dict[str, Any]
    features: list[Any]


class OnnxHallo:
    """The networks of the size that ships, run by ONNX Runtime on one thread, so that no number of cores changes a bit."""

    def __init__(self, weights: Mapping[str, Path], shape: HalloShape = SHAPES["tiny"]) -> None:
        """Load the files by name."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.shape, self.changes = shape, read_changes(weights["patches"])
        self._run: dict[str, Any] = {
            name: onnxruntime.InferenceSession(str(weights[name]), options, providers=["CPUExecutionProvider"]) for name in NAMES
        }

    def see(self, picture: Bytes, points: Array) -> Seen:
        """Look at a portrait (side, side, 3) with the points of its face (478, 2) as shares of the side."""
        shape = self.shape
        latents = self.changes.patches.encode(as_numbers(picture[None]), shape.factor)
        regions = regions_of(points, shape.places)
        told = {"face": face_numbers(latents, regions), "masks": regions[None], "where": filled(points, "face", shape.side)[None, None]}
        return Seen(latents, told, self._noted(latents, told["face"]))

    def begins(self, seen: Seen) -> Array:
        """Give the change of the portrait itself: none."""
        return np.zeros_like(seen.latents[0])

    def draw(self, seen: Seen, past: Array, voice: Array, weights: Array, noise: Array, strength: float) -> Array:
        """Draw the changes of frames (F, C, P, P) after those of earlier ones (M, C, P, P)."""
        shape = self.shape
        earlier = self.changes.onto(past, seen.latents)
        noted = self._noted(earlier, np.repeat(seen.told["face"], len(earlier), axis=0))
        known = np.array([[1, 1]] if strength == 1 else [[1, 0], [1, 1]], np.float32)
        beside = np.repeat(seen.latents, shape.frames, axis=0)

        def each(values: Array) -> Array:
            return np.ascontiguousarray(np.repeat(values, len(known), axis=0), np.float32)

        given = {name: each(value) for name, value in {**seen.told, "voice": voice[None], "weights": weights[None]}.items()}
        given |= {f"seen_{number}": each(value) for number, value in enumerate(seen.features)}
        given |= {f"past_{number}": each(value[None]) for number, value in enumerate(noted)}

        def clean(noisy: Array, step: int) -> Array:
            entered = each(np.concatenate([noisy, beside], axis=1)[None])
            asked = {**given, "noisy": entered, "step": np.full(len(known), step, np.int64), "known": known}
            (velocity,) = self._run["denoiser"].run(None, asked)
            found = np.asarray(velocity)
            best = found[0] if len(found) == 1 else guided(list(found), (strength,))
            return clean_of(noisy, best, step)

        return sample(noise, shape.steps, clean)

    def show(self, picture: Bytes, place: Matrix, latents: Array) -> Bytes:
        """Lay changes (C, P, P) over a portrait (side, side, 3), to whose pixels a matrix (2, 3) carries drawn ones."""
        change = self.changes.pixels(latents[None], self.shape.factor)[0].transpose(1, 2, 0) * np.float32(127.5)
        grown = cv2.warpAffine(change, place, (len(picture), len(picture)), flags=cv2.INTER_CUBIC)
        return np.asarray(np.clip(np.round(picture + grown), 0, 255), np.uint8)

    def _noted(self, latents: Array, face: Array) -> list[Array]:
        """See latents (n, C, P, P) -> what is noted at each place of attention (n, L, C)."""
        return [np.asarray(each) for each in self._run["reference"].run(None, {"latents": latents, "face": face})]


def clean_of(noisy: Array, velocity: Array, step: int) -> Array:
    """Tell what is clean (same shape) by the velocity that a network answers at a step."""
    return np.asarray(np.sqrt(KEPT[step]) * noisy - np.sqrt(1 - KEPT[step]) * velocity, np.float32)
