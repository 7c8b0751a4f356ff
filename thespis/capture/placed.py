"""Faces that nobody finds: a file with a few named points of a drawing, a puppet or an animal becomes the 478 points of a face.

The file is JSON: {"size": [width, height], "points": {"right_eye_outer": [x, y], ...}}, in pixels of the picture from its top left
corner. Right and left are the person's own: who looks at us has the right eye on the picture's left.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import numpy.typing as npt

from thespis.errors import FaceError, MediaError, unknown
from thespis.head.shapes import POINTS, Shapes, load_shapes
from thespis.types import Array

Doubles = npt.NDArray[np.float64]

NAMES: Mapping[str, int] = {
    "right_eye_outer": 33, "right_eye_inner": 133, "left_eye_inner": 362, "left_eye_outer": 263,
    "nose_tip": 1, "mouth_right": 61, "mouth_left": 291, "chin": 152,
    "right_eye_top": 159, "right_eye_bottom": 145, "left_eye_top": 386, "left_eye_bottom": 374,
    "right_pupil": 468, "left_pupil": 473,
    "right_brow_outer": 70, "right_brow_middle": 105, "right_brow_inner": 107,
    "left_brow_inner": 336, "left_brow_middle": 334, "left_brow_outer": 300,
    "nose_bridge": 168, "nose_right": 129, "nose_left": 358, "nose_base": 2,
    "lips_top": 0, "lips_meet": 13, "lips_bottom": 17,
    "forehead": 10, "right_temple": 127, "left_temple": 356, "right_cheek": 234, "left_cheek": 454, "right_jaw": 172, "left_jaw": 397,
}  # fmt: skip
"""The points that can be named, and which of MediaPipe's 478 each is."""

NEEDED = ("right_eye_outer", "right_eye_inner", "left_eye_inner", "left_eye_outer", "nose_tip", "mouth_right", "mouth_left", "chin")
PUPILS = {"right_pupil": "right", "left_pupil": "left"}
IRIS = 0.2  # of an eye's width; the radius of an iris where nobody says how large it is
STIFF = 1e-3  # how little a named point may be missed for the sake of smoothness
OUTSIDE = 0.25  # of the picture's size; as far beyond its edges a point may lie
MOST = 1e6  # pixels; a larger number means nothing
NARROWEST = 2.0  # pixels across an eye
SHOWN = 60  # characters of what is wrong
FARTHEST = 0.9  # eye distances that a point may be from where a human face has it, before something is wrong


def read_landmarks(path: str | Path, size: tuple[int, int]) -> Array:
    """Read a landmarks file for a picture of `size` (width, height) -> points (478, 3) in its pixels."""
    place = Path(path)
    try:
        given = json.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MediaError(f"there is no landmarks file {place}; make one with: thespis landmarks PICTURE -o page.html") from None
    except (OSError, ValueError, RecursionError) as error:
        raise MediaError(f"{place} is not a landmarks file ({error}); make one with: thespis landmarks PICTURE -o page.html") from None
    if not isinstance(given, dict) or not isinstance(given.get("points"), dict):
        raise MediaError(f'{place} holds no points; it is JSON such as {{"points": {{"nose_tip": [120, 180], ...}}}}')
    try:
        return fit_points(named(given["points"], given.get("size"), size))
    except FaceError as error:
        raise FaceError(f"{place}: {error}") from None


def named(given: Mapping[str, Any], own_size: object, size: tuple[int, int]) -> dict[str, tuple[float, float]]:
    """Check named points, and bring them to the size of the picture where they were set on a smaller or larger one."""
    across = down = 1.0
    if own_size is not None:
        if not (is_pair(own_size) and all(side > 0 for side in own_size)):
            raise FaceError(f"size is [width, height] of the picture the points were set on, not {short(own_size)}")
        across, down = size[0] / own_size[0], size[1] / own_size[1]
        if abs(across / down - 1) > 0.02:
            raise FaceError(f"the points were set on a picture of {own_size[0]}x{own_size[1]}, and this one has {size[0]}x{size[1]} pixels")
    found = {}
    for name, spot in given.items():
        if name not in NAMES:
            raise FaceError(unknown("point", name, NAMES))
        if not is_pair(spot):
            raise FaceError(f"the point {name!r} is [x, y] in pixels, not {short(spot)}")
        x, y = spot[0] * across, spot[1] * down
        room_x, room_y = OUTSIDE * size[0], OUTSIDE * size[1]
        if not (-room_x <= x <= size[0] + room_x and -room_y <= y <= size[1] + room_y):
            raise FaceError(f"the point {name!r} at {spot} lies far outside the picture of {size[0]}x{size[1]} pixels")
        found[name] = (float(x), float(y))
    for side in ("right", "left"):
        outer, inner = found.get(f"{side}_eye_outer"), found.get(f"{side}_eye_inner")
        if outer and inner and np.hypot(outer[0] - inner[0], outer[1] - inner[1]) < NARROWEST:
            raise FaceError(f"the corners of the {side} eye lie on top of each other; an eye is at least {NARROWEST:g} pixels wide")
    missing = [name for name in NEEDED if name not in found]
    if missing:
        raise FaceError(f"these points are missing: {', '.join(missing)}")
    return found


def is_pair(given: object) -> TypeGuard[list[float]]:
    """Tell whether something is a list of two numbers that a picture can have."""
    return (
        isinstance(given, list)
        and len(given) == 2
        and all(isinstance(number, int | float) and not isinstance(number, bool) and abs(number) < MOST for number in given)
    )


def short(given: object) -> str:
    """Quote what was given, or its beginning; numbers of many digits may not even be written out."""
    try:
        text = repr(given)
    except (ValueError, RecursionError):
        return "that"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def fit_points(spots: Mapping[str, tuple[float, float]]) -> Array:
    """Bend the canonical face so that its points lie on the named spots -> points (478, 3) in pixels."""
    shapes = load_shapes()
    names = [name for name in spots if name not in PUPILS]
    own = shapes.points[[NAMES[name] for name in names]].astype(np.float64)
    goal = np.array([spots[name] for name in names], np.float64)
    matrix, shift, scale = flat_similarity(own[:, :2], goal)
    straight = own[:, :2] @ matrix.T + shift
    side = matrix @ np.array([1.0, 0.0])
    if (goal[names.index("left_eye_outer")] - goal[names.index("right_eye_outer")]) @ side <= 0 or crossed(spots):
        raise FaceError("the face is mirrored: right and left are the person's own, so the right eye is on the picture's left")
    away = np.linalg.norm(goal - straight, axis=1) / scale
    if away.max() > FARTHEST:
        raise FaceError(f"the point {names[int(away.argmax())]!r} is too far from where a face has it; is it another point?")
    bent = spline(straight / scale, (goal - straight) / scale, (shapes.points[:, :2] @ matrix.T + shift) / scale)
    points = np.zeros((POINTS + 10, 3), np.float64)
    points[:POINTS, :2] = shapes.points[:, :2] @ matrix.T + shift + scale * bent
    points[:POINTS, 2] = shapes.points[:, 2] * scale
    for name, eye in PUPILS.items():
        put_iris(points, shapes, eye, spots.get(name))
    return points.astype(np.float32)


def crossed(spots: Mapping[str, tuple[float, float]]) -> bool:
    """Tell whether the eyes, seen with the chin below, stand in the wrong order."""
    eyes = np.array([spots[name] for name in ("right_eye_outer", "left_eye_outer")])
    across, down = eyes[1] - eyes[0], np.array(spots["chin"]) - eyes.mean(axis=0)
    return bool(across[0] * down[1] - across[1] * down[0] <= 0)


def flat_similarity(one: Doubles, other: Doubles) -> tuple[Doubles, Doubles, float]:
    """Find the turn with growth (2, 2), the shift (2,) and the growth that carry points (n, 2) nearest to others."""
    middle, goal = one.mean(axis=0), other.mean(axis=0)
    a, b = one - middle, other - goal
    size = float((a * a).sum())
    grow, turn = float((a * b).sum()) / size, float((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]).sum()) / size
    matrix = np.array([[grow, -turn], [turn, grow]])
    scale = float(np.hypot(grow, turn))
    if scale < 1e-6:
        raise FaceError("the points lie on top of each other")
    return matrix, goal - matrix @ middle, scale


def spline(known: Doubles, moves: Doubles, places: Doubles) -> Doubles:
    """Carry moves (n, 2) at known points (n, 2) smoothly to other places (m, 2): a thin plate, in eye distances."""

    def bend(a: Doubles, b: Doubles) -> Doubles:
        squared = ((a[:, None] - b[None]) ** 2).sum(axis=2)
        return np.asarray(squared * np.log(np.maximum(squared, 1e-12)), np.float64)

    count = len(known)
    flat = np.concatenate([np.ones((count, 1)), known], axis=1)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = bend(known, known) + STIFF * np.eye(count)
    system[:count, count:], system[count:, :count] = flat, flat.T
    weights = np.linalg.lstsq(system, np.concatenate([moves, np.zeros((3, 2))]), rcond=None)[0]
    return np.asarray(bend(places, known) @ weights[:count] + np.concatenate([np.ones((len(places), 1)), places], axis=1) @ weights[count:])


def put_iris(points: Doubles, shapes: Shapes, side: str, spot: tuple[float, float] | None) -> None:
    """Put the five points of an iris into points (478, 3), at the spot or in the middle of the eye."""
    upper, lower = getattr(shapes, f"eye_{side}_upper"), getattr(shapes, f"eye_{side}_lower")
    ring = np.concatenate([points[upper], points[lower]])
    middle = ring.mean(axis=0)
    if spot is not None:
        middle[:2] = spot
    radius = IRIS * float(np.linalg.norm(points[upper[0], :2] - points[upper[-1], :2]))
    iris = getattr(shapes, f"iris_{side}")
    points[iris] = middle
    points[iris[1:], :2] += radius * np.array([[1, 0], [0, -1], [-1, 0], [0, 1]])


def names_of(points: Array) -> dict[str, list[float]]:
    """Take the named points out of a face's points (478, 3), as a landmarks file holds them."""
    return {name: [round(float(number), 1) for number in points[at, :2]] for name, at in NAMES.items()}
