"""Measure our SyncNet: how often it finds how far made-up clips were shifted, and what it says of real clips, shifted and mismatched ones.

python tools/measure_syncnet.py --clips FOLDER
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from thespis.capture.sighting import Sighting
from thespis.data.stage import Stage, StageSettings
from thespis.errors import ThespisError
from thespis.evaluate.footage import cache_folder, clips_of
from thespis.evaluate.judge import seen_in
from thespis.evaluate.syncnet import sync
from thespis.evaluate.watched import watch
from thespis.types import Speech, random_for

SHIFTED = 0.2  # seconds


def later(speech: Speech, seconds: float) -> Speech:
    """Let a sound come so many seconds later, with silence before it; a negative number lets it come earlier."""
    count = round(abs(seconds) * speech.rate)
    quiet = np.zeros((speech.samples.shape[0], count), np.float32)
    kept = speech.samples[:, : len(speech) - count] if seconds > 0 else speech.samples[:, count:]
    return replace(speech, samples=np.concatenate([quiet, kept] if seconds > 0 else [kept, quiet], axis=1), phones=None, words=None)


def made_up(clips: int, seconds: float, size: int, seed: int) -> None:
    """Shift clips of the stage's test split by up to half a second, and look for the shift."""
    errors = []
    for split_seed in range(clips):
        stage = Stage(StageSettings(seed=seed + split_seed, clips=1, seconds=seconds, split="test", regime="plain", size=size))
        clip = stage[0]
        if clip.labels["kind"] not in ("speaking", "singing") or clip.frames is None or clip.speech is None:
            continue
        shift = float(random_for(seed, f"shift {split_seed}").uniform(-0.48, 0.48))
        found = sync(seen_in(clip.frames), clip.frames.fps, later(clip.speech, shift))
        # A sound that comes later makes the picture early.
        errors.append(abs(found.offset + shift))
        print(
            f"  {clip.labels['language']:6s} shifted by {shift:+.2f} s, found {-found.offset:+.2f}, confidence {found.confidence:.3f}",
            flush=True,
        )
    within = float(np.mean(np.array(errors) <= 0.0401))
    print(f"made-up clips of {seconds:g} s at {size} pixels: {100 * within:.0f} % of {len(errors)} within a frame", flush=True)


def real(folder: Path, kept: Path) -> None:
    """Compare real clips with their own sound, the same 200 ms later, and that of another clip."""
    known: list[tuple[str, Sequence[Sighting], Fraction, Speech]] = []
    for path in clips_of(folder):
        try:
            clip = watch(path, kept)
        except ThespisError:
            continue
        if clip.speech is not None and clip.frames is not None and np.abs(clip.speech.samples).max() > 0.01:
            known.append((path.name, clip.labels["sightings"], clip.frames.fps, clip.speech))
    rows = []
    for number, (name, sightings, fps, speech) in enumerate(known):
        other = known[(number + 1) % len(known)][3]
        three = [sync(sightings, fps, each) for each in (speech, later(speech, SHIFTED), other)]
        rows.append([value for found in three for value in (found.offset, found.confidence, found.distance)])
        print(f"  {name[:36]:36s} " + "  ".join(f"{found.offset:+.2f} s {found.confidence:.3f}" for found in three), flush=True)
    table = np.array(rows).reshape(-1, 3, 3)
    for column, title in enumerate(("its own sound", f"{1000 * SHIFTED:.0f} ms later", "of another clip")):
        offset, confidence, distance = np.median(table[:, column], axis=0)
        print(f"{title:16s} median offset {offset:+.2f} s, confidence {confidence:.3f}, distance {distance:.3f}")
    follows = np.abs(table[:, 1, 0] + SHIFTED - table[:, 0, 0]) <= 0.0601
    print(f"{len(rows)} clips: the offset follows the shift in {100 * follows.mean():.0f} %, own sound surer than another clip's in "
          f"{100 * np.mean(table[:, 0, 1] > table[:, 2, 1]):.0f} %")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--made", type=int, default=40, help="made-up clips")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--clips", type=Path, help="a folder of real clips")
    parser.add_argument("--cache", type=Path, default=cache_folder("tracked"), help="where tracked faces are kept")
    parser.add_argument("--seed", type=int, default=100)
    asked = parser.parse_args()
    if asked.made:
        made_up(asked.made, asked.seconds, asked.size, asked.seed)
    if asked.clips:
        real(asked.clips, asked.cache)


if __name__ == "__main__":
    main()
