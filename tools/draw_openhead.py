"""Draw OpenHead for its page: a turntable, all 52 shapes, people, and what joints do."""

import argparse
from pathlib import Path

import cv2
import numpy as np
from openhead_parts import hair_height
from shaded import Picture, Real, shade, subdivide

from thespis.head.openhead import GROUPS, OpenHead, load_openhead
from thespis.head.shapes import BROW_LEFT
from thespis.motion.spaces.face import ARKIT
from thespis.types import Array, random_for

INK = (40, 40, 40)
COLOURS = {
    "face": (0.87, 0.68, 0.58), "skull": (0.87, 0.68, 0.58), "ears": (0.88, 0.66, 0.57), "neck": (0.85, 0.66, 0.57),
    "chest": (0.85, 0.66, 0.57),
    "iris_right": (0.93, 0.92, 0.9), "iris_left": (0.93, 0.92, 0.9), "eyeball_right": (0.93, 0.92, 0.9), "eyeball_left": (0.93, 0.92, 0.9),
    "lids_inner": (0.3, 0.19, 0.16), "mouth": (0.36, 0.11, 0.11), "gums_upper": (0.66, 0.32, 0.32), "gums_lower": (0.6, 0.28, 0.28),
    "tongue": (0.76, 0.36, 0.37), "teeth_upper": (0.95, 0.93, 0.88), "teeth_lower": (0.92, 0.9, 0.85), "hair": (0.22, 0.16, 0.12),
}  # fmt: skip
SHINE = {"hair": 0.1, "tongue": 0.3, "teeth_upper": 0.35, "teeth_lower": 0.3, "gums_upper": 0.25, "gums_lower": 0.25, "mouth": 0.05}
EYES_SHINE, SKIN_SHINE = 0.75, 0.07
LIP, BROW = np.array([0.74, 0.42, 0.41]), np.array([0.27, 0.2, 0.15])
LIP_POINTS = (
    183, 42, 41, 38, 12, 268, 271, 272, 407, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 76,
    292, 306, 191, 80, 81, 82, 13, 312, 311, 310, 415,
    96, 89, 179, 86, 15, 316, 403, 319, 325, 77, 90, 180, 85, 16, 315, 404, 320, 307, 78, 308, 95, 88, 178, 87, 14, 317, 402, 318, 324,
)  # fmt: skip
IRIS_ANGLE = float(np.arcsin(0.088 / 0.205))
MIDDLE = np.array([0.0, 0.62, 0.75])
VIEWS = (("front", 0.0), ("half left", 40.0), ("left", 90.0), ("back", 180.0), ("half right", -40.0))


class Sitter:
    """OpenHead made ready for drawing: finer, with what the painter must know at each vertex."""

    def __init__(self, head: OpenHead) -> None:
        """Note for each vertex its place at rest, its group, whether it is lip, and its place on the eyeball."""
        self.head = head
        self.groups = np.eye(len(GROUPS))[head.group]
        lip = np.zeros((len(head.points), 1))
        lip[list(LIP_POINTS)] = 1
        gaze = np.zeros((len(head.points), 3))
        for side in ("left", "right"):
            inside = head.members(f"eyeball_{side}", f"iris_{side}")
            around = head.points[inside] - (head.regressor @ head.points)[3 if side == "left" else 4]
            gaze[inside] = around / np.linalg.norm(around, axis=1, keepdims=True)
        self.values = np.concatenate([head.points, self.groups, lip, gaze], axis=1)
        left = head.points[list(BROW_LEFT[:5])] / 2 + head.points[list(BROW_LEFT[9:4:-1])] / 2
        self.brow = left[np.argsort(left[:, 0]), :2].astype(float)

    def paint(self, values: Real) -> tuple[Real, Real]:
        """Give each pixel its colour (n, 3) and shine (n,)."""
        place, groups, lip, gaze = np.split(values, np.cumsum([3, len(GROUPS), 1]), axis=1)
        colour = groups @ np.array([COLOURS[name] for name in GROUPS])
        shine = groups @ np.array([SHINE.get(name, SKIN_SHINE) for name in GROUPS])
        skin = groups[:, GROUPS.index("face")]
        # Cheeks, nose and chin are redder, and the lips more so.
        blush = sum(
            np.exp(-(((np.abs(place[:, 0]) - x) / a) ** 2) - ((place[:, 1] - y) / b) ** 2)
            for x, y, a, b in ((0.62, 0.62, 0.3, 0.26), (0.0, 0.5, 0.2, 0.16), (0.0, 1.6, 0.3, 0.2))
        )
        colour = colour * (1 - 0.07 * (skin * blush)[:, None] * np.array([0.0, 1.0, 0.9]))
        lips = np.clip((lip[:, 0] - 0.25) / 0.5, 0, 1)
        lips = (lips * lips * (3 - 2 * lips) * np.maximum(skin, 1 - groups.max(axis=1)))[:, None]
        colour = (1 - lips) * colour + lips * LIP
        shine = shine + 0.16 * lips[:, 0]
        # The brow: hairs about a line, thinner outward.
        x, y = np.abs(place[:, 0]), place[:, 1]
        along = (x - self.brow[0, 0]) / (self.brow[-1, 0] - self.brow[0, 0])
        line = np.interp(x, self.brow[:, 0], self.brow[:, 1])
        width = 0.052 * np.clip(1.05 - 0.6 * along, 0, 1)
        ends = np.clip((along + 0.08) * 9, 0, 1) * np.clip((1.06 - along) * 7, 0, 1)
        hairs = 0.86 + 0.08 * np.sin(190 * x + 120 * (y - line)) + 0.08 * np.sin(313 * x - 40 * y + 3)
        brow = (0.86 * np.clip(1.6 - np.abs(y - line) / np.maximum(width, 1e-3) * 1.25, 0, 1) * ends * skin * hairs)[:, None]
        colour = (1 - brow) * colour + brow * BROW
        # The eye: pupil, iris with its dark rim, white.
        ball = np.linalg.norm(gaze, axis=1)
        is_eye = ball > 0.6
        angle = np.arccos(np.clip(-gaze[:, 2] / np.maximum(ball, 1e-6), -1, 1)) / IRIS_ANGLE
        spokes = 0.85 + 0.15 * np.sin(23 * np.arctan2(gaze[:, 1], gaze[:, 0]))
        iris = np.array([0.36, 0.27, 0.17]) * (0.75 + 0.5 * np.clip(angle, 0, 1) * spokes)[:, None]
        iris = iris * (1 - 0.75 * np.clip((angle - 0.8) / 0.2, 0, 1))[:, None]
        iris[angle < 0.4] = 0.03
        inside = np.clip((1.06 - angle) / 0.1, 0, 1)[:, None]
        white = np.array([0.98, 0.97, 0.95]) * (1 - 0.06 * np.clip(angle - 1, 0, 2)[:, None] * np.array([0.3, 1.0, 1.0]))
        colour[is_eye] = ((1 - inside) * white + inside * iris)[is_eye]
        shine = np.where(is_eye, EYES_SHINE, shine)
        # Short hair on the skin along the edge of the cap.
        edge = hair_height(place) + 0.006 * (np.sin(71 * place[:, 0] + 53 * place[:, 2]) + np.sin(173 * place[:, 0] - 101 * place[:, 2]))
        bare = groups[:, [GROUPS.index(name) for name in ("face", "skull", "neck")]].sum(axis=1)
        bare = bare * ((place[:, 1] < -0.16) | (place[:, 2] > 1.3))  # none where the line drops before the ear
        near = (0.75 * bare * np.clip(1 + edge / 0.045, 0, 1) ** 2)[:, None]
        colour = (1 - near) * colour + near * np.array(COLOURS["hair"]) * 1.2
        # Hair: strands combed back from the forehead.
        hair = groups[:, GROUPS.index("hair")]
        strand = np.arctan2(place[:, 0], 1.2 + 0.15 * place[:, 2] - place[:, 1])
        wave = np.sin(3.1 * place[:, 2] + 5 * place[:, 0]) + np.sin(7.3 * place[:, 1] - 4 * place[:, 0])
        grain = sum(size * np.sin(rate * strand + turn * wave) for rate, turn, size in ((47, 0.3, 0.3), (113, 0.7, 0.35), (199, 1.2, 0.3)))
        colour = colour * (1 + 0.2 * hair * grain)[:, None]
        return np.clip(colour, 0, 1.3), np.clip(shine * (1 + 0.6 * hair * grain), 0, 1)

    def view(
        self, points: Array | Real, turn: float, size: tuple[int, int], scale: float, middle: Real = MIDDLE, nod: float = 0.0
    ) -> Picture:
        """Draw vertices (V, 3) turned by degrees -> (height, width, 3), red first."""
        rounds = 2 if scale > 60 else 1
        across, down = np.radians(turn), np.radians(nod)
        yaw = np.array([[np.cos(across), 0, np.sin(across)], [0, 1, 0], [-np.sin(across), 0, np.cos(across)]])
        pitch = np.array([[1, 0, 0], [0, np.cos(down), -np.sin(down)], [0, np.sin(down), np.cos(down)]])
        fine, triangles, values = points.astype(float) - middle, self.head.triangles.astype(np.int64), self.values
        for _ in range(rounds):
            fine, triangles, values = subdivide(fine, triangles, values)
        return shade(fine @ yaw.T @ pitch.T, triangles, values, self.paint, size, scale, np.zeros(3))


def titled(picture: Picture, title: str) -> Picture:
    """Write a title over a picture."""
    strip = np.full((20, picture.shape[1], 3), 237, np.uint8)
    cv2.putText(strip, title, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA)
    return np.concatenate([strip, picture])


def grid(cells: list[Picture], columns: int) -> Picture:
    """Lay cells of one size out in rows."""
    cells = cells + [np.full_like(cells[0], 237)] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)])


def gaze_of(name: str) -> Real:
    """Find the gaze (4,) that goes with a shape of the lids."""
    side = 1.0 if "Left" in name else -1.0
    yaw = {"eyeLookIn": -side, "eyeLookOut": side}.get(name.removesuffix("Left").removesuffix("Right"), 0.0) * 0.45
    pitch = {"eyeLookUp": -0.35, "eyeLookDown": 0.45}.get(name.removesuffix("Left").removesuffix("Right"), 0.0)
    both = np.array([yaw, pitch])
    return np.concatenate([both if "Left" in name else both * 0, both if "Right" in name else both * 0])


def turntable(sitter: Sitter) -> Picture:
    """Draw the head at rest from five sides."""
    return grid(
        [titled(sitter.view(sitter.head.points, turn, (300, 400), 73, MIDDLE + np.array([0, 0.05, 0.2])), name) for name, turn in VIEWS], 5
    )


def shape_sheet(sitter: Sitter) -> Picture:
    """Draw every shape at full weight."""
    cells = []
    for row, name in enumerate(ARKIT):
        weights = np.zeros((1, len(ARKIT)), np.float32)
        weights[0, row] = 1
        if name == "mouthClose":
            weights[0, ARKIT.index("jawOpen")] = 1
        if name == "tongueOut":
            weights[0, ARKIT.index("jawOpen")] = 0.35
        gaze = gaze_of(name)[None].astype(np.float32) if name.startswith("eyeLook") else None
        posed = sitter.head.pose(weights, gaze=gaze)[0]
        title = {"mouthClose": "mouthClose + jawOpen", "tongueOut": "tongueOut + jawOpen"}.get(name, name)
        cells.append(titled(sitter.view(posed, 22, (170, 190), 62, np.array([0.05, 0.55, 0.3])), title))
    return grid(cells, 9)


def people_sheet(sitter: Sitter, count: int = 12) -> Picture:
    """Draw random people."""
    random = random_for(7, "people of the picture")
    head = sitter.head
    shape = random.standard_normal((count, len(head.identity_deviation))).astype(np.float32) * 0.8
    cells = [
        sitter.view(posed, turn, (200, 270), 52) for posed, turn in zip(head.flame(shape).vertices, [0, 35] * (count // 2), strict=True)
    ]
    return grid(cells, 6)


def joint_sheet(sitter: Sitter) -> Picture:
    """Draw what the joints do."""
    cells = []
    for name, joint, vector in (
        ("jaw as by jawOpen", 2, (sitter.head.opening, 0, 0)), ("jaw to the side", 2, (0.08, 1.5 * sitter.head.sideways, 0)),
        ("neck 25 degrees", 1, (0, 0.44, 0)),
        ("nod 20 degrees", 1, (0.35, 0, 0)), ("eyes 25 degrees", 3, (0, 0.44, 0)), ("tilt 15 degrees", 1, (0, 0, 0.26)),
    ):  # fmt: skip
        rotations = np.zeros((1, 5, 3), np.float32)
        rotations[0, joint] = vector
        if joint == 3:
            rotations[0, 4] = vector
        cells.append(titled(sitter.view(sitter.head.flame(rotations=rotations).vertices[0], 15, (220, 290), 56), name))
    return grid(cells, 6)


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description="Draw OpenHead.")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    sitter = Sitter(load_openhead())
    for name, draw in (("turntable", turntable), ("shapes", shape_sheet), ("people", people_sheet), ("joints", joint_sheet)):
        if asked.only in ("", name):
            picture = draw(sitter)
            cv2.imwrite(str(asked.out / f"openhead_{name}.jpg"), picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
