"""LatentSync as it is published: its parameters, loaded strictly, and its way of hearing by Whisper. Needs the extra `train`."""

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MissingExtraError, WeightsError

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
    raise MissingExtraError("LatentSync as published needs torch and diffusers, not installed here: pip install 'thespis[train]'")

import torch
from torch import nn

from thespis.features.alignment import Seconds, nearest
from thespis.pixels.diffusion.latent import load_coder
from thespis.pixels.dub.lip_shape import SHAPES, LipShape
from thespis.pixels.dub.lip_torch import TorchLips, video_shape
from thespis.pixels.dub.syncnet import SyncNet
from thespis.pixels.inflated import VideoNetwork, adopt
from thespis.types import Array
from thespis.weights import read_tensors, ready, user_folder

STATES = (0, 1, 2, 3, 4)
"""The states of Whisper's encoder that are heard: what enters it, and what each of the four layers says."""
HEARD_RATE, BEFORE, AFTER = 50, 4, 5  # rows of Whisper a second, and how many around a frame are told with it
AUTOENCODER = "autoencoder"


@dataclass(frozen=True)
class Heard:
    """Put Whisper's rows from four before to five after each frame beside each other, as the published network hears them."""

    first = False

    def size(self, width: int) -> int:
        """Ten rows' worth."""
        return width * (BEFORE + AFTER + 1)

    def rate(self, fps: Fraction) -> Fraction:
        """One row a frame."""
        return fps

    def __call__(self, rows: Array, times: Seconds, frames: Sequence[int], fps: Fraction) -> Array:
        """Gather rows (n, width) at `times` (n,) around each frame; before the beginning the first one is repeated."""
        middle = np.array([int(frame * HEARD_RATE / fps) for frame in frames])[:, None]
        wanted = np.maximum(middle + np.arange(-BEFORE, AFTER + 1), 0) / HEARD_RATE
        return np.asarray(rows[nearest(times, wanted.reshape(-1))].reshape(len(frames), -1))


def whole_tokens(rows: Array, shape: LipShape) -> Array:
    """Take rows apart into tokens (frames, taps, told): each moment's states one after the other."""
    return rows[: shape.frames].reshape(shape.frames, shape.taps, shape.told)


def held_in(path: Path) -> dict[str, Any]:
    """Read the parameters of a published file, which lie under `state_dict`."""
    held = read_tensors(path)
    found: dict[str, Any] = held.get("state_dict", held)
    return {name.removeprefix("module."): value for name, value in found.items()}


def converted(files: Mapping[str, Path], folder: Path, shape: LipShape = SHAPES["full"]) -> None:
    """Check that the published networks fit, and write their parameters into a folder."""
    from safetensors.torch import save_file

    for name, path in files.items():
        with torch.device("meta"):
            network: nn.Module = SyncNet() if name.startswith("syncnet") else VideoNetwork(video_shape(shape))
        held = held_in(path)
        own = network.state_dict()
        wrong = apart(own, held) if isinstance(network, SyncNet) else adopt(network, held, check_only=True)
        if wrong:
            raise WeightsError(f"{path} does not fit LatentSync: {'; '.join(wrong[:3])}; get the official file again")
        save_file({key: value.contiguous().clone() for key, value in held.items()}, folder / f"{name}.part")
        (folder / f"{name}.part").replace(folder / name)


def apart(own: Mapping[str, Any], held: Mapping[str, Any]) -> list[str]:
    """Say in what two sets of parameters differ by name or shape."""
    wrong = [f"{name} is missing" for name in own if name not in held] + [f"{name} is unknown" for name in held if name not in own]
    return wrong + [
        f"{name} has the shape {tuple(held[name].shape)}, not {tuple(value.shape)}"
        for name, value in own.items()
        if name in held and held[name].shape != value.shape
    ]


def official(size: str) -> TorchLips:
    """Load the network that the user has put in place, with an autoencoder of Stable Diffusion 1.5's family."""
    shape = SHAPES[size]
    name = "latentsync" if size == "full" else "latentsync512"
    path = ready(name) / "network.safetensors"
    network = VideoNetwork(video_shape(shape))
    wrong = adopt(network, read_tensors(path))
    if wrong:
        raise WeightsError(f"{path} does not fit LatentSync: {'; '.join(wrong[:3])}; put it in place again")
    coder = load_coder(user_folder() / AUTOENCODER)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    return TorchLips(network.requires_grad_(False).to(device), coder.autoencoder.requires_grad_(False).to(device), shape)
