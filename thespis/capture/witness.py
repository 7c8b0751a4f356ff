"""Weigh what the points and the pixels of a face say against each other: a small network and a joint solve, both made with drawn faces."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

import numpy as np

from thespis.capture.evidence import FLOW_RIGID, LOOKED_AT, evened, moved, one_thread, without_pose
from thespis.capture.expression import MOST, Reader, Reading
from thespis.capture.joint import Joint
from thespis.capture.sighting import Sighting
from thespis.card import Weight
from thespis.head.person import Person
from thespis.types import Array
from thespis.weights import card_of, find

WORKERS = 2
AT_ONCE = 512  # sightings
SCALE, LARGEST = 10.0, 4.0  # inputs are in tenths of an eye distance, within bounds


@dataclass(frozen=True, eq=False)
class Network:
    """A straight line and a bent one from inputs (rows, n) to the 51 weights: `skip`, and the layers `first`, `second`, `third`."""

    skip: Array
    first: Array
    second: Array
    third: Array

    def __call__(self, inputs: Array) -> Array:
        """Find weights (rows, 51), 0 to MOST, from inputs (rows, n)."""
        given = ending_in_one(inputs)
        hidden = ending_in_one(bent(given @ self.first.T))
        hidden = ending_in_one(bent(hidden @ self.second.T))
        return np.asarray(np.clip(given @ self.skip.T + hidden @ self.third.T, 0.0, MOST), np.float32)


def ending_in_one(values: Array) -> Array:
    """Put a 1 behind every row, for the offsets of a layer."""
    return np.concatenate([values, np.ones((len(values), 1), np.float32)], axis=1)


def bent(values: Array) -> Array:
    """Bend values: each times its own sigmoid."""
    return np.asarray(values / (1 + np.exp(-np.clip(values, -30, 30))), np.float32)


def network_card() -> Weight:
    """Read the card that stands beside the networks."""
    return card_of("capture")


@cache
def networks() -> tuple[Network, Network]:
    """Load the network for points alone and the one for points and pixels."""
    from safetensors.numpy import load_file

    tensors = load_file(find(network_card()))
    parts = ("skip", "first", "second", "third")
    points, both = (Network(*(tensors[f"{kind}.{part}"].astype(np.float32) for part in parts)) for kind in ("points", "both"))
    return points, both


class Witness:
    """Compares one person's sightings with one of them, the `reference`, and finds the 51 weights."""

    def __init__(self, person: Person, reference: Sighting, *, at_rest: bool = False) -> None:
        """Prepare; with `at_rest` the reference is known to show the face at rest, else it may differ from the person's rest a little."""
        self.person, self.reader, self.joint = person, Reader(person), Joint(person.fields)
        self._chosen = np.array(LOOKED_AT)
        self._firm = np.array(FLOW_RIGID)
        self._places = self.reader.read(reference.points).own(reference.points[:468])
        self._view = evened(reference.view)
        self._zero = self._places if at_rest else person.rest
        self._before = (self._places - self._zero)[:, :2]

    def inputs(self, sighting: Sighting, reading: Reading) -> tuple[Array, float]:
        """Tell how far points and pixels moved since rest (size,), points first, and how far the pixels are to be trusted, 0 to 1."""
        points = (reading.own(sighting.points[:468]) - self._zero)[self._chosen, :2]
        found, trust = moved(self._view, evened(sighting.view), self._places)
        pixels = (without_pose(self._places, found, self._firm) + self._before)[self._chosen]
        both = np.concatenate([points.ravel(), pixels.ravel()])
        return np.asarray(np.clip(SCALE * both, -LARGEST, LARGEST), np.float32), trust

    def weights(self, sightings: list[Sighting], readings: list[Reading]) -> Array:
        """Find the weights (n, 51) of sightings, so many at a time that an hour of them needs no more room."""
        starts = range(0, len(sightings), AT_ONCE)
        return np.concatenate([self._some(sightings[k : k + AT_ONCE], readings[k : k + AT_ONCE]) for k in starts])

    def _some(self, sightings: list[Sighting], readings: list[Reading]) -> Array:
        with one_thread(), ThreadPoolExecutor(WORKERS) as pool:
            told = list(pool.map(self.inputs, sightings, readings))
        inputs, trust = np.stack([each for each, _ in told]), np.array([each for _, each in told], np.float32)[:, None]
        points, both = networks()
        # Two readers that err in different ways, one that has learned and one that calculates, err less together.
        solved = self.joint.weights(inputs / SCALE)
        weighed = trust * (both(inputs) + solved) / 2 + (1 - trust) * points(inputs[:, : inputs.shape[1] // 2])
        shift = self.person.rest - self._zero
        own = np.stack([reading.own(each.points[:468]) for each, reading in zip(sightings, readings, strict=True)])
        return self.reader.settle(own + shift, weighed)
