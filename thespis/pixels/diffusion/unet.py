"""A video diffusion network for faces after EMOdiffhead (2024): conditional residual blocks, a reference path, motion frames, time.

The reference reaches a frame on two ways. `Carrier` finds from expression, pose and voice where each pixel of the reference goes, and
carries it there: once a frame, before any step of the sampler. And the denoiser's inner level attends to the reference's features. The
paper has the second way only; the first is what makes small networks keep a face they have never seen. Needs the extra `train`.
"""

from thespis.pixels.diffusion.blocks import ConditionalBlock, OverTime, ToReference, fold, groups, larger, unfold, waves  # isort: skip

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, silu

from thespis.motion.diffusion import KEPT
from thespis.pixels.diffusion.flow import PRODUCTS
from thespis.pixels.diffusion.paint import Paint
from thespis.pixels.diffusion.shape import CHANGE, NetworkShape

SEEN = 5.0  # displacements are told enlarged, so that a pixel or two count like light and shade
FARTHEST = 0.6  # how far the features may carry a pixel, beside half of the picture
SLOWLY = 0.01  # the linear field is a hundredth of its parameters, so that it learns that much slower: it is nearly right from the start


class Conditions(nn.Module):
    """What a frame is to show, as one vector: voice, expression and pose, each of which may be left untold."""

    def __init__(self, shape: NetworkShape) -> None:
        """Know the usual size of each number, and learn what stands for nothing told."""
        super().__init__()
        for name, size in (("audio", shape.audio), ("expression", shape.expression), ("pose", shape.pose)):
            self.register_buffer(f"{name}_scale", torch.ones(size))
        self.no_audio = nn.Parameter(torch.zeros(shape.condition))
        self.no_expression = nn.Parameter(torch.zeros(shape.condition))
        self.audio = nn.Sequential(nn.Linear(shape.audio, shape.condition), nn.SiLU(), nn.Linear(shape.condition, shape.condition))
        # Linear to the first layer, so that half an expression is told as half of it.
        self.expression = nn.Linear(shape.expression, shape.condition)
        self.pose = nn.Linear(shape.pose, shape.condition)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(shape.condition, shape.condition))

    def scaled(self, expression: Tensor, pose: Tensor) -> Tensor:
        """Put expression and pose beside each other in units of their usual sizes (B, F, E + P)."""
        return torch.cat([expression / self.expression_scale, pose / self.pose_scale], dim=-1)

    def forward(self, audio: Tensor, expression: Tensor, pose: Tensor, told: Tensor) -> Tensor:
        """Mix (B, F, A), (B, F, E) and (B, F, P) to (B, F, D); `told` (B, 2) says 1 or 0 for voice and expression."""
        heard = self.audio(audio / self.audio_scale)
        felt = self.expression(expression / self.expression_scale)
        hear, feel = told[:, 0, None, None], told[:, 1, None, None]
        mixed = hear * heard + (1 - hear) * self.no_audio + feel * felt + (1 - feel) * self.no_expression
        made: Tensor = self.mix(mixed + self.pose(pose / self.pose_scale))
        return made


class ReferenceNet(nn.Module):
    """The reference picture's features at every level, found once for a portrait."""

    def __init__(self, shape: NetworkShape) -> None:
        """Take the widths of the denoiser."""
        super().__init__()
        widths, self.fold = shape.widths, shape.fold
        self.enter = nn.Conv2d(shape.channels * shape.fold**2, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.norms = nn.ModuleList(nn.GroupNorm(groups(width), width) for width in widths[1:])
        self.more = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths[1:])

    def forward(self, picture: Tensor) -> list[Tensor]:
        """See a picture (B, C, S, S): features of each level, the finest first."""
        found = [self.enter(fold(picture, self.fold))]
        for down, norm, more in zip(self.down, self.norms, self.more, strict=True):
            hidden = down(silu(found[-1]))
            found.append(hidden + more(silu(norm(hidden))))
        return found


class Carrier(nn.Module):
    """Carry the pixels of the reference to where a frame needs them, by a displacement that is found at the finest level.

    It is the sum of a field that is linear in expression and pose, with squares of the neck's, the same for everybody, and of what the
    reference's features add. Where pixels are drawn, what opens and closes is painted over.
    """

    def __init__(self, shape: NetworkShape) -> None:
        """Use the reference's features from the inner level outwards."""
        super().__init__()
        self.shape = shape
        outward = shape.widths[::-1]
        self.blocks = nn.ModuleList(ConditionalBlock(width, shape.condition) for width in outward[:-1])
        self.inner = ConditionalBlock(outward[0], shape.condition)
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in pairwise(outward))
        self.norm, self.leave = nn.GroupNorm(groups(outward[-1]), outward[-1]), nn.Conv2d(outward[-1], 2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)
        side = shape.side // shape.fold
        self.usual = nn.Parameter(torch.zeros(shape.expression + shape.pose + len(PRODUCTS), 2 * side * side))
        self.paint = None if shape.latent else Paint(shape.side)
        self.places = nn.Parameter(torch.randn(1, outward[0], side >> (len(outward) - 1), side >> (len(outward) - 1)) * 0.1)
        ends = (torch.arange(shape.side) + 0.5) * 2 / shape.side - 1
        self.register_buffer("home", torch.stack(torch.meshgrid(ends, ends, indexing="xy"), dim=-1)[None], persistent=False)

    def forward(
        self, picture: Tensor, features: list[Tensor], condition: Tensor, scaled: Tensor, expression: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Carry pictures (B, C, S, S) by conditions (B, F, D), scaled expression and pose (B, F, E + P), and expression (B, F, E).

        Gives (B, F, C, S, S), where each pixel came from (B, F, S, S, 2), from -1 to 1, and what was painted over (B, F, C, S, S).
        """
        rows, frames, _ = condition.shape
        told = condition.flatten(0, 1)

        def each(values: Tensor) -> Tensor:
            return values[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1)

        hidden = self.inner(each(features[-1] + self.places), told)
        for block, narrow, feature in zip(self.blocks, self.narrow, features[-2::-1], strict=True):
            hidden = larger(narrow(block(hidden, told))) + each(feature)
        more = torch.tanh(self.leave(silu(self.norm(hidden)))) * FARTHEST
        by_feeling, by_pose = self.straight(scaled.flatten(0, 1))
        places = self.home + by_feeling + by_pose + interpolate(more, size=self.shape.side, mode="bilinear").permute(0, 2, 3, 1)
        given = each(picture)
        found = self.taken(given, places)
        painted = torch.zeros_like(found)
        if self.paint is not None:
            change = self.paint(expression.flatten(0, 1), self.taken(given, self.home + by_feeling), given)
            painted = self.taken(change, self.home + by_pose)
        carried, over = ((values.reshape(rows, frames, *picture.shape[1:])) for values in (found + painted, painted))
        return carried, places.reshape(rows, frames, *places.shape[1:]), over

    def straight(self, scaled: Tensor) -> tuple[Tensor, Tensor]:
        """Tell how far scaled expression and pose (N, E + P) carry everybody: each (N, S, S, 2), in halves of the picture."""
        count = self.shape.expression
        felt, held = scaled.split([count, scaled.shape[1] - count], dim=1)
        return self.finest(felt @ self.usual[:count]), self.finest(self.turned(held) @ self.usual[count:])

    def turned(self, pose: Tensor) -> Tensor:
        """Put the products of the neck's numbers behind a pose (N, P), which begins with them -> (N, P + 6)."""
        return torch.cat([pose, *(pose[:, one : one + 1] * pose[:, other : other + 1] for one, other in PRODUCTS)], dim=1)

    def finest(self, field: Tensor) -> Tensor:
        """Bring a linear field (N, numbers) to the size of pictures (N, S, S, 2)."""
        side = self.shape.side // self.shape.fold
        return interpolate(SLOWLY * field.reshape(-1, 2, side, side), size=self.shape.side, mode="bilinear").permute(0, 2, 3, 1)

    def taken(self, pictures: Tensor, places: Tensor) -> Tensor:
        """Take the pixels of pictures (N, C, S, S) from places (N, S, S, 2), from -1 to 1."""
        found: Tensor = grid_sample(pictures, places, mode="bilinear", padding_mode="border", align_corners=False)
        return found


class Denoiser(nn.Module):
    """Noisy changes -> clean ones: what has to be added to the carried reference, in the unit of the network.

    Frames themselves would be lost in noise long after the little is that carrying leaves to be said. It is told the carried reference,
    what was painted over it and where it came from, the changes of the frames before, and the conditions.
    """

    def __init__(self, shape: NetworkShape) -> None:
        """Build the levels inwards and outwards; attention is on the inner level."""
        super().__init__()
        self.shape = shape
        widths, told = shape.widths, shape.condition
        seen = (shape.channels * (3 + shape.past) + 2) * shape.fold**2
        self.time = nn.Sequential(nn.Linear(64, told), nn.SiLU(), nn.Linear(told, told))
        self.enter = nn.Conv2d(seen, widths[0], 3, padding=1)
        self.inward = nn.ModuleList(ConditionalBlock(width, told) for width in widths[:-1])
        self.down = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.first, self.second = (ConditionalBlock(widths[-1], told) for _ in range(2))
        side = shape.side // shape.fold >> (len(widths) - 1)
        self.reference, self.over_time = ToReference(widths[-1], shape.heads, side), OverTime(widths[-1], shape.heads, shape.frames)
        self.narrow = nn.ModuleList(nn.Conv2d(b, a, 1) for a, b in pairwise(widths))
        self.outward = nn.ModuleList(ConditionalBlock(width, told) for width in widths[:-1])
        self.norm = nn.GroupNorm(groups(widths[0]), widths[0])
        self.leave = nn.Conv2d(widths[0], shape.channels * shape.fold**2, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

        ends = (torch.arange(shape.side) + 0.5) * 2 / shape.side - 1
        self.register_buffer("home", torch.stack(torch.meshgrid(ends, ends, indexing="xy"), dim=-1)[None], persistent=False)
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)

    def forward(
        self,
        noisy: Tensor,
        step: Tensor,
        carried: Tensor,
        places: Tensor,
        painted: Tensor,
        past: Tensor,
        feature: Tensor,
        condition: Tensor,
    ) -> Tensor:
        """Clean changes (B, F, C, S, S) at steps (B,) of 0 to 999, after changes (B, M, C, S, S), told features and conditions."""
        frames, times = noisy.shape[1], self.shape.fold
        told = (condition + self.time(waves(step, 64))[:, None]).flatten(0, 1)
        before = fold(past.flatten(1, 2), times)[:, None].expand(-1, frames, -1, -1, -1).flatten(0, 1)
        moved = ((places.flatten(0, 1) - self.home) * SEEN).permute(0, 3, 1, 2)
        # Noise that says nothing of the answer is not shown: it would only leak into it.
        readable = noisy * self.kept[step].sqrt()[:, None, None, None, None]
        whole = torch.cat([readable.flatten(0, 1), carried.flatten(0, 1), painted.flatten(0, 1) / CHANGE, moved], dim=1)
        seen = [fold(whole, times), before]
        hidden = self.enter(torch.cat(seen, dim=1))
        kept = []
        for block, down in zip(self.inward, self.down, strict=True):
            hidden = block(hidden, told)
            kept.append(hidden)
            hidden = down(hidden)
        hidden = self.over_time(self.reference(self.first(hidden, told), feature, frames))
        hidden = self.second(hidden, told)
        for block, narrow in zip(reversed(self.outward), reversed(self.narrow), strict=True):
            hidden = block(larger(narrow(hidden)) + kept.pop(), told)
        return unfold(self.leave(silu(self.norm(hidden))), times).reshape(noisy.shape)


class FaceDiffusion(nn.Module):
    """The three networks of a system that draws faces: reference, carrier and denoiser, over one vector of conditions each.

    `change` is the unit of what is drawn: CHANGE in pixels; in latents, whose size is the autoencoder's, a training measures it.
    """

    def __init__(self, shape: NetworkShape) -> None:
        """Build all of it."""
        super().__init__()
        self.shape = shape
        self.see, self.carry, self.clean = ReferenceNet(shape), Carrier(shape), Denoiser(shape)
        self.where, self.what = Conditions(shape), Conditions(shape)
        self.register_buffer("change", torch.tensor(CHANGE), persistent=shape.latent)
