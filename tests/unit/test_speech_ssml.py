"""SSML: what is read of it, how it is spoken, and that no text can do harm."""

import time

import pytest

from thespis.direction.perform import act
from thespis.errors import DirectionError
from thespis.speech.ssml import is_ssml, read_ssml
from thespis.speech.tone import PLAIN

pytestmark = pytest.mark.unit


def test_what_is_ssml() -> None:
    assert is_ssml("<speak>hi</speak>") and is_ssml("  <?xml version='1.0'?><speak/>") and is_ssml("<speak version='1.1'>")
    assert is_ssml("<s:speak xmlns:s='http://x'>hi</s:speak>") and read_ssml("<s:speak xmlns:s='http://x'>hi</s:speak>").text == "hi"
    assert not is_ssml("speak") and not is_ssml("a < b") and not is_ssml("[sad] <speak>")


def test_the_encoding_it_was_in_does_not_matter() -> None:
    assert read_ssml("\ufeff<?xml version='1.0' encoding='UTF-16'?><speak>grün</speak>").text == "grün"


def test_everything_that_is_known_is_read() -> None:
    markup = read_ssml(
        """<?xml version="1.0"?>
        <speak version="1.1" xmlns="http://www.w3.org/2001/10/synthesis" xml:lang="en-gb">
          <p><s>One &amp; two.</s><s>Three.</s></p>
          <prosody rate="slow" pitch="+2st" volume="-6dB" range="50%">Low <emphasis level="strong">and</emphasis> slow</prosody>
          <break time="500ms"/> then <mark name="here"/>more
          <say-as interpret-as="characters">EU</say-as> <sub alias="World Wide Web">WWW</sub>
          <voice name="de+f2">Hallo</voice> <lang xml:lang="fr">bonjour</lang> end<break strength="strong"/>
        </speak>"""
    )
    assert " ".join(markup.text.split()) == "One & two. Three. Low and slow then more E U World Wide Web Hallo bonjour end"
    assert [seconds for _, seconds in markup.breaks] == [0.5, 0.7]
    assert [(name, markup.text[at:].split()[0]) for at, name in markup.marks] == [("here", "more")]
    by_word = {markup.text[at:].split()[0]: tone for at, tone in markup.tones}
    assert (by_word["Low"].pace, by_word["Low"].pitch, by_word["Low"].loudness, by_word["Low"].span) == (0.77, 2.0, -6.0, 0.5)
    assert by_word["and"].pitch > by_word["Low"].pitch
    assert by_word["slow"] == by_word["Low"] and by_word["then"] == PLAIN
    assert [(each.voice, markup.text[each.first :].split()[0]) for each in markup.stretches[2:]] == [
        ("de+f2", "Hallo"), ("en-gb", "bonjour"), ("fr", "bonjour"), ("en-gb", "end"),
    ]  # fmt: skip


def test_it_is_spoken_with_breaks_voices_and_marks() -> None:
    plain = act("<speak>One two three. Four five.</speak>")
    found = act('<speak>One two three. <break time="1s"/>Four <mark name="m"/><voice name="de">fünf</voice>.</speak>')
    words = {word.text: word for word in found.speech.words or ()}
    assert list(words) == ["One", "two", "three", "Four", "fünf"]
    assert 0.95 < words["Four"].start - words["three"].end < 1.2
    assert found.marks == {"m": words["fünf"].start}
    assert plain.marks == {}
    fast = act('<speak><prosody rate="x-fast">One two three. Four five.</prosody></speak>')
    assert fast.speech.seconds < 0.8 * plain.speech.seconds
    with pytest.raises(Exception, match="unknown voice 'nobody'"):
        act('<speak><voice name="nobody">hi</voice></speak>')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<speak>a <b>b</b></speak>", r"line 1: unknown element 'b'.*Known: speak, p, s, break"),
        ("<speak>\n<prosody speed='1'>b</prosody></speak>", "line 2: <prosody>: unknown attribute 'speed'.*rate, pitch, range, volume"),
        ("<speak><prosody rate='quick'>b</prosody></speak>", "rate of <prosody> is x-slow.*120%.*not 'quick'"),
        ("<speak><prosody pitch='+900st'>b</prosody><prosody pitch='2x'>b</prosody></speak>", "pitch of <prosody>.*not '2x'"),
        ("<speak><break time='2 h'/>a</speak>", "500ms or 0.5s, not '2 h'"),
        ("<speak><break time='99999s'/>a</speak>", "at most 60s"),
        ("<speak><break strength='huge'/>a</speak>", "unknown strength of a break 'huge'"),
        ("<speak><say-as interpret-as='song'>a</say-as></speak>", "unknown say-as 'song'"),
        ("<speak><mark/>a</speak>", "a mark needs a name"),
        ("<speak><sub>a</sub></speak>", "<sub> needs an alias"),
        ("<speak>a & b</speak>", "not well-formed in line 1.*&amp;"),
        ("<speak>a", "not well-formed"),
        ("<speak/>", "no words"),
        ("<?xml version='1.0'?><p>a</p>", "put everything into one <speak>"),
        ("<speak>" + "<s>" * 100 + "a" + "</s>" * 100 + "</speak>", "more than 60 deep"),
        ("<speak>" + "a " * 300_000 + "</speak>", "at most 500,000"),
    ],
)
def test_what_is_wrong_is_said(text: str, message: str) -> None:
    with pytest.raises(DirectionError, match=message):
        read_ssml(text)


@pytest.mark.parametrize(
    "text",
    [
        '<!DOCTYPE speak [<!ENTITY x SYSTEM "file:///etc/passwd">]><speak>&x;</speak>',
        '<!DOCTYPE speak SYSTEM "http://127.0.0.1/a.dtd"><speak>a</speak>',
        "<!DOCTYPE speak [<!ENTITY a 'aaaa'>"
        + "".join(f"<!ENTITY a{n} '{f'&a{n - 1 or str()};' * 10}'>" for n in range(1, 9))
        + "]><speak>&a8;</speak>",
    ],
)
def test_hostile_texts_do_nothing(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(DirectionError, match="document type"):
        read_ssml(text)
    assert time.monotonic() - began < 1.0
    with pytest.raises(DirectionError, match="not well-formed in line 1: undefined entity"):
        read_ssml("<speak>&outside;</speak>")


def test_all_breaks_together_have_a_limit() -> None:
    with pytest.raises(DirectionError, match="all breaks together may last 600 seconds"):
        read_ssml("<speak>a" + '<break time="60s"/>' * 11 + "b</speak>")
