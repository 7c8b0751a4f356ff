"""SSML, the markup that other speaking systems read, for the built-in voice: what to say, and the breaks, tones, voices and marks in it.

Known: speak, p, s, break, prosody, emphasis, say-as, sub, voice, lang, mark. Document types and entities of one's own are refused, so
that no text can reach for files or the network, or swell up; nothing else is ever loaded.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from xml.parsers import expat

from thespis.errors import DirectionError, unknown
from thespis.speech.tone import PLAIN, Tone, both

KNOWN: Mapping[str, tuple[str, ...]] = {
    "speak": ("version", "lang", "schemaLocation", "base"),
    "p": ("lang",),
    "s": ("lang",),
    "break": ("time", "strength"),
    "prosody": ("rate", "pitch", "range", "volume"),
    "emphasis": ("level",),
    "say-as": ("interpret-as", "format", "detail"),
    "sub": ("alias",),
    "voice": ("name", "gender", "lang", "xml:lang"),
    "lang": ("lang",),
    "mark": ("name",),
}
"""Elements and their attributes; names with a prefix, such as xml:lang, count without it."""

BREAKS = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.7, "x-strong": 1.1}
PACES = {"x-slow": 0.55, "slow": 0.77, "medium": 1.0, "fast": 1.25, "x-fast": 1.5, "default": 1.0}
PITCHES = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "high": 3.0, "x-high": 6.0, "default": 0.0}
SPANS = {"x-low": 0.3, "low": 0.6, "medium": 1.0, "high": 1.4, "x-high": 1.8, "default": 1.0}
VOLUMES = {"silent": -60.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "loud": 4.0, "x-loud": 6.0, "default": 0.0}
EMPHASES = {
    "strong": Tone(2.5, 1.4, 0.85, 3.0), "moderate": Tone(1.5, 1.25, 0.92, 1.5), "none": PLAIN, "reduced": Tone(-1.0, 0.8, 1.1, -3.0)
}  # fmt: skip
SPELLED = ("characters", "spell-out", "digits", "telephone")
READ_AS = (*SPELLED, "cardinal", "ordinal", "number", "date", "time", "fraction", "unit", "currency", "expletive")
LONGEST, DEEPEST, LONGEST_BREAK, LONGEST_BREAKS = 500_000, 60, 60.0, 600.0


Chosen = TypeVar("Chosen", float, str, Tone)


@dataclass(frozen=True)
class Stretch:
    """Some text that one voice says: `voice` is None for the voice of the run, `first` its place in the whole text."""

    first: int
    voice: str | None


@dataclass(frozen=True)
class Markup:
    """What an SSML text asks: plain `text`, (character, tone) changes, (character, seconds) breaks, (character, name) marks, voices."""

    text: str
    tones: tuple[tuple[int, Tone], ...]
    breaks: tuple[tuple[int, float], ...]
    marks: tuple[tuple[int, str], ...]
    stretches: tuple[Stretch, ...]


def is_ssml(text: str) -> bool:
    """Tell whether a text is SSML: it begins with <speak or an XML declaration."""
    return bool(re.match(r"\ufeff?\s*(<\?xml\b|<!DOCTYPE|<(\w+:)?speak[\s>/])", text))


def read_ssml(text: str) -> Markup:
    """Read SSML, or say on which line it is wrong."""
    if len(text) > LONGEST:
        raise DirectionError(f"the SSML is {len(text):,} characters long; at most {LONGEST:,} are read: split it")
    return Reader().read(text.lstrip("\ufeff \t\r\n"))


class Reader:
    """One text as it is read: an expat parser that builds the plain text and what stands along it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._parser = expat.ParserCreate("utf-8")  # whatever encoding the text says it was in
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.buffer_text = True
        self._text = ""
        self._open: list[tuple[str, Tone, str | None]] = []  # element, tone and voice inside it
        self._tones: list[tuple[int, Tone]] = []
        self._breaks: list[tuple[int, float]] = []
        self._marks: list[tuple[int, str]] = []
        self._stretches: list[Stretch] = [Stretch(0, None)]
        self._spelled: list[bool] = []  # for each say-as that is open, whether its letters are read one by one
        self._replaced = 0  # how many sub are open, whose text is not said

    def read(self, text: str) -> Markup:
        """Parse everything."""
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), True)
        except expat.ExpatError as error:
            reason = expat.ErrorString(error.code)
            raise DirectionError(
                f"the SSML is not well-formed in line {error.lineno}: {reason}; close every tag, and write &lt; &gt; &amp; for < > &"
            ) from None
        if not self._text.strip():
            raise DirectionError("the SSML holds no words; write something to say inside <speak>")
        return Markup(self._text, tuple(self._tones), tuple(self._breaks), tuple(self._marks), tuple(self._stretches))

    def _wrong(self, message: str) -> DirectionError:
        """Word an error with its line."""
        return DirectionError(f"the SSML, line {self._parser.CurrentLineNumber}: {message}")

    def _doctype(self, *_: object) -> None:
        """Refuse what entities are made of."""
        raise self._wrong("it has a document type (<!DOCTYPE>), which could hide entities and is never needed; remove it")

    def _start(self, name: str, given: dict[str, str]) -> None:
        """Enter an element."""
        name = name.rpartition(":")[2]
        if not self._open and name != "speak":
            raise self._wrong(f"it begins with <{name}>; put everything into one <speak> ... </speak>")
        if name not in KNOWN:
            raise self._wrong(unknown("element", name, KNOWN))
        if len(self._open) >= DEEPEST:
            raise self._wrong(f"elements stand more than {DEEPEST} deep in each other")
        values: dict[str, str] = {}
        for key, value in given.items():
            if key.startswith("xmlns"):
                continue
            short = key.rpartition(":")[2]
            if short not in KNOWN[name]:
                raise self._wrong(f"<{name}>: {unknown('attribute', short, KNOWN[name] or ('none',))}")
            values[short] = value.strip()
        tone, voice = (self._open[-1][1], self._open[-1][2]) if self._open else (PLAIN, None)
        self._open.append((name, *self._inside(name, values, tone, voice)))
        self._turn(tone, voice)

    def _inside(self, name: str, values: Mapping[str, str], tone: Tone, voice: str | None) -> tuple[Tone, str | None]:
        """Find tone and voice inside an element, and do what it does at its beginning."""
        match name:
            case "break":
                self._breaks.append((len(self._text), self._break(values)))
                if sum(seconds for _, seconds in self._breaks) > LONGEST_BREAKS:
                    raise self._wrong(f"all breaks together may last {LONGEST_BREAKS:g} seconds")
            case "mark":
                if not values.get("name"):
                    raise self._wrong('a mark needs a name: <mark name="here"/>')
                self._marks.append((len(self._text), values["name"]))
            case "p" | "s":
                self._pause()
            case "prosody":
                tone = both(tone, self._prosody(values))
            case "emphasis":
                tone = both(tone, self._choose("emphasis level", values.get("level", "moderate"), EMPHASES))
            case "say-as":
                kind = values.get("interpret-as", "")
                if kind not in READ_AS:
                    raise self._wrong(unknown("say-as", kind, READ_AS))
                self._spelled.append(kind in SPELLED)
            case "sub":
                if not values.get("alias"):
                    raise self._wrong('<sub> needs an alias: <sub alias="World Wide Web">WWW</sub>')
                self._text += values["alias"]
                self._replaced += 1
        if name == "voice" and values.get("name"):
            voice = values["name"]
        elif name == "voice" and values.get("gender"):
            variant = self._choose("gender", values["gender"], {"male": "+m3", "female": "+f2", "neutral": ""})
            voice = (values.get("lang") or (voice or "en-us").partition("+")[0]) + variant
        elif values.get("lang") and (name != "speak" or voice is None):
            voice = values["lang"]
        return tone, voice

    def _end(self, name: str) -> None:
        """Leave an element."""
        short, tone, voice = self._open.pop()
        if short == "say-as":
            self._spelled.pop()
        if short == "sub":
            self._replaced -= 1
        if self._open:
            self._turn(tone, voice)
        if short in ("p", "s"):
            self._pause()

    def _turn(self, tone: Tone, voice: str | None) -> None:
        """Note that tone or voice have changed from these."""
        _, now, speaker = self._open[-1]
        if now != tone:
            self._tones.append((len(self._text), now))
        if speaker != voice:
            self._stretches.append(Stretch(len(self._text), speaker))

    def _characters(self, given: str) -> None:
        """Add text."""
        if self._replaced:
            return
        if any(self._spelled):
            given = " ".join(given.split())
            given = " " + ", ".join(" ".join(word) for word in given.split(" ")) + " "
        given = re.sub(r"\s+", " ", given)
        self._text += given.lstrip() if not self._text or self._text[-1].isspace() else given

    def _pause(self) -> None:
        """Begin a new sentence or paragraph."""
        if self._text.strip() and not self._text.endswith("\n"):
            self._text = self._text.rstrip(" ") + "\n"

    def _break(self, values: Mapping[str, str]) -> float:
        """Read how long a break is, in seconds."""
        if "time" in values:
            found = re.fullmatch(r"\+?(\d+(?:\.\d+)?|\.\d+)\s*(ms|s)", values["time"])
            if not found:
                raise self._wrong(f"the time of a break is written as 500ms or 0.5s, not {values['time']!r}")
            seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
            if seconds > LONGEST_BREAK:
                raise self._wrong(f"a break lasts at most {LONGEST_BREAK:g}s, not {values['time']}")
            return seconds
        return self._choose("strength of a break", values.get("strength", "medium"), BREAKS)

    def _prosody(self, values: Mapping[str, str]) -> Tone:
        """Read the changes of a prosody element."""
        pitch = self._amount("pitch", values.get("pitch", "medium"), PITCHES, "st")
        span = self._amount("range", values.get("range", "medium"), SPANS, "%")
        pace = self._amount("rate", values.get("rate", "medium"), PACES, "%")
        volume = self._amount("volume", values.get("volume", "medium"), VOLUMES, "dB")
        return Tone(pitch, span, pace, volume)

    def _amount(self, what: str, given: str, words: Mapping[str, float], unit: str) -> float:
        """Read an amount by word or number, in semitones ("+2st", or in per cent), as a factor ("120%", "+20%"), or in dB."""
        if given in words:
            return words[given]
        found = re.fullmatch(r"([-+]?)(\d+(?:\.\d+)?|\.\d+)\s*(%|st|dB)?", given)
        if found and found[3] == "dB" == unit:
            return min(max(float(found[1] + found[2]), -60.0), 12.0)
        if found and found[3] == "st" == unit:
            return min(max(float(found[1] + found[2]), -24.0), 24.0)
        if found and (found[3] == "%" or (found[3] is None and unit == "%" and not found[1])):
            number = float(found[2]) / (100 if found[3] == "%" else 1)
            factor = 1 + number if found[1] == "+" else 1 - number if found[1] == "-" else number
            if unit == "%" and 0.1 <= factor <= 10:
                return factor
            if unit == "st" and found[1] and -0.9 <= factor - 1 <= 3:
                return 12 * (factor - 1)
        examples = {"%": "120% or +20%", "st": "+2st or +10%", "dB": "+6dB"}[unit]
        raise self._wrong(f"the {what} of <prosody> is {', '.join(words)} or such as {examples}, not {given!r}")

    def _choose(self, what: str, given: str, words: Mapping[str, Chosen]) -> Chosen:
        """Look a word up."""
        if given not in words:
            near = difflib.get_close_matches(given, words, n=1)
            raise self._wrong(f"unknown {what} {given!r}.{f' Did you mean {near[0]!r}?' if near else ''} Known: {', '.join(words)}.")
        return words[given]
