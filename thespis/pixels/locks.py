"""Find what hangs out of what a network takes for a person: locks, whiskers and earrings would stay on the wall when the head moves."""

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.channels import strongest
from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
SURELY = 0.95  # of a pixel that is the person's, and is not asked about
FARTHEST = 0.75  # eye distances outside the person's edge within which something may hang
AT_EDGE = (0.2, 0.15)  # eye distances from the picture's edge within which, and from the person's from which on, all there is is wall
AROUND, BESIDE = 0.7, 0.4  # eye distances farther than the nearest wall within which its colours are looked for: the far one's, any's
STEP = 6  # pixels a side of the cells of a wall of which two say what colours it has
SMOOTH = 4.0  # grey levels a pixel by which a wall may change, and is still the same wall
LIKE = 80.0  # of 441: how far from all colours of the far wall one may be that is reached smoothly
THIN = 0.15  # eye distances wide is the surroundings' median, by which a thin lock is told from a wall that changes
MEDIAN = 5  # pixels of that, where it is taken
STROKE = 8.0  # grey levels from that median from which on nothing is reached smoothly
STROKES = 0.01  # of a wall that strokes are at most, where all those near a person are theirs
BODY = 0.025  # eye distances that half of such a stroke is wide
GRAIN, FAINT = (1.5, 99.5), 4.0  # times what so many per cent of a wall keep to is a stroke there, and the grey levels that it has at least
FAINTEST = 0.15  # of a lock that is to be seen
EDGES = 7  # pixels around in which both sides of an edge are seen
LOCK = (9.0, 30.0)  # of 441: how far a lock's colour is from any of the wall beside it
VARIED = 95.0  # per cent of a wall's own pixels that its samples nearby do not differ from by more than a lock does
GAP = 0.05  # eye distances over which what hangs may be lost from sight
STRAIGHT = (0.6, 0.03, 0.035)  # eye distances that a line is long at least, by which its middle bows at most, and its pixels scatter
RIM = 0.05  # eye distances around the person that say nothing about what is behind them
BROAD, SHOWS = 0.05, 0.12  # eye distances from its middle line that no lock is wide, and the share of one that is to be seen
PLAIN = 5.5  # grey levels by which a wall may vary and is plain: whatever is before it and is no shadow is the person's
EDGE, CLEAR = 8.0, 20.0  # grey levels a pixel by which an edge is sharper than a shadow's, and than that of what is out of focus
HELD, SMALL, LARGE = 0.9, 0.065, 0.45
"""What is worn before a wall that is not plain: how much of its breadth touches the person, and square eye distances that it has at most
if it does not touch, and if it does."""


# The compiled functions take what their signatures say, which their types do not tell.
@numba.njit("void(u1[:,:,::1],b1[:,::1],i4[:,:,::1])", cache=True, nogil=True, fastmath=True)
def samples(picture: Bytes, wall: Mask, chosen: npt.NDArray[np.int32]) -> None:  # pragma: no cover - compiled
    """Choose for each cell of STEP pixels each way two that say what colours a `wall` (h, w) has there: `chosen` (h / STEP, w / STEP, 4).

    One is the first that is wall, the other what of a picture (h, w, 3) differs most from it, and may be a line; each has its row and
    its column, -1 where there is none.
    """
    height, width = wall.shape
    chosen[:] = -1
    for y in range(height):
        for x in range(width):
            if wall[y, x] and chosen[y // STEP, x // STEP, 0] < 0:
                chosen[y // STEP, x // STEP, 0], chosen[y // STEP, x // STEP, 1] = y, x
    for row in range(chosen.shape[0]):
        for column in range(chosen.shape[1]):
            first_y, first_x, most = chosen[row, column, 0], chosen[row, column, 1], 0
            if first_y < 0:
                continue
            for y in range(row * STEP, min(row * STEP + STEP, height)):
                for x in range(column * STEP, min(column * STEP + STEP, width)):
                    if wall[y, x]:
                        far = 0
                        for channel in range(3):
                            step = int(picture[y, x, channel]) - picture[first_y, first_x, channel]
                            far += step * step
                        if far > most:
                            most, chosen[row, column, 2], chosen[row, column, 3] = far, y, x


@numba.njit("void(u1[:,:,::1],b1[:,::1],i4[:,:,::1],f4[:,::1],f8,f8,f4[:,::1])", cache=True, nogil=True, fastmath=True)
def unlike(
    picture: Bytes, asked: Mask, chosen: npt.NDArray[np.int32], away: Array, around: float, enough: float, found: Array
) -> None:  # pragma: no cover - compiled
    """Say of the pixels `asked` (h, w) of a picture (h, w, 3) how far their colours are from all of a wall's samples `chosen` nearby.

    `found` (h, w) takes that, of 441, and less than `enough` is not looked into. Nearby is within `around` pixels more than the
    nearest wall is `away` (h, w).
    """
    height, width = asked.shape
    high, wide = chosen.shape[:2]
    above = np.full((width, 2), -1, np.int32)
    for y in range(height):
        last_y, last_x = -1, -1
        for x in range(width):
            if not asked[y, x]:
                continue
            red, green, blue = int(picture[y, x, 0]), int(picture[y, x, 1]), int(picture[y, x, 2])
            reach, least = away[y, x] + around, 3 * 255 * 255
            # What the pixels before and above are like, this one mostly is like too.
            for side in range(2):
                at_y, at_x = (above[x, 0], above[x, 1]) if side else (last_y, last_x)
                if at_y >= 0 and (at_y - y) * (at_y - y) + (at_x - x) * (at_x - x) <= reach * reach:
                    a, b, c = picture[at_y, at_x, 0] - red, picture[at_y, at_x, 1] - green, picture[at_y, at_x, 2] - blue
                    far = a * a + b * b + c * c
                    if far < least:
                        least, last_y, last_x = far, at_y, at_x
            cells = int(reach / STEP) + 1
            for row in range(max(y // STEP - cells, 0), min(y // STEP + cells + 1, high)):
                if least < enough * enough:
                    break
                for column in range(max(x // STEP - cells, 0), min(x // STEP + cells + 1, wide)):
                    for which in range(2):
                        at_y, at_x = chosen[row, column, 2 * which], chosen[row, column, 2 * which + 1]
                        if at_y < 0 or (at_y - y) * (at_y - y) + (at_x - x) * (at_x - x) > reach * reach:
                            continue
                        a, b, c = picture[at_y, at_x, 0] - red, picture[at_y, at_x, 1] - green, picture[at_y, at_x, 2] - blue
                        far = a * a + b * b + c * c
                        if far < least:
                            least, last_y, last_x = far, at_y, at_x
            found[y, x] = np.sqrt(least)
            above[x, 0], above[x, 1] = last_y, last_x


@numba.njit("void(f4[:,:,::1],b1[:,::1],b1[:,::1])", cache=True, nogil=True, fastmath=True)
def grow(picture: Array, may: Mask, wall: Mask) -> None:  # pragma: no cover - compiled
    """Let a `wall` (h, w) grow, in place, over what `may` (h, w) be wall, where a picture (h, w, 3) changes smoothly."""
    height, width = wall.shape
    rows, columns, count, done = np.empty(height * width, np.int32), np.empty(height * width, np.int32), 0, 0
    for y in range(height):
        for x in range(width):
            if wall[y, x]:
                rows[count], columns[count] = y, x
                count += 1
    while done < count:
        y, x = rows[done], columns[done]
        done += 1
        for side in range(4):
            next_y, next_x = y + (side == 0) - (side == 1), x + (side == 2) - (side == 3)
            if not (0 <= next_y < height and 0 <= next_x < width) or wall[next_y, next_x] or not may[next_y, next_x]:
                continue
            step = 0.0
            for channel in range(3):
                step = max(step, abs(picture[y, x, channel] - picture[next_y, next_x, channel]))
            if step <= SMOOTH:
                wall[next_y, next_x] = True
                rows[count], columns[count] = next_y, next_x
                count += 1


def locks(picture: Bytes, alpha: Array, made_up: Mask, unit: float) -> Array:
    """Find what hangs out of a person's share (h, w) and goes with the head -> a share (h, w); pixels are `unit` to an eye distance.

    It is what no wall nearby has the colours of, and hangs together with the person. What is farther out, or at the picture's edge, is
    wall; what was `made_up` (h, w) beyond that edge is nothing.
    """
    inside = alpha > 0.3
    apart = distance_to(inside)
    at_edge = distance_to(np.pad(made_up, 1, constant_values=True))[1:-1, 1:-1] < AT_EDGE[0] * unit
    wall = ((apart > FARTHEST * unit) | (at_edge & (apart > AT_EDGE[1] * unit))) & ~made_up
    asked = (alpha < SURELY) & ~(wall | made_up)
    if not wall.any() or not asked.any():
        return np.zeros_like(alpha)
    soft = np.asarray(cv2.GaussianBlur(picture, (3, 3), 0.6), np.uint8)
    far, near = (np.zeros(alpha.shape, np.float32) for _ in range(2))
    chosen = np.empty((-(-alpha.shape[0] // STEP), -(-alpha.shape[1] // STEP), 4), np.int32)
    samples(soft, wall, chosen)
    # The more colours a wall has, the more unlike them all must be what hangs before it.
    some = np.zeros_like(wall)
    some[STEP // 2 :: STEP, STEP // 2 :: STEP] = wall[STEP // 2 :: STEP, STEP // 2 :: STEP]
    unlike(soft, some, chosen, far, AROUND * unit, LOCK[0], near)
    low = max(LOCK[0], float(np.percentile(near[some], VARIED))) if some.any() else LOCK[0]
    unlike(soft, asked, chosen, distance_to(wall), AROUND * unit, LOCK[0], far)
    # Light that falls off, a shadow's soft edge and what is out of focus lead from one colour of a wall to others.
    thin = strongest(cv2.absdiff(soft, without_strokes(soft, unit)))
    stroke = thin > STROKE
    bare = float(stroke[wall].mean()) < STROKES
    surely = wall.copy()
    wall |= asked & (far < low)
    grow(cv2.GaussianBlur(picture, (0, 0), 1.2).astype(np.float32), asked & (far < LIKE) & ~stroke, wall)
    asked &= ~(wall | between(soft, wall))
    samples(soft, wall, chosen)
    near[:] = 0
    unlike(soft, asked, chosen, distance_to(wall), BESIDE * unit, LOCK[0], near)
    told = smoothstep(low, low + LOCK[1] - LOCK[0], near)
    if bare:
        may = (alpha < SURELY) & (apart < FARTHEST * unit) & ~made_up
        # Of a wall without any grain fainter ones are told.
        for least in {float(np.clip(GRAIN[0] * np.percentile(thin[surely], GRAIN[1]), FAINT, STROKE)), STROKE}:
            own = strokes((thin > least) & may, inside, apart > RIM * unit, unit)
            told = np.maximum(told, own * smoothstep(least / 2, 3 * least, thin))
    told *= reached(told > 0.3, inside, unit)
    told *= ~lines((told > 0.3) & (apart > RIM * unit), unit)
    told *= 1 - things(picture, told, inside, surely, np.asarray(apart / unit, np.float32), unit)
    return np.asarray(told * reached(told > FAINTEST, inside, unit), np.float32)


def strokes(found: Mask, inside: Mask, beside: Mask, unit: float) -> Mask:
    """Mark what of the thin strokes `found` (h, w) around a person before a wall that has none hangs out of them -> (h, w).

    `inside` (h, w) is the person, `beside` (h, w) what lies clear of their edge. Straight lines and letters are none of theirs.
    """
    reach = 2 * max(round(BODY * unit), 1) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    away = found & beside
    thick = cv2.dilate(cv2.morphologyEx(away.astype(np.uint8), cv2.MORPH_OPEN, kernel), kernel) > 0
    away &= ~(lines(away, unit) | thick)
    # At the edge of the person itself all is thin.
    room = 2 * round(RIM * unit) + 1
    own = found & ~thick & (cv2.dilate(away.astype(np.uint8), np.ones((room, room), np.uint8)) > 0)
    seen = cv2.morphologyEx((own | inside).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, parts = cv2.connectedComponents(seen, connectivity=8)
    return np.asarray(own & np.isin(parts, np.unique(parts[inside])))


def without_strokes(picture: Bytes, unit: float) -> Bytes:
    """Take thin strokes out of a picture (h, w, 3): the median of their surroundings, at a fineness at which that is quick."""
    size = [max(round(edge * MEDIAN / (THIN * unit)), 1) for edge in picture.shape[1::-1]]
    small = cv2.medianBlur(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), MEDIAN)
    return np.asarray(cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.uint8)


def distance_to(mask: Mask) -> Array:
    """Say how far each pixel is from what a mask (h, w) marks, in pixels -> (h, w)."""
    return np.asarray(cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 3), np.float32)


def between(picture: Bytes, wall: Mask) -> Mask:
    """Mark what in a picture (h, w, 3) lies between two colours that the `wall` (h, w) has beside it: an edge where both meet -> (h, w)."""
    here, beside = wall[..., None], np.ones((EDGES, EDGES), np.uint8)
    most, least = cv2.dilate(np.where(here, picture, 0), beside), cv2.erode(np.where(here, picture, 255), beside)
    return np.asarray(cv2.inRange(picture, least, most) > 0)


def reached(found: Mask, inside: Mask, unit: float) -> Mask:
    """Mark what hangs together with what is `inside` (h, w) a person, of what was `found` (h, w), and the pixels around."""
    gap = 2 * max(round(GAP * unit), 1) + 1
    seen = cv2.morphologyEx((found | inside).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    _, parts = cv2.connectedComponents(seen, connectivity=8)
    own = np.isin(parts, np.unique(parts[inside]))
    return np.asarray(cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def lines(found: Mask, unit: float) -> Mask:
    """Mark the long straight lines in what was `found` (h, w) beside a person: edges of boards and frames are, hair is not -> (h, w)."""
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8))
    straight = np.zeros(count, bool)
    for part in range(1, count):
        left, top, wide, tall = boxes[part, :4]
        if np.hypot(wide, tall) > STRAIGHT[0] * unit:
            spots = np.argwhere(parts[top : top + tall, left : left + wide] == part)
            along, aside = ((spots - spots.mean(axis=0)) @ np.linalg.eigh(np.cov(spots.T))[1][:, ::-1]).T
            bow = np.polyfit(along, aside, 2)
            bent = abs(bow[0]) * (np.ptp(along) / 2) ** 2
            straight[part] = bent < STRAIGHT[1] * unit and np.std(aside - np.polyval(bow, along)) < STRAIGHT[2] * unit
    return np.asarray(cv2.dilate(straight[parts].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def things(picture: Bytes, hanging: Array, inside: Mask, wall: Mask, apart: Array, unit: float) -> Array:
    """Say which of what is `hanging` (h, w) out of a person is broad and none of theirs: a shadow or a lamp behind -> 0 or 1 (h, w).

    `inside` (h, w) is the person, `apart` (h, w) how far each pixel lies beside them, in eye distances, and `wall` (h, w) what surely is.
    """
    reach = max(round(BROAD * unit), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    broad = np.asarray((cv2.morphologyEx(hanging, cv2.MORPH_OPEN, kernel) > SHOWS) & ~inside, np.uint8)
    found = np.zeros(hanging.shape, np.float32)
    if not broad.any():
        return found
    soft = cv2.GaussianBlur(picture, (3, 3), 0)
    steps = [cv2.Sobel(soft, cv2.CV_32F, *way, scale=1 / 8) for way in ((1, 0), (0, 1))]
    sharp = cv2.dilate(np.sqrt(sum(np.einsum("yxc,yxc->yx", step, step) for step in steps)), np.ones((3, 3), np.uint8))
    side = 2 * max(round(0.12 * unit), 1) + 1
    uneven = strongest(cv2.absdiff(picture, cv2.blur(picture, (side, side))))
    touching = cv2.dilate(inside.astype(np.uint8), kernel) > 0
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(broad)
    for part in range(1, count):
        left, top, wide, tall, size = boxes[part]
        box, around = (
            np.s_[max(top - room, 0) : top + tall + room, max(left - room, 0) : left + wide + room]
            for room in (reach, round(AROUND * unit))
        )
        own = np.asarray(parts[box] == part, np.uint8)
        edge = (cv2.dilate(own, np.ones((7, 7), np.uint8)) > cv2.erode(own, np.ones((5, 5), np.uint8))) & (apart[box] > RIM)
        if not edge.any():
            continue
        # The person's own edge is as sharp as any; it is the far side that tells.
        clear = float(np.percentile(sharp[box][edge], 75))
        plain = wall[around].any() and float(uneven[around][wall[around]].mean()) < PLAIN
        held = float((own.astype(bool) & touching[box]).sum()) / reach / np.sqrt(size)
        small = size < SMALL * unit**2
        worn = clear >= CLEAR and (plain or small or (held > HELD and size < LARGE * unit**2))
        if not (worn or (plain and small and clear >= EDGE)):
            found[box] = np.maximum(found[box], cv2.dilate(own, kernel))
    return found
