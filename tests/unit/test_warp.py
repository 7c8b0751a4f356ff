"""The warp renderer: what must stay still stays still, what must close closes, and no pixel is ever left unfilled."""

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from thespis.capture.faces import face_of
from thespis.errors import DirectionError, MediaError
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import eased
from thespis.pixels.crop import through
from thespis.pixels.cutout import cut_out
from thespis.pixels.framing import cut_frame
from thespis.pixels.layers import grid_triangles, opaque
from thespis.pixels.parting import plain
from thespis.pixels.raster import draw, packed, soften_outline
from thespis.pixels.warp import OUTLINE, Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait, Track

pytestmark = pytest.mark.unit
SIZE = 256


def row(head: tuple[float, float, float] = (0, 0, 0), gaze: tuple[float, float] = (0, 0), **weights: float) -> Array:
    """One row of the Space `face`; a name without a side means both sides; angles are degrees."""
    values = np.zeros(FACE.size, np.float32)
    for name, weight in weights.items():
        for full in [name] if name in FACE.names else [f"{name}Left", f"{name}Right"]:
            values[FACE.column(full)] = weight
    values[FACE.slice("head_rotation")] = np.radians(head)
    for side in ("left", "right"):
        values[FACE.column(f"gaze_{side}_yaw")], values[FACE.column(f"gaze_{side}_pitch")] = np.radians(gaze)
    return values


@pytest.fixture(scope="module")
def canvas(astronaut: Portrait) -> Canvas:
    return Warp(SIZE).start(astronaut, Direction())


def picture(canvas: Canvas, values: Array) -> Bytes:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_frame(canvas, values, image)
    return image


def test_the_kernel_gives_the_picture_back_where_nothing_moves() -> None:
    texture = np.random.default_rng(0).integers(0, 255, (65, 65, 3)).astype(np.uint8)
    y, x = np.mgrid[0:65:8, 0:65:8]
    place = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    out, nearest = np.zeros((65, 65, 3), np.uint8), np.full((65, 65), 1e9, np.float32)
    count = len(place)
    pixels = packed(opaque(texture))
    draw(place, np.zeros(count, np.float32), np.ones(count, np.float32), place, grid_triangles(9, 9), pixels, out, nearest, False)
    assert np.array_equal(out[:64, :64], texture[:64, :64])


def test_the_nearer_triangle_wins_whatever_the_order() -> None:
    texture = np.zeros((8, 8, 4), np.uint8)
    texture[:, :4] = (255, 0, 0, 255)
    texture[:, 4:] = (0, 255, 0, 255)
    place = np.array([[0, 0], [20, 0], [0, 20], [0, 0], [20, 0], [0, 20]], np.float32)
    source = np.array([[1, 1], [2, 1], [1, 2], [6, 1], [6.5, 1], [6, 2]], np.float32)
    depth = np.array([2, 2, 2, 1, 1, 1], np.float32)
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        out, nearest = np.zeros((20, 20, 3), np.uint8), np.full((20, 20), 1e9, np.float32)
        draw(place, depth, np.ones(6, np.float32), source, np.array(order, np.int32), packed(texture), out, nearest, False)
        assert tuple(out[5, 5]) == (0, 255, 0)


def test_at_rest_the_frame_is_the_photograph(canvas: Canvas, astronaut: Portrait) -> None:
    framing = cut_frame(astronaut.image, face_of(astronaut), (SIZE, SIZE), "head", SIZE)
    height, width = framing.texture.shape[:2]
    across = ((np.arange(SIZE) + 0.5 + framing.margin[0]) * framing.finer[0] - 0.5).astype(np.float32)
    down = ((np.arange(SIZE) + 0.5 + framing.margin[1]) * framing.finer[1] - 0.5).astype(np.float32)
    assert 0 <= across[0] < across[-1] < width
    assert 0 <= down[0] < down[-1] < height
    photo = cv2.remap(framing.texture, np.tile(across, (SIZE, 1)), np.tile(down[:, None], (1, SIZE)), cv2.INTER_LINEAR)
    drawn = picture(canvas, row())
    # Her mouth is open in the photograph and closed at rest; everywhere above it the two agree.
    nose = int(canvas.puppet.pose(row()).place[2, 1])
    assert np.abs(drawn[:nose].astype(int) - photo[:nose]).mean() < 1.2


POSES = [row(), row((12, -15, 8)), row((-12, 15, -8), jawOpen=1.0, mouthSmile=1.0), row((-12, -20, 15))]


@pytest.mark.parametrize("values", POSES)
def test_the_person_has_no_holes(canvas: Canvas, values: Array) -> None:
    puppet = canvas.puppet
    kept = puppet.atlas.copy()
    try:
        # White on black: what nothing covers inside the outline of the face would stay black.
        posed = puppet.pose(values)
        out = np.zeros((SIZE, SIZE, 3), np.uint8)
        nearest = np.full((SIZE, SIZE), 1e9, np.float32)
        puppet.atlas[..., :3] = 255
        ones = np.ones(len(posed.depth), np.float32)
        for triangles, soft in ((canvas.around, True), (canvas.moving, False), (canvas.inside, False)):
            draw(posed.place, posed.depth, ones, posed.source, triangles, packed(puppet.atlas), out, nearest, soft)
        inside = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillPoly(inside, [np.round(posed.place[puppet.person.shapes.oval]).astype(np.int32)], [1])
        assert out[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0].min() == 255
    finally:
        puppet.atlas[:] = kept


def test_the_background_fills_the_frame_and_stays_still(canvas: Canvas) -> None:
    cutout = canvas.puppet.cutout
    assert cutout is not None
    white = through(replace(canvas.puppet.framing, texture=np.full_like(cutout.plate, 255)))
    assert white.min() == 255
    rest, turned = picture(canvas, row()), picture(canvas, row((5, 12, 10)))
    far = SIZE // 12
    assert np.array_equal(rest[: SIZE // 2, :far], turned[: SIZE // 2, :far])


def test_the_neck_hangs_on_the_chin_where_the_picture_ends_close_below(astronaut: Portrait) -> None:
    face = face_of(astronaut)
    left, top, right, bottom = face.box
    close = Portrait((astronaut.image[max(top - 10, 0) : bottom + 6, max(left - 10, 0) : right + 10],), name="a tight crop")
    puppet = Warp(SIZE).start(close, Direction()).puppet
    posed = puppet.pose(row((-12, 10, 8)))
    outline, ring = posed.place[puppet.person.shapes.oval], posed.place[puppet.skirt_rows][: 2 * len(puppet.person.shapes.oval)]
    assert np.allclose(ring[::2], outline, atol=1e-3)
    assert np.allclose(ring[1::2], (outline + np.roll(outline, -1, axis=0)) / 2, atol=1e-3)


def test_a_picture_that_is_not_seen_as_a_person_still_becomes_a_puppet() -> None:
    cutout = cut_out(
        np.full((96, 96, 3), 90, np.uint8),
        (0, 0, 96, 96),
        np.zeros((478, 2), np.float32) + 40,
        20.0,
        lambda at: (at[:, 0], at[:, 1]),
        np.zeros((0, 3), np.float32),
    )
    assert cutout is None


def test_an_absurd_turn_is_slowed_down_and_never_jerks() -> None:
    asked = np.linspace(-3, 3, 2001).astype(np.float32)
    given = eased(asked, 0.6)
    assert np.abs(given).max() <= 0.6
    assert np.allclose(given[np.abs(asked) < 0.4], asked[np.abs(asked) < 0.4])
    assert (np.diff(given) >= 0).all()
    assert np.abs(np.diff(given, n=2)).max() < 1e-4


def inner_gap(canvas: Canvas, values: Array) -> float:
    """How far the inner lips are apart, in eye distances."""
    shapes, posed = canvas.puppet.person.shapes, canvas.puppet.pose(values)
    gap = posed.place[shapes.lips_inner_lower[2:-2], 1] - posed.place[shapes.lips_inner_upper[2:-2], 1]
    return float(gap.mean() / canvas.puppet.unit)


def test_lips_meet_at_rest_and_seal_in_a_closure(canvas: Canvas) -> None:
    assert abs(inner_gap(canvas, row())) < 0.005
    assert inner_gap(canvas, row(jawOpen=0.6)) > 0.15
    assert abs(inner_gap(canvas, row(jawOpen=0.6, mouthClose=0.6))) < 0.01
    # Before the portrait has looked at itself; what it learns from that may differ from one opening to the next.
    as_shaped = replace(canvas, puppet=replace(canvas.puppet, parting=plain(canvas.puppet.person, canvas.puppet.rotation)))
    assert inner_gap(as_shaped, row(jawOpen=0.3)) == pytest.approx(inner_gap(as_shaped, row(jawOpen=0.6)) / 2, rel=0.05)
    assert 0.7 / 1.05 < inner_gap(canvas, row(jawOpen=0.3)) / inner_gap(as_shaped, row(jawOpen=0.3)) < 1.4 * 1.05


def test_lids_close_fully_and_cover_the_eye(canvas: Canvas) -> None:
    shapes = canvas.puppet.person.shapes
    for upper, lower in ((shapes.eye_left_upper, shapes.eye_left_lower), (shapes.eye_right_upper, shapes.eye_right_lower)):
        opened, closed = canvas.puppet.pose(row()).place, canvas.puppet.pose(row(eyeBlink=1.0)).place
        assert (opened[lower[3:6], 1] - opened[upper[3:6], 1]).min() > 0.06 * canvas.puppet.unit
        assert np.abs(closed[lower, 1] - closed[upper, 1]).max() < 0.01 * canvas.puppet.unit


def test_the_irises_follow_the_gaze(canvas: Canvas) -> None:
    posed = canvas.puppet.pose(row())
    ring = canvas.puppet.person.shapes.eye_left_upper
    low, high = posed.place[ring].min(axis=0).astype(int), posed.place[ring].max(axis=0).astype(int)
    window = (slice(low[1] - 1, high[1] + 6), slice(low[0] - 2, high[0] + 3))

    def dark_centre(values: Array) -> float:
        grey = picture(canvas, values)[window].astype(float).mean(axis=2)
        weight = np.clip(np.percentile(grey, 30) - grey, 0, None)
        return float((weight * np.arange(grey.shape[1])).sum() / weight.sum())

    assert dark_centre(row(gaze=(20, 0))) > dark_centre(row()) + 0.5 > dark_centre(row(gaze=(-20, 0))) + 1.0


def test_the_corners_never_move(canvas: Canvas) -> None:
    still, moved = picture(canvas, row()), picture(canvas, row((8, -12, 8), jawOpen=1.0))
    for corner in (np.s_[:8, :8], np.s_[:8, -8:]):
        assert np.array_equal(still[corner], moved[corner])


def test_a_row_is_drawn_alike_whatever_came_before(canvas: Canvas) -> None:
    first = picture(canvas, row((3, 5, 1), (10, 5), jawOpen=0.4))
    picture(canvas, row((-8, -9, 4), (-20, -10), eyeBlink=1.0))
    assert np.array_equal(first, picture(canvas, row((3, 5, 1), (10, 5), jawOpen=0.4)))


def test_absurd_motion_is_bounded_and_nonsense_refused(canvas: Canvas) -> None:
    wild = np.full(FACE.size, 1e9, np.float32)
    assert picture(canvas, wild).std() > 5
    with pytest.raises(MediaError, match="not finite"):
        picture(canvas, np.full(FACE.size, np.nan, np.float32))


def test_an_empty_chunk_gives_no_frames(canvas: Canvas) -> None:
    made = Warp(SIZE).step(canvas, Track.empty(FACE, Fraction(25), 7), last=False)
    assert len(made) == 0
    assert made.start == 7


@pytest.mark.parametrize(
    ("direction", "size"),
    [
        (Direction(), (256, 256)),
        (Direction(size=(640, 360)), (640, 360)),
        (Direction(size=(270, 480)), (270, 480)),
        (Direction(crop="picture"), (512, 512)),
        (Direction(size=(333, 251)), (333, 251)),
    ],
)
def test_frames_have_the_size_asked_and_show_the_face(astronaut: Portrait, direction: Direction, size: tuple[int, int]) -> None:
    canvas = Warp(SIZE).start(astronaut, direction)
    assert (canvas.puppet.framing.width, canvas.puppet.framing.height) == size
    place = canvas.puppet.pose(row()).place[:468]
    assert (place > 0).all()
    assert (place < np.array(size)).all()


def test_impossible_sizes_are_refused(astronaut: Portrait) -> None:
    with pytest.raises(DirectionError, match="32 to 4096"):
        Warp(SIZE).start(astronaut, Direction(size=(8, 8)))


def test_the_edge_of_what_stands_before_another_has_no_saw_teeth() -> None:
    picture, nearest = np.zeros((20, 20, 3), np.uint8), np.full((20, 20), 5.0, np.float32)
    for row in range(20):
        picture[row, : 5 + row // 2], nearest[row, : 5 + row // 2] = 200, 1.0
    flat = picture.copy()
    soften_outline(picture, nearest, 2, 2, 18, 18, 0.3)
    edge = picture[4:16, :, 0]
    assert ((edge > 0) & (edge < 200)).sum(axis=1).min() >= 1
    assert (picture[:, 0] == 200).all() and (picture[:, 19] == 0).all()
    even = flat.copy()
    soften_outline(even, np.ones_like(nearest), 0, 0, 20, 20, 0.3)
    assert np.array_equal(even, flat)


def test_a_lip_drawn_up_behind_the_nose_has_a_smooth_edge_to_the_last_of_the_cheek(canvas: Canvas, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[float, int, int, int, int]] = []

    def watch(image: Bytes, nearest: Array, top: int, left: int, bottom: int, right: int, step: float) -> None:
        seen.append((step, top, left, bottom, right))
        soften_outline(image, nearest, top, left, bottom, right, step)

    monkeypatch.setattr("thespis.pixels.warp.soften_outline", watch)
    sneer = row(noseSneer=1.0, mouthUpperUp=0.8, cheekSquint=1.0)
    picture(canvas, row(jawOpen=0.3))
    picture(canvas, sneer)
    (at_rest, *_), (moved, top, left, bottom, right) = seen
    assert at_rest == pytest.approx(OUTLINE[0])
    assert moved == pytest.approx(OUTLINE[1])
    skin = canvas.puppet.pose(sneer).place[:468]
    assert (skin.min(axis=0) >= (left, top)).all()
    assert (skin.max(axis=0) <= (right, bottom)).all()
