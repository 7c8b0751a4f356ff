"""What a mesh is put together from: layers of vertices with a texture each, stacked into one atlas."""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes

Triangles = npt.NDArray[np.int32]
ROWS = 32  # pixels high is a row in which triangles are drawn one after the other


@dataclass(frozen=True, eq=False)
class Layer:
    """Some vertices of the puppet, at rest.

    `points` (n, 3) in eye distances along the camera's axes; `source` (n, 2) in pixels of the layer's own `texture` (h, w, 4), or of
    the portrait's where that is None; `triangles` (m, 3) number this layer's vertices. `follow_head` (n, 3) is how far a vertex goes with
    the head along each axis, `free` (n, 2) how much of any motion it makes across and down the frame, `follow_body` (n,) how far it goes
    with the shoulders and `follow_jaw` (n,) with the jaw; `behind` pushes the whole layer away from the viewer, in eye distances.
    """

    points: Array
    source: Array
    triangles: Triangles
    texture: Bytes | None = None
    follow_head: Array | None = None
    free: Array | None = None
    follow_body: Array | None = None
    follow_jaw: Array | None = None
    light: Array | None = None
    behind: float = 0.0


def window(texture: Bytes, points: Array, room: float) -> tuple[Bytes, Array]:
    """Take what lies within `room` pixels around points (n, 2) out of a texture (h, w, 3) -> it, and where it begins (2,)."""
    ends = np.array(texture.shape[1::-1])
    left, top = np.clip(np.floor(points.min(axis=0) - room).astype(int), 0, ends - 1)
    right, bottom = np.clip(np.ceil(points.max(axis=0) + room).astype(int) + 1, np.array([left, top]) + 1, ends)
    return texture[top:bottom, left:right], np.array([left, top], np.float32)


def opaque(rgb: Bytes) -> Bytes:
    """Add a full fourth channel to a texture (h, w, 3)."""
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA), np.uint8)


def stack(textures: list[Bytes]) -> tuple[Bytes, list[int]]:
    """Stack textures (h, w, 4) into one atlas, and give the row at which each begins."""
    width = max(texture.shape[1] for texture in textures)
    starts = np.cumsum([0, *(texture.shape[0] + 2 for texture in textures)]).tolist()
    atlas = np.zeros((starts[-1], width, 4), np.uint8)
    for texture, at in zip(textures, starts, strict=False):
        high, wide = texture.shape[:2]
        atlas[at : at + high, :wide] = texture
        # Rows and a column of repeated edge keep the bilinear reader from seeing the neighbour.
        atlas[at + high : at + high + 2, :wide] = texture[-1]
        atlas[at : at + high + 2, wide : wide + 1] = atlas[at : at + high + 2, wide - 1 : wide]
    return atlas, starts[:-1]


def by_rows(triangles: Triangles, place: Array) -> Triangles:
    """Order triangles (m, 3) of vertices at places (n, 2) by rows of the frame: what lies near is then still at hand when it is read."""
    middle = place[triangles].mean(axis=1)
    return np.ascontiguousarray(triangles[np.lexsort((middle[:, 0], middle[:, 1] // ROWS))])


def grid_triangles(rows: int, columns: int) -> Triangles:
    """Triangulate a grid of rows x columns vertices, numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    upper = np.stack([corner, corner + 1, corner + columns], axis=1)
    lower = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    return np.asarray(np.concatenate([upper, lower]), np.int32)


def smoothstep(low: float, high: float, value: npt.ArrayLike) -> Array:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    if isinstance(value, float):
        # For a single number arrays are slow; it comes to the same.
        part = min(max((float(np.float32(value)) - low) / (high - low), 0.0), 1.0)
        return np.asarray(part * part * (3 - 2 * part), np.float32)
    # By the arrays' library it would take seven passes.
    return np.asarray(rise(np.asarray(value, np.float32), np.float32(low), np.float32(high - low)), np.float32)


@numba.vectorize(["f4(f4,f4,f4)"], cache=True)  # type: ignore[no-untyped-call, untyped-decorator]  # numba types its other decorators
def rise(value: np.float32, low: np.float32, way: np.float32) -> np.float32:  # pragma: no cover - compiled
    """Rise smoothly from 0 at `low` to 1 at `way` more."""
    share = min(max((value - low) / way, np.float32(0)), np.float32(1))
    return share * share * (np.float32(3) - np.float32(2) * share)


def on_frame(points: Array, unit: float, origin: Array) -> Array:
    """Carry points (n, 3) in eye distances to places (n, 2) in pixels, `unit` to an eye distance, from `origin` (2,)."""
    place = np.empty((len(points), 2), np.float32)
    # One column after the other: rows of two are slow to go over.
    for axis in (0, 1):
        np.multiply(points[:, axis], unit, out=place[:, axis])
        place[:, axis] += origin[axis]
    return place


@numba.njit("void(f4[:,::1],f4[:,::1],f4[:,::1],i8,f4[:,:],f4[:],f4[:,:],f4[:])", cache=True, nogil=True)
def follow(
    points: Array, head: Array, body: Array, first: int, turn: Array, shift: Array, lean: Array, sway: Array
) -> None:  # pragma: no cover - compiled
    """Let points (n, 3) go as far as `head` (n, 3) says where a head's `turn` (3, 3) and `shift` (3,) take them, in place.

    Those from `first` on also go as far as `body` (m, 3) says where shoulders' `lean` (3, 3) and `sway` (3,) take them.
    """
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        cloth = first <= i < first + body.shape[0]
        for axis in range(3):
            was = points[i, axis]
            went = head[i, axis] * (turn[axis, 0] * x + turn[axis, 1] * y + turn[axis, 2] * z + shift[axis] - was)
            if cloth:
                leaned = lean[axis, 0] * x + lean[axis, 1] * y + lean[axis, 2] * z + sway[axis]
                went += body[i - first, axis] * (leaned - was)
            points[i, axis] = was + went
