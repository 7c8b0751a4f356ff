"""A live session over WebRTC: picture and sound as two tracks of one connection, paced by the performance."""

import asyncio
import contextlib
import ipaddress
from fractions import Fraction
from typing import Any

import av
import numpy as np
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from thespis.apps.server.live.acting import ENDS
from thespis.apps.server.live.fragments import SOUND_RATE
from thespis.apps.server.live.rooms import Room
from thespis.apps.server.settings import Settings
from thespis.errors import UsageError
from thespis.types import Array, Bytes

WAITING = 12  # frames that may wait; older ones are of no use to somebody who talks
PIECE = SOUND_RATE // 50  # samples of a packet of sound
PATIENCE = 15.0  # seconds in which a connection must come about
CLOCK = 90_000
CANDIDATES, FIRST_PORT = 24, 1024  # addresses of an offer that are tried, and the lowest port of theirs
HELD, SLACK = 0.03, 0.1  # seconds a frame is held so that all can leave evenly, and behind after which the clock is set back


class Pace:
    """One clock for picture and sound: what comes in bursts leaves evenly, so that the receiver need not wait to be sure."""

    def __init__(self) -> None:
        """Begin with the first frame."""
        self._begun: float | None = None

    async def reach(self, seconds: float) -> None:
        """Wait for a moment of the stream; one who is late sets the clock back."""
        now = asyncio.get_running_loop().time()
        if self._begun is None or now - self._begun - seconds > SLACK:
            self._begun = now - seconds + HELD
        await asyncio.sleep(max(self._begun + seconds - now, 0.0))


class Track(MediaStreamTrack):
    """One track: frames or sound that the performance puts in, in order."""

    def __init__(self, kind: str, clock: "Pace") -> None:
        """Begin empty, on a clock that both tracks share."""
        super().__init__()
        self.kind, self._clock = kind, clock
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def put(self, item: Any) -> None:  # noqa: ANN401 - a frame of PyAV
        """Add the next frame; the oldest goes where nobody takes them."""
        if self.queue.qsize() >= WAITING * (4 if self.kind == "audio" else 1):
            self.queue.get_nowait()
        self.queue.put_nowait(item)

    async def recv(self) -> Any:  # noqa: ANN401
        """Wait for the next frame."""
        item = await self.queue.get()
        if item is None:
            raise MediaStreamError
        await self._clock.reach(float(item.pts * item.time_base))
        return item


class Peer:
    """The viewer at the end of a WebRTC connection."""

    def __init__(self, room: Room, settings: Settings) -> None:
        """Prepare the two tracks."""
        servers = [RTCIceServer(urls=url) for url in settings.ice_servers]
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=servers))
        pace = Pace()
        self.video, self.audio = Track("video", pace), Track("audio", pace)
        self._room, self._loop = room, asyncio.get_running_loop()
        self._left = np.zeros(0, np.float32)
        self._samples = 0
        self._first: float | None = None

    def show(self, image: Bytes, samples: Array, at: float) -> None:
        """Hand a frame and its sound to the loop, both on one clock."""
        self._first = at if self._first is None else self._first
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image[..., :3]), format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = round((at - self._first) * CLOCK), Fraction(1, CLOCK)
        joined = np.concatenate([self._left, samples])
        sounds = []
        while len(joined) >= PIECE:
            piece, joined = joined[:PIECE], joined[PIECE:]
            sound = av.AudioFrame.from_ndarray(np.asarray(np.clip(piece, -1, 1) * 32767, np.int16)[None], format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = SOUND_RATE, self._samples, Fraction(1, SOUND_RATE)
            self._samples += PIECE
            sounds.append(sound)
        self._left = joined

        def put() -> None:
            self.video.put(frame)
            for sound in sounds:
                self.audio.put(sound)

        self._later(put)

    def tell(self, event: dict[str, Any]) -> None:
        """What happens is told over the WebSocket beside; being replaced ends the connection."""
        if event["type"] in ENDS:
            self._later(lambda: asyncio.ensure_future(self.close()))

    def _later(self, action: Any) -> None:  # noqa: ANN401
        """Let the loop do something."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(action)

    async def close(self) -> None:
        """End the connection; the session waits for whoever comes next."""
        self._room.performance.detach(self)
        for track in (self.video, self.audio):
            track.put(None)
        await self.connection.close()


def reachable(sdp: str, near: bool) -> str:
    """Leave in an offer only addresses that may be called: a few, no system ports, and private networks only for who is `near`."""
    kept, count = [], 0
    for line in sdp.splitlines():
        if line.startswith("a=candidate:"):
            parts = line.split()
            if count >= CANDIDATES or len(parts) < 6 or not may_call(parts[4], parts[5], near):
                continue
            count += 1
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def may_call(host: str, port: str, near: bool) -> bool:
    """Judge one address of an offer; names but those of a browser's own machine are never looked up."""
    if not port.isdecimal() or not FIRST_PORT <= int(port) <= 65535:
        return False
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return near and host.endswith(".local")
    number = getattr(number, "ipv4_mapped", None) or number
    return not number.is_multicast and not number.is_unspecified and (near or number.is_global)


async def answer(room: Room, sdp: str, settings: Settings) -> dict[str, Any]:
    """Answer an offer; the performance shows itself there once the connection stands."""
    if room.waiting is not None:
        # One at a time: a page that asks again has given the one before up.
        room.waiting.cancel()
    peer = Peer(room, settings)
    connection = peer.connection

    @connection.on("connectionstatechange")
    async def changed() -> None:
        if connection.connectionState == "connected":
            room.performance.attach(peer)
        elif connection.connectionState in ("failed", "closed", "disconnected"):
            await peer.close()

    try:
        connection.addTrack(peer.audio)
        connection.addTrack(peer.video)
        await connection.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
    except Exception as error:
        await connection.close()
        raise UsageError(f"that is no offer that can be answered: {' '.join(str(error).split())[:200]}") from None

    async def give_up() -> None:
        try:
            await asyncio.sleep(PATIENCE)
        finally:
            if connection.connectionState != "connected":
                await peer.close()

    room.waiting = asyncio.create_task(give_up())
    return {"sdp": connection.localDescription.sdp, "type": connection.localDescription.type}
