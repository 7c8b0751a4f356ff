"""The portrait's own lips in frames that are finer than a network draws: they close, they part as asked, and nothing is painted on them."""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np
import pytest

from thespis.capture.faces import face_at, face_of, measure
from thespis.motion.convert_head import flame_of_face
from thespis.motion.spaces.face import FACE
from thespis.pixels.diffusion.conditions import expression_of, pose_of
from thespis.pixels.diffusion.detail import Finer
from thespis.pixels.diffusion.lips import OwnLips
from thespis.pixels.diffusion.square import Square, aligning, cut_square, square_of
from thespis.pixels.parting import SHUT
from thespis.types import Array, Bytes, Portrait, Track

pytestmark = pytest.mark.unit
SIDE = 256


class Shown:
    """A portrait in its square, its points there, and its lips."""

    def __init__(self, portrait: Portrait) -> None:
        points = face_of(portrait).points
        square = square_of(points).inside(*portrait.image.shape[:2])
        self.picture = cut_square(portrait.image, square, SIDE)
        zoom = SIDE / square.side
        middle = np.array([square.x, square.y, 0], np.float32)
        self.points = np.asarray((points - middle) * zoom + np.array([SIDE / 2 - 0.5] * 2 + [0], np.float32), np.float32)
        self.lips = OwnLips(self.picture, self.points, aligning(self.points))

    def frames(self, conditions: Mapping[str, Array], over: float = 0.0) -> Bytes:
        """Draw frames whose pixels are all where the portrait has them, with so much paint everywhere."""
        here = np.stack(np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 2, indexing="xy"), axis=-1)
        still = Finer(self.picture, here, np.full((SIDE, SIDE, 3), over, np.float32))
        return self.lips.speak([still] * len(conditions["expression"]), conditions)

    def gap(self, frame: Bytes) -> float:
        """Find how far lips are apart in a frame, in eye distances."""
        low, high = self.points[:468, :2].min(axis=0), self.points[:468, :2].max(axis=0)
        points = measure(frame, *((low + high) / 2).tolist(), float((high - low).max()))
        assert points is not None
        return float(np.linalg.norm(points[13] - points[14])) / face_at(points).scale


def conditions(rows: int = 1, head: tuple[float, float, float] = (0, 0, 0), **weights: float | Array) -> dict[str, Array]:
    """What a network is told of rows of the Space `face`."""
    values = np.zeros((rows, FACE.size), np.float32)
    for name, weight in weights.items():
        values[:, FACE.column(name)] = weight
    values[:, FACE.slice("head_rotation")] = np.radians(head)
    flame = flame_of_face(Track(FACE, values, Fraction(25))).values
    return {"expression": expression_of(flame), "pose": pose_of(flame)}


@pytest.fixture(scope="module")
def shown(astronaut: Portrait) -> Shown:
    return Shown(astronaut)


def test_a_smiling_portrait_closes_its_lips_and_parts_them_as_far_as_asked(shown: Shown) -> None:
    assert shown.gap(shown.picture) > 0.05  # she shows her teeth
    jaw = np.array([0.0, 0.25, 0.45, 0.65], np.float32)
    gaps = [shown.gap(frame) for frame in shown.frames(conditions(len(jaw), jawOpen=jaw))]
    assert shown.gap(shown.frames(conditions(**SHUT))[0]) < 0.02
    assert gaps[0] < 0.03
    assert np.corrcoef(jaw, gaps)[0, 1] > 0.98
    assert gaps[-1] > 0.15


def test_nothing_is_painted_on_lips(shown: Shown) -> None:
    told = conditions(jawOpen=0.4)
    plain, painted = (shown.frames(told, over)[0].astype(int) for over in (0.0, 40.0))
    x, y = np.round(shown.points[[0, 17], :2].mean(axis=0)).astype(int)
    np.testing.assert_array_equal(painted[y - 3 : y + 4, x - 3 : x + 4], plain[y - 3 : y + 4, x - 3 : x + 4])
    x, y = np.round(shown.points[151, :2]).astype(int)  # the forehead
    np.testing.assert_array_equal(painted[y, x], np.minimum(plain[y, x] + 40, 255))


def test_what_is_far_from_the_lips_is_left_as_it_was(shown: Shown) -> None:
    frame = shown.frames(conditions(jawOpen=0.5))[0]
    nose = int(shown.points[5, 1])
    np.testing.assert_allclose(frame[:nose].astype(int), shown.picture[:nose], atol=1)  # what a mesh draws again is rounded again


def test_lips_go_along_with_the_head(shown: Shown) -> None:
    still, turned = (shown.frames(conditions(head=head))[0].astype(int) for head in ((0.0, 0.0, 0.0), (0.0, 10.0, 0.0)))
    x, y = np.round(shown.points[[13, 14], :2].mean(axis=0)).astype(int)
    around = np.s_[y - 12 : y + 13, x - 16 : x + 17]
    shifts = {shift: float(np.abs(np.roll(still, shift, axis=1)[around] - turned[around]).mean()) for shift in range(-12, 13)}
    # Which way a positive turn goes is told by where OpenHead's lips go.
    assert abs(min(shifts, key=lambda shift: shifts[shift])) >= 3


def test_a_square_stays_within_the_picture() -> None:
    assert Square(50, 50, 40).inside(100, 100) == Square(50, 50, 40)
    assert Square(5, 90, 40).inside(100, 100) == Square(19.5, 79.5, 40)
    assert Square(50, 50, 400).inside(60, 100) == Square(50, 29.5, 60)
