"""Check the metrics on real clips: the clip itself, its compressed copy, its lips 200 ms late and the lips of another clip, in this order.

thespis eval order --media clips/
"""

import json
import tempfile
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.apps.text import table as lines_of
from thespis.errors import MediaError, ThespisError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.types import Clip

SECONDS = 6.0


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval order`."""
    parser.add_argument("--media", type=Path, action="append", required=True, metavar="DIR", help="a folder of clips of people who talk")
    parser.add_argument("--most", type=int, metavar="N", help="look at so many clips, evenly chosen (all)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where tracked faces are kept (thespis/faces in your cache folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def watched_pair(path: Path, kept: Path) -> "tuple[Clip, Clip]":
    """Watch a clip and its compressed copy."""
    from thespis.capture.faces import quiet
    from thespis.evaluate.order import compress
    from thespis.evaluate.watched import watch

    with quiet(), tempfile.TemporaryDirectory() as folder:
        clip = watch(path, kept, SECONDS)
        if clip.speech is None:
            raise MediaError("it has no sound")
        copy = Path(folder) / "compressed.mp4"
        compress(path, copy, SECONDS)
        return clip, watch(copy, kept, SECONDS)


def main(args: Namespace) -> int:
    """Watch, damage, measure, and print."""
    if args.report is not None:
        check_writable(args.report)
    from thespis.evaluate.footage import cache_folder, clips_of
    from thespis.evaluate.metrics import table
    from thespis.evaluate.order import SEES, WAYS, measured, ordered, ways

    paths = list(dict.fromkeys(path for folder in args.media for path in clips_of(folder)))
    if args.most is not None and args.most < len(paths):
        paths = [paths[int(k * len(paths) / args.most)] for k in range(max(args.most, 1))]
    kept = args.cache or cache_folder("faces")
    metrics = [metric for metric in table() if metric.name in SEES]
    found: dict[str, list[dict[str, float | None]]] = {metric.name: [] for metric in metrics}
    refused: dict[str, str] = {}
    first: tuple[Clip, Clip] | None = None
    before: Clip | None = None
    count = 0
    for path in [*paths, None]:
        try:
            # The first clip waits for the last one, whose lips it gets.
            pair = first if path is None else watched_pair(path, kept)
        except ThespisError as error:
            refused[str(path)] = str(error)
            continue
        if pair is None:
            break
        if before is None:
            first, before = pair, pair[0]
            continue
        for name, figures in measured(metrics, ways(*pair, before)).items():
            found[name].append(figures)
        count, before = count + 1, pair[0]
    sums = [each for each in (ordered(metric, found[metric.name]) for metric in metrics) if each is not None]
    if not sums or count < 2:
        raise MediaError(f"two clips with faces and sound are needed; {count} of {len(paths)} can be measured")
    facts = {"clips": count, "metrics": {each.name: asdict(each) | {"holds": each.holds} for each in sums}, "refused": refused}
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.json:
        print(json.dumps(facts))
        return 0
    rows = [
        [
            each.name,
            *(f"{mean:.3g}" for mean in each.means),
            *(f"{100 * step:.0f} %" if sees else f"({100 * step:.0f} %)" for sees, step in zip(each.sees, each.steps, strict=True)),
            "yes" if each.holds else "no",
        ]
        for each in sums
    ]
    print(lines_of(("metric", *WAYS, "step 1", "step 2", "step 3", "in order"), rows, 200))
    print(f"{count} clips; a step: in so many clips a way is told to be worse than the one before it (in brackets: none claimed)")
    print("in order: whether the means are, in every step that is claimed")
    return 0
