"""A corpus as a network reads it: frames, motion and sound of many clips in a few files that are mapped into memory.

`pack` makes such a folder of any sequence of Clips (the stage, its shards, prepared footage); `windows.Windows` draws batches from it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from thespis.data.corpus import Corpus
from thespis.data.item import felt
from thespis.data.workers import spread
from thespis.errors import MediaError, unknown
from thespis.export.output import check_writable, write_arrays, write_text
from thespis.types import EMOTION, Array, Clip, Direction, Portrait, Track

INDEX = "packed.json"
VERSION = 1
EACH, EACH_LARGE, LARGE = 20, 4, 128
"""Clips in a part: fewer where frames are more than so many pixels wide, since a part is held in memory while it is made."""
SOUNDS = ("articulation", "mel")
"""What of the sound can be kept: the mouth's channels 100 times a second, as the built-in network hears them, and 80 mel bands at 80."""
MOTIONS = ("face", "flame", "arkit", "landmarks", "liveportrait")
"""The Spaces of motion that can be kept."""
KEPT = ("person", "voice", "regime", "split", "kind", "feeling", "intensity", "language", "name")
"""The labels that stay with a clip, where it has them."""


@dataclass(frozen=True)
class Packing:
    """What is kept of each clip: Spaces of its motion, features of its sound, and frames of `size` pixels (None: no frames)."""

    motions: tuple[str, ...] = ("face", "flame")
    sounds: tuple[str, ...] = ("articulation",)
    size: int | None = None
    fps: int = 25

    def __post_init__(self) -> None:
        """Refuse what cannot be kept."""
        for name in self.motions:
            if name not in MOTIONS:
                raise MediaError(unknown("motion to keep", name, MOTIONS))
        for name in self.sounds:
            if name not in SOUNDS:
                raise MediaError(unknown("feature to keep", name, SOUNDS))
        if self.fps < 1:
            raise MediaError(f"packed clips have at least 1 frame a second, not {self.fps}")
        if self.size is not None and not 16 <= self.size <= 1024:
            raise MediaError(f"packed frames are 16 to 1024 pixels wide, not {self.size}")

    @property
    def each(self) -> int:
        """How many clips a part holds."""
        return EACH if self.size is None or self.size <= LARGE else EACH_LARGE


@cache
def hearing(name: str) -> Any:  # noqa: ANN401 - a stage from samples to a Track
    """Make the stage that hears one feature, once a process."""
    if name == "mel":
        from thespis.features.mel import Mel

        return Mel()
    from thespis.features.articulation import Articulation
    from thespis.weights import ASSETS

    return Articulation(ASSETS / "articulation.onnx", whole=True)


def heard(clip: Clip, name: str) -> Track:
    """Hear one feature of a clip's sound, as it is heard where no text is known."""
    assert clip.speech is not None
    stage = hearing(name)
    state = stage.start(Portrait((np.zeros((8, 8, 3), np.uint8),)), Direction())
    found: Track = stage.step(state, replace(clip.speech, phones=None, words=None, start=0), True)
    return found


def at_rate(track: Track, fps: Fraction) -> Track:
    """Give a Track's rows at another rate, each the nearest in time."""
    if track.fps == fps:
        return track
    count = int(Fraction(len(track)) * fps / track.fps + Fraction(1, 2))
    rows = np.minimum(np.round(np.arange(count) * float(track.fps / fps)).astype(int), len(track) - 1)
    return Track(track.space, np.ascontiguousarray(track.values[rows]), fps)


def motion_in(face: Track, name: str) -> Track:
    """Give a motion in the Space `face` in another of MOTIONS."""
    from thespis.motion.convert import arkit_of_face, landmarks_of_face
    from thespis.motion.convert_head import flame_of_face
    from thespis.motion.liveportrait import liveportrait_of_face

    ways = {"flame": flame_of_face, "arkit": arkit_of_face, "landmarks": landmarks_of_face, "liveportrait": liveportrait_of_face}
    return face if name == "face" else ways[name](face)


def sized(images: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Make square pictures (n, h, h, 3) `size` pixels wide."""
    if images.shape[1] == size == images.shape[2]:
        return images
    import cv2

    way = cv2.INTER_AREA if images.shape[1] > size else cv2.INTER_CUBIC
    return np.stack([np.asarray(cv2.resize(image, (size, size), interpolation=way), np.uint8) for image in images])


def parts_of(clip: Clip, packing: Packing) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Take of a Clip what is kept: arrays by name, each (rows, ...), and its labels.

    Frames, mask, motion and emotion have one row for each frame at the packing's rate; sounds have rows of their own.
    """
    if clip.motion is None or clip.speech is None:
        raise MediaError("a clip without motion or sound cannot be packed; track it first with thespis data prepare")
    fps = Fraction(packing.fps)
    motion = at_rate(clip.motion, fps)
    made: dict[str, NDArray[Any]] = {}
    if packing.size is not None:
        if clip.frames is None:
            raise MediaError("a clip has no frames to pack; make the stage with --size, or pack without frames")
        chosen = np.minimum(np.round(np.arange(len(motion)) * float(clip.frames.fps / fps)).astype(int), len(clip.frames) - 1)
        made["frames"] = sized(clip.frames.images[chosen], packing.size)
        if "mask" in clip.labels:
            mask = np.asarray(clip.labels["mask"])[chosen]
            spots = np.arange(packing.size) * mask.shape[1] // packing.size
            made["mask"] = np.ascontiguousarray(mask[:, spots][:, :, spots])
    for name in packing.motions:
        made[name] = motion_in(motion, name).values
    emotion = felt(clip.labels, len(clip.motion), clip.motion.fps)
    known = emotion is not None
    made["emotion"] = np.zeros((len(motion), EMOTION.size), np.float32) if emotion is None else at_rate(emotion, fps).values
    if len(made["emotion"]) != len(motion):
        raise MediaError(f"the emotion of a clip has {len(made['emotion'])} rows where its motion has {len(motion)}")
    for name in packing.sounds:
        made[name] = heard(clip, name).values
    facts = {name: clip.labels[name] for name in KEPT if name in clip.labels} | {"labelled": known}
    return made, facts


def part_name(number: int) -> str:
    """Name a part."""
    return f"part-{number:05d}.safetensors"


def pack_part(corpus: Corpus, packing: Packing, folder: str, part: int) -> int:
    """Write the clips of one part whole or not at all, and give their number."""
    arrays: dict[str, list[NDArray[Any]]] = {}
    facts = []
    begins: dict[str, int] = {}
    for number in range(part * packing.each, min((part + 1) * packing.each, len(corpus))):
        made, known = parts_of(corpus[number], packing)
        if arrays and sorted(made) != sorted(arrays):
            raise MediaError(f"clip {number} has {', '.join(sorted(made))}, others have {', '.join(sorted(arrays))}; pack them apart")
        facts.append(known | {"rows": {name: [begins.get(name, 0), len(rows)] for name, rows in made.items()}})
        for name, rows in made.items():
            arrays.setdefault(name, []).append(rows)
            begins[name] = begins.get(name, 0) + len(rows)
    joined = {name: np.ascontiguousarray(np.concatenate(rows)) for name, rows in arrays.items()}
    write_arrays(Path(folder) / part_name(part), joined, {"clips": json.dumps(facts, ensure_ascii=False)})
    return len(facts)


def pack(
    corpus: Corpus, folder: str | Path, packing: Packing | None = None, workers: int = 1, about: Mapping[str, Any] | None = None
) -> Iterator[int]:
    """Pack a sequence of Clips into a folder, or finish one that was broken off; yields how many clips each further part holds.

    `about` says which corpus it is: a folder that holds another one is refused.
    """
    place, chosen = Path(folder), packing or Packing()
    if not len(corpus):
        raise MediaError("there are no clips to pack")
    check_writable(place)
    told = {"version": VERSION, "packing": json.loads(json.dumps(asdict(chosen))), "clips": len(corpus), "each": chosen.each}
    told["about"] = json.loads(json.dumps(dict(about or {})))
    index = place / INDEX
    if place.exists() and not place.is_dir():
        raise MediaError(f"{place} is a file; packed clips need a folder")
    if index.exists():
        if index_of(index) != told:
            raise MediaError(f"{place} holds another corpus or other settings; choose a new folder or remove that one")
    elif place.exists() and any(place.iterdir()):
        raise MediaError(f"the folder {place} is not empty; choose a new folder")
    else:
        place.mkdir(exist_ok=True)
        write_text(index, json.dumps(told, indent=1, sort_keys=True) + "\n")
    missing = [part for part in range(-(-len(corpus) // chosen.each)) if not (place / part_name(part)).exists()]
    yield from spread(pack_part, [(corpus, chosen, str(place), part) for part in missing], workers)


def index_of(path: Path) -> dict[str, Any]:
    """Read what a packed folder says about itself."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        numbers = found["version"], int(found["clips"]), int(found["each"])
    except (ValueError, KeyError, TypeError, OSError):
        raise MediaError(f"{path} cannot be read; pack the corpus again") from None
    if numbers[0] != VERSION:
        raise MediaError(f"{path} is of version {numbers[0]}, this Thespis reads version {VERSION}; pack the corpus again")
    return found


class Packed:
    """A packed folder: `arrays[part][name]` are mapped files, `clips` what is known of each clip, with where its rows are."""

    def __init__(self, folder: str | Path) -> None:
        """Open every part; missing ones are named."""
        self.folder = Path(folder)
        index = self.folder / INDEX
        if not index.is_file():
            raise MediaError(f"{self.folder} is no packed corpus: it has no {INDEX}; make one with thespis data pack FOLDER -o OUT")
        self.about = index_of(index)
        count, each = int(self.about["clips"]), int(self.about["each"])
        names = [part_name(part) for part in range(-(-count // each))]
        missing = [name for name in names if not (self.folder / name).is_file()]
        if missing:
            listed = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
            raise MediaError(f"{self.folder} lacks {listed}; run the command that made it again, which makes only what is missing")
        self.fps = Fraction(self.about["packing"]["fps"])
        self.arrays: list[dict[str, NDArray[Any]]] = []
        self.clips: list[dict[str, Any]] = []
        for part, name in enumerate(names):
            arrays, facts = mapped(self.folder / name)
            self.arrays.append(arrays)
            self.clips += [{**fact, "part": part} for fact in facts]

    def __len__(self) -> int:
        """Count the clips."""
        return len(self.clips)

    def rows(self, clip: int, name: str) -> NDArray[Any]:
        """See one array of one clip (rows, ...) without reading it."""
        fact = self.clips[clip]
        begin, count = fact["rows"][name]
        found: NDArray[Any] = self.arrays[fact["part"]][name][begin : begin + count]
        return found

    def mean_and_spread(self, name: str) -> tuple[Array, Array]:
        """Measure the mean and the standard deviation of each column of one array, over all clips (columns,)."""
        every = np.concatenate([np.asarray(arrays[name], np.float64).reshape(-1, arrays[name].shape[-1]) for arrays in self.arrays])
        return every.mean(axis=0).astype(np.float32), every.std(axis=0).astype(np.float32)


KINDS = {"F32": np.float32, "F16": np.float16, "U8": np.uint8, "I64": np.int64, "I16": np.int16}


def mapped(path: Path) -> tuple[dict[str, NDArray[Any]], list[dict[str, Any]]]:
    """Map the arrays of a safetensors file into memory, and read what it says of its clips."""
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size))
        facts: list[dict[str, Any]] = json.loads(header.pop("__metadata__")["clips"])
        # A mapping for each array: pages that nobody reads cost nothing.
        arrays: dict[str, NDArray[Any]] = {
            name: np.memmap(path, KINDS[told["dtype"]], "r", 8 + size + told["data_offsets"][0], tuple(told["shape"]))
            for name, told in header.items()
        }
    except (OSError, ValueError, KeyError, TypeError, OverflowError, MemoryError):
        raise MediaError(f"{path} is damaged or gone; remove it and run the command that made it again") from None
    return arrays, facts
