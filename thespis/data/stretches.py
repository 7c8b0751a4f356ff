"""Go through a talking clip of any length a minute at a time: faces followed, sound heard, pictures at hand once more to be cut out."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np

from thespis.capture.faces import quiet
from thespis.capture.follow import Followed, follow
from thespis.capture.footage import Footage, open_footage
from thespis.data.item import Item
from thespis.errors import MediaError
from thespis.speech.read import open_speech
from thespis.types import Bytes, Speech

SECONDS = 60  # of a stretch, which bounds what is in memory at once


@dataclass(frozen=True)
class Part(Footage):
    """Some pictures of a file, as footage of their own."""

    pictures: Iterator[Bytes] = field(default_factory=lambda: iter(()))

    def __iter__(self) -> Iterator[Bytes]:
        """Give the pictures, once."""
        return self.pictures


@dataclass(frozen=True, eq=False)
class Stretch:
    """Part of a clip from frame `first` on: who was `followed` in it, its `speech` from 0 on (or None), and its `pictures`, once."""

    first: int
    fps: Fraction
    followed: Followed
    speech: Speech | None
    pictures: Iterator[Bytes]


class Tape:
    """The sound of a file, taken off in order; no more is held than was asked for."""

    def __init__(self, path: Path) -> None:
        """Open it."""
        file = open_speech(path)
        self.rate, self._blocks = file.rate, iter(file)
        self._held: Speech | None = None

    def take(self, start: int, stop: int) -> Speech:
        """Give the samples from `start` to `stop`, as a Speech from 0 on; what is missing at the end is silence."""
        while self._held is None or self._held.stop < stop:
            block = next(self._blocks, None)
            if block is None:
                break
            held = self._held
            self._held = block if held is None else replace(held, samples=np.concatenate([held.samples, block.samples], axis=1))
        if self._held is None:
            raise MediaError("its sound is empty")
        found = self._held.cut(start, stop)
        self._held = self._held.cut(stop, self._held.stop)
        lacks = (stop - start) - len(found)
        samples = np.pad(found.samples, ((0, 0), (0, lacks))) if lacks > 0 else found.samples
        return Speech(samples, self.rate)


def tape_of(item: Item) -> Tape | None:
    """Open the sound of a clip: its own file, or that of the video; None where the video has none."""
    if item.sound is not None:
        return Tape(item.sound)
    assert item.video is not None
    try:
        return Tape(item.video)
    except MediaError as error:
        if "has no sound" in str(error):
            return None
        raise


def stretches(item: Item, seconds: float = SECONDS) -> Iterator[Stretch]:
    """Go through a clip; each stretch must be done with before the next is asked for."""
    assert item.video is not None
    footage = open_footage(item.video)
    if footage.still:
        raise MediaError("it is a picture and not a video")
    # Two readers of one file: the second is behind by the stretch that the first has followed.
    ahead, behind = iter(footage), iter(footage)
    tape = tape_of(item)
    first, count = 0, max(round(seconds * footage.fps), 1)
    while True:
        with quiet():
            found = follow(Part(footage.path, footage.fps, None, pictures=islice(ahead, count)))
        if not found.frames:
            return
        speech = None
        if tape is not None:
            start, stop = (round(Fraction(frame) * tape.rate / footage.fps) for frame in (first, first + found.frames))
            speech = tape.take(start, stop)
        pictures = islice(behind, found.frames)
        yield Stretch(first, footage.fps, found, speech, pictures)
        for _ in pictures:
            pass  # what nobody took
        first += found.frames
