"""Our denoiser and sampler of Ditto give what the official ones give, from the same parameters; where the extra `train` is installed.

With THESPIS_DITTO naming a clone of the official code (which needs einops), that is asked anew; the golden tensors are what it said.
"""

import os
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_ditto import CONDITION, COUNT, FRAMES, MOTION, PLACE, TINY, answers  # noqa: E402
from made_up import NOBODY, offline, same, streamed  # noqa: E402
from official import answered, filled, golden, sources  # noqa: E402

from thespis.errors import DirectionError, WeightsError  # noqa: E402
from thespis.motion.diffusion import sample  # noqa: E402
from thespis.motion.liveportrait import builtin_map, keypoints_of  # noqa: E402
from thespis.motion.networks.ditto import OFFICIAL, DittoShape  # noqa: E402
from thespis.motion.networks.ditto_official import (  # noqa: E402
    DITTO_MOTION,
    FEELINGS,
    HEARD_AND_EYES,
    Facts,
    FullDitto,
    Onto,
    Smooth,
    conditions_of,
    labels,
)
from thespis.motion.networks.ditto_torch import DittoNetwork, TorchDenoiser, convert, converted, fitted  # noqa: E402
from thespis.motion.spaces.ditto import EYES  # noqa: E402
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT  # noqa: E402
from thespis.stages import Causal, Chain, Windowed  # noqa: E402
from thespis.types import EMOTION, Curve, Direction, Track  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE, SAMPLED = 1e-4, 1e-3  # the official schedule is multiplied up in single precision, ours in double
CLONE = os.environ.get("THESPIS_DITTO")
SHAPE = DittoShape(MOTION, CONDITION, FRAMES, TINY["latent_dim"], TINY["ff_size"], TINY["num_layers"], 2, TINY["num_heads"])


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], DittoNetwork]:
    held, names = answered(request.param, PLACE, CLONE, answers, "tiny", "denoiser")
    ours = DittoNetwork(SHAPE).eval()
    ours.load_state_dict(convert(filled(names)))
    return held, ours


@torch.no_grad()
def test_the_denoiser_equals_the_official_one(said: tuple[dict[str, Any], DittoNetwork]) -> None:
    held, ours = said
    given = [held[f"given.{name}"] for name in ("noisy", "before", "conditions", "step")]
    for name, told in (("told", 1.0), ("untold", 0.0)):
        made = ours(*given, torch.full((2,), told))
        assert float(held[name].std()) > 1e-2
        assert float((made - held[name]).abs().max()) <= CLOSE
    assert float((held["told"] - held["untold"]).abs().max()) > 0.01
    mixed = ours(*given, torch.tensor([1.0, 0.0]))
    assert float((mixed - torch.stack([held["told"][0], held["untold"][1]])).abs().max()) <= CLOSE


@torch.no_grad()
def test_the_sampler_equals_the_official_one(said: tuple[dict[str, Any], DittoNetwork]) -> None:
    held, ours = said
    noises = iter(held["given.noises"][1:].numpy())
    asked = torch.cat([held["given.before"][:1]] * 2), torch.cat([held["given.conditions"][:1]] * 2)

    def clean(noisy: Any, step: int) -> Any:
        both = ours(torch.from_numpy(noisy).repeat(2, 1, 1), *asked, torch.full((2,), step), torch.tensor([0.0, 1.0])).numpy()
        return both[:1] + 2 * (both[1:] - both[:1])

    found = sample(held["given.noises"][0].numpy(), lambda _: next(noises), COUNT, clean)
    np.testing.assert_allclose(found, held["sampled"].numpy(), atol=SAMPLED)


def facts(held: dict[str, Any]) -> Facts:
    own = [held[f"given.{name}"].numpy() for name in ("own", "canonical", "opened", "balls")]
    return Facts(*own, np.array([0.1, 0.1], np.float32))


def test_conditions_are_the_official_ones(said: tuple[dict[str, Any], DittoNetwork]) -> None:
    held, _ = said
    eyes = np.zeros((5, EYES.size), np.float32)
    eyes[:, [EYES.column("open_left"), EYES.column("open_right")]] = 1
    happy = np.zeros((5, EMOTION.size), np.float32)
    happy[:, EMOTION.column("happy")] = 1
    made = conditions_of(held["given.heard"].numpy(), eyes, happy, facts(held))
    np.testing.assert_allclose(made, held["conditions"].numpy(), atol=CLOSE)
    eyes[:, EYES.column("open_left")] = 0
    blinking = conditions_of(held["given.heard"].numpy(), eyes, happy, facts(held))
    assert np.flatnonzero(np.abs(blinking - made).max(axis=0)).tolist() == [1024 + 8 + 1]  # the eye on the picture's right


def test_motion_is_put_onto_a_portrait_as_officially(said: tuple[dict[str, Any], DittoNetwork]) -> None:
    held, _ = said
    stage = Causal(Onto(lambda _: facts(held)))
    rows = Track(DITTO_MOTION, held["given.rows"].numpy(), Fraction(25))
    made = stage.step(stage.start(NOBODY, Direction()), rows, True)
    canonical = held["given.canonical"].numpy().reshape(21, 3)
    np.testing.assert_allclose(keypoints_of(made, replace(builtin_map(), canonical=canonical)), held["placed"].numpy(), atol=CLOSE)


def test_feelings_are_mixed_and_what_is_missing_is_neutral() -> None:
    felt = np.zeros((3, EMOTION.size), np.float32)
    felt[1, EMOTION.column("sad")] = 0.5
    felt[2, [EMOTION.column("sad"), EMOTION.column("angry")]] = 1.0
    made = labels(felt)
    np.testing.assert_allclose(made.sum(axis=1), 1, atol=1e-6)
    assert made[0].argmax() == FEELINGS.index("neutral")
    np.testing.assert_allclose(made[1, FEELINGS.index("sad")], made[1, FEELINGS.index("neutral")], atol=1e-6)
    np.testing.assert_allclose(made[2, FEELINGS.index("sad")], made[2, FEELINGS.index("angry")], atol=1e-6)
    assert made[2, FEELINGS.index("neutral")] < 0.01


def test_the_full_chain_runs_in_windows_and_streams() -> None:
    shape = DittoShape(DITTO_MOTION.size, 1103, 20, 16, 24, 1, 1, 2)
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        denoiser = TorchDenoiser(DittoNetwork(shape).eval())
    random = np.random.default_rng(0)
    own = Facts(random.normal(size=265).astype(np.float32), *(random.normal(size=n).astype(np.float32) for n in (63, 2, 6, 2)))
    stage = Chain(
        Windowed(FullDitto(denoiser, lambda _: own, steps=2), hop=14, future=6, fade=6, history=1),
        Windowed(Smooth(), hop=5, past=1, future=1), Causal(Onto(lambda _: own)),
    )  # fmt: skip
    given = Track(HEARD_AND_EYES, random.normal(size=(47, HEARD_AND_EYES.size)).astype(np.float32), Fraction(25))
    whole = offline(stage, given)
    assert (whole.space, len(whole)) == (LIVEPORTRAIT, 47)
    assert np.isfinite(whole.values).all()
    assert same(streamed(stage, given, [3, 20, 21, 40]), whole)
    assert np.abs(np.diff(whole["yaw"])).max() > 0
    assert not same(offline(stage, given, Direction(emotion=Curve.constant(EMOTION, happy=1.0))), whole)
    with pytest.raises(DirectionError, match="guidance of audio goes from 0 to 6: 2 is usual"):
        stage.start(NOBODY, Direction(guidance={"audio": -1}))


def test_the_published_denoiser_is_put_in_place(tmp_path: Path) -> None:
    torch.save({"model_state_dict": {"mlp.weight": torch.zeros(1)}}, tmp_path / "lmdm.pth")
    with pytest.raises(WeightsError, match="these are not weights of Ditto's denoiser"):
        converted({"denoiser.safetensors": tmp_path / "lmdm.pth"}, tmp_path)
    _, listings = golden(PLACE)
    torch.save({"model_state_dict": filled(listings["tiny"]["denoiser"])}, tmp_path / "lmdm.pth")
    with pytest.raises(WeightsError, match="does not fit Ditto's denoiser"):
        converted({"denoiser.safetensors": tmp_path / "lmdm.pth"}, tmp_path)
    network = fitted(convert(filled(listings["tiny"]["denoiser"])), tmp_path, SHAPE)
    assert TorchDenoiser(network).frames == FRAMES


def test_the_published_parameters_fit_our_network_to_the_last() -> None:
    _, listings = golden(PLACE)
    with torch.device("meta"):
        ours = DittoNetwork(OFFICIAL)
    found = convert({name: torch.zeros(shape) for name, shape in listings["full"]["denoiser"].items()})
    assert {name: value.shape for name, value in found.items()} == {name: value.shape for name, value in ours.state_dict().items()}


def test_weights_of_something_else_are_refused() -> None:
    with pytest.raises(WeightsError, match=re.escape("these are not weights of Ditto's denoiser: it has no 'mlp.weight'")):
        convert({"mlp.weight": torch.zeros(1)})
