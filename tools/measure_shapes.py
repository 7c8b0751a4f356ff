"""Compare the shapes that ship with ICT-FaceKit's movements, and left with right.

python tools/measure_shapes.py --ict ICT-FaceKit/FaceXModel --canonical canonical_face_model.obj
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from make_shapes import carry, checks, face_frame, read_ict, read_vertices
from mesh_binding import face_triangles, mirror_map

from thespis.head.openhead import load_openhead
from thespis.head.shapes import SHAPES, Indices, load_shapes
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array

MEAN, LEAST, FEWEST = 0.8, 0.5, 46
FLIP = np.array([-1, 1, 1], np.float32)


def mirror_error(fields: Array, names: tuple[str, ...], mirror: Indices) -> float:
    """Find the largest difference between a left shape and its right partner mirrored, in eye distances."""
    worst = 0.0
    for number, name in enumerate(names):
        partner = name.replace("Left", "\0").replace("Right", "Left").replace("\0", "Right")
        other = fields[names.index(partner)][mirror] * FLIP
        worst = max(worst, float(np.abs(fields[number] - other).max()))
    return worst


def main() -> int:
    """Print each shape's likeness and whether the promises hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ict", type=Path, required=True, help="ICT-FaceKit's FaceXModel folder")
    parser.add_argument("--canonical", type=Path, required=True, help="canonical_face_model.obj, or an npz with `vertices` (468, 3)")
    asked = parser.parse_args()
    points = face_frame(read_vertices(asked.canonical))
    _, raw, _ = carry(read_ict(asked.ict), points, face_triangles(points), mirror_map(points))
    shapes, head = load_shapes(), load_openhead()
    fields = dict(zip(SHAPES, shapes.fields.astype(np.float64), strict=True))
    found = {name: each["cosine"] for name, each in checks(fields, raw).items()}
    for name, cosine in found.items():
        print(f"{name:22s} {cosine:.4f}")
    values = np.array(list(found.values()))
    errors = {
        "face": mirror_error(shapes.fields, SHAPES, shapes.mirror),
        "head": mirror_error(head.fields, ARKIT, head.mirror),
    }
    print(f"{len(values)} shapes: mean cosine {values.mean():.4f}, least {values.min():.4f} ({min(found, key=lambda name: found[name])})")
    print(f"left against right mirrored: {errors['face']:g} on the face, {errors['head']:g} on the head, in eye distances")
    holds = len(values) >= FEWEST and values.mean() >= MEAN and values.min() >= LEAST and max(errors.values()) == 0
    print("holds" if holds else "does not hold")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
