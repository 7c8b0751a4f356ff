"""The application: every route behind one guard, and what lives as long as it does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as PlainHTTPException

import thespis
from thespis.apps.server import catalogue, jobs
from thespis.apps.server.guard import Guard
from thespis.apps.server.live import routes
from thespis.apps.server.live.rooms import NoRoomError, Rooms
from thespis.apps.server.metrics import Metrics
from thespis.apps.server.settings import Settings
from thespis.apps.server.store import QueueFullError, Store
from thespis.apps.server.supervisor import Supervisor
from thespis.errors import MissingExtraError, ThespisError

STATIC = Path(__file__).parent / "static"
POLICY = (
    "default-src 'self'; media-src 'self' blob:; img-src 'self' blob: data:; script-src 'self'; style-src 'self'; worker-src 'self' blob:; "
    "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'"
)
ABOUT = "Portraits that act: jobs and live sessions (docs/server.md, docs/live.md)."


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its renderers begin when it is served, and end with it."""
    store, metrics, begun = Store(settings.folder), Metrics(), time.time()
    supervisor, rooms = Supervisor(store, settings), Rooms(settings)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        await asyncio.gather(asyncio.to_thread(supervisor.start), asyncio.to_thread(rooms.start))
        try:
            yield
        finally:
            await asyncio.to_thread(rooms.end)
            await asyncio.to_thread(supervisor.close)
            store.close()

    app = FastAPI(title="Thespis", version=thespis.__version__, description=ABOUT, lifespan=life, docs_url=None, redoc_url=None)
    app.state.settings, app.state.store, app.state.metrics, app.state.rooms = settings, store, metrics, rooms
    app.include_router(jobs.router(settings, store))
    app.include_router(catalogue.router(settings, store))
    app.include_router(routes.router(settings, rooms))
    app.add_middleware(Guard, settings=settings, metrics=metrics)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    troubles(app)

    @app.get("/health", tags=["catalogue"])
    def health() -> dict[str, object]:
        """Say whether the server does what it should."""
        return catalogue.health(begun, supervisor.alive(), store.counts())

    @app.get("/metrics", tags=["catalogue"], response_class=PlainTextResponse)
    def figures() -> str:
        """Figures in Prometheus' text form."""
        live = [room.performance.figures for room in rooms.all()]
        skew = max((abs(figures.skew) for figures in live), default=0.0)
        gauges = {"sessions": len(live), "live_late_frames": sum(figures.late for figures in live), "live_skew_seconds": skew}
        return metrics.text({"jobs": store.counts(), "renderers": supervisor.alive(), **gauges})

    @app.get("/", include_in_schema=False)
    def front() -> Response:
        """The page that says what there is."""
        studio = any(getattr(route, "path", None) == "/studio" for route in app.routes)
        return page("index.html", "" if studio else "hidden")

    @app.get("/live", include_in_schema=False)
    def live() -> Response:
        """The page on which one talks to a portrait."""
        return page("live.html")

    @app.get("/docs", include_in_schema=False)
    def interface() -> Response:
        """The page that lists every address, made from the description of the interface."""
        return page("docs.html")

    return app


def page(name: str, studio: str = "") -> HTMLResponse:
    """Answer with one of our own pages, which load nothing from elsewhere; `studio` is `hidden` where there is none."""
    text = (STATIC / name).read_text(encoding="utf-8").replace("{version}", thespis.__version__).replace("{studio}", studio)
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def troubles(app: FastAPI) -> None:
    """Answer every error of the user's with one line."""

    @app.exception_handler(ThespisError)
    def ours(_: Request, error: ThespisError) -> JSONResponse:
        full = isinstance(error, QueueFullError | NoRoomError)
        status = 503 if full else 501 if isinstance(error, MissingExtraError) else 422
        return JSONResponse({"error": " ".join(str(error).split())}, status, headers={"Retry-After": "10"} if full else None)

    @app.exception_handler(PlainHTTPException)
    def theirs(_: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": str(error.detail)}, error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def wrong(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path"))
        return JSONResponse({"error": f"{where}: {first['msg']}" if where else str(first["msg"])}, 422)
