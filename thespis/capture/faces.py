"""Find the faces of a picture and their 478 points, with MediaPipe's networks (Apache-2.0, inside its wheel)."""

import contextlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.graphs import Graph, detection, landmarks
from thespis.errors import FaceError
from thespis.head.shapes import load_shapes
from thespis.types import Array, Bytes, Portrait

Doubles = npt.NDArray[np.float64]
POINTS = 478
SMALLEST = 24.0  # pixels between the eyes; below this a face has no detail to move
WIDEST_TURN = 50.0  # degrees of yaw beyond which the far half of the face is not in the picture
STEEPEST_NOD = 40.0
STEEPEST_TILT = 45.0
MESH_INPUT = 640  # the crop a face is measured in; its networks look at 192 and 256 pixels, so more gains nothing
SOFT = 0.6  # pixels
LARGE = 1280  # pixels a side of a picture that is searched
_lock = threading.RLock()
_networks: dict[str, Graph] = {}
_warned = threading.Event()


@dataclass(frozen=True, eq=False)
class Face:
    """One face: `points` (478, 3) in pixels (z in the same scale, away from the viewer), and its pose relative to OpenHead's points.

    `rotation` (3, 3) and `scale` (pixels an eye distance) carry the canonical points to these; angles are in degrees. `others` are
    the other faces of the picture: the middle of each, across and down, and its height, in pixels.
    """

    points: Array
    rotation: Array
    scale: float
    yaw: float
    pitch: float
    roll: float
    others: tuple[tuple[float, float, float], ...] = ()

    @property
    def box(self) -> tuple[int, int, int, int]:
        """The left, top, right and bottom of the points, in pixels."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return int(low[0]), int(low[1]), int(high[0]) + 1, int(high[1]) + 1


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what the networks' C++ prints on stderr while they load; Python's own stderr is untouched otherwise."""
    try:
        saved = os.dup(2)
    except OSError:
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)


def network(name: str) -> Graph:
    """Make one of the networks, or give the one that is there: "near" and "far" find faces, "mesh" measures them, "person" cuts out."""
    if name not in _networks:
        with quiet():
            _networks[name] = Graph(name)
            # The first call loads the weights and prints; let it do so while quiet.
            _networks[name](np.zeros((64, 64, 3), np.uint8))
    return _networks[name]


def find_boxes(image: Bytes, *, quick: bool = False) -> list[tuple[float, float, float, float]]:
    """Find where faces may be: (centre x, centre y, size, score) in pixels, the surest first, each place once.

    A `quick` look makes a large picture smaller by a whole number.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    scale = 1 / -(-longer // LARGE) if quick else min(1.0, LARGE / longer)
    small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    found: list[tuple[float, float, float, float]] = []
    # A face that fills the picture is only seen with some room around it, a small one only near at hand: hence two networks, two sizes.
    border = int(0.35 * max(small.shape[:2]))
    padded = cv2.copyMakeBorder(small, border, border, border, border, cv2.BORDER_CONSTANT, value=(127, 127, 127))
    for name, picture, offset in (("near", small, 0), ("far", small, 0), ("near", padded, border)):
        across, down = picture.shape[1], picture.shape[0]
        for left, top, wide, high, score in map(detection, network(name).messages(picture)):
            x = ((left + wide / 2) * across - offset) / scale
            y = ((top + high / 2) * down - offset) / scale
            found.append((x, y, max(wide * across, high * down) / scale, score))
    found.sort(key=lambda face: -face[3])
    kept: list[tuple[float, float, float, float]] = []
    for face in found:
        if all(np.hypot(face[0] - other[0], face[1] - other[1]) > 0.5 * max(face[2], other[2]) for other in kept):
            kept.append(face)
    return kept


def measure(image: Bytes, x: float, y: float, size: float, finest: int = MESH_INPUT) -> Array | None:
    """Measure the face near (x, y) of about `size` pixels -> points (478, 3) in pixels, or None where there is none.

    Surroundings of more than `finest` pixels a side are made smaller; where fewer are asked than usual, by whole numbers only.
    """
    half = size * 1.1
    left, top = int(np.floor(x - half)), int(np.floor(y - half))
    side = max(int(np.ceil(2 * half)), 8)
    times = side // finest
    if times > 1:
        side += -side % times  # whole numbers of pixels are averaged many times faster than broken ones
    crop = square(image, left, top, side)
    quick = finest < MESH_INPUT
    out = side // times if times > 1 else (side if quick else min(side, finest))
    scale = out / side
    if out < side:
        crop = np.asarray(cv2.resize(crop, (out, out), interpolation=cv2.INTER_AREA), np.uint8)
    elif quick and side > finest:
        # Averaging broken numbers of pixels takes half as long as the network; what it would take away is softened instead.
        crop = np.asarray(cv2.GaussianBlur(crop, (3, 3), SOFT), np.uint8)
    with _lock:
        mesh = network("mesh")
        # The first real face makes the networks print a warning of their own, whatever is asked of them.
        with contextlib.nullcontext() if _warned.is_set() else quiet():
            found = mesh.messages(crop)
    if not found:
        return None
    _warned.set()
    points = landmarks(found[0]).astype(np.float64) * out / scale
    points[:, 0] += left
    points[:, 1] += top
    return np.asarray(points, np.float32)


def square(image: Bytes, left: int, top: int, side: int) -> Bytes:
    """Cut a square out of an image (height, width, 3), which is mirrored where it reaches over the edges."""
    height, width = image.shape[:2]
    right, bottom = left + side, top + side
    low_x, low_y, high_x, high_y = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    over = (low_y - top, bottom - high_y, low_x - left, right - high_x)
    if max(over) >= min(high_x - low_x, high_y - low_y):  # mirrored more than once
        matrix = np.array([[1, 0, -left], [0, 1, -top]], np.float64)
        cut = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
        return np.asarray(cut, np.uint8)
    inside = image[low_y:high_y, low_x:high_x]
    return np.asarray(cv2.copyMakeBorder(inside, *over, cv2.BORDER_REFLECT_101) if any(over) else np.ascontiguousarray(inside), np.uint8)


def person_share(picture: Bytes) -> Array:
    """Ask a network how much of each pixel of a picture (h, w, 3) is person -> (h, w) from 0 to 1."""
    with _lock:
        return network("person").mask(picture)


def fit_pose(points: Array) -> tuple[Array, float, Array]:
    """Fit the similarity that carries the canonical points to these -> rotation (3, 3), scale, offset (3,)."""
    canonical, trust = canonical_face()
    return align(canonical, points[: len(canonical)].astype(np.float64), trust)


@cache
def canonical_face() -> tuple[Doubles, Doubles]:
    """Give the canonical points (468, 3) and how much each says about the pose (468,)."""
    canonical = load_shapes().points.astype(np.float64)
    # The lower face moves with the jaw and the mouth, so it says less about how the skull is turned.
    return canonical, np.where(canonical[:, 1] > 0.75, 0.25, 1.0)


def align(shape: npt.NDArray[Any], target: npt.NDArray[Any], trust: npt.NDArray[Any]) -> tuple[Array, float, Array]:
    """Find the similarity that carries points (n, 3) nearest to others, each trusted by its weight -> rotation, scale, offset."""
    rotations, scales, offsets = align_all(shape, target[None], trust)
    return rotations[0].astype(np.float32), float(scales[0]), offsets[0].astype(np.float32)


def align_all(shapes: npt.NDArray[Any], targets: npt.NDArray[Any], trust: npt.NDArray[Any]) -> tuple[Doubles, Doubles, Doubles]:
    """Do that for many targets (m, n, 3) and one shape or as many -> rotations (m, 3, 3), scales (m,), offsets (m, 3)."""
    share = trust / trust.sum()
    middles, target_middles = share @ shapes, share @ targets
    a, b = shapes - middles[..., None, :], targets - target_middles[:, None]
    u, singular, vt = np.linalg.svd((share[:, None] * b).transpose(0, 2, 1) @ a)
    flip = np.ones((len(targets), 3))
    flip[:, 2] = np.sign(np.linalg.det(u @ vt))
    rotations = (u * flip[:, None]) @ vt
    scales = (singular * flip).sum(axis=1) / (share[:, None] * a * a).sum(axis=(-2, -1))
    return rotations, scales, target_middles - scales[:, None] * (rotations @ middles[..., None])[..., 0]


def angles(rotation: npt.NDArray[Any]) -> tuple[float, float, float]:
    """Read yaw (positive to the picture's right), pitch (positive down) and roll (positive clockwise) in degrees."""
    forward = rotation @ np.array([0.0, 0.0, -1.0])
    yaw = np.degrees(np.arctan2(forward[0], -forward[2]))
    pitch = np.degrees(np.arctan2(forward[1], np.hypot(forward[0], forward[2])))
    side = rotation @ np.array([1.0, 0.0, 0.0])
    roll = np.degrees(np.arctan2(side[1], np.hypot(side[0], side[2])))
    return float(yaw), float(pitch), float(roll)


def find_faces(image: Bytes, known: list[tuple[float, float, float]] | None = None) -> list[Face]:
    """Find every face of an image (height, width, 3), from left to right.

    In a video those are left out whose places (middle x, y and size) are `known`, and it is searched quickly.
    """
    faces: list[Face] = []
    with _lock:
        for x, y, size, _ in find_boxes(image, quick=known is not None):
            if any(np.hypot(x - a, y - b) < 0.5 * max(size, c) for a, b, c in known or ()):
                continue
            points = measure(image, x, y, size)
            if points is None:
                continue
            middle = points[:468, :2].mean(axis=0)
            spread = float(np.ptp(points[:468, 1]))
            if any(np.hypot(*(middle - face.points[:468, :2].mean(axis=0))) < 0.5 * spread for face in faces):
                continue
            faces.append(face_at(points))
    if len(faces) > 1:
        places = [place_of(face) for face in faces]
        faces = [replace(face, others=tuple(places[:number] + places[number + 1 :])) for number, face in enumerate(faces)]
    return sorted(faces, key=lambda face: float(face.points[:468, 0].mean()))


def place_of(face: Face) -> tuple[float, float, float]:
    """Say where the middle of a face is, across and down, and how high it is, in pixels."""
    low, high = face.points[:468, :2].min(axis=0), face.points[:468, :2].max(axis=0)
    return float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float(high[1] - low[1])


def face_at(points: Array) -> Face:
    """Make the face that has these points (478, 3) in pixels."""
    rotation, scale, _ = fit_pose(points)
    return Face(points, rotation, scale, *angles(rotation))


def face_of(portrait: Portrait) -> Face:
    """Find the face a Portrait means, or say why there is none to animate; points that the Portrait brings are believed."""
    name = portrait.name
    if portrait.points is not None:
        face = face_at(portrait.points)
        check_usable(face, name)
        return face
    faces = find_faces(portrait.image)
    if not faces:
        raise FaceError(
            f"no face found in {name}; use a picture that shows a face from the front, well lit and uncovered, "
            f"or say where its points are (an animal, a puppet): thespis landmarks {name}"
        )
    wanted = portrait.face
    if wanted is None:
        # A face far smaller than the main one is a passer-by, not a choice.
        largest = max(face.scale for face in faces)
        chosen = [(number, face) for number, face in enumerate(faces, start=1) if face.scale > 0.4 * largest]
        if len(chosen) > 1:
            boxes = ((number, face.box) for number, face in chosen)
            places = "; ".join(f"{number}: at x {box[0]}-{box[2]}, y {box[1]}-{box[3]}" for number, box in boxes)
            raise FaceError(f"{len(chosen)} faces found in {name}, counted from the left ({places}); choose one with --face N")
        face = chosen[0][1]
    elif 1 <= wanted <= len(faces):
        face = faces[wanted - 1]
    else:
        raise FaceError(f"{name} has {len(faces)} face{'s' * (len(faces) != 1)}, so --face must be 1 to {len(faces)}, not {wanted}")
    check_usable(face, name)
    if upside_down(portrait.image, face):
        raise FaceError(f"the face in {name} is upside down; turn the picture by 180 degrees")
    return face


def upside_down(image: Bytes, face: Face) -> bool:
    """Tell whether the face finder likes the surroundings of a face better the other way up; the points alone cannot tell."""
    middle, half = face.points[:468, :2].mean(axis=0), 1.1 * float(np.ptp(face.points[:468, 1]))
    side = 256
    zoom = side / (2 * half)
    matrix = np.array([[zoom, 0, (half - middle[0]) * zoom], [0, zoom, (half - middle[1]) * zoom]], np.float64)
    around = cv2.warpAffine(image, matrix, (side, side), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT_101)
    with _lock:
        scores = [
            max((score for *_, score in map(detection, network("near").messages(turned))), default=0.0)
            for turned in (around, around[::-1, ::-1])
        ]
    return scores[1] > scores[0] + 0.08


def check_usable(face: Face, name: str) -> None:
    """Refuse a face of the picture `name` that is too small or turned too far to be animated."""
    if face.scale < SMALLEST:
        raise FaceError(f"the face in {name} is too small: {face.scale:.0f} pixels between the eyes, at least {SMALLEST:.0f} are needed")
    if abs(face.roll) > STEEPEST_TILT:
        raise FaceError(
            f"the face in {name} is tilted by {face.roll:.0f} degrees; at most {STEEPEST_TILT:.0f} can be animated: "
            "turn the picture upright"
        )
    if abs(face.yaw) > WIDEST_TURN or abs(face.pitch) > STEEPEST_NOD:
        raise FaceError(
            f"the face in {name} is turned away ({face.yaw:.0f} degrees sideways, {face.pitch:.0f} down); "
            f"at most {WIDEST_TURN:.0f} sideways and {STEEPEST_NOD:.0f} up or down can be animated"
        )
