"""Train the voice-emotion network, and write thespis/assets/voice_emotion.safetensors with its card.

python tools/train_voice_emotion.py --recordings FOLDER ...      about 10 minutes on one CPU core, most of it speaking

The folders hold plain readings of many people, whose own ways are what it learns not to take for feelings: to what is measured of a
living plain voice is added what playing a feeling changes in a made-up one. The shipped network used 144 minutes of LibriSpeech (CC BY
4.0; 20 speakers), Tux Paint's stamps in eight languages and Fish Fillets' voices (GPL 2), and LJ Speech (public domain).
"""

import argparse
import hashlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save_file
from voice_emotion_data import PLAYS, described, example

from thespis.errors import ThespisError
from thespis.features.prosody import PROSODY
from thespis.features.resample import Resampler
from thespis.speech.read import read_speech
from thespis.speech.voice_emotion import FAR, FEELINGS
from thespis.types import Array, random_for
from thespis.weights import ASSETS

Numbers = np.ndarray[Any, np.dtype[Any]]
USED = PROSODY.size - 1  # all but the evidence
HIDDEN, STEPS, BATCH, CUT = 32, 2500, 256, 6.0
ENOUGH = 32  # pieces of a speaker
STRENGTHS, OWN_WAY = (0.6, 1.3), 0.5  # how strongly feelings are played, and how much of what is off the typical way is added
ODD = ("breathy", "creaky", "falsetto", "whisper", "exaggerated", "laughter", "fast", "slow", "_uh", "_um")  # no plain voices
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".mp4", ".mpg")


@dataclass(frozen=True, eq=False)
class Plain:
    """Plain voices: `middle` and `spread` (USED,) of what is measured, the `pieces` (n, USED) in spreads, and their `weights` (n,).

    Every speaker weighs the same.
    """

    middle: Numbers
    spread: Numbers
    pieces: Numbers
    weights: Numbers


def plain_voices(places: list[Path]) -> Plain:
    """Measure plain voices, CUT seconds at a time."""
    groups: dict[str, list[Array]] = {}
    for place in places:
        if not place.exists():
            raise SystemExit(f"there is no {place}; give files or folders with plain readings after --recordings")
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            speaker = f"{place} {re.split('[-_]', path.stem)[0]}"
            if path.suffix.lower() not in SOUNDS or any(word in path.stem for word in ODD) or len(groups.get(speaker, ())) >= ENOUGH:
                continue
            try:
                speech = read_speech(path)
            except ThespisError:  # a video without sound
                continue
            samples = Resampler(speech.rate)(speech.cut(0, round(CUT * speech.rate)).mono(), True)
            found = [row[:USED] for row in described(samples) if row[PROSODY.column("evidence")] > 0.5]
            if found:
                groups.setdefault(speaker, []).extend(found)
    if len(groups) < 5:
        raise SystemExit(f"{len(groups)} speakers with enough speech are too few to know plain voices; give at least 5")
    middle = np.mean([np.mean(group, axis=0) for group in groups.values()], axis=0)
    spread = np.sqrt(np.mean([np.mean(np.square(group), axis=0) for group in groups.values()], axis=0) - middle**2)
    weights = np.concatenate([np.full(len(group), 1 / len(group) / len(groups)) for group in groups.values()])
    return Plain(middle, spread, (np.concatenate([np.stack(group) for group in groups.values()]) - middle) / spread, weights)


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


@dataclass(frozen=True, eq=False)
class Played:
    """What playing changes, in spreads of plain voices: `typical` (feelings, USED) at full strength, and how far single ones are off it.

    `rest` (n, USED) goes with `feeling` (n,), the number of what was played.
    """

    typical: Numbers
    rest: Numbers
    feeling: Numbers


def changes(data: dict[str, Numbers], plain: Plain) -> Played:
    """Find what playing each feeling changes in made-up voices."""
    kept = data["features"][:, USED] > 0.5
    feeling = data["feeling"][kept]
    apart = data["features"][kept, :USED]
    apart = (apart - apart[feeling == 0].mean(axis=0)) / plain.spread
    full = np.array([play.arousal if play.arousal else 1.0 for play in PLAYS.values()])
    strength = np.where(feeling == 0, 1.0, data["arousal"][kept] / full[feeling])
    typical = np.stack([apart[feeling == k].mean(axis=0) / strength[feeling == k].mean() for k in range(len(FEELINGS))])
    return Played(typical, apart - strength[:, None] * typical[feeling], feeling)


def living(rng: np.random.Generator, plain: Plain, played: Played, count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Let plain voices play: what is heard (count, USED), the feeling (count,), its arousal and valence (count, 2)."""
    feeling = rng.integers(len(FEELINGS), size=count)
    strength = np.where(feeling == 0, 1.0, rng.uniform(*STRENGTHS, count))
    places = [np.flatnonzero(played.feeling == number) for number in range(len(FEELINGS))]
    own = np.array([rng.choice(places[number]) for number in feeling])
    heard = plain.pieces[rng.choice(len(plain.pieces), size=count, p=plain.weights)]
    heard = heard + strength[:, None] * played.typical[feeling] + OWN_WAY * played.rest[own]
    # A living voice is less regular than a made-up one: every measure may be off by a quarter of its spread.
    heard = np.clip(heard + 0.25 * rng.standard_normal(heard.shape), -FAR, FAR)
    felt = np.array([(play.arousal, play.valence) for play in PLAYS.values()])[feeling] * strength[:, None]
    return torch.from_numpy(heard.astype(np.float32)), torch.from_numpy(feeling), torch.from_numpy(felt.astype(np.float32))


def train(plain: Plain, played: Played, seed: int) -> tuple[dict[str, Array], str]:
    """Train on plain voices that play -> the layers by name, and the scores on some more of them."""
    torch.manual_seed(seed)
    rng = random_for(seed, "voices that play")
    first, second = torch.nn.Linear(USED, HIDDEN), torch.nn.Linear(HIDDEN, 2 + len(FEELINGS))
    network = torch.nn.Sequential(first, torch.nn.Tanh(), torch.nn.Dropout(0.3), second)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=STEPS)
    for _ in range(STEPS):
        heard, feeling, felt = living(rng, plain, played, BATCH)
        made = network(heard)
        loss = 0.5 * torch.nn.functional.cross_entropy(made[:, 2:], feeling, label_smoothing=0.1)
        loss = loss + 2.0 * (torch.tanh(made[:, :2]) - felt).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    network.eval()
    heard, feeling, felt = living(rng, plain, played, 4000)
    with torch.no_grad():
        made = network(heard)
    hit = float((made[:, 2:].argmax(1) == feeling).float().mean())
    rs = [float(np.corrcoef(torch.tanh(made[:, k]).numpy(), felt[:, k].numpy())[0, 1]) for k in (0, 1)]
    layers = {
        "first": first.weight.detach().numpy().T.copy(), "first_offset": first.bias.detach().numpy(),
        "second": second.weight.detach().numpy().T.copy(), "second_offset": second.bias.detach().numpy(),
    }  # fmt: skip
    return layers, f"plain voices made to play: arousal r {rs[0]:.2f}, valence r {rs[1]:.2f}, eight classes {hit:.2f}"


def main() -> None:
    """Make the data, train, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=Path, nargs="+", required=True, metavar="FOLDER", help="plain readings of several people")
    parser.add_argument("--examples", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, help="a file to keep the made-up data in, or to take them from if it is there")
    parser.add_argument("--out", type=Path, default=ASSETS / "voice_emotion.safetensors")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    plain = plain_voices(asked.recordings)
    if asked.data is not None and asked.data.exists():
        with np.load(asked.data) as file:
            data = dict(file)
    else:
        data = make_data(asked.seed, asked.examples)
        if asked.data is not None:
            np.savez(asked.data, **data)
    layers, found = train(plain, changes(data, plain), asked.seed)
    print(found)
    save_file({"middle": plain.middle.astype(np.float32), "spread": plain.spread.astype(np.float32), **layers}, asked.out)
    card = {
        "name": "voice_emotion",
        "file": asked.out.name,
        "sha256": hashlib.sha256(asked.out.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "commercial": True,
        "source": "ships with the package",
        "made_by": f"python tools/train_voice_emotion.py --examples {asked.examples} --seed {asked.seed} --recordings FOLDER ...",
        "data": "what acting changes in the prosody of espeak-ng, in 16 languages, added to plain readings: LibriSpeech (CC BY 4.0; 20 "
        "speakers), Tux Paint's stamps and Fish Fillets' voices (GPL 2), LJ Speech (public domain)",
        "scores": found,
    }
    asked.out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
