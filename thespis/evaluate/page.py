"""What pages of figures are made of: style, plots in SVG and pictures, all inside one file and without scripts."""

import html
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from thespis.evaluate.metric import Metric
from thespis.evaluate.results import Real, Result
from thespis.evaluate.statistics import Estimate
from thespis.weights import ASSETS

WIDE, HIGH = 300, 34
EDGE = 6


def told(metric: Metric, value: float) -> str:
    """Write a figure with the metric's digits, without a minus before nothing."""
    return f"{round(value, metric.digits) + 0.0:.{metric.digits}f}".replace("-", "−")


@cache
def style() -> str:
    """Read the style of pages."""
    return (ASSETS / "report.css").read_text(encoding="utf-8")


def document(title: str, body: str) -> str:
    """Put a page together."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style()}</style></head><body><main>{body}</main></body></html>\n"
    )


def spread(values: Sequence[float], total: Estimate, real: Real | None, colour: str = "var(--dot)") -> str:
    """Plot clips as dots, their figure with its interval, and the range of real footage behind them."""
    ends = [*values, total.figure, *([total.low, total.high] if np.isfinite(total.low) else [])]
    if real is not None:
        ends += [real.p10, real.p90]
    low, high = scale(ends, real)

    def across(value: float) -> float:
        return EDGE + (WIDE - 2 * EDGE) * float(np.clip((value - low) / (high - low), 0, 1))

    parts = []
    if real is not None:
        left, right = across(real.p10), across(real.p90)
        parts.append(f'<rect x="{left:.1f}" y="3" width="{max(right - left, 2):.1f}" height="{HIGH - 6}" rx="3" fill="var(--real)"/>')
        middle = across(real.p50)
        parts.append(f'<path d="M{middle:.1f} 3V{HIGH - 3}" stroke="var(--realline)" stroke-width="1.5"/>')
    for number, value in enumerate(values):
        # Dots that would lie on top of each other are set in three heights, in the order of the clips.
        parts.append(
            f'<circle cx="{across(value):.1f}" cy="{HIGH / 2 + (number % 3 - 1) * 5:.1f}" r="2.6" fill="{colour}" fill-opacity=".42"/>'
        )
    if np.isfinite(total.low):
        parts.append(f'<path d="M{across(total.low):.1f} {HIGH / 2}H{across(total.high):.1f}" stroke="{colour}" stroke-width="2"/>')
    at, y = across(total.figure), HIGH / 2
    parts.append(f'<path d="M{at:.1f} {y - 6}l5 6l-5 6l-5-6z" fill="{colour}" stroke="var(--card)"/>')
    return f'<svg viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="img" aria-label="distribution">{"".join(parts)}</svg>'


def scale(ends: Sequence[float], real: Real | None) -> tuple[float, float]:
    """Choose the ends of a plot; where real footage is known a single clip far away does not press everything else together."""
    low, high = min(ends), max(ends)
    if real is not None:
        room = 6 * real.reach
        low, high = max(low, real.p50 - room), min(high, real.p50 + room)
    room = (high - low) * 0.04 or max(abs(high), 1.0) * 0.05
    return low - room, high + room


def lips(curves: Mapping[str, Sequence[float]]) -> str:
    """Plot how far the lips open, as seen and as heard, each as a share of its own range."""
    seconds = np.asarray(curves["seconds"])
    wide, high = 720, 66

    def path(values: Sequence[float]) -> str:
        rows = np.asarray(values)
        low, top = np.percentile(rows, [2, 98])
        heights = high - 4 - (high - 10) * np.clip((rows - low) / max(float(top - low), 1e-6), 0, 1)
        xs = wide * (seconds - seconds[0]) / max(float(seconds[-1] - seconds[0]), 1e-6)
        return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, heights, strict=True))

    heard = (
        f'<path d="{path(curves["heard"])}" fill="none" stroke="var(--two)" stroke-width="1.3" stroke-opacity=".8"/>'
        if "heard" in curves
        else ""
    )
    seen = f'<path d="{path(curves["seen"])}" fill="none" stroke="var(--dot)" stroke-width="1.6"/>'
    key = f"lips over {seconds[-1] - seconds[0]:.1f} s: " + ('<span style="color:var(--dot)">seen</span>' if heard else "seen")
    key += ', <span style="color:var(--two)">heard in the sound</span>' if heard else "; there is no sound"
    svg = (
        f'<svg viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" preserveAspectRatio="none" style="width:100%">{heard}{seen}</svg>'
    )
    return f"{svg}<small>{key}</small>"


def strips(result: Result) -> str:
    """Show the faces of a clip."""
    if not result.strips:
        return ""
    images = "".join(
        f'<img loading="lazy" alt="four moments of {html.escape(result.name)}" src="data:image/jpeg;base64,{b64encode(strip).decode()}">'
        for strip in result.strips
    )
    return f'<div class="strips">{images}</div>'


def moments(result: Result) -> str:
    """Tell the moments of the faces."""
    return f'<div class="moments">{"".join(f"<span>{moment:.1f} s</span>" for moment in result.moments)}</div>'


def key() -> str:
    """Explain the marks of the plots."""
    line = '<path d="M13 0v14" stroke="var(--realline)"/>'
    band = f'<svg width="26" height="14"><rect width="26" height="14" rx="3" fill="var(--real)"/>{line}</svg>'
    dot = '<svg width="12" height="12"><circle cx="6" cy="6" r="3" fill="var(--dot)" fill-opacity=".5"/></svg>'
    line = '<path d="M1 6h24" stroke="var(--dot)" stroke-width="2"/>'
    mark = f'<svg width="26" height="12">{line}<path d="M13 0l5 6l-5 6l-5-6z" fill="var(--dot)"/></svg>'
    return (
        f'<div class="key"><span>{band}four of five real clips, and their middle</span><span>{dot}one clip</span>'
        f"<span>{mark}all clips with the 95 % interval</span></div>"
    )


def tile(figure: str, words: str) -> str:
    """Show one figure large."""
    return f'<div class="tile"><b>{html.escape(figure)}</b><span>{html.escape(words)}</span></div>'


def refusals(results: Sequence[Result]) -> str:
    """List the videos that were not measured, with the reasons."""
    rows = "".join(
        f"<tr><td>{html.escape(each.name)}</td><td>{html.escape(each.reason or '')}</td></tr>" for each in results if each.reason
    )
    return f'<h2>Not measured</h2><div class="rows" style="padding:.3rem .9rem"><table>{rows}</table></div>' if rows else ""
