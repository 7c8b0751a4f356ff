"""Direction files and script tags: what is written comes back as curves on the clock, and mistakes are named with their place."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from thespis.direction.parse import direct
from thespis.direction.perform import perform
from thespis.direction.script import place, read_script, read_toml
from thespis.errors import DirectionError
from thespis.types import AMOUNT, EMOTION, Curve, Direction, Key

pytestmark = pytest.mark.unit

WISH = """\
emotion = "happy"
seed = 4
blink = 12
fps = 29.97

[[at]]
time = "0:04"
emotion = {sad = 0.6}
over = 1.5

[[at]]
time = 2
gaze = "left"
head = [10, 0, 0]
lips = 1.2
"""


def emotion(**weights: float) -> tuple[float, ...]:
    return tuple(weights.get(name, 0.0) for name in EMOTION.names)


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "wish.toml"
    path.write_text(WISH, encoding="utf-8")
    found = direct(path)
    assert found == direct(str(path)) == read_toml(WISH)
    assert found.emotion.keys == (Key(0.0, emotion(happy=1.0), 0.0), Key(4.0, emotion(sad=0.6), 1.5))
    assert found.gaze.keys == (Key(0.0, (0.0, 0.0), 0.0), Key(2.0, (-20.0, 0.0), 0.1))
    assert found.head.keys == (Key(0.0, (0.0, 0.0, 0.0), 0.0), Key(2.0, (10.0, 0.0, 0.0), 0.6))
    assert found.lips.keys == (Key(0.0, (1.0,), 0.0), Key(2.0, (1.2,), 0.6))
    assert (found.seed, found.blink, found.fps) == (4, 12.0, direct(fps=29.97).fps)
    assert direct(path, seed=9, emotion="fear").seed == 9


def test_keyframes_move_as_they_say() -> None:
    curve = read_toml(WISH).emotion
    happy, sad = (curve.at([0.0, 3.9, 4.75, 5.5, 60.0])[:, EMOTION.column(name)] for name in ("happy", "sad"))
    assert happy == pytest.approx([1, 1, 0.5, 0, 0])
    assert sad == pytest.approx([0, 0, 0.3, 0.6, 0.6])


def test_a_moment_at_the_beginning_is_how_it_begins() -> None:
    found = read_toml("[[at]]\ntime = 0\nemotion = 'sad'\n[[at]]\ntime = 1\nemotion = {}\n")
    assert found.emotion.keys == (Key(0.0, emotion(sad=1.0), 0.0), Key(1.0, emotion(), 0.6))


def test_constants_alone_are_a_file() -> None:
    assert read_toml('head = "still"\ngaze = [10, -5]\nmotion = "50%"\nsize = [640, 480]\n') == direct(
        head="still", gaze=(10, -5), motion=0.5, size="640x480"
    )
    assert read_toml("") == Direction()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (WISH.replace("sad", "sadd"), "wish.toml, line 8: unknown emotion 'sadd'. Did you mean 'sad'?"),
        (WISH.replace("seed", "sed"), "wish.toml, line 2: unknown key 'sed'. Did you mean 'seed'"),
        (WISH.replace("over", "ower"), "wish.toml, line 9: unknown key 'ower'. Did you mean 'over'?"),
        (WISH + "fps = 30\n", "line 16: unknown key 'fps'."),
        (WISH + "fps = 30\n", "(it cannot change over time; set it at the top of the file)"),
        (WISH.replace("time = 2", 'time = "soon"'), "wish.toml, line 12: time is a time such as 4.5 or '1:02.5', not 'soon'"),
        (WISH.replace("time = 2", 'time = "1:75"'), "wish.toml, line 12: time is a time such as"),
        (WISH.replace("time = 2", "time = -1"), "wish.toml, line 12: time goes from 0 to 24 hours, not -1"),
        (WISH.replace("over = 1.5", "over = -1"), "wish.toml, line 9: over (seconds) goes from 0 to 600, not -1"),
        (WISH.replace("[10, 0, 0]", "[10, 0]"), "wish.toml, line 14: head is still"),
        (WISH.replace("1.2", "12"), "wish.toml, line 15: lips goes from 0 to 2, not 12"),
        (WISH.replace("blink = 12", "blink = 99"), "wish.toml, line 3: blink"),
        ("seed = \n", "wish.toml is not valid TOML: Invalid value (at line 1, column 8)"),
        ("seed = 1\nseed = 2\n", "wish.toml is not valid TOML: Cannot overwrite a value (at line 2, column 9)"),
        ("[[at]]\ntime = 3\n", "wish.toml, line 1: this [[at]] changes nothing; it can change emotion, eyes, mouth, head"),
        ("\n[[at]]\nemotion = 'sad'\n", "wish.toml, line 2: this [[at]] has no time; add time = SECONDS"),
        ("at = 3\n", "wish.toml, line 1: write each moment as a table under [[at]]"),
        ("[at]\ntime = 3\n", "wish.toml, line 1: write each moment as a table under [[at]]"),
    ],
)
def test_wrong_files_are_explained(text: str, message: str) -> None:
    with pytest.raises(DirectionError) as error:
        read_toml(text, "wish.toml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DirectionError, match="is not a text file in UTF-8"):
        direct(tmp_path / "a.toml")
    with pytest.raises(DirectionError, match="cannot read the direction file"):
        direct(tmp_path)


@pytest.mark.parametrize(("written", "seconds"), [("4", 4.0), ("4.5", 4.5), ('"4.5"', 4.5), ('"1:02.5"', 62.5), ('"1:00:02"', 3602.0)])
def test_times_are_read(written: str, seconds: float) -> None:
    assert read_toml(f"[[at]]\ntime = {written}\nlips = 0\n").lips.keys[-1].at == seconds


def test_tags_are_taken_out_of_a_script() -> None:
    script = read_script("[sad 0.6] I lost it. [happy] But then [look left] arr[[0] [pause 0.5] yes.")
    assert script.text == "I lost it. But then arr[0] yes."
    assert [script.text[at:].split(" ")[0] for at in script.positions] == ["I", "But", "arr[0]"]
    assert script.pauses == ((27, 0.5),)
    assert script.text[27:] == "yes."


def test_tags_inside_words_and_at_the_end_keep_the_text() -> None:
    assert read_script("un[happy]believable[sad]").text == "unbelievable"
    assert read_script("one [sad]\ntwo").text == "one \ntwo"
    assert read_script("plain ] text").text == "plain ] text"


def test_marks_become_keys_at_their_times() -> None:
    script = read_script("One [happy 0.5 surprised 0.3 over 2] two [look 10 -5] three [head down] four [lips 0.5][motion 2] five")
    found = place(script, [1.0, 2.0, 3.0, 4.0, 4.0])
    assert found.emotion.keys == (Key(0.0, emotion(), 0.0), Key(1.0, emotion(happy=0.5, surprised=0.3), 2.0))
    assert found.gaze.keys[1:] == (Key(2.0, (10.0, -5.0), 0.1),)
    assert found.head.keys[1:] == (Key(3.0, (0.0, 9.0, 0.0), 0.6),)
    assert found.lips.keys[1:] == (Key(4.0, (0.5,), 0.6),)
    assert found.motion == Curve(AMOUNT, (Key(0.0, (1.0,), 0.0), Key(4.0, (2.0,), 0.6)))


def test_before_the_first_tag_the_emotion_from_elsewhere_holds() -> None:
    found = place(read_script("One [sad] two [neutral] three"), [1.5, 2.5], direct("happy=0.8", seed=7))
    assert [key.value for key in found.emotion.keys] == [emotion(happy=0.8), emotion(sad=1.0), emotion(neutral=1.0)]
    assert found.seed == 7


def test_a_tag_before_the_first_word_holds_from_the_beginning() -> None:
    found = place(read_script("[sad 0.6] I lost it."), [0.2], direct("happy"))
    assert found.emotion == Curve(EMOTION, (Key(0.0, emotion(sad=0.6), 0.0),))


def test_gestures_come_back_to_where_the_head_was() -> None:
    found = place(read_script("[nod] yes [head right] and [shake] no"), [0.2, 1.1, 2.0], direct(head=(0, 0, 5)))
    values = found.head.at([0.0, 0.45, 1.05, 1.9, 2.2, 4.0])
    assert values[0].tolist() == values[2].tolist() == [0, 0, 5]
    assert values[1][1] > 7
    assert values[3].tolist() == values[5].tolist() == [14, 0, 0]
    assert values[4][0] < 7


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("Oh [sadd 1] no", "the tag at character 4, [sadd 1]: unknown emotion 'sadd'. Did you mean 'sad'?"),
        ("[anger] x", "unknown emotion 'anger'. Did you mean 'angry'?"),
        ("[lok left] x", "unknown tag 'lok'. Did you mean 'look'"),
        ("[1] x", "Write [[ for a bracket that is not a tag."),
        ("see [", "the tag at character 5 has no ']'"),
        ("[]x", "it is empty; known: neutral, angry"),
        ("[look] x", "where to? as in [look left]; known: camera, left, right, up, down"),
        ("[look lft] x", "unknown gaze 'lft'. Did you mean 'left'?"),
        ("[pause] x", "a pause needs its seconds, as in [pause 0.5]"),
        ("[pause 99] x", "pause (seconds) goes from 0 to 60, not 99"),
        ("[happy 3] x", "the intensity of 'happy' goes from 0 to 1.5, not 3"),
        ("[happy over 700] x", "over (seconds) goes from 0 to 600"),
        ("[nod 3] x", "nod takes nothing more; write [nod]"),
        ("[lips] x", "lips needs one amount, as in [lips 1.2]"),
        ("[motion 9] x", "motion goes from 0 to 2, not 9"),
    ],
)
def test_wrong_tags_are_explained(written: str, message: str) -> None:
    with pytest.raises(DirectionError) as error:
        read_script(written)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(alphabet="ab [ ]\n", max_size=30))
def test_escaped_text_comes_back(text: str) -> None:
    assert read_script(text.replace("[", "[[")).text == text


@given(st.text(alphabet="sad [0].look\n", max_size=30))
def test_any_script_is_read_or_explained(text: str) -> None:
    try:
        script = read_script(text)
    except DirectionError as error:
        assert str(error)
    else:
        assert all(0 <= at <= len(script.text) for at in script.positions)


def test_the_voice_and_the_tags_share_one_clock() -> None:
    speech, direction = perform("I lost it. [happy 0.7] But then we laughed.")
    but = next(word for word in speech.words if word.text == "But")
    assert direction.emotion.keys[1] == Key(pytest.approx(but.start, abs=0.02), emotion(happy=0.7), 0.6)


def test_a_pause_lasts_as_long_as_it_says() -> None:
    speech, direction = perform("Wait. [pause 1.5] [sad] Now.")
    first, second = speech.words
    assert second.start - first.end == pytest.approx(1.5, abs=0.15)
    assert direction.emotion.keys[1].at == pytest.approx(second.start, abs=0.02)
    assert speech.text == "Wait. Now."
    quiet = speech.samples[0][round((first.end + 0.2) * speech.rate) : round((second.start - 0.2) * speech.rate)]
    assert np.abs(quiet).max() < 0.01
    assert [phone.start for phone in speech.phones] == sorted(phone.start for phone in speech.phones)
    assert speech.phones[-1].end <= speech.seconds


@pytest.mark.parametrize("written", ["[pause 0.5] Hi.", "Hi. [pause 0.5]", "[pause 0.3][happy] Hi [pause 0.2][pause 0.2] you. [sad]"])
def test_pauses_stand_anywhere(written: str) -> None:
    plain, _ = perform("Hi.")
    speech, direction = perform(written, base=direct("fear"))
    assert speech.seconds > plain.seconds + 0.05
    assert all(key.at <= speech.seconds for key in direction.emotion.keys)
    assert speech.samples.shape == (1, len(speech))


def test_a_script_of_tags_alone_says_nothing() -> None:
    with pytest.raises(DirectionError, match="the script has tags but no words"):
        perform("[happy] [pause 1]")
