"""Weights of many frames at once: the same small problem for each, solved side by side, so that nothing has to be compiled."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
NEAR = 1e-4  # a sweep that changes no weight by more ends the search


def bounded(matrix: Doubles, target: Doubles, begin: Doubles, most: float, sweeps: int) -> Doubles:
    """Minimise x.matrix.x / 2 - target.x for 0 <= x <= most in every row (n, m), one coordinate after the other, from `begin` (n, m)."""
    solved = begin.copy()
    left = np.arange(len(begin))
    x, gradient = np.ascontiguousarray(begin.T), np.ascontiguousarray((begin @ matrix - target).T)
    own = np.diag(matrix)
    room = np.empty_like(gradient)
    for _ in range(sweeps):
        largest = np.zeros(len(left))
        for k in range(len(x)):
            step = gradient[k] / -own[k]
            np.maximum(step, -x[k], out=step)
            np.minimum(step, most - x[k], out=step)
            if not step.any():
                continue
            x[k] += step
            gradient += np.multiply(matrix[k, :, None], step, out=room)
            np.maximum(largest, np.abs(step, out=step), out=largest)
        going = largest >= NEAR
        if not going.all():
            solved[left[~going]] = x[:, ~going].T
            left, x, gradient = left[going], np.ascontiguousarray(x[:, going]), np.ascontiguousarray(gradient[:, going])
            room = np.empty_like(gradient)
            if not len(left):
                break
    solved[left] = x.T
    return np.clip(solved, 0.0, most)
