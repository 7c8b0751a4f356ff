"""Lips and feeling: the mouth does what the articulation says, the dial is linear, and no emotion keeps a closure from closing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import articulation, offline

from thespis.direction.parse import direct
from thespis.direction.script import read_toml
from thespis.evaluate.lips import drawn
from thespis.features.spaces import ARTICULATION
from thespis.motion.feeling import AWAITED, LIFE, LIFTING, PATTERNS, STRONGEST, Feeling, dial, sided, table
from thespis.motion.lips import Lips
from thespis.motion.retime import Retime
from thespis.motion.spaces.face import ARKIT, EXPRESSION
from thespis.stages import Chain
from thespis.types import EMOTION, Direction, Track

pytestmark = pytest.mark.unit

FEELINGS = [name for name in EMOTION.names if name != "neutral"]
BROWS = [name for name in ARKIT if name.startswith("brow")]


def voice(seconds: float = 2.0, **channels: float) -> Track:
    """An articulation that stays the same, at 25 rows a second."""
    rows = round(seconds * 25)
    values = np.zeros((rows, ARTICULATION.size), np.float32)
    for name, value in ({"speaking": 1.0, "voiced": 1.0, "loudness": 0.5} | channels).items():
        values[:, ARTICULATION.column(name)] = value
    return Track(ARTICULATION, values, offline(Retime(ARTICULATION), articulation(0.1)).fps)


def silence(seconds: float) -> Track:
    return voice(seconds, speaking=0.0, voiced=0.0, loudness=0.0, closure=0.3)


def shown(track: Track, direction: Direction | None = None) -> Track:
    return offline(Chain(Lips(), Feeling()), track, direction)


def parting(face: Track) -> np.ndarray:
    """How far the lips are apart, in the shares in which the shapes part them: what mouthClose cancels is gone."""
    lips = face["mouthUpperUpLeft"] + face["mouthUpperUpRight"] + face["mouthLowerDownLeft"] + face["mouthLowerDownRight"]
    return face["jawOpen"] - face["mouthClose"] + 0.2 * lips


def test_an_open_vowel_opens_and_a_round_one_rounds() -> None:
    a, u, i = (offline(Lips(), voice(**shape)) for shape in ({"jaw": 1.0}, {"jaw": 0.3, "rounding": 1.0}, {"jaw": 0.3, "spreading": 1.0}))
    assert a["jawOpen"][-1] > 0.4
    assert u["mouthPucker"][-1] > 0.5 > 0.1 > a["mouthPucker"][-1]
    assert i["mouthStretchLeft"][-1] > 0.2 > 0.05 > u["mouthStretchLeft"][-1]


def test_a_bilabial_is_a_small_jaw_and_an_equal_close_with_a_press() -> None:
    made = offline(Lips(), voice(closure=1.0, jaw=0.3))
    assert 0.03 < made["jawOpen"][-1] < 0.2
    assert made["mouthClose"][-1] == pytest.approx(made["jawOpen"][-1], abs=0.002)
    assert made["mouthPressLeft"][-1] > 0.15
    assert made["mouthLowerDownLeft"][-1] == made["mouthUpperUpLeft"][-1] == 0


def test_a_labiodental_tucks_the_lower_lip() -> None:
    made = offline(Lips(), voice(dental=1.0, jaw=0.3))
    assert made["mouthRollLower"][-1] > 0.4
    assert made["mouthLowerDownLeft"][-1] < 0.02
    # The upper teeth that bite on it are seen; much more, and lips that nearly close in footage would be drawn open.
    assert 0.1 < made["mouthUpperUpLeft"][-1] < 0.3


@given(strength=st.floats(0.0, 2.0))
def test_lip_strength_scales_the_opening_and_keeps_closures(strength: float) -> None:
    wish = direct(lips=strength, motion=0)
    opened, closed = offline(Lips(), voice(0.2, jaw=0.8), wish), offline(Lips(), voice(0.2, closure=1.0), wish)
    natural = offline(Lips(), voice(0.2, jaw=0.8), direct(motion=0))
    assert opened["jawOpen"][-1] == pytest.approx(natural["jawOpen"][-1] * strength, abs=1e-5)
    assert closed["jawOpen"][-1] == pytest.approx(closed["mouthClose"][-1] if strength >= 1 else closed["jawOpen"][-1], abs=1e-6)
    assert parting(closed)[-1] < 0.02


def test_no_lips_and_no_motion_is_no_motion() -> None:
    made = offline(Lips(), offline(Retime(ARTICULATION), articulation(20.0)), direct(lips=0, motion=0))
    assert not made.values.any()


def test_a_mouth_in_silence_is_closed_and_alive() -> None:
    made = shown(silence(40.0))
    assert parting(made).max() < 0.01
    assert made["mouthPressLeft"].max() > 0.1  # lips are pressed now and then
    moving = made.values[:, [EXPRESSION.column("jawOpen"), EXPRESSION.column("mouthPressLeft")]]
    assert (np.abs(np.diff(moving[50:], axis=0)).max(axis=1) > 0).mean() > 0.9
    assert not shown(silence(40.0), direct(motion=0)).values.any()


def test_brows_rise_at_accents_only() -> None:
    track = voice(4.0, loudness=0.0)
    accent = np.zeros(len(track))
    accent[50:58] = 0.5
    found = [offline(Lips(), track.replace(pitch=accent), Direction(seed=seed)) for seed in range(12)]
    heights = [made["browInnerUp"] for made in found]
    assert max(height.max() for height in heights) > 0.08
    assert all(height[:50].max() < 0.03 for height in heights)
    assert all(height[50:75].argmax() in range(2, 22) for height in heights if height.max() > 0.05)
    assert not offline(Lips(), track.replace(pitch=accent), direct(motion=0))["browInnerUp"].any()


def test_patterns_name_known_shapes_and_stay_in_range() -> None:
    assert set(PATTERNS) == set(EMOTION.names)
    for pattern in PATTERNS.values():
        assert set(sided(pattern)) <= set(ARKIT)
        assert all(0 < weight <= STRONGEST / 1.5 for weight in pattern.values())  # so the dial is linear to its end


def test_patterns_are_told_apart() -> None:
    rows = table()[1:]
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    likeness = rows @ rows.T - np.eye(len(rows))
    assert likeness.max() < 0.65


@pytest.mark.parametrize(
    ("emotion", "shapes"),
    {
        "happy": ("cheekSquintLeft", "mouthSmileLeft", "mouthSmileRight"),  # 6 + 12
        "sad": ("browInnerUp", "browDownLeft", "mouthFrownLeft", "mouthShrugLower"),  # 1 + 4 + 15 + 17
        "angry": ("browDownLeft", "eyeWideLeft", "eyeSquintLeft", "mouthPressLeft"),  # 4 + 5 + 7 + 23
        "fear": ("browInnerUp", "browOuterUpLeft", "browDownLeft", "eyeWideLeft", "mouthStretchLeft"),  # 1 + 2 + 4 + 5 + 20
        "surprised": ("browInnerUp", "browOuterUpLeft", "eyeWideLeft", "jawOpen"),  # 1 + 2 + 5 + 26
        "disgusted": ("noseSneerLeft", "mouthUpperUpLeft", "mouthShrugLower"),  # 9 + 10 + 17
        "contempt": ("mouthSmileLeft", "mouthDimpleLeft"),  # 12 + 14 of one side
    }.items(),
)
def test_patterns_hold_their_action_units(emotion: str, shapes: tuple[str, ...]) -> None:
    pattern = sided(PATTERNS[emotion])
    assert all(pattern.get(shape, 0) >= 0.2 for shape in shapes)
    if emotion == "contempt":
        assert "mouthSmileRight" not in pattern


@given(weights=st.lists(st.floats(0, 1.5, width=32), min_size=8, max_size=8), factor=st.floats(0, 2))
def test_the_dial_is_linear(weights: list[float], factor: float) -> None:
    one, other = np.array([weights], np.float32), np.array([weights[::-1]], np.float32)
    assert dial(one + other) == pytest.approx(dial(one) + dial(other), abs=1e-5)
    assert dial((one * np.float32(factor)).astype(np.float32)) == pytest.approx(factor * dial(one), abs=1e-5)
    assert not dial(np.zeros((3, 8), np.float32)).any()


@pytest.mark.parametrize("emotion", FEELINGS)
def test_intensity_is_linear_on_a_resting_face(emotion: str) -> None:
    track = silence(1.0)
    rest = shown(track, direct(motion=0)).values
    steps = [shown(track, direct({"emotion": {emotion: amount}, "motion": 0})).values - rest for amount in (0.4, 0.8, 1.2)]
    assert steps[1] == pytest.approx(2 * steps[0], abs=1e-5)
    assert steps[2] == pytest.approx(3 * steps[0], abs=1e-5)
    pattern, rests = table()[EMOTION.column(emotion)], track.seconds > 2 * AWAITED
    assert np.abs(steps[1][rests] - 0.8 * pattern).max() <= 0.8 * pattern.max() * 1.5 * LIFE + 1e-6


@pytest.mark.parametrize("emotion", FEELINGS)
@pytest.mark.parametrize("intensity", [0.5, 1.0, 1.5])
def test_closures_close_under_every_emotion(emotion: str, intensity: float) -> None:
    track = offline(Retime(ARTICULATION), articulation(8.0))
    plain, felt = shown(track), shown(track, direct({"emotion": {emotion: intensity}}))
    closed = track["closure"] > 0.95
    assert closed.sum() > 10
    assert parting(felt)[closed].max() <= parting(plain)[closed].max() + 0.01
    assert parting(felt)[closed].max() < 0.02


@pytest.mark.parametrize("emotion", FEELINGS)
def test_speech_still_opens_and_rounds_under_every_emotion(emotion: str) -> None:
    track = offline(Retime(ARTICULATION), articulation(20.0))
    wish = direct({"emotion": {emotion: 1.2}})
    plain, felt = shown(track), shown(track, wish)
    spoken = track["speaking"] > 0.5
    assert np.corrcoef(parting(plain)[spoken], parting(felt)[spoken])[0, 1] > 0.8
    round_ = shown(voice(rounding=1.0, jaw=0.2), wish)
    assert round_["mouthPucker"][-1] >= 0.5
    assert round_["mouthSmileLeft"][-1] < 0.5 * max(shown(silence(1.0), wish)["mouthSmileLeft"][-1], 0.2)


@pytest.mark.parametrize("emotion", EMOTION.names)
def test_lips_of_the_shapes_touch_in_closures_under_every_emotion(emotion: str) -> None:
    made = shown(voice(closure=1.0, jaw=0.3), direct(f"{emotion}=1" if emotion != "neutral" else "neutral"))
    vowel = shown(voice(jaw=0.3), direct("neutral"))
    assert drawn(made).opening[-1] < 0.02 < 0.05 < drawn(vowel).opening[-1]


def test_a_surprised_jaw_waits_through_the_pauses_of_speech() -> None:
    said, then = voice(3.0, jaw=0.6), silence(5.0)
    jaw = shown(Track(ARTICULATION, np.concatenate([said.values, then.values]), said.fps), direct("surprised"))["jawOpen"]
    assert np.abs(np.diff(jaw[85:103])).max() < 0.01  # a pause
    assert jaw[-1] > jaw[100] + 0.1  # an end


def test_a_surprised_jaw_drops_only_when_nobody_is_about_to_speak() -> None:
    wish = direct("surprised")
    soon = np.concatenate([silence(AWAITED).values, voice(1.0, jaw=0.6).values])
    speaks, rests = shown(Track(ARTICULATION, soon, silence(1.0).fps), wish)["jawOpen"], shown(silence(1.0), wish)["jawOpen"]
    waited = round(AWAITED * float(silence(1.0).fps))
    assert speaks[:waited].max() < 0.15 < 0.4 < rests[2 * waited :].min()
    assert np.abs(np.diff(rests)).max() < 0.15  # it drops, it does not jump


def test_the_surprised_jaw_hangs_less_while_speaking() -> None:
    wish = direct("surprised")
    resting, speaking = shown(silence(2.0), wish), shown(voice(jaw=0.6), wish)
    assert resting["jawOpen"][-1] > 0.3
    assert speaking["jawOpen"][-1] - offline(Lips(), voice(jaw=0.6))["jawOpen"][-1] < 0.15


def test_a_held_expression_lives() -> None:
    made = shown(silence(30.0), direct("happy"))["mouthSmileLeft"]
    assert 0.01 < made.std() / made.mean() < 0.06
    assert np.abs(np.diff(made)).max() < 0.02
    assert not np.array_equal(made, shown(silence(30.0), direct("happy", seed=1))["mouthSmileLeft"])


@given(weights=st.lists(st.floats(0, 1.5), min_size=8, max_size=8), seed=st.integers(0, 5))
def test_any_mixture_stays_in_range(weights: list[float], seed: int) -> None:
    track = offline(Retime(ARTICULATION), articulation(2.0, seed))
    made = shown(track, direct({"emotion": dict(zip(EMOTION.names, weights, strict=True)), "seed": seed}))
    assert np.isfinite(made.values).all()
    assert made.values.min() >= 0.0
    assert made.values.max() <= STRONGEST
    for name in ("jawOpen", "eyeBlinkLeft", "eyeBlinkRight"):
        assert made[name].max() <= 1.0
    lifted = sum(share * sum(made[full] for full in sided({name: 1.0})) for name, share in LIFTING.items())
    assert (made["mouthClose"] <= made["jawOpen"] + lifted + 1e-6).all()  # nothing but what parts is undone


def test_emotions_come_and_go_smoothly() -> None:
    curve = direct("happy", emotion=direct("sad").emotion).emotion
    assert curve == direct("sad").emotion

    made = shown(silence(4.0), read_toml("[[at]]\ntime = 1\nemotion = 'happy'\n[[at]]\ntime = 2.5\nemotion = 'neutral'\n"))[
        "mouthSmileLeft"
    ]
    assert made[:25].max() == 0.0
    assert made[45:60].min() > 0.65
    assert made[-5:].max() < 0.01
    assert np.abs(np.diff(made)).max() < 0.11 * PATTERNS["happy"]["mouthSmileLeft"]
