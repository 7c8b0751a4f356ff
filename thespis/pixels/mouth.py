"""The inside of the mouth: a dark cavity, a tongue, and two rows of teeth, drawn once in the photograph's own light."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from thespis.head.person import Person
from thespis.pixels.layers import Layer, grid_triangles, smoothstep, window
from thespis.types import Array, Bytes, random_for

COLUMNS = 13
TONGUE_ROWS = 11
TONGUE_TOP, TONGUE_TIP = -0.05, 0.14  # where root and tip rest, in eye distances below the line on which the lips meet
OVER_LIP = 0.4  # the part of the tongue that stays inside when it is all the way out
RED, LESS_RED = 0.06, 0.03  # the redness from which on lips are red at all, and by which teeth are less so
LIT_SKIN = 130.0  # of 255, below which a picture is so dark that white in it is hardly brighter than skin
GREY = np.array([0.30, 0.59, 0.11], np.float32)  # how much each colour adds to brightness
SHOWS = 0.05  # eye distances the lips must be apart in the photograph for its own teeth to be used
# Widths of the upper teeth from the middle outwards, relative to the middle one, as seen from the front (the arch turns away).
UPPER = (1.0, 0.80, 0.82, 0.60, 0.48, 0.36)
LOWER = (0.64, 0.68, 0.74, 0.62, 0.52, 0.40)
REDDENED = np.array([0.0, 0.22, 0.32], np.float32)  # how much more of green and blue is lost where light falls off between cheeks and teeth
TEETH, TONGUE, BACK = 0.1, 0.14, 0.5  # eye distances behind the lips, away from the viewer
UPPER_BEHIND = 3.5  # where the upper row stands in the order of what covers what
COVERED, LIFTED = 0.02, 0.12  # eye distances of teeth a lower lip may cover under a raised upper one, and the most they give way
CHEEK = 0.66  # of the mouth's width, to either side, that the upper row has
UPPER_SPAN, LOWER_SPAN = (-0.195, 0.06), (0.012, 0.192)  # heights of the rows' textures below the line of the lips, in eye distances


@dataclass(frozen=True, eq=False)
class Light:
    """The photograph's light: what white looks like in it, the colours of the lips and of the dark between them (3,).

    `colourful` is 1 in a colour photograph and 0 in one in black and white; flesh that is drawn goes along.
    """

    white: Array
    lip: Array
    dark: Array
    colourful: float

    def flesh(self, red: float, green: float, blue: float, lip: float) -> Array:
        """Mix a flesh colour (3,) under this light with `lip` parts of the lips' own."""
        tint = np.array([red, green, blue], np.float32)
        grey = float(tint @ GREY)
        tinted = self.white * (grey + (tint - grey) * self.colourful)
        return np.asarray(lip * self.lip + (1 - lip) * tinted, np.float32)


def read_light(texture: Bytes, eye_rings: list[Array], lips: Array, skin: Array) -> Light:
    """Read the light from the whites of the eyes, the lips and the skin, each given as points (n, 2) in texture pixels."""
    whites = []
    for ring in eye_rings:
        eye, begin = window(texture, ring, 1)
        mask = np.zeros(eye.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(ring - begin).astype(np.int32)], (255,))
        inside = eye[mask > 0].astype(np.float32)
        if len(inside) >= 8:
            bright = inside.max(axis=1)
            whites.append(inside[bright >= np.percentile(bright, 80)].mean(axis=0))
    at = np.clip(np.round(skin).astype(int), 0, np.array(texture.shape[1::-1]) - 1)
    tones = texture[at[:, 1], at[:, 0]].astype(np.float32)
    # Hair, glasses and shadows cover some of the points: the brighter half is skin in the light.
    tone = tones[np.argsort(tones.sum(axis=1))[len(tones) // 2 :]].mean(axis=0)
    white = np.mean(whites, axis=0) if whites else tone * 1.2
    # Small or shaded eyes read too dark, and skin bleeds into them: bounded by what the skin says about the light, and half neutral.
    brightest = float(tone.max())
    level = np.clip(max(float(white.max()), 0.80 * brightest + 38 * min(brightest / LIT_SKIN, 1.0)), 30, 245)
    white = level * (0.45 * white / max(float(white.max()), 1.0) + 0.55)
    at = np.clip(np.round(lips).astype(int), 0, np.array(texture.shape[1::-1]) - 1)
    lip = texture[at[:, 1], at[:, 0]].astype(np.float32).mean(axis=0)
    # Skin in glaring light has no colour left, but its lips do.
    colourful = float(smoothstep(0.04, 0.16, max((each.max() - each.min()) / max(float(each.max()), 1.0) for each in (tone, lip))))
    level = float(white.mean()) / 235
    red = np.array([16, 5, 6], np.float32)
    dark = np.clip(0.10 * lip + (red * colourful + 9 * (1 - colourful)) * level, 0, 60)
    return Light(white.astype(np.float32), lip.astype(np.float32), dark.astype(np.float32), colourful)


def draw_teeth(light: Light, upper: bool) -> Bytes:
    """Draw a row of teeth seen from the front as a cut-out texture (144, 480, 4): gum above (upper) or below (lower)."""
    height, width = 144, 480
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    if not upper:
        y = height - 1 - y
    widths = UPPER if upper else LOWER
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    edges = edges / edges[-1] * (width / 2 - 2)
    from_middle = np.abs(x - (width - 1) / 2)
    tooth = np.clip(np.searchsorted(edges, from_middle, side="right") - 1, 0, len(widths) - 1)
    begin, end = edges[tooth], edges[tooth + 1]
    across = np.clip((from_middle - begin) / (end - begin), 0, 1)
    corner = np.abs(across - 0.5) * 2
    # Outer teeth end higher, corners are round (more so away from the middle), and canines are a little pointed.
    length = np.array([0.97, 0.92, 0.95, 0.89, 0.84, 0.80] if upper else [0.93, 0.94, 0.96, 0.91, 0.87, 0.84], np.float32)[tooth] * height
    bottom = length - np.where(across > 0.5, 0.10, 0.055) * height * corner**5 - np.where(tooth == 2, 0.05 * height * corner**1.5, 0.0)
    gum = (0.30 + 0.02 * tooth) * height - 0.08 * height * np.sqrt(np.clip(1 - corner**2, 0, 1))
    share = np.clip((y - gum) / np.maximum(bottom - gum, 1), 0, 1)
    # No two teeth of a person are quite alike.
    own = random_for(0, f"teeth {'upper' if upper else 'lower'}").uniform(-1, 1, (2, 2, len(widths))).astype(np.float32)
    side = (x > (width - 1) / 2).astype(int)
    bottom += 0.018 * height * own[0][side, tooth]
    # Each tooth is round, darker at its neck and where it bows away; its edge lets some of the dark behind it through.
    shade = 1.0 - 0.09 * corner**2.5 - 0.18 * (1 - share) ** 1.6 - 0.10 * smoothstep(0.84, 1.0, share)
    shade += 0.07 * np.exp(-(((across - 0.4) / 0.22) ** 2) - ((share - 0.52) / 0.26) ** 2)
    # The row goes on round the bend into the dark, and has no end that would look torn.
    dusk = (
        np.array([1.0, 0.95, 0.86, 0.72, 0.57, 0.43], np.float32)[tooth]
        * (1 + 0.035 * own[1][side, tooth])
        * (1 - 0.75 * smoothstep(0.7, 1.0, from_middle / edges[-1]))
    )
    shade = shade[..., None] * dusk[..., None] ** (1 + light.colourful * REDDENED)
    warm = np.array([0.95, 0.89, 0.82], np.float32) * light.colourful + 0.88 * (1 - light.colourful)
    # The lower ones lie deeper, in the shade of the upper ones.
    colour = light.white * warm * shade * (1.0 if upper else 0.86)
    pink = light.flesh(0.72, 0.40, 0.40, 0.5) * 0.8
    gum_share = (1 - smoothstep(-3, 3, y - gum))[..., None]
    round_off = 0.7 + 0.3 * np.clip(1 - from_middle / width * 2, 0, 1) - 0.12 * corner**2
    colour = colour * (1 - gum_share) + pink * round_off[..., None] * gum_share
    gap = smoothstep(0.90, 1.0, corner) * (from_middle > 0) * (1 - gum_share[..., 0])
    colour = colour * (1 - (0.05 + 0.30 * share**4) * gap)[..., None]
    colour = cv2.GaussianBlur(colour.astype(np.float32), (7, 7), 0)
    cover = (smoothstep(-2.0, 2.0, bottom - y) * 255).astype(np.uint8)
    return np.dstack([np.clip(colour + 0.5, 0, 255).astype(np.uint8), cover])


def draw_tongue(light: Light) -> Bytes:
    """Draw the tongue's back as a cut-out texture (128, 160, 4), its root above and its tip below."""
    y, x = np.mgrid[0:1:128j, -1:1:160j].astype(np.float32)
    half = np.where(y < 0.5, 0.80 + 0.2 * np.sin(np.pi * y), np.sqrt(np.clip(1 - ((y - 0.5) / 0.48) ** 2, 0, 1)) ** 0.7)
    side = np.abs(x) / np.maximum(half, 1e-3)
    inside = np.minimum(1 - side, np.minimum((y - 0.24 * x**2) / 0.06, 1.0))
    groove = np.exp(-((x / 0.11) ** 2)) * smoothstep(0.05, 0.4, y) * (1 - smoothstep(0.75, 0.98, y))
    # Hardly any light reaches its root; its sides bow down to the teeth.
    shade = 0.28 + 0.78 * smoothstep(0.0, 0.62, y) - 0.28 * np.clip(side, 0, 1) ** 2.5 - 0.10 * groove
    shade = np.maximum(shade, 0.06)
    # The grain of its back, and the wet shine that the light leaves on its front.
    grain = cv2.GaussianBlur(random_for(0, "tongue").normal(0, 1, y.shape).astype(np.float32), (0, 0), 1.6)
    shade += 0.10 * grain * (1 - smoothstep(0.7, 1.0, y))
    shine = np.exp(-(((np.abs(x) - 0.34) / 0.17) ** 2) - ((y - 0.72) / 0.11) ** 2)
    colour = (
        light.flesh(0.80, 0.41, 0.41, 0.32)[None, None] * shade[..., None] ** (1 + light.colourful * 0.6 * REDDENED)
        + 0.10 * light.white * shine[..., None]
    )
    cover = (smoothstep(0.0, 0.05, inside) * 255).astype(np.uint8)
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), cover])


def draw_cavity(light: Light) -> Bytes:
    """Draw the dark of the mouth as a texture (32, 64, 4): a little lighter at the bottom, where the light falls."""
    y, _ = np.mgrid[0:1:32j, 0:1:64j].astype(np.float32)
    # As dark as open mouths are in footage, and no darker: black is a hole.
    colour = light.dark[None, None] * (1.25 + 1.8 * y)[..., None]
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), np.full((32, 64), 255, np.uint8)])


def own_teeth(texture: Bytes, upper: Array, lower: Array) -> tuple[Bytes, Array] | None:
    """Cut the inside of an open mouth out of the photograph -> its texture (h, w, 4) and its corners (4, 2) in texture pixels.

    `upper` and `lower` (n, 2) are the inner edges of the lips in texture pixels; None where too little shows.
    """
    ring = np.concatenate([upper, lower[::-1]])
    low, high = np.floor(ring.min(axis=0)).astype(int) - 2, np.ceil(ring.max(axis=0)).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(high, np.array(texture.shape[1::-1]))
    if high[1] - low[1] < 6 or high[0] - low[0] < 10:
        return None
    patch = texture[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(patch.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((ring - low) * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    # What lies right at the lips' edges is half lip.
    rim = max(round(0.015 * float(high[0] - low[0])), 1)
    mask = np.asarray(cv2.erode(mask, np.ones((rim, rim), np.uint8)), np.uint8)
    corners = np.array([[low[0], low[1]], [high[0] - 1, low[1]], [low[0], high[1] - 1], [high[0] - 1, high[1] - 1]], np.float32)
    return np.dstack([patch, mask]), corners


def fitted(texture: Bytes, wide: float, sharpness: float) -> Bytes:
    """Shrink a drawn texture (h, w, 4) to the `wide` pixels it will cover, and blur it where the photograph's `sharpness` is below 1."""
    share = float(np.clip(1.25 * wide / texture.shape[1], 12 / texture.shape[1], 1.0))
    size = (max(round(texture.shape[1] * share), 8), max(round(texture.shape[0] * share), 8))
    small = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
    if sharpness < 0.9:
        small[..., :3] = cv2.GaussianBlur(small[..., :3], (0, 0), min(0.5 / sharpness, 3.0))
    return np.asarray(small, np.uint8)


def shows_teeth(patch: Bytes, white: Array) -> bool:
    """Tell whether a cut-out mouth shows teeth: enough of it is nearly as bright as the photograph's white."""
    inside = patch[patch[..., 3] > 127][:, :3].astype(np.float32)
    return len(inside) > 20 and float((inside.min(axis=1) > 0.5 * white.mean()).mean()) > 0.12


def redness(colours: Array) -> Array:
    """Say how much redder than green colours (n, 3) are, for their brightness."""
    return np.asarray((colours[:, 0] - colours[:, 1]) / (colours.sum(axis=1) + 1), np.float32)


def matched(light: Light, patch: Bytes) -> Light:
    """Give the light in which drawn teeth look like the photograph's own, of which `patch` (h, w, 4) is a cut-out."""
    inside = patch[patch[..., 3] > 200][:, :3].astype(np.float32)
    if len(inside) < 20:
        return light
    bright = inside.min(axis=1)
    own = inside[bright >= np.percentile(bright, 85)]
    lip_red = float(redness(light.lip[None])[0])
    if lip_red > RED:
        # What is as red as lips, lit by a lamp or not, is no tooth.
        own = own[redness(own) < lip_red - LESS_RED]
    if len(own) < 6:
        return light
    own = np.median(own, axis=0)
    return replace(light, white=np.clip(0.35 * light.white + 0.65 * own / 0.92, 20, 250).astype(np.float32))


@dataclass(frozen=True, eq=False)
class Opening:
    """Where lips lie at rest, in the face's own axes and in eye distances: their middle `centre` (3,), and the `width` of the mouth.

    `depths` (3,) are those of the right corner, of the middle and of the left corner; `away` (3,) leads from the viewer into the picture.
    """

    centre: Array
    width: float
    depths: Array
    away: Array

    def behind(self, points: Array, depth: float) -> Array:
        """Lay points (n, 3) behind the lips, so that the photograph shows them between the lips however the face is turned."""
        right, middle, left = self.depths
        share = np.clip(2 * (points[:, 0] - self.centre[0]) / self.width, -1.2, 1.2)
        laid = points.copy()
        laid[:, 2] = middle + (left - right) / 2 * share + ((left + right) / 2 - middle) * share**2
        return np.asarray(laid + depth * self.away, np.float32)


def opening_of(person: Person, rotation: Array) -> Opening:
    """Find where the lips of a person lie, whose face is turned by `rotation` (3, 3)."""
    centre, width = person.mouth()
    depths = np.array([person.rest[78, 2], person.rest[[13, 14], 2].mean(), person.rest[308, 2]], np.float32)
    return Opening(centre, width, depths, np.asarray(rotation[2], np.float32))


def arch(opening: Opening, half: float, span: tuple[float, float], texture: Bytes, jaw: float, behind: float) -> Layer:
    """Bend a row of teeth round the dental arch: a strip in the face's own axes, `span` its top and bottom edge."""
    top, bottom = span
    rows = np.linspace(0, 1, 3, dtype=np.float32)
    points = np.zeros((3, COLUMNS, 3), np.float32)
    points[..., 0] = opening.centre[0] + half * np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    points[..., 1] = opening.centre[1] + top + (bottom - top) * rows[:, None]
    laid = opening.behind(points.reshape(-1, 3), TEETH).reshape(points.shape)
    return strip(laid, texture, np.full(3 * COLUMNS, jaw, np.float32), behind)


def strip(points: Array, texture: Bytes, jaw: Array, behind: float) -> Layer:
    """Lay a texture on a grid of points (rows, columns, 3) that follow the jaw by `jaw` (rows * columns,)."""
    rows, columns = points.shape[:2]
    source = np.zeros((rows, columns, 2), np.float32)
    source[..., 0] = np.linspace(0, texture.shape[1] - 1, columns)
    source[..., 1] = np.linspace(0, texture.shape[0] - 1, rows)[:, None]
    flat = points.reshape(-1, 3).astype(np.float32)
    return Layer(flat, source.reshape(-1, 2), grid_triangles(rows, columns), texture, follow_jaw=jaw, behind=behind)


def tongue_layer(opening: Opening, half: float, texture: Bytes) -> Layer:
    """Lay the tongue from its root (above, behind) to its tip, behind the lower teeth; the tip goes with the jaw, the root half-way."""
    y = np.linspace(0, 1, TONGUE_ROWS, dtype=np.float32)[:, None]
    points = np.zeros((TONGUE_ROWS, COLUMNS, 3), np.float32)
    points[..., 0] = opening.centre[0] + half * np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    points[..., 1] = opening.centre[1] + TONGUE_TOP + (TONGUE_TIP - TONGUE_TOP) * y
    laid = opening.behind(points.reshape(-1, 3), TONGUE).reshape(points.shape)
    jaw = np.repeat(tongue_follows(y), COLUMNS, axis=1).ravel()
    return strip(laid, texture, jaw.astype(np.float32), 5.0)


def tongue_follows(share: Array) -> Array:
    """Say how far the tongue goes with the jaw, from its root (share 0) to its tip (1)."""
    return np.asarray(0.6 + 0.36 * share**0.7, np.float32)


def move_tongue(points: Array, out: float, jaw: Array, lip: Array, down: Array) -> Array:
    """Move the tongue's points (rows * columns, 3), already where the jaw took them, by the weight tongueOut, in place.

    Gives how much nearer (rows * columns,) they come in the order of what covers what.

    A little of it lifts the tip to the upper teeth, as for l, n and th; more brings it out between the teeth and over the lower lip.
    `jaw` (3,) is how far the lower teeth went, `lip` (3,) the middle of the lower lip's inner edge, `down` (3,) the face's axis.
    """
    if out <= 0.0:
        return np.zeros(len(points), np.float32)
    grid = points.reshape(TONGUE_ROWS, COLUMNS, 3)
    share = np.linspace(0, 1, TONGUE_ROWS, dtype=np.float32)[:, None, None]
    dropped = max(float(jaw @ down), 0.0)
    # On its way up it passes through lying edge-on, a mere line: it is quick there, and a hint of a lift is none.
    lift = float(smoothstep(0.05, 0.08, out) * (1 - smoothstep(0.13, 0.24, out)))
    through = float(smoothstep(0.13, 0.24, out))
    beyond = float(smoothstep(0.3, 1.0, out))
    # Lifted, the tongue is seen from below: its tip stands at the upper teeth's edge, its root at the floor, wherever the jaw is.
    at_rest = TONGUE_TOP + (TONGUE_TIP - TONGUE_TOP) * share + tongue_follows(share) * dropped
    lifted = (0.13 + 0.92 * dropped) * (1 - share) + 0.045 * share
    grid += (lift * (lifted - at_rest)) * down
    # Through, it lies on the lower teeth.
    grid -= (through * share * (0.2 * dropped + 0.05)) * down
    # Out, it bends over the lower lip.
    height = (grid @ down).mean(axis=1)[:, None, None]
    bent = float(lip @ down) - 0.03 + (share - OVER_LIP) * np.where(share > OVER_LIP, 0.75 * beyond, 0.4)
    over = float(smoothstep(0.3, 0.5, out))
    grid += over * (bent - height) * down
    middle = grid.mean(axis=1, keepdims=True)
    grid += 0.25 * over * (middle - grid)
    nearer = 1.25 * through * smoothstep(0.35, 0.6, share[:, 0, 0]) + 5.4 * smoothstep(0.3, 0.4, out) * (share[:, 0, 0] >= OVER_LIP)
    return np.asarray(nearer.repeat(COLUMNS), np.float32)


def uncover_teeth(points: Array, edge: float, rest: Array, lips: Array, down: Array) -> None:
    """Lift the upper row's points (n, 3), which end at a height `edge`, as far as a lower lip covers it under a raised upper one, in place.

    `rest` (3,) is the middle of the upper lip's inner edge at rest, `lips` (2, 3) are both now, `down` (3,) is the face's axis. Where lips
    rest in front of teeth is a guess: a sneer that drew both lips up would show gums and necks of teeth alone.
    """
    upper, lower = (float(lip @ down) for lip in lips)
    raised, hidden = float(rest @ down) - upper, edge - COVERED - lower
    points -= min(max(raised, 0.0), max(hidden, 0.0), LIFTED) * down


def upper_teeth(opening: Opening, light: Light, fine: float, sharpness: float) -> Layer:
    """Draw the upper teeth; `fine` is pixels an eye distance, `sharpness` how much finer the photograph is than the frame."""
    half = CHEEK * opening.width
    return arch(opening, half, UPPER_SPAN, fitted(draw_teeth(light, upper=True), 2 * half * fine, sharpness), 0.0, UPPER_BEHIND)


def mouth_layers(opening: Opening, light: Light, fine: float, sharpness: float, upper: Layer | None = None) -> list[Layer]:
    """Make the inside of a mouth at rest, with drawn `upper` teeth where there are none; the tongue comes first.

    `fine` is pixels an eye distance, `sharpness` how much finer the photograph is than the frame.
    """
    width = opening.width
    half, cheek = 0.53 * width, CHEEK * width
    cavity = draw_cavity(light)
    box = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32) * np.array([0.8 * width, 1.2 * width], np.float32)
    corners = np.array([[0, 0], [63, 0], [0, 31], [63, 31]], np.float32)
    back = np.append(opening.centre[:2] + box, np.full((4, 1), opening.depths[1]), axis=1) + BACK * opening.away
    share = np.array([0.0, 0.0, 1.0, 1.0], np.float32)
    tongue, lower = (
        fitted(texture, 2 * part * fine, sharpness)
        for texture, part in ((draw_tongue(light), 0.74 * half), (draw_teeth(light, upper=False), 0.88 * cheek))
    )
    return [
        tongue_layer(opening, 0.74 * half, tongue),
        Layer(back.astype(np.float32), corners, grid_triangles(2, 2), cavity, follow_jaw=share, behind=6.0),
        arch(opening, 0.88 * cheek, LOWER_SPAN, lower, 0.97, 4.0),
        upper or upper_teeth(opening, light, fine, sharpness),
    ]
