"""Changes of a wish over time, from files or tags, woven into the curves of a Direction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from thespis.direction.fields import amount, emotion_weights, gaze_turn, head_turn, listening
from thespis.types import AMOUNT, EMOTION, GAZE_TURN, HEAD_TURN, Curve, Direction, Key, Space

OVER = 0.6  # how long a change takes, in seconds, where nobody says otherwise
GAZE_OVER = 0.1  # eyes jump


@dataclass(frozen=True)
class Change:
    """From `at` seconds one `field` of the direction moves to `value`, which takes `over` seconds."""

    at: float
    field: str
    value: tuple[float, ...]
    over: float


def emotion_value(given: str | Mapping[str, Any]) -> tuple[float, ...]:
    """Read a mixture of emotions as one number for each, in the order of the Space; an empty mapping is neutral."""
    weights = emotion_weights(given) if given else {}
    return tuple(weights.get(name, 0.0) for name in EMOTION.names)


KEYED: dict[str, tuple[Space, Callable[[Any], tuple[float, ...]]]] = {
    "emotion": (EMOTION, emotion_value),
    "eyes": (EMOTION, emotion_value),
    "mouth": (EMOTION, emotion_value),
    "head": (HEAD_TURN, head_turn),
    "gaze": (GAZE_TURN, gaze_turn),
    "lips": (AMOUNT, lambda given: (amount(given, "lips"),)),
    "motion": (AMOUNT, lambda given: (amount(given, "motion"),)),
    "listening": (AMOUNT, lambda given: (listening(given),)),
}
"""The fields that can change over time, and how their values are read."""


def change(at: float, name: str, given: Any, over: float | None = None) -> Change:  # noqa: ANN401 - anything a user may have written
    """Read one change of a field that can change over time."""
    return Change(at, name, KEYED[name][1](given), (GAZE_OVER if name == "gaze" else OVER) if over is None else over)


def weave(base: Direction, changes: Sequence[Change]) -> Direction:
    """Add the changes to the curves of a direction; what happens at one time later in the list wins."""
    curves: dict[str, Any] = {}
    for name, (space, _) in KEYED.items():
        own = [item for item in changes if item.field == name]
        if not own:
            continue
        before: Curve | None = getattr(base, name)
        if before is None and space == EMOTION:
            # Until it is asked for something else, a part of the face feels what the whole does.
            whole: Curve = curves.get("emotion", base.emotion)
            first_own = min(item.at for item in own)
            before = Curve(EMOTION, tuple(key for number, key in enumerate(whole.keys) if number == 0 or key.at < first_own))
        first = (before or Curve.constant(space)).keys[0]
        # A change at the very beginning is how things are from the beginning, not a move from something never seen.
        opening = [item for item in own if item.at <= 0.0]
        keys = [Key(0.0, opening[-1].value, 0.0) if opening else Key(min(first.at, 0.0), first.value, 0.0)]
        keys += [] if before is None else list(before.keys[1:])
        keys += [Key(item.at, item.value, item.over) for item in own if item.at > 0.0]
        curves[name] = Curve(space, tuple(sorted(keys, key=lambda key: key.at)))
    return replace(base, **curves)
