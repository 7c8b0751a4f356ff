"""Find and build a face's diffusion network by its size: the shipped one runs without torch, the others are trained or brought."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.errors import MissingExtraError, UsageError, WeightsError, unknown
from thespis.pixels.diffusion.networks import OnnxFace, TorchFace
from thespis.pixels.diffusion.shape import SHAPES, NetworkShape
from thespis.weights import user_folder

if TYPE_CHECKING:
    from thespis.pixels.diffusion.unet import FaceDiffusion

AUTOENCODER = "autoencoder"
"""The folder within the user's weights folder that holds a diffusers AutoencoderKL."""


def face_network(size: str, weights: Mapping[str, Path]) -> OnnxFace | TorchFace:
    """Build the network of a size of EMOdiffhead; `weights` are those the recipe's card names."""
    if size not in SHAPES:
        raise UsageError(unknown("size of emodiffhead", size, SHAPES))
    shape = SHAPES[size]
    if size == "tiny":
        return OnnxFace(weights, shape)
    if find_spec("torch") is None:
        raise MissingExtraError(f"the size {size!r} of emodiffhead needs torch, which is not installed; run: pip install 'thespis[train]'")
    path = user_folder() / f"emodiffhead_{size}.safetensors"
    if not path.is_file():
        raise WeightsError(
            f"there are no weights for the size {size!r} of emodiffhead at {path}: train them "
            f"(thespis train emodiffhead --size {size} -o FOLDER) and put FOLDER/network.safetensors there, or use 'tiny', which ships"
        )
    from thespis.pixels.diffusion.latent import load_coder

    coder = load_coder(user_folder() / AUTOENCODER) if shape.channels != 3 else None
    return TorchFace(read_network(path, size), coder)


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
