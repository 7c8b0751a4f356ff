"""`thespis train latentsync`: people who say two things, two judges, the network by its latents alone and then by its pixels.

Everything is kept in the folder, so that the same command goes on where it stood: clips/, sync/, watcher/, plain/ and the network
itself with the two files that ship.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from thespis.data.faces import Arrays
from thespis.pixels.dub.lip_guess import FirstGuess, Guessed
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.pixels.dub.lip_torch import Lips
from thespis.pixels.dub.syncnet import SyncNet
from thespis.train.checkpoint import write_tensors
from thespis.train.emodiffhead import same, seeded
from thespis.train.halves import Halved, shorten
from thespis.train.lip_data import LipPairs, LipWindows, corpus, pictures_of
from thespis.train.lip_figures import painted_again
from thespis.train.lips import SYNC, GuessLearner, LipLearner, SyncLearner, Watcher, WatcherLearner, solved
from thespis.train.loop import train as learn
from thespis.train.settings import Outcome, Settings, ended
from thespis.types import Array, random_for

SIZES = ("tiny",)
"""What can be trained here; the published sizes are trained by their authors."""
CLIPS: Mapping[str, int] = {"plain": 100, "emotional": 60, "held": 12}
"""How many clips are drawn: many people who feel little, few who feel everything, and others who are learned from by nobody."""
USUAL = Settings(steps=120, batch=2, rate=6e-4, warm_up=20, average=0.98, check_every=60, checkpoint_every=60, log_every=20)
SYNCS = replace(USUAL, steps=300, batch=32, rate=7e-4, warm_up=60)
WATCHES = replace(USUAL, steps=120, batch=8, rate=2e-3)
GUESSES = replace(USUAL, steps=3000, batch=6, rate=2e-3, weight_decay=0.01, check_every=300, checkpoint_every=150)
PLAINLY = replace(USUAL, steps=150, rate=1e-3, warm_up=30)
"""The trainings before the last one: the judges of lips and of motion, the first guess, and the network by its latents alone."""


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned from, and what is not: windows of both."""

    windows: LipWindows
    held: LipWindows

    def kept(self, count: int = 24) -> list[Arrays]:
        """Draw windows to check on."""
        return [self.held.window(random_for(0, f"held lips {number}")) for number in range(count)]


def material(folder: Path, seed: int, batch: int, tell: Callable[[str], None], clips: Mapping[str, int] | None = None) -> Material:
    """Draw clips, or read those that are there."""
    shape = SHAPES["tiny"]
    found = corpus(folder / "clips", shape, clips or CLIPS, seed, tell)
    learned = [*found["plain"], *found["emotional"]]
    return Material(LipWindows(learned, batch, shape, SYNC, seed), LipWindows(found["held"], 1, shape, SYNC, seed))


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are settings of the last training, which pixels supervise."""
    asked = dict(wishes)
    asked.pop("size", None)
    settings = replace(USUAL, **asked)
    known = material(folder, settings.seed, settings.batch, tell)
    plain = replace(PLAINLY, seed=settings.seed, batch=settings.batch)
    lips = prepared(folder, known, plain, replace(GUESSES, seed=settings.seed), tell)
    judge = synced(folder / "sync", known, replace(SYNCS, seed=settings.seed), tell)
    watcher = watching(folder / "watcher", known, replace(WATCHES, seed=settings.seed), tell)
    outcome = learn(LipLearner(lips, judge, watcher), known.windows, folder, settings, held=known.kept(), sample=drawing(known), tell=tell)
    export(folder)
    return outcome


def prepared(folder: Path, known: Material, settings: Settings, guessing: Settings, tell: Callable[[str], None]) -> Lips:
    """Solve for the latents, learn a first guess, then the network by latents alone."""
    lips = seeded(settings.seed, lambda: Lips(SHAPES["tiny"]))
    assert isinstance(lips, Lips)
    windows = known.windows
    lips.know(solved(pictures_of(windows.clips), lips.shape))
    guess = GuessLearner(lips)
    frames = LipWindows(windows.clips, guessing.batch, windows.shape, windows.sync, guessing.seed, scattered=True)
    ended(learn(guess, frames, folder / "guess", guessing, held=known.kept(), tell=tell))
    best(guess, folder / "guess")
    learner = LipLearner(lips)
    ended(learn(learner, windows, folder / "plain", settings, held=known.kept(), tell=tell))
    best(learner, folder / "plain")
    return lips


def synced(folder: Path, known: Material, settings: Settings, tell: Callable[[str], None]) -> SyncNet:
    """Learn whether lips belong to a voice."""
    learner = seeded(settings.seed, SyncLearner)
    assert isinstance(learner, SyncLearner)
    pairs, held = LipPairs(known.windows, settings.batch), LipPairs(known.held, 1)
    kept = [held.pair(0, row) for row in range(2 * settings.batch)]
    ended(learn(learner, pairs, folder, settings, held=kept, tell=tell))
    best(learner, folder)
    made: SyncNet = learner.network.eval().requires_grad_(False)
    return made


def watching(folder: Path, known: Material, settings: Settings, tell: Callable[[str], None]) -> Watcher:
    """Learn how a face moves."""
    windows = known.windows
    spread = usual(np.concatenate([clip["face"] for clip in windows.clips]))
    learner = seeded(settings.seed, lambda: WatcherLearner(torch.from_numpy(spread)))
    assert isinstance(learner, WatcherLearner)
    some = LipWindows(windows.clips, settings.batch, windows.shape, windows.sync, settings.seed)
    ended(learn(learner, some, folder, settings, held=known.kept(), tell=tell))
    best(learner, folder)
    made: Watcher = learner.watcher.eval().requires_grad_(False)
    return made


def usual(rows: Array) -> Array:
    """Give the usual spread of each number of rows (n, 62); what hardly moves counts little."""
    spread = rows.std(axis=0)
    return np.asarray(np.maximum(spread, 0.1 * float(np.median(spread[spread > 0]))), np.float32)


def best(module: nn.Module, folder: Path) -> None:
    """Take the best parameters that a training left in its folder."""
    from safetensors.torch import load_file

    module.load_state_dict(load_file(folder / "network.safetensors"))


def drawing(known: Material) -> Callable[[nn.Module, int, Path], None]:
    """Give what draws a page: frames as they are, the reference's, and what is made of it."""

    def sample(network: nn.Module, step: int, place: Path) -> None:
        import cv2

        from thespis.data.faces import page

        rows = []
        for window in known.kept(4):
            made = painted_again(network.lips, window)
            rows += [*window["frames"], *window["others"], *made]
        sheet = cv2.resize(page(rows, 8), None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(place / f"step_{step:06d}.png"), sheet[..., ::-1])

    return sample


def export(folder: Path) -> None:
    """Write the latents of a trained folder, and its network as an ONNX file in half precision."""
    shape = SHAPES["tiny"]
    learner = LipLearner(Lips(shape))
    best(learner, folder)
    lips = learner.lips.eval()
    held = {"patterns": lips.patterns, "middle": lips.middle, "spread": lips.spread}
    write_tensors(folder / "latentsync_patches.safetensors", held)
    places, frames, side = shape.places, shape.frames, shape.side
    noisy, tokens = torch.zeros(2, frames, shape.enters, places, places), torch.zeros(2, frames, shape.taps, shape.told)
    given = (noisy, torch.zeros(2, dtype=torch.int64), tokens)
    first = lips.guess
    del lips.guess
    written(Halved(lips).eval(), given, ("latents", "step", "tokens"), ("clean",), folder / "latentsync_denoiser.onnx")
    squares = torch.zeros(2, 3, side, side)
    guess, gives = Halved(Outward(first)).eval(), ("moved", "laid", "flow")
    written(guess, (squares, tokens[0, :2]), ("squares", "tokens"), gives, folder / "latentsync_guess.onnx")


class Outward(nn.Module):
    """The first guess as tensors beside each other, which a file can hold."""

    def __init__(self, guess: FirstGuess) -> None:
        """Hold it."""
        super().__init__()
        self.guess = guess

    def forward(self, squares: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Guess squares (N, 3, S, S), told tokens (N, T, D)."""
        found: Guessed = self.guess(squares, tokens)
        return found.moved, found.laid, found.flow


def written(module: nn.Module, given: tuple[torch.Tensor, ...], takes: Sequence[str], gives: Sequence[str], path: Path) -> None:
    """Write a network as an ONNX file whose first dimension is free, and compare it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes that become constants; the file is compared below
        torch.onnx.export(
            module, given, str(path), input_names=[*takes], output_names=[*gives], opset_version=17, do_constant_folding=False,
            dynamo=False, dynamic_axes={each: {0: "rows"} for each in (*takes, *gives)},
        )  # fmt: skip
    shorten(path)
    same(module, given, [*takes], path)
