"""Clips in shards: safetensors files of a few clips each, with one JSON file beside them that says what they hold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from fractions import Fraction
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from thespis.data.stage import Stage, StageSettings
from thespis.data.workers import spread
from thespis.errors import MediaError
from thespis.export.output import check_writable, write_arrays, write_text
from thespis.motion.spaces.face import FACE
from thespis.types import EMOTION, Clip, Frames, Phone, Speech, Track, Word

INDEX = "stage.json"
VERSION = 1
SHARD = 20  # clips
FULL_SCALE = 32768
ARRAYS = ("mask", "depth", "points")
"""Labels that are arrays."""


def shard_name(number: int) -> str:
    """Name a shard."""
    return f"stage-{number:05d}.safetensors"


def arrays_of(clip: Clip, number: int) -> tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]:
    """Take a Clip apart into arrays by name and what JSON can hold."""
    assert clip.speech is not None and clip.motion is not None
    speech, labels = clip.speech, dict(clip.labels)
    arrays: dict[str, np.ndarray[Any, Any]] = {
        "sound": np.clip(np.round(speech.samples * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1).astype("<i2"),
        "face": clip.motion.values.astype("<f4"),
    }
    if "emotion" in labels:
        arrays["emotion"] = labels.pop("emotion").values.astype("<f4")
    if clip.frames is not None:
        arrays["frames"] = clip.frames.images
    for name in ARRAYS:
        if name in labels:
            arrays[name] = labels.pop(name)
    for view, frames in enumerate(labels.pop("views", [])):
        arrays[f"view_{view + 1}"] = frames.images
    facts = {
        "rate": speech.rate, "fps": str(clip.motion.fps), "text": speech.text,
        "phones": [[phone.symbol, phone.start, phone.end] for phone in speech.phones or ()],
        "words": [[word.text, word.start, word.end] for word in speech.words or ()], "labels": labels,
    }  # fmt: skip
    return {f"{number}/{name}": np.ascontiguousarray(array) for name, array in arrays.items()}, facts


def clip_of(arrays: Mapping[str, np.ndarray[Any, Any]], facts: Mapping[str, Any]) -> Clip:
    """Put a Clip together again."""
    fps, labels = Fraction(facts["fps"]), dict(facts["labels"])
    if "emotion" in arrays:
        labels["emotion"] = Track(EMOTION, arrays["emotion"], fps)
    for name in ARRAYS:
        if name in arrays:
            labels[name] = arrays[name]
    views = sorted(name for name in arrays if name.startswith("view_"))
    if views:
        labels["views"] = [Frames(arrays[name], fps) for name in views]
    speech = Speech(
        arrays["sound"].astype(np.float32) / FULL_SCALE, facts["rate"], facts["text"],
        tuple(Phone(*each) for each in facts["phones"]), tuple(Word(*each) for each in facts["words"]),
    )  # fmt: skip
    return Clip(speech, Frames(arrays["frames"], fps) if "frames" in arrays else None, Track(FACE, arrays["face"], fps), labels)


@lru_cache(maxsize=1)
def stage_of(settings: StageSettings) -> Stage:
    """Keep a process's stage, whose people take long to make."""
    return Stage(settings)


def make_shard(settings: StageSettings, folder: str, shard: int, stage: Stage | None = None) -> int:
    """Make one shard whole or not at all, and give the number of its clips."""
    made = stage or stage_of(settings)
    numbers = range(shard * SHARD, min((shard + 1) * SHARD, settings.clips))
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    facts: dict[str, Any] = {}
    for number in numbers:
        parts, known = arrays_of(made[number], number)
        arrays |= parts
        facts[str(number)] = known
    write_arrays(Path(folder) / shard_name(shard), arrays, {"clips": json.dumps(facts, ensure_ascii=False, sort_keys=True)})
    return len(numbers)


def write_shards(settings: StageSettings, folder: str | Path, workers: int = 1, stage: Stage | None = None) -> Iterator[int]:
    """Write a corpus into a new folder, or finish one that was broken off; yields how many clips each further shard holds.

    A `stage` of your own, such as one with your own actors, is made in this process.
    """
    place = Path(folder)
    check_writable(place)
    if place.exists() and not place.is_dir():
        raise MediaError(f"{place} is a file; the stage needs a folder")
    about = {"version": VERSION, "settings": {**asdict(settings), "languages": list(settings.languages)}, "shard": SHARD}
    index = place / INDEX
    if index.exists():
        if read_index(place) != about:
            raise MediaError(f"{place} holds clips of other settings; choose a new folder or remove that one")
    elif place.exists() and any(place.iterdir()):
        raise MediaError(f"the folder {place} is not empty; choose a new folder for the stage")
    else:
        place.mkdir(exist_ok=True)
        write_text(index, json.dumps(about, indent=1, sort_keys=True) + "\n")
    missing = [shard for shard in range(-(-settings.clips // SHARD)) if not (place / shard_name(shard)).exists()]
    if stage is not None:
        yield from (make_shard(settings, str(place), shard, stage) for shard in missing)
        return
    yield from spread(make_shard, [(settings, str(place), shard) for shard in missing], workers)


def read_index(folder: Path) -> dict[str, Any]:
    """Read what a folder of shards says about itself."""
    index = folder / INDEX
    if not index.is_file():
        raise MediaError(f"{folder} is no stage: it has no {INDEX}; make one with thespis data stage -o FOLDER")
    try:
        found: dict[str, Any] = json.loads(index.read_text(encoding="utf-8"))
        version = found["version"]
    except (ValueError, KeyError, TypeError, OSError):
        raise MediaError(f"{index} cannot be read; make the stage again") from None
    if version != VERSION:
        raise MediaError(f"{index} is of version {version}, this Thespis reads version {VERSION}; make the stage again")
    return found


class Shards:
    """A corpus on disk: a sequence of Clips, each read when it is asked for."""

    def __init__(self, folder: str | Path) -> None:
        """Read the index, and refuse a folder from which shards are missing."""
        self.folder = Path(folder)
        self.about = read_index(self.folder)
        self._count, self._each = int(self.about["settings"]["clips"]), int(self.about["shard"])
        every = [shard_name(shard) for shard in range(-(-self._count // self._each))]
        missing = [name for name in every if not (self.folder / name).is_file()]
        if missing:
            listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
            raise MediaError(f"{self.folder} lacks {listed}; run the command that made it again, which makes only what is missing")

    def __len__(self) -> int:
        """Count the clips."""
        return self._count

    def __iter__(self) -> Iterator[Clip]:
        """Read all clips in order."""
        return (self[number] for number in range(len(self)))

    @cached_property
    def _facts(self) -> dict[int, dict[str, Any]]:
        """What is known of the clips of the shards read so far."""
        return {}

    def __getitem__(self, number: int) -> Clip:
        """Read clip `number`."""
        from safetensors import SafetensorError, safe_open

        if not 0 <= number < len(self):
            raise IndexError(f"{self.folder} has clips 0 to {len(self) - 1}, not {number}")
        shard = number // self._each
        path = self.folder / shard_name(shard)
        try:
            with safe_open(str(path), framework="np") as file:
                if shard not in self._facts:
                    self._facts[shard] = json.loads(file.metadata()["clips"])
                prefix = f"{number}/"
                arrays = {name.removeprefix(prefix): file.get_tensor(name) for name in file.keys() if name.startswith(prefix)}  # noqa: SIM118
            return clip_of(arrays, self._facts[shard][str(number)])
        except (SafetensorError, OSError, KeyError, TypeError, ValueError):
            raise MediaError(f"{path} is damaged or gone; remove it and run the command that made it again") from None
