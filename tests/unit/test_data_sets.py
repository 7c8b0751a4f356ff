"""Readers of published data sets, each on a made-up folder in its layout."""

import json
import pickle
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from thespis.data.item import Item, felt, sound_of
from thespis.data.sets import names, open_set
from thespis.errors import MediaError
from thespis.export.video import save
from thespis.types import EMOTION, Clip, Frames, Speech, Word

pytestmark = pytest.mark.unit

RATE = 16_000


def video(path: Path, sound: bool = True, frames: int = 6) -> None:
    """Write a small video of a moving bar, with a tone."""
    images = np.zeros((frames, 32, 32, 3), np.uint8)
    for number, image in enumerate(images):
        image[:, 4 * number : 4 * number + 4] = 200
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_suffix(".mp4")
    save(Clip(tone(frames / 25) if sound else None, Frames(images, Fraction(25))), made)
    made.replace(path)  # what a file holds is told by its bytes, not by its name


def tone(seconds: float) -> Speech:
    """A tone."""
    return Speech((0.3 * np.sin(np.arange(round(seconds * RATE)) * 0.2)).astype(np.float32)[None], RATE)


def wave(path: Path, seconds: float = 0.24) -> None:
    """Write a tone as a recording."""
    import wave as waves

    path.parent.mkdir(parents=True, exist_ok=True)
    with waves.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((tone(seconds).samples[0] * 32767).astype("<i2").tobytes())


def laid_out(folder: Path, videos: Iterable[str], sounds: Iterable[str] = ()) -> Path:
    """Make a folder with these files."""
    for name in videos:
        video(folder / name, sound=not list(sounds))
    for name in sounds:
        wave(folder / name)
    return folder


LAYOUTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], str, dict[str, Any]]] = {
    "mead": (
        ("M003/video/front/angry/level_2/001.mp4", "W009/video/left_30/neutral/level_1/017.mp4"),
        ("M003/audio/angry/level_2/001.m4a", "W009/audio/neutral/level_1/017.m4a"),
        "M003/front/angry/level_2/001",
        {"person": "M003", "feeling": "angry", "intensity": 2 / 3, "view": "front", "gender": "male", "sentence": "angry/001"},
    ),
    "hdtf": (
        ("WDA_SomeBody1_000.mp4", "RD/RD_Radio12_003.mp4"), (), "WDA_SomeBody1_000",
        {"person": "WDA_SomeBody", "part": "WDA", "take": "SomeBody1_0"},
    ),
    "ravdess": (
        ("Actor_02/01-01-06-02-02-01-02.mp4", "Actor_02/02-01-06-02-02-01-02.mp4", "Actor_01/01-02-02-01-01-02-01.mp4"), (),
        "01-01-06-02-02-01-02",
        {"person": "Actor_02", "feeling": "fear", "intensity": 1.0, "text": "Dogs are sitting by the door.", "gender": "female"},
    ),
    "crema_d": (
        ("VideoFlash/1001_IEO_HAP_MD.flv", "VideoFlash/1002_DFA_SAD_XX.flv"),
        ("AudioWAV/1001_IEO_HAP_MD.wav", "AudioWAV/1002_DFA_SAD_XX.wav"), "1001_IEO_HAP_MD",
        {"person": "1001", "feeling": "happy", "intensity": 2 / 3, "sentence": "IEO", "text": "It's eleven o'clock."},
    ),
    "voxceleb2": (
        ("dev/mp4/id00012/21Uxsk56VDQ/00001.mp4", "test/mp4/id00017/01dfn2spqyE/00002.mp4"),
        ("dev/aac/id00012/21Uxsk56VDQ/00001.m4a",), "dev/id00012/21Uxsk56VDQ/00001",
        {"person": "id00012", "take": "21Uxsk56VDQ", "split": "dev"},
    ),
    "grid": (
        ("s1/bbaf2n.mpg", "s12/video/mpg_6000/swiz3p.mpg"), (), "s1/bbaf2n",
        {"person": "s1", "text": "bin blue at f two now", "sentence": "bbaf2n"},
    ),
    "multitalk": (("processed_video/greek/abc_0.mp4", "processed_video/thai/xyz_1.mp4"), (), "greek/abc_0", {"language": "el"}),
    "folder": (("ann/one.mp4", "two.webm"), (), "ann/one.mp4", {"person": "ann"}),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_in_the_published_layout_is_read(name: str, tmp_path: Path) -> None:
    videos, sounds, first, labels = LAYOUTS[name]
    clips = open_set(name, laid_out(tmp_path, videos, sounds))
    by_name = {item.name: number for number, item in enumerate(clips.items)}
    assert first in by_name and len(clips) == len(videos) - (name == "ravdess")
    clip = clips[by_name[first]]
    assert clip.frames is not None and clip.speech is not None and clip.motion is None
    assert clip.frames.images.shape == (6, 32, 32, 3) and clip.frames.fps == 25
    assert clip.speech.seconds == pytest.approx(0.24, abs=0.08) and np.abs(clip.speech.samples).max() > 0.1
    for label, value in labels.items():
        assert clip.labels[label] == value, label
    assert clip.speech.text == labels.get("text")


def test_all_sets_are_known_by_the_names_of_their_files() -> None:
    assert set(names()) == {*LAYOUTS, "vocaset", "biwi"}
    with pytest.raises(MediaError, match=r"unknown data set 'meat'\. Did you mean 'mead'"):
        open_set("meat", ".")


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_without_clips_says_what_was_expected(name: str, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"holds no clips of .*; expected files such as"):
        open_set(name, tmp_path)
    with pytest.raises(MediaError, match="there is no folder"):
        open_set(name, tmp_path / "gone")


def test_missing_files_are_named_in_one_error(tmp_path: Path) -> None:
    for number in range(6):
        video(tmp_path / f"M003/video/front/sad/level_3/{number:03d}.mp4")
    wave(tmp_path / "M003/audio/sad/level_3/002.m4a")
    with pytest.raises(
        MediaError, match=r"^5 files of MEAD are missing: M003/audio/sad/level_3/000\.m4a, .* and 1 more \(in .*--skip-missing"
    ):
        open_set("mead", tmp_path)
    assert [item.name for item in open_set("mead", tmp_path, skip_missing=True).items] == ["M003/front/sad/level_3/002"]


def test_lists_say_which_clips_should_be_there(tmp_path: Path) -> None:
    laid_out(tmp_path / "hdtf", ("WDA_SomeBody_000.mp4",))
    (tmp_path / "hdtf" / "WDA_annotion_time.txt").write_text("SomeBody.mp4 00:10-00:20 01:00-01:30\n", encoding="utf-8")
    with pytest.raises(MediaError, match=r"1 file of HDTF is missing: WDA_SomeBody_001\.mp4"):
        open_set("hdtf", tmp_path / "hdtf")
    laid_out(tmp_path / "multi", ("processed_video/thai/a_0.mp4",))
    (tmp_path / "multi" / "annotations").mkdir()
    told = {name: {"youtube_id": "Y" + name} for name in ("a_0", "b_0")}
    (tmp_path / "multi" / "annotations" / "thai.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(MediaError, match=r"processed_video/thai/b_0\.mp4"):
        open_set("multitalk", tmp_path / "multi")
    assert open_set("multitalk", tmp_path / "multi", skip_missing=True).items[0].labels["take"] == "Ya_0"


def test_lists_may_hold_empty_lines(tmp_path: Path) -> None:
    laid_out(tmp_path, ("WDA_SomeBody_000.mp4",))
    (tmp_path / "WDA_annotion_time.txt").write_text("SomeBody.mp4 00:10-00:20\n\n  \n", encoding="utf-8")
    assert [item.name for item in open_set("hdtf", tmp_path).items] == ["WDA_SomeBody_000"]


@pytest.mark.parametrize(
    ("name", "clip", "list_", "text"),
    [
        ("grid", "s1/bbaf2n.mpg", "s1/align/bbaf2n.align", "one two bin"),
        ("grid", "s1/bbaf2n.mpg", "s1/align/bbaf2n.align", "\xff"),
        ("multitalk", "processed_video/greek/a.mp4", "annotations/greek.json", "[1]"),
        ("multitalk", "processed_video/greek/a.mp4", "annotations/greek.json", '{"a": 1}'),
    ],
)
def test_a_damaged_list_is_told_in_a_line(tmp_path: Path, name: str, clip: str, list_: str, text: str) -> None:
    laid_out(tmp_path, (clip,))
    (tmp_path / list_).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / list_).write_text(text, encoding="latin-1")
    with pytest.raises(MediaError, match=Path(list_).name):
        open_set(name, tmp_path)


def test_words_of_grid_have_their_times(tmp_path: Path) -> None:
    laid_out(tmp_path, ("s3/bbaf2n.mpg",))
    (tmp_path / "align" / "s3").mkdir(parents=True)
    (tmp_path / "align" / "s3" / "bbaf2n.align").write_text("0 23750 sil\n23750 29500 bin\n29500 34000 blue\n", encoding="utf-8")
    clip = open_set("grid", tmp_path)[0]
    assert clip.speech is not None and clip.speech.words == (Word("bin", 0.95, 1.18), Word("blue", 1.18, 1.36))


def test_a_video_without_sound_is_a_clip_without_speech(tmp_path: Path) -> None:
    video(tmp_path / "quiet.mp4", sound=False)
    assert sound_of(Item("quiet", tmp_path / "quiet.mp4")) is None
    wave(tmp_path / "quiet.wav")
    (tmp_path / "quiet.txt").write_text("Hello.\n", encoding="utf-8")
    clip = open_set("folder", tmp_path)[0]
    assert clip.speech is not None and clip.speech.text == "Hello." and len(clip.speech) == round(0.24 * RATE)


def test_meshes_of_vocaset_and_biwi(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    template, frames = random.normal(size=(5, 3)), random.normal(size=(8, 15)).astype(np.float32)
    for name, stem in (("vocaset", "FaceTalk_1_TA_sentence01"), ("biwi", "F1_e01")):
        folder = tmp_path / name
        (folder / "vertices_npy").mkdir(parents=True)
        np.save(folder / "vertices_npy" / f"{stem}.npy", frames)
        wave(folder / "wav" / f"{stem}.wav")
        person = stem.rpartition("_")[0]
        (folder / "templates.pkl").write_bytes(pickle.dumps({person: template}, protocol=2))
        clip = open_set(name, folder)[0]
        assert clip.motion is not None and clip.speech is not None and clip.frames is None
        assert clip.motion.space.name == name and clip.motion.fps == (60 if name == "vocaset" else 25)
        assert np.array_equal(clip.motion.values, frames) and np.allclose(clip.labels["template"], template, atol=1e-6)
        assert clip.labels["person"] == person
        (folder / "wav" / f"{stem}.wav").unlink()
        with pytest.raises(MediaError, match=r"1 file of .* is missing: wav/"):
            open_set(name, folder)
    assert clip.labels["emotional"] is True and clip.labels["sentence"] == "01"


def test_the_original_archive_of_vocaset(tmp_path: Path) -> None:
    meshes = np.random.default_rng(1).normal(size=(9, 4, 3)).astype(np.float32)
    np.save(tmp_path / "data_verts.npy", meshes)
    who, said = "FaceTalk_1_TA", "sentence02"
    audio = (tone(0.1).samples[0] * 32767).astype(np.int16)
    held = {
        "raw_audio_fixed.pkl": {who: {said: {"audio": audio, "sample_rate": np.int64(22000)}}},
        "subj_seq_to_idx.pkl": {who: {said: {0: 4, 1: 5, 2: 8}, "sentence03": {0: 1}}}, "templates.pkl": {who: meshes[0]},
    }  # fmt: skip
    with pytest.raises(MediaError, match=r"lacks raw_audio_fixed\.pkl, subj_seq_to_idx\.pkl, templates\.pkl"):
        open_set("vocaset", tmp_path)
    for name, value in held.items():
        (tmp_path / name).write_bytes(pickle.dumps(value, protocol=2))
    clips = open_set("vocaset", tmp_path)
    assert [item.name for item in clips.items] == [f"{who}/{said}"]
    clip = clips[0]
    assert clip.motion is not None and np.array_equal(clip.motion.values, meshes[[4, 5, 8]].reshape(3, -1))
    assert clip.speech is not None and clip.speech.rate == 22000 and len(clip.speech) == 1600


class Evil:
    """Something that would run when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("ran",)


def test_nothing_in_a_pickle_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "vertices_npy").mkdir()
    np.save(tmp_path / "vertices_npy" / "F1_01.npy", np.zeros((2, 6), np.float32))
    (tmp_path / "templates.pkl").write_bytes(pickle.dumps({"F1": Evil()}))
    with pytest.raises(MediaError, match=r"is refused: it asks for builtins\.print"):
        open_set("biwi", tmp_path)
    (tmp_path / "templates.pkl").write_bytes(b"nothing")
    with pytest.raises(MediaError, match="is damaged"):
        open_set("biwi", tmp_path)
    assert capsys.readouterr().out == ""


def test_feelings_become_curves_where_their_strength_is_known() -> None:
    found = felt({"feeling": "sad", "intensity": 2 / 3}, 4, Fraction(25))
    assert found is not None and found["sad"] == pytest.approx(np.full(4, 2 / 3)) and found.values.sum() == pytest.approx(8 / 3)
    calm = felt({"feeling": "neutral", "intensity": 0.0}, 2, Fraction(25))
    assert calm is not None and not calm.values.any() and calm.space == EMOTION
    assert felt({"feeling": "sad"}, 4, Fraction(25)) is None and felt({}, 4, Fraction(25)) is None
