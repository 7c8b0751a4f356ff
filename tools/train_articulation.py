"""Train the articulation network on made-up speech, and write thespis/assets/articulation.onnx with its card.

python tools/train_articulation.py            about 20 minutes on two CPU cores; the same seed gives the same data
"""

import argparse
import hashlib
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from articulation_data import TARGETS, example
from articulation_network import DELAY, PAIR, ArticulationNetwork, write_onnx

from thespis.types import random_for
from thespis.weights import ASSETS

Numbers = np.ndarray[Any, np.dtype[Any]]

BATCH, ROWS, WARM = 16, 256, 60  # WARM rows at the head of a cutting, which lack their past, are not judged
WEIGHTS = {"closure": 2.0, "dental": 1.5}


def make_data(seed: int, examples: int) -> tuple[Numbers, Numbers, Numbers]:
    """Make all examples -> inputs (rows, bands), targets (rows, channels), bounds (examples + 1,)."""
    began = time.time()
    made = []
    for number in range(examples):
        made.append(example(seed, number))
        if number % 200 == 199:
            print(f"{number + 1} examples after {time.time() - began:.0f} s", flush=True)
    bounds = np.cumsum([0, *(len(each.inputs) for each in made)])
    inputs = np.concatenate([each.inputs for each in made]).astype(np.float16)
    return inputs, np.concatenate([each.targets for each in made]).astype(np.float16), bounds


def batch(
    rng: np.random.Generator,
    inputs: Numbers,
    targets: Numbers,
    spans: list[tuple[int, int]],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cut a batch: inputs (B, bands, ROWS), targets (B, channels, ROWS) DELAY rows later, and which rows count (B, 1, ROWS)."""
    x = np.zeros((BATCH, ROWS, inputs.shape[1]), np.float32)
    y = np.zeros((BATCH, ROWS, targets.shape[1]), np.float32)
    counts = np.zeros((BATCH, ROWS, 1), np.float32)
    for item in range(BATCH):
        begin, end = spans[rng.integers(len(spans))]
        first = int(rng.integers(begin, max(end - ROWS, begin) + 1))
        last = min(first + ROWS, end)
        x[item, : last - first] = inputs[first:last]
        y[item, DELAY : last - first] = targets[first : last - DELAY]
        counts[item, DELAY if first == begin else WARM : last - first] = 1
        # A band that is missing, and an equaliser.
        band, width = rng.integers(x.shape[2]), rng.integers(0, 7)
        x[item, :, band : band + width] = rng.uniform(-1, 0.3)
        x[item] += np.interp(np.arange(x.shape[2]), np.linspace(0, x.shape[2], 5), rng.normal(0, 0.15, 5))
        x[item] += rng.normal(0, 0.1, x[item].shape)
    made = [torch.from_numpy(each).transpose(1, 2) for each in (x, y, counts)]
    return made[0], made[1], made[2]


def train(data: tuple[Numbers, Numbers, Numbers], seed: int, steps: int, held: int) -> tuple[ArticulationNetwork, dict[str, float]]:
    """Train on all but the last `held` examples, on which the scores are measured."""
    inputs, targets, bounds = data
    spans = [(int(a), int(b)) for a, b in pairwise(bounds) if b - a > 2 * WARM]
    torch.manual_seed(seed)
    network = ArticulationNetwork(inputs.shape[1], targets.shape[1])
    print(f"{sum(p.numel() for p in network.parameters()):,} parameters, {bounds[-1] / 360_000:.2f} h of sound", flush=True)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    weights = torch.tensor([WEIGHTS.get(name, 1.0) for name in TARGETS])[None, :, None]
    rng = random_for(seed, "articulation batches")
    began, mean = time.time(), 0.0
    for step in range(steps):
        x, y, counts = batch(rng, inputs, targets, spans[:-held])
        made = network(x)
        error = (made - y) ** 2
        # How the mouth moves matters as much as where it is.
        moves = (torch.diff(made, dim=2, n=1) - torch.diff(y, dim=2, n=1)) ** 2
        loss = ((error + torch.nn.functional.pad(moves * 6, (1, 0))) * weights * counts).sum() / (counts.sum() * len(TARGETS))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        mean = loss.item() if step == 0 else 0.98 * mean + 0.02 * loss.item()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {mean:.5f} after {time.time() - began:.0f} s", flush=True)
    network.eval()
    return network, scores(network, inputs, targets, spans[-held:])


def scores(
    network: ArticulationNetwork,
    inputs: Numbers,
    targets: Numbers,
    spans: list[tuple[int, int]],
) -> dict[str, float]:
    """Correlate prediction and truth on examples that were held out."""
    made, true = [], []
    with torch.no_grad():
        for first, stop in spans:
            last = stop - (stop - first) % PAIR
            x = torch.from_numpy(np.pad(inputs[first:last].astype(np.float32), ((0, DELAY), (0, 0)))).T[None]
            made.append(network(x)[0, :, DELAY:].T.numpy())
            true.append(targets[first:last].astype(np.float32))
    a, b = np.concatenate(made), np.concatenate(true)
    return {name: round(float(np.corrcoef(a[:, i], b[:, i])[0, 1]), 3) for i, name in enumerate(TARGETS)}


def main() -> None:
    """Make the data, train, and write the network and its card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=2600)
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--data", type=Path, help="a file to keep the made-up data in, or to take them from if it is there")
    parser.add_argument("--out", type=Path, default=ASSETS / "articulation.onnx")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    if asked.data is not None and asked.data.exists():
        with np.load(asked.data) as file:
            data = file["inputs"], file["targets"], file["bounds"]
    else:
        data = make_data(asked.seed, asked.examples)
        if asked.data is not None:
            np.savez(asked.data, inputs=data[0], targets=data[1], bounds=data[2])
    network, found = train(data, asked.seed, asked.steps, held=max(asked.examples // 20, 10))
    print("correlation on unseen made-up speech:", found)
    write_onnx(network, asked.out)
    card = {
        "name": "articulation",
        "file": asked.out.name,
        "sha256": hashlib.sha256(asked.out.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "commercial": True,
        "source": "ships with the package",
        "made_by": f"python tools/train_articulation.py --examples {asked.examples} --steps {asked.steps} --seed {asked.seed}",
        "data": "made-up speech of espeak-ng in 26 languages with made-up rooms, noise and music; no recording of anybody",
        "scores": "r on unseen made-up speech: " + ", ".join(f"{name} {value}" for name, value in found.items()),
    }
    asked.out.with_suffix(".json").write_text(json.dumps(card, indent=2) + "\n")


if __name__ == "__main__":
    main()
