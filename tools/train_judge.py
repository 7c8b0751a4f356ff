"""Solve for the emotion judge on films of made-up people, and write thespis/assets/emotion_judge.safetensors with its card.

python tools/train_judge.py --films FOLDER            films as tools/make_bench_films.py writes them; some minutes on one core
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from bench_assets import read_films, write_card
from safetensors.numpy import save_file

from thespis.capture.unwrap import HIGH, WIDE
from thespis.evaluate.judge import Weights, descriptor
from thespis.types import EMOTION, Array, Bytes, random_for
from thespis.weights import ASSETS

EVERY = 6  # frames of a long film between two that are learned from
FAINT = 0.35  # of all emotions together, from which a face is no longer neutral at all
RIDGE = 1.0
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


def solved(described: Array, felt: Array) -> Weights:
    """Solve for shares and amounts by a ridge regression in which every emotion weighs as much."""
    middle, spread = described.mean(axis=0), described.std(axis=0) + np.float32(1e-3)
    shares = shares_of(felt)
    weight = 1 / shares.mean(axis=0)[shares.argmax(axis=1)]
    weight = np.sqrt(weight / weight.mean())[:, None]
    even = np.concatenate([(described - middle) / spread, np.ones((len(described), 1), np.float32)], axis=1)
    square = (even * weight).T @ (even * weight) / len(even)
    square[np.arange(len(square) - 1), np.arange(len(square) - 1)] += RIDGE
    aims = np.concatenate([shares, felt], axis=1)
    answer = np.linalg.solve(square, (even * weight**2).T @ aims / len(even))
    return Weights(middle, spread, answer.astype(np.float32))


def score(learned: Weights, described: Array, felt: Array) -> str:
    """Say how often single frames are judged right where something is clearly felt or nothing is, and how amounts follow."""
    answers = (described - learned.middle) / learned.spread @ learned.answer[:-1] + learned.answer[-1]
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
    """Solve, score, and write the weights and their card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, required=True, help="the folder of films")
    parser.add_argument("--variants", type=int, default=2, help="how many other cameras see each frame")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=ASSETS / "emotion_judge.safetensors")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    described, felt = examples(asked.films, "train", asked.variants, asked.seed)
    print(f"{len(felt)} descriptions of frames to learn from", flush=True)
    others, felt_by_others = examples(asked.films, "validation", 0, asked.seed)
    scores = score(solved(described, felt), others, felt_by_others)
    print(scores)
    # Once it is known how well unseen faces are judged, these are learned from as well; who is judged on the bench is in the test split.
    learned = solved(np.concatenate([described, others]), np.concatenate([felt, felt_by_others]))
    save_file({name: values.astype(np.float16) for name, values in vars(learned).items()}, asked.out)
    write_card(
        asked.out,
        made_by="python tools/make_bench_films.py -o FILMS, then python tools/train_judge.py --films FILMS",
        data="films of made-up people of the stage, and of people bent from two photographs in the public domain (Eileen Collins by NASA, "
        "Grace Hopper by the US Navy), drawn by our own renderers",
        scores=f"{scores}; docs/evaluation.md",
    )


if __name__ == "__main__":
    main()
