"""Find the files that cards name, and make sure they are the files the cards describe. Nothing is ever fetched silently."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

from thespis.card import Weight
from thespis.errors import WeightsError

ASSETS = Path(__file__).parent / "assets"


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
    """Give the path of a weight, after checking that it is there and unchanged."""
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


def asset(name: str) -> Path:
    """Give the path of a file that ships with the package and has its card, NAME.json, beside it."""
    facts = json.loads((ASSETS / f"{name}.json").read_text(encoding="utf-8"))
    return find(Weight(**{field.name: facts[field.name] for field in fields(Weight) if field.name in facts}))
