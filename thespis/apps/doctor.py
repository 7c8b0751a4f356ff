"""Check this installation: Python, packages, networks, voices, weights, encoders, folders and speed."""

import importlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import asdict, dataclass
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import thespis
from thespis import recipes

MODULES = {"opencv-contrib-python": "cv2", "pillow": "PIL", "espeakng-loader": "espeakng_loader"}
ENCODERS = {"libx264": "mp4 and mov", "aac": "mp4 and mov", "libvpx-vp9": "webm", "libopus": "webm"}
NETWORKS = (
    "face_detection/face_detection_short_range.tflite",
    "face_detection/face_detection_full_range_sparse.tflite",
    "face_landmark/face_landmark_with_attention.tflite",
)
ENOUGH_SPEED = 60  # encoded frames of 512x512 a second


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `what` it is, whether it is `well`, and what to do (`advice`) where it is not.

    What is not `grave` is worth knowing, but nothing is broken: a machine that is busy at the moment.
    """

    what: str
    well: bool
    advice: str = ""
    grave: bool = True


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis doctor`."""
    parser.add_argument("--json", action="store_true", help="the findings as JSON")


def python() -> list[Finding]:
    """Look at the interpreter."""
    well = (3, 11) <= sys.version_info[:2] < (3, 13) and sys.maxsize > 2**32
    text = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return [Finding(text, well, "use a 64-bit Python 3.11 or 3.12: mediapipe 0.10.21 has no wheels for others")]


def wheels() -> list[Finding]:
    """Import every package of the base install."""
    found = []
    for line in requires("thespis") or []:
        if "extra ==" in line:
            continue
        name = re.match(r"[A-Za-z0-9._-]+", line)
        title = name.group() if name else line
        try:
            importlib.import_module(MODULES.get(title, title))
            held = version(title)
            exact = re.search(r"==([\d.]+)", line)
            wrong = exact is not None and held != exact.group(1)
            found.append(Finding(f"{title} {held}", not wrong, f"install {line}: pip install '{line}'"))
        except (ImportError, PackageNotFoundError, OSError) as error:
            found.append(Finding(f"{title}: {error}", False, f"install it again: pip install --force-reinstall '{line}'"))
    return found


def networks() -> list[Finding]:
    """Look for the face networks inside the wheel of mediapipe."""
    import mediapipe

    folder = Path(mediapipe.__file__).parent / "modules"
    absent = [name for name in NETWORKS if not (folder / name).is_file()]
    advice = "install the wheel that carries them: pip install --force-reinstall mediapipe==0.10.21"
    return [Finding(f"face networks{': absent ' + ', '.join(absent) if absent else ''}", not absent, advice)]


def voice() -> list[Finding]:
    """Let the built-in voice speak."""
    from thespis.speech.say import say, voices

    speech = say("All is well.")
    well = speech.seconds > 0.5 and bool(speech.phones)
    return [Finding(f"built-in voice, {len(voices())} languages and accents", well, "pip install --force-reinstall espeakng-loader")]


def weights() -> list[Finding]:
    """Check the files that the cards of all recipes name."""
    from thespis.errors import WeightsError
    from thespis.weights import find

    found = []
    for name in recipes.names():
        for weight in recipes.card(name).weights:
            try:
                find(weight)
                found.append(Finding(f"weights {weight.name} of recipe {name}", True))
            except WeightsError as error:
                found.append(Finding(f"weights {weight.name} of recipe {name}", False, str(error)))
    return found


def encoders() -> list[Finding]:
    """Look for the encoders inside the wheel of av."""
    from av.codec import codecs_available

    return [
        Finding(f"encoder {name} ({use})", name in codecs_available, "pip install --force-reinstall av") for name, use in ENCODERS.items()
    ]


def folders() -> list[Finding]:
    """Try to write where results, temporary files and compiled code go."""
    package = Path(thespis.__file__).parent
    cache = os.environ.get("NUMBA_CACHE_DIR")
    places = {"the current folder": Path.cwd(), "the folder for temporary files": Path(tempfile.gettempdir())}
    found = [
        Finding(f"{title} {place} can be written", os.access(place, os.W_OK), f"choose another folder or mend the permissions of {place}")
        for title, place in places.items()
    ]
    kept = os.access(Path(cache) if cache else package, os.W_OK)
    advice = "set NUMBA_CACHE_DIR to a folder of your own; until then every start compiles for some seconds"
    return [*found, Finding("compiled code is kept between runs", kept or os.access(Path.home(), os.W_OK), advice)]


def speed() -> list[Finding]:
    """Encode two seconds of pictures."""
    import numpy as np

    from thespis.export.video import VideoWriter
    from thespis.types import Frames

    ramp = np.arange(512, dtype=np.uint16)
    image = ((ramp[:, None, None] + ramp[None, :, None] // 2 + np.array([0, 40, 80])) % 256).astype(np.uint8)
    images = np.stack([np.roll(image, shift, axis=1) for shift in range(50)])
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        with VideoWriter(Path(folder) / "speed.mp4", Fraction(25), (512, 512)) as writer:
            writer.frames(Frames(images, Fraction(25)))
        rate = len(images) / (time.perf_counter() - begun)
    advice = "this machine, or what else it does, is slow; use --size 256, or wait a little longer (thespis bench tells more)"
    return [Finding(f"writes {rate:.0f} frames of 512x512 a second", rate >= ENOUGH_SPEED, advice, grave=False)]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (python, wheels, networks, voice, weights, encoders, folders, speed)


def look(check: Callable[[], list[Finding]]) -> list[Finding]:
    """Do one check; an error in it is itself a finding."""
    try:
        return check()
    except Exception as error:
        about = " ".join(f"{type(error).__name__}: {error}".split())
        return [Finding(f"{check.__name__}: {about}", False, "mend what stands above, or install thespis into a fresh virtual environment")]


def main(args: Namespace) -> int:
    """Print every finding; the exit code is 1 when something is wrong."""
    found = [finding for check in CHECKS for finding in look(check)]
    wrong = [finding for finding in found if finding.grave and not finding.well]
    if args.json:
        print(json.dumps({"well": not wrong, "findings": [asdict(finding) for finding in found]}))
        return int(bool(wrong))
    for finding in found:
        print(f"{'ok  ' if finding.well else 'BAD ' if finding.grave else 'note'} {finding.what}")
        if not finding.well:
            print(f"     what to do: {finding.advice}")
    print("all is well" if not wrong else f"{len(wrong)} of {len(found)} things need your help")
    return int(bool(wrong))
