"""The emotion dial: face = speech + sum of intensity times pattern, linear in every intensity, with the lips kept able to speak.

The dial is that of EMOdiffhead (emotion category and intensity as a continuous, linear control). The patterns follow the action
units of FACS and EMFACS: happy 6+12, sad 1+4+15+17, angry 4+5+7+23, fear 1+2+4+5+20, surprised 1+2+5+26, disgusted 9+10+17,
contempt 12+14 on one side.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from thespis.motion.smooth import Doubles, Sway
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import EMOTION, Array, Direction, Portrait, Track

# A name without Left or Right is for both sides; where the two sides differ both are given.
PATTERNS: Mapping[str, Mapping[str, float]] = {
    "neutral": {},
    "happy": {
        "mouthSmileLeft": 0.84, "mouthSmileRight": 0.8, "cheekSquint": 0.9, "eyeSquint": 0.42, "mouthDimple": 0.1,
        "mouthUpperUp": 0.44, "mouthLowerDown": 0.5, "jawOpen": 0.07, "browOuterUp": 0.1, "browInnerUp": 0.06,
    },
    "sad": {
        "browInnerUp": 1.1, "browDown": 0.2, "mouthFrownLeft": 0.95, "mouthFrownRight": 0.9, "mouthShrugLower": 0.55,
        "mouthShrugUpper": 0.12, "eyeBlink": 0.22, "eyeSquint": 0.12, "mouthPress": 0.12,
    },
    "angry": {
        "browDownLeft": 1.2, "browDownRight": 1.16, "eyeSquint": 0.55, "eyeWide": 0.22, "noseSneer": 0.45, "mouthPress": 0.65,
        "mouthFrown": 0.35, "mouthRollLower": 0.25, "mouthRollUpper": 0.2, "mouthShrugUpper": 0.1, "jawForward": 0.3,
    },
    "fear": {
        "browInnerUp": 1.0, "browOuterUp": 0.22, "browDown": 0.4, "eyeWideLeft": 0.92, "eyeWideRight": 0.96, "mouthStretchLeft": 0.86,
        "mouthStretchRight": 0.82, "mouthFrown": 0.3, "jawOpen": 0.12, "mouthLowerDown": 0.4,
    },
    "surprised": {
        "browInnerUp": 0.95, "browOuterUpLeft": 1.0, "browOuterUpRight": 0.96, "eyeWide": 0.8, "jawOpen": 0.5, "mouthFunnel": 0.22,
    },
    "disgusted": {
        "noseSneerLeft": 0.95, "noseSneerRight": 1.0, "mouthUpperUpLeft": 0.4, "mouthUpperUpRight": 0.48, "browDown": 0.5,
        "cheekSquint": 0.4, "eyeSquint": 0.5, "mouthFrown": 0.5, "mouthShrugLower": 0.35, "mouthLowerDown": 0.12, "mouthPucker": 0.08,
    },
    "contempt": {
        "mouthSmileLeft": 0.75, "mouthDimpleLeft": 0.6, "cheekSquintLeft": 0.4, "mouthUpperUpLeft": 0.15, "mouthPressLeft": 0.2,
        "mouthPressRight": 0.15, "mouthLeft": 0.22, "mouthFrownRight": 0.15, "browOuterUpRight": 0.55, "browDownLeft": 0.35,
        "eyeSquintLeft": 0.3, "eyeSquintRight": 0.12, "eyeBlink": 0.18,
    },
}  # fmt: skip
"""What each emotion adds at intensity 1, by the names of EXPRESSION."""

EYES = [number for number, name in enumerate(EXPRESSION.names) if name.startswith(("brow", "eye", "cheekSquint"))]
MOUTH = [number for number in range(EXPRESSION.size) if number not in EYES]
"""The two parts of the face that can feel something of their own."""

OPENING = ("jawOpen", "mouthUpperUp", "mouthLowerDown", "mouthFunnel")
LIFTING = {"noseSneer": 0.113, "mouthShrugUpper": 0.17, "jawForward": 0.065}
"""How far these part the lips of the Shapes, each side by itself, where a jaw at 1 parts them by 1."""
WIDENING = ("mouthSmile", "mouthStretch", "mouthDimple", "mouthFrown")
BRIEFLY_OPEN = 0.05  # jawOpen below which a mouth counts as resting, not as sealed
ROUND = 0.6  # pucker and funnel together where lips count as fully rounded
SPEAKS, RISE = 0.15, 0.15  # how far a mouth is open that counts as speaking, and the seconds in which it then counts wholly so
APART = 0.4  # jawOpen of speech from which on a feeling parts the lips as far as it likes
AWAITED = 0.3  # seconds at the beginning in which a mouth counts as about to speak, and then in which it rests, if it does not
PAUSE, CALM = 1.2, 1.5
"""Seconds for which a mouth that stopped moving counts as speaking, and then until it counts as half at rest: in pauses no jaw drops."""
LIFE = 0.05  # a held expression varies by this share
STRONGEST = 1.8  # of a weight, at the top of the dial


def sided(pattern: Mapping[str, float]) -> dict[str, float]:
    """Write the names for both sides out."""
    found: dict[str, float] = {}
    for name, weight in pattern.items():
        for full in (name,) if name in EXPRESSION.names else (f"{name}Left", f"{name}Right"):
            found[full] = weight
    return found


def table() -> Doubles:
    """Make the patterns (emotions, 52) in the order of EMOTION and EXPRESSION."""
    rows = np.zeros((EMOTION.size, EXPRESSION.size))
    for number, emotion in enumerate(EMOTION.names):
        for name, weight in sided(PATTERNS[emotion]).items():
            rows[number, EXPRESSION.column(name)] = weight
    return rows


def columns(*names: str) -> list[int]:
    """Find the columns of names with or without a side."""
    return [EXPRESSION.column(full) for name in names for full in sided({name: 1.0})]


def dial(weights: Array) -> Doubles:
    """Turn emotion weights (rows, emotions) into what they add to the face (rows, 52): exactly linear."""
    patterns = table()
    face = np.zeros((len(weights), EXPRESSION.size))
    for number in range(EMOTION.size):  # added in one order, so that no chunk size changes a rounding
        face = face + weights[:, number, None].astype(np.float64) * patterns[number]
    return face


def felt_by(direction: Direction, seconds: npt.ArrayLike) -> Doubles:
    """Say what the asked emotions add to the face (rows, 52): where eyes or mouth are asked for their own, they have that."""
    felt = dial(direction.emotion.at(seconds))
    for curve, part in ((direction.eyes, EYES), (direction.mouth, MOUTH)):
        if curve is not None:
            felt[:, part] = dial(curve.at(seconds))[:, part]
    return felt


@dataclass
class Talking:
    """How much a mouth has spoken of late: `busy`, 0 to 1, and `quiet`, for how many seconds not.

    Somebody who has not `begun` is about to: a jaw that dropped for the first frames alone would be seen to snap shut.
    """

    busy: float = 1.0
    quiet: float = 0.0
    begun: bool = False

    def follow(self, moves: bool, step: float) -> float:
        """Tell how busy the mouth is `step` seconds later: more, quickly, while it `moves`, and less, slowly, after a long pause."""
        self.quiet = 0.0 if moves else self.quiet + step
        if moves:
            self.busy, self.begun = min(self.busy + step / RISE, 1.0), True
        elif not self.begun:
            self.busy = min(max(2.0 - self.quiet / AWAITED, 0.0), 1.0)
        elif self.quiet > PAUSE:
            self.busy *= math.exp(-math.log(2.0) / CALM * step)
        return self.busy


@dataclass
class FeelingState:
    """What a session's feeling remembers."""

    direction: Direction
    sway: Sway
    mouth: Talking = field(default_factory=Talking)


class Feeling:
    """Add the asked emotions to an EXPRESSION, so that closures still close, rounding survives smiles, and the held face lives."""

    takes = gives = EXPRESSION
    delay = Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> FeelingState:
        """Draw how the held expression varies."""
        return FeelingState(direction, Sway(direction.seed, "feeling", 1, slowest=0.08, quickest=0.6))

    def step(self, state: FeelingState, chunk: Track, last: bool) -> Track:
        """Add the dial to every row."""
        speech = chunk.values.astype(np.float64)
        life = np.asarray([1.0 + LIFE * min(max(state.sway.at(time)[0], -1.5), 1.5) for time in chunk.seconds.tolist()])
        felt = felt_by(state.direction, chunk.seconds) * life.reshape(-1, 1)
        return Track(EXPRESSION, shown(speech, felt, talking(state, chunk)).astype(np.float32), chunk.fps, chunk.start)


def shown(speech: Doubles, felt: Doubles, busy: Doubles) -> Doubles:
    """Show a feeling on a speaking face, all (rows, 52), where the mouth is so `busy` (rows,): it makes room for speech."""
    face = speech + yielding(felt, speech, busy)
    jaw, close = EXPRESSION.column("jawOpen"), EXPRESSION.column("mouthClose")
    seal = sealed(speech)
    # A closure cancels all of the parting, also what the emotion still adds.
    face = np.clip(face, 0.0, STRONGEST)
    face[:, jaw] = np.minimum(face[:, jaw], 1.0)
    parted = face[:, jaw].copy()
    for name, share in LIFTING.items():
        for column in columns(name):
            parted += share * np.maximum(face[:, column] - speech[:, column], 0.0)
    # So does a mouth that speech hardly parts, of what is lifted off it from above.
    lifted = parted - face[:, jaw]
    face[:, close] = np.where(seal > 0.0, np.maximum(speech[:, close], seal * parted), speech[:, close])
    face[:, close] = np.maximum(face[:, close], speech[:, close] + held_back(apart_in(speech), busy) * lifted)
    face = np.clip(face, 0.0, STRONGEST)
    lids = columns("eyeBlink")
    face[:, lids] = np.minimum(face[:, lids], 1.0)
    return face


def sealed(speech: Doubles) -> Doubles:
    """Tell how far speech closes the lips (rows,): the share of the parting that mouthClose cancels."""
    jaw, close = speech[:, EXPRESSION.column("jawOpen")], speech[:, EXPRESSION.column("mouthClose")]
    share: Doubles = np.clip(close / np.maximum(jaw, BRIEFLY_OPEN), 0.0, 1.0)
    return share


def apart_in(speech: Doubles) -> Doubles:
    """Tell how far speech parts the lips (rows,), as jawOpen."""
    apart: Doubles = speech[:, EXPRESSION.column("jawOpen")] - speech[:, EXPRESSION.column("mouthClose")]
    return apart


def held_back(apart: npt.ArrayLike, busy: npt.ArrayLike) -> Doubles:
    """Tell how much of what a feeling parts is kept back (rows,): open in every small gap of speech, lips would not follow what is said."""
    return np.asarray(np.asarray(busy) * (1.0 - np.clip(np.asarray(apart) / APART, 0.0, 1.0)), np.float64)


def talking(state: FeelingState, chunk: Track) -> Doubles:
    """Follow how much the mouth has spoken of late (rows,): up quickly, down slowly after a pause that is longer than those of speech."""
    step = float(1 / chunk.fps)
    level = 4.0 * chunk["jawOpen"].astype(np.float64) + 1.5 * chunk["mouthPucker"]
    return np.array([state.mouth.follow(now > SPEAKS, step) for now in level.tolist()])


def yielding(felt: Doubles, speech: Doubles, busy: Doubles) -> Doubles:
    """Take back from the emotion (rows, 52) what would keep the lips from speaking."""
    seal = sealed(speech)
    rounded = np.clip((speech[:, EXPRESSION.column("mouthPucker")] + speech[:, EXPRESSION.column("mouthFunnel")]) / ROUND, 0.0, 1.0)
    tucked = np.clip(speech[:, EXPRESSION.column("mouthRollLower")] / 0.5, 0.0, 1.0)
    kept = np.ones_like(felt)
    kept[:, columns(*OPENING)] *= (1.0 - seal).reshape(-1, 1)
    kept[:, columns(*OPENING)] *= (1.0 - held_back(apart_in(speech), busy)).reshape(-1, 1)
    kept[:, columns(*WIDENING)] *= (1.0 - 0.65 * rounded).reshape(-1, 1)
    kept[:, columns("mouthLowerDown", "mouthShrugLower")] *= (1.0 - tucked).reshape(-1, 1)
    # Pressed or pushed-up lips open for vowels; a jaw that hangs in surprise speaks with less of it.
    parted = np.clip(speech[:, EXPRESSION.column("jawOpen")] / 0.3, 0.0, 1.0) * (1.0 - seal)
    kept[:, columns("mouthPress", "mouthShrugLower", "mouthShrugUpper", "mouthRollLower")] *= (1.0 - 0.7 * parted).reshape(-1, 1)
    # Where speech itself bares the teeth, the emotion need not do it again.
    kept[:, columns("mouthUpperUp", "mouthLowerDown")] *= (1.0 - 0.4 * parted).reshape(-1, 1)
    kept[:, EXPRESSION.column("jawOpen")] *= 1.0 - 0.8 * busy
    kept[:, EXPRESSION.column("mouthFunnel")] *= 1.0 - 0.7 * busy
    return felt * kept
