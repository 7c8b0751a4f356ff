"""Import recordings of face curves, export them again, draw their liveliest seconds on a photo and read what the video shows.

python tools/measure_recordings.py FOLDER PHOTO --work SCRATCH            every .csv of Live Link Face under FOLDER
An .npz that holds such a file's `columns`, `data` and `time_code` is taken too. SCRATCH/sheet.png shows each on the photo and on OpenHead.
"""

import argparse
import contextlib
import csv
import io
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from draw_openhead import Sitter, grid
from PIL import Image

from thespis.apps import cli
from thespis.capture.performance import track_video
from thespis.export.arkit import read_csv
from thespis.export.take import open_take
from thespis.head.openhead import load_openhead
from thespis.head.shapes import SHAPES, load_shapes
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array, Bytes, Track

FPS = 30  # frames a second of the videos
SIDE = 200  # pixels of a picture in the sheet
AROUND, NEAR, STEP = 7, 8, 0.25  # frames: beside a peak, around it that are compared, and by how little they are shifted
HIGH = {"lips": 0.04, "lids": 0.15}  # how far a peak stands out, in eye distances and as a weight
STILL = 0.02  # what changes less says nothing
UPPER, LOWER = 13, 14  # points of the lips' inner edges
GAZE = ("gaze_left_yaw", "gaze_left_pitch", "gaze_right_yaw", "gaze_right_pitch")


def say(*words: object) -> None:
    """Run a command of thespis, which must succeed."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        failed = cli.main([str(word) for word in words])
    if failed:
        raise RuntimeError(f"thespis {' '.join(map(str, words))}: {told.getvalue()}")


def as_csv(source: Path, folder: Path) -> Path:
    """Give a recording as a CSV of Live Link Face."""
    if source.suffix == ".csv":
        return source
    path = folder / f"{source.stem}.csv"
    with np.load(source) as kept, path.open("w", newline="", encoding="utf-8") as file:
        columns, rows, codes = kept["columns"], kept["data"], kept["time_code"]
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([code, int(row[1]), *map(repr, row[2:].tolist())] for code, row in zip(codes, rows, strict=True))
    return path


def liveliest(curves: Track, seconds: float) -> float:
    """Find the second from which the jaw moves most."""
    fps = float(curves.fps)
    length = min(int(seconds * fps), len(curves) - 2)
    moved = np.abs(np.diff(curves["jawOpen"])).cumsum()
    return int(np.argmax(moved[length:] - moved[:-length])) / fps


def openings(track: Track, times: Array) -> dict[str, Array]:
    """Tell how far lips part (in eye distances, by all weights, so that it does not matter which of them opens) and lids close."""
    fields = load_shapes().fields
    parted = track.values[:, [track.space.column(name) for name in SHAPES]] @ (fields[:, LOWER, 1] - fields[:, UPPER, 1])
    rows = np.arange(len(track)) / float(track.fps)
    each = {"lips": np.maximum(parted, 0.0), "lids": (track["eyeBlinkLeft"] + track["eyeBlinkRight"]) / 2}
    return {name: np.asarray(np.interp(times, rows, values), np.float32) for name, values in each.items()}


def peaks(values: Array, high: float) -> list[int]:
    """Find the rows that stand out by so much on both sides."""
    found = []
    for row in range(AROUND, len(values) - AROUND):
        beside = values[row - AROUND : row + AROUND + 1]
        if values[row] == beside.max() and values[row] - high > max(beside[:AROUND].min(), beside[AROUND + 1 :].min()):
            found.append(row)
    return found


def lag(wanted: Array, shown: Array, row: int) -> float:
    """Find by how many milliseconds what is shown around a row comes later than wanted."""
    rows = np.arange(max(row - NEAR, 0), min(row + NEAR + 1, len(wanted)))
    shifts = np.arange(-AROUND, AROUND + STEP / 2, STEP)
    alike = [np.corrcoef(wanted[rows], np.interp(rows + shift, np.arange(len(shown)), shown))[0, 1] for shift in shifts]
    return float(shifts[int(np.nanargmax(alike))]) * 1000 / FPS


def measure(source: Path, photo: Path, folder: Path, seconds: float, sitter: Sitter) -> list[Bytes]:
    """Measure one recording, print a line, and give a strip of pictures: four moments on the photo and on OpenHead."""
    name = folder / source.stem
    recording = as_csv(source, folder)
    take, back, cut = (Path(f"{name}{end}") for end in (".take", ".back.csv", ".cut.take"))
    say("import", recording, "-o", take)
    say("export", take, "-o", back)
    curves, returned = read_csv(recording).curves, read_csv(back).curves
    off = float(np.abs(curves.values - returned.values).max())
    begin = liveliest(curves, seconds)
    say("edit", take, "--cut", f"{begin:.3f}", f"{begin + seconds:.3f}", "-o", cut)
    say("export", cut, "-o", f"{name}.cut.csv")
    say("render", cut, photo, "--size", 256, "--fps", FPS, "-o", f"{name}.mp4")
    exported = read_csv(Path(f"{name}.cut.csv")).curves
    (seen,) = track_video(Path(f"{name}.mp4"))
    times = np.arange(len(seen.motion), dtype=np.float32) / FPS
    told = []
    wanted, shown = openings(exported, times), openings(seen.motion, times)
    for part, high in HIGH.items():
        if np.ptp(wanted[part]) < STILL:
            told.append(f"{part} still")
            continue
        lags = [round(lag(wanted[part], shown[part], row)) for row in peaks(wanted[part], high)]
        told.append(f"{part} r {np.corrcoef(wanted[part], shown[part])[0, 1]:.2f}, {len(lags)} peaks {lags} ms")
    print(f"{source.stem}: {len(curves)} rows, returned within {off:.0e}; {'; '.join(told)}", flush=True)
    face = open_take(cut).track()
    rows = [int(len(times) * part) for part in (0.1, 0.5)] + [int(each.argmax()) for each in wanted.values()]
    strip: list[Bytes] = []
    frames = cv2.VideoCapture(f"{name}.mp4")
    for row in rows:
        frames.set(cv2.CAP_PROP_POS_FRAMES, row)
        strip.append(np.asarray(cv2.resize(cv2.cvtColor(frames.read()[1], cv2.COLOR_BGR2RGB), (SIDE, SIDE)), np.uint8))
        at = min(round(Fraction(row, FPS) * face.fps), len(face) - 1)
        weights, gaze = (np.array([[face[each][at] for each in names]], np.float32) for names in (ARKIT, GAZE))
        posed = sitter.head.pose(weights, gaze=gaze)[0]
        strip.append(sitter.view(posed, 10, (SIDE, SIDE), 62, np.array([0.05, 0.55, 0.3])))
    return strip


def main() -> None:
    """Measure every recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--work", type=Path, required=True, help="a folder for takes and videos")
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    sitter, strips = Sitter(load_openhead()), []
    for source in sorted(path for path in options.folder.rglob("*") if path.suffix in (".csv", ".npz")):
        strips += measure(source, options.photo, options.work, options.seconds, sitter)
        Image.fromarray(grid(strips, 8)).save(options.work / "sheet.png")


if __name__ == "__main__":
    main()
