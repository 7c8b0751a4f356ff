"""Find and build a face's diffusion network by its size: the shipped one runs without torch, the others are trained or brought."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.errors import MissingExtraError, UsageError, WeightsError, unknown
from thespis.pixels.diffusion.networks import OnnxFace, TorchFace
from thespis.pixels.diffusion.shape import SHAPES, NetworkShape
from thespis.weights import user_file, user_folder

if TYPE_CHECKING:
    from thespis.pixels.diffusion.latent import Coder
    from thespis.pixels.diffusion.unet import FaceDiffusion

AUTOENCODER = "autoencoder"
"""The folder within the user's weights folder that holds a diffusers AutoencoderKL."""
CODED = "autoencoder"
"""What the file of a network of latents calls the digest of the autoencoder whose latents it learned."""


def file_of(size: str, part: str = "") -> str:
    """Name the file of a size that is trained: the network, or its expression generator with "_expression"."""
    return f"emodiffhead_{size}{part}.safetensors"


def face_network(size: str, weights: Mapping[str, Path]) -> OnnxFace | TorchFace:
    """Build the network of a size of EMOdiffhead; `weights` are those the recipe's card names."""
    if size not in SHAPES:
        raise UsageError(unknown("size of emodiffhead", size, SHAPES))
    shape = SHAPES[size]
    if size == "tiny":
        return OnnxFace(weights, shape)
    if find_spec("torch") is None:
        raise MissingExtraError(f"the size {size!r} of emodiffhead needs torch, which is not installed; run: pip install 'thespis[train]'")
    path = user_file(file_of(size))
    if not path.is_file():
        raise WeightsError(
            f"there are no weights for the size {size!r} of emodiffhead at {path}: train them "
            f"(thespis train emodiffhead --size {size} -o FOLDER) and put FOLDER/{path.name} there, "
            "or give that FOLDER with --weights, or use 'tiny', which ships"
        )
    import torch

    coder = coder_of(shape, user_folder() / AUTOENCODER) if shape.latent else None
    network = read_network(path, size)
    learned = told_of(path).get(CODED)
    if coder is not None and learned is not None and learned != coder.digest():
        raise WeightsError(
            f"{path} was trained with another autoencoder than the one in {user_folder() / AUTOENCODER}: "
            "put that one there, or train the network again"
        )
    return TorchFace(network.requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu"), coder)


def generator_of(size: str, weights: Mapping[str, Path]) -> Path:
    """Choose the expression generator of a size: the one that was trained with its network where there is one, else the one that ships."""
    if size == "tiny":
        return weights["expression"]
    own = user_file(file_of(size, "_expression"))
    return own if own.is_file() else weights["expression"]


def coder_of(shape: NetworkShape, folder: Path) -> "Coder":
    """Read the autoencoder for a network of this shape."""
    from thespis.pixels.diffusion.latent import load_coder

    coder = load_coder(folder)
    if coder.channels != shape.channels:
        raise WeightsError(
            f"the autoencoder in {folder} gives latents of {coder.channels} channels, and this network draws {shape.channels}: "
            "put the one of Stable Diffusion 1.5 or XL there, or one of their layout"
        )
    return coder


def told_of(path: Path) -> Mapping[str, str]:
    """Read what a file of weights says of itself."""
    from safetensors import safe_open

    with safe_open(path, "numpy") as file:
        return dict(file.metadata() or {})


def read_network(path: Path, size: str) -> "FaceDiffusion":
    """Read the weights that training left, of a network of this size."""
    from safetensors import SafetensorError

    try:
        return read_shape(path, SHAPES[size])
    except (OSError, SafetensorError, RuntimeError) as error:
        raise WeightsError(f"{path} does not hold an emodiffhead of the size {size!r}; train it again or choose another size") from error


def read_shape(path: Path, shape: NetworkShape) -> "FaceDiffusion":
    """Read the weights that training left, of a network of this shape; the errors are those of the reader."""
    from safetensors.torch import load_file

    from thespis.pixels.diffusion.unet import FaceDiffusion

    network = FaceDiffusion(shape)
    network.load_state_dict({name.removeprefix("network."): value for name, value in load_file(path).items()})
    network.eval()
    return network
