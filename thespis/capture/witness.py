"""Weigh what the points and the pixels of a face say against each other, with a small network that was trained on drawn faces."""

import json
from dataclasses import dataclass
from functools import cache

import numpy as np

from thespis.capture.evidence import FLOW_RIGID, LOOKED_AT, evened, moved, without_pose
from thespis.capture.expression import MOST, Reader, Reading
from thespis.capture.follow import Sighting
from thespis.card import Weight
from thespis.head.person import Person
from thespis.types import Array
from thespis.weights import ASSETS, find

SCALE, LARGEST = 10.0, 4.0  # inputs are in tenths of an eye distance, within bounds


@dataclass(frozen=True, eq=False)
class Network:
    """A straight line and a bent one from inputs (n,) to the 51 weights: `skip`, then three layers `first`, `second`, `third`."""

    skip: Array
    first: Array
    second: Array
    third: Array

    def __call__(self, inputs: Array) -> Array:
        """Find the weights (51,), 0 to MOST."""
        given = np.append(inputs, np.float32(1))
        hidden = np.append(bent(self.first @ given), np.float32(1))
        hidden = np.append(bent(self.second @ hidden), np.float32(1))
        return np.asarray(np.clip(self.skip @ given + self.third @ hidden, 0.0, MOST), np.float32)


def bent(values: Array) -> Array:
    """Bend values (n,): x times its own sigmoid."""
    return np.asarray(values / (1 + np.exp(-np.clip(values, -30, 30))), np.float32)


def network_card() -> Weight:
    """Read the card that stands beside the networks."""
    facts = json.loads((ASSETS / "capture.json").read_text(encoding="utf-8"))
    names = ("name", "file", "sha256", "licence", "commercial", "source", "made_by", "data", "scores")
    return Weight(**{name: facts[name] for name in names})


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
        self.person, self.reader = person, Reader(person)
        self._chosen = np.array(LOOKED_AT)
        self._firm = np.array(FLOW_RIGID)
        self._places = self.reader.read(reference.points).own[:468]
        self._view = evened(reference.view)
        self._zero = self._places if at_rest else person.rest
        self._before = (self._places - self._zero)[:, :2]

    def inputs(self, sighting: Sighting, reading: Reading) -> tuple[Array, float]:
        """Tell how far points and pixels moved since rest (size,), points first, and how far the pixels are to be trusted, 0 to 1."""
        points = (reading.own[:468] - self._zero)[self._chosen, :2]
        found, trust = moved(self._view, evened(sighting.view), self._places)
        pixels = (without_pose(self._places, found, self._firm) + self._before)[self._chosen]
        both = np.concatenate([points.ravel(), pixels.ravel()])
        return np.asarray(np.clip(SCALE * both, -LARGEST, LARGEST), np.float32), trust

    def weights(self, sighting: Sighting, reading: Reading) -> Array:
        """Find the weights (51,) of a sighting."""
        inputs, trust = self.inputs(sighting, reading)
        return self.reader.settle(reading.own[:468] - self._zero + self.person.rest, weigh(inputs, trust))


def weigh(inputs: Array, trust: float) -> Array:
    """Find the weights (51,) that inputs speak for, with the pixels as far as they are trusted."""
    points, both = networks()
    alone = points(inputs[: len(inputs) // 2])
    return np.asarray(trust * both(inputs) + (1 - trust) * alone, np.float32)
