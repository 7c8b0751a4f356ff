"""Whether metrics put real clips in the right order: the clip itself, its compressed copy, its lips too late, the lips of another clip."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from thespis.capture.footage import open_footage
from thespis.capture.sighting import Sighting
from thespis.errors import MediaError
from thespis.evaluate.metric import Metric, value
from thespis.types import Clip, Frames, Track

LATE = 0.2  # seconds
QUALITY = 32  # of x264's scale on which 23 is usual and 51 the worst
WAYS = ("itself", "compressed", "200 ms late", "another clip")
EVERY, LIPS_ONLY, WRONG_ONLY = (True, True, True), (False, True, True), (True, True, False)
FULL = (
    "lips.true_follow", "lips.distance", "lips.vertex", "expression.units", "expression.units_follow",
    "image.psnr", "image.ssim", "image.mouth_psnr", "image.mouth_ssim",
)  # fmt: skip
OF_LIPS = ("sync.distance", "sync.offset", "lips.follow", "lips.closures")
SEES = dict.fromkeys(FULL, EVERY) | dict.fromkeys(OF_LIPS, LIPS_ONLY) | {"lips.true_closures": WRONG_ONLY}
"""The metrics that claim to see at least two of the three steps. In a compressed copy sound and lips belong together as before;
and of closures, which must come within 60 ms, late lips miss as many as lips of others do."""


@dataclass(frozen=True)
class Ordered:
    """What one metric says: its mean in each way, which steps it claims to see, in which its mean is worse, and in what share of clips."""

    name: str
    means: tuple[float, ...]
    sees: tuple[bool, ...]
    worse: tuple[bool, ...]
    steps: tuple[float, ...]
    clips: int

    @property
    def holds(self) -> bool:
        """Tell whether, in the mean, each way is worse than the one before in every step that the metric claims to see."""
        return all(worse for sees, worse in zip(self.sees, self.worse, strict=True) if sees)


def compress(path: Path, goal: Path, seconds: float) -> None:
    """Write the first `seconds` of a video as it would look after a poor upload: x264 at quality 32, without its sound."""
    import av

    footage = open_footage(path)
    with av.open(str(goal), "w") as container:
        stream: Any = None
        for picture in replace(footage, most=round(seconds * footage.fps)):
            even = np.ascontiguousarray(picture[: len(picture) // 2 * 2, : picture.shape[1] // 2 * 2])
            if stream is None:
                stream = container.add_stream("libx264", rate=footage.fps, options={"crf": str(QUALITY), "preset": "veryfast"})
                stream.width, stream.height, stream.pix_fmt = even.shape[1], even.shape[0], "yuv420p"
            container.mux(stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")))
        if stream is None:
            raise MediaError(f"{path} holds no pictures that can be decoded")
        container.mux(stream.encode())


def delayed(clip: Clip, seconds: float) -> Clip:
    """Let the face of a watched clip do everything later; its first picture stands until then, and the sound stays."""
    assert clip.motion is not None
    rows = np.maximum(np.arange(len(clip.motion)) - round(seconds * clip.motion.fps), 0)
    return reordered(clip, clip, rows)


def exchanged(clip: Clip, other: Clip) -> Clip:
    """Give a watched clip the face of another one, as far as both last; the sound and the real clip stay."""
    assert clip.motion is not None
    assert other.motion is not None
    at = np.arange(len(clip.motion)) / float(clip.motion.fps) * float(other.motion.fps)
    rows = np.round(at).astype(np.int64)
    return reordered(clip, other, rows[rows < len(other.motion)])


def reordered(clip: Clip, other: Clip, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Clip:
    """Put the rows (n,) of another clip's face in the place of a clip's own."""
    assert clip.motion is not None
    assert other.frames is not None
    assert other.motion is not None
    fps = clip.motion.fps
    seen = {each.frame: each for each in other.labels["sightings"]}
    labels = dict(clip.labels)
    labels["sightings"] = [Sighting(k, seen[int(row)].points, seen[int(row)].view) for k, row in enumerate(rows) if int(row) in seen]
    labels["found"] = other.labels["found"][rows]
    labels["cuts"] = ()
    for name in ("straight", "points"):
        labels[name] = Track(other.labels[name].space, other.labels[name].values[rows], fps)
    motion = Track(other.motion.space, other.motion.values[rows], fps)
    return replace(clip, frames=Frames(other.frames.images[rows], fps), motion=motion, labels=labels)


def ways(clip: Clip, compressed: Clip, other: Clip) -> dict[str, Clip]:
    """Make the four clips that are compared; the clip itself is the truth of each."""
    own = replace(clip, labels={**clip.labels, "truth": clip})
    worse = replace(compressed, speech=clip.speech, labels={**compressed.labels, "truth": clip})
    return dict(zip(WAYS, (own, worse, delayed(own, LATE), exchanged(own, other)), strict=True))


def ordered(metric: Metric, found: Sequence[Mapping[str, float | None]]) -> Ordered | None:
    """Sum up what a metric said of clips, by way; None where it never said anything."""
    rows = [[each[way] for way in WAYS] for each in found if all(each[way] is not None for way in WAYS)]
    if not rows:
        return None
    values = np.asarray(rows, np.float64)
    worth = values if metric.better == "higher" else -np.abs(values) if metric.better == "zero" else -values
    # Where two ways are told the same, the step is half in order.
    steps = (worth[:, :-1] > worth[:, 1:]).mean(axis=0) + 0.5 * (worth[:, :-1] == worth[:, 1:]).mean(axis=0)
    shown = np.abs(values) if metric.better == "zero" else values
    worse = tuple((np.diff(worth.mean(axis=0)) < 0).tolist())
    return Ordered(metric.name, tuple(shown.mean(axis=0).tolist()), SEES.get(metric.name, EVERY), worse, tuple(steps.tolist()), len(rows))


def measured(metrics: Sequence[Metric], four: Mapping[str, Clip]) -> dict[str, dict[str, float | None]]:
    """Measure the four clips -> figures by metric and way."""
    return {metric.name: {way: value(metric, clip) for way, clip in four.items()} for metric in metrics}
