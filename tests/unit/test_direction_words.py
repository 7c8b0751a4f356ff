"""Wishes for single words: how they are written, what is refused, and which moments they are about."""

import re
from pathlib import Path

import pytest

from thespis.direction.parse import direct
from thespis.direction.perform import perform
from thespis.direction.script import read_script, read_toml
from thespis.emphasis import HELD, STRONGER, WEAKER, Emphases, Emphasis, Span, Spans
from thespis.errors import DirectionError
from thespis.speech.say import say
from thespis.types import Word

pytestmark = pytest.mark.unit

SAID = (Word("No,", 0.2, 0.5), Word("really", 0.5, 0.9), Word("no", 1.0, 1.2), Word("Don't", 1.2, 1.5))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("really=1.6", Emphasis("really", lips=1.6)),
        ("really=160%", Emphasis("really", lips=1.6)),
        ("really=stronger", Emphasis("really", lips=STRONGER)),
        ("really = Weaker", Emphasis("really", lips=WEAKER)),
        ("no#2=held", Emphasis("no", which=2, hold=HELD)),
        ("no=held 0.5", Emphasis("no", hold=0.5)),
        ("no=1.3 held 0", Emphasis("no", lips=1.3, hold=0.0)),
        ("no=held stronger", Emphasis("no", lips=STRONGER, hold=HELD)),
        ("2.5-3.1=0", Emphasis(span=(2.5, 3.1), lips=0.0)),
        ("0:02.5 - 1:03=stronger", Emphasis(span=(2.5, 63.0), lips=STRONGER)),
        ("don't=0.2", Emphasis("don't", lips=0.2)),
        ("1,000=0.2", Emphasis("1,000", lips=0.2)),
    ],
)
def test_each_way_to_write_a_wish(written: str, wanted: Emphasis) -> None:
    assert direct(words=written).words == (wanted,)
    about, _, wish = written.partition("=")
    assert direct(words={about.strip(): wish}).words == (wanted,)


def test_several_ways_to_give_several() -> None:
    wanted = (Emphasis("really", lips=1.6), Emphasis("no", hold=0.5))
    assert direct(words="really=1.6, no=held 0.5").words == wanted
    assert direct(words={"really": 1.6, "no": "held 0.5"}).words == wanted
    assert direct(words=list(wanted)).words == wanted
    assert read_toml('[words]\nreally = 1.6\nno = "held 0.5"\n').words == wanted
    assert read_toml('words = "really=1.6, no=held 0.5"\n').words == wanted
    assert direct(words=None).words == direct().words == ()
    assert "words" not in direct().asked()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("really", "words are WORD=WISH such as really=1.6"),
        ("", "words are WORD=WISH"),
        (7, "words are WORD=WISH"),
        ({"really": ""}, "nothing is asked of 'really'"),
        ("really=2.5", "the strength of 'really' goes from 0 to 2, not 2.5"),
        ("really=-1", "the strength of 'really' goes from 0 to 2"),
        ("really=loud", "'really' is asked to be 'loud'; it can be stronger, weaker, held or a number from 0 to 2"),
        ("really=held 99", r"held \(seconds\) of 'really' goes from 0 to 10"),
        ({"really": True}, "'really' is asked to be 'true'"),
        ({"of the": 1.5}, "a wish is about one word or a stretch of time, not 'of the'"),
        ("3-2=stronger", "the time 3-2 ends before it begins"),
        ("1:70-2:00=stronger", "is a time such as 4.5"),
    ],
)
def test_what_is_refused(written: object, told: str) -> None:
    with pytest.raises(DirectionError, match=told):
        direct(words=written)


def test_a_word_that_is_not_said_is_an_error_that_names_those_that_are() -> None:
    direct(words="no=1.5, NO#2=1.5, don't=0.3, 0.1-0.2=held").words.check(SAID)
    with pytest.raises(DirectionError, match=r"^unknown word 'realy'\. Did you mean 'really'\? Said: No,, really, no, Don't\.$"):
        direct(words="realy=1.5").words.check(SAID)
    with pytest.raises(DirectionError, match=r"'no' is said twice, so there is no no#3; write no#2 or less"):
        direct(words="no#3=1.5").words.check(SAID)
    with pytest.raises(DirectionError, match=r"the words of this speech are not known, so 'no#3' cannot be found in it; give its text"):
        direct(words="no#3=1.5").words.check(None)
    direct(words="0-1=1.5").words.check(None)
    many = tuple(Word(f"w{n}", n, n + 0.5) for n in range(1000))
    with pytest.raises(DirectionError, match=r"Said and 960 more: w0") as told:
        direct(words="zebra=1.5").words.check(many)
    assert len(str(told.value)) < 400


def test_a_moment_after_the_end_is_refused() -> None:
    wish = Emphases((Emphasis(span=(2.5, 3.1)),))
    wish.check(None, 2.6)
    wish.check(None)
    with pytest.raises(DirectionError, match=r"2\.5-3\.1 s lies after the end of the speech, which lasts 2\.40 s; write times before that"):
        wish.check((), 2.4)


def test_spans_follow_the_words_as_they_are_said() -> None:
    wishes = Emphases(direct(words="no=1.5, no#2=held 0.2, 3-4=0.5").words)
    spans = Spans(wishes)
    assert spans.reach() == [Span(3.0, 4.0, 0.5, None)]
    wishes.heard += SAID[:2]
    assert spans.reach()[1:] == [Span(0.2, 0.5, 1.5, None)]
    wishes.heard += SAID[2:]
    assert spans.reach()[2:] == [Span(1.0, 1.2, 1.5, None), Span(1.0, 1.2, 1.0, 0.2)]
    spans.forget(1.3)
    assert [span.start for span in spans.reach()] == [3.0, 1.0]


def test_tags_are_about_the_word_after_them() -> None:
    speech, wish = perform("[stronger] One of the [weaker 0.3] best, [held 0.4] no [pause 0.3] [stronger 1.8]more.", acted=False)
    words = {word.text: (word.start, word.end) for word in speech.words or ()}
    assert wish.words == (
        Emphasis(span=words["One"], lips=STRONGER),
        Emphasis(span=words["best"], lips=0.3),
        Emphasis(span=words["no"], hold=0.4),
        Emphasis(span=words["more"], lips=1.8),
    )
    assert read_script("a [stronger] b").text == "a b"
    both, found = perform("[stronger] Yes.", base=direct(words="yes=0.5"))
    found.words.check(both.words)
    assert len(found.words) == 2


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("[stronger over 2] no", "holds for the next word only and takes no over"),
        ("[stronger loud] no", "'the next word' is asked to be 'loud'"),
        ("[held 99] no", "goes from 0 to 10"),
        ("[strongr] no", "Did you mean 'stronger'"),
    ],
)
def test_wrong_tags_are_told(script: str, told: str) -> None:
    with pytest.raises(DirectionError, match=told):
        read_script(script)


def test_a_file_tells_the_line_of_a_wrong_wish(tmp_path: Path) -> None:
    path = tmp_path / "wish.toml"
    path.write_text('seed = 1\n[words]\nreally = "loud"\n', encoding="utf-8")
    with pytest.raises(DirectionError, match=re.escape(f"{path}, line 2: 'really' is asked to be 'loud'")):
        direct(path)


def test_the_words_of_the_voice_are_those_that_can_be_asked_for() -> None:
    direct(words="of=1.2, the#2=0.5, O'Neil's=held").words.check(say("One of the men in the house of O'Neil's.").words)
