"""Make a triangle mesh coarser by collapsing edges onto kept vertices (Garland and Heckbert's quadric error)."""

import heapq

import numpy as np
import numpy.typing as npt
from mesh_binding import Numbers, Real

Flags = npt.NDArray[np.bool_]
ROUND = 0.002  # how much a long edge costs besides its error: keeps triangles even
TURNED = 0.2  # the cosine by which a triangle may turn at most


def quadrics(points: Real, triangles: Numbers) -> Real:
    """Sum up the squared distances to the planes around each vertex (n, 4, 4); at open borders also to planes across them."""
    found = np.zeros((len(points), 4, 4))
    uses: dict[frozenset[int], list[int]] = {}
    for number, (a, b, c) in enumerate(triangles.tolist()):
        normal = np.cross(points[b] - points[a], points[c] - points[a])
        size = float(np.linalg.norm(normal))
        if size < 1e-14:
            continue
        plane = np.append(normal / size, -normal @ points[a] / size)
        found[[a, b, c]] += size / 2 * np.outer(plane, plane)
        for side in ((a, b), (b, c), (c, a)):
            uses.setdefault(frozenset(side), []).append(number)
    for edge, owners in uses.items():
        if len(owners) == 1:
            a, b = sorted(edge)
            x, y, z = points[triangles[owners[0]]]
            along = points[b] - points[a]
            across = np.cross(along, np.cross(y - x, z - x))
            across /= np.linalg.norm(across) + 1e-14
            plane = np.append(across, -across @ points[a])
            found[[a, b]] += 10 * along @ along * np.outer(plane, plane)
    return found


def decimate(points: Real, triangles: Numbers, count: int, *, fixed: Flags, first: Flags, lines: Numbers, value: Real) -> Numbers:
    """Collapse vertices until `count` are left -> the triangles (t, 3) between those.

    `fixed` (n,) stay, `first` (n,) all go before any other, `lines` (n,) are bit sets of border lines along which a vertex may move, and
    `value` (n,) makes detail dear.
    """
    faces = {number: tuple(triangle) for number, triangle in enumerate(triangles.tolist())}
    around: list[set[int]] = [set() for _ in points]
    for number, triangle in faces.items():
        for corner in triangle:
            around[corner].add(number)
    errors = quadrics(points, triangles) * value[:, None, None]
    homogeneous = np.concatenate([points, np.ones((len(points), 1))], axis=1)
    stamps = [0] * len(points)
    left = sum(bool(owners) for owners in around)

    def neighbours(vertex: int) -> set[int]:
        return {corner for number in around[vertex] for corner in faces[number]} - {vertex}

    def cost(gone: int, kept: int) -> float:
        place = homogeneous[kept]
        length = points[gone] - points[kept]
        price = float(place @ (errors[gone] + errors[kept]) @ place) + ROUND * float(value[gone]) * float(length @ length) ** 2
        return price - (1e6 if first[gone] else 0.0)

    def allowed(gone: int, kept: int) -> bool:
        shared = around[gone] & around[kept]
        if fixed[gone] or not shared or len(neighbours(gone) & neighbours(kept)) != len(shared):
            return False
        if lines[gone] and (len(shared) != 1 or lines[gone] & ~lines[kept]):
            return False
        if not lines[gone] and len(shared) == 1:
            return False
        for number in around[gone] - shared:
            old = points[list(faces[number])]
            new = points[[kept if corner == gone else corner for corner in faces[number]]]
            before, after = (np.cross(p[1] - p[0], p[2] - p[0]) for p in (old, new))
            turn = float(before @ after) / (float(np.linalg.norm(before) * np.linalg.norm(after)) + 1e-18)
            if turn < (-0.5 if first[gone] else TURNED):
                return False
        return True

    heap: list[tuple[float, int, int, int, int]] = []

    def offer(vertex: int) -> None:
        for other in sorted(neighbours(vertex)):
            for gone, kept in ((vertex, other), (other, vertex)):
                if not fixed[gone] and (not lines[gone] or not lines[gone] & ~lines[kept]):
                    heapq.heappush(heap, (cost(gone, kept), gone, kept, stamps[gone], stamps[kept]))

    for vertex in range(len(points)):
        if around[vertex]:
            offer(vertex)
    while heap and left > count:
        _, gone, kept, stamp_gone, stamp_kept = heapq.heappop(heap)
        if stamps[gone] != stamp_gone or stamps[kept] != stamp_kept or not around[gone] or not allowed(gone, kept):
            continue
        for number in list(around[gone]):
            triangle = tuple(kept if corner == gone else corner for corner in faces[number])
            if len(set(triangle)) < 3:
                for corner in faces.pop(number):
                    around[corner].discard(number)
            else:
                faces[number] = triangle
                around[kept].add(number)
        around[gone].clear()
        errors[kept] += errors[gone]
        left -= 1
        for near in neighbours(kept) | {kept}:
            stamps[near] += 1
        for near in sorted(neighbours(kept) | {kept}):
            offer(near)
    assert not any(first[vertex] and around[vertex] for vertex in range(len(points))), "a vertex that had to go stayed"
    return np.array([faces[number] for number in sorted(faces)])
