"""Compare two takes, part of the face by part; exit code 0 when they are the same, 1 when they are not.

thespis diff before.take after.take
"""

import json
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from thespis.apps.text import table
from thespis.errors import MediaError, UsageError

if TYPE_CHECKING:
    from thespis.types import Speech, Track


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis diff`."""
    parser.add_argument("first", metavar="A.take")
    parser.add_argument("second", metavar="B.take")
    parser.add_argument("--tolerance", default="1e-4", metavar="1e-4", help="the largest difference that still counts as the same")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def compare(one: "Track", other: "Track") -> list[dict[str, Any]]:
    """Measure, for each part of the face, the mean and largest difference and where that is; tracks in one Space."""
    import numpy as np

    from thespis.motion.take_edit import GROUPS, columns, from_the_start, group_of, resample

    first = from_the_start(one)
    second = resample(from_the_start(other), one.fps)
    rows = min(len(first), len(second))
    away = np.abs(first.values[:rows].astype(np.float64) - second.values[:rows])
    found = []
    for group in (*GROUPS, "other"):
        channels = tuple(channel for channel in one.space.channels if group_of(channel.name) == group)
        part = away[:, columns(one.space, channels)]
        if not part.size:
            continue
        row, column = np.unravel_index(int(part.argmax()), part.shape)
        names = [channel.name for channel in channels for _ in range(channel.size)]
        facts = {"mean": float(part.mean()), "max": float(part.max()), "seconds": float(int(row) / one.fps), "channel": names[int(column)]}
        found.append({"part": group, **facts})
    return found


def sound_difference(one: "Speech | None", other: "Speech | None") -> float | None:
    """Find the largest difference of two sounds, None where they cannot be compared."""
    import numpy as np

    if one is None or other is None or one.samples.shape != other.samples.shape or one.rate != other.rate:
        return None if one is not other else 0.0
    return float(np.abs(one.samples - other.samples).max(initial=0.0))


def main(args: Namespace) -> int:
    """Compare and tell."""
    from thespis.export.take import open_take

    try:
        tolerance = float(args.tolerance)
    except ValueError:
        raise UsageError(f"a tolerance is a number such as 1e-4, not {args.tolerance!r}") from None
    takes = [open_take(path) for path in (args.first, args.second)]
    one, other = (take.track() for take in takes)
    if one.space != other.space:
        raise MediaError(f"{args.first} is in {one.space} and {args.second} in {other.space}; only takes in one Space can be compared")
    parts = compare(one, other)
    sound = sound_difference(*(take.speech() for take in takes))
    lengths = [len(one), len(other)]
    same = all(part["max"] <= tolerance for part in parts) and lengths[0] == lengths[1] and one.fps == other.fps and sound is not None
    same = same and (sound or 0.0) <= max(tolerance, 1e-4)
    if args.json:
        print(json.dumps({"same": same, "rows": lengths, "fps": [str(one.fps), str(other.fps)], "parts": parts, "sound": sound}))
        return 0 if same else 1
    rows = [(p["part"], f"{p['mean']:.5f}", f"{p['max']:.5f}", f"{p['seconds']:.2f}", p["channel"]) for p in parts]
    print(table(("part", "mean", "largest", "at (s)", "channel"), rows))
    print(f"rows {lengths[0]} and {lengths[1]}, {float(one.fps):g} and {float(other.fps):g} a second")
    print("sound cannot be compared: one is missing or of another length" if sound is None else f"sound: largest difference {sound:.5f}")
    print("the same" if same else "not the same")
    return 0 if same else 1
