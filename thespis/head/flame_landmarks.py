"""The 51 landmarks of FLAME's tools: where they lie on a user's own head, and what their movements mean as ARKit weights."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from thespis.errors import WeightsError
from thespis.head.flame import JOINTS, Flame, Indices
from thespis.head.flame_files import FROM, Reader, Refused, plain
from thespis.head.openhead import FLAME_AXES, LANDMARKS_51
from thespis.head.person import LIVELY
from thespis.head.shapes import SHAPES, load_shapes
from thespis.motion.solve import bounded_rows
from thespis.types import Array

EMBEDDING = "flame_static_embedding.pkl"
EYES = ((19, 22), (25, 28))
"""The corners of the right and of the left eye among the 51."""
PULL = 0.01  # how firmly a weight is held to nothing, beside the usual square of what a weight moves
MOST = 1.2


def read_landmarks(path: Path) -> tuple[Indices, Array]:
    """Read `flame_static_embedding.pkl` -> the triangle (51,) each landmark lies on and its shares of the corners (51, 3)."""
    try:
        held = Reader(io.BytesIO(path.read_bytes()), encoding="latin1").load()
    except OSError as error:
        raise WeightsError(f"cannot read {path}: {error.strerror}; {FROM} and put {EMBEDDING} beside the head") from None
    except Refused as refused:
        raise WeightsError(f"{path} is refused: it asks for {refused}, and only plain arrays are read; {FROM}") from None
    except Exception as error:  # a damaged pickle can break the reader in any way
        raise WeightsError(f"{path} is damaged or no {EMBEDDING} ({type(error).__name__}); {FROM}") from None
    if not isinstance(held, dict) or not {"lmk_face_idx", "lmk_b_coords"} <= set(held):
        raise WeightsError(f"{path} is no {EMBEDDING}: lmk_face_idx or lmk_b_coords is absent; {FROM}")
    faces, shares = (plain(held[name], path, name) for name in ("lmk_face_idx", "lmk_b_coords"))
    if faces.shape != (len(LANDMARKS_51),) or shares.shape != (len(LANDMARKS_51), 3):
        raise WeightsError(f"{path} has landmarks of shapes {faces.shape} and {shares.shape}, expected (51,) and (51, 3); {FROM}")
    return faces.astype(np.int32), shares.astype(np.float32)


@dataclass(frozen=True, eq=False)
class FlameReading:
    """Reads FLAME's expression and jaw as ARKit weights by what they do to the 51 landmarks of the user's own head `model`.

    `faces` (51,) and `shares` (51, 3) say where the landmarks lie. The conversion sees brows, lids, nose and lips only: cheeks and the
    tongue stay at rest. Sent through OpenHead in FLAME's layout, weights of single moves come back with r of at least 0.95.
    """

    model: Flame
    faces: Indices
    shares: Array

    def landmarks(self, expression: Array, jaw: Array) -> Array:
        """Place the landmarks (rows, 51, 3) for expressions (rows, up to E) and rotation vectors of the jaw (rows, 3) in radians."""
        rotations = np.zeros((len(expression), len(JOINTS), 3), np.float32)
        rotations[:, JOINTS.index("jaw")] = jaw
        corners = self.model(expression=expression, rotations=rotations).vertices[:, self.model.triangles[self.faces]]
        return np.asarray(np.einsum("nlcx,lc->nlx", corners, self.shares), np.float32)

    def weights(self, expression: Array, jaw: Array) -> Array:
        """Find the 51 weights (rows, 51), 0 to 1.2, that move our face's landmarks as these parameters move the head's."""
        width = self.model.expression_directions.shape[2]
        rest = self.landmarks(np.zeros((1, width), np.float32), np.zeros((1, 3), np.float32))
        right, left = (rest[0, list(corners)].mean(axis=0) for corners in EYES)
        unit = float(np.linalg.norm(left - right))
        moved = (self.landmarks(expression, jaw) - rest) * FLAME_AXES / unit
        shapes = load_shapes()
        lively = np.array([LIVELY.get(name.removesuffix("Left").removesuffix("Right"), 1.0) for name in SHAPES], np.float32)
        fields = (shapes.fields[:, list(LANDMARKS_51)] * lively[:, None, None]).reshape(len(SHAPES), -1)
        # The renderer's lids follow the gaze, so the shapes that only say where the eyes look stay out of it.
        fields[[name.startswith("eyeLook") for name in SHAPES]] = 0
        return bounded_rows(fields, moved.reshape(len(moved), -1), np.zeros(len(SHAPES)), np.full(len(SHAPES), MOST), PULL)


def load_reading(model: Flame, path: Path) -> FlameReading:
    """Put the user's head together with the landmarks that lie beside its file `path`."""
    faces, shares = read_landmarks(path.with_name(EMBEDDING))
    if faces.min() < 0 or faces.max() >= len(model.triangles):
        raise WeightsError(f"{path.with_name(EMBEDDING)} names triangles that {path} has not; {FROM}")
    return FlameReading(model, faces, shares)
