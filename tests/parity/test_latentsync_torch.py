"""Our inflated network and sync network of LatentSync give what the official ones give, from the same parameters; with the extra `train`.

With THESPIS_LATENTSYNC naming a clone of the official code (which needs einops), that is asked anew; the golden tensors are what it said.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
pytest.importorskip("diffusers", reason="torch is not installed: pip install 'thespis[train]'")

from golden.make_latentsync import PLACE, answers, inputs  # noqa: E402
from official import answered, filled, golden, sources  # noqa: E402

from thespis.apps.against.latentsync import LIP_STEPS  # noqa: E402
from thespis.errors import WeightsError  # noqa: E402
from thespis.pixels.dub.lip_networks import first_noise  # noqa: E402
from thespis.pixels.dub.lip_official import Heard, apart, converted, whole_tokens  # noqa: E402
from thespis.pixels.dub.lip_shape import SHAPES, LipShape  # noqa: E402
from thespis.pixels.dub.lip_torch import TorchLips, video_shape  # noqa: E402
from thespis.pixels.dub.syncnet import PUBLISHED, SyncNet, SyncShape, TowerShape  # noqa: E402
from thespis.pixels.inflated import VideoNetwork, VideoShape, adopt  # noqa: E402
from thespis.types import random_for  # noqa: E402

pytestmark = pytest.mark.parity
CLOSE = 1e-4
CLONE = os.environ.get("THESPIS_LATENTSYNC")
TINY = VideoShape(13, 4, (32, 64, 64, 64), 2, 4, 32, 24)
TINY_SYNC = SyncShape(
    TowerShape(1, (32,) * 7, PUBLISHED.voice.steps, PUBLISHED.voice.attends),
    TowerShape(48, (32,) * 8, PUBLISHED.lips.steps, PUBLISHED.lips.attends),
)


@pytest.fixture(scope="module", params=sources(CLONE))
def said(request: pytest.FixtureRequest) -> tuple[dict[str, Any], Any]:
    return answered(request.param, PLACE, CLONE, answers, "tiny")


def test_the_network_equals_the_official_one(said: tuple[dict[str, Any], Any]) -> None:
    held, names = said
    ours = VideoNetwork(TINY).eval()
    # Places in time are no parameters: they are what they are.
    drawn = {name: value for name, value in filled(names["network"]).items() if not name.endswith("pos_encoder.pe")}
    assert adopt(ours, drawn) == []
    given = inputs()
    with torch.no_grad():
        made = ours(given["latents"], given["step"], given["tokens"])
    assert float(held["noise"].std()) > 0.1
    assert float((made - held["noise"]).abs().max()) < CLOSE


def test_the_sync_network_equals_the_official_one(said: tuple[dict[str, Any], Any]) -> None:
    held, names = said
    ours = SyncNet(TINY_SYNC).eval()
    ours.load_state_dict(filled(names["sync"]))
    given = inputs()
    with torch.no_grad():
        lips, voice = ours.double()(given["lips"].double(), given["mel"].double())
    assert float((lips - held["lips"]).abs().max()) < CLOSE
    assert float((voice - held["voice"]).abs().max()) < CLOSE
    assert len(LIP_STEPS) == len(PUBLISHED.lips.steps)


def test_the_published_parameters_fit_to_the_last() -> None:
    _, listings = golden(PLACE)
    with torch.device("meta"):
        network, sync = VideoNetwork(video_shape(SHAPES["full"])), SyncNet()
        held = {part: {name: torch.zeros(shape) for name, shape in names.items()} for part, names in listings["full"].items()}
    assert adopt(network, held["network"], check_only=True) == []
    assert apart(sync.state_dict(), held["sync"]) == []
    held["network"].pop("conv_in.weight")
    assert adopt(network, {**held["network"], "more": torch.zeros(1)}, check_only=True) == ["conv_in.weight is missing", "more is unknown"]


def test_files_of_something_else_are_refused(tmp_path: Path) -> None:
    torch.save({"state_dict": {"conv_in.weight": torch.zeros(1)}}, tmp_path / "net.pt")
    with pytest.raises(WeightsError, match=r"does not fit LatentSync: conv_in\.weight has the shape"):
        converted({"network.safetensors": tmp_path / "net.pt"}, tmp_path)
    with pytest.raises(WeightsError, match="does not fit LatentSync"):
        converted({"syncnet.safetensors": tmp_path / "net.pt"}, tmp_path)


def test_the_published_way_of_hearing() -> None:
    rows, times = np.arange(40, dtype=np.float32)[:, None].repeat(2, axis=1), np.arange(40) / 50
    found = Heard()(rows, times, [0, 5], 25)
    assert found[:, ::2].tolist() == [[0, 0, 0, 0, 0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11, 12, 13, 14, 15]]
    shape = LipShape(frames=2, taps=10, told=2)
    assert whole_tokens(found, shape)[1, :, 0].tolist() == list(range(6, 16))


def test_the_published_system_paints_with_any_autoencoder() -> None:
    from diffusers import AutoencoderKL

    shape = LipShape(
        side=64,
        frames=3,
        channels=4,
        factor=8,
        widths=(32, 64, 64, 64),
        layers=1,
        heads=4,
        groups=32,
        taps=10,
        told=24,
        steps=2,
        guidance=1.5,
    )
    kinds = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    coder = AutoencoderKL(**kinds, block_out_channels=(8, 8, 8, 8), layers_per_block=1, latent_channels=4, norm_num_groups=4)
    lips = TorchLips(VideoNetwork(video_shape(shape)), coder, shape)
    random = random_for(2, "squares")
    squares = random.integers(0, 255, (3, 64, 64, 3)).astype(np.uint8)
    new = lips.paint(squares, random.normal(size=(3, 10, 24)).astype(np.float32), first_noise(shape, 0), 1.5)
    assert (new.before == squares).all()
    assert new.made.shape == squares.shape
    assert new.made.std() > 1
