"""The parts of capture by themselves: bridging, smoothing, the bounded fit, poses, and flow."""

import signal
import threading
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np
import pytest

from thespis.capture import sighting
from thespis.capture.evidence import evened, moved, without_pose
from thespis.capture.expression import Reading
from thespis.capture.faces import align
from thespis.capture.footage import ahead
from thespis.capture.performance import heads
from thespis.capture.solver import bounded
from thespis.capture.steady import bridge, quieten
from thespis.capture.unwrap import HIGH, WIDE, surface, unwrap
from thespis.errors import MediaError
from thespis.head.shapes import load_shapes
from thespis.motion.rotations import matrices
from thespis.motion.spaces.face import FACE
from thespis.pixels.puppet import PIVOT_DEPTH, PIVOT_DROP
from thespis.types import Array, Bytes, Track

pytestmark = pytest.mark.unit

FPS = Fraction(25)


def face(rows: int, **channels: Array) -> Track:
    return Track(FACE, np.zeros((rows, FACE.size), np.float32), FPS).replace(**channels)


def test_a_gap_is_bridged_by_the_shortest_arc() -> None:
    turns = np.zeros((9, 3), np.float32)
    turns[:3, 1], turns[6:, 1] = 3.0, -3.0  # 3 and -3 radians are 0.28 apart over the back, not 6
    seen = np.array([1, 1, 1, 0, 0, 0, 1, 1, 0], bool)
    jaw = np.array([0, 0, 0, 9, 9, 9, 0.8, 0.8, 9], np.float32)
    made = bridge(face(9, head_rotation=turns, jawOpen=jaw), seen)
    assert np.allclose(made["jawOpen"], [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 0.8, 0.8])
    assert (np.abs(made["head_rotation"][3:6, 1]) > 3.0).all()
    assert np.array_equal(made.values[seen], face(9, head_rotation=turns, jawOpen=jaw).values[seen])


def test_nothing_seen_stays_as_it_is() -> None:
    track = face(3, jawOpen=np.ones(3, np.float32))
    assert bridge(track, np.zeros(3, bool)) is track


def test_smoothing_takes_trembling_out_and_leaves_blinks() -> None:
    random = np.random.default_rng(0)
    noise = (0.015 * random.standard_normal(100)).astype(np.float32)
    blink = np.exp(-0.5 * ((np.arange(100) - 50) / 1.2) ** 2).astype(np.float32)
    made = quieten(face(100, eyeBlinkLeft=blink + noise, browInnerUp=noise, head_rotation=np.stack([noise] * 3, 1)))
    assert made["eyeBlinkLeft"].max() > 0.97
    assert made["eyeBlinkLeft"].argmax() == 50
    assert made["browInnerUp"].std() < 0.6 * noise.std()
    assert made["head_rotation"][:, 0].std() < 0.6 * noise.std()


def test_smoothing_has_no_delay() -> None:
    curve = np.cumsum(np.random.default_rng(1).standard_normal((60, FACE.size)) * 0.03, axis=0).astype(np.float32)
    there = quieten(Track(FACE, curve, FPS)).values
    back = quieten(Track(FACE, curve[::-1].copy(), FPS)).values[::-1]
    assert np.abs(there - back).max() < 1e-5
    assert np.abs(there - curve).max() > 1e-3


def test_nothing_crosses_a_cut() -> None:
    curve = np.random.default_rng(2).uniform(0, 0.1, (30, FACE.size)).astype(np.float32)
    whole = quieten(Track(FACE, curve, FPS), (12,)).values
    apart = [quieten(Track(FACE, part, FPS)).values for part in (curve[:12], curve[12:])]
    assert np.abs(whole - np.concatenate(apart)).max() < 1e-6


def test_a_slope_is_not_bent_at_the_ends() -> None:
    slope = np.linspace(0, 0.2, 40).astype(np.float32)
    made = quieten(face(40, cheekPuff=slope, head_translation=np.stack([slope] * 3, 1)))
    assert np.abs(made["cheekPuff"] - slope).max() < 1e-4
    assert np.abs(made["head_translation"][:, 1] - slope).max() < 1e-4


def test_the_bounded_fit_is_the_smallest() -> None:
    random = np.random.default_rng(3)
    for _ in range(5):
        root = random.standard_normal((12, 8))
        matrix, target = root.T @ root + 0.1 * np.eye(8), 3 * random.standard_normal(8)
        many = np.stack([target, 0.1 * target, 0 * target])
        (x, little, none) = bounded(matrix, many, np.zeros((3, 8)), 1.4, 500)
        assert np.allclose(little, bounded(matrix, many[1:2], np.zeros((1, 8)), 1.4, 500)[0]) and not none.any()
        slope = matrix @ x - target
        assert (x >= 0).all() and (x <= 1.4).all()
        # At the smallest place no allowed step leads further down.
        assert (slope[x <= 0] > -1e-2).all() and (slope[x >= 1.4] < 1e-2).all()
        assert np.abs(slope[(x > 0) & (x < 1.4)]).max(initial=0) < 1e-2


def test_align_finds_the_pose_again() -> None:
    points = load_shapes().points.astype(np.float64)
    turn = matrices(np.array([[0.2, -0.4, 0.1]]))[0]
    rotation, scale, offset = align(points, 70 * points @ turn.T + [200, 150, -8], np.ones(len(points)))
    assert np.abs(rotation - turn).max() < 1e-5
    assert scale == pytest.approx(70, rel=1e-5)
    assert np.abs(offset - [200, 150, -8]).max() < 1e-3


def test_heads_move_as_the_renderer_moves_them() -> None:
    random = np.random.default_rng(4)
    usual = matrices(np.array([[0.05, 0.2, -0.1]]))[0]
    pivot = usual @ np.array([0.0, PIVOT_DROP, PIVOT_DEPTH])
    turns, moves = 0.15 * random.standard_normal((25, 3)), 0.05 * random.standard_normal((25, 3))
    moves[:, 2] = 0
    turns[0], moves[0] = 0, 0
    readings = []
    for turn, move in zip(matrices(turns), moves, strict=True):
        # The origin between the eyes, at rest 60 pixels an eye distance away from (300, 200), carried as Puppet.pose carries it.
        offset = 60 * (turn @ -pivot + pivot + move) + [300, 200, 0]
        readings.append(
            Reading(
                np.zeros(51, np.float32),
                (turn @ usual).astype(np.float32),
                60.0,
                offset.astype(np.float32),
                np.zeros(4),
                0.0,
            )
        )
    found_turns, found_moves = heads(readings, np.zeros(25, np.int64))
    found = matrices(found_turns)
    relative = found[0].T @ found
    assert np.abs(relative - matrices(turns[:1])[0].T @ matrices(turns)).max() < 0.05
    # Moves are told from the median one, and about a pivot that the median pose places.
    assert np.abs((found_moves - found_moves[0])[:, :2] - (moves - moves[0])[:, :2]).max() < 0.05


def test_each_shot_frames_the_face_in_its_own_way() -> None:
    pose, nothing = np.eye(3, dtype=np.float32), np.zeros(4, np.float32)
    readings = [
        Reading(np.zeros(51, np.float32), pose, scale, np.array([x, 200, 0], np.float32), nothing, 0.0)
        for scale, x in [(60.0, 300.0)] * 5 + [(90.0, 100.0)] * 5
    ]
    assert np.abs(heads(readings, np.array([0] * 5 + [1] * 5))[1]).max() < 1e-6
    assert np.abs(heads(readings, np.zeros(10, np.int64))[1]).max() > 1


def picture() -> np.ndarray:
    """A picture with texture everywhere."""
    random = np.random.default_rng(5)
    rough = random.integers(40, 215, (48, 48, 3)).astype(np.uint8)
    return cv2.resize(rough, (384, 384), interpolation=cv2.INTER_CUBIC)


def test_a_turned_head_shows_the_same_view() -> None:
    image, spots = picture(), surface()
    straight = unwrap(image, np.eye(3, dtype=np.float32), 100.0, np.array([190, 150, 0], np.float32))
    assert straight.shape == (HIGH, WIDE)
    roll = matrices(np.array([[0, 0, 0.4]]))[0]
    matrix = cv2.getRotationMatrix2D((190, 150), -np.degrees(0.4), 1.0)
    turned = unwrap(cv2.warpAffine(image, matrix, (384, 384)), roll.astype(np.float32), 100.0, np.array([190, 150, 0], np.float32))
    inside = np.s_[20:70, 20:76]
    assert spots.shape == (3, HIGH * WIDE)
    assert np.abs(straight[inside].astype(int) - turned[inside]).mean() < 4


def test_flow_finds_what_moved_but_not_the_pose() -> None:
    points = load_shapes().points
    view = cv2.cvtColor(cv2.resize(picture(), (WIDE, HIGH)), cv2.COLOR_RGB2GRAY)
    shifted = cv2.warpAffine(view, np.array([[1, 0, 1.5], [0, 1, -2.0]]), (WIDE, HIGH), borderMode=cv2.BORDER_REFLECT)
    found, trust = moved(evened(view), evened(shifted), points)
    assert trust == 1
    assert moved(evened(view), evened(view[::-1].copy()), points)[1] < 0.5
    middle = np.linalg.norm(points[:, :2], axis=1) < 0.6
    assert np.abs(np.median(found[middle], axis=0) - np.array([1.5, -2.0]) / 48).max() < 0.01
    firm = np.flatnonzero(middle)[::5]
    assert np.abs(np.median(without_pose(points, found, firm)[middle], axis=0)).max() < 0.01


def test_pictures_are_decoded_ahead_in_order_and_errors_come_through() -> None:
    def pictures(count: int) -> Iterator[Bytes]:
        for number in range(count):
            yield np.full((2, 2, 3), number, np.uint8)
        raise MediaError("that was all")

    seen = []
    with pytest.raises(MediaError, match="that was all"):
        for picture in ahead(pictures(20)):
            seen.append(int(picture[0, 0, 0]))  # noqa: PERF401 - what came before the error counts
    assert seen == list(range(20))
    before = threading.active_count()
    few = ahead(pictures(10**6))
    next(few)
    few.close()
    assert threading.active_count() == before


def test_sightings_of_a_long_video_lie_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sighting, "IN_MEMORY", 100_000)
    random = np.random.default_rng(2)
    shelf, given, kept = sighting.Shelf(), [], []
    for frame in range(30):
        given.append((random.standard_normal((478, 3)).astype(np.float32), random.integers(0, 255, (HIGH, WIDE)).astype(np.uint8)))
        kept.append(shelf.add(frame, given[-1][0]))
        if frame:  # views come later than points
            shelf.complete(kept[frame - 1], given[frame - 1][1])
    shelf.complete(kept[-1], given[-1][1])
    assert shelf._file._rolled  # type: ignore[attr-defined]
    for frame, ((points, view), each) in enumerate(zip(given, kept, strict=True)):
        assert each.frame == frame and (each.points == points).all() and (each.view == view).all()


def test_a_disk_without_room_for_a_long_video_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    resource = pytest.importorskip("resource")
    monkeypatch.setattr(sighting, "IN_MEMORY", 20_000)
    old, before = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    shelf = sighting.Shelf()
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, old[1]))
        with pytest.raises(MediaError, match=r"no room .* TMPDIR"):
            for frame in range(20):
                shelf.add(frame, np.zeros((478, 3), np.float32))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, before)
