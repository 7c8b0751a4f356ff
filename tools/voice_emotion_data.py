"""Acted prosody of made-up speech, for training the voice-emotion network: the built-in voice plays emotions as phonetics describes them.

What each emotion does to pitch, its range, pace, vocal effort, breath, tremor and pauses follows the reviews of Scherer (2003) and
Juslin and Laukka (2003). Everything follows from a seed. No recording of an acted emotion is used.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr

from thespis.errors import MediaError
from thespis.features.ear import Ear
from thespis.features.prosody import PROSODY, Prosody
from thespis.features.resample import RATE
from thespis.speech.say import say
from thespis.speech.voice_emotion import FEELINGS
from thespis.types import Array, random_for

Numbers = np.ndarray[Any, np.dtype[Any]]
MOMENTS = (1.0, 2.0, 3.5)  # seconds of speech after which the running estimate is taken besides the end


@dataclass(frozen=True)
class Play:
    """How an emotion is played at full intensity, as (middle, spread) over people: `pitch` in semitones, `effort` in dB an octave.

    `span` multiplies the range of the melody, `pace` the speed and `swing` the range of loudness; `breath` is its level in dB above a
    plain voice's, `tremor` the depth of shaking in semitones, `pause` the seconds put between words now and then.
    """

    arousal: float
    valence: float
    pitch: tuple[float, float] = (0.0, 1.0)
    span: tuple[float, float] = (1.0, 0.2)
    pace: tuple[float, float] = (1.0, 0.08)
    effort: tuple[float, float] = (0.0, 0.7)
    swing: tuple[float, float] = (1.0, 0.08)
    breath: tuple[float, float] = (0.0, 2.0)
    tremor: tuple[float, float] = (0.0, 0.05)
    pause: tuple[float, float] = (0.0, 0.05)
    smile: float = 1.0


PLAYS: dict[str, Play] = {
    "neutral": Play(0.0, 0.0),
    "angry": Play(0.85, -0.7, (7.5, 3.0), (2.0, 0.4), (1.05, 0.12), (6.0, 1.5), (1.25, 0.12), (-3.0, 2.0), (0.0, 0.05), smile=0.99),
    "happy": Play(0.7, 0.8, (8.0, 2.5), (2.2, 0.4), (1.06, 0.1), (3.6, 1.2), (1.12, 0.1), (0.0, 2.0), smile=1.04),
    "fear": Play(0.7, -0.6, (8.5, 3.0), (1.0, 0.3), (1.22, 0.14), (3.0, 1.5), (1.0, 0.1), (2.0, 3.0), (0.35, 0.25)),
    "sad": Play(-0.6, -0.6, (-0.5, 2.0), (0.6, 0.18), (0.72, 0.1), (-1.8, 1.0), (0.85, 0.1), (4.0, 3.0), (0.1, 0.12), (0.25, 0.15)),
    "bored": Play(-0.7, -0.3, (-1.5, 1.2), (0.6, 0.15), (0.82, 0.08), (-1.2, 0.8), (0.92, 0.08), (1.0, 2.0), pause=(0.1, 0.1)),
    "disgusted": Play(0.05, -0.65, (-0.5, 2.0), (1.15, 0.3), (0.8, 0.1), (0.8, 1.0), (1.12, 0.1), pause=(0.2, 0.15), smile=0.98),
    "surprised": Play(0.7, 0.15, (8.5, 2.5), (2.8, 0.4), (0.98, 0.1), (2.4, 1.0), (1.1, 0.1), (2.0, 2.0), smile=1.01),
}
assert tuple(PLAYS) == FEELINGS

SENTENCES = {
    "en-us": "I put the book on the kitchen table. She will be back on Wednesday evening. The dogs are sitting by the door. "
    "In seven hours it will be morning. What is in the bags under the bench? They have just carried it upstairs.",
    "en-gb": "The weather will change before the weekend. Nobody told me about the letter. He always goes home on Fridays.",
    "de": "Wir fahren am Sonntag in die Berge. Der Brief liegt noch auf dem Schreibtisch. Warum hast du nicht angerufen? "
    "Morgen kommt mein Bruder zu Besuch.",
    "fr-fr": "Nous partons demain à la campagne. La lettre est encore sur le bureau. Pourquoi tu ne m'as rien dit?",
    "es": "Mañana vamos a la playa con los niños. La carta está en la mesa. Nadie me dijo que venías.",
    "it": "Domani andiamo al mare con gli amici. La lettera è sul tavolo. Perché non mi hai chiamato?",
    "pt-br": "Amanhã vamos viajar com a família. A carta está em cima da mesa. Ninguém me disse nada.",
    "nl": "Morgen gaan we met de trein naar zee. De brief ligt nog op tafel. Waarom heb je niet gebeld?",
    "pl": "Jutro jedziemy w góry. List leży jeszcze na stole. Dlaczego nic mi nie powiedziałeś?",
    "ru": "Завтра мы поедем на море. Письмо ещё лежит на столе. Почему ты мне ничего не сказал?",
    "tr": "Yarın denize gidiyoruz. Mektup hâlâ masanın üstünde. Neden beni aramadın?",
    "hi": "कल हम पहाड़ों पर जाएँगे। चिट्ठी अभी भी मेज़ पर है। तुमने मुझे क्यों नहीं बताया?",
    "cmn": "我们明天去海边。信还在桌子上。你为什么没有给我打电话？",
    "sv": "I morgon åker vi till havet. Brevet ligger kvar på bordet. Varför ringde du inte?",
    "id": "Besok kami pergi ke pantai. Surat itu masih di atas meja. Mengapa kamu tidak menelepon?",
    "el": "Αύριο πάμε στη θάλασσα. Το γράμμα είναι ακόμα στο τραπέζι. Γιατί δεν μου είπες τίποτα;",
}
THROATS = (
    "", "", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m7", "+m8", "+f1", "+f2", "+f3", "+f4", "+f5", "+Annie", "+Andrea", "+belinda",
    "+linda", "+steph", "+Alicia", "+anikaRobot", "+Gene", "+Lee", "+Mario", "+Michael", "+David", "+john", "+boris",
)  # fmt: skip
STEPS = 6.2  # of the built-in voice's pitch, 0 to 100, in a semitone
LIVELY = 1.6  # semitones by which a plain melody moves beyond what the built-in voice does


@dataclass(frozen=True)
class Example:
    """One utterance: `features` (moments, PROSODY.size), the class number `feeling`, and how strongly it was played."""

    features: Array
    feeling: int
    arousal: float
    valence: float


def example(seed: int, number: int) -> Example:
    """Make one example; the same numbers always make the same one."""
    rng = random_for(seed, f"voice emotion {number}")
    feeling = number % len(FEELINGS)
    play = PLAYS[FEELINGS[feeling]]
    strength = 1.0 if FEELINGS[feeling] == "neutral" else float(rng.uniform(0.45, 1.15))
    samples = spoken(rng, play, strength)
    samples = worn(rng, samples)
    features = np.stack(list(described(samples)))
    return Example(features.astype(np.float32), feeling, play.arousal * strength, play.valence * strength)


def drawn(rng: np.random.Generator, given: tuple[float, float], strength: float, rest: float = 0.0) -> float:
    """Draw how somebody plays one side of an emotion, between `rest` and the full amount."""
    return rest + strength * (given[0] - rest) + float(rng.normal(0, given[1]))


def spoken(rng: np.random.Generator, play: Play, strength: float) -> Array:
    """Speak one to three sentences in a random language and throat, as somebody plays it -> samples (n,) at RATE."""
    for _ in range(20):
        language = str(rng.choice(list(SENTENCES)))
        parts = [part.strip() for part in SENTENCES[language].replace("。", ".").replace("।", ".").split(".") if part.strip()]
        text = ". ".join(rng.choice(parts, size=min(int(rng.integers(1, 3)), len(parts)), replace=False))
        size = float(rng.uniform(0.9, 1.12))  # of the whole voice: a smaller throat is higher in everything
        pitch = float(rng.normal(38, 9)) + drawn(rng, play.pitch, strength) * STEPS
        pace = 150 * float(rng.uniform(0.85, 1.2)) * max(drawn(rng, play.pace, strength, 1.0), 0.55)
        span = 40 * float(rng.uniform(0.6, 1.4)) * max(drawn(rng, play.span, strength, 1.0), 0.2)
        try:
            speech = say(
                text,
                language + str(rng.choice(THROATS)),
                rate=int(np.clip(pace / size, 80, 450)),
                pitch=int(np.clip(pitch, 0, 100)),
                variation=int(np.clip(span, 0, 100)),
            )
        except MediaError:  # this sentence has no sound in this voice
            continue
        lively = LIVELY * max(drawn(rng, play.span, strength, 1.0), 0.2)
        more = 2.0 ** (max(pitch - 100, 0.0) / 75)  # above the voice's own highest pitch
        smile = 1.0 + (play.smile - 1.0) * strength
        warped = soxr.resample(speech.mono(), speech.rate * size * smile * more**0.5, RATE).astype(np.float32)
        warped = paused(rng, warped, drawn(rng, play.pause, strength))
        warped = shaken(rng, warped, max(drawn(rng, play.tremor, strength), 0.0), lively)
        warped = effortful(rng, warped, drawn(rng, play.effort, strength), drawn(rng, play.breath, strength))
        return swung(warped, max(drawn(rng, play.swing, strength, 1.0), 0.5))
    raise ValueError("no sentence could be spoken twenty times in a row")


def paused(rng: np.random.Generator, samples: Array, seconds: float) -> Array:
    """Put pauses where the voice is quiet anyway."""
    if seconds < 0.05:
        return samples
    level = np.convolve(np.abs(samples), np.ones(400) / 400, "same")
    quiet = np.flatnonzero(level < 0.02 * level.max())
    for at in sorted(rng.choice(quiet, size=min(int(rng.integers(1, 5)), len(quiet)), replace=False), reverse=True) if len(quiet) else ():
        samples = np.insert(samples, int(at), np.zeros(int(RATE * seconds * rng.uniform(0.5, 1.5)), np.float32))
    return samples


def shaken(rng: np.random.Generator, samples: Array, tremor: float, lively: float) -> Array:
    """Move the pitch: a tremor and a lively melody of so many semitones, and the small wavering that every living voice has."""
    seconds = np.arange(len(samples)) / RATE
    depth = tremor / 12 * np.log(2)
    speed = depth * np.sin(2 * np.pi * rng.uniform(5, 9) * seconds + rng.uniform(0, 6))
    knots = max(int(seconds[-1] * 60), 4)
    steps = rng.normal(0, rng.uniform(0.002, 0.012), knots)
    speed += np.interp(seconds, np.linspace(0, seconds[-1], knots), steps)
    turns = max(int(seconds[-1] * rng.uniform(2.5, 5.0)), 4)
    speed += np.interp(seconds, np.linspace(0, seconds[-1], turns), rng.normal(0, lively / 12 * np.log(2), turns))
    places = np.cumsum(np.exp(speed))
    made: Array = np.interp(places, np.arange(len(samples)), samples).astype(np.float32)
    return made


def effortful(rng: np.random.Generator, samples: Array, effort: float, breath: float) -> Array:
    """Tilt the spectrum above 400 Hz by `effort` dB an octave, and breathe `breath` dB more than a plain voice."""
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE)
    octaves = np.log2(np.clip(hertz, 400, 5000) / 400)
    spectrum = np.fft.rfft(samples) * 10 ** (effort * octaves / 20)
    voice = np.fft.irfft(spectrum, len(samples))
    envelope = np.convolve(np.abs(voice), np.hanning(320) / 160, "same")
    hiss = np.fft.irfft(np.fft.rfft(rng.standard_normal(len(samples))) * np.clip(hertz / 2500, 0.05, 1), len(samples))
    made: Array = (voice + envelope * hiss * 10 ** ((breath - 24) / 20)).astype(np.float32)
    return made


def swung(samples: Array, swing: float) -> Array:
    """Widen or narrow the range of loudness."""
    envelope = np.convolve(np.abs(samples), np.hanning(1600) / 800, "same") + 1e-4
    made: Array = (samples * (envelope / envelope.max()) ** (swing - 1)).astype(np.float32)
    return made


def worn(rng: np.random.Generator, given: Array) -> Array:
    """Pass samples (n,) through a room, a microphone and noise, at any level."""
    samples: Numbers = given
    size = len(samples)
    if rng.random() < 0.35:
        length = int(RATE * rng.uniform(0.08, 0.5))
        echo = rng.standard_normal(length) * np.exp(-np.linspace(0, 6.9, length))
        echo *= rng.uniform(0.05, 0.6) / np.sqrt((echo**2).sum())
        echo[0] += 1
        samples = np.fft.irfft(np.fft.rfft(samples, size + length) * np.fft.rfft(echo, size + length))[:size]
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    gain = np.interp(hertz, np.geomspace(50, 8000, 9), rng.uniform(-6, 6, 9) * rng.uniform(0, 1))
    low, high = [(0, 8000), (0, 8000), (0, 8000), (80, 7000), (120, 5500), (280, 3500)][rng.integers(6)]
    gain -= 48 * np.clip((low - hertz) / 150, 0, 1) + 48 * np.clip((hertz - high) / 300, 0, 1)
    samples = np.fft.irfft(np.fft.rfft(samples) * 10 ** (gain / 20), size)
    samples = samples / (samples.std() + 1e-9)
    if rng.random() < 0.7:
        colour = (hertz + 20) ** -rng.uniform(0, 1.3)
        hiss = np.fft.irfft(np.fft.rfft(rng.standard_normal(size)) * colour, size)
        samples = samples + hiss / hiss.std() * 10 ** (-rng.uniform(10, 45) / 20)
    made: Array = (samples * 10 ** (-rng.uniform(18, 38) / 20)).astype(np.float32)
    return made


def described(samples: Array) -> Iterator[Array]:
    """Describe samples (n,) at RATE: the running estimate at the MOMENTS there are, and all of it at the end -> (PROSODY.size,) each."""
    ear, running, whole = Ear(), Prosody(), Prosody(None)
    due = list(MOMENTS)
    evidence = PROSODY.column("evidence")
    for heard in ear(np.concatenate([samples, np.zeros(RATE // 10, np.float32)])):
        running.hear(heard)
        whole.hear(heard)
        now = running.now()
        if due and now[evidence] >= due[0]:
            due.pop(0)
            yield now
    yield whole.now()
