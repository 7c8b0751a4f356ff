"""Checkpoints: folders written beside their place and renamed when whole, with a digest that tells a damaged one."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from thespis.errors import TrainingError

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
TENSORS, FACTS = "tensors.safetensors", "facts.json"


def no_room(error: Exception, path: Path) -> TrainingError:
    """Word what went wrong while writing."""
    number = getattr(error, "errno", None)
    full = number in FULL or any(f"os error {each}" in str(error).lower() for each in FULL)
    why = "the disk is full" if full else f"it cannot be written: {error}"
    return TrainingError(f"no room for {path}: {why}; what was written before is whole: mend this and give the same command again")


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, str] | None = None) -> None:
    """Write named tensors, and what is said `about` them, whole or not at all; views of one another are written as tensors of their own."""
    temporary = path.with_name(f".{path.name}.part")
    held = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    try:
        save_file(held, temporary, dict(about) if about else None)
        temporary.replace(path)
    except (OSError, SafetensorError) as error:
        temporary.unlink(missing_ok=True)
        raise no_room(error, path) from error


def write_facts(path: Path, facts: Mapping[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise no_room(error, path) from error


def _digest(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _settle(path: Path) -> None:
    """Let the disk take what was written, so that not even a loss of power leaves a name without its content."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def save(folder: Path, step: int, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], keep: int) -> Path:
    """Write the checkpoint of a step, and remove all but the `keep` newest."""
    place = folder / f"step_{step:09d}"
    temporary = folder / f".{place.name}.part"
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        write_tensors(temporary / TENSORS, tensors)
        write_facts(temporary / FACTS, {**facts, "step": step, "sha256": _digest(temporary / TENSORS)})
        for part in (temporary / TENSORS, temporary / FACTS, temporary):
            _settle(part)
        if place.exists():  # a damaged one that was passed over
            shutil.rmtree(place)
        temporary.replace(place)
        _settle(folder)
    except OSError as error:
        raise no_room(error, place) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    for old in all_of(folder)[keep:]:
        shutil.rmtree(old, ignore_errors=True)
    return place


def all_of(folder: Path) -> list[Path]:
    """List the checkpoints of a folder, the newest first."""
    return sorted(folder.glob("step_*"), reverse=True)


def read(place: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read one checkpoint, after checking that it is what was written."""
    try:
        facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
        if _digest(place / TENSORS) != facts["sha256"]:
            raise TrainingError(f"the checkpoint {place} is damaged: its content is not what was written")
        return load_file(place / TENSORS), facts
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise TrainingError(f"the checkpoint {place} is damaged: {type(error).__name__}") from error


def newest(folder: Path, tell: Callable[[str], None]) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Read the newest whole checkpoint of a folder, telling of damaged ones; None where there never was one."""
    places = all_of(folder)
    for place in places:
        try:
            return read(place)
        except TrainingError as error:
            tell(f"{error}; the one before is used")
    if places:
        raise TrainingError(f"none of the {len(places)} checkpoints in {folder} is whole; remove the folder to begin again")
    return None
