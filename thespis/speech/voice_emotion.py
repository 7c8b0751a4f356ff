"""Speech -> how it sounds: arousal, valence and emotion over time, from prosody alone, in any language.

The network (ours, tools/train_voice_emotion.py) learned from made-up speech that plays emotions; what a plain voice is like it knows
from a few openly licensed readings. It hears arousal well, valence hardly: an angry voice and a glad one differ little but in words.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import numpy as np

from thespis.card import Weight
from thespis.features.ear import HOP, Ear
from thespis.features.prosody import PROSODY, Prosody
from thespis.features.resample import RATE, Intake, Resampler
from thespis.types import SAMPLES, Array, Direction, Portrait, Speech, Track, linear
from thespis.weights import card_of, find

FEELINGS = ("neutral", "angry", "happy", "fear", "sad", "bored", "disgusted", "surprised")
"""What a voice can sound like, in the network's order; `bored` is not one of the emotions of a Direction."""

VOICE_EMOTION = linear("voice emotion", "arousal", "valence", *FEELINGS, "evidence")
"""`arousal` and `valence` from -1 to 1, the share of each feeling (they sum to 1), and how much voice it rests on, 0 to 1."""

VOICE_EMOTION_FPS = Fraction(10)
ROWS = 10  # rows of the ear in a row of ours
ENOUGH = 1.0  # seconds of voiced speech after which the evidence is 0.63
FAR = 4.0  # spreads from the middle beyond which nothing was ever heard


@dataclass(frozen=True, eq=False)
class Judge:
    """The network: `middle` and `spread` of plain voices (features,), then a hidden layer and 2 + FEELINGS outputs."""

    middle: Array
    spread: Array
    first: Array
    first_offset: Array
    second: Array
    second_offset: Array

    def __call__(self, prosody: Array) -> Array:
        """Judge one description (PROSODY.size,) -> (VOICE_EMOTION.size,)."""
        voiced = float(prosody[PROSODY.column("evidence")])
        held = np.clip((prosody[: len(self.middle)] - self.middle) / self.spread, -FAR, FAR)
        made = np.tanh(held @ self.first + self.first_offset) @ self.second + self.second_offset
        shares = np.exp(made[2:] - made[2:].max())
        evidence = 1.0 - np.exp(-voiced / ENOUGH)
        judged: Array = np.concatenate([np.tanh(made[:2]) * evidence, shares / shares.sum(), [evidence]]).astype(np.float32)
        return judged


@cache
def voice_emotion_card() -> Weight:
    """Read the card of the network."""
    return card_of("voice_emotion")


@cache
def judge() -> Judge:
    """Load the network."""
    from safetensors.numpy import load_file

    return Judge(**load_file(find(voice_emotion_card())))


@dataclass
class Listening:
    """The state of one stream."""

    prosody: Prosody
    intake: Intake = field(default_factory=Intake)
    heard: int = 0  # rows of the ear
    ear: Ear = field(default_factory=Ear)
    rows: list[Array] = field(default_factory=list)
    given: int = 0


class VoiceEmotion:
    """Samples -> VOICE_EMOTION at 10 rows a second; each row tells of the last few seconds of speech up to its own time."""

    takes, gives, delay = SAMPLES, VOICE_EMOTION, Fraction(1, 5)

    def __init__(self, memory: float | None = 300.0) -> None:
        """Load the network; `memory` is how many hundredths of a second of speech count, None for all since the beginning."""
        self._judge, self._memory = judge(), memory

    def start(self, portrait: Portrait, direction: Direction) -> Listening:
        """Begin a stream."""
        return self.listen()

    def listen(self) -> Listening:
        """Begin a stream for which no portrait matters."""
        return Listening(Prosody(self._memory))

    def step(self, state: Listening, chunk: Speech, last: bool) -> Track:
        """Listen to the next samples and answer with the rows that are sure."""
        self._hear(state, state.intake(chunk, last))
        total = state.intake.begun(10)
        sure = total if last else state.intake.sure(10, self.delay)
        while last and state.given + len(state.rows) < total:
            self._hear(state, np.zeros(HOP * RATE // 100, np.float32))
        count = max(min(sure - state.given, len(state.rows)), 0)
        made, state.rows = state.rows[:count], state.rows[count:]
        first, state.given = state.given, state.given + count
        values = np.stack(made) if made else np.zeros((0, self.gives.size), np.float32)
        return Track(self.gives, values, VOICE_EMOTION_FPS, first)

    def _hear(self, state: Listening, samples: Array) -> None:
        """Run the ear over samples at RATE (n,); a row of ours is ready with every tenth of its."""
        for heard in state.ear(samples):
            before, state.heard = state.heard, state.heard + HOP
            state.prosody.hear(heard)
            if state.heard // ROWS > before // ROWS:
                state.rows.append(self._judge(state.prosody.now()))


def voice_feeling(speech: Speech) -> dict[str, float]:
    """Judge a whole utterance: every channel of VOICE_EMOTION by name, from all of its speech."""
    ear, prosody, resampler = Ear(), Prosody(None), Resampler(speech.rate)
    for heard in ear(np.concatenate([resampler(speech.mono(), True), np.zeros(HOP * RATE // 100, np.float32)])):
        prosody.hear(heard)
    return dict(zip(VOICE_EMOTION.names, judge()(prosody.now()).tolist(), strict=True))
