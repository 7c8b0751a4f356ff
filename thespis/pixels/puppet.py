"""A portrait made into a mesh that can be posed: the face with its shapes, the eyeballs, the mouth, and the skirt around them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face
from thespis.head.person import Person
from thespis.head.shapes import SHAPES
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import (
    GAZE_LIMIT,
    MOVE_LIMIT,
    TONGUE_OUT,
    TURN_LIMIT,
    bitten,
    closed_lid,
    eased,
    expression_of,
    lids_follow_gaze,
    raised_lid,
    rotation_matrix,
)
from thespis.pixels.creases import Skin
from thespis.pixels.cutout import Cutout
from thespis.pixels.eyes import Eyeball
from thespis.pixels.framing import Framing
from thespis.pixels.laid import Laid, lay
from thespis.pixels.layers import Layer, Triangles, follow, grid_triangles, on_frame, opaque, stack
from thespis.pixels.lids import LEVELS, Lid, LidState
from thespis.pixels.lips import bare, clear_nose, give_way, loosen, meet
from thespis.pixels.mouth import SHOWS, move_tongue, uncover_teeth
from thespis.pixels.outline import Outline, find_outline, keep_within
from thespis.pixels.parting import Parting, plain, untucked
from thespis.pixels.parts import Parts, find_parts, lid_of
from thespis.pixels.relief import ANY, TURN_GAIN, held_in, turnable, way_down, ways_aside
from thespis.pixels.shade import Lips
from thespis.pixels.skirt import USUAL_EDGE, find_edge, hide_slivers, skirt, twice, twice_the_rays
from thespis.types import Array, Bytes

PIVOT_DEPTH = 1.2  # of the joint the head turns on, behind the eyes
PIVOT_DROP = 1.15  # and below them
BODY_DROP = 2.6  # the same for the joint on which shoulders lean
LEANS, GOES = 0.12, 0.3  # of the head's turn and of its shift that shoulders take up
FOREHEAD = 10  # its upper end
CORNERS, ASIDE = [78, 308], 0.4  # of the mouth, and the most eye distances to the side that its inside goes with them
UPPER_LIP, LOWER_LIP = 13, 14  # the middles of their inner edges


class Posed(NamedTuple):
    """A mesh ready to draw: places (n, 2) in frame pixels, depths (n,), and places in the atlas (n, 2)."""

    place: Array
    depth: Array
    source: Array


@dataclass(eq=False)
class Puppet:
    """A posed mesh: `rest` (n, 3) in eye distances along the camera's axes, from `origin` (2,) at `unit` pixels an eye distance.

    `held` is how much of a nod's way down is left out, and `back` how far the face may turn back to the camera, in
    radians; before the picture's edge it turns as far as `aside` (2,), the negative way and the positive. `whole` (n, 2) is `source` with
    nothing of the lips left out; what was, for being `teeth`, comes back only in the clip that it is from.
    """

    person: Person
    framing: Framing
    rotation: Array
    origin: Array
    unit: float
    rest: Array
    source: Array
    triangles: Triangles
    follow_head: Array
    follow_body: Array
    follow_jaw: Array
    light: Array
    behind: Array
    outline_carry: Array
    skirt_rows: slice
    away: Array
    fields: Array
    jaw: Array
    atlas: Bytes
    eyes: dict[str, Eyeball]
    eye_rows: dict[str, slice]
    lids: dict[str, LidState]
    still: npt.NDArray[np.bool_]
    around: npt.NDArray[np.bool_]
    skin: Skin
    tongue: slice
    upper_row: slice
    upper_edge: float
    upper_moved: float
    mouth_from: int
    lips: Lips
    cutout: Cutout | None
    parting: Parting
    whole: Array
    outline: Outline
    teeth: bool = False
    held: float = 0.0
    back: float = TURN_LIMIT
    aside: Array = field(default_factory=ANY.copy)

    def pose(self, row: Array, surface: Array | None = None) -> Posed:
        """Pose the mesh by one row of the Space `face`; `surface` (468, 3) says where the skin goes instead of the row's weights."""
        shapes = self.person.shapes
        weights = lids_follow_gaze(expression_of(row), row)
        if surface is None:
            weights = self.parting.corrected(weights)
        moved = self.rest.copy()
        if surface is None:
            # Not a matrix product: for one short row the library would wake its threads, which costs more than the sum.
            skin = np.einsum("k,kij->ij", weights, self.fields)
            aside = np.zeros(3, np.float32)
        else:
            skin = np.asarray((self.person.photo - self.person.rest + surface) @ self.rotation.T, np.float32)
            # The inside of a mouth goes to the side that its corners go to, which weights tell but roughly.
            aside = (skin[CORNERS] - np.einsum("k,kij->ij", weights, self.fields[:, CORNERS])).mean(axis=0)
            aside = np.asarray(np.clip(aside @ self.rotation[:, 0], -ASIDE, ASIDE) * self.rotation[:, 0], np.float32)
        if surface is None:
            clear_nose(shapes, self.rest[:468], skin, self.rotation[:, 1])
        skin = meet(shapes, self.rest[:468], skin, self.rotation[:, 1])
        if surface is None:
            loosen(shapes, self.rest[:468], skin, self.rotation[:, 1])
            bare(shapes, self.rest[:468], skin, bitten(row), self.rotation[:, 1])
            give_way(shapes, self.rest[:468], skin, self.rotation[:, 1])
            keep_within(self.outline, skin)
        moved[:468] += skin
        apart = (moved[shapes.lips_inner_lower] - moved[shapes.lips_inner_upper]) @ self.rotation[:, 1]
        # Closed lips lost a dark line, and have it back once they part; parted ones a rim of teeth, right in the clip it is from alone.
        whole = self.source is not self.whole and (surface is not None or not (self.teeth or self.person.parted > SHOWS))
        source = untucked(self.source, self.whole, shapes, apart) if whole else self.source
        moved[self.skirt_rows] += self.outline_carry @ skin[shapes.oval]
        jaw = weights @ self.jaw
        moved[self.mouth_from :] += self.follow_jaw[self.mouth_from :, None] * jaw + aside
        out = min(max(float(row[TONGUE_OUT]), 0.0), 1.0)
        nearer = move_tongue(moved[self.tongue], out, jaw, moved[LOWER_LIP], self.rotation[:, 1])
        if surface is not None:
            # Where lips come to rest, a guess, is of no account where it is known how far they are apart.
            moved[self.upper_row] -= self.upper_moved * self.rotation[:, 1]
        uncover_teeth(moved[self.upper_row], self.upper_edge, self.rest[UPPER_LIP], moved[[UPPER_LIP, LOWER_LIP]], self.rotation[:, 1])
        asked = row[FACE.slice("head_rotation")]
        angle = eased(asked if surface is not None else turnable(asked * TURN_GAIN, self.rotation, self.back, self.aside), TURN_LIMIT)
        turn, lean = rotation_matrix(angle), rotation_matrix(LEANS * angle)
        shift = eased(row[FACE.slice("head_translation")], MOVE_LIMIT)
        pivot = self.rotation @ np.array([0.0, PIVOT_DROP, PIVOT_DEPTH], np.float32)
        if self.held and surface is None:
            shift[1] -= self.held * way_down(float(angle[0]), self.rest[FOREHEAD], pivot)
        base = self.rotation @ np.array([0.0, BODY_DROP, PIVOT_DEPTH], np.float32)
        ways = turn, pivot - turn @ pivot + shift, lean, base - lean @ base + np.float32(GOES) * shift
        follow(moved, self.follow_head, self.follow_body, self.skirt_rows.start, *ways)
        if self.cutout is not None:
            hide_slivers(moved[self.skirt_rows], twice(moved[shapes.oval]), self.away)
        place = on_frame(moved, self.unit, self.origin)
        depth = np.ascontiguousarray(moved[:, 2] + self.behind, np.float32)
        depth[self.tongue] -= nearer
        return Posed(place, depth, source)

    def paint(self, row: Array) -> None:
        """Paint into the atlas what a row of the Space `face` changes there: where the irises look, and the creases of the skin."""
        fresh = self.skin.crease(self.atlas, expression_of(row))
        for side, state in self.lids.items():
            state.close(self.atlas, round(LEVELS * closed_lid(side, row)), fresh)
        for side, eye in self.eyes.items():
            yaw, pitch = (float(np.clip(row[FACE.column(f"gaze_{side}_{way}")], -GAZE_LIMIT, GAZE_LIMIT)) for way in ("yaw", "pitch"))
            way = self.fields[SHAPES.index(f"eyeWide{side.capitalize()}"), getattr(self.person.shapes, f"eye_{side}_upper")[3:6]]
            patch = eye.look(yaw, pitch, raised_lid(side, row) * float(np.linalg.norm(way.mean(axis=0)[:2])))
            self.atlas[self.eye_rows[side], : patch.shape[1], :3] = patch


Lesson = Callable[[Puppet], Puppet]
"""What changes a puppet by what was learnt from its looks."""


def build(face: Face, framing: Framing, *, entirely: bool = False, teach: Callable[[Puppet], Lesson] | None = None) -> Puppet:
    """Make the puppet of a face for a frame; `entirely` cuts the person out of all of it, not only where the head moves.

    `teach` looks at the puppet before anybody is cut out, and gives what the finished one is to have of it.
    """
    laid = lay(face, framing)
    # Who is cut out takes longest, and nothing within the face waits for it.
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(laid.cut_out, entirely=entirely)
        parts = find_parts(laid)
        lesson = None if teach is None else teach(assemble(laid, parts, None))
        cutout = cutting.result()
    puppet = assemble(laid, parts, cutout)
    return puppet if lesson is None else lesson(puppet)


def assemble(laid: Laid, parts: Parts, cutout: Cutout | None) -> Puppet:
    """Put layers one after the other into one mesh: the face, the skirt, the eyes and the mouth; the head ends where it is cut out."""
    person, framing, rotation, unit = laid.person, laid.framing, laid.rotation, laid.unit
    shapes = person.shapes
    edge = None if cutout is None else find_edge(cutout.head, laid.spot_on_texture, laid.seen, laid.away)

    def covers(spots: Array, *, softly: bool) -> Array:
        return np.ones(len(spots), np.float32) if cutout is None else cutout.covers(laid.spot_on_texture(spots), softly=softly)

    def room(spots: Array) -> Array:
        return framing.room(laid.spot_on_texture(spots)) / unit

    around, carry = skirt(shapes, person.photo, rotation, edge, room, covers, bound=cutout is None or cutout.whole)
    layers = [Layer(person.rest @ rotation.T, laid.on_texture[:468], shapes.triangles), around]
    layers += [eyeball(laid, parts.eyes[side], ring) for side, ring in laid.rings.items()]
    mouth = tongue = len(layers)
    layers += [turned(layer, rotation) for layer in parts.inside]
    whole = opaque(laid.texture) if cutout is None else cutout.person
    atlas, starts = stack([whole, *[layer.texture for layer in layers if layer.texture is not None]])
    counts = [len(layer.points) for layer in layers]
    first = np.concatenate([[0], np.cumsum(counts)])
    skirt_rows = slice(int(first[1]), int(first[2]))
    rest, sources = np.concatenate([layer.points for layer in layers]), [layer.source for layer in layers]
    # The skirt's points lie in the texture where the photograph has them, so what never moves is drawn once.
    sources[1] = laid.spot_on_texture(around.points[:, :2])
    textured = (number for number, layer in enumerate(layers) if layer.texture is not None)
    for number, start in zip(textured, starts[1:], strict=True):
        sources[number] = sources[number] + np.array([0, start], np.float32)
    # Closing an open mouth has raised the chin; the neck comes along, from where the photograph has it.
    rest[skirt_rows] += carry @ ((person.rest - person.photo) @ rotation.T)[shapes.oval]
    shown = around.triangles if cutout is None else seen_of(around.triangles, sources[1], cutout.share)
    pieces = [shown if number == 1 else layer.triangles for number, layer in enumerate(layers)]
    triangles = np.concatenate([piece + at for piece, at in zip(pieces, first[:-1], strict=True)]).astype(np.int32)

    def each(name: str, usual: float, *axes: int) -> Array:
        found = [getattr(layer, name) for layer in layers]
        found = [np.full((count, *axes), usual) if one is None else one for count, one in zip(counts, found, strict=True)]
        return np.asarray(np.concatenate(found), np.float32)

    follow_head = each("follow_head", 1.0, 3)
    axes = np.append(each("free", 1.0, 2), np.ones((len(rest), 1)), axis=1)
    body = around.follow_body
    assert body is not None
    moves = (follow_head > 0).any(axis=1)
    moves[skirt_rows] |= (carry.sum(axis=1) > 1e-4) | (body > 1e-3)
    source = np.ascontiguousarray(np.concatenate(sources), np.float32)
    above = float(laid.on_texture[FOREHEAD, 1] - framing.inside[1]) / framing.finer[1] / unit
    rays_room = room(laid.seen[:, :2])[:, 0]
    return Puppet(
        person=person,
        framing=framing,
        rotation=rotation,
        origin=laid.origin,
        unit=unit,
        rest=np.ascontiguousarray(rest, np.float32),
        source=source,
        triangles=triangles,
        follow_head=np.asarray(follow_head * axes, np.float32),
        follow_body=np.asarray(body[:, None] * axes[skirt_rows], np.float32),
        follow_jaw=each("follow_jaw", 0.0),
        light=each("light", 1.0),
        behind=np.repeat(np.array([layer.behind for layer in layers], np.float32), counts),
        outline_carry=carry,
        skirt_rows=skirt_rows,
        away=twice_the_rays(laid.away),
        fields=np.asarray(person.fields @ rotation.T, np.float32),
        jaw=np.asarray(person.jaw @ rotation.T, np.float32),
        atlas=atlas,
        eyes=parts.eyes,
        eye_rows={side: slice(at, at + eye.photo.shape[0]) for at, (side, eye) in zip(starts[1:], parts.eyes.items(), strict=False)},
        lids={side: LidState(lid, atlas[lid.box].copy()) for side in laid.rings for lid in [seen_lid(laid, parts, side, cutout)]},
        still=~moves[triangles].any(axis=1),
        around=np.repeat(np.arange(len(pieces)) == 1, [len(piece) for piece in pieces]),
        skin=parts.skin.on(atlas),
        tongue=slice(int(first[tongue]), int(first[tongue + 1])),
        upper_row=slice(int(first[-2]), int(first[-1])),
        upper_edge=parts.upper_edge,
        upper_moved=parts.upper_moved,
        mouth_from=int(first[mouth]),
        lips=parts.lips,
        cutout=cutout,
        parting=plain(person, rotation),
        whole=source,
        outline=find_outline(rest[:468]),
        held=held_in(above),
        back=laid.back,
        aside=ways_aside(laid.away, np.full(len(rays_room), USUAL_EDGE, np.float32) if edge is None else edge, rays_room),
    )


def eyeball(laid: Laid, eye: Eyeball, ring: npt.NDArray[np.int32]) -> Layer:
    """Make the layer of an eyeball, behind the lids whose outline has the points `ring` (n,)."""
    patch = opaque(eye.photo)
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) * (np.array(patch.shape[1::-1], np.float32) - 1)
    around = (laid.person.photo[ring] @ laid.rotation.T).astype(np.float32)
    points = laid.from_texture(eye.corners, float(around[:, 2].mean()))
    if laid.glasses is not None:
        # Lids that were brought to a slope have the eyeball in it, or it would show at their corners.
        slope = np.linalg.lstsq(np.append(around[:, :2], np.ones((len(ring), 1)), axis=1), around[:, 2], rcond=None)[0]
        points[:, 2] = np.append(points[:, :2], np.ones((4, 1)), axis=1) @ slope
    return Layer(points, corners, grid_triangles(2, 2), patch, behind=3.0)


def seen_lid(laid: Laid, parts: Parts, side: str, cutout: Cutout | None) -> Lid:
    """Give an upper lid, made anew where beside it lies what is not the person."""
    lid = parts.lids[side]
    return lid if cutout is None or cutout.share[lid.box].min() == 255 else lid_of(laid, side, cutout.share)


def turned(layer: Layer, rotation: Array) -> Layer:
    """Carry a layer from the face's own axes to the camera's."""
    return replace(layer, points=(layer.points @ rotation.T).astype(np.float32))


def seen_of(triangles: Triangles, source: Array, share: Bytes) -> Triangles:
    """Leave out the triangles (m, 3) of places (n, 2) in a texture in which nothing of the person, whose `share` is (h, w), shows."""
    corners = source[triangles]
    low = np.clip(np.floor(corners.min(axis=1)).astype(int), 0, np.array(share.shape[::-1]) - 1)
    high = np.clip(np.ceil(corners.max(axis=1)).astype(int), 0, np.array(share.shape[::-1]) - 1)
    # Sums from the corner on tell of each box at once whether anything is in it.
    sums = cv2.integral((share > 0).view(np.uint8))
    (x, y), (right, bottom) = low.T, high.T + 1
    shows = sums[bottom, right] - sums[y, right] - sums[bottom, x] + sums[y, x] > 0
    return np.asarray(triangles[shows], np.int32)
