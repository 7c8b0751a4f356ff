"""Measure any set of videos of talking faces, made by any tool: only picture and sound are needed. One page, and JSON.

thespis eval results/ -o report.html
thespis eval one.mp4 two.mp4 --reference real/ --labels asked.tsv --report report.json

Subjects of their own (thespis eval SUBJECT --help tells more): lips, sounds, languages, noise, listening, reenact, order.
"""

import json
import math
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.apps.text import none_measured
from thespis.errors import MediaError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from thespis.evaluate.metric import Metric
    from thespis.evaluate.results import Job, Real, Result

LONGEST, MOST_WORKERS = 600.0, 64


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FOLDER|FILE", help="folders of videos, or videos")
    parser.add_argument("-o", "--output", type=Path, metavar="REPORT.html", help="the page: figures beside real footage, the worst first")
    parser.add_argument("--report", type=Path, metavar="REPORT.json", help="also write every figure to this file")
    parser.add_argument("--title", help="the title of the page (the name of the folder)")
    common_arguments(parser)
    parser.add_argument("--keep-real", type=Path, metavar="FILE.json", help="keep the figures of these videos as real footage for --real")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")


def common_arguments(parser: ArgumentParser) -> None:
    """Declare what measuring and comparing have in common."""
    parser.add_argument("--reference", type=Path, metavar="DIR|FILE", help="real clips of the same names, or the one of all")
    parser.add_argument("--labels", type=Path, metavar="FILE.tsv", help="what was asked: a table with the columns file, emotion, intensity")
    parser.add_argument("--real", type=Path, metavar="FILE.json", help="figures of real footage of your own, from --keep-real")
    parser.add_argument("--metrics", default="", metavar="NAME,...", help="only these metrics or subjects: lips,motion.jitter")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of each video that are judged (60)")
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where tracked faces are kept (thespis/faces in your cache folder)")


def videos(given: "Sequence[Path]") -> dict[str, Path]:
    """List the videos of folders and files by the names they are told by."""
    from thespis.evaluate.footage import clips_of

    found: dict[str, Path] = {}
    for place in given:
        own = {place.name: place} if place.is_file() else {path.relative_to(place).as_posix(): path for path in clips_of(place)}
        for name, path in own.items():
            # Two folders may hold files of one name.
            found[name if found.get(name, path) == path else path.as_posix()] = path
    return found


def truths_of(reference: Path | None, paths: dict[str, Path]) -> dict[str, Path]:
    """Find the real clip of each video: one file for all, else by its place in the folder, else by its name."""
    from thespis.evaluate.footage import clips_of

    if reference is None:
        return {}
    if reference.is_file():
        return dict.fromkeys(paths, reference)
    real = clips_of(reference)
    places = {path.relative_to(reference).with_suffix("").as_posix(): path for path in real}
    found = {}
    for name, path in paths.items():
        alike = [each for each in real if each.stem == path.stem]
        own = places.get(Path(name).with_suffix("").as_posix(), alike[0] if len(alike) == 1 else None)
        if own is not None:
            found[name] = own
        elif alike:
            raise MediaError(f"{reference} holds {len(alike)} clips named {path.stem!r}; put {name} into a folder named as its real clip's")
    if not found:
        raise MediaError(f"no video has the name of a clip in {reference}; the real clip of talk.mp4 is called talk.mp4 there, or talk.mov")
    return found


def read_labels(path: Path | None) -> dict[str, dict[str, Any]]:
    """Read what was asked for, by the name of the file with or without its suffix."""
    if path is None:
        return {}
    import csv

    from thespis.errors import unknown
    from thespis.types import EMOTION

    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    except (OSError, UnicodeDecodeError):
        raise MediaError(f"{path} cannot be read as a table; use tabs between the columns file, emotion and intensity") from None
    found: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, start=2):
        if not row.get("file") or not row.get("emotion"):
            raise MediaError(f"line {number} of {path} names no file or no emotion; its columns are file, emotion and perhaps intensity")
        if row["emotion"] not in EMOTION.names:
            raise MediaError(f"line {number} of {path}: {unknown('emotion', row['emotion'], EMOTION.names)}")
        labels: dict[str, Any] = {"feeling": row["emotion"]}
        if row.get("intensity"):
            try:
                labels["intensity"] = float(row["intensity"])
                if not math.isfinite(labels["intensity"]):
                    raise ValueError
            except ValueError:
                raise MediaError(f"line {number} of {path}: an intensity is a number such as 0.8, not {row['intensity']!r}") from None
        found[row["file"]] = labels
    return found


def run_beside(path: Path) -> dict[str, Any]:
    """Read how a video was made, where `thespis run --report NAME.json` (or another tool) left that beside NAME.mp4."""
    from thespis.evaluate.metrics.speed import FACTS

    try:
        run = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["run"]
        facts = {name: float(run[name]) for name in FACTS if run.get(name) is not None}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # there is none, or it is about something else
    return {"run": facts} if facts and all(value >= 0 for value in facts.values()) else {}


def jobs_of(args: Namespace, paths: dict[str, Path]) -> "list[Job]":
    """Put together what is to be measured of each video."""
    from thespis.evaluate.footage import cache_folder
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.results import Job

    if not 1.0 <= args.seconds <= LONGEST:
        raise UsageError(f"from 1 to {LONGEST:g} seconds of each video are judged, not {args.seconds:g}")
    if not 1 <= args.workers <= MOST_WORKERS:
        raise UsageError(f"from 1 to {MOST_WORKERS} processes measure, not {args.workers}")
    only = tuple(name for name in args.metrics.split(",") if name)
    chosen(list(only))
    truths = truths_of(args.reference, paths)
    labels, kept = read_labels(args.labels), args.cache or cache_folder("faces")
    made = []
    for name, path in paths.items():
        asked = labels.get(name) or labels.get(path.name) or labels.get(path.stem) or {}
        made.append(Job(path, name, kept, truths.get(name), {**run_beside(path), **asked}, args.seconds, only))
    return made


def measured(args: Namespace, jobs: "list[Job]", shown: str) -> "list[Result]":
    """Measure with a bar, and refuse a set of which nothing can be measured."""
    from thespis.apps.progress import progress
    from thespis.evaluate.results import Result, measure_all

    with progress(args.json) as bar:
        bar.start(len(jobs), {"videos": len(jobs), "of": shown})

        def tell(_: Result) -> None:
            bar.advance(1)

        results = measure_all(jobs, args.workers, tell)
    if all(each.reason for each in results):
        raise none_measured([(each.name, each.reason or "") for each in results])
    return results


def lines(metrics: "Sequence[Metric]", results: "Sequence[Result]", real: "dict[str, Real]") -> str:
    """Word the table for the terminal."""
    from thespis.apps.text import table
    from thespis.evaluate.page import told
    from thespis.evaluate.report import verdict
    from thespis.evaluate.results import summed

    good = [each for each in results if each.reason is None]
    rows = []
    for name, total in summed(metrics, good).items():
        metric, there = next(each for each in metrics if each.name == name), real.get(name)
        interval = f"{told(metric, total.low)} to {told(metric, total.high)}" if total.low == total.low else ""
        beside = "" if there is None else f"{told(metric, there.p10)} to {told(metric, there.p90)}"
        rows.append((name, told(metric, total.figure), interval, metric.unit, beside, verdict(metric, total, there)[1]))
    text = table(("metric", "figure", "95 % interval", "unit", "real clips", "verdict"), rows, 160)
    refused = "".join(f"\n  {each.name}: {each.reason}" for each in results if each.reason)
    return f"{text}\n{len(good)} clips" + (f"; {len(results) - len(good)} not measured:{refused}" if refused else "")


def check_page(path: Path | None) -> None:
    """Refuse a page that cannot be written or is called something else."""
    if path is None:
        return
    check_writable(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"the page's name ends in .html, not {path.name!r}")


def main(args: Namespace) -> int:
    """Measure, write, and print."""
    check_page(args.output)
    for path in (args.report, args.keep_real):
        if path is not None:
            check_writable(path, (*args.files, args.labels, args.real))
    from thespis.evaluate.metrics import chosen
    from thespis.evaluate.report import facts_of, page
    from thespis.evaluate.results import as_real, real_footage

    real = real_footage(args.real)
    jobs = jobs_of(args, videos(args.files))
    metrics = chosen(list(jobs[0].only))
    results = measured(args, jobs, args.files[0].name)
    title = args.title or args.files[0].resolve().name
    facts = facts_of(metrics, results, real)
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.output is not None:
        write_text(args.output, page(title, metrics, results, real))
    if args.keep_real is not None:
        good = [each for each in results if each.reason is None]
        write_text(args.keep_real, json.dumps({"clips": len(good), "real": as_real(metrics, good)}, indent=1) + "\n")
    print(json.dumps({"event": "done", **facts}) if args.json else lines(metrics, results, real))
    if args.output is not None and not args.json:
        print(f"wrote {args.output}")
    return 0
