"""The Spaces `flame`, `vertices` and `liveportrait`: there and back, and what each conversion means."""

from fractions import Fraction

import numpy as np
import pytest

from thespis.head.openhead import load_openhead
from thespis.motion.convert import LIDS_FOLLOW, NECK, landmarks_of_face
from thespis.motion.convert_head import face_of_flame, flame_of_face, vertices_of_face
from thespis.motion.liveportrait import (
    EYES,
    LIPS,
    builtin_map,
    calibrate,
    face_of_liveportrait,
    keypoints_of,
    liveportrait_of_face,
    rotation_of,
)
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.motion.spaces.flame import FLAME, JOINT_CHANNELS, VERTEX_COUNT
from thespis.motion.spaces.liveportrait import KEYPOINTS, LIVEPORTRAIT
from thespis.pixels import asked, puppet
from thespis.types import Track

pytestmark = pytest.mark.unit

EASY = ("jawOpen", "mouthSmileLeft", "browInnerUp", "eyeBlinkRight", "mouthPucker")


def face(rows: int = 60, *, still: bool = False) -> Track:
    """Rows in which a few weights move at a time, and the head and the eyes with them unless `still`."""
    random = np.random.default_rng(5)
    track = Track(FACE, np.zeros((rows, FACE.size), np.float32), Fraction(30))
    moves = {name: random.uniform(0, 0.8, rows) * (random.random(rows) < 0.4) for name in EASY}
    if still:
        return track.replace(**moves)
    gaze = {f"gaze_{side}_{way}": random.uniform(-0.3, 0.3, rows) for side in ("left", "right") for way in ("yaw", "pitch")}
    turned, shifted = random.uniform(-0.3, 0.3, (rows, 3)), random.uniform(-0.2, 0.2, (rows, 3))
    return track.replace(**moves, **gaze, head_rotation=turned, head_translation=shifted)


def test_flame_goes_there_and_back() -> None:
    given = face()
    flame = flame_of_face(given)
    assert flame.space == FLAME
    assert (len(flame), flame.fps) == (len(given), given.fps)
    back = face_of_flame(flame)
    assert np.allclose(back["head_rotation"], given["head_rotation"], atol=1e-5)
    assert np.allclose(back["head_translation"], given["head_translation"], atol=1e-5)
    assert np.allclose(back["gaze_left_yaw"], given["gaze_left_yaw"], atol=1e-5)
    for name in EASY:
        assert np.abs(back[name] - given[name]).max() < 0.03, name


def test_the_jaw_of_flame_opens_downwards_and_looking_left_is_left() -> None:
    given = face(1, still=True)
    opened = flame_of_face(given.replace(**dict.fromkeys(EASY, 0.0)).replace(jawOpen=1.0))
    assert opened["jaw"][0, 0] == pytest.approx(load_openhead().opening, abs=1e-5)
    assert np.abs(np.concatenate([opened[joint] for joint in JOINT_CHANNELS if joint != "jaw"])).max() == 0


def test_vertices_begin_with_the_landmarks() -> None:
    for given, most in ((face(5, still=True), 1e-5), (face(5), 0.1)):  # its neck's joint is not quite where the renderer turns heads
        vertices = vertices_of_face(given).values.reshape(5, VERTEX_COUNT, 3)
        landmarks = landmarks_of_face(given).values.reshape(5, -1, 3)
        assert np.abs(vertices[:, :468] - landmarks).max() < most
    wide = vertices_of_face(given, np.full((1, 1), 2.0, np.float32)).values
    assert np.abs(wide - vertices.reshape(5, -1)).max() > 0.01


def test_liveportrait_keeps_the_head_and_the_gaze() -> None:
    given = face()
    motion = liveportrait_of_face(given)
    assert motion.space == LIVEPORTRAIT
    assert LIVEPORTRAIT.size == 70
    back = face_of_liveportrait(motion)
    assert np.allclose(back["head_rotation"], given["head_rotation"], atol=1e-5)
    assert np.allclose(back["head_translation"], given["head_translation"], atol=1e-4)
    assert np.abs(back["gaze_right_pitch"] - given["gaze_right_pitch"]).max() < 0.02
    for name in EASY:
        assert np.corrcoef(back[name], given[name])[0, 1] > 0.9, name
    again = liveportrait_of_face(back)
    apart = np.abs(keypoints_of(again) - keypoints_of(motion)) / builtin_map().unit
    assert apart.mean() < 0.003
    assert apart.max() < 0.06


def test_keypoints_are_what_liveportrait_makes_of_the_numbers() -> None:
    """The formula of the paper, a row at a time, against our own posed landmarks."""
    given = face(4).replace(head_translation=np.zeros((4, 3)))
    motion = liveportrait_of_face(given)
    for row in range(4):
        x, y, z = (np.radians(float(motion[name][row])) for name in ("pitch", "yaw", "roll"))
        about_x = np.array([[1, 0, 0], [0, np.cos(x), -np.sin(x)], [0, np.sin(x), np.cos(x)]])
        about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
        about_z = np.array([[np.cos(z), -np.sin(z), 0], [np.sin(z), np.cos(z), 0], [0, 0, 1]])
        assert np.allclose(rotation_of(motion)[row], about_z @ about_y @ about_x, atol=1e-5)
    points = landmarks_of_face(given).values.reshape(4, -1, 3)
    placed = keypoints_of(motion) / builtin_map().unit + [0.0, 0.45, 0.0]
    assert np.allclose(placed[:, 19, :2], points[:, [13, 82, 312], :2].mean(axis=1), atol=1e-4)
    assert np.allclose(placed[:, 5, :2], points[:, [152, 175, 199], :2].mean(axis=1), atol=1e-4)


def test_groups_move_with_what_they_are_named_after() -> None:
    moves = np.abs(builtin_map().moves[: len(ARKIT)]).max(axis=2)
    assert set(np.argsort(-moves[ARKIT.index("mouthSmileLeft")])[:3]) <= {*LIPS, 7}
    assert set(np.argsort(-moves[ARKIT.index("eyeBlinkLeft")])[:2]) <= set(EYES)
    assert moves[ARKIT.index("tongueOut")].max() == 0


@pytest.mark.parametrize("depth", [1, -1])
def test_a_calibration_finds_another_networks_keypoints(depth: int) -> None:
    random = np.random.default_rng(1)
    ours = builtin_map()
    theirs = type(ours)(
        canonical=np.asarray(ours.canonical * [1, 1, depth] * 1.2 + random.normal(0, 0.02, (KEYPOINTS, 3)), np.float32),
        rest=np.asarray(random.normal(0, 0.01, (KEYPOINTS, 3)), np.float32),
        moves=np.asarray(ours.moves * 1.2 * [1, 1, depth] + random.normal(0, 0.01, ours.moves.shape), np.float32),
        unit=0.36,
        scale=1.4,
        depth=depth,
    )
    given = face(400)
    observed = liveportrait_of_face(given, theirs)
    found = calibrate(given, observed, theirs.canonical)
    assert found.depth == depth
    assert found.scale == pytest.approx(1.4, rel=0.01)
    assert found.unit == pytest.approx(0.36, rel=0.1)
    new = face(50)
    told = keypoints_of(liveportrait_of_face(new, found), found) - keypoints_of(liveportrait_of_face(new, theirs), theirs)
    unlearned = keypoints_of(liveportrait_of_face(new), theirs) - keypoints_of(liveportrait_of_face(new, theirs), theirs)
    assert np.abs(told).mean() < 0.1 * np.abs(unlearned).mean()
    back = face_of_liveportrait(liveportrait_of_face(new, theirs), found)
    assert np.corrcoef(back["jawOpen"], new["jawOpen"])[0, 1] > 0.95


def test_a_calibration_needs_rows_that_belong_together() -> None:
    given = face(10)
    with pytest.raises(ValueError, match="same rows"):
        calibrate(given, liveportrait_of_face(face(9)), builtin_map().canonical)


def test_one_home_for_what_renderer_and_capture_agree_on() -> None:
    assert NECK[1:] == (puppet.PIVOT_DROP, puppet.PIVOT_DEPTH)
    assert asked.LID_FOLLOWS * 2 == LIDS_FOLLOW
