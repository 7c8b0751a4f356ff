"""Serve jobs and live sessions on one port (docs/server.md, docs/live.md).

thespis serve
thespis serve --folder shelf --token tokens.txt --host 0.0.0.0
thespis serve --partner http://localhost:11434/v1 --partner-model llama3.2
"""

import contextlib
import os
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from fastapi import FastAPI

    from thespis.apps.server.settings import Settings

SHELF = Path("thespis-shelf")
NEEDS = ("fastapi", "uvicorn", "multipart", "websockets")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis serve`."""
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at; others than this machine need a token (127.0.0.1)")
    parser.add_argument("--port", type=int, default=8765, help="the port (8765)")
    parser.add_argument("--folder", type=Path, default=SHELF, help=f"where jobs and results are kept ({SHELF})")
    parser.add_argument("--token", type=Path, metavar="FILE", help="tokens that open the server, one a line; or the variable THESPIS_TOKEN")
    parser.add_argument("--also", action="append", default=[], metavar="NAME", help="a further name the server answers to")
    parser.add_argument("--workers", type=int, default=1, help="renderers that work at a time (1)")
    parser.add_argument("--sessions", type=int, default=4, help="live sessions that may be open at a time (4)")
    parser.add_argument("--requests", type=int, default=1800, metavar="N", help="requests a minute of one client (%(default)s)")
    parser.add_argument("--keep", type=float, default=7.0, metavar="DAYS", help="days for which results are kept (7)")
    parser.add_argument("--recipe", action="append", default=[], metavar="FILE.py", help="offer a recipe of your own too")
    parser.add_argument("--private-webhooks", action="store_true", help="also call webhooks in private networks")
    parser.add_argument("--partner", default="rules", metavar="URL", help="who answers in a conversation: an OpenAI-compatible /v1 address")
    parser.add_argument(
        "--partner-model", default="default", metavar="NAME", help="the model that is asked there (its key: THESPIS_PARTNER_KEY)"
    )
    parser.add_argument("--ice", action="append", default=[], metavar="URL", help="a STUN or TURN server for WebRTC, as in stun:host:3478")


def settings_of(args: Namespace) -> "Settings":
    """Read the options."""
    from thespis.apps.server.settings import Limits, Settings, tokens_of

    if not 1 <= args.workers <= 64:
        raise UsageError(f"a server has 1 to 64 renderers, not {args.workers}")
    if args.sessions < 0 or not args.keep > 0 or args.requests < 1:
        raise UsageError("--sessions is 0 or more, --keep more than 0, and --requests at least 1")
    from thespis import recipes
    from thespis.apps.server.faces import FACES, faces
    from thespis.apps.server.live.partner import partner_of

    for path in args.recipe:
        recipes.card(path)
    partner_of(args.partner, args.partner_model, "")
    return Settings(
        folder=args.folder,
        warm=FACES / f"{faces()[0]}.jpg" if faces() and args.sessions else None,
        host=args.host,
        port=args.port,
        tokens=tokens_of(args.token),
        hosts=tuple(args.also),
        workers=args.workers,
        recipes=tuple(args.recipe),
        private_webhooks=args.private_webhooks,
        partner=args.partner,
        partner_model=args.partner_model,
        partner_key=os.environ.get("THESPIS_PARTNER_KEY", ""),
        ice_servers=tuple(args.ice),
        limits=Limits(sessions=args.sessions, requests_a_minute=args.requests, keep_seconds=args.keep * 86400),
    )


def need() -> None:
    """Refuse to begin without the libraries of the extra."""
    absent = [name for name in NEEDS if find_spec(name) is None]
    if absent:
        raise MissingExtraError(f"serving needs {', '.join(absent)}: pip install 'thespis[studio]'")


def run(app: "FastAPI", settings: "Settings", ready: str = "", then: "Callable[[], object] | None" = None) -> None:
    """Serve until somebody ends it; once it answers, print the line `ready` and do something else too."""
    import asyncio
    import threading

    import uvicorn

    from thespis.apps.server.store import Lease

    more_files()
    Lease(settings.folder, "server").close()  # another server's folder is told in a line, and not from within this one's start
    place = listening(settings)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="h11",
        log_level="warning",
        limit_concurrency=settings.limits.connections,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=5,
        server_header=False,
        ws_max_size=1 << 20,
        ws_ping_interval=10.0,
        ws_ping_timeout=20.0,
        h11_max_incomplete_event_size=32_768,
    )
    server = uvicorn.Server(config)

    async def serve() -> None:
        beside = (close_the_silent(server, settings.limits.silent_seconds), tell())
        tasks = [asyncio.create_task(each) for each in beside]
        await server.serve([place])
        for task in tasks:
            task.cancel()

    async def tell() -> None:
        while not server.started:
            await asyncio.sleep(0.05)
        print(ready or f"thespis serves at {settings.address} (files in {settings.folder}); Ctrl-C ends it", flush=True)
        if then is not None:
            threading.Thread(target=then, daemon=True).start()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


def listening(settings: "Settings") -> "socket.socket":
    """Take the address, so that one which is not to be had is told in a line; it answers when the server is ready."""
    import socket

    made = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((settings.host, settings.port))
    except OSError as error:
        made.close()
        raise UsageError(f"cannot listen at {settings.address}: {error.strerror}; choose another --port or --host") from None
    return made


async def close_the_silent(server: Any, seconds: float) -> None:  # noqa: ANN401 - a uvicorn.Server
    """Close connections that never finish their first request: the server itself would keep them for ever."""
    import asyncio
    import time

    since: dict[Any, float] = {}
    while True:
        await asyncio.sleep(1.0)
        now = time.monotonic()
        silent = [each for each in server.server_state.connections if getattr(each, "cycle", True) is None]
        since = {each: since.get(each, now) for each in silent}
        for each, begun in since.items():
            if now - begun > seconds and each.transport is not None:
                each.transport.abort()


def more_files() -> None:
    """Let this process have as many connections open as the system allows."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))


def main(args: Namespace) -> int:
    """Check everything, then serve."""
    need()
    settings = settings_of(args)
    from thespis.apps.server.app import create_app

    run(create_app(settings), settings)
    return 0
