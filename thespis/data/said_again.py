"""People of the made-up stage who say two things with one head: what a network that dubs learns from.

Only the stage has both: the same frames, their lips once as one sentence moves them and once as another does.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from thespis.capture.faces import find_faces, measure
from thespis.data.acting import acted, articulated, spoken
from thespis.data.faces import Arrays, at_frames, write_clips
from thespis.data.looks import Look
from thespis.data.stage import Stage, StageSettings
from thespis.motion.take_edit import with_lips
from thespis.pixels.dub.align import aligned
from thespis.pixels.dub.lip_shape import LipShape
from thespis.types import Array, Bytes, Clip, random_for

DRAWN = 160  # pixels of the pictures that squares are cut out of
FINER = 3  # faces are measured in pictures enlarged by this
ANOTHER = 1_000_000  # how far away the sentence lies that is said instead
MADE_UP, LIPSTICKS = 0.4, ((0.3, 0.9), (0.02, 0.3), (0.05, 0.4))
"""Of the people learned from so many wear lipstick of any red, plum or brown, since the stage's own people wear next to none."""


def write_said_again(settings: StageSettings, folder: Path, shape: LipShape) -> Iterator[int]:
    """Write a corpus of squares, or finish one that was broken off; yields how many clips are there by then."""
    stage = Stage(replace(settings, size=DRAWN))
    return write_clips(settings, folder, partial(said_again, stage, shape=shape))


def said_again(stage: Stage, number: int, shape: LipShape) -> Arrays | None:
    """Make a clip twice, with its own sentence and with another one; None where no face is found in it.

    `frames` and `others` (n, S, S, 3) are equal but for the lips, `articulation` and `other_articulation` (n, 10) are what is heard,
    `face` and `other_face` (n, 62) how the face moves. Both are cut where the face stands in the second, as at work.
    """
    played = stage.played(number)
    speech, motion = played.speech, played.motion
    instead = spoken(stage.plan(number + ANOTHER, played.person, played.who), played.ways)
    lips = with_lips(motion, acted(instead, played.direction, played.ways))
    both = replace(motion, values=np.concatenate([motion.values, lips.values]))
    who = made_up(played.who, stage.settings.seed, played.person) if stage.settings.split == "train" else played.who
    filmed = stage.filmed(Clip(None, None, both, {}), played.person, who, stage.place(number, played.person), DRAWN)
    assert filmed.frames is not None
    frames, others = np.split(filmed.frames.images, [len(motion)])
    squares = squares_of(frames, others, shape)
    if squares is None:
        return None
    rows = len(motion)
    return {
        "frames": squares[0],
        "others": squares[1],
        "articulation": at_frames(articulated(speech), motion.fps, rows),
        "other_articulation": at_frames(articulated(instead), motion.fps, rows),
        "face": motion.values,
        "other_face": lips.values,
        "person": np.array([played.person]),
    }


def made_up(who: Look, seed: int, person: int) -> Look:
    """Give a person other lips, or leave them as they are; the same person always gets the same."""
    random = random_for(seed, f"lipstick of person {person}")
    if random.uniform() >= MADE_UP:
        return who
    red, green, blue = (float(random.uniform(low, high)) for low, high in LIPSTICKS)
    return replace(who, lips=(red, min(green, 0.6 * red), min(blue, 0.7 * red)))


def squares_of(frames: Bytes, others: Bytes, shape: LipShape) -> tuple[Bytes, Bytes] | None:
    """Cut frames and others (n, h, w, 3) where the face stands in the others; where it is lost its last place counts, None without any."""
    place: Array | None = None
    made = []
    for frame, other in zip(frames, others, strict=True):
        larger = np.asarray(cv2.resize(np.concatenate([frame, other], axis=1), None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC))
        one, two = np.split(larger, 2, axis=1)
        place = found_near(np.ascontiguousarray(two), place)
        if place is None:
            return None
        square = aligned(place, shape)
        made.append((square.cut(one), square.cut(two)))
    return np.stack([one for one, _ in made]), np.stack([two for _, two in made])


def found_near(picture: Bytes, place: Array | None) -> Array | None:
    """Measure the face of a picture (h, w, 3) near where its points (478, 3) were, or anywhere -> its points, else where they were."""
    if place is None:
        faces = find_faces(picture)
        return faces[0].points if faces else None
    x, y = place[:468, :2].mean(axis=0)
    found = measure(picture, float(x), float(y), float(np.ptp(place[:468, 1])))
    return place if found is None else found
