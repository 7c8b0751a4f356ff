"""OpenHead: our own licence-clean head in FLAME's layout, and the ways between the Space `face` and its coefficients and joints.

The first 468 vertices are MediaPipe's face points and the next ten its irises, in the axes and the unit of `thespis.head.shapes`: x to
the picture's right, y down, z away from the viewer, in eye distances, from the point between the eyes. docs/openhead.md tells the rest.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from thespis.card import Weight
from thespis.errors import ThespisError, unknown
from thespis.head.flame import JOINTS, Flame, Indices, rotation_matrices, rotation_vectors
from thespis.head.flame_files import save_flame, save_landmarks
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array
from thespis.weights import card_of, find

GROUPS = (
    "face", "iris_right", "iris_left", "skull", "ears", "neck", "chest", "eyeball_right", "eyeball_left", "lids_inner",
    "mouth", "gums_upper", "gums_lower", "tongue", "teeth_upper", "teeth_lower", "hair",
)  # fmt: skip
"""Every vertex belongs to one of these."""
SKIN = ("face", "skull", "ears", "neck", "chest")
METRES = 0.063
"""What an eye distance is taken for where metres are asked for."""
FLAME_AXES = np.array([1.0, -1.0, -1.0], np.float32)
JAW_SHAPES = ("jawOpen", "jawLeft", "jawRight")
"""The weights that a turn of the jaw's joint takes over."""
JAW_FEATURES = slice(9, 18)
LANDMARKS_51 = (
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263,
    373, 380, 61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
"""The vertices of the 51 inner ones of the 68 landmarks that FLAME's tools know: brows, nose, eyes, lips."""


@dataclass(frozen=True, eq=False)
class OpenHead:
    """The head: V vertices, F triangles whose `(b - a) x (c - a)` points out of the surface.

    `points` (V, 3), `triangles` (F, 3), `group` (V,) into GROUPS, `mirror` (V,) partners, `fields` (52, V, 3) of the ARKit weights,
    `identity_basis` (S, V, 3) orthonormal with `identity_deviation` (S,), `expression_mix` (50, 52) that makes the orthonormal expression
    basis from the fields, with `expression_deviation` (50,), `weights` (V, 5) and `regressor` (5, V) of the joints, `jaw_correctives`
    (V, 3, 9), `uv` (T, 2) with `uv_triangles` (F, 3), and the angles, in radians, by which jawOpen opens and jawLeft turns the jaw.
    """

    points: Array
    triangles: Indices
    group: Indices
    mirror: Indices
    fields: Array
    identity_basis: Array
    identity_deviation: Array
    expression_mix: Array
    expression_deviation: Array
    weights: Array
    regressor: Array
    jaw_correctives: Array
    uv: Array
    uv_triangles: Indices
    opening: float
    sideways: float

    def members(self, *groups: str) -> Indices:
        """Find the vertices (n,) of some groups."""
        for name in groups:
            if name not in GROUPS:
                raise ThespisError(unknown("group of vertices", name, GROUPS))
        return np.flatnonzero(np.isin(self.group, [GROUPS.index(name) for name in groups])).astype(np.int32)

    @cached_property
    def expression_basis(self) -> Array:
        """The orthonormal expression basis (50, V, 3), ordered by variance."""
        flat = self.expression_mix.astype(np.float64) @ self.fields.reshape(len(ARKIT), -1)
        return np.asarray(flat.reshape(-1, *self.points.shape), np.float32)

    @cached_property
    def encoder(self) -> Array:
        """The matrix (50, 52) from ARKit weights to expression coefficients in deviations: least squares over all vertices."""
        flat = self.fields.reshape(len(ARKIT), -1).astype(np.float64)
        return np.asarray(self.expression_mix @ (flat @ flat.T) / self.expression_deviation[:, None], np.float32)

    @cached_property
    def decoder(self) -> Array:
        """The matrix (52, 50) from expression coefficients to ARKit weights: of all that give the same vertices, the likeliest."""
        return np.ascontiguousarray(self.expression_mix.T * self.expression_deviation)

    @cached_property
    def flame(self) -> Flame:
        """The head as a FLAME layer in its own unit and axes; coefficients are in deviations, as FLAME's are."""
        pose = np.zeros((*self.points.shape, 36), np.float32)
        pose[:, :, JAW_FEATURES] = self.jaw_correctives
        return Flame(
            template=self.points,
            shape_directions=np.ascontiguousarray((self.identity_basis * self.identity_deviation[:, None, None]).transpose(1, 2, 0)),
            expression_directions=np.ascontiguousarray(
                (self.expression_basis * self.expression_deviation[:, None, None]).transpose(1, 2, 0)
            ),
            pose_directions=pose,
            regressor=self.regressor,
            weights=self.weights,
            triangles=self.triangles,
        )

    def metric_flame(self) -> Flame:
        """Give the head as a FLAME layer in FLAME's unit and axes: metres, y up, z to the viewer; rotation vectors turn as points do."""
        own = self.flame
        scale = METRES * FLAME_AXES
        features = np.tile(np.outer(FLAME_AXES, FLAME_AXES).ravel(), len(JOINTS) - 1)
        return Flame(
            template=own.template * scale,
            shape_directions=own.shape_directions * scale[:, None],
            expression_directions=own.expression_directions * scale[:, None],
            pose_directions=np.asarray(own.pose_directions * scale[:, None] * features, np.float32),
            regressor=own.regressor,
            weights=own.weights,
            triangles=own.triangles,
        )

    def displace(self, weights: Array) -> Array:
        """Add up ARKit weights (T, 52) to displacements (T, V, 3) in eye distances; the jaw opens by its shape, not by its joint."""
        rows = checked(weights, len(ARKIT), "weights")
        return (rows @ self.fields.reshape(len(ARKIT), -1)).reshape(len(rows), *self.points.shape)

    def coefficients(self, weights: Array) -> Array:
        """Turn ARKit weights (T, 52) into expression coefficients (T, 50), in deviations, by least squares over the vertices."""
        return checked(weights, len(ARKIT), "weights") @ self.encoder.T

    def arkit(self, coefficients: Array) -> Array:
        """Turn expression coefficients (T, 50) back into ARKit weights (T, 52); they are not kept within 0 and 1."""
        return checked(coefficients, len(self.expression_deviation), "coefficients") @ self.decoder.T

    def to_flame(self, weights: Array, head: Array | None = None, gaze: Array | None = None) -> tuple[Array, Array]:
        """Turn weights (T, 52), head rotation (T, 3) and gaze (T, 4) of the Space `face` into expression (T, 50) and rotations (T, 5, 3).

        jawOpen, jawLeft and jawRight become a turn of the jaw; the head turns at the neck.
        """
        rows = checked(weights, len(ARKIT), "weights").copy()
        opened, left, right = (ARKIT.index(name) for name in JAW_SHAPES)
        jaw = turn_and_nod(self.sideways * (rows[:, left] - rows[:, right]), self.opening * rows[:, opened])
        rows[:, [opened, left, right]] = 0
        rotations = np.zeros((len(rows), len(JOINTS), 3), np.float32)
        rotations[:, JOINTS.index("jaw")] = rotation_vectors(jaw)
        if head is not None:
            rotations[:, JOINTS.index("neck")] = checked(head, 3, "head rotation")
        if gaze is not None:
            looks = checked(gaze, 4, "gaze")
            for name, column in (("eye_left", 0), ("eye_right", 2)):
                rotations[:, JOINTS.index(name)] = rotation_vectors(turn_and_nod(-looks[:, column], looks[:, column + 1]))
        return self.coefficients(rows), rotations

    def from_flame(self, expression: Array, rotations: Array) -> tuple[Array, Array, Array]:
        """Turn expression (T, 50) and rotations (T, 5, 3) into weights (T, 52), head rotation (T, 3) and gaze (T, 4): `to_flame` undone."""
        weights = self.arkit(expression)
        vectors = checked(np.reshape(rotations, (-1, 3 * len(JOINTS))), 3 * len(JOINTS), "rotations").reshape(-1, len(JOINTS), 3)
        matrices = rotation_matrices(vectors)
        turn, nod = turned_and_nodded(matrices[:, JOINTS.index("jaw")])
        opened, left, right = (ARKIT.index(name) for name in JAW_SHAPES)
        side = turn / self.sideways
        weights[:, opened] += nod / self.opening
        weights[:, left] += np.maximum(side, 0)
        weights[:, right] += np.maximum(-side, 0)
        gaze = np.zeros((len(vectors), 4), np.float32)
        for name, column in (("eye_left", 0), ("eye_right", 2)):
            turn, nod = turned_and_nodded(matrices[:, JOINTS.index(name)])
            gaze[:, column], gaze[:, column + 1] = -turn, nod
        head = rotation_vectors(matrices[:, JOINTS.index("root")] @ matrices[:, JOINTS.index("neck")])
        return weights, head, gaze

    def pose(
        self,
        weights: Array,
        head: Array | None = None,
        gaze: Array | None = None,
        shape: Array | None = None,
        translation: Array | None = None,
    ) -> Array:
        """Pose the head straight from the Space `face`: all 52 weights as shapes, head and gaze by the joints -> (T, V, 3).

        `shape` (1 or T, up to S) is the person, in deviations; `translation` (T, 3) is in eye distances.
        """
        moved = self.displace(weights)
        _, rotations = self.to_flame(np.zeros((len(moved), len(ARKIT)), np.float32), head, gaze)
        return self.flame.pose(self.flame.rest(shape) + moved, rotations, translation).vertices


def save_as_flame(head: OpenHead, folder: Path | str) -> None:
    """Write the head as FLAME's tools want it: FLAME_NEUTRAL.pkl, in metres and FLAME's axes, and flame_static_embedding.pkl."""
    model = head.metric_flame()
    save_flame(model, Path(folder) / "FLAME_NEUTRAL.pkl")
    save_landmarks(model, LANDMARKS_51, Path(folder) / "flame_static_embedding.pkl")


def turn_and_nod(turn: Array, nod: Array) -> Array:
    """Make the matrices (T, 3, 3) that first nod down and then turn to the picture's left, by angles (T,) in radians."""
    none = np.zeros_like(turn)
    turned, nodded = (rotation_matrices(np.stack(axes, axis=-1).astype(np.float64)) for axes in ((none, turn, none), (nod, none, none)))
    return np.asarray(turned @ nodded, np.float32)


def turned_and_nodded(matrices: Array) -> tuple[Array, Array]:
    """Read the angles (T,) back that `turn_and_nod` was given."""
    return np.arctan2(-matrices[:, 2, 0], matrices[:, 0, 0]), np.arctan2(-matrices[:, 1, 2], matrices[:, 1, 1])


def checked(values: Array, columns: int, name: str) -> Array:
    """Make sure that an array is (T, columns)."""
    rows = np.asarray(values, np.float32)
    if rows.ndim != 2 or rows.shape[1] != columns:
        raise ValueError(f"{name} needs shape (T, {columns}), not {rows.shape}")
    return rows


def openhead_card() -> Weight:
    """Read the card that stands beside the head."""
    return card_of("openhead")


@cache
def load_openhead() -> OpenHead:
    """Load the head that comes with Thespis."""
    from safetensors.numpy import load_file

    tensors = load_file(find(openhead_card()))
    for tensor in tensors.values():
        tensor.setflags(write=False)
    opening, sideways = (float(angle) for angle in tensors.pop("jaw_angles"))
    return OpenHead(**tensors, opening=opening, sideways=sideways)
