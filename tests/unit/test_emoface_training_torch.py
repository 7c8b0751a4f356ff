"""How EmoFace's network learns: windows of the stage's acting as controls, its loss, and the file that ships."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("accelerate", reason="torch and accelerate are not installed: pip install 'thespis[train]'")
pytest.importorskip("onnx", reason="torch and onnx are not installed: pip install 'thespis[train]'")

from made_up import NOBODY  # noqa: E402

from thespis.evaluate.claims.emoface import error  # noqa: E402
from thespis.motion.networks.emoface import FADE, FRAMES, FUTURE, LIDS, LOOK, PAST, SHAPES, EmoFace  # noqa: E402
from thespis.motion.networks.emoface_torch import EmoFaceNetwork  # noqa: E402
from thespis.motion.spaces.rig import RIG  # noqa: E402
from thespis.train import emoface  # noqa: E402
from thespis.train.emoface import EmoFaceLearner, Windows, corpus, train  # noqa: E402
from thespis.types import EMOTION, Curve, Direction, random_for  # noqa: E402

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("emoface")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("CLIPS", 2), ("HELD", 1), ("SECONDS", 3.2)):
            patch.setattr(emoface, name, value)
        outcome = train(folder, {"steps": 3, "batch": 2}, lambda _: None)
    assert outcome.reason == "steps"
    return folder


def test_a_training_leaves_a_file_that_runs_without_torch(trained: Path) -> None:
    network = EmoFace(trained / emoface.FILE)
    heard = random_for(0, "heard").uniform(0, 1, (FRAMES, 10)).astype(np.float32)
    happy = network.start(NOBODY, Direction(emotion=Curve.constant(EMOTION, happy=1.0)))
    made = network(happy, heard, -PAST, 60)  # type: ignore[arg-type]
    assert made.shape == (FRAMES - PAST - FUTURE + FADE, RIG.size)
    calm = network(network.start(NOBODY, Direction()), heard, -PAST, 60)  # type: ignore[arg-type]
    assert np.abs(made - calm).max() > 1e-6


def test_examples_are_controls_without_blinks_and_looks(trained: Path) -> None:
    clips = corpus(trained, "train", 2, 0, lambda _: None)
    assert clips["rig"].shape == (2, 192, RIG.size)
    assert clips["heard"].shape == (2, 192, 10)
    assert not clips["rig"][..., [RIG.column(name) for name in LOOK]].any()
    assert clips["rig"][..., [RIG.column(name) for name in LIDS]].max() < 0.9
    windows = Windows(clips, 4, 0)
    assert np.array_equal(windows.rows(3, 1, 3)["rig"], windows.rows(3, 0, 4)["rig"][1:3])
    assert windows.rows(0, 0, 1)["felt"].shape == (1, FRAMES, EMOTION.size)


def test_the_loss_weighs_controls_by_how_far_they_move() -> None:
    learner = EmoFaceLearner(EmoFaceNetwork(SHAPES["tiny"]))
    rig = np.zeros((1, 50, RIG.size), np.float32)
    jaw, brow = RIG.column("CTRL_C_jaw-translateY"), RIG.column("CTRL_L_brow_down-translateY")
    rig[0, :, jaw], rig[0, :, brow] = np.sin(np.arange(50)), 0.5 * np.sin(np.arange(50))
    learner.know(rig)
    weights = learner.weights.numpy()
    assert weights[brow] == pytest.approx(2 * weights[jaw], rel=1e-3)
    assert np.count_nonzero(weights) == 2
    batch = {"heard": torch.zeros(1, 20, 10), "felt": torch.zeros(1, 20, 8), "rig": torch.zeros(1, 20, RIG.size)}
    total, parts = learner.loss(batch)
    assert float(total.detach()) == 0  # a face at rest is what the network begins with
    total, parts = learner.loss({**batch, "rig": torch.ones(1, 20, RIG.size)})
    assert float(parts["position"].detach()) == pytest.approx(1, rel=1e-3)
    assert float(parts["velocity"].detach()) == 0


def test_the_claim_measures_the_upper_face() -> None:
    clips = {"rig": np.zeros((1, FRAMES, RIG.size), np.float32)}
    clips["rig"][..., RIG.column("CTRL_L_brow_down-translateY")] = 0.8
    made = clips["rig"].copy()
    made[..., RIG.column("CTRL_C_jaw-translateY")] = 1
    assert error(made, clips) == 0
    assert error(np.zeros_like(made), clips) == pytest.approx(1)
