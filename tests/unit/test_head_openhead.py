"""OpenHead keeps its promises: MediaPipe's points exactly, left mirrors right, orthonormal bases, a jaw that opens, eyes under lids."""

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from thespis.errors import ThespisError
from thespis.head.flame import JOINTS
from thespis.head.openhead import GROUPS, JAW_SHAPES, SKIN, load_openhead, openhead_card
from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, LIPS_INNER_LOWER, LIPS_INNER_UPPER, load_shapes
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array
from thespis.weights import ASSETS

pytestmark = pytest.mark.unit
HEAD = load_openhead()
FLIP = np.array([-1, 1, 1], np.float32)
PAGE = Path(__file__).parents[2] / "docs" / "openhead.md"


def weights(**values: float) -> Array:
    row = np.zeros((1, len(ARKIT)), np.float32)
    for name, value in values.items():
        row[0, ARKIT.index(name)] = value
    return row


def other(name: str) -> str:
    return name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")


def borders(*groups: str) -> Counter[str]:
    """The open edges between vertices of some groups, counted by the groups they lie in."""
    member = np.isin(HEAD.group, [GROUPS.index(name) for name in groups])
    triangles = HEAD.triangles[member[HEAD.triangles].any(axis=1)]
    directed = {(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))}
    return Counter("+".join(sorted({GROUPS[HEAD.group[a]], GROUPS[HEAD.group[b]]})) for a, b in directed if (b, a) not in directed)


def volume(*groups: str) -> float:
    triangles = HEAD.triangles[np.isin(HEAD.triangles, HEAD.members(*groups)).all(axis=1)]
    a, b, c = (HEAD.points[triangles[:, corner]].astype(float) for corner in range(3))
    return float((np.cross(a, b) * c).sum() / 6)


def test_the_first_points_are_mediapipes() -> None:
    shapes = load_shapes()
    np.testing.assert_array_equal(HEAD.points[:468], shapes.points)
    np.testing.assert_array_equal(HEAD.fields[:51, :468], shapes.fields)
    assert HEAD.triangles[:852].tolist() == shapes.triangles.tolist()
    assert HEAD.members("face").tolist() == list(range(468))
    assert HEAD.members("iris_right", "iris_left").tolist() == list(range(468, 478))
    # MediaPipe's irises: the centre, then the points to the picture's right, above, to the left, below.
    for centre in (468, 473):
        right, above, left, below = HEAD.points[centre + 1 : centre + 5] - HEAD.points[centre]
        assert right[0] > 0.05 > abs(right[1])
        assert above[1] < -0.05
        assert left[0] < -0.05
        assert below[1] > 0.05


def test_every_part_is_there_and_every_vertex_used() -> None:
    assert {GROUPS[number] for number in HEAD.group} == set(GROUPS)
    assert set(HEAD.triangles.ravel().tolist()) == set(range(len(HEAD.points)))
    assert HEAD.points[HEAD.members("skull"), 1].min() < -1.2
    assert HEAD.points[HEAD.members("chest"), 1].max() > 3
    assert np.abs(HEAD.points[HEAD.members("ears"), 0]).min() > 0.9
    with pytest.raises(ThespisError, match=r"unknown group of vertices 'tounge'.*'tongue'"):
        HEAD.members("tounge")


def test_surfaces_are_closed_where_they_are_meant_to_be() -> None:
    directed = Counter((int(a), int(b)) for t in HEAD.triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0])))
    assert max(directed.values()) == 1  # neighbours run along their common edge in opposite directions
    assert set(borders(*SKIN, "lids_inner", "mouth")) == {"chest", "lids_inner"}  # the bust ends there, and the lids behind the eyes
    for part in (("eyeball_left", "iris_left"), ("eyeball_right", "iris_right"), ("teeth_upper",), ("teeth_lower",)):
        assert not borders(*part), part
        assert volume(*part) > 0.005, part
    radius = np.linalg.norm(HEAD.points[HEAD.members("eyeball_left")] - (HEAD.regressor @ HEAD.points)[3], axis=1)
    assert volume("eyeball_left", "iris_left") == pytest.approx(4 / 3 * np.pi * np.median(radius) ** 3, rel=0.08)
    a, b, c = (HEAD.points[HEAD.triangles[:, corner]] for corner in range(3))
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-5


def test_left_mirrors_right_exactly() -> None:
    mirror = HEAD.mirror
    np.testing.assert_array_equal(mirror[mirror], np.arange(len(mirror)))
    np.testing.assert_array_equal(HEAD.points[mirror] * FLIP, HEAD.points)
    for row, name in enumerate(ARKIT):
        np.testing.assert_array_equal(HEAD.fields[ARKIT.index(other(name))][mirror] * FLIP, HEAD.fields[row], err_msg=name)
    np.testing.assert_array_equal(HEAD.weights[mirror][:, [0, 1, 2, 4, 3]], HEAD.weights)
    names = np.array([name.replace("left", "right") for name in GROUPS])
    assert (names[HEAD.group[mirror]] == names[HEAD.group]).all()
    own = HEAD.triangles[852:]  # MediaPipe's own triangles split some of their quads the same way left and right
    own = own[~np.isin(own, HEAD.members("hair")).any(axis=1)]
    assert {frozenset(triangle) for triangle in mirror[own].tolist()} == {frozenset(triangle) for triangle in own.tolist()}
    for direction in HEAD.identity_basis:
        likeness = float((direction * direction[mirror] * FLIP).sum())
        assert abs(likeness) == pytest.approx(1, abs=1e-4)  # every direction of people is even or odd


@pytest.mark.parametrize("basis", ["identity", "expression"])
def test_bases_are_orthonormal_and_ordered(basis: str) -> None:
    directions, deviation = getattr(HEAD, f"{basis}_basis"), getattr(HEAD, f"{basis}_deviation")
    count = 40 if basis == "identity" else 50
    assert directions.shape == (count, len(HEAD.points), 3)
    flat = directions.reshape(count, -1).astype(np.float64)
    np.testing.assert_allclose(flat @ flat.T, np.eye(count), atol=2e-6)
    assert (np.diff(deviation) <= 0).all()
    assert deviation[-1] > 0


def test_fields_are_smooth_across_the_outline_of_the_face() -> None:
    """No edge between the face and the skin around it is torn: it stretches no more than edges inside the face do."""
    sides = np.sort(np.concatenate([HEAD.triangles[:, [0, 1]], HEAD.triangles[:, [1, 2]], HEAD.triangles[:, [0, 2]]]), axis=1)
    edges = np.unique(sides, axis=0)
    face = HEAD.members("face")
    inside = np.isin(edges, face).all(axis=1)
    around = HEAD.members(*SKIN)
    crossing = np.isin(edges, around).all(axis=1) & (np.isin(edges, face).sum(axis=1) == 1)
    assert crossing.sum() > 60
    for row, name in enumerate(ARKIT[:-1]):
        change = np.linalg.norm(HEAD.fields[row][edges[:, 0]] - HEAD.fields[row][edges[:, 1]], axis=1)
        length = np.linalg.norm(HEAD.points[edges[:, 0]] - HEAD.points[edges[:, 1]], axis=1)
        stretch = change / length
        assert stretch[crossing].max() < max(1.0 * stretch[inside].max(), 0.3), name


def test_shapes_move_the_parts_they_should() -> None:
    def moved(name: str, *groups: str) -> float:
        return float(np.linalg.norm(HEAD.fields[ARKIT.index(name)][HEAD.members(*groups)], axis=1).max())

    assert moved("jawOpen", "teeth_lower") > 0.25
    assert moved("jawOpen", "teeth_upper") < 0.01
    assert moved("tongueOut", "tongue") > 0.4
    assert moved("tongueOut", *[name for name in GROUPS if name != "tongue"]) == 0
    assert moved("jawOpen", "hair", "chest") < 0.08
    for name in ARKIT:
        assert moved(name, "eyeball_left", "eyeball_right", "iris_left", "iris_right") == 0, name
        assert moved(name, "teeth_upper") < 0.02, name


def test_skinning_weights_share_every_vertex_out() -> None:
    assert HEAD.weights.shape == (len(HEAD.points), len(JOINTS))
    np.testing.assert_allclose(HEAD.weights.sum(axis=1), 1, atol=1e-6)
    assert HEAD.weights.min() >= 0
    most = HEAD.weights.argmax(axis=1)
    for joint, part in (
        ("eye_left", "eyeball_left"),
        ("eye_right", "iris_right"),
        ("jaw", "teeth_lower"),
        ("neck", "teeth_upper"),
        ("neck", "hair"),
    ):
        assert set(most[HEAD.members(part)].tolist()) == {JOINTS.index(joint)}, part
    assert HEAD.weights[HEAD.members("chest"), 0].min() > 0.5
    np.testing.assert_allclose(HEAD.regressor.sum(axis=1), 1, atol=1e-6)
    assert HEAD.regressor.min() >= 0
    root, neck, jaw, left, right = HEAD.regressor @ HEAD.points
    assert root[1] > neck[1] > jaw[1] > left[1]
    np.testing.assert_allclose(np.stack([root, neck, jaw])[:, 0], 0, atol=1e-6)
    np.testing.assert_allclose(left * FLIP, right, atol=1e-6)


def test_the_jaws_joint_opens_the_mouth_as_the_shape_does() -> None:
    upper, lower = LIPS_INNER_UPPER[5], LIPS_INNER_LOWER[5]
    for share in (0.4, 1.0):
        expression, rotations = HEAD.to_flame(weights(jawOpen=share))
        np.testing.assert_allclose(expression, 0, atol=1e-5)
        turned = HEAD.flame(rotations=rotations).vertices[0]
        shaped = HEAD.points + HEAD.displace(weights(jawOpen=share))[0]
        assert (turned[lower] - turned[upper])[1] > 0.3 * share
        assert np.abs(turned - shaped).max() < 0.01
    expression, rotations = HEAD.to_flame(weights(jawLeft=1.0))
    turned = HEAD.flame(rotations=rotations).vertices[0]
    assert turned[152, 0] > 0.1  # the person's own left is on the picture's right
    assert np.abs(turned - HEAD.points - HEAD.displace(weights(jawLeft=1.0))[0]).max() < 0.03


def test_eyes_turn_under_the_lids() -> None:
    gaze = np.array([[0.3, 0.0, 0.3, 0.0], [0.0, 0.25, 0.0, 0.25]], np.float32)
    posed = HEAD.pose(np.zeros((2, 52), np.float32), gaze=gaze)
    rest = np.concatenate([HEAD.members("eyeball_left", "eyeball_right"), np.arange(468, 478)])
    still = np.setdiff1d(np.arange(len(HEAD.points)), rest)
    np.testing.assert_allclose(posed[:, still], np.broadcast_to(HEAD.points[still], (2, len(still), 3)), atol=1e-5)
    assert (posed[0, [468, 473], 0] - HEAD.points[[468, 473], 0]).min() > 0.05  # to the picture's right
    assert (posed[1, [468, 473], 1] - HEAD.points[[468, 473], 1]).min() > 0.04  # down
    centre = (HEAD.regressor @ HEAD.points)[3]
    ball = np.linalg.norm(HEAD.points[HEAD.members("eyeball_left")] - centre, axis=1)
    # Both at rest and closed, the lids' margins lie on the ball or over it, never inside it.
    for row in (weights(), weights(eyeBlinkLeft=1), weights(eyeBlinkLeft=0.5)):
        lids = (HEAD.points + HEAD.displace(row)[0])[[*EYE_LEFT_UPPER, *EYE_LEFT_LOWER]]
        assert np.linalg.norm(lids - centre, axis=1).min() > np.median(ball) - 0.02


def test_the_neck_turns_the_head_and_leaves_the_chest() -> None:
    head = np.array([[0.0, 0.4, 0.0], [0.3, 0.0, 0.0]], np.float32)
    turned = HEAD.pose(np.zeros((2, 52), np.float32), head=head) - HEAD.points
    assert turned[0, 4, 0] < -0.3  # +y turns to the picture's left
    assert turned[1, 4, 1] > 0.2  # +x nods down
    hem = HEAD.points[:, 1] > 2.7
    assert np.abs(turned[:, hem & (HEAD.group == GROUPS.index("chest"))]).max() < 1e-3


def test_coefficients_and_weights_change_into_each_other() -> None:
    random = np.random.default_rng(5)
    given = np.clip(np.abs(random.normal(scale=0.3, size=(100, 52))), 0, 1).astype(np.float32)
    coefficients = HEAD.coefficients(given)
    assert coefficients.shape == (100, 50)
    back = HEAD.arkit(coefficients)
    np.testing.assert_allclose(HEAD.coefficients(back), coefficients, atol=2e-3)
    assert np.linalg.norm(HEAD.displace(back - given), axis=2).max() < 0.006
    vertices = HEAD.flame(expression=coefficients).vertices - HEAD.points
    np.testing.assert_allclose(vertices, HEAD.displace(back), atol=1e-4)


def test_a_performance_goes_to_flame_and_back() -> None:
    random = np.random.default_rng(6)
    given = np.clip(np.abs(random.normal(scale=0.3, size=(50, 52))), 0, 1).astype(np.float32)
    given[:25, ARKIT.index("jawLeft")] = 0
    given[25:, ARKIT.index("jawRight")] = 0
    head, gaze = random.normal(scale=0.3, size=(50, 3)).astype(np.float32), random.normal(scale=0.25, size=(50, 4)).astype(np.float32)
    weights_back, head_back, gaze_back = HEAD.from_flame(*HEAD.to_flame(given, head, gaze))
    np.testing.assert_allclose(head_back, head, atol=1e-5)
    np.testing.assert_allclose(gaze_back, gaze, atol=1e-5)
    jaw = [ARKIT.index(name) for name in JAW_SHAPES]
    np.testing.assert_allclose(weights_back[:, jaw], given[:, jaw], atol=0.02)
    assert np.linalg.norm(HEAD.displace(weights_back - given), axis=2).max() < 0.006
    empty = HEAD.to_flame(np.zeros((0, 52), np.float32))
    assert (empty[0].shape, empty[1].shape) == ((0, 50), (0, 5, 3))
    assert HEAD.pose(np.zeros((0, 52), np.float32)).shape == (0, len(HEAD.points), 3)


def test_wrong_shapes_are_refused() -> None:
    for call in (HEAD.displace, HEAD.coefficients, HEAD.to_flame, HEAD.pose):
        with pytest.raises(ValueError, match=r"weights needs shape \(T, 52\), not \(1, 51\)"):
            call(np.zeros((1, 51), np.float32))
    with pytest.raises(ValueError, match=r"shape needs shape \(B, at most 40\)"):
        HEAD.flame(np.zeros((1, 41), np.float32))


def test_people_differ_and_stay_people() -> None:
    people = HEAD.flame(np.random.default_rng(2).normal(size=(20, 40)).astype(np.float32)).vertices
    spread = np.linalg.norm(people - HEAD.points, axis=2)
    assert 0.03 < np.median(spread) < 0.25
    apart = people[:, EYE_LEFT_UPPER[0]] - people[:, 33]
    assert (apart[:, 0] > 1).all()
    assert (people[:, 152, 1] > people[:, 17, 1]).all()  # the chin lies below the lips
    assert (people[:, 17, 1] > people[:, 2, 1]).all()  # and the lips below the nose


def test_the_texture_places_fit_the_triangles() -> None:
    assert HEAD.uv_triangles.shape == HEAD.triangles.shape
    assert HEAD.uv.min() >= 0
    assert HEAD.uv.max() <= 1
    assert set(HEAD.uv_triangles.ravel().tolist()) == set(range(len(HEAD.uv)))
    owner: dict[int, int] = {}
    for place, vertex in zip(HEAD.uv_triangles.ravel().tolist(), HEAD.triangles.ravel().tolist(), strict=True):
        assert owner.setdefault(place, vertex) == vertex
    # No triangle of the skin runs over the cut from one edge of the texture to the other.
    corners = HEAD.uv[HEAD.uv_triangles]
    assert ((corners.max(axis=1) - corners.min(axis=1)).max(axis=1) > 0.2).sum() <= 8  # those around the crown


def test_the_card_describes_the_file_and_the_page_tells_its_figures() -> None:
    card = openhead_card()
    assert (card.file, card.licence, card.commercial) == ("openhead.safetensors", "MIT AND Apache-2.0", True)
    assert (ASSETS / card.file).stat().st_size < 6e6
    facts = json.loads((ASSETS / "openhead.json").read_text(encoding="utf-8"))
    assert "USC Institute for Creative Technologies" in facts["notice"]
    figures = facts["figures"]
    assert figures["vertices"] == len(HEAD.points)
    assert figures["triangles"] == len(HEAD.triangles)
    assert figures["jaw_opening_degrees"] == pytest.approx(np.degrees(HEAD.opening), abs=0.01)
    page = PAGE.read_text(encoding="utf-8")
    for name in ("vertices", "triangles"):
        assert f"{figures[name]} {name}" in page
    for name in GROUPS:
        assert f"| {name} | {len(HEAD.members(name))} |" in page
    for picture in ("turntable", "shapes", "people", "joints"):
        assert f"(pictures/openhead_{picture}.jpg)" in page
        assert (PAGE.parent / "pictures" / f"openhead_{picture}.jpg").stat().st_size < 400_000


def test_making_a_mesh_coarser_is_deterministic_and_keeps_its_border(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PAGE.parents[1] / "tools"))
    from mesh_decimate import decimate

    side = 9
    x, y = np.meshgrid(np.linspace(0, 1, side), np.linspace(0, 1, side))
    points = np.stack([x.ravel(), y.ravel(), 0.2 * np.sin(3 * x * y).ravel()], axis=1)
    corner = np.array([row * side + column for row in range(side - 1) for column in range(side - 1)])
    triangles = np.concatenate([corner[:, None] + [0, 1, side], corner[:, None] + [1, side + 1, side]])
    edge = ((points[:, :2] == 0) | (points[:, :2] == 1)).any(axis=1)
    lines = 1 * (points[:, 0] == 0) + 2 * (points[:, 0] == 1) + 4 * (points[:, 1] == 0) + 8 * (points[:, 1] == 1)
    nothing = np.zeros(len(points), bool)
    goes = edge & (np.arange(len(points)) % side % 2 == 1) & (points[:, 1] == 0)
    made = [decimate(points, triangles, 30, fixed=nothing, first=goes, lines=lines, value=np.ones(len(points))) for _ in range(2)]
    np.testing.assert_array_equal(made[0], made[1])
    kept = set(made[0].ravel().tolist())
    assert len(kept) == 30
    assert {0, side - 1, side * side - side, side * side - 1} <= kept
    assert not kept & set(np.flatnonzero(goes).tolist())
    a, b, c = (points[made[0][:, corner], :2] for corner in range(3))
    area = ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0]) / 2
    assert area.min() > 0  # nothing folded
    assert area.sum() == pytest.approx(1)  # and the square is still covered


def test_the_head_is_shared_and_cannot_be_changed() -> None:
    assert load_openhead() is HEAD
    with pytest.raises(ValueError, match="read-only"):
        HEAD.fields[0, 0, 0] = 1.0
