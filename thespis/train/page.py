"""The plot page of a training: one HTML file with everything inside it, without scripts."""

import base64
import html
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

WIDTH, HEIGHT, MARGIN = 420, 170, 8
MOST_POINTS = 400
WIDE = 8.0  # a curve whose values differ by more than this factor is drawn on a logarithmic scale
PICTURES = 3
STYLE = """body{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fafafa}
section{display:flex;flex-wrap:wrap;gap:16px}figure{margin:0;background:#fff;border:1px solid #ddd;border-radius:6px;padding:10px}
figcaption{font-weight:600;margin-bottom:4px}small{color:#666;font-weight:400}img{max-width:860px;display:block}
polyline{fill:none;stroke:#2463c5;stroke-width:1.5}line{stroke:#ddd}text{font-size:10px;fill:#666}"""


def thinned(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Average neighbours until there are few enough points to draw."""
    size = math.ceil(len(points) / MOST_POINTS)
    groups = [points[at : at + size] for at in range(0, len(points), size)] if size > 1 else [[point] for point in points]
    return [(sum(x for x, _ in group) / len(group), sum(y for _, y in group) / len(group)) for group in groups]


def chart(name: str, points: Sequence[tuple[float, float]]) -> str:
    """Draw one curve over the steps as SVG."""
    few = thinned(points)
    low, high = min(y for _, y in few), max(y for _, y in few)
    bent = low > 0 and high / low > WIDE
    heights = [math.log(y) if bent else y for _, y in few]
    bottom, span = min(heights), (max(heights) - min(heights)) or 1.0
    left, length = few[0][0], (few[-1][0] - few[0][0]) or 1.0
    places = " ".join(
        f"{MARGIN + (x - left) / length * (WIDTH - 2 * MARGIN):.1f},{HEIGHT - MARGIN - (y - bottom) / span * (HEIGHT - 2 * MARGIN):.1f}"
        for (x, _), y in zip(few, heights, strict=True)
    )
    about = f"now {points[-1][1]:.4g}, from {low:.4g} to {high:.4g}{', logarithmic' if bent else ''}"
    return (
        f"<figure><figcaption>{html.escape(name)} <small>{about}</small></figcaption>"
        f'<svg width="{WIDTH}" height="{HEIGHT + 14}"><line x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}"/>'
        f'<polyline points="{places}"/><text x="{MARGIN}" y="{HEIGHT + 12}">step {points[0][0]:g}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{HEIGHT + 12}" text-anchor="end">step {points[-1][0]:g}</text></svg></figure>'
    )


def page(title: str, entries: Sequence[Mapping[str, Any]], samples: Path, *, live: bool) -> str:
    """Draw the curve of every number in the log's entries, and the newest pictures among the samples."""
    names = list(dict.fromkeys(name for entry in entries for name, value in entry.items() if name != "step" and not isinstance(value, str)))
    charts = [chart(name, [(entry["step"], entry[name]) for entry in entries if name in entry]) for name in names]
    notes = [f"<li>step {entry['step']}: {html.escape(entry['note'])}</li>" for entry in entries if "note" in entry]
    newest = sorted(samples.glob("**/*.png"))[-PICTURES:] if samples.is_dir() else []
    pictures = [
        f"<figure><figcaption>{html.escape(path.relative_to(samples).as_posix())}</figcaption>"
        f'<img alt="a sample" src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}"></figure>'
        for path in reversed(newest)
    ]
    again = '<meta http-equiv="refresh" content="5">' if live else ""
    step = entries[-1]["step"] if entries else 0
    head = f'<meta charset="utf-8">{again}<title>{html.escape(title)}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html><html lang="en"><head>{head}</head>'
        f"<body><h1>{html.escape(title)}</h1><p>step {step}{', running' if live else ', ended'}</p><section>{''.join(charts)}</section>"
        f"<ul>{''.join(notes)}</ul><section>{''.join(pictures)}</section></body></html>\n"
    )
