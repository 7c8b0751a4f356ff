"""Footage that was prepared teaches faces and acting, too: the arrays that are made of it, and what a training asks of it."""

import json
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from thespis.apps import cli
from thespis.capture.faces import find_faces
from thespis.data.actor import PARTS
from thespis.data.clipfile import save_clip
from thespis.data.footage import filmed_face, filmed_faces
from thespis.data.footage_acts import STRETCH, filmed_act, filmed_acts, looks_of, moves_of, rested
from thespis.data.prepare import CLIPS, INDEX, TOLD, VERSION
from thespis.data.stage import Stage, StageSettings
from thespis.errors import TrainingError
from thespis.motion.head import held
from thespis.motion.spaces.acting import CONTROLS, HEAD_TURNS
from thespis.motion.spaces.face import FACE
from thespis.train.footage import kept_back, settled
from thespis.types import EMOTION, Array, Bytes, Clip, Direction, Track

pytestmark = pytest.mark.unit
SIZE = 256


def piece(number: int, seconds: float, *, named: bool) -> Clip:
    """A clip of the stage as `prepare` leaves footage: with points of the face, and with what the names of a set tell."""
    clip = Stage(StageSettings(seed=3, clips=4, seconds=seconds, size=SIZE))[number]
    assert clip.frames is not None
    (face,) = find_faces(clip.frames.images[0])
    points = np.repeat(face.points[None, :, :2], len(clip.frames), axis=0).astype(np.float32)
    points[3] = np.nan  # lost for a moment
    labels = {"name": f"clip {number}", "person": f"somebody {number}", "points": points}
    return Clip(clip.speech, clip.frames, clip.motion, labels | ({"feeling": "happy", "intensity": 0.7} if named else {}))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of two clips, of which one says what is felt."""
    place = tmp_path_factory.mktemp("prepared")
    for name in (CLIPS, TOLD):
        (place / name).mkdir()
    (place / INDEX).write_text(json.dumps({"version": VERSION, "set": "made up", "settings": {}}))
    for number in range(2):
        save_clip(piece(number, 4.9 if number else 1.2, named=number == 1), place / CLIPS / f"{number}.safetensors")
        (place / TOLD / f"{number}.json").write_text(
            json.dumps({"name": str(number), "kept": [{"file": f"{number}.safetensors"}], "dropped": []})
        )
    return place


def test_a_filmed_face_is_told_as_the_stage_tells_one(prepared: Path, tmp_path: Path) -> None:
    told: list[str] = []
    found = list(filmed_faces([prepared], tmp_path, 32, told.append))
    assert [who for who, _ in found] == ["0 somebody 0", "0 somebody 1"]
    first, second = (arrays for _, arrays in found)
    assert first["frames"].shape == (31, 32, 32, 3) and first["masks"].shape == (31, 32, 32)
    assert first["articulation"].shape == (30, 10) and first["flame"].shape[0] == first["face"].shape[0] == 30
    assert np.isnan(first["emotion"]).all() and second["emotion"][0, EMOTION.column("happy")] == pytest.approx(0.7)
    # The portrait is one of the frames, and motion is told from there on.
    calm = int(np.argmin(np.abs(first["flame"]).sum(axis=1)))
    assert not first["flame"][calm].any()
    assert np.array_equal(first["frames"][0], first["frames"][1 + calm])
    for name, least in (("skin", 0.1), ("lips", 0.004), ("eyes", 0.001)):
        assert (first["masks"][:] == PARTS.index(name)).mean() > least
    # Made once: the second time nothing is looked at.
    again = list(filmed_faces([prepared], tmp_path, 32, told.append))
    assert all(np.array_equal(one["frames"][:], other["frames"][:]) for (_, one), (_, other) in zip(found, again, strict=True))


def test_filmed_faces_are_kept_in_coarser_places_too(prepared: Path, tmp_path: Path) -> None:
    called: list[str] = []

    class Halves:
        """Keeps every second pixel."""

        factor = 2

        def __call__(self, pictures: Iterable[Bytes], clip: str) -> Bytes:
            called.append(clip)
            return np.stack([picture[::2, ::2] for picture in pictures])

    (_, whole), _ = filmed_faces([prepared], tmp_path / "whole", 64, print)
    (_, halves), _ = filmed_faces([prepared], tmp_path / "halves", 64, print, Halves())
    assert called == ["filmed-0 0", "filmed-0 1"]
    assert np.array_equal(halves["frames"][:], whole["frames"][:][:, ::2, ::2])
    assert halves["masks"].shape == (31, 32, 32)
    assert (halves["masks"][:] == whole["masks"][:][:, ::2, ::2]).mean() > 0.95


def test_a_face_that_is_hardly_seen_teaches_nothing(prepared: Path) -> None:
    clip = piece(0, 1.2, named=False)
    clip.labels["points"][2:] = np.nan
    assert filmed_face(clip, 32) is None
    assert filmed_act(clip) is None  # and this one is too short to act


def test_acting_is_read_back_as_it_was_acted() -> None:
    rows = 200
    seconds = np.arange(rows) / 25
    degrees = np.stack([8 * np.sin(seconds), 4 * np.sin(2 * seconds), 3 * np.cos(seconds)], axis=1)
    head = held(Direction(), seconds, degrees, np.zeros((rows, 3)))
    brow = np.clip(np.sin(1.5 * seconds), 0, 1).astype(np.float32)
    motion = Track(FACE, np.zeros((rows, FACE.size), np.float32), Fraction(25)).replace(
        head_rotation=head[:, :3], browInnerUp=0.2 + 0.5 * brow, mouthSmileLeft=np.full(rows, 0.6), mouthSmileRight=np.full(rows, 0.6)
    )
    moves = moves_of(motion)
    turns: Array = np.asarray(moves[:, :3], np.float32)
    assert np.abs(turns - (degrees - np.median(degrees, axis=0))).max() < 0.05
    column = [*HEAD_TURNS, "shift_right", "shift_down", "shift_away", "brow_inner"].index("brow_inner")
    assert np.abs(moves[:, column] - 0.5 * brow).max() < 0.02  # what it shows all the time is how it rests
    assert np.abs(moves[:, -1]).max() < 1e-6  # and so is a smile that stays
    looks = rested(looks_of(motion))
    assert len(np.unique(looks[:, 0])) < rows / 4


def test_acts_of_footage_are_stretches_that_the_denoiser_takes(prepared: Path) -> None:
    acts = filmed_acts([piece(1, 4.9, named=True)])
    assert acts["controls"].shape == (1, STRETCH, CONTROLS.size) and acts["heard"].shape[:2] == (1, STRETCH)
    assert acts["emotion"][0, 5, EMOTION.column("happy")] == pytest.approx(0.7)
    assert all(np.isfinite(values).all() for values in acts.values())
    with pytest.raises(TrainingError, match=r"no clip of the footage is 4\.8 s long"):
        filmed_acts([piece(0, 1.2, named=False)])


def test_a_training_goes_on_with_what_it_began_with(prepared: Path, tmp_path: Path) -> None:
    assert settled(tmp_path / "run", {}) == ([], 1.0)
    assert settled(tmp_path / "run", {"data": [prepared], "stage": 0.3}) == ([prepared], 0.3)
    for wishes in ({}, {"data": [prepared]}, {"data": [prepared, prepared], "stage": 0.3}):
        with pytest.raises(TrainingError, match="holds a training that learned from"):
            settled(tmp_path / "run", dict(wishes))
    with pytest.raises(TrainingError, match="from 0 to 1, not 2"):
        settled(tmp_path / "other", {"data": [prepared], "stage": 2.0})
    (tmp_path / "alone" / "flow").mkdir(parents=True)
    (tmp_path / "alone" / "flow" / "run.json").write_text("{}")
    with pytest.raises(TrainingError, match=r"learned from the stage \(100%\)"):
        settled(tmp_path / "alone", {"data": [prepared]})
    assert kept_back(["a", "b"]) == [False, False]
    assert kept_back(["d", "a", "b", "c", "a"]) == [False, True, False, False, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hallo", "--data", "PREPARED"], "learns from the made-up stage alone"),
        (["emodiffhead", "--stage", "0.2"], "--stage shares what is learned with --data"),
        (["emodiffhead", "--data", "none"], "holds no prepared clips"),
    ],
)
def test_what_cannot_be_learned_from_is_one_line(
    words: list[str], said: str, prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'thespis[train]'")
    asked = [str(prepared) if word == "PREPARED" else word for word in words]
    assert cli.main(["train", *asked, "-o", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert said in told and told.count("\n") == 1
