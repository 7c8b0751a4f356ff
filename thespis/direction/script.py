"""Two written forms of a direction: the TOML file, and tags inside a script, as in `[sad 0.6] I lost it`."""

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from thespis.direction.fields import AXES, FIELDS, GAZE_WORDS, SYNONYMS, read_field
from thespis.direction.keys import KEYED, Change, change, weave
from thespis.direction.numbers import number, seconds
from thespis.direction.words import KINDS, STRENGTHS, strength
from thespis.emphasis import Emphases, Emphasis
from thespis.errors import DirectionError, unknown
from thespis.types import EMOTION, HEAD_TURN, Direction, Word

AT_KEYS = ("time", "over", *KEYED)
LONGEST_PAUSE = 60.0
USUAL_WORD = 0.4  # seconds
NOD = ((0.0, (0.0, 9.0, 0.0), 0.22), (0.24, (0.0, -1.5, 0.0), 0.26), (0.52, (0.0, 0.0, 0.0), 0.3))
SHAKE = ((0.0, (-9.0, 0.0, 0.0), 0.2), (0.22, (9.0, 0.0, 0.0), 0.28), (0.52, (-5.0, 0.0, 0.0), 0.24), (0.78, (0.0, 0.0, 0.0), 0.3))
"""Gestures as (seconds after the tag, degrees, seconds it takes)."""
PARTS = ("eyes", "mouth")
TAGS = (*EMOTION.names, *AXES, *PARTS, "look", "head", "lips", "motion", "listening", *KINDS, "nod", "shake", "pause")


def read_file(path: Path) -> Direction:
    """Read a direction from a TOML file."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DirectionError(f"there is no direction file {path}") from None
    except UnicodeDecodeError:
        raise DirectionError(f"{path} is not a text file in UTF-8; a direction file is TOML (docs/direction.md)") from None
    except OSError as error:
        raise DirectionError(f"cannot read the direction file {path}: {error.strerror or error}") from None
    return read_toml(text, str(path))


def read_toml(text: str, name: str = "the direction") -> Direction:
    """Read a direction from TOML: fields at the top, and `[[at]]` tables for what changes over time."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DirectionError(f"{name} is not valid TOML: {error}") from None
    moments = table.pop("at", [])
    if not isinstance(moments, list) or not all(isinstance(moment, dict) for moment in moments):
        raise DirectionError(f"{name}{line_of(text, 'at')}: write each moment as a table under [[at]], with time = SECONDS")
    given: dict[str, Any] = {}
    for key, value in table.items():
        if key not in FIELDS:
            raise DirectionError(f"{name}{line_of(text, key)}: {unknown('key', key, (*FIELDS, 'at'))}")
        with Place(name, text, key):
            given[key] = read_field(key, value)
    changes = [item for count, moment in enumerate(moments, 1) for item in _moment(moment, count, text, name)]
    return weave(Direction(**given), sorted(changes, key=lambda item: item.at))


def _moment(moment: Mapping[str, Any], count: int, text: str, name: str) -> list[Change]:
    """Read one `[[at]]` table."""
    for key in moment:
        if key not in AT_KEYS:
            note = " (it cannot change over time; set it at the top of the file)" if key in FIELDS else ""
            raise DirectionError(f"{name}{line_of(text, key, count)}: {unknown('key', key, AT_KEYS)}{note}")
    if "time" not in moment:
        raise DirectionError(f"{name}{line_of(text, '', count)}: this [[at]] has no time; add time = SECONDS")
    with Place(name, text, "time", count):
        at = seconds(moment["time"], "time")
    over = None
    if "over" in moment:
        with Place(name, text, "over", count):
            over = number(moment["over"], "over (seconds)", 0.0, 600.0)
    found = []
    for key in KEYED:
        if key in moment:
            with Place(name, text, key, count):
                found.append(change(at, key, moment[key], over))
    if not found:
        raise DirectionError(f"{name}{line_of(text, '', count)}: this [[at]] changes nothing; it can change {', '.join(KEYED)}")
    return found


class Place:
    """Put the file's name and the line before whatever is wrong with a value."""

    def __init__(self, name: str, text: str, key: str, count: int = 0) -> None:
        """Remember which key of which `[[at]]` table (0: the top of the file) is being read."""
        self.name, self.text, self.key, self.count = name, text, key, count

    def __enter__(self) -> None:
        """Begin reading."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Say where it went wrong."""
        if isinstance(error, DirectionError):
            raise DirectionError(f"{self.name}{line_of(self.text, self.key, self.count)}: {error}") from None


def line_of(text: str, key: str, count: int = 0) -> str:
    """Word the line on which a key stands, in the `count`-th [[at]] table or at the top (0); nothing where it is not found."""
    table = 0
    for number_of_line, line in enumerate(text.splitlines(), 1):
        if re.match(r"\s*\[\[\s*[\"']?at[\"']?\s*\]\]", line):
            table += 1
            if table == count and not key:
                return f", line {number_of_line}"
        if table == count and key and re.match(rf"\s*\[?\[?\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]", line):
            return f", line {number_of_line}"
    return ""


@dataclass(frozen=True)
class Mark:
    """One tag of a script: `position` in the plain text, and the changes it makes, timed from the moment it is reached.

    `word` is what it asks of the word after it, whose name is left open.
    """

    position: int
    changes: tuple[Change, ...]
    word: Emphasis | None = None

    @property
    def gesture(self) -> bool:
        """Whether it is a movement there and back instead of a new state."""
        return len(self.changes) > 1


@dataclass(frozen=True)
class Script:
    """A script without its tags: the plain `text`, the `marks` where something changes, and pauses as (position, seconds)."""

    text: str
    marks: tuple[Mark, ...] = ()
    pauses: tuple[tuple[int, float], ...] = ()

    @property
    def positions(self) -> tuple[int, ...]:
        """Where the marks stand in the plain text."""
        return tuple(mark.position for mark in self.marks)


def read_script(written: str) -> Script:
    """Split a script with tags into plain text, marks and pauses; `[[` is a literal bracket."""
    plain, at = "", 0
    marks: list[Mark] = []
    pauses: list[tuple[int, float]] = []
    while at < len(written):
        if written.startswith("[[", at):
            plain, at = plain + "[", at + 2
        elif written[at] == "[":
            end = written.find("]", at)
            where = f"the tag at character {at + 1}"
            if end < 0:
                raise DirectionError(f"{where} has no ']': {written[at : at + 20]!r}; write [[ for a bracket that is not a tag")
            inside = written[at + 1 : end]
            try:
                read = _tag(inside)
            except DirectionError as error:
                raise DirectionError(f"{where}, [{inside}]: {error}") from None
            at = end + 1
            if not plain or plain[-1].isspace():  # the spaces around a tag count once
                while at < len(written) and written[at] in " \t":
                    at += 1
            if isinstance(read, float):
                pauses.append((len(plain), read))
            elif isinstance(read, Emphasis):
                marks.append(Mark(len(plain), (), read))
            else:
                marks.append(Mark(len(plain), read))
        else:
            plain, at = plain + written[at], at + 1
    return Script(plain, tuple(marks), tuple(pauses))


def _tag(inside: str) -> tuple[Change, ...] | Emphasis | float:
    """Read what stands between the brackets: changes from time 0 on, a wish for the next word, or the seconds of a pause."""
    words = inside.replace("=", " ").replace(",", " ").split()
    if not words:
        raise DirectionError(f"it is empty; known: {', '.join(TAGS)}")
    kind, rest = words[0].lower(), words[1:]
    over = None
    if len(rest) >= 2 and rest[-2].lower() == "over":
        over, rest = number(rest[-1], "over (seconds)", 0.0, 600.0), rest[:-2]
    if kind == "pause":
        if len(rest) != 1:
            raise DirectionError("a pause needs its seconds, as in [pause 0.5]")
        return number(rest[0], "pause (seconds)", 0.0, LONGEST_PAUSE)
    if kind in KINDS:
        if over is not None:
            raise DirectionError(f"{kind} holds for the next word only and takes no over; write [{kind}] before it")
        # [stronger 1.8] gives the strength itself; [held 0.5] the seconds.
        return strength(" ".join(rest if kind in STRENGTHS and rest else (kind, *rest)), "the next word")
    if kind in ("nod", "shake"):
        if rest or over is not None:
            raise DirectionError(f"{kind} takes nothing more; write [{kind}]")
        return tuple(Change(after, "head", value, lasting) for after, value, lasting in (NOD if kind == "nod" else SHAKE))
    if kind in ("look", "head"):
        if not rest:
            raise DirectionError(f"where to? as in [{kind} left]; known: {', '.join(GAZE_WORDS)}")
        return (change(0.0, "gaze" if kind == "look" else "head", " ".join(rest), over),)
    if kind in PARTS:
        if not rest:
            raise DirectionError(f"what do they feel? as in [{kind} sad 0.6]; known: {', '.join(EMOTION.names)}")
        return (change(0.0, kind, " ".join(rest), over),)
    if kind in ("lips", "motion", "listening"):
        if len(rest) != 1:
            raise DirectionError(f"{kind} needs one amount, as in [{kind} 1.2]")
        return (change(0.0, kind, rest[0], over),)
    if kind not in (*EMOTION.names, *AXES) and kind not in SYNONYMS and not difflib.get_close_matches(kind, EMOTION.names, cutoff=0.6):
        raise DirectionError(unknown("tag", words[0], TAGS) + " Write [[ for a bracket that is not a tag.")
    return (change(0.0, "emotion", " ".join([words[0], *rest]), over),)


def place(script: Script, times: Sequence[float], base: Direction | None = None, words: Sequence[Word] = ()) -> Direction:
    """Put a script's marks at `times` (one for each mark, in seconds) into a direction, over what `base` asks.

    `words` say how long a word lasts that is asked for something.
    """
    if len(times) != len(script.marks):
        raise ValueError(f"the script has {len(script.marks)} marks, but {len(times)} times were given")
    base = base or Direction()
    pose = base.head.keys[-1].value if base.head is not None else (0.0,) * HEAD_TURN.size
    found: list[Change] = []
    for mark, time in zip(script.marks, times, strict=True):
        # What stands before the first word holds from the beginning, also where the voice begins a little later.
        opening = not script.text[: mark.position].strip() and not any(at <= mark.position for at, _ in script.pauses)
        if mark.gesture:  # a gesture starts from the pose there is, and comes back to it
            found += [replace(item, at=max(time, 1e-3) + item.at, value=added(pose, item.value)) for item in mark.changes]
        else:
            found += [replace(item, at=0.0 if opening else time + item.at) for item in mark.changes]
            pose = next((item.value for item in mark.changes if item.field == "head"), pose)
    asked = [replace(mark.word, span=word_at(words, time)) for mark, time in zip(script.marks, times, strict=True) if mark.word is not None]
    return replace(weave(base, found), words=Emphases((*base.words, *asked)))


def word_at(words: Sequence[Word], time: float) -> tuple[float, float]:
    """Find from when to when the word is said that begins at `time` in seconds, or a usual length where that is not known."""
    return next(((word.start, word.end) for word in words if word.end > time + 1e-6), (time, time + USUAL_WORD))


def added(pose: Sequence[float], more: Sequence[float]) -> tuple[float, ...]:
    """Add two poses in degrees."""
    return tuple(one + other for one, other in zip(pose, more, strict=True))
