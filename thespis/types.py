"""The nouns: Speech, Space, Track, Frames, Portrait, Direction and Clip.

The sample index of the Speech is the clock of everything else: frame `k` shows sample `round(k * rate / fps)`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from thespis.emphasis import Emphases
from thespis.errors import DirectionError

Array = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Kind = Literal["linear", "rotation", "log_scale", "point", "token"]
KINDS: tuple[Kind, ...] = ("linear", "rotation", "log_scale", "point", "token")


def frame_count(samples: int, rate: int, fps: Fraction) -> int:
    """Count the frames of a finished video: seconds times fps, rounded half up."""
    return int(Fraction(samples) * fps / rate + Fraction(1, 2))


def frame_sample(frame: int, rate: int, fps: Fraction) -> int:
    """Find the sample that frame number `frame` shows."""
    return int(Fraction(frame) * rate / fps + Fraction(1, 2))


@dataclass(frozen=True)
class Channel:
    """One named quantity of a Space: `size` numbers whose `kind` says how they are averaged and interpolated."""

    name: str
    kind: Kind = "linear"
    size: int = 1

    def __post_init__(self) -> None:
        """Refuse kinds nobody knows."""
        if self.kind not in KINDS:
            raise ValueError(f"channel {self.name!r} has the unknown kind {self.kind!r}; known: {', '.join(KINDS)}")


@dataclass(frozen=True)
class Space:
    """What the numbers of a time series mean: named channels in order; two Spaces are equal when their values are."""

    name: str
    channels: tuple[Channel, ...] = ()

    def __post_init__(self) -> None:
        """Refuse two channels of one name."""
        names = self.names
        if len(set(names)) != len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise ValueError(f"space {self.name!r} names a channel twice: {', '.join(twice)}")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The channel names in order."""
        return tuple(channel.name for channel in self.channels)

    @cached_property
    def size(self) -> int:
        """How many numbers one row has."""
        return sum(channel.size for channel in self.channels)

    @cached_property
    def _slices(self) -> dict[str, slice]:
        """The columns of every channel; looked up for every frame, so found once."""
        stops = list(accumulate(channel.size for channel in self.channels))
        return {channel.name: slice(stop - channel.size, stop) for channel, stop in zip(self.channels, stops, strict=True)}

    def slice(self, name: str) -> slice:
        """Find the columns of one channel."""
        if name not in self._slices:
            raise KeyError(f"space {self.name!r} has no channel {name!r}; it has {', '.join(self.names)}")
        return self._slices[name]

    def column(self, name: str) -> int:
        """Find the one column of a channel of size 1."""
        columns = self.slice(name)
        if columns.stop - columns.start != 1:
            raise KeyError(f"channel {name!r} of space {self.name!r} has {columns.stop - columns.start} columns, not one")
        return int(columns.start)

    def __add__(self, other: "Space") -> "Space":
        """Put another Space's channels after these."""
        return Space(f"{self.name}+{other.name}", self.channels + other.channels)

    def __str__(self) -> str:
        """Name the space and how many numbers a row has."""
        return f"{self.name} ({self.size} numbers)" if self.channels else self.name


def linear(name: str, *channels: str) -> Space:
    """Make a Space of single linear channels."""
    return Space(name, tuple(Channel(channel) for channel in channels))


SAMPLES = Space("samples")
FRAMES = Space("frames")


@dataclass(frozen=True, eq=False)
class Track:
    """A time series that knows what it is: `values` (rows, space.size), `fps`, and the index `start` of its first row."""

    space: Space
    values: Array
    fps: Fraction
    start: int = 0

    def __post_init__(self) -> None:
        """Refuse values whose shape is not the Space's."""
        if self.values.ndim != 2 or self.values.shape[1] != self.space.size:
            raise ValueError(f"a Track in {self.space} needs values of shape (rows, {self.space.size}), not {self.values.shape}")
        if self.fps <= 0:
            raise ValueError(f"a Track needs a positive fps, not {self.fps}")

    @classmethod
    def empty(cls, space: Space, fps: Fraction, start: int = 0) -> Self:
        """Make a Track without rows."""
        return cls(space, np.zeros((0, space.size), np.float32), fps, start)

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.values)

    def __getitem__(self, name: str) -> Array:
        """Give one channel: (rows,) for a channel of size 1, else (rows, size)."""
        columns = self.values[:, self.space.slice(name)]
        return columns[:, 0] if columns.shape[1] == 1 else columns

    @property
    def stop(self) -> int:
        """The index after the last row."""
        return self.start + len(self)

    @property
    def seconds(self) -> npt.NDArray[np.float64]:
        """The time of each row (rows,), in seconds."""
        return np.arange(self.start, self.stop) * float(1 / self.fps)

    def replace(self, **channels: npt.ArrayLike) -> Self:
        """Copy with some channels changed, by name."""
        values = self.values.copy()
        for name, column in channels.items():
            columns = self.space.slice(name)
            values[:, columns] = np.asarray(column, np.float32).reshape(len(self), columns.stop - columns.start)
        return replace(self, values=values)

    def cut(self, start: int, stop: int) -> Self:
        """Keep the rows with index `start` to `stop`, as far as they are there."""
        low, high = max(start, self.start), min(stop, self.stop)
        return replace(self, values=self.values[max(low - self.start, 0) : max(high - self.start, 0)], start=low)

    def join(self, other: "Track") -> Self:
        """Append the Track that follows this one without a gap."""
        if (other.space, other.fps, other.start) != (self.space, self.fps, self.stop):
            raise ValueError(
                f"cannot join {other.space} at {other.fps} fps from row {other.start} "
                f"to {self.space} at {self.fps} fps that ends at row {self.stop}"
            )
        return replace(self, values=np.concatenate([self.values, other.values]))

    def beside(self, other: "Track") -> "Track":
        """Put the channels of a Track of the same rows after these."""
        if (other.fps, other.start, len(other)) != (self.fps, self.start, len(self)):
            raise ValueError(f"cannot put {other.space} beside {self.space}: their rows are not at the same times")
        return Track(self.space + other.space, np.concatenate([self.values, other.values], axis=1), self.fps, self.start)


@dataclass(frozen=True, eq=False)
class Frames:
    """Pictures at a rate: `images` (frames, height, width, 3 or 4) RGB or RGBA bytes, and the index `start` of the first."""

    images: Bytes
    fps: Fraction
    start: int = 0

    def __post_init__(self) -> None:
        """Refuse anything but RGB or RGBA bytes."""
        if self.images.ndim != 4 or self.images.shape[3] not in (3, 4) or self.images.dtype != np.uint8:
            raise ValueError(
                f"Frames need uint8 images of shape (frames, height, width, 3 or 4), not {self.images.dtype} {self.images.shape}"
            )

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.images)

    @property
    def stop(self) -> int:
        """The index after the last frame."""
        return self.start + len(self)

    def cut(self, start: int, stop: int) -> Self:
        """Keep the frames with index `start` to `stop`, as far as they are there."""
        low, high = max(start, self.start), min(stop, self.stop)
        return replace(self, images=self.images[max(low - self.start, 0) : max(high - self.start, 0)], start=low)

    def join(self, other: "Frames") -> Self:
        """Append the Frames that follow these without a gap."""
        if (other.fps, other.start) != (self.fps, self.stop):
            raise ValueError(
                f"cannot join frames from {other.start} at {other.fps} fps to frames that end at {self.stop} at {self.fps} fps"
            )
        return replace(self, images=np.concatenate([self.images, other.images]))


@dataclass(frozen=True)
class Phone:
    """One speech sound: its IPA `symbol`, and `start` and `end` in seconds on the Speech's clock."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Word:
    """One word: its `text`, and `start` and `end` in seconds on the Speech's clock."""

    text: str
    start: float
    end: float


Timed = TypeVar("Timed", Phone, Word)


def within(items: tuple[Timed, ...], first: float, after: float) -> tuple[Timed, ...]:
    """Keep the items, ordered by time, that begin from `first` on and before `after` seconds."""
    return items[bisect_left(items, first, key=lambda item: item.start) : bisect_left(items, after, key=lambda item: item.start)]


@dataclass(frozen=True, eq=False)
class Speech:
    """What is said: `samples` (channels, n) in -1 to 1, an integer `rate`, and the index `start` of the first sample.

    `phones` is None where the text is unknown; a tuple holds the phones that begin within these samples.
    """

    samples: Array
    rate: int
    text: str | None = None
    phones: tuple[Phone, ...] | None = None
    words: tuple[Word, ...] | None = None
    start: int = 0

    def __post_init__(self) -> None:
        """Refuse samples without a channel axis."""
        if self.samples.ndim != 2 or self.samples.shape[0] < 1:
            raise ValueError(f"Speech needs samples of shape (channels, n), not {self.samples.shape}")
        if self.rate <= 0:
            raise ValueError(f"Speech needs a positive rate, not {self.rate}")

    def __len__(self) -> int:
        """Count the samples of one channel."""
        return int(self.samples.shape[1])

    @property
    def stop(self) -> int:
        """The index after the last sample."""
        return self.start + len(self)

    @property
    def seconds(self) -> float:
        """How long it lasts, in seconds."""
        return len(self) / self.rate

    def mono(self) -> Array:
        """Mix the channels to one (n,)."""
        mixed: Array = self.samples[0] if len(self.samples) == 1 else self.samples.mean(axis=0, dtype=np.float32)
        return mixed

    def cut(self, start: int, stop: int) -> Self:
        """Keep the samples with index `start` to `stop`, and the phones and words that begin within them."""
        low, high = max(start, self.start), max(min(stop, self.stop), max(start, self.start))
        first, after = low / self.rate, high / self.rate
        return replace(
            self,
            samples=self.samples[:, low - self.start : high - self.start],
            phones=None if self.phones is None else within(self.phones, first, after),
            words=None if self.words is None else within(self.words, first, after),
            start=low,
        )


@dataclass(frozen=True, eq=False)
class Portrait:
    """Who acts: one or more `images` (height, width, 3) RGB bytes; `face` picks one of several people, counted from 1 from the left.

    `alpha` (height, width) is the picture's own transparency where it has one; `name` is what messages call it. `points` (478, 3) say
    in pixels where the face is, where that is known already; then nobody looks for it. `fitted` is the folder of a person who was
    fitted to a video; the image then shows them, for recipes that draw from pictures. The images of a video are its frames, decoded as
    they are asked for, and `places` then says where the face is in each: points (478, 3), or None where it is not seen.
    """

    images: Sequence[Bytes]
    face: int | None = None
    alpha: Bytes | None = None
    name: str = "the portrait"
    points: Array | None = None
    fitted: Path | None = None
    places: Sequence[Array | None] | None = None

    def __post_init__(self) -> None:
        """Refuse anything but RGB bytes, and points that are not those of a face."""
        if not len(self.images):
            raise ValueError("a Portrait needs at least one image")
        if self.places is not None and len(self.places) != len(self.images):
            raise ValueError(f"the places of a Portrait are one for each image, not {len(self.places)} for {len(self.images)}")
        if self.points is not None and self.points.shape != (478, 3):
            raise ValueError(f"the points of a Portrait are (478, 3), not {self.points.shape}")
        # Of a video the first frame is looked at: it is long.
        for image in self.images if self.places is None else (self.images[0],):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise ValueError(f"a Portrait needs uint8 images of shape (height, width, 3), not {image.dtype} {image.shape}")

    @property
    def image(self) -> Bytes:
        """The first image."""
        return self.images[0]


EMOTION = linear("emotion", "neutral", "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised")
HEAD_TURN = linear("head turn", "yaw", "pitch", "roll")
GAZE_TURN = linear("gaze turn", "yaw", "pitch")
AMOUNT = linear("amount", "amount")
Crop = Literal["head", "picture", "original"]
Others = Literal["still", "alive"]


@dataclass(frozen=True)
class Key:
    """One keyframe of a Curve: from `at` seconds the value moves to `value`, and arrives `over` seconds later."""

    at: float
    value: tuple[float, ...]
    over: float = 0.6


@dataclass(frozen=True)
class Curve:
    """A wish over time: keyframes in order; the first one holds from the beginning."""

    space: Space
    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        """Refuse keys out of order or of the wrong size."""
        if not self.keys:
            raise ValueError(f"a Curve in {self.space} needs at least one key")
        if any(len(key.value) != self.space.size or not np.isfinite([key.at, key.over, *key.value]).all() for key in self.keys):
            raise ValueError(f"every key of a Curve in {self.space} needs {self.space.size} finite numbers")
        if any(after.at < before.at for before, after in pairwise(self.keys)):
            raise ValueError("the keys of a Curve stand in order of time")

    @classmethod
    def constant(cls, space: Space, **channels: float) -> Self:
        """Hold one value for ever; channels not named are zero."""
        value = np.zeros(space.size)
        for name, amount in channels.items():
            value[space.slice(name)] = amount
        return cls(space, (Key(0.0, tuple(value.tolist()), 0.0),))

    @cached_property
    def _moves(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """When each key begins (keys,), how long it takes (keys,), from which value (keys, size) and to which (keys, size)."""
        begins = np.asarray([key.at for key in self.keys])
        lasting = np.asarray([max(key.over, 1e-6) for key in self.keys])
        targets = np.asarray([key.value for key in self.keys], np.float64)
        origins = targets.copy()
        for number in range(1, len(self.keys)):
            # Each key takes over from wherever the one before it had got to; the first one holds from the beginning.
            share = soft_step((begins[number] - begins[number - 1]) / lasting[number - 1])
            origins[number] = origins[number - 1] + share * (targets[number - 1] - origins[number - 1])
        return begins, lasting, origins, targets

    def at(self, seconds: npt.ArrayLike) -> Array:
        """Evaluate at times (n,) in seconds -> (n, space.size); every move starts and ends at rest."""
        times = np.atleast_1d(np.asarray(seconds, np.float64))
        begins, lasting, origins, targets = self._moves
        now = np.maximum(np.searchsorted(begins, times, side="right") - 1, 0)
        share = soft_step((times - begins[now]) / lasting[now])[:, None]
        values: Array = (origins[now] + share * (targets[now] - origins[now])).astype(np.float32)
        return values


def soft_step(share: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Go from 0 to 1, at rest at both ends (same shape); what is outside 0 to 1 stays at the end."""
    inside: npt.NDArray[np.float64] = np.clip(np.asarray(share, np.float64), 0.0, 1.0)
    return inside * inside * (3 - 2 * inside)


NO_EMOTION = Curve.constant(EMOTION)
NATURAL = Curve.constant(AMOUNT, amount=1.0)
NOT_AT_ALL = Curve.constant(AMOUNT, amount=0.0)


@dataclass(frozen=True)
class Direction:
    """What the user asks for. A field left at its default is not asked; a recipe refuses what its card does not accept.

    `emotion` weighs emotions by name (0 to 1.5) over time, `eyes` and `mouth` in its place for that part of the face alone; `head` and
    `gaze` are degrees (positive yaw towards the picture's right, positive pitch down, positive roll clockwise) with None for natural
    motion; `blink` is blinks a minute; `lips` and `motion` scale articulation and everything that is not articulation (1 is natural);
    `listening` tells from 0 to 1 whether whoever is silent listens to somebody; `style` says in words how somebody acts;
    `words` are said by the lips more strongly, more weakly, or held; `size` is (width, height) in pixels. `crop` shows the head, the
    whole picture, or the picture at its own size with every pixel that does not move untouched; so it is with `others` alive too,
    where the other people of the picture live. `background` replaces what is behind the person: a colour, a picture file, or
    "transparent". `motion_blur` is for how much of each frame's time the picture is exposed, 0 to 1.
    """

    emotion: Curve = NO_EMOTION
    eyes: Curve | None = None
    mouth: Curve | None = None
    head: Curve | None = None
    gaze: Curve | None = None
    blink: float | None = None
    lips: Curve = NATURAL
    motion: Curve = NATURAL
    listening: Curve = NOT_AT_ALL
    words: Emphases = Emphases()  # noqa: RUF009 - a tuple
    style: str | None = None
    prompt: str | None = None
    guidance: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    fps: Fraction | None = None
    size: tuple[int, int] | None = None
    crop: Crop = "head"
    others: Others = "still"
    background: str | None = None
    motion_blur: float = 0.0

    def asked(self) -> tuple[str, ...]:
        """Name the fields that differ from their defaults."""
        default = Direction()
        return tuple(f.name for f in fields(self) if getattr(self, f.name) != getattr(default, f.name))

    def check(self, recipe: str, accepts: frozenset[str]) -> None:
        """Refuse what the recipe cannot follow."""
        refused = [name for name in self.asked() if name not in accepts]
        if refused:
            raise DirectionError(
                f"the recipe {recipe!r} cannot follow {', '.join(refused)}; it accepts {', '.join(sorted(accepts)) or 'no direction'}. "
                "Leave it out or choose another recipe (thespis list)."
            )


def random_for(seed: int, purpose: str) -> np.random.Generator:
    """Make the generator of one purpose, so that two parts with one seed never share their randomness."""
    return np.random.default_rng([seed, *purpose.encode()])


@dataclass(frozen=True, eq=False)
class Clip:
    """Speech with the frames and the motion that go with it: a result, an item of a data set, the argument of a metric."""

    speech: Speech | None = None
    frames: Frames | None = None
    motion: Track | None = None
    labels: Mapping[str, Any] = field(default_factory=dict)
