"""Which voices the built-in speaker has: a language or an accent, and a variant of the throat after a plus sign."""

import difflib
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

from thespis.errors import MediaError
from thespis.speech.espeak import loaded

Gender = Literal["male", "female", ""]
GENDERS: tuple[Gender, ...] = ("", "male", "female")

# What people type for a language that espeak knows under several names.
USUAL = {"en": "en-us", "fr": "fr-fr", "pt-pt": "pt", "zh": "cmn", "zh-cn": "cmn", "ja-jp": "ja", "de-de": "de", "es-es": "es"}

MUTE = ("fo", "kaa", "xex")  # espeak lists these, but its wheel holds no dictionary for them


@dataclass(frozen=True)
class Voice:
    """One voice: its `name` is what you type; `language` says what it speaks, and is empty for a variant, which goes with any."""

    name: str
    language: str
    gender: Gender
    age: int = 0


@cache
def languages() -> dict[str, tuple[str, str, tuple[str, ...]]]:
    """Map each language to what espeak calls its voice, its title, and all its codes."""
    with loaded() as library:
        records = [record for record in library.records() if record[1] and record[1][0] not in MUTE]
    return {codes[0]: (identifier, title, codes) for title, codes, identifier, _, _ in reversed(records)}


@cache
def throats() -> dict[str, Voice]:
    """Map the lower-case name of each variant to its Voice."""
    with loaded() as library:
        records = list(library.records(b"variant"))
    found = [Voice(f"+{identifier.removeprefix('!v/')}", "", GENDERS[gender], age) for _, _, identifier, gender, age in records]
    return {voice.name[1:].lower(): voice for voice in sorted(found, key=lambda voice: (voice.gender, voice.name.lower()))}


def voices() -> list[Voice]:
    """List the languages and accents; add a variant to any of them, as in "en-us+f3"."""
    return sorted((Voice(code, title, "male") for code, (_, title, _) in languages().items()), key=lambda voice: voice.name)


def variants() -> list[Voice]:
    """List the variants, each a different throat: f1 to f5 are women, m1 to m8 are men, and many more."""
    return list(throats().values())


@cache
def names() -> dict[str, str]:
    """Map every lower-case name of a language to the code of the voice that speaks it."""
    found = {code.lower(): code for code in languages()}
    for code, (_, _, codes) in sorted(languages().items()):
        for other in codes[1:]:
            found.setdefault(other.lower(), code)
    return found | USUAL


def resolve(voice: str) -> str:
    """Give espeak's own name of a voice such as "en-us", "zh" or "de+f2", or say which names are near."""
    language, plus, variant = voice.strip().lower().replace("_", "-").partition("+")
    if language not in names():
        root = re.split(r"\W", language)[0]
        same = [name for name in sorted(names()) if re.split(r"\W", name)[0] == root]
        titled = [code for code, (_, title, _) in sorted(languages().items()) if root and title.lower().startswith(root)]
        # Close in spelling is not close in meaning for codes of two letters, so the names of the same language are the near ones.
        near = f"Did you mean {' or '.join((same + titled)[:6])}?" if same or titled else "Use one such as en-us, en-gb, de, fr, es, cmn."
        raise MediaError(f"unknown voice {voice!r}. {near} List all {len(languages())} with: thespis voices")
    if plus and variant not in throats():
        close = difflib.get_close_matches(variant, throats(), n=3, cutoff=0.5)
        near = f"Did you mean {' or '.join('+' + throats()[name].name[1:] for name in close)}?" if close else ""
        raise MediaError(f"unknown voice variant {'+' + variant!r}. {near or 'Use one such as +f3 or +m3.'} List all with: thespis voices")
    identifier = languages()[names()[language]][0]
    return identifier + (throats()[variant].name if plus else "")
