"""Prepared footage for the motion denoiser: how people in films move head, brows, lids and eyes while they speak, in rows of CONTROLS."""

from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from thespis.data.acts import Doubles
from thespis.data.item import felt
from thespis.data.manners import RATE
from thespis.data.packed import at_rate, heard
from thespis.direction.style import FURTHEST, SCALES
from thespis.errors import TrainingError
from thespis.evaluate.example import habits_of, steadied
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.motion.gaze import STEADY
from thespis.motion.spaces.acting import CONTROL_ROWS, CONTROL_SECONDS, CONTROLS, HEAD_SHIFTS, HEAD_TURNS, LOOK, STYLE, UPPER
from thespis.motion.spline import fitted
from thespis.motion.voiced import pooled
from thespis.types import EMOTION, Array, Clip, Track

STRETCH = 40  # rows of acting to a stretch: 4.8 seconds
USUAL = 20  # percent: what a face shows for all but this much of the time is how it rests or what it feels, and is not acted
ANOTHER = 3.0  # degrees from where the eyes rested that make it another look
SHUT = 0.5  # the weight from which lids are shut
MOVES = (*HEAD_TURNS, *HEAD_SHIFTS, *UPPER)
PAIRS = {"brow_down": "browDown", "squint": "eyeSquint", "wide": "eyeWide", "smile": "mouthSmile"}
"""Controls that are the mean of a left and a right weight."""


def moves_of(motion: Track) -> Doubles:
    """Read what moves smoothly (rows, MOVES) from a motion: from where the head rests, and beyond what the face shows anyway."""
    down, left, clockwise = np.degrees(motion["head_rotation"].astype(np.float64)).T
    moved = np.column_stack([-left, down, clockwise, motion["head_translation"]])
    outer = [motion["browOuterUpLeft"], motion["browOuterUpRight"]]
    upper: dict[str, Array] = {"brow_inner": motion["browInnerUp"], "brow_outer": np.mean(outer, axis=0), "brow_side": outer[0] - outer[1]}
    upper |= {name: np.mean([motion[f"{weight}{side}"] for side in ("Left", "Right")], axis=0) for name, weight in PAIRS.items()}
    acted = np.column_stack([upper[name] for name in UPPER])
    level = np.percentile(acted, USUAL, axis=0)
    level[UPPER.index("brow_side")] = np.median(acted[:, UPPER.index("brow_side")])
    acted = acted - level
    signed = np.array([name == "brow_side" for name in UPPER])
    return np.concatenate([moved - np.median(moved, axis=0), np.where(signed, acted, np.maximum(acted, 0.0))], axis=1)


def looks_of(motion: Track) -> Doubles:
    """Read where the eyes look (rows, 2): degrees of yaw and pitch from where they mostly look."""
    turn = motion["head_rotation"].astype(np.float64)
    yaw = np.mean([motion["gaze_left_yaw"], motion["gaze_right_yaw"]], axis=0) - STEADY * turn[:, 1]
    pitch = np.mean([motion["gaze_left_pitch"], motion["gaze_right_pitch"]], axis=0) + STEADY * turn[:, 0]
    found = np.degrees(np.column_stack([yaw, pitch]))
    return np.asarray(found - np.median(found, axis=0), np.float64)


def rested(looks: Doubles) -> Doubles:
    """Take the trembling of a tracker out of looks (rows, 2): eyes rest until they look ANOTHER few degrees away."""
    found, here = np.empty_like(looks), looks[0]
    for row, look in enumerate(looks):
        if np.linalg.norm(look - here) > ANOTHER:
            here = look
        found[row] = here
    return found


def filmed_act(clip: Clip) -> dict[str, Array] | None:
    """Read how the person of a clip acts, as `thespis.data.acts.Act` has it, in stretches of STRETCH rows; None where it is too short."""
    if clip.motion is None or clip.speech is None:
        return None
    sound = heard(clip, "articulation").values
    seconds = min(len(clip.motion) / float(clip.motion.fps), len(sound) / float(ARTICULATION_FPS))
    length = int(seconds / CONTROL_SECONDS)
    if length < STRETCH:
        return None
    motion = at_rate(clip.motion, Fraction(RATE))
    at = np.minimum(np.round(np.arange(length) * CONTROL_SECONDS * RATE).astype(int), len(motion) - 1)
    made = np.zeros((length, CONTROLS.size))
    smooth = fitted(steadied(moves_of(motion), RATE), RATE, CONTROL_SECONDS)[:length]
    made[: len(smooth), [CONTROLS.column(name) for name in MOVES]] = smooth
    made[len(smooth) :] = made[len(smooth) - 1]
    # Eyes jump: they are where they are, and no smooth curve leads there.
    made[:, [CONTROLS.column(name) for name in LOOK]] = rested(looks_of(motion))[at]
    shut = np.minimum(motion["eyeBlinkLeft"], motion["eyeBlinkRight"]) - np.median(motion["eyeBlinkLeft"])
    begins = np.flatnonzero(np.diff((shut > SHUT).astype(int)) > 0) / RATE
    blinks = np.zeros(length)
    blinks[np.minimum((begins / CONTROL_SECONDS).astype(int), length - 1)] = 1.0
    emotion = felt(clip.labels, len(clip.motion), clip.motion.fps)
    habits = habits_of(clip.motion)
    style = np.array([np.log(habits.get(name, 1.0)) / SCALES[name] for name in STYLE.names])
    parts = {
        "heard": pooled(Track(ARTICULATION, sound[: length * CONTROL_ROWS], Fraction(ARTICULATION_FPS))).values,
        "emotion": np.zeros((length, EMOTION.size)) if emotion is None else at_rate(emotion, Fraction(RATE)).values[at],
        "listening": np.zeros(length), "controls": made, "blinks": blinks,
    }  # fmt: skip
    firsts = [*range(0, length - STRETCH, STRETCH), length - STRETCH]
    cuts = {name: np.stack([values[first : first + STRETCH] for first in firsts]) for name, values in parts.items()}
    cuts["style"] = np.repeat(np.clip(style, -FURTHEST, FURTHEST)[None], len(firsts), axis=0)
    return {name: np.asarray(values, np.float32) for name, values in cuts.items()}


def filmed_acts(clips: Iterable[Clip]) -> dict[str, Array]:
    """Put the acts of clips together -> arrays whose first axis counts stretches."""
    kept = [act for act in map(filmed_act, clips) if act is not None]
    if not kept:
        raise TrainingError(f"no clip of the footage is {STRETCH * CONTROL_SECONDS:.1f} s long; prepare longer ones (--longest)")
    return {name: np.concatenate([act[name] for act in kept]) for name in kept[0]}
