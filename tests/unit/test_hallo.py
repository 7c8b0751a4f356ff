"""Hallo without its networks: where a voice may act, windows that go on from each other, and what is laid over a portrait."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from made_up import NOBODY
from skimage.data import astronaut

from thespis.capture.faces import face_of
from thespis.errors import DirectionError
from thespis.features.spaces import ARTICULATION
from thespis.motion.diffusion import KEPT
from thespis.pixels.diffusion.sampling import noised
from thespis.pixels.dub.lip_networks import Patches
from thespis.pixels.hallo.onnx import Changes, clean_of, face_numbers
from thespis.pixels.hallo.regions import filled, regions_of
from thespis.pixels.hallo.shape import SHAPES, HalloShape
from thespis.pixels.hallo.windows import REACH, Around, Hallo, Shown, drawn, seen_by, through
from thespis.stages import Chain
from thespis.types import Array, Bytes, Direction, Portrait, Track, random_for

pytestmark = pytest.mark.unit
SMALL = HalloShape(side=16, factor=4, channels=2, frames=3, heard=50)


@pytest.fixture(scope="module")
def portrait() -> Portrait:
    return Portrait((astronaut(),))


class Echo:
    """A drawer whose latents say what it was told: earlier frames, voice, weights and noise."""

    def __init__(self, shape: HalloShape = SMALL) -> None:
        self.shape = shape
        self.asked: list[dict[str, Any]] = []

    def see(self, picture: Bytes, points: Array) -> Bytes:
        return picture

    def begins(self, seen: Bytes) -> Array:
        return np.full((2, 4, 4), 7, np.float32)

    def draw(self, seen: Bytes, past: Array, voice: Array, weights: Array, noise: Array, strength: float) -> Array:
        self.asked.append({"past": past, "voice": voice, "weights": weights, "strength": strength})
        made = noise.copy()
        made[:, 0] = voice[:, 20, None, None]  # what is heard in the middle of the window begins
        return made

    def show(self, picture: Bytes, place: Any, latents: Array) -> Bytes:
        return np.full_like(picture, int(latents[0, 0, 0]) % 256)


def heard(rows: int) -> Track:
    values = np.zeros((rows, ARTICULATION.size), np.float32)
    values[:, 0] = np.arange(rows)
    return Track(ARTICULATION, values, Fraction(25))


def test_regions_part_the_picture_and_lie_where_they_should(portrait: Portrait) -> None:
    shape = SHAPES["tiny"]
    points = seen_by(portrait, shape).points
    pose, face, lips = regions = regions_of(points, shape.places)
    assert regions.shape == (3, 8, 8)
    assert regions.min() >= 0
    assert np.allclose(pose + face + lips, 1, atol=0.35)  # soft edges of the lips reach over those of the face
    mouth, brow = (points[number] * shape.places for number in (13, 10))
    assert lips[int(mouth[1]), int(mouth[0])] > 0.8
    assert face[int(brow[1]) + 1, int(brow[0])] > 0.5 > lips[int(brow[1]) + 1, int(brow[0])]
    assert pose[0, 0] > 0.9
    where = filled(points, "face", 64)
    assert set(np.unique(where)) == {0.0, 1.0}
    assert 0.1 < where.mean() < 0.9


def test_eyes_and_lips_stand_where_they_do_in_the_corpus(portrait: Portrait) -> None:
    points = seen_by(portrait, SHAPES["tiny"]).points
    assert np.allclose(points[[13, 14]].mean(axis=0), [0.5, 0.74], atol=0.02)
    square = seen_by(portrait, SHAPES["full"])
    assert square.picture.shape == (512, 512, 3)
    assert 0.6 < square.points[152, 1] - square.points[10, 1] < 0.8


def test_each_window_is_told_the_last_frames_of_the_one_before(portrait: Portrait) -> None:
    drawer = Echo()
    chain = Chain(*drawn(drawer, 32)[:2])
    made = chain.step(chain.start(portrait, Direction()), heard(7), True)
    assert isinstance(made, Track)
    rows = made.values.reshape(7, 2, 4, 4)
    assert rows[:, 0, 0, 0].tolist() == list(range(7))
    assert (drawer.asked[0]["past"] == 7).all()
    assert np.array_equal(drawer.asked[1]["past"], rows[1:3])
    assert np.array_equal(drawer.asked[2]["past"], rows[4:6])


def test_voices_are_heard_two_frames_to_each_side() -> None:
    around = Around(ARTICULATION)
    row = around(None, heard(2 * REACH + 1).values, 0, Fraction(25))
    assert row.shape == (1, around.gives.size)
    assert row[0, :: ARTICULATION.size].tolist() == [0, 1, 2, 3, 4]


def test_weights_follow_wishes_and_guidance(portrait: Portrait) -> None:
    drawer = Echo()
    hallo = Hallo(drawer, Around(ARTICULATION).gives)
    from thespis.direction.parse import direct

    for wish, wanted in (
        ({}, (1, 1, 1)), ({"lips": 0.5}, (1, 1, 0.5)), ({"motion": 0.25}, (0.25, 0.25, 1)),
        ({"guidance": {"pose": 0.5, "face": 2.0, "lips": 1.5}, "lips": 2.0}, (0.5, 2, 3)),
    ):  # fmt: skip
        context = hallo.start(portrait, direct(**wish))
        hallo(context, np.zeros((3, 50), np.float32), 0, Fraction(25), np.zeros((2, SMALL.row), np.float32))
        assert np.allclose(drawer.asked[-1]["weights"], wanted)
    assert hallo.start(portrait, direct(guidance={"audio": 2.0})).strength == 2
    for wrong in ({"audio": 7.0}, {"lips": 3.5}):
        with pytest.raises(DirectionError, match="guidance of audio goes from 0 to 6"):
            hallo.start(portrait, direct(guidance=wrong))
    with pytest.raises(DirectionError, match="unknown guidance 'lip'"):
        hallo.start(portrait, direct(guidance={"lip": 1.0}))


def test_frames_are_shown_one_by_one(portrait: Portrait) -> None:
    stage = Shown(Echo(), 32)
    state = stage.start(portrait, Direction())
    rows = np.repeat(np.array([[3.0], [5.0]], np.float32), SMALL.row, axis=1)
    made = stage.step(state, Track(stage.takes, rows, Fraction(25), 4), True)
    assert made.images.shape == (2, 32, 32, 3)
    assert (made.start, made.images[:, 0, 0, 0].tolist()) == (4, [3, 5])
    assert len(stage.step(state, Track.empty(stage.takes, Fraction(25)), True)) == 0


def test_the_way_from_what_is_drawn_to_what_is_shown(portrait: Portrait) -> None:
    points = face_of(portrait).points
    first, then = seen_by(portrait, SHAPES["tiny"]).matrix, seen_by(portrait, SHAPES["full"]).matrix
    way = through(first, then)
    spot = points[1, :2].astype(np.float64)
    assert np.allclose(way[:, :2] @ (first[:, :2] @ spot + first[:, 2]) + way[:, 2], then[:, :2] @ spot + then[:, 2])


def test_changes_are_told_in_their_own_unit_and_laid_over_a_portrait() -> None:
    random = random_for(0, "changes")
    turned, _ = np.linalg.qr(random.normal(size=(48, 48)))
    patches = Patches(turned.astype(np.float32), random.normal(size=48).astype(np.float32), 0.7)
    changes = Changes(patches, random.uniform(0.5, 2, 48).astype(np.float32))
    rest, other = (random.uniform(-1, 1, (1, 3, 16, 16)).astype(np.float32) for _ in range(2))
    latents = [patches.encode(each, 4) for each in (rest, other)]
    told = changes.of(latents[1], latents[0])
    assert np.allclose(changes.onto(told, latents[0]), latents[1], atol=1e-5)
    assert np.allclose(changes.pixels(told, 4), other - rest, atol=1e-4)


def test_who_it_is_is_told_by_colours_of_the_face() -> None:
    random = random_for(1, "colours")
    regions = np.zeros((3, 4, 4), np.float32)
    regions[0], regions[1, 1:3, 1:3], regions[0, 1:3, 1:3] = 1, 1, 0
    latents = random.normal(size=(1, 5, 4, 4)).astype(np.float32)
    inside = latents[0, :, 1:3, 1:3].reshape(5, -1)
    assert np.allclose(face_numbers(latents, regions)[0], [*inside.mean(axis=1), *inside.std(axis=1)], atol=1e-5)


@pytest.mark.parametrize("step", [0, 400, 999])
def test_velocity_tells_what_is_clean(step: int) -> None:
    random = random_for(2, "velocity")
    clean, noise = (random.normal(size=(2, 3)).astype(np.float32) for _ in range(2))
    velocity = np.sqrt(KEPT[step]) * noise - np.sqrt(1 - KEPT[step]) * clean
    assert np.allclose(clean_of(noised(clean, noise, step), velocity, step), clean, atol=1e-5)


def test_nobody_cannot_be_drawn() -> None:
    from thespis.errors import FaceError

    with pytest.raises(FaceError):
        Hallo(Echo(), Around(ARTICULATION).gives).start(NOBODY, Direction())
