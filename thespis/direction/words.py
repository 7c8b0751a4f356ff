"""Wishes for single words and moments, as people write them: really=1.6, no=held 0.5, maybe#2=weaker, 2.5-3.1=stronger."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from thespis.direction.numbers import number, seconds
from thespis.emphasis import HELD, STRONGER, WEAKER, Emphases, Emphasis
from thespis.errors import DirectionError

FORM = "WORD=WISH such as really=1.6, no=held 0.5, maybe#2=weaker or 2.5-3.1=stronger"
KINDS = ("stronger", "weaker", "held")
LONGEST_HOLD = 10.0
STRENGTHS = {"stronger": STRONGER, "weaker": WEAKER}
TIMES = re.compile(r"\s*([\d:.]+)\s*[-–]\s*([\d:.]+)\s*")
PAIR = re.compile(r"[,\s]*([^=]+)=([^,=]*)")  # the word may hold commas, as 1,000 does


def emphases(given: Any) -> Emphases:  # noqa: ANN401 - anything a user may have written
    """Read wishes for words: "really=1.6, no=held", a mapping of words to wishes, or finished ones."""
    if given is None:
        return Emphases()
    if isinstance(given, str):
        pairs = PAIR.findall(given)
        if not pairs or PAIR.sub("", given).strip(", "):
            raise DirectionError(f"words are {FORM}, with commas between them, not {given!r}")
        return Emphases(emphasis(about, wish) for about, wish in pairs)
    if isinstance(given, Mapping):
        return Emphases(emphasis(str(about), wish) for about, wish in given.items())
    if isinstance(given, Sequence) and all(isinstance(each, Emphasis) for each in given):
        return Emphases(given)
    raise DirectionError(f"words are {FORM}, not {given!r}")


def emphasis(about: str, wish: Any) -> Emphasis:  # noqa: ANN401
    """Read one wish for a word, for one of several alike (word#2), or for a stretch of time (2.5-3.1)."""
    about = about.strip()
    between = TIMES.fullmatch(about)
    if between is not None:
        start, end = (seconds(part, f"the time {part} of {about!r}") for part in between.groups())
        if end <= start:
            raise DirectionError(f"the time {about} ends before it begins; write the earlier one first, as in 2.5-3.1")
        return replace(strength(wish, about), span=(start, end))
    word, cross, which = about.rpartition("#")
    if cross and which.isdecimal() and word:
        return replace(strength(wish, about), word=one_word(word), which=max(int(which), 1))
    return replace(strength(wish, about), word=one_word(about))


def one_word(text: str) -> str:
    """Check that a wish is about exactly one word."""
    if len(text.split()) != 1:
        raise DirectionError(f"a wish is about one word or a stretch of time, not {text!r}; write {FORM}")
    return text.strip()


def strength(wish: Any, about: str) -> Emphasis:  # noqa: ANN401
    """Read what is asked: a number from 0 to 2, stronger, weaker, held, held 0.5, or one of these and held."""
    found = Emphasis()
    words = [str(wish)] if isinstance(wish, float | int) and not isinstance(wish, bool) else str(wish).lower().split()
    if not words:
        raise DirectionError(f"nothing is asked of {about!r}; write {FORM}")
    while words:
        word = words.pop(0)
        if word == "held":
            more = bool(words) and words[0][:1].isdigit()
            found = replace(found, hold=number(words.pop(0), f"held (seconds) of {about!r}", 0.0, LONGEST_HOLD) if more else HELD)
        elif word in STRENGTHS:
            found = replace(found, lips=STRENGTHS[word])
        elif re.match(r"[-+.]?\d", word):
            found = replace(found, lips=number(word, f"the strength of {about!r}", 0.0, 2.0))
        else:
            raise DirectionError(f"{about!r} is asked to be {word!r}; it can be {', '.join(KINDS)} or a number from 0 to 2")
    return found
