"""When things happen by themselves: looks away and back, new poses of the head, blinks, presses of the lips; from the seed alone.

Every list is made lazily in order of time and never depends on the speech, so that two stages with one seed see the same one.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from thespis.types import random_for


@dataclass(frozen=True)
class Look:
    """From `at` seconds the eyes rest `yaw` and `pitch` degrees from the camera; `away` tells a glance elsewhere from a small shift."""

    at: float
    yaw: float
    pitch: float
    away: bool


@dataclass(frozen=True)
class Pose:
    """From `at` seconds the head settles at `yaw`, `pitch` and `roll`, in units of their usual spread."""

    at: float
    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True)
class Press:
    """From `at` seconds the lips press together for `lasting` seconds by `strength` (0 to 1)."""

    at: float
    lasting: float
    strength: float


def looks(seed: int) -> Iterator[Look]:
    """Give fixations for ever: small shifts around the camera every second or so, and every few seconds a glance away."""
    random = random_for(seed, "looks")
    at, until_away = 0.0, float(random.uniform(2.5, 6.0))
    yield Look(0.0, 0.0, 0.0, False)
    while True:
        stay = float(random.lognormal(math.log(0.9), 0.45))
        until_away -= stay
        at += max(stay, 0.25)
        if until_away > 0:
            yield Look(at, float(random.normal(0.0, 0.7)), float(random.normal(0.0, 0.45)), False)
            continue
        side, size = float(random.choice([-1.0, 1.0])), float(random.uniform(6.0, 13.0))
        # Glances go sideways, and down more often than up.
        yield Look(at, side * size, float(random.choice([1.0, 0.35, -0.6]) * random.uniform(1.0, 6.0)), True)
        at += max(float(random.lognormal(math.log(0.75), 0.35)), 0.3)
        yield Look(at, float(random.normal(0.0, 0.5)), float(random.normal(0.0, 0.3)), True)
        until_away = float(random.uniform(3.0, 8.0))


def poses(seed: int) -> Iterator[Pose]:
    """Give poses of the head for ever: it settles anew every second or two, never far from where it was."""
    random = random_for(seed, "poses")
    at = 0.0
    yaw, pitch, roll = (float(value) for value in random.normal(0.0, 0.6, 3))
    yield Pose(at, yaw, pitch, roll)
    while True:
        at += max(float(random.lognormal(math.log(1.15), 0.5)), 0.4)
        # An autoregressive walk keeps the spread at one; a head that leans also turns a little that way.
        fresh = random.normal(0.0, 1.0, 3)
        yaw = 0.3 * yaw + 0.95 * float(fresh[0])
        pitch = 0.3 * pitch + 0.95 * float(fresh[1])
        roll = 0.3 * roll + 0.25 * yaw + 0.89 * float(fresh[2])
        yield Pose(at, *(max(-2.2, min(2.2, value)) for value in (yaw, pitch, roll)))


def presses(seed: int) -> Iterator[Press]:
    """Give presses of the lips for ever, one in five to twelve seconds."""
    random = random_for(seed, "presses")
    at = 0.0
    while True:
        at += float(random.uniform(5.0, 12.0))
        yield Press(at, float(random.uniform(0.7, 1.3)), float(random.uniform(0.4, 1.0)))


SHORTEST_BETWEEN = 0.45  # seconds between two blinks
DOUBLES = 0.07  # the share of blinks that come as two


def blinks(seed: int, rate: Callable[[float], float]) -> Iterator[float]:
    """Give the seconds at which blinks begin, for ever, where `rate(seconds)` tells how many a minute are usual then (0: none).

    A blink that would come about the time of a glance away comes with the glance.
    """
    random = random_for(seed, "blinks")
    glances = Current(look for look in looks(seed) if look.away)
    # The last blink before the beginning was some part of an interval ago.
    at = -float(random.uniform(0.0, 0.8)) * min(60.0 / max(rate(0.0), 0.1), 4.0)
    spread = 0.55
    while True:
        now = rate(at)
        if now <= 0.0:  # nothing now; look again a little later, for the wish may change
            at += 0.5
            continue
        mean = 60.0 / now * (1 + DOUBLES)
        # The mean of a log-normal lies above its median by exp(spread² / 2).
        due = at + max(float(random.lognormal(math.log(mean) - spread**2 / 2, spread)), SHORTEST_BETWEEN)
        coupled = float(random.uniform())
        glance = next_glance(glances, due - 0.25 * mean, due + 0.25 * mean)
        if glance is not None and glance > at + SHORTEST_BETWEEN and coupled < 0.75:
            due = glance
        at = due
        if at < 0.15:
            continue
        yield at
        if float(random.uniform()) < DOUBLES and mean > 3 * SHORTEST_BETWEEN:
            at += SHORTEST_BETWEEN
            yield at


def next_glance(glances: "Current[Look]", low: float, high: float) -> float | None:
    """Find the first glance away from `low` seconds on and before `high`; `low` only goes forward from call to call."""
    glances.reach(low)
    return glances.next.at if glances.next.at < high else None


Event = TypeVar("Event", Look, Pose, Press)


class Current(Generic[Event]):
    """The event that holds at a time that only goes forward."""

    def __init__(self, events: Iterator[Event]) -> None:
        """Begin before the first event."""
        self._events: Iterator[Event] = events
        self.next: Event = next(events)
        self.now: Event | None = None

    def reach(self, seconds: float) -> bool:
        """Go forward to a time; tell whether another event holds now."""
        changed = False
        while self.next.at <= seconds:
            self.now, self.next, changed = self.next, next(self._events), True
        return changed
