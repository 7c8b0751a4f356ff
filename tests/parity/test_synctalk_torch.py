"""Our field and ears of SyncTalk give what the official ones give, from the same parameters; and without torch what they give with it.

With THESPIS_SYNCTALK naming a clone of the official code, that is asked anew; the golden tensors are what it said.
"""

import os
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from fitted import parameters  # noqa: E402
from golden.make_synctalk import PLACE, answers  # noqa: E402
from official import answered, filled, sources  # noqa: E402

from thespis.pixels.field.networks import Field, Tower, composed, convert  # noqa: E402
from thespis.pixels.field.run import RunningField  # noqa: E402
from thespis.pixels.field.shape import OFFICIAL, SHAPES, WINDOW, harmonics  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_SYNCTALK")


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], dict[str, Any]]:
    return answered(request.param, PLACE, CLONE, answers, "official")


def near(ours: Any, theirs: Any) -> bool:
    """Whether they differ by less than a ten-thousandth of how large the numbers are."""
    size = max(float(theirs.abs().max()), 1.0)
    return float((ours.reshape(theirs.shape) - theirs).abs().max()) <= CLOSE * size


@torch.no_grad()
def test_the_field_equals_the_official_one(said: tuple[dict[str, Any], dict[str, Any]]) -> None:
    held, names = said
    field = Field(OFFICIAL, WINDOW).eval()
    missing, more = field.load_state_dict(convert(filled(names["field"])))
    assert not missing
    assert not more
    code = field.hearing(held["given.heard"][None])
    assert near(code, held["code"])
    places, count = held["given.places"], len(held["given.places"])
    along = torch.stack(harmonics(*held["given.directions"].unbind(dim=1)), dim=1)
    made = field(places, along, code.expand(count, -1), held["given.upper"].expand(count, -1), held["given.own"].expand(count, -1))
    for name in ("density", "colour", "voice_gate", "upper_gate", "doubt"):
        assert near(made[name], held[name]), name
        assert float(held[name].std()) > 1e-3
    # Grids of both kinds were read, and places outside answer with nothing.
    assert {level.hashed for level in OFFICIAL.grids} == {False, True}
    assert not field.look(torch.full((1, 3), 1.5)).any()


@torch.no_grad()
def test_the_ear_equals_the_official_one(said: tuple[dict[str, Any], dict[str, Any]]) -> None:
    held, names = said
    tower = Tower().eval()
    tower.load_state_dict(filled(names["tower"]))
    assert near(tower(held["given.mel"]), held["tower"])


@torch.no_grad()
@pytest.mark.parametrize("size", SHAPES)
def test_without_torch_the_field_says_the_same(size: str) -> None:
    shape = SHAPES[size]
    tensors = parameters(shape)
    field = Field(shape, WINDOW)
    learned = {name: torch.from_numpy(value) for name, value in tensors.items() if name != "behind"}
    doubt = {name: value for name, value in field.state_dict().items() if name.startswith("doubt.")}
    field.load_state_dict({**learned, **doubt})
    running, random = RunningField(shape, tensors), np.random.default_rng(0)
    window = random.normal(size=(WINDOW, shape.hearing)).astype(np.float32)
    code = running.hear(window)
    assert np.abs(code - field.hearing(torch.from_numpy(window)[None])[0].numpy()).max() < 1e-4
    places = random.uniform(-2.1, 2.1, (200, 3)).astype(np.float32)
    direction, upper = np.array([0.36, -0.48, 0.8], np.float32), random.uniform(0, 1, shape.upper).astype(np.float32)
    density, colour = running.look(places, direction, code, upper)
    along = torch.stack(harmonics(*torch.from_numpy(np.repeat(direction[None], 200, axis=0)).unbind(dim=1)), dim=1)
    told = [torch.from_numpy(np.repeat(value[None], 200, axis=0)) for value in (code, upper)]
    made = field(torch.from_numpy(places), along, *told, torch.zeros(200, shape.own))
    np.testing.assert_allclose(density, made["density"].numpy(), rtol=2e-3, atol=1e-5)
    np.testing.assert_allclose(colour, made["colour"].numpy(), atol=1e-4)


def test_what_stands_before_hides_what_is_behind() -> None:
    density, lengths = torch.tensor([[0.0, 1e4, 5.0], [0.0, 0.0, 0.0]]), torch.full((2, 3), 0.1)
    colour = torch.eye(3).expand(2, 3, 3)
    made, weights = composed(density, colour, lengths, torch.full((2, 3), 0.5))
    assert torch.allclose(made[0], torch.tensor([0.0, 1.0, 0.0]))
    assert torch.allclose(made[1], torch.full((3,), 0.5))
    assert torch.allclose(weights.sum(dim=1), torch.tensor([1.0, 0.0]))
