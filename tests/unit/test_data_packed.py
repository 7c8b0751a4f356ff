"""Packed corpora and the windows drawn from them."""

from pathlib import Path

import numpy as np
import pytest

from thespis.apps.cli import main
from thespis.data.packed import MOTIONS, Packed, Packing, motion_in, pack, part_name
from thespis.data.stage import Stage, StageSettings
from thespis.data.windows import Windows, around
from thespis.errors import MediaError, TrainingError
from thespis.motion.convert_head import flame_of_face
from thespis.types import EMOTION

pytestmark = pytest.mark.unit

EMOTIONAL = StageSettings(seed=2, clips=3, seconds=1.0, size=64)
PLAIN = StageSettings(seed=2, clips=2, seconds=1.0, size=64, regime="plain")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Both regimes, packed."""
    place = tmp_path_factory.mktemp("packed")
    assert list(pack(Stage(EMOTIONAL), place / "emotional", Packing(size=64, sounds=("articulation", "mel")))) == [3]
    assert list(pack(Stage(PLAIN), place / "plain", Packing(size=64))) == [2]
    return place / "emotional", place / "plain"


def test_a_packed_corpus_holds_what_its_clips_hold(folders: tuple[Path, Path]) -> None:
    packed, stage = Packed(folders[0]), Stage(EMOTIONAL)
    assert len(packed) == 3
    clip = stage[1]
    assert clip.motion is not None and clip.frames is not None
    assert np.array_equal(packed.rows(1, "face"), clip.motion.values)
    assert np.array_equal(packed.rows(1, "flame"), flame_of_face(clip.motion).values)
    assert np.array_equal(packed.rows(1, "frames"), clip.frames.images)
    assert np.array_equal(packed.rows(1, "mask"), clip.labels["mask"])
    assert np.array_equal(packed.rows(1, "emotion"), clip.labels["emotion"].values)
    assert packed.clips[1]["person"] == clip.labels["person"] and packed.clips[1]["feeling"] == clip.labels["feeling"]
    assert len(packed.rows(1, "articulation")) == 100 and len(packed.rows(1, "mel")) == 80
    mean, spread = packed.mean_and_spread("face")
    every = np.concatenate([packed.rows(k, "face") for k in range(3)])
    assert np.allclose(mean, every.mean(axis=0), atol=1e-5) and np.allclose(spread, every.std(axis=0), atol=1e-5)


def test_smaller_frames_and_other_rates_keep_their_times(tmp_path: Path) -> None:
    list(pack(Stage(EMOTIONAL), tmp_path / "small", Packing(size=32, fps=12, sounds=())))
    packed, clip = Packed(tmp_path / "small"), Stage(EMOTIONAL)[0]
    assert clip.motion is not None and clip.frames is not None
    assert packed.rows(0, "frames").shape == (12, 32, 32, 3) and packed.rows(0, "mask").shape == (12, 32, 32)
    assert np.array_equal(packed.rows(0, "face")[6], clip.motion.values[12])
    means = clip.frames.images[12].reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(packed.rows(0, "frames")[6] - means).max() <= 1


def test_motion_is_kept_in_every_space() -> None:
    clip = Stage(StageSettings(seed=2, clips=1, seconds=0.5))[0]
    assert clip.motion is not None
    for name in MOTIONS:
        track = motion_in(clip.motion, name)
        assert track.space.name == name and len(track) == len(clip.motion) and np.isfinite(track.values).all()
    with pytest.raises(MediaError, match="unknown motion to keep 'bones'"):
        Packing(motions=("bones",))


def test_windows_are_those_of_one_clip_and_the_same_every_time(folders: tuple[Path, Path]) -> None:
    corpora = [Packed(folder) for folder in folders]
    windows = Windows(corpora, 5, 16, seed=4, sounds={"articulation": (-4, 4)}, shares=(0.5, 0.5))
    rows = windows.rows(7, 0, 16)
    assert rows["frames"].shape == (16, 5, 64, 64, 3) and rows["articulation"].shape == (16, 5, 8, 10)
    assert rows["reference"].shape == (16, 64, 64, 3) and "mel" not in rows
    again = Windows(corpora, 5, 16, seed=4, sounds={"articulation": (-4, 4)}, shares=(0.5, 0.5)).rows(7, 3, 5)
    assert all(np.array_equal(rows[name][3:5], again[name]) for name in rows)
    for row in range(16):
        place, first, _ = windows.draw(7, row)
        corpus, clip = windows.clips[place]
        assert np.array_equal(rows["face"][row], corpora[corpus].rows(clip, "face")[first : first + 5])
        assert bool(rows["labelled"][row]) == (corpus == 0) and rows["corpus"][row] == corpus
        if corpus == 0:
            assert EMOTION.names[rows["feeling"][row]] == corpora[0].clips[clip]["feeling"]
    drawn = np.concatenate([windows.rows(step, 0, 16)["corpus"] for step in range(10)])
    assert 0.3 < drawn.mean() < 0.7
    assert Windows(corpora, 5, 4, shares=(0, 1)).rows(0, 0, 4)["corpus"].tolist() == [1] * 4
    assert windows.held(6)["flame"].shape == (6, 5, 68)


def test_a_reference_is_another_picture_of_the_same_person(folders: tuple[Path, Path]) -> None:
    windows = Windows([Packed(folders[0])], 5, 8, pictures=True)
    rows = windows.rows(0, 0, 8)
    for reference, person in zip(rows["reference"], rows["person"], strict=True):
        owners = {
            windows.who(c, k)
            for c, k in windows.clips
            if (windows.corpora[c].rows(k, "frames") == reference).all(axis=(1, 2, 3)).any()
        }  # fmt: skip
        assert owners == {windows.people[int(person)]}


def test_sound_stands_around_its_frame() -> None:
    values = np.arange(20.0)[:, None]
    assert around(values, 1, 3, 4.0, -1, 2)[..., 0].tolist() == [[3, 4, 5], [7, 8, 9]]
    assert around(values, 0, 1, 3.2, -2, 1)[..., 0].tolist() == [[0, 0, 0]]
    assert around(values, 6, 7, 3.2, 0, 3)[..., 0].tolist() == [[19, 19, 19]]


def test_a_packing_that_was_broken_off_goes_on(folders: tuple[Path, Path], tmp_path: Path) -> None:
    stage = Stage(StageSettings(seed=1, clips=21, seconds=0.5, fps=10))
    packing = Packing(motions=("face",), sounds=())
    assert list(pack(stage, tmp_path / "made", packing)) == [20, 1]
    second = tmp_path / "made" / part_name(1)
    kept = second.read_bytes()
    second.unlink()
    with pytest.raises(MediaError, match=r"lacks part-00001\.safetensors; run the command that made it again"):
        Packed(tmp_path / "made")
    assert list(pack(stage, tmp_path / "made", packing)) == [1] and second.read_bytes() == kept
    second.write_bytes(b"nothing")
    with pytest.raises(MediaError, match="is damaged or gone"):
        Packed(tmp_path / "made")
    with pytest.raises(MediaError, match="holds another corpus or other settings"):
        list(pack(stage, tmp_path / "made", Packing(motions=("flame",), sounds=())))
    with pytest.raises(MediaError, match="is no packed corpus"):
        Packed(tmp_path)


def test_what_cannot_be_packed_or_drawn_is_refused(folders: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="unknown feature to keep 'mfcc'"):
        Packing(sounds=("mfcc",))
    with pytest.raises(MediaError, match="16 to 1024 pixels"):
        Packing(size=8)
    with pytest.raises(MediaError, match="has no frames to pack"):
        list(pack(Stage(StageSettings(clips=1, seconds=0.5)), tmp_path / "none", Packing(size=64)))
    corpora = [Packed(folder) for folder in folders]
    with pytest.raises(TrainingError, match="no clip of the corpora has 50 frames in a row"):
        Windows(corpora, 50, 4)
    with pytest.raises(TrainingError, match="do not all have mel"):
        Windows(corpora, 5, 4, sounds={"mel": (0, 1)})
    with pytest.raises(TrainingError, match="shares needs one number"):
        Windows(corpora, 5, 4, shares=(1.0,))


def test_the_command_packs_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = str(tmp_path / "stage")
    assert main(["data", "stage", "--clips", "2", "--seconds", "0.5", "-o", made, "--workers", "1"]) == 0
    assert main(["data", "pack", made, "-o", str(tmp_path / "packed"), "--workers", "1"]) == 0
    assert "2 clips" in capsys.readouterr().out and len(Packed(tmp_path / "packed")) == 2
    assert main(["data", "pack", str(tmp_path), "-o", str(tmp_path / "other")]) == 2
    assert "holds no corpus; make one with thespis data stage" in capsys.readouterr().err
