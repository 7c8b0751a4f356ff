"""Our denoiser and sampler of Ditto give what the official ones give, from the same parameters; where the extra `train` is installed.

With THESPIS_DITTO naming a clone of the official code (which needs einops), that is asked anew; the golden tensors are what it said.
"""

import os
import re
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_ditto import CONDITION, COUNT, FRAMES, MOTION, PLACE, TINY, answers  # noqa: E402
from official import filled, golden  # noqa: E402

from thespis.errors import WeightsError  # noqa: E402
from thespis.motion.diffusion import sample  # noqa: E402
from thespis.motion.networks.ditto import OFFICIAL, DittoShape  # noqa: E402
from thespis.motion.networks.ditto_torch import DittoNetwork, convert  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE, SAMPLED = 1e-4, 1e-3  # the official schedule is multiplied up in single precision, ours in double
CLONE = os.environ.get("THESPIS_DITTO")
SHAPE = DittoShape(MOTION, CONDITION, FRAMES, TINY["latent_dim"], TINY["ff_size"], TINY["num_layers"], 2, TINY["num_heads"])


@pytest.fixture(scope="module", params=["golden", *(["official"] if CLONE else [])])
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], DittoNetwork]:
    held, listings = golden(PLACE)
    names: Any = listings["tiny"]["denoiser"]
    if request.param == "official":
        fresh, names = answers(str(CLONE))
        held = {**{name: value for name, value in held.items() if name.startswith("given.")}, **fresh}
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


def test_the_published_parameters_fit_our_network_to_the_last() -> None:
    _, listings = golden(PLACE)
    with torch.device("meta"):
        ours = DittoNetwork(OFFICIAL)
    found = convert({name: torch.zeros(shape) for name, shape in listings["full"]["denoiser"].items()})
    assert {name: value.shape for name, value in found.items()} == {name: value.shape for name, value in ours.state_dict().items()}


def test_weights_of_something_else_are_refused() -> None:
    with pytest.raises(WeightsError, match=re.escape("these are not weights of Ditto's denoiser: it has no 'mlp.weight'")):
        convert({"mlp.weight": torch.zeros(1)})
