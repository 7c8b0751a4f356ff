"""OpenHead as a FLAME file, and the tensors that smplx made from it."""

from pathlib import Path

import pytest
from safetensors import safe_open

from thespis.head.openhead import load_openhead, save_as_flame
from thespis.types import Array


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("flame")
    save_as_flame(load_openhead(), place)
    return place


@pytest.fixture(scope="module")
def golden() -> tuple[dict[str, Array], str]:
    with safe_open(Path(__file__).parents[1] / "golden" / "flame.safetensors", framework="np") as held:
        return {name: held.get_tensor(name) for name in held.keys()}, held.metadata()["openhead"]  # noqa: SIM118
