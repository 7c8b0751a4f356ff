"""Make a video of the astronaut photograph that scikit-image carries, and a contact sheet: one command to see that all is well.

The photograph and a recording stay beside them as photo.jpg and speech.wav, to try the other commands with.

The photograph is in the public domain (NASA); scikit-image is in the extra `demo`: pip install thespis[demo].
"""

import time
from argparse import ArgumentParser, Namespace
from importlib.util import find_spec
from pathlib import Path

from thespis.errors import MissingExtraError
from thespis.export.output import check_output, write_error

SCRIPT = (
    "[happy 0.9] Hello! I was a photograph until just now, and it feels wonderful. "
    "[sad 0.9] But soon this video ends, and I shall be still again."
)
RECORDING = "This recording is for trying things out. Put any voice of your own in its place."
FULL_SCALE = 32767  # of 16 bits


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis demo`."""
    parser.add_argument("--size", default="512", help="pixels: 512 or 640x360")
    parser.add_argument("--json", action="store_true", help="tell what happens as one JSON event a line")
    parser.add_argument("-o", "--output", default="thespis_demo.mp4", metavar="OUT.mp4", help="the video; the sheet goes beside it")


def astronaut() -> Path:
    """Find the photograph inside an installed scikit-image, without importing it."""
    found = find_spec("skimage")
    path = None if found is None or found.origin is None else Path(found.origin).parent / "data" / "astronaut.png"
    if path is None or not path.is_file():
        raise MissingExtraError(
            "the demo photograph comes with scikit-image, which is not installed: pip install scikit-image, "
            'or use a picture of your own: thespis run photo.jpg --say "Hello." -o out.mp4'
        )
    return path


def leave_material(folder: Path, picture: Path) -> list[Path]:
    """Put photo.jpg and speech.wav into a folder, for the commands of the documents; what is there under these names stays."""
    import wave

    from PIL import Image

    from thespis.speech.say import say

    photo, recording = folder / "photo.jpg", folder / "speech.wav"
    left = [path for path in (photo, recording) if not path.exists()]
    try:
        if photo in left:
            with Image.open(picture) as read:
                read.convert("RGB").save(photo, quality=95)
        if recording in left:
            speech = say(RECORDING)
            with wave.open(str(recording), "wb") as file:
                file.setparams((1, 2, speech.rate, 0, "NONE", ""))
                file.writeframes((speech.samples[0] * FULL_SCALE).astype("<i2").tobytes())
    except OSError as error:
        raise write_error(error, folder) from error
    return left


def main(args: Namespace) -> int:
    """Make the video and its sheet, and say where they are."""
    begun = time.monotonic()
    picture = astronaut()
    output = check_output(args.output)
    from thespis.apps.progress import progress
    from thespis.apps.render import digest, prepare, render
    from thespis.apps.sheet import contact_sheet
    from thespis.types import frame_count

    with progress(args.json) as shown:
        job = prepare(picture, script=SCRIPT, wishes={"size": args.size})
        shown.start(frame_count(round((job.seconds or 0) * job.rate), job.rate, job.fps), {"output": str(output.path)})
        made = render(job, output, shown)
        sheet = output.path.with_name(f"{output.path.stem}_sheet.png")
        contact_sheet(output.path, job.direction, sheet)
        facts = {"frames": made.frames, "size": list(made.size), "fps": float(made.fps), "seconds": made.seconds}
        took = round(time.monotonic() - begun, 2)
        shown.done({"path": str(output.path), "sheet": str(sheet), **facts, "took": took, "sha256": digest(output)})
        left = leave_material(output.path.parent, picture)
        if not args.json:
            print(f"wrote {sheet}: look at it, or play the video")
        if left and not args.json:
            print(f"wrote {' and '.join(map(str, left))}: to try the other commands with")
    return 0
