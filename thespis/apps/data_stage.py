"""Make clips of made-up people who speak and feel, with everything about them known: phones, motion, masks, depth, emotion.

thespis data stage --seed 0 --clips 100 -o stage/
thespis data stage --clips 20 --size 128 --regime plain --split test -o unseen/
thespis data stage --people 30 --sheet people.png
thespis data stage --speed --clips 20 --size 128
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis.errors import UsageError
from thespis.export.output import check_writable


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis data stage`."""
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER", help="where the shards go; a run that was broken off goes on")
    parser.add_argument("--sheet", type=Path, metavar="FILE.png", help="also draw people of the corpus on one page")
    parser.add_argument("--people", type=int, default=30, metavar="N", help="how many people the page shows (30)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="everything follows from it (0)")
    parser.add_argument("--clips", type=int, default=100, metavar="N", help="how many clips (100)")
    parser.add_argument("--seconds", type=float, default=4.0, metavar="S", help="how long each clip is (4)")
    parser.add_argument("--fps", type=int, default=25, metavar="N", help="frames a second (25)")
    parser.add_argument("--split", default="train", metavar="NAME", help="train, validation or test: other people, throats and sentences")
    parser.add_argument("--regime", default="emotional", metavar="NAME", help="emotional (few people, labels) or plain (many people, none)")
    parser.add_argument("--size", type=int, metavar="PIXELS", help="also draw frames of this size, 64 to 1024, with masks and depth")
    parser.add_argument("--views", type=int, default=1, metavar="N", help="how many cameras (1)")
    parser.add_argument("--dialogues", action="store_true", help="every two clips are one talk of two people")
    parser.add_argument("--language", action="append", default=[], metavar="CODE", help="only these languages, such as en-us")
    parser.add_argument(
        "--actor", type=Path, action="append", default=[], metavar="PHOTO", help="photographs that act instead of made-up people"
    )
    parser.add_argument("--speed", action="store_true", help="only measure how fast this machine makes such clips; nothing is written")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes at work (2)")


def main(args: Namespace) -> int:
    """Make the shards, the page or both."""
    if args.output is None and args.sheet is None and not args.speed:
        raise UsageError("give -o FOLDER for the clips or --sheet FILE.png for a page of people (see thespis data stage --help)")
    if args.people < 1 or args.workers < 1:
        raise UsageError("--people and --workers need at least 1")
    if args.actor and args.size is None:
        raise UsageError("--actor needs --size PIXELS, since only frames show who acts")
    if args.sheet is not None:
        if args.sheet.suffix.lower() != ".png":
            raise UsageError(f"a page of people is a .png picture, not {args.sheet.name!r}")
        check_writable(args.sheet, args.actor)
    from thespis.data.sentences import LANGUAGES
    from thespis.data.shards import write_shards
    from thespis.data.stage import Stage, StageSettings

    settings = StageSettings(
        args.seed, args.clips, args.seconds, args.fps, args.split, args.regime, args.size, args.views, args.dialogues,
        tuple(args.language) or LANGUAGES,
    )  # fmt: skip
    if args.speed:
        if args.actor:
            raise UsageError("--speed measures made-up people; leave --actor out")
        from thespis.data.stage_speed import measure

        found = measure(settings, args.workers)
        drawn = f", {found.frames / found.seconds:.0f} frames of {args.size} pixels a second" if found.frames else ""
        told = f"{found.clips} clips of {settings.seconds:g} s in {found.seconds:.1f} s{drawn}"
        print(f"{told} ({settings.regime}, {found.workers} {'process' if found.workers == 1 else 'processes'})")
    if args.output is not None:
        from thespis.capture.portrait import read_portrait

        own = Stage(settings, [read_portrait(path) for path in args.actor]) if args.actor else None
        done = 0
        for count in write_shards(settings, args.output, args.workers, own):
            done += count
            print(f"{done} clips", flush=True)
        print(f"{args.output}: {settings.clips} clips of {settings.seconds:g} s")
    if args.sheet is not None:
        from thespis.apps.render import write_picture
        from thespis.data.sheet import people_sheet

        write_picture(people_sheet(args.seed, args.people, args.size or 192), args.sheet)
        print(f"{args.sheet}: {args.people} people")
    return 0
