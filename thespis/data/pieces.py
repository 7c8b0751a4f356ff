"""Cut a stretch of footage into pieces in which one face can be learnt from, and say what is wrong with the others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import angles, fit_pose
from thespis.capture.follow import Followed, straight
from thespis.capture.sighting import Sighting
from thespis.errors import MediaError
from thespis.evaluate.mouths import lips_of
from thespis.evaluate.syncnet import FPS as SYNC_FPS
from thespis.evaluate.syncnet import Sync, sync
from thespis.speech.activity import ACTIVITY_FPS, ON, active
from thespis.speech.read import is_silent
from thespis.types import Speech

GAP = 0.2  # seconds a face may be out of sight within a piece; its motion is bridged there
CHECKED = 25  # sightings of a piece at most from which its size and turn are told
STILL = 0.01  # eye distances of spread, below which lips do not speak
TOGETHER = 0.08  # how far the distance of lips and sound must lie below its usual one, or they are of different people
SURE, BETTER = 0.15, 0.03  # how far it lies below where another offset is believed, and how much farther than within the limit
AROUND = 1.0  # seconds of sound before and after a piece that are heard as well
BESIDE = 0.2  # share of a piece's frames from which somebody else in the picture may be the one who speaks
REASONS = {
    "no face": "nobody is seen", "too short": "the face is not seen for long enough without a cut", "too small": "the face is too small",
    "turned away": "the face is turned away", "several faces": "more than one face is seen, and nobody says who speaks",
    "no sound": "there is no sound", "silence": "hardly anybody speaks", "still lips": "the lips hardly move: somebody else speaks",
    "out of sync": "lips and sound are not together", "unreadable": "the file cannot be read", "error": "something went wrong",
}  # fmt: skip
"""Why pieces are dropped, and what that means."""


@dataclass(frozen=True)
class Limits:
    """What is kept: pieces of `shortest` to `longest` seconds with a face of at least `face` pixels between the eyes, turned by at most
    `turn` degrees, of which at most `silence` (0 to 1) is silent and in which lips and sound are at most `offset` seconds apart.

    With `alone` pieces that show somebody else too are dropped; `unvoiced` keeps pieces without sound.
    """  # noqa: D205

    shortest: float = 1.0
    longest: float = 10.0
    face: float = 24.0
    turn: float = 45.0
    silence: float = 0.6
    offset: float = 0.12
    alone: bool = True
    unvoiced: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that nothing can keep."""
        if not 0.2 <= self.shortest <= self.longest <= 60:
            raise MediaError(f"pieces last 0.2 to 60 seconds, the shortest before the longest, not {self.shortest:g} to {self.longest:g}")
        if self.face < 8 or not 0 < self.turn <= 90 or not 0 <= self.silence <= 1 or self.offset < 0:
            raise MediaError(
                "a face has at least 8 pixels between the eyes and a turn of up to 90 degrees, silence is 0 to 1, and an offset 0 or more"
            )


@dataclass(frozen=True, eq=False)
class Piece:
    """Frames `first` to `stop` of a stretch with the `sightings` of one person, the `figures` that were measured, and why it is dropped.

    A piece without a `reason` is kept.
    """

    first: int
    stop: int
    sightings: Sequence[Sighting] = ()
    reason: str | None = None
    figures: dict[str, float] = field(default_factory=dict)


class Sound:
    """What is heard in a stretch, and where somebody speaks, worked out once and only when asked."""

    def __init__(self, speech: Speech | None) -> None:
        """Keep the speech."""
        self.speech = speech
        self._active: npt.NDArray[np.bool_] | None = None

    def silent(self, begin: float, end: float) -> float:
        """Give the share of the seconds from `begin` to `end` in which nobody speaks."""
        assert self.speech is not None
        if self._active is None:
            self._active = active(self.speech)["speech"] > ON
        rows = self._active[round(begin * ACTIVITY_FPS) : max(round(end * ACTIVITY_FPS), round(begin * ACTIVITY_FPS) + 1)]
        return float(1 - rows.mean()) if len(rows) else 1.0

    def near(self, begin: float, end: float) -> Speech:
        """Give the sound of the seconds from `begin` to `end` and some around them, on its own clock."""
        assert self.speech is not None
        rate = self.speech.rate
        return self.speech.cut(max(round((begin - AROUND) * rate), 0), round((end + AROUND) * rate))


def gap_of(sightings: Sequence[Sighting], first: int, stop: int) -> npt.NDArray[np.float64]:
    """Measure how far apart the lips are in frames `first` to `stop` (frames,) in eye distances, not-a-number where nobody is seen."""
    gap = np.full(stop - first, np.nan)
    for each in sightings:
        gap[each.frame - first] = lips_of(straight(each.points))[0]
    return gap


def judged(piece: Piece, followed: Followed, fps: Fraction, sound: Sound, limits: Limits) -> Piece:
    """Measure a piece and say why it is dropped, if it is: the first thing that is wrong."""
    figures: dict[str, float] = {}

    def done(reason: str | None = None) -> Piece:
        return Piece(piece.first, piece.stop, piece.sightings, reason, figures)

    few = [piece.sightings[k] for k in np.unique(np.linspace(0, len(piece.sightings) - 1, CHECKED).astype(int))]
    poses = [fit_pose(each.points) for each in few]
    figures["face"] = round(float(np.median([scale for _, scale, _ in poses])), 1)
    figures["turn"] = round(float(np.median([abs(angles(rotation)[0]) for rotation, _, _ in poses])), 1)
    if figures["face"] < limits.face:
        return done("too small")
    if figures["turn"] > limits.turn:
        return done("turned away")
    own = {id(each) for each in piece.sightings}
    beside = max(
        (sum(piece.first <= each.frame < piece.stop for each in person) for person in followed.people if id(person[0]) not in own
         and not any(id(each) in own for each in person)), default=0,
    )  # fmt: skip
    figures["beside"] = round(beside / (piece.stop - piece.first), 3)
    if limits.alone and figures["beside"] > BESIDE:
        return done("several faces")
    begin, end = float(piece.first / fps), float(piece.stop / fps)
    if sound.speech is None or is_silent(sound.speech.cut(round(begin * sound.speech.rate), round(end * sound.speech.rate))):
        return done(None if limits.unvoiced else "no sound")
    figures["silence"] = round(sound.silent(begin, end), 3)
    if figures["silence"] > limits.silence:
        return done("silence")
    gap = gap_of(piece.sightings, piece.first, piece.stop)
    figures["lips"] = round(float(np.nanstd(gap)), 4)
    if figures["lips"] < STILL:
        return done("still lips")
    try:
        found = sync(piece.sightings, fps, sound.near(begin, end))
    except MediaError:  # too few frames in a row to compare
        return done()
    near, best = sureness(found, limits.offset)
    figures["offset"], figures["together"] = round(found.offset, 3), round(near, 3)
    return done("out of sync" if near < TOGETHER or (best > SURE and best - near > BETTER) else None)


def sureness(found: Sync, offset: float) -> tuple[float, float]:
    """Tell how far lips and sound are nearer than at the middle lag: at best within `offset` seconds of none, and at best anywhere."""
    lags = (np.arange(len(found.curve)) - len(found.curve) // 2) / float(SYNC_FPS)
    usual = float(np.median(found.curve))
    near = np.abs(lags) <= offset + 1e-6
    return usual - float(found.curve[near].min()), usual - float(found.curve.min())


def pieces(followed: Followed, fps: Fraction, speech: Speech | None, limits: Limits) -> Iterator[Piece]:
    """Cut a stretch at its cuts and where the face is lost, and judge every piece."""
    sound = Sound(speech)
    edges = [0, *followed.cuts, followed.frames]
    least = limits.shortest * float(fps)
    for begin, end in pairwise(edges):
        in_shot = [[each for each in person if begin <= each.frame < end] for person in followed.people]
        seen = [person for person in in_shot if person]
        if not seen:
            yield Piece(begin, end, reason="no face")
            continue
        main = max(seen, key=lambda person: len(person) * float(fit_pose(person[len(person) // 2].points)[1]))
        found = False
        for first, stop in together([each.frame for each in main], round(GAP * fps)):
            if stop - first < least:
                continue
            found = True
            count = -(-(stop - first) // round(limits.longest * fps))
            marks = np.linspace(first, stop, count + 1).round().astype(int).tolist()
            for one, other in pairwise(marks):
                own = [each for each in main if one <= each.frame < other]
                yield judged(Piece(one, other, own), followed, fps, sound, limits)
        if not found:
            yield Piece(begin, end, main, "too short")


def together(frames: Sequence[int], gap: int) -> list[tuple[int, int]]:
    """Join frame numbers into runs (first, after the last), over gaps of at most so many frames."""
    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and frame - runs[-1][1] <= gap:
            runs[-1] = runs[-1][0], frame + 1
        else:
            runs.append((frame, frame + 1))
    return runs
