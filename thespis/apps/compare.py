"""Measure two sets of videos of the same names against each other: paired differences with their intervals, and both side by side.

thespis compare before/ after/ -o compare.html
thespis compare ours.mp4 theirs.mp4 --reference real.mp4
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.apps.eval import check_page, common_arguments, jobs_of, measured, videos
from thespis.errors import MediaError
from thespis.export.output import check_writable, write_text


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis compare`."""
    parser.add_argument("first", type=Path, metavar="A", help="a folder of videos, or a video")
    parser.add_argument("second", type=Path, metavar="B", help="a folder of videos of the same names, or a video")
    parser.add_argument("-o", "--output", type=Path, metavar="COMPARE.html", help="the page: differences, and both side by side")
    parser.add_argument("--report", type=Path, metavar="COMPARE.json", help="also write every figure to this file")
    common_arguments(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")


def pairs_of(first: Path, second: Path) -> dict[str, tuple[Path, Path]]:
    """Find the videos of two sets that belong together, by their names without the suffix."""
    if first.is_file() and second.is_file():
        return {f"{first.name} and {second.name}" if first.name != second.name else first.name: (first, second)}
    one, other = ({Path(name).with_suffix("").as_posix(): path for name, path in videos([place]).items()} for place in (first, second))
    both = {name: (one[name], other[name]) for name in one if name in other}
    if not both:
        raise MediaError(f"no video of {first} has the name of one of {second}; talk.mp4 is compared with talk.mp4 or talk.webm")
    return both


def main(args: Namespace) -> int:
    """Measure both, write, and print."""
    check_page(args.output)
    if args.report is not None:
        check_writable(args.report, (args.first, args.second, args.labels, args.real))
    from thespis.apps.text import table
    from thespis.evaluate.comparison import compared, facts_of, page, words_of
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.results import real_footage

    pairs, real = pairs_of(args.first, args.second), real_footage(args.real)
    jobs = [job for side in (0, 1) for job in jobs_of(args, {name: both[side] for name, both in pairs.items()})]
    metrics = chosen(list(jobs[0].only))
    results = measured(args, jobs, f"{args.first.name} and {args.second.name}")
    one, other = results[: len(pairs)], results[len(pairs) :]
    names = args.first.resolve().name, args.second.resolve().name
    found = compared(metrics, one, other, real)
    if not found:
        raise MediaError(f"no pair of {len(pairs)} could be measured on both sides: {'; '.join(each.reason or '' for each in results[:3])}")
    facts = facts_of(found, one, other, names)
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.output is not None:
        write_text(args.output, page(names, metrics, found, one, other, real))
    if args.json:
        print(json.dumps({"event": "done", **facts}))
        return 0
    print(table(("metric", "A", "B", "B less A", "95 % interval", "unit", "verdict"), [words_of(each) for each in found], 160))
    print(f"A {names[0]}, B {names[1]}: {facts['pairs']} pairs")
    for each in results:
        if each.reason:
            print(f"  not measured: {each.name}: {each.reason}")
    if args.output is not None:
        print(f"wrote {args.output}")
    return 0
