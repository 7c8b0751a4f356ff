"""Make a Direction from what people write: words, mappings, keyword arguments and TOML files."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from thespis.direction.fields import FIELDS, emotion_curve, read_field
from thespis.direction.script import read_file
from thespis.errors import DirectionError, unknown
from thespis.types import Direction

__all__ = ["direct", "emotion_curve", "settings"]


def direct(wish: str | Mapping[str, Any] | Path | Direction | None = None, **fields: Any) -> Direction:  # noqa: ANN401
    """Make a Direction from an emotion ("happy=0.8"), a mapping of fields, or a TOML file; keyword fields come on top.

    Fields: emotion, eyes, mouth, head, gaze, blink, lips, motion, words, style, prompt, guidance, seed, fps, size, crop, others,
    background, motion_blur.
    """
    if isinstance(wish, Direction):
        base = wish
    elif isinstance(wish, Path) or (isinstance(wish, str) and wish.strip().lower().endswith(".toml")):
        base = read_file(Path(wish))
    elif isinstance(wish, Mapping):
        base = _with(Direction(), wish)
    elif isinstance(wish, str):
        base = _with(Direction(), {"emotion": wish})
    elif wish is None:
        base = Direction()
    else:
        raise DirectionError(f"a direction is an emotion such as 'happy=0.8', fields by name or a TOML file, not {wish!r}")
    return _with(base, fields)


def _with(base: Direction, given: Mapping[str, Any]) -> Direction:
    """Replace the fields that are given."""
    return replace(base, **{name: read_field(name, value) for name, value in given.items()})


def settings(pairs: Iterable[str]) -> dict[str, str]:
    """Split `name=value` settings as the command line gives them; a later one of the same name wins."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if name not in FIELDS:
            raise DirectionError(unknown("direction", name, FIELDS))
        if not equals or not value.strip():
            raise DirectionError(f"the setting {pair!r} has no value; write it as {name}=VALUE")
        found[name] = value.strip()
    return found
