"""Find what a person looks like at rest from many frames: closed lips, open lids and usual brows, each from the frames that show them."""

import numpy as np

from thespis.capture.faces import Face
from thespis.capture.follow import straight
from thespis.capture.sighting import Sighting
from thespis.head.person import Person, fit
from thespis.head.shapes import Indices, load_shapes
from thespis.types import Array

MOST_LOOKED_AT = 400  # frames, spread over the whole
FRONTAL = 18.0  # degrees off the usual pose up to which a frame counts fully
EYES_END, MOUTH_BEGINS = 0.30, 0.55  # eye distances below the eyes between which the upper face goes over into the lower one


def rest_of(sightings: list[Sighting]) -> Person:
    """Fit a person to their sightings: one sighting is fitted as a portrait is, many show every part of the face at its rest."""
    shapes = load_shapes()
    chosen = sightings[:: max(-(-len(sightings) // MOST_LOOKED_AT), 1)]
    faces = np.stack([straight(each.points) for each in chosen])
    middle = np.median(faces, axis=0)
    usual = np.linalg.norm((faces - middle)[:, [10, 152, 234, 454, 1], :], axis=(1, 2))
    kept = faces[usual <= max(2 * float(np.median(usual)), 1e-6)]
    mouth = gap(kept, shapes.lips_inner_upper, shapes.lips_inner_lower)
    width = np.linalg.norm(kept[:, 308] - kept[:, 78], axis=1)
    # Among closed lips those count that are neither stretched nor pursed.
    odd = np.abs(width - np.median(width)) / max(float(np.median(width)), 1e-6)
    lower = share_of(kept, mouth + 0.1 * odd, 0.0, 0.12)
    lids = (gap(kept, shapes.eye_left_upper, shapes.eye_left_lower) + gap(kept, shapes.eye_right_upper, shapes.eye_right_lower)) / 2
    upper = share_of(kept, lids, 0.4, 0.9)
    blend = np.clip((middle[:, 1:2] - EYES_END) / (MOUTH_BEGINS - EYES_END), 0.0, 1.0)
    blend = blend * blend * (3 - 2 * blend)
    face = (1 - blend) * np.median(upper, axis=0) + blend * np.median(lower, axis=0)
    placed = Face(np.asarray(face, np.float32), np.eye(3, dtype=np.float32), 1.0, 0.0, 0.0, 0.0)
    return fit(shapes, placed, np.zeros(3, np.float32))


def gap(faces: Array, upper: Indices, lower: Indices) -> Array:
    """Measure how far apart two rings are (n,) in faces (n, 468, 3), in eye distances."""
    return np.asarray((faces[:, lower[3:-3], 1] - faces[:, upper[3:-3], 1]).mean(axis=1))


def share_of(faces: Array, order: Array, low: float, high: float) -> Array:
    """Take the faces whose place in the order is between two shares, at least one and where possible five."""
    ranks = np.argsort(order)
    begin, end = int(low * (len(ranks) - 1)), int(np.ceil(high * len(ranks)))
    return np.asarray(faces[ranks[begin : max(end, min(begin + 5, len(ranks)), begin + 1)]])
