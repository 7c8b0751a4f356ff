"""What a server offers: recipes, voices, emotions, takes and their exports, health and figures."""

import shutil
import tempfile
import time
import uuid
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, HTTPException, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.background import BackgroundTask

import thespis
from thespis import recipes
from thespis.apps.export_take import WRITERS
from thespis.apps.server.jobs import REFUSALS, fetch
from thespis.apps.server.schema import ID, TakeView
from thespis.apps.server.settings import Settings
from thespis.apps.server.store import Store, newest_first
from thespis.apps.server.uploads import keep
from thespis.errors import MediaError, MissingExtraError
from thespis.export.take import open_take
from thespis.types import EMOTION

EXPORTS: dict[str, tuple[str, str]] = {
    "arkit.csv": ("arkit", ".csv"), "arkit.json": ("arkit", ".json"), "metahuman.csv": ("metahuman", ".csv"), "npz": ("npz", ".npz"),
    "flame.npz": ("flame", ".npz"), "cues.tsv": ("cues", ".tsv"), "cues.xml": ("cues", ".xml"), "cues.json": ("cues", ".json"),
    "srt": ("subtitles", ".srt"), "vtt": ("subtitles", ".vtt"), "textgrid": ("textgrid", ".TextGrid"), "glb": ("gltf", ".glb"),
    "usda": ("usd", ".usda"), "usdc": ("usd", ".usdc"),
}  # fmt: skip
"""What a take can be written as: the layout and the suffix of each name."""
ExportKind = Literal[
    "arkit.csv", "arkit.json", "metahuman.csv", "npz", "flame.npz", "cues.tsv", "cues.xml", "cues.json", "srt", "vtt", "textgrid", "glb",
    "usda", "usdc",
]  # fmt: skip
TakeId = Annotated[str, InPath(pattern=ID)]


def router(settings: Settings, store: Store) -> APIRouter:
    """Make the routes of everything that is not a job."""
    routes = APIRouter(prefix="/api", responses={status: REFUSALS[status] for status in (400, 404, 413, 422, 429)})
    takes = settings.folder / "takes"

    def path_of(take: str) -> Path:
        path = takes / f"{take}.take"
        if not path.is_file():
            raise HTTPException(404, f"there is no take {take}")
        return path

    def shown(path: Path) -> TakeView:
        opened = open_take(path)
        head = opened.heading.tracks[opened.names[0]]
        state, seconds = path.stat(), round(float(head.rows / head.fps), 3)
        about = TakeView(id=path.stem, created=state.st_mtime, size=state.st_size, tracks=list(opened.names), seconds=seconds)
        about.recipe = opened.heading.recipe
        return about

    def kept(path: Path) -> TakeView:
        shown(path)
        return shown(path.replace(takes / f"{uuid.uuid4().hex}.take"))

    @routes.get("/recipes", tags=["catalogue"])
    def list_recipes() -> list[dict[str, Any]]:
        """List the recipes: what each is, what it follows, and its licence."""
        facts = ("title", "summary", "status", "licence", "commercial", "fps", "year", "paper")
        found = []
        for name in (*recipes.names(), *(Path(path).stem for path in settings.recipes)):
            card = recipes.card(settings.recipe(name))
            found.append({"name": name, "accepts": sorted(card.accepts), **{fact: getattr(card, fact) for fact in facts}})
        return found

    @routes.get("/voices", tags=["catalogue"])
    def list_voices(language: str = "") -> list[dict[str, Any]]:
        """List the built-in voices, of one language where it is given."""
        from thespis.speech.say import voices

        wanted = language.lower()
        return [
            {"name": voice.name, "language": voice.language, "gender": voice.gender}
            for voice in voices()
            if wanted in voice.name.lower() or wanted in voice.language.lower()
        ]

    @routes.get("/emotions", tags=["catalogue"])
    def list_emotions() -> list[str]:
        """List the emotions of the dial."""
        return list(EMOTION.names)

    @routes.get("/takes", tags=["takes"])
    def list_takes() -> list[TakeView]:
        """List the takes that are kept, the newest first."""
        found = []
        for path, _ in newest_first(takes, "*.take")[:200]:
            with suppress(MediaError, OSError):  # removed or damaged meanwhile: the others are there still
                found.append(shown(path))
        return found

    @routes.post("/takes", tags=["takes"], status_code=201)
    def add_take(take: Annotated[UploadFile | None, File(description="a .take file")] = None) -> TakeView:
        """Keep a take, for jobs and exports."""
        if take is None:
            raise HTTPException(422, "send a take as the part 'take'")
        with tempfile.TemporaryDirectory(dir=settings.folder / "uploads") as folder:
            return kept(Path(folder) / keep(take, "take", Path(folder), settings.limits))

    @routes.post("/jobs/{job}/keep-take", tags=["takes"], status_code=201, responses={409: REFUSALS[409]})
    def keep_take(job: TakeId) -> TakeView:
        """Keep the take of a finished job among the takes."""
        found = fetch(store, job, "take").path
        with tempfile.TemporaryDirectory(dir=settings.folder / "uploads") as folder:
            return kept(Path(shutil.copyfile(found, Path(folder) / "take.take")))

    @routes.get("/takes/{take}", tags=["takes"], response_class=FileResponse)
    def get_take(take: TakeId) -> FileResponse:
        """Fetch a take."""
        return FileResponse(path_of(take), media_type="application/octet-stream", filename=f"{take[:8]}.take")

    @routes.get("/takes/{take}/export/{kind}", tags=["takes"], response_class=FileResponse)
    def export_take(take: TakeId, kind: ExportKind) -> FileResponse:
        """Write a take for another tool."""
        layout, suffix = EXPORTS[kind]
        if layout == "usd" and find_spec("pxr") is None:
            raise MissingExtraError("USD needs the extra export: pip install 'thespis[export]'")
        with tempfile.NamedTemporaryFile(dir=settings.folder / "uploads", suffix=suffix, delete=False) as file:
            path = Path(file.name)
        try:
            WRITERS[layout](open_take(path_of(take)), path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        away = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, media_type="application/octet-stream", filename=f"{take[:8]}{suffix}", background=away)

    @routes.delete("/takes/{take}", tags=["takes"], status_code=204)
    def remove_take(take: TakeId) -> None:
        """Remove a take."""
        path_of(take).unlink(missing_ok=True)

    return routes


def health(begun: float, renderers: int, counts: dict[str, int]) -> dict[str, Any]:
    """Say whether the server does what it should."""
    return {
        "ok": renderers > 0,
        "version": thespis.__version__,
        "seconds": round(time.time() - begun, 1),
        "renderers": renderers,
        "jobs": counts,
    }
