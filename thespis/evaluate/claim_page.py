"""The table of claims, docs/claims.md: one row a recipe, each with its plot; other rows and the text around the table stay as they are."""

import html
from pathlib import Path

import numpy as np

from thespis.card import Claim
from thespis.errors import ThespisError
from thespis.evaluate.claim import Found, Judged, interval

HEAD = ("recipe", "claim", "metric", "with", "without", "gain (95 %)", "seeds", "minutes", "verdict", "plot")
WIDTH, ROW, LEFT, RIGHT = 420, 34, 78, 16
STYLE = "font:12px system-ui,sans-serif;fill:#444"
COLOURS = {"with": "#1b6ca8", "without": "#b8632a"}
BEGIN, END = "<!-- claims -->", "<!-- /claims -->"


def summary(values: list[float]) -> str:
    """Word the mean of values and how far they spread."""
    return f"{np.mean(values):.2f} ± {np.std(values):.2f}"


def row(name: str, claim: Claim, found: Found, judged: Judged, picture: str) -> str:
    """Write the table row of a claim."""
    seeds = found.seeds
    arrow = "↑" if claim.better == "higher" else "↓"
    parts = (
        f"`{name}`", claim.sentence, f"{claim.metric} {arrow}", summary([found.with_it[seed] for seed in seeds]),
        summary([found.without[seed] for seed in seeds]), f"{judged.gain:+.2f} ({judged.low:+.2f} to {judged.high:+.2f})", str(len(seeds)),
        f"{found.seconds / 60:.1f}", f"**{judged.verdict}**", f"![{name}: with and without]({picture})",
    )  # fmt: skip
    return "| " + " | ".join(part.replace("|", "/").replace("\n", " ") for part in parts) + " |"


def with_row(page: str, name: str, line: str) -> str:
    """Put a row into a page, in the place of the one of the same recipe, else where its name stands in the alphabet."""
    if BEGIN not in page or END not in page:
        raise ThespisError(f"the page of claims has no place for rows: it needs the lines {BEGIN} and {END}")
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    known = {each.split("|")[1].strip(): each for each in table.strip().splitlines()[2:] if each.startswith("|")}
    known[f"`{name}`"] = line
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), *(known[each] for each in sorted(known))]
    return f"{before}{BEGIN}\n" + "\n".join(lines) + f"\n{END}{after}"


def plot(claim: Claim, found: Found) -> str:
    """Draw every seed's value with the mechanism and without, their means, and the intervals of these, as SVG."""
    sides = {
        "with": [found.with_it[seed] for seed in found.seeds],
        "without": [found.without[seed] for seed in found.seeds],
    }
    values = [value for side in sides.values() for value in side]
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.5
    low, high = low - room, high + room

    def across(value: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - low) / (high - low)

    parts = []
    for number, (label, side) in enumerate(sides.items()):
        y, colour = 24 + number * ROW, COLOURS[label]
        begin, end = interval(side, label)
        middle = across(float(np.mean(side)))
        parts.append(f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end" style="{STYLE}">{label}</text>')
        parts.append(
            f'<rect x="{across(begin):.1f}" y="{y - 9}" width="{across(end) - across(begin):.1f}" height="18" rx="4" fill="{colour}22"/>'
        )
        parts += [f'<circle cx="{across(value):.1f}" cy="{y}" r="4" fill="{colour}" fill-opacity="0.65"/>' for value in side]
        parts.append(f'<line x1="{middle:.1f}" y1="{y - 11}" x2="{middle:.1f}" y2="{y + 11}" stroke="{colour}" stroke-width="2"/>')
    bottom = 24 + len(sides) * ROW
    parts.append(f'<line x1="{LEFT}" y1="{bottom - 12}" x2="{WIDTH - RIGHT}" y2="{bottom - 12}" stroke="#bbb"/>')
    for share in (0.0, 0.5, 1.0):
        value = low + room + share * (high - low - 2 * room)
        parts.append(f'<text x="{across(value):.1f}" y="{bottom + 4}" text-anchor="middle" style="{STYLE}">{value:.2f}</text>')
    parts.append(
        f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{bottom + 22}" text-anchor="middle" style="{STYLE}">{html.escape(claim.metric)}</text>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{bottom + 32}" viewBox="0 0 {WIDTH} {bottom + 32}">'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def picture_of(page: Path, name: str) -> Path:
    """Say where the plot of a claim lies beside its page."""
    return page.parent / "pictures" / "claims" / f"{Path(name).stem}.svg"
