"""The shapes are fitted to the person: open mouths close, smiles relax, closures seal, and the skin creases with the expression."""

import numpy as np
import pytest

from thespis.capture.faces import Face
from thespis.head.person import Person, fit, natural_lips
from thespis.head.shapes import LIPS_OUTER, load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import expression_of
from thespis.pixels.creases import CREASES, SMOOTHEST, find_creases
from thespis.pixels.layers import opaque
from thespis.pixels.mouth import draw_teeth, read_light
from thespis.types import Array, random_for

pytestmark = pytest.mark.unit
SHAPES = load_shapes()


def person(**weights: float) -> Person:
    """The canonical face photographed with an expression, 100 pixels an eye distance."""
    moved = SHAPES.points + SHAPES.displace(weights)
    points = np.concatenate([moved * 100 + 300, np.zeros((10, 3), np.float32)]).astype(np.float32)
    face = Face(points, np.eye(3, dtype=np.float32), 100.0, 0.0, 0.0, 0.0)
    return fit(SHAPES, face, np.full(3, 300, np.float32))


def gap(points: Array) -> float:
    """How far the inner lips are apart in the middle."""
    return float((points[SHAPES.lips_inner_lower[3:8], 1] - points[SHAPES.lips_inner_upper[3:8], 1]).mean())


def corners(points: Array) -> float:
    """How high the corners of the mouth stand above the middle of the lips."""
    return float((points[13, 1] + points[14, 1]) / 2 - (points[78, 1] + points[308, 1]) / 2)


@pytest.mark.parametrize("opened", [0.0, 0.2, 0.6, 1.0])
def test_any_photographed_mouth_is_closed_at_rest(opened: float) -> None:
    made = person(jawOpen=opened)
    assert abs(gap(made.rest)) < 1e-4
    assert made.parted == pytest.approx(gap(made.photo), abs=1e-4)
    # Closing must not crush the face: the chin stays within what a closed mouth of this face can be.
    assert 0.75 < (made.rest[152, 1] - made.rest[1, 1]) / (SHAPES.points[152, 1] - SHAPES.points[1, 1]) < 1.3


def test_the_nose_and_the_eyes_do_not_move_when_the_mouth_is_closed() -> None:
    made = person(jawOpen=0.8)
    still = [1, 33, 133, 263, 362, 168, 10]
    assert np.abs(made.rest[still] - made.photo[still]).max() < 0.02


def test_a_broad_smile_is_mostly_taken_out_and_a_resting_mouth_left_alone() -> None:
    resting = person()
    smiling = person(mouthSmileLeft=1.0, mouthSmileRight=1.0)
    assert corners(smiling.photo) > corners(resting.photo) + 0.05
    assert corners(smiling.rest) - corners(resting.rest) < 0.5 * (corners(smiling.photo) - corners(resting.photo))
    assert np.abs(resting.rest - resting.photo)[[61, 291, 0, 17]].max() < 0.06


@pytest.mark.parametrize("chin", [0.9, 1.2])
def test_closures_seal_on_long_and_short_chins(chin: float) -> None:
    points = SHAPES.points.copy()
    low = points[:, 1] > points[2, 1]
    points[low, 1] = points[2, 1] + (points[low, 1] - points[2, 1]) * chin
    placed = np.concatenate([points * 100 + 300, np.zeros((10, 3), np.float32)]).astype(np.float32)
    face = Face(placed, np.eye(3, dtype=np.float32), 100.0, 0.0, 0.0, 0.0)
    made = fit(SHAPES, face, np.full(3, 300, np.float32))
    opened = made.rest + 0.7 * made.fields[SHAPES.names.index("jawOpen")]
    sealed = opened + 0.7 * made.fields[SHAPES.names.index("mouthClose")]
    assert gap(opened) > 0.2
    assert abs(gap(sealed)) < 0.01


def test_lids_meet_whatever_their_opening() -> None:
    made = person(eyeSquintLeft=0.8, eyeWideRight=0.8)
    for side in ("left", "right"):
        field = made.fields[SHAPES.names.index(f"eyeBlink{side.capitalize()}")]
        upper, lower = getattr(SHAPES, f"eye_{side}_upper"), getattr(SHAPES, f"eye_{side}_lower")
        assert np.abs((made.rest + field)[upper] - (made.rest + field)[lower])[2:-2, 1].max() < 1e-5


def test_skin_creases_where_the_expression_says_and_nowhere_at_rest() -> None:
    flat = opaque(np.full((400, 400, 3), 160, np.uint8)).astype(np.uint8)
    points = np.concatenate([SHAPES.points[:, :2] * 80 + (200, 150), np.zeros((10, 2)) + 200]).astype(np.float32)
    skin = find_creases(flat, points, 80.0)
    atlas = flat.copy()
    skin.crease(atlas, np.zeros(51, np.float32))
    assert np.array_equal(atlas, flat)
    raised = np.zeros(51, np.float32)
    for name in ("browInnerUp", "browOuterUpLeft", "browOuterUpRight"):
        raised[SHAPES.names.index(name)] = 1.0
    skin.crease(atlas, raised)
    changed = np.argwhere((atlas != flat).any(axis=2))
    brow = points[105, 1]
    assert len(changed) > 200
    assert (changed[:, 0] < brow).mean() > 0.95
    assert atlas[..., :3].min() < 155
    skin.crease(atlas, np.zeros(51, np.float32))
    assert np.array_equal(atlas, flat)


def test_every_crease_can_be_called_up() -> None:
    flat = opaque(np.full((400, 400, 3), 160, np.uint8)).astype(np.uint8)
    points = np.concatenate([SHAPES.points[:, :2] * 80 + (200, 150), np.zeros((10, 2)) + 200]).astype(np.float32)
    skin = find_creases(flat, points, 80.0)
    for name, crease in CREASES.items():
        weights = np.zeros(51, np.float32)
        for shape, weight in crease.weights.items():
            weights[SHAPES.names.index(shape)] = float(weight > 0)
        atlas = flat.copy()
        skin.shown = None
        skin.crease(atlas, weights)
        assert (atlas != flat).any(), name


def test_teeth_take_the_photographs_light() -> None:
    def teeth(level: float) -> float:
        texture = np.full((200, 200, 3), 140 * level, np.uint8)
        texture[40:60, 40:80] = 230 * level  # the white of an eye
        ring = np.array([[40, 40], [79, 40], [79, 59], [40, 59]], np.float32)
        light = read_light(texture, [ring], np.array([[100, 100]], np.float32), np.array([[150, 150]], np.float32))
        drawn = draw_teeth(light, upper=True)
        return float(drawn[drawn[..., 3] > 200][:, :3].mean())

    assert teeth(1.0) > 1.5 * teeth(0.4) > 0


def test_lips_of_a_gape_become_usual_ones() -> None:
    """A narrow gape with tall lips: closing alone would leave them so."""
    rest = SHAPES.points.copy()
    middle = rest[[78, 308], :2].mean(axis=0)
    mouth = list(LIPS_OUTER)
    rest[mouth, :2] = middle + (rest[mouth, :2] - middle) * (0.6, 1.8)
    rest[[78, 308], 0] *= 0.6
    assert (natural_lips(SHAPES, rest, 0.1) == rest).all()
    found = natural_lips(SHAPES, rest, 0.6)
    assert np.linalg.norm(found[78] - found[308]) > 0.8 * np.linalg.norm(SHAPES.points[78] - SHAPES.points[308])
    tall = found[17, 1] - found[0, 1]
    assert tall == pytest.approx(SHAPES.points[17, 1] - SHAPES.points[0, 1], rel=0.1)
    assert found[[10, 33, 263]] == pytest.approx(rest[[10, 33, 263]], abs=1e-3)


def test_smiles_end_before_a_clown_begins() -> None:
    row = np.zeros(FACE.size, np.float32)
    reached = []
    for weight in (0.5, 0.8, 1.1, 1.8):
        row[[FACE.column("mouthSmileLeft"), FACE.column("mouthSmileRight")]] = weight
        reached.append(float(expression_of(row)[SHAPES.names.index("mouthSmileLeft")]))
    assert reached[:2] == pytest.approx([0.5, 0.8])
    assert 0.8 < reached[2] < 1.1 < reached[3] + 0.1 < 1.3


def test_smooth_skin_gets_softer_lines() -> None:
    unit = 100.0
    points = np.concatenate([SHAPES.points[:, :2] * unit + 300, np.zeros((10, 2), np.float32)]).astype(np.float32)
    smooth = np.full((700, 600, 4), 180, np.uint8)
    rough = smooth.copy()
    grain = random_for(0, "skin").integers(0, 120, (88, 75, 1)).astype(np.uint8)
    rough[..., :3] += grain.repeat(8, axis=0).repeat(8, axis=1)[:700, :600]
    depths = [max(float(np.abs(relief).max()) for relief in find_creases(skin, points, unit).reliefs) for skin in (smooth, rough)]
    assert depths[0] == pytest.approx(SMOOTHEST * depths[1], rel=0.05)
