"""What the trainings of the bench's judges share: reading films, and the cards of what they write."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from thespis.errors import MediaError

Film = dict[str, np.ndarray[Any, Any]]


def read_films(folder: Path, split: str) -> Iterator[Film]:
    """Read the films of a split, as tools/make_bench_films.py wrote them, in the order of their names."""
    places = sorted(folder.glob(f"{split}*.npz"))
    if not places:
        raise MediaError(f"{folder} holds no films of the split {split}; make them with tools/make_bench_films.py")
    for place in places:
        with np.load(place) as stored:
            yield {name: stored[name] for name in stored.files}


def write_card(path: Path, **facts: str) -> None:
    """Write the card of an asset of ours beside it."""
    card = {
        "name": path.stem, "file": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "licence": "Apache-2.0",
        "commercial": True, "source": "ships with the package", **facts,
    }  # fmt: skip
    path.with_suffix(".json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n")
