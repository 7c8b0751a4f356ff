"""The eyes: the eyeball behind the lids, rebuilt once from the photograph, and the iris that looks about on it."""

import math
from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
PATCH = 96  # pixels across the patch an eye is kept in
SHADED = 0.13  # of a patch's height below the upper lid that its lashes shade
KEPT = (0.08, 0.35)  # radians of turn over which what the photograph's own gaze looks like is lost
GLINT = 14.0  # grey levels above the iris from which on it is a light on it
HALF_WAY = 0.5  # of the iris's way is the light's
RADIUS = 0.19  # of an eyeball, in eye distances: 12 mm on a head whose eyes are 63 mm apart


@dataclass(frozen=True, eq=False)
class Eyeball:
    """One eye: its `photo` (h, w, 3), `white` (h, w, 3) without the iris, and `iris` (h, w, 4), made whole, times its soft edge.

    `glint` (h, w, 3) is the light that the photograph shows on the iris. `apart` (h, w, 3) is by how much the photograph differs from
    all that, and `inner` (h, w) how much of a pixel lies well inside the lids, 0 to 1. `corners` (4, 2) are the patch's corners in
    texture pixels: top left, top right, bottom left, bottom right; `unit` is how many patch pixels an eye distance has.
    """

    photo: Bytes
    white: Array
    iris: Array
    glint: Array
    apart: Array
    inner: Array
    corners: Array
    unit: float

    def look(self, yaw: float, pitch: float, raised: float = 0.0) -> Bytes:
        """Draw the patch (h, w, 3) of an eye turned by yaw (to the picture's right) and pitch (down), in radians from the photo's gaze.

        `raised`, 0 to 1, is how far the lids are opened beyond the photograph's; what lies at their edges there is no lid any more.
        """
        turned = math.hypot(yaw, pitch)
        if turned < 1e-3 and raised <= 0:
            return self.photo
        drawn = np.empty_like(self.photo)
        keep = 1 - float(smoothstep(*KEPT, turned))
        across, down = RADIUS * self.unit * math.sin(yaw), RADIUS * self.unit * math.sin(pitch)
        draw_eye(drawn, self.white, self.iris, self.glint, self.apart, self.inner, across, down, keep, 1 - 0.7 * raised)
        return drawn


@numba.njit(
    "void(u1[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,::1],f8,f8,f8,f8)", cache=True, nogil=True, fastmath=True
)
def draw_eye(
    drawn: Bytes, white: Array, iris: Array, glint: Array, apart: Array, inner: Array, across: float, down: float, keep: float, rim: float
) -> None:  # pragma: no cover - compiled
    """Draw `iris` (h, w, 4), already times its cover, shifted by (across, down) pixels over `white` (h, w, 3), with the light on it.

    `keep` and `rim` are how much of what sets the photograph `apart` (h, w, 3) stays well inside the lids and at the upper one's edge.
    """
    height, width = drawn.shape[:2]
    for y in range(height):
        v, half_v = y - down, y - HALF_WAY * down
        row, half_row = math.floor(v), math.floor(half_v)
        low, half_low = v - row, half_v - half_row
        edge = 1 - (1 - rim) * min(max(2.5 - 4 * y / height, 0.0), 1.0)
        for x in range(width):
            u, half_u = x - across, x - HALF_WAY * across
            column, half_column = math.floor(u), math.floor(half_u)
            part, half_part = u - column, half_u - half_column
            red, green, blue, cover, light_red, light_green, light_blue = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            for r in range(2):
                for c in range(2):
                    if 0 <= row + r < height and 0 <= column + c < width:
                        share = (low if r else 1 - low) * (part if c else 1 - part)
                        red += share * iris[row + r, column + c, 0]
                        green += share * iris[row + r, column + c, 1]
                        blue += share * iris[row + r, column + c, 2]
                        cover += share * iris[row + r, column + c, 3]
            if cover > 0:
                for r in range(2):
                    for c in range(2):
                        if 0 <= half_row + r < height and 0 <= half_column + c < width:
                            share = cover * (half_low if r else 1 - half_low) * (half_part if c else 1 - half_part)
                            light_red += share * glint[half_row + r, half_column + c, 0]
                            light_green += share * glint[half_row + r, half_column + c, 1]
                            light_blue += share * glint[half_row + r, half_column + c, 2]
            stays = inner[y, x] * keep + (1 - inner[y, x]) * edge
            rest = 1 - cover
            red += light_red + white[y, x, 0] * rest + apart[y, x, 0] * stays
            green += light_green + white[y, x, 1] * rest + apart[y, x, 1] * stays
            blue += light_blue + white[y, x, 2] * rest + apart[y, x, 2] * stays
            drawn[y, x, 0] = int(min(max(red + 0.5, 0.0), 255.0))
            drawn[y, x, 1] = int(min(max(green + 0.5, 0.0), 255.0))
            drawn[y, x, 2] = int(min(max(blue + 0.5, 0.0), 255.0))


def rebuild(texture: Bytes, ring: Array, iris: Array, unit: float) -> Eyeball:
    """Rebuild an eyeball from texture (h, w, 3), the lid margin `ring` (n, 2) and `iris` (5, 2) with its centre first, in texture pixels.

    `unit` is texture pixels an eye distance. What the lids and the iris hide is filled from what shows.
    """
    low, high = ring.min(axis=0), ring.max(axis=0)
    broad = float(high[0] - low[0])
    middle = (low + high) / 2
    half = np.array([0.62 * broad, 0.42 * broad], np.float32)
    scale = PATCH / (2 * half[0])
    size = (PATCH, max(round(2 * half[1] * scale), 8))
    corner = middle - half
    matrix = np.array([[scale, 0, -corner[0] * scale - 0.5 + 0.5 * scale], [0, scale, -corner[1] * scale - 0.5 + 0.5 * scale]], np.float64)
    photo = np.asarray(cv2.warpAffine(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def placed(points: Array) -> Array:
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)

    opening = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(opening, [np.round(placed(ring) * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    centre = placed(iris[:1])[0]
    radius = float(np.mean(np.linalg.norm(placed(iris[1:]) - centre, axis=1)))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    distance = np.hypot(x - centre[0], y - centre[1]) / max(radius, 1.0)
    # Lashes and the lid's own edge darken the rim of the opening: the white is learnt from a little further in.
    inner = cv2.erode(opening, np.ones((5, 5), np.uint8))
    # What the upper lid and its lashes shade is neither white nor iris; an iris has a soft dark rim.
    clear = np.asarray(inner > 0) & np.roll(opening > 0, round(SHADED * size[1]), axis=0)
    sure = np.zeros_like(clear)
    for beyond in (1.6, 1.42, 1.25):
        sure = clear & (distance > beyond)
        if sure.sum() > 90:
            break
    # An eyeball is lit in its middle and lies in the shade of its lids; what was never seen of it must do so too.
    inside = cv2.distanceTransform(opening, cv2.DIST_L2, 3)
    white = fill_white(photo, sure, 1 - 0.30 * np.exp(-np.asarray(inside, np.float32) / 4.0))
    whole = complete_iris(photo, clear, centre)
    cover = (1 - smoothstep(1.0, 1.22, distance)).astype(np.float32)
    corners = np.array([[0, 0], [size[0] - 1, 0], [0, size[1] - 1], [size[0] - 1, size[1] - 1]], np.float32)
    corners = ((corners - matrix[:, 2]) / scale).astype(np.float32)
    soft = cv2.GaussianBlur(inner, (5, 5), 0).astype(np.float32) / 255
    # The light on the iris goes half-way with it; everything else that the photograph has of its own is the lids' doing, and stays.
    light = cv2.GaussianBlur(np.clip(photo - whole - GLINT, 0, 255).astype(np.float32), (3, 3), 0)
    glint = light * (smoothstep(1.0, 0.8, distance) * soft)[..., None]
    iris_layer = np.dstack([whole * cover[..., None], cover]).astype(np.float32)
    white = np.ascontiguousarray(np.clip(white, 0, 254), np.float32)
    rebuilt = iris_layer[..., :3] + white * (1 - cover[..., None]) + glint * cover[..., None]
    return Eyeball(
        photo, white, iris_layer, np.ascontiguousarray(glint, np.float32), np.asarray(photo - rebuilt, np.float32),
        np.ascontiguousarray(soft, np.float32), corners, unit * scale,
    )  # fmt: skip


def fill_white(photo: Bytes, sure: Mask, shade: Array) -> Array:
    """Fill the whole patch (h, w, 3) with the white of the eye, from the pixels that surely show it; `shade` (h, w) is for the rest."""
    if sure.sum() < 12:
        light = float(np.percentile(photo.max(axis=2), 95))
        return np.full(photo.shape, light * 0.85, np.float32)
    bright = photo.astype(np.float32).mean(axis=2)
    # Brighter places are white for sure; darker ones may be a vein, a lash or the iris's soft rim.
    weight = sure * np.clip(bright / max(float(np.percentile(bright[sure], 85)), 1.0), 0.25, 1.0) ** 4
    filled = fill(photo, weight.astype(np.float32)) * shade[..., None]
    keep = cv2.GaussianBlur(sure.astype(np.float32), (5, 5), 0)[..., None] * np.clip(weight * 1.4, 0, 1)[..., None]
    return np.asarray(photo * keep + filled * (1 - keep), np.float32)


def fill(photo: Bytes, weight: Array) -> Array:
    """Fill a patch (h, w, 3) smoothly from its pixels, each counting by its weight (h, w)."""
    colour = photo.astype(np.float32) * weight[..., None]
    levels = [(colour, weight.astype(np.float32))]
    while max(levels[-1][1].shape) > 1:
        finer, weights = levels[-1]
        coarser = np.asarray(cv2.pyrDown(weights), np.float32).reshape(-(-weights.shape[0] // 2), -1)
        levels.append((np.asarray(cv2.pyrDown(finer), np.float32).reshape(*coarser.shape, 3), coarser))
    found = np.broadcast_to(levels[-1][0] / max(float(levels[-1][1].max()), 1e-6), levels[-1][0].shape)
    # From coarse to fine: where a level knows little, the coarser one shows through.
    for colour, known in reversed(levels[:-1]):
        size = (known.shape[1], known.shape[0])
        coarse = cv2.resize(np.ascontiguousarray(found), size, interpolation=cv2.INTER_LINEAR).reshape(*known.shape, 3)
        share = np.clip(known, 0, 1)[..., None]
        found = coarse * (1 - share) + colour * (share / np.maximum(known, 1e-6)[..., None])
    return np.asarray(found, np.float32)


def complete_iris(photo: Bytes, shown: Mask, centre: Array) -> Array:
    """Complete the iris (h, w, 3): what a lid hides is taken from below, else from the other side, else from the ring's mean colour."""
    height, width = shown.shape
    y, x = np.mgrid[0:height, 0:width]
    whole = photo.astype(np.float32)
    done = shown.copy()
    for over_y, over_x in ((True, False), (False, True), (True, True)):
        row = np.clip(np.round(2 * centre[1] - y) if over_y else y, 0, height - 1).astype(int)
        column = np.clip(np.round(2 * centre[0] - x) if over_x else x, 0, width - 1).astype(int)
        take = ~done & shown[row, column]
        whole[take] = photo[row, column][take]
        done |= take
    if done.any() and not done.all():
        distance = np.hypot(x - centre[0], y - centre[1]).astype(int)
        for ring in np.unique(distance[~done]):
            near = done & (np.abs(distance - ring) <= 1)
            whole[~done & (distance == ring)] = photo[near].mean(axis=0) if near.any() else photo[done].mean(axis=0)
    # A lid's shadow makes a hard line where the mirrored part begins; a light blur hides it.
    soft = cv2.GaussianBlur(whole, (3, 3), 0)
    return np.where(shown[..., None], whole, soft).astype(np.float32)
