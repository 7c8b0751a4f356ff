"""Train the networks of capture on faces that our own renderer draws, and write thespis/assets/capture.safetensors with its card.

python tools/train_capture.py            about 10 minutes on two CPU cores; the same seed gives the same faces
"""

import argparse
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from capture_data import alone, any_camera, draw_and_measure, free_faces, posed, somebody_else, together
from safetensors.numpy import save_file

from thespis.capture.evidence import LOOKED_AT
from thespis.errors import FaceError
from thespis.head.shapes import SHAPES, load_shapes
from thespis.motion.spaces.face import FACE
from thespis.types import Array, Portrait, random_for
from thespis.weights import ASSETS

ROWS_A_FACE, TURN = 40, 8.0  # rows drawn on each face, and the spread of its head's turns in degrees
SIZES = (256, 384, 512)
HIDDEN = {"points": 64, "both": 96}
NOISE, DROP, DECAY, BATCH, PEAK = 0.15, 0.1, 0.02, 128, 4e-3
MAIN = ("jaw", "mouthSmile", "brow", "eyeBlink", "mouthPucker")  # what people look at first counts twice
JUDGED = torch.tensor([0.0 if name.startswith("eyeLook") else 2.0 if name.startswith(MAIN) else 1.0 for name in SHAPES])
KEPT = (JUDGED > 0).numpy().astype(np.float32)  # gaze is read from the irises, so its shapes are never found


@dataclass(frozen=True, eq=False)
class Drawn:
    """One made-up person: `inputs` (n, size) that were seen, `weights` (n, 51) as drawn, and `fields` (51, 468, 3) of its shapes."""

    inputs: Array
    weights: Array
    fields: Array


def make_faces(seed: int, faces: int) -> list[Drawn]:
    """Draw and measure made-up people."""
    random = random_for(seed, "capture faces")
    pictures, began, made = free_faces(), time.time(), []
    for number in range(faces):
        image = somebody_else(pictures[number % len(pictures)], random)
        draw = alone if number % 5 == 4 else together
        rows = [posed(draw(random) if k % 10 else np.zeros(FACE.size, np.float32), random, TURN) for k in range(ROWS_A_FACE)]
        try:
            seen = draw_and_measure(Portrait((image,)), rows, random, int(random.choice(SIZES)), any_camera(random))
        except FaceError:
            continue  # a face bent so far that it is none
        made.append(Drawn(seen.inputs, seen.weights, seen.fields))
        if number % 20 == 19:
            print(f"{number + 1} faces after {time.time() - began:.0f} s", flush=True)
    return made


def drawn_faces(seed: int, faces: int, kept: Path | None) -> list[Drawn]:
    """Make faces, or take those that were kept in an .npz, where they are kept if they are not there yet."""
    if kept is not None and kept.exists():
        with np.load(kept) as held:
            inputs, weights, fields, edges = (held[name] for name in ("inputs", "weights", "fields", "edges"))
        return [Drawn(inputs[a:b], weights[a:b], field) for a, b, field in zip(edges[:-1], edges[1:], fields, strict=True)][:faces]
    made = make_faces(seed, faces)
    if kept is not None:
        edges = np.cumsum([0, *(len(each.inputs) for each in made)])
        inputs, weights = (np.concatenate([getattr(each, name) for each in made]) for name in ("inputs", "weights"))
        np.savez(kept, inputs=inputs, weights=weights, fields=np.stack([each.fields for each in made]), edges=edges)
    return made


def mirrored(inputs: Array, weights: Array) -> tuple[Array, Array]:
    """Swap left and right of inputs (n, size) and weights (n, 51)."""
    place = {point: number for number, point in enumerate(LOOKED_AT)}
    mirror = load_shapes().mirror
    kept = np.array([place.get(int(mirror[point]), -1) for point in LOOKED_AT])
    if (kept < 0).any():
        raise ValueError(f"no mirror image is looked at for the points {[LOOKED_AT[k] for k in np.flatnonzero(kept < 0)]}")
    parts = inputs.reshape(len(inputs), -1, len(LOOKED_AT), 2)[:, :, kept] * np.array([-1, 1], np.float32)
    swap = {"Left": "Right", "Right": "Left"}
    other = [next((name.removesuffix(side) + swap[side] for side in swap if name.endswith(side)), name) for name in SHAPES]
    return parts.reshape(inputs.shape), weights[:, [SHAPES.index(name) for name in other]]


class Learner(torch.nn.Module):
    """The network while it learns: a straight line and three layers."""

    def __init__(self, size: int, hidden: int) -> None:
        """Begin at random."""
        super().__init__()
        self.skip, self.first = torch.nn.Linear(size, len(SHAPES)), torch.nn.Linear(size, hidden)
        self.second, self.third = torch.nn.Linear(hidden, hidden), torch.nn.Linear(hidden, len(SHAPES))
        self.drop = torch.nn.Dropout(DROP)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Find weights (n, 51)."""
        hidden = torch.nn.functional.silu(self.second(self.drop(torch.nn.functional.silu(self.first(inputs)))))
        found: torch.Tensor = self.skip(inputs) + self.third(hidden)
        return found


def learn(inputs: Array, weights: Array, hidden: int, rounds: int, seed: int) -> dict[str, Array]:
    """Train one network -> its layers, each with its offsets as the last column."""
    torch.manual_seed(seed)
    spread = inputs.std(axis=0) + 0.05
    x, y = torch.tensor(inputs / spread), torch.tensor(weights)
    network = Learner(x.shape[1], hidden)
    optimizer = torch.optim.AdamW(network.parameters(), PEAK, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK, total_steps=rounds * -(-len(x) // BATCH))
    for _ in range(rounds):
        for chosen in torch.randperm(len(x)).split(BATCH):
            batch = x[chosen]
            batch = (batch + NOISE * torch.randn_like(batch)) * (1 + 0.1 * torch.randn(len(batch), 1))
            loss = (((network(batch) - y[chosen]) ** 2) * JUDGED).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    layers: dict[str, Array] = {}
    for name, layer in network.named_children():
        if not isinstance(layer, torch.nn.Linear):
            continue
        matrix = layer.weight.detach().numpy()
        if matrix.shape[1] == len(spread):
            matrix = matrix / spread
        if name in ("skip", "third"):
            matrix = matrix * KEPT[:, None]
        offsets = layer.bias.detach().numpy() * (KEPT if name in ("skip", "third") else 1.0)
        layers[name] = np.concatenate([matrix, offsets[:, None]], axis=1).astype(np.float16)
    return layers


def main() -> None:
    """Make the faces, train both networks, write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep what was drawn in this .npz, or use it where it is there")
    parser.add_argument("-o", "--output", type=Path, default=ASSETS)
    options = parser.parse_args()
    made = drawn_faces(options.seed, options.faces, options.keep)
    inputs, weights = np.concatenate([each.inputs for each in made]), np.concatenate([each.weights for each in made])
    both_sides = [np.concatenate(pair) for pair in zip((inputs, weights), mirrored(inputs, weights), strict=True)]
    tensors: dict[str, Any] = {}
    for kind, hidden in HIDDEN.items():
        used = both_sides[0] if kind == "both" else both_sides[0][:, : inputs.shape[1] // 2]
        layers = learn(np.ascontiguousarray(used), both_sides[1], hidden, options.rounds, options.seed)
        tensors |= {f"{kind}.{name}": np.ascontiguousarray(layer) for name, layer in layers.items()}
    file = options.output / "capture.safetensors"
    save_file(tensors, file)
    card = {
        "name": "capture",
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "commercial": True,
        "source": "ships with the package",
        "made_by": f"python tools/train_capture.py --faces {options.faces} --rounds {options.rounds} --seed {options.seed}",
        "data": (
            f"{len(inputs)} pictures of made-up people, bent and relit from two photographs in the public domain "
            "(Eileen Collins by NASA, Grace Hopper by the US Navy), drawn with known weights by our own renderer"
        ),
        "scores": "docs/capture.md",
    }
    (options.output / "capture.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {file.stat().st_size / 1000:.0f} kB from {len(inputs)} pictures")


if __name__ == "__main__":
    main()
