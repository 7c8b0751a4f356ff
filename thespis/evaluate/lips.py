"""How well lips that are made from sound follow the real ones: correlation, closures, and rest in silence.

Every curve is judged by the same rules, whoever made it: ours, loudness, another network. Nothing here knows where a curve comes from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from thespis.evaluate.mouths import ACROSS, CORNERS, Doubles, Mouth
from thespis.types import Speech, Track

LAGS = tuple(range(-16, 17))  # of 10 ms; a positive one means that the real mouth comes first
STEP = 0.01  # seconds
EDGE = 0.2  # seconds at both ends of a clip that are not judged: no lag may look beyond the sound
LOW, HIGH = 3.0, 90.0  # per cent of the frames below which a mouth is at its most closed, and at its usual open
CLOSED = 0.15  # of the way from there to there below which lips count as closed
OPENS = 0.3  # of it which they open beside a closure
LEAST_OPEN = 0.06  # eye distances: lips that stay farther apart than this are never closed
SHORT = 0.35  # seconds; lips that are closed for longer rest
BESIDE = 0.25  # seconds before or after a closure within which the lips open
NEAR = 0.06  # seconds within which a closure is found
QUIET, PAUSE = 32.0, 0.3  # dB below the loudest parts, and the least seconds, of silence
EVEN = 1e-6  # a spread below which a curve says nothing


@dataclass(frozen=True, eq=False)
class Curves:
    """A mouth over time at any times: `opening` and `width` (rows,) in any unit, `seconds` (rows,); `width` None where it is unknown."""

    opening: Doubles
    seconds: Doubles
    width: Doubles | None = None


@dataclass(frozen=True)
class Fit:
    """How a curve follows the real one: r at no lag, the best r within 160 ms, and at which lag in seconds that is."""

    zero: float
    best: float
    lag: float


@dataclass(frozen=True)
class Hits:
    """Counts of closures: real ones, those a curve makes, and how many of both meet."""

    real: int
    made: int
    hit: int

    @property
    def precision(self) -> float:
        """The share of made closures that are real; 0 where none is made."""
        return self.hit / self.made if self.made else 0.0

    @property
    def recall(self) -> float:
        """The share of real closures that are made; 0 where there is none."""
        return self.hit / self.real if self.real else 0.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.hit / (self.real + self.made) if self.real + self.made else 0.0

    def __add__(self, other: "Hits") -> "Hits":
        """Count two clips together."""
        return Hits(self.real + other.real, self.made + other.made, self.hit + other.hit)


@dataclass(frozen=True)
class Score:
    """One curve against one clip; `silence` is its motion in silence as a share of that in speech, None where nobody is ever silent.

    `lagged` counts the closures with the curve moved to where its opening fits best: sound and picture of many clips do not meet.
    """

    opening: Fit
    width: Fit | None
    closures: Hits
    lagged: Hits
    silence: float | None


def drawn(motion: Track) -> Curves:
    """Measure on the face of the Shapes what a performance does to it (any Space with the face's weights), in eye distances.

    That face rests with its lips a little apart; here they touch at rest, as those of every portrait that is drawn.
    """
    names, points, fields = _lips()
    weights = np.stack([motion[name].astype(np.float64) for name in names], axis=1)
    moved = points + np.einsum("rw,wpc->rpc", weights, fields)
    down = np.stack([moved, np.broadcast_to(points, moved.shape)])[..., 1]
    parted, rest = np.mean([down[..., 2 * k + 1] - down[..., 2 * k] for k in range(len(ACROSS))], axis=0)
    return Curves(np.maximum(parted - rest, 0.0), motion.seconds, np.linalg.norm(moved[:, -2] - moved[:, -1], axis=1))


@cache
def _lips() -> tuple[tuple[str, ...], Doubles, Doubles]:
    """Give the shapes' names, the points of the lips (p, 3), and what each shape does to them (shapes, p, 3)."""
    from thespis.head.shapes import load_shapes

    shapes = load_shapes()
    chosen = [point for pair in (*ACROSS, CORNERS) for point in pair]
    return shapes.names, shapes.points[chosen].astype(np.float64), shapes.fields[:, chosen].astype(np.float64)


def loudness(speech: Speech) -> Curves:
    """Follow how loud the sound is, 100 times a second, from 0 to 60 dB above its softest usual part."""
    levels = level(speech)
    return Curves(np.clip(levels - levels.max(initial=-120.0) + 60, 0.0, 60.0), np.arange(len(levels)) * STEP)


def level(speech: Speech) -> Doubles:
    """Measure the level of the sound around each hundredth of a second (rows,) in dB, over 50 ms."""
    samples = speech.mono().astype(np.float64)
    energy = np.concatenate([[0.0], np.cumsum(samples * samples)])
    centres = np.arange(round(speech.seconds / STEP)) * STEP * speech.rate
    reach = 0.025 * speech.rate
    low = np.clip(np.round(centres - reach), 0, len(samples)).astype(np.int64)
    high = np.clip(np.round(centres + reach), 0, len(samples)).astype(np.int64)
    return np.asarray(10 * np.log10((energy[high] - energy[low]) / np.maximum(high - low, 1) + 1e-12))


def fit(made: Doubles, at: Doubles, real: Doubles, seconds: Doubles) -> Fit:
    """Correlate a curve made at times `at` (rows,) with the real one at times `seconds` (frames,), which may have gaps."""
    good = np.isfinite(real) & (seconds >= EDGE) & (seconds <= (at[-1] if len(at) else 0.0) - EDGE)
    truth = real[good]
    if len(truth) < 3 or truth.std() < EVEN:
        return Fit(0.0, 0.0, 0.0)
    found = []
    for lag in LAGS:
        # A real mouth that comes first by `lag` has at time t the value that the curve has at t + lag.
        values = np.interp(seconds[good] + lag * STEP, at, made)
        found.append(float(np.corrcoef(values, truth)[0, 1]) if values.std() > EVEN else 0.0)
    best = int(np.argmax(found))
    return Fit(found[LAGS.index(0)], found[best], LAGS[best] * STEP)


def runs(marked: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """List where marks (n,) begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def closures(opening: Doubles, seconds: Doubles, least_open: float | None = None) -> tuple[list[float], list[tuple[float, float]]]:
    """Find when lips (rows,) close briefly with an opening beside it, and when they rest: moments, and (begin, end), in seconds.

    Closed is relative to the same curve; with `least_open` lips that are farther apart than that are never closed.
    """
    seen = np.isfinite(opening)
    if seen.sum() < 3:
        return [], []
    low, high = np.percentile(opening[seen], [LOW, HIGH])
    limit = low + CLOSED * (high - low)
    if least_open is not None:
        limit = min(limit, least_open)
    if high - low < EVEN:
        return [], [(float(seconds[0]), float(seconds[-1]))] if low <= limit else []
    step = float(seconds[1] - seconds[0])
    opened = limit + OPENS * (high - low)
    moments, rests = [], []
    around = round(BESIDE / step)
    for begin, end in runs(seen & (opening <= limit)):
        if (end - begin) * step > SHORT:
            rests.append((float(seconds[begin]), float(seconds[end - 1])))
            continue
        sides = np.concatenate([opening[max(begin - around, 0) : begin], opening[end : end + around]])
        if len(sides) and np.nanmax(np.concatenate([sides, [-np.inf]])) >= opened:
            moments.append(float(seconds[begin] + seconds[end - 1]) / 2)
    return moments, rests


def meet(real: Sequence[float], made: Sequence[float], near: float = NEAR) -> Hits:
    """Pair moments in order of how near they are, each once, where they are at most `near` seconds apart."""
    pairs = sorted((abs(a - b), i, j) for i, a in enumerate(real) for j, b in enumerate(made) if abs(a - b) <= near + 1e-9)
    left, right = set[int](), set[int]()
    for _, i, j in pairs:
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
    return Hits(len(real), len(made), len(left))


def closure_hits(made: Curves, mouth: Mouth) -> Hits:
    """Compare the closures of a curve with the real ones; what a curve does while the real lips rest or are not seen is not judged."""
    real, rests = closures(mouth.gap, mouth.seconds, LEAST_OPEN)
    begin, end = EDGE, min(float(made.seconds[-1]), float(mouth.seconds[-1])) - EDGE
    real = [at for at in real if begin <= at <= end]
    # At the rate of the picture, so that neither side sees finer than the other.
    values = np.interp(mouth.seconds, made.seconds, made.opening)
    found, _ = closures(values, mouth.seconds)
    hidden = [(float(mouth.seconds[a]), float(mouth.seconds[b - 1])) for a, b in runs(~np.isfinite(mouth.gap))]
    away = [(a - NEAR, b + NEAR) for a, b in rests + hidden]
    kept = [at for at in found if begin <= at <= end and not any(a <= at <= b for a, b in away)]
    return meet(real, kept)


def silent(speech: Speech) -> list[tuple[float, float]]:
    """Find the pauses of a recording by its level alone: (begin, end) in seconds."""
    levels = level(speech)
    if not len(levels):
        return []
    soft = levels < np.percentile(levels, 95.0) - QUIET
    return [(a * STEP, b * STEP) for a, b in runs(soft) if (b - a) * STEP >= PAUSE]


def motion_in_silence(opening: Doubles, seconds: Doubles, pauses: Sequence[tuple[float, float]]) -> float | None:
    """Compare how fast a curve (rows,) moves within pauses, 0.1 s from their ends, with the rest; None without such pauses."""
    speed = np.abs(np.diff(opening))
    middle = (seconds[1:] + seconds[:-1]) / 2
    good = np.isfinite(speed) & (middle > EDGE) & (middle < seconds[-1] - EDGE)
    inside = np.zeros(len(speed), np.bool_)
    outside = np.ones(len(speed), np.bool_)
    for begin, end in pauses:
        inside |= (middle > begin + 0.1) & (middle < end - 0.1)
        outside &= (middle < begin - 0.1) | (middle > end + 0.1)
    if (good & inside).sum() < 3 or (good & outside).sum() < 3:
        return None
    usual = float(speed[good & outside].mean())
    return float(speed[good & inside].mean()) / usual if usual > EVEN else 0.0


def judge(made: Curves, mouth: Mouth, pauses: Sequence[tuple[float, float]]) -> Score:
    """Judge one curve on one clip."""
    values = np.interp(mouth.seconds, made.seconds, made.opening)
    opening = fit(made.opening, made.seconds, mouth.gap, mouth.seconds)
    return Score(
        opening,
        None if made.width is None else fit(made.width, made.seconds, mouth.width, mouth.seconds),
        closure_hits(made, mouth),
        closure_hits(Curves(made.opening, made.seconds - opening.lag), mouth),
        motion_in_silence(values, mouth.seconds, pauses),
    )


def summary(scores: Sequence[Mapping[str, Score]]) -> dict[str, dict[str, float]]:
    """Average the scores of clips, for each curve by name over the clips that have it; closures are also counted over all clips."""
    made: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(name for clip in scores for name in clip):
        own = [clip[name] for clip in scores if name in clip]
        counted = sum((score.closures for score in own), Hits(0, 0, 0))
        facts = {
            "clips": float(len(own)),
            "opening_zero": float(np.mean([score.opening.zero for score in own])),
            "opening_best": float(np.mean([score.opening.best for score in own])),
            "lag": float(np.median([score.opening.lag for score in own])),
            "closures_precision": counted.precision,
            "closures_recall": counted.recall,
            "closures_f1": counted.f1,
            "closures_f1_at_best_lag": sum((score.lagged for score in own), Hits(0, 0, 0)).f1,
        }
        widths = [score.width for score in own if score.width is not None]
        if widths:
            facts |= {"width_zero": float(np.mean([w.zero for w in widths])), "width_best": float(np.mean([w.best for w in widths]))}
        with_real = [score.closures.f1 for score in own if score.closures.real]
        if with_real:
            facts["closures_f1_of_clips"] = float(np.mean(with_real))
        quiet = [score.silence for score in own if score.silence is not None]
        if quiet:
            facts["silence"] = float(np.mean(quiet))
        made[name] = facts
    return made


def beats(scores: Sequence[Mapping[str, Score]], one: str, other: str) -> float:
    """Give the share of the clips on which one curve follows the opening better than another, each at its best lag."""
    both = [clip for clip in scores if one in clip and other in clip]
    return float(np.mean([clip[one].opening.best > clip[other].opening.best for clip in both])) if both else 0.0
