"""How fast the loop trains on this machine: a denoiser of motion with a million parameters, 32 stretches of 100 frames a step."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu

from thespis.motion.spaces.face import FACE
from thespis.train.batches import Examples, Rows
from thespis.train.loop import train
from thespis.train.losses import position, velocity
from thespis.train.randomness import noise, uniform
from thespis.train.settings import Settings
from thespis.types import random_for

BATCH, FRAMES, WIDTH, PARAMETERS = 32, 100, 256, 1_000_000
WARM = 5  # steps before the clock starts


class Block(nn.Module):
    """Mixing over time, then over channels; over time by a matrix, since gradients of grouped convolutions are slow on a CPU."""

    def __init__(self, tokens: int) -> None:
        """Make the layers."""
        super().__init__()
        self.over_time = nn.Linear(tokens, tokens)
        self.norm, self.wide, self.narrow = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:  # (B, tokens, WIDTH)
        """Add both."""
        x = x + self.over_time(x.transpose(1, 2)).transpose(1, 2)
        added: Tensor = self.narrow(gelu(self.wide(self.norm(x))))
        return x + added


class MotionDenoiser(nn.Module):
    """Noisy motion (B, T, C) and the share of noise (B,) -> the motion; `stride` frames are thought about together as one token."""

    def __init__(self, channels: int, stride: int = 1) -> None:
        """Make as many blocks as give about a million parameters."""
        super().__init__()
        self.stride = stride
        self.first, self.time = nn.Linear(channels * stride, WIDTH), nn.Linear(1, WIDTH)
        self.last = nn.Linear(WIDTH, channels * stride)
        ends = sum(parameter.numel() for parameter in self.parameters())
        one = sum(parameter.numel() for parameter in Block(FRAMES // stride).parameters())
        self.blocks = nn.ModuleList(Block(FRAMES // stride) for _ in range(max(1, round((PARAMETERS - ends) / one))))

    def forward(self, noisy: Tensor, share: Tensor) -> Tensor:
        """Take the noise away."""
        batch, frames, channels = noisy.shape
        x = self.first(noisy.reshape(batch, frames // self.stride, channels * self.stride)) + self.time(share[:, None])[:, None]
        for block in self.blocks:
            x = block(x)
        made: Tensor = self.last(x).reshape(batch, frames, channels)
        return made

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge position and movement of the motion that was found."""
        motion, share = batch["motion"], uniform(batch["seed"])
        drawn = noise(batch["seed"], *motion.shape[1:])
        mixed = torch.lerp(motion, drawn, share[:, None, None])
        made = self(mixed, share).float()
        parts = {"position": position(made, motion), "velocity": velocity(made, motion)}
        return parts["position"] + parts["velocity"], parts


class Timed:
    """Examples that note when the rows of some steps are asked for."""

    def __init__(self, inner: Examples) -> None:
        """Wrap them."""
        self.inner, self.size = inner, inner.size
        self.asked: dict[int, tuple[float, float]] = {}

    def rows(self, step: int, first: int, stop: int) -> Rows:
        """Note the clock and the processor's time, and give the rows."""
        self.asked[step] = (time.perf_counter(), time.process_time())
        return self.inner.rows(step, first, stop)


def peak() -> float:
    """Measure multiplications and additions of a matrix product as the network has it, in 10^9 a second of one core."""
    a, b = torch.randn(BATCH * FRAMES, WIDTH), torch.randn(WIDTH, 2 * WIDTH)
    for _ in range(3):
        a @ b
    begun, rounds = time.process_time(), 20
    for _ in range(rounds):
        a @ b
    return float(2 * rounds * a.numel() * b.shape[1] / (time.process_time() - begun) / 1e9)


def measure(stride: int, steps: int, on_cpu: bool = True) -> dict[str, Any]:
    """Train for some steps after a few to get warm: steps a second by the clock and for each second of a core, and what a step computes."""
    motion = random_for(0, "motion for measuring").normal(size=(256, FRAMES, FACE.size)).astype("float32")
    source = Timed(Examples({"motion": motion}, BATCH))
    network = MotionDenoiser(FACE.size, stride)
    total = WARM + steps + 1
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(steps=total, batch=BATCH, log_every=total, checkpoint_every=total)
        train(network, source, Path(folder) / "speed", settings, on_cpu=on_cpu)
    wall, worked = (late - early for late, early in zip(source.asked[WARM + steps], source.asked[WARM], strict=True))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    # Each parameter takes part in a multiplication and an addition forward, and in two of each backward, for each token.
    operations = 6 * parameters * BATCH * FRAMES // stride / 1e9
    return {
        "frames_a_token": stride,
        "parameters": parameters,
        "steps_a_second": round(steps / wall, 2),
        "steps_a_core_second": round(steps / worked, 2),
        "billions_a_step": round(operations, 2),
        "billions_a_core_second": round(operations * steps / worked, 1),
    }
