"""Hallo at its published size, in torch: the network, an autoencoder of Stable Diffusion 1.5's family, diffusers' sampler, who it is.

All weights are the user's. Needs the extra `train`.
"""

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor

from thespis.capture.faces import align
from thespis.pixels.diffusion.latent import Coder, load_coder
from thespis.pixels.diffusion.load import AUTOENCODER
from thespis.pixels.diffusion.networks import as_numbers, as_pictures
from thespis.pixels.diffusion.square import Matrix, warped
from thespis.pixels.hallo.convert import load
from thespis.pixels.hallo.networks import HalloNetwork
from thespis.pixels.hallo.onnx import Seen
from thespis.pixels.hallo.regions import filled, regions_of
from thespis.pixels.hallo.shape import SHAPES
from thespis.types import Array, Bytes
from thespis.weights import read_tensors, ready, user_folder

SCHEDULE: dict[str, Any] = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "linear", "clip_sample": False, "steps_offset": 1,
    "rescale_betas_zero_snr": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction",
}  # fmt: skip
"""The published schedule of noise."""
MARKS = ((38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041))
"""Where networks that know faces want eyes, nose and corners of the mouth, in their 112 pixels."""
POINTS = (468, 473, 1, 61, 291)


class Knows:
    """A network that knows faces (ArcFace, as an ONNX file): who a portrait shows, as 512 numbers."""

    def __init__(self, path: Path) -> None:
        """Load it."""
        import onnxruntime

        self._session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def __call__(self, picture: Bytes, points: Array) -> Array:
        """Tell who it is (1, 512) from a picture (side, side, 3) with points (478, 2) as shares of the side."""
        flat = np.zeros((2, len(MARKS), 3))
        flat[0, :, :2], flat[1, :, :2] = points[list(POINTS)] * len(picture) - 0.5, MARKS
        turn, zoom, shift = align(flat[0], flat[1], np.ones(len(MARKS)))
        face = cv2.warpAffine(picture, np.concatenate([zoom * turn[:2, :2], shift[:2, None]], axis=1), (112, 112))
        (made,) = self._session.run(None, {self._session.get_inputs()[0].name: as_numbers(np.asarray(face, np.uint8)[None])})
        return np.asarray(made, np.float32)


class TorchHallo:
    """The published system: it draws whole pictures as latents, guided away from what it would draw knowing neither voice nor portrait."""

    def __init__(self, network: HalloNetwork, coder: Coder, knows: Any) -> None:  # noqa: ANN401 - Knows, or what stands for it
        """Hold the networks."""
        self.network, self.coder, self.knows, self.shape = network.eval(), coder, knows, network.shape
        self._device = next(network.parameters()).device

    def _tensor(self, values: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(self._device)

    def see(self, picture: Bytes, points: Array) -> Seen:
        """Look at a portrait (side, side, 3) with the points of its face (478, 2) as shares of the side."""
        latents = self.coder.encode(as_numbers(picture[None]))
        told = {
            "face": self._tensor(self.knows(picture, points)),
            "masks": self._tensor(regions_of(points, self.shape.places)[None]),
            "where": self._tensor(filled(points, "face", self.shape.side)[None, None]),
        }
        with torch.no_grad():
            return Seen(latents, told, self.network.see(self._tensor(latents), told["face"]))

    def begins(self, seen: Seen) -> Array:
        """Give the portrait's own latents."""
        first: Array = seen.latents[0]
        return first

    def draw(self, seen: Seen, past: Array, voice: Array, weights: Array, noise: Array, strength: float) -> Array:
        """Draw the latents of frames (F, C, P, P) after those of earlier ones (M, C, P, P)."""
        known = self._tensor(np.array([[1, 1]] if strength == 1 else [[0, 0], [1, 1]]))
        count = len(known)

        def each(values: Tensor) -> Tensor:
            return values.expand(count, *values.shape[1:])

        with torch.no_grad():
            face = seen.told["face"]
            earlier = [each(one[None]) for one in self.network.see(self._tensor(past), face.expand(len(past), -1))]
            told = {name: each(value) for name, value in seen.told.items()}
            told |= {"voice": each(self._tensor(voice[None])), "weights": each(self._tensor(weights[None])), "known": known}
            scheduler = DDIMScheduler(**SCHEDULE)
            scheduler.set_timesteps(self.shape.steps)
            latents = self._tensor(noise[None])
            for step in scheduler.timesteps:
                steps = step.to(self._device).expand(count)
                found = self.network(each(latents), steps, [each(one) for one in seen.features], earlier, **told)
                guess = found[-1:] if count == 1 else found[:1] + strength * (found[1:] - found[:1])
                latents = scheduler.step(guess, step, latents).prev_sample
        return np.asarray(latents[0].float().cpu().numpy())

    def show(self, picture: Bytes, place: Matrix, latents: Array) -> Bytes:
        """Turn latents (C, P, P) into a picture, and carry it to the portrait's pixels (side, side, 3) by a matrix (2, 3)."""
        return warped(as_pictures(self.coder.decode(latents[None]))[0], place, len(picture), cv2.INTER_CUBIC)


def official() -> TorchHallo:
    """Load the network that the user has put in place, with an autoencoder of Stable Diffusion 1.5's family."""
    folder = ready("hallo")
    network = HalloNetwork(SHAPES["full"])
    load(network, read_tensors(folder / "network.safetensors"), folder / "network.safetensors")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return TorchHallo(network.requires_grad_(False).to(device), load_coder(user_folder() / AUTOENCODER), Knows(folder / "face.onnx"))
