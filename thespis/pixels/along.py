"""Look at a wall again along its bands: what lies across them stands out, and what has their colours is theirs, dark as hair or not."""

from dataclasses import replace

import numpy as np

from thespis.pixels.banded import banded
from thespis.pixels.channels import mixed
from thespis.pixels.layers import smoothstep
from thespis.pixels.strands import CLEAR, EVEN, PLAIN, RIM, SEEN, Mask, Wall, compared, grain_of
from thespis.types import Bytes

ROUGHER = 1.5  # times more grain than elsewhere that a wall may have along its bands, where its colours are known well
BELONGS = 0.5  # how far a wall must be banded if what has its bands' colours is none of the person's


def along_bands(wall: Wall, picture: Bytes, made_up: Mask, unit: float) -> Wall:
    """Look at a wall of a picture (h, w, 3) again, along its bands; the same wall where it has none."""
    known = (wall.apart > RIM) & ~made_up
    bands = banded(picture, known, unit)
    if bands is None:
        return wall
    behind = mixed(wall.behind, bands.along, bands.share)
    stands, differs, bold, alike, towards = compared(picture, behind, wall.own, known)
    # Along a band a wall's colours are known well, rough as it may be; an edge between two may lead a little aside.
    edges, steps = np.asarray(smoothstep(*EVEN, bands.steps) * bands.share, np.float32), wall.steps * (1 - bands.share)
    differs *= 1 - edges
    grain = grain_of(differs, known & (wall.apart > CLEAR) & (edges < 0.5), wall.lines, unit)
    rough = grain / (1 + ROUGHER * bands.share)
    plain = np.asarray((1 - smoothstep(*PLAIN, rough)) * (1 - smoothstep(*EVEN, steps)) * (1 - edges), np.float32)
    return replace(
        wall,
        behind=behind,
        stands=stands,
        differs=differs,
        bold=bold,
        alike=alike,
        towards=towards,
        grain=grain,
        steps=steps,
        plain=plain,
        leads=wall.leads & (plain > 0.5),
        bands=bands,
    )


def of_bands(wall: Wall) -> Mask:
    """Mark what (h, w) beside a person has the colours of the wall's bands."""
    if wall.bands is None:
        return np.zeros(wall.lines.shape, np.bool_)
    return np.asarray((wall.bands.share > BELONGS) & (wall.differs < SEEN[0] + SEEN[1] * wall.grain) & (wall.apart > RIM))
