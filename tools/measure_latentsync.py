"""Measure a trained latentsync on made-up people it has never seen: pixels within the outline, opening of the lips, and sync.

python tools/measure_latentsync.py FOLDER [--clips 20] [--sheet sheet.png]

FOLDER is a training's (thespis train latentsync -o FOLDER); clips of the test split are drawn into it, and a second sync network is trained
there, of another seed than the one that supervised.
"""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from thespis.data.faces import page
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.pixels.dub.lip_torch import Lips
from thespis.train import latentsync
from thespis.train.lip_data import corpus
from thespis.train.lip_figures import dubbed, within, worth
from thespis.train.lips import LipLearner

JUDGE_SEED = 1000


def main() -> None:
    """Measure, and print a table."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--sheet", type=Path)
    args = parser.parse_args()
    shape = SHAPES["tiny"]
    known = latentsync.material(args.folder, 0, latentsync.USUAL.batch, print)
    judge = latentsync.synced(args.folder / "judge", known, replace(latentsync.SYNCS, seed=JUDGE_SEED), print)
    learner = LipLearner(Lips(shape))
    latentsync.best(learner, args.folder)
    clips = corpus(args.folder / "clips", shape, {"test": args.clips}, 0, print)["test"]
    found = [each for clip in clips for each in dubbed(learner.lips.eval(), clip)]
    print(f"{len(clips)} clips of people nobody learned from, either way: within the outline, opening of the lips, likeness to the voice")
    shown = {
        "the frames themselves": [(true, true, voice) for true, _, _, voice in found],
        "copied, as before learning": [(true, copied, voice) for true, copied, _, voice in found],
        "painted": [(true, painted, voice) for true, _, painted, voice in found],
    }
    for name, pairs in shown.items():
        figures = worth(pairs, shape, judge)
        print(f"{name}: {figures.decibels:.2f} dB, r {figures.opening:.2f}, share {figures.share:.2f}, {figures.sync:.3f}")
    better = sum(within(true, painted, shape) > within(true, copied, shape) for true, copied, painted, _ in found)
    print(f"painted is nearer than the copy in {better} of {len(found)}")
    if args.sheet is not None:
        rows = [picture for true, copied, painted, _ in found[: 2 * 8 : 2] for film in (copied, true, painted) for picture in film[8:40:4]]
        sheet = cv2.resize(page(rows, 8), None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(args.sheet), np.ascontiguousarray(sheet[..., ::-1]))


if __name__ == "__main__":
    main()
