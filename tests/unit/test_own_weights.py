"""A recipe drawn with weights of the user's: the files a training left, in place of those that ship."""

import hashlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from thespis import recipes
from thespis.apps.cli import main
from thespis.errors import WeightsError
from thespis.weights import ASSETS, bringing, find_all, user_file

pytestmark = pytest.mark.unit
CARD = recipes.card("emodiffhead")


def test_own_files_go_first_and_the_rest_ships(tmp_path: Path) -> None:
    (tmp_path / "emodiffhead_carrier.onnx").write_bytes(b"mine")
    with bringing(tmp_path) as brought:
        found = find_all(CARD.weights)
    assert found["carrier"] == tmp_path / "emodiffhead_carrier.onnx"
    assert {path.parent for name, path in found.items() if name != "carrier"} == {ASSETS}
    assert brought is not None
    assert brought.digests() == {"emodiffhead_carrier.onnx": hashlib.sha256(b"mine").hexdigest()}
    assert find_all(CARD.weights)["carrier"].parent == ASSETS


def test_what_is_brought_goes_before_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path / "usual"))
    (tmp_path / "small.safetensors").write_bytes(b"mine")
    with bringing(tmp_path):
        assert user_file("small.safetensors") == tmp_path / "small.safetensors"
        assert user_file("other.safetensors") == tmp_path / "usual" / "other.safetensors"
    assert user_file("small.safetensors") == tmp_path / "usual" / "small.safetensors"


def test_a_folder_without_any_names_what_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"holds none of the files this recipe looks for \(articulation.onnx, .*emodiffhead_carrier.onnx"
    ):
        recipes.load("emodiffhead", weights=tmp_path)
    with pytest.raises(WeightsError, match="is no folder"):
        recipes.load("emodiffhead", weights=tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["emodiffhead_carrier.onnx", "emodiffhead_expression.safetensors"])
def test_files_that_are_no_weights_are_told_in_a_line(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / name).write_bytes(b"no network at all")
    words = ["run", "face.jpg", "--say", "Hello.", "--recipe", "emodiffhead", "--weights", str(tmp_path), "-o", str(tmp_path / "o.mp4")]
    assert main(words) == 2
    told = capsys.readouterr().err.strip()
    assert "are not such as the recipe 'emodiffhead' reads" in told
    assert len(told.splitlines()) == 1
    assert not (tmp_path / "o.mp4").exists()


def test_a_recipe_moves_by_the_users_weights(tmp_path: Path) -> None:
    """A generator whose answer is nothing leaves the face without a feeling, which the one that ships does not."""
    from safetensors.numpy import load_file, save_file

    from thespis.direction.parse import direct
    from thespis.speech.say import say
    from thespis.talker import Talker
    from thespis.types import FRAMES, Portrait

    shipped = load_file(ASSETS / "emodiffhead_expression.safetensors")
    shutil.copy(ASSETS / "emodiffhead_carrier.onnx", tmp_path)
    save_file({name: value * (name == "scale") for name, value in shipped.items()}, tmp_path / "emodiffhead_expression.safetensors")
    nobody, moved = Portrait((np.zeros((1, 1, 3), np.uint8),)), {}
    for where in (None, tmp_path):
        talker = recipes.load("emodiffhead", weights=where)
        clip = Talker(*(stage for stage in talker.stages if stage.gives != FRAMES))(
            say("Both of them may wait."), nobody, direct(emotion="happy=1", blink="off")
        )
        assert clip.motion is not None
        moved[where] = float(np.abs(clip.motion["mouthSmileLeft"]).max())
    assert moved[None] > 0.3
    assert moved[tmp_path] < 1e-6
