"""A server in trouble: addresses that are taken, folders that are none, answers that break off, files that go while they are listed."""

import json
import socket
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from served import picture, settings, submit

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from fastapi.testclient import TestClient

from thespis.apps import jobs, serve, studio
from thespis.apps.server import supervisor, webhook
from thespis.apps.server.app import create_app
from thespis.apps.server.client import Client
from thespis.apps.server.guard import Guard
from thespis.apps.server.live.partner import Chat
from thespis.apps.server.metrics import Metrics
from thespis.apps.server.settings import Settings, tokens_of
from thespis.apps.server.store import Lease, Store
from thespis.errors import ThespisError, UsageError

pytestmark = pytest.mark.unit


@contextmanager
def answering(text: bytes) -> Iterator[str]:
    """A server that answers everything with the same bytes, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(text)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % length


def test_a_result_that_breaks_off_gets_no_name(tmp_path: Path) -> None:
    with answering(head(100) + b"half of it") as address, pytest.raises(ThespisError, match="broke off its answer"):
        Client(address).fetch("1", tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []
    with answering(head(4) + b"film") as address:
        assert Client(address).fetch("1", tmp_path / "out.mp4").read_bytes() == b"film"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not answer"),
        (head(6) + b"<html>", "is no thespis serve"),
        (head(60) + b'{"jobs"', "broke off"),
        (b"", "does not answer"),
    ],
)
def test_what_is_no_server_of_ours_is_told_in_a_line(text: bytes, why: str) -> None:
    with answering(text) as address, pytest.raises(ThespisError, match=why):
        Client(address).jobs()


@pytest.mark.parametrize("address", ["ftp://x", "http://", "http://x:port", "http://[::1", "http://a b", "nothing"])
def test_addresses_are_checked_before_they_are_called(address: str) -> None:
    with pytest.raises(UsageError, match="a server's address is http"):
        Client(address)
    with pytest.raises(UsageError, match="a partner is 'rules' or an address"):
        Chat(address, "m")


@pytest.mark.parametrize(
    "text", [b"SSH-2.0-OpenSSH_9.6\r\n", head(600) + b"{", head(49) + b'{"choices": [{"message": {"content": null}}]}    ']
)
def test_a_chat_that_answers_oddly_ends_no_conversation(text: bytes) -> None:
    with answering(text) as address, pytest.raises(ThespisError, match=r"the chat does not answer|not one of an OpenAI"):
        Chat(address, "m").answer("Are you there?")


def options(*words: str, verb: Callable[[ArgumentParser], None] = serve.arguments) -> Namespace:
    parser = ArgumentParser()
    verb(parser)
    return parser.parse_args(words)


def test_what_a_server_could_not_do_is_refused_before_it_begins(tmp_path: Path) -> None:
    with pytest.raises(ThespisError, match="there is no recipe file"):
        serve.settings_of(options("--recipe", str(tmp_path / "typo.py")))
    with pytest.raises(UsageError, match="a partner is 'rules' or an address"):
        serve.settings_of(options("--partner", "rule"))
    with pytest.raises(UsageError, match="--keep more than 0"):
        serve.settings_of(options("--keep", "nan"))


def test_the_studio_counts_requests_as_it_was_told(tmp_path: Path) -> None:
    def asked(*words: str) -> int:
        return serve.settings_of(options(*words, verb=studio.arguments)).limits.requests_a_minute

    assert (asked(), asked("--requests", "100")) == (studio.REQUESTS, 100)


def test_an_address_that_is_taken_and_a_folder_that_is_are_told_in_a_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"cannot listen at http://127.0.0.1:{port}: .*choose another --port"):
            serve.listening(Settings(tmp_path, port=port))
    made = settings(tmp_path, workers=0)
    app, lease = create_app(made), Lease(made.folder, "server")
    with pytest.raises(ThespisError, match="another server works in"):
        serve.run(app, made)
    lease.close()
    app.state.store.close()


def test_a_folder_that_cannot_keep_jobs_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ThespisError, match="choose another --folder"):
        Store(tmp_path / "file")
    (tmp_path / "jobs.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(ThespisError, match="choose another --folder"):
        Store(tmp_path)


def test_a_server_has_the_names_it_was_given(tmp_path: Path) -> None:
    async def nothing(*_: Any) -> None: ...

    own = Settings(tmp_path, host="192.168.1.5", tokens=("a-token-of-the-tests",), hosts=("Studio.Example.org",))
    guard = Guard(nothing, own, Metrics())
    answered = ["studio.example.org", "STUDIO.example.org:443", "192.168.1.5:8765", "localhost"]
    refused = ["evil.example", "", "[::1", "[x]", "::1]", "a[b"]
    assert [host for host in (*answered, *refused) if guard._answers_to(host)] == answered
    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    found = guard._refusal(scope, {"host": "localhost", "origin": "http://["})
    assert found is not None and found[0] == 403


def test_a_remark_among_the_tokens_is_no_token(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("  # the old one was thirty letters long\na-token-of-the-tests\n", encoding="utf-8")
    assert tokens_of(tmp_path / "tokens") == ("a-token-of-the-tests",)


def test_a_webhook_is_called_where_the_system_says_first(monkeypatch: pytest.MonkeyPatch) -> None:
    found = ["93.184.216.34", "2606:2800:220:1::1"]
    monkeypatch.setattr(webhook.socket, "getaddrinfo", lambda *_, **__: [(0, 0, 0, "", (address, 80)) for address in found])
    assert webhook.allowed("example.org", 80, private=False) == found[0]


def test_webhooks_go_on_after_a_round_that_went_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(tmp_path, workers=0)
    store, again = Store(made.folder), threading.Event()
    rounds = iter([OSError("the disk is full")])

    def calls(_: float) -> list[Any]:
        for error in rounds:
            raise error
        again.set()
        return []

    monkeypatch.setattr(supervisor, "CALLING", 0.01)
    monkeypatch.setattr(supervisor, "PAUSE", 0.01)
    monkeypatch.setattr(store, "calls", calls)
    found = supervisor.Supervisor(store, made)
    found.start()
    assert again.wait(3.0)
    found.close()
    store.close()


def test_a_renderer_that_has_begun_the_next_job_is_not_ended_for_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = settings(tmp_path)
    store = Store(made.folder)
    found, lease, ended = supervisor.Supervisor(store, made), Lease(made.folder / "renderers", "lease"), []
    monkeypatch.setattr(supervisor, "end", ended.append)
    for finished in (True, False):
        store.add("job", {}, {}, 5)
        store.claim("lease")
        store.cancel("job")
        running = store.running()
        if finished:
            store.finish("job", "cancelled", lease="lease")
        monkeypatch.setattr(store, "running", lambda running=running: running)
        found._renderers[0].lease, found._unwanted = "lease", {"job": -1e9}
        found._free()
        assert len(ended) == (0 if finished else 1)
        monkeypatch.undo()
        monkeypatch.setattr(supervisor, "end", ended.append)
        store.remove("job")
    lease.close()
    store.close()


def test_a_take_that_is_damaged_hides_no_other(tmp_path: Path) -> None:
    made = settings(tmp_path, workers=0)
    with TestClient(create_app(made)) as client:
        (made.folder / "takes" / f"{'0' * 32}.take").write_bytes(b"half of a take")
        assert client.get("/api/takes").json() == []
        gone = submit(client).json()["id"]
        assert client.post(f"/api/jobs/{gone}/keep-take").status_code == 409


def test_who_watches_a_session_that_is_closed_is_told(tmp_path: Path) -> None:
    with TestClient(create_app(settings(tmp_path, workers=0))) as client:
        about = {"request": json.dumps({"recipe": "toy_recipe", "settings": {"size": 64}})}
        room = client.post("/api/live", data=about, files={"portrait": picture()}).json()["id"]
        with client.websocket_connect(f"/api/live/{room}/socket") as socket:
            socket.send_text(json.dumps({"type": "ping"}))
            while "pong" not in str(socket.receive().get("text")):
                pass
            assert client.delete(f"/api/live/{room}").status_code == 204
            while (message := socket.receive())["type"] != "websocket.close":
                pass
            assert (message["code"], message["reason"]) == (4004, "the live session was closed")


def test_a_result_is_fetched_under_a_name_that_says_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "client_of", lambda _: Namespace(job=lambda _: {"request": {"output": "png"}}))
    with pytest.raises(UsageError, match=r"makes a \.png; name the output so, and not 'out.mp4'"):
        jobs.main(options("a1", "-o", str(tmp_path / "out.mp4"), verb=jobs.arguments))


def test_a_text_for_a_live_face_is_refused_and_not_cut(tmp_path: Path) -> None:
    from thespis.apps.server.live.socket import Conversation

    made = settings(tmp_path, limits={"script_characters": 20})
    room: Any = Namespace(performance=None, say=lambda *_: pytest.fail("a text that is too long was said"))
    talk = Conversation(room, made, lambda _: None, lambda: pytest.fail("nothing is heard here"))
    with pytest.raises(UsageError, match="at most 20 characters"):
        talk.message(json.dumps({"type": "say", "text": "far too many words " * 3}))
