"""Closing lids: clean skin instead of stretched lashes, lashes below their edge, shade on the eyeball, and nothing left behind."""

import numpy as np
import pytest

from thespis.motion.spaces.face import FACE
from thespis.pixels.eyes import fill
from thespis.pixels.lids import LEVELS, evened, make_lid, shade_eye
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait

pytestmark = pytest.mark.unit
SIZE = 256
UNIT = 200.0


def row(**weights: float) -> Array:
    values = np.zeros(FACE.size, np.float32)
    for name, weight in weights.items():
        for side in ("Left", "Right"):
            values[FACE.column(f"{name}{side}")] = weight
    return values


@pytest.fixture(scope="module")
def canvas(astronaut: Portrait) -> Canvas:
    return Warp(SIZE).start(astronaut, Direction())


def rings() -> tuple[Array, Array, Array]:
    """Margin, lower lid and fold of a made-up eye in the middle of a picture of 240 x 240."""
    x = np.linspace(75, 165, 9)
    arc = np.sin(np.linspace(0, np.pi, 9))
    margin, lower = np.stack([x, 120 - 16 * arc], axis=1), np.stack([x, 120 + 12 * arc], axis=1)
    fold = np.stack([x[1:-1], 108 - 24 * arc[1:-1]], axis=1)
    return margin.astype(np.float32), lower.astype(np.float32), fold.astype(np.float32)


def eye() -> Bytes:
    """Skin with a white eye and black lashes that stand on its upper lid."""
    picture = np.full((240, 240, 3), (190, 150, 130), np.uint8)
    y, x = np.mgrid[:240, :240]
    share = np.clip((x - 75) / 90, 0, 1)
    upper, lower = 120 - 16 * np.sin(np.pi * share), 120 + 12 * np.sin(np.pi * share)
    inside = (share > 0) & (share < 1)
    picture[inside & (y > upper) & (y < lower)] = 230
    picture[inside & (y <= upper) & (y > upper - 7) & (x % 4 < 2)] = 15
    return picture


def test_a_closed_lid_is_skin_without_lashes() -> None:
    margin, lower, fold = rings()
    texture = eye()
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    lid = make_lid(texture, margin, lower, fold, cheek, UNIT, "left")
    atlas = np.dstack([texture, np.full((240, 240), 255, np.uint8)]).astype(np.uint8)
    under = atlas[lid.box].copy()
    lid.close(atlas, under, LEVELS)
    strip = atlas[100:104, 105:136, :3].astype(int)
    assert np.abs(strip - (190, 150, 130)).max() < 45
    assert eye()[100:104, 105:136].min() == 15
    assert np.array_equal(atlas[:, :40], np.dstack([texture, np.full((240, 240), 255)])[:, :40])
    lid.close(atlas, under, 0)
    assert np.array_equal(atlas[lid.box], under)


def test_long_lashes_do_not_stay_on_a_lid_that_closes_and_a_brow_does() -> None:
    margin, lower, fold = rings()
    texture = eye()
    for x in range(90, 152, 8):
        top = 95 - int(16 * np.sin(np.pi * (x - 75) / 90))
        texture[top : top + 20, x : x + 2] = 15
    texture[62:70, 80:160] = 40
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    lid = make_lid(texture, margin, lower, fold, cheek, UNIT, "left")
    atlas = np.dstack([texture, np.full((240, 240), 255, np.uint8)]).astype(np.uint8)
    lid.close(atlas, atlas[lid.box].copy(), LEVELS)
    lashes = np.s_[82:94, 105:136, :3]
    assert np.abs(texture[lashes].astype(int) - (190, 150, 130)).max() > 100
    assert np.abs(atlas[lashes].astype(int) - (190, 150, 130)).max() < 45
    assert np.abs(atlas[62:70, 80:160, :3].astype(int) - 40).max() < 10


def test_lashes_hang_below_a_closed_lid_and_shade_lies_only_on_the_eyeball() -> None:
    margin, lower, fold = rings()
    lid = make_lid(eye(), margin, lower, fold, np.array([[120, 160]], np.float32), UNIT, "left")
    nearest = np.full((240, 240), 3.0, np.float32)
    nearest[:, 120:] = 0.0
    shaded = np.full((240, 240, 3), 200, np.uint8)
    shade_eye(shaded, nearest, margin, lower, lid, UNIT, 0.0, 1.0)
    assert (shaded[:, 121:] == 200).all()
    assert shaded[106, 115, 0] < shaded[112, 115, 0] < 200
    closed = np.full((240, 240, 3), 200, np.uint8)
    shade_eye(closed, nearest, margin, lower, lid, UNIT, 1.0, 0.0)
    drawn = np.argwhere(closed[..., 0] < 120)
    assert len(drawn) > 60
    assert drawn[:, 0].min() > 100
    assert closed[:, 60].min() == 200
    untouched = np.full((240, 240, 3), 200, np.uint8)
    shade_eye(untouched, nearest, margin, lower, lid, UNIT, 0.0, 0.0)
    assert (untouched == 200).all()


def test_a_blink_leaves_the_picture_as_it_was(canvas: Canvas) -> None:
    first, second, shut = (np.zeros((SIZE, SIZE, 3), np.uint8) for _ in range(3))
    draw_frame(canvas, row(), first)
    draw_frame(canvas, row(eyeBlink=1.0, browDown=0.8), shut)
    draw_frame(canvas, row(), second)
    assert np.array_equal(first, second)
    assert not np.array_equal(first, shut)
    again = np.zeros_like(shut)
    draw_frame(canvas, row(eyeBlink=0.4), again)
    draw_frame(canvas, row(eyeBlink=1.0, browDown=0.8), again)
    assert np.array_equal(shut, again)


def test_filling_keeps_what_is_known_and_reaches_everything() -> None:
    photo = np.zeros((50, 70, 3), np.uint8)
    photo[:, :35] = (200, 100, 50)
    weight = np.zeros((50, 70), np.float32)
    weight[:, :30] = 1.0
    filled = fill(photo, weight)
    assert np.abs(filled - (200, 100, 50)).max() < 1.0


def test_the_lid_of_an_eye_behind_dark_lenses_leaves_no_trace() -> None:
    margin, lower, fold = rings()
    seen = make_lid(eye(), margin, lower, fold, np.array([[120, 160]], np.float32), UNIT, "left")
    for lid, traces in ((seen, True), (seen.unseen(), False)):
        atlas = np.dstack([eye(), np.full((240, 240), 255, np.uint8)]).astype(np.uint8)
        before = atlas.copy()
        lid.close(atlas, atlas[lid.box].copy(), LEVELS)
        shaded = np.full((240, 240, 3), 40, np.uint8)
        shade_eye(shaded, np.zeros((240, 240), np.float32), margin, lower, lid, UNIT, 1.0, 0.0)
        assert bool((shaded != 40).any()) is traces
        assert bool((atlas != before).any()) is traces


def test_a_frame_before_an_eye_leaves_no_stain_on_its_lid() -> None:
    margin, lower, fold = rings()
    picture = eye()
    # The upper bar of a frame, and the soft edge that a lens gives it.
    for height, tone in ((84, 20), (90, 120)):
        picture[height : height + 6, 60:180] = tone
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    strips = []
    for framed in (False, True):
        lid = make_lid(picture, margin, lower, fold, cheek, UNIT, "left", framed)
        strips.append(lid.clean[100 - lid.box[0].start : 108 - lid.box[0].start, 105 - lid.box[1].start : 136 - lid.box[1].start].mean())
    bare = make_lid(eye(), margin, lower, fold, cheek, UNIT, "left")
    skin = bare.clean[100 - bare.box[0].start : 108 - bare.box[0].start, 105 - bare.box[1].start : 136 - bare.box[1].start].mean()
    assert abs(strips[1] - skin) < 5 < abs(strips[0] - skin)


def test_the_wall_beside_the_far_eye_of_a_profile_is_no_skin() -> None:
    margin, lower, fold = rings()
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    picture, share = eye(), np.full((240, 240), 255, np.uint8)
    for part, value in ((picture, 250), (share, 0)):
        part[:, :82] = value

    def outer(person: Bytes | None) -> float:
        lid = make_lid(picture, margin, lower, fold, cheek, UNIT, "left", person=person)
        rows, columns = lid.box
        return float(lid.clean[106 - rows.start : 114 - rows.start, 84 - columns.start : 94 - columns.start].mean())

    assert outer(None) > 175 > 165 > outer(share)


def test_the_lid_of_an_eye_in_the_shade_is_as_dark_as_what_shows_of_it() -> None:
    margin, lower, fold = rings()
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    shaded = eye()
    y, x = np.mgrid[:240, :240]
    share = np.clip((x - 75) / 90, 0, 1)
    above = (y < 120 - 16 * np.sin(np.pi * share)) & (y > 84) & (share > 0) & (share < 1)
    shaded[above & (shaded[..., 0] > 100)] = (95, 75, 65)

    def closed(texture: Bytes) -> float:
        lid = make_lid(texture, margin, lower, fold, cheek, UNIT, "left")
        rows, columns = lid.box
        return float(lid.clean[100 - rows.start : 118 - rows.start, 105 - columns.start : 136 - columns.start].mean())

    light, dark = closed(eye()), closed(shaded)
    assert light > 140
    assert dark < 0.85 * light


def test_a_lid_goes_over_into_the_shade_above_it_without_an_edge() -> None:
    margin, lower, fold = rings()
    cheek = np.array([[110, 150], [130, 150], [120, 160]], np.float32)
    shaded = eye()
    shaded[:, :, :] = np.where((np.arange(240) < 92)[:, None, None] & (shaded[..., :1] > 100), np.uint8(105), shaded)

    def apart(texture: Bytes) -> float:
        lid = make_lid(texture, margin, lower, fold, cheek, UNIT, "left")
        rows, columns = lid.box
        middle = slice(115 - columns.start, 126 - columns.start)
        top = int(fold[3, 1])
        within = lid.clean[top + 5 - rows.start : top + 11 - rows.start, middle].mean()
        return float(within - texture[top - 12 : top - 6, 115:126].mean())

    plain = apart(eye())
    assert abs(plain) < 15
    assert apart(shaded) < 20


def test_a_comb_of_lashes_above_a_lid_is_evened_out_and_a_shade_is_not() -> None:
    skin = np.full((80, 120, 3), 180, np.uint8)
    skin[20:40] = 120
    combed = skin.copy()
    combed[40:60, 10:110:8] = 60
    even = evened(combed, np.array([100.0, 0.0], np.float32), UNIT)
    assert np.abs(even[42:58, 20:100] - 180).max() < 2
    assert np.abs(even[22:38, 20:100] - 120).max() < 2
