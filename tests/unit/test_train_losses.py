"""Every loss gives what one computes by hand."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from thespis.train import losses  # noqa: E402
from thespis.train.randomness import noise, row_seeds, seeded, uniform  # noqa: E402

pytestmark = pytest.mark.unit
CPU = torch.device("cpu")


def near(found: torch.Tensor, wanted: float) -> None:
    assert found.shape == ()
    assert float(found) == pytest.approx(wanted, abs=1e-6)


def test_masked_position() -> None:
    made, wanted = torch.tensor([[[1.0, 2.0], [5.0, 5.0]]]), torch.zeros(1, 2, 2)
    near(losses.position(made, wanted), (1 + 4 + 25 + 25) / 4)
    near(losses.position(made, wanted, mask=torch.tensor([[[1], [0]]])), (1 + 4) / 2)
    near(losses.position(made, wanted, mask=torch.zeros(1, 2, 1)), 0.0)
    near(losses.position(made, wanted, weights=torch.tensor([2.0, 0.0])), (2 + 50) / 4)
    near(losses.masked_mean(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.5])), 2.5 / 1.5)


def test_velocity_and_acceleration() -> None:
    made, wanted = torch.tensor([[[0.0], [1.0], [3.0], [3.0]]]), torch.zeros(1, 4, 1)
    near(losses.velocity(made, wanted), (1 + 4 + 0) / 3)
    near(losses.velocity(made, wanted, order=2), (1 + 4) / 2)
    near(losses.velocity(made, wanted, mask=torch.tensor([[[1], [1], [0], [1]]])), 1.0)
    near(losses.velocity(made, wanted + 7), (1 + 4 + 0) / 3)
    near(losses.velocity(made[:, :1], wanted[:, :1]), 0.0)


def test_vertices() -> None:
    made = torch.tensor([[[3.0, 4.0, 0.0], [0.0, 0.0, 1.0]]])
    near(losses.vertices(made, torch.zeros_like(made)), (25 + 1) / 2)
    near(losses.vertices(made, torch.zeros_like(made), weights=torch.tensor([1.0, 3.0])), (25 + 3) / 4)


def test_sync_prefers_each_sound_with_its_own_lips() -> None:
    sound = torch.eye(2)
    near(losses.sync(sound, sound * 5, temperature=1.0), math.log(1 + math.exp(-1)))
    near(losses.sync(sound, sound.flip(0), temperature=1.0), math.log(1 + math.e))
    near(losses.sync(sound[:1], sound[:1]), 0.0)


def test_emotion_mixtures() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.25, 0.25]]))
    near(losses.emotion(logits, torch.tensor([[0.5, 0.25, 0.25]])), 0.0)
    near(losses.emotion(logits, torch.tensor([[0.0, 1.0, 0.0]])), math.log(4))


def test_identity() -> None:
    one = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    near(losses.identity(one, torch.tensor([[2.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [3.0, 4.0]])), (0 + 1 + 2 + 0.4) / 4)


def test_perceptual() -> None:
    one, other = torch.zeros(1, 2, 1, 2), torch.zeros(1, 2, 1, 2)
    one[0, 0], other[0, 0, 0, 0], other[0, 1, 0, 1] = 3.0, 9.0, 1.0  # the same direction at one place, a right angle at the other
    near(losses.perceptual([one], [other]), (0 + 2) / 2)
    near(losses.perceptual([one, one], [other, one]), 1.0)


def test_adversarial() -> None:
    near(losses.judging(torch.tensor([2.0, 0.0]), torch.tensor([-3.0, 0.5])), 0.5 + 0.75)
    near(losses.fooling(torch.tensor([2.0, -1.0])), -0.5)


def test_maker_and_judge_share_a_step_and_get_their_own_gradients() -> None:
    maker, judge = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(maker.weight, 0.25)
    torch.nn.init.constant_(judge.weight, 0.5)
    drawn, real = torch.tensor([[2.0]]), torch.tensor([[1.0]])
    made = maker(drawn)
    with losses.frozen(judge):
        total = losses.fooling(judge(made))
    total = total + losses.judging(judge(real), judge(made.detach()))
    total.backward()
    assert maker.weight.grad is not None and judge.weight.grad is not None
    assert float(maker.weight.grad) == -0.5 * 2.0  # through the judge's weight
    assert float(judge.weight.grad) == -1.0 + 0.5  # of the hinge only: -real + made
    assert judge.weight.requires_grad


def test_randomness_belongs_to_rows_and_leaves_torch_alone() -> None:
    seeds = torch.from_numpy(row_seeds(1, 5, 0, 6))
    assert np.array_equal(row_seeds(1, 5, 2, 6), seeds[2:].numpy())
    assert not np.array_equal(row_seeds(1, 6, 0, 6), seeds.numpy())
    assert not np.array_equal(row_seeds(2, 5, 0, 6), seeds.numpy())
    assert torch.equal(noise(seeds, 3, 2)[2:], noise(seeds[2:], 3, 2))
    assert torch.equal(uniform(seeds)[4:], uniform(seeds[4:]))
    many = torch.from_numpy(row_seeds(0, 0, 0, 2000))
    assert abs(float(noise(many, 4).std()) - 1) < 0.05
    assert abs(float(uniform(many).mean()) - 0.5) < 0.03
    before = torch.random.get_rng_state()
    with seeded(3, CPU):
        first = torch.rand(3)
    with seeded(3, CPU):
        assert torch.equal(torch.rand(3), first)
    assert torch.equal(torch.random.get_rng_state(), before)
