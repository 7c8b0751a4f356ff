"""Choose what part of a picture becomes the frame, and cut it out as a texture with a margin."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from thespis.capture.faces import Face
from thespis.errors import DirectionError
from thespis.types import Array, Bytes, Crop

MARGIN = 0.08  # of the frame's size on each side, so that a moving head never pulls in the picture's edge
CLOSEST = 1.06  # of the face, from brow to chin or across, that a window shows at least
LARGEST_TEXTURE = 2400
LARGEST_FRAME, SMALLEST_FRAME = 4096, 32
DEFAULT_LONG_SIDE = 1280  # of a whole picture, where no size is asked
BAR = (20, 0.02)  # grey levels by which a bar's colour may vary, and the share of a line that may vary more
BESIDE_BAR = 0.7  # of a line that has another colour where a bar ends; where a plain wall does, most of it goes on
BLENDED, BLURRED = 5, 31  # pixels within a picture's edge that are mixed with what is made up beyond, and that a blur reads
SEEN = 200  # pixels of a line that are looked at
WIDEST_BAR = 0.3  # of a picture
BAR_EDGE = 0.004  # of a picture's side that is mixed with a bar, or blurred towards it


@dataclass(frozen=True, eq=False)
class Framing:
    """A frame of `width` x `height` pixels, and the `texture` (h, w, 3) it is cut from.

    Picture pixels go to frame pixels by `zoom` and `shift`; frame pixels go to texture pixels by `finer` and `margin`. `inside` is the
    left, top, right and bottom of the texture that the picture fills; what lies outside was made up.
    """

    width: int
    height: int
    texture: Bytes
    zoom: tuple[float, float]
    shift: tuple[float, float]
    finer: tuple[float, float]
    margin: tuple[float, float]
    inside: tuple[int, int, int, int]

    def to_frame(self, points: Array) -> Array:
        """Carry picture points (n, 3) to frame pixels; depth is scaled along."""
        placed = np.array(points, np.float32)
        placed[:, 0] = (placed[:, 0] + 0.5) * self.zoom[0] + self.shift[0] - 0.5
        placed[:, 1] = (placed[:, 1] + 0.5) * self.zoom[1] + self.shift[1] - 0.5
        placed[:, 2] *= (self.zoom[0] + self.zoom[1]) / 2
        return placed

    def to_texture(self, points: Array) -> Array:
        """Carry frame points (n, 2 or 3) to texture pixels (n, 2)."""
        across = (points[:, 0] + 0.5 + self.margin[0]) * self.finer[0] - 0.5
        down = (points[:, 1] + 0.5 + self.margin[1]) * self.finer[1] - 0.5
        return np.asarray(np.stack([across, down], axis=1), np.float32)

    def room(self, points: Array) -> Array:
        """Say how many frame pixels texture points (n, 2) lie inside the picture, across and down (n, 2); outside it they are negative."""
        left, top, right, bottom = self.inside
        across = np.minimum(points[:, 0] - left, right - 1 - points[:, 0]) / self.finer[0]
        down = np.minimum(points[:, 1] - top, bottom - 1 - points[:, 1]) / self.finer[1]
        return np.asarray(np.stack([across, down], axis=1), np.float32)

    def part(self, left: int, top: int, width: int, height: int, scale: float) -> "Framing":
        """Give the frame that shows a window of this one: its corner and size in its own pixels, `scale` of this one's in size."""
        (across, down), (wide, high) = self.margin, self.finer
        return replace(
            self,
            width=width,
            height=height,
            zoom=(self.zoom[0] * scale, self.zoom[1] * scale),
            shift=(self.shift[0] * scale - left, self.shift[1] * scale - top),
            finer=(wide / scale, high / scale),
            margin=(across * scale + left, down * scale + top),
        )

    def from_texture(self, points: Array) -> Array:
        """Carry texture pixels (n, 2) to frame pixels (n, 2)."""
        across = (points[:, 0] + 0.5) / self.finer[0] - self.margin[0] - 0.5
        down = (points[:, 1] + 0.5) / self.finer[1] - self.margin[1] - 0.5
        return np.asarray(np.stack([across, down], axis=1), np.float32)


def frame_size(wanted: tuple[int, int] | None, crop: Crop, picture: tuple[int, int], default: int) -> tuple[int, int]:
    """Settle the frame's (width, height): as asked, or a square for the head, or the picture's own."""
    if wanted is not None:
        width, height = wanted
    elif crop == "head":
        width = height = default
    else:
        scale = min(1.0, DEFAULT_LONG_SIDE / max(picture))
        width, height = round(picture[0] * scale), round(picture[1] * scale)
    if not (SMALLEST_FRAME <= width <= LARGEST_FRAME and SMALLEST_FRAME <= height <= LARGEST_FRAME):
        raise DirectionError(f"size must be {SMALLEST_FRAME} to {LARGEST_FRAME} pixels a side, not {width}x{height}")
    # H.264 stores colour for 2x2 blocks, so a side that nobody chose is even; one that somebody chose is kept.
    return (width, height) if wanted is not None else (width - width % 2, height - height % 2)


def content_of(image: Bytes) -> tuple[int, int, int, int]:
    """Find the left, top, right and bottom of what a picture (height, width, 3) shows within bars or a frame of one colour."""
    top, bottom = bars(image)
    left, right = bars(image[top : image.shape[0] - bottom].swapaxes(0, 1))
    return left, top, image.shape[1] - right, image.shape[0] - bottom


def bars(image: Bytes) -> tuple[int, int]:
    """Count the rows of bars above and below a picture (height, width, 3)."""
    found = []
    few = np.ascontiguousarray(image[:, :: max(image.shape[1] // SEEN, 1)], np.int16)
    for lines in (few, few[::-1]):
        most = int(WIDEST_BAR * len(lines))
        colour = np.median(lines[0], axis=0)
        # Line by line, since nearly every picture has no bar at all.
        other = (float((np.abs(line - colour).max(axis=1) > BAR[0]).mean()) for line in lines[: most + 1])
        wide = next((number for number, share in enumerate(other) if share > BAR[1]), 0)
        mixed = 1 + round(BAR_EDGE * len(lines))
        beyond = np.abs(lines[min(wide + mixed, len(lines) - 1)] - colour).max(axis=1) > BAR[0]
        found.append(wide + mixed if wide and float(beyond.mean()) > BESIDE_BAR else 0)
    return found[0], found[1]


def choose_window(face: Face, picture: tuple[int, int], aspect: float, crop: Crop) -> tuple[float, float, float, float]:
    """Choose the left, top, width and height of the window in picture pixels, with the given aspect (width / height)."""
    across, down = picture
    if crop == "picture":
        width = min(across, down * aspect)
        height = width / aspect
    else:
        left, top, right, bottom = face.box
        tall, broad = float(bottom - top), float(right - left)
        height = max(2.25 * tall, 2.25 * tall / aspect if aspect < 1 else 0.0)
        # The window shrinks to fit the picture before it is allowed to stick out: made-up hair looks worse than a close view. But a
        # jaw that drops must stay inside.
        least = max(CLOSEST * tall, CLOSEST * broad / aspect)
        height = max(min(height, down, across / aspect), least)
        width = height * aspect
    middle_x = float(face.points[:468, 0].min() + face.points[:468, 0].max()) / 2
    brow = float(face.points[10, 1])
    chin = float(face.points[152, 1])
    x = middle_x - width / 2
    y = brow + 0.42 * (chin - brow) - 0.47 * height
    x = min(max(x, 0.0), across - width) if width <= across else (across - width) / 2
    y = min(max(y, 0.0), down - height) if height <= down else (down - height) / 2
    return x, y, width, height


def extend(image: Bytes, left: int, top: int, right: int, bottom: int) -> Bytes:
    """Cut a window that may stick out of the image; outside it the image is mirrored and blurred away."""
    height, width = image.shape[:2]
    out = (max(-top, 0), max(bottom - height, 0), max(-left, 0), max(right - width, 0))
    inside = image[max(top, 0) : min(bottom, height), max(left, 0) : min(right, width)]
    if not any(out):
        return inside
    kind = cv2.BORDER_REFLECT if max(out) < min(inside.shape[:2]) else cv2.BORDER_REPLICATE
    grown = cv2.copyMakeBorder(inside, out[0], out[1], out[2], out[3], kind)
    mask = cv2.copyMakeBorder(np.full(inside.shape[:2], 255, np.uint8), out[0], out[1], out[2], out[3], cv2.BORDER_CONSTANT)
    found = np.asarray(grown, np.uint8).copy()
    high, wide = mask.shape
    ends = [amount + BLENDED if amount else 0 for amount in out]
    # Only beside the edges is anything mixed: what lies within is the image to the last bit.
    upper, lower = slice(0, min(ends[0], high)), slice(max(high - ends[1], 0), high)
    first, last = slice(0, min(ends[2], wide)), slice(max(wide - ends[3], 0), wide)
    every = slice(0, high), slice(0, wide)
    for rows, columns in ((upper, every[1]), (lower, every[1]), (every[0], first), (every[0], last)):
        mixed = found[rows, columns]
        if mixed.size == 0:
            continue
        around = widened(rows, high), widened(columns, wide)
        soft, near = cv2.blur(cv2.blur(grown[around], (BLURRED, BLURRED)), (BLURRED, BLURRED)), mask[around]
        share = cv2.blur(near, (9, 9)).astype(np.float32)[..., None] / 255 * (near[..., None] > 0)
        blended = np.asarray(grown[around] * share + soft * (1 - share) + 0.5, np.uint8)
        top, left = rows.start - around[0].start, columns.start - around[1].start
        mixed[:] = blended[top : top + mixed.shape[0], left : left + mixed.shape[1]]
    return found


def widened(part: slice, size: int) -> slice:
    """Take in, on both sides of a part of `size` pixels, what its blurred pixels are made of."""
    return slice(max(part.start - BLURRED, 0), min(part.stop + BLURRED, size))


def cut_frame(image: Bytes, face: Face, wanted: tuple[int, int] | None, crop: Crop, default: int) -> Framing:
    """Cut the frame out of a picture (height, width, 3); a close view leaves the picture's own bars out."""
    if crop == "head":
        left, top, right, bottom = content_of(image)
        if left <= face.box[0] and top <= face.box[1] and face.box[2] <= right and face.box[3] <= bottom:
            there = replace(face, points=face.points - np.array([left, top, 0], np.float32))
            framing = cut_window(image[top:bottom, left:right], there, wanted, crop, default)
            zoom, (across, down) = framing.zoom, framing.shift
            return replace(framing, shift=(across - left * zoom[0], down - top * zoom[1]))
    return cut_window(image, face, wanted, crop, default)


def cut_window(image: Bytes, face: Face, wanted: tuple[int, int] | None, crop: Crop, default: int) -> Framing:
    """Cut the frame out of a picture (height, width, 3), its own bars and all."""
    picture = (image.shape[1], image.shape[0])
    width, height = frame_size(wanted, crop, picture, default)
    x, y, wide, _ = choose_window(face, picture, width / height, crop)
    zoom = width / wide
    margin = MARGIN * max(width, height)
    left, top = int(np.floor(x - margin / zoom)), int(np.floor(y - margin / zoom))
    right, bottom = int(np.ceil(x + (width + margin) / zoom)), int(np.ceil(y + (height + margin) / zoom))
    cut = extend(image, left, top, right, bottom)
    # A texture finer than the frame keeps the picture's detail through the warp; a coarser picture is enlarged once, well.
    finer = float(np.clip(1 / zoom, 1.0, max(1.0, min(2.0, LARGEST_TEXTURE / (max(width, height) * (1 + 2 * MARGIN))))))
    size = (max(round((right - left) * zoom * finer), 8), max(round((bottom - top) * zoom * finer), 8))
    shrinking = size[0] < cut.shape[1]
    texture = cv2.resize(cut, size, interpolation=cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC)
    exact = (size[0] / (right - left), size[1] / (bottom - top))
    return Framing(
        width,
        height,
        np.ascontiguousarray(texture),
        (zoom, zoom),
        (-x * zoom, -y * zoom),
        (exact[0] / zoom, exact[1] / zoom),
        ((x - left) * zoom, (y - top) * zoom),
        (
            max(round(-left * exact[0]), 0),
            max(round(-top * exact[1]), 0),
            min(round((picture[0] - left) * exact[0]), size[0]),
            min(round((picture[1] - top) * exact[1]), size[1]),
        ),
    )
