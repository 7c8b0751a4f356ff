"""Networks that paint mouths, in torch: latents, and an inflated network of diffusers between them. Needs the extra `train`."""

import importlib.util
from typing import Any

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
    raise MissingExtraError("painting mouths needs torch and diffusers, not installed here: pip install 'thespis[train]'")

import numpy as np
import torch
from diffusers import DDIMScheduler
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from thespis.pixels.diffusion.networks import as_numbers, as_pictures
from thespis.pixels.dub.lip_guess import FirstGuess
from thespis.pixels.dub.lip_networks import Patches, Repainted, hidden, small_mask
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.inflated import VideoNetwork, VideoShape
from thespis.types import Array, Bytes

SCHEDULE: dict[str, Any] = {
    "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": False, "set_alpha_to_one": False,
    "steps_offset": 1,
}  # fmt: skip
"""The published schedule of noise."""


def video_shape(shape: LipShape) -> VideoShape:
    """Say how large the network between the latents is."""
    return VideoShape(
        shape.enters, shape.channels, shape.widths, shape.layers, shape.heads, shape.groups, shape.told,
        plain_last=len(shape.widths) > 2, motion=shape.motion,
    )  # fmt: skip


class Lips(nn.Module):
    """The network of the size that ships: it says what the clean latents are, as a change of a first guess."""

    def __init__(self, shape: LipShape) -> None:
        """Build it; it begins as one that changes nothing."""
        super().__init__()
        self.shape = shape
        self.register_buffer("patterns", torch.zeros(shape.channels, 3 * shape.factor**2))
        self.register_buffer("middle", torch.zeros(3 * shape.factor**2))
        self.register_buffer("spread", torch.ones(()))
        self.guess = FirstGuess(shape)
        self.network = VideoNetwork(video_shape(shape))
        nn.init.zeros_(self.network.network.conv_out.weight)
        nn.init.zeros_(self.network.network.conv_out.bias)
        self.register_buffer("mask", torch.from_numpy(small_mask(shape)), persistent=False)

    def know(self, patches: Patches) -> None:
        """Take the latents."""
        self.patterns.copy_(torch.from_numpy(patches.patterns))
        self.middle.copy_(torch.from_numpy(patches.middle))
        self.spread.fill_(patches.spread)

    def encode(self, pictures: Tensor) -> Tensor:
        """Turn pictures (N, 3, side, side) from -1 to 1 into latents (N, C, H, W) of unit spread."""
        cut = pixel_unshuffle(pictures, self.shape.factor) - self.middle[:, None, None]
        made: Tensor = torch.einsum("kc,nchw->nkhw", self.patterns, cut) / self.spread
        return made

    def decode(self, latents: Tensor) -> Tensor:
        """Turn latents (N, C, H, W) into pictures (N, 3, side, side)."""
        whole = torch.einsum("kc,nkhw->nchw", self.patterns, latents * self.spread) + self.middle[:, None, None]
        made: Tensor = pixel_shuffle(whole, self.shape.factor)
        return made

    def forward(self, latents: Tensor, step: Tensor, tokens: Tensor) -> Tensor:
        """Say what is clean of latents (B, F, 3 C + 1, H, W): noisy, mask, masked and guessed ones; told (B, F, T, D) at steps (B,)."""
        guess = latents[:, :, -self.shape.channels :]
        made: Tensor = guess + self.mask * self.network(latents, step, tokens)
        return made


class TorchLips:
    """The published system: noise is what the network tells, the sampler is diffusers' DDIM; the mouth comes whole from the autoencoder."""

    keeps = False

    def __init__(self, network: VideoNetwork, coder: Any, shape: LipShape, seed: int = 0) -> None:  # noqa: ANN401 - an AutoencoderKL
        """Hold network and autoencoder."""
        self.network, self.coder, self.shape, self._seed = network.eval(), coder.eval(), shape, seed

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> Repainted:
        """Paint squares (F, side, side, 3), told (F, taps, told), from noise (channels, places, places)."""
        shape, frames = self.shape, len(squares)
        device = next(self.network.parameters()).device
        numbers = as_numbers(squares)
        with torch.no_grad():
            masked, seen = (self._encoded(torch.from_numpy(each).to(device)) for each in (hidden(numbers, shape), numbers))
            # The published network is told what stays, not what is painted.
            mask = 1 - torch.from_numpy(small_mask(shape)).to(device).expand(frames, 1, -1, -1)
            beside = torch.cat([mask, masked, seen], dim=1)
            heard = torch.from_numpy(np.ascontiguousarray(tokens)).to(device)
            told = heard[None] if strength == 1 else torch.stack([torch.zeros_like(heard), heard])
            scheduler = DDIMScheduler(**SCHEDULE)
            scheduler.set_timesteps(shape.steps)
            latents = torch.from_numpy(noise).to(device).expand(frames, -1, -1, -1)
            for step in scheduler.timesteps:
                given = torch.cat([latents, beside], dim=1)[None].expand(len(told), -1, -1, -1, -1)
                found = self.network(given, step.to(device).expand(len(told)), told)
                guess = found[0] if len(told) == 1 else found[0] + strength * (found[1] - found[0])
                latents = scheduler.step(guess, step, latents).prev_sample
            settings = self.coder.config
            drawn = torch.cat(
                [self.coder.decode(each[None] / settings.scaling_factor + (settings.shift_factor or 0.0)).sample for each in latents]
            )
        return Repainted(squares, as_pictures(drawn.float().cpu().numpy()))

    def _encoded(self, pictures: Tensor) -> Tensor:
        """Turn pictures (n, 3, side, side) into latents: the likeliest ones, so that no chance is in it."""
        settings = self.coder.config
        found = torch.cat([self.coder.encode(each[None]).latent_dist.mode() for each in pictures])
        made: Tensor = (found - (settings.shift_factor or 0.0)) * settings.scaling_factor
        return made
