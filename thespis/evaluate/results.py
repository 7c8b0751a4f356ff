"""Measure many videos, two at a time; one that cannot be measured is a row with the reason, whatever is wrong with it."""

import json
import multiprocessing
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from thespis.data.workers import one_thread
from thespis.errors import ThespisError
from thespis.evaluate import networks
from thespis.evaluate.metric import Doubles, Metric, numbers
from thespis.evaluate.statistics import Estimate, estimate
from thespis.types import Clip
from thespis.weights import ASSETS

PICTURES, WIDTH = 8, 120  # faces of a strip, and pixels of each
POINTS = 300  # of a plotted curve at most
MOST_OFF = 5.0  # ranges of real footage beyond which it does not matter how far off a clip is


@dataclass(frozen=True)
class Job:
    """A video to be measured: its `path`, the `name` it is told by, the real clip beside it, what was asked for, where faces are kept."""

    path: Path
    name: str
    kept: Path | None = None
    truth: Path | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 60.0
    only: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Result:
    """What was measured of one video: `rows` hold the numbers of each metric by name, or `reason` says why there are none.

    `strips` are two JPEG pictures of four faces each at `moments` (8,) seconds; `curves` are `seconds`, `seen` and perhaps `heard`.
    """

    name: str
    reason: str | None = None
    seconds: float = 0.0
    fps: float = 0.0
    notes: tuple[str, ...] = ()
    rows: Mapping[str, Doubles] = field(default_factory=dict)
    strips: tuple[bytes, ...] = ()
    moments: tuple[float, ...] = ()
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    def figure(self, metric: Metric) -> float | None:
        """Give the figure of a metric that means something for a single clip."""
        return metric.combine(self.rows[metric.name][None]) if metric.alone and metric.name in self.rows else None


@dataclass(frozen=True)
class Real:
    """What real footage shows of one metric over `clips`: its figure with its interval, and where most single clips are."""

    figure: float
    low: float
    high: float
    p10: float
    p50: float
    p90: float
    clips: int

    @property
    def reach(self) -> float:
        """Half of the range in which four of five clips are."""
        return max((self.p90 - self.p10) / 2, 1e-6)


@cache
def real_footage(path: Path | None = None) -> dict[str, Real]:
    """Read what real footage shows, by metric: the figures that come with Thespis, or those in a report of `thespis eval`."""
    try:
        facts = json.loads((path or ASSETS / "real_footage.json").read_text(encoding="utf-8"))
        return {name: Real(**row) for name, row in facts["real"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        raise ThespisError(
            f"{path} is no file of figures of real footage; write one with: thespis eval FOLDER --keep-real FILE.json"
        ) from None


def measure(job: Job) -> Result:
    """Measure one video; what is wrong with it becomes the reason."""
    from thespis.capture.faces import quiet

    try:
        with quiet():
            return measured(job)
    except ThespisError as error:
        reason = str(error).replace(str(job.path), "it")
    except MemoryError:
        reason = "there is not enough memory for it"
    except Exception as error:  # a file of any tool may be broken in any way, and must not end the run
        reason = f"it cannot be measured ({type(error).__name__}: {' '.join(str(error).split())[:160]})"
    return Result(job.name, reason.partition("; ")[0])


def measured(job: Job) -> Result:
    """Watch one video and measure all that it has."""
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.watched import watch

    clip = watch(job.path, job.kept, job.seconds)
    labels = {**clip.labels, **job.labels}
    if job.truth is not None:
        labels["truth"] = watch(job.truth, job.kept, job.seconds)
    clip = replace(clip, labels=labels)
    assert clip.motion is not None
    rows, notes = {}, list(labels["notes"])
    for metric in chosen(list(job.only)):
        if "weights" in metric.needs and networks.missing(metric.name):
            continue
        try:
            found = numbers(metric, clip)
        except ThespisError as error:
            notes.append(f"{metric.name}: {error}")
            continue
        if found is not None:
            rows[metric.name] = found
    fps = float(clip.motion.fps)
    strips, moments = faces_of(clip)
    return Result(job.name, None, len(clip.motion) / fps, fps, tuple(notes), rows, strips, moments, curves_of(clip))


def faces_of(clip: Clip) -> tuple[tuple[bytes, ...], tuple[float, ...]]:
    """Set faces of a clip side by side -> two JPEG pictures of four, and the moments of all in seconds."""
    import cv2

    assert clip.frames is not None
    rows = np.linspace(0, len(clip.frames) - 1, PICTURES + 2).round().astype(int)[1:-1]
    small = [cv2.resize(clip.frames.images[row], (WIDTH, WIDTH), interpolation=cv2.INTER_AREA) for row in rows]
    made = []
    for half in (small[: PICTURES // 2], small[PICTURES // 2 :]):
        _, data = cv2.imencode(".jpg", cv2.cvtColor(np.hstack(half), cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 82])
        made.append(data.tobytes())
    return tuple(made), tuple(round(float(row / clip.frames.fps), 2) for row in rows)


def curves_of(clip: Clip) -> dict[str, tuple[float, ...]]:
    """Follow the gap of the lips that is seen, and the one that is heard, for a plot."""
    from thespis.evaluate.metrics.lips import heard, opening
    from thespis.evaluate.watched import times

    seconds, seen = times(clip), opening(clip)
    step = -(-len(seconds) // POINTS)
    found = {"seconds": seconds[::step], "seen": np.nan_to_num(seen[::step], nan=float(np.nanmin(seen)))}
    if clip.speech is not None:
        curve = heard(clip.speech)
        found["heard"] = np.interp(seconds[::step], curve.seconds, curve.opening)
    return {name: tuple(np.round(values, 4).tolist()) for name, values in found.items()}


def measure_all(jobs: Sequence[Job], workers: int, tell: Callable[[Result], None] = lambda _: None) -> list[Result]:
    """Measure videos in so many processes -> the results in the order of the jobs; `tell` hears of each.

    A video that ends its process is measured once more alone; where it does so again, that is its reason.
    """
    found: dict[int, Result] = {}
    for alone in (False, True):
        left = [number for number in range(len(jobs)) if number not in found]
        groups: Iterable[list[int]] = [[number] for number in left] if alone else [left]
        for group in groups:
            if group:
                in_processes({number: jobs[number] for number in group}, 1 if alone else workers, found, tell)
    for number, job in enumerate(jobs):
        if number not in found:
            found[number] = Result(job.name, "the process that measured it was ended: the file is broken, or there is too little memory")
            tell(found[number])
    return [found[number] for number in range(len(jobs))]


def in_processes(jobs: Mapping[int, Job], workers: int, found: dict[int, Result], tell: Callable[[Result], None]) -> None:
    """Measure videos in processes of their own until all are measured or one process ends."""
    # Threads and networks of this process would not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(jobs)), context, initializer=one_thread) as pool:
        waiting: dict[Future[Result], int] = {pool.submit(measure, job): number for number, job in jobs.items()}
        try:
            while waiting:
                for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                    number = waiting.pop(future)
                    found[number] = future.result()
                    tell(found[number])
        except BrokenProcessPool:
            return
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def summed(metrics: Sequence[Metric], results: Sequence[Result]) -> dict[str, Estimate]:
    """Combine the numbers of all videos to figures with intervals, by metric."""
    made = {}
    for metric in metrics:
        rows = [result.rows[metric.name] for result in results if metric.name in result.rows]
        if rows:
            made[metric.name] = estimate(np.stack(rows), metric.combine, metric.interval)
    return {name: found for name, found in made.items() if np.isfinite(found.figure)}


def as_real(metrics: Sequence[Metric], results: Sequence[Result]) -> dict[str, dict[str, float]]:
    """Give the figures of videos as what real footage shows, for a file."""
    found = {}
    for name, total in summed(metrics, results).items():
        metric = next(each for each in metrics if each.name == name)
        if "truth" in metric.needs:
            continue
        single = [value for value in (result.figure(metric) for result in results) if value is not None] or [total.figure]
        low, middle, high = np.percentile(single, [10, 50, 90])
        bounds = [total.low, total.high] if np.isfinite(total.low) else [total.figure, total.figure]
        values = [total.figure, *bounds, low, middle, high]
        found[name] = dict(zip(("figure", "low", "high", "p10", "p50", "p90"), (round(float(v), 5) for v in values), strict=True))
        found[name]["clips"] = total.count
    return found


def off(metric: Metric, value: float, real: Real) -> float:
    """Tell how far a figure is from real footage in the direction that is worse, in half ranges of real clips: 1 is at its edge."""
    # Where real clips are all alike, a few of the last digit that is shown still do not matter.
    least = max(0.2 * real.reach, 5 * 10.0**-metric.digits)
    below, above = max(real.p50 - real.p10, least), max(real.p90 - real.p50, least)
    if metric.better == "higher":
        away = (real.p50 - value) / below
    elif metric.better == "lower":
        away = (value - real.p50) / above
    elif metric.better == "zero":
        away = abs(value) / max(abs(real.p10), abs(real.p90), least)
    else:
        away = (value - real.p50) / above if value > real.p50 else (real.p50 - value) / below
    return float(np.clip(away, 0.0, MOST_OFF))


def worst_of(metrics: Sequence[Metric], result: Result, real: Mapping[str, Real]) -> list[tuple[float, Metric, float]]:
    """List how far off a video is, the worst first: (how far, metric, figure)."""
    rows = []
    for metric in metrics:
        value = result.figure(metric)
        if value is not None and metric.name in real:
            rows.append((off(metric, value, real[metric.name]), metric, value))
    return sorted(rows, key=lambda row: -row[0])


def score(metrics: Sequence[Metric], result: Result, real: Mapping[str, Real]) -> float:
    """Sum up how far off a video is: the mean of its three worst figures."""
    worst = [row[0] for row in worst_of(metrics, result, real)[:3]]
    return float(np.mean(worst)) if worst else 0.0
