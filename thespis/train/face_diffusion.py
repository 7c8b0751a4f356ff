"""How a face's diffusion network learns: windows drawn from clips, and the loss of one step. After EMOdiffhead (2024)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thespis.data.actor import PARTS
from thespis.data.faces import Arrays, drawn_again, page
from thespis.motion.diffusion import KEPT, STEPS
from thespis.motion.networks.dial import mouth_part
from thespis.pixels.diffusion.conditions import audio_of, expression_of, pose_of
from thespis.pixels.diffusion.flow import usual_flow
from thespis.pixels.diffusion.networks import TorchFace
from thespis.pixels.diffusion.unet import SLOWLY, FaceDiffusion
from thespis.pixels.diffusion.windows import REACH, TOLD
from thespis.train.losses import masked_mean
from thespis.train.randomness import noise
from thespis.types import Array, Bytes, random_for

WEIGHTS = {"background": 0.5, "skin": 1.5, "lips": 7.0, "eyes": 5.0, "mouth": 7.0, "hair": 0.7, "clothes": 0.5}
"""How much an error counts where these are."""
RESTING = 0.6  # of the windows are drawn from the person at rest, the others from any frame of the clip
BEGINNING = 0.3  # of the windows begin a film: the reference stands for the frames before
VOICE_ALONE = 0.25  # of the windows the mouth is told by the voice alone
UNTOLD, UNFELT = 0.08, 0.12  # of the windows nothing is told, and the voice only
RIDGE = 3e-4  # how firmly the painted tables are held at nothing, beside the mean square of a feature
PAST_NOISE = 0.3  # the largest deviation of what is added to earlier frames: at work they are the network's own, with its faults
WITHOUT_MOUTH = mouth_part()


class Windows:
    """Windows of frames by number of step and row: what is asked for depends on these and the seed only."""

    def __init__(self, clips: Sequence[Arrays], shares: Sequence[float], size: int, frames: int, past: int, seed: int) -> None:
        """Take clips, each with the share of the windows it is to give."""
        self.clips, self.size, self.frames, self.past, self.seed = clips, size, frames, past, seed
        self.shares = np.asarray(shares) / np.sum(shares)

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.window(random_for(self.seed, f"window {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window: pictures as bytes, conditions beside the reference's own, and weights of the pixels."""
        clip = self.clips[int(random.choice(len(self.clips), p=self.shares))]
        count = len(clip["flame"])
        at = int(random.integers(self.past, count - self.frames + 1))
        flame, told = clip["flame"][at : at + self.frames], np.zeros_like(clip["flame"][:1])
        reference = 0
        if random.uniform() > RESTING:
            reference = 1 + int(random.integers(count))
            told = clip["flame"][reference - 1 : reference]
        before = clip["frames"][1 + at - self.past : 1 + at]
        if random.uniform() < BEGINNING:
            before = np.repeat(clip["frames"][reference : reference + 1], self.past, axis=0)
        around = np.clip(np.arange(at - REACH, at + self.frames + REACH), 0, count - 1)
        expression = expression_of(flame) - expression_of(told)
        if random.uniform() < VOICE_ALONE:
            expression = expression @ WITHOUT_MOUTH.T
        chance = float(random.uniform())
        known = TOLD[0] if chance < UNTOLD else TOLD[1] if chance < UNTOLD + UNFELT else TOLD[2]
        # The same light on all pictures of a window: other lamps and skins than the corpus has.
        gain, shift = random.uniform(0.75, 1.2, 3) * random.uniform(0.85, 1.1), random.uniform(-12, 12)
        table = np.clip(np.arange(256)[:, None] * gain + shift, 0, 255).astype(np.uint8)

        def lit(pictures: Bytes) -> Bytes:
            return np.stack([table[:, channel][pictures[..., channel]] for channel in range(3)], axis=-1)

        return {
            "frames": lit(clip["frames"][1 + at : 1 + at + self.frames]),
            "reference": lit(clip["frames"][reference]),
            "before": lit(before),
            "parts": clip["masks"][1 + at : 1 + at + self.frames],
            "audio": audio_of(clip["articulation"][around]),
            "expression": np.asarray(expression, np.float32),
            "pose": pose_of(flame) - pose_of(told),
            "told": known,
        }


def numbers(pictures: Tensor) -> Tensor:
    """Turn bytes (..., h, w, 3) into numbers (..., 3, h, w) from -1 to 1."""
    return pictures.movedim(-1, -3).float() / 127.5 - 1


class FaceLearner(nn.Module):
    """A FaceDiffusion with its loss: what it takes the clean frames for, at any noise."""

    def __init__(self, network: FaceDiffusion) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network
        self.register_buffer("weights", torch.tensor([WEIGHTS[part] for part in PARTS]), persistent=False)
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        network = self.network
        clean, reference, before = (numbers(batch[name]) for name in ("frames", "reference", "before"))
        drawn = noise(batch["seed"], clean[0].numel() + before[0].numel() + 2)
        mixed, shaken, chance = drawn.split([clean[0].numel(), before[0].numel(), 2], dim=1)
        # More windows near the noisy end, where few-step samplers spend most of their steps.
        share, faults = torch.special.ndtr(chance).unbind(dim=1)
        step = ((1 - share**2) * (STEPS - 1)).round().long()
        kept = self.kept[step][:, None, None, None, None]
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * mixed.view_as(clean)
        before = before + PAST_NOISE * faults[:, None, None, None, None] * shaken.view_as(before)
        told = [batch[name] for name in ("audio", "expression", "pose")]
        features = network.see(reference)
        carried, _ = network.carry(
            reference, features, network.where(*told, torch.ones_like(batch["told"])), network.where.scaled(*told[1:]), batch["expression"]
        )
        made = network.clean(noisy, step, carried, before, features[-1], network.what(*told, batch["told"]))
        weights = self.weights[batch["parts"].long()][:, :, None]
        apart = made - clean
        parts = {
            "squared": masked_mean(apart**2 * weights),
            "apart": masked_mean(apart.abs() * weights),
            "carried": masked_mean((carried - clean).abs() * weights),
        }
        return 10 * parts["squared"] + parts["apart"] + 0.5 * parts["carried"], parts


def usual_sizes(network: FaceDiffusion, clips: Sequence[Arrays]) -> None:
    """Tell a network the spread of each condition in a corpus, and how OpenHead's skin follows them, before it learns."""
    flame = np.concatenate([clip["flame"] for clip in clips])
    heard = np.concatenate([clip["articulation"] for clip in clips])
    spreads = {"audio": np.tile(spread(heard), 2 * REACH + 1), "expression": spread(expression_of(flame)), "pose": spread(pose_of(flame))}
    side = network.shape.side // network.shape.fold
    sizes = np.concatenate([spreads["expression"], spreads["pose"]])
    field = usual_flow(side).reshape(len(sizes), -1) * sizes[:, None] / SLOWLY
    with torch.no_grad():
        network.carry.usual.copy_(torch.from_numpy(field))
    for conditions in (network.where, network.what):
        for name, sizes in spreads.items():
            getattr(conditions, f"{name}_scale").copy_(torch.from_numpy(sizes))


def fit_paint(network: FaceDiffusion, clips: Sequence[Arrays], each: int = 10) -> None:
    """Fit the tables of what opens and closes, by least squares over some frames of every clip, to what carrying alone gets wrong."""
    carry, where = network.carry, network.where
    if carry.paint is None:
        return
    wrong, factors, features = [], [], []
    left, top, right, bottom = carry.paint.box
    with torch.no_grad():
        for clip in clips:
            chosen = np.unique(np.linspace(0, len(clip["flame"]) - 1, each).astype(int))
            flame = clip["flame"][chosen]
            expression, pose = torch.from_numpy(expression_of(flame)), torch.from_numpy(pose_of(flame))
            scaled = where.scaled(expression, pose)
            given = numbers(torch.from_numpy(clip["frames"][:1])).expand(len(chosen), -1, -1, -1)
            by_feeling = carry.finest(scaled[:, : expression.shape[1]] @ carry.usual[: expression.shape[1]])
            by_pose = carry.finest(scaled[:, expression.shape[1] :] @ carry.usual[expression.shape[1] :])
            apart = numbers(torch.from_numpy(clip["frames"][1:][chosen])) - carry.taken(given, carry.home + by_feeling + by_pose)
            # Seen without the pose, mouth and eyes stand where they are at rest.
            wrong.append(carry.taken(apart, carry.home - by_pose)[:, :, top:bottom, left:right])
            seen = carry.paint.factors(carry.taken(given, carry.home + by_feeling), given)
            factors.append(torch.stack([factor.expand_as(wrong[-1]) for factor in seen]))
            features.append(carry.paint.features(expression))
        told, targets, factor = torch.cat(features), torch.cat(wrong), torch.cat(factors, dim=1)
        count = told.shape[1]
        pull = RIDGE * len(told) * torch.eye(3 * count)
        for channel in range(targets.shape[1]):
            for row in range(targets.shape[2]):
                # (w, N, 3 * count): the same features, each times the three factors of its pixel.
                given = (factor[:, :, channel, row].permute(2, 1, 0)[..., None] * told[None, :, None]).flatten(2)
                solved = torch.linalg.solve(given.mT @ given + pull, given.mT @ targets[:, channel, row].T[..., None])
                carry.paint.tables[:, :, channel, row] = solved[..., 0].reshape(-1, 3, count).permute(1, 2, 0)


def spread(values: Array) -> Array:
    """Give the deviation of each column (n, k) -> (k,); columns that hardly move count as a twentieth of the liveliest one."""
    found = values.std(axis=0)
    return np.asarray(np.maximum(found, 0.05 * found.max() or 1.0), np.float32)


def draw_page(network: nn.Module, clips: Sequence[Arrays], path: Path, steps: int = 4) -> None:
    """Draw what a learner has learned: for each clip the reference, then frames as they are, carried, and made."""
    import cv2

    face, rows = TorchFace(network.network), []
    for clip in clips:
        made, carried = drawn_again(face, clip, steps, 28)
        chosen = [3, 9, 15, 21, 27]
        truth = clip["frames"][1:]
        rows += [clip["frames"][0], *truth[chosen], clip["frames"][0], *carried[chosen], clip["frames"][0], *made[chosen]]
    sheet = cv2.resize(page(rows, 6), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), sheet[..., ::-1])
