"""Read one field of a Direction from words or numbers: the same readers serve the command line, TOML files and script tags."""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from typing import Any, get_args

from thespis.direction.numbers import number, whole
from thespis.direction.style import style_factors
from thespis.direction.words import emphases
from thespis.errors import DirectionError, unknown
from thespis.types import AMOUNT, EMOTION, GAZE_TURN, HEAD_TURN, Crop, Curve, Direction, Others, Space

STRONGEST = 1.5
SYNONYMS = {
    "anger": "angry", "mad": "angry", "furious": "angry", "rage": "angry",
    "disgust": "disgusted", "gross": "disgusted",
    "scared": "fear", "afraid": "fear", "fearful": "fear", "frightened": "fear", "terrified": "fear",
    "joy": "happy", "smile": "happy", "smiling": "happy", "glad": "happy", "cheerful": "happy", "happiness": "happy",
    "sadness": "sad", "unhappy": "sad", "crying": "sad", "sorrow": "sad",
    "surprise": "surprised", "shocked": "surprised", "amazed": "surprised", "astonished": "surprised",
    "scorn": "contempt", "smug": "contempt", "contemptuous": "contempt", "disdain": "contempt",
    "calm": "neutral", "none": "neutral", "normal": "neutral",
}  # fmt: skip
"""Only for the suggestion in an error: what a user may have meant by a word that is not one of the eight."""

AXES = ("valence", "arousal")
CIRCLE: tuple[tuple[float, dict[str, float]], ...] = (
    (25.0, {"happy": 1.0}), (80.0, {"surprised": 1.0}), (122.0, {"fear": 1.0}), (142.0, {"angry": 1.0}), (163.0, {"disgusted": 1.0}),
    (182.0, {"contempt": 0.5, "sad": 0.4}), (212.0, {"sad": 1.0}), (270.0, {"sad": 0.3}), (325.0, {"happy": 0.4}),
)  # fmt: skip
"""Where emotions lie on the circle of valence (to the right) and arousal (up), in degrees; low arousal without sorrow is nearly neutral."""

GAZE_WORDS = {"camera": (0.0, 0.0), "left": (-20.0, 0.0), "right": (20.0, 0.0), "up": (0.0, -13.0), "down": (0.0, 15.0)}
"""Yaw and pitch in degrees; left and right are the picture's."""
HEAD_WORDS = {
    "still": (0.0, 0.0, 0.0), "left": (-14.0, 0.0, 0.0), "right": (14.0, 0.0, 0.0), "up": (0.0, -9.0, 0.0), "down": (0.0, 9.0, 0.0)
}  # fmt: skip
NATURAL_WORDS = ("natural", "auto")
LIMITS = {"yaw": 60.0, "pitch": 40.0, "roll": 40.0}
FIELDS = tuple(field.name for field in fields(Direction))


def emotion_name(word: str) -> str:
    """Check the name of an emotion; an error suggests the near ones."""
    name = word.strip().lower()
    if name in EMOTION.names:
        return name
    if name == "auto":
        raise DirectionError(
            "the emotion 'auto' is read from speech, so it stands alone, and on the command line: thespis run ... --emotion auto "
            "(from Python: thespis.direction.auto.auto_emotion)"
        )
    if name in SYNONYMS:
        raise DirectionError(f"unknown emotion {word!r}. Did you mean {SYNONYMS[name]!r}? Known: {', '.join(EMOTION.names)}.")
    raise DirectionError(unknown("emotion", word, EMOTION.names))


def emotion_weights(wish: str | Mapping[str, Any]) -> dict[str, float]:
    """Read how much of each emotion is asked: "happy", "happy 0.8", "happy=0.8, surprised=0.3" or a mapping; alone is 1.

    The other dial, "valence=-0.6, arousal=0.7", is turned into such a mixture.
    """
    if isinstance(wish, Mapping):
        pairs = [(str(name), amount) for name, amount in wish.items()]
    elif isinstance(wish, str):
        pairs = [*_emotion_pairs(wish)]
    else:
        raise DirectionError(f"emotion needs names and amounts such as 'happy=0.8' or {{happy = 0.8}}, not {wish!r}")
    if any(word.strip().lower() in AXES for word, _ in pairs):
        return mixed(axes(pairs))
    weights: dict[str, float] = {}
    for word, amount in pairs:
        name = emotion_name(word)
        if name in weights:
            raise DirectionError(f"the emotion {name!r} is asked twice; give it one amount")
        weights[name] = number(amount, f"the intensity of {name!r}", 0.0, STRONGEST)
    if not weights:
        raise DirectionError(f"no emotion is named; known: {', '.join(EMOTION.names)}")
    return weights


def _emotion_pairs(text: str) -> Iterable[tuple[str, Any]]:
    """Split "happy 0.8, sad=0.3 fear" into names and amounts."""
    words = re.sub(r"\s*[=:]\s*", " ", text).replace(",", " ").split()
    while words:
        word = words.pop(0)
        if _is_number(word):
            raise DirectionError(f"the emotion {text!r} has the number {word} without a name before it; write for instance happy=0.8")
        yield word, words.pop(0) if words and _is_number(words[0]) else 1.0


def axes(pairs: Sequence[tuple[str, Any]]) -> tuple[float, float]:
    """Read valence and arousal, each -1.5 to 1.5; the one that is not named is 0."""
    found: dict[str, float] = {}
    for word, amount in pairs:
        name = word.strip().lower()
        if name not in AXES:
            raise DirectionError(f"valence and arousal are one way to say an emotion and names another: {word!r} cannot stand beside them")
        if name in found:
            raise DirectionError(f"{name} is asked twice; give it one amount")
        found[name] = number(amount, name, -STRONGEST, STRONGEST)
    return found.get("valence", 0.0), found.get("arousal", 0.0)


def mixed(axes: tuple[float, float]) -> dict[str, float]:
    """Mix the emotions to both sides of a valence and an arousal on Russell's circle, as strongly as they are far from its middle."""
    valence, arousal = axes
    strength = min(math.hypot(valence, arousal), STRONGEST)
    angle = math.degrees(math.atan2(arousal, valence)) % 360
    around = [*CIRCLE, (CIRCLE[0][0] + 360, CIRCLE[0][1])]
    angle += 360 if angle < around[0][0] else 0
    after = next(place for place in range(1, len(around)) if angle <= around[place][0])
    (low, before), (high, behind) = around[after - 1], around[after]
    share = (angle - low) / (high - low)
    weights = dict.fromkeys((*before, *behind), 0.0) or {"neutral": 0.0}
    for part, mixture in ((1 - share, before), (share, behind)):
        for name, weight in mixture.items():
            weights[name] += strength * part * weight
    return weights


def _is_number(word: str) -> bool:
    """Whether a word begins as a number does."""
    return bool(re.match(r"[-+]?\.?\d", word)) or word.lower() in ("nan", "inf", "-inf")


def emotion_curve(wish: str | Mapping[str, Any] | Curve) -> Curve:
    """Hold one mixture of emotions for ever."""
    return _checked(wish, EMOTION) if isinstance(wish, Curve) else Curve.constant(EMOTION, **emotion_weights(wish))


def _part_curve(given: Any) -> Curve | None:  # noqa: ANN401
    """Hold one mixture of emotions for a part of the face; None and "natural" let it follow the whole face."""
    if given is None or (isinstance(given, str) and given.strip().lower() in NATURAL_WORDS):
        return None
    return emotion_curve(given)


def turn(given: Any, what: str, space: Space, words: Mapping[str, Sequence[float]]) -> tuple[float, ...]:  # noqa: ANN401
    """Read degrees by a word or by numbers, one for each channel of the space."""
    allowed = f"{', '.join(words)} or {space.size} numbers of degrees ({','.join(space.names)})"
    if isinstance(given, str):
        if given.strip().lower() in words:
            return tuple(words[given.strip().lower()])
        parts: Sequence[Any] = given.replace(",", " ").split()
        if not parts or not _is_number(parts[0]):
            raise DirectionError(unknown(what, given, words) + f" Or give {space.size} numbers of degrees: {','.join(space.names)}.")
    elif isinstance(given, Sequence):
        parts = given
    else:
        raise DirectionError(f"{what} is {allowed}, not {given!r}")
    if len(parts) != space.size:
        raise DirectionError(f"{what} is {allowed}, not {given!r}")
    return tuple(number(part, f"the {name} of {what}", -LIMITS[name], LIMITS[name]) for part, name in zip(parts, space.names, strict=True))


def gaze_turn(given: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Read where the eyes look, (yaw, pitch) in degrees from the camera."""
    return turn(given, "gaze", GAZE_TURN, GAZE_WORDS)


def head_turn(given: Any) -> tuple[float, ...]:  # noqa: ANN401
    """Read how the head is held, (yaw, pitch, roll) in degrees."""
    return turn(given, "head", HEAD_TURN, HEAD_WORDS)


def _turn_curve(given: Any, read: Callable[[Any], tuple[float, ...]], space: Space) -> Curve | None:  # noqa: ANN401
    """Hold one turn for ever; None and "natural" leave it to the actor."""
    if given is None or (isinstance(given, str) and given.strip().lower() in NATURAL_WORDS):
        return None
    if isinstance(given, Curve):
        return _checked(given, space)
    return Curve.constant(space, **dict(zip(space.names, read(given), strict=True)))


def _checked(curve: Curve, space: Space) -> Curve:
    """Refuse a Curve of something else."""
    if curve.space != space:
        raise DirectionError(f"a Curve in {space} is needed, not one in {curve.space}")
    return curve


def amount(given: Any, what: str) -> float:  # noqa: ANN401
    """Read a strength from 0 to 2, where 1 is natural and "150%" is 1.5."""
    return number(given, what, 0.0, 2.0)


def blink_rate(given: Any) -> float | None:  # noqa: ANN401
    """Read blinks a minute, 0 to 60; "off" is 0, "auto" leaves it to the actor."""
    if given is None or (isinstance(given, str) and given.strip().lower() in NATURAL_WORDS):
        return None
    if isinstance(given, str) and given.strip().lower() in ("off", "none", "never"):
        return 0.0
    return number(given, "blink (blinks a minute, or off, or auto)", 0.0, 60.0)


def exposure(given: Any) -> float:  # noqa: ANN401
    """Read for how much of a frame's time the picture is exposed, 0 to 1; "on" is a film camera's half."""
    if isinstance(given, str) and given.strip().lower() in ("on", "off"):
        return 0.5 if given.strip().lower() == "on" else 0.0
    return number(given, "motion_blur (0 to 1 of a frame's time, or on, or off)", 0.0, 1.0)


def frame_rate(given: Any) -> Fraction | None:  # noqa: ANN401
    """Read frames a second, 1 to 240: 25, 29.97 (which means 30000/1001) or 24000/1001."""
    if given is None:
        return None
    try:
        text = str(given).strip()
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise DirectionError(f"fps is a number of frames a second such as 25, 29.97 or 24000/1001, not {given!r}") from None
    # 23.976, 29.97, 59.94 and 119.88 are how people write the television rates n * 1000/1001.
    television = Fraction(math.ceil(value) * 1000, 1001)
    if value.denominator > 1 and "/" not in text and abs(value - television) < Fraction(6, 1000):
        value = television
    if not 1 <= value <= 240:
        raise DirectionError(f"fps goes from 1 to 240, not {given}")
    return value


def picture_size(given: Any) -> tuple[int, int] | None:  # noqa: ANN401
    """Read (width, height) in pixels: 512 is a square, or "1920x1080"."""
    if given is None:
        return None
    parts: Sequence[Any] = re.split(r"[x×,]", given.strip().lower()) if isinstance(given, str) else [given]
    if isinstance(given, Sequence) and not isinstance(given, str):
        parts = given
    if len(parts) not in (1, 2):
        raise DirectionError(f"size is one number or WIDTHxHEIGHT such as 512 or 1920x1080, not {given!r}")
    width, height = parts[0], parts[-1]
    return whole(width, "the width of size", 32, 4096), whole(height, "the height of size", 32, 4096)


def _crop(given: Any) -> str:  # noqa: ANN401
    """Read what of the picture is shown."""
    return _one_of(given, "crop", get_args(Crop))


def _one_of(given: Any, what: str, known: tuple[str, ...]) -> str:  # noqa: ANN401
    """Read one of a few words."""
    if given not in known:
        raise DirectionError(unknown(what, str(given), known))
    return str(given)


def _words(given: Any, what: str) -> str | None:  # noqa: ANN401
    """Read free text."""
    if given is not None and not isinstance(given, str):
        raise DirectionError(f"{what} is a text, not {given!r}")
    return given


def _guidance(given: Any) -> dict[str, float]:  # noqa: ANN401
    """Read guidance strengths by name: "audio=2,text=4" or a mapping."""
    if isinstance(given, str):
        pairs = [tuple(part.split("=", 1)) for part in given.split(",") if part.strip()]
        if any(len(pair) != 2 for pair in pairs):
            raise DirectionError(f"guidance is names with strengths such as audio=2,text=4, not {given!r}")
        given = {name.strip(): strength for name, strength in pairs}
    if not isinstance(given, Mapping):
        raise DirectionError(f"guidance is names with strengths such as audio=2,text=4, not {given!r}")
    return {str(name): number(strength, f"the guidance {name!r}", 0.0, 100.0) for name, strength in given.items()}


def _amount_curve(given: Any, what: str) -> Curve:  # noqa: ANN401
    """Hold one strength for ever."""
    return _checked(given, AMOUNT) if isinstance(given, Curve) else Curve.constant(AMOUNT, amount=amount(given, what))


def _listening_curve(given: Any) -> Curve:  # noqa: ANN401
    """Hold for ever whether somebody listens while silent: 0 to 1, or on, or off."""
    if isinstance(given, Curve):
        return _checked(given, AMOUNT)
    return Curve.constant(AMOUNT, amount=listening(given))


def listening(given: Any) -> float:  # noqa: ANN401
    """Read how much somebody listens, 0 to 1, or on, or off."""
    if isinstance(given, str) and given.strip().lower() in ("on", "off"):
        return float(given.strip().lower() == "on")
    return number(given, "listening (0 to 1, or on, or off)", 0.0, 1.0)


def _style(given: Any) -> str | None:  # noqa: ANN401
    """Check how somebody is to act."""
    text = _words(given, "style")
    if text is not None:
        style_factors(text)
    return text


READERS: dict[str, Callable[[Any], Any]] = {
    "emotion": emotion_curve,
    "eyes": _part_curve,
    "mouth": _part_curve,
    "head": lambda given: _turn_curve(given, head_turn, HEAD_TURN),
    "gaze": lambda given: _turn_curve(given, gaze_turn, GAZE_TURN),
    "blink": blink_rate,
    "lips": lambda given: _amount_curve(given, "lips"),
    "motion": lambda given: _amount_curve(given, "motion"),
    "listening": _listening_curve,
    "words": emphases,
    "style": _style,
    "prompt": lambda given: _words(given, "prompt"),
    "guidance": _guidance,
    "seed": lambda given: whole(given, "seed", 0, 2**31 - 1),
    "fps": frame_rate,
    "size": picture_size,
    "crop": _crop,
    "others": lambda given: _one_of(given, "wish for the others", get_args(Others)),
    "background": lambda given: _words(given, "background"),
    "motion_blur": exposure,
}
"""How each field of Direction is read."""


def read_field(name: str, given: Any) -> Any:  # noqa: ANN401
    """Read one field of a Direction from words, numbers or the finished value."""
    if name not in READERS:
        raise DirectionError(unknown("direction", name, FIELDS))
    return READERS[name](given)
