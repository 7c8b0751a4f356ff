"""The errors a user can cause: each says what is wrong, what is allowed, and what to do, in one line."""

import difflib
from collections.abc import Iterable


class ThespisError(Exception):
    """Something the user can mend; the command line prints it as one line and exits with code 2."""


class UsageError(ThespisError):
    """A command line that cannot be understood."""


class PairingError(ThespisError):
    """Two neighbouring stages that do not fit: what one gives is not what the next takes."""


class DirectionError(ThespisError):
    """A wish that nobody knows, or that this recipe cannot follow."""


class MediaError(ThespisError):
    """A picture, recording or video that cannot be read, used or written."""


class FaceError(MediaError):
    """A picture without exactly one usable face."""


class WeightsError(ThespisError):
    """A weight file that is absent or not the one its card describes."""


class TrainingError(ThespisError):
    """A training that cannot begin or go on: its settings, data, memory, disk, or a loss that is no number."""


class MissingExtraError(ThespisError):
    """An optional library that is not installed."""


def check_known(kind: str, given: str, known: Iterable[str]) -> None:
    """Refuse a name that is not among those that are known."""
    names = list(known)
    if given not in names:
        raise UsageError(unknown(kind, given, names))


def unknown(kind: str, given: str, known: Iterable[str], among: Iterable[str] = ()) -> str:
    """Word the sentence for a name nobody knows: the near ones of `known` or of the wider `among` first, then all that are known."""
    names = list(known)
    near = difflib.get_close_matches(given, list(among) or names, n=2, cutoff=0.5)
    hint = f" Did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
    return f"unknown {kind} {given!r}.{hint} Known: {', '.join(names)}."
