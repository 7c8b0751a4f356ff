"""How far lips must part to look as far apart as asked: learnt once for each portrait, by finding its face again in a few drawings of it.

Moustaches, make-up and thin lips let the same opening look larger or smaller, to people and to trackers alike.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import fit_pose, measure
from thespis.head.person import Person
from thespis.head.shapes import Shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.layers import smoothstep
from thespis.pixels.lips import LOWER_ROWS, MIDDLE, UPPER_ROWS
from thespis.types import Array, Bytes

JAW_OPEN = FACE.column("jawOpen")
TRIED = (0.17, 0.26, 0.4, 0.6)  # of the jaw's opening, that are drawn and looked at
NEAR = 0.08  # of an opening, by which it must change to be drawn again
LOOKS = ((0.03, -0.02, 0.95), (-0.03, 0.02, 1.06), (0.0, 0.0, 1.0))
"""How the surroundings of a face are shifted and sized in each round of looking, at a picture and at its mirror image.

One look wavers by 7 %, and all that are not mirrored waver much alike.
"""
MOST, LEAST = 1.5, 0.6  # of the opening asked that is ever drawn
MISPLACED = 0.12  # eye distances between lips as drawn and as found, from which on it is not these lips that were found
SHUT = {"jawOpen": 0.06, "mouthClose": 0.06, "mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.12, "mouthRollUpper": 0.12}
"""A closure as p, b and m have it."""
TUCKS = (0.0, 0.012, 0.025, 0.04, 0.06)  # eye distances of the lips' inner edges that are tried to be left out
APART = 0.03  # eye distances between lips in the photograph from which on their edges are half tooth
RIM = 0.025  # eye distances of such edges that are left out at least
MOST_OF_LIP = 0.45  # of a lip's height that is left out at most, or what is left would be smeared over it
SEALED, BETTER = 0.005, 0.003  # eye distances at which lips are seen shut for sure, and that leaving more out must gain
GOES_ALONG = (0.83, 0.45)  # how far those rows go with an inner edge of which some is left out
PARTED = (0.015, 0.05)  # eye distances between lips over which they get back what was left out of them so that they close
Look = tuple[float, float, float]


@dataclass(frozen=True, eq=False)
class Parting:
    """How far lips are drawn apart, `drawn` (n,), where the weights say `asked` (n,): eye distances, both rising from zero.

    `reach` (51,) is how far each shape parts the lips.
    """

    asked: Array
    drawn: Array
    reach: Array

    def of(self, weights: Array) -> float:
        """Say how far weights (51,) part the lips, in eye distances."""
        return float(weights @ self.reach)

    def corrected(self, weights: Array) -> Array:
        """Let the jaw of weights (51,) go on, or stop short, until lips that part are seen to part as far as asked."""
        gap = self.of(weights)
        if gap <= 0.0:
            return weights
        last = float(self.asked[-1])
        drawn = float(np.interp(gap, self.asked, self.drawn)) if gap < last else gap * float(self.drawn[-1]) / last
        found = weights.copy()
        found[JAW_OPEN] += (drawn - gap) / float(self.reach[JAW_OPEN])
        return found


def plain(person: Person, rotation: Array) -> Parting:
    """Draw what is asked of a face turned by `rotation` (3, 3)."""
    upper, lower = person.shapes.lips_inner_upper[MIDDLE], person.shapes.lips_inner_lower[MIDDLE]
    apart = ((person.fields[:, lower] - person.fields[:, upper]) @ rotation.T).mean(axis=1)
    reach = apart[:, :2] @ rotation[:2, 1] / (rotation[:2, 1] @ rotation[:2, 1])
    return Parting(np.array([0.0, 1.0], np.float32), np.array([0.0, 1.0], np.float32), np.asarray(reach, np.float32))


def tucked(source: Array, shapes: Shapes, amount: float) -> Array:
    """Leave `amount` pixels of the lips' inner edges out of the picture: the mesh's places in it (n, 2), changed.

    What the photograph shows there may be half tooth or half dark, and stay between lips that close. The rest of a lip goes along.
    """
    found = source.copy()
    share = np.sqrt(1 - np.linspace(-1, 1, 11, dtype=np.float32) ** 2)[:, None]
    upper, lower, above, below = shapes.lip_edges
    for inner, outer, rows in ((upper, above, UPPER_ROWS), (lower, below, LOWER_ROWS)):
        way = source[outer] - source[inner]
        tall = np.linalg.norm(way, axis=1, keepdims=True)
        moved = way / np.maximum(tall, 1e-6) * np.minimum(amount, MOST_OF_LIP * tall) * share
        found[inner] += moved
        for row, along in zip(rows, GOES_ALONG, strict=True):
            found[list(row)] += along * moved[1:-1]
    return found


def untucked(source: Array, whole: Array, shapes: Shapes, apart: Array) -> Array:
    """Give lips that are `apart` (11,) eye distances, read from the places `source` (n, 2), back what they have in `whole` (n, 2)."""
    share = smoothstep(*PARTED, apart)[1:-1, None]
    if not share.any():
        return source
    found = source.copy()
    for inner, rows in ((shapes.lips_inner_upper, UPPER_ROWS), (shapes.lips_inner_lower, LOWER_ROWS)):
        for row in (inner[1:-1], *rows):
            at = np.asarray(row)
            found[at] += share * (whole[at] - found[at])
    return found


def seal(show_at: Callable[[float], Callable[[Array], tuple[Bytes, Array]]], shapes: Shapes, parted: float = 0.0) -> tuple[float, bool]:
    """Find how many eye distances of the lips' edges to leave out so that they are seen to shut, and whether that is for good.

    `show_at` gives what draws without them; the photograph shows the lips `parted` by so many.
    """
    shut = np.zeros(FACE.size, np.float32)
    for name, weight in SHUT.items():
        shut[FACE.column(name)] = weight
    # A rim of teeth between lips that else are shut is plain to people, and not to a tracker.
    amounts = TUCKS if parted <= APART else [amount for amount in TUCKS if amount >= RIM]
    best, least, teeth = amounts[0], np.inf, 0.0
    for amount in amounts:
        if amount and amount < teeth:
            continue
        gap = look(*show_at(amount)(shut), shapes)
        if gap is None:
            return amounts[0], False
        if amount == 0 and gap > APART:
            # They are parted, and what is between them was taken for lip.
            teeth = gap
        if gap < least - BETTER or gap <= SEALED < least:
            best, least = amount, gap
        if least <= SEALED:
            break
    return best, best >= teeth > 0


def learn(parting: Parting, show: Callable[[Array], tuple[Bytes, Array]], shapes: Shapes) -> Parting:
    """Learn how far to part the lips; `show` draws a row of the Space `face` -> a picture (h, w, 3), and its skin's points (468, 2)."""
    reach = float(parting.reach[JAW_OPEN])
    asked = np.asarray(reach * np.array(TRIED), np.float32)
    found: list[tuple[float, float]] = []
    wanted = asked
    for shown in LOOKS:
        for drawn in wanted.tolist():
            if any(abs(drawn / before - 1) < NEAR for before, _ in found):
                continue
            row = np.zeros(FACE.size, np.float32)
            row[JAW_OPEN] = drawn / reach
            seen = look(*show(row), shapes, shown)
            if seen is None:
                return parting
            found.append((drawn, seen))
        wanted = believed(found, asked)
    return Parting(np.append(np.float32(0), asked), np.append(np.float32(0), wanted), parting.reach)


def believed(found: list[tuple[float, float]], asked: Array) -> Array:
    """Say how far lips must be drawn apart to be seen as far apart as `asked` (n,), by openings that were `found`: drawn, and seen."""
    drawn, seen = np.array([(0.0, 0.0), *sorted(found)]).T
    rising = pooled(seen) + 1e-6 * np.arange(len(seen))
    wanted = np.interp(asked, rising, drawn)
    # Beyond what was tried, its last is believed.
    wanted = np.where(asked > rising[-1], asked * drawn[-1] / max(float(rising[-1]), 1e-3), wanted)
    return np.asarray(np.clip(wanted, LEAST * asked, MOST * asked), np.float32)


def pooled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Make values (n,) rise by putting the mean in the place of neighbours that fall: a wider opening that is seen narrower is noise."""
    runs: list[tuple[float, int]] = []
    for value in values.tolist():
        runs.append((value, 1))
        while len(runs) > 1 and runs[-2][0] > runs[-1][0]:
            (last, few), (before, many) = runs.pop(), runs.pop()
            runs.append(((last * few + before * many) / (few + many), few + many))
    return np.concatenate([np.full(count, value) for value, count in runs])


def look(picture: Bytes, skin: Array, shapes: Shapes, shown: Look = LOOKS[0]) -> float | None:
    """See how far apart lips are, in eye distances, in a picture (h, w, 3) of a face whose points (468, 2) are known; None if it hides."""
    low, high = skin.min(axis=0), skin.max(axis=0)
    (x, y), size = (low + high) / 2, 0.9 * float((high - low).max())
    upper, lower = shapes.lips_inner_upper[MIDDLE], shapes.lips_inner_lower[MIDDLE]
    drawn = (skin[upper] + skin[lower]).mean(axis=0) / 2
    last = picture.shape[1] - 1
    gaps = []
    across, down, larger = shown
    for mirror in (False, True):
        seen = np.ascontiguousarray(picture[:, ::-1]) if mirror else picture
        middle = last - x if mirror else x
        points = measure(seen, float(middle + across * size), float(y + down * size), larger * size)
        if points is None:
            return None
        rotation, unit, _ = fit_pose(points)
        found = (points[upper, :2] + points[lower, :2]).mean(axis=0) / 2
        found[0] = last - found[0] if mirror else found[0]
        if float(np.linalg.norm(found - drawn)) > MISPLACED * unit:
            return None
        way = rotation[:2, 1] * unit
        gaps.append(float(((points[lower] - points[upper])[:, :2] @ way).mean() / (way @ way)))
    return float(np.mean(gaps))
