"""Randomness of a training: a function of seed, step and row, so that neither a restart nor the number of processes changes it."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from thespis.types import random_for

LARGEST = 2**63 - 1


def row_seeds(seed: int, step: int, first: int, stop: int) -> NDArray[np.int64]:
    """Give the seeds (stop - first,) int64 of rows `first` to `stop` of one step's batch; held-out rows belong to step -1."""
    drawn = random_for(seed, f"rows of training step {step}").integers(LARGEST, size=stop)
    return drawn[first:]


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Let torch draw from `seed` within the block, as dropout does, and leave its global state as it was."""
    cuda = device.type == "cuda"
    with torch.random.fork_rng(devices=[device] if cuda else []):
        torch.random.default_generator.manual_seed(seed)
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


def noise(seeds: Tensor, *shape: int) -> Tensor:
    """Draw normal noise (B, *shape) for rows with seeds (B,): the same for a row wherever in whatever batch it stands."""
    drawn = [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds.tolist()]
    return torch.stack(drawn).to(seeds.device)


def uniform(seeds: Tensor) -> Tensor:
    """Draw one number (B,) from 0 to 1 for rows with seeds (B,), not the ones that `noise` begins with."""
    drawn = [np.random.default_rng([seed, 1]).random() for seed in seeds.tolist()]
    return torch.tensor(drawn, dtype=torch.float32, device=seeds.device)
