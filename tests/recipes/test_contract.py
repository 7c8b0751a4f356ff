"""Every recipe keeps the same contract; there is no list of exceptions."""

import atexit
import re
from dataclasses import fields, replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from fitted import write_fitted
from skimage.data import astronaut

from thespis import recipes
from thespis.direction.fields import FIELDS
from thespis.direction.parse import direct
from thespis.errors import DirectionError, ThespisError
from thespis.speech.say import say
from thespis.talker import Talker
from thespis.types import Clip, Direction, Portrait, Speech, frame_count

pytestmark = pytest.mark.recipes

NAMES = recipes.names()


@cache
def portrait() -> Portrait:
    """Somebody whom every recipe can draw: a photograph, which a fitted person goes with."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Portrait((astronaut(),), name="the astronaut", fitted=write_fitted(Path(folder.name)))


WISHES: dict[str, Any] = {
    "emotion": "happy=0.9",
    "eyes": "sad",
    "mouth": "happy",
    "head": (8, 4, 0),
    "gaze": "left",
    "blink": 60,
    "motion_blur": 1.0,
    "lips": 0.3,
    "motion": 0.2,
    "listening": 1.0,
    "words": {"0.3-0.9": 0.2},
    "style": "lively",
    "prompt": "in a garden",
    "guidance": {"audio": 3.0},
    "seed": 11,
    "fps": 30,
    "size": (96, 64),
    "crop": "picture",
    "others": "alive",
    "background": "#205080",
}
"""A wish for each field that every recipe which accepts it must show within the first two seconds."""


@cache
def talker(name: str) -> Talker:
    return recipes.load(name, size="tiny")


@cache
def spoken() -> Speech:
    """Made-up speech: the built-in voice, made longer than any test needs."""
    return say("My mother found a warm blue boat; we all hope you leave before five.")


def speech(seconds: float, *, known: bool = True) -> Speech:
    """The first seconds of it, with or without the phones."""
    cut = spoken().cut(0, round(seconds * spoken().rate))
    return cut if known else replace(cut, phones=None, words=None, text=None)


@cache
def clip(name: str, seconds: float = 1.0, known: bool = True, wish: str | None = None) -> Clip:
    """What a recipe makes with one wish, or with none."""
    return talker(name)(speech(seconds, known=known), portrait(), direct(**({wish: WISHES[wish]} if wish else {})))


def same(one: Clip, other: Clip) -> bool:
    """Whether frames and motion are equal bit by bit."""
    if (one.frames is None) != (other.frames is None) or (one.motion is None) != (other.motion is None):
        return False
    frames = one.frames is None or (one.frames.fps == other.frames.fps and np.array_equal(one.frames.images, other.frames.images))
    motion = one.motion is None or (one.motion.fps == other.motion.fps and np.array_equal(one.motion.values, other.motion.values))
    return frames and motion


def test_there_are_recipes() -> None:
    assert "thespis" in NAMES


def test_every_field_of_a_direction_has_a_wish() -> None:
    assert set(WISHES) == set(FIELDS) == {field.name for field in fields(Direction)}


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_one_second_gives_the_right_number_of_finite_rows(name: str, known: bool) -> None:
    made, said = clip(name, known=known), speech(1.0)
    assert made.frames is not None or made.motion is not None
    if made.frames is not None:
        assert len(made.frames) == frame_count(len(said), said.rate, made.frames.fps) == round(made.frames.fps)
        assert made.frames.fps == recipes.card(name).fps
        assert made.frames.images.std() > 5  # a picture, not a blank
    if made.motion is not None:
        assert len(made.motion) == frame_count(len(said), said.rate, made.motion.fps)
        assert np.isfinite(made.motion.values).all()
    moved = made.frames.images if made.frames is not None else made.motion.values
    assert any(not np.array_equal(moved[0], row) for row in moved[1:])


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_frames(name: str) -> None:
    assert same(clip(name), talker(name)(speech(1.0), portrait()))
    assert same(clip(name), recipes.load(name, size="tiny")(speech(1.0), portrait(), Direction()))


@pytest.mark.parametrize("pieces", [(1, 7, 997, 0, 4000, 12345), (882,) * 40])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_streamed_equals_offline(name: str, known: bool, pieces: tuple[int, ...]) -> None:
    said = speech(1.0, known=known)
    session = talker(name).start(portrait(), rate=said.rate)
    made: list[Clip] = []
    at = 0
    for piece in pieces:
        session.push(said.cut(at, at + piece))
        at = min(at + piece, len(said))
        made += session
    session.push(said.cut(at, len(said)))
    session.close()
    made += session
    frames = [part.frames.images for part in made if part.frames is not None]
    motion = [part.motion.values for part in made if part.motion is not None]
    whole = clip(name, known=known)
    if whole.frames is not None:
        assert np.array_equal(np.concatenate(frames), whole.frames.images)
    if whole.motion is not None:
        assert np.array_equal(np.concatenate(motion), whole.motion.values)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_said_gives_nothing(name: str) -> None:
    made = talker(name)(Speech(np.zeros((1, 0), np.float32), 16000), portrait())
    assert made.frames is None or len(made.frames) == 0
    assert made.motion is None or len(made.motion) == 0


@pytest.mark.parametrize("wish", FIELDS)
@pytest.mark.parametrize("name", NAMES)
def test_each_accepted_wish_changes_the_output_and_each_other_one_is_refused(name: str, wish: str) -> None:
    if wish in recipes.card(name).accepts:
        assert not same(clip(name, 2.0), clip(name, 2.0, wish=wish))
    else:
        with pytest.raises(DirectionError, match=rf"the recipe '{name}' cannot follow {wish}; it accepts"):
            clip(name, 2.0, wish=wish)


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_and_the_size_are_what_was_asked(name: str) -> None:
    accepts = recipes.card(name).accepts
    if "fps" in accepts:
        made = clip(name, 2.0, wish="fps")
        track = made.frames if made.frames is not None else made.motion
        assert (track.fps, len(track)) == (Fraction(30), 60)
    if "size" in accepts:
        assert clip(name, 2.0, wish="size").frames.images.shape[1:] == (64, 96, 3)
    assert accepts <= set(FIELDS)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_is_complete(name: str) -> None:
    card = recipes.card(name)
    assert card.title
    assert 20 <= len(card.summary) <= 120
    assert not card.summary.endswith(".")
    assert card.fps > 0
    assert card.licence
    assert card.claim is None or all((card.claim.sentence, card.claim.metric, card.claim.mechanism))
    assert card.status == "own" or (card.paper and card.year)
    assert bool(card.code) == bool(card.code_licence)
    for weight in card.weights:
        assert re.fullmatch(r"[0-9a-f]{64}", weight.sha256)
        assert all((weight.name, weight.file, weight.licence, weight.source, weight.made_by))
        assert weight.commercial or not card.commercial


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_is_short_and_has_no_loops(name: str) -> None:
    text = recipes.path_of(name).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert not re.search(r"^\s*(for|while) ", text, re.MULTILINE)


def test_an_unknown_recipe_gets_the_near_name() -> None:
    with pytest.raises(ThespisError, match=r"unknown recipe 'thespi'. Did you mean 'thespis'?"):
        recipes.load("thespi")


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_size_names_those_that_are_known(name: str) -> None:
    with pytest.raises(ThespisError, match=r"unknown size .* 'tinny'.* Did you mean 'tiny'\?"):
        recipes.load(name, size="tinny")
