"""`thespis train latentsync`: the stage's faces, two judges, the network by its latents alone and then by its pixels.

Everything is kept in the folder, so that the same command goes on where it stood: faces/, straight/, sync/, watcher/, plain/ and the
network itself with the two files that ship.
"""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from thespis.data.faces import Arrays
from thespis.pixels.dub.align import painted
from thespis.pixels.dub.lip_networks import Patches, first_noise, paint
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.pixels.dub.lip_torch import Lips
from thespis.pixels.dub.syncnet import SyncNet
from thespis.train.checkpoint import write_tensors
from thespis.train.emodiffhead import corpus, same, seeded
from thespis.train.halves import Halved
from thespis.train.lip_data import LipPairs, LipWindows, pictures_of, straightened
from thespis.train.lips import SYNC, LipLearner, SyncLearner, Watcher, WatcherLearner, solved
from thespis.train.loop import train as learn
from thespis.train.settings import Outcome, Settings
from thespis.types import Array, Bytes, random_for

SIZES = ("tiny",)
"""What can be trained here; the published sizes are trained by their authors."""
USUAL = Settings(steps=250, batch=2, rate=6e-4, warm_up=20, average=0.98, check_every=100, checkpoint_every=50, log_every=20)
SYNCS = replace(USUAL, steps=300, batch=32, rate=6e-4)
WATCHES = replace(USUAL, steps=300, batch=8, rate=2e-3)
PLAINLY = replace(USUAL, steps=600, rate=1.2e-3, warm_up=30)
"""The three trainings before the last one: the judges of lips and of motion, and the network by its latents alone."""


@dataclass(frozen=True, eq=False)
class Material:
    """What is learned from, and what is not: windows of both."""

    windows: LipWindows
    held: LipWindows

    def kept(self, count: int = 24) -> list[Arrays]:
        """Draw windows to check on."""
        return [self.held.window(random_for(0, f"held lips {number}")) for number in range(count)]


def material(folder: Path, seed: int, batch: int, tell: Callable[[str], None]) -> Material:
    """Draw faces, or read those that are there."""
    shape = SHAPES["tiny"]
    faces = corpus(folder / "faces", shape.side, seed, tell)
    straight = {name: straightened(clips, folder / "straight", name, shape, tell) for name, clips in faces.items()}
    clips = [*straight["plain"], *straight["emotional"]]
    return Material(LipWindows(clips, batch, shape, SYNC, seed), LipWindows(straight["held"], 1, shape, SYNC, seed))


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are settings of the last training, which pixels supervise."""
    asked = dict(wishes)
    asked.pop("size", None)
    settings = replace(USUAL, **asked)
    known = material(folder, settings.seed, settings.batch, tell)
    learner = prepared(folder, known, settings.seed, tell)
    judges = judged(folder, known, settings.seed, tell)
    last = LipLearner(learner.lips, *judges)
    outcome = learn(last, known.windows, folder, settings, held=known.kept(), sample=drawing(known), tell=tell)
    export(folder)
    return outcome


def prepared(folder: Path, known: Material, seed: int, tell: Callable[[str], None]) -> LipLearner:
    """Solve for the latents, then learn the network by them alone."""
    lips = seeded(seed, lambda: Lips(SHAPES["tiny"]))
    assert isinstance(lips, Lips)
    lips.know(solved(pictures_of(known.windows.clips), lips.shape))
    learner = LipLearner(lips)
    windows = known.windows
    plain = replace(PLAINLY, seed=seed, batch=windows.size)
    learn(learner, windows, folder / "plain", plain, held=known.kept(), tell=tell)
    best(learner, folder / "plain")
    return learner


def judged(folder: Path, known: Material, seed: int, tell: Callable[[str], None]) -> tuple[SyncNet, Watcher]:
    """Learn who judges: whether lips belong to a voice, and how a face moves."""
    windows = known.windows
    syncs = seeded(seed, SyncLearner)
    pairs, held = LipPairs(windows, SYNCS.batch), LipPairs(known.held, 1)
    kept = [held.pair(0, row) for row in range(2 * SYNCS.batch)]
    learn(syncs, pairs, folder / "sync", replace(SYNCS, seed=seed), held=kept, tell=tell)
    rows = np.concatenate([clip["face"] for clip in windows.clips])
    watching = seeded(seed, lambda: WatcherLearner(torch.from_numpy(usual(rows))))
    some = LipWindows(windows.clips, WATCHES.batch, windows.shape, windows.sync, seed)
    learn(watching, some, folder / "watcher", replace(WATCHES, seed=seed), held=known.kept(), tell=tell)
    assert isinstance(syncs, SyncLearner) and isinstance(watching, WatcherLearner)
    best(syncs, folder / "sync")
    best(watching, folder / "watcher")
    return syncs.network.eval().requires_grad_(False), watching.watcher.eval().requires_grad_(False)


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


def painted_again(lips: Lips, window: Arrays, seed: int = 0, strength: float = 1.0) -> Bytes:
    """Paint the mouths of a window's frames from those it refers to: (F, S, S, 3), outside of what is painted the frames themselves."""
    shape = lips.shape
    patches = Patches(lips.patterns.numpy(), lips.middle.numpy(), float(lips.spread))

    def clean(latents: Array, step: int, tokens: Array) -> Array:
        with torch.no_grad():
            found = lips(torch.from_numpy(latents.astype(np.float32)), torch.full((len(tokens),), step), torch.from_numpy(tokens))
        return np.asarray(found.numpy())

    noise = first_noise(shape, seed)
    _, made = paint(patches, clean, shape, window["frames"], window["others"], window["tokens"], noise, strength)
    where = painted(shape, shape.side)[..., None] > 0
    return np.where(where, made, window["frames"])


def export(folder: Path) -> None:
    """Write the latents of a trained folder, and its network as an ONNX file in half precision."""
    shape = SHAPES["tiny"]
    learner = LipLearner(Lips(shape))
    best(learner, folder)
    lips = learner.lips.eval()
    held = {"patterns": lips.patterns, "middle": lips.middle, "spread": lips.spread}
    write_tensors(folder / "latentsync_patches.safetensors", held)
    places, frames = shape.places, shape.frames
    noisy, tokens = torch.zeros(2, frames, shape.enters, places, places), torch.zeros(2, frames, shape.taps, shape.told)
    given = (noisy, torch.zeros(2, dtype=torch.int64), tokens)
    module, path, names = Halved(lips), folder / "latentsync_denoiser.onnx", ["latents", "step", "tokens"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes that become constants; the file is compared below
        torch.onnx.export(
            module, given, str(path), input_names=names, output_names=["clean"], opset_version=17, do_constant_folding=False,
            dynamo=False, dynamic_axes={each: {0: "rows"} for each in (*names, "clean")},
        )  # fmt: skip
    same(module, given, names, path)
