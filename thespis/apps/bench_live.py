"""Measure live sessions on this machine, end to end: sound in to encoded picture out, through a server and its WebSocket.

thespis bench live
thespis bench live --sizes 256,512 --seconds 60 --most 4
"""

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

from thespis.errors import MissingExtraError, ThespisError, UsageError
from thespis.export.output import check_writable, write_text

TALK = "Every frame you see is made while the sound is still arriving, and it never waits for the end of a sentence. "
ENOUGH = 0.98  # of the frames a second that a session should have
INTERRUPTIONS = 5
MEMORY_EVERY = 1.0  # seconds


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis bench live`."""
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe to measure (thespis)")
    parser.add_argument("--sizes", default="256,512", help="sides of the square picture, with commas between (256,512)")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of talk in each measurement (20)")
    parser.add_argument("--most", type=int, default=4, help="try up to so many sessions at a time (4)")
    parser.add_argument("--simulate", type=float, metavar="MINUTES", help="instead: talk so long, hurried, and follow the memory")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the figures to this file")
    parser.add_argument("--json", action="store_true", help="the figures as JSON instead of a table")


class Watcher:
    """One session that is watched over a WebSocket, by a thread of its own."""

    def __init__(self, client: Any, size: int, recipe: str) -> None:  # noqa: ANN401 - a Client of the server
        """Open a session with a made-up person, and watch it."""
        from websockets.sync.client import connect

        from thespis.apps.server.faces import FACES, faces

        request = {"recipe": recipe, "settings": {"size": size}}
        begun = time.monotonic()
        self.room = client.live(FACES / f"{faces()[0]}.jpg", **request)
        self.opened = time.monotonic() - begun
        self.socket = connect(f"ws://{client.place}/api/live/{self.room}/socket", max_size=1 << 24)
        self.connected = time.monotonic()
        self.arrived: list[float] = []
        self.events: list[tuple[float, dict[str, Any]]] = []
        self.bytes = 0
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
                else:
                    self.events.append((now, json.loads(message)))
        except ConnectionClosed:
            return

    def send(self, **message: Any) -> None:  # noqa: ANN401
        """Send a message."""
        self.socket.send(json.dumps(message))

    def until(self, kind: str, after: float, seconds: float = 20.0) -> float:
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
        self.socket.close()
        self._thread.join(5.0)


@contextmanager
def served(sessions: int) -> Iterator[tuple[Any, int]]:
    """Run a server of our own in another process -> a client and the number of that process."""
    from thespis.apps.server.client import Client

    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "thespis.apps.cli", "serve", "--port", str(port), "--folder", folder, "--sessions", str(sessions)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        client = Client(f"http://127.0.0.1:{port}")
        try:
            end = time.monotonic() + 60
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


def one(client: Any, size: int, recipe: str, seconds: float, process: int) -> dict[str, Any]:  # noqa: ANN401
    """Measure one session: first frame, words to lips, steady pace, interruptions, memory."""
    watcher = Watcher(client, size, recipe)
    try:
        first = watcher.until("stream", 0.0) - watcher.connected
        time.sleep(1.0)
        asked = time.monotonic()
        watcher.send(type="say", text=TALK * (int(seconds / 6) + 1))
        # What is said begins at a second that is not shown yet, since mouths move before the sound.
        told = watcher.until("saying", asked)
        saying = next(event for at, event in watcher.events if at == told)
        spoken = told - asked + saying["at"] - saying["shown"]
        before, memory = len(watcher.arrived), []
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            memory.append(resident(process))
            time.sleep(MEMORY_EVERY)
        inside = watcher.arrived[before:]
        rate = (len(inside) - 1) / (inside[-1] - inside[0])
        gaps = sorted(b - a for a, b in pairwise(inside))
        hushed = [interruption(watcher) for _ in range(INTERRUPTIONS)]
        view = client.look(watcher.room)
    finally:
        watcher.close()
        client.leave(watcher.room)
    return {
        "size": size,
        "opened_ms": round(1000 * watcher.opened),
        "first_frame_ms": round(1000 * first),
        "words_to_lips_ms": round(1000 * spoken),
        "fragments_a_second": round(rate, 2),
        "worst_gap_ms": round(1000 * gaps[-1]),
        "behind": view["late"],
        "interrupted_ms": round(1000 * median(hushed)),
        "interrupted_worst_ms": round(1000 * max(hushed)),
        "megabytes": round(memory[-1], 1),
        "kilobits_a_second": round(watcher.bytes * 8 / 1000 / view["seconds"]),
    }


def interruption(watcher: Watcher) -> float:
    """Interrupt while it speaks -> seconds from the wish to the first frame that is sent after it."""
    asked = time.monotonic()
    watcher.send(type="say", text=TALK)
    watcher.until("speaking", asked - 30.0)
    time.sleep(0.8)
    stop = time.monotonic()
    watcher.send(type="interrupt")
    at = watcher.until("interrupted", stop)
    end = time.monotonic() + 5
    while not [moment for moment in watcher.arrived if moment > at] and time.monotonic() < end:
        time.sleep(0.002)
    return next((moment for moment in watcher.arrived if moment > at), end) - stop


def together(client: Any, size: int, recipe: str, most: int, seconds: float) -> int:  # noqa: ANN401
    """Count the sessions of a size that keep their pace at a time."""
    watchers: list[Watcher] = []
    kept = 0
    try:
        for count in range(1, most + 1):
            watchers.append(Watcher(client, size, recipe))
            watchers[-1].until("stream", 0.0)
            for watcher in watchers:
                watcher.send(type="interrupt")
                watcher.send(type="say", text=TALK * 3)
            time.sleep(1.0)
            before, begun = [len(watcher.arrived) for watcher in watchers], time.monotonic()
            time.sleep(seconds)
            took = time.monotonic() - begun
            rates = [(len(watcher.arrived) - was) / took for watcher, was in zip(watchers, before, strict=True)]
            if min(rates) < ENOUGH * 25:
                break
            kept = count
    finally:
        for watcher in watchers:
            watcher.close()
            client.leave(watcher.room)
    return kept


def simulated(size: int, recipe: str, minutes: float) -> dict[str, Any]:
    """Let a session talk for so many minutes of its own time, as fast as it can, and follow the memory of this process."""
    import os

    from thespis.apps.server.faces import FACES, faces
    from thespis.apps.server.live.rooms import Rooms
    from thespis.apps.server.live.socket import Discarding
    from thespis.apps.server.schema import LiveRequest
    from thespis.apps.server.settings import Settings

    rooms = Rooms(Settings(Path()))
    room = rooms.begin(FACES / f"{faces()[0]}.jpg", LiveRequest.model_validate({"recipe": recipe, "settings": {"size": size}}), hurry=True)
    viewer = Discarding(room)
    memory: list[tuple[float, float]] = []
    begun = time.monotonic()
    room.performance.attach(viewer)
    while room.performance.shown < 60 * minutes and room.performance.error is None:
        if room.performance.waiting < 10:
            room.say(f"[happy 0.6] {TALK} [sad 0.4] {TALK}")
        memory.append((room.performance.shown / 60, resident(os.getpid())))
        time.sleep(0.25)
    shown = room.performance.shown
    room.performance.close()
    viewer.close()
    late = [(at, held) for at, held in memory if at > memory[-1][0] / 4]
    return {
        "size": size,
        "minutes": round(shown / 60, 1),
        "times_real_time": round(shown / (time.monotonic() - begun), 1),
        "megabytes_first": round(late[0][1], 1),
        "megabytes_last": round(late[-1][1], 1),
        "megabytes_a_minute": round(slope(late), 3),
    }


def resident(process: int) -> float:
    """Read how much memory a process holds, in megabytes."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 1e6


def slope(points: list[tuple[float, float]]) -> float:
    """Fit a line through (minute, megabytes) -> megabytes a minute."""
    import numpy as np

    if len(points) < 3:
        return 0.0
    minutes, megabytes = np.array(points).T
    return float(np.polyfit(minutes, megabytes, 1)[0])


def main(args: Namespace) -> int:
    """Measure each size, and how many sessions go at a time, and print the table."""
    from importlib.util import find_spec

    if find_spec("fastapi") is None or find_spec("websockets") is None:
        raise MissingExtraError("live sessions need fastapi and websockets: pip install 'thespis[studio]'")
    try:
        sizes = [int(size) for size in args.sizes.split(",")]
    except ValueError:
        raise UsageError(f"sizes are whole numbers with commas between, such as 256,512, not {args.sizes!r}") from None
    if args.seconds < 4 or args.most < 1 or any(not 64 <= size <= 512 for size in sizes):
        raise UsageError("--seconds is at least 4, --most at least 1, and sizes go from 64 to 512")
    if args.report is not None:
        check_writable(args.report)
    from thespis.apps.bench import machine

    if args.simulate is not None:
        found = [simulated(sizes[0], args.recipe, args.simulate)]
        return tell(args, {"machine": machine(), "recipe": args.recipe, "simulated": found}, found, "hurried, in one process")
    with served(args.most) as (client, process):
        Watcher(client, sizes[0], args.recipe).close()  # what is loaded once is loaded
        for room in client.rooms():
            client.leave(room["id"])
        found = [one(client, size, args.recipe, args.seconds, process) for size in sizes]
        for row in found:
            row["sessions_at_a_time"] = together(client, row["size"], args.recipe, args.most, min(args.seconds, 6.0))
    how = f"one server, watched over its WebSocket; {args.seconds:g} s of talk each"
    return tell(args, {"machine": machine(), "recipe": args.recipe, "live": found}, found, how)


def tell(args: Namespace, figures: dict[str, Any], found: list[dict[str, Any]], how: str) -> int:
    """Write and print the figures."""
    from thespis.apps.text import table

    if args.report is not None:
        write_text(args.report, json.dumps(figures, indent=1) + "\n")
    if args.json:
        print(json.dumps(figures))
        return 0
    heads = ["figure", *(f"{row['size']}x{row['size']}" for row in found)]
    print(table(heads, [[name.replace("_", " "), *(f"{row[name]:g}" for row in found)] for name in found[0] if name != "size"]))
    print(f"\n{how}; {figures['machine']['cores']} cores, {figures['machine']['processor']}")
    return 0
