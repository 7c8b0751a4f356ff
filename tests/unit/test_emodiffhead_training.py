"""How EMOdiffhead's networks learn: windows of clips, the painted tables, the losses; where torch is installed."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from few_steps import few_steps  # noqa: E402
from torch import nn  # noqa: E402

from thespis.apps import cli  # noqa: E402
from thespis.data.actor import PARTS  # noqa: E402
from thespis.data.faces import Arrays  # noqa: E402
from thespis.features.spaces import ARTICULATION  # noqa: E402
from thespis.motion.networks.dial import mouth_part  # noqa: E402
from thespis.motion.networks.expression import ExpressionGenerator  # noqa: E402
from thespis.motion.spaces.face import FACE  # noqa: E402
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME  # noqa: E402
from thespis.pixels.diffusion.conditions import expression_of  # noqa: E402
from thespis.pixels.diffusion.paint import SHOWN, Paint  # noqa: E402
from thespis.pixels.diffusion.shape import NetworkShape  # noqa: E402
from thespis.pixels.diffusion.unet import FaceDiffusion  # noqa: E402
from thespis.train.emodiffhead import seeded  # noqa: E402
from thespis.train.expression import ExpressionLearner, calm_lids  # noqa: E402
from thespis.train.face_diffusion import CarrierLearner, FaceLearner, Windows, draw_page, fit_paint, usual_sizes  # noqa: E402
from thespis.types import EMOTION, Track  # noqa: E402

pytestmark = pytest.mark.unit
LITTLE = NetworkShape(side=32, widths=(8, 16), condition=16, heads=2)


def clip(seed: int, rows: int = 14) -> Arrays:
    """A made-up clip: a soft picture whose middle gets darker as the jaw opens."""
    random = np.random.default_rng(seed)
    flame = np.zeros((rows, FLAME.size), np.float32)
    flame[:, FLAME.slice("jaw")] = np.stack([0.2 * np.sin(np.arange(rows) / 2 + seed) ** 2, np.zeros(rows), np.zeros(rows)], axis=1)
    base = np.kron(random.integers(90, 200, (4, 4, 3)), np.ones((8, 8, 1)))
    frames = np.repeat(base[None], rows + 1, axis=0)
    frames[1:, 18:26, 12:20] *= 1 - 4 * flame[:, FLAME.slice("jaw")][:, :1, None, None]
    return {
        "flame": flame, "articulation": random.uniform(0, 1, (rows, ARTICULATION.size)).astype(np.float32),
        "frames": np.clip(frames, 0, 255).astype(np.uint8), "masks": np.full((rows + 1, 32, 32), PARTS.index("skin"), np.uint8),
    }  # fmt: skip


CLIPS = [clip(seed) for seed in range(3)]


def test_windows_are_a_function_of_seed_step_and_row() -> None:
    windows = Windows(CLIPS, [1, 1, 2], 4, 4, 2, seed=5)
    whole, part = windows.rows(3, 0, 4), windows.rows(3, 2, 4)
    for name, values in whole.items():
        np.testing.assert_array_equal(values[2:], part[name])
    assert whole["frames"].shape == (4, 6, 32, 32, 3)
    assert whole["audio"].shape[:2] == whole["parts"].shape[:2] == (4, 6)
    assert (whole["frames"] != windows.rows(4, 0, 4)["frames"]).any()


def test_windows_leave_the_mouth_to_the_voice_now_and_then() -> None:
    windows = Windows(CLIPS, [1, 1, 1], 60, 4, 2, seed=0)
    rows = windows.rows(0, 0, 60)
    jaw = np.abs(rows["expression"][:, :, EXPRESSION_AND_JAW.slice("jaw")]).max(axis=(1, 2))
    assert 0.05 < (jaw == 0).mean() < 0.4
    told = rows["told"]
    assert {tuple(row) for row in told.tolist()} == {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)}
    assert (mouth_part()[-3:] == 0).all()


def test_painted_tables_are_nothing_at_rest_and_fit_what_opens() -> None:
    network = seeded(0, lambda: FaceDiffusion(LITTLE))
    assert isinstance(network, FaceDiffusion)
    usual_sizes(network, CLIPS)
    with torch.no_grad():
        network.carry.usual.zero_()  # this picture is no face: nothing in it moves
    fit_paint(network, CLIPS, 14)
    paint = network.carry.paint
    assert isinstance(paint, Paint)
    seen = torch.from_numpy(CLIPS[0]["frames"][:1]).permute(0, 3, 1, 2).float() / 127.5 - 1
    expression = torch.from_numpy(expression_of(CLIPS[0]["flame"]))
    assert (paint(expression[:1] * 0, seen, seen) == 0).all()
    assert paint.features(expression).shape[1] == paint.count > len(SHOWN)
    wanted = torch.from_numpy(CLIPS[0]["frames"][1:]).permute(0, 3, 1, 2).float() / 127.5 - 1 - seen
    made = paint(expression, seen.expand(len(expression), -1, -1, -1), seen.expand(len(expression), -1, -1, -1))
    assert float((made - wanted).abs().mean()) < 0.15 * float(wanted.abs().mean())


@pytest.mark.parametrize(("make", "learns", "bound"), [(CarrierLearner, "carry", 0.995), (FaceLearner, "clean", 0.9)])
def test_faces_learn_a_little(make: type[nn.Module], learns: str, bound: float) -> None:
    network = seeded(1, lambda: FaceDiffusion(LITTLE))
    assert isinstance(network, FaceDiffusion)
    usual_sizes(network, CLIPS)
    born = {name: value.clone() for name, value in network.state_dict().items()}
    learner = make(network)
    assert isinstance(learner, CarrierLearner | FaceLearner)
    windows = Windows(CLIPS, [1, 1, 1], 4, 4, 2, seed=0)
    losses = few_steps(learner, windows, 12)
    assert losses[-1] < bound * losses[0]
    changed = {name.split(".")[0] for name, value in network.state_dict().items() if not torch.equal(value, born[name])}
    assert learns in changed
    assert not changed & ({"see", "carry", "where"} if learns == "clean" else {"clean", "what"})


def test_a_page_shows_clips_however_short_they_are(tmp_path: Path) -> None:
    network = seeded(0, lambda: FaceDiffusion(LITTLE))
    draw_page(CarrierLearner(network), [CLIPS[0], clip(5, rows=40)], tmp_path / "page.png")  # type: ignore[arg-type]
    assert (tmp_path / "page.png").is_file()


def test_the_generator_learns_with_its_judges() -> None:
    random = np.random.default_rng(0)
    learner = seeded(0, lambda: ExpressionLearner(ExpressionGenerator(16), np.ones(EXPRESSION_AND_JAW.size, np.float32)))
    voice = torch.from_numpy(random.uniform(0, 1, (4, 20, ARTICULATION.size)).astype(np.float32))
    emotion = torch.zeros(4, 20, EMOTION.size)
    emotion[:, :, EMOTION.column("happy")] = 1
    expression = voice[:, :, :1].expand(-1, -1, EXPRESSION_AND_JAW.size) + emotion.sum(-1, keepdim=True)
    steps, found = torch.optim.Adam(learner.parameters(), 1e-2), []
    for _ in range(60):
        total, parts = learner.loss({"voice": voice, "emotion": emotion, "expression": expression})
        steps.zero_grad()
        total.backward()
        steps.step()
        found.append(float(parts["position"].detach()))
    assert found[-1] < 0.2 * found[0]
    assert float(parts["read"].detach()) < 0.05  # the judge of emotions has learned what it is shown


def test_blinks_are_taken_out_and_closed_eyes_are_not() -> None:
    values = np.zeros((60, FACE.size), np.float32)
    lid = FACE.column("eyeBlinkLeft")
    values[10:15, lid], values[30:, lid] = 1.0, 0.4
    calm = calm_lids(Track(FACE, values, Fraction(25)))["eyeBlinkLeft"]
    assert calm[:25].max() == 0
    np.testing.assert_allclose(calm[37:], 0.4)


def test_a_size_that_cannot_be_trained_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["train", "emodiffhead", "--size", "huge", "-o", str(tmp_path)]) == 2
    assert "the recipe 'emodiffhead' has no size 'huge' to train; it has tiny, small, full" in capsys.readouterr().err
