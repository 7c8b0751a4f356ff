"""What points and pixels tell when each weight moves, and the weights that explain both best: one solve for all shapes of one person.

The person's own shapes say where skin goes; how much of it the landmark network reports, how much optical flow finds, and how both
err together, was measured on drawn faces (tools/fit_capture.py).
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from thespis.capture.evidence import LOOKED_AT
from thespis.capture.solver import bounded
from thespis.card import Weight
from thespis.head.shapes import SHAPES
from thespis.types import Array
from thespis.weights import card_of, find

SPARSE, PRIOR = 3.0, 2.0  # what a weight costs at once and by its square, in the unit of a squared error that is one deviation large
MOST, SWEEPS = 1.2, 40
LOOKS = np.array([name.startswith("eyeLook") for name in SHAPES])


@dataclass(frozen=True, eq=False)
class Likelihood:
    """How the n points of LOOKED_AT answer: `gain` (2, n, 2) times the person's own shapes plus `response` (51, 2, n, 2).

    The first of the two are landmarks, the second pixels. Errors have the covariance `rest` (1 + s) with s the outer product of `spread`
    (4n, rank), stored so that the precision is (1 - spread spread') / rest.
    """

    gain: Array
    response: Array
    spread: Array
    rest: float

    def expected(self, fields: Array) -> Array:
        """Tell what is seen of each full shape (51, 2, n, 2) of a person's fields (51, 468, 3), in eye distances."""
        chosen = fields[:, None, LOOKED_AT, :2] * self.gain + self.response
        return np.asarray(np.where(LOOKS[:, None, None, None], 0.0, chosen), np.float32)


def likelihood_card() -> Weight:
    """Read the card that stands beside the likelihood."""
    return card_of("likelihood")


@cache
def load_likelihood() -> Likelihood:
    """Load the likelihood that comes with Thespis."""
    from safetensors.numpy import load_file

    tensors = {name: tensor.astype(np.float32) for name, tensor in load_file(find(likelihood_card())).items()}
    return Likelihood(tensors["gain"], tensors["response"], tensors["spread"], float(tensors["rest"][0]))


class Joint:
    """Finds one person's weights from what points and pixels did."""

    def __init__(self, fields: Array) -> None:
        """Prepare the equations of a person's fields (51, 468, 3)."""
        known = load_likelihood()
        flat = known.expected(fields).reshape(len(SHAPES), -1).astype(np.float64)
        spread = known.spread.astype(np.float64)
        self._rows = np.ascontiguousarray((flat - (flat @ spread) @ spread.T) / known.rest)
        self._matrix = np.ascontiguousarray(self._rows @ flat.T + PRIOR * np.eye(len(SHAPES)))
        self._matrix = (self._matrix + self._matrix.T) / 2

    def weights(self, moved: Array) -> Array:
        """Find weights (n, 51), 0 to 1.2, from movements (n, 4m) in eye distances, those of the m points before those of the pixels."""
        target = moved.astype(np.float64) @ self._rows.T - SPARSE
        return bounded(self._matrix, target, np.zeros((len(moved), len(SHAPES))), MOST, SWEEPS).astype(np.float32)
