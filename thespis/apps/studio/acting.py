"""The studio's stage hands: portraits and recipes that are kept ready, one trial frame, and a video with progress and an end on request."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from thespis.errors import MediaError, ThespisError

if TYPE_CHECKING:
    from thespis.apps.render import Job
    from thespis.talker import Talker
    from thespis.types import Bytes, Direction, Portrait

FACES = Path(__file__).parent / "faces"
MOST_PREPARED, MOST_RECIPES = 6, 2
LONGEST_SECONDS = 600.0
PICTURE = frozenset({"size", "crop", "seed"})
"""What the page always says something about; a recipe that draws in its own size goes without."""


class StoppedError(Exception):
    """Somebody asked for the work to end."""


class Watch:
    """A Progress that another thread can read, and that ends the work when it is asked to."""

    def __init__(self) -> None:
        """Begin without frames."""
        self.told: Queue[tuple[int, int | None]] = Queue()
        self._total: int | None = None
        self._frames = 0
        self._stop = threading.Event()

    def stop(self) -> None:
        """Ask the work to end."""
        self._stop.set()

    @property
    def stopped(self) -> bool:
        """Whether the work was asked to end."""
        return self._stop.is_set()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End."""

    def start(self, total: int | None, facts: Mapping[str, Any]) -> None:
        """Work begins."""
        self._total, self._frames = total, 0
        self.advance(0)

    def advance(self, frames: int) -> None:
        """So many more frames are made; here the work ends if it was asked to."""
        if self._stop.is_set():
            raise StoppedError
        self._frames += frames
        self.told.put((self._frames, self._total))

    def done(self, facts: Mapping[str, Any]) -> None:
        """The result is whole."""


@dataclass
class Ended:
    """How some work ended: with what it gave, or with an error."""

    given: Any = None
    error: BaseException | None = None


def watched(work: Callable[[], Any], watch: Watch) -> Iterator[tuple[int, int | None] | Ended]:
    """Do the work in a thread: give (frames, total) a few times a second, and at last how it ended."""
    ended = Ended()

    def run() -> None:
        try:
            ended.given = work()
        except BaseException as error:  # it is told in the page, whatever it is
            ended.error = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    last: tuple[int, int | None] = (0, None)
    try:
        working = True
        while working:
            thread.join(0.2)
            working = thread.is_alive()
            last = newest(watch.told, last)
            yield last
    finally:
        # The page may be gone; then nobody will fetch the result.
        if thread.is_alive():
            watch.stop()
    yield ended


def newest(told: Queue[tuple[int, int | None]], last: tuple[int, int | None]) -> tuple[int, int | None]:
    """Take all that waits in a queue, and give the last of it."""
    while True:
        try:
            last = told.get_nowait()
        except Empty:
            return last


class Cast:
    """Recipes that are loaded and portraits that are prepared, kept for the next trial."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._talkers: OrderedDict[str, Talker] = OrderedDict()
        self._prepared: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._lock = threading.Lock()

    def talker(self, recipe: str) -> "Talker":
        """Load a recipe, once."""
        from thespis import recipes

        with self._lock:
            if recipe not in self._talkers:
                self._talkers[recipe] = recipes.load(recipe)
                while len(self._talkers) > MOST_RECIPES:
                    self._talkers.popitem(last=False)
            self._talkers.move_to_end(recipe)
            return self._talkers[recipe]

    def prepared(self, recipe: str, portrait: "Portrait", direction: "Direction") -> Any:  # noqa: ANN401 - each renderer has its own
        """Prepare a portrait for the last stage of a recipe, once for each size and crop; None where that stage keeps no such thing."""
        from thespis.capture.faces import quiet
        from thespis.pixels.renderer import Renderer

        stage = self.talker(recipe).stages[-1]
        if not isinstance(stage, Renderer) or direction.crop == "original" or direction.others == "alive":
            return None  # its frames depend on those before
        picture = hashlib.sha256(portrait.image.tobytes()).hexdigest()
        key = (recipe, picture, portrait.face, direction.size, direction.crop, direction.background, direction.others)
        with self._lock:
            if key not in self._prepared:
                with quiet():
                    self._prepared[key] = stage.start(portrait, direction)
                while len(self._prepared) > MOST_PREPARED:
                    self._prepared.popitem(last=False)
            self._prepared.move_to_end(key)
            return self._prepared[key]


def made_up() -> dict[str, Path]:
    """List the made-up portraits by name."""
    return {path.stem.capitalize(): path for path in sorted(FACES.glob("*.jpg"))}


def job_of(portrait: str | Path | None, speech: Mapping[str, Any], direction: "Direction", recipe: str) -> "Job":
    """Check everything that is needed for a trial or a video; `speech` has `script` and `voice`, or `audio` and perhaps `text`."""
    from thespis import recipes
    from thespis.apps.render import prepare
    from thespis.apps.studio.wishes import fields_of

    if portrait is None:
        raise MediaError("there is no portrait yet: choose one of the faces, or drop a picture")
    script, audio = str(speech.get("script") or "").strip(), speech.get("audio")
    if not script and audio is None:
        raise ThespisError("there is nothing to say yet: write a sentence, or record or upload one")
    said: dict[str, Any] = {"audio": audio, "text": str(speech.get("text") or "").strip() or None} if audio is not None else {}
    said = said or {"script": script, "voice": speech.get("voice") or "en-us"}
    wishes = fields_of(direction)
    for name in PICTURE - recipes.card(recipe).accepts:
        wishes.pop(name, None)
    job = prepare(portrait, recipe=recipe, wishes=wishes, **said)
    if job.seconds is not None and job.seconds > LONGEST_SECONDS:
        raise MediaError(
            f"the studio draws up to {LONGEST_SECONDS / 60:g} minutes, not {job.seconds / 60:.1f}; thespis run has no such limit"
        )
    return job


def try_one(cast: Cast, job: "Job", at: float | None = None) -> "Bytes":
    """Draw one trial picture (height, width, 3) with what is kept ready: the one `at` a second, or the strongest of the first ones."""
    from thespis.apps.render import trial

    talker = cast.talker(job.recipe)
    return trial(job, talker, at=at, drawing=cast.prepared(job.recipe, job.portrait, job.direction))


def make_video(cast: Cast, job: "Job", video: Path, take: Path, watch: Watch) -> Any:  # noqa: ANN401 - apps.render.Made
    """Draw a video and keep its take beside it."""
    from thespis.apps.render import render, take_of
    from thespis.export.output import check_output
    from thespis.types import frame_count

    watch.start(None if job.seconds is None else frame_count(round(job.seconds * job.rate), job.rate, job.fps), {})
    return render(job, check_output(str(video)), watch, cast.talker(job.recipe), take_of(job, take))
