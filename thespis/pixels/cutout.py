"""Cut the person out of a picture: how much of each pixel is person, the person's own colours, and the background filled in behind."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import person_share
from thespis.head.shapes import OVAL
from thespis.pixels.along import along_bands, of_bands
from thespis.pixels.behind import fill_in, go_on
from thespis.pixels.channels import farthest, mixed
from thespis.pixels.diffuse import diffuse
from thespis.pixels.ears import lit_ears
from thespis.pixels.islands import islands
from thespis.pixels.layers import smoothstep
from thespis.pixels.locks import locks
from thespis.pixels.neighbours import own_side
from thespis.pixels.outline import axes_of
from thespis.pixels.skirt import BESIDE, LONG, SHOULDER, SLOPES
from thespis.pixels.strands import Wall, left_over, look_at, put_strands
from thespis.pixels.taken_along import better_whole
from thespis.pixels.tangled import put_strip, strips
from thespis.types import Array, Bytes

WORKING_UNIT = 72.0  # pixels an eye distance in which the cut is made; finer than the network sees, and quick
WINDOW = 2.2  # eye distances around the face's middle that the network looks at a second time, near
NEAR_EDGE = 0.5  # eye distances over which the near look fades into the far one
CLOSE, AIRY = 3.5, 4.4  # eye distances across below which a picture hides ears from the network, and those that a border gives it then
TRUSTED = 0.85  # of the face must be taken for a person, or the cut is not believed
REFINE = 0.07  # eye distances; the reach of the filter that draws the cut along the picture's own edges
SURE = 0.06  # eye distances inside the person's edge where the network is believed whatever the colours say
DISTINCT = (40.0, 90.0)  # of 441: how far apart in colour person and background must be for colours to draw the edge
WALL = (0.05, 0.4)  # of the way from the background's colour to the person's: below is background, above the network is believed
MIXED = 0.42  # of that way, where another background is put behind hair: half the old one's colour would be a pale rim
DOUBTFUL = 0.12  # eye distances of mean width from which on a soft edge is a guess, and the cut is not believed
PLAIN = (4.0, 10.0)  # grey levels by which a rim may differ from the colours around it and still be background
BEYOND = 0.6  # eye distances around what moves that are looked at with it
AROUND = 0.1  # eye distances by which the edge of a body is softened where it takes what lies beside it along
COLLAR = (0.1, 0.8)  # eye distances below the chin over which what moves with the head comes to be a collar
ROOM = 0.055  # eye distances by which the hole in the background is wider than the person: a photograph's edges are soft
WISPS = 0.1  # the same where hair hangs out of it


@dataclass(frozen=True, eq=False)
class Cutout:
    """A texture taken apart: the `person` (h, w, 4), whose fourth byte is the share of each pixel, and the `plate` behind (h, w, 3).

    `body` (small h, small w), from 0 to 1, is where in all of it the person is, shoulders too, which the share does not tell from
    what lies beside them; `soft` (small h, small w) is the same with what lies beside them taken along. Where nobody can tell the two
    apart the person is `whole`, background and all.
    """

    person: Bytes
    plate: Bytes
    body: Array
    soft: Array
    whole: bool = False

    def covers(self, spots: Array, *, softly: bool = False) -> Array:
        """Say how much person there is at places (n, 2) in the texture (n,)."""
        body = self.soft if softly else self.body
        times = np.array(body.shape[::-1], np.float32) / np.array(self.person.shape[1::-1], np.float32)
        at = np.round((spots + 0.5) * times - 0.5).astype(int)
        column, row = (np.clip(at[:, axis], 0, body.shape[1 - axis] - 1) for axis in (0, 1))
        return np.asarray(body[row, column], np.float32)

    @property
    def share(self) -> Bytes:
        """How much of each pixel (h, w) is person, of 255."""
        return self.person[..., 3]

    @property
    def head(self) -> Bytes:
        """How much of each pixel (h, w) is person, of 255, where that is only to tell how far the head goes."""
        if not self.whole:
            return self.share
        return np.asarray(cv2.resize(self.body, self.person.shape[1::-1], interpolation=cv2.INTER_LINEAR) * 255, np.uint8)


def cut_out(
    texture: Bytes,
    inside: tuple[int, int, int, int],
    points: Array,
    unit: float,
    moving: Callable[[Array], tuple[Array, Array]],
    others: Array,
    *,
    entirely: bool = False,
) -> Cutout | None:
    """Cut the person whose face has the points (n, 2) out of a texture (h, w, 3); None where the network does not see a person there.

    `inside` is the left, top, right and bottom of what the texture has of the picture; the rest was made up. `unit` is in pixels.
    `moving` tells how much places (n, 2) of the texture move with the head (n,), and where no shoulder or collar can be (n,): what
    does not move is left as it is, background and all, unless the person is to be cut out `entirely`. `others` (n, 3) are other faces
    there: the middle of each, across and down, and its height.
    """
    outline, own_unit = points[list(OVAL)], unit

    def ways(spots: Array) -> tuple[Array, ...]:
        goes, bare = moving(spots)
        return goes, bare, np.maximum(bare, goes * above_shoulders(outline, spots, own_unit))

    scale = min(WORKING_UNIT / unit, 1.0)
    size = max(round(texture.shape[1] * scale), 8), max(round(texture.shape[0] * scale), 8)
    small = np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)
    exact = np.array([size[0] / texture.shape[1], size[1] / texture.shape[0]], np.float32)
    on_small = (points + 0.5) * exact - 0.5
    unit = unit * float(exact.mean())
    left, top, right, bottom = (round(edge * float(exact[i % 2])) for i, edge in enumerate(inside))
    left, top = min(max(left, 0), size[0] - 2), min(max(top, 0), size[1] - 2)
    right, bottom = min(max(right, left + 2), size[0]), min(max(bottom, top + 2), size[1])
    shown, on_shown = np.ascontiguousarray(small[top:bottom, left:right]), on_small - np.array([left, top], np.float32)
    ears = lit_ears(shown, on_shown, unit)
    alpha = share_of_person(shown, on_shown, ears, unit)
    alpha, ears = (np.pad(each, ((top, size[1] - bottom), (left, size[0] - right)), mode="edge") for each in (alpha, ears))
    if len(others):
        low, high = on_small.min(axis=0), on_small.max(axis=0)
        own = np.array([*(low + high) / 2, high[1] - low[1]], np.float32)
        theirs = np.column_stack([(others[:, :2] + 0.5) * exact - 0.5, others[:, 2] * exact[1]])
        alpha *= own_side(small, own, theirs)
    made_up = np.ones(alpha.shape, bool)
    made_up[top:bottom, left:right] = False
    face = np.zeros(alpha.shape, np.uint8)
    cv2.fillPoly(face, [np.round(on_small[list(OVAL)]).astype(np.int32)], [1])
    seen, rim = face.astype(bool), 2 * round(0.06 * unit) + 1
    if not seen.any() or float(alpha[seen].mean()) < TRUSTED:
        return None
    alpha = np.maximum(alpha, cv2.GaussianBlur(cv2.dilate(face, np.ones((rim, rim), np.uint8)).astype(np.float32), (0, 0), 0.03 * unit))
    alpha = connected(alpha, face)
    goes, bare, high = on_grid(ways, size, exact)
    if entirely:
        goes = np.ones_like(goes)
    if unsure(alpha * (goes > 0.5), unit) > DOUBTFUL:
        return None
    # Far from the head nothing moves, and nothing need be known.
    box = box_of(goes > 0, round(BEYOND * unit))
    hanging, looked_at = np.zeros_like(alpha), np.ascontiguousarray(small[box])
    wall = look_at(looked_at, alpha[box], made_up[box], unit)
    again = along_bands(wall, looked_at, made_up[box], unit)
    banded = of_bands(again)
    hanging[box] = locks(looked_at, alpha[box], made_up[box], unit) * ~(wall.leads | banded)
    # Others who stand there must not be taken along.
    alone = not entirely and not len(others)
    if alone and better_whole(looked_at, alpha[box], hanging[box], goes[box] * high[box], made_up[box], wall, unit):
        soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(AROUND * unit, 0.6)), np.float32)
        return Cutout(np.asarray(cv2.cvtColor(texture, cv2.COLOR_RGB2RGBA), np.uint8), texture, alpha, soft, whole=True)
    alpha = connected(np.maximum(alpha, hanging), face)
    apart = np.zeros_like(alpha)
    apart[box] = islands(looked_at, alpha[box], made_up[box], unit) * ((bare[box] > 0.5) & ~banded)
    alpha, hanging = np.maximum(alpha, apart), np.maximum(hanging, apart)
    hanging, held = np.minimum(hanging, alpha), np.maximum(cv2.dilate(face, np.ones((3, 3), np.uint8)), np.minimum(ears, alpha))
    soft = np.asarray(cv2.GaussianBlur(alpha, (0, 0), max(AROUND * unit, 0.6)), np.float32)
    parts = (np.full(alpha.shape, 255, np.uint8), small.copy(), small.copy(), np.zeros(alpha.shape, np.uint8))
    for part, found in zip(
        parts,
        layers(
            looked_at, alpha[box], hanging[box], held[box], made_up[box], unit, goes[box], bare[box], high[box], (wall, again), entirely
        ),
        strict=True,
    ):
        part[box] = found
    whole = texture.shape[1], texture.shape[0]
    large = [np.asarray(cv2.resize(part, whole, interpolation=cv2.INTER_LINEAR), np.uint8) for part in parts]
    person, behind = np.empty((*texture.shape[:2], 4), np.uint8), np.empty_like(texture)
    take_apart(np.ascontiguousarray(texture), large[0], large[1], large[2], large[3], person, behind)
    return Cutout(person, behind, alpha, soft)


def on_grid(moving: Callable[[Array], tuple[Array, ...]], size: tuple[int, int], exact: Array) -> tuple[Array, ...]:
    """Ask what moves at every second pixel of a small texture of a size (w, h), `exact` (2,) of the whole one's, and go over the rest."""
    few = -(-size[0] // 2), -(-size[1] // 2)
    y, x = np.mgrid[0 : few[1], 0 : few[0]].astype(np.float32) + 0.5
    spots = np.stack([x.ravel() * size[0] / few[0], y.ravel() * size[1] / few[1]], axis=1) / exact - 0.5
    found = (cv2.resize(each.reshape(few[::-1]), size, interpolation=cv2.INTER_LINEAR) for each in moving(spots))
    return tuple(np.asarray(each, np.float32) for each in found)


def above_shoulders(outline: Array, spots: Array, unit: float) -> Array:
    """Say which spots (n, 2) beside a face with an `outline` (m, 2) lie too high for a shoulder (n,): hair there goes along."""
    down, across = axes_of(outline)
    edge, beside = outline @ across, spots @ across
    aside = np.maximum(np.maximum(edge.min() - beside, beside - edge.max()), 0.0) / unit
    below = (spots @ down - float((outline @ down).max())) / unit
    higher = BESIDE * (1 - SLOPES * smoothstep(*LONG, aside)) * aside * smoothstep(*SHOULDER, below)
    return np.asarray(1 - smoothstep(*COLLAR, below + higher), np.float32)


def box_of(mask: npt.NDArray[np.bool_], room: int) -> tuple[slice, slice]:
    """Find the rows and columns that hold what a mask (h, w) marks, and `room` pixels around."""
    found = []
    for axis in (1, 0):
        marked = np.flatnonzero(mask.any(axis=axis))
        low, high = (int(marked[0]), int(marked[-1])) if len(marked) else (0, mask.shape[1 - axis] - 1)
        found.append(slice(max(low - room, 0), high + room + 1))
    return found[0], found[1]


def layers(
    small: Bytes,
    alpha: Array,
    hanging: Array,
    held: Array,
    made_up: npt.NDArray[np.bool_],
    unit: float,
    goes: Array,
    bare: Array,
    high: Array,
    walls: tuple[Wall, Wall],
    entirely: bool,
) -> tuple[Bytes, Bytes, Bytes, Bytes]:
    """Take a picture (h, w, 3) apart by the person's share (h, w) -> share, own colours, background and what of that is filled in.

    `hanging` (h, w) is what of the share hangs out of the rest, and `held` (h, w) what is person whatever the colours say.
    Where no collar can be, `bare` (h, w), colours tell; what is as `high` (h, w) as hair beside a face goes along.
    What was `made_up` (h, w) beyond the picture's edge mirrors the person too, and says nothing about the background: of its
    `walls` the second is looked at along its bands.
    """
    _, wall = walls
    plate = fill_in(small, (hole_of(alpha, unit) > 0) | made_up, unit)
    alpha = np.maximum(
        by_colour(small, alpha, plate, unit, *((np.ones_like(bare), bare) if entirely else (bare, np.zeros_like(bare)))),
        held,
    )
    # Beside what hangs there is more of the same, too thin to be told from the wall.
    hole = plain_rim(small, alpha, np.maximum(hole_of(alpha, unit), hole_of(hanging, WISPS / ROOM * unit)))
    if not entirely:
        # Of a collar or a shoulder beside the face the network is often unsure: there the person and its rim stay whole.
        goes = goes + (high - goes) * hole
    hole = np.maximum(hole, left_over(wall, hole, goes * high * wall.plain > 0.5, made_up, unit))
    none = np.zeros_like(alpha)
    strip, strands = (none, none) if entirely else strips(walls, made_up, goes * high, unit)
    dense = np.maximum(strip, strands)
    hole = np.maximum(hole, smoothstep(0.0, 0.25, cv2.dilate(dense, np.ones((5, 5), np.uint8))))
    # What stays in front is known too: a collar goes on behind the neck, not the wall.
    unseen = (hole * goes > 0.02) | made_up
    plate = go_on(small, unseen, made_up, unit, wall.bands)
    colours = own_colours(small, alpha, plate)
    put_strands(small, plate, wall, hole * goes * high * ~made_up, alpha, colours)
    if wall.bands is not None:
        # Where strands are dense, along bands they are told however rough these are.
        put_strands(small, plate, replace(wall, plain=np.ones_like(wall.plain)), strands, alpha, colours)
    put_strip(small, plate, strip, alpha, colours)
    # What stays counts as person, background and all; of what is left each pixel keeps its part.
    stays, own = 1 - goes, alpha * goes
    alpha, hole = np.asarray(stays + own, np.float32), np.asarray(np.maximum(hole * goes, made_up), np.float32)
    # Where hardly anything is left of a pixel it takes the kind of colour that its neighbours have, or their edge would be a line.
    near_own, near = (cv2.GaussianBlur(each, (0, 0), 1.5) + 1e-4 for each in (own, alpha))
    part = np.where(alpha > 0.02, own / np.maximum(alpha, 1e-6), near_own / near)
    colours = mixed(small, colours, np.asarray(part, np.float32))
    return np.asarray(alpha * 255 + 0.5, np.uint8), colours, plate, np.asarray(hole * 255 + 0.5, np.uint8)


# The compiled function takes what its signature says, which its types do not tell.
@numba.njit("void(u1[:,:,::1],u1[:,::1],u1[:,:,::1],u1[:,:,::1],u1[:,::1],u1[:,:,::1],u1[:,:,::1])", cache=True, nogil=True)
def take_apart(
    texture: Bytes, alpha: Bytes, colours: Bytes, plate: Bytes, hole: Bytes, person: Bytes, behind: Bytes
) -> None:  # pragma: no cover - compiled
    """Write the person (h, w, 4) and what is `behind` (h, w, 3), in the detail of the texture wherever that shows them alone."""
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            share, gone = int(alpha[y, x]), int(hole[y, x])
            if share == 255 and gone == 0:
                for channel in range(3):
                    person[y, x, channel] = behind[y, x, channel] = texture[y, x, channel]
                person[y, x, 3] = share
                continue
            # Where a pixel is nearly all person its colour is the photograph's, to the last bit.
            detail = min(max((share - 64) * 255 // 160, 0), 255)
            person[y, x, 3] = share
            for channel in range(3):
                own, photo, wall = int(colours[y, x, channel]), int(texture[y, x, channel]), int(plate[y, x, channel])
                person[y, x, channel] = own + ((photo - own) * detail + 127) // 255
                behind[y, x, channel] = photo + ((wall - photo) * gone + 127) // 255


def share_of_person(picture: Bytes, points: Array, ears: Array, unit: float) -> Array:
    """Ask how much of each pixel of a picture (h, w, 3) is person -> (h, w) from 0 to 1, looked at as a whole and near the face.

    `ears` (h, w) are known to be.
    """
    height, width = picture.shape[:2]
    alpha = airy_share(picture, unit)
    middle, half = points[list(OVAL)].mean(axis=0), WINDOW * unit
    left, top = (max(int(edge), 0) for edge in middle - half)
    right, bottom = min(int(middle[0] + half) + 1, width), min(int(middle[1] + half) + 1, height)
    if right - left > 16 and bottom - top > 16 and (right - left) * (bottom - top) < 0.7 * width * height:
        near = person_share(np.ascontiguousarray(picture[top:bottom, left:right]))
        # Where the window ends inside the picture the near look has seen half a person at most.
        weight = np.ones(near.shape, np.float32)
        rim = max(NEAR_EDGE * unit, 1.0)
        across, down = np.arange(right - left), np.arange(bottom - top)
        if left > 0:
            weight *= smoothstep(0, rim, across)
        if right < width:
            weight *= smoothstep(0, rim, across[::-1])
        if top > 0:
            weight *= smoothstep(0, rim, down)[:, None]
        if bottom < height:
            weight *= smoothstep(0, rim, down[::-1])[:, None]
        patch = alpha[top:bottom, left:right]
        alpha[top:bottom, left:right] = patch + (near - patch) * weight
    alpha = np.maximum(alpha, ears)
    guide = cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32) / 255
    refined = cv2.ximgproc.guidedFilter(guide, alpha, max(round(REFINE * unit), 2), 1e-3)
    return np.asarray(smoothstep(0.25, 0.75, np.clip(refined, 0, 1)), np.float32)


def airy_share(picture: Bytes, unit: float) -> Array:
    """Ask how much of each pixel of a picture (h, w, 3) is person (h, w), whose head may fill it: its edges go on as a soft border.

    The network learnt from heads with room around them, and takes the ears of a face from edge to edge for wall.
    """
    seen, width = person_share(picture), picture.shape[1]
    if width > CLOSE * unit:
        return seen
    room = round((AIRY * unit - width) / 2)
    grown = cv2.copyMakeBorder(picture, room, 0, room, room, cv2.BORDER_REPLICATE)
    soft = cv2.blur(cv2.blur(grown, (room, room)), (room, room))
    soft[room:, room : room + width] = picture
    return np.maximum(seen, person_share(np.ascontiguousarray(soft))[room:, room : room + width])


def by_colour(picture: Bytes, alpha: Array, plate: Bytes, unit: float, tell: Array, mixed: Array) -> Array:
    """Take out of the share (h, w) what has the background's colour near its edge, where colours `tell` (h, w).

    `mixed` (h, w) is where colours in between tell shares in between: around hair, and not where clothes may be.
    """
    reach = max(round(SURE * unit), 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    sure = np.asarray(cv2.erode((alpha > 0.98).astype(np.float32), kernel), np.float32)
    if not sure.any():
        return alpha
    length, nearer = on_the_way(picture, plate, diffuse(picture, sure))
    # Half of each says little: between a black suit and a white wall lies a grey collar. Only what is the background's own colour goes.
    told = np.minimum(alpha, smoothstep(*WALL, cv2.GaussianBlur(nearer * (1 - (1 - MIXED) * mixed), (0, 0), 0.6)))
    believed = tell * smoothstep(*DISTINCT, length) * (1 - sure)
    return np.asarray(alpha + (told - alpha) * believed, np.float32)


@numba.njit("Tuple((f4[:,::1],f4[:,::1]))(u1[:,:,::1],u1[:,:,::1],f4[:,:,::1])", cache=True, nogil=True)
def on_the_way(picture: Bytes, plate: Bytes, own: Array) -> tuple[Array, Array]:  # pragma: no cover - compiled
    """Say how far a person's `own` colours (h, w, 3) are from a background's, and where on that way, 0 to 1, those of a picture lie."""
    length, share = np.empty(picture.shape[:2], np.float32), np.empty(picture.shape[:2], np.float32)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            square = along = np.float32(0)
            for channel in range(3):
                behind = np.float32(plate[y, x, channel])
                way = own[y, x, channel] - behind
                square += way * way
                along += (np.float32(picture[y, x, channel]) - behind) * way
            length[y, x] = np.sqrt(square)
            share[y, x] = min(max(along / max(square, np.float32(1)), np.float32(0)), np.float32(1))
    return length, share


def connected(alpha: Array, face: Bytes) -> Array:
    """Keep of a share (h, w) what hangs together with the `face` (h, w): a hand or a second person beside the head stays where it is."""
    _, labels = cv2.connectedComponents((alpha > 0.3).astype(np.uint8), connectivity=8)
    own = np.isin(labels, np.unique(labels[(face > 0) & (labels > 0)]))
    kept = cv2.dilate(own.astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.asarray(alpha * kept, np.float32)


def unsure(alpha: Array, unit: float) -> float:
    """Say how wide the soft edge of a share (h, w) is, in eye distances: where the network cannot tell hair from flowers, very."""
    soft = float(((alpha > 0.15) & (alpha < 0.85)).sum())
    edge = float(cv2.morphologyEx((alpha > 0.5).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).sum()) / 2
    return soft / max(edge, 1.0) / unit


def plain_rim(picture: Bytes, alpha: Array, hole: Array) -> Array:
    """Leave out of a hole (h, w) the rim around the person where it already has the background's plain colour."""
    spread = diffuse(picture, (hole <= 0).astype(np.float32))
    apart = cv2.GaussianBlur(farthest(picture, spread), (0, 0), 1.0)
    bare = (1 - smoothstep(*PLAIN, apart)) * (1 - smoothstep(0.02, 0.08, alpha))
    return np.asarray(hole * (1 - bare), np.float32)


def hole_of(alpha: Array, unit: float) -> Array:
    """Say where the background must be filled in, from the person's share (h, w): the person and a rim around -> (h, w) from 0 to 1."""
    reach = max(round(ROOM * unit), 2)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    grown = cv2.dilate((alpha > 0.04).astype(np.float32), kernel)
    return np.asarray(cv2.blur(grown, (3, 3)), np.float32)


def own_colours(picture: Bytes, alpha: Array, plate: Bytes) -> Bytes:
    """Tell the person's own colours (h, w, 3) at the soft edge, where the picture mixes them with the background's."""
    near = diffuse(picture, smoothstep(0.85, 1.0, alpha))
    # What the equation says is as good as the background behind it is known; the thinner the hair, the more its neighbours say.
    return unmixed(picture, alpha, plate, near, smoothstep(0.05, 0.6, alpha))


@numba.njit("u1[:,:,::1](u1[:,:,::1],f4[:,::1],u1[:,:,::1],f4[:,:,::1],f4[:,::1])", cache=True, nogil=True)
def unmixed(picture: Bytes, alpha: Array, plate: Bytes, near: Array, weight: Array) -> Bytes:  # pragma: no cover - compiled
    """Solve what a picture (h, w, 3) mixes of a person, whose share is `alpha` (h, w), and a plate, and believe it by a `weight` (h, w)."""
    found = np.empty(picture.shape, np.uint8)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            share = alpha[y, x]
            for channel in range(3):
                mixed = np.float32(picture[y, x, channel])
                if share <= np.float32(0.98):
                    own = (mixed - (np.float32(1) - share) * np.float32(plate[y, x, channel])) / max(share, np.float32(0.05))
                    own = min(max(own, np.float32(0)), np.float32(255))
                    mixed = near[y, x, channel] + (own - near[y, x, channel]) * weight[y, x]
                found[y, x, channel] = np.uint8(mixed + np.float32(0.5))
    return found
