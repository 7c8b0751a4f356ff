"""Train the network of a recipe that brings its own training, or go on with one that was interrupted: see docs/training.md.

thespis train mine.py -o runs/mine --minutes 30
thespis train mine.py -o runs/mine               (the same again goes on where it stood)
thespis train emodiffhead --data mead_prepared --data hdtf_prepared -o runs/real      (of thespis data prepare)
thespis train emodiffhead --size full --autoencoder vae/ -o runs/full      (latents of 512 pixels; wants a GPU)
torchrun --nproc-per-node 2 -m thespis.apps.cli train mine.py -o runs/mine
"""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thespis import recipes
from thespis.errors import MissingExtraError, TrainingError, UsageError
from thespis.export.output import check_writable
from thespis.train.settings import FREE, InterruptedPartError, Settings

WISHES = ("size", "minutes", "steps", "batch", "rate", "precision", "seed")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis train`."""
    parser.add_argument("recipe", metavar="NAME", help="a recipe of thespis list, or a recipe file of your own")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where weights, checkpoints, log and page go")
    parser.add_argument("--size", metavar="NAME", help="which size of the recipe, where it has several")
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        metavar="FOLDER",
        help="learn from this footage, too (thespis data prepare); several may be given",
    )
    parser.add_argument("--stage", type=float, metavar="SHARE", help="the made-up stage's share beside --data, 0 to 1 (0.5)")
    parser.add_argument(
        "--autoencoder",
        type=Path,
        metavar="FOLDER",
        help="a diffusers AutoencoderKL, for sizes that draw its latents (the one in the folder for your own weights)",
    )
    parser.add_argument("--minutes", type=float, help="end after so many minutes, with a checkpoint")
    parser.add_argument("--steps", type=int, help="how many steps in all")
    parser.add_argument("--batch", type=int, help="rows of a step, of all processes together")
    parser.add_argument("--rate", type=float, help="the highest rate of learning")
    parser.add_argument("--precision", choices=("no", "bf16", "fp16"), help="compute in half precision where that is safe")
    parser.add_argument("--seed", type=int, help="what all randomness comes from")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def main(args: Namespace) -> int:
    """Call the recipe's training with what was asked for, and say what came of it."""
    recipe = recipes.module(args.recipe)
    shipped = f"thespis.train.{args.recipe}"
    known = args.recipe in recipes.names() and find_spec(shipped) is not None
    if not hasattr(recipe, "train") and not known:
        raise TrainingError(
            f"the recipe {args.recipe!r} has nothing to train: it has no train(folder, wishes, tell); docs/training.md shows one"
        )
    absent = [name for name in ("torch", "accelerate") if find_spec(name) is None]
    if absent:
        raise MissingExtraError(f"training needs {' and '.join(absent)}, not installed here: pip install 'thespis[train]'")
    if args.stage is not None and not args.data:
        raise UsageError("--stage shares what is learned with --data; give both, or neither to learn from the made-up stage alone")
    wishes = {name: getattr(args, name) for name in WISHES if getattr(args, name) is not None}
    check(args.output, {name: value for name, value in wishes.items() if name != "size"})
    # A recipe that ships may not import what lies above it, so its training stands in thespis/train under its name.
    trainer = recipe if hasattr(recipe, "train") else import_module(shipped)
    if args.data and not getattr(trainer, "FOOTAGE", False):
        raise TrainingError(f"the recipe {args.recipe!r} learns from the made-up stage alone, so that --data has to be left out")
    wishes |= {name: value for name, value in (("data", args.data), ("stage", args.stage)) if value is not None}
    if args.autoencoder is not None:
        latent = getattr(trainer, "LATENT", ())
        if args.size not in latent:
            sizes = f"; of this recipe: --size {' or '.join(latent)}" if latent else ", which this recipe has not"
            raise UsageError(f"--autoencoder is for sizes that draw latents{sizes}")
        wishes["autoencoder"] = args.autoencoder
    if args.size is not None and args.size not in getattr(trainer, "SIZES", ()):
        sizes = ", ".join(getattr(trainer, "SIZES", ())) or "one size only; leave --size out"
        raise TrainingError(f"the recipe {args.recipe!r} has no size {args.size!r} to train; it has {sizes}")
    try:
        outcome = trainer.train(args.output, wishes, silent if args.json else say)
    except InterruptedPartError as early:
        outcome = early.outcome
    if args.json:
        print(json.dumps(asdict(outcome), default=str))
    elif outcome.reason == "interrupted":
        print(f"interrupted after step {outcome.step}, which is kept: the same command goes on")
    else:
        print(f"wrote {outcome.weights}: step {outcome.step}, loss {outcome.loss:.4g}; plots in {args.output / 'page.html'}")
        if any((args.output / weight.file).is_file() for weight in recipe.card.weights):
            print(f"to use it: thespis run photo.jpg speech.wav --recipe {args.recipe} --weights {args.output} -o out.mp4")
    return 130 if outcome.reason == "interrupted" else 0


def check(folder: Path, wishes: dict[str, Any]) -> None:
    """Refuse a folder or settings that cannot be before anything is prepared, which may take long."""
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder} is a file; choose a folder for what the training leaves")
    check_writable(folder)
    Settings(**wishes)
    try:
        before = json.loads((folder / "run.json").read_text(encoding="utf-8"))["settings"]
    except (OSError, ValueError, KeyError, TypeError):
        return  # there is none, or the loop will tell what is wrong with it
    other = [
        f"{name} was {before[name]} and is now {wishes[name]}"
        for name in wishes
        if name in before and name not in FREE and wishes[name] != before[name]
    ]
    if other:
        raise TrainingError(f"{folder} holds a training with other settings: {'; '.join(other)}; use these again or another folder")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def silent(_: str) -> None:
    """Print nothing."""
