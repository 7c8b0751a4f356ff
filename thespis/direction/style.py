"""How somebody acts, in words: "lively", "calm, brows=1.5", "head=0.7, nods=2"; and for each seed a person of its own."""

import math

import numpy as np

from thespis.direction.numbers import number
from thespis.errors import DirectionError, unknown
from thespis.motion.spaces.acting import STYLE
from thespis.types import Array, random_for

SCALES = {"head": 0.45, "tempo": 0.3, "nods": 0.45, "brows": 0.5, "blinks": 0.35, "gaze": 0.4, "smile": 0.5}
"""By how much the logarithm of each habit differs between people."""
LOWEST, HIGHEST = 0.25, 4.0
FURTHEST = 2.0  # deviations from the usual person that were learned
OWN = 0.5  # deviations by which seeds differ
WORDS: dict[str, dict[str, float]] = {
    "lively": {"head": 1.7, "tempo": 1.3, "nods": 1.6, "brows": 1.7, "smile": 1.4},
    "calm": {"head": 0.55, "tempo": 0.75, "nods": 0.7, "brows": 0.6, "gaze": 0.8},
    "formal": {"head": 0.6, "nods": 1.3, "brows": 0.7, "gaze": 0.6, "smile": 0.6},
    "shy": {"head": 0.8, "tempo": 0.8, "nods": 0.7, "brows": 0.8, "gaze": 2.0, "blinks": 1.4},
    "warm": {"nods": 1.5, "brows": 1.3, "gaze": 0.7, "smile": 2.2},
    "nervous": {"head": 1.1, "tempo": 1.7, "blinks": 1.8, "gaze": 1.8},
}
"""What a word means, as multiples of what is usual."""


def style_factors(text: str) -> dict[str, float]:
    """Read a style: words that are multiplied, and habits with multiples of what is usual, 0.25 to 4."""
    found: dict[str, float] = {}
    for part in (each.strip() for each in text.replace(";", ",").split(",")):
        name, sign, amount = (piece.strip() for piece in part.partition("="))
        if sign:
            if name not in SCALES:
                raise DirectionError(unknown("habit of a style", name, SCALES))
            found[name] = found.get(name, 1.0) * number(amount, f"the style's {name}", LOWEST, HIGHEST)
            continue
        if name.lower() not in WORDS:
            raise DirectionError(unknown("style", name, WORDS) + f" Or name habits with multiples: {', '.join(SCALES)}, such as head=1.5.")
        for habit, factor in WORDS[name.lower()].items():
            found[habit] = found.get(habit, 1.0) * factor
    return found


def style_of(text: str | None, seed: int) -> Array:
    """Say how an actor acts (STYLE.size,), in deviations: as a text asks, and in what it leaves open as the seed has it."""
    own = np.clip(random_for(seed, "style").normal(0.0, OWN, STYLE.size), -2 * OWN, 2 * OWN)
    for name, factor in (style_factors(text) if text is not None else {}).items():
        own[STYLE.column(name)] = math.log(factor) / SCALES[name]
    made: Array = np.clip(own, -FURTHEST, FURTHEST).astype(np.float32)
    return made
