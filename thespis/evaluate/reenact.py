"""Re-enactment: the first good frame of a real clip, driven by the clip's own tracked motion, beside what really happened.

Two baselines tell what that is worth: the first frame left as it is, and the first frame laid over each later face by a similarity.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from thespis.capture.evidence import RIGID, evened
from thespis.capture.faces import SMALLEST, face_at, fit_pose, measure
from thespis.capture.follow import FINEST, straight, unlike
from thespis.capture.footage import ahead, open_footage
from thespis.capture.performance import Performance, perform
from thespis.capture.placed import flat_similarity
from thespis.capture.sighting import Sighting
from thespis.capture.unwrap import unwrap
from thespis.errors import FaceError
from thespis.evaluate.footage import followed
from thespis.evaluate.likeness import Mask, background, points_apart, regions, signal_to_noise, structure, trembling
from thespis.head.shapes import Indices, load_shapes
from thespis.motion.rotations import matrices, turn_vectors
from thespis.motion.spaces.face import FACE
from thespis.pixels.crop import same_window, through
from thespis.pixels.surface import driven_by
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait, Track

MOST_TURNED = 20.0  # degrees between the head in the first frame and in a frame that counts
TOGETHER = 3  # frames in a row, so that what flickers can be told
OPEN = 0.6  # of the usual opening of the lids, from which eyes count as open
SURE = 0.5  # of the usual confidence, from which a frame is good
Drive = Literal["points", "weights"]
"""What moves the skin: the tracked points themselves, or the 51 weights that fit them and that would drive any other face."""

DRAWN, ALIGNED, LEFT = "drawn", "aligned", "left"
METHODS = (DRAWN, ALIGNED, LEFT)
"""What is compared with the clip: our drawing, the first frame aligned by a similarity, the first frame as it is."""


@dataclass(frozen=True, eq=False)
class Scene:
    """A clip made ready: the person, the sightings of their first shot by frame, the first good frame, and the frames that count."""

    path: Path
    performance: Performance
    sightings: dict[int, Sighting]
    first: int
    chosen: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Pictures:
    """One frame of a clip in the frame of the drawing: the real one and what stands in for it, each (height, width, 3), by method."""

    frame: int
    real: Bytes
    methods: dict[str, Bytes]


@dataclass(frozen=True)
class Result:
    """The figures of one clip.

    `landmarks` are errors by group in per cent of the eye distance, of our drawing; `floor` is how far the real frame's own points are from
    those of the tracking, the noise of measuring; `noise` and `alike` are decibels and structural similarity by method and region;
    `identity` and `own_identity` are how unlike the first frame the drawn and the real faces are; `flicker` and `own_flicker` are second
    differences of the background, `tremble` and `own_tremble` of the face, in grey levels.
    """

    name: str
    frames: int
    first: int
    landmarks: dict[str, float]
    floor: dict[str, float]
    left_landmarks: dict[str, float]
    noise: dict[str, dict[str, float]]
    alike: dict[str, dict[str, float]]
    identity: float
    own_identity: float
    flicker: float
    own_flicker: float
    tremble: float
    own_tremble: float
    worst: tuple[int, ...] = ()
    lost: int = 0

    def gain(self, region: str) -> float:
        """Tell by how many decibels a region of the drawing is nearer to the clip than the aligned first frame."""
        return self.noise[DRAWN][region] - self.noise[ALIGNED][region]

    def likeness_gain(self, region: str) -> float:
        """Tell by how much structural similarity a region of the drawing is nearer to the clip than the aligned first frame."""
        return self.alike[DRAWN][region] - self.alike[ALIGNED][region]


def scene_of(path: Path, kept: Path | None, groups: int, tell: Callable[[int], None] = lambda _: None) -> Scene:
    """Track a clip and choose its frames: `groups` times three in a row, spread over all that show the head within 20 degrees."""
    footage = open_footage(path)
    seen = followed(path, kept, tell)
    if not seen.people:
        raise FaceError(f"no face found in {path.name}")
    # Of several people the one who is largest for longest.
    main = max(seen.people, key=lambda person: sum(fit_pose(each.points)[1] for each in person[:: max(len(person) // 20, 1)]) * len(person))
    performance = perform(main, seen.frames, seen.cuts, footage.fps, 1.0)
    first = first_good(main, performance, path.name)
    end = min((cut for cut in seen.cuts if cut > first), default=seen.frames)
    shot = {each.frame: each for each in main if first <= each.frame < end}
    turns = matrices(performance.motion["head_rotation"])
    cosines = (np.trace(np.einsum("nij,kj->nik", turns, turns[first]), axis1=1, axis2=2) - 1) / 2
    near = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0))) <= MOST_TURNED
    begins = [frame for frame in shot if frame > first and all(k in shot and near[k] for k in range(frame, frame + TOGETHER))]
    if len(begins) < TOGETHER:
        raise FaceError(f"{path.name} shows its first good face for too short a time to be compared")
    picked = np.unique(np.linspace(0, len(begins) - 1, groups).astype(int))
    chosen = sorted({frame + k for frame in (begins[number] for number in picked) for k in range(TOGETHER)})
    return Scene(path, performance, shot, first, tuple(chosen))


def first_good(sightings: list[Sighting], performance: Performance, name: str) -> int:
    """Find the first frame that would make a portrait: large enough, sure, turned to the camera, with open eyes."""
    shapes = load_shapes()
    opening = np.array([lid_gap(each.points, shapes.eye_left_upper, shapes.eye_left_lower) for each in sightings])
    usual, sure = float(np.median(opening)), SURE * float(np.median(performance.confidence[performance.found]))
    for each, gap in zip(sightings, opening, strict=True):
        face = face_at(each.points)
        facing = abs(face.yaw) < 35 and abs(face.pitch) < 30 and face.scale >= SMALLEST
        if facing and gap >= OPEN * usual and performance.confidence[each.frame] >= sure:
            return each.frame
    raise FaceError(f"no frame of {name} would make a portrait: the face is too small or turned away, or its eyes are closed")


def lid_gap(points: Array, upper: Indices, lower: Indices) -> float:
    """Measure how far lids are apart in points (478, 3), beside the width of the eye."""
    apart = np.linalg.norm(points[lower[2:-2], :2] - points[upper[2:-2], :2], axis=1).mean()
    return float(apart / max(float(np.linalg.norm(points[upper[0], :2] - points[upper[-1], :2])), 1e-6))


def from_first(motion: Track, first: int) -> Track:
    """Tell head and gaze from those of the first good frame, which the portrait shows, instead of from the usual ones."""
    turns = matrices(motion["head_rotation"])
    head = turn_vectors(np.einsum("nij,kj->nik", turns, turns[first]))
    moved = motion["head_translation"] - motion["head_translation"][first]
    gaze = {name: motion[name] - motion[name][first] for name in FACE.names if name.startswith("gaze_")}
    return motion.replace(head_rotation=head, head_translation=moved, **gaze)


def portrait_of(scene: Scene, picture: Bytes) -> Portrait:
    """Make the first good frame a portrait."""
    return Portrait((picture,), name=scene.path.name, points=scene.sightings[scene.first].points)


def play(scene: Scene, size: int, drive: Drive) -> Iterator[tuple[Pictures, Canvas]]:
    """Draw the chosen frames of a scene, `size` pixels a side, each beside the real one and the two baselines."""
    renderer = Warp(size)
    motion = from_first(scene.performance.motion, scene.first)
    driven = motion if drive == "weights" else driven_by(motion, scene.sightings, scene.first)
    chosen, canvas, first_points = set(scene.chosen), None, scene.sightings[scene.first].points
    for frame, picture in enumerate(ahead(iter(open_footage(scene.path)))):
        if frame == scene.first:
            canvas = renderer.start(portrait_of(scene, picture), Direction())
        if canvas is not None and frame in chosen:
            framing = canvas.puppet.framing
            drawn = np.zeros((framing.height, framing.width, 3), np.uint8)
            row = driven.values[frame]
            draw_frame(canvas, row[: FACE.size], drawn, row[FACE.size :].reshape(-1, 3) if drive == "points" else None)
            move = similarity(framing.to_frame(first_points), framing.to_frame(scene.sightings[frame].points))
            stills = {DRAWN: drawn, ALIGNED: through(framing, move), LEFT: through(framing)}
            yield Pictures(frame, through(same_window(framing, picture)), stills), canvas
        if frame >= max(scene.chosen):
            return


def similarity(one: Array, other: Array) -> Array:
    """Find the shift, turn and growth (2, 3) that carry the firm points of a face (478, 3) nearest to those of another."""
    matrix, shift, _ = flat_similarity(one[list(RIGID), :2].astype(np.float64), other[list(RIGID), :2].astype(np.float64))
    return np.asarray(np.concatenate([matrix, shift[:, None]], axis=1), np.float32)


@dataclass
class Tally:
    """Collects the figures of a clip frame by frame; `tells` keeps (error, frame) for the worst."""

    landmarks: list[dict[str, float]] = field(default_factory=list)
    floor: list[dict[str, float]] = field(default_factory=list)
    left: list[dict[str, float]] = field(default_factory=list)
    noise: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {name: [] for name in METHODS})
    alike: dict[str, list[dict[str, float]]] = field(default_factory=lambda: {name: [] for name in METHODS})
    identity: list[tuple[float, float]] = field(default_factory=list)
    tells: list[tuple[float, int]] = field(default_factory=list)
    reals: list[Bytes] = field(default_factory=list)
    drawn: list[Bytes] = field(default_factory=list)
    faces: list[Mask] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    lost: int = 0


def look(picture: Bytes, near: Array) -> Array | None:
    """Measure the face of a picture (height, width, 3) near where points (478, 3) say it is -> points (478, 3)."""
    low, high = near[:468, :2].min(axis=0), near[:468, :2].max(axis=0)
    x, y = (low + high) / 2
    return measure(picture, float(x), float(y), 0.9 * float((high - low).max()), FINEST)


def compare(scene: Scene, size: int, drive: Drive = "points", *, show: Callable[[Pictures, float], None] = lambda *_: None) -> Result:
    """Draw and judge a clip; `show` gets the pictures of every frame and the error of its landmarks in per cent of the eye distance."""
    tally, first_look = Tally(), None
    for pictures, canvas in play(scene, size, drive):
        framing = canvas.puppet.framing
        unit = float(canvas.puppet.unit)
        if first_look is None:
            first_look = look_of(through(framing), framing.to_frame(scene.sightings[scene.first].points))
        placed = framing.to_frame(scene.sightings[pictures.frame].points)
        error = judge(pictures, placed, unit, tally, first_look)
        show(pictures, error)
    return result_of(scene, tally)


def look_of(picture: Bytes, points: Array) -> tuple[Array, Bytes]:
    """Take what tells people apart from a picture (height, width, 3) with a face at points (478, 3): its shape and its upper half."""
    return straight(points), evened(unwrap(picture, *fit_pose(points)))[8:70, 10:-10]


def judge(pictures: Pictures, placed: Array, unit: float, tally: Tally, first_look: tuple[Array, Bytes]) -> float:
    """Judge one frame, whose tracked points in the frame are `placed` (478, 3), and add it to the tally -> the error of its landmarks."""
    real, drawn = pictures.real, pictures.methods[DRAWN]
    own = look(real, placed)
    found = look(drawn, placed)
    masks = regions(placed, unit, real.shape)
    for name, picture in pictures.methods.items():
        tally.noise[name].append({region: signal_to_noise(real, picture, mask) for region, mask in masks.items() if mask.any()})
        like = structure(real, picture)
        tally.alike[name].append({region: float(like[mask].mean()) for region, mask in masks.items() if mask.any()})
    tally.reals.append(real)
    tally.drawn.append(drawn)
    tally.faces.append(masks["face"])
    tally.frames.append(pictures.frame)
    if own is None or found is None:
        tally.lost += 1
        return 0.0
    apart = points_apart(found, own, unit)
    tally.landmarks.append(apart)
    tally.floor.append(points_apart(own, placed, unit))
    left = look(pictures.methods[ALIGNED], placed)
    if left is not None:
        tally.left.append(points_apart(left, own, unit))
    tally.identity.append((unlike(look_of(drawn, found), first_look), unlike(look_of(real, own), first_look)))
    tally.tells.append((apart["all"] + apart["lips"], pictures.frame))
    return apart["all"]


def average(rows: list[dict[str, float]]) -> dict[str, float]:
    """Average figures by name."""
    names = {name for row in rows for name in row}
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in sorted(names)}


def result_of(scene: Scene, tally: Tally) -> Result:
    """Sum up a clip."""
    if not tally.landmarks:
        raise FaceError(f"the face in {scene.path.name} is not found again in its own frames")
    still = background(tally.reals, tally.faces)
    face = np.all(tally.faces, axis=0)
    triples = [k for k in range(len(tally.frames) - 2) if tally.frames[k + 2] - tally.frames[k] == 2]

    def shaking(pictures: list[Bytes], mask: Mask) -> float:
        return float(np.mean([trembling(pictures[k : k + 3], mask) for k in triples]))

    identity = np.mean(tally.identity, axis=0)
    return Result(
        name=scene.path.name,
        frames=len(tally.frames),
        first=scene.first,
        landmarks=average(tally.landmarks),
        floor=average(tally.floor),
        left_landmarks=average(tally.left),
        noise={name: average(rows) for name, rows in tally.noise.items()},
        alike={name: average(rows) for name, rows in tally.alike.items()},
        identity=float(identity[0]),
        own_identity=float(identity[1]),
        flicker=shaking(tally.drawn, still),
        own_flicker=shaking(tally.reals, still),
        tremble=shaking(tally.drawn, face),
        own_tremble=shaking(tally.reals, face),
        worst=tuple(frame for _, frame in sorted(tally.tells, reverse=True)[:3]),
        lost=tally.lost,
    )
