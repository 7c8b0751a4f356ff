"""One clip of a published data set before it is read: where its files are, and what its name says about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MediaError
from thespis.types import EMOTION, Clip, Frames, Speech, Track

SHOWN = 4
"""How many missing files one message names."""
SOUNDS = (".wav", ".flac", ".m4a", ".mp3", ".ogg", ".aac")
VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".flv")


@dataclass(frozen=True)
class Item:
    """A clip on disk: its `name` (unique in its set), its `video`, its `sound` where that is another file, and `labels` by name.

    Labels are `person`, `feeling` (a name of EMOTION), `intensity` (0 to 1), `sentence`, `text`, `language`, `view`, `words`, as far as
    the set's naming tells them. `read` makes the Clip where it is no video.
    """

    name: str
    video: Path | None = None
    sound: Path | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)
    read: Callable[["Item"], Clip] | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that the clip needs."""
        return tuple(path for path in (self.video, self.sound) if path is not None)


def lacking(paths: Sequence[str], title: str) -> str:
    """Word a list of missing files: how many, the first few, and how many more."""
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    count = f"1 file of {title} is" if len(paths) == 1 else f"{len(paths)} files of {title} are"
    return f"{count} missing: {', '.join(paths[:SHOWN])}{more}"


class ClipSet:
    """The clips of a published data set in a folder: a sequence of Clips, each read when it is asked for.

    Files that the set's layout promises and that are not there are named in one error, unless they are to be skipped.
    """

    def __init__(self, title: str, folder: Path, items: Sequence[Item], *, expected: str, skip_missing: bool = False) -> None:
        """Check that there are clips and that their files are there; `expected` says how a file of the set looks."""
        if not folder.is_dir():
            raise MediaError(f"there is no folder {folder}; give the one that holds {title}")
        if not items:
            raise MediaError(f"{folder} holds no clips of {title}; expected files such as {expected} in it")
        absent = [path for item in items for path in item.files if not path.is_file()]
        named = list(dict.fromkeys(str(path.relative_to(folder)) for path in absent))
        if absent and not skip_missing:
            raise MediaError(f"{lacking(named, title)} (in {folder}); get them, or leave their clips out with --skip-missing")
        gone = set(absent)
        self.title, self.folder = title, folder
        self.items = tuple(sorted((item for item in items if gone.isdisjoint(item.files)), key=lambda item: item.name))
        if not self.items:
            raise MediaError(f"{folder} holds no whole clip of {title}: {lacking(named, title)}")

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.items)

    def __iter__(self) -> Iterator[Clip]:
        """Read all clips in order."""
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Clip:
        """Read clip `number`."""
        if not 0 <= number < len(self):
            raise IndexError(f"{self.title} has clips 0 to {len(self) - 1}, not {number}")
        item = self.items[number]
        return (item.read or video_clip)(item)


def video_clip(item: Item) -> Clip:
    """Read a clip's pictures and sound; a video without sound is a clip without speech."""
    from thespis.capture.footage import open_footage

    assert item.video is not None
    footage = open_footage(item.video)
    images = list(footage)
    return Clip(sound_of(item), Frames(np.stack(images), footage.fps), None, {"name": item.name, **item.labels})


def sound_of(item: Item) -> Speech | None:
    """Read a clip's sound: its own file, or that of the video; None where there is none."""
    from thespis.speech.read import read_speech

    if item.sound is not None:
        return spoken(read_speech(item.sound), item)
    assert item.video is not None
    try:
        return spoken(read_speech(item.video), item)
    except MediaError as error:
        if "has no sound" in str(error):
            return None
        raise


def spoken(speech: Speech, item: Item) -> Speech:
    """Add what the set knows of the words."""
    return Speech(speech.samples, speech.rate, item.labels.get("text"), None, item.labels.get("words"))


def felt(labels: Mapping[str, Any], rows: int, fps: Fraction) -> Track | None:
    """Give the emotion that the labels tell as a Track in EMOTION: their own, else feeling and intensity held throughout, else None."""
    emotion = labels.get("emotion")
    if isinstance(emotion, Track):
        return emotion
    feeling, intensity = labels.get("feeling"), labels.get("intensity")
    if feeling not in EMOTION.names or intensity is None:
        return None
    values = np.zeros((rows, EMOTION.size), np.float32)
    if feeling != "neutral":
        values[:, EMOTION.column(str(feeling))] = float(intensity)
    return Track(EMOTION, values, fps)


def with_suffix(folder: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """List the files of a folder and those in it that end in one of these, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)


def sound_beside(video: Path) -> Path | None:
    """Find a recording that lies beside a video under its name."""
    return next((path for suffix in SOUNDS if (path := video.with_suffix(suffix)).is_file()), None)
