"""What LivePortrait's networks see in a portrait, and how its own keypoints follow our Space `face`.

The official keypoints are nobody's choice and differ from person to person. So the portrait shows them itself: our own renderer draws
it with each movement, the motion extractor reads those pictures, and `calibrate` learns the map.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from thespis.capture.faces import face_of
from thespis.errors import DirectionError
from thespis.motion.liveportrait import KeypointMap, angles_of, calibrate, liveportrait_of_face, rotation_of
from thespis.motion.spaces.face import ARKIT, FACE, GAZE
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT
from thespis.pixels.crop import through
from thespis.pixels.framing import LARGEST_FRAME, cut_frame
from thespis.pixels.liveportrait.crop import Doubles, Patch, patch_of
from thespis.pixels.renderer import Renderer
from thespis.types import Array, Bytes, Direction, Frames, Portrait, Track

SHOWN = 0.8  # of each movement
LOOKS = 0.35  # radians
TURNS = ((0.2, 0, 0), (-0.2, 0, 0), (0, 0.25, 0), (0, -0.25, 0), (0, 0, 0.2), (0, 0, -0.2))
RESTS = 6  # rows at rest, so that rest counts
AT_ONCE = 8  # pictures that are read together
DRAWN = 320  # pixels a side of the pictures by which a portrait is calibrated: a little finer than the networks see
DEFAULT = 512


@dataclass(frozen=True, eq=False)
class Seen:
    """A portrait: its patch, the volume of its looks (a tensor), and the row (70,) and canonical keypoints (21, 3) that were read."""

    patch: Patch
    volume: Any
    row: Array
    canonical: Array


def tensor_of(networks: Any, pictures: Bytes) -> Any:  # noqa: ANN401 - torch is imported only here
    """Carry pictures (n, S, S, 3) to the networks' device (n, 3, S, S), from 0 to 1."""
    import torch

    given = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2))).float() / 255
    return given.to(next(networks.parameters()).device)


def read(networks: Any, pictures: Bytes) -> tuple[Track, Array]:  # noqa: ANN401
    """Read pictures (n, S, S, 3) -> their motion in LIVEPORTRAIT (25 rows a second), and canonical keypoints (n, 21, 3)."""
    import torch

    parts: dict[str, list[Array]] = {}
    with torch.no_grad():
        for first in range(0, len(pictures), AT_ONCE):
            said = networks.motion(tensor_of(networks, pictures[first : first + AT_ONCE]))
            for name in ("canonical", "expression", "pitch", "yaw", "roll", "translation", "scale"):
                parts.setdefault(name, []).append(getattr(said, name).float().cpu().numpy())
    found = {name: np.concatenate(values) for name, values in parts.items()}
    rows = Track(LIVEPORTRAIT, np.zeros((len(pictures), LIVEPORTRAIT.size), np.float32), Fraction(25))
    expression = {f"expression_{number}": found["expression"][:, number] for number in range(found["expression"].shape[1])}
    others = {name: found[name] for name in ("scale", "translation", "pitch", "yaw", "roll")}
    return rows.replace(**expression, **others), found["canonical"]


def frame_of(portrait: Portrait, direction: Direction) -> tuple[Bytes, Doubles]:
    """Settle what a frame shows: the picture in it (h, w, 3), and the matrix (3, 3) from picture to frame pixels."""
    picture = portrait.image
    if direction.crop == "original":
        if direction.size is not None or max(picture.shape[:2]) > LARGEST_FRAME:
            raise DirectionError(f"crop=original keeps the picture's own size, up to {LARGEST_FRAME} pixels a side; choose crop=picture")
        return picture, np.eye(3)
    framing = cut_frame(picture, face_of(portrait), direction.size, direction.crop, DEFAULT)
    (zoom_x, zoom_y), (left, top) = framing.zoom, framing.shift
    matrix = np.array([[zoom_x, 0, (zoom_x - 1) / 2 + left], [0, zoom_y, (zoom_y - 1) / 2 + top], [0, 0, 1]])
    return through(framing), matrix


def see(networks: Any, portrait: Portrait) -> Seen:  # noqa: ANN401
    """Find the face, cut its square, and let the networks look at it."""
    import torch

    side = networks.shape.side
    patch = patch_of(face_of(portrait).points, side)
    square = patch.cut(portrait.image)[None]
    rows, canonical = read(networks, square)
    with torch.no_grad():
        volume = networks.appearance(tensor_of(networks, square))
    return Seen(patch, volume, rows.values[0], canonical[0])


def movements() -> Track:
    """List what a portrait shows to be calibrated by: rest, each weight, looks up, down and to the sides, and turns of the head."""
    weights = [{name: SHOWN} for name in ARKIT if name != "tongueOut"]
    looks = [{f"gaze_{side}_{way}": sign * LOOKS for side in ("left", "right")} for way in ("yaw", "pitch") for sign in (1, -1)]
    shown: list[dict[str, Any]] = [*({} for _ in range(RESTS)), *weights, *looks, *({"head_rotation": turn} for turn in TURNS)]
    values = np.zeros((len(shown), FACE.size), np.float32)
    for row, changes in enumerate(shown):
        for name, value in changes.items():
            values[row, FACE.slice(name)] = value
    assert set(GAZE.names) <= {name for changes in shown for name in changes}
    return Track(FACE, values, Fraction(25))


def keypoints_of_portrait(networks: Any, portrait: Portrait, seen: Seen) -> KeypointMap:  # noqa: ANN401
    """Learn how this portrait's keypoints follow FACE, from pictures that our own renderer draws of it."""
    asked = movements()
    renderer, wish = Renderer(), Direction(size=(DRAWN, DRAWN))
    drawn = renderer.step(renderer.start(portrait, wish), asked, True)
    assert isinstance(drawn, Frames)
    _, to_frame = frame_of(portrait, wish)
    patch = Patch(seen.patch.matrix @ np.linalg.inv(to_frame), seen.patch.side)
    squares = np.stack([patch.cut(image) for image in drawn.images])
    observed, _ = read(networks, squares)
    return calibrate(asked, observed, seen.canonical)


def absolute(face: Track, keypoints: KeypointMap, seen: Seen) -> Track:
    """Turn FACE, which is relative to the portrait, into rows of LIVEPORTRAIT for that portrait: what was seen in it, and what changes."""
    change = liveportrait_of_face(face, keypoints)
    own = Track(LIVEPORTRAIT, np.repeat(seen.row[None], len(face), axis=0), face.fps, face.start)
    turned = rotation_of(change)
    pitch, yaw, roll = angles_of(turned @ rotation_of(own))
    rest = np.einsum("nij,kj->nki", turned, keypoints.rest).reshape(len(face), 3 * len(keypoints.rest))
    values = own.values.copy()
    points = slice(0, rest.shape[1])
    values[:, points] += change.values[:, points] - rest
    moved = Track(LIVEPORTRAIT, values, face.fps, face.start)
    scale = own["scale"] * change["scale"] / keypoints.scale
    return moved.replace(pitch=pitch, yaw=yaw, roll=roll, scale=scale, translation=own["translation"] + change["translation"])
