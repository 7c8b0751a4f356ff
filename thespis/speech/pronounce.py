"""Text -> the speech sounds that each word should have, in any language that the built-in voice reads."""

from collections.abc import Sequence
from dataclasses import dataclass

from thespis.errors import MediaError
from thespis.speech.say import say

MARKS = ".,;:!?\"'()[]{}<>«»„“”‘’…–—-¿¡。，、！？।؟"


@dataclass(frozen=True)
class Saying:
    """A word as it is expected to sound: its `text`, the IPA `symbols` of its phones, and how long each usually lasts in `seconds`.

    Words that the voice says in one, as English "of the", are one with a gap in its text.
    """

    text: str
    symbols: tuple[str, ...]
    seconds: tuple[float, ...]


def pronounce(text: str, language: str = "en-us") -> tuple[Saying, ...]:
    """Read a text as the voice of that language would; numbers and signs are read out, and words without any sound are left out."""
    speech = say(text, language)
    phones, words = speech.phones or (), speech.words or ()
    written = whole_words(text, [word.text for word in words])
    found, at = [], 0
    for number, whole in enumerate(written):
        until = words[number + 1].start if number + 1 < len(words) else float("inf")
        first = at
        while at < len(phones) and phones[at].start < until:
            at += 1
        own = [phone for phone in phones[first:at] if phone.end > phone.start]
        if own:
            found.append(Saying(whole, tuple(phone.symbol for phone in own), tuple(phone.end - phone.start for phone in own)))
    if not found:
        raise MediaError(f"the text {text.strip()[:40]!r} has no words that can be found in a recording; write what is said")
    return tuple(found)


def whole_words(text: str, words: Sequence[str]) -> list[str]:
    """Add to each of the words, which stand in the text in this order, what the voice said with it: endings, and words without a sound."""
    places, at = [], 0
    for word in words:
        place = max(text.find(word, at), at)
        places.append((place, place + len(word)))
        at = place + len(word)
    made = []
    for word, (_, end), (until, _) in zip(words, places, [*places[1:], (len(text), 0)], strict=True):
        between = text[end:until]
        ending = between.split()[0] if between[:1].strip() else ""
        ending = ending.rstrip(MARKS) if any(letter.isalnum() for letter in ending) else ""
        silent = [each.strip(MARKS) for each in between[len(ending) :].split()]
        made.append(" ".join([word + ending, *(each for each in silent if any(letter.isalnum() for letter in each))]))
    return made
