"""The claims of the recipe `emodiffhead`: the linear dial, expression vectors against classes, and both regimes against one.

The first is measured on what ships. For the others small networks learn from made-up people in the same order, with the mechanism and
without, and draw other people; their faces have 32 pixels.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis import recipes
from thespis.data.actor import PARTS
from thespis.data.faces import Arrays, drawn_again, read_faces, write_faces
from thespis.data.sentences import Split
from thespis.data.stage import Regime, StageSettings
from thespis.evaluate.claim import Trial
from thespis.evaluate.claims.thespis import LEVELS, portrait_of
from thespis.evaluate.judge import judge, seen_in
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, FLAME
from thespis.pixels.diffusion.networks import TorchFace
from thespis.pixels.diffusion.shape import NetworkShape
from thespis.speech.say import say
from thespis.types import EMOTION, Curve, Direction, Frames, random_for

TEXT = "Maybe we may."
EMOTIONS = EMOTION.names[1:]
LOOKED_AT = 4  # frames of each clip
LITTLE = NetworkShape(side=32, widths=(16, 32, 48), condition=64)
FACE_PARTS = [PARTS.index(name) for name in ("skin", "lips", "eyes", "mouth")]
CLIPS, HELD, STEPS = 32, 10, 160
SECONDS = 1.2
MARKED = 0.05  # the intensity from which a frame belongs to the class of an emotion


def claim(trial: Trial) -> float:
    """Fit lines through what the emotion judge reads over what is asked: the mean of R squared over seven emotions, for one person."""
    talker, portrait, speech = recipes.load("emodiffhead", "tiny"), portrait_of(trial.seed), say(TEXT, "en-us+f5")
    straight, ranks = [], []
    for emotion in EMOTIONS:
        shown = []
        for level in LEVELS:
            asked = level if trial.mechanism else 1.0
            seed = int(random_for(trial.seed, f"{emotion} {level}").integers(1 << 31))
            wish = Direction(emotion=Curve.constant(EMOTION, **{emotion: asked}), seed=seed)
            frames = talker(speech, portrait, wish).frames
            assert frames is not None
            rows = np.linspace(2, len(frames) - 3, LOOKED_AT).astype(int)
            shown.append(float(judge(seen_in(Frames(frames.images[rows], frames.fps))).amounts[EMOTION.column(emotion)]))
        straight.append(line(np.array(LEVELS), np.array(shown)))
        ranks.append(line(np.argsort(np.argsort(LEVELS)), np.argsort(np.argsort(shown, kind="stable")), squared=False))
    told = ", ".join(f"{name} {value:.2f}" for name, value in zip(EMOTIONS, straight, strict=True))
    trial.tell(f"R squared by emotion: {told}; Spearman on the mean {np.mean(ranks):.3f}")
    return float(np.mean(straight))


def line(asked: npt.NDArray[Any], shown: npt.NDArray[Any], *, squared: bool = True) -> float:
    """Correlate two series (n,), and square it; 0 where nothing changes."""
    if float(np.std(shown)) == 0:
        return 0.0
    found = float(np.corrcoef(asked, shown)[0, 1])
    return found**2 if squared else found


def vectors(trial: Trial) -> float:
    """Train once, told expression vectors or the class of what is felt, and compare faces of others who feel with the true ones."""
    clips, held = faces(trial, "train", "emotional", CLIPS), faces(trial, "validation", "emotional", HELD)
    if not trial.mechanism:
        clips, held = [with_class(clip) for clip in clips], [with_class(clip) for clip in held]
    return likeness(taught(trial, clips, held, known=trial.mechanism), held)


def regimes(trial: Trial) -> float:
    """Train once, on plain and emotional clips or on as many emotional ones alone, and compare faces of others with the true ones."""
    if trial.mechanism:
        clips = [*faces(trial, "train", "emotional", CLIPS)[: CLIPS // 2], *faces(trial, "train", "plain", CLIPS // 2)]
    else:
        clips = faces(trial, "train", "emotional", CLIPS)
    held = faces(trial, "validation", "plain", HELD)
    network = taught(trial, clips, held, known=True)
    felt = likeness(network, faces(trial, "validation", "emotional", HELD))
    trial.tell(f"others who feel: {felt:.2f} dB")
    return likeness(network, held)


def faces(trial: Trial, split: Split, regime: Regime, count: int) -> list[Arrays]:
    """Draw clips of made-up people, or read those that the trial beside this one drew."""
    place, settings = trial.folder.parent / f"faces_{trial.seed}", StageSettings(trial.seed, count, SECONDS, split=split, regime=regime)
    for _ in write_faces(settings, place, LITTLE.side):
        pass
    return read_faces(place, split, regime)[:count]


def with_class(clip: Arrays) -> Arrays:
    """Tell the class of what is felt in the place of the expression vectors of a clip."""
    flame, felt = clip["flame"].copy(), np.nan_to_num(clip["emotion"])
    for name in EXPRESSION_AND_JAW.names:
        flame[:, FLAME.slice(name)] = 0
    flame[:, : EMOTION.size] = (felt == felt.max(axis=1, keepdims=True)) & (felt > MARKED)
    return {**clip, "flame": flame}


def taught(trial: Trial, clips: Sequence[Arrays], held: Sequence[Arrays], *, known: bool) -> TorchFace:
    """Teach a small network some clips."""
    from thespis.pixels.diffusion.load import read_shape
    from thespis.train import emodiffhead

    settings = replace(emodiffhead.USUAL, steps=STEPS, check_every=STEPS, checkpoint_every=STEPS, sample_every=0, seed=trial.seed)
    outcome = emodiffhead.taught(trial.folder, LITTLE, clips, held, settings, trial.tell, known=known)
    return TorchFace(read_shape(outcome.weights, LITTLE))


def likeness(network: TorchFace, clips: Sequence[Arrays]) -> float:
    """Compare faces that are drawn with true ones, in decibels: the mean over clips."""
    found = []
    for clip in clips:
        made, _ = drawn_again(network, clip, 1, len(clip["flame"]) // network.frames * network.frames, remembers=False)
        face = np.isin(clip["masks"][1 : 1 + len(made)], FACE_PARTS)
        error = np.square(made[face].astype(np.float32) - clip["frames"][1 : 1 + len(made)][face])
        found.append(10 * np.log10(255**2 / float(error.mean())))
    return float(np.mean(found))
