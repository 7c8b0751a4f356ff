"""Compare lips made from the sound of talking clips with the real ones, clip by clip.

thespis eval lips --media clips/
thespis eval lips --media clips/ --texts texts.tsv --network old=old.onnx --report lips.json
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.apps.text import none_measured
from thespis.errors import MediaError, UsageError
from thespis.export.output import check_writable, write_text

if TYPE_CHECKING:
    from thespis.evaluate.lips import Curves, Score
    from thespis.evaluate.mouths import Talk
    from thespis.evaluate.texts import Said
    from thespis.talker import Talker
    from thespis.types import Speech

OURS, LOUDNESS, FIRST, TEXT = "ours", "loudness", "first", "text"
NETWORK = "articulation"  # what recipes call the weights that hear the mouth


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval lips`."""
    parser.add_argument("--media", type=Path, action="append", required=True, metavar="DIR", help="a folder of talking clips, or one clip")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose lips are measured (thespis)")
    parser.add_argument(
        "--network",
        action="append",
        default=[],
        metavar="NAME=FILE",
        help="measure the recipe with this articulation network too; ours=FILE: with this one only",
    )
    parser.add_argument(
        "--texts", type=Path, metavar="FILE.tsv", help="what is said: a table with the columns file and text (or transcript)"
    )
    parser.add_argument("--language", default="en-us", help="the language of texts that name none (en-us)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where tracked lips are kept (thespis/lips in your cache folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def networks(given: list[str]) -> dict[str, Path]:
    """Read NAME=FILE of every further network."""
    found: dict[str, Path] = {}
    for text in given:
        name, equals, file = text.partition("=")
        if not equals or not name or name in (LOUDNESS, FIRST, TEXT) or name in found:
            raise UsageError(f"a further network is NAME=FILE with a name of its own, as in old=first.onnx, not {text!r}")
        found[name] = Path(file)
    return found


def talker_of(recipe: str, network: Path | None = None) -> "Talker":
    """Build the recipe, with another articulation network where one is given."""
    from thespis import recipes
    from thespis.errors import ThespisError
    from thespis.weights import find

    if network is None:
        return recipes.load(recipe, "tiny")
    if not network.is_file():
        raise MediaError(f"there is no network {network}; give the path of an articulation network (.onnx)")
    module = recipes.module(recipe)
    if not any(weight.name == NETWORK for weight in module.card.weights):
        raise ThespisError(f"the recipe {recipe!r} has no articulation network to replace; leave --network out")
    weights = {weight.name: find(weight) for weight in module.card.weights if weight.name != NETWORK}
    talker: Talker = module.build(weights | {NETWORK: network}, "tiny")
    return talker


def of_text(talker: "Talker", speech: "Speech", said: "Said") -> "Curves":
    """Give the lips that the talker makes of a recording whose text is known."""
    from thespis.evaluate.performing import curves_of
    from thespis.speech.transcript import transcript

    return curves_of(talker, transcript([speech], said.text, said.language).speech())


def main(args: Namespace) -> int:
    """Track, listen, compare, and print."""
    further = networks(args.network)
    if args.report is not None:
        check_writable(args.report, (*args.media, args.texts, *further.values()))
    from thespis.evaluate import lips
    from thespis.evaluate.first import first_curves
    from thespis.evaluate.footage import cache_folder, clips_of
    from thespis.evaluate.lips_report import closing, facts_of, heads, line
    from thespis.evaluate.mouths import Refused, talks
    from thespis.evaluate.performing import curves_of
    from thespis.evaluate.texts import read_texts, text_beside

    paths = list(dict.fromkeys(path for folder in args.media for path in clips_of(folder)))
    talkers = {OURS: talker_of(args.recipe, further.pop(OURS, None))}
    talkers |= {name: talker_of(args.recipe, path) for name, path in further.items()}
    texts = {} if args.texts is None else read_texts(args.texts, args.language)
    names = [*talkers, LOUDNESS, FIRST, TEXT]
    scores: list[tuple[Talk, dict[str, Score]]] = []
    refused: list[Refused] = []
    for clip in talks(paths, args.cache or cache_folder("lips")):
        if isinstance(clip, Refused):
            refused.append(clip)
            continue
        curves: dict[str, Curves] = {name: curves_of(talker, clip.speech) for name, talker in talkers.items()}
        curves |= {LOUDNESS: lips.loudness(clip.speech), FIRST: first_curves(clip.speech)}
        said = text_beside(clip.path, texts, args.language)
        if said is not None:
            curves[TEXT] = of_text(talkers[OURS], clip.speech, said)
        pauses = lips.silent(clip.speech)
        if not args.json and not scores:
            print(heads(names), flush=True)
        scores.append((clip, {name: lips.judge(curve, clip.mouth, pauses) for name, curve in curves.items()}))
        if not args.json:
            print(line(f"{clip.path.parent.name}/{clip.path.stem}", scores[-1][1], names), flush=True)
    if not scores:
        raise none_measured([(each.path.name, each.reason) for each in refused])
    facts = facts_of(scores, refused)
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    print(json.dumps(facts) if args.json else closing([table for _, table in scores], refused))
    return 0
