"""What visitors of the studio upload is looked at as it arrives: what is not what its name says is refused in one line, and deleted."""

import asyncio
import json
import mimetypes
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from thespis.apps.server.content import HEAD, picture_kind, sound_kind, take_kind
from thespis.errors import MediaError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

END = "/gradio_api/upload"
PICTURES = (".heic", ".heif", ".avif", ".jfif", ".webp")  # beside those that every system knows as pictures
MOST_ANSWERED = 1 << 20


def check(path: Path, pixels: int) -> None:
    """Refuse a file that is no picture, recording, video or take, or not the one that its name says."""
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise MediaError(f"{path.name} is empty; choose the file itself")
    if suffix in PICTURES or (mimetypes.guess_type(path.name)[0] or "").startswith("image/"):
        whole(path, picture_kind(head, path, pixels))
    elif suffix == ".take":
        take_kind(head)
    else:
        sound_kind(head)


def whole(path: Path, kind: str) -> None:
    """Refuse a picture that breaks off."""
    from PIL import Image

    try:
        with Image.open(path, formats=[kind[1:].upper()]) as opened:
            opened.load()
    except (OSError, ValueError, SyntaxError, EOFError, IndexError):
        raise MediaError("the portrait is a picture that breaks off or is damaged; save it again, or choose another") from None


class Checked:
    """An ASGI application before gradio's: it passes everything on, and looks at the files that an upload has left."""

    def __init__(self, app: App, folder: Path, pixels: int) -> None:
        """Know where uploads are, and how many pixels a picture may have."""
        self._app, self._folder, self._pixels = app, folder.resolve(), pixels

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith(END):
            await self._app(scope, receive, send)
            return
        held: list[Message] = []

        async def holding(message: Message) -> None:
            held.append(message)

        await self._app(scope, receive, holding)
        body = b"".join(message.get("body", b"") for message in held)
        status = next((message["status"] for message in held if message["type"] == "http.response.start"), 500)
        why = await asyncio.to_thread(self._trouble, body) if status == 200 else None
        if why is None:
            for message in held:
                await send(message)
            return
        text = why.encode()
        about = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": 422, "headers": about})
        await send({"type": "http.response.body", "body": text})

    def _trouble(self, answer: bytes) -> str | None:
        """Look at what was kept, and say what is wrong with it; then none of it stays."""
        try:
            paths = [Path(str(name)).resolve() for name in json.loads(answer[:MOST_ANSWERED])]
        except (ValueError, TypeError):
            return None
        for path in paths:
            try:
                if self._folder in path.parents and path.is_file():
                    check(path, self._pixels)
            except MediaError as error:
                for other in paths:
                    if self._folder in other.parents:
                        other.unlink(missing_ok=True)
                line = str(error).replace("the portrait is no picture", "this is no picture").replace("the speech is no", "this is no")
                return line[:1].upper() + line[1:] + "."
        return None
