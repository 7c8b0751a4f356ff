"""List the languages and accents that --say can speak, and the variants that go with any of them, as in en-us+f3."""

import json
from argparse import ArgumentParser, Namespace

from thespis.apps.text import table
from thespis.errors import UsageError


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of `thespis voices`."""
    parser.add_argument("filter", nargs="?", default="", metavar="FILTER", help="show only those whose name or language contains this")
    parser.add_argument("--json", action="store_true", help="one JSON list instead of a table")


def main(args: Namespace) -> int:
    """Print one line for each voice."""
    from thespis.speech.say import variants, voices

    word = args.filter.lower()
    every = [*voices(), *variants()]
    found = [voice for voice in every if word in voice.name.lower() or word in voice.language.lower() or word == voice.gender]
    if not found:
        raise UsageError(f"no voice matches {args.filter!r}; thespis voices without a filter lists all {len(every)}")
    if args.json:
        print(json.dumps([{"name": v.name, "language": v.language, "gender": v.gender, "age": v.age or None} for v in found]))
        return 0
    rows = [(voice.name, voice.gender, voice.language or "variant: goes with any language, as in en-us" + voice.name) for voice in found]
    print(table(("voice", "gender", "language"), rows))
    spoken = sum(bool(voice.language) for voice in found)
    print(f"\n{spoken} languages and accents, {len(found) - spoken} variants that go with any of them")
    return 0
