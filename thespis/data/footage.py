"""Prepared footage for networks that draw: the arrays that the made-up stage gives, of clips that `thespis data prepare` kept."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from thespis.data.actor import PARTS
from thespis.data.faces import PIXELS, Keeping, at_frames
from thespis.data.item import felt
from thespis.data.packed import at_rate, heard
from thespis.data.parts import Arrays, Held, stored_parts, write_parts
from thespis.data.prepared import Prepared
from thespis.head import shapes
from thespis.motion.convert_head import flame_of_face
from thespis.motion.spaces.face import EXPRESSION
from thespis.pixels.diffusion.square import aligning, cut, onto
from thespis.types import EMOTION, Array, Bytes, Clip

FPS = Fraction(25)
SHORTEST = 15  # frames of a face to learn from
TURNED = np.radians(25.0)  # how far the head of a portrait may be turned away
SHADED = 64  # pixels a side from which on the outlines of a face are exact enough


def people_of(clips: Prepared) -> list[str]:
    """Name who is seen in each clip; one whom nothing names is somebody of their own."""
    return [str(clip.labels.get("person", clip.labels.get("name", number))) for number, clip in enumerate(clips)]


def filmed_face(clip: Clip, side: int, keeping: Keeping = PIXELS, name: str = "") -> Arrays | None:
    """Make a clip's arrays as `thespis.data.faces` has them, its calmest frame as the portrait; None where too little of a face is seen."""
    if clip.motion is None or clip.frames is None or clip.speech is None:
        return None
    motion = at_rate(clip.motion, FPS)
    rows = np.minimum(np.round(np.arange(len(motion)) * float(clip.frames.fps / FPS)).astype(int), len(clip.frames) - 1)
    points = np.asarray(clip.labels["points"])[rows]
    seen = np.isfinite(points).all(axis=(1, 2))
    if seen.sum() < SHORTEST:
        return None
    # Where a face is lost for a moment it is taken to be where it was seen last, or will be seen first.
    last = np.maximum.accumulate(np.where(seen, np.arange(len(rows)), -1))
    points = points[np.where(last >= 0, last, int(np.argmax(seen)))]
    effort = motion.values[:, : EXPRESSION.size].sum(axis=1) + np.linalg.norm(motion["head_rotation"], axis=1)
    calm = int(np.argmin(np.where(seen, effort, np.inf)))
    if np.linalg.norm(motion["head_rotation"][calm]) > TURNED:
        return None
    place, places = aligning(points[calm]), side // keeping.factor
    square, coarse = onto(place, side), onto(place, places)
    order, images = [calm, *range(len(rows))], clip.frames.images
    frames = keeping((cut(images[rows[at]], square, side) for at in order), name)
    seen_at = points[order] @ coarse[:, :2].T + coarse[:, 2]
    flame = flame_of_face(motion).values
    emotion = felt(clip.labels, len(clip.motion), clip.motion.fps)
    unknown = np.full((len(rows), EMOTION.size), np.nan, np.float32)
    return {
        "articulation": at_frames(heard(clip, "articulation"), FPS, len(rows)),
        "flame": flame - flame[calm],  # as the stage has it: from the portrait on
        "face": motion.values,
        "emotion": unknown if emotion is None else at_rate(emotion, FPS).values,
        "frames": frames,
        "masks": np.stack([parts_at(each, places) for each in seen_at]),
    }


def parts_at(points: Array, side: int) -> Bytes:
    """Draw which part of a face is where (side, side), from its points (478, 2) in pixels; hair and clothes count as background."""
    finer = max(SHADED // side, 1) * 4
    mask = np.full((side * finer, side * finer), PARTS.index("background"), np.uint8)
    inner = [*shapes.LIPS_INNER_UPPER, *shapes.LIPS_INNER_LOWER[-2:0:-1]]
    eyes = ([*shapes.EYE_LEFT_UPPER, *shapes.EYE_LEFT_LOWER[::-1]], [*shapes.EYE_RIGHT_UPPER, *shapes.EYE_RIGHT_LOWER[::-1]])
    for part, ring in (("skin", shapes.OVAL), *(("eyes", eye) for eye in eyes), ("lips", shapes.LIPS_OUTER), ("mouth", inner)):
        outline = np.round((points[list(ring)] + 0.5) * finer - 0.5).astype(np.int32)
        cv2.fillPoly(mask, [outline], [PARTS.index(part)])
    return np.ascontiguousarray(mask[finer // 2 :: finer, finer // 2 :: finer])


def filmed_faces(
    folders: Sequence[Path], place: Path, side: int, tell: Callable[[str], None], keeping: Keeping = PIXELS
) -> Iterator[tuple[str, Held]]:
    """Give each clip of prepared folders with who it shows; its arrays are made once and kept in files in `place`, frames on disk."""
    for number, folder in enumerate(folders):
        clips, stem = Prepared(folder), f"filmed-{number}"

        def make(clip: int, clips: Prepared = clips, stem: str = stem) -> Arrays | None:
            return filmed_face(clips[clip], side, keeping, f"{stem} {clip}")

        for done in write_parts(len(clips), stem, place, make):
            tell(f"faces of {folder}: {done} of {len(clips)} clips")
        people = people_of(clips)
        yield from ((f"{number} {people[clip]}", arrays) for clip, arrays in stored_parts(place, stem).items())
