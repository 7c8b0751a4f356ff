"""How Ditto's denoiser learns: windows of the stage's acting, losses by group, and the file that ships."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("accelerate", reason="torch and accelerate are not installed: pip install 'thespis[train]'")
pytest.importorskip("onnx", reason="torch and onnx are not installed: pip install 'thespis[train]'")

from thespis.motion.liveportrait import LIPS, resting  # noqa: E402
from thespis.motion.networks.ditto import SHAPES, TOLD, OnnxDenoiser  # noqa: E402
from thespis.motion.networks.ditto_torch import DittoNetwork  # noqa: E402
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT  # noqa: E402
from thespis.train import ditto  # noqa: E402
from thespis.train.ditto import DittoLearner, Windows, corpus, group_of, group_weights, train  # noqa: E402
from thespis.types import random_for  # noqa: E402

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ditto")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ditto, "CLIPS", 2)
        patch.setattr(ditto, "HELD", 1)
        patch.setattr(ditto, "SECONDS", 3.6)
        outcome = train(folder, {"steps": 3, "batch": 2}, lambda _: None)
    assert outcome.reason == "steps"
    return folder


def test_a_training_leaves_a_file_that_runs_without_torch(trained: Path) -> None:
    denoiser = OnnxDenoiser(trained / "ditto_denoiser.onnx")
    assert denoiser.frames == 80
    rest = resting(3).values
    np.testing.assert_allclose(denoiser.leave(denoiser.enter(rest)), rest, atol=1e-3)
    made = denoiser.clean(np.ones((80, 70), np.float32), np.zeros(70, np.float32), np.ones((80, TOLD.size), np.float32), 500)
    assert made.shape == (2, 80, 70)
    assert np.abs(made[0] - made[1]).max() > 1e-4


def test_windows_begin_after_their_frame_and_films_at_rest(trained: Path) -> None:
    clips = corpus(trained, "train", 2, 0, lambda _: None)
    assert clips["motion"].shape == (2, 90, LIVEPORTRAIT.size)
    assert clips["conditions"].shape == (2, 90, TOLD.size)
    assert 0 <= clips["conditions"][..., TOLD.column("open_left")].min() < clips["conditions"][..., TOLD.column("open_left")].max() <= 1
    windows, beginnings = Windows(clips, 4, 0), 0
    for number in range(30):
        window = windows.window(random_for(0, str(number)))
        assert window["motion"].shape == (81, 70)
        first = window["motion"][1]
        clip, row = next((c, r) for c in range(2) for r in range(90) if np.array_equal(clips["motion"][c, r], first))
        before = clips["motion"][clip, row - 1] if row else resting().values[0]
        beginnings += row == 0
        assert np.array_equal(window["motion"][0], before)
    assert beginnings
    assert np.array_equal(windows.rows(3, 1, 3)["motion"], windows.rows(3, 0, 4)["motion"][1:3])


def test_every_group_counts_as_it_says() -> None:
    weights = group_weights()
    assert weights.mean() == pytest.approx(1)
    groups = [group_of(channel.name) for channel in LIVEPORTRAIT.channels for _ in range(channel.size)]
    sums = {group: float(weights[[own == group for own in groups]].sum()) for group in ditto.GROUPS}
    for group, weight in ditto.GROUPS.items():
        assert sums[group] / sums["lips"] == pytest.approx(weight / ditto.GROUPS["lips"], rel=1e-4)
    assert groups.count("lips") == 3 * len(LIPS)


def test_the_loss_sees_what_is_wrong_in_lips_and_at_the_first_frame() -> None:
    class Told(torch.nn.Module):
        """A network that answers what it is given."""

        answer: torch.Tensor

        def forward(self, *_: torch.Tensor) -> torch.Tensor:
            return self.answer

    learner = DittoLearner(DittoNetwork(SHAPES["tiny"]))
    motion = torch.randn(1, 81, 70, generator=torch.Generator().manual_seed(0))
    batch = {"motion": motion, "conditions": torch.zeros(1, 80, TOLD.size), "seed": torch.tensor([4])}
    learner.network = told = Told()
    losses = {}
    lips = [3 * number + axis for number in LIPS for axis in range(3)]
    for name, frame, columns in (("none", 0, []), ("lips", 40, lips), ("head", 40, [LIVEPORTRAIT.column("yaw")]), ("first", 0, lips)):
        told.answer = motion[:, 1:].clone()
        told.answer[0, frame, columns] += 1
        losses[name], parts = learner.loss(batch)
        assert set(parts) == {"position", "velocity", "acceleration"}
    assert float(losses["none"]) == 0
    assert losses["lips"] > losses["head"] > 0
    assert losses["first"] > 0.8 * losses["lips"]  # the change from the frame before counts there too
