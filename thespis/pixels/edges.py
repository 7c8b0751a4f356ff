"""Where closed lips really meet: the face network is a little off, so they are moved into the dark line that the photograph shows."""

import cv2
import numpy as np

from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER, Shapes
from thespis.pixels.layers import smoothstep, window
from thespis.types import Array, Bytes

FARTHEST = 0.05  # eye distances by which the line may be moved
STEPS = 41  # places tried along each line across the lips
OPEN = 0.045  # eye distances between the lips from which on the mouth counts as open
GAPING, DEEPER, CLEARLY = 0.25, 0.15, 8.0  # from there on it gapes; so far down, and so much redder, its lower lip may begin
TALLER = 0.3  # eye distances below its points at which the red of a gaping mouth's lower lip may end
SHORTEST, CHIN = 0.7, (0.15, 0.42)  # of its usual height that a chin has at least, and eye distances from its middle over which that fades
LOWER_EDGE = (91, 181, 84, 17, 314, 405, 321)  # the outer edge of the lower lip, without what lies beside the corners
INNER = (*LIPS_INNER_UPPER, *LIPS_INNER_LOWER)
REACH = 0.10  # so far around it the skin moves along


def refine_lips(texture: Bytes, points: Array, shapes: Shapes, unit: float, down: Array) -> Array:
    """Say how to move face points (478, 2) so that closed lips meet in their dark line -> displacements (468, 2), all in texture pixels.

    `unit` is texture pixels an eye distance, `down` (2,) the face's own direction there.
    """
    texture, begin = window(texture, points[shapes.lips_outer, :2], 2 * TALLER * unit)
    points = points - begin
    upper, lower = points[shapes.lips_inner_upper], points[shapes.lips_inner_lower]
    offsets = np.linspace(-FARTHEST, FARTHEST, STEPS).astype(np.float32)
    gap = ((lower - upper) @ down) / unit
    soft = np.asarray(cv2.GaussianBlur(texture, (0, 0), max(0.008 * unit, 0.6)), np.uint8)
    if float(gap[3:8].mean()) > OPEN:
        dropped = 0.0 if float(gap[3:8].mean()) < GAPING else lower_lip(soft, lower, unit, down)
        moves = np.stack([np.zeros(11), dropped * np.sin(np.linspace(0, np.pi, 11))]).astype(np.float32)
        found = spread(points, shapes, moves * unit, down, unit) if dropped else np.zeros((468, 2), np.float32)
        if float(gap[3:8].mean()) < GAPING:
            return found
        return lower_chin(points, shapes, below_lip(soft, points, found, unit, down), unit, down)
    middle = (upper + lower) / 2
    moved = darkest_line(profiles(soft, middle, offsets * unit, down).mean(axis=2), offsets)
    moves = np.stack([(middle - upper) @ down / unit, (middle - lower) @ down / unit]) + moved
    # At the corners the lips meet, whatever the colours say.
    moves[:, [0, -1]] = 0.0
    moves[:, [1, -2]] *= 0.5
    return spread(points, shapes, moves * unit, down, unit)


def lower_lip(picture: Bytes, lower: Array, unit: float, down: Array) -> float:
    """Say how far below its points (11, 2) the lower lip of a gaping mouth begins, where teeth were taken for it: in eye distances."""
    offsets = np.linspace(-0.02, DEEPER, STEPS).astype(np.float32)
    colours = np.clip(profiles(picture, lower[3:8], offsets * unit, down), 0, 255).astype(np.uint8)
    red = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[..., 1].astype(np.float32).mean(axis=0)
    within = red[(offsets >= 0) & (offsets < 0.03)]
    low, high = float(within.min()), float(red.max())
    if high - low < CLEARLY:
        return 0.0
    begins = float(offsets[np.argmax((red > (low + high) / 2) & (offsets > 0))])
    return begins if begins > 0.025 else 0.0


def below_lip(picture: Bytes, points: Array, found: Array, unit: float, down: Array) -> Array:
    """Move the outer edge of the lower lip of a gaping mouth to where its red ends, if that is farther down -> displacements (468, 2)."""
    edge = (points[:468] + found)[list(LOWER_EDGE)]
    offsets = np.linspace(0.0, TALLER, STEPS).astype(np.float32)
    colours = np.clip(profiles(picture, edge[2:-2], offsets * unit, down), 0, 255).astype(np.uint8)
    red = cv2.cvtColor(colours, cv2.COLOR_RGB2LAB)[..., 1].astype(np.float32).mean(axis=0)
    lip, skin = float(red[: STEPS // 3].max()), float(red[-STEPS // 6 :].mean())
    if lip - skin < CLEARLY:
        return found
    is_lip = red > (lip + skin) / 2
    last = int(np.flatnonzero(is_lip)[-1])
    # One lip, then skin: anything else is a beard, a finger or noise.
    if is_lip[: last + 1].mean() < 0.9:
        return found
    ends = float(offsets[last])
    # The corners of the mouth stay, and the chin below goes along a little.
    moves = ends * unit * np.sin(np.linspace(0, np.pi, len(edge) + 2)[1:-1]) ** 0.7
    skin_points = points[:468] + found
    apart = np.linalg.norm(skin_points[:, None] - edge[None], axis=2) / (REACH * unit)
    near = np.exp(-(apart**2))
    carried = (near @ moves) / np.maximum(near.sum(axis=1), 1e-6) * near.max(axis=1)
    inner = points[[78, 308]].mean(axis=0) @ down
    carried *= (skin_points @ down > inner) & ~np.isin(np.arange(468), INNER)
    return np.asarray(found + carried[:, None] * down, np.float32)


def lower_chin(points: Array, shapes: Shapes, found: Array, unit: float, down: Array) -> Array:
    """Move the chin of a gaping mouth below its lip, where the network has it too high or folded over -> displacements (468, 2)."""
    along = np.array([down[1], -down[0]], np.float32)
    middle = points[[78, 308]].mean(axis=0)
    x, y = (points[:468] + found - middle) @ along / unit, (points[:468] + found - middle) @ down / unit
    usual_x, usual_y = shapes.points[:, 0], shapes.points[:, 1]
    lip, usual_lip = (
        np.interp(across, *ordered(across[list(LOWER_EDGE)], height[list(LOWER_EDGE)])) for across, height in ((x, y), (usual_x, usual_y))
    )
    below = usual_y - usual_lip
    # Less than usual, since a chin is also pressed against the throat by a jaw that drops.
    least = lip + SHORTEST * below
    moved = np.maximum(least - y, 0.0) * (below > 0.01) * (1 - smoothstep(*CHIN, np.abs(usual_x)))
    return np.asarray(found + (moved * unit)[:, None] * down, np.float32)


def profiles(picture: Bytes, ring: Array, offsets: Array, down: Array) -> Array:
    """Read colours (n, steps, 3) along lines across the lips, through each point of `ring` (n, 2)."""
    places = ring[:, None] + offsets[None, :, None] * down
    across, along = np.ascontiguousarray(places[..., 0], np.float32), np.ascontiguousarray(places[..., 1], np.float32)
    return np.asarray(cv2.remap(picture, across, along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def darkest_line(brightness: Array, offsets: Array) -> Array:
    """Find how far to move each point (n,) of closed lips so that it lies in the dark line between them."""
    contrast = np.maximum(brightness.max(axis=1) - brightness.min(axis=1), 12.0)[:, None]
    score = brightness / contrast + 0.6 * (offsets / FARTHEST) ** 2
    return settle(offsets[score.argmin(axis=1)])


def settle(moves: Array) -> Array:
    """Quiet moves (n,) of neighbouring points: the middle one of three, then a soft average."""
    padded = np.concatenate([moves[:1], moves, moves[-1:]])
    middle = np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0)
    padded = np.concatenate([middle[:1], middle, middle[-1:]])
    return np.asarray(0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:], np.float32)


def spread(points: Array, shapes: Shapes, moves: Array, down: Array, unit: float) -> Array:
    """Let the skin around each lip go along with its inner edge's moves (2, 11) -> displacements (468, 2)."""
    skin = points[:468]
    middle = (points[shapes.lips_inner_upper] + points[shapes.lips_inner_lower]) / 2
    along = np.array([down[1], -down[0]], np.float32)
    line = np.interp(skin @ along, *ordered(middle @ along, middle @ down))
    shift = np.zeros(len(skin), np.float32)
    for row, ring in enumerate((shapes.lips_inner_upper, shapes.lips_inner_lower)):
        apart = np.linalg.norm(skin[:, None] - points[ring][None], axis=2) / (REACH * unit)
        near = np.exp(-(apart**2))
        side = (skin @ down <= line) if row == 0 else (skin @ down >= line)
        carried = (near * moves[row]).sum(axis=1) / np.maximum(near.sum(axis=1), 1e-6) * near.max(axis=1)
        shift = np.where(side, carried, shift).astype(np.float32)
    for row, ring in enumerate((shapes.lips_inner_upper, shapes.lips_inner_lower)):
        shift[ring] = moves[row]
    return np.asarray(shift[:, None] * down, np.float32)


def ordered(across: Array, values: Array) -> tuple[Array, Array]:
    """Sort values (n,) by their place."""
    order = np.argsort(across)
    return across[order], values[order]
