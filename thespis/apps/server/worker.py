"""A renderer: a process of its own that takes jobs from the queue, so that a job which brings it down brings nothing else down.

It ends when the server does: the server holds the other end of its standard input.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from thespis.apps.server.schema import JobRequest, check_limits, wishes
from thespis.apps.server.settings import Limits, Settings
from thespis.apps.server.store import RESULT, Job, Lease, Store, result_of
from thespis.errors import MediaError, ThespisError

if TYPE_CHECKING:
    from thespis.talker import Talker
    from thespis.types import Speech

IDLE = 0.1  # seconds between two looks at an empty queue
TOLD = 0.2  # seconds between two notes of progress
PART = ".part"


class UnwantedError(Exception):
    """The job was cancelled, or given to another renderer."""


class Noted:
    """The progress of a job, written into the store; it ends the work when the job is no longer wanted."""

    def __init__(self, store: Store, job: str, lease: str) -> None:
        """Know whose progress it is."""
        self._store, self._job, self._lease = store, job, lease
        self._total, self._frames, self._told = 0, 0, 0.0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Note how much there is to do."""
        self._total = total or 0
        self.tell()

    def advance(self, frames: int) -> None:
        """Note how far it is, a few times a second."""
        self._frames += frames
        if time.monotonic() - self._told >= TOLD:
            self.tell()

    def tell(self) -> None:
        """Write it down, and end the work if nobody wants it."""
        self._told = time.monotonic()
        if not self._store.advance(self._job, self._lease, self._frames / self._total if self._total else 0.0, self._frames):
            raise UnwantedError

    def done(self, facts: Mapping[str, Any]) -> None:
        """The result is noted elsewhere."""


class Renderer:
    """Does jobs one after the other; recipes stay loaded between them."""

    def __init__(self, store: Store, settings: Settings, lease: str) -> None:
        """Begin without recipes."""
        self._store, self._settings, self._lease = store, settings, lease
        self._talkers: dict[str, Talker] = {}

    def do(self, job: Job) -> None:
        """Do one job, whatever becomes of it."""
        place = self._store.place(job.id)
        part = place / PART
        try:
            if result_of(place) is None:
                shutil.rmtree(part, ignore_errors=True)
                part.mkdir(parents=True)
                made = self._make(job, part, Noted(self._store, job.id, self._lease))
                (part / "about.json").write_text(json.dumps(made), encoding="utf-8")
                part.replace(place / RESULT)
            self._store.finish(job.id, "done", lease=self._lease, result=result_of(place))
        except UnwantedError:
            self._store.finish(job.id, "cancelled", lease=self._lease)
        except ThespisError as error:
            self._store.finish(job.id, "failed", lease=self._lease, error=plainly(str(error), place))
        except MemoryError:
            self._store.finish(job.id, "failed", lease=self._lease, error="there is not enough memory; choose a smaller size")
        except Exception as error:
            about = plainly(" ".join(str(error).split())[:200], place)
            self._store.finish(job.id, "failed", lease=self._lease, error=f"unexpected {type(error).__name__}: {about}")
        finally:
            shutil.rmtree(part, ignore_errors=True)

    def talker(self, recipe: str) -> "Talker":
        """Load a recipe once."""
        from thespis import recipes

        if recipe not in self._talkers:
            self._talkers[recipe] = recipes.load(recipe)
        return self._talkers[recipe]

    def _make(self, job: Job, part: Path, noted: Noted) -> dict[str, Any]:
        """Make what is asked inside the folder `part` -> what is known of it."""
        from thespis.apps.render import perform, prepare, render, take_of, trial, write_picture
        from thespis.export.output import check_output
        from thespis.types import frame_count

        request, place = JobRequest(**job.request), self._store.place(job.id)
        recipe, limits = self._settings.recipe(request.recipe), self._settings.limits
        if "take" in job.inputs:
            return self._perform(job, request, part, noted)
        directed = place / "direction.toml"
        if request.direction is not None:
            directed.write_text(request.direction, encoding="utf-8")
        ready = prepare(
            place / job.inputs["portrait"],
            audio=place / job.inputs["audio"] if "audio" in job.inputs else None,
            script=request.script,
            voice=request.voice,
            recipe=recipe,
            face=request.face,
            wishes=wishes(request),
            directed=directed if request.direction is not None else None,
            text=request.text,
            language=request.language,
        )
        check_limits(ready.direction, limits)
        check_portrait(ready.portrait.image.shape[:2], limits)
        check_seconds(ready.seconds or 0.0, limits)
        ready.blocks = limited(ready.blocks, limits)
        noted.start(None if ready.seconds is None else frame_count(round(ready.seconds * ready.rate), ready.rate, ready.fps), {})
        name = f"thespis.{request.output}"
        if request.output == "png":
            image = trial(ready, self.talker(recipe))
            write_picture(image, part / name)
            return {"file": name, "size": [image.shape[1], image.shape[0]]}
        if request.output == "take":
            rows, seconds = perform(ready, take_of(ready, part / name), noted, self.talker(recipe))
            return {"file": name, "take": name, "rows": rows, "fps": round(float(ready.fps), 3), "seconds": round(seconds, 3)}
        take = take_of(ready, part / "thespis.take") if request.take else None
        result = render(ready, check_output(part / name), noted, self.talker(recipe), take=take)
        about = {"file": name, "frames": result.frames, "size": list(result.size), "fps": round(float(result.fps), 3)}
        return about | {"seconds": round(result.seconds, 3)} | ({"take": "thespis.take"} if take is not None else {})

    def _perform(self, job: Job, request: JobRequest, part: Path, noted: Noted) -> dict[str, Any]:
        """Draw a portrait that performs a take."""
        from thespis.apps.render_take import draw
        from thespis.capture.portrait import read_portrait
        from thespis.export.output import check_output
        from thespis.export.take import open_take

        place, limits = self._store.place(job.id), self._settings.limits
        take = open_take(place / job.inputs["take"])
        head = take.heading.tracks[take.names[0]]
        check_seconds(float(head.rows / head.fps), limits)
        portrait = read_portrait(place / job.inputs["portrait"], request.face)
        check_portrait(portrait.image.shape[:2], limits)
        given = {name: None if name not in request.settings else str(request.settings[name]) for name in ("fps", "size", "crop", "others")}
        background = request.settings.get("background")
        options = Namespace(
            strength=request.strength, recipe=self._settings.recipe(request.recipe), silent=False, output="", background=background, **given
        )
        name = f"thespis.{request.output}"
        made = draw(take, portrait, check_output(part / name), noted, options)
        about = {"file": name, "frames": made.frames, "size": list(made.size), "fps": round(float(made.fps), 3)}
        return about | {"seconds": round(made.seconds, 3)}


def check_seconds(seconds: float, limits: Limits) -> None:
    """Refuse speech that is too long."""
    if seconds > limits.audio_seconds:
        raise MediaError(f"the speech lasts {seconds:.0f} s; at most {limits.audio_seconds:.0f} s are taken here: send it in parts")


def check_portrait(sides: tuple[int, ...], limits: Limits) -> None:
    """Refuse a picture that is too large."""
    if sides[0] * sides[1] > limits.portrait_pixels:
        raise MediaError(f"the portrait has {sides[1]}x{sides[0]} pixels; at most {limits.portrait_pixels:,} are taken: make it smaller")


def limited(blocks: "Iterable[Speech]", limits: Limits) -> "Iterator[Speech]":
    """Pass speech on, as long as it is not too long: a file need not say how long it is."""
    for block in blocks:
        check_seconds(block.stop / block.rate, limits)
        yield block


def plainly(message: str, place: Path) -> str:
    """Leave out of a message where the server keeps its files; `place` is the folder of the job."""
    for known in (place / PART, place, place.parents[1]):
        for written in (str(known.resolve()), str(known)):
            message = message.replace(written + os.sep, "")
    return " ".join(message.split())


def end_with_the_server() -> None:
    """Wait for the end of the standard input, which is the end of the server."""
    while sys.stdin.buffer.read(1):
        pass
    os._exit(0)


def main() -> None:
    """Work until the server ends; the settings come as JSON on the command line."""
    given = json.loads(sys.argv[1])
    limits = Limits(**given.pop("limits"))
    settings = Settings(folder=Path(given.pop("folder")), limits=limits, recipes=tuple(given["recipes"]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_the_server, name="server", daemon=True).start()
    with contextlib.suppress(OSError):
        # When memory runs out it is this process that goes, and not the server.
        Path("/proc/self/oom_score_adj").write_text("800", encoding="ascii")
    store = Store(settings.folder)
    lease = Lease(settings.folder / "renderers", given["lease"])
    renderer = Renderer(store, settings, lease.name)
    while True:
        job = store.claim(lease.name)
        if job is None:
            time.sleep(IDLE)
        else:
            renderer.do(job)


if __name__ == "__main__":
    main()
