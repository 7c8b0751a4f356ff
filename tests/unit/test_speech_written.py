"""Every written word gets a time, also where the voice says several in one, in many languages."""

import re
from itertools import pairwise

import pytest

from thespis.data.sentences import TEXTS
from thespis.export.subtitles import captions
from thespis.export.textgrid import textgrid
from thespis.speech.say import say
from thespis.speech.written import timed, written_words
from thespis.types import Phone, Word

pytestmark = pytest.mark.unit

MORE = {
    "en-us": (
        "In the end, one of the boys said \"it's the best of all\" -- and he'd've gone to the U.S.A. at 10:30 p.m. for $5.99.",
        "I am to be at the top of the hill for the rest of the day, as if it were of a kind.",
        "Dr. Smith & Mrs. Jones-Brown paid 1,234.56 to a@b.com...really?!",
        "Well—you know…I…er…no 😀 way (sic) [of the] <one>.",
    ),
    "ja": ("わたしは にほんじん です。",),
    "ar": ("مرحبا بالعالم، كيف حالك؟",),
    "hi": ("मैं घर जा रहा हूँ।",),
    "th": ("สวัสดีครับ ผมชื่อสมชาย",),
    "el": ("Δεν θα το πω σε κανέναν από τους φίλους μου.",),
    "ko": ("나는 학교에 갑니다.",),
    "he": ("שלום עולם, מה שלומך?",),
}


def plain(text: str) -> str:
    """A text without gaps and the punctuation around words, which voices do not say."""
    return re.sub(r"[\s.,;:!?\"()\[\]<>—–…。，！？।؟،¿¡\-]|'(?!\w)", "", text)


def said(voice: str) -> list[str]:
    return [text for texts in TEXTS.get(voice, {}).values() for text in texts] + list(MORE.get(voice, ()))


@pytest.mark.parametrize("voice", sorted({*TEXTS, *MORE}))
def test_every_written_word_has_a_time(voice: str) -> None:
    for text in said(voice):
        words = say(text, voice).words or ()
        assert plain("".join(word.text for word in words)) == plain(text)
        assert all(word.end > word.start for word in words)
        assert all(after.start >= before.end - 1e-9 for before, after in pairwise(words))


def test_words_said_in_one_share_its_phones_by_their_letters() -> None:
    phones = [Phone(symbol, n * 0.1, n * 0.1 + 0.1) for n, symbol in enumerate("ʌvðəp")]
    assert timed("of the pond", [(0, 0.0), (7, 0.4)], phones) == [
        (Word("of", 0.0, 0.2), 0),
        (Word("the", 0.2, 0.4), 3),
        (Word("pond", 0.4, 0.5), 7),
    ]
    # Fewer phones than words: they share the time.
    assert [word.text for word, _ in timed("a b c", [(0, 0.0)], phones[:2])] == ["a", "b", "c"]
    assert timed("... -- ?", [], phones) == []


def test_signs_that_are_read_out_are_words_and_punctuation_is_none() -> None:
    assert [word.text for word in written_words("(50 % of it) -- C++ & 'no'!") if word.says] == ["50", "%", "of", "it", "C++", "&", "no"]
    assert [word.text for word in written_words("我们去。", [0, 2])] == ["我们", "去"]


def test_captions_and_textgrids_hold_every_word_and_put_gaps_where_the_script_has_them() -> None:
    speech = say("The lid of the box is on the top of the shelf.")
    assert captions(speech.words or (), speech.text)[0].text.replace("\n", " ") == speech.text
    grid = textgrid({"words": [(word.text, word.start, word.end) for word in speech.words or ()]}, speech.seconds)
    assert re.findall('text = "(.+)"', grid) == (speech.text or "").rstrip(".").split()
    chinese = say("我们今天去北京。", "cmn")
    assert captions(chinese.words or (), chinese.text)[0].text == "我们今天去北京。"
