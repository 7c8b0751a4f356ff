"""Every stage of motion gives the same bits however its input is cut, and later input never changes earlier output."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up import NOBODY, articulation, cuttings, offline, same, streamed

from thespis import recipes
from thespis.direction.parse import direct
from thespis.features.spaces import ARTICULATION
from thespis.motion.acted import Play
from thespis.motion.actor import Act
from thespis.motion.blink import Blink
from thespis.motion.emphasis import Emphasise
from thespis.motion.feeling import Feeling
from thespis.motion.gaze import Gaze
from thespis.motion.head import Head
from thespis.motion.lips import Lips
from thespis.motion.retime import Retime
from thespis.motion.spaces.face import FACE
from thespis.stages import Both, Chain, Stage
from thespis.types import EMOTION, Curve, Direction, Key, Track
from thespis.weights import find_all

pytestmark = pytest.mark.streaming

VOICE = articulation(6.0)
RETIMED = offline(Retime(ARTICULATION), VOICE)
SPOKEN = offline(Lips(), RETIMED)
MIXED = Curve(EMOTION, (Key(0.0, (0.0,) * 8), Key(1.0, tuple(0.1 * n for n in range(8))), Key(3.3, (0.0, 1.2, *(0.0,) * 6), 1.0)))
WORDS = "0.4-1.2=1.8, 2-2.5=0.3, 2.4-3=stronger held 0.6, 4-6=held"
DIRECTIONS = {
    "natural": Direction(),
    "directed": direct(emotion=MIXED, lips=1.3, motion=0.7, head=(5, -3, 0), gaze="left", blink=40, seed=8, words=WORDS),
}
WEIGHTS = find_all(recipes.card("thespis").weights)["acting"]
ACT = Act(WEIGHTS)
STAGES: dict[str, tuple[Stage, Track]] = {
    "retime": (Retime(ARTICULATION), VOICE),
    "retime to 29.97": (Retime(ARTICULATION, fps=Fraction(30000, 1001)), VOICE),
    "retime to 12.5": (Retime(ARTICULATION, fps=Fraction(25, 2)), VOICE),
    "retime to more": (Retime(ARTICULATION, fps=240), VOICE.cut(0, 120)),
    "lips": (Lips(), RETIMED),
    "feeling": (Feeling(), SPOKEN),
    "emphasise": (Emphasise(), SPOKEN),
    "blink": (Blink(), SPOKEN),
    "gaze": (Gaze(), RETIMED),
    "head": (Head(), RETIMED),
    "act": (ACT, VOICE.cut(0, 250)),
    "act at once at 30": (Act(WEIGHTS, fps=30, wait=False), VOICE.cut(0, 200)),
    "play": (Chain(Both(Retime(ARTICULATION), ACT), Play()), VOICE.cut(0, 200)),
    "all": (Chain(Retime(ARTICULATION), Both([Lips(), Emphasise(), Feeling(), Blink()], Head(), Gaze(), gives=FACE)), VOICE),
}
WHOLE = {(name, wish): offline(stage, track, DIRECTIONS[wish]) for name, (stage, track) in STAGES.items() for wish in DIRECTIONS}


@pytest.mark.parametrize("wish", DIRECTIONS)
@pytest.mark.parametrize("name", STAGES)
@settings(max_examples=12)
@given(data=st.data(), late_end=st.booleans())
def test_streamed_equals_offline(name: str, wish: str, data: st.DataObject, late_end: bool) -> None:
    stage, track = STAGES[name]
    cuts = data.draw(cuttings(len(track)))
    assert same(streamed(stage, track, cuts, DIRECTIONS[wish], late_end=late_end), WHOLE[name, wish])


@pytest.mark.parametrize("name", STAGES)
def test_row_by_row_equals_offline(name: str) -> None:
    stage, track = STAGES[name]
    short = track.cut(0, 90)
    assert same(streamed(stage, short, list(range(90)), DIRECTIONS["directed"]), offline(stage, short, DIRECTIONS["directed"]))


@pytest.mark.parametrize("name", STAGES)
@settings(max_examples=8)
@given(data=st.data())
def test_later_input_never_changes_earlier_output(name: str, data: st.DataObject) -> None:
    stage, track = STAGES[name]
    known = data.draw(st.integers(0, len(track)))
    early = stage.step(stage.start(NOBODY, DIRECTIONS["directed"]), track.cut(0, known), False)
    other = offline(stage, Track(track.space, 1.0 - track.values, track.fps), DIRECTIONS["directed"])
    mixed = Track(track.space, track.values.copy(), track.fps)
    mixed.values[known:] = (1.0 - track.values)[known:]
    assert same(offline(stage, mixed, DIRECTIONS["directed"]).cut(0, early.stop), early)
    assert same(WHOLE[name, "directed"].cut(0, early.stop), early)
    assert not same(other, WHOLE[name, "directed"]) or name == "blink"


@pytest.mark.parametrize("name", STAGES)
def test_it_answers_as_soon_as_its_delay_says(name: str) -> None:
    stage, track = STAGES[name]
    state = stage.start(NOBODY, Direction())
    made = stage.step(state, track.cut(0, 100), False)
    known = Fraction(100) / track.fps
    assert made.stop / made.fps >= known - stage.delay - 1 / made.fps - 1 / track.fps


@pytest.mark.parametrize("name", STAGES)
@pytest.mark.parametrize("rows", [0, 1, 2, 5])
def test_short_input_is_covered(name: str, rows: int) -> None:
    stage, track = STAGES[name]
    made = offline(stage, track.cut(0, rows))
    assert len(made) == -(-rows * made.fps // track.fps)
