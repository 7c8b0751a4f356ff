"""The compiled parts of drawing a made-up person: fine meshes, skinning, light at vertices, a z-buffer, and colours."""

import math
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes

Integers = npt.NDArray[np.int32]
FEATHER = np.float32(1e-4)  # shares of slack that close the seams between neighbours
FULL = np.float32(1.0) + FEATHER


@numba.njit(cache=True, nogil=True)
def spread(starts: Integers, columns: Integers, shares: Array, points: Array, made: Array) -> None:  # pragma: no cover - compiled
    """Make `made` (m, 3) of weighted sums of `points` (n, 3): row r sums entries `starts[r]` to `starts[r + 1]`."""
    for row in range(len(starts) - 1):
        x = y = z = np.float32(0.0)
        for entry in range(starts[row], starts[row + 1]):
            share, point = shares[entry], columns[entry]
            x += share * points[point, 0]
            y += share * points[point, 1]
            z += share * points[point, 2]
        made[row, 0], made[row, 1], made[row, 2] = x, y, z


@numba.njit(cache=True, nogil=True, fastmath=True)
def skin(points: Array, weights: Array, turns: Array, shifts: Array, moved: Array) -> None:  # pragma: no cover - compiled
    """Turn and shift `points` (n, 3) by the joints' `turns` (j, 3, 3) and `shifts` (j, 3), blended by `weights` (n, j)."""
    for row in range(len(points)):
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        for axis in range(3):
            total = np.float32(0.0)
            for joint in range(weights.shape[1]):
                share = weights[row, joint]
                if share != 0.0:
                    turn = turns[joint, axis]
                    total += share * (turn[0] * x + turn[1] * y + turn[2] * z + shifts[joint, axis])
            moved[row, axis] = total


@numba.njit(cache=True, nogil=True, fastmath=True)
def carry(
    points: Array, normals: Array, tangents: Array, bind: Integers, steps: Array, one: Array, one_shift: Array, free: Array,
    free_shift: Array, share: Array, moved: Array, turned: Array, along: Array,
) -> None:  # pragma: no cover - compiled  # fmt: skip
    """Carry hair and clothes: points, normals and tangents (n, 3) go with `one` turn (3, 3) by `share` (n,), else with the `free` one.

    Each point first moves by the step (V, 3) of the vertex it is bound to; -1 is bound to none.
    """
    for row in range(len(points)):
        x, y, z = points[row, 0], points[row, 1], points[row, 2]
        if bind[row] >= 0:
            x, y, z = x + steps[bind[row], 0], y + steps[bind[row], 1], z + steps[bind[row], 2]
        part = share[row]
        for axis in range(3):
            a = part * one[axis, 0] + (1 - part) * free[axis, 0]
            b = part * one[axis, 1] + (1 - part) * free[axis, 1]
            c = part * one[axis, 2] + (1 - part) * free[axis, 2]
            moved[row, axis] = a * x + b * y + c * z + part * one_shift[axis] + (1 - part) * free_shift[axis]
            turned[row, axis] = a * normals[row, 0] + b * normals[row, 1] + c * normals[row, 2]
            along[row, axis] = a * tangents[row, 0] + b * tangents[row, 1] + c * tangents[row, 2]


@numba.njit(cache=True, nogil=True)
def normals_into(points: Array, triangles: Integers, normals: Array) -> None:  # pragma: no cover - compiled
    """Average the normals of the triangles (m, 3) around each of the points (n, 3) into `normals` (n, 3), of unit length."""
    normals[:] = 0.0
    for number in range(len(triangles)):
        a, b, c = triangles[number, 0], triangles[number, 1], triangles[number, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for corner in (a, b, c):
            normals[corner, 0] += x
            normals[corner, 1] += y
            normals[corner, 2] += z
    for row in range(len(normals)):
        size = math.sqrt(normals[row, 0] ** 2 + normals[row, 1] ** 2 + normals[row, 2] ** 2) + 1e-12
        for axis in range(3):
            normals[row, axis] /= size


@numba.njit(cache=True, nogil=True, fastmath=True)
def cover(
    places: Array, triangles: Integers, culled: Bytes, facing: Array, depths: Array, owners: Integers, shares: Array
) -> None:  # pragma: no cover - compiled
    """Find for each pixel the nearest triangle of (m, 3) and the shares of its second and third corner.

    `places` (n, 3) are in pixels with z away; triangles that are `culled` (m,) are drawn from outside only: 1 by their corners' order, 2
    by how far their first corner's normal is `facing` (n,) the viewer. `depths` and `owners`
    (h, w) and `shares` (h, w, 2) are written where a triangle is nearer than what is there.
    """
    height, width = depths.shape
    for number in range(len(triangles)):
        a, b, c = triangles[number, 0], triangles[number, 1], triangles[number, 2]
        if culled[number] == 2 and facing[a] < -0.3:
            continue
        ax, ay, bx, by, cx, cy = places[a, 0], places[a, 1], places[b, 0], places[b, 1], places[c, 0], places[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        # Seen with y down and z away, what faces the viewer runs the other way round.
        if abs(area) < 1e-9 or (culled[number] == 1 and area > 0):
            continue
        left, right = max(math.ceil(min(ax, bx, cx)), 0), min(math.floor(max(ax, bx, cx)), width - 1)
        top, bottom = max(math.ceil(min(ay, by, cy)), 0), min(math.floor(max(ay, by, cy)), height - 1)
        if left > right or top > bottom:
            continue
        inverse = np.float32(1.0) / area
        # Shares and depth are affine over the triangle, so each is a first value in a row and a step.
        b_step, c_step = (cy - ay) * inverse, (ay - by) * inverse
        b_down, c_down = (ax - cx) * inverse, (bx - ax) * inverse
        az = places[a, 2]
        b_deep, c_deep = places[b, 2] - az, places[c, 2] - az
        z_step = b_step * b_deep + c_step * c_deep
        across = np.float32(left) - ax
        for y in range(top, bottom + 1):
            down = np.float32(y) - ay
            share_b, share_c = across * b_step + down * b_down, across * c_step + down * c_down
            z = az + share_b * b_deep + share_c * c_deep
            for x in range(left, right + 1):
                if share_b >= -FEATHER and share_c >= -FEATHER and share_b + share_c <= FULL and z < depths[y, x]:
                    depths[y, x] = z
                    owners[y, x] = number
                    shares[y, x, 0] = share_b
                    shares[y, x, 1] = share_c
                share_b += b_step
                share_c += c_step
                z += z_step


@numba.njit(cache=True, nogil=True, fastmath=True)
def light_into(
    normals: Array, tangents: Array, albedo: Array, gloss: Array, hairy: npt.NDArray[np.bool_], openness: Array, lights: Array, sky: Array,
    ground: Array, wrap: Array, facing: Array, diffuse: Array, shine: Array,
) -> None:  # pragma: no cover - compiled  # fmt: skip
    """Light vertices (n): `diffuse` and `shine` (n, 3) out of normals and tangents (n, 3), `albedo` (n, 3) and `gloss` (n,).

    `openness` (n, 1 + k) is what reaches a vertex of the sky and of each of k `lights` (k, 9: direction towards it, colour, direction
    halfway to the viewer); `wrap` (3,) is how far each colour reaches around the edge, as it does in skin. Skin that is not `facing` (n,)
    the viewer stays dark, since nobody sees it.
    """
    for row in range(len(normals)):
        hair = hairy[row]
        if not hair and facing[row] < -0.45:
            for channel in range(3):
                diffuse[row, channel] = shine[row, channel] = 0.0
            continue
        x, y, z = normals[row, 0], normals[row, 1], normals[row, 2]
        up, open_ = 0.5 - 0.5 * y, openness[row, 0]
        for channel in range(3):
            diffuse[row, channel] = open_ * (up * sky[channel] + (1.0 - up) * ground[channel])
            shine[row, channel] = 0.0
        for number in range(len(lights)):
            seen = openness[row, 1 + number]
            towards = x * lights[number, 0] + y * lights[number, 1] + z * lights[number, 2]
            if towards > -0.45:
                for channel in range(3):
                    reach = 0.3 if hair else wrap[channel]
                    diffuse[row, channel] += seen * lights[number, 3 + channel] * max(towards + reach, 0.0) / (1.0 + reach)
            if towards <= 0.0:
                continue
            hx, hy, hz = lights[number, 6], lights[number, 7], lights[number, 8]
            if hair:
                along = tangents[row, 0] * hx + tangents[row, 1] * hy + tangents[row, 2] * hz
                power = max(1.0 - along * along, 0.0)
                power *= power
                power *= power
                glint = power * power * power * power * power * (towards + 0.2)
            else:
                mirror = max(x * hx + y * hy + z * hz, 0.0)
                power = mirror * mirror * mirror
                power *= power
                power *= power
                glint = (0.5 * power + power * power * power * power) * towards
            for channel in range(3):
                shine[row, channel] += gloss[row] * seen * lights[number, 3 + channel] * glint
        for channel in range(3):
            diffuse[row, channel] *= albedo[row, channel]


@numba.njit(inline="always")
def sample(texture: Array, u: float, v: float, channel: int) -> Any:  # noqa: ANN401  # pragma: no cover - compiled
    """Read a texture (h, w, 3) between four texels at (u, v) in texels."""
    column, row = int(u), int(v)
    across, down = u - column, v - row
    upper = texture[row, column, channel] * (1.0 - across) + texture[row, column + 1, channel] * across
    lower = texture[row + 1, column, channel] * (1.0 - across) + texture[row + 1, column + 1, channel] * across
    return upper * (1.0 - down) + lower * down


@numba.njit(cache=True, nogil=True, fastmath=True)
def paint(
    owners: Integers,
    shares: Array,
    triangles: Integers,
    corners: Array,
    textured: int,
    eyes: npt.NDArray[np.bool_],
    normals: Array,
    diffuse: Array,
    shine: Array,
    lights: Array,
    texture: Array,
    picture: Array,
) -> None:  # pragma: no cover - compiled
    """Colour the covered pixels of `picture` (h, w, 3), in linear light.

    The first `textured` triangles (m, 3) read `texture` at `corners` (textured, 3, 2) in texels; `eyes` (m,) mirror the lights.
    """
    height, width = owners.shape
    for y in range(height):
        for x in range(width):
            number = owners[y, x]
            if number < 0:
                continue
            b, c = shares[y, x, 0], shares[y, x, 1]
            a = 1.0 - b - c
            first, second, third = triangles[number, 0], triangles[number, 1], triangles[number, 2]
            glint = 0.0
            if eyes[number]:
                nx = a * normals[first, 0] + b * normals[second, 0] + c * normals[third, 0]
                ny = a * normals[first, 1] + b * normals[second, 1] + c * normals[third, 1]
                nz = a * normals[first, 2] + b * normals[second, 2] + c * normals[third, 2]
                hx, hy, hz = lights[0, 6], lights[0, 7], lights[0, 8]
                glint = 1.6 * max(nx * hx + ny * hy + nz * hz, 0.0) ** 160
            u = v = 0.0
            if number < textured:
                u = a * corners[number, 0, 0] + b * corners[number, 1, 0] + c * corners[number, 2, 0]
                v = a * corners[number, 0, 1] + b * corners[number, 1, 1] + c * corners[number, 2, 1]
            for channel in range(3):
                lit = a * diffuse[first, channel] + b * diffuse[second, channel] + c * diffuse[third, channel]
                if number < textured:
                    lit *= sample(texture, u, v, channel)
                shiny = a * shine[first, channel] + b * shine[second, channel] + c * shine[third, channel]
                picture[y, x, channel] = lit + shiny + glint * lights[0, 3 + channel]


@numba.njit(cache=True, nogil=True, fastmath=True)
def develop(picture: Array, finer: int, exposure: float, curve: Bytes, made: Bytes) -> None:  # pragma: no cover - compiled
    """Average blocks of `finer` x `finer` pixels in linear light, and put them through the film's `curve` (4096,) of 0 to 4 times white."""
    height, width = made.shape[0], made.shape[1]
    for y in range(height):
        for x in range(width):
            for channel in range(3):
                total = 0.0
                for down in range(finer):
                    for across in range(finer):
                        # Each sample is bounded first, so that a glint does not make a bright block.
                        total += min(picture[y * finer + down, x * finer + across, channel] * exposure, 1.6)
                made[y, x, channel] = curve[min(int(total / (finer * finer) * 1024.0), 4095)]


def loop_rule(triangles: Integers, count: int) -> tuple[Integers, Integers, Array, Integers, Integers]:
    """Split triangles (m, 3) of `count` points in four by Loop's rule.

    It gives the rows of the matrix from the points to the finer ones (starts, columns, shares), the finer triangles (4 m, 3), and how the
    corners of each four come from the one they split: (4, 3, 2) corner numbers, whose mean each is.
    """
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    edges, back, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    back = back.reshape(3, -1)
    across = np.concatenate([triangles[:, 2], triangles[:, 0], triangles[:, 1]])
    opposite: list[list[int]] = [[] for _ in edges]
    for edge, corner in zip(back.ravel().tolist(), across.tolist(), strict=True):
        opposite[edge].append(corner)
    near: list[list[int]] = [[] for _ in range(count)]
    rim: list[list[int]] = [[] for _ in range(count)]
    for (one, other), use in zip(edges.tolist(), uses.tolist(), strict=True):
        near[one].append(other)
        near[other].append(one)
        if use == 1:
            rim[one].append(other)
            rim[other].append(one)
    rows: list[list[tuple[int, float]]] = []
    for point in range(count):
        if len(rim[point]) == 2:
            rows.append([(point, 0.75), *((other, 0.125) for other in rim[point])])
        elif rim[point] or not near[point]:
            rows.append([(point, 1.0)])
        else:
            pull = 3 / 16 if len(near[point]) == 3 else 3 / (8 * len(near[point]))
            rows.append([(point, 1 - len(near[point]) * pull), *((other, pull) for other in near[point])])
    for (one, other), facing in zip(edges.tolist(), opposite, strict=True):
        if len(facing) == 2:
            rows.append([(one, 0.375), (other, 0.375), (facing[0], 0.125), (facing[1], 0.125)])
        else:
            rows.append([(one, 0.5), (other, 0.5)])
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int32)
    columns = np.array([column for row in rows for column, _ in row], np.int32)
    shares = np.array([share for row in rows for _, share in row], np.float32)
    one, two, three = (back + count).astype(np.int32)
    a, b, c = triangles.T
    split = np.stack([np.stack(corner, 1) for corner in ((a, one, three), (b, two, one), (c, three, two), (one, two, three))], 1)
    made_of = np.array([[[0, 0], [0, 1], [2, 0]], [[1, 1], [1, 2], [0, 1]], [[2, 2], [2, 0], [1, 2]], [[0, 1], [1, 2], [2, 0]]], np.int32)
    return starts, columns, shares, np.ascontiguousarray(split.reshape(-1, 3), np.int32), made_of
