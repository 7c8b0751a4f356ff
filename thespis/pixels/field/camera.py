"""How a tracked head is seen: rays through pixels in the head's own axes, where along them skin can be, and which pixels are drawn.

The camera is the tracker's: parallel rays, a rotation, a scale and a place for each frame. Own axes are in eye distances.
"""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes

CELLS = 64  # of the grid of places where skin can be, a side
THICK = 0.16  # eye distances from the tracked face within which something is drawn
STEPS = 96  # places of a ray that are looked at to find where it enters and leaves
AROUND, SOFT = 0.06, 0.11  # eye distances around the outline of a face that are drawn, and over which it goes over into the frame


@dataclass(frozen=True, eq=False)
class Poses:
    """Where a head is in each frame: `rotations` (n, 3, 3), `scales` (n,) in pixels an eye distance, `offsets` (n, 3) in pixels."""

    rotations: Array
    scales: Array
    offsets: Array

    def __len__(self) -> int:
        """Count the frames."""
        return len(self.scales)

    def rays(self, frame: int, pixels: Array) -> tuple[Array, Array]:
        """Give where rays through pixels (r, 2) pass the middle of the head (r, 3), and their common direction (3,)."""
        flat = np.zeros((len(pixels), 3), np.float32)
        flat[:, :2] = (pixels - self.offsets[frame, :2]) / self.scales[frame]
        return flat @ self.rotations[frame], np.asarray(self.rotations[frame][2], np.float32)

    def seen(self, frame: int, points: Array) -> Array:
        """Give where points (n, 3) in own axes are in the frame (n, 2), in pixels."""
        turned = points @ self.rotations[frame].T
        return np.asarray(turned[:, :2] * self.scales[frame] + self.offsets[frame, :2], np.float32)


@dataclass(frozen=True, eq=False)
class Shell:
    """Where a head can be: `points` (n, 3) on its skin with mouth shut and open, `outline` (m, 3) around the face, in own axes.

    `bound` is half the side of the cube around `centre` (3,) that the field fills.
    """

    points: Array
    outline: Array
    centre: Array
    bound: float

    @cached_property
    def cells(self) -> npt.NDArray[np.bool_]:
        """The cells (CELLS, CELLS, CELLS) of the cube, by x, y and z, in which something can be."""
        side = 2 * self.bound / CELLS
        middles = (np.arange(CELLS) + 0.5) * side - self.bound
        found = np.zeros((CELLS, CELLS, CELLS), np.bool_)
        reach = int(np.ceil(THICK / side)) + 1
        for point in self.points - self.centre:
            low = np.clip(((point + self.bound) / side).astype(int) - reach, 0, CELLS)
            high = np.clip(low + 2 * reach + 1, 0, CELLS)
            x, y, z = (middles[a:b] - p for a, b, p in zip(low, high, point, strict=True))
            near = x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2 < THICK**2
            found[low[0] : high[0], low[1] : high[1], low[2] : high[2]] |= near
        return found

    def within(self, starts: Array, direction: Array) -> tuple[Array, Array]:
        """Find how far along each ray from `starts` (r, 3) it enters and leaves the cells (r,); where it meets none both are 0."""
        along = np.linspace(-2 * self.bound, 2 * self.bound, STEPS, dtype=np.float32)
        places = (starts - self.centre)[:, None, :] + along[None, :, None] * direction
        index = ((places + self.bound) * (CELLS / (2 * self.bound))).astype(np.int32)
        inside = ((index >= 0) & (index < CELLS)).all(axis=2)
        x, y, z = np.moveaxis(np.clip(index, 0, CELLS - 1), 2, 0)
        met = inside & self.cells[x, y, z]
        step = along[1] - along[0]
        first, last = met.argmax(axis=1), STEPS - 1 - met[:, ::-1].argmax(axis=1)
        any_met = met.any(axis=1)
        near = np.where(any_met, along[first] - step / 2, 0)
        far = np.where(any_met, along[last] + step / 2, 0)
        return near.astype(np.float32), far.astype(np.float32)

    def share(self, poses: Poses, frame: int, side: int) -> Array:
        """Tell how much of each pixel of a square frame is drawn (side, side): 1 on the face, softly down to 0 around it."""
        corners = cv2.convexHull(np.round(16 * poses.seen(frame, self.outline)).astype(np.int32))
        mask: Bytes = np.zeros((side, side), np.uint8)
        cv2.fillConvexPoly(mask, corners, (255,), lineType=cv2.LINE_AA, shift=4)
        unit = float(poses.scales[frame])
        around, soft = max(round(AROUND * unit), 1), max(round(SOFT * unit), 1)
        grown = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * around + 1, 2 * around + 1)))
        return np.asarray(cv2.blur(grown, (2 * soft + 1, 2 * soft + 1)), np.float32) / 255


def shell_of(rest: Array, jaw: Array, triangles: npt.NDArray[np.int32], oval: npt.NDArray[np.int32], bound: float) -> Shell:
    """Build the shell of a face at rest (468, 3), and with the jaw moved by `jaw` (468, 3)."""
    faces = [rest, rest + 0.5 * jaw, rest + jaw]
    # Points of triangles' middles and sides too: the forehead has few, and a ray between them would meet nothing.
    sides = [(face[triangles] + face[np.roll(triangles, 1, axis=1)]).reshape(-1, 3) / 2 for face in faces]
    points = np.concatenate([*faces, *sides, *(face[triangles].mean(axis=1) for face in faces)])
    # What is below the chin and above the brows belongs to the head too, and the track says nothing of it.
    outline = rest[oval]
    middle = outline.mean(axis=0)
    skirt = [outline + grow * (outline - middle) + np.array([0, 0, 0.1]) for grow in (0.08, 0.16)]
    open_outline = (rest + jaw)[oval]
    centre = (rest.min(axis=0) + rest.max(axis=0)) / 2
    return Shell(
        np.concatenate([points, *skirt, open_outline]).astype(np.float32),
        np.concatenate([outline, (rest + 0.35 * jaw)[oval]]).astype(np.float32),
        centre.astype(np.float32),
        bound,
    )
