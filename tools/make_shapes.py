"""Make `thespis/assets/shapes.safetensors`: the 51 ARKit shapes on MediaPipe's 468 face points, carried over from ICT-FaceKit.

ICT-FaceKit's neutral face is warped onto MediaPipe's canonical face (a thin-plate warp driven by lip rings, lid rings and landmarks,
then, in rounds, by the nearest surface). Each of the 468 points is bound to a triangle there and takes over its movement, turned as the
warp turns. docs/shapes.md tells the steps and their reasons.
"""

import argparse
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mesh_binding import Binding, Numbers, Real, along, closest, face_triangles, graph_of, mirror_map, vertex_normals, walk
from safetensors.numpy import save
from scipy.interpolate import RBFInterpolator
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from thespis.head import shapes as face

# The 68 landmarks that ICT-FaceKit publishes, less lips and lids, as MediaPipe points; a brow landmark lies between two of them.
OUTLINE = (127, 234, 93, 132, 58, 136, 150, 176, 152, 400, 379, 365, 288, 361, 323, 454, 356)
BROWS = ((70, 46), (63, 53), (105, 52), (66, 65), (107, 55), (336, 285), (296, 295), (334, 282), (293, 283), (300, 276))
NOSE = (168, 197, 5, 4, 98, 97, 2, 326, 327)
FACE_VERTICES = 9409  # ICT-FaceKit numbers the skin of the face first
LEFT_EYEBALL = (21451, 22221)  # the white of the left eye
EYES_APART = 6.3  # in ICT-FaceKit's centimetres
FLIP = np.array([1.0, -1.0, -1.0])  # its y points up and its z to the viewer
ROUNDS = 4
UNSEEN = 0.004  # eye distances; smaller movements fade out
CHEEK = (0.4, 0.8)  # eye distances below the eyes: where movements of brows and eyes begin to fade, and end
FACING = 1e-4  # square eye distances; thinner triangles are seen edge on
UNFOLDED = 0.15  # the share of its area that a triangle keeps at least
LIDS = 0.78  # the canonical lids open by 0.78 of ICT-FaceKit's: they need to come down less
MEETING = 0.8  # the lids meet this far down
FOLLOWS = 0.25  # how far, in eye distances, a correction of an edge reaches into the skin


@dataclass(frozen=True)
class Ict:
    """ICT-FaceKit: `rest` (v, 3), `moves` by name (v, 3), `triangles` (t, 3) of the face, `landmarks` (68,), `eyeball` (n, 3) the left."""

    rest: Real
    moves: Mapping[str, Real]
    triangles: Numbers
    landmarks: Numbers
    eyeball: Real


def read_vertices(file: Path) -> Real:
    """Read the vertices (v, 3) of an obj file, or of an npz file that holds `vertices`."""
    if file.suffix == ".npz":
        return np.asarray(np.load(file)["vertices"], np.float64)
    return np.array([line.split()[1:4] for line in file.read_text().splitlines() if line.startswith("v ")], np.float64)


def read_ict(folder: Path) -> Ict:
    """Read ICT-FaceKit's neutral face, expressions and topology: its FaceXModel folder; the expressions may be packed in one npz."""
    facts = json.loads((folder / "vertex_indices.json").read_text())
    mesh = folder / "generic_neutral_mesh.obj"
    neutral, packed = read_vertices(mesh), folder / "ict_facekit_expressions.npz"
    if packed.exists():
        stored = np.load(packed)
        moves = {
            str(name): delta[:FACE_VERTICES].astype(np.float64)
            for name, delta in zip(stored["expr_names"], stored["expr_delta"], strict=True)
        }
    else:
        moves = {name: (read_vertices(folder / f"{name}.obj") - neutral)[:FACE_VERTICES] for name in facts["expressions"]}
    quads = [
        [int(corner.split("/")[0]) - 1 for corner in line.split()[1:]] for line in mesh.read_text().splitlines() if line.startswith("f ")
    ]
    kept = np.array([quad for quad in quads if max(quad) < FACE_VERTICES])
    # Left and right are the person's own, and ICT-FaceKit looks along +z with y up: the left eye closes at x > 0.
    assert np.linalg.norm(moves["eyeBlink_L"], axis=1) @ neutral[:FACE_VERTICES, 0] > 0
    return Ict(
        neutral[:FACE_VERTICES],
        moves,
        np.concatenate([kept[:, [0, 1, 2]], kept[:, [0, 2, 3]]]),
        np.array(facts["idx_to_landmark_verts"]),
        neutral[slice(*LEFT_EYEBALL)],
    )


def face_frame(points: Real) -> Real:
    """Bring points (468, 3) with y up and z forward into the axes of the face, in eye distances, with the origin between the eyes."""
    turned = points * FLIP
    right, left = turned[[33, 133]].mean(axis=0), turned[[263, 362]].mean(axis=0)
    return np.asarray((turned - (left + right) / 2) / np.linalg.norm(left - right))


def rings(ict: Ict, graph: csr_matrix) -> dict[tuple[int, ...], list[int]]:
    """Find the path of ICT-FaceKit vertices that runs along each MediaPipe ring."""
    mark = ict.landmarks
    stops = {
        face.LIPS_INNER_UPPER: (60, 61, 62, 63, 64),
        face.LIPS_INNER_LOWER: (60, 67, 66, 65, 64),
        face.LIPS_OUTER[:11]: (48, 49, 50, 51, 52, 53, 54),
        (*face.LIPS_OUTER[10:], face.LIPS_OUTER[0]): (54, 55, 56, 57, 58, 59, 48),
        face.EYE_RIGHT_UPPER: (36, 37, 38, 39),
        face.EYE_RIGHT_LOWER: (36, 41, 40, 39),
        face.EYE_LEFT_UPPER: (45, 44, 43, 42),
        face.EYE_LEFT_LOWER: (45, 46, 47, 42),
    }
    return {ring: walk(graph, [int(mark[stop]) for stop in way]) for ring, way in stops.items()}


def spread(field: Real, places: Numbers, change: Real, graph: csr_matrix, width: float = FOLLOWS) -> Real:
    """Add a change (n, 3) at some points (n,) to a field (468, 3); skin nearer than `width` follows softly."""
    distance = dijkstra(graph, indices=places)
    weight = 1 / (distance**2 + 1e-6)
    weight /= weight.sum(axis=0)
    result = field + (np.clip(1 - (distance.min(axis=0) / width) ** 2, 0, 1) ** 2)[:, None] * np.einsum("np,nd->pd", weight, change)
    result[places] = field[places] + change
    return np.asarray(result)


def side_labels(graph: csr_matrix, upper: Sequence[int], lower: Sequence[int], within: float) -> Numbers:
    """Tell which vertices (v,) are nearer along the surface to the upper edge (1) or to the lower one (-1), and within reach (else 0)."""
    above = dijkstra(graph, indices=list(upper)[1:-1], min_only=True)
    below = dijkstra(graph, indices=list(lower)[1:-1], min_only=True)
    return np.where(np.minimum(above, below) > within, 0, np.sign(below - above)).astype(int)


PAIRS = (
    (face.LIPS_INNER_UPPER, face.LIPS_INNER_LOWER),
    (face.EYE_RIGHT_UPPER, face.EYE_RIGHT_LOWER),
    (face.EYE_LEFT_UPPER, face.EYE_LEFT_LOWER),
)


def close_lips(points: Real, graph: csr_matrix) -> Real:
    """Bring the canonical face's parted inner lips (468, 3) together, as ICT-FaceKit's are."""
    upper, lower = face.LIPS_INNER_UPPER[1:-1], face.LIPS_INNER_LOWER[1:-1]
    half = (points[list(lower)] - points[list(upper)]) / 2
    return spread(points, np.array(upper + lower), np.concatenate([half, -half]), graph)


def register(ict: Ict, target: Real, triangles: Numbers, graph: csr_matrix) -> tuple[Binding, Callable[[Real], Real]]:
    """Bind MediaPipe's points (468,) to ICT-FaceKit's face; also give the warp that lays that face onto the target (468, 3)."""
    ict_graph = graph_of(ict.triangles, ict.rest)
    paths = rings(ict, ict_graph)
    bound = {ring: along(path, ict.rest, target[list(ring)]) for ring, path in paths.items()}
    mark = ict.rest[ict.landmarks]
    sources = [bound[ring](ict.rest) for ring in paths] + [mark[:36]]
    marked = np.concatenate([target[list(OUTLINE)], target[np.array(BROWS)].mean(axis=1), target[list(NOSE)]])
    targets = [target[list(ring)] for ring in paths] + [marked]
    trust = [1e-5] * sum(len(part) for part in sources[:-1]) + [1e-2] * len(OUTLINE) + [3e-3] * len(BROWS) + [1e-3] * len(NOSE)

    ringed = sorted({point for ring in paths for point in ring})
    loose = np.setdiff1d(np.arange(face.POINTS), ringed)
    allowed = np.ones((face.POINTS, len(ict.triangles)), bool)
    for upper, lower in PAIRS:
        ours = side_labels(graph, upper, lower, 0.35)
        theirs = side_labels(ict_graph, paths[upper], paths[lower], 0.6 * EYES_APART)
        sides = np.sign(theirs[ict.triangles].sum(axis=1))
        allowed &= ours[:, None] * sides[None, :] >= 0
    normals = vertex_normals(target, triangles)

    warp = thin_plate(np.concatenate(sources), np.concatenate(targets), np.array(trust))
    for _ in range(ROUNDS):
        laid = warp(ict.rest)
        surface = closest(target[loose], normals[loose], laid, ict.triangles, allowed[loose])
        warp = thin_plate(
            np.concatenate([*sources, surface(ict.rest)]),
            np.concatenate([*targets, target[loose]]),
            np.array(trust + [2e-2] * len(loose)),
        )
    corners, shares = np.zeros((face.POINTS, 3), int), np.zeros((face.POINTS, 3))
    surface = closest(target[loose], normals[loose], warp(ict.rest), ict.triangles, allowed[loose])
    corners[loose], shares[loose] = surface.corners, surface.shares
    for ring, binding in bound.items():
        corners[list(ring)], shares[list(ring)] = binding.corners, binding.shares
    return Binding(corners, shares), warp


def thin_plate(sources: Real, targets: Real, trust: Real) -> Callable[[Real], Real]:
    """Fit the smooth warp that takes sources (n, 3) nearly to targets (n, 3); small `trust` (n,) numbers bind tighter."""
    scaled = sources / EYES_APART
    fit = RBFInterpolator(scaled, targets - scaled * FLIP, kernel="thin_plate_spline", smoothing=trust)
    return lambda points: np.asarray(fit(points / EYES_APART) + points / EYES_APART * FLIP)


def turns(warp: Callable[[Real], Real], places: Real, graph: csr_matrix) -> Real:
    """Find how the warp turns movements at places (n, 3) -> (n, 3, 3), from ICT-FaceKit's centimetres to eye distances.

    Only the turn is kept, smoothed widely: what the warp squeezes at the lips or draws out at the chin is a difference of form, not of
    movement, and would bend the jaw's path.
    """
    step = 0.05
    columns = [(warp(places + step * axis) - warp(places - step * axis)) / (2 * step) * EYES_APART for axis in np.eye(3)]
    jacobian = smooth(np.stack(columns, axis=2).reshape(len(places), 9), graph, 40).reshape(-1, 3, 3)
    left, _, right = np.linalg.svd(jacobian)
    return np.asarray(left @ right / EYES_APART)


def smooth(values: Real, graph: csr_matrix, rounds: int, share: float = 0.5, back: float = 0.0, fixed: Sequence[int] = ()) -> Real:
    """Move each point's values (n, d) towards their neighbours' mean, and then `back` so that broad forms keep their size.

    Edges of lips and lids have no neighbours across the opening, so nothing leaks from one lip into the other.
    """
    near = (graph > 0).astype(np.float64)
    near = near.multiply(1 / near.sum(axis=1)).tocsr()
    held = np.array(sorted(fixed), int)
    for _ in range(rounds):
        for step in (share, -back):
            moved = values + step * (near @ values - values)
            moved[held] = values[held]
            values = moved
    return values


def arkit_move(ict: Ict, name: str) -> Real:
    """Find the ICT-FaceKit movement (v, 3) of an ARKit shape: its own, or its left and right halves together."""
    for parts in ((name,), (re.sub("(Left|Right)$", lambda side: f"_{side[0][0]}", name),), (f"{name}_L", f"{name}_R")):
        if all(part in ict.moves for part in parts):
            return np.asarray(np.sum([ict.moves[part] for part in parts], axis=0))
    raise KeyError(f"ICT-FaceKit has no shape for {name}")


def other_side(name: str) -> str:
    """Name the mirrored shape."""
    if "Left" in name:
        return name.replace("Left", "Right")
    return name.replace("Right", "Left")


def symmetric(fields: dict[str, Real], mirror: Numbers) -> dict[str, Real]:
    """Make every left shape the exact mirror of the right one, and every other shape its own."""
    flip = np.array([-1.0, 1.0, 1.0])
    return {name: (field + fields[other_side(name)][mirror] * flip) / 2 for name, field in fields.items()}


def fade(name: str, field: Real, points: Real) -> Real:
    """Take away movements too small to see, and those of brows and eyes below the cheekbones, softly, so that each has its region."""
    size = np.linalg.norm(field, axis=1)
    low = min(UNSEEN, 0.025 * size.max())
    share = np.clip((size - low) / (2 * low), 0, 1)
    if name.startswith(("brow", "eye")):
        share *= np.clip((CHEEK[1] - points[:, 1]) / (CHEEK[1] - CHEEK[0]), 0, 1)
    return np.asarray(field * (share * share * (3 - 2 * share))[:, None])


def close_lids(fields: dict[str, Real], points: Real, graph: csr_matrix, eyes: tuple[Real, Real]) -> None:
    """Make each blink bring the upper lid exactly onto the lower one, on the eyeball, MEETING of the way down."""
    for name, (upper_ring, lower_ring), eye in zip(("eyeBlinkRight", "eyeBlinkLeft"), PAIRS[1:], (eyes[1], eyes[0]), strict=True):
        upper, lower = np.array(upper_ring[1:-1]), np.array(lower_ring[1:-1])
        meet = points[upper] + MEETING * (points[lower] - points[upper])
        depth = (1 - MEETING) * np.linalg.norm(points[upper] - eye, axis=1) + MEETING * np.linalg.norm(points[lower] - eye, axis=1)
        meet = eye + (meet - eye) * (depth / np.linalg.norm(meet - eye, axis=1))[:, None]
        rims = np.concatenate([upper, lower])
        change = np.concatenate([meet, meet]) - points[rims] - fields[name][rims]
        fields[name] = spread(fields[name], rims, change, graph)


def seal_lips(fields: dict[str, Real], graph: csr_matrix) -> None:
    """Let no shape push the lips through each other, and let mouthClose undo the opening of jawOpen exactly."""
    upper, lower = np.array(face.LIPS_INNER_UPPER[1:-1]), np.array(face.LIPS_INNER_LOWER[1:-1])
    rims = np.concatenate([upper, lower])
    for name, field in fields.items():
        gap = field[lower] - field[upper]
        if name == "mouthClose":
            excess = gap + fields["jawOpen"][lower] - fields["jawOpen"][upper]
        else:
            excess = np.where(gap[:, 1:2] < 0, gap, 0) * [0, 1, 0]
        fields[name] = spread(field, rims, np.concatenate([excess, -excess]) / 2, graph)


def ball(surface: Real) -> tuple[Real, float]:
    """Fit a sphere to points (n, 3): its centre (3,) and radius."""
    terms = np.concatenate([2 * surface, np.ones((len(surface), 1))], axis=1)
    answer = np.linalg.lstsq(terms, (surface**2).sum(axis=1), rcond=None)[0]
    return answer[:3], float(np.sqrt(answer[3] + answer[:3] @ answer[:3]))


def unfold(field: Real, points: Real, triangles: Numbers, held: Numbers) -> Real:
    """Even a field (468, 3) out where it would turn a triangle over that faces the viewer; `held` points stay as they are."""
    free = np.ones((len(points), 1))
    free[held] = 0
    front = facing(points, triangles)
    seen = triangles[front > FACING]
    for _ in range(200):
        folded = seen[facing(points + field, seen) < UNFOLDED * front[front > FACING]]
        if not len(folded):
            break
        pull, count = np.zeros_like(field), np.zeros((len(points), 1))
        for corner in range(3):
            np.add.at(pull, folded[:, corner], field[folded].mean(axis=1) - field[folded[:, corner]])
            np.add.at(count, folded[:, corner], 1.0)
        field = field + 0.3 * free * pull / np.maximum(count, 1)
    return field


def facing(points: Real, triangles: Numbers) -> Real:
    """Measure the area (t,) that each triangle turns to the viewer; negative ones are turned away."""
    a, b, c = (points[triangles[:, corner], :2] for corner in range(3))
    return np.asarray(((b - a)[:, 1] * (c - a)[:, 0] - (b - a)[:, 0] * (c - a)[:, 1]) / 2)


def carry(ict: Ict, points: Real, triangles: Numbers, mirror: Numbers) -> tuple[dict[str, Real], dict[str, Real], Real]:
    """Carry ICT-FaceKit's movements over: the finished fields by name (468, 3), the fields as registered, and both eyeball centres."""
    graph = graph_of(triangles, points)
    target = close_lips(points, graph)
    binding, warp = register(ict, target, triangles, graph)
    places = binding(ict.rest)
    turn = turns(warp, places, graph)
    centre, _ = ball(ict.eyeball)
    left = warp(centre[None])[0]
    eyes = np.stack([left, left * [-1.0, 1.0, 1.0]])
    raw = symmetric({name: np.einsum("nij,nj->ni", turn, binding(arkit_move(ict, name))) for name in face.SHAPES}, mirror)
    edges = [point for pair in PAIRS for ring in pair for point in ring]
    fields = {name: fade(name, smooth(field, graph, 2, 0.33, 0.34, edges), points) for name, field in raw.items()}
    for name in ("eyeBlinkLeft", "eyeBlinkRight", "eyeLookDownLeft", "eyeLookDownRight"):
        fields[name] = LIDS * fields[name]
    close_lids(fields, points, graph, (eyes[0], eyes[1]))
    seal_lips(fields, graph)
    for name, field in fields.items():
        lips_roll = name.startswith("mouthRoll")
        under = fields["jawOpen"] if name == "mouthClose" else np.zeros_like(field)
        fields[name] = unfold(field + under, points, triangles, np.array([] if lips_roll else edges, int)) - under
    seal_lips(fields, graph)
    return symmetric(fields, mirror), raw, eyes


def checks(fields: Mapping[str, Real], raw: Mapping[str, Real]) -> dict[str, dict[str, float]]:
    """Measure each shape: likeness to the registered ICT-FaceKit movement, peak in eye distances, points moved, change of the lip gap."""
    upper, lower = face.LIPS_INNER_UPPER[5], face.LIPS_INNER_LOWER[5]
    found = {}
    for name, field in fields.items():
        size = np.linalg.norm(field, axis=1)
        likeness = (field * raw[name]).sum() / np.linalg.norm(field) / np.linalg.norm(raw[name])
        gap = field[lower, 1] - field[upper, 1]
        found[name] = {
            "cosine": round(float(likeness), 4),
            "peak": round(float(size.max()), 4),
            "points": int((size > 0).sum()),
            "lip_gap": round(float(gap), 4) + 0.0,
        }
    return found


def notice(mesh: Path) -> str:
    """Read the licence that stands in the comments of ICT-FaceKit's mesh, and must go wherever its shapes go."""
    return " ".join(line.strip("# \n") for line in mesh.read_text().splitlines() if line.startswith("#") and line.strip("# "))


def main() -> None:
    """Make the shapes and their card."""
    parser = argparse.ArgumentParser(description="Make the face shapes from ICT-FaceKit and MediaPipe's canonical face.")
    parser.add_argument("--ict", type=Path, required=True, help="ICT-FaceKit's FaceXModel folder")
    parser.add_argument(
        "--canonical", type=Path, required=True, help="MediaPipe's canonical_face_model.obj, or an npz with `vertices` (468, 3)"
    )
    parser.add_argument("--out", type=Path, default=Path(face.__file__).parents[1] / "assets")
    asked = parser.parse_args()
    ict, points = read_ict(asked.ict), face_frame(read_vertices(asked.canonical))
    mirror, triangles = mirror_map(points), face_triangles(points)
    fields, raw, eyes = carry(ict, points, triangles, mirror)
    lids = [point for pair in PAIRS[2:] for ring in pair for point in ring[1:-1]]
    tensors = {
        "points": points.astype(np.float32),
        "fields": np.stack([fields[name] for name in face.SHAPES]).astype(np.float32),
        "triangles": triangles.astype(np.int32),
        "mirror": mirror.astype(np.int32),
        "eye_left_centre": eyes[0].astype(np.float32),
        "eye_right_centre": eyes[1].astype(np.float32),
        "eye_radius": np.array([np.linalg.norm(points[lids] - eyes[0], axis=1).mean()], np.float32),
    }
    asset = asked.out / "shapes.safetensors"
    asset.write_bytes(save(tensors))
    card = {
        "name": "shapes",
        "file": asset.name,
        "sha256": hashlib.sha256(asset.read_bytes()).hexdigest(),
        "licence": "MIT AND Apache-2.0",
        "commercial": True,
        "source": "made by tools/make_shapes.py; see made_by",
        "made_by": "python tools/make_shapes.py --ict ICT-FaceKit/FaceXModel --canonical canonical_face_model.obj",
        "data": "expressions: ICT-FaceKit (MIT, USC ICT); points: MediaPipe's canonical face (Apache-2.0, Google)",
        "scores": "docs/shapes.md",
        "notice": notice(asked.ict / "generic_neutral_mesh.obj"),
        "checks": checks(fields, raw),
    }
    (asked.out / "shapes.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"{asset}: {asset.stat().st_size} bytes, sha256 {card['sha256']}")


if __name__ == "__main__":
    main()
