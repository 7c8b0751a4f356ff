"""Small compiled loops of reading a face: BLAS would wake all its threads for matrices of this size."""

import numba
import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]


@numba.njit("f8[::1](f8[:,::1],f8[::1],f8[::1],f8,i8)", cache=True)
def bounded(matrix: Doubles, target: Doubles, begin: Doubles, most: float, sweeps: int) -> Doubles:  # pragma: no cover
    """Minimise x.matrix.x / 2 - target.x for 0 <= x <= most, one coordinate after the other, from `begin`."""
    x = begin.copy()
    gradient = matrix @ x - target
    for _ in range(sweeps):
        largest = 0.0
        for k in range(len(x)):
            new = min(max(x[k] - gradient[k] / matrix[k, k], 0.0), most)
            step = new - x[k]
            if step != 0.0:
                x[k] = new
                gradient += step * matrix[:, k]
                largest = max(largest, abs(step))
        if largest < 1e-4:
            break
    return x


@numba.njit("f8[::1](f8[:,::1],f8[::1])", cache=True)
def project(rows: Doubles, given: Doubles) -> Doubles:  # pragma: no cover
    """Multiply rows (m, n) with a vector (n,): BLAS would wake all its threads for so little."""
    made = np.zeros(len(rows))
    for k in range(len(rows)):
        total = 0.0
        for n in range(len(given)):
            total += rows[k, n] * given[n]
        made[k] = total
    return made


@numba.njit("f8[::1](f8[::1],f8[:,::1])", cache=True)
def combine(given: Doubles, rows: Doubles) -> Doubles:  # pragma: no cover
    """Add up rows (m, n), each times its share (m,)."""
    made = np.zeros(rows.shape[1])
    for k in range(len(rows)):
        if given[k] != 0.0:
            for n in range(rows.shape[1]):
                made[n] += given[k] * rows[k, n]
    return made
