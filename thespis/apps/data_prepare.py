"""Prepare footage for training: crop, align, track and filter talking clips of your own or of a published data set.

thespis data prepare clips/ -o prepared/
thespis data prepare MEAD/ --set mead --size 256 --workers 16 -o prepared/
thespis data prepare /shared/HDTF --set hdtf --skip-missing --ray auto -o /shared/prepared
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import MediaError, UsageError


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis data prepare`."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the clips, or a published data set as it was unpacked")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help="where they go; a run that was broken off goes on")
    parser.add_argument(
        "--set", default="folder", metavar="NAME", help="whose layout it has: folder (any), mead, hdtf ... (see docs/data.md)"
    )
    parser.add_argument("--skip-missing", action="store_true", help="leave clips out whose files are missing")
    parser.add_argument("--size", type=int, default=256, metavar="PIXELS", help="crops of this size, 64 to 1024 (256)")
    parser.add_argument("--shortest", type=float, default=1.0, metavar="S", help="seconds that a piece lasts at least (1)")
    parser.add_argument("--longest", type=float, default=10.0, metavar="S", help="seconds that a piece lasts at most (10)")
    parser.add_argument("--face", type=float, default=24.0, metavar="PIXELS", help="pixels between the eyes at least (24)")
    parser.add_argument("--turn", type=float, default=45.0, metavar="DEGREES", help="how far faces may be turned away (45)")
    parser.add_argument("--silence", type=float, default=0.6, metavar="SHARE", help="how much of a piece may be silent, 0 to 1 (0.6)")
    parser.add_argument("--offset", type=float, default=0.12, metavar="S", help="seconds between lips and sound at most (0.12)")
    parser.add_argument("--several", action="store_true", help="keep pieces that show somebody else too; the largest face is taken")
    parser.add_argument("--silent", action="store_true", help="keep pieces without sound")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes at work (2)")
    parser.add_argument(
        "--ray", metavar="ADDRESS", help="spread over a Ray cluster: auto, ray://host:10001, or local; needs thespis[scale]"
    )


def main(args: Namespace) -> int:
    """Prepare, and say what was kept."""
    if args.workers < 1:
        raise UsageError("--workers needs at least 1")
    if args.output.resolve().is_relative_to(args.folder.resolve()):
        raise UsageError(f"{args.output} lies in {args.folder}, whose clips it would add to; choose another place")
    from thespis.data.pieces import Limits
    from thespis.data.prepare import Preparing, prepare
    from thespis.data.prepare_report import write_report
    from thespis.data.sets import open_set

    limits = Limits(args.shortest, args.longest, args.face, args.turn, args.silence, args.offset, not args.several, args.silent)
    clips = open_set(args.set, args.folder, skip_missing=args.skip_missing)
    for told in prepare(clips, args.output, Preparing(args.size, limits), args.workers, args.ray):
        reasons = sorted({str(piece["reason"]) for piece in told["dropped"]})
        why = f", dropped {len(told['dropped'])} ({', '.join(reasons)})" if reasons else ""
        print(f"{told['name']}: kept {len(told['kept'])}{why}", flush=True)
    found = write_report(args.output)
    dropped = ", ".join(f"{reason} {each['pieces']}" for reason, each in found["dropped"].items())
    print(
        f"{args.output}: kept {found['kept']['pieces']} pieces, {found['kept']['seconds'] / 60:.1f} minutes, of {found['clips']} clips"
        + (f"; dropped: {dropped}" if dropped else "")
        + f"; see {args.output / 'report.html'}"
    )
    if not found["kept"]["pieces"]:
        raise MediaError(f"nothing was kept of {found['clips']} clips; {args.output / 'report.html'} shows why, and the options set limits")
    return 0
