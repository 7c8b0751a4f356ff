"""Draw a textured triangle mesh with a z-buffer, compiled by Numba: the one kernel under the warp renderer."""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from thespis.pixels.layers import Triangles
from thespis.types import Array, Bytes

Packed = npt.NDArray[np.uint32]
SIGNATURE = "void(f4[:,::1],f4[::1],f4[::1],f4[:,::1],i4[:,::1],u4[:,::1],u1[:,:,::1],f4[:,::1],b1)"
BYTE, EIGHT, SIXTEEN, SHARE = np.uint32(255), np.uint32(8), np.uint32(16), np.uint32(24)
TWO, THREE = np.uint64(2), np.uint64(3)
AHEAD, LINE = 3, np.uint64(64)  # rows of a triangle that are asked for ahead of the one that is drawn, and bytes that come at once
SHOWS = np.uint32(128)  # of 255, from which on a pixel shows that is there or not
WHOLE = 81.0  # the weight of the five by five pixels around one
TWICE = np.float32(1e-3)  # eye distances by which a seam that two soft triangles share may be nearer in one: it is drawn once
FAINT, FULL = np.uint32(6), np.uint32(250)  # of 255; what is less is nothing, what is more is all


def packed(texture: Bytes) -> Packed:
    """See a texture (h, w, 4) of bytes as one number a pixel (h, w), without a copy."""
    return texture.view(np.uint32)[..., 0]


def read_between(_: Any, upper: Any, lower: Any, across: Any, down: Any) -> Any:  # noqa: ANN401, ARG001 - Numba asks for them
    """Read between four pixels of a packed texture, the left ones at the addresses `upper` and `lower`, at shares of 256 -> one pixel.

    Two pixels of four bytes at once, which Numba's own arithmetic has no way to say.
    """

    def build(_: Any, builder: Any, __: Any, given: Any) -> Any:  # noqa: ANN401
        byte, short, whole = ir.IntType(8), ir.IntType(16), ir.IntType(32)
        pair, wide, four = ir.VectorType(byte, 8), ir.VectorType(short, 8), ir.VectorType(whole, 4)

        def load(address: Any) -> Any:  # noqa: ANN401
            return builder.zext(builder.load(builder.inttoptr(address, pair.as_pointer()), align=4), wide)

        def everywhere(value: Any, kind: Any) -> Any:  # noqa: ANN401
            none = ir.Constant(kind, ir.Undefined)
            one = builder.insert_element(none, builder.trunc(value, kind.element), ir.Constant(whole, 0))
            return builder.shuffle_vector(one, none, ir.Constant(ir.VectorType(whole, kind.count), [0] * kind.count))

        def half(value: Any, first: int) -> Any:  # noqa: ANN401
            lanes = ir.Constant(four, [first, first + 1, first + 2, first + 3])
            return builder.zext(builder.shuffle_vector(value, ir.Constant(wide, ir.Undefined), lanes), four)

        above, below = load(given[0]), load(given[1])
        # What is less than nothing on the way comes right again: sixteen bits hold all that a byte times 256 can be.
        high = builder.shl(above, ir.Constant(wide, [8] * 8))
        column = builder.add(high, builder.mul(builder.sub(below, above), everywhere(given[3], wide)))
        left, right = half(column, 0), half(column, 4)
        high = builder.shl(left, ir.Constant(four, [8] * 4))
        total = builder.add(high, builder.mul(builder.sub(right, left), everywhere(given[2], four)))
        rounded = builder.lshr(builder.add(total, ir.Constant(four, [1 << 15] * 4)), ir.Constant(four, [16] * 4))
        return builder.bitcast(builder.trunc(rounded, ir.VectorType(byte, 4)), whole)

    return types.uint32(types.uint64, types.uint64, types.uint64, types.uint64), build


between: Any = intrinsic(read_between)


def fetch_soon(_: Any, __: Any) -> Any:  # noqa: ANN401 - as above
    """Ask for the memory at an address before it is needed, which Numba has no way to say either -> nought."""

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
    canvas, depths = picture.reshape(-1), nearest.reshape(-1)
    canvas_at, depths_at = np.uint64(canvas.ctypes.data), np.uint64(depths.ctypes.data)
    address, stride = np.uint64(texture.ctypes.data), np.uint64(4 * texture.shape[1])
    most_u, most_v = ((texture.shape[1] - 1) << 16) - 1, ((texture.shape[0] - 1) << 16) - 1
    twice = TWICE if soft else np.float32(0)
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
        step_u, step_v = int(u_across), int(v_across)
        down_u, down_v = int(u_down), int(v_down)
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
            dx, dy = left - ax, y - ay
            z = depth[a] + z_across * dx + z_down * dy
            u = int(source[a, 0] * 65536 + 128 + u_across * dx + u_down * dy)
            v = int(source[a, 1] * 65536 + 128 + v_across * dx + v_down * dy)
            last_u, last_v = u + step_u * (right - left), v + step_v * (right - left)
            # A triangle's rows lie far apart in memory, and waiting for one takes as long as drawing it.
            soon = np.uint64(min(y + AHEAD, height - 1) * width)
            for end in (soon + np.uint64(left), soon + np.uint64(right)):
                fetch(depths_at + np.uint64(4) * end)
                fetch(canvas_at + THREE * end)
            soon_u, soon_v = min(max(u + AHEAD * down_u, 0), most_u), min(max(v + AHEAD * down_v, 0), most_v)
            at = address + np.uint64(soon_v >> 16) * stride + (np.uint64(soon_u >> 16) << TWO)
            fetch(at)
            fetch(at + LINE)
            inside = min(u, v, last_u, last_v) >= 0 and max(u, last_u) <= most_u and max(v, last_v) <= most_v
            for x in range(left, right + 1):
                # An unsigned index tells Numba that it cannot count from the end, which saves a test at every read.
                here = np.uint64(y * width + x)
                if z + twice < depths[here]:
                    near_u, near_v = (u, v) if inside else (min(max(u, 0), most_u), min(max(v, 0), most_v))
                    at = address + np.uint64(near_v >> 16) * stride + (np.uint64(near_u >> 16) << TWO)
                    colour = between(at, at + stride, np.uint64((near_u >> 8) & 255), np.uint64((near_v >> 8) & 255))
                    share = colour >> SHARE
                    if share >= (FAINT if soft else SHOWS):
                        depths[here] = z
                        red, green, blue = colour & BYTE, (colour >> EIGHT) & BYTE, (colour >> SIXTEEN) & BYTE
                        if not plain:
                            bright = light[a] + l_across * (x - ax) + l_down * dy
                            red = np.uint32(min(max(np.int64(red) * bright + 0.5, 0.0), 255.0))
                            green = np.uint32(min(max(np.int64(green) * bright + 0.5, 0.0), 255.0))
                            blue = np.uint32(min(max(np.int64(blue) * bright + 0.5, 0.0), 255.0))
                        spot = here * THREE
                        if soft and share < FULL:
                            rest = BYTE - share
                            red = (red * share + canvas[spot] * rest + np.uint32(127)) // BYTE
                            green = (green * share + canvas[spot + np.uint64(1)] * rest + np.uint32(127)) // BYTE
                            blue = (blue * share + canvas[spot + TWO] * rest + np.uint32(127)) // BYTE
                        canvas[spot], canvas[spot + np.uint64(1)], canvas[spot + TWO] = red, green, blue
                z += z_across
                u += step_u
                v += step_v


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
