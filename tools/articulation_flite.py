"""English with exact phones from the voices of Flite, which were made from recordings of real speakers."""

import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np
import soxr
from articulation_data import SENTENCES, Example, heard, invented, labels
from articulation_sound import damaged

from thespis.errors import ThespisError
from thespis.features.gestures import BURST
from thespis.features.resample import RATE
from thespis.types import Array, Phone, random_for

VOICES = ("awb", "rms", "slt", "kal16")
SYMBOLS = {
    "iy": "i", "ih": "ɪ", "eh": "ɛ", "ae": "æ", "aa": "ɑ", "ah": "ʌ", "ao": "ɔ", "uh": "ʊ", "uw": "u", "er": "ɚ", "ax": "ə",
    "ey": "eɪ", "ay": "aɪ", "oy": "ɔɪ", "aw": "aʊ", "ow": "oʊ", "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "g": "ɡ",
    "m": "m", "n": "n", "ng": "ŋ", "f": "f", "v": "v", "th": "θ", "dh": "ð", "s": "s", "z": "z", "sh": "ʃ", "zh": "ʒ",
    "ch": "tʃ", "jh": "dʒ", "l": "l", "r": "ɹ", "w": "w", "y": "j", "hh": "h",
}  # fmt: skip


def spoken_by_flite(program: Path, text: str, voice: str, stretch: float, pitch: float) -> tuple[Array, tuple[Phone, ...]]:
    """Let Flite say a text with durations times `stretch` at `pitch` hertz -> samples (n,) at RATE, phones timed as espeak does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        asked = [str(program), "-voice", voice, "--setf", f"duration_stretch={stretch:.3f}"]
        # awb's model knows no other pitch than its own.
        asked += [] if voice == "awb" else ["--setf", f"int_f0_target_mean={pitch:.0f}"]
        try:
            done = subprocess.run([*asked, "-psdur", "-t", text, "-o", str(path)], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ThespisError(f"{program} cannot speak ({error}); give the program of the package flite") from None
        with wave.open(str(path)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
            rate = file.getframerate()
    phones, at = [], 0.0
    for token in done.stdout.split():
        name, _, end = token.rpartition(":")
        if name in SYMBOLS:
            # Flite times a voiceless stop at its closure, espeak at its burst.
            late = min(BURST, (float(end) - at) / 2) if name in ("p", "t", "k") else 0.0
            phones.append(Phone(SYMBOLS[name], at + late, float(end)))
        at = float(end)
    return soxr.resample(samples, rate, RATE).astype(np.float32), tuple(phones)


def text(rng: np.random.Generator, more: list[str]) -> str:
    """Make up an English text, from our sentences, invented words, and `more` sentences."""
    own = [part.strip() + "." for name in ("en-us", "en-gb") for part in SENTENCES[name].replace("?", ".").split(".") if part.strip()]
    words = " ".join(str(each) for each in rng.choice([*own, *more], 3)).split()
    if rng.random() < 0.3:
        rng.shuffle(words)
    if rng.random() < 0.25:
        words += [invented(rng) for _ in range(4)]
    return " ".join(words[:26])


def flite_example(program: Path, seed: int, number: int, more: list[str]) -> Example:
    """Make example `number` with a voice of Flite."""
    rng = random_for(seed, f"flite example {number}")
    pitch, stretch = float(rng.uniform(80, 220)), float(np.exp(rng.uniform(-0.3, 0.25)))
    samples, phones = spoken_by_flite(program, text(rng, more), str(rng.choice(VOICES)), stretch, pitch)
    slower, lead = float(np.exp(rng.uniform(-0.16, 0.16))), float(rng.uniform(0, 0.5))
    samples = np.concatenate([np.zeros(int(lead * RATE), np.float32), soxr.resample(samples, RATE, RATE * slower).astype(np.float32)])
    samples = damaged(rng, samples, np.roll(samples, len(samples) // 2))
    rows = len(samples) // (RATE // 100)
    moved = tuple(Phone(phone.symbol, phone.start * slower + lead, phone.end * slower + lead) for phone in phones)
    return Example(heard(samples, rows), *labels(moved, rows))
