"""Speech sounds -> mouths: features, marks, diphthongs, and symbols nobody knows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.speech.phones import CONSONANTS, VOWELS, Segment, segments
from thespis.speech.say import say

pytestmark = pytest.mark.unit


def only(symbol: str) -> Segment:
    (segment,) = segments(symbol)
    return segment


def test_labials_close_dentals_bite_round_vowels_round() -> None:
    assert all(only(letter).closed for letter in "pbm")
    assert not any(only(letter).closed for letter in "tdnkgfvw")
    assert all(only(letter).dental == 1 for letter in "fv")
    assert all(only(letter).rounding >= 0.75 for letter in "uyow")
    assert all(only(letter).spreading >= 0.6 for letter in "ie")
    assert all(only(letter).tongue == 1 for letter in "lθð")


def test_jaws_open_with_the_height_of_the_vowel() -> None:
    heights = [only(letter).jaw for letter in "iɪeɛæa"]
    assert heights == sorted(heights)
    assert [only(letter).jaw for letter in "uoɔɑ"] == sorted(only(letter).jaw for letter in "uoɔɑ")


def test_marks_change_the_mouth() -> None:
    assert only("kʷ").rounding > only("k").rounding
    assert only("tʲ").spreading > only("t").spreading
    assert only("e̞").jaw > only("e").jaw > only("e̝").jaw
    assert only("ˈa").stress > only("ˌa").stress > only("a").stress
    assert only("ã") == only("a")
    assert only("ɯᵝ").rounding > only("ɯ").rounding
    assert only("g") == only("ɡ")


def test_nasal_vowels_have_a_mouth_of_their_own() -> None:
    assert (only("ɔ̃"), only("ˈɛ̃").jaw, only("ɑ̃").rounding) == (only("o"), only("æ").jaw, only("ɒ").rounding)
    assert [segment.jaw for segment in segments("ɐ̃ɔ̃")] == [only("ɐ").jaw, only("o").jaw]


def test_diphthongs_and_affricates_are_several_mouths_that_share_the_time() -> None:
    first, second = segments("ˈaɪ")
    assert first.jaw > second.jaw
    assert first.length + second.length == pytest.approx(1)
    assert [segment.kind for segment in segments("t͡ʃ")] == ["stop", "fricative"]
    assert segments("ɔːɹ")[0].length > 2 * segments("ɔːɹ")[1].length


def test_what_is_no_sound_is_no_mouth() -> None:
    assert segments("") == segments("ˈ") == segments("ː") == segments("_") == ()


def test_letters_nobody_knows_are_a_neutral_mouth() -> None:
    assert 0.1 < only("Ѫ").jaw < 0.6
    assert not only("Ѫ").closed


@given(st.text(max_size=8))
def test_any_text_is_read_without_fault(symbol: str) -> None:
    found = segments(symbol)
    assert not found or sum(segment.length for segment in found) == pytest.approx(1)
    assert all(0 <= value <= 1 for s in found for value in (s.jaw, s.rounding, s.spreading, s.tongue, s.dental))


@pytest.mark.parametrize(
    "voice", ["en-us", "de", "fr", "es", "cmn", "hi", "ar", "ru", "ko", "vi", "sw", "tr", "pl", "fi", "hu", "it", "pt-br"]
)
def test_every_phone_of_the_voices_is_known(voice: str) -> None:
    """Count from one to twenty and a hundred in each language: all of its letters have a mouth of their own."""
    speech = say(" ".join(str(number) for number in [*range(1, 21), 100]), voice)
    letters = {letter for phone in speech.phones or () for letter in phone.symbol if letter.isalpha()}
    marks = set("ːˑʲʷʰˈˌᵝˤˠⁿˡʼ")
    assert letters - marks - set(VOWELS) - set(CONSONANTS) - {"g"} == set()
