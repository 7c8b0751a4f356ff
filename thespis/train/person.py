"""Prepare a person's video for fitting: their own shot, the head's pose in every frame made steady, what is heard, the upper face."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.evidence import RIGID
from thespis.capture.faces import align_all, quiet
from thespis.capture.follow import Followed, follow
from thespis.capture.footage import open_footage
from thespis.capture.performance import Performance, perform
from thespis.capture.sighting import Sighting
from thespis.errors import FaceError, MediaError
from thespis.head.shapes import OVAL, indices, load_shapes
from thespis.motion.rotations import matrices, turn_vectors
from thespis.pixels.field.camera import Poses, Shell, shell_of
from thespis.pixels.field.shape import UPPER
from thespis.speech.read import read_speech
from thespis.talker import Talker
from thespis.types import Array, Bytes, Direction, Portrait, Speech

FPS = Fraction(25)
ROOM = 1.55  # times the height of the face that a frame shows
SHORTEST = 4.0  # seconds
TURNS = 4  # times that the face's own points and its poses are found from each other
SPREAD = 0.9  # frames over which a pose is averaged
NOSE, OUTER = (168, 6, 197, 195, 5), (234, 454, 127, 356, 93, 323)
TRUST = {**dict.fromkeys(RIGID, 1.0), **dict.fromkeys(NOSE, 2.0), **dict.fromkeys(OUTER, 0.5)}


@dataclass(frozen=True, eq=False)
class Prepared:
    """A person's shot at 25 frames a second: `frames` (n, side, side, 3), `poses`, `upper` (n, 7), `heard` (n, 10), and the `shell`.

    `points` (n, 478, 2) are the tracked points in pixels.
    """

    frames: Bytes
    poses: Poses
    upper: Array
    heard: Array
    shell: Shell
    points: Array


def prepare(
    video: Path,
    audio: Path | None,
    hearing: Callable[[Speech], Array],
    side: int,
    bound: float,
    tell: Callable[[str], None],
    *,
    steady: bool = True,
) -> Prepared:
    """Track the one person of a video, whose sound is its own or `audio`; `hearing` turns speech into rows (n, 10) at 25 a second.

    Without `steady` every pose is the tracker's own, as the claim wants it.
    """
    speech = read_speech(video if audio is None else audio)
    footage = open_footage(video)
    tell("following the face")
    with quiet():
        followed = follow(footage)
    if not followed.people:
        raise FaceError(f"no face found in {video}; a person is fitted to a video that shows one face, talking")
    sightings = max(followed.people, key=len)
    first, stop = longest(followed, sightings)
    if (stop - first) / footage.fps < SHORTEST:
        raise MediaError(
            f"{video} shows one person for {float((stop - first) / footage.fps):.1f} s without a cut; a person is fitted to at least "
            f"{SHORTEST:g} s, better to a minute"
        )
    own = [each for each in sightings if first <= each.frame < stop]
    known = perform(sightings, followed.frames, followed.cuts, footage.fps, 1.0)
    # Frame k of the fit shows the time k / 25 seconds of the file, whatever the rate of the file is.
    begin, end = -(-first * FPS // footage.fps), (stop - 1) * FPS // footage.fps + 1
    rows = np.array([round(Fraction(k) * footage.fps / FPS) for k in range(int(begin), int(end))])
    rows = rows[rows < stop]
    numbers = nearest(own, rows)
    heard = hearing(speech)
    if len(heard) < int(begin) + len(rows):
        heard = np.concatenate([heard, np.repeat(heard[-1:], int(begin) + len(rows) - len(heard), axis=0)])
    tell("steadying the head")
    every = np.stack([each.points for each in own])
    poses = steadied(known, every) if steady else posed(known, every)
    left, top, width = window(every, next(iter(footage)).shape[:2])
    scale = side / width
    frames = cropped(video, rows, (left, top, width), side)
    kept = Poses(
        poses.rotations[numbers],
        poses.scales[numbers] * np.float32(scale),
        ((poses.offsets[numbers] - np.array([left, top, 0])) * scale).astype(np.float32),
    )
    upper = np.stack([known.motion[name][rows] for name in UPPER], axis=1).astype(np.float32)
    points = ((every[numbers, :, :2] - np.array([left, top])) * scale).astype(np.float32)
    return Prepared(frames, kept, upper, heard[int(begin) : int(begin) + len(rows)], shell(known, bound), points)


def shell(known: Performance, bound: float) -> Shell:
    """Build the shell of a tracked person."""
    shapes = load_shapes()
    jaw = known.person.fields[shapes.names.index("jawOpen")]
    return shell_of(known.person.rest, jaw, shapes.triangles, indices(OVAL), bound)


def longest(followed: Followed, sightings: list[Sighting]) -> tuple[int, int]:
    """Find the longest stretch of frames, first and one after the last, without a cut in which the person is seen."""
    seen = np.zeros(followed.frames + 1, np.bool_)
    seen[[each.frame for each in sightings]] = True
    breaks = {*followed.cuts, followed.frames}
    best, begin = (0, 0), 0
    for frame in range(followed.frames + 1):
        if frame in breaks or not seen[frame]:
            best = max(best, (begin, frame), key=lambda each: each[1] - each[0])
            begin = frame if seen[frame] else frame + 1
    return best


def nearest(own: list[Sighting], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Find the sighting of each row."""
    return np.searchsorted(np.array([each.frame for each in own]), rows)


def posed(known: Performance, points: Array) -> Poses:
    """Pose the person's face at rest by its rigid points in each frame's points (n, 478, 3)."""
    trust = np.full(468, 1e-3)
    trust[list(TRUST)] = list(TRUST.values())
    rotations, scales, offsets = align_all(known.person.rest.astype(np.float64), points[:, :468].astype(np.float64), trust)
    return Poses(rotations.astype(np.float32), scales.astype(np.float32), offsets.astype(np.float32))


def steadied(known: Performance, points: Array) -> Poses:
    """Find poses and the face's own rigid points from each other, and let poses that follow each other agree.

    This takes the place of the official bundle adjustment: the camera is affine, so the best points are the mean of the turned ones.
    """
    trust = np.full(468, 1e-4)
    trust[list(TRUST)] = list(TRUST.values())
    every, rest = points[:, :468].astype(np.float64), known.person.rest.astype(np.float64)
    shapes = rest
    for _ in range(TURNS):
        rotations, scales, offsets = align_all(shapes, every, trust)
        own = (every - offsets[:, None]) / scales[:, None, None] @ rotations
        shapes = np.where(trust[:, None] > 1e-3, np.median(own, axis=0), rest)
        # The size of the face is that of the person at rest, whatever the mean of many turned ones has come to.
        firm = trust > 1e-3
        shapes = shapes * float(np.linalg.norm(rest[firm] - rest[firm].mean(0)) / np.linalg.norm(shapes[firm] - shapes[firm].mean(0)))
    rotations, scales, offsets = align_all(shapes, every, trust)
    smooth = averaging(len(every))
    middle = np.median(rotations, axis=0)
    u, _, vt = np.linalg.svd(middle)
    usual = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    turns = smooth @ turn_vectors(rotations @ usual.T)
    turned = matrices(turns) @ usual
    return Poses(turned.astype(np.float32), (smooth @ scales).astype(np.float32), (smooth @ offsets).astype(np.float32))


def averaging(rows: int) -> npt.NDArray[np.float64]:
    """Make the matrix (rows, rows) that averages each row with its neighbours; at the ends a straight line stays one."""
    near = np.exp(-0.5 * ((np.arange(rows)[:, None] - np.arange(rows)) / SPREAD) ** 2)
    mirrored = np.minimum(np.arange(rows), np.arange(rows)[::-1])
    near *= np.abs(np.arange(rows)[:, None] - np.arange(rows)) <= mirrored[:, None]
    return np.asarray(near / near.sum(axis=1, keepdims=True))


def window(points: Array, size: tuple[int, ...]) -> tuple[int, int, int]:
    """Choose the square of the frame that is shown: its left, top and width in pixels."""
    low, high = np.percentile(points[:, :468, :2].min(axis=1), 10, axis=0), np.percentile(points[:, :468, :2].max(axis=1), 90, axis=0)
    height, width = size[:2]
    side = min(round(ROOM * float((high - low).max())), height, width)
    x, y = (low + high) / 2
    left = int(np.clip(round(x - side / 2), 0, width - side))
    # Heads reach further above the face than below it.
    top = int(np.clip(round(y - 0.52 * side), 0, height - side))
    return left, top, side


def cropped(video: Path, rows: npt.NDArray[np.int64], place: tuple[int, int, int], side: int) -> Bytes:
    """Cut the square out of the frames of these rows, in order (n, side, side, 3)."""
    left, top, width = place
    wanted, made = rows.tolist(), np.empty((len(rows), side, side, 3), np.uint8)
    at = 0
    for number, image in enumerate(open_footage(video)):
        if at < len(wanted) and number == wanted[at]:
            cut = image[top : top + width, left : left + width]
            picture = cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA if width > side else cv2.INTER_CUBIC)
            while at < len(wanted) and wanted[at] == number:
                made[at], at = picture, at + 1
    return made


def heard_by(talker: Talker) -> Callable[[Speech], Array]:
    """Let the stages of a talker before the one that draws hear a speech, as they will when the person says something else."""

    def hearing(speech: Speech) -> Array:
        given: object = speech
        nobody = Portrait((np.zeros((1, 1, 3), np.uint8),))
        for stage in talker.stages[:-1]:
            given = stage.step(stage.start(nobody, Direction()), given, True)
        return np.asarray(given.values, np.float32)  # type: ignore[attr-defined]

    return hearing
