"""Text -> Speech with exact phones and words, spoken by espeak-ng, which comes as a wheel: no network, over a hundred languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError
from thespis.speech.espeak import Spoken, loaded, speak
from thespis.speech.symbols import ipa, language_of
from thespis.speech.tone import PLAIN, Tone
from thespis.speech.voices import Voice, resolve, variants, voices
from thespis.speech.written import timed
from thespis.types import Array, Phone, Speech, Word

__all__ = ["Voice", "say", "say_marked", "variants", "voices"]

LEAD, TAIL = 0.2, 0.35  # seconds of silence around the words: a mouth opens before the sound and closes after it
PARAGRAPH_PAUSE, SENTENCE_PAUSE = 0.45, 0.3  # seconds
PAUSE_NOTICED = 0.05  # seconds; a shorter wish for a pause is none
LONGEST_TEXT, LETTERS_AN_HOUR = 120_000, 50_000  # characters
LONGEST_PIECE = 1500  # characters; longer paragraphs are spoken sentence by sentence
RATES, PERCENT = (80, 450), (0, 100)
WIDEST, WIDEST_HIGH, HIGH = 60, 90, 55  # espeak crashes where the melody of a low voice in a tone language would fall below zero hertz
TONAL = ("sit/", "tai/", "aav/")  # Sino-Tibetan, Tai and Austroasiatic voices
STEPS = 6.2  # of espeak's pitch in a semitone
COMMAND = "\x01"  # begins a command to espeak inside the text, as in "\x0180P" for pitch 80
WRITTEN = re.compile(r"[\w'’\-]+")

SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？।؟])")
HAN = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True)
class Piece:
    """A part of the text that is spoken in one go: where it begins, and the pause before it in seconds."""

    text: str
    first: int
    pause: float


def say(text: str, voice: str = "en-us", *, rate: int = 155, pitch: int = 46, variation: int = 60) -> Speech:
    """Speak a text: `rate` words a minute (80 to 450), `pitch` and its `variation` 0 to 100; phones and words are timed exactly."""
    return say_marked(text, (), voice, rate=rate, pitch=pitch, variation=variation)[0]


def say_marked(
    text: str,
    marks: Sequence[int],
    voice: str = "en-us",
    *,
    rate: int = 155,
    pitch: int = 46,
    variation: int = 60,
    tones: Sequence[tuple[int, Tone]] = (),
) -> tuple[Speech, tuple[float, ...]]:
    """Speak a text, and find for each character position of `marks` the second at which the word there, or the next one, begins.

    `tones` are (character, tone) in order: each holds from its character on.
    """
    for name, value, (low, high) in (("rate", rate, RATES), ("pitch", pitch, PERCENT), ("variation", variation, PERCENT)):
        if not low <= value <= high:
            raise MediaError(f"the {name} of a voice goes from {low} to {high}, not {value}")
    check_length(text)
    name = resolve(voice)
    if name.startswith("jpx/ja") and HAN.search(text):
        raise MediaError("the Japanese voice reads kana only; write the words that stand in kanji in hiragana, or bring a recording")
    language = language_of(name)
    with loaded() as library:
        frequency = library.rate
    samples, phones, words, places = [silence(LEAD, frequency)], list[Phone](), list[Word](), list[tuple[int, float]]()
    at = len(samples[0])
    for piece in pieces(text, tones):
        spoken = Toned(piece, tones, name, rate, pitch, variation).speak()
        found = timed_phones(spoken, at, language)
        if not found:
            continue
        if phones:
            samples.append(silence(piece.pause, frequency))
            at += len(samples[-1])
            found = timed_phones(spoken, at, language)
        for word, first in timed_words(spoken, piece.text, at, found):
            words.append(word)
            places.append((piece.first + first + len(word.text), word.start))
        phones.extend(found)
        samples.append(spoken.samples)
        at += len(spoken.samples)
    if not phones:
        raise MediaError(f"the voice {voice!r} finds nothing to pronounce in {text.strip()[:40]!r}; write words it knows")
    samples.append(silence(TAIL, frequency))
    speech = Speech(joined(samples)[None], frequency, text=text, phones=tuple(phones), words=tuple(words))
    return speech, tuple(next((start for end, start in places if end > mark), speech.seconds) for mark in marks)


def check_length(text: str) -> None:
    """Refuse texts with nothing to say, and those that would take hours to say."""
    if not text.strip():
        raise MediaError("there is nothing to say: the text is empty; write at least one word")
    if len(text) > LONGEST_TEXT:
        hours = len(text) / LETTERS_AN_HOUR
        raise MediaError(
            f"the text is {len(text):,} characters long, about {hours:.1f} hours of speech; "
            f"at most {LONGEST_TEXT:,} are spoken at once: split it"
        )


class Toned:
    """A piece of text with the commands that change espeak's tone inside it, and where its own characters have gone."""

    def __init__(self, piece: Piece, tones: Sequence[tuple[int, Tone]], voice: str, rate: int, pitch: int, variation: int) -> None:
        """Write the commands into the text, each before the word from which its tone holds."""
        self.plain, self.voice = piece.text, voice
        self._plainly = rate, pitch, variation
        stop = piece.first + len(piece.text)
        self._first = next((tone for at, tone in reversed(tones) if at <= piece.first), PLAIN)
        changes = [(at - piece.first, tone) for at, tone in tones if piece.first < at < stop]
        if self._first.loudness or any(tone.loudness for _, tone in changes):
            changes.insert(0, (0, self._first))
        self._inserted: list[tuple[int, int]] = []  # character of the plain text, length of what was put there
        self._written = ""
        at = 0
        for place, tone in changes:
            # No command to espeak is longer than this, and blanks in the text keep it apart from the words.
            command = "".join(COMMAND + part for part in self._commands(tone)) + " "
            self._written += self.plain[at:place] + command
            self._inserted.append((place, len(command)))
            at = place
        self._written += self.plain[at:]

    def _settings(self, tone: Tone) -> tuple[int, int, int]:
        """Work out espeak's rate, pitch and range for a tone."""
        rate, pitch, variation = self._plainly
        high = round(min(max(pitch + STEPS * tone.pitch, PERCENT[0]), PERCENT[1]))
        widest = WIDEST if tone.span <= 1.0 or high < HIGH or self.voice.startswith(TONAL) else WIDEST_HIGH
        span = round(min(variation * tone.span, high + 20, widest))
        return round(min(max(rate * tone.pace, RATES[0]), RATES[1])), high, span

    def _commands(self, tone: Tone) -> tuple[str, ...]:
        """Word a tone as espeak's commands."""
        rate, pitch, span = self._settings(tone)
        return f"{pitch}P", f"{rate}S", f"{span}R", f"{round(min(max(100 * 10 ** (tone.loudness / 20), 10), 195))}A"

    def speak(self) -> Spoken:
        """Speak the piece; its words stand where they stand in the plain text."""
        spoken = speak(self._written, self.voice, *self._settings(self._first))
        if not self._inserted:
            return spoken
        return replace(spoken, words=tuple(self._word(sample, first, length) for sample, first, length in spoken.words))

    def _word(self, sample: int, first: int, length: int) -> tuple[int, int, int]:
        """Find a word of the written text in the plain one."""
        shift = 0
        for place, size in self._inserted:
            if first >= place + shift + size:
                shift += size
            elif first >= place + shift:  # espeak says that a word begins with the command before it
                found = WRITTEN.search(self.plain, place)
                return (sample, found.start(), len(found.group())) if found else (sample, place, length)
        return sample, first - shift, length


def silence(seconds: float, rate: int) -> npt.NDArray[np.int16]:
    """Make a pause (n,)."""
    return np.zeros(round(seconds * rate), np.int16)


def joined(pieces: list[npt.NDArray[np.int16]]) -> Array:
    """Put pieces (n,) of 16 bits behind each other as floats in -1 to 1, and empty the list: hours of speech are not held twice."""
    whole = np.empty(sum(map(len, pieces)), np.float32)
    at = len(whole)
    while pieces:
        piece = pieces.pop()
        whole[at - len(piece) : at] = piece
        at -= len(piece)
    whole /= 32768
    return whole


def pieces(text: str, tones: Sequence[tuple[int, Tone]] = ()) -> list[Piece]:
    """Split a text at its line ends, and where it is long or its tone asks for pauses at the ends of sentences.

    Every character keeps its place.
    """
    # Control characters are commands to espeak; half of a surrogate pair cannot be written as UTF-8.
    clean = "".join(" " if (ord(c) < 32 and c != "\n") or 0xD800 <= ord(c) < 0xE000 else c for c in text)
    found: list[Piece] = []
    for line in re.finditer(r"[^\n]*\S[^\n]*", clean):
        cuts = [0, len(line.group())]
        ends = [match.end() for match in SENTENCE_END.finditer(line.group())]
        longer = {end: next((tone.pause for at, tone in reversed(tones) if at <= line.start() + end - 1), 0.0) for end in ends}
        if cuts[1] > LONGEST_PIECE:
            cuts[1:1] = ends
        else:
            cuts[1:1] = [end for end in ends if longer[end] >= PAUSE_NOTICED and end < cuts[1]]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            for first in range(begin, end, LONGEST_PIECE):  # what has no sentence ends at all is cut where it must be
                part = line.group()[first : min(first + LONGEST_PIECE, end)]
                if part.strip():
                    found.append(
                        Piece(part, line.start() + first, (SENTENCE_PAUSE if number else PARAGRAPH_PAUSE) + longer.get(begin, 0.0))
                    )
    return found


def timed_phones(spoken: Spoken, at: int, language: str) -> tuple[Phone, ...]:
    """Turn espeak's phones of a language into Phones when the piece begins at sample `at`; each lasts until the next one or a pause."""
    starts = [sample for sample, _ in spoken.phones] + [len(spoken.samples)]
    return tuple(
        Phone(ipa(symbol, language), (at + start) / spoken.rate, (at + end) / spoken.rate)
        for (start, symbol), end in zip(spoken.phones, starts[1:], strict=True)
        # Pauses have no symbol; a code in brackets tells that espeak reads a foreign word by other rules.
        if symbol.strip() and not symbol.startswith("(") and end > start
    )


def timed_words(spoken: Spoken, text: str, at: int, phones: Sequence[Phone]) -> list[tuple[Word, int]]:
    """Give every written word of a piece that begins at sample `at` its time -> Words with the character each begins at."""
    begins = [(first, (at + sample) / spoken.rate) for sample, first, length in spoken.words if text[first : first + length].strip()]
    return timed(text, begins, phones)
