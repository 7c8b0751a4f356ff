"""Print the numbers that say whether this stays a small, readable tree, and fail when one of them misses its target."""

import ast
import re
import resource
import statistics
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "thespis"
HELP_TRIES = 5  # the fastest of these counts: the others measure what else the machine does


@dataclass(frozen=True)
class Score:
    """One number: its name, its `value`, the target as words, and whether it is met."""

    name: str
    value: str
    target: str
    met: bool


def most(name: str, value: float, limit: float, unit: str = "") -> Score:
    """Score a number that may be at most `limit`."""
    return Score(name, f"{value:g}{unit}", f"at most {limit:g}{unit}", value <= limit)


def all_of(name: str, count: int, total: int) -> Score:
    """Score a share that must be everything."""
    return Score(name, f"{count} of {total} ({100 * count / max(total, 1):.1f} %)", "100 %", count == total)


def lines(path: Path) -> list[str]:
    """Read the lines of a file."""
    return path.read_text(encoding="utf-8").splitlines()


def functions(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Find every function and method of a module."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def public(tree: ast.AST) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Find the functions and methods that can be called from outside: no underscore, not inside another function."""
    found: list[ast.FunctionDef | ast.AsyncFunctionDef] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            found += public(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            found.append(node)
    return found


def shape(files: list[Path]) -> list[Score]:
    """Score file lengths, return types and docstrings."""
    counts = sorted(len(lines(path)) for path in files)
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    every = [function for tree in trees for function in functions(tree)]
    called = [function for tree in trees for function in public(tree)]
    return [
        Score("files", str(len(files)), "", True),
        most("median lines of a file", statistics.median(counts), 180),
        most("90th percentile", statistics.quantiles(counts, n=10)[-1], 400),
        most("longest file", counts[-1], 600),
        all_of("functions with a return type", sum(function.returns is not None for function in every), len(every)),
        all_of("public functions with a docstring", sum(ast.get_docstring(function) is not None for function in called), len(called)),
    ]


def shared(one: Path, other: Path) -> float:
    """The share of the shorter recipe's code that stands in both: the lines within its functions, imports and blank ones aside."""
    bags = []
    for path in (one, other):
        told, text = functions(ast.parse(path.read_text(encoding="utf-8"))), lines(path)
        kept = [line.strip() for each in told for line in text[each.body[0].lineno - 1 : each.end_lineno]]
        bags.append(Counter(line for line in kept if len(line) > 1 and not re.match(r"(from|import) ", line)))
    return (bags[0] & bags[1]).total() / max(min(bag.total() for bag in bags), 1)


def recipes() -> list[Score]:
    """Score the recipe files."""
    files = sorted(path for path in (PACKAGE / "recipes").glob("*.py") if path.stem != "__init__")
    twins = [f"{a.stem}+{b.stem}" for a, b in combinations(files, 2) if shared(a, b) > 0.4]
    return [
        Score("recipes", str(len(files)), "", True),
        most("longest recipe", max(len(lines(path)) for path in files), 150),
        Score("recipes that share over 40 % of their lines", ", ".join(twins) or "0", "0", not twins),
    ]


def computed() -> float:
    """How long the processes started here have computed, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(*words: str) -> float:
    """Find how long a command computes in a fresh process, in seconds: on an idle machine, the time by the clock."""
    took = []
    for _ in range(HELP_TRIES):
        begun = computed()
        subprocess.run([sys.executable, "-m", "thespis.apps.cli", *words], check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
        took.append(computed() - begun)
    return round(min(took), 3)


def main() -> int:
    """Print every score; the exit code is 1 when a target is missed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    scores = [
        *shape(sorted(PACKAGE.rglob("*.py"))),
        most("base dependencies", len(project["dependencies"]), 12),
        most("lines of CONTRIBUTING.md", len(lines(ROOT / "CONTRIBUTING.md")), 120),
        *recipes(),
        most("thespis --help", start("--help"), 0.3, " s"),
        most("thespis list", start("list"), 0.3, " s"),
    ]
    width = max(len(score.name) for score in scores)
    for score in scores:
        target = f"  (target: {score.target})" if score.target else ""
        print(f"{'ok  ' if score.met else 'MISS'}  {score.name:<{width}}  {score.value}{target}")
    return int(not all(score.met for score in scores))


if __name__ == "__main__":
    sys.exit(main())
