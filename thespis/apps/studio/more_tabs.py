"""The smaller tabs: feelings side by side, dubbing, the report, and the live page."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio

from thespis.apps.studio import acting, reading
from thespis.apps.studio.act_tab import Acted
from thespis.apps.studio.acting import Ended
from thespis.apps.studio.parts import DRAWING, RECORD, Studio, connect_stop, notice, portrait_of, speech_inputs, told, trouble
from thespis.apps.studio.wishes import Wish, direction_of
from thespis.errors import MediaError, UsageError
from thespis.types import EMOTION, Curve

WAITING: dict[str, Any] = {"concurrency_id": DRAWING, "show_progress": "hidden", "api_visibility": "private"}
SENTENCE = "Oh, it is you. I did not think that you would come."
CELL = 320
MOST_CELLS = 24


def compare_tab(studio: Studio, acted: Acted, recipes: list[str]) -> None:
    """Set feelings, strengths or recipes side by side: one picture of each."""
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=4, min_width=320, elem_classes="step"):
            gradio.HTML("<h2>Side by side</h2><p>The portrait of the first tab with every feeling you choose: one frame each.</p>")
            names = gradio.CheckboxGroup(list(EMOTION.names), value=["happy", "sad", "angry", "surprised"], label="Feelings")
            strengths = gradio.CheckboxGroup(["40 %", "80 %", "120 %"], value=["80 %"], label="Strengths")
            chosen = gradio.CheckboxGroup(recipes, value=recipes[:1], label="Recipes", visible=len(recipes) > 1)
            words = gradio.Textbox(SENTENCE, label="While saying", lines=2)
            draw = gradio.Button("Draw them", variant="primary", elem_id="draw_compare")
            stop = gradio.Button("Stop", variant="stop", visible=False)
        with gradio.Column(scale=7, min_width=340):
            status = gradio.HTML(notice("Choose some feelings and draw them."), elem_id="compare_status")
            sheet = gradio.Gallery(
                label="Side by side",
                show_label=False,
                columns=3,
                object_fit="cover",
                interactive=False,
                height="auto",
                elem_id="compare_sheet",
            )

    def draw_it(
        request: gradio.Request, own: str | None, face: str | None, feelings: list[str], amounts: list[str], asked: list[str], said: str
    ) -> Iterator[Any]:
        watch = studio.watch(request)
        cells = [(recipe, name, amount) for recipe in asked for name in feelings for amount in amounts]
        made: list[tuple[Any, str]] = []

        def work() -> None:
            if not cells or len(cells) > MOST_CELLS:
                raise UsageError(f"choose 1 to {MOST_CELLS} pictures, not {len(cells)}")
            watch.start(len(cells), {})
            for recipe, name, amount in cells:
                strength = float(amount.rstrip("% ")) / 100
                direction = direction_of([{"time": 0, "emotion": name, "strength": strength}], Wish(size=str(CELL), blink=0.0))
                job = acting.job_of(portrait_of(own, face), {"script": said}, direction, recipe)
                label = f"{name} {amount}" + (f", {recipe}" if len(asked) > 1 else "")
                made.append((acting.try_one(studio.cast, job), label))
                watch.advance(1)

        yield {stop: gradio.update(visible=True)}
        shown = 0
        for state in told(work, watch, "Drawing"):
            if not isinstance(state, Ended):
                fresh, shown = len(made) != shown, len(made)
                yield {status: state, sheet: list(made)} if fresh else {status: state}
            else:
                line = trouble(state.error) if state.error is not None else notice(f"{len(made)} pictures.", "good")
                yield {status: line, sheet: list(made), stop: gradio.update(visible=False)}

    draw.click(draw_it, [acted.own, acted.faces, names, strengths, chosen, words], [status, sheet, stop], **WAITING)
    connect_stop(studio, stop)


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
        for state in told(work, watch, "Dubbing"):
            if not isinstance(state, Ended):
                yield {status: state}
            elif state.error is not None:
                yield {status: trouble(state.error), stop: gradio.update(visible=False)}
            else:
                facts = state.given
                cut = f" The last {facts['sound_cut']:.1f} s of the sound are cut off." if facts["sound_cut"] > 0.5 else ""
                yield {
                    status: notice(f"{facts['dubbed']} of {facts['frames']} frames have new lips.{cut}", "good"),
                    film: str(made), keep: gradio.update(value=str(made), visible=True), stop: gradio.update(visible=False),
                }  # fmt: skip

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
        for state in told(work, watch, "Watching"):
            if not isinstance(state, Ended):
                yield {status: state}
            elif state.error is not None:
                yield {status: trouble(state.error), stop: gradio.update(visible=False)}
            else:
                yield {
                    status: notice("Measured.", "good"), found: state.given.summary, stop: gradio.update(visible=False),
                    keep: gradio.update(value=str(state.given.page), visible=True),
                }  # fmt: skip

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
