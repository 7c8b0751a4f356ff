"""Check a claim of a recipe: with its mechanism and without, over several seeds, within a budget; see docs/claims.md.

thespis claims thespis
thespis claims mine.py --minutes 60 --seeds 5 -o claims.md
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

FRESH = """# Claims

| what | |
|---|---|
| with, without | mean and spread of the metric over the seeds |
| gain | mean difference, positive where the mechanism helps, and its interval over the seeds |

<!-- claims -->
<!-- /claims -->
"""


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis claims`."""
    parser.add_argument("recipe", metavar="NAME", help="a recipe of thespis list, or a recipe file of your own")
    parser.add_argument("--claim", default="", metavar="NAME", help="another claim of the recipe than its first one (thespis show)")
    parser.add_argument("--minutes", type=float, default=20.0, metavar="M", help="about how long all trials may take (20)")
    parser.add_argument("--seeds", type=int, default=8, metavar="N", help="how many seeds, each with and without the mechanism (8)")
    parser.add_argument("-o", "--output", type=Path, default=Path("claims.md"), metavar="PAGE", help="the page with the table (claims.md)")
    parser.add_argument("--run", type=Path, metavar="FOLDER", help="where trials are kept (your cache folder)")
    parser.add_argument("--json", action="store_true", help="what was found as JSON")


def main(args: Namespace) -> int:
    """Run the trials that are missing, judge them, and write the row and its plot."""
    from thespis.apps.train import say, silent
    from thespis.evaluate.claim import claim_of, judged, run
    from thespis.evaluate.claim_page import picture_of, plot, row, with_row
    from thespis.evaluate.footage import cache_folder
    from thespis.export.output import check_writable, write_text

    name = Path(args.recipe).stem + (f"-{args.claim}" if args.claim else "")
    _, claim, _, _ = claim_of(args.recipe, args.claim)
    check_writable(args.output)
    folder = args.run or cache_folder("claims") / name
    found, ended = run(args.recipe, folder, args.minutes, args.seeds, silent if args.json else say, args.claim)
    answer = judged(claim, found)
    if found.seeds:
        picture = picture_of(args.output, name)
        picture.parent.mkdir(parents=True, exist_ok=True)
        page = args.output.read_text(encoding="utf-8") if args.output.exists() else FRESH
        line = row(name, claim, found, answer, picture.relative_to(args.output.parent).as_posix())
        write_text(picture, plot(claim, found))
        write_text(args.output, with_row(page, name, line))
    if args.json:
        figures = {"with": found.with_it, "without": found.without, "seconds": round(found.seconds, 1), "ended": ended}
        print(
            json.dumps({"recipe": name, "verdict": answer.verdict, "gain": answer.gain, "interval": [answer.low, answer.high], **figures})
        )
        return 0
    if not found.seeds:
        print(f"undecided: no seed was done in {args.minutes:g} minutes; the same command with more minutes goes on")
        return 0
    gain = f"gain {answer.gain:+.3f} ({answer.low:+.3f} to {answer.high:+.3f})"
    print(f"{claim.sentence}\n{answer.verdict}: {gain} over {len(found.seeds)} seeds")
    print(f"wrote {args.output}" + ("" if ended == "done" else f"; {args.minutes:g} minutes were not enough: the same command goes on"))
    return 0
