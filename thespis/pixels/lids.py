"""Lids that close: clean skin for the part of a lid that an open eye hides, lashes along its edge, and its shadow on the eyeball."""

from dataclasses import dataclass, replace

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.creases import Box, moved, overlap
from thespis.pixels.eyes import fill
from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes, random_for

Mask = npt.NDArray[np.bool_]
LASH_BAND = 0.045  # eye distances above the margin in which lashes and their shadow cover the skin
FRINGE = 0.02  # and below it, on the eyeball, where the lid's own edge is seen
SEEN = 0.06  # eye distances above that in which a lid's colour is read
BARE = (0.6, 0.9)  # which of the pixels there, from dark to bright, have it
DARKEST = (0.84, 0.75)  # of the skin around that a lid is at least, bare and behind glasses
RED = np.array([0.8, 1.05, 1.15], np.float32)  # powers of that which red, green and blue lose: skin in the shade is warm
STAIN = 0.02  # eye distances beside the frame of glasses that say nothing about a lid
BINS = 32  # places along an eye at which its lids' edges are known
INSIDE, NOTHING = 2.0, 100.0  # eye distances behind the skin between which the eyeball lies
BROW = 0.75  # of the light of skin that a brow has at most
TALLEST = 0.13  # eye distances that lashes may stand above the margin
STROKE = (0.025, 0.12)  # eye distances that half a lash is wide at most, and the share of the skin's light that it takes at least
TIP_EDGE = 0.02  # eye distances over which skin that is cleaned of long lashes goes over into skin as it is
THICK = 0.08  # of its light that a lid is darker in one place than in most
FOLD = (0.1, 0.28)  # shares of the way from its fold to its edge from which on a lid counts, bare and behind glasses
EVEN = 0.08  # eye distances along which skin above a lid is evened
THIN = (0.03, 0.1)  # of the skin's light, that strokes above a lid take at least to go as it closes
TOP = 0.5  # share of a lid below its fold by which it is joined to what is above
UNROLLED = (0.0, 0.5)  # shares of a lid below its fold over which it gets as dark as it is between its lashes
UNDER = (-0.25, 0.1)  # shares of a lid below its fold over which what it looks like takes over from skin as it is
JOINED, FADES = 0.4, 0.5  # of its light that a lid at its fold differs at most from skin around, and how much less its edge does
ABOVE, ALONG = 0.03, 0.04  # eye distances above a lid in which its colour is read, and along it over which that is evened
LASHES = 23
LEVELS = 16


@dataclass(eq=False)
class Lid:
    """One upper lid in the atlas: its `box`, what it looks like closed, `clean` (h, w, 3), where it counts, `mask` (h, w), and its lashes.

    `lash` (3,) is their colour and `lean` (LASHES,) where each stands, in shares of the way between two.
    """

    box: tuple[slice, slice]
    clean: Array
    mask: Array
    lash: Array
    lean: Array

    def unseen(self) -> "Lid":
        """Give a lid that leaves no trace, whether it closes or not: that of an eye behind dark lenses."""
        return replace(self, mask=np.zeros_like(self.mask), lash=np.full_like(self.lash, 255))

    def close(self, atlas: Bytes, under: Bytes, level: int) -> None:
        """Draw the lid into the atlas as it looks `level` of LEVELS closed, over the skin `under` (h, w, 4) it has open."""
        blend_lid(atlas[self.box], under, self.clean, self.mask, level / LEVELS)


@dataclass(eq=False)
class LidState:
    """A lid, how far closed the atlas shows it, and the skin (h, w, 4) it has when open, creases included."""

    lid: Lid
    under: Bytes
    level: int = 0

    def close(self, atlas: Bytes, level: int, fresh: list[Box]) -> None:
        """Bring the atlas to a level; `fresh` is where in it open skin has just been drawn."""
        rows, columns = self.lid.box
        parts = [part for part in (overlap(box, self.lid.box) for box in fresh) if part is not None]
        for part in parts:
            self.under[moved(part[0], -rows.start), moved(part[1], -columns.start)] = atlas[part]
        if level != self.level or (level and parts):
            self.level = level
            self.lid.close(atlas, self.under, level)


def make_lid(
    texture: Bytes,
    margin: Array,
    lower: Array,
    fold: Array,
    cheek: Array,
    unit: float,
    seed: str,
    framed: bool = False,
    person: Bytes | None = None,
) -> Lid:
    """Make the lid between `margin` (9, 2) and `fold` (7, 2) of an eye with the lower lid `lower` (9, 2), all in texture pixels.

    `cheek` (n, 2) are places of plain skin below the eye, `unit` texture pixels an eye distance; `framed` eyes have glasses before them.
    `person` (h, w) is how much of 255 each pixel of it is the person's, where that is known.
    """
    every = np.concatenate([margin, lower, fold])
    room = 0.12 * unit
    size = np.array(texture.shape[1::-1])
    low = np.clip(np.floor(every.min(axis=0) - room).astype(int), 0, size - 2)
    high = np.clip(np.ceil(every.max(axis=0) + room).astype(int), low + 2, size)
    box = (slice(int(low[1]), int(high[1])), slice(int(low[0]), int(high[0])))
    photo = texture[box]
    height, width = photo.shape[:2]

    def area(points: Array) -> Bytes:
        mask = np.zeros((height, width), np.uint8)
        cv2.fillPoly(mask, [np.round((points - low) * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
        return mask

    up = normal(margin, lower)
    arch = np.sin(np.linspace(0, np.pi, 9))[:, None] ** 0.5 * up * unit
    raised = margin + LASH_BAND * arch
    dropped = lower - 0.018 * unit * up
    covered = area(np.concatenate([raised, dropped[::-1]])) > 127
    at = np.clip(np.round(cheek).astype(int), 0, size - 1)
    tone = np.median(texture[at[:, 1], at[:, 0]].astype(np.float32), axis=0)
    # It counts from the fold to a little below the margin; where a frame may lie on the fold, from a little below that.
    below = FOLD[framed]
    upper = np.concatenate([margin[:1], fold * (1 - below) + margin[1:-1] * below, margin[-1:]])
    fringe = margin - FRINGE * unit * up
    mask = np.maximum(area(np.concatenate([upper, fringe[::-1]])), area(np.concatenate([raised, fringe[::-1]])))
    # Brows, frames and deep folds are no skin to learn from.
    bright = photo.astype(np.float32).mean(axis=2)
    usual = max(min(float(tone.mean()), float(np.percentile(bright[~covered], 65)) if (~covered).any() else 255.0), 1.0)
    tall = np.concatenate([margin + TALLEST * arch, margin[::-1]])
    tips = lash_tips(bright / usual, covered, area(tall) > 127, unit)
    if framed:
        # What is thin and dark there may be a rim.
        tips[:] = False
    known = (~(covered | tips)).astype(np.float32) * smoothstep(0.45, 0.75, bright / usual)
    # A soft photograph has the lashes' dark beside them as well, and what unrolls is none to learn from either.
    beside = np.ones((2 * max(round(STAIN * unit), 1) + 1,) * 2, np.uint8)
    near = covered * np.uint8(255) if framed else cv2.dilate(np.maximum(covered * np.uint8(255), mask), beside)
    known *= near < 128
    if person is not None:
        # Beside the far eye of a face turned aside comes the wall.
        known *= (cv2.erode(person[box], np.ones((2 * round(STAIN * unit) + 1,) * 2, np.uint8)) > 127).astype(np.float32)
    if framed:
        # The colour of a frame is still in the skin beside it.
        known = np.asarray(cv2.erode(known, beside), np.float32)
    whole = fill(photo, known) if known.sum() > 30 else np.broadcast_to(tone, photo.shape)
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    edge, crease = along(margin - low, columns), along(fold - low, columns)
    share = np.clip((rows - crease) / np.maximum(edge - crease, 0.02 * unit), -2.0, 1.2)
    even = evened(photo, margin[-1] - margin[0], unit)
    # An eye that lies in the shade, or is made up or painted, has a lid to match: the skin above it says how dark.
    above = cv2.dilate(near, np.ones((2 * max(round(ABOVE * unit), 1) + 1, 3), np.uint8)) > 127
    above &= (near < 128) & (share < 0) & ~tips
    if above.sum() > 20 and not framed:
        whole = joined(whole, even, above, mask > 127, share, unit)
    # What shows of it between the lashes counts as well.
    band = area(np.concatenate([raised + SEEN * arch, raised[::-1]])) > 127
    if band.sum() > 20:
        order = np.argsort(bright[band])
        bare = slice(int(BARE[0] * len(order)), int(BARE[1] * len(order)))
        shown, made = (float(each[band].astype(np.float32)[order[bare]].mean()) for each in (photo, whole))
        darker = float(np.clip(shown / max(made, 1.0), DARKEST[framed], 1.0))
        # Bare lids are so from below their fold on, or they would have an edge there.
        below_fold = np.ones_like(share) if framed else smoothstep(*UNROLLED, share)
        whole = whole * darker ** (below_fold[..., None] * RED)
    if not framed:
        lashes = cv2.GaussianBlur(cv2.dilate(covered.astype(np.float32), beside), (0, 0), max(0.01 * unit, 0.8))
        own = np.maximum(smoothstep(*UNDER, share), lashes)[..., None]
        whole = even * (1 - own) + whole * own
    # The grain of the skin around, so that the lid does not look airbrushed.
    grain = photo.astype(np.float32) - cv2.GaussianBlur(photo, (0, 0), 1.2)
    level = float(np.abs(grain.mean(axis=2))[known > 0.9].mean()) if (known > 0.9).any() else 0.0
    noise = random_for(0, f"lid {seed}").normal(0, 1.25 * min(level, 4.0), (height, width, 1))
    # A closed lid is round: lightest along its middle, darker towards the lashes.
    shade = 1 + 0.05 * np.sin(np.pi * np.clip(share, 0, 1)) - 0.10 * smoothstep(0.65, 1.1, share)
    clean = np.clip(whole * shade[..., None] + noise, 0, 255).astype(np.float32)
    soft = softly(mask, tips, unit)
    if not framed:
        # Lashes that are left above would be drawn out to a comb.
        strokes = (even - photo).mean(axis=2) / usual
        over = area(tall).astype(np.float32) / 255
        soft = np.maximum(soft, smoothstep(*THIN, strokes) * cv2.GaussianBlur(over, (0, 0), max(TIP_EDGE * unit, 0.8)))
    lean = random_for(0, f"lashes {seed}").uniform(-0.35, 0.35, LASHES).astype(np.float32)
    return Lid(box, clean, np.asarray(soft, np.float32), lash_colour(texture, margin), lean)


def softly(mask: Bytes, tips: Mask, unit: float) -> Array:
    """Say how much of a lid counts (h, w), 0 to 1, by its `mask` (h, w) and the long lashes above it, `tips` (h, w)."""
    soft = cv2.GaussianBlur(cv2.dilate(mask, np.ones((3, 3), np.uint8)).astype(np.float32) / 255, (0, 0), max(0.012 * unit, 0.8))
    if tips.any():
        # Skin that no fold parts from the brow must not end in a line.
        wide = np.ones((2 * round(TIP_EDGE * unit) + 1,) * 2, np.uint8)
        soft = np.maximum(soft, cv2.GaussianBlur(cv2.dilate(tips.astype(np.float32), wide), (0, 0), max(TIP_EDGE * unit, 0.8)))
    return np.asarray(soft, np.float32)


def lash_colour(texture: Bytes, margin: Array) -> Array:
    """Read the colour (3,) of the lashes along the `margin` (9, 2) of a lid in a texture (h, w, 3)."""
    spots = np.clip(np.round(margin[2:-2]).astype(int), 1, np.array(texture.shape[1::-1]) - 2)
    near = np.concatenate([texture[spots[:, 1] + step, spots[:, 0]] for step in (-1, 0, 1)]).astype(np.float32)
    return np.asarray(0.75 * np.percentile(near, 15, axis=0), np.float32)


def evened(photo: Bytes, way: Array, unit: float) -> Array:
    """Even a picture (h, w, 3) out along an eye, which leads `way` (2,): thin dark strokes across it, as lashes are, go."""
    half = EVEN * unit / 2 * way / max(float(np.linalg.norm(way)), 1e-6)
    reach = int(np.ceil(np.abs(half).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.uint8)
    ends = np.round(reach + np.array([-half, half])).astype(int)
    cv2.line(kernel, tuple(ends[0].tolist()), tuple(ends[1].tolist()), (1,))
    closed = cv2.morphologyEx(photo, cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.filter2D(closed.astype(np.float32), -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE), np.float32)


def joined(lid: Array, photo: Array, above: Mask, mask: Mask, share: Array, unit: float) -> Array:
    """Bring a lid (h, w, 3), seen where its `mask` (h, w) is, to the colours of a `photo` (h, w, 3) `above` it (h, w), at its fold most.

    `share` (h, w) is how far down the lid each pixel is, 0 at its fold and 1 at its edge.
    """
    (skin, seen), (own, there) = (columns_of(*each, unit) for each in ((photo, above), (lid, mask & (share < TOP))))
    known = np.minimum(seen, there) > 0.2
    if not known.any():
        return lid
    way = np.clip(skin - own, -JOINED * own, JOINED * own)
    # Where lashes stand thick, at a corner mostly, that says nothing of the skin.
    usual = float(np.median(way[known[:, 0]].mean(axis=1)))
    way += np.maximum(usual - THICK * float(own[known[:, 0]].mean()) - way.mean(axis=1), 0.0)[:, None]
    # A brow's grey is no shade: what is darker is half as much skin in the shade.
    darker = np.minimum((own + way).mean(axis=1) / np.maximum(own.mean(axis=1), 1.0), 1.0)[:, None]
    way = (way + own * (darker**RED - 1)) / 2
    at = np.arange(len(way))
    way = np.stack([np.interp(at, at[known[:, 0]], way[known[:, 0], channel]) for channel in range(3)], axis=1)
    return np.asarray(lid + way[None] * (1 - FADES * smoothstep(0.0, 1.0, share))[..., None], np.float32)


def columns_of(picture: Array, where: Mask, unit: float) -> tuple[Array, Array]:
    """Give the mean colours (w, 3) of the columns of a picture (h, w, 3) `where` (h, w) they count, evened, and how much did (w, 1)."""
    sums = np.concatenate([(picture * where[..., None]).sum(axis=0), where.sum(axis=0)[:, None]], axis=1)[None]
    sums = cv2.GaussianBlur(sums.astype(np.float32), (0, 0), max(ALONG * unit, 1.0), borderType=cv2.BORDER_REPLICATE)[0]
    return sums[:, :3] / np.maximum(sums[:, 3:], 1e-6), sums[:, 3:] / max(float(sums[:, 3].max()), 1e-6)


def lash_tips(bright: Array, covered: Mask, above: Mask, unit: float) -> Mask:
    """Find long lashes that stand out of what is `covered` (h, w) by the usual ones, `above` (h, w) an eye, and the skin between them.

    `bright` (h, w) is in shares of the skin's. They are thin dark strokes that begin at the lid; brows are broad, or begin elsewhere.
    """
    size = 2 * max(round(STROKE[0] * unit), 1) + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    dark = cv2.morphologyEx(np.asarray(bright, np.float32), cv2.MORPH_BLACKHAT, kernel) > STROKE[1]
    # What grows out of a brow, or hangs down before an eye, is no lash.
    broad = cv2.morphologyEx(((bright < BROW) & ~covered).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    above = above & (cv2.dilate(broad, kernel) == 0)
    _, parts = cv2.connectedComponents(((dark & above) | covered).astype(np.uint8), connectivity=8)
    own = np.isin(parts, np.unique(parts[covered])) & (parts > 0) if covered.any() else np.zeros_like(covered)
    room = 2 * size
    # What shows between two lashes goes with them.
    all_of = cv2.morphologyEx(np.pad(own, room).astype(np.uint8), cv2.MORPH_CLOSE, kernel, iterations=3)[room:-room, room:-room]
    return np.asarray((all_of > 0) & above & ~covered)


def normal(margin: Array, lower: Array) -> Array:
    """Find the direction (2,) from the eye up to its brow."""
    along_eye = margin[-1] - margin[0]
    up = np.array([along_eye[1], -along_eye[0]], np.float32) / max(float(np.linalg.norm(along_eye)), 1e-6)
    # The rings run from the outer corner to the inner one, so the two eyes' go opposite ways.
    return up if float(up @ (margin - lower).mean(axis=0)) >= 0 else -up


def along(ring: Array, columns: Array) -> Array:
    """Interpolate the height of a ring of points (n, 2) over columns (w,) -> (w,)."""
    order = np.argsort(ring[:, 0])
    return np.asarray(np.interp(columns, ring[order, 0], ring[order, 1]), np.float32)


@numba.njit("void(u1[:,:,:],u1[:,:,:],f4[:,:,::1],f4[:,::1],f8)", cache=True, nogil=True, fastmath=True)
def blend_lid(region: Bytes, under: Bytes, clean: Array, mask: Array, closed: float) -> None:  # pragma: no cover - compiled
    """Blend `under` (h, w, 4) with `clean` (h, w, 3) by `mask` (h, w) times `closed`, into `region`."""
    for y in range(mask.shape[0]):
        for x in range(mask.shape[1]):
            share = mask[y, x] * closed
            for channel in range(3):
                region[y, x, channel] = int(under[y, x, channel] * (1 - share) + clean[y, x, channel] * share + 0.5)


def shade_eye(fine: Bytes, nearest: Array, upper: Array, lower: Array, lid: Lid, unit: float, closed: float, moved: float) -> None:
    """Shade the eyeball below the upper lid's edge and draw its lashes, in pixels of `fine` (h, w, 3) with `unit` to an eye distance.

    `upper` and `lower` (9, 2) are the lids' edges there, `closed` is how far the eye is closed, `moved` how far the lid is from where the
    photograph has it (whose own shadow the photograph shows), both 0 to 1.
    """
    if upper[0, 0] > upper[-1, 0]:
        upper, lower = upper[::-1], lower[::-1]
    across = upper[-1] - upper[0]
    length = float(np.linalg.norm(across))
    if length < 4 or max(closed, moved) <= 0:
        return
    across /= length
    down = np.array([-across[1], across[0]], np.float32)
    places = np.linspace(0, length, BINS, dtype=np.float32)
    edge = np.interp(places, np.maximum.accumulate((upper - upper[0]) @ across), (upper - upper[0]) @ down).astype(np.float32)
    frame = np.array([upper[0, 0], upper[0, 1], across[0], across[1], length, unit, closed, moved], np.float32)
    draw_lashes(fine, nearest, edge, lid.lash, lid.lean, frame)


@numba.njit("void(u1[:,:,::1],f4[:,::1],f4[::1],f4[::1],f4[::1],f4[::1])", cache=True, nogil=True, fastmath=True)
def draw_lashes(fine: Bytes, nearest: Array, edge: Array, lash: Array, lean: Array, frame: Array) -> None:  # pragma: no cover - compiled
    """Darken what lies just below the upper lid's edge: the eyeball by shadow, anything by the line and the strokes of the lashes."""
    left, top, x_across, y_across, length, unit, closed, moved = frame
    bins, count = edge.shape[0], lean.shape[0]
    reach = 0.05 * unit
    highest, lowest = edge.min() - 0.012 * unit, edge.max() + reach
    for y in range(fine.shape[0]):
        for x in range(fine.shape[1]):
            t = (y - top) * x_across - (x - left) * y_across
            # Most of a close-up lies beside the lid's edge.
            if t < highest or t > lowest:
                continue
            s = ((x - left) * x_across + (y - top) * y_across) / length
            if s <= 0.0 or s >= 1.0:
                continue
            at = min(s * (bins - 1), bins - 1.001)
            k = int(at)
            d = t - (edge[k] + (at - k) * (edge[k + 1] - edge[k]))
            if d < -0.012 * unit or d > reach:
                continue
            eyeball = nearest[y, x] > INSIDE and nearest[y, x] < NOTHING and d > 0
            if closed <= 0 and not eyeball:
                continue
            taper = min(min(s, 1 - s) * 7, 1.0)
            line = 1 / (1 + (d / (0.012 * unit)) ** 2)
            dark = closed * taper * 0.75 * line * line
            if d > 0:
                # Lashes fan out from the middle, lean their own ways and thin out towards their tips.
                bend = (s - 0.5) * 0.55 * d / length
                at_lash = (s - bend) * count
                number = min(max(int(at_lash), 0), count - 1)
                off = abs(at_lash - number - 0.5 - lean[number] * (0.6 + 0.8 * d / reach)) * length / count
                tip = reach * (0.62 + 0.5 * lean[number]) * (0.6 + 0.4 * taper)
                thin = max(1 - d / tip, 0.0)
                stroke = min(max(1.3 * thin + 0.35 - off / (0.0045 * unit), 0.0), 1.0) * min(thin * 2, 1.0)
                dark = max(dark, 0.6 * closed * taper * stroke)
            value = 1.0
            if eyeball:
                value = 1 - 0.42 * moved / (1 + (d / (0.022 * unit)) ** 2)
            for channel in range(3):
                colour = fine[y, x, channel] * value
                colour += dark * (min(lash[channel], colour) - colour)
                fine[y, x, channel] = int(min(max(colour + 0.5, 0.0), 255.0))
