"""What the mouth does for a speech sound: IPA symbols -> segments with targets, by the features of vowels and consonants.

Any language's symbols work: letters are read one by one, marks change them, and a letter nobody knows is a half-open neutral mouth.
"""

import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

Kind = Literal["vowel", "stop", "voiced stop", "nasal", "fricative", "liquid", "glide", "other"]


@dataclass(frozen=True)
class Segment:
    """The targets of one sound, each 0 to 1; each `..._firm` says how strongly it insists against its neighbours.

    `length` is its share of the phone; `closed` marks lips that must meet; `stress` is 1 for a plain syllable.
    """

    kind: Kind
    jaw: float
    jaw_firm: float
    rounding: float = 0.0
    rounding_firm: float = 0.0
    spreading: float = 0.0
    spreading_firm: float = 0.0
    tongue: float = 0.0
    dental: float = 0.0
    closed: bool = False
    length: float = 1.0
    stress: float = 0.85


def vowel(jaw: float, rounding: float, spreading: float, jaw_firm: float = 1.0) -> Segment:
    """Describe a vowel by how far it opens, rounds and spreads."""
    return Segment("vowel", jaw, jaw_firm, rounding, 1.0, spreading, 1.0)


VOWELS = {
    "i": vowel(0.20, 0.0, 0.85), "y": vowel(0.20, 0.85, 0.0), "ɨ": vowel(0.22, 0.0, 0.4), "ʉ": vowel(0.20, 0.85, 0.0),
    "ɯ": vowel(0.22, 0.05, 0.3), "u": vowel(0.20, 0.95, 0.0), "ɪ": vowel(0.30, 0.0, 0.55), "ʏ": vowel(0.28, 0.7, 0.0),
    "ʊ": vowel(0.30, 0.65, 0.0), "e": vowel(0.42, 0.0, 0.65), "ø": vowel(0.40, 0.75, 0.0), "ɘ": vowel(0.40, 0.0, 0.3),
    "ɵ": vowel(0.40, 0.6, 0.0), "ɤ": vowel(0.42, 0.0, 0.2), "o": vowel(0.45, 0.78, 0.0), "ə": vowel(0.36, 0.05, 0.1, 0.55),
    "ɚ": vowel(0.34, 0.3, 0.0, 0.7), "ɛ": vowel(0.60, 0.0, 0.45), "œ": vowel(0.55, 0.55, 0.0), "ɜ": vowel(0.52, 0.1, 0.1),
    "ɝ": vowel(0.42, 0.35, 0.0), "ɞ": vowel(0.52, 0.45, 0.0), "ʌ": vowel(0.65, 0.0, 0.1), "ɔ": vowel(0.65, 0.55, 0.0),
    "æ": vowel(0.82, 0.0, 0.45), "ɐ": vowel(0.72, 0.0, 0.15), "a": vowel(0.95, 0.0, 0.2), "ɶ": vowel(0.85, 0.3, 0.0),
    "ɑ": vowel(0.95, 0.05, 0.05), "ɒ": vowel(0.85, 0.4, 0.0), "ᵻ": vowel(0.30, 0.0, 0.4, 0.6),
}  # fmt: skip

LABIAL = Segment("nasal", 0.10, 0.55, closed=True)
DENTAL = Segment("fricative", 0.16, 0.8, spreading=0.1, spreading_firm=0.3, dental=1.0)
TIP = Segment("stop", 0.18, 0.75, spreading=0.25, spreading_firm=0.25, tongue=0.7)
HISS = Segment("fricative", 0.16, 0.9, spreading=0.4, spreading_firm=0.5, tongue=0.2)
HUSH = Segment("fricative", 0.22, 0.9, rounding=0.4, rounding_firm=0.7)
BETWEEN = Segment("fricative", 0.22, 0.8, spreading=0.15, spreading_firm=0.2, tongue=1.0)
BACK = Segment("stop", 0.32, 0.3, spreading=0.1, spreading_firm=0.1)
PALATAL = Segment("glide", 0.22, 0.6, spreading=0.6, spreading_firm=0.6)
RHOTIC = Segment("liquid", 0.28, 0.45, rounding=0.45, rounding_firm=0.5)
LATERAL = Segment("liquid", 0.34, 0.45, spreading=0.1, spreading_firm=0.1, tongue=1.0)
ROUND = Segment("glide", 0.18, 0.6, rounding=1.0, rounding_firm=1.3)
TRILL = Segment("liquid", 0.28, 0.5, tongue=0.7)


def group(kind: Kind, letters: str, like: Segment) -> dict[str, Segment]:
    """Give several letters one mouth."""
    return {letter: replace(like, kind=kind) for letter in letters}


CONSONANTS: dict[str, Segment] = {
    **group("stop", "pƥ", LABIAL),
    **group("voiced stop", "bɓʙ", LABIAL),
    **group("nasal", "m", LABIAL),
    **group("fricative", "ɸβ", replace(LABIAL, closed=False, rounding=0.5, rounding_firm=0.8)),
    **group("fricative", "fvⱱ", DENTAL),
    **group("nasal", "ɱ", DENTAL),
    **group("glide", "ʋ", replace(DENTAL, dental=0.6)),
    **group("fricative", "θð", BETWEEN),
    **group("stop", "tʈƭ", TIP),
    **group("voiced stop", "dɖɗ", TIP),
    **group("nasal", "nɳ", TIP),
    **group("stop", "ʦ", HISS),
    **group("voiced stop", "ʣ", HISS),
    **group("fricative", "sz", HISS),
    **group("fricative", "ʃʒʂʐɧ", HUSH),
    **group("stop", "ʧ", HUSH),
    **group("voiced stop", "ʤ", HUSH),
    **group("fricative", "ɕʑ", replace(HUSH, rounding=0.25, spreading=0.3, spreading_firm=0.4)),
    **group("liquid", "lɭɬɮɺʟ", LATERAL),
    **group("liquid", "ɫ", replace(LATERAL, tongue=0.7)),
    **group("liquid", "rɾɽ", TRILL),
    **group("liquid", "ɹɻ", RHOTIC),
    **group("liquid", "ʀʁ", replace(BACK, kind="liquid", jaw=0.3)),
    **group("glide", "jɥʎ", PALATAL),
    **group("nasal", "ɲ", PALATAL),
    **group("stop", "cƈ", PALATAL),
    **group("voiced stop", "ɟʄ", PALATAL),
    **group("fricative", "çʝ", PALATAL),
    **group("glide", "wʍ", ROUND),
    **group("glide", "ɰ", BACK),
    **group("stop", "kq", BACK),
    **group("voiced stop", "ɡɢɠʛ", BACK),
    **group("nasal", "ŋɴ", BACK),
    **group("fricative", "xɣχħʕhɦʜʢʡ", replace(BACK, jaw=0.4, jaw_firm=0.15)),
    **group("other", "ʔ", replace(BACK, jaw=0.3, jaw_firm=0.05)),
    **group("other", "ǀǁǂǃ", TIP),
    **group("other", "ʘ", LABIAL),
}
CONSONANTS["ɥ"] = replace(CONSONANTS["j"], rounding=0.9, rounding_firm=1.2, spreading=0.0)
NASAL = "\u0303"
NASALS = {"ɔ": "o", "ɛ": "æ", "ɑ": "ɒ"}
"""Vowels that have another mouth when they are nasal: the French, and most others, say [õ], [æ̃] and [ɒ̃] for what is written ɔ̃, ɛ̃ and ɑ̃."""
PLAIN = {"g": "ɡ", "ɩ": "ɪ", "ɷ": "ʊ", "ı": "i", "ʆ": "ɕ", "ʓ": "ʑ", "ƛ": "ɬ", "ß": "β", "ε": "ɛ", "ʇ": "ǀ", "ɿ": "ɨ", "ʅ": "ɨ"}
UNKNOWN = Segment("other", 0.3, 0.3)

SHORT_SHARE = {"vowel": 1.0, "glide": 0.6, "liquid": 0.6}  # of a phone of several letters; other consonants take 0.5


@lru_cache(maxsize=4096)
def segments(symbol: str) -> tuple[Segment, ...]:
    """Read a phone's symbol, with its stress, length and other marks, as one segment or several whose lengths sum to 1."""
    stress = 1.12 if "ˈ" in symbol else 1.0 if "ˌ" in symbol else 0.85
    found: list[Segment] = []
    before = ""
    for character in unicodedata.normalize("NFD", symbol):
        letter = PLAIN.get(character, character)
        if letter in VOWELS or letter in CONSONANTS:
            found.append(replace(VOWELS.get(letter) or CONSONANTS[letter], stress=stress))
        elif letter == NASAL and before in NASALS:
            found[-1] = replace(VOWELS[NASALS[before]], stress=stress)
        elif found:
            found[-1] = marked(found[-1], letter)
        elif letter.isalpha() and not unicodedata.category(letter).startswith("Lm"):
            found.append(replace(UNKNOWN, stress=stress))
        before = letter
    if not found:
        return ()
    lengths = [segment.length * SHORT_SHARE.get(segment.kind, 0.5) for segment in found]
    return tuple(replace(segment, length=length / sum(lengths)) for segment, length in zip(found, lengths, strict=True))


def marked(segment: Segment, mark: str) -> Segment:
    """Change a segment by a mark that follows it; marks that do not show on the face change nothing."""
    match mark:
        case "ː":
            return replace(segment, length=segment.length * 1.6)
        case "ˑ":
            return replace(segment, length=segment.length * 1.3)
        case "ʷ" | "\u0339":
            return replace(segment, rounding=max(segment.rounding, 0.7), rounding_firm=max(segment.rounding_firm, 0.8), spreading=0.0)
        case "ᵝ":
            return replace(segment, rounding=max(segment.rounding, 0.4), rounding_firm=max(segment.rounding_firm, 0.6))
        case "\u031c":
            return replace(segment, rounding=segment.rounding * 0.6)
        case "ʲ":
            return replace(segment, spreading=max(segment.spreading, 0.5), spreading_firm=max(segment.spreading_firm, 0.5))
        case "\u031e":
            return replace(segment, jaw=min(segment.jaw + 0.08, 1.0))
        case "\u031d":
            return replace(segment, jaw=max(segment.jaw - 0.08, 0.0))
        case "˞":
            return replace(segment, rounding=max(segment.rounding, 0.3), rounding_firm=max(segment.rounding_firm, 0.6))
    return segment
