"""The built-in voice sounds like what the direction asks: pitch, melody, pace, loudness and pauses, word by word."""

import numpy as np
import pytest

from thespis.direction.parse import direct
from thespis.direction.perform import perform
from thespis.features.ear import Ear
from thespis.features.prosody import PROSODY, Prosody
from thespis.features.resample import Resampler
from thespis.speech.say import say_marked
from thespis.speech.tone import PLAIN, TONES, Tone, tone_of, tones_along
from thespis.types import EMOTION, Curve, Key, Speech, Word

pytestmark = pytest.mark.unit

TEXT = "I looked for it all day. Now it is gone."


def spoken(tones: list[tuple[int, Tone]], text: str = TEXT) -> Speech:
    return say_marked(text, (), tones=tones)[0]


def heard(speech: Speech) -> dict[str, float]:
    ear, prosody = Ear(), Prosody(None)
    for rows in ear(Resampler(speech.rate)(speech.mono(), True)):
        prosody.hear(rows)
    loudness = 20 * float(np.log10(np.sqrt(np.square(speech.samples).mean())))
    return dict(zip(PROSODY.names, prosody.now().tolist(), strict=True)) | {"loudness": loudness, "seconds": speech.seconds}


def test_sad_is_slower_lower_softer_and_flatter_than_glad() -> None:
    sad, happy, plain = heard(spoken([(0, TONES["sad"])])), heard(spoken([(0, TONES["happy"])])), heard(spoken([]))
    assert sad["seconds"] > plain["seconds"] + 0.4 > happy["seconds"]
    assert sad["pitch mean"] < plain["pitch mean"] - 0.1
    assert happy["pitch mean"] > plain["pitch mean"] + 0.2
    assert sad["loudness"] < plain["loudness"] - 4 < happy["loudness"]
    assert sad["pitch spread"] < happy["pitch spread"]


def test_tones_are_linear_and_weak_ones_weak() -> None:
    def felt(**weights: float) -> Tone:
        return tone_of(Curve.constant(EMOTION, **weights).at(0.0)[0])

    assert felt() == PLAIN == felt(neutral=1.0)
    assert felt(sad=1.0) == TONES["sad"]
    assert felt(sad=0.5).pitch == pytest.approx(TONES["sad"].pitch / 2)
    assert felt(happy=0.5, surprised=0.5).pitch == pytest.approx((TONES["happy"].pitch + TONES["surprised"].pitch) / 2)
    assert felt(sad=1.5, disgusted=1.5).pace >= 0.5


def test_no_tone_leaves_the_voice_as_it_is() -> None:
    assert np.array_equal(spoken([]).samples, spoken([(0, PLAIN)]).samples)


def test_loudest_tone_does_not_clip() -> None:
    assert np.abs(spoken([(0, Tone(loudness=20.0, pitch=6.0, span=2.0))]).samples).max() <= 1.0


def test_a_tone_changes_in_the_middle_of_a_sentence_and_no_word_is_lost() -> None:
    text = "He said that 25 people were there, and nobody's dog barked at them."
    at = text.index("nobody")
    speech, (mark,) = say_marked(text, (at,), tones=[(0, TONES["sad"]), (text.index("people"), PLAIN), (at, TONES["surprised"])])
    assert [word.text for word in speech.words or ()] == [
        "He", "said", "that", "25", "people", "were", "there", "and", "nobody's", "dog", "barked", "at", "them",
    ]  # fmt: skip
    assert mark == next(word.start for word in speech.words or () if word.text == "nobody's")
    cut = round(mark * speech.rate)
    before, after = heard(speech.cut(0, cut)), heard(Speech(speech.samples[:, cut:], speech.rate))
    assert after["pitch mean"] > before["pitch mean"] + 0.3


def test_tags_are_heard_and_still_stand_at_their_words() -> None:
    plain, _ = perform("I lost it. And then I found it again!", acted=False)
    acted, direction = perform("[sad 0.9] I lost it. [happy 0.9] And then I found it again!")
    words = {word.text: word.start for word in acted.words or ()}
    assert [word.text for word in acted.words or ()] == [word.text for word in plain.words or ()]
    assert direction.emotion.keys[-1].at == words["And"]
    sad, happy = acted.cut(0, round(words["And"] * acted.rate)), acted.cut(round(words["And"] * acted.rate), acted.stop)
    assert heard(Speech(happy.samples, happy.rate))["pitch mean"] > heard(sad)["pitch mean"] + 0.25
    assert np.array_equal(perform("[look left] Hello there.")[0].samples, perform("Hello there.")[0].samples)


def test_the_emotion_of_the_whole_run_and_pauses_are_heard_too() -> None:
    plain, _ = perform("One. [pause 0.5] Two three four.")
    sad, _ = perform("One. [pause 0.5] Two three four.", base=direct("sad=1.0"))
    assert sad.seconds > plain.seconds
    assert heard(sad)["loudness"] < heard(plain)["loudness"] - 3


def test_tones_follow_the_curve_word_by_word() -> None:
    words = (Word("one", 0.2, 0.5), Word("two", 1.0, 1.4), Word("three", 2.0, 2.4))
    happy = tuple(float(name == "happy") for name in EMOTION.names)
    curve = Curve(EMOTION, (Key(0.0, (0.0,) * EMOTION.size), Key(1.6, happy, 0.2)))
    assert tones_along("one two three", words, curve) == [(0, PLAIN), (8, TONES["happy"])]
    assert tones_along("one two three", words, Curve.constant(EMOTION)) == []
    assert tones_along("", (), curve) == []
