"""Who is on the made-up stage: everything that makes one person look and behave unlike another, drawn from a seed."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from thespis.types import Array, random_for

Colour = tuple[float, float, float]
SKINS: tuple[Colour, ...] = (
    (0.965, 0.835, 0.765), (0.93, 0.77, 0.68), (0.89, 0.70, 0.585), (0.82, 0.615, 0.48), (0.73, 0.52, 0.385), (0.61, 0.41, 0.29),
    (0.475, 0.305, 0.215), (0.345, 0.215, 0.155),
)  # fmt: skip
"""Skin from the lightest to the darkest, as shown on a screen."""
IRISES: tuple[tuple[Colour, float], ...] = (
    ((0.24, 0.13, 0.07), 0.0), ((0.34, 0.2, 0.1), 0.0), ((0.42, 0.3, 0.15), 0.25), ((0.38, 0.42, 0.24), 0.6), ((0.4, 0.52, 0.6), 0.8),
    ((0.32, 0.44, 0.62), 0.8), ((0.5, 0.54, 0.55), 0.8),
)  # fmt: skip
"""Irises, and how light the skin must at least be for them."""
HAIRS: tuple[tuple[Colour, float], ...] = (
    ((0.055, 0.045, 0.045), 0.0), ((0.1, 0.07, 0.055), 0.0), ((0.19, 0.12, 0.08), 0.0), ((0.31, 0.2, 0.12), 0.35),
    ((0.45, 0.31, 0.18), 0.5), ((0.66, 0.49, 0.29), 0.65), ((0.8, 0.66, 0.43), 0.7), ((0.52, 0.21, 0.09), 0.65), ((0.4, 0.13, 0.09), 0.3),
)  # fmt: skip
"""Colours of hair, and how light the skin must at least be for them."""
SHORT = ("buzz", "crop", "side", "back", "curls", "quiff", "receding", "bald")
LONG = ("bob", "long", "waves", "parted", "bun", "tail", "afro", "fringe", "locks")
CLOTHES = ("tee", "vee", "shirt", "jumper", "jacket", "hood")
BEARDS = ("none", "stubble", "goatee", "full", "moustache")
PLACES = ("studio", "room", "window", "garden", "street", "shelf")


@dataclass(frozen=True, eq=False)
class Look:
    """One person: `shape` (40,) in deviations, `warp` by name, colours as shown on a screen (0 to 1), and names of styles."""

    shape: Array
    warp: dict[str, float]
    lightness: float
    skin: Colour
    lips: Colour
    iris: Colour
    hair: Colour
    style: str
    beard: str
    brows: float
    makeup: float
    freckles: float
    age: float
    clothes: str
    cloth: Colour
    under: Colour
    glasses: bool
    feminine: bool
    seed: int


@dataclass(frozen=True, eq=False)
class Setting:
    """Where somebody is filmed: a `place`, its `colours`, lights (k, 6) towards each and its linear colour, and the camera.

    `turn` and `nod` of the camera are in degrees, `distance` and `wide` (what the picture's width shows at the face) in eye distances.
    """

    place: str
    colours: tuple[Colour, Colour, Colour]
    lights: Array
    sky: Array
    ground: Array
    exposure: float
    turn: float
    nod: float
    distance: float
    wide: float
    middle: tuple[float, float]
    seed: int


def between(low: Colour, high: Colour, share: float) -> Colour:
    """Mix two colours."""
    r, g, b = ((1 - share) * one + share * other for one, other in zip(low, high, strict=True))
    return r, g, b


def pick(random: np.random.Generator, table: tuple[tuple[Colour, float], ...], lightness: float) -> Colour:
    """Choose a colour that goes with the skin; the first ones of a table are the most common."""
    allowed = [colour for colour, least in table if lightness >= least]
    colour = allowed[int(random.integers(len(allowed)))]
    r, g, b = (float(np.clip(part * random.uniform(0.85, 1.15), 0.02, 0.95)) for part in colour)
    return r, g, b


def look(seed: int, number: int) -> Look:
    """Make up person `number` of a seed; every person is drawn alone, so nobody changes with how many there are."""
    random = random_for(seed, f"looks of person {number}")
    # Golden-ratio steps give any few people the whole range of skins, not a cluster.
    tone = (float(random_for(seed, "first skin").uniform()) + number * 0.6180339887) % 1.0
    at = tone * (len(SKINS) - 1)
    skin = between(SKINS[int(at)], SKINS[min(int(at) + 1, len(SKINS) - 1)], at - int(at))
    warmth = random.normal(0.0, 0.012)
    skin = (skin[0] * (1 + warmth), skin[1], skin[2] * (1 - 2 * warmth))
    lightness = 1.0 - tone
    feminine = (number + int(random_for(seed, "first of two").integers(2))) % 2 == 0
    age = float(random.uniform(0.0, 1.0))
    hair = pick(random, HAIRS, lightness)
    if age > 0.65 and random.uniform() < 0.7:
        grey = float(random.uniform(0.35, 0.95))
        hair = between(hair, (0.7, 0.69, 0.67), grey)
    styles = (*LONG, "crop", "side") if feminine else (*SHORT, "crop", "side", "afro", "locks", "waves")
    style = styles[int(random.integers(len(styles)))]
    beard = "none" if feminine else str(random.choice(BEARDS, p=(0.36, 0.24, 0.13, 0.17, 0.1)))
    lips = between((skin[0] * 0.86, skin[1] * 0.66, skin[2] * 0.68), (0.62, 0.25, 0.26), 0.25 * lightness)
    makeup = float(random.uniform(0.2, 1.0)) if feminine and random.uniform() < 0.65 else 0.0
    if makeup > 0.5:
        lips = between(lips, [(0.62, 0.12, 0.16), (0.72, 0.3, 0.34), (0.5, 0.14, 0.22)][int(random.integers(3))], 0.6 * makeup)
    warp = {
        "eyes": float(random.uniform(1.16, 1.34) + 0.05 * feminine),
        "width": float(random.normal(0.97 if feminine else 1.0, 0.025)),
        "jaw": float(random.normal(-0.09 if feminine else -0.01, 0.045)),
        "long": float(random.normal(1.0, 0.03)),
        "nose": float(random.normal(0.93 if feminine else 1.02, 0.07)),
        "lips": float(random.normal(1.2 if lightness < 0.5 else 1.08, 0.1)),
        "neck": float(random.normal(0.8 if feminine else 0.93, 0.035)),
        "tilt": float(random.normal(0.0, 0.025)),
    }
    hue = cloth_colour(random)
    return Look(
        shape=random.standard_normal(40).astype(np.float32) * np.float32(0.72),
        warp=warp, lightness=lightness, skin=skin, lips=lips, iris=pick(random, IRISES, lightness), hair=hair, style=style, beard=beard,
        brows=float(random.uniform(0.65, 1.0) * (0.85 if feminine else 1.15)), makeup=makeup,
        freckles=float(max(random.normal(-0.2, 0.5), 0.0)) if lightness > 0.6 else 0.0, age=age,
        clothes=CLOTHES[int(random.integers(len(CLOTHES)))], cloth=hue, under=cloth_colour(random, pale=True),
        glasses=bool(random.uniform() < 0.17), feminine=feminine, seed=int(random.integers(1 << 31)),
    )  # fmt: skip


def cloth_colour(random: np.random.Generator, pale: bool = False) -> Colour:
    """Choose the colour of a cloth."""
    import colorsys

    saturation = float(random.uniform(0.02, 0.22 if pale else 0.6))
    value = float(random.uniform(0.75, 0.95) if pale else random.choice((random.uniform(0.08, 0.25), random.uniform(0.3, 0.85))))
    return colorsys.hsv_to_rgb(float(random.uniform()), saturation, value)


def linear(colour: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Turn colours as shown on a screen (..., 3) into amounts of light."""
    shown = np.asarray(colour, np.float64)
    return np.asarray(np.where(shown <= 0.04045, shown / 12.92, ((np.maximum(shown, 0) + 0.055) / 1.055) ** 2.4))


def setting(seed: int, number: int, plain: bool = False) -> Setting:
    """Make up setting `number`: a place, its lights and a camera; a `plain` one is a studio before one colour."""
    random = random_for(seed, f"setting {number}")
    place = "studio" if plain else PLACES[int(random.integers(len(PLACES)))]
    side = float(random.choice((-1.0, 1.0)))
    warm = float(random.uniform(-1, 1))
    key = np.array([1.0 + 0.12 * warm, 1.0, 1.0 - 0.16 * warm])
    fill = np.array([1.0 - 0.08 * warm, 1.0, 1.0 + 0.1 * warm])
    strength = float(random.uniform(1.0, 1.35))
    lights = []
    for direction, colour, much in (
        ((side * random.uniform(0.35, 0.85), random.uniform(-0.75, -0.35), -0.85), key, strength),
        ((-side * random.uniform(0.6, 1.0), random.uniform(-0.3, 0.05), -0.8), fill, random.uniform(0.15, 0.38)),
        ((-side * random.uniform(0.7, 1.0), -0.5, 0.75), key, random.uniform(0.3, 0.9)),
    ):
        towards = np.array(direction, float) / np.linalg.norm(direction)
        lights.append(np.concatenate([towards, colour * much]))
    ambient = float(random.uniform(0.3, 0.44))
    palette = tuple(cloth_colour(random) for _ in range(3))
    return Setting(
        place=place, colours=(palette[0], palette[1], palette[2]), lights=np.array(lights, np.float32),
        sky=(ambient * fill).astype(np.float32), ground=(0.55 * ambient * key * [1.05, 0.98, 0.92]).astype(np.float32), exposure=0.86,
        turn=float(random.normal(0, 6)), nod=float(random.normal(1.0, 2.5)), distance=float(random.uniform(11, 20)),
        wide=float(random.uniform(4.7, 5.8)), middle=(float(random.normal(0, 0.08)), float(random.uniform(0.38, 0.62))),
        seed=int(random.integers(1 << 31)),
    )  # fmt: skip
