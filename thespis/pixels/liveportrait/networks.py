"""LivePortrait's networks in torch: appearance, motion, warping, drawing, stitching and retargeting.

After the description (Guo et al. 2024, "LivePortrait: Efficient Portrait Animation with Stitching and Retargeting Control") and the shapes
of the published parameters. Shapes: B pictures, K keypoints, C x D x H x W a volume.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, leaky_relu, relu, softmax

from thespis.pixels.liveportrait.blocks import ChannelNorm, Deep, Flat, NextBlock, Residual, ToldResidual
from thespis.pixels.liveportrait.shape import Shape

NEAR = 0.01  # the variance of the bump around a keypoint, in half sides squared
EYE_NUMBERS, LIP_NUMBERS = 3, 2
"""How much the retargeting networks are told: how open both eyes are and shall be, how open the lips are and shall be."""


class Appearance(nn.Module):
    """What somebody looks like, as a volume."""

    def __init__(self, shape: Shape) -> None:
        """Build the layers."""
        super().__init__()
        widths = [min(shape.widest, shape.width * 2**level) for level in range(shape.halvings + 1)]
        self.shape = shape
        self.first = Flat(3, shape.width)
        self.down = nn.ModuleList(Flat(a, b, halve=True) for a, b in pairwise(widths))
        self.mix = nn.Conv2d(widths[-1], shape.widest, 1)
        self.refine = nn.Sequential(*(Residual(shape.channels) for _ in range(shape.residuals)))

    def forward(self, pictures: Tensor) -> Tensor:
        """See pictures (B, 3, S, S) of 0 to 1 -> volumes (B, C, D, H, W)."""
        found = self.first(pictures)
        for down in self.down:
            found = down(found)
        found = self.mix(found)
        made: Tensor = self.refine(found.reshape(found.shape[0], self.shape.channels, self.shape.depth, *found.shape[2:]))
        return made


@dataclass
class Reading:
    """What the motion extractor says of pictures: `canonical` and `expression` (B, K, 3), angles (B,) in degrees, `translation` (B, 3).

    `logits` are those of the bins of pitch, yaw and roll (B, 3, bins), from which the angles come; `scale` (B,).
    """

    canonical: Tensor
    expression: Tensor
    pitch: Tensor
    yaw: Tensor
    roll: Tensor
    translation: Tensor
    scale: Tensor
    logits: Tensor


class Motion(nn.Module):
    """Keypoints at rest, expression and pose of faces: a ConvNeXt V2 with one head for each."""

    def __init__(self, shape: Shape) -> None:
        """Build the layers."""
        super().__init__()
        self.shape = shape
        self.stem = nn.Conv2d(3, shape.widths[0], 4, stride=4)
        self.stem_norm = ChannelNorm(shape.widths[0])
        self.shrink = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairwise(shape.widths))
        self.shrink_norms = nn.ModuleList(ChannelNorm(width) for width in shape.widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(*(NextBlock(width) for _ in range(count))) for count, width in zip(shape.stages, shape.widths, strict=True)
        )
        self.norm = nn.LayerNorm(shape.widths[-1], eps=1e-6)
        numbers = {"canonical": 3 * shape.keypoints, "expression": 3 * shape.keypoints, "translation": 3, "scale": 1}
        numbers |= dict.fromkeys(("pitch", "yaw", "roll"), shape.bins)
        self.heads = nn.ModuleDict({name: nn.Linear(shape.widths[-1], size) for name, size in numbers.items()})

    def numbers(self, pictures: Tensor) -> dict[str, Tensor]:
        """Give what each head says of pictures (B, 3, S, S) of 0 to 1: the bins of angles as logits."""
        found = self.stages[0](self.stem_norm(self.stem(pictures)))
        for norm, shrink, stage in zip(self.shrink_norms, self.shrink, list(self.stages)[1:], strict=True):
            found = stage(shrink(norm(found)))
        seen = self.norm(found.mean(dim=(2, 3)))
        return {name: head(seen) for name, head in self.heads.items()}

    def forward(self, pictures: Tensor) -> Reading:
        """Read pictures (B, 3, S, S) of 0 to 1."""
        said = self.numbers(pictures)
        angles = {name: degrees(said[name]) for name in ("pitch", "yaw", "roll")}
        points = {name: said[name].reshape(len(pictures), -1, 3) for name in ("canonical", "expression")}
        logits = torch.stack([said[name] for name in angles], dim=1)
        return Reading(**points, **angles, translation=said["translation"], scale=said["scale"][:, 0], logits=logits)


def degrees(logits: Tensor) -> Tensor:
    """Turn logits (..., bins) of bins of three degrees into the mean angle (...)."""
    bins = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    return 3 * (softmax(logits, dim=-1) * bins).sum(-1) - 97.5


class Flow(nn.Module):
    """Where each place of a volume comes from, and how much of it is seen at all: a mixture of what each keypoint says."""

    def __init__(self, shape: Shape) -> None:
        """Build the hourglass."""
        super().__init__()
        self.shape = shape
        given = (shape.keypoints + 1) * (shape.squeezed + 1)
        inward = [given, *(min(shape.flow_widest, shape.flow_width * 2**level) for level in range(1, shape.flow_levels + 1))]
        outward = [min(shape.flow_widest, shape.flow_width * 2**level) for level in reversed(range(shape.flow_levels))]
        last = shape.flow_width + given
        self.squeeze, self.squeeze_norm = nn.Conv3d(shape.channels, shape.squeezed, 1), nn.BatchNorm3d(shape.squeezed)
        self.down = nn.ModuleList(Deep(a, b, 0.5) for a, b in pairwise(inward))
        joined = [inward[-1], *(2 * width for width in outward[:-1])]
        self.up = nn.ModuleList(Deep(a, b, 2) for a, b in zip(joined, outward, strict=True))
        self.leave = Deep(last, last)
        self.share = nn.Conv3d(last, shape.keypoints + 1, 7, padding=3)
        self.seen = nn.Conv2d(last * shape.depth, 1, 7, padding=3)
        ends = [torch.linspace(-1, 1, size) for size in (shape.depth, shape.volume_side, shape.volume_side)]
        away, down, right = torch.meshgrid(*ends, indexing="ij")
        self.register_buffer("home", torch.stack([right, down, away], dim=-1), persistent=False)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> tuple[Tensor, Tensor]:
        """Follow keypoints (B, K, 3) from source to driving -> places (B, D, H, W, 3) of -1 to 1, and what is seen (B, 1, H, W)."""
        rows, points = source.shape[:2]
        size = volume.shape[2:]
        squeezed = relu(self.squeeze_norm(self.squeeze(volume)))
        moved = self.home - driving[:, :, None, None, None] + source[:, :, None, None, None]
        places = torch.cat([self.home[None, None].expand(rows, 1, *self.home.shape), moved], dim=1)
        each = squeezed[:, None].expand(-1, points + 1, -1, -1, -1, -1).flatten(0, 1)
        carried = grid_sample(each, places.flatten(0, 1), align_corners=False).reshape(rows, points + 1, -1, *size)
        bumps = self.bumps(driving) - self.bumps(source)
        bumps = torch.cat([torch.zeros_like(bumps[:, :1]), bumps], dim=1)[:, :, None]
        found = [torch.cat([bumps, carried], dim=2).flatten(1, 2)]
        for down in self.down:
            found.append(down(found[-1]))
        answer = found.pop()
        for up in self.up:
            answer = torch.cat([up(answer), found.pop()], dim=1)
        answer = self.leave(answer)
        shares = softmax(self.share(answer), dim=1)[..., None]
        seen = torch.sigmoid(self.seen(answer.flatten(1, 2)))
        return (places * shares).sum(dim=1), seen

    def bumps(self, keypoints: Tensor) -> Tensor:
        """Draw a round bump at each keypoint (B, K, 3) -> (B, K, D, H, W)."""
        apart = self.home - keypoints[:, :, None, None, None]
        return torch.exp(-0.5 * (apart * apart).sum(-1) / NEAR)


class Warping(nn.Module):
    """Carry a volume to where driving keypoints are, and flatten it to features."""

    def __init__(self, shape: Shape) -> None:
        """Build the layers."""
        super().__init__()
        self.flow = Flow(shape)
        self.flatten = Flat(shape.widest, shape.inner, leak=0.01)
        self.mix = nn.Conv2d(shape.inner, shape.inner, 1)

    def forward(self, volume: Tensor, source: Tensor, driving: Tensor) -> Tensor:
        """Warp volumes (B, C, D, H, W) by keypoints (B, K, 3) -> features (B, F, H, W)."""
        places, seen = self.flow(volume, source, driving)
        carried = grid_sample(volume, places, align_corners=False)
        made: Tensor = self.mix(self.flatten(carried.flatten(1, 2))) * seen
        return made


class Drawing(nn.Module):
    """Draw pictures of features."""

    def __init__(self, shape: Shape) -> None:
        """Build the layers; a last shuffle makes pictures larger where that is asked."""
        super().__init__()
        told, width = shape.inner, shape.told_width
        self.enter = nn.Conv2d(told, 2 * told, 3, padding=1)
        self.middle = nn.ModuleList(ToldResidual(2 * told, 2 * told, told, width) for _ in range(6))
        self.outward = nn.ModuleList([ToldResidual(2 * told, told, told, width), ToldResidual(told, shape.drawn_width, told, width)])
        self.larger = nn.Upsample(scale_factor=2)
        self.leave = nn.Conv2d(shape.drawn_width, 3 * shape.upscale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(shape.upscale)

    def forward(self, features: Tensor) -> Tensor:
        """Draw features (B, F, H, W) -> pictures (B, 3, S, S) of 0 to 1."""
        found = self.enter(features)
        for block in self.middle:
            found = block(found, features)
        for block in self.outward:
            found = block(self.larger(found), features)
        return torch.sigmoid(self.shuffle(self.leave(leaky_relu(found, 0.2))))


class Correction(nn.Module):
    """A small network from keypoints and more numbers to what is to be added to keypoints: stitching, eyes or lips."""

    def __init__(self, given: int, widths: tuple[int, ...], made: int) -> None:
        """Build the layers."""
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise((given, *widths, made)))

    def forward(self, keypoints: Tensor, more: Tensor) -> Tensor:
        """Answer keypoints (B, K, 3) and what else is told (B, ...) -> (B, made)."""
        found = torch.cat([keypoints.flatten(1), more.flatten(1)], dim=1)
        for layer in self.layers[:-1]:
            found = relu(layer(found))
        made: Tensor = self.layers[-1](found)
        return made


class Corrections(nn.Module):
    """Stitching, which keeps shoulders where they are, and retargeting of eyes and lips."""

    def __init__(self, shape: Shape) -> None:
        """Build the three."""
        super().__init__()
        numbers = 3 * shape.keypoints
        self.stitching = Correction(2 * numbers, shape.stitching, numbers + 2)
        self.eyes = Correction(numbers + EYE_NUMBERS, shape.eyes, numbers)
        self.lips = Correction(numbers + LIP_NUMBERS, shape.stitching, numbers)

    def stitched(self, source: Tensor, driving: Tensor) -> Tensor:
        """Move driving keypoints (B, K, 3) so that the rest of the picture of the source can stay."""
        added = self.stitching(source, driving)
        count = driving[0].numel()
        shift = torch.cat([added[:, count:], torch.zeros_like(added[:, :1])], dim=1)
        return driving + added[:, :count].reshape(driving.shape) + shift[:, None]


PARTS = ("appearance", "motion", "warping", "drawing", "corrections")


class LivePortraitNetworks(nn.Module):
    """All five."""

    def __init__(self, shape: Shape) -> None:
        """Build all of it."""
        super().__init__()
        self.shape = shape
        self.appearance, self.motion, self.warping = Appearance(shape), Motion(shape), Warping(shape)
        self.drawing, self.corrections = Drawing(shape), Corrections(shape)


def placed(reading: Reading, rotation: Tensor) -> Tensor:
    """Place the keypoints (B, K, 3) of a reading, its head turned by matrices (B, 3, 3)."""
    turned = torch.einsum("bij,bkj->bki", rotation, reading.canonical) + reading.expression
    shift = reading.translation * torch.tensor([1.0, 1.0, 0.0], device=turned.device)
    return reading.scale[:, None, None] * turned + shift[:, None]
