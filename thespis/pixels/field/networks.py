"""SyncTalk's field in torch: planes of hashed grids, gates for voice and upper face, density and colour; and how it hears.

Peng et al., "SyncTalk: The Devil is in the Synchronization for Talking Head Synthesis" (2024).
"""

from collections.abc import Mapping
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from thespis.pixels.field.shape import DIRECTIONS, PLANES, SECOND_PRIME, SLOPE, FieldShape, Level

LOW_BITS = 0xFFFFFFFF
BEGIN = 0.02


class Plane(nn.Module):
    """A plane of grids, coarse to fine; grids with more points than the table has places share them by a hash."""

    def __init__(self, shape: FieldShape) -> None:
        """Begin with little, and more than the official 1e-4: gates that give nothing learn nothing for many steps."""
        super().__init__()
        self.shape = shape
        self.embeddings = nn.Parameter(torch.empty(shape.rows, shape.features).uniform_(-BEGIN, BEGIN))

    def forward(self, places: Tensor) -> Tensor:
        """Read places (n, 2), each number 0 to 1, -> (n, levels * features); outside there is nothing."""
        inside = ((places >= 0) & (places <= 1)).all(dim=1, keepdim=True)
        read = [self.hashed(places, level) if level.hashed else self.whole(places, level) for level in self.shape.grids]
        return torch.cat(read, dim=1) * inside

    def whole(self, places: Tensor, level: Level) -> Tensor:
        """Read a grid all of whose points are in the table (n, features)."""
        grid = self.embeddings[level.begin : level.begin + level.points**2]
        image = grid.view(1, level.points, level.points, -1).permute(0, 3, 1, 2)
        at = (places * level.scale + 0.5) * (2 / (level.points - 1)) - 1
        return functional.grid_sample(image, at[None, None], align_corners=True)[0, :, 0].T

    def hashed(self, places: Tensor, level: Level) -> Tensor:
        """Read a grid through the hash (n, features)."""
        at = places * level.scale + 0.5
        corner = at.floor()
        share = at - corner
        x, y = corner.long().unbind(dim=1)
        made = torch.zeros(len(places), self.shape.features, dtype=at.dtype)
        for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
            number = ((x + right) ^ (((y + below) * SECOND_PRIME) & LOW_BITS)) % level.size
            weight = (share[:, 0] if right else 1 - share[:, 0]) * (share[:, 1] if below else 1 - share[:, 1])
            made = made + weight[:, None] * self.embeddings[level.begin + number]
        return made


class Layers(nn.Module):
    """Linear layers without offsets, bent between them."""

    def __init__(self, *sizes: int) -> None:
        """Take the numbers of every layer, first to last."""
        super().__init__()
        self.net = nn.ModuleList(nn.Linear(before, after, bias=False) for before, after in pairwise(sizes))

    def forward(self, values: Tensor) -> Tensor:
        """Map values (n, first) -> (n, last)."""
        for number, layer in enumerate(self.net):
            values = layer(functional.relu(values) if number else values)
        return values


class Attention(nn.Module):
    """Weigh the frames of a window by what is heard in all of them."""

    def __init__(self, heard: int, frames: int) -> None:
        """Narrow channels step by step to one weight a frame."""
        super().__init__()
        layers: list[nn.Module] = []
        for before, after in ((heard, 16), (16, 8), (8, 4), (4, 2), (2, 1)):
            layers += [nn.Conv1d(before, after, 3, padding=1), nn.LeakyReLU(SLOPE)]
        self.narrow = nn.Sequential(*layers)
        self.weigh = nn.Linear(frames, frames)

    def forward(self, codes: Tensor) -> Tensor:
        """Average codes (n, frames, heard) -> (n, heard)."""
        weights = self.weigh(self.narrow(codes.transpose(1, 2))[:, 0]).softmax(dim=1)
        return (weights[:, :, None] * codes).sum(dim=1)


class Hearing(nn.Module):
    """Turn a window of sound around each frame into a code."""

    def __init__(self, shape: FieldShape, frames: int) -> None:
        """Make the layers of a frame and the attention over frames."""
        super().__init__()
        self.frame = nn.Sequential(
            nn.Linear(shape.hearing, 256), nn.LeakyReLU(SLOPE), nn.Linear(256, 128), nn.LeakyReLU(SLOPE), nn.Linear(128, shape.heard)
        )
        self.attention = Attention(shape.heard, frames)

    def forward(self, windows: Tensor) -> Tensor:
        """Hear windows (n, frames, hearing) -> (n, heard)."""
        code: Tensor = self.attention(self.frame(windows))
        return code


class Convolution(nn.Module):
    """A convolution with its normalisation; where it is told to, what came in is added."""

    def __init__(self, before: int, after: int, size: int, stride: int | tuple[int, int], padding: int, residual: bool = False) -> None:
        """Make the layer."""
        super().__init__()
        self.conv_block = nn.Sequential(nn.Conv2d(before, after, size, stride, padding), nn.BatchNorm2d(after))
        self.residual = residual

    def forward(self, values: Tensor) -> Tensor:
        """Convolve values (n, before, h, w)."""
        made: Tensor = self.conv_block(values)
        return functional.relu(made + values if self.residual else made)


class Tower(nn.Module):
    """The official ear: a window of 80 bands by 16 frames of mel becomes 512 numbers (it was trained to tell lips that fit)."""

    def __init__(self) -> None:
        """Make thirteen convolutions."""
        super().__init__()
        steps: tuple[tuple[int, int, int, int | tuple[int, int], int, bool], ...] = (
            (1, 32, 3, 1, 1, False), (32, 32, 3, 1, 1, True), (32, 32, 3, 1, 1, True),
            (32, 64, 3, (3, 1), 1, False), (64, 64, 3, 1, 1, True), (64, 64, 3, 1, 1, True),
            (64, 128, 3, 3, 1, False), (128, 128, 3, 1, 1, True), (128, 128, 3, 1, 1, True),
            (128, 256, 3, (3, 2), 1, False), (256, 256, 3, 1, 1, True),
            (256, 512, 3, 1, 0, False), (512, 512, 1, 1, 0, False),
        )  # fmt: skip
        self.audio_encoder = nn.Sequential(*(Convolution(*step) for step in steps))

    def forward(self, mel: Tensor) -> Tensor:
        """Hear mel (n, 1, 80, 16) -> (n, 512)."""
        made: Tensor = self.audio_encoder(mel)
        return made[:, :, 0, 0]


class Field(nn.Module):
    """What is where in a head: density and colour of places, moved by a code of the voice and by the upper face."""

    def __init__(self, shape: FieldShape, frames: int) -> None:
        """Make planes and networks."""
        super().__init__()
        self.shape = shape
        self.planes = nn.ModuleDict({name: Plane(shape) for name in PLANES})
        self.hearing = Hearing(shape, frames)
        self.voice_gate = Layers(shape.inside, shape.gate, shape.heard)
        self.upper_gate = Layers(shape.inside, shape.gate, shape.upper)
        self.density = Layers(shape.inside + shape.heard + shape.upper, shape.hidden, shape.hidden, 1 + shape.geometry)
        self.colour = Layers(DIRECTIONS + shape.geometry + shape.own, shape.bright, 3)
        self.doubt = Layers(shape.inside, 32, 1)

    def look(self, places: Tensor) -> Tensor:
        """Read the planes at places (n, 3), each number within the bound -> (n, inside)."""
        unit = (places + self.shape.bound) / (2 * self.shape.bound)
        return torch.cat([self.planes[name](unit[:, list(axes)]) for name, axes in PLANES.items()], dim=1)

    def forward(self, places: Tensor, directions: Tensor, voice: Tensor, upper: Tensor, own: Tensor) -> dict[str, Tensor]:
        """Tell of places (n, 3) seen along directions (n, 16 harmonics), under a code (n, heard), the upper face (n, 7) and own (n, 4).

        Density (n,), colour (n, 3) 0 to 1, how far each gate is open (n,), and doubt (n,).
        """
        seen = self.look(places)
        voice_gate, upper_gate = self.voice_gate(seen), self.upper_gate(seen)
        made = self.density(torch.cat([seen, voice * voice_gate, upper * upper_gate], dim=1))
        bright = torch.sigmoid(self.colour(torch.cat([directions, made[:, 1:], own], dim=1)))
        return {
            "density": made[:, 0].clamp(max=15).exp(),
            "colour": bright * 1.002 - 0.001,
            "voice_gate": voice_gate.norm(dim=1),
            "upper_gate": upper_gate.norm(dim=1),
            "doubt": functional.softplus(self.doubt(seen.detach()))[:, 0],
        }


def composed(density: Tensor, colour: Tensor, lengths: Tensor, behind: Tensor) -> tuple[Tensor, Tensor]:
    """Add up samples of rays: density (r, s), colour (r, s, 3), lengths (r, s), what is behind (r, 3) -> colour (r, 3), weights (r, s)."""
    passed = density * lengths
    before = torch.cumsum(passed, dim=1) - passed
    weights = torch.exp(-before) * (1 - torch.exp(-passed))
    return (weights[..., None] * colour).sum(dim=1) + (1 - weights.sum(dim=1, keepdim=True)) * behind, weights


RENAMED = {
    **{f"encoder_{name}.": f"planes.{name}." for name in PLANES},
    "sigma_net.": "density.",
    "color_net.": "colour.",
    "unc_net.": "doubt.",
    "aud_ch_att_net.": "voice_gate.",
    "eye_att_net.": "upper_gate.",
    "audio_net.encoder_fc1.": "hearing.frame.",
    "audio_att_net.attentionConvNet.": "hearing.attention.narrow.",
    "audio_att_net.attentionNet.0.": "hearing.attention.weigh.",
}


def convert(held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the parameters of a published checkpoint's head; the codes of its frames and its tables' offsets are left out."""
    found: dict[str, Tensor] = {}
    for name, value in held.items():
        begin = next((old for old in RENAMED if name.startswith(old)), None)
        if begin is not None and not name.endswith(".offsets"):
            found[RENAMED[begin] + name.removeprefix(begin)] = value
    return found
