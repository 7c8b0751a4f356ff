"""The studio's page: what it holds, that it asks nobody else for anything, and that errors are lines."""

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("gradio", reason="gradio is not installed: pip install 'thespis[studio]'")
from fastapi.testclient import TestClient
from served import TOY, picture, settings, voice

from thespis.apps import studio as verb
from thespis.apps.render import Job
from thespis.apps.studio import beside
from thespis.apps.studio.acting import Cast, Ended, StoppedError, Watch
from thespis.apps.studio.parts import bar, notice, portrait_of, speech_of, told, trouble, words
from thespis.apps.studio.timeline import keys_in
from thespis.errors import MediaError
from thespis.types import Direction, Portrait

pytestmark = [
    pytest.mark.unit,
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.*"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:starlette.*"),
]
TABS = ("Act", "Compare", "Takes", "Dub", "Report", "Live")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    from thespis.apps.server.app import create_app

    about = settings(tmp_path_factory.mktemp("studio"), workers=0)
    app = create_app(about)
    made = verb.mount(app, about)
    with TestClient(app, base_url="http://127.0.0.1") as found:
        yield found
    made.shelf.close()


def test_the_page_has_its_tabs_and_every_input_a_name(client: TestClient) -> None:
    config = client.get("/studio/config").json()
    parts = config["components"]
    assert tuple(part["props"]["label"] for part in parts if part["type"] == "tabitem") == TABS
    inputs = ("textbox", "dropdown", "slider", "radio", "checkbox", "checkboxgroup", "number", "image", "video", "audio", "file", "gallery")
    unnamed = [part for part in parts if part["type"] in inputs and not part["props"].get("label")]
    assert unnamed == []
    buttons = [part["props"].get("value") or part["props"].get("label") for part in parts if part["type"] in ("button", "downloadbutton")]
    assert all(buttons)
    assert "Make the video" in buttons


def test_the_front_page_tells_of_it(client: TestClient) -> None:
    assert "hidden" not in client.get("/").text


def test_the_page_asks_no_other_machine_for_anything(client: TestClient) -> None:
    page = client.get("/studio/").text
    assert "thespisTimeline" in page
    fetched = re.findall(r"""(?:src|href)=["'](https?://[^"']+)|url\(["']?(https?://[^"')]+)""", page)
    assert fetched == []
    theme = client.get("/studio/theme.css").text
    assert "http" not in re.sub(r"http://www\.w3\.org/\S+", "", theme)


UPLOADS: dict[str, tuple[str, bytes, str]] = {
    "a text as a picture": ("photo.png", b"I am no picture at all, and never was one.", "no picture that can be read"),
    "a sound as a picture": ("photo.jpg", voice(), "no picture that can be read"),
    "half a picture": ("photo.png", picture(200)[:-60], "breaks off"),
    "nothing": ("photo.png", b"", "is empty"),
    "a picture of a telephone": ("photo.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "no picture that can be read"),
    "a vector picture": ("photo.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture that can be read"),
    "a text as a recording": ("voice.wav", b"#!/bin/sh\necho no", "no recording that is known"),
    "a program": ("run.exe", b"MZ\x90\0" + bytes(80), "no recording that is known"),
    "a text as a take": ("actor.take", b"no take", "no take"),
}  # fmt: skip


@pytest.mark.parametrize("about", list(UPLOADS))
def test_uploads_are_looked_at_and_what_is_wrong_does_not_stay(client: TestClient, about: str) -> None:
    name, content, why = UPLOADS[about]
    answer = client.post("/studio/gradio_api/upload", files={"files": (name, content)})
    assert (answer.status_code, why in answer.text) == (422, True), answer.text
    assert "\n" not in answer.text
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    assert [path for path in folder.rglob("*") if path.is_file() and path.name == name] == []


def test_good_uploads_stay(client: TestClient) -> None:
    for name, content in (("photo.png", picture()), ("voice.wav", voice())):
        answer = client.post("/studio/gradio_api/upload", files={"files": (name, content)})
        assert answer.status_code == 200
        assert Path(answer.json()[0]).read_bytes() == content


def test_several_faces_say_the_same_words_in_one_video(tmp_path: Path) -> None:
    cast, watch = Cast(), Watch()
    toy, nobody = str(TOY), Portrait((np.full((64, 64, 3), 90, np.uint8),))
    speech = beside.spoken("Good evening.")
    given = Job(toy, nobody, Direction(size=(64, 64)), (), speech.rate, 1, speech.seconds)
    cells = [beside.Cell(f"face {number}", given) for number in range(4)]
    count = beside.film(cast, cells, speech, 64, tmp_path / "out.mp4", watch)
    assert count == round(speech.seconds * 25)
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.audio
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]
    sheet, corners = beside.board([cell.label for cell in cells], 64)
    assert frames[0].shape == sheet.shape[:2]
    brightest = frames[max(range(count), key=lambda at: float(frames[at][10:60, 10:60].mean()))]
    levels = [float(brightest[y + 8 : y + 56, x + 8 : x + 56].mean()) for x, y in corners]
    assert max(levels) - min(levels) < 4
    assert min(levels) > 60
    with pytest.raises(MediaError, match="nothing to say yet"):
        beside.spoken(" ")


def test_no_modules_get_files_of_types_beside_them() -> None:
    assert list(Path(verb.__file__).parent.glob("*.pyi")) == []


def test_errors_are_lines_and_never_traces(caplog: pytest.LogCaptureFixture) -> None:
    assert words(MediaError("there is no picture a.jpg; choose\nanother")) == "There is no picture a.jpg; choose another."
    assert words(StoppedError()).startswith("Stopped")
    with caplog.at_level(logging.ERROR, "thespis"):
        line = words(ZeroDivisionError("division by /secret/place"))
    assert "secret" not in line
    assert "ZeroDivisionError" in line
    assert 'role="alert"' in trouble(MediaError("<b>"))
    assert "<b>" not in trouble(MediaError("<b>"))
    assert notice("") == ""


def test_work_tells_how_far_it_is_and_how_it_ended() -> None:
    watch = Watch()

    def work() -> str:
        watch.start(4, {})
        watch.advance(2)
        return "made"

    *lines, last = told(work, watch, "Acting")
    assert isinstance(last, Ended)
    assert (last.given, last.error) == ("made", None)
    assert "50 %" in str(lines[-1])
    assert 'value="50"' in bar(2, 4, "Acting")
    assert "value" not in bar(0, None, "Acting")

    def fail() -> None:
        raise MediaError("no")

    *_, last = told(fail, Watch(), "Acting")
    assert isinstance(last, Ended)
    assert isinstance(last.error, MediaError)


def test_the_own_picture_goes_before_the_made_up_face() -> None:
    assert portrait_of("a.png", "Mila") == "a.png"
    assert str(portrait_of(None, "Mila")).endswith("mila.jpg")
    assert portrait_of(None, "../../etc/passwd") is None
    assert portrait_of(None, None) is None
    assert speech_of("Write", "Hi", "de", "a.wav", "") == {"script": "Hi", "voice": "de"}
    assert speech_of("Record or upload", "Hi", "de", "a.wav", "Ho") == {"audio": "a.wav", "text": "Ho"}
    assert keys_in({"keys": [1]}) == [1]
    assert keys_in("nonsense") == keys_in(None) == keys_in({"keys": 3}) == []
