"""Compare how heads, brows and lids act with real people who talk.

python tools/measure_acting.py FOLDER [--recipe NAME]... [-o FILE.json]

For every video with sound that shows one face it tracks head, brows and lids; then each recipe acts the same sound, by another seed a
clip. Printed are quartiles over the clips of each figure, for the real ones and for ours. All tracks are smoothed by 120 ms, because a
tracker trembles and trembling looks like speed.
"""

import argparse
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from thespis import recipes
from thespis.capture.performance import perform
from thespis.errors import ThespisError
from thespis.evaluate.footage import cache_folder, clips_of, followed
from thespis.evaluate.mouths import sound_of
from thespis.features.articulation import hear
from thespis.motion.rotations import matrices
from thespis.motion.spaces.face import FACE
from thespis.stages import Chain
from thespis.types import FRAMES, Direction, Portrait, Speech, Track, frame_count

Numbers = npt.NDArray[np.float64]

LONGEST, SHORTEST = 20.0, 3.0  # seconds of each clip
SMOOTH = 0.12  # seconds
LAGS = 0.32  # seconds by which a movement may follow the voice or lead it
BLINK, OPEN = 0.5, 0.3
SEEN = 0.98  # share of the frames in which the face must be seen
FIGURES = (
    "yaw spread, degrees", "pitch spread, degrees", "roll spread, degrees", "yaw speed, degrees/s", "pitch speed, degrees/s",
    "roll speed, degrees/s", "head speed with loudness, r", "brow range, weight", "brow speed, weight/s", "brows with voice, r",
    "blinks a minute", "speed at its quickest, degrees/s", "share of head motion below 1 Hz",
)  # fmt: skip


def euler(turns: npt.ArrayLike) -> Numbers:
    """Turn rotation vectors (rows, 3) into degrees of yaw, pitch and roll (rows, 3)."""
    held = matrices(turns)
    yaw = np.arctan2(held[:, 0, 2], held[:, 2, 2])
    pitch = np.arcsin(np.clip(-held[:, 1, 2], -1, 1))
    roll = np.arctan2(held[:, 1, 0], held[:, 1, 1])
    return np.asarray(np.degrees(np.stack([yaw, pitch, roll], axis=1)))


def together(one: Numbers, other: Numbers, fps: float) -> float:
    """Correlate two curves (rows,) at the best of the lags that a reaction may have."""
    reach, found = round(LAGS * fps), []
    for lag in range(-reach, reach + 1):
        a, b = (one[max(lag, 0) :], other[max(-lag, 0) :])
        n = min(len(a), len(b))
        if n > fps and a[:n].std() > 1e-6 and b[:n].std() > 1e-6:
            found.append(float(np.corrcoef(a[:n], b[:n])[0, 1]))
    return max(found, default=0.0)


def figures(motion: Track, heard: Track) -> Numbers:
    """Describe one act (FIGURES,): a FACE track, and the ARTICULATION of its voice."""
    fps = float(motion.fps)
    turned = gaussian_filter1d(euler(motion["head_rotation"]), SMOOTH * fps, axis=0)
    speed = np.abs(np.diff(turned, axis=0)) * fps
    brows = np.mean([motion[name] for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")], axis=0).astype(np.float64)
    brows = gaussian_filter1d(brows, 0.06 * fps)
    at = motion.seconds[1:]
    loud = np.interp(at, heard.seconds, gaussian_filter1d(heard["loudness"].astype(np.float64), 12))
    accent = np.interp(
        at, heard.seconds, gaussian_filter1d(heard["voiced"] * (0.8 * np.maximum(heard["pitch"], 0) + heard["loudness"]), 12)
    )
    total = gaussian_filter1d(np.linalg.norm(speed, axis=1), 0.12 * fps)
    count, shut = 0, False
    for closed in np.minimum(motion["eyeBlinkLeft"], motion["eyeBlinkRight"]) - np.median(motion["eyeBlinkLeft"]):
        count += int(not shut and closed > BLINK)
        shut = bool(closed > (OPEN if shut else BLINK))
    slow = gaussian_filter1d(turned, 0.16 * fps, axis=0)
    share = np.square(np.diff(slow, axis=0)).sum() / max(np.square(np.diff(turned, axis=0)).sum(), 1e-9)
    return np.array([
        *turned.std(axis=0), *speed.mean(axis=0), together(total, loud, fps), np.percentile(brows, 95) - np.percentile(brows, 5),
        float(np.abs(np.diff(brows)).mean() * fps), together(brows[1:], accent, fps), count / (len(motion) / fps / 60),
        float(np.percentile(np.linalg.norm(speed, axis=1), 95)), share,
    ])  # fmt: skip


def real(path: Path) -> tuple[Track, Speech] | None:
    """Track a clip with its sound, where it shows one face all the time."""
    speech = sound_of(path)
    from thespis.capture.footage import open_footage

    footage = open_footage(path)
    seen = followed(path, cache_folder("faces"), most=round(LONGEST * footage.fps))
    if len(seen.people) != 1 or seen.cuts or len(seen.people[0]) < SEEN * seen.frames or seen.frames < SHORTEST * footage.fps:
        return None
    motion = perform(seen.people[0], seen.frames, seen.cuts, footage.fps, 1.0).motion
    return motion, speech.cut(0, round(seen.frames / float(footage.fps) * speech.rate))


def acted(name: str, speech: Speech, seed: int, fps: Fraction) -> Track:
    """Let a recipe act a sound, without drawing."""
    talker = recipes.load(name)
    stage = Chain(*[part for part in talker.stages if part.gives != FRAMES])
    motion = stage.step(stage.start(Portrait((np.zeros((8, 8, 3), np.uint8),)), Direction(seed=seed, fps=fps)), speech, True)
    assert isinstance(motion, Track) and motion.space == FACE
    return motion.cut(0, frame_count(len(speech), speech.rate, fps))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--recipe", action="append", default=[], help="a recipe to compare, several times for several; thespis without")
    parser.add_argument("--seeds", type=int, default=1, help="how many performances of each clip")
    parser.add_argument("-o", "--output", type=Path, help="write the figures of every clip")
    args = parser.parse_args()
    found: dict[str, list[Numbers]] = {"real": []}
    for number, path in enumerate(clips_of(args.folder)):
        try:
            pair = real(path)
        except ThespisError:
            continue
        if pair is None:
            continue
        motion, speech = pair
        heard = hear(speech).articulation
        if heard["speaking"].mean() < 0.2:
            continue
        found["real"].append(figures(motion, heard))
        for name in args.recipe or ["thespis"]:
            for seed in range(args.seeds):
                found.setdefault(name, []).append(figures(acted(name, speech, 100 * seed + number, motion.fps), heard))
        print(path.name, *np.round(found["real"][-1], 2).tolist(), flush=True)
    print(f"{len(found['real'])} clips; 25 %, median, 75 % of " + ", ".join(found))
    for column, label in enumerate(FIGURES):
        quartiles = [np.percentile([row[column] for row in rows], [25, 50, 75]) for rows in found.values()]
        print(f"  {label:34} " + " | ".join(" ".join(f"{value:6.2f}" for value in each) for each in quartiles))
    if args.output:
        args.output.write_text(json.dumps({"figures": FIGURES, **{name: np.array(rows).tolist() for name, rows in found.items()}}))


if __name__ == "__main__":
    main()
