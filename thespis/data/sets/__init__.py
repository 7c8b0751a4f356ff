"""Readers of published data sets, one file each: a new set is a new file here, and its name is the file's.

Each has `TITLE`, `SOURCE`, `LICENCE`, `EXPECTED` (how a file of it looks) and `items(folder) -> list[Item]`.
"""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from thespis.data.item import ClipSet
from thespis.errors import MediaError, unknown


def names() -> tuple[str, ...]:
    """Name the sets that can be read."""
    return tuple(sorted(found.name for found in iter_modules([str(Path(__file__).parent)])))


def open_set(name: str, folder: str | Path, *, skip_missing: bool = False) -> ClipSet:
    """Open a published data set in the folder it was unpacked to; its clips are read one by one."""
    if name not in names():
        raise MediaError(unknown("data set", name, names()))
    reader, place = import_module(f"{__name__}.{name}"), Path(folder)
    items = reader.items(place) if place.is_dir() else []
    return ClipSet(reader.TITLE, place, items, expected=reader.EXPECTED, skip_missing=skip_missing)
