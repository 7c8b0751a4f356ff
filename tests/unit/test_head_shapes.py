"""The shipped face shapes keep their promises: symmetric, without folds, lips that seal and lids that meet."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from thespis.errors import ThespisError
from thespis.head.shapes import (
    EYE_LEFT_LOWER,
    EYE_LEFT_UPPER,
    EYE_RIGHT_LOWER,
    EYE_RIGHT_UPPER,
    LIPS_INNER_LOWER,
    LIPS_INNER_UPPER,
    OVAL,
    load_shapes,
    shapes_card,
)
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array
from thespis.weights import ASSETS

pytestmark = pytest.mark.unit
SHAPES = load_shapes()
UPPER, LOWER = SHAPES.lips_inner_upper, SHAPES.lips_inner_lower
FLIP = np.array([-1, 1, 1], np.float32)
JAW_OPENING = 0.496  # eye distances between the inner lips at jawOpen 1, more than at rest; docs/shapes.md states it


def field(name: str) -> Array:
    return SHAPES.fields[SHAPES.names.index(name)]


def lip_gap(moved: Array) -> Array:
    """How much farther apart the inner lips are than at rest (11,), downwards."""
    return (moved[LOWER] - moved[UPPER])[:, 1]


def facing(points: Array) -> Array:
    a, b, c = (points[SHAPES.triangles[:, corner], :2] for corner in range(3))
    return ((b - a)[:, 1] * (c - a)[:, 0] - (b - a)[:, 0] * (c - a)[:, 1]) / 2


def test_names_are_arkit_without_the_tongue() -> None:
    assert SHAPES.names == tuple(name for name in ARKIT if name != "tongueOut")
    assert SHAPES.points.shape == (468, 3)
    assert SHAPES.fields.shape == (51, 468, 3)
    assert SHAPES.points.dtype == SHAPES.fields.dtype == np.float32
    assert np.isfinite(SHAPES.fields).all()
    assert (np.abs(SHAPES.fields).max(axis=(1, 2)) > 0.02).all()


def test_the_frame_is_the_eyes() -> None:
    right, left = SHAPES.points[[33, 133]].mean(axis=0), SHAPES.points[[263, 362]].mean(axis=0)
    np.testing.assert_allclose((left - right), [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose((left + right), 0, atol=1e-6)
    chin, nose_tip = SHAPES.points[152], SHAPES.points[4]
    assert chin[1] > 1.5
    assert nose_tip[2] < -0.5
    assert SHAPES.eye_left_centre[0] > 0.4
    np.testing.assert_array_equal(SHAPES.eye_right_centre, SHAPES.eye_left_centre * FLIP)
    for ring, centre in ((SHAPES.eye_left_upper, SHAPES.eye_left_centre), (SHAPES.eye_right_lower, SHAPES.eye_right_centre)):
        distance = np.linalg.norm(SHAPES.points[ring[1:-1]] - centre, axis=1)
        assert np.abs(distance - SHAPES.eye_radius).max() < 0.06


def test_triangles_leave_eyes_and_mouth_open_and_point_outward() -> None:
    triangles = SHAPES.triangles
    assert triangles.shape == (852, 3)
    assert set(triangles.ravel().tolist()) == set(range(468))
    directed = [(int(a), int(b)) for t in triangles for a, b in ((t[0], t[1]), (t[1], t[2]), (t[2], t[0]))]
    assert max(Counter(directed).values()) == 1  # neighbours run along their common edge in opposite directions
    border = {frozenset(edge) for edge in directed if edge[::-1] not in set(directed)}
    loops = [
        [*LIPS_INNER_UPPER, *LIPS_INNER_LOWER[-2:0:-1]],
        [*EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER[-2:0:-1]],
        [*EYE_LEFT_UPPER, *EYE_LEFT_LOWER[-2:0:-1]],
        [*OVAL],
    ]
    assert border == {frozenset((loop[i - 1], loop[i])) for loop in loops for i in range(len(loop))}
    a, b, c = (SHAPES.points[triangles[:, corner]] for corner in range(3))
    normals = np.cross(b - a, c - a)
    assert (normals[:, 2] < 0).mean() > 0.95
    assert (normals * (a - [0, 0.4, 0.6])).sum(axis=1).mean() > 0


def test_rings_are_paired() -> None:
    pairs = [
        (SHAPES.lips_inner_upper, SHAPES.lips_inner_lower),
        (SHAPES.eye_left_upper, SHAPES.eye_left_lower),
        (SHAPES.eye_right_upper, SHAPES.eye_right_lower),
    ]
    for upper, lower in pairs:
        assert upper[0] == lower[0]
        assert upper[-1] == lower[-1]
        above, below = SHAPES.points[upper[1:-1]], SHAPES.points[lower[1:-1]]
        assert (above[:, 1] < below[:, 1]).all()
        assert np.abs(above[:, 0] - below[:, 0]).max() < 0.02
    assert (SHAPES.points[SHAPES.eye_left_upper, 0] > 0).all()
    assert (SHAPES.points[SHAPES.brow_left, 0] > 0).all()
    assert (SHAPES.points[SHAPES.brow_right, 0] < 0).all()
    assert (len(SHAPES.lips_outer), len(SHAPES.oval)) == (20, 36)
    assert SHAPES.iris_left.tolist() == [473, 474, 475, 476, 477]
    assert SHAPES.iris_right.tolist() == [468, 469, 470, 471, 472]


def test_left_shapes_mirror_right_ones_exactly() -> None:
    mirror = SHAPES.mirror
    np.testing.assert_array_equal(SHAPES.points[mirror] * FLIP, SHAPES.points)
    for name in SHAPES.names:
        other = name.replace("Left", "Right") if "Left" in name else name.replace("Right", "Left")
        np.testing.assert_array_equal(field(other)[mirror] * FLIP, field(name), err_msg=name)


@pytest.mark.parametrize("part", ["brow", "cheekSquint", "eye", "noseSneer"])
def test_one_sided_shapes_stay_on_the_persons_own_side(part: str) -> None:
    names = [name for name in SHAPES.names if name.startswith(part) and name.endswith("Left")]
    assert names
    for name in names:
        size = np.linalg.norm(field(name), axis=1)
        assert size[SHAPES.points[:, 0] > 0].max() == size.max(), name
        assert size[SHAPES.points[:, 0] < -0.3].max() < 0.05 * size.max(), name


def test_shapes_are_zero_outside_their_region() -> None:
    for name in SHAPES.names:
        size = np.linalg.norm(field(name), axis=1)
        if name.startswith(("brow", "eye")):
            assert size[SHAPES.points[:, 1] > 0.8].max() == 0, name
        if name.startswith(("jaw", "mouthRoll", "mouthShrug", "mouthPucker", "mouthClose")):
            assert size[SHAPES.brow_left].max() == 0, name
            assert size[SHAPES.eye_left_upper].max() == 0, name


@pytest.mark.parametrize("side", ["left", "right"])
def test_blink_closes_and_wide_opens_the_eye(side: str) -> None:
    upper, lower = getattr(SHAPES, f"eye_{side}_upper"), getattr(SHAPES, f"eye_{side}_lower")
    closed = SHAPES.points + field(f"eyeBlink{side.capitalize()}")
    np.testing.assert_allclose(closed[upper], closed[lower], atol=2e-6)
    opening = SHAPES.points[lower, 1] - SHAPES.points[upper, 1]
    way = (closed[upper, 1] - SHAPES.points[upper, 1])[2:-2] / opening[2:-2]
    assert (np.abs(way - 0.8) < 0.1).all()
    for name, low, high in (("eyeWide", 1.2, 1.7), ("eyeSquint", 0.4, 0.9), ("eyeLookDown", 0.2, 0.8), ("eyeLookUp", 1.05, 1.6)):
        moved = SHAPES.points + field(f"{name}{side.capitalize()}")
        share = ((moved[lower, 1] - moved[upper, 1]) / np.maximum(opening, 1e-6))[1:-1]
        assert low < share.min(), name
        assert share.max() < high, name


def test_jaw_opens_the_lips_and_mouth_close_seals_them() -> None:
    opened = field("jawOpen")
    assert lip_gap(opened)[5] == pytest.approx(JAW_OPENING, abs=0.005)
    assert lip_gap(opened)[5] == lip_gap(opened).max()
    sealed = opened + field("mouthClose")
    np.testing.assert_allclose(sealed[UPPER], sealed[LOWER], atol=0.01 * JAW_OPENING)


def test_no_shape_pushes_the_lips_through_each_other() -> None:
    for name in SHAPES.names:
        if name != "mouthClose":  # it only ever undoes the jaw
            assert lip_gap(field(name)).min() > -1e-6, name


def test_no_shape_turns_a_visible_triangle_over() -> None:
    rest = facing(SHAPES.points)
    seen = rest > 1e-4
    for name in SHAPES.names:
        under = field("jawOpen") if name == "mouthClose" else 0
        assert (facing(SHAPES.points + field(name) + under)[seen] > -1e-5).all(), name


def test_shapes_are_smooth() -> None:
    near: dict[int, set[int]] = {point: set() for point in range(468)}
    for a, b, c in SHAPES.triangles.tolist():
        near[a] |= {b, c}
        near[b] |= {a, c}
        near[c] |= {a, b}
    inner = sorted(
        set(range(468)) - set(SHAPES.triangles[np.isin(SHAPES.triangles, [*LIPS_INNER_UPPER, *LIPS_INNER_LOWER]).any(axis=1)].ravel())
    )
    for name in SHAPES.names:
        moved = field(name)
        means = np.stack([moved[list(near[point])].mean(axis=0) for point in inner])
        spike = np.linalg.norm(moved[inner] - means, axis=1).max() / np.linalg.norm(moved, axis=1).max()
        assert spike < 0.45, name


def test_expressions_do_what_their_names_say() -> None:
    rest, right_corner, left_corner = SHAPES.points, 61, 291

    def width(moved: Array) -> float:
        return float(moved[left_corner, 0] - moved[right_corner, 0])

    smile = field("mouthSmileLeft") + field("mouthSmileRight")
    assert smile[left_corner, 1] < -0.1
    assert width(smile) > 0.15
    assert smile[[280, 425], 1].max() < -0.01  # the cheeks go up too
    assert width(field("mouthPucker")) < -0.1
    assert width(field("mouthFunnel")) < -0.05
    assert width(field("mouthStretchLeft") + field("mouthStretchRight")) > 0.1
    assert field("mouthFrownLeft")[left_corner, 1] > 0.05
    assert field("browInnerUp")[[55, 285, 107, 336], 1].max() < -0.05
    assert field("browDownLeft")[[336, 296], 1].min() > 0.02
    assert field("browOuterUpLeft")[[300, 293], 1].max() < -0.05
    assert field("mouthLeft")[[0, 17], 0].min() > 0.1
    assert field("jawLeft")[152, 0] > 0.1
    assert field("jawForward")[152, 2] < -0.1
    assert (rest[right_corner, 0] < 0) and (rest[left_corner, 0] > 0)


def test_displace_adds_up_by_name_and_by_row() -> None:
    row = np.zeros(51, np.float32)
    row[SHAPES.names.index("jawOpen")], row[SHAPES.names.index("browInnerUp")] = 0.5, 0.25
    moved = SHAPES.displace(row)
    assert moved.shape == (468, 3)
    np.testing.assert_allclose(moved, 0.5 * field("jawOpen") + 0.25 * field("browInnerUp"), atol=1e-6)
    np.testing.assert_array_equal(SHAPES.displace({"jawOpen": 0.5, "browInnerUp": 0.25}), moved)
    assert not SHAPES.displace({}).any()


def test_displace_refuses_what_it_does_not_know() -> None:
    with pytest.raises(ThespisError, match=r"unknown shape 'mouthSmile'.*mouthSmileLeft"):
        SHAPES.displace({"mouthSmile": 1.0})
    with pytest.raises(ValueError, match=r"\(51,\)"):
        SHAPES.displace(np.zeros(52, np.float32))


def test_the_card_describes_the_file() -> None:
    card = shapes_card()
    assert (card.file, card.licence, card.commercial) == ("shapes.safetensors", "MIT AND Apache-2.0", True)
    facts = json.loads((ASSETS / "shapes.json").read_text(encoding="utf-8"))
    assert "USC Institute for Creative Technologies" in facts["notice"]
    assert tuple(facts["checks"]) == SHAPES.names
    for name, found in facts["checks"].items():
        assert found["lip_gap"] == pytest.approx(float(lip_gap(field(name))[5]), abs=1e-4)
        assert found["peak"] == pytest.approx(float(np.linalg.norm(field(name), axis=1).max()), abs=1e-4)


def test_shapes_are_shared_and_cannot_be_changed() -> None:
    assert load_shapes() is SHAPES
    with pytest.raises(ValueError, match="read-only"):
        SHAPES.fields[0, 0, 0] = 1.0


def test_loading_needs_no_face_tracker() -> None:
    code = "import sys, thespis.head.shapes as s; s.load_shapes(); print(sorted({'mediapipe', 'cv2', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_the_page_tells_the_figures_of_the_card() -> None:
    page = (Path(__file__).parents[2] / "docs" / "shapes.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if line.startswith("|")]
    told = {row[0]: row[1:] for row in rows if row[0] in SHAPES.names}
    checks = json.loads((ASSETS / "shapes.json").read_text(encoding="utf-8"))["checks"]
    assert told == {
        name: [f"{found['cosine']:.4f}", f"{found['peak']:.4f}", str(found["points"]), f"{found['lip_gap']:.4f}"]
        for name, found in checks.items()
    }
