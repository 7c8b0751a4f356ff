"""The frames of a video by number, for reading forward and backward: decoded as they are asked for, few held at a time."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import overload

from thespis.capture.footage import Footage
from thespis.types import Bytes

ROOM = 192 << 20  # bytes of frames that are held for reading backward
SKIP = 64  # frames that are rather passed over than sought anew


class Reel(Sequence[Bytes]):
    """The first `count` frames of footage; asked for in order they cost one decoding, in backward order a few for each stretch."""

    def __init__(self, footage: Footage, count: int, room: int = ROOM) -> None:
        """Begin with nothing decoded; `room` is how many bytes a stretch that is read backward may take."""
        self._footage, self._count, self._room = footage, count, room
        self._frames: Iterator[Bytes] = iter(())
        self._next, self._begun = 0, False
        self._held: dict[int, Bytes] = {}

    def __len__(self) -> int:
        """Count the frames."""
        return self._count

    @overload
    def __getitem__(self, number: int) -> Bytes: ...

    @overload
    def __getitem__(self, number: slice) -> list[Bytes]: ...

    def __getitem__(self, number: int | slice) -> Bytes | list[Bytes]:
        """Give a frame (h, w, 3), which is not to be changed."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._count))]
        at = range(self._count)[number]
        if at not in self._held:
            if self._begun and self._next <= at < self._next + SKIP:
                self._held = {at: self._forward(at)}
            elif self._held and at == min(self._held) - 1:
                size = next(iter(self._held.values())).nbytes
                self._stretch(max(at + 1 - max(self._room // size, 1), 0), at)
            else:
                self._seek(at)
                self._held = {at: self._forward(at)}
        return self._held[at]

    def _seek(self, at: int) -> None:
        """Begin to decode anew, and pass over what lies before."""
        self._frames, self._next, self._begun = islice(iter(self._footage), at, None), at, True

    def _forward(self, at: int) -> Bytes:
        """Decode up to a frame; where the file ends early its last one is repeated."""
        picture: Bytes | None = None
        while self._next <= at:
            found = next(self._frames, None)
            self._next += 1
            if found is None:
                break
            picture = found
        if picture is None:
            picture = self._held[max(self._held)] if self._held else self[at - 1]
        return picture

    def _stretch(self, first: int, last: int) -> None:
        """Hold the frames from `first` to `last`."""
        before = self._held[last + 1]
        self._seek(first)
        self._held = {}
        for at in range(first, last + 1):
            self._held[at] = self._forward(at)
        self._held[last + 1] = before
        self._begun = False
