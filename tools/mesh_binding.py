"""Bind points to triangle meshes: neighbours, paths along edges, nearest places on a surface, soft spreading over a surface."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

Real = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]


def mirror_map(points: Real) -> Numbers:
    """Find the mirrored partner of each point (468,)."""
    distance, partner = cKDTree(points).query(points * [-1.0, 1.0, 1.0])
    assert distance.max() < 1e-5 and (partner[partner] == np.arange(len(points))).all()
    return np.asarray(partner)


def face_triangles(points: Real) -> Numbers:
    """Find the triangles (852, 3) between MediaPipe's edges, turned so that their normals point out of the face (z < 0 in front)."""
    from mediapipe.python.solutions.face_mesh_connections import FACEMESH_TESSELATION

    near: dict[int, set[int]] = {}
    for first, second in FACEMESH_TESSELATION:
        near.setdefault(first, set()).add(second)
        near.setdefault(second, set()).add(first)
    cliques = {tuple(sorted((a, b, c))) for a in near for b in near[a] for c in near[a] & near[b]}
    sides: dict[tuple[int, int], int] = {}
    for a, b, c in cliques:
        for side in ((a, b), (a, c), (b, c)):
            sides[side] = sides.get(side, 0) + 1
    # Three edges that enclose a point form a clique too, but no face: each of them has a face on both sides already.
    triangles = [t for t in sorted(cliques) if min(sides[t[0], t[1]], sides[t[0], t[2]], sides[t[1], t[2]]) < 3]
    return orient(np.array(triangles), points)


def orient(triangles: Numbers, points: Real) -> Numbers:
    """Turn triangles (t, 3) the same way round as their neighbours, and all of them outward."""
    turned, waiting = [tuple(int(corner) for corner in triangle) for triangle in triangles], set(range(len(triangles)))
    users: dict[frozenset[int], list[int]] = {}
    for number, (a, b, c) in enumerate(turned):
        for side in ((a, b), (b, c), (c, a)):
            users.setdefault(frozenset(side), []).append(number)
    edge = waiting.pop()
    front = [edge]
    while front:
        number = front.pop()
        a, b, c = turned[number]
        for first, second in ((a, b), (b, c), (c, a)):
            for other in users[frozenset((first, second))]:
                if other in waiting:
                    waiting.remove(other)
                    third = next(corner for corner in turned[other] if corner not in (first, second))
                    turned[other] = (second, first, third)
                    front.append(other)
    assert not waiting
    result = np.array(turned)
    normals = np.cross(points[result[:, 1]] - points[result[:, 0]], points[result[:, 2]] - points[result[:, 0]])
    return result if normals[:, 2].sum() < 0 else result[:, ::-1]


def edges_of(triangles: Numbers) -> Numbers:
    """List the edges (e, 2) of triangles once each."""
    sides = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [0, 2]]])
    return np.asarray(np.unique(np.sort(sides, axis=1), axis=0))


def graph_of(triangles: Numbers, points: Real) -> csr_matrix:
    """Make the sparse matrix of edge lengths."""
    edges = edges_of(triangles)
    length = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    both = np.concatenate([edges, edges[:, ::-1]])
    return coo_matrix((np.tile(length, 2), (both[:, 0], both[:, 1])), (len(points), len(points))).tocsr()


def walk(graph: csr_matrix, stops: Sequence[int]) -> list[int]:
    """Walk along the shortest edges from stop to stop."""
    path = [stops[0]]
    for start, end in pairwise(stops):
        _, before = dijkstra(graph, indices=start, return_predecessors=True)
        step, back = end, []
        while step != start:
            back.append(step)
            step = int(before[step])
        path += back[::-1]
    return path


@dataclass(frozen=True)
class Binding:
    """Where points sit on a mesh: the three `corners` (n, 3) of a triangle and their `shares` (n, 3)."""

    corners: Numbers
    shares: Real

    def __call__(self, values: Real) -> Real:
        """Interpolate values (v, 3) at the points (n, 3)."""
        return np.asarray(np.einsum("nc,ncd->nd", self.shares, values[self.corners]))


def along(path: Sequence[int], points: Real, curve: Real) -> Binding:
    """Bind the points of a curve (n, 3) to a path of vertices so that both are covered at the same pace, their ends included."""
    pace = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(curve, axis=0), axis=1))])
    steps = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points[list(path)], axis=0), axis=1))])
    place = np.interp(pace / pace[-1], steps / steps[-1], np.arange(len(path)))
    first = np.minimum(place.astype(int), len(path) - 2)
    share = place - first
    vertices = np.array(path)
    return Binding(
        np.stack([vertices[first], vertices[first + 1], vertices[first]], axis=1),
        np.stack([1 - share, share, np.zeros_like(share)], axis=1),
    )


def closest(points: Real, normals: Real, mesh: Real, triangles: Numbers, allowed: npt.NDArray[np.bool_]) -> Binding:
    """Bind points (n, 3) to the nearest place of a mesh whose normal agrees; `allowed` (n, t) rules triangles out."""
    a, b, c = (mesh[triangles[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    facing /= np.linalg.norm(facing, axis=1, keepdims=True) + 1e-12
    corners, shares = np.zeros((len(points), 3), int), np.zeros((len(points), 3))
    for number, (point, normal) in enumerate(zip(points, normals, strict=True)):
        usable = np.flatnonzero(allowed[number] & (facing @ normal > 0.25))
        near = usable[np.argsort(((a[usable] + b[usable] + c[usable]) / 3 - point).__pow__(2).sum(axis=1))[:60]]
        share = nearest_shares(point, a[near], b[near], c[near])
        found = share[:, :1] * a[near] + share[:, 1:2] * b[near] + share[:, 2:] * c[near]
        best = int(((found - point) ** 2).sum(axis=1).argmin())
        corners[number], shares[number] = triangles[near[best]], share[best]
    return Binding(corners, shares)


def nearest_shares(point: Real, a: Real, b: Real, c: Real) -> Real:
    """Find the barycentric place (t, 3) in each triangle that is nearest to a point."""
    ab, ac, ap = b - a, c - a, point - a
    d00, d01, d11 = (ab * ab).sum(1), (ab * ac).sum(1), (ac * ac).sum(1)
    d20, d21 = (ap * ab).sum(1), (ap * ac).sum(1)
    area = d00 * d11 - d01 * d01 + 1e-15
    inside = np.stack([np.zeros_like(d00), (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area], axis=1)
    inside[:, 0] = 1 - inside[:, 1] - inside[:, 2]
    candidates = [np.where((inside >= 0).all(axis=1, keepdims=True), inside, np.nan)]
    for first, second, start, end in ((0, 1, a, b), (1, 2, b, c), (0, 2, a, c)):
        share = np.clip(((point - start) * (end - start)).sum(1) / (((end - start) ** 2).sum(1) + 1e-15), 0, 1)
        side = np.zeros((len(a), 3))
        side[:, first], side[:, second] = 1 - share, share
        candidates.append(side)
    stacked = np.stack(candidates)
    places = np.einsum("ktc,ctd->ktd", stacked, np.stack([a, b, c]))
    distance = np.nan_to_num(((places - point) ** 2).sum(axis=2), nan=np.inf)
    return np.asarray(stacked[distance.argmin(axis=0), np.arange(len(a))])


def vertex_normals(points: Real, triangles: Numbers) -> Real:
    """Average the triangle normals at each point (n, 3)."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], np.cross(b - a, c - a))
    return np.asarray(normals / (np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12))
