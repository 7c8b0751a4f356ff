"""The FLAME layer: shape, expression and joint rotations -> vertices, for OpenHead and for the user's own FLAME files.

Linear blend skinning with pose correctives as in SMPL (Loper et al. 2015) and FLAME (Li et al. 2017). Numpy; `flame_torch` gives the
same numbers in torch.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.types import Array

Indices = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.floating[Any]]
JOINTS = ("root", "neck", "jaw", "eye_left", "eye_right")
PARENTS = (-1, 0, 1, 1, 1)
BLOCK = 64  # poses worked out at a time: blended joints take four times the memory of the vertices
TINY = 1e-8  # smplx adds it to each component before it takes the length of a rotation vector


def rotation_matrices(vectors: Numbers) -> Numbers:
    """Turn rotation vectors (..., 3), in radians, into matrices (..., 3, 3)."""
    angle = np.linalg.norm(vectors + np.asarray(TINY, vectors.dtype), axis=-1)[..., None]
    x, y, z = np.moveaxis(vectors / angle, -1, 0)
    none = np.zeros_like(x)
    cross = np.stack([none, -z, y, z, none, -x, -y, x, none], axis=-1).reshape(*vectors.shape[:-1], 3, 3)
    sine, cosine = np.sin(angle)[..., None], np.cos(angle)[..., None]
    return np.asarray(np.eye(3, dtype=vectors.dtype) + sine * cross + (1 - cosine) * (cross @ cross))


def rotation_vectors(matrices: Numbers) -> Numbers:
    """Turn rotation matrices (..., 3, 3) into vectors (..., 3) of at most half a turn, in radians."""
    m = np.asarray(matrices, np.float64)
    # The four candidates of the unit quaternion; the one with the largest component is the exact one.
    trace = m[..., 0, 0] + m[..., 1, 1] + m[..., 2, 2]
    squares = np.stack([1 + trace] + [1 + 2 * m[..., axis, axis] - trace for axis in range(3)], axis=-1)
    best = squares.argmax(axis=-1)
    size = np.sqrt(np.maximum(np.take_along_axis(squares, best[..., None], -1), 0))[..., 0]
    skew = [(m[..., 2, 1] - m[..., 1, 2]), (m[..., 0, 2] - m[..., 2, 0]), (m[..., 1, 0] - m[..., 0, 1])]
    even = {pair: m[..., pair[0], pair[1]] + m[..., pair[1], pair[0]] for pair in ((0, 1), (0, 2), (1, 2))}
    rows = [
        [size * size, *skew],
        [skew[0], size * size, even[0, 1], even[0, 2]],
        [skew[1], even[0, 1], size * size, even[1, 2]],
        [skew[2], even[0, 2], even[1, 2], size * size],
    ]
    table = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    quaternion = np.take_along_axis(table, best[..., None, None], -2)[..., 0, :] / (2 * size[..., None])
    quaternion = np.where(quaternion[..., :1] < 0, -quaternion, quaternion)
    sine = np.linalg.norm(quaternion[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, quaternion[..., :1])
    factor = np.where(sine > 1e-12, angle / np.maximum(sine, 1e-12), 2.0)
    return np.asarray((quaternion[..., 1:] * factor).astype(matrices.dtype))


def chain(joints: Numbers, matrices: Numbers, parents: tuple[int, ...] = PARENTS) -> tuple[Numbers, Numbers, Numbers]:
    """Turn joints (B, J, 3) by matrices (B, J, 3, 3) -> places (B, J, 3), rotations (B, J, 3, 3), shifts (B, J, 3)."""
    turns, places = [matrices[:, 0]], [joints[:, 0]]
    for joint, parent in enumerate(parents[1:], start=1):
        places.append(places[parent] + np.einsum("bij,bj->bi", turns[parent], joints[:, joint] - joints[:, parent]))
        turns.append(turns[parent] @ matrices[:, joint])
    turn, place = np.stack(turns, axis=1), np.stack(places, axis=1)
    return place, turn, place - np.einsum("bkij,bkj->bki", turn, joints)


@dataclass(frozen=True, eq=False)
class FlameMesh:
    """What the layer gives: `vertices` (B, V, 3) and `joints` (B, 5, 3)."""

    vertices: Array
    joints: Array


@dataclass(frozen=True, eq=False)
class Flame:
    """A head in FLAME's layout, in its own unit and axes.

    `template` (V, 3), `shape_directions` (V, 3, S), `expression_directions` (V, 3, E), `pose_directions` (V, 3, 36), `regressor` (5, V),
    `weights` (V, 5), `triangles` (F, 3); joints in the order of JOINTS.
    """

    template: Array
    shape_directions: Array
    expression_directions: Array
    pose_directions: Array
    regressor: Array
    weights: Array
    triangles: Indices
    parents: tuple[int, ...] = PARENTS

    def rest(self, shape: Array | None = None, expression: Array | None = None) -> Array:
        """Add people (B, up to S) and expressions (B, up to E) to the template -> (B, V, 3)."""
        given = [(value, directions) for value, directions in self.blends(shape, expression) if value is not None]
        lengths = {len(value) for value, _ in given} - {1}
        rows = lengths.pop() if lengths else 1
        result = np.repeat(self.template[None], rows, axis=0)
        for value, directions in given:
            flat = directions[:, :, : value.shape[1]].reshape(-1, value.shape[1])
            result = result + (value @ flat.T).reshape(len(value), *self.template.shape)
        return np.asarray(result, np.float32)

    def blends(self, shape: Array | None, expression: Array | None) -> list[tuple[Array | None, Array]]:
        """Pair coefficients with their directions, after checking that there are not more of them than of these."""
        pairs = []
        for name, value, directions in (("shape", shape, self.shape_directions), ("expression", expression, self.expression_directions)):
            row = None if value is None else np.atleast_2d(np.asarray(value, np.float32))
            if row is not None and (row.ndim != 2 or row.shape[1] > directions.shape[2]):
                raise ValueError(f"{name} needs shape (B, at most {directions.shape[2]}), not {row.shape}")
            pairs.append((row, directions))
        return pairs

    def __call__(
        self,
        shape: Array | None = None,
        expression: Array | None = None,
        rotations: Array | None = None,
        translation: Array | None = None,
    ) -> FlameMesh:
        """Pose the head: coefficients (B, ...), rotation vectors (B, 5, 3) in radians in the order of JOINTS, and translation (B, 3)."""
        return self.pose(self.rest(shape, expression), rotations, translation)

    def pose(self, resting: Array, rotations: Array | None = None, translation: Array | None = None) -> FlameMesh:
        """Pose resting forms (B, V, 3) by rotation vectors (B, 5, 3) in radians and translation (B, 3)."""
        vectors = np.zeros((1, len(JOINTS), 3), np.float32) if rotations is None else np.asarray(rotations, np.float32)
        vectors = vectors.reshape(-1, len(JOINTS), 3)
        rows = len(resting) if len(vectors) == 1 else len(vectors)
        if rows > BLOCK:
            given = [np.broadcast_to(each, (rows, *each.shape[1:])) for each in (resting, vectors)]
            moves = None if translation is None else np.broadcast_to(np.asarray(translation, np.float32).reshape(-1, 3), (rows, 3))
            parts = [
                self.pose(
                    given[0][start : start + BLOCK],
                    given[1][start : start + BLOCK],
                    None if moves is None else moves[start : start + BLOCK],
                )
                for start in range(0, rows, BLOCK)
            ]
            return FlameMesh(np.concatenate([part.vertices for part in parts]), np.concatenate([part.joints for part in parts]))
        resting = np.broadcast_to(resting, (rows, *resting.shape[1:]))
        matrices = np.broadcast_to(rotation_matrices(vectors), (rows, len(JOINTS), 3, 3))
        joints = np.einsum("jv,bvc->bjc", self.regressor, resting)
        features: Array = (matrices[:, 1:] - np.eye(3, dtype=np.float32)).reshape(rows, (len(JOINTS) - 1) * 9)
        active = np.flatnonzero((features != 0).any(axis=0))  # most poses turn few joints, and a correction costs V * 3 numbers
        if len(active):
            flat = self.pose_directions[:, :, active].reshape(-1, len(active))
            resting = resting + (features[:, active] @ flat.T).reshape(resting.shape)
        places, turn, shift = chain(joints, matrices, self.parents)
        blended = np.einsum("vj,bjk->bvk", self.weights, np.concatenate([turn.reshape(rows, len(JOINTS), 9), shift], axis=2))
        vertices = np.einsum("bvij,bvj->bvi", blended[:, :, :9].reshape(rows, len(self.template), 3, 3), resting) + blended[:, :, 9:]
        if translation is not None:
            moved = np.asarray(translation, np.float32).reshape(-1, 1, 3)
            vertices, places = vertices + moved, places + moved
        return FlameMesh(np.asarray(vertices, np.float32), np.asarray(places, np.float32))
