"""EMOdiffhead's expression generator in torch: an LSTM from voice and feeling to expression vectors, and the two judges it learns from.

What it says is run by `motion/networks/dial.py` without torch. Needs the extra `train`. Shapes: B clips, T frames.
"""

import importlib.util
from itertools import pairwise

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("the expression generator needs torch to learn, which is not installed; run: pip install 'thespis[train]'")

import torch
from torch import Tensor, nn

from thespis.features.spaces import ARTICULATION
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW
from thespis.types import EMOTION


class ExpressionGenerator(nn.Module):
    """Voice (B, T, 10) and how much of each emotion is felt (B, T, 8) -> expression and jaw (B, T, 53)."""

    def __init__(self, width: int = 128) -> None:
        """Choose the size of the memory."""
        super().__init__()
        self.lstm = nn.LSTM(ARTICULATION.size + EMOTION.size, width, batch_first=True)
        self.out = nn.Linear(width, EXPRESSION_AND_JAW.size)
        self.direct = nn.Linear(ARTICULATION.size + EMOTION.size, EXPRESSION_AND_JAW.size, bias=False)
        self.register_buffer("scale", torch.ones(EXPRESSION_AND_JAW.size))

    def forward(self, voice: Tensor, emotion: Tensor) -> Tensor:
        """Generate whole clips."""
        given = torch.cat([voice, emotion], dim=-1)
        made: Tensor = (self.out(self.lstm(given)[0]) + self.direct(given)) * self.scale
        return made

    def dialled(self, voice: Tensor, emotion: Tensor) -> Tensor:
        """Generate whole clips as the dial is turned: nothing felt, and each emotion at 1, weighed by how much of it is felt."""
        clips, frames = voice.shape[:2]
        each = torch.eye(EMOTION.size, device=voice.device, dtype=voice.dtype)
        each[EMOTION.column("neutral")] = 0
        answers = self(
            voice[:, None].expand(-1, EMOTION.size, -1, -1).flatten(0, 1),
            each[None, :, None].expand(clips, -1, frames, -1).flatten(0, 1),
        ).unflatten(0, (clips, EMOTION.size))
        neutral = answers[:, EMOTION.column("neutral")]
        made: Tensor = neutral + torch.einsum("bte,betk->btk", emotion, answers - neutral[:, None])
        return made


class SequenceJudge(nn.Module):
    """Tell real expression sequences with their voice from made ones: a score for every stretch of frames."""

    def __init__(self, width: int = 64) -> None:
        """Look at ever longer stretches."""
        super().__init__()
        sizes = (EXPRESSION_AND_JAW.size + ARTICULATION.size, width, width)
        self.layers = nn.ModuleList(nn.Conv1d(a, b, 5, stride=2, padding=2) for a, b in pairwise(sizes))
        self.out = nn.Conv1d(width, 1, 3, padding=1)

    def forward(self, expression: Tensor, voice: Tensor) -> Tensor:
        """Judge scaled expressions (B, T, 53) beside the voice (B, T, 10) -> scores (B, stretches)."""
        hidden = torch.cat([expression, voice], dim=-1).transpose(1, 2)
        for layer in self.layers:
            hidden = nn.functional.leaky_relu(layer(hidden), 0.2)
        made: Tensor = self.out(hidden)[:, 0]
        return made


class EmotionJudge(nn.Module):
    """Read from expressions how much of each emotion they show."""

    def __init__(self, width: int = 64) -> None:
        """Look at half a second around a frame."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(EXPRESSION_AND_JAW.size, width, 7, padding=3), nn.SiLU(), nn.Conv1d(width, width, 7, padding=3), nn.SiLU()
        )
        self.out = nn.Conv1d(width, EMOTION.size, 1)

    def forward(self, expression: Tensor) -> Tensor:
        """Read scaled expressions (B, T, 53) -> amounts (B, T, 8)."""
        made: Tensor = self.out(self.layers(expression.transpose(1, 2))).transpose(1, 2)
        return made
