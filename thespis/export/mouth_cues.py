"""Mouth cues for drawn characters, in the layouts of Rhubarb Lip Sync: which of nine mouths shows, from when to when.

A closed (p b m), B nearly closed teeth (most consonants, ee), C open (eh), D wide open (ah), E slightly rounded (er, aw), F puckered
(oo, w), G lower lip at the teeth (f v), H tongue raised (l), X at rest.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from thespis.export.arkit import curves_of
from thespis.export.output import write_text
from thespis.export.take import Take
from thespis.speech.phones import Segment, segments
from thespis.types import Phone, Track

SHAPES = "ABCDEFGHX"
LONGEST_GAP = 0.25  # seconds; a mouth stays as it is in a shorter pause between two sounds
RESTS = 0.4  # seconds; lips that are closed for longer rest, and do not make a p
SHORTEST = 0.05  # seconds; shorter mouths cannot be seen, except closures, which must be


@dataclass(frozen=True)
class Cue:
    """One mouth: its letter, and when it shows, in seconds."""

    shape: str
    start: float
    end: float


def cues_of(take: Take) -> list[Cue]:
    """Find the cues of a take: from its phones where they are known, else from the weights of its face."""
    speech = take.heading.speech
    if speech is not None and speech.phones is not None:
        return from_phones(speech.phones, speech.samples / speech.rate)
    return from_weights(curves_of(take))


def shape_of(segment: Segment) -> str:
    """Choose the mouth of one speech sound by what its lips, jaw and tongue do."""
    if segment.closed:
        return "A"
    if segment.dental >= 0.6:
        return "G"
    if segment.kind == "vowel":
        if segment.rounding >= 0.7:
            return "F"
        if segment.rounding >= 0.3:
            return "E"
        return "D" if segment.jaw >= 0.7 else "C" if segment.jaw >= 0.4 else "B"
    # The lips of sh come forward more than their rounding says.
    if segment.rounding >= (0.35 if segment.kind == "fricative" else 0.55):
        return "F"
    if segment.rounding >= 0.4:
        return "E"
    if segment.tongue >= 1.0:
        return "H" if segment.kind == "liquid" else "B"
    return "C" if segment.jaw >= 0.38 else "B"


def from_phones(phones: Iterable[Phone], seconds: float) -> list[Cue]:
    """Turn timed phones into cues that fill the time from 0 to the end."""
    sounds: list[Cue] = []
    for phone in phones:
        start = phone.start
        for segment in segments(phone.symbol):
            end = start + segment.length * (phone.end - phone.start)
            sounds.append(Cue(shape_of(segment), start, end))
            start = end
    filled: list[Cue] = []
    at = 0.0
    for sound in sounds:
        if sound.start - at > LONGEST_GAP or not filled:
            filled.append(Cue("X", at, sound.start))
        elif filled:
            filled[-1] = Cue(filled[-1].shape, filled[-1].start, sound.start)
        filled.append(sound)
        at = sound.end
    filled.append(Cue("X", at, max(seconds, at)))
    return merged(filled)


def from_weights(curves: Track) -> list[Cue]:
    """Turn the 61 curves into cues; rests are told from closures by how long they last."""
    if not len(curves):
        return []
    part = {name: curves[name].astype(np.float64) for name in curves.space.names}
    both = {name: (part[f"{name}Left"] + part[f"{name}Right"]) / 2 for name in ("mouthLowerDown", "mouthUpperUp")}
    gap = part["jawOpen"] - part["mouthClose"] + 0.3 * (both["mouthLowerDown"] + both["mouthUpperUp"])
    rounded = np.maximum(part["mouthPucker"], part["mouthFunnel"])
    dental = part["mouthRollLower"] - part["mouthRollUpper"]
    rules = (
        (dental > 0.25, "G"),
        (gap < 0.06, "A"),
        ((part["tongueOut"] > 0.09) & (gap > 0.1), "H"),
        ((gap < 0.22) & (rounded >= 0.35), "F"),
        (gap < 0.22, "B"),
        (rounded >= 0.3, "E"),
        (gap < 0.45, "C"),
    )
    letters = np.select([rule for rule, _ in rules], [letter for _, letter in rules], "D")
    edges = [0, *(np.flatnonzero(letters[1:] != letters[:-1]) + 1).tolist(), len(letters)]
    step = 1 / float(curves.fps)
    runs = [Cue(str(letters[first]), first * step, stop * step) for first, stop in pairwise(edges)]
    return merged([Cue("X", run.start, run.end) if run.shape == "A" and run.end - run.start >= RESTS else run for run in runs])


def merged(cues: Iterable[Cue]) -> list[Cue]:
    """Join equal neighbours, and give the time of mouths too short to be seen to the one before."""
    found: list[Cue] = []
    for cue in cues:
        if cue.end <= cue.start:
            continue
        fleeting = cue.end - cue.start < SHORTEST and cue.shape not in "AG"
        if found and (cue.shape == found[-1].shape or fleeting):
            found[-1] = Cue(found[-1].shape, found[-1].start, cue.end)
        else:
            found.append(cue)
    return found


def tsv(cues: list[Cue]) -> Iterator[str]:
    """Word the cues as Rhubarb's table: the start and the letter, and the end of all as a last X."""
    yield from (f"{cue.start:.2f}\t{cue.shape}" for cue in cues)
    if cues:
        yield f"{cues[-1].end:.2f}\tX"


def xml(cues: list[Cue], sound: str) -> Iterator[str]:
    """Word the cues as Rhubarb's XML."""
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield "<rhubarbResult>"
    yield f"  <metadata>\n    <soundFile>{escape(sound)}</soundFile>\n    <duration>{length(cues):.2f}</duration>\n  </metadata>"
    yield "  <mouthCues>"
    yield from (f'    <mouthCue start="{cue.start:.2f}" end="{cue.end:.2f}">{cue.shape}</mouthCue>' for cue in cues)
    yield "  </mouthCues>\n</rhubarbResult>"


def as_json(cues: list[Cue], sound: str) -> str:
    """Word the cues as Rhubarb's JSON."""
    listed = [{"start": round(cue.start, 2), "end": round(cue.end, 2), "value": cue.shape} for cue in cues]
    return json.dumps({"metadata": {"soundFile": sound, "duration": round(length(cues), 2)}, "mouthCues": listed}, indent=2)


def length(cues: list[Cue]) -> float:
    """Find when the last cue ends, in seconds."""
    return cues[-1].end if cues else 0.0


def write_cues(take: Take, path: Path) -> int:
    """Write the cues as .tsv, .xml or .json, by the name of the file, and count them."""
    cues = cues_of(take)
    sound = take.heading.speech.source if take.heading.speech is not None else ""
    match path.suffix.lower():
        case ".tsv":
            text = "\n".join(tsv(cues))
        case ".xml":
            text = "\n".join(xml(cues, sound))
        case _:
            text = as_json(cues, sound)
    write_text(path, text + "\n")
    return len(cues)
