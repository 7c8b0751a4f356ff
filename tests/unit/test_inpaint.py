"""Mouths painted anew: what was painted goes into frames with their own detail, and a mouth that rests in silence is left alone."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from thespis.features.spaces import ARTICULATION
from thespis.pixels.dub.align import aligned, carried, pasted, softened
from thespis.pixels.dub.inpaint import Inpaint, restless
from thespis.pixels.dub.lip_networks import Repainted, voice_speaking, voice_tokens
from thespis.pixels.dub.lip_shape import SHAPES
from thespis.types import Array, Bytes, Direction, Portrait, Track, random_for

pytestmark = pytest.mark.unit

SHAPE = SHAPES["tiny"]
SPEAKING = ARTICULATION.column("speaking")


def face(apart: float = 0.0, size: int = 96) -> Array:
    """Points of a face that fills a picture, with lips so many distances of the eyes apart."""
    points = np.full((478, 3), size / 2, np.float32)
    for group, (x, y) in zip(([70, 63, 105, 66, 107], [300, 293, 334, 296, 336], [1, 4, 98, 327, 2]), SHAPE.anchors, strict=True):
        points[group, :2] = [x * size, y * size]
    points[[46, 53, 52, 65, 55], :2], points[[276, 283, 282, 295, 285], :2] = points[70, :2], points[300, :2]
    points[33, :2], points[263, :2] = [0.3 * size, 0.2 * size], [0.7 * size, 0.2 * size]
    points[13, :2], points[14, :2] = [0.5 * size, 0.7 * size], [0.5 * size, (0.7 + 0.4 * apart) * size]
    return points


class Darkening:
    """A network that darkens squares, and notes how often it was asked."""

    shape, keeps, asked = SHAPE, True, 0

    def paint(self, squares: Bytes, tokens: Array, noise: Array, strength: float) -> Repainted:
        self.asked += 1
        return Repainted(squares, squares // 2, np.zeros((*squares.shape[:3], 2), np.float32))


def voice(count: int, spoken: slice) -> Track:
    values = np.zeros((count, ARTICULATION.size), np.float32)
    values[spoken, SPEAKING] = 1
    return Track(ARTICULATION, values, Fraction(25))


def said(network: Darkening, places: list[Array], sound: Track, chunks: int = 1) -> Bytes:
    """Let a mouth say a sound, in pieces -> frames (n, h, w, 3)."""
    stage = Inpaint(network, ARTICULATION, voice_tokens, reach=(4, 4), speaking=voice_speaking)
    image = random_for(2, "frame").integers(60, 200, (96, 96, 3)).astype(np.uint8)
    state = stage.start(Portrait((image,) * len(places), places=places), Direction(fps=Fraction(25)))
    ends = np.linspace(0, len(sound), chunks + 1).astype(int)
    made = [
        stage.step(state, Track(sound.space, sound.values[one:two], sound.fps, one), two == len(sound))
        for one, two in pairwise(ends.tolist())
    ]
    return np.concatenate([each.images for each in made])


def test_a_mouth_that_rests_is_left_alone_in_silence() -> None:
    frames = said(Darkening(), [face()], voice(64, slice(30, 40)))
    changed = np.abs(frames.astype(int) - frames[0]).max(axis=(1, 2, 3)) > 0
    assert changed.nonzero()[0].tolist() == list(range(26, 44))
    assert (np.diff(frames[25:32].astype(int).mean(axis=(1, 2, 3))) <= 0).all()


def test_an_open_mouth_is_painted_in_silence_too() -> None:
    network = Darkening()
    said(network, [face(0.2)], voice(16, slice(0, 0)))
    assert network.asked == 2
    quiet = Darkening()
    said(quiet, [face()], voice(16, slice(0, 0)))
    assert quiet.asked == 0


def test_painting_depends_on_places_on_the_clock_alone() -> None:
    sound = voice(50, slice(12, 30))
    assert (said(Darkening(), [face()], sound) == said(Darkening(), [face()], sound, chunks=7)).all()


def test_who_moves_their_lips_is_restless() -> None:
    moving = [face(0.1 * (20 <= number < 30)) for number in range(60)]
    found = restless(moving, Fraction(25))
    assert (found[13:37] == 1).all()
    assert (found[:6] == 0).all()
    assert (found[44:] == 0).all()
    assert restless([None, None], Fraction(25)).tolist() == [1, 1]


def test_speaking_wakes_a_mouth_some_frames_before() -> None:
    rows = np.zeros((16, ARTICULATION.size), np.float32)
    rows[10:, SPEAKING] = 1
    # Row 10 lies in the nine rows around frame 2 and later ones; three such rows wake it wholly.
    assert np.allclose(voice_speaking(rows, SHAPE), [0, 0, 1 / 3, 2 / 3, 1, 1, 1, 1])


def test_the_own_detail_of_a_frame_goes_where_it_was_moved() -> None:
    frame = random_for(4, "detail").integers(0, 255, (96, 96, 3)).astype(np.uint8)
    square = aligned(face(), SHAPE)
    grey, flow = np.full((SHAPE.side, SHAPE.side, 3), 128, np.uint8), np.zeros((SHAPE.side, SHAPE.side, 2), np.float32)
    flow[..., 1] = -2 * SHAPE.side / 96
    made = frame.copy()
    pasted(made, square, grey, grey, SHAPE, 1.0, keep=True, flow=flow)
    middle = np.s_[60:80, 40:56]
    assert (made[middle] == np.roll(frame, 2, axis=0)[middle]).mean() > 0.95
    assert (made[:20] == frame[:20]).all()
    assert softened(SHAPE).max() <= 1


def test_nothing_is_carried_where_nothing_moves() -> None:
    frame = random_for(5, "detail").integers(0, 255, (20, 30, 3)).astype(np.uint8)
    assert (carried(frame, np.zeros((10, 12, 2)), 4, 6) == frame[6:16, 4:16]).all()
