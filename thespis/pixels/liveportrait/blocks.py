"""The layers of LivePortrait's networks in torch. Shapes: B pictures, C channels, D places in depth, H and W places down and across."""

import importlib.util

from thespis.errors import MissingExtraError

if importlib.util.find_spec("torch") is None:
    raise MissingExtraError("LivePortrait's networks need torch, which is not installed; run: pip install 'thespis[train]'")

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, avg_pool3d, gelu, instance_norm, interpolate, layer_norm, leaky_relu, relu


class Flat(nn.Module):
    """Convolve pictures (B, C, H, W), normalise, cut off below zero, and halve them where that is asked."""

    def __init__(self, given: int, made: int, *, halve: bool = False, leak: float = 0.0) -> None:
        """Choose the channels; `leak` is the share of negative numbers that is left."""
        super().__init__()
        self.conv, self.norm = nn.Conv2d(given, made, 3, padding=1), nn.BatchNorm2d(made)
        self.halve, self.leak = halve, leak

    def forward(self, pictures: Tensor) -> Tensor:
        """Convolve."""
        found = leaky_relu(self.norm(self.conv(pictures)), self.leak)
        return avg_pool2d(found, 2) if self.halve else found


class Deep(nn.Module):
    """Convolve volumes (B, C, D, H, W), normalise and cut off below zero; `factor` 0.5 halves their height and width, 2 doubles them."""

    def __init__(self, given: int, made: int, factor: float = 1.0) -> None:
        """Choose the channels."""
        super().__init__()
        self.conv, self.norm, self.factor = nn.Conv3d(given, made, 3, padding=1), nn.BatchNorm3d(made), factor

    def forward(self, volumes: Tensor) -> Tensor:
        """Convolve."""
        if self.factor > 1:
            volumes = interpolate(volumes, scale_factor=(1, 2, 2))
        found = relu(self.norm(self.conv(volumes)))
        return avg_pool3d(found, (1, 2, 2)) if self.factor < 1 else found


class Residual(nn.Module):
    """Add to volumes (B, C, D, H, W) what two convolutions find in them."""

    def __init__(self, channels: int) -> None:
        """Choose the channels."""
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm3d(channels) for _ in range(2))
        self.convs = nn.ModuleList(nn.Conv3d(channels, channels, 3, padding=1) for _ in range(2))

    def forward(self, volumes: Tensor) -> Tensor:
        """Refine."""
        found = volumes
        for norm, conv in zip(self.norms, self.convs, strict=True):
            found = conv(relu(norm(found)))
        return volumes + found


class ChannelNorm(nn.Module):
    """Normalise the channels of each place of pictures (B, C, H, W)."""

    def __init__(self, channels: int) -> None:
        """Choose the channels."""
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, pictures: Tensor) -> Tensor:
        """Normalise."""
        last = pictures.permute(0, 2, 3, 1)
        return layer_norm(last, self.weight.shape, self.weight, self.bias, 1e-6).permute(0, 3, 1, 2)


class NextBlock(nn.Module):
    """A block of ConvNeXt V2: each channel looks around, then all channels of a place answer, the stronger ones more strongly."""

    def __init__(self, width: int) -> None:
        """Choose the channels."""
        super().__init__()
        self.around, self.norm = nn.Conv2d(width, width, 7, padding=3, groups=width), nn.LayerNorm(width, eps=1e-6)
        self.widen, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.gain, self.shift = nn.Parameter(torch.zeros(4 * width)), nn.Parameter(torch.zeros(4 * width))

    def forward(self, pictures: Tensor) -> Tensor:
        """Add what was found to pictures (B, C, H, W)."""
        found = gelu(self.widen(self.norm(self.around(pictures).permute(0, 2, 3, 1))))
        strength = torch.sqrt((found * found).sum(dim=(1, 2), keepdim=True))
        share = strength / (strength.mean(dim=-1, keepdim=True) + 1e-6)
        found = found + self.gain * (found * share) + self.shift
        return pictures + self.narrow(found).permute(0, 3, 1, 2)


class Told(nn.Module):
    """Normalise pictures (B, C, H, W) and scale and shift each place as features (B, F, h, w) say: SPADE (Park et al. 2019)."""

    def __init__(self, channels: int, features: int, width: int) -> None:
        """Choose the channels of the pictures, of the features, and in between."""
        super().__init__()
        self.read = nn.Conv2d(features, width, 3, padding=1)
        self.say = nn.Conv2d(width, 2 * channels, 3, padding=1)  # scales, then shifts

    def forward(self, pictures: Tensor, features: Tensor) -> Tensor:
        """Scale and shift."""
        larger = interpolate(features, size=pictures.shape[2:], mode="nearest")
        scale, shift = self.say(relu(self.read(larger))).chunk(2, dim=1)
        return instance_norm(pictures, eps=1e-5) * (1 + scale) + shift


class ToldResidual(nn.Module):
    """Add to pictures what two convolutions make of them, told by features; where the channels change, the pictures change too."""

    def __init__(self, given: int, made: int, features: int, width: int) -> None:
        """Choose the channels."""
        super().__init__()
        between = min(given, made)
        self.norms = nn.ModuleList([Told(given, features, width), Told(between, features, width)])
        self.convs = nn.ModuleList([nn.Conv2d(given, between, 3, padding=1), nn.Conv2d(between, made, 3, padding=1)])
        self.past_norm = Told(given, features, width) if given != made else None
        self.past = nn.Conv2d(given, made, 1, bias=False) if given != made else None

    def forward(self, pictures: Tensor, features: Tensor) -> Tensor:
        """Refine pictures (B, C, H, W)."""
        found = pictures
        for norm, conv in zip(self.norms, self.convs, strict=True):
            found = conv(leaky_relu(norm(found, features), 0.2))
        if self.past is not None and self.past_norm is not None:
            pictures = self.past(self.past_norm(pictures, features))
        return pictures + found
