"""Light and shade between the lips: the lips' own wet rim, the shadow they cast on teeth and tongue, and the dark towards the corners."""

from dataclasses import dataclass

import cv2
import numba
import numpy as np

from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

BINS = 48  # places along the mouth at which the lips' edges are known
INSIDE = 2.0  # eye distances behind the lips from which on a pixel belongs to the inside of the mouth
NOTHING = 100.0  # and where it belongs to nothing
RIM_UPPER, RIM_LOWER = 0.014, 0.022  # how far the wet inside of an open lip shows, in eye distances
SHADOW = 0.05  # the reach of the upper lip's shadow on the teeth, in eye distances


@dataclass(frozen=True, eq=False)
class Lips:
    """The lips' inner colours along the mouth, `upper` and `lower` (11, 3) from the right corner.

    `strength`, 0 to 1, is of all shading, `warmth` of the red that flesh gives to the light inside.
    """

    upper: Array
    lower: Array
    strength: float
    warmth: float


def read_lips(
    texture: Bytes, inner_upper: Array, inner_lower: Array, outer_upper: Array, outer_lower: Array, strength: float, warmth: float
) -> Lips:
    """Read the lips' colours half-way between their edges (11, 2), in texture pixels; the photograph's light is in them."""

    def colours(inner: Array, outer: Array) -> Array:
        at = np.clip(np.round((inner + outer) / 2).astype(int), 1, np.array(texture.shape[1::-1]) - 2)
        near = [texture[at[:, 1] + y, at[:, 0] + x].astype(np.float32) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        found = np.mean(near, axis=0)
        found[[0, -1]] = found[[1, -2]]
        # A single point may lie on a tooth or a hair.
        return np.asarray(cv2.GaussianBlur(found, (1, 5), 0, borderType=cv2.BORDER_REPLICATE), np.float32)

    return Lips(colours(inner_upper, outer_upper), colours(inner_lower, outer_lower), strength, warmth)


def shade_inside(fine: Bytes, nearest: Array, upper: Array, lower: Array, lips: Lips, unit: float) -> None:
    """Shade what lies between the lips' inner edges (11, 2), in pixels of `fine` (h, w, 3), of which an eye distance has `unit`."""
    along = upper[-1] - upper[0]
    length = float(np.linalg.norm(along))
    if length < 4:
        return
    along /= length
    down = np.array([-along[1], along[0]], np.float32)
    places = np.linspace(0, length, BINS, dtype=np.float32)
    edges = np.empty((2, BINS), np.float32)
    colours = np.empty((2, BINS, 3), np.float32)
    for row, (ring, colour) in enumerate(((upper, lips.upper), (lower, lips.lower))):
        across = np.maximum.accumulate((ring - upper[0]) @ along)
        edges[row] = np.interp(places, across, (ring - upper[0]) @ down)
        for channel in range(3):
            colours[row, :, channel] = np.interp(places, across, colour[:, channel])
    gap = float((edges[1] - edges[0])[BINS // 4 : -BINS // 4].mean()) / unit
    # A small or pursed opening lets little light in.
    light = float(0.5 + 0.5 * smoothstep(0.0, 0.16, gap))
    frame = np.array([upper[0, 0], upper[0, 1], along[0], along[1], length, unit, light, lips.strength, lips.warmth], np.float32)
    shade(fine, nearest, edges, colours, frame)


@numba.njit("void(u1[:,:,::1],f4[:,::1],f4[:,::1],f4[:,:,::1],f4[::1])", cache=True, nogil=True, fastmath=True)
def shade(fine: Bytes, nearest: Array, edges: Array, colours: Array, frame: Array) -> None:  # pragma: no cover - compiled
    """Shade every pixel inside the mouth by how far it lies below the upper and above the lower lip's edge."""
    left, top, x_along, y_along, length, unit, light, strength, warmth = frame
    bins = edges.shape[1]
    for y in range(fine.shape[0]):
        for x in range(fine.shape[1]):
            if nearest[y, x] < INSIDE or nearest[y, x] > NOTHING:
                continue
            s = (x - left) * x_along + (y - top) * y_along
            t = (y - top) * x_along - (x - left) * y_along
            at = min(max(s / length * (bins - 1), 0.0), bins - 1.001)
            k = int(at)
            share = at - k
            upper = edges[0, k] + share * (edges[0, k + 1] - edges[0, k])
            lower = edges[1, k] + share * (edges[1, k + 1] - edges[1, k])
            below, above = max(t - upper, 0.0) / unit, max(lower - t, 0.0) / unit
            gap = max((lower - upper) / unit, 0.0)
            sideways = abs(2 * s / length - 1)
            reach = SHADOW * min(1.0, 0.35 + gap * 5)
            factor = (1 - 0.62 * np.exp(-((below / reach) ** 1.5))) * (1 - 0.25 * np.exp(-above / 0.025))
            factor *= light * (1 - 0.55 * min(sideways, 1.0) ** 4) * (0.55 + 0.45 * min(gap / 0.09, 1.0))
            factor = 1 + strength * (factor - 1)
            # Rims grow with the opening, so that closed lips show none but a dark line.
            thick_upper, thick_lower = min(RIM_UPPER, 0.02 * gap / 0.1 + 0.004), min(RIM_LOWER, 0.03 * gap / 0.1 + 0.004)
            rim_upper = min(max(1.35 - below / thick_upper, 0.0), 1.0)
            rim_lower = min(max(1.35 - above / thick_lower, 0.0), 1.0)
            wet = np.exp(-(((above - 0.6 * thick_lower) / (0.35 * thick_lower)) ** 2)) * min(max(gap * 8 - 0.4, 0.0), 1.0) * (1 - sideways)
            for channel in range(3):
                # Light that reaches the shade has come off red flesh.
                value = fine[y, x, channel] * factor * (1.0 if channel == 0 else 1 - 0.14 * warmth * (1 - factor))
                value += rim_upper * (0.42 * colours[0, k, channel] - value)
                value += rim_lower * ((0.62 + 0.3 * wet) * colours[1, k, channel] - value)
                fine[y, x, channel] = int(min(max(value + 0.5, 0.0), 255.0))
