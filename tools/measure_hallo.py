"""Measure Hallo's shipped size on made-up people it has never seen: the face and the lips beside the portrait at rest, and the weights.

python tools/measure_hallo.py FOLDER [--weights TRAINED] [--sheet FILE.png]

FOLDER keeps the test faces, which are drawn first where they are not there. A film is drawn from the portrait and the voice alone; each
window goes on from the network's own last frames.
"""

import json
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from thespis import recipes
from thespis.capture.faces import measure
from thespis.data.faces import Arrays, page
from thespis.data.stage import StageSettings
from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER
from thespis.pixels.diffusion.conditions import audio_of
from thespis.pixels.diffusion.windows import REACH
from thespis.pixels.hallo.onnx import OnnxHallo
from thespis.pixels.hallo.regions import filled
from thespis.pixels.hallo.shape import SHAPES
from thespis.train.hallo_data import FINER, still_faces
from thespis.types import Array, Bytes, random_for
from thespis.weights import find_all

CLIPS, SECONDS = 16, 2.0
STILL = np.eye(2, 3)


def film(drawer: OnnxHallo, clip: Arrays, weights: Sequence[float] = (1, 1, 1), seed: int = 0) -> Bytes:
    """Draw all whole windows of a clip (frames, side, side, 3) from its person at rest."""
    shape, heard = drawer.shape, clip["articulation"]
    portrait = clip["frames"][0]
    seen = drawer.see(portrait, clip["points"])
    past, made = np.repeat(drawer.begins(seen)[None], shape.past, axis=0), []
    for at in range(0, len(heard) - shape.frames + 1, shape.frames):
        around = np.clip(np.arange(at - REACH, at + shape.frames + REACH), 0, len(heard) - 1)
        noise = random_for(seed, f"noise of frames from {at}").standard_normal((shape.frames, *past.shape[1:])).astype(np.float32)
        drawn = drawer.draw(seen, past, audio_of(heard[around]), np.tile(np.asarray(weights, np.float32), (shape.frames, 1)), noise, 1.0)
        past = drawn[-shape.past :]
        made += [drawer.show(portrait, STILL, each) for each in drawn]
    return np.stack(made)


def opening(frames: Bytes) -> Array:
    """Measure how far the lips are apart in frames (n, S, S, 3), as a share of the square; NaN where no face is found."""
    found = []
    for frame in frames:
        larger = np.asarray(cv2.resize(frame, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC), np.uint8)
        points = measure(larger, len(larger) / 2, len(larger) / 2, 0.8 * len(larger))
        gap = np.nan if points is None else (points[list(LIPS_INNER_LOWER), 1] - points[list(LIPS_INNER_UPPER), 1])[1:-1].mean()
        found.append(gap / len(larger))
    return np.asarray(found, np.float32)


def decibels(made: Bytes, truth: Bytes, where: Array) -> float:
    """Give the peak signal-to-noise ratio of frames (n, S, S, 3) where a mask (S, S) is 1."""
    apart = np.square(made.astype(np.float64) - truth).mean(axis=(0, 3))
    return float(10 * np.log10(255**2 / max((apart * where).sum() / where.sum(), 1e-9)))


def judged(drawer: OnnxHallo, clips: Sequence[Arrays]) -> dict[str, float]:
    """Judge films of clips: means over people."""
    rows: dict[str, list[float]] = {}
    for clip in clips:
        made = film(drawer, clip)
        truth, rest = clip["frames"][1 : 1 + len(made)], np.repeat(clip["frames"][:1], len(made), axis=0)
        lips, face = (filled(clip["points"], name, len(made[0])) for name in ("lips", "face"))
        for name, frames in (("made", made), ("copy", rest)):
            rows.setdefault(f"lips, {name}, dB", []).append(decibels(frames, truth, lips))
            rows.setdefault(f"face, {name}, dB", []).append(decibels(frames, truth, face))
        one, other = opening(made), opening(truth)
        known = np.isfinite(one) & np.isfinite(other)
        if known.sum() > 10 and other[known].std() > 0.004:
            rows.setdefault("opening, r", []).append(float(np.corrcoef(one[known], other[known])[0, 1]))
            rows.setdefault("opening, size", []).append(float(one[known].std() / other[known].std()))
        for name, weights in (("lips", (1, 1, 0)), ("face", (1, 0, 1)), ("pose", (0, 1, 1))):
            energy = np.square(film(drawer, clip, weights).astype(np.float64) - made).mean(axis=(0, 3))
            rows.setdefault(f"weight of {name} to nothing: change at the lips, %", []).append(
                100 * (energy * lips).sum() / max(energy.sum(), 1e-9)
            )
    return {name: float(np.median(values) if name.startswith("opening") else np.mean(values)) for name, values in rows.items()}


def sheet(drawer: OnnxHallo, clips: Sequence[Arrays]) -> Bytes:
    """Draw for some clips six frames as they are above, and as they are made below."""
    pictures: list[Bytes] = []
    for clip in clips:
        made = film(drawer, clip)
        chosen = np.linspace(2, len(made) - 2, 8).astype(int)
        pictures += [*clip["frames"][1:][chosen], *made[chosen]]
    whole = page(pictures, 8)
    return np.asarray(cv2.resize(whole, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def main() -> None:
    """Measure and print."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--weights", type=Path, help="the folder of a training, in place of what ships")
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    if args.weights is None:
        files = find_all(recipes.card("hallo").weights)
    else:
        from thespis.train.hallo import FILES

        files = dict(zip(("patches", "reference", "denoiser"), (args.weights / name for name in FILES), strict=True))
    drawer = OnnxHallo(files)
    settings = StageSettings(7, CLIPS, SECONDS, split="test", regime="plain")
    clips = still_faces(args.folder, settings, SHAPES["tiny"].side, print)
    if args.sheet is not None:
        cv2.imwrite(str(args.sheet), sheet(drawer, clips[:4])[..., ::-1])
    print(json.dumps({name: round(value, 3) for name, value in judged(drawer, clips).items()}, indent=1))


if __name__ == "__main__":
    main()
