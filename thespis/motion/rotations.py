"""Rotation vectors, matrices, quaternions and yaw, pitch, roll: whole tracks at a time, in camera axes (x right, y down, z away)."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
TINY = 1e-12


def quaternions(vectors: npt.ArrayLike) -> Doubles:
    """Turn rotation vectors (n, 3) in radians into unit quaternions (n, 4), x y z w with w >= 0 for angles up to pi."""
    turns = np.asarray(vectors, np.float64)
    angle = np.linalg.norm(turns, axis=1, keepdims=True)
    # sin(a/2)/a tends to 1/2 as the angle goes to nothing.
    scale = np.where(angle > TINY, np.sin(angle / 2) / np.maximum(angle, TINY), 0.5)
    return np.concatenate([turns * scale, np.cos(angle / 2)], axis=1)


def vectors(quats: npt.ArrayLike) -> Doubles:
    """Turn unit quaternions (n, 4), x y z w, into the shortest rotation vectors (n, 3) in radians."""
    given = np.asarray(quats, np.float64)
    given = np.where(given[:, 3:] < 0, -given, given)
    size = np.linalg.norm(given[:, :3], axis=1, keepdims=True)
    angle = 2 * np.arctan2(size, given[:, 3:])
    return np.asarray(given[:, :3] * np.where(size > TINY, angle / np.maximum(size, TINY), 2.0))


def between(first: npt.ArrayLike, second: npt.ArrayLike, share: npt.ArrayLike) -> Doubles:
    """Turn a share (n,) of the shortest way from rotation vectors (n, 3) to others (n, 3)."""
    one, other = quaternions(first), quaternions(second)
    cosine = (one * other).sum(axis=1, keepdims=True)
    other, cosine = np.where(cosine < 0, -other, other), np.clip(np.abs(cosine), 0.0, 1.0)
    part = np.asarray(share, np.float64)[:, None]
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    near = sine < 1e-6  # so close that a straight line is the arc
    safe = np.where(near, 1.0, sine)
    mixed = one * np.where(near, 1 - part, np.sin((1 - part) * angle) / safe) + other * np.where(near, part, np.sin(part * angle) / safe)
    return vectors(mixed / np.linalg.norm(mixed, axis=1, keepdims=True))


def matrices(turns: npt.ArrayLike) -> Doubles:
    """Turn rotation vectors (n, 3) in radians into matrices (n, 3, 3)."""
    x, y, z, w = quaternions(turns).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def turn_vectors(turns: npt.ArrayLike) -> Doubles:
    """Turn matrices (n, 3, 3) into the shortest rotation vectors (n, 3) in radians; turns of less than half a circle come back exactly."""
    given = np.asarray(turns, np.float64)
    skew = np.stack([given[:, 2, 1] - given[:, 1, 2], given[:, 0, 2] - given[:, 2, 0], given[:, 1, 0] - given[:, 0, 1]], axis=1)
    double = np.sqrt(np.maximum(1 + given[:, 0, 0] + given[:, 1, 1] + given[:, 2, 2], TINY))[:, None]
    return vectors(np.concatenate([skew / (2 * double), double / 2], axis=1))


def from_angles(y: npt.ArrayLike, x: npt.ArrayLike, z: npt.ArrayLike) -> Doubles:
    """Turn about z, then x, then y by angles (n,) in radians each -> rotation vectors (n, 3)."""
    half = [np.asarray(angle, np.float64) / 2 for angle in (y, x, z)]
    (cy, cx, cz), (sy, sx, sz) = (np.cos(angle) for angle in half), (np.sin(angle) for angle in half)
    return vectors(
        np.stack([cy * sx * cz + sy * cx * sz, sy * cx * cz - cy * sx * sz, cy * cx * sz - sy * sx * cz, cy * cx * cz + sy * sx * sz], 1)
    )


def to_angles(turns: npt.ArrayLike) -> tuple[Doubles, Doubles, Doubles]:
    """Find the angles (n,) about y, x and z that `from_angles` makes rotation vectors (n, 3) from."""
    matrix = matrices(turns)
    x = np.arcsin(np.clip(-matrix[:, 1, 2], -1.0, 1.0))
    return np.arctan2(matrix[:, 0, 2], matrix[:, 2, 2]), x, np.arctan2(matrix[:, 1, 0], matrix[:, 1, 1])
