"""DECA and EMOCA behind `track`: tiny random weights in the published layout, read with OpenHead saved in FLAME's layout."""

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from thespis.apps import cli  # noqa: E402
from thespis.capture.performance import track_video  # noqa: E402
from thespis.capture.regressor import CODE, INPUT, REGRESSED, SIZE, Encoder, cropped, load_regressor, read_tensors, split  # noqa: E402
from thespis.errors import WeightsError  # noqa: E402
from thespis.export.take import open_take  # noqa: E402
from thespis.head.flame_files import load_flame  # noqa: E402
from thespis.head.flame_landmarks import EMBEDDING, FlameReading, load_reading  # noqa: E402
from thespis.head.openhead import FLAME_AXES, load_openhead, save_as_flame  # noqa: E402
from thespis.head.shapes import SHAPES  # noqa: E402
from thespis.motion.spaces.face import ARKIT, FACE  # noqa: E402
from thespis.types import Portrait  # noqa: E402

pytestmark = pytest.mark.unit

BLOCKS = (1, 1, 1, 1)


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """OpenHead as a user's FLAME head, with its landmarks beside it."""
    folder = tmp_path_factory.mktemp("head")
    save_as_flame(load_openhead(), folder)
    return folder / "FLAME_NEUTRAL.pkl"


@pytest.fixture(scope="module")
def reading(head: Path) -> FlameReading:
    """That head, read."""
    return load_reading(load_flame(head), head)


def tiny(size: int = SIZE, seed: int = 0) -> Encoder:
    """A tiny encoder whose numbers are small."""
    torch.manual_seed(seed)
    encoder = Encoder(4, BLOCKS, 8, size)
    encoder.eval()
    with torch.no_grad():
        encoder.layers[2].weight.mul_(0.1)
    return encoder


def deca(path: Path, **more: object) -> Path:
    """Save a checkpoint as DECA's authors do."""
    held: dict[str, Any] = {"E_flame": tiny().state_dict(), "E_detail": tiny(128, 1).state_dict(), **more}
    torch.save(held, path)
    return path


class Settings:
    """Stands for the library objects that checkpoints hold beside the tensors."""

    def __init__(self) -> None:
        self.shapes = {"n_shape": 100}


def emoca(path: Path, jaw: bool) -> Path:
    """Save a checkpoint as EMOCA's authors do: one flat table, and objects of other libraries."""
    flat = {f"deca.E_flame.{key}": value for key, value in tiny().state_dict().items()}
    flat |= {f"deca.E_expression.{key}": value for key, value in tiny(53 if jaw else 50, 2).state_dict().items()}
    torch.save({"epoch": 3, "state_dict": flat, "hyper_parameters": Settings()}, path)
    return path


def test_a_deca_gives_what_its_network_gives(tmp_path: Path, reading: FlameReading) -> None:
    regressor = load_regressor(deca(tmp_path / "deca_model.tar"), reading)
    pictures = np.random.default_rng(0).uniform(0, 1, (2, 3, INPUT, INPUT)).astype(np.float32)
    pictures[0, :, : INPUT // 2] = 0
    with torch.inference_mode():
        expected = tiny()(torch.from_numpy(pictures)).numpy()
    assert np.allclose(regressor(pictures), expected, atol=1e-6)
    assert np.abs(expected[0] - expected[1]).max() > 1e-4
    assert {name: part.shape[1] for name, part in split(expected).items()} == CODE


@pytest.mark.parametrize("jaw", [False, True])
def test_emocas_expression_takes_the_place_of_decas(tmp_path: Path, reading: FlameReading, *, jaw: bool) -> None:
    regressor = load_regressor(emoca(tmp_path / "last.ckpt", jaw), reading)
    pictures = np.random.default_rng(0).uniform(0, 1, (1, 3, INPUT, INPUT)).astype(np.float32)
    with torch.inference_mode():
        base = split(tiny()(torch.from_numpy(pictures)).numpy())
        own = tiny(53 if jaw else 50, 2)(torch.from_numpy(pictures)).numpy()
    found = split(regressor(pictures))
    assert np.allclose(found["expression"], own[:, :50], atol=1e-6)
    assert np.allclose(found["pose"][:, 3:], own[:, 50:] if jaw else base["pose"][:, 3:], atol=1e-6)
    assert np.allclose(found["shape"], base["shape"], atol=1e-6)


def test_a_full_size_network_has_the_layout_that_is_documented() -> None:
    with torch.device("meta"):
        names = {name: tuple(value.shape) for name, value in Encoder(64, (3, 4, 6, 3), 1024, SIZE).state_dict().items()}
    assert len(names) == 318 + 4
    assert names["encoder.layer3.5.conv3.weight"] == (1024, 256, 1, 1)
    assert names["encoder.layer1.0.downsample.0.weight"] == (256, 64, 1, 1)
    assert names["layers.0.weight"] == (1024, 2048)
    assert names["layers.2.bias"] == (236,)


def test_without_torch_one_line_says_what_to_install(
    tmp_path: Path, head: Path, astronaut: Portrait, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(astronaut.image).save(tmp_path / "still.png")
    weights = deca(tmp_path / "deca_model.tar")
    seen = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, package=None: None if name == "torch" else seen(name, package))
    monkeypatch.delitem(sys.modules, "thespis.capture.regressor")
    words = ["track", str(tmp_path / "still.png"), "--regressor", str(weights), "--flame", str(head), "-o", str(tmp_path / "a.take")]
    assert cli.main(words) != 0
    said = capsys.readouterr().err.strip().splitlines()
    assert said == ["thespis: reading faces with a regressor needs torch, which is not installed; run: pip install 'thespis[train]'"]
    assert not (tmp_path / "a.take").exists()


def test_a_video_is_read_by_it(tmp_path: Path, head: Path, astronaut: Portrait, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(astronaut.image).save(tmp_path / "still.png")
    weights = deca(tmp_path / "deca_model.tar")
    words = ["track", str(tmp_path / "still.png"), "--regressor", str(weights), "--flame", str(head), "-o", str(tmp_path / "a.take")]
    assert cli.main(words) == 0, capsys.readouterr().err
    take = open_take(tmp_path / "a.take")
    told = take.track(REGRESSED.name)
    assert told.space == REGRESSED
    (usual,) = track_video(tmp_path / "still.png")
    motion = take.motion(FACE)
    assert len(told) == len(motion) == 1
    assert np.array_equal(motion["eyeBlinkLeft"], usual.motion["eyeBlinkLeft"])
    assert np.allclose(motion["head_rotation"], usual.motion["head_rotation"])
    regressor = load_regressor(weights, load_reading(load_flame(head), head))
    code = np.zeros((1, SIZE), np.float32)
    code[:, :100], code[:, 150:206] = told.values[:, :100], told.values[:, 100:156]
    expected = regressor.weights(code, np.zeros((1, len(SHAPES)), np.float32))
    lips = [number for number, name in enumerate(SHAPES) if name.startswith(("mouth", "jaw"))]
    assert np.allclose(motion.values[0, lips], expected[0, lips], atol=1e-5)


def test_the_crop_is_around_the_face(astronaut: Portrait) -> None:
    points = np.zeros((478, 3), np.float32)
    angle = np.linspace(0, 2 * np.pi, 478)
    points[:, 0], points[:, 1] = 220 + 40 * np.cos(angle), 115 + 50 * np.sin(angle)
    crop = cropped(astronaut.image, points)
    assert crop.shape == (3, INPUT, INPUT)
    assert 0 <= crop.min() < crop.max() <= 1
    shifted = cropped(np.roll(astronaut.image, 7, axis=1), points + np.array([7, 0, 0], np.float32))
    assert np.abs(shifted - crop).max() < 0.02


@pytest.mark.parametrize("name", ["jawOpen", "mouthSmileLeft", "browInnerUp", "mouthPucker", "browDownRight", "mouthFrownLeft"])
def test_moves_of_a_flame_head_become_weights(name: str, reading: FlameReading) -> None:
    amounts = np.linspace(0, 1, 9, dtype=np.float32)
    weights = np.zeros((len(amounts), len(ARKIT)), np.float32)
    weights[:, ARKIT.index(name)] = amounts
    expression, rotations = load_openhead().to_flame(weights)
    padded = np.zeros((len(amounts), 100), np.float32)
    padded[:, : expression.shape[1]] = expression
    found = reading.weights(padded, rotations[:, 2] * FLAME_AXES)
    assert np.corrcoef(found[:, SHAPES.index(name)], amounts)[0, 1] > 0.95
    assert found[-1, SHAPES.index(name)] > 0.5 * amounts[-1]


class Harmful:
    """Would make a file if it were ever built from its pickle."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return (open, (self.path, "w"))


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path, reading: FlameReading) -> None:
    path = deca(tmp_path / "deca_model.tar", extra=Harmful(str(tmp_path / "made")))
    assert load_regressor(path, reading).expression is None
    (tmp_path / "plain.ckpt").write_bytes(pickle.dumps(Harmful(str(tmp_path / "made"))))
    with pytest.raises(WeightsError, match="cannot be read as a checkpoint"):
        read_tensors(tmp_path / "plain.ckpt")
    assert not (tmp_path / "made").exists()


def broken(kind: str, path: Path) -> Path:
    """Save a checkpoint with one thing wrong."""
    state = tiny().state_dict()
    if kind == "lacks":
        del state["layers.2.weight"]
    if kind == "odd":
        state["encoder.layer9.weight"] = torch.zeros(1)
    if kind == "size":
        state = tiny(100).state_dict()
    torch.save({"E_detail" if kind == "none" else "E_flame": state}, path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    return path


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("lacks", "E_flame lacks layers.2.weight"), ("odd", "does not fit"), ("size", "gives 100 numbers, expected 236"),
        ("none", "holds no E_flame"), ("cut", "cannot be read as a checkpoint"),
    ],
)  # fmt: skip
def test_wrong_weights_are_told_in_one_line(kind: str, told: str, tmp_path: Path, reading: FlameReading) -> None:
    with pytest.raises(WeightsError, match=told) as error:
        load_regressor(broken(kind, tmp_path / "w.tar"), reading)
    assert "\n" not in str(error.value)


def test_what_is_missing_is_told(tmp_path: Path, head: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "a.png"
    Image.fromarray(np.zeros((40, 40, 3), np.uint8)).save(picture)
    out = ["-o", str(tmp_path / "a.take")]
    lonely = tmp_path / "lonely.pkl"
    lonely.write_bytes(head.read_bytes())
    for words, told in {
        ("--regressor", "x.tar"): "go together",
        ("--regressor", "x.tar", "--flame", str(head)): "there is no file x.tar",
        ("--regressor", "x.tar", "--flame", "none.pkl"): "cannot read none.pkl",
        ("--regressor", "x.tar", "--flame", str(lonely)): EMBEDDING,
    }.items():
        assert cli.main(["track", str(picture), *words, *out]) == 2
        shown = capsys.readouterr().err
        assert told in shown
        assert len(shown.strip().splitlines()) == 1
