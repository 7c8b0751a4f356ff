"""Draw a textured triangle mesh with a z-buffer, compiled by Numba: the one kernel under the warp renderer."""

import math

import numba

from thespis.pixels.layers import Triangles
from thespis.types import Array, Bytes

SIGNATURE = "void(f4[:,::1],f4[::1],f4[::1],f4[:,::1],i4[:,::1],u1[:,:,::1],u1[:,:,::1],f4[:,::1])"


@numba.njit(SIGNATURE, cache=True, nogil=True, fastmath=True, boundscheck=False)
def draw(
    place: Array, depth: Array, light: Array, source: Array, triangles: Triangles, texture: Bytes, picture: Bytes, nearest: Array
) -> None:  # pragma: no cover - compiled
    """Draw triangles (m, 3) over `picture` (height, width, 3) wherever they are nearer than `nearest` (height, width).

    Vertices (n): `place` (n, 2) in picture pixels (centres at whole numbers), `depth`, `light` (a factor on the colour), and
    `source` (n, 2), their place in `texture` (h, w, 4), whose fourth channel cuts out what is below one half.
    """
    height, width = nearest.shape
    deep, wide = texture.shape[0], texture.shape[1]
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
        u_across = b_across * (source[b, 0] - source[a, 0]) + c_across * (source[c, 0] - source[a, 0])
        u_down = b_down * (source[b, 0] - source[a, 0]) + c_down * (source[c, 0] - source[a, 0])
        v_across = b_across * (source[b, 1] - source[a, 1]) + c_across * (source[c, 1] - source[a, 1])
        v_down = b_down * (source[b, 1] - source[a, 1]) + c_down * (source[c, 1] - source[a, 1])
        z_across = b_across * (depth[b] - depth[a]) + c_across * (depth[c] - depth[a])
        z_down = b_down * (depth[b] - depth[a]) + c_down * (depth[c] - depth[a])
        l_across = b_across * (light[b] - light[a]) + c_across * (light[c] - light[a])
        l_down = b_down * (light[b] - light[a]) + c_down * (light[c] - light[a])
        plain = light[a] == 1.0 and light[b] == 1.0 and light[c] == 1.0
        for y in range(top, bottom + 1):
            # The row's span is where all three edges cross it; a small slack closes the seams between neighbours.
            low, high = 1e9, -1e9
            for edge in range(3):
                if edge == 0:
                    px, py, qx, qy = ax, ay, bx, by
                elif edge == 1:
                    px, py, qx, qy = bx, by, cx, cy
                else:
                    px, py, qx, qy = cx, cy, ax, ay
                if (py <= y + 1e-3 and qy >= y - 1e-3) or (qy <= y + 1e-3 and py >= y - 1e-3):
                    if abs(qy - py) < 1e-6:
                        low, high = min(low, px, qx), max(high, px, qx)
                    else:
                        share = min(max((y - py) / (qy - py), 0.0), 1.0)
                        x = px + share * (qx - px)
                        low, high = min(low, x), max(high, x)
            left, right = max(math.ceil(low - 1e-2), 0), min(math.floor(high + 1e-2), width - 1)
            dy = y - ay
            for x in range(left, right + 1):
                dx = x - ax
                z = depth[a] + z_across * dx + z_down * dy
                if z >= nearest[y, x]:
                    continue
                u = min(max(source[a, 0] + u_across * dx + u_down * dy, 0.0), wide - 1.001)
                v = min(max(source[a, 1] + v_across * dx + v_down * dy, 0.0), deep - 1.001)
                column, row = int(u), int(v)
                right_share, low_share = int((u - column) * 256 + 0.5), int((v - row) * 256 + 0.5)
                p = (256 - right_share) * (256 - low_share)
                q = right_share * (256 - low_share)
                r = (256 - right_share) * low_share
                s = right_share * low_share
                cover = texture[row, column, 3] * p + texture[row, column + 1, 3] * q
                cover += texture[row + 1, column, 3] * r + texture[row + 1, column + 1, 3] * s
                if cover < 8323072:  # half of 255 * 65536
                    continue
                nearest[y, x] = z
                for channel in range(3):
                    value = texture[row, column, channel] * p + texture[row, column + 1, channel] * q
                    value += texture[row + 1, column, channel] * r + texture[row + 1, column + 1, channel] * s
                    if plain:
                        picture[y, x, channel] = (value + 32768) >> 16
                    else:
                        bright = value * (1.0 / 65536.0) * (light[a] + l_across * dx + l_down * dy) + 0.5
                        picture[y, x, channel] = int(min(max(bright, 0.0), 255.0))


@numba.njit("void(u1[:,:,::1],u1[:,:,::1],i8,i8)", cache=True, nogil=True)
def shrink_into(fine: Bytes, picture: Bytes, top: int, left: int) -> None:  # pragma: no cover - compiled
    """Average 2x2 blocks of `fine` (2h, 2w, 3) into `picture` from (top, left) on: edges drawn twice as fine come out smooth."""
    for y in range(fine.shape[0] // 2):
        for x in range(fine.shape[1] // 2):
            for channel in range(3):
                total = int(fine[2 * y, 2 * x, channel]) + int(fine[2 * y, 2 * x + 1, channel])
                total += int(fine[2 * y + 1, 2 * x, channel]) + int(fine[2 * y + 1, 2 * x + 1, channel])
                picture[top + y, left + x, channel] = (total + 2) >> 2
