"""Ditto: its sampler, its eyes, its controls, and windows that go on from each other."""

from fractions import Fraction

import numpy as np
import pytest
from made_up import NOBODY, articulation

from thespis import recipes
from thespis.errors import DirectionError, ThespisError, UsageError
from thespis.evaluate.claim import Trial
from thespis.evaluate.claims.ditto import claim
from thespis.motion.controls import Asked, ToFace, controlled
from thespis.motion.diffusion import KEPT, even, sample, strengths_of
from thespis.motion.eyes import Eyes, eyeballs
from thespis.motion.liveportrait import EYES as EYE_POINTS
from thespis.motion.liveportrait import LIPS, liveportrait_of_face, resting, rotation_of
from thespis.motion.networks.ditto import Ditto, OnnxDenoiser, windows_of
from thespis.motion.retime import Retime
from thespis.motion.spaces.ditto import VOICE_AND_EYES
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.stages import Both, Chain, Keep, Windowed
from thespis.types import AMOUNT, EMOTION, GAZE_TURN, HEAD_TURN, Array, Curve, Direction, Track

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def denoiser() -> OnnxDenoiser:
    from thespis.weights import find

    return OnnxDenoiser(find(next(weight for weight in recipes.card("ditto").weights if weight.name == "denoiser")))


def performed(denoiser: OnnxDenoiser, direction: Direction | None = None, seconds: float = 4.0, live: bool = False) -> Track:
    """What the network makes of made-up speech."""
    wish, windows = direction or Direction(), windows_of(denoiser, live=live)
    voice = Keep(articulation(1).space)
    stage = Chain(
        Retime(voice.takes, fps=25), Both(voice, Eyes(), gives=VOICE_AND_EYES),
        Windowed(Ditto(denoiser, past=windows["past"]), **windows, fade=10, history=1),
    )  # fmt: skip
    made = stage.step(stage.start(NOBODY, wish), articulation(seconds), True)
    assert isinstance(made, Track)
    return made


def points(motion: Track, chosen: tuple[int, ...]) -> Array:
    """The expression of some keypoints (rows, n, 3), in the face's own axes."""
    own = motion.values[:, : 3 * KEYPOINTS].reshape(len(motion), KEYPOINTS, 3)
    return np.einsum("nji,nkj->nki", rotation_of(motion), own)[:, chosen]


def acted(rows: int = 5) -> Track:
    values = np.zeros((rows, FACE.size), np.float32)
    values[:, FACE.column("jawOpen")] = np.linspace(0, 0.8, rows)
    values[:, FACE.column("browInnerUp")] = 0.5
    values[:, FACE.slice("head_rotation")] = np.linspace(0, 0.1, rows)[:, None]
    return liveportrait_of_face(Track(FACE, values, Fraction(25)))


def test_the_sampler_ends_at_what_is_thought_clean() -> None:
    assert even(4) == [999, 749, 499, 249]
    assert even(1) == [999]
    truth = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    noise = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    asked: list[int] = []

    def clean(noisy: Array, step: int) -> Array:
        asked.append(step)
        if step != 999:  # without fresh noise the noise stays what it was
            np.testing.assert_allclose(noisy, np.sqrt(KEPT[step]) * truth + np.sqrt(1 - KEPT[step]) * noise, atol=2e-2)
        return truth

    np.testing.assert_array_equal(sample(noise, None, 4, clean), truth)
    assert asked == even(4)
    fresh: list[int] = []
    sample(noise, lambda step: (fresh.append(step), noise)[1], 4, lambda noisy, step: truth)
    assert fresh == [999, 749, 499]
    with pytest.raises(ValueError, match="a sampler takes 1 to 1000 steps, not 0"):
        even(0)


def test_guidance_is_asked_by_name() -> None:
    assert strengths_of({"audio": 2}, {"audio": 1.5}) == (2.0,)
    with pytest.raises(DirectionError, match="unknown guidance 'audi'"):
        strengths_of({"audi": 2}, {"audio": 1.5})


def test_guidance_has_its_bounds(denoiser: OnnxDenoiser) -> None:
    with pytest.raises(DirectionError, match=r"guidance of audio goes from 0 to 6: 1.5 is usual"):
        Ditto(denoiser).start(NOBODY, Direction(guidance={"audio": 9}))


def test_eyes_blink_and_look_as_asked() -> None:
    voice = Retime(articulation(1).space, fps=25)
    rows = voice.step(voice.start(NOBODY, Direction()), articulation(8), True)
    stage = Eyes()

    def told(direction: Direction) -> Track:
        return stage.step(stage.start(NOBODY, direction), rows, True)

    natural, staring = told(Direction()), told(Direction(blink=0))
    assert natural["open_left"].min() < 0.1
    assert np.array_equal(natural["open_left"], natural["open_right"])
    assert (staring["open_left"] == 1).all()
    aside = told(Direction(gaze=Curve.constant(GAZE_TURN, yaw=20.0)))
    assert aside["ball_left"][:, 0].mean() > natural["ball_left"][:, 0].mean() + 0.2
    np.testing.assert_allclose(np.linalg.norm(eyeballs([0.3], [0.2]) + np.array([0, 0, 1]), axis=1), 1, atol=1e-6)


def steered(direction: Direction, motion: Track) -> Track:
    """Apply the controls to a portrait whose rest is our own."""
    return controlled(Asked(direction, resting().values[0]), motion)


def test_without_a_wish_controls_change_nothing() -> None:
    np.testing.assert_allclose(steered(Direction(), acted()).values, acted().values, atol=1e-6)


def test_controls_move_the_lips_and_the_head_as_asked() -> None:
    motion = acted()
    quiet = steered(Direction(lips=Curve.constant(AMOUNT, amount=0.0)), motion)
    assert np.abs(points(quiet, LIPS)).max() < 1e-6
    np.testing.assert_allclose(points(quiet, (0, 1, 2)), points(motion, (0, 1, 2)), atol=1e-6)
    turned = steered(Direction(head=Curve.constant(HEAD_TURN, yaw=10.0, pitch=5.0)), motion)
    np.testing.assert_allclose(turned["yaw"], motion["yaw"] - 10, atol=1e-4)
    np.testing.assert_allclose(turned["pitch"], motion["pitch"] + 5, atol=1e-4)
    np.testing.assert_allclose(points(turned, LIPS), points(motion, LIPS), atol=1e-6)  # keypoints turn with the head
    still = steered(Direction(head=Curve.constant(HEAD_TURN)), motion)
    assert not np.abs(np.stack([still[name] for name in ("yaw", "pitch", "roll")])).any()
    calm = steered(Direction(motion=Curve.constant(AMOUNT, amount=0.5)), motion)
    np.testing.assert_allclose(calm["roll"], motion["roll"] / 2, atol=1e-6)


def test_a_face_comes_back_from_keypoints() -> None:
    motion = acted()
    made = ToFace()(None, motion.values, 0, motion.fps)
    np.testing.assert_allclose(made[:, FACE.column("jawOpen")], np.linspace(0, 0.8, 5), atol=0.12)
    rows = np.concatenate([ToFace()(None, motion.values[row : row + 1], row, motion.fps) for row in range(5)])
    assert np.array_equal(rows, made)


def test_motion_follows_voice_eyes_and_feeling(denoiser: OnnxDenoiser) -> None:
    made = performed(denoiser)
    assert (made.space, len(made), made.fps) == (LIVEPORTRAIT, 100, Fraction(25))
    assert np.isfinite(made.values).all()
    retime = Retime(articulation(1).space, fps=25)
    jaw = retime.step(retime.start(NOBODY, Direction()), articulation(4.0), True)["jaw"]
    opening = points(made, (20,))[:, 0, 1] - points(made, (19,))[:, 0, 1]
    assert np.corrcoef(opening, jaw)[0, 1] > 0.4  # the voice closes its lips at random too
    staring = performed(denoiser, Direction(blink=0))
    assert points(staring, EYE_POINTS)[:, 1, 1].std() < points(performed(denoiser, Direction(blink=60)), EYE_POINTS)[:, 1, 1].std()
    happy = performed(denoiser, Direction(emotion=Curve.constant(EMOTION, happy=1.0)))
    corners = points(happy, (6, 12))[:, :, 1].mean() - points(made, (6, 12))[:, :, 1].mean()
    assert corners < -0.005  # the corners of a smile stand higher


def test_windows_go_on_from_each_other(denoiser: OnnxDenoiser) -> None:
    made = performed(denoiser, seconds=7.0)
    steps = np.linalg.norm(np.diff(points(made, LIPS), axis=0), axis=2).mean(axis=1)
    assert steps[69] < np.quantile(steps, 0.99) * 1.5
    live = performed(denoiser, seconds=7.0, live=True)
    lips, other = points(made, LIPS)[..., 1].ravel(), points(live, LIPS)[..., 1].ravel()
    assert np.corrcoef(lips, other)[0, 1] > 0.9
    assert np.abs(resting().values[0] - made.values[0]).max() < 10


def test_the_claim_is_measured_with_the_slot_and_without(tmp_path: pytest.TempPathFactory) -> None:
    told, untold = (claim(Trial(mechanism, 0, 1.0, tmp_path)) for mechanism in (True, False))  # type: ignore[arg-type]
    assert 0 < told < untold


def test_a_name_may_tell_the_size() -> None:
    assert recipes.parted("ditto:live") == ("ditto", "live")
    assert recipes.parted("ditto") == ("ditto", None)
    assert recipes.parted("mine:odd.py") == ("mine:odd.py", None)
    assert recipes.card("ditto:live") is recipes.card("ditto")
    assert recipes.load("ditto:live").delay < recipes.load("ditto").delay
    with pytest.raises(UsageError, match=r"unknown size of ditto 'lively'. Did you mean 'live'"):
        recipes.load("ditto:lively")
    with pytest.raises(ThespisError, match=r"unknown recipe 'dito:live'. Did you mean 'ditto'"):
        recipes.load("dito:live")
