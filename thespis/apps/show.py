"""Show all that is known about a recipe: its paper, what it accepts, its weights, its claim and its page."""

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict

from thespis import recipes
from thespis.apps.text import table


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of `thespis show`."""
    parser.add_argument("recipe", metavar="NAME", help="a recipe of thespis list, or a recipe file of your own")
    parser.add_argument("--json", action="store_true", help="the card as JSON")


def main(args: Namespace) -> int:
    """Print the card."""
    card = recipes.card(args.recipe)
    if args.json:
        print(json.dumps(asdict(card) | {"name": args.recipe, "accepts": sorted(card.accepts)}))
        return 0
    rows = [
        ("title", card.title),
        ("summary", card.summary),
        ("paper", card.paper or "none: this is our own system"),
        ("year", str(card.year) if card.year else "not stated"),
        ("official code", f"{card.code} ({card.code_licence})" if card.code else "none"),
        ("status", card.status),
        ("licence", card.licence),
        ("commercial use", "yes" if card.commercial else "no"),
        ("frames a second", str(card.fps)),
        ("accepts", ", ".join(sorted(card.accepts))),
    ]
    for weight in card.weights:
        use = "commercial use" if weight.commercial else "no commercial use"
        rows.append((f"weights {weight.name}", f"{weight.file}, {weight.licence}, {use}, from {weight.source}, made by: {weight.made_by}"))
        rows += [(f"  {name}", text) for name, text in (("data", weight.data), ("scores", weight.scores)) if text]
    for claim in (*((card.claim,) if card.claim is not None else ()), *card.more_claims):
        name = f"claim {claim.name}".strip()
        rows += [(name, claim.sentence), ("  measured by", claim.metric), ("  mechanism", claim.mechanism)]
    rows.append(("file", str(recipes.path_of(args.recipe))))
    if args.recipe in recipes.names():
        rows.append(("page", f"docs/recipes/{args.recipe}.md"))
    print(table(("recipe", args.recipe), rows))
    return 0
