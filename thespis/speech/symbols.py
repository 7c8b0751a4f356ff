"""The symbols of the built-in voice, as IPA: where espeak-ng has no IPA for a sound of its own, it tells its private name instead.

A private name can be another sound's IPA: the Russian vowel that espeak calls "y" is unrounded.
"""

from functools import lru_cache

STRESS = "ˈˌ"

EVERYWHERE = {"ʲ": "j", 'u"': "ʉ", "r.": "ɽ", "s.": "ʂ", "ts.": "tʂ", "a.": "ɑ", "?ɑ": "ʔɑ"}
"""Names that mean the same in every language. Softness with a time of its own is heard, and seen, as a glide."""

OWN = {
    # Pinyin e, the vowels of zi and zhi, ong, and what is breathed after a stop, which is no h.
    "cmn": {
        "o-": "ɤ", "i̪": "ɨ", "i.": "ɨ", "onɡ": "ʊŋ", "ph": "pʰ", "th": "tʰ", "kh": "kʰ", "tsh": "tsʰ", "tɕh": "tɕʰ", "ts.h": "tʂʰ",
    },
    "fr": {"ə": "ə̹", "ə-": "ə̹", "a-": "a", "e-": "e", "y-": "y"},  # the French schwa is round
    "ko": {"p-": "p̚", "t-": "t̚", "q-": "k̚", "s-": "s͈"},
    "pt-br": {"y": "ɪ", "æ": "ɐ"},
    "ru": {"y": "ɨ", "ɭ": "ɫ"},
    "sv": {"sx": "ɧ"},
}  # fmt: skip
"""Names that are a language's own, or one country's."""


def language_of(voice: str) -> str:
    """Give the language of a voice by espeak's identifier, as "fr-be" of "roa/fr-BE+anika"."""
    return voice.rpartition("/")[2].partition("+")[0].lower()


@lru_cache(maxsize=4096)
def ipa(symbol: str, language: str) -> str:
    """Read a symbol of espeak's voice of a language, as `language_of` names it, as IPA; its stress stays."""
    plain = symbol.lstrip(STRESS)
    own = OWN.get(language) or OWN.get(language.partition("-")[0], {})
    found = own.get(plain) or EVERYWHERE.get(plain)
    return symbol if found is None else symbol[: len(symbol) - len(plain)] + found
