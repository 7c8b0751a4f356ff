"""EmoFace's network in torch: a code of the feeling is added to what is heard, a transformer reads it, one layer moves the rig."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from thespis.motion.networks.emoface import EmoFaceShape


class EmoFaceNetwork(nn.Module):
    """What is heard (B, T, heard) and felt (B, T, emotions) -> controls (B, T, 174)."""

    def __init__(self, shape: EmoFaceShape) -> None:
        """Make the layers; the last one begins with nothing, so that the face begins at rest."""
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.emotions, shape.embedding)
        self.emotion = nn.Sequential(nn.Linear(shape.embedding, shape.between), nn.LeakyReLU(0.2), nn.Linear(shape.between, shape.width))
        self.enter = nn.Linear(shape.heard, shape.width)
        layer = nn.TransformerEncoderLayer(shape.width, shape.heads, shape.inner, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, shape.layers, enable_nested_tensor=False)
        self.leave = nn.Linear(shape.width, shape.controls)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def codes(self) -> Tensor:
        """Give the code of every feeling (emotions, width)."""
        made: Tensor = self.emotion(self.embed.weight)
        return made

    def forward(self, heard: Tensor, felt: Tensor) -> Tensor:
        """Move the rig; feelings are mixed about the neutral one, which the paper leaves out: it knows no intensity."""
        codes = self.codes()
        neutral = codes[self.shape.neutral]
        code = neutral + felt @ (codes - neutral)
        rows, frames, _ = heard.shape
        if self.shape.alone:
            # The released program gives its encoder batch and time the wrong way round: each frame is a sequence of its own.
            read = self.enter(heard) + places(1, self.shape.width) + code
            read = self.encoder(read.reshape(rows * frames, 1, -1)).view(rows, frames, -1)
        else:
            read = self.encoder(self.enter(heard) + places(frames, self.shape.width) + code)
        made: Tensor = self.leave(read)
        return made


def places(frames: int, width: int) -> Tensor:
    """Tell places in time (frames, width) by sines and cosines, one after the other."""
    rates = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10000.0) / width))
    angles = torch.arange(frames).float()[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=2).view(frames, width)


RENAMED = {"in_fn.": "enter.", "out_fn.": "leave."}


def convert(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the parameters of a published checkpoint; its speech encoder and its table of places are left out."""
    found: dict[str, Tensor] = {}
    for name, value in held.items():
        if name.startswith(("embed.", "emotion.", "encoder.", *RENAMED)):
            begin = next((old for old in RENAMED if name.startswith(old)), "")
            found[RENAMED.get(begin, "") + name.removeprefix(begin)] = value
    return found
