"""A person's own upper teeth as the row that a mouth shows: found, gone on with, and left out where too few are seen."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from thespis.pixels.mouth import CHEEK, Light, Opening
from thespis.pixels.own_teeth import NOTCH, Row, filled, longest, upper_row
from thespis.pixels.shade import BINS, Lips, shade_inside
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit
UNIT, WIDTH = 100.0, 0.9
MIDDLE = np.array([150.0, 80.0], np.float32)
TOOTH, LIP, SKIN = (226, 214, 190), (190, 90, 96), (214, 170, 150)
LIGHT = Light(np.full(3, 225, np.float32), np.array(LIP, np.float32), np.full(3, 20, np.float32), 1.0)


def smile(teeth: float = 0.4, gap: float = 0.16) -> tuple[Bytes, Array, Array]:
    """A picture of lips `gap` eye distances apart with teeth `teeth` to either side, dark corners, and a light on the lower lip."""
    x = np.linspace(-0.45, 0.45, 11)
    bow = 1 - (x / 0.45) ** 2
    upper = (MIDDLE + UNIT * np.stack([x, -0.02 + 0.02 * bow], axis=1)).astype(np.float32)
    lower = (MIDDLE + UNIT * np.stack([x, -0.02 + 0.02 * bow + gap * bow], axis=1)).astype(np.float32)
    picture = np.full((160, 300, 3), SKIN, np.uint8)
    cv2.ellipse(picture, (150, 86), (62, 26), 0, 0, 360, LIP, -1, cv2.LINE_AA)
    ring = np.round(np.concatenate([upper, lower[::-1]])).astype(np.int32)
    mouth = np.full_like(picture, (40, 22, 20))
    half = round(teeth * UNIT)
    mouth[:, 150 - half : 151 + half] = TOOTH
    mouth[:, 150 - half : 151 + half : 14] = (150, 130, 112)
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [ring], (1,))
    picture[inside > 0] = mouth[inside > 0]
    return picture, upper, lower


def row_of(picture: Bytes, upper: Array, lower: Array, light: Light = LIGHT) -> Row | None:
    flat = np.zeros(3, np.float32)
    opening = Opening(flat, WIDTH, flat, np.array([0, 0, 1], np.float32))
    return upper_row(picture, upper, lower, lambda spots: (spots[:, :2] * UNIT + MIDDLE).astype(np.float32), opening, light, UNIT, 1.0)


def test_teeth_that_a_smile_shows_become_a_whole_row() -> None:
    row = row_of(*smile())
    assert row is not None
    wide = row.texture.shape[1]
    assert row.half > CHEEK * WIDTH
    middle = row.texture[:, wide // 2 - 10 : wide // 2 + 10].astype(int)
    edge = int((middle[:, 10, 3] > 127).sum())
    shown = middle[edge - 6 : edge - 2, :, :3].mean(axis=(0, 1))
    assert np.abs(shown - TOOTH).max() < 25
    # Under the upper lip teeth go on, neither lip nor skin.
    hidden = middle[edge - 15, :, :3].mean(axis=0)
    assert hidden[0] - hidden[1] < 30 < 100 < hidden.min()
    # So far up gums begin.
    gums = middle[edge - 22, :, :3].mean(axis=0)
    assert gums[0] - gums[1] > 40


def test_own_teeth_fade_into_drawn_ones_of_their_colour_towards_the_corners() -> None:
    row = row_of(*smile(teeth=0.3))
    assert row is not None
    wide = row.texture.shape[1]
    ends = (row.texture[..., 3] > 127).sum(axis=0)
    level = np.array([row.texture[max(end - 6, 0), column, :3].astype(float).mean() for column, end in enumerate(ends)])
    outwards = cv2.blur(level[None, wide // 2 :].astype(np.float32), (15, 1))[0]
    # It gets darker by and by, without a step as between a white tooth and a grey one.
    assert outwards[0] > 180
    assert outwards[-1] < 90
    assert np.abs(np.diff(outwards)).max() < 16


def test_the_edge_of_the_row_is_even() -> None:
    row = row_of(*smile())
    assert row is not None
    ends = (row.texture[..., 3].astype(float) / 255).sum(axis=0)
    assert np.abs(np.diff(ends)).max() < 1.2


def test_too_few_teeth_or_none_leave_the_row_to_be_drawn() -> None:
    assert row_of(*smile(teeth=0.1)) is None
    picture, upper, lower = smile()
    picture[:] = LIP
    assert row_of(picture, upper, lower) is None
    assert row_of(*smile(gap=0.04)) is None


def laugh(above: tuple[int, int, int]) -> Row | None:
    """The row of a smile between whose teeth and upper lip a band of the colour `above` lies, 0.06 eye distances high."""
    picture, upper, lower = smile(gap=0.2)
    band = np.round(np.concatenate([upper, upper[::-1] + np.float32([0, 0.06 * UNIT])])).astype(np.int32)
    cv2.fillPoly(picture, [band], above)
    return row_of(picture, upper, lower)


def test_gums_go_on_above_teeth_and_the_shade_of_a_lip_does_not() -> None:
    pink, shade = laugh((205, 110, 112)), laugh((110, 48, 52))
    assert pink is not None
    assert shade is not None

    def above(row: Row) -> Array:
        wide, edge = row.texture.shape[1], int((row.texture[:, row.texture.shape[1] // 2, 3] > 127).sum())
        return np.asarray(row.texture[edge - 18 : edge - 16, wide // 2 - 8 : wide // 2 + 8, :3].astype(np.float32).mean(axis=(0, 1)))

    assert above(pink)[0] - above(pink)[1] > 60
    assert above(shade)[0] - above(shade)[1] < 40
    # Who laughs has the lip higher than who smiles.
    assert pink.moved < shade.moved - 0.01


def test_notches_in_the_edge_are_filled_with_tooth() -> None:
    picture, upper, lower = smile()
    whole = row_of(picture, upper, lower)
    assert whole is not None
    cut = picture.copy()
    cut[92:100, 141:144] = (40, 22, 20)
    row = row_of(cut, upper, lower)
    assert row is not None
    ends, before = ((each.texture[..., 3].astype(float) / 255).sum(axis=0) for each in (row, whole))
    assert np.abs(ends - before).max() < 1.5
    middle = row.texture.shape[1] // 2
    shown = row.texture[:, middle - 12 : middle - 3]
    assert shown[..., 2][shown[..., 3] > 200].min() > 40


def test_a_step_in_the_edge_stays() -> None:
    ends = np.repeat(np.float32([20, 12, 20, 12]), (20, 3, 20, 20))
    assert (filled(ends, 100 * NOTCH) == np.repeat(np.float32([20, 12]), (43, 20))).all()


def test_what_is_as_red_as_lips_is_no_tooth_but_in_a_picture_without_colour() -> None:
    picture, upper, lower = smile()
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2)
    tinted = np.clip(grey * np.array([1.1, 0.8, 0.78]), 0, 255).astype(np.uint8)
    lip = tinted[84 - 24, 150].astype(np.float32)
    light = replace(LIGHT, lip=lip)
    assert row_of(tinted, upper, lower, light) is None
    assert row_of(tinted, upper, lower, replace(light, colourful=0.0)) is not None


def test_the_longest_run_of_columns_goes_over_small_gaps() -> None:
    shows = np.array([1, 0, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1], bool)
    assert longest(shows, 1) == slice(4, 9)
    assert longest(np.zeros(5, bool), 1) == slice(0, 0)


def meeting(gap: float, seam: float) -> Bytes:
    """Skin of one grey with lips `gap` pixels apart on row 30, of which the inside is white."""
    fine, nearest = np.full((60, 100, 3), 200, np.uint8), np.zeros((60, 100), np.float32)
    x = np.linspace(5, 95, 11)
    upper, lower = (np.stack([x, np.full(11, 30 + sign * gap / 2)], axis=1).astype(np.float32) for sign in (-1, 1))
    nearest[30] = 4.0
    flesh = np.full((3, BINS, 3), 150, np.float32)
    flesh[2] = 90
    shade_inside(fine, nearest, upper, lower, Lips(flesh, 1.0, 1.0, np.zeros(3, np.uint8), 0.5, seam), 150.0)
    return fine


def test_a_gap_of_less_than_a_pixel_is_the_line_between_lips() -> None:
    assert (meeting(0.5, 0.0)[30, 20:80] == 90).all()
    assert (meeting(0.5, 0.0)[28] == 200).all()


def test_lips_that_the_picture_has_parted_meet_in_a_soft_line() -> None:
    fine = meeting(0.0, 0.4).astype(int)
    assert fine[29, 50, 1] < 160
    assert fine[29, 50, 1] < fine[27, 50, 1] < 200
    assert (fine[20] == 200).all()
    # As they part the line goes.
    assert (meeting(4.0, 0.4)[26] == 200).all()
