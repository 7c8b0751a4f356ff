"""Glasses: found by the bar of their bridge and the rims below the eyes, and then held to the skull while the face moves behind them."""

from dataclasses import replace

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


def wears_glasses(texture: Bytes, middle: Array, across: Array, down: Array) -> bool:
    """Tell whether a face wears glasses; `middle` (2,) lies between the eyes, in texture pixels.

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
    rim = min(rim_below(slope, WIDE // 2 + side * UNIT // 2) for side in (-1, 1))
    return (bar > BAR and rim > WITH_RIM) or rim > RIM_ALONE


def rim_below(slope: Array, eye: int) -> float:
    """Find the strongest edge below the eye at column `eye` of a picture's slope (h, w) that is as wide as a rim, straight or bent up."""
    below = slope[EYE_LEVEL + 10 : EYE_LEVEL + 37, eye - 13 : eye + 13]
    across = np.arange(below.shape[1]) - below.shape[1] / 2
    shifts = np.array([tilt * across + bend * across**2 for tilt in TILTS for bend in BENDS]).round().astype(int)
    rows = np.arange(4, len(below) - 4)[:, None] + shifts[:, None]
    along = below[rows % len(below), np.arange(below.shape[1])]
    return float(np.abs(along.mean(axis=2)).max())


def held(points: Array) -> Array:
    """Say how firmly glasses hold the skin at points (n, 3) in the face's own axes, in eye distances -> (n,), 1 where they sit.

    The lids behind the lenses stay free, and brows half so: a brow that left the rim it touches would smear.
    """
    x, y = np.abs(points[:, 0]), points[:, 1]
    frame = 1 - smoothstep(0.95, 1.35, np.hypot((x - 0.5) / 0.46, (y - 0.12) / 0.43))
    bridge = (1 - smoothstep(0.16, 0.26, x)) * (1 - smoothstep(0.16, 0.34, np.abs(y - 0.02)))
    below_brows = smoothstep(-0.50, -0.20, y)
    lids = 1 - smoothstep(0.85, 1.25, np.hypot((x - 0.5) / 0.27, y / 0.13))
    return np.asarray(np.maximum(frame, bridge) * below_brows * (1 - lids), np.float32)


def hold_glasses(person: Person) -> Person:
    """Keep the skin that glasses sit on where the photograph has it: their frame must not bend with a brow or a cheek."""
    free = (1 - held(person.photo))[:, None]
    rest = person.photo + (person.rest - person.photo) * free
    return replace(person, rest=rest.astype(np.float32), fields=person.fields * free)
