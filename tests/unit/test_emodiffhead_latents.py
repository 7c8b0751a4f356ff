"""EMOdiffhead's size that draws latents: its corpus, what it learns, its training from the command line, and what that leaves."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
diffusers = pytest.importorskip("diffusers", reason="torch and diffusers are not installed: pip install 'thespis[train]'")

from few_steps import few_steps  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from thespis import recipes  # noqa: E402
from thespis.apps import cli  # noqa: E402
from thespis.data.actor import PARTS  # noqa: E402
from thespis.data.faces import stored_faces, write_faces  # noqa: E402
from thespis.data.parts import Held, Stored  # noqa: E402
from thespis.data.stage import StageSettings  # noqa: E402
from thespis.errors import WeightsError  # noqa: E402
from thespis.motion.networks.expression import ExpressionGenerator  # noqa: E402
from thespis.pixels.diffusion.latent import Coder, load_coder  # noqa: E402
from thespis.pixels.diffusion.load import AUTOENCODER, coder_of, face_network, generator_of  # noqa: E402
from thespis.pixels.diffusion.networks import as_numbers  # noqa: E402
from thespis.pixels.diffusion.shape import SHAPES, NetworkShape  # noqa: E402
from thespis.pixels.diffusion.unet import FaceDiffusion  # noqa: E402
from thespis.speech.say import say  # noqa: E402
from thespis.train import emodiffhead  # noqa: E402
from thespis.train.face_diffusion import CarrierLearner, FaceLearner, Windows, light, lit, usual_change, usual_sizes  # noqa: E402
from thespis.train.face_latents import Latents  # noqa: E402
from thespis.types import Direction, Portrait, random_for  # noqa: E402

pytestmark = pytest.mark.unit
LITTLE = NetworkShape(side=16, channels=4, fold=1, widths=(8, 16), condition=16, heads=2, frames=3, steps=2)
SIDE = 32  # pixels, of which the autoencoder makes half as many places


def save_autoencoder(folder: Path, seed: int = 0, channels: int = 4) -> None:
    """Leave a tiny autoencoder of diffusers with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        diffusers.AutoencoderKL(
            block_out_channels=(4, 8), norm_num_groups=2, latent_channels=channels, scaling_factor=0.9,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ).save_pretrained(folder)  # fmt: skip


@pytest.fixture(scope="module")
def coded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny autoencoder."""
    place = tmp_path_factory.mktemp("coded") / AUTOENCODER
    save_autoencoder(place)
    return place


@pytest.fixture(scope="module")
def coder(coded: Path) -> Coder:
    """The tiny autoencoder."""
    return load_coder(coded)


@pytest.fixture(scope="module")
def clips(coder: Coder, tmp_path_factory: pytest.TempPathFactory) -> list[Held]:
    """Two clips of the stage, kept as latents."""
    place = tmp_path_factory.mktemp("latents")
    settings = StageSettings(seed=0, clips=2, seconds=0.5)
    assert list(write_faces(settings, place, SIDE, keeping=Latents(coder, 0))) == [2]
    return stored_faces(place, "train", "emotional")


def test_faces_are_kept_as_latents_in_half_precision_and_left_on_disk(clips: list[Held], coder: Coder, tmp_path: Path) -> None:
    assert list(write_faces(StageSettings(seed=0, clips=1, seconds=0.5), tmp_path, SIDE)) == [1]
    (pixels,), latents = stored_faces(tmp_path, "train", "emotional"), clips[0]
    rows = len(pixels["flame"])
    assert isinstance(latents["frames"], Stored) and latents["frames"].shape == (1 + rows, 4, 16, 16)
    assert latents["masks"].shape == (1 + rows, 16, 16) and isinstance(latents["flame"], np.ndarray)
    kept = latents["frames"][2:5]
    assert kept.dtype == np.float16
    # One light for all of the clip, which is drawn from what the clip is called.
    seen = lit(pixels["frames"][2:5], light(random_for(0, "light of 0 train emotional 0")))
    np.testing.assert_allclose(kept, coder.encode(as_numbers(seen)), atol=2e-3)
    np.testing.assert_array_equal(latents["frames"][np.array([4, 2])], kept[[2, 0]])
    np.testing.assert_array_equal(latents["frames"][3], kept[1])
    # A place is of the part that is in its middle.
    skin = PARTS.index("skin")
    halves = (pixels["masks"][0] == skin).reshape(16, 2, 16, 2).mean(axis=(1, 3))
    assert np.abs((latents["masks"][0] == skin) - halves).mean() < 0.1


def test_the_unit_of_latents_is_measured_where_faces_are(clips: list[Held]) -> None:
    network = emodiffhead.seeded(0, lambda: FaceDiffusion(LITTLE))
    assert isinstance(network, FaceDiffusion)
    usual_sizes(network, clips)
    with torch.no_grad():
        network.carry.usual.zero_()  # then what is carried is the reference itself
    usual_change(network, clips)
    squares = []
    for clip in clips:
        rows = np.unique(np.linspace(0, len(clip["flame"]) - 1, 4).astype(int)) + 1
        apart = np.square(clip["frames"][rows].astype(np.float32) - clip["frames"][0].astype(np.float32)).mean(axis=1)
        squares.append(apart[np.isin(clip["masks"][rows], [PARTS.index(name) for name in ("skin", "lips", "eyes", "mouth")])])
    assert float(network.change) == pytest.approx(np.sqrt(np.concatenate(squares).mean()), rel=1e-3)
    assert "change" in network.state_dict()
    assert "change" not in FaceDiffusion(replace(LITTLE, channels=3, side=32, fold=2)).state_dict()


@pytest.mark.parametrize("make", [CarrierLearner, FaceLearner])
def test_losses_of_latents_fall(make: type[CarrierLearner | FaceLearner], clips: list[Held]) -> None:
    network = emodiffhead.seeded(1, lambda: FaceDiffusion(LITTLE))
    assert isinstance(network, FaceDiffusion)
    usual_sizes(network, clips)
    usual_change(network, clips)
    learner = make(network)
    windows = Windows(clips, [1, 1], 4, LITTLE.frames, LITTLE.past, seed=0)
    losses = few_steps(learner, windows, 15)
    assert losses[-1] < 0.9 * losses[0]


@pytest.fixture
def small_world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Let the full size be tiny and its corpus five clips, with an expression generator that is there; gives the folder to train in."""
    monkeypatch.setitem(SHAPES, "full", LITTLE)
    monkeypatch.setattr(emodiffhead, "CLIPS", {"plain": (1, 0.5), "emotional": (1, 0.5), "turned": (1, 0.5)})
    monkeypatch.setattr(emodiffhead, "HELD", 1)
    monkeypatch.setattr(emodiffhead, "HELD_TURNED", 1)
    short = replace(emodiffhead.LARGE, steps=10, batch=2, warm_up=1, average=0.5, check_every=2, checkpoint_every=2, sample_every=6)
    monkeypatch.setattr(emodiffhead, "LARGE", short)
    folder = tmp_path / "run"
    folder.mkdir()
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        save_file(dict(ExpressionGenerator(16).state_dict()), folder / "expression.safetensors")
    yield folder


def words(folder: Path, coded: Path, *more: str) -> list[str]:
    """The command that trains in a folder."""
    return ["train", "emodiffhead", "--size", "full", "--autoencoder", str(coded), "-o", str(folder), *more]


def test_it_trains_goes_on_exactly_and_what_it_leaves_paints(
    small_world: Path, coded: Path, astronaut: Portrait, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words(small_world, coded)) == 0
    told = capsys.readouterr().out
    assert "put emodiffhead_full.safetensors and emodiffhead_full_expression.safetensors into" in told
    made = load_file(small_world / "emodiffhead_full.safetensors")
    assert all(bool(torch.isfinite(value).all()) for value in made.values())
    assert len(list((small_world / "samples").glob("*.png"))) == 1
    # Broken off in the middle, it goes on to the same numbers, and encodes nothing again.
    broken = small_world.with_name("broken")
    shutil.copytree(small_world, broken)
    newest = sorted((broken / "checkpoints").iterdir())[-1]
    shutil.rmtree(newest)
    for name in ("network.safetensors", "emodiffhead_full.safetensors", "outcome.json"):
        (broken / name).unlink()
    before = {path: path.stat().st_mtime_ns for path in (broken / "latents").rglob("*.safetensors")}
    assert cli.main(words(broken, coded)) == 0
    assert "going on after step 4" in capsys.readouterr().out
    assert before == {path: path.stat().st_mtime_ns for path in (broken / "latents").rglob("*.safetensors")}
    again = load_file(broken / "emodiffhead_full.safetensors")
    assert all(torch.equal(made[name], again[name]) for name in made)
    # The recipe takes the files as they are.
    shutil.copytree(coded, small_world / AUTOENCODER)
    monkeypatch.setenv("THESPIS_WEIGHTS", str(small_world))
    clip = recipes.load("emodiffhead", "full")(say("Hi.", "en-us+f5"), astronaut, Direction())
    assert clip.frames is not None and clip.frames.images.shape[1:] == (SIDE, SIDE, 3)
    assert clip.frames.images.std() > 1 and np.ptp(clip.frames.images.astype(int), axis=0).max() > 1
    assert generator_of("full", {}) == small_world / "emodiffhead_full_expression.safetensors"
    # With another autoencoder neither the training nor the recipe goes on.
    shutil.rmtree(small_world / AUTOENCODER)
    save_autoencoder(small_world / AUTOENCODER, seed=1)
    with pytest.raises(WeightsError, match=r"was trained with another autoencoder than the one in .*: put that one there"):
        face_network("full", {})
    assert cli.main(words(broken, small_world / AUTOENCODER)) == 2
    assert "holds latents of another autoencoder than the one in" in capsys.readouterr().err


def test_half_precision_is_a_wish_that_is_followed(small_world: Path, coded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words(small_world, coded, "--precision", "bf16", "--steps", "2")) == 0
    assert (small_world / "emodiffhead_full.safetensors").is_file()
    assert '"precision": "bf16"' in (small_world / "run.json").read_text()


NOWHERE = ["--autoencoder", "nowhere"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["emodiffhead", "--size", "full", *NOWHERE], "there is no autoencoder in nowhere: put the folder of a diffusers AutoencoderKL"),
        (["emodiffhead", "--size", "full"], "there is no autoencoder in WEIGHTS/autoencoder: put the folder of a diffusers AutoencoderKL"),
        (["emodiffhead", "--size", "tiny", *NOWHERE], "--autoencoder is for sizes that draw latents; of this recipe: --size full"),
        (["emodiffhead", *NOWHERE], "--autoencoder is for sizes that draw latents; of this recipe: --size full"),
        (["thespis", *NOWHERE], "--autoencoder is for sizes that draw latents, which this recipe has not"),
    ],
)
def test_what_is_missing_is_one_line(
    asked: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path / "weights"))
    assert cli.main(["train", *asked, "-o", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert said.replace("WEIGHTS", str(tmp_path / "weights")) in told and told.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_latents_of_other_channels_and_faces_of_another_size_are_refused(
    small_world: Path, coded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_autoencoder(tmp_path / "more", channels=16)
    with pytest.raises(WeightsError, match=r"gives latents of 16 channels, and this network draws 4: put the one of Stable Diffusion 1\.5"):
        coder_of(LITTLE, tmp_path / "more")
    settings = StageSettings(seed=0, clips=1, seconds=0.5, regime="plain")
    assert list(write_faces(settings, small_world / "latents", 2 * SIDE)) == [1]
    assert cli.main(words(small_world, coded)) == 2
    assert "holds faces of another size than 'full' is; choose another folder" in capsys.readouterr().err
