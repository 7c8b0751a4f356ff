"""Which video is which, and which real clip belongs to it, when names are told twice."""

from pathlib import Path

import pytest

from thespis.apps.eval import truths_of, videos
from thespis.errors import MediaError

pytestmark = pytest.mark.unit


def laid(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_two_folders_may_hold_files_of_one_name(tmp_path: Path) -> None:
    one, other = laid(tmp_path / "one", "talk.mp4"), laid(tmp_path / "other", "talk.mp4", "sing.mp4")
    found = videos([one, other, other / "talk.mp4"])
    assert list(found.values()) == [one / "talk.mp4", other / "sing.mp4", other / "talk.mp4"]
    assert list(found)[:2] == ["talk.mp4", "sing.mp4"]


def test_the_real_clip_is_the_one_in_the_same_place(tmp_path: Path) -> None:
    made = laid(tmp_path / "made", "ana/001.mp4", "joel/001.mp4", "002.webm")
    real = laid(tmp_path / "real", "ana/001.mov", "joel/001.mp4", "clips/002.mp4")
    found = truths_of(real, videos([made]))
    places = {name: path.relative_to(real).as_posix() for name, path in found.items()}
    assert places == {"ana/001.mp4": "ana/001.mov", "joel/001.mp4": "joel/001.mp4", "002.webm": "clips/002.mp4"}
    with pytest.raises(MediaError, match=r"holds 2 clips named '001'; put 001\.mp4 into a folder"):
        truths_of(real, videos([made / "ana"]))
    with pytest.raises(MediaError, match="no video has the name of a clip"):
        truths_of(real, videos([laid(tmp_path / "others", "003.mp4")]))
    assert truths_of(None, videos([made])) == {}


def test_one_real_clip_may_be_that_of_all(tmp_path: Path) -> None:
    made, real = laid(tmp_path / "made", "ours.mp4", "theirs.mp4"), laid(tmp_path, "real.mp4") / "real.mp4"
    assert truths_of(real, videos([made])) == {"ours.mp4": real, "theirs.mp4": real}
