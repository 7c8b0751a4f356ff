"""What a server refuses: tokens, names, sizes, rates, contents, paths, addresses; and that it goes on serving."""

import io
import json
import os
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from served import picture, settings, submit, voice

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from fastapi.testclient import TestClient

from thespis.apps.server import webhook
from thespis.apps.server.app import create_app
from thespis.apps.server.content import sound_kind
from thespis.apps.server.settings import Limits, Settings, tokens_of
from thespis.apps.server.store import Store
from thespis.apps.server.supervisor import Supervisor
from thespis.errors import MediaError, UsageError

pytestmark = pytest.mark.unit
TOKEN = "a-token-of-the-tests-7261"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    small = {"upload_bytes": 300_000, "script_characters": 200, "portrait_pixels": 1_000_000, "queued": 3, "upload_seconds": 0.5}
    made = create_app(settings(tmp_path_factory.mktemp("guard"), limits=small | {"requests_a_minute": 100_000}, workers=0))
    with TestClient(made) as found:
        yield found


def test_without_a_token_nothing_is_reachable(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, tokens=(TOKEN,), workers=0))
    with TestClient(app) as client:
        paths = [*app.openapi()["paths"], "/", "/docs", "/openapi.json", "/static/page.css", "/live", "/studio/", "/nothing", "/redoc"]
        for path in paths:
            for method in ("GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS"):
                assert client.request(method, path.replace("{job}", "0" * 32)).status_code == 401, (method, path)
        for given in ("Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer \u00e9"):
            assert client.get("/health", headers={"Authorization": given.encode("latin-1")}).status_code == 401
        assert client.get(f"/health?token={TOKEN}").status_code == 401
        assert client.get("/health", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
        form = client.get("/", headers={"Accept": "text/html"})
        assert (form.status_code, "asks for a token" in form.text) == (401, True)
        assert client.post("/login", data={"token": "wrong"}).status_code == 401
        entered = client.post("/login", data={"token": TOKEN}, follow_redirects=False)
        assert entered.status_code == 303
        assert "HttpOnly; SameSite=Strict" in entered.headers["set-cookie"]
        assert client.get("/health").status_code == 200


def test_the_front_page_tells_of_the_studio_only_where_there_is_one(client: TestClient) -> None:
    assert '<li hidden><a href="/studio">' in client.get("/").text


def test_only_known_names_and_own_pages_are_answered(client: TestClient) -> None:
    assert client.get("/health", headers={"Host": "evil.example"}).status_code == 421
    assert client.get("/health", headers={"Host": "localhost:8765"}).status_code == 200
    assert client.post("/api/jobs", headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post("/api/jobs", headers={"Origin": "http://testserver"}).status_code == 422


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nothing to say twice", {"script": "Hello.", "audio": voice()}, "exactly one of script, audio"),
    ("no words", {"script": "[happy]"}, "no words"),
    ("too many words", {"script": "word " * 50}, "at most 200 characters"),
    ("an unknown option", {"shout": 1}, "known: script, voice"),
    ("an unknown recipe", {"recipe": "toy_recip"}, "Did you mean 'toy_recipe'"),
    ("a recipe by its path", {"recipe": "/etc/passwd.py"}, "unknown recipe"),
    ("a recipe beside", {"recipe": "../../recipe.py"}, "unknown recipe"),
    ("a voice that is a program", {"script": "Hello.", "voice": "command:touch /tmp/x"}, "a voice is one of"),
    ("a voice that is an address", {"script": "Hello.", "voice": "http://127.0.0.1:22/"}, "a voice is one of"),
    ("a voice that is a file", {"script": "Hello.", "voice": "own.toml"}, "a voice is one of"),
    ("a voice in the markup", {"script": '<speak><voice name="command:ls">Hello.</voice></speak>'}, "a voice is one of"),
    ("an entity", {"script": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><speak>&a;</speak>'}, "document type"),
    ("a background that is a file", {"settings": {"background": "/etc/hostname"}}, "a background is a colour"),
    ("the same in TOML", {"direction": 'background = "../portrait.png"'}, "a background is a colour"),
    ("a feeling that is a file", {"emotion": "like=/etc/passwd"}, "names and amounts"),
    ("a feeling in TOML that is a file", {"direction": 'emotion = { like = "x.jpg" }'}, "cannot be read from a file"),
    ("frames that are too large", {"settings": {"size": "4000x4000"}}, "at most 2,073,600 pixels"),
    ("too many frames", {"settings": {"fps": 240}}, "at most 60 frames"),
    ("a wish that is not followed", {"settings": {"crop": "picture"}}, "cannot follow crop"),
    ("a kind that is none", {"output": "exe"}, "mp4"),
    ("a hook inside", {"webhook": "http://169.254.169.254/latest"}, "private network"),
    ("a hook that is a file", {"webhook": "file:///etc/passwd"}, "http or https"),
    ("broken TOML", {"direction": "emotion = "}, "not valid TOML"),
]  # fmt: skip


@pytest.mark.parametrize(("about", "request_", "why"), REFUSED, ids=[about for about, _, _ in REFUSED])
def test_what_cannot_be_done_is_refused_in_one_line(client: TestClient, about: str, request_: dict[str, Any], why: str) -> None:
    audio = request_.pop("audio", None)
    answer = submit(client, audio=audio, **request_)
    assert answer.status_code == 422, answer.text
    error = answer.json()["error"]
    assert why in error
    assert "\n" not in error and "Traceback" not in error


def bomb(side: int) -> bytes:
    """A PNG that says it has side x side pixels, all black, in a few kilobytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000), 9)) + chunk(b"IEND", b"")


def zip_bomb() -> bytes:
    """Some megabytes of nothing in a small archive."""
    import zipfile

    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0", bytes(5_000_000))
    return held.getvalue()


HOSTILE: dict[str, tuple[str, bytes]] = {
    "an image bomb": ("portrait", bomb(60_000)),
    "an archive": ("portrait", zip_bomb()),
    "an archive as sound": ("audio", zip_bomb()),
    "a sound as a picture": ("portrait", voice()),
    "a picture as sound": ("audio", picture()),
    "a playlist": ("audio", b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nfile:///etc/passwd\n#EXT-X-ENDLIST"),
    "a list of files": ("audio", b"ffconcat version 1.0\nfile /etc/passwd\n"),
    "a session description": ("audio", b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 96\n"),
    "a vector picture": ("portrait", b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>"),
    "a program of PostScript": ("portrait", b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n"),
    "a web page": ("portrait", b"<html><script>alert(1)</script></html>"),
    "nothing": ("portrait", b""),
    "half a picture": ("portrait", picture()[:20]),
}  # fmt: skip


@pytest.mark.parametrize("about", list(HOSTILE))
def test_uploads_are_what_they_say(client: TestClient, about: str) -> None:
    role, content = HOSTILE[about]
    answer = submit(client, **{role: content})
    assert answer.status_code == 422, answer.text
    assert client.get("/health").status_code == 200
    kept = list((client.app.state.settings.folder / "jobs").iterdir())  # type: ignore[attr-defined]
    assert all(any(path.iterdir()) for path in kept), "a refused job leaves nothing behind"


def test_large_requests_are_refused_whether_they_say_so_or_not(client: TestClient) -> None:
    assert submit(client, portrait=bytes(400_000)).status_code == 413

    def endless() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="portrait"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield bytes(10_000)

    chunked = client.post("/api/jobs", content=endless(), headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (chunked.status_code, "bytes" in chunked.json()["error"]) == (413, True)
    assert client.post("/api/jobs", content=b"x", headers={"Content-Length": "-5"}).status_code == 413
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize("path", ["../../etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "..\\..\\x", "0" * 31 + "g", "a" * 5000, "\x00"])
def test_no_path_reaches_the_files(client: TestClient, path: str) -> None:
    for place in (
        f"/api/jobs/{path}",
        f"/api/jobs/{path}/result",
        f"/api/takes/{path}",
        f"/static/{path}",
        f"/api/takes/{path}/export/npz",
    ):
        try:
            answer = client.get(place)
        except Exception as error:  # the client itself refuses to send some of them
            assert type(error).__name__ in ("InvalidURL",)
            continue
        assert answer.status_code in (404, 422), (place, answer.status_code)
        assert b"root:" not in answer.content


def test_the_queue_and_the_rate_have_ends(tmp_path: Path) -> None:
    made = settings(tmp_path, limits={"queued": 2, "requests_a_minute": 30}, workers=0)
    with TestClient(create_app(made)) as client:
        assert [submit(client).status_code for _ in range(3)] == [201, 201, 503]
        assert len(list((made.folder / "jobs").iterdir())) == 2
        answers = [client.get("/health") for _ in range(30)]
        assert [answer.status_code for answer in answers].count(429) >= 1
        assert answers[-1].headers["retry-after"] == "5"


def test_uploads_leave_the_disk_some_room_and_takes_do_not_pile_up(tmp_path: Path) -> None:
    made = settings(tmp_path, limits={"free_bytes": 10**18, "kept": 2}, workers=0)
    with TestClient(create_app(made)) as client:
        answer = submit(client)
        assert (answer.status_code, "disk is nearly full" in answer.json()["error"]) == (503, True)
        assert list((made.folder / "jobs").iterdir()) == []
    for number in range(4):
        path = made.folder / "takes" / f"{number}.take"
        path.write_bytes(b"")
        os.utime(path, (1e9 + number, 2e9 + number))
    Supervisor(Store(made.folder), made)._tidy()
    assert sorted(path.name for path in (made.folder / "takes").iterdir()) == ["2.take", "3.take"]


def test_webhooks_reach_no_private_network(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = (
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "0.0.0.0",
        "2130706433",
        "0x7f.1",
        "224.0.0.1",
    )
    for host in inside:
        with pytest.raises(UsageError, match=r"private network|not known|an http or https"):
            webhook.check(f"http://{host}/", private=False)
    for odd in (
        "ftp://example.org",
        "http://",
        "http://a b/",
        "http://user@example.org/",
        "http://x:99999/",
        "javascript:1",
        "http://x\n/",
    ):
        with pytest.raises(UsageError, match="an http or https address"):
            webhook.check(odd, private=True)
    # A name that is public when it is judged must not be looked up again when it is called.
    looked: list[str] = []

    def looking(host: str, port: int, **_: Any) -> list[Any]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr("thespis.apps.server.webhook.socket.getaddrinfo", looking)
    monkeypatch.setattr(
        "thespis.apps.server.webhook.socket.create_connection",
        lambda address, *_, **__: (_ for _ in ()).throw(ConnectionRefusedError(address)),
    )
    with pytest.raises(ConnectionRefusedError) as refused:
        webhook.call("http://example.org/hook", {}, private=False)
    assert refused.value.args == (("93.184.216.34", 80),)
    assert looked == ["example.org"]


def test_settings_leave_nothing_open_by_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="can be reached by others, so the server needs a token"):
        Settings(tmp_path, host="0.0.0.0")
    with pytest.raises(UsageError, match="at least 16"):
        Settings(tmp_path, tokens=("short",))
    (tmp_path / "tokens").write_text(f"# mine\n{TOKEN}\n\n", encoding="utf-8")
    assert tokens_of(tmp_path / "tokens") == (TOKEN,)
    monkeypatch.setenv("THESPIS_TOKEN", TOKEN)
    assert tokens_of(None) == (TOKEN,)
    with pytest.raises(UsageError, match="cannot be read"):
        tokens_of(tmp_path / "none")
    assert Limits().queued >= 500


def test_sounds_are_told_by_their_first_bytes() -> None:
    heads = {b"RIFF\0\0\0\0WAVE": ".wav", b"fLaC": ".flac", b"ID3\x04": ".mp3", b"\xff\xfb\x90\0": ".mp3", b"OggS": ".ogg"}
    heads |= {b"\x1a\x45\xdf\xa3": ".mkv", b"\0\0\0\x18ftypmp42": ".mp4"}
    assert {head: sound_kind(head) for head in heads} == heads
    with pytest.raises(MediaError, match="no recording that is known"):
        sound_kind(json.dumps({}).encode())
