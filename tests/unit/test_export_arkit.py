"""Curves out and back in: the layouts of Live Link Face, Audio2Face and npz, and recordings with gaps, drift and mistakes."""

import csv
import json
import zipfile
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps import cli
from thespis.errors import MediaError
from thespis.export.arkit import heads, read_csv, read_json, read_npz, timecode, write_csv, write_json, write_npz
from thespis.export.take import open_take, save_take
from thespis.motion.spaces.arkit import ANGLES, ARKIT_CURVES, LIVE_LINK
from thespis.motion.spaces.face import FACE
from thespis.types import Clip, Track

pytestmark = pytest.mark.unit


def curves(rows: int = 90, fps: Fraction = Fraction(30)) -> Track:
    """Random rows of `arkit`: weights 0 to 1, angles up to half a radian."""
    random = np.random.default_rng(2)
    values = np.concatenate([random.uniform(0, 1, (rows, len(LIVE_LINK))), random.uniform(-0.5, 0.5, (rows, len(ANGLES)))], axis=1)
    return Track(ARKIT_CURVES, values.astype(np.float32), fps)


def lines_of(path: Path) -> list[list[str]]:
    """Read a CSV."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def rewrite(path: Path, lines: list[list[str]]) -> Path:
    """Write a CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    return path


def fails(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run a command that must fail with one clear line, and give that line."""
    assert cli.main([str(word) for word in words]) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and told.startswith("thespis: ")
    return told


def test_the_layout_is_live_link_faces(tmp_path: Path) -> None:
    write_csv(curves(), tmp_path / "a.csv", first="12:27:47:47.169", clock=60)
    lines = lines_of(tmp_path / "a.csv")
    assert lines[0][:4] == ["Timecode", "BlendshapeCount", "EyeBlinkLeft", "EyeLookDownLeft"]
    assert lines[0][-9:] == [
        "HeadYaw", "HeadPitch", "HeadRoll", "LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll",
    ]  # fmt: skip
    assert len(lines) == 91 and all(len(line) == 63 for line in lines)
    assert [line[0] for line in lines[1:9]] == [
        "12:27:47:47.169", "12:27:47:49.169", "12:27:47:51.169", "12:27:47:53.169",
        "12:27:47:55.169", "12:27:47:57.169", "12:27:47:59.169", "12:27:48:01.169",
    ]  # fmt: skip
    assert {line[1] for line in lines[1:]} == {"61"}


def test_time_codes() -> None:
    assert timecode(0, 25) == "00:00:00:00.000"
    assert timecode(60 * 3599 + 59.9999, 60) == "01:00:00:00.000"
    assert timecode(24 * 3600 * 30 + 15, 30) == "00:00:00:15.000"


@pytest.mark.parametrize("fps", [Fraction(30), Fraction(60), Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction(59904, 1000)])
def test_a_recording_comes_back(fps: Fraction, tmp_path: Path) -> None:
    recorded = curves(300, fps)
    write_csv(recorded, tmp_path / "a.csv")
    back = read_csv(tmp_path / "a.csv")
    assert float(back.curves.fps) == pytest.approx(float(fps), rel=2e-4)
    assert np.abs(back.curves.values - recorded.values).max() < 1e-6 and back.confidence["confidence"].all()


def test_a_recording_comes_back_through_a_take(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = curves(120)
    write_csv(recorded, tmp_path / "a.csv", first="23:59:58:10.500", clock=60)
    assert cli.main(["import", str(tmp_path / "a.csv"), "-o", str(tmp_path / "a.take")]) == 0
    assert "120 rows of face at 30 a second\n" in capsys.readouterr().out
    assert open_take(tmp_path / "a.take").track().space == FACE
    assert cli.main(["export", str(tmp_path / "a.take"), "-o", str(tmp_path / "b.csv")]) == 0
    one, other = lines_of(tmp_path / "a.csv"), lines_of(tmp_path / "b.csv")
    assert [line[:2] for line in one] == [line[:2] for line in other]
    away = np.array([line[2:] for line in one[1:]], float) - np.array([line[2:] for line in other[1:]], float)
    assert np.abs(away).max() < 1e-6


def test_missing_rows_are_filled_and_marked(tmp_path: Path) -> None:
    recorded = curves(100)
    write_csv(recorded, tmp_path / "a.csv", clock=60)
    lines = lines_of(tmp_path / "a.csv")
    lines[31] = [lines[31][0], "0"]  # what the app writes when it sees no face
    del lines[51:61]
    found = read_csv(rewrite(tmp_path / "gap.csv", lines))
    filled = np.flatnonzero(found.confidence["confidence"] == 0)
    assert filled.tolist() == [30, *range(50, 60)] and len(found.curves) == 100
    kept = np.setdiff1d(np.arange(100), filled)
    assert np.abs(found.curves.values[kept] - recorded.values[kept]).max() < 1e-6
    assert np.allclose(found.curves.values[30], (recorded.values[29] + recorded.values[31]) / 2, atol=1e-6)


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    recorded = curves(60)
    write_csv(recorded, tmp_path / "a.csv")
    lines = [line[::-1] for line in lines_of(tmp_path / "a.csv")]
    lines[0] = [name.upper() for name in lines[0]]
    found = read_csv(rewrite(tmp_path / "odd.csv", lines))
    assert np.abs(found.curves.values - recorded.values).max() < 1e-6
    narrow = [[cell for name, cell in zip(heads(), line, strict=True) if "Eye" not in name[4:]] for line in lines_of(tmp_path / "a.csv")]
    with pytest.raises(MediaError, match=r"no column 'eye.*more are missing"):
        read_csv(rewrite(tmp_path / "narrow.csv", [[c for c in line if not c.startswith("Eye")] for line in narrow]))


def test_without_a_time_code_the_rate_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(curves(60), tmp_path / "a.csv")
    bare = rewrite(tmp_path / "bare.csv", [line[2:] for line in lines_of(tmp_path / "a.csv")])
    with pytest.raises(MediaError, match="say it with --fps"):
        read_csv(bare)
    assert cli.main(["import", str(bare), "--fps", "29.97", "-o", str(tmp_path / "a.take")]) == 0
    assert open_take(tmp_path / "a.take").track().fps == Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda lines: [], "no column 'eyeBlinkLeft' and"),
        (lambda lines: lines[:1], "no row with a face"),
        (lambda lines: [*lines[:5], [*lines[5][:4], "much", *lines[5][5:]], *lines[6:]], "line 6 of .* not a number"),
        (lambda lines: [*lines[:5], [*lines[5][:4], "inf", *lines[5][5:]], *lines[6:]], "line 6 of .* beyond any face"),
        (lambda lines: [lines[0], *lines[30:], *lines[1:30]], "line 33 of .* earlier than the line before"),
        (lambda lines: [*lines[:40], ["09:00:00:00.000", *lines[40][1:]], *lines[41:]], "gaps of|earlier"),
    ],
)
def test_broken_recordings_are_told(change: object, told: str, tmp_path: Path) -> None:
    write_csv(curves(60), tmp_path / "a.csv", first="08:00:00:00.000", clock=30)
    rewrite(tmp_path / "bad.csv", change(lines_of(tmp_path / "a.csv")))  # type: ignore[operator]
    with pytest.raises(MediaError, match=told):
        read_csv(tmp_path / "bad.csv")


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_bytes(b"\xff\xfe\x00\x01" * 100)
    with pytest.raises(MediaError, match="not a CSV text file"):
        read_csv(tmp_path / "bad.csv")
    with pytest.raises(MediaError, match="there is no file"):
        read_csv(tmp_path / "none.csv")


def test_json_holds_weights_and_angles(tmp_path: Path) -> None:
    recorded = curves(40)
    write_json(recorded, tmp_path / "a.json")
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["exportFps"], found["numPoses"], found["numFrames"]) == (30.0, 52, 40) and found["facsNames"] == list(LIVE_LINK)
    assert np.allclose(found["weightMat"], recorded.values[:, : len(LIVE_LINK)], atol=1e-6)
    assert np.allclose(found["angleMat"], recorded.values[:, len(LIVE_LINK) :], atol=1e-6) and found["angleNames"] == list(ANGLES)


def test_json_goes_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded = curves(40, Fraction(30000, 1001))
    write_json(recorded, tmp_path / "a.json")
    back = read_json(tmp_path / "a.json").curves
    assert back.fps == recorded.fps and np.abs(back.values - recorded.values).max() < 1e-6
    facts = {"exportFps": 29.97, "facsNames": ["JawOpen", "extra"], "weightMat": [[0.5, 9], [0.25, 9]]}
    (tmp_path / "b.json").write_text(json.dumps(facts))
    assert cli.main(["import", str(tmp_path / "b.json"), "-o", str(tmp_path / "b.take")]) == 0
    track = open_take(tmp_path / "b.take").track()
    assert track["jawOpen"].tolist() == [0.5, 0.25] and abs(float(track.fps) - 29.97) < 1e-3


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"facsNames": ["jawOpen"], "weightMat": [[1], [1, 2]], "exportFps": 30}', "[" * 100_000,
     '{"facsNames": ["jawOpen"], "weightMat": [[1]], "exportFps": 0}', '{"facsNames": ["jawOpen"], "weightMat": [[NaN]], "exportFps": 30}',
     '{"facsNames": ["jawOpen"], "weightMat": [["a"]], "exportFps": 30}', '{"facsNames": ["odd"], "weightMat": [[1]], "exportFps": 30}',
     '{"facsNames": ["jawOpen"], "weightMat": [], "exportFps": 30}', '{"facsNames": ["jawOpen"], "weightMat": [[1]], "exportFps": 1e400}'],
)  # fmt: skip
def test_odd_json_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(text)
    with pytest.raises(MediaError, match=r"odd\.json (has no|needs)"):
        read_json(tmp_path / "odd.json")


def test_npz_goes_there_and_back(tmp_path: Path) -> None:
    track = Track(FACE, np.random.default_rng(0).uniform(0, 1, (20, FACE.size)).astype(np.float32), Fraction(30000, 1001), start=3)
    save_take(tmp_path / "a.take", Clip(None, None, track), tracks={"more": curves(5)})
    write_npz(open_take(tmp_path / "a.take"), tmp_path / "a.npz")
    back = read_npz(tmp_path / "a.npz")
    assert list(back) == ["face", "more"] and back["face"].space == FACE
    assert (back["face"].fps, back["face"].start) == (track.fps, 3) and np.array_equal(back["face"].values, track.values)
    assert cli.main(["import", str(tmp_path / "a.npz"), "-o", str(tmp_path / "b.take")]) == 0
    assert cli.main(["diff", str(tmp_path / "a.take"), str(tmp_path / "b.take")]) == 0
    assert np.array_equal(open_take(tmp_path / "b.take").track().values, track.values)
    plain = np.load(tmp_path / "a.npz")
    assert plain["face.values"].shape == (20, FACE.size) and plain["face.channels"][0] == "browDownLeft"


def test_hostile_npz_is_refused(tmp_path: Path) -> None:
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(MediaError, match="not an npz"):
        read_npz(bad)
    np.savez(bad, tracks=np.array(["face"], dtype=object))
    with pytest.raises(MediaError, match="not what it says"):
        read_npz(bad)
    np.savez(bad, other=np.zeros(3))
    with pytest.raises(MediaError, match="tracks"):
        read_npz(bad)
    header = b"\x93NUMPY\x01\x00" + (118).to_bytes(2, "little")
    header += b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000, 62), }".ljust(117) + b"\n"
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("tracks.npy", header)
    with pytest.raises(MediaError, match="not what it says"):
        read_npz(bad)


def test_outputs_are_checked_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    track = Track(FACE, np.zeros((5, FACE.size), np.float32), Fraction(25))
    take = save_take(tmp_path / "a.take", Clip(None, None, track))
    assert "cannot export to 'a.obj'; use .csv" in fails(capsys, "export", take, "-o", tmp_path / "a.obj")
    assert "unknown layout of a .csv file 'arkti'. Did you mean 'arkit'" in fails(capsys, "export", take, "--as", "arkti", "-o", "a.csv")
    assert "does not exist" in fails(capsys, "export", take, "-o", tmp_path / "no" / "a.csv")
    assert "cannot import 'a.take'" in fails(capsys, "import", take, "-o", tmp_path / "b.take")
    assert "there is no file" in fails(capsys, "import", tmp_path / "none.csv", "-o", tmp_path / "b.take")
    assert [path.name for path in tmp_path.iterdir()] == ["a.take"]
