"""TextGrids are written so that they can be read again, and those of Praat are read in both layouts."""

import wave
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps import cli
from thespis.errors import MediaError
from thespis.evaluate.sounds import Truth, joined, measure, middles, mouths, summary, truth_of
from thespis.export.take import save_take
from thespis.export.textgrid import filled, textgrid
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.speech.textgrid import Label, read_samples_list, read_textgrid
from thespis.types import Clip, Phone, Speech, Track

pytestmark = pytest.mark.unit

HEAD = ('File type = "ooTextFile"', 'Object class = "TextGrid"', "", "0", "2.5", "<exists>", "1")
SHORT = "\n".join([*HEAD, '"IntervalTier"', '"words"', "0", "2.5", "2", "0", "1.25", '"one ""1"""', "1.25", "2.5", '""', ""])


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    tiers = {"words": [("Mama", 0.5, 1.0), ('"Ah"', 1.0, 1.5)], "phones": [("m", 0.5, 0.6), ("ɑː", 0.6, 1.0)], "activity": []}
    path.write_text(textgrid(tiers, 2.0), encoding="utf-8")
    found = read_textgrid(path)
    assert found["words"] == (Label("Mama", 0.5, 1.0), Label('"Ah"', 1.0, 1.5))
    assert found["phones"] == (Label("m", 0.5, 0.6), Label("ɑː", 0.6, 1.0))
    assert found["activity"] == ()


def test_the_time_is_filled_without_overlaps() -> None:
    assert filled([("b", 1.0, 2.0), ("a", 0.5, 1.2), ("late", 9.0, 9.5)], 3.0) == [
        ("", 0.0, 0.5), ("a", 0.5, 1.2), ("b", 1.2, 2.0), ("", 2.0, 3.0),
    ]  # fmt: skip
    assert filled([], 1.0) == [("", 0.0, 1.0)]


@pytest.mark.parametrize("coding", ["utf-8", "utf-16"])
def test_the_short_layout_is_read(tmp_path: Path, coding: str) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(SHORT, encoding=coding)
    assert read_textgrid(path) == {"words": (Label('one "1"', 0.0, 1.25),)}


def test_broken_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.TextGrid"
    path.write_text(SHORT[:-20], encoding="utf-8")
    with pytest.raises(MediaError, match="not a whole TextGrid"):
        read_textgrid(path)
    path.write_bytes(b"\xff\xff\x00\x01")
    with pytest.raises(MediaError, match="not a TextGrid in UTF-8"):
        read_textgrid(path)
    path.write_text("nothing here\n", encoding="utf-8")
    with pytest.raises(MediaError, match="no lines of first sample"):
        read_samples_list(path, 16_000)


def test_arpabet_becomes_ipa_with_closures_and_bursts_in_one() -> None:
    phones = [
        Label(*each)
        for each in (("h#", 0.0, 0.1), ("pcl", 0.1, 0.18), ("p", 0.18, 0.2), ("AA1", 0.2, 0.4), ("bcl", 0.4, 0.45), ("s", 0.45, 0.5))
    ]
    made = joined(phones)
    assert made == (Label("p", 0.1, 0.2), Label("ɑ", 0.2, 0.4), Label("b", 0.4, 0.45), Label("s", 0.45, 0.5))
    assert middles(made) == pytest.approx([0.15, 0.425])
    assert mouths([Phone("p", 0.0, 0.02), Phone("u", 0.02, 0.03), Phone("f", 0.04, 0.05)], 6).tolist() == [0, 0, 2, 5, 1, 5]


def test_truth_lies_beside_recordings(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(np.zeros(16_000, np.int16).tobytes())
    assert truth_of(tmp_path / "a.wav") is None
    (tmp_path / "a.phn").write_text("0 8000 h#\n8000 16000 m\n", encoding="utf-8")
    (tmp_path / "a.wrd").write_text("8000 16000 mm\n", encoding="utf-8")
    truth = truth_of(tmp_path / "a.wav")
    assert truth is not None and truth.phones == (Label("m", 0.5, 1.0),) and truth.words == (Label("mm", 0.5, 1.0),)


def test_perfect_and_deaf_listeners_are_told_apart() -> None:
    speech = Speech(np.zeros((1, 16_000), np.float32), 16_000)
    truth = Truth(Path("a.wav"), speech, (Label("m", 0.2, 0.3), Label("ɑ", 0.3, 0.6), Label("p", 0.6, 0.7)))
    perfect = measure(truth, listen=lambda _: [Phone("b", 0.2, 0.3), Phone("a", 0.3, 0.6), Phone("p", 0.6, 0.7)])
    deaf = measure(truth, listen=lambda _: [])
    assert summary([perfect])["closures_f1"] == 1.0 and summary([perfect])["visemes"] == 1.0
    assert summary([deaf])["closures_f1"] == 0.0 and summary([deaf])["visemes"] == pytest.approx(0.5)
    assert summary([perfect, deaf])["closures_recall"] == 0.5


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up voice in a file."""
    monkeypatch.chdir(tmp_path)
    speech = say("Papa pulled a purple pumpkin out of the pond.")
    with wave.open("said.wav", "wb") as file:
        file.setparams((1, 2, speech.rate, 0, "NONE", ""))
        file.writeframes((speech.samples[0] * 32767).astype("<i2").tobytes())
    return Path("said.wav")


def test_align_writes_every_layout(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "Papa pulled a purple pumpkin out of the pond."
    Path("text.txt").write_text(text, encoding="utf-8")
    for name, given in (("a.TextGrid", text), ("a.srt", "text.txt"), ("a.vtt", text), ("a.json", "text.txt")):
        assert cli.main(["align", str(recording), "--text", given, "-o", name]) == 0
    assert cli.main(["align", str(recording), "-o", "sounds.TextGrid"]) == 0
    shown = capsys.readouterr()
    assert shown.err == "" and shown.out.count("wrote") == 5 and "9 words" in shown.out
    tiers = read_textgrid(Path("a.TextGrid"))
    assert [label.text for label in tiers["words"]] == text.rstrip(".").split()
    assert "words" not in read_textgrid(Path("sounds.TextGrid"))
    assert "Papa pulled a purple\npumpkin out of the pond." in Path("a.srt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-o", "a.wav"], "use .TextGrid, .json, .srt or .vtt"),
        (["-o", "a.srt"], "no text is given"),
        (["--text", "none.txt", "-o", "a.json"], "there is no text file none.txt"),
        (["--text", "...", "-o", "a.json"], "finds nothing to pronounce"),
        (["--text", "Hi.", "--language", "klingonish", "-o", "a.json"], "unknown voice"),
        (["--text", "", "-o", "a.json"], "the text is empty"),
    ],
)
def test_align_says_what_is_wrong(recording: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["align", str(recording), *words]) == 2
    shown = capsys.readouterr()
    assert says in shown.err and shown.err.count("\n") == 1
    assert {path.name for path in Path.cwd().iterdir()} == {"said.wav"}


def test_a_text_without_a_recording_says_what_to_do(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "photo.jpg", "--say", "Hello.", "--text", "Hello.", "-o", "out.mp4"]) == 2
    assert "no recording is given; let the built-in voice say it with --say" in capsys.readouterr().err


def test_a_take_of_a_known_text_becomes_a_textgrid(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speech = replace(say("Papa pulled."), start=0)
    motion = Track(FACE, np.zeros((round(speech.seconds * 25), FACE.size), np.float32), Fraction(25))
    save_take(Path("a.take"), Clip(speech, None, motion))
    assert cli.main(["export", "a.take", "-o", "a.TextGrid"]) == 0
    assert [label.text for label in read_textgrid(Path("a.TextGrid"))["words"]] == ["Papa", "pulled"]
    save_take(Path("b.take"), Clip(None, None, motion))
    assert cli.main(["export", "b.take", "-o", "b.TextGrid"]) == 2
    assert "knows no words and no phones" in capsys.readouterr().err


def test_times_hours_into_a_recording_stay_exact() -> None:
    text = textgrid({"phones": [("a", 10_000.01, 10_000.04)]}, 12_000.3)
    assert "xmin = 10000.010000" in text and "xmax = 10000.040000" in text
