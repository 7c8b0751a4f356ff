"""Our LivePortrait networks give what the official ones give, from the same parameters; where the extra `train` is installed.

With THESPIS_LIVEPORTRAIT naming a clone of the official code, its networks are asked anew; the golden tensors are what they said.
"""

import os
import re
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_liveportrait import PLACE, answers  # noqa: E402
from official import answered, filled, golden, sources  # noqa: E402

from thespis.apps.against.liveportrait import SMALL, as_published  # noqa: E402
from thespis.errors import WeightsError  # noqa: E402
from thespis.pixels.liveportrait import convert  # noqa: E402
from thespis.pixels.liveportrait.networks import LivePortraitNetworks, Reading, placed  # noqa: E402
from thespis.pixels.liveportrait.shape import OFFICIAL, TINY, Shape  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_LIVEPORTRAIT")


def converted(files: dict[str, Any], shape: Shape) -> LivePortraitNetworks:
    made = LivePortraitNetworks(shape).eval()
    for part, held in files.items():
        getattr(made, part).load_state_dict(convert.CONVERT[part](held))
    return made


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], LivePortraitNetworks]:
    held, names = answered(request.param, PLACE, CLONE, answers, "tiny")
    return held, converted(as_published({name: filled(own) for name, own in names.items()}), TINY)


def close(made: Any, wanted: Any) -> None:
    assert made.shape == wanted.shape
    assert float(wanted.std()) > 1e-3  # a network that says nothing would be easy to equal
    assert float((made - wanted).abs().max()) <= CLOSE


@torch.no_grad()
def test_every_network_equals_the_official_one(said: tuple[dict[str, Any], LivePortraitNetworks]) -> None:
    held, ours = said
    given = {name.removeprefix("given."): value for name, value in held.items() if name.startswith("given.")}
    close(ours.appearance(given["pictures"]), held["appearance"])
    numbers = ours.motion.numbers(given["pictures"])
    names = {"canonical": "kp", "expression": "exp", "translation": "t", **{same: same for same in ("scale", "pitch", "yaw", "roll")}}
    for name, own in names.items():
        close(numbers[name], held[f"motion.{own}"])
    places, seen = ours.warping.flow(given["volume"], given["source"], given["driving"])
    close(places, held["deformation"])
    close(seen, held["occlusion"])
    close(ours.warping(given["volume"], given["source"], given["driving"]), held["warping"])
    close(ours.drawing(given["features"]), held["drawing"])
    close(ours.corrections.stitching(given["source"], given["driving"]), held["stitching"])
    close(ours.corrections.eyes(given["source"], given["open_eyes"]), held["eyes"])
    close(ours.corrections.lips(given["source"], given["open_lips"]), held["lips"])


def test_the_published_parameters_fit_our_networks_to_the_last() -> None:
    _, listings = golden(PLACE)
    with torch.device("meta"):
        ours = LivePortraitNetworks(OFFICIAL)
    # Values do not matter here, only names and shapes; so none are made.
    files = as_published({part: {name: torch.zeros(shape) for name, shape in own.items()} for part, own in listings["full"].items()})
    for part, held in files.items():
        found = {name: value.shape for name, value in convert.CONVERT[part](held).items()}
        assert found == {name: value.shape for name, value in getattr(ours, part).state_dict().items()}


def test_the_small_networks_are_read_from_other_layouts_too() -> None:
    _, listings = golden(PLACE)
    official = {name: filled(own) for name, own in listings["tiny"].items()}
    wanted = convert.corrections(as_published(official)["corrections"])
    flat = {f"{put}_module.{name}": value for own, put in SMALL.items() for name, value in official[own].items()}
    found = convert.corrections(flat)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], wanted[name]) for name in found)


def test_weights_of_something_else_are_refused() -> None:
    with pytest.raises(WeightsError, match=re.escape("these are not weights of LivePortrait: 'decoder.weight' belongs to none")):
        convert.appearance({"decoder.weight": torch.zeros(1)})


@torch.no_grad()
def test_keypoints_are_placed_by_the_formula() -> None:
    turn = torch.tensor([[[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]])
    none = torch.zeros(1)
    reading = Reading(
        torch.tensor([[[1.0, 0, 0]]]), torch.tensor([[[0.0, 0.5, 0]]]), none, none, none, torch.tensor([[0.1, 0.2, 9]]),
        torch.tensor([2.0]), none,
    )  # fmt: skip
    assert torch.allclose(placed(reading, turn), torch.tensor([[[0.1, 3.2, 0.0]]]))


@torch.no_grad()
def test_stitching_moves_all_points_of_a_picture_alike_besides_each() -> None:
    ours = LivePortraitNetworks(TINY)
    for layer in ours.corrections.stitching.layers:
        torch.nn.init.zeros_(layer.weight)
        torch.nn.init.zeros_(layer.bias)
    ours.corrections.stitching.layers[-1].bias[-2:] = torch.tensor([0.3, -0.2])
    source = torch.zeros(1, 21, 3)
    assert torch.allclose(ours.corrections.stitched(source, source), torch.tensor([0.3, -0.2, 0]).expand(1, 21, 3))
