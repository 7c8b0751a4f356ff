"""What belongs to the person: hands beside the head do not, guesses are not believed, and a plain rim stays the picture's own."""

import cv2
import numpy as np
import pytest

from thespis.head.shapes import load_shapes
from thespis.pixels import cutout
from thespis.pixels.behind import to_edge
from thespis.pixels.cutout import (
    AIRY,
    DOUBTFUL,
    above_shoulders,
    airy_share,
    box_of,
    by_colour,
    connected,
    layers,
    plain_rim,
    unsure,
)
from thespis.pixels.diffuse import diffuse
from thespis.pixels.ears import ROOTS, lit_ears
from thespis.pixels.islands import islands
from thespis.pixels.locks import locks
from thespis.pixels.strands import look_at
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit


def disc(x: float, y: float, radius: float, soft: float = 1.0) -> Array:
    """A share (100, 160) that is 1 within a circle and falls to 0 over `soft` pixels."""
    rows, columns = np.mgrid[0:100, 0:160].astype(np.float32)
    return np.asarray(np.clip((radius - np.hypot(columns - x, rows - y)) / soft + 0.5, 0, 1), np.float32)


def test_what_does_not_hang_together_with_the_face_stays_where_it_is() -> None:
    head, hand = disc(50, 50, 30), disc(130, 60, 15)
    face = (disc(50, 55, 15) > 0.5).astype(np.uint8)
    kept = connected(np.maximum(head, hand), face)
    assert np.abs(kept - head).max() < 1e-6


def test_a_wide_soft_edge_is_a_guess() -> None:
    assert unsure(disc(60, 50, 30, 2.0), 40.0) < DOUBTFUL < unsure(disc(60, 50, 25, 30.0), 40.0)


def half_told(patch: int, grain: float = 0.0, boards: int = 0) -> tuple[Bytes, Array]:
    """A dark head before a wall of some grain, with `boards` so bright (300, 300, 3), and its share, of which a soft `patch` is a guess."""
    noise = grain * cv2.GaussianBlur(np.random.default_rng(2).standard_normal((300, 300)).astype(np.float32), (0, 0), 1.0)
    wall = np.clip(120 + np.repeat(noise[..., None], 3, axis=2), 0, 255)
    wall[:, 10:290:20] += boards
    head = cv2.circle(np.zeros((300, 300), np.float32), (110, 150), 80, [1.0], -1)
    share = np.maximum(head, cv2.circle(np.zeros_like(head), (190 + round(0.6 * patch), 150), patch, [0.5], -1)) if patch else head
    return np.asarray(np.where(head[..., None] > 0, 40, wall), np.uint8), np.asarray(share, np.float32)


def all_moves(spots: Array) -> tuple[Array, Array]:
    """All of it moves with the head, and there is no shoulder."""
    return np.ones(len(spots), np.float32), np.ones(len(spots), np.float32)


@pytest.mark.parametrize(
    ("patch", "grain", "boards", "whole"),
    [(32, 40.0, 0, True), (16, 40.0, 0, False), (16, 0.0, 0, True), (0, 0.0, 0, False), (16, 0.0, 100, False)],
)
def test_who_cannot_be_told_from_a_wall_takes_it_along(
    monkeypatch: pytest.MonkeyPatch, patch: int, grain: float, boards: int, whole: bool
) -> None:
    # Much of them is a guess, or nobody can see that the wall moves; whom the network sees clearly is cut out all the same.
    picture, share = half_told(patch, grain, boards)
    monkeypatch.setattr(cutout, "share_of_person", lambda picture, points, ears, unit: share.copy())
    points = np.asarray([110, 150] + 40 * load_shapes().points[:, :2], np.float32)
    found, entirely = (
        cutout.cut_out(picture, (0, 0, 300, 300), points, 60.0, all_moves, np.zeros((0, 3), np.float32), entirely=each)
        for each in (False, True)
    )
    assert found is not None and found.whole == whole
    assert entirely is not None and not entirely.whole
    if whole:
        assert np.array_equal(found.person[..., :3], picture) and found.share.min() == 255
        # The head ends where it did.
        assert found.head[150, 110] == 255 and found.head[150, 295] == 0
    else:
        assert np.array_equal(found.head, found.share)


def test_a_wall_with_somebody_else_before_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, share = half_told(32, 40.0)
    monkeypatch.setattr(cutout, "share_of_person", lambda picture, points, ears, unit: share.copy())
    points = np.asarray([110, 150] + 40 * load_shapes().points[:, :2], np.float32)
    for others, whole in (([], True), ([[280, 150, 80]], False)):
        found = cutout.cut_out(picture, (0, 0, 300, 300), points, 60.0, all_moves, np.array(others, np.float32).reshape(-1, 3))
        assert found is not None and found.whole == whole


def test_a_rim_in_the_colour_of_the_wall_is_the_picture() -> None:
    head = disc(60, 50, 25)
    picture = np.full((100, 160, 3), 180, np.uint8)
    picture[head > 0.5] = 40
    picture[45:50, 85:89] = 60  # a lock beyond the edge
    hole = disc(60, 50, 30)
    left = plain_rim(picture, head, hole)
    assert left[50, 60] == 1.0
    assert left[22, 60] < 0.2 < 0.8 < left[47, 87]


def test_unknown_colours_are_made_up_and_known_ones_stay() -> None:
    picture = np.random.default_rng(0).uniform(60, 90, (101, 161, 3)).astype(np.float32)
    known = np.ones((101, 161), np.float32)
    known[30:71, 50:111] = 0
    made = diffuse(np.where(known[..., None] > 0, picture, 255.0).astype(np.float32), known)
    assert np.array_equal(made[known > 0], picture[known > 0])
    assert 55 < made[known == 0].min() < made[known == 0].max() < 95


def test_the_way_out_of_a_hole_leads_to_its_nearest_edge() -> None:
    hole = np.zeros((120, 160), bool)
    hole[20:100, 40:120] = True
    across, down, deep = to_edge(hole, 2.0)
    assert across[60, 45] == pytest.approx(-6, abs=1.5) and down[60, 45] == pytest.approx(0, abs=1.5)
    assert across[60, 114] == pytest.approx(6, abs=1.5)
    assert down[95, 80] == pytest.approx(5, abs=1.5)
    assert deep[60, 80] == pytest.approx(40, abs=2)


def test_a_box_holds_what_is_marked_and_some_room() -> None:
    mask = np.zeros((50, 60), bool)
    mask[10:20, 30:55] = True
    assert box_of(mask, 8) == (slice(2, 28), slice(22, 63))
    assert box_of(np.zeros((50, 60), bool), 3) == (slice(0, 53), slice(0, 63))


def test_a_rim_half_in_the_walls_colour_is_half_the_persons_before_another_wall() -> None:
    head, true = disc(60, 50, 32), disc(60, 50, 30, 8.0)
    wall = np.full((100, 160, 3), 200, np.uint8)
    picture = np.asarray(wall + (40.0 - wall) * true[..., None] + 0.5, np.uint8)
    everywhere = np.ones_like(head)
    kept, told = (by_colour(picture, head, wall, 60.0, everywhere, mixed * everywhere) for mixed in (0, 1))
    rim = (true > 0.45) & (true < 0.55)
    assert kept[rim].min() > 0.9
    assert 0.35 < told[rim].mean() < 0.65
    assert told[50, 60] == 1.0


def test_what_was_made_up_above_a_head_says_nothing_about_the_wall() -> None:
    head, face = disc(60, 50, 30), (disc(60, 55, 15) > 0.5).astype(np.uint8)
    picture = np.full((100, 160, 3), 200, np.uint8)
    picture[head > 0.5] = 40
    mirrored = np.zeros((100, 160), bool)
    mirrored[:20] = True
    picture[:20] = picture[39:19:-1]
    everywhere = np.ones_like(head)
    nothing = np.zeros_like(head)
    hangs = locks(picture, head, mirrored, 40.0)
    wall = look_at(picture, head, mirrored, 40.0)
    alpha = np.maximum(head, hangs)
    share, _, plate, hole = layers(picture, alpha, hangs, face, mirrored, 40.0, everywhere, everywhere, everywhere, (wall, wall), False)
    # Neither does the mirrored hair go with the head, nor does it stay on the wall.
    assert share[:10].max() == 0 and hole[:20].min() == 255
    assert np.abs(plate[:30].astype(int) - 200).max() < 6
    wall = look_at(picture, head, mirrored & False, 40.0)
    blind = layers(picture, head, nothing, face, mirrored & False, 40.0, everywhere, everywhere, everywhere, (wall, wall), False)
    assert max(blind[0][:10].max(), np.abs(blind[2][:30].astype(int) - 200).max()) > 60


def test_a_picture_that_a_head_fills_is_looked_at_with_room_around_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(picture: Bytes) -> Array:
        """See a person in what is dark, and never at the left and right edges, as the network does."""
        seen.append(picture.shape)
        share = (picture[..., 0] < 128).astype(np.float32)
        share[:, :10] = share[:, -10:] = 0.0
        return share

    monkeypatch.setattr(cutout, "person_share", look)
    picture = np.full((100, 90, 3), 250, np.uint8)
    picture[20:] = 40
    assert (airy_share(picture, 30.0)[30:] == 1).all()
    assert seen[1][1] == AIRY * 30
    assert (airy_share(picture, 20.0)[30:, :10] == 0).all()


@pytest.mark.parametrize("roll", [-25.0, 0.0, 40.0])
def test_hair_beside_a_face_lies_above_the_shoulders(roll: float) -> None:
    around = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    face = np.stack([np.sin(around) * 0.75, -np.cos(around)], axis=1)  # in eye distances, the chin 1 below the middle
    hair = np.array([[1.2, 0.2], [-1.9, 0.2], [2.2, 0.1], [1.0, -0.8]])
    shoulders = np.array([[1.3, 1.2], [-1.4, 1.1], [2.6, 1.2], [0.4, 1.9]])
    turn = np.array([[np.cos(np.radians(roll)), np.sin(np.radians(roll))], [-np.sin(np.radians(roll)), np.cos(np.radians(roll))]])
    placed = [np.asarray(spots @ turn * 50 + (200, 150), np.float32) for spots in (face, hair, shoulders)]
    assert above_shoulders(placed[0], placed[1], 50.0).min() > 0.95
    assert above_shoulders(placed[0], placed[2], 50.0).max() < 0.15


def test_an_ear_before_a_lamp_is_looked_for_in_a_darker_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def look(picture: Bytes) -> Array:
        looked.append(float(picture.mean()))
        return np.ones(picture.shape[:2], np.float32)

    monkeypatch.setattr("thespis.pixels.ears.person_share", look)
    points = load_shapes().points[:, :2] * 40 + np.array([120, 120], np.float32)
    (left, right), top = (points[list(ROOTS), 0], int(points[ROOTS[0], 1]))
    dark = np.full((240, 240, 3), 90, np.uint8)
    assert lit_ears(dark, points, 40).max() == 0
    assert not looked
    # A white lamp stands close behind the ear at the right, whose skin is a little less white.
    lit = dark.copy()
    lit[:, int(right) + 8 :] = 255
    lit[top - 10 : top + 10, int(right) - 4 : int(right) + 8] = (255, 240, 232)
    found = lit_ears(lit, points, 40)
    assert looked
    assert max(looked) < lit.mean() - 10
    assert found[top, int(right) + 2] > 0.9
    assert found[top, int(right) + 12 :].max() < 0.1
    assert found[:, : int(left) + 20].max() == 0
    assert found[: top - 60].max() == 0


def test_a_tip_of_hair_that_stands_alone_on_a_plain_wall_goes_along() -> None:
    alpha = disc(60, 50, 30)
    nothing = np.zeros(alpha.shape, bool)
    wall = np.full((*alpha.shape, 3), (90, 110, 170), np.uint8)
    person = wall.copy()
    person[alpha > 0.5] = (40, 30, 25)
    # 0.25 eye distances beside the head: a tip of hair, a spot in a colour that the person has not, and a soft shadow.
    tip, spot, shadow = (person.copy() for _ in range(3))
    tip[46:54, 103:106] = (40, 30, 25)
    spot[46:54, 103:106] = (230, 220, 60)
    shadow[42:58, 100:110] = (60, 70, 110)
    shadow = cv2.GaussianBlur(shadow, (0, 0), 5)
    assert islands(tip, alpha, nothing, 50)[47:53, 103:106].min() > 0.9
    assert islands(tip, alpha, nothing, 50)[alpha > 0.3].max() == 0
    assert islands(spot, alpha, nothing, 50).max() == 0
    assert islands(shadow, alpha, nothing, 50).max() == 0
    assert islands(person, alpha, nothing, 50).max() == 0
    # Before a wall that has such marks everywhere it is one of them, and so is one that is farther away.
    marks = tip.copy()
    marks[10:90:8, 116:156:6] = (40, 30, 25)
    assert islands(marks, alpha, nothing, 50)[:, 100:110].max() == 0
    away = person.copy()
    away[46:54, 117:120] = (40, 30, 25)
    assert islands(away, alpha, nothing, 50).max() == 0
