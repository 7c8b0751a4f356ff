"""`thespis train hallo`: faces of the stage that hold still, latents that are solved for, the networks, and the files that ship.

Everything is kept in the folder, so that the same command goes on where it stood: faces/, the network and three files.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_unshuffle

from thespis.data.faces import Arrays, page
from thespis.data.stage import StageSettings
from thespis.motion.diffusion import KEPT, STEPS
from thespis.pixels.diffusion.networks import as_numbers
from thespis.pixels.dub.lip_networks import Patches
from thespis.pixels.hallo.networks import HalloNetwork
from thespis.pixels.hallo.onnx import Changes
from thespis.pixels.hallo.shape import SHAPES, HalloShape
from thespis.train.checkpoint import write_tensors
from thespis.train.emodiffhead import same, seeded
from thespis.train.face_diffusion import numbers
from thespis.train.hallo_data import HalloWindows, still_faces
from thespis.train.halves import Halved, shorten
from thespis.train.loop import train as learn
from thespis.train.losses import masked_mean
from thespis.train.randomness import noise
from thespis.train.settings import Outcome, Settings
from thespis.types import Bytes, random_for

SIZES = ("tiny",)
"""What can be trained here; the published size is trained by its authors."""
PLAIN, EMOTIONAL, HELD = (120, 1.6), (80, 2.0), (20, 1.6)
"""How many clips of how many seconds are drawn: many people who feel little, few who feel everything, and other people to check on."""
PAST_NOISE = 0.3  # the largest deviation of what is added to earlier frames: at work they are the network's own, with its faults
NOISY = 0.6  # how far towards the clean end the steps go that are learned: few-step samplers never come near it
LIPS, FACE = 5.0, 1.0  # how much more an error counts there
USUAL = Settings(steps=3000, batch=4, rate=2e-3, warm_up=60, average=0.99, check_every=200, checkpoint_every=200, sample_every=400)
FILES = ("hallo_patches.safetensors", "hallo_reference.onnx", "hallo_denoiser.onnx")


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are settings of the loop."""
    asked = dict(wishes)
    shape = SHAPES[asked.pop("size", "tiny")]
    settings = replace(USUAL, **asked)
    clips, held = corpus(folder / "faces", shape, settings.seed, tell)
    return taught(folder, shape, clips, held, settings, tell)


def corpus(folder: Path, shape: HalloShape, seed: int, tell: Callable[[str], None]) -> tuple[list[Arrays], list[Arrays]]:
    """Draw what is missing of the faces -> clips to learn from, and clips of other people."""
    found = []
    for split, regime, (count, seconds) in (
        ("train", "plain", PLAIN), ("train", "emotional", EMOTIONAL), ("validation", "plain", HELD),
    ):  # fmt: skip
        settings = StageSettings(seed, count, seconds, split=split, regime=regime)  # type: ignore[arg-type]
        found.append(still_faces(folder, settings, shape.side, tell))
    return found[0] + found[1], found[2]


def taught(
    folder: Path, shape: HalloShape, clips: Sequence[Arrays], held: Sequence[Arrays], settings: Settings, tell: Callable[[str], None]
) -> Outcome:
    """Solve for latents, teach the networks, and write the files that ship."""
    learner = seeded(settings.seed, lambda: HalloLearner(HalloNetwork(shape)))
    assert isinstance(learner, HalloLearner)
    changes = solved(clips, shape)
    learner.know(changes)
    windows, kept = (HalloWindows(some, settings.batch, shape, changes, settings.seed) for some in (clips, held))
    checked = [kept.window(random_for(settings.seed, f"held {number}")) for number in range(2 * len(held))]
    outcome = learn(learner, windows, folder, settings, held=checked, sample=drawing(held), tell=tell)
    export(folder, shape)
    return outcome


def solved(clips: Sequence[Arrays], shape: HalloShape) -> Changes:
    """Solve for latents: the principal components of small squares, and how much each of them changes from rest."""
    pictures = np.concatenate([clip["frames"][::8] for clip in clips])
    rows = pixel_unshuffle(numbers(torch.from_numpy(pictures)), shape.factor).permute(0, 2, 3, 1).flatten(0, 2).double()
    middle = rows.mean(dim=0)
    strengths, patterns = torch.linalg.eigh((rows - middle).T @ (rows - middle) / len(rows))
    chosen = patterns.T.flip(0)[: shape.channels]
    chosen = chosen * torch.sign(chosen.gather(1, chosen.abs().argmax(dim=1, keepdim=True)))
    scale = float(strengths.flip(0)[: shape.channels].mean().sqrt())
    patches = Patches(chosen.float().contiguous().numpy(), middle.float().numpy(), scale)
    squares = []
    for clip in clips[::4]:
        latents = patches.encode(as_numbers(clip["frames"][::6]), shape.factor)
        squares.append(np.square(latents[1:] - latents[:1]).mean(axis=(0, 2, 3)))
    return Changes(patches, np.asarray(np.sqrt(np.mean(squares, axis=0)), np.float32))


class HalloLearner(nn.Module):
    """The networks with their loss: the velocity of what changes in a portrait, where the lips are most of all."""

    def __init__(self, network: HalloNetwork) -> None:
        """Hold the networks."""
        super().__init__()
        self.network, shape = network, network.shape
        # It begins as one that draws the portrait as it is.
        nn.init.zeros_(network.denoiser.conv_out.weight)
        nn.init.zeros_(network.denoiser.conv_out.bias)
        self.register_buffer("patterns", torch.zeros(shape.channels, 3 * shape.factor**2))
        self.register_buffer("middle", torch.zeros(3 * shape.factor**2))
        self.register_buffer("scale", torch.ones(()))
        self.register_buffer("spread", torch.ones(shape.channels))
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)

    def know(self, changes: Changes) -> None:
        """Take the latents."""
        self.patterns.copy_(torch.from_numpy(changes.patches.patterns))
        self.middle.copy_(torch.from_numpy(changes.patches.middle))
        self.scale.fill_(changes.patches.spread)
        self.spread.copy_(torch.from_numpy(changes.spread))

    def changes(self) -> Changes:
        """Give the latents back."""
        patches = Patches(self.patterns.cpu().numpy(), self.middle.cpu().numpy(), float(self.scale))
        return Changes(patches, self.spread.cpu().numpy())

    def encode(self, pictures: Tensor) -> Tensor:
        """Turn pictures (N, S, S, 3) of bytes into latents (N, C, P, P)."""
        cut = pixel_unshuffle(numbers(pictures), self.network.shape.factor) - self.middle[:, None, None]
        made: Tensor = torch.einsum("kc,nchw->nkhw", self.patterns, cut) / self.scale
        return made

    def velocity(self, noisy: Tensor, step: Tensor, rest: Tensor, earlier: Tensor, batch: Mapping[str, Tensor]) -> Tensor:
        """Ask the networks about noisy changes (B, F, C, P, P) of portraits (B, C, P, P) after earlier frames (B, M, C, P, P)."""
        (rows, frames), count = noisy.shape[:2], earlier.shape[1]
        latents = torch.cat([rest[:, None], earlier], dim=1)
        who = batch["face"][:, None].expand(-1, 1 + count, -1).flatten(0, 1)
        noted = [each.unflatten(0, (rows, 1 + count)) for each in self.network.see(latents.flatten(0, 1), who)]
        entered = torch.cat([noisy, rest[:, None].expand(-1, frames, -1, -1, -1)], dim=2)
        made: Tensor = self.network(
            entered, step, [each[:, 0] for each in noted], [each[:, 1:] for each in noted], batch["face"], batch["voice"], batch["masks"],
            batch["where"], torch.ones(rows, frames, 3, device=rest.device), batch["known"],
        )  # fmt: skip
        return made

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        rows, frames = batch["frames"].shape[:2]
        count = batch["before"].shape[1]
        with torch.no_grad():
            rest = self.encode(batch["portrait"])
            spread = self.spread[:, None, None]
            clean = (self.encode(batch["frames"].flatten(0, 1)).unflatten(0, (rows, frames)) - rest[:, None]) / spread
            earlier = self.encode(batch["before"].flatten(0, 1)).unflatten(0, (rows, count))
            drawn = noise(batch["seed"], clean[0].numel() + earlier[0].numel() + 2)
            mixed, shaken, chance = drawn.split([clean[0].numel(), earlier[0].numel(), 2], dim=1)
            share, faults = torch.special.ndtr(chance).unbind(dim=1)
            step = ((1 - NOISY * share**2) * (STEPS - 1)).round().long()
            kept = self.kept[step][:, None, None, None, None]
            noisy = kept.sqrt() * clean + (1 - kept).sqrt() * mixed.view_as(clean)
            wanted = kept.sqrt() * mixed.view_as(clean) - (1 - kept).sqrt() * clean
            earlier = earlier + PAST_NOISE * faults[:, None, None, None, None] * shaken.view_as(earlier) * spread
        made = self.velocity(noisy, step, rest, earlier, batch)
        # Numbers that change little count little, as they do in pixels; the lips count most.
        size = self.spread**2 / (self.spread**2).mean()
        weights = size[:, None, None] * (1 + FACE * batch["regions"][:, 1] + LIPS * batch["regions"][:, 2])[:, None, None]
        apart = (made - wanted) ** 2
        lips = batch["regions"][:, None, 2:].expand_as(apart)
        parts = {"velocity": masked_mean(apart * weights), "lips": masked_mean(apart * size[:, None, None], lips)}
        return parts["velocity"], parts


class Sees(nn.Module):
    """The network that sees, as one function of tensors."""

    def __init__(self, network: HalloNetwork) -> None:
        """Hold the networks."""
        super().__init__()
        self.network = network

    def forward(self, latents: Tensor, face: Tensor) -> list[Tensor]:
        """Note what is seen."""
        return self.network.see(latents, face)


class Draws(nn.Module):
    """The network that draws, as one function of tensors: what was noted comes last, of the portrait and then of earlier frames."""

    def __init__(self, network: HalloNetwork) -> None:
        """Hold the networks."""
        super().__init__()
        self.network = network

    def forward(
        self, noisy: Tensor, step: Tensor, face: Tensor, voice: Tensor, masks: Tensor, where: Tensor, weights: Tensor, known: Tensor,
        *noted: Tensor,
    ) -> Tensor:  # fmt: skip
        """Answer with the velocity."""
        half = len(noted) // 2
        made: Tensor = self.network(noisy, step, noted[:half], noted[half:], face, voice, masks, where, weights, known)
        return made


def read_learner(folder: Path, shape: HalloShape) -> HalloLearner:
    """Read what a training left in its folder."""
    from safetensors.torch import load_file

    learner = HalloLearner(HalloNetwork(shape))
    learner.load_state_dict(load_file(folder / "network.safetensors"))
    learner.eval()
    return learner


def export(folder: Path, shape: HalloShape) -> None:
    """Write the latents of a trained folder, and its networks as two ONNX files in half precision."""
    learner = read_learner(folder, shape)
    write_tensors(folder / FILES[0], {name: getattr(learner, name) for name in ("patterns", "middle", "scale", "spread")})
    network, places = learner.network, shape.places
    latents, face = torch.zeros(2, shape.channels, places, places), torch.zeros(2, shape.face)
    with torch.no_grad():
        noted = network.see(latents, face)
    told = {
        "noisy": torch.zeros(2, shape.frames, shape.enters, places, places), "step": torch.zeros(2, dtype=torch.int64), "face": face,
        "voice": torch.zeros(2, shape.frames, shape.heard), "masks": torch.zeros(2, 3, places, places),
        "where": torch.zeros(2, 1, shape.side, shape.side), "weights": torch.zeros(2, shape.frames, 3), "known": torch.ones(2, 2),
        **{f"seen_{number}": each for number, each in enumerate(noted)},
        **{f"past_{number}": each[:, None].repeat(1, shape.past, 1, 1) for number, each in enumerate(noted)},
    }  # fmt: skip
    jobs = (
        (Sees(network), {"latents": latents, "face": face}, [f"noted_{number}" for number in range(len(noted))]),
        (Draws(network), told, ["velocity"]),
    )
    for name, (part, given, outputs) in zip(FILES[1:], jobs, strict=True):
        module, values = Halved(part), tuple(given.values())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes that become constants; the file is compared below
            torch.onnx.export(
                module, values, str(folder / name), input_names=[*given], output_names=outputs, opset_version=17,
                do_constant_folding=False, dynamo=False, dynamic_axes={each: {0: "rows"} for each in (*given, *outputs)},
            )  # fmt: skip
        tighten(folder / name)
        shorten(folder / name)
        same(module, values, [*given], folder / name)


def tighten(path: Path) -> None:
    """Let an ONNX file say once what it says several times: shapes, for the most part."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath, options.log_severity_level = str(path), 3
    # Folding what is constant would undo the halves.
    onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["ConstantFolding"])


def drawing(clips: Sequence[Arrays]) -> Callable[[nn.Module, int, Path], None]:
    """Give what draws a page: of some clips frames as they are, and in one step from noise."""

    def sample(network: nn.Module, step: int, place: Path) -> None:
        assert isinstance(network, HalloLearner)
        shape, rows = network.network.shape, list[Bytes]()
        windows = HalloWindows(clips, 4, shape, network.changes(), 0)
        given = {name: torch.from_numpy(value) for name, value in windows.rows(0, 0, 4).items()}
        for number, made in enumerate(guessed(network, given)):
            rows += [*given["frames"][number].numpy(), *made]
        sheet = cv2.resize(page(rows, shape.frames), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(place / f"step_{step:06d}.png"), sheet[..., ::-1])

    return sample


def guessed(learner: HalloLearner, batch: Mapping[str, Tensor]) -> list[Bytes]:
    """Draw windows of a batch in one step, without noise: what a network expects."""
    shape, (rows, count) = learner.network.shape, batch["before"].shape[:2]
    with torch.no_grad():
        rest, earlier = learner.encode(batch["portrait"]), learner.encode(batch["before"].flatten(0, 1)).unflatten(0, (rows, count))
        nothing = torch.zeros(rows, shape.frames, shape.channels, shape.places, shape.places)
        made = -learner.velocity(nothing, torch.full((rows,), STEPS - 1), rest, earlier, batch)
    changes, found = learner.changes(), []
    for portrait, change in zip(batch["portrait"].numpy(), made.numpy(), strict=True):
        pixels = changes.pixels(change, shape.factor).transpose(0, 2, 3, 1) * 127.5
        found.append(np.clip(np.round(portrait + pixels), 0, 255).astype(np.uint8))
    return found
