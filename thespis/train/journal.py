"""The log of a training: a line of JSON for each entry, TensorBoard where it is installed, and a page with plots that renews itself."""

import json
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from thespis.train.checkpoint import no_room
from thespis.train.page import page

SECONDS_BETWEEN_PAGES = 2.0


class Journal:
    """What is written while a training runs; of an earlier run it keeps what came before the step at which it goes on."""

    def __init__(self, folder: Path, title: str, step: int) -> None:
        """Begin, or go on after `step`."""
        self.folder, self.title, self.path = folder, title, folder / "log.jsonl"
        self.entries = [entry for entry in read(self.path) if entry["step"] <= step]
        temporary = folder / ".log.jsonl.part"
        try:
            temporary.write_text("".join(json.dumps(entry) + "\n" for entry in self.entries), encoding="utf-8")
            temporary.replace(self.path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise no_room(error, self.path) from error
        self._shown = 0.0
        self._board: Any = None
        if find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter

            self._board = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def write(self, step: int, facts: Mapping[str, float | str]) -> None:
        """Add one line, and draw the page again where the last one is not fresh."""
        entry = {"step": step, **facts}
        self.entries.append(entry)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise no_room(error, self.path) from error
        if self._board is not None:
            for name, value in facts.items():
                if not isinstance(value, str):
                    self._board.add_scalar(name, value, step)
        if time.monotonic() - self._shown > SECONDS_BETWEEN_PAGES:
            self.show(live=True)

    def show(self, *, live: bool) -> None:
        """Draw the page; a live one asks the browser to come again."""
        temporary = self.folder / ".page.html.part"
        try:
            temporary.write_text(page(self.title, self.entries, self.folder / "samples", live=live), encoding="utf-8")
            temporary.replace(self.folder / "page.html")
        except OSError:  # a page is not worth a training; a full disk is told by the log or the next checkpoint
            temporary.unlink(missing_ok=True)
        self._shown = time.monotonic()

    def close(self) -> None:
        """Draw the last page, and let TensorBoard finish its file."""
        self.show(live=False)
        if self._board is not None:
            self._board.close()


def read(path: Path) -> list[dict[str, Any]]:
    """Read the whole lines of a log; the last one may have been cut by a crash."""
    if not path.exists():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries
