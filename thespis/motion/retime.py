"""Bring a Track from its own rate to the frame rate of the picture, on exact fractions, without losing the shortest lip closures."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

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
        first, stop = state.next, state.next
        if last:
            stop = max(first, -(-rows.stop * ratio.denominator // ratio.numerator))
        else:
            while needed(stop, ratio) < rows.stop:
                stop += 1
        made = Track(self.gives, self._rows(rows, np.arange(first, stop), ratio), state.fps, first)
        state.next = stop
        rows.forget(int((2 * stop - 1) * ratio / 2) - 1)
        return made

    def _rows(self, rows: Rows, numbers: npt.NDArray[np.int64], ratio: Fraction) -> Array:
        """Interpolate the output rows of these numbers (n, space.size)."""
        if not len(numbers):
            return np.zeros((0, self.gives.size), np.float32)
        over, under = ratio.numerator, ratio.denominator
        # The interval of a frame is half a frame to either side: input rows from `low` on and before `high`.
        low, high = -((1 - 2 * numbers) * over // (2 * under)), -(-(2 * numbers + 1) * over // (2 * under))
        begin = int(min(low[0], numbers[0] * over // under))
        there = rows.window(begin, needed(int(numbers[-1]), ratio) + 1)
        below, share = numbers * over // under - begin, ((numbers * over % under) / under).astype(np.float32)[:, None]
        made: Array = there[below] + share * (there[below + 1] - there[below])
        if len(self._tokens):
            made[:, self._tokens] = np.where(share < 0.5, there[below], there[below + 1])[:, self._tokens]
        if len(self._peaks):
            for more in range(int((high - low).max())):
                inside = (low + more < high)[:, None]
                now = there[np.minimum(low + more - begin, len(there) - 1)][:, self._peaks]
                made[:, self._peaks] = np.where(inside, np.maximum(made[:, self._peaks], now), made[:, self._peaks])
        return made


def needed(number: int, ratio: Fraction) -> int:
    """Find the last input row that an output row looks at."""
    return max(int(number * ratio) + 1, int(-(-(2 * number + 1) * ratio // 2)) - 1)
