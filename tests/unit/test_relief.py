"""Depth that the picture can stand: no part of the face tears into streaks or folds when the head turns, and rest is the photograph."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from thespis.capture.faces import Face, face_of
from thespis.head.person import fit
from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER, EYE_RIGHT_LOWER, EYE_RIGHT_UPPER, OVAL, load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import TURN_LIMIT, rotation_matrix
from thespis.pixels.crop import through
from thespis.pixels.relief import STEEPEST, carried, cut_short, held_in, turnable, unfolded, way_back, way_down, ways_aside
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait, Track

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def canvas(astronaut: Portrait) -> Canvas:
    return Warp(256).start(astronaut, Direction())


def turned(degrees: float) -> Array:
    row = np.zeros(FACE.size, np.float32)
    row[FACE.slice("head_rotation")] = np.radians((0.0, degrees, 0.0))
    return row


def test_the_rim_of_the_face_is_no_steeper_than_a_turn_can_stand(canvas: Canvas) -> None:
    puppet = canvas.puppet
    rest = puppet.rest[list(OVAL)]
    along = np.roll(rest, 1, axis=0) - rest
    assert (np.abs(along[:, 2]) <= STEEPEST * np.linalg.norm(along[:, :2], axis=1) + 1e-3).all()
    seen = puppet.person.photo @ puppet.rotation.T
    apart = np.linalg.norm(seen[list(OVAL), None, :2] - seen[None, :, :2], axis=2)
    assert (seen[list(OVAL), 2][:, None] <= seen[None, :, 2] + STEEPEST * apart + 1e-3).all()


@pytest.mark.parametrize("degrees", [-18.0, 18.0])
def test_nothing_near_the_outline_folds_when_the_head_turns(canvas: Canvas, degrees: float) -> None:
    triangles = load_shapes().triangles
    outer = triangles[np.isin(triangles, OVAL).any(axis=1)]

    def areas(row: Array) -> Array:
        place = canvas.puppet.pose(row).place
        a, b, c = (place[outer[:, corner]] for corner in range(3))
        return np.asarray((b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1]))

    rest = areas(turned(0.0))
    share, weight = areas(turned(degrees)) / rest, np.abs(rest) / np.abs(rest).sum()
    assert weight[share < 0].sum() < 0.05
    assert weight[share > 2.2].sum() < 0.05


@pytest.fixture
def eyes(canvas: Canvas) -> Callable[[Bytes], Array]:
    place = canvas.puppet.pose(turned(0.0)).place

    def near_the_eyes(picture: Bytes) -> Array:
        found = []
        for ring in ((*EYE_LEFT_UPPER, *EYE_LEFT_LOWER), (*EYE_RIGHT_UPPER, *EYE_RIGHT_LOWER)):
            (left, top), (right, bottom) = place[list(ring)].min(axis=0).astype(int) - 2, place[list(ring)].max(axis=0).astype(int) + 3
            found.append(picture[top:bottom, left:right].reshape(-1, 3))
        return np.asarray(np.concatenate(found), np.float32)

    return near_the_eyes


def test_eyes_at_rest_are_the_photographs(canvas: Canvas, eyes: Callable[[Bytes], Array]) -> None:
    drawn = np.zeros((256, 256, 3), np.uint8)
    draw_frame(canvas, turned(0.0), drawn)
    photo = through(canvas.puppet.framing)
    assert np.abs(eyes(drawn) - eyes(photo)).mean() < 3.0
    # And a glance begins where they rest, without a jump.
    row = turned(0.0)
    row[[FACE.column("gaze_left_yaw"), FACE.column("gaze_right_yaw")]] = 0.01
    glance = np.zeros_like(drawn)
    draw_frame(canvas, row, glance)
    assert np.abs(eyes(glance) - eyes(drawn)).mean() < 2.0


def test_the_light_in_an_eye_stays_when_it_looks_about(canvas: Canvas, eyes: Callable[[Bytes], Array]) -> None:
    pictures = []
    for yaw in (0.0, 0.25):
        row = turned(0.0)
        row[[FACE.column("gaze_left_yaw"), FACE.column("gaze_right_yaw")]] = yaw
        drawn = np.zeros((256, 256, 3), np.uint8)
        draw_frame(canvas, row, drawn)
        pictures.append(eyes(drawn).mean(axis=1))
    assert np.percentile(pictures[1], 99) > 0.9 * np.percentile(pictures[0], 99)
    assert np.abs(pictures[1] - pictures[0]).mean() > 1.0


def test_motion_blur_is_the_mean_of_the_way_and_leaves_rest_alone(astronaut: Portrait) -> None:
    rows = np.stack([turned(0.0), turned(0.0), turned(6.0), turned(6.0)])
    stage = Warp(128)
    sharp = stage.step(stage.start(astronaut, Direction()), Track(FACE, rows, Fraction(25)), True).images
    state = stage.start(astronaut, Direction(motion_blur=0.5))
    # However the rows are cut, the row before is known.
    parts = [stage.step(state, Track(FACE, rows[k : k + 1], Fraction(25), k), k == 3).images for k in range(4)]
    blurred = np.concatenate(parts)
    whole = stage.step(stage.start(astronaut, Direction(motion_blur=0.5)), Track(FACE, rows, Fraction(25)), True).images
    assert np.array_equal(whole, blurred)
    assert [np.array_equal(blurred[k], sharp[k]) for k in range(4)] == [True, True, False, True]

    def detail(picture: Bytes) -> float:
        return float(np.abs(np.diff(picture.astype(np.float32), axis=1)).mean())

    assert detail(blurred[2]) < detail(sharp[2])


def test_a_face_that_looks_away_turns_little_farther_and_all_the_way_back() -> None:
    away = rotation_matrix(np.array([0.0, np.radians(30), 0.0], np.float32))
    farther, back = (turnable(np.array([0.1, turn, 0.2], np.float32), away, 0.6) for turn in (0.35, -0.35))
    assert 0.1 < farther[1] < np.radians(10.5) and farther[[0, 2]] == pytest.approx([0.1, 0.2])
    assert back[1] == pytest.approx(-0.35)
    frontal = turnable(np.array([0.0, 0.3, 0.0], np.float32), np.eye(3, dtype=np.float32), 0.6)
    assert frontal[1] == pytest.approx(0.3)


def test_a_face_turns_back_as_far_as_its_far_side_shows() -> None:
    points = load_shapes().points
    narrow = points.copy()
    # The side of the face goes back at once behind the far eye's corner.
    narrow[[127, 356], 0] = 1.02 * points[[33, 263], 0]
    rooms = []
    for degrees in (0, 15, 24, 45):
        away = rotation_matrix(np.array([0.0, np.radians(degrees), 0.0], np.float32))
        rooms.append([way_back(each @ away.T, away) for each in (points, narrow)])
    (front, front_narrow), _, (wide, hidden), (profile, _) = rooms
    assert front == front_narrow > 0.7 and profile < 0.2
    assert wide > 0.6 > 0.25 > hidden
    assert (np.diff(np.array(rooms), axis=0) <= 0).all()


@pytest.mark.parametrize("degrees", [-38.0, 38.0])
def test_what_a_profile_hides_lies_outside_its_far_edge_and_goes_with_it(degrees: float) -> None:
    shapes = load_shapes()
    away = rotation_matrix(np.array([0.0, np.radians(degrees), 0.0], np.float32))
    points = (100 * shapes.points @ away.T).astype(np.float32)
    laid, goes = unfolded(points, away, 100.0)
    assert goes is not None
    out = -float(np.sign(degrees))
    far = [number for number in OVAL if out * shapes.points[number, 0] > 0.5]
    cheeks = [number for number in range(468) if out * shapes.points[number, 0] > 0.35]

    def inside(seen: Array) -> float:
        """How far the far outline lies inside the farthest skin at its height, on average, in eye distances."""
        near = np.abs(seen[far, 1][:, None] - seen[cheeks, 1][None]) < 8
        edge = np.where(near, out * seen[cheeks, 0][None], -np.inf).max(axis=1)
        return float((edge - out * seen[far, 0]).mean()) / 100

    assert inside(points) > 0.1 > 0.02 > inside(laid)
    near = out * shapes.points[:, 0] < 0
    assert np.array_equal(laid[near], points[near])
    assert np.array_equal(laid[:, 1:], points[:, 1:])
    # What is hidden moves as the edge does, and what is seen by itself.
    face = Face(laid, away, 100.0, 0.0, 0.0, 0.0)
    plain = fit(shapes, face, np.zeros(3, np.float32))
    made = carried(plain, goes)
    jaw = shapes.names.index("jawOpen")
    assert np.array_equal(made.fields[jaw][near], plain.fields[jaw][near])
    hidden = np.abs(laid - points)[:, 0] > 5
    assert hidden.sum() > 5
    assert goes.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert goes[hidden][:, hidden].sum(axis=1).max() < 0.3
    assert not np.allclose(made.fields[jaw][hidden], plain.fields[jaw][hidden], atol=0.01)


def test_a_face_seen_from_the_front_hides_nothing() -> None:
    front = rotation_matrix(np.array([0.1, np.radians(12), 0.1], np.float32))
    points = (100 * load_shapes().points @ front.T).astype(np.float32)
    laid, goes = unfolded(points, front, 100.0)
    assert laid is points and goes is None
    person = fit(load_shapes(), Face(points, front, 100.0, 0.0, 0.0, 0.0), np.zeros(3, np.float32))
    assert carried(person, goes) is person


def test_a_turn_that_is_drawn_smaller_says_why_once(canvas: Canvas, caplog: pytest.LogCaptureFixture) -> None:
    drawn = np.zeros((256, 256, 3), np.uint8)
    canvas.told = False
    for degrees in (20.0, 60.0, 70.0):
        draw_frame(canvas, turned(degrees), drawn)
    assert [record.getMessage().split(";")[0] for record in caplog.records] == ["the head turns 60 degrees sideways"]


def test_a_head_that_the_picture_cuts_off_turns_little_away_from_that_side() -> None:
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    away = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    room = np.where(away[:, 0] > 0, 0.4, 1.5).astype(np.float32)
    negative, positive = ways_aside(away, np.full(36, 0.6, np.float32), room)
    assert negative == pytest.approx(TURN_LIMIT) and 0.15 < positive < 0.25
    # A head that ends inside the picture turns as ever.
    assert ways_aside(away, np.full(36, 0.2, np.float32), room) == pytest.approx([TURN_LIMIT, TURN_LIMIT])
    asked, front = np.array([0.0, 0.35, 0.0], np.float32), np.eye(3, dtype=np.float32)
    aside = np.array([negative, positive], np.float32)
    assert turnable(asked, front, 0.6, aside)[1] < 0.25 and turnable(-asked, front, 0.6, aside)[1] == pytest.approx(-0.35)
    assert "beyond the picture's edge" in cut_short(asked, front, 0.6, aside) and not cut_short(-asked, front, 0.6, aside)


def test_why_a_turn_is_cut_short_depends_on_the_picture() -> None:
    away = rotation_matrix(np.array([0.0, np.radians(30), 0.0], np.float32))
    asked = np.array([0.0, np.radians(20), 0.0], np.float32)
    assert "turned by 30 already" in cut_short(asked, away, 0.6)
    assert cut_short(-asked, away, 0.6) == cut_short(asked, np.eye(3, dtype=np.float32), 0.6) == ""
    assert "up or down" in cut_short(np.array([1.0, 0.0, 0.0], np.float32), away, 0.6)
    assert "to a shoulder" in cut_short(np.array([0.0, 0.0, 1e30], np.float32), away, 0.6)


def test_a_forehead_at_the_pictures_edge_stays_there_in_a_nod() -> None:
    brow, pivot = np.array([0.0, -1.1, 0.2], np.float32), np.array([0.0, 1.15, 1.2], np.float32)
    assert held_in(0.05) == 1 and held_in(1.5) == 0 < held_in(0.4) < 1
    assert way_down(0.0, brow, pivot) == 0
    assert 0.15 < way_down(0.2, brow, pivot) < 0.4
    # Looking up brings nothing into sight.
    assert way_down(-0.2, brow, pivot) == 0


def test_a_close_view_nods_about_its_forehead(astronaut: Portrait, canvas: Canvas) -> None:
    face = face_of(astronaut)
    left, top, right, bottom = face.box
    cut = Portrait((astronaut.image[top - 4 : bottom + 60, max(left - 60, 0) : right + 60],), name="a forehead at the edge")
    nod = np.zeros(FACE.size, np.float32)
    nod[FACE.slice("head_rotation").start] = 0.2
    ways = []
    for puppet in (canvas.puppet, Warp(256).start(cut, Direction()).puppet):
        rest, nods = (puppet.pose(each).place for each in (np.zeros(FACE.size, np.float32), nod))
        ways.append((nods - rest)[[10, 152], 1] / puppet.unit)
    (usual_brow, _), (brow, chin) = ways
    assert abs(brow) < 0.03 < 0.1 < usual_brow
    # It nods all the same: the chin goes up towards the forehead.
    assert chin < -0.03
