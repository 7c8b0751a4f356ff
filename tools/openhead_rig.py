"""OpenHead's joints, skinning weights, jaw correctives, and bases."""

import numpy as np
from mesh_binding import Numbers, Real, graph_of
from scipy.optimize import nnls
from scipy.sparse import diags
from scipy.sparse.linalg import spsolve

from thespis.head.flame import chain, rotation_matrices
from thespis.motion.spaces.face import ARKIT

FLIP = np.array([-1.0, 1.0, 1.0])
ROOT, NECK = np.array([0.0, 2.75, 1.35]), np.array([0.0, 1.35, 1.3])
JAW = np.array(
    [0.0, 0.48, 1.5]
)  # about where jawOpen turns the lower teeth: farther back than the joint of the skull, since real jaws slide too
HEAD_ABOVE, CHEST_BELOW = 1.15, 2.62  # eye distances below the eyes, where all turns with the head, and nothing does
STEADY = 1e-3


def by_name(fields: Real, name: str) -> Real:
    """Pick a shape's field (v, 3)."""
    return np.asarray(fields[ARKIT.index(name)])


def jaw_angle(points: Real, fields: Real, lower_teeth: Numbers) -> float:
    """Find the angle, in radians, by which jawOpen turns the lower teeth about the jaw's joint."""
    angles = np.linspace(0.05, 0.9, 1701)
    at, wanted = points[lower_teeth] - JAW, points[lower_teeth] + by_name(fields, "jawOpen")[lower_teeth] - JAW
    flat = np.stack([np.cos(angles), np.sin(angles)], 1)
    y = flat[:, :1] * at[:, 1] - flat[:, 1:] * at[:, 2]
    z = flat[:, 1:] * at[:, 1] + flat[:, :1] * at[:, 2]
    error = (y - wanted[:, 1]) ** 2 + (z - wanted[:, 2]) ** 2
    return float(angles[error.sum(axis=1).argmin()])


def side_angle(points: Real, fields: Real, lower_teeth: Numbers) -> float:
    """Find the turn about the vertical that jawLeft gives the lower teeth: negative radians, as +y turns to the picture's left."""
    at = points[lower_teeth] - JAW
    return -float((by_name(fields, "jawLeft")[lower_teeth, 0] * -at[:, 2]).sum() / (at[:, 2] ** 2).sum())


def harmonic(triangles: Numbers, points: Real, known: Numbers, values: Real) -> Real:
    """Spread known values over a surface as evenly as possible -> (n,)."""
    near = (graph_of(triangles, points) > 0).astype(float)
    free = np.setdiff1d(np.unique(triangles), known)
    result = np.zeros(len(points))
    result[known] = values
    laplace = diags(np.asarray(near.sum(axis=1)).ravel()) - near
    result[free] = spsolve(laplace[free][:, free].tocsc(), near[free][:, known] @ values)
    return result


def weights_of(
    points: Real, triangles: Numbers, fields: Real, group: Numbers, names: tuple[str, ...], angle: float, mirror: Numbers
) -> Real:
    """Make the skinning weights (v, 5) of root, neck, jaw, left eye and right eye; each row sums to 1."""
    skin_groups = [names.index(name) for name in ("face", "skull", "ears", "neck", "chest")]
    is_skin = np.isin(group, skin_groups)
    skin_triangles = triangles[is_skin[triangles].all(axis=1)]
    head = is_skin & ((points[:, 1] < HEAD_ABOVE) | np.isin(group, [names.index("face"), names.index("ears"), names.index("skull")]))
    chest = is_skin & (points[:, 1] > CHEST_BELOW)
    known = np.flatnonzero(head | chest)
    turned = harmonic(skin_triangles, points, known, head[known].astype(float))
    turned = turned * turned * (3 - 2 * turned)
    turned[~is_skin] = 1.0
    rotation = rotation_matrices(np.array([angle, 0, 0]))
    arc = (points - JAW) @ rotation.T - (points - JAW)
    opened = by_name(fields, "jawOpen")
    jaw = np.clip((opened * arc).sum(axis=1) / ((arc**2).sum(axis=1) + 0.01), 0, 1)
    near = (graph_of(triangles, points) > 0).astype(float)
    near = diags(1 / np.maximum(np.asarray(near.sum(axis=1)).ravel(), 1)) @ near
    for _ in range(2):
        jaw = np.where((points[:, 1] > 1.25) & is_skin, 0.5 * jaw + 0.5 * (near @ jaw), jaw)
    jaw[jaw < 0.03] = 0
    jaw[group == names.index("teeth_lower")] = 1
    jaw[np.isin(group, [names.index("teeth_upper"), names.index("gums_upper"), names.index("hair")])] = 0
    weights = np.zeros((len(points), 5))
    weights[:, 0], weights[:, 1], weights[:, 2] = 1 - turned, turned * (1 - jaw), turned * jaw
    for column, eye in ((3, "left"), (4, "right")):
        inside = np.isin(group, [names.index(f"eyeball_{eye}"), names.index(f"iris_{eye}")])
        weights[inside] = np.eye(5)[column]
    other = weights[mirror][:, [0, 1, 2, 4, 3]]
    return np.asarray((weights + other) / 2)


def regressor_of(points: Real, joints: Real, group: Numbers, names: tuple[str, ...], mirror: Numbers) -> Real:
    """Make the matrix (5, v) that finds the joints from the vertices: few vertices near each joint, none negative, each row sums to 1."""
    rows = np.zeros((5, len(points)))
    skin = np.isin(group, [names.index(name) for name in ("face", "skull", "ears", "neck", "chest")])
    for number, joint in enumerate(joints):
        if number >= 3:
            side = "left" if number == 3 else "right"
            usable = np.flatnonzero(np.isin(group, [names.index(f"eyeball_{side}"), names.index(f"iris_{side}")]))
        else:
            level = np.flatnonzero(skin & (np.abs(points[:, 1] - joint[1]) < 0.6) & (np.abs(points[:, 2] - joint[2]) < 1.6))
            usable = np.unique(np.concatenate([level, mirror[level]]))
        matrix = np.concatenate([points[usable].T * 10, np.full((1, len(usable)), 10.0), STEADY * np.eye(len(usable))])
        wanted = np.concatenate([joint * 10, [10.0], np.full(len(usable), STEADY / len(usable))])
        found, _ = nnls(matrix, wanted)
        rows[number, usable] = found
    even = np.empty_like(rows)
    for number, partner in enumerate((0, 1, 2, 4, 3)):
        even[number] = (rows[number] + rows[partner][mirror]) / 2
    return np.asarray(even / even.sum(axis=1, keepdims=True))


def correctives(points: Real, fields: Real, weights: Real, joints: Real, opening: float, sideways: float) -> Real:
    """Fit the jaw's correctives (v, 3, 9): turned by its joint, the skin shall go where jawOpen, jawLeft and jawRight take it."""
    features, wanted = [], []
    for share in (0.25, 0.5, 0.75, 1.0):
        for side in (-1.0, -0.5, 0.0, 0.5, 1.0):
            turn = rotation_matrices(np.array([0.0, sideways * side, 0.0])) @ rotation_matrices(np.array([opening * share, 0.0, 0.0]))
            matrices = np.stack([np.eye(3), np.eye(3), turn, np.eye(3), np.eye(3)])
            name = "jawLeft" if side > 0 else "jawRight"
            moved = points + share * by_name(fields, "jawOpen") + abs(side) * by_name(fields, name)
            _, turns, shifts = chain(joints[None], matrices[None])
            blended = np.einsum("vj,jab->vab", weights, turns[0])
            back = np.linalg.solve(blended, (moved - weights @ shifts[0])[:, :, None])[:, :, 0]
            features.append((turn - np.eye(3)).ravel())
            wanted.append((back - points).ravel())
    matrix, values = np.stack(features), np.stack(wanted)
    answer = np.linalg.solve(matrix.T @ matrix + 1e-5 * np.eye(9), matrix.T @ values)
    return answer.T.reshape(len(points), 3, 9)


def expression_mix(fields: Real, prior: Real, count: int) -> tuple[Real, Real]:
    """Find the combinations (count, 52) of shapes that are orthonormal and ordered by variance under the prior, and their deviations."""
    half = np.linalg.cholesky(prior)
    left, size, _ = np.linalg.svd(half.T @ fields.reshape(len(fields), -1), full_matrices=False)
    mix = (left[:, :count].T @ half.T) / size[:count, None]
    sign = np.sign(mix[np.arange(count), np.abs(mix).argmax(axis=1)])
    return mix * sign[:, None], size[:count]


def people_basis(moves: Real, mirrored: Real, count: int) -> tuple[Real, Real, float]:
    """Find the orthonormal basis (count, v, 3) of people and their mirrored selves, its deviations, and its share of the variance."""
    shape = moves.shape[1:]
    parts = [(moves + sign * mirrored).reshape(len(moves), -1) / 2 for sign in (1.0, -1.0)]
    found = [np.linalg.svd(part, full_matrices=False)[1:] for part in parts]
    sizes = np.concatenate([size for size, _ in found])
    order = np.argsort(-sizes, kind="stable")
    vectors = np.concatenate([rows for _, rows in found])[order[:count]]
    sign = np.sign(vectors[np.arange(count), np.abs(vectors).argmax(axis=1)])
    kept = float((sizes[order[:count]] ** 2).sum() / (sizes**2).sum())
    return (vectors * sign[:, None]).reshape(count, *shape), sizes[order[:count]], kept
