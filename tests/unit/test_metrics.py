"""Every metric of motion on constructed clips with a known answer: shifted lips give the lag, a frozen face has no dynamics, and so on."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis import recipes
from thespis.errors import UsageError
from thespis.evaluate.metric import NEEDS, Metric, mean, numbers, ratio, value
from thespis.evaluate.metrics import SUBJECTS, chosen, motion, table
from thespis.evaluate.performing import performance_of
from thespis.evaluate.statistics import difference, drawn_again, estimate, frechet
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.types import Array, Clip, Direction, Speech, Track, random_for

pytestmark = pytest.mark.unit

FPS = Fraction(25)
TEXT = "Maybe my brother brought a pale blue umbrella. Pamela put the map on top of the big piano before we began."


def named(name: str) -> Metric:
    return chosen([name])[0]


def told(name: str, clip: Clip) -> float:
    found = value(named(name), clip)
    assert found is not None, name
    return found


@pytest.fixture(scope="module")
def spoken() -> Clip:
    """A face that does exactly what the built-in recipe hears."""
    speech = say(TEXT)
    return Clip(speech, None, performance_of(recipes.load("thespis", "tiny"), speech, Direction(fps=FPS)))


def changed(clip: Clip, values: Array) -> Clip:
    assert clip.motion is not None
    return replace(clip, motion=replace(clip.motion, values=np.asarray(values, np.float32)))


def late(clip: Clip, rows: int) -> Clip:
    assert clip.motion is not None
    return changed(clip, np.roll(clip.motion.values, rows, axis=0))


def still(clip: Clip) -> Clip:
    assert clip.motion is not None
    return changed(clip, np.zeros_like(clip.motion.values))


def against(clip: Clip, truth: Clip) -> Clip:
    return replace(clip, labels={**clip.labels, "truth": truth})


def acting(seconds: float = 6.0, **channels: Array) -> Clip:
    """Motion of which only the named channels are not nothing."""
    track = Track(FACE, np.zeros((round(seconds * FPS), FACE.size), np.float32), FPS)
    return Clip(motion=track.replace(**channels))


def clock(seconds: float = 6.0) -> Array:
    return np.asarray(np.arange(round(seconds * FPS)) / float(FPS), np.float32)


def swinging(degrees: float, hertz: float, seconds: float = 6.0) -> Array:
    """A head that turns to and fro (rows, 3), as rotation vectors."""
    swing = np.radians(degrees) * np.sin(2 * np.pi * hertz * clock(seconds))
    return np.asarray(np.stack([0 * swing, swing, 0 * swing], axis=1), np.float32)


def test_the_table_is_whole() -> None:
    names = [metric.name for metric in table()]
    assert len(set(names)) == len(names) >= 30
    for metric in table():
        assert metric.subject in SUBJECTS and set(metric.needs) <= set(NEEDS) and metric.better in ("higher", "lower", "zero", "real")
        assert metric.title and metric.meaning and metric.unit and len(metric.meaning) < 120
    assert [metric.name for metric in chosen(["speed"])] == ["speed.frames", "speed.first", "speed.memory"]
    with pytest.raises(UsageError, match=r"unknown metric 'lips.lagg'. Did you mean 'lips.lag'"):
        chosen(["lips.lagg"])


def test_what_a_clip_lacks_is_not_measured() -> None:
    silent = acting()
    assert value(named("lips.lag"), silent) is None and value(named("lips.distance"), silent) is None
    assert value(named("speed.frames"), silent) is None and value(named("image.flicker"), silent) is None
    assert value(named("motion.range"), silent) == 0.0
    assert numbers(named("motion.range"), Clip()) is None


def test_lips_that_follow_the_sound_are_known_and_shifted_ones_give_their_lag(spoken: Clip) -> None:
    assert told("lips.follow", spoken) > 0.88 and abs(told("lips.lag", spoken)) <= 10
    assert told("lips.closures", spoken) > 0.9
    for rows in (-5, -2, 3, 5):
        assert told("lips.lag", late(spoken, rows)) == pytest.approx(40 * rows, abs=20)
    shifted = late(spoken, 5)
    assert told("lips.follow", shifted) < 0.5 * told("lips.follow", spoken)
    assert told("lips.closures", shifted) < 0.7 * told("lips.closures", spoken)
    assert value(named("lips.follow"), still(spoken)) is None


def test_lips_of_another_clip_follow_less_than_shifted_ones(spoken: Clip) -> None:
    other = replace(
        spoken, speech=say("We saw the sunny yellow house again yesterday, and nobody was ever there to open any of its doors for us.")
    )
    assert told("lips.follow", other) < 0.35


def test_lips_in_silence_are_told_beside_those_in_speech() -> None:
    random = random_for(1, "lips")
    samples = random.normal(0, 0.1, 6 * 16_000).astype(np.float32)
    samples[2 * 16_000 : 4 * 16_000] = 0.0
    speech = Speech(samples[None], 16_000)
    jaw = np.abs(np.sin(2 * np.pi * 3.1 * clock())).astype(np.float32)
    quiet = jaw.copy()
    quiet[50:100] = 0.0
    assert told("lips.silence", replace(acting(jawOpen=jaw), speech=speech)) == pytest.approx(100, abs=30)
    assert told("lips.silence", replace(acting(jawOpen=quiet), speech=speech)) < 8


def test_wider_lips_are_wider(spoken: Clip) -> None:
    jaw = np.abs(np.sin(2 * np.pi * clock())).astype(np.float32)
    small, large = (told("lips.open", acting(jawOpen=size * jaw)) for size in (0.25, 0.5))
    assert large == pytest.approx(2 * small, rel=0.1) and small > 2
    assert told("lips.open", still(spoken)) == 0


def test_the_real_clip_is_its_own_best_and_shifts_and_noise_are_told(spoken: Clip) -> None:
    itself = against(spoken, spoken)
    assert told("lips.true_follow", itself) == pytest.approx(1.0) and told("lips.true_lag", itself) == 0
    assert told("lips.true_closures", itself) == 1 and told("lips.distance", itself) == 0 == told("lips.vertex", itself)
    assert told("expression.fdd", itself) == 0 == told("expression.units", itself) and told(
        "expression.units_follow", itself
    ) == pytest.approx(1)
    shifted, frozen = against(late(spoken, 5), spoken), against(still(spoken), spoken)
    assert told("lips.true_lag", shifted) == pytest.approx(200, abs=10)
    assert told("lips.true_follow", shifted) < 0.6 and told("lips.true_closures", shifted) < 0.6
    assert told("lips.vertex", shifted) > told("lips.distance", shifted) > 1
    assert told("expression.units", shifted) > 0.005 and told("expression.units_follow", shifted) < 0.6
    assert told("expression.units_follow", frozen) == 0
    assert told("expression.fdd", frozen) > 0 == told("expression.dynamics", frozen)


def test_vertices_that_are_moved_by_a_known_way_are_that_far() -> None:
    rest = acting()
    weights = np.where(np.arange(150) % 2, 0.5, 0.0).astype(np.float32)
    from thespis.evaluate.likeness import GROUPS
    from thespis.head.shapes import load_shapes

    field = load_shapes().fields[load_shapes().names.index("jawOpen"), list(GROUPS["lips"])]
    # In half of the frames the jaw is half open; the usual face is in the middle between both.
    found = told("lips.vertex", against(acting(jawOpen=weights), rest))
    assert found == pytest.approx(100 * 0.25 * float(np.linalg.norm(field, axis=1).max()), rel=0.01)


def test_brows_make_the_upper_face_move_and_lips_do_not() -> None:
    swing = np.abs(np.sin(2 * np.pi * 0.5 * clock())).astype(np.float32)
    brows, jaw = acting(browInnerUp=swing, browOuterUpLeft=swing), acting(jawOpen=swing)
    assert told("expression.upper", brows) > 5 * told("expression.upper", jaw)
    assert told("expression.dynamics", jaw) > told("expression.upper", jaw)
    calm = against(acting(browInnerUp=0.5 * swing, browOuterUpLeft=0.5 * swing), brows)
    lively = against(brows, acting(browInnerUp=0.5 * swing, browOuterUpLeft=0.5 * swing))
    assert told("expression.fdd", calm) > 0 > told("expression.fdd", lively)
    assert told("expression.fdd", calm) == pytest.approx(-told("expression.fdd", lively), rel=1e-5)


def test_added_jitter_raises_jitter_and_takes_smoothness() -> None:
    smooth = swinging(8, 0.5)
    noise = random_for(0, "jitter").normal(0, np.radians(0.3), smooth.shape).astype(np.float32)
    calm, rough, rougher = (acting(head_rotation=smooth + part * noise) for part in (0.0, 1.0, 2.0))
    assert told("motion.jitter", calm) < 0.35 * told("motion.jitter", rough)
    assert told("motion.jitter", rougher) == pytest.approx(2 * told("motion.jitter", rough), rel=0.15)
    assert told("motion.smoothness", calm) > told("motion.smoothness", rough) + 2 > told("motion.smoothness", rougher) + 2
    assert value(named("motion.smoothness"), acting()) is None


def test_a_cut_is_no_jitter() -> None:
    turn = np.zeros((150, 3), np.float32)
    turn[75:] = 0.5
    clip = acting(head_rotation=turn)
    assert told("motion.jitter", clip) == 0
    assert not motion.in_one_shot(replace(clip, labels={"cuts": (75,)}), 150, 2)[73:75].any()
    assert motion.in_one_shot(replace(clip, labels={"cuts": (75,)}), 150, 2).sum() == 146


def test_drift_is_as_far_as_the_face_was_moved() -> None:
    from thespis.capture.follow import STEADY
    from thespis.evaluate.watched import STRAIGHT, face_points

    clip = acting()
    points = face_points(clip)
    assert points is not None
    moved = points.copy()
    moved[75:, :, 0] += 0.03
    for each, far in ((points, 0.0), (moved, 3.0)):
        rows = np.asarray(each.reshape(len(each), -1), np.float32)
        assert told("motion.drift", replace(clip, labels={"straight": Track(STRAIGHT, rows, FPS)})) == pytest.approx(far, abs=1e-3)
    assert len(STEADY) > 20 and value(named("motion.drift"), acting(2.0)) is None


def test_head_range_blinks_and_standing_still_are_counted() -> None:
    assert told("motion.range", acting(head_rotation=swinging(10, 0.5))) == pytest.approx(20 * np.sin(0.45 * np.pi), rel=0.02)
    lids = np.zeros(150, np.float32)
    for begin in (10, 60, 120):
        lids[begin : begin + 4] = (0.6, 1.0, 0.9, 0.4)
    assert told("motion.blinks", acting(eyeBlinkLeft=lids, eyeBlinkRight=lids)) == pytest.approx(30)
    assert told("motion.blinks", acting(eyeBlinkLeft=lids)) == 0  # a wink
    swing = swinging(10, 0.4)
    assert told("motion.stuck", acting()) == 100 and told("motion.stuck", acting(head_rotation=swing)) < 12
    assert 45 < told("motion.stuck", acting(head_rotation=np.repeat(swing[::2], 2, axis=0))) < 55


def test_a_head_that_nods_on_the_beat_is_on_it() -> None:
    seconds = np.arange(6 * 16_000) / 16_000
    bursts = (np.sin(2 * np.pi * 220 * seconds) * (seconds % 1.0 < 0.5) * 0.5).astype(np.float32)
    speech = Speech(bursts[None], 16_000)
    assert np.abs(motion.beats(Clip(speech)) - np.round(motion.beats(Clip(speech)))).max() < 0.04
    # A swing at half a turn a second comes to rest once a second: here on the bursts, or half a second off.
    on = acting(head_rotation=np.roll(swinging(8, 0.5), -12, axis=0))
    off = acting(head_rotation=swinging(8, 0.5))
    assert told("motion.beat", replace(on, speech=speech)) > 0.9
    assert told("motion.beat", replace(off, speech=speech)) < 0.2
    assert told("motion.beat", replace(acting(), speech=speech)) == 0


def test_heads_that_differ_are_diverse() -> None:
    courses = [numbers(named("motion.diversity"), acting(head_rotation=swinging(size, 0.5))) for size in (10, 10, -10)]
    rows = np.stack([course for course in courses if course is not None])
    assert motion.apart(rows[:2]) == pytest.approx(0.0) and np.isnan(motion.apart(rows[:1]))
    assert motion.apart(rows[[0, 2]]) > 10
    assert value(named("motion.diversity"), acting(2.0)) is None


def test_runs_that_were_timed_tell_their_speed() -> None:
    clip = Clip(labels={"run": {"frames_a_second": 50.0, "peak_memory_mb": 410}})
    assert told("speed.frames", clip) == 50 and told("speed.memory", clip) == 410
    assert value(named("speed.first"), clip) is None


def test_intervals_hold_the_truth_and_are_the_same_every_time() -> None:
    inside = 0
    for seed in range(100):
        rows = random_for(seed, "rows").normal(3.0, 1.0, (30, 1))
        found = estimate(rows, mean)
        assert found.low < found.figure < found.high and found.count == 30
        inside += found.low < 3.0 < found.high
    assert 88 <= inside <= 99
    assert np.array_equal(drawn_again(7), drawn_again(7))
    halves = np.stack([np.arange(10.0), np.full(10, 10.0)], axis=1)
    assert estimate(halves, ratio).figure == pytest.approx(0.45) and estimate(halves, ratio).low < 0.4
    two = estimate(np.ones((2, 1)), mean)
    assert two.figure == 1 and np.isnan(two.low)


def halves_of(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.concatenate([rows, np.full_like(rows, 2.0)], axis=1)


def test_paired_differences_see_what_unpaired_ones_would_not() -> None:
    base = random_for(0, "base").normal(0, 10, (40, 1))
    found = difference(base, base + 0.5, mean)
    assert found.figure == pytest.approx(0.5) and found.low > 0.4
    assert difference(base, base, mean).high == 0
    assert difference(halves_of(base), halves_of(base), ratio).figure == 0


def test_the_distance_of_known_clouds_is_known() -> None:
    random = random_for(0, "clouds")
    cloud = random.normal(0, 1, (4000, 3))
    assert frechet(cloud, cloud) == pytest.approx(0, abs=1e-9)
    assert frechet(cloud, cloud + np.array([3, 0, 4])) == pytest.approx(25, rel=1e-6)
    # Of N(0, 1) and N(0, 4) in three dimensions: 3 (1 + 4 - 2 * 2).
    assert frechet(cloud, 2 * cloud) == pytest.approx(3, rel=0.05)


def test_every_metric_stands_in_the_document() -> None:
    text = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
    for metric in table():
        assert f"| `{metric.name}` | {metric.meaning} | {metric.unit} |" in text
