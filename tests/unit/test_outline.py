"""Cheeks that swell stay behind the face's outline, and what does not reach it moves as asked."""

import numpy as np
import pytest

from thespis.capture.faces import face_of
from thespis.head.shapes import OVAL
from thespis.motion.spaces.face import FACE
from thespis.pixels.framing import cut_frame
from thespis.pixels.outline import BEYOND, NEAR, Outline, find_outline, keep_within
from thespis.pixels.puppet import Puppet, build
from thespis.types import Array, Portrait

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def puppet(astronaut: Portrait) -> Puppet:
    face = face_of(astronaut)
    return build(face, cut_frame(astronaut.image, face, None, "head", 256))


def beyond(outline: Outline, place: Array) -> Array:
    """Say how far points near the outline lie beyond it, by the segments that they lie beside."""
    one, other = outline.sides.T
    edge = place[one] + outline.shares[:, None] * (place[other] - place[one])
    return np.asarray(((place[outline.rows] - edge) * outline.out).sum(axis=1))


def test_skin_inside_of_the_outline_has_room_and_what_lies_far_from_it_is_not_looked_at(puppet: Puppet) -> None:
    rest = puppet.rest[:468]
    outline = find_outline(rest)
    assert (outline.room >= 0).all()
    assert outline.room == pytest.approx(np.maximum(-beyond(outline, rest), 0), abs=1e-5)
    assert not set(outline.rows.tolist()) & {*OVAL, 4, 13, 168}
    gap = np.linalg.norm(rest[outline.rows, None, :2] - rest[None, list(OVAL), :2], axis=2).min(axis=1)
    assert gap.max() < 1.5 * NEAR


def test_what_would_go_beyond_the_outline_is_held_back_and_nothing_else(puppet: Puppet) -> None:
    outline = find_outline(puppet.rest[:468])
    for size in (0.02, 0.1, 0.5):
        skin = np.zeros((468, 3), np.float32)
        skin[outline.rows] = size * outline.out
        held = skin.copy()
        keep_within(outline, held)
        over = np.maximum(size - outline.room, 0)
        assert ((skin - held)[outline.rows] * outline.out).sum(axis=1) == pytest.approx(over * over / (over + BEYOND), abs=1e-5)
        assert (size - ((skin - held)[outline.rows] * outline.out).sum(axis=1) - outline.room < BEYOND + 1e-5).all()
        others = np.setdiff1d(np.arange(468), outline.rows)
        assert np.array_equal(held[others], skin[others])


def test_skin_goes_where_its_outline_goes(puppet: Puppet) -> None:
    outline = find_outline(puppet.rest[:468])
    skin = np.full((468, 3), 0.7, np.float32)
    keep_within(outline, skin)
    assert skin == pytest.approx(np.full((468, 3), 0.7), abs=1e-6)


def test_a_cheek_that_swells_is_drawn_behind_the_outline(puppet: Puppet) -> None:
    row = np.zeros(FACE.size, np.float32)
    for name in ("mouthSmileLeft", "cheekPuff", "mouthDimpleLeft", "mouthLeft", "mouthStretchLeft"):
        row[FACE.column(name)] = 1.0
    place = puppet.pose(row).place[:468] / puppet.unit
    rest = puppet.pose(np.zeros(FACE.size, np.float32)).place[:468] / puppet.unit
    outline = puppet.outline
    went = [beyond(outline, np.append(each, np.zeros((468, 1)), axis=1)) for each in (rest, place)]
    assert (went[1] < np.maximum(went[0], 0) + BEYOND + 0.005).all()
    assert (went[1] - went[0]).max() > BEYOND
