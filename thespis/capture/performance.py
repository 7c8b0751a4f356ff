"""Read a video or an image into performances: one Track in the Space `face` for each person, and how sure every frame is."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from thespis.capture.expression import Reader, Reading
from thespis.capture.faces import SMALLEST, angles
from thespis.capture.follow import follow
from thespis.capture.footage import open_footage
from thespis.capture.neutral import rest_of
from thespis.capture.sighting import Sighting
from thespis.capture.steady import bridge, quieten
from thespis.capture.witness import AT_ONCE, Witness
from thespis.errors import FaceError
from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.motion.convert import CAMERA, LIDS_FOLLOW, NECK
from thespis.motion.rotations import turn_vectors
from thespis.motion.spaces.face import FACE
from thespis.types import Array, Track, linear

if TYPE_CHECKING:
    from thespis.capture.regressor import Regressor

SURE, TURNED = 0.05, 60.0  # the error in eye distances at which confidence has fallen to e^-1, and the yaw at which it is nothing
CLOSED = 0.55  # of a blink, from which the iris cannot be seen
FEWEST = 5  # frames of a shot from which pixels are compared with those of the calmest one
TURN_COUNTS = 2.0  # how much a turn of the head, in radians, counts against a frame beside the weights of its expression

SEEN = linear("seen", "found", "confidence", "error")
"""What a take keeps of how sure a row is: whether a face was seen (1 or 0), 0 to 1 how sure, and the error in eye distances."""

GAZE = ("gaze_left_yaw", "gaze_left_pitch", "gaze_right_yaw", "gaze_right_pitch")


@dataclass(frozen=True, eq=False)
class Performance:
    """What one person did: `motion` in the Space `face`, a row for each frame of the video.

    The head is relative to its median pose in camera axes, the gaze to its median. `found` (rows,) marks the frames in which the face was
    seen, the others are bridged; `confidence` (rows,) is 0 to 1, `error` (rows,) the median distance between the points and
    the fitted face in eye distances (0 where none was seen). `person` is the face at rest; `cuts` are the rows at which shots begin.
    `place` is the median middle (x, y) of the face in pixels; `regressed` is what a regressor said, where one was asked.
    """

    motion: Track
    found: npt.NDArray[np.bool_]
    confidence: Array
    error: Array
    person: Person
    cuts: tuple[int, ...]
    place: tuple[float, float]
    regressed: Track | None = None


def track_video(
    path: str | Path, tell: Callable[[int], None] = lambda _: None, *, smooth: float = 1.0, regressor: "Regressor | None" = None
) -> list[Performance]:
    """Read a video or an image: one Performance a person, from left to right; `tell` hears of each frame, `smooth` 0 smooths nothing.

    With a `regressor` (see thespis.capture.regressor) its expressions and jaw are taken; head, gaze and lids are read as always.
    """
    footage = open_footage(path)
    followed = follow(footage, tell)
    if not followed.people:
        raise FaceError(f"no face found in {footage.path}; use a video or picture that shows a face from the front, well lit and uncovered")
    amount = 0.0 if footage.still else smooth
    if regressor is None:
        return [perform(person, followed.frames, followed.cuts, footage.fps, amount) for person in followed.people]
    made = []
    for person, code in zip(followed.people, regressor.read(footage, followed.people), strict=True):
        performance = perform(person, followed.frames, followed.cuts, footage.fps, amount, partial(regressor.weights, code))
        rows = np.array([each.frame for each in person])
        made.append(replace(performance, regressed=regressor.track(code, rows, performance.motion)))
    return made


def perform(
    sightings: list[Sighting],
    frames: int,
    cuts: tuple[int, ...],
    fps: Fraction,
    smooth: float,
    change: Callable[[Array], Array] = lambda weights: weights,
) -> Performance:
    """Fit the person to their sightings and read every one of them; `change` may put other weights (n, 51) for the ones that were read."""
    person = rest_of(sightings)
    reader = Reader(person)
    readings = [
        reading
        for begin in range(0, len(sightings), AT_ONCE)
        for reading in reader.read_all(np.stack([each.points for each in sightings[begin : begin + AT_ONCE]]))
    ]
    rows = np.array([each.frame for each in sightings])
    values = np.zeros((frames, FACE.size), np.float32)
    found = np.zeros(frames, np.bool_)
    found[rows] = True
    shots = np.searchsorted(np.asarray(cuts, np.int64), rows, side="right")
    values[rows, : len(SHAPES)] = change(expressions(person, sightings, readings, shots))
    values[rows, FACE.slice("head_rotation")], values[rows, FACE.slice("head_translation")] = heads(readings, shots)
    track = bridge(Track(FACE, values, fps), found)
    open_eyes = found.copy()
    closed = np.maximum(track["eyeBlinkLeft"], track["eyeBlinkRight"]) > CLOSED
    open_eyes &= ~closed
    gaze = np.zeros((frames, len(GAZE)), np.float32)
    gaze[rows] = [reading.gaze for reading in readings]
    usual = open_eyes if open_eyes.any() else found
    gaze -= np.median(gaze[usual], axis=0)
    looked = track.replace(**{name: gaze[:, number] for number, name in enumerate(GAZE)})
    looked = bridge(looked, usual)
    track = track.replace(**{name: looked[name] for name in GAZE})
    if smooth > 0:
        track = quieten(track, cuts, smooth)
    track = lids_without_gaze(track)
    confidence, error = np.zeros(frames, np.float32), np.zeros(frames, np.float32)
    error[rows] = [reading.error for reading in readings]
    confidence[rows] = [sureness(reading) for reading in readings]
    middles = np.array([each.points[:468, :2].mean(axis=0) for each in sightings])
    x, y = np.median(middles, axis=0)
    return Performance(track, found, confidence, error, person, cuts, (float(x), float(y)))


def expressions(person: Person, sightings: list[Sighting], readings: list[Reading], shots: npt.NDArray[np.int64]) -> Array:
    """Find the weights (n, 51): in each shot the calmest frame is what the others are compared with; a single one is fitted plainly."""
    found = np.stack([reading.weights for reading in readings])
    for shot in np.unique(shots):
        members = np.flatnonzero(shots == shot)
        if len(members) < FEWEST:
            continue
        usual = np.median([readings[k].rotation for k in members], axis=0)
        calm = [float(found[k].sum() + TURN_COUNTS * np.linalg.norm(readings[k].rotation - usual)) for k in members]
        witness = Witness(person, sightings[members[int(np.argmin(calm))]])
        found[members] = witness.weights([sightings[k] for k in members], [readings[k] for k in members])
    return found


def heads(readings: list[Reading], shots: npt.NDArray[np.int64]) -> tuple[Array, Array]:
    """Find rotation vectors and translations (n, 3) that carry the median pose to each reading's, as the renderer moves heads.

    Turns are told from the median of all; shifts from that of their shot (n,), since each shot frames the face in its own way.
    """
    rotations = np.stack([reading.rotation for reading in readings]).astype(np.float64)
    offsets = np.stack([reading.offset for reading in readings]).astype(np.float64)
    scales = np.array([reading.scale for reading in readings])
    u, _, vt = np.linalg.svd(np.median(rotations, axis=0))
    usual = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))]) @ vt
    moves = np.zeros((len(readings), 3))
    for shot in np.unique(shots):
        members = shots == shot
        unit = float(np.median(scales[members]))
        moves[members] = offsets[members] / unit + rotations[members] @ NECK - usual @ NECK
        # A face that grows comes nearer; how far depends on the lens, of which nothing is known.
        moves[members, 2] = CAMERA * (unit / scales[members] - 1)
        moves[members] -= np.median(moves[members], axis=0)
    return turn_vectors(rotations @ usual.T).astype(np.float32), moves.astype(np.float32)


def lids_without_gaze(track: Track) -> Track:
    """Take out of the lids' weights what the renderer adds to them as the eyes look up and down."""
    changed = {}
    for side in ("left", "right"):
        pitch, name = track[f"gaze_{side}_pitch"], side.capitalize()
        blink = track[f"eyeBlink{name}"]
        # A closing lid needs nothing of it: it would open again.
        followed = LIDS_FOLLOW * np.maximum(pitch, 0.0) * np.clip(1 - blink / CLOSED, 0.0, 1.0)
        changed[f"eyeBlink{name}"] = np.maximum(blink - followed, 0.0)
        changed[f"eyeWide{name}"] = np.maximum(track[f"eyeWide{name}"] - LIDS_FOLLOW * np.maximum(-pitch, 0.0), 0.0)
    return track.replace(**changed)


def sureness(reading: Reading) -> float:
    """Judge a reading, 0 to 1: a face that is fitted well, turned to the camera and large enough is sure."""
    yaw, _, _ = angles(reading.rotation)
    facing = float(np.clip((TURNED - abs(yaw)) / (TURNED - 20.0), 0.0, 1.0))
    size = min(reading.scale / (2 * SMALLEST), 1.0)
    return float(np.exp(-((reading.error / SURE) ** 2))) * facing * size
