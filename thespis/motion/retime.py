"""Bring a Track from its own rate to the frame rate of the picture, on exact fractions, without losing the shortest lip closures."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thespis.stages import Rows
from thespis.types import Array, Direction, Portrait, Space, Track


@dataclass
class Retiming:
    """The state: the rate to reach, the rows that wait, and the index of the next output row (None before the first chunk)."""

    fps: Fraction
    rows: Rows
    next: int | None = None


class Retime:
    """Interpolate a Track at `fps` rows a second, or at the direction's fps: row k tells what holds at k / fps seconds.

    Channels named in `peaks` give the largest value of the frame's interval, so that a closure of 30 ms is still a closure at 25 fps.
    """

    def __init__(self, space: Space, fps: int | Fraction = 25, peaks: Sequence[str] = ("closure", "dental")) -> None:
        """Keep the Space, and find the channels whose peaks count."""
        self.takes = self.gives = space
        self.fps = Fraction(fps)
        self.delay = Fraction(1, 2) / self.fps
        columns = [np.arange(space.size)[space.slice(name)] for name in space.names if name in peaks]
        self._peaks = np.concatenate(columns) if columns else np.zeros(0, np.intp)
        tokens = [np.arange(space.size)[space.slice(channel.name)] for channel in space.channels if channel.kind == "token"]
        self._tokens = np.concatenate(tokens) if tokens else np.zeros(0, np.intp)

    def start(self, portrait: Portrait, direction: Direction) -> Retiming:
        """Begin without rows."""
        return Retiming(direction.fps or self.fps, Rows(self.takes))

    def step(self, state: Retiming, chunk: Track, last: bool) -> Track:
        """Answer with the rows whose whole interval has come; at the end, with rows up to the end of the input."""
        rows, ratio = state.rows, state.rows.take(chunk) / state.fps  # input rows for one output row
        if state.next is None:
            state.next = -(-rows.start * ratio.denominator // ratio.numerator)
        first = state.next
        stop = first
        if last:
            stop = max(first, -(-rows.stop * ratio.denominator // ratio.numerator))
        else:
            while needed(stop, ratio) < rows.stop:
                stop += 1
        values = [self._row(rows, number, ratio) for number in range(first, stop)]
        state.next = stop
        rows.forget(needed(stop - 1, ratio) - int(ratio) - 2)
        return Track(self.gives, np.stack(values) if values else np.zeros((0, self.gives.size), np.float32), state.fps, first)

    def _row(self, rows: Rows, number: int, ratio: Fraction) -> Array:
        """Interpolate one output row (space.size,)."""
        below = int(number * ratio)
        share = np.float32(number * ratio - below)
        pair = rows.window(below, below + 2)
        row: Array = pair[0] + share * (pair[1] - pair[0])
        if len(self._tokens):
            row[self._tokens] = pair[round(float(share))][self._tokens]
        if len(self._peaks):
            # The interval of the frame is half a frame to either side.
            low, high = -(-(2 * number - 1) * ratio // 2), -(-(2 * number + 1) * ratio // 2)
            inside = rows.window(int(low), int(high))
            if len(inside):
                row[self._peaks] = np.maximum(row[self._peaks], inside[:, self._peaks].max(axis=0))
        return row


def needed(number: int, ratio: Fraction) -> int:
    """Find the last input row that an output row looks at."""
    return max(int(number * ratio) + 1, int(-(-(2 * number + 1) * ratio // 2)) - 1)
