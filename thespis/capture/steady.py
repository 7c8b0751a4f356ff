"""Bridge what was not seen and quieten what trembles, each channel as its kind asks, without delay and without flattening blinks."""

import numpy as np
import numpy.typing as npt

from thespis.motion.rotations import between, quaternions, vectors
from thespis.types import Track

Doubles = npt.NDArray[np.float64]
QUICK = ("eyeBlink", "jaw", "mouth", "gaze", "eyeWide", "eyeSquint", "tongue")
"""Channels that move within a frame or two; all others, such as brows and cheeks, are slower."""

SECONDS = {"quick": 0.022, "slow": 0.05, "rotation": 0.045, "point": 0.045}  # how far in time the smoothing looks, as a spread
EDGE = {"quick": 0.10, "slow": 0.20, "rotation": 0.09, "point": 0.08}  # a change this large is a movement and no trembling


def bridge(track: Track, seen: npt.NDArray[np.bool_]) -> Track:
    """Fill the rows that were not seen (rows,) from those around them: straight, rotations by the shortest arc, the ends held."""
    known = np.flatnonzero(seen)
    if len(known) == 0 or len(known) == len(track):
        return track
    rows = np.arange(len(track))
    after = np.searchsorted(known, rows).clip(0, len(known) - 1)
    right = known[after]
    left = np.where(right <= rows, right, known[np.maximum(after - 1, 0)])
    left, right = np.where(seen, rows, left), np.where(seen, rows, right)
    share = np.clip((rows - left) / np.maximum(right - left, 1), 0.0, 1.0)
    values = track.values.astype(np.float64)
    made = values[left] * (1 - share[:, None]) + values[right] * share[:, None]
    for channel in track.space.channels:
        if channel.kind == "rotation":
            columns = track.space.slice(channel.name)
            made[:, columns] = between(values[left][:, columns], values[right][:, columns], share)
    return Track(track.space, made.astype(np.float32), track.fps, track.start)


def quieten(track: Track, breaks: tuple[int, ...] = (), amount: float = 1.0) -> Track:
    """Smooth a Track forward and backward alike; nothing crosses the rows in `breaks`, and large quick changes stay."""
    values = track.values.astype(np.float64)
    made = values.copy()
    rows = np.arange(len(track))
    shot = np.searchsorted(np.asarray(sorted(breaks), np.int64), rows, side="right")
    for name, kind, columns in groups(track):
        spread = amount * SECONDS[kind] * float(track.fps)
        reach = int(np.ceil(2.5 * spread))
        if spread < 0.2 or reach < 1:
            continue
        own = values[:, columns]
        total, weight = np.zeros_like(own), np.zeros((len(own), 1 if name else own.shape[1]))
        turns = quaternions(own) if kind == "rotation" else None
        for step in range(-reach, reach + 1):
            other = np.clip(rows + step, 0, len(rows) - 1)
            away = own[other] - own if turns is None else apart(turns, turns[other])
            size = np.linalg.norm(away, axis=1, keepdims=True) if name else np.abs(away)
            near = np.exp(-0.5 * (step / spread) ** 2 - 0.5 * (size / EDGE[kind]) ** 2)
            # Rows beyond an end or a cut count on neither side, so that slopes are not bent there.
            mirror = np.clip(rows - step, 0, len(rows) - 1)
            inside = (rows + step == other) & (rows - step == mirror) & (shot[other] == shot) & (shot[mirror] == shot)
            near = near * inside[:, None]
            total += near * away
            weight += near
        change = total / weight
        made[:, columns] = own + change if turns is None else turned(turns, change)
    return Track(track.space, made.astype(np.float32), track.fps, track.start)


def groups(track: Track) -> list[tuple[str, str, list[int]]]:
    """Sort the columns: one entry for each channel of several numbers, and one for each speed of single ones -> name, kind, columns."""
    singles: dict[str, list[int]] = {"quick": [], "slow": []}
    found: list[tuple[str, str, list[int]]] = []
    for channel in track.space.channels:
        columns = track.space.slice(channel.name)
        if channel.kind in ("rotation", "point"):
            found.append((channel.name, channel.kind, list(range(columns.start, columns.stop))))
        elif channel.kind in ("linear", "log_scale"):
            singles["quick" if channel.name.startswith(QUICK) else "slow"] += range(columns.start, columns.stop)
    return found + [("", speed, columns) for speed, columns in singles.items() if columns]


def product(one: Doubles, other: Doubles) -> Doubles:
    """Multiply quaternions (n, 4), x y z w."""
    a, b = one[:, :3], other[:, :3]
    vector = one[:, 3:] * b + other[:, 3:] * a + np.cross(a, b)
    return np.concatenate([vector, one[:, 3:] * other[:, 3:] - (a * b).sum(axis=1, keepdims=True)], axis=1)


def apart(one: Doubles, other: Doubles) -> Doubles:
    """Find the rotation vectors (n, 3) that lead from quaternions (n, 4) to others."""
    return vectors(product(one * np.array([-1.0, -1.0, -1.0, 1.0]), other))


def turned(one: Doubles, change: Doubles) -> Doubles:
    """Turn quaternions (n, 4) on by rotation vectors (n, 3) -> rotation vectors."""
    return vectors(product(one, quaternions(change)))
