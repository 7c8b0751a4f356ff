"""`--emotion auto`: what is felt is read from the voice and, where an English text is known, from the words, and becomes a calm curve.

Nothing here flickers: an emotion must win clearly for a while before it shows, it moves slowly, and it never reaches full strength.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from thespis.direction.numbers import number
from thespis.errors import DirectionError
from thespis.speech.sentiment import Felt, sentiment, understood
from thespis.speech.voice_emotion import FEELINGS, VOICE_EMOTION, VOICE_EMOTION_FPS, VoiceEmotion
from thespis.types import EMOTION, Curve, Direction, Key, Speech, Track, Word, soft_step

AUTO = "auto"
LIKE = "like="
STEP = 5  # rows of VOICE_EMOTION from decision to decision: half a second
HEARD_LATE = 1.0  # seconds by which a running estimate is behind the voice
SLOWNESS = 0.7  # seconds over which shares are averaged, before and after
STAY, MARGIN = 1.5, 0.12  # seconds an emotion stays at least, and by how much another must be stronger
SHOWS, FULL = 0.15, 0.7  # shares at which an emotion begins to show, and is as strong as it gets
STRONGEST = 0.75  # intensity of what is only guessed
OVER = 1.4  # seconds a change takes
CHANGES = 0.12  # of intensity, below which nothing moves
TRUST = 0.6  # of what words mean that shows even where the voice says nothing of the kind
EXCITED, SUBDUED = (0.3, 0.6), (0.2, 0.6)  # arousal, up and down, from which a voice is felt, and where it is wholly so
ACTIVE, PASSIVE = ("angry", "happy", "fear", "surprised"), ("sad", "bored")
CLEARLY, AWAKE = 0.7, 0.5  # share of the excitement that one emotion must have to show itself, and how much shows otherwise
SURE = 0.5  # evidence that is enough
HABIT, KNOWN = 0.8, 12.0  # how much of a voice's usual arousal is just its way, and seconds after which that is known
WAYS = 0.33  # arousal that nine of ten plain readers stay below: whoever is always beyond it is not so by habit

Shares = npt.NDArray[np.float64]


def is_auto(wish: Any) -> bool:  # noqa: ANN401 - whatever a user gave
    """Tell whether an emotion is to be read from the speech: "auto", or with a strength "auto=0.8"."""
    return isinstance(wish, str) and wish.strip().lower().replace("=", " ").replace(":", " ").split()[:1] == [AUTO]


def is_like(wish: Any) -> bool:  # noqa: ANN401 - whatever a user gave
    """Tell whether something is to be as in a file: "like=photo.jpg"."""
    return isinstance(wish, str) and wish.strip().lower().startswith(LIKE)


def auto_strength(wish: str) -> float:
    """Read the strength of "auto=0.8", 0 to 1.5; alone it is 1."""
    words = wish.strip().lower().replace("=", " ").replace(":", " ").split()
    if len(words) > 2:
        raise DirectionError(f"--emotion auto takes one strength, as in auto=0.8, and no other emotion beside it; not {wish!r}")
    return number(words[1], "the strength of auto", 0.0, 1.5) if len(words) == 2 else 1.0


@dataclass(frozen=True)
class Said:
    """What is known of the words: `text`, its timed `words`, and the `language` or voice they are spoken in."""

    text: str
    words: tuple[Word, ...]
    language: str


def auto_emotion(blocks: Iterable[Speech], said: Said | None = None, *, strength: float = 1.0, voice: bool = True) -> Curve:
    """Listen to blocks of speech that follow each other, and make the curve of what is felt; memory stays small.

    `voice` False leaves the sound out, for voices that have no feelings of their own.
    """
    heard, seconds = listened(blocks) if voice else silent(blocks)
    wording = worded(said) if said is not None and understood(said.language) else None
    return curve(*fused(heard, seconds, wording), strength)


def auto_direction(
    base: Direction, blocks: Iterable[Speech], said: Said | None = None, *, strength: float = 1.0, voice: bool = True
) -> Direction:
    """Put the curve of what is felt into a direction that asks for no emotion itself."""
    if "emotion" in base.asked():
        raise DirectionError(
            "--emotion auto reads the emotion from the speech, but the direction asks for one too (a file, or tags in the script); "
            "leave one of them out"
        )
    if not voice and (said is None or not understood(said.language)):
        raise DirectionError(
            f"--emotion auto finds nothing to go by: the built-in voice has no feelings of its own, and only English texts are understood, "
            f"not {said.language if said else 'this one'!r}; write tags such as [sad 0.6] into the script, or bring a recording"
        )
    return replace(base, emotion=auto_emotion(blocks, said, strength=strength, voice=voice))


def listened(blocks: Iterable[Speech]) -> tuple[Track | None, float]:
    """Judge the voice of all blocks -> VOICE_EMOTION rows, and how many seconds there were."""
    stage = VoiceEmotion()
    state, made, seconds = stage.listen(), list[Track](), 0.0
    last: Speech | None = None
    for block in blocks:
        last, seconds = block, block.stop / block.rate
        made.append(stage.step(state, block, False))
    if last is None:
        return None, 0.0
    made.append(stage.step(state, last.cut(last.stop, last.stop), True))
    return Track(VOICE_EMOTION, np.concatenate([part.values for part in made]), VOICE_EMOTION_FPS), seconds


def silent(blocks: Iterable[Speech]) -> tuple[None, float]:
    """Only find how long the blocks are."""
    return None, max((block.stop / block.rate for block in blocks), default=0.0)


def worded(said: Said) -> Callable[[float], Mapping[str, float] | None]:
    """Put the sentences of a text on the clock of its words -> the shares at a time, None where nothing is said about it."""
    spans: list[tuple[float, float, Felt]] = []
    at, waiting = 0, list(said.words)
    for one in sentiment(said.text):
        own: list[Word] = []
        while waiting:
            place = said.text.find(waiting[0].text, at)
            if place < 0:  # a word that is spoken otherwise than it is written
                own.append(waiting.pop(0))
                continue
            if place >= one.stop:
                break
            own.append(waiting.pop(0))
            at = place + len(own[-1].text)
        if own:
            spans.append((own[0].start, own[-1].end, one))

    def at_time(time: float) -> Mapping[str, float] | None:
        before = [one for start, _, one in spans if start <= time + 0.3]
        return before[-1].shares if before else spans[0][2].shares if spans else None

    return at_time


def fused(
    heard: Track | None, seconds: float, wording: Callable[[float], Mapping[str, float] | None] | None
) -> tuple[npt.NDArray[np.float64], Shares]:
    """Put voice and words together -> times (n,) in seconds, and shares (n, FEELINGS) that sum to 1."""
    times = np.arange(0.0, max(seconds, 0.1), STEP / float(VOICE_EMOTION_FPS))
    plain = np.eye(len(FEELINGS))[FEELINGS.index("neutral")]
    usual = habit(heard, seconds)
    found = []
    for time in times.tolist():
        shares = plain
        if heard is not None and len(heard):
            row = heard.cut(first := min(round((time + HEARD_LATE) * float(VOICE_EMOTION_FPS)), len(heard) - 1), first + 1)
            shares = sounding({name: float(row[name][0]) for name in VOICE_EMOTION.names}, usual)
        said = wording(time) if wording is not None else None
        found.append(guarded(shares) if said is None else agreed(shares, said) if heard is not None else from_words(said))
    return times, np.array(found)


def habit(heard: Track | None, seconds: float) -> float:
    """Find the arousal that a voice always has, which is not a feeling."""
    if heard is None or not (sure := heard["evidence"] > 0.5).any():
        return 0.0
    usual = HABIT * min(seconds / KNOWN, 1.0) * float(np.median(heard["arousal"][sure] / heard["evidence"][sure]))
    return min(max(usual, -WAYS), WAYS)


def sounding(row: Mapping[str, float], usual: float) -> Shares:
    """Turn one row of VOICE_EMOTION into shares (FEELINGS,): arousal, which voices tell well, decides how much is felt at all."""

    def gate(arousal: float, bounds: tuple[float, float]) -> float:
        return float(soft_step((arousal - bounds[0]) / (bounds[1] - bounds[0]))) * sure

    sure = float(soft_step(row["evidence"] / SURE))
    arousal = row["arousal"] / max(row["evidence"], 0.05) - usual
    made = dict.fromkeys(FEELINGS, 0.0)
    for names, amount in ((ACTIVE, gate(arousal, EXCITED)), (PASSIVE, gate(-arousal, SUBDUED))):
        total = sum(row[name] for name in names)
        for name in names:
            made[name] = amount * row[name] / max(total, 1e-6)
    made["neutral"] = 1.0 - sum(made.values())
    return np.array([made[name] for name in FEELINGS])


def from_words(said: Mapping[str, float]) -> Shares:
    """Put what words mean into the order of FEELINGS."""
    return np.array([said[name] for name in FEELINGS])


def agreed(told: Shares, said: Mapping[str, float]) -> Shares:
    """Let words say which emotion, and the voice how much of it; where the words say nothing the voice stands alone."""
    support = dict.fromkeys(FEELINGS, 0.5)
    support |= dict.fromkeys(ACTIVE, sum(float(told[FEELINGS.index(name)]) for name in ACTIVE))
    support |= dict.fromkeys(PASSIVE, sum(float(told[FEELINGS.index(name)]) for name in PASSIVE))
    alone = guarded(told)
    made = np.array(
        [
            said[name] * (TRUST + (1.0 - TRUST) * support[name]) + said["neutral"] * float(alone[column]) if name != "neutral" else 0.0
            for column, name in enumerate(FEELINGS)
        ]
    )
    made[FEELINGS.index("neutral")] = 1.0 - made.sum()
    return made


def guarded(shares: Shares) -> Shares:
    """Keep a voice without words from showing the wrong excitement: where anger, joy and fear are all likely, it is only awake."""
    active = [FEELINGS.index(name) for name in ACTIVE]
    excited = float(shares[active].sum())
    if excited <= 0.0 or shares[active].max() >= CLEARLY * excited:
        return shares
    made = shares.copy()
    made[active] = 0.0
    made[FEELINGS.index("surprised")] = AWAKE * excited
    made[FEELINGS.index("neutral")] += (1.0 - AWAKE) * excited
    return made


def smoothed(shares: Shares, keep: float) -> Shares:
    """Average over the past and over what comes, so that nothing is late (rows, FEELINGS)."""
    made = shares.copy()
    for rows in (range(1, len(made)), range(len(made) - 2, -1, -1)):
        for row in rows:
            made[row] = keep * made[row - rows.step] + (1.0 - keep) * made[row]
    return made


def curve(times: npt.NDArray[np.float64], shares: Shares, strength: float) -> Curve:
    """Turn shares over time into keys: smoothed, one feeling at a time, changed only where it matters."""
    names = [name for name in FEELINGS if name in EMOTION.names and name != "neutral"]
    columns = [FEELINGS.index(name) for name in names]
    step = float(times[1] - times[0]) if len(times) > 1 else 1.0
    smooth = smoothed(shares, np.exp(-step / SLOWNESS))
    shown, since, keys = -1, -STAY, list[Key]()
    value = (0.0,) * EMOTION.size
    for time, now in zip(times.tolist(), smooth, strict=True):
        amounts = now[columns]
        best = int(amounts.argmax())
        if best != shown and time - since >= STAY and amounts[best] > (amounts[shown] if shown >= 0 else 0.0) + MARGIN:
            shown, since = best, time
        intensity = 0.0
        if shown >= 0:
            share = float(np.clip((amounts[shown] - SHOWS) / (FULL - SHOWS), 0.0, 1.0))
            intensity = round(STRONGEST * strength * share, 2)
        wish = [0.0] * EMOTION.size
        if intensity > 0.0:
            wish[EMOTION.column(names[shown])] = intensity
        # The first key holds from the beginning; after it only real changes count.
        if not keys or max(abs(a - b) for a, b in zip(wish, value, strict=True)) >= CHANGES * strength:
            value = tuple(wish)
            keys.append(Key(0.0 if not keys else max(time - OVER / 2, 0.01), value, OVER if keys else 0.0))
    return Curve(EMOTION, tuple(sorted(keys, key=lambda key: key.at)))
