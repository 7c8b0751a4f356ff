"""Mouth cues, subtitles and MetaHuman controls from takes."""

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from thespis.apps import cli
from thespis.export.metahuman import CONTROLS, METAHUMAN, PREFIX, metahuman_of
from thespis.export.mouth_cues import SHAPES, Cue, from_phones, from_weights, shape_of
from thespis.export.subtitles import LONGEST_LINE, captions, srt, vtt
from thespis.export.take import save_take
from thespis.motion.convert import arkit_of_face
from thespis.motion.spaces.arkit import ARKIT_CURVES
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.speech.phones import segments
from thespis.types import Clip, Phone, Speech, Track, Word

pytestmark = pytest.mark.unit


def face(rows: int, **weights: Sequence[float] | float) -> Track:
    """A face at rest but for some weights."""
    track = Track(FACE, np.zeros((rows, FACE.size), np.float32), Fraction(25))
    return track.replace(**{name: np.broadcast_to(np.asarray(value, np.float32), rows) for name, value in weights.items()})


def take_of(path: Path, motion: Track, speech: Speech | None = None) -> Path:
    """Write a take."""
    return save_take(path, Clip(speech, None, motion))


SAID = Speech(
    np.zeros((1, 32_000), np.float32),
    16_000,
    "Mama, I'm here! (Really.) Fine",
    (Phone("m", 0.3, 0.4), Phone("ˈɑː", 0.4, 0.7), Phone("m", 0.7, 0.8), Phone("f", 1.4, 1.5), Phone("uː", 1.5, 1.8)),
    (Word("Mama", 0.3, 0.6), Word("I'm", 0.6, 0.7), Word("here", 0.7, 0.8), Word("Really", 1.0, 1.2), Word("Fine", 1.4, 1.8)),
)


@pytest.mark.parametrize(
    ("symbol", "shape"),
    [("p", "A"), ("b", "A"), ("m", "A"), ("f", "G"), ("v", "G"), ("s", "B"), ("k", "B"), ("iː", "B"), ("ɛ", "C"), ("ˈɑː", "D"), ("a", "D"),
     ("ɔ", "E"), ("ɹ", "E"), ("uː", "F"), ("w", "F"), ("ʃ", "F"), ("l", "H")],
)  # fmt: skip
def test_the_mouth_of_each_sound(symbol: str, shape: str) -> None:
    assert shape_of(segments(symbol)[0]) == shape


def test_cues_of_phones_fill_the_time() -> None:
    cues = from_phones(SAID.phones or (), 2.0)
    assert [cue.shape for cue in cues] == ["X", "A", "D", "A", "X", "G", "F", "X"]
    assert cues[0].start == 0 and cues[-1].end == 2.0
    assert all(one.end == after.start for one, after in pairwise(cues))
    assert from_phones((), 1.0) == [Cue("X", 0.0, 1.0)]


def test_cues_of_weights() -> None:
    rows = {"rest": 15, "open": 8, "closed": 4, "round": 8, "teeth": 5, "half": 6}
    parts = [
        face(rows["rest"]),
        face(rows["open"], jawOpen=0.8),
        face(rows["closed"], jawOpen=0.3, mouthClose=0.3),
        face(rows["round"], jawOpen=0.15, mouthPucker=0.8),
        face(rows["teeth"], jawOpen=0.15, mouthRollLower=0.5),
        face(rows["half"], jawOpen=0.3),
    ]
    motion = Track(FACE, np.concatenate([part.values for part in parts]), Fraction(25))
    cues = from_weights(arkit_of_face(motion))
    assert [cue.shape for cue in cues] == ["X", "D", "A", "F", "G", "C"]
    assert [round(25 * (cue.end - cue.start)) for cue in cues] == list(rows.values())
    assert from_weights(Track.empty(ARKIT_CURVES, Fraction(25))) == []


def test_fleeting_mouths_are_dropped_but_no_closure() -> None:
    jaw = np.full(40, 0.8)
    jaw[10], jaw[20] = 0.3, 0.0
    assert [cue.shape for cue in from_weights(arkit_of_face(face(40, jawOpen=jaw)))] == ["D", "A", "D"]


def test_the_three_layouts_say_the_same(tmp_path: Path) -> None:
    take = take_of(tmp_path / "a.take", face(50), SAID)
    for name in ("a.tsv", "a.xml"):
        assert cli.main(["export", str(take), "-o", str(tmp_path / name)]) == 0
    assert cli.main(["export", str(take), "--as", "cues", "-o", str(tmp_path / "a.json")]) == 0
    rows = [line.split("\t") for line in (tmp_path / "a.tsv").read_text().splitlines()]
    found = json.loads((tmp_path / "a.json").read_text())
    tree = ElementTree.parse(tmp_path / "a.xml").getroot()
    assert rows[-1] == ["2.00", "X"] and all(letter in SHAPES for _, letter in rows)
    assert [(float(start), letter) for start, letter in rows[:-1]] == [(cue["start"], cue["value"]) for cue in found["mouthCues"]]
    listed = [(float(cue.attrib["start"]), float(cue.attrib["end"]), cue.text) for cue in tree.iter("mouthCue")]
    assert listed == [(cue["start"], cue["end"], cue["value"]) for cue in found["mouthCues"]]
    assert found["metadata"]["duration"] == float(tree.findtext("metadata/duration") or 0) == 2.0


def test_captions_end_with_sentences_and_keep_their_signs() -> None:
    shown = captions(SAID.words or (), SAID.text)
    assert [caption.text for caption in shown] == ["Mama, I'm here!", "(Really.)", "Fine"]
    assert shown[0].start == 0.3 and shown[0].end == 1.0  # a second would reach into the next one
    assert shown[2].end == 2.4
    assert [caption.text for caption in captions(SAID.words or ())] == ["Mama I'm here Really Fine"]


def test_captions_are_short() -> None:
    words = tuple(Word(f"word{number}", number * 0.3, number * 0.3 + 0.25) for number in range(80))
    shown = captions(words)
    assert all(len(line) <= LONGEST_LINE + 8 for caption in shown for line in caption.text.split("\n"))
    assert all(caption.text.count("\n") <= 1 and caption.end - caption.start <= 7.1 for caption in shown)
    assert sum(len(caption.text.split()) for caption in shown) == 80
    assert all(one.end <= after.start for one, after in pairwise(shown))
    assert len(captions((Word("a", 0, 0.2), Word("b", 1.5, 1.7)))) == 2


def test_subtitle_layouts() -> None:
    shown = captions((Word("<b>", 3661.5, 3662.75),))
    assert srt(shown) == "1\n01:01:01,500 --> 01:01:02,750\n<b>\n"
    assert vtt(shown) == "WEBVTT\n\n01:01:01.500 --> 01:01:02.750\n&lt;b&gt;\n"


def test_subtitles_need_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["export", str(take_of(tmp_path / "a.take", face(50), SAID)), "-o", str(tmp_path / "a.vtt")]) == 0
    assert (tmp_path / "a.vtt").read_text().startswith("WEBVTT\n\n00:00:00.300 --> ")
    silent = take_of(tmp_path / "b.take", face(50))
    capsys.readouterr()
    assert cli.main(["export", str(silent), "-o", str(tmp_path / "b.srt")]) == 2
    assert "knows no words" in capsys.readouterr().err and not (tmp_path / "b.srt").exists()


def test_every_weight_drives_a_control() -> None:
    assert sorted(CONTROLS) == sorted(ARKIT)
    curves = arkit_of_face(face(3, mouthSmileLeft=[0, 0.5, 1.4], jawOpen=0.3, eyeBlinkRight=1.0))
    controls = metahuman_of(curves)
    assert controls[f"{PREFIX}mouthCornerPullL"].tolist() == [0, 0.5, 1] and not controls[f"{PREFIX}mouthCornerPullR"].any()
    assert np.allclose(controls[f"{PREFIX}jawOpen"], 0.3) and np.allclose(controls[f"{PREFIX}eyeBlinkR"], 1)


def test_closed_lips_are_a_share_of_the_open_jaw() -> None:
    controls = metahuman_of(arkit_of_face(face(4, jawOpen=[0, 0.4, 0.4, 0.2], mouthClose=[0, 0, 0.2, 0.3])))
    for corner in ("UL", "UR", "DL", "DR"):
        assert np.allclose(controls[f"{PREFIX}mouthLipsTogether{corner}"], [0, 0, 0.5, 1])


def test_left_and_right_controls_are_the_persons_own() -> None:
    looked = metahuman_of(arkit_of_face(face(1, gaze_left_yaw=0.2, gaze_right_yaw=0.2)))
    for control in ("eyeLookLeftL", "eyeLookLeftR"):  # the picture's right is the person's left
        assert looked[PREFIX + control] > 0.2
    for control in ("eyeLookRightL", "eyeLookRightR"):
        assert looked[PREFIX + control] == 0


def test_controls_as_csv(tmp_path: Path) -> None:
    take = take_of(tmp_path / "a.take", face(5, jawOpen=0.25))
    assert cli.main(["export", str(take), "--as", "metahuman", "-o", str(tmp_path / "a.csv")]) == 0
    lines = [line.split(",") for line in (tmp_path / "a.csv").read_text().splitlines()]
    assert tuple(lines[0]) == ("Time", *METAHUMAN.names) and len(lines) == 6
    assert lines[2][0] == "0.040000" and lines[2][1 + METAHUMAN.column(f"{PREFIX}jawOpen")] == "0.25"
