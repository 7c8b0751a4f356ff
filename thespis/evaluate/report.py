"""The report of a set of videos: figures with intervals beside real footage, and the clips, the worst first."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from thespis.evaluate import networks
from thespis.evaluate.metric import Metric
from thespis.evaluate.metrics import SUBJECTS
from thespis.evaluate.page import document, key, lips, moments, refusals, spread, strips, tile, told
from thespis.evaluate.results import Real, Result, off, score, summed, worst_of
from thespis.evaluate.statistics import Estimate

SHOWN = 60  # clips that are shown with pictures
CHIPS = 4
WORSE = 1.0  # half ranges of real footage
WORDS = {"higher": "higher is better", "lower": "lower is better", "zero": "best at 0", "real": "best as in real footage"}


def verdict(metric: Metric, total: Estimate, real: Real | None) -> tuple[str, str]:
    """Judge a figure beside real footage -> the colour's name and words."""
    if real is None or not metric.alone:  # of a figure that single clips do not have, no range is known
        return "", ""
    if off(metric, total.figure, real) > WORSE:
        return "bad", "worse than real footage"
    beyond = metric.better in ("higher", "lower") and not real.p10 <= total.figure <= real.p90
    return ("odd", "beyond real footage") if beyond else ("good", "like real footage")


def line(metric: Metric, total: Estimate, real: Real | None, values: Sequence[float]) -> str:
    """Show one metric as a row."""
    colour, words = verdict(metric, total, real)
    interval = f" <small>{told(metric, total.low)} to {told(metric, total.high)}</small>" if total.low == total.low else ""
    judged = f'<br><small class="{colour}">{words}</small>' if words else ""
    own = f'<div class="num"><b class="{colour}">{told(metric, total.figure)}</b>{interval}{judged}</div>'
    there = "—" if real is None else f"real {told(metric, real.figure)}<br>{told(metric, real.p10)} to {told(metric, real.p90)}"
    about = f"{html.escape(metric.title)}</strong> <small>{html.escape(metric.unit)}, {WORDS[metric.better]}</small>"
    return (
        f'<div class="row"><p><strong>{about}<br><small>{html.escape(metric.meaning)}</small></p>{own}'
        f'<div class="num faint"><small>{there}</small></div><div class="plot">{spread(values, total, real)}</div></div>'
    )


def card(metrics: Sequence[Metric], result: Result, real: Mapping[str, Real], number: int) -> str:
    """Show one clip with what is wrong with it."""
    worst = worst_of(metrics, result, real)
    chips = "".join(
        f'<li class="{"bad" if away > WORSE else ""}">{html.escape(metric.title)}: {told(metric, value)} {html.escape(metric.unit)}</li>'
        for away, metric, value in worst[:CHIPS]
    )
    rows = "".join(
        f"<tr><td>{html.escape(metric.title)}</td><td>{told(metric, value)}</td><td>{html.escape(metric.unit)}</td></tr>"
        for metric, value in ((each, result.figure(each)) for each in metrics)
        if value is not None
    )
    notes = f"<p><small>{html.escape('; '.join(result.notes))}</small></p>" if result.notes else ""
    facts = f"{result.seconds:.1f} s, {result.fps:g} fps"
    return (
        f'<section class="clip"><header><h3>{number}. {html.escape(result.name)}</h3><small>{facts}</small></header>{notes}'
        f'<ul class="chips">{chips}</ul>{strips(result)}{moments(result)}{lips(result.curves)}'
        f"<details><summary>all figures</summary><table>{rows}</table></details></section>"
    )


def compared(metrics: Sequence[Metric], totals: Mapping[str, Estimate], real: Mapping[str, Real]) -> list[Metric]:
    """List the metrics that are judged beside real footage."""
    return [each for each in metrics if each.alone and each.name in totals and each.name in real]


def standing_out(metrics: Sequence[Metric], totals: Mapping[str, Estimate], real: Mapping[str, Real]) -> str:
    """Word what is farthest from real footage."""
    rows = [(off(each, totals[each.name].figure, real[each.name]), each) for each in compared(metrics, totals, real)]
    bad = [row for row in sorted(rows, key=lambda row: -row[0]) if row[0] > WORSE]
    if not rows:
        return ""
    if not bad:
        return f"<p>All {len(rows)} figures that can be compared lie where real clips do.</p>"
    named = "".join(
        f"<li><b>{html.escape(each.title)}</b>: {told(each, totals[each.name].figure)} {html.escape(each.unit)}, "
        f"real clips {told(each, real[each.name].p10)} to {told(each, real[each.name].p90)}</li>"
        for _, each in bad[:5]
    )
    return f"<p>{len(rows) - len(bad)} of {len(rows)} figures lie where real clips do. Farthest from them:</p><ul>{named}</ul>"


def page(title: str, metrics: Sequence[Metric], results: Sequence[Result], real: Mapping[str, Real]) -> str:
    """Write the page."""
    good = [each for each in results if each.reason is None]
    totals = summed(metrics, good)
    tiles = [tile(str(len(good)), "clips measured"), tile(f"{sum(each.seconds for each in good) / 60:.1f}", "minutes of video")]
    if len(results) > len(good):
        tiles.append(tile(str(len(results) - len(good)), "not measured"))
    known = compared(metrics, totals, real)
    like = sum(verdict(each, totals[each.name], real[each.name])[0] != "bad" for each in known)
    tiles.append(tile(f"{like} of {len(known)}", "figures as good as in real footage"))
    head = (
        f'<h1>{html.escape(title)}</h1><p class="faint">Measured by Thespis: what is seen and heard in the videos alone, beside real '
        f"footage measured in the same way.</p>"
    )
    parts = [head, f'<div class="tiles">{"".join(tiles)}</div>', standing_out(metrics, totals, real), key()]
    for subject, words in SUBJECTS.items():
        own = [each for each in metrics if each.subject == subject and each.name in totals]
        if own:
            top = '<div class="row head"><span></span><span>these clips</span><span>real footage</span><span></span></div>'
            rows = "".join(line(each, totals[each.name], real.get(each.name), singles(each, good)) for each in own)
            parts.append(f'<h2>{words}</h2><div class="rows">{top}{rows}</div>')
    ranked = sorted(good, key=lambda each: -score(metrics, each, real))
    parts.append(
        "<h2>Clips, the worst first</h2><p class='faint'>In the order of how far their three worst figures are from real footage.</p>"
    )
    parts += [card(metrics, each, real, number) for number, each in enumerate(ranked[:SHOWN], start=1)]
    if len(ranked) > SHOWN:
        parts.append(f"<p class='faint'>{len(ranked) - SHOWN} better ones are not shown; the JSON report has them.</p>")
    parts += [refusals(results), lacking(metrics, totals)]
    return document(title, "".join(parts))


def singles(metric: Metric, results: Sequence[Result]) -> list[float]:
    """Give the figures of single clips."""
    return [value for value in (each.figure(metric) for each in results) if value is not None]


def lacking(metrics: Sequence[Metric], totals: Mapping[str, Estimate]) -> str:
    """Say which metrics were not measured, and what they need."""
    from thespis.evaluate.metric import NEEDS

    rows = []
    for metric in metrics:
        if metric.name not in totals:
            needed = networks.missing(metric.name) or "needs " + " and ".join(NEEDS[need] for need in metric.needs)
            rows.append(f"<tr><td>{html.escape(metric.title)}</td><td>{html.escape(needed)}</td></tr>")
    if not rows:
        return ""
    about = f"{len(rows)} metrics and what they need"
    return f"<h2>Figures that are not here</h2><details><summary>{about}</summary><table>{''.join(rows)}</table></details>"


def facts_of(metrics: Sequence[Metric], results: Sequence[Result], real: Mapping[str, Real]) -> dict[str, Any]:
    """Give everything as what JSON can hold."""
    good = [each for each in results if each.reason is None]
    totals = summed(metrics, good)
    found: dict[str, Any] = {"clips": len(good), "seconds": round(sum(each.seconds for each in good), 2), "metrics": {}}
    for metric in metrics:
        if metric.name not in totals:
            continue
        total, there = totals[metric.name], real.get(metric.name)
        interval = [plain(total.low), plain(total.high)] if total.low == total.low else None
        row: dict[str, Any] = {
            "figure": plain(total.figure),
            "interval": interval,
            "clips": total.count,
            "unit": metric.unit,
            "better": metric.better,
        }
        row["real"] = None if there is None else {name: plain(value) for name, value in vars(there).items()}
        row["verdict"] = verdict(metric, total, there)[1] or None
        found["metrics"][metric.name] = row
    ranked = sorted(good, key=lambda each: -score(metrics, each, real))
    found["worst_first"] = [
        {
            "name": each.name,
            "off": plain(score(metrics, each, real)),
            "seconds": plain(each.seconds),
            "fps": plain(each.fps),
            "notes": list(each.notes),
            "figures": {metric.name: plain(value) for metric in metrics if (value := each.figure(metric)) is not None},
        }
        for each in ranked
    ]
    found["not_measured"] = {each.name: each.reason for each in results if each.reason}
    return found


def plain(value: float) -> float:
    """Round a figure for a file."""
    return round(float(value), 5)
