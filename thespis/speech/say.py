"""Text -> Speech with exact phones and words, spoken by espeak-ng, which comes as a wheel: no network, over a hundred languages."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from thespis.errors import MediaError
from thespis.speech.espeak import Spoken, loaded, speak
from thespis.speech.voices import Voice, resolve, variants, voices
from thespis.types import Array, Phone, Speech, Word

__all__ = ["Voice", "say", "say_marked", "variants", "voices"]

LEAD, TAIL = 0.2, 0.35  # seconds of silence around the words: a mouth opens before the sound and closes after it
PARAGRAPH_PAUSE, SENTENCE_PAUSE = 0.45, 0.3  # seconds
LONGEST_PIECE = 1500  # characters; longer paragraphs are spoken sentence by sentence
RATES, PERCENT = (80, 450), (0, 100)
WIDEST = 60  # espeak crashes where the melody of a low voice in a tone language would fall below zero hertz

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
    text: str, marks: Sequence[int], voice: str = "en-us", *, rate: int = 155, pitch: int = 46, variation: int = 60
) -> tuple[Speech, tuple[float, ...]]:
    """Speak a text, and find for each character position of `marks` the second at which the word there, or the next one, begins."""
    for name, value, (low, high) in (("rate", rate, RATES), ("pitch", pitch, PERCENT), ("variation", variation, PERCENT)):
        if not low <= value <= high:
            raise MediaError(f"the {name} of a voice goes from {low} to {high}, not {value}")
    if not text.strip():
        raise MediaError("there is nothing to say: the text is empty; write at least one word")
    name = resolve(voice)
    if name.startswith("jpx/ja") and HAN.search(text):
        raise MediaError("the Japanese voice reads kana only; write the words that stand in kanji in hiragana, or bring a recording")
    with loaded() as library:
        frequency = library.rate
    samples, phones, words, places = [silence(LEAD, frequency)], list[Phone](), list[Word](), list[tuple[int, float]]()
    at = len(samples[0])
    for piece in pieces(text):
        spoken = speak(piece.text, name, rate, pitch, min(variation, pitch + 20, WIDEST))
        found = timed_phones(spoken, at)
        if not found:
            continue
        if phones:
            samples.append(silence(piece.pause, frequency))
            at += len(samples[-1])
            found = timed_phones(spoken, at)
        for word, first in timed_words(spoken, piece.text, at, found):
            words.append(word)
            places.append((piece.first + first + len(word.text), word.start))
        phones.extend(found)
        samples.append(spoken.samples.astype(np.float32) / 32768)
        at += len(spoken.samples)
    if not phones:
        raise MediaError(f"the voice {voice!r} finds nothing to pronounce in {text.strip()[:40]!r}; write words it knows")
    samples.append(silence(TAIL, frequency))
    speech = Speech(np.concatenate(samples)[None], frequency, text=text, phones=tuple(phones), words=tuple(words))
    return speech, tuple(next((start for end, start in places if end > mark), speech.seconds) for mark in marks)


def silence(seconds: float, rate: int) -> Array:
    """Make a pause (n,)."""
    return np.zeros(round(seconds * rate), np.float32)


def pieces(text: str) -> list[Piece]:
    """Split a text at its line ends, and long paragraphs at the ends of sentences; every character keeps its place."""
    # Control characters are commands to espeak; half of a surrogate pair cannot be written as UTF-8.
    clean = "".join(" " if (ord(c) < 32 and c != "\n") or 0xD800 <= ord(c) < 0xE000 else c for c in text)
    found: list[Piece] = []
    for line in re.finditer(r"[^\n]*\S[^\n]*", clean):
        cuts = [0, len(line.group())]
        if cuts[1] > LONGEST_PIECE:
            cuts[1:1] = [match.end() for match in SENTENCE_END.finditer(line.group())]
        for number, (begin, end) in enumerate(pairwise(cuts)):
            for first in range(begin, end, LONGEST_PIECE):  # what has no sentence ends at all is cut where it must be
                part = line.group()[first : min(first + LONGEST_PIECE, end)]
                if part.strip():
                    found.append(Piece(part, line.start() + first, SENTENCE_PAUSE if number else PARAGRAPH_PAUSE))
    return found


def timed_phones(spoken: Spoken, at: int) -> tuple[Phone, ...]:
    """Turn espeak's phones into Phones when the piece begins at sample `at`; each lasts until the next one or the next pause."""
    starts = [sample for sample, _ in spoken.phones] + [len(spoken.samples)]
    return tuple(
        Phone(symbol, (at + start) / spoken.rate, (at + end) / spoken.rate)
        for (start, symbol), end in zip(spoken.phones, starts[1:], strict=True)
        # Pauses have no symbol; a code in brackets tells that espeak reads a foreign word by other rules.
        if symbol.strip() and not symbol.startswith("(") and end > start
    )


def timed_words(spoken: Spoken, text: str, at: int, phones: Sequence[Phone]) -> list[tuple[Word, int]]:
    """Turn espeak's words into Words with the character each begins at; a number that is read as several words counts as one."""
    merged: list[tuple[int, int, int]] = []
    for sample, first, length in spoken.words:
        if merged and first < merged[-1][1] + merged[-1][2]:
            continue
        if text[first : first + length].strip():
            merged.append((sample, first, length))
    starts = [(at + sample) / spoken.rate for sample, _, _ in merged] + [(at + len(spoken.samples)) / spoken.rate]
    found = []
    for (_, first, length), start, after in zip(merged, starts, starts[1:], strict=False):
        own = [phone for phone in phones if start <= phone.start < after]
        if own:
            found.append((Word(text[first : first + length], own[0].start, own[-1].end), first))
    return found
