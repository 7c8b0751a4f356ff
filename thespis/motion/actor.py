"""The denoiser of motion at work: ARTICULATION in, ACTED out, one row of controls after the other, each from noise of its own.

Every row of controls follows from the WINDOW rows before it by a distilled flow of few steps (`motion/networks/acting.py`); the smooth rows
between them are a spline, so that there are no windows and no joints. The noise is a function of the seed and the number of the row.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from thespis.direction.style import style_of
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.motion.blink import Blink, BlinkState, lids
from thespis.motion.gaze import LATENCY, PER_DEGREE
from thespis.motion.smooth import Doubles, soft_step
from thespis.motion.spaces.acting import ACTED, CONTROL_ROWS, CONTROLS, LOOK
from thespis.motion.spline import AFTER, shares
from thespis.motion.voiced import HEARD, pooled
from thespis.stages import Rows
from thespis.types import Array, Direction, Portrait, Track, random_for

WINDOW, SOON, LATE = 32, 1, 3
HELD = 0.3  # degrees by which a look must change before the eyes move
LIMITS = np.array([25.0, 18.0, 15.0, 0.4, 0.4, 0.6, *[1.0] * 7, 0.5, 0.5, 30.0, 25.0], np.float32)
"""What no row of controls goes beyond."""
LOOKS = slice(CONTROLS.column(LOOK[0]), CONTROLS.column(LOOK[1]) + 1)
PERIOD = Fraction(CONTROL_ROWS, ARTICULATION_FPS)


class Denoiser:
    """The network, from an ONNX file."""

    def __init__(self, path: Path) -> None:
        """Load it for one thread; it is too small for more."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def __call__(self, given: Mapping[str, Array], noise: Array) -> tuple[Array, Array]:
        """Make the next row of controls (CONTROLS.size,) and the chances of a blink and of a jump of the eyes in it (2,).

        What is given has rows (T, ...).
        """
        control, chances = self._session.run(None, {name: rows[None] for name, rows in given.items()} | {"noise": noise[None]})
        return control[0], chances[0]


@dataclass
class Acting:
    """One session.

    `rows` are those of ARTICULATION that wait, `told` what the network reads of each of the last WINDOW rows, `controls` the last four of
    all that were made; `look` is since when the eyes go from where to where.
    """

    direction: Direction
    fps: Fraction
    style: Array
    blinking: BlinkState
    rows: Rows = field(default_factory=lambda: Rows(ARTICULATION))
    heard: deque[Array] = field(default_factory=deque)
    told: deque[dict[str, Array]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    controls: deque[Array] = field(default_factory=lambda: deque([np.zeros(CONTROLS.size, np.float32)] * 4, maxlen=4))
    blinked: float = 0.0
    gathered: int = 0
    made: int = 0
    next: int = 0
    look: tuple[float, Doubles, Doubles] = (-1.0, np.zeros(2), np.zeros(2))


class Act:
    """Turn ARTICULATION, 100 rows a second, into ACTED at `fps`, or at the direction's.

    With `wait` it hears the voice up to the moment of a row; without it answers at once and follows the voice a quarter of a second later.
    """

    takes, gives = ARTICULATION, ACTED

    def __init__(self, weights: Path, *, fps: int | Fraction = 25, wait: bool = True) -> None:
        """Load the network."""
        self._network, self._fps = Denoiser(weights), Fraction(fps)
        self._waits = SOON if wait else LATE
        self.delay = PERIOD * (AFTER + 1 - self._waits)

    def start(self, portrait: Portrait, direction: Direction) -> Acting:
        """Begin at rest, looking at the camera."""
        blinking = Blink().start(portrait, direction) if direction.blink is not None else BlinkState(iter(()), math.inf)
        return Acting(direction, direction.fps or self._fps, style_of(direction.style, direction.seed), blinking)

    def step(self, state: Acting, chunk: Track, last: bool) -> Track:
        """Make the rows of controls that can be known, and the frames between them."""
        rows, ratio = state.rows, state.rows.take(chunk) / state.fps
        self._gather(state, last)
        first, found = state.next, []
        # Without waiting more could be made than has been heard of, and the speech may end there.
        stop = -(-rows.stop * ratio.denominator // ratio.numerator)
        while state.next < stop:
            needed = int(state.next / state.fps / PERIOD) + AFTER
            while state.made <= needed and (last or state.made - self._waits < state.gathered):
                self._make(state)
            if state.made <= needed:
                break
            found.append(self._row(state, needed - AFTER))
            state.next += 1
        rows.forget(state.gathered * CONTROL_ROWS)
        while state.heard and state.gathered - len(state.heard) < state.made - self._waits:
            state.heard.popleft()
        values = np.array(found, np.float32).reshape(-1, ACTED.size)
        return Track(ACTED, values, state.fps, first)

    def _gather(self, state: Acting, last: bool) -> None:
        """Take in what is heard, a whole row at a time; after the end it is silent."""
        rows = state.rows
        while (state.gathered + 1) * CONTROL_ROWS <= rows.stop or (last and state.gathered * CONTROL_ROWS < rows.stop):
            first = state.gathered * CONTROL_ROWS
            part = rows.window(first, min(first + CONTROL_ROWS, rows.stop))
            part = np.concatenate([part, np.zeros((CONTROL_ROWS - len(part), ARTICULATION.size), np.float32)])
            state.heard.append(pooled(Track(ARTICULATION, part, ARTICULATION_FPS)).values[0])
            state.gathered += 1

    def _make(self, state: Acting) -> None:
        """Make the next row of controls."""
        number, wish = state.made, state.direction
        at = float(number * PERIOD)
        back = state.gathered - (number - self._waits)
        heard = state.heard[-back] if 1 <= back <= state.gathered else np.zeros(HEARD.size, np.float32)
        state.told.append({
            "past": state.controls[-1], "before": state.controls[-2], "shut": np.array([state.blinked], np.float32), "heard": heard,
            "emotion": wish.emotion.at(at)[0], "listening": np.minimum(wish.listening.at(at)[0], 1.0), "style": state.style,
            "level": np.zeros(1, np.float32), "late": np.array([float(self._waits == LATE)], np.float32),
        })  # fmt: skip
        given = {name: np.stack([row[name] for row in state.told]).astype(np.float32) for name in state.told[0]}
        random = random_for(wish.seed, f"act {number}")
        control, chances = self._network(given, random.normal(size=CONTROLS.size).astype(np.float32))
        blinks, jumps, when = random.uniform(size=3)
        state.blinked = float(blinks < chances[0])
        if jumps >= chances[1]:
            control[LOOKS] = state.controls[-1][LOOKS]
        if wish.blink is None and state.blinked:
            state.blinking.begun.append(at + when * float(PERIOD))
        state.controls.append(np.clip(control, -LIMITS, LIMITS))
        state.made += 1

    def _row(self, state: Acting, control: int) -> Doubles:
        """Make the next frame, which lies between the rows of controls `control` and the one after."""
        time = Fraction(state.next) / state.fps
        near = [each.astype(np.float64) for each in state.controls]
        row = sum(
            (weight * each for weight, each in zip(shares(float(time / PERIOD - control)), near, strict=True)), np.zeros(CONTROLS.size)
        )
        wanted = near[1][LOOKS]
        if math.hypot(*(wanted - state.look[2])) > HELD:
            begins = float(control * PERIOD)
            state.look = (begins, looked(state.look, begins), wanted)
        row[LOOKS] = looked(state.look, float(time))
        shut = lids(state.blinking, np.array([float(time)]), float(1 / state.fps))
        return np.concatenate([row, shut])


def looked(look: tuple[float, Doubles, Doubles], time: float) -> Doubles:
    """Tell where the eyes have got to (2,), degrees from the camera: a jump takes the longer the wider it is."""
    since, origin, target = look
    return origin + (target - origin) * soft_step((time - since) / (LATENCY + PER_DEGREE * float(np.abs(target - origin).max())))
