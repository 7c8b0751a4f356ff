"""Glasses: found by the bar of their bridge, the rims below the eyes or their dark lenses, and held to the skull, with the face behind."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from thespis.head.person import Person
from thespis.pixels.layers import smoothstep, window
from thespis.types import Array, Bytes

UNIT = 60  # pixels an eye distance in the small picture of the eyes that is looked at
WIDE, TALL, EYE_LEVEL = 180, 120, 54
BAR, WITH_RIM, RIM_ALONE = 0.06, 0.015, 0.155
"""How strong the bridge's bar must be, and the weaker of the two rims with it, or that rim alone, in shares of the skin's brightness."""
TILTS, BENDS = (-0.2, -0.1, 0.0, 0.1, 0.2), (0.0, -0.004, -0.008)  # of a rim, and how much it may bend up, a pixel and a pixel squared
LENS = (14, 4, 14)  # pixels beside, above and below an eye that any lens covers
DARK = 0.45  # of the skin's brightness that nothing behind dark lenses has; around bare eyes, in shadow or sunken, 0.66 was the least
ABOVE, BELOW = (-0.62, -0.3), (0.3, 0.62)  # eye distances between which rims end above and below the eyes
ROUND = 0.06  # eye distances below a rim that are held as firmly as it is
BESIDE = (1.1, 1.4)  # eye distances from the middle over which this fades sideways
SLACK_ABOVE, SLACK_BELOW = 0.18, 0.32  # and above and below the rims
LEVEL, LEVEL_SLACK, LEVEL_ASIDE = 0.85, 0.15, (1.0, 1.25)  # of its depth beside an even curve that a face loses behind them, and where


@dataclass(frozen=True)
class Glasses:
    """Where the rims of glasses end, in eye distances below the eyes: above them, which is less than none, and below them.

    Behind `dark` lenses no eye is seen.
    """

    top: float = -0.3
    bottom: float = 0.45
    dark: bool = False


def find_glasses(texture: Bytes, middle: Array, across: Array, down: Array) -> Glasses | None:
    """Find the glasses that a face wears; `middle` (2,) lies between the eyes, in texture pixels.

    `across` and `down` (2,) are an eye distance along the face's own axes.
    """
    scale = float(np.linalg.norm(across)) / UNIT
    right, below = across / UNIT, down / UNIT
    corner = middle - right * WIDE / 2 - below * EYE_LEVEL
    ends = np.array([corner, corner + right * WIDE, corner + below * TALL, corner + right * WIDE + below * TALL])
    picture, begin = window(texture, ends, 2 * scale + 1)
    corner = corner - begin
    if scale > 1.5:
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.4 * scale), np.uint8)
    matrix = np.array([[right[0], below[0], corner[0]], [right[1], below[1], corner[1]]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    grey = cv2.warpAffine(picture, matrix, (WIDE, TALL), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32).mean(axis=2)
    bright = max(float(np.percentile(grey[TALL // 5 :], 75)), 1.0)
    slope = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=3), np.float32) / (8 * bright)
    bridge = slope[EYE_LEVEL - 8 : EYE_LEVEL + 14, WIDE // 2 - 6 : WIDE // 2 + 6].mean(axis=1)
    # A bar has an edge on both sides; a fold of the skin or the shade below a brow has one.
    bar = min(float(bridge.max()), float(-bridge.min()))
    eyes = [WIDE // 2 + side * UNIT // 2 for side in (-1, 1)]
    rims = [edge_between(slope, eye, 10, 37) for eye in eyes]
    rim = min(strength for strength, _ in rims)
    dark = max(lens(grey, eye) for eye in eyes) < DARK * bright
    if not ((bar > BAR and rim > WITH_RIM) or rim > RIM_ALONE or dark):
        return None
    tops = [edge_between(slope, eye, -44, -4) for eye in eyes]
    # The larger of both: what hides a part of one rim, hair or a light, mostly leaves the other.
    top, bottom = min(row for _, row in tops) / UNIT, max(row for _, row in rims) / UNIT
    return Glasses(float(np.clip(top, *ABOVE)), float(np.clip(bottom, *BELOW)), dark)


def lens(grey: Array, eye: int) -> float:
    """Say how bright it is around the eye at column `eye` of a picture (h, w), where any lens would cover it."""
    beside, above, below = LENS
    return float(np.percentile(grey[EYE_LEVEL - above : EYE_LEVEL + below, eye - beside : eye + beside], 80))


def edge_between(slope: Array, eye: int, first: int, last: int) -> tuple[float, int]:
    """Find the strongest edge at the eye in column `eye` of a picture's slope (h, w) that is as wide as a rim, straight or bent up.

    It is looked for between the rows `first` and `last` below the eyes, and given with how strong it is, and its own row.
    """
    part = slope[EYE_LEVEL + first : EYE_LEVEL + last, eye - 13 : eye + 13]
    across = np.arange(part.shape[1]) - part.shape[1] / 2
    shifts = np.array([tilt * across + bend * across**2 for tilt in TILTS for bend in BENDS]).round().astype(int)
    rows = np.arange(4, len(part) - 4)[:, None] + shifts[:, None]
    strengths = np.abs(part[rows % len(part), np.arange(part.shape[1])].mean(axis=2)).max(axis=0)
    return float(strengths.max()), first + 4 + int(strengths.argmax())


def held(points: Array, glasses: Glasses) -> Array:
    """Say how firmly glasses hold the skin at points (n, 3) in the face's own axes, in eye distances -> (n,), 1 where they sit.

    The lids behind clear lenses stay free, and brows as far as they are above the rims: a brow that left a rim it touches would smear.
    """
    x, y = np.abs(points[:, 0]), points[:, 1]
    top, bottom = glasses.top, glasses.bottom + ROUND
    upright = smoothstep(top - SLACK_ABOVE, top, y) * (1 - smoothstep(bottom, bottom + SLACK_BELOW, y))
    lids = (1 - smoothstep(0.85, 1.25, np.hypot((x - 0.5) / 0.27, y / 0.13))) * (not glasses.dark)
    return np.asarray(upright * (1 - smoothstep(*BESIDE, x)) * (1 - lids), np.float32)


def hold_glasses(person: Person, glasses: Glasses) -> Person:
    """Keep the skin that glasses sit on where the photograph has it: their frame must not bend with a brow or a cheek."""
    free = (1 - held(person.photo, glasses))[:, None]
    rest = person.photo + (person.rest - person.photo) * free
    return replace(person, rest=rest.astype(np.float32), fields=person.fields * free)


def level_glasses(person: Person, glasses: Glasses, rotation: Array) -> Person:
    """Bring the face behind glasses near to one even curve in depth, as it is seen turned by `rotation` (3, 3).

    A frame that lies on brow, socket and nose would bend and smear with each of them when the head turns.
    """
    across, height = person.photo[:, 0], person.photo[:, 1]
    top, bottom = glasses.top, glasses.bottom + ROUND
    on = smoothstep(top - LEVEL_SLACK, top, height) * (1 - smoothstep(bottom, bottom + LEVEL_SLACK, height))
    on = on * (1 - smoothstep(*LEVEL_ASIDE, np.abs(across)))
    depth = person.photo @ rotation[2]
    terms = np.stack([np.ones_like(across), across, height, across**2], axis=1)
    weight = np.sqrt(on)[:, None]
    curve = terms @ np.linalg.lstsq(terms * weight, depth * weight[:, 0], rcond=None)[0]
    moved = (LEVEL * on * (curve - depth))[:, None] * rotation[2]
    return replace(person, photo=(person.photo + moved).astype(np.float32), rest=(person.rest + moved).astype(np.float32))
