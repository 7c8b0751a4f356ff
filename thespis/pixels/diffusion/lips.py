"""A portrait's own lips, parted at their own line, in frames that are finer than a network draws.

A mouth that speaks is some six pixels by three in a square of 64: what is painted there smears lips that the portrait shows sharply.
"""

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face, fit_pose
from thespis.head.person import fit
from thespis.head.shapes import LIPS_OUTER, load_shapes
from thespis.motion.convert_head import face_of_flame
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.pixels.close_up import FAR, Mesh, draw_mouth, near_by
from thespis.pixels.diffusion.detail import Finer
from thespis.pixels.diffusion.flow import HELD, posed_as
from thespis.pixels.diffusion.square import Matrix, square_of
from thespis.pixels.edges import refine_lips
from thespis.pixels.inside import inside_of, within
from thespis.pixels.layers import Triangles, opaque, smoothstep, stack
from thespis.pixels.lips import loosen, meet
from thespis.pixels.parting import seal, tucked
from thespis.pixels.raster import draw, packed
from thespis.types import Array, Bytes, Track

OWN = (0.1, 0.45)  # eye distances around the lips within which points go where the person's own shapes say, and beyond which the network
UNPAINTED = (0.08, 0.25)  # eye distances around the lips that nothing is painted on, and over which paint fades
ROOM = 0.25  # of the size of a mouth, around it, that is drawn twice as fine
TWICE = 2  # times that what carries a point is looked up where it goes
DOWN = np.array([0, 1, 0], np.float32)  # in the face's own axes
MARGIN = 4.0  # pixels beyond a close-up that are still drawn in it


class OwnLips:
    """The lips of one portrait in the square that is shown."""

    def __init__(self, portrait: Bytes, points: Array, matrix: Matrix) -> None:
        """See a portrait (s, s, 3) whose face has points (478, 3) in its pixels; `matrix` (2, 3) takes these to the network's square."""
        shapes = load_shapes()
        self._turn, self._unit, self._offset = fit_pose(points)
        down = np.asarray(self._turn[:2, 1] / max(float(np.linalg.norm(self._turn[:2, 1])), 1e-6), np.float32)
        points = points.copy()
        points[:468, :2] += refine_lips(portrait, points[:, :2], shapes, self._unit, down)
        self._person = fit(shapes, Face(points, self._turn, self._unit, 0.0, 0.0, 0.0), self._offset)
        self._inside = inside_of(self._person, portrait, points)
        self._points = np.ascontiguousarray(points[:468, :2], np.float32)
        self._atlas, (_, self._sheet) = stack([opaque(portrait), self._inside.sheet])
        apart = np.linalg.norm(self._points[:, None] - self._points[None, list(LIPS_OUTER)], axis=2).min(axis=1) / self._unit
        self._own = 1 - smoothstep(*OWN, apart)
        triangles = np.asarray(shapes.triangles, np.int32)
        self._triangles: Triangles = np.ascontiguousarray(triangles[(self._own[triangles] > 0).any(axis=1)])
        amount, _ = seal(lambda tuck: self._seen(portrait, tucked(self._points, shapes, tuck * self._unit)), shapes)
        self._source = tucked(self._points, shapes, amount * self._unit)
        # What the network was taught of a head, in the portrait's pixels.
        rest = posed_as(np.zeros((1, FLAME.size), np.float32))[0]
        self._back = np.asarray(np.linalg.inv(matrix[:, :2]) * (2 / square_of(rest).side), np.float32)

    def _seen(self, portrait: Bytes, source: Array) -> Callable[[Array], tuple[Bytes, Array]]:
        """Let the lips be seen with the mesh's places in the portrait at `source` (468, 2): see `seal`."""
        side = np.arange(portrait.shape[0], dtype=np.float32)
        spots, still = np.stack(np.meshgrid(side, side, indexing="xy"), axis=-1), np.zeros((468, 2), np.float32)

        def show(row: Array) -> tuple[Bytes, Array]:
            picture = portrait.copy()
            return picture, self._moved(picture, spots, row, still, source)

        return show

    def speak(self, carried: Iterable[Finer], conditions: Mapping[str, Array]) -> Bytes:
        """Draw lips into n frames, under their `expression` (n, 53) and `pose` (n, 12), and lay paint over what is none -> (n, s, s, 3)."""
        flame = np.zeros((2, len(conditions["expression"]), FLAME.size), np.float32)
        for name, names in (("expression", EXPRESSION_AND_JAW.names), ("pose", HELD)):
            columns = np.concatenate([np.arange(FLAME.size)[FLAME.slice(each)] for each in names])
            flame[: 2 if name == "expression" else 1, :, columns] = conditions[name]
        weights = face_of_flame(Track(FLAME, flame[1], Fraction(25))).values  # the rate says nothing here
        posed = posed_as(flame.reshape(-1, FLAME.size)).reshape(*flame.shape[:2], -1, 3)
        turned = np.asarray((posed[0] - posed[1])[:, :468, :2] @ self._back.T, np.float32)
        return np.stack([self._draw(*each) for each in zip(carried, weights, turned, strict=True)])

    def _draw(self, carried: Finer, weights: Array, turned: Array) -> Bytes:
        """Draw a frame under weights (51 or more,) of a head that takes its points along by `turned` (468, 2)."""
        frame = carried.frame.copy()
        place = self._moved(frame, carried.spots, weights, turned, self._source)
        bare = self._bare(frame.shape[:2], place[self._person.shapes.lips_outer])
        return np.asarray(np.clip(np.round(frame + carried.over * bare[..., None]), 0, 255), np.uint8)

    def _moved(self, frame: Bytes, spots: Array, weights: Array, turned: Array, source: Array) -> Array:
        """Draw the skin around the mouth and what is inside -> where the points of the face are (468, 2)."""
        person, shapes = self._person, self._person.shapes
        moved = np.asarray(np.einsum("k,kij->ij", weights[: len(shapes.names)], person.fields), np.float32)
        moved = meet(shapes, person.rest, moved, DOWN)
        loosen(shapes, person.rest, moved, DOWN)
        wanted = np.asarray(person.rest + moved, np.float32)
        shown = wanted @ self._turn.T * self._unit + self._offset
        own = self._own[:, None]
        place = np.ascontiguousarray(own * (shown[:, :2] + turned) + (1 - own) * self._taken(spots), np.float32)
        depth, light = np.ascontiguousarray(shown[:, 2] / self._unit, np.float32), np.ones(len(place), np.float32)
        nearest = np.full(frame.shape[:2], FAR, np.float32)
        draw(place, depth, light, source, self._triangles, packed(self._atlas), frame, nearest, False)
        ring = place[shapes.lips_outer]
        near = near_by(frame, ring, ROOM * float((ring.max(axis=0) - ring.min(axis=0)).max()))
        if near is None:
            return place
        inside = within(self._inside, person, weights, wanted) @ self._turn.T * self._unit + self._offset
        inside[:, :2] += turned[shapes.lips_inner_upper].mean(axis=0)
        below = np.array([0, self._sheet], np.float32)
        mesh = Mesh(
            near.finer(np.concatenate([place, inside[:, :2]])),
            np.concatenate([depth, inside[:, 2] / self._unit + self._inside.behind]).astype(np.float32),
            np.concatenate([light, self._inside.light]),
            np.ascontiguousarray(np.concatenate([source, self._inside.source + below]), np.float32),
            self._atlas,
        )
        size = np.array(near.fine.shape[1::-1], np.float32)
        there = ((mesh.place > -MARGIN) & (mesh.place < size + MARGIN)).all(axis=1)
        face = np.ascontiguousarray(self._triangles[there[self._triangles].all(axis=1)])
        behind = np.ascontiguousarray(self._inside.triangles + len(place), np.int32)
        draw_mouth(near, mesh, face, behind, shapes, self._inside.lips, 2 * self._unit)
        near.shrink(frame)
        return place

    def _taken(self, spots: Array) -> npt.NDArray[np.float32]:
        """Find where a frame whose pixels came from `spots` (s, s, 2) takes the face's points -> (468, 2)."""
        at = self._points
        for _ in range(TWICE):
            came = cv2.remap(spots, at[None, :, 0], at[None, :, 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[0]
            at = np.asarray(self._points - (came - at), np.float32)
        return at

    def _bare(self, size: tuple[int, ...], ring: Array) -> Array:
        """Tell where a frame of this size is painted on, whose lips lie within `ring` (n, 2): from 0 to 1 (h, w)."""
        mask = np.zeros(size, np.uint8)
        cv2.fillPoly(mask, [np.round(ring * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
        near, far = (share * self._unit for share in UNPAINTED)
        return smoothstep(near, far, cv2.distanceTransform(255 - mask, cv2.DIST_L2, 3))
