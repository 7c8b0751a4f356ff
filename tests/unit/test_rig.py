"""The controls of a MetaHuman's face board: names, the ways to and from the Space `face`, eyes, smoothing, files and the sculpture."""

import csv
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import NOBODY, cuttings, noise, offline, same, streamed

from thespis.apps import cli
from thespis.errors import UsageError
from thespis.export.take import TakeWriter, open_take
from thespis.motion.networks import emoface
from thespis.motion.networks.emoface import LIDS, LOOK, RigEyes, SavitzkyGolay, smoothing
from thespis.motion.rig import CONTROLS, OfRig, face_of_rig, rig_of_face
from thespis.motion.spaces.face import FACE
from thespis.motion.spaces.rig import RIG, controls
from thespis.pixels.choose import stages_to
from thespis.pixels.mesh import Sculpture
from thespis.stages import Causal, PerFrame, Stage, Windowed
from thespis.types import Curve, Direction, Space, Track, linear

pytestmark = pytest.mark.unit
SIXTY = Fraction(60)


def track(space: Space, rows: int, **channels: object) -> Track:
    return Track(space, np.zeros((rows, space.size), np.float32), SIXTY).replace(**channels)  # type: ignore[arg-type]


def test_there_are_174_controls_in_the_order_of_the_files() -> None:
    assert RIG.size == 174
    places = {"CTRL_C_eye-translateX": 0, "CTRL_C_eye-translateY": 1, "CTRL_L_eye_blink-translateY": 36, "CTRL_R_eye_blink-translateY": 105}
    assert {name: RIG.column(name) for name in places} == places
    assert RIG.names[-1] == "CTRL_neck_throatUpDown-translateY"
    assert set(controls("jaw")) >= {RIG.column("CTRL_C_jaw-translateY"), RIG.column("CTRL_R_jaw_clench-translateY")}
    assert not set(controls("jaw")) & set(controls("mouth"))


def test_a_face_comes_back_from_its_controls() -> None:
    random = np.random.default_rng(1)
    face = track(FACE, 8, **{name: random.uniform(0, 1, 8) for name in CONTROLS})
    looks = random.uniform(-0.3, 0.3, (2, 8))
    face = face.replace(
        eyeBlinkLeft=[0.9, 0, 0, 0, 0, 0, 0, 0], eyeWideRight=[0, 0, 0, 0.5, 0, 0, 0, 0], jawLeft=np.full(8, 0.4),
        gaze_left_yaw=looks[0], gaze_right_yaw=looks[0], gaze_left_pitch=looks[1], gaze_right_pitch=looks[1],
        mouthClose=0.5 * np.maximum(face["jawOpen"], 0.05),
    )  # fmt: skip
    back = face_of_rig(rig_of_face(face))
    np.testing.assert_allclose(back.values, face.values, atol=1e-5)
    assert np.array_equal(PerFrame(OfRig()).step(None, rig_of_face(face), True).values, back.values)


def test_looking_to_the_persons_left_and_up_is_positive() -> None:
    face = track(FACE, 1, gaze_left_yaw=0.2, gaze_right_yaw=0.2, gaze_left_pitch=-0.1, gaze_right_pitch=-0.1)
    assert (rig_of_face(face)[LOOK[0]] > 0.3).all()
    assert (rig_of_face(face)[LOOK[1]] > 0.2).all()


def test_blinks_and_looks_are_those_of_the_paper() -> None:
    rows = 60 * 120
    made = offline(Causal(RigEyes()), track(RIG, rows, **dict.fromkeys(LIDS, np.full(rows, 0.2))))
    lid = made[LIDS[0]]
    begins = np.flatnonzero((lid[1:] > 0.201) & (lid[:-1] <= 0.201)) + 1
    # The usual rate is e^3.518 a minute, and none of less than 15 or more than 100.
    assert 30 < len(begins) < 120
    assert all(36 <= gap <= 240 + 14 for gap in np.diff(begins))
    shut = lid[begins[0] : begins[0] + len(emoface.OPEN)]
    np.testing.assert_allclose(shut, 1 - 0.8 * np.array(emoface.OPEN), atol=1e-5)
    assert np.array_equal(made[LIDS[0]], made[LIDS[1]])
    x, y = made[LOOK[0]], made[LOOK[1]]
    radius = np.hypot(x, y)
    assert radius.max() <= 0.2 + 1e-6
    still = np.diff(x) == 0
    assert 0.7 < still.mean() < 0.95
    held = radius[1:][still & (np.diff(y) == 0)]
    assert 0.2 < np.mean(held < 1e-6) < 0.6  # two in five looks go back to the middle


def test_eyes_do_what_they_are_asked_to() -> None:
    gaze = Curve.constant(linear("gaze turn", "yaw", "pitch"), yaw=20.0, pitch=10.0)
    made = offline(Causal(RigEyes()), track(RIG, 600), Direction(gaze=gaze, blink=0))
    assert (made[LOOK[0]] > 0.5).all()
    assert (made[LOOK[1]] < -0.3).all()
    assert not made[LIDS[0]].any()
    often = offline(Causal(RigEyes()), track(RIG, 600), Direction(blink=60))
    assert np.count_nonzero(np.diff((often[LIDS[0]] > 0.99).astype(int)) == 1) >= 7
    other = offline(Causal(RigEyes()), track(RIG, 600), Direction(seed=5))
    assert not np.array_equal(other.values, offline(Causal(RigEyes()), track(RIG, 600)).values)


def test_smoothing_keeps_cubics_and_calms_noise() -> None:
    at = np.arange(60) / 30 - 1
    cubic = Track(RIG, np.repeat((at**3 - at)[:, None], RIG.size, axis=1).astype(np.float32), SIXTY)
    stage = Windowed(SavitzkyGolay(), **smoothing())
    np.testing.assert_allclose(offline(stage, cubic).values[8:-8], cubic.values[8:-8], atol=1e-5)
    shaken = noise(RIG, 90, SIXTY)
    assert np.diff(offline(stage, shaken).values, axis=0).std() < 0.3 * np.diff(shaken.values, axis=0).std()


@pytest.mark.parametrize("make", [lambda: Windowed(SavitzkyGolay(), **smoothing()), lambda: Causal(RigEyes())])
@given(cuts=cuttings(130), late=st.booleans())
def test_pieces_make_the_same(make: Callable[[], Stage], cuts: list[int], late: bool) -> None:
    given_rows = noise(RIG, 130, SIXTY)
    assert same(offline(make(), given_rows), streamed(make(), given_rows, cuts, late_end=late))


@pytest.fixture
def take(tmp_path: Path) -> Path:
    path = tmp_path / "rig.take"
    with TakeWriter(path, recipe="emoface") as writer:
        rig = rig_of_face(track(FACE, 12, jawOpen=np.linspace(0, 1, 12), mouthSmileLeft=np.full(12, 0.5)))
        writer.motion(rig)
    return path


def test_controls_are_written_by_name(take: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "rig.csv"
    assert cli.main(["export", str(take), "--as", "rig", "-o", str(path)]) == 0
    assert "12 rows of controls" in capsys.readouterr().out
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["Time", *RIG.names]
    assert float(rows[-1]["CTRL_C_jaw-translateY"]) == pytest.approx(1)
    assert float(rows[6]["Time"]) == pytest.approx(0.1)
    assert float(rows[3]["CTRL_L_mouth_cornerPull-translateY"]) == pytest.approx(0.5)


@pytest.mark.parametrize("suffix", [".csv", ".json", ".npz", ".glb", ".tsv"])
def test_other_tools_get_a_face_out_of_controls(take: Path, tmp_path: Path, suffix: str) -> None:
    assert cli.main(["export", str(take), "-o", str(tmp_path / f"out{suffix}")]) == 0
    assert (tmp_path / f"out{suffix}").stat().st_size > 20
    np.testing.assert_allclose(open_take(take).face()["jawOpen"], np.linspace(0, 1, 12), atol=1e-6)


def test_a_sculpture_shows_what_the_face_does() -> None:
    stage = Sculpture(96)
    assert [type(part).__name__ for part in stages_to("openhead", RIG)] == ["PerFrame", "Sculpture"]
    with pytest.raises(UsageError, match="the renderer 'openhead' draws motion in face"):
        stages_to("openhead", linear("odd", "one"))
    face = track(FACE, 4, jawOpen=[0, 0.8, 0, 0], eyeBlinkLeft=[0, 0, 1, 0], gaze_left_yaw=[0, 0, 0, 0.4])
    drawn = stage.step(stage.start(NOBODY, Direction()), face, True)
    assert drawn.images.shape == (4, 96, 96, 3)
    rest, opened, winked, looked = drawn.images.astype(int)
    assert np.abs(opened - rest)[55:].max() > 60
    assert np.abs(opened - rest)[:30].mean() < 0.02 * np.abs(opened - rest)[55:].mean()
    # The person's left eye is on the picture's right.
    for changed in (winked, looked):
        assert np.abs(changed - rest)[:, 48:].max() > 40
        assert np.abs(changed - rest)[:, :48].max() < 4
    wide = stage.step(stage.start(NOBODY, Direction(size=(120, 80))), face.cut(0, 1), True)
    assert wide.images.shape == (1, 80, 120, 3)
