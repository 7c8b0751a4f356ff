"""What stands before every request: names the server answers to, tokens, where a request comes from, how many, how large, how slow."""

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from thespis.apps.server.metrics import Metrics
from thespis.apps.server.settings import LOOPBACK, Settings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

COOKIE = "thespis_token"
CLIENTS = 10_000  # whose requests are counted at a time
LOGIN_BYTES = 4096
LARGEST_HEADERS = 32_768  # bytes
SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
LOGIN = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Thespis</title><style>body{font:16px/1.5 system-ui,sans-serif;display:grid;place-items:center;min-height:90vh;margin:0;
background:#14161b;color:#eceae4}form{display:grid;gap:.8rem;width:min(22rem,90vw)}input,button{font:inherit;padding:.6rem .8rem;
border-radius:.5rem;border:1px solid #4a4f5c;background:#1d2027;color:inherit}button{background:#e8b04b;color:#14161b;border:0}
</style><form method="post" action="/login"><label for="token">This server asks for a token</label>
<input id="token" name="token" type="password" autocomplete="current-password" autofocus><button>Enter</button></form></html>"""


class TooLargeError(Exception):
    """A body that is larger than allowed."""


class TooSlowError(Exception):
    """A body that takes too long to come."""


class Guard:
    """An ASGI application before another: it refuses, or passes on."""

    def __init__(self, app: App, settings: Settings, metrics: Metrics) -> None:
        """Keep only the digests of the tokens."""
        self._app, self._settings, self._metrics = app, settings, metrics
        self._tokens = [digest(token) for token in settings.tokens]
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Look at a request, and answer it or pass it on."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            self._metrics.count("refused", str(refusal[0]))
            await self._refuse(scope, receive, send, headers, *refusal)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        elif scope["path"] == "/login":
            await self._login(scope, receive, send, headers)
        else:
            await self._pass(scope, receive, send, headers)

    def _refusal(self, scope: Scope, headers: MutableMapping[str, str]) -> tuple[int, str] | None:
        """Say what is wrong with a request before anything of it is read: its status and one line."""
        if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEADERS:
            return 431, f"the headers of a request have at most {LARGEST_HEADERS:,} bytes"
        if not self._answers_to(headers.get("host", "")):
            return 421, "this server does not answer to that name; see thespis serve --also"
        client = (scope.get("client") or ("", 0))[0]
        if not self._in_time(client):
            return 429, f"more than {self._settings.limits.requests_a_minute} requests a minute; wait a little"
        origin = headers.get("origin")
        changes = scope["type"] == "websocket" or scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if changes and origin is not None and origin.lower().partition("://")[2] != headers.get("host", "").lower():
            return 403, "a page of another site may not use this server"
        if self._tokens and scope["path"] != "/login" and not self._known(headers):
            return 401, "this server asks for a token: Authorization: Bearer TOKEN"
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:18]) > self._settings.limits.upload_bytes:
            return 413, f"a request has at most {self._settings.limits.upload_bytes:,} bytes"
        return None

    def _answers_to(self, host: str) -> bool:
        """Tell whether the server has this name: on a machine's own address only that counts, so that no page can call it by another."""
        if self._settings.host not in LOOPBACK and not self._settings.hosts:
            return True
        try:
            name = urlsplit(f"//{host}").hostname if host.isprintable() else None
        except ValueError:
            return False
        own = (*LOOPBACK, self._settings.host, *self._settings.hosts)
        return name is not None and name in {known.lower() for known in own}

    def _in_time(self, client: str) -> bool:
        """Count a request against its client: a bucket that fills up again with time."""
        most, now = float(self._settings.limits.requests_a_minute), time.monotonic()
        left, since = self._buckets.pop(client, (most, now))
        left = min(left + (now - since) * most / 60.0, most) - 1.0
        self._buckets[client] = (max(left, -1.0), now)
        while len(self._buckets) > CLIENTS:
            self._buckets.popitem(last=False)
        return left >= 0.0

    def _known(self, headers: MutableMapping[str, str]) -> bool:
        """Tell whether a request has a token, in a time that says nothing about the tokens."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            try:
                morsel = SimpleCookie(headers.get("cookie", "")[:8192]).get(COOKIE)
            except CookieError:
                morsel = None
            given = "" if morsel is None else morsel.value
        return self._is_token(given.strip())

    def _is_token(self, given: str) -> bool:
        """Compare with every token, all of them to the end."""
        found = digest(given)
        return any([hmac.compare_digest(found, token) for token in self._tokens])  # noqa: C419 - a list, so that no comparison is left out

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, headers: MutableMapping[str, str], status: int, why: str) -> None:
        """Answer with one line, or for a person who may have a token with a place to write it."""
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 4000 + status - 400, "reason": why})
            return
        if status == 401 and "text/html" in headers.get("accept", "") and scope["method"] == "GET":
            await answer(send, status, LOGIN, "text/html; charset=utf-8")
            return
        import json

        more = ((b"retry-after", b"5"),) if status == 429 else ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
        await answer(send, status, json.dumps({"error": why}), "application/json", (*more, (b"connection", b"close")))

    async def _login(self, scope: Scope, receive: Receive, send: Send, headers: MutableMapping[str, str]) -> None:
        """Give a browser that knows a token a cookie."""
        if scope["method"] != "POST":
            await answer(send, 405, '{"error": "post a token here"}', "application/json", ((b"allow", b"POST"),))
            return
        body = b""
        try:
            limited = bounded(receive, LOGIN_BYTES, 10.0)
            while True:
                message = await limited()
                body += message.get("body", b"")
                if not message.get("more_body"):
                    break
        except (TooLargeError, TooSlowError):
            body = b""
        given = parse_qs(body.decode("latin-1")).get("token", [""])[0].strip()
        if not self._tokens or not self._is_token(given):
            await answer(send, 401, LOGIN, "text/html; charset=utf-8")
            return
        safe = "; Secure" if scope.get("scheme") == "https" or headers.get("x-forwarded-proto") == "https" else ""
        cookie = f"{COOKIE}={given}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000{safe}"
        await answer(send, 303, "", "text/plain", ((b"location", b"/"), (b"set-cookie", cookie.encode("latin-1"))))

    async def _pass(self, scope: Scope, receive: Receive, send: Send, headers: MutableMapping[str, str]) -> None:
        """Pass a request on with a body that ends in time and size."""
        begun, status, limits = time.monotonic(), 500, self._settings.limits
        trouble: list[tuple[int, str]] = []
        answered = False

        async def receiving() -> Message:
            try:
                return await body()
            except TooLargeError:
                trouble.append((413, f"a request has at most {limits.upload_bytes:,} bytes"))
                raise
            except TooSlowError:
                trouble.append((408, "the request took too long to arrive"))
                raise

        async def sending(message: Message) -> None:
            nonlocal status, answered
            if trouble:
                # Whatever the application makes of a body that broke off, this is why.
                if not answered:
                    answered, (status, why) = True, trouble[0]
                    await answer(send, status, f'{{"error": "{why}"}}', "application/json", ((b"connection", b"close"),))
                return
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *SECURITY]}
            await send(message)

        body = bounded(receive, limits.upload_bytes, limits.upload_seconds)
        try:
            await self._app(scope, receiving, sending)
        except (TooLargeError, TooSlowError):
            await sending({"type": "http.response.start", "status": 500})
        finally:
            self._metrics.request(scope["method"], status, time.monotonic() - begun)


def bounded(receive: Receive, most: int, seconds: float) -> Receive:
    """Receive a body of at most `most` bytes that arrives within `seconds`."""
    taken, until, whole = 0, time.monotonic() + seconds, False

    async def receiving() -> Message:
        nonlocal taken, whole
        if whole:
            return await receive()  # only the end of the connection is left, which may take as long as it likes
        try:
            message = await asyncio.wait_for(receive(), max(until - time.monotonic(), 0.001))
        except TimeoutError:
            raise TooSlowError from None
        taken += len(message.get("body", b""))
        whole = not message.get("more_body", False)
        if taken > most:
            raise TooLargeError
        return message

    return receiving


def digest(token: str) -> bytes:
    """Hash a token, so that all that are compared have one length."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


async def answer(send: Send, status: int, text: str, kind: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Send a whole answer."""
    body = text.encode()
    about = ((b"content-type", kind.encode()), (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": [*about, *SECURITY, *headers]})
    await send({"type": "http.response.body", "body": body})
