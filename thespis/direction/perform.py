"""Speak a script with tags: the built-in voice reads the words, sounds as it feels, and the tags take effect where they stand."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from thespis.direction.script import Script, place, read_script
from thespis.errors import DirectionError
from thespis.speech.tone import Tone, tones_along
from thespis.talker import moved
from thespis.types import Array, Direction, Phone, Speech, Word

EDGE = 0.03  # seconds kept around the words where a pause is put in, so that no sound is cut


def perform(
    written: str, voice: str = "en-us", base: Direction | None = None, *, rate: int = 155, acted: bool = True
) -> tuple[Speech, Direction]:
    """Speak a script with tags at `rate` words a minute, and put what its tags ask on the clock of that speech.

    The voice sounds like the emotion of the direction, unless `acted` is False.
    """
    script = read_script(written)
    speech, times = speak(script, voice, rate)
    direction = place(script, times, base)
    tones = tones_along(script.text, speech.words or (), direction.emotion) if acted else []
    if not tones:
        return speech, direction
    # Spoken plainly first, to know which word is felt how; then again with that feeling, which moves the words a little.
    speech, times = speak(script, voice, rate, tones)
    return speech, place(script, times, base)


def within_part(tones: Sequence[tuple[int, Tone]], first: int, stop: int) -> list[tuple[int, Tone]]:
    """Cut tones to the characters `first` to `stop`, counted from `first`."""
    opening = [tone for at, tone in tones if at <= first][-1:]
    return [(0, tone) for tone in opening] + [(at - first, tone) for at, tone in tones if first < at < stop]


def speak(script: Script, voice: str, rate: int, tones: Sequence[tuple[int, Tone]] = ()) -> tuple[Speech, tuple[float, ...]]:
    """Speak the words of a script with its pauses, in tones that each hold from a character on, and find the second of each mark."""
    from thespis.speech.say import say_marked  # the voice is a large library

    if not script.text.strip():
        tagged = script.marks or script.pauses
        raise DirectionError(
            "the script has tags but no words; write something to say" if tagged else "the text is empty; write something to say"
        )
    if not script.pauses:
        return say_marked(script.text, script.positions, voice, rate=rate, tones=tones)
    cuts = [0, *(at for at, _ in script.pauses), len(script.text)]
    samples: list[Array] = []
    phones: list[Phone] = []
    words: list[Word] = []
    times: dict[int, float] = {}
    at, clock = 0, 0
    for number, (first, stop) in enumerate(pairwise(cuts)):
        if number:
            quiet = max(script.pauses[number - 1][1] - 2 * EDGE, 0.0)
            samples.append(np.zeros(round(quiet * clock), np.float32))
            at += len(samples[-1])
        inside = [count for count, position in enumerate(script.positions) if first <= position < stop or position == stop == cuts[-1]]
        if not script.text[first:stop].strip():
            times.update({count: at / clock if clock else 0.0 for count in inside if count not in times})
            continue
        places = [script.positions[count] - first for count in inside]
        said, found = say_marked(script.text[first:stop], places, voice, rate=rate, tones=within_part(tones, first, stop))
        if not clock:  # pauses before the first word could not be made before the rate was known
            clock = said.rate
            lead = sum(seconds for position, seconds in script.pauses[:number])
            samples = [np.zeros(round(lead * clock), np.float32)]
            at = len(samples[0])
        part = trimmed(said, begin=number > 0, end=number < len(script.pauses))
        part = moved(part, at, (at - part.start) / clock)
        shift = (at - trimmed_start(said, begin=number > 0)) / clock
        times.update({count: second + shift for count, second in zip(inside, found, strict=True) if count not in times})
        samples.append(part.samples[0])
        phones += part.phones or ()
        words += part.words or ()
        at = part.stop
    whole = Speech(np.concatenate(samples)[None], clock, text=script.text, phones=tuple(phones), words=tuple(words))
    return whole, tuple(min(times[count], whole.seconds) for count in range(len(script.marks)))


def trimmed_start(speech: Speech, begin: bool) -> int:
    """Find the sample at which the words begin, if the silence before them is to go."""
    return max(round((speech.phones[0].start - EDGE) * speech.rate), 0) if begin and speech.phones else 0


def trimmed(speech: Speech, begin: bool, end: bool) -> Speech:
    """Cut the silence before or after the words off."""
    stop = round((speech.phones[-1].end + EDGE) * speech.rate) if end and speech.phones else len(speech)
    return replace(speech.cut(trimmed_start(speech, begin), stop), text=None)
