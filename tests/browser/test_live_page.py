"""The live page in a real browser: it plays with sound, keeps its pace, is interrupted, comes back after a loss, and does without UDP."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="fastapi is not installed: pip install 'thespis[studio]'")
from served import free_port, picture, served

from thespis.apps.browser import Tab, browser
from thespis.apps.server.client import Client

pytestmark = pytest.mark.browser

NO_UDP = "window.RTCPeerConnection = class { constructor() { throw new Error('UDP is blocked'); } }"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    process = served(tmp_path_factory.mktemp("data"), port)
    yield f"http://127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)
    process.wait(20)


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("browser")) as made:
        yield made


def begin(tab: Tab, address: str, folder: Path, way: str, before: str = "") -> None:
    """Open the page, choose a picture, and begin."""
    (folder / "photo.png").write_bytes(picture(128))
    tab.open(f"{address}/live?recipe=toy_recipe&way={way}")
    tab.until("window.thespisLive && thespisLive.ready && document.readyState == 'complete'")
    tab.value(before or "0")
    tab.give("#own", folder / "photo.png")
    tab.click("#begin")
    tab.until("thespisLive.first > 0")


def test_it_plays_with_sound_is_interrupted_and_comes_back(tab: Tab, address: str, tmp_path: Path) -> None:
    begin(tab, address, tmp_path, "websocket")
    assert tab.value("thespisLive.first - thespisLive.begun") < 2000
    tab.type("#text", "La la la la la, la la la la la, la la la la la, and so on, and so on, and so on.")
    tab.click("#say")
    tab.until("document.getElementById('state').textContent == 'speaking'")
    time.sleep(1.0)
    # A browser without a screen stumbles over whatever else the machine does; keeping pace must follow within seconds all the same.
    tab.until("thespisLive.figures.fps > 23", 10)
    figures = tab.value("thespisLive.figures")
    assert abs(figures["skew"]) < 0.04
    assert figures["behind"] < 0.6
    assert tab.value("document.getElementById('stream').webkitAudioDecodedByteCount") > 1000
    assert "ms" in tab.value("document.getElementById('skew').textContent")
    tab.click("#interrupt")
    tab.until("document.getElementById('state').textContent == 'listening'", 3)
    shown = tab.value("thespisLive.figures.frames")
    tab.value("thespisLive.socket.close()")
    tab.until("thespisLive.reconnects == 1 && thespisLive.events.filter((event) => event.type == 'stream').length == 2", 10)
    tab.until(f"thespisLive.figures.frames > {shown + 20}", 10)
    session = tab.value("thespisLive.id")
    assert tab.value("thespisLive.events.filter((event) => event.type == 'open').every((event) => event.session == thespisLive.id)")
    tab.open("about:blank")
    client, end = Client(address), time.monotonic() + 10
    while session in [room["id"] for room in client.rooms()]:
        assert time.monotonic() < end, "a page that is left closes its session"
        time.sleep(0.1)


def test_without_udp_it_says_so_and_plays_all_the_same(tab: Tab, address: str, tmp_path: Path) -> None:
    begin(tab, address, tmp_path, "auto", NO_UDP)
    tab.until("document.querySelector('[data-step=WebRTC]').className == 'failed'")
    assert "UDP is blocked" in tab.value("document.querySelector('[data-step=WebRTC]').textContent")
    tab.until("thespisLive.way == 'websocket' && thespisLive.figures.fps > 20", 10)


def test_with_udp_the_picture_comes_by_it_and_words_still_go(tab: Tab, address: str, tmp_path: Path) -> None:
    begin(tab, address, tmp_path, "auto")
    tab.until("thespisLive.way == 'webrtc' && thespisLive.figures.fps > 20", 15)
    tab.type("#ask", "Hello!")
    tab.value("document.getElementById('asking').requestSubmit()")
    tab.until("!!document.querySelector('#talk .portrait')", 10)
    tab.until("thespisLive.events.some((event) => event.state == 'speaking')", 10)


def test_the_microphone_is_heard(tab: Tab, address: str, tmp_path: Path) -> None:
    begin(tab, address, tmp_path, "websocket")
    tab.click("#speak")
    tab.until("document.getElementById('speak').getAttribute('aria-pressed') == 'true'")
    tab.until("document.getElementById('state').textContent == 'speaking'", 10)
    tab.click("#speak")
    tab.until("document.getElementById('speak').getAttribute('aria-pressed') == 'false'")


def test_what_is_wrong_is_told(tab: Tab, address: str, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(os.urandom(400))
    tab.open(f"{address}/live?recipe=toy_recipe")
    tab.until("window.thespisLive && thespisLive.ready")
    tab.give("#own", tmp_path / "no.png")
    tab.click("#begin")
    tab.until("document.getElementById('notice').textContent.includes('no picture that can be read')")
    tab.open(f"{address}/docs")
    tab.until("document.body?.innerText.includes('POST /api/jobs')")
