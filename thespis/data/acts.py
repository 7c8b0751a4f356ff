"""Acts: what a voice sounds like and how its speaker moves, in rows of CONTROL_SECONDS; what the motion denoiser learns from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from thespis.data.acting import articulated, felt, habits, plan, spoken, voice_of
from thespis.data.manners import RATE, Manner, Voice, soft_states
from thespis.data.sentences import Split
from thespis.features.gestures import REST_CLOSURE
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.motion.spaces.acting import CONTROL_ROWS, CONTROL_SECONDS, CONTROLS, LOOK, STYLE
from thespis.motion.spline import fitted
from thespis.motion.voiced import pooled
from thespis.types import EMOTION, Array, Track, random_for

LANGUAGES = ("en-us", "de", "fr-fr", "es", "it", "pt-br", "ru", "cmn", "nl", "pl")
SECONDS = 12.0
IDLE = 0.1  # the share of clips in which nobody speaks
SOUNDS = (".flac", ".wav", ".mp3", ".ogg")
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Act:
    """One clip, a row every CONTROL_SECONDS: `heard` (rows, HEARD), `emotion` (rows, 8), `listening`, `controls`, `blinks`; `style`."""

    heard: Array
    emotion: Array
    listening: Array
    controls: Array
    blinks: Array
    style: Array


def conversation(seed: int, number: int, split: Split) -> tuple[Array, npt.NDArray[np.float64], str]:
    """Make up the ARTICULATION (rows, size) of somebody who speaks and falls silent, with whether they listen (rows,) and the emotion."""
    random = random_for(seed, f"conversation {split} {number}")
    parts: list[Array] = []
    listening: list[Doubles] = []

    def silence(seconds: float) -> None:
        count = round(seconds * 100)
        rest = np.zeros((count, ARTICULATION.size), np.float32)
        rest[:, ARTICULATION.column("closure")] = REST_CLOSURE
        parts.append(rest)
        listening.append(np.full(count, float(random.uniform() < 0.5)))

    throat = voice_of(seed, number, split, bool(random.uniform() < 0.5))
    own, emotion = habits(seed, number), "neutral"
    if random.uniform() >= IDLE:
        silence(float(random.uniform(0.1, 1.6)))
        while sum(map(len, parts)) < SECONDS * 100:
            told = plan(
                seed, 1000 * number + len(parts), split, throat, float(random.uniform(2.5, 7.0)), False, "speaking", LANGUAGES
            )  # fmt: skip
            emotion = EMOTION.names[int(random.integers(EMOTION.size))]
            rows = articulated(spoken(told, own)).values
            parts.append(rows)
            listening.append(np.zeros(len(rows)))
            silence(float(random.choice([0.3, 0.6, 1.0, 2.5]) * random.uniform(0.7, 1.4)))
    else:
        silence(SECONDS / 2)
        silence(SECONDS / 2)
    count = round(SECONDS * 100)
    return np.concatenate(parts)[:count], np.concatenate(listening)[:count], emotion


def perform(rows: Array, listening: Doubles, emotion: str, random: np.random.Generator) -> Act:
    """Let a person of random manners act what is heard: ARTICULATION (rows, size), 100 rows a second."""
    count = len(rows) // CONTROL_ROWS * CONTROL_ROWS // 4 * 4
    near = rows[:count].reshape(-1, 100 // RATE, ARTICULATION.size).mean(axis=1).astype(np.float64)
    voice = Voice(*(near[:, ARTICULATION.column(name)] for name in ("speaking", "voiced", "loudness", "pitch")))
    seconds = np.arange(len(near)) / RATE
    curve = felt(random, emotion, len(near) / RATE, bool(random.uniform() < 0.25))
    states = soft_states(listening[:count:4])
    style = np.clip(random.normal(size=STYLE.size), -2, 2)
    controls, blinks = Manner(voice, curve.at(seconds).astype(np.float64), states, style, random).act()
    heard = pooled(Track(ARTICULATION, rows[:count], ARTICULATION_FPS)).values
    length = count // CONTROL_ROWS
    made = fitted(controls, RATE, CONTROL_SECONDS)[:length]
    times = np.arange(length) * CONTROL_SECONDS
    # Eyes jump: they are where they are, and no smooth curve leads there.
    at = np.minimum(np.round(times * RATE).astype(int), len(controls) - 1)
    for name in LOOK:
        made[:, CONTROLS.column(name)] = controls[at, CONTROLS.column(name)]
    shut = np.zeros(length)
    for begin in blinks:
        shut[min(int(begin / CONTROL_SECONDS), length - 1)] = 1.0
    emotions = curve.at(times)
    parts = (heard[:length], emotions, states[at], made, shut, style)
    return Act(*(np.asarray(part, np.float32) for part in parts))


def made_up(seed: int, split: Split, count: int, tell: Callable[[int], None] = lambda _: None) -> dict[str, Array]:
    """Make up what is heard: `rows` (count, SECONDS * 100, ARTICULATION.size), `listening` and the number of the `emotion`."""
    rows, listening, emotions = [], [], []
    for number in range(count):
        heard, states, emotion = conversation(seed, number, split)
        rows.append(heard.astype(np.float16))
        listening.append(states.astype(np.float16))
        emotions.append(EMOTION.names.index(emotion))
        tell(number + 1)
    return {"rows": np.stack(rows), "listening": np.stack(listening), "emotion": np.array(emotions, np.int64)}


def recorded(paths: Sequence[Path], seed: int) -> dict[str, Array]:
    """Hear recordings, in stretches of SECONDS: the same arrays; in their pauses somebody listens or waits."""
    from thespis.features.articulation import hear
    from thespis.speech.read import read_speech

    count = round(SECONDS * 100)
    rows, listening, emotions = [], [], []
    for path in sorted(paths):
        heard = hear(read_speech(path)).articulation.values
        for first in range(0, len(heard) - count + 1, count):
            random = random_for(seed, f"recorded {path.name} {first}")
            part = heard[first : first + count]
            rows.append(part.astype(np.float16))
            quiet = part[:, ARTICULATION.column("speaking")] < 0.5
            listening.append((quiet * float(random.uniform() < 0.3)).astype(np.float16))
            emotions.append(int(random.integers(EMOTION.size)) if random.uniform() < 0.5 else 0)
    return {"rows": np.stack(rows), "listening": np.stack(listening), "emotion": np.array(emotions, np.int64)}


def performed(voices: Mapping[str, Array], seed: int, purpose: str) -> dict[str, Array]:
    """Let persons of random manners act voices -> arrays whose first axis counts the acts."""
    kept = [
        perform(
            rows.astype(np.float32), listening.astype(np.float64), EMOTION.names[int(emotion)], random_for(seed, f"act {purpose} {number}")
        )
        for number, (rows, listening, emotion) in enumerate(
            zip(voices["rows"], voices["listening"], voices["emotion"], strict=True)
        )
    ]  # fmt: skip
    return {name: np.stack([getattr(each, name) for each in kept]) for name in Act.__dataclass_fields__}
