"""Fit a recipe to one person's video; the folder that comes of it is a portrait of them.

thespis fit synctalk talking.mp4 -o person
thespis fit synctalk silent.mp4 voice.wav -o person --minutes 20
thespis run person speech.wav --recipe synctalk -o out.mp4
"""

import json
import time
from argparse import ArgumentParser, Namespace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thespis import recipes
from thespis.apps.train import say, silent
from thespis.capture.portrait import FITTED
from thespis.errors import MissingExtraError, TrainingError, UsageError

SMALLEST, LARGEST = 64, 512  # pixels


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis fit`."""
    parser.add_argument("recipe", metavar="NAME", help="a recipe that is fitted to a person: synctalk")
    parser.add_argument("video", metavar="VIDEO", help="a video of one person who talks, best a minute or more without a cut")
    parser.add_argument("audio", metavar="AUDIO", nargs="?", help="what is said, where the video has no sound")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FOLDER", help="where the person goes; the same again goes on")
    parser.add_argument("--minutes", type=float, help="be done after so many minutes (60)")
    parser.add_argument("--steps", type=int, help="learn for so many steps, however long they take")
    parser.add_argument("--size", type=int, help="pixels a side of the person's frames (128)")
    parser.add_argument("--seed", type=int, help="what all randomness comes from")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def main(args: Namespace) -> int:
    """Call the recipe's fit with what was asked for, and say what came of it."""
    began = time.monotonic()
    recipes.path_of(args.recipe)
    home = f"thespis.train.{args.recipe}"
    known = args.recipe in recipes.names() and find_spec(home) is not None
    absent = [name for name in ("torch", "accelerate") if find_spec(name) is None]
    if absent:
        raise MissingExtraError(f"fitting needs {' and '.join(absent)}, not installed here: pip install 'thespis[train]'")
    fit = getattr(import_module(home), "fit", None) if known else None
    if fit is None:
        raise TrainingError(f"the recipe {args.recipe!r} draws anybody and is not fitted to a person; thespis fit synctalk is")
    if args.size is not None and not SMALLEST <= args.size <= LARGEST:
        raise UsageError(f"a person's frames have {SMALLEST} to {LARGEST} pixels a side, not {args.size}")
    if args.output.is_file():
        raise UsageError(f"{args.output} is a file; name a folder for the person")
    given: dict[str, Any] = {"minutes": args.minutes, "steps": args.steps, "side": args.size, "seed": args.seed}
    if args.steps is not None and args.minutes is None:
        given["minutes"] = 0.0
    wishes = {name: value for name, value in given.items() if value is not None}
    audio = None if args.audio is None else Path(args.audio)
    facts = fit(Path(args.video), args.output, audio, wishes, silent if args.json else say)
    facts |= {"path": str(args.output), "took": round(time.monotonic() - began, 1)}
    if args.json:
        print(json.dumps(facts))
    else:
        ours, best = facts["psnr"]["face"], max(score["face"] for score in facts["aligned"].values())
        print(
            f"wrote {args.output / FITTED}: {facts['frames']} frames; the last {facts['held_out']} were not learned from: their faces are "
            f"drawn at {ours:.1f} dB, where an aligned frame has {best:.1f}"
        )
    return 0
