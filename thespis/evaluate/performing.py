"""Run a recipe's stages on a recording as far as the face's weights, without drawing anything."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from thespis.errors import ThespisError
from thespis.evaluate.lips import Curves, drawn
from thespis.head.shapes import SHAPES
from thespis.talker import Talker
from thespis.types import FRAMES, Direction, Portrait, Speech, Track

FINE = Fraction(100)  # rows a second: fine enough for lags of 10 ms


def performance_of(talker: Talker, speech: Speech, direction: Direction | None = None) -> Track:
    """Give the last Track before pictures are drawn, which must hold the face's weights; 100 rows a second where none are asked for."""
    wish = direction or Direction(fps=FINE)
    portrait = Portrait((np.zeros((8, 8, 3), np.uint8),))
    chunk: Any = speech
    for stage in talker.stages:
        if stage.gives == FRAMES:
            break
        chunk = stage.step(stage.start(portrait, wish), chunk, last=True)
    if not isinstance(chunk, Track) or not set(SHAPES) <= set(chunk.space.names):
        raise ThespisError(f"the recipe {talker.name!r} makes no weights of a face on its way, so its lips cannot be measured")
    return chunk


def curves_of(talker: Talker, speech: Speech) -> Curves:
    """Give the lips that a talker makes of a recording."""
    return drawn(performance_of(talker, replace(speech, start=0)))
