"""Where the studio's files are while it runs: one folder, emptied of what is old, and taken away at the end."""

import os
import secrets
import shutil
import time
from pathlib import Path

PREFIX = "studio-"
KEPT_SECONDS, KEPT_BYTES = 2 * 3600.0, 4 << 30


def alive(process: int) -> bool:
    """Tell whether a process runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


class Shelf:
    """A folder of results under names that nobody can guess; what is old goes first, and all of it when the studio ends."""

    def __init__(self, folder: Path) -> None:
        """Make the folder in `folder`, and clear away those of studios that were ended by force."""
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{PREFIX}*"):
            process = left.name.removeprefix(PREFIX)
            if process.isdecimal() and (int(process) == os.getpid() or not alive(int(process))):
                shutil.rmtree(left, ignore_errors=True)
        self.folder = folder / f"{PREFIX}{os.getpid()}"
        self.folder.mkdir()

    def place(self, name: str) -> Path:
        """Make room for a file that the user will know as `name`."""
        self.sweep()
        room = self.folder / secrets.token_hex(12)
        room.mkdir()
        return room / name

    def sweep(self, now: float | None = None, seconds: float = KEPT_SECONDS, most: int = KEPT_BYTES) -> None:
        """Delete what is older than `seconds`, and the oldest beyond `most` bytes."""
        moment = time.time() if now is None else now
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        dated = sorted(((path.stat().st_mtime, path.stat().st_size, path) for path in files if path.exists()), reverse=True)
        total = 0
        for changed, size, path in dated:
            total += size
            if moment - changed > seconds or total > most:
                path.unlink(missing_ok=True)
        for room in self.folder.rglob("*"):
            # A room is made a moment before its file.
            if room.is_dir() and not any(room.iterdir()) and moment - room.stat().st_mtime > seconds:
                room.rmdir()

    def close(self) -> None:
        """Take everything away."""
        shutil.rmtree(self.folder, ignore_errors=True)
