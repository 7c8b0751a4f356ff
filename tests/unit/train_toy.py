"""A tiny real network for the tests of training: a denoiser of made-up motion; run as a program it trains in the folder it is given."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thespis.train import checkpoint, losses
from thespis.train.batches import Examples
from thespis.train.loop import train
from thespis.train.randomness import noise, uniform
from thespis.train.settings import Outcome, Settings
from thespis.types import Array, random_for

FRAMES, CHANNELS = 12, 4


class Denoiser(nn.Module):
    """Noisy motion (B, T, C) -> the motion; dropout makes it draw from torch too."""

    def __init__(self, dropout: float = 0.0, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.random.default_generator.manual_seed(seed)
            self.first, self.last = nn.Linear(CHANNELS + 1, 32), nn.Linear(32, CHANNELS)
            self.mixed = nn.Conv1d(32, 32, 5, padding=2, groups=32)
        self.dropout = nn.Dropout(dropout)

    def forward(self, noisy: Tensor, time: Tensor) -> Tensor:
        told = time[:, None, None].expand(-1, noisy.shape[1], 1)
        hidden = torch.nn.functional.silu(self.first(torch.cat([noisy, told], -1)))
        made: Tensor = self.last(self.dropout(hidden + self.mixed(hidden.transpose(1, 2)).transpose(1, 2)))
        return made

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        motion, time = batch["motion"], uniform(batch["seed"])
        drawn = noise(batch["seed"], FRAMES, CHANNELS)
        made = self((1 - time)[:, None, None] * motion + time[:, None, None] * drawn, time)
        parts = {"position": losses.position(made, motion), "velocity": losses.velocity(made, motion)}
        return parts["position"] + 0.5 * parts["velocity"], parts


def motions(count: int, purpose: str = "motions") -> Mapping[str, Array]:
    """Made-up motion {(count, T, C)}: waves of their own pace and phase."""
    rng = random_for(0, purpose)
    at, paces, phases = np.arange(FRAMES)[:, None], rng.uniform(0.1, 0.6, (count, 1, CHANNELS)), rng.uniform(0, 6, (count, 1, CHANNELS))
    return {"motion": np.sin(at * paces + phases).astype(np.float32)}


def toy(folder: Path, *, dropout: float = 0.0, data: Any = None, network: nn.Module | None = None, **wishes: Any) -> Outcome:
    """Train the toy with a few wishes about the settings, and with the rest of the loop's arguments."""
    names = Settings.__dataclass_fields__
    given = {"steps": 40, "batch": 8, "rate": 3e-3, "warm_up": 5, "checkpoint_every": 10, "log_every": 5, "check_every": 10, "average": 0.9}
    settings = Settings(**(given | {name: value for name, value in wishes.items() if name in names}))
    rest = {name: value for name, value in wishes.items() if name not in names}
    source = data or Examples(motions(50), settings.batch, settings.seed)
    return train(network or Denoiser(dropout), source, folder, settings, on_cpu=True, **rest)


def wait_to_be_killed(moment: str) -> None:
    """Say that the moment has come, and do nothing more."""
    print(moment, flush=True)
    time.sleep(600)


if __name__ == "__main__":
    torch.set_num_threads(1)
    sys.modules["tensorboard"] = None  # type: ignore[assignment]  # reading it takes longer than training here
    place, dropout, steps, moment = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    settle = checkpoint._settle

    def told(text: str) -> None:
        """Stop at the line that begins with the moment."""
        if moment != "writing" and text.startswith(moment):
            wait_to_be_killed(moment)

    def settled(path: Path) -> None:
        """Stop while the checkpoint of step 50 is written."""
        settle(path)
        if moment == "writing" and ".step_000000050.part" in str(path):
            wait_to_be_killed(moment)

    checkpoint._settle = settled
    toy(place, dropout=dropout, steps=steps, tell=told)
