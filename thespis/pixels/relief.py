"""How steep a head may be: what stands nearly edge-on in the picture has no pixels to show when the head turns."""

from dataclasses import replace

import numpy as np

from thespis.head.person import Person
from thespis.head.shapes import OVAL
from thespis.pixels.asked import TURN_LIMIT, eased, rotation_matrix
from thespis.pixels.layers import smoothstep
from thespis.types import Array

STEEPEST = 2.2  # depth for each step across the picture; at 18 degrees of turn this stretches by 1.7 on one side and folds on neither
TURN_GAIN = np.array([1.15, 1.15, 1.0], np.float32)  # a flatter head looks less turned: tracked back, this draws what was asked
FARTHEST = np.radians(40.0)  # sideways in all that a picture can show
LEAST = np.radians(8.0)  # and what is left to one already turned so far
PROFILE = (np.radians(28.0), np.radians(36.0))  # over which a face shows too little of its far side to turn back far
FAR_SIDE = (0.0, 0.14)  # eye distances that it shows beyond its far eye, over which there comes to be enough of it
OUTER = {1: (33, 263, 127), -1: (263, 33, 356)}  # the far eye's outer corner, the near one's, and the outline beside the far one
BACK = np.radians(7.0)  # sideways that it does
BESIDE, CUT, GIVES = 0.8, (0.15, 0.5), 0.5  # how much sideways a ray goes that leads beside the face, the share of those that the picture
# cuts off over which the side counts as cut, and the part of what the picture shows there that a turn may take to the front
AT_EDGE = 0.1  # eye distances from the picture's edge at which a head is cut off by it
NOTICED = float(np.radians(3.0))  # a turn that is drawn smaller by this is worth a word
CLOSE_ABOVE = (0.1, 0.8)  # eye distances between a forehead and the picture's edge above it, over which a nod comes to be drawn whole
ANY = np.full(2, TURN_LIMIT, np.float32)  # how far a head turns sideways that no edge cuts off
FOLDED = (np.radians(16.0), np.radians(26.0))  # sideways, over which it comes to be unfolded what the far edge hides
FAR_HALF, BAND = 0.35, 0.06  # eye distances beside the nose where that may begin, and how wide it is laid for each of its own width
AT_CREST, GONE = 0.02, 0.1  # eye distances from the far edge within which skin counts as it, and behind it from which on all goes with it
BETWEEN_EYES = 168
RIM = (0.15, 0.55)  # eye distances from the face's outline over which this comes to hold: noses may be steeper


def flatten(person: Person, rotation: Array) -> Person:
    """Bring forward what lies so deep beside its neighbours that a turn would tear it into streaks, or fold it."""
    seen = person.photo @ rotation.T
    apart = np.linalg.norm(seen[:, None, :2] - seen[None, :, :2], axis=2)
    depth = (seen[None, :, 2] + STEEPEST * apart).min(axis=1)
    near = 1 - smoothstep(*RIM, apart[:, list(OVAL)].min(axis=1))
    forward = ((depth - seen[:, 2]) * near)[:, None] * rotation[2]
    return replace(person, photo=(person.photo + forward).astype(np.float32), rest=(person.rest + forward).astype(np.float32))


def unfolded(points: Array, rotation: Array, unit: float) -> tuple[Array, Array | None]:
    """Lay what of a face turned far aside lies behind its own far edge just outside that edge: its points (n, 3) in pixels, changed.

    Behind the edge they fall on skin that the picture shows, lips and all, and would carry it about a second time. `unit` is
    pixels an eye distance, `rotation` (3, 3) how the face is turned. The second says of which points each takes how much of their moves
    (468, 468), so that what is not seen goes with the edge; None where nothing is folded.
    """
    already = sideways(rotation)
    share = float(smoothstep(*FOLDED, abs(already)))
    if share <= 0:
        return points, None
    side = -np.sign(already)
    seen = points[:468] / unit
    towards, out, down = side * ((seen - seen[BETWEEN_EYES]) @ rotation[:, 0]), side * seen[:, 0], seen[:, 1]
    can = towards > FAR_HALF
    edge = np.where(can[None], out[None] - np.abs(down[:, None] - down[None]), -np.inf)
    crest = edge.argmax(axis=1)
    beyond = np.where(can, np.maximum(towards - towards[crest], 0.0), 0.0)
    moved = np.where(beyond > 0, edge.max(axis=1) + BAND * beyond - out, 0.0)
    found = points.copy()
    found[:468, 0] += share * side * unit * np.maximum(moved, 0.0)
    goes = np.exp((edge - edge.max(axis=1, keepdims=True)) / AT_CREST)
    goes /= goes.sum(axis=1, keepdims=True)
    tied = (share * smoothstep(0.0, GONE, beyond))[:, None]
    return found, np.asarray((1 - tied) * np.eye(len(goes)) + tied * goes, np.float32)


def carried(person: Person, goes: Array | None) -> Person:
    """Let each point of a face go as those do of which `goes` (468, 468) says how much they count, if it does."""
    if goes is None:
        return person
    rest = person.photo + goes @ (person.rest - person.photo)
    return replace(person, rest=np.asarray(rest, np.float32), fields=np.asarray(goes @ person.fields, np.float32))


def sideways(rotation: Array) -> float:
    """Say how far a face with this rotation (3, 3) is turned sideways already, in radians."""
    return float(np.arctan2(rotation[0, 2], rotation[2, 2]))


def way_back(seen: Array, rotation: Array) -> float:
    """Say how far a face may turn back to the camera, in radians, whose points (n, 3) in the camera's axes are `seen`."""
    already = sideways(rotation)
    far, near, beside = OUTER[1 if already >= 0 else -1]
    out = seen[far, :2] - seen[near, :2]
    shown = float((seen[beside, :2] - seen[far, :2]) @ out / np.linalg.norm(out))
    turned = float(smoothstep(0.0, PROFILE[0], abs(already)))
    enough = min(1 - float(smoothstep(*PROFILE, abs(already))), 1 - turned * (1 - float(smoothstep(*FAR_SIDE, shown))))
    return float(BACK + enough * TURN_LIMIT)


def ways_aside(away: Array, edge: Array, room: Array) -> Array:
    """Say how far a face may turn (2,), the negative way and the positive, in radians, whose head the picture's edge cuts off.

    From the face's outline rays lead outwards by `away` (n, 2), to where its head ends (n,) and the picture does (n,), in eye distances.
    Ear and hair stretch from the face to the picture's edge, for nobody saw what lies beyond.
    """
    found = np.full(2, TURN_LIMIT, np.float32)
    for number, side in enumerate((-1.0, 1.0)):
        beside = side * away[:, 0] > BESIDE
        if beside.any():
            cut = float(smoothstep(*CUT, (edge[beside] > room[beside] - AT_EDGE).mean()))
            found[number] += cut * (min(GIVES * max(float(np.median(room[beside])), 0.0), TURN_LIMIT) - TURN_LIMIT)
    return found


def cut_short(asked: Array, rotation: Array, back: float, aside: Array = ANY) -> str:
    """Say in one line why a turn (3,), a rotation vector, is drawn smaller than asked; nothing where it is drawn whole.

    `rotation` (3, 3) is how the face of the picture is turned already, `back` how far it may turn back, and `aside` (2,) how far
    each way before the picture's edge, in radians.
    """
    turn = float(asked[1])
    room = float(eased(turnable(asked * TURN_GAIN, rotation, back, aside), TURN_LIMIT)[1] / TURN_GAIN[1])
    if abs(turn) - abs(room) > NOTICED:
        already, wanted, drawn = (round(abs(float(np.degrees(angle)))) for angle in (sideways(rotation), turn, room))
        shown = f", turned by {already} already," if sideways(rotation) * turn > 0 and already > 4 else ""
        unseen = "its far side" if float(aside[int(turn > 0)]) >= TURN_LIMIT else "what lies beyond the picture's edge"
        return f"the head turns {wanted} degrees sideways; this portrait{shown} is drawn turning {drawn}: nobody saw {unseen}"
    for axis, way in ((0, "up or down"), (2, "to a shoulder")):
        angle = float(asked[axis])
        most = float(eased(asked[axis : axis + 1] * TURN_GAIN[axis], TURN_LIMIT)[0] / TURN_GAIN[axis])
        if abs(angle) - abs(most) > NOTICED:
            wanted, drawn = (round(abs(float(np.degrees(each)))) for each in (angle, most))
            return f"the head turns {wanted} degrees {way}; a single picture is drawn turning {drawn} at most without tearing"
    return ""


def turnable(asked: Array, rotation: Array, back: float, aside: Array = ANY) -> Array:
    """Keep a turn (3,), a rotation vector, within what a picture can show whose face is already turned by `rotation` (3, 3).

    Away from the camera there is only so much; back towards it as far as `back`, in radians, and
    either way as far as `aside` (2,). There it slows down.
    """
    already = sideways(rotation)
    room = back if already * float(asked[1]) <= 0 else max(float(FARTHEST) - abs(already), float(LEAST))
    room = min(room, float(aside[int(asked[1] > 0)]))
    return np.asarray([asked[0], eased(asked[1:2], room)[0], asked[2]], np.float32)


def held_in(above: float) -> float:
    """Say how much of a nod's way down is left out, 0 to 1, for a forehead that lies so many eye distances below the picture's edge."""
    return float(1 - smoothstep(*CLOSE_ABOVE, above))


def way_down(nod: float, brow: Array, pivot: Array) -> float:
    """Say how far down a nod, in radians, takes a place (3,) of a head that turns about a pivot (3,), in eye distances; not below none.

    Where the picture ends above the forehead, all that comes into sight there is made up.
    """
    turn = rotation_matrix(np.array([nod, 0.0, 0.0], np.float32))
    return max(float((turn @ (brow - pivot) + pivot - brow)[1]), 0.0)
