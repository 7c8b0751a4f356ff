"""Measure what noise does to the lips: how much they move where nobody speaks, and on real clips what noise under the voice costs.

thespis eval noise
thespis eval noise --media clips/ --decibels 10
"""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from thespis.apps.text import none_measured
from thespis.errors import MediaError
from thespis.export.output import check_writable, write_text

UNDER = ("white noise", "pink noise", "music")
REFERENCE = "We whispered while the wolf walked through the wood. Have you ever moved a very heavy velvet sofa?"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval noise`."""
    parser.add_argument("--media", type=Path, action="append", default=[], metavar="DIR", help="talking clips, into which noise is mixed")
    parser.add_argument("--sounds", type=Path, action="append", default=[], metavar="DIR", help="recordings in which nobody speaks")
    parser.add_argument("--decibels", type=float, default=10.0, help="how much louder than the noise the voices are (10)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose lips are measured (thespis)")
    parser.add_argument("--network", type=Path, metavar="FILE", help="another articulation network than the recipe's own")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where tracked lips are kept (thespis/lips in your cache folder)")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def main(args: Namespace) -> int:
    """Measure, and print a line for each kind of noise."""
    if args.report is not None:
        check_writable(args.report)
    for folder in args.sounds:
        if not folder.is_dir():
            raise MediaError(f"there is no folder {folder}; give one with recordings in which nobody speaks")
    import numpy as np

    from thespis.apps.eval_lips import talker_of
    from thespis.evaluate import lips, noise
    from thespis.evaluate.footage import cache_folder, clips_of
    from thespis.evaluate.mouths import Talk, talks
    from thespis.evaluate.performing import curves_of
    from thespis.evaluate.sounds import RECORDINGS
    from thespis.speech.read import read_speech
    from thespis.speech.say import say

    paths = [path for folder in args.media for path in clips_of(folder)]
    talker = talker_of(args.recipe, args.network)
    clean: list[float] = []
    under: dict[str, list[float]] = {kind: [] for kind in UNDER}
    speaking: list[float] = []
    refused: list[tuple[str, str]] = []
    for clip in talks(paths, args.cache or cache_folder("lips")):
        if not isinstance(clip, Talk):
            refused.append((clip.path.name, clip.reason))
            continue
        curves = curves_of(talker, clip.speech)
        speaking.append(noise.motion(curves))
        clean.append(lips.fit(curves.opening, curves.seconds, clip.mouth.gap, clip.mouth.seconds).best)
        for kind in UNDER:
            mixed = curves_of(talker, noise.under(clip.speech, kind, args.decibels))
            under[kind].append(lips.fit(mixed.opening, mixed.seconds, clip.mouth.gap, clip.mouth.seconds).best)
    if paths and not speaking:
        raise none_measured(refused)
    if not speaking:
        speaking = [noise.motion(curves_of(talker, say(REFERENCE, voice))) for voice in ("en-us", "en-us+f3")]
    usual = float(np.mean(speaking))
    alone = {kind: noise.motion(curves_of(talker, noise.alone(kind))) / usual for kind in noise.KINDS}
    for folder in args.sounds:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in RECORDINGS:
                alone[path.name] = noise.motion(curves_of(talker, read_speech(path))) / usual
    facts: dict[str, Any] = {"decibels": args.decibels, "alone": {kind: round(share, 4) for kind, share in alone.items()}}
    if clean:
        facts |= {"clips": len(clean), "clean": round(float(np.mean(clean)), 4)}
        facts["under"] = {kind: round(float(np.mean(values)), 4) for kind, values in under.items()}
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.json:
        print(json.dumps(facts))
        return 0
    for kind, share in alone.items():
        print(f"{kind} alone: {100 * share:.1f} % of the motion in speech")
    for kind, value in facts.get("under", {}).items():
        print(
            f"{kind} {args.decibels:g} dB below the voice: opening r {value:.3f} at the best lag, {facts['clean']:.3f} without it "
            f"({facts['clean'] - value:+.3f} lost, {len(clean)} clips)"
        )
    return 0
