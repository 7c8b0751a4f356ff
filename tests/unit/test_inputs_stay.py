"""No verb writes its result over one of its inputs, under whatever name it is given."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.export.arkit import write_npz
from thespis.export.take import open_take, save_take
from thespis.motion.spaces.face import FACE
from thespis.types import Clip, Speech, Track

pytestmark = pytest.mark.unit

TOY = str(Path(__file__).with_name("toy_recipe.py"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with inputs of every kind, each of which may also be called by a link."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((40, 50, 3), 120, np.uint8)).save("photo.png")
    motion = Track(FACE, np.zeros((30, FACE.size), np.float32), Fraction(25))
    save_take("one.take", Clip(Speech(np.zeros((1, 16_000), np.float32), 16_000), None, motion))
    write_npz(open_take("one.take"), Path("curves.npz"))
    for kind, name in (("take", "one.take"), ("mp4", "one.take"), ("html", "photo.png"), ("png", "photo.png"), ("glb", "curves.npz")):
        Path(f"link.{kind}").symlink_to(name)
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        ("track", "one.take", "-o", "link.take"),
        ("track", "photo.png", "--flame", "one.take", "--regressor", "curves.npz", "-o", "one.take"),
        ("export", "one.take", "--mesh", "curves.npz", "-o", "link.glb"),
        ("import", "one.take", "-o", "link.take"),
        ("import", "curves.npz", "--audio", "one.take", "-o", "one.take"),
        ("landmarks", "photo.png", "-o", "link.html"),
        ("landmarks", "one.take", "--check", "photo.png", "-o", "link.png"),
        ("edit", "one.take", "--mirror", "-o", "./one.take"),
        ("edit", "curves.npz", "--join", "one.take", "-o", "link.take"),
        ("render", "one.take", "photo.png", "-o", "link.mp4"),
        ("render", "curves.npz", "photo.png", "--landmarks", "one.take", "-o", "link.mp4"),
        ("run", "photo.png", "one.take", "-o", "link.take", "--recipe", TOY),
        ("run", "photo.png", "one.take", "-o", "new.mp4", "--take-out", "link.take", "--recipe", TOY),
    ],
)
def test_an_input_is_never_written_over(here: Path, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in here.iterdir()}
    assert cli.main(list(words)) == 2
    told = capsys.readouterr().err
    assert "is also an input; choose another name" in told and told.count("\n") == 1
    assert {path: path.read_bytes() for path in here.iterdir()} == before
