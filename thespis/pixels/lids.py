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
BARE = (0.65, 0.9)  # which of the pixels there, from dark to bright, have it
DARKEST = 0.75  # of the skin around that a lid is at least
STAIN = 0.02  # eye distances beside the frame of glasses that say nothing about a lid
BINS = 32  # places along an eye at which its lids' edges are known
INSIDE, NOTHING = 2.0, 100.0  # eye distances behind the skin between which the eyeball lies
BROW = 0.75  # of the light of skin that a brow has at most
TALLEST = 0.13  # eye distances that lashes may stand above the margin
STROKE = (0.025, 0.12)  # eye distances that half a lash is wide at most, and the share of the skin's light that it takes at least
TIP_EDGE = 0.02  # eye distances over which skin that is cleaned of long lashes goes over into skin as it is
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
    # Brows, frames and deep folds are no skin to learn from.
    bright = photo.astype(np.float32).mean(axis=2)
    usual = max(min(float(tone.mean()), float(np.percentile(bright[~covered], 65)) if (~covered).any() else 255.0), 1.0)
    tips = lash_tips(bright / usual, covered, area(np.concatenate([margin + TALLEST * arch, margin[::-1]])) > 127, unit)
    if framed:
        # What is thin and dark there may be a rim.
        tips[:] = False
    known = (~(covered | tips)).astype(np.float32) * smoothstep(0.45, 0.75, bright / usual)
    if person is not None:
        # Beside the far eye of a face turned aside comes the wall.
        known *= (cv2.erode(person[box], np.ones((2 * round(STAIN * unit) + 1,) * 2, np.uint8)) > 127).astype(np.float32)
    if framed:
        # The colour of a frame is still in the skin beside it.
        near = 2 * round(STAIN * unit) + 1
        known = np.asarray(cv2.erode(known, np.ones((near, near), np.uint8)), np.float32)
    whole = fill(photo, known) if known.sum() > 30 else np.broadcast_to(tone, photo.shape)
    # An eye that lies in the shade, or is painted, has a lid to match: what shows of it between the lashes says how dark.
    band = area(np.concatenate([raised + SEEN * arch, raised[::-1]])) > 127
    if band.sum() > 20:
        order = np.argsort(bright[band])
        bare = slice(int(BARE[0] * len(order)), int(BARE[1] * len(order)))
        shown, made = (each[band].astype(np.float32)[order[bare]].mean(axis=0) for each in (photo, whole))
        whole = whole * np.clip(shown / np.maximum(made, 1.0), DARKEST, 1.0)
    # The grain of the skin around, so that the lid does not look airbrushed.
    grain = photo.astype(np.float32) - cv2.GaussianBlur(photo, (0, 0), 1.2)
    level = float(np.abs(grain.mean(axis=2))[known > 0.9].mean()) if (known > 0.9).any() else 0.0
    noise = random_for(0, f"lid {seed}").normal(0, 1.25 * min(level, 4.0), (height, width, 1))
    # A closed lid is round: lightest along its middle, darker towards the lashes.
    rows = np.arange(height, dtype=np.float32)[:, None]
    columns = np.arange(width, dtype=np.float32)
    edge, crease = along(margin - low, columns), along(fold - low, columns)
    share = np.clip((rows - crease) / np.maximum(edge - crease, 0.02 * unit), 0, 1.2)
    shade = 1 + 0.05 * np.sin(np.pi * np.clip(share, 0, 1)) - 0.10 * smoothstep(0.65, 1.1, share)
    clean = np.clip(whole * shade[..., None] + noise, 0, 255).astype(np.float32)
    # It counts from a little below the fold, which stays, to a little below the margin.
    upper = np.concatenate([margin[:1], fold[:, :] * 0.72 + margin[1:-1] * 0.28, margin[-1:]])
    fringe = margin - FRINGE * unit * up
    mask = np.maximum(area(np.concatenate([upper, fringe[::-1]])), area(np.concatenate([raised, fringe[::-1]])))
    soft = cv2.GaussianBlur(cv2.dilate(mask, np.ones((3, 3), np.uint8)).astype(np.float32) / 255, (0, 0), max(0.012 * unit, 0.8))
    if tips.any():
        # Skin that no fold parts from the brow must not end in a line.
        wide = np.ones((2 * round(TIP_EDGE * unit) + 1,) * 2, np.uint8)
        soft = np.maximum(soft, cv2.GaussianBlur(cv2.dilate(tips.astype(np.float32), wide), (0, 0), max(TIP_EDGE * unit, 0.8)))
    spots = np.clip(np.round(margin[2:-2]).astype(int), 1, size - 2)
    near = np.concatenate([texture[spots[:, 1] + step, spots[:, 0]] for step in (-1, 0, 1)]).astype(np.float32)
    lash = 0.75 * np.percentile(near, 15, axis=0)
    lean = random_for(0, f"lashes {seed}").uniform(-0.35, 0.35, LASHES).astype(np.float32)
    return Lid(box, clean, np.asarray(soft, np.float32), lash.astype(np.float32), lean)


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
