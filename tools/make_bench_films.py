"""Make the films and acts that the bench's judges learn from (tools/train_judge.py, tools/train_syncnet.py).

python tools/make_bench_films.py --recordings FOLDER -o FILMS      about an hour on one core; what is there already stays

`quick` films hold a few frames of all eight emotions, `long` ones whole clips; every second person is bent from a photograph in the public
domain, the others are of the stage. `acts` are sound and motion that nobody draws. Without recordings (docs/lips.md) all voices are made
up.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from articulation_recordings import Recording, recordings
from bench_films import performed, person_clips, write
from capture_data import free_faces

from thespis.data.sentences import Split
from thespis.errors import ThespisError
from thespis.types import EMOTION, random_for

PERSON = {"train": lambda number: 10 * (number // 8) + number % 8, "validation": lambda number: 10 * number + 8}
ACTS, EVERY = 20, 18  # acts in a file, and frames between two that a quick film keeps


def films(folder: Path, split: Split, kind: str, count: int, found: list[Recording], seed: int) -> None:
    """Film people of a split."""
    photographs = free_faces()
    for number in range(count):
        place = folder / f"{split}_{kind}_{number:05d}.npz"
        if place.exists():
            continue
        bent = photographs[number // 2 % len(photographs)] if number % 2 else None
        quick = kind == "quick"
        person: Callable[[int], int] = PERSON[split]
        clips = person_clips(seed, person(number), split, [] if quick else found, bent, *((8, EVERY) if quick else (4, 1)))
        if len(clips) >= 4:
            write(place, clips)
        print(f"{place.name}", flush=True)


def acts(folder: Path, count: int, found: list[Recording], seed: int) -> None:
    """Let people act without anybody drawing them."""
    for number in range(count):
        place = folder / f"acts_{number:05d}.npz"
        if place.exists():
            continue
        faces, sounds = [], []
        for each in range(number * ACTS, (number + 1) * ACTS):
            random = random_for(seed, f"act {each}")
            try:
                act = performed(random, seed, PERSON["train"](each), each % 90, "train", EMOTION.names[each % EMOTION.size], found)
            except ThespisError:
                continue  # a text in which the voice finds nothing to say
            faces.append(act.motion.values.astype(np.float16))
            sounds.append((act.sound.clip(-1, 1) * 32767).astype(np.int16))
        temporary = place.with_name(f".{place.stem}.npz")
        np.savez(temporary, face=np.stack(faces), sound=np.stack(sounds))
        temporary.replace(place)
        print(place.name, flush=True)


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, help="a folder with a folder of recordings for each language, with their texts beside")
    parser.add_argument("--quick", type=int, default=360, help="people of whom a few frames are learned from")
    parser.add_argument("--checked", type=int, default=40, help="people of the validation split of whom a few frames are looked at")
    parser.add_argument("--long", type=int, default=23, help="people of whom whole clips are learned from")
    parser.add_argument("--acts", type=int, default=120, help=f"files of {ACTS} acts")
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("-o", "--output", type=Path, required=True)
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    asked.output.mkdir(parents=True, exist_ok=True)
    found = [each for each in recordings(asked.recordings) if each.text] if asked.recordings else []
    films(asked.output, "train", "quick", asked.quick, found, asked.seed)
    films(asked.output, "validation", "quick", asked.checked, found, asked.seed)
    films(asked.output, "train", "long", asked.long, found, asked.seed)
    acts(asked.output, asked.acts, found, asked.seed)


if __name__ == "__main__":
    main()
