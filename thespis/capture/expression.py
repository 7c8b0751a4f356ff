"""Read a face's points back into the Space `face`: pose, the 51 weights by a bounded least-squares fit, and gaze from the irises."""

from dataclasses import dataclass

import numpy as np

from thespis.capture.evidence import LOOKED_AT, RIGID
from thespis.capture.faces import align_all
from thespis.capture.joint import load_likelihood
from thespis.capture.solver import Doubles, bounded
from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.types import Array

DEPTH_TRUST = 0.12  # how much a point's depth counts beside its place in the picture: the network guesses it
FIRM, RIDGE, SPARSE = 2e-3, 0.02, 1.2e-3
MOST = 1.4
HELD = 0.15  # how firmly weights are held against where lips and lids are seen
BROWS_COUNT, OUTER_COUNTS, CORNERS_COUNT = 0.5, 0.5, 3.0  # beside a point of the lids or the inner lips
CORNERS = (61, 291, 78, 308)
# What pixels tell better than lips and lids do is held more firmly.
HELD_MORE = {"mouthPucker": 6.0, "mouthFunnel": 4.0, "eyeWideLeft": 4.0, "eyeWideRight": 4.0}
SWEEPS = 40
# What the eye can hardly tell from something more usual costs more, so that the usual explanation wins.
UNUSUAL = {
    "mouthClose": 3.0, "cheekPuff": 6.0, "jawForward": 4.0, "mouthRollUpper": 3.0, "mouthRollLower": 2.5, "mouthFunnel": 2.0,
    "mouthShrugUpper": 3.0, "mouthShrugLower": 2.0, "mouthLeft": 2.0, "mouthRight": 2.0, "jawLeft": 2.0, "jawRight": 2.0,
    "eyeLookInLeft": 50.0, "eyeLookInRight": 50.0, "eyeLookOutLeft": 50.0, "eyeLookOutRight": 50.0,
    "eyeLookUpLeft": 50.0, "eyeLookUpRight": 50.0, "eyeLookDownLeft": 50.0, "eyeLookDownRight": 50.0,
}  # fmt: skip
EYEBALL = 0.2  # radius in eye distances


@dataclass(frozen=True, eq=False)
class Reading:
    """One face in one frame: `weights` (51,), its `rotation` (3, 3), `scale` and `offset` (3,), gaze (4,), and the error left over.

    `error` is the median distance between the points and the fitted ones, in eye distances, in the picture plane.
    """

    weights: Array
    rotation: Array
    scale: float
    offset: Array
    gaze: Array
    error: float

    def own(self, points: Array) -> Array:
        """Turn the points (n, 3) in pixels that were read into the face's own axes, in eye distances."""
        return np.asarray((points - self.offset) / self.scale @ self.rotation, np.float32)


class Reader:
    """Read one person's faces; what a frame says does not depend on the frames before it."""

    def __init__(self, person: Person) -> None:
        """Prepare the equations of a person's face at rest."""
        self.person = person
        importance = np.full(len(person.rest), 0.5)
        shapes = person.shapes
        importance[shapes.lips_outer] = 2.0
        lips = (shapes.lips_inner_upper, shapes.lips_inner_lower)
        lids = (shapes.eye_left_upper, shapes.eye_left_lower, shapes.eye_right_upper, shapes.eye_right_lower)
        for ring in lips:
            importance[ring] = 3.0
        for ring in lids:
            importance[ring] = 4.0
        for ring in (shapes.brow_left, shapes.brow_right):
            importance[ring] = 2.5
        self._weight = importance[:, None] * np.array([1.0, 1.0, DEPTH_TRUST])
        self._weight /= importance.sum()
        fields = person.fields.astype(np.float64)
        self._fields = np.ascontiguousarray(fields.reshape(len(fields), -1))
        scaled = self._fields * self._weight.reshape(-1)
        cost = np.array([UNUSUAL.get(name, 1.0) for name in SHAPES])
        size = (scaled * self._fields).sum(axis=1)
        # Small shapes would drown in one common pull, so each is held in proportion to what it moves.
        self._matrix = np.ascontiguousarray(scaled @ self._fields.T + np.diag(FIRM * cost * size.mean() + RIDGE * cost * size))
        self._scaled = scaled
        edge = np.zeros(len(person.rest))
        edge[[*shapes.brow_left, *shapes.brow_right]] = BROWS_COUNT
        edge[shapes.lips_outer] = OUTER_COUNTS
        for ring in lips:
            edge[ring] = 1.0
        for ring in lids:
            edge[ring] = 1.0
        edge[list(CORNERS)] = CORNERS_COUNT
        edges = self._fields * (edge[:, None] / edge.sum() * np.array([1.0, 1.0, 0.0])).reshape(-1)
        self._edges, square = np.ascontiguousarray(edges), edges @ self._fields.T
        # Shapes that hardly move an edge stay with what the evidence as a whole says.
        self._hold = HELD * float(np.trace(square)) / len(square) * np.array([HELD_MORE.get(name, 1.0) for name in SHAPES])
        reported = np.zeros((len(SHAPES), len(person.rest), 3))
        reported[:, LOOKED_AT, :2] = load_likelihood().expected(person.fields)[:, 0]
        self._unreported = np.ascontiguousarray(edges @ (self._fields - reported.reshape(len(fields), -1)).T)
        self._settling = np.ascontiguousarray(square + np.diag(self._hold))
        self._sparse = SPARSE * cost * np.sqrt(size * size.mean())

    def read(self, points: Array) -> Reading:
        """Read points (478, 3) in pixels."""
        return self.read_all(points[None])[0]

    def read_all(self, points: Array) -> list[Reading]:
        """Read the points (n, 478, 3) of many frames."""
        rest = self.person.rest.astype(np.float64)
        count = len(rest)
        weights = np.zeros((len(points), len(SHAPES)))
        shapes = np.broadcast_to(rest, (len(points), *rest.shape))
        every = points.astype(np.float64)
        targets = every[:, :count]
        trust = np.full(count, 0.15)
        trust[list(RIGID)] = 1.0
        for _ in range(2):
            rotations, scales, offsets = align_all(shapes, targets, trust)
            own = (targets - offsets[:, None]) / scales[:, None, None] @ rotations
            moved = (self._weight * (own - rest)).reshape(len(points), -1)
            weights = bounded(self._matrix, moved @ self._fields.T - self._sparse, weights, MOST, SWEEPS)
            shapes = rest + (weights @ self._fields).reshape(-1, *rest.shape)
        back = scales[:, None, None] * (shapes @ rotations.transpose(0, 2, 1)) + offsets[:, None]
        errors = np.median(np.linalg.norm((back - targets)[..., :2], axis=2), axis=1) / scales
        straight = (every - offsets[:, None]) / scales[:, None, None] @ rotations
        parts = (part.astype(np.float32) for part in (weights, rotations, offsets, self._gaze(straight)))
        return [
            Reading(weight, rotation, scale, offset, gaze, error)
            for weight, rotation, offset, gaze, scale, error in zip(*parts, scales.tolist(), errors.tolist(), strict=True)
        ]

    def settle(self, own: Array, weights: Array) -> Array:
        """Change weights (n, 51) as little as needed for lips, lids and brows to be where the points (n, 468, 3) in own axes are.

        Points report less than what happens. How much less is known, and only what is left is made up for.
        """
        moved = (own - self.person.rest).astype(np.float64).reshape(len(own), -1)
        given = np.clip(weights, 0.0, MOST).astype(np.float64)
        target = moved @ self._edges.T + given @ self._unreported.T + self._hold * given
        return bounded(self._settling, target, given, MOST, SWEEPS).astype(np.float32)

    def _gaze(self, own: Doubles) -> Array:
        """Find where the eyes look (left yaw and pitch, right yaw and pitch) in radians, from points (n, 478, 3) in the face's axes."""
        shapes, found = self.person.shapes, []
        for upper, lower, iris in (
            (shapes.eye_left_upper, shapes.eye_left_lower, shapes.iris_left),
            (shapes.eye_right_upper, shapes.eye_right_lower, shapes.iris_right),
        ):
            # The corners say where the ball is; lids move with every blink and say nothing.
            middle = (own[:, upper[0]] + own[:, upper[-1]] + own[:, lower[0]] + own[:, lower[-1]]) / 4
            found.append(np.arcsin(np.clip((own[:, iris[0]] - middle)[:, :2] / EYEBALL, -0.8, 0.8)))
        return np.asarray(np.concatenate(found, axis=1), np.float32)
