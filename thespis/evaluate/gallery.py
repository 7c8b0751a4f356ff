"""What a portrait can do at a glance: eight feelings, nine mouths and five turns of the head, drawn by the built-in renderer."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np

import thespis
from thespis.features.spaces import ARTICULATION
from thespis.motion.feeling import dial
from thespis.motion.lips import mouth
from thespis.motion.spaces.face import EXPRESSION, FACE
from thespis.pixels.crop import through
from thespis.pixels.warp import Warp
from thespis.types import EMOTION, Array, Bytes, Direction, Portrait, Track

MOUTHS: dict[str, dict[str, float]] = {
    "p b m": {"closure": 1.0},
    "f v": {"dental": 1.0, "jaw": 0.1},
    "ah": {"jaw": 1.0},
    "eh": {"jaw": 0.6, "spreading": 0.4},
    "ee": {"jaw": 0.2, "spreading": 1.0},
    "oh": {"jaw": 0.5, "rounding": 0.7},
    "oo": {"jaw": 0.15, "rounding": 1.0},
    "l th n": {"jaw": 0.35, "tongue": 1.0},
    "s sh": {"jaw": 0.08, "spreading": 0.5, "tongue": 0.4},
}
"""What lips, jaw and tongue do for each mouth, by the names of ARTICULATION."""

HEADS: dict[str, tuple[float, float, float]] = {
    "turned left": (0, 18, 0), "turned right": (0, -18, 0), "nodding": (11, 0, 0), "looking up": (-11, 0, 0), "tilted": (0, 6, 14),
}  # fmt: skip
"""Rotation vectors of the head in degrees, in camera axes."""

Group = dict[str, Array]


@dataclass(frozen=True, eq=False)
class Look:
    """Everything drawn of one portrait: the picture itself as it is framed, and by group and name what it was made to do."""

    photo: Bytes
    groups: dict[str, dict[str, Bytes]]


def rows() -> dict[str, Group]:
    """Give the rows of the Space `face` that a gallery shows, by group and name."""
    feelings: Group = {}
    for number, name in enumerate(EMOTION.names):
        weights = np.zeros((1, EMOTION.size), np.float32)
        weights[0, number] = 1.0
        feelings[name] = expressing(np.asarray(dial(weights)[0], np.float32))
    mouths = {name: expressing(shaped(heard)) for name, heard in MOUTHS.items()}
    heads: Group = {}
    for name, angles in HEADS.items():
        row = np.zeros(FACE.size, np.float32)
        row[FACE.slice("head_rotation")] = np.radians(angles)
        heads[name] = row
    return {"feelings": feelings, "mouths": mouths, "heads": heads}


def expressing(weights: Array) -> Array:
    """Make a row of the Space `face` of the weights (52,) of an expression, with the head and the eyes at rest."""
    row = np.zeros(FACE.size, np.float32)
    row[: EXPRESSION.size] = weights
    return row


def shaped(heard: dict[str, float]) -> Array:
    """Shape the mouth (52,) of one speech sound as the lips of the built-in recipe do."""
    values = np.zeros((1, ARTICULATION.size), np.float32)
    for name, amount in heard.items():
        values[0, ARTICULATION.column(name)] = amount
    weights = np.zeros(EXPRESSION.size, np.float32)
    for name, curve in mouth(Track(ARTICULATION, values, Fraction(25)), np.ones(1)).items():
        for full in (name,) if name in EXPRESSION.names else (f"{name}Left", f"{name}Right"):
            weights[EXPRESSION.column(full)] = float(curve[0])
    return weights


def look_at(portrait: Portrait, size: int) -> Look:
    """Draw all of it, each picture `size` pixels a side; a portrait that cannot be animated raises the reason."""
    renderer = Warp(size)
    canvas = renderer.start(portrait, Direction())
    groups: dict[str, dict[str, Bytes]] = {}
    for group, members in rows().items():
        frames = renderer.step(canvas, Track(FACE, np.stack(list(members.values())), Fraction(25)), last=False)
        groups[group] = dict(zip(members, frames.images, strict=True))
    return Look(through(canvas.puppet.framing), groups)


@cache
def drawing() -> str:
    """Say in 12 letters how pictures are drawn: what was drawn in another way is drawn again."""
    total = hashlib.sha256()
    root = Path(thespis.__file__).parent
    for folder in ("pixels", "head", "capture", "motion", "assets"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in (".py", ".json"):  # a card carries the checksum of its weights
                total.update(path.read_bytes())
    total.update(Path(__file__).read_bytes())
    return total.hexdigest()[:12]
