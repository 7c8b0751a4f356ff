"""Frames finer than a network draws: the portrait's own pixels go where the network carries them, and its change is laid over them."""

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np

from thespis.pixels.diffusion.square import Matrix, onto
from thespis.types import Array, Bytes

BACK = cv2.WARP_INVERSE_MAP


class Finer(NamedTuple):
    """A frame finer than the network's: its pixels (s, s, 3), where in the portrait they came from (s, s, 2), and what to lay over them."""

    frame: Bytes
    spots: Array
    over: Array


def finer(portrait: Bytes, places: Array, change: Array, matrix: Matrix) -> Iterator[Finer]:
    """Carry a portrait (s, s, 3) to n frames of its size.

    `places` (n, k, k, 2) say where each place of the network's square is taken from, from -1 to 1; `change` (n, 3, k, k), in halves of
    the range of bytes, is what no displacement can show: light, lids, teeth. `matrix` (2, 3) takes the portrait's pixels to that square.
    """
    size, side = portrait.shape[0], places.shape[1]
    within, back = onto(matrix, side), np.linalg.inv(matrix[:, :2]).astype(np.float32)
    ends = (np.arange(side, dtype=np.float32) + np.float32(0.5)) * np.float32(2 / side) - 1
    home = np.stack(np.meshgrid(ends, ends, indexing="xy"), axis=-1)
    here = np.stack(np.meshgrid(*[np.arange(size, dtype=np.float32)] * 2, indexing="xy"), axis=-1)
    for place, over in zip(places, change, strict=True):
        moved = (np.asarray(place, np.float32) - home) @ back.T
        spots = here + cv2.warpAffine(moved, within, (size, size), flags=cv2.INTER_LINEAR | BACK, borderMode=cv2.BORDER_REPLICATE)
        frame = cv2.remap(portrait, spots[..., 0], spots[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        laid = np.ascontiguousarray(over.transpose(1, 2, 0), np.float32) * np.float32(127.5)
        there = cv2.warpAffine(laid, within, (size, size), flags=cv2.INTER_CUBIC | BACK)
        yield Finer(np.asarray(frame, np.uint8), spots, np.asarray(there, np.float32))


def shown(pictures: Bytes, matrix: Matrix) -> Bytes:
    """Put pictures (n, s, s, 3) of the network's square back where the face stood; `matrix` takes the pixels of (s, s) to that square."""
    side = pictures.shape[1]
    within, how = onto(matrix, side), cv2.INTER_LINEAR | BACK
    made = [cv2.warpAffine(picture, within, (side, side), flags=how, borderMode=cv2.BORDER_REPLICATE) for picture in pictures]
    return np.stack(made) if made else pictures
