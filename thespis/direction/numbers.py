"""Numbers and times as people write them, or one line that says what is allowed."""

from typing import Any

from thespis.errors import DirectionError

LONGEST = 24 * 3600.0


def number(given: Any, what: str, low: float, high: float) -> float:  # noqa: ANN401 - anything a user may have written
    """Read a number from `low` to `high`; "150%" is 1.5."""
    text = given.strip() if isinstance(given, str) else given
    try:
        if isinstance(text, bool):
            raise ValueError
        value = float(text[:-1]) / 100 if isinstance(text, str) and text.endswith("%") else float(text)
    except (TypeError, ValueError):
        raise DirectionError(f"{what} needs a number from {low:.10g} to {high:.10g}, not {given!r}") from None
    if not low <= value <= high:  # also refuses nan
        raise DirectionError(f"{what} goes from {low:.10g} to {high:.10g}, not {given}")
    return value


def whole(given: Any, what: str, low: int, high: int) -> int:  # noqa: ANN401
    """Read a whole number from `low` to `high`."""
    value = number(given, what, low, high)
    if value != int(value):
        raise DirectionError(f"{what} needs a whole number, not {given!r}")
    return int(value)


def seconds(given: Any, what: str) -> float:  # noqa: ANN401
    """Read a time: 4, 4.5, "4.5", "1:02.5" or "1:00:02"."""
    parts = given.strip().split(":") if isinstance(given, str) else [given]
    try:
        if isinstance(given, bool) or not 1 <= len(parts) <= 3:
            raise ValueError
        numbers = [float(part) for part in parts]
        if any(not 0 <= part < 60 for part in numbers[1:]):
            raise ValueError
    except (TypeError, ValueError):
        raise DirectionError(f"{what} is a time such as 4.5 or '1:02.5', not {given!r}") from None
    total = 0.0
    for part in numbers:
        total = total * 60 + part
    if not 0 <= total <= LONGEST:
        raise DirectionError(f"{what} goes from 0 to 24 hours, not {given!r}")
    return total
