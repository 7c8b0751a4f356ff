"""Strands before a wall too rough to tell them from it: where they are dense the strip of wall between them goes along too, softly."""

import cv2
import numpy as np

from thespis.pixels.layers import smoothstep
from thespis.pixels.strands import BAND, EVEN, FARTHER, RIM, SEEN, Mask, Wall, tallied
from thespis.types import Array, Bytes

WITHIN = 0.14  # eye distances to each side in which strokes are counted
ROUGH = 8.0  # grey levels of grain that count at most
DENSE, USUAL, MORE = 0.1, 97.0, 2.0
"""Of the surroundings that strokes are at least, per cent of the wall farther out that has fewer, and how many times as many it must be."""
BUSY, SOME = 0.135, 7  # of its surroundings, from which on a wall has too many itself; and each so manieth pixel that is asked
BESIDE = 0.09  # eye distances from the person within which such a place begins
CLOSED, LEAST = 0.03, 0.02  # eye distances over which two such places are one, and square eye distances that it has at least
TOWARDS, FREE = 0.6, 0.3  # of its strokes that lead to the person's colours, and of it that may move before a wall that is not plain
AROUND, CALM = (0.04, 0.22), 0.75  # eye distances beyond it in which the wall must be calm: it varies by less than so much of the strokes
ROOM, FADES = 0.05, 0.14  # eye distances around it that go along whole, and over which that fades
SOMEWHAT = (0.05, 0.2)  # how far a wall must be banded if its bands tell any strands
FREELY, PLAIN = 0.3, 0.5  # how far what lies there must go with the head, and how plain a wall is of which strands can be told


def tangled(wall: Wall, made_up: Mask, goes: Array, unit: float) -> Array:
    """Find where strands beside a person are dense, before a wall that is not plain -> how much goes along (h, w).

    They hang together with the person, end before the wall, and go with the head as far as `goes` (h, w) says. What was `made_up` (h, w)
    beyond the picture's edge is none; what that cuts off must have the person's colours.
    """
    found, known = np.zeros_like(wall.apart), (wall.apart > RIM) & ~made_up
    far, may = known & (wall.apart > BAND), (goes > FREELY) & (wall.plain < PLAIN)
    strokes = (wall.stands > SEEN[0] + SEEN[1] * np.minimum(wall.grain, ROUGH)) & known
    if wall.bands is not None:
        strokes &= wall.bands.steps * wall.bands.share < EVEN[0]
    side, gap = (2 * round(reach * unit) + 1 for reach in (WITHIN, CLOSED))
    part_of, share = (cv2.blur(each.astype(np.float32), (side, side)) for each in (strokes, known))
    count = part_of / (share + np.float32(0.02))
    # Clumps of hair before bands, which are told farther out, do not make these a busy wall.
    asked = far if wall.bands is None else known & (wall.apart > FARTHER)
    usual = float(np.percentile(count[asked][::SOME], USUAL)) if asked.any() else 1.0
    least = max(DENSE, MORE * usual)
    dense = (count > least) & known
    if usual > BUSY or not (dense & may).any():
        return found
    edge = cv2.dilate(np.pad(made_up, 1, constant_values=True).astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1] > 0
    closed = cv2.morphologyEx(dense.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8)) > 0
    none = (dense & far) | (edge & strokes & ~wall.alike)
    parts, (size, marks, bars, near, free, towards, _) = tallied(closed, strokes, none, wall.apart < BESIDE, may, strokes & wall.towards)
    own = (bars == 0) & (near > 0) & (free > FREE * size) & (size > LEAST * unit**2) & (towards > TOWARDS * marks)
    own[0] = False
    for part in np.flatnonzero(own):
        here = parts == part
        inner, outer = (cv2.dilate(here.astype(np.uint8), np.ones((2 * round(reach * unit) + 1,) * 2, np.uint8)) for reach in AROUND)
        ring = known & (outer > inner)
        own[part] = ring.any() and float(wall.steps[ring].mean()) < CALM * float(wall.stands[here & strokes].mean())
    if not own.any():
        return found
    # Where there are fewer of the same strands beside it they belong to it.
    beside = cv2.dilate(own[parts].astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    strip = own[parts] | (beside & (count > least / 2) & known & ~far)
    apart = np.asarray(cv2.distanceTransform((~strip).astype(np.uint8), cv2.DIST_L2, 5), np.float32) / unit
    return np.asarray(1 - smoothstep(ROOM, ROOM + FADES, apart), np.float32)


def strips(walls: tuple[Wall, Wall], made_up: Mask, goes: Array, unit: float) -> tuple[Array, Array]:
    """Find where strands are dense -> how much of all that is there goes along (h, w), and of the strands alone (h, w).

    The second of the `walls` is looked at along its bands: there the wall between strands is known, and stays.
    """
    whole, bands = tangled(walls[0], made_up, goes, unit), walls[1].bands
    if bands is None:
        return whole, np.zeros_like(whole)
    again = tangled(walls[1], made_up, goes, unit) * np.asarray(smoothstep(*SOMEWHAT, bands.share), np.float32)
    found = np.maximum(whole, again)
    return found * (1 - bands.share), found * bands.share


def put_strip(picture: Bytes, plate: Bytes, share: Array, alpha: Array, colours: Bytes) -> None:
    """Add a strip's `share` (h, w) of a picture (h, w, 3) before a `plate` (h, w, 3) to a person's share and colours, in place."""
    new = share > np.maximum(alpha, 0.01)
    a = share[new][:, None]
    wall = plate[new].astype(np.float32)
    colours[new] = np.clip(wall + (picture[new].astype(np.float32) - wall) / a + 0.5, 0, 255).astype(np.uint8)
    alpha[new] = share[new]
