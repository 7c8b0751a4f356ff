"""How a run shows where it is: a bar on a terminal, JSON events for programs, or nothing."""

import json
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

from thespis.apps.text import clock

SECONDS_BETWEEN = 0.25


class Pace:
    """Counts frames, and how many come a second since the first of them: what it takes to start says nothing about the time left."""

    def __init__(self) -> None:
        """Begin without frames."""
        self.frames, self._early, self._since = 0, 0, 0.0

    def add(self, frames: int) -> float:
        """Count some more, and give the frames a second, 0 where that cannot be known yet."""
        self.frames += frames
        if not self._since:
            self._early, self._since = self.frames, time.monotonic()
        return (self.frames - self._early) / max(time.monotonic() - self._since, 1e-6)


class Progress(Protocol):
    """What a run tells, from its beginning to its end."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Leave the terminal as it was."""

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Work begins: `total` frames where the length is known."""

    def advance(self, frames: int) -> None:
        """So many more frames are made."""

    def done(self, facts: Mapping[str, Any]) -> None:
        """The result is whole."""


def describe(facts: Mapping[str, Any]) -> str:
    """Word what was made as one line."""
    if "frames" not in facts:
        return f"wrote {facts['path']}"
    size = "x".join(str(side) for side in facts["size"])
    frames = "1 frame" if facts["frames"] == 1 else f"{facts['frames']} frames"
    return (
        f"wrote {facts['path']}: {frames} of {size} at {facts['fps']:g} a second, {clock(facts['seconds'])} long, "
        f"made in {facts['took']:.1f} s"
    )


class Silent:
    """Shows only the result, in one line: for output that goes to a file or a pipe."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Keep quiet."""

    def advance(self, frames: int) -> None:
        """Keep quiet."""

    def done(self, facts: Mapping[str, Any]) -> None:
        """Say what was made."""
        print(describe(facts), flush=True)


class Events:
    """Prints one JSON object a line: start, progress a few times a second, done."""

    def __init__(self) -> None:
        """Begin to count."""
        self._total: int | None = None
        self._pace, self._told = Pace(), 0.0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End; an error is told by the command line itself."""

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Tell what will be made."""
        self._total = total
        self._tell("start", frames=total, **facts)

    def advance(self, frames: int) -> None:
        """Tell how far it is, not more often than a reader can use."""
        rate = self._pace.add(frames)
        if time.monotonic() - self._told < SECONDS_BETWEEN:
            return
        self._told = time.monotonic()
        percent = None if not self._total else round(100 * self._pace.frames / self._total, 1)
        left = None if not (self._total and rate) else round((self._total - self._pace.frames) / rate, 1)
        self._tell("progress", frames=self._pace.frames, percent=percent, fps=round(rate, 1) or None, seconds_left=left)

    def done(self, facts: Mapping[str, Any]) -> None:
        """Tell what was made."""
        self._tell("done", **facts)

    def _tell(self, event: str, **facts: Any) -> None:  # noqa: ANN401 - whatever JSON can hold
        """Print one event."""
        print(json.dumps({"event": event, **facts}), flush=True)


class Bar:
    """Draws a bar with frames, frames a second and the time left, on stderr."""

    def __init__(self) -> None:
        """Prepare the bar; rich is only imported where somebody looks."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("frames  {task.fields[rate]}"),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5)
        self._task = self._bar.add_task("looking at the face", total=None, rate="")
        self._pace = Pace()

    def __enter__(self) -> Self:
        """Draw it."""
        self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take it away."""
        self._bar.stop()

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Fill in the length."""
        self._bar.update(self._task, total=total, description="acting")

    def advance(self, frames: int) -> None:
        """Move it on."""
        rate = self._pace.add(frames)
        self._bar.update(self._task, completed=self._pace.frames, rate=f"{rate:.0f} a second" if rate else "")

    def done(self, facts: Mapping[str, Any]) -> None:
        """Say what was made."""
        self._bar.stop()
        print(describe(facts), flush=True)


def progress(as_json: bool) -> Progress:
    """Choose how to show it."""
    if as_json:
        return Events()
    return Bar() if sys.stderr.isatty() else Silent()
