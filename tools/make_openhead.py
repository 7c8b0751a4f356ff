"""Make `thespis/assets/openhead.safetensors`: OpenHead, our head in FLAME's layout, from our face shapes and ICT-FaceKit's head.

docs/openhead.md tells the steps and their reasons.
"""

import argparse
import hashlib
import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # sums in another order would change the last bits, and with them the checksum

import numpy as np
from make_shapes import arkit_move, notice, other_side
from mesh_binding import Numbers, Real
from openhead_parts import Part, eyeball_fit, eyeball_part, hair_part, lid_part, lining_part, mouth_parts, skin_part
from openhead_rig import FLIP, JAW, NECK, ROOT, correctives, expression_mix, jaw_angle, people_basis, regressor_of, side_angle, weights_of
from openhead_skin import Laid, lay, outer_half
from openhead_uv import uv_of
from safetensors.numpy import save
from scipy.spatial import cKDTree

from thespis.head.openhead import GROUPS, SKIN
from thespis.head.shapes import Shapes, load_shapes, shapes_card
from thespis.motion.spaces.face import ARKIT

OUTER, GUMS, TEETH = 780, 190, 300  # vertices of the left halves
PEOPLE, EXPRESSIONS = 40, 50
IRIS_MIRROR = {468: 473, 469: 476, 470: 475, 471: 474, 472: 477}
ALIKE = 0.8  # how much left and right weights of a pair go together
USUAL = {
    "jawOpen": 0.25, "mouthClose": 0.1, "mouthSmile": 0.3, "eyeBlink": 0.3, "eyeLook": 0.2, "browInnerUp": 0.25, "browOuterUp": 0.2,
    "browDown": 0.2, "mouthPucker": 0.25, "mouthFunnel": 0.2, "tongueOut": 0.05, "cheekPuff": 0.05, "jaw": 0.08, "mouthLeft": 0.08,
    "mouthRight": 0.08,
}  # fmt: skip
OTHERWISE = 0.15


def prior() -> Real:
    """Make the covariance (52, 52) under which expressions are ordered: usual sizes of the weights, pairs of sides going together."""
    sizes = np.array([next((size for start, size in USUAL.items() if name.startswith(start)), OTHERWISE) for name in ARKIT])
    together = np.eye(len(ARKIT))
    for row, name in enumerate(ARKIT):
        pair = ARKIT.index(other_side(name))
        if pair != row and not name.startswith(("jaw", "mouthLeft", "mouthRight")):
            together[row, pair] = ALIKE
    return np.asarray(sizes[:, None] * together * sizes)


class Assembly:
    """The whole head, put together from left halves: numbers of their vertices left and right, and the mirror."""

    def __init__(self, shapes: Shapes, parts: list[Part]) -> None:
        """Number all vertices and mirror all triangles."""
        self.shapes, self.parts = shapes, parts
        points: list[Real] = [shapes.points.astype(float), np.zeros((10, 3))]
        group = ["face"] * 468 + ["iris_right"] * 5 + ["iris_left"] * 5
        mirror = shapes.mirror.tolist() + [
            IRIS_MIRROR.get(number) or {b: a for a, b in IRIS_MIRROR.items()}[number] for number in range(468, 478)
        ]
        triangles = [shapes.triangles.astype(int)]
        self.numbers: list[tuple[Numbers, Numbers]] = []
        count = 478
        for part in parts:
            left, right = np.zeros(len(part.points), int), np.zeros(len(part.points), int)
            fresh: list[Real] = []
            for local, point in enumerate(part.points):
                if local in part.weld:
                    left[local] = part.weld[local]
                    right[local] = mirror[part.weld[local]]
                    continue
                left[local] = right[local] = count
                count += 1
                fresh.append(point)
                group.append(part.group[local])
                if point[0] == 0:
                    mirror.append(count - 1)
                else:
                    right[local] = count
                    count += 1
                    mirror += [count - 1, count - 2]
                    fresh.append(point * FLIP)
                    group.append(part.group[local].replace("left", "right"))
            points.append(np.array(fresh))
            self.numbers.append((left, right))
            triangles += [left[part.triangles], right[part.triangles][:, ::-1]]
        self.points = np.concatenate(points)
        for part, (left, right) in zip(parts, self.numbers, strict=True):
            for local, number in part.weld.items():
                if number >= 468:
                    self.points[left[local]], self.points[right[local]] = part.points[local], part.points[local] * FLIP
        self.mirror, self.triangles = np.array(mirror), np.concatenate(triangles)
        self.group = [str(name) for name in group]

    def field(self, face: Real, left_ict: Real, right_ict: Real, other_face: Real, *, tongue: bool = False, eyes: bool = False) -> Real:
        """Put a movement together (V, 3): of the face (468, 3), of ICT-FaceKit (v, 3), and the mirrored movement's, for the right side."""
        result = np.zeros_like(self.points)
        result[:468] = face
        for part, (left, right) in zip(self.parts, self.numbers, strict=True):
            if not eyes and part.group[0].startswith("eyeball"):
                continue
            own = part.from_ict @ left_ict + part.from_face @ face
            other = part.from_ict @ right_ict + part.from_face @ other_face
            if tongue and part.tongue is not None:
                own, other = own + part.tongue, other + part.tongue
            free = (left >= 468) & (right >= 468)
            middle = free & (left == right)
            result[left[free]] = own[free]
            result[right[free]] = other[free] * FLIP
            result[left[middle]] = (own[middle] + other[middle] * FLIP) / 2
        return result


def shape_fields(whole: Assembly, laid: Laid) -> Real:
    """Make the 52 fields (52, V, 3); the first 468 points keep those of `thespis.head.shapes`."""
    turned = {name: np.einsum("vij,vj->vi", laid.turn, arkit_move(laid.ict, name)) for name in whole.shapes.names}
    fields = np.zeros((len(ARKIT), *whole.points.shape))
    known = whole.shapes.names
    for row, name in enumerate(ARKIT):
        if name == "tongueOut":
            nothing = np.zeros_like(laid.rest)
            fields[row] = whole.field(np.zeros((468, 3)), nothing, nothing, np.zeros((468, 3)), tongue=True)
        else:
            other = other_side(name)
            face, other_face = (whole.shapes.fields[known.index(each)].astype(float) for each in (name, other))
            fields[row] = whole.field(face, turned[name], turned[other], other_face)
    flipped = np.stack([fields[ARKIT.index(other_side(name))][whole.mirror] * FLIP for name in ARKIT])
    even = (fields + flipped) / 2
    even[:, :468] = fields[:, :468]
    return np.asarray(even)


def people_fields(whole: Assembly, laid: Laid) -> Real:
    """Make the fields (40, V, 3) of ICT-FaceKit's people."""
    _, partner = cKDTree(laid.rest).query(laid.rest * FLIP)
    found = []
    for person in laid.people:
        swapped = person[partner] * FLIP
        faces = [np.einsum("nij,nj->ni", laid.face_turn, laid.binding(delta)) for delta in (person, swapped)]
        moves = [np.einsum("vij,vj->vi", laid.turn, delta) for delta in (person, swapped)]
        found.append(whole.field(faces[0], moves[0], moves[1], faces[1], eyes=True))
    return np.stack(found)


def with_hair(whole: Assembly, fields: list[Real]) -> tuple[Numbers, list[Real]]:
    """Grow the hair cap on the skin: the vertices under it (n,), and the fields (k, V, 3) with those of the hair after them."""
    is_skin = np.isin(whole.group, SKIN)
    ears = np.flatnonzero(np.array(whole.group) == "ears")
    under, points, triangles = hair_part(whole.points, whole.triangles[is_skin[whole.triangles].all(axis=1)], whole.mirror, ears)
    first = len(whole.points)
    number = {int(vertex): first + place for place, vertex in enumerate(under)}
    whole.mirror = np.concatenate([whole.mirror, [number[int(whole.mirror[vertex])] for vertex in under]])
    even = (points + points[whole.mirror[first:] - first] * FLIP) / 2
    whole.points = np.concatenate([whole.points, even])
    whole.triangles = np.concatenate([whole.triangles, triangles + first])
    whole.group += ["hair"] * len(under)
    return under, [np.concatenate([field, field[:, under]], axis=1) for field in fields]


def make(folder: Path) -> tuple[dict[str, Any], dict[str, float]]:
    """Make all tensors and the figures of the card."""
    shapes = load_shapes()
    laid = lay(folder, shapes.points.astype(float), shapes.triangles.astype(int))
    half, ends = outer_half(laid, shapes.points.astype(float), OUTER)
    centre, radius = eyeball_fit(shapes)
    parts = [
        skin_part(laid, half, ends), eyeball_part(laid, centre, radius), lid_part(laid, shapes, centre, radius),
        lining_part(laid, shapes), mouth_parts(laid, GUMS, TEETH),
    ]  # fmt: skip
    whole = Assembly(shapes, parts)
    _, (fields, people) = with_hair(whole, [shape_fields(whole, laid), people_fields(whole, laid)])
    group = np.array([GROUPS.index(name) for name in whole.group])
    eyes = np.stack([centre, centre * FLIP])
    joints = np.concatenate([np.stack([ROOT, NECK, JAW]), eyes])
    lower = np.flatnonzero(group == GROUPS.index("teeth_lower"))
    opening, sideways = jaw_angle(whole.points, fields, lower), side_angle(whole.points, fields, lower)
    weights = weights_of(whole.points, whole.triangles, fields, group, GROUPS, opening, whole.mirror)
    regressor = regressor_of(whole.points, joints, group, GROUPS, whole.mirror)
    jaw = correctives(whole.points, fields, weights, regressor @ whole.points, opening, sideways)
    mix, deviation = expression_mix(fields, prior(), EXPRESSIONS)
    basis, spread, kept = people_basis(people, people[:, whole.mirror] * FLIP, PEOPLE)
    uv, uv_triangles = uv_of(whole.points, whole.triangles, group)
    tensors = {
        "points": whole.points, "fields": fields, "identity_basis": basis, "identity_deviation": spread, "expression_mix": mix,
        "expression_deviation": deviation, "weights": weights, "regressor": regressor, "jaw_correctives": jaw, "uv": uv,
        "jaw_angles": np.array([opening, sideways]),
    }  # fmt: skip
    numbers = {"triangles": whole.triangles, "group": group, "mirror": whole.mirror, "uv_triangles": uv_triangles}
    found = {name: np.ascontiguousarray(tensor, np.float32) for name, tensor in tensors.items()}
    found |= {name: np.ascontiguousarray(tensor, np.int32) for name, tensor in numbers.items()}
    found["points"][:468], found["fields"][:51, :468] = shapes.points, shapes.fields
    figures = {
        "vertices": len(whole.points), "triangles": len(whole.triangles), "identity_variance_kept": round(kept, 4),
        "expression_variance_kept": round(float((deviation**2).sum() / np.trace(prior() @ flat_gram(fields))), 6),
        "jaw_opening_degrees": round(float(np.degrees(opening)), 2), "jaw_sideways_degrees": round(float(np.degrees(sideways)), 2),
        "joint_error": round(float(np.abs(regressor @ whole.points - joints).max()), 5),
    }  # fmt: skip
    return found, figures


def flat_gram(fields: Real) -> Real:
    """Multiply all fields with each other (52, 52)."""
    flat = fields.reshape(len(fields), -1)
    return np.asarray(flat @ flat.T)


def main() -> None:
    """Make the head and its card."""
    parser = argparse.ArgumentParser(description="Make OpenHead from our face shapes and ICT-FaceKit.")
    parser.add_argument("--ict", type=Path, required=True, help="ICT-FaceKit's FaceXModel folder; its shapes may be packed in npz files")
    parser.add_argument("--out", type=Path, default=Path(shapes_card.__code__.co_filename).parents[1] / "assets")
    asked = parser.parse_args()
    tensors, figures = make(asked.ict)
    asset = asked.out / "openhead.safetensors"
    asset.write_bytes(save(tensors))
    card = {
        "name": "openhead",
        "file": asset.name,
        "sha256": hashlib.sha256(asset.read_bytes()).hexdigest(),
        "licence": "MIT AND Apache-2.0",
        "commercial": True,
        "source": "made by tools/make_openhead.py; see made_by",
        "made_by": "python tools/make_openhead.py --ict ICT-FaceKit/FaceXModel",
        "data": "head, mouth, people: ICT-FaceKit (MIT, USC ICT); face: the asset `shapes` (MIT and Apache-2.0); eyes, hair, rig: our own",
        "scores": "docs/openhead.md",
        "notice": notice(asked.ict / "generic_neutral_mesh.obj"),
        "figures": figures,
    }
    (asked.out / "openhead.json").write_text(json.dumps(card, indent=1) + "\n")
    print(f"{asset}: {asset.stat().st_size} bytes, sha256 {card['sha256']}")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
