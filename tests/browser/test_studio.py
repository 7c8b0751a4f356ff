"""The studio in a real browser: from a portrait to a downloaded video and exported curves, with the pointer and the keyboard."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import av
import pytest

pytest.importorskip("gradio", reason="gradio is not installed: pip install 'thespis[studio]'")
from thespis.apps.browser import Tab, browser
from thespis.apps.studio.acting import made_up

pytestmark = pytest.mark.browser
SLOWNESS = 1.0 if os.getloadavg()[0] < 4 else 8.0  # by which a machine that does other work may be late
LONG = 240.0  # seconds that a slow machine may need to draw two seconds of video


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("studio")
    words = [sys.executable, "-m", "thespis.apps.cli", "studio", "--port", str(port), "--folder", str(folder)]
    process = subprocess.Popen(words, env={**os.environ, "OMP_NUM_THREADS": "1"})
    found, end = f"http://127.0.0.1:{port}/studio/", time.monotonic() + 120
    try:
        while True:
            assert process.poll() is None, "the studio does not start"
            assert time.monotonic() < end, "the studio does not answer"
            try:
                urlopen(found, timeout=10).close()
                break
            except (URLError, ConnectionError, TimeoutError):
                time.sleep(0.3)
        yield found
    finally:
        process.terminate()
        process.wait(30)
    assert list(folder.glob("studio-*")) == [], "files of the studio were left behind"


@pytest.fixture
def tab(address: str, tmp_path: Path) -> Iterator[Tab]:
    with browser(tmp_path) as found:
        found.open(address)
        found.until("document.querySelectorAll('.tl-words span').length > 5", 120)
        yield found


def keys(tab: Tab) -> list[str]:
    return list(tab.value("[...document.querySelectorAll('.tl-key')].map((key) => key.getAttribute('aria-label'))"))


def go(tab: Tab, name: str) -> None:
    tab.value(
        f"[...document.querySelectorAll('button[role=tab]')].find((one) => one.innerText.trim() === '{name}' && one.offsetParent).click()"
    )


def downloaded(folder: Path, suffix: str) -> Path:
    end = time.monotonic() + 60
    while not (found := list(folder.glob(f"*{suffix}"))):
        assert time.monotonic() < end, f"no {suffix} was downloaded: {list(folder.iterdir())}"
        time.sleep(0.2)
    return found[0]


def test_from_a_portrait_to_a_downloaded_video_and_exported_curves(tab: Tab, tmp_path: Path) -> None:
    got = tmp_path / "got"
    got.mkdir()
    tab.downloads(got)
    tab.click(".faces label:nth-of-type(3)")
    tab.type("textarea", "Hello there.")
    tab.until("document.querySelectorAll('.tl-words span').length === 2")
    tab.click("#try_frame")
    tab.until("document.querySelector('#trial img')?.naturalWidth === 512", LONG)
    tab.click("#make_video")
    tab.until("document.querySelector('#status').innerText.includes('frames of 512 x 512')", LONG)
    tab.until("document.querySelector('#film video').readyState > 1", LONG)
    tab.click("#keep_video")
    with av.open(str(downloaded(got, ".mp4"))) as film:
        assert film.streams.video[0].codec_context.width == 512
        assert film.streams.audio
    go(tab, "Takes")
    tab.click("#show_curves")
    tab.until("document.querySelector('#curves img')?.naturalWidth === 1000", LONG)
    tab.click("#export_take")
    tab.until("document.querySelector('#take_status').innerText.includes('rows of 61 curves')", LONG)
    tab.click("#keep_export")
    lines = downloaded(got, ".csv").read_text().splitlines()
    assert lines[0].startswith("Timecode,BlendshapeCount,EyeBlinkLeft")
    assert len(lines) > 20
    assert [line for line in tab.printed if '"error"' in line or "exceptionDetails" in line] == []


def test_keyframes_are_dragged_added_and_deleted_by_hand_and_by_key(tab: Tab) -> None:
    first = keys(tab)
    assert [label.split()[0] for label in first] == ["happy", "sad"]
    x, y = tab.place(".tl-key:nth-of-type(2) i")
    tab.mouse("mousePressed", x, y)
    tab.mouse("mouseMoved", x + 60, y + 25)
    tab.mouse("mouseReleased", x + 60, y + 25)
    moved = keys(tab)[1]
    assert moved != first[1]
    assert float(moved.split(" at ")[1].split()[0]) > float(first[1].split(" at ")[1].split()[0])
    tab.key("ArrowLeft", 37)
    tab.key("ArrowUp", 38)
    nudged = keys(tab)[1]
    assert float(moved.split(" at ")[1].split()[0]) - float(nudged.split(" at ")[1].split()[0]) == pytest.approx(0.1, abs=0.051)
    tab.click('.tl-chip[data-name="surprised"]')
    assert keys(tab)[1].startswith("surprised")
    tab.value("[...document.querySelectorAll('.tl-button')][0].focus()")
    tab.key("Enter", 13)
    tab.until("document.querySelectorAll('.tl-key').length === 3")
    tab.key("Delete", 46)
    tab.until("document.querySelectorAll('.tl-key').length === 2")


def test_what_is_missing_is_told_in_a_line_beside_the_button(tab: Tab) -> None:
    tab.type("textarea", " ")
    tab.click("#try_frame")
    tab.until("document.querySelector('#status [role=alert]')?.innerText.includes('nothing to say yet')", LONG)
    assert "Traceback" not in tab.value("document.body.innerText")


def test_a_picture_of_the_users_takes_the_place_of_the_made_up_face(tab: Tab) -> None:
    tab.give("#own_portrait input[type=file]", made_up()["Kofi"])
    tab.until("!!document.querySelector('#own_portrait img') && document.querySelectorAll('.faces input:checked').length === 0", LONG)
    tab.click("#try_frame")
    tab.until("document.querySelector('#trial img')?.naturalWidth === 512", LONG)
    tab.click(".faces label:nth-of-type(1)")
    tab.until("!document.querySelector('#own_portrait img')", LONG)


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(tab: Tab, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"I am no picture, and never was one.")
    tab.give("#own_portrait input[type=file]", tmp_path / "photo.png")
    tab.until("document.querySelector('.toast-wrap')?.innerText.includes('This is no picture that can be read')", LONG)
    assert "HTTP" not in tab.value("document.querySelector('.toast-wrap').innerText")
    tab.click("#try_frame")
    tab.until("document.querySelector('#trial img')?.naturalWidth === 512", LONG)


def test_a_video_is_stopped_within_a_second_and_nothing_is_kept(tab: Tab) -> None:
    tab.type("textarea", "La la la, and on it goes. " * 40)
    tab.click("#make_video")
    tab.until("document.querySelector('#status').innerText.includes(' of ')", LONG)
    tab.value("window.pressed = performance.now(); document.querySelector('#stop').click()")
    tab.until("document.querySelector('#status').innerText.includes('Stopped')", LONG)
    assert tab.value("performance.now() - pressed") < 1000 * SLOWNESS
    assert tab.value("document.querySelector('#keep_video')") is None
    tab.until("document.querySelector('#make_video').offsetParent !== null")


def test_a_moment_is_chosen_and_a_feeling_mixed(tab: Tab) -> None:
    mix = "(() => {{ const part = document.querySelector('.tl select'); part.value = {!r}; part.dispatchEvent(new Event('change')); }})()"
    tab.value(mix.format("surprised"))
    assert keys(tab)[0].startswith("happy 90 percent with surprised 40 percent")
    tab.type("#moment input[type=number]", "3")
    tab.key("Enter", 13)
    tab.click("#try_frame")
    tab.until("document.querySelector('#status').innerText.includes('how it looks at 3 s')", LONG)
    tab.value(mix.format(""))
    assert "with" not in keys(tab)[0]


def test_faces_are_set_side_by_side_in_one_video(tab: Tab) -> None:
    go(tab, "Compare")
    # The tab is made when it is first shown, and what is clicked before it is whole is forgotten.
    tab.until(
        "document.querySelectorAll('#compare_as input').length === 2 && document.querySelector('#draw_compare').offsetParent !== null"
    )
    time.sleep(1)
    tab.value("document.querySelectorAll('#compare_as input')[1].click()")
    tab.until("document.querySelectorAll('#compare_as input')[1].checked")
    time.sleep(1)
    tab.click("#draw_compare")
    tab.until("/[0-9]+ frames\\./.test(document.querySelector('#compare_status').innerText)", LONG)
    tab.until("document.querySelector('#compare_film video')?.videoWidth === 536", LONG)


def test_a_phone_shows_everything_without_scrolling_sideways(address: str, tmp_path: Path) -> None:
    with browser(tmp_path) as tab:
        tab.open(address, 390, 844, phone=True)
        tab.until("document.querySelectorAll('.tl-words span').length > 1", 120)
        assert tab.value("document.documentElement.scrollWidth") <= 390
        small = tab.value(
            "[...document.querySelectorAll('#act_actions button, .tl-key, .tl-chip, .tl-button')].filter((one) => one.offsetParent)"
            ".map((one) => one.getBoundingClientRect()).filter((box) => box.height < 36).length"
        )
        assert small == 0
        tabs = tab.value("[...document.querySelectorAll('button[role=tab]')].filter((one) => one.offsetParent).map((one) => one.innerText)")
        assert [name.strip() for name in tabs] == ["Act", "Compare", "Takes", "Dub", "Report", "Live"]
        names = tab.value(
            "[...document.querySelectorAll('button, input, textarea')].filter((one) => one.offsetParent && !one.disabled)"
            ".filter((one) => !(one.getAttribute('aria-label') || one.innerText.trim() || one.title || one.labels?.length"
            " || one.closest('label'))).map((one) => one.outerHTML.slice(0, 160))"
        )
        assert names == []
