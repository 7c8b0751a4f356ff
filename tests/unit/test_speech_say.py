"""The built-in voice: exact phones and words in many scripts, marks, voices by name, and the same samples every time."""

from itertools import pairwise

import numpy as np
import pytest

from thespis.direction.perform import perform
from thespis.errors import MediaError
from thespis.speech.say import say, say_marked, variants, voices
from thespis.types import Speech

pytestmark = pytest.mark.unit


def symbols(speech: Speech) -> list[str]:
    return [phone.symbol.strip("ˈˌ") for phone in speech.phones or ()]


def test_phones_of_known_words_come_in_order_and_lie_within_the_sound() -> None:
    speech = say("My baby saw five puppies.")
    assert speech.samples.shape == (1, len(speech))
    assert symbols(speech) == ["m", "aɪ", "b", "eɪ", "b", "i", "s", "ɔː", "f", "aɪ", "v", "p", "ʌ", "p", "ɪ", "z"]
    phones = speech.phones or ()
    assert all(0 < phone.start < phone.end <= speech.seconds for phone in phones)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(phones))
    assert [word.text for word in speech.words or ()] == ["My", "baby", "saw", "five", "puppies"]


def test_phones_are_where_their_sounds_are() -> None:
    speech = say("Papa said: see the sofa.")
    samples, rate = speech.mono(), speech.rate

    def hiss(start: float, end: float) -> float:
        part = samples[round(start * rate) : round(end * rate)]
        power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
        return float(power[np.fft.rfftfreq(len(part), 1 / rate) > 4000].sum() / power.sum())

    share = {name: [hiss(p.start, p.end) for p in speech.phones or () if p.symbol.strip("ˈˌ") == name] for name in ("s", "iː", "ɑː")}
    assert min(share["s"]) > 0.5
    assert max(share["iː"] + share["ɑː"]) < 0.1
    assert np.abs(samples[: round(0.15 * rate)]).max() < 1e-3  # silence before, for the mouth to open in
    assert np.abs(samples[-round(0.2 * rate) :]).max() < 1e-3


@pytest.mark.parametrize(
    ("text", "voice"),
    [
        ("Größe über alles, schöne Äpfel.", "de"),
        ("Où est le garçon?", "fr"),
        ("你好，世界。", "zh"),
        ("नमस्ते दुनिया", "hi"),
        ("مرحبا بالعالم", "ar"),
        ("Привет, как дела?", "ru"),
        ("わたしは がくせい です", "ja"),
        ("안녕하세요", "ko"),
        ("Hello there", "en-gb+f3"),
        ("Hello there", "EN_US+Annie"),
    ],
)
def test_many_languages_speak(text: str, voice: str) -> None:
    speech = say(text, voice)
    assert len(speech.phones or ()) >= 5
    assert np.abs(speech.samples).max() > 0.1
    assert all(word.text in text for word in speech.words or ())


def test_the_same_text_sounds_the_same_every_time() -> None:
    first = say("Once more with feeling.", "en-us+f3")
    say("Etwas ganz anderes.", "de+m2")
    again = say("Once more with feeling.", "en-us+f3")
    assert np.array_equal(first.samples, again.samples)
    assert first.phones == again.phones


@pytest.mark.parametrize("text", ["Hello dear naïve world, goodbye.", "café — “naïve” Ärger 你 and then goodbye"])
def test_marks_find_the_word_at_or_after_them(text: str) -> None:
    places = [0, text.index("goodbye") - 1, text.index("goodbye"), len(text) + 1]
    speech, times = say_marked(text, places)
    words = {word.text: word.start for word in speech.words or ()}
    assert times == (next(iter(words.values())), words["goodbye"], words["goodbye"], speech.seconds)


def test_paragraphs_and_long_texts_keep_every_word_in_its_place() -> None:
    text = "First line.\n\nSecond 😀 line is here.\n" + "The quick brown fox jumps over the lazy dog again. " * 60 + "Finally, done."
    speech, (second, done) = say_marked(text, [text.index("Second"), text.index("done")])
    words = speech.words or ()
    assert words[-1].text == "done"
    assert words[-1].start == done
    assert next(word.start for word in words if word.text == "Second") == second
    assert sum(word.text == "fox" for word in words) == 60
    assert all(before.start < after.start for before, after in pairwise(words))


def test_commands_to_the_voice_inside_the_text_are_harmless() -> None:
    assert symbols(say("one\x01 2p two\x00")) and symbols(say("half \ud83d pair")) and symbols(say("<b>bold</b> & [[x]]"))


def test_speed_and_pitch_change_the_speech() -> None:
    text = "This is a sentence of some length."
    assert say(text, rate=240).seconds < 0.75 * say(text, rate=120).seconds
    assert not np.array_equal(say(text, pitch=20).samples, say(text, pitch=80).samples)


def test_lines_for_what_cannot_be_said() -> None:
    for text in ("", "  \n\t "):
        with pytest.raises(MediaError, match="nothing to say"):
            say(text)
    with pytest.raises(MediaError, match="nothing to pronounce"):
        say("...")
    with pytest.raises(MediaError, match=r"unknown voice 'en-uk'\. Did you mean .*en-gb.*thespis voices"):
        say("hi", "en-uk")
    with pytest.raises(MediaError, match=r"Did you mean de\?"):
        say("hi", "german")
    with pytest.raises(MediaError, match=r"unknown voice 'xx'\. Use one such as en-us"):
        say("hi", "xx")
    with pytest.raises(MediaError, match=r"unknown voice variant '\+f33'\. Did you mean \+f3"):
        say("hi", "en-us+f33")
    with pytest.raises(MediaError, match="kana only"):
        say("日本語", "ja")
    with pytest.raises(MediaError, match="rate of a voice goes from 80 to 450"):
        say("hi", rate=1000)


def test_every_voice_that_is_listed_can_be_chosen() -> None:
    listed = voices()
    assert len(listed) > 100
    assert {"en-us", "en-gb", "de", "fr-fr", "es", "cmn", "hi", "ar", "ru", "ja"} <= {voice.name for voice in listed}
    assert all(voice.language and voice.gender == "male" for voice in listed)
    for voice in listed[::9]:
        assert symbols(say("1 2 3", voice.name)) is not None
    women = [voice.name for voice in variants() if voice.gender == "female"]
    assert {"+f1", "+f2", "+f3", "+f4", "+f5"} <= set(women)
    assert symbols(say("hello", "en-us" + women[0]))


def test_a_low_lively_voice_in_a_tone_language_does_not_crash() -> None:
    """espeak itself ends the whole process here unless the melody is held back."""
    assert symbols(say("今天天气很好，我们去公园吧。", "cmn+Annie", rate=108, pitch=19, variation=99))
    assert symbols(say("今天天气很好，我们去公园吧。", "cmn+Demonic", rate=108, pitch=0, variation=99))


def test_texts_that_take_hours_are_refused_before_anything_is_said() -> None:
    with pytest.raises(
        MediaError, match=r"^the text is 400,000 characters long, about 8\.0 hours of speech; at most 120,000 are spoken at once: split it$"
    ):
        say("a " * 200_000)
    with pytest.raises(MediaError, match="the text is 300,001 characters long"):
        perform(f'<speak><sub alias="{"a" * 300_000}">x</sub>.</speak>')
