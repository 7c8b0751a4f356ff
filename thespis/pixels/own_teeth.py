"""A person's own upper teeth, where the photograph shows them, made into the whole row that a mouth needs."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from thespis.pixels.layers import Layer, smoothstep
from thespis.pixels.mouth import CHEEK, TEETH, UPPER_BEHIND, UPPER_SPAN, Light, Opening, arch, draw_teeth, fitted
from thespis.types import Array, Bytes

Mask = npt.NDArray[np.bool_]
ROOM, LONGEST = 0.03, 0.16  # eye distances that a row may be taller than the drawn one, above and below
CROWN = 0.155  # eye distances from a tooth's edge to its neck
GUMS = 0.04  # between the lip and the teeth from which on gums show there
LEAST_TALL, USUAL_TALL = 0.025, 0.055  # eye distances of teeth that count as seen, and of most of those in a row that does
LEAST_WIDE = 0.44  # of the mouth's width at rest that such a row has
UNEVEN = 0.016  # eye distances that the teeth of one row end beside its arc, in the mean
BRIGHT = 0.55  # of the brightest teeth's level that a pixel of a tooth has at least
REDDER = 5.0  # by which lips must be redder than teeth to be told from them so
WHITER = 1.3  # times as bright as lips in their darkest colour that teeth are, where they are not less red
CLOSE = 0.014  # of gaps between teeth, which belong to the row
NOTCH = 0.05  # eye distances of a gap in the teeth's edge, which a row has none of
DEEP = 0.05  # eye distances that such a gap is high at most
PINK = (0.88, 0.98)  # of the lips' lightness that gums have: what is darker above teeth is the lip's own shade
GUMMY = 1.2  # of the gums' height beyond that by which a row that shows them is higher
TOOTH = 0.07  # eye distances above a tooth's edge where its colour is read
FADE = 0.06  # eye distances over which own teeth become drawn ones
INSET = 0.010  # eye distances from the lips' edge where a pixel is half lip
STEADY = 0.010  # over which the edge of the row is evened
STANDS_OUT = 0.008  # by which a tooth ends beside the arc of the row
SLOPE = 0.06  # of the row's arc against the line of the eyes
ENDS = (0.035, 0.12)  # below the line of resting lips that the row ends at least and at most: where lips come to rest is a guess


@dataclass(frozen=True, eq=False)
class Row:
    """A row of upper teeth as a cut-out texture (h, w, 4), `half` as wide to either side, between the heights `span`, in eye distances.

    Its teeth end at the height `edge`, `moved` below where the picture has them.
    """

    texture: Bytes
    half: float
    span: tuple[float, float]
    edge: float
    moved: float


def own_layer(
    picture: Bytes,
    lips: tuple[Array, Array],
    places: Callable[[Array], Array],
    opening: Opening,
    light: Light,
    fine: float,
    sharpness: float,
) -> tuple[Layer, float, float] | None:
    """Make the layer of a person's own upper teeth, seen between the inner edges of the upper and the lower lip; see `upper_row`.

    It is given with how far below the resting lips it ends, and how far below where the picture has it that is, in eye distances.
    """
    row = upper_row(picture, *lips, places, opening, light, fine, sharpness)
    return None if row is None else (arch(opening, row.half, row.span, row.texture, 0.0, UPPER_BEHIND), row.edge, row.moved)


def upper_row(
    picture: Bytes,
    upper: Array,
    lower: Array,
    places: Callable[[Array], Array],
    opening: Opening,
    light: Light,
    fine: float,
    sharpness: float,
) -> Row | None:
    """Take the upper teeth between the lips' inner edges `upper` and `lower` (n, 2) out of a picture (h, w, 3); None where few show.

    `places` carries points (n, 3) of the face's own axes into the picture, of whose pixels an eye distance has `fine`.
    """
    middle, width = opening.centre, opening.width
    half = 1.15 * CHEEK * width
    top, bottom = UPPER_SPAN[0] - ROOM, UPPER_SPAN[1] + LONGEST
    wide, tall = (int(np.clip(round(size * fine), 24, 640)) for size in (2 * half, bottom - top))
    step = (bottom - top) / (tall - 1)
    across, down = np.linspace(-half, half, wide, dtype=np.float32), np.linspace(top, bottom, tall, dtype=np.float32)
    points = np.zeros((tall, wide, 3), np.float32)
    points[..., 0], points[..., 1] = middle[0] + across, middle[1] + down[:, None]
    at = places(opening.behind(points.reshape(-1, 3), TEETH)).reshape(tall, wide, 2)
    photo = np.asarray(cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.uint8)
    ring = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(ring, [np.round(np.concatenate([upper, lower[::-1]]) * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    between = np.asarray(cv2.remap(ring, at[..., 0], at[..., 1], cv2.INTER_LINEAR), np.uint8) > 127
    found = tell_teeth(photo, between, light, step)
    if found is None:
        return None
    begins, ends, lip, seen = found
    whole = filled(ends, NOTCH / step)
    arc, even = arc_of(across, whole, seen, step)
    broad, high = float(across[seen.stop - 1] - across[seen.start]), float(np.median((ends - begins)[seen])) * step
    if broad < LEAST_WIDE * width or high < USUAL_TALL or float(np.abs(whole - arc)[seen].mean()) * step > UNEVEN:
        return None
    plain = fitted(draw_teeth(light, upper=True), 2 * CHEEK * width * fine, sharpness)
    drawn = draw_beside(plain, across, down, np.interp(arc, np.arange(tall), down).astype(np.float32), CHEEK * width)
    drawn = toned(drawn, photo, even, seen, 2 * half / (wide - 1), step)
    bare = gums_above(photo, begins, lip, seen, light, step)
    own = extended(photo, drawn, begins, (ends, even), lip, step, float(smoothstep(0.8 * GUMS, 1.2 * GUMS, bare)))
    edge = float(np.interp(np.median(even[seen]), np.arange(tall), down))
    # Gums show in a laugh, which has the upper lip higher than a smile has.
    moved = float(np.clip(edge, *ENDS)) - edge - GUMMY * max(bare - GUMS, 0.0)
    return Row(joined(own, drawn, seen, 2 * half / (wide - 1)), half, (top + moved, bottom + moved), edge + moved, moved)


def arc_of(across: Array, ends: Array, seen: slice, step: float) -> tuple[Array, Array]:
    """Lay an arc through the rows where teeth end (w,), in the columns `seen` -> it, and the ends, which stand out from it but a little."""
    place, found = across[seen], ends[seen]
    trusted = np.ones(len(place))
    for _ in range(4):
        bend, slope, level = np.polyfit(place, found, 2, w=trusted)
        # A corner's dark hides the last teeth, a light on the lip goes on below them.
        trusted = 1 / (1 + ((np.polyval((bend, slope, level), place) - found) * step / STANDS_OUT) ** 2)
    arc = np.asarray(level + np.clip(slope * step, -SLOPE, SLOPE) / step * across + min(bend, 0.0) * across**2, np.float32)
    steps = np.arange(len(across))
    near = smoothstep(0, FADE / step, steps - seen.start) * smoothstep(0, FADE / step, seen.stop - 1 - steps)
    return arc, np.asarray(arc + near * np.clip(ends - arc, -STANDS_OUT / step, STANDS_OUT / step), np.float32)


def tell_teeth(photo: Bytes, between: Mask, light: Light, step: float) -> tuple[Array, Array, Array, slice] | None:
    """Find the upper teeth in a mouth (h, w, 3) of `step` eye distances a row, `between` whose lips (h, w) they lie.

    Gives, for each column, the rows where teeth begin, where they end, and where the upper lip ends, and the columns that show teeth.
    """
    if between.sum() < 20:
        return None
    least = photo.min(axis=2).astype(np.float32)
    bright = float(np.mean(np.sort(least[between])[-max(int(between.sum()) // 10, 4) :]))
    red = cv2.cvtColor(photo, cv2.COLOR_RGB2LAB)[..., 1].astype(np.float32)
    lip_red = float(cv2.cvtColor(np.clip(light.lip, 0, 255).astype(np.uint8)[None, None], cv2.COLOR_RGB2LAB)[0, 0, 1])
    tooth_red = float(np.median(red[between & (least > 0.85 * bright)]))
    teeth = between & (least > BRIGHT * bright)
    if lip_red - tooth_red > REDDER:
        teeth &= red < 0.45 * tooth_red + 0.55 * lip_red
    elif light.colourful > 0.5 or bright < WHITER * float(light.lip.min()):
        return None
    kernel = np.ones((max(round(0.4 * CLOSE / step), 1), max(round(CLOSE / step), 1)), np.uint8)
    teeth = np.asarray(cv2.morphologyEx(teeth.astype(np.uint8), cv2.MORPH_CLOSE, kernel), np.bool_) & between
    rows = np.arange(len(photo))[:, None]
    lip = np.where(between.any(axis=0), between.argmax(axis=0), 0)
    # Teeth that begin far below the upper lip are the lower ones.
    begins = np.where(teeth.any(axis=0), teeth.argmax(axis=0), len(photo))
    over = ~teeth & (rows > begins)
    ends = np.where(over.any(axis=0), over.argmax(axis=0), len(photo))
    ends = np.minimum(ends, begins + round(1.1 * CROWN / step))
    shows = teeth.any(axis=0) & (ends - begins > LEAST_TALL / step) & (begins - lip < 2.5 * GUMS / step)
    seen = longest(shows, round(2 * CLOSE / step))
    if seen.stop - seen.start < 6:
        return None
    columns = np.arange(photo.shape[1])
    valid = columns[seen][shows[seen]]
    even = max(STEADY / step, 0.5)

    def steady(values: Array) -> Array:
        along = np.interp(columns, valid, values[valid]).astype(np.float32)
        calm = np.asarray(cv2.medianBlur(along[None], 5), np.float32)
        return np.asarray(cv2.GaussianBlur(calm, (0, 0), even, borderType=cv2.BORDER_REPLICATE)[0], np.float32)

    return steady(begins), steady(ends), steady(lip), seen


def filled(ends: Array, wide: float) -> Array:
    """Let the rows where teeth end (w,) go on over notches narrower than `wide` columns: the dark between two teeth."""
    kernel = np.ones((1, 2 * int(wide / 2) + 1), np.uint8)
    return np.asarray(cv2.morphologyEx(ends[None], cv2.MORPH_CLOSE, kernel, borderType=cv2.BORDER_REPLICATE)[0], np.float32)


def gums_above(photo: Bytes, begins: Array, lip: Array, seen: slice, light: Light, step: float) -> float:
    """Say how many eye distances of gums show above teeth that begin at the rows `begins` (w,), under a lip that ends at `lip` (w,)."""
    rows, columns = np.arange(len(photo))[:, None], np.arange(photo.shape[1])
    between = (rows > lip + INSET / step) & (rows < begins) & (columns >= seen.start) & (columns < seen.stop)
    if not between.any():
        return 0.0
    found, lips = (
        float(np.median(cv2.cvtColor(colours[None], cv2.COLOR_RGB2LAB)[0, :, 0]))
        for colours in (photo[between], np.clip(light.lip, 0, 255).astype(np.uint8)[None])
    )
    return float(np.median((begins - lip)[seen])) * step * float(smoothstep(*PINK, found / max(lips, 1.0)))


def longest(shows: Mask, gap: int) -> slice:
    """Find the longest run of columns (w,) that show something, over gaps of at most `gap` columns."""
    best, begin, last = slice(0, 0), -1, -1
    for column in np.flatnonzero(shows).tolist():
        if begin < 0 or column - last > gap + 1:
            begin = column
        last = column
        if last + 1 - begin > best.stop - best.start:
            best = slice(begin, last + 1)
    return best


def extended(photo: Bytes, drawn: Array, begins: Array, ends: tuple[Array, Array], lip: Array, step: float, gums: float) -> Array:
    """Go on with teeth (h, w, 3) where lips hid them, up to their necks and into gums, seen or `drawn` (h, w, 4) -> (h, w, 4).

    `begins` and `lip` (w,) are the rows where teeth begin and the upper lip ends, `ends` where they are seen to end and where they are to,
    and `gums` how surely they show.
    """
    rows, columns = np.mgrid[0 : len(photo), 0 : photo.shape[1]].astype(np.float32)
    inset = INSET / step
    first = gums * lip + (1 - gums) * begins + 1.5 * inset
    shown, ending = ends
    # In a notch there is no tooth to be read. What ends far higher is a light on a tooth.
    shown = np.where(ending - shown < DEEP / step, np.minimum(shown, ending), ending)
    last = np.maximum(shown - 0.8 * inset, first)
    # Further up single gaps between teeth are no longer told.
    soft = np.asarray(cv2.GaussianBlur(photo, (0, 0), max(0.035 / step, 0.5), sigmaY=max(0.006 / step, 0.5)), np.uint8)
    within = np.asarray(cv2.remap(photo, columns, np.clip(rows, first, last), cv2.INTER_LINEAR), np.float32)
    beyond = np.asarray(cv2.remap(soft, columns, np.clip(rows, first + inset, last), cv2.INTER_LINEAR), np.float32)
    above = np.clip((first - rows) * step, 0, None)
    colour = within + smoothstep(0.0, 0.012, above)[..., None] * (beyond - within)
    # What lies under the lip is in its shade, and teeth have necks where gums begin.
    colour *= 1 - 0.22 * smoothstep(0.0, 0.10, above)[..., None]
    neck = smoothstep(-0.03, 0.0, (ending - rows) * step - CROWN) * smoothstep(0.0, 0.03, above) * (1 - gums)
    colour += neck[..., None] * (drawn[..., :3] - colour)
    cover = np.clip(ending - rows + 0.5, 0, 1) * 255
    return np.asarray(np.dstack([colour, cover]), np.float32)


def draw_beside(drawn: Bytes, across: Array, down: Array, arc: Array, half: float) -> Array:
    """Lay a drawn row (h, w, 4), `half` eye distances to either side, along an arc (columns,) on which it ends -> (rows, columns, 4).

    `across` and `down` are the places of columns and rows, in eye distances as `arc` is.
    """
    top, bottom = UPPER_SPAN
    tall, wide = drawn.shape[:2]
    column = np.clip((across / half + 1) / 2, 0, 1) * (wide - 1)
    edges = top + (bottom - top) * ((drawn[..., 3] > 127).sum(axis=0) - 0.5) / (tall - 1)
    # Single teeth stand out from the curve on which the drawn ones end.
    usual = np.polyval(np.polyfit(np.arange(wide), edges, 2), column)
    row = (down[:, None] - (arc - usual) - top) / (bottom - top) * (tall - 1)
    where = np.broadcast_to(column, row.shape).astype(np.float32)
    laid = cv2.remap(drawn, where, np.maximum(row, 0).astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(laid, np.float32)


def toned(drawn: Array, photo: Bytes, ends: Array, seen: slice, across: float, down: float) -> Array:
    """Give drawn teeth (h, w, 4) the colour that a picture's own (h, w, 3) have at either end of the columns `seen`, which end at `ends`.

    `across` and `down` are the eye distances of a column and of a row.
    """
    rows, columns = np.mgrid[0 : len(photo), 0 : photo.shape[1]].astype(np.float32)
    tooth = (rows < ends - INSET / down) & (rows > ends - TOOTH / down)
    tones = []
    for edge, inwards in ((seen.start, 1), (seen.stop - 1, -1)):
        near = tooth & ((columns - edge) * inwards >= 0) & ((columns - edge) * inwards <= FADE / across)
        own, made = (np.median(each[near][:, :3], axis=0) if near.any() else np.ones(3) for each in (photo, drawn))
        tones.append(np.clip(own / np.maximum(made, 1.0), 0.4, 1.4))
    share = smoothstep(seen.start, seen.stop - 1, columns)[..., None]
    found = drawn.copy()
    found[..., :3] *= tones[0] + share * (tones[1] - tones[0])
    return found


def joined(own: Array, drawn: Array, seen: slice, step: float) -> Bytes:
    """Fade own teeth (h, w, 4) into drawn ones (h, w, 4) beyond the columns `seen`, along one edge."""
    number = np.arange(own.shape[1])
    reach = min(FADE / step, (seen.stop - seen.start) / 3)
    share = smoothstep(0, reach, number - seen.start) * smoothstep(0, reach, seen.stop - 1 - number)
    whole = drawn + share[None, :, None] * (own - drawn)
    whole[..., 3] = own[..., 3]
    return np.clip(whole + 0.5, 0, 255).astype(np.uint8)
