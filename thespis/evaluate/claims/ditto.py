"""The claim of the recipe `ditto`: windows of motion go on from each other because each is told the frame before it.

The built-in voice says a long sentence. Its motion is made in windows that share no frames, so that nothing blends them, with the slot
for the frame before and without (in one training window of ten it is empty, so that the network knows an empty one). What is measured
is how fast keypoints move from the last frame of one window to the first of the next, beside how fast they move within windows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from thespis import recipes
from thespis.evaluate.claim import Trial
from thespis.motion.liveportrait import keypoints_of
from thespis.motion.networks.ditto import Ditto
from thespis.speech.say import say
from thespis.stages import Stage, Windowed
from thespis.types import Array, Direction, Portrait, Track

TEXT = (
    "When the sunlight strikes raindrops in the air, they act as a prism and form a rainbow. The rainbow is a division of white light into "
    "many beautiful colours. People look, but no one ever finds the end of it, and so they go on looking for it all of their lives."
)
VOICES = ("en-us", "en-us+f5", "en-gb+m3", "en-us+m7")


def claim(trial: Trial) -> float:
    """Divide the mean speed of keypoints across seams by that within windows, for one voice and seed."""
    talker = recipes.load("ditto", "tiny")
    nobody = Portrait((np.zeros((1, 1, 3), np.uint8),))
    wish = Direction(seed=trial.seed)
    place = next(number for number, stage in enumerate(talker.stages) if isinstance(stage, Windowed))
    told = run(talker.stages[:place], nobody, wish, say(TEXT, VOICES[trial.seed % len(VOICES)]))
    known = talker.stages[place]
    assert isinstance(known, Windowed) and isinstance(known.network, Ditto)
    network = Ditto(known.network.denoiser, slot=trial.mechanism)
    frames = network.denoiser.frames
    made = run([Windowed(network, hop=frames, history=1)], nobody, wish, told)
    assert isinstance(made, Track)
    moved: Array = np.linalg.norm(np.diff(keypoints_of(made), axis=0), axis=2).mean(axis=1)
    seams = np.arange(len(moved)) % frames == frames - 1
    trial.tell(f"{int(seams.sum())} seams")
    return float(moved[seams].mean() / moved[~seams].mean())


def run(stages: Sequence[Stage], portrait: Portrait, direction: Direction, given: Any) -> Any:  # noqa: ANN401
    """Pass everything through stages at once."""
    for stage in stages:
        given = stage.step(stage.start(portrait, direction), given, True)
    return given
