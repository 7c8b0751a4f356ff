"""One file per paper; the file name is the name you type. A path to a file of your own works the same way."""

import importlib
import importlib.util
import os
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from thespis.card import Card
from thespis.errors import ThespisError, WeightsError, unknown

if TYPE_CHECKING:
    from thespis.talker import Talker

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Name every recipe that ships with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def parted(name: str) -> tuple[str, str | None]:
    """Part "ditto:full" into a recipe that ships and its size; any other name is only a name."""
    base, _, size = name.partition(":")
    return (base, size) if size and base in names() else (name, None)


def path_of(name: str) -> Path:
    """Find the file of a recipe: a shipped one by name, or the user's own by path."""
    name, _ = parted(name)
    own = Path(name)
    if own.suffix == ".py":
        if not own.is_file():
            raise ThespisError(f"there is no recipe file {name}; make one with: thespis copy thespis {name}")
        return own
    if name not in names():
        raise ThespisError(unknown("recipe", name, names()))
    return FOLDER / f"{name}.py"


def module(name: str) -> ModuleType:
    """Import the recipe of that name or path; errors inside it are its own and pass through."""
    path = path_of(name)
    if path.parent == FOLDER:
        return importlib.import_module(f"thespis.recipes.{path.stem}")
    spec = importlib.util.spec_from_file_location(f"thespis_user_recipe_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ThespisError(f"{path} cannot be read as a recipe file")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    for part in ("card", "build"):
        if not hasattr(made, part):
            raise ThespisError(f"the recipe file {path} has no {part!r}; a recipe needs card and build (docs/add_a_paper.md)")
    return made


def card(name: str) -> Card:
    """Read a recipe's card; this imports no numeric library."""
    found = module(name).card
    if not isinstance(found, Card):
        raise ThespisError(f"the card of recipe {name!r} is not a thespis.card.Card")
    return found


def load(
    name: str = "thespis", size: str | None = None, renderer: str | None = None, weights: str | os.PathLike[str] | None = None
) -> "Talker":
    """Build the Talker of a recipe with the weights its card names, at a size it has or at its usual one.

    The name may tell the size, as "ditto:full" does. A `renderer` of thespis.pixels.choose draws in place of the recipe's own, and files in
    the folder `weights`, which `thespis train` wrote, are used in place of those of the same name that ship.
    """
    from thespis.weights import bringing, find_all

    recipe, size = module(name), size or parted(name)[1]
    with bringing(None if weights is None else Path(weights)) as brought:
        try:
            found = find_all(recipe.card.weights)
            talker: Talker = recipe.build(found) if size is None else recipe.build(found, size)
        except ThespisError:
            raise
        except Exception as error:
            if brought is None:
                raise
            # Whatever reads the files may fail in its own way; what ships is checked before and does not.
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise WeightsError(
                f"the weights in {brought.folder} are not such as the recipe {name!r} reads ({reason}); train them again"
            ) from error
    if brought is not None:
        brought.check()
        talker.brought = brought.digests()
    talker.name, talker.card = name, recipe.card
    if renderer is not None:
        from thespis.pixels.choose import redrawn

        other = redrawn(talker, renderer)
        other.brought = talker.brought
        return other
    return talker
