"""GRID: 34 people say a thousand command sentences each (Cooke and others, JASA 2006), with the time of every word.

The layout of its archives (https://zenodo.org/records/3625687), whose names vary in what lies between person and file:

    s1/bbaf2n.mpg            or s1/video/mpg_6000/bbaf2n.mpg
    s1/align/bbaf2n.align    or align/s1/bbaf2n.align, alignments/s1/...: "23750 29500 bin", in parts of 1/25000 s

The six letters of a name are the words: command, colour, preposition, letter, digit, adverb. Alignments are used where they are.
"""

import re
from pathlib import Path
from typing import Any

from thespis.data.item import Item, with_suffix
from thespis.errors import MediaError
from thespis.types import Word

TITLE = "GRID"
SOURCE = "https://zenodo.org/records/3625687"
LICENCE = "CC BY 4.0"
EXPECTED = "s1/bbaf2n.mpg"
TICKS = 25_000
PERSON = re.compile(r"s\d{1,2}")
CODES = (
    {"b": "bin", "l": "lay", "p": "place", "s": "set"}, {"b": "blue", "g": "green", "r": "red", "w": "white"},
    {"a": "at", "b": "by", "i": "in", "w": "with"}, {letter: letter for letter in "abcdefghijklmnopqrstuvxyz"},
    {"z": "zero", "1": "one", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine"},
    {"a": "again", "n": "now", "p": "please", "s": "soon"},
)  # fmt: skip
QUIET = ("sil", "sp")


def items(folder: Path) -> list[Item]:
    """List the sentences of all people."""
    times = {(owner(path.relative_to(folder)), path.stem): path for path in with_suffix(folder, (".align",))}
    made = []
    for video in with_suffix(folder, (".mpg", ".mp4", ".avi")):
        person, name = owner(video.relative_to(folder)), video.stem
        if person is None or len(name) != len(CODES) or any(letter not in code for letter, code in zip(name, CODES, strict=True)):
            continue
        text = " ".join(code[letter] for letter, code in zip(name, CODES, strict=True))
        labels: dict[str, Any] = {"person": person, "sentence": name, "text": text, "language": "en", "view": "front"}
        if (person, name) in times:
            labels["words"] = words(times[person, name])
        made.append(Item(f"{person}/{name}", video, None, labels))
    return made


def owner(place: Path) -> str | None:
    """Find whose file it is by the folders it lies in."""
    return next((part for part in place.parts[:-1] if PERSON.fullmatch(part)), None)


def words(path: Path) -> tuple[Word, ...]:
    """Read when each word is said."""
    try:
        rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
        return tuple(Word(row[2], int(row[0]) / TICKS, int(row[1]) / TICKS) for row in rows if len(row) == 3 and row[2] not in QUIET)
    except ValueError:
        raise MediaError(f'{path} is damaged; its lines are such as "23750 29500 bin": unpack it again') from None
