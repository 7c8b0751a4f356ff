"""`thespis run` from end to end on a small recipe: what it writes, what it tells, and what is left when it goes wrong."""

import errno
import io
import json
import os
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.apps.bench import SIZES, sizes_of

pytestmark = pytest.mark.unit

TOY = str(Path(__file__).with_name("toy_recipe.py"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a picture and a recording of 2.3 seconds."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.full((40, 50, 3), 120, np.uint8)).save("photo.png")
    record("speech.wav", 2.3)
    return tmp_path


def record(path: str, seconds: float, rate: int = 16_000) -> None:
    """Write a tone that swells."""
    time_ = np.arange(round(seconds * rate)) / rate
    samples = np.sin(2 * np.pi * 200 * time_) * np.abs(np.sin(2 * np.pi * 0.7 * time_)) * 12_000
    with wave.open(path, "wb") as file:
        file.setparams((1, 2, rate, 0, "NONE", ""))
        file.writeframes(samples.astype("<i2").tobytes())


def run(*words: str) -> int:
    """Run with the small recipe."""
    return cli.main(["run", *words, "--recipe", TOY])


def left(folder: Path) -> set[str]:
    """Name what is in a folder besides the inputs."""
    return {path.name for path in folder.iterdir()} - {"photo.png", "speech.wav"}


@pytest.mark.parametrize(("fps", "frames"), [("25", 58), ("29.97", 69), ("30", 69)])
def test_a_recording_becomes_a_video_of_exactly_its_length(here: Path, fps: str, frames: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("photo.png", "speech.wav", "-o", "out.mp4", "--fps", fps) == 0
    with av.open("out.mp4") as container:
        assert sum(1 for _ in container.decode(video=0)) == frames
        assert container.metadata["title"] == "Thespis"
        assert "thespis 0." in container.metadata["comment"]
    assert capsys.readouterr().out.startswith(f"wrote out.mp4: {frames} frames of 64x48 at ")
    assert left(here) == {"out.mp4"}


def test_json_events_tell_everything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["photo.png", "speech.wav", "-o", "out.webm", "--size", "32x34", "--emotion", "happy=0.5", "--set", "gaze=camera"]
    assert run(*words, "--seed", "3", "--json", "--report", "report.json") == 0
    shown = capsys.readouterr()
    events = [json.loads(line) for line in shown.out.splitlines()]
    assert shown.err == ""
    assert [event["event"] for event in events][:1] == ["start"] and events[0]["frames"] == 58
    assert {event["event"] for event in events[1:-1]} <= {"progress"}
    done = events[-1]
    assert (done["event"], done["path"], done["frames"], done["size"], done["fps"]) == ("done", "out.webm", 58, [32, 34], 25)
    assert done["sha256"] == __import__("hashlib").sha256(Path("out.webm").read_bytes()).hexdigest()
    asked = done["settings"]["direction"]
    assert asked["emotion"] == [{"time": 0.0, "over": 0.0, "happy": 0.5}]
    assert (asked["seed"], asked["size"]) == (3, [32, 34])
    assert set(done["versions"]) >= {"thespis", "python", "numpy", "av"}
    assert json.loads(Path("report.json").read_text())["sha256"] == done["sha256"]
    run_facts = done["run"]
    assert 0 < run_facts["first_frame_s"] <= 58 / run_facts["frames_a_second"] and run_facts["peak_memory_mb"] > 50
    assert left(here) == {"out.webm", "report.json"}


def test_a_text_is_spoken_and_directed(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    Path("script.txt").write_text("[happy] Yes! [sad 0.6] No.")
    assert run("photo.png", "--say-file", "script.txt", "-o", "a.mp4", "--json") == 0
    keys = json.loads(capsys.readouterr().out.splitlines()[-1])["settings"]["direction"]["emotion"]
    assert keys[0]["happy"] == 1.0 and keys[-1]["sad"] == 0.6
    monkeypatch.setattr("sys.stdin", io.StringIO("Yes and no."))
    assert run("photo.png", "--say-file", "-", "-o", "b.mp4") == 0
    assert run("photo.png", "--say", "Ja und nein.", "--voice", "de+f2", "-o", "c.mov") == 0
    assert left(here) == {"a.mp4", "b.mp4", "c.mov", "script.txt"}


def test_pictures_and_preview(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("photo.png", "speech.wav", "-o", "frames/") == 0
    assert len(list(Path("frames").glob("*.png"))) == 58 and Path("frames/sound.wav").is_file()
    assert run("photo.png", "speech.wav", "-o", "look.png", "--preview", "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["size"] == [64, 48]
    pictures = [np.asarray(Image.open(path)).mean() for path in sorted(Path("frames").glob("*.png"))]
    assert np.asarray(Image.open("look.png")).mean() == max(pictures), "the strongest moment"
    assert left(here) == {"frames", "look.png"}


BAD = [
    (["photo.png", "-o", "o.mp4"], "there is nothing to say: give a recording, --say TEXT or --say-file FILE"),
    (["photo.png", "speech.wav", "--say", "x", "-o", "o.mp4"], "AUDIO and --say are given"),
    (["photo.png", "--say", " ", "-o", "o.mp4"], "something to say"),
    (["photo.png", "--say-file", "none.txt", "-o", "o.mp4"], "there is no text file none.txt"),
    (["photo.png", "--say-file", "photo.png", "-o", "o.mp4"], "not a text file in UTF-8"),
    (["photo.png", "--say", "x", "--voice", "enn", "-o", "o.mp4"], "unknown voice 'enn'"),
    (["photo.png", "--say", "[hapy] x", "-o", "o.mp4"], "Did you mean 'happy'"),
    (["none.png", "speech.wav", "-o", "o.mp4"], "there is no picture none.png"),
    (["speech.wav", "speech.wav", "-o", "o.mp4"], "is not a picture"),
    (["empty", "speech.wav", "-o", "o.mp4"], "empty is empty (0 bytes)"),
    (["broken.png", "speech.wav", "-o", "o.mp4"], "damaged"),
    ([".", "speech.wav", "-o", "o.mp4"], "is a folder"),
    (["photo.png", "none.wav", "-o", "o.mp4"], "there is no file none.wav"),
    (["photo.png", "photo.png", "-o", "o.mp4"], "is a picture, not a recording"),
    (["photo.png", "empty", "-o", "o.mp4"], "empty is empty (0 bytes)"),
    (["photo.png", "noise.bin", "-o", "o.mp4"], "noise.bin"),
    (["photo.png", "corrupt.wav", "-o", "o.mp4"], "corrupt.wav"),
    (["photo.png", "silent.wav", "-o", "o.mp4"], "silent from beginning to end"),
    (["photo.png", "nothing.wav", "-o", "o.mp4"], "nothing.wav"),
    (["photo.png", "speech.wav", "--emotion", "hapy", "-o", "o.mp4"], "unknown emotion 'hapy'. Did you mean 'happy'?"),
    (["photo.png", "speech.wav", "--emotion", "happy=9", "-o", "o.mp4"], "1.5"),
    (["photo.png", "speech.wav", "--set", "gazze=left", "-o", "o.mp4"], "Did you mean 'gaze'?"),
    (["photo.png", "speech.wav", "--set", "head=left", "-o", "o.mp4"], "cannot follow head"),
    (["photo.png", "speech.wav", "--set", "seed=1", "--seed", "2", "-o", "o.mp4"], "seed is given twice"),
    (["photo.png", "speech.wav", "--direct", "none.toml", "-o", "o.mp4"], "there is no direction file none.toml"),
    (["photo.png", "speech.wav", "--direct", "noise.bin", "-o", "o.mp4"], "noise.bin"),
    (["photo.png", "speech.wav", "--face", "0", "-o", "o.mp4"], "counted 1, 2, 3"),
    (["photo.png", "speech.wav", "--fps", "0", "-o", "o.mp4"], "fps goes from"),
    (["photo.png", "speech.wav", "--size", "huge", "-o", "o.mp4"], "the width of size needs a number"),
    (["photo.png", "speech.wav", "-o", "o.avi"], "unknown kind '.avi'; use .mp4, .mov, .webm"),
    (["photo.png", "speech.wav", "-o", "none/o.mp4"], "does not exist"),
    (["photo.png", "speech.wav", "-o", "speech.wav"], "unknown kind '.wav'"),
    (["photo.png", "speech.wav", "-o", "photo.png", "--preview"], "is also an input"),
    (["photo.png", "speech.wav", "-o", "o.mp4", "--preview"], "end its name in .png"),
    (["photo.png", "speech.wav", "-o", "o.mp4", "--report", "speech.wav"], "is also an input"),
    (["photo.png", "film.mp4", "-o", "film.mp4"], "is also an input"),
    (["photo.png", "speech.wav", "--background", "broken.png", "-o", "broken.png", "--preview"], "is also an input"),
]


@pytest.mark.parametrize(("words", "says"), BAD, ids=[says[:30] + " " + " ".join(words)[:20] for words, says in BAD])
def test_bad_input_is_one_clear_line(here: Path, words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").touch()
    Path("noise.bin").write_bytes(np.random.default_rng(0).bytes(4000))
    Path("broken.png").write_bytes(Path("photo.png").read_bytes()[:60])
    Path("corrupt.wav").write_bytes(Path("speech.wav").read_bytes()[:30])
    Path("film.mp4").write_bytes(b"film")
    for name, seconds in (("silent.wav", 1.0), ("nothing.wav", 0.0)):
        with wave.open(name, "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(bytes(2 * int(16_000 * seconds)))
    before = left(here)
    assert run(*words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("thespis: ") and shown.err.count("\n") == 1
    assert says in shown.err
    assert left(here) == before
    assert Path("film.mp4").read_bytes() == b"film"


@pytest.mark.parametrize("kind", ["cmyk.jpg", "deep.png", "alpha.png", "palette.gif", "grey.webp", "rotated.jpg"])
def test_pictures_of_every_kind_are_read(here: Path, kind: str) -> None:
    base = Image.fromarray(np.full((40, 50, 3), 120, np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {
        "cmyk.jpg": lambda: base.convert("CMYK").save(kind),
        "deep.png": lambda: Image.fromarray(np.full((40, 50), 30_000, np.uint16)).save(kind),
        "alpha.png": lambda: base.convert("RGBA").save(kind),
        "palette.gif": lambda: base.convert("P").save(kind),
        "grey.webp": lambda: base.convert("L").save(kind),
        "rotated.jpg": lambda: base.save(kind, exif=exif),
    }
    made[kind]()
    assert run(kind, "speech.wav", "-o", "out.mp4") == 0


def test_a_full_disk_is_one_line_and_leaves_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from thespis.export.coding import FileSink

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(FileSink, "finish", full)
    assert run("photo.png", "speech.wav", "-o", "out.mp4") == 2
    assert "the disk is full" in capsys.readouterr().err
    assert left(here) == set()


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_one_line_and_leaves_nothing(here: Path, stop: signal.Signals) -> None:
    record("long.wav", 600)
    words = ["run", "photo.png", "long.wav", "-o", "out.mp4", "--recipe", TOY, "--size", "512", "--json"]
    # A shell that starts the tests in the background has the signal ignored, which is inherited.
    heed = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"
    code = f"{heed}; from thespis.apps.cli import command; sys.argv[1:] = {words!r}; sys.exit(command())"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as ran:
        assert ran.stdout is not None and ran.stderr is not None
        assert json.loads(ran.stdout.readline())["event"] == "start"
        assert json.loads(ran.stdout.readline())["event"] == "progress"
        patience = time.monotonic() + 20
        while not any(name.endswith(".part") for name in left(here)) and time.monotonic() < patience:
            time.sleep(0.02)
        assert any(name.endswith(".part") for name in left(here))
        ran.send_signal(stop)
        told = ran.stderr.read()
        last = ran.stdout.read().splitlines()[-1]
    assert (ran.returncode, told) == (130, "thespis: interrupted; nothing was written\n")
    assert json.loads(last) == {"event": "error", "message": "interrupted; nothing was written", "code": 130}
    assert left(here) == {"long.wav"}


def test_a_terminal_gets_a_bar(here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert run("photo.png", "speech.wav", "-o", "out.mp4") == 0
    assert capsys.readouterr().out.startswith("wrote out.mp4: 58 frames")


def test_a_recipe_without_pictures_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = Path(TOY).read_text().replace("return Talker(Loudness(), Glow())", "return Talker(Loudness())")
    Path("motion_only.py").write_text(text)
    assert cli.main(["run", "photo.png", "speech.wav", "--recipe", "motion_only.py", "-o", "out.mp4"]) == 2
    assert "makes motion and no pictures" in capsys.readouterr().err
    Path("cardless.py").write_text("build = 1\n")
    assert cli.main(["run", "photo.png", "speech.wav", "--recipe", "cardless.py", "-o", "out.mp4"]) == 2
    assert "has no 'card'" in capsys.readouterr().err


def test_the_pace_counts_from_the_first_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    from thespis.apps.progress import Pace

    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    pace = Pace()
    assert pace.add(5) == 0
    now[0] += 0.5
    assert pace.add(30) == 60
    assert pace.frames == 35


def test_bench_measures_every_size_in_a_process_of_its_own(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["bench", "photo.png", "--recipe", TOY, "--seconds", "2", "--sizes", "64x64,32x48"]
    assert cli.main([*words, "--json", "--report", "bench.json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures == json.loads(Path("bench.json").read_text())
    assert [found["size"] for found in figures["sizes"]] == ["64x64", "32x48"]
    for found in figures["sizes"]:
        assert found["frames"] == 50
        assert found["first_frame_warm_s"] < found["first_frame_cold_s"]
        assert found["peak_memory_mb"] > 20 and found["frames_a_second"] > 1
        assert set(found["stage_ms_a_frame"]) == {"1 Loudness", "2 Glow"}
    assert cli.main([*words[:-1], "64x64"]) == 0
    assert "first frame cold" in capsys.readouterr().out
    assert left(here) == {"bench.json"}


def test_bench_measures_a_recipe_of_one_size_as_it_is(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = Path(TOY).read_text()
    Path("one_size.py").write_text(text.replace('{"emotion", "fps", "size", "seed", "gaze"}', '{"seed"}'))
    words = ["bench", "photo.png", "--seconds", "2", "--recipe", "one_size.py"]
    assert cli.main([*words, "--json"]) == 0
    assert [found["size"] for found in json.loads(capfd.readouterr().out)["sizes"]] == ["64x48"]
    assert cli.main([*words, "--sizes", "64x64"]) == 2
    assert "cannot follow size" in capfd.readouterr().err
    assert (sizes_of(TOY), sizes_of("one_size.py")) == (",".join(SIZES), "own")


def test_bench_says_that_a_recipe_draws_nothing(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("still.py").write_text(Path(TOY).read_text().replace("Talker(Loudness(), Glow())", "Talker(Loudness())"))
    assert cli.main(["bench", "photo.png", "--seconds", "1", "--recipe", "still.py"]) == 2
    assert "makes motion and no pictures" in capfd.readouterr().err


def test_bench_passes_a_complaint_on(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "none.png", "--recipe", TOY, "--seconds", "1"]) == 2
    assert capfd.readouterr().err == "thespis: there is no picture none.png\n"
