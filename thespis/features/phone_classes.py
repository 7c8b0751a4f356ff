"""The sounds that the network tells apart: one inventory for all languages, and how IPA symbols fall into it."""

import unicodedata
from functools import lru_cache

from thespis.speech.phones import NASAL, NASALS
from thespis.types import Phone, linear

SILENCE = "silence"

LETTERS = {
    "i": "i", "ɪ": "ɪᵻɨɘɿʅ", "y": "yʏʉ", "e": "e", "ø": "øœɵɞɶ", "ɛ": "ɛ", "æ": "æ", "a": "aɐ", "ɑ": "ɑɒ", "ʌ": "ʌ", "ə": "əɜ", "ɚ": "ɚɝ",
    "ɔ": "ɔ", "o": "o", "ʊ": "ʊ", "u": "u", "ɯ": "ɯɤɰ",
    "p": "pƥ", "b": "bɓʙβ", "m": "mʘ", "f": "fɸ", "v": "vⱱʋ", "t": "tʈƭǀǁǂǃ", "d": "dɖɗ", "n": "nɳɱ", "ɲ": "ɲ", "ŋ": "ŋɴ", "k": "kqcƈ",
    "ɡ": "ɡɢɠʛɟʄɣ", "θ": "θ", "ð": "ð", "s": "s", "z": "z", "ʃ": "ʃʂɕɧ", "ʒ": "ʒʐʑ", "x": "xχçħ", "h": "hɦʕʜʢʔʡ",
    "l": "lɭɬɮɺʟɫ", "r": "rɾɽ", "ɹ": "ɹɻ", "ʁ": "ʀʁ", "j": "jɥʎʝ", "w": "wʍ",
}  # fmt: skip
"""Every class with the IPA letters that it holds; marks of length, stress and voice quality change nothing."""

TWO = {"ʦ": "ts", "ʣ": "dz", "ʧ": "tʃ", "ʤ": "dʒ"}
PLAIN = {"g": "ɡ", "ɩ": "ɪ", "ɷ": "ʊ", "ı": "i", "ʆ": "ɕ", "ʓ": "ʑ", "ƛ": "ɬ", "ß": "β", "ε": "ɛ", "ʇ": "ǀ"}
CLASS_OF = {letter: name for name, letters in LETTERS.items() for letter in letters}
VOWELS = frozenset(list(LETTERS)[:17])

PHONE_CLASSES = linear("phone_classes", SILENCE, *LETTERS)
"""How likely each class of sounds is, 0 to 1; a row's channels sum to 1. `silence` is whatever is not speech."""


@lru_cache(maxsize=4096)
def classes(symbol: str) -> tuple[str, ...]:
    """Read a phone's IPA symbol as one class or, for diphthongs and affricates, several; unknown letters are left out."""
    found: list[str] = []
    for character in unicodedata.normalize("NFD", symbol):
        if character == NASAL and found and found[-1] in NASALS:
            found[-1] = CLASS_OF[NASALS[found[-1]]]
        letters = TWO.get(character, PLAIN.get(character, character))
        found.extend(CLASS_OF[letter] for letter in letters if letter in CLASS_OF)
    return tuple(found)


def timed_classes(phones: tuple[Phone, ...]) -> tuple[tuple[str, float, float], ...]:
    """Cut phones into classes with begin and end in seconds; the parts of a phone share its time, consonants take half of a vowel's."""
    made: list[tuple[str, float, float]] = []
    for phone in phones:
        names = classes(phone.symbol)
        shares = [1.0 if name in VOWELS else 0.5 for name in names]
        at = phone.start
        for name, share in zip(names, shares, strict=True):
            end = at + (phone.end - phone.start) * share / sum(shares)
            made.append((name, at, end))
            at = end
    return tuple(made)
