"""Timed phones -> what the mouth does: overlapping gestures, after Cohen and Massaro's dominance model of coarticulation (1993).

Every sound pulls at jaw, rounding, spreading and tongue with its own strength, before it is heard and after; lips that must meet
do meet. Mouths lead the voice, so every gesture reaches further back in time than forward, but never further than `REACH`.
"""

from dataclasses import dataclass

import numpy as np

from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.speech.phones import Segment, segments
from thespis.types import Array, Phone

REACH = 0.24  # seconds before a phone begins; no gesture starts earlier
REST_CLOSURE = 0.3
"""How closed the lips are in silence: they touch lightly and do not press."""

MOUTH = ("jaw", "closure", "rounding", "spreading", "dental", "tongue")
BURST = 0.045  # espeak times a voiceless stop at its burst; the lips have been closed for about this long by then
LEAD = 0.08  # seconds by which jaw and lower lip are in place before a sound begins, as in recordings of real faces
LATER = {"rounding": 0.03, "spreading": 0.03}  # the same for what comes more slowly
SHUT_LEAD = 0.03  # seconds by which lips are seen to close and to open before a closure is heard
ROW = 1 / float(ARTICULATION_FPS)


@dataclass(frozen=True)
class Gesture:
    """A pull at one channel: up from `rise` to `hold`, full until `release`, gone at `end` (seconds), towards `target`."""

    channel: str
    rise: float
    hold: float
    release: float
    end: float
    target: float
    strength: float


def gestures(phone: Phone) -> list[Gesture]:
    """List the gestures of one phone, in a fixed order."""
    found: list[Gesture] = []
    begin = phone.start
    duration = max(phone.end - phone.start, 0.01)
    for number, segment in enumerate(segments(phone.symbol)):
        span = segment.length * duration
        at = begin - BURST if segment.kind == "stop" and number == 0 else begin
        found.extend(segment_gestures(segment, at, begin, begin + span, phone))
        begin += span
    return found


def segment_gestures(segment: Segment, at: float, begin: float, end: float, phone: Phone) -> list[Gesture]:
    """List the gestures of one segment that closes at `at`, and is heard from `begin` to `end`, as a part of `phone`."""
    span = end - begin

    def pull(channel: str, lead: float, trail: float, target: float, strength: float, early: float = 0.0) -> Gesture:
        """Shape one gesture: `lead` and `trail` are the flanks, `early` is how long before the end it lets go."""
        rise = max(at - lead, phone.start - REACH)
        hold = max(at - LATER.get(channel, LEAD), rise + 0.02)
        release = max(end - early - 0.02, hold + 0.01)
        return Gesture(channel, rise, hold, release, release + trail, target, strength)

    # Short and unstressed vowels do not reach their target: the jaw is slow.
    reach = min(0.6 + (phone.end - phone.start) / 0.15 * 0.4, 1.08) * segment.stress if segment.kind == "vowel" else 1.0
    found = [
        pull("jaw", 0.19, 0.10, min(segment.jaw * reach, 1.0), segment.jaw_firm, early=0.6 * span),
        pull("speech", 0.09 if segment.closed else 0.16, 0.12, 0.0, 1.0),
    ]
    if segment.rounding_firm:
        found.append(pull("rounding", 0.19, 0.11, segment.rounding, segment.rounding_firm, early=0.4 * span))
    if segment.spreading_firm:
        found.append(pull("spreading", 0.15, 0.11, segment.spreading, segment.spreading_firm, early=0.4 * span))
    if segment.tongue:
        found.append(pull("tongue", 0.11, 0.06, segment.tongue, 1.0, early=0.3 * span))
    if segment.dental:
        found.append(pull("dental", 0.10, 0.07, segment.dental, 1.0, early=0.2 * span))
    if segment.closed:
        # Full from before the sound stops until shortly before it bursts open, at least 30 ms so that a row always sees it.
        release = begin if segment.kind == "stop" else begin + (0.6 if segment.kind == "voiced stop" else 0.85) * span
        release -= SHUT_LEAD
        hold = min(at - 0.005 - SHUT_LEAD, release - 0.03)
        found.append(Gesture("closure", hold - 0.07, hold, release, release + 0.05, 1.0, 1.0))
    return found


def window(times: np.ndarray, gesture: Gesture) -> np.ndarray:  # type: ignore[type-arg]
    """Evaluate a gesture's rise and fall at times (n,) -> (n,) from 0 to 1, by polynomials only: the same bits for any n."""
    up = np.clip((times - gesture.rise) / (gesture.hold - gesture.rise), 0.0, 1.0)
    down = np.clip((gesture.end - times) / (gesture.end - gesture.release), 0.0, 1.0)
    share = np.minimum(up, down)
    made: np.ndarray = share * share * (3 - 2 * share)  # type: ignore[type-arg]
    return made


class Gestures:
    """The gestures of phones that arrive in order of time, evaluated row by row at 100 rows a second."""

    def __init__(self) -> None:
        """Begin with silence."""
        self._active: list[Gesture] = []

    def add(self, phones: tuple[Phone, ...]) -> None:
        """Hear of phones that come after those already known."""
        for phone in phones:
            self._active.extend(gestures(phone))

    def rows(self, first: int, stop: int) -> Array:
        """Evaluate rows `first` to `stop` -> (rows, 6) in the order of MOUTH; no earlier row may be asked for afterwards."""
        if stop <= first:
            return np.zeros((0, len(MOUTH)), np.float32)
        if not self._active:
            rest = np.zeros((stop - first, len(MOUTH)), np.float32)
            rest[:, MOUTH.index("closure")] = REST_CLOSURE
            return rest
        times = np.arange(first, stop) * ROW
        self._active = [gesture for gesture in self._active if gesture.end > times[0]]
        pulled = {name: np.zeros(len(times)) for name in (*MOUTH, "speech")}
        weights = {name: np.zeros(len(times)) for name in (*MOUTH, "speech")}
        for gesture in self._active:
            if gesture.rise >= times[-1]:
                continue
            share = window(times, gesture)
            if gesture.channel in ("closure", "dental", "tongue"):
                pulled[gesture.channel] = np.maximum(pulled[gesture.channel], share * gesture.target)
            else:
                # Cubed, so that the sound at hand outweighs its neighbours; one after the other, so that no sum depends on the chunk.
                weight = gesture.strength * share * share * share + 1e-9 * share
                pulled[gesture.channel] += weight * gesture.target
                weights[gesture.channel] += weight
        made = {name: pulled[name] / np.maximum(weights[name], 1.0) for name in ("jaw", "rounding", "spreading")}
        for name in ("rounding", "spreading"):
            # A pull that is firmer than 1 may not overshoot its own target.
            made[name] = np.minimum(made[name], 1.0)
        closure = pulled["closure"]
        awake = np.minimum(weights["speech"], 1.0)
        jaw = made["jaw"] * (1 - 0.8 * closure)
        dental = pulled["dental"] * (1 - closure)
        columns = {
            "jaw": jaw,
            "closure": np.maximum(closure, REST_CLOSURE * (1 - awake)),
            "rounding": made["rounding"],
            "spreading": made["spreading"] * (1 - made["rounding"]),
            "dental": dental,
            "tongue": pulled["tongue"] * (1 - closure),
        }
        made_rows: Array = np.stack([columns[name] for name in MOUTH], axis=1).astype(np.float32)
        return made_rows


assert ARTICULATION.names[: len(MOUTH)] == MOUTH
