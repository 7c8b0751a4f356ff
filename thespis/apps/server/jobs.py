"""The jobs over HTTP: submit, look, follow, cancel, fetch, remove."""

import asyncio
import json
import shutil
import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, File, Form, HTTPException, Query, Request, UploadFile
from fastapi import Path as InPath
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import ValidationError

from thespis.apps.server import webhook
from thespis.apps.server.schema import ENDED, ID, JobList, JobRequest, JobState, JobView, Trouble, check
from thespis.apps.server.settings import Settings
from thespis.apps.server.store import RESULT, Job, Store
from thespis.apps.server.uploads import keep
from thespis.errors import UsageError

KINDS = {
    ".mp4": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm", ".png": "image/png", ".take": "application/octet-stream"
}  # fmt: skip
LOOK, BREATH = 0.2, 15.0  # seconds between two looks at a job that is followed, and between two signs of life
REFUSALS: dict[int | str, dict[str, object]] = {
    status: {"model": Trouble, "description": about}
    for status, about in (
        (400, "not a request that can be read"), (404, "there is no such thing"), (408, "too slow"), (409, "not at this moment"),
        (413, "too large"), (422, "something in it is wrong"), (429, "too many"), (503, "the queue is full"),
    )
}  # fmt: skip
JobId = Annotated[str, InPath(pattern=ID)]


def view(store: Store, job: Job) -> JobView:
    """Show a job to its owner."""
    place = store.before(job.id) if job.state == "queued" else None
    known = {name: getattr(job, name) for name in JobView.model_fields if name not in ("place", "request")}
    return JobView(**known, place=place, request=JobRequest(**job.request))


def found(store: Store, job: str) -> Job:
    """Find a job, or say that there is none."""
    there = store.get(job)
    if there is None:
        raise HTTPException(404, f"there is no job {job}")
    return there


def read_request(text: str) -> JobRequest:
    """Read the wish that stands in the form as JSON."""
    try:
        found: JobRequest = JobRequest.model_validate_json(text or "{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        known = f"; known: {', '.join(JobRequest.model_fields)}" if first["type"] == "extra_forbidden" else ""
        raise UsageError(f"the request{f' at {where!r}' if where else ''}: {first['msg']}{known}") from None
    return found


def router(settings: Settings, store: Store) -> APIRouter:
    """Make the routes of the jobs."""
    routes = APIRouter(prefix="/api/jobs", tags=["jobs"], responses=REFUSALS)

    @routes.post("", status_code=201)
    def submit(
        request: Annotated[str, Form(description="a JobRequest as JSON")] = "{}",
        portrait: Annotated[UploadFile | None, File(description="a picture of a face")] = None,
        audio: Annotated[UploadFile | None, File(description="a recording, or a video with sound")] = None,
        take: Annotated[UploadFile | None, File(description="a performance instead of speech")] = None,
    ) -> JobView:
        """Submit a portrait with speech, a script or a take."""
        wish = read_request(request)
        if portrait is None:
            raise UsageError("a job needs a portrait: send a picture as the part 'portrait'")
        check(wish, settings, audio=audio is not None, take=take is not None)
        if wish.webhook is not None:
            webhook.check(wish.webhook, settings.private_webhooks)
        job = uuid.uuid4().hex
        place = store.place(job)
        place.mkdir(parents=True)
        try:
            given = (("portrait", portrait), ("audio", audio), ("take", take))
            inputs = {role: keep(upload, role, place, settings.limits) for role, upload in given if upload is not None}
            if wish.take_id is not None:
                source = settings.folder / "takes" / f"{wish.take_id}.take"
                if not source.is_file():
                    raise HTTPException(404, f"there is no take {wish.take_id}")
                shutil.copyfile(source, place / "take.take")
                inputs["take"] = "take.take"
            store.add(job, wish.model_dump(), inputs, settings.limits.queued)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        return view(store, found(store, job))

    @routes.get("")
    def jobs(
        state: JobState | None = None,
        first: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
        most: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> JobList:
        """List the jobs, the newest first."""
        some, total = store.page(state, first, most)
        return JobList(jobs=[view(store, job) for job in some], total=total)

    @routes.get("/{job}")
    def look(job: JobId) -> JobView:
        """Look at a job."""
        return view(store, found(store, job))

    @routes.get("/{job}/events", response_class=StreamingResponse)
    async def follow(job: JobId, request: Request) -> StreamingResponse:
        """Follow a job by server-sent events: `progress` as it goes on, `ended` at the end; each carries the job."""
        await asyncio.to_thread(found, store, job)
        return StreamingResponse(events(store, job, request), media_type="text/event-stream", headers={"Cache-Control": "no-cache"})

    @routes.post("/{job}/cancel")
    def cancel(job: JobId) -> JobView:
        """Cancel a job: one that waits ends at once, one that runs within a second; one that has ended stays as it is."""
        if store.cancel(job) is None:
            raise HTTPException(404, f"there is no job {job}")
        return view(store, found(store, job))

    @routes.get("/{job}/result", response_class=FileResponse)
    def result(job: JobId) -> FileResponse:
        """Fetch what a job has made."""
        return fetch(store, job, "file")

    @routes.get("/{job}/take", response_class=FileResponse)
    def take(job: JobId) -> FileResponse:
        """Fetch the performance, where it was kept."""
        return fetch(store, job, "take")

    @routes.delete("/{job}", status_code=204)
    def remove(job: JobId) -> None:
        """Remove a job that has ended, and all its files."""
        state = found(store, job).state
        if state not in ENDED or not store.remove(job):
            raise HTTPException(409, f"the job {job} is {state}; cancel it first")
        shutil.rmtree(store.place(job), ignore_errors=True)

    return routes


def fetch(store: Store, job: str, what: str) -> FileResponse:
    """Answer with a file of a finished job."""
    there = found(store, job)
    name = (there.result or {}).get(what)
    if there.state != "done" or name is None:
        why = f"is {there.state}" if there.state != "done" else "kept no take; submit it with take=true"
        raise HTTPException(409, f"the job {job} {why}{f': {there.error}' if there.error else ''}")
    path = store.place(job) / RESULT / str(name)
    if not path.is_file():
        raise HTTPException(404, f"the result of {job} is no longer kept")
    return FileResponse(path, media_type=KINDS[path.suffix], filename=f"{job[:8]}{path.suffix}")


async def events(store: Store, job: str, request: Request) -> AsyncIterator[str]:
    """Tell how a job goes on, until it has ended or nobody listens."""
    told, silent = "", 0.0
    while not await request.is_disconnected():
        there = await asyncio.to_thread(store.get, job)
        if there is None:
            return
        ended = there.state in ENDED
        text = json.dumps((await asyncio.to_thread(view, store, there)).model_dump())
        if text != told:
            told, silent = text, 0.0
            yield f"event: {'ended' if ended else 'progress'}\ndata: {text}\n\n"
        if ended:
            return
        await asyncio.sleep(LOOK)
        silent += LOOK
        if silent >= BREATH:
            silent = 0.0
            yield ": still here\n\n"
