"""Pictures of every kind become upright RGB; faces are found, counted and refused with a reason."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.capture.faces import Face, angles, check_usable, face_of, find_faces, place_of
from thespis.capture.portrait import read_portrait
from thespis.errors import FaceError, MediaError
from thespis.types import Bytes, Portrait

pytestmark = pytest.mark.unit


def gradient() -> Bytes:
    """A picture whose corners differ, so that a turned or mirrored copy is noticed."""
    y, x = np.mgrid[0:40, 0:60]
    return np.stack([x * 4, y * 6, np.full_like(x, 90)], axis=2).astype(np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "jpg"])
def test_common_files_are_read_alike(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(gradient()).save(path, quality=98)
    read = read_portrait(path)
    assert read.image.shape == (40, 60, 3)
    assert read.alpha is None
    assert np.abs(read.image.astype(int) - gradient()).mean() < 6


@pytest.mark.parametrize("tag", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, tag: int) -> None:
    inverse = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    stored = Image.fromarray(np.ascontiguousarray(inverse[tag](gradient())))
    exif = stored.getexif()
    exif[0x0112] = tag
    stored.save(tmp_path / "turned.png", exif=exif)
    assert np.array_equal(read_portrait(tmp_path / "turned.png").image, gradient())


def test_sixteen_bit_grey_keeps_its_contrast(tmp_path: Path) -> None:
    deep = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    read = read_portrait(tmp_path / "deep.png").image
    assert np.abs(read[..., 0].astype(float) - deep / 65535 * 255).max() <= 1
    assert np.array_equal(read[..., 0], read[..., 2])


def test_cmyk_grey_and_palette(tmp_path: Path) -> None:
    red = Image.new("RGB", (32, 32), (220, 30, 30))
    red.convert("CMYK").save(tmp_path / "cmyk.jpg", quality=98)
    assert np.abs(read_portrait(tmp_path / "cmyk.jpg").image.mean(axis=(0, 1)) - (220, 30, 30)).max() < 8
    red.convert("P").save(tmp_path / "palette.gif")
    assert read_portrait(tmp_path / "palette.gif").image[0, 0, 0] > 180
    Image.new("L", (32, 32), 77).save(tmp_path / "grey.png")
    assert (read_portrait(tmp_path / "grey.png").image == 77).all()


def test_transparent_parts_show_a_light_backdrop(tmp_path: Path) -> None:
    layered = np.zeros((20, 20, 4), np.uint8)
    layered[:, :10] = (10, 20, 30, 255)
    Image.fromarray(layered).save(tmp_path / "cut.png")
    read = read_portrait(tmp_path / "cut.png")
    assert tuple(read.image[0, 0]) == (10, 20, 30)
    assert read.image[0, 15].min() > 180
    assert read.alpha is not None
    assert read.alpha[0, 15] == 0
    assert read.alpha[0, 0] == 255


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "words.jpg").write_text("this is no picture")
    whole = tmp_path / "whole.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200, 3)).astype(np.uint8)).save(whole)
    (tmp_path / "half.png").write_bytes(whole.read_bytes()[:20000])
    for name, words in {
        "empty.png": "empty (0 bytes)",
        "words.jpg": "not a picture",
        "half.png": "damaged",
        "absent.png": "there is no picture",
        ".": "is a folder",
    }.items():
        with pytest.raises(MediaError, match=words.replace("(", r"\(").replace(")", r"\)")) as error:
            read_portrait(tmp_path / name)
        assert "\n" not in str(error.value)


def test_a_picture_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(MediaError, match="at most 100 million"):
        read_portrait(tmp_path / "bomb.png")


def test_the_astronaut_is_found(astronaut: Portrait) -> None:
    faces = find_faces(astronaut.image)
    assert len(faces) == 1
    face = faces[0]
    assert face.points.shape == (478, 3)
    left, top, right, bottom = face.box
    # Where a person sees the face in this well-known photograph.
    assert 160 < left < 200
    assert 240 < right < 285
    assert 55 < top < 100
    assert 160 < bottom < 200
    assert abs(face.roll) < 15


def test_two_people_must_be_told_apart(astronaut: Portrait) -> None:
    pair = np.concatenate([astronaut.image[:300, 50:400], astronaut.image[:300, 50:400]], axis=1)
    with pytest.raises(FaceError, match=r"2 faces found in pair, counted from the left \(1: at x .*; 2: at x .*--face N"):
        face_of(Portrait((pair,), name="pair"))
    first, second = face_of(Portrait((pair,), 1)), face_of(Portrait((pair,), 2))
    assert 300 < second.points[:, 0].mean() - first.points[:, 0].mean() < 400
    # Each knows where the other is.
    assert first.others == (place_of(second),) and second.others == (place_of(first),)
    with pytest.raises(FaceError, match="--face must be 1 to 2, not 3"):
        face_of(Portrait((pair,), 3))


def test_pictures_without_a_usable_face_say_why(astronaut: Portrait) -> None:
    with pytest.raises(FaceError, match=r"no face found in noise\.png"):
        face_of(Portrait((np.random.default_rng(0).integers(0, 255, (300, 300, 3)).astype(np.uint8),), name="noise.png"))
    small = np.ascontiguousarray(np.array(Image.fromarray(astronaut.image).resize((150, 150))))
    with pytest.raises(FaceError, match=r"too small: .* pixels between the eyes, at least"):
        face_of(Portrait((small,), name="small.png"))


@pytest.mark.parametrize(("turns", "words"), [(2, "upside down"), (1, "tilted by -?8[0-9]"), (3, "tilted by -?8[0-9]")])
def test_a_picture_that_lies_on_its_side_or_head_is_refused(astronaut: Portrait, turns: int, words: str) -> None:
    with pytest.raises(FaceError, match=words):
        face_of(Portrait((np.ascontiguousarray(np.rot90(astronaut.image[:320, 60:380], turns)),)))


@pytest.mark.parametrize(("yaw", "pitch"), [(60.0, 0.0), (-70.0, 5.0), (0.0, 50.0)])
def test_a_face_turned_away_is_refused(yaw: float, pitch: float) -> None:
    face = Face(np.zeros((478, 3), np.float32), np.eye(3, dtype=np.float32), 80.0, yaw, pitch, 0.0)
    with pytest.raises(FaceError, match="turned away"):
        check_usable(face, "profile.jpg")


def test_angles_have_the_signs_that_users_see() -> None:
    def about(axis: int, degrees: float) -> np.ndarray:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        turn = np.eye(3)
        a, b = [i for i in range(3) if i != axis]
        turn[a, a] = turn[b, b] = c
        turn[a, b], turn[b, a] = (-s, s) if axis != 1 else (s, -s)
        return turn

    assert angles(about(0, 10))[1] == pytest.approx(10)  # nods down
    assert angles(about(1, 10))[0] == pytest.approx(-10)  # turns to the picture's left
    assert angles(about(2, 10))[2] == pytest.approx(10)  # tilts clockwise
