"""Text -> the speech sounds that each word should have, in any language that the built-in voice reads."""

from dataclasses import dataclass, replace

from thespis.errors import MediaError
from thespis.speech.say import say


@dataclass(frozen=True)
class Saying:
    """A word as it is expected to sound: its `text`, the IPA `symbols` of its phones, and how long each usually lasts in `seconds`.

    Words of which the voice says too little to be told apart are one with a gap in its text.
    """

    text: str
    symbols: tuple[str, ...]
    seconds: tuple[float, ...]


def pronounce(text: str, language: str = "en-us") -> tuple[Saying, ...]:
    """Read a text as the voice of that language would; numbers and signs are read out, and words without any sound are left out."""
    speech = say(text, language)
    phones, words = speech.phones or (), speech.words or ()
    found: list[Saying] = []
    at = 0
    for number, word in enumerate(words):
        until = words[number + 1].start if number + 1 < len(words) else float("inf")
        first = at
        while at < len(phones) and phones[at].start < until:
            at += 1
        own = [phone for phone in phones[first:at] if phone.end > phone.start]
        if own:
            found.append(Saying(word.text, tuple(phone.symbol for phone in own), tuple(phone.end - phone.start for phone in own)))
        elif found:
            found[-1] = replace(found[-1], text=f"{found[-1].text} {word.text}")
    if not found:
        raise MediaError(f"the text {text.strip()[:40]!r} has no words that can be found in a recording; write what is said")
    return tuple(found)
