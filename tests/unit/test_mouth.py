"""The inside of the mouth: shade, a tongue that lifts and comes out, flesh in the photograph's colours, and lips on their line."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER, load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import bitten
from thespis.pixels.close_up import FAR, facing, open_hole
from thespis.pixels.edges import LOWER_EDGE, lower_chin, refine_lips
from thespis.pixels.lips import BARED, BELOW, BOW, NOSE, SQUEEZED, UNDER_NOSE, UPPER_ROWS, bare, clear_nose, give_way, loosen
from thespis.pixels.mouth import (
    COVERED,
    LIFTED,
    Light,
    Opening,
    draw_teeth,
    draw_tongue,
    fitted,
    matched,
    move_tongue,
    tongue_layer,
    uncover_teeth,
)
from thespis.pixels.shade import BINS, INSIDE, NOTHING, Lips, shade_inside
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait

pytestmark = pytest.mark.unit
SIZE = 256
DOWN = np.array([0, 1, 0], np.float32)


@pytest.fixture(scope="module")
def canvas(astronaut: Portrait) -> Canvas:
    return Warp(SIZE).start(astronaut, Direction())


def drawn(canvas: Canvas, **weights: float) -> Bytes:
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_frame(canvas, row(**weights), image)
    return image


def row(**weights: float) -> Array:
    values = np.zeros(FACE.size, np.float32)
    for name, weight in weights.items():
        values[FACE.column(name)] = weight
    return values


def light(colourful: float) -> Light:
    grey = np.full(3, 220, np.float32)
    return Light(grey, grey * 0.6, grey * 0.1, colourful)


def test_flesh_is_red_in_colour_and_grey_in_black_and_white() -> None:
    for texture in (draw_teeth(light(0.0), upper=True), draw_tongue(light(0.0))):
        assert np.ptp(texture[..., :3].astype(int), axis=2).max() <= 1
    tongue = draw_tongue(light(1.0)).astype(int)
    assert (tongue[..., 0] - tongue[..., 1]).mean() > 20


def test_drawn_textures_are_no_finer_than_what_they_cover() -> None:
    teeth = draw_teeth(light(1.0), upper=True)
    small = fitted(teeth, 40.0, 1.0)
    assert small.shape == (15, 50, 4)
    assert fitted(teeth, 4000.0, 1.0).shape == teeth.shape
    assert fitted(teeth, 40.0, 0.3)[..., :3].std() < small[..., :3].std()


def shaded(bulge: float, bite: float = 0.0, width: float = 0.5) -> Bytes:
    """A flat grey inside, shaded between lips that stand `bulge` pixels above and below row 30; the first ten rows are skin."""
    fine, nearest = np.full((60, 100, 3), 200, np.uint8), np.full((60, 100), 4.0, np.float32)
    nearest[:10] = 0.0
    x = np.linspace(5, 95, 11)
    arc = bulge * (1 - ((x - 50) / 45) ** 2)
    upper, lower = (np.stack([x, 30 + sign * arc], axis=1).astype(np.float32) for sign in (-1, 1))
    flesh = np.full((3, BINS, 3), 150, np.float32)
    shade_inside(fine, nearest, upper, lower, Lips(flesh, 1.0, 1.0, np.zeros(3, np.uint8), width), 150.0, bite)
    return fine


def test_light_fades_towards_the_upper_lip_and_the_corners_and_stays_off_the_skin() -> None:
    fine = shaded(20, width=0.6).astype(int)
    middle = fine[:, 50, 1]
    assert (middle[:10] == 200).all()
    assert middle[14] < middle[19] < middle[30] < 200
    assert fine[30, 10, 1] < middle[30] - 40
    assert fine[20, 50, 0] > fine[20, 50, 1]


def test_little_light_falls_into_a_small_opening() -> None:
    assert shaded(5)[30, 50, 1] < shaded(20)[30, 50, 1] - 30


def test_a_small_opening_between_rounded_lips_is_dark_and_a_gape_is_not() -> None:
    wide, round_ = (float(shaded(7, width=width)[30, 50, 1]) for width in (0.6, 0.75))
    assert round_ < 0.7 * wide
    # Above, where teeth would be, a gape is darker too, as filmed ones are.
    wide, round_ = (float(shaded(28, width=width)[48, 50, 1]) for width in (0.6, 0.75))
    assert round_ == pytest.approx(wide, abs=3)


def test_teeth_that_stand_on_the_lip_are_seen_down_to_it() -> None:
    usual, biting = (shaded(4, bite, 0.6)[20:40, 50, 1].astype(int) for bite in (0.0, 1.0))
    assert biting[8:13].min() > usual[8:13].max() + 25
    assert bitten(row(mouthRollLower=0.6)) == 1.0
    assert bitten(row(mouthRollLower=0.12, mouthRollUpper=0.12)) == bitten(row(mouthRollLower=0.6, mouthRollUpper=0.6)) == 0.0


def test_lips_that_part_lose_the_corner_that_they_press_into_each_other() -> None:
    shapes = load_shapes()
    rest, lower = shapes.points.copy(), shapes.lips_inner_lower
    rest[14, 1] += 0.03
    rest[list(LIPS_INNER_UPPER)] = rest[lower]

    def parted(way: float) -> tuple[Array, Array]:
        skin = np.zeros((468, 3), np.float32)
        skin[lower[1:-1], 1] = way * np.sin(np.linspace(0, np.pi, 11))[1:-1]
        kept = (rest + skin)[lower, 1]
        loosen(shapes, rest, skin, DOWN)
        return kept, (rest + skin)[lower, 1]

    kept, found = parted(0.3)
    # The middle of the line stands out from its neighbours less than half as much, and lips are as far apart as before.
    assert found[5] - (found[4] + found[6]) / 2 < 0.5 * (kept[5] - (kept[4] + kept[6]) / 2)
    assert found[3:8].mean() == pytest.approx(kept[3:8].mean(), abs=1e-4)
    kept, found = parted(0.02)
    assert np.array_equal(kept, found)


def test_the_upper_lip_bares_teeth_that_bite_and_is_not_folded() -> None:
    shapes = load_shapes()
    upper, lower, above, _ = shapes.lip_edges
    rest, middle = shapes.points.copy(), slice(3, 8)
    rest[lower] = rest[upper]

    def apart(bite: float, before: float) -> float:
        skin = np.zeros((468, 3), np.float32)
        skin[lower[1:-1], 1] = before
        bare(shapes, rest, skin, bite, DOWN)
        assert not skin[lower[1:-1], 1].ptp()
        # In the middle, where it is raised, each row of the lip stays above the one below it.
        rows = [np.asarray(each)[2:7] for each in (upper[1:-1], *UPPER_ROWS, above[1:-1])]
        for one, other in pairwise(rows):
            assert (np.subtract(*(rest + skin)[[one, other], 1]) > 0.3 * np.subtract(*rest[[one, other], 1])).all()
        return float(((rest + skin)[lower, 1] - (rest + skin)[upper, 1])[middle].mean())

    assert apart(0.0, 0.01) == pytest.approx(0.01, abs=1e-5)
    assert 0.8 * BARED < apart(1.0, 0.01) < BARED
    assert apart(0.2, 0.0) < 0.25 * BARED
    assert apart(1.0, 0.1) == pytest.approx(0.1, abs=1e-5)


def test_an_upper_lip_is_not_pressed_against_the_nose() -> None:
    shapes, rest = load_shapes(), load_shapes().points
    lip, nose = np.asarray(BOW), np.asarray(NOSE)
    upper, _, above, _ = shapes.lip_edges
    whole = np.concatenate([upper[1:-1], *UPPER_ROWS, above[1:-1]])
    before = (rest[lip] - rest[nose])[:, 1]
    assert (before > 0).all()

    def raised(share: float) -> Array:
        skin = np.zeros((468, 3), np.float32)
        skin[whole, 1] = -share * float(before.mean())
        clear_nose(shapes, rest, skin, DOWN)
        return skin

    skin = raised(0.8)
    after = (rest[lip] + skin[lip] - rest[nose] - skin[nose])[:, 1].mean()
    assert after == pytest.approx(SQUEEZED * before.mean(), rel=0.1)
    # All of the lip stays below, and keeps its height in its middle; its corners go where they went.
    assert skin[upper[5], 1] == pytest.approx(skin[above[5], 1], abs=1e-6)
    assert skin[upper[1], 1] < skin[upper[5], 1]
    assert (skin[list(UNDER_NOSE), 1] > 0).all()
    free = raised(0.4)
    assert free[whole, 1] == pytest.approx(-0.4 * float(before.mean()), abs=1e-6)
    assert not free[list(UNDER_NOSE)].any()


def test_a_lower_lip_pushes_the_skin_under_it_and_is_not_folded_over_it() -> None:
    shapes = load_shapes()
    lip, under, rest = shapes.lip_edges[3][1:-1], np.asarray(BELOW), shapes.points
    before = (rest[under] - rest[lip])[:, 1]
    assert (before > 0).all()

    def after(way: float) -> tuple[Array, Array]:
        skin = np.zeros((468, 3), np.float32)
        skin[lip, 1] = way * before
        give_way(shapes, rest, skin, DOWN)
        assert not np.delete(skin, np.concatenate([lip, under]), axis=0).any()
        return (rest + skin)[under, 1] - (rest + skin)[lip, 1], skin[under, 1]

    for way in (0.9, 1.6):
        assert after(way)[0] == pytest.approx(SQUEEZED * before, abs=1e-5)
    assert not after(0.3)[1].any()
    assert not after(-1.0)[1].any()


def test_an_f_shows_teeth_and_a_closure_does_not(canvas: Canvas) -> None:
    upper, lower = canvas.puppet.person.shapes.lips_inner_upper, canvas.puppet.person.shapes.lips_inner_lower

    down = canvas.puppet.rotation[:2, 1]

    def apart(**weights: float) -> float:
        place = canvas.puppet.pose(row(**weights)).place
        return float(((place[lower] - place[upper])[3:8] @ down).mean()) / (canvas.puppet.unit * float(down @ down))

    assert apart(mouthRollLower=0.75) == pytest.approx(BARED, rel=0.15)
    assert apart(mouthRollLower=0.12, mouthRollUpper=0.12, mouthPressLeft=0.3, mouthPressRight=0.3) < 0.003


def test_the_tongue_lifts_for_an_l_and_comes_out_over_the_lip() -> None:
    flat, ahead = np.zeros(3, np.float32), np.array([0, 0, 1], np.float32)
    layer = tongue_layer(Opening(flat, 0.75, flat, ahead), 0.3, draw_tongue(light(1.0)))
    jaw, lip = np.array([0, 0.3, 0], np.float32), np.array([0, 0.35, 0], np.float32)
    assert layer.follow_jaw is not None
    rest = layer.points + layer.follow_jaw[:, None] * jaw
    tips = {}
    for out in (0.0, 0.11, 0.24, 1.0):
        points = rest.copy()
        nearer = move_tongue(points, out, jaw, lip, DOWN)
        tips[out] = (float(points[-1, 1]), float(nearer[-1]))
    assert tips[0.0][1] == tips[0.11][1] == 0.0
    assert tips[0.11][0] == pytest.approx(0.045, abs=0.01)
    assert tips[0.24][1] == pytest.approx(1.25)
    assert tips[1.0][0] > lip[1] + 0.2
    assert tips[1.0][1] > 5.0


def test_the_tongue_shows_in_the_frame_and_only_there(canvas: Canvas) -> None:
    still, out = drawn(canvas, jawOpen=0.5), drawn(canvas, jawOpen=0.5, tongueOut=1.0)
    changed = np.argwhere((still != out).any(axis=2))
    place = canvas.puppet.pose(np.zeros(FACE.size, np.float32)).place
    mouth = place[canvas.puppet.person.shapes.lips_outer]
    unit = canvas.puppet.unit
    assert len(changed) > 0.02 * unit**2
    assert changed[:, 0].min() > mouth[:, 1].min() - 2
    assert changed[:, 1].min() > mouth[:, 0].min() - 0.1 * unit
    assert changed[:, 1].max() < mouth[:, 0].max() + 0.1 * unit


def test_closed_lips_are_moved_into_their_dark_line() -> None:
    shapes = load_shapes()
    points = np.concatenate([shapes.points[:, :2] * 100 + 300, np.zeros((10, 2))]).astype(np.float32)
    points[shapes.lips_inner_upper] = points[shapes.lips_inner_lower]
    line = (points[shapes.lips_inner_upper] + points[shapes.lips_inner_lower]) / 2
    texture = np.full((600, 600, 3), 160, np.uint8)
    for x in range(600):
        y = np.interp(x, line[:, 0], line[:, 1]) + 3
        texture[round(float(y)) - 1 : round(float(y)) + 1, x] = 60
    moved = points[:468] + refine_lips(texture, points, shapes, 100.0, np.array([0, 1], np.float32))
    for ring in (shapes.lips_inner_upper, shapes.lips_inner_lower):
        assert np.abs(moved[ring, 1] - line[:, 1] - 2.5)[3:-3].max() < 1.2
    far = [10, 33, 263, 1, 152]
    assert np.array_equal(moved[far], points[far])


def test_open_lips_stay_where_they_are() -> None:
    shapes = load_shapes()
    gaping = shapes.points + shapes.displace({"jawOpen": 0.5})
    points = np.concatenate([gaping[:, :2] * 100 + 300, np.zeros((10, 2))]).astype(np.float32)
    texture = np.random.default_rng(0).integers(0, 255, (600, 600, 3)).astype(np.uint8)
    assert not refine_lips(texture, points, shapes, 100.0, np.array([0, 1], np.float32)).any()


def test_through_an_open_mouth_nothing_but_the_mouth_is_seen() -> None:
    fine, nearest = np.full((40, 60, 3), 90, np.uint8), np.full((40, 60), FAR, np.float32)
    nearest[:15] = 0.0
    ring = np.array([[10, 10], [50, 10], [50, 30], [10, 30]], np.float32)
    open_hole(fine, nearest, ring, np.array([20, 5, 6], np.uint8))
    assert (fine[16:29, 11:49] == (20, 5, 6)).all()
    assert (fine[:15] == 90).all()
    assert (fine[33:] == 90).all()
    assert (nearest[:15] == 0).all()
    # Beside the hole the teeth, which lie deeper than this, are not drawn; within it all of them are.
    assert nearest[35, 5] < 2.0 < 3.0 < nearest[20, 30] < FAR


def test_the_far_side_of_a_turned_face_is_left_out() -> None:
    place = np.array([[0, 0], [10, 0], [0, 10]], np.float32)
    both = np.array([[0, 1, 2], [0, 2, 1]], np.int32)
    assert facing(both, place).tolist() == [[0, 2, 1]]


@pytest.mark.parametrize("turn", [-30.0, 0.0, 30.0])
def test_no_pixel_of_the_face_is_lost_around_an_open_mouth(canvas: Canvas, turn: float) -> None:
    values = np.zeros(FACE.size, np.float32)
    values[FACE.slice("head_rotation")] = (0, np.radians(turn), 0)
    values[FACE.column("jawOpen")] = 0.8
    puppet = canvas.puppet
    ring = np.round(puppet.pose(values).place[np.concatenate([LIPS_INNER_UPPER, LIPS_INNER_LOWER[::-1]])]).astype(np.int32)
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    draw_frame(canvas, values, image)
    inside = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(inside, [ring], (1,))
    # The wall behind her is pale; the inside of a mouth is not, but for its teeth.
    pixels = image[cv2.erode(inside, np.ones((3, 3), np.uint8)) > 0].astype(int)
    assert len(pixels) > 30
    assert np.median(pixels.mean(axis=1)) < 110


def test_teeth_taken_for_a_lip_are_left_for_where_its_red_begins() -> None:
    shapes = load_shapes()
    gaping = shapes.points + shapes.displace({"jawOpen": 0.7})
    points = np.concatenate([gaping[:, :2] * 100 + 300, np.zeros((10, 2))]).astype(np.float32)
    begins = float(points[14, 1]) + 7
    texture = np.full((600, 600, 3), (200, 195, 185), np.uint8)
    texture[round(begins) :] = (190, 90, 90)
    moved = refine_lips(texture, points, shapes, 100.0, np.array([0, 1], np.float32))
    assert 4 < moved[14, 1] < 11
    assert np.abs(moved[shapes.lips_inner_upper]).max() < 1e-6


def test_the_chin_of_a_gape_is_below_its_lip() -> None:
    shapes = load_shapes()
    points = np.concatenate([shapes.points[:, :2] * 100 + 300, np.zeros((10, 2))]).astype(np.float32)
    still = np.zeros((468, 2), np.float32)
    assert np.abs(lower_chin(points, shapes, still, 100.0, DOWN[:2])).max() < 1e-3
    dropped = still.copy()
    dropped[[*LOWER_EDGE, *shapes.lips_inner_lower], 1] = 50.0  # the lip alone, as the network has it
    placed = points[:468] + lower_chin(points, shapes, dropped, 100.0, DOWN[:2])
    assert (np.diff(placed[[17, 18, 200, 199, 175, 152], 1]) > 3).all()
    assert np.array_equal(placed[[10, 1, 33, 263]], points[[10, 1, 33, 263]])


def test_drawn_teeth_take_the_colour_of_the_photographs_own() -> None:
    patch = np.zeros((20, 40, 4), np.uint8)
    patch[..., 3] = 255
    patch[5:15, :, :3] = (200, 170, 90)
    yellow = matched(light(1.0), patch).white
    assert yellow[0] - yellow[2] > 40
    patch[..., 3] = 0
    assert np.array_equal(matched(light(1.0), patch).white, light(1.0).white)


@pytest.mark.parametrize("size", [1.0, 10.0, 1e6, 3e38])
@pytest.mark.parametrize("seed", [0, 1])
def test_whatever_the_motion_every_pixel_is_drawn(canvas: Canvas, seed: int, size: float) -> None:
    values = (np.random.default_rng(seed).uniform(-1, 1, FACE.size) * size).astype(np.float32)
    pictures = [np.full((SIZE, SIZE, 3), level, np.uint8) for level in (0, 255)]
    for picture in pictures:
        draw_frame(canvas, values, picture)
    assert np.array_equal(pictures[0], pictures[1])
    assert np.isfinite(canvas.puppet.pose(values).place).all()
    assert pictures[0].std() > 5


def test_teeth_give_way_to_a_lower_lip_under_a_raised_upper_one_and_else_stay() -> None:
    down = np.array([0.0, 1.0, 0.0], np.float32)
    rest = np.array([0.0, 0.5, 0.0], np.float32)

    def lifted(upper: float, lower: float) -> float:
        points = np.zeros((3, 3), np.float32)
        uncover_teeth(points, 0.6, rest, np.array([[0, upper, 0], [0, lower, 0]], np.float32), down)
        return float(-points[0, 1])

    # In a sneer both lips go up: without this the row's edge would hide behind the lower one.
    assert lifted(0.3, 0.5) == pytest.approx(0.6 - COVERED - 0.5)
    assert lifted(0.1, 0.2) == pytest.approx(LIFTED)
    # Speech moves lips and jaw, and no teeth of the skull.
    assert lifted(0.5, 0.5) == 0
    assert lifted(0.5, 0.7) == 0
    assert lifted(0.48, 0.5) == pytest.approx(0.02)


def inside_of_a_mouth(width: float, gap: float, strength: float, turned: float = 0.0) -> float:
    """Shade a plain white inside of a mouth of `width` eye distances, at rest 0.8, and give how bright its upper half is of 255."""
    unit = 200.0
    fine, nearest = np.full((120, 320, 3), 200, np.uint8), np.full((120, 320), NOTHING + 1, np.float32)
    across = np.linspace(-1, 1, 11, dtype=np.float32)
    bow = 0.5 * gap * unit * np.sqrt(1 - across**2)
    seen = float(np.sqrt(width**2 - turned**2)) * unit / 2
    upper, lower = (np.column_stack([160 + seen * across, 60 + way * bow]).astype(np.float32) for way in (-1, 1))
    y, x = np.mgrid[:120, :320]
    nearest[(np.abs(x - 160) < seen) & (np.abs(y - 60) < gap * unit / 2)] = (INSIDE + NOTHING) / 2
    lips = Lips(np.full((3, BINS, 3), 120, np.float32), strength, 1.0, np.full(3, 10, np.uint8), 0.8)
    shade_inside(fine, nearest, upper, lower, lips, unit, 0.0, turned)
    return float(fine[48:58, 150:170].mean())


def test_a_mouth_seen_from_the_side_is_lit_as_from_the_front() -> None:
    front, side = (inside_of_a_mouth(1.0, 0.2, 1.0, turned) for turned in (0.0, 0.55))
    assert side == pytest.approx(front, abs=2.0)
    # As wide as it looks, it would be a rounded one, in the dark.
    assert inside_of_a_mouth(float(np.sqrt(1 - 0.55**2)), 0.2, 1.0) < front - 15


def test_teeth_are_the_brighter_the_wider_a_mouth_is_drawn_where_no_picture_tells() -> None:
    bright = [inside_of_a_mouth(0.8 * wide, 0.2, 1.0) for wide in (0.85, 1.0, 1.1, 1.25)]
    assert all(later > earlier + 8 for earlier, later in pairwise(bright))
    # Where the picture shows teeth, it has told how bright they are.
    narrow, wide = (inside_of_a_mouth(0.8 * width, 0.2, 0.5) for width in (1.0, 1.07))
    assert wide == pytest.approx(narrow, abs=4.0)
