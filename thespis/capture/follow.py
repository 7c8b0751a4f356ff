"""Follow the faces of a video from frame to frame, notice cuts, and tell who is who."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from thespis.capture.evidence import alike, evened
from thespis.capture.faces import find_faces, fit_pose, measure
from thespis.capture.footage import Footage, ahead
from thespis.capture.sighting import Shelf
from thespis.capture.sighting import Sighting as Sighting
from thespis.capture.unwrap import unwrap
from thespis.types import Array, Bytes

BEHIND = 8  # faces that wait to be straightened at most
THUMB = (48, 27)
COARSE = 240  # pixels across that are enough to see a cut
FINEST = 400  # pixels a side of a face's surroundings while it is followed: what the network's 192 need, and no more to copy
CUT_COLOURS, CUT_PICTURE = 0.30, 0.10  # shares of the colours and of the brightness that a cut changes at least
LESS_COLOURS, MORE_PICTURE = 0.2, 0.2  # fewer colours are enough where the brightness changes this much
JUMP = 0.35  # of its own size that a face moves in one frame only where there is a cut
MOST_CHANGE = 1.35  # times its size that a face grows or shrinks in one frame
EVERY = 1.0  # seconds after which the whole picture is searched for people who came in
FORGET = 1.0  # seconds after which a lost face that comes back must be known by its shape
SAME_PERSON, SAME_PLACE = 0.42, 0.65  # how unlike two faces of one person are at most: anywhere, and where one was last seen
SHAPE_COUNTS = 3.0  # how much an eye distance of difference in shape counts beside the correlation of the upper faces
LOOKS = 3  # sightings of a run that are compared
UPPER = np.s_[8:70, 10:-10]  # the part of a view from the forehead to the nostrils
BRIEFEST = 0.2  # seconds a person must be seen
PASSER_BY = 0.35  # of the main face's size below which a face is a passer-by


@dataclass(eq=False)
class Run:
    """One face followed without doubt; `shot` is the number of cuts before it."""

    shot: int
    sightings: list[Sighting] = field(default_factory=list)
    lost: int = 0

    @property
    def place(self) -> tuple[float, float, float]:
        """The middle (x, y) and the size of the last sighting, in pixels."""
        return place_of(self.sightings[-1].points)

    def looks(self) -> list[tuple[Array, Bytes]]:
        """Give the shape (468, 3) of the face and its evened upper view at a few places of the run."""
        chosen = np.unique(np.linspace(0, len(self.sightings) - 1, LOOKS + 2).astype(int)[1:-1])
        return [(straight(self.sightings[k].points), evened(self.sightings[k].view)[UPPER]) for k in chosen]


@dataclass(frozen=True, eq=False)
class Followed:
    """What was seen: for each person, from left to right, the sightings in order; the frames at which cuts are; how many frames."""

    people: list[list[Sighting]]
    cuts: tuple[int, ...]
    frames: int


def straight(points: Array) -> Array:
    """Turn points (478, 3) in pixels into the face's own axes (468, 3), in eye distances."""
    rotation, scale, offset = fit_pose(points)
    return np.asarray((points[:468] - offset) / scale @ rotation, np.float32)


def unlike(one: tuple[Array, Bytes], other: tuple[Array, Bytes]) -> float:
    """Compare two looks at faces by what expressions change least -> 0 where they are the same, about 0.8 for two people."""
    shape = float(np.linalg.norm((one[0] - other[0])[STEADY, :2], axis=1).mean())
    return 1 - alike(one[1], other[1]) + SHAPE_COUNTS * shape


STEADY = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 234, 127, 162, 21, 54, 103, 67, 109, 151, 9, 8, 168, 6, 197, 195, 5, 4, 1, 19, 94, 2,
    33, 133, 362, 263, 98, 327, 129, 358, 48, 278, 115, 344, 193, 417, 122, 351, 116, 345, 123, 352, 93, 323, 132, 361,
]  # fmt: skip


class Looking:
    """Straightens faces in a thread beside the one that measures them; the views are there once `done` has returned."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._worker = ThreadPoolExecutor(1)
        self._jobs: deque[Future[None]] = deque()
        self._shelf = Shelf()

    def sighting(self, frame: int, points: Array, image: Bytes) -> Sighting:
        """Note a face, whose view is filled in later."""
        noted = self._shelf.add(frame, points)
        self._jobs.append(self._worker.submit(lambda: self._shelf.complete(noted, unwrap(image, *fit_pose(points)))))
        if len(self._jobs) > BEHIND:  # each holds a whole picture
            self._jobs.popleft().result()
        return noted

    def done(self) -> None:
        """Wait for the views, and raise what went wrong with one."""
        self._worker.shutdown()
        for job in self._jobs:
            job.result()


class CutFinder:
    """Notices cuts by how much the colours and the small picture change at once."""

    def __init__(self) -> None:
        """Begin without a picture."""
        self._before: tuple[Array, Array] | None = None
        self._usual = 0.0
        self.change = 0.0

    def watch(self, images: Iterable[Bytes]) -> Iterator[tuple[Bytes, bool, float]]:
        """Give each picture with whether it begins another shot and how much it differs from the one before."""
        for image in images:
            yield image, self(image), self.change

    def __call__(self, image: Bytes) -> bool:
        """Look at the next picture; whether it begins another shot."""
        step = max(image.shape[1] // COARSE, 1)
        thumb = cv2.resize(np.ascontiguousarray(image[::step, ::step]), THUMB, interpolation=cv2.INTER_AREA)
        levels = thumb.reshape(-1, 3) // np.uint8(22) + np.array([0, 12, 24], np.uint8)
        colours = np.bincount(levels.ravel(), minlength=36) / levels.size
        small = thumb.astype(np.float32) / 255
        before, self._before = self._before, (small, colours.astype(np.float32))
        if before is None:
            return False
        self.change = float(np.abs(small - before[0]).mean())
        moved = float(np.abs(colours - before[1]).sum()) / 2
        much = moved > CUT_COLOURS or (moved > LESS_COLOURS and self.change > MORE_PICTURE)
        cut = much and self.change > max(CUT_PICTURE, 4 * self._usual)
        if not cut:
            self._usual = 0.9 * self._usual + 0.1 * self.change
        return cut


def follow(footage: Footage, tell: Callable[[int], None] = lambda _: None) -> Followed:
    """Follow every face through the footage; `tell` hears of each frame."""
    runs: list[Run] = []
    cuts: list[int] = []
    cut_finder = CutFinder()
    second = max(round(footage.fps), 1)
    frame = -1
    searched = -second
    looking = Looking()
    for frame, (image, cut, change) in enumerate(ahead(cut_finder.watch(footage))):
        live = [run for run in runs if run.shot == len(cuts) and run.lost <= FORGET * second]
        seen = [] if cut else [run for run in live if not run.lost and again(run, frame, image, looking)]
        gone = [run for run in live if run not in seen]
        # Where the picture changes a little and every face is elsewhere, one take was cut into.
        cut = cut or (bool(gone) and not seen and all(not run.lost for run in gone) and change > CUT_PICTURE / 2)
        if cut:
            cuts.append(frame)
            gone = []
        for run in gone:
            run.lost += 1
        lately = any(run.lost <= 3 for run in gone)
        if cut or lately or frame - searched >= (EVERY * second if seen else max(second // 6, 1)):
            searched = frame
            find_others(image, frame, gone, seen, runs, len(cuts), looking)
        tell(1)
    looking.done()
    return Followed(people_of(runs, footage), tuple(cuts), frame + 1)


def again(run: Run, frame: int, image: Bytes, looking: Looking) -> bool:
    """Measure a face again in the surroundings of where it was; whether it is there."""
    x, y, size = run.place
    points = measure(image, x, y, 0.9 * size, FINEST)
    if points is None:
        return False
    there = place_of(points)
    if np.hypot(there[0] - x, there[1] - y) > JUMP * size or not size / MOST_CHANGE < there[2] < size * MOST_CHANGE:
        return False
    run.sightings.append(looking.sighting(frame, points, image))
    return True


def sighting(frame: int, points: Array, image: Bytes) -> Sighting:
    """Note a face."""
    return Sighting(frame, points, unwrap(image, *fit_pose(points)))


def find_others(image: Bytes, frame: int, gone: list[Run], seen: list[Run], runs: list[Run], shot: int, looking: Looking) -> None:
    """Search the whole picture for faces that are not followed yet: those that were lost lately go on, others begin."""
    for face in find_faces(image, [run.place for run in seen]):
        x, y, size = place_of(face.points)
        if any(np.hypot(x - run.place[0], y - run.place[1]) < 0.5 * max(size, run.place[2]) for run in seen):
            continue
        away = {id(run): float(np.hypot(x - run.place[0], y - run.place[1])) / run.place[2] for run in gone if run not in seen}
        near = [run for run in gone if away.get(id(run), 9.0) < 1.5]
        run = min(near, key=lambda run: away[id(run)]) if near else Run(shot)
        if not near:
            runs.append(run)
        run.sightings.append(looking.sighting(frame, face.points, image))
        run.lost = 0
        seen.append(run)


def place_of(points: Array) -> tuple[float, float, float]:
    """Give the middle (x, y) and the size of a face with the points (478, 3), in pixels."""
    low, high = points[:468, :2].min(axis=0), points[:468, :2].max(axis=0)
    return float(low[0] + high[0]) / 2, float(low[1] + high[1]) / 2, float((high - low).max())


def people_of(runs: list[Run], footage: Footage) -> list[list[Sighting]]:
    """Put the runs of one person together, leave passers-by out, and order the people from left to right."""
    people: list[list[Run]] = []
    looks = {id(run): run.looks() for run in runs}
    for run in sorted(runs, key=lambda run: -len(run.sightings)):
        frames = {each.frame for each in run.sightings}
        best: tuple[float, list[Run]] | None = None
        for person in people:
            if any(not frames.isdisjoint(each.frame for each in other.sightings) for other in person):
                continue
            for other in person:
                apart = min(unlike(one, two) for one in looks[id(run)] for two in looks[id(other)])
                stays = other.shot == run.shot and close_by(run, other)
                limit = SAME_PLACE if stays else SAME_PERSON
                if apart < limit and (best is None or apart / limit < best[0]):
                    best = apart / limit, person
        if best is None:
            people.append([run])
        else:
            best[1].append(run)
    gathered = [sorted((each for run in person for each in run.sightings), key=lambda each: each.frame) for person in people]
    least = max(round(BRIEFEST * footage.fps), 2)
    lasting = [person for person in gathered if len(person) >= least] or gathered
    sizes = [float(np.median([fit_pose(each.points)[1] for each in person[:: max(len(person) // 20, 1)]])) for person in lasting]
    largest = max(sizes, default=0.0)
    kept = [person for person, size in zip(lasting, sizes, strict=True) if size > PASSER_BY * largest]
    return sorted(kept, key=lambda person: float(np.median([each.points[:468, 0].mean() for each in person])))


def close_by(run: Run, other: Run) -> bool:
    """Tell whether a run begins about where another one of the same shot is in time and space."""
    first, second = sorted((run, other), key=lambda each: each.sightings[0].frame)
    x, y, size = first.place
    begin = Run(0, second.sightings[:1]).place
    return bool(np.hypot(begin[0] - x, begin[1] - y) < 1.0 * size)
