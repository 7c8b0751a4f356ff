"""Light and shade between the lips: the lips' own wet rim, the shadow they cast on teeth and tongue, and the dark towards the corners."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numba
import numpy as np

from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

BINS = 48  # places along the mouth at which the lips' edges are known
INSIDE = 2.0  # eye distances behind the lips from which on a pixel belongs to the inside of the mouth
NOTHING = 100.0  # and where it belongs to nothing
RIM_UPPER, RIM_LOWER = 0.014, 0.048  # how far the wet inside of an open lip shows, in eye distances
BROAD = (1.08, 1.3)  # of the mouth's width at rest, from where on it is drawn into a smile
ROUNDED = (0.82, 0.92)  # of that width, below which lips round
BARED = (0.8, 0.9, 1.0, 1.1, 1.22, 1.4), (0.6, 0.62, 0.73, 0.97, 1.14, 1.2)
"""How bright teeth are seen in mouths by how many times as wide as at rest these are: what was filmed, in shares of what is drawn else."""
UPPER = (0.45, 0.75)  # of the way from lip to lip, over which upper teeth go over into tongue and lower teeth
WARM = 0.36  # of green and blue that light loses on its way through the deepest shade between lips
LINE = np.array([0.60, 0.50, 0.48], np.float32)  # of the lips' colours is the line between them, where they meet
NARROW = (0.6, 3.2)  # pixels of the fine drawing between lips, from where a gap is such a line to where it is none
SEAM = 0.013  # the reach of that line over the lips, in eye distances
BESIDE = 4 * SEAM  # eye distances to either side of that line in which it darkens at all
EDGE = 2  # pixels around the lips' inner edges that may lie inside them
SHADOW = 0.06  # the reach of the upper lip's shadow on the teeth, in eye distances


@dataclass(frozen=True, eq=False)
class Lips:
    """The lips' inner colours along the mouth, `colours` (3, BINS, 3): the upper one's, the lower one's, and where they meet.

    `strength`, 0 to 1, is of all shading, `warmth` of the red that flesh gives to the light inside; `dark` (3,) is where none falls.
    `width` is the mouth's at rest, in eye distances; `seam`, 0 to 1, is how dark a line must be drawn where lips meet.
    """

    colours: Array
    strength: float
    warmth: float
    dark: Bytes
    width: float
    seam: float = 0.0


def read_lips(
    texture: Bytes,
    edges: Sequence[Array],
    strength: float,
    warmth: float,
    dark: Array,
    width: float,
    seam: float = 0.0,
) -> Lips:
    """Read the lips' colours half-way between their edges (11, 2), as `Shapes.lip_edges` has them; the photograph's light is in them."""
    inner_upper, inner_lower, outer_upper, outer_lower = edges

    def colours(inner: Array, outer: Array) -> Array:
        at = np.clip(np.round((inner + outer) / 2).astype(int), 1, np.array(texture.shape[1::-1]) - 2)
        near = [texture[at[:, 1] + y, at[:, 0] + x].astype(np.float32) for y in (-1, 0, 1) for x in (-1, 0, 1)]
        found = np.mean(near, axis=0)
        found[[0, -1]] = found[[1, -2]]
        # A single point may lie on a tooth or a hair.
        soft = cv2.GaussianBlur(found, (1, 5), 0, borderType=cv2.BORDER_REPLICATE)
        across = inner[:, 0] - inner[0, 0]
        share = np.maximum.accumulate(across / across[-1] if abs(across[-1]) > 1e-3 else np.linspace(0, 1, len(across)))
        return np.stack([np.interp(np.linspace(0, 1, BINS), share, soft[:, channel]) for channel in range(3)], axis=1)

    upper, lower = colours(inner_upper, outer_upper), colours(inner_lower, outer_lower)
    line = warmth * LINE + (1 - warmth) * LINE.mean()
    found = np.stack([upper, lower, line * (upper + lower) / 2])
    return Lips(np.ascontiguousarray(found, np.float32), strength, warmth, dark.astype(np.uint8), width, seam)


def shade_inside(
    fine: Bytes, nearest: Array, upper: Array, lower: Array, lips: Lips, unit: float, bite: float = 0.0, turned: float = 0.0
) -> None:
    """Shade what lies between the lips' inner edges (11, 2), in pixels of `fine` (h, w, 3), of which an eye distance has `unit`.

    `bite`, 0 to 1, is how firmly the upper teeth stand on the lower lip: they are seen in the light then, down to it.
    `turned` is how many eye distances farther away the one corner is than the other.
    """
    along = upper[-1] - upper[0]
    length = float(np.linalg.norm(along))
    if length < 4:
        return
    along /= length
    down = np.array([-along[1], along[0]], np.float32)
    places = np.linspace(0, length, BINS, dtype=np.float32)
    edges = np.empty((2, BINS), np.float32)
    for row, ring in enumerate((upper, lower)):
        edges[row] = np.interp(places, np.maximum.accumulate((ring - upper[0]) @ along), (ring - upper[0]) @ down)
    gap = float((edges[1] - edges[0])[BINS // 4 : -BINS // 4].mean()) / unit
    # A small or pursed opening lets little light in.
    light = float(0.5 + 0.5 * smoothstep(0.0, 0.16, gap))
    # A mouth seen from the side is as wide as it is, not as it looks.
    wide = float(np.hypot(length / unit, turned)) / lips.width
    # Lips drawn wide lie flat on the teeth and leave them in the light.
    broad = float(smoothstep(*BROAD, wide))
    light += broad * (1 - light)
    # Lips that round stand out before the teeth: a small opening is a dark one, and no band of grey.
    pursed = (1 - float(smoothstep(*ROUNDED, wide))) * (1 - float(smoothstep(0.08, 0.25, gap)))
    light *= 1 - 0.6 * pursed
    # Where a picture shows no teeth, nothing tells how bright they are but how wide the mouth is drawn over them.
    told = float(np.clip(2 - 2 * lips.strength, 0.0, 1.0))
    bared = told + (1 - told) * float(np.interp(wide, *BARED))
    bared += bite * (1 - bared)
    light += bite * (1 - light)
    corner, meets = upper[0], edges.mean(axis=0)[edges[1] - edges[0] < NARROW[1]]
    seam, reach = (lips.seam if len(meets) else 0.0), BESIDE * unit
    between = (float(meets.min()) - reach, float(meets.max()) + reach) if len(meets) else (0.0, 0.0)
    # Only rows in which the mouth's inside or the line between its lips can be are gone over.
    rows = np.concatenate([upper[:, 1], lower[:, 1]])
    first = min(max(int(rows.min() - reach) - EDGE, 0), len(fine))
    last = min(max(int(rows.max() + reach) + 1 + EDGE, first), len(fine))
    begin = corner[0], corner[1] - first
    frame = [*begin, *along, length, unit, light, lips.strength, lips.warmth, broad, seam, *between, bite, bared]
    shade(fine[first:last], nearest[first:last], edges, lips.colours, np.array(frame, np.float32))


@numba.njit("void(u1[:,:,::1],f4[:,::1],f4[:,::1],f4[:,:,::1],f4[::1])", cache=True, nogil=True, fastmath=True)
def shade(fine: Bytes, nearest: Array, edges: Array, colours: Array, frame: Array) -> None:  # pragma: no cover - compiled
    """Shade every pixel inside the mouth by how far it lies below the upper and above the lower lip's edge."""
    left, top, x_along, y_along, length, unit, light, strength, warmth, broad, seam, first, last, bite, bared = frame
    bins = edges.shape[1]
    for y in range(fine.shape[0]):
        for x in range(fine.shape[1]):
            skin = nearest[y, x] < INSIDE
            if nearest[y, x] > NOTHING or (skin and seam <= 0):
                continue
            s = (x - left) * x_along + (y - top) * y_along
            t = (y - top) * x_along - (x - left) * y_along
            if skin and (t < first or t > last):
                continue
            at = min(max(s / length * (bins - 1), 0.0), bins - 1.001)
            k = int(at)
            share = at - k
            upper = edges[0, k] + share * (edges[0, k + 1] - edges[0, k])
            lower = edges[1, k] + share * (edges[1, k + 1] - edges[1, k])
            narrow = min(max((NARROW[1] - (lower - upper)) / (NARROW[1] - NARROW[0]), 0.0), 1.0)
            # The teeth that bite are those in the middle.
            bitten = bite * max(1 - (2 * s / length - 1) ** 2, 0.0)
            narrow *= 1 - 0.7 * bitten
            if skin:
                # Lips that the photograph has parted have no line of their own.
                off = (t - (upper + lower) / 2) / (SEAM * unit)
                if narrow > 0 and abs(off) < 4 and 0 < s < length:
                    line = 1 / (1 + off * off)
                    darker = 1 - seam * narrow * line * line * min(4 * min(s, length - s) / length, 1.0)
                    for channel in range(3):
                        kept = darker if channel else 1 - (1 - 0.25 * warmth) * (1 - darker)
                        fine[y, x, channel] = int(fine[y, x, channel] * kept + 0.5)
                continue
            below, above = max(t - upper, 0.0) / unit, max(lower - t, 0.0) / unit
            gap = max((lower - upper) / unit, 0.0)
            sideways = abs(2 * s / length - 1)
            reach = SHADOW * min(1.0, 0.35 + gap * 5) * (1 - 0.45 * broad)
            # Bells of 1 / (1 + q^2)^2: what an exponential would give, in a third of the time.
            fall = 1 / (1 + (below / reach) ** 2)
            rise = 1 / (1 + (above / 0.03) ** 2)
            outer = min(sideways * sideways, 1.0)
            # Teeth seen through a narrow gap end in the dark above the lower lip; filling all of it they would be a grey band.
            above_lip = (1 - 0.8 * bitten) * (0.25 + 0.4 * max(1 - gap / 0.12, 0.0))
            roomy = min(gap / (0.09 - 0.05 * broad - 0.06 * bitten * (1 - broad)), 1.0)
            factor = (1 - (0.62 - 0.3 * broad) * (1 - 0.6 * bitten) * fall * fall) * (1 - above_lip * rise * rise)
            # It is the upper teeth that are bared; tongue and lower lip are seen in any mouth.
            low = min(max(((t - upper) / max(lower - upper, 1.0) - UPPER[0]) / (UPPER[1] - UPPER[0]), 0.0), 1.0)
            factor *= light * (bared + low * (1 - bared)) * (1 - (0.62 - 0.2 * broad) * outer * outer) * (0.55 + 0.45 * roomy)
            factor = 1 + strength * (factor - 1)
            # Rims grow with the opening, so that closed lips show none but a dark line.
            thick_upper, thick_lower = min(RIM_UPPER, 0.02 * gap / 0.1 + 0.004), min(RIM_LOWER, 0.02 * gap / 0.1 + 0.004)
            rim_upper, rim_lower = max(1 - 0.6 * below / thick_upper, 0.0), max(1 - 0.6 * above / thick_lower, 0.0) * (1 - bitten)
            wet = (
                max(1 - ((above - 0.6 * thick_lower) / (0.6 * thick_lower)) ** 2, 0.0) * min(max(gap * 8 - 0.4, 0.0), 1.0) * (1 - sideways)
            )
            for channel in range(3):
                # Light that reaches the shade has come off red flesh.
                value = fine[y, x, channel] * factor * (1.0 if channel == 0 else 1 - WARM * warmth * (1 - factor))
                value += rim_upper * ((0.55 + 0.38 * broad) * colours[0, k, channel] - value)
                value += rim_lower * ((0.74 + 0.2 * broad + 0.22 * wet * (1 - broad)) * colours[1, k, channel] - value)
                value += narrow * (colours[2, k, channel] - value)
                fine[y, x, channel] = int(min(max(value + 0.5, 0.0), 255.0))
