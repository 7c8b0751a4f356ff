"""OpenHead's skin around the face: ICT-FaceKit's head laid on our face, cut along the face's outline, made coarser, left half only."""

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from make_shapes import EYES_APART, FLIP, Ict, close_lips, read_ict, read_vertices, register, turns
from mesh_binding import Binding, Numbers, Real, graph_of, vertex_normals, walk
from mesh_decimate import decimate
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import spsolve

from thespis.head import shapes as face

FAR = 2.2  # eye distances from the face's outline to where the warp has given way to plain scaling
OVAL_LEFT = face.OVAL[:19]  # from the top of the forehead over the person's left to the chin
EAR_CANAL, CANAL = 7064, 1.35  # the vertex at the end of the left ear's canal, and the canal's length in centimetres
ON_SEAM = 1e-4  # centimetres
SEAM, OUTLINE, HEM = 1, 2, 4  # lines of the half mesh: the middle, the outline of the face, the edge of the chest


@dataclass(frozen=True)
class Laid:
    """ICT-FaceKit laid on our face: `points` (v, 3), `turn` (v, 3, 3) of movements, `binding` of our 468 points, all triangles by material.

    `moves` and `people` are full-size movements (v, 3), in centimetres and ICT-FaceKit's axes.
    """

    rest: Real
    points: Real
    turn: Real
    face_turn: Real
    binding: Binding
    triangles: dict[str, Numbers]
    ict: Ict
    people: Real


def read_triangles(mesh: Path) -> dict[str, Numbers]:
    """Read the triangles (t, 3) of each material."""
    found: dict[str, list[list[int]]] = {}
    material = ""
    for line in mesh.read_text().splitlines():
        if line.startswith("usemtl"):
            material = line.split()[1]
        elif line.startswith("f "):
            corners = [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]]
            found.setdefault(material, []).extend([corners[0], *pair] for pair in pairwise(corners[1:]))
    return {name: np.array(rows) for name, rows in found.items()}


def read_full(folder: Path) -> tuple[Real, dict[str, Real], Real]:
    """Read all vertices (v, 3), all expression movements (v, 3) by name, and the identities (40, v, 3)."""
    rest = read_vertices(folder / "generic_neutral_mesh.obj")
    packed = folder / "ict_facekit_expressions.npz"
    if packed.exists():
        stored = np.load(packed)
        moves = {str(name): delta.astype(np.float64) for name, delta in zip(stored["expr_names"], stored["expr_delta"], strict=True)}
        people = np.load(folder / "ict_facekit_identities.npz")["id_delta"].astype(np.float64)
    else:
        facts = json.loads((folder / "vertex_indices.json").read_text())
        moves = {name: read_vertices(folder / f"{name}.obj") - rest for name in facts["expressions"]}
        people = np.stack([read_vertices(file) - rest for file in sorted(folder.glob("identity*.obj"))])
    return rest, moves, people


def lay(folder: Path, points: Real, triangles: Numbers) -> Laid:
    """Lay ICT-FaceKit's whole head on the face (468, 3), as make_shapes does; away from it, the warp gives way to scaling by axis."""
    ict = read_ict(folder)
    graph = graph_of(triangles, points)
    binding, warp = register(ict, close_lips(points, graph), triangles, graph)
    rest, moves, people = read_full(folder)
    materials = read_triangles(folder / "generic_neutral_mesh.obj")
    head = np.concatenate([materials["M_Face"], materials["M_BackHead"]])
    warped, near = warp(rest), binding(rest)
    # Scaling and shift by axis that fit the outline of the face and the ears best.
    flipped, fit = near * FLIP / EYES_APART, binding(warped)
    trusted = np.isin(np.arange(face.POINTS), face.OVAL) | (points[:, 2] > 0.35)
    plain = np.empty_like(rest)
    for axis in range(3):
        scale, shift = np.polyfit(flipped[trusted, axis], fit[trusted, axis], 1)
        if axis == 0:
            shift = 0.0
        print(f"axis {axis}: scale {scale:.3f}")
        plain[:, axis] = rest[:, axis] * FLIP[axis] / EYES_APART * scale + shift
    start = np.unique(binding.corners[binding.shares > 0.3])
    distance = dijkstra(graph_of(head, rest / EYES_APART), indices=start, min_only=True)
    share = np.clip(np.nan_to_num(distance, posinf=0) / FAR, 0, 1)
    share = (share * share * (3 - 2 * share))[:, None]
    places = binding(ict.rest)
    face_turn = turns(warp, places, graph)
    weight = 1 / (dijkstra(graph_of(head, rest / EYES_APART), indices=np.unique(binding.corners[:, 0]), limit=4.0) ** 2 + 0.05)
    weight = np.nan_to_num(weight, posinf=0)
    owners = np.unique(binding.corners[:, 0])
    owner_turn = np.stack([face_turn[binding.corners[:, 0] == owner].mean(axis=0) for owner in owners]) * EYES_APART
    local = np.einsum("ov,oij->vij", weight / (weight.sum(axis=0) + 1e-9), owner_turn)
    mixed = (1 - share[:, :, None]) * local + share[:, :, None] * np.diag(FLIP)
    mixed[np.abs(mixed).sum(axis=(1, 2)) < 1e-6] = np.diag(FLIP)
    left, _, right = np.linalg.svd(mixed)
    full = Ict(rest, moves, ict.triangles, ict.landmarks, ict.eyeball)
    laid = close_canal(raised((1 - share) * warped + share * plain, distance), rest, head)
    return Laid(rest, laid, left @ right / EYES_APART, face_turn, binding, materials, full, people)


def raised(points: Real, distance: Real) -> Real:
    """Raise the top of the skull, which the face's low forehead would leave flat, with the distance (v,) from the face."""
    away = np.clip(np.nan_to_num(distance, posinf=0) / 0.9, 0, 1)
    up = np.clip((-0.35 - points[:, 1]) / 1.1, 0, 1)
    lift = away * away * (3 - 2 * away) * up * up * (3 - 2 * up)
    front = np.clip((1.6 - points[:, 2]) / 1.6, 0, 1)
    return np.asarray(points + lift[:, None] * np.stack([np.zeros_like(front), -0.16 - 0.2 * front, -0.16 * front], axis=1))


def close_canal(points: Real, rest: Real, triangles: Numbers) -> Real:
    """Stretch a skin over the left ear's canal, which would come out behind the ear."""
    graph = graph_of(triangles, rest)
    inside = np.flatnonzero(dijkstra(graph, indices=EAR_CANAL) < CANAL)
    near = (graph > 0).astype(float)[inside]
    matrix = (diags(np.asarray(near.sum(axis=1)).ravel()) - near[:, inside]).tocsc()
    rest_of = np.setdiff1d(np.arange(len(points)), inside)
    result = points.copy()
    result[inside] = spsolve(matrix, near[:, rest_of] @ points[rest_of])
    return result


@dataclass(frozen=True)
class Half:
    """The left half of a part: `source` (n,) numbers ICT-FaceKit's vertices, `points` (n, 3), `triangles` (t, 3) between them."""

    source: Numbers
    points: Real
    triangles: Numbers


def compact(points: Real, triangles: Numbers) -> Half:
    """Keep only the vertices that triangles use."""
    used, renamed = np.unique(triangles, return_inverse=True)
    return Half(used, points[used], renamed.reshape(-1, 3))


def outline_path(laid: Laid, points: Real, head: Numbers) -> tuple[list[int], list[int]]:
    """Find the path of ICT-FaceKit vertices along the left half of the face's outline, and its 19 vertices for our 19 points."""
    seam = np.abs(laid.rest[:, 0]) < ON_SEAM
    used = np.zeros(len(laid.rest), bool)
    used[np.unique(head)] = True
    graph = graph_of(head, laid.rest)
    outside = vertex_normals(laid.points, head)
    anchors: list[int] = []
    for number, point in enumerate(OVAL_LEFT):
        ends = number in (0, len(OVAL_LEFT) - 1)
        usable = np.flatnonzero(used & (seam == ends) & (laid.rest[:, 0] > -ON_SEAM) & (outside @ (points[point] - [0, 0.4, 0.8]) > 0))
        anchors.append(int(usable[((laid.points[usable] - points[point]) ** 2).sum(axis=1).argmin()]))
    off_seam = graph.tolil()
    middle = [int(vertex) for vertex in np.flatnonzero(seam & used) if vertex not in anchors]
    off_seam[middle, :] = 0
    off_seam[:, middle] = 0
    return walk(csr_matrix(off_seam), anchors), anchors


def outer_half(laid: Laid, points: Real, count: int) -> tuple[Half, dict[int, int]]:
    """Cut the left half of the skin outside the face and make it coarser -> the half, and the outline's 19 points by number in the half."""
    head = np.concatenate([laid.triangles["M_Face"], laid.triangles["M_BackHead"]])
    head = head[laid.rest[head, 0].min(axis=1) > -ON_SEAM]
    path, anchors = outline_path(laid, points, head)
    assert len(set(path)) == len(path), "the outline crosses itself"
    walls = {frozenset(pair) for pair in pairwise(path)}
    users: dict[frozenset[int], list[int]] = {}
    for number, (a, b, c) in enumerate(head.tolist()):
        for side in ((a, b), (b, c), (c, a)):
            users.setdefault(frozenset(side), []).append(number)
    links = np.array([owners for side, owners in users.items() if len(owners) == 2 and side not in walls])
    _, piece = connected_components(coo_matrix((np.ones(len(links)), (links[:, 0], links[:, 1])), (len(head), len(head))), directed=False)
    lowest = head[laid.rest[head, 1].mean(axis=1).argmin()]
    outer = head[piece == piece[(head == lowest).all(axis=1).argmax()]]

    # The cut is drawn straight from each of our outline points to the next, so that nothing folds where the path zigzags.
    moved = laid.points.copy()
    stops = [path.index(anchor) for anchor in anchors]
    for start, end, one, two in zip(stops[:-1], stops[1:], OVAL_LEFT[:-1], OVAL_LEFT[1:], strict=True):
        for step in range(start, end + 1):
            share = (step - start) / (end - start)
            moved[path[step]] = (1 - share) * points[one] + share * points[two]
    shift = moved - laid.points
    distance, _, near = dijkstra(graph_of(outer, laid.points), indices=path, min_only=True, return_predecessors=True)
    reach = np.clip(1 - np.nan_to_num(distance, posinf=9) / 0.25, 0, 1)[:, None] ** 2
    moved = np.where(np.isin(np.arange(len(moved)), path)[:, None], moved, laid.points + reach * shift[np.clip(near, 0, None)])

    part = compact(moved, outer)
    rest, name = laid.rest[part.source], {int(source): number for number, source in enumerate(part.source)}
    sides = np.sort(np.concatenate([part.triangles[:, [0, 1]], part.triangles[:, [1, 2]], part.triangles[:, [0, 2]]]), axis=1)
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    border = np.zeros(len(rest), bool)
    border[edges[uses == 1]] = True
    on_path = np.isin(part.source, path)
    lines = SEAM * (np.abs(rest[:, 0]) < ON_SEAM) + OUTLINE * on_path
    lines += HEM * (border & ~on_path & ((lines & SEAM == 0) | (rest[:, 1] < rest[:, 1].min() + 3) & (rest[:, 1] < -12.5)))
    fixed = np.isin(part.source, anchors) | (np.isin(lines, [SEAM | HEM, SEAM | OUTLINE]) & border & (lines & OUTLINE == 0))
    fixed &= ~(np.isin(lines, [SEAM | HEM]) & ~hem_corner(edges[uses == 1], lines))
    ears = ear_share(laid.rest[part.source])
    value = 0.4 + 6 * ears + 0.8 * np.clip(1 - np.linalg.norm(rest - [0, -4, 4], axis=1) / 14, 0, 1)
    coarse = decimate(
        part.points, part.triangles, count, fixed=fixed, first=on_path & ~np.isin(part.source, anchors), lines=lines, value=value
    )
    kept = compact(part.points, coarse)
    back = {int(vertex): number for number, vertex in enumerate(kept.source)}
    ends = {back[name[anchor]]: point for anchor, point in zip(anchors, OVAL_LEFT, strict=True)}
    return Half(part.source[kept.source], kept.points, kept.triangles), ends


def hem_corner(border: Numbers, lines: Numbers) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Find the vertices (n,) where the middle line meets the hem."""
    corner = np.zeros(len(lines), bool)
    for first, second in np.concatenate([border, border[:, ::-1]]):
        if lines[first] & SEAM and not lines[second] & SEAM:
            corner[first] = True
    return corner


def ear_share(rest: Real) -> Real:
    """Tell how much each place (n, 3) of ICT-FaceKit's left half belongs to the ear, from 0 to 1."""
    outward = np.clip((rest[:, 0] - 7.15) / 0.5, 0, 1)
    height = np.clip(1 - np.abs(rest[:, 1] - 0.9) / 3.6, 0, 1) > 0
    depth = (rest[:, 2] > -2.3) & (rest[:, 2] < 3.4)
    hollow = np.clip((1.9 - np.linalg.norm(rest - [6.6, 0.6, 1.1], axis=1)) / 0.3, 0, 1)
    return np.asarray(np.maximum(outward * height * depth, hollow))


def part_half(laid: Laid, triangles: Numbers, count: int, value: Real | None = None) -> Half:
    """Take the left half of a separate part and make it coarser, its middle line kept."""
    half = triangles[laid.rest[triangles, 0].min(axis=1) > -ON_SEAM]
    part = compact(laid.points, half)
    rest = laid.rest[part.source]
    sides = np.sort(np.concatenate([part.triangles[:, [0, 1]], part.triangles[:, [1, 2]], part.triangles[:, [0, 2]]]), axis=1)
    edges, uses = np.unique(sides, axis=0, return_counts=True)
    border = np.zeros(len(rest), bool)
    border[edges[uses == 1]] = True
    seam = np.abs(rest[:, 0]) < ON_SEAM
    lines = np.where(border, np.where(seam, SEAM, HEM), 0)
    coarse = decimate(
        part.points, part.triangles, count, fixed=np.zeros(len(rest), bool), first=np.zeros(len(rest), bool), lines=lines,
        value=np.ones(len(rest)) if value is None else value[part.source],
    )  # fmt: skip
    kept = compact(part.points, coarse)
    return Half(part.source[kept.source], kept.points, kept.triangles)
