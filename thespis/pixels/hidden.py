"""Cheeks that a nose hides in the photograph: what nobody saw of them must not come out beside the nose at a smile."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.pixels.layers import Triangles, smoothstep
from thespis.pixels.relief import sideways
from thespis.types import Array

MOVES = ("mouthSmile", "mouthUpperUp", "mouthDimple", "mouthStretch", "cheekSquint", "cheekPuff", "noseSneer")
CORNERS = (61, 291)  # of the mouth
ASIDE, ABOVE = 0.75, -0.1  # eye distances beside the nose at most, and below the eyes at least, that may be hidden
DOWN = 0.75  # of the way to the mouth, and how far down
BEHIND = (0.05, 0.12)  # eye distances behind other skin over which a point counts as hidden
AROUND = 0.22  # eye distances around it over which skin holds still with it
FREE = (0.62, 0.95)  # shares of the way from the eyes to the mouth over which all is free again
TURNED = (np.radians(17.0), np.radians(25.0))  # sideways, over which a nose comes to hide a cheek


def still_behind_nose(person: Person, rotation: Array) -> Person:
    """Hold still at a smile what of a cheek lies behind the nose as it is seen, whose face is turned by `rotation` (3, 3).

    Its pixels are the nose's: brought out by a smile they are a second nose.
    """
    turned = float(smoothstep(*TURNED, abs(sideways(rotation))))
    across, height = np.abs(person.photo[:, 0]), person.photo[:, 1]
    mouth = float(person.photo[list(CORNERS), 1].mean())
    may = np.flatnonzero((across < ASIDE) & (height > ABOVE) & (height < DOWN * mouth))
    if turned <= 0 or not len(may):
        return person
    hidden = smoothstep(*BEHIND, depth_behind(person.photo @ rotation.T, person.shapes.triangles, may))
    apart = np.linalg.norm(person.photo[:, None] - person.photo[may][None], axis=2)
    held = (hidden * np.exp(-((apart / AROUND) ** 2))).max(axis=1) * turned * (1 - smoothstep(FREE[0] * mouth, FREE[1] * mouth, height))
    moves = [number for number, name in enumerate(SHAPES) if name.startswith(MOVES)]
    fields = person.fields.copy()
    fields[moves] *= (1 - held)[:, None].astype(np.float32)
    return replace(person, fields=fields)


def depth_behind(points: Array, triangles: Triangles, which: npt.NDArray[np.intp]) -> Array:
    """Say how far behind the nearest of `triangles` (m, 3) before it each of `which` (k,) of points (n, 3) lies -> (k,), 0 where none is.

    The third axis leads away from the viewer.
    """
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    area = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    edge_on = np.abs(area) < 1e-6
    area = np.where(edge_on, 1.0, area)
    x, y = (points[which, axis][:, None] for axis in (0, 1))
    to_b = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (y - a[:, 1]) * (c[:, 0] - a[:, 0])) / area
    to_c = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (b[:, 1] - a[:, 1]) * (x - a[:, 0])) / area
    within = (to_b >= 0) & (to_c >= 0) & (to_b + to_c <= 1) & ~edge_on
    depth = a[:, 2] + to_b * (b[:, 2] - a[:, 2]) + to_c * (c[:, 2] - a[:, 2])
    return np.asarray(np.where(within, points[which, 2][:, None] - depth, 0.0).max(axis=1), np.float32).clip(min=0.0)
