"""Find the files that cards name, and make sure they are the files the cards describe. Nothing is ever fetched silently.

Weights of other people are bundles: a file `official_NAME.json` among the assets says where they come from and under which terms; once
the user has accepted those (`thespis weights`), a record with the hash of every file lies beside them, and is checked at each use.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any

from thespis.card import Weight
from thespis.errors import WeightsError, unknown

ASSETS = Path(__file__).parent / "assets"
RECORD = "bundle.json"
OFFICIAL = "official_"


def user_folder() -> Path:
    """The folder for weights the user brings: THESPIS_WEIGHTS, else `thespis/weights` in the user's data folder."""
    chosen = os.environ.get("THESPIS_WEIGHTS")
    home = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(chosen) if chosen else Path(home) / "thespis" / "weights"


@cache
def sha256(path: Path) -> str:
    """Hash a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find(weight: Weight) -> Path:
    """Give the path of a weight, after checking that it is there and unchanged; what the user brings is not checked."""
    brought = _brought.get()
    own = brought and brought.look(weight.file)
    if own:
        return own
    shipped = ASSETS / weight.file
    path = shipped if shipped.exists() else user_folder() / weight.file
    if not path.exists():
        raise WeightsError(
            f"the weights {weight.name!r} ({weight.licence}) are not here: "
            f"get {weight.file} from {weight.source} and put it in {user_folder()}"
        )
    found = sha256(path)
    if found != weight.sha256:
        raise WeightsError(
            f"{path} is not the file its card describes (sha256 {found[:12]}…, expected {weight.sha256[:12]}…); "
            f"get it again from {weight.source} or rebuild it with: {weight.made_by}"
        )
    return path


def find_all(weights: Sequence[Weight]) -> Mapping[str, Path]:
    """Give the paths of a card's weights by name."""
    return {weight.name: find(weight) for weight in weights}


@dataclass(eq=False)
class Brought:
    """A folder of the user's whose files go before all others while a recipe is built; `used` and `missed` tell what was looked for."""

    folder: Path
    used: list[Path] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def look(self, file: str) -> Path | None:
        """Give the path of a file, where the folder holds it."""
        path = self.folder / file
        if path.is_file():
            self.used.append(path)
            return path
        self.missed.append(file)
        return None

    def check(self) -> None:
        """Refuse a folder that held nothing of what was looked for."""
        if not self.used:
            wanted = ", ".join(dict.fromkeys(self.missed)) or "none: it has no weights"
            what = "holds none of the files" if self.folder.is_dir() else "is no folder with files"
            raise WeightsError(
                f"{self.folder} {what} this recipe looks for ({wanted}); give the folder that thespis train of this recipe wrote into"
            )

    def digests(self) -> dict[str, str]:
        """Name the files that were used, and their digests."""
        return {path.name: sha256(path) for path in self.used}


_brought: ContextVar[Brought | None] = ContextVar("brought weights", default=None)


@contextmanager
def bringing(folder: Path | None) -> Iterator[Brought | None]:
    """Let the files of a folder go before all others until the end; without a folder nothing changes."""
    if folder is None:
        yield None
        return
    brought = Brought(folder)
    token = _brought.set(brought)
    try:
        yield brought
    finally:
        _brought.reset(token)


def user_file(name: str) -> Path:
    """Say where a file of the user's is, or belongs: in the folder brought for this recipe, else in that for the user's own weights."""
    brought = _brought.get()
    return (brought and brought.look(name)) or user_folder() / name


@cache
def card_of(name: str) -> Weight:
    """Read the card of a file that ships with the package, NAME.json beside it: the one place that says what the file must be."""
    facts = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))
    return Weight(**{each.name: facts[each.name] for each in fields(Weight) if each.name in facts})


def asset(name: str) -> Path:
    """Give the path of a file that ships with the package and has its card, NAME.json, beside it."""
    return find(card_of(name))


@dataclass(frozen=True)
class Bundle:
    """Weights of other people: each of its `files` here, and the names under which that is published; `purpose` says what needs them.

    `convert` and `onnx` are "module:function"; without `convert` files are taken as they are. `sha256` are the published files' hashes
    by name, where their authors tell them.
    """

    name: str
    title: str
    purpose: str
    licence: str
    commercial: bool
    terms: str
    source: str
    homepage: str
    files: Mapping[str, tuple[str, ...]]
    convert: str = ""
    onnx: str = ""
    sha256: Mapping[str, str] | None = None

    @property
    def folder(self) -> Path:
        """Where it lies on this machine, if it does."""
        return user_folder() / self.name


def bundle_names() -> list[str]:
    """Name every bundle that is known."""
    return sorted(path.stem.removeprefix(OFFICIAL) for path in ASSETS.glob(f"{OFFICIAL}*.json"))


def bundle(name: str) -> Bundle:
    """Read what is known about a bundle."""
    if name not in bundle_names():
        raise WeightsError(unknown("weights", name, bundle_names()))
    facts: dict[str, Any] = json.loads((ASSETS / f"{OFFICIAL}{name}.json").read_text(encoding="utf-8"))
    files = {file: tuple(published) for file, published in facts.pop("files").items()}
    return Bundle(name=name, purpose=facts.pop("for"), files=files, **facts)


def record_of(known: Bundle, folder: Path | None = None) -> dict[str, Any] | None:
    """Read the record that lies beside a bundle's files, in its own folder or another; None where there is none."""
    path = (folder or known.folder) / RECORD
    if not path.is_file():
        return None
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if record["name"] == known.name and set(record["files"]) == set(known.files):
            return record
    except (ValueError, KeyError, TypeError, OSError):
        pass
    raise WeightsError(f"{path} is damaged or of other weights; put them in place again: thespis weights {known.name} --from FOLDER")


def ready(name: str) -> Path:
    """Give the folder of a bundle that was accepted and is unchanged, or say what to do."""
    known = bundle(name)
    record = record_of(known)
    if record is None:
        raise WeightsError(
            f"the weights of {name} ({known.licence}) are not here: get them from {known.source}, then put them in place with: "
            f"thespis weights {name} --from FOLDER"
        )
    for file, wanted in record["files"].items():
        path = known.folder / file
        if not path.is_file() or sha256(path) != wanted:
            state = "has changed since it was accepted" if path.is_file() else "is gone"
            raise WeightsError(f"{path} {state}; put the weights in place again: thespis weights {name} --from FOLDER")
    return known.folder


def read_tensors(path: Path) -> dict[str, Any]:
    """Read the tensors of a file: safetensors, or a checkpoint of torch from which nothing but tensors is taken."""
    import pickle

    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return dict(load_file(path))
        held = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, pickle.UnpicklingError, EOFError) as error:
        raise WeightsError(f"{path} is damaged or holds more than tensors ({type(error).__name__}); get it again") from error
    if not isinstance(held, Mapping):
        raise WeightsError(f"{path} holds no tensors by name; get it again")
    return dict(held)
