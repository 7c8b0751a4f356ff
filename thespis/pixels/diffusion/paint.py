"""What opens and closes in a face and no displacement can show: mouths, teeth, lids. A table per pixel that is fitted, not trained."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu

from thespis.motion.convert_head import face_of_flame
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.types import Array, Track

SHOWN = (
    "jawOpen", "mouthClose", "eyeBlinkLeft", "eyeBlinkRight", "eyeWideLeft", "eyeWideRight", "eyeSquintLeft", "eyeSquintRight",
    "mouthSmileLeft", "mouthSmileRight", "mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthFunnel", "mouthPucker", "mouthFrownLeft", "mouthStretchLeft", "mouthShrugLower", "mouthPressLeft", "mouthRollLower",
    "noseSneerLeft", "browDownLeft", "browInnerUp", "cheekSquintLeft",
)  # fmt: skip
"""The weights whose light and shade are told."""
PARTING = {"jawOpen": 1.0, "mouthClose": -1.0, "mouthUpperUpLeft": 0.3, "mouthLowerDownLeft": 0.3, "mouthFunnel": 0.44}
"""How far each weight parts the lips."""
PARTED = (0.03, 0.08, 0.15, 0.25, 0.4)  # partings from which on another part of the mouth's inside shows
TOGETHER = ("mouthSmileLeft", "mouthSmileRight", "mouthFunnel", "mouthPucker", "mouthUpperUpLeft", "mouthFrownLeft")
"""What changes how a parted mouth looks: a smiling open mouth is more than a smile and an open mouth."""
LEFT, TOP, RIGHT, BOTTOM = 0.2, 0.27, 0.8, 0.94  # of the square: where there is something to paint
CHEEKS = (0.55, 0.72, 0.32, 0.68)  # top, bottom, left and right of what tells the skin's colour
LITTLE = 0.05


def shown_of() -> Array:
    """Give the matrix (53, shown) that reads the weights of SHOWN from expression vectors, near rest."""
    flame = np.zeros((EXPRESSION_AND_JAW.size, FLAME.size), np.float32)
    columns = np.concatenate([np.arange(FLAME.size)[FLAME.slice(name)] for name in EXPRESSION_AND_JAW.names])
    flame[np.arange(len(columns)), columns] = LITTLE
    face = face_of_flame(Track(FLAME, flame, Fraction(25))).values / LITTLE
    return np.ascontiguousarray(face[:, [FACE.column(name) for name in SHOWN]], np.float32)


class Paint(nn.Module):
    """Changes a picture by sums of tables, each times a feature of the expression, plain, times the pixel, and times the skin's colour."""

    def __init__(self, side: int) -> None:
        """Make empty tables for pictures of `side` pixels."""
        super().__init__()
        self.box = tuple(round(share * side) for share in (LEFT, TOP, RIGHT, BOTTOM))
        self.cheeks = tuple(round(share * side) for share in CHEEKS)
        self.side, self.count = side, len(SHOWN) + len(PARTED) + len(TOGETHER)
        left, top, right, bottom = self.box
        self.register_buffer("shown", torch.from_numpy(shown_of()), persistent=False)
        self.register_buffer("parting", torch.tensor([PARTING.get(name, 0.0) for name in SHOWN]), persistent=False)
        self.register_buffer("parted", torch.tensor(PARTED), persistent=False)
        self.register_buffer("together", torch.tensor([SHOWN.index(name) for name in TOGETHER]), persistent=False)
        self.register_buffer("tables", torch.zeros(3, self.count, 3, bottom - top, right - left))

    def features(self, expression: Tensor) -> Tensor:
        """Read what is shown (N, count) from expression vectors (N, 53); at rest all is zero."""
        weights = expression @ self.shown
        apart = relu((weights @ self.parting)[:, None] - self.parted)
        return torch.cat([weights, apart, apart[:, :1] * weights[:, self.together]], dim=1)

    def factors(self, pictures: Tensor, reference: Tensor) -> Sequence[Tensor]:
        """Give what the tables are multiplied by within the box: 1, pictures (N, 3, h, w), and the skin (N, 3, 1, 1) of references."""
        left, top, right, bottom = self.box
        up, down, begin, end = self.cheeks
        inside = pictures[:, :, top:bottom, left:right]
        return torch.ones_like(inside[:, :, :1, :1]), inside, reference[:, :, up:down, begin:end].mean(dim=(2, 3), keepdim=True)

    def forward(self, expression: Tensor, pictures: Tensor, reference: Tensor) -> Tensor:
        """Find the change (N, 3, S, S) of pictures (N, 3, S, S) under expressions (N, 53), for people of references (N, 3, S, S)."""
        left, top, right, bottom = self.box
        features = self.features(expression)
        parts = [
            (features @ self.tables[number].flatten(1)).reshape(-1, *self.tables.shape[2:]) * factor
            for number, factor in enumerate(self.factors(pictures, reference))
        ]
        return pad(torch.stack(parts).sum(dim=0), (left, self.side - right, top, self.side - bottom))
