"""Frames of any picture: its own size with the rest untouched, several people, other backgrounds and none, faces that nobody finds."""

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.capture.faces import face_of
from thespis.capture.placed import NAMES, NEEDED, fit_points, names_of, read_landmarks
from thespis.capture.portrait import read_portrait
from thespis.direction.parse import direct
from thespis.errors import DirectionError, FaceError, MediaError
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.background import Backed, apart
from thespis.pixels.paste import Scene
from thespis.pixels.renderer import Renderer
from thespis.types import Array, Clip, Direction, Frames, Portrait, Track

pytestmark = pytest.mark.unit
FPS = Fraction(25)


def speaking(rows: int = 3) -> Track:
    """A mouth that opens while the head turns."""
    values = np.zeros((rows, FACE.size), np.float32)
    values[:, FACE.column("jawOpen")] = np.linspace(0, 0.5, rows)
    values[:, FACE.slice("head_rotation")] = np.linspace(0, 0.2, rows)[:, None] * np.array([0, 1, 0])
    return Track(FACE, values, FPS)


@pytest.fixture(scope="module")
def couple(astronaut: Portrait) -> Portrait:
    """The astronaut twice, side by side."""
    one = cv2.resize(astronaut.image[:300, 60:400], None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    return Portrait((np.ascontiguousarray(np.hstack([one, one]), np.uint8),), face=1, name="both")


def test_the_picture_keeps_its_size_and_every_pixel_that_does_not_move(astronaut: Portrait) -> None:
    renderer = Renderer()
    scene = renderer.start(astronaut, Direction(crop="original"))
    assert isinstance(scene, Scene)
    frames = renderer.step(scene, speaking(), last=True)
    assert frames.images.shape == (3, *astronaut.image.shape)
    changed = (frames.images != astronaut.image).any(axis=3)
    (actor,) = scene.actors
    framing = actor.canvas.puppet.framing
    outside = np.ones(changed.shape[1:], np.bool_)
    outside[actor.top : actor.top + framing.height, actor.left : actor.left + framing.width] = False
    assert outside.mean() > 0.2
    assert not changed[:, outside].any()
    assert changed[2].mean() > changed[0].mean() > 0.005
    # The brow is drawn from the picture's own pixels, neither softer nor of another colour.
    brow = face_of(astronaut).points[151, :2].astype(int)
    patch = np.s_[brow[1] - 8 : brow[1] + 8, brow[0] - 8 : brow[0] + 8]
    assert np.abs(frames.images[0][patch].astype(int) - astronaut.image[patch]).mean() < 1.5


def test_one_performs_and_the_other_lives(couple: Portrait) -> None:
    renderer = Renderer()
    still, alive = (renderer.start(couple, Direction(crop="original", others=others)) for others in ("still", "alive"))
    assert isinstance(still, Scene)
    assert isinstance(alive, Scene)
    assert (len(still.actors), len(alive.actors)) == (1, 2)
    rows = Track(FACE, np.zeros((12, FACE.size), np.float32), FPS)
    cut = 5
    whole = renderer.step(alive, rows, last=True).images
    again = renderer.start(couple, Direction(crop="original", others="alive"))
    parts = [renderer.step(again, rows.cut(0, cut), last=False), renderer.step(again, rows.cut(cut, 12), last=True)]
    assert np.array_equal(whole, np.concatenate([part.images for part in parts]))
    quiet = renderer.step(still, rows.cut(11, 12), last=True).images[0]
    half = couple.image.shape[1] // 2
    assert np.array_equal(quiet[:, half + 90 :], couple.image[:, half + 90 :])
    assert (whole[11, :, half:] != whole[2, :, half:]).any()


def test_a_colour_and_nothing_stand_behind(astronaut: Portrait, tmp_path: Path) -> None:
    renderer = Renderer(96)
    for wish in ("#20a040", str(tmp_path / "wall.png")):
        Image.fromarray(np.full((40, 70, 3), (32, 160, 64), np.uint8)).save(tmp_path / "wall.png")
        state = renderer.start(astronaut, Direction(background=wish))
        drawn = renderer.step(state, speaking(1), last=True).images[0]
        assert np.abs(drawn[2:8, 2:8].astype(int) - (32, 160, 64)).max() <= 1
    state = renderer.start(astronaut, Direction(background="transparent"))
    assert isinstance(state, Backed)
    clear = renderer.step(state, speaking(1), last=True)
    assert clear.images.shape == (1, 96, 96, 4)
    share = clear.images[0, ..., 3]
    assert share[2:8, 2:8].max() <= 2
    assert share[44:52, 44:52].min() >= 253
    # What is half there keeps its own colour.
    colour = np.array([[[200, 100, 40]]], np.float32)
    black, white = ((colour * 0.5 + 255 * level * 0.5 + 0.5).astype(np.uint8) for level in (0, 1))
    assert np.abs(apart(black, white)[0, 0].astype(int) - (200, 100, 40, 128)).max() <= 2
    for name in ("clear.mov", "clear.webm", "clear/"):
        save(Clip(frames=clear), f"{tmp_path}/{name}")
    with Image.open(tmp_path / "clear" / "00000.png") as picture:
        assert np.array_equal(np.asarray(picture), clear.images[0])
    import av

    with av.open(str(tmp_path / "clear.mov")) as container:
        frame = next(container.decode(video=0))
        assert frame.format.name.startswith("yuva444")
        decoded = frame.to_ndarray(format="rgba")
        assert np.abs(decoded[..., 3].astype(int) - share).mean() < 2
    with pytest.raises(MediaError, match=r"cannot hold a transparent background; use \.mov or \.webm"):
        save(Clip(frames=clear), tmp_path / "clear.mp4")


def test_wishes_that_contradict_each_other_are_told(astronaut: Portrait) -> None:
    wall = Portrait((np.full((90, 90, 3), 120, np.uint8),), name="wall", points=face_of(astronaut).points * 0.17)
    for wish, says in (
        (Direction(others="alive", crop="picture"), "leave crop=picture out"),
        (Direction(crop="original", background="red"), "leave background out"),
        (Direction(crop="original", size=(64, 64)), "keep the picture's own size"),
        (Direction(background="no such colour"), "neither a colour"),
    ):
        with pytest.raises(DirectionError, match=says):
            Renderer().start(astronaut, wish)
    with pytest.raises(FaceError, match="too small"):
        Renderer().start(wall, Direction())
    with pytest.raises(DirectionError, match=r"unknown crop 'orginal'\. Did you mean 'original'"):
        direct(crop="orginal")
    with pytest.raises(DirectionError, match="unknown wish for the others"):
        direct(others="asleep")


def test_a_few_points_make_a_face(astronaut: Portrait) -> None:
    points = face_of(astronaut).points
    known = {name: (x, y) for name, (x, y) in names_of(points).items()}
    made = fit_points(known)
    unit = float(np.linalg.norm(points[33, :2] - points[263, :2])) / 1.4
    for name, (x, y) in known.items():
        assert float(np.hypot(*(made[NAMES[name], :2] - (x, y)))) < 0.02 * unit, name
    assert float(np.median(np.linalg.norm(made[:468, :2] - points[:468, :2], axis=1))) < 0.08 * unit
    few = fit_points({name: known[name] for name in NEEDED})
    assert float(np.median(np.linalg.norm(few[:468, :2] - points[:468, :2], axis=1))) < 0.2 * unit
    drawn = Renderer(128).warp
    portrait = Portrait((astronaut.image,), points=made)
    assert drawn.step(drawn.start(portrait, Direction()), speaking(1), last=True).images.any()


def written(path: Path, points: Mapping[str, object], **more: object) -> Path:
    """Write a landmarks file."""
    path.write_text(json.dumps({"points": points, **more}))
    return path


def test_a_landmarks_file_is_checked(astronaut: Portrait, tmp_path: Path) -> None:
    known = names_of(face_of(astronaut).points)
    size = (512, 512)
    good: Array = read_landmarks(written(tmp_path / "good.json", known), size)
    half = {name: [x / 2, y / 2] for name, (x, y) in known.items()}
    assert np.abs(read_landmarks(written(tmp_path / "half.json", half, size=[256, 256]), size) - good).max() < 0.2
    swapped = {name.replace("right", "LEFT").replace("left", "right").replace("LEFT", "left"): spot for name, spot in known.items()}
    for points, more, says in (
        ({**known, "tail": [1, 2]}, {}, "unknown point 'tail'"),
        ({**known, "chin": [1, "x"]}, {}, r"the point 'chin' is \[x, y\]"),
        ({**known, "chin": [5000, 2]}, {}, "far outside the picture"),
        ({**known, "chin": [255, 10]}, {}, "mirrored|too far from where"),
        ({name: known[name] for name in NEEDED[:-1]}, {}, "these points are missing: chin"),
        (swapped, {}, "mirrored"),
        (known, {"size": [300, 700]}, "were set on a picture of 300x700"),
        ({name: [50.0, 50.0] for name in known}, {}, "on top of each other|mirrored"),
        ({**known, "right_eye_outer": known["right_eye_inner"]}, {}, "the corners of the right eye lie on top of each other"),
        ({**known, "chin": [int("9" * 400), 2]}, {}, r"the point 'chin' is \[x, y\]"),
        ({**known, "chin": [1e300, True]}, {}, r"the point 'chin' is \[x, y\]"),
        (known, {"size": [int("9" * 400), 2]}, "size is .width, height."),
        (known, {"size": [1e-300, 1e-300]}, "far outside the picture|on top of each other|size is"),
    ):
        with pytest.raises(FaceError, match=says):
            read_landmarks(written(tmp_path / "bad.json", points, **more), size)
    deep, long = "[" * 100_000 + "]" * 100_000, f'{{"points": {{"chin": [{"9" * 5000}, 2]}}}}'
    for name, text in (("none.json", None), ("odd.json", "[1"), ("list.json", "[]"), ("deep.json", deep), ("long.json", long)):
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(MediaError, match="landmarks"):
            read_landmarks(tmp_path / ("odd.json" if name == "list.json" else name), size)
    with pytest.raises(MediaError, match="holds no points"):
        read_landmarks(tmp_path / "list.json", size)


def test_the_page_and_the_checked_mesh(astronaut: Portrait, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "cat.png"
    Image.fromarray(astronaut.image).save(picture)
    page, mesh, file = tmp_path / "cat.html", tmp_path / "mesh.png", tmp_path / "cat.landmarks.json"
    assert cli.main(["landmarks", str(picture), "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "/*FACTS*/" not in text
    assert '"right_eye_outer": [' in text
    assert "http" not in text.replace("data:image/jpeg;base64,", "")
    written(file, names_of(face_of(astronaut).points), size=[512, 512])
    assert cli.main(["landmarks", str(picture), "--check", str(file), "-o", str(mesh)]) == 0
    with Image.open(mesh) as drawn:
        assert (np.asarray(drawn) != astronaut.image).any()
    assert read_portrait(picture, landmarks=file).points is not None
    for words, says in (
        (["-o", "x.gif"], "a page ends in .html"),
        (["-o", "x.png"], "give --check"),
        (["--check", str(file), "-o", "x.html"], "only then"),
    ):
        assert cli.main(["landmarks", str(picture), *words]) == 2
        assert says in capsys.readouterr().err


def test_frames_have_three_or_four_channels() -> None:
    assert Frames(np.zeros((1, 4, 4, 4), np.uint8), FPS).images.shape[3] == 4
    with pytest.raises(ValueError, match="3 or 4"):
        Frames(np.zeros((1, 4, 4, 2), np.uint8), FPS)
    with pytest.raises(ValueError, match="points of a Portrait"):
        Portrait((np.zeros((8, 8, 3), np.uint8),), points=np.zeros((468, 3), np.float32))
