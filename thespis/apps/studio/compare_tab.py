"""The tab that sets feelings, strengths and recipes side by side: a picture of each, or all of them in one video."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import gradio

from thespis.apps.studio import acting, beside
from thespis.apps.studio.act_tab import Acted
from thespis.apps.studio.parts import WAITING, Studio, carried_out, connect_stop, notice, portrait_of
from thespis.apps.studio.wishes import Wish, direction_of
from thespis.errors import UsageError
from thespis.types import EMOTION

SENTENCE = "Oh, it is you. I did not think that you would come."
CELL, MOVING = 320, 256
MOST_CELLS, MOST_MOVING = 24, 9
STILL, FILM = "Pictures", "One video, with sound"


def tab(studio: Studio, acted: Acted, recipes: list[str]) -> None:
    """Lay the tab out and connect it."""
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=4, min_width=320, elem_classes="step"):
            gradio.HTML("<h2>Side by side</h2><p>The portrait of the first tab with everything you choose, saying the same words.</p>")
            names = gradio.CheckboxGroup(list(EMOTION.names), value=["happy", "sad", "angry", "surprised"], label="Feelings")
            strengths = gradio.CheckboxGroup(["40 %", "80 %", "120 %"], value=["80 %"], label="Strengths")
            chosen = gradio.CheckboxGroup(recipes, value=recipes[:1], label="Recipes", visible=len(recipes) > 1)
            words = gradio.Textbox(SENTENCE, label="While saying", lines=2)
            kind = gradio.Radio([STILL, FILM], value=STILL, label="As", elem_id="compare_as")
            draw = gradio.Button("Draw them", variant="primary", elem_id="draw_compare")
            stop = gradio.Button("Stop", variant="stop", visible=False)
        with gradio.Column(scale=7, min_width=340):
            status = gradio.HTML(notice("Choose some feelings and draw them."), elem_id="compare_status")
            sheet = gradio.Gallery(
                label="Side by side", show_label=False, columns=3, object_fit="cover", interactive=False, height="auto",
                elem_id="compare_sheet",
            )  # fmt: skip
            film = gradio.Video(label="Side by side, moving", interactive=False, visible=False, autoplay=True, elem_id="compare_film")

    def draw_it(
        request: gradio.Request, own: str | None, face: str | None, feelings: list[str], amounts: list[str], asked: list[str], said: str,
        shape: str,
    ) -> Iterator[Any]:  # fmt: skip
        watch, moving = studio.watch(request), shape == FILM
        made: list[tuple[Any, str]] = []
        path = studio.shelf.place("side_by_side.mp4")

        def cells() -> list[beside.Cell]:
            most, side = (MOST_MOVING, MOVING) if moving else (MOST_CELLS, CELL)
            wanted = [(recipe, name, amount) for recipe in asked for name in feelings for amount in amounts]
            if not wanted or len(wanted) > most:
                raise UsageError(f"choose 1 to {most} {'faces for a video' if moving else 'pictures'}, not {len(wanted)}")
            found = []
            for recipe, name, amount in wanted:
                key = {"time": 0, "emotion": name, "strength": float(amount.rstrip("% ")) / 100}
                direction = direction_of([key], Wish(size=str(side), blink=None if moving else 0.0))
                label = f"{name} {amount}" + (f", {recipe}" if len(asked) > 1 else "")
                found.append(beside.Cell(label, acting.job_of(portrait_of(own, face), {"script": said}, direction, recipe)))
            return found

        def work() -> int:
            wanted = cells()
            if moving:
                speech = beside.spoken(said)
                same = [replace(cell, job=replace(cell.job, rate=speech.rate, seconds=speech.seconds)) for cell in wanted]
                return beside.film(studio.cast, same, speech, MOVING, path, watch)
            watch.start(len(wanted), {})
            for cell in wanted:
                made.append((acting.try_one(studio.cast, cell.job), cell.label))
                watch.advance(1)
            return len(made)

        shown = 0

        def meanwhile() -> dict[Any, Any]:
            nonlocal shown
            if moving or shown == len(made):
                return {}
            shown = len(made)
            return {sheet: list(made)}

        def done(count: int) -> dict[Any, Any]:
            if moving:
                return {status: notice(f"{count} frames.", "good"), film: gradio.update(value=str(path))}
            return {status: notice(f"{count} pictures.", "good")}

        begun = {sheet: gradio.update(visible=not moving), film: gradio.update(visible=moving)}
        yield {status: notice("Looking at the face …"), stop: gradio.update(visible=True), **begun}
        yield from carried_out(work, watch, "Drawing", status, done, {stop: gradio.update(visible=False)}, meanwhile)

    inputs = [acted.own, acted.faces, names, strengths, chosen, words, kind]
    draw.click(draw_it, inputs, [status, sheet, film, stop], **WAITING)
    connect_stop(studio, stop)
