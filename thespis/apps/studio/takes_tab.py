"""The tab of takes: curves under a filmstrip, sliders that edit them, the result on the portrait, and files for other tools."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio

from thespis.apps.studio import takes
from thespis.apps.studio.act_tab import Acted
from thespis.apps.studio.parts import DRAWING, WAITING, Studio, carried_out, connect_stop, notice, portrait_of, trouble
from thespis.errors import MediaError

PRIVATE: dict[str, Any] = {"api_visibility": "private"}


def tab(studio: Studio, acted: Acted) -> None:
    """Lay the tab out and connect it."""
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=4, min_width=320, elem_classes="controls"):
            with gradio.Column(elem_classes="step"):
                gradio.HTML(
                    "<h2>The take</h2><p>The performance of your last video is here already. A .take of your own takes its place.</p>"
                )
                own = gradio.File(label="A .take file", file_types=[".take"], height=110, elem_id="own_take")
                show = gradio.Button("Show its curves", variant="primary", elem_id="show_curves")
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2>Edit</h2><p>Percent of each part of the face; 100 leaves it as it is.</p>")
                parts = {
                    name: gradio.Slider(0, 200, 100, step=5, label=name.capitalize(), elem_id=f"scale_{name}") for name in takes.PATTERNS
                }
                with gradio.Row():
                    begin = gradio.Number(0, label="From, s", minimum=0, step=0.1)
                    end = gradio.Number(0, label="To, s (0: the end)", minimum=0, step=0.1)
                speed = gradio.Slider(0.25, 4, 1, step=0.05, label="Speed", info="Another than 1 loses the sound.")
                smooth = gradio.Slider(0, 0.3, 0, step=0.01, label="Smooth, s")
                mirror = gradio.Checkbox(False, label="Exchange left and right")
                change = gradio.Button("Make the change", elem_id="edit_take")
        with gradio.Column(scale=7, min_width=340):
            status = gradio.HTML(notice("Make a video first, or drop a take."), elem_id="take_status")
            plot = gradio.Image(label="Curves", show_label=False, interactive=False, elem_id="curves", buttons=["download", "fullscreen"])
            with gradio.Row(elem_classes="actions"):
                play = gradio.Button("Play it on the portrait", elem_id="play_take")
                stop = gradio.Button("Stop", variant="stop", visible=False)
            film = gradio.Video(label="The take on the portrait", interactive=False, visible=False, elem_id="take_film", autoplay=True)
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2>Take it to another tool</h2>")
                kind = gradio.Dropdown(list(takes.EXPORTS), value="ARKit curves (.csv)", label="As", elem_id="export_kind")
                with gradio.Row(elem_classes="actions"):
                    export = gradio.Button("Write the file", elem_id="export_take")
                    keep = gradio.DownloadButton("Download it", visible=False, elem_id="keep_export")
                    keep_take = gradio.DownloadButton("Download the take", visible=False, elem_id="keep_edited")
    latest = gradio.State("")

    def chosen(given: str | None, changed: str, last: str) -> Path:
        found = changed or given or last
        if not found:
            raise MediaError("there is no take yet: make a video in the first tab, or drop a .take file")
        return Path(found)

    def who(picture: str | None, face: str | None) -> Any:  # noqa: ANN401 - a Portrait
        from thespis.capture.portrait import read_portrait

        found = portrait_of(picture, face)
        return None if found is None else read_portrait(found)

    def curves(path: Path, picture: str | None, face: str | None, line: str) -> dict[Any, Any]:
        image = takes.plotted(path, who(picture, face))
        return {plot: image, status: notice(line, "good"), keep_take: gradio.update(value=str(path), visible=True)}

    def show_it(given: str | None, changed: str, last: str, picture: str | None, face: str | None) -> dict[Any, Any]:
        try:
            return curves(
                chosen(given, changed, last),
                picture,
                face,
                "Brows at the top, the head at the bottom; the strip shows what they look like.",
            )
        except Exception as error:  # every error is a line in the page
            return {status: trouble(error)}

    def change_it(given: Any, changed: str, last: str, picture: Any, face: Any, *values: Any) -> dict[Any, Any]:  # noqa: ANN401
        *percents, first, final, pace, width, swap = values
        try:
            path = chosen(given, changed, last)
            made = studio.shelf.place("edited.take")
            scales = dict(zip(parts, percents, strict=True))
            takes.edited(path, made, scales=scales, begin=first or 0, end=final or 0, speed=pace, smooth=width, mirror=swap)
            return {**curves(made, picture, face, "Changed. Another change builds on this one."), latest: str(made)}
        except Exception as error:
            return {status: trouble(error)}

    def export_it(given: Any, changed: str, last: str, wanted: str) -> dict[Any, Any]:  # noqa: ANN401
        try:
            path = chosen(given, changed, last)
            made = studio.shelf.place(f"thespis{takes.EXPORTS[wanted][1]}" if wanted in takes.EXPORTS else "thespis")
            line = takes.exported(path, made, wanted)
            return {status: notice(f"Written: {line}.", "good"), keep: gradio.update(value=str(made), visible=True)}
        except Exception as error:
            return {status: trouble(error), keep: gradio.update(visible=False)}

    def play_it(request: gradio.Request, given: Any, changed: str, last: str, picture: Any, face: Any) -> Iterator[Any]:  # noqa: ANN401
        watch, made = studio.watch(request), studio.shelf.place("take.mp4")
        yield {stop: gradio.update(visible=True)}

        def work() -> Any:  # noqa: ANN401
            portrait = who(picture, face)
            if portrait is None:
                raise MediaError("there is no portrait: choose one in the first tab")
            return takes.played(chosen(given, changed, last), portrait, made, watch)

        def done(result: Any) -> dict[Any, Any]:  # noqa: ANN401 - a Made
            return {status: notice(f"{result.frames} frames.", "good"), film: gradio.update(value=str(made), visible=True)}

        yield from carried_out(work, watch, "Playing the take", status, done, {stop: gradio.update(visible=False)})

    source = [own, latest, acted.take]
    portrait = [acted.own, acted.faces]
    waiting: dict[str, Any] = {"concurrency_id": DRAWING, **PRIVATE}
    show.click(show_it, [*source, *portrait], [plot, status, keep_take], **waiting)
    edits = [*parts.values(), begin, end, speed, smooth, mirror]
    change.click(change_it, [*source, *portrait, *edits], [plot, status, keep_take, latest], **waiting)
    export.click(export_it, [*source, kind], [status, keep], **PRIVATE)
    play.click(play_it, [*source, *portrait], [status, stop, film], **WAITING)
    connect_stop(studio, stop)
    # A new take begins anew: what was edited belonged to the one before.
    for part in (own, acted.take):
        part.change(lambda: "", None, latest, queue=False, show_progress="hidden", **PRIVATE)
