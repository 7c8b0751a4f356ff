"""Ditto's denoiser beside the official one, both at the published size."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import torch

from thespis.apps.against import Part, drawn, some
from thespis.motion.networks.ditto import OFFICIAL
from thespis.motion.networks.ditto_torch import DittoNetwork, convert

CODE = "github.com/antgroup/ditto-talkinghead (it needs einops)"
FULL = {"nfeats": 265, "seq_len": 80, "latent_dim": 512, "ff_size": 1024, "num_layers": 8, "num_heads": 8, "cond_feature_dim": 1103}


def network(sizes: dict[str, int]) -> Any:  # noqa: ANN401 - an official Module
    """Build the official denoiser of these sizes; its clone must be importable."""
    module = import_module("core.models.modules.lmdm_modules.model")
    return module.MotionDecoder(**sizes, activation=torch.nn.functional.gelu).eval()


def parts(device: str) -> Iterator[Part]:
    """Give one step of the sampler with guidance: two rows of 80 frames."""
    official = drawn(network(FULL))
    ours = DittoNetwork(OFFICIAL).eval()
    ours.load_state_dict(convert(official.state_dict()))
    official, ours = official.to(device), ours.to(device)
    given = some("noisy", 2, 80, 265, device=device), some("before", 2, 265, device=device), some("told", 2, 80, 1103, device=device)
    step, told = torch.tensor([731, 731], device=device), torch.ones(2, device=device)
    yield Part("denoiser, one guided step of 80 frames", lambda: ours(*given, step, told), lambda: official(*given, step, 0))
