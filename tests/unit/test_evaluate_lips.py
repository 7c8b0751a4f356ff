"""The measures of lips on constructed mouths: known lags, closures and silences come out, and a frozen mouth scores nothing."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.errors import MediaError
from thespis.evaluate.first import first_curves
from thespis.evaluate.lips import (
    NEAR,
    Curves,
    Doubles,
    Hits,
    beats,
    closure_hits,
    closures,
    drawn,
    fit,
    judge,
    loudness,
    meet,
    motion_in_silence,
    silent,
    summary,
)
from thespis.evaluate.lips_report import closing, facts_of, heads, line
from thespis.evaluate.mouths import Mouth, Refused, Talk, check
from thespis.evaluate.texts import Said, read_texts, text_beside
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say
from thespis.types import Speech, Track

pytestmark = pytest.mark.unit

FPS = Fraction(25)
SYLLABLES = (0.6, 1.1, 1.9, 2.4, 3.1, 3.6, 4.4, 4.9, 5.7, 6.3)
"""Moments at which the lips of a made-up mouth are closed."""


def opening(times: Doubles, shift: float = 0.0) -> Doubles:
    """A mouth that opens and closes, earlier by `shift` seconds."""
    moved = times + shift
    open_wide = 0.2 + 0.08 * np.sin(2.3 * moved) + 0.05 * np.sin(5.1 * moved)
    shut = np.max([np.exp(-(((moved - at) / 0.06) ** 2)) for at in SYLLABLES], axis=0)
    return np.asarray(open_wide * (1 - shut), np.float64)


def mouth(shift: float = 0.0, seconds: float = 7.0) -> Mouth:
    """The real one, at 25 frames a second."""
    times = np.arange(round(seconds * 25)) / 25
    return Mouth(opening(times, shift), 0.8 + 0.05 * np.cos(times), FPS)


def curve(shift: float = 0.0) -> Curves:
    """The made one, 100 rows a second."""
    times = np.arange(700) / 100
    return Curves(opening(times, shift), times)


@pytest.mark.parametrize("lead", [-0.12, -0.05, 0.0, 0.03, 0.1, 0.16])
def test_shifted_lips_give_the_known_lag(lead: float) -> None:
    real = mouth(lead)
    found = fit(curve().opening, curve().seconds, real.gap, real.seconds)
    assert found.lag == pytest.approx(lead, abs=0.011)
    assert found.best > 0.97
    assert (found.zero > 0.97) == (abs(lead) < 0.02)


def test_gaps_in_the_tracking_are_left_out() -> None:
    real = mouth()
    real.gap[20:60] = np.nan
    found = fit(curve().opening, curve().seconds, real.gap, real.seconds)
    assert found.zero > 0.97 and found.lag == 0.0


def test_a_frozen_mouth_scores_nothing() -> None:
    still = Curves(np.full(700, 0.1), np.arange(700) / 100, np.full(700, 0.8))
    score = judge(still, mouth(), [(1.0, 2.0)])
    assert (score.opening.zero, score.opening.best) == (0.0, 0.0)
    assert score.width is not None and score.width.best == 0.0
    assert score.closures.made == score.closures.hit == 0 and score.closures.f1 == 0.0
    assert score.silence == 0.0


def test_closures_are_found_where_they_are() -> None:
    moments, rests = closures(mouth().gap, mouth().seconds, 0.06)
    assert moments == pytest.approx(SYLLABLES, abs=0.03)
    assert rests == []
    assert closures(mouth().gap + 0.2, mouth().seconds, 0.06) == ([], []), "lips that never meet never close"


def test_a_rest_is_no_closure_and_what_is_made_in_it_is_not_judged() -> None:
    real = mouth()
    real.gap[75:125] = 0.0  # 3.0 to 5.0 s
    moments, rests = closures(real.gap, real.seconds, 0.06)
    assert rests == [(pytest.approx(3.0, abs=0.1), pytest.approx(4.96, abs=0.1))]
    assert moments == pytest.approx([at for at in SYLLABLES if not 2.9 < at < 5.1], abs=0.03)
    hits = closure_hits(curve(), real)
    assert (hits.real, hits.made, hits.hit) == (6, 6, 6)


def test_closures_count_within_60_ms() -> None:
    assert closure_hits(curve(), mouth()) == Hits(10, 10, 10)
    assert closure_hits(curve(0.13), mouth()).hit == 0
    assert meet([1.0, 2.0], [1.05, 1.06, 2.2]) == Hits(2, 3, 1)
    assert meet([1.0], [1.0 + NEAR]) == Hits(1, 1, 1)
    hits = Hits(4, 2, 1) + Hits(4, 2, 1)
    assert (hits.precision, hits.recall, hits.f1) == (0.5, 0.25, pytest.approx(1 / 3))
    assert Hits(0, 0, 0).f1 == Hits(0, 0, 0).precision == Hits(0, 0, 0).recall == 0.0


def beeps(pauses: tuple[tuple[float, float], ...], seconds: float = 7.0) -> Speech:
    """A tone that is silent in the pauses."""
    times = np.arange(round(seconds * 8000)) / 8000
    tone = 0.3 * np.sin(2 * np.pi * 200 * times)
    for begin, end in pauses:
        tone[(times >= begin) & (times < end)] *= 1e-4
    return Speech(tone.astype(np.float32)[None], 8000)


def test_silence_is_found_by_the_level_and_motion_in_it_is_compared() -> None:
    found = silent(beeps(((1.0, 2.0), (4.0, 4.1), (5.0, 6.0))))
    assert found == [
        (pytest.approx(1.0, abs=0.04), pytest.approx(2.0, abs=0.04)),
        (pytest.approx(5.0, abs=0.04), pytest.approx(6.0, abs=0.04)),
    ]
    times = np.arange(700) / 100
    moving = np.sin(20 * times)
    resting = np.where((times > 1.0) & (times < 2.0) | (times > 5.0) & (times < 6.0), 0.0, moving)
    half = np.where((times > 1.0) & (times < 2.0) | (times > 5.0) & (times < 6.0), 0.5 * moving, moving)
    assert motion_in_silence(resting, times, found) == pytest.approx(0.0, abs=0.01)
    assert motion_in_silence(half, times, found) == pytest.approx(0.5, abs=0.03)
    assert motion_in_silence(half, times, []) is None


def test_loudness_follows_the_level() -> None:
    loud = loudness(beeps(((2.0, 3.0),)))
    assert loud.opening[250] < 1.0 < 50.0 < loud.opening[400]
    assert len(loudness(Speech(np.zeros((1, 0), np.float32), 16_000)).opening == 0) == 0


def test_the_drawn_lips_part_by_the_jaw_and_close_by_mouth_close() -> None:
    rest = Track(FACE, np.zeros((3, FACE.size), np.float32), FPS)
    motion = rest.replace(jawOpen=[0.0, 0.5, 0.5], mouthClose=[0.0, 0.0, 0.5], mouthPucker=[0.0, 0.0, 0.0])
    lips = drawn(motion)
    assert lips.opening[1] > 0.2 > 0.01 > lips.opening[2] and lips.opening[0] == 0.0
    wide = drawn(rest.replace(mouthPucker=[0.0, 1.0, 0.0], mouthStretchLeft=[0.0, 0.0, 1.0], mouthStretchRight=[0.0, 0.0, 1.0])).width
    assert wide is not None and wide[1] < wide[0] < wide[2]


def test_the_first_network_hears_a_voice() -> None:
    speech = say("Papa pulled a purple pumpkin out of the pond.")
    curves = first_curves(speech)
    assert len(curves.opening) == round(speech.seconds * 100)
    assert curves.opening[:10].max() < 0.3 < curves.opening.max()


def test_sound_that_is_off_is_told_from_lips_that_are() -> None:
    score = judge(curve(), mouth(0.13), [])
    assert score.closures.hit == 0 and score.lagged.hit == score.lagged.real >= 8
    assert summary([{"ours": score}])["ours"]["closures_f1_at_best_lag"] > 0.9


def test_summary_counts_closures_over_all_and_compares() -> None:
    clips = [
        {
            "ours": judge(curve(), mouth(), []),
            "loudness": judge(Curves(opening(np.arange(700) / 100 * 0.7), np.arange(700) / 100), mouth(), []),
        }
        for _ in range(2)
    ]
    means = summary(clips)
    assert means["ours"]["opening_zero"] > 0.97 and means["ours"]["closures_f1"] == 1.0 and "width_zero" not in means["ours"]
    assert beats(clips, "ours", "loudness") == 1.0 and beats(clips, "loudness", "ours") == 0.0 and beats(clips, "ours", "nobody") == 0.0
    shown = line("clip", clips[0], ["ours", "loudness", "text"])
    assert shown.startswith("clip") and "10/10/10" in shown and shown.endswith("-")
    assert len(heads(["ours", "loudness"]).splitlines()) == 2
    told = closing(clips, [Refused(Path("a/silent.mp4"), "it has no sound")])
    assert "means of 2 clips" in told and "better than loudness on 100 %" in told and "silent.mp4: it has no sound" in told
    talk = Talk(Path("a/clip.mp4"), mouth(), beeps(()))
    facts = facts_of([(talk, clip) for clip in clips], [Refused(Path("x.mp4"), "why")])
    assert facts["means"]["ours"]["clips"] == 2 and facts["clips"][0]["curves"]["ours"]["closures"]["hit"] == 10
    assert facts["refused"] == [{"file": "x.mp4", "reason": "why"}]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (Mouth(np.full(20, 0.1), np.ones(20), FPS), "lasts only 0.8 s"),
        (Mouth(opening(np.arange(100) / 25), np.ones(100), FPS, people=2), "2 people"),
        (Mouth(np.where(np.arange(100) % 2, np.nan, 0.1), np.ones(100), FPS), "50 % of the frames only"),
        (Mouth(np.full(100, 0.1), np.ones(100), FPS), "hardly move"),
    ],
)
def test_mouths_that_tell_nothing_are_refused(given: Mouth, reason: str) -> None:
    with pytest.raises(MediaError, match=reason):
        check(given)
    check(mouth())


def test_texts_come_from_a_table_or_from_beside_the_clip(tmp_path: Path) -> None:
    table = tmp_path / "texts.tsv"
    table.write_text("file\tlength\ttranscript\tlanguage\na/one.mp4\t3\tHello there.\tde\nb.mp4\t4\t\t\n", encoding="utf-8")
    texts = read_texts(table, "fr-fr")
    assert texts == {"a/one.mp4": Said("Hello there.", "de")}
    assert text_beside(tmp_path / "a" / "one.mp4", texts, "en-us") == Said("Hello there.", "de")
    assert text_beside(tmp_path / "za" / "one.mp4", texts, "en-us") is None
    (tmp_path / "two.txt").write_text("Beside.\n", encoding="utf-8")
    assert text_beside(tmp_path / "two.mp4", texts, "en-us") == Said("Beside.", "en-us")
    table.write_text("name\twords\n", encoding="utf-8")
    with pytest.raises(MediaError, match="columns file and text"):
        read_texts(table, "en-us")
    with pytest.raises(MediaError, match="there is no table"):
        read_texts(tmp_path / "none.tsv", "en-us")
