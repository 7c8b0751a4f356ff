"""A mouth or an eye drawn again at twice the fineness and averaged, so that lips and lids have smooth edges."""

from typing import NamedTuple

import cv2
import numba
import numpy as np

from thespis.head.shapes import Shapes
from thespis.pixels.layers import Triangles
from thespis.pixels.raster import draw, packed
from thespis.pixels.shade import INSIDE, Lips, shade_inside
from thespis.types import Array, Bytes

FAR = 1e9
BLURS = 0.6  # of its pixels by which a photograph blurs an edge
SHARP = 0.6  # pixels of a frame by which any drawn edge is blurred
LEAST_BLUR = 0.4  # pixels more of which nothing is seen
ON_LIDS = 0.7  # of that blur on the lashes of lids that close, which are thin
LIP_LINE = 0.03  # eye distances over which a line between lips that the photograph has parted is
LID_LINE = 0.04  # eye distances over which the edge of a lid that closes is drawn
BESIDE, DEEPEST = 1.9, 20.0  # depths that keep the mouth's inside from showing beside the face, and that all of it is nearer than


class CloseUp(NamedTuple):
    """A part of a frame at twice its fineness: `fine` (2h, 2w, 3), its depths `nearest` (2h, 2w), and where in the frame it begins."""

    fine: Bytes
    nearest: Array
    top: int
    left: int

    def finer(self, place: Array) -> Array:
        """Carry places (n, 2) in the frame into the close-up."""
        return np.asarray(place * np.float32(2) + np.array([0.5 - 2 * self.left, 0.5 - 2 * self.top], np.float32), np.float32)

    def shrink(self, image: Bytes) -> None:
        """Average it into the frame (height, width, 3) that it is part of; what was not drawn on stays as it was to the last bit."""
        high, wide = self.nearest.shape[0] // 2, self.nearest.shape[1] // 2
        smaller = cv2.resize(self.fine, (wide, high), interpolation=cv2.INTER_AREA)
        image[self.top : self.top + high, self.left : self.left + wide] = smaller

    def soften(self, image: Bytes, within: Bytes, around: int, blur: float) -> None:
        """Blur the frame (height, width, 3) by `blur` pixels where it lies `within` (h, w), 0 to 255, and at the edge of that.

        That reaches `around` pixels of the frame farther than the close-up.
        """
        top, left = self.top - around, self.left - around
        above, before = max(-top, 0), max(-left, 0)
        part = image[top + above : top + within.shape[0], left + before : left + within.shape[1]]
        soften(part, within[above : above + part.shape[0], before : before + part.shape[1]], blur)


def blur_at(zoom: tuple[float, float]) -> float:
    """Say by how many pixels of a frame drawn edges are to be blurred, so that they are as soft as a photograph enlarged by `zoom`."""
    blur = float(np.sqrt(max((BLURS * float(np.mean(zoom))) ** 2 - SHARP**2, 0.0)))
    return blur if blur > LEAST_BLUR else 0.0


def mouth_hole(near: CloseUp, upper: Array, lower: Array, unit: float, lips: Lips, around: int = 0) -> Bytes:
    """Say where the inside of a mouth is seen in a close-up, or a line drawn where lips meet, as 255 -> (h, w), half as fine.

    `upper` and `lower` (11, 2) are the lips' inner edges in the close-up, an eye distance has `unit` pixels there. What is said reaches
    `around` pixels of the frame farther.
    """
    hole = np.asarray((near.nearest[::2, ::2] > INSIDE) * np.uint8(255))
    hole = np.asarray(cv2.copyMakeBorder(hole, around, around, around, around, cv2.BORDER_CONSTANT), np.uint8)
    if lips.seam > 0:
        along(hole, (upper + lower) / 2 + 2 * around, LIP_LINE * unit, 255)
    return hole


def along(mask: Bytes, line: Array, wide: float, value: int) -> None:
    """Draw a line (n, 2) of a close-up, `wide` pixels of it, into a mask (h, w) that is half as fine, in place."""
    cv2.polylines(mask, [np.round((line - 0.5) * 8).astype(np.int32)], False, (value,), max(round(wide / 2), 1), cv2.LINE_8, 4)


def lid_line(near: CloseUp, margin: Array, unit: float, moved: float, around: int = 0) -> Bytes:
    """Say where the edge `margin` (n, 2) of a lid is drawn in a close-up, 255 if it `moved`, 0 to 1, by half or more.

    Gives (h, w), half as fine, `around` pixels of the frame farther to all sides; an eye distance has `unit` pixels in the close-up.
    """
    line = np.zeros((near.nearest.shape[0] // 2 + 2 * around, near.nearest.shape[1] // 2 + 2 * around), np.uint8)
    if moved > 0:
        along(line, margin + 2 * around, LID_LINE * unit, round(255 * min(2 * moved, 1.0)))
    return line


def soften(picture: Bytes, within: Bytes, blur: float) -> None:
    """Blur a picture (h, w, 3) by `blur` pixels as far as it lies `within` (h, w), 0 to 255, and beyond the edge of that, in place."""
    left, top, wide, high = cv2.boundingRect(within)
    if not wide:
        return
    room = int(2 * blur) + 1
    part = slice(max(top - room, 0), top + high + room), slice(max(left - room, 0), left + wide + room)
    mix(picture[part], blurred(picture[part], blur), blurred(within[part], blur))


def blurred(picture: Bytes, blur: float) -> Bytes:
    """Blur a picture (h, w) or (h, w, 3) by about `blur` pixels: two means of neighbours, which take a quarter of a bell's time."""
    first = 2 * int((np.sqrt(6 * blur**2 + 1) - 1) / 2) + 1
    # Of two means as wide, or the second by two wider, that which comes nearer.
    second = first + 2 * (12 * blur**2 - 2 * (first**2 - 1) > 2 * first + 2)
    for wide in (first, second):
        picture = np.asarray(cv2.blur(picture, (wide, wide)) if wide > 1 else picture, np.uint8)
    return np.ascontiguousarray(picture)


@numba.njit("void(u1[:,:,:],u1[:,:,::1],u1[:,::1])", cache=True, nogil=True)
def mix(sharp: Bytes, soft: Bytes, share: Bytes) -> None:  # pragma: no cover - compiled
    """Mix a picture into the `sharp` one (h, w, 3): the `soft` one, wholly where its `share` (h, w) is half of 255 or more."""
    for y in range(share.shape[0]):
        for x in range(share.shape[1]):
            part = min(2 * int(share[y, x]), 255)
            if part:
                for channel in range(3):
                    sharp[y, x, channel] = (sharp[y, x, channel] * (255 - part) + soft[y, x, channel] * part + 127) // 255


class Mesh(NamedTuple):
    """What a close-up is drawn from: places (n, 2), depths, light (n,), places in the atlas (n, 2), and the atlas (h, w, 4) itself."""

    place: Array
    depth: Array
    light: Array
    source: Array
    atlas: Bytes

    def draw(self, triangles: Triangles, near: CloseUp) -> None:
        """Draw triangles (m, 3) into a close-up in whose pixels the places are."""
        draw(self.place, self.depth, self.light, self.source, triangles, packed(self.atlas), near.fine, near.nearest, False)


def near_by(image: Bytes, ring: Array, room: float) -> CloseUp | None:
    """Look nearer at what of an image (height, width, 3) lies within `room` pixels around points (n, 2); None where nothing does."""
    height, width = image.shape[:2]
    left, top = (max(int(edge - room), 0) for edge in ring.min(axis=0))
    right, bottom = min(int(ring[:, 0].max() + room) + 1, width), min(int(ring[:, 1].max() + room) + 1, height)
    if right - left < 2 or bottom - top < 2:
        return None
    fine = np.empty((2 * (bottom - top), 2 * (right - left), 3), np.uint8)
    double_into(fine, image, top, left)
    return CloseUp(fine, np.full(fine.shape[:2], FAR, np.float32), top, left)


@numba.njit("void(u1[:,:,::1],u1[:,:,::1],i8,i8)", cache=True, nogil=True, boundscheck=False)
def double_into(fine: Bytes, image: Bytes, top: int, left: int) -> None:  # pragma: no cover - compiled
    """Fill `fine` (2h, 2w, 3) with the pixels of an image (height, width, 3) from (top, left) on, each of them four times."""
    high, wide = fine.shape[0] // 2, fine.shape[1] // 2
    colours, out = image.reshape(-1), fine.reshape(-1)
    for y in range(high):
        at, to = ((top + y) * image.shape[1] + left) * 3, 12 * wide * y
        for x in range(wide):
            for channel in range(3):
                value = colours[np.uint64(at + 3 * x + channel)]
                out[np.uint64(to + 6 * x + channel)] = value
                out[np.uint64(to + 6 * x + 3 + channel)] = value
        row, copy = out[to : to + 6 * wide], out[to + 6 * wide : to + 12 * wide]
        for number in range(6 * wide):
            copy[number] = row[number]


def facing(triangles: Triangles, place: Array) -> Triangles:
    """Keep the triangles (m, 3) of the face that are seen from the front: of a turned face, the far cheek's are not."""
    a, b, c = (place[triangles[:, corner]] for corner in range(3))
    turn = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
    return np.ascontiguousarray(triangles[turn < 0])


def open_hole(fine: Bytes, nearest: Array, ring: Array, dark: Bytes) -> None:
    """Make room for the inside of the mouth between the lips' inner edges `ring` (n, 2) in `fine` (h, w, 3), and nowhere else.

    Behind a face that is turned away lie ear and wall; through an open mouth only the mouth's own dark (3,) may be seen.
    """
    mask = np.zeros(nearest.shape, np.uint8)
    cv2.fillPoly(mask, [np.round(ring * 16).astype(np.int32)], (1,), cv2.LINE_8, 4)
    make_hole(fine, nearest, mask, dark)


@numba.njit("void(u1[:,:,::1],f4[:,::1],u1[:,::1],u1[::1])", cache=True, nogil=True, boundscheck=False)
def make_hole(fine: Bytes, nearest: Array, mask: Bytes, dark: Bytes) -> None:  # pragma: no cover - compiled
    """Put what was not drawn on behind all else where `mask` (h, w) is set, and there make it `dark` (3,), and elsewhere before it."""
    depths, covered = nearest.reshape(-1), mask.reshape(-1)
    # Without a branch, many pixels are looked at in one go.
    for number in range(len(depths)):
        behind = np.float32(DEEPEST) if covered[number] else np.float32(BESIDE)
        depths[number] = behind if depths[number] == np.float32(FAR) else depths[number]
    for y in range(nearest.shape[0]):
        for x in range(nearest.shape[1]):
            if mask[y, x] and nearest[y, x] == np.float32(DEEPEST):
                for channel in range(3):
                    fine[y, x, channel] = dark[channel]


def draw_mouth(
    near: CloseUp, mesh: Mesh, face: Triangles, inside: Triangles, shapes: Shapes, lips: Lips, unit: float, bite: float = 0.0
) -> None:
    """Draw the skin around a mouth, by the triangles `face` (m, 3), then what is inside between its lips, in their shade.

    `mesh` is in the close-up's pixels, of which an eye distance has `unit`; `bite` is how firmly the upper teeth stand on the lower lip.
    """
    mesh.draw(facing(face, mesh.place), near)
    upper, lower = mesh.place[shapes.lips_inner_upper], mesh.place[shapes.lips_inner_lower]
    open_hole(near.fine, near.nearest, np.concatenate([upper, lower[::-1]]), lips.dark)
    mesh.draw(inside, near)
    first, last = mesh.depth[shapes.lips_inner_upper[[0, -1]]]
    shade_inside(near.fine, near.nearest, upper, lower, lips, unit, bite, float(last - first))
