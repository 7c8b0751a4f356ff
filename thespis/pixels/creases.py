"""Lines that an expression draws on the skin: forehead, frown, cheeks, eyes and chin, as light and shade on the photograph itself."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from thespis.head.shapes import SHAPES
from thespis.pixels.layers import smoothstep
from thespis.pixels.raster import shade_into
from thespis.types import Array, Bytes

LEVELS = 16  # steps of depth; a step changes the light by about one per cent, which nobody sees
CHEEKS = ((117, 118, 101, 36, 205, 187, 123), (346, 347, 330, 266, 425, 411, 352))
SMOOTHEST = 0.4  # of the depth of a lined face's creases, on a face as smooth as a child's
COARSEST = 2.5  # pixels that half a line's width has at least where it is drawn: what is that smooth needs no finer ones
FADED = 9.0  # of half a line's width, from where on its light and shade are gone
GRAIN = (0.01, 0.03)  # of its brightness, the grain of smooth and of lined cheeks
STRANDS = (0.03, 0.09)  # of its brightness, the strokes of bare skin, and of hair that hangs over it
STROKE, AROUND = (0.012, 0.05), (0.05, 0.1)  # how fine strokes are, and what is looked at around them, in eye distances
COARSE = 60.0  # pixels an eye distance, at which strokes are still seen
BURNT, KEPT = (200.0, 238.0), 0.2  # grey levels of skin in glaring light, over which creases fade, and what is left of them
Weights = dict[str, float]
Box = tuple[slice, slice]  # the rows and columns of a part of a texture


@dataclass(frozen=True)
class Line:
    """A line on the face: along `path`, between points of the face or a share of the way between two, `width` in eye distances."""

    path: tuple[tuple[int, int, float], ...]
    width: float
    depth: float


@dataclass(frozen=True)
class Crease:
    """Lines that come and go together, and by which weights; `start` is the sum at which they begin to show.

    `under_hair` says that hair may hang over them.
    """

    lines: tuple[Line, ...]
    weights: Weights
    start: float = 0.1
    under_hair: bool = False


def along(*points: int, width: float = 0.06, depth: float = 0.11) -> Line:
    """Draw a line through points of the face."""
    return Line(tuple((point, point, 0.0) for point in points), width, depth)


def between(above: tuple[int, ...], below: tuple[int, ...], share: float, width: float = 0.055, depth: float = 0.11) -> Line:
    """Draw a line some share of the way from one row of points to another."""
    return Line(tuple((a, b, share) for a, b in zip(above, below, strict=True)), width, depth)


HAIRLINE = (103, 67, 109, 10, 338, 297, 332)
FOREHEAD = (104, 69, 108, 151, 337, 299, 333)
BROWS = (105, 66, 107, 9, 336, 296, 334)


def both_sides(name: str, weight: float) -> Weights:
    """Let the left and the right weight of a shape count half each."""
    return {f"{name}Left": weight / 2, f"{name}Right": weight / 2}


CREASES: dict[str, Crease] = {
    "forehead": Crease(
        (between(HAIRLINE, FOREHEAD, 0.62), between(FOREHEAD, BROWS, 0.08, depth=0.13), between(FOREHEAD, BROWS, 0.36, width=0.045)),
        {"browInnerUp": 0.55, **both_sides("browOuterUp", 0.55), **both_sides("browDown", -0.6)},
        0.25,
        under_hair=True,
    ),
    "frown": Crease(
        (
            Line(((107, 9, 0.35), (55, 8, 0.45), (193, 168, 0.4)), 0.065, 0.16),
            Line(((336, 9, 0.35), (285, 8, 0.45), (417, 168, 0.4)), 0.065, 0.16),
        ),
        {**both_sides("browDown", 1.0), **both_sides("noseSneer", 0.25)},
        0.15,
    ),
    "bridge": Crease((along(193, 168, 417), along(122, 6, 351, depth=0.08)), both_sides("noseSneer", 1.0), 0.2),
    "cheek right": Crease(
        (along(129, 203, 206, 216, 212, width=0.085, depth=0.12),),
        {"mouthSmileRight": 0.8, "noseSneerRight": 0.6, "mouthUpperUpRight": 0.4, "cheekSquintRight": 0.3, "mouthDimpleRight": 0.4},
        0.15,
    ),
    "cheek left": Crease(
        (along(358, 423, 426, 436, 432, width=0.085, depth=0.12),),
        {"mouthSmileLeft": 0.8, "noseSneerLeft": 0.6, "mouthUpperUpLeft": 0.4, "cheekSquintLeft": 0.3, "mouthDimpleLeft": 0.4},
        0.15,
    ),
    "lid right": Crease(
        (along(226, 31, 228, 229, 230, 231, width=0.022, depth=0.14),), {"cheekSquintRight": 0.7, "eyeSquintRight": 0.4}, 0.2
    ),
    "lid left": Crease(
        (along(446, 261, 448, 449, 450, 451, width=0.022, depth=0.14),), {"cheekSquintLeft": 0.7, "eyeSquintLeft": 0.4}, 0.2
    ),
    "chin": Crease(
        (along(43, 106, 182, 83, 18, 313, 406, 335, 273, width=0.07, depth=0.12),),
        {"mouthShrugLower": 0.9, **both_sides("mouthFrown", 0.5), **both_sides("mouthPress", 0.4)},
        0.2,
    ),
    "corners": Crease((along(61, 57, 43, 204), along(291, 287, 273, 424)), both_sides("mouthFrown", 1.0), 0.2),
}


@dataclass(eq=False)
class Skin:
    """The photograph's skin in the atlas: `plain` (h, w, 4) from (top, left) on, and the relief (h, w) of each crease in its box."""

    plain: Bytes
    top: int
    left: int
    boxes: list[Box]
    reliefs: list[Array]
    drive: Array
    starts: Array
    shown: tuple[int, ...] | None = None

    def on(self, atlas: Bytes) -> "Skin":
        """Give the same creases on the skin as it is in another atlas (h, w, 4)."""
        height, width = self.plain.shape[:2]
        return replace(self, plain=atlas[self.top : self.top + height, self.left : self.left + width].copy(), shown=None)

    def crease(self, atlas: Bytes, weights: Array) -> list[Box]:
        """Draw the creases that the weights (51,) ask for into the atlas (h, w, 4), and say where in it skin was drawn again."""
        amount = np.clip((self.drive @ weights - self.starts) / (1 - self.starts), 0.0, 1.2)
        levels = tuple(np.round(amount * LEVELS).astype(int).tolist())
        if levels == self.shown:
            return []
        known = self.shown or (-1,) * len(levels)
        again = [number for number, (now, before) in enumerate(zip(levels, known, strict=True)) if now != before]
        self.shown = levels
        # Of creases that lie over each other both are drawn again, and so on from one to the next.
        for number in again:
            again += [other for other in range(len(levels)) if other not in again and overlap(self.boxes[number], self.boxes[other])]
        height, width = self.plain.shape[:2]
        region = atlas[self.top : self.top + height, self.left : self.left + width]
        for number in again:
            region[self.boxes[number]] = self.plain[self.boxes[number]]
        for number in sorted(again):
            if levels[number]:
                part = region[self.boxes[number]]
                shade_into(part, part, self.reliefs[number], levels[number] / LEVELS)
        return [(moved(rows, self.top), moved(columns, self.left)) for rows, columns in (self.boxes[number] for number in again)]


def moved(part: slice, way: int) -> slice:
    """Move a slice along by `way`."""
    return slice(part.start + way, part.stop + way)


def shared(one: slice, other: slice) -> slice:
    """Give what two slices share, which may be nothing."""
    return slice(max(one.start, other.start), min(one.stop, other.stop))


def overlap(one: Box, other: Box) -> Box | None:
    """Give the part of a texture that two parts share, or None where they share nothing."""
    rows, columns = (shared(a, b) for a, b in zip(one, other, strict=True))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def draw_line(relief: Array, points: Array, width: float, depth: float) -> None:
    """Add one line through points (n, 2) to a relief (h, w): a dark valley with a brighter edge below it, fading at both ends."""
    at = np.linspace(0, len(points) - 1, 40)
    whole = np.minimum(at.astype(int), len(points) - 2)
    share = (at - whole)[:, None]
    # Catmull-Rom through the points, the ends repeated: lines of the skin have no corners.
    padded = np.concatenate([points[:1], points, points[-1:]])
    a, b, c, d = (padded[whole + k] for k in range(4))
    path = 0.5 * (2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3)
    sigma = max(width / 2, 0.6)
    # Only around the line is there anything to blur.
    room, ends = np.ceil(FADED * sigma) + 1, np.array(relief.shape[::-1])
    left, top = np.clip(np.floor(path.min(axis=0) - room), 0, ends).astype(int)
    right, bottom = np.clip(np.ceil(path.max(axis=0) + room), 0, ends).astype(int)
    if right - left < 1 or bottom - top < 1:
        return
    times = max(int(sigma / COARSEST), 1)
    wide, high = -(-(right - left) // times), -(-(bottom - top) // times)
    mask = np.zeros((high * times, wide * times), np.float32)
    strength = np.sin(np.linspace(0, np.pi, 40)) ** 0.7
    path = path - (left, top)
    for k in range(39):
        ends = np.round(path[k : k + 2] * 16).astype(int)
        value = float((strength[k] + strength[k + 1]) / 2)
        cv2.line(mask, tuple(ends[0].tolist()), tuple(ends[1].tolist()), (value,), 1, cv2.LINE_AA, 4)
    # What is that smooth is blurred where it is coarse.
    mask = np.asarray(cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA), np.float32) * times
    valley = cv2.GaussianBlur(mask, (0, 0), sigma / times)
    shoulder = cv2.GaussianBlur(mask, (0, 0), 2.2 * sigma / times)
    # Scaled so that the middle of a long line reaches the depth, whatever the blur.
    reach = times / (sigma * np.sqrt(2 * np.pi))
    down = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, max(round(1.8 * sigma), 1) / times]])
    lit = cv2.warpAffine(shoulder, down, (wide, high)) * 2.2
    drawn = cv2.resize(depth * (0.35 * lit - valley) / reach, (wide * times, high * times), interpolation=cv2.INTER_LINEAR)
    relief[top:bottom, left:right] += drawn[: bottom - top, : right - left]


def lined(texture: Bytes, points: Array, unit: float) -> float:
    """Say how deep the lines of a skin may be, by the grain of its cheeks in a texture (h, w, 4): smooth ones show half as much."""
    mask = np.zeros(texture.shape[:2], np.uint8)
    for cheek in CHEEKS:
        cv2.fillPoly(mask, [np.round(points[list(cheek)]).astype(np.int32)], (1,))
    left, top, wide, high = cv2.boundingRect(mask)
    if wide < 2 or high < 2:
        return 1.0
    box = slice(top, top + high), slice(left, left + wide)
    grey = texture[box][..., :3].astype(np.float32).mean(axis=2)
    band = cv2.GaussianBlur(grey, (0, 0), max(0.02 * unit, 0.5)) - cv2.GaussianBlur(grey, (0, 0), max(0.08 * unit, 1.0))
    inside = mask[box] > 0
    grain = float(np.median(np.abs(band[inside]))) / max(float(grey[inside].mean()), 1.0)
    return SMOOTHEST + (1 - SMOOTHEST) * float(smoothstep(*GRAIN, grain))


def coarse(texture: Bytes, unit: float) -> tuple[Array, float]:
    """Give a texture (h, w, 3 or 4), `unit` pixels an eye distance, in grey and no finer than COARSE, and how many pixels that is there."""
    scale = min(COARSE / unit, 1.0)
    small = cv2.resize(texture[..., :3], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32).mean(axis=2), np.float32), unit * scale


def bare(texture: Bytes, unit: float) -> Array:
    """Say how surely each pixel of a texture (h, w, 3 or 4) is skin without hair over it, 0 to 1: hair has strokes."""
    grey, unit = coarse(texture, unit)
    fine, broad = (cv2.GaussianBlur(grey, (0, 0), max(sigma * unit, 0.5)) for sigma in STROKE)
    strokes, around = (
        cv2.GaussianBlur(part, (0, 0), sigma * unit) for part, sigma in ((np.abs(fine - broad), AROUND[0]), (grey, AROUND[1]))
    )
    skin = 1 - smoothstep(*STRANDS, strokes / np.maximum(around, 20.0))
    return np.asarray(cv2.resize(skin.astype(np.float32), texture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def shaded(texture: Bytes, unit: float) -> Array:
    """Say how much of a crease each pixel of a texture (h, w, 3 or 4) shows, 0 to 1: on skin that is burnt out it would be a grey stain."""
    grey, unit = coarse(texture, unit)
    around = cv2.GaussianBlur(grey, (0, 0), max(AROUND[0] * unit, 0.5))
    left = (1 - (1 - KEPT) * smoothstep(*BURNT, around)).astype(np.float32)
    return np.asarray(cv2.resize(left, texture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def find_creases(texture: Bytes, points: Array, unit: float) -> Skin:
    """Lay the creases on a texture (h, w, 3 or 4) whose face points (478, 2) are in its pixels, `unit` pixels an eye distance."""
    low = np.floor(points.min(axis=0) - 0.1 * unit).astype(int)
    high = np.ceil(points.max(axis=0) + 0.1 * unit).astype(int)
    left, top = np.maximum(low, 0)
    right, bottom = np.minimum(high, np.array(texture.shape[1::-1]))
    boxes, reliefs, drives, starts = [], [], [], []
    deep, seen = lined(texture, points, unit), shaded(texture[top:bottom, left:right], unit)
    for crease in CREASES.values():
        relief = np.zeros((bottom - top, right - left), np.float32)
        for line in crease.lines:
            path = np.array([(1 - share) * points[a] + share * points[b] for a, b, share in line.path], np.float32) - (left, top)
            draw_line(relief, path, line.width * unit, line.depth * deep)
        relief *= seen
        if crease.under_hair:
            relief *= bare(texture[top:bottom, left:right], unit)
        left_most, highest, wide, high = cv2.boundingRect((np.abs(relief) > 0.004).view(np.uint8))
        box = (slice(highest, highest + max(high, 1)), slice(left_most, left_most + max(wide, 1)))
        boxes.append(box)
        reliefs.append(np.ascontiguousarray(relief[box]))
        drive = np.zeros(len(SHAPES), np.float32)
        for name, weight in crease.weights.items():
            drive[SHAPES.index(name)] = weight
        drives.append(drive)
        starts.append(crease.start)
    plain = texture[top:bottom, left:right].copy()
    return Skin(plain, int(top), int(left), boxes, reliefs, np.stack(drives), np.array(starts, np.float32))
