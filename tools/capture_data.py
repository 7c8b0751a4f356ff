"""Faces that are drawn with known weights and measured again: what the capture network learns from and what it is measured on."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from thespis.capture.faces import Face, face_of, find_faces, measure
from thespis.capture.follow import sighting
from thespis.capture.neutral import rest_of
from thespis.capture.sighting import Sighting
from thespis.capture.witness import Witness
from thespis.head.shapes import SHAPES
from thespis.motion.spaces.face import FACE
from thespis.pixels.asked import expression_of, lids_follow_gaze
from thespis.pixels.warp import Warp, draw_frame
from thespis.types import Array, Bytes, Direction, Portrait

COLUMN = {name: number for number, name in enumerate(SHAPES)}
SIDED = ("jawLeft", "jawRight", "mouthLeft", "mouthRight")
MOVES = tuple(
    sorted({name.removesuffix("Left").removesuffix("Right") for name in SHAPES if not name.startswith("eyeLook")} - {"jaw", "mouth"})
)
"""What is drawn: the shapes without their sides."""

COMMON = {
    "jawOpen": 0.45, "mouthSmile": 0.35, "eyeBlink": 0.3, "browDown": 0.3, "browInnerUp": 0.3, "browOuterUp": 0.3, "mouthPucker": 0.25,
    "mouthFrown": 0.25, "noseSneer": 0.25, "eyeWide": 0.2, "mouthFunnel": 0.15, "mouthStretch": 0.2, "eyeSquint": 0.2, "cheekSquint": 0.2,
}  # fmt: skip
RARE = 0.1  # how often any other shape takes part


@dataclass(frozen=True)
class Camera:
    """How badly a clip is filmed: blur in pixels, gain, offset and noise in grey levels, and the quality of its JPEG."""

    blur: float
    gain: float
    offset: float
    noise: float
    quality: int


@dataclass(frozen=True, eq=False)
class Measured:
    """Rows that were drawn on one face: `weights` (n, 51) as drawn, `plain` (n, 51) by the plain fit, `inputs` (n, size) of the network.

    `read` (n, 51) is what capture finds, `errors` (n,) how far the plain fit stays off the points, in eye distances, and `fields`
    (51, 468, 3) what the shapes do to this face.
    """

    weights: Array
    plain: Array
    read: Array
    inputs: Array
    errors: Array
    fields: Array


def alone(random: np.random.Generator) -> Array:
    """Draw one row in which one move happens by itself."""
    row = np.zeros(FACE.size, np.float32)
    move(row, MOVES[int(random.integers(len(MOVES)))], random)
    return row


def together(random: np.random.Generator) -> Array:
    """Draw one row in which several moves happen at once."""
    row = np.zeros(FACE.size, np.float32)
    for name in MOVES:
        if random.random() < COMMON.get(name, RARE):
            move(row, name, random)
    for name in SIDED:
        if random.random() < RARE / 2:
            row[COLUMN[name]] = random.uniform(0.2, 1.0)
    for side in ("Left", "Right"):
        # Nobody shuts and widens an eye at once, and few smile and frown.
        if row[COLUMN[f"eyeBlink{side}"]] > 0.3:
            row[COLUMN[f"eyeWide{side}"]] = 0.0
        if row[COLUMN[f"mouthSmile{side}"]] > 0.15 and random.random() < 0.8:
            row[COLUMN[f"mouthFrown{side}"]] = 0.0
    row[COLUMN["mouthClose"]] = min(row[COLUMN["mouthClose"]], row[COLUMN["jawOpen"]])
    return row


def move(row: Array, name: str, random: np.random.Generator) -> None:
    """Set one move in a row, mostly alike on both sides."""
    amount = random.uniform(0.1, 1.05)
    if name in COLUMN:
        row[COLUMN[name]] = amount
        return
    kind = random.random()
    row[COLUMN[f"{name}Left"]] = amount * random.uniform(0.85, 1.0) * (kind < 0.85)
    row[COLUMN[f"{name}Right"]] = amount * random.uniform(0.85, 1.0) * (kind < 0.7 or kind >= 0.85)


def posed(row: Array, random: np.random.Generator, degrees: float) -> Array:
    """Turn the head of a row by about so many degrees and let the eyes wander."""
    row[FACE.slice("head_rotation")] = np.radians(random.normal(0, degrees, 3))
    row[FACE.slice("head_translation")] = random.normal(0, 0.03, 3) * [1, 1, 0]
    yaw, pitch = random.normal(0, 0.15, 2) * (random.random() < 0.6)
    for side in ("left", "right"):
        row[FACE.column(f"gaze_{side}_yaw")], row[FACE.column(f"gaze_{side}_pitch")] = yaw, pitch
    return row


def filmed(image: Bytes, random: np.random.Generator, camera: Camera | None) -> Bytes:
    """Film an image (height, width, 3) with a camera, or leave it as it is."""
    if camera is None:
        return image
    seen = image.astype(np.float32)
    if camera.blur > 0:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), camera.blur), np.float32)
    seen = seen * (camera.gain * random.normal(1, 0.02)) + camera.offset + random.normal(0, camera.noise + 0.01, seen.shape)
    levels = np.clip(seen, 0, 255).astype(np.uint8)
    if camera.quality >= 95:
        return levels
    packed = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, camera.quality])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def any_camera(random: np.random.Generator) -> Camera | None:
    """Draw a camera; nearly a third of them are perfect."""
    if random.random() < 0.3:
        return None
    blur = random.uniform(0, 1.2) * (random.random() < 0.6)
    noise = random.uniform(0, 7) * (random.random() < 0.7)
    return Camera(blur, random.uniform(0.8, 1.1), random.uniform(-8, 8), noise, int(random.uniform(40, 100)))


def draw_and_measure(
    portrait: Portrait,
    rows: list[Array],
    random: np.random.Generator,
    size: int = 512,
    camera: Camera | None = None,
    *,
    judge: bool = False,
) -> Measured:
    """Draw rows of the Space `face` on a portrait, film them and measure them; the face at rest is drawn first and is known.

    With `judge` the networks are asked too.
    """
    canvas = Warp(size).start(portrait, Direction())
    framing = canvas.puppet.framing
    image = np.zeros((framing.height, framing.width, 3), np.uint8)
    draw_frame(canvas, np.zeros(FACE.size, np.float32), image)
    still = filmed(image, random, camera)
    at_rest = sighting(0, face_of(Portrait((still,))).points, still)
    witness = Witness(rest_of([at_rest]), at_rest, at_rest=True)
    low, high = at_rest.points[:468, :2].min(axis=0), at_rest.points[:468, :2].max(axis=0)
    middle, across = (low + high) / 2, 0.9 * float((high - low).max())
    weights, plain, read, inputs, errors = [], [], [], [], []
    for row in rows:
        draw_frame(canvas, row, image)
        seen = filmed(image, random, camera)
        points = measure(seen, float(middle[0]), float(middle[1]), across)
        if points is None:
            continue
        each: Sighting = sighting(1, points, seen)
        reading = witness.reader.read(points)
        # What the renderer adds to the lids as the eyes move is seen too.
        weights.append(lids_follow_gaze(expression_of(row), row))
        plain.append(reading.weights)
        inputs.append(witness.inputs(each, reading)[0])
        read.append(witness.weights([each], [reading])[0] if judge else reading.weights)
        errors.append(reading.error)
    parts = (np.asarray(part, np.float32) for part in (weights, plain, read, inputs, errors, witness.person.fields))
    return Measured(*parts)


def free_faces() -> list[Bytes]:
    """Cut out the faces of two photographs in the public domain that other packages carry: NASA's and the US Navy's."""
    import skimage

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib.cbook

        hopper = matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    astronaut = Path(skimage.__file__).parent / "data" / "astronaut.png"
    images = [np.asarray(Image.open(path).convert("RGB")) for path in (astronaut, hopper)]
    return [around(image, find_faces(image)[0]) for image in images]


def around(image: Bytes, face: Face) -> Bytes:
    """Cut out a face and as much again around it."""
    left, top, right, bottom = face.box
    half = 1.1 * max(right - left, bottom - top)
    x, y = (left + right) / 2, (top + bottom) / 2
    return np.ascontiguousarray(image[int(max(y - half, 0)) : int(y + half), int(max(x - half, 0)) : int(x + half)])


def somebody_else(image: Bytes, random: np.random.Generator) -> Bytes:
    """Make another face of a face: its proportions bent, mirrored or not, in another light and with other colours."""
    if random.random() < 0.5:
        image = np.ascontiguousarray(image[:, ::-1])
    face = find_faces(image)[0]
    height, width = image.shape[:2]
    down, across = np.mgrid[0:height, 0:width].astype(np.float32)
    x, y = face.points[:468, :2].mean(axis=0)
    wider, longer = random.normal(0, 0.06, 2)
    move_x, move_y = wider * (across - x), longer * (down - y)
    for _ in range(8):
        at_x, at_y = random.normal(x, 0.7 * face.scale), random.normal(y, 0.8 * face.scale)
        spread = random.uniform(0.3, 0.8) * face.scale
        bump = np.exp(-((across - at_x) ** 2 + (down - at_y) ** 2) / (2 * spread * spread))
        by_x, by_y = random.normal(0, 0.08, 2) * face.scale
        move_x, move_y = move_x + by_x * bump, move_y + by_y * bump
    places = (np.asarray(across + move_x, np.float32), np.asarray(down + move_y, np.float32))
    bent = np.asarray(cv2.remap(image, *places, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT), np.float32) / 255
    lit: Any = np.clip(bent, 0, 1) ** random.uniform(0.6, 1.6) * random.uniform(0.85, 1.1, 3)
    if random.random() < 0.4:
        lit = lit * (1 + random.uniform(-0.5, 0.5) * np.linspace(-1, 1, width)[None, :, None])
        lit = lit * (1 + random.uniform(-0.3, 0.3) * np.linspace(-1, 1, height)[:, None, None])
    if random.random() < 0.2:
        lit = np.repeat(lit.mean(axis=2, keepdims=True), 3, axis=2)
    return np.asarray(np.clip(lit, 0, 1) * 255, np.uint8)
