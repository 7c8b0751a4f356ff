"""Draw a fitted person who says something new: their own frames go on, forward and back, and the field draws the face into each."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from thespis.errors import MediaError
from thespis.features.spaces import ARTICULATION
from thespis.motion.blink import Blink, BlinkState, lids
from thespis.pixels.field.person import FPS, Fitted, read_person
from thespis.pixels.field.shape import EYES, UPPER, WINDOW
from thespis.stages import Rows
from thespis.types import FRAMES, Array, Direction, Frames, Portrait, Track, random_for

LOOKED_AT = WINDOW - WINDOW // 2 - 1
"""How many rows after its own a frame hears."""


@dataclass
class Drawing:
    """One session: the person, the wishes, the rows that wait, and the code of a mouth that says nothing."""

    person: Fitted
    direction: Direction
    rows: Rows
    silent: Array
    begins: int
    blinks: BlinkState
    next: int = 0


class FieldRenderer:
    """Turn ARTICULATION at 25 rows a second into frames of the person whom the portrait's folder holds."""

    takes, gives, delay = ARTICULATION, FRAMES, Fraction(LOOKED_AT) / FPS

    def __init__(self) -> None:
        """Let eyes that are asked to blink do it as everywhere."""
        self._blink = Blink()

    def start(self, portrait: Portrait, direction: Direction) -> Drawing:
        """Read the person, and choose the frame to begin with: the first one, or another for another seed."""
        if portrait.fitted is None:
            raise MediaError(
                f"{portrait.name} is a picture, and this recipe draws people who were fitted to a video of them: "
                "thespis fit synctalk VIDEO -o FOLDER, then give FOLDER"
            )
        person = read_person(portrait.fitted)
        begins = int(random_for(direction.seed, "first frame").integers(len(person))) if direction.seed else 0
        silent = person.field.hear(np.zeros((WINDOW, ARTICULATION.size), np.float32))
        return Drawing(person, direction, Rows(ARTICULATION), silent, begins, self._blink.start(portrait, direction))

    def step(self, state: Drawing, chunk: Track, last: bool) -> Frames:
        """Draw every frame whose sound has come."""
        fps, first = state.rows.take(chunk), state.next
        stop = state.rows.stop if last else max(state.rows.stop - LOOKED_AT, first)
        made = [self._frame(state, number, fps) for number in range(first, stop)]
        state.next = stop
        state.rows.forget(stop - WINDOW)
        side = state.person.side
        return Frames(np.stack(made) if made else np.zeros((0, side, side, 3), np.uint8), fps, first)

    def _frame(self, state: Drawing, number: int, fps: Fraction) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """Draw frame `number` of the result."""
        person, seconds = state.person, float(number / fps)
        shown = there_and_back(state.begins + number, len(person))
        code = person.field.hear(state.rows.window(number - WINDOW // 2, number - WINDOW // 2 + WINDOW))
        lips = float(state.direction.lips.at(seconds)[0, 0])
        upper = person.upper[shown].copy()
        if state.direction.blink is not None:
            shut = float(lids(state.blinks, np.array([seconds]), float(1 / fps))[0])
            for name in EYES:
                own = person.upper[:, UPPER.index(name)]
                upper[UPPER.index(name)] = (1 - shut) * np.median(own) + shut * own.max()
        return person.draw(shown, state.silent + np.float32(lips) * (code - state.silent), upper)


def there_and_back(number: int, frames: int) -> int:
    """Walk through frames forward and back, for ever."""
    turn = max(2 * (frames - 1), 1)
    place = number % turn
    return min(place, turn - place) if frames > 1 else 0
