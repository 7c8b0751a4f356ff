"""`thespis train thespis`: voices that are made up and recorded, people who act them, the motion denoiser, and the file that ships.

Everything is kept in the folder, so that the same command goes on where it stood: voices, acts/, flow/, steps/ and acting.onnx. Sound files
in its subfolder `recordings/` are acted as well, besides the made-up voices; people in footage act as they were filmed.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file
from torch import Tensor, nn

from thespis.data.acts import SOUNDS, made_up, performed, recorded
from thespis.data.footage_acts import filmed_acts
from thespis.data.prepared import Prepared
from thespis.errors import TrainingError
from thespis.export.output import write_arrays
from thespis.motion.networks.acting import Acting
from thespis.motion.spaces.acting import CONTROLS, STYLE
from thespis.motion.voiced import HEARD
from thespis.train.acting import ActingLearner, FewSteps, Stretches, stretch, usual
from thespis.train.footage import settled
from thespis.train.halves import Halved, shorten
from thespis.train.loop import train as learn
from thespis.train.settings import Outcome, Settings
from thespis.types import EMOTION, Array, random_for

FOOTAGE = True  # it learns from footage too, where there is some
MADE_UP, HELD = 500, 40
"""Clips of twelve seconds with made-up voices, to learn from and to judge by."""
TURNS = {"made up": 4, "recorded": 12}
"""How many persons act each voice."""
SHARES = {"made up": 0.8, "recorded": 0.2}
CLOSE = 2e-3  # by how much the exported network may differ, in the spread of a control
USUAL = Settings(steps=9000, batch=64, rate=2e-3, warm_up=100, average=0.995, check_every=500, checkpoint_every=500, log_every=100)
FEW = Settings(steps=600, batch=64, rate=5e-4, warm_up=50, average=0.99, check_every=500, checkpoint_every=500, log_every=100)
INPUTS = {
    "past": CONTROLS.size, "before": CONTROLS.size, "shut": 1, "heard": HEARD.size, "emotion": EMOTION.size, "listening": 1,
    "style": STYLE.size, "level": 1, "late": 1,
}  # fmt: skip


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the denoiser in a folder; `wishes` are settings of the loop, of which a quarter of the minutes distils it to few steps."""
    asked = dict(wishes)
    asked.pop("size", None)
    films, stage = settled(folder, asked)
    settings = replace(USUAL, **asked)
    acts = {name: kept(folder, name, partial(performances, folder, name, settings.seed, tell)) for name in ("made up", "recorded", "held")}
    kinds = {name: found for name, found in acts.items() if found and name != "held" and stage}
    shares = {name: stage * SHARES[name] for name in kinds}
    if films:
        kinds["filmed"], shares["filmed"] = kept(folder, "filmed", lambda: filmed(films, tell)), (1 - stage) * sum(SHARES.values())
    random = random_for(settings.seed, "held stretches")
    held = [stretch(acts["held"], *random.uniform(size=3).tolist()) for _ in range(4 * settings.batch)]
    network = fresh(settings.seed)
    usual(network, kinds)
    first = replace(settings, minutes=0.75 * settings.minutes)
    outcome = learn(
        ActingLearner(network), Stretches(kinds, shares, settings.batch, settings.seed), folder / "flow", first, held=held, tell=tell
    )
    if outcome.reason == "interrupted":
        return outcome
    network = of_file(outcome.weights)
    few = replace(FEW, batch=settings.batch, seed=settings.seed, minutes=0.25 * settings.minutes, steps=min(FEW.steps, settings.steps))
    data = Stretches(kinds, shares, settings.batch, settings.seed + 1)
    outcome = learn(FewSteps(network), data, folder / "steps", few, held=held, tell=tell)
    if outcome.reason == "interrupted":
        return outcome
    export(of_file(outcome.weights), folder / "acting.onnx")
    return replace(outcome, weights=folder / "acting.onnx")


def performances(folder: Path, name: str, seed: int, tell: Callable[[str], None]) -> dict[str, Array]:
    """Make voices and acts; nothing where there are no recordings."""
    sounds = [path for path in sorted((folder / "recordings").glob("*")) if path.suffix.lower() in SOUNDS]
    if name == "recorded":
        if not sounds:
            return {}
        tell(f"hearing {len(sounds)} recordings")
        voices = recorded(sounds, seed)
    else:
        count = MADE_UP if name == "made up" else HELD
        tell(f"making up {count} voices")
        voices = made_up(seed, "train" if name == "made up" else "validation", count)
    tell(f"acting {len(voices['rows'])} voices")
    turns = [performed(voices, seed, f"{name} {turn}") for turn in range(TURNS.get(name, 1))]
    return {each: np.concatenate([turn[each] for turn in turns]) for each in turns[0]}


def filmed(films: Sequence[Path], tell: Callable[[str], None]) -> dict[str, Array]:
    """Read how the people of prepared folders act."""
    tell(f"looking how people act in {' and '.join(map(str, films))}")
    return filmed_acts(clip for film in films for clip in Prepared(film))


def kept(folder: Path, name: str, make: Callable[[], dict[str, Array]]) -> dict[str, Array]:
    """Make acts once, and read them from the folder from then on; nothing is kept of nothing."""
    place = folder / "acts" / f"{name.replace(' ', '_')}.safetensors"
    if place.exists():
        return load_arrays(place)
    found = make()
    if found:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_arrays(place, found)
    return found


def fresh(seed: int) -> Acting:
    """Make a network whose first weights follow from a seed, without touching torch's own randomness."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return Acting()


def of_file(path: Path) -> Acting:
    """Read the denoiser out of what the loop left."""
    network, held = Acting(), load_file(path)
    network.load_state_dict({name.removeprefix("network."): value for name, value in held.items() if name.startswith("network.")})
    network.eval()
    return network


class Told(nn.Module):
    """The denoiser as a function of tensors in the order of INPUTS, and the noise."""

    def __init__(self, network: Acting) -> None:
        """Hold it."""
        super().__init__()
        self.network = network

    def forward(self, *given: Tensor) -> tuple[Tensor, Tensor]:
        """Make the next row."""
        made: tuple[Tensor, Tensor] = self.network(dict(zip(INPUTS, given, strict=False)), given[-1])
        return made


def export(network: Acting, path: Path) -> None:
    """Write a trained denoiser as ONNX whose weights are kept in half precision, and make sure that it answers as the network does."""
    given = (*(torch.zeros(1, 5, size) for size in INPUTS.values()), torch.zeros(1, CONTROLS.size))
    names = [*INPUTS, "noise"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about shapes that are traced; the answers are compared below
        torch.onnx.export(
            Halved(Told(network)), given, str(path), input_names=names, output_names=["control", "chances"], opset_version=17, dynamo=False,
            do_constant_folding=False,
            dynamic_axes={name: {1: "rows"} for name in INPUTS},
        )  # fmt: skip
    shorten(path)
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    chance = torch.Generator().manual_seed(0)
    for count in (1, 7, 32):
        drawn = [torch.rand(1, count, size, generator=chance) for size in INPUTS.values()] + [
            torch.rand(1, CONTROLS.size, generator=chance)
        ]
        with torch.no_grad():
            wanted = Told(network)(*drawn)
        made = session.run(None, {name: value.numpy() for name, value in zip(names, drawn, strict=True)})
        apart = float(np.abs((made[0] - wanted[0].numpy()) / network.spread.numpy()).max())
        if apart > CLOSE:
            raise TrainingError(f"{path} answers otherwise than its network, by {apart:.2g}; use the versions of constraints.txt")
