"""List the recipes: what each is, where its weights come from, and what one may do with it."""

import json
from argparse import ArgumentParser, Namespace

from thespis import recipes
from thespis.apps.text import table


def arguments(parser: ArgumentParser) -> None:
    """Declare the options of `thespis list`."""
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")


def main(args: Namespace) -> int:
    """Print one line for each recipe; no numeric library is imported."""
    cards = {name: recipes.card(name) for name in recipes.names()}
    if args.json:
        facts = ("summary", "status", "licence", "commercial", "fps", "year", "paper")
        print(json.dumps([{"name": name, **{fact: getattr(card, fact) for fact in facts}} for name, card in cards.items()]))
        return 0
    rows = [
        (name, card.status, card.licence, "yes" if card.commercial else "no", str(card.fps), card.summary) for name, card in cards.items()
    ]
    print(table(("recipe", "status", "licence", "commercial", "fps", "what it is"), rows))
    return 0
