"""Rooms, microphones, codecs, noise and music for made-up speech: whatever can happen to a voice before it is heard."""

import numpy as np

from thespis.features.resample import RATE
from thespis.types import Array


def shaped(rng: np.random.Generator, samples: Array) -> Array:
    """Pass samples (n,) through a random microphone: smooth equaliser, and sometimes the band of a telephone or a poor codec."""
    count = len(samples)
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    gain = np.interp(hertz, np.geomspace(50, 8000, 9), rng.uniform(-9, 9, 9) * rng.uniform(0, 1))
    low, high = [(0, 8000), (0, 8000), (0, 3900), (280, 3500), (120, 5500), (60, 7000)][rng.integers(6)]
    gain = gain - 48 * np.clip((low - hertz) / 150, 0, 1) - 48 * np.clip((hertz - high) / 300, 0, 1)
    made: Array = np.fft.irfft(np.fft.rfft(samples) * 10 ** (gain / 20), count).astype(np.float32)
    return made


def room(rng: np.random.Generator, samples: Array) -> Array:
    """Add the echo of a random room."""
    length = int(RATE * rng.uniform(0.08, 0.5))
    echo = rng.standard_normal(length) * np.exp(-np.linspace(0, 6.9, length))
    echo *= rng.uniform(0.05, 0.6) / np.sqrt((echo**2).sum())
    echo[0] += 1
    size = len(samples) + length
    return np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(echo, size), size)[: len(samples)].astype(np.float32)


def noise(rng: np.random.Generator, count: int) -> Array:
    """Make `count` samples of noise of random colour, sometimes with hum, slow swells or clatter; its effective level is 1."""
    hertz = np.fft.rfftfreq(count, 1 / RATE) + 20
    spectrum = (rng.standard_normal(len(hertz)) + 1j * rng.standard_normal(len(hertz))) * hertz ** -rng.uniform(0, 1.3)
    made = np.fft.irfft(spectrum, count)
    made /= made.std() + 1e-9
    seconds = np.arange(count) / RATE
    if rng.random() < 0.3:
        base = rng.choice([50.0, 60.0, 100.0, 120.0])
        made += sum(rng.uniform(0, 1) / k * np.sin(2 * np.pi * base * k * seconds) for k in range(1, 8))
    if rng.random() < 0.3:
        made *= 1 + 0.8 * np.sin(2 * np.pi * rng.uniform(0.1, 1.5) * seconds + rng.uniform(0, 6))
    if rng.random() < 0.3:
        for at in rng.integers(0, count, size=rng.integers(1, 12)):
            click = np.exp(-np.arange(min(3000, count - at)) / rng.uniform(30, 800))
            made[at : at + len(click)] += rng.uniform(2, 15) * click * rng.standard_normal(len(click))
    level: Array = (made / (made.std() + 1e-9)).astype(np.float32)
    return level


def music(rng: np.random.Generator, count: int) -> Array:
    """Make `count` samples of made-up music: chords, a tune and a beat, or a siren; its effective level is 1."""
    seconds = np.arange(count) / RATE
    made = np.zeros(count)
    if rng.random() < 0.15:
        sweep = 500 + 400 * np.sin(2 * np.pi * rng.uniform(0.1, 3) * seconds)
        made = np.sin(2 * np.pi * np.cumsum(sweep) / RATE) + 0.3 * np.sin(4 * np.pi * np.cumsum(sweep) / RATE)
    else:
        beat = rng.uniform(0.18, 0.6)
        scale = rng.uniform(80, 250) * 2 ** (np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) / 12)
        partials, fall = rng.integers(1, 14), rng.uniform(0.6, 2.0)
        for voice in range(rng.integers(1, 4)):
            length = beat * rng.choice([0.5, 1, 2, 4])
            for start in np.arange(0, count / RATE, length):
                span = slice(int(start * RATE), min(int((start + length * 1.3) * RATE), count))
                local = seconds[span] - start
                pitch = rng.choice(scale) * (2 if voice == 0 else 1) * (1 + 0.005 * rng.integers(0, 2) * np.sin(2 * np.pi * 5.5 * local))
                shape = np.minimum(local / rng.choice([0.005, 0.05]), 1) * np.exp(-local / (length * rng.uniform(0.3, 2)))
                for k in range(1, partials + 1):
                    made[span] += shape * np.sin(2 * np.pi * pitch * k * local) / k**fall
        if rng.random() < 0.6:
            for start in np.arange(0, count / RATE, beat):
                span = slice(int(start * RATE), min(int((start + 0.15) * RATE), count))
                hit = rng.standard_normal(span.stop - span.start) * np.exp(-np.arange(span.stop - span.start) / rng.uniform(100, 1500))
                made[span] += rng.uniform(0.3, 2) * hit
    level: Array = (made / (made.std() + 1e-9)).astype(np.float32)
    return level


def codec(rng: np.random.Generator, samples: Array) -> Array:
    """Pass samples (n,) of a peak of 1 through a codec: eight bits on a curve, or a spectrum in coarse steps that drop weak parts."""
    if rng.random() < 0.4:
        curved = np.sign(samples) * np.log1p(255 * np.abs(np.clip(samples, -1, 1))) / np.log(256)
        steps = np.round(curved * 127) / 127
        made: Array = (np.sign(steps) * np.expm1(np.abs(steps) * np.log(256)) / 255).astype(np.float32)
        return made
    size = 320
    whole = np.pad(samples, (size, 2 * size - len(samples) % size))
    window = np.sin(np.pi * (np.arange(2 * size) + 0.5) / (2 * size))
    frames = np.lib.stride_tricks.sliding_window_view(whole, 2 * size)[::size] * window
    spectrum = np.fft.rfft(frames, axis=1)
    height = np.abs(spectrum).max(axis=1, keepdims=True) + 1e-9
    step = height * 10 ** rng.uniform(-2.2, -1.2) * np.linspace(0.5, 1.5, spectrum.shape[1])
    frames = np.fft.irfft((np.round(spectrum.real / step) + 1j * np.round(spectrum.imag / step)) * step, axis=1) * window
    found = np.zeros(len(whole))
    for number in range(2):  # frames overlap by half: the even ones lie end to end, and so do the odd ones
        part = frames[number::2].reshape(-1)
        found[number * size : number * size + len(part)] += part[: len(found) - number * size]
    return found[size : size + len(samples)].astype(np.float32)


def damaged(rng: np.random.Generator, samples: Array, other: Array | None = None) -> Array:
    """Let a voice (n,) through a random room, microphone, noise, music, another voice `other` behind it, and a codec -> (n,)."""
    samples = samples / (np.abs(samples).max() + 1e-6)
    if rng.random() < 0.35:
        # Phrases are louder and softer.
        samples = samples * 10 ** np.interp(np.arange(len(samples)), np.linspace(0, len(samples), 7), rng.uniform(-0.45, 0.0, 7))
    samples = samples.astype(np.float32)
    if rng.random() < 0.45:
        samples = room(rng, samples)
    if rng.random() < 0.7:
        samples = shaped(rng, samples)
    level = np.sqrt((samples**2).mean())
    if rng.random() < 0.7:
        samples = samples + noise(rng, len(samples)) * level * np.float32(10 ** rng.uniform(-3.0, -0.25))
    if rng.random() < 0.15:
        samples = samples + music(rng, len(samples)) * level * np.float32(10 ** rng.uniform(-1.6, -0.5))
    if other is not None and rng.random() < 0.15:
        behind = np.resize(other, len(samples))
        samples = samples + behind * level / (np.sqrt((behind**2).mean()) + 1e-6) * np.float32(10 ** rng.uniform(-1.2, -0.5))
    if rng.random() < 0.1:
        samples = np.clip(samples, -0.4, 0.4)
    samples = samples / (np.abs(samples).max() + 1e-6)
    if rng.random() < 0.2:
        samples = codec(rng, samples.astype(np.float32))
    made: Array = (samples * 10 ** rng.uniform(-1.5, 0)).astype(np.float32)
    return made
