"""Pack a corpus for training: frames, motion and sound features of its clips in files that are mapped into memory.

thespis data pack stage/ -o packed/ --size 64
thespis data pack prepared/ -o packed/ --size 128 --sound articulation --sound mel
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import UsageError


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis data pack`."""
    parser.add_argument("corpus", type=Path, metavar="FOLDER", help="what thespis data stage or thespis data prepare wrote")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FOLDER", help="where it goes; a run that was broken off goes on"
    )
    parser.add_argument("--size", type=int, metavar="PIXELS", help="also pack frames of this size, 16 to 1024")
    parser.add_argument("--fps", type=int, default=25, metavar="N", help="frames a second (25)")
    parser.add_argument("--motion", action="append", default=[], metavar="SPACE", help="face, flame (both), arkit, landmarks, liveportrait")
    parser.add_argument("--sound", action="append", default=[], metavar="NAME", help="articulation, mel (articulation)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes at work (2)")


def main(args: Namespace) -> int:
    """Pack, and tell how far it is."""
    if args.workers < 1:
        raise UsageError("--workers needs at least 1")
    from thespis.data.corpus import open_corpus
    from thespis.data.packed import Packing, pack

    standard = Packing()
    packing = Packing(tuple(args.motion) or standard.motions, tuple(args.sound) or standard.sounds, args.size, args.fps)
    corpus = open_corpus(args.corpus)
    done = 0
    for count in pack(corpus, args.output, packing, args.workers, {"corpus": str(args.corpus)}):
        done += count
        print(f"{done} clips", flush=True)
    print(f"{args.output}: {len(corpus)} clips")
    return 0
