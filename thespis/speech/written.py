"""Which words are written in a text, and when each is said where a voice tells only some of their beginnings.

Voices say some words in one, as English "of the", and others in several, as "25" or "e-mail". Here every written word gets its own time.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from thespis.types import Phone, Word

UNSPACED = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters, which are written without gaps between words."""
PARTS = re.compile(r"(?:(?!\.\.)[^\s—–…])+")
READ_OUT = "%&@#*"  # signs of punctuation that voices name


@dataclass(frozen=True)
class Written:
    """A word as it is written: its `text`, the character at which it `first` stands in the whole, and whether a voice says it at all."""

    text: str
    first: int
    says: bool

    @property
    def stop(self) -> int:
        """The character after it."""
        return self.first + len(self.text)


def gap(before: str, after: str) -> str:
    """Tell what stands between two words in a line: a blank, or nothing where neither is written with gaps."""
    return "" if UNSPACED.search(before[-1:]) and UNSPACED.search(after[:1]) else " "


def letters(text: str) -> bool:
    """Tell whether there is a letter, a digit or a sign that is read out in a text."""
    return any(character.isalnum() or character in READ_OUT or unicodedata.category(character)[0] == "S" for character in text)


def bare(text: str, first: int) -> tuple[str, int]:
    """Take the punctuation off both ends of a text that stands at character `first`; nothing else there stays as it is."""

    def around(character: str) -> bool:
        return unicodedata.category(character)[0] in "PZC" and character not in READ_OUT

    begin, end = 0, len(text)
    while begin < end and around(text[begin]):
        begin += 1
    while end > begin and around(text[end - 1]):
        end -= 1
    return (text[begin:end], first + begin) if begin < end else (text, first)


def written_words(text: str, begins: Sequence[int] = ()) -> list[Written]:
    """Find the words of a text without the punctuation around them; scripts without gaps are cut at the characters `begins`."""
    found = []
    for match in PARTS.finditer(text):
        cuts = [match.start(), match.end()]
        if UNSPACED.search(match.group()):
            cuts[1:1] = sorted({at for at in begins if match.start() < at < match.end()})
        for begin, end in pairwise(cuts):
            word, first = bare(text[begin:end], begin)
            found.append(Written(word, first, letters(word)))
    return found


def timed(text: str, begins: Sequence[tuple[int, float]], phones: Sequence[Phone]) -> list[tuple[Word, int]]:
    """Give every written word its time -> Words with the character each begins at.

    `begins` are (character, second) at which the voice says that something begins, in order of time; `phones` are all there are.
    """
    words = written_words(text, [at for at, _ in begins])
    firsts = [word.first for word in words]
    # Where what a voice has to say about a word begins: the first beginning within it or in the punctuation before it.
    heads: dict[int, float] = {}
    for at, second in begins:
        number = bisect_right(firsts, at) - 1
        number += number < 0 or (at >= words[number].stop and number + 1 < len(words)) if words else 0
        if words and (not heads or number > max(heads)):
            heads[number] = second
    groups: list[tuple[list[Written], list[Phone]]] = []
    waiting: list[Written] = words[: min(heads, default=0)]
    edges = [*heads.items(), (len(words), float("inf"))]
    for (number, second), (after, until) in pairwise(edges):
        waiting += words[number:after]
        own = [phone for phone in phones if (second <= phone.start or not groups) and phone.start < until]
        if own:
            groups.append((waiting, own))
            waiting = []
    if waiting and groups:
        groups[-1][0].extend(waiting)
    return [pair for members, own in groups for pair in shared(members, own)]


def shared(members: Sequence[Written], phones: Sequence[Phone]) -> list[tuple[Word, int]]:
    """Share the phones that words have in common by their letters; signs that nobody says get none where there are real words."""
    said = [word for word in members if word.says] or list(members[:1])
    sizes = [max(len(word.text), 1) for word in said]
    share = np.cumsum([0, *sizes]) / sum(sizes)
    if len(phones) >= len(said):
        cuts = np.round(share * len(phones)).astype(int).tolist()
        for number in range(1, len(said)):  # no word without a phone of its own
            cuts[number] = min(max(cuts[number], cuts[number - 1] + 1), len(phones) - (len(said) - number))
        spans = [(phones[a].start, phones[b - 1].end) for a, b in pairwise(cuts)]
    else:
        begin, length = phones[0].start, phones[-1].end - phones[0].start
        spans = [(begin + length * float(a), begin + length * float(b)) for a, b in pairwise(share)]
    return [(Word(word.text, *span), word.first) for word, span in zip(said, spans, strict=True)]
