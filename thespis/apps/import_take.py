"""Make a take of a recording of face curves: a Live Link Face CSV, JSON as Audio2Face writes it, an npz of thespis export or of FLAME.

thespis import MySlate_1_iPhone.csv -o performance.take
thespis import MySlate_1_iPhone.csv --audio MySlate_1.wav -o performance.take
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import MediaError

KINDS = ".csv of Live Link Face, .json of Audio2Face, or .npz of thespis export or of FLAME"


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis import`."""
    parser.add_argument("recording", metavar="FILE", type=Path, help=".csv of Live Link Face, .json of Audio2Face, .npz of export or FLAME")
    parser.add_argument("--audio", metavar="AUDIO", help="the sound that belongs to it")
    parser.add_argument("--fps", help="rows a second, where the file has no time code")
    parser.add_argument("-o", "--output", required=True, metavar="OUT.take", type=Path)


def main(args: Namespace) -> int:
    """Read, check and write."""
    from thespis.export.take import TakeWriter, check_take

    check_take(args.output, (args.recording, args.audio))
    from thespis.direction.parse import direct
    from thespis.export.arkit import read_csv, read_json, read_npz
    from thespis.export.flame import is_flame, read_flame
    from thespis.motion.convert import eyes_of_arkit, face_of_arkit

    source: Path = args.recording
    if not source.is_file():
        raise MediaError(f"there is no file {source}; give {KINDS}")
    labels: dict[str, str | int] = {"source": source.name}
    filled = 0
    fps = direct(fps=args.fps).fps if args.fps else None
    if source.suffix.lower() == ".npz" and is_flame(source):
        track, whole = read_flame(source, fps)
        tracks = {"face": track}
        if not whole:
            print("its expression is in the basis of another head, so only jaw, neck and eyes are read")
    elif source.suffix.lower() == ".npz":
        tracks = read_npz(source)
    elif source.suffix.lower() in (".csv", ".json"):
        found = read_csv(source, fps) if source.suffix.lower() == ".csv" else read_json(source, fps)
        tracks = {"face": face_of_arkit(found.curves), "eyes": eyes_of_arkit(found.curves), "confidence": found.confidence}
        filled = int((found.confidence["confidence"] == 0).sum())
        if found.timecode:
            labels |= {"timecode": found.timecode, "clock": found.clock}
    else:
        raise MediaError(f"cannot import {source.name!r}; use {KINDS}")
    with TakeWriter(args.output, labels=labels, source=args.audio) as writer:
        for name, track in tracks.items():
            writer.motion(track, name)
        if args.audio:
            from thespis.speech.read import open_speech

            for block in open_speech(args.audio):
                writer.speech(block)
    track = next(iter(tracks.values()))
    gaps = f", {filled} of them filled in" if filled else ""
    print(f"wrote {args.output}: {len(track)} rows of {track.space.name} at {float(track.fps):g} a second{gaps}")
    return 0
