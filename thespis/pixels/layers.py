"""What a mesh is put together from: layers of vertices with a texture each, stacked into one atlas."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes

Triangles = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Layer:
    """Some vertices of the puppet, at rest.

    `points` (n, 3) in eye distances along the camera's axes; `source` (n, 2) in pixels of the layer's own `texture` (h, w, 4), or of
    the portrait's where that is None; `triangles` (m, 3) number this layer's vertices. `follow_head` (n,) is how far a vertex goes with
    the head's rotation, `free` (n, 2) how much of that across and down the frame, `follow_jaw` (n,) how far with the jaw; `behind`
    pushes the whole layer away from the viewer, in eye distances.
    """

    points: Array
    source: Array
    triangles: Triangles
    texture: Bytes | None = None
    follow_head: Array | None = None
    free: Array | None = None
    follow_jaw: Array | None = None
    light: Array | None = None
    behind: float = 0.0


def opaque(rgb: Bytes) -> Bytes:
    """Add a full fourth channel to a texture (h, w, 3)."""
    return np.dstack([rgb, np.full(rgb.shape[:2], 255, np.uint8)])


def stack(textures: list[Bytes]) -> tuple[Bytes, list[int]]:
    """Stack textures (h, w, 4) into one atlas, and give the row at which each begins."""
    width = max(texture.shape[1] for texture in textures)
    rows, starts, at = [], [], 0
    for texture in textures:
        # One row and column of repeated edge keep the bilinear reader from seeing the neighbour.
        padded = np.pad(texture, ((0, 2), (0, width - texture.shape[1]), (0, 0)), mode="edge")
        rows.append(padded)
        starts.append(at)
        at += padded.shape[0]
    return np.ascontiguousarray(np.concatenate(rows)), starts


def grid_triangles(rows: int, columns: int) -> Triangles:
    """Triangulate a grid of rows x columns vertices, numbered row by row."""
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    upper = np.stack([corner, corner + 1, corner + columns], axis=1)
    lower = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    return np.asarray(np.concatenate([upper, lower]), np.int32)


def smoothstep(low: float, high: float, value: npt.ArrayLike) -> Array:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    share = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
