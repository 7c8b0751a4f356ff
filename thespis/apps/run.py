"""Make a portrait speak and feel.

thespis run photo.jpg speech.wav -o out.mp4
thespis run photo.jpg --say "[happy] I found it! [sad 0.6] Oh. It is broken." -o out.mp4
thespis run photo.jpg speech.wav --emotion happy=0.8 --set gaze=camera --set head=still -o out.mp4
"""

import json
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MediaError, UsageError
from thespis.export.output import Output, check_output, check_writable, write_text

if TYPE_CHECKING:
    from thespis.apps.render import Job
    from thespis.talker import Talker

SHORTHANDS = ("emotion", "fps", "size", "seed", "crop", "background", "others")


def counting(text: str) -> int:
    """Read a face's number, counted from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"faces are counted 1, 2, 3 from the left, not {text!r}")
    return int(text)


def wishing(parser: ArgumentParser) -> None:
    """Declare who, what is said and how: the options that `thespis run` and `thespis submit` share."""
    parser.add_argument("portrait", metavar="PORTRAIT", help="a photo, painting or drawing of a face")
    parser.add_argument("audio", metavar="AUDIO", nargs="?", help="a recording, or a video with sound")
    parser.add_argument("--text", metavar="TEXT", help="what is said in AUDIO, or a text file that says so: exact lips, and subtitles")
    parser.add_argument("--language", default="en-us", help="the language of --text, as in thespis voices (en-us)")
    parser.add_argument("--say", metavar="TEXT", help="let the built-in voice say this; tags such as [sad 0.6] direct it")
    parser.add_argument("--say-file", metavar="FILE", help="the same from a text file (- reads the standard input)")
    parser.add_argument("--voice", default="en-us", help="a voice of thespis voices (en-us), or another engine: docs/voice.md")
    parser.add_argument(
        "--emotion", metavar="NAME=0.8", help="neutral angry contempt disgusted fear happy sad surprised, 0 to 1.5; auto; like=FILE"
    )
    parser.add_argument("--direct", metavar="FILE.toml", type=Path, help="a direction with keyframes over time (docs/direction.md)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="a recipe of thespis list, or a file.py of your own")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="settings", help="any other wish, by name")
    parser.add_argument("--fps", help="frames a second, such as 25, 29.97 or 30")
    parser.add_argument("--size", help="pixels: 512 or 1920x1080")
    parser.add_argument("--seed", help="another number gives other blinks and head movements")
    parser.add_argument("--face", type=counting, metavar="N", help="which of several faces, counted from the left")
    parser.add_argument("--crop", help="head (as it comes), picture, or original: its own size, what does not move untouched")
    parser.add_argument("--background", help="a colour, a picture file or transparent (.webm, .mov, frames/), behind the person")
    parser.add_argument("--others", help="alive: the other people of the picture live, at its own size (still)")
    parser.add_argument("--preview", action="store_true", help="draw one trial picture (.png) of the strongest early moment, at once")
    parser.add_argument("--take-out", type=Path, metavar="FILE.take", help="also keep the performance, for other portraits and tools")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis run`."""
    wishing(parser)
    parser.add_argument("--renderer", metavar="NAME", help="draw with warp, or with liveportrait (thespis weights), instead of its own")
    parser.add_argument("--weights", type=Path, metavar="FOLDER", help="use what thespis train of this recipe wrote there, not what ships")
    parser.add_argument("--landmarks", type=Path, metavar="FILE.json", help="where the face is: thespis landmarks makes such a file")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="also write the last event to this file")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4 .mov .webm, frames/, or .take for the performance alone")


def wishes(args: Namespace) -> dict[str, Any]:
    """Collect the wishes of --set and of the options that stand for one."""
    from thespis.direction.parse import settings

    found: dict[str, Any] = dict(settings(args.settings))
    for name in SHORTHANDS:
        value = getattr(args, name)
        if value is not None:
            if name in found:
                raise UsageError(f"{name} is given twice: --{name} {value} and --set {name}={found[name]}; leave one out")
            found[name] = value
    return found


def script(args: Namespace) -> str | None:
    """Read what is to be said, if it is a text; exactly one source of speech must be given."""
    given = [name for name, value in (("AUDIO", args.audio), ("--say", args.say), ("--say-file", args.say_file)) if value is not None]
    if len(given) != 1:
        raise UsageError(
            "there is nothing to say: give a recording, --say TEXT or --say-file FILE"
            if not given
            else f"{' and '.join(given)} are given, but a portrait says one thing at a time; leave one out"
        )
    if args.text is not None and args.audio is None:
        raise UsageError("--text tells what is said in a recording, and no recording is given; let the built-in voice say it with --say")
    if args.say_file is None:
        return None if args.say is None else str(args.say)
    try:
        if args.say_file == "-":
            import sys

            return sys.stdin.read()
        return Path(args.say_file).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise MediaError(f"there is no text file {args.say_file}") from None
    except UnicodeDecodeError:
        raise MediaError(f"{args.say_file} is not a text file in UTF-8") from None
    except OSError as error:
        raise MediaError(f"cannot read {args.say_file}: {error.strerror}") from None


def output_of(args: Namespace) -> Output:
    """Check where the result and the report go, before anything is read."""
    inputs = (args.portrait, args.audio, args.direct, args.say_file, args.text, args.background, args.landmarks)
    if args.preview:
        path = Path(args.output)
        if path.suffix.lower() != ".png" or path.is_dir():
            raise UsageError(f"a preview is one picture: end its name in .png, not {path.name!r}")
        check_writable(path, inputs)
        output = Output(path.resolve())
    elif Path(args.output).suffix.lower() == ".take":
        check_writable(Path(args.output), inputs)
        output = Output(Path(args.output).resolve())
    else:
        output = check_output(args.output, inputs)
    if args.take_out is not None:
        if args.preview or output.path.suffix.lower() == ".take":
            raise UsageError(f"{args.output} is no video to keep a take beside; leave --take-out out")
        if args.take_out.suffix.lower() != ".take" or args.take_out.is_dir():
            raise MediaError(f"a take's name ends in .take, not {args.take_out.name!r}")
        check_writable(args.take_out, inputs)
    if args.report is not None:
        check_writable(args.report, inputs)
        if args.report.resolve() in {output.path, args.take_out and args.take_out.resolve()}:
            raise MediaError(f"the report {args.report} is also the output; choose another name")
    return output


def built(args: Namespace) -> "Talker | None":
    """Build a recipe with another renderer or weights of the user's, before anything is read; None where neither is asked for."""
    if args.renderer is None and args.weights is None:
        return None
    from thespis import recipes

    return recipes.load(args.recipe, renderer=args.renderer, weights=args.weights)


def main(args: Namespace) -> int:
    """Check everything, then make it."""
    begun, began = time.monotonic(), time.time()
    output = output_of(args)
    text = script(args)
    from thespis.apps.progress import progress

    with progress(args.json) as shown:
        from thespis.apps.align import text_of
        from thespis.apps.render import asked, digest, peak_memory, perform, prepare, render, take_of, trial, versions, write_picture
        from thespis.types import frame_count

        talker = built(args)
        job: Job = prepare(
            args.portrait,
            audio=args.audio,
            script=text,
            voice=args.voice,
            recipe=args.recipe,
            face=args.face,
            landmarks=args.landmarks,
            wishes=wishes(args),
            directed=args.direct,
            text=None if args.text is None else text_of(args.text),
            language=args.language,
        )
        total = None if job.seconds is None else frame_count(round(job.seconds * job.rate), job.rate, job.fps)
        if args.renderer is not None:
            job.about["renderer"] = args.renderer
        if talker is not None and talker.brought:
            job.about["weights"] = dict(talker.brought)
        facts: dict[str, Any] = {"settings": job.about | {"direction": asked(job.direction)}, "versions": versions()}
        shown.start(1 if args.preview else total, {"output": str(args.output), **facts})
        if args.preview:
            image = trial(job, talker)
            write_picture(image, output.path)
            made: dict[str, Any] = {"path": str(args.output), "size": [image.shape[1], image.shape[0]]}
        elif output.path.suffix.lower() == ".take":
            rows, seconds = perform(job, take_of(job, output.path), shown, talker)
            made = {"path": str(args.output), "rows": rows, "fps": round(float(job.fps), 3), "seconds": seconds}
        else:
            take = None if args.take_out is None else take_of(job, args.take_out)
            result = render(job, output, shown, talker, take=take)
            made = {
                "path": str(args.output),
                "frames": result.frames,
                "size": list(result.size),
                "fps": round(float(result.fps), 3),
                "seconds": result.seconds,
                "seconds_of_video": float(result.frames / result.fps),
                "run": {
                    "frames_a_second": round(result.frames / (time.time() - began), 2),
                    "first_frame_s": round(result.first_frame - began, 3),
                    "peak_memory_mb": peak_memory(),
                },
            }
            if take is not None:
                made["take"] = str(args.take_out)
        facts = made | {"sha256": digest(output), "took": round(time.monotonic() - begun, 2)} | facts
        if args.report is not None:
            write_text(args.report, json.dumps(facts, indent=1) + "\n")
        shown.done(facts)
    return 0
