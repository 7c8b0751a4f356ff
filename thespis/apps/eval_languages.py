"""Measure whether lips heard from the sound alone follow the exact phones, in many languages, with voices the network never heard.

thespis eval languages
thespis eval languages --language de --language ja
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import UsageError, unknown
from thespis.export.output import check_writable, write_text


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval languages`."""
    parser.add_argument("--language", action="append", metavar="NAME", help="only this one, such as de; may be given again (all)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose lips are measured (thespis)")
    parser.add_argument("--network", type=Path, metavar="FILE", help="another articulation network than the recipe's own")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def main(args: Namespace) -> int:
    """Speak, listen, compare, and print a line for each language."""
    if args.report is not None:
        check_writable(args.report)
    import numpy as np

    from thespis.apps.eval_lips import talker_of
    from thespis.evaluate.languages import SENTENCES, Heard, listen
    from thespis.evaluate.lips import Hits

    asked = args.language or list(SENTENCES)
    for name in asked:
        if name not in SENTENCES:
            raise UsageError(unknown("language", name, SENTENCES))
    found: dict[str, list[Heard]] = {}
    for language, heard in listen(talker_of(args.recipe, args.network), asked):
        found.setdefault(language, []).append(heard)
    facts: dict[str, dict[str, float]] = {}
    for language, each in [*found.items(), ("all", [heard for own in found.values() for heard in own])]:
        hits = sum((heard.closures for heard in each), Hits(0, 0, 0))
        facts[language] = {
            "voices": len(each),
            "opening": round(float(np.mean([heard.opening.zero for heard in each])), 3),
            "worst_opening": round(min(heard.opening.zero for heard in each), 3),
            "width": round(float(np.mean([heard.width.zero for heard in each])), 3),
            "closures_f1": round(hits.f1, 3),
        }
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.json:
        print(json.dumps(facts))
        return 0
    for language, values in facts.items():
        print(
            f"{language:6} {values['voices']:3.0f} voices: opening r {values['opening']:.2f} (worst voice {values['worst_opening']:.2f}), "
            f"width r {values['width']:.2f}, closures F1 {values['closures_f1']:.2f}"
        )
    return 0
