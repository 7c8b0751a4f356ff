"""Two sets of videos of the same names against each other: paired differences with intervals, and both side by side."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thespis.evaluate.metric import Metric
from thespis.evaluate.metrics import SUBJECTS
from thespis.evaluate.page import document, lips, moments, refusals, strips, tile, told
from thespis.evaluate.report import WORDS, plain
from thespis.evaluate.results import Real, Result, off
from thespis.evaluate.statistics import Estimate, difference, estimate

SHOWN = 30  # pairs that are shown with pictures
CHIPS = 4


@dataclass(frozen=True, eq=False)
class Compared:
    """One metric of both sets: each set's figure, the second less the first with its interval, single `values` (pairs, 2), the better one.

    `better` is "A", "B", or "" where the interval does not tell.
    """

    metric: Metric
    first: Estimate
    second: Estimate
    change: Estimate
    values: tuple[tuple[float, float], ...]
    better: str

    @property
    def words(self) -> str:
        """Word the verdict."""
        if not np.isfinite(self.change.low):
            return "too few pairs"
        return f"{self.better} is better" if self.better else "no difference shown"


def worth(metric: Metric, value: float, real: Real | None) -> float:
    """Turn a figure into something of which more is better; nothing is known of what should be as in real footage where none is."""
    if metric.better == "higher":
        return value
    if metric.better == "lower":
        return -value
    if metric.better == "zero":
        return -abs(value)
    return -off(metric, value, real) if real is not None else 0.0


def compared(metrics: Sequence[Metric], one: Sequence[Result], other: Sequence[Result], real: Mapping[str, Real]) -> list[Compared]:
    """Compare two lists of results of the same videos, metric by metric."""
    found = []
    for metric in metrics:
        both = [
            (a.rows[metric.name], b.rows[metric.name])
            for a, b in zip(one, other, strict=True)
            if metric.name in a.rows and metric.name in b.rows
        ]
        if not both:
            continue
        first, second = (np.stack([pair[side] for pair in both]) for side in (0, 1))
        if not np.isfinite(metric.combine(first)) or not np.isfinite(metric.combine(second)):
            continue
        change = difference(first, second, metric.combine, metric.interval)
        totals = [estimate(rows, metric.combine, metric.interval) for rows in (first, second)]
        values = tuple((metric.combine(a[None]), metric.combine(b[None])) for a, b in both) if metric.alone else ()
        found.append(Compared(metric, totals[0], totals[1], change, values, better_of(metric, totals, change, real.get(metric.name))))
    return found


def better_of(metric: Metric, totals: Sequence[Estimate], change: Estimate, real: Real | None) -> str:
    """Tell which set is better, as far as the interval of the difference tells."""
    if not np.isfinite(change.low) or change.low <= 0 <= change.high:
        return ""
    first, second = (worth(metric, total.figure, real) for total in totals)
    return "" if first == second else "B" if second > first else "A"


def words_of(each: Compared) -> tuple[str, ...]:
    """Word one metric for the terminal."""
    metric, change = each.metric, each.change
    interval = f"{told(metric, change.low)} to {told(metric, change.high)}" if np.isfinite(change.low) else ""
    figures = told(metric, each.first.figure), told(metric, each.second.figure), told(metric, change.figure)
    return metric.name, *figures, interval, metric.unit, each.words


def slopes(each: Compared) -> str:
    """Plot every pair as a line from A to B."""
    wide, high, room = 300, 40, 6
    ends = [value for pair in each.values for value in pair]
    if not ends:
        return ""
    low, top = min(ends), max(ends)

    def across(value: float) -> float:
        return room + (wide - 2 * room) * (value - low) / ((top - low) or 1.0)

    lines = "".join(
        f'<path d="M{across(a):.1f} {room}L{across(b):.1f} {high - room}" stroke="var(--faint)" stroke-opacity=".45"/>'
        f'<circle cx="{across(a):.1f}" cy="{room}" r="2.4" fill="var(--dot)"/>'
        f'<circle cx="{across(b):.1f}" cy="{high - room}" r="2.4" fill="var(--two)"/>'
        for a, b in each.values
    )
    return f'<svg viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" aria-label="pairs">{lines}</svg>'


def line(each: Compared) -> str:
    """Show one metric as a row."""
    metric, change = each.metric, each.change
    colour = {"A": "dot", "B": "two"}.get(each.better, "faint")
    interval = f"<br><small>{told(metric, change.low)} to {told(metric, change.high)}</small>" if np.isfinite(change.low) else ""
    both = f"A {told(metric, each.first.figure)}<br>B {told(metric, each.second.figure)}"
    sign = "+" if change.figure > 0 else ""
    about = f"{html.escape(metric.title)}</strong> <small>{html.escape(metric.unit)}, {WORDS[metric.better]}</small>"
    return (
        f'<div class="row"><p><strong>{about}<br><small style="color:var(--{colour})">{each.words}</small></p>'
        f'<div class="num"><b>{sign}{told(metric, change.figure)}</b>{interval}</div><div class="num"><small>{both}</small></div>'
        f'<div class="plot">{slopes(each)}</div></div>'
    )


def page(
    names: tuple[str, str],
    metrics: Sequence[Metric],
    found: Sequence[Compared],
    one: Sequence[Result],
    other: Sequence[Result],
    real: Mapping[str, Real],
) -> str:
    """Write the page."""
    title = f"{names[0]} and {names[1]}"
    wins = {side: sum(each.better == side for each in found) for side in ("A", "B", "")}
    tiles = [
        tile(str(sum(a.reason is None and b.reason is None for a, b in zip(one, other, strict=True))), "pairs"),
        tile(str(wins["A"]), f"figures in which A is better ({names[0]})"),
        tile(str(wins["B"]), f"figures in which B is better ({names[1]})"),
        tile(str(wins[""]), "figures that show no difference"),
    ]
    head = (
        f'<h1>{html.escape(title)}</h1><p class="faint">A: <b style="color:var(--dot)">{html.escape(names[0])}</b>, B: '
        f'<b style="color:var(--two)">{html.escape(names[1])}</b>. Differences of pairs, B less A, with intervals that hold 95 % of the '
        f"differences of pairs drawn again; a set is called better where such an interval leaves out nothing at all.</p>"
    )
    parts = [head, f'<div class="tiles">{"".join(tiles)}</div>']
    for subject, words in SUBJECTS.items():
        own = [each for each in found if each.metric.subject == subject]
        if own:
            top = '<div class="row head"><span></span><span>B less A</span><span>figures</span><span>pairs, A above B</span></div>'
            parts.append(f'<h2>{words}</h2><div class="rows">{top}{"".join(line(each) for each in own)}</div>')
    parts.append("<h2>Side by side</h2><p class='faint'>The pairs that differ most come first.</p>")
    pairs = [(a, b) for a, b in zip(one, other, strict=True) if a.reason is None and b.reason is None]
    ranked = sorted(pairs, key=lambda pair: -apart(metrics, pair[0], pair[1], real))
    parts += [card(metrics, pair[0], pair[1], real) for pair in ranked[:SHOWN]]
    parts.append(refusals([*one, *other]))
    return document(title, "".join(parts))


def differences(
    metrics: Sequence[Metric], one: Result, other: Result, real: Mapping[str, Real]
) -> list[tuple[float, Metric, float, float]]:
    """List how two videos differ, in half ranges of real footage, the most first: (how far, metric, A, B)."""
    rows = []
    for metric in metrics:
        first, second = one.figure(metric), other.figure(metric)
        if first is not None and second is not None and metric.name in real:
            rows.append((abs(second - first) / real[metric.name].reach, metric, first, second))
    return sorted(rows, key=lambda row: -row[0])


def apart(metrics: Sequence[Metric], one: Result, other: Result, real: Mapping[str, Real]) -> float:
    """Sum up how far two videos are apart."""
    rows = differences(metrics, one, other, real)[:3]
    return float(np.mean([row[0] for row in rows])) if rows else 0.0


def card(metrics: Sequence[Metric], one: Result, other: Result, real: Mapping[str, Real]) -> str:
    """Show a pair."""
    chips = "".join(
        f"<li>{html.escape(metric.title)}: {told(metric, first)} and {told(metric, second)} {html.escape(metric.unit)}</li>"
        for _, metric, first, second in differences(metrics, one, other, real)[:CHIPS]
    )
    return (
        f'<section class="clip"><header><h3>{html.escape(one.name)}</h3><small>{one.seconds:.1f} s</small></header>'
        f'<ul class="chips">{chips}</ul><p><small style="color:var(--dot)">A</small></p>{strips(one)}'
        f'<p><small style="color:var(--two)">B</small></p>{strips(other)}{moments(one)}'
        f"<details><summary>lips of A and of B</summary>{lips(one.curves)}{lips(other.curves)}</details></section>"
    )


def facts_of(found: Sequence[Compared], one: Sequence[Result], other: Sequence[Result], names: tuple[str, str]) -> dict[str, Any]:
    """Give everything as what JSON can hold."""
    rows = {}
    for each in found:
        interval = [plain(each.change.low), plain(each.change.high)] if np.isfinite(each.change.low) else None
        rows[each.metric.name] = {
            "A": plain(each.first.figure), "B": plain(each.second.figure), "difference": plain(each.change.figure), "interval": interval,
            "pairs": each.change.count, "unit": each.metric.unit, "better": each.better or None,
        }  # fmt: skip
    pairs = sum(a.reason is None and b.reason is None for a, b in zip(one, other, strict=True))
    refused = {f"{side} {each.name}": each.reason for side, group in (("A", one), ("B", other)) for each in group if each.reason}
    return {"A": names[0], "B": names[1], "pairs": pairs, "metrics": rows, "not_measured": refused}
