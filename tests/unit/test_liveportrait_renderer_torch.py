"""The renderer of LivePortrait: squares, the way back into frames, motion from `face`, and weights of the user; tiny random networks."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")

from made_up import NOBODY  # noqa: E402
from official import filled, golden  # noqa: E402

from thespis import recipes, weights  # noqa: E402
from thespis.capture.faces import face_of  # noqa: E402
from thespis.errors import DirectionError, UsageError, WeightsError  # noqa: E402
from thespis.motion.convert_head import flame_of_face  # noqa: E402
from thespis.motion.liveportrait import keypoints_of  # noqa: E402
from thespis.motion.networks import ditto_torch  # noqa: E402
from thespis.motion.networks.ditto import DittoShape  # noqa: E402
from thespis.motion.networks.ditto_official import DITTO_MOTION  # noqa: E402
from thespis.motion.spaces.face import FACE  # noqa: E402
from thespis.motion.spaces.flame import FLAME  # noqa: E402
from thespis.motion.spaces.landmarks import LANDMARKS  # noqa: E402
from thespis.motion.spaces.liveportrait import LIVEPORTRAIT  # noqa: E402
from thespis.pixels import choose  # noqa: E402
from thespis.pixels.liveportrait import load  # noqa: E402
from thespis.pixels.liveportrait.crop import fading, patch_of  # noqa: E402
from thespis.pixels.liveportrait.load import converted, networks_of  # noqa: E402
from thespis.pixels.liveportrait.networks import LivePortraitNetworks, placed  # noqa: E402
from thespis.pixels.liveportrait.renderer import LivePortrait, Sitting, known  # noqa: E402
from thespis.pixels.liveportrait.shape import TINY  # noqa: E402
from thespis.pixels.liveportrait.source import absolute, read, see, tensor_of  # noqa: E402
from thespis.speech.say import say  # noqa: E402
from thespis.types import AMOUNT, HEAD_TURN, Curve, Direction, Portrait, Track  # noqa: E402

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def networks() -> LivePortraitNetworks:
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(0)
        return LivePortraitNetworks(TINY).eval()


@pytest.fixture(scope="module")
def sitting(networks: LivePortraitNetworks, astronaut: Portrait) -> Sitting:
    """The astronaut, calibrated: seconds, so once."""
    return LivePortrait(networks).start(astronaut, Direction(crop="original"))


def acted(rows: int = 3) -> Track:
    values = np.zeros((rows, FACE.size), np.float32)
    values[:, FACE.column("jawOpen")] = np.linspace(0, 1, rows)
    values[:, FACE.slice("head_rotation")] = np.linspace(0, 0.2, rows)[:, None] * [0.5, 1, 0.2]
    return Track(FACE, values, Fraction(25))


def test_the_square_stands_upright_along_the_face(astronaut: Portrait) -> None:
    points = face_of(astronaut).points
    patch = patch_of(points, 256)
    there = points[:, :2] @ patch.matrix[:2, :2].T + patch.matrix[:2, 2]
    assert abs(there[[33, 133], 0].mean() - (256 - there[[263, 362], 0].mean())) < 12  # the eyes stand on both sides of the middle
    assert 95 < there[152, 1] - there[105, 1] < 125  # the face takes less than half of the side
    turn = np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    tilted = points.copy()
    tilted[:, :2] = points[:, :2] @ turn.T
    again = patch_of(tilted, 256)
    np.testing.assert_allclose(tilted[:, :2] @ again.matrix[:2, :2].T + again.matrix[:2, 2], there, atol=0.05)
    cut = patch.cut(astronaut.image)
    assert cut.shape == (256, 256, 3)
    assert fading(64)[0].max() < 0.02
    assert fading(64)[32, 32] == 1


def test_squares_are_laid_where_they_were_cut(networks: LivePortraitNetworks, astronaut: Portrait) -> None:
    for crop in ("picture", "head", "original"):
        state = LivePortrait(networks, LIVEPORTRAIT).start(astronaut, Direction(crop=crop))
        square = state.seen.patch.cut(astronaut.image, 512)
        zoomed = type(state.laying)(state.laying.frame, state.laying.matrix @ np.diag([64 / 512, 64 / 512, 1]), state.laying.mask)
        again = zoomed.lay(square)
        inside = state.laying.mask[..., 0] > 0.9
        assert inside.any()
        # A square of the picture itself changes nothing but by resampling.
        assert np.abs(again[inside].astype(int) - state.laying.frame[inside]).mean() < 6
        assert np.array_equal(again[state.laying.mask[..., 0] == 0], state.laying.frame[state.laying.mask[..., 0] == 0])


def test_frames_move_and_streamed_equals_offline(networks: LivePortraitNetworks, astronaut: Portrait, sitting: Sitting) -> None:
    renderer, motion, state = LivePortrait(networks), acted(), sitting
    whole = renderer.step(state, motion, True)
    assert whole.images.shape == (3, 512, 512, 3)
    assert not np.array_equal(whole.images[0], whole.images[2])
    assert np.array_equal(whole.images[0][-100:], astronaut.image[-100:])  # what lies outside the square is the picture's own
    assert renderer.step(state, motion.cut(0, 0), False).images.shape == (0, 512, 512, 3)
    parts = [renderer.step(state, motion.cut(row, row + 1), row == 2).images for row in range(3)]
    assert np.array_equal(np.concatenate(parts), whole.images)


def test_a_row_that_was_read_is_placed_as_the_networks_place_it(networks: LivePortraitNetworks, astronaut: Portrait) -> None:
    seen = see(networks, astronaut)
    own = Track(LIVEPORTRAIT, seen.row[None], Fraction(25))
    with torch.no_grad():
        said = networks.motion(tensor_of(networks, seen.patch.cut(astronaut.image)[None]))
        angles = [torch.deg2rad(angle)[0] for angle in (said.pitch, said.yaw, said.roll)]
        about = [torch.linalg.matrix_exp(angle * axis) for angle, axis in zip(angles, torch.stack([
            torch.tensor([[0.0, 0, 0], [0, 0, -1], [0, 1, 0]]), torch.tensor([[0.0, 0, 1], [0, 0, 0], [-1, 0, 0]]),
            torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 0]]),
        ]), strict=True)]  # fmt: skip
        wanted = placed(said, (about[2] @ about[1] @ about[0])[None])[0].numpy()
    np.testing.assert_allclose(keypoints_of(own, known(seen))[0], wanted, atol=1e-5)


def test_a_portrait_at_rest_is_what_was_read(networks: LivePortraitNetworks, astronaut: Portrait, sitting: Sitting) -> None:
    seen, keypoints = sitting.seen, sitting.keypoints
    assert keypoints is not None
    assert np.isfinite(keypoints.moves).all()
    rest = absolute(Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25)), keypoints, seen)
    np.testing.assert_allclose(rest.values[0], seen.row, atol=2e-4)
    moved = absolute(acted(), keypoints, seen)
    assert np.abs(moved.values[2] - seen.row).max() > 1e-2
    rows, canonical = read(networks, np.repeat(seen.patch.cut(astronaut.image)[None], 11, axis=0))
    assert canonical.shape == (11, 21, 3)
    np.testing.assert_allclose(rows.values[10], seen.row, atol=1e-4)


def test_wishes_it_cannot_follow_are_refused(networks: LivePortraitNetworks, astronaut: Portrait) -> None:
    with pytest.raises(DirectionError, match="the renderer 'liveportrait' cannot follow background, others; leave that out"):
        LivePortrait(networks).start(astronaut, Direction(background="red", others="alive"))
    with pytest.raises(DirectionError, match="crop=original keeps the picture's own size"):
        LivePortrait(networks).start(astronaut, Direction(crop="original", size=(64, 64)))
    with pytest.raises(UsageError, match="the renderer 'liveportrait' draws from"):
        LivePortrait(networks, LANDMARKS)


def test_a_recipe_is_drawn_by_another_renderer(networks: LivePortraitNetworks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"the weights of liveportrait \(MIT\) are not here: get them from https://.*thespis weights"):
        recipes.load("thespis", "tiny", renderer="liveportrait")
    with pytest.raises(UsageError, match=r"unknown renderer 'livportrait'. Did you mean 'liveportrait'"):
        recipes.load("thespis", "tiny", renderer="livportrait")
    with pytest.raises(UsageError, match=r"draws motion in .*face.* or .*flame.*, and this recipe makes"):
        recipes.load("emodiffhead", renderer="liveportrait")
    monkeypatch.setitem(choose.RENDERERS, "liveportrait", lambda: LivePortrait(networks))  # type: ignore[arg-type]
    talker = recipes.load("thespis", "tiny", renderer="liveportrait")
    assert isinstance(talker.stages[-1], LivePortrait)
    stages = choose.stages_to("liveportrait", FLAME)
    flame = flame_of_face(acted())
    back = stages[0].step(stages[0].start(NOBODY, Direction()), flame, True)
    assert back.space == FACE
    np.testing.assert_allclose(back["jawOpen"], acted()["jawOpen"], atol=0.05)


def test_ditto_at_full_size_is_put_together_from_weights_of_the_user(
    networks: LivePortraitNetworks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, astronaut: Portrait
) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match=r"the weights of liveportrait .* are not here"):
        recipes.load("ditto", "full")
    monkeypatch.setattr(load, "official", lambda: networks)
    with pytest.raises(
        WeightsError, match=r"the weights of ditto \(Apache-2.0\) are not here: .*digital-avatar.*thespis weights ditto --from"
    ):
        recipes.load("ditto", "full")
    little = DittoShape(DITTO_MOTION.size, 1103, 20, 16, 24, 1, 1, 2)
    monkeypatch.setattr(ditto_torch, "official", lambda: ditto_torch.TorchDenoiser(ditto_torch.DittoNetwork(little).eval()))
    with pytest.raises(WeightsError, match=r"the weights of hubert \(Apache-2.0\) are not in"):
        recipes.load("ditto:full")
    transformers = pytest.importorskip("transformers", reason="torch and transformers are not installed: pip install 'thespis[train]'")
    shape = {"hidden_size": 1024, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8, "conv_dim": (4,) * 7}
    ear = transformers.HubertConfig(**shape, num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=16)
    transformers.HubertModel(ear).save_pretrained(tmp_path / "hubert")
    talker = recipes.load("ditto", "full")
    talker.stages[1].network.steps = 2  # type: ignore[attr-defined]
    made = talker(say("One."), astronaut, Direction(head=Curve.constant(HEAD_TURN, yaw=4.0), lips=Curve.constant(AMOUNT, amount=0.5)))
    assert made.frames is not None and made.motion is not None
    assert made.motion.space == LIVEPORTRAIT
    assert made.frames.images.shape[1:] == (512, 512, 3)
    assert np.isfinite(made.motion.values).all()


def published(folder: Path) -> dict[str, Path]:
    """Tiny files in the form of the official release."""
    _, listings = golden(Path(__file__).parents[1] / "golden" / "liveportrait.safetensors")
    own = {name: filled(names) for name, names in listings["tiny"].items()}
    small = {"retarget_shoulder": own["stitching"], "retarget_eye": own["eyes"], "retarget_mouth": own["lips"]}
    files = {**{part: own[part] for part in ("appearance", "motion", "warping", "drawing")}, "corrections": small}
    for part, held in files.items():
        torch.save(held, folder / f"{part}.pth")
    return {f"{part}.safetensors": folder / f"{part}.pth" for part in files}


def test_published_files_are_converted_once_and_loaded_strictly(tmp_path: Path) -> None:
    files = published(tmp_path)
    converted(files, tmp_path, TINY)
    networks = networks_of(tmp_path, TINY)
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(networks.motion(picture).canonical).all()
    with pytest.raises(WeightsError, match="does not fit LivePortrait's appearance network"):
        converted({"appearance.safetensors": files["appearance.safetensors"]}, tmp_path)
    (tmp_path / "motion.safetensors").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="is damaged or holds more than tensors"):
        networks_of(tmp_path, TINY)


def test_a_file_that_holds_more_than_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"network": LivePortraitNetworks(TINY)}, tmp_path / "bad.pth")
    with pytest.raises(WeightsError, match="is damaged or holds more than tensors"):
        weights.read_tensors(tmp_path / "bad.pth")
    torch.save(torch.zeros(3), tmp_path / "plain.pth")
    with pytest.raises(WeightsError, match="holds no tensors by name"):
        weights.read_tensors(tmp_path / "plain.pth")


def test_the_bundle_names_what_the_converter_takes() -> None:
    assert set(weights.bundle("liveportrait").files) == {
        f"{part}.safetensors" for part in ("appearance", "motion", "warping", "drawing", "corrections")
    }
