"""FLAME parameters out and in again."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps import cli
from thespis.errors import MediaError
from thespis.export.flame import flame_of_face, read_flame
from thespis.export.take import open_take, save_take
from thespis.head.openhead import METRES, load_openhead
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import Clip, Track

pytestmark = pytest.mark.unit


def face(rows: int = 20) -> Track:
    """Random rows of `face` within what faces do."""
    random = np.random.default_rng(3)
    values = np.clip(random.uniform(-1, 0.7, (rows, FACE.size)), 0, 1)
    values[:, FACE.slice("head_rotation")] = random.uniform(-0.4, 0.4, (rows, 3))
    values[:, FACE.slice("head_translation")] = random.uniform(-0.2, 0.2, (rows, 3))
    for side in ("left", "right"):
        for way in ("yaw", "pitch"):
            values[:, FACE.column(f"gaze_{side}_{way}")] = random.uniform(-0.3, 0.3, rows)
    return Track(FACE, values.astype(np.float32), Fraction(25))


def test_parameters_come_back(tmp_path: Path) -> None:
    take = save_take(tmp_path / "a.take", Clip(None, None, face()))
    assert cli.main(["export", str(take), "--as", "flame", "-o", str(tmp_path / "a.npz")]) == 0
    assert cli.main(["import", str(tmp_path / "a.npz"), "-o", str(tmp_path / "b.take")]) == 0
    back = open_take(tmp_path / "b.take").track()
    for name in ("head_rotation", "head_translation", "gaze_left_yaw", "gaze_right_pitch"):
        assert np.allclose(back[name], face()[name], atol=1e-5), name
    head = load_openhead()

    def shown(track: Track) -> np.ndarray:
        return head.displace(np.stack([track[name] for name in ARKIT], axis=1)) * METRES

    # 52 weights fit into 50 numbers and a jaw only nearly; the surface tells how nearly.
    assert np.sqrt(np.square(shown(back) - shown(face())).sum(axis=2).mean()) < 0.0005


def test_axes_are_flames() -> None:
    turned = face(1).replace(head_rotation=[[0.3, 0, 0]], head_translation=[[0, 1.0, 0]], jawOpen=0.0, jawLeft=0.0, jawRight=0.0)
    arrays = flame_of_face(turned)
    assert np.allclose(arrays["neck_pose"], [[0.3, 0, 0]]) and np.allclose(arrays["transl"], [[0, -METRES, 0]])
    assert np.allclose(arrays["jaw_pose"], 0, atol=1e-6) and arrays["expression"].shape == (1, 50)
    opened = flame_of_face(turned.replace(jawOpen=[1.0]))
    assert opened["jaw_pose"][0, 0] > 0.2  # a jaw of FLAME opens about +x


def test_another_heads_expression_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jaw = np.zeros((10, 3), np.float32)
    jaw[:, 0] = np.linspace(0, load_openhead().opening, 10)
    np.savez(tmp_path / "other.npz", jaw_pose=jaw, expression=np.ones((10, 100)))
    assert cli.main(["import", str(tmp_path / "other.npz"), "-o", str(tmp_path / "a.take")]) == 2
    assert "say it with --fps" in capsys.readouterr().err
    assert cli.main(["import", str(tmp_path / "other.npz"), "--fps", "30", "-o", str(tmp_path / "a.take")]) == 0
    assert "another head" in capsys.readouterr().out
    track = open_take(tmp_path / "a.take").track()
    assert np.allclose(track["jawOpen"], np.linspace(0, 1, 10), atol=1e-4) and np.abs(track["mouthSmileLeft"]).max() < 1e-4


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"jaw_pose": np.zeros((3, 4))}, "needs jaw_pose"),
        ({"jaw_pose": np.full((3, 3), np.nan)}, "needs jaw_pose"),
        ({"jaw_pose": np.zeros((3, 3)), "basis": np.array("openhead")}, "holds none"),
        ({"jaw_pose": np.zeros((3, 3)), "basis": np.array("openhead"), "expression": np.zeros((3, 10))}, "needs expression"),
        ({"jaw_pose": np.array([None])}, "not an npz that can be read"),
    ],
)
def test_odd_files_are_told(arrays: dict[str, np.ndarray], told: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "odd.npz", **arrays)
    with pytest.raises(MediaError, match=told):
        read_flame(tmp_path / "odd.npz", Fraction(25))
