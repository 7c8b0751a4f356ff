"""Draw the picture of the README: the astronaut photograph with each of the eight emotions, and some frames of it speaking."""

from pathlib import Path

import numpy as np
from PIL import Image

import thespis
from thespis.apps.demo import SCRIPT, astronaut
from thespis.apps.sheet import TINTS, draw_sheet, feeling
from thespis.apps.text import clock
from thespis.direction.perform import perform
from thespis.types import EMOTION, Bytes, Speech

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "demo.jpg"
COLUMNS, SIDE, STRENGTH = 8, 168, 0.9
LEFT, TOP, WIDTH = 118, 96, 272  # the face within a 512x512 frame


def emotions(talker: thespis.Talker, portrait: thespis.Portrait) -> list[Bytes]:
    """Draw one frame of each emotion, after a second and a half of silence."""
    quiet = Speech(np.zeros((1, 32_000), np.float32), 16_000)
    frames = []
    for name in EMOTION.names:
        made = talker(quiet, portrait, thespis.direct({"emotion": {name: STRENGTH}, "blink": 0, "gaze": "camera", "head": "still"})).frames
        if made is None:
            raise SystemExit("the default recipe draws nothing")
        frames.append(made.images[38])
    return frames


def close(image: Bytes) -> Bytes:
    """Cut the face out of a frame."""
    return np.ascontiguousarray(image[TOP : TOP + WIDTH, LEFT : LEFT + WIDTH])


def main() -> None:
    """Draw both rows and write them."""
    talker, portrait = thespis.load(), thespis.portrait(astronaut())
    felt = emotions(talker, portrait)
    speech, direction = perform(SCRIPT, base=thespis.direct(blink=6))
    made = talker(speech, portrait, direction).frames
    if made is None:
        raise SystemExit("the default recipe draws nothing")
    at = [int((k + 0.35) * len(made) / COLUMNS) for k in range(COLUMNS)]
    names = [feeling(direction, float(k / made.fps))[0] for k in at]
    sheet = draw_sheet(
        [close(image) for image in [*felt, *(made.images[k] for k in at)]],
        [*EMOTION.names, *(f"{clock(float(k / made.fps))}  {name}" for k, name in zip(at, names, strict=True))],
        [TINTS[name] for name in [*EMOTION.names, *names]],
        "",
        columns=COLUMNS,
        side=SIDE,
    )
    Image.fromarray(sheet).save(OUT, quality=90)
    print(f"wrote {OUT}")


if __name__ == "__main__":
    main()
