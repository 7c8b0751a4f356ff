"""How a feeling sounds when the built-in voice plays it: pitch, melody, pace, loudness and pauses, linear in every intensity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from thespis.types import EMOTION, Array, Curve, Word


@dataclass(frozen=True)
class Tone:
    """What changes against a plain voice.

    `pitch` in semitones, `span` of the melody and `pace` as factors, `loudness` in dB, `pause` in seconds added between sentences.
    """

    pitch: float = 0.0
    span: float = 1.0
    pace: float = 1.0
    loudness: float = 0.0
    pause: float = 0.0


PLAIN = Tone()
TONES: Mapping[str, Tone] = {
    "neutral": PLAIN,
    "angry": Tone(2.5, 1.35, 1.08, 5.0, 0.0),
    "contempt": Tone(-1.5, 0.85, 0.88, -1.0, 0.1),
    "disgusted": Tone(-2.0, 1.1, 0.82, 0.0, 0.15),
    "fear": Tone(5.0, 0.9, 1.2, -1.5, 0.0),
    "happy": Tone(4.0, 1.5, 1.07, 2.5, 0.0),
    "sad": Tone(-2.5, 0.5, 0.78, -6.0, 0.3),
    "surprised": Tone(5.0, 1.7, 1.04, 2.5, 0.0),
}
"""At intensity 1, after the reviews of Scherer (2003) and Juslin and Laukka (2003) on how people play emotions."""

SLOWEST, QUICKEST, NARROWEST = 0.5, 1.6, 0.2
NOTICED = 0.08  # of any intensity, below which the voice does not change its tone


def tone_of(weights: Sequence[float] | Array) -> Tone:
    """Mix the tones of emotions by their weights (EMOTION.size,)."""
    pitch = loudness = pause = 0.0
    span = pace = 1.0
    for name, weight in zip(EMOTION.names, weights, strict=True):
        tone, much = TONES[name], float(weight)
        pitch, loudness, pause = pitch + much * tone.pitch, loudness + much * tone.loudness, pause + much * tone.pause
        span, pace = span + much * (tone.span - 1.0), pace + much * (tone.pace - 1.0)
    return Tone(round(pitch, 3), round(max(span, NARROWEST), 3), round(min(max(pace, SLOWEST), QUICKEST), 3), round(loudness, 3), pause)


def both(one: Tone, other: Tone) -> Tone:
    """Put two tones on top of each other."""
    return Tone(
        one.pitch + other.pitch, one.span * other.span, one.pace * other.pace, one.loudness + other.loudness, one.pause + other.pause
    )


def together(one: Sequence[tuple[int, Tone]], other: Sequence[tuple[int, Tone]]) -> list[tuple[int, Tone]]:
    """Put two lists of (character, tone) on top of each other; each tone holds from its character on."""

    def at(tones: Sequence[tuple[int, Tone]], place: int) -> Tone:
        return next((tone for first, tone in reversed(tones) if first <= place), PLAIN)

    return [(place, both(at(one, place), at(other, place))) for place in sorted({first for first, _ in (*one, *other)})]


def word_places(text: str, words: Sequence[Word]) -> list[int]:
    """Find the character at which each word stands; a word that is not written that way stands where the one before it ended."""
    places, at = [], 0
    for word in words:
        found = text.find(word.text, at)
        at = at if found < 0 else found
        places.append(at)
        at += len(word.text) if found >= 0 else 0
    return places


def tones_along(text: str, words: Sequence[Word], emotion: Curve) -> list[tuple[int, Tone]]:
    """Follow the emotion at each word -> (character, tone) wherever the tone changes; empty where nothing is felt."""
    if not words:
        return []
    felt = emotion.at([(word.start + word.end) / 2 for word in words])
    if not np.abs(felt[:, [k for k, name in enumerate(EMOTION.names) if name != "neutral"]]).max() > 0.0:
        return []
    places = word_places(text, words)
    found, now = [(0, tone_of(felt[0]))], felt[0]
    for (_, place), weights in zip(pairwise(places), felt[1:], strict=True):
        if np.abs(weights - now).max() >= NOTICED:
            found.append((place, tone_of(weights)))
            now = weights
    return found
