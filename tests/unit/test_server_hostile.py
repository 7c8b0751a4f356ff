"""A real server under attack: slow uploads, silent connections, huge headers, odd requests; and it goes on serving."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from served import free_port, served

from thespis.apps.server.client import Client

pytestmark = pytest.mark.unit

LIMITS = {"upload_seconds": 1.0, "silent_seconds": 1.5, "requests_a_minute": 100_000}
MANY = 1000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, int, int]]:
    port = free_port()
    process = served(tmp_path_factory.mktemp("data"), port, LIMITS)
    client = Client(f"http://127.0.0.1:{port}")
    yield client, port, process.pid
    assert process.poll() is None, "the server fell"
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def answered(port: int, data: bytes, seconds: float = 10.0) -> bytes:
    """Send bytes as they are -> what comes back until the server closes, or nothing more comes."""
    with socket.create_connection(("127.0.0.1", port), seconds) as connection:
        connection.sendall(data)
        held = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while part := connection.recv(65536):
                held += part
                if b"Connection: close" not in held and b"connection: close" not in held and held.endswith(b"}"):
                    break
        return held


ODD = {
    "a header without an end": b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100_000,
    "many headers": b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(9000)) + b"\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(200),
    "two lengths": b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 9\r\n\r\nabcd",
    "a length that is none": b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0x10\r\n\r\n",
    "a path with everything": b"GET /" + bytes(range(128, 255)) + b"/%00/..%2f..%2f HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "no host": b"GET /health HTTP/1.0\r\n\r\n",
}


@pytest.mark.parametrize("about", list(ODD))
def test_odd_requests_are_refused(server: tuple[Client, int, int], about: str) -> None:
    client, port, _ = server
    status = answered(port, ODD[about]).split(b" ")[1:2]
    assert status == [] or 400 <= int(status[0]) < 500
    assert client.jobs() == []


def test_an_upload_that_drips_is_ended(server: tuple[Client, int, int]) -> None:
    client, port, _ = server
    begun = time.monotonic()
    head = b"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000\r\n"
    head += b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    answer = answered(port, head)
    assert b" 408 " in answer[:20]
    assert b"took too long" in answer
    assert time.monotonic() - begun < 8
    assert client.jobs() == []


def test_silent_connections_shut_nobody_out_and_go(server: tuple[Client, int, int]) -> None:
    client, port, process = server
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(MANY)]
    for connection in held[: MANY // 2]:
        connection.sendall(b"GET /health HTTP/1.1\r\nHos")
    assert client.jobs() == []
    end = time.monotonic() + 15
    while len([*Path(f"/proc/{process}/fd").iterdir()]) > 100:
        assert time.monotonic() < end, "silent connections stay"
        time.sleep(0.2)
    for connection in held:
        connection.close()
    assert client.jobs() == []
