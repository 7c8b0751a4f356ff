"""OpenHead's inner parts and hair, left half: gums, tongue, teeth, eyeball, lids' inner side, mouth lining, hair cap."""

from dataclasses import dataclass, field

import numpy as np
from mesh_binding import Numbers, Real, graph_of, vertex_normals
from openhead_skin import Half, Laid, ear_share, part_half
from scipy.sparse import csr_matrix, lil_matrix
from scipy.sparse.csgraph import dijkstra

from thespis.head import shapes as face

TONGUE, TEETH_LOWER = 16560, 19247  # where ICT-FaceKit's tongue and lower teeth begin
SIDE = 16  # points around an eyeball
PUPIL, IRIS = 0.38, 0.088  # of the iris, and in eye distances
CORNEA = 0.012
INWARD, DOWNWARD = 0.045, 0.06  # eye distances that teeth and gums are moved, since our lips are thinner than ICT-FaceKit's, and parted
SETTLES = 0.7  # how far, in eye distances, skin around the face follows the differences at its outline
RINGS = ((0.05, 0.03, 0.05, 1.0), (0.13, 0.11, 0.35, 1.02), (0.3, 0.24, 0.75, 1.15), (0.75, 0.33, 1.0, 1.3), (1.25, 0.25, 1.0, 1.05))
"""The lining of the mouth: how far behind the lips, how far above or below them, how little of the lips' movement, and how wide."""


@dataclass
class Part:
    """The left half of a part: `points` (n, 3), `triangles` (t, 3), each vertex' `group` name, and the vertices that are one with others.

    Its movement is `from_ict` (n, v) times ICT-FaceKit's turned one, plus `from_face` (n, 468) times our face's. `weld` gives the number
    of the vertex of the whole head that a vertex is one with; those on the middle line have x = 0.
    """

    points: Real
    triangles: Numbers
    group: list[str]
    from_ict: csr_matrix
    from_face: csr_matrix
    weld: dict[int, int] = field(default_factory=dict)
    tongue: Real | None = None


def choose(rows: int, columns: int, source: Numbers) -> csr_matrix:
    """Make the matrix that picks one source for each row."""
    return csr_matrix((np.ones(rows), (np.arange(rows), source)), (rows, columns))


def on_seam(points: Real, rest: Real) -> Real:
    """Put the points of the middle line exactly there, and keep the others off it."""
    middle = np.abs(rest[:, 0]) < 1e-4
    return np.where(middle[:, None], points * [0, 1, 1], points)


def skin_part(laid: Laid, half: Half, ends: dict[int, int]) -> Part:
    """Make the skin outside the face: it moves as ICT-FaceKit does, plus, near the face, by what the face's outline does differently."""
    count = len(half.points)
    rest = laid.rest[half.source]
    local = np.array(list(ends))
    distance = dijkstra(graph_of(half.triangles, half.points), indices=local)
    weight = 1 / (distance**2 + 1e-4)
    weight /= weight.sum(axis=0)
    reach = np.clip(1 - (distance.min(axis=0) / SETTLES) ** 2, 0, 1) ** 2
    spread = csr_matrix((weight * reach).T)
    own = choose(count, len(laid.rest), half.source)
    points_of = np.array([ends[number] for number in local])
    binding = laid.binding
    bound = csr_matrix(
        (binding.shares[points_of].ravel(), (np.repeat(np.arange(len(local)), 3), binding.corners[points_of].ravel())),
        (len(local), len(laid.rest)),
    )
    pick = choose(len(local), face.POINTS, points_of)
    ears = ear_share(rest) > 0.3
    group = np.select(
        [ears, half.points[:, 1] > 2.35, (half.points[:, 1] > 1.25) | ((rest[:, 1] < -4.6) & (half.points[:, 1] > 0.9))],
        ["ears", "chest", "neck"], "skull",
    )  # fmt: skip
    return Part(
        on_seam(half.points, rest), half.triangles, group.tolist(), (own - spread @ bound).tocsr(), (spread @ pick).tocsr(), weld=ends
    )


def mouth_parts(laid: Laid, gums: int, teeth: int) -> Part:
    """Make gums, tongue and teeth, kept in their own form: only scaled and shifted to where the warp takes them."""
    pieces, groups = [], []
    used = np.unique(np.concatenate([laid.triangles["M_GumsTongue"], laid.triangles["M_Teeth"]]))
    plain = np.empty_like(laid.rest)
    flip = np.array([1.0, -1.0, -1.0])
    for axis in range(3):
        scale, shift = np.polyfit(laid.rest[used, axis] * flip[axis], laid.points[used, axis], 1)
        plain[:, axis] = laid.rest[:, axis] * flip[axis] * scale + (0 if axis == 0 else shift)
    plain += [0, DOWNWARD, INWARD]
    roots_up, roots_down = plain[17039:TEETH_LOWER, 1], plain[TEETH_LOWER:21451, 1]
    roots_up[:] = np.maximum(roots_up, np.quantile(roots_up, 0.35))  # roots are squashed into the gums
    roots_down[:] = np.minimum(roots_down, np.quantile(roots_down, 0.65))
    placed = Laid(laid.rest, plain, laid.turn, laid.face_turn, laid.binding, laid.triangles, laid.ict, laid.people)
    value = np.ones(len(laid.rest))
    value[(laid.rest[:, 2] < 4) & (np.arange(len(value)) < TONGUE)] = 0.02  # the back of the palate is never seen
    for name, count in (("M_GumsTongue", gums), ("M_Teeth", teeth)):
        half = part_half(placed, laid.triangles[name], count, value)
        source = half.source
        lower = np.linalg.norm(laid.ict.moves["jawOpen"][source], axis=1) > 0.5  # centimetres
        if name == "M_Teeth":
            group = np.where(source < TEETH_LOWER, "teeth_upper", "teeth_lower")
        else:
            group = np.where(source >= TONGUE, "tongue", np.where(lower, "gums_lower", "gums_upper"))
        pieces.append(half)
        groups += group.tolist()
    first = len(pieces[0].points)
    source = np.concatenate([half.source for half in pieces])
    pieces[1] = Half(pieces[1].source, swollen(pieces[1].points, pieces[1].triangles), pieces[1].triangles)
    points = on_seam(np.concatenate([half.points for half in pieces]), laid.rest[source])
    triangles = np.concatenate([pieces[0].triangles, pieces[1].triangles + first])
    return Part(
        points, triangles, groups, choose(len(source), len(laid.rest), source), csr_matrix((len(source), face.POINTS)),
        tongue=tongue_out(points, np.array(groups) == "tongue"),
    )  # fmt: skip


def swollen(points: Real, triangles: Numbers) -> Real:
    """Move the corners (n, 3) of small round things out, so that they keep their size when they are drawn smooth."""
    near = (graph_of(triangles, points) > 0).astype(float)
    count = np.asarray(near.sum(axis=1))
    pull = np.where(count == 3, 3 / 16, 3 / (8 * np.maximum(count, 1)))
    result = points
    for _ in range(3):
        smooth = result
        for _ in range(2):
            smooth = (1 - count * pull) * smooth + pull * (near @ smooth)
        result = result + 0.55 * (points - smooth)
    return np.asarray(result)


def tongue_out(points: Real, tongue: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Real:
    """Move the tongue (n, 3) out between the lips: its front farthest, forward, over the lower teeth and down, thinner towards the tip."""
    field = np.zeros_like(points)
    body = points[tongue]
    front, back = body[:, 2].min(), body[:, 2].max()
    along = np.clip((back - body[:, 2]) / (back - front), 0, 1)
    share = along * along * (3 - 2 * along)
    middle = body[:, 1].mean()
    field[tongue, 2] = -0.62 * share
    field[tongue, 1] = -0.02 * share + 0.14 * share**4 - (body[:, 1] - middle) * 0.3 * share
    field[tongue, 0] = -0.4 * share * body[:, 0]
    return field


def eyeball_fit(shapes: face.Shapes) -> tuple[Real, float]:
    """Find the left eyeball, centre (3,) and radius: as near behind the lids' margins as a ball can be that the lids slide over."""
    radius = 0.205
    margin = shapes.points[list(dict.fromkeys([*face.EYE_LEFT_UPPER[1:-1], *face.EYE_LEFT_LOWER[1:-1]]))].astype(float)
    centre = shapes.eye_left_centre.astype(float) + np.array([-0.01, 0, 0.02])
    for _ in range(200):
        apart = margin - centre
        length = np.linalg.norm(apart, axis=1, keepdims=True)
        pull = (length - radius - 0.012) * apart / length
        close = (length < radius + 0.012).ravel()
        centre += (0.5 * pull[close].sum(axis=0) / len(margin) if close.any() else 0) + 0.05 * pull.mean(axis=0)
    return centre, radius


def eyeball_part(laid: Laid, centre: Real, radius: float) -> Part:
    """Make the left eyeball about its axis, from the middle of the pupil to the back; the iris' five points come first, as MediaPipe's."""
    angles = 2 * np.pi * np.arange(SIDE) / SIDE
    iris = float(np.arcsin(IRIS / radius))
    polar = [iris * PUPIL, iris, *np.radians([38, 52, 68, 86, 106, 128, 152])]
    points, triangles = [[0.0, 0.0, -radius - CORNEA]], []
    for angle in polar:
        bulge = CORNEA * max(0.0, 1 - (angle / (1.25 * iris)) ** 2)
        ring = np.stack([np.cos(angles), -np.sin(angles), np.zeros(SIDE)], 1) * np.sin(angle)
        points += ((ring - [0, 0, np.cos(angle)]) * (radius + bulge)).tolist()
    points.append([0.0, 0.0, radius])
    for step in range(SIDE):
        after = (step + 1) % SIDE
        triangles.append([0, 1 + step, 1 + after])
        for ring in range(len(polar) - 1):
            a, b = 1 + ring * SIDE, 1 + (ring + 1) * SIDE
            triangles += [[a + step, b + step, a + after], [a + after, b + step, b + after]]
        last = 1 + (len(polar) - 1) * SIDE
        triangles.append([last + step, len(points) - 1, last + after])
    # MediaPipe's left iris: its centre, then the points to the picture's right, above, to the left and below.
    weld = {0: 473} | {1 + SIDE + SIDE // 4 * quarter: 474 + quarter for quarter in range(4)}
    count = len(points)
    # From one person to the next the eye goes where its lids go, so that it stays in the middle of them.
    ring = sorted({*face.EYE_LEFT_UPPER, *face.EYE_LEFT_LOWER})
    lids = np.zeros((count, face.POINTS))
    lids[:, ring] = 1 / len(ring)
    group = ["eyeball_left"] * count
    return Part(centre + np.array(points), np.array(triangles), group, csr_matrix((count, len(laid.rest))), csr_matrix(lids), weld=weld)


def lid_part(laid: Laid, shapes: face.Shapes, centre: Real, radius: float) -> Part:
    """Make the inner side of the left lids: from the margin to the eyeball, and behind the lid along it."""
    ring = [*face.EYE_LEFT_UPPER, *face.EYE_LEFT_LOWER[-2:0:-1]]
    margin = shapes.points[ring].astype(float)
    middle = margin.mean(axis=0)
    points = [margin]
    for wider, depth in ((1.0, 0.006), (1.35, 0.003), (1.7, -0.012)):
        way = middle + (margin - middle) * wider - centre
        points.append(centre + way / np.linalg.norm(way, axis=1, keepdims=True) * (radius + depth))
    follow = (1.0, 1.0, 0.6, 0.1)
    part = lined(points, ring, shapes, len(laid.rest), follow, "lids_inner", closed=True)
    # What does not follow the margin follows the eye, which goes where the lids go all together.
    together = lil_matrix(part.from_face.shape)
    for level, share in enumerate(follow):
        together[level * len(ring) : (level + 1) * len(ring), ring] = (1 - share) / len(ring)
    part.from_face = (part.from_face + together).tocsr()
    return part


def lined(rings: list[Real], ring: list[int], shapes: face.Shapes, wide: int, follow: tuple[float, ...], group: str, closed: bool) -> Part:
    """Join rings of points, the first of which are points of the face, into a surface that goes inward from it."""
    count = len(ring)
    points = np.concatenate(rings)
    triangles = []
    for level in range(len(rings) - 1):
        for step in range(count if closed else count - 1):
            a, b = level * count + step, level * count + (step + 1) % count
            triangles += [[a, b, a + count], [b, b + count, a + count]]
    result = np.array(triangles)
    # The lining continues the skin: each edge of the face runs the other way here.
    directed = {(int(a), int(b)) for t in shapes.triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    if (ring[0], ring[1]) in directed:
        result = result[:, ::-1]
    from_face = lil_matrix((len(points), face.POINTS))
    for level, share in enumerate(follow):
        for step in range(count):
            from_face[level * count + step, ring[step]] = share
    weld = dict(enumerate(ring))
    return Part(points, result, [group] * len(points), csr_matrix((len(points), wide)), from_face.tocsr(), weld=weld)


def lining_part(laid: Laid, shapes: face.Shapes) -> Part:
    """Make the left half of the mouth's lining: from the lips' inner edge behind the lips, around the gums and to the throat."""
    upper, lower = face.LIPS_INNER_UPPER[5:], face.LIPS_INNER_LOWER[5:]
    ring = [*upper, *lower[-2::-1]]
    rim = shapes.points[ring].astype(float)
    height = np.array([-1.0] * (len(upper) - 1) + [0.0] + [1.0] * (len(lower) - 1))
    points, follow = [rim], [1.0]
    across = rim[:, 0] / rim[:, 0].max()
    for behind, away, free, wide in RINGS:
        place = rim.copy()
        place[:, 0] = rim[:, 0] * wide + (0.0 if behind < 0.1 else 0.32 * across**2 * min(behind / 0.3, 1.0))
        place[:, 1] = rim[:, 1] + height * away * (0.65 + 0.35 * np.abs(np.linspace(-1, 1, len(ring))))
        deep = behind + (0.16 * min(behind / 0.3, 1.0)) * across**2
        place[:, 2] = (1 - min(behind, 1)) * rim[:, 2] + min(behind, 1) * rim[:, 2].mean() + deep
        points.append(place)
        follow.append(1 - free)
    part = lined(points, ring, shapes, len(laid.rest), tuple(follow), "mouth", closed=False)
    # What does not follow the lips follows the bones: the upper teeth above, the lower teeth below, both at the corners.
    bones = lil_matrix((2, len(laid.rest)))
    for row, mark in enumerate((np.arange(17039, TEETH_LOWER), np.arange(TEETH_LOWER, 21451))):
        bones[row, mark] = 1 / len(mark)
    down = (height + 1) / 2
    shares = np.concatenate([(1 - level) * np.stack([1 - down, down], 1) for level in follow])
    part.from_ict = (csr_matrix(shares) @ bones.tocsr()).tocsr()
    throat = len(ring) * len(RINGS)
    fan = [[throat + step, throat + step + 1, throat + len(ring) - 1 - step] for step in range(len(ring) // 2)]
    fan += [[throat + step + 1, throat + len(ring) - 2 - step, throat + len(ring) - 1 - step] for step in range(len(ring) // 2 - 1)]
    cap = np.array(fan)
    a, b, c = (part.points[cap[:, corner]] for corner in range(3))
    normal = np.cross(b - a, c - a)
    cap = np.where((normal[:, 2] > 0)[:, None], cap[:, ::-1], cap)
    part.triangles = np.concatenate([part.triangles, cap])
    return part


def hair_height(points: Real) -> Real:
    """Tell how high the hair stands over each place (n,) of the skin, in eye distances; below zero there is none."""
    x, y, z = points.T
    line = np.interp(z, [-0.2, 0.25, 0.6, 0.95, 1.02, 1.3, 1.55, 1.85, 2.2], [-0.98, -0.84, -0.5, -0.2, 0.3, 0.25, 0.45, 0.9, 1.15])
    line -= 0.16 * np.exp(-(((np.abs(x) - 0.62) / 0.25) ** 2)) * (z < 0.5)  # the corners of the forehead
    inside = line - y
    top = np.clip((-0.4 - y) / 0.9, 0, 1)
    full = 0.07 + 0.13 * top
    return np.asarray(np.where(inside > 0, full * (1 - np.exp(-inside / 0.22)), 0.35 * inside))


def hair_part(points: Real, triangles: Numbers, mirror: Numbers, ears: Numbers) -> tuple[Numbers, Real, Numbers]:
    """Make the hair cap, whose edge dips into the skin: the skin vertex (n,) under each of its own, points (n, 3), triangles (t, 3)."""
    height = hair_height(points)
    height[ears] = -0.05
    normals = vertex_normals(points, triangles)
    normals = (normals + normals[mirror] * [-1, 1, 1]) / 2
    chosen = triangles[(height[triangles] > 0).any(axis=1)]
    under, renamed = np.unique(chosen, return_inverse=True)
    rise = np.maximum(height[under], -0.06) + 0.004
    return under, points[under] + normals[under] * rise[:, None], renamed.reshape(-1, 3)
