"""Sizes of SyncTalk's field: three planes of hashed grids, two gates, a network for density and one for colour. Without torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from thespis.motion.spaces.face import ARKIT

UPPER = ("browDownLeft", "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeBlinkLeft", "eyeBlinkRight")
"""The weights that the field is told of the upper face, in the order of the official program."""
EYES = ("eyeBlinkLeft", "eyeBlinkRight")
PLANES = {"xy": (0, 1), "yz": (1, 2), "xz": (0, 2)}
"""The planes by name, with the axes that each looks at."""
WINDOW = 8
"""How many frames of sound a frame is told, four before it and three after."""
DIRECTIONS = 16
"""How many numbers tell where a ray comes from: spherical harmonics of degree 0 to 3."""
SLOPE = 0.02  # of layers that bend where they hear, below zero
SECOND_PRIME = 2654435761
"""What the second number of a place is multiplied by, in 32 bits, before both are mixed to a hash."""
Numbers = TypeVar("Numbers")
assert set(UPPER) <= set(ARKIT)


@dataclass(frozen=True)
class Level:
    """One grid of a plane: `points` a side, where they lie in the table, whether they are hashed, and how finely it divides the plane."""

    points: int
    begin: int
    size: int
    scale: float

    @property
    def hashed(self) -> bool:
        """Whether there are more points than places in the table."""
        return self.points * self.points > self.size


@dataclass(frozen=True)
class FieldShape:
    """Sizes of a field. `bound` is half the side of the cube it fills, `hearing` how many numbers of sound a frame has."""

    levels: int = 12
    features: int = 1
    base: int = 64
    finest: int = 512
    table: int = 14
    bound: float = 1.0
    hearing: int = 512
    heard: int = 32
    upper: int = len(UPPER)
    hidden: int = 64
    geometry: int = 64
    gate: int = 64
    bright: int = 64
    own: int = 4

    @property
    def inside(self) -> int:
        """How many numbers the planes give for a place."""
        return len(PLANES) * self.levels * self.features

    @cached_property
    def grids(self) -> tuple[Level, ...]:
        """The grids of a plane, coarse to fine; tables are filled up to eights, as in the official program."""
        found: list[Level] = []
        # The official encoder takes the finest grid times the bound, and rounds in these places.
        growth = np.exp2(np.log2(self.finest * self.bound / self.base) / (self.levels - 1)) if self.levels > 1 else 1.0
        begin = 0
        for level in range(self.levels):
            side = int(np.ceil(self.base * growth**level)) + 1
            size = -(-min(1 << self.table, side * side) // 8) * 8
            found.append(Level(side, begin, size, float(self.base * growth**level - 1)))
            begin += size
        return tuple(found)

    @property
    def rows(self) -> int:
        """How many places the table of a plane has."""
        return self.grids[-1].begin + self.grids[-1].size


OFFICIAL = FieldShape()
SHAPES: Mapping[str, FieldShape] = {
    "tiny": FieldShape(levels=4, features=2, base=8, finest=12, table=9, bound=2.0, hearing=10, hidden=16, geometry=15, gate=8, bright=16),
    "small": FieldShape(
        levels=6, features=2, base=16, finest=110, table=16, bound=2.0, hearing=10, hidden=32, geometry=31, gate=16, bright=32
    ),
}
"""What is fitted here: `small` people, heard by our own articulation; `tiny` is for tests."""


def harmonics(x: Numbers, y: Numbers, z: Numbers) -> list[Numbers]:
    """Turn directions of length 1 (arrays or tensors of one shape) into 16 real spherical harmonics, of degree 0 to 3."""
    a: Any = x
    b: Any = y
    c: Any = z
    aa, bb, cc = a * a, b * b, c * c

    def root(above: float, below: float) -> float:
        return math.sqrt(above / (below * math.pi))

    return [
        0 * a + root(1, 4), -root(3, 4) * b, root(3, 4) * c, -root(3, 4) * a,
        root(15, 4) * a * b, -root(15, 4) * b * c, root(5, 16) * (3 * cc - 1), -root(15, 4) * a * c, root(15, 16) * (aa - bb),
        root(35, 32) * b * (bb - 3 * aa), root(105, 4) * a * b * c, root(21, 32) * b * (1 - 5 * cc), root(7, 16) * c * (5 * cc - 3),
        root(21, 32) * a * (1 - 5 * cc), root(105, 16) * c * (aa - bb), root(35, 32) * a * (3 * bb - aa),
    ]  # fmt: skip
