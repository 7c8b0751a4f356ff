"""Measure capture on a folder of pictures and videos: how well faces are fitted, how fast, and how well drawn expressions are read back.

python tools/measure_capture.py MEDIA                       every picture and video under MEDIA/portraits and MEDIA/video
python tools/measure_capture.py MEDIA --only crosstalk --matrix docs/pictures/crosstalk.jpg
"""

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from capture_data import COLUMN, Measured, alone, draw_and_measure, move, posed, together
from capture_data import free_faces as public_faces

from thespis.capture.follow import follow
from thespis.capture.footage import PICTURES, open_footage
from thespis.capture.performance import Performance, perform, track_video
from thespis.capture.portrait import read_portrait
from thespis.errors import FaceError, ThespisError
from thespis.head.shapes import SHAPES
from thespis.motion.spaces.face import FACE
from thespis.types import Array, Portrait, random_for

VIDEOS = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".mpg"}
GROUPS = {
    "jaw": ("jawOpen",), "smile": ("mouthSmileLeft", "mouthSmileRight"), "browDown": ("browDownLeft", "browDownRight"),
    "browInnerUp": ("browInnerUp",), "browOuterUp": ("browOuterUpLeft", "browOuterUpRight"), "blink": ("eyeBlinkLeft", "eyeBlinkRight"),
    "pucker": ("mouthPucker",), "frown": ("mouthFrownLeft", "mouthFrownRight"), "sneer": ("noseSneerLeft", "noseSneerRight"),
    "eyeWide": ("eyeWideLeft", "eyeWideRight"), "squint": ("eyeSquintLeft", "eyeSquintRight"), "funnel": ("mouthFunnel",),
    "stretch": ("mouthStretchLeft", "mouthStretchRight"), "upperUp": ("mouthUpperUpLeft", "mouthUpperUpRight"),
    "lowerDown": ("mouthLowerDownLeft", "mouthLowerDownRight"), "press": ("mouthPressLeft", "mouthPressRight"),
    "puff": ("cheekPuff",), "close": ("mouthClose",), "dimple": ("mouthDimpleLeft", "mouthDimpleRight"),
}  # fmt: skip
ASKED = ("jaw", "smile", "browDown", "browInnerUp", "browOuterUp", "blink", "pucker")
ROWS, TURN = 30, 4.0


def files(folder: Path, kinds: set[str]) -> list[Path]:
    """List the files of these kinds."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds)


def track(path: Path, rows: int | None) -> list[Performance]:
    """Track a file, or only its first rows."""
    if rows is None or path.suffix.lower() in PICTURES:
        return track_video(path)
    followed = follow(replace(footage := open_footage(path), most=rows))
    if not followed.people:
        raise FaceError(f"no face found in the first {rows} frames of {path}; take more with --rows")
    return [perform(person, followed.frames, followed.cuts, footage.fps, 1.0) for person in followed.people]


def fitted(paths: list[Path], rows: int | None = None) -> None:
    """Track every file and print how well it is fitted; a refusal with its reason is an answer too."""
    worst, frames, took = [], 0, 0.0
    for path in paths:
        began = time.perf_counter()
        try:
            people = track(path, rows)
        except ThespisError as error:
            print(f"refused   {path.name}: {error}", flush=True)
            continue
        seconds = time.perf_counter() - began
        for person in people:
            seen = person.found
            off = 100 * float(np.median(person.error[seen]))
            worst.append(off)
            print(
                f"{off:5.2f} %  {len(person.motion):5d} rows, {100 * seen.mean():3.0f} % found, confidence "
                f"{np.median(person.confidence[seen]):.2f}, {len(person.cuts)} cuts  {path.parent.name}/{path.name}",
                flush=True,
            )
        if len(people[0].motion) > 1:
            frames, took = frames + len(people[0].motion), took + seconds
    offs = np.array(worst)
    print(f"{len(offs)} faces; median {np.median(offs):.2f} %, worst {offs.max():.2f} %; {np.mean(offs <= 2.5):.3f} of them at most 2.5 %")
    if took:
        print(f"{frames / took:.0f} frames a second with decoding and fitting; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def read_back(portraits: list[Path], kind: str, seed: int) -> tuple[Array, Array, Array]:
    """Draw rows on each portrait and read them -> weights as drawn, by the plain fit, and as read (n, 51)."""
    random = random_for(seed, f"measure {kind}")
    made: list[Measured] = []
    for path in portraits:
        rows = [posed(alone(random) if kind == "alone" else together(random), random, TURN) for _ in range(ROWS)]
        if kind == "asked":
            rows = []
            for number in range(ROWS):
                row = np.zeros(FACE.size, np.float32)
                move(row, asked_move(ASKED[number % len(ASKED)]), random)
                rows.append(posed(row, random, TURN))
        try:
            made.append(draw_and_measure(read_portrait(path), rows, random, judge=True))
        except ThespisError as error:
            print(f"left out {path.name}: {error}")
    given, plain, read = (np.concatenate([getattr(each, name) for each in made]) for name in ("weights", "plain", "read"))
    return given, plain, read


def asked_move(group: str) -> str:
    """Name the move of a group."""
    return GROUPS[group][0].removesuffix("Left")


def recovery(portraits: list[Path], seed: int) -> None:
    """Print correlation and slope for each group of shapes."""
    for kind in ("asked", "alone", "together"):
        given, plain, read = read_back(portraits, kind, seed)
        print(f"\n{kind}: {len(given)} pictures of {len(portraits)} portraits; r and slope, plain fit | with the network")
        for group, names in GROUPS.items():
            columns = [COLUMN[name] for name in names]
            if kind == "asked" and group not in ASKED:
                continue
            line = []
            for found in (plain, read):
                a, b = given[:, columns].ravel(), found[:, columns].ravel()
                line.append(f"{np.corrcoef(a, b)[0, 1]:5.2f} {np.polyfit(a, b, 1)[0]:5.2f}")
            print(f"{group:12s} {line[0]}  |  {line[1]}")


def crosstalk(path: Path) -> None:
    """Draw each shape by itself on the astronaut and what is read as a matrix: rows are drawn, columns are read."""
    random = random_for(0, "crosstalk")
    names = [name for name in SHAPES if not name.startswith("eyeLook")]
    rows = []
    for name in names:
        row = np.zeros(FACE.size, np.float32)
        row[COLUMN[name]] = 0.8
        if name == "mouthClose":
            row[COLUMN["jawOpen"]] = 0.8
        rows.append(row)
    made = draw_and_measure(Portrait((public_faces()[0],)), rows, random, judge=True)
    columns = [COLUMN[name] for name in names]
    matrix = made.read[:, columns]
    cell, left, top = 16, 170, 150
    image = np.full((top + cell * len(names) + 10, left + cell * len(names) + 10, 3), 255, np.uint8)
    for number, name in enumerate(names):
        for other in range(len(names)):
            level = int(255 * (1 - min(float(matrix[number, other]) / 0.8, 1.0)))
            image[top + number * cell : top + (number + 1) * cell - 1, left + other * cell : left + (other + 1) * cell - 1] = level
        cv2.putText(image, name, (4, top + number * cell + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    label = np.full((cell * len(names), top, 3), 255, np.uint8)
    for number, name in enumerate(names):
        cv2.putText(label, name, (4, number * cell + 12), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    image[:top, left : left + cell * len(names)] = np.rot90(label)
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 88])
    own = np.diag(matrix)
    print(f"{path}: own weight {own.mean():.2f} of 0.80 on the mean, largest stranger {np.max(matrix - np.diag(own), axis=1).mean():.2f}")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("media", type=Path)
    parser.add_argument("--only", choices=("portraits", "videos", "recovery", "crosstalk"))
    parser.add_argument("--people", type=Path, help="a text file naming the portraits that are drawn on, a line each")
    parser.add_argument("--matrix", type=Path, help="also draw the crosstalk on the astronaut")
    parser.add_argument("--rows", type=int, help="judge only the first rows of every video")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.only in (None, "portraits"):
        fitted(files(options.media / "portraits", PICTURES))
    if options.only in (None, "videos"):
        fitted(files(options.media / "video", VIDEOS), options.rows)
    if options.only in (None, "recovery"):
        named = options.people.read_text(encoding="utf-8").split("\n") if options.people else PEOPLE
        recovery([options.media / "portraits" / name for name in named if name], options.seed)
    if options.matrix is not None:
        crosstalk(options.matrix)


PEOPLE = (
    "AAAI22-one-shot-talking-face/AdamSchiff_0.jpg",
    "AAAI22-one-shot-talking-face/o1.jpg",
    "AAAI22-one-shot-talking-face/nan3.jpg",
    "ComfyUI-AdvancedLivePortrait/exp_image.jpg",
    "DAWN-pytorch/real_male2.jpeg",
    "DECA/AFLW2000_image00302.jpg",
    "DECA/AFLW2000_image02202.jpg",
    "DICE-Talk/hg.jpeg",
    "EDTalk/identity_source.jpg",
    "EDTalk/uncrop_face.jpg",
    "HuMo/man_Jaime.jpg",
    "JoyVASA/joyvasa_005.jpg",
    "JoyVASA/joyvasa_006.jpg",
    "KDTalker/WDA_BenCardin1_000.png",
    "LivePortrait/d38.jpg",
    "LivePortrait/s42.jpg",
    "LivePortrait/s2.jpg",
    "SadTalker/happy.png",
    "dreamtalk/face3.jpg",
    "dreamtalk/male_face.jpg",
    "dreamtalk/cut_img.png",
    "echomimic/b.png",
    "fantasy-talking/woman.jpg",
    "hallo/6.jpg",
)
"""Photographs of many kinds of people, seen from the front, none of which anything was trained on."""


if __name__ == "__main__":
    main()
