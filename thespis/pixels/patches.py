"""Make up what a hole in a picture hides from pieces of its surroundings, coarse to fine (Wexler et al. 2007, Barnes et al. 2009)."""

from typing import Any

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.types import Array, Bytes

Places = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
HALF = 2  # pixels on each side of a piece's middle
PIECE = 2 * HALF + 1
LEVELS = 4  # each half as fine as the one before; on the finest pieces are laid, not looked for
ROUNDS = (0, 2, 4, 6)  # of looking on each level, from the finest on
NEARBY = 4  # pixels of each finer level around what was found on the coarser one
WITHIN = 20  # pixels of the coarsest level from the first guess in which pieces are looked for
SETTLES = (0, 40, 120, 0)  # the same of settling
MOST = 150.0  # grey levels by which settling may change what was laid
OVER = 1.9  # of the way that a round settles a pixel; more than all of it comes to rest sooner
ASTRAY = 1.5  # pixels of the coarsest level by which a first piece may miss its place
CLOSE = 12.0  # grey levels by which a piece may differ from what it should continue and count nearly fully


@numba.njit("f8(f4[:,:,::1],i8,i8,i8,i8,f8)", cache=True, nogil=True, fastmath=True)
def apart(picture: Array, y: int, x: int, from_y: int, from_x: int, most: float) -> float:  # pragma: no cover - compiled
    """Say how far two pieces of a picture (h, w, 3) differ, in squares of grey levels; what is over `most` is not added up."""
    total = 0.0
    for dy in range(-HALF, HALF + 1):
        row = min(max(y + dy, 0), picture.shape[0] - 1)
        for dx in range(-HALF, HALF + 1):
            column = min(max(x + dx, 0), picture.shape[1] - 1)
            for channel in range(3):
                step = picture[row, column, channel] - picture[from_y + dy, from_x + dx, channel]
                total += step * step
        if total > most:
            return total
    return total


@numba.njit("void(f4[:,:,::1],b1[:,::1],b1[:,::1],i4[:,:,::1],f4[:,::1],i8,i8,i8)", cache=True, nogil=True, fastmath=True)
def look(
    picture: Array, todo: Mask, whole: Mask, at: Places, cost: Array, radius: int, backwards: int, seed: int
) -> None:  # pragma: no cover - compiled
    """Better the places `at` (h, w, 2) whose pieces continue those of a picture (h, w, 3) around what is `todo` (h, w).

    Only pieces that are known as a `whole` (h, w) count. `cost` (h, w) is how far each is apart. Good places are handed on to
    neighbours, and others tried at random within `radius` of them.
    """
    height, width = todo.shape
    state = np.uint64(seed * 2654435761 + 1)
    step = -1 if backwards else 1
    for row in range(height):
        y = height - 1 - row if backwards else row
        for column in range(width):
            x = width - 1 - column if backwards else column
            if not todo[y, x]:
                continue
            best_y, best_x, best = at[y, x, 0], at[y, x, 1], cost[y, x]
            for side in range(2):
                near_y, near_x = (y - step, x) if side else (y, x - step)
                if 0 <= near_y < height and 0 <= near_x < width and todo[near_y, near_x]:
                    try_y, try_x = at[near_y, near_x, 0] + y - near_y, at[near_y, near_x, 1] + x - near_x
                    if 0 <= try_y < height and 0 <= try_x < width and whole[try_y, try_x]:
                        found = apart(picture, y, x, try_y, try_x, best)
                        if found < best:
                            best_y, best_x, best = try_y, try_x, found
            reach = radius
            while reach >= 1:
                state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
                span = np.uint64(2 * reach + 1)
                try_y = best_y + np.int64((state >> np.uint64(20)) % span) - reach
                try_x = best_x + np.int64((state >> np.uint64(42)) % span) - reach
                reach //= 2
                if 0 <= try_y < height and 0 <= try_x < width and whole[try_y, try_x]:
                    found = apart(picture, y, x, try_y, try_x, best)
                    if found < best:
                        best_y, best_x, best = try_y, try_x, found
            at[y, x, 0], at[y, x, 1], cost[y, x] = best_y, best_x, best


@numba.njit("void(f4[:,:,::1],f4[:,:,::1],b1[:,::1],b1[:,::1],i4[:,:,::1],f4[:,::1],i8)", cache=True, nogil=True, fastmath=True)
def lay(picture: Array, made: Array, hole: Mask, todo: Mask, at: Places, cost: Array, half: int) -> None:  # pragma: no cover - compiled
    """Lay the pieces at the places `at` (h, w, 2) over the `hole` (h, w) of a picture (h, w, 3), into `made`; close ones count more.

    Of each piece counts what lies within `half` pixels of its middle.
    """
    height, width = hole.shape
    for y in range(height):
        for x in range(width):
            if not hole[y, x]:
                continue
            weights = red = green = blue = 0.0
            for near_y in range(max(y - half, 0), min(y + half + 1, height)):
                for near_x in range(max(x - half, 0), min(x + half + 1, width)):
                    if not todo[near_y, near_x]:
                        continue
                    from_y, from_x = at[near_y, near_x, 0] + y - near_y, at[near_y, near_x, 1] + x - near_x
                    weight = 1.0 / (1.0 + cost[near_y, near_x] / (CLOSE * CLOSE * 3 * PIECE * PIECE)) ** 2
                    weights += weight
                    red += weight * picture[from_y, from_x, 0]
                    green += weight * picture[from_y, from_x, 1]
                    blue += weight * picture[from_y, from_x, 2]
            if weights > 0:
                made[y, x, 0], made[y, x, 1], made[y, x, 2] = red / weights, green / weights, blue / weights


@numba.njit("void(f4[:,:,::1],b1[:,::1],i4[:,:,::1],f4[:,::1])", cache=True, nogil=True, fastmath=True)
def weigh(picture: Array, todo: Mask, at: Places, cost: Array) -> None:  # pragma: no cover - compiled
    """Say anew how far the pieces at the places `at` (h, w, 2) of a picture (h, w, 3) are from what they continue, into `cost` (h, w)."""
    for y in range(todo.shape[0]):
        for x in range(todo.shape[1]):
            if todo[y, x]:
                cost[y, x] = apart(picture, y, x, at[y, x, 0], at[y, x, 1], 1e30)


@numba.njit("void(f4[:,:,::1],f4[:,:,::1],b1[:,::1],b1[:,::1],b1[:,::1],i4[:,:,::1],f4[:,::1],i8)", cache=True, nogil=True, fastmath=True)
def settle(
    picture: Array, made: Array, hole: Mask, known: Mask, todo: Mask, at: Places, cost: Array, rounds: int
) -> None:  # pragma: no cover - compiled
    """Take only the slopes of the pieces laid over the `hole` (h, w), so that what does not fit in brightness meets without an edge.

    `made` (h, w, 3) holds what was laid, and is changed; what is `known` (h, w) holds it.
    """
    height, width = hole.shape
    slopes = np.zeros((2, height, width, 3), np.float32)
    for y in range(height):
        for x in range(width):
            for axis in range(2):
                next_y, next_x = (y + 1, x) if axis else (y, x + 1)
                if next_y >= height or next_x >= width or not (hole[y, x] or hole[next_y, next_x]):
                    continue
                weights = red = green = blue = 0.0
                for near_y in range(max(next_y - HALF, 0), min(y + HALF + 1, height)):
                    for near_x in range(max(next_x - HALF, 0), min(x + HALF + 1, width)):
                        if not todo[near_y, near_x]:
                            continue
                        from_y, from_x = at[near_y, near_x, 0] + y - near_y, at[near_y, near_x, 1] + x - near_x
                        to_y, to_x = from_y + next_y - y, from_x + next_x - x
                        weight = 1.0 / (1.0 + cost[near_y, near_x] / (CLOSE * CLOSE * 3 * PIECE * PIECE)) ** 2
                        weights += weight
                        red += weight * (picture[to_y, to_x, 0] - picture[from_y, from_x, 0])
                        green += weight * (picture[to_y, to_x, 1] - picture[from_y, from_x, 1])
                        blue += weight * (picture[to_y, to_x, 2] - picture[from_y, from_x, 2])
                if weights > 0:
                    slopes[axis, y, x, 0], slopes[axis, y, x, 1], slopes[axis, y, x, 2] = red / weights, green / weights, blue / weights
    for _ in range(rounds):
        for y in range(height):
            for x in range(width):
                if not hole[y, x]:
                    continue
                left, right = x > 0 and (hole[y, x - 1] or known[y, x - 1]), x + 1 < width and (hole[y, x + 1] or known[y, x + 1])
                above, below = y > 0 and (hole[y - 1, x] or known[y - 1, x]), y + 1 < height and (hole[y + 1, x] or known[y + 1, x])
                count = int(left) + int(right) + int(above) + int(below)
                if not count:
                    continue
                share = 1.0 / count
                for channel in range(3):
                    total = 0.0
                    if left:
                        total += made[y, x - 1, channel] + slopes[0, y, x - 1, channel]
                    if above:
                        total += made[y - 1, x, channel] + slopes[1, y - 1, x, channel]
                    if right:
                        total += made[y, x + 1, channel] - slopes[0, y, x, channel]
                    if below:
                        total += made[y + 1, x, channel] - slopes[1, y, x, channel]
                    made[y, x, channel] += OVER * (total * share - made[y, x, channel])


def continued(picture: Bytes, hole: Mask, known: Mask, to_x: Array, to_y: Array) -> Bytes:
    """Fill the `hole` (h, w) of a picture (h, w, 3) with pieces of what is `known` (h, w); it holds a guess there.

    The first pieces come from where `to_x` and `to_y` (h, w) lead, in pixels.
    """
    pyramid = [(picture.astype(np.float32), hole, known)]
    while len(pyramid) < LEVELS:
        finer, unseen, sure = pyramid[-1]
        size = -(-unseen.shape[1] // 2), -(-unseen.shape[0] // 2)
        shares = [cv2.resize(each.astype(np.float32), size, interpolation=cv2.INTER_AREA) for each in (unseen, sure)]
        pyramid.append((np.asarray(cv2.resize(finer, size, interpolation=cv2.INTER_AREA), np.float32), shares[0] > 0.01, shares[1] > 0.99))
    times = 2 ** (LEVELS - 1)
    coarsest = pyramid[-1][1].shape[::-1]
    ways = [np.asarray(cv2.resize(way, coarsest, interpolation=cv2.INTER_AREA), np.float32) / times for way in (to_y, to_x)]
    at = np.mgrid[0 : coarsest[1], 0 : coarsest[0]].transpose(1, 2, 0) + 2 * np.dstack(ways)
    made, settled = pyramid[-1][0], None
    for level in range(LEVELS - 1, -1, -1):
        colours, unseen, sure = pyramid[level]
        whole = whole_pieces(sure)
        if not whole.any():
            return picture
        if level < LEVELS - 1:
            at = twice_as_fine(at, unseen.shape)
        places = on_whole(at, whole)
        todo = cv2.dilate(unseen.astype(np.uint8), np.ones((PIECE, PIECE), np.uint8)) > 0
        made, cost = colours.copy(), np.zeros(unseen.shape, np.float32)
        # What was made on the coarser level is taken up through its pieces, which are sharp; on the coarsest the picture's own guess stays
        # where no whole piece is near the first place.
        near = todo if level < LEVELS - 1 else todo & (np.abs(at - places).max(axis=2) < ASTRAY)
        lay(colours, made, unseen, near, places, cost, HALF if level else 1)
        for number in range(ROUNDS[level]):
            weigh(made, todo, places, cost)
            look(made, todo, whole, places, cost, WITHIN if level == LEVELS - 1 else NEARBY, number % 2, number + 1)
            lay(colours, made, unseen, todo, places, cost, HALF)
        if settled is not None:
            # What settled on the coarser level lends its brightness to what is laid here.
            made += lent(settled, made) * unseen[..., None]
        if SETTLES[level]:
            weigh(made, todo, places, cost)
            settled = made.copy()
            settle(colours, settled, unseen, sure, todo, places, cost, SETTLES[level])
        at = places
    return np.asarray(np.clip(made + 0.5, 0, 255), np.uint8)


def whole_pieces(known: Mask) -> Mask:
    """Mark the middles (h, w) of the pieces all of which is `known` (h, w)."""
    inner = np.zeros(known.shape, bool)
    inner[HALF:-HALF, HALF:-HALF] = True
    return np.asarray(inner & (cv2.erode(known.astype(np.uint8), np.ones((PIECE, PIECE), np.uint8)) > 0))


def twice_as_fine(at: Places, size: tuple[int, ...]) -> Places:
    """Give each pixel of a level of a size (h, w) the place (h, w, 2) that its pixel on the coarser level had."""
    found = np.repeat(np.repeat(2 * at, 2, axis=0), 2, axis=1)[: size[0], : size[1]]
    found[1::2, :, 0] += 1
    found[:, 1::2, 1] += 1
    return found


def lent(settled: Array, made: Array) -> Array:
    """Say by how much a picture `made` (h, w, 3) must change to have the brightness of a coarser one, within bounds -> (h, w, 3)."""
    coarse = cv2.resize(made, settled.shape[1::-1], interpolation=cv2.INTER_AREA)
    change = np.asarray(cv2.resize(settled - coarse, made.shape[1::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    far = np.maximum(np.linalg.norm(change, axis=2, keepdims=True), 1.0)
    return np.asarray(change * (MOST * np.tanh(far / MOST) / far), np.float32)


def on_whole(guess: npt.NDArray[Any], whole: Mask) -> Places:
    """Move guessed places (h, w, 2) to the nearest that a `whole` (h, w) piece has -> (h, w, 2)."""
    _, labels = cv2.distanceTransformWithLabels((~whole).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    places = np.empty(guess.shape, np.int32)
    move(np.asarray(guess if guess.dtype == np.int32 else np.round(guess), np.int32), whole, np.asarray(labels, np.int32), places)
    return places


@numba.njit("void(i4[:,:,:],b1[:,::1],i4[:,::1],i4[:,:,::1])", cache=True, nogil=True)
def move(guess: Places, whole: Mask, labels: Places, places: Places) -> None:  # pragma: no cover - compiled
    """Take for each guess (h, w, 2) the place of the whole piece that has its label: `labels` (h, w) name the nearest of each pixel."""
    height, width = whole.shape
    named = np.zeros((labels.max() + 1, 2), np.int32)
    for y in range(height):
        for x in range(width):
            if whole[y, x]:
                named[labels[y, x], 0], named[labels[y, x], 1] = y, x
    for y in range(guess.shape[0]):
        for x in range(guess.shape[1]):
            label = labels[min(max(guess[y, x, 0], 0), height - 1), min(max(guess[y, x, 1], 0), width - 1)]
            places[y, x, 0], places[y, x, 1] = named[label, 0], named[label, 1]
