"""espeak's private names of sounds as IPA."""

import pytest

from thespis.speech.phones import segments
from thespis.speech.say import say
from thespis.speech.symbols import ipa, language_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("identifier", "language"),
    [("roa/fr-BE+anika", "fr-be"), ("sit/cmn", "cmn"), ("zle/ru+victor", "ru"), ("roa/pt-BR", "pt-br"), ("ko", "ko")],
)
def test_the_language_of_a_voice(identifier: str, language: str) -> None:
    assert language_of(identifier) == language


@pytest.mark.parametrize(
    ("symbol", "language", "wanted"),
    [
        ("ˈy", "ru", "ˈɨ"), ("ˈy", "de", "ˈy"), ("ˈy", "fr-be", "ˈy"), ("ə", "fr-be", "ə̹"), ("ə", "de", "ə"), ("ˌo-", "cmn", "ˌɤ"),
        ("y", "pt-br", "ɪ"), ("y", "pt", "y"), ("ʲ", "pl", "j"), ("tʲ", "pl", "tʲ"), ("ts.", "cmn", "tʂ"), ("", "ru", ""),
    ],
)  # fmt: skip
def test_private_names_are_told_as_ipa_and_stress_stays(symbol: str, language: str, wanted: str) -> None:
    assert ipa(symbol, language) == wanted


@pytest.mark.parametrize(
    ("text", "voice", "round_lips"),
    [("мы были", "ru", False), ("müde Bücher", "de", True), ("哥哥喝", "cmn", False), ("le cheval de", "fr", True)],
)
def test_lips_round_where_the_vowel_is_round(text: str, voice: str, round_lips: bool) -> None:
    vowels = [part for phone in say(text, voice).phones or () for part in segments(phone.symbol) if part.kind == "vowel"]
    assert any(part.rounding > 0.5 for part in vowels) == round_lips
