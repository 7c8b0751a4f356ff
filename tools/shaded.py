"""Shade a coloured triangle mesh with smooth normals and a z-buffer: three lights, a soft rim, no texture."""

from collections.abc import Callable

import cv2
import numba
import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Picture = npt.NDArray[np.uint8]
Painter = Callable[[Real], tuple[Real, Real]]
FINER = 2  # pictures are drawn this much larger, then made smaller
PAPER = np.array([0.93, 0.93, 0.92])
LIGHTS = (((-0.45, -0.55, -0.75), 0.62), ((0.75, -0.15, -0.55), 0.24), ((0.2, -0.6, 0.8), 0.22))  # where from, and how strong
AMBIENT = 0.24
WRAP = 0.25  # light reaches this far around the edge, as it does in skin
LOOK = np.array([0.0, 0.0, -1.0])


@numba.njit("void(f8[:,::1],i8[:,::1],f8[:,::1],i8[:,::1],f8[:,:,::1])", cache=True)
def cover(places: Real, triangles: Numbers, depths: Real, owners: Numbers, shares: Real) -> None:  # pragma: no cover - compiled
    """Find for each pixel the nearest triangle and the shares of its corners; places (n, 3) are in pixels, z away."""
    height, width = depths.shape
    for number in range(len(triangles)):
        a, b, c = triangles[number]
        ax, ay, bx, by, cx, cy = places[a, 0], places[a, 1], places[b, 0], places[b, 1], places[c, 0], places[c, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if abs(area) < 1e-9:
            continue
        left, right = max(int(np.ceil(min(ax, bx, cx))), 0), min(int(np.floor(max(ax, bx, cx))), width - 1)
        top, bottom = max(int(np.ceil(min(ay, by, cy))), 0), min(int(np.floor(max(ay, by, cy))), height - 1)
        for y in range(top, bottom + 1):
            for x in range(left, right + 1):
                share_b = ((x - ax) * (cy - ay) - (cx - ax) * (y - ay)) / area
                share_c = ((bx - ax) * (y - ay) - (x - ax) * (by - ay)) / area
                share_a = 1 - share_b - share_c
                if share_a < -1e-9 or share_b < -1e-9 or share_c < -1e-9:
                    continue
                z = share_a * places[a, 2] + share_b * places[b, 2] + share_c * places[c, 2]
                if z < depths[y, x]:
                    depths[y, x] = z
                    owners[y, x] = number
                    shares[y, x, 0], shares[y, x, 1], shares[y, x, 2] = share_a, share_b, share_c


def normals_of(points: Real, triangles: Numbers) -> Real:
    """Average the triangle normals at each point (n, 3)."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    normals = np.stack(
        [sum(np.bincount(triangles[:, corner], facing[:, axis], len(points)) for corner in range(3)) for axis in range(3)], 1
    )
    return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12))


def subdivide(points: Real, triangles: Numbers, values: Real) -> tuple[Real, Numbers, Real]:
    """Split each triangle in four by Loop's rule: points (n, 3), triangles (t, 3), values (n, d) -> the same, finer."""
    sides = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    edges, back, uses = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    back = back.reshape(3, -1)
    count = len(points)
    border = uses == 1
    across = np.concatenate([triangles[:, 2], triangles[:, 0], triangles[:, 1]])
    finer = []
    for thing, loop in ((points, True), (values, False)):
        ends = thing[edges].sum(axis=1)
        middle = ends / 2
        if loop:
            opposite = np.stack([np.bincount(back.ravel(), thing[across, axis], len(edges)) for axis in range(thing.shape[1])], 1)
            middle = np.where(border[:, None], middle, ends * 3 / 8 + opposite / 8)
            kept = np.zeros(count, bool)
            kept[edges[border].ravel()] = True
            inner = edges[~border | True]
            total, near = np.zeros_like(thing), np.zeros(count)
            for first, second in ((0, 1), (1, 0)):
                for axis in range(thing.shape[1]):
                    total[:, axis] += np.bincount(inner[:, first], thing[inner[:, second], axis], count)
                near += np.bincount(inner[:, first], minlength=count)
            pull = np.where(near == 3, 3 / 16, 3 / (8 * np.maximum(near, 1)))[:, None]
            smooth = (1 - near[:, None] * pull) * thing + pull * total
            rim, rims = np.zeros_like(thing), np.zeros(count)
            for first, second in ((0, 1), (1, 0)):
                for axis in range(thing.shape[1]):
                    rim[:, axis] += np.bincount(edges[border][:, first], thing[edges[border][:, second], axis], count)
                rims += np.bincount(edges[border][:, first], minlength=count)
            along = np.where((rims == 2)[:, None], 0.75 * thing + rim / 8, thing)
            thing = np.where(kept[:, None], along, np.where((near > 0)[:, None], smooth, thing))
        finer.append(np.concatenate([thing, middle]))
    one, two, three = back[0] + count, back[1] + count, back[2] + count
    split = np.concatenate([
        np.stack([triangles[:, 0], one, three], 1), np.stack([triangles[:, 1], two, one], 1),
        np.stack([triangles[:, 2], three, two], 1), np.stack([one, two, three], 1),
    ])  # fmt: skip
    return finer[0], split, finer[1]


def shade(points: Real, triangles: Numbers, values: Real, paint: Painter, size: tuple[int, int], scale: float, middle: Real) -> Picture:
    """Draw points (n, 3), `scale` pixels a unit about `middle`; `paint` turns values (pixels, d) into colours and shine -> (h, w, 3)."""
    width, height = size[0] * FINER, size[1] * FINER
    places = np.ascontiguousarray((points - middle) * scale * FINER + [width / 2, height / 2, 0], np.float64)
    depths, owners = np.full((height, width), np.inf), np.full((height, width), -1, np.int64)
    shares = np.zeros((height, width, 3))
    cover(places, np.ascontiguousarray(triangles, np.int64), depths, owners, shares)
    seen = owners >= 0
    corners, share = triangles[owners[seen]], shares[seen]
    normal = np.einsum("nc,ncd->nd", share, normals_of(points, triangles)[corners])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    colour, shine = paint(np.einsum("nc,ncd->nd", share, values[corners]))
    light, gloss = np.full(len(normal), AMBIENT), np.zeros(len(normal))
    for place, strength in LIGHTS:
        towards = np.array(place) / np.linalg.norm(place)
        light += strength * np.clip((normal @ towards + WRAP) / (1 + WRAP), 0, None)
        half = towards + LOOK
        gloss += strength * np.clip(normal @ (half / (np.linalg.norm(half) + 1e-9)), 0, None) ** 36
    filled = np.where(seen, depths, depths[seen].max() if seen.any() else 0) / (scale * FINER)
    hidden = np.zeros_like(filled)
    for reach, strength in ((0.035, 2.2), (0.12, 0.9)):  # what lies deeper than its surroundings gets less light
        blurred = cv2.GaussianBlur(filled, (0, 0), reach * scale * FINER)
        hidden += strength * np.clip(filled - blurred - 0.004, 0, 0.2)
    open_ = np.exp(-2.2 * np.clip(hidden[seen], 0, 0.6))
    lit = colour * (light * open_)[:, None] + (shine * gloss * open_)[:, None]
    canvas = np.broadcast_to(PAPER, (height, width, 3)).copy()
    canvas[seen] = np.clip(lit, 0, 1)
    fine = canvas.reshape(size[1], FINER, size[0], FINER, 3).mean(axis=(1, 3))
    return np.asarray(np.round(fine**0.9 * 255), np.uint8)
