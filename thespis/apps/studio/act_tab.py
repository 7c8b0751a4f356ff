"""The first tab: who, what is said, how it is felt over time; one trial frame, then the video."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio

from thespis.apps.studio import acting, hearing
from thespis.apps.studio.parts import (
    DRAWING,
    Studio,
    carried_out,
    connect_stop,
    notice,
    portrait_inputs,
    portrait_of,
    speech_inputs,
    speech_of,
    trouble,
)
from thespis.apps.studio.timeline import keys_in, timeline
from thespis.apps.studio.wishes import Wish, direction_of
from thespis.errors import ThespisError

SCRIPT = "Hello! I was only a picture until just now. And soon, I am afraid, I shall be one again."
KEYS = [
    {"time": 0.0, "emotion": "happy", "strength": 0.9, "over": 0.0},
    {"time": 3.4, "emotion": "sad", "strength": 0.9, "over": 0.8},
]
HEADS = [("Moves naturally", "natural"), ("Held still", "still"), ("As set below", "set")]
GAZES = [("Looks around naturally", "natural"), ("At the camera", "camera"), ("As set below", "set")]
SIZES = [("256, quick", "256"), ("384", "384"), ("512", "512"), ("768", "768"), ("1080 x 1080", "1080"), ("1280 x 720", "1280x720")]
CROPS = [("The head", "head"), ("The whole picture", "picture"), ("The picture at its own size", "original")]


def wish_of(
    head: str, turn: float, nod: float, gaze: str, look: float, lift: float, natural: bool, blink: float, lips: float, motion: float,
    size: str, crop: str, seed: float,
) -> Wish:  # fmt: skip
    """Gather the sliders."""
    blinks = None if natural else float(blink)
    return Wish(head, turn, nod, gaze, look, lift, blinks, float(lips), float(motion), int(seed or 0), size, crop)


def fine_inputs() -> list[Any]:
    """Offer everything but the emotions -> inputs in the order of `wish_of`."""
    with gradio.Accordion("Head, eyes, lips and picture", open=False, elem_id="fine"):
        with gradio.Row():
            head = gradio.Radio(HEADS, value="natural", label="Head")
            gaze = gradio.Radio(GAZES, value="natural", label="Eyes")
        with gradio.Row(visible=False) as head_set:
            turn = gradio.Slider(-30, 30, 0, step=1, label="Head turns, degrees (right is plus)")
            nod = gradio.Slider(-20, 20, 0, step=1, label="Head bends, degrees (down is plus)")
        with gradio.Row(visible=False) as gaze_set:
            look = gradio.Slider(-25, 25, 0, step=1, label="Eyes turn, degrees (right is plus)")
            lift = gradio.Slider(-15, 15, 0, step=1, label="Eyes lower, degrees (down is plus)")
        with gradio.Row():
            lips = gradio.Slider(0, 200, 100, step=5, label="Lips, percent")
            motion = gradio.Slider(0, 200, 100, step=5, label="Head and eye movement, percent")
        with gradio.Row():
            natural = gradio.Checkbox(True, label="Blinks naturally")
            blink = gradio.Slider(0, 40, 15, step=1, label="Blinks a minute", visible=False)
        with gradio.Row():
            size = gradio.Dropdown(SIZES, value="512", label="Size")
            crop = gradio.Dropdown(CROPS, value="head", label="What is shown")
            seed = gradio.Number(0, label="Variation", precision=0, minimum=0)
    quiet: dict[str, Any] = {"queue": False, "show_progress": "hidden"}
    head.change(lambda kind: gradio.update(visible=kind == "set"), head, head_set, **quiet)
    gaze.change(lambda kind: gradio.update(visible=kind == "set"), gaze, gaze_set, **quiet)
    natural.change(lambda kind: gradio.update(visible=not kind), natural, blink, **quiet)
    return [head, turn, nod, gaze, look, lift, natural, blink, lips, motion, size, crop, seed]


@dataclass(frozen=True)
class Acted:
    """What the other tabs take over: the `take`, the `film` and the `actor` of the last video, and inputs."""

    take: gradio.State
    film: gradio.State
    actor: gradio.State
    own: gradio.Image
    faces: gradio.HTML
    timeline: gradio.HTML
    listen: Callable[..., Any]
    heard: list[Any]
    warm: Callable[..., Any]
    warming: list[Any]


def tab(studio: Studio, recipes: list[str]) -> Acted:
    """Lay the tab out and connect it."""
    take, film, actor = gradio.State(""), gradio.State(""), gradio.State("")
    with gradio.Row(elem_classes="desk"):
        with gradio.Column(scale=6, min_width=340, elem_classes="controls"):
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2><i>1</i> Who acts</h2>")
                own, faces = portrait_inputs("Mila")
            with gradio.Column(elem_classes="step"):
                gradio.HTML("<h2><i>2</i> What is said</h2>")
                speech = speech_inputs(SCRIPT)
            with gradio.Column(elem_classes="step"):
                gradio.HTML(
                    "<h2><i>3</i> How it is felt</h2><p>Tap the lane to set a feeling at a moment; drag it along the words, up for more. "
                    "Arrow keys move it too.</p>"
                )
                lane = timeline(KEYS, "timeline")
                suggest = gradio.Button("Read the feelings from the words", size="sm", elem_id="suggest")
            with gradio.Column(elem_classes="step"):
                fine = fine_inputs()
                size, crop = fine[-3:-1]
                recipe = gradio.Dropdown(recipes, value="thespis", label="Recipe", visible=len(recipes) > 1)
        with gradio.Column(scale=5, min_width=340, elem_classes="stage"):
            picture = gradio.Image(label="Trial frame", interactive=False, elem_id="trial", buttons=["download"], height=460)
            video = gradio.Video(label="Video", interactive=False, elem_id="film", autoplay=True, visible=False, height=460)
            status = gradio.HTML(notice("Choose who acts, then try one frame."), elem_id="status")
            moment = gradio.Slider(0, 8, 0, step=0.1, label="Trial frame at, s (0: the strongest early moment)", elem_id="moment")
            with gradio.Row(elem_classes="actions", elem_id="act_actions"):
                one = gradio.Button("Try one frame", elem_id="try_frame")
                make = gradio.Button("Make the video", variant="primary", elem_id="make_video")
                stop = gradio.Button("Stop", variant="stop", visible=False, elem_id="stop")
            with gradio.Row(elem_classes="actions"):
                keep_video = gradio.DownloadButton("Download the video", visible=False, elem_id="keep_video")
                keep_take = gradio.DownloadButton("Download the take", visible=False, elem_id="keep_take")
    inputs = [own, faces, *speech, lane, recipe, *fine]

    def asked(own: Any, face: Any, mode: Any, script: Any, voice: Any, audio: Any, text: Any, keys: Any, recipe: str, *wishes: Any) -> Any:  # noqa: ANN401
        direction = direction_of(keys_in(keys), wish_of(*wishes))
        return acting.job_of(portrait_of(own, face), speech_of(mode, script, voice, audio, text), direction, recipe)

    def listen(mode: Any, script: Any, voice: Any, audio: Any, text: Any, keys: Any) -> Any:  # noqa: ANN401
        try:
            sound = hearing.heard(speech_of(mode, script, voice, audio, text), direction_of(keys_in(keys)))
            return gradio.update(sound=sound), gradio.update(maximum=max(round(sound["seconds"], 1), 1.0)), gradio.skip()
        except Exception as error:  # every error is a line in the page
            return gradio.update(sound=dict(hearing.NOTHING)), gradio.skip(), trouble(error)

    def read_feelings(mode: Any, script: Any, voice: Any, audio: Any, text: Any) -> Any:  # noqa: ANN401
        try:
            found = hearing.suggested(speech_of(mode, script, voice, audio, text), direction_of([]))
        except Exception as error:  # every error is a line in the page
            return gradio.skip(), trouble(error)
        return {"keys": found}, notice(f"Found {len(found)} moments; change them as you like.", "good")

    def try_one(at: float, *values: Any) -> Any:  # noqa: ANN401
        try:
            image = acting.try_one(studio.cast, asked(*values), float(at) or None)
        except Exception as error:  # every error is a line in the page
            return gradio.skip(), gradio.skip(), trouble(error)
        return (
            gradio.update(value=image, visible=True),
            gradio.update(visible=False),
            notice(f"This is how it looks at {at:g} s." if at else "This is the strongest moment of the first seconds."),
        )

    def warm(own: Any, face: Any, size: str, crop: str, recipe: str) -> None:  # noqa: ANN401
        """Prepare a portrait as soon as it is chosen, so that the first trial is quick too."""
        from thespis.capture.portrait import read_portrait

        chosen = portrait_of(own, face)
        if chosen is not None and crop != "original":
            try:
                studio.cast.prepared(recipe, read_portrait(chosen), direction_of([], Wish(size=size, crop=crop)))
            except ThespisError:
                return  # the trial will say what is wrong

    def make_it(request: gradio.Request, *values: Any) -> Iterator[Any]:  # noqa: ANN401
        resting = {stop: gradio.update(visible=False), make: gradio.update(visible=True)}
        yield {status: notice("Looking at the face …"), stop: gradio.update(visible=True), make: gradio.update(visible=False)}
        watch, path = studio.watch(request), studio.shelf.place("thespis.mp4")
        kept = path.with_suffix(".take")

        def done(made: Any) -> dict[Any, Any]:  # noqa: ANN401 - a Made
            return {
                status: notice(f"{made.frames} frames of {made.size[0]} x {made.size[1]}, {made.seconds:.1f} s.", "good"),
                video: gradio.update(value=str(path), visible=True), picture: gradio.update(visible=False),
                keep_video: gradio.update(value=str(path), visible=True), keep_take: gradio.update(value=str(kept), visible=True),
                take: str(kept), film: str(path), actor: str(portrait_of(values[0], values[1])),
            }  # fmt: skip

        yield from carried_out(
            lambda: acting.make_video(studio.cast, asked(*values), path, kept, watch), watch, "Acting", status, done, resting
        )

    hearing_inputs = [*speech, lane]
    for part in (*speech, lane):
        part.change(
            listen, hearing_inputs, [lane, moment, status], show_progress="hidden", trigger_mode="always_last", api_visibility="private"
        )
    suggest.click(read_feelings, [*speech], [lane, status], show_progress="hidden", api_visibility="private")
    one.click(try_one, [moment, *inputs], [picture, video, status], concurrency_id=DRAWING, concurrency_limit=1, api_visibility="private")
    warming = [own, faces, size, crop, recipe]
    for part in warming:
        part.change(
            warm, warming, None, concurrency_id=DRAWING, show_progress="hidden", trigger_mode="always_last", api_visibility="private"
        )  # fmt: skip
    outputs = [status, stop, make, video, picture, keep_video, keep_take, take, film, actor]
    make.click(make_it, inputs, outputs, concurrency_id=DRAWING, show_progress="hidden", api_visibility="private")
    connect_stop(studio, stop)
    return Acted(take, film, actor, own, faces, lane, lambda *values: listen(*values)[0], hearing_inputs, warm, warming)
