"""EMOdiffhead's dial: expression = neutral + sum of intensity times (emotion - neutral), from an LSTM that runs without torch."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from thespis.features.spaces import ARTICULATION
from thespis.head.openhead import load_openhead
from thespis.motion.convert_head import face_of_flame
from thespis.motion.feeling import LIFTING, OPENING, STRONGEST, Talking, held_back, sided
from thespis.motion.spaces.face import ARKIT, EXPRESSION, FACE
from thespis.motion.spaces.flame import EXPRESSION_AND_JAW, EXPRESSIONS, FLAME
from thespis.types import EMOTION, Array, Direction, Portrait, Track

MOUTH = ("mouth", "jaw", "tongue", "cheekPuff")
"""How the names of weights begin that move the mouth."""
SPEAKING = 0.5  # of the voice's channel of that name, from which on a mouth speaks


class Generator:
    """The expression generator, a frame at a time, for all emotions at once."""

    def __init__(self, path: Path) -> None:
        """Read the weights that training left."""
        from safetensors.numpy import load_file

        held = load_file(path)
        self._in = np.concatenate([held["lstm.weight_ih_l0"], held["lstm.weight_hh_l0"]], axis=1).T.copy()
        self._bias = held["lstm.bias_ih_l0"] + held["lstm.bias_hh_l0"]
        self._out, self._out_bias, self._direct = held["out.weight"].T.copy(), held["out.bias"], held["direct.weight"].T.copy()
        self._scale = held["scale"]
        self.width = len(held["lstm.weight_hh_l0"]) // 4

    def first(self, rows: int) -> tuple[Array, Array]:
        """Give the memory (rows, width) of nothing heard yet: what is told, and what is kept."""
        return np.zeros((rows, self.width), np.float32), np.zeros((rows, self.width), np.float32)

    def __call__(self, memory: tuple[Array, Array], voice: Array, emotions: Array) -> tuple[Array, tuple[Array, Array]]:
        """Hear one frame (10,) under each of several feelings (rows, 8) -> expression and jaw (rows, 53), and the next memory."""
        told, kept = memory
        given = np.concatenate([np.repeat(voice[None], len(emotions), axis=0), emotions], axis=1)
        gates = np.concatenate([given, told], axis=1) @ self._in + self._bias
        enter, forget, fresh, leave = np.split(gates, 4, axis=1)
        kept = sigmoid(forget) * kept + sigmoid(enter) * np.tanh(fresh)
        told = sigmoid(leave) * np.tanh(kept)
        made = (told @ self._out + self._out_bias + given @ self._direct) * self._scale
        return np.asarray(made, np.float32), (told, kept)


def sigmoid(values: Array) -> Array:
    """Squash values (any shape) to 0 to 1."""
    return np.asarray(1 / (1 + np.exp(-values)), np.float32)


def mouth_part() -> Array:
    """Give the matrix (53, 53) that takes the mouth and the jaw out of expression vectors."""
    head = load_openhead()
    lips = np.array([name.startswith(MOUTH) for name in ARKIT])
    matrix = np.zeros((EXPRESSION_AND_JAW.size, EXPRESSION_AND_JAW.size), np.float32)
    matrix[:EXPRESSIONS, :EXPRESSIONS] = head.encoder @ (~lips[:, None] * head.decoder)
    return matrix


def parting_part() -> Array:
    """Give the matrix (53, 53) that takes out of a feeling's vectors what parts lips: the lower follows a jaw and a lifted upper one."""
    head = load_openhead()
    change = np.zeros((len(ARKIT), len(ARKIT)), np.float32)
    for name in sided(dict.fromkeys((*OPENING, "mouthClose"), 1.0)):
        change[ARKIT.index(name), ARKIT.index(name)] = 1
    for name, share in LIFTING.items():
        for full in sided({name: share}):
            change[ARKIT.index("mouthClose"), ARKIT.index(full)] = -share
    matrix = np.zeros((EXPRESSION_AND_JAW.size, EXPRESSION_AND_JAW.size), np.float32)
    matrix[:EXPRESSIONS, :EXPRESSIONS] = head.encoder @ change @ head.decoder
    matrix[:EXPRESSIONS, EXPRESSIONS] = -head.encoder[:, ARKIT.index("mouthClose")] / head.opening
    return matrix


@dataclass
class Dialling:
    """One session: what is asked for, the generator's memory, and how much the mouth has spoken of late."""

    direction: Direction
    memory: tuple[Array, Array]
    mouth: Talking = field(default_factory=Talking)


class Dial:
    """Turn ARTICULATION into EXPRESSION: what the generator says of the voice, with `direction.emotion` as a linear dial.

    `direction.lips` scales the mouth of the neutral answer, which is speech alone.
    """

    takes, gives, delay = ARTICULATION, EXPRESSION, Fraction(0)

    def __init__(self, weights: Path) -> None:
        """Load the generator."""
        self._generator = Generator(weights)
        # Nothing felt, then each emotion by itself at intensity 1.
        self._feelings = np.eye(EMOTION.size, dtype=np.float32)
        self._feelings[EMOTION.column("neutral")] = 0
        self._speech = np.eye(EXPRESSION_AND_JAW.size, dtype=np.float32) - mouth_part()
        self._parting = parting_part()
        head = load_openhead()
        # What an expression vector says of how far the lips are apart.
        self._apart = np.zeros(EXPRESSION_AND_JAW.size, np.float32)
        self._apart[:EXPRESSIONS] = -head.decoder[ARKIT.index("mouthClose")]
        self._apart[EXPRESSIONS] = 1 / head.opening

    def start(self, portrait: Portrait, direction: Direction) -> Dialling:
        """Begin without a memory."""
        return Dialling(direction, self._generator.first(EMOTION.size))

    def vectors(self, state: Dialling, chunk: Track) -> Array:
        """Dial the expression vectors of every row (rows, 53): exactly linear in every intensity."""
        weights, lips = state.direction.emotion.at(chunk.seconds), state.direction.lips.at(chunk.seconds)[:, 0]
        rows = np.zeros((len(chunk), EXPRESSION_AND_JAW.size), np.float32)
        speaking, step = ARTICULATION.column("speaking"), float(1 / chunk.fps)
        for number, voice in enumerate(chunk.values):
            answers, state.memory = self._generator(state.memory, voice, self._feelings)
            neutral = answers[EMOTION.column("neutral")]
            felt = weights[number] @ (answers - neutral)
            # A network is never sure at once that lips meet. What holds them follows from the voice alone, so the dial stays linear.
            busy = state.mouth.follow(voice[speaking] > SPEAKING, step)
            shut = float(held_back(self._apart @ neutral, busy))
            rows[number] = neutral + (lips[number] - 1) * (self._speech @ neutral) + felt - shut * (self._parting @ felt)
        return rows

    def step(self, state: Dialling, chunk: Track, last: bool) -> Track:
        """Give the 52 weights of every row."""
        rows = self.vectors(state, chunk)
        flame = np.zeros((len(rows), FLAME.size), np.float32)
        for name in EXPRESSION_AND_JAW.names:
            flame[:, FLAME.slice(name)] = rows[:, EXPRESSION_AND_JAW.slice(name)]
        # Row by row, so that no chunk size changes the order of a sum.
        faces = [face_of_flame(Track(FLAME, flame[row : row + 1], chunk.fps)).values[:, : EXPRESSION.size] for row in range(len(rows))]
        made = np.concatenate(faces) if faces else np.zeros((0, EXPRESSION.size), np.float32)
        return Track(EXPRESSION, np.clip(made, 0.0, STRONGEST).astype(np.float32), chunk.fps, chunk.start)


assert FACE.channels[: len(EXPRESSION.channels)] == EXPRESSION.channels
