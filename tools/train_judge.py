"""Train the emotion judge on films of made-up people, and write thespis/assets/emotion_judge.safetensors with its card.

python tools/train_judge.py --films FILMS -o FOLDER      films as tools/make_bench_films.py writes them; some minutes on one core
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from bench_assets import read_films, write_card
from safetensors.numpy import load_file, save_file
from torch import Tensor, nn

from thespis.capture.unwrap import HIGH, WIDE
from thespis.evaluate.judge import Weights, descriptor
from thespis.train.batches import Examples
from thespis.train.loop import train
from thespis.train.settings import Settings
from thespis.types import EMOTION, Array, Bytes, random_for
from thespis.weights import ASSETS

EVERY = 6  # frames of a long film between two that are learned from
FAINT = 0.35  # of all emotions together, from which a face is no longer neutral at all
HIDDEN, BATCH, STEPS = 192, 128, 2500
UNSEEN = 0.4  # of a descriptor is left out at each look, and of the hidden layer
CALM = 1.6  # times as much as any other emotion neutral weighs: faces at rest look like many feelings
NEUTRAL = EMOTION.column("neutral")


def shares_of(felt: Array) -> Array:
    """Turn how much is felt of each emotion (n, emotions) into shares: faint feelings are partly neutral."""
    others = felt.copy()
    others[:, NEUTRAL] = 0
    shares = others / np.maximum(others.sum(axis=1, keepdims=True), FAINT)
    shares[:, NEUTRAL] = 1 - shares.sum(axis=1)
    return np.asarray(shares, np.float32)


def other_camera(view: Bytes, random: np.random.Generator) -> Bytes:
    """Film a view (HIGH, WIDE) by another camera: mirrored or not, moved, in another light, blurred, noisy."""
    grow, turn = np.exp(random.normal(0, 0.025)), random.normal(0, 0.025)
    matrix = np.array([[grow, turn, 0], [-turn, grow, 0]])
    middle = np.array([WIDE / 2, HIGH / 2])
    matrix[:, 2] = middle - matrix[:, :2] @ middle + random.normal(0, 1.2, 2)
    moved = cv2.warpAffine(view, matrix, (WIDE, HIGH), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = np.asarray(moved, np.float32)
    if random.random() < 0.5:
        seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), random.uniform(0.4, 1.8)), np.float32)
    lit = 255 * np.clip(seen / 255, 0, 1) ** random.uniform(0.7, 1.5) + random.normal(0, random.uniform(0, 5), seen.shape)
    if random.random() < 0.5:
        lit = lit[:, ::-1]
    return np.clip(lit, 0, 255).astype(np.uint8)


def examples(films: Path, split: str, variants: int, seed: int) -> tuple[Array, Array]:
    """Describe frames of the films of a split, as they are and by other cameras -> descriptors (n, size), what is felt (n, emotions)."""
    described, felt = [], []
    for number, film in enumerate(read_films(films, split)):
        random = random_for(seed, f"cameras of film {number} of {split}")
        step = EVERY if film["views"].shape[1] > 2 * EVERY else 1
        every = np.s_[:, step // 2 :: step]
        good = film["found"][every].astype(bool)
        for view, feeling in zip(film["views"][every][good], film["felt"][every][good], strict=True):
            described.append(descriptor(view))
            described += [descriptor(other_camera(view, random)) for _ in range(variants)]
            felt += [feeling] * (1 + variants)
    return np.stack(described), np.stack(felt)


def layer(given: int, made: int) -> nn.Parameter:
    """Draw the matrix of a layer (given + 1, made), its offsets in the last row."""
    return nn.Parameter(torch.cat([torch.randn(given, made) / given**0.5, torch.zeros(1, made)]))


class Judge(nn.Module):
    """What thespis.evaluate.judge runs, with its loss."""

    def __init__(self, size: int, weight: Array, seed: int) -> None:
        """Draw both layers from a seed; `weight` (emotions,) makes up for emotions that are rare."""
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.hidden = layer(size, HIDDEN)
            self.answer = layer(HIDDEN, 2 * EMOTION.size)
        self.register_buffer("weight", torch.from_numpy(weight))

    def forward(self, even: Tensor) -> Tensor:
        """Answer to evened descriptors (B, size) -> (B, 2 * emotions)."""
        dropped = nn.functional.dropout(even, UNSEEN, self.training)
        bent = (dropped @ self.hidden[:-1] + self.hidden[-1]).relu()
        return nn.functional.dropout(bent, UNSEEN, self.training) @ self.answer[:-1] + self.answer[-1]

    def loss(self, batch: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        """Compare answers with the shares and amounts of what is felt."""
        answers, shares = self(batch["even"].float()), batch["shares"]
        off = ((answers[:, : EMOTION.size] - shares) ** 2).sum(dim=1)
        share = (self.weight[shares.argmax(dim=1)] * off).mean()
        amount = ((answers[:, EMOTION.size :] - batch["felt"]) ** 2).sum(dim=1).mean()
        return share + 0.3 * amount, {"share": share, "amount": amount}


def learned(described: Array, felt: Array, held: tuple[Array, Array] | None, folder: Path, steps: int, seed: int) -> Weights:
    """Train a judge on descriptors (n, size) and what is felt (n, emotions), with the only loop."""
    middle, spread = described.mean(axis=0, dtype=np.float32), described.std(axis=0, dtype=np.float32) + np.float32(1e-3)

    def examples_of(rows: Array, feelings: Array) -> dict[str, np.ndarray[Any, Any]]:
        return {"even": ((rows - middle) / spread).astype(np.float16), "shares": shares_of(feelings), "felt": feelings.astype(np.float32)}

    common = shares_of(felt).mean(axis=0)
    settings = Settings(
        steps=steps, batch=BATCH, rate=1e-3, weight_decay=0.1, average=0.998, seed=seed, check_every=500, log_every=100
    )  # fmt: skip
    kept = None if held is None else examples_of(*held)
    weight = common.mean() / common
    weight[NEUTRAL] *= CALM
    network = Judge(described.shape[1], weight.astype(np.float32), seed)
    data = Examples(examples_of(described, felt), BATCH, seed)
    outcome = train(network, data, folder, settings, held=kept, on_cpu=True, tell=lambda line: print(line, flush=True))
    found = load_file(outcome.weights)
    return Weights(middle, spread, found["hidden"], found["answer"])


def score(learned: Weights, described: Array, felt: Array) -> str:
    """Say how often single frames are judged right where something is clearly felt or nothing is, and how amounts follow."""
    answers = learned.answers(described)
    shares = shares_of(felt)
    clear, total = shares.max(axis=1) > 0.75, felt[:, 1:].sum(axis=1)
    right = answers[:, : EMOTION.size].argmax(axis=1) == shares.argmax(axis=1)
    strong = total > 0.6
    amount = np.corrcoef(answers[:, EMOTION.size + 1 :].sum(axis=1), total)[0, 1]
    return (
        f"single frames of unseen faces, half of them photographs: {100 * right[clear].mean():.0f} % right, "
        f"{100 * right[strong].mean():.0f} % where strongly felt; r of the amount {amount:.2f}"
    )


def main() -> None:
    """Train, score, and write the weights and their card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="the folder of films")
    parser.add_argument("-o", "--output", type=Path, required=True, help="where the training is kept; the same command goes on there")
    parser.add_argument("--variants", type=int, default=1, help="how many other cameras see each frame")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / "emotion_judge.safetensors")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    described, felt = examples(asked.films, "train", asked.variants, asked.seed)
    print(f"{len(felt)} descriptions of frames to learn from", flush=True)
    others = examples(asked.films, "validation", 0, asked.seed)
    found = learned(described, felt, others, asked.output, asked.steps, asked.seed)
    halves = {name: values.astype(np.float16) for name, values in vars(found).items()}
    scores = score(Weights(**{name: values.astype(np.float32) for name, values in halves.items()}), *others)
    print(scores)
    save_file(halves, asked.out)
    write_card(
        asked.out,
        made_by="python tools/make_bench_films.py --recordings FOLDER -o FILMS, then python tools/train_judge.py --films FILMS -o FOLDER",
        data="films of made-up people of the stage, and of people bent from two photographs in the public domain (Eileen Collins by NASA, "
        "Grace Hopper by the US Navy), drawn by our own renderers",
        scores=f"{scores}; docs/evaluation.md",
    )


if __name__ == "__main__":
    main()
