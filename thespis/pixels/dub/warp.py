"""New lips on a video by warping its own frames: the lower face goes where other weights put it, and the mouth's inside is drawn.

What is drawn is the frame itself, moved: its light, its grain and its blur stay. Pixels that nothing moves are not touched.
"""

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import fit_pose
from thespis.capture.sighting import Sighting
from thespis.head.person import Person
from thespis.pixels.close_up import FAR, Mesh, draw_mouth, near_by
from thespis.pixels.inside import Inside, inside_of, within
from thespis.pixels.layers import Triangles, smoothstep
from thespis.pixels.lips import meet
from thespis.pixels.puppet import Posed
from thespis.pixels.raster import draw, packed
from thespis.types import Array, Bytes

LOWER = ("jawOpen", "mouthClose", "mouthPucker", "mouthFunnel", "mouthShrugLower", "mouthLowerDownLeft", "mouthLowerDownRight")
"""The weights that tell which points of the face a dubbed mouth moves."""

MOVES = (0.02, 0.10)  # eye distances a full weight moves a point, from which it begins to be carried, and from which entirely
RING = 0.45  # how far beyond the outline the picture gives way, as a share of the face's half width
LEAST = 0.05  # pixels; what moves less is left alone
SLOW = 0.4  # seconds over which what the shapes cannot say about a face is averaged
FADE = 0.12  # seconds in which lips begin and end to be dubbed where the face is lost
SURE = (0.08, 0.3)  # of the confidence of a row, between which its lips come to be dubbed
MARGIN = 6  # pixels around what is drawn
ROOM = 0.25  # of the size of a mouth, around it, that is drawn twice as fine
LOOKS, LOOKED_THROUGH = 8, 3000  # frames in which the mouth's light is read, and among how many they are chosen

Doubles = npt.NDArray[np.float64]


def slowly(values: Doubles, rows: npt.NDArray[np.int64], shots: npt.NDArray[np.int64], reach: float) -> Doubles:
    """Average values (n, ...) seen in `rows` (n,) over `reach` rows to either side by a bell, within the shot (n,) of each."""
    made = np.empty_like(values)
    for shot in np.unique(shots):
        members = np.flatnonzero(shots == shot)
        times = rows[members].astype(np.float64)
        for at, member in enumerate(members):
            low, high = np.searchsorted(times, [times[at] - reach, times[at] + reach])
            bell = 0.5 + 0.5 * np.cos(np.pi * (times[low : high + 1] - times[at]) / max(reach + 1, 1))
            chosen = values[members[low : high + 1]]
            made[member] = np.tensordot(bell / bell.sum(), chosen[: len(bell)], axes=1)
    return made


def carried(person: Person) -> Array:
    """Tell how much each point (468,) of the face is carried by a dubbed mouth, from 0 to 1."""
    names = person.shapes.names
    reach = np.max([np.linalg.norm(person.fields[names.index(name)], axis=1) for name in LOWER], axis=0)
    return smoothstep(*MOVES, reach)


class Dub:
    """One person of a video whose lips are replaced, frame by frame."""

    def __init__(
        self, person: Person, sightings: list[Sighting], motion: Array, confidence: Array, cuts: tuple[int, ...], fps: float
    ) -> None:
        """Look through what was seen of a person; `motion` (rows, FACE.size) is what was read from it, `confidence` (rows,) how surely."""
        self.person, self.shapes = person, person.shapes
        self.weight = carried(person)
        rows = np.array([each.frame for each in sightings])
        shots = np.searchsorted(np.asarray(cuts, np.int64), rows, side="right")
        poses = [fit_pose(each.points) for each in sightings]
        own = np.stack([(each.points[:468] - o) / unit @ turn for each, (turn, unit, o) in zip(sightings, poses, strict=True)])
        told = person.rest + np.einsum("nk,kij->nij", motion[rows, : len(self.shapes.names)], person.fields)
        # What the shapes cannot say of this face, and the pose does not take out, changes slowly; what trembles is left out.
        unsaid = slowly(own - told, rows, shots, SLOW * fps)
        # Of it the lips share theirs: a gap that was left over would keep closures open.
        upper, lower = self.shapes.lips_inner_upper, self.shapes.lips_inner_lower
        unsaid[:, upper] = unsaid[:, lower] = (unsaid[:, upper] + unsaid[:, lower]) / 2
        self._rest = dict(zip(rows.tolist(), person.rest + unsaid, strict=True))
        self._own = dict(zip(rows.tolist(), own, strict=True))
        self._poses = dict(zip(rows.tolist(), poses, strict=True))
        self._points = {each.frame: each.points for each in sightings}
        self._share = shares(rows, confidence, cuts, len(motion), FADE * fps)
        self._ring = self._around()
        self._atlas = np.zeros((0, 0, 4), np.uint8)
        self._inside: Inside | None = None
        self.telling = self._telling(own, rows, confidence)

    def _telling(self, own: Array, rows: npt.NDArray[np.int64], confidence: Array) -> tuple[int, ...]:
        """Choose frames that tell how the mouth is lit: surely seen, each the most open one of its part of the first minutes."""
        gap = own[:, self.shapes.lips_inner_lower[3:-3], 1] - own[:, self.shapes.lips_inner_upper[3:-3], 1]
        open_and_sure = (gap.mean(axis=1) * confidence[rows])[:LOOKED_THROUGH]
        parts = np.array_split(np.arange(len(open_and_sure)), min(LOOKS, len(open_and_sure)))
        return tuple(int(rows[part[int(np.argmax(open_and_sure[part]))]]) for part in parts)

    def _around(self) -> Triangles:
        """Triangulate between the outline of the face and a ring around it, numbered after the 468 points."""
        oval, count = self.shapes.oval, len(self.shapes.oval)
        here, there = np.arange(count), np.roll(np.arange(count), -1)
        first = np.stack([oval[here], oval[there], 468 + here], axis=1)
        second = np.stack([oval[there], 468 + there, 468 + here], axis=1)
        return np.asarray(np.concatenate([first, second]), np.int32)

    def look(self, footage: Iterable[Bytes]) -> None:
        """Read light, teeth and lips from the `telling` frames; where the teeth are brightest they are seen best."""
        for number, image in enumerate(footage):
            if number in self.telling:
                found = inside_of(self.person, image, self._points[number])
                if self._inside is None or found.bright > self._inside.bright:
                    self._inside = found
            if number >= self.telling[-1]:
                break

    def draw(self, frame: int, weights: Array, image: Bytes, amount: float = 1.0) -> bool:
        """Give the face of a frame (h, w, 3) the lips of a row of the Space `face`, in place; False where there is nothing to dub.

        With an `amount` below 1 they go so much of the way only.
        """
        share = amount * float(self._share[frame]) if frame in self._own else 0.0
        if share <= 0 or self._inside is None:
            return False
        turn, unit, offset = self._poses[frame]
        own = self._own[frame]
        moved = np.einsum("k,kij->ij", weights[: len(self.shapes.names)], self.person.fields)
        moved = meet(self.shapes, self._rest[frame].astype(np.float32), np.asarray(moved, np.float32), np.array([0, 1, 0], np.float32))
        wanted = own + (self.weight * share)[:, None] * (self._rest[frame] + moved - own)
        shown = wanted @ turn.T * unit + offset
        points = self._points[frame][:468]
        height, width = image.shape[:2]
        # What lies beyond the frame's edges is not known: there the picture gives way up to the edge only.
        ring = np.clip(self._beyond(points), 0, np.array([width - 1, height - 1], np.float32))
        before, after = np.concatenate([points[:, :2], ring]), np.concatenate([shown[:, :2], ring])
        depth = np.concatenate([shown[:, 2] / unit, np.full(len(self.shapes.oval), float(shown[:, 2].max()) / unit)])
        apart = np.abs(after - before).max(axis=1) > LEAST
        triangles = np.concatenate([self._ring, self.shapes.triangles])
        triangles = triangles[apart[triangles].any(axis=1)]
        if not len(triangles):
            return False
        used = np.concatenate([before[triangles].reshape(-1, 2), after[triangles].reshape(-1, 2)])
        left, top = (max(int(edge) - MARGIN, 0) for edge in used.min(axis=0))
        right, bottom = min(int(used[:, 0].max()) + MARGIN, width), min(int(used[:, 1].max()) + MARGIN, height)
        if right - left < 8 or bottom - top < 8:
            return False
        corner = np.array([left, top], np.float32)
        atlas = self._filled(image[top:bottom, left:right], before[triangles].reshape(-1, 2).max(axis=0) - corner)
        region = np.ascontiguousarray(image[top:bottom, left:right])
        posed = Posed(
            np.ascontiguousarray(after - corner, np.float32),
            np.ascontiguousarray(depth, np.float32),
            np.ascontiguousarray(before - corner, np.float32),
        )
        light, nearest = np.ones(len(posed.place), np.float32), np.full(region.shape[:2], FAR, np.float32)
        draw(posed.place, posed.depth, light, posed.source, np.ascontiguousarray(triangles), packed(atlas), region, nearest, False)
        self._mouth(
            region, posed, atlas, within(self._inside, self.person, weights, wanted) @ turn.T * unit + offset - np.append(corner, 0), unit
        )
        image[top:bottom, left:right] = region
        return True

    def _beyond(self, points: Array) -> Array:
        """Give the ring (36, 2) around the outline of a face with these points (468, 3), in pixels, that does not move."""
        outline = points[self.shapes.oval, :2]
        return np.asarray(outline + RING * (outline - outline.mean(axis=0)), np.float32)

    def _filled(self, region: Bytes, farthest: Array) -> Bytes:
        """Put a part of the frame (h, w, 3) into the atlas, beneath it the mouth's own sheet; it is read up to `farthest` (x, y)."""
        assert self._inside is not None
        sheet = self._inside.sheet
        height, width = region.shape[:2]
        # The reader takes four pixels at a time, and a face that the frame cuts off is read beyond the frame's edge: its last pixels go on.
        wide, high = (max(int(far) + 2, whole + 1) for far, whole in zip(farthest.tolist(), (width, height), strict=True))
        if high + 1 + sheet.shape[0] > self._atlas.shape[0] or max(wide + 1, sheet.shape[1]) > self._atlas.shape[1]:
            size = int(1.2 * high) + 1 + sheet.shape[0], max(int(1.2 * wide) + 1, sheet.shape[1])
            self._atlas = np.zeros((*size, 4), np.uint8)
            self._atlas[-sheet.shape[0] :, : sheet.shape[1]] = sheet
        self._atlas[:height, :width, :3] = region
        self._atlas[:height, :width, 3] = 255
        self._atlas[height:high, :width] = self._atlas[height - 1, :width]
        self._atlas[:high, width:wide] = self._atlas[:high, width - 1 : width]
        return self._atlas

    def _mouth(self, region: Bytes, posed: Posed, atlas: Bytes, within: Array, unit: float) -> None:
        """Draw lips and mouth again at twice the fineness, with what is inside: `within` (n, 3) in pixels."""
        assert self._inside is not None
        inside, shapes = self._inside, self.shapes
        ring = posed.place[shapes.lips_outer]
        near = near_by(region, ring, ROOM * float((ring.max(axis=0) - ring.min(axis=0)).max()))
        if near is None:
            return
        count = len(posed.place)
        below = np.array([0, atlas.shape[0] - inside.sheet.shape[0]], np.float32)
        mesh = Mesh(
            near.finer(np.concatenate([posed.place, within[:, :2]])),
            np.concatenate([posed.depth, within[:, 2] / unit + inside.behind]).astype(np.float32),
            np.concatenate([np.ones(count, np.float32), inside.light]),
            np.ascontiguousarray(np.concatenate([posed.source, inside.source + below]), np.float32),
            atlas,
        )
        face = np.asarray(shapes.triangles, np.int32)
        size = np.array(near.fine.shape[1::-1], np.float32)
        face = face[((mesh.place[face] > -MARGIN) & (mesh.place[face] < size + MARGIN)).all(axis=(1, 2))]
        draw_mouth(near, mesh, face, np.ascontiguousarray(inside.triangles + count, np.int32), shapes, inside.lips, 2 * unit)
        near.shrink(region)


def shares(rows: npt.ArrayLike, confidence: Array, cuts: tuple[int, ...], count: int, fade: float) -> Array:
    """Tell how much of each row (count,) is dubbed: all where the face is surely seen, fading out where it is lost, not across cuts."""
    wanted = np.zeros(count, np.float32)
    seen = np.asarray(rows, np.int64)
    wanted[seen] = smoothstep(*SURE, confidence[seen])
    edges = [0, *cuts, count]
    reach = max(round(fade), 1)
    for first, stop in pairwise(edges):
        part = wanted[first:stop]
        if not len(part):
            continue
        # The least of what lies near, so that a lost face is left before it is gone; then evened.
        padded = np.pad(part, reach, mode="edge")
        least = np.min([padded[shift : shift + len(part)] for shift in range(2 * reach + 1)], axis=0)
        bell = np.hanning(2 * reach + 3)[1:-1]
        wanted[first:stop] = np.convolve(np.pad(least, reach, mode="edge"), bell / bell.sum(), mode="valid")
    return wanted
