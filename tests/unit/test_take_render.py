"""Keeping a performance and giving it again: run --take-out, render, edit and diff on the command line."""

import json
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from thespis.apps import cli
from thespis.apps.demo import astronaut
from thespis.export.take import open_take, save_take
from thespis.types import Clip, Track, linear

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photo.jpg and a run of it: one.mp4 and one.take."""
    folder = tmp_path_factory.mktemp("takes")
    with Image.open(astronaut()) as picture:
        picture.convert("RGB").save(folder / "photo.jpg", quality=92)
    words = ["run", str(folder / "photo.jpg"), "--say", "[happy 0.8] Hi there. [sad 0.5] Bye.", "--size", "96", "--set", "crop=picture"]
    assert cli.main([*words, "--take-out", str(folder / "one.take"), "-o", str(folder / "one.mp4")]) == 0
    return folder


def pictures(path: Path) -> list[np.ndarray]:
    """Decode every picture of a video."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def fails(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Run a command that must fail with one clear line, and give that line."""
    assert cli.main([str(word) for word in words]) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told and told.startswith("thespis: ")
    return told


def test_a_take_knows_its_run(made: Path) -> None:
    take = open_take(made / "one.take")
    heading = take.heading
    assert heading.recipe == "thespis" and len(heading.recipe_version) == 12 and heading.thespis
    assert heading.direction["size"] == [96, 96] and heading.direction["emotion"][0]["happy"] == 0.8
    assert heading.speech is not None and heading.speech.words and heading.speech.phones
    assert "Hi there." in (heading.speech.text or "")
    assert len(take.track()) == len(pictures(made / "one.mp4")) == round(take.seconds * 25)


def test_the_same_portrait_gives_the_same_file(made: Path) -> None:
    assert cli.main(["render", str(made / "one.take"), str(made / "photo.jpg"), "-o", str(made / "again.mp4")]) == 0
    assert (made / "again.mp4").read_bytes() == (made / "one.mp4").read_bytes()


def test_a_performance_alone_is_the_same(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", str(made / "photo.jpg"), "--say", "[happy 0.8] Hi there. [sad 0.5] Bye.", "--size", "96", "--set", "crop=picture"]
    assert cli.main([*words, "-o", str(made / "alone.take")]) == 0
    assert "wrote" in capsys.readouterr().out
    assert (made / "alone.take").read_bytes() == (made / "one.take").read_bytes()


def test_another_rate_size_and_strength(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["render", str(made / "one.take"), str(made / "photo.jpg"), "--fps", "30", "--size", "64x80", "--strength", "150%"]
    assert cli.main([*words, "--crop", "head", "--json", "-o", str(made / "other.mp4")]) == 0
    done = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert done["event"] == "done" and done["size"] == [64, 80] and done["strength"] == 1.5
    assert done["frames"] == len(pictures(made / "other.mp4")) == round(open_take(made / "one.take").seconds * 30)


def test_motion_goes_on_after_the_sound(made: Path) -> None:
    clip = open_take(made / "one.take").clip()
    assert clip.speech is not None and clip.motion is not None
    save_take(made / "short.take", Clip(clip.speech.cut(0, clip.speech.rate), None, clip.motion))
    assert cli.main(["render", str(made / "short.take"), str(made / "photo.jpg"), "--size", "64", "-o", str(made / "short.mp4")]) == 0
    assert len(pictures(made / "short.mp4")) == len(clip.motion)


def test_no_strength_is_a_still_mouth(made: Path) -> None:
    def moves(strength: str) -> float:
        folder = made / f"strength_{strength}"
        words = ["render", str(made / "one.take"), str(made / "photo.jpg"), "--strength", strength, "--silent", "-o", f"{folder}/"]
        assert cli.main(words) == 0
        shown = sorted(folder.iterdir())
        assert all(path.suffix == ".png" for path in shown)
        return float(np.stack([np.asarray(Image.open(path), float) for path in shown[:20]]).std(axis=0).mean())

    assert moves("0") < 0.2 * moves("1")


def test_what_cannot_be_rendered_is_told(made: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    photo, take = made / "photo.jpg", made / "one.take"
    assert "there is no take" in fails(capsys, "render", made / "none.take", photo, "-o", tmp_path / "a.mp4")
    assert "a strength goes from 0 to 2" in fails(capsys, "render", take, photo, "--strength", "3", "-o", tmp_path / "a.mp4")
    save_take(tmp_path / "odd.take", Clip(None, None, Track(linear("odd", "a"), np.zeros((9, 1), np.float32), open_take(take).track().fps)))
    assert "cannot draw from odd" in fails(capsys, "render", tmp_path / "odd.take", photo, "-o", tmp_path / "a.mp4")
    assert not list(tmp_path.glob("a.mp4")) and not list(tmp_path.glob(".*"))


def test_take_out_is_checked_first(made: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = ("run", made / "photo.jpg", "--say", "Hi", "-o", tmp_path / "a.mp4")
    assert "ends in .take" in fails(capsys, *run, "--take-out", tmp_path / "a.mp3")
    assert "does not exist" in fails(capsys, *run, "--take-out", tmp_path / "no" / "a.take")
    preview = ("run", made / "photo.jpg", "--say", "Hi", "--preview", "-o", tmp_path / "a.png")
    assert "is no video to keep a take beside" in fails(capsys, *preview, "--take-out", tmp_path / "a.take")
    assert not list(tmp_path.iterdir())


def edit(made: Path, *words: object) -> Path:
    """Edit the take of the run."""
    out = made / "edited.take"
    assert cli.main(["edit", str(made / "one.take"), *map(str, words), "-o", str(out)]) == 0
    return out


def test_a_cut_keeps_sound_and_words_in_step(made: Path) -> None:
    whole, part = open_take(made / "one.take"), open_take(edit(made, "--cut", "0.4", "-"))
    assert np.array_equal(part.track().values, whole.track().values[10:])
    before, after = whole.speech(), part.speech()
    assert before is not None and after is not None and after.words and before.words
    assert np.array_equal(after.samples, before.samples[:, round(0.4 * before.rate) :])
    assert after.words[-1].text == before.words[-1].text and abs(after.words[-1].start - before.words[-1].start + 0.4) < 1e-6
    assert part.heading.labels["edits"] == ["cut ['0.4', '-']"]


def test_a_join_is_as_long_as_both(made: Path) -> None:
    one, both = open_take(made / "one.take"), open_take(edit(made, "--join", made / "one.take"))
    assert len(both.track()) == 2 * len(one.track())
    speech = both.speech()
    assert speech is not None and abs(speech.seconds - both.track().seconds[-1]) < 0.1
    assert speech.words and one.heading.speech and len(speech.words) == 2 * len(one.heading.speech.words or ())
    assert np.abs(np.diff(both.track()["head_rotation"], axis=0)).max() < 0.1


def test_steps_on_the_motion(made: Path) -> None:
    one = open_take(made / "one.take").track()
    assert np.allclose(open_take(edit(made, "--scale", "brow*=0.5")).track()["browInnerUp"], one["browInnerUp"] / 2)
    assert np.allclose(open_take(edit(made, "--mirror")).track()["mouthSmileLeft"], one["mouthSmileRight"])
    assert np.abs(open_take(edit(made, "--neutral", "0")).track().values[0]).max() < 0.1
    assert open_take(edit(made, "--fps", "50")).track().fps == 50
    fast = open_take(edit(made, "--speed", "2"))
    assert len(fast.track()) == (len(one) + 1) // 2 and fast.speech() is None
    assert open_take(edit(made, "--no-sound")).speech() is None
    assert np.array_equal(open_take(edit(made, "--lips", made / "one.take")).track().values, one.values)


def test_edits_that_make_no_sense_are_told(made: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    def told(*words: object) -> str:
        return fails(capsys, "edit", made / "one.take", *words, "-o", tmp_path / "a.take")

    silent = tmp_path / "silent.take"
    save_take(silent, Clip(None, None, open_take(made / "one.take").track()))
    assert "nothing to do" in told()
    assert "nothing is left" in told("--cut", "1", "0.5")
    assert "the beginning of a cut goes from 0" in told("--cut", "99", "100")
    assert "only one of the takes has sound" in told("--join", silent)
    assert "write --scale as PATTERN=NUMBER" in told("--scale", "brow*")
    assert "unknown channel 'bruw*'" in told("--scale", "bruw*=2")
    assert "a speed goes from 0.1 to 10" in told("--speed", "nan")
    assert "ends in .take" in fails(capsys, "edit", made / "one.take", "--mirror", "-o", tmp_path / "a.json")
    assert [path.name for path in tmp_path.iterdir()] == ["silent.take"]


def test_diff_tells_what_changed(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    take = str(made / "one.take")
    assert cli.main(["diff", take, take]) == 0
    assert capsys.readouterr().out.endswith("the same\n")
    louder = edit(made, "--scale", "jawOpen=1.5")
    capsys.readouterr()
    assert cli.main(["diff", take, str(louder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    parts = {part["part"]: part for part in found["parts"]}
    jaw = open_take(take).track()["jawOpen"]
    assert parts["jaw"]["max"] == pytest.approx(jaw.max() / 2, rel=1e-4) and parts["jaw"]["channel"] == "jawOpen"
    assert parts["jaw"]["seconds"] == pytest.approx(jaw.argmax() / 25) and parts["mouth"]["max"] == 0
    assert found["sound"] == 0 and not found["same"]
    assert cli.main(["diff", take, str(louder), "--tolerance", "2"]) == 0
    short = edit(made, "--cut", "0", "0.5")
    assert cli.main(["diff", take, str(short)]) == 1
