"""Plain functions between the Space `face` and LivePortrait's keypoints (Guo et al. 2024).

The official keypoints are what a network settled on: nobody chose what they lie on, and they differ from person to person. The map
that comes with Thespis is our own assignment of the 21 numbers to places of the face, by the groups that systems on top of
LivePortrait name (eyes and lips) and else by choice; it was never compared with the official weights. `calibrate` replaces it by what
the user's own weights say. docs/liveportrait.md tells the rest.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from thespis.head.shapes import load_shapes
from thespis.motion.convert import CAMERA, NECK, expect
from thespis.motion.rotations import matrices, turn_vectors
from thespis.motion.solve import bounded_rows
from thespis.motion.spaces.face import ARKIT, FACE, GAZE
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.types import Array, Track

LIPS = (6, 12, 14, 17, 19, 20)
EYES = (11, 13, 15, 16, 18)
"""The keypoints that systems on top of LivePortrait treat as lips and as eyes."""

PLACES = (
    (10, 151, 9), (105, 66, 63), (334, 296, 293), (205, 50, 187), (1, 4), (152, 175, 199), (61, 76), (425, 280, 411), (234, 127, 93),
    (454, 356, 323), (129, 358, 2), (33, 133), (291, 306), (159, 158, 160), (0, 37, 267), (263, 362), (386, 385, 387), (17, 84, 314),
    (145, 374), (13, 82, 312), (14, 87, 317),
)  # fmt: skip
"""Our assignment: each keypoint is the middle of these face points. Forehead, right and left brow, right cheek, tip of the nose, chin,
right corner of the mouth, left cheek, right and left temple, wings of the nose, right eyeball, left corner, right upper lid, upper lip,
left eyeball, left upper lid, lower lip, lower lids, inner upper lip, inner lower lip."""

EYEBALLS = {"right": 11, "left": 15}
"""These two move with the gaze and with nothing else."""
EYE_RADIUS = 0.2  # eye distances
UNIT = 0.3  # of the picture's half side that an eye distance takes in canonical keypoints
ORIGIN = (0.0, 0.45, 0.0)  # of the canonical keypoints, in eye distances from between the eyes: the middle of the face
PULL = 0.003  # how firmly a weight is held to nothing, beside the usual square of what a weight moves
RIDGE = 0.02  # rows of full movement against which a calibration's own rows count


@dataclass(frozen=True, eq=False)
class KeypointMap:
    """How one person's keypoints follow the Space `face`, in the unit of the keypoints and before the head turns.

    `canonical` (21, 3) and `rest` (21, 3), the expression at rest; `moves` (56, 21, 3) for the 52 weights and the four angles of gaze in
    radians; `unit` keypoint units an eye distance at `scale`; `depth` is 1 where z points away from the viewer, else -1.
    """

    canonical: Array
    rest: Array
    moves: Array
    unit: float
    scale: float
    depth: int


@cache
def builtin_map() -> KeypointMap:
    """Make our own map on our mean face."""
    shapes = load_shapes()
    moves = np.zeros((len(ARKIT) + GAZE.size, KEYPOINTS, 3), np.float32)
    canonical = np.zeros((KEYPOINTS, 3), np.float32)
    rows = [ARKIT.index(name) for name in shapes.names]
    for number, place in enumerate(PLACES):
        chosen = list(place)
        canonical[number] = shapes.points[chosen].mean(axis=0) - ORIGIN
        moves[rows, number] = shapes.fields[:, chosen].mean(axis=1)
    for side, number in EYEBALLS.items():
        moves[:, number] = 0
        for axis, way in enumerate(("yaw", "pitch")):
            moves[len(ARKIT) + GAZE.column(f"gaze_{side}_{way}"), number, axis] = EYE_RADIUS
    return KeypointMap(UNIT * canonical, np.zeros((KEYPOINTS, 3), np.float32), UNIT * moves, UNIT, 1.0, 1)


def activity(face: Track) -> Array:
    """Take out of `face` what moves keypoints: 52 weights and four angles of gaze (rows, 56)."""
    return np.stack([face[name] for name in (*ARKIT, *GAZE.names)], axis=1)


def lever(rotation: Array) -> Array:
    """Find how far the keypoints' origin goes (rows, 3), in eye distances, as matrices (rows, 3, 3) turn the head at the neck."""
    arm = np.array(ORIGIN) - NECK
    return np.asarray(rotation @ arm - arm, np.float32)


def angles_of(rotation: Array) -> tuple[Array, Array, Array]:
    """Read pitch, yaw and roll (rows,) in degrees from matrices (rows, 3, 3) that turn about x, then y, then z."""
    yaw = np.arcsin(np.clip(-rotation[:, 2, 0], -1, 1))
    pitch, roll = np.arctan2(rotation[:, 2, 1], rotation[:, 2, 2]), np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0])
    return np.degrees(pitch), np.degrees(yaw), np.degrees(roll)


def rotation_of(motion: Track) -> Array:
    """Make the matrices (rows, 3, 3) of a track's pitch, yaw and roll."""
    none = np.zeros(len(motion))
    x, y, z = (np.radians(motion[angle].astype(np.float64)) for angle in ("pitch", "yaw", "roll"))
    about_x, about_y, about_z = (matrices(np.stack(axes, axis=1)) for axes in ((x, none, none), (none, y, none), (none, none, z)))
    return np.asarray(about_z @ about_y @ about_x, np.float32)


def liveportrait_of_face(face: Track, keypoints: KeypointMap | None = None) -> Track:
    """Turn `face` into `liveportrait`; nothing is lost but the depth of keypoints and what none of them notices, such as the tongue."""
    expect(face, FACE)
    known = keypoints or builtin_map()
    flip = np.array([1.0, 1.0, known.depth])
    own = np.asarray(matrices(face["head_rotation"]), np.float32)
    rotation = own * np.outer(flip, flip)
    moved = known.rest + np.tensordot(activity(face), known.moves, axes=1)
    expression = np.einsum("nij,nkj->nki", rotation, moved)
    shift = face["head_translation"]
    scale = known.scale * CAMERA / np.maximum(CAMERA + shift[:, 2], 1.0)
    translation = scale[:, None] * known.unit * (lever(own) + shift)
    translation[:, 2] = 0
    pitch, yaw, roll = angles_of(rotation)
    values = np.zeros((len(face), LIVEPORTRAIT.size), np.float32)
    values[:, : 3 * KEYPOINTS] = expression.reshape(len(face), 3 * KEYPOINTS)
    empty = Track(LIVEPORTRAIT, values, face.fps, face.start)
    return empty.replace(scale=scale, translation=translation, pitch=pitch, yaw=yaw, roll=roll)


def resting(rows: int = 1, fps: Fraction = Fraction(25), keypoints: KeypointMap | None = None) -> Track:
    """Give so many rows of a portrait that does nothing."""
    return liveportrait_of_face(Track(FACE, np.zeros((rows, FACE.size), np.float32), fps), keypoints)


def face_of_liveportrait(motion: Track, keypoints: KeypointMap | None = None) -> Track:
    """Turn `liveportrait` into `face`: of all weights from 0 to 1 that move the keypoints like this, small ones; head and gaze are exact.

    With our own map the face of recordings comes back to 0.0018 eye distances on the mean, most weights with r of at least 0.95;
    docs/liveportrait.md has the table.
    """
    expect(motion, LIVEPORTRAIT)
    known = keypoints or builtin_map()
    flip = np.array([1.0, 1.0, known.depth])
    rotation = rotation_of(motion)
    own = rotation * np.outer(flip, flip)
    expression = motion.values[:, : 3 * KEYPOINTS].reshape(len(motion), KEYPOINTS, 3)
    moved = np.einsum("nji,nkj->nki", rotation, expression) - known.rest
    flat = known.moves.reshape(len(known.moves), -1)
    low = [0.0] * len(ARKIT) + [-1.0] * GAZE.size
    found = bounded_rows(flat, moved.reshape(len(motion), 3 * KEYPOINTS), low, np.ones(len(flat)), PULL)
    scale = np.maximum(motion["scale"], 1e-3)
    shift = motion["translation"] / (scale[:, None] * known.unit) - lever(own)
    shift[:, 2] = CAMERA * (known.scale / scale - 1)
    empty = Track(FACE, np.zeros((len(motion), FACE.size), np.float32), motion.fps, motion.start)
    return empty.replace(
        **{name: found[:, number] for number, name in enumerate((*ARKIT, *GAZE.names))},
        head_rotation=turn_vectors(own),
        head_translation=shift,
    )


def keypoints_of(motion: Track, keypoints: KeypointMap | None = None) -> Array:
    """Place the keypoints (rows, 21, 3) of a track: what LivePortrait's networks are given."""
    expect(motion, LIVEPORTRAIT)
    known = keypoints or builtin_map()
    turned = np.einsum("nij,kj->nki", rotation_of(motion), known.canonical)
    placed = motion["scale"][:, None, None] * (turned + motion.values[:, : 3 * KEYPOINTS].reshape(len(motion), KEYPOINTS, 3))
    return np.asarray(placed + motion["translation"][:, None] * [1.0, 1.0, 0.0], np.float32)


def calibrate(face: Track, observed: Track, canonical: Array) -> KeypointMap:
    """Learn a map from one video that both `thespis track` and the user's own LivePortrait weights have read, row by row.

    `canonical` (21, 3) are the keypoints that the weights give for the person at rest. Where the video shows a movement too seldom, the
    built-in map stands in for it. Errors in the unit of the keypoints are up to the video; a minute of lively talk is a good one.
    """
    expect(face, FACE)
    expect(observed, LIVEPORTRAIT)
    if (len(face), face.fps, face.start) != (len(observed), observed.fps, observed.start) or not len(face):
        raise ValueError("a calibration needs both tracks of the same rows, at least one")
    own = np.asarray(matrices(face["head_rotation"]), np.float32)
    seen = rotation_of(observed)
    flips = {depth: np.outer([1.0, 1.0, depth], [1.0, 1.0, depth]) for depth in (1, -1)}
    depth = max(flips, key=lambda sign: float(np.einsum("nij,nij->", own * flips[sign], seen)))
    expression = observed.values[:, : 3 * KEYPOINTS].reshape(len(observed), KEYPOINTS, 3)
    moved = np.einsum("nji,nkj->nki", seen, expression).reshape(len(observed), -1)
    places = canonical.reshape(KEYPOINTS, 3)
    ours = builtin_map()
    unit = float(np.ptp(places[:, 0]) / np.ptp(ours.canonical[:, 0])) * ours.unit
    known = (ours.moves * (unit / ours.unit) * [1.0, 1.0, depth]).reshape(len(ours.moves), -1)
    given = np.concatenate([activity(face), np.ones((len(face), 1), np.float32)], axis=1).astype(np.float64)
    guess = np.concatenate([known, np.median(moved - activity(face) @ known, axis=0)[None]])
    pull = RIDGE * len(face) * np.diag([*np.full(len(known), 0.01), 1e-6])
    change = np.linalg.solve(given.T @ given + pull, given.T @ (moved - given @ guess))
    learned = (guess + change).reshape(-1, KEYPOINTS, 3).astype(np.float32)
    scale = float(np.median(observed["scale"] * (CAMERA + face["head_translation"][:, 2]) / CAMERA))
    return KeypointMap(places.astype(np.float32), learned[-1], learned[:-1], unit, scale, depth)
