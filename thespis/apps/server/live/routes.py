"""Live sessions over HTTP: open, look, say, direct, interrupt, close; and the two ways to watch one."""

import asyncio
import functools
import ipaddress
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Body, File, Form, HTTPException, Request, UploadFile, WebSocket
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from thespis.apps.server.faces import FACES, faces
from thespis.apps.server.jobs import REFUSALS
from thespis.apps.server.live.rooms import Room, Rooms
from thespis.apps.server.live.socket import serve
from thespis.apps.server.schema import ID, LiveRequest, LiveView, Wish, check_length, check_words
from thespis.apps.server.settings import Settings
from thespis.apps.server.uploads import keep
from thespis.direction.parse import direct
from thespis.errors import MissingExtraError, UsageError, unknown
from thespis.speech.activity import Activity
from thespis.types import Direction

RoomId = Annotated[str, InPath(pattern=ID)]


class Offer(BaseModel):
    """A WebRTC session description."""

    model_config = ConfigDict(extra="forbid")

    sdp: str = Field(max_length=100_000)
    type: str = Field("offer", pattern="^(offer|answer)$")


def is_near(request: Request) -> bool:
    """Tell whether who asks is on this machine or in its own network, and came through no proxy."""
    if request.client is None or "x-forwarded-for" in request.headers or "forwarded" in request.headers:
        return False
    try:
        return not ipaddress.ip_address(request.client.host).is_global
    except ValueError:
        return False


@functools.cache
def activity() -> Activity:
    """Load the network that tells voices from everything else, once."""
    return Activity()


def read_request(text: str) -> LiveRequest:
    """Read the wish that stands in the form as JSON."""
    try:
        found: LiveRequest = LiveRequest.model_validate_json(text or "{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise UsageError(f"the request at {'.'.join(map(str, first['loc']))!r}: {first['msg']}") from None
    return found


def router(settings: Settings, rooms: Rooms) -> APIRouter:
    """Make the routes of live sessions."""
    routes = APIRouter(prefix="/api", tags=["live"], responses={status: REFUSALS[status] for status in (400, 404, 413, 422, 429, 503)})

    def found(room: str) -> Room:
        there = rooms.get(room)
        if there is None:
            raise HTTPException(404, f"there is no live session {room}; it may have been closed, for nobody watched it")
        return there

    @routes.get("/faces")
    def list_faces() -> list[str]:
        """List the made-up people that a session may begin with."""
        return faces()

    @routes.get("/faces/{face}", response_class=FileResponse)
    def get_face(face: Annotated[str, InPath(max_length=40)]) -> FileResponse:
        """Fetch the picture of a made-up person."""
        if face not in faces():
            raise HTTPException(404, unknown("made-up person", face, faces()))
        return FileResponse(FACES / f"{face}.jpg", media_type="image/jpeg")

    @routes.post("/live", status_code=201)
    def begin(
        request: Annotated[str, Form(description="a LiveRequest as JSON")] = "{}",
        portrait: Annotated[UploadFile | None, File(description="a picture of a face")] = None,
    ) -> LiveView:
        """Open a live session; watch it at /api/live/{id}/socket, or by WebRTC."""
        wish = read_request(request)
        if (portrait is None) == (wish.made_up is None):
            raise UsageError("a session begins with a portrait: send a picture as the part 'portrait', or name a made-up person")
        if wish.made_up is not None:
            if wish.made_up not in faces():
                raise UsageError(unknown("made-up person", wish.made_up, faces()))
            return rooms.open(FACES / f"{wish.made_up}.jpg", wish).view()
        with tempfile.TemporaryDirectory(dir=settings.folder / "uploads") as folder:
            assert portrait is not None  # one of the two is there
            kept = keep(portrait, "portrait", Path(folder), settings.limits)
            return rooms.open(Path(folder) / kept, wish).view()

    @routes.get("/live")
    def sessions() -> list[LiveView]:
        """List the open sessions."""
        return [room.view() for room in rooms.all()]

    @routes.get("/live/{room}")
    def look(room: RoomId) -> LiveView:
        """Look at a session."""
        return found(room).view()

    @routes.delete("/live/{room}", status_code=204)
    def close(room: RoomId) -> None:
        """Close a session."""
        found(room)
        rooms.close(room)

    @routes.post("/live/{room}/leave", status_code=204)
    def leave(room: RoomId) -> None:
        """Close a session, as a page does that is left."""
        close(room)

    @routes.post("/live/{room}/say", status_code=202)
    def say(
        room: RoomId, text: Annotated[str, Body(embed=True, max_length=20_000)], voice: Annotated[str | None, Body(max_length=60)] = None
    ) -> LiveView:
        """Let the portrait say a script with tags, after what it says already."""
        there = found(room)
        check_length(text, settings.limits)
        there.say(text, voice)
        return there.view()

    @routes.post("/live/{room}/direct", status_code=202)
    def change(
        room: RoomId, wishes: Annotated[dict[str, Wish], Body(embed=True)], over: Annotated[float, Body(ge=0, le=10)] = 0.4
    ) -> LiveView:
        """Change wishes from the next frame on: emotion, eyes, mouth, head, gaze, lips, motion."""
        there = found(room)
        check_words(wishes)
        wish = direct(Direction(), **wishes)
        there.performance.direct(wish, also=tuple(name for name in wishes if name not in wish.asked()), over=over)
        return there.view()

    @routes.post("/live/{room}/interrupt", status_code=202)
    def interrupt(room: RoomId) -> LiveView:
        """Stop the mouth at once, and listen."""
        there = found(room)
        there.performance.interrupt()
        return there.view()

    @routes.post("/live/{room}/webrtc", responses={501: REFUSALS[503]})
    async def webrtc(room: RoomId, offer: Offer, request: Request) -> dict[str, Any]:
        """Answer a WebRTC offer: picture and sound go to whoever made it."""
        try:
            from thespis.apps.server.live import peer
        except ImportError:
            raise MissingExtraError("WebRTC needs aiortc: pip install 'thespis[studio]'") from None
        return await peer.answer(await asyncio.to_thread(found, room), peer.reachable(offer.sdp, is_near(request)), settings)

    @routes.websocket("/live/{room}/socket")
    async def watch(socket: WebSocket, room: RoomId, picture: bool = True) -> None:
        there = rooms.get(room)
        if there is None:
            await socket.accept()
            await socket.close(4004, "there is no such live session")
            return
        await serve(socket, there, settings, activity, picture)

    return routes
