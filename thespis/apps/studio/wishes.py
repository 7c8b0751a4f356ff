"""What the studio's page asks for, as JSON, and the Direction it becomes; and back, for feelings that were read from the words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from thespis.direction.keys import OVER, Change, change, weave
from thespis.direction.numbers import number
from thespis.direction.parse import direct
from thespis.errors import DirectionError
from thespis.types import EMOTION, Curve, Direction

LONGEST, MOST_KEYS, SLOWEST = 3600.0, 200, 10.0
SET = "set"
"""The word with which a head or a gaze is as the sliders say."""
SAME = 0.15
"""By how much a curve must leave what the keyframes say before it gets another one."""


@dataclass(frozen=True)
class Wish:
    """Everything of the page but the keyframes; degrees, blinks a minute (None is natural) and strengths in percent."""

    head: str = "natural"
    turn: float = 0.0
    nod: float = 0.0
    gaze: str = "natural"
    look: float = 0.0
    lift: float = 0.0
    blink: float | None = None
    lips: float = 100.0
    motion: float = 100.0
    seed: int = 0
    size: str = "512"
    crop: str = "head"


def changes(keys: Any) -> list[Change]:  # noqa: ANN401 - whatever a browser sent
    """Read keyframes -> changes in order of time.

    A keyframe is such as {"time": 1.5, "emotion": "sad", "strength": 0.6, "over": 0.6}; a mixture has {"also": "happy", "share": 0.3} too.
    """
    if not isinstance(keys, Sequence) or isinstance(keys, str | bytes):
        raise DirectionError("keyframes are a list of times and emotions")
    if len(keys) > MOST_KEYS:
        raise DirectionError(f"a timeline holds at most {MOST_KEYS} keyframes, not {len(keys)}; delete some")
    found = []
    for count, key in enumerate(keys, start=1):
        if not isinstance(key, Mapping):
            raise DirectionError(f"keyframe {count} is no keyframe; it needs a time and an emotion")
        time = number(key.get("time"), f"the time of keyframe {count}", 0.0, LONGEST)
        over = number(key.get("over", OVER), f"how long keyframe {count} takes", 0.0, SLOWEST)
        felt = {str(key.get("emotion")): key.get("strength", 1.0)}
        if key.get("also") not in (None, "", key.get("emotion")):
            felt[str(key.get("also"))] = key.get("share", 0.5)
        found.append(change(time, "emotion", felt, over))
    return sorted(found, key=lambda item: item.at)


def direction_of(keys: Any, wish: Wish | None = None) -> Direction:  # noqa: ANN401 - whatever a browser sent
    """Make the Direction of a timeline's keyframes and of the page's other wishes."""
    own = wish or Wish()
    fields: dict[str, Any] = {"seed": own.seed, "size": own.size, "crop": own.crop}
    if own.crop == "original":
        del fields["size"]
    if own.head != "natural":
        fields["head"] = (own.turn, own.nod, 0.0) if own.head == SET else own.head
    if own.gaze != "natural":
        fields["gaze"] = (own.look, own.lift) if own.gaze == SET else own.gaze
    if own.blink is not None:
        fields["blink"] = own.blink
    for name in ("lips", "motion"):
        if getattr(own, name) != 100.0:
            fields[name] = getattr(own, name) / 100
    return weave(direct(**fields), changes(keys))


def fields_of(direction: Direction) -> dict[str, Any]:
    """Give what a Direction asks for by the names of its fields, as `prepare` takes it."""
    return {name: getattr(direction, name) for name in direction.asked()}


def keys_of(curve: Curve, most: int = 24) -> list[dict[str, Any]]:
    """Turn a curve of emotions into the keyframes of a timeline: the strongest emotion alone, and only where it changes."""
    found: list[dict[str, Any]] = []
    for key in curve.keys:
        column = max(range(EMOTION.size), key=lambda at: key.value[at])
        strength = round(float(key.value[column]), 2)
        name = EMOTION.names[column] if strength > 0.05 else "neutral"
        strength = strength if name != "neutral" else 0.0
        last = found[-1] if found else None
        if last is None or name != last["emotion"] or abs(strength - last["strength"]) >= SAME:
            found.append({"time": round(max(key.at, 0.0), 2), "emotion": name, "strength": strength, "over": round(key.over, 2)})
    return found if len(found) <= most else found[:: -(-len(found) // most)]
