"""Arrays of clips in files of twenty: the same whatever makes them, and each made once."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from thespis.data.parts import Arrays, read_parts, write_parts

pytestmark = pytest.mark.unit


def rolled(number: int) -> Arrays | None:
    """Make a clip of noise; every seventh is none."""
    return None if number % 7 == 6 else {"noise": np.random.default_rng(number).random((2, 3))}


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*")}


def test_several_processes_write_the_same_files_as_one(tmp_path: Path) -> None:
    assert list(write_parts(43, "a", tmp_path / "one", rolled)) == [20, 40, 43]
    assert list(write_parts(43, "a", tmp_path / "two", rolled, workers=2)) == [20, 40, 43]
    assert digests(tmp_path / "one") == digests(tmp_path / "two")
    assert list(read_parts(tmp_path / "two", "a")) == [number for number in range(43) if number % 7 != 6]


def test_only_what_is_missing_is_made(tmp_path: Path) -> None:
    list(write_parts(43, "a", tmp_path, rolled))
    before = digests(tmp_path)
    (tmp_path / "a-000020.safetensors").unlink()
    asked: list[int] = []

    def noted(number: int) -> Arrays | None:
        asked.append(number)
        return rolled(number)

    assert list(write_parts(43, "a", tmp_path, noted)) == [23, 43]
    assert asked == list(range(20, 40))
    assert digests(tmp_path) == before
