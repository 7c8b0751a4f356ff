"""Watch a video as every metric needs it: a Clip with its sound, the tracked motion of its main face, and that face cut out upright."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.evidence import RIGID
from thespis.capture.faces import face_of, fit_pose
from thespis.capture.follow import sighting, straight
from thespis.capture.footage import ahead, open_footage
from thespis.capture.performance import perform
from thespis.capture.placed import flat_similarity
from thespis.capture.sighting import Sighting
from thespis.errors import FaceError, MediaError, ThespisError
from thespis.evaluate.footage import followed
from thespis.evaluate.mouths import ALSO_SEEN, sound_of
from thespis.head.shapes import POINTS, load_shapes
from thespis.motion.spaces.face import FACE
from thespis.types import Array, Bytes, Channel, Clip, Frames, Portrait, Space, Speech, Track

SIDE, UNIT = 192, 60.0
"""Pixels a side of the pictures of a face, and of one eye distance in them."""
MIDDLE = (96.0, 66.0)
"""Where the point between the eyes is in them."""
ALL = 478
STRAIGHT = Space("straight face", (Channel("points", "point", 3 * POINTS),))
"""The points of the face (468, 3), turned to the camera, in eye distances."""
PLACED = Space("placed face", (Channel("points", "point", 2 * ALL),))
"""The points of the face (478, 2) in the pixels of the frames."""

LONGEST = 60.0  # seconds that are judged of a longer video
SHORTEST = 1.0
LEAST_SEEN = 0.5  # share of the frames in which the face must be seen


def watch(path: Path, kept: Path | None = None, seconds: float = LONGEST, tell: Callable[[int], None] = lambda _: None) -> Clip:
    """Watch a video file up to `seconds`; what was tracked is kept in the folder `kept`, and `tell` hears of each frame.

    The labels are `name`, `notes` (what was odd), and for every frame `found`, `straight`, `points`, with `sightings` of the main face.
    """
    footage = open_footage(path)
    if footage.still:
        raise MediaError("it is a picture and not a video")
    most = max(round(seconds * footage.fps), 1)
    seen = followed(path, kept, tell, most)
    if seen.frames < SHORTEST * footage.fps:
        raise MediaError(f"it lasts only {float(seen.frames / footage.fps):.1f} s; {SHORTEST:g} s are needed")
    if not seen.people:
        raise FaceError("no face is seen in it")
    main = max(seen.people, key=lambda person: len(person) * float(np.median([fit_pose(each.points)[1] for each in person[::10]])))
    share = len(main) / seen.frames
    if share < LEAST_SEEN:
        raise FaceError(f"its face is seen in {100 * share:.0f} % of the frames only; {100 * LEAST_SEEN:.0f} % are needed")
    notes = noticed(seen.people, main, seen.frames, len(seen.cuts))
    if seen.frames == most:
        notes.append(f"only its first {seconds:g} s are judged")
    speech, silence = heard_in(path, Fraction(seen.frames) / footage.fps)
    notes += silence
    motion = perform(main, seen.frames, seen.cuts, footage.fps, 1.0).motion
    shown, points = cut_out(iter(replace(footage, most=most)), main, seen.frames)
    found = np.zeros(seen.frames, np.bool_)
    found[[each.frame for each in main]] = True
    labels: dict[str, Any] = {"name": path.stem, "notes": tuple(notes), "sightings": main, "found": found, "cuts": seen.cuts}
    labels["straight"] = Track(STRAIGHT, straightened(main, seen.frames), footage.fps)
    labels["points"] = Track(PLACED, points, footage.fps)
    return Clip(speech, Frames(shown, footage.fps), motion, labels)


def noticed(people: list[list[Sighting]], main: list[Sighting], frames: int, cuts: int) -> list[str]:
    """Word what is odd about a video but no reason to refuse it."""
    others = sum(len(person) >= ALSO_SEEN * frames for person in people if person is not main)
    notes = [f"{others + 1} people are seen; the largest face is judged"] if others else []
    if cuts:
        notes.append(f"{cuts} cut{'s' if cuts > 1 else ''} in it")
    if len(main) < 0.98 * frames:
        notes.append(f"the face is seen in {100 * len(main) / frames:.0f} % of the frames")
    return notes


def heard_in(path: Path, seconds: Fraction) -> tuple[Speech | None, list[str]]:
    """Read as much of the sound as there is picture, on the picture's clock; a video without sound is judged without it."""
    try:
        speech = sound_of(path)
    except ThespisError as error:
        reason = str(error).replace(f"the video {path}", "it").replace(str(path), "it")
        return None, [f"judged without sound: {reason.partition('; ')[0]}"]
    return speech.cut(0, round(seconds * speech.rate)), []


def straightened(sightings: list[Sighting], frames: int) -> Array:
    """Turn every sighting to the camera -> (frames, 1404) in eye distances, not-a-number where no face is seen."""
    found = np.full((frames, STRAIGHT.size), np.nan, np.float32)
    for each in sightings:
        found[each.frame] = straight(each.points).reshape(-1)
    return found


def cut_out(pictures: Any, sightings: list[Sighting], frames: int) -> tuple[Bytes, Array]:  # noqa: ANN401 - any iterator of pictures
    """Cut the face out of every picture, upright and always as large -> (frames, 192, 192, 3) and its points (frames, 956) there.

    Where no face is seen the last picture is shown again, and the points are not-a-number.
    """
    shown = np.zeros((frames, SIDE, SIDE, 3), np.uint8)
    points = np.full((frames, PLACED.size), np.nan, np.float32)
    at = {each.frame: each for each in sightings}
    for frame, picture in zip(range(frames), ahead(pictures), strict=False):
        if frame in at:
            shown[frame], placed = upright(picture, at[frame].points)
            points[frame] = placed.reshape(-1)
        elif frame:
            shown[frame] = shown[frame - 1]
    return shown, points


def upright(picture: Bytes, points: Array) -> tuple[Bytes, Array]:
    """Cut the face with the points (478, 3) out of a picture (height, width, 3) -> (192, 192, 3) and the points (478, 2) there."""
    goal = load_shapes().points[list(RIGID), :2].astype(np.float64) * UNIT + MIDDLE
    spots = points[:, :2].astype(np.float64)
    matrix, shift, grown = flat_similarity(spots[list(RIGID)], goal)
    corners = (np.array([[0, 0], [SIDE, 0], [0, SIDE], [SIDE, SIDE]]) - shift) @ np.linalg.inv(matrix).T
    height, width = picture.shape[:2]
    low = np.clip(np.floor(corners.min(axis=0)).astype(int) - 2, 0, [width - 2, height - 2])
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 3, low + 2, [width, height])
    part = picture[low[1] : high[1], low[0] : high[0]]
    shrink = round(1 / grown)
    # A face larger than its picture is averaged first, or single pixels of it would be picked out.
    soft = cv2.blur(part, (shrink, shrink)) if shrink > 1 else part
    move = np.concatenate([matrix, (shift + matrix @ low)[:, None]], axis=1)
    cut = cv2.warpAffine(soft, move, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, np.uint8), np.asarray(spots @ matrix.T + shift, np.float32)


def watched(clip: Clip) -> Clip:
    """Look at the frames of a Clip that was made and not read from a file, with all that `watch` tells of a file."""
    if clip.frames is None:
        raise MediaError("a Clip without frames cannot be watched")
    sightings = []
    for number, image in enumerate(clip.frames.images):
        try:
            picture = np.ascontiguousarray(image[..., :3])
            sightings.append(sighting(number, face_of(Portrait((picture,))).points, picture))
        except FaceError:
            continue
    if len(sightings) < LEAST_SEEN * len(clip.frames):
        raise FaceError("no face is seen in most of its frames")
    shown, points = cut_out(iter(clip.frames.images[..., :3]), sightings, len(clip.frames))
    found = np.zeros(len(clip.frames), np.bool_)
    found[[each.frame for each in sightings]] = True
    labels = {**clip.labels, "found": found, "sightings": sightings, "cuts": (), "notes": ()}
    labels["straight"] = Track(STRAIGHT, straightened(sightings, len(clip.frames)), clip.frames.fps)
    labels["points"] = Track(PLACED, points, clip.frames.fps)
    return replace(clip, frames=Frames(shown, clip.frames.fps), labels=labels)


def face_points(clip: Clip) -> npt.NDArray[np.float64] | None:
    """Give the face of every frame turned to the camera (frames, 468, 3) in eye distances: as it was seen, else as its motion says."""
    seen = clip.labels.get("straight")
    if isinstance(seen, Track):
        return seen.values.reshape(-1, POINTS, 3).astype(np.float64)
    if clip.motion is None or not set(FACE.names[:1]) <= set(clip.motion.space.names):
        return None
    shapes = load_shapes()
    weights = np.stack([clip.motion[name] for name in shapes.names], axis=1).astype(np.float64)
    return np.asarray(shapes.points + np.tensordot(weights, shapes.fields, axes=1), np.float64)


def rate_of(clip: Clip) -> Fraction:
    """Give the rows a second of a Clip's face."""
    track = clip.labels.get("straight", clip.motion)
    if not isinstance(track, Track):
        raise MediaError("a Clip without motion and without a watched face has no rate")
    return track.fps


def times(clip: Clip) -> npt.NDArray[np.float64]:
    """Give the time of every row of a Clip's face (rows,), in seconds."""
    track = clip.labels.get("straight", clip.motion)
    assert isinstance(track, Track)
    return track.seconds
