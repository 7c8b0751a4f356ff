"""Recordings of real voices, labelled for training by what the network hears so far: with their text by alignment, else by free decoding.

A folder of recordings holds a folder for every language (named as the built-in voices are), with sound files anywhere below, and
beside a sound file its text in a .txt file of the same name, where it is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numba
import numpy as np
import soxr
from articulation_data import SENTENCES, TARGETS, Example, heard, invented
from articulation_sound import damaged

from thespis.errors import MediaError, ThespisError
from thespis.features.gestures import BURST
from thespis.features.phone_classes import PHONE_CLASSES, SILENCE, timed_classes
from thespis.features.resample import RATE, Resampler
from thespis.speech.read import read_speech
from thespis.speech.say import say
from thespis.types import Array, Phone, random_for

SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"}
SHORTEST = 3  # rows that a class lasts at least
NOTHING = -1e9
AHEAD = 0.07  # seconds by which captured curves that move with the sound are moved ahead
Numbers = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Recording:
    """One real voice: `samples` (n,) at 16,000 a second, its language, and its text where it is known."""

    name: str
    speaker: str
    language: str
    samples: Array
    text: str


def recordings(folder: Path) -> list[Recording]:
    """Read all recordings of a folder, in the order of their names."""
    if not folder.is_dir():
        raise ThespisError(f"there is no folder {folder} with recordings; give one with a folder for each language, such as en-us")
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SOUNDS):
        language = path.relative_to(folder).parts[0]
        if language not in SENTENCES and language != "cmn":
            raise ThespisError(f"{folder / language} is not named like a voice; use one of: {', '.join(SENTENCES)}")
        speech = read_speech(path)
        text = path.with_suffix(".txt")
        known = text.read_text().strip() if text.exists() else ""
        found.append(Recording(path.stem, speaker_of(path), language, Resampler(speech.rate)(speech.mono(), True), known))
    if not found:
        raise ThespisError(f"{folder} holds no recording; put sound files ({', '.join(sorted(SOUNDS))}) into folders named by language")
    return found


def speaker_of(path: Path) -> str:
    """Name who speaks: the folder, and whatever stands before the first underscore of a name that has more than one."""
    return f"{path.parent.name} {path.stem.split('_')[0] if path.stem.count('_') > 1 else ''}"


@numba.njit(cache=True)
def best_path(scores: Numbers, before: Numbers, costs: Numbers, first: Numbers, last: Numbers) -> Numbers:
    """Find the best way through states: scores (rows, states), predecessors `before` and their `costs` (states, n), -1 for none."""
    rows, states = scores.shape
    total, came = np.full((2, states), NOTHING), np.zeros((rows, states), np.int32)
    for state in range(states):
        total[0, state] = first[state] + scores[0, state]
    for row in range(1, rows):
        now, old = row % 2, (row - 1) % 2
        for state in range(states):
            best, where = NOTHING * 2, 0
            for number in range(before.shape[1]):
                previous = before[state, number]
                if previous < 0:
                    break
                value = total[old, previous] + costs[state, number]
                if value > best:
                    best, where = value, previous
            total[now, state] = best + scores[row, state]
            came[row, state] = where
    path = np.zeros(rows, np.int32)
    path[-1] = np.argmax(total[(rows - 1) % 2] + last)
    for row in range(rows - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path


def packed(links: Sequence[Sequence[tuple[int, float]]]) -> tuple[Numbers, Numbers]:
    """Pack lists of (predecessor, cost) into arrays (states, n), with -1 where there is none."""
    width = max(len(each) for each in links)
    before, costs = np.full((len(links), width), -1, np.int32), np.zeros((len(links), width))
    for state, each in enumerate(links):
        for number, (previous, cost) in enumerate(each):
            before[state, number], costs[state, number] = previous, cost
    return before, costs


def stretches(classes: Numbers, places: Numbers) -> list[tuple[str, float, float]]:
    """Turn a class and a place for every row into (class, begin, end) in seconds; a new place is a new sound."""
    edges = [0, *(np.flatnonzero(np.diff(places)) + 1).tolist(), len(places)]
    return [(PHONE_CLASSES.names[int(classes[begin])], begin / 100, end / 100) for begin, end in pairwise(edges)]


def aligned(chances: Array, phones: Sequence[Sequence[str]]) -> list[tuple[str, float, float]]:
    """Align words, each a list of classes, with chances (rows, classes); there may be silence between words."""
    silence = PHONE_CLASSES.column(SILENCE)
    sequence, optional = [silence], [True]
    for word in phones:
        for name in word:
            sequence.append(PHONE_CLASSES.column(name))
            optional.append(False)
        sequence.append(silence)
        optional.append(True)
    links: list[list[tuple[int, float]]] = []
    for place in range(len(sequence)):
        base = place * 2
        ways = [(base, 0.0)]
        if place:
            ways.append((base - 1, 0.0))
            if optional[place - 1] and place > 1:
                ways.append((base - 3, 0.0))
        links.extend((ways, [(base, 0.0), (base + 1, 0.0)]))
    states = np.repeat(np.array(sequence), 2)
    first, last = np.full(len(states), NOTHING), np.full(len(states), NOTHING)
    first[[0, 2]] = 0.0
    last[[-1, -3]] = 0.0
    path = best_path(np.log(chances + 1e-4)[:, states].astype(np.float64), *packed(links), first, last)
    return stretches(states[path], path // 2)


@cache
def habits(language: str) -> Numbers:
    """Learn which class follows which in a language, from what the built-in voice says -> log chances (before, after)."""
    rng = random_for(0, f"habits {language}")
    counts = np.full((PHONE_CLASSES.size, PHONE_CLASSES.size), 0.3)
    texts = [SENTENCES.get(language, SENTENCES["en-us"]), " ".join(str(int(10**power)) for power in rng.uniform(0, 4, 40))]
    if language in ("en-us", "en-gb"):
        texts.append(" ".join(invented(rng) for _ in range(60)))
    silence = PHONE_CLASSES.column(SILENCE)
    for text in texts:
        before, end = silence, 0.0
        for name, start, stop in timed_classes(say(text, language).phones or ()):
            now = PHONE_CLASSES.column(name)
            if start > end + 0.03:
                counts[before, silence] += 1
                before = silence
            counts[before, now] += 1
            before, end = now, stop
    counts[silence] += 0.5
    counts[:, silence] += 0.5
    chances: Numbers = np.log(counts / counts.sum(axis=1, keepdims=True))
    return chances


def decoded(chances: Array, following: Numbers) -> list[tuple[str, float, float]]:
    """Find the likeliest sounds in chances (rows, classes), when nothing is known but which class follows which."""
    size = PHONE_CLASSES.size
    links: list[list[tuple[int, float]]] = []
    for name in range(size):
        base = name * SHORTEST
        links.append([(other * SHORTEST + SHORTEST - 1, float(following[other, name]) * 0.7) for other in range(size) if other != name])
        links.extend([(base + part - 1, 0.0)] for part in range(1, SHORTEST - 1))
        links.append([(base + SHORTEST - 1, 0.0), (base + SHORTEST - 2, 0.0)])
    states = np.repeat(np.arange(size), SHORTEST)
    path = best_path(np.log(chances + 1e-3)[:, states].astype(np.float64), *packed(links), np.zeros(len(states)), np.zeros(len(states)))
    return stretches(states[path], path // SHORTEST)


def words_of(text: str, language: str) -> list[list[str]]:
    """Say a text, to know the classes of its words."""
    speech = say(text, language)
    found: list[list[str]] = []
    starts = [word.start for word in speech.words or ()]
    for name, start, _ in timed_classes(speech.phones or ()):
        if not found or (len(found) < len(starts) and start >= starts[len(found)] - 1e-6):
            found.append([])
        found[-1].append(name)
    return found


def labelled(recording: Recording, chances: Array) -> tuple[Phone, ...]:
    """Find the phones of a recording from its text, or from its sound alone; classes are IPA symbols themselves."""
    sounds = None
    if recording.text:
        try:
            sounds = aligned(chances, words_of(recording.text, recording.language))
        except MediaError:
            sounds = None  # a text in which the voice finds nothing to say
    sounds = sounds if sounds is not None else decoded(chances, habits(recording.language))
    # The network hears the closure of p, t and k; phones are timed as the built-in voice does, at the burst.
    shifted = [(name, start + min(BURST, (end - start) / 2) if name in "ptk" else start, end) for name, start, end in sounds]
    return tuple(Phone(name, start, end) for name, start, end in shifted if name != SILENCE)


@dataclass(frozen=True)
class Part:
    """Where a recording stands in an example: its number, the second at which it begins there, and how much slower it is played."""

    number: int
    at: float
    stretch: float


def joined(rng: np.random.Generator, found: Sequence[Recording], numbers: Sequence[int]) -> tuple[Array, tuple[Part, ...]]:
    """Put recordings of one speaker one after the other, with pauses, a little slower or faster -> samples (n,), parts."""
    stretch = float(np.exp(rng.uniform(-0.18, 0.18)))
    pieces, parts, at = [np.zeros(int(RATE * rng.uniform(0, 0.5)), np.float32)], [], 0
    at = len(pieces[0])
    for number in numbers:
        samples = found[number].samples
        samples = soxr.resample(samples / (np.abs(samples).max() + 1e-6), RATE, RATE * stretch).astype(np.float32)
        parts.append(Part(number, at / RATE, stretch))
        pause = np.zeros(int(RATE * rng.uniform(0.05, 0.5)), np.float32)
        pieces.extend((samples, pause))
        at += len(samples) + len(pause)
    return np.concatenate(pieces), tuple(parts)


def groups(rng: np.random.Generator, found: Sequence[Recording], seconds: float = 7.0) -> list[list[int]]:
    """Shuffle recordings and gather short ones of one speaker until each group lasts about so long."""
    made: list[list[int]] = []
    speakers: dict[str, list[int]] = {}
    for number in rng.permutation(len(found)).tolist():
        speakers.setdefault(found[number].speaker, []).append(number)
    for numbers in speakers.values():
        length = seconds
        for number in numbers:
            if length >= seconds:
                made.append([])
                length = 0.0
            made[-1].append(number)
            length += len(found[number].samples) / RATE + 0.3
    return made


def placed(parts: Sequence[Part], phones: Sequence[tuple[Phone, ...]]) -> tuple[Phone, ...]:
    """Find the phones of an example whose parts' own phones are known."""
    return tuple(
        Phone(phone.symbol, phone.start * part.stretch + part.at, phone.end * part.stretch + part.at)
        for part in parts
        for phone in phones[part.number]
    )


def performed(folder: Path) -> list[tuple[str, Array, Array]]:
    """Read recordings with captured curves, as FACEGOOD's Audio2Face publishes them -> name, samples (n,), targets (rows, len(TARGETS)).

    Only the jaw and the rounding of the lips are taken; the rest is not-a-number, which is: not known. Its mouths move with the sound and
    not before it, so they are moved ahead.
    """
    lists = sorted(folder.glob("bs_names*.txt")) if folder.is_dir() else []
    if not lists:
        raise ThespisError(f"{folder} holds no bs_names*.txt; give the folder of FACEGOOD's Audio2Face with its curves and recordings")
    names = lists[0].read_text().split()
    made = []
    for path in sorted(folder.glob("bs_value_*.np[yz]")):
        sound = next(other for other in sorted(folder.iterdir()) if other.stem == path.stem.removeprefix("bs_value_"))
        speech = read_speech(sound)
        samples = Resampler(speech.rate)(speech.mono(), True)
        kept = np.load(path)
        curves = kept["data"] if path.suffix == ".npz" else kept
        times = np.arange(len(samples) // (RATE // 100)) / 100 + AHEAD

        def curve(name: str, times: Array = times, curves: Array = curves) -> Array:
            return np.interp(times, np.arange(len(curves)) / 30, curves[:, names.index(name)])

        targets = np.full((len(times), len(TARGETS)), np.nan, np.float32)
        targets[:, TARGETS.index("jaw")] = 0.85 * (curve("mouth_stretch_c").clip(0) / 0.5) ** 0.7
        rounding = np.maximum(curve("mouth_oh_c"), np.maximum(curve("mouth_pucker_l"), curve("mouth_oo_c") * 2))
        targets[:, TARGETS.index("rounding")] = (rounding.clip(0) / 0.6) ** 0.7
        made.append((sound.stem, samples, targets.clip(0, 1)))
    return made


def performed_example(rng: np.random.Generator, samples: Array, targets: Array, seconds: int = 20) -> list[Example]:
    """Cut a captured recording (n,) with its targets into damaged examples, each a little slower or faster; no sounds are known."""
    made = []
    for begin in range(0, len(samples), RATE * seconds):
        slower = float(np.exp(rng.uniform(-0.18, 0.18)))
        voice = soxr.resample(samples[begin : begin + RATE * seconds], RATE, RATE * slower).astype(np.float32)
        voice = damaged(rng, voice, np.roll(voice, len(voice) // 2))
        rows = len(voice) // (RATE // 100)
        there = np.clip((np.arange(rows) / slower + begin / (RATE // 100)).astype(int), 0, len(targets) - 1)
        made.append(Example(heard(voice, rows), targets[there], np.full(rows, 255, np.uint8)))
    return made
