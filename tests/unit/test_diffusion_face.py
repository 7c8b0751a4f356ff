"""The square around a face, what a carrier knows of OpenHead, and what can go wrong with larger sizes."""

from pathlib import Path

import numpy as np
import pytest

from thespis.errors import MissingExtraError, UsageError, WeightsError
from thespis.head.openhead import load_openhead
from thespis.head.shapes import EYE_LEFT_LOWER, EYE_LEFT_UPPER
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.pixels.diffusion import load
from thespis.pixels.diffusion.conditions import FARTHEST, HEARD_AND_ACTED, audio_of, expression_of, pose_of, read_rows
from thespis.pixels.diffusion.flow import HELD, PRODUCTS, usual_flow
from thespis.pixels.diffusion.load import face_network
from thespis.pixels.diffusion.networks import as_numbers, as_pictures
from thespis.pixels.diffusion.shape import SHAPES
from thespis.pixels.diffusion.square import LINE, STAND, Square, aligning, cut_square, onto, square_of
from thespis.pixels.diffusion.windows import REACH

pytestmark = pytest.mark.unit


def column(name: str, axis: int) -> int:
    """The number of a rotation's or place's axis among those a field is made for."""
    before = EXPRESSION_AND_JAW.size if name in HELD else 0
    names = HELD if name in HELD else EXPRESSION_AND_JAW.names
    return before + sum(FLAME.slice(each).stop - FLAME.slice(each).start for each in names[: names.index(name)]) + axis


def test_a_square_holds_the_same_part_of_a_face_at_any_size() -> None:
    points = load_openhead().points[:478]
    square = square_of(points)
    larger = square_of((points + 0.5) * 3 - 0.5)
    assert (larger.x, larger.y, larger.side) == pytest.approx(tuple(vars(square.scaled(3)).values()), abs=1e-4)


def test_cutting_is_exact_where_it_can_be() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (40, 40, 3)).astype(np.uint8)
    whole = Square(19.5, 19.5, 40)
    assert np.abs(cut_square(picture, whole, 40, exact=True).astype(int) - picture).max() == 0
    halves = cut_square(picture, whole, 20).astype(float)
    means = picture.reshape(20, 2, 20, 2, 3).mean(axis=(1, 3))
    assert np.abs(halves - means).mean() < 4
    assert cut_square(picture, Square(0, 0, 20), 16).shape == (16, 16, 3)  # beyond the edge


def test_eyes_and_lips_stand_at_the_same_places_whoever_it_is() -> None:
    points = load_openhead().points[:478]
    turn = np.array([[0.9, -0.3, 0], [0.3, 0.9, 0], [0, 0, 1]], np.float32)
    longer = points * np.array([1, 1.2, 1], np.float32)
    for each in (points, points * 40 + 100, points @ turn.T, longer):
        matrix = aligning(each)
        places = each[:, :2] @ matrix[:, :2].T + matrix[:, 2]
        np.testing.assert_allclose(places[list(LINE)].mean(axis=0), STAND[2], atol=1e-5)
        eyes = places[[*EYE_LEFT_UPPER, *EYE_LEFT_LOWER]].mean(axis=0)
        np.testing.assert_allclose(eyes, STAND[1], atol=1e-5)
        np.testing.assert_allclose(np.linalg.inv(np.vstack([onto(matrix, 64), [0, 0, 1]])) @ [31.5, 31.5, 1],
                                   [*np.linalg.solve(matrix[:, :2], -matrix[:, 2]), 1], atol=1e-6)  # fmt: skip
    square = square_of(points)
    np.testing.assert_allclose(aligning(points), [[2 / square.side, 0, 0], [0, 2 / square.side, -2 * square.y / square.side]], atol=3e-3)


def test_heads_turn_as_far_as_the_network_knows() -> None:
    rows = np.zeros((3 + 2 * REACH, HEARD_AND_ACTED.size), np.float32)
    first = HEARD_AND_ACTED.slice("head_rotation").start
    rows[:, first + 1] = np.linspace(0, 0.45, len(rows))
    turned = np.abs(read_rows(rows)["pose"][:, 1])
    asked = rows[REACH:-REACH, first + 1]
    assert turned.max() < FARTHEST[1]
    assert (np.diff(turned) > 0).all()
    rows[:, first + 1] *= 0.15
    np.testing.assert_allclose(np.abs(read_rows(rows)["pose"][:, 1]), asked, atol=1e-6)


def test_the_usual_flow_moves_what_openhead_moves() -> None:
    field = usual_flow(32)
    assert field.shape == (SHAPES["tiny"].expression + SHAPES["tiny"].pose + len(PRODUCTS), 2, 32, 32)
    # A jaw that opens by a tenth of a radian takes the chin from farther up; the eyes stay.
    jaw = 0.1 * field[column("jaw", 0)]
    assert jaw[1, 25, 16] < -0.02
    assert np.abs(jaw[:, 10:14]).max() < 0.002
    # A head that moves to the picture's right samples its left; the corner above stays.
    place = field[column("translation", 0)]
    assert abs(place[0, 16, 16]) > 10 * abs(place[1, 16, 16])
    assert np.abs(place[:, 0, 0]).max() < 0.1 * np.abs(place[:, 16, 16]).max()
    # A nose that turns comes from farther away than a straight field says: the head is round.
    bent = field[EXPRESSION_AND_JAW.size + sum(FLAME.slice(name).stop - FLAME.slice(name).start for name in HELD) + PRODUCTS.index((1, 1))]
    assert np.abs(bent[0, 16, 8] + bent[0, 16, 23]) < 0.1 * np.abs(bent[0, 16, 8] - bent[0, 16, 23])  # the same on both sides


def test_conditions_are_taken_by_name() -> None:
    flame = np.arange(2 * FLAME.size, dtype=np.float32).reshape(2, -1)
    expression, pose = expression_of(flame), pose_of(flame)
    np.testing.assert_array_equal(expression[:, :50], flame[:, :50])
    np.testing.assert_array_equal(expression[:, 50:], flame[:, FLAME.slice("jaw")])
    np.testing.assert_array_equal(pose[:, -3:], flame[:, FLAME.slice("translation")])
    rows = np.zeros((3 + 2 * REACH, HEARD_AND_ACTED.size), np.float32)
    rows[:, HEARD_AND_ACTED.column("jaw")] = np.arange(len(rows))
    rows[REACH, HEARD_AND_ACTED.column("jawOpen")] = 0.5
    told = read_rows(rows)
    assert {name: values.shape for name, values in told.items()} == {"audio": (3, 50), "expression": (3, 53), "pose": (3, 12)}
    np.testing.assert_array_equal(told["audio"][1, ::10], [1, 2, 3, 4, 5])  # the second frame, with two before and two after
    assert np.abs(told["expression"][0]).max() > 0
    assert np.abs(told["expression"][1:]).max() == 0
    np.testing.assert_array_equal(audio_of(rows[:, :10]), told["audio"])


def test_pictures_become_numbers_and_pictures_again() -> None:
    pictures = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    assert (as_numbers(pictures).min(), as_numbers(pictures).max()) == (-1, 1)
    np.testing.assert_array_equal(as_pictures(as_numbers(pictures)), pictures)


@pytest.mark.parametrize("size", ["small", "full"])
def test_larger_sizes_say_what_they_need(size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path))
    monkeypatch.setattr(load, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="needs torch, which is not installed; run: pip install"):
        face_network(size, {})
    monkeypatch.setattr(load, "find_spec", lambda name: object())
    with pytest.raises(WeightsError, match=rf"there are no weights for the size '{size}' of emodiffhead .* or use 'tiny', which ships"):
        face_network(size, {})


def test_an_unknown_size_is_told() -> None:
    with pytest.raises(UsageError, match=r"unknown size of emodiffhead 'tinny'. Did you mean 'tiny'\?"):
        face_network("tinny", {})
