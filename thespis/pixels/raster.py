"""Draw a textured triangle mesh with a z-buffer, compiled by Numba: the one kernel under the warp renderer."""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from thespis.pixels.eight import LANES, eight_pixels
from thespis.pixels.layers import Triangles
from thespis.types import Array, Bytes

Packed = npt.NDArray[np.uint32]
SIGNATURE = "void(f4[:,::1],f4[::1],f4[::1],f4[:,::1],i4[:,::1],u4[:,::1],u1[:,:,::1],f4[:,::1],b1)"
TWO, THREE, FOUR = np.uint64(2), np.uint64(3), np.uint64(4)
AHEAD, LINE = 3, np.uint64(64)  # rows of a triangle that are asked for ahead of the one that is drawn, and bytes that come at once
SHOWS = 128  # of 255, from which on a pixel shows that is there or not
WHOLE = 81.0  # the weight of the five by five pixels around one
TWICE = np.float32(1e-3)  # eye distances by which a seam that two soft triangles share may be nearer in one: it is drawn once
STEEP = 1 << 24  # in 1/65536 pixels of the texture, beyond which no step is read truly
FAINT = 6  # of 255; what covers less is nothing


def packed(texture: Bytes) -> Packed:
    """See a texture (h, w, 4) of bytes as one number a pixel (h, w), without a copy."""
    return texture.view(np.uint32)[..., 0]


def fetch_soon(_: Any, __: Any) -> Any:  # noqa: ANN401 - Numba asks for them
    """Ask for the memory at an address before it is needed, which Numba has no way to say -> nought."""

    def build(_: Any, builder: Any, __: Any, given: Any) -> Any:  # noqa: ANN401
        word, pointer = ir.IntType(32), ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, word, word, word])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", (pointer,), kind)
        # To be read, kept close, and data.
        builder.call(fetch, [builder.inttoptr(given[0], pointer), *(ir.Constant(word, what) for what in (0, 3, 1))])
        return ir.Constant(word, 0)

    return types.uint32(types.uint64), build


fetch: Any = intrinsic(fetch_soon)


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
    if height * width < LANES:
        return
    canvas, depths = picture.reshape(-1), nearest.reshape(-1)
    canvas_at, depths_at = np.uint64(canvas.ctypes.data), np.uint64(depths.ctypes.data)
    address, stride = np.uint64(texture.ctypes.data), np.uint64(4 * texture.shape[1])
    most_u, most_v = ((texture.shape[1] - 1) << 16) - 1, ((texture.shape[0] - 1) << 16) - 1
    twice, least = (TWICE, FAINT) if soft else (np.float32(0), SHOWS)
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
        # Steps in whole 1/65536 of a pixel: over a row of 4096 they drift by a thirtieth of a pixel at most.
        step_u, step_v = min(max(int(u_across), -STEEP), STEEP), min(max(int(v_across), -STEEP), STEEP)
        down_u, down_v = int(u_down), int(v_down)
        first_u = source[a, 0] * 65536 + 128 - u_across * ax - u_down * ay
        first_v = source[a, 1] * 65536 + 128 - v_across * ax - v_down * ay
        first_z, first_l = depth[a] - z_across * ax - z_down * ay, light[a] - l_across * ax - l_down * ay
        # From top to bottom one edge is on one side of the rows, the two others on the other.
        x0, y0, x1, y1, x2, y2 = ax, ay, bx, by, cx, cy
        if y1 < y0:
            x0, y0, x1, y1 = x1, y1, x0, y0
        if y2 < y1:
            x1, y1, x2, y2 = x2, y2, x1, y1
            if y1 < y0:
                x0, y0, x1, y1 = x1, y1, x0, y0
        whole = (x2 - x0) / (y2 - y0) if y2 - y0 > 1e-6 else 0.0
        upper = (x1 - x0) / (y1 - y0) if y1 - y0 > 1e-6 else 0.0
        lower = (x2 - x1) / (y2 - y1) if y2 - y1 > 1e-6 else 0.0
        for y in range(top, bottom + 1):
            # The row's span is where the edges cross it; a small slack closes the seams between neighbours.
            one = min(max(x0 + whole * (y - y0), min(x0, x2)), max(x0, x2))
            if (y < y1 or y2 - y1 <= 1e-3) and y1 - y0 > 1e-3:
                other = min(max(x0 + upper * (y - y0), min(x0, x1)), max(x0, x1))
            else:
                other = min(max(x1 + lower * (y - y1), min(x1, x2)), max(x1, x2))
            left, right = max(math.ceil(min(one, other) - 1e-2), 0), min(math.floor(max(one, other) + 1e-2), width - 1)
            if right < left:
                continue
            u, v = int(first_u + u_across * left + u_down * y), int(first_v + v_across * left + v_down * y)
            z, bright = first_z + z_across * left + z_down * y, first_l + l_across * left + l_down * y
            # A triangle's rows lie far apart in memory, and waiting for one takes as long as drawing it.
            soon = np.uint64(min(y + AHEAD, height - 1) * width)
            for end in (soon + np.uint64(left), soon + np.uint64(right)):
                fetch(depths_at + np.uint64(4) * end)
                fetch(canvas_at + THREE * end)
            soon_u, soon_v = min(max(u + AHEAD * down_u, 0), most_u), min(max(v + AHEAD * down_v, 0), most_v)
            at = address + np.uint64(soon_v >> 16) * stride + (np.uint64(soon_u >> 16) << TWO)
            fetch(at)
            fetch(at + LINE)
            for x in range(left, right + 1, LANES):
                # The picture's last pixels are drawn from before them, so that nothing beyond its end is read.
                over = max(y * width + x + LANES - height * width, 0)
                at, done = np.uint64(y * width + x - over), x - over - left
                eight_pixels(
                    (depths_at + FOUR * at, canvas_at + THREE * at, address, stride),
                    (u + done * step_u, v + done * step_v),
                    (step_u, step_v),
                    (most_u, most_v),
                    (z + done * z_across, z_across),
                    (bright + done * l_across, l_across),
                    (over, min(right + 1 - x, LANES) + over),
                    twice,
                    least,
                    soft,
                    plain,
                )


@numba.njit("void(u1[:,:,:],u1[:,:,:],f4[:,::1],f8)", cache=True, nogil=True, fastmath=True)
def shade_into(region: Bytes, plain: Bytes, relief: Array, strength: float) -> None:  # pragma: no cover - compiled
    """Light and darken the colours of `plain` (h, w, 4) by `relief` (h, w) times `strength`, into `region`."""
    for y in range(relief.shape[0]):
        for x in range(relief.shape[1]):
            factor = 1 + relief[y, x] * strength
            for channel in range(3):
                region[y, x, channel] = int(min(plain[y, x, channel] * factor + 0.5, 255.0))


@numba.njit("void(u1[:,:,::1],f4[:,::1],i8,i8,i8,i8,f8)", cache=True, nogil=True, fastmath=True, boundscheck=False)
def soften_outline(
    picture: Bytes, nearest: Array, top: int, left: int, bottom: int, right: int, step: float
) -> None:  # pragma: no cover - compiled
    """Smooth the saw teeth of `picture` (height, width, 3) where one thing stands before another, by the depths `nearest` (height, width).

    Looks at what lies from (top, left) on, up to (bottom, right), whose own rim stays. `step` is how many eye distances one pixel lies
    behind the next where one thing stands before another.
    """
    wide, across, depths, colours = right - left, nearest.shape[1], nearest.reshape(-1), picture.reshape(-1)
    edge = np.zeros((wide + 7) // 8 * 8, np.uint8)
    eights = edge.view(np.uint64)
    before = np.empty((3, wide, 3), np.uint8)  # as this row and the two above it were
    kept = np.zeros(3, np.bool_)
    limit = np.float32(step)
    for y in range(top + 2, bottom - 2):
        at = y * across + left
        above, here, below = depths[at - across : at - across + wide], depths[at : at + wide], depths[at + across : at + across + wide]
        # Loops without a branch, from nought: many pixels are looked at in one go.
        for x in range(wide - 4):
            own, up, down, beside, following = here[x + 2], above[x + 2], below[x + 2], here[x + 1], here[x + 3]
            low, high = min(min(own, up), min(down, min(beside, following))), max(max(own, up), max(down, max(beside, following)))
            edge[x + 2] = high - low >= limit
        found = np.uint64(0)
        for number in range(len(eights)):
            found |= eights[number]
        kept[y % 3] = found > 0
        if not found:
            continue
        row, now = before[y % 3].reshape(-1), colours[3 * at : 3 * (at + wide)]
        for number in range(3 * wide):
            row[number] = now[number]
        for number in range(len(eights)):
            if not eights[number]:
                continue
            for x in range(8 * number, 8 * number + 8):
                if not edge[x]:
                    continue
                own, up, down, beside, following = here[x], above[x], below[x], here[x - 1], here[x + 1]
                low, high = min(own, up, down, following, beside), max(own, up, down, following, beside)
                # How much of the neighbourhood lies in front says how much of this pixel does; either side gives its own colour.
                between_both = low + min(high - low, 2 * step) / 2
                front = 0
                for dy in range(-2, 3):
                    for dx in range(-2, 3):
                        front += (3 - abs(dx)) * (3 - abs(dy)) * (depths[(y + dy) * across + left + x + dx] < between_both)
                if front <= 0 or front >= WHOLE:
                    continue
                share = min(max((front / WHOLE - 0.2) / 0.6, 0.0), 1.0)
                red = green = blue = all_red = all_green = all_blue = 0
                for dy in range(-2, 3):
                    # A row above that had no edge is as it was.
                    slot, first = (y + dy) % 3, (y + dy) * across + left + x
                    was = dy <= 0 and kept[slot]
                    for dx in range(-2, 3):
                        weight = (3 - abs(dx)) * (3 - abs(dy))
                        ahead = weight * (depths[first + dx] < between_both)
                        pixel = before[slot, x + dx] if was else picture[y + dy, left + x + dx]
                        r, g, b = pixel[0], pixel[1], pixel[2]
                        all_red, all_green, all_blue = all_red + weight * r, all_green + weight * g, all_blue + weight * b
                        red, green, blue = red + ahead * r, green + ahead * g, blue + ahead * b
                near, far = share / front, (1 - share) / (WHOLE - front)
                picture[y, left + x, 0] = int(near * red + far * (all_red - red) + 0.5)
                picture[y, left + x, 1] = int(near * green + far * (all_green - green) + 0.5)
                picture[y, left + x, 2] = int(near * blue + far * (all_blue - blue) + 0.5)
