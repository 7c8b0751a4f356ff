"""A mesh with morph targets and joints, ready for glTF and USD, and the movement of a take on it: y up, z to the viewer, metres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from thespis.export.take import Take
from thespis.motion.convert import arkit_of_face, looks_of_gaze
from thespis.motion.rotations import from_angles, quaternions
from thespis.motion.spaces.arkit import ARKIT_CURVES, ARKIT_EYES, LOOKS
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array, Track

if TYPE_CHECKING:
    from thespis.head.openhead import OpenHead

Indices = npt.NDArray[np.int64]
Colour = tuple[float, float, float]
UP = np.array([1.0, -1.0, -1.0])
"""Our axes (y down, z away) to those of glTF and USD (y up, z to the viewer): half a turn about x."""

MATERIALS: Mapping[str, tuple[Colour, float, tuple[str, ...]]] = {
    "skin": ((0.72, 0.52, 0.42), 0.55, ("face", "skull", "ears", "neck", "chest", "lids_inner")),
    "eyeball": ((0.9, 0.88, 0.85), 0.15, ("eyeball_right", "eyeball_left", "iris_right", "iris_left")),
    "mouth": ((0.42, 0.13, 0.12), 0.4, ("mouth", "gums_upper", "gums_lower", "tongue")),
    "teeth": ((0.86, 0.82, 0.74), 0.2, ("teeth_upper", "teeth_lower")),
    "hair": ((0.1, 0.07, 0.05), 0.6, ("hair",)),
}
"""The colour (linear RGB), the roughness and the groups of OpenHead's vertices of each material."""
IRIS: tuple[Colour, float] = (0.13, 0.075, 0.04), 0.1
PUPIL: tuple[Colour, float] = (0.004, 0.004, 0.004), 0.05
PUPIL_SHARE = 0.4  # of the angle from the middle of the iris to its edge


@dataclass(frozen=True)
class Joint:
    """A joint that turns: its `name`, the number of its `parent` (-1 for none), and its `place` at rest, in metres."""

    name: str
    parent: int
    place: tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class MorphMesh:
    """V points that K shapes move and J joints turn.

    `points` (V, 3) and `fields` (K, V, 3) in metres, `triangles` (F, 3) counter-clockwise from outside, `names` of the K shapes,
    `weights` (V, J), `uv` (V, 2) or None with v up, and `materials`: name -> (colour, roughness, which triangles (n,)).
    """

    points: Array
    triangles: Indices
    names: tuple[str, ...]
    fields: Array
    joints: tuple[Joint, ...]
    weights: Array
    uv: Array | None
    materials: Mapping[str, tuple[Colour, float, Indices]]

    @property
    def normals(self) -> Array:
        """The directions (V, 3) in which the surface faces at rest."""
        corners = self.points[self.triangles].astype(np.float64)
        faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        total = np.zeros(self.points.shape)
        for corner in range(3):
            np.add.at(total, self.triangles[:, corner], faces)
        length = np.linalg.norm(total, axis=1, keepdims=True)
        total = np.where(length > 1e-20, total, [0.0, 0.0, 1.0])
        return np.asarray(total / np.linalg.norm(total, axis=1, keepdims=True), np.float32)


@dataclass(frozen=True, eq=False)
class Movement:
    """What a mesh does over T rows: `weights` (T, K) by the mesh's shapes, `turns` joint -> quaternions (T, 4) x y z w, `shift` (T, 3)."""

    fps: Fraction
    weights: Array
    turns: Mapping[str, Array]
    shift: Array

    @property
    def times(self) -> Array:
        """The time of each row (T,), in seconds."""
        return (np.arange(len(self.weights)) / float(self.fps)).astype(np.float32)


def of_arrays(
    points: npt.ArrayLike,
    triangles: npt.ArrayLike,
    names: Sequence[str],
    fields: npt.ArrayLike,
    *,
    neck: tuple[float, float, float] = (0.0, 0.0, 0.0),
    colour: Colour = (0.7, 0.6, 0.55),
) -> MorphMesh:
    """Make a mesh of points (V, 3) in metres with y up, triangles (F, 3), and K shapes (K, V, 3) by name; it turns at `neck`."""
    faces = np.asarray(triangles, np.int64)
    shown = np.asarray(points, np.float32)
    moved = np.asarray(fields, np.float32)
    if shown.ndim != 2 or shown.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3 or moved.shape != (len(names), *shown.shape):
        raise ValueError(
            f"a mesh needs points (V, 3), triangles (F, 3) and {len(names)} fields (V, 3), not {shown.shape}, {faces.shape}, {moved.shape}"
        )
    if len(faces) and not 0 <= faces.min() <= faces.max() < len(shown):
        raise ValueError(f"the triangles name points that are not among the {len(shown)}")
    every = np.arange(len(faces))
    one = np.ones((len(shown), 1), np.float32)
    return MorphMesh(shown, faces, tuple(names), moved, (Joint("neck", -1, neck),), one, None, {"skin": (colour, 0.5, every)})


def openhead_mesh() -> MorphMesh:
    """Make the mesh of OpenHead: its 52 shapes, the joints of neck and eyes, and its texture coordinates."""
    from thespis.head.flame import JOINTS, PARENTS
    from thespis.head.openhead import GROUPS, METRES, load_openhead

    head = load_openhead()
    # A point on a seam of the texture has several places in it, and files know only one each.
    corners = np.stack([head.triangles.ravel(), head.uv_triangles.ravel()], axis=1)
    pairs, triangles = np.unique(corners, axis=0, return_inverse=True)
    kept = pairs[:, 0]
    scale = METRES * UP
    places = head.regressor.astype(np.float64) @ head.points * scale
    # The jaw moves by its shapes, so what hangs on its joint hangs on the neck.
    names = [name for name in JOINTS if name != "jaw"]
    weights = np.stack([head.weights[kept, JOINTS.index(name)] for name in names], axis=1)
    weights[:, names.index("neck")] += head.weights[kept, JOINTS.index("jaw")]
    parents = [PARENTS[JOINTS.index(name)] for name in names]
    joints = tuple(
        Joint(name, -1 if parent < 0 else names.index(JOINTS[parent]), (float(place[0]), float(place[1]), float(place[2])))
        for name, parent, place in zip(names, parents, (places[JOINTS.index(name)] for name in names), strict=True)
    )
    group = head.group[head.triangles[:, 0]]
    materials = {
        name: (colour, rough, np.flatnonzero(np.isin(group, [GROUPS.index(part) for part in parts])))
        for name, (colour, rough, parts) in MATERIALS.items()
    }
    white = materials["eyeball"]
    corners_of = head.triangles[white[2]]
    apart = angles_on_eyes(head, corners_of) / angles_on_eyes(head, head.members("iris_right", "iris_left")[:, None]).max()
    materials["eyeball"] = (*white[:2], white[2][apart > 1])
    materials["iris"] = (*IRIS, white[2][(apart <= 1) & (apart > PUPIL_SHARE)])
    materials["pupil"] = (*PUPIL, white[2][apart <= PUPIL_SHARE])
    return MorphMesh(
        (head.points[kept] * scale).astype(np.float32),
        triangles.reshape(-1, 3),
        ARKIT,
        (head.fields[:, kept] * scale).astype(np.float32),
        joints,
        weights,
        head.uv[pairs[:, 1]],
        materials,
    )


def angles_on_eyes(head: "OpenHead", corners: npt.NDArray[np.int32]) -> npt.NDArray[np.float64]:
    """Measure the angles (n,) between where an eye looks at rest and the middles of the vertices (n, any) on it."""
    from thespis.head.flame import JOINTS

    centres = (head.regressor.astype(np.float64) @ head.points)[[JOINTS.index("eye_right"), JOINTS.index("eye_left")]]
    middle = head.points[corners].astype(np.float64).mean(axis=1)
    away = middle - centres[(middle[:, 0] > 0).astype(int)]  # the left eye is on the picture's right
    return np.asarray(np.arccos(np.clip(-away[:, 2] / np.linalg.norm(away, axis=1), -1, 1)))


def movement_of(take: Take, names: Sequence[str], metres: float = 0.063) -> Movement:
    """Read a take as the movement of a mesh with these shapes; `metres` is what an eye distance measures."""
    first = take.names[0]
    if take.heading.tracks[first].space == ARKIT_CURVES:
        from thespis.motion.convert import face_of_arkit

        face = face_of_arkit(take.track())
    else:
        face = take.face()
    turns = {"neck": turned(quaternions(face["head_rotation"]))}
    for side in ("left", "right"):
        yaw, pitch = face[f"gaze_{side}_yaw"], face[f"gaze_{side}_pitch"]
        turns[f"eye_{side}"] = turned(quaternions(from_angles(-yaw, pitch, 0 * yaw)))
    shift = (face["head_translation"] * UP * metres).astype(np.float32)
    return Movement(face.fps, weights_by_name(face, take.beside(ARKIT_EYES), names), turns, shift)


def weights_by_name(face: Track, eyes: Track | None, names: Sequence[str]) -> Array:
    """Find the weights (T, K) of shapes by name, whatever the case; a shape nobody knows stays at rest."""
    known = {name.lower(): column for name, column in ((name, face[name]) for name in ARKIT)}
    looks = looks_of_gaze(face) if eyes is None and not any(face[name].any() for name in LOOKS) else None
    curves = arkit_of_face(face, eyes)
    known |= {name.lower(): (looks[name] if looks is not None else curves[name]) for name in LOOKS}
    rest = np.zeros(len(face), np.float32)
    return np.stack([known.get(name.lower(), rest) for name in names], axis=1).astype(np.float32)


def turned(quats: npt.NDArray[np.float64]) -> Array:
    """Carry quaternions (n, 4) from our axes to those of the files."""
    return np.asarray(quats * np.append(UP, 1.0), np.float32)
