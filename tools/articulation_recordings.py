"""Recordings of real voices, labelled for training: their texts are laid along what the network hears so far.

A folder of recordings holds a folder for every language (named as the built-in voices are), with sound files anywhere below, and
beside a sound file its text in a .txt file of the same name, where it is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from articulation_data import TARGETS, Example, heard, labels
from articulation_sound import damaged

from thespis.errors import MediaError, ThespisError
from thespis.features.gestures import BURST
from thespis.features.phone_classes import PHONE_CLASSES, SILENCE, classes
from thespis.features.resample import RATE, Resampler
from thespis.features.spaces import ARTICULATION_FPS
from thespis.speech.align import align
from thespis.speech.pronounce import pronounce
from thespis.speech.read import read_speech
from thespis.speech.voices import resolve
from thespis.types import Array, Phone, Track

SOUNDS = {".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a"}
UNKNOWN = 255  # a class of sounds that nobody knows
AHEAD = 0.07  # seconds by which captured curves that move with the sound are moved ahead


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
        resolve(language)  # says what voices there are if the folder is not named like one
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


@dataclass(frozen=True)
class Labelled:
    """What a recording says: its `phones` timed as the built-in voice does, the stretches that its text does not hold, and its fit.

    `fit` is the mean log chance of the sounds where they were laid.
    """

    phones: tuple[Phone, ...]
    unknown: tuple[tuple[float, float], ...]
    fit: float


def labelled(recording: Recording, chances: Array) -> Labelled | None:
    """Lay the text of a recording along the chances (rows, classes) that are heard in it; None where it does not fit at all."""
    try:
        found = align(Track(PHONE_CLASSES, chances, ARTICULATION_FPS), pronounce(recording.text, recording.language))
    except MediaError:
        return None  # a text in which the voice finds nothing to say, or of which nothing is heard
    made = []
    for phone in found.phones:
        # The network hears the closure of p, t and k; phones are timed as the built-in voice does, at the burst.
        late = min(BURST, (phone.end - phone.start) / 2) if (classes(phone.symbol) or " ")[0] in "ptk" else 0.0
        made.append(Phone(phone.symbol, phone.start + late, phone.end))
    heard_as = labels(tuple(made), len(chances))[1]
    spoken = heard_as != PHONE_CLASSES.column(SILENCE)
    fit = np.log(chances[np.arange(len(chances)), heard_as] + 1e-3)[spoken].mean() if spoken.any() else np.log(1e-3)
    return Labelled(tuple(made), found.unknown, float(fit))


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


def learnable(samples: Array, parts: Sequence[Part], known: Sequence[Labelled | None]) -> Example:
    """Make an example of recordings that were put together (n,); what their texts do not hold is not-a-number and 255."""
    rows = len(samples) // (RATE // 100)
    phones, unknown = [], []
    for part in parts:
        own = known[part.number]
        if own is not None:
            phones += [Phone(each.symbol, each.start * part.stretch + part.at, each.end * part.stretch + part.at) for each in own.phones]
            unknown += [(begin * part.stretch + part.at, end * part.stretch + part.at) for begin, end in own.unknown]
    targets, sounds = labels(tuple(phones), rows)
    for begin, end in unknown:
        span = slice(round(begin * 100), round(end * 100))
        targets[span], sounds[span] = np.nan, UNKNOWN
    return Example(heard(samples, rows), targets, sounds)


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
        made.append(Example(heard(voice, rows), targets[there], np.full(rows, UNKNOWN, np.uint8)))
    return made
