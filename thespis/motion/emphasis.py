"""Single words and moments said by the lips more strongly, more weakly, or held, as in PC-Talk's edits word by word.

It comes after the lips and before any feeling. Closures stay closures: jawOpen and mouthClose grow together, and a held mouth still closes.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from thespis.emphasis import Span, Spans
from thespis.motion.smooth import Doubles, soft_step
from thespis.motion.spaces.face import EXPRESSION
from thespis.types import Direction, Portrait, Track

LEAD = 0.09  # seconds by which mouths lead the voice
CHANGE = 0.12  # seconds in which the strength changes, about LEAD before a word's beginning and end
LETS_GO = 0.2  # seconds in which a held mouth goes back to what is said
ROUND = 0.2  # share of rounding in how much there is to hold, beside the opening
LEAST = 0.03  # of that, below which there is nothing to hold
NEAR = 0.6  # share of the widest shape from which a mouth follows its own movement again
FLOOR, CLOSING, CLOSED = 0.04, 0.1, 0.6  # jawOpen that counts as open, and shares of it in mouthClose that begin and end a closure

SPOKEN = [k for k, name in enumerate(EXPRESSION.names) if name.startswith(("mouth", "jaw", "tongue"))]
FIRM = [k for k, name in enumerate(EXPRESSION.names) if name.startswith(("mouthPress", "mouthRoll"))]
"""They close the lips, and closed lips cannot close further."""
JAW, CLOSE = EXPRESSION.column("jawOpen"), EXPRESSION.column("mouthClose")
ROUNDING = [EXPRESSION.column("mouthPucker"), EXPRESSION.column("mouthFunnel")]


@dataclass
class Held:
    """The widest shape of a span so far: `shape` (52,), and how much of one it is."""

    shape: Doubles = field(default_factory=lambda: np.zeros(EXPRESSION.size))
    size: float = 0.0


@dataclass
class EmphasiseState:
    """What a session remembers: the spans, and the shapes that are held in them."""

    spans: Spans
    held: dict[Span, Held] = field(default_factory=dict)


class Emphasise:
    """Change EXPRESSION where `direction.words` asks for it."""

    takes = gives = EXPRESSION
    delay = Fraction(0)

    def start(self, portrait: Portrait, direction: Direction) -> EmphasiseState:
        """Take what is asked."""
        return EmphasiseState(Spans(direction.words))

    def step(self, state: EmphasiseState, chunk: Track, last: bool) -> Track:
        """Change the rows that lie in a span; all others stay as they are."""
        spans = state.spans.reach()
        if not spans or not len(chunk):
            return chunk
        rows = chunk.values.astype(np.float64)
        for row, time in enumerate(chunk.seconds.tolist()):
            strength = 1.0
            for span in spans:
                strength *= 1.0 + (span.lips - 1.0) * within(span, time)
            if strength != 1.0:
                scale(rows[row], strength)
            for span in spans:
                if span.hold is not None and span.start - LEAD <= time <= span.end + span.hold + LETS_GO:
                    hold(rows[row], state.held.setdefault(span, Held()), span, time)
        over = chunk.stop / float(chunk.fps) - LETS_GO - CHANGE
        state.spans.forget(over)
        state.held = {span: held for span, held in state.held.items() if span.end + (span.hold or 0.0) >= over}
        return Track(EXPRESSION, rows.astype(np.float32), chunk.fps, chunk.start)


def within(span: Span, time: float) -> float:
    """Tell how far a time in seconds lies within a span, 0 to 1."""
    return soft_step((time - span.start + LEAD) / CHANGE + 0.5) * soft_step((span.end - LEAD - time) / CHANGE + 0.5)


def scale(row: Doubles, strength: float) -> None:
    """Say one row (52,) so many times as strongly, in place."""
    share = row[CLOSE] / row[JAW] if row[JAW] > 0.0 else 0.0
    firm = row[FIRM] * min(strength, 1.0)
    row[SPOKEN] = np.clip(row[SPOKEN] * strength, 0.0, 1.0)
    row[FIRM] = firm
    row[CLOSE] = min(row[JAW] * share, 1.0)


def hold(row: Doubles, held: Held, span: Span, time: float) -> None:
    """Keep one row (52,) in the widest shape of its span, in place; what closes the lips comes through."""
    size = float(row[JAW] - row[CLOSE] + ROUND * row[ROUNDING].sum())
    if size > held.size and time <= span.end:
        held.size, held.shape = size, row.copy()
    if held.size < LEAST:
        return
    near = soft_step((size / held.size - NEAR) / (1.0 - NEAR))
    closing = soft_step((row[CLOSE] / max(row[JAW], FLOOR) - CLOSING) / (CLOSED - CLOSING))
    lasts = soft_step((span.end + (span.hold or 0.0) + LETS_GO - time) / LETS_GO)
    mix = lasts * (1.0 - near) * (1.0 - closing)
    row[SPOKEN] += mix * (held.shape[SPOKEN] - row[SPOKEN])
