"""Read Praat's TextGrids, long and short, and the phone and word lists of TIMIT: who said what when."""

import re
from dataclasses import dataclass
from pathlib import Path

from thespis.errors import MediaError

TOKEN = re.compile(r'"((?:[^"]|"")*)"|(?<![\w.])(-?\d+(?:\.\d+)?(?:[eE]-?\d+)?)')


@dataclass(frozen=True)
class Label:
    """A text that holds from `start` to `end`, in seconds."""

    text: str
    start: float
    end: float


def read_textgrid(path: Path) -> dict[str, tuple[Label, ...]]:
    """Read the interval tiers of a TextGrid by name; tiers of points are left out."""
    raw = path.read_bytes()
    coding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = raw.decode(coding)
    except UnicodeDecodeError:
        raise MediaError(f"{path} is not a TextGrid in UTF-8 or UTF-16; save it again from Praat") from None
    # The long layout says before each value what it is, and counts in brackets; the short one has the values alone.
    tokens = [(said, number) for said, number in TOKEN.findall(re.sub(r"\[\d*\]|<exists>", " ", text))]
    tiers: dict[str, tuple[Label, ...]] = {}
    at = 0
    try:
        while at < len(tokens):
            if tokens[at][0] != "IntervalTier":
                at += 1
                continue
            name, count = tokens[at + 1][0], int(tokens[at + 4][1])
            found = []
            for first in range(at + 5, at + 5 + 3 * count, 3):
                start, end, label = float(tokens[first][1]), float(tokens[first + 1][1]), tokens[first + 2][0].replace('""', '"').strip()
                if label:
                    found.append(Label(label, start, end))
            tiers[name] = tuple(found)
            at += 5 + 3 * count
    except (IndexError, ValueError):
        raise MediaError(f"{path} is not a whole TextGrid; save it again from Praat") from None
    return tiers


def read_samples_list(path: Path, rate: int) -> tuple[Label, ...]:
    """Read a list with a line for each label: first sample, sample after the last, text (TIMIT's .phn and .wrd)."""
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        parts = line.split(maxsplit=2)
        if len(parts) == 3 and parts[0].isdecimal() and parts[1].isdecimal():
            found.append(Label(parts[2].strip(), int(parts[0]) / rate, int(parts[1]) / rate))
    if not found:
        raise MediaError(f"{path} holds no lines of first sample, last sample and label")
    return tuple(found)
