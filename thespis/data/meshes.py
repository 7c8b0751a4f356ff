"""What readers of mesh data sets share: pickles that hold arrays only, and vertices over time as a Track."""

import io
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from thespis.data.item import Item
from thespis.errors import MediaError
from thespis.head.flame_files import ArrayRecord, Reader, Refused
from thespis.speech.read import read_speech
from thespis.types import Array, Channel, Clip, Space, Track


@lru_cache(maxsize=8)
def mesh_space(name: str, vertices: int) -> Space:
    """Make the Space of a set's vertices: their coordinates in the set's own axes and unit."""
    return Space(name, tuple(Channel(f"vertex_{number}", "point", 3) for number in range(vertices)))


def read_pickle(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds: dicts of arrays and numbers
    """Read a pickle of dicts, lists, numbers, text and arrays; nothing in it is executed."""
    try:
        return arrays_in(Reader(io.BytesIO(path.read_bytes()), encoding="latin1").load())
    except OSError as error:
        raise MediaError(f"cannot read {path}: {error.strerror}") from None
    except Refused as refused:
        raise MediaError(f"{path} is refused: it asks for {refused}, and only plain arrays are read") from None
    except Exception as error:  # a damaged pickle can break the reader in any way
        raise MediaError(f"{path} is damaged ({type(error).__name__}); download it again") from None


def arrays_in(value: Any) -> Any:  # noqa: ANN401 - see read_pickle
    """Turn the records in what was read into arrays."""
    if isinstance(value, ArrayRecord):
        return value.array()
    if isinstance(value, dict):
        return {key: arrays_in(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [arrays_in(each) for each in value]
    return value


@lru_cache(maxsize=8)
def table(path: Path) -> dict[str, Any]:
    """Read a pickle that holds a dict by names, once a process."""
    found = read_pickle(path)
    if not isinstance(found, dict):
        raise MediaError(f"{path} holds no table by names; download it again")
    return found


def moving(vertices: Array, name: str, fps: Fraction) -> Track:
    """Make a Track of vertices (frames, vertices, 3) or (frames, 3 * vertices)."""
    flat = np.ascontiguousarray(vertices.reshape(len(vertices), -1), np.float32)
    return Track(mesh_space(name, flat.shape[1] // 3), flat, fps)


def read_array(path: Path, mapped: bool = False) -> Array:
    """Read a file of numpy's, or map it into memory."""
    try:
        found: Array = np.load(path, mmap_mode="r" if mapped else None)
    except (ValueError, EOFError, OSError):
        raise MediaError(f"{path} is damaged or no array of numbers; make it again") from None
    return found


def mesh_clip(item: Item, vertices: Path, space: str, fps: Fraction) -> Clip:
    """Read a clip of vertices in a file of numpy's and its recording."""
    assert item.sound is not None
    return Clip(read_speech(item.sound), None, moving(read_array(vertices), space, fps), {"name": item.name, **item.labels})


def template(folder: Path, person: str) -> dict[str, Array]:
    """Give the person at rest, where the file of them is there."""
    path = folder / "templates.pkl"
    found = table(path).get(person) if path.is_file() else None
    return {} if found is None else {"template": np.asarray(found, np.float32)}


def processed(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Give the vertices and the recording of each clip in the layout that trainers of this field use: vertices_npy and wav."""
    for vertices in sorted((folder / "vertices_npy").glob("*.npy")):
        yield vertices, folder / "wav" / f"{vertices.stem}.wav"
