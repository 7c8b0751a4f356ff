"""Frames finer than a network draws: the portrait's own pixels go where the network carries them, and its change is laid over them."""

import cv2
import numpy as np

from thespis.types import Array, Bytes


def finer(portrait: Bytes, places: Array, carried: Array, made: Array) -> Bytes:
    """Draw frames of the size of `portrait` (size, size, 3) -> (n, size, size, 3).

    `places` (n, s, s, 2) say where each pixel is taken from, from -1 to 1 over the portrait; `carried` and `made` (n, 3, s, s), from
    -1 to 1, are the network's small frames before and after it changed them: light, lids, teeth, and what else no displacement can show.
    """
    size = portrait.shape[0]
    frames = np.empty((len(made), size, size, 3), np.uint8)
    for frame, place, before, after in zip(frames, places, carried, made, strict=True):
        spots = cv2.resize(place, (size, size), interpolation=cv2.INTER_LINEAR) * (size / 2) + (size / 2 - 0.5)
        moved = cv2.remap(
            portrait,
            np.asarray(spots[..., 0], np.float32),
            np.asarray(spots[..., 1], np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        change = cv2.resize((after - before).transpose(1, 2, 0) * np.float32(127.5), (size, size), interpolation=cv2.INTER_CUBIC)
        frame[:] = np.clip(np.round(moved + change), 0, 255)
    return frames
