"""The built-in renderer: the portrait's own pixels on a mesh of its own landmarks, moved by the Space `face`."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face, face_of
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import TONGUE_OUT, bitten, closed_lid
from thespis.pixels.close_up import FAR, LID_LINE, ON_LIDS, Mesh, blur_at, draw_mouth, lid_line, mouth_hole, near_by
from thespis.pixels.crop import through
from thespis.pixels.framing import Framing, cut_frame
from thespis.pixels.layers import Triangles, by_rows, smoothstep
from thespis.pixels.lids import shade_eye
from thespis.pixels.parting import learn, seal, tucked
from thespis.pixels.puppet import Lesson, Posed, Puppet, build
from thespis.pixels.raster import draw, packed, soften_outline
from thespis.pixels.relief import cut_short
from thespis.pixels.shade import BESIDE
from thespis.types import FRAMES, Array, Bytes, Direction, Frames, Portrait, Track

FINE_STEP, MOST_STEPS = 1.0, 16  # pixels between two of the drawings that a blurred frame is the mean of, and how many at most
FACE_POINTS = 468
HEAD = FACE.slice("head_rotation")
SEEN_UNIT, SEEN_ROOM = 110.0, 1.1  # pixels an eye distance, and eye distances around the face, where a puppet looks at itself
TONGUE_SHOWS = 0.3  # the weight from which on the tongue may reach beyond the lips
CLOSE_UP_ROOM = 3.0  # pixels around lips or lids that are drawn again
BESIDE_FACE = 0.16  # eye distances beside a face where its head may fold
OUTLINE = (0.3, 0.1)  # eye distances between neighbouring pixels from which on one stands before the other: at rest, and turned
TURNED = (0.04, 0.14)  # radians over which it comes to do so
STIRRED = (0.02, 0.08)  # eye distances that nose or cheeks go, over which they come to stand before other skin
EDGES = (2, 98, 327, 129, 358, 50, 280)  # points of the nose's lower edge, its wings, and the cheeks
BETWEEN_EYES = 168
RAISED_SHADE = 0.25  # of the shade of a lid that closes has one that rises
CLOSE_UPS = ("mouth", "left eye", "right eye")


@dataclass(eq=False)
class Canvas:
    """What drawing one portrait needs: the puppet, the part of the frame that never moves, and the moving triangles of each part.

    `around` are those around the face, which may be partly clear and so are drawn before the others.

    `edges_rest` (n, 2) is where the edges within the face lie at rest, seen from between the eyes.
    `nearest` is room for a frame's depths, kept because fresh memory costs more than the copy. `exposed` is for how much of its time a
    frame is exposed, and `before` the row before, from which it moves. `told` is whether it was said why turns are drawn smaller.
    """

    puppet: Puppet
    backdrop: Bytes
    backdrop_depth: Array
    nearest: Array
    around: Triangles
    moving: Triangles
    rings: dict[str, npt.NDArray[np.int32]]
    close_ups: dict[str, Triangles]
    lid_rest: dict[str, Array]
    edges_rest: Array
    inside: Triangles
    exposed: float = 0.0
    before: Array | None = None
    told: bool = False


class Warp:
    """Draw frames from a Track in the Space `face`."""

    takes, gives, delay = FACE, FRAMES, Fraction(0)

    def __init__(self, size: int = 512) -> None:
        """Draw square frames of `size` pixels unless the direction asks for another size."""
        self.size = size

    def start(self, portrait: Portrait, direction: Direction) -> Canvas:
        """Find the face and build its puppet."""
        face = face_of(portrait)
        framing = cut_frame(portrait.image, face, direction.size, direction.crop, self.size)
        canvas = ready(prepare(face, framing))
        canvas.exposed = direction.motion_blur
        return canvas

    def step(self, state: Canvas, chunk: Track, last: bool) -> Frames:
        """Draw one frame for each row."""
        framing = state.puppet.framing
        images = np.empty((len(chunk), framing.height, framing.width, 3), np.uint8)
        for image, row in zip(images, chunk.values, strict=True):
            expose(state, row, image)
        return Frames(images, chunk.fps, chunk.start)


def prepare(face: Face, framing: Framing, *, entirely: bool = False) -> Puppet:
    """Make the puppet of a face for a frame, which has found how its lips are seen to shut and to part; `entirely` as in `build`."""
    return build(face, framing, entirely=entirely, teach=lips_of)


def lips_of(puppet: Puppet) -> Lesson:
    """Let a puppet look at itself, and find how much of its lips' edges to leave out, and how far to part them."""
    shapes, fine = puppet.person.shapes, puppet.unit * float(np.mean(puppet.framing.finer))
    small = mirrored(puppet)
    sealed, teeth = seal(lambda amount: showing(small, tucked(puppet.source, shapes, amount * fine)), shapes, puppet.person.parted)

    def tuck(other: Puppet) -> Puppet:
        source = tucked(other.source, shapes, sealed * fine)
        return replace(other, source=source, teeth=teeth)

    small = replace(small, puppet=tuck(small.puppet))
    parting = learn(puppet.parting, showing(small, small.puppet.source), shapes)
    return lambda other: replace(tuck(other), parting=parting)


def mirrored(puppet: Puppet) -> Canvas:
    """Make ready to draw the head of a puppet small, as it looks at itself."""
    framing, place = puppet.framing, puppet.pose(np.zeros(FACE.size, np.float32)).place[:FACE_POINTS]
    scale = min(SEEN_UNIT / puppet.unit, 1.0)
    room, size = SEEN_ROOM * puppet.unit, np.array([framing.width, framing.height])
    low = np.floor(np.clip(place.min(axis=0) - room, 0, size) * scale).astype(int)
    high = np.ceil(np.clip(place.max(axis=0) + room, 0, size) * scale).astype(int)
    (left, top), (width, height) = low, np.maximum(high - low, 8)
    part = framing.part(int(left), int(top), int(width), int(height), scale)
    corner = np.asarray((puppet.origin + 0.5) * scale - 0.5 - low, np.float32)
    return ready(replace(puppet, framing=part, unit=puppet.unit * scale, origin=corner))


def showing(small: Canvas, source: Array) -> Callable[[Array], tuple[Bytes, Array]]:
    """Let a small canvas be seen with its mesh's places in the atlas at `source` (n, 2).

    What is given draws a row -> the picture (h, w, 3) of its head, and its skin's points (468, 2) there.
    """
    canvas = replace(small, puppet=replace(small.puppet, source=source))
    part = canvas.puppet.framing

    def show(row: Array) -> tuple[Bytes, Array]:
        image = np.zeros((part.height, part.width, 3), np.uint8)
        draw_frame(canvas, row, image)
        return image, canvas.puppet.pose(row).place[:FACE_POINTS]

    return show


def ready(puppet: Puppet) -> Canvas:
    """Draw what never moves, and sort out which triangles the close-ups of mouth and eyes need."""
    framing, shapes = puppet.framing, puppet.person.shapes
    neutral = np.zeros(FACE.size, np.float32)
    posed = puppet.pose(neutral)
    nearest = np.full((framing.height, framing.width), FAR, np.float32)
    soft = puppet.cutout is not None
    # Where nobody is cut out, all of the picture lies on the mesh.
    behind = framing if puppet.cutout is None else replace(framing, texture=puppet.cutout.plate)
    backdrop = np.ascontiguousarray(through(behind))
    still = np.ascontiguousarray(puppet.triangles[puppet.still])
    draw(posed.place, posed.depth, puppet.light, posed.source, still, packed(puppet.atlas), backdrop, nearest, soft)
    place = posed.place
    rings = {
        "mouth": shapes.lips_outer,
        "left eye": np.concatenate([shapes.eye_left_upper, shapes.eye_left_lower]),
        "right eye": np.concatenate([shapes.eye_right_upper, shapes.eye_right_lower]),
    }
    around = by_rows(puppet.triangles[~puppet.still & puppet.around], place)
    moving = by_rows(puppet.triangles[~puppet.still & ~puppet.around], place)
    close_ups = {}
    for name, ring in rings.items():
        low, high = place[ring].min(axis=0), place[ring].max(axis=0)
        room = 0.8 * (high - low).max()
        near = ((place > low - room) & (place < high + room)).all(axis=1)
        chosen = moving[near[moving].any(axis=1)]
        close_ups[name] = np.ascontiguousarray(chosen[(chosen < FACE_POINTS).all(axis=1)] if name == "mouth" else chosen)
    lid_rest = {}
    for side in ("left", "right"):
        upper = getattr(shapes, f"eye_{side}_upper")
        lid_rest[side] = place[upper[3:6]] - place[upper[[0, -1]]].mean(axis=0)
    within = (moving >= puppet.mouth_from).all(axis=1)
    inside, moving = np.ascontiguousarray(moving[within]), np.ascontiguousarray(moving[~within])
    return Canvas(puppet, backdrop, nearest, nearest.copy(), around, moving, rings, close_ups, lid_rest, edges_of(place), inside)


def edges_of(place: Array) -> Array:
    """Say where the edges that skin may have within a face lie (n, 2), seen from between the eyes, by the mesh's places (m, 2)."""
    return np.asarray(place[list(EDGES)] - place[BETWEEN_EYES], np.float32)


def draw_frame(canvas: Canvas, row: Array, image: Bytes, surface: Array | None = None) -> None:
    """Draw one row of the Space `face` into an image (height, width, 3); `surface` (468, 3) says where the skin goes, if not the row."""
    puppet = canvas.puppet
    posed = puppet.pose(row, surface)
    if not canvas.told and surface is None and (reason := cut_short(row[HEAD], puppet.rotation, puppet.back, puppet.aside)):
        canvas.told = True
        logging.getLogger("thespis").warning(reason)
    puppet.paint(row)
    image[:] = canvas.backdrop
    nearest = canvas.nearest
    nearest[:] = canvas.backdrop_depth
    atlas = packed(puppet.atlas)
    draw(posed.place, posed.depth, puppet.light, posed.source, canvas.around, atlas, image, nearest, puppet.cutout is not None)
    draw(posed.place, posed.depth, puppet.light, posed.source, canvas.moving, atlas, image, nearest, False)
    if row[TONGUE_OUT] > TONGUE_SHOWS:
        # Else all of the mouth's inside lies where its close-up is drawn.
        draw(posed.place, posed.depth, puppet.light, posed.source, canvas.inside, atlas, image, nearest, False)
    smooth_outline(canvas, posed, row[HEAD], image)
    for name in CLOSE_UPS:
        sharpen_edges(canvas, name, posed, row, image)


def smooth_outline(canvas: Canvas, posed: Posed, turn: Array, image: Bytes) -> None:
    """Smooth the edge of a head turned by `turn` (3,), a rotation vector, before hair and wall, in an image (height, width, 3)."""
    outline = posed.place[canvas.puppet.person.shapes.oval]
    # The far side of a head that turns folds beside its face; where nothing turns, all of that is the picture's own.
    turned = float(smoothstep(*TURNED, np.linalg.norm(turn)))
    # A lip drawn up goes behind the nose, a cheek that swells before the hair.
    went = np.linalg.norm(edges_of(posed.place) - canvas.edges_rest, axis=1).max() / canvas.puppet.unit
    turned = max(turned, float(smoothstep(*STIRRED, went)))
    room = 4 + BESIDE_FACE * canvas.puppet.unit * turned
    low, high = outline.min(axis=0) - room, outline.max(axis=0) + np.array([room, 4.0])
    if turned > 0:
        # The cheek of a face that looks away swells beyond what the outline was.
        skin = posed.place[:FACE_POINTS]
        low, high = np.minimum(low, skin.min(axis=0) - 4), np.maximum(high, skin.max(axis=0) + 4)
    (left, top), (right, bottom) = np.maximum(low.astype(int), 0), np.minimum(high.astype(int) + 1, image.shape[1::-1])
    if right - left > 4 and bottom - top > 4:
        step = OUTLINE[0] + turned * (OUTLINE[1] - OUTLINE[0])
        soften_outline(image, canvas.nearest, int(top), int(left), int(bottom), int(right), step)


def expose(canvas: Canvas, row: Array, image: Bytes) -> None:
    """Draw one row into an image (height, width, 3) as a camera sees it that is open for a part of the way from the row before."""
    before, canvas.before = canvas.before, row
    if not canvas.exposed or before is None:
        draw_frame(canvas, row, image)
        return
    begin = row + canvas.exposed * (before - row)
    # What moves by less than a pixel between two drawings leaves no double edges.
    way = float(np.abs(canvas.puppet.pose(row).place - canvas.puppet.pose(begin).place).max())
    count = int(np.clip(np.ceil(way / FINE_STEP), 1, MOST_STEPS))
    if count == 1:
        draw_frame(canvas, row, image)
        return
    total, drawn = np.zeros(image.shape, np.uint16), np.empty_like(image)
    for share in np.linspace(0.0, 1.0, count, dtype=np.float32):
        draw_frame(canvas, row + share * (begin - row), drawn)
        total += drawn
    image[:] = (total + count // 2) // count


def sharpen_edges(canvas: Canvas, name: str, posed: Posed, row: Array, image: Bytes) -> None:
    """Draw the mouth or an eye again at twice the fineness and average, so that lips and lids have smooth edges."""
    puppet = canvas.puppet
    ring, room = posed.place[canvas.rings[name]], CLOSE_UP_ROOM
    if name == "mouth":
        # Lips and skin go over into each other without an edge: it is between the lips, or around a tongue, that there is one.
        between, room = posed.place[np.concatenate(puppet.person.shapes.lip_edges[:2])], max(room, BESIDE * puppet.unit)
        out = posed.place[puppet.tongue] if row[TONGUE_OUT] > 0 else between
        ring = np.concatenate([between, np.clip(out, ring.min(axis=0), ring.max(axis=0))])
    blur = blur_at(puppet.framing.zoom)
    near = near_by(image, ring, room)
    if near is None:
        return
    # What is blurred must not end where it is drawn.
    around = max(round(3 * blur + LID_LINE * puppet.unit - room), 0)
    mesh = Mesh(near.finer(posed.place), posed.depth, puppet.light, posed.source, puppet.atlas)
    shapes = puppet.person.shapes
    if name == "mouth":
        draw_mouth(near, mesh, canvas.close_ups[name], canvas.inside, shapes, puppet.lips, 2 * puppet.unit, bitten(row))
        edges = mesh.place[shapes.lips_inner_upper], mesh.place[shapes.lips_inner_lower]
        drawn = mouth_hole(near, *edges, 2 * puppet.unit, puppet.lips, around) if blur else None
    else:
        mesh.draw(canvas.close_ups[name], near)
        side = name.split()[0]
        upper, lower = getattr(shapes, f"eye_{side}_upper"), getattr(shapes, f"eye_{side}_lower")
        shift = posed.place[upper[3:6]] - posed.place[upper[[0, -1]]].mean(axis=0) - canvas.lid_rest[side]
        moved = float(smoothstep(0.0, 0.04, np.linalg.norm(shift.mean(axis=0)) / puppet.unit))
        if shift.mean(axis=0) @ puppet.rotation[:2, 1] < 0:
            # A lid that rises takes the photograph's own shade along.
            moved *= RAISED_SHADE
        lids = mesh.place[upper], mesh.place[lower], puppet.lids[side].lid
        closed = closed_lid(side, row)
        shade_eye(near.fine, near.nearest, *lids, 2 * puppet.unit, closed, moved)
        drawn = lid_line(near, lids[0], 2 * puppet.unit, max(closed, moved), around) if blur else None
        blur *= ON_LIDS
    near.shrink(image)
    if drawn is not None:
        near.soften(image, drawn, around, blur)
