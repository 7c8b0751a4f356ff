"""Train the voice-emotion network, and write thespis/assets/voice_emotion.safetensors with its card.

python tools/train_voice_emotion.py --recordings FOLDER ...      about 10 minutes on one CPU core, most of it speaking

The folders hold plain readings of several people; only the means and spreads of their prosody are used, to tell the network what a
living plain voice is like. The shipped network used LibriVox readings (public domain; German, Spanish, English), the test recordings of
the Montreal Forced Aligner (MIT), the speech of FACEGOOD-Audio2Face (MIT) and two GRID clips (CC BY).
"""

import argparse
import hashlib
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from voice_emotion_data import example

from thespis.errors import ThespisError
from thespis.features.ear import Ear
from thespis.features.prosody import PROSODY, Prosody
from thespis.features.resample import Resampler
from thespis.speech.read import read_speech
from thespis.speech.voice_emotion import FAR, FEELINGS
from thespis.types import Array, Speech
from thespis.weights import ASSETS

Numbers = np.ndarray[Any, np.dtype[Any]]
USED = PROSODY.size - 1  # all but the evidence
HIDDEN, STEPS, BATCH, CUT = 32, 2500, 256, 4.0
ODD = ("breathy", "creaky", "falsetto", "whisper", "exaggerated", "laughter", "fast", "slow", "_uh", "_um")  # no plain voices
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".mp4", ".mpg")


def described(speech: Speech) -> Array:
    """Describe a whole Speech -> (PROSODY.size,)."""
    ear, prosody, resampler = Ear(), Prosody(None), Resampler(speech.rate)
    for heard in ear(np.concatenate([resampler(speech.mono(), True), np.zeros(1600, np.float32)])):
        prosody.hear(heard)
    return prosody.now()


def plain_voices(places: list[Path]) -> tuple[Array, Array]:
    """Measure middle and spread of plain voices, CUT seconds at a time, every recording counting the same -> two (USED,)."""
    groups: dict[str, list[Array]] = {}
    for place in places:
        if not place.exists():
            raise SystemExit(f"there is no {place}; give files or folders with plain readings after --recordings")
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.suffix.lower() not in SOUNDS or any(word in path.stem for word in ODD):
                continue
            try:
                speech = read_speech(path)
            except ThespisError:  # a video without sound
                continue
            size = round(CUT * speech.rate)
            for first in range(0, max(len(speech) - size // 2, 1), size):
                found = described(Speech(speech.mono()[None, first : first + size], speech.rate))
                if found[PROSODY.column("evidence")] > 0.5:
                    groups.setdefault(f"{place} {path.stem[:6]}", []).append(found[:USED])
    if len(groups) < 5:
        raise SystemExit(f"{len(groups)} recordings with enough speech are too few to know plain voices; give at least 5")
    means = np.stack([np.mean(group, axis=0) for group in groups.values()])
    squares = np.stack([np.mean(np.square(group), axis=0) for group in groups.values()])
    middle = means.mean(axis=0)
    spread = np.sqrt(squares.mean(axis=0) - middle**2)
    return middle.astype(np.float32), spread.astype(np.float32)


def make_data(seed: int, examples: int) -> dict[str, Numbers]:
    """Make all examples: features (rows, PROSODY.size), feeling, arousal, valence and example number of each row."""
    began = time.time()
    rows: dict[str, list[Any]] = {name: [] for name in ("features", "feeling", "arousal", "valence", "number")}
    for number in range(examples):
        made = example(seed, number)
        for features in made.features:
            for name, value in zip(rows, (features, made.feeling, made.arousal, made.valence, number), strict=True):
                rows[name].append(value)
        if number % 200 == 199:
            print(f"{number + 1} examples after {time.time() - began:.0f} s", flush=True)
    return {name: np.array(values) for name, values in rows.items()}


def train(data: dict[str, Numbers], seed: int, held: int) -> tuple[dict[str, Array], str]:
    """Train on all but the last `held` examples -> the layers by name, and the scores on those."""
    features = data["features"][:, :USED]
    plain = features[data["feeling"] == 0]
    x = torch.from_numpy(np.clip((features - plain.mean(0)) / plain.std(0), -FAR, FAR).astype(np.float32))
    feeling = torch.from_numpy(data["feeling"])
    felt = torch.from_numpy(np.stack([data["arousal"], data["valence"]], axis=1).astype(np.float32))
    learn = np.flatnonzero(data["number"] < data["number"].max() + 1 - held)
    torch.manual_seed(seed)
    first, second = torch.nn.Linear(USED, HIDDEN), torch.nn.Linear(HIDDEN, 2 + len(FEELINGS))
    network = torch.nn.Sequential(first, torch.nn.Tanh(), torch.nn.Dropout(0.3), second)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
    for _ in range(STEPS):
        rows = torch.from_numpy(learn)[torch.randint(len(learn), (BATCH,))]
        # A living voice is less regular than a made-up one: every measure may be off by a third of its spread.
        made = network(x[rows] + 0.35 * torch.randn(BATCH, USED))
        loss = 0.5 * torch.nn.functional.cross_entropy(made[:, 2:], feeling[rows], label_smoothing=0.1)
        loss = loss + 2.0 * (torch.tanh(made[:, :2]) - felt[rows]).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    rest = np.flatnonzero(data["number"] >= data["number"].max() + 1 - held)
    with torch.no_grad():
        made = network(x[rest])
    hit = float((made[:, 2:].argmax(1) == feeling[rest]).float().mean())
    rs = [float(np.corrcoef(torch.tanh(made[:, k]).numpy(), felt[rest, k].numpy())[0, 1]) for k in (0, 1)]
    layers = {
        "first": first.weight.detach().numpy().T.copy(), "first_offset": first.bias.detach().numpy(),
        "second": second.weight.detach().numpy().T.copy(), "second_offset": second.bias.detach().numpy(),
    }  # fmt: skip
    return layers, f"unseen made-up speech: arousal r {rs[0]:.2f}, valence r {rs[1]:.2f}, eight classes {hit:.2f}"


def main() -> None:
    """Make the data, train, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, nargs="+", required=True, metavar="FOLDER", help="plain readings of several people")
    parser.add_argument("--examples", type=int, default=1400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="a file to keep the made-up data in, or to take them from if it is there")
    parser.add_argument("--out", type=Path, default=ASSETS / "voice_emotion.safetensors")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    middle, spread = plain_voices(asked.recordings)
    if asked.data is not None and asked.data.exists():
        with np.load(asked.data) as file:
            data = dict(file)
    else:
        data = make_data(asked.seed, asked.examples)
        if asked.data is not None:
            np.savez(asked.data, **data)
    layers, found = train(data, asked.seed, held=max(asked.examples // 10, len(FEELINGS)))
    print(found)
    save_file({"middle": middle, "spread": spread, **layers}, asked.out)
    card = {
        "name": "voice_emotion",
        "file": asked.out.name,
        "sha256": hashlib.sha256(asked.out.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "commercial": True,
        "source": "ships with the package",
        "made_by": f"python tools/train_voice_emotion.py --examples {asked.examples} --seed {asked.seed} --recordings FOLDER ...",
        "data": "acted prosody of espeak-ng in 16 languages; for what a plain voice is like (means and spreads only): LibriVox readings "
        "(public domain), test recordings of the Montreal Forced Aligner (MIT), FACEGOOD-Audio2Face (MIT), GRID (CC BY)",
        "scores": found,
    }
    asked.out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
