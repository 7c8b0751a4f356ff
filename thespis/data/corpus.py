"""A corpus of Clips: made up, read from a published data set, or prepared, and which of these a folder holds."""

from pathlib import Path
from typing import Protocol

from thespis.errors import MediaError
from thespis.types import Clip


class Corpus(Protocol):
    """A sequence of Clips, each made or read when it is asked for."""

    def __len__(self) -> int:
        """Count the clips."""

    def __getitem__(self, number: int, /) -> Clip:
        """Give clip `number`."""


def open_corpus(folder: str | Path) -> Corpus:
    """Open what thespis data stage or thespis data prepare wrote."""
    place = Path(folder)
    from thespis.data import prepare, shards

    if (place / shards.INDEX).is_file():
        return shards.Shards(place)
    if (place / prepare.INDEX).is_file():
        from thespis.data.prepared import Prepared

        return Prepared(place)
    raise MediaError(f"{place} holds no corpus; make one with thespis data stage -o FOLDER or thespis data prepare CLIPS -o FOLDER")
