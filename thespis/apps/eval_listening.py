"""Measure how fast and with how much memory a recipe listens: hours of speech in pieces, on one core, as they come from a microphone.

thespis eval listening --hours 0.02
"""

import json
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import UsageError
from thespis.export.output import check_writable, write_text

TEXT = "Every frame you see is made while the sound is still arriving. When the voice rests, the mouth closes and stays alive. "
PIECE = 0.2  # seconds
LONGEST = 24.0  # hours


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis eval listening`."""
    parser.add_argument("--hours", type=float, default=0.1, help="how long it listens (0.1)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe that listens (thespis)")
    parser.add_argument("--network", type=Path, metavar="FILE", help="another articulation network than the recipe's own")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a line")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write that object to this file")


def main(args: Namespace) -> int:
    """Push the same speech again and again through the first stage, and look at the clock and the memory."""
    if not 0 < args.hours <= LONGEST:
        raise UsageError(f"--hours goes from above 0 to {LONGEST:g}, not {args.hours:g}")
    if args.report is not None:
        check_writable(args.report)
    import resource

    import numpy as np

    from thespis.apps.eval_lips import talker_of
    from thespis.speech.say import say
    from thespis.types import Direction, Portrait, Speech

    stage = talker_of(args.recipe, args.network).stages[0]
    said = say(TEXT * 8)
    loop, piece = said.mono(), round(PIECE * said.rate)
    total = round(args.hours * 3600 * said.rate)
    state = stage.start(Portrait((np.zeros((8, 8, 3), np.uint8),)), Direction())
    unit = 1024 if sys.platform != "darwin" else 1 << 20  # Linux counts in kilobytes, macOS in bytes
    begun, worked, rows, early = time.monotonic(), time.process_time(), 0, 0.0
    for first in range(0, total, piece):
        places = np.arange(first, min(first + piece, total)) % len(loop)
        rows += len(stage.step(state, Speech(loop[places][None], said.rate, start=first), first + piece >= total))
        if not early and first > total / 10:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    took, worked = time.monotonic() - begun, time.process_time() - worked
    facts = {
        "hours": args.hours,
        "rows": rows,
        "times_real_time": round(3600 * args.hours / took, 1),
        "times_real_time_of_one_core": round(3600 * args.hours / worked, 1),
        "memory_after_a_tenth_mb": round(early, 1),
        "memory_at_the_end_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1),
    }
    if args.report is not None:
        write_text(args.report, json.dumps(facts, indent=1) + "\n")
    if args.json:
        print(json.dumps(facts))
        return 0
    print(
        f"listened for {args.hours:g} hours: {facts['times_real_time']:g} times real time by the clock, "
        f"{facts['times_real_time_of_one_core']:g} by what one core computed; "
        f"at most {facts['memory_after_a_tenth_mb']:g} MB after a tenth, {facts['memory_at_the_end_mb']:g} MB at the end"
    )
    return 0
