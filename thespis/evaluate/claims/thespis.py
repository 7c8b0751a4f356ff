"""The claim of the recipe `thespis`: the linear dial. Without it an emotion is only named, and always shown at its full strength.

Each seed is a made-up person of the test split, drawn at rest as a portrait, who says one sentence with every emotion at every level. The
emotion judge, trained on other people, reads from pictures of the result how much of the emotion is there.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from thespis import recipes
from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.data.stage import person_of
from thespis.evaluate.claim import Trial
from thespis.evaluate.judge import judge, seen_in
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.stages import Chain
from thespis.types import EMOTION, Curve, Direction, Frames, Portrait, Track, random_for

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
EMOTIONS = EMOTION.names[1:]
LOOKED_AT = 4  # frames of each clip
SIZE = 256
TEXT = "I will tell you what I saw this morning."


def portrait_of(seed: int) -> Portrait:
    """Draw the portrait of a made-up person at rest, whom no training has seen."""
    person = person_of(seed, "test", "plain", seed)
    place = replace(setting(seed, seed, plain=True), wide=3.6, turn=0.0)
    actor = Actor(look(seed, person))
    rest = Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25))
    return Portrait((actor.film(rest, place, SIZE, actor.lit(place)).frames.images[0],), name=f"made-up person {person}")


def claim(trial: Trial) -> float:
    """Correlate (Spearman) asked and shown intensity, the mean over seven emotions, for one made-up person."""
    talker = recipes.load("thespis")
    portrait = portrait_of(trial.seed)
    speech = say(TEXT, "en-us+f5")
    hear, *acting, renderer = talker.stages
    act = Chain(*acting)
    state = renderer.start(portrait, Direction(size=(SIZE, SIZE)))
    heard = hear.step(hear.start(portrait, Direction()), speech, True)  # which does not depend on what is felt
    found = []
    for emotion in EMOTIONS:
        shown = []
        for number, level in enumerate(LEVELS):
            asked = level if trial.mechanism else 1.0
            seed = int(random_for(trial.seed, f"{emotion} {number}").integers(1 << 31))
            wish = Direction(emotion=Curve.constant(EMOTION, **{emotion: asked}), seed=seed)
            motion = act.step(act.start(portrait, wish), heard, True)
            assert isinstance(motion, Track)
            rows = np.linspace(2, len(motion) - 3, LOOKED_AT).astype(int)
            frames = renderer.step(state, Track(FACE, motion.values[rows], motion.fps), True)
            assert isinstance(frames, Frames)
            shown.append(float(judge(seen_in(frames)).amounts[EMOTION.column(emotion)]))
        found.append(spearman(np.array(LEVELS), np.array(shown)))
    trial.tell("shown with asked, by emotion: " + ", ".join(f"{name} {value:.2f}" for name, value in zip(EMOTIONS, found, strict=True)))
    return float(np.mean(found))


def spearman(one: np.ndarray[tuple[int], np.dtype[np.float64]], other: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Correlate the ranks of two series (n,)."""
    first, second = (np.argsort(np.argsort(series, kind="stable"), kind="stable").astype(np.float64) for series in (one, other))
    return float(np.corrcoef(first, second)[0, 1])
