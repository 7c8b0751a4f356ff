"""Draw the picture of emodiffhead's page: people it has never seen, eight feelings in mid-speech, the dial, and turned heads."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from PIL import Image

import thespis
from thespis.apps.demo import astronaut
from thespis.apps.sheet import TINTS, draw_sheet
from thespis.data.actor import Actor
from thespis.data.looks import look, setting
from thespis.data.stage import person_of
from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER
from thespis.motion.convert_head import vertices_of_face
from thespis.motion.spaces.face import FACE
from thespis.pixels.diffusion.square import cut_square, square_of
from thespis.speech.say import say
from thespis.types import EMOTION, Array, Bytes, Clip, Direction, Portrait, Track

OUT = Path(__file__).resolve().parent.parent / "docs" / "pictures" / "emodiffhead.jpg"
PEOPLE, SIDE, LARGE, SENTENCE = (2, 5), 150, 512, "Five of my friends may wait."
LEVELS, TURNS = (0.25, 0.5, 0.75, 1.0, 1.25), {"left": (-11, 0, 0), "right": (11, 0, 0), "up": (0, -9, 0)}
WIDE = 0.6  # of the widest opening, at which a frame is taken


def made_up(number: int) -> Portrait:
    """Draw somebody of the stage's test split at rest."""
    person = person_of(0, "test", "plain", number)
    rest = Track(FACE, np.zeros((1, FACE.size), np.float32), Fraction(25))
    filmed = replace(setting(0, person), turn=0.0, nod=0.0)
    frames = Actor(look(0, person)).film(rest, filmed, LARGE).frames
    return Portrait((frames.images[0],), name=f"person {person}")


def spoken(clip: Clip) -> Bytes:
    """Take the first frame in which the mouth is open by WIDE of its widest."""
    assert clip.motion is not None and clip.frames is not None
    face: Array = np.concatenate([clip.motion[name].reshape(len(clip.motion), -1) for name in FACE.names], axis=1)
    points = vertices_of_face(Track(FACE, np.ascontiguousarray(face, np.float32), Fraction(25))).values.reshape(len(face), -1, 3)
    gap = (points[:, LIPS_INNER_LOWER[5], 1] - points[:, LIPS_INNER_UPPER[5], 1])[: len(clip.frames.images)]
    return np.asarray(clip.frames.images[int(np.argmax(gap >= gap.min() + WIDE * (gap.max() - gap.min())))], np.uint8)


def main() -> None:
    """Draw every row and write the picture."""
    talker, speech = thespis.load("emodiffhead"), say(SENTENCE)

    def acted(portrait: Portrait, **wish: object) -> Bytes:
        direction: Direction = thespis.direct({"blink": 0, "gaze": "camera", "head": "still", "motion": 0, **wish})
        return spoken(talker(speech, portrait, direction))

    portraits = [thespis.portrait(astronaut()), *(made_up(number) for number in PEOPLE)]
    pictures: list[Bytes] = []
    names: list[str] = []
    for portrait in portraits:
        points = thespis.capture.faces.face_of(portrait).points
        square = square_of(points).inside(*portrait.image.shape[:2])
        pictures += [cut_square(portrait.image, square, 256), *(acted(portrait, emotion={name: 1.0}) for name in EMOTION.names)]
        names += ["portrait", *EMOTION.names]
    first = portraits[0]
    pictures.append(acted(first, emotion={"neutral": 1.0}))
    pictures += [acted(first, emotion={"happy": level}) for level in LEVELS]
    pictures += [acted(first, emotion={"sad": 0.6, "surprised": 0.5}, head=turn) for turn in TURNS.values()]
    names += ["happy 0", *(f"happy {level:g}" for level in LEVELS), *(f"sad, surprised; {way}" for way in TURNS)]
    tints = [TINTS.get(name.split()[0].rstrip(","), TINTS["neutral"]) for name in names]
    Image.fromarray(draw_sheet(pictures, names, tints, "", columns=9, side=SIDE)).save(OUT, quality=88)
    print(f"wrote {OUT.name}: {OUT.stat().st_size // 1024} KiB")


if __name__ == "__main__":
    main()
