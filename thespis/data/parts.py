"""Arrays of clips in files of twenty: each written whole or not at all, and pictures left on disk until they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.data.workers import spread
from thespis.export.output import Output

Arrays = dict[str, npt.NDArray[Any]]
Held = Mapping[str, Any]
"""The arrays of a clip, of which some may be Stored."""
EACH = 20  # clips in a file


class Stored:
    """An array that stays in its file: rows are read when they are asked for, by a number, a slice, or several numbers."""

    def __init__(self, path: Path, name: str, shape: tuple[int, ...]) -> None:
        """Know where it is, and its shape (rows, ...)."""
        self.path, self.name, self.shape = path, name, shape

    def __len__(self) -> int:
        """Count the rows."""
        return self.shape[0]

    def __getitem__(self, rows: int | slice | npt.NDArray[np.int64]) -> npt.NDArray[Any]:
        """Read rows; the file is not kept open, since there may be thousands."""
        from safetensors import safe_open

        with safe_open(self.path, "numpy") as part:
            held = part.get_slice(self.name)
            if isinstance(rows, slice):
                return np.asarray(held[rows])
            if isinstance(rows, np.ndarray):
                return np.stack([held[int(row)] for row in rows])
            return np.asarray(held[int(rows)])


def write_parts(count: int, stem: str, folder: Path, make: Callable[[int], Arrays | None], workers: int = 1) -> Iterator[int]:
    """Write what is made of each of `count` clips in files of twenty, those that are missing; yields how many clips are there by then.

    With several `workers`, files are made by so many processes at once, which get `make` pickled.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = {folder / f"{stem}-{first:06d}.safetensors": range(first, min(first + EACH, count)) for first in range(0, count, EACH)}
    there = sum(len(numbers) for path, numbers in parts.items() if path.exists())
    if there:
        yield there
    for done in spread(write_part, [(path, numbers, make) for path, numbers in parts.items() if not path.exists()], workers):
        there += done
        yield there


def write_part(path: Path, numbers: range, make: Callable[[int], Arrays | None]) -> int:
    """Write what is made of clips of these numbers in one file, and count them."""
    from safetensors.numpy import save_file

    made = {number: make(number) for number in numbers}
    tensors = {f"{number}/{name}": value for number, each in made.items() if each is not None for name, value in each.items()}
    output = Output(path)
    try:
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, output.temporary)
        output.publish()
    finally:
        output.discard()
    return len(numbers)


def read_parts(folder: Path, stem: str) -> dict[int, Arrays]:
    """Read clips that `write_parts` wrote, by number."""
    from safetensors.numpy import load_file

    clips: dict[int, Arrays] = {}
    for path in sorted(folder.glob(f"{stem}-*.safetensors")):
        for name, value in load_file(path).items():
            number, _, part = name.partition("/")
            clips.setdefault(int(number), {})[part] = value
    return dict(sorted(clips.items()))


def stored_parts(folder: Path, stem: str) -> dict[int, Held]:
    """Read the same, but leave on disk what has pictures in its rows, however many clips there are."""
    from safetensors import safe_open

    clips: dict[int, dict[str, Any]] = {}
    for path in sorted(folder.glob(f"{stem}-*.safetensors")):
        with safe_open(path, "numpy") as file:
            for name in file.keys():  # noqa: SIM118 - no mapping
                number, _, part = name.partition("/")
                shape = tuple(file.get_slice(name).get_shape())
                clips.setdefault(int(number), {})[part] = Stored(path, name, shape) if len(shape) > 2 else file.get_tensor(name)
    return dict(sorted(clips.items()))
