"""Speak a script with tags: the built-in voice reads the words, sounds as it feels, and the tags take effect where they stand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from thespis.direction.script import Mark, Script, place, read_script
from thespis.errors import DirectionError, MediaError
from thespis.speech.providers import Engine, engine, is_engine, spoken_by
from thespis.speech.ssml import is_ssml, read_ssml
from thespis.speech.tone import Tone, together, tones_along, word_places
from thespis.talker import moved
from thespis.types import Array, Direction, Phone, Speech, Word

EDGE = 0.03  # seconds kept around the words where a pause is put in, so that no sound is cut


@dataclass(frozen=True, eq=False)
class Acted:
    """A script that was spoken: the `speech`, the `direction` on its clock, and the second of each mark that has a name."""

    speech: Speech
    direction: Direction
    marks: Mapping[str, float]


@dataclass(frozen=True)
class Cut:
    """Where a script is spoken in a new piece: from character `at`, after `pause` seconds, by `voice`."""

    at: int
    pause: float
    voice: str


def perform(
    written: str, voice: str = "en-us", base: Direction | None = None, *, rate: int = 155, acted: bool = True
) -> tuple[Speech, Direction]:
    """Speak a script with tags at `rate` words a minute, and put what its tags ask on the clock of that speech.

    The voice sounds like the emotion of the direction, unless `acted` is False.
    """
    found = act(written, voice, base, rate=rate, acted=acted)
    return found.speech, found.direction


def act(written: str, voice: str = "en-us", base: Direction | None = None, *, rate: int = 155, acted: bool = True) -> Acted:
    """Speak a script with tags, or a text in SSML, as `perform` does, and tell where its marks are."""
    if is_ssml(written):
        markup = read_ssml(written)
        script = Script(markup.text, tuple(Mark(at, ()) for at, _ in markup.marks), markup.breaks)
        written_tones, names = markup.tones, [name for _, name in markup.marks]
        turns = [(stretch.first, stretch.voice or voice) for stretch in markup.stretches]
    else:
        script, written_tones, names, turns = read_script(written), (), [], [(0, voice)]
    cuts = cuts_of(script, turns)
    speech, times = speak(script, cuts, rate, written_tones)
    direction = place(script, times, base, speech.words or ())
    tones = tones_along(script.text, speech.words or (), direction.emotion) if acted else []
    if tones:
        # Spoken plainly first, to know which word is felt how; then again with that feeling, which moves the words a little.
        speech, times = speak(script, cuts, rate, together(written_tones, tones))
        direction = place(script, times, base, speech.words or ())
    return Acted(speech, direction, dict(zip(names, times, strict=False)))


def cuts_of(script: Script, turns: Sequence[tuple[int, str]]) -> list[Cut]:
    """Find the pieces of a script: a new one begins after each pause, and where the voice changes."""
    pauses: dict[int, float] = {}
    for at, seconds in script.pauses:
        pauses[at] = pauses.get(at, 0.0) + seconds
    places = sorted({0, *pauses, *(at for at, _ in turns)})
    speakers = [next(voice for at, voice in reversed(turns) if at <= first) for first in places]
    return [
        Cut(first, pauses.get(first, 0.0), speaker)
        for number, (first, speaker) in enumerate(zip(places, speakers, strict=True))
        if number == 0 or first in pauses or speaker != speakers[number - 1]
    ]


def utter(text: str, marks: Sequence[int], voice: str, rate: int, tones: Sequence[tuple[int, Tone]]) -> tuple[Speech, tuple[float, ...]]:
    """Let a voice speak a text, and find the second of each mark; other engines than the built-in one speak without tones."""
    if is_engine(voice):
        return recovered(text, marks, engine(voice))
    from thespis.speech.say import say_marked  # the voice is a large library

    return say_marked(text, marks, voice, rate=rate, tones=tones)


def recovered(text: str, marks: Sequence[int], own: Engine) -> tuple[Speech, tuple[float, ...]]:
    """Let another engine speak, and find its words and phones again by listening; where that fails the ear alone moves the lips."""
    speech = spoken_by(text, own)
    try:
        from thespis.speech.transcript import transcript

        found = transcript([speech], text, own.language).speech()
    except MediaError:  # the words cannot be found again, or are in a language nobody knows
        return speech, tuple(speech.seconds * min(mark / max(len(text), 1), 1.0) for mark in marks)
    words = found.words or ()
    ends = [(place + len(word.text), word.start) for place, word in zip(word_places(text, words), words, strict=True)]
    return found, tuple(next((start for end, start in ends if end > mark), speech.seconds) for mark in marks)


def at_rate(speech: Speech, rate: int) -> Speech:
    """Change the sampling rate; phones and words stay at their seconds."""
    import soxr

    samples = soxr.resample(speech.mono(), speech.rate, rate).astype(np.float32)
    return replace(speech, samples=samples[None], rate=rate)


def says(text: str) -> bool:
    """Tell whether there is anything to pronounce in a text."""
    return any(character.isalnum() for character in text)


def within_part(tones: Sequence[tuple[int, Tone]], first: int, stop: int) -> list[tuple[int, Tone]]:
    """Cut tones to the characters `first` to `stop`, counted from `first`."""
    opening = [tone for at, tone in tones if at <= first][-1:]
    return [(0, tone) for tone in opening] + [(at - first, tone) for at, tone in tones if first < at < stop]


def speak(script: Script, cuts: Sequence[Cut], rate: int, tones: Sequence[tuple[int, Tone]] = ()) -> tuple[Speech, tuple[float, ...]]:
    """Speak the words of a script piece by piece, in tones that each hold from a character on, and find the second of each mark."""
    if not script.text.strip():
        tagged = script.marks or script.pauses
        raise DirectionError(
            "the script has tags but no words; write something to say" if tagged else "the text is empty; write something to say"
        )
    if (len(cuts) == 1 and not cuts[0].pause) or not says(script.text):
        return utter(script.text, script.positions, cuts[0].voice, rate, tones)
    samples: list[Array] = []
    phones: list[Phone] = []
    words: list[Word] = []
    times: dict[int, float] = {}
    at, clock, lead, timed = 0, 0, 0.0, True
    for number, (cut, stop) in enumerate(zip(cuts, [*(cut.at for cut in cuts[1:]), len(script.text)], strict=True)):
        if clock:
            samples.append(np.zeros(round(max(cut.pause - 2 * EDGE, 0.0) * clock), np.float32))
            at += len(samples[-1])
        else:
            lead += cut.pause
        ends = stop == len(script.text)
        inside = [count for count, position in enumerate(script.positions) if cut.at <= position < stop or (ends and position == stop)]
        if not says(script.text[cut.at : stop]):
            times.update({count: at / clock if clock else 0.0 for count in inside if count not in times})
            continue
        places = [script.positions[count] - cut.at for count in inside]
        said, found = utter(script.text[cut.at : stop], places, cut.voice, rate, within_part(tones, cut.at, stop))
        if clock and said.rate != clock:
            said = at_rate(said, clock)
        timed = timed and said.phones is not None
        begun = clock > 0
        if not begun:  # pauses before the first word could not be made before the rate was known
            clock = said.rate
            samples = [np.zeros(round(lead * clock), np.float32)]
            at = len(samples[0])
        part = trimmed(said, begin=begun or lead > 0, end=number < len(cuts) - 1)
        part = moved(part, at, (at - part.start) / clock)
        shift = (at - trimmed_start(said, begin=begun or lead > 0)) / clock
        times.update({count: second + shift for count, second in zip(inside, found, strict=True) if count not in times})
        samples.append(part.samples[0])
        phones += part.phones or ()
        words += part.words or ()
        at = part.stop
    known = (tuple(phones), tuple(words)) if timed else (None, None)
    whole = Speech(np.concatenate(samples)[None], clock, script.text, *known)
    return whole, tuple(min(times[count], whole.seconds) for count in range(len(script.marks)))


def trimmed_start(speech: Speech, begin: bool) -> int:
    """Find the sample at which the words begin, if the silence before them is to go."""
    return max(round((speech.phones[0].start - EDGE) * speech.rate), 0) if begin and speech.phones else 0


def trimmed(speech: Speech, begin: bool, end: bool) -> Speech:
    """Cut the silence before or after the words off."""
    stop = round((speech.phones[-1].end + EDGE) * speech.rate) if end and speech.phones else len(speech)
    return replace(speech.cut(trimmed_start(speech, begin), stop), text=None)
