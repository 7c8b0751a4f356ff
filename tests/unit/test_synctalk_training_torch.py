"""How a person is fitted: the shot and its poses, patches with rays, the loss, and `thespis fit` from a video to a folder."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("accelerate", reason="torch and accelerate are not installed: pip install 'thespis[train]'")

from thespis.apps import cli  # noqa: E402
from thespis.capture.portrait import read_portrait  # noqa: E402
from thespis.errors import TrainingError  # noqa: E402
from thespis.export.output import write_arrays  # noqa: E402
from thespis.pixels.field.person import read_person  # noqa: E402
from thespis.pixels.field.shape import SHAPES, WINDOW  # noqa: E402
from thespis.train import synctalk  # noqa: E402
from thespis.train.field import PATCH, FieldLearner, Patches, windows  # noqa: E402
from thespis.train.person import averaging, longest  # noqa: E402
from thespis.train.synctalk import evened, held_out, known, made_up, usual  # noqa: E402

pytestmark = pytest.mark.unit
SIDE = 64


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(synctalk, "FILMED", 128)
        video = made_up(folder, 0, lambda _: None, 4.6)
    person = folder / "person"
    assert cli.main(["fit", "synctalk", str(video), "-o", str(person), "--size", str(SIDE), "--steps", "3"]) == 0
    return person, str(video)


def test_a_video_becomes_a_portrait(fitted: tuple[Path, str]) -> None:
    folder, _ = fitted
    portrait, person = read_portrait(folder), read_person(folder)
    assert portrait.fitted == folder
    assert len(person) >= 110
    facts = json.loads((folder / "person.json").read_text())
    assert (facts["steps"], facts["held_out"]) == (3, 50)
    assert 5 < facts["psnr"]["face"] < 40
    assert facts["aligned"]["nearest"]["face"] > facts["aligned"]["first"]["face"] - 3 > 5
    # The head is followed: the points of a frame lie where the posed face is seen.
    prepared = known(Path(), None, folder / "work", SIDE, SHAPES["small"], print, True)
    for frame in (0, 60, 109):
        seen = prepared.poses.seen(frame, prepared.shell.outline[:36])
        assert np.abs(seen.mean(axis=0) - prepared.points[frame, :468].mean(axis=0)).max() < 6


def test_a_folder_goes_on_with_its_own_video_only(tmp_path: Path) -> None:
    own, other, place = tmp_path / "own.mp4", tmp_path / "other.mp4", tmp_path / "person" / "work" / synctalk.PREPARED
    own.write_bytes(b"own")
    other.write_bytes(b"other")
    place.parent.mkdir(parents=True)
    write_arrays(place, {"frames": np.zeros(1)}, synctalk.source_of(own, None))
    synctalk.check_source(own, None, place)
    for video, audio in ((other, None), (own, other)):
        with pytest.raises(TrainingError, match="another video or sound"):
            synctalk.check_source(video, audio, place)
        with pytest.raises(TrainingError, match="another video or sound"):
            synctalk.fit(video, place.parents[1], audio, {}, print)


def test_the_same_command_goes_on(fitted: tuple[Path, str], capsys: pytest.CaptureFixture[str]) -> None:
    folder, video = fitted
    assert cli.main(["fit", "synctalk", video, "-o", str(folder), "--size", str(SIDE), "--steps", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["steps"] == 4
    assert cli.main(["fit", "synctalk", video, "-o", str(folder), "--size", "96"]) == 2
    assert "holds frames of 64 pixels, not 96" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["thespis", "x.mp4"], "draws anybody and is not fitted"),
        (["synctalkk", "x.mp4"], "Did you mean 'synctalk'"),
        (["synctalk", "absent.mp4"], "absent.mp4"),
        (["synctalk", "x.mp4", "--size", "9"], "64 to 512 pixels"),
    ],
)
def test_what_cannot_be_fitted_is_told(words: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["fit", *words, "-o", str(tmp_path / "person")]) == 2
    assert told in capsys.readouterr().err


def test_patches_are_squares_of_their_frame(fitted: tuple[Path, str]) -> None:
    prepared = known(Path(), None, fitted[0] / "work", SIDE, SHAPES["small"], print, True)
    patches = Patches(prepared, range(60), 4, 0)
    rows = patches.rows(2, 0, 4)
    assert rows["colour"].shape == (4, 6 * PATCH**2, 3)
    assert (rows["frame"] < 60).all()
    assert np.array_equal(patches.rows(2, 1, 3)["colour"], rows["colour"][1:3])
    told = patches.told(5, np.array([[30, 40], [0, 0]], np.int32))
    np.testing.assert_allclose(told["colour"][0] * 255, prepared.frames[5][40, 30], atol=1e-3)
    assert told["far"][0] > told["near"][0]
    assert told["far"][1] == told["near"][1] == 0
    assert windows(prepared.heard)[7].shape == (WINDOW, 10)
    np.testing.assert_array_equal(windows(prepared.heard)[7][WINDOW // 2], prepared.heard[7])


def test_learning_makes_the_loss_smaller(fitted: tuple[Path, str]) -> None:
    prepared = known(Path(), None, fitted[0] / "work", SIDE, SHAPES["small"], print, True)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        learner = FieldLearner(SHAPES["tiny"], 60)
    patches = Patches(replace(prepared), range(60), 2, 0)
    batch = {name: torch.as_tensor(value) for name, value in patches.rows(0, 0, 2).items()} | {"seed": torch.arange(2)}
    optimizer, found = torch.optim.Adam(learner.parameters(), 1e-2), []
    for _ in range(40):
        total, parts = learner.loss(batch)
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        found.append(float(parts["colour"].detach()))
    assert found[-1] < 0.6 * found[0]


def test_numbers_that_are_told_are_evened_out() -> None:
    rows = np.random.default_rng(0).normal(3, 2, (400, 3)).astype(np.float32)
    rows[:, 2] = 7
    middle, spread = usual(rows, 0.05)
    made = evened(rows, middle, spread)
    np.testing.assert_allclose(made[:, :2].std(axis=0), 1, atol=1e-3)
    assert spread[2] == np.float32(0.05)
    assert not made[:, 2].any()
    assert (held_out(1000), held_out(100)) == (100, 50)


def test_averaging_keeps_straight_lines() -> None:
    share = averaging(20)
    np.testing.assert_allclose(share @ np.arange(20.0), np.arange(20.0), atol=1e-9)
    assert share[10, 10] < 0.6


def test_the_longest_shot_of_a_person_is_taken() -> None:
    from types import SimpleNamespace as Some

    seen = [Some(frame=frame) for frame in (*range(10), *range(12, 40))]
    assert longest(Some(frames=45, cuts=(30,)), seen) == (12, 30)  # type: ignore[arg-type]
    assert longest(Some(frames=40, cuts=()), seen) == (12, 40)  # type: ignore[arg-type]
