"""A live session over a WebSocket: fragmented MP4 one way; words, sound, wishes and interruptions the other (docs/live.md)."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from thespis.apps.server.live.acting import ENDS
from thespis.apps.server.live.fragments import SOUND_RATE, Fragments
from thespis.apps.server.live.hearing import Hearing
from thespis.apps.server.live.rooms import Room
from thespis.apps.server.schema import LiveMessage, check_length, check_words
from thespis.apps.server.settings import Settings
from thespis.direction.parse import direct
from thespis.direction.perform import at_rate
from thespis.errors import ThespisError
from thespis.speech.activity import Activity
from thespis.types import Array, Bytes, Direction, Speech

WAITING = 75  # frames that may wait for a viewer; one that is slower has to come back
SHORTEST_TURN = 0.3  # seconds of somebody's speech that are answered


class Stream:
    """The viewer at the end of a WebSocket: encodes in the thread of the performance, sends in the loop of the server."""

    def __init__(self, room: Room, loop: asyncio.AbstractEventLoop, encode: bool = True) -> None:
        """Begin a stream of its own, with a first frame that needs none before it."""
        self._room, self._loop, self._encode = room, loop, encode
        self._fragments: Fragments | None = None
        self._lock, self._closed = threading.Lock(), False
        self.queue: asyncio.Queue[bytes | dict[str, Any] | None] = asyncio.Queue(WAITING * 2)

    def show(self, image: Bytes, samples: Array, at: float) -> None:
        """Encode a frame with its sound."""
        with self._lock:
            if not self._encode or self._closed:
                return
            if self._fragments is None:
                height, width = image.shape[:2]
                self._fragments = Fragments(self._room.performance.fps, (width, height))
                self._room.size = (width, height)
                about = {"type": "stream", "mime": self._fragments.mime, "at": round(at, 3), "size": [width, height]}
                self._put(about | {"fps": float(self._room.performance.fps)})
            self._put(self._fragments.add(image[..., :3], samples))

    def tell(self, event: dict[str, Any]) -> None:
        """Tell something that happened."""
        self._put(event)

    def _put(self, item: bytes | dict[str, Any]) -> None:
        """Hand something to the loop; one who cannot follow is cut off."""

        def put() -> None:
            if self.queue.qsize() >= WAITING:
                while not self.queue.empty():
                    self.queue.get_nowait()
                self.queue.put_nowait(None)
            else:
                self.queue.put_nowait(item)

        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(put)

    def close(self) -> None:
        """Free the encoders; the performance may be about to show one more frame."""
        with self._lock:
            self._closed = True
            if self._fragments is not None:
                self._fragments.close()


class Discarding:
    """A viewer who encodes what is shown, and keeps nothing of it."""

    def __init__(self, room: Room) -> None:
        """Begin a stream."""
        self._fragments = Fragments(room.performance.fps, room.size)

    def show(self, image: Bytes, samples: Array, at: float) -> None:
        """Encode a frame with its sound."""
        self._fragments.add(image[..., :3], samples)

    def tell(self, event: dict[str, Any]) -> None:
        """Nobody listens."""

    def close(self) -> None:
        """Free the encoders."""
        self._fragments.close()


class Conversation:
    """What one viewer sends: each message does something to the performance."""

    def __init__(self, room: Room, settings: Settings, tell: Callable[[dict[str, Any]], None], network: Callable[[], Activity]) -> None:
        """Begin with sound that is neither spoken nor heard."""
        self._room, self._settings, self._tell, self._network = room, settings, tell, network
        self._role, self._rate = "", SOUND_RATE
        self._hearing: Hearing | None = None

    def sound(self, data: bytes) -> None:
        """Take 16-bit samples: what the portrait says, or what it hears."""
        samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.float32) / 32768
        if not len(samples) or not self._role:
            return
        if self._role == "speak":
            self._room.performance.say(at_rate(Speech(samples[None], self._rate), SOUND_RATE))
            return
        if self._hearing is None:
            self._hearing = Hearing(self._rate, self._network())
        for heard in self._hearing.hear(samples):
            self._heard(heard)

    def _heard(self, heard: str) -> None:
        """Do what one does when somebody begins to speak, pauses, or has finished."""
        performance = self._room.performance
        self._tell({"type": "heard", "what": heard})
        if heard == "begins" and performance.busy:
            performance.interrupt()
        performance.attend(nod=heard == "pauses")
        if heard == "ends" and self._hearing is not None and self._hearing.turn is not None and self._room.request.converse:
            turn, self._hearing.turn = self._hearing.turn, None
            if turn.seconds >= SHORTEST_TURN:
                self._answer(lambda: self._room.partner.answer_sound(turn))

    def message(self, text: str) -> None:
        """Do what a message asks."""
        try:
            asked = LiveMessage.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False, include_context=False, include_input=False)[0]
            raise ThespisError(f"a message that is not known: {'.'.join(map(str, first['loc']))} {first['msg']}") from None
        performance = self._room.performance
        if asked.type == "say":
            check_length(asked.text, self._settings.limits)
            self._room.say(asked.text, asked.voice)
        elif asked.type == "ask":
            performance.attend(nod=True)
            self._answer(lambda: ("", self._room.partner.answer(asked.text)))
        elif asked.type == "direct":
            check_words(asked.settings)
            wish = direct(Direction(), **asked.settings)
            performance.direct(wish, also=tuple(name for name in asked.settings if name not in wish.asked()), over=asked.over)
        elif asked.type == "interrupt":
            performance.interrupt()
        elif asked.type == "attend":
            performance.attend(nod=asked.nod)
        elif asked.type == "sound":
            self._role, self._rate, self._hearing = asked.role, asked.rate, None
        elif asked.type == "told":
            performance.figures.skew = max(min(asked.skew, 10.0), -10.0)
        elif asked.type == "ping":
            self._tell({"type": "pong", "at": round(performance.shown, 3), "time": time.time()})

    def _answer(self, ask: Callable[[], tuple[str, str]]) -> None:
        """Ask the partner, and say what it answers; what is asked meanwhile waits for nobody and is dropped."""
        if not self._room.answering.acquire(blocking=False):
            return
        try:
            understood, answer = ask()
            if understood:
                self._tell({"type": "talk", "who": "you", "text": understood})
            if answer:
                self._tell({"type": "talk", "who": "portrait", "text": answer})
                self._room.say(answer)
        finally:
            self._room.answering.release()


async def serve(socket: WebSocket, room: Room, settings: Settings, network: Callable[[], Activity], picture: bool) -> None:
    """Show a session to a viewer until they leave or somebody else takes their place."""
    await socket.accept()
    stream = Stream(room, asyncio.get_running_loop(), picture)
    talk = Conversation(room, settings, stream.tell, network)
    about = {"type": "open", "session": room.id, "state": room.performance.state, "at": round(room.performance.shown, 3)}
    await socket.send_text(json.dumps(about))
    if picture:
        room.performance.attach(stream)
    else:
        room.performance.follow(stream.tell)
    receiving = asyncio.create_task(receive(socket, talk, stream))
    code, why = 4008, "the viewer is too slow or was replaced"
    try:
        while (item := await next_of(stream, receiving)) is not None:
            if isinstance(item, bytes):
                await socket.send_bytes(item)
            else:
                await socket.send_text(json.dumps(item))
                if item["type"] == "closed":
                    code, why = 4004, "the live session was closed"
                if item["type"] in ENDS:
                    break
        with contextlib.suppress(RuntimeError):
            await socket.close(1000 if receiving.done() else code, why)
    except (WebSocketDisconnect, RuntimeError, OSError):
        pass  # the viewer has gone; the session waits for them
    finally:
        room.performance.detach(stream)
        room.performance.follow(stream.tell, False)
        receiving.cancel()
        with contextlib.suppress(asyncio.CancelledError, Exception):
            await receiving
        await asyncio.to_thread(stream.close)


async def next_of(stream: Stream, receiving: "asyncio.Task[None]") -> bytes | dict[str, Any] | None:
    """Wait for the next thing to send; None when the viewer has gone."""
    if not stream.queue.empty():
        return stream.queue.get_nowait()
    waiting = asyncio.create_task(stream.queue.get())
    done, _ = await asyncio.wait((waiting, receiving), return_when=asyncio.FIRST_COMPLETED)
    if waiting in done:
        return waiting.result()
    waiting.cancel()
    return None


async def receive(socket: WebSocket, talk: Conversation, stream: Stream) -> None:
    """Take what a viewer sends, in order; what is wrong is told and nothing else comes of it."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            if message.get("bytes") is not None:
                await asyncio.to_thread(talk.sound, message["bytes"])
            else:
                await asyncio.to_thread(talk.message, message.get("text") or "")
        except ThespisError as error:
            stream.tell({"type": "refused", "error": " ".join(str(error).split())})
