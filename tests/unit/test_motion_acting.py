"""Blinks, gaze and head: natural rates, sizes and speeds, exact wishes, smooth movement, nothing where nothing is asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import articulation, offline

from thespis.direction.parse import direct
from thespis.direction.script import read_toml
from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import Blink
from thespis.motion.gaze import Gaze
from thespis.motion.head import POSTURES, Head
from thespis.motion.retime import Retime
from thespis.motion.schedule import looks
from thespis.motion.spaces.face import EXPRESSION
from thespis.stages import Stage
from thespis.types import EMOTION, Direction, Track

pytestmark = pytest.mark.unit

MINUTE = offline(Retime(ARTICULATION), articulation(60.0))
SHORT = MINUTE.cut(0, 250)


def quiet(seconds: float, fps: float = 25) -> Track:
    return Track(EXPRESSION, np.zeros((round(seconds * fps), EXPRESSION.size), np.float32), direct(fps=fps).fps)


def turns(direction: Direction | None = None, track: Track = MINUTE) -> np.ndarray:
    """The head's yaw (positive to the picture's right), pitch (positive down) and roll (positive clockwise), (rows, 3) in degrees."""
    x, y, z = offline(Head(), track, direction)["head_rotation"].T
    return np.degrees(np.stack([-y, x, z], axis=1))


def eyes(direction: Direction | None = None, track: Track = MINUTE) -> np.ndarray:
    """Where the left eye looks, (rows, 2) in degrees of yaw and pitch."""
    made = offline(Gaze(), track, direction)
    assert np.array_equal(made["gaze_left_yaw"], made["gaze_right_yaw"])
    return np.degrees(np.stack([made["gaze_left_yaw"], made["gaze_left_pitch"]], axis=1))


def shut(face: Track) -> np.ndarray:
    """The rows at which blinks are first more than half shut."""
    closed = face["eyeBlinkLeft"] > 0.6
    return np.flatnonzero(closed[1:] & ~closed[:-1])


@pytest.mark.parametrize("seed", range(4))
def test_natural_blinks(seed: int) -> None:
    made = offline(Blink(), quiet(600), Direction(seed=seed))
    when = shut(made) / 25
    assert 12 <= len(when) / 10 <= 22
    between = np.diff(when)
    assert between.min() >= 0.3
    assert between.std() / between.mean() > 0.35  # no metronome
    assert made["eyeBlinkLeft"].max() == 1.0


@pytest.mark.parametrize("blink", [5.0, 20.0, 40.0, 60.0])
def test_the_asked_rate_is_kept(blink: float) -> None:
    counts = [len(shut(offline(Blink(), quiet(600), Direction(seed=seed, blink=blink)))) / 10 for seed in range(3)]
    assert np.mean(counts) == pytest.approx(blink, rel=0.12)


def test_no_blinks_leave_the_face_as_it_is() -> None:
    assert not offline(Blink(), quiet(120), direct(blink="off")).values.any()


def test_emotions_change_the_rate() -> None:
    counts = {
        name: sum(len(shut(offline(Blink(), quiet(300), direct(name, seed=seed)))) for seed in range(3)) for name in ("fear", "surprised")
    }
    assert counts["fear"] > 1.6 * counts["surprised"]


@pytest.mark.parametrize("fps", [12.5, 25, 29.97, 60, 120])
def test_every_blink_is_seen_shut(fps: float) -> None:
    lids = offline(Blink(), quiet(120, fps), Direction(seed=3))["eyeBlinkLeft"]
    runs = np.flatnonzero(np.diff(np.concatenate([[0], (lids > 0).astype(int), [0]])))
    peaks = [lids[begin:end].max() for begin, end in zip(runs[::2], runs[1::2], strict=True)]
    assert len(peaks) > 15
    assert min(peaks) == 1.0


def test_lids_close_faster_than_they_open() -> None:
    lids = offline(Blink(), quiet(60, 200), Direction(seed=3))["eyeBlinkLeft"]
    first = np.flatnonzero(lids > 0)[0]
    course = lids[first - 1 : first + 80]
    closing = int((course < 1).argmin())
    opening = int((course[closing:] < 1).argmax())
    after = int((course[closing + opening :] == 0).argmax())
    assert 10 <= closing <= 17  # at 200 rows a second: 50 to 85 ms
    assert 25 <= after <= 40  # 125 to 200 ms


def test_emotional_lids_survive_and_never_close_twice() -> None:
    face = quiet(60).replace(eyeBlinkLeft=np.full(1500, 0.3), eyeWideLeft=np.full(1500, 0.5))
    made = offline(Blink(), face)
    assert made["eyeBlinkLeft"].min() == np.float32(0.3)
    assert made["eyeBlinkLeft"].max() == 1.0
    blinking = made["eyeBlinkLeft"] == 1.0
    assert made["eyeWideLeft"][blinking].max() == 0.0
    assert made["eyeWideLeft"][~blinking].max() == 0.5


def test_blinks_often_come_with_glances_away() -> None:
    together = elsewhere = 0
    for seed in range(4):
        when = shut(offline(Blink(), quiet(300), Direction(seed=seed))) / 25
        away = []
        for look in looks(seed):
            if look.at > 300:
                break
            if look.away:
                away.append(look.at)
        gap = np.abs(when[:, None] - np.array(away)[None]).min(axis=1)
        together, elsewhere = together + (gap < 0.15).sum(), elsewhere + (gap >= 0.15).sum()
    assert 0.15 < together / (together + elsewhere) < 0.7


@pytest.mark.parametrize("seed", range(5))
def test_the_head_moves_naturally(seed: int) -> None:
    found = turns(Direction(seed=seed))
    yaw, pitch, roll = found.std(axis=0)
    assert 1.2 < yaw < 4.5
    assert 0.8 < pitch < 3.0
    assert 0.7 < roll < 2.5
    assert np.abs(found).max() < 15
    assert np.abs(found.mean(axis=0)).max() < 2.5


@pytest.mark.parametrize("emotion", EMOTION.names)
def test_the_head_moves_smoothly(emotion: str) -> None:
    fine = offline(Retime(ARTICULATION, fps=100), articulation(30.0))
    found = turns(direct({"emotion": {emotion: 1.0}, "seed": 2}), fine)
    speed = np.diff(found, axis=0) * 100
    change = np.diff(speed, axis=0) * 100
    assert np.abs(speed).max() < 45  # degrees a second
    assert np.abs(change).max() < 700  # degrees a second squared
    assert np.abs(np.diff(change, axis=0)).max() < 250  # from one hundredth of a second to the next


def test_the_head_begins_where_the_portrait_is() -> None:
    first = turns(direct("angry", seed=4))[0]
    assert np.abs(first).max() < 1.5


@pytest.mark.parametrize("wish", [direct(head="still"), direct("happy", head="still", seed=5), direct("angry", motion=0)])
def test_a_still_head_is_exactly_still(wish: Direction) -> None:
    made = offline(Head(), MINUTE, wish)
    assert not made.values.any()


@given(yaw=st.floats(-40, 40), pitch=st.floats(-30, 30), roll=st.floats(-30, 30))
@settings(max_examples=10)
def test_an_asked_pose_is_kept_and_lives(yaw: float, pitch: float, roll: float) -> None:
    still = turns(direct(head=(yaw, pitch, roll), motion=0), SHORT)
    assert still == pytest.approx(np.tile([yaw, pitch, roll], (250, 1)), abs=1e-3)
    if max(abs(yaw), abs(pitch), abs(roll)) > 8:
        alive = turns(direct(head=(yaw, pitch, roll)), SHORT) - still
        assert alive == pytest.approx(0.4 * turns(track=SHORT), abs=1e-3)


def test_head_and_gaze_turn_the_way_their_spaces_say() -> None:
    rotation = offline(Head(), SHORT, direct(head=(10, 5, 3), motion=0))["head_rotation"][-1]
    assert np.degrees(rotation) == pytest.approx([5, -10, 3], abs=1e-3)
    assert eyes(direct(gaze="right", head="still"), SHORT)[-1] == pytest.approx([20, 0], abs=1e-4)
    assert eyes(direct(gaze="down", head="still"), SHORT)[-1] == pytest.approx([0, 15], abs=1e-4)


@pytest.mark.parametrize(
    ("emotion", "axis", "sign"), [("sad", 1, 1), ("angry", 1, 1), ("contempt", 1, -1), ("surprised", 1, -1), ("happy", 2, 1)]
)
def test_emotions_have_their_posture(emotion: str, axis: int, sign: int) -> None:
    change = turns(direct(emotion))[100:].mean(axis=0) - turns()[100:].mean(axis=0)
    assert sign * change[axis] > 1.5


def test_fear_draws_back_and_anger_comes_forward() -> None:
    away = {name: offline(Head(), MINUTE, direct(name))["head_translation"][100:, 2].mean() for name in ("fear", "angry")}
    assert away["fear"] > 0.08
    assert away["angry"] < -0.06
    assert set(POSTURES) == set(EMOTION.names)


def test_a_sad_head_moves_less_than_a_happy_one() -> None:
    speed = {name: np.abs(np.diff(turns(direct(name)), axis=0)).mean() for name in ("sad", "happy")}
    assert speed["sad"] < 0.6 * speed["happy"]


def test_the_head_nods_at_accents() -> None:
    calm = MINUTE.cut(0, 150).replace(pitch=np.zeros(150), loudness=np.full(150, 0.3), voiced=np.ones(150), speaking=np.ones(150))
    accent = np.zeros(150)
    accent[75:81] = 0.6
    change = turns(track=calm.replace(pitch=accent)) - turns(track=calm)
    assert not change[:75].any()
    assert 0.7 < change[:, 1].max() < 5
    assert 76 < change[:, 1].argmax() < 92


def test_the_head_breathes() -> None:
    silent = MINUTE.cut(0, 1000).replace(**{name: np.zeros(1000) for name in ARTICULATION.names})
    down = offline(Head(), silent)["head_translation"][100:, 1]
    spectrum = np.abs(np.fft.rfft(down - down.mean()))
    assert np.fft.rfftfreq(900, 1 / 25)[3:][spectrum[3:].argmax()] == pytest.approx(0.24, abs=0.04)


@pytest.mark.parametrize("stage", [Head(), Gaze()])
def test_half_the_motion_is_half_the_way(stage: Stage) -> None:
    natural, half = offline(stage, SHORT).values, offline(stage, SHORT, direct(motion="50%")).values
    assert half == pytest.approx(0.5 * natural, abs=1e-5)
    assert not offline(stage, SHORT, direct(motion=0)).values.any()


@pytest.mark.parametrize("seed", range(4))
def test_eyes_rest_on_the_camera_most_of_the_time(seed: int) -> None:
    # With the head's turn added, an eye's turn in the head becomes a line of sight.
    sight = eyes(Direction(seed=seed)) + 0.85 * turns(Direction(seed=seed))[:, :2]
    away = np.abs(sight).max(axis=1)
    assert (away < 3).mean() > 0.75
    assert 0.02 < (away > 4).mean() < 0.3
    assert away.max() < 16


def test_eyes_jump_and_then_rest() -> None:
    sight = offline(Gaze(), offline(Retime(ARTICULATION, fps=200), articulation(20.0)), direct(head="still"))["gaze_left_yaw"]
    moving = np.abs(np.diff(np.degrees(sight))) > 1e-6
    assert moving.mean() < 0.15
    edges = np.flatnonzero(np.diff(np.concatenate([[0], moving.astype(int), [0]])))
    lengths = (edges[1::2] - edges[::2]) / 200
    assert lengths.max() <= 0.065


def test_a_moving_head_does_not_move_an_asked_gaze_off_the_camera() -> None:
    sight = eyes(direct(gaze="camera")) + turns(direct(gaze="camera"))[:, :2]
    assert np.abs(sight).std() < 0.35 * np.abs(turns(direct(gaze="camera"))[:, :2]).std()


def test_asked_gaze_is_exact_with_a_still_head() -> None:
    wish = read_toml("head = 'still'\n[[at]]\ntime = 2\ngaze = [10, -5]\n")
    found = eyes(wish, SHORT)
    assert not found[:50].any()
    assert found[55:] == pytest.approx(np.tile([10, -5], (195, 1)), abs=1e-4)


def test_sad_eyes_are_lowered() -> None:
    lowered = (eyes(direct("sad", head="still")) - eyes(direct(head="still"))).mean(axis=0)
    assert 4 < lowered[1] < 9


@pytest.mark.parametrize("stage", [Head(), Gaze()])
def test_seeds_repeat_and_differ(stage: Stage) -> None:
    one, again, other = (offline(stage, SHORT, Direction(seed=seed)).values for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_the_same_motion_at_any_frame_rate() -> None:
    voice = articulation(20.0)
    slow, fast = (turns(track=offline(Retime(ARTICULATION, fps=fps), voice)) for fps in (25, 100))
    assert np.abs(slow - fast[::4]).max() < 1.0
    assert np.corrcoef(slow[:, 1], fast[::4, 1])[0, 1] > 0.97
