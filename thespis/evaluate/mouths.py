"""The real mouths of talking clips, tracked once and kept: how far apart the lips are and how wide the mouth, frame by frame."""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError, ThespisError
from thespis.speech.activity import Activity, share_of_speech
from thespis.types import Array, Speech

Doubles = npt.NDArray[np.float64]

SOUNDS = (".wav", ".flac", ".m4a", ".mp3", ".ogg", ".opus")
ACROSS = ((13, 14), (82, 87), (312, 317))
"""Pairs of points of the inner lips, upper and lower: the middle and to its sides."""
CORNERS = (78, 308)
SHORTEST, LONGEST = 1.5, 600.0  # seconds of a clip
SEEN = 0.8  # share of the frames in which the face must be seen
ALSO_SEEN = 0.2  # share of the frames from which somebody else in the picture might be the one who speaks
MOVES = 0.01  # eye distances of spread, below which a mouth does not speak
SPOKEN = 0.3  # share of the sound that must be speech
TRACKER = "2"  # changed when the tracking of lips changes, so that nothing old is read


@dataclass(frozen=True, eq=False)
class Mouth:
    """A tracked mouth: `gap` and `width` (frames,) in eye distances, not-a-number where no face is seen, at `fps`; `people` seen."""

    gap: Doubles
    width: Doubles
    fps: Fraction
    people: int = 1

    @property
    def seconds(self) -> Doubles:
        """The time of each frame (frames,)."""
        return np.arange(len(self.gap)) * float(1 / self.fps)


@dataclass(frozen=True, eq=False)
class Talk:
    """A clip that can be measured: its `path`, the real `mouth`, and the `speech` on the clock of the picture."""

    path: Path
    mouth: Mouth
    speech: Speech


@dataclass(frozen=True)
class Refused:
    """A clip that cannot be measured, and why."""

    path: Path
    reason: str


def lips_of(points: Array) -> tuple[float, float]:
    """Measure the gap of the inner lips and the width between their corners on points (n, 3) in any unit, in that unit."""
    gap = float(np.mean([np.linalg.norm(points[upper] - points[lower]) for upper, lower in ACROSS]))
    return gap, float(np.linalg.norm(points[CORNERS[0]] - points[CORNERS[1]]))


def track_mouth(path: Path, tell: Callable[[int], None] = lambda _: None) -> Mouth:
    """Track the mouth of the person who is seen most; `tell` hears of each frame."""
    from thespis.capture.faces import quiet
    from thespis.capture.follow import follow, straight
    from thespis.capture.footage import open_footage

    footage = open_footage(path)
    if footage.still:
        raise MediaError("it is a picture and not a video")
    if footage.frames is not None and footage.frames / footage.fps > LONGEST:
        raise MediaError(f"it lasts longer than {LONGEST / 60:.0f} minutes; cut clips out of it")
    with quiet():
        followed = follow(footage, tell)
    if not followed.people:
        raise MediaError("no face is seen in it")
    ordered = sorted(followed.people, key=len, reverse=True)
    gap, width = np.full((2, followed.frames), np.nan)
    for sighting in ordered[0]:
        gap[sighting.frame], width[sighting.frame] = lips_of(straight(sighting.points))
    people = sum(len(person) >= ALSO_SEEN * followed.frames for person in ordered[1:]) + 1
    return Mouth(gap, width, footage.fps, people)


def mouth_of(path: Path, cache: Path, tell: Callable[[int], None] = lambda _: None) -> Mouth:
    """Track a clip, or read what was tracked before; a clip that was changed is tracked again."""
    facts = path.stat()
    key = f"{TRACKER} {path.absolute()} {facts.st_size} {facts.st_mtime_ns}"
    kept = cache / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.npz"
    if kept.exists():
        with np.load(kept) as file:
            return Mouth(file["gap"], file["width"], Fraction(*file["fps"].tolist()), int(file["people"]))
    mouth = track_mouth(path, tell)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        temporary = kept.with_name(f".{kept.stem}.{os.getpid()}.npz")
        rate = np.array([mouth.fps.numerator, mouth.fps.denominator])
        np.savez(temporary, gap=mouth.gap, width=mouth.width, fps=rate, people=np.array(mouth.people))
        temporary.replace(kept)
    except OSError as error:
        raise MediaError(f"cannot keep tracked lips in {cache}: {error.strerror}; choose another folder with --cache") from None
    return mouth


def check_speech(speech: Speech, network: Activity) -> None:
    """Refuse sound in which hardly anybody speaks: music, noise, or silence."""
    share = share_of_speech(speech, network)
    if share < SPOKEN:
        raise MediaError(f"{100 * share:.0f} % of its sound is speech; {100 * SPOKEN:.0f} % are needed")


def check(mouth: Mouth) -> None:
    """Refuse a mouth that says nothing about speech."""
    seen = np.isfinite(mouth.gap)
    if len(seen) / mouth.fps < SHORTEST:
        raise MediaError(f"it lasts only {float(len(seen) / mouth.fps):.1f} s; {SHORTEST:g} s are needed")
    if mouth.people > 1:
        raise MediaError(f"{mouth.people} people are seen in it, and nobody says whose lips speak; crop it to one")
    if seen.mean() < SEEN:
        raise MediaError(f"its face is seen in {100 * seen.mean():.0f} % of the frames only; {100 * SEEN:.0f} % are needed")
    if np.nanstd(mouth.gap) < MOVES:
        raise MediaError("the lips in it hardly move: nobody speaks")


def sound_of(path: Path) -> Speech:
    """Read the sound of a clip on the clock of its picture: its own, or else the recording of its name beside it."""
    from thespis.speech.read import is_silent, read_speech

    own: ThespisError
    try:
        speech = read_speech(path)
        if not is_silent(speech):
            return speech
        own = MediaError("its sound is silent from beginning to end")
    except ThespisError as error:
        own = MediaError(str(error).partition("; give")[0])
    for suffix in SOUNDS:
        beside = path.with_suffix(suffix)
        if beside.exists():
            return read_speech(beside)
    raise own


def talks(paths: list[Path], cache: Path, tell: Callable[[int], None] = lambda _: None) -> Iterator[Talk | Refused]:
    """Read the clips one after the other, each as what can be measured, or as refused with the reason."""
    network = Activity()
    for path in paths:
        try:
            speech = sound_of(path)
            check_speech(speech, network)
            mouth = mouth_of(path, cache, tell)
            check(mouth)
        except ThespisError as error:
            yield Refused(path, str(error).replace(f"the video {path}", "it").replace(str(path), "it"))
            continue
        yield Talk(path, mouth, speech)
