"""Measure live sessions on this machine, end to end: sound in to encoded picture out, through a server and its WebSocket.

thespis bench live
thespis bench live --sizes 256,512 --seconds 60 --most 4
thespis bench live --simulate 60
thespis bench live --turnover 200
thespis bench live --browser --minutes 10
"""

import json
import time
from argparse import ArgumentParser, Namespace
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from thespis.errors import MissingExtraError, ThespisError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.apps.bench_watch import Watcher
    from thespis.apps.server.client import Client
    from thespis.types import Array

TALK = "Every frame you see is made while the sound is still arriving, and it never waits for the end of a sentence. "
ENOUGH = 0.98  # of the frames a second that a session should have
INTERRUPTIONS, PUSHES = 5, 3
MEMORY_EVERY = 1.0  # seconds
CLAPS = 6.0  # seconds of beeps by which picture and sound are compared
SETTLED = 0.1  # of the sessions of a turnover: what is loaded once is loaded


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis bench live`."""
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe to measure (thespis)")
    parser.add_argument("--sizes", default="256,512", help="sides of the square picture, with commas between (256,512)")
    parser.add_argument("--seconds", type=float, default=20.0, help="seconds of talk in each measurement (20)")
    parser.add_argument("--most", type=int, default=4, help="try up to so many sessions at a time (4)")
    parser.add_argument("--simulate", type=float, metavar="MINUTES", help="instead: talk so long, hurried, and follow the memory")
    parser.add_argument("--turnover", type=int, metavar="SESSIONS", help="instead: open and close so many, and see what is left behind")
    parser.add_argument("--browser", action="store_true", help="instead: watch the live page in Chromium, where it is installed")
    parser.add_argument("--minutes", type=float, default=1.0, help="minutes of talk in the browser (1)")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the figures to this file")
    parser.add_argument("--json", action="store_true", help="the figures as JSON instead of a table")


def one(client: "Client", size: int, recipe: str, seconds: float, process: int) -> dict[str, Any]:
    """Measure one session: first frame, words and sound to lips, steady pace, interruptions, memory."""
    from thespis.apps.bench_watch import Watcher, resident

    watcher = Watcher(client, size, recipe, keep=True)
    try:
        first = watcher.until("stream", 0.0) - watcher.connected
        time.sleep(1.0)
        pushed = [sound_to_picture(watcher) for _ in range(PUSHES)]
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
        "sound_to_picture_ms": round(1000 * median(pushed)),
        "sound_to_picture_worst_ms": round(1000 * max(pushed)),
        "frames_a_second": round(rate, 2),
        "worst_gap_ms": round(1000 * gaps[-1]),
        "behind": view["late"],
        "interrupted_ms": round(1000 * median(hushed)),
        "interrupted_worst_ms": round(1000 * max(hushed)),
        "megabytes": round(memory[-1], 1),
        "kilobits_a_second": round(watcher.bytes * 8 / 1000 / view["seconds"]),
    }


def voice() -> "tuple[Array, int, float]":
    """Speak a few words -> samples (n,), their rate, and the second from which on they are loud."""
    from thespis.apps.bench_watch import LOUD
    from thespis.speech.say import say

    spoken = say("Time and again.")
    samples = spoken.mono()
    return samples, spoken.rate, float(np.flatnonzero(np.abs(samples) > LOUD)[0] / spoken.rate)


def sound_to_picture(watcher: "Watcher") -> float:
    """Push a voice while the portrait idles -> seconds until the frame arrives that has its first sample."""
    from thespis.apps.bench_watch import decoded

    samples, rate, loud = voice()
    before, asked = len(watcher.arrived), time.monotonic()
    watcher.push(samples, rate)
    watcher.until("speaking", asked)
    watcher.until("idle", asked)
    time.sleep(0.5)
    film = decoded([*watcher.film])
    onsets = film.claps()[1]
    heard = onsets[onsets > float(film.times[before])]
    if not len(heard):
        raise ThespisError("the pushed sound did not come back; this machine may be busy")
    frame = int(np.searchsorted(film.times, heard[0], side="right")) - 1
    return watcher.arrived[min(frame, len(watcher.arrived) - 1)] - asked - loud


def skew(client: "Client", size: int) -> dict[str, Any]:
    """Let a clapperboard beep -> by how many milliseconds its picture comes after its sound in the film that arrives."""
    from thespis.apps.bench_watch import Watcher, apart, beeps, decoded

    watcher = Watcher(client, size, "clapper", keep=True)
    try:
        asked = watcher.until("stream", 0.0)
        watcher.push(beeps(CLAPS, 48_000), 48_000)
        watcher.until("speaking", asked)
        watcher.until("idle", asked)
        time.sleep(0.3)
    finally:
        watcher.close()
        client.leave(watcher.room)
    late = apart(*decoded(watcher.film).claps())
    return {"skew_ms": round(1000 * float(np.median(late)), 1), "skew_worst_ms": round(1000 * float(np.abs(late).max()), 1)}


def interruption(watcher: "Watcher") -> float:
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


def together(client: "Client", size: int, recipe: str, most: int, seconds: float) -> int:
    """Count the sessions of a size that keep their pace at a time."""
    from thespis.apps.bench_watch import Watcher

    watchers: list[Watcher] = []
    kept = 0
    try:
        for count in range(1, most + 1):
            watchers.append(Watcher(client, size, recipe))
            watchers[-1].until("stream", 0.0)
            for watcher in watchers:
                watcher.send(type="interrupt")
                watcher.send(type="say", text=TALK * 3)
            time.sleep(2.0)  # until all of it is spoken, which takes processor time of its own
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

    from thespis.apps.bench_watch import resident
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


def turnover(client: "Client", size: int, recipe: str, count: int, process: int) -> dict[str, Any]:
    """Open, watch and close sessions one after the other -> what the server holds before and after."""
    from thespis.apps.bench_watch import Watcher, held, resident

    begun, before, memory = time.monotonic(), (0, 0), []
    warm = max(round(SETTLED * count), 1)
    for number in range(count + warm):
        if number == warm:
            time.sleep(1.0)
            before = held(process)
        watcher = Watcher(client, size, recipe)
        watcher.until("stream", 0.0)
        watcher.close()
        client.leave(watcher.room)
        if number >= warm:
            memory.append((float(number - warm), resident(process)))
    time.sleep(2.0)
    after = held(process)
    return {
        "size": size,
        "sessions": count,
        "seconds": round(time.monotonic() - begun, 1),
        "threads_before": before[0],
        "threads_after": after[0],
        "files_before": before[1],
        "files_after": after[1],
        "megabytes_first": round(memory[0][1], 1),
        "megabytes_last": round(memory[-1][1], 1),
        "kilobytes_a_session": round(1000 * slope(memory[len(memory) // 4 :]), 1),
    }


def slope(points: list[tuple[float, float]]) -> float:
    """Fit a line through (minute, megabytes) -> megabytes a minute."""
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
    if [args.simulate is not None, args.turnover is not None, args.browser].count(True) > 1:
        raise UsageError("--simulate, --turnover and --browser measure different things; give one of them")
    if min(args.simulate or 1.0, args.minutes) <= 0 or (args.turnover is not None and args.turnover < 1):
        raise UsageError("minutes and sessions are more than 0")
    if args.report is not None:
        check_writable(args.report)
    from thespis.apps.bench import machine
    from thespis.apps.bench_watch import Watcher, served

    about = {"machine": machine(), "recipe": args.recipe}
    if args.simulate is not None:
        found = [simulated(sizes[0], args.recipe, args.simulate)]
        return tell(args, about | {"simulated": found}, found, "hurried, in one process")
    with served(args.most) as (client, process):
        Watcher(client, sizes[0], args.recipe).close()  # what is loaded once is loaded
        for room in client.rooms():
            client.leave(room["id"])
        if args.browser:
            from thespis.apps.bench_page import page

            found = [page(client, size, args.recipe, args.minutes) for size in sizes]
            return tell(args, about | {"browser": found}, found, "the live page in Chromium, beside the server on this machine")
        if args.turnover is not None:
            found = [turnover(client, size, args.recipe, args.turnover, process) for size in sizes]
            return tell(args, about | {"turnover": found}, found, "one server, one session after the other")
        found = [one(client, size, args.recipe, args.seconds, process) | skew(client, size) for size in sizes]
        for row in found:
            row["sessions_at_a_time"] = together(client, row["size"], args.recipe, args.most, min(args.seconds, 6.0))
    how = f"one server, watched over its WebSocket; {args.seconds:g} s of talk each"
    return tell(args, about | {"live": found}, found, how)


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
