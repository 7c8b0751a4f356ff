"""The first guess of a mouth that says something else: where each pixel of the square comes from, and what is laid over it.

Lips are the person's own, moved; only what opens or closes between them is painted. Needs the extra `train`.
"""

from dataclasses import dataclass

import cv2
import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, pixel_shuffle, pixel_unshuffle, silu

from thespis.pixels.dub.align import painted, softened
from thespis.pixels.dub.lip_shape import LipShape

WIDTHS = (24, 48, 64)
HEARD = 96  # numbers in which the voice around a frame is told
FARTHEST = 12.0  # pixels that a pixel can come from
BRIGHTEST = 1.6  # what is laid over may be brighter than white in even light, since dark skin is made lighter there
ENLARGED = 1.25
"""At work lips move farther than guessed: the mean of all that could be lies nearer to the mouth as it is than what is so. (Measured: of
people nobody learned from lips opened 0.85 times as far as they should, so they do 0.91 times; thicker paint between them would make that
0.97, but veils lips that close.)"""
COVERED = -4.0  # what is laid over is hardly seen before anything is learned


@dataclass(frozen=True, eq=False)
class Guessed:
    """Squares (N, 3, S, S) whose pixels were `moved`, the same with what is `laid` over them, and where they come from (N, 2, S, S)."""

    moved: Tensor
    laid: Tensor
    flow: Tensor


class Told(nn.Module):
    """A layer that is told the voice: what it makes is scaled and shifted."""

    def __init__(self, enters: int, leaves: int) -> None:
        """Build it."""
        super().__init__()
        self.layer = nn.Conv2d(enters, leaves, 3, padding=1)
        self.voice = nn.Linear(HEARD, 2 * leaves)

    def forward(self, seen: Tensor, voice: Tensor) -> Tensor:
        """Look at features (N, C, h, w), told (N, HEARD)."""
        scale, shift = self.voice(voice)[:, :, None, None].chunk(2, dim=1)
        made: Tensor = silu(self.layer(seen) * (1 + scale) + shift)
        return made


class FirstGuess(nn.Module):
    """From a square in even light and the voice around its frame to the same square with other lips; where nothing is told it stays."""

    def __init__(self, shape: LipShape) -> None:
        """Build it; it begins as one that changes next to nothing."""
        super().__init__()
        one, two, three = WIDTHS
        self.numbers = shape.told - shape.taps
        self.ear = nn.Sequential(nn.Linear(self.numbers * shape.taps, HEARD), nn.SiLU(), nn.Linear(HEARD, HEARD), nn.SiLU())
        self.enter = nn.Conv2d(12, one, 3, padding=1)
        self.down = nn.ModuleList([nn.Conv2d(one, two, 3, stride=2, padding=1), nn.Conv2d(two, three, 3, stride=2, padding=1)])
        self.middle = nn.ModuleList([Told(three, three), Told(three, three)])
        self.up = nn.ModuleList([Told(three + two, two), Told(two + one, one)])
        self.flow, self.over = nn.Conv2d(one, 2, 3, padding=1), nn.Conv2d(one, 16, 3, padding=1)
        for last in (self.flow, self.over):
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        ends = (torch.arange(shape.side) + 0.5) * 2 / shape.side - 1
        self.register_buffer("home", torch.stack(torch.meshgrid(ends, ends, indexing="xy"), dim=-1)[None], persistent=False)
        small = painted(shape, shape.side) * cv2.resize(softened(shape), (shape.side, shape.side), interpolation=cv2.INTER_AREA)
        self.register_buffer("where", torch.from_numpy(small)[None, None], persistent=False)

    def forward(self, squares: Tensor, tokens: Tensor) -> Guessed:
        """Guess squares (N, 3, S, S) from -1 to 1, told tokens (N, T, D)."""
        told = tokens[:, -1, -1][:, None, None, None]  # the place of the last token: 0 where nothing is told
        voice = self.ear(tokens[..., : self.numbers].flatten(1) * 2 - 1)
        seen = [silu(self.enter(pixel_unshuffle(squares, 2)))]
        for down in self.down:
            seen.append(silu(down(seen[-1])))
        found = seen.pop()
        for layer in self.middle:
            found = found + layer(found, voice)
        for layer in self.up:
            found = layer(torch.cat([interpolate(found, scale_factor=2.0, mode="nearest"), seen.pop()], dim=1), voice)
        share = told * self.where
        small = FARTHEST * torch.tanh(self.flow(found))
        flow = share * interpolate(small, scale_factor=2.0, mode="bilinear", align_corners=False)
        over = pixel_shuffle(self.over(found), 2)
        alpha = torch.sigmoid(over[:, :1] + COVERED)
        if not self.training:
            flow = ENLARGED * flow
        places = self.home + flow.permute(0, 2, 3, 1) * (2 / squares.shape[-1])
        moved = grid_sample(squares, places, mode="bilinear", padding_mode="border", align_corners=False)
        laid = moved + share * alpha * (BRIGHTEST * torch.tanh(over[:, 1:]) - moved)
        return Guessed(moved, laid, flow)
