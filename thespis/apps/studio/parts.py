"""What the tabs of the studio share: notices in place of tracebacks, the picker of faces, and who works for whom."""

import base64
import html
import io
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio

from thespis.apps.studio.acting import Cast, Ended, StoppedError, Watch, made_up, watched
from thespis.apps.studio.shelf import Shelf
from thespis.errors import ThespisError

THUMBNAIL = 168
DRAWING = "drawing"
"""The queue in which everything waits that draws: two drawings at a time would both be slow."""
WAITING: Mapping[str, Any] = {"concurrency_id": DRAWING, "show_progress": "hidden", "api_visibility": "private"}


class Studio:
    """What lives as long as the page is served: recipes and portraits kept ready, files, and the work of each visitor."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty shelf."""
        self.cast, self.shelf = Cast(), Shelf(folder)
        self._watches: dict[str, Watch] = {}

    def watch(self, request: gradio.Request) -> Watch:
        """Begin a visitor's work, and end what the same visitor left running."""
        self.stop(request)
        return self._watches.setdefault(str(request.session_hash), Watch())

    def stop(self, request: gradio.Request) -> None:
        """End a visitor's work."""
        left = self._watches.pop(str(request.session_hash), None)
        if left is not None:
            left.stop()


def words(error: BaseException) -> str:
    """Word an error for the page: what the user can mend in its own line, anything else without its inside."""
    if isinstance(error, StoppedError):
        return "Stopped. Nothing was kept."
    if isinstance(error, ThespisError):
        line = " ".join(str(error).split()).replace("thespis list", "the list of recipes")
        return line[:1].upper() + line[1:] + ("" if line.endswith((".", "!", "?")) else ".")
    if isinstance(error, MemoryError):
        return "There is not enough memory for this; choose a smaller size."
    logging.getLogger("thespis").error("the studio met %s: %s", type(error).__name__, error, exc_info=error)
    return f"This went wrong in a way nobody foresaw ({type(error).__name__}); the server's log says more."


def notice(text: str, kind: str = "plain") -> str:
    """Word a line of the page; kinds are plain, good and bad."""
    role = "alert" if kind == "bad" else "status"
    return f'<p class="notice {kind}" role="{role}">{html.escape(text)}</p>' if text else ""


def trouble(error: BaseException) -> str:
    """Show an error as a line of the page."""
    return notice(words(error), "plain" if isinstance(error, StoppedError) else "bad")


def bar(done: int, total: int | None, doing: str) -> str:
    """Show how far some work is."""
    if not total or not done:
        return (
            f'<div class="notice working" role="status"><span>{html.escape(doing)}</span><progress aria-label="Progress"></progress></div>'
        )
    percent = min(round(100 * done / total), 100)
    return (
        f'<div class="notice working" role="status"><span>{html.escape(doing)} <b>{percent} %</b> · frame {done} of {total}</span>'
        f'<progress aria-label="Progress" max="100" value="{percent}"></progress></div>'
    )


def told(work: Any, watch: Watch, doing: str) -> Iterator[str | Ended]:  # noqa: ANN401 - any callable
    """Do some work: give the line of its progress where it changed, and at last how it ended."""
    last = ""
    for state in watched(work, watch):
        if isinstance(state, Ended):
            yield state
            return
        line = bar(*state, doing)
        if line != last:
            last = line
            yield line


def carried_out(
    work: Callable[[], Any],
    watch: Watch,
    doing: str,
    status: gradio.HTML,
    done: Callable[[Any], dict[Any, Any]],
    resting: Mapping[Any, Any],
    meanwhile: Callable[[], dict[Any, Any]] = dict,
) -> Iterator[dict[Any, Any]]:
    """Do some work for the page: how far it is goes to `status`; at last what `done` makes of the result, or what was wrong.

    `resting` is how the page looks when nothing is done, and `meanwhile` tells what is there already.
    """
    for state in told(work, watch, doing):
        if not isinstance(state, Ended):
            yield {status: state, **meanwhile()}
        elif state.error is not None:
            yield {status: trouble(state.error), **meanwhile(), **resting}
        else:
            yield {**meanwhile(), **done(state.given), **resting}


def thumbnail(path: Path) -> str:
    """Make a small picture for the picker, as a data URL."""
    from PIL import Image

    with Image.open(path) as opened:
        small = opened.convert("RGB").resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    small.save(out, format="JPEG", quality=84)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"


PICK = """
const mark = () => element.querySelectorAll("input").forEach((input) => { input.checked = input.value === props.value; });
element.addEventListener("change", (event) => { props.value = event.target.value; trigger('change'); });
watch("value", mark);
mark();
"""


def faces_to_pick(value: str) -> gradio.HTML:
    """Show the made-up portraits as a group of radio buttons; its value is a name, or nothing where the user's own picture is used."""
    cells = "".join(
        f'<label><input type="radio" name="face" value="{face}"><img src="{thumbnail(path)}" alt="" width="{THUMBNAIL}" '
        f'height="{THUMBNAIL}"><span>{face}</span></label>'
        for face, path in made_up().items()
    )
    template = f'<fieldset class="faces"><legend>Made-up faces</legend>{cells}</fieldset>'
    return gradio.HTML(value, html_template=template, js_on_load=PICK, apply_default_css=False, elem_classes="picker")


def portrait_of(own: str | None, face: str | None) -> str | Path | None:
    """Choose the portrait: the user's own picture where there is one, else the made-up face."""
    return own or made_up().get(str(face or ""))


def speech_of(mode: str, script: str, voice: str, audio: str | None, text: str) -> dict[str, Any]:
    """Gather what is said, as `job_of` takes it."""
    return {"script": script, "voice": voice} if mode == WRITE else {"audio": audio, "text": text}


WRITE, RECORD = "Write", "Record or upload"
VOICES: Mapping[str, str] = {
    "American, low": "en-us", "American, bright": "en-us+f3", "American, soft": "en-us+f2", "British": "en-gb",
    "British, bright": "en-gb+f4",
    "German": "de", "German, bright": "de+f3", "French": "fr-fr", "Spanish": "es", "Italian": "it", "Portuguese": "pt-br",
    "Dutch": "nl", "Polish": "pl", "Russian": "ru", "Turkish": "tr", "Hindi": "hi", "Mandarin": "cmn", "Japanese": "ja",
}  # fmt: skip


def portrait_inputs(face: str) -> tuple[gradio.Image, gradio.HTML]:
    """Offer a picture of the user's and the made-up faces; each takes the other's place."""
    faces = faces_to_pick(face)
    own = gradio.Image(label="Your own picture", type="filepath", sources=["upload", "webcam"], height=190, elem_id="own_portrait")
    own.input(lambda picture: None if picture else face, own, faces, queue=False, show_progress="hidden")
    faces.change(lambda picked: None if picked else gradio.skip(), faces, own, queue=False, show_progress="hidden")
    return own, faces


def speech_inputs(script: str) -> tuple[gradio.Radio, gradio.Textbox, gradio.Dropdown, gradio.Audio, gradio.Textbox]:
    """Offer to write, to record and to upload speech."""
    mode = gradio.Radio([WRITE, RECORD], value=WRITE, label="Speech", show_label=False, elem_classes="switch")
    with gradio.Column(visible=True) as written:
        text = gradio.Textbox(script, label="Words", lines=3, max_lines=8, info="Tags such as [sad 0.6] or [look left] work here too.")
        voice = gradio.Dropdown([(name, code) for name, code in VOICES.items()], value="en-us", label="Voice", allow_custom_value=False)
    with gradio.Column(visible=False) as recorded:
        audio = gradio.Audio(label="Recording", type="filepath", sources=["upload", "microphone"])
        said = gradio.Textbox("", label="What is said in it (if you know: sharper lips)", lines=2)
    mode.change(
        lambda kind: (gradio.update(visible=kind == WRITE), gradio.update(visible=kind != WRITE)),
        mode, [written, recorded], queue=False, show_progress="hidden",
    )  # fmt: skip
    return mode, text, voice, audio, said


def connect_stop(studio: Studio, stop: gradio.Button) -> None:
    """Let a button end what its visitor began."""

    def end(request: gradio.Request) -> None:
        studio.stop(request)

    stop.click(end, None, None, queue=False, api_visibility="private")
