"""The report of a video: the feeling asked for beside the one a judge sees, lips and sound, the likeness, and the whole page of figures."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from thespis.apps.sheet import TINTS
from thespis.apps.studio.acting import Watch
from thespis.types import EMOTION, Array, Curve

if TYPE_CHECKING:
    from thespis.capture.sighting import Sighting
    from thespis.evaluate.results import Real, Result
    from thespis.types import Portrait

WINDOW, STEP = 1.0, 0.5
"""Seconds whose frames the judge sees together, and seconds between two of its verdicts."""
WIDE, LANE = 640, 46
TOLD = ("sync.offset", "sync.confidence", "lips.closures", "identity.looks", "motion.jitter")
"""The few figures that most people look for."""


@dataclass(frozen=True)
class Reading:
    """What the page shows: `summary` in HTML, and the file of the whole report."""

    summary: str
    page: Path


def verdicts(sightings: "Sequence[Sighting]", fps: float, seconds: float, rest: "Sequence[Sighting]") -> tuple[Array, Array]:
    """Let the judge see one stretch after the other -> the middles of the stretches (n,) and how much of each emotion they show (n, 8)."""
    from thespis.evaluate.judge import judge

    middles, amounts = [], []
    for start in np.arange(0.0, max(seconds - WINDOW / 2, STEP), STEP):
        own = [each for each in sightings if start <= each.frame / fps < start + WINDOW]
        if own:
            seen = judge(own[:: max(len(own) // 6, 1)], rest)
            middles.append(min(start + WINDOW / 2, seconds))
            amounts.append(seen.amounts)
    return np.asarray(middles, np.float32), np.asarray(amounts, np.float32).reshape(-1, EMOTION.size)


def stripes(times: Array, amounts: Array, seconds: float) -> str:
    """Draw amounts of emotions (n, 8) at times (n,) as stacked bars in SVG: each emotion in its colour, as high as it is strong."""
    width = WIDE / max(len(times), 1)
    made = []
    for number, row in enumerate(amounts):
        foot = LANE
        for name, value in zip(EMOTION.names, row, strict=True):
            tall = 0.0 if name == "neutral" else min(float(value), 1.0) * LANE
            if tall > 0.5:
                colour = "rgb({},{},{})".format(*TINTS[name])
                made.append(
                    f'<rect x="{number * width:.1f}" y="{foot - tall:.1f}" width="{width:.1f}" height="{tall:.1f}" fill="{colour}"/>'
                )
                foot -= round(tall)
    order = [name for name, _ in groupby(strongest(amounts))]
    words = f"{', then '.join(order)}, over {seconds:.1f} seconds"
    about = f'preserveAspectRatio="none" shape-rendering="crispEdges" role="img" aria-label="{words}"'
    return f'<svg viewBox="0 0 {WIDE} {LANE}" {about}>{"".join(made)}</svg>'


def strongest(amounts: Array) -> list[str]:
    """Name the strongest emotion of each row (n, 8); nothing strong is neutral."""
    plain = amounts.copy()
    plain[:, EMOTION.column("neutral")] = 0.1
    return [EMOTION.names[int(column)] for column in plain.argmax(axis=1)]


def lanes(asked: Curve | None, times: Array, shown: Array, seconds: float) -> str:
    """Set what was asked for above what is shown, with a sentence that says how far they agree."""
    legend = {name for row in (shown, asked.at(times) if asked is not None else shown[:0]) for name in strongest(row)} - {"neutral"}
    chips = "".join(f'<li><i style="background:rgb({",".join(map(str, TINTS[name]))})"></i>{name}</li>' for name in sorted(legend))
    rows, told = "", "Nothing was asked for in this video that is known here; this is what a judge sees in its pixels."
    if asked is not None and len(times):
        wanted = asked.at(times)
        right = float(np.mean([one == other for one, other in zip(strongest(wanted), strongest(shown), strict=True)]))
        told = f"In {100 * right:.0f} % of the video a judge, who sees its pixels only, names the feeling that was asked for."
        rows = f"<dt>asked</dt><dd>{stripes(times, wanted, seconds)}</dd>"
    rows += f"<dt>shown</dt><dd>{stripes(times, shown, seconds)}</dd>"
    return f'<h3>Feeling</h3><p>{told}</p><dl class="lanes">{rows}</dl><ul class="legend">{chips}</ul>'


def figures(result: "Result", real: "dict[str, Real]") -> str:
    """List the few figures that most people look for, each beside real footage."""
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.page import told

    rows = []
    for metric in chosen([]):
        value = result.figure(metric)
        if metric.name in TOLD and value is not None:
            there = real.get(metric.name)
            beside = "" if there is None else f"real clips: {told(metric, there.p10)} to {told(metric, there.p90)}"
            within = there is None or metric.better in ("higher", "lower", "zero") or there.p10 <= value <= there.p90
            rows.append(
                f'<div class="figure{"" if within else " odd"}"><b>{told(metric, value)}<small> {html.escape(metric.unit)}</small></b>'
                f"<span>{html.escape(metric.title)}</span><small>{beside}</small></div>"
            )
    return f'<h3>Lips, likeness, movement</h3><div class="figures">{"".join(rows)}</div>'


def read(video: Path, kept: Path, page: Path, asked: Curve | None, portrait: "Portrait | None", watch: Watch) -> Reading:
    """Track, judge and measure a video, and write its whole report beside it."""
    from thespis.capture.faces import quiet
    from thespis.errors import MediaError
    from thespis.evaluate.judge import seen_in
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.report import page as whole
    from thespis.evaluate.results import Job, measure, real_footage
    from thespis.evaluate.watched import watch as look
    from thespis.export.output import write_text

    with quiet():
        clip = look(video, kept, tell=watch.advance)
        rest = [] if portrait is None else seen_in([portrait.image])
        assert clip.motion is not None
        fps = float(clip.motion.fps)
        seconds = len(clip.motion) / fps
        times, shown = verdicts(clip.labels["sightings"], fps, seconds, rest)
    watch.advance(0)
    labels = {}
    if asked is not None and len(times):
        wanted = asked.at(times).mean(axis=0)
        labels = {"feeling": strongest(wanted[None])[0], "intensity": float(wanted.max())}
    result = measure(Job(video, video.name, kept, None, labels))
    if result.reason is not None:
        raise MediaError(f"this video cannot be measured: {result.reason}")
    real = real_footage()
    write_text(page, whole("Report of a video", chosen([]), [result], real))
    return Reading(lanes(asked, times, shown, seconds) + figures(result, real), page)
