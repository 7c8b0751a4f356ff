"""Draw a portrait that performs a take: any performance on any face.

thespis render performance.take photo.jpg -o out.mp4
thespis render performance.take photo.jpg --strength 1.3 --size 1920x1080 --fps 30 -o out.mp4
"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import thespis
from thespis.apps.run import counting
from thespis.errors import MediaError, ThespisError
from thespis.export.output import check_output

if TYPE_CHECKING:
    from thespis.apps.progress import Progress
    from thespis.apps.render import Made
    from thespis.export.output import Output
    from thespis.export.take import Take
    from thespis.stages import Stage
    from thespis.types import Direction, Portrait, Space, Speech


def strength(text: str) -> float:
    """Read how strongly the performance is given."""
    try:
        value = float(text.rstrip("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise ArgumentTypeError(f"a strength goes from 0 to 2 (or 0% to 200%), not {text!r}")
    return value


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis render`."""
    parser.add_argument("take", metavar="TAKE", help="a performance: thespis run --take-out, thespis track or thespis import makes one")
    parser.add_argument("portrait", metavar="PORTRAIT", help="a photo, painting or drawing of a face")
    parser.add_argument("--strength", type=strength, default=1.0, metavar="1.0", help="0 to 2: how strongly; blinks and gaze stay")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose renderer draws")
    parser.add_argument("--fps", help="frames a second (those of the take)")
    parser.add_argument("--size", help="pixels: 512 or 1920x1080 (what the take was made with)")
    parser.add_argument("--crop", help="head, picture or original (what the take was made with)")
    parser.add_argument("--background", help="a colour, a picture file or transparent, behind the person")
    parser.add_argument("--others", help="alive: the other people of the picture live, at its own size (still)")
    parser.add_argument("--landmarks", type=Path, metavar="FILE.json", help="where the face is: thespis landmarks makes such a file")
    parser.add_argument("--face", type=counting, metavar="N", help="which of several faces, counted from the left")
    parser.add_argument("--silent", action="store_true", help="leave the sound out")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", required=True, metavar="OUT", help=".mp4 .mov .webm, frames/ or frames/%%05d.png")


def wish(take: "Take", *, fps: str | None = None, size: str | None = None, crop: str | None = None, **further: str | None) -> "Direction":
    """Make the direction of the drawing: what is given here, else what the take was made with."""
    from thespis.direction.parse import direct
    from thespis.types import Direction

    asked = dict(take.heading.direction)
    made_with = asked.get("size")
    if size is None and isinstance(made_with, list) and len(made_with) == 2:
        size = "x".join(str(side) for side in made_with)
    if crop is None and isinstance(asked.get("crop"), str):
        crop = asked["crop"]
    if crop == "original" and size == "x".join(str(side) for side in made_with or ()):
        size = None
    given = {name: value for name, value in (("fps", fps), ("size", size), ("crop", crop), *further.items()) if value is not None}
    return direct(Direction(), **given)


def renderer(recipe: str, space: "Space") -> "Stage":
    """Find the stages of a recipe that draw frames from this Space."""
    from thespis import recipes
    from thespis.stages import Chain
    from thespis.types import FRAMES

    stages = recipes.load(recipe).stages
    for number, stage in enumerate(stages):
        if stage.takes == space and stages[-1].gives == FRAMES:
            return Chain(*stages[number:])
    raise ThespisError(f"the recipe {recipe!r} cannot draw from {space}; choose a take in another Space or another recipe (thespis list)")


def draw(take: "Take", portrait: "Portrait", output: "Output", shown: "Progress", options: Namespace) -> "Made":
    """Draw and write a take; memory does not grow with the pictures."""
    from thespis.apps.render import Made
    from thespis.capture.faces import quiet
    from thespis.export.video import VideoWriter
    from thespis.motion.spaces.rig import RIG
    from thespis.motion.take_edit import from_the_start, resample, stronger
    from thespis.types import frame_count

    direction = wish(take, fps=options.fps, size=options.size, crop=options.crop, background=options.background, others=options.others)
    performance = take.face() if take.heading.tracks[take.names[0]].space == RIG else take.track()
    stage = renderer(options.recipe, performance.space)
    fps = direction.fps or performance.fps
    sound: Iterator[Speech] = iter(()) if options.silent else take.blocks()
    first = next(sound, None)
    rows = None
    speech = take.heading.speech
    if speech is not None and speech.sha256:
        # As long as the sound, but for motion that goes on after it.
        rows = frame_count(speech.samples, speech.rate, fps)
        rows = rows if performance.stop / performance.fps - rows / fps <= 1 / performance.fps else None
    motion = stronger(resample(from_the_start(performance), fps, rows), options.strength)
    if not len(motion):
        raise MediaError(f"{take.path} is shorter than one frame; there is nothing to show")
    with quiet():
        state: Any = stage.start(portrait, direction)
    shown.start(len(motion), {"output": str(options.output), "take": str(take.path), "recipe": options.recipe})
    blocks = iter(()) if first is None else chain((first,), sound)
    audio = (None, 1) if first is None else (first.rate, len(first.samples))
    first_frame, writer = 0.0, None
    comment = f"recipe {options.recipe}, thespis {thespis.__version__}"
    step = max(int(fps), 1)
    with ExitStack() as stack:
        for begin in range(0, len(motion), step):
            frames = stage.step(state, motion.cut(begin, begin + step), begin + step >= len(motion))
            if len(frames) and writer is None:
                size = (frames.images.shape[2], frames.images.shape[1])
                first_frame = time.time()
                about: dict[str, Any] = {"title": "Thespis", "comment": comment, "see_through": frames.images.shape[3] == 4}
                writer = stack.enter_context(VideoWriter(output, fps, size, *audio, **about))
            if writer is None:
                continue
            # Sound goes first, so that the encoder can interleave the two at once.
            while (block := next(blocks, None)) is not None:
                writer.speech(block)
                if block.stop >= (begin + step) * block.rate / fps:
                    break
            writer.frames(frames)
            shown.advance(len(frames))
        if writer is None:
            raise MediaError(f"the recipe {options.recipe!r} drew nothing for {take.path}")
        for block in blocks:
            writer.speech(block)
    return Made(writer.written, writer.size, writer.fps, float(Fraction(writer.written) / writer.fps), first_frame)


def main(args: Namespace) -> int:
    """Check everything, then draw."""
    begun = time.monotonic()
    output = check_output(args.output, (args.take, args.portrait, args.landmarks, args.background))
    from thespis.apps.progress import progress
    from thespis.export.take import open_take

    take = open_take(args.take)
    with progress(args.json) as shown:
        from thespis.apps.render import digest
        from thespis.capture.portrait import read_portrait

        made = draw(take, read_portrait(args.portrait, args.face, args.landmarks), output, shown, args)
        facts = {"frames": made.frames, "size": list(made.size), "fps": round(float(made.fps), 3), "seconds": made.seconds}
        took = round(time.monotonic() - begun, 2)
        shown.done({"path": str(args.output), **facts, "strength": args.strength, "sha256": digest(output), "took": took})
    return 0
