"""Find the weights of known movements in what was seen: least squares within bounds, each row by itself."""

import numba
import numpy as np
import numpy.typing as npt

from thespis.types import Array

SWEEPS = 120
Doubles = npt.NDArray[np.float64]


def bounded_rows(moves: Array, moved: Array, low: npt.ArrayLike, high: npt.ArrayLike, pull: float) -> Array:
    """Find weights (rows, n) between `low` and `high` (n,) with which moves (n, size) add up to what moved (rows, size).

    Small weights are preferred: `pull` times the mean square of a move is what a weight of 1 costs.
    """
    known = moves.astype(np.float64)
    matrix = known @ known.T
    matrix[np.diag_indices_from(matrix)] += pull * np.diag(matrix).mean()
    least, most = (np.ascontiguousarray(np.broadcast_to(np.asarray(edge, np.float64), len(moves))) for edge in (low, high))
    # Each row is multiplied by itself: in a product of all rows the order of a sum depends on how many there are.
    slopes = np.stack([-(known @ row) for row in moved.astype(np.float64)]) if len(moved) else np.zeros((0, len(moves)))
    found = np.zeros((len(moved), len(moves)))
    descend(matrix, slopes, least, most, found)
    return np.asarray(found, np.float32)


@numba.njit(cache=True, nogil=True)
def descend(matrix: Doubles, slopes: Doubles, least: Doubles, most: Doubles, found: Doubles) -> None:
    """Change one weight after the other to its best, again and again; `slopes` (rows, n) and `found` (rows, n) are changed in place."""
    for row in range(len(found)):
        for _ in range(SWEEPS):
            for number in range(len(matrix)):
                new = min(max(found[row, number] - slopes[row, number] / matrix[number, number], least[number]), most[number])
                change = new - found[row, number]
                if change != 0.0:
                    for other in range(len(matrix)):
                        slopes[row, other] += change * matrix[number, other]
                    found[row, number] = new
