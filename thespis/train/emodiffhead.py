"""`thespis train emodiffhead`: faces of the stage and of footage, the expression generator, the diffusion network, the files that ship.

Everything is kept in the folder, so that the same command goes on where it stood: faces/ or latents/, expression/, the network, and what
is used: three ONNX files of the tiny size, and two files for the user's weights folder of any other.
"""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from thespis.data.faces import PIXELS, Keeping, stored_faces, write_faces
from thespis.data.footage import filmed_faces
from thespis.data.parts import Held
from thespis.data.stage import StageSettings
from thespis.errors import TrainingError
from thespis.motion.networks.expression import ExpressionGenerator
from thespis.pixels.diffusion.latent import Coder
from thespis.pixels.diffusion.load import AUTOENCODER, CODED, file_of, read_network, read_shape
from thespis.pixels.diffusion.networks import file_names
from thespis.pixels.diffusion.shape import SHAPES, NetworkShape
from thespis.pixels.diffusion.unet import FaceDiffusion
from thespis.train.batches import Examples
from thespis.train.checkpoint import write_tensors
from thespis.train.expression import ExpressionLearner, filmed_expressions, spoken_expressions
from thespis.train.face_diffusion import CarrierLearner, FaceLearner, Windows, draw_page, fit_paint, spread, usual_change, usual_sizes
from thespis.train.face_latents import Latents, settled_coder
from thespis.train.footage import kept_back, settled
from thespis.train.halves import Halved, shorten
from thespis.train.loop import train as learn
from thespis.train.settings import Outcome, Settings, ended
from thespis.types import random_for
from thespis.weights import user_folder

FOOTAGE = True  # it learns from footage too, where there is some

SIZES = tuple(SHAPES)
LATENT = tuple(name for name, shape in SHAPES.items() if shape.latent)
"""The sizes that need an autoencoder."""
CLIPS = {"plain": (200, 1.2), "emotional": (220, 2.0), "turned": (120, 1.2)}
"""How many clips of how many seconds are drawn: many people who feel little, few who feel everything, and others whose heads sway."""
HELD, HELD_TURNED = 20, 6  # clips of people who are learned from by nobody
SHARES = {"plain": 0.4, "emotional": 0.35, "turned": 0.25}
CARRIES = 0.4  # of the steps the carrier learns in; in the others the denoiser does, beside it
CLOSE = 1e-3  # by how much an exported network may differ
SPOKEN, SPOKEN_SECONDS = 600, 4.0  # clips that the expression generator learns from, and how long each is
CHECKED = 200  # windows of people who are learned from by nobody, at most
GENERATOR = "emodiffhead_expression.safetensors"
"""What the expression generator is called among what ships."""
USUAL = Settings(steps=2600, batch=4, rate=1e-3, warm_up=60, average=0.995, check_every=200, checkpoint_every=200, sample_every=200)
LARGE = Settings(steps=60_000, batch=8, rate=1e-4, warm_up=1000, average=0.9995, check_every=1000, checkpoint_every=1000, sample_every=2000)
"""What is usual for networks of latents, which are twenty times as large."""


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Train the recipe in a folder; `wishes` are a `size`, an `autoencoder`, and settings of the loop, for the diffusion network."""
    asked = dict(wishes)
    size = asked.pop("size", "tiny")
    shape, chosen = SHAPES[size], asked.pop("autoencoder", None)
    films, stage = settled(folder, asked)
    settings = replace(LARGE if shape.latent else USUAL, **asked)
    coder = settled_coder(folder, shape, chosen)
    keeping: Keeping = Latents(coder, settings.seed) if coder else PIXELS
    place, side = folder / ("latents" if coder else "faces"), shape.side * keeping.factor
    faces: dict[str, list[Held]] = corpus(place, side, settings.seed, tell, keeping) if stage else {"held": []}
    shares = {name: stage * share for name, share in SHARES.items() if faces.get(name)}
    filmed = list(filmed_faces(films, place, side, tell, keeping))
    for (_, clip), held in zip(filmed, kept_back([person for person, _ in filmed]), strict=True):
        kind = "held" if held else "filmed, felt" if np.isfinite(clip["emotion"]).all() else "filmed"
        faces.setdefault(kind, []).append(clip)
    kinds = [name for name in ("filmed", "filmed, felt") if faces.get(name)]
    if films and not kinds:
        raise TrainingError(f"nobody is seen well enough in {' and '.join(map(str, films))} to learn from; look at its report.html")
    shares |= {name: (1 - stage) / len(kinds) for name in kinds}
    if any(clip["masks"].shape[1] != shape.side for kind in faces.values() for clip in kind):
        raise TrainingError(f"{place} holds faces of another size than {size!r} is; choose another folder, or remove that one")
    expressions(folder, settings.seed, tell, stage=stage > 0, filmed=faces.get("filmed, felt", []))
    return diffusion(folder, size, faces, shares, settings, tell, coder)


def corpus(folder: Path, side: int, seed: int, tell: Callable[[str], None], keeping: Keeping = PIXELS) -> dict[str, list[Held]]:
    """Draw what is missing of the stage's faces, and read them by regime, frames left on disk; "held" are other people."""
    wanted = [("train", name, *size) for name, size in CLIPS.items()]
    wanted += [("validation", "plain", HELD, CLIPS["plain"][1]), ("validation", "turned", HELD_TURNED, CLIPS["turned"][1])]
    found: dict[str, list[Held]] = {"held": []}
    for split, name, clips, seconds in wanted:
        turned = name == "turned"
        regime, place = ("plain", folder / name) if turned else (name, folder)
        # Another seed, so that those who turn their heads are others.
        settings = StageSettings(seed + turned, clips, seconds, split=split, regime=regime)  # type: ignore[arg-type]
        for done in write_faces(settings, place, side, turned=turned, keeping=keeping):
            tell(f"faces of the stage, {split}, {name}: {done} of {clips} clips")
        found.setdefault(name if split == "train" else "held", []).extend(stored_faces(place, split, regime)[:clips])
    return found


def expressions(folder: Path, seed: int, tell: Callable[[str], None], *, stage: bool = True, filmed: Sequence[Held] = ()) -> None:
    """Train the expression generator on the stage's voices and on filmed clips whose feeling is known, unless that was done."""
    path = folder / "expression.safetensors"
    if path.exists():
        return
    known = [filmed_expressions(filmed, SPOKEN_SECONDS)] if filmed else []
    held = None
    if stage:
        tell(f"voices and expressions of the stage: {SPOKEN} clips")
        known.append(spoken_expressions(StageSettings(seed, SPOKEN, SPOKEN_SECONDS)))
        held = spoken_expressions(StageSettings(seed, 40, SPOKEN_SECONDS, split="validation"))
    if not sum(len(each["voice"]) for each in known):
        raise TrainingError(
            f"without the made-up stage the footage must hold clips of {SPOKEN_SECONDS:g} s whose feeling is known (as --set mead tells it)"
        )
    examples = {name: np.concatenate([each[name] for each in known]) for name in known[0]}
    learner = seeded(seed, lambda: ExpressionLearner(ExpressionGenerator(), spread(examples["expression"].reshape(-1, 53))))
    settings = Settings(steps=1500, batch=16, rate=2e-3, average=0.995, check_every=250, seed=seed)
    ended(learn(learner, Examples(examples, 16, seed), folder / "expression", settings, held=held, tell=tell))
    from safetensors.torch import load_file

    best = load_file(folder / "expression" / "network.safetensors")
    write_tensors(path, {name.removeprefix("generator."): value for name, value in best.items() if name.startswith("generator.")})


def seeded(seed: int, make: Callable[[], nn.Module]) -> nn.Module:
    """Make a network whose first weights follow from a seed, without touching torch's own randomness."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        return make()


def diffusion(
    folder: Path,
    size: str,
    faces: Mapping[str, list[Held]],
    kinds: Mapping[str, float],
    settings: Settings,
    tell: Callable[[str], None],
    coder: Coder | None = None,
) -> Outcome:
    """Train the network of a size on `kinds` of faces, each with its share of the windows, and write what of it is used."""
    shares = [share / len(faces[kind]) for kind, share in kinds.items() for _ in faces[kind]]
    clips = [clip for kind in kinds for clip in faces[kind]]
    seen = faces["held"][:2] + faces["held"][-1:] + clips[-1:]

    def sample(network: nn.Module, step: int, place: Path) -> None:
        draw_page(network, seen, place / f"step_{step:06d}.png", coder=coder)

    outcome = taught(folder, SHAPES[size], clips, faces["held"], settings, tell, shares=shares, sample=sample)
    if size != "tiny":
        return replace(outcome, weights=handed(folder, size, coder, tell))
    export(folder, size)
    copyfile(folder / "expression.safetensors", folder / GENERATOR)
    return outcome


def handed(folder: Path, size: str, coder: Coder | None, tell: Callable[[str], None]) -> Path:
    """Write what `thespis.load` looks for in the user's weights folder: the network, and the expression generator beside it."""
    from safetensors.torch import load_file

    network, generator = folder / file_of(size), folder / file_of(size, "_expression")
    about = {} if coder is None else {CODED: coder.digest()}
    write_tensors(network, load_file(folder / "network.safetensors"), about)
    write_tensors(generator, load_file(folder / "expression.safetensors"))
    beside = f", where the folder {AUTOENCODER!r} has to be, too" if coder else ""
    use = f"thespis run ... --recipe emodiffhead:{size}"
    tell(f"to use it: {use} --weights {folder}, or put {network.name} and {generator.name} into {user_folder()}{beside}: {use}")
    return network


def taught(
    folder: Path,
    shape: NetworkShape,
    clips: Sequence[Held],
    held: Sequence[Held],
    settings: Settings,
    tell: Callable[[str], None],
    *,
    shares: Sequence[float] | None = None,
    known: bool = True,
    sample: Callable[[nn.Module, int, Path], None] | None = None,
) -> Outcome:
    """Train the carrier on clips, then the denoiser beside it; unless what expressions mean is `known`, their field begins at nothing."""
    network = seeded(settings.seed, lambda: FaceDiffusion(shape))
    assert isinstance(network, FaceDiffusion)
    usual_sizes(network, clips, known=known)
    usual_change(network, clips)
    fit_paint(network, clips)
    windows = Windows(clips, shares or [1.0] * len(clips), settings.batch, shape.frames, shape.past, settings.seed)
    checked = None
    if held:
        kept = Windows(held, [1.0] * len(held), 1, shape.frames, shape.past, settings.seed)
        checked = [kept.window(random_for(settings.seed, f"held {number}")) for number in range(min(2 * len(held), CHECKED))]
    first = replace(settings, steps=max(round(CARRIES * settings.steps), 1), minutes=CARRIES * settings.minutes)
    ended(learn(CarrierLearner(network), windows, folder / "carrier", first, held=checked, tell=tell))
    network = read_shape(folder / "carrier" / "network.safetensors", shape)
    second = replace(settings, steps=max(settings.steps - first.steps, 1), minutes=settings.minutes - first.minutes)
    return learn(FaceLearner(network.train()), windows, folder, second, held=checked, sample=sample, tell=tell)


class Told(nn.Module):
    """The carrier with its conditions, as one function of tensors."""

    def __init__(self, network: FaceDiffusion) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, features: list[Tensor], audio: Tensor, expression: Tensor, pose: Tensor) -> tuple[Tensor, ...]:
        """Carry a picture by what is told."""
        told = torch.ones(picture.shape[0], 2)
        found: tuple[Tensor, ...] = self.network.carry(
            picture, features, self.network.where(audio, expression, pose, told), self.network.where.scaled(expression, pose), expression
        )
        return found


class Cleaned(nn.Module):
    """The denoiser with its conditions, as one function of tensors."""

    def __init__(self, network: FaceDiffusion) -> None:
        """Hold the network."""
        super().__init__()
        self.network = network

    def forward(
        self, noisy: Tensor, step: Tensor, carried: Tensor, places: Tensor, painted: Tensor, past: Tensor, feature: Tensor,
        audio: Tensor, expression: Tensor, pose: Tensor, told: Tensor,
    ) -> Tensor:  # fmt: skip
        """Clean changes by what is told."""
        what = self.network.what(audio, expression, pose, told)
        clean: Tensor = self.network.clean(noisy, step, carried, places, painted, past, feature, what)
        return clean


def export(folder: Path, size: str) -> None:
    """Write the trained network of a folder, of a size in SHAPES, as three ONNX files."""
    shape = SHAPES[size]
    network = read_network(folder / "network.safetensors", size)
    pictures = (shape.channels, shape.side, shape.side)
    picture, noisy = torch.zeros(1, *pictures), torch.zeros(2, shape.frames, *pictures)
    features = network.see(picture)
    sizes = {"audio": shape.audio, "expression": shape.expression, "pose": shape.pose}
    told = {name: torch.zeros(1, shape.frames, size) for name, size in sizes.items()}
    places = torch.zeros(2, shape.frames, shape.side, shape.side, 2)
    past, levels = torch.zeros(2, shape.past, *pictures), [f"feature_{level}" for level in range(len(features))]
    several = {name: value.repeat(2, 1, 1) for name, value in told.items()}
    steps = torch.zeros(2, dtype=torch.int64)
    jobs = (
        (network.see, (picture,), ["picture"], levels),
        (Told(network), (picture, features, *told.values()), ["picture", *levels, *told], ["carried", "places", "painted"]),
        (
            Cleaned(network),
            (noisy, steps, noisy, places, noisy, past, features[-1].repeat(2, 1, 1, 1), *several.values(), torch.ones(2, 2)),
            ["noisy", "step", "carried", "places", "painted", "past", "feature", *told, "told"], ["clean"],
        ),
    )  # fmt: skip
    for name, (part, given, inputs, outputs) in zip(file_names("emodiffhead"), jobs, strict=True):
        module = Halved(part, whole=("usual",))  # the displacements in pixels: halves would move what they carry
        free = {each: {0: "rows"} for each in (*inputs, *outputs)} if name.endswith("denoiser.onnx") else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # about constants that could not be folded; the files are compared below
            torch.onnx.export(
                module, given, str(folder / name), input_names=inputs, output_names=outputs, dynamic_axes=free, opset_version=17,
                do_constant_folding=False, dynamo=False,
            )  # fmt: skip
        shorten(folder / name)
        same(module, given, inputs, folder / name)


def same(module: nn.Module, given: tuple[Any, ...], inputs: Sequence[str], path: Path) -> None:
    """Make sure that an exported file answers as the network it was made from."""
    import onnxruntime

    flat = [one for each in given for one in (each if isinstance(each, list) else [each])]
    chance = torch.Generator().manual_seed(0)
    drawn = [each + 300 if each.dtype == torch.int64 else torch.rand(each.shape, generator=chance) for each in flat]
    rest = iter(drawn)
    with torch.no_grad():
        wanted = module(*([next(rest) for _ in each] if isinstance(each, list) else next(rest) for each in given))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    made = session.run(None, {name: value.numpy() for name, value in zip(inputs, drawn, strict=True)})
    for one, other in zip(made, wanted if isinstance(wanted, (list, tuple)) else [wanted], strict=True):
        apart = float((torch.from_numpy(one) - other).abs().max())
        if apart > CLOSE:
            raise TrainingError(
                f"{path} answers otherwise than the network it was made from, by {apart:.2g}; use the versions of constraints.txt"
            )
