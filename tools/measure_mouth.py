"""Track the mouth back from our own renders of every portrait of a folder: does a closure close, and does a vowel open to what was asked?

    python tools/measure_mouth.py PORTRAITS [--size 512] [--every 3 --first 0]

Gaps are between the inner lips, over their middle five points, in eye distances of the tracked face. One look of the tracker wavers by 4
to 7 % on one and the same drawing, so each is looked at several times, a little shifted, larger, smaller or mirrored, its face found anew
each time; the median counts. What the first look alone would have said is printed too.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from thespis.capture.faces import find_faces
from thespis.capture.portrait import read_portrait
from thespis.errors import ThespisError
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels.lips import MIDDLE
from thespis.pixels.parting import plain
from thespis.pixels.warp import Canvas, Warp, draw_frame
from thespis.types import Array, Bytes, Direction

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
CLOSURE = {"mouthPressLeft": 0.3, "mouthPressRight": 0.3, "mouthRollLower": 0.12, "mouthRollUpper": 0.12}
CLOSED, OPENED = (0.06, 0.3), (0.25, 0.4, 0.55)
"""jawOpen of the closures, each with as much mouthClose, and of the open vowels."""
LOOKS = tuple((*way, mirror) for way in ((0, 0, 1.0), (5, -3, 1.02), (-3, 5, 0.98)) for mirror in (False, True))
"""Pixels to the right and down, times the size, and whether mirrored: how each drawing is looked at; first as it is.

Looks that are not mirrored waver much alike, and so do those that are: as many of each are needed.
"""


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


def seen(canvas: Canvas, values: Array) -> Array:
    """Draw a row, find its face again in each of the LOOKS, and measure its lips (looks,); NaN where it is not found."""
    framing = canvas.puppet.framing
    image = np.zeros((framing.height, framing.width, 3), np.uint8)
    draw_frame(canvas, values, image)
    return np.array([gap_in(looked_at(image, *look)) for look in LOOKS])


def looked_at(image: Bytes, right: int, down: int, larger: float, mirror: bool) -> Bytes:
    """Shift an image (height, width, 3) by pixels, make it larger about its middle, and mirror it."""
    height, width = image.shape[:2]
    image = np.ascontiguousarray(image[:, ::-1]) if mirror else image
    if not right and not down and larger == 1:
        return image
    way = np.array([[larger, 0, width / 2 * (1 - larger) + right], [0, larger, height / 2 * (1 - larger) + down]])
    moved = cv2.warpAffine(image, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def gap_in(image: Bytes) -> float:
    """Find the face of an image (height, width, 3) and measure its lips; NaN where there is none."""
    faces, shapes = find_faces(image), load_shapes()
    if not faces:
        return float("nan")
    points = faces[0].points
    return gap(points[shapes.lips_inner_upper], points[shapes.lips_inner_lower], faces[0].rotation[:2, 1] * faces[0].scale)


class Measured(NamedTuple):
    """One portrait: the gaps asked of closures (2,) and vowels (3,), and those tracked in each look (2, looks) and (3, looks)."""

    name: str
    closed: Array
    opened: Array
    shut: Array
    apart: Array

    def holds(self, few: int) -> tuple[float, Array]:
        """Give, by the first `few` looks, the wider closure's gap and what of each vowel (3,) is seen."""
        shut, apart = np.median(self.shut[:, :few], axis=1), np.median(self.apart[:, :few], axis=1)
        # A tracker that sees closed lips a little open sees open ones so too: what counts is how far they open from there.
        return float(shut.max()), (apart - max(float(shut[0]), 0.0)) / self.opened


def measure(path: Path, size: int) -> Measured:
    """Measure one portrait."""
    canvas = Warp(size).start(read_portrait(str(path)), Direction())
    closures = [row(jawOpen=jaw, mouthClose=jaw, **CLOSURE) for jaw in CLOSED]
    vowels = [row(jawOpen=jaw) for jaw in OPENED]
    closed, opened = (np.array([asked(canvas, values) for values in rows]) for rows in (closures, vowels))
    shut, apart = (np.array([seen(canvas, values) for values in rows]) for rows in (closures, vowels))
    return Measured(path.name, closed, opened, shut, apart)


def summarise(found: list[Measured], few: int) -> None:
    """Say how many portraits hold by the first `few` looks."""
    each = [one.holds(few) for one in found]
    shut, shares = np.array([gap for gap, _ in each]), np.array([ratios for _, ratios in each])
    print(f"by {few} look{'s' * (few > 1)}:")
    print(f"  closures tracked: median gap {np.nanmedian(shut):.4f}; within 0.01: {(shut <= 0.01).mean():.0%}")
    for number, jaw in enumerate(OPENED):
        here = shares[:, number]
        within = (np.abs(here - 1) <= 0.15).mean()
        print(f"  vowels with jawOpen {jaw}: tracked median {np.nanmedian(here):.2f} of what was asked, within 15 %: {within:.0%}")


def main() -> None:
    """Print a line for each portrait, the worst first, and how many hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--every", type=int, default=1, help="measure only every so many portraits")
    parser.add_argument("--first", type=int, default=0, help="beginning with this one, counted from 0")
    options = parser.parse_args()
    found = []
    paths = sorted(each for each in options.folder.rglob("*") if each.suffix.lower() in PICTURES)
    for path in paths[options.first :: options.every]:
        try:
            found.append(measure(path, options.size))
        except ThespisError as error:
            print(f"refused: {path.name}: {error}", file=sys.stderr)
    found.sort(key=lambda each: -np.nan_to_num(each.holds(len(LOOKS))[0], nan=9.0))
    print(f"{'portrait':34} {'closure drawn':>14} {'tracked':>8} {'waver':>6}   {'vowels: tracked / asked':>22}   {'waver':>14}")
    for each in found:
        shut, ratios = each.holds(len(LOOKS))
        wavers = each.apart.std(axis=1) / each.opened
        line = f"{each.name[:34]:34} {each.closed.max():14.4f} {shut:8.4f} {each.shut.std(axis=1).max():6.4f}   "
        print(line + " ".join(f"{ratio:7.2f}" for ratio in ratios) + "  " + " ".join(f"{waver:5.2f}" for waver in wavers))
    drawn = np.array([each.closed.max() for each in found])
    wavers = np.nanmedian([each.apart.std(axis=1) / each.opened for each in found], axis=0)
    print(f"{len(found)} portraits; closures drawn: worst gap {drawn.max():.4f}; within 0.01: {(drawn <= 0.01).mean():.0%}")
    print("a look wavers by, of what was asked: " + ", ".join(f"{waver:.1%}" for waver in wavers))
    summarise(found, 1)
    summarise(found, len(LOOKS))


if __name__ == "__main__":
    main()
