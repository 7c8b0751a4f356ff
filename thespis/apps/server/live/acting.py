"""One live performance: a thread that feeds a Session at the pace of the sound, with speech when there is some and silence when not.

The sound is the clock: frame `k` leaves with the samples that belong to it, when its time has come, and a little before.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Literal, Protocol

import numpy as np

from thespis.apps.server.live.fragments import SOUND_RATE
from thespis.direction.script import NOD
from thespis.errors import MediaError
from thespis.talker import CHANGING, Session
from thespis.types import AMOUNT, HEAD_TURN, Array, Bytes, Clip, Curve, Direction, Key, Speech, frame_sample

State = Literal["speaking", "listening", "idle"]
ENDS = ("replaced", "failed", "closed")  # events after which a viewer sees nothing more
LEAD = 0.04  # seconds by which a frame leaves before its time
LATE = 0.6  # seconds behind after which the clock waits, instead of hurrying after
FADE = SOUND_RATE // 100  # samples in which an interrupted sound ends
ATTENTION = 6.0  # seconds for which a face listens after the last sign that somebody speaks to it
LEAN = (0.0, 1.5, 3.0)  # degrees of yaw, pitch and roll of a head that listens
SMALL_NOD = 0.55  # of the nod of a script
OVER = 0.7  # seconds in which a face begins and ceases to listen


class Viewer(Protocol):
    """Who watches: a connection of whatever kind. It is called from the thread of the performance."""

    def show(self, image: Bytes, samples: Array, at: float) -> None:
        """Show a frame (height, width, 3) with its sound (n,), which belong to `at` seconds."""

    def tell(self, event: dict[str, Any]) -> None:
        """Tell something that happened."""


@dataclass
class Figures:
    """What happened so far: frames `shown`, those that were `late`, and how long the last interruption took in seconds."""

    shown: int = 0
    late: int = 0
    interruptions: int = 0
    hushed: float = 0.0
    skew: float = 0.0


@dataclass
class Said:
    """Speech that waits to be said, and what is asked from its beginning on."""

    speech: Speech
    direction: Direction | None = None
    text: str = ""
    begun: bool = False


@dataclass
class Sounds:
    """The sound that was given to the session and not yet shown: it begins at sample `first`."""

    first: int = 0
    held: list[Array] = field(default_factory=list)

    def take(self, stop: int) -> Array:
        """Give the samples up to `stop`."""
        joined = np.concatenate(self.held) if self.held else np.zeros(0, np.float32)
        taken, rest = joined[: stop - self.first], joined[stop - self.first :]
        self.first, self.held = self.first + len(taken), [rest] if len(rest) else []
        return taken

    def hush(self) -> None:
        """Let what is left end at once."""
        if self.held:
            joined = np.concatenate(self.held)
            fade = np.linspace(1.0, 0.0, FADE, dtype=np.float32)[: len(joined)]
            joined[: len(fade)] *= fade
            joined[len(fade) :] = 0.0
            self.held = [joined]


class Performance:
    """A session with its clock, its thread and at most one viewer."""

    def __init__(self, session: Session, fps: Fraction, pushed_seconds: float = 120.0, *, hurry: bool = False) -> None:
        """Begin silent, and without a viewer: nothing is drawn until somebody watches; with `hurry` no frame waits for its time."""
        if session.rate != SOUND_RATE:
            raise ValueError(f"a live session runs at {SOUND_RATE} samples a second, not {session.rate}")
        self.session, self.fps, self.figures = session, fps, Figures()
        self.state: State = "idle"
        self.since = time.monotonic()  # when the last viewer came or went
        self.error: str | None = None
        self._most, self._hurry = pushed_seconds, hurry
        self._sounds = Sounds()
        self._waiting: deque[Said] = deque()
        self._orders: deque[Callable[[], None]] = deque()
        self._change = threading.Condition()
        self._viewer: Viewer | None = None
        self._listeners: tuple[Callable[[dict[str, Any]], None], ...] = ()
        self._closed = False
        self._epoch = 0.0
        self._said_from = self._said_until = self._attentive_until = 0.0  # on the clock of the session
        self._head: Curve | None = session.wish.head
        self._asked_at: float | None = None
        self._accepts = session.talker.card.accepts if session.talker.card is not None else frozenset(CHANGING)
        self._thread = threading.Thread(target=self._run, name="performance", daemon=True)
        self._thread.start()

    @property
    def shown(self) -> float:
        """The second up to which frames were shown."""
        return float(self.figures.shown / self.fps)

    @property
    def waiting(self) -> float:
        """The seconds of speech that wait to be said."""
        return sum(len(item.speech) for item in tuple(self._waiting)) / SOUND_RATE

    @property
    def busy(self) -> bool:
        """Whether something is said, or waits to be said."""
        return bool(self._waiting) or self._said_until > self.shown

    def attach(self, viewer: Viewer | None) -> None:
        """Show to this viewer from now on, and to no other; to nobody where it is None."""
        with self._change:
            before, self._viewer = self._viewer, viewer
            self.since, self._epoch = time.monotonic(), time.monotonic() - self.shown
            self._change.notify_all()
        if before is not None and before is not viewer and viewer is not None:
            before.tell({"type": "replaced"})

    def detach(self, viewer: Viewer) -> None:
        """Stop showing to a viewer, if it is still the one who watches."""
        with self._change:
            if self._viewer is viewer:
                self._viewer, self.since = None, time.monotonic()

    def follow(self, listener: Callable[[dict[str, Any]], None], follows: bool = True) -> None:
        """Tell somebody who does not watch what happens, or no longer."""
        with self._change:
            others = tuple(each for each in self._listeners if each != listener)
            self._listeners = (*others, listener) if follows else others

    @property
    def watched(self) -> bool:
        """Whether there is a viewer."""
        return self._viewer is not None

    def say(self, speech: Speech, direction: Direction | None = None, text: str = "") -> None:
        """Say this after what waits already; `direction` holds from its beginning on."""
        if speech.rate != SOUND_RATE:
            raise MediaError(f"a live session takes {SOUND_RATE} samples a second, not {speech.rate}")
        waits = self.waiting
        if waits + speech.seconds > self._most:
            raise MediaError(f"{waits:.0f} s of speech are waiting already; at most {self._most:.0f} s can wait")
        self._order(lambda: self._waiting.append(Said(speech, direction, text)))

    def direct(self, wish: Direction, also: tuple[str, ...] = (), over: float = 0.4) -> None:
        """Follow other wishes from the next frame on."""

        def follow() -> None:
            self.session.direct(wish, over=over, also=also)
            if wish.head is not None or "head" in also:
                self._head = wish.head

        self._order(follow)

    def interrupt(self) -> None:
        """Stop speaking at once, and listen."""
        asked = time.monotonic()

        def stop() -> None:
            self._waiting.clear()
            self._hold()
            self.session.interrupt()
            self._sounds.hush()
            self.figures.interruptions += 1
            self._said_until, self._asked_at = self.shown, asked
            self._attentive_until = self.session.pushed + ATTENTION
            self._tell({"type": "interrupted", "at": round(self.shown, 3)})

        self._order(stop)

    def attend(self, nod: bool = False) -> None:
        """Somebody speaks to the portrait: listen, and with `nod` show that something was understood."""

        def listen() -> None:
            self._attentive_until = self.session.pushed + ATTENTION
            if nod and self.state != "speaking" and "head" in self._accepts:
                now = self.session.wish.head
                rest = (0.0, 0.0, 0.0) if now is None else now.at(self.session.made)[0].tolist()
                keys = [Key(at, tuple(float(a + SMALL_NOD * b) for a, b in zip(rest, turn, strict=True)), over) for at, turn, over in NOD]
                self.session.direct(Direction(head=Curve(HEAD_TURN, tuple(keys))), over=NOD[0][2])

        self._order(listen)

    def close(self) -> None:
        """End, tell whoever watches, and wait for the end."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._tell({"type": "closed"})
        if threading.current_thread() is not self._thread:
            self._thread.join(5.0)

    def _order(self, action: Callable[[], None]) -> None:
        """Let the performance's own thread do something, before its next frame."""
        with self._change:
            self._orders.append(action)
            self._change.notify_all()

    def _run(self) -> None:
        """Perform until the end; an error ends this session and no other."""
        try:
            while True:
                with self._change:
                    while not self._closed and (self._viewer is None or self._ahead() > 0) and not self._orders:
                        self._change.wait(None if self._viewer is None else min(self._ahead(), 0.05))
                    if self._closed:
                        return
                    orders = [*self._orders]
                    self._orders.clear()
                for order in orders:
                    self._attempt(order)
                if self._viewer is not None and self._ahead() <= 0:
                    self._perform()
        except Exception as error:
            self.error = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            self._tell({"type": "failed", "error": self.error})

    def _attempt(self, order: Callable[[], None]) -> None:
        """Do what was ordered, or tell why not."""
        from thespis.errors import ThespisError

        try:
            order()
        except ThespisError as error:
            self._tell({"type": "refused", "error": str(error)})

    def _ahead(self) -> float:
        """Say for how many seconds the next frame can still wait."""
        if self._hurry:
            return 0.0
        return self.shown - LEAD - (time.monotonic() - self._epoch)

    def _perform(self) -> None:
        """Feed the session for one frame, and show what is ready."""
        behind = -self._ahead()
        if behind > LATE:
            self._epoch += behind
            self.figures.late += 1
        self._feed(SOUND_RATE * self.fps.denominator // self.fps.numerator)
        for clip in self.session:
            self._give(clip)
        self._look()

    def _feed(self, count: int) -> None:
        """Give the session the next samples, of what waits to be said or of silence."""
        piece = Speech(np.zeros((1, count), np.float32), SOUND_RATE)
        if self._waiting:
            said = self._waiting[0]
            if not said.begun:
                said.begun = True
                if said.direction is not None:
                    asked = tuple(name for name in said.direction.asked() if name in CHANGING and name in self._accepts)
                    changes = replace(Direction(), **{name: getattr(said.direction, name) for name in asked})
                    self.session.direct(changes, at=self.session.pushed)
                if said.text:
                    self._tell({"type": "saying", "text": said.text, "at": round(self.session.pushed, 3), "shown": round(self.shown, 3)})
            piece = said.speech.cut(said.speech.start, said.speech.start + count)
            rest = said.speech.cut(piece.stop, said.speech.stop)
            said.speech = rest
            if not len(rest):
                self._waiting.popleft()
            if self.shown >= self._said_until and self.session.pushed > self._said_until + 1e-6:
                self._said_from = self.session.pushed  # after a silence, and not only the next piece of what is said
            self._said_until = self.session.pushed + piece.seconds
        self.session.push(piece)
        self._sounds.held.append(piece.mono().copy())

    def _give(self, clip: Clip) -> None:
        """Show the frames of a clip, each with its sound."""
        if clip.frames is None:
            return
        for number, image in enumerate(clip.frames.images, clip.frames.start):
            samples = self._sounds.take(frame_sample(number + 1, SOUND_RATE, self.fps))
            at, self.figures.shown = float(number / self.fps), number + 1
            if self._asked_at is not None:
                self.figures.hushed, self._asked_at = time.monotonic() - self._asked_at, None
            viewer = self._viewer
            if viewer is not None:
                viewer.show(image, samples, at)

    def _look(self) -> None:
        """See whether the portrait speaks, listens or idles in the frame that was shown last."""
        speaks = self._said_from <= self.shown < self._said_until
        now: State = "speaking" if speaks else "listening" if self._attentive_until > self.shown else "idle"
        if not speaks and self.state == "speaking" and self._waiting:
            return  # between two pieces that follow each other
        if now == self.state:
            return
        if now == "listening":
            self.session.direct(self._listens(), over=OVER)
        elif self.state == "listening":
            own = ("listening",) if "listening" in self._accepts else ("head",) if self._head is None and "head" in self._accepts else ()
            self.session.direct(Direction(), over=OVER, also=own)
        self.state = now
        self._tell({"type": "state", "state": now, "at": round(self.shown, 3)})

    def _listens(self) -> Direction:
        """Make the wish for a face that listens: as the recipe does it, else with a head that leans."""
        if "listening" in self._accepts:
            return Direction(listening=Curve.constant(AMOUNT, amount=1.0))
        if self._head is None and "head" in self._accepts:
            return Direction(head=Curve.constant(HEAD_TURN, **dict(zip(HEAD_TURN.names, LEAN, strict=True))))
        return Direction()

    def _hold(self) -> None:
        """Stay as it is now: what later words would have asked for is no longer asked."""
        made = self.session.made
        held: dict[str, Any] = {}
        for name in CHANGING:
            curve = getattr(self.session.wish, name)
            if name != "lips" and curve is not None and len(curve.keys) > 1:
                held[name] = Curve(curve.space, (Key(0.0, tuple(curve.at(made)[0].tolist()), 0.0),))
        if held:
            self.session.direct(replace(Direction(), **held), also=tuple(held))

    def _tell(self, event: dict[str, Any]) -> None:
        """Tell the viewer, if there is one, and those who follow."""
        viewer = self._viewer
        for tell in (*((viewer.tell,) if viewer is not None else ()), *self._listeners):
            tell(event)


class Nobody:
    """A viewer who waits for a number of frames."""

    def __init__(self, frames: int) -> None:
        """Know how many."""
        self._left, self.seen = frames, threading.Event()

    def show(self, image: Bytes, samples: Array, at: float) -> None:
        """Count a frame."""
        self._left -= 1
        if self._left <= 0:
            self.seen.set()

    def tell(self, event: dict[str, Any]) -> None:
        """An error ends the waiting too."""
        if event["type"] in ENDS:
            self.seen.set()


def warmed(performance: Performance, frames: int = 3) -> None:
    """Perform a few frames for nobody."""
    viewer = Nobody(frames)
    performance.attach(viewer)
    viewer.seen.wait(60.0)
