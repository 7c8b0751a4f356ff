"""How Hallo's networks learn: windows of still heads, what is counted, and files that answer as the network they were made from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("diffusers", reason="torch and diffusers are not installed: pip install 'thespis[train]'")
pytest.importorskip("onnx", reason="torch and onnx are not installed: pip install 'thespis[train]'")

from skimage.data import astronaut  # noqa: E402

from thespis.data.faces import Arrays  # noqa: E402
from thespis.data.stage import Stage, StageSettings  # noqa: E402
from thespis.pixels.diffusion.networks import as_numbers  # noqa: E402
from thespis.pixels.hallo.full import TorchHallo  # noqa: E402
from thespis.pixels.hallo.networks import HalloNetwork  # noqa: E402
from thespis.pixels.hallo.onnx import OnnxHallo  # noqa: E402
from thespis.pixels.hallo.shape import HalloShape  # noqa: E402
from thespis.pixels.hallo.windows import drawn, seen_by  # noqa: E402
from thespis.stages import Chain  # noqa: E402
from thespis.train import hallo  # noqa: E402
from thespis.train.hallo_data import HalloWindows, StillStage, points_of  # noqa: E402
from thespis.types import Channel, Direction, Portrait, Space, Track, random_for  # noqa: E402

pytestmark = pytest.mark.unit
SMALL = HalloShape(
    widths=(8,), frames=2, channels=8, face=16, groups=4, told=8, inner=8, voice_tokens=2, face_tokens=1, located=(4, 4, 4, 4)
)


@pytest.fixture(scope="module")
def clips() -> list[Arrays]:
    """A face whose lower half darkens with the jaw, in two colours."""
    portrait = seen_by(Portrait((astronaut(),)), SMALL)
    found = []
    for number in range(2):
        heard = random_for(number, "heard").uniform(0, 1, (12, 10)).astype(np.float32)
        frames = np.repeat(portrait.picture[None], 13, axis=0).copy()
        frames[1:, 40:56, 24:40] = (frames[1:, 40:56, 24:40] * (1 - 0.7 * heard[:, 0, None, None, None])).astype(np.uint8)
        frames[..., number] //= 2
        found.append({"frames": frames, "articulation": heard, "points": portrait.points})
    return found


@pytest.fixture(scope="module")
def trained(clips: list[Arrays], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hallo")
    settings = replace(hallo.USUAL, steps=30, batch=2, rate=5e-3, warm_up=2, average=0.5, check_every=30, sample_every=30)
    outcome = hallo.taught(folder, SMALL, clips, clips[:1], settings, lambda _: None)
    assert (outcome.step, outcome.reason) == (30, "steps")
    return folder


def test_latents_are_solved_for_and_changes_are_in_their_own_unit(clips: list[Arrays]) -> None:
    changes = hallo.solved(clips, SMALL)
    assert np.allclose(changes.patches.patterns @ changes.patches.patterns.T, np.eye(8), atol=1e-4)
    numbers = as_numbers(clips[0]["frames"][:3])
    again = changes.patches.decode(changes.patches.encode(numbers, 8), 8)
    assert np.square(again - numbers).mean() < 0.3 * numbers.var()
    learner = hallo.HalloLearner(HalloNetwork(SMALL))
    learner.know(changes)
    made = learner.encode(torch.from_numpy(clips[0]["frames"][:3])).numpy()
    assert np.allclose(made, changes.patches.encode(numbers, 8), atol=1e-4)


def test_windows_follow_from_step_and_row_alone(clips: list[Arrays]) -> None:
    windows = HalloWindows(clips, 4, SMALL, hallo.solved(clips, SMALL), 3)
    one, other = windows.rows(5, 0, 4), windows.rows(5, 2, 4)
    assert all(np.array_equal(one[name][2:], other[name]) for name in one)
    many = windows.rows(1, 0, 60)
    assert 0 < (many["known"][:, 1] == 0).mean() < 0.3
    assert 0 < (many["masks"].min(axis=(1, 2, 3)) == 1).mean() < 0.3
    assert many["voice"].shape == (60, SMALL.frames, SMALL.heard)


def test_it_learns_and_its_files_answer_as_the_network_does(trained: Path, clips: list[Arrays]) -> None:
    files = dict(zip(("patches", "reference", "denoiser"), (trained / name for name in hallo.FILES), strict=True))
    drawer, learner = OnnxHallo(files, SMALL), hallo.read_learner(trained, SMALL)
    losses = []
    for judged in (hallo.HalloLearner(HalloNetwork(SMALL)), learner):
        judged.know(learner.changes())
        windows = HalloWindows(clips, 16, SMALL, learner.changes(), 0)
        batch = {name: torch.from_numpy(value) for name, value in windows.rows(0, 0, 16).items()}
        with torch.no_grad():
            losses.append(float(judged.loss({**batch, "seed": torch.arange(16)})[0]))
    assert losses[1] < losses[0]
    seen = drawer.see(clips[0]["frames"][0], clips[0]["points"])
    past, noise = np.repeat(drawer.begins(seen)[None], 2, axis=0), random_for(0, "noise").standard_normal((2, 8, 8, 8)).astype(np.float32)
    voice = np.full((2, 50), 0.5, np.float32)
    usual, none = np.ones((2, 3), np.float32), np.zeros((2, 3), np.float32)
    made = drawer.draw(seen, past, voice, usual, noise, 1.0)
    assert np.isfinite(made).all()
    assert not np.array_equal(made, drawer.draw(seen, past, voice, none, noise, 1.0))
    assert not np.array_equal(made, drawer.draw(seen, past, voice, usual, noise, 2.0))
    assert np.array_equal(made, drawer.draw(seen, past, voice, usual, noise, 1.0))
    assert list(trained.glob("samples/*.png"))


def test_heads_are_held_still_and_faces_are_found_in_small_pictures(clips: list[Arrays]) -> None:
    settings = StageSettings(0, 1, 0.5, split="train", regime="plain", size=128)
    clip, acted = StillStage(settings)[0], Stage(replace(settings, size=None))[0]
    assert clip.frames is not None
    assert clip.motion is not None
    assert acted.motion is not None
    assert float(np.abs(acted.motion["head_rotation"]).max()) > 0
    assert float(np.abs(clip.motion["head_rotation"]).max()) == 0
    corners = clip.frames.images[:, :20, :20].astype(np.int16)
    assert np.abs(corners - corners[:1]).max() <= 2
    points = points_of(clips[0]["frames"][0])
    assert points is not None
    assert np.abs(points - clips[0]["points"]).max() < 0.05
    assert points_of(np.zeros((64, 64, 3), np.uint8)) is None


def test_the_published_system_draws_with_any_autoencoder() -> None:
    from diffusers import AutoencoderKL

    from thespis.pixels.diffusion.latent import Coder

    shape = HalloShape(
        side=64, factor=8, channels=4, frames=2, beside=False, aligned=False, widths=(32, 32), heads=2, groups=32, told=16, face=16,
        heard=20, inner=8, located=(4, 4, 4, 8), steps=2, guidance=3.5,
    )  # fmt: skip
    kinds = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    coder = Coder(AutoencoderKL(**kinds, block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4).eval())
    drawer = TorchHallo(HalloNetwork(shape), coder, lambda picture, points: np.ones((1, 16), np.float32))
    heard = Space("heard", (Channel("heard", size=4),))
    chain = Chain(*drawn(drawer, 64, heard))
    rows = random_for(0, "rows").standard_normal((3, 4)).astype(np.float32)
    made = chain.step(chain.start(Portrait((astronaut(),)), Direction()), Track(heard, rows, 25), True)
    assert made.images.shape == (3, 64, 64, 3)
    assert made.images.std() > 1
