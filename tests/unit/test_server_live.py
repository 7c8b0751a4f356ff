"""Live sessions over a WebSocket with a recipe that glows with the voice: pace, sound and picture together, interruptions, coming back."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import numpy as np
import pytest
from served import picture, settings

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
import av
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession

from thespis.apps.server.app import create_app
from thespis.apps.server.live.acting import ATTENTION
from thespis.apps.server.live.fragments import SOUND_RATE, Fragments
from thespis.apps.server.live.hearing import Hearing, Turn
from thespis.apps.server.live.partner import Chat, Rules, tidy, wav
from thespis.apps.server.live.routes import activity
from thespis.direction.perform import at_rate
from thespis.direction.script import read_script
from thespis.errors import ThespisError, UsageError
from thespis.speech.say import say

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    limits = {"requests_a_minute": 100_000, "sessions": 2, "session_idle_seconds": 1.5, "pushed_seconds": 20.0}
    with TestClient(create_app(settings(tmp_path_factory.mktemp("live"), limits=limits, workers=0))) as made:
        yield made


@contextmanager
def opened(client: TestClient, **request: Any) -> Iterator[str]:
    answer = client.post("/api/live", data={"request": json.dumps({"recipe": "toy_recipe"} | request)}, files={"portrait": picture()})
    assert answer.status_code == 201, answer.text
    try:
        yield answer.json()["id"]
    finally:
        client.delete(f"/api/live/{answer.json()['id']}")


def watched(socket: WebSocketTestSession, frames: int, last: str = "") -> tuple[bytes, list[dict[str, Any]]]:
    """Watch so many fragments, and then until an event of the type `last` -> the film, and what was told."""
    film, told, count = b"", [], 0
    while count < frames or (last and last not in [event.get("state", event["type"]) for event in told]):
        message = socket.receive()
        assert message["type"] == "websocket.send", message
        if message.get("bytes"):
            film, count = film + message["bytes"], count + 1
        elif message.get("text"):
            told.append(json.loads(message["text"]))
    return film, told


def decoded(film: bytes) -> tuple[list[tuple[float, float]], float, np.ndarray]:
    """Decode -> (time, brightness) of each frame, the time of the first sample, and the samples."""
    bright, heard, first = [], [], None
    with av.open(io.BytesIO(film)) as container:
        for packet in container.demux():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue  # the film breaks off where it was last received
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    bright.append((float(frame.time), float(frame.to_ndarray(format="gray").mean())))
                else:
                    first = float(frame.time) if first is None else first
                    heard.append(frame.to_ndarray()[0])
    return bright, first or 0.0, np.concatenate(heard)


def test_what_is_pushed_is_shown_with_its_sound_and_at_its_pace(client: TestClient) -> None:
    tone = (12_000 * np.sin(np.arange(SOUND_RATE) * 2 * np.pi * 300 / SOUND_RATE)).astype("<i2")
    with opened(client) as room, client.websocket_connect(f"/api/live/{room}/socket") as socket:
        film, told = watched(socket, 20)
        socket.send_text(json.dumps({"type": "sound", "role": "speak", "rate": SOUND_RATE}))
        socket.send_bytes(tone.tobytes())
        more, later = watched(socket, 40, "idle")
    assert told[0]["type"] == "open"
    assert told[1]["mime"].startswith('video/mp4; codecs="avc1.')
    assert [event["state"] for event in later if event["type"] == "state"] == ["speaking", "idle"]
    bright, first, heard = decoded(film + more)
    assert bright[-1][0] > 2.0
    loud = np.flatnonzero(np.abs(heard) > 0.15) / SOUND_RATE + first
    glowing = [at for at, value in bright if value > 90]
    assert abs(glowing[0] - loud[0]) < 0.045
    assert abs(glowing[-1] + 0.04 - loud[-1]) < 0.045
    assert loud[-1] - loud[0] == pytest.approx(1.0, abs=0.03)


def test_an_interruption_is_silent_within_300_ms_and_a_new_word_follows(client: TestClient) -> None:
    with opened(client) as room, client.websocket_connect(f"/api/live/{room}/socket") as socket:
        socket.send_text(json.dumps({"type": "say", "text": "La la la la la la la la la la la la la la la la la la la la la la."}))
        film, told = watched(socket, 40, "saying")
        socket.send_text(json.dumps({"type": "interrupt"}))
        more, later = watched(socket, 40, "listening")
        view = client.get(f"/api/live/{room}").json()
    assert "saying" in [event["type"] for event in told]
    assert [event["type"] for event in later if event["type"] in ("interrupted", "state")][:2] == ["interrupted", "state"]
    assert view["state"] == "listening"
    assert 0 < view["hushed"] < 0.3
    _, first, heard = decoded(film + more)
    loud = np.flatnonzero(np.abs(heard) > 0.02) / SOUND_RATE + first
    stopped = next(event["at"] for event in later if event["type"] == "interrupted")
    assert loud[-1] < stopped + 0.1
    assert ATTENTION > 1


def test_a_dropped_connection_comes_back_to_the_same_session(client: TestClient) -> None:
    with opened(client) as room:
        with client.websocket_connect(f"/api/live/{room}/socket") as socket:
            watched(socket, 12)
        before = client.get(f"/api/live/{room}").json()
        assert before["watched"] is False
        time.sleep(0.6)
        assert client.get(f"/api/live/{room}").json()["frames"] == before["frames"], "nobody watches, so nothing is drawn"
        with client.websocket_connect(f"/api/live/{room}/socket") as socket:
            film, told = watched(socket, 12)
        assert told[0]["at"] == pytest.approx(before["seconds"], abs=0.1)
        assert len(decoded(film)[0]) > 8
        with client.websocket_connect(f"/api/live/{room}/socket") as one, client.websocket_connect(f"/api/live/{room}/socket") as other:
            watched(other, 8)
            told = []
            while not told or told[-1]["type"] not in ("replaced", "websocket.close"):
                message = one.receive()
                told.append(message if message["type"] == "websocket.close" else json.loads(message.get("text") or '{"type": "film"}'))


def test_sessions_have_limits_and_are_closed_when_nobody_watches(client: TestClient) -> None:
    with opened(client) as one, opened(client):
        third = client.post("/api/live", data={"request": '{"recipe": "toy_recipe"}'}, files={"portrait": picture()})
        assert (third.status_code, "2 live sessions are open" in third.json()["error"]) == (503, True)
        end = time.monotonic() + 6
        while client.get(f"/api/live/{one}").status_code == 200:
            assert time.monotonic() < end
            time.sleep(0.1)
    with client.websocket_connect(f"/api/live/{one}/socket") as socket:
        assert socket.receive()["code"] == 4004


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"type": "shout"}, "not known"),
    ({"type": "direct", "settings": {"emotion": "hapy"}}, "unknown emotion 'hapy'"),
    ({"type": "direct", "settings": {"size": 64}}, "size cannot change in a running session"),
    ({"type": "direct", "settings": {"background": "/etc/passwd"}}, "background cannot change"),
    ({"type": "direct", "settings": {"emotion": "like=/etc/passwd"}}, "names and amounts"),
    ({"type": "say", "text": "Hello.", "voice": "command:ls"}, "a voice is one of"),
    ({"type": "say", "text": "word " * 400}, "are waiting already"),
    ({"type": "say", "text": "[happy]"}, "no words|nothing to say|say"),
]


def test_what_is_wrong_is_told_and_the_session_goes_on(client: TestClient) -> None:
    with opened(client) as room, client.websocket_connect(f"/api/live/{room}/socket") as socket:
        for message, _ in WRONG:
            socket.send_text(json.dumps(message))
        socket.send_text("no JSON at all")
        socket.send_bytes(b"\x01")
        told: list[dict[str, Any]] = []
        while len(refused := [event["error"] for event in told if event["type"] == "refused"]) < len(WRONG) + 1:
            told += watched(socket, 1, "refused")[1]
        for _, why in WRONG:
            assert any(any(part in error for part in why.split("|")) for error in refused), (why, refused)
        film, _ = watched(socket, 10)
        assert film


def test_many_sessions_leave_nothing_behind(client: TestClient) -> None:
    for turn in range(30):
        if turn == 5:
            time.sleep(0.3)
            before = threading.active_count()
        with opened(client) as room, client.websocket_connect(f"/api/live/{room}/socket") as socket:
            socket.receive()
    time.sleep(0.5)
    assert threading.active_count() <= before + 1
    assert client.get("/api/live").json() == []


CANDIDATES = {
    "8.8.4.4 40000": (True, True),
    "192.168.1.7 40000": (True, False),
    "127.0.0.1 40000": (True, False),
    "169.254.169.254 8000": (True, False),
    "::ffff:10.0.0.1 40000": (True, False),
    "1b9f.local 40000": (True, False),
    "8.8.4.4 53": (False, False),
    "8.8.4.4 x": (False, False),
    "inside.example.org 40000": (False, False),
    "224.0.0.1 40000": (False, False),
    "0.0.0.0 40000": (False, False),
}


def test_an_offer_leads_nowhere_that_its_sender_could_not_go() -> None:
    from thespis.apps.server.live.peer import CANDIDATES as MOST
    from thespis.apps.server.live.peer import reachable

    lines = {place: f"a=candidate:1 1 udp 2113937151 {place} typ host" for place in CANDIDATES}
    offer = "\r\n".join(["v=0", *lines.values(), "a=end-of-candidates"])
    for near in (True, False):
        kept = reachable(offer, near).splitlines()
        assert kept == ["v=0", *(line for place, line in lines.items() if CANDIDATES[place][0 if near else 1]), "a=end-of-candidates"]
    assert len(reachable("\r\n".join([lines["8.8.4.4 40000"]] * 90), False).splitlines()) == MOST


def test_the_rules_answer_with_feelings_that_are_known() -> None:
    partner = Rules()
    assert "good to see you" in Rules(1).answer("Hello!") or "How are you" in Rules(1).answer("Hello!")
    for text in ("I am so sad", "guess what", "why is it so?", "what time is it?", "I'm tired of my work", "blue", "bye", "I hate that"):
        assert read_script(partner.answer(text)).text.strip()
    assert "tired of your work" in Rules().answer("I'm tired of my work")
    turn = Turn(np.zeros(8000, np.float32), 16_000)
    assert partner.answer_sound(turn)[0] == ""
    assert all(read_script(partner.answer_sound(turn)[1]).text for _ in range(4))


class Chatting(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, bytes, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Chatting.asked.append((self.path, body, self.headers["Authorization"]))
        content = "[Happy 0.8] Yes! [laughs] *Of course* [sad 0.2] not. [look /etc]"
        told = {"text": "can you hear me"} if "audio" in self.path else {"choices": [{"message": {"content": content}}]}
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_any_chat_may_answer_and_its_tags_become_feelings() -> None:
    with HTTPServer(("127.0.0.1", 0), Chatting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        partner = Chat(f"http://127.0.0.1:{server.server_port}/v1/", "small", "key")
        turn = Turn(np.zeros(1600, np.float32), 16_000)
        assert partner.answer_sound(turn) == ("can you hear me", "[happy 0.8] Yes! Of course [sad 0.2] not.")
        partner.answer("And again?")
        server.shutdown()
        thread.join()
    paths = [path for path, _, _ in Chatting.asked]
    assert paths == ["/v1/audio/transcriptions", "/v1/chat/completions", "/v1/chat/completions"]
    assert wav(turn) in Chatting.asked[0][1]
    sent = json.loads(Chatting.asked[2][1])
    assert [message["role"] for message in sent["messages"]] == ["system", "user", "assistant", "user"]
    assert Chatting.asked[1][2] == "Bearer key"
    with pytest.raises(ThespisError, match="the chat does not answer"):
        partner.answer("Anybody?")
    with pytest.raises(UsageError, match="a partner is 'rules' or an address"):
        Chat("ftp://x", "m")
    assert tidy("x. " * 400).endswith(".") and len(tidy("x. " * 400)) <= 600


def test_turns_are_heard() -> None:
    voice = at_rate(say("Hello there, how are you this evening? I have a question for you."), 16_000).mono()
    quiet = np.zeros(24_000, np.float32)
    hearing, happened = Hearing(16_000, activity()), []
    stream = np.concatenate([quiet, voice, quiet])
    for first in range(0, len(stream), 1024):
        happened += hearing.hear(stream[first : first + 1024])
    assert happened[0] == "begins"
    assert happened[-1] == "ends"
    assert hearing.turn is not None
    assert hearing.turn.seconds == pytest.approx(len(voice) / 16_000, abs=1.2)


def test_fragments_hold_picture_and_sound_together() -> None:
    stream = Fragments(Fraction(30000, 1001), (64, 48))
    film, samples = b"", 0
    for frame in range(60):
        stop = round((frame + 1) * SOUND_RATE * 1001 / 30000)
        lit = 30 <= frame < 33
        sound = np.full(stop - samples, 0.5 if lit else 0.0, np.float32) * np.sin(np.arange(stop - samples) * 0.06).astype(np.float32)
        film += stream.add(np.full((48, 64, 3), 220 if lit else 40, np.uint8), sound)
        samples = stop
    bright, first, heard = decoded(film + stream.close())
    glowing = [at for at, value in bright if value > 100]
    loud = np.flatnonzero(np.abs(heard) > 0.1) / SOUND_RATE + first
    assert len(glowing) == 3
    assert abs(glowing[0] - loud[0]) < 0.004
    assert b"moof" in film[:3000]
