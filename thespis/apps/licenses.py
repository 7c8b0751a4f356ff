"""List the licences of everything a run of a recipe uses: packages, what they carry inside, weights and voices."""

import json
import re
from argparse import ArgumentParser, Namespace
from importlib.metadata import PackageNotFoundError, distribution, metadata, requires
from typing import Any

from thespis import recipes
from thespis.apps.text import table

# Libraries inside wheels, which no package metadata tells: (what, licence, carried by, when it is used).
INSIDE = (
    ("espeak-ng with its voices", "GPL-3.0-or-later", "espeakng-loader", "only by --say; a recording never loads it"),
    ("x264", "GPL-2.0-or-later", "av", "only to write .mp4 and .mov; .webm and pictures do without"),
    ("FFmpeg", "LGPL-3.0-or-later", "av", "to read sound and to write videos"),
    ("libvpx", "BSD-3-Clause", "av", "only to write .webm"),
    ("Opus", "BSD-3-Clause", "av", "only to write .webm"),
    ("soxr", "LGPL-2.1-or-later", "soxr", "to resample sound"),
    ("face networks", "Apache-2.0", "mediapipe", "to find and measure the face"),
)


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis licenses`."""
    parser.add_argument("recipe", nargs="?", metavar="NAME", help="one recipe (all)")
    parser.add_argument("--json", action="store_true", help="the same as JSON")


def licence(name: str) -> str:
    """Read the licence of an installed package."""
    found = metadata(name)
    text = str(found["License-Expression"] or "").strip()
    short = str(found["License"] or "").strip()
    if not text and short and "\n" not in short and len(short) < 60:
        text = short
    if not text:
        kinds = [kind.rpartition(" :: ")[2] for kind in found.get_all("Classifier") or [] if kind.startswith("License ::")]
        text = ", ".join(kinds)
    return text or "not stated in the package"


def packages(root: str = "thespis") -> dict[str, dict[str, Any]]:
    """Follow the requirements of the base install -> name: version, licence, and whether Thespis asks for it itself."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [(root, 0)]
    while waiting:
        name, depth = waiting.pop(0)
        for line in requires(name) or []:
            match = re.match(r"[A-Za-z0-9._-]+", line)
            other = re.sub(r"[-_.]+", "-", match.group()).lower() if match else ""
            if not other or "extra ==" in line or other in found:
                continue
            try:
                version = distribution(other).version
            except PackageNotFoundError:  # a requirement of another system
                continue
            found[other] = {"version": version, "licence": licence(other), "direct": depth == 0}
            waiting.append((other, depth + 1))
    return found


def facts(name: str) -> dict[str, Any]:
    """Collect what a recipe itself is and what its weights are."""
    card = recipes.card(name)
    weights = [{"name": w.name, "licence": w.licence, "commercial": w.commercial, "source": w.source, "data": w.data} for w in card.weights]
    commercial = card.commercial and all(weight.commercial for weight in card.weights)
    return {"licence": card.licence, "commercial": commercial, "paper": card.paper, "weights": weights}


def main(args: Namespace) -> int:
    """Print the licences."""
    names = [args.recipe] if args.recipe else recipes.names()
    every = {name: facts(name) for name in names}
    carried = packages()
    inside = [dict(zip(("name", "licence", "inside", "used"), row, strict=True)) for row in INSIDE]
    if args.json:
        print(json.dumps({"thespis": "Apache-2.0", "recipes": every, "packages": carried, "inside": inside}))
        return 0
    rows = []
    for name, fact in every.items():
        use = "commercial use" if fact["commercial"] else "no commercial use"
        rows.append((f"recipe {name}", fact["licence"], use))
        rows += [
            (f"  weights {w['name']}", w["licence"], f"{'commercial use' if w['commercial'] else 'no commercial use'}, {w['source']}")
            for w in fact["weights"]
        ]
    titled = [(f"{name} {fact['version']}", fact["licence"], fact["direct"]) for name, fact in sorted(carried.items())]
    rows += [(title, terms, "") for title, terms, direct in titled if direct]
    rows += [(f"  {name}", terms, f"inside {where}: {used}") for name, terms, where, used in INSIDE]
    rows += [(f"  {title}", terms, "brought by one of these") for title, terms, direct in titled if not direct]
    print(table(("what", "licence", "used"), rows))
    return 0
