"""The server from the command line: submitting, fetching, listing, cancelling; the words are those of `thespis run`."""

import json
import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import pytest
from served import free_port, picture, served, voice

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from thespis.apps import run, submit
from thespis.apps.cli import main
from thespis.apps.server.client import Client
from thespis.apps.server.schema import JobRequest

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process = served(tmp_path_factory.mktemp("data"), port, {"requests_a_minute": 100_000}, workers=1)
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    process.wait(20)


@pytest.fixture
def given(tmp_path: Path) -> list[str]:
    (tmp_path / "photo.png").write_bytes(picture())
    (tmp_path / "voice.wav").write_bytes(voice(0.8))
    return [str(tmp_path / "photo.png"), str(tmp_path / "voice.wav"), "--recipe", "toy_recipe"]


def test_a_job_is_submitted_and_its_video_and_take_fetched(
    address: str, given: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    words = ["submit", *given, "--server", address, "--size", "96x64", "--emotion", "happy=0.5", "--take-out", str(tmp_path / "a.take")]
    assert main([*words, "--json", "-o", str(tmp_path / "out.mp4")]) == 0
    told = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert (told[-1]["event"], told[-1]["frames"], told[-1]["size"]) == ("done", 20, [96, 64])
    assert b"ftyp" in (tmp_path / "out.mp4").read_bytes()[:12]
    assert (tmp_path / "a.take").read_bytes()[8:9] == b"{"
    request = Client(address).job(told[-1]["job"])["request"]
    assert (request["settings"], request["output"], request["take"]) == ({"size": "96x64", "emotion": "happy=0.5"}, "mp4", True)
    assert (
        main(
            [
                "submit",
                given[0],
                "--recipe",
                "toy_recipe",
                "--take",
                str(tmp_path / "a.take"),
                "--server",
                address,
                "-o",
                str(tmp_path / "again.webm"),
            ]
        )
        == 0
    )
    assert "again.webm: 20 frames of 96x64" in capfd.readouterr().out


def test_jobs_are_listed_fetched_cancelled_and_removed(
    address: str, given: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["submit", *given, "--server", address]) == 0
    first = capfd.readouterr().out.strip()
    assert main(["jobs", first, "--server", address, "-o", str(tmp_path / "late.mp4")]) == 0
    assert main(["submit", *given[:3], "slow", "--server", address, "--json"]) == 0
    second = json.loads(capfd.readouterr().out.splitlines()[-1])["job"]
    assert main(["jobs", second, "--cancel", "--server", address]) == 0
    assert main(["jobs", "--server", address]) == 0
    listed = capfd.readouterr().out
    assert first in listed and second in listed and "toy_recipe" in listed
    assert (tmp_path / "late.mp4").stat().st_size > 500
    assert main(["jobs", first, "--remove", "--server", address]) == 0
    assert main(["jobs", first, "--server", address]) == 2
    assert "there is no job" in capfd.readouterr().err


WRONG = [
    (["submit", "{photo}", "{voice}", "-o", "out.avi"], ".mp4, .mov, .webm, .take"),
    (["submit", "{photo}", "{voice}", "--take", "a.take"], "instead of speech"),
    (["submit", "{photo}"], "nothing to say"),
    (["submit", "{photo}", "--take", "{photo}", "--emotion", "happy"], "a take says already what is done, so emotion"),
    (["submit", "{photo}", "{voice}", "--recipe", "toy_recip"], "Did you mean 'toy_recipe'"),
    (["submit", "{photo}", "{voice}", "--recipe", "toy_recipe", "--emotion", "like=a.jpg"], "names and amounts"),
    (["submit", "{photo}", "{voice}", "--server", "nowhere"], "a server's address is http://HOST:PORT"),
    (["submit", "{photo}", "{voice}", "--server", "http://127.0.0.1:9"], "start one with thespis serve"),
    (["submit", "none.png", "{voice}"], "cannot read none.png"),
    (["jobs", "--cancel"], "say which job"),
    (["jobs", "../x"], "named by its ID"),
    (["jobs", "a1", "--cancel", "--remove"], "one thing at a time"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "why"), WRONG)
def test_what_cannot_be_done_is_one_line(
    address: str, given: list[str], words: list[str], why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    put = [word.format(photo=given[0], voice=given[1]) for word in words]
    assert main(put if "--server" in put else [*put, "--server", address]) == 2
    told = capfd.readouterr().err
    assert why in told
    assert told.count("\n") == 1


def test_the_options_of_a_job_are_those_of_the_command_line() -> None:
    parser, local = ArgumentParser(), ArgumentParser()
    submit.arguments(parser)
    run.arguments(local)
    sent = {
        "say": "script",
        "say_file": "script",
        "direct": "direction",
        "take_out": "take",
        "preview": "output",
        "audio": None,
        "portrait": None,
    }
    sent |= {"token": None, "server": None, "json": None, "help": None} | dict.fromkeys(run.SHORTHANDS, "settings")
    sent["emotion"] = "emotion"
    names = {action.dest for action in parser._actions}
    assert {sent.get(name, name) for name in names} - {None} <= set(JobRequest.model_fields)
    assert set(JobRequest.model_fields) - {sent.get(name, name) for name in names} == {"take_id"}
    assert {action.dest for action in local._actions} - names == {"renderer", "weights", "landmarks", "report"}
