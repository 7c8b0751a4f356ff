"""Measure how well sounds are told and timed, on recordings with hand-checked phones (.phn) or words (.TextGrid, .wrd) beside them.

thespis eval sounds --media corpus/
thespis eval sounds --media corpus/ --pocketsphinx
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import MediaError
from thespis.export.output import check_writable, write_text


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval sounds`."""
    parser.add_argument("--media", type=Path, action="append", required=True, metavar="DIR", help="a folder of recordings")
    parser.add_argument("--language", default="en-us", help="the language of the words (en-us)")
    parser.add_argument("--pocketsphinx", action="store_true", help="also measure PocketSphinx's phone decoder (English only)")
    parser.add_argument("--network", type=Path, metavar="FILE", help="another articulation network than the one that comes with Thespis")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def main(args: Namespace) -> int:
    """Listen to every recording, and print what is found by folder and in all."""
    if args.report is not None:
        check_writable(args.report)
    for folder in args.media:
        if not folder.is_dir():
            raise MediaError(f"there is no folder {folder}; give one with recordings and their phones or words")
    if args.network is not None and not args.network.is_file():
        raise MediaError(f"there is no network {args.network}; give the path of an articulation network (.onnx)")
    from thespis.evaluate import sounds

    listeners = {"ours": None} | ({"pocketsphinx": sounds.pocketsphinx()} if args.pocketsphinx else {})
    found: dict[str, dict[str, list[sounds.Sounds]]] = {}
    refused: list[tuple[Path, str]] = []
    for truth in sounds.truths(args.media):
        if isinstance(truth, tuple):
            refused.append(truth)
            continue
        for name, listen in listeners.items():
            measured = sounds.measure(truth, args.language, listen, args.network)
            for place in (truth.path.parent.name, "all"):
                found.setdefault(place, {}).setdefault(name, []).append(measured)
    if not found:
        places = ", ".join(map(str, args.media))
        raise MediaError(
            f"no recording in {places} has phones (.phn) or words (.TextGrid, .wrd) beside it, so there is nothing to compare with"
        )
    if len(found) == 2:
        del found["all"]
    facts = {place: {name: sounds.summary(each) for name, each in own.items()} for place, own in found.items()}
    told = {"places": facts, "refused": [{"file": str(path), "reason": reason} for path, reason in refused]}
    if args.report is not None:
        write_text(args.report, json.dumps(told, indent=1) + "\n")
    if args.json:
        print(json.dumps(told))
        return 0
    for place, own in facts.items():
        for name, values in own.items():
            print(f"{place}, {name}: {worded(values)}")
    for path, reason in refused:
        print(f"not measured: {path.name}: {reason}")
    return 0


def worded(values: dict[str, float]) -> str:
    """Word the measures of some recordings as one line."""
    parts = [f"{values['recordings']:.0f} recordings, {values['seconds'] / 60:.1f} minutes"]
    if "closures_f1" in values:
        parts.append(
            f"closures of p b m within 40 ms F1 {values['closures_f1']:.2f} (precision {values['closures_precision']:.2f}, "
            f"recall {values['closures_recall']:.2f})"
        )
    if "closures_by_text_f1" in values:
        parts.append(f"with the text F1 {values['closures_by_text_f1']:.2f}")
    if "visemes" in values:
        parts.append(f"the right one of six mouths {100 * values['visemes']:.0f} % of the time")
    if "edges_mean" in values:
        parts.append(
            f"edges of words {1000 * values['edges_mean']:.0f} ms off in the mean, {1000 * values['edges_median']:.0f} in the median, "
            f"{100 * values['edges_within_50_ms']:.0f} % within 50 ms, {100 * values['words_missed']:.1f} % of the words not found"
        )
    return "; ".join(parts)
