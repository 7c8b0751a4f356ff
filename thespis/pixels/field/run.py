"""SyncTalk's field without torch: the planes are read by Numba, the layers are products of matrices."""

from collections.abc import Mapping

import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.field.camera import Poses, Shell
from thespis.pixels.field.shape import PLANES, SECOND_PRIME, SLOPE, FieldShape, harmonics
from thespis.types import Array

SAMPLES = 10  # of a ray
Grids = npt.NDArray[np.float64]


@numba.njit("void(f4[:,::1],f4[:,::1],f8[:,::1],f4[:,::1])", cache=True, nogil=True, boundscheck=False, error_model="numpy")
def read_plane(places: Array, table: Array, grids: Grids, found: Array) -> None:  # pragma: no cover - compiled
    """Read places (n, 2), 0 to 1, from a table (rows, features) -> (n, levels * features); grids (levels, 4) are as in `Level`."""
    features = table.shape[1]
    for number in range(places.shape[0]):
        x, y = places[number, 0], places[number, 1]
        found[number] = 0
        if x < 0 or x > 1 or y < 0 or y > 1:
            continue
        for level in range(grids.shape[0]):
            points, begin, size = np.int64(grids[level, 0]), np.int64(grids[level, 1]), np.int64(grids[level, 2])
            across, down = np.float32(x * grids[level, 3] + 0.5), np.float32(y * grids[level, 3] + 0.5)
            left, top = np.int64(across), np.int64(down)
            right, below = across - left, down - top
            for corner in range(4):
                u, v = left + (corner & 1), top + (corner >> 1)
                hashed = (u ^ ((v * SECOND_PRIME) & 0xFFFFFFFF)) % size
                place = hashed if points * points > size else u + v * points
                weight = (right if corner & 1 else 1 - right) * (below if corner >> 1 else 1 - below)
                for feature in range(features):
                    found[number, level * features + feature] += weight * table[begin + place, feature]


def layers(values: Array, weights: list[Array]) -> Array:
    """Pass values (n, first) through linear layers that bend between them -> (n, last)."""
    for number, weight in enumerate(weights):
        values = (np.maximum(values, 0) if number else values) @ weight
    return values


def leaky(values: Array) -> Array:
    """Flatten what is below zero."""
    return np.where(values > 0, values, np.float32(SLOPE) * values)


class RunningField:
    """A fitted field, ready to draw."""

    def __init__(self, shape: FieldShape, tensors: Mapping[str, Array]) -> None:
        """Take the parameters by their names in `networks.Field`, with `behind` (3,), the colour behind the head."""
        self.shape = shape
        self._tables = [np.ascontiguousarray(tensors[f"planes.{name}.embeddings"], np.float32) for name in PLANES]
        self._grids = np.array([(level.points, level.begin, level.size, level.scale) for level in shape.grids], np.float64)
        names = ("voice_gate", "upper_gate", "density", "colour")
        self._voice, self._upper, self._density, self._colour = (self._chain(tensors, f"{name}.net.{{}}.weight") for name in names)
        self._hear = [
            (np.ascontiguousarray(tensors[f"hearing.frame.{number}.weight"].T, np.float32), tensors[f"hearing.frame.{number}.bias"])
            for number in (0, 2, 4)
        ]
        self._narrow = [
            (tensors[f"hearing.attention.narrow.{number}.weight"], tensors[f"hearing.attention.narrow.{number}.bias"])
            for number in range(0, 10, 2)
        ]
        self._weigh = tensors["hearing.attention.weigh.weight"], tensors["hearing.attention.weigh.bias"]
        self.behind = 1 / (1 + np.exp(-tensors["behind"]))

    @staticmethod
    def _chain(tensors: Mapping[str, Array], name: str) -> list[Array]:
        count = sum(name.format(number) in tensors for number in range(9))
        return [np.ascontiguousarray(tensors[name.format(number)].T, np.float32) for number in range(count)]

    def hear(self, window: Array) -> Array:
        """Turn the sound around a frame (WINDOW, hearing) into a code (heard,)."""
        codes = window
        for number, (weight, bias) in enumerate(self._hear):
            codes = (leaky(codes) if number else codes) @ weight + bias
        narrow = codes.T
        for weight, bias in self._narrow:
            padded = np.pad(narrow, ((0, 0), (1, 1)))
            shifted = np.stack([padded[:, step : step + len(window)] for step in range(3)], axis=1)
            narrow = leaky(np.einsum("oik,ikt->ot", weight, shifted) + bias[:, None])
        told = self._weigh[0] @ narrow[0] + self._weigh[1]
        share = np.exp(told - told.max())
        return np.asarray((share / share.sum()) @ codes, np.float32)

    def look(self, places: Array, direction: Array, code: Array, upper: Array) -> tuple[Array, Array]:
        """Tell density (n,) and colour (n, 3) of places (n, 3) seen along one direction (3,)."""
        unit = (places + np.float32(self.shape.bound)) / np.float32(2 * self.shape.bound)
        wide = self.shape.levels * self.shape.features
        seen = np.empty((len(places), self.shape.inside), np.float32)
        for number, (axes, table) in enumerate(zip(PLANES.values(), self._tables, strict=True)):
            part = np.empty((len(places), wide), np.float32)
            read_plane(np.ascontiguousarray(unit[:, list(axes)]), table, self._grids, part)
            seen[:, number * wide : (number + 1) * wide] = part
        gated = [seen, code * layers(seen, self._voice), upper * layers(seen, self._upper)]
        made = layers(np.concatenate(gated, axis=1), self._density)
        along = np.array(harmonics(*np.asarray(direction, np.float64)), np.float32)
        told = [np.broadcast_to(along, (len(places), len(along))), made[:, 1:], np.zeros((len(places), self.shape.own), np.float32)]
        colour = layers(np.concatenate(told, axis=1), self._colour)
        return np.exp(np.minimum(made[:, 0], 15)), np.asarray(1.002 / (1 + np.exp(-colour)) - 0.001, np.float32)

    def draw(self, shell: Shell, poses: Poses, frame: int, pixels: Array, code: Array, upper: Array) -> tuple[Array, Array]:
        """Draw pixels (r, 2), centres at halves, of a frame -> colours (r, 3), 0 to 1, and how solid what they show is (r,)."""
        starts, direction = poses.rays(frame, pixels)
        near, far = shell.within(starts, direction)
        gaps = (far - near) / np.float32(SAMPLES)
        along = near[:, None] + gaps[:, None] * (np.arange(SAMPLES, dtype=np.float32) + np.float32(0.5))
        places = (starts - shell.centre)[:, None] + along[..., None] * direction
        density, colour = self.look(np.ascontiguousarray(places.reshape(-1, 3), np.float32), direction, code, upper)
        passed = density.reshape(len(pixels), SAMPLES) * gaps[:, None]
        before = np.cumsum(passed, axis=1) - passed
        weights = np.exp(-before) * (1 - np.exp(-passed))
        shown = (weights[..., None] * colour.reshape(len(pixels), SAMPLES, 3)).sum(axis=1)
        solid = weights.sum(axis=1)
        return np.asarray(np.clip(shown + (1 - solid[:, None]) * self.behind, 0, 1), np.float32), np.where(far > near, solid, 0)
