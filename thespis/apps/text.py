"""Words and tables for the terminal, without any library that takes time to import."""

import shutil
import textwrap
from collections.abc import Sequence

from thespis.errors import MediaError


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Set rows under their heads in columns; the last column is wrapped to the width of the terminal."""
    widths = [max(len(row[k]) for row in [heads, *rows]) for k in range(len(heads) - 1)]
    indent = sum(widths) + 2 * len(widths)
    room = max((width or shutil.get_terminal_size((120, 24)).columns) - indent, 30)
    lines = []
    for row in [heads, *rows]:
        parts = textwrap.wrap(row[-1], room) or [""]
        lines.append("".join(f"{text:<{size}}  " for text, size in zip(row, widths, strict=False)) + parts[0])
        lines += [" " * indent + part for part in parts[1:]]
    return "\n".join(line.rstrip() for line in lines)


def clock(seconds: float) -> str:
    """Write a time as minutes and seconds: 3:07.5."""
    minutes, rest = divmod(round(seconds, 1), 60)
    return f"{int(minutes)}:{rest:04.1f}"


def none_measured(refused: Sequence[tuple[str, str]]) -> MediaError:
    """Word that nothing can be measured of any video, with the names and reasons of the first few."""
    reasons = "; ".join(f"{name}: {reason}" for name, reason in refused[:3])
    return MediaError(f"none of the {len(refused)} videos can be measured ({reasons}{' ...' if len(refused) > 3 else ''})")
