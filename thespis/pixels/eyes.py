"""The eyes: the eyeball behind the lids, rebuilt once from the photograph, and the iris that looks about on it."""

import math
from dataclasses import dataclass

import cv2
import numba
import numpy as np
import numpy.typing as npt

from thespis.pixels.layers import smoothstep
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
PATCH = 96  # pixels across the patch an eye is kept in
SHADED = 0.13  # of a patch's height below the upper lid that its lashes shade
WET = (0.13, 0.22)  # and above the lower one that its wet edge has, or of the eye's height where that is less
OUTSIDE = (3.0, 9.0)  # pixels of a patch outside the lids over which what is brighter is no eye
SEEN = 12  # pixels of a white at least, to learn it from
RIM = 0.2  # of the light that the white of an eye lacks at its lids
DEEP = (0.3, 0.06)  # of a patch's size below the upper lid that stretches as it rises: where it cuts off the iris, and where not
KEPT = (0.08, 0.35)  # radians of turn over which what the photograph's own gaze looks like is lost
SIZES, ASIDE = (0.74, 1.5), 0.16  # of the radius that the network gives an iris, between which it is looked for; and so far to either side
BEYOND = 0.75  # of the light of an eye's white, that what is beside its iris has
PLAIN = 6.0  # grey levels between white and iris below which nothing tells where it ends
LID_BRIGHTER, LID_BRIGHTER_BY = 1.15, 8.0  # times, and grey levels besides, that a lid's edge is brighter than the iris beside it
LEFT = (0.04, 0.2)  # and over which what it has where the iris's edge was is lost: no ring stays behind
IRIS_EDGE, AROUND = (1.0, 1.24), (1.2, 1.45)  # radii over which an iris ends, and over which nothing is left of its edge
GLINT = 14.0  # grey levels above the iris from which on it is a light on it
HALF_WAY = 0.5  # of the iris's way is the light's
RADIUS = 0.19  # of an eyeball, in eye distances: 12 mm on a head whose eyes are 63 mm apart


@dataclass(frozen=True, eq=False)
class Eyeball:
    """One eye: its `photo` (h, w, 3), `white` (h, w, 3) without the iris, and `iris` (h, w, 4), made whole, times its soft edge.

    `glint` (h, w, 3) is the light that the photograph shows on the iris. `apart` (h, w, 3) is by how much the photograph differs from all
    that, `inner` (h, w) how much of a pixel lies well inside the lids, 0 to 1, and `rim` (h, w) how much of it is the iris's edge. `lid`
    (2, w) has the row at which the upper lid ends in each column, and how far it goes with its middle; `deep` rows below it stretch as it
    rises. `corners` (4, 2) are the patch's corners in texture pixels: top left, top right, bottom left, bottom right; `unit` is how many
    patch pixels an eye distance has.
    """

    photo: Bytes
    white: Array
    iris: Array
    glint: Array
    apart: Array
    inner: Array
    rim: Array
    lid: Array
    deep: float
    corners: Array
    unit: float

    def look(self, yaw: float, pitch: float, raised: float = 0.0) -> Bytes:
        """Draw the patch (h, w, 3) of an eye turned by yaw (to the picture's right) and pitch (down), in radians from the photo's gaze.

        `raised` is how far the upper lid is opened beyond the photograph's, in eye distances; its shade and lashes go along.
        """
        turned = math.hypot(yaw, pitch)
        if turned < 1e-3 and raised <= 0:
            return self.photo
        drawn = np.empty_like(self.photo)
        keep, left = (1 - float(smoothstep(*range_, turned)) for range_ in (KEPT, LEFT))
        across, down = RADIUS * self.unit * math.sin(yaw), RADIUS * self.unit * math.sin(pitch)
        lift = np.maximum(raised, 0.0) * self.unit * self.lid[1]
        draw_eye(
            drawn,
            self.photo,
            self.white,
            self.iris,
            self.glint,
            self.apart,
            self.inner,
            self.rim,
            self.lid[0],
            lift,
            self.deep,
            across,
            down,
            keep,
            left,
        )
        return drawn


@numba.njit(
    "void(u1[:,:,::1],u1[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,:,::1],f4[:,::1],f4[:,::1],f4[::1],f4[::1],f8,f8,f8,f8,f8)",
    cache=True,
    nogil=True,
    fastmath=True,
)
def draw_eye(
    drawn: Bytes,
    photo: Bytes,
    white: Array,
    iris: Array,
    glint: Array,
    apart: Array,
    inner: Array,
    rim: Array,
    lid: Array,
    lift: Array,
    deep: float,
    across: float,
    down: float,
    keep: float,
    left: float,
) -> None:  # pragma: no cover - compiled
    """Draw `iris` (h, w, 4), already times its cover, shifted by (across, down) pixels over `white` (h, w, 3), with the light on it.

    `keep` is how much of what sets the photograph `apart` (h, w, 3) stays well inside the lids, and `left` where there was the iris's
    `rim` (h, w). The upper lid, which ends at the rows `lid` (w,), stands higher by `lift` (w,), and `deep` rows below it are stretched.
    """
    height, width = drawn.shape[:2]
    first_row, last_row, first_column, last_column = height, -1, width, -1
    for y in range(height):
        for x in range(width):
            if iris[y, x, 3] > 0:
                first_row, last_row = min(first_row, y - 1), max(last_row, y)
                first_column, last_column = min(first_column, x - 1), max(last_column, x)
    for y in range(height):
        for x in range(width):
            # Whatever shows below a lid is stretched from where the lid was to where it is: the shade, the lashes, and the iris it cut off.
            below = y - lid[x]
            if below < deep:
                below = max(deep * (below + lift[x]) / (deep + lift[x]), below)
            at = min(max(lid[x] + below, 0.0), height - 1.001)
            v, half_v = at - down, at - HALF_WAY * down
            row, half_row = math.floor(v), math.floor(half_v)
            low, half_low = v - row, half_v - half_row
            u, half_u = x - across, x - HALF_WAY * across
            column, half_column = math.floor(u), math.floor(half_u)
            part, half_part = u - column, half_u - half_column
            red, green, blue, cover, light_red, light_green, light_blue = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
            # Most of a patch lies beside its iris.
            beside = row < first_row or row > last_row or column < first_column or column > last_column
            for r in range(0 if beside else 2):
                for c in range(2):
                    if 0 <= row + r < height and 0 <= column + c < width:
                        share = (low if r else 1 - low) * (part if c else 1 - part)
                        red += share * iris[row + r, column + c, 0]
                        green += share * iris[row + r, column + c, 1]
                        blue += share * iris[row + r, column + c, 2]
                        cover += share * iris[row + r, column + c, 3]
            if cover > 0:
                for r in range(2):
                    for c in range(2):
                        if 0 <= half_row + r < height and 0 <= half_column + c < width:
                            share = cover * (half_low if r else 1 - half_low) * (half_part if c else 1 - half_part)
                            light_red += share * glint[half_row + r, half_column + c, 0]
                            light_green += share * glint[half_row + r, half_column + c, 1]
                            light_blue += share * glint[half_row + r, half_column + c, 2]
            k = int(at)
            near = at - k
            inside = inner[k, x] + near * (inner[k + 1, x] - inner[k, x])
            ring = rim[k, x] + near * (rim[k + 1, x] - rim[k, x])
            stays = inside * (keep + ring * (left - keep)) + 1 - inside
            rest = 1 - cover
            for channel in range(3):
                value = (red if channel == 0 else green if channel == 1 else blue) + rest * (
                    white[k, x, channel] + near * (white[k + 1, x, channel] - white[k, x, channel])
                )
                more = apart[k, x, channel] + near * (apart[k + 1, x, channel] - apart[k, x, channel])
                shown = photo[k, x, channel] + near * (float(photo[k + 1, x, channel]) - photo[k, x, channel])
                # Shade takes its share of the light that is there: an iris in it is dark, and not black. Nor does light add to light.
                if more < 0:
                    more *= min(value / max(shown - more, 1.0), 1.0)
                else:
                    more = min(more, max(shown - value, 0.0))
                light = light_red if channel == 0 else light_green if channel == 1 else light_blue
                drawn[y, x, channel] = int(min(max(value + light + stays * more + 0.5, 0.0), 255.0))


def rebuild(texture: Bytes, ring: Array, iris: Array, unit: float) -> Eyeball:
    """Rebuild an eyeball from texture (h, w, 3), the lid margin `ring` (n, 2) and `iris` (5, 2) with its centre first, in texture pixels.

    `unit` is texture pixels an eye distance. What the lids and the iris hide is filled from what shows.
    """
    low, high = ring.min(axis=0), ring.max(axis=0)
    broad = float(high[0] - low[0])
    middle = (low + high) / 2
    # A cartoon's eye may be as tall as it is wide.
    half = np.array([0.62 * broad, max(0.42 * broad, 0.62 * float(high[1] - low[1]))], np.float32)
    scale = PATCH / (2 * half[0])
    size = (PATCH, max(round(2 * half[1] * scale), 8))
    corner = middle - half
    matrix = np.array([[scale, 0, -corner[0] * scale - 0.5 + 0.5 * scale], [0, scale, -corner[1] * scale - 0.5 + 0.5 * scale]], np.float64)
    photo = np.asarray(cv2.warpAffine(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)

    def placed(points: Array) -> Array:
        return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)

    opening = np.zeros(size[::-1], np.uint8)
    cv2.fillPoly(opening, [np.round(placed(ring) * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    centre = placed(iris[:1])[0]
    radius = float(np.mean(np.linalg.norm(placed(iris[1:]) - centre, axis=1)))
    y, x = np.mgrid[0 : size[1], 0 : size[0]].astype(np.float32)
    # Lashes and the lid's own edge darken the rim of the opening: the white is learnt from a little further in.
    inner = cv2.erode(opening, np.ones((5, 5), np.uint8))
    # What the upper lid and its lashes shade is neither white nor iris, nor is the wet edge of the lower one; an iris has a soft dark rim.
    tall = int((opening > 0).sum(axis=0).max())
    dry = np.roll(opening > 0, -round(min(WET[0] * size[1], WET[1] * tall)), axis=0)
    clear = np.asarray(inner > 0) & np.roll(opening > 0, round(SHADED * size[1]), axis=0) & dry
    centre, radius = find_iris(photo, clear, centre, radius)
    distance = np.hypot(x - centre[0], y - centre[1]) / max(radius, 1.0)
    sure = np.zeros_like(clear)
    for beyond in (1.6, 1.42, 1.25):
        sure = clear & (distance > beyond)
        if sure.sum() > 90:
            break
    if sure.sum() < SEEN:
        # A narrow eye, or one of stone: the brightest of what lies between its lids is its white.
        sure = opening > 0
    # An eyeball is lit in its middle and lies in the shade of its lids; what was never seen of it must do so too.
    inside = cv2.distanceTransform(opening, cv2.DIST_L2, 3)
    dusk = np.exp(-np.asarray(inside, np.float32) / 4.0)
    white = fill_white(photo, sure, 1 - 0.15 * dusk) * (1 - RIM * dusk)[..., None]
    whole = complete_iris(photo, own_iris(photo, clear & (distance < IRIS_EDGE[1]), centre, radius), centre)
    cover = (1 - smoothstep(*IRIS_EDGE, distance)).astype(np.float32)
    corners = np.array([[0, 0], [size[0] - 1, 0], [0, size[1] - 1], [size[0] - 1, size[1] - 1]], np.float32)
    corners = ((corners - matrix[:, 2]) / scale).astype(np.float32)
    # What lashes shade stays where it is, and the middle of the iris has nothing of its own.
    rim = cv2.GaussianBlur((clear * (1 - smoothstep(*AROUND, distance))).astype(np.float32), (5, 5), 0)
    soft = cv2.GaussianBlur(inner, (5, 5), 0).astype(np.float32) / 255
    upper = placed(ring[: len(ring) // 2 + 1])
    upper = upper[np.argsort(upper[:, 0])]
    ends = np.interp(x[0], upper[:, 0], upper[:, 1])
    bow = np.clip(1 - (2 * (x[0] - upper[:, 0].mean()) / np.ptp(upper[:, 0])) ** 2, 0, 1)
    lid = np.ascontiguousarray(np.stack([ends, bow]), np.float32)
    # An iris that a lid cuts off grows as the lid rises; one that is seen whole stays round, and white comes above it.
    bare = float(centre[1] - radius - np.interp(centre[0], upper[:, 0], upper[:, 1]))
    whole_iris = float(smoothstep(-0.1, 0.1, bare / max(radius, 1.0)))
    deep = DEEP[0] * PATCH + whole_iris * (max(bare, DEEP[1] * PATCH) - DEEP[0] * PATCH)
    # The light on the iris goes half-way with it; everything else that the photograph has of its own is the lids' doing, and stays.
    light = cv2.GaussianBlur(np.clip(photo - whole - GLINT, 0, 255).astype(np.float32), (3, 3), 0)
    glint = light * (smoothstep(1.0, 0.8, distance) * soft * dry)[..., None]
    iris_layer = np.dstack([whole * cover[..., None], cover]).astype(np.float32)
    white = np.ascontiguousarray(np.clip(white, 0, 254), np.float32)
    rebuilt = iris_layer[..., :3] + white * (1 - cover[..., None]) + glint * cover[..., None]
    # A nose that hides the inner corner of an eye is no part of it, and must not shine where a turn of the head uncovers it.
    outside = np.asarray(cv2.distanceTransform(np.asarray(opening == 0, np.uint8), cv2.DIST_L2, 3), np.float32)
    outer, inwards = placed(ring[:1])[0], (placed(ring[len(ring) // 2 : len(ring) // 2 + 1]) - placed(ring[:1]))[0]
    towards_nose = smoothstep(0.8, 1.0, ((x - outer[0]) * inwards[0] + (y - outer[1]) * inwards[1]) / max(float(inwards @ inwards), 1.0))
    apart = photo - rebuilt
    apart -= np.maximum(apart, 0) * (towards_nose * smoothstep(*OUTSIDE, outside))[..., None]
    photo = np.clip(rebuilt + apart + 0.5, 0, 255).astype(np.uint8)
    return Eyeball(
        photo, white, iris_layer, np.ascontiguousarray(glint, np.float32), np.asarray(apart, np.float32),
        np.ascontiguousarray(soft, np.float32), np.ascontiguousarray(rim, np.float32), lid, deep, corners, unit * scale,
    )  # fmt: skip


def find_iris(photo: Bytes, clear: Mask, centre: Array, radius: float) -> tuple[Array, float]:
    """Find where an iris ends in a patch (h, w, 3), in what of it is `clear` (h, w), near the circle that the network gives it.

    That one is a fifth too large on some eyes, and would carry white and lid along. It is told by the step from dark to bright, left and
    right of the `centre` (2,), where no lid is.
    """
    grey = cv2.GaussianBlur(photo, (3, 3), 0).astype(np.float32).mean(axis=2)
    angles = np.radians(np.arange(-35, 56, 7.0))
    way = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    both = np.stack([way, way * (-1, 1)])
    bright = float(np.percentile(grey[clear], 85)) if clear.any() else 0.0
    asides, sizes = np.linspace(-ASIDE, ASIDE, 7) * radius, np.linspace(*SIZES, 20) * radius
    middles = np.stack([centre + np.array([aside, 0.0], np.float32) for aside in asides])
    # All circles at once: (asides, sizes, sides, ways, within and beyond, 2).
    reach = both[:, :, None] * (sizes[:, None] * np.array([0.86, 1.14]))[:, None, None, :, None]
    spots = np.round(middles[:, None, None, None, None] + reach).astype(int)
    column, row = (np.clip(spots[..., axis], 0, photo.shape[1 - axis] - 1) for axis in (0, 1))
    shown, light = clear[row, column].all(axis=-1), grey[row, column]
    # The weaker side counts: a lid's shade or the corner of the eye has a step on one.
    sides = middle_of(light[..., 1] - light[..., 0], shown)
    beyond = middle_of(light[..., 1].reshape(*light.shape[:2], -1), shown.reshape(*shown.shape[:2], -1))
    # The edge of a pupil has iris beyond, and no white.
    told = (shown.sum(axis=-1).min(axis=-1) >= 3) & (beyond >= BEYOND * bright)
    score = np.where(told, sides.min(axis=-1) + 0.25 * sides.max(axis=-1), -np.inf)
    at = np.unravel_index(int(score.argmax()), score.shape)
    if not score[at] > PLAIN:
        return centre, radius
    found = middles[at[0]].astype(np.float32), float(sizes[at[1]])
    # What grows ever more like an edge towards the smallest circle is a light in the eye, or its pupil.
    return found if found[1] > 1.02 * SIZES[0] * radius else (centre, radius)


def middle_of(values: Array, shown: Mask) -> npt.NDArray[np.float64]:
    """Give the median of those values (..., n) that are `shown` (..., n); infinity where none is."""
    order, count = np.sort(np.where(shown, values, np.float32(np.inf)), axis=-1), shown.sum(axis=-1)
    last = values.shape[-1] - 1
    low, high = (np.take_along_axis(order, np.clip(at, 0, last)[..., None], axis=-1)[..., 0] for at in ((count - 1) // 2, count // 2))
    return np.asarray((low + high) / np.float32(2), np.float64)


def fill_white(photo: Bytes, sure: Mask, shade: Array) -> Array:
    """Fill the whole patch (h, w, 3) with the white of the eye, from the pixels that surely show it; `shade` (h, w) is for the rest."""
    if sure.sum() < SEEN:
        light = float(np.percentile(photo.max(axis=2), 95))
        return np.full(photo.shape, light * 0.85, np.float32)
    bright = photo.astype(np.float32).mean(axis=2)
    # Brighter places are white for sure; darker ones may be a vein, a lash or the iris's soft rim.
    weight = sure * np.clip(bright / max(float(np.percentile(bright[sure], 85)), 1.0), 0.25, 1.0) ** 4
    filled = fill(photo, weight.astype(np.float32)) * shade[..., None]
    keep = cv2.GaussianBlur(sure.astype(np.float32), (5, 5), 0)[..., None] * np.clip(weight * 1.4, 0, 1)[..., None]
    return np.asarray(photo * keep + filled * (1 - keep), np.float32)


def fill(photo: Bytes, weight: Array) -> Array:
    """Fill a patch (h, w, 3) smoothly from its pixels, each counting by its weight (h, w)."""
    colour = photo.astype(np.float32) * weight[..., None]
    levels = [(colour, weight.astype(np.float32))]
    while max(levels[-1][1].shape) > 1:
        finer, weights = levels[-1]
        coarser = np.asarray(cv2.pyrDown(weights), np.float32).reshape(-(-weights.shape[0] // 2), -1)
        levels.append((np.asarray(cv2.pyrDown(finer), np.float32).reshape(*coarser.shape, 3), coarser))
    found = np.broadcast_to(levels[-1][0] / max(float(levels[-1][1].max()), 1e-6), levels[-1][0].shape)
    # From coarse to fine: where a level knows little, the coarser one shows through.
    for colour, known in reversed(levels[:-1]):
        size = (known.shape[1], known.shape[0])
        coarse = cv2.resize(np.ascontiguousarray(found), size, interpolation=cv2.INTER_LINEAR).reshape(*known.shape, 3)
        share = np.clip(known, 0, 1)[..., None]
        found = coarse * (1 - share) + colour * (share / np.maximum(known, 1e-6)[..., None])
    return np.asarray(found, np.float32)


def own_iris(photo: Bytes, shown: Mask, centre: Array, radius: float) -> Mask:
    """Leave out of what is `shown` (h, w) of an iris in a patch (h, w, 3) what is brighter far below its `centre` (2,) than all around it.

    That is the wet edge of the lower lid, mirrored by which an iris would have a bright bar above and below.
    """
    y, x = np.mgrid[0 : shown.shape[0], 0 : shown.shape[1]]
    ring = np.hypot(x - centre[0], y - centre[1]).astype(int)
    grey = photo.astype(np.float32).mean(axis=2)
    usual = np.zeros(int(ring.max()) + 1, np.float32)
    for number in np.unique(ring[shown]):
        usual[number] = np.median(grey[shown & (ring == number)])
    lid = (grey > LID_BRIGHTER * usual[ring] + LID_BRIGHTER_BY) & (y > centre[1] + 0.45 * radius)
    return np.asarray(shown & (cv2.dilate(lid.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0), np.bool_)


def complete_iris(photo: Bytes, shown: Mask, centre: Array) -> Array:
    """Complete the iris (h, w, 3): what a lid hides is taken from below, else from the other side, else from the ring's mean colour."""
    height, width = shown.shape
    y, x = np.mgrid[0:height, 0:width]
    whole = photo.astype(np.float32)
    done = shown.copy()
    for over_y, over_x in ((True, False), (False, True), (True, True)):
        row = np.clip(np.round(2 * centre[1] - y) if over_y else y, 0, height - 1).astype(int)
        column = np.clip(np.round(2 * centre[0] - x) if over_x else x, 0, width - 1).astype(int)
        take = ~done & shown[row, column]
        whole[take] = photo[row, column][take]
        done |= take
    if done.any() and not done.all():
        distance = np.hypot(x - centre[0], y - centre[1]).astype(int)
        for ring in np.unique(distance[~done]):
            near = done & (np.abs(distance - ring) <= 1)
            whole[~done & (distance == ring)] = photo[near].mean(axis=0) if near.any() else photo[done].mean(axis=0)
    # A lid's shadow makes a hard line where the mirrored part begins; a light blur hides it.
    soft = cv2.GaussianBlur(whole, (3, 3), 0)
    return np.where(shown[..., None], whole, soft).astype(np.float32)
