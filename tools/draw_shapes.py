"""Draw the face at rest and its 51 shapes, from the front and turned, as one labelled picture."""

import argparse
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.shapes import Shapes, load_shapes

Picture = npt.NDArray[np.uint8]
CELL = (112, 150)  # width and height of one view, in pixels
SCALE = 42.0  # pixels per eye distance
FINER = 2  # views are drawn this much larger, then made smaller
TURN = float(np.radians(35.0))
MIDDLE = np.array([0.0, 0.62, 0.6])  # what a view looks at and turns about, in eye distances
LIGHT = np.array([-0.35, -0.45, -0.82])
PAPER, INK = (250, 250, 250), (40, 40, 40)  # colours are blue, green, red
SKIN, LIP, MOUTH = np.array([150.0, 178.0, 222.0]), np.array([120.0, 115.0, 200.0]), (40, 25, 60)
WHITE, IRIS, IRIS_SIZE = (240, 240, 240), (90, 60, 40), 0.085
LIP_SKIN = frozenset({
    183, 42, 41, 38, 12, 268, 271, 272, 407, 184, 74, 73, 72, 11, 302, 303, 304, 408, 62, 76, 292, 306,
    96, 89, 179, 86, 15, 316, 403, 319, 325, 77, 90, 180, 85, 16, 315, 404, 320, 307,
})  # fmt: skip


def on_paper(points: npt.NDArray[np.float64]) -> npt.NDArray[np.int32]:
    """Place turned points (n, 3) on a view (n, 2), in sixteenths of a pixel."""
    pixels = points[:, :2] * FINER * SCALE + FINER * np.array(CELL) / 2
    return np.asarray(np.round(pixels * 16), np.int32)


def view(shapes: Shapes, points: npt.NDArray[np.float32], turn: float) -> Picture:
    """Draw points (468, 3) as a shaded face turned by `turn` radians -> (height, width, 3)."""
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    turned = (points - MIDDLE) @ rotation.T
    flat = on_paper(turned)
    picture: Picture = np.full((FINER * CELL[1], FINER * CELL[0], 3), PAPER, np.uint8)
    mouth = np.concatenate([shapes.lips_inner_upper, shapes.lips_inner_lower[::-1]])
    cv2.fillPoly(picture, [flat[mouth]], MOUTH, cv2.LINE_AA, 4)
    for upper, lower, centre in (
        (shapes.eye_right_upper, shapes.eye_right_lower, shapes.eye_right_centre),
        (shapes.eye_left_upper, shapes.eye_left_lower, shapes.eye_left_centre),
    ):
        opening: Picture = np.zeros(picture.shape[:2], np.uint8)
        cv2.fillPoly(opening, [flat[np.concatenate([upper, lower[::-1]])]], (255,), cv2.LINE_8, 4)
        ball = np.full_like(picture, WHITE)
        pupil = on_paper(((centre - [0, 0, shapes.eye_radius] - MIDDLE) @ rotation.T)[None])[0]
        cv2.circle(ball, pupil.tolist(), int(IRIS_SIZE * FINER * SCALE * 16), IRIS, -1, cv2.LINE_AA, 4)
        picture[opening > 0] = ball[opening > 0]
    lips = LIP_SKIN.union(shapes.lips_outer.tolist(), mouth.tolist())
    corners = turned[shapes.triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    light = np.clip(normals @ LIGHT, 0, 1) * 0.85 + 0.2
    for number in np.argsort(-corners[:, :, 2].mean(axis=1)):
        triangle = shapes.triangles[number]
        if normals[number, 2] < 0:
            colour = np.clip((LIP if lips.issuperset(triangle.tolist()) else SKIN) * light[number], 0, 255).tolist()
            cv2.fillConvexPoly(picture, flat[triangle], colour, cv2.LINE_AA, 4)
    return picture


def sheet(shapes: Shapes, columns: int) -> Picture:
    """Draw the face at rest and every shape at full weight -> (height, width, 3)."""
    cells: list[Picture] = []
    for name in ("at rest", *shapes.names):
        weights = {name: 1.0} if name in shapes.names else {}
        if name == "mouthClose":  # it only ever undoes the jaw
            weights["jawOpen"] = 1.0
        moved = shapes.points + shapes.displace(weights)
        pair = np.concatenate([view(shapes, moved, 0.0), view(shapes, moved, TURN)], axis=1)
        cell = np.full((CELL[1] + 18, 2 * CELL[0], 3), PAPER, np.uint8)
        cell[18:] = cv2.resize(pair, (2 * CELL[0], CELL[1]), interpolation=cv2.INTER_AREA)
        cv2.putText(
            cell, "mouthClose and jawOpen" if name == "mouthClose" else name, (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.46, INK, 1, cv2.LINE_AA
        )
        cells.append(cell)
    cells += [np.full_like(cells[0], 250)] * (-len(cells) % columns)
    return np.concatenate([np.concatenate(cells[start : start + columns], axis=1) for start in range(0, len(cells), columns)])


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description="Draw every face shape on one sheet.")
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/shapes.jpg"))
    parser.add_argument("--columns", type=int, default=6)
    asked = parser.parse_args()
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(asked.out), sheet(load_shapes(), asked.columns), [cv2.IMWRITE_JPEG_QUALITY, 76])


if __name__ == "__main__":
    main()
