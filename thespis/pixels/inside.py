"""The inside of one person's mouth, drawn under the light of a picture: teeth, tongue and dark, for lips that something else parts."""

from dataclasses import dataclass

import numpy as np

from thespis.capture.faces import fit_pose
from thespis.head.person import Person
from thespis.pixels.laid import eye_rings
from thespis.pixels.layers import Layer, Triangles, stack
from thespis.pixels.mouth import matched, mouth_layers, opening_of, own_teeth, shows_teeth
from thespis.pixels.parts import light_on
from thespis.pixels.shade import Lips, read_lips
from thespis.types import Array, Bytes

LIT = 0.5  # how strongly the inside is shaded where the picture shows how bright teeth are in there
UNDER_NOSE = [164, 167, 393]  # points between nose and lip, which hardly move when somebody speaks


@dataclass(frozen=True, eq=False)
class Inside:
    """The drawn inside of one person's mouth, in the face's own axes: `points` (n, 3), and how each follows the jaw (n,).

    `bright` is how white the person's own teeth are in the picture, of 255; 0 where none were seen.
    """

    points: Array
    follow_jaw: Array
    behind: Array
    light: Array
    source: Array
    triangles: Triangles
    sheet: Bytes
    lips: Lips
    bright: float


def inside_of(person: Person, picture: Bytes, points: Array) -> Inside:
    """Draw the inside of a person's mouth under the light of a picture (h, w, 3) in which the face has these points (478, 3)."""
    shapes = person.shapes
    turn, unit, _ = fit_pose(points)
    flat = points[:, :2]
    light = light_on(picture, flat, eye_rings(shapes))
    shown = own_teeth(picture, flat[shapes.lips_inner_upper], flat[shapes.lips_inner_lower])
    teeth = shown is not None and shows_teeth(shown[0], light.white)
    if shown is not None and teeth:
        light = matched(light, shown[0])
    opening = opening_of(person, turn)
    layers = mouth_layers(opening, light, unit, 1.0)
    lips = read_lips(
        picture,
        [flat[edge] for edge in shapes.lip_edges],
        LIT if teeth else 1.0,
        light.colourful,
        light.dark * 0.8,
        opening.width,
    )
    sheet, starts = stack([layer.texture for layer in layers if layer.texture is not None])
    return gathered(layers, sheet, starts, lips, float(light.white.mean()) if teeth else 0.0)


def gathered(layers: list[Layer], sheet: Bytes, starts: list[int], lips: Lips, bright: float) -> Inside:
    """Put the layers of a mouth one after the other."""
    first = np.concatenate([[0], np.cumsum([len(layer.points) for layer in layers])])

    def each(name: str, usual: float) -> Array:
        parts = [getattr(layer, name) for layer in layers]
        whole = [np.full(len(layer.points), usual, np.float32) if part is None else part for layer, part in zip(layers, parts, strict=True)]
        return np.asarray(np.concatenate(whole), np.float32)

    return Inside(
        np.concatenate([layer.points for layer in layers]),
        each("follow_jaw", 0.0),
        np.concatenate([np.full(len(layer.points), layer.behind, np.float32) for layer in layers]),
        each("light", 1.0),
        np.concatenate([layer.source + np.array([0, start], np.float32) for layer, start in zip(layers, starts, strict=True)]),
        np.concatenate([layer.triangles + at for layer, at in zip(layers, first[:-1], strict=True)]).astype(np.int32),
        sheet,
        lips,
        bright,
    )


def within(inside: Inside, person: Person, weights: Array, wanted: Array) -> Array:
    """Place a mouth's inside (n, 3) in the face's own axes under weights (51 or more,), its skin being where `wanted` (468, 3) says."""
    rest, _ = person.mouth()
    jaw = weights[: len(person.shapes.names)] @ person.jaw
    # The upper teeth stay with the skull: of the lips they follow the middle, and the skin under the nose.
    drift = (wanted[UNDER_NOSE] - person.rest[UNDER_NOSE]).mean(axis=0)
    drift[0] = wanted[[78, 308], 0].mean() - rest[0]
    return np.asarray(inside.points + drift + inside.follow_jaw[:, None] * jaw, np.float32)
