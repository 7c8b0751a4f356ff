"""Our network of EmoFace gives what the official one gives, from the same parameters.

With THESPIS_EMOFACE naming a clone of the official code, that is asked anew; the golden tensors are what it said.
"""

import os
from dataclasses import replace
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_emoface import EMOTION, HEARD, PLACE, TINY, answers  # noqa: E402
from official import answered, filled, sources  # noqa: E402

from thespis.motion.networks.emoface import OFFICIAL  # noqa: E402
from thespis.motion.networks.emoface_torch import EmoFaceNetwork, convert  # noqa: E402
from thespis.motion.spaces.rig import EMOTIONS, RIG  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_EMOFACE")
SHAPE = replace(OFFICIAL, heard=HEARD, between=512, width=TINY["d_model"], layers=TINY["num_layers"], heads=TINY["nhead"])


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Any]:
    return answered(request.param, PLACE, CLONE, answers, "tiny", "network")


def network(names: Any) -> Any:
    """Ours with the made-up parameters of the official one."""
    ours = EmoFaceNetwork(SHAPE).eval()
    ours.load_state_dict(convert(filled(names)))
    return ours


@torch.no_grad()
def test_the_network_equals_the_official_one(said: tuple[dict[str, Any], Any]) -> None:
    held, names = said
    ours, heard = network(names), held["given.heard"]
    felt = torch.zeros(1, heard.shape[1], len(EMOTIONS))
    felt[..., EMOTION] = 1
    made = ours(heard, felt)
    assert made.shape == held["rig"].shape == (1, heard.shape[1], RIG.size)
    assert float(held["rig"].std()) > 1e-2
    assert float((made - held["rig"]).abs().max()) <= CLOSE
    assert float((ours(heard, torch.zeros_like(felt)) - held["rig"]).abs().max()) > 1e-2


@torch.no_grad()
def test_the_official_one_sees_each_frame_alone_and_ours_all_of_a_window(said: tuple[dict[str, Any], Any]) -> None:
    held, names = said
    ours, heard = network(names), held["given.heard"]
    other = heard.clone()
    other[:, -1] += 1
    felt = torch.zeros(1, heard.shape[1], len(EMOTIONS))
    assert torch.allclose(ours(heard, felt)[:, 0], ours(other, felt)[:, 0], atol=1e-6)
    together = EmoFaceNetwork(replace(SHAPE, alone=False)).eval()
    together.load_state_dict(ours.state_dict())
    assert float((together(heard, felt)[:, 0] - together(other, felt)[:, 0]).abs().max()) > 1e-4
    half = torch.zeros_like(felt)
    half[..., EMOTION] = 0.5
    middle = (ours.codes()[EMOTION] + ours.codes()[OFFICIAL.neutral]) / 2
    neutral = ours.codes()[OFFICIAL.neutral]
    assert torch.allclose(neutral + half[0, 0] @ (ours.codes() - neutral), middle, atol=1e-5)
