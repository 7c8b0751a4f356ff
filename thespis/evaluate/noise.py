"""Sounds that nobody speaks, made up from a seed: what lips do when only they are heard, and what they lose when they lie under a voice."""

import numpy as np
import numpy.typing as npt

from thespis.evaluate.lips import Curves
from thespis.types import Array, Speech, random_for

Doubles = npt.NDArray[np.float64]
KINDS = ("silence", "white noise", "pink noise", "hum", "rain", "music", "beat")
RATE = 16_000
LOUD = 0.1  # effective level of what is heard alone


def made_up(kind: str, seconds: float, seed: int = 0, rate: int = RATE) -> Array:
    """Make one kind of sound (n,) with the effective level 1, but for silence."""
    count = round(seconds * rate)
    random, times = random_for(seed, f"noise {kind}"), np.arange(count) / rate
    match kind:
        case "silence":
            return np.zeros(count, np.float32)
        case "white noise":
            made = random.standard_normal(count)
        case "pink noise":
            hertz = np.fft.rfftfreq(count, 1 / rate) + 20.0
            made = np.fft.irfft((random.standard_normal(len(hertz)) + 1j * random.standard_normal(len(hertz))) / np.sqrt(hertz), count)
        case "hum":
            made = np.sum([np.sin(2 * np.pi * 50 * k * times + random.uniform(0, 6)) / k for k in range(1, 12)], axis=0)
        case "rain":
            made = random.standard_normal(count) * 0.2
            for at in random.integers(0, count, size=round(40 * seconds)):
                drop = np.exp(-np.arange(min(800, count - at)) / random.uniform(10, 200))
                made[at : at + len(drop)] += drop * random.standard_normal(len(drop)) * random.uniform(0.5, 3)
        case "music":
            made = tune(random, times, 12)
        case "beat":
            made = 0.5 * tune(random, times, 5) + drums(random, times)
        case _:
            raise ValueError(f"nobody knows how to make {kind!r}; known: {', '.join(KINDS)}")
    level = float(np.sqrt(np.mean(made**2))) if count else 1.0
    return np.asarray(made / max(level, 1e-9), np.float32)


def tune(random: np.random.Generator, times: Doubles, partials: int) -> Doubles:
    """Play a tune with chords at times (n,) in seconds."""
    scale = 130.0 * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
    made = np.zeros(len(times))
    for voice, length in enumerate((0.3, 0.6, 1.2)):
        notes = random.choice(scale, size=int((times[-1] if len(times) else 0) / length) + 1) * (2 if voice == 0 else 1)
        number = (times / length).astype(np.int64)
        local = times - number * length
        shape = np.minimum(local / 0.02, 1) * np.exp(-local / length)
        for k in range(1, partials + 1):
            made += shape * np.sin(2 * np.pi * notes[number] * k * local) / k**1.3
    return made


def drums(random: np.random.Generator, times: Doubles) -> Doubles:
    """Beat a drum twice a second."""
    local = times % 0.5
    snare = random.standard_normal(len(times)) * np.exp(-local / 0.04)
    return np.asarray(2 * snare + 3 * np.sin(2 * np.pi * 60 * local) * np.exp(-local / 0.1))


def alone(kind: str, seconds: float = 10.0) -> Speech:
    """Give a sound as if it were a recording."""
    return Speech((made_up(kind, seconds) * LOUD)[None], RATE)


def under(speech: Speech, kind: str, decibels: float) -> Speech:
    """Lay a sound under a voice, which is louder by so many decibels; the level of the voice is that of its louder half."""
    voice = speech.mono()
    block = max(speech.rate // 50, 1)
    whole = len(voice) // block * block
    levels = np.sqrt(np.mean(voice[:whole].reshape(-1, block) ** 2, axis=1)) if whole else np.ones(1)
    level = float(np.sqrt(np.mean(levels[levels >= np.median(levels)] ** 2)))
    noise = made_up(kind, len(voice) / speech.rate, rate=speech.rate)
    noise = np.resize(noise, len(voice)) if len(noise) else noise
    return Speech((voice + noise * np.float32(level * 10 ** (-decibels / 20)))[None], speech.rate)


def motion(curves: Curves) -> float:
    """Tell how much lips move on average, in eye distances a second, after the first half second."""
    settled = curves.seconds > 0.5
    steps = np.diff(curves.opening[settled])
    return float(np.abs(steps).mean() / (curves.seconds[1] - curves.seconds[0])) if len(steps) else 0.0
