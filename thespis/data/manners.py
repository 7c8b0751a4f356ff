"""How made-up people move head, brows, lids and eyes while they speak, listen or wait: the acting that the motion denoiser learns from.

Unlike the stages of `motion/`, which know only what was heard so far, this sees a whole clip: phrases with their beginnings and ends.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from thespis.motion.blink import PACE
from thespis.motion.gaze import WANDER
from thespis.motion.head import BREATH, BREATHS, SINK, Posture, postures
from thespis.motion.smooth import GentleSpring, Spring, Sway, soft_step
from thespis.motion.spaces.acting import CONTROLS, STYLE
from thespis.types import EMOTION

Doubles = npt.NDArray[np.float64]

RATE = 25  # rows a second
STEP = 1 / RATE
SPREAD = (6.2, 3.4, 3.4)  # degrees of yaw, pitch and roll that settling poses spread
WOBBLE = (1.6, 1.5, 1.1)  # degrees that the head trembles along with the syllables
PAUSE = 0.28  # seconds of silence that end a phrase
NOD, END_NOD, ACCENT, SETTLE = 6.0, 4.5, 12.0, 9.5
BLINKING = 23.0  # a minute
APART = 0.45  # seconds between two blinks


@dataclass(frozen=True)
class Voice:
    """What is heard, RATE rows a second (rows,): `speaking`, `voiced`, `loudness` and `pitch` as in ARTICULATION."""

    speaking: Doubles
    voiced: Doubles
    loudness: Doubles
    pitch: Doubles

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.speaking)


@dataclass(frozen=True)
class Heard:
    """What follows from a voice: how much somebody talks (rows,), how strongly an accent is under way (rows,), and phrases as row pairs."""

    talk: Doubles
    accent: Doubles
    phrases: list[tuple[int, int]]
    rising: list[bool]


def listen(voice: Voice) -> Heard:
    """Find accents and phrases."""
    talk, level, accent = GentleSpring(), Spring(), GentleSpring()
    found = np.zeros((2, len(voice)))
    for row in range(len(voice)):
        found[0, row] = talk.follow(float(voice.speaking[row]), 5.0, STEP)
        usual = level.follow(float(voice.loudness[row]), 1.5, STEP)
        peak = voice.voiced[row] * (0.8 * max(voice.pitch[row], 0.0) + 0.9 * max(voice.loudness[row] - usual, 0.0))
        found[1, row] = accent.follow(min(float(peak), 1.0), ACCENT, STEP)
    edges = np.flatnonzero(np.diff(np.concatenate([[0.0], voice.speaking > 0.5, [0.0]])))
    phrases: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if phrases and begin - phrases[-1][1] < PAUSE * RATE:
            phrases[-1] = (phrases[-1][0], end)
        else:
            phrases.append((begin, end))
    rising = []
    for begin, end in phrases:
        late, before = (slice(max(end - n, begin), max(end - m, begin + 1)) for n, m in ((10, 0), (25, 10)))
        tones = [voice.pitch[part][voice.voiced[part] > 0.5] for part in (late, before)]
        rising.append(all(len(tone) > 2 for tone in tones) and float(tones[0].mean() - tones[1].mean()) > 0.12)
    return Heard(found[0], found[1], phrases, rising)


def pulse(rows: int, at: float, size: float, rise: float, fall: float, hold: float = 0.0) -> Doubles:
    """Draw one soft hill (rows,): from `at` seconds up within `rise`, down within `fall`."""
    times = np.arange(rows) * STEP - at
    up = np.clip(times / rise, 0, 1)
    down = np.clip((times - rise - hold) / fall, 0, 1)
    shape: Doubles = size * (up * up * (3 - 2 * up) - down * down * (3 - 2 * down))
    return shape


class Manner:
    """One person in one clip: `style` (STYLE.size,) in deviations, `listening` (rows,) 0 to 1, `emotion` (rows, emotions)."""

    def __init__(self, voice: Voice, emotion: Doubles, listening: Doubles, style: Doubles, random: np.random.Generator) -> None:
        """Find what there is to react to."""
        self.voice, self.emotion, self.listening, self.random = voice, emotion, listening, random
        self.heard, self.rows = listen(voice), len(voice)
        self.habit = {name: float(value) for name, value in zip(STYLE.names, style, strict=True)}
        self.felt = [Posture(*row) for row in postures(emotion).tolist()]
        self.lively = np.array([max(1.0 + each.lively, 0.2) for each in self.felt])
        self.pace = np.array([min(max(1.0 + each.pace, 0.4), 1.8) for each in self.felt])
        self.seed = int(random.integers(1 << 31))

    def sway(self, purpose: str, axes: int, slowest: float, quickest: float) -> Doubles:
        """Wander slowly (rows, axes), spread 1."""
        wave = Sway(self.seed, purpose, axes, slowest=slowest, quickest=quickest)
        return np.array([wave.at(row * STEP) for row in range(self.rows)]).reshape(self.rows, axes)

    def act(self) -> tuple[Doubles, list[float]]:
        """Act the clip: CONTROLS (rows, size) at RATE, and the seconds at which blinks begin."""
        found = np.zeros((self.rows, CONTROLS.size))
        looks = self.looks()
        for names in (self.head(), self.face(), {"look_yaw": looks[:, 0], "look_pitch": looks[:, 1]}):
            for name, values in names.items():
                found[:, CONTROLS.column(name)] = values
        return found, self.blinks(looks)

    def settled(self) -> Doubles:
        """Choose poses (rows, 3) in units of their spread: anew at the beginning of most phrases, and now and then."""
        random, tempo = self.random, np.exp(0.3 * self.habit["tempo"])
        starts = {begin for begin, _ in self.heard.phrases if random.uniform() < 0.65}
        pose, found, due = random.normal(0.0, 0.6, 3), np.zeros((self.rows, 3)), 0.0
        for row in range(self.rows):
            due -= STEP * float(self.pace[row])
            if due <= 0 or row in starts:
                fresh = random.normal(0.0, 1.0, 3)
                yaw = 0.4 * pose[0] + 0.92 * fresh[0]
                pose = np.clip([yaw, 0.4 * pose[1] + 0.92 * fresh[1], 0.4 * pose[2] + 0.25 * yaw + 0.88 * fresh[2]], -2.2, 2.2)
                quiet = 1.0 + 1.2 * (1.0 - float(self.heard.talk[row]))
                due = max(float(random.lognormal(np.log(1.25), 0.5)), 0.4) * quiet / tempo
            found[row] = pose
        return found

    def head(self) -> dict[str, Doubles]:
        """Move the head: poses, syllables, accents, nods at the ends of phrases and of a listener, breath."""
        amount, tempo, nods = (float(np.exp(0.45 * self.habit[name])) for name in ("head", "tempo", "nods"))
        talk, accent = self.heard.talk, self.heard.accent
        share = amount * self.lively * (0.4 + 0.6 * talk)
        posture = np.array([(each.yaw, each.pitch, each.roll) for each in self.felt])
        aim = self.settled() * np.array(SPREAD) * share[:, None] + posture
        aim[:, 1] += SINK * (1.0 - talk)
        aim[:, 2] += 2.0 * self.listening * np.sign(self.sway("tilt", 1, 0.02, 0.1)[:, 0])
        springs = [GentleSpring() for _ in range(3)]
        for spring, value in zip(springs, aim[0].tolist(), strict=True):
            spring.first.value = spring.second.value = value
        turned = np.array([
            [spring.follow(value, SETTLE * float(pace) * tempo**0.4, STEP) for spring, value in zip(springs, row, strict=True)]
            for row, pace in zip(aim.tolist(), self.pace, strict=True)
        ])  # fmt: skip
        slow, quick = self.sway("slow", 5, 0.07, 0.8), self.sway("quick", 3, 0.7 * tempo, 2.1 * tempo)
        energy = talk * np.clip(0.35 + 1.1 * self.voice.loudness + 0.8 * accent, 0, 2)
        follow = Spring()
        energy = np.array([follow.follow(float(value), 8.0, STEP) for value in energy])
        nod = NOD * nods * amount**0.4 * self.lively * accent
        degrees = turned + slow[:, :3] * np.array([0.6, 0.45, 0.45]) * self.lively[:, None]
        degrees += quick * np.array(WOBBLE) * (amount**0.7 * self.lively * energy)[:, None]
        degrees += nod[:, None] * np.stack([0.5 * slow[:, 0], 0.7 + 0.4 * slow[:, 1], 0.4 * slow[:, 2]], axis=1)
        degrees[:, 1] += self.nods(nods) - 0.15 * np.sin(2 * np.pi * BREATHS * np.arange(self.rows) * STEP)
        breath = np.sin(2 * np.pi * BREATHS * np.arange(self.rows) * STEP)
        shift = np.array([(each.right, each.down, each.away) for each in self.felt])
        smooth = [GentleSpring(), GentleSpring(), GentleSpring()]
        for spring, value in zip(smooth, shift[0].tolist(), strict=True):
            spring.first.value = spring.second.value = value
        shift = np.array([[s.follow(v, SETTLE, STEP) for s, v in zip(smooth, row, strict=True)] for row in shift.tolist()])
        shift[:, 0] += 0.008 * (turned[:, 0] + turned[:, 2]) + 0.018 * slow[:, 3] * self.lively
        shift[:, 1] += 0.008 * turned[:, 1] - BREATH * breath
        shift[:, 2] += -0.008 * turned[:, 1] + 0.022 * slow[:, 4] * self.lively - 0.05 * self.listening
        names = ("head_yaw", "head_pitch", "head_roll", "shift_right", "shift_down", "shift_away")
        return dict(zip(names, np.concatenate([degrees, shift], axis=1).T, strict=True))

    def nods(self, nods: float) -> Doubles:
        """Nod at the ends of phrases, and as a listener once or several times in a row (rows,), in degrees."""
        found, random = np.zeros(self.rows), self.random
        for _, end in self.heard.phrases:
            if end < self.rows and random.uniform() < min(0.5 * nods, 0.9):
                found += pulse(self.rows, end * STEP - 0.25, END_NOD * float(random.uniform(0.5, 1.1)), 0.22, 0.4)
        at = float(random.uniform(0.5, 3.0))
        while at < self.rows * STEP:
            if self.listening[int(at * RATE)] > 0.5:
                size = float(random.uniform(2.5, 5.0))
                for number in range(int(random.choice([1, 2, 2, 3]))):
                    found += pulse(self.rows, at + 0.42 * number, size * 0.8**number, 0.18, 0.22)
            at += float(random.uniform(1.8, 4.5)) / min(max(nods, 0.5), 1.6)
        return found

    def face(self) -> dict[str, Doubles]:
        """Raise and lower brows with the voice, smile between phrases, and let a feeling show more at accents and less in silence."""
        random, rows, accent, talk = self.random, self.rows, self.heard.accent, self.heard.talk
        brows = float(np.exp(0.5 * self.habit["brows"]))
        inner, outer, side, down = (np.zeros(rows) for _ in range(4))
        peaks = [row for row in range(1, rows - 1) if accent[row] > 0.1 and accent[row - 1] < accent[row] >= accent[row + 1]]
        one_sided = float(random.normal(0, 0.15))
        for row in peaks:
            strength, kind = min(float(accent[row]) * 1.6, 1.0), float(random.uniform())
            if kind < 0.6:
                size = brows * strength * float(random.uniform(0.25, 0.75))
                hill = pulse(rows, row * STEP - 0.26, size, 0.22, float(random.uniform(0.25, 0.5)), float(random.uniform(0.0, 0.2)))
                inner, outer, side = inner + 0.75 * hill, outer + hill, side + one_sided * hill
            elif kind < 0.78:
                down = down + pulse(rows, row * STEP - 0.2, brows * strength * float(random.uniform(0.15, 0.5)), 0.2, 0.4, 0.1)
        for (_, end), rises in zip(self.heard.phrases, self.heard.rising, strict=True):
            if rises:
                hill = pulse(rows, end * STEP - 0.4, brows * float(random.uniform(0.2, 0.5)), 0.25, 0.5, 0.25)
                inner, outer = inner + 0.8 * hill, outer + hill
        slow = self.sway("face", 4, 0.05, 0.4)
        smile = 0.05 * np.exp(0.5 * self.habit["smile"]) * np.maximum(0.6 + slow[:, 0] + 1.5 * self.listening, 0.0)
        for _, end in self.heard.phrases:
            if random.uniform() < 0.3:
                smile = smile + pulse(rows, end * STEP - 0.1, 0.12 * float(np.exp(0.5 * self.habit["smile"])), 0.4, 0.8, 0.5)
        inner = inner + 0.03 * brows * np.maximum(slow[:, 1], 0) + 0.05 * self.listening * np.maximum(slow[:, 2], 0)
        calm = 0.14 * (talk - 0.6)
        life = np.stack([calm + 0.35 * accent + 0.07 * slow[:, 1], calm + 0.3 * accent + 0.08 * slow[:, 3]])
        return {
            "brow_inner": np.minimum(inner, 0.75), "brow_outer": np.minimum(outer, 0.75), "brow_side": side, "brow_down": down,
            "squint": 0.4 * smile + 0.15 * down, "wide": 0.25 * np.minimum(outer, 0.75), "smile": smile,
            "life_eyes": np.clip(life[0], -0.25, 0.3), "life_mouth": np.clip(life[1], -0.25, 0.3),
        }  # fmt: skip

    def looks(self) -> Doubles:
        """Look at the camera with small shifts; look away at beginnings, in thought and when idle (rows, 2), in degrees."""
        random, wander = self.random, float(np.exp(0.4 * self.habit["gaze"]))
        starts = {max(begin - 5, 0) for begin, _ in self.heard.phrases if random.uniform() < 0.3 * wander}
        ends = {end for _, end in self.heard.phrases}
        grown, lowered = (self.emotion @ np.array([WANDER[name][part] for name in EMOTION.names]) for part in (0, 1))
        found, now, due, away = np.zeros((self.rows, 2)), np.zeros(2), 0.8, False
        for row in range(self.rows):
            due -= STEP
            idle = (1.0 - float(self.heard.talk[row])) * (1.0 - float(self.listening[row]))
            if row in starts and not away:
                due, turned = 0.0, 1.0
            elif away and row in ends:
                due, turned = 0.0, 0.0
            else:
                turned = wander * (0.09 + 0.3 * idle) * (0.4 if self.listening[row] > 0.5 else 1.0)
            if due <= 0:
                if not away and random.uniform() < turned:
                    size = float(random.uniform(5.0, 12.0) + 6.0 * idle * random.uniform())
                    now = np.array([random.choice([-1.0, 1.0]) * size, random.choice([1.0, 0.35, -0.6]) * random.uniform(1.0, 6.0)])
                    now, away = now * float(max(1.0 + grown[row], 0.0)), True
                    due = max(float(random.lognormal(np.log(0.7 + 0.8 * idle), 0.35)), 0.3)
                else:
                    now, away = np.array([random.normal(0.0, 0.7), random.normal(0.0, 0.45)]), False
                    due = max(float(random.lognormal(np.log(0.9), 0.45)), 0.25)
            found[row] = (now[0], now[1] + float(lowered[row]))
        return found

    def blinks(self, looks: Doubles) -> list[float]:
        """Blink by chance, more at the ends of phrases and with large movements of the eyes."""
        random = self.random
        change = np.clip(1.0 + self.emotion @ np.array([PACE[name] for name in EMOTION.names]), 0.4, 1.6)
        rate = BLINKING / 60 * np.exp(0.35 * self.habit["blinks"]) * change * (0.8 + 0.2 * self.heard.talk)
        drawn = random.uniform(size=(self.rows, 2))
        jumps = np.concatenate([[0.0], np.linalg.norm(np.diff(looks, axis=0), axis=1)]) > 4.0
        ends = np.zeros(self.rows)
        for _, end in self.heard.phrases:
            ends[max(end - 2, 0) : end + 8] = 0.05
        found: list[float] = []
        for row in range(self.rows):
            chance = rate[row] * (0.75 * STEP + ends[row]) + (0.35 * min(float(rate[row]) / 0.37, 1.5) if jumps[row] else 0.0)
            if drawn[row, 0] < chance and (not found or row * STEP - found[-1] > APART):
                found.append((row + float(drawn[row, 1])) * STEP)
        return found


def soft_states(flags: Doubles, seconds: float = 0.5) -> Doubles:
    """Let a state (rows,) of 0 or 1 be entered and left within so many seconds."""
    found = flags.astype(np.float64).copy()
    changes = [row for row, (a, b) in enumerate(pairwise(flags.tolist()), 1) if a != b]
    for row in changes:
        for near in range(row, min(row + int(seconds * RATE), len(flags))):
            share = soft_step((near - row) * STEP / seconds)
            found[near] = flags[row - 1] + (flags[row] - flags[row - 1]) * share
    return found
