"""Blinks: quick shut, slower open, at seeded moments that also come with glances away; lids shaped by an emotion keep their shape."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from thespis.motion.schedule import blinks
from thespis.motion.smooth import Doubles, soft_step
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import EMOTION, Direction, Portrait, Track

USUAL = 17.0  # blinks a minute while speaking
PACE = {"neutral": 0.0, "angry": -0.25, "contempt": -0.1, "disgusted": 0.1, "fear": 0.35, "happy": 0.1, "sad": -0.15, "surprised": -0.4}
"""By how much an emotion at intensity 1 changes the usual rate: wide-eyed surprise stares, fear flutters."""
CLOSING, OPENING = 0.075, 0.17  # seconds
SHORTEST_SHUT = 0.03  # seconds


@dataclass
class BlinkState:
    """Where a session is in its schedule: the moments at which blinks under way began, and the next one."""

    schedule: Iterator[float]
    next: float
    begun: list[float] = field(default_factory=list)


class Blink:
    """Add blinks to an EXPRESSION: natural ones, or `direction.blink` a minute."""

    takes = gives = EXPRESSION
    delay = Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> BlinkState:
        """Make the schedule of the session."""

        def rate(seconds: float) -> float:
            if direction.blink is not None:
                return direction.blink
            felt = direction.emotion.at(seconds)[0].tolist()
            change = sum(PACE[name] * weight for name, weight in zip(EMOTION.names, felt, strict=True))
            return float(USUAL * min(max(1.0 + change, 0.4), 1.6))

        # Without blinks there is no next one, and no schedule would ever give it.
        if direction.blink == 0:
            return BlinkState(iter(()), np.inf)
        schedule = blinks(direction.seed, rate)
        return BlinkState(schedule, next(schedule))

    def step(self, state: BlinkState, chunk: Track, last: bool) -> Track:
        """Close the lids where a blink is under way."""
        face = shut_lids(chunk.values.astype(np.float64), lids(state, chunk.seconds, float(1 / chunk.fps)))
        return Track(EXPRESSION, face.astype(np.float32), chunk.fps, chunk.start)


def shut_lids(face: Doubles, shut: Doubles) -> Doubles:
    """Close the lids of a face (rows, 52) so far (rows,), 0 to 1, in place; lids that a feeling shaped keep their shape."""
    for side in ("Left", "Right"):
        blink, wide, squint = (EXPRESSION.column(f"{name}{side}") for name in ("eyeBlink", "eyeWide", "eyeSquint"))
        face[:, blink] = face[:, blink] + (1.0 - np.minimum(face[:, blink], 1.0)) * shut
        face[:, wide] = face[:, wide] * (1.0 - shut)
        face[:, squint] = face[:, squint] * (1.0 - 0.5 * shut)
    return face


def lids(state: BlinkState, times: Doubles, step: float) -> Doubles:
    """Tell how far blinks shut the lids at times (rows,), which are `step` seconds apart."""
    # The lids stay shut for at least one frame, so that every blink is seen shut at any frame rate.
    hold = max(SHORTEST_SHUT, step)
    found = np.zeros(len(times))
    for row, time in enumerate(times.tolist()):
        while state.next <= time:
            state.begun.append(state.next)
            state.next = next(state.schedule)
        state.begun = [begin for begin in state.begun if time - begin <= CLOSING + hold + OPENING]
        for begin in state.begun:
            since = time - begin - CLOSING
            closed = soft_step(1.0 + since / CLOSING) if since < 0 else 1.0 if since < hold else soft_step(1.0 - (since - hold) / OPENING)
            found[row] = max(found[row], closed)
    return found
