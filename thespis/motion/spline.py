"""A uniform cubic B-spline: few control rows become smooth rows of any rate, with no seam in place, speed or acceleration."""

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

BEFORE, AFTER = 1, 2
"""A time between control rows k and k + 1 is made of the control rows k - BEFORE to k + AFTER."""


def shares(part: float) -> tuple[float, float, float, float]:
    """Weigh the four control rows around a time that lies `part` (0 to 1) of the way between the middle two."""
    rest = 1.0 - part
    return (
        rest**3 / 6,
        (3 * part**3 - 6 * part**2 + 4) / 6,
        (-3 * part**3 + 3 * part**2 + 3 * part + 1) / 6,
        part**3 / 6,
    )


def fitted(values: npt.ArrayLike, rate: float, seconds: float) -> Doubles:
    """Find the control rows (n, size), one every `seconds`, whose spline comes nearest to rows (rows, size) at `rate`."""
    rows = np.asarray(values, np.float64)
    count = int((len(rows) - 1) / rate / seconds) + 1 + BEFORE + AFTER
    design = np.zeros((len(rows), count))
    for row in range(len(rows)):
        at = row / rate / seconds
        first = int(at)
        design[row, first : first + 4] = shares(at - first)
    # A trace of smoothness decides what the rows leave open at either end.
    bent = 1e-3 * np.diff(np.eye(count), n=2, axis=0)
    made = np.linalg.lstsq(np.concatenate([design, bent]), np.concatenate([rows, np.zeros((count - 2, rows.shape[1]))]), rcond=None)[0]
    return np.asarray(made)[BEFORE : count - AFTER]
