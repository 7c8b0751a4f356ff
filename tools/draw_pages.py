"""Draw the pictures of docs/any_picture.md and docs/dubbing.md with the commands that the pages show, from the astronaut photograph."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

import thespis
from thespis.apps.cli import main as thespis_command
from thespis.apps.demo import astronaut
from thespis.apps.landmarks import mesh_on
from thespis.apps.sheet import draw_sheet, pick
from thespis.apps.text import clock
from thespis.capture.faces import find_faces
from thespis.types import Bytes, Speech

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures"
SIDE = 340
SQUARE = (104, 0, 236)  # left, top and side of the photograph's part in which the face is placed by hand
SHOWN, SAMPLES = 38, 32_000  # the frame that is shown, and the samples of two seconds
SAID, DUBBED = "We are ready to go up there, all of us!", "Look at all of that, are we that far away?"
FACE = (48, 40, 290)  # left, top and side of a film's part that shows the face, of 384 pixels
COLUMNS, GREY, TEAL = 6, (140, 150, 160), (72, 190, 184)


def held(**wish: object) -> Bytes:
    """Draw one frame of the astronaut in silence under a direction -> (height, width, 3 or 4)."""
    still = {"blink": 0, "gaze": "camera", "head": "still"}
    quiet = Speech(np.zeros((1, SAMPLES), np.float32), 16_000)
    frames = thespis.load()(quiet, thespis.portrait(astronaut()), thespis.direct({**still, **wish})).frames
    if frames is None:
        raise SystemExit("the default recipe draws nothing")
    return np.asarray(frames.images[SHOWN], np.uint8)


def chequered(image: Bytes) -> Bytes:
    """Lay a picture (height, width, 4) with alpha over a chequer -> (height, width, 3)."""
    y, x = np.indices(image.shape[:2]) // 24
    ground = np.where((x + y) % 2, 226, 255)[..., None]
    share = image[..., 3:] / 255.0
    return np.asarray(np.round(image[..., :3] * share + ground * (1 - share)), np.uint8)


def small(image: Bytes) -> Bytes:
    """Shrink a square picture to its place on the page."""
    return np.asarray(cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def draw_any_picture() -> None:
    """Draw the whole picture, two other backgrounds, and the mesh of a face."""
    photograph = np.asarray(Image.open(astronaut()).convert("RGB"))
    left, top, side = SQUARE
    placed = mesh_on(photograph, find_faces(photograph)[0].points)[top : top + side, left : left + side]
    pictures = [
        held(emotion={"surprised": 0.9}, crop="original"),
        held(emotion={"happy": 0.9}, background="#2a8050"),
        chequered(held(emotion={"surprised": 0.9}, background="transparent")),
        np.ascontiguousarray(placed),
    ]
    Image.fromarray(np.hstack([small(picture) for picture in pictures])).save(OUT / "any_picture.jpg", quality=90)


def draw_dubbing() -> None:
    """Make a film, dub it, and set frames of both below each other."""
    with TemporaryDirectory() as folder:
        film, dubbed = Path(folder) / "film.mp4", Path(folder) / "dubbed.mp4"
        for command in (
            ["run", str(astronaut()), "--say", SAID, "--size", "384", "-o", str(film)],
            ["dub", str(film), "--say", DUBBED, "-o", str(dubbed)],
        ):
            if thespis_command(command):
                sys.exit(f"thespis {' '.join(command)} failed")
        images, labels = [], []
        left, top, side = FACE
        for path, name in ((film, "as filmed"), (dubbed, "dubbed")):
            shown, times = pick(path, COLUMNS + 1)
            images += [np.ascontiguousarray(image[top : top + side, left : left + side]) for image in shown[:COLUMNS]]
            labels += [f"{clock(second)} {name}" for second in times[:COLUMNS]]
    sheet = draw_sheet(images, labels, [GREY] * COLUMNS + [TEAL] * COLUMNS, "", COLUMNS, 240)
    Image.fromarray(sheet).save(OUT / "dubbing.jpg", quality=88)


def main() -> None:
    """Draw and write both pictures."""
    draw_any_picture()
    draw_dubbing()
    print(f"wrote {OUT / 'any_picture.jpg'} and {OUT / 'dubbing.jpg'}")


if __name__ == "__main__":
    main()
