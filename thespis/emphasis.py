"""How the lips say single words or moments: stronger, weaker, or held."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from thespis.errors import DirectionError, unknown

STRONGER, WEAKER, HELD = 1.5, 0.5, 0.3
"""What the bare words mean: times as strongly, times as strongly, and seconds beyond the word's end."""
FEW = 40  # words that an error names


class Said(Protocol):
    """A word that was said: its `text`, and `start` and `end` in seconds."""

    @property
    def text(self) -> str:
        """As it is written."""

    @property
    def start(self) -> float:
        """Where it begins."""

    @property
    def end(self) -> float:
        """Where it ends."""


@dataclass(frozen=True)
class Emphasis:
    """One wish: `lips` times as strongly, and with `hold` the lips stay in their widest shape until so many seconds after the end.

    It is about a `word` as it is written (`which` of those that are alike, counted from 1; all where it is None), or, where `span` is
    given, about (start, end) in seconds.
    """

    word: str = ""
    which: int | None = None
    span: tuple[float, float] | None = None
    lips: float = 1.0
    hold: float | None = None

    def __str__(self) -> str:
        """Name what it is about as one writes it."""
        if self.span is not None:
            return f"{self.span[0]:g}-{self.span[1]:g}"
        return self.word if self.which is None else f"{self.word}#{self.which}"


def plain(word: str) -> str:
    """Make words comparable: small letters, without the punctuation around them."""
    letters = [at for at, character in enumerate(word) if character.isalnum()]
    return word[letters[0] : letters[-1] + 1].casefold() if letters else word.casefold()


class Emphases(tuple[Emphasis, ...]):
    """The wishes for single words and moments of one direction; a session tells it the words as they are said."""

    def __init__(self, _: Iterable[Emphasis] = ()) -> None:
        """Begin before anything was said."""
        self.heard: list[Said] = []

    def check(self, words: Sequence[Said] | None, seconds: float | None = None) -> None:
        """Refuse words that are not said and moments after the speech's end; None stands for words and lengths that nobody knows."""
        for each in self:
            if each.span is not None and seconds is not None and each.span[0] >= seconds:
                raise DirectionError(f"{each} s lies after the end of the speech, which lasts {seconds:.2f} s; write times before that")
        wanted = [each for each in self if each.span is None]
        if wanted and words is None:
            raise DirectionError(
                f"the words of this speech are not known, so {str(wanted[0])!r} cannot be found in it; give its text (--text), "
                "or times, as in 2.5-3.1=stronger"
            )
        said = Counter(plain(word.text) for word in words or ())
        for each in wanted:
            count = said[plain(each.word)]
            if not count:
                names = list(dict.fromkeys(word.text for word in words or ()))
                more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
                shown = names if len(names) <= FEW else [*names[: FEW - 1], names[-1]]
                raise DirectionError(unknown("word", each.word, shown).replace("Known:", f"Said{more}:"))
            if each.which is not None and each.which > count:
                raise DirectionError(f"{each.word!r} is said {times(count)}, so there is no {each}; write {each.word}#{count} or less")


def times(count: int) -> str:
    """Word how often."""
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"


@dataclass(frozen=True)
class Span:
    """Seconds from `start` to `end` in which the lips move `lips` times as strongly, and `hold` as in Emphasis."""

    start: float
    end: float
    lips: float
    hold: float | None


class Spans:
    """When the wishes of a session hold: those by time from the beginning, those by word from when the word is heard."""

    def __init__(self, wishes: Emphases) -> None:
        """Begin with what is known by time."""
        self._wishes = wishes
        self._heard = 0
        self._counts: Counter[str] = Counter()
        self.now = [Span(*each.span, each.lips, each.hold) for each in wishes if each.span is not None]

    def reach(self) -> list[Span]:
        """Take in the words that were said since, and give all spans that are known and not forgotten."""
        new = self._wishes.heard[self._heard :]
        self._heard += len(new)
        for word in new:
            name = plain(word.text)
            self._counts[name] += 1
            for each in self._wishes:
                if each.span is None and plain(each.word) == name and each.which in (None, self._counts[name]):
                    self.now.append(Span(word.start, word.end, each.lips, each.hold))
        return self.now

    def forget(self, before: float) -> None:
        """Drop the spans that end before so many seconds."""
        self.now = [span for span in self.now if span.end + (span.hold or 0.0) >= before]
