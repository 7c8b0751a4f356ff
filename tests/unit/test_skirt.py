"""What lies around the face: the head's outline is told from shoulders, and shoulders stay where they are."""

import numpy as np
import pytest

from thespis.head.shapes import load_shapes
from thespis.pixels.skirt import WIDENING, WITHIN, find_edge, follow_body, follow_head, hide_slivers, rays, skirt
from thespis.types import Array

pytestmark = pytest.mark.unit
TURN = np.linspace(0, 2 * np.pi, 36, endpoint=False)
AWAY = np.stack([np.sin(TURN), -np.cos(TURN)], axis=1).astype(np.float32)
SHORT = np.full(1, 0.3, np.float32)
"""How far from the face's outline the head's is, with short hair."""
OUTLINE = np.concatenate([AWAY * np.array([0.8, 1.1], np.float32), np.zeros((36, 1), np.float32)], axis=1).astype(np.float32)


def test_the_outline_of_a_head_does_not_leap_out_along_a_shoulder() -> None:
    y, x = np.mgrid[0:400, 0:400]
    head, shoulders = np.hypot((x - 200) / 80, (y - 150) / 110) < 1.1, y > 280
    share = np.where(head | shoulders | ((np.abs(x - 200) < 50) & (y > 150)), 255, 0).astype(np.uint8)

    def to_texture(spots: Array) -> Array:
        return np.asarray(spots * 80 + (200, 150), np.float32)

    edge = find_edge(share, to_texture, OUTLINE, AWAY)
    assert np.abs(np.diff(np.append(edge, edge[0]))).max() <= WIDENING + 1e-5
    assert edge[0] < 0.5 < 1.0 < edge[18]


def test_shoulders_stay_and_hair_and_neck_go_with_the_head() -> None:
    spots = np.array([[1.6, 1.7], [1.2, -0.6], [0.3, 1.2], [-1.6, 1.7]], np.float32)
    shoulder, hair, neck, other = follow_head(OUTLINE, spots, np.zeros(4, np.float32), SHORT)
    assert shoulder == other == 0
    assert hair == 1
    assert neck > 0.8


def test_collars_beside_the_throat_stay_where_the_throat_goes_along() -> None:
    throat, collar = follow_head(OUTLINE, np.array([[0.2, 1.45], [0.9, 1.45]], np.float32), np.zeros(2, np.float32), SHORT)
    assert throat > 0.6
    assert collar < 0.2


def test_the_body_begins_below_the_chin_and_ends_on_the_chest() -> None:
    face, hair, shoulder, chest = follow_body(OUTLINE, np.array([[0, 0.4], [1.2, 0.2], [1.5, 2.0], [0, 3.6]], np.float32))
    assert face == hair == chest == 0
    assert shoulder > 0.8


def test_what_a_turn_leaves_of_hair_as_a_mere_line_goes_behind_the_face() -> None:
    angles = np.linspace(0, 2 * np.pi, 36, endpoint=False)
    away = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    level = np.append(away, np.zeros((36, 1)), axis=1)
    outline = level.astype(np.float32)

    def beside(width: float) -> Array:
        rings = outline + np.linspace(0, width, 22)[:, None, None] * level
        return np.ascontiguousarray(rings.reshape(-1, 3), np.float32)

    line, hair = beside(0.04), beside(0.6)
    kept = hair.copy()
    hide_slivers(line, outline, away)
    hide_slivers(hair, outline, away)
    assert np.array_equal(hair, kept)
    rings = line.reshape(22, 36, 3)[: len(WITHIN)]
    out = ((rings[..., :2] - outline[:, :2]) * away).sum(axis=2).max(axis=0)
    # Beside the face it is gone; below it a neck goes on.
    assert out[0] < 1e-5 < 0.01 < out[9]


def test_the_edge_of_a_shoulder_bends_in_a_curve_where_the_head_tilts() -> None:
    shapes, front = load_shapes(), np.eye(3, dtype=np.float32)

    def within(spots: Array) -> Array:
        return np.full((len(spots), 2), 9.0, np.float32)

    def person(spots: Array, *, softly: bool) -> Array:
        return np.ones(len(spots), np.float32)

    layer, carry = skirt(shapes, shapes.points, front, None, within, person)
    follow = layer.follow_head
    assert follow is not None
    assert carry.shape == (len(follow), len(shapes.oval))
    # Each point of the face's outline is a point of the skirt, and those between lie on its edges: nothing gapes.
    outline = shapes.points[shapes.oval]
    assert np.allclose(layer.points[: 2 * len(outline) : 2], outline, atol=1e-5)
    assert np.allclose(layer.points[1 : 2 * len(outline) : 2], (outline + np.roll(outline, -1, axis=0)) / 2, atol=1e-5)
    # Across collars and shoulders the mesh bends as what it stands for does: pieces that are too long saw the edge of a shoulder.
    chin = float(outline[:, 1].max())
    y, x = np.mgrid[chin - 0.6 : chin + 0.8 : 40j, -2.0:2.0:80j]
    spots = np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
    found = np.full(len(spots), np.nan)
    places = np.append(spots, np.ones((len(spots), 1)), axis=1)
    for triangle in layer.triangles:
        corners = np.append(layer.points[triangle, :2], np.ones((3, 1)), axis=1)
        if abs(np.linalg.det(corners)) > 1e-9:
            parts = places @ np.linalg.inv(corners)
            inside = (parts > -1e-6).all(axis=1)
            found[inside] = parts[inside] @ follow[triangle, 1]
    around = np.isfinite(found)
    assert around.mean() > 0.5
    assert np.abs(found - follow_head(outline, spots, None, SHORT))[around].max() < 0.15


def test_what_nobody_is_cut_out_of_is_bound_to_the_pictures_edge() -> None:
    shapes, front = load_shapes(), np.eye(3, dtype=np.float32)

    def room(spots: Array) -> Array:
        """The picture ends 2.5 eye distances to the left, and nowhere else."""
        return np.stack([spots[:, 0] + 2.5, np.full(len(spots), 9.0)], axis=1).astype(np.float32)

    def person(spots: Array, *, softly: bool) -> Array:
        return np.ones(len(spots), np.float32)

    edge = np.full(36, 0.5, np.float32)
    free, bound = (skirt(shapes, shapes.points, front, edge, room, person, bound=each)[0] for each in (False, True))
    assert free.free is not None and bound.free is not None
    at_edge = free.points[:, 0] < -2.55
    assert at_edge.any() and free.free[at_edge].min() == 1.0
    assert bound.free[at_edge, 0].max() < 1e-6 and bound.free[:, 1].min() == 1.0
    inside = free.points[:, 0] > -1.9
    assert np.array_equal(bound.free[inside], free.free[inside])


def test_a_shoulder_beside_the_jaw_stays_and_hair_beside_the_brow_goes_along() -> None:
    spots = np.array([[1.25, 0.75], [1.25, -0.9]], np.float32)
    beyond = np.full(2, 0.4, np.float32)
    shoulder, hair = follow_head(OUTLINE, spots, beyond, SHORT)
    assert shoulder < 0.05 < 0.9 < hair


def test_long_hair_beside_a_shoulder_stretches_and_a_collar_does_not() -> None:
    spots = np.array([[1.2, y] for y in np.linspace(0.5, 3.0, 60)], np.float32)
    inside = np.full(60, -0.5, np.float32)
    short, long = (follow_head(OUTLINE, spots, inside, np.full(60, edge, np.float32)) for edge in (0.3, 1.6))
    # Beside the jaw the hair follows more, and nowhere is it squeezed as much.
    assert long[5] > short[5] + 0.2
    assert np.abs(np.diff(long)).max() < 0.75 * np.abs(np.diff(short)).max()
    collar = np.array([[0.2, 2.0]], np.float32)
    assert follow_head(OUTLINE, collar, inside[:1], SHORT) == follow_head(OUTLINE, collar, inside[:1], SHORT + 2)


def test_an_ear_that_is_seen_from_the_front_goes_back_no_farther_than_ears_do() -> None:
    shapes, front = load_shapes(), np.eye(3, dtype=np.float32)
    points = shapes.points.copy()
    points[shapes.oval, 2] = 0.5
    _, away = rays(shapes, points, front)

    def deep(edge: float) -> float:
        """Say how far behind the face's outline the head's lies, at the height of the ears."""
        edges = np.full(36, edge, np.float32)
        layer, _ = skirt(
            shapes, points, front, edges, lambda spots: np.full((len(spots), 2), 9.0, np.float32),
            lambda spots, softly: np.ones(len(spots), np.float32),
        )  # fmt: skip
        rings = layer.points.reshape(-1, 72, 3)
        return float(rings[WITHIN.index(1.0), ::2, 2][np.abs(away[:, 0]) > 0.97].mean()) - 0.5

    narrow, wide, hair = deep(0.15), deep(0.4), deep(0.9)
    assert narrow == pytest.approx(0.33, abs=0.02) and hair == pytest.approx(0.75, abs=0.02)
    assert wide < 0.42
