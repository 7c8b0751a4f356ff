"""Sets of videos are measured whatever is in them: faces, walls, damaged files; the page and the JSON say so, and pairs are compared."""

import json
import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis import recipes
from thespis.apps import cli
from thespis.apps.compare import pairs_of
from thespis.apps.eval import read_labels, run_beside
from thespis.capture.sighting import Sighting
from thespis.errors import MediaError, ThespisError, WeightsError
from thespis.evaluate import gallery, judge, networks, order
from thespis.evaluate.comparison import compared
from thespis.evaluate.metric import value
from thespis.evaluate.metrics import chosen, feeling, identity, image, table
from thespis.evaluate.performing import performance_of
from thespis.evaluate.results import Job, Real, Result, as_real, measure, measure_all, off, real_footage, score
from thespis.evaluate.watched import watch, watched
from thespis.export.video import save
from thespis.motion.spaces.face import FACE
from thespis.pixels.warp import Warp
from thespis.speech.say import say
from thespis.types import EMOTION, Clip, Direction, Frames, Portrait, Track

pytestmark = pytest.mark.unit
FPS = Fraction(25)


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory, astronaut: Portrait) -> Path:
    """A talking face, the same standing still, a wall, and three files that are no videos."""
    folder = tmp_path_factory.mktemp("media")
    speech = say("Maybe Pamela put up a blue umbrella.")
    motion = performance_of(recipes.load("thespis", "tiny"), speech, Direction(fps=FPS))
    rows = np.zeros((len(motion), FACE.size), np.float32)
    for name in set(motion.space.names) & set(FACE.names):
        rows[:, FACE.slice(name)] = motion.values[:, motion.space.slice(name)]
    renderer = Warp(192)
    for name, part in (("talk", 1.0), ("frozen", 0.0)):
        frames = renderer.step(renderer.start(astronaut, Direction()), Track(FACE, part * rows, FPS), last=True)
        save(Clip(speech, frames), folder / f"{name}.mp4")
    save(Clip(None, Frames(np.full((40, 64, 64, 3), 90, np.uint8), FPS)), folder / "wall.mp4")
    (folder / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    (folder / "empty.mov").write_bytes(b"")
    (folder / "cut.mp4").write_bytes((folder / "talk.mp4").read_bytes()[:700])
    return folder


@pytest.fixture(scope="module")
def talk(media: Path) -> Clip:
    return watch(media / "talk.mp4", media / "kept")


def test_a_watched_face_is_upright_and_its_points_are_where_they_show(talk: Clip) -> None:
    assert talk.frames is not None and talk.speech is not None and talk.frames.images.shape[1:] == (192, 192, 3)
    points = talk.labels["points"].values.reshape(len(talk.frames), 478, 2)
    eyes = points[:, [33, 133, 362, 263]].mean(axis=1)
    assert np.abs(eyes - [96, 66]).max() < 6
    assert abs(talk.speech.seconds - len(talk.frames) / 25) < 0.05


def test_a_made_clip_is_watched_like_a_file(media: Path, talk: Clip) -> None:
    assert talk.frames is not None
    again = watched(Clip(talk.speech, replace(talk.frames, images=talk.frames.images[:30]), labels={"feeling": "happy"}))
    assert again.labels["feeling"] == "happy" and again.labels["found"].all()
    apart = again.labels["straight"].values - talk.labels["straight"].values[:30]
    assert float(np.abs(apart).mean()) < 0.02
    with pytest.raises(MediaError, match="cannot be watched"):
        watched(Clip())


def test_a_frozen_face_scores_worst_on_dynamics_and_a_blurred_mouth_is_less_sharp(media: Path, talk: Clip) -> None:
    frozen = watch(media / "frozen.mp4", media / "kept")
    for name in ("expression.dynamics", "expression.upper", "lips.open", "lips.follow"):
        moving, still = (value(chosen([name])[0], clip) for clip in (talk, frozen))
        assert moving is not None and moving > 2 * (still or 0.0), name
    assert talk.frames is not None
    import cv2

    images = talk.frames.images.copy()
    for row in range(len(images)):
        marked = image.masks(talk, row)["mouth"]
        images[row][marked] = cv2.GaussianBlur(images[row], (0, 0), 2.5)[marked]
    soft = replace(talk, frames=replace(talk.frames, images=images))
    assert image.mouth_sharpness(soft)[0] < 0.75 * image.mouth_sharpness(talk)[0]
    assert image.flicker(talk) is not None
    random = np.random.default_rng(0)
    light = np.clip(talk.frames.images + random.normal(0, 12, (len(images), 1, 1, 1)), 0, 255).astype(np.uint8)
    assert image.flicker(replace(talk, frames=replace(talk.frames, images=light)))[0] > 3 * image.flicker(talk)[0]  # type: ignore[index]


def test_the_four_ways_are_put_in_order(media: Path, talk: Clip) -> None:
    copy = media / "copy.mkv"
    order.compress(media / "talk.mp4", copy, 6.0)
    four = order.ways(talk, watch(copy, media / "kept"), watch(media / "frozen.mp4", media / "kept"))
    copy.unlink()
    found = order.measured(chosen(["lips.distance", "lips.true_follow", "lips.true_lag", "image.mouth_psnr"]), four)
    errors = [found["lips.distance"][way] for way in order.WAYS]
    assert errors[0] == 0 and all(error is not None for error in errors) and errors[1] < errors[2]  # type: ignore[operator]
    assert found["lips.true_lag"]["200 ms late"] == pytest.approx(200, abs=20) and found["image.mouth_psnr"]["itself"] == 60
    told = order.ordered(chosen(["lips.distance"])[0], [found["lips.distance"]])
    assert told is not None and told.steps[:2] == (1.0, 1.0) and told.worse[:2] == (True, True) and told.clips == 1
    assert told.sees == order.EVERY and told.holds == told.worse[2]
    closures = [dict(zip(order.WAYS, figures, strict=True)) for figures in ((1.0, 0.8, 0.2, 0.3), (1.0, 0.7, 0.1, 0.1))]
    blind = order.ordered(chosen(["lips.true_closures"])[0], closures)  # which of two wrongs is worse is nothing that closures can tell
    assert blind is not None and blind.holds and blind.worse == (True, True, False) and blind.steps == (1.0, 1.0, 0.25)
    late = order.ordered(chosen(["lips.true_closures"])[0], [dict(zip(order.WAYS, (0.5, 0.8, 0.2, 0.3), strict=True))])
    assert late is not None and not late.holds
    assert order.ordered(chosen(["lips.distance"])[0], [dict.fromkeys(order.WAYS)]) is None


def test_the_same_person_looks_more_alike_than_another(media: Path, talk: Clip) -> None:
    turned = [Sighting(each.frame, each.points, each.view[:, ::-1]) for each in talk.labels["sightings"]]
    other = replace(talk, labels={**talk.labels, "sightings": turned})
    itself, mirrored = (identity.looks(replace(clip, labels={**clip.labels, "truth": talk})) for clip in (talk, other))
    assert itself is not None and mirrored is not None and itself[0] > 90 > mirrored[0]


def test_late_lips_are_late_for_our_syncnet(talk: Clip) -> None:
    def told(name: str, clip: Clip) -> float:
        found = value(chosen([name])[0], clip)
        assert found is not None
        return found

    late = order.delayed(talk, 0.2)
    assert told("sync.offset", late) - told("sync.offset", talk) == pytest.approx(200, abs=41)
    assert told("sync.distance", talk) < told("sync.distance", late)
    assert told("sync.best", talk) <= told("sync.distance", talk) and told("sync.confidence", talk) > 0
    assert value(chosen(["sync.offset"])[0], replace(talk, speech=None)) is None


def test_a_feeling_that_is_the_opposite_is_caught(astronaut: Portrait) -> None:
    renderer = Warp(256)
    motion = Track(FACE, np.stack(list(gallery.rows()["feelings"].values())), FPS)
    frames = renderer.step(renderer.start(astronaut, Direction()), motion, last=True)
    happy = EMOTION.names.index("happy")
    clip = Clip(frames=replace(frames, images=np.repeat(frames.images[happy : happy + 1], 3, axis=0)))
    clip = replace(clip, labels={"sightings": judge.sightings_of(clip), "feeling": "happy", "intensity": 1.0})
    assert feeling.right(clip) == [100.0]
    assert feeling.right(replace(clip, labels={**clip.labels, "feeling": "sad"})) == [0.0]
    amounts = feeling.intensities(clip)
    assert amounts is not None and amounts[:2] == [happy, 1.0] and amounts[2] > 0.3
    with pytest.raises(ThespisError, match="unknown emotion 'glad'"):
        feeling.asked(replace(clip, labels={"feeling": "glad"}))


def test_intensities_in_order_and_turned_around() -> None:
    rows = np.array([[1, 0.2, 0.1], [1, 0.5, 0.3], [1, 1.0, 0.7], [5, 0.3, 0.2], [5, 0.9, 0.8]])
    assert feeling.in_order(rows) == pytest.approx(1)
    assert feeling.in_order(rows * [1, -1, 1]) == pytest.approx(-1)
    assert feeling.in_order(np.array([[1, 0.2, 0.5], [1, 0.8, 0.5]])) == 0 and np.isnan(feeling.in_order(rows[:1]))


def test_pictures_of_the_truth_are_compared(talk: Clip) -> None:
    assert talk.frames is not None
    noisy = np.clip(talk.frames.images + np.random.default_rng(0).normal(0, 10, talk.frames.images.shape), 0, 255).astype(np.uint8)
    worse = replace(talk, frames=replace(talk.frames, images=noisy), labels={**talk.labels, "truth": talk})
    # Noise with a spread of ten grey levels.
    assert value(chosen(["image.psnr"])[0], worse) == pytest.approx(20 * np.log10(25.5), abs=0.4)
    assert value(chosen(["image.ssim"])[0], worse) < 0.95  # type: ignore[operator]


def test_what_cannot_be_measured_is_a_row_with_the_reason(media: Path) -> None:
    reasons = {name: measure(Job(media / name, name)).reason for name in ("wall.mp4", "noise.mp4", "empty.mov", "cut.mp4")}
    assert reasons["wall.mp4"] == "no face is seen in it" and "empty (0 bytes)" in (reasons["empty.mov"] or "")
    assert reasons["noise.mp4"] == "it cannot be read as a video"
    assert reasons["cut.mp4"] in ("it cannot be read as a video", "it holds no pictures that can be decoded")


class Bomb:
    """Something that ends the process which reads it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


def test_a_file_that_ends_its_process_ends_nothing_else(media: Path) -> None:
    bomb = Job(media / "wall.mp4", "bomb", labels={"bomb": Bomb()})
    heard: list[str] = []
    found = measure_all([bomb, Job(media / "wall.mp4", "wall.mp4")], 1, lambda result: heard.append(result.name))
    assert [each.reason for each in found] == [
        "the process that measured it was ended: the file is broken, or there is too little memory", "no face is seen in it",
    ]  # fmt: skip
    assert sorted(heard) == ["bomb", "wall.mp4"]


def test_the_command_measures_a_folder(media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page, report, real = tmp_path / "report.html", tmp_path / "report.json", tmp_path / "real.json"
    words = ["eval", str(media), "-o", str(page), "--report", str(report), "--keep-real", str(real), "--cache", str(media / "kept")]
    assert cli.main([*words, "--reference", str(media), "--workers", "1"]) == 0
    shown = capsys.readouterr().out
    assert "2 clips; 4 not measured:" in shown and "wall.mp4: no face is seen in it" in shown and "lips.follow" in shown
    facts = json.loads(report.read_text())
    assert facts["clips"] == 2 and set(facts["not_measured"]) == {"wall.mp4", "noise.mp4", "empty.mov", "cut.mp4"}
    assert facts["metrics"]["lips.distance"]["figure"] == 0 and facts["metrics"]["motion.range"]["interval"] is None
    assert {each["name"] for each in facts["worst_first"]} == {"talk.mp4", "frozen.mp4"}
    text = page.read_text()
    assert text.count('class="clip"') == 2 and "no face is seen in it" in text and "<script" not in text and "http" not in text
    kept = real_footage(real)
    assert kept["expression.dynamics"].clips == 2 and "lips.distance" not in kept


def test_two_sets_are_compared(media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "compare.html"
    real = tmp_path / "real.json"
    real.write_text(json.dumps({"real": {"lips.open": vars(Real(20.0, 19.0, 21.0, 15.0, 20.0, 25.0, 30))}}))
    words = ["compare", str(media / "frozen.mp4"), str(media / "talk.mp4"), "-o", str(page), "--cache", str(media / "kept"), "--json"]
    words += ["--real", str(real)]
    assert cli.main([*words, "--metrics", "lips,expression", "--workers", "1"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["pairs"] == 1 and facts["metrics"]["expression.dynamics"]["difference"] > 0
    assert facts["metrics"]["expression.dynamics"]["interval"] is None
    assert "Side by side" in page.read_text() and "too few pairs" in page.read_text()


def made(name: str, lag: float, follow: float) -> Result:
    return Result(name, rows={"lips.lag": np.array([lag]), "lips.follow": np.array([follow]), "lips.open": np.array([20 + lag / 10])})


def test_the_better_of_two_sets_is_told_where_the_interval_tells() -> None:
    real = {"lips.open": Real(20.0, 19.0, 21.0, 15.0, 20.0, 25.0, 30)}
    one = [made(f"{k}", 120 + k, 0.4 + 0.001 * k) for k in range(20)]
    other = [made(f"{k}", -20 - k, 0.4 + 0.001 * ((7 * k) % 20)) for k in range(20)]
    found = {each.metric.name: each for each in compared(table(), one, other, real)}
    assert found["lips.lag"].better == "B" and found["lips.lag"].words == "B is better"
    assert found["lips.follow"].better == "" and found["lips.follow"].words == "no difference shown"
    assert found["lips.open"].better == "B"
    assert compared(table(), one, other, {})[2].better == ""


def test_how_far_off_a_figure_is() -> None:
    real = Real(0.5, 0.45, 0.55, 0.3, 0.5, 0.7, 40)
    lag, wide, alike = Real(10, 0, 20, -40, 10, 50, 40), Real(50, 45, 55, 30, 50, 70, 40), Real(0, 0, 0, 0, 0, 0, 40)
    higher, lower, zero, same = (chosen([name])[0] for name in ("lips.follow", "motion.jitter", "lips.lag", "motion.range"))
    assert off(higher, 0.3, real) == pytest.approx(1) and off(higher, 0.9, real) == 0 and off(higher, -9, real) == 5
    assert off(lower, 70, wide) == pytest.approx(1) and off(lower, 10, wide) == 0
    assert off(zero, -100, lag) == pytest.approx(2) and off(same, 90, wide) == pytest.approx(2) == off(same, 10, wide)
    assert off(chosen(["motion.stuck"])[0], 0.1, alike) == pytest.approx(0.2) and off(chosen(["motion.stuck"])[0], 9, alike) == 5
    assert score([higher], made("a", 0, 0.1), {"lips.follow": real}) == pytest.approx(2)
    assert as_real([higher], [made("a", 0, 0.1), made("b", 0, 0.3)])["lips.follow"]["p50"] == pytest.approx(0.2)


def test_what_users_can_do_wrong_is_told(media: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table_file = tmp_path / "asked.tsv"
    table_file.write_text("file\temotion\tintensity\ntalk.mp4\thappy\t0.8\n")
    assert read_labels(table_file) == {"talk.mp4": {"feeling": "happy", "intensity": 0.8}}
    table_file.write_text("file\temotion\ntalk.mp4\tjoyful\n")
    with pytest.raises(MediaError, match=r"line 2 of .*unknown emotion 'joyful'"):
        read_labels(table_file)
    other = tmp_path / "other"
    other.mkdir()
    (other / "song.mp4").write_bytes(b"")
    with pytest.raises(MediaError, match="has the name of one of"):
        pairs_of(media, other)
    with pytest.raises(ThespisError, match="is no file of figures of real footage"):
        real_footage(table_file)
    for words, message in (
        (["eval", str(tmp_path / "none")], "there is no file or folder"),
        (["eval", str(media), "-o", str(tmp_path / "report.pdf")], "ends in .html"),
        (["eval", str(media), "--metrics", "lip"], "unknown metric 'lip'"),
        (["eval", str(media), "--seconds", "0"], "from 1 to 600 seconds"),
        (["eval", str(other), "--workers", "1"], "none of the 1 videos can be measured"),
        (["eval", str(media), "--reference", str(other)], "no video has the name of a clip in"),
    ):
        assert cli.main(words) == 2
        assert message in capsys.readouterr().err


def field(number: int, content: bytes | int) -> bytes:
    """One field of a protocol buffer."""

    def varint(value: int) -> bytes:
        return bytes([value]) if value < 128 else bytes([value % 128 + 128]) + varint(value // 128)

    if isinstance(content, int):
        return varint(8 * number) + varint(content)
    return varint(8 * number + 2) + varint(len(content)) + content


def tiny_network(path: Path, inputs: int, axes: int) -> None:
    """Write an ONNX file that averages its picture, or the difference of its two pictures, over all places."""
    shape = b"".join(field(1, field(2, b"d%d" % k)) for k in range(axes))
    tensor = field(2, field(1, field(1, 1) + field(2, shape)))

    def node(kind: bytes, given: list[bytes], gives: bytes) -> bytes:
        return field(1, b"".join(field(1, name) for name in given) + field(2, gives) + field(4, kind))

    nodes = node(b"Sub", [b"a", b"b"], b"c") + node(b"Abs", [b"c"], b"d") if inputs == 2 else b""
    nodes += node(b"GlobalAveragePool", [b"d" if inputs == 2 else b"a"], b"e")
    values = b"".join(field(11, field(1, name) + tensor) for name in (b"a", b"b")[:inputs])
    graph = nodes + field(2, b"tiny") + values + field(12, field(1, b"e") + tensor)
    path.write_bytes(field(1, 8) + field(7, graph) + field(8, field(1, b"") + field(2, 13)))


def test_networks_of_the_user_are_run_and_absent_ones_are_told(talk: Clip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THESPIS_WEIGHTS", str(tmp_path))
    twice = replace(talk, labels={**talk.labels, "truth": talk})
    for name in networks.WANTED:
        told = networks.missing(name)
        assert told is not None and name in told and str(tmp_path) in told
    with pytest.raises(WeightsError, match=r"image.lpips needs your own network: put an ONNX file that takes two inputs"):
        value(chosen(["image.lpips"])[0], twice)
    for name, inputs, axes in (("face_recognition", 1, 4), ("lpips", 2, 4), ("fid", 1, 4), ("fvd", 1, 5)):
        tiny_network(tmp_path / f"{name}.onnx", inputs, axes)
    assert networks.missing("image.fid") is None
    assert value(chosen(["identity.recognised"])[0], twice) == pytest.approx(1, abs=1e-3)
    assert talk.frames is not None
    lighter = replace(talk.frames, images=np.minimum(talk.frames.images // 2 + 64, 255).astype(np.uint8))
    changed = replace(twice, frames=lighter)
    assert value(chosen(["image.lpips"])[0], twice) == 0 < value(chosen(["image.lpips"])[0], changed)  # type: ignore[operator]
    for name in ("image.fid", "image.fvd"):
        same, other = (value(chosen([name])[0], clip) for clip in (twice, changed))
        assert same is not None and other is not None and same == pytest.approx(0, abs=1e-6) and other > 1e-3
    (tmp_path / "lpips.onnx").write_bytes(b"no network")
    networks.opened.cache_clear()
    with pytest.raises(WeightsError, match="is not an ONNX network that can be opened"):
        value(chosen(["image.lpips"])[0], twice)


def test_how_a_video_was_made_is_read_beside_it(tmp_path: Path) -> None:
    video, beside = tmp_path / "talk.mp4", tmp_path / "talk.json"
    assert run_beside(video) == {}
    beside.write_text(json.dumps({"frames": 90, "run": {"frames_a_second": 60.5, "first_frame_s": 1.25, "peak_memory_mb": 400}}))
    found = run_beside(video)
    assert found == {"run": {"frames_a_second": 60.5, "first_frame_s": 1.25, "peak_memory_mb": 400.0}}
    assert [value(metric, Clip(labels=found)) for metric in chosen(["speed"])] == [60.5, 1.25, 400.0]
    for text in ("[1, 2", '{"run": [3]}', '{"run": {"frames_a_second": "fast"}}', '{"run": {"frames_a_second": -2}}', '{"run": null}', "7"):
        beside.write_text(text)
        assert run_beside(video) == {}
