"""How the network learns that paints mouths: people who say two things with one head, two judges, and the files that ship."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("accelerate", reason="torch and accelerate are not installed: pip install 'thespis[train]'")
pytest.importorskip("diffusers", reason="torch and diffusers are not installed: pip install 'thespis[train]'")
pytest.importorskip("onnx", reason="torch and onnx are not installed: pip install 'thespis[train]'")

from thespis.features.spaces import ARTICULATION  # noqa: E402
from thespis.pixels.diffusion.networks import as_numbers, as_pictures  # noqa: E402
from thespis.pixels.dub.align import painted  # noqa: E402
from thespis.pixels.dub.lip_guess import ENLARGED  # noqa: E402
from thespis.pixels.dub.lip_networks import OnnxLips, evened, first_noise, gains_of, small_mask  # noqa: E402
from thespis.pixels.dub.lip_shape import SHAPES  # noqa: E402
from thespis.pixels.dub.lip_torch import Lips  # noqa: E402
from thespis.train import latentsync, lip_figures  # noqa: E402
from thespis.train.lip_data import LipPairs, LipWindows, even, tokens_of  # noqa: E402
from thespis.train.lips import SYNC, GuessLearner, LipLearner, SyncLearner, Watcher, watched  # noqa: E402
from thespis.types import Array, random_for  # noqa: E402

pytestmark = pytest.mark.unit

SHAPE = SHAPES["tiny"]
FEW = {"plain": 2, "emotional": 1, "held": 1}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("latentsync")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SYNCS", "WATCHES", "PLAINLY", "GUESSES"):
            patch.setattr(latentsync, name, replace(getattr(latentsync, name), steps=2, batch=4))
        patch.setattr(latentsync, "CLIPS", FEW)
        outcome = latentsync.train(folder, {"steps": 2, "batch": 1}, lambda _: None)
    assert outcome.reason == "steps"
    return folder


@pytest.fixture(scope="module")
def known(trained: Path) -> latentsync.Material:
    return latentsync.material(trained, 0, 1, lambda _: None, FEW)


def test_a_training_leaves_files_that_run_without_torch(trained: Path) -> None:
    files = {
        name: trained / f"latentsync_{name}.{end}" for name, end in (("patches", "safetensors"), ("guess", "onnx"), ("denoiser", "onnx"))
    }
    assert sum(path.stat().st_size for path in files.values()) < 1.25e6
    lips = OnnxLips(files)
    random = random_for(0, "squares")
    squares = random.integers(0, 255, (SHAPE.frames, SHAPE.side, SHAPE.side, 3)).astype(np.uint8)
    tokens = random.uniform(0, 1, (SHAPE.frames, SHAPE.taps, SHAPE.told)).astype(np.float32)
    new = lips.paint(squares, tokens, first_noise(SHAPE, 0), 1.0)
    changed = np.abs(squares.astype(int) - new.made).max(axis=(0, 3)) > 1
    assert changed.any()
    inside = (np.kron(small_mask(SHAPE), np.ones((SHAPE.factor, SHAPE.factor))) > 0) | (painted(SHAPE, SHAPE.side) > 0)
    assert not changed[~inside].any()
    assert new.flow is not None
    assert not new.flow[:, ~inside].any()
    exaggerated = lips.paint(squares, tokens, first_noise(SHAPE, 0), 2.0)
    assert (exaggerated.made != new.made).any()


def test_people_say_two_things_with_one_head(known: latentsync.Material) -> None:
    clip = known.windows.clips[0]
    frames, others = clip["frames"].astype(int), clip["others"].astype(int)
    assert frames.shape == others.shape == (35, SHAPE.side, SHAPE.side, 3)
    apart = np.abs(frames - others).mean(axis=(0, 3))
    inside = painted(SHAPE, SHAPE.side) > 0
    assert apart[inside].mean() > 10 * apart[: SHAPE.side // 4].mean()
    assert not np.allclose(clip["articulation"], clip["other_articulation"])


def test_windows_hold_either_saying_with_its_own_sound(known: latentsync.Material) -> None:
    seen = set()
    for number in range(12):
        window = known.windows.window(random_for(0, str(number)))
        assert window["tokens"].shape == (SHAPE.frames, SHAPE.taps, SHAPE.told)
        middle = window["tokens"][:, SHAPE.back, : ARTICULATION.size]
        for clip in known.windows.clips:
            for told in ("", "other_"):
                rows = np.lib.stride_tricks.sliding_window_view(clip[f"{told}articulation"], SHAPE.frames, axis=0).transpose(0, 2, 1)
                if any(np.array_equal(middle, each) for each in rows):
                    seen.add(told)
    assert seen == {"", "other_"}


def test_tokens_tell_their_place() -> None:
    rows = np.arange(20, dtype=np.float32)[:, None].repeat(ARTICULATION.size, axis=1)
    tokens = tokens_of(rows, 6, SHAPE)
    assert tokens[0, :, 0].tolist() == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    assert np.array_equal(tokens[3, :, ARTICULATION.size :], np.eye(SHAPE.taps, dtype=np.float32))
    assert tokens_of(rows, 0, SHAPE)[0, :5, 0].tolist() == [0, 0, 0, 0, 0]


def test_pairs_are_moments_said_twice(known: latentsync.Material) -> None:
    pairs = LipPairs(known.windows, 8)
    one, other = pairs.pair(0, 0), pairs.pair(0, 1)
    upper = np.s_[:, : SHAPE.side // 4]
    assert np.abs(one["frames"][upper].astype(int) - other["frames"][upper]).mean() < 2
    assert not np.array_equal(one["voice"], other["voice"])
    assert np.array_equal(pairs.rows(0, 1, 3)["voice"][0], other["voice"])


def test_a_network_that_has_not_learned_copies_the_reference(known: latentsync.Material) -> None:
    lips = Lips(SHAPE)
    lips.know(latentsync.solved(known.windows.clips[0]["frames"], SHAPE))
    made = lip_figures.dubbed(lips, known.held.clips[0])[0]
    true, copied, painted_ones, _ = made
    assert abs(lip_figures.within(copied, painted_ones, SHAPE)) > 30
    assert lip_figures.within(true, true, SHAPE) > lip_figures.within(true, copied, SHAPE) + 10


def test_a_first_guess_learns_mouths_and_is_silent_where_nothing_is_told(known: latentsync.Material) -> None:
    lips = Lips(SHAPE)
    frames = LipWindows(known.windows.clips, 2, SHAPE, SYNC, 0, scattered=True)
    learner = GuessLearner(lips)
    optimizer = torch.optim.Adam(lips.guess.parameters(), lr=2e-3)
    batch = {name: torch.from_numpy(value) for name, value in frames.rows(0, 0, 2).items()}
    losses = []
    for _ in range(60):
        loss, parts = learner.loss(batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert set(parts) == {"pixels", "edges", "moved", "rough", "covered"}
    assert losses[-1] < 0.9 * losses[0]
    squares, tokens = torch.rand(4, 3, SHAPE.side, SHAPE.side) * 2 - 1, batch["tokens"].flatten(0, 1)[:4]
    with torch.no_grad():
        learned = lips.guess(squares, tokens)
        outside = lips.guess.where[0, 0] == 0
        assert float(learned.flow.abs().max()) > 0
        assert not learned.flow[..., outside].any()
        assert float((learned.laid - squares)[..., outside].abs().max()) < 1e-4
        assert not lips.guess(squares, torch.zeros_like(tokens)).flow.any()
        at_work = lips.guess.eval()(squares, tokens)
    assert torch.allclose(at_work.flow, ENLARGED * learned.flow)


def test_light_is_evened_and_put_back() -> None:
    squares = random_for(3, "squares").integers(40, 200, (3, SHAPE.side, SHAPE.side, 3)).astype(np.uint8)
    dark = (squares * np.array([0.9, 0.5, 0.3])).astype(np.uint8)
    plain, other = (np.median(even(each)[0][:, 26:40, 13:51], axis=(0, 1, 2)) for each in (squares, dark))
    assert np.ptp(plain) < 5
    assert np.ptp(other) < 5
    assert 0.75 * plain.mean() < other.mean() < plain.mean()
    gains = gains_of(dark)
    assert (as_pictures(evened(evened(as_numbers(dark), gains), 1 / gains)) == dark).all()


def test_what_the_judges_say(known: latentsync.Material) -> None:
    rows = known.windows.rows(0, 0, 2)
    batch = {name: torch.from_numpy(value) for name, value in rows.items()}
    watcher = Watcher()
    pictures = batch["frames"].movedim(-1, -3).float() / 127.5 - 1
    with torch.no_grad():
        assert float(watched(watcher, pictures, pictures)) < 1e-6
        assert float(watched(watcher, pictures.flip(1), pictures)) > 1e-6
    pairs = {name: torch.from_numpy(value) for name, value in LipPairs(known.windows, 4).rows(0, 0, 4).items()}
    with torch.no_grad():
        total, parts = SyncLearner(SYNC).loss(pairs)
    assert float(total) > 0
    assert 0 <= float(parts["right"]) <= 1
    learner = LipLearner(Lips(SHAPE), SyncLearner(SYNC).network, watcher)
    learner.lips.know(latentsync.solved(known.windows.clips[0]["frames"], SHAPE))
    total, parts = learner.loss({**batch, "seed": torch.arange(2)})
    assert set(parts) == {"latents", "pixels", "edges", "watched", "together"}
    total.backward()
    assert max(float(value.grad.abs().max()) for value in learner.parameters() if value.grad is not None) > 0


def test_openings_that_go_together_correlate() -> None:
    true: Array = np.sin(np.arange(30, dtype=np.float32)) / 10
    assert lip_figures.followed(true, 0.5 * true + 0.1) == pytest.approx((1, 0.5), abs=0.01)
    assert np.isnan(lip_figures.followed(true * 0, true)).all()
