"""The command starts quickly, helps, and complains in one line."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import thespis
from thespis.apps import cli
from thespis.apps.text import clock, table

pytestmark = pytest.mark.unit

HEAVY = ("numpy", "torch", "av", "cv2", "mediapipe", "numba", "onnxruntime", "rich", "PIL", "soxr")


def processor_seconds() -> float:
    """How long the processes started here have computed."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.mark.parametrize("words", [["--help"], ["list"], ["show", "thespis"], ["run", "--help"], ["bench", "--help"]])
def test_help_and_list_start_quickly_and_import_nothing_heavy(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    code = f"import sys; from thespis.apps.cli import main; code = main({words!r}); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    took = []
    for _ in range(3):
        # A start is all computing, so on an idle machine this is also the time by the clock; here it leaves out what other work takes.
        begun = processor_seconds()
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        took.append(processor_seconds() - begun)
    assert not set(HEAVY) & set(ran.stderr.split())
    with capsys.disabled():
        print(f"[thespis {' '.join(words)}: {min(took):.3f} s] ", end="")
    assert min(took) < 0.3
    assert ran.stdout


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    shown = capsys.readouterr().out
    for verb in cli.VERBS:
        assert f"\n  {verb} " in shown
        assert cli.main([verb, "--help"]) == 0
        assert f"usage: thespis {verb}" in capsys.readouterr().out
    assert cli.main([]) == 2
    capsys.readouterr()
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"thespis {thespis.__version__}\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lits"], "unknown command 'lits'. Did you mean 'list'"),
        (["list", "--jsno"], "unknown option '--jsno'. Did you mean '--json'?"),
        (["run", "--hlep"], "unknown option '--hlep'. Did you mean '--help'"),
        (["run"], "the following arguments are required: PORTRAIT, -o/--output"),
        (["run", "a.png", "b.wav", "c.wav", "-o", "x.mp4"], "'c.wav' is one word too many"),
        (["run", "nobody.png", "--seed", "1", "nothing.wav", "-o", "x.mp4"], "nobody.png"),  # an option may stand between the words
        (["run", "a.png", "--say"], "argument --say: expected one argument"),
        (["show", "nobody"], "unknown recipe 'nobody'"),
        (["show", "thespsi"], "Did you mean 'thespis'?"),
        (["copy", "thespis", "copy.txt"], "ends in .py"),
        (["copy", "thespis", "no/such/folder/copy.py"], "does not exist"),
        (["voices", "klingon-on-mars"], "no voice matches 'klingon-on-mars'"),
        (["bench", "--seconds", "0"], "at least one second"),
        (["bench", "nobody.png", "--seconds", "x"], "argument --seconds: invalid float value: 'x'"),
    ],
)
def test_complaints_are_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("thespis: ") and shown.err.count("\n") == 1
    assert says in shown.err


def test_with_json_a_complaint_is_an_event_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--json", "--jsno"]) == 2
    shown = capsys.readouterr()
    event = json.loads(shown.out)
    assert (event["event"], event["code"]) == ("error", 2)
    assert shown.err == f"thespis: {event['message']}\n"


def test_an_unexpected_error_is_one_line_and_a_trace_only_on_request(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(name: str) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("thespis.recipes.card", broken)
    assert cli.main(["list"]) == 1
    assert capsys.readouterr().err == "thespis: unexpected RuntimeError: two lines; please report it with what --debug prints\n"
    with pytest.raises(RuntimeError):
        cli.main(["list", "--debug"])


def test_list_show_voices_and_licenses_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list", "--json"]) == 0
    assert "thespis" in [recipe["name"] for recipe in json.loads(capsys.readouterr().out)]
    assert cli.main(["show", "thespis", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["licence"] == "Apache-2.0"
    assert cli.main(["voices", "german", "--json"]) == 0
    assert [voice["name"] for voice in json.loads(capsys.readouterr().out)] == ["de"]
    assert cli.main(["licenses", "--json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert every["recipes"]["thespis"]["commercial"] is True
    assert every["packages"]["av"]["direct"] is True
    assert {"name": "espeak-ng with its voices", "licence": "GPL-3.0-or-later"}.items() <= every["inside"][0].items()


def test_tables_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["show", "thespis"]) == 0
    assert "docs/recipes/thespis.md" in capsys.readouterr().out
    assert cli.main(["licenses", "thespis"]) == 0
    assert "GPL-3.0-or-later" in capsys.readouterr().out
    assert cli.main(["voices", "f3"]) == 0
    assert "+f3" in capsys.readouterr().out
    assert table(("a", "b"), [("one", "word " * 20)], width=40).count("\n") >= 3
    assert (clock(0), clock(187.46)) == ("0:00.0", "3:07.5")


def test_copy_makes_a_recipe_that_works_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = tmp_path / "mine.py"
    assert cli.main(["copy", "thespis", str(mine)]) == 0
    assert cli.main(["show", str(mine)]) == 0
    assert "Apache-2.0" in capsys.readouterr().out
    mine.write_text("mine")
    assert cli.main(["copy", "thespis", str(mine)]) == 2
    assert mine.read_text() == "mine"
    assert "is not overwritten" in capsys.readouterr().err


def test_a_reader_who_leaves_is_no_error() -> None:
    command = f"'{sys.executable}' -m thespis.apps.cli voices | head -n 1"
    ran = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    assert ran.stdout.startswith("voice")


def test_doctor_finds_all_well_here_and_says_what_is_wrong_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from thespis.apps import doctor

    monkeypatch.setattr(doctor, "ENOUGH_SPEED", 1)  # other work on the test machine must not count as illness
    assert cli.main(["doctor", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["well"] and len(told["findings"]) > 15
    monkeypatch.setattr(doctor, "NETWORKS", ("face_detection/absent.tflite",))
    monkeypatch.setattr(doctor, "ENCODERS", {"libnothing": "mp4"})
    monkeypatch.setattr(doctor, "CHECKS", (doctor.networks, doctor.encoders, doctor.folders))
    assert cli.main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "BAD  face networks: absent face_detection/absent.tflite" in shown
    assert "what to do: pip install --force-reinstall av" in shown
    assert "2 of 5 things need your help" in shown
    assert doctor.look(lambda: 1 / 0)[0].well is False  # type: ignore[arg-type, return-value]
