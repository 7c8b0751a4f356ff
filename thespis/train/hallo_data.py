"""What Hallo learns from at its tiny size: faces of the stage that hold their head still, with a portrait, regions and voice."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from thespis.capture.faces import find_faces
from thespis.data.faces import ROOM, Arrays, read_faces, shown, write_clips
from thespis.data.looks import Look, Setting
from thespis.data.stage import Stage, StageSettings
from thespis.motion.spaces.face import HEAD
from thespis.pixels.diffusion.conditions import audio_of
from thespis.pixels.diffusion.networks import as_numbers
from thespis.pixels.diffusion.windows import REACH
from thespis.pixels.hallo.onnx import Changes, face_numbers
from thespis.pixels.hallo.regions import filled, regions_of
from thespis.pixels.hallo.shape import HalloShape
from thespis.types import Array, Bytes, Clip, random_for

FINER = 4  # faces are looked for in pictures enlarged by this
RESTING = 0.6  # of the windows are drawn from the person at rest, the others from any frame of the clip
BEGINNING = 0.3  # of the windows begin a film: the portrait stands for the frames before
UNHEARD = 0.1  # of the windows nobody is heard
UNBOUND = 0.1  # of the windows the voice acts everywhere, in all three ways
LIGHT = (0.8, 1.15)  # by how much each colour of a window is multiplied


class StillStage(Stage):
    """The stage, where people speak and feel but hold their head: what moves a head is told by no voice."""

    def filmed(self, clip: Clip, person: int, who: Look, place: Setting, size: int) -> Clip:
        """Draw a clip's motion without the head's."""
        assert clip.motion is not None
        still = clip.motion.replace(**{channel.name: np.zeros((len(clip.motion), channel.size)) for channel in HEAD.channels})
        return super().filmed(replace(clip, motion=still), person, who, place, size)


def still_faces(folder: Path, settings: StageSettings, side: int, tell: Callable[[str], None]) -> list[Arrays]:
    """Draw the clips that are missing (as `thespis.data.faces` has them, with the points of the face at rest), and read them."""
    stage = StillStage(replace(settings, size=round(side * ROOM)))
    for done in write_clips(settings, folder, partial(still_face, stage, side=side)):
        tell(f"faces that hold still, {settings.split}, {settings.regime}: {done} of {settings.clips} clips")
    return read_faces(folder, settings.split, settings.regime)


def still_face(stage: StillStage, number: int, side: int) -> Arrays | None:
    """Draw one clip: frames, voice and motion, with the points of the face at rest; None where no face is found."""
    clip = shown(stage, number, side)
    points = None if clip is None else points_of(clip["frames"][0])
    if clip is None or points is None:
        return None
    return {**{name: clip[name] for name in ("frames", "articulation", "face", "flame")}, "points": points}


def points_of(picture: Bytes) -> Array | None:
    """Find the points of the face in a picture (S, S, 3) -> (478, 2) as shares of the side; None where none is found."""
    larger = np.asarray(cv2.resize(picture, None, fx=FINER, fy=FINER, interpolation=cv2.INTER_CUBIC), np.uint8)
    faces = find_faces(larger)
    return None if not faces else np.asarray((faces[0].points[:, :2] + 0.5) / len(larger), np.float32)


class HalloWindows:
    """Windows of frames by number of step and row: what is asked for depends on these and the seed only."""

    def __init__(self, clips: Sequence[Arrays], size: int, shape: HalloShape, changes: Changes, seed: int) -> None:
        """Take clips."""
        self.clips, self.size, self.shape, self.changes, self.seed = clips, size, shape, changes, seed

    def rows(self, step: int, first: int, stop: int) -> Arrays:
        """Draw rows `first` to `stop` of a step's batch."""
        drawn = [self.window(random_for(self.seed, f"hallo {step} {row}")) for row in range(first, stop)]
        return {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}

    def window(self, random: np.random.Generator) -> Arrays:
        """Draw one window; it is mirrored half of the time, and in another light."""
        shape, clip = self.shape, self.clips[int(random.integers(len(self.clips)))]
        pictures, count = clip["frames"], len(clip["frames"]) - 1
        at = int(random.integers(shape.past, count - shape.frames + 1))
        reference = 0 if random.uniform() < RESTING else 1 + int(random.integers(count))
        before = pictures[1 + at - shape.past : 1 + at]
        if random.uniform() < BEGINNING:
            before = np.repeat(pictures[reference : reference + 1], shape.past, axis=0)
        gain = random.uniform(*LIGHT, 3) * random.uniform(0.85, 1.1)
        table = np.clip(np.arange(256)[:, None] * gain, 0, 255).astype(np.uint8)
        mirrored, heard, bound = (float(random.uniform()) for _ in range(3))

        def lit(given: Bytes) -> Bytes:
            found = np.stack([table[:, channel][given[..., channel]] for channel in range(3)], axis=-1)
            return np.ascontiguousarray(found[..., ::-1, :] if mirrored < 0.5 else found)

        points = np.asarray(clip["points"] * [-1, 1] + [1, 0] if mirrored < 0.5 else clip["points"], np.float32)
        regions = regions_of(points, shape.places)
        portrait = lit(pictures[reference : reference + 1])
        latents = self.changes.patches.encode(as_numbers(portrait), shape.factor)
        around = np.clip(np.arange(at - REACH, at + shape.frames + REACH), 0, count - 1)
        return {
            "frames": lit(pictures[1 + at : 1 + at + shape.frames]),
            "portrait": portrait[0],
            "before": lit(before),
            "voice": audio_of(clip["articulation"][around]),
            "face": face_numbers(latents, regions)[0],
            "regions": regions,
            "masks": np.ones_like(regions) if bound < UNBOUND else regions,
            "where": filled(points, "face", shape.side)[None],
            "known": np.array([1, heard >= UNHEARD], np.float32),
        }
