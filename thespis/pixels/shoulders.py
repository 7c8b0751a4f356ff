"""Where a head ends and its shoulders begin: beside the neck the wall shows between them, and what lies below it does not go along."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from thespis.pixels.layers import smoothstep
from thespis.types import Array

Rows = npt.NDArray[np.int64]
ACROSS, STEP = 3.0, 0.04  # eye distances beside the face's middle in which shoulders are looked for, and between places
ABOVE, BELOW = 1.1, 1.3  # eye distances above the chin, and below it, within which they begin
LEAST = 0.08  # eye distances of wall that part a head from a shoulder, and of a shoulder below that
WIDE = 0.2  # eye distances of such wall from side to side, or hair hides where the neck ends
SLOPE = 2.0  # eye distances by which a neck ends lower for each that it lies farther in than its edge
GIVES = (0.12, 0.5)  # eye distances over which what follows the head comes to stay, at least and at most
EVEN = 3  # places to each side by which the line of the shoulders is evened


def still_below(outline: Array, covers: Callable[[Array], Array]) -> Callable[[Array], Array]:
    """Say what may follow a head whose face has the `outline` (n, 3) in its own axes: made for spots (n, 2) there -> (n,), 0 on shoulders.

    `covers` says how much person there is at spots (n, 2) in the face's own axes.
    """
    chin = float(outline[:, 1].max())
    x = np.arange(-ACROSS, ACROSS + STEP / 2, STEP, dtype=np.float32)
    y = np.arange(chin - ABOVE, chin + BELOW, STEP, dtype=np.float32)
    person = covers(np.stack(np.broadcast_arrays(x[None], y[:, None]), axis=2).reshape(-1, 2)).reshape(len(y), len(x)) > 0.5
    ends, begins = parted(person)
    low, high = np.full(len(x), np.inf, np.float32), np.full(len(x), np.inf, np.float32)
    for side in (-1, 1):
        # From the neck outwards, as far as the wall shows.
        order = np.arange(len(x) // 2, -1, -1) if side < 0 else np.arange(len(x) // 2, len(x))
        shows = np.flatnonzero(begins[order] > 0)
        # Hair that only widens downwards has no head above it where the wall shows.
        if len(shows) * STEP < WIDE or not ends[order[shows[0]]]:
            continue
        edge = order[shows]
        away = np.abs(x[edge[0]]) - side * x
        line = np.interp(np.abs(x), np.abs(x[edge]), y[begins[edge]])
        head = np.interp(np.abs(x), np.abs(x[edge]), y[ends[edge]])
        # What hangs down without a gap, hair or a scarf, goes along as far as it does.
        hangs = (begins == 0) & person[np.clip(np.round((line - y[0]) / STEP).astype(int) - 1, 0, len(y) - 1), np.arange(len(x))]
        own = np.where(away > 0, line[edge[0]] + SLOPE * np.maximum(away, 0), line + BELOW * hangs)
        gap = np.where((away > 0) | hangs, own - GIVES[1], np.clip(head, own - GIVES[1], own - GIVES[0]))
        nearer = own < high
        low, high = np.where(nearer, gap, low), np.where(nearer, own, high)
    if not np.isfinite(high).all():
        return lambda spots: np.ones(len(spots), np.float32)
    low, high = (evened(each) for each in (low, high))

    def limit(spots: Array) -> Array:
        top, bottom = (np.interp(spots[:, 0], x, each) for each in (low, high))
        return np.asarray(1 - smoothstep(0.0, 1.0, (spots[:, 1] - top) / (bottom - top)), np.float32)

    return limit


def parted(person: npt.NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Find in each column of what is a `person` (h, w) the row where what is above the last wall ends (w,), and where the body begins (w,).

    Both are 0 where no wall parts them, or nobody is below.
    """
    ends, begins = np.zeros(person.shape[1], np.int64), np.zeros(person.shape[1], np.int64)
    least = round(LEAST / STEP)
    for column in range(person.shape[1]):
        steps = np.flatnonzero(np.diff(np.concatenate([[True], person[:, column], [False]]).astype(int)))
        # Walls begin at every second step, and end at those between.
        for start, end, under in zip(steps[::2], steps[1::2], [*steps[2::2]], strict=False):
            if end - start >= least and under - end >= least:
                ends[column], begins[column] = start, end
    return ends, begins


def evened(line: Array) -> Array:
    """Even a line (n,)."""
    size = 2 * EVEN + 1
    return np.asarray(np.convolve(np.pad(line, EVEN, mode="edge"), np.full(size, 1 / size), mode="valid"), np.float32)
