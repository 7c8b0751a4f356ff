"""What moves within a face: eyeballs, teeth and tongue, the shade between lips, and creases, made from what a photograph shows of them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.pixels.creases import Skin, find_creases
from thespis.pixels.eyes import Eyeball, rebuild
from thespis.pixels.laid import CHEEK, Laid
from thespis.pixels.layers import Layer, smoothstep
from thespis.pixels.lids import Lid, make_lid
from thespis.pixels.mouth import SHOWS, UPPER_SPAN, Light, matched, mouth_layers, opening_of, own_teeth, read_light, shows_teeth
from thespis.pixels.own_teeth import own_layer
from thespis.pixels.shade import Lips, read_lips
from thespis.types import Array, Bytes

SKIN = (50, 280, 117, 346, 205, 425, 4, 195, 151, 67, 297, 200)  # points of cheeks, nose, forehead and chin
LID_ROWS = {"right": [247, 30, 29, 27, 28, 56, 190], "left": [467, 260, 259, 257, 258, 286, 414]}  # the fold above each margin point
LIPS = (0, 17, 37, 267, 84, 314)  # points of the lips
OWN_TEETH_TURN = 25.0  # degrees of yaw beyond which a photograph's own teeth are not used


@dataclass(frozen=True, eq=False)
class Parts:
    """The `eyes` and `lids` by side, the layers `inside` the mouth in the face's own axes, the `lips`' shade and the `skin`'s creases.

    The last layer's teeth end at `upper_edge`, `upper_moved` below where the photograph has them, in eye distances.
    """

    eyes: dict[str, Eyeball]
    inside: list[Layer]
    upper_edge: float
    upper_moved: float
    lips: Lips
    skin: Skin
    lids: dict[str, Lid]


def find_parts(laid: Laid) -> Parts:
    """Make what moves within a face that is laid onto its frame."""
    texture, on_texture, fine, person = laid.texture, laid.on_texture, laid.fine, laid.person
    shapes = person.shapes
    eyes = {
        side: rebuild(texture, on_texture[ring], on_texture[getattr(shapes, f"iris_{side}")], fine) for side, ring in laid.rings.items()
    }
    light = light_on(texture, on_texture, laid.rings)
    own = on_texture[shapes.lips_inner_upper], on_texture[shapes.lips_inner_lower]
    shown = own_teeth(texture, *own) if person.parted > SHOWS else None
    # A head turned far in the photograph shows its teeth from the side: a flat cut-out of them would not fit the drawn ones.
    own_shown = shown is not None and abs(laid.yaw) < OWN_TEETH_TURN and shows_teeth(shown[0], light.white)
    sharpness = min(1 / (laid.framing.zoom[0] * float(np.mean(laid.framing.finer))), 1.0)
    opening, upper_own = opening_of(person, laid.rotation), None
    if shown is not None and own_shown:
        light = matched(light, shown[0])

        def at(spots: Array) -> Array:
            return laid.spot_on_texture((spots @ laid.rotation.T)[:, :2])

        upper_own = own_layer(texture, own, at, opening, light, fine, sharpness)
    upper_layer, upper_edge, upper_moved = upper_own or (None, UPPER_SPAN[1], 0.0)
    lips = read_lips(
        texture,
        [on_texture[edge] for edge in shapes.lip_edges],
        0.5 if own_shown else 1.0,
        light.colourful,
        light.dark * 0.8,
        opening.width,
        0.36 * float(smoothstep(0.5 * SHOWS, 1.5 * SHOWS, person.parted)),
    )
    return Parts(
        eyes,
        mouth_layers(opening, light, fine, sharpness, upper_layer),
        float(opening.centre[1]) + upper_edge,
        upper_moved,
        lips,
        find_creases(texture, on_texture, fine),
        {side: lid_of(laid, side) for side in laid.rings},
    )


def lid_of(laid: Laid, side: str, person: Bytes | None = None) -> Lid:
    """Make an upper lid; how much of 255 each pixel of the texture is `person` (h, w) says what beside it is skin, where that is known."""
    shapes, at = laid.person.shapes, laid.on_texture
    upper, lower = at[getattr(shapes, f"eye_{side}_upper")], at[getattr(shapes, f"eye_{side}_lower")]
    folds, cheek = at[LID_ROWS[side]], at[CHEEK[side]]
    lid = make_lid(laid.texture, upper, lower, folds, cheek, laid.fine, side, laid.glasses is not None, person)
    return lid.unseen() if laid.glasses is not None and laid.glasses.dark else lid


def light_on(texture: Bytes, points: Array, rings: dict[str, npt.NDArray[np.int32]]) -> Light:
    """Read the light on a face from a texture (h, w, 3) in which it has points (468 or more, 2), those of eyes in `rings`."""
    return read_light(texture, [points[ring] for ring in rings.values()], points[list(LIPS)], points[list(SKIN)])
