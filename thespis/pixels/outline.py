"""The outline of a face: cheeks that an expression swells stay behind it, or they would stand before hair and ear with a corner."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from thespis.head.shapes import OVAL
from thespis.types import Array

NEAR = 0.4  # eye distances from the outline within which skin may come to lie beyond it
BEYOND = 0.02  # eye distances that it may at most


class Outline(NamedTuple):
    """Which skin lies near the outline: its points `rows` (n,), and the two of the outline that each lies beside, `sides` (n, 2).

    `shares` (n,) says where between those two, `out` (n, 3) which way leads out from there, in the camera's axes, and `room` (n,) how far
    it is until there, in eye distances.
    """

    rows: npt.NDArray[np.int64]
    sides: npt.NDArray[np.int64]
    shares: Array
    out: Array
    room: Array


def axes_of(outline: Array) -> tuple[Array, Array]:
    """Say which ways lead down and across (2,) a face, by its outline (n, 2), from the middle of the forehead past the chin and back."""
    down = outline[len(outline) // 2] - outline[0]
    down = down / max(float(np.linalg.norm(down)), 1e-6)
    return np.asarray(down, np.float32), np.array([down[1], -down[0]], np.float32)


def find_outline(seen: Array) -> Outline:
    """Find which points of a face's skin (468, 3), in the camera's axes and eye distances, lie near its outline."""
    ring = np.asarray(OVAL)
    begin, end = seen[ring, :2], seen[np.roll(ring, -1), :2]
    along = end - begin
    long = np.maximum((along * along).sum(axis=1), 1e-9)
    share = np.clip(((seen[:468, None, :2] - begin) * along).sum(axis=2) / long, 0.0, 1.0)
    apart = np.linalg.norm(seen[:468, None, :2] - begin - share[..., None] * along, axis=2)
    number = apart.argmin(axis=1)
    way = np.stack([along[:, 1], -along[:, 0]], axis=1) / np.sqrt(long)[:, None]
    # The outline goes round one way or the other.
    way *= np.sign(((begin - begin.mean(axis=0)) * way).sum())
    every = np.arange(468)
    room = -((seen[:468, :2] - begin[number] - share[every, number, None] * along[number]) * way[number]).sum(axis=1)
    rows = np.setdiff1d(every[apart[every, number] < NEAR], ring)
    sides = np.stack([ring[number], np.roll(ring, -1)[number]], axis=1)[rows]
    out = np.append(way[number[rows]], np.zeros((len(rows), 1)), axis=1)
    return Outline(rows, sides, *(np.asarray(part, np.float32) for part in (share[rows, number[rows]], out, np.maximum(room[rows], 0.0))))


def keep_within(outline: Outline, skin: Array) -> None:
    """Hold back in place how far skin moves (468, 3) where that would bring it beyond the outline as it moves itself."""
    one, other = outline.sides.T
    edge = skin[one] + outline.shares[:, None] * (skin[other] - skin[one])
    over = np.einsum("ij,ij->i", skin[outline.rows] - edge, outline.out) - outline.room
    over = np.maximum(over, 0.0)
    if over.any():
        skin[outline.rows] -= (over * over / (over + BEYOND))[:, None] * outline.out
