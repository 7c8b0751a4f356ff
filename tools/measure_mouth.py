"""Track the mouth back from our own renders of every portrait of a folder: does a closure close, and does a vowel open to what was asked?

    python tools/measure_mouth.py PORTRAITS [--size 512]

Gaps are between the inner lips, over their middle five points, in eye distances of the tracked face.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from thespis.capture.faces import find_faces
from thespis.capture.portrait import read_portrait
from thespis.errors import ThespisError
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.parting import plain
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Direction

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
CLOSURE = {"mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.12, "mouthRollUpper": 0.12}
CLOSED, OPENED = (0.06, 0.3), (0.25, 0.4, 0.55)
"""jawOpen of the closures, each with as much mouthClose, and of the open vowels."""
MIDDLE = slice(3, 8)


def row(**weights: float) -> Array:
    """Make a row of the Space `face`."""
    values = np.zeros(FACE.size, np.float32)
    for name, weight in weights.items():
        values[FACE.column(name)] = weight
    return values


def asked(canvas: Canvas, values: Array) -> float:
    """Say how far the shapes of this face part its lips for a row, before the renderer makes up for how it is seen."""
    puppet = replace(canvas.puppet, parting=plain(canvas.puppet.person, canvas.puppet.rotation))
    shapes, place = puppet.person.shapes, puppet.pose(values).place
    return gap(place[shapes.lips_inner_upper], place[shapes.lips_inner_lower], puppet.rotation[:2, 1] * puppet.unit)


def gap(upper: Array, lower: Array, down: Array) -> float:
    """Measure how far lips (11, 2) are apart in their middle, along `down` (2,), which is an eye distance long."""
    return float(((lower - upper)[MIDDLE, :2] @ down).mean() / (down @ down))


def seen(canvas: Canvas, values: Array) -> float:
    """Draw a row, find the face again, and measure its lips; NaN where it is not found."""
    framing, shapes = canvas.puppet.framing, load_shapes()
    image = np.zeros((framing.height, framing.width, 3), np.uint8)
    draw_frame(canvas, values, image)
    faces = find_faces(image)
    if not faces:
        return float("nan")
    points = faces[0].points
    return gap(points[shapes.lips_inner_upper], points[shapes.lips_inner_lower], faces[0].rotation[:2, 1] * faces[0].scale)


def measure(path: Path, size: int) -> tuple[list[float], list[float], list[float]]:
    """Measure one portrait: asked gaps of the closures, tracked gaps of the closures, and tracked over asked for the vowels."""
    canvas = Warp(size).start(read_portrait(str(path)), Direction())
    closures = [row(jawOpen=jaw, mouthClose=jaw, **CLOSURE) for jaw in CLOSED]
    vowels = [row(jawOpen=jaw) for jaw in OPENED]
    shut, opened = [seen(canvas, values) for values in closures], [seen(canvas, values) for values in vowels]
    # A tracker that sees closed lips a little open sees open ones so too: what counts is how far they open from there.
    ratios = [(found - max(shut[0], 0.0)) / asked(canvas, values) for found, values in zip(opened, vowels, strict=True)]
    return [asked(canvas, values) for values in closures], shut, ratios


def main() -> None:
    """Print a line for each portrait, the worst first, and how many hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=512)
    options = parser.parse_args()
    found = []
    for path in sorted(each for each in options.folder.rglob("*") if each.suffix.lower() in PICTURES):
        try:
            found.append((path.name, *measure(path, options.size)))
        except ThespisError as error:
            print(f"refused: {path.name}: {error}", file=sys.stderr)
    found.sort(key=lambda each: -np.nan_to_num(max(each[2]), nan=9.0))
    print(f"{'portrait':34} {'closure drawn':>14} {'tracked':>14}   {'vowels: tracked / asked':>24}")
    for name, drawn, shut, ratios in found:
        print(f"{name[:34]:34} {max(drawn):14.4f} {max(shut):14.4f}   " + " ".join(f"{ratio:7.2f}" for ratio in ratios))
    worst_drawn, worst_shut = (np.array([max(each[place]) for each in found]) for place in (1, 2))
    shares = np.array([each[3] for each in found])
    print(f"{len(found)} portraits")
    print(f"closures drawn: worst gap {worst_drawn.max():.4f}; within 0.01: {(worst_drawn <= 0.01).mean():.0%}")
    print(f"closures tracked: median gap {np.nanmedian(worst_shut):.4f}; within 0.01: {(worst_shut <= 0.01).mean():.0%}")
    for number, jaw in enumerate(OPENED):
        here = shares[:, number]
        within = (np.abs(here - 1) <= 0.15).mean()
        print(f"vowels with jawOpen {jaw}: tracked median {np.nanmedian(here):.2f} of what was asked, within 15 %: {within:.0%}")


if __name__ == "__main__":
    main()
