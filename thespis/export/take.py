"""A take: one performance in one safetensors file, with a JSON header that says everything about it.

It is read lazily and written whole. Loading runs nothing: the header is plain JSON, the rest are numbers whose sizes are checked
against the size of the file before anything is made for them.
"""

import hashlib
import json
import math
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
import numpy.typing as npt

import thespis
from thespis.errors import MediaError, unknown
from thespis.export.heading import TRACK_NAME, Heading, SpeechHead, TrackHead, plain_name, read_heading, write_heading
from thespis.export.output import Output, check_writable, write_error
from thespis.motion.rig import face_of_rig
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.rig import RIG
from thespis.types import Clip, Space, Speech, Track

SUFFIX = ".take"
KEY = "thespis_take"
DTYPES: Mapping[str, "np.dtype[Any]"] = {"F32": np.dtype("<f4"), "I16": np.dtype("<i2")}
SOUND = "sound"
PREFIX = "track/"
LARGEST_HEADER = 64 << 20
FULL_SCALE = 32768  # sound is kept in 16 bits, as in a wav file, so that what came from one comes back exactly
COPY_BYTES = 1 << 20


class Take:
    """An open take: its `heading` is in memory, its numbers are read when they are asked for."""

    def __init__(self, path: str | Path) -> None:
        """Check the file and read its heading."""
        self.path = Path(path)
        text, self._arrays = read_header(self.path)
        self.heading = read_heading(text, self.path)
        expected = {PREFIX + name: ("F32", (head.rows, head.space.size)) for name, head in self.heading.tracks.items()}
        speech = self.heading.speech
        if speech is not None and speech.sha256:
            expected[SOUND] = ("I16", (speech.samples, speech.channels))
        if {name: (array.kind, array.shape) for name, array in self._arrays.items()} != expected:
            raise MediaError(
                f"{self.path} is not a take that can be read: its numbers are not those its header speaks of; "
                "make it again or get a whole copy"
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tracks; the first is the performance."""
        return tuple(self.heading.tracks)

    def track(self, name: str | None = None, first: int | None = None, stop: int | None = None) -> Track:
        """Read a track (the performance where none is named), or its rows with index `first` to `stop` only."""
        chosen = self.names[0] if name is None else name
        if chosen not in self.heading.tracks:
            raise MediaError(f"{self.path}: {unknown('track', chosen, self.names)}")
        head = self.heading.tracks[chosen]
        low = head.start if first is None else min(max(first, head.start), head.start + head.rows)
        high = head.start + head.rows if stop is None else max(min(stop, head.start + head.rows), low)
        values = self._numbers(PREFIX + chosen, low - head.start, high - head.start)
        if len(values) == head.rows and hashlib.sha256(values.tobytes()).hexdigest() != head.sha256:
            raise MediaError(f"{self.path} is damaged: the numbers of its track {chosen!r} have changed; get a whole copy or make it again")
        if not np.isfinite(values).all():
            raise MediaError(f"{self.path} holds motion that is not finite numbers in its track {chosen!r}; make it again")
        return Track(head.space, values, head.fps, low)

    def motion(self, space: Space) -> Track:
        """Read the performance and refuse one that is not in this Space."""
        found = self.heading.tracks[self.names[0]].space
        if found != space:
            raise MediaError(f"{self.path} holds a performance in {found}, but {space} is needed here; choose a take of that kind")
        return self.track()

    def face(self) -> Track:
        """Read the performance in the Space `face`: as it is, or out of a MetaHuman's controls."""
        if self.heading.tracks[self.names[0]].space == RIG:
            return face_of_rig(self.track())
        return self.motion(FACE)

    def beside(self, space: Space) -> Track | None:
        """Read the first further track in this Space that has the rows of the performance, if there is one."""
        first = self.heading.tracks[self.names[0]]
        wanted = (space, first.fps, first.start, first.rows)
        heads = {name: self.heading.tracks[name] for name in self.names[1:]}
        name = next((name for name, head in heads.items() if (head.space, head.fps, head.start, head.rows) == wanted), None)
        return None if name is None else self.track(name)

    @property
    def seconds(self) -> float:
        """How long it lasts: as long as its speech, else as its performance."""
        speech = self.heading.speech
        head = self.heading.tracks[self.names[0]]
        return speech.samples / speech.rate if speech is not None else float(head.rows / head.fps)

    def blocks(self) -> Iterator[Speech]:
        """Give the speech a second at a time; nothing where it is neither in the take nor beside it."""
        head = self.heading.speech
        if head is None:
            return
        if head.sha256:
            for first in range(0, head.samples, head.rate):
                yield self._speech(first, min(first + head.rate, head.samples))
            return
        beside = self.path.absolute().parent / head.source
        if not head.source or not beside.is_file():
            return
        from thespis.speech.read import open_speech

        with beside.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != head.source_sha256:
                raise MediaError(f"{beside} is not the recording that {self.path.name} was made with; put that one beside the take")
        yield from open_speech(beside)

    def speech(self) -> Speech | None:
        """Read the whole speech with what is known of its text, where its sound is at hand."""
        pieces, head = list(self.blocks()), self.heading.speech
        if head is None or not pieces:
            return None
        samples = np.concatenate([piece.samples for piece in pieces], axis=1)
        return Speech(samples, pieces[0].rate, head.text, head.phones, head.words)

    def clip(self) -> Clip:
        """Read everything as a Clip: speech, motion, and labels with the direction, the recipe and the other tracks by name."""
        heading = self.heading
        others = {name: self.track(name) for name in self.names[1:]}
        facts = {"direction": heading.direction, "recipe": heading.recipe, "tracks": others}
        return Clip(self.speech(), None, self.track(), dict(heading.labels) | facts)

    def _speech(self, first: int, stop: int) -> Speech:
        """Read samples out of the take, with the phones and words that begin among them."""
        head = self.heading.speech
        assert head is not None
        samples = self._numbers(SOUND, first, stop).T.astype(np.float32) / FULL_SCALE
        whole = Speech(np.zeros((1, 0), np.float32), head.rate, head.text, head.phones, head.words, first)
        piece = replace(whole, samples=np.ascontiguousarray(samples))
        return replace(piece.cut(first, stop), text=head.text)

    def _numbers(self, name: str, first: int, stop: int) -> npt.NDArray[Any]:
        """Read rows of one array."""
        # Read and not mapped into memory: a mapped file that somebody cuts off would end the whole process.
        array = self._arrays[name]
        kind, (_, size) = DTYPES[array.kind], array.shape
        count = max(stop - first, 0) * size
        try:
            with self.path.open("rb") as file:
                file.seek(array.begin + first * size * kind.itemsize)
                data = file.read(count * kind.itemsize)
        except OSError:
            data = b""
        if len(data) != count * kind.itemsize:
            raise MediaError(f"{self.path} can no longer be read; it was changed or removed while it was open")
        numbers: npt.NDArray[Any] = np.frombuffer(bytearray(data), kind).reshape(-1, size)
        return numbers


def open_take(path: str | Path) -> Take:
    """Open a take; its numbers are read when they are asked for."""
    return Take(path)


@dataclass(frozen=True)
class Stored:
    """Where an array lies: its `kind` as safetensors names it, its `shape`, and the place of its first byte in the file."""

    kind: str
    shape: tuple[int, ...]
    begin: int


def read_header(path: Path) -> tuple[str, dict[str, Stored]]:
    """Read the heading's text, and where every array lies, without reading any of them."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise MediaError(f"there is no take {path}; thespis run ... --take-out FILE{SUFFIX} makes one")
    if not path.is_file():
        raise MediaError(f"{path} is a folder, not a take; give the path of one file")
    try:
        size = path.stat().st_size
        with path.open("rb") as raw:
            length = int.from_bytes(raw.read(8), "little")
            header = raw.read(min(length, LARGEST_HEADER))
        if size < 10:
            raise MediaError(f"{path} is not a take: it holds {size} bytes; make it again or get a whole copy")
        if length > LARGEST_HEADER:
            raise MediaError(
                f"{path} is not a take: its first bytes are not those of a safetensors file; "
                f"thespis run ... --take-out FILE{SUFFIX} or thespis track VIDEO makes one"
            )
        if length + 8 > size:
            raise MediaError(f"{path} breaks off inside its header; get a whole copy or make it again")
        with safe_open(str(path), framework="np") as file:  # refuses whatever is not a safetensors file from end to end
            names = set(file.keys())
        found = json.loads(header)
        text = (found.pop("__metadata__", None) or {}).get(KEY)
        arrays = {name: stored(part, 8 + length, size) for name, part in found.items()}
        if set(arrays) != names:
            raise ValueError("twice")
    except PermissionError:
        raise MediaError(f"{path} may not be read; change its permissions or copy it to a place of your own") from None
    except (SafetensorError, OSError, ValueError, RecursionError) as error:
        raise MediaError(f"{path} is not a take that can be read: {reason(error)}; get a whole copy or make it again") from None
    if text is None:
        raise MediaError(f"{path} is a safetensors file, but not a take: it has no {KEY!r} in its header; thespis track VIDEO makes a take")
    return text, arrays


def stored(part: Mapping[str, Any], origin: int, size: int) -> Stored:
    """Note where an array lies, after checking that it fills the place it is given in a file of `size` bytes."""
    kind, shape, (begin, end) = part["dtype"], tuple(part["shape"]), part["data_offsets"]
    if kind in DTYPES and not 0 <= begin <= end == begin + math.prod(shape) * DTYPES[kind].itemsize <= size - origin:
        raise ValueError("offsets")
    return Stored(kind, shape, origin + begin)


def reason(error: Exception) -> str:
    """Word what the reader of safetensors files complains about."""
    words = str(error)
    if re.search(r"IncompleteBuffer|InvalidOffset|TensorInvalidInfo|MetadataIncomplete", words):
        return "the arrays in it do not fill the file, it is cut off or altered"
    return "its header is damaged"


@dataclass
class Spool:
    """Numbers on their way into a take: a nameless file beside it, their hash, and how many rows there are."""

    file: IO[bytes]
    rows: int = 0
    total: Any = field(default_factory=hashlib.sha256)

    def add(self, values: npt.NDArray[Any]) -> None:
        """Append rows."""
        data = np.ascontiguousarray(values).tobytes()
        self.file.write(data)
        self.total.update(data)
        self.rows += len(values)


class TakeWriter:
    """Writes a take while it is being made, with flat memory; use it in a `with` block, which publishes the file or removes it."""

    def __init__(
        self,
        path: str | Path,
        *,
        direction: Mapping[str, Any] | None = None,
        recipe: str = "",
        recipe_version: str = "",
        labels: Mapping[str, Any] | None = None,
        source: str | Path | None = None,
    ) -> None:
        """Check the path; `direction` and `labels` hold what JSON can hold, `source` is the recording that is spoken."""
        self.output = Output(check_take(path))
        about = {"direction": dict(direction or {}), "labels": dict(labels or {})}
        self._facts: dict[str, Any] = {**about, "recipe": recipe, "recipe_version": recipe_version}
        self._source = None if source is None else Path(source)
        self._tracks: dict[str, tuple[Track, Spool]] = {}
        self._sound: Spool | None = None
        self._spoken: Speech | None = None

    def __enter__(self) -> Self:
        """Begin; the file appears at the end."""
        self._stack = ExitStack()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Write the file when all went well."""
        try:
            with self._stack:  # closing a spool writes what is left of it, and may fail too
                if kind is None:
                    self._write()
            if kind is None:
                self.output.publish()
        except OSError as problem:
            if kind is None:
                raise write_error(problem, self.output.path) from problem
        finally:
            self.output.discard()

    def motion(self, track: Track, name: str | None = None) -> None:
        """Add rows that follow without a gap to a track, named after its Space unless `name` is given; the first is the performance."""
        chosen = track.space.name if name is None else name
        if not TRACK_NAME.fullmatch(chosen):
            raise ValueError(f"{chosen!r} is not a name for a track: use up to 64 small letters, digits, spaces and _ + -")
        if not np.isfinite(track.values).all():
            raise MediaError("the motion holds values that are not finite numbers; it is not written")
        if chosen not in self._tracks:
            self._tracks[chosen] = (replace(track, values=track.values[:0]), self._spool())
        head, spool = self._tracks[chosen]
        if (track.space, track.fps, track.start) != (head.space, head.fps, head.start + spool.rows):
            raise ValueError(
                f"expected {head.space} at {head.fps} fps from row {head.start + spool.rows}, got {track.space} from {track.start}"
            )
        self._add(spool, track.values.astype("<f4"))

    def speech(self, speech: Speech) -> None:
        """Add the next piece of speech, with its text, phones and words."""
        channels = speech.samples if len(speech.samples) <= 2 else speech.mono()[None]
        if self._sound is None:
            self._sound = self._spool()
            self._spoken = Speech(channels[:, :0], speech.rate, speech.text, speech.phones, speech.words)
        else:
            assert self._spoken is not None
            if (speech.rate, len(channels), speech.start) != (self._spoken.rate, len(self._spoken.samples), self._sound.rows):
                raise ValueError(f"expected speech from sample {self._sound.rows}, like what came before, got it from {speech.start}")
            before = self._spoken
            phones = None if before.phones is None else before.phones + (speech.phones or ())
            self._spoken = replace(before, phones=phones, words=None if before.words is None else before.words + (speech.words or ()))
        samples = np.clip(np.round(channels.T * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
        self._add(self._sound, samples.astype("<i2"))

    def _spool(self) -> Spool:
        """Open a nameless file on the same disk."""
        try:
            return Spool(self._stack.enter_context(tempfile.TemporaryFile(dir=self.output.path.parent)))
        except OSError as problem:
            raise write_error(problem, self.output.path) from problem

    def _add(self, spool: Spool, values: npt.NDArray[Any]) -> None:
        """Append, and say so when the disk is full."""
        try:
            spool.add(values)
        except OSError as problem:
            raise write_error(problem, self.output.path) from problem

    def _write(self) -> None:
        """Write the header and then the numbers."""
        if not self._tracks:
            raise MediaError(f"there is no motion to write to {self.output.path}; the speech is too short or the recipe makes none")
        heads = {
            name: TrackHead(head.space, head.fps, head.start, spool.rows, spool.total.hexdigest())
            for name, (head, spool) in self._tracks.items()
        }
        heading = Heading(heads, self._speech_head(), thespis=thespis.__version__, **self._facts)
        header: dict[str, Any] = {"__metadata__": {KEY: write_heading(heading)}}
        parts = {PREFIX + name: ("F32", spool, head.space.size) for name, (head, spool) in self._tracks.items()}
        if self._sound is not None and self._spoken is not None:
            parts[SOUND] = ("I16", self._sound, len(self._spoken.samples))
        at = 0
        for name, (kind, spool, size) in parts.items():
            stop = at + spool.rows * size * (4 if kind == "F32" else 2)
            header[name] = {"dtype": kind, "shape": [spool.rows, size], "data_offsets": [at, stop]}
            at = stop
        text = json.dumps(header, ensure_ascii=False).encode()
        text += b" " * (-len(text) % 8)  # so that the numbers lie at addresses their kind likes
        if len(text) > LARGEST_HEADER:
            raise MediaError(f"what is known of the text is too long for a take: {len(text) >> 20} MiB; leave the labels out")
        with self.output.temporary.open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            for _, spool, _ in parts.values():
                spool.file.seek(0)
                while data := spool.file.read(COPY_BYTES):
                    file.write(data)

    def _speech_head(self) -> SpeechHead | None:
        """Sum up the speech."""
        if self._sound is None or self._spoken is None:
            return None
        source, total = "", ""
        if self._source is not None and self._source.is_file():
            source = plain_name(self._source.name)
            with self._source.open("rb") as file:
                total = hashlib.file_digest(file, "sha256").hexdigest() if source else ""
        spoken = self._spoken
        known = (spoken.text, spoken.phones, spoken.words)
        return SpeechHead(spoken.rate, len(spoken.samples), self._sound.rows, *known, source, total, self._sound.total.hexdigest())


def check_take(path: str | Path, inputs: Iterable[str | Path | None] = ()) -> Path:
    """Refuse a place where a take cannot be written or that is one of the inputs, and give its absolute path."""
    place = Path(path)
    if place.suffix.lower() != SUFFIX:
        raise MediaError(f"a take's name ends in {SUFFIX}, not {place.name!r}")
    if place.is_dir():
        raise MediaError(f"{place} is a folder; name a file that ends in {SUFFIX}")
    check_writable(place, inputs)
    return place.resolve()


def save_take(
    path: str | Path,
    clip: Clip,
    *,
    name: str | None = None,
    tracks: Mapping[str, Track] | None = None,
    direction: Mapping[str, Any] | None = None,
    recipe: str = "",
    labels: Mapping[str, Any] | None = None,
) -> Path:
    """Write a Clip's motion (as the track `name`) and speech, and further tracks by name, as a take, and give its path."""
    if clip.motion is None:
        raise MediaError("this clip has no motion to save as a take")
    with TakeWriter(path, direction=direction, recipe=recipe, labels=labels) as writer:
        writer.motion(clip.motion, name)
        for other, track in (tracks or {}).items():
            writer.motion(track, other)
        if clip.speech is not None:
            writer.speech(replace(clip.speech, start=0))
    return writer.output.path
