"""Read what the faces of a video do: every person's performance becomes a take that drives any portrait.

thespis track video.mp4 -o performance.take
thespis render performance.take portrait.jpg -o out.mp4
thespis track video.mp4 --regressor deca_model.tar --flame generic_model.pkl -o performance.take
"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.apps.run import counting
from thespis.errors import MediaError, UsageError
from thespis.export.output import check_writable

if TYPE_CHECKING:
    from thespis.capture.performance import Performance
    from thespis.capture.regressor import Regressor


def smoothing(text: str) -> float:
    """Read how much trembling is taken out."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 3:
        raise ArgumentTypeError(f"smoothing goes from 0 (none) to 3, not {text!r}")
    return value


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis track`."""
    parser.add_argument("video", metavar="VIDEO", help="a video with one or more faces, or a picture")
    parser.add_argument("--face", type=counting, metavar="N", help="only this person, counted from the left")
    parser.add_argument("--smooth", type=smoothing, default=1.0, metavar="1.0", help="0 to 3: how much trembling is taken out; blinks stay")
    parser.add_argument("--regressor", metavar="FILE", help="read expressions with your own DECA or EMOCA weights; needs --flame and torch")
    parser.add_argument("--flame", metavar="FILE", help="your own FLAME head for --regressor, with flame_static_embedding.pkl beside it")
    parser.add_argument("--silent", action="store_true", help="leave the sound of the video out of the take")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.take", help="several people become OUT.1.take, OUT.2.take ...")


def places(path: Path, people: int) -> list[Path]:
    """Name the takes: the path itself for one person, else with their numbers before the suffix."""
    return [path] if people == 1 else [path.with_name(f"{path.stem}.{number}{path.suffix}") for number in range(1, people + 1)]


def save(performance: "Performance", path: Path, video: Path, *, silent: bool) -> dict[str, Any]:
    """Write one performance as a take, with the sound of the video unless it is to be silent, and tell about it."""
    import numpy as np

    from thespis.capture.performance import SEEN
    from thespis.export.take import TakeWriter
    from thespis.speech.read import open_speech
    from thespis.types import Track

    motion = performance.motion
    seen = Track(SEEN, np.stack([performance.found, performance.confidence, performance.error], axis=1).astype(np.float32), motion.fps)
    found = float(performance.found.mean())
    error = float(np.median(performance.error[performance.found]))
    labels = {
        "video": video.name,
        "cuts": list(performance.cuts),
        "place": [round(side, 1) for side in performance.place],
        "rest": np.round(performance.person.rest, 4).astype(float).ravel().tolist(),
    }
    with TakeWriter(path, recipe="track", labels=labels, source=video) as writer:
        writer.motion(motion)
        writer.motion(seen)
        if performance.regressed is not None:
            writer.motion(performance.regressed)
        if not silent and len(motion) > 1:
            try:
                blocks = open_speech(video)
            except MediaError:
                blocks = None  # a video without sound is as good as any
            for block in blocks or ():
                writer.speech(block)
    return {
        "path": str(path),
        "frames": len(motion),
        "fps": round(float(motion.fps), 3),
        "seconds": float(len(motion) / motion.fps),
        "found": round(found, 4),
        "error": round(error, 4),
        "confidence": round(float(np.median(performance.confidence[performance.found])), 3),
        "cuts": len(performance.cuts),
    }


def regressor_of(args: Namespace) -> "Regressor | None":
    """Load what --regressor and --flame name, or nothing where neither is given."""
    if args.regressor is None and args.flame is None:
        return None
    if args.regressor is None or args.flame is None:
        raise UsageError("--regressor and --flame go together: the numbers of DECA and EMOCA mean something on a FLAME head only")
    from thespis.capture.regressor import load_regressor
    from thespis.head.flame_files import load_flame
    from thespis.head.flame_landmarks import load_reading

    head = Path(args.flame)
    return load_regressor(args.regressor, load_reading(load_flame(head), head))


def describe(facts: dict[str, Any], took: float) -> str:
    """Word what was written as one line."""
    from thespis.apps.text import clock

    missing = round((1 - facts["found"]) * facts["frames"])
    bridged = f", {missing} of them bridged" if missing else ""
    return (
        f"wrote {facts['path']}: {facts['frames']} frames{bridged} at {facts['fps']:g} a second, {clock(facts['seconds'])} long, "
        f"fitted to {100 * facts['error']:.1f} % of the eye distance, in {took:.1f} s"
    )


def main(args: Namespace) -> int:
    """Check everything, then track."""
    begun = time.monotonic()
    output, video = Path(args.output), Path(args.video)
    from thespis.export.take import check_take

    inputs = (args.video, args.regressor, args.flame)
    check_take(output, inputs)
    regressor = regressor_of(args)
    from thespis.apps.progress import progress

    with progress(args.json) as shown:
        from thespis.capture.faces import quiet
        from thespis.capture.footage import open_footage
        from thespis.capture.performance import track_video

        footage = open_footage(video)
        shown.start(footage.frames, {"output": str(output), "video": str(video), "fps": round(float(footage.fps), 3)})
        with quiet():
            people = track_video(video, shown.advance, smooth=args.smooth, regressor=regressor)
        if args.face is not None:
            if args.face > len(people):
                count = "one person" if len(people) == 1 else f"{len(people)} people"
                raise MediaError(f"{video} shows {count}, so --face must be 1 to {len(people)}, not {args.face}")
            people = [people[args.face - 1]]
        paths = places(output, len(people))
        for path in paths:
            check_writable(path, inputs)
        facts = [save(person, path, video, silent=args.silent) for person, path in zip(people, paths, strict=True)]
        took = round(time.monotonic() - begun, 2)
        if args.json:
            shown.done({"path": facts[0]["path"], "takes": facts, "took": took})
    if not args.json:
        print("\n".join(describe(each, took) for each in facts))
    return 0
