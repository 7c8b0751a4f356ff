"""Draw the made-up portraits that the studio offers: people of the made-up stage at rest, in light and places of their own."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.motion.spaces.face import FACE
from thespis.types import Track

OUT = Path(__file__).resolve().parent.parent / "thespis" / "apps" / "studio" / "faces"
PEOPLE = {"Ana": 0, "Rufus": 27, "Ines": 6, "Kofi": 33, "Mila": 24, "Dara": 28, "Joel": 18, "Omar": 41}
"""Invented names, and the number of the person on the stage of seed 0."""
PLACES = ("window", "studio", "garden", "room", "shelf", "studio", "street", "room")
SIDE, WIDE = 640, 5.3
REST = {
    "mouthSmileLeft": 0.16,
    "mouthSmileRight": 0.16,
    "mouthClose": 0.06,
    "mouthPressLeft": 0.1,
    "mouthPressRight": 0.1,
    "eyeWideLeft": 0.15,
    "eyeWideRight": 0.15,
}


def main() -> None:
    """Draw every person and write the pictures."""
    OUT.mkdir(parents=True, exist_ok=True)
    for (name, number), place in zip(PEOPLE.items(), PLACES, strict=True):
        row = np.zeros((1, FACE.size), np.float32)
        for channel, amount in REST.items():
            row[0, FACE.column(channel)] = amount
        filmed = replace(setting(0, number), place=place, turn=2.0, nod=1.0, distance=15.0, wide=WIDE, middle=(0.0, 0.5))
        image = Actor(look(0, number)).film(Track(FACE, row, Fraction(25)), filmed, SIDE).frames.images[0]
        path = OUT / f"{name.lower()}.jpg"
        Image.fromarray(image).save(path, quality=88)
        print(f"wrote {path.name}: {path.stat().st_size // 1024} KiB", flush=True)


if __name__ == "__main__":
    main()
