"""How a face's diffusion network learns: windows drawn from clips, and the loss of one step. After EMOdiffhead (2024)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from thespis.data.actor import PARTS
from thespis.data.faces import drawn_again, page
from thespis.data.parts import Arrays, Held
from thespis.motion.diffusion import KEPT, STEPS
from thespis.motion.networks.dial import mouth_part
from thespis.pixels.diffusion.conditions import audio_of, expression_of, pose_of
from thespis.pixels.diffusion.flow import PRODUCTS, usual_flow
from thespis.pixels.diffusion.latent import Coder
from thespis.pixels.diffusion.networks import TorchFace
from thespis.pixels.diffusion.sampling import trailing
from thespis.pixels.diffusion.shape import NetworkShape
from thespis.pixels.diffusion.square import STAND
from thespis.pixels.diffusion.unet import SLOWLY, FaceDiffusion
from thespis.pixels.diffusion.windows import REACH, TOLD
from thespis.train.batches import Numbers
from thespis.train.losses import masked_mean
from thespis.train.randomness import noise
from thespis.types import Array, Bytes, random_for

WEIGHTS = {"background": 0.5, "skin": 1.5, "lips": 7.0, "eyes": 5.0, "mouth": 7.0, "hair": 0.7, "clothes": 0.5}
"""How much an error counts where these are."""
RESTING = 0.6  # of the windows are drawn from the person at rest, the others from any frame of the clip
BEGINNING = 0.5  # of the windows begin a film: nothing is told of the frames before
VOICE_ALONE = 0.15  # of the windows the mouth is told by the voice alone
UNTOLD, UNFELT = 0.08, 0.12  # of the windows nothing is told, and the voice only
RIDGE, AT_LIPS = 5e-3, 3e-4  # how firmly the painted tables are held at nothing, beside the mean square of a feature
LIPS = (0.42, 0.36)  # how wide and high the place is where they are held as at lips, on each side of their middle
"""Elsewhere little is painted, and tables that are held loosely would cancel each other on made-up skin only, not on photographs."""
FEW, AT_WORK = 2, 0.8  # the fewest steps of a sampler that it learns for, and the share of the windows that are noised as at these
PAST_NOISE = 0.5  # the largest deviation of what is added to earlier changes: at work they are the network's own, with its faults
FITTED, MEASURED = 600, 64  # clips that tables are fitted to, and that the unit of latents is measured on, at most
LONGEST, FIRST, ACROSS = 28, 3, 6  # frames of a clip that are drawn for a page, the first of them that is shown, and pictures in a row
FACE = ("skin", "lips", "eyes", "mouth")
WITHOUT_MOUTH = mouth_part()


class Windows:
    """Windows of frames by number of step and row: what is asked for depends on these and the seed only."""

    def __init__(self, clips: Sequence[Held], shares: Sequence[float], size: int, frames: int, past: int, seed: int) -> None:
        """Take clips, each with the share of the windows it is to give; frames of pixels are lit, latents are as they are."""
        self.clips, self.size, self.frames, self.past, self.seed = clips, size, frames, past, seed
        self.shares = np.asarray(shares) / np.sum(shares)

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.window(random_for(self.seed, f"window {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window: pictures as they are kept, those before it first, conditions beside the reference's own, and parts by place."""
        clip = self.clips[int(random.choice(len(self.clips), p=self.shares))]
        count = len(clip["flame"])
        at = int(random.integers(count - self.past - self.frames + 1))
        stop = at + self.past + self.frames
        flame, told = clip["flame"][at:stop], np.zeros_like(clip["flame"][:1])
        reference = 0
        if random.uniform() > RESTING:
            reference = 1 + int(random.integers(count))
            told = clip["flame"][reference - 1 : reference]
        begins = random.uniform() < BEGINNING
        around = np.clip(np.arange(at - REACH, stop + REACH), 0, count - 1)
        expression = expression_of(flame) - expression_of(told)
        if random.uniform() < VOICE_ALONE:
            expression = expression @ WITHOUT_MOUTH.T
        chance = float(random.uniform())
        known = TOLD[0] if chance < UNTOLD else TOLD[1] if chance < UNTOLD + UNFELT else TOLD[2]
        frames, shown = clip["frames"][1 + at : 1 + stop], clip["frames"][reference]
        if frames.dtype == np.uint8:
            table = light(random)
            frames, shown = lit(frames, table), lit(shown, table)
        return {
            "frames": frames,
            "reference": shown,
            "begins": np.float32(begins),
            "parts": clip["masks"][1 + at : 1 + stop],
            "audio": audio_of(clip["articulation"][around]),
            "expression": np.asarray(expression, np.float32),
            "pose": pose_of(flame) - pose_of(told),
            "told": known,
        }


def light(random: np.random.Generator) -> Bytes:
    """Draw other lamps and another skin than the corpus has: what becomes (256, 3) of each byte of red, green and blue."""
    gain, shift = random.uniform(0.75, 1.2, 3) * random.uniform(0.85, 1.1), random.uniform(-12, 12)
    return np.clip(np.arange(256)[:, None] * gain + shift, 0, 255).astype(np.uint8)


def lit(pictures: Bytes, table: Bytes) -> Bytes:
    """Show pictures (..., 3) in a light."""
    return np.stack([table[:, channel][pictures[..., channel]] for channel in range(3)], axis=-1)


def numbers(pictures: Tensor) -> Tensor:
    """Turn bytes (..., h, w, 3) into numbers (..., 3, h, w) from -1 to 1; latents (..., c, h, w) stay what they are."""
    return pictures.movedim(-1, -3).float() / 127.5 - 1 if pictures.dtype == torch.uint8 else pictures.float()


class CarrierLearner(nn.Module):
    """The first half of a FaceDiffusion with its loss: how near the carried reference comes to the frames."""

    def __init__(self, network: FaceDiffusion) -> None:
        """Hold the network; the denoiser stays as it was born."""
        super().__init__()
        self.network = network
        for part in (network.clean, network.what):
            part.requires_grad_(False)
        self.register_buffer("weights", torch.tensor([WEIGHTS[part] for part in PARTS]), persistent=False)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        (moved, *_), _ = carried(self.network, batch)
        return judged((moved - numbers(batch["frames"])) / self.network.change, self.weights[batch["parts"].long()][:, :, None])


class FaceLearner(nn.Module):
    """The second half of a FaceDiffusion with its loss: what it takes the changes for, at any noise, beside a carrier that is held."""

    def __init__(self, network: FaceDiffusion) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network
        for part in (network.see, network.carry, network.where):
            part.requires_grad_(False)
        self.register_buffer("weights", torch.tensor([WEIGHTS[part] for part in PARTS]), persistent=False)
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)
        self.register_buffer("asked", torch.tensor(trailing(max(FEW, network.shape.steps))), persistent=False)

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        network, past = self.network, self.network.shape.past
        with torch.no_grad():
            (moved, places, painted), features = carried(network, batch)
            changes = (numbers(batch["frames"]) - moved) / network.change
        before, clean = changes[:, :past], changes[:, past:]
        drawn = noise(batch["seed"], clean[0].numel() + before[0].numel() + 3)
        mixed, shaken, chance = drawn.split([clean[0].numel(), before[0].numel(), 3], dim=1)
        share, faults, few = torch.special.ndtr(chance).unbind(dim=1)
        # At work it is asked at the steps of a few-step sampler, the noisiest above all, so most windows are noised as there.
        anyhow = (share * (STEPS - 1)).round().long()
        count = len(self.asked)
        step = torch.where(few < AT_WORK, self.asked[(share**4 * count).long().clamp(max=count - 1)], anyhow)
        kept = self.kept[step][:, None, None, None, None]
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * mixed.view_as(clean)
        # Earlier changes are the network's own at work, with its faults: noise, and what belongs to the face of another row.
        share = faults[:, None, None, None, None]
        before = (1 - share) * before + share * before.roll(1, dims=0) + PAST_NOISE * share * shaken.view_as(before)
        before = before * (1 - batch["begins"][:, None, None, None, None])
        told = network.what(*(batch[name][:, past:] for name in ("audio", "expression", "pose")), batch["told"])
        made = network.clean(noisy, step, *(each[:, past:] for each in (moved, places, painted)), before, features[-1], told)
        return judged(made - clean, self.weights[batch["parts"].long()][:, past:, None])


def carried(network: FaceDiffusion, batch: Mapping[str, Tensor]) -> tuple[tuple[Tensor, Tensor, Tensor], list[Tensor]]:
    """Carry the references of a batch as it tells: what a Carrier gives, and the references' features."""
    told, reference = [batch[name] for name in ("audio", "expression", "pose")], numbers(batch["reference"])
    features = network.see(reference)
    condition, scaled = network.where(*told, torch.ones_like(batch["told"])), network.where.scaled(*told[1:])
    return network.carry(reference, features, condition, scaled, batch["expression"]), features


def judged(apart: Tensor, weights: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
    """Weigh what frames are off by (B, F, C, S, S), in the network's unit."""
    parts = {"squared": masked_mean(apart**2 * weights), "apart": masked_mean(apart.abs() * weights)}
    return parts["squared"] + 0.5 * parts["apart"], parts


def usual_sizes(network: FaceDiffusion, clips: Sequence[Held], *, known: bool = True) -> None:
    """Tell a network the spread of each condition in a corpus, and how OpenHead's skin follows the pose, and the expression if `known`."""
    flame = np.concatenate([clip["flame"] for clip in clips])
    heard = np.concatenate([clip["articulation"] for clip in clips])
    spreads = {"audio": np.tile(spread(heard), 2 * REACH + 1), "expression": spread(expression_of(flame)), "pose": spread(pose_of(flame))}
    side = network.shape.side // network.shape.fold
    bends = [spreads["pose"][one] * spreads["pose"][other] for one, other in PRODUCTS]
    sizes = np.concatenate([spreads["expression"], spreads["pose"], np.asarray(bends, np.float32)])
    field = usual_flow(side).reshape(len(sizes), -1) * sizes[:, None] / SLOWLY
    if not known:
        field[: network.shape.expression] = 0
    with torch.no_grad():
        network.carry.usual.copy_(torch.from_numpy(field))
    for conditions in (network.where, network.what):
        for name, sizes in spreads.items():
            getattr(conditions, f"{name}_scale").copy_(torch.from_numpy(sizes))


def evenly(count: int, most: int) -> Numbers:
    """Choose at most so many of `count` numbers, evenly."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def usual_change(network: FaceDiffusion, clips: Sequence[Held], each: int = 4) -> None:
    """Measure the unit of a network of latents on some frames of some clips: how far faces are from the reference, carried as at first."""
    if not network.shape.latent:
        return
    found, counted = [], [PARTS.index(name) for name in FACE]
    with torch.no_grad():
        for number in evenly(len(clips), MEASURED):
            clip = clips[number]
            chosen = evenly(len(clip["flame"]), each)
            flame = clip["flame"][chosen]
            scaled = network.where.scaled(torch.from_numpy(expression_of(flame)), torch.from_numpy(pose_of(flame)))
            given = numbers(torch.from_numpy(clip["frames"][:1])).expand(len(chosen), -1, -1, -1)
            moved = network.carry.taken(given, network.carry.home + sum(network.carry.straight(scaled)))
            apart = numbers(torch.from_numpy(clip["frames"][1 + chosen])) - moved
            found.append((apart**2).mean(dim=1)[torch.from_numpy(np.isin(clip["masks"][1 + chosen], counted))])
        network.change.copy_(torch.cat(found).mean().sqrt().clamp(min=1e-3))


def fit_paint(network: FaceDiffusion, clips: Sequence[Held], each: int = 10) -> None:
    """Fit the tables of what opens and closes, by least squares over some frames of every clip, to what carrying alone gets wrong."""
    carry, where = network.carry, network.where
    if carry.paint is None:
        return
    wrong, factors, features = [], [], []
    left, top, right, bottom = carry.paint.box
    with torch.no_grad():
        for number in evenly(len(clips), FITTED):
            clip = clips[number]
            chosen = evenly(len(clip["flame"]), each)
            flame = clip["flame"][chosen]
            expression, pose = torch.from_numpy(expression_of(flame)), torch.from_numpy(pose_of(flame))
            scaled = where.scaled(expression, pose)
            given = numbers(torch.from_numpy(clip["frames"][:1])).expand(len(chosen), -1, -1, -1)
            by_feeling, by_pose = carry.straight(scaled)
            apart = numbers(torch.from_numpy(clip["frames"][1 + chosen])) - carry.taken(given, carry.home + by_feeling + by_pose)
            # Seen without the pose, mouth and eyes stand where they are at rest.
            wrong.append(carry.taken(apart, carry.home - by_pose)[:, :, top:bottom, left:right])
            seen = carry.paint.factors(carry.taken(given, carry.home + by_feeling), given)
            factors.append(torch.stack([factor.expand_as(wrong[-1]) for factor in seen]))
            features.append(carry.paint.features(expression))
        told, targets, factor = torch.cat(features), torch.cat(wrong), torch.cat(factors, dim=1)
        count = told.shape[1]
        pull = len(told) * torch.eye(3 * count) * ridges(carry.home)[0, top:bottom, left:right, None, None]
        for channel in range(targets.shape[1]):
            for row in range(targets.shape[2]):
                # (w, N, 3 * count): the same features, each times the three factors of its pixel.
                given = (factor[:, :, channel, row].permute(2, 1, 0)[..., None] * told[None, :, None]).flatten(2)
                solved = torch.linalg.solve(given.mT @ given + pull[row], given.mT @ targets[:, channel, row].T[..., None])
                carry.paint.tables[:, :, channel, row] = solved[..., 0].reshape(-1, 3, count).permute(1, 2, 0)


def ridges(places: Tensor) -> Tensor:
    """Say how firmly tables are held at nothing at places (..., 2) from -1 to 1 of a network's square."""
    apart = (places - torch.tensor(STAND[-1])) / torch.tensor(LIPS)
    return torch.where((apart**2).sum(dim=-1) < 1, AT_LIPS, RIDGE)


def spread(values: Array) -> Array:
    """Give the deviation of each column (n, k) -> (k,); columns that hardly move count as a twentieth of the liveliest one."""
    found = values.std(axis=0)
    return np.asarray(np.maximum(found, 0.05 * found.max() or 1.0), np.float32)


def draw_page(network: nn.Module, clips: Sequence[Held], path: Path, coder: Coder | None = None) -> None:
    """Draw what a learner has learned: for each clip the reference, then frames as they are, carried, and made as the recipe makes them."""
    import cv2

    shape: NetworkShape = network.network.shape
    face, rows = TorchFace(network.network, coder), []
    for clip in clips:
        count = min(len(clip["flame"]), LONGEST) // face.frames * face.frames
        made, carried = drawn_again(face, clip, shape.steps, count, remembers=shape.remembers)
        chosen = np.linspace(FIRST, count - 1, ACROSS - 1).round().astype(int)
        reference, *truth = face.pictures(face.encode(clip["frames"][np.array([0, *(1 + chosen)])]))
        rows += [reference, *truth, reference, *carried[chosen], reference, *made[chosen]]
    sheet = cv2.resize(page(rows, ACROSS), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
    cv2.imwrite(str(path), sheet[..., ::-1])
