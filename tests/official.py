"""Parameters for networks of other people's code: made up from their names, so that golden tensors need no weights beside them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import safe_open

from thespis.types import random_for

Listing = Mapping[str, list[int]]


def listing(held: Mapping[str, Any]) -> dict[str, list[int]]:
    """The names and shapes of a state dict."""
    return {name: list(value.shape) for name, value in held.items()}


def filled(names: Listing) -> dict[str, torch.Tensor]:
    """Parameters of these names and shapes, each drawn from its own name, of a size that lets signals through."""
    found: dict[str, torch.Tensor] = {}
    for name, shape in names.items():
        drawn = random_for(0, name).standard_normal(shape)
        last = name.rpartition(".")[2]
        if last == "num_batches_tracked":
            found[name] = torch.zeros(shape, dtype=torch.int64)
            continue
        if last == "running_var":
            drawn = 0.5 + np.abs(drawn)
        elif last in ("weight_u", "weight_v"):
            drawn = drawn / np.linalg.norm(drawn)
        elif len(shape) > 1 and max(shape[1:]) > 1:
            drawn = drawn / np.sqrt(np.prod(shape[1:]))
        elif last in ("weight", "gain"):
            drawn = 1 + 0.1 * drawn
        else:
            drawn = 0.1 * drawn
        found[name] = torch.from_numpy(np.asarray(drawn, np.float32))
    return found


def golden(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, dict[str, Listing]]]:
    """Read golden tensors, and the listings that lie with them: by size, then by network."""
    with safe_open(path, framework="pt") as held:
        return {name: held.get_tensor(name) for name in held.keys()}, json.loads(held.metadata()["listings"])  # noqa: SIM118


def sources(clone: str | None) -> list[str]:
    """Who is asked what is right: the golden tensors, and the official code where its clone is named."""
    return ["golden", *(["official"] if clone else [])]


def answered(
    source: str, path: Path, clone: str | None, answers: Callable[[str], tuple[Any, Any]], *keys: str
) -> tuple[dict[str, Any], Any]:
    """Give what a source says, and the names of its parameters, which golden ones have under `keys`; inputs are always the golden ones."""
    held, listings = golden(path)
    names: Any = listings
    for key in keys:
        names = names[key]
    if source == "official":
        fresh, names = answers(str(clone))
        held = {**{name: value for name, value in held.items() if name.startswith("given.")}, **fresh}
    return held, names
