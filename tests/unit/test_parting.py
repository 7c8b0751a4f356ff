"""Lips that are seen to part as far as asked: what is learnt from drawings, and how it changes the jaw."""

from collections.abc import Callable

import numpy as np
import pytest

from thespis.capture.faces import face_of
from thespis.head.shapes import load_shapes
from thespis.motion.spaces.face import FACE
from thespis.pixels import parting
from thespis.pixels.framing import cut_frame
from thespis.pixels.parting import Parting, learn, plain, seal, tucked
from thespis.pixels.puppet import Puppet, build
from thespis.pixels.warp import make_canvas, mirrored, showing
from thespis.types import Array, Portrait

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
    gaps = iter([by(found.of(jaws(jaw)[: len(found.reach)])) for jaw in parting.TRIED])
    monkeypatch.setattr(parting, "look", lambda *_: next(gaps))
    return learn(found, lambda _: (np.zeros((8, 8, 3), np.uint8), np.zeros((468, 2), np.float32)), load_shapes())


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


def test_wider_is_never_drawn_narrower(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = seeing(monkeypatch, plain(puppet.person, puppet.rotation), lambda gap: 0.11 if gap > 0.05 else 0.0)
    drawn = [learnt.of(learnt.corrected(jaws(jaw)[: len(learnt.reach)])) for jaw in np.linspace(0, 1, 30)]
    assert (np.diff(drawn) > -1e-6).all()
    assert drawn[-1] > 2 * drawn[10]


def test_closed_lips_stay_closed(puppet: Puppet) -> None:
    odd = Parting(np.array([0.0, 1.0], np.float32), np.array([0.0, 1.3], np.float32), puppet.parting.reach)
    weights = np.zeros(len(odd.reach), np.float32)
    assert np.array_equal(odd.corrected(weights), weights)


def test_leaving_edges_out_moves_only_the_lips_inner_edges_outwards(puppet: Puppet) -> None:
    shapes = puppet.person.shapes
    assert np.array_equal(tucked(puppet.source, shapes, 0.0), puppet.source)
    moved = tucked(puppet.source, shapes, 2.0) - puppet.source
    inner = np.union1d(shapes.lips_inner_upper, shapes.lips_inner_lower)
    assert np.isfinite(moved).all()
    assert not np.delete(moved, inner, axis=0).any()
    assert moved[shapes.lips_inner_upper[5], 1] < 0 < moved[shapes.lips_inner_lower[5], 1]


def test_edges_are_left_out_only_where_that_shuts_the_lips(puppet: Puppet, monkeypatch: pytest.MonkeyPatch) -> None:
    def shut(*gaps: float | None) -> float:
        left = iter(gaps)
        monkeypatch.setattr(parting, "look", lambda *_: next(left))
        return seal(lambda _: lambda _: (np.zeros((8, 8, 3), np.uint8), np.zeros((468, 2), np.float32)), load_shapes())

    assert shut(0.002) == 0.0
    assert shut(0.02, 0.004) == parting.TUCKS[1]
    assert shut(0.02, 0.021, 0.022, 0.019, 0.018) == 0.0
    assert shut(None) == 0.0


def test_a_puppet_seen_small_is_where_it_says(puppet: Puppet) -> None:
    picture, skin = showing(mirrored(puppet), puppet.source)(jaws(0.3))
    gap = parting.look(picture, skin, puppet.person.shapes)
    assert gap is not None
    asked = puppet.parting.of(jaws(0.3)[: len(puppet.parting.reach)])
    assert 0.6 * asked < gap < 1.5 * asked
    assert np.isfinite(make_canvas(puppet).puppet.parting.drawn).all()
