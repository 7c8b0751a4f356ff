"""Other speaking engines: programs and servers in place of the built-in voice, and what is said when they fail."""

import contextlib
import io
import json
import sys
import threading
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis.direction.perform import perform
from thespis.errors import MediaError
from thespis.speech.providers import engine, is_engine, spoken_by
from thespis.speech.say import say

pytestmark = pytest.mark.unit

TEXT = "Papa bought a big purple map. Mama moved on."
SPEAKER = """
import sys, wave
sys.path[:0] = {paths!r}
from thespis.speech.say import say
import numpy as np
text = sys.argv[2] if len(sys.argv) > 2 else sys.stdin.read()
speech = say(text)
with wave.open(sys.argv[1] if sys.argv[1] != "-" else sys.stdout.buffer, "wb") as file:
    file.setparams((1, 2, speech.rate, 0, "NONE", ""))
    file.writeframes((speech.samples[0] * 32767).astype("<i2").tobytes())
"""


def wav(text: str) -> bytes:
    speech, out = say(text), io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, speech.rate, 0, "NONE", ""))
        file.writeframes((speech.samples[0] * 32767).astype("<i2").tobytes())
    return out.getvalue()


@pytest.fixture
def program(tmp_path: Path) -> str:
    place = tmp_path / "speaker.py"
    place.write_text(SPEAKER.format(paths=[path for path in sys.path if path]))
    return f"{sys.executable} {place}"


class Server(ThreadingHTTPServer):
    """A speech server for the tests: what it was asked, and what it answers."""

    asked: list[tuple[str, dict[str, Any], str]]
    answer: tuple[int, bytes]
    release: threading.Event


class Handler(BaseHTTPRequestHandler):
    """Answer as the server is told to: code 0 never comes, 1 is no HTTP, 2 breaks off, 3 and 4 drip (heads, body)."""

    server: Server

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, given, self.headers.get("Authorization", "")))
        code, body = self.server.answer
        if not code:
            self.server.release.wait(10)
            return
        if code < 200:
            self.wfile.write(
                {1: b"hello\r\n\r\n", 2: b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nRIFF"}.get(code, b"HTTP/1.1 200 OK\r\n")
            )
            if code == 4:
                self.wfile.write(b"Content-Length: 5000\r\n\r\n")
            while code > 2 and not self.server.release.wait(0.05):
                with contextlib.suppress(OSError):
                    self.wfile.write(b"X")
                    continue
                return
            return
        body = body or wav(given["input"])
        self.send_response(code)
        if code == 307:
            self.send_header("Location", "http://127.0.0.1:9/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server(("127.0.0.1", 0), Handler)
    made.asked, made.answer, made.release = [], (200, b""), threading.Event()
    made.daemon_threads = True
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()
    thread.join()


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/v1"


def test_which_voices_are_engines() -> None:
    assert is_engine("command:x") and is_engine("http://a/v1") and is_engine("my.toml")
    assert not is_engine("en-us+f2") and not is_engine("de")


@pytest.mark.parametrize("arguments", ["{out}", "-", "{out} {text}"])
def test_a_program_speaks(program: str, arguments: str) -> None:
    speech = spoken_by(TEXT, engine(f"command:{program} {arguments}"))
    assert speech.rate == say(TEXT).rate
    np.testing.assert_allclose(speech.samples, say(TEXT).samples, atol=1e-4)
    assert speech.text == TEXT


def test_a_server_is_asked_as_it_likes_to_be(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    speech = spoken_by("First line.\nSecond.", engine(f"{address(server)}?model=tiny&voice=anna&key_env=MY_KEY"))
    assert [path for path, _, _ in server.asked] == ["/v1/audio/speech"] * 2
    assert server.asked[0][1] == {"input": "First line.", "response_format": "wav", "speed": 1.0, "model": "tiny", "voice": "anna"}
    assert server.asked[0][2] == "Bearer secret"
    assert speech.seconds > say("First line.").seconds + say("Second.").seconds + 0.4
    (tmp_path / "voice.toml").write_text(f'url = "{address(server)}/audio/speech"\nspeed = 1.5\nlanguage = "de"\n')
    assert engine(str(tmp_path / "voice.toml")).language == "de"
    spoken_by("Hallo.", engine(str(tmp_path / "voice.toml")))
    assert server.asked[2][1]["speed"] == 1.5 and server.asked[2][2] == ""


def test_tags_stand_where_the_words_of_an_engine_are(server: Server) -> None:
    speech, direction = perform("Papa bought a big purple map. [happy 0.8] Mama moved on.", address(server))
    true = next(word.start for word in say(TEXT).words or () if word.text == "Mama")
    assert speech.words is not None and [word.text for word in speech.words][-3:] == ["Mama", "moved", "on"]
    assert direction.emotion.keys[-1].at == pytest.approx(true, abs=0.12)
    closed = [phone.start for phone in speech.phones or () if phone.symbol.strip("ˈˌ") in ("p", "b", "m")]
    meant = [phone.start for phone in say(TEXT).phones or () if phone.symbol.strip("ˈˌ") in ("p", "b", "m")]
    assert len(closed) == len(meant)
    assert np.median(np.abs(np.array(closed) - np.array(meant))) < 0.05


def test_what_servers_do_wrong_is_said(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = address(server)
    server.answer = (401, b'{"error": "bad key"}')
    with pytest.raises(MediaError, match=r"refused with 401 Unauthorized.*bad key"):
        spoken_by("Hi.", engine(voice))
    server.answer = (200, b"<html>hello</html>")
    with pytest.raises(MediaError, match="did not answer with sound but with '<html>hello</html>'"):
        spoken_by("Hi.", engine(voice))
    server.answer = (307, b"moved")
    with pytest.raises(MediaError, match="refused with 307"):
        spoken_by("Hi.", engine(voice))
    server.answer = (0, b"")
    with pytest.raises(MediaError, match=r"took longer than 0\.3 s; add timeout=SECONDS"):
        spoken_by("Hi.", engine(f"{voice}?timeout=0.3"))
    for code, told in (
        (1, "cannot be asked, or answered with no whole HTTP .BadStatusLine hello"),
        (2, r"broke off after 4 of 5,000 bytes"),
        (3, r"took longer than 0\.3 s"),
        (4, r"took longer than 0\.3 s"),
    ):
        server.answer = (code, b"")
        with pytest.raises(MediaError, match=told):
            spoken_by("Hi.", engine(f"{voice}?timeout=0.3"))
    quiet = io.BytesIO()
    with wave.open(quiet, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(32_000))
    server.answer = (200, quiet.getvalue())
    with pytest.raises(MediaError, match="silence"):
        spoken_by("Hi.", engine(voice))
    monkeypatch.delenv("MY_KEY", raising=False)
    with pytest.raises(MediaError, match="environment variable MY_KEY, which is not set"):
        spoken_by("Hi.", engine(f"{voice}?key_env=MY_KEY"))
    with pytest.raises(MediaError, match=r"127\.0\.0\.1:9 cannot be reached"):
        spoken_by("Hi.", engine("http://127.0.0.1:9/v1"))


@pytest.mark.parametrize(
    ("voice", "message"),
    [
        ("command:no-such-program-anywhere {out}", "there is no program 'no-such-program-anywhere'"),
        ("command:", "is empty"),
        ("command:say 'x", "quotation mark"),
        ("command:say {output}", r"unknown place 'output'\. Did you mean 'out'"),
        (f"command:{sys.executable} -c pass {{out}}", r"wrote no sound to \{out\}"),
        (f"command:{sys.executable} -c pass", "made no sound at all"),
        (f"command:{sys.executable} -c 'print(12345)'", "did not answer with sound but with '12345'"),
        (f"command:{sys.executable} -c 'import sys; sys.exit(\"no model\")'", "failed with code 1: no model"),
        ("http://127.0.0.1/v1?modle=x", "unknown setting of the voice 'modle'. Did you mean 'model'"),
        ("http://127.0.0.1/v1?speed=9", "speed from 0.25 to 4"),
        ("http://127.0.0.1/v1?timeout=soon", "timeout and speed are numbers"),
        ("nowhere.toml", "there is no voice file nowhere.toml"),
        ("http://[::1/v1", "is no address of a server"),
        ("http://a b/v1", "is no address of a server"),
        ("http:///v1", "is no address of a server"),
        ("http://localhost:99999/v1", "is no address of a server"),
        ("http://localhost:x/v1", "is no address of a server"),
        ("http://127.0.0.1/v1?timeout=nan", "timeout goes up to 3600 seconds"),
        (
            f"command:{sys.executable} -c 'while True: open(1, \"wb\", closefd=False).write(bytes(1 << 20))'",
            "wrote more than 100 MB for one piece of text",
        ),
        (
            f'command:{sys.executable} -c \'open(1,"wb").write(bytes(8)); open("{{out}}","wb").truncate(2**28)\' {{out}}',
            "wrote more than 100 MB",
        ),
    ],
)
def test_what_is_wrong_with_a_voice_is_said(voice: str, message: str) -> None:
    with pytest.raises(MediaError, match=message):
        spoken_by("Hi.", engine(voice))


def test_voice_files_are_checked(tmp_path: Path) -> None:
    place = tmp_path / "voice.toml"
    for text, message in (
        ("command = [", "not valid TOML"),
        ('speach = "x"', "unknown setting 'speach'"),
        ('command = "a"\nurl = "http://b"', "either a command or a url"),
        ('command = "a"\ntimeout = 1e9', "up to 3600 seconds"),
        ("command = 5", "command is a text, not 5"),
        ('command = ["a", 5]', r"command is a text, not \['a', 5\]"),
        ('url = ["http://b"]', "url is a text"),
        ('url = "http://b"\ntimeout = "soon"', "timeout and speed are numbers"),
        ('command = "a"\nspeed = 1.2', "speed is for servers"),
    ):
        place.write_text(text)
        with pytest.raises(MediaError, match=message):
            engine(str(place))
    place.write_text(f'command = ["{sys.executable}", "-c", "import time; time.sleep(30)"]\ntimeout = 0.3\n')
    with pytest.raises(MediaError, match=r"took longer than 0\.3 s"):
        spoken_by("Hi.", engine(str(place)))
