"""A face laid onto its frame: the person fitted to it, and where in the texture everything of it is."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face, fit_pose
from thespis.head.person import Person, fit
from thespis.head.shapes import Shapes, load_shapes
from thespis.pixels.brows import clear_forehead
from thespis.pixels.cutout import Cutout, cut_out
from thespis.pixels.edges import refine_lips
from thespis.pixels.framing import Framing
from thespis.pixels.glasses import Glasses, find_glasses, hold_glasses, level_glasses
from thespis.pixels.hidden import still_behind_nose
from thespis.pixels.large_eyes import refine_lids
from thespis.pixels.relief import carried, flatten, unfolded, way_back
from thespis.pixels.skirt import near_head, rays
from thespis.types import Array, Bytes

CHEEK = {"right": [230, 229, 118, 101], "left": [450, 449, 347, 330]}  # plain skin below each eye


@dataclass(frozen=True, eq=False)
class Laid:
    """A `person` in a frame: turned by `rotation` (3, 3) and seen from `origin` (2,) at `unit` frame pixels an eye distance.

    `on_texture` (478, 2) is where the face's points are there, and `rings` the outline of each eye among them. `seen` (n, 3) are the
    face's outermost points in eye distances and `away` (n, 2) the ways out of it. The photograph has it turned by `yaw` degrees, and it
    may turn `back` to the camera by so many radians. `others` (n, 3) are other faces: their middle in the texture, and their height.
    """

    person: Person
    framing: Framing
    rotation: Array
    origin: Array
    unit: float
    on_texture: Array
    rings: dict[str, npt.NDArray[np.int32]]
    glasses: Glasses | None
    seen: Array
    away: Array
    yaw: float
    back: float
    others: Array

    @property
    def texture(self) -> Bytes:
        """The picture (h, w, 3) that the frame is made of."""
        return self.framing.texture

    @property
    def fine(self) -> float:
        """How many pixels of the texture an eye distance has."""
        return self.unit * float(np.mean(self.framing.finer))

    def spot_on_texture(self, spots: Array) -> Array:
        """Carry places (n, 2) in eye distances to the texture (n, 2)."""
        return self.framing.to_texture(spots * self.unit + self.origin)

    def from_texture(self, places: Array, depth: float) -> Array:
        """Carry places (n, 2) in the texture to points (n, 3) in eye distances, at a depth."""
        spots = (self.framing.from_texture(places) - self.origin) / self.unit
        return np.asarray(np.concatenate([spots, np.full((len(places), 1), depth)], axis=1), np.float32)

    def moving(self, places: Array) -> tuple[Array, Array]:
        """Say how much places (n, 2) in the texture move with the head (n,), and where no shoulder can be (n,)."""
        turned_back = self.from_texture(places, float(self.seen[:, 2].mean())) @ self.rotation
        return near_head(self.person.photo[self.person.shapes.oval], turned_back[:, :2])

    def cut_out(self, *, entirely: bool) -> Cutout | None:
        """Cut the person out of the texture, where the head moves or `entirely`; None if the network sees nobody there."""
        inside = self.framing.inside
        return cut_out(self.texture, inside, self.on_texture, self.fine, self.moving, self.others, entirely=entirely)


def eye_rings(shapes: Shapes) -> dict[str, npt.NDArray[np.int32]]:
    """Give the points of each eye's outline, the upper lid's first."""
    return {
        "left": np.concatenate([shapes.eye_left_upper, shapes.eye_left_lower[-2:0:-1]]),
        "right": np.concatenate([shapes.eye_right_upper, shapes.eye_right_lower[-2:0:-1]]),
    }


def lay(face: Face, framing: Framing) -> Laid:
    """Fit a person to a face, at the lips and lids that its frame's texture shows, and find what is around it."""
    shapes = load_shapes()
    points = framing.to_frame(face.points)
    rotation, unit, offset = fit_pose(points)
    texture, finer = framing.texture, float(np.mean(framing.finer))
    down = np.asarray(rotation[:2, 1] / max(float(np.linalg.norm(rotation[:2, 1])), 1e-6), np.float32)
    points = points.copy()
    points[:468, :2] += refine_lips(texture, framing.to_texture(points), shapes, unit * finer, down) / finer
    points[:468, :2] += refine_lids(texture, framing.to_texture(points), shapes, unit * finer, CHEEK) / finer
    back, (points, goes) = way_back(points[:468] / unit, rotation), unfolded(points, rotation, unit)
    placed = Face(points, rotation, unit, face.yaw, face.pitch, face.roll)
    person = flatten(carried(fit(shapes, placed, offset), goes), rotation)
    between = framing.to_texture(np.append(offset[:2], 0.0)[None].astype(np.float32))[0, :2]
    glasses = find_glasses(texture, between, *(rotation[:2, axis] * unit * finer for axis in (0, 1)))
    if glasses is not None:
        person = flatten(level_glasses(hold_glasses(person, glasses), glasses, rotation), rotation)
    person = still_behind_nose(clear_forehead(person, rotation), rotation)
    seen, away = rays(shapes, person.photo, rotation)
    others = np.zeros((len(face.others), 3), np.float32)
    if face.others:
        heights = np.array(face.others, np.float32)[:, 2] * framing.zoom[1] * framing.finer[1]
        others[:] = np.column_stack([framing.to_texture(framing.to_frame(np.array(face.others, np.float32))), heights])
    return Laid(
        person,
        framing,
        rotation,
        np.asarray(offset[:2], np.float32),
        unit,
        framing.to_texture(points),
        eye_rings(shapes),
        glasses,
        seen,
        away,
        face.yaw,
        back,
        others,
    )
