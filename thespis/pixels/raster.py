"""Draw a textured triangle mesh with a z-buffer, compiled by Numba: the one kernel under the warp renderer."""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.layers import Triangles
from thespis.types import Array, Bytes

Deep = npt.NDArray[np.uint16]
Packed = npt.NDArray[np.uint64]
SIGNATURE = "void(f4[:,::1],f4[::1],f4[::1],f4[:,::1],i4[:,::1],u8[:,::1],u1[:,:,::1],f4[:,::1],b1)"
HALVES = np.uint64(0x0080008000800080)  # one half in each of a pixel's four places, to round
SHOWS = np.uint64(1 << 63)  # set where the fourth place is at least one half
BYTE, ONE = np.uint64(255), np.uint64(1)
WHOLE = 81.0  # the weight of the five by five pixels around one
FAINT, FULL = np.uint64(6), np.uint64(250)  # of 255; what is less is nothing, what is more is all


def packed(texture: Deep) -> Packed:
    """See a texture (h, w, 4) of bytes with 16 bits of room each as one number a pixel (h, w), without a copy.

    The room is what lets one multiplication weigh all four at once.
    """
    return texture.view(np.uint64)[..., 0]


@numba.njit(inline="always")
def blend(flat: Packed, wide: int, u: int, v: int) -> Any:  # noqa: ANN401  # pragma: no cover - compiled
    """Read between four pixels of a texture `wide` pixels wide at (u, v) in 1/65536 pixels -> its four bytes, each << 8 in its room."""
    across, down = (u >> 8) & 255, (v >> 8) & 255
    # An unsigned index tells Numba that it cannot count from the end, which saves a test at every read.
    at = np.uint64((v >> 16) * wide + (u >> 16))
    below = at + np.uint64(wide)
    d = (across * down) >> 8
    b, c = across - d, down - d
    a = 256 - b - c - d
    upper = flat[at] * np.uint64(a) + flat[at + ONE] * np.uint64(b)
    return upper + flat[below] * np.uint64(c) + flat[below + ONE] * np.uint64(d) + HALVES


@numba.njit(SIGNATURE, cache=True, nogil=True, fastmath=True, boundscheck=False, error_model="numpy")
def draw(
    place: Array,
    depth: Array,
    light: Array,
    source: Array,
    triangles: Triangles,
    texture: Packed,
    picture: Bytes,
    nearest: Array,
    soft: bool,
) -> None:  # pragma: no cover - compiled
    """Draw triangles (m, 3) over `picture` (height, width, 3) wherever they are nearer than `nearest` (height, width).

    Vertices (n): `place` (n, 2) in picture pixels (centres at whole numbers), `depth`, `light` (a factor on the colour), and
    `source` (n, 2), their place in the packed `texture` (h, w), whose fourth byte cuts out what is below one half, or, where the
    drawing is `soft`, is the share that covers what is already there.
    """
    height, width = nearest.shape
    flat, wide, canvas, depths = texture.reshape(-1), texture.shape[1], picture.reshape(-1), nearest.reshape(-1)
    most_u, most_v = ((texture.shape[1] - 1) << 16) - 1, ((texture.shape[0] - 1) << 16) - 1
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by, cx, cy = place[a, 0], place[a, 1], place[b, 0], place[b, 1], place[c, 0], place[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-6:
            continue
        top, bottom = max(math.ceil(min(ay, by, cy) - 1e-3), 0), min(math.floor(max(ay, by, cy) + 1e-3), height - 1)
        if bottom < top or max(ax, bx, cx) < 0 or min(ax, bx, cx) > width - 1:
            continue
        inverse = 1.0 / area
        # Everything is affine over a triangle: value = value_a + across * (x - ax) + down * (y - ay).
        b_across, b_down = (cy - ay) * inverse, -(cx - ax) * inverse
        c_across, c_down = -(by - ay) * inverse, (bx - ax) * inverse
        u_across = (b_across * (source[b, 0] - source[a, 0]) + c_across * (source[c, 0] - source[a, 0])) * 65536
        u_down = (b_down * (source[b, 0] - source[a, 0]) + c_down * (source[c, 0] - source[a, 0])) * 65536
        v_across = (b_across * (source[b, 1] - source[a, 1]) + c_across * (source[c, 1] - source[a, 1])) * 65536
        v_down = (b_down * (source[b, 1] - source[a, 1]) + c_down * (source[c, 1] - source[a, 1])) * 65536
        z_across = b_across * (depth[b] - depth[a]) + c_across * (depth[c] - depth[a])
        z_down = b_down * (depth[b] - depth[a]) + c_down * (depth[c] - depth[a])
        l_across = b_across * (light[b] - light[a]) + c_across * (light[c] - light[a])
        l_down = b_down * (light[b] - light[a]) + c_down * (light[c] - light[a])
        plain = light[a] == 1.0 and light[b] == 1.0 and light[c] == 1.0
        ab = (bx - ax) / (by - ay) if abs(by - ay) > 1e-6 else 0.0
        bc = (cx - bx) / (cy - by) if abs(cy - by) > 1e-6 else 0.0
        ca = (ax - cx) / (ay - cy) if abs(ay - cy) > 1e-6 else 0.0
        for y in range(top, bottom + 1):
            # The row's span is where the edges cross it; a small slack closes the seams between neighbours.
            low, high = 1e9, -1e9
            if min(ay, by) - 1e-3 <= y <= max(ay, by) + 1e-3:
                x1 = min(max(ax + ab * (y - ay), min(ax, bx)), max(ax, bx))
                low, high = min(low, x1), max(high, x1)
            if min(by, cy) - 1e-3 <= y <= max(by, cy) + 1e-3:
                x2 = min(max(bx + bc * (y - by), min(bx, cx)), max(bx, cx))
                low, high = min(low, x2), max(high, x2)
            if min(cy, ay) - 1e-3 <= y <= max(cy, ay) + 1e-3:
                x3 = min(max(cx + ca * (y - cy), min(cx, ax)), max(cx, ax))
                low, high = min(low, x3), max(high, x3)
            left, right = max(math.ceil(low - 1e-2), 0), min(math.floor(high + 1e-2), width - 1)
            dx, dy = left - ax, y - ay
            z = depth[a] + z_across * dx + z_down * dy
            u = int(source[a, 0] * 65536 + 128 + u_across * dx + u_down * dy)
            v = int(source[a, 1] * 65536 + 128 + v_across * dx + v_down * dy)
            # Steps in whole 1/65536 of a pixel: over a row of 4096 they drift by a thirtieth of a pixel at most.
            step_u, step_v = int(u_across), int(v_across)
            last_u, last_v = u + step_u * (right - left), v + step_v * (right - left)
            inside = min(u, v, last_u, last_v) >= 0 and max(u, last_u) <= most_u and max(v, last_v) <= most_v
            for x in range(left, right + 1):
                here = np.uint64(y * width + x)
                if z < depths[here]:
                    near_u, near_v = (u, v) if inside else (min(max(u, 0), most_u), min(max(v, 0), most_v))
                    colour = blend(flat, wide, near_u, near_v)
                    share = colour >> np.uint64(56)
                    if share >= FAINT if soft else colour & SHOWS:
                        depths[here] = z
                        red, green = (colour >> np.uint64(8)) & BYTE, (colour >> np.uint64(24)) & BYTE
                        blue = (colour >> np.uint64(40)) & BYTE
                        if not plain:
                            bright = light[a] + l_across * (x - ax) + l_down * dy
                            red = np.uint64(min(max(np.int64(red) * bright + 0.5, 0.0), 255.0))
                            green = np.uint64(min(max(np.int64(green) * bright + 0.5, 0.0), 255.0))
                            blue = np.uint64(min(max(np.int64(blue) * bright + 0.5, 0.0), 255.0))
                        spot = np.uint64((y * width + x) * 3)
                        if soft and share < FULL:
                            rest = BYTE - share
                            red = (red * share + canvas[spot] * rest + np.uint64(127)) // BYTE
                            green = (green * share + canvas[spot + np.uint64(1)] * rest + np.uint64(127)) // BYTE
                            blue = (blue * share + canvas[spot + np.uint64(2)] * rest + np.uint64(127)) // BYTE
                        canvas[spot], canvas[spot + np.uint64(1)], canvas[spot + np.uint64(2)] = red, green, blue
                z += z_across
                u += step_u
                v += step_v


@numba.njit("void(u2[:,:,:],u2[:,:,:],f4[:,::1],f8)", cache=True, nogil=True, fastmath=True)
def shade_into(region: Deep, plain: Deep, relief: Array, strength: float) -> None:  # pragma: no cover - compiled
    """Light and darken the colours of `plain` (h, w, 4) by `relief` (h, w) times `strength`, into `region`."""
    for y in range(relief.shape[0]):
        for x in range(relief.shape[1]):
            factor = 1 + relief[y, x] * strength
            for channel in range(3):
                region[y, x, channel] = int(min(plain[y, x, channel] * factor + 0.5, 255.0))


@numba.njit("void(u1[:,:,::1],u1[:,:,::1],i8,i8)", cache=True, nogil=True)
def shrink_into(fine: Bytes, picture: Bytes, top: int, left: int) -> None:  # pragma: no cover - compiled
    """Average 2x2 blocks of `fine` (2h, 2w, 3) into `picture` from (top, left) on: edges drawn twice as fine come out smooth."""
    for y in range(fine.shape[0] // 2):
        for x in range(fine.shape[1] // 2):
            for channel in range(3):
                total = int(fine[2 * y, 2 * x, channel]) + int(fine[2 * y, 2 * x + 1, channel])
                total += int(fine[2 * y + 1, 2 * x, channel]) + int(fine[2 * y + 1, 2 * x + 1, channel])
                picture[top + y, left + x, channel] = (total + 2) >> 2


@numba.njit("void(u1[:,:,::1],f4[:,::1],u1[:,:,::1],i8,i8,f8)", cache=True, nogil=True, fastmath=True)
def soften_outline(picture: Bytes, nearest: Array, before: Bytes, top: int, left: int, step: float) -> None:  # pragma: no cover - compiled
    """Smooth the saw teeth of `picture` (height, width, 3) where one thing stands before another, by the depths `nearest` (height, width).

    `before` (h, w, 3) is a copy of the part that is looked at, from (top, left) on; its own rim stays. `step` is how many eye distances
    one pixel lies behind the next where one thing stands before another.
    """
    for y in range(2, before.shape[0] - 2):
        beside, own = nearest[top + y, left + 1], nearest[top + y, left + 2]
        for x in range(2, before.shape[1] - 2):
            up, right, down = nearest[top + y - 1, left + x], nearest[top + y, left + x + 1], nearest[top + y + 1, left + x]
            low, high = min(own, up, down, right, beside), max(own, up, down, right, beside)
            beside, own = own, right
            if high - low < step:
                continue
            # How much of the neighbourhood lies in front says how much of this pixel does; either side gives its own colour.
            between = low + min(high - low, 2 * step) / 2
            front = 0.0
            for dy in range(-2, 3):
                for dx in range(-2, 3):
                    front += (3 - abs(dx)) * (3 - abs(dy)) * (nearest[top + y + dy, left + x + dx] < between)
            if front <= 0 or front >= WHOLE:
                continue
            share = min(max((front / WHOLE - 0.2) / 0.6, 0.0), 1.0)
            for channel in range(3):
                ahead = total = 0.0
                for dy in range(-2, 3):
                    for dx in range(-2, 3):
                        value = (3 - abs(dx)) * (3 - abs(dy)) * float(before[y + dy, x + dx, channel])
                        total += value
                        ahead += value * (nearest[top + y + dy, left + x + dx] < between)
                picture[top + y, left + x, channel] = int(share * ahead / front + (1 - share) * (total - ahead) / (WHOLE - front) + 0.5)
