"""Put clips together, one after the other and side by side, and see whether people and cuts are found again.

python tools/measure_people.py ONE.mp4 TWO.mp4 THREE.mp4     clips of different people, one each, of at least three seconds
"""

import argparse
import tempfile
from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import av
import cv2
import numpy as np

from thespis.capture.faces import quiet
from thespis.capture.footage import open_footage
from thespis.capture.performance import Performance, track_video
from thespis.types import Bytes

SIDE, ROWS, FPS = 320, 75, Fraction(25)
NEAR = 2  # frames that a cut may be off
SLIDE = 15  # frames in which somebody comes in or leaves


def clip(path: Path) -> list[Bytes]:
    """Read the first frames of a clip, cut square and made small."""
    frames = []
    for image in open_footage(path):
        height, width = image.shape[:2]
        side = min(height, width)
        left, top = (width - side) // 2, (height - side) // 2
        square = np.ascontiguousarray(image[top : top + side, left : left + side])
        frames.append(np.asarray(cv2.resize(square, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8))
        if len(frames) == ROWS:
            break
    return frames


def write(path: Path, frames: Sequence[Bytes]) -> Path:
    """Write frames as a video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "16"}
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame)))
        container.mux(stream.encode())
    return path


def slid(image: Bytes, share: float) -> Bytes:
    """Show an image as far as it has come in from the right, 0 to 1, before grey."""
    shown = np.full_like(image, 90)
    width = round(SIDE * float(np.clip(share, 0, 1)))
    if width:
        shown[:, SIDE - width :] = image[:, :width]
    return shown


def told(name: str, path: Path, people: int, cuts: list[int], places: list[float] | None = None) -> bool:
    """Track a video, print what was found beside what is there, and say whether it is the same; `places` are where people stand."""
    with quiet():
        found: list[Performance] = track_video(path)
    seen = list(found[0].cuts)
    right = len(found) == people and len(seen) == len(cuts) and all(abs(a - b) <= NEAR for a, b in zip(seen, cuts, strict=True))
    if places is not None and len(found) == len(places):
        right &= all(abs(each.place[0] - place) < SIDE / 2 for each, place in zip(found, places, strict=True))
    rows = ", ".join(f"{each.found.sum()} rows at x {each.place[0]:.0f}" for each in found)
    print(f"{'right' if right else 'WRONG'}  {name}: {len(found)} of {people} people ({rows}); cuts {seen}, made at {cuts}", flush=True)
    return right


def main() -> None:
    """Compose and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", type=Path, nargs="+")
    asked = parser.parse_args()
    clips = [clip(path) for path in asked.clips]
    rows = min(len(each) for each in clips)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        cuts = list(accumulate(len(each) for each in clips))[:-1]
        path = write(place / "cuts.mp4", [frame for each in clips for frame in each])
        results.append(told("one after the other", path, len(clips), cuts))
        one, two = clips[0], clips[1]
        half = rows // 2
        path = write(place / "back.mp4", [*one[:half], *two[:half], *one[half:rows]])
        results.append(told("to another and back", path, 2, [half, 2 * half]))
        pair = [np.concatenate(frames, axis=1) for frames in zip(one, two, strict=False)]
        results.append(told("side by side", write(place / "pair.mp4", pair), 2, [], [SIDE / 2, SIDE * 3 / 2]))
        enters = [np.concatenate([a, slid(b, (k - half) / SLIDE)], axis=1) for k, (a, b) in enumerate(zip(one, two, strict=False))]
        results.append(told("one comes in", write(place / "in.mp4", enters), 2, [], [SIDE / 2, SIDE * 3 / 2]))
        leaves = [np.concatenate([a, slid(b, (half - k) / SLIDE)], axis=1) for k, (a, b) in enumerate(zip(one, two, strict=False))]
        results.append(told("one leaves", write(place / "out.mp4", leaves), 2, [], [SIDE / 2, SIDE * 3 / 2]))
    print(f"{sum(results)} of {len(results)} right")


if __name__ == "__main__":
    main()
