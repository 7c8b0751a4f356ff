"""Measure what going through LivePortrait's keypoints costs, on made-up weights and on ARKit recordings (npz files with names and rows).

python tools/measure_keypoints.py RECORDING.npz ...
"""

import argparse
from fractions import Fraction
from pathlib import Path

import numpy as np
from measure_openhead import made_up, recorded

from thespis.head.shapes import load_shapes
from thespis.motion.liveportrait import builtin_map, face_of_liveportrait, keypoints_of, liveportrait_of_face
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.types import Array, Track

GROUPS = {
    "jaw": ("jawOpen",), "smile": ("mouthSmileLeft", "mouthSmileRight"), "pucker": ("mouthPucker",), "funnel": ("mouthFunnel",),
    "blink": ("eyeBlinkLeft", "eyeBlinkRight"), "browDown": ("browDownLeft", "browDownRight"), "browInnerUp": ("browInnerUp",),
    "browOuterUp": ("browOuterUpLeft", "browOuterUpRight"), "frown": ("mouthFrownLeft", "mouthFrownRight"),
}  # fmt: skip
STILL = 0.02  # a weight that moves less than this in a recording is left out


def told(name: str, weights: Array) -> str:
    """Word the errors of one set of weights (rows, 52) as a row of the page's table."""
    face = Track(FACE, np.zeros((len(weights), FACE.size), np.float32), Fraction(30))
    face = face.replace(**{shape: weights[:, number] for number, shape in enumerate(ARKIT)})
    motion = liveportrait_of_face(face)
    back = face_of_liveportrait(motion)
    apart = np.linalg.norm(keypoints_of(liveportrait_of_face(back)) - keypoints_of(motion), axis=2) / builtin_map().unit
    shapes = load_shapes()
    moved = [
        np.stack([track[shape] for shape in shapes.names], axis=1) @ shapes.fields.reshape(len(shapes.names), -1) for track in (face, back)
    ]
    points = np.linalg.norm((moved[1] - moved[0]).reshape(len(weights), -1, 3), axis=2)
    cells = [name, str(len(weights)), f"{apart.mean():.4f}", f"{points.mean():.4f}"]
    for group in GROUPS.values():
        given, found = (np.concatenate([track[shape] for shape in group]) for track in (face, back))
        cells.append(f"{np.corrcoef(given, found)[0, 1]:.2f}" if given.std() > STILL else "-")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the rows of the page's table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="*")
    asked = parser.parse_args()
    print("| weights | rows | keypoints | face | " + " | ".join(GROUPS) + " |")
    print(told("made-up, each weight 0.3 x half-normal", made_up()))
    for file in asked.recordings:
        print(told(file.stem, recorded(file)))


if __name__ == "__main__":
    main()
