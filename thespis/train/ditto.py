"""`thespis train ditto`: the stage's acted speech as LivePortrait's motion, the denoiser, its losses by group, and the file that ships."""

import json
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
from thespis.errors import TrainingError
from thespis.export.output import write_arrays
from thespis.motion.diffusion import KEPT, STEPS
from thespis.motion.eyes import eyeballs
from thespis.motion.liveportrait import EYES, LIPS, liveportrait_of_face, resting
from thespis.motion.networks.ditto import SHAPES, TOLD
from thespis.motion.networks.ditto_torch import DittoNetwork
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT
from thespis.train.batches import Drawn
from thespis.train.expression import calm_lids
from thespis.train.halves import shorten
from thespis.train.loop import train as learn
from thespis.train.losses import position, velocity
from thespis.train.randomness import noise, seeded
from thespis.train.settings import Outcome, Settings
from thespis.types import Array, Track, random_for

SIZES = ("tiny",)
"""What can be trained here; the full size is trained by its authors."""
CLIPS, HELD, SECONDS = 320, 40, 8.0
GROUPS = {
    "lips": 3.0, "eyes": 1.5, "rest": 1.0, "scale": 0.2, "translation": 0.3, "pitch": 0.3, "yaw": 0.3, "roll": 0.3,
}  # fmt: skip
"""How much each group of the motion counts; "rest" are the keypoints that are neither lips nor eyes."""
MOVING, BENDING = 2.0, 1.0  # velocities and accelerations beside positions
UNTOLD, UNSLOTTED = 0.15, 0.1  # of the windows are told no conditions; of them no frame before
USUAL = Settings(steps=4000, batch=12, rate=1.5e-3, warm_up=100, average=0.995, check_every=250, checkpoint_every=250)
CLOSE = 1e-3  # by how much an exported network may differ


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are settings of the loop."""
    asked = dict(wishes)
    size = asked.pop("size", "tiny")
    settings = replace(USUAL, **asked)
    found = {split: corpus(folder, split, count, settings.seed, tell) for split, count in (("train", CLIPS), ("validation", HELD))}
    with seeded(settings.seed, torch.device("cpu")):
        learner = DittoLearner(DittoNetwork(SHAPES[size]))
    learner.know(found["train"]["motion"])
    windows, held = (Windows(found[split], settings.batch, settings.seed) for split in ("train", "validation"))
    kept = [held.window(random_for(settings.seed, f"held {number}")) for number in range(4 * HELD)]
    outcome = learn(learner, windows, folder, settings, held=kept, tell=tell)
    export(folder, size)
    return outcome


def conditions_of(articulation: Array, emotion: Array, face: Track) -> Array:
    """Put voice (n, 10), feeling (n, 8) and the eyes of a performance into rows (n, TOLD.size)."""
    calm = calm_lids(face)
    rows = Track(TOLD, np.zeros((len(face), TOLD.size), np.float32), face.fps)
    parts: dict[str, Array] = {name: articulation[:, number] for number, name in enumerate(TOLD.names[: articulation.shape[1]])}
    for side in ("left", "right"):
        lid = f"eyeBlink{side.capitalize()}"
        # A lid that hangs because of a feeling is that feeling's; what is told is how far it blinks.
        parts[f"open_{side}"] = 1 - np.clip((face[lid] - calm[lid]) / np.maximum(1 - calm[lid], 0.05), 0, 1)
        parts[f"ball_{side}"] = eyeballs(face[f"gaze_{side}_yaw"], face[f"gaze_{side}_pitch"])
    return rows.replace(**parts, emotion=emotion).values


def corpus(folder: Path, split: str, clips: int, seed: int, tell: Callable[[str], None]) -> Arrays:
    """Act clips of the stage, or read those that were acted: motion (clips, T, 70) and conditions (clips, T, 26)."""
    from safetensors.numpy import load_file

    path = folder / f"{split}.safetensors"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        found: dict[str, list[Array]] = {"motion": [], "conditions": []}
        settings = StageSettings(seed, clips, SECONDS, split=split)  # type: ignore[arg-type]
        for number in range(clips):
            clip, rows = told(settings, number)
            assert clip.motion is not None
            face = Track(FACE, rows["face"], clip.motion.fps)
            found["motion"].append(liveportrait_of_face(face).values)
            found["conditions"].append(conditions_of(rows["articulation"], rows["emotion"], face))
            if number % 20 == 19:
                tell(f"acting of the stage, {split}: {number + 1} of {clips} clips")
        write_arrays(path, {name: np.stack(values).astype(np.float32) for name, values in found.items()})
    return load_file(path)


class Windows(Drawn):
    """Windows of motion with the frame before them, by number of step and row."""

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window: motion (1 + T, 70), the first row of which is the frame before, and conditions (T, 26)."""
        clip, frames = int(random.integers(len(self.clips["motion"]))), SHAPES["tiny"].frames
        motion, conditions = self.clips["motion"][clip], self.clips["conditions"][clip]
        at = int(random.integers(0, len(motion) - frames + 1))
        # A film begins with the portrait at rest.
        before = motion[at - 1] if at else resting().values[0]
        return {"motion": np.concatenate([before[None], motion[at : at + frames]]), "conditions": conditions[at : at + frames]}


def group_of(name: str) -> str:
    """Name the group of a channel of LIVEPORTRAIT."""
    if not name.startswith("expression_"):
        return name
    number = int(name.removeprefix("expression_"))
    return "lips" if number in LIPS else "eyes" if number in EYES else "rest"


def group_weights() -> Array:
    """Give how much each number of the motion counts (70,), 1 on the mean: a group shares its weight among its numbers."""
    weights = np.zeros(LIVEPORTRAIT.size, np.float32)
    groups = [group_of(channel.name) for channel in LIVEPORTRAIT.channels for _ in range(channel.size)]
    for group, weight in GROUPS.items():
        weights[[number for number, own in enumerate(groups) if own == group]] = weight / groups.count(group)
    return np.asarray(weights / weights.mean(), np.float32)


class DittoLearner(nn.Module):
    """The denoiser with its loss: what it takes the motion for, its velocity and acceleration, by group, from the frame before on."""

    def __init__(self, network: DittoNetwork) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network
        self.register_buffer("middle", torch.zeros(LIVEPORTRAIT.size))
        self.register_buffer("spread", torch.ones(LIVEPORTRAIT.size))
        self.register_buffer("weights", torch.from_numpy(group_weights()), persistent=False)
        self.register_buffer("kept", torch.from_numpy(KEPT).float(), persistent=False)

    def know(self, motion: Array) -> None:
        """Measure the middle and the spread of motion (clips, T, 70); what hardly moves within a group counts little."""
        rows = motion.reshape(-1, LIVEPORTRAIT.size)
        spread = rows.std(axis=0)
        points = LIVEPORTRAIT.slice("expression_0").start, LIVEPORTRAIT.slice("expression_20").stop
        least = np.zeros_like(spread)
        least[points[0] : points[1]] = 0.15 * spread[points[0] : points[1]].max()
        self.middle.copy_(torch.from_numpy(rows.mean(axis=0)))
        self.spread.copy_(torch.from_numpy(np.where(np.maximum(spread, least) > 1e-6, np.maximum(spread, least), 1.0)))

    def loss(self, batch: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Judge a batch of windows."""
        motion = (batch["motion"] - self.middle) / self.spread
        before, clean = motion[:, 0], motion[:, 1:]
        drawn = noise(batch["seed"], clean[0].numel() + 3)
        mixed, chance = drawn.split([clean[0].numel(), 3], dim=1)
        share, asked, slotted = torch.special.ndtr(chance).unbind(dim=1)
        step = (share * (STEPS - 1)).round().long()
        kept = self.kept[step][:, None, None]
        noisy = kept.sqrt() * clean + (1 - kept).sqrt() * mixed.view_as(clean)
        known = (slotted > UNSLOTTED).float()[:, None]
        made = self.network(noisy, before * known, batch["conditions"], step, (asked > UNTOLD).float())
        # The frame before belongs to both, so that the first change is that from it; where it was not told it does not count.
        ours, theirs = (torch.cat([before[:, None], each], dim=1) for each in (made, clean))
        mask = torch.cat([known[:, None], torch.ones_like(clean[:, :, :1])], dim=1) * self.weights
        parts = {
            "position": position(made, clean, weights=self.weights),
            "velocity": velocity(ours, theirs, mask),
            "acceleration": velocity(ours, theirs, mask, order=2),
        }
        return parts["position"] + MOVING * parts["velocity"] + BENDING * parts["acceleration"], parts


def export(folder: Path, size: str) -> Path:
    """Write the trained network of a folder as one ONNX file in half precision, with middle and spread in its own words."""
    import onnx
    import onnxruntime
    from onnx import numpy_helper
    from safetensors.torch import load_file

    shape = SHAPES[size]
    learner = DittoLearner(DittoNetwork(shape))
    learner.load_state_dict(load_file(folder / "network.safetensors"))
    network = learner.network.half().float().eval()
    given = (
        torch.zeros(2, shape.frames, shape.motion), torch.zeros(2, shape.motion), torch.zeros(2, shape.frames, shape.condition),
        torch.zeros(2, dtype=torch.int64), torch.tensor([0.0, 1.0]),
    )  # fmt: skip
    names = ["noisy", "before", "conditions", "step", "told"]
    path = folder / "ditto_denoiser.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about sizes that become constants; the file is compared below
        torch.onnx.export(
            network, given, str(path), input_names=names, output_names=["clean"], opset_version=17, dynamo=False,
            dynamic_axes={name: {0: "rows"} for name in (*names, "clean")},
        )  # fmt: skip
    model = onnx.load(path)
    for tensor in [*model.graph.initializer]:
        values = numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.size > 1:
            stored = f"{tensor.name}.half"
            model.graph.initializer.remove(tensor)
            model.graph.initializer.append(numpy_helper.from_array(values.astype(np.float16), stored))
            model.graph.node.insert(0, onnx.helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT))
    facts = {"middle": learner.middle.tolist(), "spread": learner.spread.tolist()}
    onnx.helper.set_model_props(model, {"motion": json.dumps(facts)})
    onnx.save(model, path)
    shorten(path)
    random = torch.Generator().manual_seed(0)
    drawn = [torch.rand(each.shape, generator=random) if each.is_floating_point() else each + 300 for each in given[:-1]] + [given[-1]]
    with torch.no_grad():
        wanted = network(*drawn).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {name: value.numpy() for name, value in zip(names, drawn, strict=True)})
    apart = float(np.abs(made - wanted).max())
    if apart > CLOSE:
        raise TrainingError(
            f"{path} answers otherwise than the network it was made from, by {apart:.2g}; use the versions of constraints.txt"
        )
    return path
