"""Prepare footage for training: every clip of a set followed, cut into pieces, cropped, aligned and tracked, or dropped with a reason.

A clip that was done has a file under `told`; what is not whole is done again, so a run that was killed at any moment goes on.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from thespis.capture.performance import perform
from thespis.data.clipfile import save_clip
from thespis.data.crops import square_around
from thespis.data.item import ClipSet, Item
from thespis.data.pieces import Limits, Piece, pieces
from thespis.data.stretches import Stretch, stretches
from thespis.data.workers import spread
from thespis.errors import MediaError, ThespisError
from thespis.export.output import Output, check_writable, write_error, write_text
from thespis.types import Bytes, Clip, Frames, Speech, Track, Word

INDEX, CLIPS, TOLD, PICTURES = "prepared.json", "clips", "told", "pictures"
VERSION = 1
SIZES = (64, 1024)
THUMB, THUMBS = 128, 4  # pixels of a picture in the report, and how many show a piece
NAME = 60  # characters of a clip's name that stay in its file's
WHOLE = 0.9  # share of a clip from which a piece is taken for all of it
TOLD_LABELS = ("words", "template", "text")  # told by the Clip itself, or too large


@dataclass(frozen=True)
class Preparing:
    """How footage is prepared: crops of `size` pixels and the `limits` of what is kept."""

    size: int = 256
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Refuse sizes that nobody wants."""
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise MediaError(f"crops are {SIZES[0]} to {SIZES[1]} pixels wide, not {self.size}")


def file_name(item: Item) -> str:
    """Name a clip's files: readable, and different for every clip of a set."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", item.name).strip("-")[-NAME:]
    return f"{plain}-{hashlib.sha256(item.name.encode()).hexdigest()[:8]}"


def prepare(clips: ClipSet, folder: str | Path, settings: Preparing, workers: int = 1, ray: str | None = None) -> Iterator[dict[str, Any]]:
    """Prepare the clips of a set into a folder, or go on with it; yields what became of each clip that was not done before.

    With `ray` (an address, or "local") the clips are spread over the machines of a Ray cluster, which all see the folders.
    """
    place = Path(folder)
    check_writable(place)
    about = {"version": VERSION, "set": clips.title, "settings": json.loads(json.dumps(asdict(settings)))}
    index = place / INDEX
    if place.exists() and not place.is_dir():
        raise MediaError(f"{place} is a file; prepared clips need a folder")
    if index.exists():
        if read_index(place) != about:
            raise MediaError(f"{place} was prepared from another set or with other settings; choose a new folder or remove that one")
    elif place.exists() and any(place.iterdir()):
        raise MediaError(f"the folder {place} is not empty; choose a new folder")
    else:
        place.mkdir(exist_ok=True)
        write_text(index, json.dumps(about, indent=1, sort_keys=True) + "\n")
    for name in (CLIPS, TOLD, PICTURES):
        (place / name).mkdir(exist_ok=True)
        for left in (place / name).glob(".*.part*"):
            left.unlink()
    waiting = [(item, str(place), settings) for item in clips.items if not (place / TOLD / f"{file_name(item)}.json").exists()]
    if ray is not None:
        from thespis.data.ray_workers import spread_over_machines

        yield from spread_over_machines(prepare_item, waiting, ray)
    else:
        yield from spread(prepare_item, waiting, workers)


def read_index(place: Path) -> dict[str, Any]:
    """Read what a prepared folder says about itself."""
    try:
        found: dict[str, Any] = json.loads((place / INDEX).read_text(encoding="utf-8"))
        version = found["version"]
    except (ValueError, KeyError, TypeError, OSError):
        raise MediaError(f"{place / INDEX} cannot be read; prepare the clips again") from None
    if version != VERSION:
        raise MediaError(f"{place / INDEX} is of version {version}, this Thespis reads version {VERSION}; prepare the clips again")
    return found


def prepare_item(item: Item, folder: str, settings: Preparing) -> dict[str, Any]:
    """Prepare one clip: its kept pieces become files, and what became of all of them is told in one more, which is written last."""
    place, name = Path(folder), file_name(item)
    told: dict[str, Any] = {"name": item.name, "kept": [], "dropped": []}
    strips: list[Bytes] = []
    looked = looks(item, settings)
    while True:
        # Whatever a file does to its readers concerns that file only; what happens while results are written ends the run.
        found, wrong = guarded(lambda: next(looked, None))
        if wrong is not None:
            told["dropped"].append({"reason": wrong[0], "why": wrong[1]})
            break
        if found is None:
            break
        piece, fps, first, clip, strip = found
        facts = {"from": round((first + piece.first) / float(fps), 3), "to": round((first + piece.stop) / float(fps), 3), **piece.figures}
        facts["picture"] = len(strips)
        strips.append(strip)
        if clip is None:
            told["dropped"].append({"reason": piece.reason, **facts})
        else:
            file = f"{name}-{len(told['kept']):03d}.safetensors"
            save_clip(clip, place / CLIPS / file)
            told["kept"].append({"file": file, "frames": len(clip.motion or ()), **facts})
    if strips:
        write_picture(np.concatenate(strips), place / PICTURES / f"{name}.jpg")
    write_text(place / TOLD / f"{name}.json", json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    return told


Found = tuple[Piece, Fraction, int, Clip | None, Bytes]


def guarded(look: Callable[[], Found | None]) -> tuple[Found | None, tuple[str, str] | None]:
    """Look at the next piece; what is wrong with a file comes back as a reason and a sentence."""
    try:
        return look(), None
    except ThespisError as error:
        return None, ("unreadable", str(error))
    except Exception as error:  # one odd file among thousands must not end a run of days
        return None, ("error", f"{type(error).__name__}: {error}")


def looks(item: Item, settings: Preparing) -> Iterator[Found]:
    """Look through a clip: each piece with the frame rate, the first frame of its stretch, its Clip where it is kept, and a strip of it."""
    if item.video is None:
        raise MediaError("it has no pictures; sets of meshes need no preparing: read them with thespis.data.sets.open_set")
    for stretch in stretches(item):
        found = list(pieces(stretch.followed, stretch.fps, stretch.speech, settings.limits))
        motions = tracked(stretch, [piece for piece in found if piece.reason is None])
        at = 0
        for piece in found:
            for _ in range(piece.first - at):
                next(stretch.pictures)
            at = piece.stop
            if piece.reason is None:
                clip = cut_out(item, stretch, piece, motions[id(piece)], settings.size)
                assert clip.frames is not None
                yield piece, stretch.fps, stretch.first, clip, strip_of(clip.frames.images)
            else:
                yield piece, stretch.fps, stretch.first, None, strip_of(shown(stretch, piece))


def tracked(stretch: Stretch, kept: Sequence[Piece]) -> dict[int, Track]:
    """Read the motion (Space `face`) of the kept pieces of a stretch, those of one person together; by the id of the piece."""
    made: dict[int, Track] = {}
    for person in stretch.followed.people:
        own = {id(each) for each in person}
        mine = [piece for piece in kept if id(piece.sightings[0]) in own]
        if not mine:
            continue
        sightings = [each for piece in mine for each in piece.sightings]
        track = perform(sightings, stretch.followed.frames, stretch.followed.cuts, stretch.fps, 1.0).motion
        for piece in mine:
            made[id(piece)] = Track(track.space, track.values[piece.first : piece.stop], track.fps)
    return made


def cut_out(item: Item, stretch: Stretch, piece: Piece, motion: Track, size: int) -> Clip:
    """Make the Clip of a kept piece: crops, motion, sound and labels, with the `points` of the face (frames, 478, 2) in the crops."""
    square = None
    images = np.zeros((piece.stop - piece.first, size, size, 3), np.uint8)
    for number in range(len(images)):
        picture = next(stretch.pictures)
        square = square or square_around(piece.sightings, (picture.shape[1], picture.shape[0]), size)
        images[number] = square.cut(picture)
    assert square is not None
    points = np.full((len(images), 478, 2), np.nan, np.float32)
    for each in piece.sightings:
        points[each.frame - piece.first] = square.place(each.points)[:, :2]
    begin, end = (stretch.first + piece.first) / stretch.fps, (stretch.first + piece.stop) / stretch.fps
    labels = {name: value for name, value in item.labels.items() if name not in TOLD_LABELS} | {
        "name": item.name, "from": round(float(begin), 4), "to": round(float(end), 4), "points": points, **piece.figures,
    }  # fmt: skip
    return Clip(heard(item, stretch, piece, begin, end), Frames(images, stretch.fps), motion, labels)


def heard(item: Item, stretch: Stretch, piece: Piece, begin: Fraction, end: Fraction) -> Speech:
    """Cut the sound of a piece, in mono, with the words that begin within it; silence where the clip has none."""
    if stretch.speech is None:
        return Speech(np.zeros((1, round((piece.stop - piece.first) * 16_000 / stretch.fps)), np.float32), 16_000)
    rate = stretch.speech.rate
    cut = stretch.speech.cut(round(piece.first * rate / stretch.fps), round(piece.stop * rate / stretch.fps))
    words = item.labels.get("words")
    inside = None
    if words is not None:
        inside = tuple(Word(word.text, word.start - float(begin), word.end - float(begin)) for word in words if begin <= word.start < end)
    # A text without times belongs to the whole clip only.
    whole = stretch.first == 0 and piece.stop - piece.first > WHOLE * stretch.followed.frames
    text = " ".join(word.text for word in inside) if inside is not None else item.labels.get("text") if whole else None
    return Speech(cut.mono()[None], rate, text, None, inside)


def shown(stretch: Stretch, piece: Piece) -> Bytes:
    """Take a few whole pictures of a dropped piece, as squares, and leave the others."""
    count = piece.stop - piece.first
    wanted = set(np.linspace(0, count - 1, THUMBS).astype(int).tolist())
    taken = []
    for number in range(count):
        picture = next(stretch.pictures)
        if number in wanted:
            side = max(picture.shape[:2])
            down, across = (side - length for length in picture.shape[:2])
            square = cv2.copyMakeBorder(picture, down // 2, down - down // 2, across // 2, across - across // 2, cv2.BORDER_CONSTANT)
            taken.append(cv2.resize(square, (THUMB, THUMB), interpolation=cv2.INTER_AREA))
    return np.asarray(np.stack(taken), np.uint8)


def strip_of(images: Bytes) -> Bytes:
    """Put a few of the pictures (n, h, w, 3) side by side (THUMB, THUMBS * THUMB, 3)."""
    chosen = np.linspace(0, len(images) - 1, THUMBS).astype(int)
    return np.concatenate(
        [np.asarray(cv2.resize(images[k], (THUMB, THUMB), interpolation=cv2.INTER_AREA), np.uint8) for k in chosen], axis=1
    )


def write_picture(image: Bytes, path: Path) -> None:
    """Write a JPEG whole or not at all."""
    output = Output(path)
    try:
        output.temporary.write_bytes(np.asarray(cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]).tobytes())
        output.publish()
    except OSError as error:
        raise write_error(error, path) from error
    finally:
        output.discard()


def outcomes(folder: Path) -> list[Mapping[str, Any]]:
    """Read what became of every clip that was done, in the order of their names."""
    made: list[Mapping[str, Any]] = []
    for path in sorted((folder / TOLD).glob("*.json")):
        try:
            made.append({**json.loads(path.read_text(encoding="utf-8")), "picture": f"{PICTURES}/{path.stem}.jpg"})
        except ValueError:
            raise MediaError(f"{path} is damaged; remove it and prepare the clips again") from None
    return made
