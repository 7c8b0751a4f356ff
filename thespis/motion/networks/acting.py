"""The motion denoiser in torch: from what was acted, heard, felt and asked so far to the next row of controls, by a few steps of a flow.

A causal transformer reads the last WINDOW rows; a small network turns noise into the change to the next row under what was read (as in
autoregressive diffusion without quantisation). Eyes jump and rest: whether they jump now, and whether a blink begins, are chances of their
own, and where they jump to is another flow. What it learned is run by `motion/actor.py` without torch. Needs the extra `train`.
Shapes: B examples, T rows.
"""

import importlib.util
from collections.abc import Mapping

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("the motion denoiser needs torch to learn, which is not installed; run: pip install 'thespis[train]'")

import torch
from torch import Tensor, nn
from torch.nn import functional

from thespis.motion.spaces.acting import CONTROLS, LOOK, STYLE
from thespis.motion.voiced import HEARD
from thespis.types import EMOTION

WINDOW = 32
"""Rows that are read: four seconds."""
SOON, LATE = 1, 3
"""Rows by which the voice is heard later than it sounds: where there is time to wait for it, and where the answer must not wait."""
STEPS = 4
"""Steps of the flow once it is distilled."""
LOOKED = len(LOOK)
BODY = CONTROLS.size - LOOKED
READ = 2 * CONTROLS.size + 1 + HEARD.size + EMOTION.size + 1 + STYLE.size + 1 + 1


class Block(nn.Module):
    """Attention to rows that are not later, and a hidden layer."""

    def __init__(self, width: int, heads: int) -> None:
        """Choose the sizes."""
        super().__init__()
        self.heads, self.drop = heads, nn.Dropout(0.1)
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked, self.mixed = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 3 * width), nn.Linear(3 * width, width)

    def forward(self, rows: Tensor, mask: Tensor) -> Tensor:
        """Read rows (B, T, width) under a mask (T, T) that is added to the attention."""
        batch, count, width = rows.shape
        query, key, value = self.asked(self.before(rows)).view(batch, count, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        near = (query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5 + mask).softmax(dim=-1)
        rows = rows + self.drop(self.mixed((near @ value).transpose(1, 2).reshape(batch, count, width)))
        changed: Tensor = rows + self.drop(self.narrow(functional.gelu(self.wide(self.after(rows)))))
        return changed


class Flow(nn.Module):
    """How noisy changes (..., size) flow at a time from 0 (noise) to 1, under what was read (..., width)."""

    def __init__(self, width: int, size: int, hidden: int, layers: int = 2) -> None:
        """Choose the sizes."""
        super().__init__()
        self.enter, self.told = nn.Linear(size, hidden), nn.Linear(width + 8, hidden)
        self.norms = nn.ModuleList(nn.LayerNorm(hidden, elementwise_affine=False) for _ in range(layers))
        self.scales = nn.ModuleList(nn.Linear(hidden, 2 * hidden) for _ in range(layers))
        self.wide = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.narrow = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.leave = nn.Linear(hidden, size)

    def forward(self, noisy: Tensor, time: Tensor, read: Tensor) -> Tensor:
        """Give the speed (..., size) at times (..., 1)."""
        waves = torch.cat(
            [torch.sin(time * 3.1416 * k) for k in (0.5, 1, 2, 4)] + [torch.cos(time * 3.1416 * k) for k in (0.5, 1, 2, 4)], -1
        )
        told = functional.silu(self.told(torch.cat([read, waves], dim=-1)))
        rows = self.enter(noisy)
        for norm, scales, wide, narrow in zip(self.norms, self.scales, self.wide, self.narrow, strict=True):
            scale, shift = scales(told).chunk(2, dim=-1)
            rows = rows + narrow(functional.silu(wide(norm(rows) * (1 + scale) + shift)))
        made: Tensor = self.leave(rows)
        return made


class Acting(nn.Module):
    """The whole denoiser; `place` and `spread` (CONTROLS.size,) are mean and spread of controls, `change` the spread of their changes."""

    place: Tensor
    spread: Tensor
    change: Tensor
    mask: Tensor

    def __init__(self, width: int = 96, layers: int = 4, heads: int = 4) -> None:
        """Choose the sizes."""
        super().__init__()
        self.enter, self.rows = nn.Linear(READ, width), nn.Parameter(0.02 * torch.randn(WINDOW, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.events = nn.LayerNorm(width), nn.Linear(width, 2)
        self.flows = nn.ModuleDict({"body": Flow(width, BODY, 160), "look": Flow(width, LOOKED, 64)})
        for name, value in (("place", 0.0), ("spread", 1.0), ("change", 1.0)):
            self.register_buffer(name, torch.full((CONTROLS.size,), value))
        self.register_buffer("mask", torch.full((WINDOW, WINDOW), -1e4).triu(1), persistent=False)

    def read(self, given: Mapping[str, Tensor]) -> Tensor:
        """Read what is `given` of every row (B, T, ...) -> (B, T, width).

        `past` and `before` are the controls of the row before and of the one before that, `shut` whether a blink began in the row before;
        `heard`, `emotion`, `listening` and `style` are those of the row; `level` is how noisy the past is told, `late` 1 where the
        voice is told LATE and not SOON rows later.
        """
        past, before = given["past"], given["before"]
        told = [
            (past - self.place) / self.spread, (past - before) / self.change, given["shut"], given["heard"], given["emotion"],
            given["listening"], given["style"], given["level"], given["late"],
        ]  # fmt: skip
        count = past.shape[1]
        rows = self.enter(torch.cat(told, dim=-1)) + self.rows[:count]
        for block in self.blocks:
            rows = block(rows, self.mask[:count, :count])
        made: Tensor = self.norm(rows)
        return made

    def forward(self, given: Mapping[str, Tensor], noise: Tensor) -> tuple[Tensor, Tensor]:
        """Make the next row of controls (B, CONTROLS.size) from noise of that size, and the chances of a blink and of a jump (B, 2).

        Where the eyes look holds only if they jump.
        """
        read = self.read(given)[:, -1]
        parts = [follow(flow, part, read)[-1] for flow, part in zip(self.flows.values(), noise.split([BODY, LOOKED], dim=-1), strict=True)]
        return given["past"][:, -1] + torch.cat(parts, dim=-1) * self.change, torch.sigmoid(self.events(read))


def follow(flow: Flow, noise: Tensor, read: Tensor, steps: int = STEPS) -> list[Tensor]:
    """Follow a flow from noise (..., size) in so many steps, and give every stop: the last is the change in its spread."""
    stops = [noise]
    for step in range(steps):
        time = torch.full_like(noise[..., :1], step / steps)
        stops.append(stops[-1] + flow(stops[-1], time, read) / steps)
    return stops


assert CONTROLS.names[BODY:] == LOOK
