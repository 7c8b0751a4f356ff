"""What `thespis bench live` measures with: a server of its own, a viewer who keeps what arrives and when, and a look into the film."""

import io
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from thespis.apps.server.client import Client
from thespis.apps.server.faces import FACES, faces
from thespis.errors import ThespisError
from thespis.types import Array

CLAPPER = Path(__file__).with_name("clapper.py")
BRIGHT, LOUD = 125.0, 0.1
LOOKS = 15


class Watcher:
    """One session that is watched over a WebSocket, by a thread of its own."""

    def __init__(self, client: Client, size: int, recipe: str, *, keep: bool = False) -> None:
        """Open a session with a made-up person, and watch it; with `keep` the film is kept."""
        from websockets.sync.client import connect

        begun = time.monotonic()
        self.room = client.live(FACES / f"{faces()[0]}.jpg", recipe=recipe, settings={"size": size})
        self.opened = time.monotonic() - begun
        self._open = ExitStack()
        place = f"ws://{client.place}/api/live/{self.room}/socket"
        self.socket = self._open.enter_context(connect(place, max_size=1 << 24, ping_interval=None))
        self.connected = time.monotonic()
        self.arrived: list[float] = []
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.film: list[bytes] = []
        self.bytes, self._keep = 0, keep
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        """Note when each fragment arrives, and what is told."""
        from websockets.exceptions import ConnectionClosed

        try:
            for message in self.socket:
                now = time.monotonic()
                if isinstance(message, bytes):
                    self.arrived += [now] * message.count(b"moof")
                    self.bytes += len(message)
                    if self._keep:
                        self.film.append(message)
                else:
                    self.events.append((now, json.loads(message)))
        except ConnectionClosed:
            return

    def send(self, **message: Any) -> None:  # noqa: ANN401
        """Send a message."""
        self.socket.send(json.dumps(message))

    def push(self, samples: Array, rate: int) -> None:
        """Let the portrait say these samples (n,), in one piece."""
        self.send(type="sound", role="speak", rate=rate)
        self.socket.send(np.asarray(np.clip(samples, -1, 1) * 32767, "<i2").tobytes())

    def until(self, kind: str, after: float, seconds: float = 60.0) -> float:
        """Wait for an event of a kind, or of a state, after a moment -> when it came."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for at, event in [*self.events]:
                if at > after and kind in (event["type"], event.get("state")):
                    return at
            time.sleep(0.002)
        raise ThespisError(f"the live session did not tell {kind!r} within {seconds:g} s; this machine may be busy")

    def close(self) -> None:
        """Stop watching."""
        self._open.close()
        self._thread.join(5.0)


@contextmanager
def served(sessions: int, requests: int = 1_000_000) -> Iterator[tuple[Client, int]]:
    """Run a server of our own in another process -> a client and the number of that process."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "thespis.apps.cli", "serve", "--port", str(port), "--folder", folder, "--sessions", str(sessions)]
        words += ["--recipe", str(CLAPPER), "--requests", str(requests)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        client = Client(f"http://127.0.0.1:{port}")
        try:
            end = time.monotonic() + 180
            while True:
                try:
                    client.jobs()
                    break
                except ThespisError:
                    if time.monotonic() > end or process.poll() is not None:
                        raise
                    time.sleep(0.1)
            yield client, process.pid
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@dataclass(frozen=True)
class Film:
    """A film that was decoded: the brightness of its frames (n,) at `times` (n,), and its sound (samples,) from `begun` seconds on."""

    times: Array
    bright: Array
    sound: Array
    rate: int
    begun: float

    def claps(self) -> tuple[Array, Array]:
        """Find when the picture becomes bright and when the sound becomes loud, in seconds."""
        lit = np.flatnonzero(np.diff((self.bright > BRIGHT).astype(np.int8)) > 0) + 1
        loud = np.flatnonzero(np.abs(self.sound) > LOUD)
        first = loud[np.flatnonzero(np.diff(loud, prepend=-self.rate) > self.rate // 10)]
        return self.times[lit], first / self.rate + self.begun


def decoded(film: list[bytes]) -> Film:
    """Decode what a viewer received, as far as it goes."""
    import av

    times, bright, sound, begun, rate = [], [], [], None, 48_000
    with av.open(io.BytesIO(b"".join(film)), "r") as container:
        for packet in container.demux():
            try:
                frames = packet.decode()
            except av.FFmpegError:
                continue  # the film breaks off where it was last received
            for frame in frames:
                if isinstance(frame, av.VideoFrame):
                    times.append(float(frame.time or 0.0))
                    bright.append(float(frame.reformat(format="gray", width=16, height=16).to_ndarray().mean()))
                elif isinstance(frame, av.AudioFrame):
                    begun = float(frame.time or 0.0) if begun is None else begun
                    rate = frame.sample_rate
                    sound.append(frame.to_ndarray()[0])
    heard = np.concatenate(sound) if sound else np.zeros(0, np.float32)
    return Film(np.array(times, np.float32), np.array(bright, np.float32), heard, rate, begun or 0.0)


def apart(lit: Array, loud: Array) -> Array:
    """Say how much later each bright frame comes than the sound that is nearest, in seconds."""
    if not len(lit) or not len(loud):
        raise ThespisError("the clapper was not seen and heard; this machine may be busy")
    return np.asarray(lit - loud[np.abs(lit[:, None] - loud[None]).argmin(axis=1)])


def beeps(seconds: float, rate: int) -> Array:
    """Make a beep of 0.12 s each 0.6 s, on the beginning of a frame at 25 a second (n,)."""
    times = np.arange(round(seconds * rate)) / rate
    return np.asarray(0.5 * np.sin(2 * np.pi * 600 * times) * ((times % 0.6) < 0.12), np.float32)


def resident(process: int) -> float:
    """Read how much memory a process holds, in megabytes."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


def held(process: int) -> tuple[int, int]:
    """Count the threads and the open files of a process: the fewest of some looks, since a database is open for a moment now and then."""
    place, looks = Path(f"/proc/{process}"), []
    for _ in range(LOOKS):
        looks.append((len([*(place / "task").iterdir()]), len([*(place / "fd").iterdir()])))
        time.sleep(0.03)
    return min(threads for threads, _ in looks), min(files for _, files in looks)
