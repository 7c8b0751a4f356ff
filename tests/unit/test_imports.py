"""Imports go one way, and importing the package costs nothing and does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import thespis

pytestmark = pytest.mark.unit

ROOT = Path(thespis.__file__).parent
LAYERS = (
    {"errors", "emphasis", "types", "card", "weights", "stages", "talker"},
    {"speech", "features", "direction", "motion", "head", "pixels", "capture"},
    {"recipes"},
    {"data", "train", "evaluate", "export", "apps"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
FILES = sorted(path for path in ROOT.rglob("*.py") if path != ROOT / "__init__.py")


def part_of(path: Path) -> str:
    """The folder or file right under the package."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Every module of the package that a file imports, wherever in the file."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively; write the whole name"
            found |= {f"{node.module}.{name.name}" if node.module == "thespis" else str(node.module) for name in node.names}
    return {name for name in found if name.split(".")[0] == "thespis"}


def test_every_part_has_its_layer() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and list(path.rglob("*.py"))}
    files = {path.stem for path in ROOT.glob("*.py")} - {"__init__"}
    assert folders | files <= set(LEVEL), f"without a layer: {sorted((folders | files) - set(LEVEL))}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path: Path) -> None:
    own = part_of(path)
    for name in imported(path):
        if name in ("thespis", "thespis.__version__"):
            assert LEVEL[own] == 3, f"{path.name} imports the public names, which lie above it"
            continue
        other = name.split(".")[1]
        assert LEVEL[other] <= LEVEL[own], f"{own} imports {name}, which lies above it"
        assert not (own == "motion" and other == "pixels"), f"motion imports {name}"


def test_layers_are_told_apart() -> None:
    assert any(name.startswith("thespis.stages") for name in imported(ROOT / "talker.py"))
    assert "thespis.pixels.renderer" in imported(ROOT / "recipes" / "thespis.py")


HEAVY = ("numpy", "mediapipe", "cv2", "numba", "onnxruntime", "av", "soxr", "torch", "PIL", "rich")


@pytest.mark.parametrize(
    "statement", ["import thespis", "import thespis.recipes; thespis.recipes.names(); thespis.recipes.card('thespis')"]
)
def test_import_is_cheap_and_has_no_side_effects(statement: str, tmp_path: Path) -> None:
    code = (
        "import os, random, sys, warnings\n"
        "before = (dict(os.environ), os.getcwd(), random.getstate(), list(warnings.filters), list(sys.path))\n"
        f"{statement}\n"
        "assert before == (dict(os.environ), os.getcwd(), random.getstate(), list(warnings.filters), list(sys.path))\n"
        f"print(','.join(name for name in {HEAVY!r} if name in sys.modules))\n"
    )
    # -P keeps the empty folder out of the path; the package is found as it is installed.
    ran = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_public_name_lists_the_known_ones() -> None:
    with pytest.raises(AttributeError, match="it has Clip, Direction"):
        _ = thespis.nothing


def test_every_public_name_is_there() -> None:
    for name in thespis.__all__:
        assert getattr(thespis, name) is not None
