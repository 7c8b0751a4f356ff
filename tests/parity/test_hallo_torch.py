"""Our networks of Hallo give what the official ones give, from the same parameters; with the extra `train`.

With THESPIS_HALLO naming a clone of the official code (which needs einops), that is asked anew; the golden tensors are what it said.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("diffusers", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_hallo import FRAMES, PAST, PLACE, ROWS, WIDTHS, answers, inputs  # noqa: E402
from official import answered, filled, golden, sources  # noqa: E402

from thespis.errors import WeightsError  # noqa: E402
from thespis.pixels.hallo.convert import converted, load, renamed  # noqa: E402
from thespis.pixels.hallo.networks import HalloNetwork, attending  # noqa: E402
from thespis.pixels.hallo.shape import SHAPES, HalloShape  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_HALLO")
TINY = HalloShape(
    side=64, factor=8, channels=4, frames=FRAMES, past=PAST, beside=False, widths=WIDTHS, layers=2, heads=4, groups=32, told=24, face=40,
    face_tokens=3, heard=120, inner=20, voice_tokens=6, located=(16, 32, 64, 128), longest=32,
)  # fmt: skip


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Any]:
    return answered(request.param, PLACE, CLONE, answers, "tiny", "all")


@pytest.fixture(scope="module")
def ours(said: tuple[dict[str, Any], Any]) -> HalloNetwork:
    network = HalloNetwork(TINY).eval()
    load(network, {name: value for name, value in filled(said[1]).items() if not name.endswith(".pe")}, "the made-up network")
    return network.requires_grad_(False)


def apart(made: Any, wanted: Any) -> float:
    assert made.shape == wanted.shape
    return float((made - wanted).abs().max())


def test_what_is_told_equals_the_official_answers(said: tuple[dict[str, Any], Any], ours: HalloNetwork) -> None:
    given, held = inputs(), said[0]
    assert apart(ours.face(given["face"]), held["face"]) < CLOSE
    assert apart(ours.voice(given["voice"].reshape(ROWS * FRAMES, -1)).unflatten(0, (ROWS, FRAMES)), held["voice"]) < CLOSE
    assert apart(ours.locator(given["where"]), held["where"]) < CLOSE


def test_audio_attention_and_motion_module_equal_the_official_ones(said: tuple[dict[str, Any], Any], ours: HalloNetwork) -> None:
    given, held = inputs(), said[0]
    level = ours.denoiser.down_blocks[1].attentions[1]
    mask = torch.nn.functional.avg_pool2d(given["regions"], 2).flatten(2).repeat_interleave(FRAMES, dim=0)
    heard = level.audio(held["alone"].flatten(0, 1), held["voice"].flatten(0, 1), mask, given["weights"].flatten(0, 1))
    assert float((held["alone_heard"] - held["alone"]).abs().max()) > 0.1
    assert apart(heard.unflatten(0, (ROWS, FRAMES)), held["alone_heard"]) < CLOSE
    level.motion.clock.frames = FRAMES
    moved = level.motion(held["alone"].flatten(0, 1)).unflatten(0, (ROWS, FRAMES))
    assert float((held["alone_moved"] - held["alone"]).abs().max()) > 0.1
    assert apart(moved, held["alone_moved"]) < CLOSE


def test_what_is_seen_of_a_portrait_equals_what_the_official_network_notes(said: tuple[dict[str, Any], Any], ours: HalloNetwork) -> None:
    given, held = inputs(), said[0]
    noted = ours.see(given["pictures"], given["face"].repeat_interleave(1 + PAST, dim=0))
    assert len(noted) == len([name for name in held if name.startswith("seen_")]) == len(list(attending(ours.reference, TINY)))
    assert max(apart(made, held[f"seen_{number}"]) for number, made in enumerate(noted)) < CLOSE


def test_the_whole_network_equals_the_official_one(said: tuple[dict[str, Any], Any], ours: HalloNetwork) -> None:
    given, held = inputs(), said[0]
    noted = [held[f"seen_{number}"].unflatten(0, (ROWS, 1 + PAST)) for number in range(len(list(attending(ours.reference, TINY))))]
    made = ours(
        given["noisy"], given["step"], [each[:, 0] for each in noted], [each[:, 1:] for each in noted], given["face"],
        given["voice"].flatten(2), given["regions"], given["where"], given["weights"], torch.ones(ROWS, 2),
    )  # fmt: skip
    assert float(held["velocity"].std()) > 0.1
    assert apart(made, held["velocity"]) < CLOSE


def test_the_published_parameters_fit_to_the_last() -> None:
    _, listings = golden(PLACE)
    shape = SHAPES["full"]
    with torch.device("meta"):
        network = HalloNetwork(shape)
        held = {name: torch.zeros(size) for name, size in listings["full"]["all"].items()}
    load(network, held, "the listing", check_only=True)
    never = {name for name in held if ".motion_modules." in name and name.split(".")[1:3] in (["down_blocks", "3"], ["up_blocks", "0"])}
    assert len(renamed(held, shape)) == len(held) - len(never)
    held.pop("denoising_unet.conv_in.weight")
    with pytest.raises(WeightsError, match=r"does not fit Hallo: denoiser.conv_in.weight is missing; more is unknown"):
        load(network, {**held, "more": torch.zeros(1)}, "the listing", check_only=True)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"denoising_unet.conv_in.weight": torch.zeros(1)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="does not fit Hallo"):
        converted({"network.safetensors": tmp_path / "net.pth"}, tmp_path)


def test_an_unknown_portrait_is_not_read(ours: HalloNetwork) -> None:
    given = inputs()
    random = np.random.default_rng(0)
    kinds = [(size.parts, TINY.widths[size.level], (8 >> size.level) ** 2) for size in attending(ours.reference, TINY)]

    def answer(known: float) -> Any:
        seen = [torch.from_numpy(random.standard_normal((ROWS, count, width)).astype(np.float32)) for _, width, count in kinds]
        past = [torch.zeros(ROWS, PAST, count, width) for _, width, count in kinds]
        return ours(
            given["noisy"], given["step"], seen, past, given["face"], given["voice"].flatten(2), given["regions"], given["where"],
            given["weights"], torch.tensor([[known, 1.0]] * ROWS),
        )  # fmt: skip

    assert apart(answer(0.0), answer(0.0)) < CLOSE
    assert apart(answer(1.0), answer(1.0)) > 0.01
