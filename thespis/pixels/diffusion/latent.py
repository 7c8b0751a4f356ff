"""Pictures as latents and back, by a variational autoencoder of diffusers that the user brings. Needs the extra `train`."""

import hashlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MissingExtraError, WeightsError
from thespis.types import Array


class Coder:
    """Turns numbers (n, 3, h, w) from -1 to 1 into latents (n, c, h / factor, w / factor) of about unit size, and back.

    Both are computed on the device of the autoencoder.
    """

    def __init__(self, autoencoder: Any) -> None:  # noqa: ANN401 - diffusers' AutoencoderKL
        """Hold an autoencoder."""
        self.autoencoder = autoencoder
        self.channels = int(autoencoder.config.latent_channels)
        self.factor = 2 ** (len(autoencoder.config.block_out_channels) - 1)

    def encode(self, numbers: Array) -> Array:
        """Give the mean latent of each picture, one after the other, so that memory stays small."""
        return self._each(numbers, lambda given: self.autoencoder.encode(given).latent_dist.mean * self.autoencoder.config.scaling_factor)

    def decode(self, latents: Array) -> Array:
        """Give the picture of each latent."""
        return self._each(latents, lambda given: self.autoencoder.decode(given / self.autoencoder.config.scaling_factor).sample)

    def _each(self, values: Array, turned: Callable[[Any], Any]) -> Array:
        """Turn rows (n, ...) one after the other."""
        import torch

        device = self.autoencoder.device
        with torch.no_grad():
            found = [turned(torch.from_numpy(np.ascontiguousarray(each[None], np.float32)).to(device)).cpu() for each in values]
        return np.asarray(torch.cat(found), np.float32)

    def digest(self) -> str:
        """Tell this autoencoder from any other by what its numbers are, in whichever files they came."""
        found = hashlib.sha256(repr(float(self.autoencoder.config.scaling_factor)).encode())
        for _, value in sorted(self.autoencoder.state_dict().items()):
            found.update(np.asarray(value.float().cpu().numpy(), np.float32, order="C").tobytes())
        return found.hexdigest()


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
    import torch
    from diffusers import AutoencoderKL

    try:
        found = AutoencoderKL.from_pretrained(str(folder), local_files_only=True, use_safetensors=True)
        return Coder(found.eval().requires_grad_(False).to("cuda" if torch.cuda.is_available() else "cpu"))
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise WeightsError(
            f"the autoencoder in {folder} cannot be read ({reason}); put a whole folder of a diffusers AutoencoderKL there"
        ) from error
