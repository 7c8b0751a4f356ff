"""Let a server make a video: the same portrait, speech and wishes as `thespis run`, done by `thespis serve` elsewhere.

thespis submit photo.jpg speech.wav --emotion happy=0.8 -o out.mp4
thespis submit photo.jpg --say "[sad] It is gone." --server https://studio.example.org
thespis submit photo.jpg --take actor.take -o out.mp4
"""

import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.apps import run
from thespis.errors import UsageError
from thespis.export.output import check_writable

if TYPE_CHECKING:
    from thespis.apps.progress import Progress
    from thespis.apps.server.client import Client

ADDRESS = "http://127.0.0.1:8765"


def server_arguments(parser: ArgumentParser) -> None:
    """Declare which server is asked."""
    parser.add_argument("--server", metavar="URL", help=f"the server; or the variable THESPIS_SERVER ({ADDRESS})")
    parser.add_argument("--token", type=Path, metavar="FILE", help="a file with the server's token; or the variable THESPIS_TOKEN")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis submit`: those of `thespis run` that a server knows, and which server."""
    run.wishing(parser)
    parser.add_argument("--take", type=Path, metavar="FILE.take", help="perform this take instead of speech")
    parser.add_argument("--strength", type=float, default=1.0, help="how strongly the take is given, 0 to 2 (1)")
    parser.add_argument("--webhook", metavar="URL", help="an address that the server tells when the job has ended")
    server_arguments(parser)
    parser.add_argument("-o", "--output", metavar="OUT", help="wait, and fetch it: .mp4 .mov .webm .take (.png with --preview)")


def client_of(args: Namespace) -> "Client":
    """Know the server that is asked."""
    from thespis.apps.server.client import Client
    from thespis.apps.server.settings import tokens_of

    tokens = tokens_of(args.token)
    return Client(args.server or os.environ.get("THESPIS_SERVER") or ADDRESS, tokens[0] if tokens else None)


def options_of(args: Namespace) -> dict[str, Any]:
    """Word the wishes as a server reads them (JobRequest)."""
    from thespis.apps.align import text_of

    if args.take is not None and (args.audio or args.say or args.say_file or args.text):
        raise UsageError("a take is performed instead of speech; leave AUDIO, --say and --text out, or --take")
    if args.take_out is not None and (args.preview or args.take is not None or args.output is None):
        raise UsageError("--take-out keeps the performance beside a video that is fetched; leave it out, or give -o VIDEO")
    found: dict[str, Any] = {
        "output": kind_of(args),
        "settings": run.wishes(args),
        "recipe": args.recipe,
        "take": args.take_out is not None,
    }
    if args.take is not None:
        found["strength"] = args.strength
    else:
        found |= {"script": run.script(args), "voice": args.voice, "language": args.language}
        found["text"] = None if args.text is None else text_of(args.text)
    if args.direct is not None:
        try:
            found["direction"] = args.direct.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"the direction {args.direct} cannot be read; it is a TOML file (docs/direction.md)") from None
    return {name: value for name, value in (found | {"face": args.face, "webhook": args.webhook}).items() if value is not None}


def kind_of(args: Namespace) -> str:
    """Name what is made by the ending of the output, and refuse what a server does not make."""
    if args.output is None:
        return "png" if args.preview else "mp4"
    kind = Path(args.output).suffix.lower().lstrip(".")
    known = ("png",) if args.preview else ("mp4", "mov", "webm", "take")
    if kind not in known:
        raise UsageError(f"a server makes {', '.join(f'.{name}' for name in known)} here, not {Path(args.output).name!r}")
    return kind


def watch(client: "Client", job: str, shown: "Progress") -> dict[str, Any]:
    """Show how a job goes on until it has ended well -> the job."""
    frames, begun = 0, False
    for now in client.follow(job):
        if not begun and now["progress"]:
            begun = True
            shown.start(round(now["frames"] / now["progress"]), {"job": job})
        if begun and now["frames"] > frames:
            shown.advance(now["frames"] - frames)
            frames = now["frames"]
    return client.wait(job)


def fetch(client: "Client", job: str, output: Path, take: Path | None, as_json: bool) -> None:
    """Wait for a job, and write what it made."""
    import time

    from thespis.apps.progress import progress

    begun = time.monotonic()
    with progress(as_json) as shown:
        made = watch(client, job, shown)["result"] or {}
        client.fetch(job, output)
        if take is not None:
            client.fetch(job, take, "take")
        facts = {name: value for name, value in made.items() if name not in ("file", "take")}
        shown.done({"path": str(output), "job": job, **facts, "took": round(time.monotonic() - begun, 2)})


def main(args: Namespace) -> int:
    """Check everything, send it, and fetch what was made where that is wanted."""
    options = options_of(args)
    inputs = (args.portrait, args.audio, args.direct, args.say_file, args.text, args.take)
    for path in (args.output, args.take_out):
        if path is not None:
            check_writable(Path(path), inputs)
    client = client_of(args)
    job = client.submit(args.portrait, args.audio, performs=args.take, **options)
    if args.output is None:
        import json

        print(json.dumps({"event": "submitted", "job": job}) if args.json else job, flush=True)
        return 0
    print(f"thespis: the server works on {job}; it goes on if this command is ended", file=sys.stderr)
    fetch(client, job, Path(args.output), args.take_out, args.json)
    return 0
