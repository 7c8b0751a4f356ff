"""The smaller tabs: dubbing, the report, and the live page."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio

from thespis.apps.dub import NOBODY
from thespis.apps.studio import reading
from thespis.apps.studio.act_tab import Acted
from thespis.apps.studio.parts import RECORD, WAITING, Studio, carried_out, connect_stop, notice, speech_inputs
from thespis.errors import MediaError
from thespis.types import EMOTION, Curve


def dub_tab(studio: Studio) -> None:
    """Give a person in a video other words."""
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=5, min_width=340):
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2>The video</h2><p>Somebody who is seen from the front. Everything but the lips stays as it was filmed.</p>")
                source = gradio.Video(label="Video", sources=["upload"], elem_id="dub_source", height=300)
                face = gradio.Number(0, label="Which person, counted from the left (0: the one seen most)", precision=0, minimum=0)
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2>The new words</h2>")
                mode, script, voice, audio, _ = speech_inputs("Good evening, and welcome.")
                lips = gradio.Slider(0, 200, 100, step=5, label="Lips, percent")
        with gradio.Column(scale=5, min_width=340, elem_classes="stage"):
            film = gradio.Video(label="Dubbed", interactive=False, elem_id="dubbed", autoplay=True, height=420)
            status = gradio.HTML(notice("Give a video and what is to be said in it."), elem_id="dub_status")
            with gradio.Row(elem_classes="actions"):
                make = gradio.Button("Dub it", variant="primary", elem_id="dub")
                stop = gradio.Button("Stop", variant="stop", visible=False)
                keep = gradio.DownloadButton("Download the video", visible=False, elem_id="keep_dubbed")

    def dub_it(
        request: gradio.Request, video: str | None, person: float, kind: str, text: str, tongue: str, sound: str | None, strength: float
    ) -> Iterator[Any]:
        watch, made = studio.watch(request), studio.shelf.place("dubbed.mp4")

        def work() -> Any:  # noqa: ANN401
            from thespis.apps.dub import dub

            if video is None:
                raise MediaError("there is no video yet: drop one")
            spoken = kind != RECORD
            if (spoken and not text.strip()) or (not spoken and sound is None):
                raise MediaError("there is nothing to say yet: write a sentence, or record or upload one")
            options = Namespace(
                video=video, audio=None if spoken else sound, say=text if spoken else None, voice=tongue, lips=f"{strength:g}%",
                face=int(person) or None, recipe="thespis", output=str(made),
            )  # fmt: skip
            return dub(options, watch)

        yield {stop: gradio.update(visible=True), status: notice("Looking through the video …")}

        def done(facts: Any) -> dict[Any, Any]:  # noqa: ANN401 - what apps.dub tells
            cut = f" The last {facts['sound_cut']:.1f} s of the sound are cut off." if facts["sound_cut"] > 0.5 else ""
            if not facts["dubbed"]:
                line = notice(f"{NOBODY[0].upper()}{NOBODY[1:]}; the video is as it was filmed, with the new sound.{cut}", "bad")
            else:
                line = notice(f"{facts['dubbed']} of {facts['frames']} frames have new lips.{cut}", "good")
            return {status: line, film: str(made), keep: gradio.update(value=str(made), visible=True)}

        yield from carried_out(work, watch, "Dubbing", status, done, {stop: gradio.update(visible=False)})

    make.click(dub_it, [source, face, mode, script, voice, audio, lips], [status, film, keep, stop], **WAITING)
    connect_stop(studio, stop)


def report_tab(studio: Studio, acted: Acted) -> None:
    """Measure the video that was made last, or any other."""
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=4, min_width=320, elem_classes="step"):
            gradio.HTML(
                "<h2>Does it hold?</h2><p>A judge sees the pixels only: does the feeling show that was asked for, do lips and sound agree, "
                "is it still the same person? Beside each figure stands what real videos give. Your last video is here already.</p>"
            )
            own = gradio.Video(label="Your own video", sources=["upload"], height=220, elem_id="report_source")
            feeling = gradio.Dropdown(["unknown", *EMOTION.names], value="unknown", label="What was asked for in it", visible=False)
            measure = gradio.Button("Measure it", variant="primary", elem_id="measure")
            stop = gradio.Button("Stop", variant="stop", visible=False)
            keep = gradio.DownloadButton("Download the whole report", visible=False, elem_id="keep_report")
        with gradio.Column(scale=7, min_width=340, elem_classes="sheet"):
            status = gradio.HTML(notice("Make a video first, or drop one."), elem_id="report_status")
            found = gradio.HTML("", elem_id="report")
    own.change(lambda video: gradio.update(visible=video is not None), own, feeling, queue=False, show_progress="hidden")

    def asked_for(take: str) -> Curve | None:
        from thespis.apps.plot_sheet import asked_emotion
        from thespis.export.take import open_take

        return asked_emotion(open_take(take).heading.direction.get("emotion"))

    def measure_it(request: gradio.Request, video: str | None, named: str, film: str, take: str, actor: str) -> Iterator[Any]:
        watch, page = studio.watch(request), studio.shelf.place("report.html")

        def work() -> reading.Reading:
            from thespis.capture.portrait import read_portrait

            if not video and not film:
                raise MediaError("there is no video yet: make one in the first tab, or drop one")
            if video:
                asked = None if named == "unknown" else Curve.constant(EMOTION, **{named: 1.0})
                return reading.read(Path(video), page.parent / "faces", page, asked, None, watch)
            return reading.read(Path(film), page.parent / "faces", page, asked_for(take), read_portrait(actor), watch)

        yield {stop: gradio.update(visible=True), status: notice("Watching …")}

        def done(result: Any) -> dict[Any, Any]:  # noqa: ANN401 - a Reading
            whole = gradio.update(value=str(result.page), visible=True)
            return {status: notice("Measured.", "good"), found: result.summary, keep: whole}

        yield from carried_out(work, watch, "Watching", status, done, {stop: gradio.update(visible=False)})

    measure.click(measure_it, [own, feeling, acted.film, acted.take, acted.actor], [status, found, stop, keep], **WAITING)
    connect_stop(studio, stop)


def live_tab(address: str | None) -> None:
    """Show the live page of the same server."""
    if address is None:
        gradio.HTML(notice("This server has no live page."))
        return
    gradio.HTML(
        f'<iframe class="live" src="{address}" title="Live: talk, and the face answers" allow="microphone; autoplay" loading="lazy">'
        "</iframe>",
        elem_id="live",
    )
