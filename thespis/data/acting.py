"""How made-up people act: a plan drawn from a seed becomes speech, a direction, and motion in the Space `face`, exact to the phone."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from thespis.data.sentences import SONG, STEPS, VOICES, Sentence, Split, sentences
from thespis.features.ear import Ear
from thespis.features.gestures import Gestures
from thespis.features.resample import RATE, Resampler
from thespis.features.spaces import ARTICULATION, ARTICULATION_FPS
from thespis.features.voice import Voice
from thespis.motion.blink import Blink
from thespis.motion.feeling import Feeling
from thespis.motion.gaze import Gaze
from thespis.motion.head import Head
from thespis.motion.lips import Lips
from thespis.motion.retime import Retime
from thespis.motion.spaces.face import FACE
from thespis.speech.say import say_marked
from thespis.speech.tone import Tone, tone_of
from thespis.stages import Both, Chain
from thespis.talker import moved
from thespis.types import AMOUNT, EMOTION, Array, Bytes, Curve, Direction, Key, Portrait, Speech, Track, frame_count, random_for

Kind = Literal["speaking", "singing", "listening", "idle"]
EDGE = 0.02  # seconds over which sound fades where a clip is cut
AROUND_SPEECH = 0.12  # seconds before and after phones that count as speaking
ONE_PIXEL: Bytes = np.zeros((1, 1, 3), np.uint8)


@dataclass(frozen=True)
class Habits:
    """How one person always acts: factors on articulation, tempo, brows, head and blinks, degrees of tilt, and one-sidedness (-1 to 1)."""

    lips: float
    tempo: float
    brows: float
    head: float
    blink: float
    tilt: float
    asymmetry: float
    pitch: int


@dataclass(frozen=True)
class Plan:
    """One clip before it is performed: what is said and how it is felt."""

    kind: Kind
    sentences: tuple[Sentence, ...]
    emotion: Curve
    voice: str
    seconds: float
    seed: int
    begins: float = 0.0
    tones: tuple[tuple[int, Tone], ...] = ()


def habits(seed: int, person: int) -> Habits:
    """Make up the habits of a person."""
    random = random_for(seed, f"habits of person {person}")
    return Habits(
        lips=float(random.uniform(0.75, 1.25)), tempo=float(random.uniform(0.85, 1.2)), brows=float(random.uniform(0.5, 1.6)),
        head=float(random.uniform(0.5, 1.5)), blink=float(random.uniform(9, 26)), tilt=float(random.normal(0, 2.2)),
        asymmetry=float(random.normal(0, 0.25)), pitch=int(random.integers(34, 62)),
    )  # fmt: skip


def voice_of(seed: int, person: int, split: Split, feminine: bool) -> str:
    """Choose a person's throat among those of the split."""
    known = VOICES[split][feminine]
    return known[int(random_for(seed, f"voice of person {person}").integers(len(known)))]


def felt(random: np.random.Generator, emotion: str, seconds: float, plain: bool) -> Curve:
    """Draw an emotion curve: constant, rising or falling, turning into another feeling, or a mixture; `plain` acting feels little."""
    top = float(random.uniform(0.0, 0.35) if plain else random.choice((0.35, 0.7, 1.0)) * random.uniform(0.85, 1.15))
    row = np.zeros(EMOTION.size)
    if emotion != "neutral":
        row[EMOTION.column(emotion)] = top
    keys = [Key(0.0, tuple(row.tolist()), 0.0)]
    way = float(random.uniform())
    other = EMOTION.names[int(random.integers(1, EMOTION.size))]
    if plain or way < 0.45:
        return Curve(EMOTION, tuple(keys))
    after = np.zeros(EMOTION.size)
    if way < 0.65:
        after = row * float(random.choice((0.2, 0.4, 1.5)))
        after = np.minimum(after, 1.2)
    elif way < 0.85:
        after[EMOTION.column(other)] = top
    else:
        mixed = row * 0.6
        mixed[EMOTION.column(other)] += 0.4 * top
        return Curve(EMOTION, (Key(0.0, tuple(mixed.tolist()), 0.0),))
    at = float(random.uniform(0.25, 0.6)) * seconds
    return Curve(EMOTION, (*keys, Key(at, tuple(after.tolist()), float(random.uniform(0.4, 1.2)))))


def plan(seed: int, number: int, split: Split, throat: str, seconds: float, plain: bool, kind: Kind, languages: tuple[str, ...]) -> Plan:
    """Draw clip `number`: sentences of one language and one feeling, enough for its seconds."""
    random = random_for(seed, f"plan {split} {number}")
    language = languages[int(random.integers(len(languages)))]
    known = [sentence for sentence in sentences(split) if sentence.language == language]
    first = known[int(random.integers(len(known)))]
    emotion = "neutral" if plain and random.uniform() < 0.5 else first.emotion
    chosen = [first]
    others = [sentence for sentence in known if sentence is not first]
    while others and sum(len(sentence.text.encode()) for sentence in chosen) < 13 * seconds:
        chosen.append(others.pop(int(random.integers(len(others)))))
    tones: tuple[tuple[int, Tone], ...] = ()
    voice = f"{language}+{throat}"
    if kind == "singing":
        text = SONG[int(random.integers(len(SONG)))]
        starts = [0, *(place + 1 for place, letter in enumerate(text) if letter == " ")]
        tones = tuple((place, Tone(pitch=float(random.choice(STEPS)), span=0.2, pace=0.72)) for place in starts)
        chosen, voice = [Sentence(f"song/{SONG.index(text)}", "en-us", first.emotion, text)], f"en-us+{throat}"
    return Plan(
        kind, () if kind in ("listening", "idle") else tuple(chosen), felt(random, emotion, seconds, plain), voice, seconds,
        int(random.integers(1 << 31)), float(random.uniform(0.0, 0.3)), tones,
    )  # fmt: skip


def spoken(plan: Plan, own: Habits) -> Speech:
    """Say what a plan wants said, as it is felt, and cut it to the plan's seconds."""
    rate = 22050
    count = round(plan.seconds * rate)
    if not plan.sentences:
        return Speech(np.zeros((1, count), np.float32), rate, text="", phones=(), words=())
    text = " ".join(sentence.text for sentence in plan.sentences)
    settings = {"rate": round(155 * own.tempo), "pitch": own.pitch}
    # The emotion at a word follows from where the word stands in the text, so that the voice is made once.
    tones = list(plan.tones)
    if not tones:
        pace = 13.0 * own.tempo
        places = [0, *(place + 1 for place, letter in enumerate(text) if letter == " ")]
        tones = [(place, tone_of(plan.emotion.at(plan.begins + 0.2 + place / pace)[0])) for place in places]
        tones = [each for before, each in zip([None, *tones], tones, strict=False) if before is None or before[1] != each[1]]
        if len(tones) == 1 and tones[0][1] == Tone():
            tones = []
    speech, _ = say_marked(text, (), plan.voice, tones=tones, **settings)
    lead = round(plan.begins * speech.rate)
    samples = np.zeros((1, round(plan.seconds * speech.rate)), np.float32)
    end = min(samples.shape[1] - lead, len(speech))
    samples[:, lead : lead + end] = speech.samples[:, :end]
    fade = round(EDGE * speech.rate)
    samples[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    later = moved(speech, lead, plan.begins).cut(0, samples.shape[1])
    phones = tuple(replace(phone, end=min(phone.end, plan.seconds)) for phone in later.phones or ())
    words = tuple(replace(word, end=min(word.end, plan.seconds)) for word in later.words or ())
    kept = text if len(speech.words or ()) == len(words) else " ".join(word.text for word in words)
    return replace(speech, samples=samples, text=kept, phones=phones, words=words, start=0)


def articulated(speech: Speech) -> Track:
    """Turn speech with known phones into ARTICULATION: the mouth from the phones alone, the voice from the sound."""
    ear, voice = Ear(), Voice()
    samples = np.concatenate([Resampler(speech.rate)(speech.mono(), True), np.zeros(RATE // 2, np.float32)])
    for heard in ear(samples):
        voice.hear(heard)
    rows = int(Fraction(len(speech)) * ARTICULATION_FPS / speech.rate)
    gestures = Gestures()
    gestures.add(speech.phones or ())
    times = np.arange(rows) / float(ARTICULATION_FPS)
    speaking = np.zeros(rows, np.float32)
    for phone in speech.phones or ():
        speaking[(times >= phone.start - AROUND_SPEECH / 2) & (times <= phone.end + AROUND_SPEECH / 2)] = 1.0
    mouth = gestures.rows(0, rows)
    said = np.stack([voice(float(now)) for now in speaking]) if rows else np.zeros((0, 4), np.float32)
    return Track(ARTICULATION, np.concatenate([mouth, said], axis=1).astype(np.float32), ARTICULATION_FPS)


def direction_of(plan: Plan, own: Habits, fps: Fraction) -> Direction:
    """Put a plan and a person's habits into a direction."""
    return Direction(
        emotion=plan.emotion, blink=own.blink, lips=Curve.constant(AMOUNT, amount=own.lips),
        motion=Curve.constant(AMOUNT, amount=own.head), seed=plan.seed, fps=fps,
    )  # fmt: skip


def acted(speech: Speech, direction: Direction, own: Habits) -> Track:
    """Act a speech -> motion in the Space `face` at the direction's fps."""
    stage = Chain(Retime(ARTICULATION, fps=direction.fps or 25), Both([Lips(), Feeling(), Blink()], Head(), Gaze(), gives=FACE))
    state = stage.start(Portrait((ONE_PIXEL,)), direction)
    track = stage.step(state, articulated(speech), True)
    assert isinstance(track, Track) and direction.fps is not None
    wanted = frame_count(len(speech), speech.rate, direction.fps)
    return habitual(track.cut(0, wanted), own)


def habitual(track: Track, own: Habits) -> Track:
    """Add what somebody always does: brows that move more or less, a face that is stronger on one side, a tilted head."""
    changed: dict[str, Array] = {}
    for name in FACE.names:
        if name.endswith(("Left", "Right")) and not name.startswith("eye"):
            side = 1.0 if name.endswith("Left") else -1.0
            factor = 1.0 + 0.3 * float(np.clip(own.asymmetry, -0.6, 0.6)) * side
            changed[name] = np.clip(track[name] * (factor * (own.brows if name.startswith("brow") else 1.0)), 0.0, 1.6)
    changed["browInnerUp"] = np.clip(track["browInnerUp"] * own.brows, 0.0, 1.4)
    turn = track["head_rotation"].copy()
    turn[:, 2] += np.radians(own.tilt)
    changed["head_rotation"] = turn
    return track.replace(**changed)
