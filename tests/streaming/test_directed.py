"""A session whose wishes change while it runs equals the performance that was keyframed before; interrupted, its mouth comes to rest."""

from fractions import Fraction
from itertools import takewhile

import numpy as np
import pytest

from thespis import recipes
from thespis.direction.parse import direct
from thespis.direction.script import read_toml
from thespis.errors import DirectionError
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.talker import Session, Talker, along
from thespis.types import AMOUNT, EMOTION, FRAMES, Curve, Direction, Key, Portrait, Speech

pytestmark = pytest.mark.streaming

MOUTH = ("jawOpen", "mouthPucker", "mouthFunnel", "mouthStretchLeft", "mouthUpperUpLeft", "mouthLowerDownLeft")


@pytest.fixture(scope="module")
def actor() -> Talker:
    """The default recipe without its renderer."""
    whole = recipes.load("thespis", "live")
    return Talker(*takewhile(lambda stage: stage.gives != FRAMES, whole.stages), name="thespis", card=whole.card)


@pytest.fixture(scope="module")
def speech() -> Speech:
    return say("Every frame you see is made while the sound is still arriving, and it never waits for the end of a sentence.")


def performed(session: Session) -> np.ndarray:
    return np.concatenate([clip.motion.values for clip in session if clip.motion is not None])


def test_a_wish_that_changes_on_the_way_equals_a_keyframe(actor: Talker, speech: Speech, nobody: Portrait) -> None:
    whole = read_toml('emotion = "happy=0.7"\n[[at]]\ntime = 2\nemotion = "sad=0.9"\nlips = 1.4\nhead = [10, 0, 0]\nover = 0.5\n')
    offline = actor(speech, nobody, whole).motion
    session = actor.start(nobody, direct("happy=0.7"), rate=speech.rate)
    rows = []
    for first in range(0, len(speech), 3001):
        if first <= 2 * speech.rate < first + 3001:
            session.direct(direct("sad=0.9", lips=1.4, head=(10, 0, 0)), at=2.0, over=0.5)
        session.push(speech.cut(first, first + 3001))
        rows += [clip.motion.values for clip in session if clip.motion is not None]
    session.close()
    rows.append(performed(session))
    assert offline is not None
    # Only where the head begins to be asked for a turn does a keyframed one know of it before.
    np.testing.assert_array_equal(np.concatenate(rows)[:, : FACE.column("jawOpen")], offline.values[:, : FACE.column("jawOpen")])
    np.testing.assert_allclose(np.concatenate(rows), offline.values, atol=1e-6)


def test_what_was_made_does_not_change_and_the_next_frame_does(actor: Talker, speech: Speech, nobody: Portrait) -> None:
    runs = []
    for changed in (False, True):
        session = actor.start(nobody, rate=speech.rate)
        session.push(speech.cut(0, 2 * speech.rate))
        rows = performed(session)
        if changed:
            session.direct(direct("surprised"), over=0.1)
        session.push(speech.cut(2 * speech.rate, len(speech)))
        session.close()
        runs.append((len(rows), np.concatenate([rows, performed(session)])))
    made, before, after = runs[0][0], runs[0][1], runs[1][1]
    np.testing.assert_array_equal(before[:made], after[:made])
    brow = FACE.column("browInnerUp")
    assert (after[made + 4 :, brow] - before[made + 4 :, brow]).min() > 0.5


def test_a_wish_that_ends_leaves_nothing_behind(actor: Talker, speech: Speech, nobody: Portrait) -> None:
    session = actor.start(nobody, direct(Direction(), head=(5, 0, 0), gaze="left", lips=0.5), rate=speech.rate)
    for first in range(0, len(speech), speech.rate // 4):
        session.push(speech.cut(first, first + speech.rate // 4))
        assert list(session) or not first
        session.direct(direct("happy"), also=("gaze", "lips", "head"), over=0.05)
    assert session.wish.gaze is None
    assert session.wish.lips.at(session.pushed + 1)[0, 0] == 1.0
    assert not session.wish.head.at(session.pushed + 1).any()
    assert max(len(curve.keys) for curve in (session.wish.emotion, session.wish.lips, session.wish.head)) <= 3


def test_only_what_can_change_changes(actor: Talker, speech: Speech, nobody: Portrait) -> None:
    session = actor.start(nobody, rate=speech.rate)
    with pytest.raises(DirectionError, match="seed, size cannot change in a running session"):
        session.direct(direct(Direction(), size=64, seed=3))


def test_an_interrupted_mouth_comes_to_rest_within_300_ms(actor: Talker, nobody: Portrait) -> None:
    speech = say("Aah aah aah aah aah aah aah aah aah aah, and so on, and so on, oh oh oh oh oh.")
    columns = [FACE.column(name) for name in MOUTH]
    session = actor.start(nobody, rate=speech.rate)
    session.push(speech.cut(0, 2 * speech.rate))
    before = performed(session)
    session.push(speech.cut(2 * speech.rate, len(speech)))
    assert session.interrupt() > 0
    silence = np.zeros(speech.rate, np.float32)
    session.push(silence)
    after = performed(session)
    assert before[-25:, columns].max() > 0.2
    rest = after[int(Fraction(25) * 3 / 10) :, columns]
    assert rest.max() < 0.06, "the mouth goes on speaking"
    again = say("Aah aah aah.")
    session.push(again)
    session.close()
    assert performed(session)[:, columns].max() > 0.2, "it can speak again"


def test_curves_one_after_the_other() -> None:
    now = Curve.constant(EMOTION, happy=1.0)
    later = Curve(EMOTION, (Key(0.0, (0.0,) * 8), Key(1.0, (0.5,) * 8, 0.2)))
    joined = along(now, later, 3.0, 0.4, 0.0)
    assert joined.at([2.99, 3.4, 4.2])[:, 5] == pytest.approx([1.0, 0.0, 0.5])
    assert len(along(joined, Curve.constant(EMOTION, sad=1.0), 9.0, 0.4, 8.0).keys) == 2
    assert along(Curve.constant(AMOUNT, amount=1.0), Curve.constant(AMOUNT, amount=0.0), 0.0, 0.1, 0.0).at(0.2)[0, 0] == 0.0
