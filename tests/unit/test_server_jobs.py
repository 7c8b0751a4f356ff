"""Jobs over HTTP with a real renderer: the whole way, cancelling, poisoned jobs, webhooks, takes, and what a kill leaves behind."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from served import free_port, picture, served, settings, submit, until, voice

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from fastapi.testclient import TestClient

from thespis.apps.server.app import create_app
from thespis.apps.server.client import Client
from thespis.apps.server.schema import ENDED
from thespis.apps.server.store import Lease, Store, alive, result_of
from thespis.errors import ThespisError

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("served")
    with TestClient(create_app(settings(folder, {"requests_a_minute": 100_000}, private_webhooks=True))) as made:
        yield made


def test_a_recording_becomes_a_video_whose_progress_is_told(client: TestClient) -> None:
    made = submit(client, audio=voice(3.0), take=True)
    assert made.status_code == 201, made.text
    job = made.json()["id"]
    with client.stream("GET", f"/api/jobs/{job}/events") as events:
        told = [json.loads(line[6:]) for line in events.iter_lines() if line.startswith("data: ")]
    assert told[-1]["state"] == "done"
    assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)
    assert told[-1]["result"] == {
        "file": "thespis.mp4",
        "frames": 75,
        "size": [64, 48],
        "fps": 25.0,
        "seconds": 3.0,
        "take": "thespis.take",
    }
    video = client.get(f"/api/jobs/{job}/result")
    assert video.headers["content-type"] == "video/mp4"
    assert b"ftyp" in video.content[:12]
    kept = client.post(f"/api/jobs/{job}/keep-take").json()
    assert (kept["seconds"], kept["recipe"]) == (3.0, "toy_recipe.py")
    assert client.get(f"/api/takes/{kept['id']}/export/npz").content[:2] == b"PK"
    assert client.get(f"/api/takes/{kept['id']}/export/arkit.csv").status_code == 422
    assert [take["id"] for take in client.get("/api/takes").json()] == [kept["id"]]
    assert client.delete(f"/api/takes/{kept['id']}").status_code == 204
    assert client.get(f"/api/takes/{kept['id']}").status_code == 404
    assert client.delete(f"/api/jobs/{job}").status_code == 204
    assert client.get(f"/api/jobs/{job}").status_code == 404


def test_words_become_a_picture_and_a_take_a_video(client: TestClient) -> None:
    spoken = submit(client, script="[happy] Hello.", output="take").json()["id"]
    assert until(client, spoken)["state"] == "done"
    take = client.get(f"/api/jobs/{spoken}/result").content
    drawn = client.post(
        "/api/jobs",
        data={"request": '{"recipe": "toy_recipe", "settings": {"size": "32x32"}}'},
        files={"portrait": picture(), "take": take},
    )
    assert until(client, drawn.json()["id"])["result"]["size"] == [32, 32]
    trial = submit(client, script="Hello.", output="png").json()["id"]
    assert until(client, trial)["state"] == "done"
    assert client.get(f"/api/jobs/{trial}/result").content.startswith(b"\x89PNG")


def test_a_running_job_is_cancelled_within_a_second_and_the_next_begins(client: TestClient) -> None:
    long = submit(client, recipe="slow", audio=voice(60.0)).json()["id"]
    until(client, long, "running")
    short, waits = (submit(client).json()["id"] for _ in range(2))
    assert client.get(f"/api/jobs/{waits}").json()["place"] == 1
    assert client.post(f"/api/jobs/{waits}/cancel").json()["state"] == "cancelled"
    assert client.get(f"/api/jobs/{long}/result").status_code == 409
    assert client.delete(f"/api/jobs/{long}").status_code == 409
    begun = time.monotonic()
    client.post(f"/api/jobs/{long}/cancel")
    until(client, long, "cancelled")
    assert time.monotonic() - begun < 1.0
    assert until(client, short)["state"] == "done"
    assert until(client, waits)["state"] == "cancelled"


def test_a_poisoned_job_is_given_up_and_the_queue_goes_on(client: TestClient) -> None:
    poisoned, after = submit(client, recipe="poison").json()["id"], submit(client).json()["id"]
    found = until(client, poisoned)
    assert (found["state"], found["attempts"]) == ("failed", 2)
    assert "its renderer stopped 2 times" in found["error"]
    assert until(client, after)["state"] == "done"
    assert client.get("/health").json()["ok"]


def test_an_error_of_the_users_is_told_without_the_servers_folders(client: TestClient) -> None:
    job = submit(client, audio=voice(0.2)[:44]).json()["id"]
    found = until(client, job)
    assert found["state"] == "failed"
    assert found["error"].startswith("no sound in audio.wav can be decoded")


class Hook(BaseHTTPRequestHandler):
    told: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        Hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200 if len(Hook.told) > 1 else 500)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_webhook_is_told_the_end_and_called_again_when_it_fails(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("thespis.apps.server.webhook.LATER", (0.1, 0.1))
    with HTTPServer(("127.0.0.1", 0), Hook) as hook:
        thread = threading.Thread(target=hook.serve_forever)
        thread.start()
        job = submit(client, webhook=f"http://127.0.0.1:{hook.server_port}/done").json()["id"]
        until(client, job)
        end = time.monotonic() + 5
        while len(Hook.told) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        hook.shutdown()
        thread.join()
    assert [(told["id"], told["state"]) for told in Hook.told] == [(job, "done")] * 2


def test_the_options_are_those_of_the_command_line(client: TestClient) -> None:
    from argparse import ArgumentParser

    from thespis.apps.run import arguments

    parser = ArgumentParser()
    arguments(parser)
    options = {action.dest for action in parser._actions}
    request = client.get("/openapi.json").json()["components"]["schemas"]["JobView"]["properties"]["request"]
    assert request["$ref"].endswith("JobRequest")
    own = {"script": "say", "direction": "direct", "take": "take_out", "take_id": None, "strength": None, "webhook": None}
    from thespis.apps.server.schema import JobRequest

    assert {own.get(name, name) for name in JobRequest.model_fields} - {None} <= options | {"say"}


def test_a_kill_loses_no_job_and_renders_none_twice(tmp_path: Path) -> None:
    port = free_port()
    client = Client(f"http://127.0.0.1:{port}")
    (tmp_path / "photo.png").write_bytes(picture())
    (tmp_path / "voice.wav").write_bytes(voice(0.6))
    process = served(tmp_path / "data", port, {"requests_a_minute": 100_000}, workers=2)
    jobs = [client.submit(tmp_path / "photo.png", tmp_path / "voice.wav", recipe="slow") for _ in range(10)]
    shelf = tmp_path / "data" / "shelf"
    while sum(result_of(shelf / "jobs" / job) is not None for job in jobs) < 3:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    end = time.monotonic() + 5
    while any(alive(path.parent, path.stem) for path in (shelf / "renderers").glob("*.lock")):
        assert time.monotonic() < end, "a renderer outlives its server"
        time.sleep(0.02)
    whole = {job: (shelf / "jobs" / job / "result").stat() for job in jobs if result_of(shelf / "jobs" / job) is not None}
    assert 3 <= len(whole) < 10
    process = served(tmp_path / "data", port, {"requests_a_minute": 100_000}, workers=2)
    try:
        found = [client.wait(job) for job in jobs]
        client.fetch(jobs[0], tmp_path / "out.mp4")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert [job["state"] for job in found] == ["done"] * 10
    for job, before in whole.items():
        after = (shelf / "jobs" / job / "result").stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns), "it was rendered twice"
    assert [job["attempts"] for job in found].count(2) <= 2
    assert (tmp_path / "out.mp4").stat().st_size > 500


def test_five_hundred_jobs_wait_in_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(500):
        store.add(f"{number:032x}", {"recipe": "toy_recipe"}, {}, 500)
    with pytest.raises(ThespisError, match="500 jobs are waiting"):
        store.add("f" * 32, {}, {}, 500)
    assert store.before(f"{499:032x}") == 499
    claimed = [store.claim(f"renderer {number % 3}") for number in range(500)]
    assert [job.id for job in claimed if job is not None] == [f"{number:032x}" for number in range(500)]
    assert store.claim("renderer") is None


def test_a_folder_has_one_server(tmp_path: Path) -> None:
    lease = Lease(tmp_path, "server")
    with pytest.raises(ThespisError, match="another server works in"):
        Lease(tmp_path, "server")
    lease.close()
    Lease(tmp_path, "server").close()


def test_old_jobs_go(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for number in range(4):
        store.add(f"{number:032x}", {}, {}, 9)
        store.finish(f"{number:032x}", ENDED[0])
    assert store.old(time.time() - 60, 3) == ["0" * 32]
    assert len(store.old(time.time() + 1, 9)) == 4
