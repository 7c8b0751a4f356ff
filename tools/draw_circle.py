"""Draw the picture of the two dials of feeling: valence and arousal, and eyes that feel something else than the mouth."""

from pathlib import Path

import numpy as np
from PIL import Image

import thespis
from thespis.apps.demo import astronaut
from thespis.apps.sheet import draw_sheet
from thespis.types import Bytes, Direction, Speech

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures"
LEFT, TOP, WIDTH = 118, 96, 272  # the face within a 512x512 frame
STEPS = (-1.0, -0.5, 0.0, 0.5, 1.0)
PARTS = (("sad", "happy=0.8"), ("surprised", "sad=0.8"), ("angry", "happy"), ("happy", "angry"))
TEAL = (72, 190, 184)


def faces(wishes: list[Direction]) -> list[Bytes]:
    """Draw one frame for each wish, after a second and a half of silence."""
    talker, portrait = thespis.load(), thespis.portrait(astronaut())
    quiet = Speech(np.zeros((1, 32_000), np.float32), 16_000)
    made = []
    for wish in wishes:
        frames = talker(quiet, portrait, wish).frames
        if frames is None:
            raise SystemExit("the default recipe draws nothing")
        made.append(np.ascontiguousarray(frames.images[38, TOP : TOP + WIDTH, LEFT : LEFT + WIDTH]))
    return made


def main() -> None:
    """Draw both pictures and write them."""
    still = {"blink": 0, "gaze": "camera", "head": "still"}
    points = [(valence, arousal) for arousal in reversed(STEPS) for valence in STEPS]
    circle = faces([thespis.direct({"emotion": {"valence": x, "arousal": y}, **still}) for x, y in points])
    labels = [f"valence {x:+.1f}   arousal {y:+.1f}" for x, y in points]
    Image.fromarray(draw_sheet(circle, labels, [TEAL] * len(points), "", len(STEPS), 200)).save(OUT / "circle.jpg", quality=86)
    parts = faces([thespis.direct({"eyes": eyes, "mouth": mouth, **still}) for eyes, mouth in PARTS])
    labels = [f"eyes {eyes}, mouth {mouth}" for eyes, mouth in PARTS]
    Image.fromarray(draw_sheet(parts, labels, [TEAL] * len(parts), "", len(parts), 250)).save(OUT / "parts.jpg", quality=86)


if __name__ == "__main__":
    main()
