"""Ears before a lamp or a bright window, as white as they are: the network sees them in a darker picture."""

import cv2
import numpy as np

from thespis.capture.faces import person_share
from thespis.head.shapes import OVAL
from thespis.pixels.layers import smoothstep
from thespis.pixels.outline import axes_of
from thespis.types import Array, Bytes

ROOTS = (234, 454)  # points of the face's outline where ears begin
OUT, UP = 0.12, 0.05  # eye distances that an ear's middle lies outside of its root, and above
HALF = (0.5, 0.85)  # eye distances from there, across and down, within which an ear is
BURNT = 240  # darkest colour of what is glaring white
GLARE, AROUND = (0.02, 0.1), 0.3  # how much of that blinds the network, within how many eye distances
WHITE = 249  # darkest colour of what is the lamp itself
DARKER = (2.2, 3.0)  # powers that brightness is raised to for another look
SEEN = (0.08, 0.25)  # of the looks' mean: from there on, and from there on surely, it is an ear


def lit_ears(picture: Bytes, points: Array, unit: float) -> Array:
    """Say how much of each pixel of a picture (h, w, 3) is an ear of the face with points (n, 2) where there is glare -> (h, w).

    `unit` is pixels an eye distance.
    """
    red, green, blue = cv2.split(picture)
    darkest, side = cv2.min(cv2.min(red, green), blue), 2 * round(AROUND * unit) + 1
    where = np.asarray(smoothstep(*GLARE, cv2.blur((darkest >= BURNT).astype(np.float32), (side, side))), np.float32)
    if not where.any():
        return where
    # What is white in all its colours is the lamp.
    where *= beside(where, points, unit) * cv2.blur((darkest < WHITE).astype(np.float32), (3, 3))
    if not where.any():
        return where
    looks = np.zeros_like(where)
    for power in DARKER:
        darker = np.asarray(255 * (np.arange(256) / 255) ** power + 0.5, np.uint8)[picture]
        # The mirrored picture is another look, and wavers in other places.
        mirrored = person_share(np.ascontiguousarray(darker[:, ::-1]))[:, ::-1]
        looks += (person_share(darker) + mirrored) / (2 * len(DARKER))
    return np.asarray(smoothstep(*SEEN, looks) * where, np.float32)


def beside(like: Array, points: Array, unit: float) -> Array:
    """Say where in a picture of the size of another (h, w) the ears of a face with points (n, 2) may be -> (h, w) from 0 to 1."""
    outline = points[list(OVAL)]
    down, across = axes_of(outline)
    y, x = np.mgrid[0 : like.shape[0], 0 : like.shape[1]].astype(np.float32)
    found = np.zeros_like(like)
    for root in ROOTS:
        out = across * np.sign((points[root] - outline.mean(axis=0)) @ across)
        middle = points[root] + (OUT * out - UP * down) * unit
        away = np.hypot(
            ((x - middle[0]) * out[0] + (y - middle[1]) * out[1]) / HALF[0],
            ((x - middle[0]) * down[0] + (y - middle[1]) * down[1]) / HALF[1],
        )
        found = np.maximum(found, 1 - smoothstep(0.7, 1.0, away / unit))
    return np.asarray(found, np.float32)
