"""Copy a recipe to a file of your own: change it there, and use it with --recipe FILE.py."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from thespis import recipes
from thespis.errors import UsageError
from thespis.export.output import check_writable, write_text


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments of `thespis copy`."""
    parser.add_argument("recipe", metavar="NAME", help="a recipe of thespis list")
    parser.add_argument("file", metavar="FILE.py", type=Path, help="the new file; it must not exist yet")


def main(args: Namespace) -> int:
    """Copy the file, and never overwrite one."""
    source = recipes.path_of(args.recipe)
    if args.file.suffix != ".py":
        raise UsageError(f"a recipe is a Python file: give a name that ends in .py, not {args.file}")
    if args.file.exists():
        raise UsageError(f"{args.file} is already there and is not overwritten; choose another name")
    check_writable(args.file)
    write_text(args.file, source.read_text(encoding="utf-8"))
    print(f"{args.file} is yours to change; use it with: thespis run PORTRAIT AUDIO --recipe {args.file} -o out.mp4")
    return 0
