"""A fitted person: where rays meet a head, what is drawn over a frame, the folder, and the stage that goes on with their frames."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from fitted import FRAMES, SIDE, write_fitted
from made_up import articulation

from thespis.capture.portrait import read_portrait
from thespis.errors import MediaError
from thespis.features.spaces import ARTICULATION
from thespis.motion.retime import Retime
from thespis.pixels.field.camera import Poses, Shell
from thespis.pixels.field.person import Fitted, read_person
from thespis.pixels.field.renderer import FieldRenderer, there_and_back
from thespis.pixels.field.shape import OFFICIAL, SHAPES, UPPER, WINDOW
from thespis.types import Direction, Portrait, Track

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_fitted(tmp_path_factory.mktemp("person"))


@pytest.fixture(scope="module")
def person(folder: Path) -> Fitted:
    return read_person(folder)


@pytest.fixture(scope="module")
def portrait(folder: Path) -> Portrait:
    return read_portrait(folder)


@pytest.fixture(scope="module")
def heard(portrait: Portrait) -> Track:
    stage = Retime(ARTICULATION, fps=25)
    return stage.step(stage.start(portrait, Direction()), articulation(1.2), True)


def test_rays_come_back_to_their_pixels() -> None:
    turn, scale = np.array([[0.8, 0, 0.6], [0, 1, 0], [-0.6, 0, 0.8]], np.float32), np.array([20.0], np.float32)
    poses = Poses(turn[None], scale, np.array([[30.0, 40.0, 5.0]], np.float32))
    pixels = np.array([[30.0, 40.0], [50.0, 10.0]], np.float32)
    starts, direction = poses.rays(0, pixels)
    assert np.linalg.norm(direction) == pytest.approx(1)
    for along in (0.0, 1.5, -3.0):
        np.testing.assert_allclose(poses.seen(0, starts + along * direction), pixels, atol=1e-4)


def test_a_ray_enters_and_leaves_where_skin_can_be() -> None:
    shell = Shell(np.zeros((1, 3), np.float32), np.zeros((3, 3), np.float32), np.zeros(3, np.float32), 1.0)
    near, far = shell.within(np.array([[0, 0, 0], [0.9, 0, 0]], np.float32), np.array([0, 0, 1], np.float32))
    assert -0.3 < near[0] < -0.1 < 0.1 < far[0] < 0.3
    assert near[1] == far[1] == 0


def test_the_face_is_drawn_and_the_rest_is_the_frame(person: Fitted) -> None:
    code, upper = np.ones(32, np.float32), np.zeros(len(UPPER), np.float32)
    made, frame = person.draw(3, code, upper), person.frame(3)
    share = person.shell.share(person.poses, 3, SIDE)
    assert share.max() == 1
    assert 0.15 < (share > 0.5).mean() < 0.8
    assert np.array_equal(made[share == 0], frame[share == 0])
    assert (made != frame)[share > 0.9].mean() > 0.5
    assert not np.array_equal(person.draw(3, 2 * code, upper), made)
    assert not np.array_equal(person.draw(3, code, upper + 0.8), made)


def test_a_folder_is_a_portrait_that_others_can_draw_too(folder: Path, portrait: Portrait, person: Fitted) -> None:
    assert portrait.fitted == folder
    assert portrait.image.shape == (SIDE, SIDE, 3)
    assert np.abs(portrait.image.astype(int) - person.frame(0)).max() == 0
    assert len(person) == FRAMES
    facts = json.loads((folder / "person.json").read_text())
    assert (facts["recipe"], facts["size"], facts["upper"]) == ("synctalk", "tiny", list(UPPER))


def test_a_picture_is_told_what_to_do(nobody: Portrait) -> None:
    with pytest.raises(
        MediaError, match=r"the portrait is a picture, and this recipe draws people .* thespis fit synctalk VIDEO -o FOLDER"
    ):
        FieldRenderer().start(nobody, Direction())


def test_damaged_people_are_refused_in_one_line(tmp_path: Path, portrait: Portrait) -> None:
    for number, (name, text) in enumerate((("person.safetensors", "nothing"), ("person.json", "{"), ("person.json", '{"size": "smal"}'))):
        broken = write_fitted(tmp_path / str(number))
        (broken / name).write_text(text)
        with pytest.raises(MediaError, match=r"is no person that can be read|unknown size|fit it again") as error:
            FieldRenderer().start(replace(portrait, fitted=broken), Direction())
        assert "\n" not in str(error.value)


def test_frames_go_forward_and_back() -> None:
    assert [there_and_back(number, 4) for number in range(9)] == [0, 1, 2, 3, 2, 1, 0, 1, 2]
    assert {there_and_back(number, 1) for number in range(3)} == {0}


def test_pieces_make_the_same_frames(portrait: Portrait, heard: Track) -> None:
    stage = FieldRenderer()
    whole = stage.step(stage.start(portrait, Direction()), heard, True)
    assert len(whole) == len(heard)
    state, made = stage.start(portrait, Direction()), []
    for first, stop in ((0, 1), (1, 1), (1, 14), (14, len(heard))):
        made.append(stage.step(state, heard.cut(first, stop), stop == len(heard)).images)
    assert np.array_equal(np.concatenate(made), whole.images)
    # A frame waits for three rows that come after its own, and for no more.
    later = Track(ARTICULATION, np.concatenate([heard.values[:14], 1 - heard.values[14:]]), heard.fps)
    other = stage.step(stage.start(portrait, Direction()), later, True)
    assert np.array_equal(other.images[:11], whole.images[:11])
    assert stage.delay == Fraction(3, 25)


def test_wishes_move_lips_and_lids(portrait: Portrait, heard: Track, person: Fitted) -> None:
    from thespis.types import AMOUNT, Curve

    stage = FieldRenderer()
    still = stage.step(stage.start(portrait, Direction(lips=Curve.constant(AMOUNT, amount=0.0))), heard, True)
    silence = person.field.hear(np.zeros((WINDOW, ARTICULATION.size), np.float32))
    assert np.array_equal(still.images[2], person.draw(2, silence, person.upper[2]))
    closed = stage.step(stage.start(portrait, Direction(blink=120)), heard, True)
    assert not np.array_equal(closed.images, stage.step(stage.start(portrait, Direction()), heard, True).images)


def test_the_official_size_is_the_published_one() -> None:
    assert OFFICIAL.inside == 36
    assert OFFICIAL.rows == 163584
    assert all(not level.hashed for shape in (SHAPES["small"],) for level in shape.grids)
    assert any(level.hashed for level in SHAPES["tiny"].grids)
