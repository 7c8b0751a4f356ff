"""When each word and sound is said: known texts laid along the sounds that were heard, and sounds without a text (Viterbi, 1967).

A text is a chain of states, a phone one or two of them. Between all words lies a state that may be passed over, for pauses and for what
the text does not hold; words that nobody says may be jumped at a price. So a text with more or less than what is said still fits.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError
from thespis.features.phone_classes import PHONE_CLASSES, SILENCE, VOWELS, classes
from thespis.speech.pronounce import Saying
from thespis.types import Array, Phone, Track, Word, random_for
from thespis.weights import ASSETS

Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

NEVER = -1e30
SURE = 0.005  # probability that is given to every class beside what was heard: a network is never quite sure
ALIKE = 0.6  # how much of a like class counts for a class: accents and reductions
COMMON, OWN = 1.0, 0.9  # how far classes that are heard all the time are discounted, and how much of that is what this recording says
UNTOLD = 0.3  # the same share where no text is known: sounds that a short recording really holds more often than others stay likely
QUICKEST = 0.5  # of a sound's usual length that it lasts at least
SLOW_AND_FAST = 0.5, 1.3  # how much shorter and longer than usual whole recordings may be said
LINGERS = 1.0  # of its usual length that a sound goes on for beyond the least, on average
LIKE = ("pbm", "tdnr", "kɡŋxhʁ", "szʃʒθð", "fvw", "lɹrj", "ptk", "bdɡ", "mnŋɲ", "".join(sorted(VOWELS)))
"""Classes that are often taken for each other."""
OTHER = 1.1  # price in nats a row of speech that the text does not hold
LEAVE_OUT = 3.5  # price in nats of a word that nobody says, and again for each of its phones
BEAM = 150.0  # nats behind the best way, from which a way is given up
REACH = 700  # states beyond the farthest way that are looked at
EVERY = 50  # rows after which that is found out again
SETTLE, KEEP = 6000, 3000  # rows after which what is older than `KEEP` rows is settled: memory stays flat
CHANGE = 1.5  # price in nats of going on to another sound, beside how rare it is there
SOUND_SURE = 0.02  # probability that is given to all classes together where no text is known
RARE = 0.5  # how much of that counts
LEAST_FITTING = 0.3  # share of the words that must be found
JUDGED, LEAST_JUDGED = 30.0, 1.0  # seconds by which a text is judged as a whole, and of speech that it takes at least
SHUFFLES, MARGIN = 3, 20  # orders of its sounds that a text is compared with, and rows of sound around it
OFFBEAT = 0.12  # seconds: pauses shorter than this belong to the phone before them


@dataclass(frozen=True, eq=False)
class Chain:
    """The states of a text: `sound` (states,) is the column of PHONE_CLASSES or -1 for the state between words.

    `stay` and `move` (states,) are what it costs to go on and to come from the state before, `other` (states,) is a second state from
    which one may come (-1 for none) and `jump` (states,) what that costs. `phone` and `word` (states,) number what a state belongs to.
    """

    sound: Whole
    stay: Doubles
    move: Doubles
    other: Whole
    jump: Doubles
    phone: Whole
    word: Whole


@dataclass(frozen=True)
class Aligned:
    """A text in time: `phones`, `words`, how well each word fits (0 to 1), and which stretches of speech the text does not hold.

    `fit` tells how well the text fits as a whole: about 0 where it is a wrong one, 1 where no sounds would fit better; None where there
    is too little speech to tell.
    """

    phones: tuple[Phone, ...]
    words: tuple[Word, ...]
    fits: tuple[float, ...]
    unknown: tuple[tuple[float, float], ...]
    fit: float | None = None


def chain(sayings: Sequence[Saying], fps: float, pace: float = 1.0) -> Chain:
    """Make the states of words that are heard at `fps` rows a second, in which sounds take `pace` times as long as usual."""
    states: list[tuple[int, float, float, int, float, int, int]] = [(-1, 0.0, 0.0, -1, 0.0, -1, -1)]
    phone, between = 0, 0
    for number, saying in enumerate(sayings):
        last = len(states) - 2 if number else -1  # the end of the word before, for words without a pause between them
        begun = False
        for symbol, seconds in zip(saying.symbols, saying.seconds, strict=True):
            names = classes(symbol)
            for name in names:
                rows = max(pace * seconds * fps / len(names), 2.0)
                least = max(round(QUICKEST * rows), 1)
                goes = float(np.log(1 / (rows * LINGERS))), float(np.log(1 - 1 / (rows * LINGERS)))
                for part in range(least):
                    own = (last, 0.0) if not begun and last >= 0 else (-1, 0.0)
                    lasts = part + 1 == least  # only the last state of a sound may last
                    states.append(
                        (PHONE_CLASSES.column(name), goes[1] if lasts else NEVER, goes[0] if not part else 0.0, *own, phone, number)
                    )
                    begun = True
            phone += 1
        if not begun:
            continue
        price = -LEAVE_OUT * (1 + len(saying.symbols))
        states.append((-1, 0.0, 0.0, between, price, -1, number))
        between = len(states) - 1
    columns = list(zip(*states, strict=True))
    whole = [np.array(columns[k], np.int64) for k in (0, 3, 5, 6)]
    real = [np.array(columns[k], np.float64) for k in (1, 2, 4)]
    return Chain(whole[0], real[0], real[1], whole[1], real[2], whole[2], whole[3])


def likeness() -> Doubles:
    """Give how much each heard class counts for each wanted one (wanted, heard)."""
    names = PHONE_CLASSES.names
    made = np.eye(len(names))
    for group in LIKE:
        members = [PHONE_CLASSES.column(letter) for letter in group if letter in names]
        for one in members:
            for other in members:
                made[one, other] = max(made[one, other], ALIKE)
    return made


def pace_of(posteriors: Track, sayings: Sequence[Saying]) -> float:
    """Guess how much longer than usual sounds take: the speech that is heard against what the text should last, within reason."""
    usual = sum(sum(saying.seconds) for saying in sayings)
    heard = float((1 - posteriors[SILENCE]).sum()) / float(posteriors.fps)
    return min(max(heard / max(usual, 0.1), SLOW_AND_FAST[0]), SLOW_AND_FAST[1])


def even(heard: Array, own: float = OWN) -> Doubles:
    """Discount classes that are heard all the time in posteriors (rows, classes), as a network does that is not at home with a voice."""
    common = own * heard.mean(axis=0, dtype=np.float64) + (1 - own) / heard.shape[1]
    made = heard / common**COMMON
    return np.asarray(made / made.sum(axis=1, keepdims=True), np.float64)


def costs(posteriors: Track) -> Doubles:
    """Turn posteriors into log likelihoods (rows, classes + 1); the last column is that of the state between words."""
    heard = even(posteriors.values)
    silence = PHONE_CLASSES.column(SILENCE)
    # The best of like classes, not their sum, which would favour classes with many like ones.
    weighed = np.stack([(heard * row).max(axis=1) for row in likeness()], axis=1)
    sounds = np.log((1 - SURE) * weighed + SURE)
    anything = np.log((1 - SURE) * np.delete(heard, silence, axis=1).max(axis=1) + SURE) - OTHER
    return np.concatenate([sounds, np.maximum(sounds[:, silence], anything)[:, None]], axis=1)


def best_way(costs: Doubles, states: Chain) -> Whole:
    """Find the likeliest state of every row (rows,)."""
    rows, count = len(costs), len(states.sound)
    score = np.full(count, NEVER)
    between = np.flatnonzero(states.sound < 0)
    # The text may begin late: every gap is a beginning, at the price of the words before it.
    score[between] = np.concatenate([[0.0], np.cumsum(states.jump[between[1:]])])
    starts = between[:-1] + 1
    score[starts] = score[between[:-1]]
    end_price = np.full(count, NEVER)
    end_price[between] = score[between] - score[between][-1]
    end_price[between] = -end_price[between]
    end_price[between[1:] - 1] = end_price[between[1:]]
    way = np.empty(rows, np.int64)
    score = score + costs[0, states.sound]
    low, high = 0, count
    kept: list[tuple[int, npt.NDArray[np.int8]]] = []
    settled = 1
    for row in range(1, rows):
        if row % EVERY == 1:
            alive = np.flatnonzero(score > score.max() - BEAM)
            score[: alive[0]] = NEVER
            low, high = int(alive[0]), min(int(alive[-1]) + REACH, count)
            score[high:] = NEVER
        span = slice(low, high)
        before = score[max(low - 1, 0) : high - 1]
        before = before if low else np.concatenate([[NEVER], before])
        stay, move = score[span] + states.stay[span], before + states.move[span]
        other = states.other[span]
        jump = np.where(other >= low, score[other] + states.jump[span], NEVER)
        came = np.zeros(high - low, np.int8)
        best = stay
        came[move > best] = 1
        best = np.maximum(best, move)
        came[jump > best] = 2
        best = np.maximum(best, jump)
        kept.append((low, came))
        score[span] = best + costs[row, states.sound[span]]
        if len(kept) >= SETTLE:
            settled = settle(way, kept, score, states, settled)
    final = score + end_price
    at = int(np.argmax(final))
    for number in range(len(kept) - 1, -1, -1):
        way[settled + number] = at
        at = came_from(states, *kept[number], at)
    way[settled - 1] = at
    return way


def came_from(states: Chain, low: int, came: npt.NDArray[np.int8], at: int) -> int:
    """Go one row back from a state."""
    kind = came[at - low]
    return at if kind == 0 else at - 1 if kind == 1 else int(states.other[at])


def settle(way: Whole, kept: list[tuple[int, npt.NDArray[np.int8]]], score: Doubles, states: Chain, settled: int) -> int:
    """Decide for the best way in the older rows, give up all ways that were elsewhere then, and forget how the older rows came about."""
    alive = np.flatnonzero(score > NEVER / 2)
    at = alive.copy()
    for number in range(len(kept) - 1, KEEP - 1, -1):
        low, came = kept[number]
        kind = came[at - low]
        at = np.where(kind == 0, at, np.where(kind == 1, at - 1, states.other[at]))
    one = int(at[np.argmax(score[alive])])
    score[alive[at != one]] = NEVER
    for number in range(KEEP - 1, -1, -1):
        way[settled + number] = one
        one = came_from(states, *kept[number], one)
    way[settled - 1] = one
    del kept[:KEEP]
    return settled + KEEP


def align(posteriors: Track, sayings: Sequence[Saying], *, judge: bool = False) -> Aligned:
    """Lay words along what was heard (a Track in PHONE_CLASSES); words that are not said are left out.

    With `judge` the fit of the text as a whole is found too, which takes about a second.
    """
    rate = float(posteriors.fps)
    states = chain(sayings, rate, pace_of(posteriors, sayings))
    if len(posteriors) < 2:
        raise MediaError("the recording is too short to hold any word")
    found = costs(posteriors)
    way = best_way(found, states)
    symbols = [symbol for saying in sayings for symbol in saying.symbols]
    begin = posteriors.start / rate
    edges = np.concatenate([[0], np.flatnonzero(np.diff(way)) + 1, [len(way)]])
    spans: dict[int, tuple[float, float]] = {}
    words: dict[int, tuple[float, float]] = {}
    gaps: list[tuple[int, int]] = []
    fits: dict[int, list[float]] = {}
    heard = posteriors.values
    for first, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        state = int(way[first])
        if states.sound[state] < 0:
            gaps.append((first, stop))
            continue
        start, end = begin + first / rate, begin + stop / rate
        phone, word = int(states.phone[state]), int(states.word[state])
        spans[phone] = (spans.get(phone, (start, end))[0], end)
        words[word] = (words.get(word, (start, end))[0], end)
        fits.setdefault(word, []).extend(heard[first:stop, states.sound[state]].tolist())
    if len(words) < LEAST_FITTING * len(sayings):
        raise MediaError(
            f"only {len(words)} of the {len(sayings)} words are heard in the recording; give the text that is said in it, and its language"
        )
    silence = PHONE_CLASSES.column(SILENCE)
    unknown = tuple(
        (begin + a / rate, begin + b / rate) for a, b in gaps if (heard[a:b, silence] < 0.5).mean() > 0.5 and (b - a) / rate > 0.3
    )
    parts = [
        (part, round(float(np.mean(fits[number])), 3)) for number, span in words.items() for part in apart(sayings[number].text, *span)
    ]
    phones = tuple(Phone(symbols[number], *span) for number, span in spans.items())
    whole = fitting(posteriors, found, sayings, words) if judge else None
    return Aligned(phones, tuple(word for word, _ in parts), tuple(fit for _, fit in parts), unknown, whole)


def fitting(posteriors: Track, found: Doubles, sayings: Sequence[Saying], words: Mapping[int, tuple[float, float]]) -> float | None:
    """Compare a text with the same sounds in no order, on the first `JUDGED` seconds of it, with `found` as `costs` gives it.

    A wrong text finds as much to hold on to as its shuffled sounds do, whatever the voice, the language and the noise.
    """
    rate, begin = float(posteriors.fps), min(start for start, _ in words.values())
    inside = [number for number, (_, end) in words.items() if end <= begin + JUDGED] or [min(words)]
    first = max(int(begin * rate) - posteriors.start - MARGIN, 0)
    stop = int(words[max(inside)][1] * rate) - posteriors.start + MARGIN
    heard, costs_there = posteriors.values[first:stop], found[first:stop]
    part = Track(PHONE_CLASSES, heard, posteriors.fps)
    text = sayings[min(inside) : max(inside) + 1]
    speaks = heard[:, PHONE_CLASSES.column(SILENCE)] < 0.5
    if speaks.sum() < LEAST_JUDGED * rate:
        return None

    def likely(said: Sequence[Saying]) -> float:
        states = chain(said, rate, pace_of(part, said))
        return float(costs_there[np.arange(len(heard)), states.sound[best_way(costs_there, states)]][speaks].mean())

    nothing = float(np.mean([likely(shuffled(text, number)) for number in range(SHUFFLES)]))
    best = float(costs_there[speaks, :-1].max(axis=1).mean())
    return round((likely(text) - nothing) / max(best - nothing, 1e-6), 3)


def shuffled(sayings: Sequence[Saying], seed: int) -> list[Saying]:
    """Give the sounds of words to each other's places in an order of a seed."""
    sounds = [sound for saying in sayings for sound in zip(saying.symbols, saying.seconds, strict=True)]
    order = iter(random_for(seed, "shuffled sounds").permutation(len(sounds)).tolist())
    made = []
    for saying in sayings:
        symbols, seconds = zip(*(sounds[next(order)] for _ in saying.symbols), strict=True)
        made.append(Saying(saying.text, symbols, seconds))
    return made


def apart(text: str, start: float, end: float) -> list[Word]:
    """Give words that are said in one each their share of the time, by their letters."""
    words = text.split()
    edges = start + (end - start) * np.cumsum([0, *map(len, words)]) / max(sum(map(len, words)), 1)
    return [Word(word, float(a), float(b)) for word, (a, b) in zip(words, pairwise(edges), strict=True)]


def decode(posteriors: Track) -> Aligned:
    """Find the sounds of a recording without a text: the likeliest sequence of classes, by how languages put them together."""
    rate, begin = float(posteriors.fps), posteriors.start / float(posteriors.fps)
    if not len(posteriors):
        return Aligned((), (), (), ())
    heard = np.log((1 - SOUND_SURE) * even(posteriors.values, UNTOLD) + SOUND_SURE / PHONE_CLASSES.size).astype(np.float32)
    turns = follows()
    score = heard[0].copy()
    came = np.zeros(heard.shape, np.int16)
    classes_in_order = np.arange(PHONE_CLASSES.size)
    for row in range(1, len(heard)):
        ways = score[:, None] + turns
        came[row] = ways.argmax(axis=0)
        score = ways[came[row], classes_in_order] + heard[row]
    way = np.empty(len(heard), np.int64)
    way[-1] = int(score.argmax())
    for row in range(len(heard) - 1, 0, -1):
        way[row - 1] = came[row, way[row]]
    edges = np.concatenate([[0], np.flatnonzero(np.diff(way)) + 1, [len(way)]]).tolist()
    names = PHONE_CLASSES.names
    found = [Phone(names[way[a]], begin + a / rate, begin + b / rate) for a, b in pairwise(edges)]
    return Aligned(tuple(phone for phone in found if phone.symbol != SILENCE), (), (), ())


@cache
def follows() -> Array:
    """Give the price of every class after every other (before, after), in nats; staying costs nothing."""
    facts = json.loads((ASSETS / "phone_bigrams.json").read_text(encoding="utf-8"))
    if tuple(facts["names"]) != PHONE_CLASSES.names:
        raise ValueError("phone_bigrams.json counts other classes than the network tells apart; make it again: tools/make_phone_bigrams.py")
    counts = np.array(facts["counts"], np.float64) + 0.5
    made: Array = (np.log(counts / counts.sum(axis=1, keepdims=True)) * RARE - CHANGE).astype(np.float32)
    np.fill_diagonal(made, 0.0)
    return made
