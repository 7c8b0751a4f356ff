"""The shapes of the face: what each ARKit weight does to MediaPipe's 468 face points, and which points make lips, lids, brows and outline.

Axes and units: x to the picture's right, y down, z away from the viewer, in eye distances, from the point between the eyes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from thespis.card import Weight
from thespis.errors import ThespisError, unknown
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array
from thespis.weights import card_of, find

Indices = npt.NDArray[np.int32]
POINTS = 468
SHAPES = tuple(name for name in ARKIT if name != "tongueOut")
"""The 51 weights that move skin, in the order of the Space `face`."""

LIPS_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17, 84, 181, 91, 146)
LIPS_INNER_UPPER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LIPS_INNER_LOWER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
EYE_RIGHT_UPPER = (33, 246, 161, 160, 159, 158, 157, 173, 133)
EYE_RIGHT_LOWER = (33, 7, 163, 144, 145, 153, 154, 155, 133)
EYE_LEFT_UPPER = (263, 466, 388, 387, 386, 385, 384, 398, 362)
EYE_LEFT_LOWER = (263, 249, 390, 373, 374, 380, 381, 382, 362)
BROW_RIGHT = (70, 63, 105, 66, 107, 55, 65, 52, 53, 46)
BROW_LEFT = (300, 293, 334, 296, 336, 285, 295, 282, 283, 276)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
IRIS_RIGHT = (468, 469, 470, 471, 472)
IRIS_LEFT = (473, 474, 475, 476, 477)


def indices(ring: tuple[int, ...]) -> Indices:
    """Make a ring of point numbers (n,)."""
    return np.array(ring, np.int32)


@dataclass(frozen=True, eq=False)
class Shapes:
    """The face at rest and its 51 shapes; left and right are the person's own.

    `points` (468, 3) and `fields` (51, 468, 3) are in eye distances; `triangles` (852, 3) leave the eyes and the mouth open, and
    `(b - a) x (c - a)` of each points out of the face. The upper and lower rings run from corner to corner: a[i] lies above b[i].
    `eye_left_centre` and `eye_right_centre` (3,) and `eye_radius` are the eyeballs.
    """

    points: Array
    fields: Array
    triangles: Indices
    mirror: Indices
    eye_left_centre: Array
    eye_right_centre: Array
    eye_radius: float
    names: tuple[str, ...] = SHAPES

    @property
    def lips_outer(self) -> Indices:
        """The outer edge of the lips (20,), from the right corner over the upper lip."""
        return indices(LIPS_OUTER)

    @property
    def lip_edges(self) -> tuple[Indices, Indices, Indices, Indices]:
        """The inner edges of the upper and the lower lip, then their outer ones, each from corner to corner (11,)."""
        outer = self.lips_outer
        return self.lips_inner_upper, self.lips_inner_lower, outer[:11], outer[[0, *range(19, 9, -1)]]

    @property
    def lips_inner_upper(self) -> Indices:
        """The inner edge of the upper lip (11,), from the right corner to the left one."""
        return indices(LIPS_INNER_UPPER)

    @property
    def lips_inner_lower(self) -> Indices:
        """The inner edge of the lower lip (11,), from the right corner to the left one."""
        return indices(LIPS_INNER_LOWER)

    @property
    def eye_right_upper(self) -> Indices:
        """The margin of the right upper lid (9,), from the outer corner to the inner one."""
        return indices(EYE_RIGHT_UPPER)

    @property
    def eye_right_lower(self) -> Indices:
        """The margin of the right lower lid (9,), from the outer corner to the inner one."""
        return indices(EYE_RIGHT_LOWER)

    @property
    def eye_left_upper(self) -> Indices:
        """The margin of the left upper lid (9,), from the outer corner to the inner one."""
        return indices(EYE_LEFT_UPPER)

    @property
    def eye_left_lower(self) -> Indices:
        """The margin of the left lower lid (9,), from the outer corner to the inner one."""
        return indices(EYE_LEFT_LOWER)

    @property
    def brow_right(self) -> Indices:
        """The outline of the right brow (10,)."""
        return indices(BROW_RIGHT)

    @property
    def brow_left(self) -> Indices:
        """The outline of the left brow (10,)."""
        return indices(BROW_LEFT)

    @property
    def oval(self) -> Indices:
        """The outline of the face (36,), from the top of the forehead clockwise as seen."""
        return indices(OVAL)

    @property
    def iris_right(self) -> Indices:
        """The right iris (5,) among the 478 refined points, its centre first."""
        return indices(IRIS_RIGHT)

    @property
    def iris_left(self) -> Indices:
        """The left iris (5,) among the 478 refined points, its centre first."""
        return indices(IRIS_LEFT)

    def displace(self, weights: Array | Mapping[str, float]) -> Array:
        """Add up the weighted shapes, from weights (51,) or by name, to displacements (468, 3) in eye distances."""
        if isinstance(weights, Mapping):
            strange = [name for name in weights if name not in self.names]
            if strange:
                raise ThespisError(unknown("shape", strange[0], self.names))
            row = np.array([weights.get(name, 0.0) for name in self.names], np.float32)
        else:
            row = np.asarray(weights, np.float32)
            if row.shape != (len(self.names),):
                raise ValueError(f"displace needs weights of shape ({len(self.names)},), not {row.shape}")
        return np.tensordot(row, self.fields, axes=1).astype(np.float32)


def shapes_card() -> Weight:
    """Read the card that stands beside the shapes."""
    return card_of("shapes")


@cache
def load_shapes() -> Shapes:
    """Load the shapes that come with Thespis."""
    from safetensors.numpy import load_file

    tensors = load_file(find(shapes_card()))
    for tensor in tensors.values():
        tensor.setflags(write=False)
    return Shapes(
        points=tensors["points"],
        fields=tensors["fields"],
        triangles=tensors["triangles"],
        mirror=tensors["mirror"],
        eye_left_centre=tensors["eye_left_centre"],
        eye_right_centre=tensors["eye_right_centre"],
        eye_radius=float(tensors["eye_radius"][0]),
    )
