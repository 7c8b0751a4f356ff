"""Prepared footage: the kept pieces of a folder as a sequence of Clips."""

from collections.abc import Iterator
from pathlib import Path

from thespis.data.clipfile import load_clip
from thespis.data.item import lacking
from thespis.data.prepare import CLIPS, INDEX, outcomes, read_index
from thespis.errors import MediaError
from thespis.types import Clip


class Prepared:
    """What `thespis data prepare` kept, each piece read when it is asked for."""

    def __init__(self, folder: str | Path) -> None:
        """List the pieces; missing ones are named."""
        self.folder = Path(folder)
        if not (self.folder / INDEX).is_file():
            raise MediaError(f"{self.folder} holds no prepared clips: it has no {INDEX}; make it with thespis data prepare CLIPS -o FOLDER")
        self.about = read_index(self.folder)
        self.files = tuple(self.folder / CLIPS / str(piece["file"]) for told in outcomes(self.folder) for piece in told["kept"])
        if absent := [path.name for path in self.files if not path.is_file()]:
            raise MediaError(f"{lacking(absent, str(self.folder))}; remove what lies in told/ under these names and prepare them again")
        if not self.files:
            raise MediaError(f"{self.folder} holds no kept clips; look at its report.html for what was dropped and why")

    def __len__(self) -> int:
        """Count the pieces."""
        return len(self.files)

    def __iter__(self) -> Iterator[Clip]:
        """Read all pieces in order."""
        return (self[number] for number in range(len(self)))

    def __getitem__(self, number: int) -> Clip:
        """Read piece `number`."""
        if not 0 <= number < len(self):
            raise IndexError(f"{self.folder} has clips 0 to {len(self) - 1}, not {number}")
        return load_clip(self.files[number])
