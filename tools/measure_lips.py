"""Compare what the articulation stage says with the lips of real people who talk: python tools/measure_lips.py FOLDER...

For every video with sound and one visible face it tracks the gap of the inner lips (in eye distances, without the tracker's smoothing
over time) and correlates it with the predicted opening, at no lag and at the lag where they fit best, beside plain loudness.
A positive lag means that the real mouth comes first. The tracked lips are kept in `--cache`, because tracking takes most of the time.
"""

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import ThespisError
from thespis.features.articulation import Articulation
from thespis.speech.read import is_silent, read_speech
from thespis.types import Direction, Portrait, Speech, Track
from thespis.weights import ASSETS

Numbers = npt.NDArray[np.float64]

UPPER_LIP, LOWER_LIP, EYES, CORNERS = 13, 14, ((33, 133), (362, 263)), (78, 308)
LAGS = range(-16, 17)  # rows of 10 ms
LONGEST = 20.0  # seconds of each clip


@dataclass(frozen=True)
class Lips:
    """The tracked mouth of a clip: `gap` and `width` (frames,) in eye distances, not-a-number without a face; `seconds` (frames,)."""

    gap: Numbers
    width: Numbers
    seconds: Numbers


def tracked(path: Path) -> Lips:
    """Track the mouth of the first face in every frame."""
    import av
    import mediapipe

    gaps, widths, seconds = [], [], []
    mesh = mediapipe.solutions.face_mesh.FaceMesh(static_image_mode=True, refine_landmarks=True, max_num_faces=1)
    with av.open(str(path)) as container, mesh:
        stream = container.streams.video[0]
        first = None
        for frame in container.decode(stream):
            first = frame.time if first is None else first
            if frame.time is None or first is None or frame.time - first > LONGEST:
                break
            image = frame.to_ndarray(format="rgb24")
            seconds.append(frame.time - first)
            found = mesh.process(image).multi_face_landmarks
            if not found:
                gaps.append(np.nan)
                widths.append(np.nan)
                continue
            points = np.array([(p.x * image.shape[1], p.y * image.shape[0], p.z * image.shape[1]) for p in found[0].landmark])
            eyes = [points[list(pair)].mean(axis=0) for pair in EYES]
            scale = float(np.linalg.norm(eyes[0] - eyes[1]))
            gaps.append(float(np.linalg.norm(points[UPPER_LIP] - points[LOWER_LIP])) / scale)
            widths.append(float(np.linalg.norm(points[CORNERS[0]] - points[CORNERS[1]])) / scale)
    return Lips(np.array(gaps), np.array(widths), np.array(seconds))


def lips_of(path: Path, cache: Path) -> Lips:
    """Track a clip, or read what was tracked before."""
    kept = cache / f"{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:16]}.npz"
    if kept.exists():
        with np.load(kept) as file:
            return Lips(file["gap"], file["width"], file["seconds"])
    lips = tracked(path)
    cache.mkdir(parents=True, exist_ok=True)
    np.savez(kept, gap=lips.gap, width=lips.width, seconds=lips.seconds)
    return lips


def clips(folders: list[Path], cache: Path) -> Iterator[tuple[Path, Speech, Lips]]:
    """Give every clip with sound in which a face is seen most of the time and its lips move."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() not in {".mp4", ".mpg", ".mov", ".webm", ".mkv", ".avi"}:
                continue
            beside = path.with_suffix(".flac")
            try:
                speech = read_speech(path)
                if is_silent(speech):
                    raise ThespisError(f"{path} is silent")
            except ThespisError:
                if not beside.exists():
                    continue
                speech = read_speech(beside)
            lips = lips_of(path, cache)
            seen = np.isfinite(lips.gap)
            if len(seen) < 40 or seen.mean() < 0.8 or np.nanstd(lips.gap) < 0.01:
                continue
            yield path, speech.cut(0, round(LONGEST * speech.rate)), lips


def opening(track: Track) -> Numbers:
    """Guess the gap of the lips from jaw and closure (rows,)."""
    return np.asarray(track["jaw"] * (1 - track["closure"]), np.float64)


def correlations(curve: Numbers, truth: Numbers, seconds: Numbers) -> Numbers:
    """Correlate a curve at 100 rows a second with the truth at the times of the frames, at every lag of LAGS -> (lags,)."""
    good = np.isfinite(truth) & (seconds > 0.2) & (seconds < len(curve) / 100 - 0.2)
    made = []
    for lag in LAGS:
        # A real mouth that comes first by `lag` has at time t the value that the curve has at t + lag.
        values = np.interp(seconds[good] + lag / 100, np.arange(len(curve)) / 100, curve)
        made.append(np.corrcoef(values, truth[good])[0, 1] if values.std() > 1e-6 else 0.0)
    return np.array(made)


def main() -> None:
    """Measure every clip and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, default=ASSETS / "articulation.onnx")
    parser.add_argument("--cache", type=Path, required=True)
    asked = parser.parse_args()
    stage = Articulation(asked.weights)
    portrait = Portrait((np.zeros((8, 8, 3), np.uint8),))
    zero = LAGS.index(0)
    rows: list[tuple[Numbers, Numbers, Numbers]] = []
    print(f"{'clip':44} {'opening r':>9} {'best':>6} {'lag ms':>7}   {'loudness':>8} {'best':>6}   {'width':>6}")
    for path, speech, lips in clips(asked.folders, asked.cache):
        track = stage.step(stage.start(portrait, Direction()), speech, last=True)
        ours = correlations(opening(track), lips.gap, lips.seconds)
        loud = correlations(np.asarray(track["loudness"], np.float64), lips.gap, lips.seconds)
        wide = correlations(np.asarray(track["spreading"] - track["rounding"], np.float64), lips.width, lips.seconds)
        rows.append((ours, loud, wide))
        print(
            f"{path.parent.name + '/' + path.stem:44.44} {ours[zero]:9.2f} {ours.max():6.2f} {LAGS[int(ours.argmax())] * 10:7d}   "
            f"{loud[zero]:8.2f} {loud.max():6.2f}   {wide[zero]:6.2f}",
            flush=True,
        )
    table = [np.array([row[number] for row in rows]) for number in range(3)]
    for name, values in zip(("opening", "loudness", "width"), table, strict=True):
        mean, best = values.mean(axis=0), values.argmax(axis=1) + LAGS[0]
        print(
            f"{name}: {len(values)} clips, mean r {mean[zero]:.3f} at no lag, {values.max(axis=1).mean():.3f} at each clip's best lag "
            f"(median {int(np.median(best) * 10)} ms), {mean.max():.3f} at the common lag {LAGS[int(mean.argmax())] * 10} ms"
        )


if __name__ == "__main__":
    main()
