"""Faces of the made-up stage for networks that draw: small squares around one face, with its motion, voice and feeling by frame.

Every clip also shows the person at rest, as a portrait would: EMOdiffhead and its kin draw all other frames from that one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import find_faces
from thespis.data.acting import articulated
from thespis.data.looks import look, setting
from thespis.data.parts import Arrays as Arrays
from thespis.data.parts import Held, read_parts, stored_parts, write_parts
from thespis.data.stage import Stage, StageSettings, person_of
from thespis.data.workers import CORES
from thespis.errors import MediaError
from thespis.features.spaces import ARTICULATION
from thespis.motion.convert_head import flame_of_face
from thespis.motion.retime import Retime
from thespis.motion.spaces.face import FACE
from thespis.pixels.diffusion.conditions import audio_of, expression_of, pose_of
from thespis.pixels.diffusion.square import aligning, cut, onto
from thespis.pixels.diffusion.windows import REACH, FaceNetwork, draw, window_noise
from thespis.types import EMOTION, Array, Bytes, Clip, Direction, Portrait, Track, random_for

ROOM = 2.0  # pictures are drawn this much larger than the squares that are cut out of them
FINER = 2  # faces are looked for in a picture enlarged by this, since small ones are not found
SWAYS = np.radians([11.0, 20.0, 9.0])
"""How far heads sway where they are to be seen turned: up and down, to the sides, and tilted."""


class Keeping(Protocol):
    """How a corpus keeps pictures: in places of `factor` pixels each way."""

    factor: int

    def __call__(self, pictures: Iterable[Bytes], clip: str) -> npt.NDArray[Any]:
        """Turn the pictures (side, side, 3) of a clip of this name into the rows of one array."""


class Pixels:
    """Keeps pictures as they are."""

    factor = 1

    def __call__(self, pictures: Iterable[Bytes], clip: str) -> npt.NDArray[Any]:
        """Stack them."""
        return np.stack(list(pictures))


PIXELS = Pixels()


def at_frames(articulation: Track, fps: Fraction, rows: int) -> Array:
    """Bring an ARTICULATION to the frame rate (rows, 10)."""
    stage = Retime(ARTICULATION, fps=fps)
    nobody = Portrait((np.zeros((1, 1, 3), np.uint8),))
    made: Array = stage.step(stage.start(nobody, Direction()), articulation, True).values
    return np.asarray(np.concatenate([made, np.repeat(made[-1:], max(rows - len(made), 0), axis=0)])[:rows], np.float32)


def told(settings: StageSettings, number: int) -> tuple[Clip, Arrays]:
    """Make a clip of the stage without pictures, and its rows: articulation (n, 10), flame (n, 68), face (n, 62), emotion (n, 8)."""
    clip = Stage(replace(settings, size=None))[number]
    assert clip.speech is not None and clip.motion is not None
    rows = len(clip.motion)
    felt = clip.labels["emotion"].values if "emotion" in clip.labels else np.full((rows, EMOTION.size), np.nan, np.float32)
    return clip, {
        "articulation": at_frames(articulated(clip.speech), clip.motion.fps, rows),
        "flame": flame_of_face(clip.motion).values,
        "face": clip.motion.values,
        "emotion": felt,
    }


def swaying(motion: Track, seed: int, number: int) -> Track:
    """Turn the head of a performance to one side and back, farther than people do who talk."""
    random = random_for(seed, f"sway of clip {number}")
    way, begins = random.uniform(-1, 1, 3) * SWAYS, random.uniform(0, np.pi)
    phase = np.sin(np.linspace(begins, begins + np.pi, len(motion)))
    return motion.replace(head_rotation=np.asarray(motion["head_rotation"] + phase[:, None] * way, np.float32))


def shown(stage: Stage, number: int, side: int, *, turned: bool = False, keeping: Keeping = PIXELS) -> Arrays | None:
    """Make a clip with pictures: frames (1 + n, side, side, 3) and masks, the first one at rest; None where no face is found in that.

    The eyes and lips of the first one stand where a network expects them. In `turned` clips the head sways. Another way of `keeping`
    makes other rows of the frames, and masks of as many places.
    """
    own = stage.settings
    clip, rows = told(own, number)
    assert clip.motion is not None
    if turned:
        motion = swaying(clip.motion, own.seed, number)
        clip, rows = replace(clip, motion=motion), {**rows, "flame": flame_of_face(motion).values, "face": motion.values}
    assert clip.motion is not None
    person = person_of(own.seed, own.split, own.regime, number)
    emotional = own.regime == "emotional"
    rest = Track(FACE, np.concatenate([np.zeros((1, FACE.size), np.float32), clip.motion.values]), clip.motion.fps)
    place = setting(own.seed, person if emotional else number, emotional)
    filmed = stage.filmed(Clip(None, None, rest, {}), person, look(own.seed, person), place, round(side * ROOM))
    assert filmed.frames is not None
    pictures, masks = filmed.frames.images, filmed.labels["mask"]
    larger = np.asarray(cv2.resize(pictures[0], None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC), np.uint8)
    faces = find_faces(larger)
    if not faces:
        return None
    standing, places = aligning((faces[0].points + 0.5) / FINER - 0.5), side // keeping.factor
    square, coarse = onto(standing, side), onto(standing, places)
    name = f"{own.seed} {own.split} {own.regime} {number}"
    frames = keeping((cut(picture, square, side) for picture in pictures), name)
    parts = np.stack([cut(mask, coarse, places, exact=True) for mask in masks])
    return {**rows, "frames": frames, "masks": parts, "person": np.array([person])}


def write_faces(settings: StageSettings, folder: Path, side: int, *, turned: bool = False, keeping: Keeping = PIXELS) -> Iterator[int]:
    """Write a corpus in files of twenty clips, or finish one that was broken off; yields how many clips are there by then.

    Pixels are drawn by as many processes as there are cores; where a network keeps them in another way, it may fill the machine alone.
    """
    stage = Stage(replace(settings, size=round(side * ROOM)))
    make = partial(shown, stage, side=side, turned=turned, keeping=keeping)
    return write_clips(settings, folder, make, CORES if isinstance(keeping, Pixels) else 1)


def write_clips(settings: StageSettings, folder: Path, make: Callable[[int], Arrays | None], workers: int = CORES) -> Iterator[int]:
    """Write what is made of each clip of a corpus, as `write_parts` does."""
    return write_parts(settings.clips, f"{settings.split}-{settings.regime}", folder, make, workers)


def read_faces(folder: Path, split: str, regime: str) -> list[Arrays]:
    """Read the clips of a split and regime that are in a folder, in order."""
    return there(list(read_parts(folder, f"{split}-{regime}").values()), folder, split, regime)


def stored_faces(folder: Path, split: str, regime: str) -> list[Held]:
    """Read the same, with frames and masks left on disk."""
    return there(list(stored_parts(folder, f"{split}-{regime}").values()), folder, split, regime)


def there(found: list[Any], folder: Path, split: str, regime: str) -> list[Any]:
    """Hand on what was read; it must not be nothing."""
    if not found:
        raise MediaError(f"{folder} has no faces of the split {split!r} and the regime {regime!r}; make them with write_faces")
    return found


def drawn_again(face: FaceNetwork, clip: Held, steps: int, count: int, *, remembers: bool = True) -> tuple[Bytes, Bytes]:
    """Draw the first `count` frames of a clip from its person at rest, as a Painter does: what was made, and the reference carried."""
    seen = face.see(clip["frames"][0])
    past = np.zeros((face.past, *face.noise_shape), np.float32)
    made, carried = [], []
    for at in range(0, count - face.frames + 1, face.frames):
        around = np.clip(np.arange(at - REACH, at + face.frames + REACH), 0, len(clip["flame"]) - 1)
        flame = clip["flame"][at : at + face.frames]
        told = {"audio": audio_of(clip["articulation"][around]), "expression": expression_of(flame), "pose": pose_of(flame)}
        plan = face.plan(seen, past, told)
        drawn = draw(face, plan, window_noise(face, 0, at // face.frames), steps)
        if remembers:
            past = np.concatenate([past, drawn])[len(drawn) :]
        made.append(face.finished(plan, drawn))
        carried.append(face.finished(plan, drawn * 0))
    return np.concatenate(made), np.concatenate(carried)


def page(frames: Sequence[Bytes], across: int) -> Bytes:
    """Put pictures of one size on one page, `across` beside each other."""
    rows = -(-len(frames) // across)
    padded = [*frames, *(np.zeros_like(frames[0]) for _ in range(rows * across - len(frames)))]
    return np.concatenate([np.concatenate(padded[row * across : (row + 1) * across], axis=1) for row in range(rows)])
