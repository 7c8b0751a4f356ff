"""What a dubbing keeps beside its output while it goes on, so that the same command goes on after a break."""

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from thespis.errors import MediaError
from thespis.export.output import write_error
from thespis.pixels.dub.lip_networks import Repainted

if TYPE_CHECKING:
    from thespis.capture.follow import Followed
    from thespis.pixels.dub.inpaint import LipNetwork
    from thespis.types import Array, Bytes

ENDS = 1 << 20  # bytes at either end of a file that say which file it is, beside its length
FACTS, SEEN, ARRAYS = "job.json", "seen.npz", ("points.npy", "views.npy")


def fingerprint(inputs: Mapping[str, Path], asked: Mapping[str, Any]) -> str:
    """Say which job this is: by the files it reads and what was asked for."""
    mark = hashlib.sha256(json.dumps(dict(asked), sort_keys=True, default=str).encode())
    for name, path in sorted(inputs.items()):
        size = path.stat().st_size
        mark.update(f"{name} {size}".encode())
        with path.open("rb") as file:
            mark.update(file.read(ENDS))
            file.seek(max(size - ENDS, 0))
            mark.update(file.read(ENDS))
    return mark.hexdigest()


class Work:
    """A folder beside the output, `.NAME.dub`; it is removed when the output is whole."""

    def __init__(self, output: Path, mark: str) -> None:
        """Go on with what an unfinished run of the same job left there, or begin anew."""
        self.folder = output.with_name(f".{output.name}.dub")
        if self._mark() != mark:
            self.discard()
            try:
                self.folder.mkdir()
                (self.folder / FACTS).write_text(json.dumps({"job": mark}), encoding="utf-8")
            except OSError as error:
                raise write_error(error, self.folder) from error

    def _mark(self) -> str | None:
        """Read which job left the folder."""
        try:
            return str(json.loads((self.folder / FACTS).read_text(encoding="utf-8"))["job"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def discard(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def seen(self) -> "Followed | None":
        """Give what an earlier run saw in the video, if it saw all of it."""
        from thespis.capture.follow import Followed
        from thespis.capture.sighting import Sighting

        path = self.folder / SEEN
        if not path.is_file():
            return None
        facts = dict(np.load(path))
        # Of a long film only what is asked for is read.
        points, views = (np.load(self.folder / name, mmap_mode="r") for name in ARRAYS)
        people: list[list[Sighting]] = []
        at = 0
        for count in facts["people"].tolist():
            people.append([Sighting(int(facts["numbers"][row]), points[row], views[row]) for row in range(at, at + count)])
            at += count
        return Followed(people, tuple(facts["cuts"].tolist()), int(facts["frames"]))

    def note(self, followed: "Followed") -> None:
        """Keep what was seen."""
        every = [each for person in followed.people for each in person]
        if not every:
            return
        try:
            memory_map: Any = np.lib.format.open_memmap
            looks: tuple[Any, Any] = (every[0].points, every[0].view)
            held = [
                memory_map(self.folder / name, "w+", look.dtype, (len(every), *look.shape))
                for name, look in zip(ARRAYS, looks, strict=True)
            ]
            for row, each in enumerate(every):
                held[0][row], held[1][row] = each.points, each.view
            for array in held:
                array.flush()
        except OSError as error:
            raise write_error(error, self.folder) from error
        people, numbers = [len(person) for person in followed.people], [each.frame for each in every]
        self.write(SEEN, {"people": people, "numbers": numbers, "cuts": np.array(followed.cuts, np.int64), "frames": followed.frames})

    def write(self, name: str, arrays: "Mapping[str, Any]") -> None:
        """Write arrays whole or not at all."""
        temporary = self.folder / f"{name}.part"
        try:
            with temporary.open("wb") as file:
                np.savez(file, **arrays)
            temporary.replace(self.folder / name)
        except OSError as error:
            raise write_error(error, self.folder) from error


class Remembering:
    """A network that paints mouths, and remembers in a folder what it has painted: asked the same again, it answers at once."""

    def __init__(self, network: "LipNetwork", work: Work) -> None:
        """Hold both."""
        self.network, self.work, self.shape, self.keeps = network, work, network.shape, network.keeps
        self._window = 0

    def paint(self, squares: "Bytes", tokens: "Array", noise: "Array", strength: float) -> "Repainted":
        """Paint squares (F, side, side, 3), or remember what was made of them: windows are asked for in the same order again."""
        name = f"painted_{self._window:06d}.npz"
        self._window += 1
        path = self.work.folder / name
        if path.is_file():
            held = np.load(path)
            if np.array_equal(held["squares"], squares):
                return Repainted(held["before"], held["made"], held.get("flow"))
            raise MediaError(f"{path} does not belong to this video; remove the folder {self.work.folder} to begin anew")
        made = self.network.paint(squares, tokens, noise, strength)
        flow = {} if made.flow is None else {"flow": made.flow}
        self.work.write(name, {"squares": squares, "before": made.before, "made": made.made, **flow})
        return made
