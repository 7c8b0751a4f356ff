"""What was kept of prepared footage and what was dropped, and why: a page with pictures, and the same numbers as JSON."""

import html
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from thespis.data.pieces import REASONS
from thespis.data.prepare import THUMB, outcomes, read_index
from thespis.export.output import write_text

SHOWN = 60
"""How many pieces of a kind the page shows."""
FIGURES = {
    "face": "{:.0f} px between the eyes", "turn": "turned {:.0f}°", "beside": "somebody else in {:.0%}", "silence": "{:.0%} silent",
    "lips": "lips move by {:.3f}", "offset": "picture {:+.2f} s late", "together": "lips and sound {:.2f} nearer than usual",
}  # fmt: skip
STYLE = """body{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fafafa}table{border-collapse:collapse}
td,th{padding:3px 12px;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}
section{display:flex;flex-wrap:wrap;gap:12px}figure{margin:0;background:#fff;border:1px solid #ddd;border-radius:6px;padding:8px;
width:512px}figcaption{font-size:12px;margin-top:4px}figcaption b{display:block}.strip{width:512px;background-repeat:no-repeat}"""


def summary(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count what became of the clips: pieces and seconds kept, and dropped by reason."""
    pieces: Counter[str] = Counter()
    seconds: Counter[str] = Counter()
    for each in told:
        for kind, piece in [("kept", piece) for piece in each["kept"]] + [(piece["reason"], piece) for piece in each["dropped"]]:
            pieces[kind] += 1
            seconds[kind] += piece.get("to", 0.0) - piece.get("from", 0.0)
    dropped = {
        reason: {"pieces": pieces[reason], "seconds": round(seconds[reason], 1), "means": REASONS[reason]}
        for reason in sorted((kind for kind in pieces if kind != "kept"), key=lambda kind: -seconds[kind])
    }
    return {
        "clips": len(told), "clips_with_something_kept": sum(bool(each["kept"]) for each in told),
        "kept": {"pieces": pieces["kept"], "seconds": round(seconds["kept"], 1)}, "dropped": dropped,
    }  # fmt: skip


def write_report(folder: Path) -> dict[str, Any]:
    """Write report.html and report.json of a prepared folder, and give the summary."""
    told = outcomes(folder)
    found = summary(told)
    write_text(
        folder / "report.json", json.dumps({**found, "about": read_index(folder), "told": told}, ensure_ascii=False, indent=1) + "\n"
    )
    write_text(folder / "report.html", page(found, told))
    return found


def page(found: Mapping[str, Any], told: Sequence[Mapping[str, Any]]) -> str:
    """Lay the page out."""
    total = found["kept"]["seconds"] + sum(each["seconds"] for each in found["dropped"].values()) or 1.0
    rows = [("kept", found["kept"], "")] + [(reason, each, each["means"]) for reason, each in found["dropped"].items()]
    lines = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{each['pieces']}</td><td>{each['seconds'] / 60:.1f}</td>"
        f"<td>{100 * each['seconds'] / total:.0f} %</td><td style='text-align:left'>{html.escape(means)}</td></tr>"
        for name, each, means in rows
    )
    sections = "".join(section(name, told) for name, _, _ in rows)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Prepared clips</title><style>{STYLE}</style></head>'
        f"<body><h1>{found['clips']} clips, something kept of {found['clips_with_something_kept']}</h1>"
        f"<table><tr><th></th><th>pieces</th><th>minutes</th><th>share</th><th></th></tr>{lines}</table>{sections}</body></html>\n"
    )


def section(kind: str, told: Sequence[Mapping[str, Any]]) -> str:
    """Show the pieces of one kind."""
    figures = []
    for each in told:
        chosen = each["kept"] if kind == "kept" else [piece for piece in each["dropped"] if piece["reason"] == kind]
        figures += [figure(each, piece) for piece in chosen]
    more = f"<p>and {len(figures) - SHOWN} more (see report.json)</p>" if len(figures) > SHOWN else ""
    return f"<h2>{html.escape(kind)}</h2><section>{''.join(figures[:SHOWN])}</section>{more}"


def figure(each: Mapping[str, Any], piece: Mapping[str, Any]) -> str:
    """Show one piece: a row of its clip's picture, its name, its time and its figures."""
    said = ", ".join(text.format(piece[name]) for name, text in FIGURES.items() if name in piece)
    span = f" from {piece['from']:.1f} to {piece['to']:.1f} s" if "from" in piece else ""
    strip = ""
    if "picture" in piece:
        place = f"background-image:url('{each['picture']}');background-position:0 -{piece['picture'] * THUMB}px;height:{THUMB}px"
        strip = f'<div class="strip" style="{place}"></div>'
    caption = f"<b>{html.escape(str(each['name']))}{span}</b>{html.escape(piece.get('why', said))}"
    return f"<figure>{strip}<figcaption>{caption}</figcaption></figure>"
