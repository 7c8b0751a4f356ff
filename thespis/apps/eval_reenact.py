"""Drive the first good frame of real clips with their own tracked motion, and compare the result with the clips.

thespis eval reenact --media clips/
thespis eval reenact --media clips/ --drive weights -o reenact.html --report reenact.json
"""

import json
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.apps.text import none_measured
from thespis.errors import ThespisError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.evaluate.reenact import Result
    from thespis.types import Bytes

SMALLEST, LARGEST, MOST_GROUPS = 128, 1024, 1000


def side(text: str) -> int:
    """Read the size of the pictures that are compared."""
    if not text.isdecimal() or not SMALLEST <= int(text) <= LARGEST:
        raise ArgumentTypeError(f"pictures are compared at {SMALLEST} to {LARGEST} pixels a side, not {text!r}")
    return int(text)


def moments(text: str) -> int:
    """Read at how many moments of each clip to look."""
    if not text.isdecimal() or not 1 <= int(text) <= MOST_GROUPS:
        raise ArgumentTypeError(f"a clip is looked at in 1 to {MOST_GROUPS} moments, not {text!r}")
    return int(text)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval reenact`."""
    parser.add_argument("--media", type=Path, action="append", required=True, metavar="DIR", help="a folder of clips with faces")
    parser.add_argument("--drive", choices=("points", "weights"), default="points", help="what moves the skin (points)")
    parser.add_argument("--size", type=side, default=256, help="pixels a side of the pictures that are compared (256)")
    parser.add_argument("--moments", type=moments, default=12, metavar="N", help="three frames each, spread over every clip (12)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where tracked faces are kept (thespis/faces in your cache folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")
    parser.add_argument("-o", "--output", type=Path, metavar="OUT.html", help="also write a page with pictures, the worst first")


def main(args: Namespace) -> int:
    """Track, draw, compare, and print."""
    for path in (args.report, args.output):
        if path is not None:
            check_writable(path)
    if args.output is not None and args.output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the page's name ends in .html, not {args.output.name!r}")
    from thespis.capture.faces import quiet
    from thespis.evaluate.footage import cache_folder, clips_of
    from thespis.evaluate.reenact import compare, scene_of
    from thespis.evaluate.reenact_report import Worst, closing, facts_of, heads, line, means, page

    paths = list(dict.fromkeys(path for folder in args.media for path in clips_of(folder)))
    kept = args.cache or cache_folder("faces")
    found: list[tuple[Result, list[tuple[int, float, Bytes]]]] = []
    refused: dict[str, str] = {}
    for path in paths:
        worst = Worst()
        try:
            with quiet():
                result = compare(scene_of(path, kept, args.moments), args.size, args.drive, show=worst)
        except ThespisError as error:
            refused[path.name] = str(error)
            continue
        if not args.json:
            print(line(result) if found else f"{heads()}\n{line(result)}", flush=True)
        found.append((result, worst.pictures()))
    results = [result for result, _ in found]
    if not results:
        raise none_measured([*refused.items()])
    facts = facts_of(results, refused, args.drive)
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.output is not None:
        write_text(args.output, page(found, refused, args.drive))
    print(json.dumps(facts) if args.json else closing(means(results), len(results), refused))
    return 0
