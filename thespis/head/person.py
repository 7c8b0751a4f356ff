"""Fit the shapes of the face to one person: how their mouth closes, how far their lids travel, how wide their smile goes."""

from dataclasses import dataclass

import numpy as np

from thespis.capture.faces import Face
from thespis.head.shapes import LIPS_INNER_LOWER, LIPS_INNER_UPPER, LIPS_OUTER, Indices, Shapes
from thespis.types import Array

JAW = ("jawOpen", "jawLeft", "jawRight", "jawForward")
LID_MEETING = 0.82  # how far down the upper lid comes to meet the lower one
LIVELY = {"browDown": 1.4, "browInnerUp": 1.2, "mouthFrown": 1.2, "mouthStretch": 1.1}
"""How much further than the scanned actors' full shapes people go: fits to acted clips ask for 1.3 and more of these."""
LIP_REACH = 0.14  # eye distances; so far from its edge a lip is carried along when its edge is moved
GAPING = (0.2, 0.45)  # eye distances between the lips of a picture over which their shape is no longer believed
NARROWEST = 0.85  # of the usual width of a mouth; a rounded one is narrower
USUAL_CORNER = 0.02  # eye distances by which the corners of resting lips differ from one person to the next
CORNERS = (("Right", 78), ("Left", 308))
RELAX = 0.85  # of a smile or frown beyond that which is taken out; the rest is how people know each other


@dataclass(frozen=True, eq=False)
class Person:
    """One person's face in its own axes, in eye distances, with closed lips: `rest` (468, 3), `photo` (468, 3) as the picture shows it.

    `fields` (51, 468, 3) are the shapes for this face, `jaw` (51, 3) what each does to the lower teeth, `parted` how far apart the
    lips are in the picture.
    """

    shapes: Shapes
    photo: Array
    rest: Array
    fields: Array
    jaw: Array
    parted: float

    def mouth(self) -> tuple[Array, float]:
        """Give the middle of the closed lips (3,) and the width of the mouth."""
        left, right = self.rest[308], self.rest[78]
        middle = (self.rest[13] + self.rest[14] + left + right) / 4
        return np.array([(left[0] + right[0]) / 2, (self.rest[13, 1] + self.rest[14, 1]) / 2, middle[2]], np.float32), float(
            np.linalg.norm(left - right)
        )


def own_axes(face: Face, origin: Array) -> Array:
    """Turn a face's points (468, 3) in pixels into its own axes, in eye distances from `origin` (3,), the place between the eyes."""
    return np.asarray((face.points[:468] - origin) / face.scale @ face.rotation, np.float32)


def fit(shapes: Shapes, face: Face, origin: Array) -> Person:
    """Fit the shapes to the face of a picture."""
    photo = own_axes(face, origin)
    fields = fit_fields(shapes, photo)
    closed, parted = close_mouth(shapes, photo, fields)
    # A smile widens the mouth and an open jaw lengthens the chin: the shapes are measured again on the face without them.
    fields = fit_fields(shapes, relax_corners(shapes, closed, fields)[0])
    closed, parted = close_mouth(shapes, photo, fields)
    rest, fields = relax_corners(shapes, natural_lips(shapes, closed, parted), fields)
    jaw = np.zeros((len(shapes.names), 3), np.float32)
    for name in JAW:
        number = shapes.names.index(name)
        # The skin of the chin slides on the bone; the point below the lip follows the lower teeth best.
        jaw[number] = fields[number][[17, 18, 200]].mean(axis=0)
    return Person(shapes, photo, rest, fields, jaw, parted)


def ratio(photo: Array, shapes: Shapes, a: int, b: int, low: float, high: float) -> float:
    """Compare the distance of two points with the canonical face's, within bounds."""
    own = float(np.linalg.norm(photo[a] - photo[b]))
    canonical = float(np.linalg.norm(shapes.points[a] - shapes.points[b]))
    return float(np.clip(own / canonical, low, high))


def fit_fields(shapes: Shapes, photo: Array) -> Array:
    """Scale the shapes (51, 468, 3) to this face: mouth shapes by its mouth, the jaw by its chin, lids by their opening."""
    fields = shapes.fields.copy()
    mouth = ratio(photo, shapes, 61, 291, 0.8, 1.25)
    chin = ratio(photo, shapes, 2, 152, 0.85, 1.25)
    for number, name in enumerate(shapes.names):
        if name == "mouthClose":
            # It takes back what the jaw opened, so it must be of the jaw's size or the lips would not seal.
            fields[number] *= chin
        elif name.startswith("mouth"):
            fields[number] *= mouth
        elif name.startswith("jaw"):
            fields[number] *= chin
        fields[number] *= LIVELY.get(name.removesuffix("Left").removesuffix("Right"), 1.0)
    for side in ("left", "right"):
        upper, lower = getattr(shapes, f"eye_{side}_upper"), getattr(shapes, f"eye_{side}_lower")
        own = photo[lower] - photo[upper]
        canonical = shapes.points[lower] - shapes.points[upper]
        middle = slice(2, -2)
        opening = float(np.clip(own[middle, 1].mean() / canonical[middle, 1].mean(), 0.0, 1.5))
        blink = shapes.names.index(f"eyeBlink{side.capitalize()}")
        fields[blink] *= opening
        # The lid margins meet on a line of this person's own, whatever the canonical lids do.
        fields[blink][upper] = own * LID_MEETING
        fields[blink][lower] = own * (LID_MEETING - 1)
        for name in ("eyeWide", "eyeSquint", "eyeLookDown"):
            fields[shapes.names.index(f"{name}{side.capitalize()}")] *= float(np.clip(opening, 0.5, 1.2))
    return fields


def close_mouth(shapes: Shapes, photo: Array, fields: Array) -> tuple[Array, float]:
    """Close the lips of a picture whose mouth is open -> the face at rest (468, 3) and how far the lips were apart."""
    upper, lower = shapes.lips_inner_upper, shapes.lips_inner_lower
    gap = np.clip(photo[lower, 1] - photo[upper, 1], 0.0, None)
    parted = float(gap[3:8].mean())
    rest = photo.copy()
    jaw = shapes.names.index("jawOpen")
    reach = float(np.mean(fields[jaw][lower[3:8], 1] - fields[jaw][upper[3:8], 1]))
    smile = smiling(shapes, photo, fields)
    if parted > 0.10 and reach > 1e-3:
        # Lips this far apart mean a dropped jaw, and raising it undoes nearly all of a gape's gap; a smile parts them without it.
        share = 0.65 + 0.35 * float(np.clip((parted - 0.15) / 0.2, 0.0, 1.0))
        rest -= fields[jaw] * min(share * (1 - 0.7 * smile) * (parted - 0.05) / reach, 1.2)
    left = rest[lower, 1] - rest[upper, 1]
    # The lower lip is the one that mostly moves, but a smile raises the upper one: closed lips cover the upper teeth down to their edges.
    upper_share = 0.4 + 0.3 * smile
    move_up, move_down = (upper_share - 1) * left, upper_share * left
    shift = np.zeros(len(photo), np.float32)
    weight = np.zeros(len(photo), np.float32)
    for points, move in ((upper, move_down), (lower, move_up)):
        other = lower if points is upper else upper
        for place, amount in zip(points, move, strict=True):
            distance = np.linalg.norm(photo[:, :2] - photo[place, :2], axis=1)
            near = np.exp(-((distance / LIP_REACH) ** 2)).astype(np.float32)
            # Only the lip's own side follows: the other lip has its own way to go.
            line = (photo[points, 1].mean() + photo[other, 1].mean()) / 2
            own_side = photo[:, 1] <= line if points is upper else photo[:, 1] >= line
            near = near * own_side
            shift += near * amount
            weight += near
    reached = weight > 1e-4
    fade = 1 - np.exp(-weight)
    rest[reached, 1] += (shift / np.maximum(weight, 1e-6) * fade)[reached]
    meet = photo_line(rest, upper, lower)
    rest[upper] = meet
    rest[lower] = meet
    return rest.astype(np.float32), parted


def natural_lips(shapes: Shapes, rest: Array, parted: float) -> Array:
    """Give the lips of a face at rest (468, 3) a usual shape where the picture has them `parted` so far that closing cannot tell it.

    A rounded gape leaves a narrow mouth with lips as tall as it was wide.
    """
    share = float(np.clip((parted - GAPING[0]) / (GAPING[1] - GAPING[0]), 0.0, 1.0))
    if share <= 0:
        return rest
    anchors = np.unique(np.concatenate([LIPS_OUTER, LIPS_INNER_UPPER, LIPS_INNER_LOWER]))
    usual = shapes.points[anchors, :2] - shapes.points[[78, 308], :2].mean(axis=0)
    broad = ratio(rest, shapes, 234, 454, 0.8, 1.25)
    own = float(np.linalg.norm(rest[78] - rest[308])) / float(np.linalg.norm(shapes.points[78] - shapes.points[308]))
    usual *= np.array([max(own, NARROWEST * broad), broad])
    meet = rest[[78, 308], :2].mean(axis=0)
    move = share * (usual + meet - rest[anchors, :2])
    apart = np.linalg.norm(rest[:, None, :2] - rest[None, anchors, :2], axis=2)
    near = np.exp(-((apart / LIP_REACH) ** 2))
    carried = (near @ move) / np.maximum(near.sum(axis=1, keepdims=True), 1e-6)
    found = rest.copy()
    found[:, :2] += carried * np.exp(-((apart.min(axis=1, keepdims=True) / (2 * LIP_REACH)) ** 2))
    found[anchors, :2] = rest[anchors, :2] + move
    return found


def raised(points: Array, corner: int) -> float:
    """Say how high a corner of the mouth stands above the middle of the lips."""
    return float((points[13, 1] + points[14, 1]) / 2 - points[corner, 1])


def smiling(shapes: Shapes, photo: Array, fields: Array) -> float:
    """Say how much of a full smile, 0 to 1, the corners of the mouth in a photograph (468, 3) show."""
    shown = []
    for side, corner in CORNERS:
        extra = raised(photo, corner) - raised(shapes.points, corner) - USUAL_CORNER
        shown.append(extra / max(raised(fields[shapes.names.index(f"mouthSmile{side}")], corner), 1e-3))
    return float(np.clip(np.mean(shown), 0.0, 1.0))


def relax_corners(shapes: Shapes, rest: Array, fields: Array) -> tuple[Array, Array]:
    """Take most of a smile or a frown out of closed lips, so that every other feeling can be shown -> rest (468, 3), fields (51, 468, 3).

    What is left of it is taken off the shape itself: a full smile is the same on a face that already smiles a little.
    """
    rest, fields = rest.copy(), fields.copy()
    upper, lower = shapes.lips_inner_upper, shapes.lips_inner_lower
    for side, corner in CORNERS:
        extra = raised(rest, corner) - raised(shapes.points, corner)
        for name, sign in (("mouthSmile", 1.0), ("mouthFrown", -1.0)):
            number = shapes.names.index(f"{name}{side}")
            reach = sign * raised(fields[number], corner)
            beyond = sign * extra - USUAL_CORNER
            if beyond > 0 and reach > 1e-3:
                amount = min(beyond / reach, 1.0)
                rest -= RELAX * amount * fields[number]
                fields[number] *= 1 - (1 - RELAX) * amount
    meet = photo_line(rest, upper, lower)
    rest[upper] = meet
    rest[lower] = meet
    return rest, fields


def photo_line(rest: Array, upper: Indices, lower: Indices) -> Array:
    """Find the line on which the lips meet (n, 3): half-way between them, in depth too, or a tilted face would part them."""
    return np.asarray((rest[upper] + rest[lower]) / 2, np.float32)
