"""Find the weights of known movements in what was seen: least squares within bounds, all rows at once."""

import numpy as np
import numpy.typing as npt

from thespis.types import Array

SWEEPS = 120


def bounded_rows(moves: Array, moved: Array, low: npt.ArrayLike, high: npt.ArrayLike, pull: float) -> Array:
    """Find weights (rows, n) between `low` and `high` (n,) with which moves (n, size) add up to what moved (rows, size).

    Small weights are preferred: `pull` times the mean square of a move is what a weight of 1 costs.
    """
    matrix = moves.astype(np.float64) @ moves.T
    least, most = np.asarray(low, np.float64), np.asarray(high, np.float64)
    matrix[np.diag_indices_from(matrix)] += pull * np.diag(matrix).mean()
    found = np.zeros((len(moved), len(moves)))
    slope = -(moved.astype(np.float64) @ moves.T)
    for _ in range(SWEEPS):
        for number in range(len(moves)):
            new = np.clip(found[:, number] - slope[:, number] / matrix[number, number], least[number], most[number])
            slope += (new - found[:, number])[:, None] * matrix[number]
            found[:, number] = new
    return np.asarray(found, np.float32)
