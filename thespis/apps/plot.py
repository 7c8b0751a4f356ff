"""Draw a take as a picture: its curves under a filmstrip, with the sound, the words and the emotion that was asked for.

thespis plot performance.take -o curves.png
thespis plot performance.take photo.jpg -o curves.png     with frames of the portrait that performs it
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from thespis.apps.run import counting
from thespis.errors import MediaError, UsageError

if TYPE_CHECKING:
    from thespis.export.take import Take
    from thespis.types import Array, Bytes, Portrait, Track

PICTURES, SIDE = 10, 264
LEAST_WIDTH, MOST_WIDTH = 600, 8000


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis plot`."""
    parser.add_argument("take", metavar="TAKE", help="a performance: thespis run --take-out, thespis track or thespis import makes one")
    parser.add_argument("portrait", metavar="PORTRAIT", nargs="?", help="who performs it in the filmstrip (without: curves alone)")
    parser.add_argument("--recipe", default="thespis", metavar="NAME", help="the recipe whose renderer draws")
    parser.add_argument("--landmarks", type=Path, metavar="FILE.json", help="where the face is: thespis landmarks makes such a file")
    parser.add_argument("--face", type=counting, metavar="N", help="which of several faces, counted from the left")
    parser.add_argument("--width", type=int, default=1600, metavar="1600", help=f"pixels, {LEAST_WIDTH} to {MOST_WIDTH}")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT.png")


def filmstrip(track: "Track", portrait: "Portrait", recipe: str) -> dict[float, "Bytes"]:
    """Draw the portrait at times spread over a performance from row 0 on -> pictures by their seconds."""
    import numpy as np

    from thespis.apps.render_take import renderer
    from thespis.capture.faces import quiet
    from thespis.types import Direction, Track

    stage = renderer(recipe, track.space)
    with quiet():
        state = stage.start(portrait, Direction(size=(SIDE, SIDE)))
    wanted = [int((number + 0.5) * len(track) / PICTURES) for number in range(min(PICTURES, len(track)))]
    frames = stage.step(state, Track(track.space, np.ascontiguousarray(track.values[wanted]), track.fps), True)
    return {float(row / track.fps): image for row, image in zip(wanted, frames.images, strict=True)}


def loudness(take: "Take") -> "Array":
    """Measure how loud the sound is, a hundred times a second, from 0 to 1 (n,); empty where it is not at hand."""
    import numpy as np

    found: list[float] = []
    for block in take.blocks():
        pieces = np.array_split(block.mono(), max(round(len(block) * 100 / block.rate), 1))
        found += [float(np.sqrt(np.mean(np.square(piece)))) if len(piece) else 0.0 for piece in pieces]
    loud = np.asarray(found, np.float32)
    return np.asarray(np.clip(loud / max(float(np.percentile(loud, 99)), 1e-3), 0, 1), np.float32) if len(loud) else loud


def main(args: Namespace) -> int:
    """Check everything, then draw."""
    if args.output.suffix.lower() != ".png":
        raise MediaError(f"a plot is a .png picture, not {args.output.name!r}")
    if not LEAST_WIDTH <= args.width <= MOST_WIDTH:
        raise UsageError(f"--width goes from {LEAST_WIDTH} to {MOST_WIDTH} pixels, not {args.width}")
    from thespis.export.output import check_writable
    from thespis.export.take import open_take

    check_writable(args.output, (args.take, args.portrait, args.landmarks))
    take = open_take(args.take)
    from thespis.apps.plot_sheet import asked_emotion, draw_take
    from thespis.apps.render import write_picture
    from thespis.apps.text import clock
    from thespis.motion.take_edit import from_the_start

    track = from_the_start(take.track())
    if not len(track):
        raise MediaError(f"{take.path} is empty; there is nothing to plot")
    film = {}
    if args.portrait is not None:
        from thespis.capture.portrait import read_portrait

        film = filmstrip(track, read_portrait(args.portrait, args.face, args.landmarks), args.recipe)
    heading = take.heading
    words = heading.speech.words or () if heading.speech is not None else ()
    title = f"{take.path.name}   {clock(float(len(track) / track.fps))} at {float(track.fps):g} a second   {heading.recipe}".rstrip()
    asked = asked_emotion(heading.direction.get("emotion"))
    picture = draw_take(track, title, film, loudness(take), words, asked, args.width)
    write_picture(picture, args.output)
    print(f"wrote {args.output}: {picture.shape[1]}x{picture.shape[0]}")
    return 0
