"""A portrait made into a mesh that can be posed: the face with its shapes, the eyeballs, the mouth, and the skirt around them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from thespis.capture.faces import Face, fit_pose
from thespis.head.person import Person, fit
from thespis.head.shapes import SHAPES, load_shapes
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
from thespis.pixels.creases import Skin, find_creases
from thespis.pixels.cutout import Cutout, cut_out
from thespis.pixels.edges import refine_lips
from thespis.pixels.eyes import Eyeball, rebuild
from thespis.pixels.framing import Framing
from thespis.pixels.glasses import find_glasses, hold_glasses
from thespis.pixels.large_eyes import refine_lids
from thespis.pixels.layers import Layer, Triangles, follow, grid_triangles, on_frame, opaque, smoothstep, stack
from thespis.pixels.lids import LEVELS, Lid, LidState, make_lid
from thespis.pixels.lips import bare, give_way, loosen, meet
from thespis.pixels.mouth import (
    SHOWS,
    UPPER_SPAN,
    matched,
    mouth_layers,
    move_tongue,
    opening_of,
    own_teeth,
    read_light,
    shows_teeth,
    uncover_teeth,
)
from thespis.pixels.outline import Outline, find_outline, keep_within
from thespis.pixels.own_teeth import own_layer
from thespis.pixels.parting import Parting, plain, untucked
from thespis.pixels.relief import ANY, TURN_GAIN, carried, flatten, held_in, turnable, unfolded, way_back, way_down, ways_aside
from thespis.pixels.shade import Lips, read_lips
from thespis.pixels.skirt import USUAL_EDGE, find_edge, hide_slivers, near_head, rays, skirt, twice, twice_the_rays
from thespis.types import Array, Bytes

SKIN = (50, 280, 117, 346, 205, 425, 4, 195, 151, 67, 297, 200)  # points of cheeks, nose, forehead and chin
PIVOT_DEPTH = 1.2  # of the joint the head turns on, behind the eyes
PIVOT_DROP = 1.15  # and below them
BODY_DROP = 2.6  # the same for the joint on which shoulders lean
LEANS, GOES = 0.12, 0.3  # of the head's turn and of its shift that shoulders take up
CHEEK = {"right": [230, 229, 118, 101], "left": [450, 449, 347, 330]}  # plain skin below each eye
LID_ROWS = {"right": [247, 30, 29, 27, 28, 56, 190], "left": [467, 260, 259, 257, 258, 286, 414]}  # the fold above each margin point
OWN_TEETH_TURN = 25.0  # degrees of yaw beyond which a photograph's own teeth are not used
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
    nothing of the lips left out.
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
        skin = meet(shapes, self.rest[:468], skin, self.rotation[:, 1])
        if surface is None:
            loosen(shapes, self.rest[:468], skin, self.rotation[:, 1])
            bare(shapes, self.rest[:468], skin, bitten(row), self.rotation[:, 1])
            give_way(shapes, self.rest[:468], skin, self.rotation[:, 1])
            keep_within(self.outline, skin)
        moved[:468] += skin
        apart = (moved[shapes.lips_inner_lower] - moved[shapes.lips_inner_upper]) @ self.rotation[:, 1]
        # Closed lips lost a dark line, and have it back once they part; parted ones a rim of teeth, right in the clip it is from alone.
        whole = self.source is not self.whole and (surface is not None or self.person.parted <= SHOWS)
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


def build(face: Face, framing: Framing, *, entirely: bool = False) -> Puppet:
    """Make the puppet of a face for a frame; `entirely` cuts the person out of all of it, not only where the head moves."""
    shapes = load_shapes()
    points = framing.to_frame(face.points)
    rotation, unit, offset = fit_pose(points)
    texture, finer = framing.texture, float(np.mean(framing.finer))
    down = np.asarray(rotation[:2, 1] / max(float(np.linalg.norm(rotation[:2, 1])), 1e-6), np.float32)
    points = points.copy()
    points[:468, :2] += refine_lips(texture, framing.to_texture(points), shapes, unit * finer, down) / finer
    points[:468, :2] += refine_lids(texture, framing.to_texture(points), shapes, unit * finer, CHEEK) / finer
    back_to, (points, goes) = way_back(points[:468] / unit, rotation), unfolded(points, rotation, unit)
    placed = Face(points, rotation, unit, face.yaw, face.pitch, face.roll)
    person = flatten(carried(fit(shapes, placed, offset), goes), rotation)
    on_texture = framing.to_texture(points)
    between = framing.to_texture(np.append(offset[:2], 0.0)[None].astype(np.float32))[0, :2]
    glasses = find_glasses(texture, between, *(rotation[:2, axis] * unit * finer for axis in (0, 1)))
    person = person if glasses is None else hold_glasses(person, glasses)
    rings = {
        "left": np.concatenate([shapes.eye_left_upper, shapes.eye_left_lower[-2:0:-1]]),
        "right": np.concatenate([shapes.eye_right_upper, shapes.eye_right_lower[-2:0:-1]]),
    }
    light = read_light(
        texture, [on_texture[ring] for ring in rings.values()], on_texture[[0, 17, 37, 267, 84, 314]], on_texture[list(SKIN)]
    )
    seen, away = rays(shapes, person.photo, rotation)

    def moving(spots: Array) -> tuple[Array, Array]:
        placed = np.append((framing.from_texture(spots) - offset[:2]) / unit, np.full((len(spots), 1), seen[:, 2].mean()), axis=1)
        return near_head(person.photo[shapes.oval], (placed @ rotation)[:, :2])

    others = np.zeros((len(face.others), 3), np.float32)
    if face.others:
        heights = np.array(face.others, np.float32)[:, 2] * framing.zoom[1] * framing.finer[1]
        others[:] = np.column_stack([framing.to_texture(framing.to_frame(np.array(face.others, np.float32))), heights])

    def spot_on_texture(spots: Array) -> Array:
        return framing.to_texture(spots * unit + offset[:2])

    # Who is cut out takes half of the time, and nothing within the face waits for it.
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(cut_out, texture, framing.inside, on_texture, unit * finer, moving, others, entirely=entirely)
        eyes = {
            side: rebuild(texture, on_texture[ring], on_texture[getattr(shapes, f"iris_{side}")], unit * finer)
            for side, ring in rings.items()
        }
        shown = (
            own_teeth(texture, on_texture[shapes.lips_inner_upper], on_texture[shapes.lips_inner_lower]) if person.parted > SHOWS else None
        )
        # A head turned far in the photograph shows its teeth from the side: a flat cut-out of them would not fit the drawn ones.
        own_shown = shown is not None and abs(face.yaw) < OWN_TEETH_TURN and shows_teeth(shown[0], light.white)
        fine, sharpness = unit * finer, min(1 / (framing.zoom[0] * finer), 1.0)
        opening, upper_own = opening_of(person, rotation), None
        if shown is not None and own_shown:
            light = matched(light, shown[0])
            own = on_texture[shapes.lips_inner_upper], on_texture[shapes.lips_inner_lower]
            upper_own = own_layer(texture, own, lambda spots: spot_on_texture((spots @ rotation.T)[:, :2]), opening, light, fine, sharpness)
        upper_layer, upper_edge, upper_moved = upper_own or (None, UPPER_SPAN[1], 0.0)
        inside = mouth_layers(opening, light, fine, sharpness, upper_layer)
        lips = read_lips(
            texture,
            [on_texture[edge] for edge in shapes.lip_edges],
            0.5 if own_shown else 1.0,
            light.colourful,
            light.dark * 0.8,
            opening.width,
            0.36 * float(smoothstep(0.5 * SHOWS, 1.5 * SHOWS, person.parted)),
        )
        creases = find_creases(texture, on_texture, unit * finer)
        cutout = cutting.result()
    edge = None if cutout is None else find_edge(cutout.share, spot_on_texture, seen, away)

    def covers(spots: Array, *, softly: bool) -> Array:
        return np.ones(len(spots), np.float32) if cutout is None else cutout.covers(spot_on_texture(spots), softly=softly)

    around, carry = skirt(shapes, person.photo, rotation, edge, lambda spots: framing.room(spot_on_texture(spots)) / unit, covers)

    def back(corners: Array, depth: float) -> Array:
        spots = (framing.from_texture(corners) - offset[:2]) / unit
        return np.asarray(np.concatenate([spots, np.full((len(corners), 1), depth)], axis=1), np.float32)

    face_layer = Layer(person.rest @ rotation.T, np.zeros((468, 2), np.float32), shapes.triangles)
    layers = [face_layer, around]
    for side, ring in rings.items():
        eye = eyes[side]
        patch = opaque(eye.photo)
        corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32) * (np.array(patch.shape[1::-1], np.float32) - 1)
        depth = float((person.photo[ring] @ rotation.T)[:, 2].mean())
        layers.append(Layer(back(eye.corners, depth), corners, grid_triangles(2, 2), patch, behind=3.0))
    lids = {
        side: make_lid(
            texture,
            on_texture[getattr(shapes, f"eye_{side}_upper")],
            on_texture[getattr(shapes, f"eye_{side}_lower")],
            on_texture[LID_ROWS[side]],
            on_texture[CHEEK[side]],
            unit * finer,
            side,
            glasses is not None,
            None if cutout is None else cutout.share,
        )
        for side in rings
    }
    lids = {side: lid.unseen() if glasses is not None and glasses.dark else lid for side, lid in lids.items()}
    mouth = tongue = len(layers)
    layers += [turned(layer, rotation) for layer in inside]
    whole = opaque(texture) if cutout is None else cutout.person
    sheet, starts = stack([whole, *[layer.texture for layer in layers if layer.texture is not None]])
    puppet = assemble(
        person,
        framing,
        rotation,
        offset[:2],
        unit,
        layers,
        carry,
        on_texture,
        sheet,
        starts,
        eyes,
        mouth,
        tongue,
        float(opening.centre[1]) + upper_edge,
        upper_moved,
        lips,
        lids,
        creases,
        cutout,
    )
    room = framing.room(spot_on_texture(seen[:, :2]))[:, 0] / unit
    puppet.back, puppet.aside = back_to, ways_aside(away, np.full(len(room), USUAL_EDGE, np.float32) if edge is None else edge, room)
    return puppet


def turned(layer: Layer, rotation: Array) -> Layer:
    """Carry a layer from the face's own axes to the camera's."""
    return replace(layer, points=(layer.points @ rotation.T).astype(np.float32))


def assemble(
    person: Person,
    framing: Framing,
    rotation: Array,
    origin: Array,
    unit: float,
    layers: list[Layer],
    carry: Array,
    on_texture: Array,
    atlas: Bytes,
    starts: list[int],
    eyes: dict[str, Eyeball],
    mouth: int,
    tongue: int,
    upper_edge: float,
    upper_moved: float,
    lips: Lips,
    lids: dict[str, Lid],
    creases: Skin,
    cutout: Cutout | None,
) -> Puppet:
    """Put the layers one after the other into one mesh: first the face, then the skirt and the eyes, in that order.

    `mouth` is the number of the first layer inside the mouth, `tongue` of the tongue's; the last one's teeth end at `upper_edge`,
    `upper_moved` below where the photograph has them.
    """
    counts = [len(layer.points) for layer in layers]
    first = np.concatenate([[0], np.cumsum(counts)])
    ones = [np.ones(count, np.float32) for count in counts]
    rest = np.concatenate([layer.points for layer in layers])
    sources, textured = [], 0
    for number, layer in enumerate(layers):
        source = layer.source
        if layer.texture is not None:
            textured += 1
            source = source + np.array([0, starts[textured]], np.float32)
        elif number == 0:
            source = on_texture[:468]
        else:
            source = framing.to_texture(layer.points * unit + np.append(origin, 0).astype(np.float32))
        sources.append(source)
    follow = [
        np.ones((count, 3), np.float32) if layer.follow_head is None else layer.follow_head
        for count, layer in zip(counts, layers, strict=True)
    ]
    jaw = [ones[i] * 0 if layer.follow_jaw is None else layer.follow_jaw for i, layer in enumerate(layers)]
    light = [ones[i] if layer.light is None else layer.light for i, layer in enumerate(layers)]
    skirt_rows = slice(int(first[1]), int(first[2]))
    # Closing an open mouth has raised the chin; the neck comes along, from where the photograph has it.
    closing = (person.rest - person.photo) @ rotation.T
    rest[skirt_rows] += carry @ closing[person.shapes.oval]
    around = layers[1].triangles if cutout is None else seen_of(layers[1].triangles, sources[1], cutout.share)
    parts = [around if i == 1 else layer.triangles for i, layer in enumerate(layers)]
    triangles = np.concatenate([part + first[i] for i, part in enumerate(parts)]).astype(np.int32)
    follow_head = np.concatenate(follow)
    free = [np.ones((count, 2)) if layer.free is None else layer.free for count, layer in zip(counts, layers, strict=True)]
    axes = np.append(np.concatenate(free), np.ones((len(rest), 1)), axis=1)
    follow_axes = follow_head * axes
    body = layers[1].follow_body
    assert body is not None
    moves = (follow_head > 0).any(axis=1)
    moves[skirt_rows] |= (carry.sum(axis=1) > 1e-4) | (body > 1e-3)
    states = {side: LidState(lid, atlas[lid.box].copy()) for side, lid in lids.items()}
    source = np.ascontiguousarray(np.concatenate(sources), np.float32)
    # The skirt's own points lie where the photograph has them, so what never moves is drawn once.
    eye_rows = {side: slice(starts[1 + i], starts[1 + i] + eye.photo.shape[0]) for i, (side, eye) in enumerate(eyes.items())}
    return Puppet(
        person, framing, rotation, origin.astype(np.float32), unit,
        np.ascontiguousarray(rest, np.float32), source, triangles,
        np.asarray(follow_axes, np.float32), np.asarray(body[:, None] * axes[skirt_rows], np.float32), np.concatenate(jaw),
        np.ascontiguousarray(np.concatenate(light), np.float32),
        np.concatenate([ones[i] * layer.behind for i, layer in enumerate(layers)]),
        carry, skirt_rows, twice_the_rays(rays(person.shapes, person.photo, rotation)[1]),
        np.asarray(person.fields @ rotation.T, np.float32), np.asarray(person.jaw @ rotation.T, np.float32),
        atlas, eyes, eye_rows, states, ~moves[triangles].any(axis=1), np.repeat(np.arange(len(parts)) == 1, [len(p) for p in parts]),
        creases.on(atlas), slice(int(first[tongue]), int(first[tongue + 1])),
        slice(int(first[-2]), int(first[-1])), upper_edge, upper_moved,
        int(first[mouth]),
        lips, cutout, plain(person, rotation), source, find_outline(rest[:468]),
        held_in(float(on_texture[FOREHEAD, 1] - framing.inside[1]) / framing.finer[1] / unit),
    )  # fmt: skip


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
