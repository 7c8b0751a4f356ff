"""Articulation becomes the mouth's ARKit weights, with brows that rise at the voice's accents and a mouth that lives in silence.

mouthClose cancels the parting of the lips that jawOpen causes, as ARKit defines it: a bilabial is a small jawOpen with an equal
mouthClose and a slight press.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from thespis.features.gestures import REST_CLOSURE
from thespis.features.spaces import ARTICULATION
from thespis.motion.schedule import Current, Press, presses
from thespis.motion.smooth import Doubles, GentleSpring, Spring, Sway, soft_step
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import Direction, Portrait, Track, random_for

JAW = 0.48  # jawOpen where the articulation is fully open: speech uses about half of what a jaw can do
CLOSED_JAW = 0.06  # jawOpen that a lip closure keeps, so that there is something to close
RELAXED, SEALED = 0.6, 0.95  # closure up to which lips only rest on each other, and from which on they seal: a network is never quite sure
OPENS = {"spreading": 0.1, "rounding": -0.66, "tongue": -0.2, "dental": -0.5}  # shares of a full opening, beside those of the jaw
AJAR = 0.21  # share of a full opening by which lips are apart that speak and neither rest nor close
MEETING = 0.6  # closure at which lips that speak are no longer ajar
FUNNEL_OPENS = 0.44  # mouthFunnel opens the lips too: by so much of what jawOpen does
LEAST_OPEN = 0.12  # share of the jaw's opening that even the roundest lips let through
QUIET, LEVEL, ACCENT = 5.0, 1.5, 10.0  # quickness, 1/s: falling silent, the running loudness, brows following an accent
BREATHS = 0.24  # a second
ONE_SIDED = ("mouthLowerDown", "mouthUpperUp", "mouthStretch", "mouthSmile", "mouthDimple", "browOuterUp")


@dataclass
class LipsState:
    """What a session's mouth remembers."""

    direction: Direction
    sides: dict[str, float]
    sway: Sway
    presses: Current[Press]
    quiet: Spring = field(default_factory=lambda: Spring(1.0))
    level: Spring = field(default_factory=Spring)
    accent: GentleSpring = field(default_factory=GentleSpring)


class Lips:
    """Turn ARTICULATION into EXPRESSION; `direction.lips` scales the speech, `direction.motion` what mouth and brows do besides."""

    takes, gives, delay = ARTICULATION, EXPRESSION, Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> LipsState:
        """Draw how one-sided this mouth is, and when its lips press together."""
        random = random_for(direction.seed, "lips")
        sides = {name: float(np.clip(random.normal(0.0, 0.05), -0.1, 0.1)) for name in ONE_SIDED}
        return LipsState(direction, sides, Sway(direction.seed, "brows", 1, slowest=0.1, quickest=0.5), Current(presses(direction.seed)))

    def step(self, state: LipsState, chunk: Track, last: bool) -> Track:
        """Shape the mouth of every row."""
        times = chunk.seconds
        strength = state.direction.lips.at(times)[:, 0].astype(np.float64)
        alive = state.direction.motion.at(times)[:, 0].astype(np.float64)
        quiet, brows, pressed = besides(state, chunk)
        weights = mouth(chunk, strength, 1.0 - quiet)
        breath = np.asarray([0.003 * (1.0 - math.cos(2 * math.pi * BREATHS * time)) for time in times.tolist()]) * quiet * alive
        pressed = pressed * quiet * alive
        add(weights, "jawOpen", breath)
        add(weights, "mouthClose", breath)
        add(weights, "mouthPress", 0.35 * pressed)
        add(weights, "mouthRollLower", 0.2 * pressed)
        add(weights, "mouthRollUpper", 0.12 * pressed)
        add(weights, "mouthShrugLower", 0.2 * pressed)
        add(weights, "browInnerUp", 0.8 * brows * alive)
        add(weights, "browOuterUp", brows * alive)
        rows = np.zeros((len(chunk), EXPRESSION.size), np.float32)
        for name, values in weights.items():
            if name in EXPRESSION.names:
                rows[:, EXPRESSION.column(name)] = np.clip(values, 0.0, 1.0)
                continue
            lean = state.sides.get(name, 0.0)
            rows[:, EXPRESSION.column(f"{name}Left")] = np.clip(values * (1.0 + lean), 0.0, 1.0)
            rows[:, EXPRESSION.column(f"{name}Right")] = np.clip(values * (1.0 - lean), 0.0, 1.0)
        return Track(EXPRESSION, rows, chunk.fps, chunk.start)


def add(weights: dict[str, Doubles], name: str, more: Doubles) -> None:
    """Add to a weight that may not be there yet."""
    weights[name] = weights[name] + more if name in weights else more


def parting(heard: Mapping[str, Doubles]) -> Doubles:
    """Find how far the lips would open without a closure, 0 to about 1 (rows,), from the channels of a mouth.

    It is not the jaw alone: spreading bares the teeth, round lips leave a small hole, and a tongue that reaches the teeth or a lip
    that does keeps the jaw up.
    """
    meeting = REST_CLOSURE + (MEETING - REST_CLOSURE) * heard["speaking"]
    opened = heard["jaw"] + AJAR * np.clip(1.0 - heard["closure"] / meeting, 0.0, 1.0)
    for name, share in OPENS.items():
        opened = opened + share * heard[name]
    return np.maximum(opened, LEAST_OPEN * heard["jaw"])


def mouth(chunk: Track, strength: Doubles, awake: Doubles | float = 0.0) -> dict[str, Doubles]:
    """Shape the mouth for articulation scaled by `strength` (rows,); weights without Left or Right are for both sides.

    `awake` (rows,) is how much somebody has just been speaking: in short pauses lips do not meet.
    """
    names = ("jaw", "closure", "rounding", "spreading", "dental", "tongue", "speaking")
    heard = {name: np.clip(chunk[name].astype(np.float64), 0.0, 1.2) for name in names}
    heard["speaking"] = np.minimum(np.maximum(heard["speaking"], awake), 1.0)
    firm = np.minimum(strength, 1.0)  # a closure closes at any strength; more cannot close it further
    seal = np.clip((heard["closure"] - RELAXED) / (SEALED - RELAXED), 0.0, 1.0)
    seal = seal * seal * (3.0 - 2.0 * seal)
    dental = np.minimum(heard["dental"], 1.0) * (1.0 - seal) * firm
    rounding, spreading = heard["rounding"] * strength, heard["spreading"] * strength
    spreading = spreading * (1.0 - 0.7 * np.minimum(rounding, 1.0))
    # Real mouths are half open most of the time: this is steeper for small openings and the same for full ones.
    opened = parting(heard)
    opened = 2.0 * opened / (1.0 + opened)
    jaw = np.minimum(JAW * opened * strength, 1.0)
    jaw = jaw * (1.0 - 0.7 * seal) * (1.0 - 0.4 * dental) + CLOSED_JAW * seal * firm
    parted = jaw / JAW * (1.0 - seal) * (1.0 - dental)
    funnel = rounding * (0.12 + 0.3 * np.minimum(parted, 1.0)) * (1.0 - seal)
    jaw = np.maximum(jaw - FUNNEL_OPENS * funnel, np.minimum(jaw, CLOSED_JAW))
    return {
        "jawOpen": jaw,
        "mouthClose": jaw * np.maximum(seal, 0.45 * dental),
        "mouthPress": 0.3 * seal * firm,
        "mouthRollLower": 0.12 * seal * firm + 0.75 * dental,
        "mouthRollUpper": 0.12 * seal * firm,
        "mouthUpperUp": 0.16 * parted * (1.0 - 0.5 * np.minimum(rounding, 1.0)) + 0.18 * dental + 0.06 * spreading * (1.0 - seal),
        "mouthLowerDown": 0.3 * parted * (1.0 - 0.6 * np.minimum(rounding, 1.0)) + 0.14 * spreading * (1.0 - seal) * (1.0 - dental),
        "mouthPucker": 0.62 * rounding * (1.0 - 0.35 * parted),
        "mouthFunnel": funnel,
        "mouthShrugLower": 0.12 * rounding * (1.0 - parted * 0.5) * (1.0 - dental),
        "mouthStretch": 0.28 * spreading,
        "mouthSmile": 0.12 * spreading,
        "mouthDimple": 0.1 * spreading,
        "tongueOut": 0.12 * np.minimum(heard["tongue"] * strength, 1.0) * (1.0 - seal),
    }


def besides(state: LipsState, chunk: Track) -> tuple[Doubles, Doubles, Doubles]:
    """Follow row by row how silent it is, how far the brows rise, and how much the lips press: three of (rows,)."""
    step = float(1 / chunk.fps)
    found = np.zeros((3, len(chunk)))
    columns = [chunk[name].astype(np.float64).tolist() for name in ("speaking", "voiced", "loudness", "pitch")]
    for row, (time, speaking, voiced, loudness, pitch) in enumerate(zip(chunk.seconds.tolist(), *columns, strict=True)):
        found[0, row] = state.quiet.follow(1.0 - min(max(speaking, 0.0), 1.0), QUIET, step)
        level = state.level.follow(loudness, LEVEL, step)
        peak = voiced * (0.9 * max(pitch, 0.0) + 0.6 * max(loudness - level, 0.0))
        accent = state.accent.follow(min(peak, 1.0), ACCENT, step)
        # Not every accent lifts the brows: the sway picks which.
        chosen = min(max(0.55 + 0.6 * state.sway.at(time)[0], 0.0), 1.4)
        found[1, row] = min(0.5 * accent * chosen, 0.4)
        state.presses.reach(time)
        press = state.presses.now
        if press is not None and time < press.at + press.lasting:
            share = (time - press.at) / press.lasting
            found[2, row] = press.strength * soft_step(share / 0.35) * soft_step((1.0 - share) / 0.45)
    return found[0], found[1], found[2]
