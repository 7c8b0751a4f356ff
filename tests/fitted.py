"""A person as `thespis fit synctalk` leaves one, made up: frames of a photograph, poses that sway, and a field that nobody taught."""

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from skimage.data import astronaut

from thespis.capture.faces import find_faces, fit_pose
from thespis.head.shapes import OVAL, indices, load_shapes
from thespis.pixels.field.camera import Poses, shell_of
from thespis.pixels.field.person import Fitted, packed, write_person
from thespis.pixels.field.shape import DIRECTIONS, PLANES, SHAPES, UPPER, WINDOW, FieldShape
from thespis.types import Array, random_for

FRAMES, SIDE = 12, 64


def parameters(shape: FieldShape, seed: int = 0) -> dict[str, Array]:
    """Draw the parameters of a field, by their names."""
    random = random_for(seed, "a made-up field")
    sizes = {
        "voice_gate": (shape.inside, shape.gate, shape.heard),
        "upper_gate": (shape.inside, shape.gate, shape.upper),
        "density": (shape.inside + shape.heard + shape.upper, shape.hidden, shape.hidden, 1 + shape.geometry),
        "colour": (DIRECTIONS + shape.geometry + shape.own, shape.bright, 3),
    }
    drawn = {f"planes.{name}.embeddings": random.normal(0, 1, (shape.rows, shape.features)) for name in PLANES}
    for name, widths in sizes.items():
        for layer, (before, after) in enumerate(pairwise(widths)):
            drawn[f"{name}.net.{layer}.weight"] = random.normal(0, 1.5 / np.sqrt(before), (after, before))
    for layer, (before, after) in zip((0, 2, 4), ((shape.hearing, 256), (256, 128), (128, shape.heard)), strict=True):
        drawn[f"hearing.frame.{layer}.weight"] = random.normal(0, 1 / np.sqrt(before), (after, before))
        drawn[f"hearing.frame.{layer}.bias"] = random.normal(0, 0.1, after)
    for layer, (before, after) in zip(range(0, 10, 2), ((shape.heard, 16), (16, 8), (8, 4), (4, 2), (2, 1)), strict=True):
        drawn[f"hearing.attention.narrow.{layer}.weight"] = random.normal(0, 1 / np.sqrt(3 * before), (after, before, 3))
        drawn[f"hearing.attention.narrow.{layer}.bias"] = random.normal(0, 0.1, after)
    drawn["hearing.attention.weigh.weight"] = random.normal(0, 0.4, (WINDOW, WINDOW))
    drawn["hearing.attention.weigh.bias"] = random.normal(0, 0.1, WINDOW)
    drawn["behind"] = random.normal(0, 0.1, 3)
    return {name: value.astype(np.float32) for name, value in drawn.items()}


def write_fitted(folder: Path) -> Path:
    """Write the person, and give the folder."""
    photograph = astronaut()
    face = find_faces(photograph)[0]
    side = 280
    left, top = (int(value) for value in face.points[:, :2].mean(axis=0) - side / 2)
    top = max(top, 0)
    scale = SIDE / side
    picture = cv2.resize(photograph[top : top + side, left : left + side], (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    rotation, size, offset = fit_pose(face.points)
    sway = np.sin(np.arange(FRAMES) / 3)
    poses = Poses(
        np.repeat(rotation[None], FRAMES, axis=0).astype(np.float32),
        np.full(FRAMES, size * scale, np.float32),
        ((offset - np.array([left, top, 0])) * scale + sway[:, None] * np.array([0.5, 0.2, 0])).astype(np.float32),
    )
    frames = np.stack([np.roll(picture, shift, axis=1) for shift in np.round(sway).astype(int)])
    shapes = load_shapes()
    shell = shell_of(shapes.points, shapes.fields[shapes.names.index("jawOpen")], shapes.triangles, indices(OVAL), SHAPES["tiny"].bound)
    upper = random_for(0, "a made-up upper face").uniform(0, 0.9, (FRAMES, len(UPPER))).astype(np.float32)
    pictures, ends = packed(frames)
    person = Fitted("tiny", SIDE, pictures, ends, poses, upper, shell, parameters(SHAPES["tiny"]))
    write_person(person, folder, {"frames": FRAMES})
    return folder
