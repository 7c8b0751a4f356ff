"""The inside of the mouth: a dark cavity, a tongue, and two rows of teeth, drawn once in the photograph's own light."""

from dataclasses import dataclass

import cv2
import numpy as np

from thespis.pixels.layers import Layer, grid_triangles, smoothstep
from thespis.types import Array, Bytes

COLUMNS = 13
SHOWS = 0.05  # eye distances the lips must be apart in the photograph for its own teeth to be used
# Widths of the upper teeth from the middle outwards, relative to the middle one, as seen from the front (the arch turns away).
UPPER = (1.0, 0.80, 0.82, 0.60, 0.48)
LOWER = (0.64, 0.68, 0.74, 0.62, 0.52)


@dataclass(frozen=True, eq=False)
class Light:
    """The photograph's light: what white looks like in it, and the colours of the lips and of the dark between them (3,)."""

    white: Array
    lip: Array
    dark: Array


def read_light(texture: Bytes, eye_rings: list[Array], lips: Array, skin: Array) -> Light:
    """Read the light from the whites of the eyes, the lips and the skin, each given as points (n, 2) in texture pixels."""
    whites = []
    for ring in eye_rings:
        mask = np.zeros(texture.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(ring).astype(np.int32)], (255,))
        inside = texture[mask > 0].astype(np.float32)
        if len(inside) >= 8:
            bright = inside.max(axis=1)
            whites.append(inside[bright >= np.percentile(bright, 80)].mean(axis=0))
    at = np.clip(np.round(skin).astype(int), 0, np.array(texture.shape[1::-1]) - 1)
    tones = texture[at[:, 1], at[:, 0]].astype(np.float32)
    # Hair, glasses and shadows cover some of the points: the brighter half is skin in the light.
    tone = tones[np.argsort(tones.sum(axis=1))[len(tones) // 2 :]].mean(axis=0)
    white = np.mean(whites, axis=0) if whites else tone * 1.2
    # Small or shaded eyes read too dark, and skin bleeds into them: bounded by what the skin says about the light, and half neutral.
    level = np.clip(max(float(white.max()), 0.80 * float(tone.max()) + 38), 30, 245)
    white = level * (0.45 * white / max(float(white.max()), 1.0) + 0.55)
    at = np.clip(np.round(lips).astype(int), 0, np.array(texture.shape[1::-1]) - 1)
    lip = texture[at[:, 1], at[:, 0]].astype(np.float32).mean(axis=0)
    level = float(white.mean()) / 235
    dark = np.clip(0.10 * lip + np.array([16, 5, 6], np.float32) * level, 0, 60)
    return Light(white.astype(np.float32), lip.astype(np.float32), dark.astype(np.float32))


def draw_teeth(light: Light, upper: bool) -> Bytes:
    """Draw a row of teeth seen from the front as a cut-out texture (96, 320, 4): gum above (upper) or below (lower)."""
    height, width = 96, 320
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
    # Outer teeth end higher, and each has rounded corners; canines are a little pointed.
    length = np.array([0.96, 0.92, 0.94, 0.88, 0.84] if upper else [0.92, 0.92, 0.94, 0.90, 0.86], np.float32)[tooth] * height
    corner = np.abs(across - 0.5) * 2
    bottom = length - (0.07 * height) * corner**6 - np.where(tooth == 2, 0.04 * height * corner**1.5, 0.0)
    gum = (0.30 + 0.02 * tooth) * height - 0.07 * height * np.sqrt(np.clip(1 - corner**2, 0, 1))
    share = np.clip((y - gum) / np.maximum(bottom - gum, 1), 0, 1)
    shade = 1.0 - 0.13 * corner**3 - 0.08 * (1 - share) ** 2 - 0.05 * smoothstep(0.8, 1.0, share)
    shade = shade * np.array([1.0, 0.98, 0.93, 0.82, 0.68], np.float32)[tooth]
    enamel = light.white * np.array([1.0, 0.965, 0.90], np.float32)
    colour = enamel[None, None] * shade[..., None]
    pink = (0.55 * light.lip + 0.45 * light.white * np.array([0.72, 0.42, 0.42], np.float32)) * 0.85
    gum_share = (1 - smoothstep(-1.5, 1.5, y - gum))[..., None]
    colour = colour * (1 - gum_share) + pink * (0.75 + 0.25 * np.clip(1 - from_middle / width * 2, 0, 1))[..., None] * gum_share
    gap = (smoothstep(0.92, 1.0, corner) * (from_middle > 0) * (gum_share[..., 0] < 0.5))[..., None]
    colour = colour * (1 - 0.17 * gap)
    colour = cv2.GaussianBlur(colour.astype(np.float32), (5, 5), 0)
    cover = (smoothstep(-1.0, 1.0, bottom - y) * 255).astype(np.uint8)
    return np.dstack([np.clip(colour + 0.5, 0, 255).astype(np.uint8), cover])


def draw_tongue(light: Light) -> Bytes:
    """Draw the tongue's back seen from the front as a cut-out texture (64, 128, 4)."""
    y, x = np.mgrid[-1:1:64j, -1:1:128j].astype(np.float32)
    inside = 1 - (np.abs(x) ** 2.4 + np.abs(y) ** 2.4)
    base = 0.35 * light.lip + 0.65 * light.white * np.array([0.86, 0.45, 0.46], np.float32)
    shade = 0.62 + 0.26 * np.clip(inside, 0, 1) - 0.20 * y - 0.10 * np.exp(-((x / 0.10) ** 2))
    colour = base[None, None] * shade[..., None]
    cover = (smoothstep(0.0, 0.06, inside) * 255).astype(np.uint8)
    return np.dstack([np.clip(colour, 0, 255).astype(np.uint8), cover])


def draw_cavity(light: Light) -> Bytes:
    """Draw the dark of the mouth as a texture (32, 64, 4): a little lighter at the bottom, where the light falls."""
    y, _ = np.mgrid[0:1:32j, 0:1:64j].astype(np.float32)
    colour = light.dark[None, None] * (0.55 + 0.75 * y)[..., None]
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
    corners = np.array([[low[0], low[1]], [high[0] - 1, low[1]], [low[0], high[1] - 1], [high[0] - 1, high[1] - 1]], np.float32)
    return np.dstack([patch, mask]), corners


def arch(
    centre: Array, half: float, span: tuple[float, float], texture: Bytes, jaw: float, behind: float, light: tuple[float, float]
) -> Layer:
    """Bend a row of teeth (or the tongue) round the dental arch: a strip in the face's own axes, `span` its top and bottom edge."""
    top, bottom = span
    x = np.linspace(-1, 1, COLUMNS, dtype=np.float32)
    rows = np.linspace(0, 1, 3, dtype=np.float32)
    points = np.zeros((3, COLUMNS, 3), np.float32)
    points[..., 0] = centre[0] + half * x
    points[..., 1] = centre[1] + top + (bottom - top) * rows[:, None]
    points[..., 2] = centre[2] + 0.10 + 0.55 * half * x**2
    source = np.zeros((3, COLUMNS, 2), np.float32)
    source[..., 0] = (x + 1) / 2 * (texture.shape[1] - 1)
    source[..., 1] = rows[:, None] * (texture.shape[0] - 1)
    shade = np.repeat(np.linspace(*light, 3, dtype=np.float32)[:, None], COLUMNS, axis=1) * (1 - 0.35 * x**4)
    count = 3 * COLUMNS
    return Layer(
        points.reshape(count, 3),
        source.reshape(count, 2),
        grid_triangles(3, COLUMNS),
        texture,
        follow_jaw=np.full(count, jaw, np.float32),
        light=shade.reshape(count).astype(np.float32),
        behind=behind,
    )


def mouth_layers(centre: Array, width: float, light: Light) -> list[Layer]:
    """Make the drawn inside of a mouth at rest; `centre` (3,) is the middle of the closed lips, in the face's own axes."""
    half = 0.53 * width
    cavity = draw_cavity(light)
    box = np.array([[-1, -1], [1, -1], [-1, 1], [1, 1]], np.float32) * np.array([0.8 * width, 1.2 * width], np.float32)
    corners = np.array([[0, 0], [63, 0], [0, 31], [63, 31]], np.float32)
    back = np.concatenate([centre[:2] + box, np.full((4, 1), centre[2] + 0.5, np.float32)], axis=1).astype(np.float32)
    share = np.array([0.0, 0.0, 1.0, 1.0], np.float32)
    return [
        Layer(back, corners, grid_triangles(2, 2), cavity, follow_jaw=share, behind=6.0),
        arch(centre, 0.60 * half, (-0.02, 0.34), draw_tongue(light), 0.80, 5.0, (0.66, 0.95)),
        arch(centre, 0.88 * half, (0.005, 0.18), draw_teeth(light, upper=False), 0.97, 4.0, (0.92, 0.76)),
        arch(centre, half, (-0.17, 0.085), draw_teeth(light, upper=True), 0.0, 3.5, (0.84, 1.03)),
    ]
