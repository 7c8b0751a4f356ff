"""Look after the jobs of a server: list them, see one, fetch its video, cancel or remove it (docs/server.md).

thespis jobs
thespis jobs ID
thespis jobs ID -o out.mp4
thespis jobs ID --cancel
"""

import json
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from thespis.apps.submit import client_of, fetch, server_arguments
from thespis.errors import UsageError
from thespis.export.output import check_writable

STATES = ("queued", "running", "done", "failed", "cancelled")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis jobs`."""
    parser.add_argument("job", metavar="ID", nargs="?", help="a job; without one the newest are listed")
    parser.add_argument("--state", choices=STATES, help="list only jobs in this state")
    parser.add_argument("--cancel", action="store_true", help="end it")
    parser.add_argument("--remove", action="store_true", help="remove it and its files")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT", help="wait for it, and fetch what it made")
    parser.add_argument("--take-out", type=Path, metavar="FILE.take", help="also fetch its take, where one was kept")
    parser.add_argument("--json", action="store_true", help="the answers as JSON")
    server_arguments(parser)


def line(job: dict[str, Any]) -> list[str]:
    """Word a job as a row of the table."""
    state = job["state"] + (f" {100 * job['progress']:.0f} %" if job["state"] == "running" else "")
    state += f", {job['place']} before it" if job["place"] else ""
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(job["created"]))
    return [job["id"], when, job["request"]["recipe"], state, job["error"] or (job["result"] or {}).get("file", "")]


def main(args: Namespace) -> int:
    """Ask the server."""
    doing = [name for name in ("cancel", "remove", "output") if getattr(args, name)]
    if args.job is None and (doing or args.take_out):
        raise UsageError("say which job, by its ID; thespis jobs lists them")
    if len(doing) > 1 or (args.take_out and doing != ["output"]):
        raise UsageError("do one thing at a time: --cancel, --remove, or -o OUT (with --take-out beside it)")
    if args.job is not None and (not args.job.isalnum() or args.state):
        raise UsageError(f"a job is named by its ID alone, as thespis jobs lists it, not {args.job!r}")
    client = client_of(args)
    if args.job is None:
        found = client.jobs(args.state)
        from thespis.apps.text import table

        heads = ["job", "submitted", "recipe", "state", "result"]
        print(json.dumps(found) if args.json else table(heads, [line(job) for job in found]) if found else "there are no jobs")
        return 0
    if doing == ["output"]:
        for path in (args.output, args.take_out):
            if path is not None:
                check_writable(path)
        kind = client.job(args.job)["request"]["output"]
        if args.output.suffix.lower() != f".{kind}":
            raise UsageError(f"the job {args.job} makes a .{kind}; name the output so, and not {args.output.name!r}")
        fetch(client, args.job, args.output, args.take_out, args.json)
        return 0
    if args.remove:
        client.remove(args.job)
        print(json.dumps({"event": "removed", "job": args.job}) if args.json else f"removed {args.job}")
        return 0
    shown = client.cancel(args.job) if args.cancel else client.job(args.job)
    if args.json:
        print(json.dumps(shown))
    else:
        row = line(shown)
        print(f"{row[0]}: {row[3]}" + (f", {row[4]}" if row[4] else ""))
    return 0
