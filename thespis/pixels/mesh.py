"""Draw OpenHead itself, as a sculpture: a preview of any performance, where there is no portrait or it should not be seen."""

from dataclasses import dataclass
from fractions import Fraction

import cv2
import numpy as np
import numpy.typing as npt

from thespis.head.openhead import GROUPS, OpenHead, load_openhead
from thespis.head.shapes import BROW_LEFT, BROW_RIGHT
from thespis.motion.convert_head import gaze_of, weights_of
from thespis.motion.spaces.face import ARKIT, FACE
from thespis.pixels.raster import draw, packed
from thespis.types import FRAMES, Array, Bytes, Direction, Frames, Portrait, Track

USUAL = 512  # pixels
FINER = 2  # pictures are drawn this much larger, then made smaller
HEIGHT, MIDDLE = 4.6, (0.0, 0.55)  # eye distances that the picture is high, and what its middle shows
PAPER = (208, 210, 214)
COLOURS = {
    "skin": (206, 178, 160), "eye": (240, 240, 236), "iris": (70, 92, 110), "pupil": (24, 24, 28), "inside": (120, 52, 52),
    "tongue": (180, 92, 96), "teeth": (236, 230, 218), "hair": (84, 72, 66), "brow": (104, 84, 72),
}  # fmt: skip
OF_GROUP = {
    "eyeball_right": "eye", "eyeball_left": "eye", "iris_right": "iris", "iris_left": "iris", "mouth": "inside", "gums_upper": "inside",
    "gums_lower": "inside", "tongue": "tongue", "teeth_upper": "teeth", "teeth_lower": "teeth", "hair": "hair",
}  # fmt: skip
IRISES = (range(468, 473), range(473, 478))
PUPIL = 0.42  # of the iris
LAMPS = (((-0.45, -0.55, -0.75), 0.70), ((0.75, -0.15, -0.55), 0.26))  # where light comes from, and how strong it is
AMBIENT = 0.30


@dataclass(frozen=True)
class Easel:
    """One session: how large its pictures are (width, height)."""

    size: tuple[int, int]


class Sculpture:
    """Draw frames of OpenHead from a Track in the Space `face`."""

    takes, gives, delay = FACE, FRAMES, Fraction(0)

    def __init__(self, size: int = USUAL) -> None:
        """Draw square frames of `size` pixels unless the direction asks for another size."""
        self.size = size
        self.head = load_openhead()
        names = list(COLOURS)
        own = [names.index(OF_GROUP.get(name, "skin")) for name in GROUPS]
        kinds = np.array(own)[self.head.group]
        lips = self.head.fields[ARKIT.index("mouthClose")][[13, 14], 1]
        # The head at rest has its lips apart, as the canonical face has; a sculpture that says nothing shuts them.
        self._shut = float((self.head.points[14, 1] - self.head.points[13, 1]) / (lips[0] - lips[1]))
        texture = np.full((3, 3 * len(names), 4), 255, np.uint8)
        texture[:, :, :3] = np.repeat(np.array(list(COLOURS.values()), np.uint8), 3, axis=0)[None]
        self._texture = packed(np.ascontiguousarray(texture))
        corners = kinds[self.head.triangles]
        # A triangle between two colours takes the one of most of its corners, so that none is a mixture of neighbours in the table.
        self._triangles, self._kind = self.head.triangles.astype(np.int32), np.sort(corners, axis=1)[:, 1]
        for brow in (BROW_LEFT, BROW_RIGHT):
            self._kind[np.isin(self._triangles, brow).all(axis=1)] = names.index("brow")
        # Eyeballs come last: what they change is where their white is seen.
        white = names.index("eye")
        self._order = [*(int(kind) for kind in np.unique(self._kind) if kind != white), white]

    def start(self, portrait: Portrait, direction: Direction) -> Easel:
        """Choose the size."""
        return Easel(direction.size or (self.size, self.size))

    def step(self, state: Easel, chunk: Track, last: bool) -> Frames:
        """Draw one frame for each row."""
        width, height = state.size
        images = np.empty((len(chunk), height, width, 3), np.uint8)
        for number in range(len(chunk)):
            images[number] = self.picture(chunk.cut(chunk.start + number, chunk.start + number + 1), width, height)
        return Frames(images, chunk.fps, chunk.start)

    def picture(self, face: Track, width: int, height: int) -> Bytes:
        """Draw one row (height, width, 3)."""
        weights = weights_of(face)
        weights[:, ARKIT.index("mouthClose")] += self._shut
        points = self.head.pose(weights, face["head_rotation"], gaze_of(face), None, face["head_translation"])[0]
        scale = FINER * height / HEIGHT
        place = (points[:, :2] - np.array(MIDDLE)) * scale + np.array([FINER * width / 2, FINER * height / 2])
        canvas = np.empty((FINER * height, FINER * width, 3), np.uint8)
        canvas[:] = PAPER
        nearest = np.full(canvas.shape[:2], 1e9, np.float32)
        light = lit(self.head, points)
        placed, depth = np.ascontiguousarray(place, np.float32), np.ascontiguousarray(points[:, 2], np.float32)
        before = nearest
        for kind in self._order:
            before = nearest.copy()
            source = np.ascontiguousarray(np.broadcast_to(np.array([3 * kind + 1.0, 1.0], np.float32), (len(points), 2)))
            triangles = np.ascontiguousarray(self._triangles[self._kind == kind])
            draw(placed, depth, light, source, triangles, self._texture, canvas, nearest, False)
        for iris in IRISES:
            paint_iris(canvas, nearest != before, points[list(iris)], scale)
        return np.asarray(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def paint_iris(canvas: Bytes, white: npt.NDArray[np.bool_], iris: Array, scale: float) -> None:
    """Paint an iris (5, 3), its middle first, and its pupil on a canvas (height, width, 3) where the `white` of the eye is seen."""
    height, width = white.shape
    reach = float(np.linalg.norm(iris[1] - iris[0]))
    x, y = (iris[0, :2] - np.array(MIDDLE)) * scale + np.array([width / 2, height / 2])
    rows, columns = np.mgrid[int(y - reach * scale) : int(y + reach * scale) + 2, int(x - reach * scale) : int(x + reach * scale) + 2]
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    away = np.hypot(columns - x, rows - y) / scale
    for part, colour in ((reach, COLOURS["iris"]), (PUPIL * reach, COLOURS["pupil"])):
        inside = (away < part) & white[rows, columns]
        canvas[rows[inside], columns[inside]] = colour


def lit(head: OpenHead, points: Array) -> Array:
    """Tell how light each vertex (V,) is."""
    a, b, c = (points[head.triangles[:, corner]] for corner in range(3))
    facing = np.cross(b - a, c - a)
    normals = np.zeros_like(points)
    for corner in range(3):
        np.add.at(normals, head.triangles[:, corner], facing)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True) + 1e-9
    found = np.full(len(points), AMBIENT)
    for way, strength in LAMPS:
        found += strength * np.clip(normals @ (np.array(way) / np.linalg.norm(way)), 0, None)
    return np.ascontiguousarray(found, np.float32)
