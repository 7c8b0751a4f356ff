"""`thespis run` with the default recipe and pictures that cannot be animated: one clear line, exit code 2, nothing written."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.apps.demo import astronaut
from thespis.capture import faces
from thespis.types import Bytes

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def photograph() -> Bytes:
    """The astronaut, head and shoulders."""
    with Image.open(astronaut()) as picture:
        return np.asarray(picture.convert("RGB"))[:300, 60:360]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(picture: Bytes, says: str, capfd: pytest.CaptureFixture[str], *more: str) -> None:
    """Run with a picture and check the complaint, also against what C++ may print."""
    Image.fromarray(picture).save("photo.png")
    assert cli.main(["run", "photo.png", "--say", "Hello.", "--size", "96", "-o", "out.mp4", *more]) == 2
    shown = capfd.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("thespis: ") and shown.err.count("\n") == 1
    assert says in shown.err
    assert {path.name for path in Path.cwd().iterdir()} == {"photo.png"}


def test_no_face(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    refused(np.full((200, 200, 3), 128, np.uint8), "(an animal, a puppet): thespis landmarks photo.png", capfd)


def test_several_faces_are_listed_and_one_can_be_chosen(here: Path, photograph: Bytes, capfd: pytest.CaptureFixture[str]) -> None:
    pair = np.concatenate([photograph, photograph[:, ::-1]], axis=1)
    refused(pair, "2 faces found in photo.png", capfd)
    refused(pair, "--face must be 1 to 2, not 3", capfd, "--face", "3")
    assert cli.main(["run", "photo.png", "--say", "Hello.", "--size", "96", "--face", "2", "-o", "out.mp4"]) == 0


def test_a_face_too_small(here: Path, photograph: Bytes, capfd: pytest.CaptureFixture[str]) -> None:
    wall = np.full((300, 300, 3), 200, np.uint8)
    wall[100:180, 100:180] = np.asarray(Image.fromarray(photograph).resize((80, 80), Image.Resampling.LANCZOS))
    refused(wall, "the face in photo.png is too small", capfd)


def test_a_face_turned_away(here: Path, photograph: Bytes, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "WIDEST_TURN", 0.01)
    refused(photograph, "the face in photo.png is turned away", capfd)


@pytest.mark.parametrize("name", ["deep.png", "alpha.png", "cmyk.jpg", "grey.jpg", "rotated.jpg"])
def test_pictures_of_every_kind_can_be_animated(here: Path, photograph: Bytes, name: str) -> None:
    base, exif = Image.fromarray(photograph), Image.Exif()
    exif[0x0112] = 6
    made = {
        "deep.png": Image.fromarray(np.asarray(base.convert("L")).astype(np.uint16) * 257),
        "alpha.png": base.convert("RGBA"),
        "cmyk.jpg": base.convert("CMYK"),
        "grey.jpg": base.convert("L"),
        "rotated.jpg": base.transpose(Image.Transpose.ROTATE_90),
    }[name]
    made.save(name, **({"exif": exif} if name == "rotated.jpg" else {}))
    assert cli.main(["run", name, "--say", "Hi.", "--size", "96", "-o", "out.mp4"]) == 0
