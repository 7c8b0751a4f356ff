"""Our sampler gives what diffusers' gives, and networks of every size do what their shapes say; where the extra `train` is installed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
diffusers = pytest.importorskip("diffusers", reason="torch and diffusers are not installed: pip install 'thespis[train]'")

from thespis.errors import WeightsError  # noqa: E402
from thespis.motion.networks.dial import Generator  # noqa: E402
from thespis.motion.networks.expression import ExpressionGenerator  # noqa: E402
from thespis.pixels.diffusion.latent import Coder, load_coder  # noqa: E402
from thespis.pixels.diffusion.load import read_network  # noqa: E402
from thespis.pixels.diffusion.networks import TorchFace  # noqa: E402
from thespis.pixels.diffusion.sampling import KEPT, ddim, noised, sample, trailing  # noqa: E402
from thespis.pixels.diffusion.shape import SHAPES, NetworkShape  # noqa: E402
from thespis.pixels.diffusion.unet import FaceDiffusion  # noqa: E402
from thespis.pixels.diffusion.windows import TOLD, draw, window_noise  # noqa: E402
from thespis.types import Array  # noqa: E402

pytestmark = pytest.mark.parity
LITTLE = NetworkShape(side=16, widths=(8, 16), condition=16, heads=2, frames=3)
LATENT = NetworkShape(side=16, channels=4, fold=1, widths=(8, 16), condition=16, heads=2, frames=3)


def made(shape: NetworkShape) -> FaceDiffusion:
    """A network whose every parameter counts: those that begin at zero are drawn too."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        network = FaceDiffusion(shape).eval()
        for parameter in network.parameters():
            if not parameter.detach().any():
                torch.nn.init.normal_(parameter, std=0.05)
    return network


def before(face: TorchFace) -> Array:
    """Changes of earlier frames."""
    return np.random.default_rng(3).standard_normal((face.past, *face.noise_shape)).astype(np.float32)


def conditions(shape: NetworkShape) -> Mapping[str, Array]:
    """Random conditions of a window."""
    random, sizes = np.random.default_rng(1), {"audio": shape.audio, "expression": shape.expression, "pose": shape.pose}
    return {name: random.standard_normal((shape.frames, size)).astype(np.float32) for name, size in sizes.items()}


@pytest.fixture
def autoencoder() -> object:
    """A tiny autoencoder of diffusers with random weights."""
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        return diffusers.AutoencoderKL(
            block_out_channels=(4, 8), norm_num_groups=2, latent_channels=4, scaling_factor=0.2,
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2,
        ).eval()  # fmt: skip


@pytest.mark.parametrize("count", [1, 4, 20])
def test_the_sampler_equals_diffusers(count: int) -> None:
    theirs = diffusers.DDIMScheduler(
        beta_schedule="squaredcos_cap_v2", prediction_type="sample", timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True
    )
    np.testing.assert_allclose(theirs.alphas_cumprod.numpy(), KEPT, rtol=2e-3, atol=1e-7)
    theirs.set_timesteps(count)
    assert theirs.timesteps.tolist() == trailing(count)
    random = np.random.default_rng(0)
    noisy, clean = (random.standard_normal((2, 3, 4, 4)).astype(np.float32) for _ in range(2))
    steps = trailing(count)
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        other = theirs.step(torch.from_numpy(clean), step, torch.from_numpy(noisy)).prev_sample.numpy()
        noisy = ddim(noisy, clean, step, after)
        np.testing.assert_allclose(noisy, other, atol=2e-3)
    mixed = theirs.add_noise(torch.from_numpy(clean), torch.from_numpy(noisy), torch.tensor([500, 500])).numpy()
    np.testing.assert_allclose(noised(clean, noisy, 500), mixed, atol=1e-4)


def test_a_network_draws_what_it_is_told_and_repeats_itself() -> None:
    face, picture = TorchFace(made(LITTLE)), np.random.default_rng(2).integers(0, 255, (16, 16, 3)).astype(np.uint8)
    past = before(face)
    plan = face.plan(face.see(picture), past, conditions(LITTLE))
    answers = face.clean(plan, window_noise(face, 0, 0), 700, TOLD)
    assert answers.shape == (3, 3, 3, 16, 16)
    for one, other in ((0, 1), (1, 2)):  # the voice, then the expression, each changes the answer
        assert np.abs(answers[one] - answers[other]).max() > 1e-4
    np.testing.assert_allclose(face.clean(plan, window_noise(face, 0, 0), 700, TOLD[-1:])[0], answers[-1], atol=1e-5)
    frames = face.finished(plan, draw(face, plan, window_noise(face, 0, 0), 2, (1.5, 2.0)))
    np.testing.assert_array_equal(frames, face.finished(plan, draw(face, plan, window_noise(face, 0, 0), 2, (1.5, 2.0))))
    other_past = face.plan(face.see(picture), past * 0.5, conditions(LITTLE))
    assert np.abs(face.clean(other_past, window_noise(face, 0, 0), 700, TOLD[-1:]) - answers[-1]).max() > 1e-4


def test_frames_of_a_window_know_each_other() -> None:
    face, picture = TorchFace(made(LITTLE)), np.full((16, 16, 3), 90, np.uint8)
    plan = face.plan(face.see(picture), before(face), conditions(LITTLE))
    noise = window_noise(face, 0, 0)
    changed = noise.copy()
    changed[2] += 1
    apart = np.abs(face.clean(plan, noise, 900, TOLD[-1:]) - face.clean(plan, changed, 900, TOLD[-1:]))[0]
    assert apart[0].max() > 1e-6  # frame 0 answers otherwise when frame 2 does


def test_latents_of_an_autoencoder_are_drawn_and_decoded(autoencoder: object) -> None:
    coder = Coder(autoencoder)
    face = TorchFace(made(LATENT), coder)
    assert (coder.factor, face.side, face.noise_shape) == (2, 32, (4, 16, 16))
    picture = np.random.default_rng(2).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    plan = face.plan(face.see(picture), before(face), conditions(LATENT))
    frames = face.finished(plan, draw(face, plan, window_noise(face, 0, 0), 2))
    assert frames.shape == (3, 32, 32, 3)
    assert frames.std() > 0


def test_an_autoencoder_is_read_from_a_folder_and_its_absence_told(autoencoder: object, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"there is no autoencoder in .*: put the folder of a diffusers AutoencoderKL there"):
        load_coder(tmp_path)
    autoencoder.save_pretrained(tmp_path)  # type: ignore[attr-defined]
    numbers = np.zeros((1, 3, 8, 8), np.float32)
    np.testing.assert_allclose(load_coder(tmp_path).encode(numbers), Coder(autoencoder).encode(numbers), atol=1e-6)
    (tmp_path / "diffusion_pytorch_model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(WeightsError, match="cannot be read"):
        load_coder(tmp_path)


def test_weights_of_another_size_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    path = tmp_path / "network.safetensors"
    save_file({f"network.{name}": value.contiguous().clone() for name, value in made(LITTLE).state_dict().items()}, path)
    with pytest.raises(WeightsError, match="does not hold an emodiffhead of the size 'tiny'; train it again"):
        read_network(path, "tiny")


def test_the_sizes_are_what_they_say() -> None:
    counts = {}
    for name, shape in SHAPES.items():
        with torch.device("meta"):
            counts[name] = sum(parameter.numel() for parameter in FaceDiffusion(shape).parameters())
    assert counts["tiny"] * 4 < 12e6  # bytes that ship
    assert counts["tiny"] < counts["small"] < counts["full"]


def test_the_generator_without_torch_equals_the_one_with_it(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        network = ExpressionGenerator(16).eval()
    save_file(dict(network.state_dict()), tmp_path / "expression.safetensors")
    voice, emotions = torch.rand(1, 7, 10).expand(8, -1, -1), torch.eye(8)[:, None].expand(-1, 7, -1)
    with torch.no_grad():
        whole = network(voice, emotions).numpy()
    generator = Generator(tmp_path / "expression.safetensors")
    memory = generator.first(8)
    for frame in range(7):
        answers, memory = generator(memory, voice[0, frame].numpy(), np.eye(8, dtype=np.float32))
        np.testing.assert_allclose(answers, whole[:, frame], atol=1e-5)


def test_one_step_of_a_sampler_is_the_answer() -> None:
    clean = np.ones((2, 2), np.float32)
    np.testing.assert_array_equal(sample(clean * 5, 1, lambda noisy, step: clean), clean)
