"""Strands that would stay on the wall around a head that turns: what stands before a plain wall and ends there goes along, whole."""

from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.banded import Banded
from thespis.pixels.channels import strongest, weighed
from thespis.pixels.diffuse import diffuse
from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
RIM, BAND = 0.05, 0.6  # eye distances beside the person from which on the wall is looked at, and within which all of a strand lies
WIDE, MEDIAN = 0.16, 5  # eye distances across, and pixels, of the surroundings whose median is the wall
AROUND, CLEAR, MOST = 1.0, 0.1, 12.0
"""Eye distances to each side in which a wall's grain is told, and from the person on; grey levels that count of each pixel at most."""
FEW = 0.8  # of it that is left without its lines, if they are not its grain
COARSE = 4  # pixels a side of the cells in which that is told
UNKNOWN = 0.003  # of what lies around that must be wall, or its grain is as much as may be
PLAIN = (1.8, 2.8)  # grey levels of grain from which on, and from which on surely, a wall is too rough to tell what stands before it
EVEN = (20.0, 45.0)  # grey levels by which a wall varies within the width of that median: more is an edge of something there
FAINT, SEEN = (3.0, 2.0), (6.0, 3.5)  # grey levels, and times the grain, by which all of a strand and something of it stands out
LINE, RUN, WAYS = 10.0, 0.11, 12  # grey levels of a line of the wall, eye distances of half a straight run of it, and ways that it may lead
AWAY, LONG = 0.9, 0.5  # eye distances from the person that such a line leads to, or that it is long if it is not in the person's colours
GAP, LARGEST = 0.12, 0.06  # eye distances that a strand may be lost from sight for, and square eye distances that it has at most
THICK, CORE = 0.025, 0.4  # eye distances that half of its core is wide at most, which is so far from the wall's colour to the person's
FARTHER, CLUMP, CLUMPED = 0.8, (0.01, 0.3), (0.6, 0.15, 0.3, 0.02)
"""Eye distances instead of those before bands that are rough; square ones that are seen of a clump of hair there at least, and that it has
at most; and how much of it is clearly seen and how much bold, and how much may be broad and lead farther."""
ROOM = 0.03  # eye distances around it that are filled in too
ALIKE = 48.0  # of 441: how far from the person's colours that is at most which the picture's edge cuts off
TOWARDS = 0.8  # of what differs from a wall leads to the person's colours if it is theirs
NEARBY, SMALL, BOLDEST = 0.35, 0.03, 45.0
"""Eye distances from the person within which a speck lies, square ones that it has at most, and its grey levels: a letter has more."""
LOW = (1.0, 1.5)  # grey levels, and times the grain, by which a wall differs from its surroundings
APART = 24.0  # of 441: how far apart in colour person and wall are at least
LEAST = 0.01  # of a strand that is to be seen


@dataclass(frozen=True, eq=False)
class Wall:
    """The wall around a person, its colours without what is thin (`behind`), and the person's `own` beside it (h, w, 3).

    Each pixel lies so many eye distances `apart` (h, w) from the person, `differs` (h, w) by so many grey levels from the wall and `stands`
    (h, w) so many before it towards the person's colour: `bold` (h, w) where that is much of the way, `alike` (h, w) where it is there, and
    `towards` (h, w) where it differs hardly another way.
    The wall has a `grain` (h, w), varies there in `steps` (h, w) of grey levels, and is `plain` (h, w), from 0 to 1, where what stands
    before it can be told. Of its `lines` (h, w) those that lead away are in `leads` (h, w). Along its `bands`
    it is known better.
    """

    behind: Bytes
    own: Bytes
    apart: Array
    differs: Array
    stands: Array
    bold: Mask
    alike: Mask
    towards: Mask
    grain: Array
    steps: Array
    plain: Array
    leads: Mask
    lines: Mask
    bands: Banded | None = None


# The compiled functions take what their signatures say, which their types do not tell.
@numba.njit(
    "void(u1[:,:,::1],u1[:,:,::1],u1[:,:,::1],b1[:,::1],f4[:,::1],f4[:,::1],b1[:,::1],b1[:,::1],b1[:,::1])",
    cache=True, nogil=True, fastmath=True,
)  # fmt: skip
def compare(
    picture: Bytes, behind: Bytes, own: Bytes, known: Mask, stands: Array, differs: Array, bold: Mask, alike: Mask, towards: Mask
) -> None:  # pragma: no cover - compiled
    """Say by how much the pixels `known` (h, w) of a picture (h, w, 3) stand before what is `behind`, towards the person's `own` colours.

    `stands` (h, w) takes that, `differs` (h, w) by how much their strongest channel differs, `bold` (h, w) which are much of the way to the
    person's colours, `alike` (h, w) which have them, and `towards` (h, w) which differ that way and hardly another.
    """
    for y in range(known.shape[0]):
        for x in range(known.shape[1]):
            if not known[y, x]:
                continue
            length = along = most = rest = square = np.float32(0)
            for channel in range(3):
                wall = np.float32(behind[y, x, channel])
                off, way = picture[y, x, channel] - wall, own[y, x, channel] - wall
                length += way * way
                along += off * way
                rest += (off - way) * (off - way)
                square += off * off
                most = max(most, abs(off))
            length = max(np.sqrt(length), np.float32(APART))
            stands[y, x] = along / length
            differs[y, x] = most
            bold[y, x] = along > CORE * length * length
            alike[y, x] = rest < ALIKE * ALIKE
            towards[y, x] = along > TOWARDS * length * np.sqrt(square)


@numba.njit(
    "void(u1[:,:,::1],u1[:,:,::1],u1[:,:,::1],u1[:,:,::1],f4[:,::1],b1[:,::1],f4[:,::1],f4[:,::1],u1[:,:,::1])",
    cache=True, nogil=True, fastmath=True,
)  # fmt: skip
def put_before(
    picture: Bytes, plate: Bytes, behind: Bytes, own: Bytes, low: Array, near: Mask, where: Array, alpha: Array, colours: Bytes
) -> None:  # pragma: no cover - compiled
    """Add what stands before a wall to a person's share `alpha` (h, w) and `colours` (h, w, 3), in place.

    All colours are (h, w, 3). `where` (h, w) is how far that is believed, and `low` (h, w) by how many grey levels the wall `behind`
    differs from the `picture` by itself. `near` (h, w) the person what is filled in there, the `plate`, must differ as well.
    """
    for y in range(where.shape[0]):
        for x in range(where.shape[1]):
            if where[y, x] <= 0 or alpha[y, x] >= 1:
                continue
            share = np.float32(1)
            for number in range(2 if near[y, x] else 1):
                length = along = np.float32(0)
                for channel in range(3):
                    wall = np.float32(plate[y, x, channel] if number else behind[y, x, channel])
                    way = own[y, x, channel] - wall
                    length += way * way
                    along += (picture[y, x, channel] - wall) * way
                length = max(np.sqrt(length), np.float32(APART))
                share = min(share, (along / length - low[y, x]) / (length - low[y, x]))
            share *= where[y, x]
            if share <= max(alpha[y, x], np.float32(LEAST)):
                continue
            alpha[y, x] = share
            for channel in range(3):
                wall = np.float32(behind[y, x, channel])
                solved = wall + (picture[y, x, channel] - wall) / share
                colours[y, x, channel] = np.uint8(min(max(solved, np.float32(0)), np.float32(255)))


@numba.njit("void(u1[:,::1],u1[:,::1],u1[:,::1],i4[:,:,::1],f8,u1[:,::1],u1[:,::1])", cache=True, nogil=True)
def follow_runs(
    marks: Bytes, pale: Bytes, far: Bytes, steps: npt.NDArray[np.int32], long: float, led: Bytes, straight: Bytes
) -> None:  # pragma: no cover - compiled
    """Mark of what has `marks` (h, w) the runs of `steps` (ways, n, 2), joined to others of their way, that lead `far` (h, w) -> `led`.

    These, and of the others what is longer than `long` pixels and mostly `pale` (h, w), go into `straight` (h, w).
    """
    height, width = marks.shape
    rows, columns = np.nonzero(marks)
    stamp, queue = np.zeros((height, width), np.int32), np.empty((len(rows), 2), np.int32)
    for way in range(len(steps)):
        # Two stamps a way: one for what lies on a run, and the next for what was followed.
        on = 2 * way + 1
        for number in range(len(rows)):
            whole = True
            for step in range(steps.shape[1]):
                y, x = rows[number] + steps[way, step, 0], columns[number] + steps[way, step, 1]
                if 0 <= y < height and 0 <= x < width and not marks[y, x]:
                    whole = False
                    break
            if whole:
                for step in range(steps.shape[1]):
                    y, x = rows[number] + steps[way, step, 0], columns[number] + steps[way, step, 1]
                    if 0 <= y < height and 0 <= x < width:
                        stamp[y, x] = on
        for number in range(len(rows)):
            if stamp[rows[number], columns[number]] != on:
                continue
            queue[0, 0], queue[0, 1] = rows[number], columns[number]
            stamp[rows[number], columns[number]] = on + 1
            count, done, away, light = 1, 0, False, 0
            top, bottom, left, right = rows[number], rows[number], columns[number], columns[number]
            while done < count:
                y, x = queue[done, 0], queue[done, 1]
                done += 1
                away |= far[y, x] > 0
                light += pale[y, x] > 0
                top, bottom, left, right = min(top, y), max(bottom, y), min(left, x), max(right, x)
                for next_y in range(max(y - 1, 0), min(y + 2, height)):
                    for next_x in range(max(x - 1, 0), min(x + 2, width)):
                        if stamp[next_y, next_x] == on:
                            stamp[next_y, next_x] = on + 1
                            queue[count, 0], queue[count, 1] = next_y, next_x
                            count += 1
            if away or (2 * light > count and (bottom - top) ** 2 + (right - left) ** 2 > long * long):
                for number_in in range(count):
                    y, x = queue[number_in, 0], queue[number_in, 1]
                    straight[y, x] = 1
                    if away:
                        led[y, x] = 1


def look_at(picture: Bytes, alpha: Array, made_up: Mask, unit: float) -> Wall:
    """Look at the wall around a person's share (h, w) of a picture (h, w, 3), `unit` pixels to an eye distance.

    What was `made_up` (h, w) beyond the picture's edge says nothing.
    """
    apart = np.asarray(cv2.distanceTransform((alpha <= 0.3).astype(np.uint8), cv2.DIST_L2, 3) / np.float32(unit), np.float32)
    known = (apart > RIM) & ~made_up
    behind, own, steps = around(picture, known, alpha > 0.98, max(round(WIDE * unit / MEDIAN), 1))
    stands, differs, bold, alike, towards = compared(picture, behind, own, known)
    clear = known & (apart > CLEAR)
    found = (differs > LINE) & (grain_of(differs, clear, np.zeros_like(clear), unit) < 2 * PLAIN[1])
    leads, lines = lines_of(found, found & (stands < -LINE / 2), found & (apart > AWAY), unit)
    grain = grain_of(differs, clear, lines, unit)
    plain = np.asarray((1 - smoothstep(*PLAIN, grain)) * (1 - smoothstep(*EVEN, steps)), np.float32)
    return Wall(behind, own, apart, differs, stands, bold, alike, towards, grain, steps, plain, leads & (plain > 0.5), lines)


def compared(picture: Bytes, behind: Bytes, own: Bytes, known: Mask) -> tuple[Array, Array, Mask, Mask, Mask]:
    """Say how the pixels `known` (h, w) of a picture (h, w, 3) stand before what is `behind`: what `compare` tells, each (h, w)."""
    stands, differs = np.zeros(known.shape, np.float32), np.zeros(known.shape, np.float32)
    bold, alike, towards = (np.zeros(known.shape, bool) for _ in range(3))
    soft = np.asarray(cv2.GaussianBlur(picture, (3, 3), 0.6), np.uint8)
    compare(soft, behind, own, known, stands, differs, bold, alike, towards)
    return stands, differs, bold, alike, towards


def around(picture: Bytes, known: Mask, person: Mask, times: int) -> tuple[Bytes, Bytes, Array]:
    """Tell a picture's colours where it is wall, `known` (h, w), without what is thin, and the `person`'s (h, w) beside it (h, w, 3).

    It is looked at `times` as coarse. The third (h, w) is by how many grey levels the wall varies there.
    """
    rows, columns = (-edge % times for edge in picture.shape[:2])
    whole, seen, sure = (
        np.asarray(cv2.copyMakeBorder(each, 0, rows, 0, columns, cv2.BORDER_REPLICATE), np.uint8)
        for each in (picture, known.astype(np.uint8) * 255, person.astype(np.uint8) * 255)
    )
    large, size = whole.shape[1::-1], (whole.shape[1] // times, whole.shape[0] // times)
    share, certain, shown, tiny = (
        np.asarray(cv2.resize(each, size, interpolation=cv2.INTER_AREA), np.uint8) for each in (seen, sure, cv2.copyTo(whole, seen), whole)
    )
    part = np.where(share > 50, share, 0).astype(np.float32) / 255
    spread = diffuse(weighed(shown.astype(np.float32), 1 / np.maximum(part, 0.2)), part)
    wall = np.asarray(cv2.medianBlur(np.asarray(np.minimum(spread + 0.5, 255), np.uint8), MEDIAN), np.uint8)
    kernel = np.ones((MEDIAN, MEDIAN), np.uint8)
    varies = strongest(np.asarray(cv2.dilate(wall, kernel) - cv2.erode(wall, kernel)))
    own = np.asarray(diffuse(tiny, (certain > 252).astype(np.float32)) + 0.5, np.uint8)
    fine = (cv2.resize(each, large, interpolation=cv2.INTER_LINEAR)[: picture.shape[0], : picture.shape[1]] for each in (wall, own, varies))
    behind, beside, steps = (np.ascontiguousarray(each) for each in fine)
    return np.asarray(behind, np.uint8), np.asarray(beside, np.uint8), np.asarray(steps, np.float32)


@numba.njit("void(f4[:,::1],b1[:,::1],b1[:,::1],f4[:,:,::1])", cache=True, nogil=True)
def count_grain(differs: Array, clear: Mask, lines: Mask, sums: Array) -> None:  # pragma: no cover - compiled
    """Add up in cells of COARSE pixels each way what is `clear` (h, w) -> `sums` (h / COARSE, w / COARSE, 4).

    They are the roots of by how much that differs (h, w), how much it is, and both again without `lines` (h, w).
    """
    for y in range(clear.shape[0]):
        for x in range(clear.shape[1]):
            if clear[y, x]:
                root = np.sqrt(min(differs[y, x], np.float32(MOST)))
                for part in range(1 if lines[y, x] else 2):
                    sums[y // COARSE, x // COARSE, 2 * part] += root
                    sums[y // COARSE, x // COARSE, 2 * part + 1] += np.float32(1 / COARSE**2)


def grain_of(differs: Array, clear: Mask, lines: Mask, unit: float) -> Array:
    """Say how rough a wall is (h, w), by how much its pixels `clear` (h, w) of a person differ (h, w) from it, but for its few `lines`."""
    sums, side = np.zeros((*(-(-edge // COARSE) for edge in clear.shape), 4), np.float32), 2 * round(AROUND * unit / COARSE) + 1
    count_grain(differs, clear, lines, sums)
    # The mean of roots hardly feels the few strands before a wall.
    roots, share, others, rest = cv2.split(cv2.blur(sums, (side, side)))
    few = rest > FEW * share
    grain = (np.where(few, others, roots) / COARSE**2 + UNKNOWN * MOST**0.5) / (np.where(few, rest, share) + UNKNOWN)
    return np.asarray(cv2.resize(grain * grain, clear.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def lines_of(found: Mask, pale: Mask, far: Mask, unit: float) -> tuple[Mask, Mask]:
    """Mark the straight runs of what was `found` (h, w) that lead to what is `far` (h, w), and these and the long `pale` (h, w) ones.

    Both with the pixels around.
    """
    half, marks = max(round(RUN * unit / 2), 2), halved(found)
    way = np.pi * np.arange(WAYS)[:, None] / WAYS
    along = np.arange(-half, half + 1)
    steps = np.stack([np.round(along * np.sin(way)), np.round(along * np.cos(way))], axis=2).astype(np.int32)
    led, straight = np.zeros(marks.shape, np.uint8), np.zeros(marks.shape, np.uint8)
    follow_runs(marks, halved(pale), halved(far), steps, LONG * unit / 2, led, straight)
    grown = (cv2.dilate(each, np.ones((3, 3), np.uint8)).repeat(2, axis=0).repeat(2, axis=1) for each in (led, straight))
    leads, lines = (np.asarray(each[: found.shape[0], : found.shape[1]] > 0, np.bool_) for each in grown)
    return leads, lines


def halved(mask: Mask) -> Bytes:
    """Mark the pixels of half the fineness (h / 2, w / 2) in which a mask (h, w) marks any."""
    even = np.pad(mask, [(0, edge % 2) for edge in mask.shape])
    return np.asarray(even[::2, ::2] | even[1::2, ::2] | even[::2, 1::2] | even[1::2, 1::2], np.uint8)


@numba.njit("void(i4[:,::1],u1[:,::1],i8[:,::1])", cache=True, nogil=True)
def tally(parts: npt.NDArray[np.int32], flags: Bytes, counts: npt.NDArray[np.int64]) -> None:  # pragma: no cover - compiled
    """Count of each of some `parts` (h, w) the pixels, and those with each of six `flags` (h, w) -> `counts` (parts, 7)."""
    for y in range(parts.shape[0]):
        for x in range(parts.shape[1]):
            if parts[y, x]:
                counts[parts[y, x], 0] += 1
                for flag in range(6):
                    counts[parts[y, x], flag + 1] += flags[y, x] >> flag & 1


def tallied(found: Mask, *flags: Mask) -> tuple[npt.NDArray[np.int32], list[npt.NDArray[np.int64]]]:
    """Number the parts that hang together of what was `found` (h, w) -> (h, w); sizes (parts,), and how much has each flag."""
    parts = np.asarray(cv2.connectedComponents(found.astype(np.uint8))[1], np.int32)
    marks = np.zeros(found.shape, np.uint8)
    for number, flag in enumerate(flags):
        marks += flag.astype(np.uint8) * np.uint8(1 << number)
    counts = np.zeros((int(parts.max()) + 1, 7), np.int64)
    tally(parts, marks, counts)
    return parts, list(counts.T)


def left_over(wall: Wall, hole: Array, may: Mask, made_up: Mask, unit: float) -> Array:
    """Find the strands beside what is filled in behind a person, a `hole` (h, w), that hang together with it -> how much is there (h, w).

    They are where any `may` be (h, w), end before the wall, and are not cut off by what was `made_up` (h, w), if they are not the person's.
    """
    beside = hole <= 0
    found = (wall.stands > FAINT[0] + FAINT[1] * wall.grain) & beside & ~wall.lines
    thick = 2 * max(round(THICK * unit), 1) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick))
    broad = cv2.morphologyEx((found & wall.bold).astype(np.uint8), cv2.MORPH_OPEN, kernel) > 0
    edge = cv2.dilate(np.pad(made_up, 1, constant_values=True).astype(np.uint8), np.ones((5, 5), np.uint8))[1:-1, 1:-1] > 0
    clear = (wall.stands > SEEN[0] + SEEN[1] * wall.grain) & may
    # What is as thick as a letter, and what goes on far away, is none.
    away = (wall.apart > BAND) | broad
    parts, (size, seen, none, cut, alike, far, _) = tallied(found, clear, away, edge, wall.alike, wall.apart > FARTHER)
    own = (seen > 0) & (size < LARGEST * unit**2) & (none == 0) & ((cut == 0) | (4 * alike > size))
    # Before bands that are rough a wall's own specks stand out too; what is large, and mostly the person's colour, is none.
    rough = wall.grain > sum(PLAIN) / 2
    _, (_, bare, bold, wide, *_) = tallied(found, rough, wall.bold, broad)
    clump = (seen > CLUMP[0] * unit**2) & (size < CLUMP[1] * unit**2) & (cut == 0)
    clump &= (seen > CLUMPED[0] * size) & (bold > CLUMPED[1] * size) & (wide < CLUMPED[2] * size) & (far < CLUMPED[3] * size)
    own = np.where(2 * bare > size, clump, own)
    left = own[parts] | specks(wall, beside & ~wall.lines, edge, may & ~rough, unit)
    if not left.any():
        return np.zeros_like(hole)
    gap, room = (2 * round(reach * unit) + 1 for reach in (GAP / 2, ROOM))
    parts, (_, held, *_) = tallied(cv2.dilate((left | ~beside).astype(np.uint8), np.ones((gap, gap), np.uint8)) > 0, ~beside)
    left &= (held > 0)[parts]
    return np.asarray(cv2.blur(cv2.dilate(left.astype(np.float32), np.ones((room, room), np.uint8)), (3, 3)), np.float32)


def specks(wall: Wall, beside: Mask, edge: Mask, may: Mask, unit: float) -> Mask:
    """Mark faint specks of any colour on a wall `beside` (h, w) a person where any `may` be (h, w), off the picture's `edge` (h, w)."""
    found = (wall.differs > FAINT[0] + FAINT[1] * wall.grain) & beside
    clear = (wall.differs > SEEN[0] + SEEN[1] * wall.grain) & may
    parts, (size, seen, none, *_) = tallied(found, clear, edge | (wall.differs > BOLDEST) | (wall.apart > NEARBY))
    return np.asarray(((seen > 0) & (none == 0) & (size < SMALL * unit**2))[parts])


def put_strands(picture: Bytes, plate: Bytes, wall: Wall, where: Array, alpha: Array, colours: Bytes) -> None:
    """Add strands before a `wall` to a person's share `alpha` (h, w) and `colours` (h, w, 3), in place.

    `plate` (h, w, 3) is what is filled in behind them in a picture (h, w, 3), and `where` (h, w), from 0 to 1, says where they may be.
    """
    believed, low = np.asarray(where * wall.plain * ~wall.lines, np.float32), np.asarray(LOW[0] + LOW[1] * wall.grain, np.float32)
    put_before(picture, plate, wall.behind, wall.own, low, wall.apart <= RIM, believed, alpha, colours)
