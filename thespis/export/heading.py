"""What a take says about itself, as JSON in the header of its file: read strictly, because anybody can write a file."""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from thespis.errors import MediaError
from thespis.types import KINDS, Channel, Phone, Space, Word

FORMAT = 1
TRACK_NAME = re.compile(r"[a-z][a-z0-9 _+-]{0,63}")
RATE = re.compile(r"[1-9][0-9]{0,8}(/[1-9][0-9]{0,8})?")
HEX = re.compile(r"[0-9a-f]{64}")
MOST_TRACKS, MOST_CHANNELS, LARGEST_CHANNEL, MOST_ROWS = 64, 20_000, 1_000_000, 2**40
FARTHEST_START = 100_000  # rows; what begins later is filled up from the beginning when it is drawn
HIGHEST_FPS, LOWEST_RATE, HIGHEST_RATE = 1000, 4_000, 768_000

Item = TypeVar("Item")


@dataclass(frozen=True)
class TrackHead:
    """One Track of a take without its numbers: what they mean, their rate, the index of the first, how many, and their hash."""

    space: Space
    fps: Fraction
    start: int
    rows: int
    sha256: str


@dataclass(frozen=True)
class SpeechHead:
    """The speech of a take without its samples; `source` is the name of the file it came from, `source_sha256` that file's hash.

    `sha256` is the hash of the samples inside the take, "" where they are not.
    """

    rate: int
    channels: int
    samples: int
    text: str | None = None
    phones: tuple[Phone, ...] | None = None
    words: tuple[Word, ...] | None = None
    source: str = ""
    source_sha256: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class Heading:
    """Everything in a take that is not a number of a Track or a sample; the first Track is the performance itself."""

    tracks: Mapping[str, TrackHead]
    speech: SpeechHead | None = None
    direction: Mapping[str, Any] = field(default_factory=dict)
    recipe: str = ""
    recipe_version: str = ""
    thespis: str = ""
    labels: Mapping[str, Any] = field(default_factory=dict)


def write_heading(heading: Heading) -> str:
    """Write a heading as one line of JSON."""
    tracks = {
        name: {
            "space": head.space.name,
            "channels": [[channel.name, channel.kind, channel.size] for channel in head.space.channels],
            "fps": str(head.fps),
            "start": head.start,
            "rows": head.rows,
            "sha256": head.sha256,
        }
        for name, head in heading.tracks.items()
    }
    speech = None
    if heading.speech is not None:
        speech = dict(vars(heading.speech))
        for name, symbol in (("phones", "symbol"), ("words", "text")):
            items = speech[name]
            speech[name] = None if items is None else [[getattr(item, symbol), item.start, item.end] for item in items]
    rest = {name: getattr(heading, name) for name in ("direction", "recipe", "recipe_version", "thespis", "labels")}
    return json.dumps({"format": FORMAT, "tracks": tracks, "speech": speech, **rest}, allow_nan=False, ensure_ascii=False)


def read_heading(text: str, path: Path) -> Heading:
    """Read what `write_heading` wrote; anything else is a MediaError that says what is wrong."""
    try:
        found = json.loads(text, parse_constant=refuse_constant)
    except (ValueError, RecursionError):
        raise MediaError(f"{path} is not a take that can be read: its header is not JSON; make it again or get a whole copy") from None
    if not isinstance(found, dict):
        raise MediaError(f"{path} is not a take that can be read: its header is not an object; make it again")
    version = found.get("format")
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT:
        raise MediaError(
            f"{path} was written by a newer Thespis (take format {version}, this one reads up to {FORMAT}); update: pip install -U thespis"
        )
    try:
        return heading_of(found)
    except ValueError as error:
        raise MediaError(f"{path} is not a take that can be read: {error}; make it again or get a whole copy") from None


def refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and the infinities, which are not JSON."""
    raise ValueError(name)


def heading_of(found: Mapping[str, Any]) -> Heading:
    """Check every field of a header; a ValueError says what is wrong."""
    names = ("format", "tracks", "speech", "direction", "recipe", "recipe_version", "thespis", "labels")
    only(found, names, "its header")
    if found["format"] != FORMAT or isinstance(found["format"], bool):
        raise ValueError("its format is not a version number")
    tracks = mapping(found["tracks"], "its tracks")
    if not 1 <= len(tracks) <= MOST_TRACKS:
        raise ValueError(f"it holds {len(tracks)} tracks, not 1 to {MOST_TRACKS}")
    heads = {}
    for name, head in tracks.items():
        if not TRACK_NAME.fullmatch(name):
            raise ValueError(f"{name[:40]!r} is not a name for a track")
        heads[name] = track_head(mapping(head, f"the track {name!r}"), name)
    return Heading(
        heads,
        None if found["speech"] is None else speech_head(mapping(found["speech"], "its speech")),
        mapping(found["direction"], "its direction"),
        words(found["recipe"], "its recipe"),
        words(found["recipe_version"], "the version of its recipe"),
        words(found["thespis"], "the version of Thespis"),
        mapping(found["labels"], "its labels"),
    )


def track_head(found: Mapping[str, Any], name: str) -> TrackHead:
    """Check what is said of one track."""
    about = f"the track {name!r}"
    only(found, ("space", "channels", "fps", "start", "rows", "sha256"), about)
    listed = found["channels"]
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_CHANNELS:
        raise ValueError(f"{about} needs a list of 1 to {MOST_CHANNELS} channels")
    channels = []
    for item in listed:
        if not isinstance(item, list) or len(item) != 3 or not isinstance(item[0], str) or item[1] not in KINDS:
            raise ValueError(f"{about} has a channel that is not a name, a kind ({', '.join(KINDS)}) and a size")
        channels.append(Channel(item[0], item[1], whole(item[2], f"the size of channel {item[0][:40]!r}", 1, LARGEST_CHANNEL)))
    if len({channel.name for channel in channels}) != len(channels):
        raise ValueError(f"{about} names a channel twice")
    rate = found["fps"]
    if not isinstance(rate, str) or not RATE.fullmatch(rate) or Fraction(rate) > HIGHEST_FPS:
        raise ValueError(f"{about} needs a frame rate such as 25 or 30000/1001, up to {HIGHEST_FPS}")
    return TrackHead(
        Space(words(found["space"], f"the space of {about}"), tuple(channels)),
        Fraction(rate),
        whole(found["start"], f"the start of {about}", -FARTHEST_START, FARTHEST_START),
        whole(found["rows"], f"the number of rows of {about}", 0, MOST_ROWS),
        digest(found["sha256"], f"the hash of {about}"),
    )


def speech_head(found: Mapping[str, Any]) -> SpeechHead:
    """Check what is said of the speech."""
    only(found, tuple(SpeechHead.__dataclass_fields__), "its speech")
    source = words(found["source"], "the source of its speech")
    if source != plain_name(source):
        raise ValueError("the source of its speech must be the plain name of a file beside the take")
    return SpeechHead(
        whole(found["rate"], "the rate of its speech", LOWEST_RATE, HIGHEST_RATE),
        whole(found["channels"], "the channels of its speech", 1, 64),
        whole(found["samples"], "the length of its speech", 0, MOST_ROWS),
        None if found["text"] is None else words(found["text"], "the text of its speech"),
        timed(found["phones"], Phone, "phones"),
        timed(found["words"], Word, "words"),
        source,
        digest(found["source_sha256"], "the hash of its source") if source else "",
        digest(found["sha256"], "the hash of its sound") if found["sha256"] else "",
    )


def plain_name(name: str) -> str:
    """Reduce a path to a file name that leads nowhere else; nothing is left of one that is only a way."""
    last = re.split(r"[/\\:]", name.replace("\0", ""))[-1]
    return "" if last in (".", "..") else last


def timed(found: Any, make: Callable[[str, float, float], Item], what: str) -> tuple[Item, ...] | None:  # noqa: ANN401
    """Check a list of phones or words with their times."""
    if found is None:
        return None
    wrong = f"its {what} need a list of text, start and end in seconds"
    if not isinstance(found, list):
        raise ValueError(wrong)
    for item in found:
        if not isinstance(item, list) or len(item) != 3 or not isinstance(item[0], str) or not all(real(time) for time in item[1:]):
            raise ValueError(wrong)
    return tuple(make(text, float(start), float(end)) for text, start, end in found)


def real(value: Any) -> bool:  # noqa: ANN401
    """Tell whether a value from JSON is a usable time in seconds."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e12 < value < 1e12 and math.isfinite(value)


def only(found: Mapping[str, Any], names: tuple[str, ...], about: str) -> None:
    """Refuse missing and unknown fields."""
    missing, strange = [name for name in names if name not in found], [name for name in found if name not in names]
    if missing:
        raise ValueError(f"{about} has no {missing[0]!r}")
    if strange:
        raise ValueError(f"{about} has an unknown field {strange[0][:40]!r}")


def mapping(value: Any, about: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Expect an object."""
    if not isinstance(value, dict):
        raise ValueError(f"{about} is not an object")
    return value


def words(value: Any, about: str) -> str:  # noqa: ANN401
    """Expect text."""
    if not isinstance(value, str):
        raise ValueError(f"{about} is not text")
    return value


def whole(value: Any, about: str, least: int, most: int) -> int:  # noqa: ANN401
    """Expect a whole number within bounds."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"{about} is not a whole number from {least} to {most}")
    return value


def digest(value: Any, about: str) -> str:  # noqa: ANN401
    """Expect a SHA-256 in hexadecimal."""
    if not isinstance(value, str) or not HEX.fullmatch(value):
        raise ValueError(f"{about} is not a SHA-256")
    return value
