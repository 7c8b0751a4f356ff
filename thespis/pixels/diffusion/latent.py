"""Pictures as latents and back, by a variational autoencoder of diffusers that the user brings. Needs the extra `train`."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MissingExtraError, WeightsError
from thespis.types import Array


class Coder:
    """Turns numbers (n, 3, h, w) from -1 to 1 into latents (n, c, h / factor, w / factor) of about unit size, and back."""

    def __init__(self, autoencoder: Any) -> None:  # noqa: ANN401 - diffusers' AutoencoderKL
        """Hold an autoencoder."""
        self.autoencoder = autoencoder
        self.channels = int(autoencoder.config.latent_channels)
        self.factor = 2 ** (len(autoencoder.config.block_out_channels) - 1)

    def encode(self, numbers: Array) -> Array:
        """Give the mean latent of each picture, one after the other, so that memory stays small."""
        import torch

        with torch.no_grad():
            found = [self.autoencoder.encode(torch.from_numpy(each[None])).latent_dist.mean for each in numbers]
        return np.asarray(torch.cat(found) * self.autoencoder.config.scaling_factor, np.float32)

    def decode(self, latents: Array) -> Array:
        """Give the picture of each latent."""
        import torch

        with torch.no_grad():
            found = [
                self.autoencoder.decode(torch.from_numpy(each[None]) / self.autoencoder.config.scaling_factor).sample for each in latents
            ]
        return np.asarray(torch.cat(found), np.float32)


def load_coder(folder: Path) -> Coder:
    """Read the autoencoder of a folder as diffusers saves it; nothing is ever fetched."""
    absent = [name for name in ("torch", "diffusers") if find_spec(name) is None]
    if absent:
        raise MissingExtraError(f"latent diffusion needs {' and '.join(absent)}, not installed here: pip install 'thespis[train]'")
    if not (folder / "config.json").is_file():
        raise WeightsError(
            f"there is no autoencoder in {folder}: put the folder of a diffusers AutoencoderKL there "
            "(config.json and diffusion_pytorch_model.safetensors, such as the one of Stable Diffusion 1.5); its licence is yours to keep"
        )
    from diffusers import AutoencoderKL

    try:
        return Coder(AutoencoderKL.from_pretrained(str(folder), local_files_only=True, use_safetensors=True).eval())
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"the autoencoder in {folder} cannot be read ({reason}); put a whole folder of a diffusers AutoencoderKL there"
        ) from error
