"""Lips that say single words more strongly, more weakly or held: only there, with closures that stay closed, live as offline."""

from fractions import Fraction
from functools import cache
from itertools import takewhile

import numpy as np
import pytest
from made_up import NOBODY, offline

from thespis import recipes
from thespis.direction.parse import direct
from thespis.motion.emphasis import CHANGE, LEAD, Emphasise
from thespis.motion.spaces.face import EXPRESSION
from thespis.speech.say import say
from thespis.talker import Talker
from thespis.types import FRAMES, Direction, Speech, Track

pytestmark = pytest.mark.unit

FPS = Fraction(50)


def mouth(rows: int, **channels: np.ndarray | float) -> Track:
    """A mouth that is still but for some channels."""
    return Track(EXPRESSION, np.zeros((rows, EXPRESSION.size), np.float32), FPS).replace(
        **{name: np.broadcast_to(np.float32(values), rows) for name, values in channels.items()}
    )


def opening(track: Track) -> np.ndarray:
    return track["jawOpen"] - track["mouthClose"]


def test_a_word_is_scaled_and_nothing_else_is() -> None:
    plain = mouth(200, jawOpen=0.3, mouthClose=0.03, mouthStretchLeft=0.2, mouthPressLeft=0.4, browInnerUp=0.5, eyeBlinkLeft=0.3)
    made = offline(Emphasise(), plain, direct(words="1.5-2.5=1.5"))
    at = made.seconds
    word, away = (at > 1.55) & (at < 2.35), (at < 1.5 - LEAD - 0.07) | (at > 2.5)
    assert np.allclose(made["jawOpen"][word], 0.45) and np.allclose(made["mouthStretchLeft"][word], 0.3)
    assert np.allclose(made["mouthClose"][word], 0.045) and np.allclose(made["mouthPressLeft"][word], 0.4)
    assert np.array_equal(made.values[away], plain.values[away])
    assert np.array_equal(made["browInnerUp"], plain["browInnerUp"]) and np.array_equal(made["eyeBlinkLeft"], plain["eyeBlinkLeft"])
    assert np.abs(np.diff(made["jawOpen"])).max() < 0.06
    weak = offline(Emphasise(), plain, direct(words="1.5-2.5=0"))
    assert np.abs(weak["jawOpen"][word]).max() < 1e-6 and np.abs(weak["mouthPressLeft"][word]).max() < 1e-6


@pytest.mark.parametrize("wish", ["0.2-3.8=2", "0.2-3.8=0.3", "0.2-3.8=2 held 1"])
def test_closures_close_at_any_strength_and_weights_stay_weights(wish: str) -> None:
    closed = np.clip(np.sin(np.arange(200) / 9), 0, 1)
    made = offline(
        Emphasise(), mouth(200, jawOpen=0.6 - 0.5 * closed, mouthClose=(0.6 - 0.5 * closed) * (closed > 0.9)), direct(words=wish)
    )
    assert np.abs(opening(made)[closed > 0.9]).max() < 0.01
    assert made.values.min() >= 0.0 and made.values.max() <= 1.0


def test_a_held_mouth_stays_open_and_lets_go() -> None:
    """Opens in a word from 1 to 1.5 s and would close by itself."""
    at = np.arange(200) / 50
    plain = mouth(200, jawOpen=0.5 * np.exp(-(((at - 1.25) / 0.1) ** 2)), mouthFunnel=0.2 * np.exp(-(((at - 1.25) / 0.1) ** 2)))
    made = offline(Emphasise(), plain, direct(words="1-1.5=held 0.6"))
    stays = (at > 1.25) & (at < 2.09)
    assert made["jawOpen"][stays].min() > 0.4 and made["mouthFunnel"][stays].min() > 0.16
    assert np.array_equal(made.values[at > 2.31], plain.values[at > 2.31])
    assert np.array_equal(made.values[at < 1.25], plain.values[at < 1.25])
    assert np.abs(np.diff(made["jawOpen"])).max() <= np.abs(np.diff(plain["jawOpen"])).max() + 1e-6
    assert np.array_equal(offline(Emphasise(), mouth(200), direct(words="1-1.5=held")).values, mouth(200).values)


@cache
def talker() -> Talker:
    """The default recipe without its renderer."""
    whole = recipes.load("thespis", size="tiny")
    return Talker(*takewhile(lambda stage: stage.gives != FRAMES, whole.stages), name="thespis", card=whole.card)


@cache
def spoken() -> Speech:
    return say("We never ever leave the warm boat, never.")


def motion(wish: Direction) -> Track:
    made = talker()(spoken(), NOBODY, wish).motion
    assert made is not None
    return made


@pytest.mark.parametrize("pieces", [882, 17000])
@pytest.mark.parametrize("phones", [True, False])
def test_words_of_a_live_stream_are_followed_as_offline(pieces: int, phones: bool) -> None:
    said = spoken() if phones else Speech(spoken().samples, spoken().rate, words=spoken().words)
    wish = direct(words="never=1.8, never#2=held 0.2, boat=0.1, 0-0.1=0.5")
    whole = talker()(said, NOBODY, wish).motion
    session = talker().start(NOBODY, wish, rate=said.rate)
    made = []
    for first in range(0, len(said), pieces):
        session.push(said.cut(first, first + pieces))
        made += [clip.motion.values for clip in session if clip.motion is not None]
    session.close()
    made += [clip.motion.values for clip in session if clip.motion is not None]
    assert whole is not None and np.array_equal(np.concatenate(made), whole.values)
    plain = talker()(said, NOBODY).motion
    assert plain is not None
    stronger, weaker = ([(word.start, word.end) for word in said.words or () if word.text == name] for name in ("never", "boat"))
    at = whole.seconds
    for spans, sign in ((stronger, 1), (weaker, -1)):
        for start, end in spans:
            inside = (at > start) & (at < end - LEAD - CHANGE / 2)  # from there on the strength lets go
            assert sign * (opening(whole)[inside].max() - opening(plain)[inside].max()) > 0.05


def test_two_sessions_do_not_hear_each_other() -> None:
    wish = direct(words="never=1.8")
    once = motion(wish)
    assert np.array_equal(motion(wish).values, once.values)
    assert wish.words.heard == []
