"""Creases of the skin: soft light and shade where an expression folds it, on smooth faces hardly more, and never a drawn line."""

import cv2
import numpy as np
import pytest

from thespis.head.shapes import SHAPES, load_shapes
from thespis.pixels.creases import Skin, find_creases
from thespis.types import Array, Bytes

pytestmark = pytest.mark.unit
UNIT = 90.0
TONE = 180
SAD = {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}
ANGRY = {"browDownLeft": 1.0, "browDownRight": 1.0}
SURPRISED = {"browInnerUp": 1.0, "browOuterUpLeft": 1.0, "browOuterUpRight": 1.0}
DISGUSTED = {"noseSneerLeft": 1.0, "noseSneerRight": 1.0}


def face(grain: float, light: float = TONE) -> tuple[Bytes, Array]:
    """Skin of one colour with a grain (of its brightness) as large as pores and wrinkles, and a face's points on it."""
    noise = np.random.default_rng(0).normal(0, 1, (400, 400)).astype(np.float32)
    noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.03 * UNIT), np.float32)
    tone = light * (1 + grain * noise / noise.std())
    texture = np.dstack([*[tone] * 3, np.full_like(tone, 255)]).astype(np.uint8)
    points = load_shapes().points[:, :2] * UNIT + 200
    return texture, np.append(points, np.zeros((10, 2)), axis=0).astype(np.float32)


def shaded(grain: float, weights: dict[str, float], light: float = TONE) -> Array:
    """How much darker or lighter (h, w) the skin of a face becomes."""
    texture, points = face(grain, light)
    skin: Skin = find_creases(texture, points[:468], UNIT)
    row = np.zeros(len(SHAPES), np.float32)
    for name, weight in weights.items():
        row[SHAPES.index(name)] = weight
    before = texture[..., 0].astype(np.float32)
    assert skin.crease(texture, row)
    return np.asarray(texture[..., 0] / before - 1, np.float32)


@pytest.mark.parametrize("weights", [SAD, ANGRY, DISGUSTED, SURPRISED], ids=["sad", "angry", "disgusted", "surprised"])
def test_creases_of_smooth_skin_are_shades_and_no_lines(weights: dict[str, float]) -> None:
    shade = shaded(0.0, weights)
    # It shows, but nowhere darker than a soft fold, nor as steep as a stroke of a pencil.
    assert -0.10 < shade.min() < -0.02
    steep = max(float(np.abs(np.diff(shade, axis=axis)).max()) for axis in (0, 1))
    assert steep < 0.025


def test_lined_skin_folds_deeper_than_smooth_skin() -> None:
    assert shaded(0.05, ANGRY).min() < 1.5 * shaded(0.0, ANGRY).min()


def test_no_expression_leaves_the_skin_as_it_is() -> None:
    texture, points = face(0.02)
    skin = find_creases(texture, points[:468], UNIT)
    before = texture.copy()
    assert skin.crease(texture, np.zeros(len(SHAPES), np.float32))
    assert np.array_equal(texture, before)
    assert not skin.crease(texture, np.zeros(len(SHAPES), np.float32))


def test_no_line_of_the_forehead_lies_across_hair_that_hangs_over_it() -> None:
    row = np.zeros(len(SHAPES), np.float32)
    for name, weight in SURPRISED.items():
        row[SHAPES.index(name)] = weight
    deepest = []
    for strands in (False, True):
        texture, points = face(0.0)
        top = int(points[[105, 334], 1].max())
        if strands:
            texture[:top, 200::8, :3] = TONE // 2
            texture[:top, 201::8, :3] = TONE // 2
        before = texture[..., 0].astype(np.float32)
        assert find_creases(texture, points[:468], UNIT).crease(texture, row)
        shade = texture[:top, :, 0] / before[:top] - 1
        deepest.append((shade[:, :190].min(), shade[:, 210:].min()))
    (left, right), (bare, hair) = deepest
    assert right < -0.02
    assert bare == pytest.approx(left, abs=0.005)
    assert abs(hair) < 0.3 * abs(right)


def test_skin_in_glaring_light_has_hardly_any_creases() -> None:
    plain, glaring = (-float(shaded(0.005, DISGUSTED, light).min()) for light in (TONE, 242))
    assert plain > 0.01
    assert glaring < 0.4 * plain
