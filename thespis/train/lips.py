"""What learns to paint mouths, and what it is judged by: the latents, lips that belong to the voice, and a watcher of motion.

After LatentSync (2024): the network is told what the clean latents are, in one step, and that is decoded, so that pixels supervise it.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, binary_cross_entropy, normalize, pixel_unshuffle, silu

from thespis.motion.diffusion import KEPT, STEPS
from thespis.motion.spaces.face import FACE
from thespis.pixels.dub.align import painted
from thespis.pixels.dub.lip_networks import Patches, small_mask
from thespis.pixels.dub.lip_shape import LipShape
from thespis.pixels.dub.lip_torch import Lips
from thespis.pixels.dub.syncnet import SyncNet, SyncShape, TowerShape, likeness
from thespis.train.face_diffusion import numbers
from thespis.train.losses import sync
from thespis.train.randomness import noise
from thespis.types import Bytes

SYNC = SyncShape(
    TowerShape(1, (16, 32, 64, 96), ((1, 2), 2, 2, 2), (0, 0, 0, 0), 8),
    TowerShape(24, (16, 24, 32, 48, 64, 96), ((1, 2), 2, 2, 2, 2, 2), (0, 0, 0, 0, 0, 0), 8),
    frames=8,
    side=64,
    rows=16,
    bands=10,
)
"""The sync network of the tiny size: eight frames, and the ten numbers of the voice around them. Mel spectrograms need far more data."""
NEAR = 0.1  # the temperature of telling own sound from others'
UNHEARD = 0.1  # of the windows the sound is not told
LATENTS, PIXELS, EDGES, TOGETHER, WATCHED = 1.0, 2.0, 2.0, 0.05, 10.0
"""How much each loss counts: latents, pixels of the mouth and their edges (for LPIPS), sync, and what the watcher sees."""
GUESSED = {"pixels": 1.0, "edges": 1.0, "moved": 0.3, "rough": 0.02, "covered": 0.1}
"""How much each loss of the first guess counts."""
LEAST, DIFFERENT = 0.15, 4.0
"""What a pixel within the outline counts at least, and how much more for each unit of difference between two sayings."""


def mixed(pictures: Tensor) -> Tensor:
    """Soften pictures (N, 3, S, S) to a quarter of the pixels."""
    return avg_pool2d(pictures, 2)


def edges(made: Tensor, clean: Tensor, mask: Tensor | None = None) -> Tensor:
    """Compare how pictures (..., H, W) change from pixel to pixel; the mask (H, W) says where it counts."""
    found = []
    for dim in (-1, -2):
        apart = (made.diff(dim=dim) - clean.diff(dim=dim)).abs()
        found.append(apart.mean() if mask is None else (apart * mask.narrow(dim, 1, mask.shape[dim] - 1)).mean())
    return found[0] + found[1]


class SyncLearner(nn.Module):
    """The sync network with its loss: each moment's lips are nearest to their own sound, also among moments of the same clip."""

    def __init__(self, shape: SyncShape = SYNC) -> None:
        """Build the network."""
        super().__init__()
        self.network = SyncNet(shape)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of moments."""
        lips, voice = self.network(self.network.lower(numbers(batch["frames"])), batch["voice"])
        total = sync(voice, lips, NEAR)
        right = ((voice @ lips.T).argmax(dim=1) == torch.arange(len(lips), device=lips.device)).float().mean()
        return total, {"right": right}


class Watcher(nn.Module):
    """Sees how faces move: features (B, C, F, H, W) of windows of frames; for the tiny size what VideoMAE is for the published one."""

    def __init__(self) -> None:
        """Build the layers: the pictures are seen at half their size."""
        super().__init__()
        self.first, self.second = nn.Conv3d(3, 16, 3, (1, 2, 2), 1), nn.Conv3d(16, 32, 3, (1, 2, 2), 1)
        self.third = nn.Conv3d(32, 32, 3, (1, 2, 2), 1)
        self.leave = nn.Linear(32 * 16, FACE.size)

    def features(self, frames: Tensor) -> list[Tensor]:
        """See frames (B, F, 3, S, S): two layers' features."""
        small = mixed(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        one = silu(self.second(silu(self.first(small.transpose(1, 2)))))
        return [one, silu(self.third(one))]

    def forward(self, frames: Tensor) -> Tensor:
        """Tell the rows of the Space `face` (B, F, 62) that frames (B, F, 3, S, S) show."""
        last = self.features(frames)[-1].transpose(1, 2)
        made: Tensor = self.leave(last.flatten(2))
        return made


class WatcherLearner(nn.Module):
    """The watcher with its loss: how the face moves, in units of how much each number usually does."""

    def __init__(self, spread: Tensor) -> None:
        """Take the usual spread (62,) of the numbers."""
        super().__init__()
        self.watcher = Watcher()
        self.register_buffer("spread", spread)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        apart = (self.watcher(numbers(batch["frames"])) - batch["face"] / self.spread) ** 2
        return apart.clamp(max=25).mean(), {}


class GuessLearner(nn.Module):
    """The first guess with its loss: pixels and edges, first of all where lips differ; what is moved is preferred to what is laid over."""

    def __init__(self, lips: Lips) -> None:
        """Hold what guesses, and what is known without learning."""
        super().__init__()
        self.guess = lips.guess
        self.register_buffer("where", torch.from_numpy(painted(lips.shape, lips.shape.side)), persistent=False)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        clean, others = (numbers(batch[name]).flatten(0, 1) for name in ("frames", "others"))
        found = self.guess(others, batch["tokens"].flatten(0, 1))
        counts = weights(clean, others, self.where)
        parts = {
            "pixels": weighted(found.laid - clean, counts),
            "edges": edges(found.laid, clean, counts) / counts.mean(),
            "moved": weighted(found.moved - clean, counts),
            "rough": sum((found.flow.diff(dim=dim).abs().mean() for dim in (-1, -2)), start=clean.new_zeros(())),
            "covered": (found.laid - found.moved).abs().mean(),
        }
        return sum((GUESSED[name] * part for name, part in parts.items()), start=clean.new_zeros(())), parts


def weights(clean: Tensor, others: Tensor, where: Tensor) -> Tensor:
    """Tell how much each pixel (N, 1, S, S) counts of pictures (N, 3, S, S): within the outline, and most where two sayings differ."""
    apart = avg_pool2d((clean - others).abs().mean(dim=1, keepdim=True), 5, 1, 2)
    return where * (LEAST + (DIFFERENT * apart).clamp(max=1))


def weighted(apart: Tensor, counts: Tensor) -> Tensor:
    """Give the mean size of differences (N, 3, S, S) as their pixels count (N, 1, S, S)."""
    return (apart.abs() * counts).mean() / counts.mean()


def inside(apart: Tensor, lips: Lips) -> Tensor:
    """Give the mean square of how far latents (..., C, H, W) are apart where they are painted."""
    made: Tensor = (apart**2 * lips.mask).mean() / lips.mask.mean()
    return made


class LipLearner(nn.Module):
    """The network that paints with its loss: at first the latents alone, later what is decoded from them as well."""

    def __init__(self, lips: Lips, sync_network: SyncNet | None = None, watcher: Watcher | None = None) -> None:
        """Hold the network. With a watcher pixels are judged, with a sync network lips."""
        super().__init__()
        self.lips = lips
        # What judges is no part of what is learned or written.
        self.judges = (sync_network, watcher)
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)
        self.register_buffer("where", torch.from_numpy(painted(lips.shape, lips.shape.side)), persistent=False)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        lips = self.lips
        clean, others = numbers(batch["frames"]), numbers(batch["others"])
        rows, frames = clean.shape[:2]
        size = frames * lips.shape.channels * lips.shape.places**2
        chance, own, shared = noise(batch["seed"], 2 * size + 2).split([2, size, size], dim=1)
        share, told = torch.special.ndtr(chance).unbind(dim=1)
        tokens = batch["tokens"] * (told > UNHEARD).float()[:, None, None, None]
        sync_network, watcher = self.judges
        with torch.set_grad_enabled(watcher is not None):
            guess = lips.guess(others.flatten(0, 1), tokens.flatten(0, 1)).laid
            reference = lips.encode(guess).unflatten(0, (rows, frames))
        with torch.no_grad():
            seen = torch.cat([clean, clean * (1 - self.where)]).flatten(0, 1)
            wanted, masked = lips.encode(seen).unflatten(0, (2, rows, frames))
        # Half of the noise is one for all frames of a window, as at work all of it is.
        both = (own.view_as(wanted) + shared.view_as(wanted)[:, :1]) / 2**0.5
        step = ((1 - share**2) * (STEPS - 1)).round().long()
        kept = self.kept[step][:, None, None, None, None]
        noisy = kept.sqrt() * wanted + (1 - kept).sqrt() * both
        mask = lips.mask.expand(rows, frames, 1, -1, -1)
        made = lips(torch.cat([noisy, mask, masked, reference], dim=2), step, tokens)
        parts = {"latents": inside(made - wanted, lips)}
        total = LATENTS * parts["latents"]
        if watcher is not None:
            # What latents cannot tell is the guess's, as at work.
            change = lips.decode(made.flatten(0, 1)) - lips.decode(reference.flatten(0, 1))
            pictures = (guess + change).unflatten(0, (rows, frames))
            # Around the mouth the frame itself is shown.
            pictures = clean + self.where * (pictures - clean)
            made, true, counts = pictures.flatten(0, 1), clean.flatten(0, 1), weights(clean.flatten(0, 1), others.flatten(0, 1), self.where)
            parts["pixels"] = weighted(made - true, counts)
            parts["edges"] = edges(made, true, counts) / counts.mean()
            parts["watched"] = watched(watcher, pictures, clean)
            total = total + PIXELS * parts["pixels"] + EDGES * parts["edges"] + WATCHED * parts["watched"]
            if sync_network is not None:
                near = likeness(*sync_network(sync_network.lower(pictures), batch["voice"])).clamp(1e-4, 1 - 1e-4)
                heard = (told > UNHEARD).float()
                parts["together"] = binary_cross_entropy(near, torch.ones_like(near), weight=heard)
                total = total + TOGETHER * parts["together"]
        return total, parts


def watched(watcher: Watcher, made: Tensor, clean: Tensor) -> Tensor:
    """Compare windows (B, F, 3, S, S) by directions of what the watcher sees (TREPA): mean squared distance, summed over its layers."""
    with torch.no_grad():
        wanted = [normalize(each.flatten(1), dim=1) for each in watcher.features(clean)]
    found = [normalize(each.flatten(1), dim=1) for each in watcher.features(made)]
    return torch.stack([((one - other) ** 2).sum(dim=1).mean() for one, other in zip(found, wanted, strict=True)]).sum()


def solved(pictures: Bytes, shape: LipShape) -> Patches:
    """Solve for latents: the principal components of the small squares of pictures (n, S, S, 3) where they are painted anew."""
    folded = pixel_unshuffle(numbers(torch.from_numpy(pictures)), shape.factor).permute(0, 2, 3, 1)
    rows = folded[:, torch.from_numpy(small_mask(shape)) > 0].flatten(0, 1).double()
    middle = rows.mean(dim=0)
    apart = rows - middle
    strengths, patterns = torch.linalg.eigh(apart.T @ apart / len(apart))
    chosen = patterns.T.flip(0)[: shape.channels]
    # The sign of a component is free: let it be the one whose largest number is above zero.
    chosen = chosen * torch.sign(chosen.gather(1, chosen.abs().argmax(dim=1, keepdim=True)))
    spread = float(strengths.flip(0)[: shape.channels].mean().sqrt())
    return Patches(chosen.float().contiguous().numpy(), middle.float().numpy(), spread)
