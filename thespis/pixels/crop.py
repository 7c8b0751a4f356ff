"""What a frame shows of a picture: the picture itself seen through the frame's window, and the same window on another picture."""

from dataclasses import replace

import cv2
import numpy as np

from thespis.pixels.framing import MARGIN, Framing, extend
from thespis.types import Array, Bytes


def to_frame(framing: Framing) -> Array:
    """Give the matrix (2, 3) that carries texture pixels to frame pixels."""
    corners = np.array([[0, 0], [framing.width - 1, 0], [0, framing.height - 1]], np.float32)
    return np.asarray(cv2.getAffineTransform(framing.to_texture(corners), corners), np.float32)


def through(framing: Framing, move: Array | None = None) -> Bytes:
    """Show the picture itself (height, width, 3) in its frame, moved by a matrix (2, 3) in frame pixels where one is given."""
    matrix = np.vstack([to_frame(framing), [0, 0, 1]])
    whole = matrix if move is None else np.vstack([move, [0, 0, 1]]) @ matrix
    size = (framing.width, framing.height)
    return np.asarray(cv2.warpAffine(framing.texture, whole[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def same_window(framing: Framing, picture: Bytes) -> Framing:
    """Look at another picture (height, width, 3) of the same size through the same window, resampled in the same way."""
    left, top = (round((-shift - margin) / zoom) for shift, margin, zoom in zip(framing.shift, framing.margin, framing.zoom, strict=True))
    high, wide = framing.texture.shape[:2]
    across, down = round(wide / (framing.finer[0] * framing.zoom[0])), round(high / (framing.finer[1] * framing.zoom[1]))
    cut = extend(picture, left, top, left + across, top + down)
    shrinking = wide < cut.shape[1]
    texture = cv2.resize(cut, (wide, high), interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    return replace(framing, texture=np.ascontiguousarray(texture, np.uint8))


def own_window(picture: Bytes, left: int, top: int, width: int, height: int) -> Framing:
    """Cut a window in whole pixels of a picture (height, width, 3) out of it, pixel by pixel, with some room around."""
    room = int(np.ceil(MARGIN * max(width, height)))
    texture = extend(picture, left - room, top - room, left + width + room, top + height + room)
    high, wide = texture.shape[:2]
    inside = (
        max(room - left, 0),
        max(room - top, 0),
        min(picture.shape[1] - left + room, wide),
        min(picture.shape[0] - top + room, high),
    )
    shift, margin = (-float(left), -float(top)), (float(room), float(room))
    return Framing(width, height, np.ascontiguousarray(texture), (1.0, 1.0), shift, (1.0, 1.0), margin, inside)
