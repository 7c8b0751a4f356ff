"""Where a result goes: what may be written, checked before any work, and the temporary name it has until it is whole."""

import errno
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from thespis.errors import MediaError

if TYPE_CHECKING:
    import numpy as np

VIDEOS = (".mp4", ".mov", ".webm")
NUMBER = re.compile(r"%0?\d*d")
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Output:
    """A place that may be written: a video file, or a folder of numbered pictures where `pattern` names each one."""

    path: Path
    pattern: str = ""

    @property
    def temporary(self) -> Path:
        """The name beside the final one that is used until the result is whole."""
        return self.path.with_name(f".{self.path.name}.{os.getpid()}.part")

    def publish(self) -> None:
        """Give the finished result its name."""
        if self.pattern and self.path.is_dir():
            self.path.rmdir()
        self.temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what was written so far."""
        if self.temporary.is_dir():
            shutil.rmtree(self.temporary, ignore_errors=True)
        else:
            self.temporary.unlink(missing_ok=True)


def check_output(path: str | Path, inputs: Iterable[str | Path | None] = ()) -> Output:
    """Refuse a path that cannot be written, is of an unknown kind, or is one of the inputs; nothing is created yet."""
    text = str(path)
    allowed = f"{', '.join(VIDEOS)}, a folder for pictures (frames/) or numbered pictures (frames/%05d.png)"
    place = Path(text)
    if NUMBER.search(place.name):
        if place.suffix.lower() != ".png" or len(NUMBER.findall(place.name)) > 1:
            raise MediaError(f"cannot write pictures named {place.name!r}; use one number and .png, as in frames/%05d.png")
        output = Output(place.parent.resolve(), place.name)
    elif text.endswith(("/", os.sep)) or (place.is_dir() and place.suffix.lower() not in VIDEOS):
        output = Output(place.resolve(), "%05d.png")
    elif place.suffix.lower() in VIDEOS:
        output = Output(place.resolve())
    else:
        raise MediaError(
            f"cannot write {text!r}: {f'unknown kind {place.suffix!r}' if place.suffix else 'it has no suffix'}; use {allowed}"
        )
    check_writable(output.path, inputs)
    if output.pattern:
        if output.path.exists() and not output.path.is_dir():
            raise MediaError(f"{output.path} is a file; pictures need a folder")
        if output.path.exists() and any(output.path.iterdir()):
            raise MediaError(f"the folder {output.path} is not empty; choose a new folder for the pictures")
    elif output.path.is_dir():
        raise MediaError(f"{output.path} is a folder; name a file, or put a / behind it to write pictures")
    return output


def check_writable(path: Path, inputs: Iterable[str | Path | None] = ()) -> None:
    """Refuse a path whose folder does not exist or cannot be written, or that is one of the inputs under whatever name."""
    folder = path.resolve().parent
    if not folder.exists():
        raise MediaError(f"the folder {folder} does not exist; make it first or choose another output")
    if not folder.is_dir():
        raise MediaError(f"{folder} is not a folder; choose another output")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise MediaError(f"the folder {folder} cannot be written; choose another output")
    for source in inputs:
        if source is not None and is_same(source, path):
            raise MediaError(f"the output {path} is also an input; choose another name")


def is_same(one: str | Path, other: str | Path) -> bool:
    """Tell whether two names lead to one file that exists."""
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 - a long text is no path, and no error
    except (OSError, ValueError):
        return False


def write_error(error: OSError, path: Path) -> MediaError:
    """Word an error of the operating system, or of the encoder's writing, as one sentence."""
    if error.errno in FULL:
        return MediaError(f"the disk is full: there is no room for {path} (nothing was written); free some space or choose another disk")
    return MediaError(f"cannot write {path}: {error.strerror or error} (nothing was written)")


def write_arrays(path: Path, arrays: "Mapping[str, np.ndarray[Any, Any]]", about: Mapping[str, str] | None = None) -> None:
    """Write named arrays, and texts about them, as a safetensors file: whole or not at all."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    output = Output(path)
    try:
        save_file(dict(arrays), output.temporary, None if about is None else dict(about))
        output.publish()
    except OSError as error:
        raise write_error(error, path) from error
    except SafetensorError as error:
        # The library words the system's errors instead of passing them on.
        number = re.search(r"os error (\d+)", str(error))
        raise write_error(OSError(int(number[1]) if number else errno.EIO, str(error)), path) from error
    finally:
        output.discard()


def write_text(path: Path, text: str) -> None:
    """Write a small text file whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise write_error(error, path) from error
