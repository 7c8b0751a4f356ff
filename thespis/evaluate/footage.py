"""Real clips for measuring: which files of a folder are clips, and where their faces are, kept so that they are looked for only once."""

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from thespis.capture import faces, follow, graphs, sighting, unwrap
from thespis.capture import footage as reading
from thespis.capture.follow import Followed
from thespis.capture.footage import open_footage
from thespis.capture.sighting import Sighting
from thespis.errors import MediaError
from thespis.weights import sha256

CLIPS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".mpg", ".mpeg")


def clips_of(folder: str | Path) -> list[Path]:
    """List the video files of a folder and of the folders in it, by name."""
    place = Path(folder)
    if not place.exists():
        raise MediaError(f"there is no folder {place}")
    if not place.is_dir():
        raise MediaError(f"{place} is a file; give the folder that holds the clips")
    found = sorted(path for path in place.rglob("*") if path.suffix.lower() in CLIPS and path.is_file())
    if not found:
        raise MediaError(f"{place} holds no clips; put videos ({', '.join(CLIPS)}) into it")
    return found


@cache
def looking() -> str:
    """Say in 12 letters how faces are looked for: another way of looking makes kept sightings useless."""
    total = hashlib.sha256()
    for module in (faces, follow, graphs, reading, sighting, unwrap):
        total.update(Path(str(module.__file__)).read_bytes())
    return total.hexdigest()[:12]


def followed(path: Path, kept: Path | None = None, tell: Callable[[int], None] = lambda _: None, most: int | None = None) -> Followed:
    """Follow the faces of a clip, or read from the folder `kept` what was seen the last time; `tell` hears of each frame.

    With `most` only so many frames are looked at.
    """
    footage = replace(open_footage(path), most=most)
    longer = most is not None and (footage.frames is None or footage.frames > most)
    place = None if kept is None else kept / f"{sha256(path)[:16]}-{looking()}{f'-{most}' if longer else ''}.npz"
    if place is not None and place.exists():
        with np.load(place) as stored:
            found = restored({name: stored[name] for name in stored.files})
        tell(found.frames)
        return found
    found = follow.follow(footage, tell)
    if place is not None:
        place.parent.mkdir(parents=True, exist_ok=True)
        temporary = place.with_name(f".{place.stem}.{os.getpid()}.npz")
        np.savez(temporary, **flattened(found))
        temporary.replace(place)
    return found


def flattened(found: Followed) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    """Put what was seen into plain arrays: a row for each sighting."""
    every = [(number, each) for number, person in enumerate(found.people) for each in person]
    return {
        "person": np.array([number for number, _ in every], np.int64),
        "frame": np.array([each.frame for _, each in every], np.int64),
        "points": np.array([each.points for _, each in every], np.float32),
        "view": np.array([each.view for _, each in every], np.uint8),
        "cuts": np.array(found.cuts, np.int64),
        "frames": np.array([found.frames], np.int64),
    }


def restored(stored: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]) -> Followed:
    """Make sightings of plain arrays again."""
    people: list[list[Sighting]] = []
    for number, frame, points, view in zip(*(stored[name] for name in ("person", "frame", "points", "view")), strict=True):
        if int(number) == len(people):
            people.append([])
        people[int(number)].append(Sighting(int(frame), points, view))
    return Followed(people, tuple(int(cut) for cut in stored["cuts"]), int(stored["frames"][0]))


def cache_folder(name: str) -> Path:
    """Give the folder of the user's cache in which one kind of tracking is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "thespis" / name
