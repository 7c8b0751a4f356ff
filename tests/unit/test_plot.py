"""The picture of a take: what it shows, what it leaves out, and that nothing short is lost in a long one."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from thespis.apps.cli import main
from thespis.apps.plot_sheet import LEFT, RIGHT, asked_emotion, draw_take, panels
from thespis.export.take import save_take
from thespis.motion.spaces.face import FACE
from thespis.types import Clip, Speech, Track

pytestmark = pytest.mark.unit

NONE = np.zeros(0, np.float32)


def performance(rows: int, **channels: object) -> Track:
    return Track(FACE, np.zeros((rows, FACE.size), np.float32), Fraction(25)).replace(**channels)  # type: ignore[arg-type]


def test_sides_that_agree_share_a_line_and_what_rests_is_left_out() -> None:
    wave = np.sin(np.arange(50) / 5).astype(np.float32) / 2 + 0.5
    shown = panels(performance(50, mouthSmileLeft=wave, mouthSmileRight=wave, browOuterUpLeft=wave, jawOpen=wave * 0.01))
    assert [(panel.name, [line.name for line in panel.lines]) for panel in shown] == [
        ("brows", ["browOuterUpLeft"]),
        ("mouth", ["mouthSmile"]),
    ]


def test_angles_are_in_degrees_and_gaze_and_head_have_names() -> None:
    turned = np.zeros((50, 3), np.float32)
    turned[:, 1] = np.linspace(0, 0.5, 50)
    shown = {panel.name: panel for panel in panels(performance(50, head_rotation=turned, gaze_left_yaw=np.linspace(0, 0.2, 50)))}
    assert shown["head"].unit == shown["eyes"].unit == "degrees"
    assert shown["head"].lines[0].name == "turn"
    assert shown["head"].lines[0].values.max() == pytest.approx(np.degrees(0.5), rel=1e-3)
    assert shown["eyes"].lines[0].name == "gaze_left_yaw"


def test_the_emotion_that_was_asked_for_is_read_or_left_out() -> None:
    asked = asked_emotion([{"time": 0.0, "over": 0.0, "happy": 1.0}, {"time": 2.0, "over": 1.0, "sad": 0.6}])
    assert asked is not None
    assert asked.at([0.0])[0].max() == 1.0
    assert asked.at([4.0])[0].max() == pytest.approx(0.6)
    for odd in (None, [], "happy", [{"happy": 1}], [{"time": "x"}], [{"time": 0.0, "over": 0.0}]):
        assert asked_emotion(odd) is None


def test_a_blink_of_one_row_is_seen_among_a_hundred_thousand() -> None:
    blink = np.zeros(100_000, np.float32)
    still = draw_take(performance(100_000, jawOpen=np.full(100_000, 0.5), eyeBlinkLeft=blink), "", {}, NONE, (), None, 700)
    blink[50_000] = 1.0
    picture = draw_take(performance(100_000, jawOpen=np.full(100_000, 0.5), eyeBlinkLeft=blink), "", {}, NONE, (), None, 700)
    assert picture.shape[0] > still.shape[0]
    lids = picture[40:130, LEFT : picture.shape[1] - RIGHT].max(axis=2)
    bright = np.flatnonzero((lids > 90).sum(axis=0) > 40)
    assert len(bright)
    assert abs(float(bright.mean()) - lids.shape[1] / 2) < 4


def test_the_command_draws_sound_words_and_curves(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    jaw = np.abs(np.sin(np.arange(50) / 4)).astype(np.float32)
    speech = Speech(np.random.default_rng(0).normal(0, 0.1, (1, 32_000)).astype(np.float32), 16_000)
    save_take(tmp_path / "a.take", Clip(speech, None, performance(50, jawOpen=jaw)))
    assert main(["plot", str(tmp_path / "a.take"), "-o", str(tmp_path / "a.png"), "--width", "800"]) == 0
    assert "800x" in capsys.readouterr().out
    picture = np.asarray(Image.open(tmp_path / "a.png"))
    assert picture.shape[1] == 800
    assert picture.std() > 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a.take", "-o", "a.svg"], "a plot is a .png picture"),
        (["a.take", "-o", "a.png", "--width", "5"], "600 to 8000"),
        (["a.take", "-o", "nowhere/a.png"], "does not exist"),
        (["b.take", "-o", "a.png"], "b.take"),
    ],
)
def test_what_cannot_be_plotted_is_one_line(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    save_take(tmp_path / "a.take", Clip(None, None, performance(5, jawOpen=np.ones(5))))
    assert main(["plot", *words]) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1
    assert not (tmp_path / "a.png").exists()
