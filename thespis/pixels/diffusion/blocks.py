"""The parts of video diffusion networks: conditional residual blocks, attention over time and to a reference. Needs the extra `train`.

Shapes: B sequences, F frames, N = B * F pictures, C channels, H and W places, D numbers of a condition.
"""

import importlib.util
import math

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("networks of video diffusion need torch, which is not installed; run: pip install 'thespis[train]'")

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle, scaled_dot_product_attention, silu


def groups(width: int) -> int:
    """Choose how many groups of channels are normalised together: of at least eight channels each."""
    return math.gcd(max(width // 8, 1), width)


def waves(position: Tensor, width: int, slowest: float = 10_000.0) -> Tensor:
    """Write numbers (B,) as waves of `width` rates (B, width), so that a network can tell near ones apart."""
    rates = torch.exp(torch.arange(width // 2, device=position.device) * (-math.log(slowest) / (width // 2)))
    angles = position.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


class ConditionalBlock(nn.Module):
    """A residual block whose second half is scaled and shifted by a condition: h' = (1 + s(c)) * norm(h) + b(c)."""

    def __init__(self, width: int, condition: int, made: int | None = None) -> None:
        """Turn `width` channels into `made` (as many, unless said)."""
        super().__init__()
        out = made or width
        self.first_norm, self.first = nn.GroupNorm(groups(width), width), nn.Conv2d(width, out, 3, padding=1)
        self.told = nn.Linear(condition, 2 * out)
        self.norm, self.second = nn.GroupNorm(groups(out), out), nn.Conv2d(out, out, 3, padding=1)
        self.skip = nn.Identity() if out == width else nn.Conv2d(width, out, 1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, pictures: Tensor, condition: Tensor) -> Tensor:
        """Change pictures (N, C, H, W) by conditions (N, D)."""
        hidden = self.first(silu(self.first_norm(pictures)))
        scale, shift = self.told(silu(condition))[:, :, None, None].chunk(2, dim=1)
        hidden = self.second(silu(self.norm(hidden) * (1 + scale) + shift))
        made: Tensor = self.skip(pictures) + hidden
        return made


class Attention(nn.Module):
    """Let tokens look at others, as an addition that begins at nothing."""

    def __init__(self, width: int, heads: int) -> None:
        """Choose the width of a token and the number of heads."""
        super().__init__()
        self.heads = heads
        self.norm, self.near = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ask, self.know, self.out = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, tokens: Tensor, others: Tensor) -> Tensor:
        """Add to tokens (B, T, C) what they find in others (B, S, C)."""
        rows, count, width = tokens.shape
        seen = others.shape[1]
        asked = self.ask(self.norm(tokens)).reshape(rows, count, self.heads, -1).transpose(1, 2)
        known = self.know(self.near(others)).reshape(rows, seen, 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        found = scaled_dot_product_attention(asked, known[0], known[1])
        made: Tensor = tokens + self.out(found.transpose(1, 2).reshape(rows, count, width))
        return made


class OverTime(nn.Module):
    """Attention of every place to itself in the other frames of its sequence."""

    def __init__(self, width: int, heads: int, frames: int) -> None:
        """Learn a place in time for each of up to `frames` frames."""
        super().__init__()
        self.attention = Attention(width, heads)
        self.places = nn.Parameter(torch.zeros(frames, width))
        self.frames = frames

    def forward(self, pictures: Tensor) -> Tensor:
        """Change pictures (B * F, C, H, W)."""
        count, width, high, wide = pictures.shape
        tokens = pictures.reshape(-1, self.frames, width, high * wide).permute(0, 3, 1, 2).reshape(-1, self.frames, width)
        placed = tokens + self.places
        found = self.attention(placed, placed) - self.places
        back = found.reshape(-1, high * wide, self.frames, width).permute(0, 2, 3, 1)
        return back.reshape(count, width, high, wide)


class ToReference(nn.Module):
    """Attention of every place to all places of the reference picture's features."""

    def __init__(self, width: int, heads: int, side: int) -> None:
        """Learn where each of `side` x `side` places is, for both pictures."""
        super().__init__()
        self.attention = Attention(width, heads)
        self.places = nn.Parameter(torch.randn(side * side, width) * 0.1)

    def forward(self, pictures: Tensor, reference: Tensor, frames: int) -> Tensor:
        """Change pictures (B * F, C, H, W) by references (B, C, H, W)."""
        count, width, high, wide = pictures.shape
        tokens = pictures.flatten(2).transpose(1, 2) + self.places
        known = (reference.flatten(2).transpose(1, 2) + self.places)[:, None].expand(-1, frames, -1, -1)
        found = self.attention(tokens, known.reshape(count, high * wide, width)) - self.places
        return found.transpose(1, 2).reshape(count, width, high, wide)


def fold(pictures: Tensor, times: int) -> Tensor:
    """Fold pictures (N, C, H, W) into (N, C * times², H / times, W / times)."""
    return pictures if times == 1 else pixel_unshuffle(pictures, times)


def unfold(pictures: Tensor, times: int) -> Tensor:
    """Undo `fold`."""
    return pictures if times == 1 else pixel_shuffle(pictures, times)


def larger(pictures: Tensor) -> Tensor:
    """Double pictures (N, C, H, W) in both directions, place by place."""
    return interpolate(pictures, scale_factor=2.0, mode="nearest")
