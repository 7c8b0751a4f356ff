"""A made Clip beside the real one: their faces, their rows and their pictures at the same times."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from thespis.evaluate.metric import Doubles, truth_of
from thespis.evaluate.watched import face_points, times
from thespis.types import Bytes, Clip

LEAST = 25  # rows that must be there in both


def real_rows(clip: Clip) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """Find, for each row of a clip up to the end of the real one, where it is among the real rows: broken numbers, and the nearest."""
    truth = truth_of(clip)
    assert truth is not None
    at, real_at = times(clip), times(truth)
    rows = np.interp(at[at <= real_at[-1] + 1e-9], real_at, np.arange(len(real_at)))
    return rows, np.asarray(np.round(rows), np.int64)


def between(values: Doubles, rows: Doubles) -> Doubles:
    """Read values (n, ...) at broken row numbers (m,), each mixed of its two neighbours."""
    low = np.minimum(rows.astype(int), len(values) - 1)
    high = np.minimum(low + 1, len(values) - 1)
    part = (rows - low).reshape(-1, *[1] * (values.ndim - 1))
    # Where a row is met exactly, nothing of a neighbour that was not seen may leak in.
    return np.where(part > 0, (1 - part) * values[low] + part * values[high], values[low])


def beside(clip: Clip) -> tuple[Doubles, Doubles] | None:
    """Lay the face of the real clip beside a clip's, at the same times and each less its own usual face -> both (rows, 468, 3)."""
    truth = truth_of(clip)
    own, real = face_points(clip), None if truth is None else face_points(truth)
    if own is None or real is None or truth is None:
        return None
    rows, _ = real_rows(clip)
    own, mixed = own[: len(rows)], between(real, rows)
    good = np.isfinite(own[:, 0, 0]) & np.isfinite(mixed[:, 0, 0])
    if good.sum() < LEAST:
        return None
    own, mixed = own[good], mixed[good]
    return own - np.median(own, axis=0), mixed - np.median(mixed, axis=0)


def pictures(clip: Clip, most: int) -> Iterator[tuple[Bytes, Bytes, npt.NDArray[np.float32]]]:
    """Give up to `most` pictures of a watched clip, evenly spread, each with the real one at that time and its points (478, 2)."""
    truth = truth_of(clip)
    if truth is None or clip.frames is None or truth.frames is None:
        return
    _, rows = real_rows(clip)
    good = np.flatnonzero(clip.labels["found"][: len(rows)] & truth.labels["found"][rows])
    for row in good[np.unique(np.linspace(0, len(good) - 1, min(most, len(good))).astype(int))] if len(good) else ():
        real = int(rows[row])
        yield clip.frames.images[row], truth.frames.images[real], truth.labels["points"].values[real].reshape(-1, 2)
