"""Praat's TextGrid: what is said and heard, in tiers of intervals that fill the time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from thespis.errors import MediaError
from thespis.export.output import write_text
from thespis.export.take import Take

Interval = tuple[str, float, float]
"""What stands in an interval, and when it begins and ends, in seconds."""


def filled(intervals: Sequence[Interval], seconds: float) -> list[Interval]:
    """Fill the time from 0 to the end with empty intervals, and cut what overlaps."""
    found: list[Interval] = []
    at = 0.0
    for text, start, end in sorted(intervals, key=lambda each: each[1]):
        begin, stop = max(start, at), min(end, seconds)
        if stop <= begin:
            continue
        if begin > at:
            found.append(("", at, begin))
        found.append((text, begin, stop))
        at = stop
    if at < seconds or not found:
        found.append(("", at, seconds))
    return found


def textgrid(tiers: Mapping[str, Sequence[Interval]], seconds: float) -> str:
    """Word tiers by name in Praat's long text layout."""
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0", f"xmax = {seconds:.6f}", "tiers? <exists>"]
    lines += [f"size = {len(tiers)}", "item []:"]
    for number, (name, intervals) in enumerate(tiers.items(), start=1):
        shown = filled(intervals, seconds)
        lines += [f"    item [{number}]:", '        class = "IntervalTier"', f"        name = {quoted(name)}", "        xmin = 0"]
        lines += [f"        xmax = {seconds:.6f}", f"        intervals: size = {len(shown)}"]
        for count, (text, start, end) in enumerate(shown, start=1):
            lines += [f"        intervals [{count}]:", f"            xmin = {start:.6f}", f"            xmax = {end:.6f}"]
            lines.append(f"            text = {quoted(text)}")
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Put a text into quotes as Praat does."""
    return '"' + text.replace('"', '""') + '"'


def write_textgrid(take: Take, path: Path) -> int:
    """Write the words and phones of a take, and count them."""
    speech = take.heading.speech
    if speech is None or (not speech.words and not speech.phones):
        raise MediaError(
            f"{take.path} knows no words and no phones, and a TextGrid needs them; make it from a text: "
            "thespis run ... --say TEXT (or a recording with --text) --take-out"
        )
    words = [(word.text, word.start, word.end) for word in speech.words or ()]
    phones = [(phone.symbol, phone.start, phone.end) for phone in speech.phones or ()]
    write_text(path, textgrid({"words": words, "phones": phones}, speech.samples / speech.rate))
    return len(words) + len(phones)
