"""What the studio does with takes: draw their curves, edit them, play them on a portrait, write them for other tools."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.apps.studio.acting import Watch
from thespis.errors import MediaError, UsageError, unknown

if TYPE_CHECKING:
    from thespis.types import Bytes, Portrait

EXPORTS: Mapping[str, tuple[str, str]] = {
    "ARKit curves (.csv)": ("arkit", ".csv"),
    "ARKit curves (.json)": ("arkit", ".json"),
    "MetaHuman controls (.csv)": ("metahuman", ".csv"),
    "Animated head, glTF (.glb)": ("gltf", ".glb"),
    "Animated head, USD (.usda)": ("usd", ".usda"),
    "FLAME parameters (.npz)": ("flame", ".npz"),
    "Plain arrays (.npz)": ("npz", ".npz"),
    "Mouth cues (.tsv)": ("cues", ".tsv"),
    "Mouth cues (.json)": ("cues", ".json"),
    "Subtitles (.srt)": ("subtitles", ".srt"),
    "Subtitles (.vtt)": ("subtitles", ".vtt"),
    "Words and sounds, Praat (.TextGrid)": ("textgrid", ".TextGrid"),
}
"""What a take can be written as: the words of the page, the layout and the suffix."""
PATTERNS = {"brows": "brow*", "mouth": "mouth*", "jaw": "jaw*", "head": "head*", "eyes": "gaze_*"}
"""The sliders of the page and the channels they scale."""
PLOT_WIDTH = 1000


def plotted(take: Path, portrait: "Portrait | None") -> "Bytes":
    """Draw the curves of a take, under a filmstrip where there is a portrait -> a picture (height, width, 3)."""
    from thespis.apps.plot import filmstrip, loudness
    from thespis.apps.plot_sheet import asked_emotion, draw_take
    from thespis.apps.text import clock
    from thespis.export.take import open_take
    from thespis.motion.take_edit import from_the_start

    opened = open_take(take)
    track = from_the_start(opened.track())
    if not len(track):
        raise MediaError("this take is empty; there is nothing to plot")
    film = {} if portrait is None else filmstrip(track, portrait, "thespis")
    heading = opened.heading
    words = heading.speech.words or () if heading.speech is not None else ()
    title = f"{clock(float(len(track) / track.fps))} at {float(track.fps):g} a second   {heading.recipe}".rstrip()
    return draw_take(track, title, film, loudness(opened), words, asked_emotion(heading.direction.get("emotion")), PLOT_WIDTH)


def edited(
    take: Path, made: Path, *, scales: Mapping[str, float], begin: float, end: float, speed: float, smooth: float, mirror: bool
) -> Path:
    """Edit a take as `thespis edit` does: cut (an `end` of 0 is its own), speed, scales in percent, mirror, smooth in seconds."""
    from thespis.apps import edit

    steps = Namespace(
        take=str(take),
        output=made,
        cut=[f"{begin:g}", f"{end:g}" if end else "-"] if begin or end else None,
        speed=None if speed == 1 else f"{speed:g}",
        scale=[f"{PATTERNS[name]}={percent / 100:g}" for name, percent in scales.items() if percent != 100],
        mirror=mirror,
        smooth=f"{smooth:g}" if smooth else None,
        neutral=None,
        join=[],
        blend="0.2",
        fps=None,
        lips=None,
        no_sound=False,
    )
    if not any(getattr(steps, step) for step in edit.STEPS):
        raise UsageError("nothing to change yet: move a slider, cut, mirror or smooth first")
    edit.edit(steps)
    return made


def exported(take: Path, made: Path, kind: str) -> str:
    """Write a take for another tool -> what was written."""
    from thespis.apps.export_take import WRITERS
    from thespis.export.take import open_take

    if kind not in EXPORTS:
        raise UsageError(unknown("export", kind, EXPORTS))
    return WRITERS[EXPORTS[kind][0]](open_take(take), made)


def played(take: Path, portrait: "Portrait", made: Path, watch: Watch) -> Any:  # noqa: ANN401 - apps.render.Made
    """Let a portrait perform a take."""
    from thespis.apps.render_take import draw
    from thespis.export.output import check_output
    from thespis.export.take import open_take

    options = Namespace(
        output=made, recipe="thespis", fps=None, size=None, crop=None, background=None, others=None, silent=False, strength=1.0
    )
    return draw(open_take(take), portrait, check_output(str(made)), watch, options)
