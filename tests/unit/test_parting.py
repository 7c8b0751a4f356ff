"""Lips that are seen to part as far as asked: what is learnt from drawings, and how it changes the jaw."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from thespis.capture.faces import face_of
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels import parting
from thespis.pixels.framing import cut_frame
from thespis.pixels.lips import LOWER_ROWS, UPPER_ROWS
from thespis.pixels.mouth import SHOWS
from thespis.pixels.parting import Parting, learn, plain, seal, tucked
from thespis.pixels.puppet import Puppet, build
from thespis.pixels.warp import lips_of, mirrored, showing
from thespis.types import Array, Bytes, Portrait

pytestmark = pytest.mark.unit

JAW = FACE.column("jawOpen")


@pytest.fixture(scope="module")
def puppet(astronaut: Portrait) -> Puppet:
    """A puppet as it is before it has looked at itself."""
    face = face_of(astronaut)
    return build(face, cut_frame(astronaut.image, face, None, "head", 256))


def jaws(amount: float) -> Array:
    row = np.zeros(FACE.size, np.float32)
    row[JAW] = amount
    return row


def seeing(monkeypatch: pytest.MonkeyPatch, found: Parting, by: Callable[[float], float | None]) -> Parting:
    """Learn from a viewer who sees a gap as `by` says."""
    gaps: list[float] = []

    def show(row: Array) -> tuple[Bytes, Array]:
        gaps.append(found.of(row[: len(found.reach)]))
        return np.zeros((8, 8, 3), np.uint8), np.zeros((468, 2), np.float32)

    monkeypatch.setattr(parting, "look", lambda *_: by(gaps[-1]))
    return learn(found, show, load_shapes())


@pytest.mark.parametrize("seen", [0.85, 1.0, 1.25])
def test_who_sees_less_is_shown_more(puppet: Puppet, monkeypatch: pytest.MonkeyPatch, seen: float) -> None:
    plainly = plain(puppet.person, puppet.rotation)
    learnt = seeing(monkeypatch, plainly, lambda gap: seen * gap)
    for jaw in (0.1, 0.25, 0.4, 0.7):
        weights = jaws(jaw)[: len(plainly.reach)]
        assert seen * learnt.of(learnt.corrected(weights)) == pytest.approx(plainly.of(weights), rel=0.02)


def test_a_viewer_who_sees_nonsense_changes_little(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = plain(puppet.person, puppet.rotation)
    learnt = seeing(monkeypatch, plainly, lambda _: 0.0)
    weights = jaws(0.4)[: len(plainly.reach)]
    assert learnt.of(learnt.corrected(weights)) == pytest.approx(parting.MOST * plainly.of(weights), rel=1e-4)
    assert seeing(monkeypatch, plainly, lambda _: None) is plainly


def test_a_viewer_who_starts_late_is_looked_at_again(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = plain(puppet.person, puppet.rotation)

    def late(gap: float) -> float:
        return 4.0 * gap * gap

    def off(learnt: Parting) -> float:
        weights = [jaws(jaw)[: len(plainly.reach)] for jaw in parting.TRIED[:2]]
        return max(abs(late(learnt.of(learnt.corrected(each))) / plainly.of(each) - 1) for each in weights)

    monkeypatch.setattr(parting, "MOST", 4.0)
    again = off(seeing(monkeypatch, plainly, late))
    monkeypatch.setattr(parting, "LOOKS", parting.LOOKS[:1])
    assert again < 0.5 * off(seeing(monkeypatch, plainly, late))
    assert again < 0.04


def test_readings_that_fall_are_averaged() -> None:
    rising = parting.pooled(np.array([0.0, 0.3, 0.1, 0.4, 0.5, 0.45]))
    assert rising == pytest.approx([0.0, 0.2, 0.2, 0.4, 0.475, 0.475])


def test_wider_is_never_drawn_narrower(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = seeing(monkeypatch, plain(puppet.person, puppet.rotation), lambda gap: 0.11 if gap > 0.05 else 0.0)
    drawn = [learnt.of(learnt.corrected(jaws(jaw)[: len(learnt.reach)])) for jaw in np.linspace(0, 1, 30)]
    assert (np.diff(drawn) > -1e-6).all()
    assert drawn[-1] > 2 * drawn[10]


def test_closed_lips_stay_closed(puppet: Puppet) -> None:
    odd = Parting(np.array([0.0, 1.0], np.float32), np.array([0.0, 1.3], np.float32), puppet.parting.reach)
    weights = np.zeros(len(odd.reach), np.float32)
    assert np.array_equal(odd.corrected(weights), weights)


def test_leaving_edges_out_moves_lips_outwards_and_nothing_else(puppet: Puppet) -> None:
    shapes = puppet.person.shapes
    assert np.array_equal(tucked(puppet.source, shapes, 0.0), puppet.source)
    amount = 0.02 * puppet.unit * float(np.mean(puppet.framing.finer))
    after = tucked(puppet.source, shapes, amount)
    moved = after - puppet.source
    lips = [shapes.lips_inner_upper, shapes.lips_inner_lower, *UPPER_ROWS, *LOWER_ROWS]
    assert np.isfinite(moved).all()
    assert not np.delete(moved, np.unique(np.concatenate(lips)), axis=0).any()
    assert moved[shapes.lips_inner_upper[5], 1] < 0 < moved[shapes.lips_inner_lower[5], 1]
    assert np.linalg.norm(moved[shapes.lips_inner_upper[5]]) == pytest.approx(amount, rel=1e-3)


def test_no_lip_is_folded_by_what_is_left_out(puppet: Puppet) -> None:
    shapes = puppet.person.shapes
    after = tucked(puppet.source, shapes, parting.TUCKS[-1] * puppet.unit * float(np.mean(puppet.framing.finer)))
    upper, lower, above, below = shapes.lip_edges
    for inner, rows, outer in ((upper, UPPER_ROWS, above), (lower, LOWER_ROWS, below)):
        places = np.stack([after[inner[1:-1]], *(after[list(row)] for row in rows), after[outer[1:-1]]])
        way = places[-1] - places[0]
        along = ((places - places[0]) * way).sum(axis=2) / (way * way).sum(axis=1)
        assert (np.diff(along, axis=0) > 0.05).all()


def test_lips_that_part_get_back_what_was_left_out_of_them(puppet: Puppet) -> None:
    shapes = puppet.person.shapes
    less = tucked(puppet.source, shapes, 3.0)
    assert parting.untucked(less, puppet.source, shapes, np.full(11, parting.PARTED[0], np.float32)) is less
    wide = parting.untucked(less, puppet.source, shapes, np.full(11, parting.PARTED[1], np.float32))
    assert np.allclose(wide, puppet.source, atol=1e-4)
    between = parting.untucked(less, puppet.source, shapes, np.full(11, np.mean(parting.PARTED), np.float32))
    upper = shapes.lips_inner_upper[5]
    assert less[upper, 1] < between[upper, 1] < puppet.source[upper, 1]


def test_a_puppet_reads_its_lips_by_how_far_they_are_apart(puppet: Puppet) -> None:
    shapes, shut = puppet.person.shapes, np.zeros(FACE.size, np.float32)
    sealed = replace(puppet, source=tucked(puppet.source, shapes, 3.0))
    assert np.array_equal(sealed.pose(shut).source, sealed.source)
    # Teeth that showed between parted lips stay left out.
    for parted, expected in ((0.0, puppet.source), (SHOWS + 0.1, sealed.source)):
        seen = replace(sealed, person=replace(puppet.person, parted=parted)).pose(jaws(0.6)).source[shapes.lips_inner_lower[5]]
        assert np.allclose(seen, expected[shapes.lips_inner_lower[5]], atol=1e-3)


def test_edges_are_left_out_only_where_that_shuts_the_lips(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(*gaps: float | None, parted: float = 0.0) -> float:
        amount, teeth = sealing(*gaps, parted=parted)
        assert not teeth
        return amount

    def sealing(*gaps: float | None, parted: float = 0.0) -> tuple[float, bool]:
        left = iter(gaps)
        monkeypatch.setattr(parting, "look", lambda *_: next(left))
        return seal(lambda _: lambda _: (np.zeros((8, 8, 3), np.uint8), np.zeros((468, 2), np.float32)), load_shapes(), parted)

    assert shut(0.002) == 0.0
    assert shut(0.02, 0.004) == parting.TUCKS[1]
    assert shut(0.02, 0.021, 0.022, 0.019, 0.018) == 0.0
    # A little, once that shuts them, and not all that a tracker wavers by.
    assert shut(0.006, 0.0045, 0.004, 0.003, 0.001) == parting.TUCKS[1]
    assert shut(None) == 0.0
    # A photograph with parted lips has teeth in their edges, whether they are seen to shut or not.
    assert shut(0.002, parted=0.1) == shut(None, parted=0.1) == parting.RIM
    assert shut(0.02, 0.004, parted=0.1) == parting.TUCKS[3]
    # Lips that were taken for shut, and are seen to be far apart, lose what is between them, for good.
    assert sealing(0.035, 0.002) == (parting.TUCKS[3], True)
    assert sealing(0.035, 0.036, 0.034) == (0.0, False)
    assert sealing(0.2) == (0.0, False)


def test_teeth_that_were_taken_for_lip_stay_left_out(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes, lower = puppet.person.shapes, puppet.person.shapes.lips_inner_lower[5]
    monkeypatch.setattr("thespis.pixels.warp.learn", lambda parting, *_: parting)
    for teeth in (False, True):
        monkeypatch.setattr("thespis.pixels.warp.seal", lambda *_, teeth=teeth: (parting.TUCKS[3], teeth))
        shown = replace(puppet, person=replace(puppet.person, parted=0.0))
        made = lips_of(shown)(shown)
        shut, wide = (made.pose(row).source[lower] for row in (jaws(0.0), jaws(0.6)))
        assert np.allclose(
            shut, tucked(puppet.source, shapes, parting.TUCKS[3] * puppet.unit * float(np.mean(puppet.framing.finer)))[lower]
        )
        assert np.allclose(wide, shut if teeth else puppet.source[lower], atol=1e-3)


def test_a_puppet_seen_small_is_where_it_says(puppet: Puppet) -> None:
    picture, skin = showing(mirrored(puppet), puppet.source)(jaws(0.3))
    gap = parting.look(picture, skin, puppet.person.shapes)
    assert gap is not None
    asked = puppet.parting.of(jaws(0.3)[: len(puppet.parting.reach)])
    assert 0.6 * asked < gap < 1.5 * asked
    assert np.isfinite(lips_of(puppet)(puppet).parting.drawn).all()


def test_a_face_and_its_mirror_image_are_seen_alike(puppet: Puppet) -> None:
    picture, skin = showing(mirrored(puppet), puppet.source)(jaws(0.25))
    other = skin.copy()
    other[:, 0] = picture.shape[1] - 1 - skin[:, 0]
    gaps = [parting.look(each, places, puppet.person.shapes) for each, places in ((picture, skin), (picture[:, ::-1], other))]
    assert gaps[0] is not None
    assert gaps[0] == pytest.approx(gaps[1], rel=0.01)


def test_what_is_found_elsewhere_is_not_believed(puppet: Puppet) -> None:
    picture, skin = showing(mirrored(puppet), puppet.source)(jaws(0.25))
    aside = np.array([2 * parting.MISPLACED * puppet.unit, 0], np.float32)
    assert parting.look(picture, skin + aside, puppet.person.shapes) is None
