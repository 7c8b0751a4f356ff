"""Carry the colours that are known in a picture into what is not, smoothly."""

import cv2
import numpy as np

from thespis.types import Array

KNOWN = 0.25  # of a colour that is taken as it is, where unknown ones are made up from those around


def diffuse(colours: Array, known: Array) -> Array:
    """Carry the known colours (h, w, 3) into the unknown, smoothly: halved and halved again, and enlarged from the coarsest on."""
    levels: list[tuple[Array, Array]] = [(colours * known[..., None], known)]
    while min(levels[-1][1].shape) > 2:
        colour, weight = levels[-1]
        size = (-(-weight.shape[1] // 2), -(-weight.shape[0] // 2))
        halved = [np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.float32) for each in (colour, weight)]
        levels.append((halved[0], halved[1]))
    colour, weight = levels[-1]
    made = colour / np.maximum(weight, 1e-6)[..., None]
    if not (weight > 0).all():
        made = np.broadcast_to(colour.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6), colour.shape)
    for colour, weight in reversed(levels[1:-1]):
        made = cv2.resize(np.ascontiguousarray(made, np.float32), (weight.shape[1], weight.shape[0]), interpolation=cv2.INTER_LINEAR)
        trust = np.clip(weight * 4, 0, 1)[..., None]
        made = made + (colour / np.maximum(weight, 1e-6)[..., None] - made) * trust
    made = cv2.resize(np.ascontiguousarray(made, np.float32), (known.shape[1], known.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.copyTo(colours, (known >= KNOWN).astype(np.uint8), made), np.float32)
