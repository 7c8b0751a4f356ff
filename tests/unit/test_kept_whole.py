"""What is kept is kept whole: full disks, files in the place of folders, inputs named as outputs, processes that end."""

import os
from argparse import ArgumentParser, Namespace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from full_disk import hardly_any_room

from thespis.apps.eval import read_labels
from thespis.apps.text import none_measured
from thespis.data.item import ClipSet, Item
from thespis.data.packed import INDEX, Packing, pack
from thespis.data.prepare import Preparing, prepare
from thespis.data.workers import spread
from thespis.errors import MediaError, TrainingError, UsageError
from thespis.export.output import write_arrays

pytestmark = pytest.mark.unit


def test_arrays_for_which_there_is_no_room_leave_nothing_behind(tmp_path: Path) -> None:
    arrays = {"many": np.zeros(100_000, np.float32)}
    with hardly_any_room(), pytest.raises(MediaError, match="the disk is full"):
        write_arrays(tmp_path / "kept.safetensors", arrays)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MediaError, match="cannot write"):
        write_arrays(tmp_path / "nowhere" / "kept.safetensors", arrays)


def test_an_error_ends_the_jobs_that_wait(tmp_path: Path) -> None:
    jobs = [("1 / 0",), *((f"import time; time.sleep(0.02); open({str(tmp_path / str(number))!r}, 'w')",) for number in range(200))]
    with pytest.raises(ZeroDivisionError):
        list(spread(exec, jobs, 2))
    assert len(list(tmp_path.iterdir())) < 100


def test_a_process_that_is_ended_is_told_in_a_line() -> None:
    with pytest.raises(MediaError, match="fewer --workers"):
        list(spread(os._exit, [(3,), (3,)], 2))


class OneClip:
    """A corpus that is never read."""

    def __len__(self) -> int:
        return 1

    def __getitem__(self, number: int) -> Any:
        raise AssertionError(number)


def test_a_file_is_no_folder_to_fill(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_bytes(b"")
    with pytest.raises(MediaError, match="is a file"):
        list(pack(OneClip(), place, Packing()))
    (tmp_path / "clip.mp4").write_bytes(b"")
    with pytest.raises(MediaError, match="is a file"):
        list(prepare(ClipSet("clips", tmp_path, [Item("clip", tmp_path / "clip.mp4")], expected="clip.mp4"), place, Preparing()))


def test_a_damaged_index_of_packed_clips_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_text("{", encoding="utf-8")
    with pytest.raises(MediaError, match="cannot be read; pack the corpus again"):
        list(pack(OneClip(), tmp_path, Packing()))


def asked(verb: str, *words: str) -> Namespace:
    parser = ArgumentParser()
    import_module(f"thespis.apps.{verb}").arguments(parser)
    return parser.parse_args(words)


INPUTS = (
    ("plot", "one.take", "photo.png", "-o", "photo.png"),
    ("compare", "a.mp4", "b.mp4", "--report", "a.mp4"),
    ("eval", "a.mp4", "--report", "a.mp4"),
    ("eval", "a.mp4", "--labels", "asked.tsv", "--keep-real", "asked.tsv"),
    ("eval_lips", "--media", "clips", "--texts", "texts.tsv", "--report", "texts.tsv"),
    ("data_stage", "--actor", "photo.png", "--size", "64", "--sheet", "photo.png"),
)


@pytest.mark.parametrize("words", INPUTS, ids=" ".join)
def test_no_verb_writes_over_one_of_its_inputs(words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("one.take", "photo.png", "a.mp4", "b.mp4", "asked.tsv", "texts.tsv"):
        Path(name).write_bytes(b"mine")
    with pytest.raises(MediaError, match="is also an input"):
        import_module(f"thespis.apps.{words[0]}").main(asked(*words))
    assert {path.read_bytes() for path in tmp_path.iterdir()} == {b"mine"}


def test_a_page_of_people_has_the_name_of_what_it_is() -> None:
    with pytest.raises(UsageError, match=r"is a \.png picture"):
        import_module("thespis.apps.data_stage").main(asked("data_stage", "--sheet", "people.jpg"))


def test_a_recipe_file_is_not_fitted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "mine.py"
    own.write_text("", encoding="utf-8")
    fit = import_module("thespis.apps.fit")
    found = fit.find_spec
    monkeypatch.setattr(fit, "find_spec", lambda name: found(name if name.startswith("thespis") else "json"))
    with pytest.raises(TrainingError, match="draws anybody"):
        fit.main(asked("fit", str(own), "talk.mp4", "-o", str(tmp_path / "person")))


def test_noise_is_looked_for_where_there_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="there is no folder"):
        import_module("thespis.apps.eval_noise").main(asked("eval_noise", "--sounds", str(tmp_path / "none")))


def test_an_intensity_is_a_number(tmp_path: Path) -> None:
    table = tmp_path / "asked.tsv"
    table.write_text("file\temotion\tintensity\na.mp4\thappy\tnan\n", encoding="utf-8")
    with pytest.raises(MediaError, match="an intensity is a number"):
        read_labels(table)


def test_what_cannot_be_measured_is_named() -> None:
    assert str(none_measured([("a", "dark")])) == "none of the 1 videos can be measured (a: dark)"
    assert str(none_measured([("a", "dark")] * 4)).endswith("a: dark ...)")
