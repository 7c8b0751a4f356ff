"""The live sessions of a server: opened, found again, and closed when nobody watches; they share the networks of their recipe."""

import asyncio
import gc
import logging
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.apps.server.live.acting import Performance
from thespis.apps.server.live.fragments import SOUND_RATE
from thespis.apps.server.live.partner import Partner, partner_of
from thespis.apps.server.schema import LiveRequest, LiveView, check_voice, checked_direction, wishes
from thespis.apps.server.settings import Settings
from thespis.direction.perform import act, at_rate
from thespis.errors import MediaError, ThespisError
from thespis.types import Direction

if TYPE_CHECKING:
    from thespis.talker import Talker

LIVE_SIZE = {"thespis": "live"}  # the recipes that have a size of their own for live use
SIDE = 512


class NoRoomError(ThespisError):
    """More live sessions than a server takes on."""


@dataclass
class Room:
    """One live session and what belongs to it."""

    id: str
    performance: Performance
    request: LiveRequest
    size: tuple[int, int]
    partner: Partner
    created: float = field(default_factory=time.time)
    answering: threading.Lock = field(default_factory=threading.Lock)
    waiting: "asyncio.Task[None] | None" = None  # for a WebRTC connection to come about

    def say(self, text: str, voice: str | None = None) -> None:
        """Let the built-in voice say a script with tags."""
        wanted = self.request.voice if voice is None else voice
        check_voice(wanted)
        acted = act(text, wanted)
        self.performance.say(at_rate(acted.speech, SOUND_RATE), acted.direction, text)

    def view(self) -> LiveView:
        """Show the session as its owner sees it."""
        figures, now = self.performance.figures, self.performance
        return LiveView(
            id=self.id,
            created=self.created,
            state=now.state,
            watched=now.watched,
            seconds=round(now.shown, 3),
            frames=figures.shown,
            late=figures.late,
            fps=float(now.fps),
            size=list(self.size),
            skew=round(figures.skew, 4),
            hushed=round(figures.hushed, 4),
            error=now.error,
            request=self.request,
        )


class Rooms:
    """All rooms; any thread may ask."""

    def __init__(self, settings: Settings) -> None:
        """Begin without sessions; networks are loaded when the first one of a recipe begins."""
        self._settings = settings
        self._rooms: dict[str, Room] = {}
        self._opening = 0
        self._lock, self._loading = threading.RLock(), threading.Lock()
        self._talkers: dict[str, Talker] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sweep, name="rooms", daemon=True)

    def start(self) -> None:
        """Begin to close what nobody watches, and load what the first session will need; the server opens its port after that."""
        self._thread.start()
        if self._settings.warm is not None:
            self._warm(self._settings.warm)
        # All that is loaded by now stays; looking through it for garbage again and again would hold frames up.
        gc.collect()
        gc.freeze()

    def _warm(self, portrait: Path) -> None:
        """Draw a few frames of a portrait that nobody sees, so that the first session does not wait for what is loaded late."""
        from thespis.apps.server.live.acting import warmed

        try:
            room = self.begin(portrait, LiveRequest.model_validate({"settings": {"size": 128}}))
            warmed(room.performance)
            room.performance.close()
        except Exception:
            logging.getLogger("thespis").exception("the live sessions could not be prepared")

    def talker(self, recipe: str) -> "Talker":
        """Load a recipe once, in the size it has for live use."""
        from thespis import recipes

        path = self._settings.recipe(recipe)
        with self._loading:
            if recipe not in self._talkers:
                self._talkers[recipe] = recipes.load(path, LIVE_SIZE.get(recipe))
            return self._talkers[recipe]

    def open(self, portrait: Path, request: LiveRequest) -> Room:
        """Open a session with the picture in a file."""
        limits = self._settings.limits
        with self._lock:
            if len(self._rooms) + self._opening >= limits.sessions:
                raise NoRoomError(f"{limits.sessions} live sessions are open, which is all this server takes on; close one or try later")
            self._opening += 1
        try:
            room = self.begin(portrait, request)
            with self._lock:
                self._rooms[room.id] = room
            return room
        finally:
            with self._lock:
                self._opening -= 1

    def begin(self, portrait: Path, request: LiveRequest, *, hurry: bool = False) -> Room:
        """Read the picture, find the face, and begin a performance, which nobody finds again."""
        from thespis.capture.faces import quiet
        from thespis.capture.portrait import read_portrait

        check_voice(request.voice)
        direction = self._sized(checked_direction(wishes(request), request.recipe, self._settings))
        who = read_portrait(portrait, request.face)
        talker = self.talker(request.recipe)
        card = talker.card
        wish = direction if card is None or "size" in card.accepts else replace(direction, size=None)
        with self._loading, quiet():
            session = talker.start(who, wish, rate=SOUND_RATE)
        fps = wish.fps or Fraction(card.fps if card is not None else 25)
        performance = Performance(session, fps, self._settings.limits.pushed_seconds, hurry=hurry)
        own = self._settings
        partner = partner_of(own.partner, own.partner_model, own.partner_key, direction.seed)
        return Room(uuid.uuid4().hex, performance, request, direction.size or (SIDE, SIDE), partner)

    def _sized(self, direction: Direction) -> Direction:
        """Choose a size that is even, as video needs, and not too large for live use."""
        width, height = direction.size or (SIDE, SIDE)
        most = self._settings.limits.session_pixels
        if width * height > most:
            raise MediaError(f"a live picture has at most {most:,} pixels here, not {width}x{height}; choose a smaller size")
        if direction.crop == "original" or direction.background == "transparent":
            raise MediaError("a live picture has a size of its own and a background; leave crop=original and background=transparent out")
        return replace(direction, size=(width + width % 2, height + height % 2))

    def get(self, room: str) -> Room | None:
        """Find a session."""
        return self._rooms.get(room)

    def all(self) -> list[Room]:
        """List the open sessions, the newest first."""
        with self._lock:
            return sorted(self._rooms.values(), key=lambda room: -room.created)

    def close(self, room: str) -> bool:
        """Close a session."""
        with self._lock:
            found = self._rooms.pop(room, None)
        if found is None:
            return False
        found.performance.close()
        return True

    def end(self) -> None:
        """Close all sessions."""
        self._stop.set()
        for room in [*self._rooms]:
            self.close(room)
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _sweep(self) -> None:
        """Close the sessions that nobody has watched for a while, and those that failed."""
        while not self._stop.wait(0.5):
            for room in self.all():
                now = room.performance
                left = not now.watched and time.monotonic() - now.since > self._settings.limits.session_idle_seconds
                if left or now.error is not None:
                    if now.error is not None:
                        logging.getLogger("thespis").warning("a live session failed: %s", now.error)
                    self.close(room.id)
