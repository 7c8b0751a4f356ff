"""Eyes larger than the network takes them for, as drawn people have: told by their white, so that their lids close over all of it."""

from typing import NamedTuple

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import OVAL, Shapes
from thespis.pixels.layers import window
from thespis.types import Array, Bytes

OPEN, WIDE_OPEN = 0.14, 0.2  # eye distances that an eye is open from which on its lids are looked for, and it may be a cartoon's
FINE = 120.0  # pixels an eye distance in which they are
FARTHEST = 0.3  # eye distances around the network's lids within which they may lie
WAYS = 48  # in which the edge of an eye is looked for
LIGHT = 55  # per cent of the light beside an iris that its white has at least
IRIS = 35  # per cent of an iris that are too dark to have its colour
PALE, LIT, NEAR, MUCH = 0.5, 0.6, 0.06, 0.05  # of skin's colour that the white has at most, of its light at least, where, and of the eye
COLOURED = 12.0  # of Lab, that skin is coloured where a pale white can be told by that
DARK = 0.45  # of the light of the white that lines and lashes have at most
UNEVEN = 0.8  # of a pixel's worth that each step of an edge in or out costs
LEAST = 0.03  # eye distances that a lid moves at least, or the network was right
LAB = np.array([[100 / 255, 1.0, 1.0], [0.0, 128.0, 128.0]], np.float32)  # how Lab in bytes becomes Lab: times, and less
WEIGHTS = (0.7, 1.0, 1.0)  # of Lab: light differs most where it falls from one side
EDGE, PURE = 12.0, 0.2  # of Lab, by which the two sides of an edge differ, and how much like an eye its inside is
SURE = (0.9, 0.88, 0.8, 1.8)  # shares of an edge that is one, and of what it takes in that is eye, at least, then that of an eye wide open;
# times the size it has at most
CARTOON = (0.7, 0.5, 4.5, 25.0)  # the same where both eyes are wide open, and by how much of Lab their white differs from skin
AROUND, APART = 0.5, 12.0  # of an edge of an eye that is not wide open that moves, and of Lab by which any white differs from skin
RIM = (0.01, 0.055)  # eye distances beyond its edge in which an eye is half skin; and by which the edge of a cartoon's is missed
BESIDE = 0.06  # eye distances along a lid over which what it does to the skin beside it is evened
REACH, FOLLOWS = 0.08, 1.2  # eye distances around a lid over which skin goes along, and how much more for each that the lid goes
Mask = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


def refine_lids(texture: Bytes, points: Array, shapes: Shapes, unit: float, cheeks: dict[str, list[int]]) -> Array:
    """Say how to move face points (478, 2) so that the lids of large eyes lie at the edge of their white -> displacements (468, 2).

    All is in pixels of the texture, `unit` to an eye distance; `cheeks` are the numbers of points of plain skin below each eye.
    """
    found = np.zeros((468, 2), np.float32)
    seen, widest = {}, 0.0
    for side, cheek in cheeks.items():
        upper, lower = getattr(shapes, f"eye_{side}_upper"), getattr(shapes, f"eye_{side}_lower")
        opened = float(np.linalg.norm((points[lower] - points[upper])[2:-2], axis=1).max()) / unit
        if opened < OPEN:
            continue
        ring = np.concatenate([upper, lower[-2:0:-1]])
        edge = to_edge(texture, points[ring], points[getattr(shapes, f"iris_{side}")], points[cheek], unit, opened >= WIDE_OPEN)
        if edge is not None:
            seen[side] = ring, edge
        widest = max(widest, opened)
    for ring, edge in seen.values():
        if not edge.sure and not (widest >= WIDE_OPEN and len(seen) == 2 and all(each.cartoon for _, each in seen.values())):
            continue
        moves = edge.moves
        apart = np.linalg.norm(points[:468, None] - points[ring][None], axis=2)
        nearest = apart.min(axis=1)
        near = np.exp(-(apart**2 - nearest[:, None] ** 2) / (BESIDE * unit) ** 2)
        shift = (near @ moves) / near.sum(axis=1)[:, None]
        # Skin goes along so far that none is overtaken.
        reach = REACH * unit + FOLLOWS * np.linalg.norm(shift, axis=1)
        shift *= np.exp(-((nearest / reach) ** 2))[:, None]
        shift[ring] = moves
        found += np.asarray(shift, np.float32)
    # Where the face ends is known without its eyes.
    found[list(OVAL)] = 0
    return found


class Edge(NamedTuple):
    """Where an eye ends: how its lids move there (16, 2), whether that is sure, and whether it may be the eye of a cartoon."""

    moves: Array
    sure: bool
    cartoon: bool


def to_edge(texture: Bytes, ring: Array, iris: Array, cheek: Array, unit: float, wide_open: bool) -> Edge | None:
    """Say how the lids `ring` (16, 2) of an eye move to the edge of its white, corner to corner over the upper one; None if not at all.

    `iris` (5, 2) is its iris, the middle first, and `cheek` (n, 2) are places of plain skin.
    """
    photo, begin = window(texture, np.concatenate([ring, cheek]), FARTHEST * unit)
    scale = min(FINE / unit, 1.0)
    size = max(round(photo.shape[1] * scale), 8), max(round(photo.shape[0] * scale), 8)
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    lids, circle, skin = ((each - begin + 0.5) * scale - 0.5 for each in (ring, iris, cheek))
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2LAB) * LAB[0] - LAB[1]
    own = np.zeros(small.shape[:2], np.uint8)
    cv2.fillPoly(own, [np.round(lids).astype(np.int32)], (1,))
    told = like_an_eye(lab, own > 0, circle, skin, unit * scale)
    if told is None:
        return None
    like, apart = told
    middle, angles = lids.mean(axis=0), np.arange(WAYS) * 2 * np.pi / WAYS
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    steps = np.arange(0, 0.6 * unit * scale)
    at = (middle + ways[:, None] * steps[None, :, None]).astype(np.float32)

    def along(values: Array) -> Array:
        return np.asarray(cv2.remap(values, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)

    inside = along(own.astype(np.float32)) > 0.5
    before = np.where(inside.any(axis=1), inside.shape[1] - 1 - inside[:, ::-1].argmax(axis=1), 0)
    likely = along(like)
    most = int(FARTHEST * unit * scale)
    if before.min() < 2 or not (along_edge(likely, before, LEAST * unit * scale) > PURE).any():
        return None
    after = before + round_edge(likely, before, most)
    went = (after - before) / (unit * scale)
    moved = went > 0.5 * LEAST
    if went.max() < LEAST:
        return None
    rows, last = np.arange(WAYS), len(steps) - 1
    colours = along(lab)
    step = np.linalg.norm(colours[rows, np.clip(after - 2, 0, last)] - colours[rows, np.clip(after + 3, 0, last)], axis=1)
    taken = np.concatenate([likely[way, before[way] + 1 : after[way] + 1] for way in np.flatnonzero(moved)])
    clear, pure = float((step[moved] > EDGE).mean()), float((taken > PURE).mean())
    larger = float((after.astype(float) ** 2).sum() / (before.astype(float) ** 2).sum())
    # Of an eye as open as people's the network is right here and there, and what it leaves out lies all around.
    if apart < APART:
        return None
    sure = (
        (wide_open or float(moved.mean()) >= AROUND)
        and clear >= SURE[0]
        and pure >= SURE[1 + wide_open]
        and larger <= SURE[3]
        and bool((after - before < most).all())
    )
    cartoon = clear >= (CARTOON if wide_open else SURE)[0] and pure >= CARTOON[1] and larger <= CARTOON[2] and apart >= CARTOON[3]
    # An eye is round: what shines or is dark within it leaves no notch. What is half white and half skin is taken in.
    outlines = [
        cv2.convexHull((middle + ways * each[:, None]).astype(np.float32))[:, 0] for each in (before, after + RIM[not sure] * unit * scale)
    ]
    return Edge(np.asarray(outwards(lids, *outlines) / scale, np.float32), sure, sure or cartoon)


def like_an_eye(lab: Array, own: Mask, iris: Array, skin: Array, unit: float) -> tuple[Array, float] | None:
    """Say how much each pixel of a picture (h, w, 3) in Lab is like an eye, 1, or like skin, -1 -> (h, w), and how far apart the two are.

    `own` (h, w) lies between the network's lids, `iris` (5, 2) is its iris, and `skin` (n, 2) are places beside it.
    """
    rows, columns = np.mgrid[: own.shape[0], : own.shape[1]]
    radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
    away = np.hypot(columns - iris[0, 0], rows - iris[0, 1])
    core = cv2.erode(own.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    beside, within = lab[core & (away > 1.05 * radius)], lab[core & (away < 1.05 * radius)]
    if len(beside) < 12 or len(within) < 12:
        return None
    white = np.median(beside[beside[:, 0] >= np.percentile(beside[:, 0], LIGHT)], axis=0)
    colours = [white, np.median(within[within[:, 0] > np.percentile(within[:, 0], IRIS)], axis=0)]
    spots = np.clip(np.round(skin).astype(int), 0, np.array(own.shape[::-1]) - 1)
    plain = np.median(lab[spots[:, 1], spots[:, 0]], axis=0)
    colour = float(np.hypot(plain[1], plain[2]))
    if colour > COLOURED:
        # Of an eye of which the network's lids hold hardly any white, that lies beside them.
        reach = 2 * int(NEAR * unit) + 1
        near = cv2.dilate(own.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0
        pale = near & (np.hypot(lab[..., 1], lab[..., 2]) < PALE * colour) & (lab[..., 0] > LIT * plain[0])
        count, parts = cv2.connectedComponents(pale.astype(np.uint8))
        sizes, seen = np.bincount(parts.ravel(), minlength=count), np.bincount(parts[own], minlength=count)
        shown = np.flatnonzero((sizes > MUCH * own.sum()) & (seen > 0) & (np.arange(count) > 0))
        if len(shown):
            colours.append(np.median(lab[np.isin(parts, shown)], axis=0))
    apart = float(np.linalg.norm(white - plain))
    planes = [np.ascontiguousarray(lab[..., channel] * weight) for channel, weight in enumerate(WEIGHTS)]

    def nearest(colours: list[Array]) -> Array:
        ways = [sum((plane - value * weight) ** 2 for plane, value, weight in zip(planes, each, WEIGHTS, strict=True)) for each in colours]
        return np.asarray(np.sqrt(np.min(ways, axis=0)), np.float32)

    to_eye, to_skin = nearest(colours), nearest([plain])
    like = np.clip((to_skin - to_eye) / max(0.5 * apart, 1e-3), -1, 1)
    like[lab[..., 0] < DARK * white[0]] = -0.6
    like[away < 0.97 * radius] = 1.0
    return np.asarray(like, np.float32), apart


def along_edge(likely: Array, before: Whole, beyond: float) -> Array:
    """Say how much like an eye it is up to `beyond` steps outside of `before` (ways,), by each step (ways, steps) -> (ways,)."""
    count = max(round(beyond), 1)
    return np.asarray(np.take_along_axis(likely, before[:, None] + 1 + np.arange(count), axis=1).mean(axis=1), np.float32)


def round_edge(likely: Array, before: Whole, most: int) -> Whole:
    """Find how many steps beyond `before` (ways,) an eye ends each way -> (ways,), by how much like one each step (ways, steps) is."""
    ways, steps = likely.shape
    values = np.full((ways, most + 1), -1e6)
    values[:, 0] = 0.0
    for way in range(ways):
        ahead = likely[way, before[way] + 1 : min(before[way] + 1 + most, steps)]
        values[way, 1 : len(ahead) + 1] = np.cumsum(ahead)
    # Once round to find where it begins, which is where it ends.
    begin = int(best_way(values, -1)[0])
    return best_way(values, begin)


@numba.njit("i8[:](f8[:,::1],i8)", cache=True, nogil=True)
def best_way(values: Doubles, begin: int) -> Whole:  # pragma: no cover - compiled
    """Choose one of the `values` (ways, steps) each way, large ones and even steps -> (ways,); from `begin` back to it, if not -1."""
    ways, count = values.shape
    total = values[0].copy()
    if begin >= 0:
        total[:] = -1e9
        total[begin] = values[0, begin]
    came = np.zeros((ways, count), np.int64)
    for way in range(1, ways):
        through = np.empty(count)
        for to in range(count):
            most, where = -np.inf, 0
            for step in range(count):
                value = total[step] - UNEVEN * abs(to - step)
                if value > most:
                    most, where = value, step
            through[to] = most + values[way, to]
            came[way, to] = where
        total = through
    if begin >= 0:
        for to in range(count):
            total[to] -= UNEVEN * abs(to - begin)
    path = np.empty(ways, np.int64)
    path[-1] = np.argmax(total)
    for way in range(ways - 1, 0, -1):
        path[way - 1] = came[way, path[way]]
    return path


def outwards(lids: Array, before: Array, after: Array) -> Array:
    """Carry the lids (16, 2) from the outline `before` (n, 2) of an eye to the one `after` (m, 2), which holds it -> moves (16, 2)."""
    first, last = lids[0], lids[8]
    along = (last - first) / max(float(np.linalg.norm(last - first)), 1e-6)
    across = np.array([-along[1], along[0]], np.float32)
    place, height = (lids - first) @ along, (lids - first) @ across
    ends, wide = (((each - first) @ along) for each in (before, after))
    # A corner that lies outside the white stays.
    begin, end = min(float(wide.min() - ends.min()), 0.0), max(float(wide.max() - ends.max()), 0.0)
    share = np.clip(place / max(float(place[8]), 1e-6), 0.0, 1.0)
    to = place + begin + share * (end - begin)
    was, now = (edges(each, first, along, across) for each in (before, after))
    both = [np.interp(to, *after_side) - np.interp(place, *before_side) for after_side, before_side in zip(now, was, strict=True)]
    upper = height < height[[0, 8]].mean()
    gone = np.where(upper, both[0], both[1])
    gone[[0, 8]] = (both[0] + both[1])[[0, 8]] / 2
    moved = (to - place)[:, None] * along + gone[:, None] * across
    return np.asarray(moved, np.float32)


def edges(outline: Array, first: Array, along: Array, across: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Give the two sides of a convex outline (n, 2), seen along an axis from `first` (2,): places and heights of each, low and high."""
    place, height = (outline - first) @ along, (outline - first) @ across
    order = np.roll(np.arange(len(place)), -int(place.argmin()))
    turn = int(np.argmax(place[order])) + 1
    one, other = order[:turn], np.concatenate([order[turn - 1 :], order[:1]])[::-1]
    sides = [(place[each], height[each]) for each in (one, other)]
    sides.sort(key=lambda side: float(np.mean(np.interp(np.linspace(place.min(), place.max(), 9), *side))))
    return sides[0], sides[1]
