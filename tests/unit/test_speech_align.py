"""Texts laid along sounds that are heard: exact on made-up hearing, robust to text that is not said and speech that is not in the text."""

import re
from fractions import Fraction

import numpy as np
import pytest

from thespis.errors import MediaError
from thespis.features.phone_classes import PHONE_CLASSES, classes, timed_classes
from thespis.speech import align as aligning
from thespis.speech.align import Aligned, align, chain, decode
from thespis.speech.pronounce import pronounce
from thespis.speech.say import say
from thespis.speech.transcript import Transcript, transcript
from thespis.types import Phone, Speech, Track, Word

pytestmark = pytest.mark.unit

TEXT = "We whispered while the wolf walked. Have you ever moved a very heavy sofa? Papa pulled a purple pumpkin out of the pond."


def hearing(speech: Speech, unsure: float = 0.6, seed: int = 0) -> Track:
    """What a good network would hear: the true class most likely, with doubts."""
    rows = round(speech.seconds * 100)
    values = np.full((rows, PHONE_CLASSES.size), 0.01)
    values[:, 0] = 0.8
    for name, start, end in timed_classes(speech.phones or ()):
        values[round(start * 100) : round(end * 100)] = 0.01
        values[round(start * 100) : round(end * 100), PHONE_CLASSES.column(name)] = 0.9
    values *= np.exp(np.random.default_rng(seed).normal(0, unsure, values.shape))
    return Track(PHONE_CLASSES, (values / values.sum(axis=1, keepdims=True)).astype(np.float32), Fraction(100))


@pytest.fixture(scope="module")
def spoken() -> Speech:
    """A made-up voice whose words are known exactly."""
    return say(TEXT, "en-us")


@pytest.fixture(scope="module")
def heard(spoken: Speech) -> Track:
    """What is heard of it."""
    return hearing(spoken)


def off(found: tuple[Word, ...], real: tuple[Word, ...]) -> list[float]:
    """How far each found word begins from the real one of the same text, in seconds."""
    pairs = [(word, [other for other in real if other.text == word.text]) for word in found]
    return [min(abs(word.start - other.start) for other in others) for word, others in pairs if others]


def test_every_word_and_phone_is_where_it_is_said(spoken: Speech, heard: Track) -> None:
    found = align(heard, pronounce(TEXT))
    words = spoken.words or ()
    assert [word.text for word in found.words] == re.findall(r"\w+", TEXT), "of the is one word to the voice, and two here"
    assert float(np.median(off(found.words, words))) < 0.02 and max(off(found.words, words)) < 0.2
    assert len(found.phones) == sum(bool(classes(phone.symbol)) for phone in spoken.phones or ())
    assert all(one.end <= after.start + 1e-9 for one, after in zip(found.phones, found.phones[1:], strict=False))
    assert len(found.fits) == len(found.words) and min(found.fits) > 0.3


@pytest.mark.parametrize(("before", "after"), [("", " Afterwards nobody knew anything."), ("Good evening gentlemen. ", ""), ("", "")])
def test_words_that_nobody_says_are_left_out(before: str, after: str, spoken: Speech, heard: Track) -> None:
    found = align(heard, pronounce(before + TEXT + after))
    kept = [word for word in found.words if word.text in TEXT]
    assert len(kept) >= len(spoken.words or ()) - 1
    assert len(found.words) - len(kept) <= 2, [word.text for word in found.words]
    assert float(np.median(off(tuple(kept), spoken.words or ()))) < 0.02


@pytest.mark.parametrize("part", ["Papa pulled a purple pumpkin out of the pond.", "We whispered while the wolf walked."])
def test_speech_that_the_text_does_not_hold_is_marked(part: str, spoken: Speech, heard: Track) -> None:
    found = align(heard, pronounce(part))
    assert [word.text for word in found.words] == part.rstrip(".").split()
    real = tuple(word for word in spoken.words or () if word.text in part.split())
    assert float(np.median(off(found.words, real))) < 0.02
    assert sum(end - start for start, end in found.unknown) > 0.5 * (spoken.seconds - (real[-1].end - real[0].start) - 2.0)


def test_a_wrong_text_is_refused() -> None:
    silence = np.zeros((500, PHONE_CLASSES.size), np.float32)
    silence[:, 0] = 1.0
    with pytest.raises(MediaError, match="words are heard in the recording"):
        align(Track(PHONE_CLASSES, silence, Fraction(100)), pronounce(TEXT))
    with pytest.raises(MediaError, match="too short"):
        align(Track.empty(PHONE_CLASSES, Fraction(100)), pronounce(TEXT))
    with pytest.raises(MediaError, match="nothing to pronounce"):
        pronounce("...")


def test_long_texts_are_settled_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (TEXT + "\n") * 3
    spoken = say(text)
    track = hearing(spoken)
    whole = align(track, pronounce(text))
    monkeypatch.setattr(aligning, "SETTLE", 600)
    monkeypatch.setattr(aligning, "KEEP", 300)
    monkeypatch.setattr(aligning, "REACH", 120)
    settled = align(track, pronounce(text))
    assert settled.words == whole.words and settled.phones == whole.phones


def test_other_languages_and_numbers() -> None:
    for language, text in (("de", "Über 7 Brücken musst du gehen."), ("cmn", "我爸爸每天早上跑步。"), ("ru", "Мама мыла раму.")):
        spoken = say(text, language)
        found = align(hearing(spoken), pronounce(text, language))
        assert "".join(word.text for word in found.words) == "".join(letter for letter in text if letter.isalnum())
        assert max(off(found.words, spoken.words or ())) < 0.1


def test_the_chain_can_pass_over_every_pause() -> None:
    states = chain(pronounce("Papa sat."), 100.0)
    between = np.flatnonzero(states.sound < 0)
    assert len(between) == 3 and between[0] == 0 and between[-1] == len(states.sound) - 1
    assert states.other[between[1] + 1] == between[1] - 1, "the second word may follow the first without a pause"
    assert states.other[between[1]] == between[0] and states.jump[between[1]] < 0, "a word may be left out at a price"


def test_sounds_are_found_without_a_text(spoken: Speech, heard: Track) -> None:
    found = decode(heard)
    assert found.words == ()
    real = [name for name, _, _ in timed_classes(spoken.phones or ())]
    made = [phone.symbol for phone in found.phones]
    assert 0.8 * len(real) < len(made) < 1.1 * len(real)
    assert decode(Track.empty(PHONE_CLASSES, Fraction(100))) == Aligned((), (), (), ())
    spans = timed_classes(spoken.phones or ())
    right = [any(a <= (phone.start + phone.end) / 2 < b and name == phone.symbol for name, a, b in spans) for phone in found.phones]
    assert np.mean(right) > 0.9


def test_words_said_in_one_are_told_apart() -> None:
    sayings = pronounce("It's out of the (old) pond. Don't!")
    assert [saying.text for saying in sayings] == ["It's", "out", "of", "the", "old", "pond", "Don't"]
    assert [symbol.strip("ˈˌ") for symbol in sayings[3].symbols] == ["ð", "ə"]


def test_a_transcript_gives_phones_with_the_samples_and_none_where_it_does_not_know() -> None:
    aligned = Aligned(
        (Phone("m", 0.25, 0.4), Phone("a", 0.4, 0.6), Phone("p", 1.7, 1.8)),
        (Word("ma", 0.25, 0.6), Word("p", 1.7, 1.8)),
        (0.9, 0.9),
        ((0.8, 1.3),),
    )
    samples = np.arange(2000, dtype=np.float32)[None] / 2000
    blocks = [Speech(samples[:, :1000], 1000), Speech(samples[:, 1000:], 1000, start=1000)]
    made = list(Transcript(blocks, "ma p", aligned))
    assert [(each.start, each.stop) for each in made] == [(0, 800), (800, 1000), (1000, 1300), (1300, 2000)]
    assert [each.phones for each in made] == [aligned.phones[:2], None, None, aligned.phones[2:]]
    assert np.array_equal(np.concatenate([each.samples for each in made], axis=1), samples)
    whole = Transcript(blocks, "ma p", aligned).speech()
    assert whole.phones == aligned.phones and whole.text == "ma p" and len(whole) == 2000


def test_a_wrong_text_is_told_and_a_right_one_is_not(caplog: pytest.LogCaptureFixture) -> None:
    said = "The early bus leaves from the other platform, and nobody waited there for five minutes after the hour."
    wrong = "My brother has never wished to paint yellow horses, though I showed him which colours would look good on them."
    speech = say(said, "en-us+f3")
    right = transcript([speech], said).aligned
    assert right.fit is not None and right.fit > 0.4
    assert not caplog.records
    false = transcript([speech], wrong).aligned
    assert false.fit is not None and false.fit < 0.1
    (told,) = caplog.records
    assert re.match(r"the text hardly fits what is heard \(0\.\d\d; right ones have", told.getMessage())
    caplog.clear()
    short = say("The early bus leaves from the other platform.", "en-us+f3")  # less than 3 s
    few = transcript([short], "Two hundred people watched a football game.").aligned
    assert few.fit is not None and few.fit < 0.1 and len(caplog.records) == 1
    short = say("Good day.")
    assert transcript([short], "Good day.").aligned.fit is None
