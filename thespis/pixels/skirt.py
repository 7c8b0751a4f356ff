"""Everything around the face: rings of points from the face's outline outwards, that carry hair, ears, neck and shoulders."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from thespis.head.shapes import Shapes
from thespis.pixels.layers import Layer, smoothstep
from thespis.pixels.relief import STEEPEST
from thespis.pixels.shoulders import still_below
from thespis.types import Array, Bytes

WITHIN = (0.0, 0.1, 0.22, 0.36, 0.5, 0.64, 0.78, 0.9, 1.0, 1.12)  # of the way from the face's outline to the head's
BEYOND = (0.12, 0.26, 0.42, 0.6, 0.8, 1.05, 1.4, 2.0, 3.4, 8.0, 24.0)  # eye distances farther out than that
USUAL_EDGE = 0.75  # eye distances from the face's outline to the head's, where nobody can tell
SKULL_DEPTH = 1.25  # how far behind the eyes the outline of the skull lies: there a turn of the head moves nothing sideways
EAR, STANDS, ROOT = 0.5, 0.2, 0.1  # eye distances that an ear is long, leads back at least, and begins behind the face's outline
SIDEWAYS, EAR_ENDS = (0.8, 0.95), (0.45, 0.65)  # how much of a ray's way is sideways that crosses an ear, and where what ends is hair
FARTHEST_EDGE = 2.6
WIDENING = 0.3  # eye distances by which the head's outline may be farther out on one ray than on the next
AROUND = (0.3, 1.4)  # eye distances beyond the head's outline over which its motion dies away
BOUND = (0.3, 0.7)  # the same where what is around goes along, so that what is far stays
BESIDE_JAW = (0.04, 0.4)  # the same beside jaw and neck, where what comes next is a shoulder and not hair in the wind
CUT_OFF = (0.02, 0.12)  # eye distances inside the picture; a head that reaches so near to its edge is cut off by it
SLIVER = (0.05, 0.12)  # eye distances: what is left of a head beside its face where it turned away is a line, or hair
BELOW = (0.35, 0.6)  # of a way downwards, from where on a neck goes on and nothing is hidden
STRETCH = (-0.02, 0.6)  # eye distances inside the picture over which the hair of such a head stretches
NEAR = (3.4, 4.2)  # eye distances around the middle of the face within which person and background are told apart
REACH = (2.4, 3.4)  # eye distances around it within which anything moves
BESIDE = 1.5  # eye distances that shoulders and collars are taken to rise for each that they lie beside the face
HIGHER = 2.4  # the same for what follows the head: shoulders do not, not even the nearest
NECK = (-0.1, 1.2)  # eye distances below the chin over which it does
LONG = (0.7, 1.4)  # eye distances from the face's outline to the head's from which on, and from which on surely, hair hangs beside it
BESIDE_THROAT = (0.6, 1.0)  # of the face's width from its middle
HANGS = 2.2  # eye distances below the chin over which long hair stops to follow
SLOPES = 0.6  # how much less beside the face does earlier
SLENDER, THROAT = 0.72, (-0.4, 0.3)  # of the face's width that a neck has, and eye distances below the chin over which it narrows to that
SLIDES = 0.6  # of what a neck beside it would go aside, that a shoulder does
HARDLY = 0.05  # of the shoulders' motion that is none
BODY = (-0.1, 0.9)  # eye distances below the chin over which the body comes to be one with the shoulders
SHOULDER = (-1.3, -0.3)  # eye distances below the chin from which on, and from which on entirely, what lies beside the face may be one


class Covers(Protocol):
    """Says how much person there is at spots (n, 2) of the picture, in eye distances -> (n,); `softly` with what lies beside."""

    def __call__(self, spots: Array, *, softly: bool) -> Array:
        """Say it."""
        ...


def rays(shapes: Shapes, photo: Array, rotation: Array) -> tuple[Array, Array]:
    """Give the outline of a face (468, 3) in the camera's axes (36, 3), and the way outwards from each of its points (36, 2)."""
    seen = photo[shapes.oval] @ rotation.T
    away = seen[:, :2] - seen[:, :2].mean(axis=0)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    return np.asarray(seen, np.float32), np.asarray(away, np.float32)


def twice(ring: Array) -> Array:
    """Put a point half-way after each point of a ring (n, ...) -> (2n, ...)."""
    return np.asarray(np.stack([ring, (ring + np.roll(ring, -1, axis=0)) / 2], axis=1).reshape(2 * len(ring), *ring.shape[1:]), np.float32)


def twice_the_rays(away: Array) -> Array:
    """Put a way outwards half-way after each of those of a ring (n, 2) -> (2n, 2)."""
    found = twice(away)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def find_edge(share: Bytes, to_texture: Callable[[Array], Array], seen: Array, away: Array) -> Array:
    """Follow the rays out of the face to where the person ends, by the person's `share` (h, w) of 255 -> eye distances (36,)."""
    reach = np.arange(0.04, FARTHEST_EDGE, 0.04, dtype=np.float32)
    spots = seen[None, :, :2] + away[None] * reach[:, None, None]
    at = np.round(to_texture(spots.reshape(-1, 2))).astype(int)
    inside = ((at >= 0) & (at < np.array(share.shape[::-1]))).all(axis=1)
    row, column = np.clip(at[:, 1], 0, share.shape[0] - 1), np.clip(at[:, 0], 0, share.shape[1] - 1)
    person = np.where(inside, share[row, column], 255).reshape(len(reach), -1) > 127
    left = ~person & np.roll(~person, -1, axis=0)
    edge = np.where(left.any(axis=0), reach[left.argmax(axis=0)], FARTHEST_EDGE)
    # A lock of hair or a finger is not the outline of a head: each ray listens to its neighbours.
    around = np.stack([np.roll(edge, shift) for shift in (-2, -1, 0, 1, 2)])
    middle = np.maximum(np.median(around, axis=0), 0.15)
    # Where a ray leaves the neck and enters a shoulder, the person's end is not the head's, and the mesh would be all splinters.
    for apart in range(1, len(middle) // 2 + 1):
        middle = np.minimum(middle, np.minimum(np.roll(middle, apart), np.roll(middle, -apart)) + apart * WIDENING)
    return np.asarray(sum(part * np.roll(middle, shift) for shift, part in zip((-1, 0, 1), (0.25, 0.5, 0.25), strict=True)), np.float32)


def skirt(
    shapes: Shapes,
    photo: Array,
    rotation: Array,
    edge: Array | None,
    room: Callable[[Array], Array],
    own: Covers,
    *,
    bound: bool = False,
) -> tuple[Layer, Array]:
    """Make the skirt of a face (468, 3) in its own axes -> its layer in the camera's axes, and how it follows the outline (n, 36).

    `edge` (36,) is how far from the face's outline the head ends, where that is known; `room` says how far inside the picture spots
    (n, 2) lie across and down (n, 2), in eye distances, and `own` how much there is person (n,). What lies beside the head goes along up
    to the picture's edge, and is `bound` to it, where nobody is cut out.
    """
    # With a ray from each point of the outline alone, the edge of a shoulder that bends is sawn.
    outline, count = twice(photo[shapes.oval]), 2 * len(shapes.oval)
    seen, away = rays(shapes, photo, rotation)
    seen, away = twice(seen), twice_the_rays(away)
    head = np.full(count, USUAL_EDGE, np.float32) if edge is None else twice(edge)
    # A ring runs along the outline of the head, so that it stays smooth whatever the head does.
    within = np.asarray(WITHIN, np.float32)[:, None] * head
    steps = np.concatenate([within, within[-1] + np.asarray(BEYOND, np.float32)[:, None]])
    spots = seen[None, :, :2] + away[None] * steps[..., None]
    own_away = np.concatenate([away, np.zeros((len(away), 1), np.float32)], axis=1) @ rotation
    down = np.clip(own_away[:, 1], 0.0, 1.0) ** 2
    # The skull rounds off to its outline; below the chin the throat goes back only a little. The rim of skin just outside the
    # outline keeps its depth: what stretches when the head turns is what lies behind it.
    round_off = (1 - down) * smoothstep(0.1, 0.95, steps / head) + down * smoothstep(0.12, 0.85, steps)
    far = SKULL_DEPTH * (1 - down) + (outline[:, 2] + 0.35) * down
    deep = np.minimum((far - outline[:, 2])[None] * round_off, STEEPEST * steps)
    # The more of an ear is seen from the front, the less of it leads back: a deeper one would grow when the head turns.
    beside = smoothstep(*SIDEWAYS, np.abs(own_away[:, 0])) * (1 - smoothstep(*EAR_ENDS, head))
    over = beside * np.maximum(deep - np.sqrt(np.maximum(EAR**2 - head**2, STANDS**2)) - ROOT, 0.0)
    # A lock that crosses from one to the other must not be bent.
    deep -= np.mean([np.roll(over, shift, axis=1) for shift in (-2, -1, 0, 1, 2)], axis=0)
    depth = seen[None, :, 2] + deep
    points = np.concatenate([spots, depth[..., None]], axis=2).reshape(-1, 3)
    flat = np.concatenate([points[:, :2], np.full((len(points), 1), seen[:, 2].mean())], axis=1) @ rotation
    beyond = None if edge is None else (steps - head).reshape(-1)
    follow = follow_head(outline, flat[:, :2], beyond, np.broadcast_to(head, steps.shape).reshape(-1), BOUND if bound else AROUND)
    limit = np.ones(len(points), np.float32)
    if edge is not None:
        level = flat[0, :2] - points[0, :2] @ rotation[:2, :2]
        back = np.linalg.inv(rotation[:2, :2])
        limit = still_below(outline, lambda spots: own((spots - level) @ back, softly=False))(flat[:, :2])
    # Where the picture cuts the head off there is nothing to bring into sight: the hair stretches up to the edge, and slides along it.
    cut = 1 - smoothstep(*CUT_OFF, room(seen[:, :2] + away * head[:, None]))
    cut = np.maximum(np.max([np.roll(cut, shift, axis=0) for shift in (-2, -1, 0, 1, 2)], axis=0), np.float32(bound))
    free = 1 - np.tile(cut, (len(steps), 1)) * (1 - smoothstep(*STRETCH, room(points[:, :2]))) * smoothstep(0.0, 0.4, steps.reshape(-1, 1))
    at_face = steps.reshape(-1) == 0
    follow, limit = (np.where(at_face, 1.0, each).astype(np.float32) for each in (follow, limit))
    # What would hardly move stays where it is to the last bit.
    body = np.maximum(follow_body(outline, flat[:, :2]) * own(points[:, :2], softly=True) * (1 - follow * limit) - HARDLY, 0.0)
    # A shoulder that goes down with a tilt is dented; one that slides along its own edge stretches the neck less.
    slides = limit + SLIDES * (1 - limit)
    follow = follow[:, None] * np.stack([slides, limit, slides], axis=1)
    ring = np.arange(count)
    triangles = []
    for step in range(len(steps) - 1):
        a, b = step * count + ring, step * count + (ring + 1) % count
        triangles += [np.stack([a, b, a + count], axis=1), np.stack([b, b + count, a + count], axis=1)]
    # What the outline does (the chin dropping, the cheeks rising) dies away along the ring and is spread over the neighbours.
    fade = np.exp(-((steps / 0.42) ** 2))
    apart = np.abs(ring[:, None] / 2 - np.arange(count // 2)[None])
    apart = np.minimum(apart, count // 2 - apart)
    carry = np.exp(-((apart / (0.2 + 4.0 * steps[..., None])) ** 2))
    carry[0] = twice(np.eye(count // 2, dtype=np.float32))
    carry *= fade[..., None] / carry.sum(axis=2, keepdims=True)
    layer = Layer(
        points.astype(np.float32), np.zeros((len(points), 2), np.float32), np.concatenate(triangles).astype(np.int32),
        follow_head=np.asarray(follow, np.float32), free=np.asarray(free, np.float32), follow_body=np.asarray(body, np.float32),
    )  # fmt: skip
    return layer, np.asarray(carry.reshape(-1, count // 2), np.float32)


def hide_slivers(around: Array, outline: Array, away: Array) -> None:
    """Draw in, behind the face, what a turn leaves of hair and ear beside it as a mere line: posed points (n, 3), changed in place.

    `outline` (36, 3) is the face's, posed, and `away` (36, 2) leads outwards from its points.
    """
    rings = around.reshape(-1, len(outline), 3)[: len(WITHIN)]
    out = np.einsum("srk,rk->sr", rings[..., :2] - outline[:, :2], away)
    wide = out.max(axis=0)
    line = (1 - smoothstep(*SLIVER, wide)) * (1 - smoothstep(*BELOW, away[:, 1]))
    if not line.any():
        return
    line = 0.25 * np.roll(line, 1) + 0.5 * line + 0.25 * np.roll(line, -1)
    rings[..., :2] -= (np.maximum(out, 0.0) * line)[..., None] * away


def near_head(outline: Array, spots: Array) -> tuple[Array, Array]:
    """Say where the background must be told from the person (n,), of spots (n, 2) in the face's own axes: around head and neck.

    The second (n,) leaves out what lies beside the chin, where shoulders and collars rise.
    """
    middle, chin = outline[:, :2].mean(axis=0), float(outline[:, 1].max())
    far = np.hypot(spots[:, 0] - middle[0], spots[:, 1] - middle[1])
    half = float(np.abs(outline[:, 0]).max())
    lower = spots[:, 1] + BESIDE * np.maximum(np.abs(spots[:, 0]) - half, 0.0)
    around = 1 - smoothstep(*NEAR, far)
    here, bare = (1 - smoothstep(chin + 0.1, chin + 0.8, low) for low in (spots[:, 1], lower))
    return np.asarray(around * here, np.float32), np.asarray(around * bare, np.float32)


def follow_head(outline: Array, spots: Array, beyond: Array | None, edge: Array, around: tuple[float, float] = AROUND) -> Array:
    """Say how far spots (n, 2) in the face's own axes go with the head (n,): all the way on the skull, not at all on the wall behind.

    `beyond` (n,) is how far outside the head's outline each lies, where that is known, and `edge` (n,) how far that is from the face's.
    The motion dies away `around` it, from so many eye distances to so many.
    """
    half = float(np.abs(outline[:, 0]).max())
    top, chin = float(outline[:, 1].min()), float(outline[:, 1].max())
    if beyond is None:
        middle = (top + chin) / 2 - 0.18
        tall = (chin - top) / 2 * 1.28
        skull = 1 - smoothstep(1.0, 2.2, np.hypot(spots[:, 0] / (half * 1.22), (spots[:, 1] - middle) / tall))
    else:
        middle = outline[:, :2].mean(axis=0)
        low = smoothstep(chin + SHOULDER[0], chin + SHOULDER[1], spots[:, 1])
        begin, end = (usual + (jaw - usual) * low for usual, jaw in zip(around, BESIDE_JAW, strict=True))
        skull = (1 - smoothstep(0.0, 1.0, (beyond - begin) / (end - begin))) * (
            1 - smoothstep(*REACH, np.hypot(spots[:, 0] - middle[0], spots[:, 1] - middle[1]))
        )
    # Shoulders stay, and lie higher the nearer the picture shows them to the head; hair beside the face does not.
    slender = half * (1 - (1 - SLENDER) * smoothstep(chin + THROAT[0], chin + THROAT[1], spots[:, 1]))
    aside = np.maximum(np.abs(spots[:, 0]) - slender, 0.0) * smoothstep(chin + SHOULDER[0], chin + SHOULDER[1], spots[:, 1])
    # Long hair hangs down over the shoulders, and stretches all the way; what is below the chin is a collar.
    long = smoothstep(*LONG, edge) * smoothstep(*BESIDE_THROAT, np.abs(spots[:, 0]) / half)
    end = NECK[1] + (HANGS - NECK[1]) * long
    neck = 1 - smoothstep(0.0, 1.0, (spots[:, 1] + HIGHER * (1 - SLOPES * long) * aside - chin - NECK[0]) / (end - NECK[0]))
    return np.asarray(skull * neck, np.float32)


def follow_body(outline: Array, spots: Array) -> Array:
    """Say how far spots (n, 2) in the face's own axes, if they are the person's, go with the shoulders (n,)."""
    half, chin = float(np.abs(outline[:, 0]).max()), float(outline[:, 1].max())
    middle = outline[:, :2].mean(axis=0)
    aside = np.maximum(np.abs(spots[:, 0]) - half, 0.0) * smoothstep(chin + SHOULDER[0], chin + SHOULDER[1], spots[:, 1])
    low = smoothstep(chin + BODY[0], chin + BODY[1], spots[:, 1] + aside)
    return np.asarray(low * (1 - smoothstep(*REACH, np.hypot(spots[:, 0] - middle[0], spots[:, 1] - middle[1]))), np.float32)
