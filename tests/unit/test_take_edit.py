"""Edits of performances, and the conversions between the Spaces they come in."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.errors import DirectionError
from thespis.head.shapes import load_shapes
from thespis.motion.convert import NECK, arkit_of_face, eyes_of_arkit, face_of_arkit, landmarks_of_face
from thespis.motion.rotations import between, from_angles, matrices, quaternions, to_angles, turn_vectors, vectors
from thespis.motion.spaces.arkit import ANGLES, ARKIT_CURVES, LIVE_LINK
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.motion.take_edit import (
    LIPS,
    columns,
    from_rest,
    from_the_start,
    join_softly,
    matching,
    mirror,
    resample,
    scale,
    smooth,
    stronger,
    with_lips,
)
from thespis.types import Channel, Space, Track, linear

pytestmark = pytest.mark.unit

ONE = linear("one", "a")
MIXED = Space("mixed", (Channel("a"), Channel("turn", "rotation", 3), Channel("which", "token"), Channel("eyeBlinkLeft")))


def face(rows: int = 40, fps: int = 25, seed: int = 0) -> Track:
    """Random rows of `face` within what faces do."""
    random = np.random.default_rng(seed)
    values = random.uniform(0, 1, (rows, FACE.size))
    values[:, FACE.slice("head_rotation")] = random.uniform(-0.5, 0.5, (rows, 3))
    for side in ("left", "right"):
        values[:, FACE.column(f"gaze_{side}_yaw")] = random.uniform(-0.4, 0.4, rows)
    return Track(FACE, values.astype(np.float32), Fraction(fps))


def curves(rows: int = 30) -> Track:
    """Random rows of `arkit`: weights 0 to 1, angles up to half a radian."""
    random = np.random.default_rng(2)
    values = np.concatenate([random.uniform(0, 1, (rows, len(LIVE_LINK))), random.uniform(-0.5, 0.5, (rows, len(ANGLES)))], axis=1)
    return Track(ARKIT_CURVES, values.astype(np.float32), Fraction(30))


def test_rotations_go_there_and_back() -> None:
    turns = np.random.default_rng(0).uniform(-1.5, 1.5, (200, 3))
    turns[0] = 0
    assert np.allclose(vectors(quaternions(turns)), turns, atol=1e-9)
    y, x, z = to_angles(turns)
    assert np.allclose(matrices(from_angles(y, x, z)), matrices(turns), atol=1e-9)
    assert np.allclose(np.linalg.det(matrices(turns)), 1)
    # Thirty degrees about y carry "away" (z) towards x.
    assert np.allclose(matrices([[0, np.pi / 6, 0]])[0] @ [0, 0, 1], [0.5, 0, np.sqrt(0.75)])


def test_between_is_the_arc() -> None:
    assert np.allclose(between([[0, 0, 0]], [[0, 1.2, 0]], [0.25]), [[0, 0.3, 0]])
    half = matrices(between([[1.0, 0, 0]], [[0, 1.0, 0]], [0.5]))[0]
    step = half @ matrices([[1.0, 0, 0]])[0].T
    assert np.allclose(step @ half, matrices([[0, 1.0, 0]])[0])


def test_the_neck_is_the_renderers() -> None:
    from thespis.pixels import puppet

    assert (0.0, puppet.PIVOT_DROP, puppet.PIVOT_DEPTH) == NECK


def test_both_spaces_name_the_same_weights() -> None:
    assert sorted(LIVE_LINK) == sorted(ARKIT)


def test_curves_come_back_from_the_face() -> None:
    recorded = curves()
    back = arkit_of_face(face_of_arkit(recorded), eyes_of_arkit(recorded))
    assert np.abs(back.values - recorded.values).max() < 1e-6


def test_the_face_comes_back_from_curves_but_for_its_translation() -> None:
    given_face = face()
    for name in FACE.names:
        if name.startswith("eyeLook"):
            given_face = given_face.replace(**{name: np.zeros(len(given_face))})
    back = face_of_arkit(arkit_of_face(given_face))
    expected = given_face.replace(head_translation=np.zeros((len(given_face), 3)))
    assert np.abs(back.values - expected.values).max() < 1e-6


def test_signs_of_head_and_eyes() -> None:
    row = Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25))
    towards_left = arkit_of_face(row.replace(head_rotation=[0, 0.3, 0], gaze_left_yaw=-0.2, gaze_right_yaw=-0.2, gaze_left_pitch=0.1))
    assert np.isclose(towards_left["headYaw"], -0.3) and np.isclose(towards_left["leftEyeYaw"], 0.2)
    # The picture's left is the person's right: the left eye turns in, the right one out.
    assert towards_left["eyeLookInLeft"] > 0.3 and towards_left["eyeLookOutRight"] > 0.3
    assert towards_left["eyeLookOutLeft"] == 0 and towards_left["eyeLookInRight"] == 0
    assert towards_left["eyeLookDownLeft"] > 0.2 and towards_left["eyeLookUpLeft"] == 0
    nod = arkit_of_face(row.replace(head_rotation=[0.3, 0, 0]))
    assert np.isclose(nod["headPitch"], -0.3)
    assert np.isclose(arkit_of_face(row.replace(head_rotation=[0, 0, 0.3]))["headRoll"], 0.3)


def test_weights_alone_tell_the_gaze() -> None:
    quiet = curves().replace(**{name: np.zeros(30) for name in ANGLES}, **{name: np.zeros(30) for name in LIVE_LINK})
    looked = face_of_arkit(quiet.replace(eyeLookOutLeft=np.full(30, 0.32), eyeLookInRight=np.full(30, 0.32)))
    assert np.allclose(looked["gaze_left_yaw"], 0.2) and np.allclose(looked["gaze_right_yaw"], 0.2)
    assert not looked["eyeLookOutLeft"].any()


def test_landmarks_are_the_posed_points() -> None:
    shapes = load_shapes()
    still = Track(FACE, np.zeros((2, FACE.size), np.float32), Fraction(25))
    at_rest = landmarks_of_face(still)
    assert np.allclose(at_rest.values[1].reshape(468, 3), shapes.points, atol=1e-6)
    open_mouth = landmarks_of_face(still.replace(jawOpen=[0, 1]))
    moved = (open_mouth.values[1] - at_rest.values[1]).reshape(468, 3)
    assert np.allclose(moved, shapes.displace({"jawOpen": 1.0}), atol=1e-6)
    turned = landmarks_of_face(still.replace(head_rotation=[[0, 0, 0], [0, 0.3, 0]]))
    assert turned["point_1"][1, 0] < at_rest["point_1"][1, 0] - 0.1  # the nose goes to the picture's left
    assert open_mouth.space.size == 1404


def test_resampling_at_the_own_rate_changes_nothing() -> None:
    track = face()
    assert resample(track, Fraction(25)).values is track.values
    assert len(resample(track, Fraction(25), 50)) == 50


def test_resampling_respects_kinds() -> None:
    values = np.array([[0, 0, 0, 0, 3, 0], [1, 0, 1.0, 0, 8, 0]], np.float32)
    made = resample(Track(MIXED, values, Fraction(1)), Fraction(4))
    assert len(made) == 8
    assert np.allclose(made["a"][:5], [0, 0.25, 0.5, 0.75, 1])
    assert np.allclose(made["turn"][2], [0, 0.5, 0]) and made["which"].tolist()[:4] == [3, 3, 8, 8]


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(30000, 1001), Fraction(24), Fraction(12), Fraction(60)])
def test_resampled_rows_stand_at_their_times(fps: Fraction) -> None:
    times = np.arange(250, dtype=np.float32)[:, None] / 25
    made = resample(Track(ONE, times, Fraction(25)), fps)
    assert len(made) == int(10 * fps + Fraction(1, 2))
    seconds = np.minimum(np.arange(len(made)) / float(fps), 249 / 25)
    assert np.allclose(made["a"], seconds, atol=1e-4)


def test_a_short_blink_outlives_a_slow_rate() -> None:
    values = np.zeros((60, MIXED.size), np.float32)
    values[31, MIXED.column("eyeBlinkLeft")] = 1.0
    values[31, MIXED.column("a")] = 1.0
    made = resample(Track(MIXED, values, Fraction(60)), Fraction(12))
    assert made["eyeBlinkLeft"].max() == 1.0 and made["a"].max() < 0.5


@given(st.integers(0, 60), st.integers(1, 60))
def test_resampling_never_leaves_the_range(rows: int, fps: int) -> None:
    track = face(rows)
    made = resample(track, Fraction(fps))
    assert len(made) == (rows * 2 * fps + 25) // 50
    plain = matching(FACE, "jaw*", "eyeBlink*")
    if len(made):
        low, high = (edge(track.values[:, columns(FACE, plain)]) for edge in (np.min, np.max))
        assert low <= made.values[:, columns(FACE, plain)].min() and made.values[:, columns(FACE, plain)].max() <= high


def test_what_begins_later_is_filled_up() -> None:
    track = Track(ONE, np.array([[5], [6]], np.float32), Fraction(25), start=2)
    assert from_the_start(track)["a"].tolist() == [5, 5, 5, 6]
    early = Track(ONE, np.array([[5], [6], [7]], np.float32), Fraction(25), start=-2)
    assert from_the_start(early)["a"].tolist() == [7] and from_the_start(early).start == 0
    assert len(from_the_start(Track(ONE, np.ones((2, 1), np.float32), Fraction(25), start=-9))) == 0


def test_strength_leaves_blinks_and_gaze() -> None:
    track = face()
    none, twice = stronger(track, 0.0), stronger(track, 2.0)
    assert not none["mouthSmileLeft"].any() and not none["head_rotation"].any() and not none["head_translation"].any()
    for name in ("eyeBlinkLeft", "gaze_left_yaw"):
        assert np.array_equal(none[name], track[name])
    assert np.allclose(twice["head_rotation"], 2 * track["head_rotation"]) and np.allclose(twice["jawOpen"], 2 * track["jawOpen"])
    assert stronger(track, 1.0) is track


def test_scaling_by_name() -> None:
    track = face()
    made = scale(track, "brow*", 0.5)
    assert np.allclose(made["browInnerUp"], track["browInnerUp"] / 2) and np.array_equal(made["jawOpen"], track["jawOpen"])
    with pytest.raises(DirectionError, match=r"unknown channel 'jawOpe'\. Did you mean 'jawOpen'"):
        scale(track, "jawOpe", 1)


def test_a_mirror_twice_is_the_face() -> None:
    track = face()
    made = mirror(track)
    assert np.array_equal(mirror(made).values, track.values)
    assert np.array_equal(made["mouthSmileLeft"], track["mouthSmileRight"]) and np.array_equal(made["jawLeft"], track["jawRight"])
    assert np.allclose(made["head_rotation"], track["head_rotation"] * [1, -1, -1])
    assert np.allclose(made["gaze_left_yaw"], -track["gaze_right_yaw"])
    assert np.array_equal(made["gaze_left_pitch"], track["gaze_right_pitch"])


def test_a_mirrored_face_is_the_mirrored_points() -> None:
    shapes, track = load_shapes(), face(3)
    points = landmarks_of_face(track).values.reshape(3, 468, 3)
    mirrored = landmarks_of_face(mirror(track)).values.reshape(3, 468, 3)
    assert np.abs(points[:, shapes.mirror] * [-1, 1, 1] - mirrored).max() < 1e-3


def test_smoothing_keeps_length_and_mean() -> None:
    track = face(200)
    made = smooth(track, 0.1)
    assert len(made) == 200 and made["jawOpen"].std() < 0.5 * track["jawOpen"].std()
    assert abs(made["jawOpen"][20:-20].mean() - track["jawOpen"][20:-20].mean()) < 0.05
    assert smooth(track, 0.0) is track


def test_other_lips_keep_the_feeling() -> None:
    track, other = face(40, seed=1), face(60, fps=30, seed=2)
    made = with_lips(track, other)
    assert len(made) == 40
    theirs = resample(other, Fraction(25))
    assert np.array_equal(made["jawOpen"], theirs["jawOpen"][:40]) and np.array_equal(made["browInnerUp"], track["browInnerUp"])
    assert np.array_equal(made["mouthSmileLeft"], track["mouthSmileLeft"])
    assert {"jawOpen", "mouthPucker", "tongueOut"} <= {channel.name for channel in matching(FACE, *LIPS)}
    with pytest.raises(DirectionError, match="not one"):
        with_lips(Track.empty(ONE, Fraction(25)), other)


def test_the_resting_face_becomes_neutral() -> None:
    still = Track(FACE, np.zeros((50, FACE.size), np.float32), Fraction(25))
    smile = np.concatenate([np.full(25, 0.2), np.full(25, 0.6)])
    turn = np.tile(np.array([[0, 0.3, 0]]), (50, 1))
    turn[25:] = [0, 0.5, 0]
    made = from_rest(still.replace(mouthSmileLeft=smile, head_rotation=turn, gaze_left_yaw=np.full(50, 0.1)), 0.4)
    assert np.allclose(made["mouthSmileLeft"][:25], 0) and np.allclose(made["mouthSmileLeft"][25:], 0.5)
    assert np.allclose(made["head_rotation"][:25], 0, atol=1e-6) and np.allclose(made["head_rotation"][25:], [0, 0.2, 0], atol=1e-6)
    assert not made["gaze_left_yaw"].any()
    turns = np.random.default_rng(0).uniform(-1.5, 1.5, (50, 3))
    assert np.allclose(turn_vectors(matrices(turns)), turns, atol=1e-7)
    with pytest.raises(DirectionError, match="resting face"):
        from_rest(Track.empty(ONE, Fraction(25)), 0)


def test_a_soft_joint_has_no_jump() -> None:
    first = Track(ONE, np.zeros((25, 1), np.float32), Fraction(25))
    second = Track(ONE, np.ones((25, 1), np.float32), Fraction(25))
    made = join_softly(first, second, 0.4)
    assert len(made) == 50 and np.abs(np.diff(made["a"])).max() < 0.2 and made["a"][-1] == 1
    assert join_softly(first, second, 0.0)["a"][25] == 1
    with pytest.raises(DirectionError, match="same Space"):
        join_softly(first, face(), 0.2)
