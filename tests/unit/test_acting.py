"""How people act: styles, the spline between controls, made-up manners, and the denoiser that ships put together with the lips."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import NOBODY, articulation, offline

from thespis import recipes
from thespis.data.acts import SECONDS, performed
from thespis.data.manners import APART, RATE, Manner, Voice, listen, soft_states
from thespis.direction.parse import direct
from thespis.direction.script import read_toml
from thespis.direction.style import SCALES, style_factors, style_of
from thespis.errors import DirectionError
from thespis.features.gestures import REST_CLOSURE
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.motion.acted import FAR, HEARD_AND_ACTED, Play
from thespis.motion.actor import PERIOD, Act
from thespis.motion.feeling import EYES
from thespis.motion.lips import Lips
from thespis.motion.retime import Retime
from thespis.motion.smooth import Doubles
from thespis.motion.spaces.acting import ACTED, CONTROL_ROWS, CONTROL_SECONDS, CONTROLS, LOOK, STYLE
from thespis.motion.spaces.face import EXPRESSION, FACE
from thespis.motion.spline import fitted, shares
from thespis.motion.voiced import HEARD, pooled
from thespis.stages import Both, Chain
from thespis.types import Direction, Track
from thespis.weights import find_all

pytestmark = pytest.mark.unit

VOICE = articulation(12.0)


def silence(seconds: float) -> Track:
    values = np.zeros((round(seconds * 100), ARTICULATION.size), np.float32)
    values[:, ARTICULATION.column("closure")] = REST_CLOSURE
    return Track(ARTICULATION, values, ARTICULATION_FPS)


@cache
def act(wait: bool = True) -> Act:
    return Act(find_all(recipes.card("thespis").weights)["acting"], wait=wait)


def face(voice: Track, direction: Direction | None = None, wait: bool = True) -> Track:
    return offline(Chain(Both(Retime(ARTICULATION), act(wait)), Play()), voice, direction)


# The spline between rows of controls.


@given(st.floats(0, 1))
def test_the_shares_of_a_time_add_up_to_one(part: float) -> None:
    assert sum(shares(part)) == pytest.approx(1.0)
    assert min(shares(part)) >= 0.0


def test_a_fitted_spline_gives_slow_movement_back() -> None:
    times = np.arange(251) / RATE
    rows = np.stack([np.sin(2 * np.pi * 0.5 * times), 0.3 * times], axis=1)
    controls = fitted(rows, RATE, CONTROL_SECONDS)
    assert len(controls) == int(times[-1] / CONTROL_SECONDS) + 1
    for row in range(6, 240):
        first = int(times[row] / CONTROL_SECONDS + 1e-9)
        weights = shares(times[row] / CONTROL_SECONDS - first)
        if 1 <= first < len(controls) - 2:
            assert np.dot(weights, controls[first - 1 : first + 3]) == pytest.approx(rows[row], abs=0.01)


def test_what_is_heard_is_gathered_row_by_row() -> None:
    made = pooled(VOICE.cut(0, 3 * CONTROL_ROWS + 5))
    assert made.space == HEARD and len(made) == 3 and made.fps == 1 / PERIOD
    part = VOICE.values[CONTROL_ROWS : 2 * CONTROL_ROWS]
    assert made["loudest"][1] == part[:, ARTICULATION.column("loudness")].max()
    assert made["jaw"][1] == pytest.approx(part[:, ARTICULATION.column("jaw")].mean())


# Styles and listening, as wishes.


def test_a_style_is_read_as_multiples_of_what_is_usual() -> None:
    assert style_factors("calm, brows=1.5")["brows"] == pytest.approx(0.6 * 1.5)
    assert style_of("head=1.5, nods=0.5", 0)[STYLE.column("head")] == pytest.approx(np.log(1.5) / SCALES["head"])
    # What is not named is the seed's own.
    assert (
        style_of("head=1.5", 4)[STYLE.column("gaze")] == style_of(None, 4)[STYLE.column("gaze")] != style_of(None, 5)[STYLE.column("gaze")]
    )


@pytest.mark.parametrize(
    ("style", "message"),
    [("livly", "unknown style 'livly'. Did you mean 'lively'"), ("hed=2", "Did you mean 'head'"), ("head=9", "0.25 to 4"), ("", "style")],
)
def test_a_wrong_style_is_explained(style: str, message: str) -> None:
    with pytest.raises(DirectionError, match=message):
        direct(style=style)


def test_listening_is_read_and_can_change_over_time() -> None:
    assert direct(listening="on").listening.at(1.0)[0, 0] == 1.0
    wish = read_toml("listening = 1\n[[at]]\ntime = 2\nlistening = 0\nover = 0.5\n", "wish.toml")
    assert [round(float(value), 2) for value in wish.listening.at([1.0, 2.25, 3.0])[:, 0]] == [1.0, 0.5, 0.0]
    with pytest.raises(DirectionError, match="listening"):
        direct(listening=1.5)


# How made-up people act.


def voice_of(track: Track) -> Voice:
    near = track.values.reshape(-1, 100 // RATE, ARTICULATION.size).mean(axis=1).astype(np.float64)
    return Voice(*(near[:, ARTICULATION.column(name)] for name in ("speaking", "voiced", "loudness", "pitch")))


def acted(listening: float = 0.0, seed: int = 0, style: Doubles | None = None, voice: Track = VOICE) -> tuple[Doubles, list[float]]:
    heard = voice_of(voice)
    chosen = np.zeros(STYLE.size) if style is None else style
    manner = Manner(heard, np.zeros((len(heard), 8)), np.full(len(heard), listening), chosen, np.random.default_rng(seed))
    controls, blinks = manner.act()
    return controls, blinks


def test_phrases_and_accents_are_heard() -> None:
    heard = listen(voice_of(VOICE))
    assert 2 <= len(heard.phrases) <= 5
    assert heard.accent.max() > 0.1
    assert listen(voice_of(silence(4.0))).phrases == []


def test_acts_follow_from_their_seed_and_blinks_keep_apart() -> None:
    one, again, other = acted(), acted(), acted(seed=1)
    assert np.array_equal(one[0], again[0]) and one[1] == again[1]
    assert not np.array_equal(one[0], other[0])
    assert all(b - a > APART for a, b in zip(one[1], one[1][1:], strict=False))


def test_listeners_nod_where_those_who_wait_do_not() -> None:
    def nodding(listening: float) -> float:
        quick = [np.diff(acted(listening, seed, voice=silence(12.0))[0][:, CONTROLS.column("head_pitch")]).std() for seed in range(4)]
        return float(np.mean(quick))

    assert nodding(1.0) > 2 * nodding(0.0)


def test_a_lively_head_moves_further() -> None:
    def spread(amount: float) -> float:
        style = np.zeros(STYLE.size)
        style[STYLE.column("head")] = amount
        return float(np.mean([acted(seed=seed, style=style)[0][:, CONTROLS.column("head_yaw")].std() for seed in range(3)]))

    assert spread(1.5) > 1.6 * spread(-1.0)


def test_a_state_is_entered_and_left_smoothly() -> None:
    flags = np.concatenate([np.zeros(50), np.ones(50), np.zeros(50)])
    made = soft_states(flags)
    assert np.abs(np.diff(made)).max() < 0.2
    assert made[49] == 0.0 and made[75] == 1.0 and made[140] == 0.0


def test_voices_become_examples() -> None:
    rows = articulation(SECONDS).values
    found = performed({"rows": rows[None], "listening": np.zeros((1, len(rows))), "emotion": np.array([5])}, 0, "test")  # type: ignore[dict-item]
    length = len(rows) // CONTROL_ROWS
    assert found["controls"].shape == (1, length, CONTROLS.size) and found["heard"].shape == (1, length, HEARD.size)
    assert set(np.unique(found["blinks"])) <= {0.0, 1.0}
    assert found["emotion"].max() > 0.2


# The denoiser that ships.


def test_seeds_act_otherwise_and_each_always_the_same_way() -> None:
    one, again, other = (face(VOICE.cut(0, 600), direct(seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one.values, again.values)
    apart = np.degrees(np.abs(one["head_rotation"] - other["head_rotation"])).max()
    assert apart > 1.0


def test_the_lips_of_a_neutral_face_are_those_of_the_voice() -> None:
    made = face(VOICE)
    lips = offline(Lips(), offline(Retime(ARTICULATION), VOICE))
    for name in EXPRESSION.names:
        if name.startswith(("mouth", "jaw", "tongue")) and not name.startswith("mouthSmile"):
            assert np.array_equal(made[name], lips[name]), name
    assert np.abs(made["mouthSmileLeft"] - lips["mouthSmileLeft"]).max() < 0.4


def test_the_dial_is_linear_in_what_is_acted() -> None:
    heard = offline(Both(Retime(ARTICULATION), act()), VOICE.cut(0, 500))
    assert heard.space == HEARD_AND_ACTED

    def shown(amount: float) -> Doubles:
        return np.asarray(offline(Play(), heard, direct(f"sad={amount}")).values[:, EYES], np.float64)

    none, half, whole = shown(0.0), shown(0.5), shown(1.0)
    lids = [EYES.index(EXPRESSION.column(f"{part}{side}")) for part in ("eyeBlink", "eyeWide", "eyeSquint") for side in ("Left", "Right")]
    rest = [column for column in range(len(EYES)) if column not in lids]
    assert whole[:, rest] - none[:, rest] == pytest.approx(2 * (half[:, rest] - none[:, rest]), abs=2e-3)


def test_blinks_are_natural_or_as_asked() -> None:
    minute = articulation(45.0)

    def count(direction: Direction) -> int:
        shut = face(minute, direction)["eyeBlinkLeft"] > 0.7
        return int((np.diff(shut.astype(int)) > 0).sum())

    assert 6 <= count(Direction()) <= 34
    assert count(direct(blink="off")) == 0
    assert 26 <= count(direct(blink=45)) <= 42


def test_asked_head_and_gaze_are_held() -> None:
    still = face(VOICE.cut(0, 500), direct(head="still", gaze="left"))
    assert np.abs(still["head_rotation"]).max() == 0.0
    assert np.degrees(still["gaze_left_yaw"]) == pytest.approx(-20.0, abs=1e-3)
    turned = np.degrees(face(VOICE, direct(head=(10, 0, 0), motion=0.3))["head_rotation"][:, 1])
    assert turned.mean() == pytest.approx(-10.0, abs=1.5)


def test_motion_begins_at_rest_and_has_no_joints() -> None:
    made = np.degrees(face(articulation(30.0))["head_rotation"].astype(np.float64))
    assert np.abs(made[0]).max() < 3.0
    assert np.degrees(np.tan(np.radians(FAR))).max() >= np.abs(made).max()
    jerk = np.abs(np.diff(made, n=3, axis=0)).max(axis=1)
    # Every third frame is a joint of the spline; nothing happens there that does not happen elsewhere.
    joints = np.arange(len(jerk)) % 3 == 0
    assert np.percentile(jerk[joints], 95) < 2.0 * np.percentile(jerk[~joints], 95)


def test_states_change_what_a_silent_person_does() -> None:
    listens, waits = (face(silence(20.0), direct(listening=amount, seed=3)) for amount in (1.0, 0.0))
    speeds = [float(np.abs(np.diff(each["head_rotation"][:, 0])).mean()) for each in (listens, waits)]
    assert speeds[0] > 1.3 * speeds[1]
    assert np.abs(np.diff(waits["gaze_left_yaw"])).sum() > 0


def test_minutes_do_not_drift() -> None:
    voice, drifts = Track(ARTICULATION, np.tile(VOICE.values, (15, 1)), ARTICULATION_FPS), []
    for seed in range(4):
        long = offline(act(), voice, direct(fps=5, seed=seed))
        assert long.space == ACTED and len(long) == 900
        turned = np.stack([long[name] for name in ("head_yaw", "head_pitch", "head_roll")], axis=1)
        first, last = turned[:300], turned[-300:]
        drifts.append(last.mean(axis=0) - first.mean(axis=0))
        assert np.all(last.std(axis=0) < 2.0 * first.std(axis=0))
        assert np.abs(long[LOOK[0]]).max() < 30
    # One performance may well look elsewhere for a minute, this way or that; a drift would be the same way in all of them.
    assert np.abs(np.mean(drifts, axis=0)).max() < 3.0


@settings(max_examples=3, deadline=None)
@given(st.integers(1, 5))
def test_at_once_it_needs_nothing_that_comes_later(number: int) -> None:
    stage = act(wait=False)
    assert stage.delay == 0
    part = VOICE.cut(0, 12 * CONTROL_ROWS + 7 * number)
    early = stage.step(stage.start(NOBODY, Direction()), part, False)
    assert len(early) >= int(part.stop / 4) - 3
    assert np.array_equal(early.values, offline(stage, VOICE).values[: len(early)])
    assert FACE.size == face(part, wait=False).space.size
