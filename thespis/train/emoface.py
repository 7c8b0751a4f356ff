"""`thespis train emoface`: the stage's acted speech at 60 frames a second as controls of a rig, the network, and the file that ships."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thespis.data.faces import Arrays, told
from thespis.data.stage import StageSettings
from thespis.export.output import write_arrays
from thespis.motion.networks.emoface import FPS, FRAMES, LIDS, LOOK, SHAPES
from thespis.motion.networks.emoface_torch import EmoFaceNetwork
from thespis.motion.rig import rig_of_face
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.rig import RIG
from thespis.train.batches import Drawn
from thespis.train.emodiffhead import same
from thespis.train.expression import calm_lids
from thespis.train.halves import Halved, shorten
from thespis.train.loop import train as learn
from thespis.train.losses import position, velocity
from thespis.train.randomness import seeded
from thespis.train.settings import Outcome, Settings
from thespis.types import Array, Track, random_for

SIZES = ("tiny",)
CLIPS, HELD, SECONDS = 200, 30, 5.0
MOVING = 2.0  # velocities beside positions; the paper has positions alone
USUAL = Settings(steps=1600, batch=8, rate=2e-3, warm_up=100, average=0.995, check_every=200, checkpoint_every=200)
FILE = "emoface.onnx"


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are settings of the loop."""
    asked = dict(wishes)
    size = asked.pop("size", "tiny")
    settings = replace(USUAL, **asked)
    found = {split: corpus(folder, split, count, settings.seed, tell) for split, count in (("train", CLIPS), ("validation", HELD))}
    outcome = taught(folder, size, found, settings, tell)
    export(folder, size)
    return outcome


def taught(folder: Path, size: str, found: Mapping[str, Arrays], settings: Settings, tell: Callable[[str], None]) -> Outcome:
    """Teach the network a corpus by split."""
    with seeded(settings.seed, torch.device("cpu")):
        learner = EmoFaceLearner(EmoFaceNetwork(SHAPES[size]))
    learner.know(found["train"]["rig"])
    windows, held = (Windows(found[split], settings.batch, settings.seed) for split in ("train", "validation"))
    kept = [held.window(random_for(settings.seed, f"held {number}")) for number in range(2 * len(found["validation"]["rig"]))]
    return learn(learner, windows, folder, settings, held=kept, tell=tell)


def corpus(folder: Path, split: str, clips: int, seed: int, tell: Callable[[str], None]) -> Arrays:
    """Act clips of the stage, or read those that were acted: heard (clips, T, 10), felt (clips, T, 8) and rig (clips, T, 174)."""
    from safetensors.numpy import load_file

    path = folder / f"{split}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, list[Array]] = {"heard": [], "felt": [], "rig": []}
        settings = StageSettings(seed, clips, SECONDS, fps=FPS, split=split)  # type: ignore[arg-type]
        for number in range(clips):
            clip, rows = told(settings, number)
            assert clip.motion is not None
            found["heard"].append(rows["articulation"])
            found["felt"].append(rows["emotion"])
            found["rig"].append(controls_of(Track(FACE, rows["face"], clip.motion.fps)))
            if number % 20 == 19:
                tell(f"acting of the stage, {split}: {number + 1} of {clips} clips")
        write_arrays(path, {name: np.stack(values).astype(np.float32) for name, values in found.items()})
    return load_file(path)


def controls_of(face: Track) -> Array:
    """Turn a performance into controls (n, 174) without blinks and looks, which are made afterwards."""
    return rig_of_face(calm_lids(face)).replace(**dict.fromkeys(LOOK, np.zeros(len(face), np.float32))).values


class Windows(Drawn):
    """Windows of clips, by number of step and row."""

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window of FRAMES rows."""
        clip = int(random.integers(len(self.clips["rig"])))
        at = int(random.integers(0, self.clips["rig"].shape[1] - FRAMES + 1))
        return {name: values[clip, at : at + FRAMES] for name, values in self.clips.items()}


class EmoFaceLearner(nn.Module):
    """The network with its loss: controls and how fast they move; those that move little count as much as others."""

    def __init__(self, network: EmoFaceNetwork) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network
        self.register_buffer("weights", torch.ones(RIG.size))

    def know(self, rig: Array) -> None:
        """Measure how far each control moves in rows (clips, T, 174); controls that never do count nothing."""
        spread = rig.reshape(-1, RIG.size).std(axis=0)
        weights = np.where(spread > 1e-4, 1 / np.maximum(spread, 0.25 * spread.max()), 0)
        weights[[RIG.column(name) for name in LIDS]] *= 0.5
        self.weights.copy_(torch.from_numpy(weights / weights.mean()))

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        made = self.network(batch["heard"], batch["felt"])
        wanted = batch["rig"]
        scale = self.weights.sqrt()
        parts = {"position": position(made, wanted, weights=self.weights), "velocity": velocity(made * scale, wanted * scale)}
        return parts["position"] + MOVING * parts["velocity"], parts


def read_network(folder: Path, size: str) -> EmoFaceNetwork:
    """Read what a training left."""
    from safetensors.torch import load_file

    network = EmoFaceNetwork(SHAPES[size])
    held = load_file(folder / "network.safetensors")
    network.load_state_dict({name.removeprefix("network."): value for name, value in held.items() if name.startswith("network.")})
    network.eval()
    return network


def export(folder: Path, size: str) -> Path:
    """Write the trained network of a folder as one ONNX file with halves for weights."""
    network, shape = Halved(read_network(folder, size)), SHAPES[size]
    given = torch.zeros(1, FRAMES, shape.heard), torch.zeros(1, FRAMES, shape.emotions)
    path = folder / FILE
    # The fused layer of inference has no form in ONNX.
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about sizes that become constants; the file is compared below
            torch.onnx.export(
                network, given, str(path), input_names=["heard", "felt"], output_names=["rig"], opset_version=17,
                do_constant_folding=False, dynamo=False,
            )  # fmt: skip
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    shorten(path)
    same(network, given, ["heard", "felt"], path)
    return path
