"""StableSyncNet: whether lips and voice belong together, told from pixels, for supervising what draws lips (LatentSync, 2024).

Two towers of residual blocks, some with attention, turn frames of the lower face and a mel spectrogram into directions; where both
belong together they point the same way. Parameters have their published names. Needs the extra `train`.
"""

import importlib.util
from dataclasses import dataclass

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None or importlib.util.find_spec("diffusers") is None:
    raise MissingExtraError("the sync network needs torch and diffusers, not installed here: pip install 'thespis[train]'")

import torch
from diffusers.models.attention import FeedForward
from torch import Tensor, nn
from torch.nn.functional import normalize, pad, relu, scaled_dot_product_attention, silu

Step = int | tuple[int, int]
HEADS = 8


@dataclass(frozen=True)
class TowerShape:
    """One tower: channels that enter, widths of its blocks, by how much each shrinks (high, wide), and which attend (1) or not (0)."""

    enters: int
    widths: tuple[int, ...]
    steps: tuple[Step, ...]
    attends: tuple[int, ...]
    groups: int = 32


@dataclass(frozen=True)
class SyncShape:
    """Both towers; `frames` of the lower half of squares of `side` pixels, and `rows` of `bands` of sound, 80 rows a second."""

    voice: TowerShape
    lips: TowerShape
    frames: int = 16
    side: int = 256
    rows: int = 52
    bands: int = 80


PUBLISHED = SyncShape(
    TowerShape(1, (32, 64, 128, 256, 512, 1024, 2048), ((2, 1), 2, 2, 1, 2, 2, (2, 3)), (0, 0, 0, 1, 1, 0, 0)),
    TowerShape(48, (64, 128, 256, 256, 512, 1024, 2048, 2048), ((1, 2), 2, 2, 2, 2, 2, 2, 2), (0, 0, 0, 0, 1, 1, 0, 0)),
)


class Shrinking(nn.Module):
    """A residual block that may shrink what it gives."""

    def __init__(self, enters: int, width: int, step: Step, groups: int) -> None:
        """Build the layers; a step of (1, 2) shrinks across only."""
        super().__init__()
        self.norm1, self.conv1 = nn.GroupNorm(groups, enters, eps=1e-6), nn.Conv2d(enters, width, 3, padding=1)
        self.norm2, self.conv2 = nn.GroupNorm(groups, width, eps=1e-6), nn.Conv2d(width, width, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(enters, width, 1) if enters != width else None
        self.downsample_conv = nn.Conv2d(width, width, 3, stride=step) if step != 1 else None
        high, wide = step if isinstance(step, tuple) else (step, step)
        # Where a direction keeps its length it is padded at both ends, else at its end alone.
        self.room = (1 if wide == 1 else 0, 1, 1 if high == 1 else 0, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Change pictures (B, C, H, W)."""
        hidden = self.conv2(silu(self.norm2(self.conv1(silu(self.norm1(pictures))))))
        hidden = hidden + (pictures if self.conv_shortcut is None else self.conv_shortcut(pictures))
        if self.downsample_conv is not None:
            hidden = self.downsample_conv(pad(hidden, self.room))
        made: Tensor = hidden
        return made


class Attention(nn.Module):
    """Attention among places."""

    def __init__(self, width: int) -> None:
        """Build the layers."""
        super().__init__()
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, rows: Tensor) -> Tensor:
        """Let rows (B, T, C) look at each other."""
        asked, known, told = (layer(rows).unflatten(-1, (HEADS, -1)).transpose(1, 2) for layer in (self.to_q, self.to_k, self.to_v))
        made: Tensor = self.to_out[0](scaled_dot_product_attention(asked, known, told).transpose(1, 2).flatten(2))
        return made


class Attending(nn.Module):
    """A block in which places look at each other."""

    def __init__(self, width: int, groups: int) -> None:
        """Build the layers."""
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, width, eps=1e-6)
        self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.ff = FeedForward(width)
        self.conv_in, self.conv_out = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.attn = Attention(width)

    def forward(self, pictures: Tensor) -> Tensor:
        """Change pictures (B, C, H, W)."""
        rows = self.conv_in(self.norm1(pictures)).flatten(2).transpose(1, 2)
        rows = rows + self.attn(self.norm2(rows))
        rows = rows + self.ff(self.norm3(rows))
        made: Tensor = pictures + self.conv_out(rows.transpose(1, 2).unflatten(2, pictures.shape[2:]))
        return made


class Tower(nn.Module):
    """From pictures, or sound as a picture, to a direction."""

    def __init__(self, shape: TowerShape) -> None:
        """Build the blocks."""
        super().__init__()
        self.conv_in = nn.Conv2d(shape.enters, shape.widths[0], 3, padding=1)
        blocks: list[nn.Module] = []
        for before, width, step, attends in zip((shape.widths[0], *shape.widths), shape.widths, shape.steps, shape.attends, strict=False):
            blocks.append(Shrinking(before, width, step, shape.groups))
            blocks += [Attending(width, shape.groups)] if attends else []
        self.down_blocks = nn.ModuleList(blocks)
        self.norm_out = nn.GroupNorm(shape.groups, shape.widths[-1], eps=1e-6)

    def forward(self, pictures: Tensor) -> Tensor:
        """See (B, C, H, W) -> (B, D)."""
        hidden = self.conv_in(pictures)
        for block in self.down_blocks:
            hidden = block(hidden)
        return normalize(relu(self.norm_out(hidden)).flatten(1), dim=1)


class SyncNet(nn.Module):
    """Both towers."""

    def __init__(self, shape: SyncShape = PUBLISHED) -> None:
        """Build them."""
        super().__init__()
        self.shape = shape
        self.audio_encoder, self.visual_encoder = Tower(shape.voice), Tower(shape.lips)

    def forward(self, lips: Tensor, voice: Tensor) -> tuple[Tensor, Tensor]:
        """Embed frames beside each other (B, 3 F, H / 2, W) and mel (B, 1, bands, rows) -> directions (B, D) of lips and of voice."""
        return self.visual_encoder(lips), self.audio_encoder(voice)

    def lower(self, pictures: Tensor) -> Tensor:
        """Put the lower halves of frames (B, F, 3, H, W) beside each other -> (B, 3 F, H / 2, W)."""
        return pictures[..., pictures.shape[-2] // 2 :, :].flatten(1, 2)


def likeness(lips: Tensor, voice: Tensor) -> Tensor:
    """Tell how likely directions (B, D) of lips and voice belong together (B,), from 0 to 1: both have no negative numbers."""
    made: Tensor = torch.sum(lips * voice, dim=1).clamp(0, 1)
    return made
