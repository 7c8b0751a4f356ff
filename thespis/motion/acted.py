"""Put a performance together: the mouth from ARTICULATION, the asked feeling, and what was acted, into one FACE track.

The dial stays linear: face = speech + sum of intensity times pattern; what was acted says how strongly that shows from moment to moment,
and what head, brows and eyes do besides. The lips belong to the voice: a smile that is acted gives way to them.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import shut_lids
from thespis.motion.emphasis import Emphasise
from thespis.motion.feeling import EYES, MOUTH, STRONGEST, Feeling, columns, felt_by, shown, talking
from thespis.motion.gaze import resting_on
from thespis.motion.head import asked_still, held
from thespis.motion.lips import Lips
from thespis.motion.smooth import Doubles
from thespis.motion.spaces.acting import ACTED, HEAD_SHIFTS, HEAD_TURNS, LOOK
from thespis.motion.spaces.face import EXPRESSION, FACE, GAZE, HEAD
from thespis.types import Array, Direction, Portrait, Track

HEARD_AND_ACTED = ARTICULATION + ACTED
FAR = np.array([16.0, 12.0, 11.0])
"""Degrees of yaw, pitch and roll that an acted turn comes near to and never reaches: one picture shows only so much of a turning head."""
SMILES_AWAY = 0.7  # the share of an acted smile that a busy mouth takes back
BROWS = columns("browInnerUp", "browOuterUp")


@dataclass
class Playing:
    """The states of what is put together."""

    direction: Direction
    lips: Any
    words: Any
    feeling: Any
    still: bool


class Play:
    """Turn ARTICULATION beside ACTED into FACE, following the direction."""

    takes, gives, delay = HEARD_AND_ACTED, FACE, Fraction(0)

    def __init__(self) -> None:
        """Take the stages that it leads."""
        self._lips, self._words, self._feeling = Lips(), Emphasise(), Feeling()

    def start(self, portrait: Portrait, direction: Direction) -> Playing:
        """Start them."""
        lips, words, feeling = (part.start(portrait, direction) for part in (self._lips, self._words, self._feeling))
        return Playing(direction, lips, words, feeling, asked_still(direction))

    def step(self, state: Playing, chunk: Track, last: bool) -> Track:
        """Put every row together."""
        wish, times = state.direction, chunk.seconds
        alive = wish.motion.at(times)[:, 0].astype(np.float64)
        heard = Track(ARTICULATION, chunk.values[:, : ARTICULATION.size], chunk.fps, chunk.start)
        lips = self._lips.step(state.lips, heard, last)
        # The lips' own stage raises brows by a rule; here they are acted.
        lips.values[:, BROWS] = 0.0
        speech = self._words.step(state.words, lips, last)
        busy = talking(state.feeling, speech)
        face = felt_by(wish, times)
        face[:, EYES] *= 1.0 + (alive * chunk["life_eyes"])[:, None]
        face[:, MOUTH] *= 1.0 + (alive * chunk["life_mouth"])[:, None]
        face = besides(shown(speech.values.astype(np.float64), face, busy), chunk, alive, busy)
        face = shut_lids(face, chunk["lids"].astype(np.float64))
        head = np.zeros((len(chunk), HEAD.size), np.float32)
        if not state.still:
            degrees, shift = (columns_of(chunk, names) for names in (HEAD_TURNS, HEAD_SHIFTS))
            head = held(wish, times, FAR * np.tanh(degrees / FAR), shift)
        looks = columns_of(chunk, LOOK) * alive[:, None] if wish.gaze is None else wish.gaze.at(times).astype(np.float64)
        eyes = resting_on(looks, head[:, HEAD.slice("head_rotation")].astype(np.float64))
        return Track(FACE, np.concatenate([face.astype(np.float32), head, eyes], axis=1), chunk.fps, chunk.start)


def columns_of(chunk: Track, names: tuple[str, ...]) -> Doubles:
    """Gather channels (rows, names) by name."""
    return np.stack([chunk[name].astype(np.float64) for name in names], axis=1)


def besides(face: Doubles, chunk: Track, alive: Doubles, busy: Doubles) -> Doubles:
    """Add to a face (rows, 52) what brows, lids and the corners of the mouth were acted to do, in place."""
    outer, side = chunk["brow_outer"].astype(np.float64), chunk["brow_side"].astype(np.float64)
    more: dict[str, Doubles | Array] = {
        "browInnerUp": chunk["brow_inner"], "browOuterUpLeft": outer + side / 2, "browOuterUpRight": outer - side / 2,
        "browDown": chunk["brow_down"], "eyeSquint": chunk["squint"], "eyeWide": chunk["wide"],
        "mouthSmile": chunk["smile"] * (1.0 - SMILES_AWAY * busy),
    }  # fmt: skip
    for name, values in more.items():
        added = alive * np.maximum(values, 0.0)
        for column in columns(name):
            face[:, column] = np.minimum(face[:, column] + added, STRONGEST)
    return face


assert (*EXPRESSION.channels, *HEAD.channels, *GAZE.channels) == FACE.channels
