"""How well the sounds of recordings are told and timed, against hand-checked phones and words beside them.

Closures of p, b and m; six kinds of mouth; and where the words of a known text begin and end.
"""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.errors import MediaError, MissingExtraError, ThespisError
from thespis.evaluate.lips import Hits, meet
from thespis.speech.align import align, decode
from thespis.speech.phones import Segment, segments
from thespis.speech.pronounce import pronounce
from thespis.speech.read import read_speech
from thespis.speech.textgrid import Label, read_samples_list, read_textgrid
from thespis.speech.transcript import heard
from thespis.types import Phone, Speech, Track

RECORDINGS = {".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus"}
NEAR = 0.04  # seconds within which a closure is found
ROWS = 100  # rows a second on which mouths are compared
VISEMES = ("closed", "lip at teeth", "rounded", "open", "narrow", "silence")
WORD_TIERS, PHONE_TIERS = ("word", "words"), ("phone", "phones", "segments")

ARPABET = {
    "iy": "i", "ih": "ɪ", "eh": "ɛ", "ey": "eɪ", "ae": "æ", "aa": "ɑ", "aw": "aʊ", "ay": "aɪ", "ah": "ʌ", "ao": "ɔ", "oy": "ɔɪ", "ow": "oʊ",
    "uh": "ʊ", "uw": "u", "ux": "u", "er": "ɚ", "ax": "ə", "ix": "ɪ", "axr": "ɚ", "ax-h": "ə", "b": "b", "d": "d", "g": "ɡ", "p": "p",
    "t": "t", "k": "k", "dx": "ɾ", "q": "ʔ", "jh": "ʤ", "ch": "ʧ", "s": "s", "sh": "ʃ", "z": "z", "zh": "ʒ", "f": "f", "th": "θ", "v": "v",
    "dh": "ð", "m": "m", "n": "n", "ng": "ŋ", "em": "m", "en": "n", "eng": "ŋ", "nx": "n", "l": "l", "r": "ɹ", "w": "w", "y": "j",
    "hh": "h", "hv": "h", "el": "l", "bcl": "b", "dcl": "d", "gcl": "ɡ", "pcl": "p", "tcl": "t", "kcl": "k",
}  # fmt: skip
"""TIMIT's and PocketSphinx's names of sounds; those that are not here are silence."""
CLOSURES = {"bcl": "b", "pcl": "p"}  # TIMIT's names of the time before a burst


@dataclass(frozen=True, eq=False)
class Truth:
    """What is known of a recording: its `speech`, `phones` in IPA where they are given, and `words`."""

    path: Path
    speech: Speech
    phones: tuple[Label, ...] = ()
    words: tuple[Label, ...] = ()


@dataclass(frozen=True)
class Sounds:
    """What was found of one recording: closures without and with the text, the share of rows with the right mouth, and word edges.

    `edges` are distances in seconds of the words that were found, `missed` counts the others.
    """

    closures: Hits | None
    closures_by_text: Hits | None
    visemes: float | None
    edges: tuple[float, ...]
    missed: int
    seconds: float


def viseme(segment: Segment) -> str:
    """Name the mouth of a part of a sound."""
    if segment.closed:
        return "closed"
    if segment.dental >= 0.6:
        return "lip at teeth"
    if segment.rounding >= 0.5:
        return "rounded"
    return "open" if segment.kind == "vowel" and segment.jaw >= 0.6 else "narrow"


def joined(phones: Sequence[Label]) -> tuple[Label, ...]:
    """Turn ARPAbet into IPA; the closure before a burst and the burst are one sound, silences are left out."""
    made: list[Label] = []
    before = ""
    for phone in phones:
        name = re.sub(r"\d", "", phone.text.lower())
        symbol = ARPABET.get(name, "")
        if made and before in CLOSURES and CLOSURES[before] == symbol == made[-1].text:
            made[-1] = Label(symbol, made[-1].start, phone.end)
        elif symbol:
            made.append(Label(symbol, phone.start, phone.end))
        before = name
    return tuple(made)


def sounds_of(phones: Sequence[Label | Phone]) -> Iterator[tuple[str, float, float]]:
    """Give the mouth of every part of sounds, with its begin and end in seconds."""
    for phone in phones:
        start = phone.start
        for part in segments(phone.text if isinstance(phone, Label) else phone.symbol):
            end = start + part.length * (phone.end - phone.start)
            yield viseme(part), start, end
            start = end


def middles(phones: Sequence[Label | Phone]) -> list[float]:
    """Give the middles in seconds of those sounds that close the lips."""
    return [(start + end) / 2 for mouth, start, end in sounds_of(phones) if mouth == "closed"]


def mouths(phones: Sequence[Label | Phone], rows: int) -> npt.NDArray[np.int64]:
    """Number the mouth of every row (rows,) in the order of VISEMES."""
    made = np.full(rows, VISEMES.index("silence"))
    for mouth, start, end in sounds_of(phones):
        made[round(start * ROWS) : round(end * ROWS)] = VISEMES.index(mouth)
    return made


def truths(folders: Sequence[Path]) -> Iterator[Truth | tuple[Path, str]]:
    """Read all recordings in folders that have phones or words beside them; those that cannot be read come with the reason."""
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix.lower() in RECORDINGS]
    for path in paths:
        try:
            truth = truth_of(path)
        except ThespisError as error:
            yield path, str(error)
            continue
        if truth is not None:
            yield truth


def truth_of(path: Path) -> Truth | None:
    """Read a recording with what lies beside it, None where nothing does."""
    grid = next((path.with_suffix(suffix) for suffix in (".TextGrid", ".textgrid") if path.with_suffix(suffix).exists()), None)
    phones, words = path.with_suffix(".phn"), path.with_suffix(".wrd")
    if grid is not None:
        tiers = read_textgrid(grid)
        own = next((tiers[name] for name in tiers if name.lower() in WORD_TIERS), ())
        own = () if any(" " in label.text for label in own) else own
        sounds = next((tiers[name] for name in tiers if name.lower() in PHONE_TIERS), ())
        return Truth(path, read_speech(path), joined(sounds), own) if own or sounds else None
    if not phones.exists():
        return None
    speech = read_speech(path)
    return Truth(
        path, speech, joined(read_samples_list(phones, speech.rate)), read_samples_list(words, speech.rate) if words.exists() else ()
    )


def plain(word: str) -> str:
    """Leave the letters of a word, small, to compare it."""
    return re.sub(r"[\W_]", "", word.lower())


def measure(
    truth: Truth, language: str = "en-us", listen: Callable[[Truth], Sequence[Phone]] | None = None, network: Path | None = None
) -> Sounds:
    """Measure one recording; `listen` finds the sounds without the text, where it is not given our `network` does."""
    track: Track | None = None if listen is not None else heard([truth.speech], network)
    found = decode(track).phones if track is not None else tuple(listen(truth)) if listen is not None else ()
    rows = round(truth.speech.seconds * ROWS)
    closures = by_text = share = None
    if truth.phones:
        closures = meet(middles(truth.phones), middles(found), NEAR)
        share = float((mouths(truth.phones, rows) == mouths(found, rows)).mean())
    edges: list[float] = []
    missed = 0
    if truth.words and track is not None:
        try:
            aligned = align(track, pronounce(" ".join(word.text for word in truth.words), language))
        except MediaError:
            return Sounds(closures, None, share, (), len(truth.words), truth.speech.seconds)
        matcher = difflib.SequenceMatcher(
            None, [plain(w.text) for w in truth.words], [plain(w.text) for w in aligned.words], autojunk=False
        )
        pairs = [(i + k, j + k) for i, j, size in matcher.get_matching_blocks() for k in range(size)]
        for i, j in pairs:
            real, ours = truth.words[i], aligned.words[j]
            edges += [abs(real.start - ours.start), abs(real.end - ours.end)]
        missed = len(truth.words) - len(pairs)
        if truth.phones:
            by_text = meet(middles(truth.phones), middles(aligned.phones), NEAR)
    return Sounds(closures, by_text, share, tuple(edges), missed, truth.speech.seconds)


def pocketsphinx() -> Callable[[Truth], list[Phone]]:
    """Make the phone decoder of PocketSphinx, to compare with; English only."""
    try:
        library = import_module("pocketsphinx")
    except ImportError:
        raise MissingExtraError("the comparison needs PocketSphinx: pip install pocketsphinx, or leave --pocketsphinx out") from None
    from thespis.features.resample import Resampler

    language = library.get_model_path("en-us/en-us-phone.lm.bin")
    decoder = library.Decoder(allphone=language, lw=2.0, pip=0.3, beam=1e-20, pbeam=1e-20, loglevel="FATAL")

    def listen(truth: Truth) -> list[Phone]:
        samples = Resampler(truth.speech.rate)(truth.speech.mono(), True)
        decoder.start_utt()
        decoder.process_raw((np.clip(samples, -1, 1) * 32767).astype(np.int16).tobytes(), full_utt=True)
        decoder.end_utt()
        found = []
        for part in decoder.seg():
            symbol = ARPABET.get(part.word.lower())
            if symbol is not None:
                found.append(Phone(symbol, part.start_frame / ROWS, (part.end_frame + 1) / ROWS))
        return found

    return listen


def summary(sounds: Sequence[Sounds]) -> dict[str, float]:
    """Put the measures of recordings together, by name; only what was measured is in it."""
    made: dict[str, float] = {"recordings": len(sounds), "seconds": sum(each.seconds for each in sounds)}
    for name in ("closures", "closures_by_text"):
        hits = [getattr(each, name) for each in sounds if getattr(each, name) is not None]
        if hits:
            total: Hits = sum(hits, Hits(0, 0, 0))
            made |= {f"{name}_f1": total.f1, f"{name}_precision": total.precision, f"{name}_recall": total.recall}
    shares = [(each.visemes, each.seconds) for each in sounds if each.visemes is not None]
    if shares:
        made["visemes"] = float(np.average([share for share, _ in shares], weights=[seconds for _, seconds in shares]))
    edges = np.array([edge for each in sounds for edge in each.edges])
    if len(edges):
        made |= {"edges_mean": float(edges.mean()), "edges_median": float(np.median(edges))}
        made |= {f"edges_within_{limit}_ms": float((edges <= limit / 1000).mean()) for limit in (20, 50, 100)}
        made["words_missed"] = sum(each.missed for each in sounds) / (len(edges) / 2 + sum(each.missed for each in sounds))
    return made
