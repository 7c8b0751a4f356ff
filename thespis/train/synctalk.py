"""`thespis fit synctalk VIDEO`: track the person, learn the field from all but the last seconds, and write the folder; judged on those.

`thespis train synctalk` does the same with a made-up person of the stage.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from thespis.data.stage import Stage, StageSettings
from thespis.errors import TrainingError
from thespis.export.output import write_arrays
from thespis.pixels.field.camera import Poses, Shell
from thespis.pixels.field.person import NUMBERS, Fitted, packed, pasted, write_person
from thespis.pixels.field.run import RunningField
from thespis.pixels.field.shape import SHAPES, FieldShape
from thespis.train.field import FieldLearner, Patches, windows
from thespis.train.loop import train as learn
from thespis.train.person import FPS, Prepared, heard_by, prepare
from thespis.train.randomness import seeded
from thespis.train.settings import Outcome, Settings
from thespis.types import Array, Bytes, Clip
from thespis.weights import sha256

SIZES = ("small",)
SIDE = 128  # pixels
PREPARED = "prepared.safetensors"
HELD, LEAST = 0.1, 2.0  # the share of a video, and the seconds at least, that are held out at its end
USUAL = Settings(
    steps=12000, minutes=60.0, batch=8, rate=5e-3, warm_up=100, weight_decay=0.0, average=0.998, log_every=100, checkpoint_every=1000
)
MEASURED = 12  # steps that are timed, so that the rate has come down when the minutes are over
FASTER = 1.1  # than they were measured steps may become; what is left of the time is not used


LITTLE = 0.05  # of a number that is told, below which it is taken for still
FILMED, SECONDS = 256, 24.0  # pixels and seconds of a made-up person's video


@dataclass(frozen=True)
class Score:
    """PSNR in decibels over the held-out frames: within the face, and of the whole frames with the face pasted in."""

    face: float
    frame: float


def train(folder: Path, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> Outcome:
    """Fit a made-up person of the stage; `wishes` are settings of the loop."""
    facts = fit(made_up(folder, int(wishes.get("seed", 0)), tell), folder, None, wishes, tell)
    tell(json.dumps(facts))
    return Outcome(folder / NUMBERS, facts["steps"], facts["reason"], facts["loss"], None, facts["took"])


def made_up(folder: Path, seed: int, tell: Callable[[str], None], seconds: float = SECONDS) -> Path:
    """Film a made-up person who speaks, unless that was done, and give the video."""
    from thespis.export.video import VideoWriter

    path = folder / "stage.mp4"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    settings = StageSettings(seed, 8, seconds, split="test", regime="plain", size=FILMED, languages=("en-us",))
    plain = Stage(replace(settings, size=None))
    # Somebody who speaks nearly all the time: others of the stage sing, listen or idle.
    number = max(range(settings.clips), key=lambda each: talking(plain[each]))
    tell(f"filming clip {number} of the stage, {seconds:g} s")
    clip = Stage(settings)[number]
    assert clip.frames is not None and clip.speech is not None
    height, width = clip.frames.images.shape[1:3]
    with VideoWriter(path, clip.frames.fps, (width, height), clip.speech.rate, len(clip.speech.samples)) as writer:
        writer.speech(clip.speech)
        writer.frames(clip.frames)
    return path


def talking(clip: Clip) -> float:
    """Tell how far the jaw moves in a usual second of a clip."""
    assert clip.motion is not None
    second = round(clip.motion.fps)
    jaw = clip.motion["jawOpen"]
    return float(np.median([np.ptp(jaw[at : at + second]) for at in range(0, len(jaw) - second, second)]))


def fit(video: Path, folder: Path, audio: Path | None, wishes: Mapping[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
    """Fit a person to a video in a folder, which is then a portrait; `wishes` are settings of the loop, and the `side` of the frames."""
    began, asked = time.monotonic(), dict(wishes)
    size, side = asked.pop("size", "small"), asked.pop("side", SIDE)
    steady = asked.pop("steady", True)
    shape = SHAPES[size]
    check_source(video, audio, folder / "work" / PREPARED)
    person = known(video, audio, folder / "work", side, shape, tell, steady)
    taught = len(person.frames) - held_out(len(person.frames))
    # The field is told how the upper face differs from its usual, in units of how much it does so.
    person = replace(person, upper=evened(person.upper, *usual(person.upper[:taught], LITTLE)))
    settings = replace(USUAL, **asked)
    learned = replace(person, heard=evened(person.heard, *usual(person.heard[:taught], LITTLE)))
    patches = Patches(learned, range(taught), settings.batch, settings.seed)
    with seeded(settings.seed, torch.device("cpu")):
        learner = FieldLearner(shape, taught)
    if "steps" not in asked and not (folder / "work" / "run.json").exists():
        left = 60 * settings.minutes - (time.monotonic() - began)
        settings = replace(settings, steps=max(int(FASTER * left / pace(learner, patches)), 50), minutes=max(left / 60, 0.1))
    elif "steps" not in asked:
        settings = replace(settings, steps=steps_before(folder / "work"))
    outcome = learn(learner, patches, folder / "work", settings, tell=tell)
    return finish(person, taught, size, outcome, folder)


def finish(person: Prepared, taught: int, size: str, outcome: Outcome, folder: Path) -> dict[str, Any]:
    """Write the person's folder from what was learned, and say how well the held-out frames are drawn."""
    from safetensors.numpy import load_file

    held = load_file(outcome.weights)
    tensors = {name.removeprefix("field."): value for name, value in held.items() if name.startswith("field.")}
    tensors = {name: value for name, value in tensors.items() if not name.startswith("doubt.")} | {"behind": held["behind"]}
    # What was heard was evened out for the network; its first layer does so from now on.
    middle, spread = usual(person.heard[:taught], LITTLE)
    first, offset = "hearing.frame.0.weight", "hearing.frame.0.bias"
    tensors |= {first: tensors[first] / spread, offset: tensors[offset] - tensors[first] @ (middle / spread)}
    pictures, ends = packed(person.frames)
    fitted = Fitted(size, person.frames.shape[1], pictures, ends, person.poses, person.upper, person.shell, tensors)
    ours, theirs = judged(person, range(taught, len(person.frames)), fitted.field, taught)
    facts = {
        "frames": len(person.frames),
        "seconds": len(person.frames) / float(FPS),
        "held_out": len(person.frames) - taught,
        "steps": outcome.step,
        "reason": outcome.reason,
        "loss": round(outcome.loss, 5),
        "took": round(outcome.seconds, 1),
        "psnr": {"face": round(ours.face, 3), "frame": round(ours.frame, 3)},
        "aligned": {name: {"face": round(score.face, 3), "frame": round(score.frame, 3)} for name, score in theirs.items()},
    }
    write_person(fitted, folder, facts)
    return facts


def usual(rows: Array, least: float) -> tuple[Array, Array]:
    """Give the middle and the spread of each column of rows (n, c), which is at least so large."""
    return rows.mean(axis=0), np.maximum(rows.std(axis=0), np.float32(least))


def evened(rows: Array, middle: Array, spread: Array) -> Array:
    """Give rows (n, c) by their middle and spread."""
    return np.asarray((rows - middle) / spread, np.float32)


def held_out(frames: int) -> int:
    """Say how many frames at the end of a video are not learned from."""
    return max(round(HELD * frames), round(LEAST * FPS))


def pace(learner: FieldLearner, patches: Patches) -> float:
    """Measure how many seconds a step takes."""
    times = []
    for step in range(MEASURED):
        began = time.monotonic()
        batch = {name: torch.as_tensor(value) for name, value in patches.rows(step, 0, patches.size).items()}
        total, _ = learner.loss({**batch, "seed": torch.arange(patches.size)})
        total.backward()
        times.append(time.monotonic() - began)
    learner.zero_grad()
    return float(np.median(times[2:]))


def steps_before(work: Path) -> int:
    """Read how many steps the fit was begun with."""
    return int(json.loads((work / "run.json").read_text(encoding="utf-8"))["settings"]["steps"])


def source_of(video: Path, audio: Path | None) -> dict[str, str]:
    """Tell which files a person is made of, by their hashes."""
    return {name: sha256(path) for name, path in (("video", video), ("audio", audio)) if path is not None}


def check_source(video: Path, audio: Path | None, path: Path) -> None:
    """Refuse to go on in a folder that holds what was prepared of another video or sound."""
    from safetensors import safe_open

    if path.exists() and video.is_file() and (audio is None or audio.is_file()):
        with safe_open(str(path), framework="np") as held:
            before = held.metadata()
        if before and before != source_of(video, audio):
            raise TrainingError(
                f"{path.parents[1]} is being fitted to another video or sound than {video}; give that one or another folder"
            )


def known(video: Path, audio: Path | None, work: Path, side: int, shape: FieldShape, tell: Callable[[str], None], steady: bool) -> Prepared:
    """Prepare a video, or read what was prepared of it before."""
    from safetensors.numpy import load_file

    from thespis import recipes

    path = work / PREPARED
    if not path.exists():
        hearing = heard_by(recipes.load("synctalk"))
        made = prepare(video, audio, hearing, side, shape.bound, tell, steady=steady)
        parts = {
            "frames": made.frames, "rotations": made.poses.rotations, "scales": made.poses.scales, "offsets": made.poses.offsets,
            "upper": made.upper, "heard": made.heard, "points": made.points, "shell": made.shell.points,
            "outline": made.shell.outline, "centre": made.shell.centre,
        }  # fmt: skip
        work.mkdir(parents=True, exist_ok=True)
        write_arrays(path, {name: np.ascontiguousarray(value) for name, value in parts.items()}, source_of(video, audio))
    held = load_file(path)
    if held["frames"].shape[1] != side:
        raise TrainingError(f"{work} holds frames of {held['frames'].shape[1]} pixels, not {side}; use that size or another folder")
    shell = Shell(held["shell"], held["outline"], held["centre"], shape.bound)
    poses = Poses(held["rotations"], held["scales"], held["offsets"])
    return Prepared(held["frames"], poses, held["upper"], held["heard"], shell, held["points"])


def judged(person: Prepared, frames: range, field: RunningField, taught: int) -> tuple[Score, dict[str, Score]]:
    """Compare held-out frames with what the field draws, and with frames it learned from that are aligned to them.

    The baselines: the `first` frame, and of all frames the one whose head stands `nearest`; both by the similarity of their points.
    """
    heard = windows(person.heard)
    poses = person.poses
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "first": [], "nearest": []}
    for frame in frames:
        real = person.frames[frame]
        share = person.shell.share(poses, frame, len(real))
        drawn = pasted(field, person.shell, poses, frame, real, field.hear(heard[frame]), person.upper[frame])
        found["ours"].append(errors(drawn, real, share))
        turns = np.linalg.norm(poses.rotations[:taught] - poses.rotations[frame], axis=(1, 2))
        for name, other in (("first", 0), ("nearest", int(turns.argmin()))):
            moved = aligned(person, other, frame)
            made = np.clip(real * (1 - share[..., None]) + moved * share[..., None] + 0.5, 0, 255).astype(np.uint8)
            found[name].append(errors(made, real, share))
    scores = {name: Score(*(-10 * float(np.log10(np.mean(column))) for column in zip(*rows, strict=True))) for name, rows in found.items()}
    return scores.pop("ours"), scores


def errors(made: Bytes, real: Bytes, share: Array) -> tuple[float, float]:
    """Give the mean square of the error within the face and over the whole frame, for colours 0 to 1."""
    square = np.square((made.astype(np.float32) - real) / 255).mean(axis=2)
    return float(square[share > 0.5].mean()), float(square.mean())


def aligned(person: Prepared, other: int, frame: int) -> Bytes:
    """Move another frame so that the face lies where it does in this one: shift, turn and size."""
    matrix, _ = cv2.estimateAffinePartial2D(person.points[other], person.points[frame], method=cv2.LMEDS)
    side = person.frames.shape[1]
    moved = cv2.warpAffine(person.frames[other], matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)
