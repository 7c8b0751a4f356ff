"""Subtitles from the words of a take: SRT and WebVTT, cut where sentences and pauses end."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from thespis.errors import MediaError
from thespis.export.output import write_text
from thespis.export.take import Take
from thespis.speech.written import gap
from thespis.types import Word

LONGEST_LINE = 42  # characters
LONGEST_SHOWN = 7.0  # seconds
SHORTEST_SHOWN = 1.0  # seconds, where the next one leaves the time
PAUSE = 0.6  # seconds
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*$")


@dataclass(frozen=True)
class Caption:
    """One subtitle: its text, and when it shows, in seconds."""

    text: str
    start: float
    end: float


def punctuated(words: Sequence[Word], text: str | None) -> list[Word]:
    """Give every word back what stands right before and after it in the text."""
    if text is None:
        return list(words)
    found, at = [], 0
    for word in words:
        place = text.find(word.text, at)
        if place < 0:
            found.append(word)
            continue
        begin, end = place, place + len(word.text)
        while begin > at and not text[begin - 1].isspace():
            begin -= 1
        # Up to the next gap, but a following word without a gap between them stays its own.
        while end < len(text) and not text[end].isspace() and not text[end].isalnum():
            end += 1
        found.append(Word(text[begin:end], word.start, word.end))
        at = end
    return found


def joined(words: Sequence[Word]) -> str:
    """Put words into one line, with blanks where their script has any."""
    return "".join((gap(before.text, word.text) if before else "") + word.text for before, word in zip([None, *words], words, strict=False))


def captions(words: Sequence[Word], text: str | None = None) -> list[Caption]:
    """Group words into captions of one or two short lines."""
    groups: list[list[Word]] = []
    for word in punctuated(words, text):
        before = groups[-1] if groups else []
        full = joined([*before, word])
        if (
            not before
            or SENTENCE_END.search(before[-1].text)
            or word.start - before[-1].end > PAUSE
            or len(full) > 2 * LONGEST_LINE
            or word.end - before[0].start > LONGEST_SHOWN
        ):
            groups.append([word])
        else:
            before.append(word)
    made = []
    for number, group in enumerate(groups):
        after = groups[number + 1][0].start if number + 1 < len(groups) else float("inf")
        start, end = group[0].start, group[-1].end
        end = max(end, min(start + SHORTEST_SHOWN, after))
        made.append(Caption(folded(joined(group)), start, min(end, after)))
    return made


def folded(text: str) -> str:
    """Break a long caption into two lines of about one length."""
    if len(text) <= LONGEST_LINE or " " not in text:
        return text
    gaps = [match.start() for match in re.finditer(" ", text)]
    middle = min(gaps, key=lambda gap: abs(gap - len(text) / 2))
    return f"{text[:middle]}\n{text[middle + 1 :]}"


def clock(seconds: float, point: str) -> str:
    """Write a time as hours:minutes:seconds and thousandths."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def srt(shown: Sequence[Caption]) -> str:
    """Word captions as SubRip."""
    return "\n".join(f"{n}\n{clock(c.start, ',')} --> {clock(c.end, ',')}\n{c.text}\n" for n, c in enumerate(shown, start=1))


def vtt(shown: Sequence[Caption]) -> str:
    """Word captions as WebVTT."""

    def safe(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

    return "WEBVTT\n\n" + "\n".join(f"{clock(c.start, '.')} --> {clock(c.end, '.')}\n{safe(c.text)}\n" for c in shown)


def write_subtitles(take: Take, path: Path) -> int:
    """Write the words of a take as .srt or .vtt, by the name of the file, and count the captions."""
    speech = take.heading.speech
    if speech is None or not speech.words:
        raise MediaError(f"{take.path} knows no words, and subtitles need them; make it from a text: thespis run ... --say TEXT --take-out")
    shown = captions(speech.words, speech.text)
    write_text(path, vtt(shown) if path.suffix.lower() == ".vtt" else srt(shown))
    return len(shown)
